//! Laws of evaluation, on expressions made at random: how a value is asked for, and how the text is laid out, decides nothing.

use std::path::Path;

use proptest::prelude::*;

use super::testing::{check, eval_to_text, evaluator};
use crate::heap::View;

/// An expression whose layout is still open.
#[derive(Clone, Debug)]
enum Written {
    Word(String),
    List(Vec<Written>),
    /// Names, of which none comes twice, and whether they see each other.
    Set(Vec<(&'static str, Written)>, bool),
    Let(Vec<(&'static str, Written)>, Box<Written>),
    Call(&'static str, Vec<Written>),
    Lambda(&'static str, Box<Written>, Box<Written>),
    Operator(Box<Written>, &'static str, Box<Written>),
    If(Box<Written>, Box<Written>, Box<Written>),
    Select(Box<Written>, &'static str, Box<Written>),
    With(Box<Written>, Box<Written>),
}

const NAMES: [&str; 4] = ["a", "b", "c", "d"];
/// Operators that are laid out with parentheses on both sides, so that precedence does not matter.
const OPERATORS: [&str; 9] = ["+", "-", "*", "==", "!=", "++", "//", "&&", "<"];
const FUNCTIONS: [(&str, usize); 12] = [
    ("builtins.length", 1),
    ("builtins.attrNames", 1),
    ("builtins.attrValues", 1),
    ("builtins.toJSON", 1),
    ("builtins.isList", 1),
    ("builtins.typeOf", 1),
    ("builtins.tryEval", 1),
    ("builtins.concatLists", 1),
    ("builtins.elem", 2),
    ("builtins.seq", 2),
    ("builtins.intersectAttrs", 2),
    ("map (x: [ x ])", 1),
];

fn bindings(value: impl Strategy<Value = Written>) -> impl Strategy<Value = Vec<(&'static str, Written)>> {
    let names = prop::sample::subsequence(NAMES.to_vec(), 0..=NAMES.len());
    (names, prop::collection::vec(value, NAMES.len()))
        .prop_map(|(names, values)| names.into_iter().zip(values).collect())
}

fn expression() -> impl Strategy<Value = Written> {
    let words = [
        "1",
        "2",
        "(-7)",
        "0.5",
        "true",
        "null",
        "\"a\"",
        "''\n  b\n c''",
        "\"x${\"y\"}\"",
        "a",
        "b",
        "c",
        "d",
        "(throw \"t\")",
        "[ ]",
        "{ }",
    ];
    let word = prop::sample::select(words.to_vec()).prop_map(|word| Written::Word(word.to_owned()));
    word.prop_recursive(5, 40, 4, |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Written::List),
            (bindings(inner.clone()), any::<bool>()).prop_map(|(bindings, sees)| Written::Set(bindings, sees)),
            (bindings(inner.clone()), boxed.clone()).prop_map(|(bindings, body)| Written::Let(bindings, body)),
            (prop::sample::select(FUNCTIONS.to_vec()), inner.clone(), inner.clone()).prop_map(
                |((name, arity), one, two)| Written::Call(name, [one, two].into_iter().take(arity).collect())
            ),
            (prop::sample::select(NAMES.to_vec()), boxed.clone(), boxed.clone())
                .prop_map(|(name, body, argument)| Written::Lambda(name, body, argument)),
            (boxed.clone(), prop::sample::select(OPERATORS.to_vec()), boxed.clone())
                .prop_map(|(left, operator, right)| Written::Operator(left, operator, right)),
            (boxed.clone(), boxed.clone(), boxed.clone()).prop_map(|(one, two, three)| Written::If(one, two, three)),
            (boxed.clone(), prop::sample::select(NAMES.to_vec()), boxed.clone())
                .prop_map(|(base, name, other)| Written::Select(base, name, other)),
            (boxed.clone(), boxed).prop_map(|(namespace, body)| Written::With(namespace, body)),
        ]
    })
}

/// How a text is laid out: what stands between tokens, in which order bindings stand, and what is put in parentheses without need.
struct Layout {
    gaps: &'static [&'static str],
    turns_bindings: bool,
    adds_parentheses: bool,
    written: usize,
}

impl Layout {
    const PLAIN: Self = Self { gaps: &[" "], turns_bindings: false, adds_parentheses: false, written: 0 };
    const ODD: Self = Self {
        gaps: &["\n", " /* } */ ", "\t", " # in\n", "\r\n  ", "/**/ "],
        turns_bindings: true,
        adds_parentheses: true,
        written: 0,
    };

    fn gap(&mut self) -> &'static str {
        self.written += 1;
        self.gaps[self.written % self.gaps.len()]
    }

    fn join(&mut self, tokens: &[&str]) -> String {
        tokens.iter().map(|token| format!("{token}{}", self.gap())).collect()
    }

    fn bindings(&mut self, bindings: &[(&str, Written)]) -> String {
        let mut texts: Vec<String> = bindings
            .iter()
            .map(|(name, value)| {
                let value = self.text(value);
                self.join(&[name, "=", &value, ";"])
            })
            .collect();
        if self.turns_bindings {
            texts.reverse();
        }
        texts.concat()
    }

    /// The expression, in parentheses unless it is one word.
    fn text(&mut self, written: &Written) -> String {
        let inner = match written {
            Written::Word(word) if self.adds_parentheses => self.join(&["(", word, ")"]),
            Written::Word(word) => return word.clone(),
            Written::List(items) => {
                let items: Vec<String> = items.iter().map(|item| self.text(item)).collect();
                let items = self.join(&items.iter().map(String::as_str).collect::<Vec<_>>());
                self.join(&["[", &items, "]"])
            }
            Written::Set(bindings, sees) => {
                let bindings = self.bindings(bindings);
                self.join(&[if *sees { "rec {" } else { "{" }, &bindings, "}"])
            }
            Written::Let(bindings, body) => {
                let (bindings, body) = (self.bindings(bindings), self.text(body));
                self.join(&["let", &bindings, "in", &body])
            }
            Written::Call(function, arguments) => {
                let arguments: Vec<String> = arguments.iter().map(|argument| self.text(argument)).collect();
                let arguments = self.join(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
                self.join(&[function, &arguments])
            }
            Written::Lambda(name, body, argument) => {
                let (body, argument) = (self.text(body), self.text(argument));
                self.join(&["(", name, ":", &body, ")", &argument])
            }
            Written::Operator(left, operator, right) => {
                let (left, right) = (self.text(left), self.text(right));
                self.join(&[&left, operator, &right])
            }
            Written::If(one, two, three) => {
                let (one, two, three) = (self.text(one), self.text(two), self.text(three));
                self.join(&["if", &one, "then", &two, "else", &three])
            }
            Written::Select(base, name, other) => {
                let (base, other) = (self.text(base), self.text(other));
                self.join(&[&base, ".", name, "or", &other])
            }
            Written::With(namespace, body) => {
                let (namespace, body) = (self.text(namespace), self.text(body));
                self.join(&["with", &namespace, ";", &body])
            }
        };
        if self.adds_parentheses { self.join(&["((", &inner, "))"]) } else { format!("({inner})") }
    }
}

/// An expression in which every name means something.
fn whole(written: &Written, mut layout: Layout) -> String {
    let text = layout.text(written);
    format!("let a = 1; b = [ 2 \"s\" ]; c = {{ a = 3; b.c = null; }}; d = true; in {text}")
}

/// The value as text, or that there is none: which of two errors is found first, the order of bindings may decide.
fn answer(text: &str) -> String {
    let answer = eval_to_text(text);
    if answer.starts_with("error") { "error".to_owned() } else { answer }
}

/// A printed value as an expression: Nix prints negative numbers in lists as it does not read them.
fn readable(printed: &str) -> String {
    let words = printed.split(' ').map(|word| match word.strip_suffix(';') {
        _ if !word.starts_with('-') => word.to_owned(),
        Some(number) => format!("({number});"),
        None => format!("({word})"),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Evaluates one part of a value after the other, each from scratch, as someone who looks at one attribute only; the text of the whole.
fn part_by_part(text: &str) -> Result<String, String> {
    let mut evaluator = evaluator();
    let value = evaluator.eval_text("test", text, Path::new("/project")).map_err(|_| "error".to_owned())?;
    let parts: Vec<(String, String)> = match value.view() {
        View::List(list) => {
            (0..list.len).map(|index| (format!("builtins.elemAt ({text}) {index}"), String::new())).collect()
        }
        View::Attrs(set) => {
            let entries = evaluator.heap.entries(set);
            let names = entries.iter().map(|(name, ..)| evaluator.heap.name(*name).to_owned());
            names.map(|name| (format!("({text}).{name}"), format!("{name} = "))).collect()
        }
        _ => return Ok(evaluator.print(value)),
    };
    let is_list = matches!(value.view(), View::List(_));
    let mut whole = if is_list { "[ " } else { "{ " }.to_owned();
    for (part, name) in parts {
        whole += &name;
        whole += &part_by_part(&part)?;
        whole += if is_list { " " } else { "; " };
    }
    Ok(whole + if is_list { "]" } else { "}" })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 250, rng_seed: prop::test_runner::RngSeed::Fixed(26), ..ProptestConfig::default() })]

    #[test]
    fn layout_changes_no_value(written in expression()) {
        prop_assert_eq!(answer(&whole(&written, Layout::ODD)), answer(&whole(&written, Layout::PLAIN)));
    }

    #[test]
    fn a_printed_value_is_the_value(written in expression()) {
        let printed = answer(&whole(&written, Layout::PLAIN));
        if printed != "error" && !printed.contains('«') {
            prop_assert_eq!(answer(&readable(&printed)), printed);
        }
    }

    #[test]
    fn parts_evaluated_alone_are_the_parts_of_the_whole(written in expression()) {
        let text = whole(&written, Layout::PLAIN);
        let whole = answer(&text);
        if !whole.contains('«') {
            let thread = std::thread::Builder::new().stack_size(256 << 20).spawn(move || part_by_part(&text));
            let parts = thread.unwrap().join().unwrap();
            prop_assert_eq!(parts.unwrap_or_else(|error| error), whole);
        }
    }

    #[test]
    fn what_is_not_looked_at_is_not_evaluated(written in expression()) {
        let text = whole(&written, Layout::PLAIN);
        let lazy = format!("let value = {text}; in (x: y: x) 1 value");
        prop_assert_eq!(answer(&lazy), "1");
    }
}

#[test]
fn identity_does_not_hide_failures() {
    check(&[
        ("let x = [ (throw \"inside\") ]; in x == x", "error: inside"),
        ("let x = { a = throw \"inside\"; }; in x == x", "error: inside"),
        ("let f = x: x; x = { inherit f; }; in x == x", "true"),
    ]);
}

#[test]
fn operators_are_calls_of_what_bears_their_names() {
    check(&[
        ("let __sub = a: b: [ a b ]; in [ (3 - 1) (-4) ]", "[ [ 3 1 ] [ 0 4 ] ]"),
        ("let __lessThan = a: b: a; in [ (1 < 2) (1 > 2) ]", "[ 1 2 ]"),
        ("with { __sub = 1; }; 3 - 1", "2"),
    ]);
}

#[test]
fn paths_begin_with_what_is_written() {
    check(&[("./.${\"x\"}", "/projectx"), ("./${\"x\"}/../y", "/project/y"), ("/a/${./b}", "/a/project/b")]);
}
