//! `lib.fileset`: sets of files below a folder.
//!
//! A file set is a set with a base folder and, when needed, the list of its files. So it knows at once where its files may lie, and
//! reads folders only when somebody asks for the files.

use std::path::Path;

use super::common::{deferred_native, field, field_or, is_text, throw, whole_elements};
use super::{Family, Member};
use crate::eval::{ErrorKind, Evaluator, LimitKind, NativeDef, Outcome, Stop, UnknownReason};
use crate::heap::{Value, View};
use crate::source::EntryKind;

pub(super) static FAMILY: Family =
    Family { name: "fileset", functions: &[FUNCTIONS], members: &[Member::Made("empty", empty)], top: &[] };

const FUNCTIONS: &[NativeDef] = &[
    NativeDef::strict("lib.fileset.maybeMissing", 1, maybe_missing),
    NativeDef::with_strict("lib.fileset.trace", 2, 0b01, trace),
    NativeDef::strict("lib.fileset.traceVal", 1, trace_value),
    NativeDef::strict("lib.fileset.toSource", 1, to_source).taking(&[("root", false), ("fileset", false)]),
    NativeDef::strict("lib.fileset.toList", 1, to_list),
    NativeDef::strict("lib.fileset.union", 2, union),
    NativeDef::strict("lib.fileset.unions", 1, unions),
    NativeDef::strict("lib.fileset.intersection", 2, intersection),
    NativeDef::strict("lib.fileset.difference", 2, difference),
    NativeDef::strict("lib.fileset.fileFilter", 2, file_filter),
    NativeDef::strict("lib.fileset.fromSource", 1, from_source),
    NativeDef::strict("lib.fileset.gitTracked", 1, git_tracked),
    NativeDef::strict("lib.fileset.gitTrackedWith", 2, git_tracked).taking(&[("recurseSubmodules", true)]),
    NativeDef::lazy("lib.fileset.isFileset", 1, is_fileset_value),
    NativeDef::lazy("internal.fileset.below", 1, files_below),
    NativeDef::lazy("internal.fileset.filtered", 2, files_by_name),
    NativeDef::lazy("internal.fileset.accepted", 2, files_by_source_filter),
    NativeDef::lazy("internal.fileset.combined", 3, combined),
    NativeDef::lazy("internal.fileset.keeps", 3, keeps),
    NativeDef::strict("internal.fileset.hasExt", 2, has_extension),
    NativeDef::lazy("internal.fileset.opaque", 1, opaque),
];

/// Deepest folder that is entered.
const DEEPEST: u32 = 200;

fn opaque(ev: &mut Evaluator, _: &[Value]) -> Outcome {
    Err(throw(ev, "lib.fileset: Directly evaluating a file set is not supported."))
}

/// A file set from its base folder and what gives its files. Without a base it is empty.
fn make(ev: &mut Evaluator, base: Option<&str>, files: Value) -> Outcome {
    let kind = ev.str("fileset");
    let guard = deferred_native(ev, "internal.fileset.opaque", &[Value::NULL]);
    let base_value = match base {
        Some(base) => ev.path_value(base),
        None => Value::NULL,
    };
    Ok(ev.set(&[
        ("_type", kind),
        ("_internalVersion", Value::int(3)),
        ("_internalIsEmptyWithoutBase", Value::bool(base.is_none())),
        ("_internalBase", base_value),
        ("_internalFiles", files),
        ("_noEval", guard),
    ]))
}

fn empty(ev: &mut Evaluator) -> Outcome {
    make(ev, None, Value::EMPTY_LIST)
}

fn parent(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some(("", _)) | None => "/",
        Some((folder, _)) => folder,
    }
}

/// Whether `path` is `folder` or lies below it.
fn is_below(path: &str, folder: &str) -> bool {
    folder == "/" || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn kind_of(ev: &mut Evaluator, path: &str) -> Result<EntryKind, Stop> {
    let path = Path::new(path);
    ev.sources.link_kind(path).map_err(|error| ev.read_stop(path, &error))
}

/// All files of a path that exists.
fn singleton(ev: &mut Evaluator, path: &str) -> Outcome {
    let base = if kind_of(ev, path)? == EntryKind::Directory { path } else { parent(path) };
    let base = base.to_owned();
    let value = ev.path_value(path);
    let files = ev.delay_native("internal.fileset.below", &[value]);
    make(ev, Some(&base), files)
}

/// A file set, or a path as the set of its files; what else it is, is an error that begins with `context`.
fn coerced(ev: &mut Evaluator, context: &str, value: Value) -> Outcome {
    let value = ev.want(value)?;
    if let View::Path(id) = value.view() {
        let path = ev.heap.text(id).into_owned();
        if !exists(ev, &path)? {
            let message = format!(
                "{context} ({path}) is a path that does not exist. To create a file set from a path that may not exist, use `lib.fileset.maybeMissing`."
            );
            return Err(throw(ev, message));
        }
        return singleton(ev, &path);
    }
    if let Some(kind) = field_or(ev, value, "_type")?
        && is_text(ev, kind, b"fileset")?
    {
        return Ok(value);
    }
    let found = ev.describe(value);
    Err(throw(ev, format!("{context} is {found}, but it should be a file set or a path instead.")))
}

/// Whether a path exists; one that may not be looked at is unknown.
fn exists(ev: &mut Evaluator, path: &str) -> Result<bool, Stop> {
    let path_exists = ev.native("builtins.pathExists");
    let value = ev.path_value(path);
    ev.call_bool(path_exists, &[value])
}

/// The base folder of a file set, if it has one.
fn base_of(ev: &mut Evaluator, fileset: Value) -> Result<Option<String>, Stop> {
    let base = field(ev, fileset, "_internalBase")?;
    Ok(match ev.want(base)?.view() {
        View::Path(id) => Some(ev.heap.text(id).into_owned()),
        _ => None,
    })
}

/// The files of a file set, in the order of their folders.
fn files_of(ev: &mut Evaluator, fileset: Value) -> Result<Vec<String>, Stop> {
    let files = field(ev, fileset, "_internalFiles")?;
    super::attrset_trees::texts(ev, files)
}

fn list_value(ev: &mut Evaluator, files: &[String]) -> Value {
    let values: Vec<Value> = files.iter().map(|file| ev.str(file)).collect();
    ev.list(&values)
}

/// Walks a folder, or visits the one file; `accept` is asked before a folder is entered too.
fn walk(
    ev: &mut Evaluator,
    path: &str,
    kind: EntryKind,
    depth: u32,
    accept: &mut dyn FnMut(&mut Evaluator, &str, EntryKind) -> Result<bool, Stop>,
    found: &mut Vec<String>,
) -> Result<(), Stop> {
    ev.tick()?;
    if depth > DEEPEST {
        return Err(ev.limit_error(LimitKind::Depth));
    }
    if kind != EntryKind::Directory {
        found.push(path.to_owned());
        return Ok(());
    }
    let folder = Path::new(path);
    let entries = ev.sources.read_dir(folder).map_err(|error| ev.read_stop(folder, &error))?;
    for (name, kind) in entries {
        let inner = if path == "/" { format!("/{name}") } else { format!("{path}/{name}") };
        if accept(ev, &inner, kind)? {
            walk(ev, &inner, kind, depth + 1, accept, found)?;
        }
    }
    Ok(())
}

fn path_text(ev: &mut Evaluator, path: Value) -> Result<String, Stop> {
    ev.want_path(path)
}

fn files_below(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [path] = arguments else { return Ok(Value::NULL) };
    let path = path_text(ev, *path)?;
    let kind = kind_of(ev, &path)?;
    let mut found = Vec::new();
    walk(ev, &path, kind, 0, &mut |_, _, _| Ok(true), &mut found)?;
    Ok(list_value(ev, &found))
}

/// What the predicate of `fileFilter` is told about a file.
fn is_wanted(ev: &mut Evaluator, predicate: Value, path: &str, kind: EntryKind) -> Result<bool, Stop> {
    let name = path.rsplit('/').next().unwrap_or_default();
    let (name, kind) = (ev.str(name), ev.str(kind.nix_name()));
    let has_ext = ev.native_with("internal.fileset.hasExt", &[name]);
    let file = ev.set(&[("name", name), ("type", kind), ("hasExt", has_ext), ("lib.fileset.fileFilter", Value::NULL)]);
    ev.call_bool(predicate, &[file])
}

fn has_extension(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [name, extension] = arguments else { return Ok(Value::NULL) };
    let (name, extension) = (ev.want_text(*name)?, ev.want_text(*extension)?);
    Ok(Value::bool(name.strip_suffix(&extension).is_some_and(|rest| rest.ends_with('.'))))
}

fn files_by_name(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [predicate, path] = arguments else { return Ok(Value::NULL) };
    let path = path_text(ev, *path)?;
    let kind = kind_of(ev, &path)?;
    let mut found = Vec::new();
    let mut accept = |ev: &mut Evaluator, path: &str, kind| {
        Ok(kind == EntryKind::Directory || is_wanted(ev, *predicate, path, kind)?)
    };
    if accept(ev, &path, kind)? {
        walk(ev, &path, kind, 0, &mut accept, &mut found)?;
    }
    Ok(list_value(ev, &found))
}

fn files_by_source_filter(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [filter, path] = arguments else { return Ok(Value::NULL) };
    let path = path_text(ev, *path)?;
    let kind = kind_of(ev, &path)?;
    let mut found = Vec::new();
    let mut accept = |ev: &mut Evaluator, path: &str, kind: EntryKind| {
        let (path, kind) = (ev.str(path), ev.str(kind.nix_name()));
        ev.call_bool(*filter, &[path, kind])
    };
    walk(ev, &path, kind, 0, &mut accept, &mut found)?;
    Ok(list_value(ev, &found))
}

fn maybe_missing(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [path] = arguments else { return Ok(Value::NULL) };
    let View::Path(id) = path.view() else {
        let found = ev.describe(*path);
        return Err(throw(
            ev,
            format!("lib.fileset.maybeMissing: Argument is {found}, but it should be a path instead."),
        ));
    };
    let path = ev.heap.text(id).into_owned();
    if exists(ev, &path)? { singleton(ev, &path) } else { empty(ev) }
}

fn note(ev: &mut Evaluator, fileset: Value) -> Result<(), Stop> {
    let text = match base_of(ev, fileset)? {
        Some(base) => {
            let count = files_of(ev, fileset)?.len();
            format!("trace: {base} ({count} files)")
        }
        None => "trace: (empty)".to_owned(),
    };
    ev.tell(text);
    Ok(())
}

fn trace(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [fileset, value] = arguments else { return Ok(Value::NULL) };
    let fileset = coerced(ev, "lib.fileset.trace: Argument", *fileset)?;
    note(ev, fileset)?;
    Ok(*value)
}

fn trace_value(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [fileset] = arguments else { return Ok(Value::NULL) };
    let fileset = coerced(ev, "lib.fileset.traceVal: Argument", *fileset)?;
    note(ev, fileset)?;
    Ok(fileset)
}

fn to_source(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [options] = arguments else { return Ok(Value::NULL) };
    let (root, fileset) = (field(ev, *options, "root")?, field(ev, *options, "fileset")?);
    let root = ev.want(root)?;
    let View::Path(id) = root.view() else {
        let found = ev.describe(root);
        return Err(throw(ev, format!("lib.fileset.toSource: `root` is {found}, but it should be a path instead.")));
    };
    let folder = ev.heap.text(id).into_owned();
    let fileset = coerced(ev, "lib.fileset.toSource: `fileset`", fileset)?;
    if !exists(ev, &folder)? {
        return Err(throw(ev, format!("lib.fileset.toSource: `root` ({folder}) is a path that does not exist.")));
    }
    if kind_of(ev, &folder)? != EntryKind::Directory {
        let message =
            format!("lib.fileset.toSource: `root` ({folder}) is a file, but it should be a directory instead.");
        return Err(throw(ev, message));
    }
    if let Some(base) = base_of(ev, fileset)?
        && !is_below(&base, &folder)
    {
        let message = format!(
            "lib.fileset.toSource: `fileset` could contain files in {base}, which is not under the `root` ({folder})."
        );
        return Err(throw(ev, message));
    }
    let filter = ev.native_with("internal.fileset.keeps", &[fileset]);
    let name = ev.str("source");
    let options = ev.set(&[("name", name), ("src", root), ("filter", filter)]);
    let clean = ev.native("lib.sources.cleanSourceWith");
    ev.call(clean, &[options])
}

/// The source filter of a file set: its files, and the folders that lead to them.
fn keeps(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [fileset, path, _] = arguments else { return Ok(Value::NULL) };
    let path = path_text(ev, *path)?;
    let files = files_of(ev, *fileset)?;
    Ok(Value::bool(files.iter().any(|file| is_below(file, &path))))
}

fn to_list(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [fileset] = arguments else { return Ok(Value::NULL) };
    let fileset = coerced(ev, "lib.fileset.toList: Argument", *fileset)?;
    let files = files_of(ev, fileset)?;
    let paths: Vec<Value> = files.iter().map(|file| ev.path_value(file)).collect();
    Ok(ev.list(&paths))
}

/// How two lists of files become one.
const UNION: i64 = 0;
const INTERSECTION: i64 = 1;
const DIFFERENCE: i64 = 2;

fn combined(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [how, first, second] = arguments else { return Ok(Value::NULL) };
    let how = ev.want_int(*how)?;
    let (mut first, second) = (files_of(ev, *first)?, files_of(ev, *second)?);
    if how == UNION {
        first.extend(second);
    } else {
        let other: rustc_hash::FxHashSet<String> = second.into_iter().collect();
        first.retain(|file| other.contains(file) == (how == INTERSECTION));
    }
    ev.tick_many(u64::try_from(first.len()).unwrap_or(u64::MAX))?;
    first.sort_by(|a, b| a.split('/').cmp(b.split('/')));
    first.dedup();
    Ok(list_value(ev, &first))
}

/// The longest folder that leads to both.
fn common_folder(first: &str, second: &str) -> String {
    let shared: Vec<&str> =
        first.split('/').zip(second.split('/')).take_while(|(a, b)| a == b).map(|(part, _)| part).collect();
    let joined = shared.join("/");
    if joined.is_empty() { "/".to_owned() } else { joined }
}

fn combine(ev: &mut Evaluator, how: i64, first: Value, second: Value) -> Outcome {
    let base = match (base_of(ev, first)?, base_of(ev, second)?) {
        (Some(a), Some(b)) if how == UNION => Some(common_folder(&a, &b)),
        (a, b) if how == UNION => a.or(b),
        (Some(a), Some(b)) if how == INTERSECTION => {
            if is_below(&a, &b) {
                Some(a)
            } else {
                is_below(&b, &a).then_some(b)
            }
        }
        (a, _) if how == DIFFERENCE => a,
        _ => None,
    };
    if base.is_none() {
        return empty(ev);
    }
    let files = ev.delay_native("internal.fileset.combined", &[Value::int(how), first, second]);
    make(ev, base.as_deref(), files)
}

fn of_two(ev: &mut Evaluator, how: i64, name: &str, arguments: &[Value]) -> Outcome {
    let [first, second] = arguments else { return Ok(Value::NULL) };
    let first = coerced(ev, &format!("lib.fileset.{name}: First argument"), *first)?;
    let second = coerced(ev, &format!("lib.fileset.{name}: Second argument"), *second)?;
    combine(ev, how, first, second)
}

fn union(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    of_two(ev, UNION, "union", arguments)
}

fn intersection(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    of_two(ev, INTERSECTION, "intersection", arguments)
}

fn difference(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    of_two(ev, DIFFERENCE, "difference", arguments)
}

fn unions(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [list] = arguments else { return Ok(Value::NULL) };
    let mut all = empty(ev)?;
    for (element, index) in whole_elements(ev, *list)?.into_iter().zip(0usize..) {
        let next = coerced(ev, &format!("lib.fileset.unions: Element {index}"), element)?;
        all = combine(ev, UNION, all, next)?;
    }
    Ok(all)
}

/// A path argument that must exist, with the folder that is the base of a file set made from it.
fn existing(ev: &mut Evaluator, context: &str, path: Value) -> Result<(String, String), Stop> {
    let path = ev.want(path)?;
    let View::Path(id) = path.view() else {
        let found = ev.describe(path);
        return Err(throw(ev, format!("{context} is {found}, but it should be a path instead.")));
    };
    let path = ev.heap.text(id).into_owned();
    if !exists(ev, &path)? {
        return Err(throw(ev, format!("{context} ({path}) is a path that does not exist.")));
    }
    let base = if kind_of(ev, &path)? == EntryKind::Directory { path.clone() } else { parent(&path).to_owned() };
    Ok((path, base))
}

fn file_filter(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [predicate, path] = arguments else { return Ok(Value::NULL) };
    if !super::common::is_function(ev, *predicate)? {
        let found = ev.describe(*predicate);
        let message =
            format!("lib.fileset.fileFilter: First argument is {found}, but it should be a function instead.");
        return Err(throw(ev, message));
    }
    let (_, base) = existing(ev, "lib.fileset.fileFilter: Second argument", *path)?;
    let files = ev.delay_native("internal.fileset.filtered", &[*predicate, *path]);
    make(ev, Some(&base), files)
}

fn from_source(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [source] = arguments else { return Ok(Value::NULL) };
    let context = "lib.fileset.fromSource: The source origin of the argument";
    if field_or(ev, *source, "_isLibCleanSourceWith")?.is_none() {
        let (path, _) = existing(ev, context, *source)?;
        return singleton(ev, &path);
    }
    let (origin, filter) = (field(ev, *source, "origSrc")?, field(ev, *source, "filter")?);
    let (_, base) = existing(ev, context, origin)?;
    let files = ev.delay_native("internal.fileset.accepted", &[filter, origin]);
    make(ev, Some(&base), files)
}

/// What Git tracks stands in its index, which is not read.
fn git_tracked(ev: &mut Evaluator, _: &[Value]) -> Outcome {
    Err(ev.unknown(UnknownReason::Impure("what Git tracks".to_owned())))
}

fn is_fileset_value(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [value] = arguments else { return Ok(Value::NULL) };
    let value = ev.want(*value)?;
    match coerced(ev, "", value) {
        Ok(_) => Ok(Value::TRUE),
        Err(Stop(stop)) => match stop.view() {
            View::Error(id) if ev.error_info(id).is_some_and(|info| info.kind == ErrorKind::Throw) => Ok(Value::FALSE),
            _ => Err(Stop(stop)),
        },
    }
}
