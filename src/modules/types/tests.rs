//! What users see of types, as JSON.

use std::path::Path;
use std::sync::Arc;

use crate::eval::{Evaluator, Limits, Stop};
use crate::heap::View;
use crate::source::{Access, Sources};

fn evaluator() -> Evaluator {
    let sources = Arc::new(Sources::new(Access::below(Vec::new())));
    // Threads of tests have small stacks.
    let mut ev = Evaluator::new(sources, Limits { depth: 200, ..Limits::untrusted() });
    crate::builtins::install(&mut ev);
    crate::nixlib::install(&mut ev);
    crate::modules::install(&mut ev);
    ev
}

/// The JSON of an expression, or the message of its error.
fn eval(text: &str) -> String {
    let mut ev = evaluator();
    let lib = crate::nixlib::lib_value(&mut ev);
    let json = ev.native("builtins.toJSON");
    let outcome = ev
        .eval_text_with("test", text, Path::new("/"), &[("lib", lib)])
        .and_then(|value| ev.call(json, &[value]))
        .and_then(|value| ev.want_text(value));
    match outcome {
        Ok(text) => text,
        Err(Stop(value)) => match value.view() {
            View::Error(id) => ev.error_info(id).map(|info| info.message.clone()).unwrap_or_default(),
            _ => "unknown".to_owned(),
        },
    }
}

fn agree(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        let text = format!("with lib; with lib.types; {text}");
        assert_eq!(eval(&text), *expected, "{text}");
    }
}

/// Both definitions merged by a type at the option `net.x`.
fn merged(ty: &str, values: &str) -> String {
    eval(&format!(
        "with lib; with lib.types; ({ty}).merge [ \"net\" \"x\" ]
         (lib.imap0 (n: value: {{ file = \"f${{toString n}}\"; inherit value; }}) {values})"
    ))
}

#[test]
fn descriptions_name_what_is_inside() {
    agree(&[
        (
            "(listOf (nullOr port)).description",
            "\"list of (null or 16 bit unsigned integer; between 0 and 65535 (both inclusive))\"",
        ),
        ("(attrsOf (listOf str)).description", "\"attribute set of list of string\""),
        ("(separatedString [ ]).description", "\"strings concatenated with []\""),
        (
            "(either ints.unsigned (enum [ \"a\" 1 ])).description",
            "\"unsigned integer, meaning >=0, or one of \\\"a\\\", 1\"",
        ),
        ("(nonEmptyListOf str).description", "\"non-empty (list of string)\""),
        ("(coercedTo int toString str).description", "\"string or signed integer convertible to it\""),
        ("json.description", "\"JSON value\""),
    ]);
}

#[test]
fn a_changed_set_keeps_its_native_parts() {
    agree(&[
        ("(str // { description = \"a name\"; }).check 5", "false"),
        ("(listOf (str // { description = \"name\"; })).description", "\"list of name\""),
        ("(str // { check = x: x == \"a\"; }).merge [ \"o\" ] [ { file = \"f\"; value = \"b\"; } ]", "\"b\""),
        ("(addCheck str (s: s != \"\")).check \"\"", "false"),
        ("(mkOptionType { name = \"even\"; check = x: mod x 2 == 0; }).check 3", "false"),
        ("(mkOptionType { name = \"even\"; }).description", "\"even\""),
    ]);
}

#[test]
fn scalars_must_agree() {
    assert_eq!(merged("str", "[ \"a\" \"a\" ]"), "\"a\"");
    assert_eq!(
        merged("int", "[ 1 2 ]"),
        "The option `net.x' has conflicting definition values:\n- In `f0': 1\n- In `f1': 2\nUse `lib.mkForce value` or \
         `lib.mkDefault value` to change the priority on any of these definitions."
    );
    assert_eq!(merged("lines", "[ \"a\" \"b\" ]"), "\"a\\nb\"");
    assert_eq!(merged("boolByOr", "[ false true ]"), "true");
    assert_eq!(merged("nullOr int", "[ null null ]"), "null");
    assert!(merged("nullOr int", "[ null 1 ]").contains("is defined both null and not null, in `f0' and `f1'"));
    assert!(merged("uniq int", "[ 1 1 ]").contains("is defined multiple times"));
}

#[test]
fn collections_take_the_elements_of_all_definitions() {
    assert_eq!(merged("listOf int", "[ [ 1 ] [ 2 3 ] ]"), "[1,2,3]");
    assert_eq!(merged("attrsOf int", "[ { a = 1; } { b = 2; } ]"), "{\"a\":1,\"b\":2}");
    assert_eq!(merged("attrs", "[ { a.x = 1; } { a.y = 2; } ]"), "{\"a\":{\"y\":2}}");
    assert_eq!(merged("coercedTo str singleton (listOf str)", "[ \"a\" [ \"b\" ] ]"), "[\"a\",\"b\"]");
    assert_eq!(merged("either int (listOf int)", "[ [ 1 ] [ 2 ] ]"), "[1,2]");
    assert!(merged("either int str", "[ 1 \"a\" ]").contains("expected to be unique"));
}

#[test]
fn types_that_contain_themselves_end() {
    agree(&[
        ("let t = either str (attrsOf t) // { description = \"tree\"; }; in t.check { a.b = \"c\"; }", "true"),
        ("let t = nullOr t; in t.check null", "true"),
    ]);
    assert!(eval("let t = lib.types.nullOr t; in t.check 1").contains("limit of nested evaluations"));
    assert!(eval("let t = lib.types.listOf t; in t.description").contains("infinite recursion"));
}

#[test]
fn declarations_of_the_same_option_merge_their_types() {
    agree(&[
        ("(mergeTypes (enum [ \"a\" ]) (enum [ \"b\" \"a\" ])).description", "\"one of \\\"a\\\", \\\"b\\\"\""),
        (
            "(mergeTypes (attrsOf (enum [ 1 ])) (attrsOf (enum [ 2 ]))).description",
            "\"attribute set of (one of 1, 2)\"",
        ),
        ("mergeTypes str int", "{\"_type\":\"merge-error\",\"error\":\"Cannot merge types\"}"),
        ("(mergeTypes port ints.u8).name", "\"int\""),
        ("(strMatching \"a\").typeMerge (strMatching \"b\").functor", "null"),
    ]);
}

#[test]
fn options_are_declared_and_shown() {
    agree(&[
        ("(mkEnableOption \"the host\").description", "\"Whether to enable the host.\""),
        ("mkOption { defualt = 1; }", "function 'mkOption' called with unexpected argument 'defualt'"),
        ("showOption [ \"a\" \"b c\" \"<name>\" \"*\" ]", "\"a.\\\"b c\\\".<name>.*\""),
        ("(mkPackageOption { a.b = 1; } [ \"a\" \"b\" ] { }).defaultText.text", "\"pkgs.a.b\""),
        ("getFiles [ { file = \"x\"; value = 1; } ]", "[\"x\"]"),
        ("functionArgs lib.types.unique", "{\"message\":false}"),
    ]);
}

#[test]
fn static_tables_name_types_in_words() {
    let mut ev = evaluator();
    for (text, expected) in [
        ("str", "string"),
        ("listOf str", "list of string"),
        ("nullOr (enum a b c)", "null or one of \"a\", \"b\", \"c\""),
        (
            "attrsOf (listOf port)",
            "attribute set of list of 16 bit unsigned integer; between 0 and 65535 (both inclusive)",
        ),
        ("either int (listOf str)", "signed integer or list of string"),
        ("between 1 4094", "integer between 1 and 4094 (both inclusive)"),
        ("no-such-type", "anything"),
    ] {
        let ty = super::type_from_text(&mut ev, text, None);
        assert_eq!(super::description(&mut ev, ty), expected, "{text}");
    }
}

/// `read` applied to the configuration of modules with one option `o` and a condition that cannot be known.
fn configured(ty: &str, definitions: &str, read: &str) -> String {
    eval(&format!(
        "with lib; let unknown = builtins.currentSystem; maybe = mkIf (unknown == \"x\");
         config = (evalModules {{ modules = [ {{ options.o = mkOption {{ type = with types; {ty}; }}; }} ]
           ++ map (o: {{ inherit o; }}) {definitions}; }}).config;
         in ({read}) config.o"
    ))
}

#[test]
fn what_cannot_be_known_spoils_no_more_than_it_must() {
    assert_eq!(configured("str", "[ \"a\" unknown ]", "x: x"), "unknown");
    assert_eq!(configured("str", "[ \"a\" (maybe \"a\") ]", "x: x"), "\"a\"");
    assert_eq!(configured("str", "[ \"a\" (maybe \"b\") ]", "x: x"), "unknown");
    assert_eq!(configured("str", "[ (mkForce \"a\") unknown ]", "x: x"), "\"a\"");
    assert_eq!(configured("listOf str", "[ [ \"a\" ] unknown ]", "elem \"a\""), "true");
    assert_eq!(configured("listOf str", "[ [ \"a\" ] unknown ]", "elem \"b\""), "unknown");
    assert_eq!(configured("listOf str", "[ [ \"a\" ] (maybe [ \"b\" ]) ]", "elem \"b\""), "unknown");
    assert_eq!(configured("listOf str", "[ [ \"a\" unknown ] ]", "length"), "2");
    assert_eq!(configured("attrsOf int", "[ { a = 1; } unknown ]", "x: [ x.a ]"), "[1]");
    assert_eq!(configured("attrsOf int", "[ { a = 1; } (maybe { b = 2; }) ]", "x: x.a"), "1");
    assert_eq!(configured("attrsOf int", "[ { a = 1; } (maybe { b = 2; }) ]", "x: x ? b"), "unknown");
    assert_eq!(configured("attrsOf int", "[ { a = 1; b = unknown; } ]", "x: [ x.a (x ? b) ]"), "[1,true]");
    assert_eq!(configured("attrsOf int", "[ { a = 1; b = maybe 2; } ]", "x: x.b"), "unknown");
    assert_eq!(configured("either str (listOf str)", "[ [ \"a\" ] unknown ]", "elem \"a\""), "true");
}

#[test]
fn submodules_are_evaluated_with_their_name() {
    let ty = "attrsOf (submodule ({ name, ... }: { options.id = mkOption { default = name; type = types.str; }; }))";
    assert_eq!(configured(ty, "[ { a = { }; b.id = \"c\"; } ]", "mapAttrs (_: x: x.id)"), "{\"a\":\"a\",\"b\":\"c\"}");
    assert!(configured(ty, "[ { a.id = 5; } ]", "x: x.a.id").contains("option `o.a.id' is not of type `string'"));
}

/// A field of the option `o`, declared with a type and defined by several modules.
fn introspected(ty: &str, definitions: &str, read: &str) -> String {
    eval(&format!(
        "with lib; let
         option = (evalModules {{ modules = [ {{ options.o = mkOption {{ type = with types; {ty}; }}; }} ]
           ++ map (o: {{ inherit o; }}) {definitions}; }}).options.o;
         in ({read}) option"
    ))
}

#[test]
fn types_that_check_while_merging_say_what_they_found() {
    for (ty, definitions, read, expected) in [
        ("attrsOf int", "[ { a = 1; } ]", "o: attrNames o.valueMeta.attrs.a", "[]"),
        ("attrsOf (listOf int)", "[ { a = [ 1 ]; } ]", "o: attrNames o.valueMeta.attrs.a", "[\"_internal\",\"list\"]"),
        ("int", "[ \"no int\" ]", "o: o.valueMeta", "{}"),
        ("either int bool", "[ \"x\" ]", "o: attrNames o.valueMeta", "[\"_internal\",\"headError\"]"),
        ("number", "[ 1 1.5 ]", "o: attrNames o.valueMeta", "[\"_internal\",\"headError\"]"),
        ("attrListOf int", "[ { a = mkAfter 1; b = 2; } ]", "o: o.valueMeta.attrListValue", "[{\"b\":2},{\"a\":1}]"),
        (
            "listOf int",
            "[ (mkBefore [ 1 ]) [ 2 ] ]",
            "o: map (d: d ? priority) o.definitionsWithLocations",
            "[true,false]",
        ),
    ] {
        assert_eq!(introspected(ty, definitions, read), expected, "{ty} {definitions}");
    }
}

#[test]
fn choices_fall_alike_for_all_definitions() {
    for (ty, definitions, words) in [
        ("numbers.nonnegative", "[ 1 1.5 ]", "is neither a value of type `signed integer` nor `floating point number`"),
        ("numbers.nonnegative", "[ (-1) ]", "is not of type `nonnegative integer"),
        ("submodule { }", "[ (mkBefore { }) ]", "called with unexpected argument 'priority'"),
        (
            "submodule { }",
            "[ (mkDefinition { file = \"f\"; value = { }; }) ]",
            "called with unexpected argument '_type'",
        ),
        ("listOf json", "[ [ (x: x) ] ]", "is not of type `JSON value'"),
    ] {
        let found = configured(ty, definitions, "x: deepSeq x x");
        assert!(found.contains(words), "{ty} {definitions}: {found}");
    }
    // A check that was there before the conversion looks at what was written.
    assert_eq!(configured("coercedTo str (x: [ x ]) path", "[ \"/a\" ]", "x: x"), "[\"/a\"]");
}

#[test]
fn what_the_module_system_throws_can_be_caught() {
    assert_eq!(configured("int", "[ \"x\" ]", "x: (builtins.tryEval x).success"), "false");
    assert_eq!(configured("int", "[ 1 2 ]", "x: (builtins.tryEval x).success"), "false");
    // A type that contains itself cannot be merged with another; that ends, as in nixpkgs.
    let twice = "with lib; let o.options.o = mkOption { type = types.attrsOf types.json; };
         in (evalModules { modules = [ o o { o.a = 1; } ]; }).config.o.a";
    assert!(eval(twice).contains("limit"), "{}", eval(twice));
}

#[test]
fn what_only_an_error_would_tell_is_not_looked_at() {
    agree(&[
        ("mergeEqualOption true [ { value = 1; } ]", "1"),
        ("types.isType { } \"x\"", "false"),
        ("(builtins.tryEval (types.mergeTypes true int)).success", "false"),
        ("(mkPackageOption { p = 1; } 5 { default = \"p\"; }).default", "1"),
        ("(mkDerivedConfig (x: x) (x: 2)).content", "2"),
        ("(mkDerivedConfig (x: x) (x: 2)).priority", "100"),
        ("(builtins.tryEval (lib.modules.unifyModuleSyntax (throw \"the file\") \"key\" 1)).success", "false"),
    ]);
}
