//! Every limit is reached on purpose, in several ways, and what is told names it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "this is a test, and it prepares its own folders"
)]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use routelint::eval::{Evaluator, Limits};
use routelint::fleet::new_evaluator;
use routelint::source::{Access, ReadError, Sources};
use routelint::syntax::ir::SyntaxErrorKind;
use routelint::syntax::{LowerOptions, parse};

/// Limits of which only one is meant to be reached.
const WIDE: Limits =
    Limits { steps: 3_000_000, depth: 5_000, heap_bytes: 512 << 20, string_bytes: 16 << 20, list_elements: 300_000 };

/// What the evaluation of each text ends with.
#[track_caller]
fn reach(limits: Limits, limit: &'static str, texts: &'static [&'static str]) {
    let work = move || {
        let mut missed = Vec::new();
        for text in texts {
            let sources = Arc::new(Sources::new(Access::below(Vec::new())));
            let mut ev = new_evaluator(&sources, limits);
            let message = outcome(&mut ev, text);
            if !message.contains(limit) {
                missed.push(format!("{text}\n  {message}"));
            }
        }
        assert!(missed.is_empty(), "{}", missed.join("\n"));
    };
    std::thread::Builder::new().stack_size(1 << 30).spawn(work).unwrap().join().unwrap();
}

fn outcome(ev: &mut Evaluator, text: &str) -> String {
    let lib = routelint::nixlib::lib_value(ev);
    let value = ev.eval_text_with("text", text, Path::new("/"), &[("lib", lib)]);
    match value.and_then(|value| ev.force_deep(value)) {
        Ok(value) => ev.print(value).chars().take(200).collect(),
        Err(stop) => ev.stop_message(stop),
    }
}

#[test]
fn steps() {
    reach(
        Limits { steps: 20_000, ..WIDE },
        "limit of evaluation steps",
        &[
            "builtins.foldl' (a: b: a + b) 0 (builtins.genList (x: x) 50000)",
            "builtins.genericClosure { startSet = [ { key = 1; } ]; operator = { key }: [ { key = key + 1; } ]; }",
            "builtins.sort (a: b: a < b) (builtins.genList (x: x) 50000)",
            "builtins.length (builtins.filter (x: true) (builtins.genList (x: x) 50000))",
            "builtins.concatMap (x: [ x ]) (builtins.genList (x: x) 50000)",
            "builtins.groupBy toString (builtins.genList (x: x) 50000)",
            "builtins.listToAttrs (builtins.genList (x: { name = toString x; value = x; }) 50000)",
            "lib.fold (a: b: a) 0 (lib.range 1 50000)",
            "lib.foldr (a: b: a) 0 (lib.range 1 50000)",
            "let l = builtins.genList (x: x) 30000; in l == builtins.genList (x: x) 30000",
            "builtins.length (builtins.split \"a\" (lib.concatStrings (lib.genList (x: \"a\") 30000)))",
            "lib.unique (lib.range 1 2000)",
            "let option = n: { options.${\"a${toString n}\"} = lib.mkOption { default = n; }; }; in (lib.evalModules { modules = map option (lib.range 1 9000); }).config",
            "let fix = lib.fixWidthString or lib.fixedWidthString; in map (n: fix 9 \"0\" (toString n)) (lib.range 1 9000)",
            "map (n: lib.evalModules { modules = [ { options.a = lib.mkOption { default = n; }; } ]; }) (lib.range 1 9000)",
        ],
    );
}

#[test]
fn nested_evaluations() {
    reach(
        Limits { depth: 300, ..WIDE },
        "limit of nested evaluations",
        &[
            "let f = x: 1 + f x; in f 1",
            "let s = { __functor = self: s; }; in s 1 2 3",
            "map { __functor = self: self; } [ 1 ]",
            "let s = { a = s; }; in builtins.toJSON s",
            "let s = { a = s; }; in builtins.toXML s",
            "let f = n: { x = f (n + 1); }; in builtins.deepSeq (f 0) 1",
            "let f = n: { x = f (n + 1); }; in f 0 == f 0",
            "let f = n: [ (f (n + 1)) ]; in f 0 < f 0",
            "let f = n: [ (f (n + 1)) ]; in lib.flatten (f 0)",
            "let f = n: { x = f (n + 1); }; in lib.generators.toPretty { } (f 0)",
            "let f = n: { x = f (n + 1); }; in lib.mapAttrsRecursive (p: v: v) (f 0)",
            "let f = n: { x = f (n + 1); }; in lib.recursiveUpdate (f 0) (f 0)",
            "let s = { __toString = self: toString s; }; in toString s",
            "let s = { outPath = s; }; in toString s",
            "builtins.foldl' (a: b: [ a ]) 1 (lib.range 1 20000)",
        ],
    );
}

#[test]
fn memory() {
    reach(
        Limits { heap_bytes: 8 << 20, ..WIDE },
        "limit of memory",
        &[
            "builtins.genList (x: builtins.genList (y: x) 100) 20000",
            "map (n: { a = n; b = n; c = n; }) (lib.range 1 200000)",
            "lib.genAttrs (map toString (lib.range 1 200000)) (n: n)",
            "builtins.foldl' (all: n: all // { ${toString n} = n; }) { } (lib.range 1 100000)",
            "map (n: lib.concatMapStrings toString (lib.range 1 n)) (lib.range 1 4000)",
        ],
    );
}

#[test]
fn length_of_strings() {
    reach(
        Limits { string_bytes: 1 << 16, ..WIDE },
        "limit of string size",
        &[
            "let d = n: if n == 0 then \"a\" else let s = d (n - 1); in s + s; in d 20",
            "let d = n: if n == 0 then \"a\" else let s = d (n - 1); in \"${s}${s}\"; in d 20",
            "let d = n: if n == 0 then /a else let s = d (n - 1); in s + \"${toString s}\"; in d 20",
            "builtins.concatStringsSep \"-\" (builtins.genList (x: \"aaaa\") 20000)",
            "toString (builtins.genList (x: \"aaaa\") 20000)",
            "builtins.replaceStrings [ \"\" ] [ \"aaaaaaaaaaaaaaaa\" ] (lib.concatStrings (lib.genList (x: \"b\") 10000))",
            "builtins.toJSON (builtins.genList (x: \"aaaa\") 20000)",
            "builtins.toXML (builtins.genList (x: \"aaaa\") 20000)",
            "lib.strings.replicate 100000 \"a\"",
            "lib.fixedWidthString 100000 \"0\" \"1\"",
            "lib.concatMapStringsSep \",\" toString (lib.range 1 20000)",
            "lib.escapeShellArgs (lib.genList (x: \"a b\") 20000)",
            "lib.generators.toINI { } { a = lib.genAttrs (map toString (lib.range 1 9000)) (n: n); }",
            "lib.generators.toPretty { } (lib.range 1 20000)",
        ],
    );
}

#[test]
fn length_of_lists() {
    reach(
        Limits { list_elements: 1_000, ..WIDE },
        "limit of list size",
        &[
            "let d = n: if n == 0 then [ 1 ] else let s = d (n - 1); in s ++ s; in d 20",
            "builtins.genList (x: x) 2000",
            "builtins.concatLists (builtins.genList (x: [ 1 2 3 ]) 900)",
            "builtins.concatMap (x: [ 1 2 3 ]) (builtins.genList (x: x) 900)",
            "builtins.split \"a\" (lib.concatStrings (lib.replicate 900 \"a\"))",
            "lib.range 1 2000",
            "lib.replicate 2000 1",
            "lib.flatten (lib.genList (x: [ 1 2 3 ]) 900)",
            "lib.stringToCharacters (lib.strings.replicate 2000 \"a\")",
            "lib.splitString \",\" (lib.strings.replicate 2000 \",\")",
            "lib.cartesianProduct { a = lib.range 1 100; b = lib.range 1 100; }",
            "lib.crossLists (a: b: a) [ (lib.range 1 100) (lib.range 1 100) ]",
            "builtins.splitVersion (lib.strings.replicate 2000 \"1.\")",
        ],
    );
}

#[test]
fn a_text_that_is_too_deep_is_not_read() {
    let chain = "a + ".repeat(1_900);
    for (limit, text) in [
        ("nested more than 500 levels deep", "[".repeat(501)),
        ("nested more than 500 levels deep", "x: ".repeat(501)),
        ("more than 2000 operators", format!("a{}", " + a".repeat(2_001))),
        ("more than 2000 operators", format!("f {}", "a ".repeat(2_001))),
        ("more than 2000 operators", format!("{chain}(").repeat(6)),
        ("this word is too long", "a".repeat(5_000)),
        ("this word is too long", "a.".repeat(300)),
    ] {
        let ir = parse(&text, &LowerOptions { globals: &["a", "f"], frame: &[] });
        let beginning: String = text.chars().take(20).collect();
        let [error] = ir.errors.as_slice() else { panic!("{beginning}: {:?}", ir.errors) };
        assert_eq!(error.kind, SyntaxErrorKind::TooDeep, "{beginning}");
        assert!(error.message.contains(limit), "{beginning}: {}", error.message);
        assert!(ir.root.is_none(), "{beginning}");
    }
}

#[test]
fn files_and_folders_that_are_too_large_are_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("large.nix");
    for (bytes, is_read) in [(4 << 20, true), ((4 << 20) + 1, false)] {
        fs::write(&file, " ".repeat(bytes)).unwrap();
        let read = Sources::new(Access::below(vec![folder.path().to_path_buf()])).read(&file);
        match read {
            Ok(file) => assert!(is_read && file.text.len() == bytes),
            Err(error) => assert!(!is_read && error == ReadError::TooLarge(bytes as u64), "{error}"),
        }
    }
    fs::write(folder.path().join("other.nix"), "").unwrap();
    for most in [1, 2] {
        let mut access = Access::below(vec![folder.path().to_path_buf()]);
        access.max_folder_entries = most;
        let listed = Sources::new(access).read_dir(folder.path());
        assert_eq!(listed.is_ok(), most == 2, "{listed:?}");
        assert!(
            listed.map_err(|error| error.to_string()).err().is_none_or(|told| told.contains("more than 1 entries"))
        );
    }
}
