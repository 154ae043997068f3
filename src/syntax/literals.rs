//! Lowering of numbers, strings and paths, and of names that are written as strings.

use std::borrow::Cow;

use rnix::SyntaxKind;

use super::ir::{Expr, ExprId, Name, SyntaxErrorKind};
use super::lower::Lowering;
use super::strings;
use super::tree::{Element, Node};

impl<'t> Lowering<'t> {
    /// A number or a URI.
    pub(super) fn literal(&mut self, node: Node<'t>) -> ExprId {
        let span = node.span();
        let Some(token) = node.tokens().next() else { return self.push(Expr::Missing, span) };
        let text = token.text();
        if text == "0." {
            let message = "`0.` is no number; write `0.0`".to_owned();
            self.complain(SyntaxErrorKind::Grammar, span, message);
        }
        let expr = match token.kind() {
            SyntaxKind::TOKEN_INTEGER => strings::integer(text).map(Expr::Int),
            SyntaxKind::TOKEN_FLOAT => strings::float(text).map(Expr::Float),
            _ => Some(Expr::Str(self.text(text))),
        };
        let expr = expr.unwrap_or_else(|| {
            let what = if token.kind() == SyntaxKind::TOKEN_INTEGER { "a 64-bit integer" } else { "a double" };
            let message = format!("the number `{text}` does not fit into {what}");
            self.complain(SyntaxErrorKind::BadLiteral, span, message);
            Expr::Missing
        });
        self.push(expr, span)
    }

    /// A string, with or without interpolation.
    pub(super) fn string(&mut self, node: Node<'t>) -> ExprId {
        let values = literal_values(node);
        let mut values = values.into_iter();
        if node.node(SyntaxKind::NODE_INTERPOL).is_none() {
            let text = values.next().unwrap_or_default();
            let expr = Expr::Str(self.text(&text));
            return self.push(expr, node.span());
        }
        let mut pieces = Vec::new();
        for child in node.children() {
            match child {
                Element::Token(token) if token.kind() == SyntaxKind::TOKEN_STRING_CONTENT => {
                    let text = values.next().unwrap_or_default();
                    if !text.is_empty() {
                        let expr = Expr::Str(self.text(&text));
                        pieces.push(self.push(expr, token.span()));
                    }
                }
                Element::Node(child) if child.kind() == SyntaxKind::NODE_INTERPOL => {
                    pieces.push(self.hole_or(child.expressions().next(), child.span().end));
                }
                Element::Token(_) | Element::Node(_) => {}
            }
        }
        let pieces = self.list_of(&pieces);
        self.push(Expr::Interpolation(pieces), node.span())
    }

    /// A path, with or without interpolation.
    pub(super) fn path(&mut self, node: Node<'t>) -> ExprId {
        let is_home = node.kind() == SyntaxKind::NODE_PATH_HOME;
        let mut pieces = Vec::new();
        for child in node.children() {
            match child {
                Element::Token(token) if token.kind().is_trivia() => {}
                Element::Token(token) => {
                    let text = self.text(token.text());
                    let expr = match (pieces.is_empty(), is_home) {
                        (true, true) => Expr::HomePath(text),
                        (true, false) => Expr::Path(text),
                        (false, _) => Expr::Str(text),
                    };
                    pieces.push(self.push(expr, token.span()));
                }
                Element::Node(child) if child.kind() == SyntaxKind::NODE_INTERPOL => {
                    pieces.push(self.hole_or(child.expressions().next(), child.span().end));
                }
                Element::Node(_) => {}
            }
        }
        match pieces.as_slice() {
            [only] => *only,
            _ => {
                let pieces = self.list_of(&pieces);
                self.push(Expr::PathInterpolation(pieces), node.span())
            }
        }
    }

    /// `<nixpkgs/lib>`
    pub(super) fn search_path(&mut self, node: Node<'t>) -> ExprId {
        let written = node.tokens().next().map_or("", |token| token.text());
        let inner = written.strip_prefix('<').and_then(|text| text.strip_suffix('>')).unwrap_or_default();
        if inner.split('/').any(str::is_empty) {
            let message = format!("`{written}` has an empty part; write it like `<nixpkgs/lib>`");
            self.complain(SyntaxErrorKind::Grammar, node.span(), message);
        }
        let expr = Expr::SearchPath(self.text(inner));
        self.push(expr, node.span())
    }

    /// The name that a step of an attribute path has before evaluation, if it has one.
    pub(super) fn static_name(&mut self, node: Node<'t>) -> Option<Name> {
        match node.kind() {
            SyntaxKind::NODE_IDENT => {
                let text = node.tokens().next().map_or("", |token| token.text());
                Some(self.intern(text))
            }
            SyntaxKind::NODE_STRING if node.node(SyntaxKind::NODE_INTERPOL).is_none() => {
                let text = literal_values(node).into_iter().next().unwrap_or_default();
                Some(self.intern_cow(text))
            }
            SyntaxKind::NODE_DYNAMIC => {
                let inner = node.expressions().next()?.without_parentheses();
                match inner.kind() {
                    SyntaxKind::NODE_STRING => self.static_name(inner),
                    SyntaxKind::NODE_LITERAL => {
                        let token = inner.token(SyntaxKind::TOKEN_URI)?;
                        Some(self.intern(token.text()))
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

/// The values of the literal parts of a string, in order.
fn literal_values(node: Node<'_>) -> Vec<Cow<'_, str>> {
    let is_indented = node.tokens().next().is_some_and(|token| token.text() == "''");
    let parts = node.children().filter_map(|child| match child {
        Element::Token(token) if token.kind() == SyntaxKind::TOKEN_STRING_CONTENT => Some(Some(token.text())),
        Element::Node(child) if child.kind() == SyntaxKind::NODE_INTERPOL => Some(None),
        Element::Token(_) | Element::Node(_) => None,
    });
    if is_indented {
        strings::indented(&parts.collect::<Vec<_>>()).into_iter().map(Cow::Owned).collect()
    } else {
        parts.flatten().map(strings::unescape).collect()
    }
}
