//! No text may panic, overflow the stack, take more than linear time, or give an IR whose parts do not fit together.

#![allow(clippy::string_slice, reason = "tests cut texts at places that they know")]

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::ir::{Expr, ExprId, FileIr, Range, Step};
use super::tests::lowered;

/// A text that uses most of the language.
pub(super) const SAMPLE: &str = r#"# routelint: allow(x) why
{ config, lib ? null, ... }@args:
let
  inherit (lib) mkIf optional;
  index = 5; name = "vm${toString index}";
  f = x: y@{ a, b ? a }: rec { inherit x; z = [ a b x y ]; };
in with lib; with args; {
  microvm.interfaces = [ { type = "tap"; id = name; mac = "02:00:00:00:00:05"; } ];
  systemd.network = { networks."10-eth" = { matchConfig.MACAddress = "x"; }; };
  systemd.network.enable = !(config ? a.b) -> 1.5 < -2 || ./a/${name}.nix == <nixpkgs/lib>;
  text = ''
    [Match] ''${no} ${if true then "a" else name}
      Name=eth0 '''
  '';
  ${name} = assert 4/(2) == 2; http://a.b/c; x = config.a.${name}."b c" or (f 1 2) ++ [ ] // { };
}
"#;

/// Words from which hostile texts are made.
pub(super) const WORDS: [&str; 54] = [
    "a", "or", "1", "1.5", ".5", "\"", "''", "${", "}", "{", "[", "]", "(", ")", ";", ":", "=", ",", ".", "...", "@",
    "?", "-", "!", "+", "++", "*", "/", "//", "->", "==", "<", "<=", "&&", "||", "|>", "<|", "let", "in", "with",
    "rec", "if", "then", "else", "assert", "inherit", "./a", "~/b", "<c>", "x:y", "a.b", "\\", "#c\n", "/*",
];

/// Checks that every id of an IR leads somewhere.
fn check_references(ir: &FileIr) {
    let exprs = ir.exprs.len();
    let expr = |id: ExprId| assert!((id.0 as usize) < exprs);
    let range = |range: Range, length: usize| assert!((range.start + range.len) as usize <= length);
    let optional = |id: ExprId| assert!(!id.is_some() || (id.0 as usize) < exprs);
    assert_eq!(exprs, ir.spans.len());
    for found in &ir.exprs {
        match *found {
            Expr::Str(text) | Expr::Path(text) | Expr::HomePath(text) | Expr::SearchPath(text) => {
                assert!((text as usize) < ir.strings.len());
            }
            Expr::Select { base, path, default } => {
                expr(base);
                optional(default);
                assert!(ir.paths[path as usize].len > 0);
            }
            Expr::HasAttr { base, path } => {
                expr(base);
                assert!(ir.paths[path as usize].len > 0);
            }
            Expr::Apply { function, start, len } => {
                expr(function);
                assert!(len > 0);
                range(Range { start, len: u32::from(len) }, ir.exprs_lists.len());
                assert!(!matches!(ir.exprs[function.0 as usize], Expr::Apply { .. }));
            }
            Expr::WithVar { start, len, .. } => range(Range { start, len: u32::from(len) }, ir.levels.len()),
            Expr::List(items) | Expr::Interpolation(items) | Expr::PathInterpolation(items) => {
                range(items, ir.exprs_lists.len());
            }
            Expr::Lambda(lambda) => {
                let lambda = ir.lambdas[lambda as usize];
                range(lambda.formals, ir.formals.len());
                expr(lambda.body);
                optional(lambda.parameter);
                optional(lambda.bound_as);
            }
            Expr::Let { bindings, body } => {
                expr(body);
                assert!(ir.bindings[bindings as usize].recursive);
            }
            Expr::Attrs(bindings) => {
                let bindings = ir.bindings[bindings as usize];
                range(bindings.entries, ir.entries.len());
                range(bindings.dynamics, ir.dynamics.len());
                range(bindings.hidden, ir.exprs_lists.len());
            }
            _ => {}
        }
    }
    ir.exprs_lists.iter().for_each(|id| expr(*id));
    ir.entries.iter().for_each(|entry| [entry.binder, entry.value].map(expr).into_iter().collect());
    ir.dynamics.iter().for_each(|entry| [entry.name, entry.binder, entry.value].map(expr).into_iter().collect());
    ir.formals.iter().for_each(|formal| optional(formal.default));
    ir.paths.iter().for_each(|path| range(*path, ir.steps.len()));
    for step in &ir.steps {
        match step {
            Step::Static { binder, .. } => expr(*binder),
            Step::Dynamic(name) => expr(*name),
        }
    }
}

fn check(text: &str) {
    let ir = lowered(text);
    check_references(&ir);
    for span in ir.spans.iter().chain(ir.errors.iter().map(|error| &error.span)) {
        assert!(text.get(span.start as usize..span.end as usize).is_some(), "{span:?} of {text:?}");
    }
    assert_eq!(ir.root.is_none(), ir.errors.iter().any(|error| error.message.ends_with("was not read")));
}

#[test]
fn the_sample_is_good() {
    let ir = lowered(&SAMPLE.replace("toString", "map"));
    assert_eq!(ir.errors, []);
    assert_eq!(ir.directives.len(), 1);
}

#[test]
fn every_prefix_and_every_deletion_is_survived() {
    for (end, letter) in SAMPLE.char_indices() {
        check(&SAMPLE[..end]);
        check(&SAMPLE[end..]);
        check(&[&SAMPLE[..end], &SAMPLE[end + letter.len_utf8()..]].concat());
    }
}

#[test]
fn what_is_parsed_on_the_calling_thread_fits_its_stack() {
    for (open, middle, close) in [
        ("(", "1", ")"),
        ("[", "1", "]"),
        ("{a=", "1", ";}"),
        ("a.a.a.a={b=", "1", ";};"),
        ("x:", " 1", ""),
        ("\"${", "1", "}\""),
        ("rec{a=", "1", ";}"),
        ("- ", "1", ""),
        ("1 + ", "1", ""),
        ("1 ++ ", "1", ""),
        ("{ }.a or ", "1", ""),
        ("true ", "1", ""),
    ] {
        for depth in [40, 79, 159, 160, 480, 900] {
            check(&[&open.repeat(depth), middle, &close.repeat(depth)].concat());
        }
    }
}

#[test]
fn one_lost_semicolon_loses_nothing_else() {
    let clean = lowered(SAMPLE).entries.len();
    let mut kept = Vec::new();
    for (at, _) in SAMPLE.match_indices(';') {
        let ir = lowered(&[&SAMPLE[..at], &SAMPLE[at + 1..]].concat());
        kept.push(ir.entries.len());
    }
    let whole = kept.iter().filter(|entries| **entries + 1 >= clean).count();
    assert!(whole * 10 >= kept.len() * 7, "{clean} {kept:?}");
}

/// Repeats of short phrases are what breaks recursive parsers: they nest in ways that no guard expects.
#[test]
fn repeated_phrases_stay_within_stack_and_time() {
    let mut state = 1u32;
    let mut next = |limit: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % limit
    };
    let rounds = if cfg!(debug_assertions) { 400 } else { 4_000 };
    for _ in 0..rounds {
        let words: Vec<&str> = (0..1 + next(5)).map(|_| WORDS[next(WORDS.len())]).collect();
        let phrase = words.join(if next(3) == 0 { "" } else { " " }) + " ";
        let text = phrase.repeat(20_000 / phrase.len());
        let start = Instant::now();
        check(&text);
        assert!(start.elapsed() < Duration::from_secs(5), "{phrase:?} took {:?}", start.elapsed());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn token_soups_are_survived(words in prop::collection::vec(prop::sample::select(&WORDS[..]), 0..60), glue in prop::bool::ANY) {
        check(&words.join(if glue { "" } else { " " }));
    }

    #[test]
    fn any_characters_are_survived(text in "\\PC{0,200}") {
        check(&text);
    }

    #[test]
    fn inserted_words_are_survived(at in 0..SAMPLE.len(), word in prop::sample::select(&WORDS[..])) {
        if SAMPLE.is_char_boundary(at) {
            check(&[&SAMPLE[..at], word, &SAMPLE[at..]].concat());
        }
    }
}
