//! Small insertions that let rnix read on, and the way back to the user's own offsets.
//!
//! A missing semicolon makes rnix drop everything up to the next one, so one slip of the pen would hide the rest of a guest. Where it
//! is plain that a semicolon is missing, one is put in, the mistake is reported, and the text is parsed again. The same is done for
//! the value of `a = ;` and the end of `(f x;`. A space is put before a division sign that rnix would take for a part of a path; that is no mistake.

use rnix::{Parse, ParseError, Root, SyntaxKind};

use super::ir::{SyntaxError, SyntaxErrorKind};
use super::tree::Tree;
use crate::source::Span;

/// What is inserted for a missing value.
const STAND_IN: &str = " [] ";

/// A text with insertions.
pub(super) struct Patched {
    /// The text with everything inserted.
    pub(super) text: String,
    /// Where something was inserted, as offsets of the patched text, and how many bytes; in order.
    insertions: Vec<(u32, u32)>,
}

impl Patched {
    /// The text as it is.
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), insertions: Vec::new() }
    }

    /// The text with `what` inserted at the offset `at` of the text as patched so far.
    pub(super) fn insert(&self, at: u32, what: &str) -> Self {
        let length = u32::try_from(what.len()).unwrap_or(0);
        let (before, after) = self.text.split_at_checked(at as usize).unwrap_or((&self.text, ""));
        let mut is_inside = false;
        let moved = self.insertions.iter().map(|(start, bytes)| match (*start >= at, start + bytes > at) {
            (true, _) => (start + length, *bytes),
            // What goes into something that was put in makes that longer.
            (false, true) => {
                is_inside = true;
                (*start, bytes + length)
            }
            (false, false) => (*start, *bytes),
        });
        let mut insertions: Vec<(u32, u32)> = moved.collect();
        if !is_inside {
            insertions.push((at, length));
        }
        insertions.sort_unstable();
        Self { text: [before, what, after].concat(), insertions }
    }

    /// The text without insertions that a place of the patched text belongs to.
    pub(super) fn original(&self, span: Span) -> Span {
        let map = |offset: u32| {
            let inserted = self.insertions.iter().take_while(|(start, _)| *start < offset);
            offset.saturating_sub(inserted.map(|(start, bytes)| (offset - start).min(*bytes)).sum())
        };
        Span::new(map(span.start), map(span.end))
    }

    /// Where a place of the text without insertions has gone.
    pub(super) fn patched(&self, span: Span) -> Span {
        let map = |offset: u32| {
            self.insertions.iter().fold(offset, |at, (start, bytes)| if *start <= at { at + bytes } else { at })
        };
        Span::new(map(span.start), map(span.end))
    }

    /// Whether nothing was inserted.
    pub(super) fn is_plain(&self) -> bool {
        self.insertions.is_empty()
    }
}

/// The tokens of a text without white space and comments.
type Tokens = [(SyntaxKind, Span)];

/// Something that is plainly missing.
pub(super) struct Repair {
    /// Where it belongs.
    pub(super) at: u32,
    /// What to put there.
    pub(super) insert: &'static str,
    /// The mistake, at what follows.
    pub(super) error: SyntaxError,
}

/// The first thing that is plainly missing, judging by rnix's tree of `text` and its errors.
pub(super) fn repair(text: &str, tree: &Parse<Root>) -> Option<Repair> {
    let tokens = tokens(text);
    tree.errors().iter().find_map(|error| by_error(text, &tokens, error)).or_else(|| missing_parenthesis(text, tree))
}

/// The first parenthesis that something else closes, if the text has errors: rnix takes any token for the end of a parenthesis.
fn missing_parenthesis(text: &str, tree: &Parse<Root>) -> Option<Repair> {
    if tree.errors().is_empty() {
        return None;
    }
    let syntax = tree.syntax();
    let copy = Tree::of_green(text, syntax.green());
    let mut nodes = vec![copy.root()];
    while let Some(node) = nodes.pop() {
        if node.kind() == SyntaxKind::NODE_PAREN
            && let Some(error) = super::lower::unclosed_parenthesis(node)
        {
            let inner = node.nodes().last().map_or(node.start + 1, |inner| inner.span().end);
            return Some(Repair { at: inner, insert: ")", error });
        }
        let children = nodes.len();
        nodes.extend(node.nodes());
        if let Some(children) = nodes.get_mut(children..) {
            children.reverse();
        }
    }
    None
}

fn by_error(text: &str, tokens: &Tokens, error: &ParseError) -> Option<Repair> {
    let ParseError::UnexpectedWanted(found, range, wanted) = error else { return None };
    if wanted.contains(&SyntaxKind::TOKEN_L_PAREN) {
        return missing_value(text, tokens, *found, Span::new(u32::from(range.start()), u32::from(range.end())));
    }
    let wants_semicolon = matches!(wanted.as_ref(), [SyntaxKind::TOKEN_SEMICOLON]);
    let wants_name = wanted.contains(&SyntaxKind::TOKEN_OR);
    let before = u32::from(range.start());
    let ends_binding = matches!(found, SyntaxKind::TOKEN_R_BRACE | SyntaxKind::TOKEN_IN | SyntaxKind::TOKEN_INHERIT);
    match found {
        SyntaxKind::TOKEN_ASSIGN if wants_semicolon || wants_name => in_front_of_path(text, tokens, before),
        _ if ends_binding && (wants_semicolon || wants_name) => {
            let (kind, last) = *tokens_before(tokens, before).last()?;
            let length = if *found == SyntaxKind::TOKEN_INHERIT { 7 } else { u32::from(range.len()).min(2) };
            let length = if *found == SyntaxKind::TOKEN_R_BRACE { 1 } else { length };
            (ends_value(kind) || kind == SyntaxKind::TOKEN_INHERIT)
                .then(|| missing(text, last.end, Span::new(before, before.saturating_add(length))))
        }
        _ => None,
    }
}

/// The value that is missing between an operator and `next`. What stands in for it has an empty place in the user's text, by which
/// it is told from a real list.
fn missing_value(text: &str, tokens: &Tokens, found: SyntaxKind, next: Span) -> Option<Repair> {
    let is_end = matches!(
        found,
        SyntaxKind::TOKEN_SEMICOLON
            | SyntaxKind::TOKEN_R_BRACE
            | SyntaxKind::TOKEN_R_PAREN
            | SyntaxKind::TOKEN_R_BRACK
            | SyntaxKind::TOKEN_IN
            | SyntaxKind::TOKEN_THEN
            | SyntaxKind::TOKEN_ELSE
    );
    let (before, _) = *tokens_before(tokens, next.start).last()?;
    let needs_value = super::grammar::binary_operator(before).is_some()
        || matches!(
            before,
            SyntaxKind::TOKEN_ASSIGN
                | SyntaxKind::TOKEN_COLON
                | SyntaxKind::TOKEN_IF
                | SyntaxKind::TOKEN_THEN
                | SyntaxKind::TOKEN_ELSE
                | SyntaxKind::TOKEN_WITH
                | SyntaxKind::TOKEN_ASSERT
        );
    if !is_end || !needs_value {
        return None;
    }
    let follows = text.get(next.start as usize..next.end as usize).unwrap_or_default();
    let error = SyntaxError::new(SyntaxErrorKind::Grammar, next, format!("a value is missing before `{follows}`"));
    Some(Repair { at: next.start, insert: STAND_IN, error })
}

/// The semicolon in front of the attribute path that ends at `end`.
fn in_front_of_path(text: &str, tokens: &Tokens, end: u32) -> Option<Repair> {
    let mut tokens = tokens_before(tokens, end).iter().rev();
    loop {
        let (kind, mut name) = *tokens.next()?;
        match kind {
            SyntaxKind::TOKEN_IDENT | SyntaxKind::TOKEN_OR => {}
            SyntaxKind::TOKEN_STRING_END => loop {
                let (kind, part) = *tokens.next()?;
                match kind {
                    SyntaxKind::TOKEN_STRING_CONTENT => {}
                    SyntaxKind::TOKEN_STRING_START => {
                        name.start = part.start;
                        break;
                    }
                    _ => return None,
                }
            },
            _ => return None,
        }
        let (kind, before) = *tokens.next()?;
        if kind != SyntaxKind::TOKEN_DOT {
            return ends_value(kind).then(|| missing(text, before.end, name));
        }
    }
}

fn missing(text: &str, at: u32, next: Span) -> Repair {
    let follows: String =
        text.get(next.start as usize..next.end as usize).unwrap_or_default().chars().take(60).collect();
    let error = SyntaxError::new(SyntaxErrorKind::Grammar, next, format!("`;` is missing before `{follows}`"));
    Repair { at, insert: ";", error }
}

fn tokens(text: &str) -> Vec<(SyntaxKind, Span)> {
    let mut offset = 0u32;
    rnix::tokenize(text)
        .map(|(kind, slice)| {
            let start = offset;
            offset = offset.saturating_add(u32::try_from(slice.len()).unwrap_or(u32::MAX));
            (kind, Span::new(start, offset))
        })
        .filter(|(kind, _)| !kind.is_trivia())
        .collect()
}

/// The tokens that start before an offset.
fn tokens_before(tokens: &Tokens, end: u32) -> &Tokens {
    tokens.get(..tokens.partition_point(|(_, span)| span.start < end)).unwrap_or_default()
}

fn ends_value(kind: SyntaxKind) -> bool {
    kind.is_literal()
        || matches!(
            kind,
            SyntaxKind::TOKEN_IDENT
                | SyntaxKind::TOKEN_STRING_END
                | SyntaxKind::TOKEN_INTERPOL_END
                | SyntaxKind::TOKEN_R_BRACE
                | SyntaxKind::TOKEN_R_BRACK
                | SyntaxKind::TOKEN_R_PAREN
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_lead_back_to_the_text_without_insertions() {
        let patched = Patched::new("abcdef").insert(4, "!!").insert(1, "?");
        assert_eq!(patched.text, "a?bcd!!ef");
        for (at, original) in [(0, 0), (1, 1), (2, 1), (3, 2), (5, 4), (6, 4), (7, 4), (8, 5), (9, 6)] {
            assert_eq!(patched.original(Span::new(at, at)), Span::new(original, original), "{at}");
        }
        for (original, at) in [(0, 0), (1, 2), (3, 4), (4, 7), (6, 9)] {
            assert_eq!(patched.patched(Span::new(original, original)), Span::new(at, at), "{original}");
        }
    }
}
