//! `lib.filesystem`: files and folders at evaluation time.

use super::support::{call_native, coerced, list_of, named_arguments, optional, required, throw};
use super::{Family, Member};
use crate::eval::{Evaluator, LimitKind, NativeDef, Outcome, Stop};
use crate::heap::{Symbol, Value, View};
use crate::syntax::ExprId;

/// `lib.filesystem`
pub(super) static FAMILY: Family = Family {
    name: "filesystem",
    functions: &[FUNCTIONS],
    members: &[
        Member::Same("baseNameOf", "builtins.baseNameOf"),
        Member::Same("dirOf", "builtins.dirOf"),
        Member::Same("hashFile", "builtins.hashFile"),
        Member::Same("isPath", "builtins.isPath"),
        Member::Same("pathType", "builtins.readFileType"),
        Member::Same("readDir", "builtins.readDir"),
        Member::Same("readFileType", "builtins.readFileType"),
    ],
    top: &[
        "baseNameOf",
        "dirOf",
        "hashFile",
        "isPath",
        "packagesFromDirectoryRecursive",
        "pathIsDirectory",
        "pathIsRegularFile",
        "pathType",
        "readDir",
        "readFileType",
    ],
};

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::strict("lib.filesystem.pathIsDirectory", 1, |ev, given| is_kind(ev, given, "directory")),
    NativeDef::strict("lib.filesystem.pathIsRegularFile", 1, |ev, given| is_kind(ev, given, "regular")),
    NativeDef::strict("lib.filesystem.haskellPathsInDir", 1, haskell_paths_in_dir),
    NativeDef::strict("lib.filesystem.locateDominatingFile", 2, locate_dominating_file),
    NativeDef::strict("lib.filesystem.listFilesRecursive", 1, list_files_recursive),
    NativeDef::strict("lib.filesystem.packagesFromDirectoryRecursive", 1, packages).taking(&[
        ("callPackage", false),
        ("newScope", true),
        ("directory", false),
    ]),
    NativeDef::with_strict("internal.filesystem.packagesInScope", 2, 0b01, packages_in_scope),
    NativeDef::strict("lib.filesystem.resolveDefaultNix", 1, resolve_default_nix),
];

/// Deepest nesting of folders that is followed.
const DEEPEST: u32 = 100;

/// Whether a path exists and is of a kind.
pub(super) fn is_kind(ev: &mut Evaluator, arguments: &[Value], kind: &str) -> Outcome {
    let [path] = arguments else { return Ok(Value::NULL) };
    let exists = call_native(ev, "builtins.pathExists", &[*path])?;
    if !ev.want_bool(exists)? {
        return Ok(Value::FALSE);
    }
    let found = call_native(ev, "builtins.readFileType", &[*path])?;
    Ok(Value::bool(ev.want_text(found)? == kind))
}

/// A path or string with one more component.
fn below(ev: &mut Evaluator, folder: Value, name: &str) -> Outcome {
    let text = match folder.view() {
        View::Path(id) => {
            let text = format!("{}/{name}", ev.heap.text(id).trim_end_matches('/'));
            return Ok(ev.path_value(&text));
        }
        _ => coerced(ev, folder)?,
    };
    let text = format!("{}/{name}", ev.heap.text(text));
    Ok(ev.str(&text))
}

/// The entries of a folder in the order of their names: name and kind.
fn entries(ev: &mut Evaluator, folder: Value) -> Result<Vec<(String, String)>, Stop> {
    let listing = call_native(ev, "builtins.readDir", &[folder])?;
    let set = ev.want_whole_attrs(listing)?;
    let mut entries = Vec::with_capacity(ev.heap.set_len(set));
    for (name, slot, _) in ev.heap.entries(set) {
        let kind = ev.heap.share(slot);
        let kind = ev.want_text(kind)?;
        entries.push((ev.heap.name(name).to_owned(), kind));
    }
    Ok(entries)
}

fn exists(ev: &mut Evaluator, path: Value) -> Result<bool, Stop> {
    let found = call_native(ev, "builtins.pathExists", &[path])?;
    ev.want_bool(found)
}

fn haskell_paths_in_dir(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [root] = arguments else { return Ok(Value::NULL) };
    let mut found: Vec<(Symbol, Value, ExprId)> = Vec::new();
    for (name, _) in entries(ev, *root)? {
        let path = below(ev, *root, &name)?;
        let cabal = below(ev, path, &format!("{name}.cabal"))?;
        if exists(ev, cabal)? {
            found.push((ev.heap.intern(&name), path, ExprId::NONE));
        }
    }
    Ok(ev.heap.new_set(&found))
}

fn shown(ev: &mut Evaluator, path: Value) -> Result<String, Stop> {
    super::support::shown(ev, path)
}

fn locate_dominating_file(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [pattern, file] = arguments else { return Ok(Value::NULL) };
    let parent = call_native(ev, "builtins.dirOf", &[*file])?;
    let text = shown(ev, *file)?;
    let base = text.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
    let is_folder = text == "/" || entries(ev, parent)?.iter().any(|(name, kind)| *name == base && kind == "directory");
    let mut path = if is_folder { *file } else { parent };
    loop {
        ev.tick()?;
        let mut matches = Vec::new();
        for (name, _) in entries(ev, path)? {
            let name = ev.str(&name);
            let found = call_native(ev, "builtins.match", &[*pattern, name])?;
            if !matches!(found.view(), View::Null) {
                matches.push(found);
            }
        }
        if !matches.is_empty() {
            let matches = ev.list(&matches);
            return Ok(ev.set(&[("path", path), ("matches", matches)]));
        }
        if shown(ev, path)? == "/" {
            return Ok(Value::NULL);
        }
        path = call_native(ev, "builtins.dirOf", &[path])?;
    }
}

fn push_files(ev: &mut Evaluator, folder: Value, depth: u32, files: &mut Vec<Value>) -> Result<(), Stop> {
    if depth > DEEPEST {
        return Err(ev.limit_error(LimitKind::Depth));
    }
    for (name, kind) in entries(ev, folder)? {
        ev.tick()?;
        let path = below(ev, folder, &name)?;
        if kind == "directory" { push_files(ev, path, depth + 1, files)? } else { files.push(path) }
    }
    Ok(())
}

fn list_files_recursive(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [folder] = arguments else { return Ok(Value::NULL) };
    let mut files = Vec::new();
    push_files(ev, *folder, 0, &mut files)?;
    list_of(ev, &files)
}

const PACKAGES: &str = "packagesFromDirectoryRecursive";

fn packages(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [given] = arguments else { return Ok(Value::NULL) };
    let set = named_arguments(ev, PACKAGES, *given, &["callPackage", "newScope", "directory"])?;
    let folder = required(ev, PACKAGES, set, "directory")?;
    let folder = ev.want(folder)?;
    let call_package = required(ev, PACKAGES, set, "callPackage")?;
    let package = below(ev, folder, "package.nix")?;
    if exists(ev, package)? {
        return ev.call(call_package, &[package, Value::EMPTY_SET]);
    }
    match optional(ev, set, "newScope")? {
        Some(new_scope) => {
            let content = ev.native_with("internal.filesystem.packagesInScope", &[folder]);
            let scope = call_native(ev, "lib.customisation.makeScope", &[new_scope, content])?;
            call_native(ev, "lib.attrsets.recurseIntoAttrs", &[scope])
        }
        None => packages_below(ev, folder, call_package, None),
    }
}

/// The packages of a folder, called with what the scope `self` offers, which is itself made of these packages.
fn packages_in_scope(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [folder, scope] = arguments else { return Ok(Value::NULL) };
    let (call_package, new_scope) = (ev.str("callPackage"), ev.str("newScope"));
    let call_package = ev.delay_native("internal.select", &[*scope, call_package]);
    let new_scope = ev.delay_native("internal.select", &[*scope, new_scope]);
    packages_below(ev, *folder, call_package, Some(new_scope))
}

fn packages_below(ev: &mut Evaluator, folder: Value, call_package: Value, new_scope: Option<Value>) -> Outcome {
    let mut found: Vec<(Symbol, Value, ExprId)> = Vec::new();
    for (name, kind) in entries(ev, folder)? {
        ev.tick()?;
        let path = below(ev, folder, &name)?;
        match (kind.as_str(), name.strip_suffix(".nix")) {
            ("directory", _) => {
                let mut given = vec![("callPackage", call_package), ("directory", path)];
                given.extend(new_scope.map(|new_scope| ("newScope", new_scope)));
                let given = ev.set(&given);
                let inner = ev.delay_native("lib.filesystem.packagesFromDirectoryRecursive", &[given]);
                found.push((ev.heap.intern(&name), inner, ExprId::NONE));
            }
            ("regular", Some(stem)) => {
                let package = ev.heap.delay_call(call_package, &[path, Value::EMPTY_SET]);
                found.push((ev.heap.intern(stem), package, ExprId::NONE));
            }
            ("regular", None) => {}
            _ => {
                let path = shown(ev, path)?;
                let message = format!("lib.filesystem.{PACKAGES}: Unsupported file type {kind} at path {path}");
                return Err(throw(ev, message));
            }
        }
    }
    // Of a folder and a file with the same name the file counts, which comes later in the order of names.
    found.reverse();
    Ok(ev.heap.new_set(&found))
}

fn resolve_default_nix(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [path] = arguments else { return Ok(Value::NULL) };
    let is_folder = is_kind(ev, &[*path], "directory")?;
    if ev.want_bool(is_folder)? {
        return below(ev, *path, "default.nix");
    }
    match path.view() {
        View::Str(id) if ev.heap.bytes(id).ends_with(b"/") => {
            let text = format!("{}default.nix", ev.heap.text(id));
            Ok(ev.str(&text))
        }
        _ => Ok(*path),
    }
}
