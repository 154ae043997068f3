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

#[cfg(test)]
mod tests {
    use crate::nixlib::testing::check;

    #[test]
    fn joining() {
        check(&[
            ("lib.concatMapStringsSep \",\" (n: \"vm${toString n}\") [ 1 2 ]", r#""vm1,vm2""#),
            ("lib.concatImapStringsSep \"-\" (i: s: \"${s}${toString i}\") [ \"a\" \"b\" ]", r#""a1-b2""#),
            ("lib.concatMapAttrsStringSep \";\" (n: v: \"${n}=${v}\") { b = \"2\"; a = \"1\"; }", r#""a=1;b=2""#),
            ("lib.concatLines [ ]", r#""""#),
            ("lib.concatLines [ \"a\" ]", r#""a\n""#),
            ("lib.makeBinPath [ \"/a\" null { outPath = \"/b\"; } ]", r#""/a/bin:/b/bin""#),
            ("lib.optionalString false (throw \"lazy\")", r#""""#),
            ("lib.concatStrings [ 1 ]", "error: …"),
        ]);
    }

    #[test]
    fn beginnings_and_ends() {
        check(&[
            ("lib.hasPrefix \"vm-\" \"vm-web\"", "true"),
            ("lib.hasSuffix \"longer than the text\" \"text\"", "false"),
            ("lib.hasInfix \".*\" \"a.*b\"", "true"),
            ("lib.removePrefix \"vm\" \"vm5\"", r#""5""#),
            ("lib.removeSuffix \".nix\" \"web\"", r#""web""#),
            ("(builtins.tryEval (lib.removeSuffix { } (throw \"the text first\"))).success", "false"),
            ("lib.trim \" \\n a b\\t\"", r#""a b""#),
            ("lib.trimWith { end = true; } \" a \"", r#"" a""#),
            ("lib.trimWith { middle = true; } \"\"", "error: …"),
        ]);
    }

    #[test]
    fn the_known_part_of_a_string_decides() {
        check(&[
            ("lib.hasPrefix \"vm-\" \"vm-${builtins.currentTime}\"", "true"),
            ("lib.hasPrefix \"vm-\" \"tap-${builtins.currentTime}\"", "false"),
            ("lib.hasPrefix \"vm-long\" \"vm-${builtins.currentTime}\"", "unknown: …"),
            ("lib.hasSuffix \"-tap\" (lib.removePrefix \"vm-\" \"vm-${builtins.currentTime}-tap\")", "true"),
        ]);
    }

    #[test]
    fn splitting() {
        check(&[
            ("lib.splitString \".\" \"10.0.0.1\"", r#"[ "10" "0" "0" "1" ]"#),
            ("lib.splitString \"\" \"ab\"", r#"[ "" "a" "b" "" ]"#),
            ("lib.splitString \"::\" \"a::\"", r#"[ "a" "" ]"#),
            ("lib.splitStringBy (a: b: b == \"-\") false \"a-b\"", r#"[ "a" "b" ]"#),
            ("lib.stringToCharacters \"ab\"", r#"[ "a" "b" ]"#),
        ]);
    }

    #[test]
    fn quoting() {
        check(&[
            ("lib.escapeShellArgs [ \"safe/1\" \"it's\" \"\" ]", r#""safe/1 'it'\\''s' ''""#),
            ("lib.toShellVars { a = [ 1 2 ]; b.c = \"x y\"; }", r#""declare -a a=(1 2)\ndeclare -A b=([c]='x y')""#),
            ("lib.strings.escapeNixIdentifier \"with\"", r#""\"with\"""#),
            ("lib.escapeRegex \"a.b\"", r#""a\\.b""#),
            ("lib.escapeURL \"a b/é\"", r#""a%20b%2Fé""#),
            ("lib.strings.escapeC [ \" \" ] \"a b\"", r#""a\\x20b""#),
            ("lib.replaceString \"o\" (throw \"lazy\") \"xyz\"", r#""xyz""#),
        ]);
    }

    #[test]
    fn numbers() {
        check(&[
            ("lib.toInt \" -7\\n\"", "-7"),
            ("lib.toInt \"007\"", "error: …"),
            ("lib.toIntBase10 \"007\"", "7"),
            ("lib.toInt \"1.5\"", "error: …"),
            ("lib.fixedWidthNumber 3 7", r#""007""#),
            ("lib.fixedWidthString 2 \"0\" \"long\"", "error: …"),
        ]);
    }

    #[test]
    fn letters() {
        check(&[
            ("lib.toUpper \"tap-ä1\"", r#""TAP-ä1""#),
            ("lib.toCamelCase \"host-route_tableId\"", r#""hostRouteTableId""#),
            ("lib.toSentenceCase 1", "error: …"),
            ("lib.strings.charToInt \"A\"", "65"),
        ]);
    }

    #[test]
    fn names_and_distances() {
        check(&[
            ("lib.getName \"systemd-257.1\"", r#""systemd""#),
            ("lib.getVersion { name = \"x-1.2\"; }", r#""1.2""#),
            ("lib.strings.sanitizeDerivationName \"..a b\"", r#""a-b""#),
            ("lib.strings.levenshtein \"gateway\" \"getway\"", "2"),
            ("lib.strings.levenshteinAtMost 1 \"tap\" \"top\"", "true"),
        ]);
    }
}
