//! Paths and files: names of paths, reading through the allowed roots, importing.

use std::path::Path;

use crate::eval::{Coercion, ErrorKind, Evaluator, NativeDef, Outcome, Stop, UnknownReason};
use crate::heap::{Symbol, Value, View, sym};
use crate::source::{Absence, ReadError};
use crate::syntax::ExprId;

pub(super) static FAMILY: &[NativeDef] = &[
    NativeDef::strict("builtins.import", 1, import),
    NativeDef::with_strict("builtins.scopedImport", 2, 0b10, scoped_import),
    NativeDef::strict("builtins.pathExists", 1, path_exists),
    NativeDef::strict("builtins.readFile", 1, read_file),
    NativeDef::strict("builtins.readDir", 1, read_dir),
    NativeDef::strict("builtins.readFileType", 1, read_file_type),
    NativeDef::with_strict("builtins.findFile", 2, 0b01, find_file),
    NativeDef::strict("builtins.toPath", 1, to_path),
    NativeDef::strict("builtins.baseNameOf", 1, base_name_of),
    NativeDef::strict("builtins.dirOf", 1, dir_of),
];

fn import(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [path] = args else { return Ok(Value::NULL) };
    let path = ev.want_path(*path)?;
    ev.import(Path::new(&path))
}

fn scoped_import(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [scope, path] = args else { return Ok(Value::NULL) };
    let (path, set) = (ev.want_path(*path)?, ev.want_whole_attrs(*scope)?);
    let scope: Vec<(Symbol, Value)> =
        ev.heap.entries(set).into_iter().map(|(name, slot, _)| (name, ev.heap.share(slot))).collect();
    ev.scoped_import(Path::new(&path), &scope)
}

fn path_exists(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [value] = args else { return Ok(Value::NULL) };
    // A string that ends in a slash asks for a folder; canonical paths have lost that slash.
    let asks_for_folder = match value.view() {
        View::Str(id) => ev.heap.bytes(id).ends_with(b"/") || ev.heap.bytes(id).ends_with(b"/."),
        _ => false,
    };
    let path = ev.want_path(*value)?;
    let path = Path::new(&path);
    let kind = if asks_for_folder { ev.sources.kind(path) } else { ev.sources.link_kind(path) };
    match kind {
        Ok(kind) => Ok(Value::bool(!asks_for_folder || kind == crate::source::EntryKind::Directory)),
        Err(error @ ReadError::Outside) => Err(ev.read_stop(path, &error)),
        // What git ignores is in no flake.
        Err(error) if ev.is_tolerant && matches!(ev.sources.absence(path), Some(Absence::Submodule(_))) => {
            Err(ev.read_stop(path, &error))
        }
        Err(_) => Ok(Value::FALSE),
    }
}

/// The bytes of the file that an argument names.
pub(super) fn file_bytes(ev: &mut Evaluator, value: Value) -> Result<Vec<u8>, Stop> {
    let path = ev.want_path(value)?;
    let path = Path::new(&path);
    ev.sources.read_bytes(path).map_err(|error| ev.read_stop(path, &error))
}

fn read_file(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [path] = args else { return Ok(Value::NULL) };
    let bytes = file_bytes(ev, *path)?;
    if bytes.contains(&0) {
        let message = "builtins.readFile: the file contains a zero byte, which a string cannot hold";
        return Err(ev.error(ErrorKind::File, message));
    }
    Ok(Value::string(ev.heap.new_string(&bytes)))
}

fn read_dir(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [path] = args else { return Ok(Value::NULL) };
    let path = ev.want_path(*path)?;
    let path = Path::new(&path);
    let entries = ev.sources.read_dir(path).map_err(|error| ev.read_stop(path, &error))?;
    ev.tick_many(u64::try_from(entries.len()).unwrap_or(0))?;
    let mut attributes = Vec::with_capacity(entries.len());
    for (name, kind) in entries {
        let kind = ev.str(kind.nix_name());
        attributes.push((ev.heap.intern(&name), kind, ExprId::NONE));
    }
    Ok(ev.heap.new_set(&attributes))
}

fn read_file_type(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [path] = args else { return Ok(Value::NULL) };
    let path = ev.want_path(*path)?;
    let path = Path::new(&path);
    let kind = ev.sources.link_kind(path).map_err(|error| ev.read_stop(path, &error))?;
    Ok(ev.str(kind.nix_name()))
}

/// `findFile`: the first entry `{ prefix, path }` below whose path the name exists.
fn find_file(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [entries, name] = args else { return Ok(Value::NULL) };
    let entries = ev.want_whole_list(*entries)?;
    let mut places = Vec::with_capacity(entries.count());
    for slot in entries.slots() {
        ev.tick()?;
        let entry = ev.want_attrs(Value::reference(slot))?;
        let prefix = match ev.attribute(entry, sym::PREFIX) {
            Some(prefix) => ev.want_plain_text(prefix)?,
            None => String::new(),
        };
        let path = ev.attribute_or_stop(entry, sym::PATH)?;
        let path = ev.coerce(path, Coercion::Path)?;
        places.push((prefix, ev.heap.text(path).into_owned()));
    }
    let name = ev.want_plain_text(*name)?;
    for (prefix, path) in places {
        let rest = if prefix.is_empty() {
            Some(name.as_str())
        } else {
            name.strip_prefix(&prefix).filter(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let Some(rest) = rest else { continue };
        let text = ev.str(&format!("{path}/{rest}"));
        let full = ev.want_path(text)?;
        match ev.sources.kind(Path::new(&full)) {
            Ok(_) => return Ok(ev.path_value(&full)),
            Err(ReadError::Outside) => return Err(ev.unknown(UnknownReason::Outside(full))),
            Err(_) => {}
        }
    }
    Err(ev.error(ErrorKind::Throw, format!("file '{name}' was not found in the Nix search path")))
}

fn to_path(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [path] = args else { return Ok(Value::NULL) };
    let (text, source) = ev.want_plain_path(*path)?;
    let id = ev.heap.new_string(text.as_bytes());
    ev.heap.join_contexts(id, &[source]);
    Ok(Value::string(id))
}

fn base_name_of(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [path] = args else { return Ok(Value::NULL) };
    let id = ev.coerce(*path, Coercion::Path)?;
    let bytes = ev.heap.bytes(id);
    // One slash at the end does not count.
    let end = if bytes.len() > 1 && bytes.ends_with(b"/") { bytes.len() - 1 } else { bytes.len() };
    let known = bytes.get(..end).unwrap_or_default();
    let start = known.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
    Ok(Value::string(ev.heap.substring(id, start, end.saturating_sub(start))))
}

fn dir_of(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [path] = args else { return Ok(Value::NULL) };
    if let View::Path(id) = path.view() {
        let text = ev.heap.text(id).into_owned();
        let parent = Path::new(&text).parent().map_or("/", |parent| parent.to_str().unwrap_or("/"));
        return Ok(ev.path_value(parent));
    }
    let id = ev.coerce(*path, Coercion::Strict)?;
    match ev.heap.bytes(id).iter().rposition(|byte| *byte == b'/') {
        None => {
            let folder = ev.heap.new_string(b".");
            ev.heap.join_contexts(folder, &[id]);
            Ok(Value::string(folder))
        }
        Some(0) => Ok(Value::string(ev.heap.substring(id, 0, 1))),
        Some(slash) => Ok(Value::string(ev.heap.substring(id, 0, slash))),
    }
}

#[cfg(test)]
mod tests {
    use crate::builtins::testing::check;

    #[test]
    fn names_of_paths() {
        check(&[
            ("map baseNameOf [ \"/a/b\" \"a/\" \"/\" /a/b ]", "[ \"b\" \"a\" \"\" \"b\" ]"),
            ("map dirOf [ \"/a/b\" \"a\" \"/a\" ]", "[ \"/a\" \".\" \"/\" ]"),
            ("dirOf /a/b", "/a"),
            ("builtins.toPath \"/a/../b\"", "\"/b\""),
            ("builtins.scopedImport (throw \"scope\") (throw \"path\")", "error: path"),
            ("import \"relative\"", "error: string 'relative' doesn't represent an absolute path"),
        ]);
    }

    #[test]
    fn files() {
        let folder = tempfile::tempdir().unwrap();
        #[allow(clippy::disallowed_methods, reason = "tests prepare their own folders")]
        std::fs::write(folder.path().join("a.nix"), "1 + 1").unwrap();
        let path = folder.path().display().to_string();
        let (import, exists, list) = (
            format!("import {path}/a.nix"),
            format!("map builtins.pathExists [ {path}/a.nix {path}/b.nix ]"),
            format!("builtins.readDir {path}"),
        );
        check(&[(&import, "2"), (&exists, "[ true false ]"), (&list, "{ \"a.nix\" = \"regular\"; }")]);
    }
}
