//! `lib.strings`: joining, splitting, escaping and reading texts.
//!
//! Strings are bytes. A result that equals the argument is the argument itself, so that its origin and context survive.

mod build_flags;
mod distance;
mod edges;
mod escape;
mod join;
mod letters;
mod names;
mod numbers;
mod split;

pub(super) use escape::{identifier_text, replace_all, xml_table};

use super::{Family, Member};
use crate::eval::{Evaluator, Outcome};
use crate::heap::{Value, View, sym};

/// `lib.strings`
pub(super) static FAMILY: Family = Family {
    name: "strings",
    functions: &[
        build_flags::FUNCTIONS,
        distance::FUNCTIONS,
        edges::FUNCTIONS,
        escape::FUNCTIONS,
        join::FUNCTIONS,
        letters::FUNCTIONS,
        names::FUNCTIONS,
        numbers::FUNCTIONS,
        split::FUNCTIONS,
    ],
    members: &[
        Member::Same("appendContext", "builtins.appendContext"),
        Member::Same("compareVersions", "builtins.compareVersions"),
        Member::Same("concatStringsSep", "builtins.concatStringsSep"),
        Member::Same("elem", "builtins.elem"),
        Member::Same("elemAt", "builtins.elemAt"),
        Member::Same("filter", "builtins.filter"),
        Member::Same("fromJSON", "builtins.fromJSON"),
        Member::Same("genList", "builtins.genList"),
        Member::Same("head", "builtins.head"),
        Member::Same("isAttrs", "builtins.isAttrs"),
        Member::Same("isInt", "builtins.isInt"),
        Member::Same("isList", "builtins.isList"),
        Member::Same("isPath", "builtins.isPath"),
        Member::Same("isString", "builtins.isString"),
        Member::Same("join", "builtins.concatStringsSep"),
        Member::Same("match", "builtins.match"),
        Member::Same("parseDrvName", "builtins.parseDrvName"),
        Member::Same("readFile", "builtins.readFile"),
        Member::Same("replaceStrings", "builtins.replaceStrings"),
        Member::Same("split", "builtins.split"),
        Member::Same("stringLength", "builtins.stringLength"),
        Member::Same("substring", "builtins.substring"),
        Member::Same("tail", "builtins.tail"),
        Member::Same("toJSON", "builtins.toJSON"),
        Member::Same("typeOf", "builtins.typeOf"),
        Member::Same("unsafeDiscardStringContext", "builtins.unsafeDiscardStringContext"),
        Member::Made("lowerChars", |ev| letters::alphabet(ev, b'a'..=b'z')),
        Member::Made("storeDir", |ev| Ok(ev.str("/nix/store"))),
        Member::Made("upperChars", |ev| letters::alphabet(ev, b'A'..=b'Z')),
    ],
    top: &[
        "addContextFrom",
        "appendContext",
        "cmakeBool",
        "cmakeFeature",
        "cmakeOptionType",
        "concatImapStrings",
        "concatImapStringsSep",
        "concatLines",
        "concatMapAttrsStringSep",
        "concatMapStrings",
        "concatMapStringsSep",
        "concatStrings",
        "concatStringsSep",
        "enableFeature",
        "enableFeatureAs",
        "escape",
        "escapeRegex",
        "escapeShellArg",
        "escapeShellArgs",
        "escapeURL",
        "escapeXML",
        "fileContents",
        "fixedWidthNumber",
        "fixedWidthString",
        "getName",
        "getVersion",
        "hasInfix",
        "hasPrefix",
        "hasSuffix",
        "intersperse",
        "isStorePath",
        "isString",
        "isStringLike",
        "isValidPosixName",
        "join",
        "lowerChars",
        "makeBinPath",
        "makeIncludePath",
        "makeLibraryPath",
        "makeSearchPath",
        "makeSearchPathOutput",
        "match",
        "mesonBool",
        "mesonEnable",
        "mesonOption",
        "nameFromURL",
        "optionalString",
        "removePrefix",
        "removeSuffix",
        "replaceString",
        "replaceStrings",
        "split",
        "splitString",
        "splitStringBy",
        "stringAsChars",
        "stringLength",
        "stringToCharacters",
        "substring",
        "toCamelCase",
        "toInt",
        "toIntBase10",
        "toLower",
        "toSentenceCase",
        "toShellVar",
        "toShellVars",
        "toUpper",
        "trim",
        "trimWith",
        "typeOf",
        "unsafeDiscardStringContext",
        "upperChars",
        "versionAtLeast",
        "versionOlder",
        "withFeature",
        "withFeatureAs",
    ],
};

/// Whether an evaluated value can stand where a string is expected: a string, a path, or a set that says how.
pub(super) fn is_string_like(ev: &mut Evaluator, value: Value) -> Result<bool, crate::eval::Stop> {
    Ok(match value.view() {
        View::Str(_) | View::Path(_) => true,
        View::Attrs(set) => {
            ev.attribute(set, sym::OUT_PATH).is_some() || ev.optional_attribute(set, sym::TO_STRING)?.is_some()
        }
        _ => false,
    })
}

/// A Boolean as an outcome.
fn truth(value: bool) -> Outcome {
    Ok(Value::bool(value))
}
