//! Tables of what a text becomes, and what is wrong with it.

#![allow(clippy::string_slice, reason = "tests cut texts at places that they know")]

use super::ir::{FileIr, SyntaxErrorKind};
use super::sexpr::print;
use super::{LowerOptions, parse};

pub(super) const GLOBALS: [&str; 6] = ["builtins", "true", "false", "null", "map", "throw"];

pub(super) fn lowered(text: &str) -> FileIr {
    parse(text, &LowerOptions { globals: &GLOBALS, frame: &[] })
}

#[track_caller]
fn check(table: &[(&str, &str)]) {
    for (text, expected) in table {
        let ir = lowered(text);
        assert_eq!(print(&ir), *expected, "{text}");
        assert_eq!(ir.errors, [], "{text}");
    }
}

#[test]
fn expressions_of_every_form() {
    check(&[
        ("1 + 2 * 3", "(+ 1 (* 2 3))"),
        ("010", "10"),
        ("[ 1.5 .5 1. ]", "[1.5 0.5 1.0]"),
        ("10.0.0.1", "(10.0 0.0 0.1)"),
        ("4/(2)", "(/ 4 2)"),
        ("http://a.b/c?d", "\"http://a.b/c?d\""),
        ("x:y", "\"x:y\""),
        ("[ ./a ../b/c /d ~/e f/g <n/lib> ./. ]", "[./a ../b/c /d ~/e f/g <n/lib> ./.]"),
        ("./a/${\"b\"}/c.nix", "(path ./a/ \"b\" \"/c.nix\")"),
        ("\"a${\"b\"}c\"", "(str \"a\" \"b\" \"c\")"),
        ("''\n  a\n   b ''${1}\n''", "\"a\\n b ${1}\\n\""),
        ("{ }.a.b or 3", "{}.a.b or(3)"),
        ("{ } ? a.\"b\".${\"c\"}.${\"d\" + \"e\"}", "{} ? .a.b.c.${((+ \"d\" \"e\"))}"),
        ("map map 1", "($map $map 1)"),
        ("(map 1) 2", "($map 1 2)"),
        ("1 |> map map |> map", "($map ($map $map 1))"),
        ("map <| map <| 1", "($map ($map 1))"),
        ("!true -> -1 == 1", "(-> (! $true) (== (- 1) 1))"),
        ("true && false || null", "(|| (&& $true $false) $null)"),
        ("if true then 1 else assert false; 2", "(if $true 1 (assert $false 2))"),
        ("let { a = 1; body = a; }", "rec {a = 1; body = @0.0}.body"),
        ("let or = 1; in [ (map or) ]", "let rec {or = 1} in [($map @0.0)]"),
        ("__curPos.line", "__curPos.line"),
        ("x: y: x", "(\\x: (\\y: @1.0))"),
        ("{ a, b ? a, ... }@c: [ a b c ]", "(\\{a,b? @0.0,...}c: [@0.0 @0.1 @0.2])"),
        ("c@{ }: c", "(\\{}c: @0.0)"),
        ("let f = x: y: 1; in f", "let rec {f = (\\f\\x: (\\f\\y: 1))} in @0.0"),
    ]);
}

#[test]
fn names_resolve_lexically_then_globally_then_by_with() {
    check(&[
        ("let a = 1; in with { a = 2; }; a", "let rec {a = 1} in (with {a = 2} @1.0)"),
        ("with 1; with 2; b", "(with 1 (with 2 b?[0, 1]))"),
        ("with 1; x: b", "(with 1 (\\x: b?[1]))"),
        ("with 1; map", "(with 1 $map)"),
        ("let null = 1; in null", "let rec {null = 1} in @0.0"),
        ("x: rec { inherit x; y = x; }", "(\\x: rec {x = @1.0; y = @0.0})"),
        ("x: { inherit x; }", "(\\x: {x = @0.0})"),
        ("x: let inherit (x) a b; in a", "(\\x: let rec {a = @0.2.a; b = @0.2.b; from @1.0} in @0.0)"),
        ("x: { inherit (x) a; b = x; }", "(\\x: frame {a = @0.0.a; b = @1.0; from @1.0})"),
        ("rec { s = { a = 1; }; inherit (s) a; }", "rec {s = {a = 1}; a = @0.2.a; from @0.0}"),
        ("with 1; rec { inherit z; q = z; }", "(with 1 rec {z = z?[1]; q = @0.0})"),
        ("x: rec { ${x} = y; y = x; }", "(\\x: rec {y = @1.0; ${(@1.0)} = @0.0})"),
    ]);
}

#[test]
fn attribute_paths_are_merged() {
    check(&[
        ("{ a.b = 1; a.c.d = 2; }", "{a = {b = 1; c = {d = 2}}}"),
        ("{ a = { b = 1; }; a.c = 2; }", "{a = {b = 1; c = 2}}"),
        ("{ a.b = 1; a = ({ c = 2; }); }", "{a = {b = 1; c = 2}}"),
        ("{ a = { b.x = 1; }; a = { b.y = 2; }; }", "{a = {b = {x = 1; y = 2}}}"),
        ("{ a = rec { c = 2; }; a.b = c; }", "{a = rec {c = 2; b = @0.0}}"),
        ("{ a = { c = 2; }; a = rec { b = 1; }; }", "{a = {c = 2; b = 1}}"),
        ("x: { a = { b = 1; }; a = { inherit (x) c; }; }", "(\\x: {a = frame {b = 1; c = @0.0.c; from @1.0}})"),
        ("{ a.${\"x\"}.b = 1; \"a\".x.c = 2; }", "{a = {x = {b = 1; c = 2}}}"),
        ("x: { a.${x}.b = 1; a.${x}.c = 2; }", "(\\x: {a = {${(@0.0)} = {b = 1}; ${(@0.0)} = {c = 2}}})"),
        ("let a.b = 1; a.c = 2; in a", "let rec {a = {b = 1; c = 2}} in @0.0"),
    ]);
}

#[test]
fn an_outermost_frame_can_be_given() {
    let ir = parse("x: [ x lib extra ]", &LowerOptions { globals: &[], frame: &["lib", "extra"] });
    assert_eq!(print(&ir), "(\\x: [@0.0 @1.0 @1.1])");
}

#[test]
fn the_error_is_known_at_which_nix_stops() {
    for (text, message) in [
        ("{ a, a }: nope", "the function takes `a` twice"),
        ("({ a, a }: 1", "the function takes `a` twice"),
        ("{ a, a }: [ 1", "the file ends before the `]`"),
        ("{ a, a }: ", "the file ends where a value belongs"),
        ("{ a, a }: { b, b }: 1", "the function takes `b` twice"),
        ("let ${x} = 1; in { b, b }: 1", "the function takes `b` twice"),
        ("{ inherit ${x}; a = ]; }", "a name in `inherit`"),
        ("{ f = { a, a }: 1; b = 1; b = 2; }", "the function takes `a` twice"),
        ("{ a = 1; a = [ }", "the file ends before the `]`"),
        ("{ a = 1; a = 2 }", "`;` is missing before `}`"),
        ("(let a = 1; a = 2 * in 3)", "a value is missing before `in`"),
        ("{ a = 1; a = 2; b = }", "`a` is already defined"),
        ("{ a = { b = 1; }; a = { b = 2; c = ]; }; }", "a value is missing before `]`"),
        ("{ a = { b = 1; }; a = { c = 2; c = 3; d = ]; }; }", "`c` is already defined"),
        ("{ a = { b.c = 1; }; a = { b = { c = 2; }; d = ]; }; }", "a value is missing before `]`"),
        ("if b then { a = 1; // { a = 2; } else 1", "the file ends before the `}`"),
    ] {
        let first = lowered(text).first_error.map(|error| error.message).unwrap_or_default();
        assert!(first.starts_with(message), "{text}: {first}");
    }
}

#[test]
fn mistakes_are_named_with_their_place() {
    use SyntaxErrorKind as K;
    for (text, kind, place, message) in [
        ("{ a = 1; a = 2; }", K::DuplicateAttribute, "a@9", "`a` is already defined in this set; keep one of the two"),
        ("{ a = 1; a.b = 2; }", K::DuplicateAttribute, "a@9", "`a` is already"),
        ("{ a.b = 1; a.b = 2; }", K::DuplicateAttribute, "b@13", "`b` is already"),
        ("x: { inherit (x) a; a = 1; }", K::DuplicateAttribute, "a@20", "`a` is already"),
        ("let a = 1; inherit (a) a; in a", K::DuplicateAttribute, "a@23", "`a` is already"),
        ("{ a, b, a }: 1", K::DuplicateFormal, "a@8", "the function takes `a` twice"),
        ("a@{ a }: 1", K::DuplicateFormal, "a@0", "the function takes `a` twice"),
        (
            "let config = 1; in confg",
            K::UndefinedVariable,
            "confg@19",
            "`confg` is not defined here; did you mean `config`?",
        ),
        ("{ inherit x; }", K::UndefinedVariable, "x@10", "`x` is not defined here"),
        ("let ${\"a\" + \"b\"} = 1; in 1", K::DynamicAttribute, "${\"a\" + \"b\"}@4", "a name in `let`"),
        ("{ inherit ${map}; }", K::DynamicAttribute, "${map}@10", "a name in `inherit`"),
        (
            "9223372036854775808",
            K::BadLiteral,
            "9223372036854775808@0",
            "the number `9223372036854775808` does not fit",
        ),
        ("1.0e400", K::BadLiteral, "1.0e400@0", "the number `1.0e400` does not fit"),
        ("(1]", K::Grammar, "]@2", "`)` is missing before `]`"),
        ("[ a: 1 ]", K::Grammar, "a: 1@2", "a function must stand in parentheses"),
        ("map x: 1", K::Grammar, "x: 1@4", "a function must stand in parentheses"),
        ("1 + x: 1", K::Grammar, "x: 1@4", "a function must stand in parentheses"),
        ("0.", K::Grammar, "0.@0", "`0.` is no number"),
        ("<a//b>", K::Grammar, "<a//b>@0", "`<a//b>` has an empty part"),
        ("{ a = 1 }", K::Grammar, "}@8", "`;` is missing before `}`"),
        ("{ a = 1\n  b = 2; }", K::Grammar, "b@10", "`;` is missing before `b`"),
        ("{ a = ; }", K::Grammar, ";@6", "a value is missing before `;`"),
        ("{ a = [ 1 2; }", K::Grammar, "[@6", "the file ends before the `]`"),
        ("[ 1 2", K::Grammar, "[@0", "the file ends before the `]` that belongs to this `[`"),
        ("{ a = \"b; }", K::Grammar, "\"@6", "this string is not closed"),
        ("{ a = 1;; }", K::Grammar, ";@8", "unexpected `;`"),
        ("{ a = (map 1; b = 2; }", K::Grammar, ";@12", "`)` is missing before `;`"),
        ("{ a = 1, b = 2; }", K::Grammar, ",@7", "unexpected `,`; bindings of a set end with `;`"),
        ("{ a = [ 1, 2 ]; }", K::Grammar, ",@9", "unexpected `,`; elements of a list"),
        ("{ mac = 02:00:00:00:00:05; }", K::Grammar, ":@10", "unexpected `:`; put the text into quotes"),
        ("{ a = if true then 1; }", K::Grammar, ";@20", "unexpected `;`; `else` belongs here"),
        ("let a = 1; a", K::Grammar, "let@0", "the file ends before the `in`"),
        ("./a/", K::Grammar, "./a/@0", "the path `./a/` must not end in a slash"),
        ("{ ''a'' = 1; }", K::Grammar, "''@2", "the name of an attribute cannot be written as an indented"),
        ("map.''a${map}'' or 1", K::Grammar, "''@4", "the name of an attribute cannot be written as an indented"),
        ("map ? a.''b''", K::Grammar, "''@8", "the name of an attribute cannot be written as an indented"),
        ("{ inherit (map) ''a''; }", K::Grammar, "''@16", "the name of an attribute cannot be written as an indented"),
        ("1 }", K::Grammar, "}@2", "`}` closes nothing"),
        ("", K::Grammar, "@0", "the file ends where a value belongs"),
        ("1\u{a0}", K::Grammar, "\u{a0}@1", "the character U+00A0 is not white space"),
    ] {
        let ir = lowered(text);
        let Some(error) = ir.errors.first() else { panic!("no error in {text}") };
        assert_eq!(error.kind, kind, "{text}: {error:?}");
        assert!(error.message.starts_with(message), "{text}: {}", error.message);
        let found = format!("{}@{}", &text[error.span.start as usize..error.span.end as usize], error.span.start);
        assert_eq!(found, place, "{text}");
    }
}

#[test]
fn one_mistake_gives_one_error() {
    for text in [
        "{ a = 1; b = [ 1 2; c = 3; d = { e = 1; }; }",
        "{ config, lib }\n{ a = 1; b = 2; }",
        "{ a : 1; }",
        "{ a = if true then 1; }",
        "let a = 1; b = 2; a",
        "{ a = (map 1; b = 2; }",
        "{ a = { b = 1; c = 2; }",
        "{ a = true\n  b = nothing; }",
        "{ a = \"x; b = 2; }",
        "{ a = ; }",
    ] {
        let ir = lowered(text);
        assert_eq!(ir.errors.len(), 1, "{text}: {:?}", ir.errors);
    }
}

#[test]
fn what_can_be_kept_is_kept() {
    for (text, expected) in [
        ("{ a = 1; a = 2; b = 3; }", "{a = 1; b = 3}"),
        ("{ a = 1\n  b = 2; c = 3; }", "{a = 1; b = 2; c = 3}"),
        ("{ a = 1 }", "{a = 1}"),
        ("let a = 1\nin a", "let rec {a = 1} in @0.0"),
        ("{ inherit (map) a b\n  c.d = 1; e = 2; }", "frame {a = @0.0.a; b = @0.0.b; c = {d = 1}; e = 2; from $map}"),
        ("{ a = ; b = 2; }", "{a = _; b = 2}"),
        ("{ a = (1 + ) ; b = }", "{a = (+ 1 _); b = _}"),
        ("{ a = (map 1; b = 2; }", "{a = ($map 1); b = 2}"),
        ("{ a = b: ; c = 2; }", "{a = (\\a\\b: _); c = 2}"),
        ("{ a, a, b }: b", "(\\{a,b,}: @0.1)"),
    ] {
        assert_eq!(print(&lowered(text)), expected, "{text}");
    }
}
