//! A look at the tokens before rnix parses them.
//!
//! rnix recurses without limit on lists, prefix operators and right-associative operators, drops its tree recursively, and is
//! quadratic on long words and on long chains. So one linear pass over the tokens measures how deep the tree would become, and refuses what
//! nobody writes by hand. Depth is overestimated where brackets do not match: a level is only left by its own closing token.
//!
//! The same pass collects what needs tokens and not a tree: directives, white space that Nix does not know, divisions that rnix takes for paths,
//! and the innermost bracket that is still open at the end.

use rnix::SyntaxKind;

use super::ir::{Directive, SyntaxError, SyntaxErrorKind};
use crate::source::Span;

/// Deepest nesting of brackets, functions, `let`s, interpolations, prefix operators …
const MAX_NESTING: u32 = 500;
/// Longest chain of operators, arguments or attribute names in one expression.
const MAX_CHAIN: u32 = 2_000;
/// Largest sum of the chains of all enclosing levels, which is the depth that the tree can reach.
const MAX_TOTAL: u32 = 10_000;
/// Longest run of word characters outside strings and comments, in bytes.
const MAX_RUN: usize = 2_048;
/// Most operators and dots in one run, because rnix scans to the end of the run at each of them.
const MAX_RUN_MARKS: usize = 64;

/// Most foreign white space that is reported.
const MAX_ERRORS: usize = 20;
/// Largest text that [`is_plain`] accepts. It cannot hold a chain of arguments that is too long.
const PLAIN_BYTES: usize = 4_000;
/// Most signs and keywords, of all that can make a tree deep, in a text that [`is_plain`] accepts.
const PLAIN_MARKS: u32 = 160;

/// What the pass over the tokens found.
#[derive(Default)]
pub(super) struct Survey {
    /// Upper bound for the depth of the tree.
    pub(super) depth: u32,
    /// Set when a limit was reached; the rest of the text was not looked at.
    pub(super) too_deep: Option<SyntaxError>,
    /// White space that is none in Nix.
    pub(super) errors: Vec<SyntaxError>,
    /// Comments that speak to routelint.
    pub(super) directives: Vec<Directive>,
    /// Offsets of `/` that divides although rnix takes it for a part of a path (`4/(2)`).
    pub(super) divisions: Vec<u32>,
    /// The innermost opening token without its closing one.
    pub(super) unclosed: Option<Span>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum LevelKind {
    File,
    Parenthesis,
    List,
    Brace,
    Let,
    Interpolation,
    String,
}

struct Level {
    kind: LevelKind,
    opener: Span,
    /// Constructs that nest to the right without a bracket.
    nest: u32,
    /// Operators, arguments and dots since the expression began.
    chain: u32,
    /// `with` and `assert` whose semicolon is still to come.
    pending: u32,
    /// Whether names of an `inherit` are being listed.
    inherit: bool,
}

impl Level {
    fn new(kind: LevelKind, opener: Span) -> Self {
        Self { kind, opener, nest: 0, chain: 0, pending: 0, inherit: false }
    }
}

struct Scan {
    levels: Vec<Level>,
    /// Levels that are not strings, plus the `nest` of all levels.
    nesting: u32,
    /// Sum of the chains of all levels.
    chains: u32,
    /// Length of the current run of prefix operators.
    prefixes: u32,
    previous: Previous,
}

/// What the token before ended or began.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Previous {
    Operand,
    Operator,
    BindingEnd,
}

/// Measures a text.
pub(super) fn survey(text: &str) -> Survey {
    let mut survey = Survey::default();
    let runs = long_runs(text);
    let mut runs = runs.iter().peekable();
    let mut scan = Scan {
        levels: vec![Level::new(LevelKind::File, Span::default())],
        nesting: 0,
        chains: 0,
        prefixes: 0,
        previous: Previous::Operator,
    };
    let mut offset = 0u32;
    for (kind, slice) in rnix::tokenize(text) {
        let span = Span::new(offset, offset.saturating_add(u32::try_from(slice.len()).unwrap_or(u32::MAX)));
        offset = span.end;
        match kind {
            SyntaxKind::TOKEN_WHITESPACE => foreign_white_space(slice, span, &mut survey.errors),
            SyntaxKind::TOKEN_COMMENT => survey.directives.extend(directive(text, slice, span)),
            _ => {
                while runs.next_if(|run| run.end <= span.start).is_some() {}
                let in_run = runs.peek().is_some_and(|run| run.start <= span.start);
                if in_run && kind != SyntaxKind::TOKEN_STRING_CONTENT {
                    let message = "this word is too long for Nix source, so the file was not read".to_owned();
                    survey.too_deep = Some(too_deep(span, message));
                    break;
                }
                if kind == SyntaxKind::TOKEN_ERROR && is_division(text, slice, span) {
                    survey.divisions.push(span.end - 1);
                }
                scan.token(kind, span);
                if let Some(message) = scan.exceeded() {
                    survey.too_deep = Some(too_deep(span, message));
                    break;
                }
                survey.depth = survey.depth.max(scan.nesting + scan.prefixes + scan.chains);
            }
        }
    }
    survey.unclosed = scan.levels.iter().rev().find(|level| level.kind != LevelKind::File).map(|level| level.opener);
    survey
}

/// Whether a text is small, cannot be deep and has nothing that only tokens tell, by a look at its bytes: then the pass over the tokens, which
/// takes a quarter of rnix's time, tells nothing new. It may say no without need.
pub(super) fn is_plain(text: &str) -> bool {
    if text.len() > PLAIN_BYTES || !text.is_ascii() || text.contains("routelint:") {
        return false;
    }
    let bytes = text.as_bytes();
    let mut marks = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let weight = WEIGHTS.get(*byte as usize).copied().unwrap_or(Weight::None);
        if weight == Weight::None {
            continue;
        }
        let next = bytes.get(at + 1).copied().unwrap_or(b' ');
        marks += match weight {
            Weight::Refused => return false,
            Weight::Slash if matches!(next, b'(' | b'"' | b'[' | b'{' | b'\'') => return false,
            Weight::Always | Weight::Slash => 1,
            Weight::Equals => u32::from(next == b'='),
            _ => u32::from(!next.is_ascii_alphanumeric()),
        };
    }
    marks <= PLAIN_MARKS
}

/// What a byte adds to the depth that a tree may have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Weight {
    None,
    /// A sign that makes a tree deeper.
    Always,
    /// `/`, which may also be a division that rnix takes for a path.
    Slash,
    /// `=`, which counts if it is doubled.
    Equals,
    /// The last letter of `let`, `assert`, `with`, `if` and `or`.
    WordEnd,
    /// White space that Nix does not know.
    Refused,
}

#[allow(clippy::indexing_slicing, reason = "a constant is computed by the compiler")]
const WEIGHTS: [Weight; 128] = {
    let mut weights = [Weight::None; 128];
    let mut byte = 0u8;
    while byte < 128 {
        weights[byte as usize] = match byte {
            0x0b | 0x0c => Weight::Refused,
            b'/' => Weight::Slash,
            b'=' => Weight::Equals,
            b'(' | b'[' | b'{' | b':' | b'.' | b'?' | b'!' | b'+' | b'-' | b'*' | b'<' | b'>' | b'&' | b'|' => {
                Weight::Always
            }
            b't' | b'h' | b'f' | b'r' => Weight::WordEnd,
            _ => Weight::None,
        };
        byte += 1;
    }
    weights
};

fn too_deep(span: Span, message: String) -> SyntaxError {
    SyntaxError::new(SyntaxErrorKind::TooDeep, span, message)
}

impl Scan {
    fn token(&mut self, kind: SyntaxKind, span: Span) {
        use SyntaxKind as K;
        match kind {
            K::TOKEN_L_PAREN => self.open(LevelKind::Parenthesis, span),
            K::TOKEN_L_BRACK => self.open(LevelKind::List, span),
            K::TOKEN_L_BRACE => self.open(LevelKind::Brace, span),
            K::TOKEN_STRING_START => self.open(LevelKind::String, span),
            K::TOKEN_INTERPOL_START => self.push(LevelKind::Interpolation, span),
            K::TOKEN_R_PAREN => self.close(LevelKind::Parenthesis),
            K::TOKEN_R_BRACK => self.close(LevelKind::List),
            K::TOKEN_R_BRACE => self.close(LevelKind::Brace),
            K::TOKEN_STRING_END => self.close(LevelKind::String),
            K::TOKEN_INTERPOL_END => self.close(LevelKind::Interpolation),
            K::TOKEN_LET => {
                self.push(LevelKind::Let, span);
                self.previous = Previous::BindingEnd;
            }
            K::TOKEN_IN => {
                if self.top_kind() == LevelKind::Let {
                    self.close(LevelKind::Let);
                    self.nest();
                }
                self.previous = Previous::Operator;
            }
            K::TOKEN_WITH | K::TOKEN_ASSERT => {
                self.nest();
                if let Some(level) = self.levels.last_mut() {
                    level.pending += 1;
                }
                self.previous = Previous::Operator;
            }
            K::TOKEN_IF | K::TOKEN_COLON => {
                self.nest();
                self.previous = Previous::Operator;
            }
            K::TOKEN_SEMICOLON => self.semicolon(),
            K::TOKEN_COMMA => {
                if self.previous == Previous::Operand && self.top_kind() == LevelKind::Brace {
                    self.end_expression(true);
                }
                self.previous = Previous::Operator;
            }
            K::TOKEN_INHERIT => {
                if self.previous == Previous::BindingEnd
                    && let Some(level) = self.levels.last_mut()
                {
                    level.inherit = matches!(level.kind, LevelKind::Brace | LevelKind::Let);
                }
                self.previous = Previous::Operand;
            }
            K::TOKEN_IDENT
            | K::TOKEN_CUR_POS
            | K::TOKEN_INTEGER
            | K::TOKEN_FLOAT
            | K::TOKEN_URI
            | K::TOKEN_PATH_ABS
            | K::TOKEN_PATH_HOME
            | K::TOKEN_PATH_REL
            | K::TOKEN_PATH_SEARCH => {
                self.operand();
                self.previous = Previous::Operand;
            }
            K::TOKEN_REC => {
                self.operand();
                self.previous = Previous::Operator;
            }
            K::TOKEN_STRING_CONTENT => {}
            K::TOKEN_SUB | K::TOKEN_INVERT => {
                if self.previous != Previous::Operand {
                    self.prefixes += 1;
                }
                self.link();
                self.previous = Previous::Operator;
            }
            K::TOKEN_THEN | K::TOKEN_ELSE | K::TOKEN_ASSIGN => self.previous = Previous::Operator,
            // Everything else is an operator, or counts as one because it is out of place.
            _ => {
                self.link();
                self.previous = Previous::Operator;
            }
        }
    }

    fn top_kind(&self) -> LevelKind {
        self.levels.last().map_or(LevelKind::File, |level| level.kind)
    }

    fn open(&mut self, kind: LevelKind, span: Span) {
        self.operand();
        self.push(kind, span);
    }

    fn push(&mut self, kind: LevelKind, span: Span) {
        self.levels.push(Level::new(kind, span));
        self.nesting += u32::from(kind != LevelKind::String);
        self.previous = if kind == LevelKind::Brace { Previous::BindingEnd } else { Previous::Operator };
    }

    fn close(&mut self, kind: LevelKind) {
        if self.top_kind() == kind
            && kind != LevelKind::File
            && let Some(level) = self.levels.pop()
        {
            self.nesting = self.nesting.saturating_sub(level.nest + u32::from(kind != LevelKind::String));
            self.chains = self.chains.saturating_sub(level.chain);
        }
        self.prefixes = 0;
        self.previous = Previous::Operand;
    }

    fn nest(&mut self) {
        self.nesting += 1;
        if let Some(level) = self.levels.last_mut() {
            level.nest += 1;
        }
    }

    fn link(&mut self) {
        self.chains += 1;
        if let Some(level) = self.levels.last_mut() {
            level.chain += 1;
        }
    }

    /// An operand begins: an argument if another operand came before it, or the next element of a list.
    fn operand(&mut self) {
        self.prefixes = 0;
        if self.previous == Previous::Operand {
            match self.levels.last() {
                Some(level) if level.kind == LevelKind::List => self.end_expression(false),
                Some(level) if level.inherit || level.kind == LevelKind::String => {}
                _ => self.link(),
            }
        }
    }

    /// A semicolon ends a binding or the head of a `with`; after an operator it ends nothing, because rnix skips it there.
    fn semicolon(&mut self) {
        if self.previous == Previous::Operand {
            let is_set = matches!(self.top_kind(), LevelKind::Brace | LevelKind::Let);
            let pending = self.levels.last().map_or(0, |level| level.pending);
            if pending > 0 {
                if let Some(level) = self.levels.last_mut() {
                    level.pending -= 1;
                }
                self.end_expression(false);
                self.previous = Previous::Operator;
            } else if is_set {
                self.end_expression(true);
                self.previous = Previous::BindingEnd;
            }
        } else {
            self.link();
            self.previous = Previous::Operator;
        }
        if let Some(level) = self.levels.last_mut() {
            level.inherit = false;
        }
    }

    fn end_expression(&mut self, with_nest: bool) {
        if let Some(level) = self.levels.last_mut() {
            self.chains = self.chains.saturating_sub(level.chain);
            level.chain = 0;
            if with_nest {
                self.nesting = self.nesting.saturating_sub(level.nest);
                level.nest = 0;
            }
        }
    }

    fn exceeded(&self) -> Option<String> {
        let chain = self.levels.last().map_or(0, |level| level.chain);
        if self.nesting + self.prefixes > MAX_NESTING {
            Some(format!("nested more than {MAX_NESTING} levels deep here, so the file was not read"))
        } else if chain > MAX_CHAIN || self.chains > MAX_TOTAL {
            Some(format!(
                "more than {MAX_CHAIN} operators, arguments or names in one expression, so the file was not read"
            ))
        } else {
            None
        }
    }
}

/// A run of word characters that may only stand in a string or a comment.
struct Run {
    start: u32,
    end: u32,
}

fn long_runs(text: &str) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut start = 0;
    let mut marks = 0;
    let mut close = |start: usize, end: usize, marks: usize| {
        if (end - start > MAX_RUN || marks > MAX_RUN_MARKS)
            && let (Ok(start), Ok(end)) = (u32::try_from(start), u32::try_from(end))
        {
            runs.push(Run { start, end });
        }
    };
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'/' => {}
            b'.' | b'+' | b'-' | b'<' => marks += 1,
            _ => {
                close(start, index, marks);
                start = index + 1;
                marks = 0;
            }
        }
    }
    close(start, text.len(), marks);
    runs
}

/// `4/` of `4/(2)`: rnix expects a path after a slash that follows a word, Nix only when the slash has a word on both sides.
fn is_division(text: &str, slice: &str, span: Span) -> bool {
    let next = text.as_bytes().get(span.end as usize).copied();
    slice.len() > 1
        && slice.ends_with('/')
        && slice.bytes().filter(|byte| *byte == b'/').count() == 1
        && next.is_some_and(|byte| matches!(byte, b'(' | b'"' | b'[' | b'{' | b'\''))
}

fn foreign_white_space(slice: &str, span: Span, errors: &mut Vec<SyntaxError>) {
    if slice.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')) {
        return;
    }
    for (position, character) in slice.char_indices() {
        if !matches!(character, ' ' | '\t' | '\r' | '\n') && errors.len() < MAX_ERRORS {
            let start = span.start.saturating_add(u32::try_from(position).unwrap_or(0));
            let length = u32::try_from(character.len_utf8()).unwrap_or(1);
            let code = u32::from(character);
            errors.push(SyntaxError::new(
                SyntaxErrorKind::Grammar,
                Span::new(start, start.saturating_add(length)),
                format!("the character U+{code:04X} is not white space in Nix; replace it by a plain space"),
            ));
        }
    }
}

fn directive(text: &str, slice: &str, span: Span) -> Option<Directive> {
    let said = slice.strip_prefix('#')?.trim_start().strip_prefix("routelint:")?;
    let before = text.get(..span.start as usize)?;
    let line_start = before.rfind('\n').map_or(0, |feed| feed + 1);
    let code = before.get(line_start..)?.trim_end();
    let comment_end = span.start as usize + slice.trim_end().len();
    let removal = if code.is_empty() {
        let line_end =
            text.get(span.end as usize..)?.find('\n').map_or(text.len(), |feed| span.end as usize + feed + 1);
        line_start..line_end
    } else {
        line_start + code.len()..span.start as usize + slice.trim_end_matches('\r').len()
    };
    let offset = |offset: usize| u32::try_from(offset).ok();
    Some(Directive {
        span: Span::new(span.start, offset(comment_end)?),
        removal: Span::new(offset(removal.start)?, offset(removal.end)?),
        text: said.trim().to_owned(),
        own_line: code.is_empty(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_nobody_writes_and_says_where() {
        let let_chain = "let a = 1; in ".repeat(600);
        let with_chain = "with x; ".repeat(600);
        for (what, text) in [
            ("lists", "[".repeat(600)),
            ("parentheses", "(".repeat(600)),
            ("sets", "{ a = ".repeat(600)),
            ("lambdas", "x: ".repeat(600)),
            ("formals", "{ a }: ".repeat(600)),
            ("lets", let_chain),
            ("withs", with_chain),
            ("ifs", "if a then b else ".repeat(600)),
            ("negations", "- ".repeat(600)),
            ("nots", "!".repeat(600)),
            ("interpolations", "\"${".repeat(600)),
            ("arguments", "a ".repeat(3_000)),
            ("sums", "a + ".repeat(3_000)),
            ("concatenations", "a ++ ".repeat(3_000)),
            ("selections", "a . ".repeat(3_000)),
            ("defaults", "a.b or ".repeat(3_000)),
            ("questions", "a ? ".repeat(3_000)),
            ("pipes", "a |> ".repeat(3_000)),
            ("dots", "a.".repeat(300)),
            ("numbers", "1.".repeat(300)),
            ("signs", "-.".repeat(300)),
            ("angles", "<".repeat(300)),
            ("word", "a".repeat(3_000)),
            ("mismatched", "[)".repeat(600)),
            ("skipped semicolons", "1 - ; ".repeat(3_000)),
        ] {
            let error = survey(&text).too_deep;
            assert!(error.is_some_and(|error| error.span.start > 0 || what == "word" || what.len() < 8), "{what}");
        }
    }

    #[test]
    fn long_but_flat_text_is_fine() {
        let list = format!("[ {} ]", "a ".repeat(100_000));
        let strings = format!("[ {} ]", "\"x${y}\" ".repeat(20_000));
        let set = format!("{{ {} }}", "a.b = f x; ".repeat(100_000));
        let inherit = format!("{{ inherit (x) {}; }}", "a ".repeat(100_000));
        let bindings = format!("let {} in 1", "a = x: y: -x; ".repeat(20_000));
        let formals = format!("{{ {} }}: 1", "a ? 1, ".repeat(20_000));
        let blob = format!("\"{}\"", "QUJD".repeat(100_000));
        let ruler = format!("# {}\n1 /* {} */", "-.".repeat(5_000), "x".repeat(5_000));
        let withs = format!("{{ {} }}", "a = with x; with y; z; ".repeat(20_000));
        for text in [list, strings, set, inherit, bindings, formals, blob, ruler, withs] {
            let found = survey(&text);
            assert_eq!(found.too_deep, None, "{}", text.chars().take(40).collect::<String>());
            assert!(found.depth < 10, "{} {}", found.depth, text.chars().take(40).collect::<String>());
        }
    }

    #[test]
    fn directives_know_whether_they_stand_alone() {
        let found = survey(
            "{ a = 1; # routelint: allow(x) why\n  #routelint: allow-file(y)\n  # other\n s = \"# routelint: no\"; }",
        );
        let said: Vec<_> = found.directives.iter().map(|said| (said.text.as_str(), said.own_line)).collect();
        assert_eq!(said, [("allow(x) why", false), ("allow-file(y)", true)]);
    }

    #[test]
    fn a_directive_goes_with_its_line_or_with_the_blanks_before_it() {
        for (text, left) in [
            ("{\n  # routelint: allow(x)\n  a = 1;\n}\n", "{\n  a = 1;\n}\n"),
            ("{\n  a = 1;  # routelint: allow(x) \n}\n", "{\n  a = 1;\n}\n"),
            ("{\r\n  # routelint: allow(x)\r\n  a = 1; # routelint: allow(y)\r\n}", "{\r\n  a = 1;\r\n}"),
            ("# routelint: allow(x)", ""),
            ("1\n# routelint: allow(x)", "1\n"),
        ] {
            let mut text = text.to_owned();
            for said in survey(&text).directives.into_iter().rev() {
                let span = said.span.start as usize..said.span.end as usize;
                assert!(!text.get(span).unwrap().ends_with(char::is_whitespace));
                text.replace_range(said.removal.start as usize..said.removal.end as usize, "");
            }
            assert_eq!(text, left);
        }
    }

    #[test]
    fn only_harmless_texts_are_plain() {
        assert!(is_plain("{ config, ... }: { a.b = [ 1 2 ]; c = \"x/y\"; }"));
        for text in [
            "# routelint: x\n1",
            "1\u{a0}",
            "a/(b)",
            "1\u{c}",
            &"(".repeat(161),
            &"a ".repeat(2_001),
            &"if ".repeat(161),
        ] {
            assert!(!is_plain(text), "{text}");
        }
    }

    #[test]
    fn foreign_white_space_and_divisions_are_seen() {
        assert_eq!(survey("1\u{a0}+ 2").errors.len(), 1);
        assert_eq!(survey("\"\u{a0}\" # \u{a0}").errors.len(), 0);
        assert_eq!(survey("a/(b) + c.d/[ ] + ./x/y + a/b").divisions, [1, 11]);
    }
}
