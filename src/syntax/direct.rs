//! Reading the tree of a well-formed text straight from its tokens.
//!
//! The grammar is that of Nix (src/libexpr/parser.y), read top-down with precedence climbing; kinds and structure of the nodes are
//! those of rnix, so that whatever works on the tree cannot tell the two apart. Nothing here goes on after an error: at the first token
//! that does not fit, and at what rnix reads in a way of its own (pipe operators), there is no tree, and rnix has the word.

use rnix::SyntaxKind::{self, *};

use super::tokens::tokens;
use super::tree::{Builder, Tree};
use crate::source::Span;

/// The tree of a text, if nothing is wrong with it. The text must have passed the guards: reading recurses as deep as it nests.
pub(super) fn read(text: &str) -> Option<Tree<'_>> {
    let mut reader = Reader { tokens: tokens(text)?, at: 0, builder: Builder::new(text, text.len() / 2 + 16), text };
    let mark = reader.builder.mark();
    reader.expression()?;
    if reader.peek().is_some() {
        return None;
    }
    reader.builder.node(NODE_ROOT, mark);
    reader.builder.finish()
}

/// How tightly operators bind, weakest first (the `%left`, `%right` and `%nonassoc` lines of parser.y).
mod power {
    pub(super) const ANY: u8 = 0;
    pub(super) const NOT: u8 = 7;
    pub(super) const HAS_ATTRIBUTE: u8 = 11;
    pub(super) const NEGATE: u8 = 12;
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
    Neither,
}

fn binary(kind: SyntaxKind) -> Option<(u8, Side)> {
    Some(match kind {
        TOKEN_IMPLICATION => (1, Side::Right),
        TOKEN_OR_OR => (2, Side::Left),
        TOKEN_AND_AND => (3, Side::Left),
        TOKEN_EQUAL | TOKEN_NOT_EQUAL => (4, Side::Neither),
        TOKEN_LESS | TOKEN_LESS_OR_EQ | TOKEN_MORE | TOKEN_MORE_OR_EQ => (5, Side::Neither),
        TOKEN_UPDATE => (6, Side::Right),
        TOKEN_ADD | TOKEN_SUB => (8, Side::Left),
        TOKEN_MUL | TOKEN_DIV => (9, Side::Left),
        TOKEN_CONCAT => (10, Side::Right),
        _ => return None,
    })
}

struct Reader<'t> {
    text: &'t str,
    tokens: Vec<(SyntaxKind, Span)>,
    at: usize,
    builder: Builder<'t>,
}

impl Reader<'_> {
    fn ahead(&self, distance: usize) -> Option<SyntaxKind> {
        self.tokens.get(self.at + distance).map(|(kind, _)| *kind)
    }

    fn peek(&self) -> Option<SyntaxKind> {
        self.ahead(0)
    }

    /// Takes the next token, as another kind if the grammar says so.
    fn take_as(&mut self, kind: SyntaxKind) -> Option<()> {
        let (_, span) = *self.tokens.get(self.at)?;
        self.builder.token(kind, span);
        self.at += 1;
        Some(())
    }

    fn take(&mut self) -> Option<()> {
        self.take_as(self.peek()?)
    }

    fn expect(&mut self, kind: SyntaxKind) -> Option<()> {
        if self.peek() == Some(kind) { self.take() } else { None }
    }

    /// Whether the next token stands directly behind the one before it.
    fn is_joined(&self) -> bool {
        let end = self.at.checked_sub(1).and_then(|before| self.tokens.get(before)).map(|(_, span)| span.end);
        end.is_some() && end == self.tokens.get(self.at).map(|(_, span)| span.start)
    }

    fn expression(&mut self) -> Option<()> {
        let mark = self.builder.mark();
        match self.peek()? {
            TOKEN_LET if self.ahead(1) != Some(TOKEN_L_BRACE) => {
                self.take()?;
                self.bindings(TOKEN_IN)?;
                self.expression()?;
                self.builder.node(NODE_LET_IN, mark);
            }
            TOKEN_WITH => self.guarded(NODE_WITH, mark)?,
            TOKEN_ASSERT => self.guarded(NODE_ASSERT, mark)?,
            TOKEN_IF => {
                self.take()?;
                self.expression()?;
                self.expect(TOKEN_THEN)?;
                self.expression()?;
                self.expect(TOKEN_ELSE)?;
                self.expression()?;
                self.builder.node(NODE_IF_ELSE, mark);
            }
            TOKEN_IDENT if matches!(self.ahead(1), Some(TOKEN_COLON | TOKEN_AT)) => self.function(mark)?,
            TOKEN_L_BRACE if self.is_pattern() => self.function(mark)?,
            _ => self.operation(power::ANY)?,
        }
        Some(())
    }

    /// `with a; b` and `assert a; b`
    fn guarded(&mut self, kind: SyntaxKind, mark: usize) -> Option<()> {
        self.take()?;
        self.expression()?;
        self.expect(TOKEN_SEMICOLON)?;
        self.expression()?;
        self.builder.node(kind, mark);
        Some(())
    }

    /// Whether an opening brace starts the formals of a function.
    fn is_pattern(&self) -> bool {
        matches!(
            (self.ahead(1), self.ahead(2)),
            (Some(TOKEN_IDENT), Some(TOKEN_COMMA | TOKEN_QUESTION | TOKEN_R_BRACE))
                | (Some(TOKEN_ELLIPSIS), Some(TOKEN_R_BRACE))
                | (Some(TOKEN_R_BRACE), Some(TOKEN_COLON | TOKEN_AT))
        )
    }

    fn function(&mut self, mark: usize) -> Option<()> {
        if self.peek() == Some(TOKEN_L_BRACE) {
            self.formals()?;
            if self.peek() == Some(TOKEN_AT) {
                let bind = self.builder.mark();
                self.take()?;
                self.name()?;
                self.builder.node(NODE_PAT_BIND, bind);
            }
            self.builder.node(NODE_PATTERN, mark);
        } else {
            self.name()?;
            if self.peek() == Some(TOKEN_AT) {
                self.take()?;
                self.builder.node(NODE_PAT_BIND, mark);
                self.formals()?;
                self.builder.node(NODE_PATTERN, mark);
            } else {
                self.builder.node(NODE_IDENT_PARAM, mark);
            }
        }
        self.expect(TOKEN_COLON)?;
        self.expression()?;
        self.builder.node(NODE_LAMBDA, mark);
        Some(())
    }

    /// `{ a, b ? c, ... }`
    fn formals(&mut self) -> Option<()> {
        self.expect(TOKEN_L_BRACE)?;
        loop {
            match self.peek()? {
                TOKEN_R_BRACE => return self.take(),
                TOKEN_ELLIPSIS => {
                    self.take()?;
                    return self.expect(TOKEN_R_BRACE);
                }
                _ => {
                    let mark = self.builder.mark();
                    self.name()?;
                    if self.peek() == Some(TOKEN_QUESTION) {
                        self.take()?;
                        self.expression()?;
                    }
                    self.builder.node(NODE_PAT_ENTRY, mark);
                    if self.peek() != Some(TOKEN_COMMA) {
                        return self.expect(TOKEN_R_BRACE);
                    }
                    self.take()?;
                }
            }
        }
    }

    /// A name alone, as a parameter or variable.
    fn name(&mut self) -> Option<()> {
        let mark = self.builder.mark();
        self.expect(TOKEN_IDENT)?;
        self.builder.node(NODE_IDENT, mark);
        Some(())
    }

    /// Operators that bind at least as tightly as `least`, and their operands.
    fn operation(&mut self, least: u8) -> Option<()> {
        let mark = self.builder.mark();
        match self.peek()? {
            TOKEN_SUB => {
                self.take()?;
                self.operation(power::NEGATE)?;
                self.builder.node(NODE_UNARY_OP, mark);
            }
            TOKEN_INVERT => {
                self.take()?;
                self.operation(power::NOT)?;
                self.builder.node(NODE_UNARY_OP, mark);
            }
            _ => self.application()?,
        }
        // After an operator that does not associate, its own strength is out of bounds.
        let mut most = u8::MAX;
        while let Some(kind) = self.peek() {
            if kind == TOKEN_QUESTION {
                if power::HAS_ATTRIBUTE < least {
                    break;
                }
                if power::HAS_ATTRIBUTE > most {
                    return None;
                }
                self.take()?;
                self.attribute_path()?;
                self.builder.node(NODE_HAS_ATTR, mark);
                most = power::HAS_ATTRIBUTE - 1;
                continue;
            }
            let Some((strength, side)) = binary(kind) else { break };
            if strength < least {
                break;
            }
            if strength > most {
                return None;
            }
            self.take()?;
            self.operation(if side == Side::Right { strength } else { strength + 1 })?;
            self.builder.node(NODE_BIN_OP, mark);
            most = if side == Side::Neither { strength - 1 } else { strength };
        }
        Some(())
    }

    fn application(&mut self) -> Option<()> {
        let mark = self.builder.mark();
        self.selection()?;
        while let Some(kind) = self.peek() {
            if !(kind.is_fn_arg() || (kind == TOKEN_LET && self.ahead(1) == Some(TOKEN_L_BRACE))) {
                break;
            }
            self.selection()?;
            self.builder.node(NODE_APPLY, mark);
        }
        Some(())
    }

    /// A simple expression, and what is selected from it.
    fn selection(&mut self) -> Option<()> {
        let mark = self.builder.mark();
        self.simple()?;
        match self.peek() {
            Some(TOKEN_DOT) => {
                self.take()?;
                self.attribute_path()?;
                if self.peek() == Some(TOKEN_OR) {
                    self.take()?;
                    self.selection()?;
                }
                self.builder.node(NODE_SELECT, mark);
            }
            // An `or` without a selection before it is a name, and the argument of what stands before it (`lib.or`'s old spelling).
            Some(TOKEN_OR) => {
                self.attribute()?;
                self.builder.node(NODE_APPLY, mark);
            }
            _ => {}
        }
        Some(())
    }

    fn simple(&mut self) -> Option<()> {
        let mark = self.builder.mark();
        match self.peek()? {
            TOKEN_IDENT => {
                let (_, span) = *self.tokens.get(self.at)?;
                if self.text.get(span.start as usize..span.end as usize) == Some("__curPos") {
                    self.take_as(TOKEN_CUR_POS)?;
                    self.builder.node(NODE_CUR_POS, mark);
                } else {
                    self.name()?;
                }
            }
            TOKEN_INTEGER | TOKEN_FLOAT | TOKEN_URI => {
                self.take()?;
                self.builder.node(NODE_LITERAL, mark);
            }
            TOKEN_STRING_START => self.string()?,
            TOKEN_PATH_SEARCH => {
                self.take()?;
                self.builder.node(NODE_PATH_SEARCH, mark);
            }
            TOKEN_PATH_ABS => self.path(NODE_PATH_ABS)?,
            TOKEN_PATH_REL => self.path(NODE_PATH_REL)?,
            TOKEN_PATH_HOME => self.path(NODE_PATH_HOME)?,
            TOKEN_L_PAREN => {
                self.take()?;
                self.expression()?;
                self.expect(TOKEN_R_PAREN)?;
                self.builder.node(NODE_PAREN, mark);
            }
            TOKEN_L_BRACK => {
                self.take()?;
                while self.peek()? != TOKEN_R_BRACK {
                    self.selection()?;
                }
                self.take()?;
                self.builder.node(NODE_LIST, mark);
            }
            TOKEN_LET => {
                self.take()?;
                self.expect(TOKEN_L_BRACE)?;
                self.bindings(TOKEN_R_BRACE)?;
                self.builder.node(NODE_LEGACY_LET, mark);
            }
            TOKEN_REC => {
                self.take()?;
                self.set(mark)?;
            }
            TOKEN_L_BRACE => self.set(mark)?,
            _ => return None,
        }
        Some(())
    }

    fn set(&mut self, mark: usize) -> Option<()> {
        self.expect(TOKEN_L_BRACE)?;
        self.bindings(TOKEN_R_BRACE)?;
        self.builder.node(NODE_ATTR_SET, mark);
        Some(())
    }

    /// Bindings, and the token that ends them.
    fn bindings(&mut self, end: SyntaxKind) -> Option<()> {
        loop {
            let mark = self.builder.mark();
            match self.peek()? {
                kind if kind == end => return self.take(),
                TOKEN_INHERIT => {
                    self.take()?;
                    self.inherited()?;
                    self.builder.node(NODE_INHERIT, mark);
                }
                _ => {
                    self.attribute_path()?;
                    self.expect(TOKEN_ASSIGN)?;
                    self.expression()?;
                    self.expect(TOKEN_SEMICOLON)?;
                    self.builder.node(NODE_ATTRPATH_VALUE, mark);
                }
            }
        }
    }

    fn inherited(&mut self) -> Option<()> {
        let mark = self.builder.mark();
        if self.peek() == Some(TOKEN_L_PAREN) {
            self.take()?;
            self.expression()?;
            self.expect(TOKEN_R_PAREN)?;
            self.builder.node(NODE_INHERIT_FROM, mark);
        }
        while self.peek()? != TOKEN_SEMICOLON {
            self.attribute()?;
        }
        self.take()
    }

    fn attribute_path(&mut self) -> Option<()> {
        let mark = self.builder.mark();
        self.attribute()?;
        while self.peek() == Some(TOKEN_DOT) {
            self.take()?;
            self.attribute()?;
        }
        self.builder.node(NODE_ATTRPATH, mark);
        Some(())
    }

    /// One name of an attribute path, however it is written.
    fn attribute(&mut self) -> Option<()> {
        let mark = self.builder.mark();
        match self.peek()? {
            TOKEN_STRING_START if !self.is_indented() => self.string()?,
            TOKEN_INTERPOL_START => self.interpolation(NODE_DYNAMIC)?,
            TOKEN_IDENT | TOKEN_OR => {
                self.take_as(TOKEN_IDENT)?;
                self.builder.node(NODE_IDENT, mark);
            }
            _ => return None,
        }
        Some(())
    }

    /// Whether the string that begins here is an indented one, which rnix takes as the name of an attribute and Nix does not.
    fn is_indented(&self) -> bool {
        let start = self.tokens.get(self.at).map(|(_, span)| span.start as usize..span.end as usize);
        start.and_then(|range| self.text.get(range)) == Some("''")
    }

    fn string(&mut self) -> Option<()> {
        let mark = self.builder.mark();
        self.expect(TOKEN_STRING_START)?;
        loop {
            match self.peek()? {
                TOKEN_STRING_CONTENT => self.take()?,
                TOKEN_INTERPOL_START => self.interpolation(NODE_INTERPOL)?,
                _ => break,
            }
        }
        self.expect(TOKEN_STRING_END)?;
        self.builder.node(NODE_STRING, mark);
        Some(())
    }

    fn interpolation(&mut self, kind: SyntaxKind) -> Option<()> {
        let mark = self.builder.mark();
        self.expect(TOKEN_INTERPOL_START)?;
        self.expression()?;
        self.expect(TOKEN_INTERPOL_END)?;
        self.builder.node(kind, mark);
        Some(())
    }

    /// A path and the interpolations in it, which follow without white space. Two paths that touch are two.
    fn path(&mut self, kind: SyntaxKind) -> Option<()> {
        let mark = self.builder.mark();
        self.take()?;
        let mut may_go_on = false;
        while self.is_joined() {
            match self.peek()? {
                TOKEN_PATH_ABS | TOKEN_PATH_REL | TOKEN_PATH_HOME if may_go_on => {
                    self.take()?;
                    may_go_on = false;
                }
                TOKEN_INTERPOL_START => {
                    self.interpolation(NODE_INTERPOL)?;
                    may_go_on = true;
                }
                _ => break,
            }
        }
        self.builder.node(kind, mark);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use walkdir::WalkDir;

    use super::super::lower::lower_tree;
    use super::super::robustness::{SAMPLE, WORDS};
    use super::super::sexpr::print;
    use super::super::tests::GLOBALS;
    use super::super::{FileIr, LowerOptions, guard};
    use super::*;

    fn lowered(tree: &Tree<'_>) -> FileIr {
        lower_tree(tree.root(), &LowerOptions { globals: &GLOBALS, frame: &[] })
    }

    /// The text as rnix reads it, if it finds nothing wrong.
    fn by_rnix(text: &str) -> Option<FileIr> {
        let tree = rnix::Root::parse(text);
        tree.errors().is_empty().then(|| lowered(&Tree::of_green(text, tree.syntax().green())))
    }

    #[track_caller]
    fn check_alike(text: &str) {
        if let (Some(tree), Some(other)) = (read(text), by_rnix(text)) {
            let ir = lowered(&tree);
            assert_eq!(print(&ir), print(&other), "{text}");
            assert_eq!(ir.errors.len(), other.errors.len(), "{text}");
        }
    }

    #[test]
    fn the_nix_files_of_this_repository_are_read_as_rnix_reads_them() {
        let files =
            WalkDir::new(env!("CARGO_MANIFEST_DIR")).into_iter().filter_entry(|entry| entry.file_name() != "target");
        let mut read_files = 0;
        for file in files.flatten().filter(|file| file.path().extension().is_some_and(|end| end == "nix")) {
            #[allow(clippy::disallowed_methods, reason = "tests read the repository")]
            let text = std::fs::read_to_string(file.path()).unwrap_or_default();
            if guard::survey(&text).divisions.is_empty() && by_rnix(&text).is_some_and(|ir| ir.errors.is_empty()) {
                assert!(read(&text).is_some(), "{}", file.path().display());
                check_alike(&text);
                read_files += 1;
            }
        }
        assert!(read_files > 10, "{read_files}");
    }

    #[test]
    fn a_sample_without_any_one_character_is_read_as_rnix_reads_it() {
        check_alike(SAMPLE);
        for (at, letter) in SAMPLE.char_indices() {
            let (before, after) = SAMPLE.split_at(at);
            check_alike(&[before, after.strip_prefix(letter).unwrap_or(after)].concat());
        }
    }

    #[test]
    fn what_nix_takes_and_rnix_does_not_is_read() {
        for (text, expected) in [
            ("let { body = { a = 1; }; }.a", "rec {body = {a = 1}}.body.a"),
            ("[ let { body = 1; } ]", "[rec {body = 1}.body]"),
            ("1 + !true", "(+ 1 (! $true))"),
            ("-!true", "(- (! $true))"),
            ("0.a or 1", "0.a or(1)"),
            ("1 * !2 + 3", "(* 1 (! (+ 2 3)))"),
            ("e: e-a: ee5: [ 1.e .5e-a 1.ee5 ]", "(\\e: (\\e-a: (\\ee5: [1.0 @2.0 0.5 @1.0 1.0 @0.0])))"),
        ] {
            let ir = lowered(&read(text).expect(text));
            assert_eq!(print(&ir), expected, "{text}");
        }
    }

    #[test]
    fn operators_that_do_not_associate_are_left_to_rnix() {
        for text in
            ["1 == 2 == 3", "1 < 2 < 3", "a ? b ? c", "1 |> map", "(1]", "{ a = 1 }", "x: y", "1 + x: y", "a.''b''"]
        {
            assert_eq!(read(text).is_some(), text == "x: y", "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2000, ..ProptestConfig::default() })]

        #[test]
        fn token_soups_are_read_as_rnix_reads_them(words in prop::collection::vec(prop::sample::select(&WORDS[..]), 0..14)) {
            let text = words.join(" ");
            prop_assume!(guard::survey(&text).too_deep.is_none());
            check_alike(&text);
        }

        #[test]
        fn inserted_words_are_read_as_rnix_reads_them(at in 0..SAMPLE.len(), word in prop::sample::select(&WORDS[..])) {
            if SAMPLE.is_char_boundary(at) {
                let (before, after) = SAMPLE.split_at(at);
                check_alike(&[before, " ", word, " ", after].concat());
            }
        }
    }
}
