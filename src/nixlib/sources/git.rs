//! The commit that a git repository has checked out.

use super::super::filesystem::is_kind;
use super::super::support::{call_native, shown, throw};
use crate::eval::{Evaluator, NativeDef, Outcome, Stop};
use crate::heap::Value;

pub(super) static FUNCTIONS: &[NativeDef] = &[
    NativeDef::strict("lib.sources.pathIsGitRepo", 1, path_is_git_repo),
    NativeDef::strict("lib.sources.commitIdFromGitRepo", 1, commit_id_from_git_repo),
];

/// References followed before a repository counts as broken.
const MOST_STEPS: u32 = 32;

fn is_file(ev: &mut Evaluator, path: &str) -> Result<bool, Stop> {
    let path = ev.str(path);
    let found = is_kind(ev, &[path], "regular")?;
    ev.want_bool(found)
}

/// The content of a file without a final line feed.
fn content(ev: &mut Evaluator, path: &str) -> Result<String, Stop> {
    let path = ev.str(path);
    let text = call_native(ev, "builtins.readFile", &[path])?;
    let text = ev.want_text(text)?;
    Ok(text.strip_suffix('\n').map_or(text.clone(), str::to_owned))
}

fn absolute(base: &str, path: &str) -> String {
    if path.starts_with('/') {
        path.to_owned()
    } else if base.starts_with('/') {
        format!("{base}/{path}")
    } else {
        format!("/{base}/{path}")
    }
}

fn parent(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some(("", _)) => "/",
        Some((parent, _)) => parent,
        None => ".",
    }
}

/// The commit, or why there is none. `path` is a `.git` folder or a file that points to one.
fn commit(ev: &mut Evaluator, path: &str) -> Result<Result<String, String>, Stop> {
    let (mut path, mut file) = (path.to_owned(), "HEAD".to_owned());
    for _ in 0..MOST_STEPS {
        ev.tick()?;
        let (reference, packed) = (format!("{path}/{file}"), format!("{path}/packed-refs"));
        if is_file(ev, &path)? {
            let text = content(ev, &path)?;
            let Some(target) = text.strip_prefix("gitdir: ") else {
                return Ok(Err(format!("File contains no gitdir reference: {path}")));
            };
            let folder = absolute(parent(&path), target);
            let common = format!("{folder}/commondir");
            let common = if is_file(ev, &common)? { content(ev, &common)? } else { folder.clone() };
            let common = absolute(&folder, common.strip_suffix('/').unwrap_or(&common));
            let whole = format!("{folder}/{file}");
            file = whole.strip_prefix(&format!("{common}/")).map_or(whole.clone(), str::to_owned);
            path = common;
        } else if is_file(ev, &reference)? {
            let text = content(ev, &reference)?;
            match text.strip_prefix("ref: ") {
                Some(target) => file = target.to_owned(),
                None => return Ok(Ok(text)),
            }
        } else if is_file(ev, &packed)? {
            let text = content(ev, &packed)?;
            let is_id =
                |id: &&str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase());
            let found = text.lines().find_map(|line| {
                line.split_once(' ').filter(|(_, name)| *name == file).map(|(id, _)| id).filter(is_id)
            });
            return Ok(found.map(str::to_owned).ok_or(format!("Could not find {file} in {packed}")));
        } else {
            return Ok(Err(format!("Not a .git directory: {path}")));
        }
    }
    Ok(Err(format!("{path}: too many references lead from one to the next")))
}

fn path_is_git_repo(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [path] = arguments else { return Ok(Value::NULL) };
    let path = shown(ev, *path)?;
    Ok(Value::bool(commit(ev, &path)?.is_ok()))
}

fn commit_id_from_git_repo(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [path] = arguments else { return Ok(Value::NULL) };
    let path = shown(ev, *path)?;
    match commit(ev, &path)? {
        Ok(id) => Ok(ev.str(&id)),
        Err(message) => Err(throw(ev, message)),
    }
}
