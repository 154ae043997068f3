//! Changes to a text along the tokens of Nix, so that most of what comes out still parses.
//!
//! A *piece* is a token, or everything from an opening bracket to its closing one. Pieces are removed, doubled, put in each other's
//! place, wrapped into an expression, or replaced by a word of the language or by a call of a function that routelint knows.

use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use libfuzzer_sys::fuzzer_mutate;
use rnix::SyntaxKind;
use routelint::eval::Limits;
use routelint::fleet::new_evaluator;
use routelint::source::{Access, Sources};

/// Longest text that is taken apart.
const LONGEST: usize = 16 << 10;

/// Expressions, bindings and other phrases that may stand for a piece.
const PHRASES: &[&str] = &[
    "1",
    "0",
    "-1",
    "9223372036854775807",
    "1.5",
    "1.0e308",
    "\"\"",
    "\"a\"",
    "''\n  a\n''",
    "null",
    "true",
    "false",
    "[ ]",
    "{ }",
    "[ 1 2 ]",
    "{ a = 1; }",
    "rec { a = 1; b = a; }",
    "(x: x)",
    "({ a ? 1, ... }@args: args)",
    "./a",
    "<nixpkgs/lib>",
    "lib",
    "builtins",
    "config",
    "pkgs",
    "pkgs.hello",
    "import ./guest.nix",
    "(throw \"t\")",
    "(abort \"a\")",
    "a.b or 1",
    "__curPos",
    "lib.mkForce",
    "lib.mkIf true",
    "lib.mkIf pkgs.x",
    "lib.mkMerge [ 1 ]",
    "lib.mkDefault",
    "lib.mkBefore",
    "lib.mkOption { }",
    "lib.types.str",
    "lib.types.int",
    "(lib.types.listOf lib.types.int)",
    "(lib.types.submodule { })",
    "lib.types.anything",
    "(lib.types.attrsOf lib.types.raw)",
    "inherit a;",
    "inherit (lib) a;",
    "a = 1;",
    "a.b = 1;",
    "${a} = 1;",
    "imports = [ ];",
    "options.a = lib.mkOption { };",
    "config = { };",
    "microvm.interfaces = [ ];",
    "microvm.vms.web.config = { };",
    "systemd.network.networks.\"10-eth\" = { };",
    "networking.nat.enable = true;",
    "\"10.0.0.5/32\"",
    "\"fd00::5/128\"",
    "\"02:00:00:00:00:05\"",
    "id = \"vm5\";",
    "index = 5;",
    "(toString 5)",
    "(lib.fixedWidthString 2 \"0\" (lib.toHexString 255))",
    "# routelint: allow(duplicate-mac) reason\n",
    "or",
    "+",
    "-",
    "*",
    "/",
    "++",
    "//",
    "==",
    "!=",
    "<",
    "&&",
    "||",
    "->",
    "?",
    ".",
    ":",
    "@",
    ",",
    ";",
    "|>",
    "<|",
    "let",
    "in",
    "with",
    "rec",
    "if",
    "then",
    "else",
    "assert",
    "inherit",
    "...",
    "=",
];

/// Where a piece is put into.
const FRAMES: &[(&str, &str)] = &[
    ("(", ")"),
    ("[ ", " ]"),
    ("{ a = ", "; }"),
    ("let x = ", "; in x"),
    ("(x: ", ")"),
    ("(", ") 1"),
    ("(x: x) (", ")"),
    ("-(", ")"),
    ("!(", ")"),
    ("\"${", "}\""),
    ("''${", "}''"),
    ("if ", " then 1 else 2"),
    ("if true then ", " else 2"),
    ("with ", "; a"),
    ("assert true; ", ""),
    ("(", ").a or 1"),
    ("(", " ? a)"),
    ("lib.mkForce (", ")"),
    ("lib.mkIf pkgs.x (", ")"),
    ("lib.mkMerge [ ", " ]"),
    ("map (x: x) ", ""),
    ("builtins.seq (", ") 1"),
    ("builtins.tryEval (", ")"),
    ("toString (", ")"),
    ("rec { a = ", "; b = a; }"),
    ("{ ${", "} = 1; }"),
    ("./a/${", "}"),
];

/// Changes the text in `data[..size]` and returns its new length, at most `max_size`.
pub fn mutate(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let mut chance = Chance(u64::from(seed) << 1 | 1);
    let text = std::str::from_utf8(data.get(..size).unwrap_or_default()).ok().filter(|text| text.len() <= LONGEST);
    let Some(text) = text.filter(|_| chance.below(10) < 7) else { return fuzzer_mutate(data, size, max_size) };
    let mut changed = text.to_owned();
    for _ in 0..1 + chance.below(3) {
        changed = change(&changed, &mut chance);
    }
    let length = changed.floor_char_boundary(max_size.min(data.len()));
    if changed == text || length == 0 {
        return fuzzer_mutate(data, size, max_size);
    }
    data[..length].copy_from_slice(&changed.as_bytes()[..length]);
    length
}

fn change(text: &str, chance: &mut Chance) -> String {
    let pieces = pieces(text);
    let Some(piece) = chance.of(&pieces).cloned() else {
        return chance.of(PHRASES).copied().unwrap_or_default().to_owned();
    };
    let old = &text[piece.clone()];
    let new = match chance.below(9) {
        0 => String::new(),
        1 => format!("{old} {old}"),
        2 | 3 => chance.of(&pieces).map(|other| text[other.clone()].to_owned()).unwrap_or_default(),
        4 => chance.of(FRAMES).map(|(open, close)| format!("{open}{old}{close}")).unwrap_or_default(),
        5 => chance.of(PHRASES).map(|phrase| format!("{old} {phrase}")).unwrap_or_default(),
        6 => call(chance, Some(old)),
        7 => call(chance, None),
        _ => chance.of(PHRASES).copied().unwrap_or_default().to_owned(),
    };
    format!("{}{new}{}", &text[..piece.start], &text[piece.end..])
}

/// A call of a known function with a few arguments.
fn call(chance: &mut Chance, argument: Option<&str>) -> String {
    let Some(name) = chance.of(functions()).cloned() else { return String::new() };
    let mut arguments: Vec<&str> = (0..chance.below(3)).filter_map(|_| chance.of(PHRASES).copied()).collect();
    arguments.extend(argument);
    format!("({name} {})", arguments.join(" "))
}

/// `builtins.NAME` and `lib.NAME` for all that routelint has.
fn functions() -> &'static [String] {
    static FUNCTIONS: OnceLock<Vec<String>> = OnceLock::new();
    FUNCTIONS.get_or_init(|| {
        let sources = Arc::new(Sources::new(Access::below(Vec::new())));
        let mut ev = new_evaluator(&sources, Limits::untrusted());
        let mut names = Vec::new();
        for set in [
            "builtins",
            "lib",
            "lib.types",
            "lib.strings",
            "lib.lists",
            "lib.attrsets",
            "lib.generators",
            "lib.network",
        ] {
            let list = format!("builtins.concatStringsSep \" \" (builtins.attrNames {set})");
            if let Ok(value) = ev.eval_text("names", &list, Path::new("/")) {
                let printed = ev.print(value);
                names.extend(printed.trim_matches('"').split(' ').map(|name| format!("{set}.{name}")));
            }
        }
        names
    })
}

/// The pieces of a text: tokens other than white space, and bracketed ranges.
fn pieces(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut open = Vec::new();
    let mut at = 0;
    for (kind, token) in rnix::tokenize(text) {
        let range = at..at + token.len();
        at = range.end;
        match kind {
            SyntaxKind::TOKEN_WHITESPACE => continue,
            SyntaxKind::TOKEN_L_PAREN
            | SyntaxKind::TOKEN_L_BRACE
            | SyntaxKind::TOKEN_L_BRACK
            | SyntaxKind::TOKEN_INTERPOL_START
            | SyntaxKind::TOKEN_STRING_START => open.push(range.start),
            SyntaxKind::TOKEN_R_PAREN
            | SyntaxKind::TOKEN_R_BRACE
            | SyntaxKind::TOKEN_R_BRACK
            | SyntaxKind::TOKEN_INTERPOL_END
            | SyntaxKind::TOKEN_STRING_END => found.extend(open.pop().map(|start| start..range.end)),
            _ => {}
        }
        found.push(range);
    }
    found
}

/// A source of choices that a seed decides (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 16) % limit.max(1) as u64).unwrap_or(0)
    }

    fn of<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        choices.get(self.below(choices.len()))
    }
}
