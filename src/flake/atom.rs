//! Atoms: folders whose files a loader imports with names bound around each (github:ekala-project/atom, `atom-nix/core/compose.nix`).
//!
//! `atom.toml` stands at the root of an atom. In a file of it `mod` is the folder around it: its other files, the folders below it that have a
//! `mod.nix`, and what its own `mod.nix` says. What else is bound is unknown.

use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;

use crate::eval::{Evaluator, UnknownReason};
use crate::heap::{Symbol, Value, View};

const TEXT: &str = include_str!("shims/atom.nix");

/// What this file remembers.
#[derive(Default)]
struct State {
    /// Whether folders are in an atom.
    folders: FxHashMap<PathBuf, bool>,
    /// What is bound around the files of folders.
    scopes: FxHashMap<PathBuf, Value>,
    /// The function that gives it for a folder.
    function: Option<Value>,
}

/// Whether a file is part of an atom.
pub fn is_of_atom(ev: &mut Evaluator, file: &Path) -> bool {
    let Some(folder) = file.parent() else { return false };
    if let Some(known) = ev.extension::<State>().folders.get(folder) {
        return *known;
    }
    let is_atom = ev.sources.kind(&folder.join("atom.toml")).is_ok() || is_of_atom(ev, folder);
    ev.extension::<State>().folders.insert(folder.to_path_buf(), is_atom);
    is_atom
}

/// What a loader binds around a file: nothing for files that no known loader imports.
pub fn loader_scope(ev: &mut Evaluator, file: &Path) -> Vec<(Symbol, Value)> {
    if !is_of_atom(ev, file) {
        return Vec::new();
    }
    let folder = file.parent().unwrap_or(file);
    let scope = match ev.extension::<State>().scopes.get(folder) {
        Some(scope) => *scope,
        None => {
            let scope = scope_of(ev, folder);
            ev.extension::<State>().scopes.insert(folder.to_path_buf(), scope);
            scope
        }
    };
    let View::Attrs(set) = scope.view() else { return Vec::new() };
    ev.heap.entries(set).into_iter().map(|(name, slot, _)| (name, ev.heap.share(slot))).collect()
}

fn scope_of(ev: &mut Evaluator, folder: &Path) -> Value {
    let known = ev.extension::<State>().function;
    let function = match known {
        Some(function) => Ok(function),
        None => make_function(ev),
    };
    let folder = ev.path_value(&folder.to_string_lossy());
    let scope = function.and_then(|function| ev.call(function, &[folder])).and_then(|scope| ev.want(scope));
    scope.unwrap_or_else(|stop| stop.0)
}

fn make_function(ev: &mut Evaluator) -> crate::eval::Outcome {
    let function = ev.eval_text("routelint/loaders/atom.nix", TEXT, Path::new("/"))?;
    let unknown = ev.unknown(UnknownReason::Impure("what an atom depends on".to_owned())).0;
    let lib = ev.global("lib").unwrap_or(Value::EMPTY_SET);
    let arguments = ev.set(&[("lib", lib), ("unknown", unknown)]);
    let function = ev.call(function, &[arguments])?;
    let function = ev.want(function)?;
    ev.extension::<State>().function = Some(function);
    Ok(function)
}
