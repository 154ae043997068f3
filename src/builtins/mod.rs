//! `builtins` and the global names.
//!
//! Purpose: every built-in function of Nix 2.26, as tables of natives, one file per family; and the set `builtins` made from them.
//!
//! Invariants:
//! - A function forces exactly what Nix forces, in the same order where that can be seen.
//! - What depends on the machine, the store, the clock or the network is unknown, with the reason; it is never guessed.
//! - Files are read through [`crate::source`] only.
//! - Work and output are limited: loops count steps, sizes are checked before anything is allocated.
//!
//! What it deliberately does not do: fetch, build, or write.

mod archive;
mod arithmetic;
mod attrsets;
mod context;
mod control;
mod copying;
mod derivation;
mod encoding;
mod flakerefs;
mod from_toml;
mod hashing;
mod impure;
mod json;
mod lists;
mod ordering;
mod paths;
mod regex;
mod store;
mod strings;
#[cfg(test)]
mod laws;
#[cfg(test)]
pub(crate) mod testing;
mod types;
mod versions;
mod xml;

pub use from_toml::toml_value;
pub use json::json_text;

use crate::eval::{Evaluator, NativeDef, UnknownReason};
use crate::heap::{Symbol, Value};
use crate::syntax::ExprId;

static FAMILIES: &[&[NativeDef]] = &[
    arithmetic::FAMILY,
    attrsets::FAMILY,
    context::FAMILY,
    control::FAMILY,
    copying::FAMILY,
    derivation::FAMILY,
    flakerefs::FAMILY,
    from_toml::FAMILY,
    hashing::FAMILY,
    impure::FAMILY,
    json::FAMILY,
    lists::FAMILY,
    ordering::FAMILY,
    paths::FAMILY,
    regex::FAMILY,
    store::FAMILY,
    strings::FAMILY,
    types::FAMILY,
    versions::FAMILY,
    xml::FAMILY,
];

/// Names that are bound everywhere. With two underscores in front they mean the member of `builtins` without them.
static GLOBALS: &[&str] = &[
    "abort",
    "baseNameOf",
    "break",
    "derivation",
    "derivationStrict",
    "dirOf",
    "fetchGit",
    "fetchMercurial",
    "fetchTarball",
    "fetchTree",
    "fromTOML",
    "import",
    "isNull",
    "map",
    "placeholder",
    "removeAttrs",
    "scopedImport",
    "throw",
    "toString",
    "__add",
    "__addDrvOutputDependencies",
    "__addErrorContext",
    "__all",
    "__any",
    "__appendContext",
    "__attrNames",
    "__attrValues",
    "__bitAnd",
    "__bitOr",
    "__bitXor",
    "__catAttrs",
    "__ceil",
    "__compareVersions",
    "__concatLists",
    "__concatMap",
    "__concatStringsSep",
    "__convertHash",
    "__currentSystem",
    "__currentTime",
    "__deepSeq",
    "__div",
    "__elem",
    "__elemAt",
    "__fetchurl",
    "__filter",
    "__filterSource",
    "__findFile",
    "__flakeRefToString",
    "__floor",
    "__foldl'",
    "__fromJSON",
    "__functionArgs",
    "__genList",
    "__genericClosure",
    "__getAttr",
    "__getContext",
    "__getEnv",
    "__getFlake",
    "__groupBy",
    "__hasAttr",
    "__hasContext",
    "__hashFile",
    "__hashString",
    "__head",
    "__intersectAttrs",
    "__isAttrs",
    "__isBool",
    "__isFloat",
    "__isFunction",
    "__isInt",
    "__isList",
    "__isPath",
    "__isString",
    "__langVersion",
    "__length",
    "__lessThan",
    "__listToAttrs",
    "__mapAttrs",
    "__match",
    "__mul",
    "__nixPath",
    "__nixVersion",
    "__outputOf",
    "__parseDrvName",
    "__parseFlakeRef",
    "__partition",
    "__path",
    "__pathExists",
    "__readDir",
    "__readFile",
    "__readFileType",
    "__replaceStrings",
    "__seq",
    "__sort",
    "__split",
    "__splitVersion",
    "__storeDir",
    "__storePath",
    "__stringLength",
    "__sub",
    "__substring",
    "__tail",
    "__toFile",
    "__toJSON",
    "__toPath",
    "__toXML",
    "__trace",
    "__traceVerbose",
    "__tryEval",
    "__typeOf",
    "__unsafeDiscardOutputDependency",
    "__unsafeDiscardStringContext",
    "__unsafeGetAttrPos",
    "__warn",
    "__zipAttrsWith",
];

/// Makes `builtins` and the global names known to an evaluator.
pub fn install(ev: &mut Evaluator) {
    let mut members: Vec<(Symbol, Value, ExprId)> = Vec::with_capacity(128);
    for family in FAMILIES {
        ev.install(family);
        for definition in *family {
            if let Some(name) = definition.name.strip_prefix("builtins.") {
                let value = ev.native(definition.name);
                members.push((ev.heap.intern(name), value, ExprId::NONE));
            }
        }
    }
    for (name, value) in constants(ev) {
        members.push((ev.heap.intern(name), value, ExprId::NONE));
    }
    // `builtins` contains itself: the slot is filled once the set exists.
    let own = ev.heap.new_slot(Value::NULL);
    members.push((ev.heap.intern("builtins"), Value::reference(own), ExprId::NONE));
    let builtins = ev.heap.new_set(&members);
    ev.heap.set(own, builtins);

    for name in GLOBALS {
        let symbol = ev.heap.intern(name.strip_prefix("__").unwrap_or(name));
        if let Some((_, value, _)) = members.iter().find(|(member, ..)| *member == symbol) {
            let value = *value;
            ev.set_global(name, value);
        }
    }
    for (name, value) in [("true", Value::TRUE), ("false", Value::FALSE), ("null", Value::NULL)] {
        ev.set_global(name, value);
    }
    ev.set_global("builtins", builtins);
    ev.store_copy = Some(copying::copy);
}

fn constants(ev: &mut Evaluator) -> Vec<(&'static str, Value)> {
    let clock = ev.unknown_of_type(UnknownReason::Impure("the current time".to_owned()), "int");
    let system = ev.unknown_of_type(UnknownReason::Impure("the system of the machine".to_owned()), "string");
    vec![
        ("true", Value::TRUE),
        ("false", Value::FALSE),
        ("null", Value::NULL),
        ("currentTime", clock),
        ("currentSystem", system),
        ("langVersion", Value::int(6)),
        ("nixPath", Value::EMPTY_LIST),
        ("nixVersion", ev.str("2.26.3")),
        ("storeDir", ev.str("/nix/store")),
    ]
}
