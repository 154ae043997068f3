//! Names of store paths from addresses and revisions.

use super::super::support::{call_native, list_parts, shown, throw};
use crate::eval::{Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{Value, View};

pub(super) static FUNCTIONS: &[NativeDef] = &[
    NativeDef::strict("lib.sources.urlToName", 1, url_to_name),
    NativeDef::strict("lib.sources.shortRev", 1, short_revision),
    NativeDef::strict("lib.sources.revOrTag", 2, revision_or_tag),
    NativeDef::strict("lib.sources.repoRevToName", 1, repository_to_name),
    NativeDef::lazy("internal.sources.plainName", 3, |ev, _| Ok(ev.str("source"))),
    NativeDef::with_strict("internal.sources.versionedName", 3, 0b011, |ev, arguments| {
        let [repository, revision, _] = arguments else { return Ok(Value::NULL) };
        full_name(ev, &[*repository, *revision, Value::NULL])
    }),
    NativeDef::strict("internal.sources.fullName", 3, full_name),
];

const ARCHIVES: [&str; 13] =
    ["git", "tar", "zip", "gz", "tgz", "bz", "tbz", "bz2", "tbz2", "lzma", "txz", "xz", "zstd"];

fn base_name(text: &str) -> &str {
    let text = text.strip_suffix('/').unwrap_or(text);
    text.rsplit('/').next().unwrap_or(text)
}

/// The last component of an address, without the endings of archives.
fn name_of_url(url: &str) -> &str {
    let mut name = base_name(url.rsplit(':').next().unwrap_or(url));
    while let Some((stem, end)) = name.rsplit_once('.') {
        if !ARCHIVES.contains(&end) {
            break;
        }
        name = stem;
    }
    name
}

fn url_to_name(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [url] = arguments else { return Ok(Value::NULL) };
    let url = shown(ev, *url)?;
    Ok(ev.str(name_of_url(&url)))
}

/// The first seven digits of a hash, the number of a version, or the revision itself.
fn short(ev: &mut Evaluator, revision: Value) -> Result<String, Stop> {
    let text = shown(ev, revision)?;
    let base = base_name(&text).to_owned();
    if !base.is_empty() && base.bytes().all(|byte| matches!(byte, b'a'..=b'f' | b'0'..=b'9')) {
        return Ok(base.chars().take(7).collect());
    }
    let (pattern, name) = (ev.str("([A-Za-z]+[-_. ]?)*(v)?([0-9.]+.*)"), ev.str(&base));
    let groups = call_native(ev, "builtins.match", &[pattern, name])?;
    if matches!(groups.view(), View::Null) {
        return Ok(base);
    }
    let (groups, _) = list_parts(ev, groups)?;
    groups.last().map_or(Ok(base), |group| ev.want_text(*group))
}

fn short_revision(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [revision] = arguments else { return Ok(Value::NULL) };
    let short = short(ev, *revision)?;
    Ok(ev.str(&short))
}

fn revision_or_tag(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [revision, tag] = arguments else { return Ok(Value::NULL) };
    Ok(match (revision.view(), tag.view()) {
        (View::Null, View::Null) => ev.str("HEAD"),
        (_, View::Null) => *revision,
        _ => *tag,
    })
}

fn full_name(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [repository, revision, suffix] = arguments else { return Ok(Value::NULL) };
    let url = shown(ev, *repository)?;
    let mut name = name_of_url(&url).to_owned();
    if !matches!(revision.view(), View::Null) {
        name.push('-');
        name.push_str(&short(ev, *revision)?);
    }
    if !matches!(suffix.view(), View::Null) {
        name.push('-');
        name.push_str(&ev.want_text(*suffix)?);
    }
    name.push_str("-source");
    Ok(ev.str(&name))
}

fn repository_to_name(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [kind] = arguments else { return Ok(Value::NULL) };
    let kind = match kind.view() {
        View::Str(id) => ev.heap.text(id).into_owned(),
        _ => String::new(),
    };
    let function = match kind.as_str() {
        "source" => "internal.sources.plainName",
        "versioned" => "internal.sources.versionedName",
        "full" => "internal.sources.fullName",
        _ => return Err(throw(ev, "repoRevToName: invalid kind")),
    };
    Ok(ev.native(function))
}
