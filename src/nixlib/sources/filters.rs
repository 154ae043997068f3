//! Folders with a filter.

use super::super::support::{call_native, has, list_parts, named_arguments, optional, required, shown};
use crate::eval::{Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{Value, View, sym};

pub(super) static FUNCTIONS: &[NativeDef] = &[
    NativeDef::with_strict("lib.sources.cleanSourceFilter", 2, 0b01, clean_source_filter),
    NativeDef::strict("lib.sources.cleanSource", 1, clean_source),
    NativeDef::strict("lib.sources.cleanSourceWith", 1, clean_source_with).taking(&[
        ("src", false),
        ("filter", true),
        ("name", true),
    ]),
    NativeDef::with_strict("lib.sources.sourceByRegex", 2, 0b01, source_by_regex),
    NativeDef::with_strict("lib.sources.sourceFilesBySuffices", 2, 0b01, source_files_by_suffices),
    NativeDef::with_strict("lib.sources.sourceByGlobs", 2, 0b01, source_by_globs),
    NativeDef::strict("lib.sources.trace", 1, trace),
    NativeDef::strict("lib.sources.canCleanSource", 1, can_clean_source),
    NativeDef::lazy("internal.sources.any", 2, |_, _| Ok(Value::TRUE)),
    NativeDef::lazy("internal.sources.both", 4, both),
    NativeDef::lazy("internal.sources.byRegex", 4, by_regex),
    NativeDef::lazy("internal.sources.bySuffix", 3, by_suffix),
    NativeDef::lazy("internal.sources.byGlob", 4, by_glob),
    NativeDef::lazy("internal.sources.traced", 4, traced),
];

const MARK: &str = "_isLibCleanSourceWith";

/// A folder with a filter and a name, as far as it has them.
struct Source {
    origin: Value,
    filter: Option<Value>,
    name: Option<Value>,
}

fn is_filtered(ev: &mut Evaluator, source: Value) -> Result<bool, Stop> {
    let mark = ev.heap.intern(MARK);
    has(ev, source, mark)
}

fn source_of(ev: &mut Evaluator, value: Value) -> Result<Source, Stop> {
    match value.view() {
        View::Attrs(set) if is_filtered(ev, value)? => {
            let (origin, filter) = (ev.heap.intern("origSrc"), ev.heap.intern("filter"));
            Ok(Source {
                origin: ev.attribute_or_stop(set, origin)?,
                filter: Some(ev.attribute_or_stop(set, filter)?),
                name: Some(ev.attribute_or_stop(set, sym::NAME)?),
            })
        }
        _ => Ok(Source { origin: value, filter: None, name: None }),
    }
}

/// The set that stands for a filtered folder.
fn value_of(ev: &mut Evaluator, source: &Source) -> Value {
    let filter = source.filter.unwrap_or_else(|| ev.native("internal.sources.any"));
    let name = source.name.unwrap_or_else(|| ev.str("source"));
    let copied = ev.set(&[("filter", filter), ("name", name), ("path", source.origin)]);
    let out_path = ev.delay_native("builtins.path", &[copied]);
    ev.set(&[
        (MARK, Value::TRUE),
        ("origSrc", source.origin),
        ("filter", filter),
        ("name", name),
        ("outPath", out_path),
    ])
}

/// The folder with one more filter, which is asked before those that it has.
fn filtered(ev: &mut Evaluator, value: Value, filter: Option<Value>, name: Option<Value>) -> Outcome {
    let source = source_of(ev, value)?;
    let filter = match (filter, source.filter) {
        (Some(new), Some(old)) => Some(ev.native_with("internal.sources.both", &[new, old])),
        (new, old) => new.or(old),
    };
    let source = Source { filter, name: name.or(source.name), ..source };
    Ok(value_of(ev, &source))
}

fn both(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [first, second, path, kind] = arguments else { return Ok(Value::NULL) };
    let passes = ev.call_bool(*first, &[*path, *kind])? && ev.call_bool(*second, &[*path, *kind])?;
    Ok(Value::bool(passes))
}

/// The last component of the path in a string, as `baseNameOf` gives it.
fn base_name(text: &str) -> &str {
    let text = text.strip_suffix('/').unwrap_or(text);
    text.rsplit('/').next().unwrap_or(text)
}

fn is_swap_file(name: &str) -> bool {
    let is_swap = |end: &str| match end.as_bytes() {
        [b's', b'w', letter] => letter.is_ascii_lowercase(),
        _ => false,
    };
    name.starts_with('.') && name.rsplit_once('.').is_some_and(|(_, end)| is_swap(end))
}

fn clean_source_filter(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [path, kind] = arguments else { return Ok(Value::NULL) };
    let path = shown(ev, *path)?;
    let name = base_name(&path);
    if name == ".git" {
        return Ok(Value::FALSE);
    }
    let kind = ev.want_text(*kind)?;
    let is_repository = kind == "directory" && matches!(name, ".svn" | "CVS" | ".hg" | ".jj" | ".pijul" | "_darcs");
    let is_left_over = name.ends_with('~') || is_swap_file(name) || name.ends_with(".o") || name.ends_with(".so");
    let is_result = kind == "symlink" && name.starts_with("result");
    Ok(Value::bool(!(is_repository || is_left_over || is_result || kind == "unknown")))
}

fn clean_source(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [source] = arguments else { return Ok(Value::NULL) };
    let filter = ev.native("lib.sources.cleanSourceFilter");
    filtered(ev, *source, Some(filter), None)
}

fn clean_source_with(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [given] = arguments else { return Ok(Value::NULL) };
    let name = "cleanSourceWith";
    let set = named_arguments(ev, name, *given, &["src", "filter", "name"])?;
    let source = required(ev, name, set, "src")?;
    let source = ev.want(source)?;
    let filter = optional(ev, set, "filter")?;
    let label = match optional(ev, set, "name")? {
        Some(label) => Some(ev.want(label)?).filter(|label| !matches!(label.view(), View::Null)),
        None => None,
    };
    filtered(ev, source, filter, label)
}

fn source_by_regex(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [source, patterns] = arguments else { return Ok(Value::NULL) };
    let origin = source_of(ev, *source)?.origin;
    let filter = ev.native_with("internal.sources.byRegex", &[origin, *patterns]);
    filtered(ev, *source, Some(filter), None)
}

/// A path relative to a folder, if it lies below it; else as it is.
fn relative_to(ev: &mut Evaluator, folder: Value, path: Value) -> Result<String, Stop> {
    let (folder, path) = (shown(ev, folder)?, shown(ev, path)?);
    let below = path.strip_prefix(&folder).and_then(|rest| rest.strip_prefix('/'));
    Ok(below.map_or(path.clone(), str::to_owned))
}

fn by_regex(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [folder, patterns, path, _] = arguments else { return Ok(Value::NULL) };
    let path = relative_to(ev, *folder, *path)?;
    let path = ev.str(&path);
    let (patterns, open) = list_parts(ev, *patterns)?;
    for pattern in patterns {
        let found = call_native(ev, "builtins.match", &[pattern, path])?;
        if !matches!(found.view(), View::Null) {
            return Ok(Value::TRUE);
        }
    }
    open.map_or(Ok(Value::FALSE), Err)
}

fn source_files_by_suffices(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [source, suffixes] = arguments else { return Ok(Value::NULL) };
    let filter = ev.native_with("internal.sources.bySuffix", &[*suffixes]);
    filtered(ev, *source, Some(filter), None)
}

fn by_suffix(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [suffixes, path, kind] = arguments else { return Ok(Value::NULL) };
    if ev.want_text(*kind)? == "directory" {
        return Ok(Value::TRUE);
    }
    let path = shown(ev, *path)?;
    let (suffixes, open) = list_parts(ev, *suffixes)?;
    for suffix in suffixes {
        if base_name(&path).ends_with(&ev.want_text(suffix)?) {
            return Ok(Value::TRUE);
        }
    }
    open.map_or(Ok(Value::FALSE), Err)
}

fn source_by_globs(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [source, patterns] = arguments else { return Ok(Value::NULL) };
    let filter = ev.native_with("internal.sources.byGlob", &[*source, *patterns]);
    filtered(ev, *source, Some(filter), None)
}

/// Whether a name fits a pattern in which `*` stands for any bytes.
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut here, mut star) = (0, 0, None);
    while here < name.len() {
        if pattern.get(at) == Some(&b'*') {
            star = Some((at, here));
            at += 1;
        } else if pattern.get(at) == name.get(here) {
            at += 1;
            here += 1;
        } else if let Some((star_at, from)) = star {
            star = Some((star_at, from + 1));
            at = star_at + 1;
            here = from + 1;
        } else {
            return false;
        }
    }
    pattern.get(at..).unwrap_or_default().iter().all(|byte| *byte == b'*')
}

/// Whether a path fits a pattern of components. A folder also fits if something below it could. `**` takes components as long as
/// the next component of the pattern does not fit.
fn fits_components(pattern: &[&str], path: &[&str], is_folder: bool) -> bool {
    let (mut pattern, mut path) = (pattern, path);
    loop {
        let Some((name, behind)) = path.split_first() else { return pattern.is_empty() || is_folder };
        let Some((first, rest)) = pattern.split_first() else { return false };
        if *first == "**" {
            match rest.first() {
                None => return true,
                Some(next) if *next == "**" || fits(next.as_bytes(), name.as_bytes()) => pattern = rest,
                Some(_) => path = behind,
            }
        } else if fits(first.as_bytes(), name.as_bytes()) {
            (pattern, path) = (rest, behind);
        } else {
            return false;
        }
    }
}

fn by_glob(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [source, patterns, path, kind] = arguments else { return Ok(Value::NULL) };
    let path = relative_to(ev, *source, *path)?;
    let path: Vec<&str> = path.split('/').collect();
    let kind = ev.want_text(*kind)?;
    let is_folder = kind == "directory" || kind == "symlink";
    let (patterns, open) = list_parts(ev, *patterns)?;
    for pattern in patterns {
        let pattern = ev.want_text(pattern)?;
        let pattern: Vec<&str> = pattern.split('/').collect();
        if fits_components(&pattern, &path, is_folder) {
            return Ok(Value::TRUE);
        }
    }
    open.map_or(Ok(Value::FALSE), Err)
}

fn trace(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [value] = arguments else { return Ok(Value::NULL) };
    let source = source_of(ev, *value)?;
    let filter = source.filter.unwrap_or_else(|| ev.native("internal.sources.any"));
    let name = source.name.unwrap_or_else(|| ev.str("source"));
    let traced = ev.native_with("internal.sources.traced", &[filter, name]);
    let watched = value_of(ev, &Source { filter: Some(traced), ..source });
    let name = ev.heap.intern("satisfiesSubpathInvariant");
    let invariant = match value.view() {
        View::Attrs(set) => ev.optional_attribute(set, name)?.unwrap_or(Value::FALSE),
        _ => Value::FALSE,
    };
    let more = ev.set(&[("satisfiesSubpathInvariant", invariant)]);
    ev.update(watched, more)
}

fn traced(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [filter, name, path, kind] = arguments else { return Ok(Value::NULL) };
    let passes = ev.call_bool(*filter, &[*path, *kind])?;
    let (name, path) = (ev.want_text(*name)?, shown(ev, *path)?);
    ev.tell(format!("{name}.filter {path} = {passes}"));
    Ok(Value::bool(passes))
}

fn can_clean_source(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [source] = arguments else { return Ok(Value::NULL) };
    if is_filtered(ev, *source)? {
        return Ok(Value::TRUE);
    }
    let id = ev.coerce(*source, crate::eval::Coercion::More)?;
    Ok(Value::bool(!ev.heap.has_context(id)))
}
