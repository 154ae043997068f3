//! Nodes and tokens of rnix's green tree, with their offsets.
//!
//! The green tree knows lengths only. Carrying the offset along is several times cheaper than rowan's red nodes, which
//! allocate one object for each node that is visited.

use rnix::{NixLanguage, SyntaxKind};
use rowan::{GreenNodeData, GreenTokenData, Language as _, NodeOrToken};

use crate::source::Span;

/// A node of the tree and where it starts.
#[derive(Clone, Copy)]
pub(super) struct Node<'t> {
    green: &'t GreenNodeData,
    /// First byte.
    pub(super) start: u32,
}

/// A token of the tree and where it starts.
#[derive(Clone, Copy)]
pub(super) struct Token<'t> {
    green: &'t GreenTokenData,
    /// First byte.
    pub(super) start: u32,
}

/// A child of a node.
#[derive(Clone, Copy)]
pub(super) enum Element<'t> {
    /// An inner node.
    Node(Node<'t>),
    /// A token, white space and comments included.
    Token(Token<'t>),
}

impl<'t> Node<'t> {
    /// The root of a tree.
    pub(super) fn root(green: &'t GreenNodeData) -> Self {
        Self { green, start: 0 }
    }

    /// What it is.
    pub(super) fn kind(self) -> SyntaxKind {
        NixLanguage::kind_from_raw(self.green.kind())
    }

    /// The bytes it covers.
    pub(super) fn span(self) -> Span {
        Span::new(self.start, self.start + u32::from(self.green.text_len()))
    }

    /// Its children in order.
    pub(super) fn children(self) -> impl Iterator<Item = Element<'t>> {
        let mut offset = self.start;
        self.green.children().map(move |child| {
            let start = offset;
            offset += u32::from(child.text_len());
            match child {
                NodeOrToken::Node(green) => Element::Node(Node { green, start }),
                NodeOrToken::Token(green) => Element::Token(Token { green, start }),
            }
        })
    }

    /// Its children that are nodes.
    pub(super) fn nodes(self) -> impl Iterator<Item = Node<'t>> {
        self.children().filter_map(|child| match child {
            Element::Node(node) => Some(node),
            Element::Token(_) => None,
        })
    }

    /// Its children that are expressions.
    pub(super) fn expressions(self) -> impl Iterator<Item = Node<'t>> {
        self.nodes().filter(|node| is_expression(node.kind()))
    }

    /// Its first token of a kind.
    pub(super) fn token(self, kind: SyntaxKind) -> Option<Token<'t>> {
        self.tokens().find(|token| token.kind() == kind)
    }

    /// Its children that are tokens.
    pub(super) fn tokens(self) -> impl Iterator<Item = Token<'t>> {
        self.children().filter_map(|child| match child {
            Element::Token(token) => Some(token),
            Element::Node(_) => None,
        })
    }

    /// Its first inner node of a kind.
    pub(super) fn node(self, kind: SyntaxKind) -> Option<Node<'t>> {
        self.nodes().find(|node| node.kind() == kind)
    }

    /// The expression inside any number of parentheses.
    pub(super) fn without_parentheses(self) -> Node<'t> {
        let mut node = self;
        while node.kind() == SyntaxKind::NODE_PAREN {
            match node.expressions().next() {
                Some(inner) => node = inner,
                None => break,
            }
        }
        node
    }
}

impl<'t> Token<'t> {
    /// What it is.
    pub(super) fn kind(self) -> SyntaxKind {
        NixLanguage::kind_from_raw(self.green.kind())
    }

    /// Its text.
    pub(super) fn text(self) -> &'t str {
        self.green.text()
    }

    /// The bytes it covers.
    pub(super) fn span(self) -> Span {
        Span::new(self.start, self.start + u32::from(self.green.text_len()))
    }
}

/// Whether a node of this kind stands for a value, as opposed to a part of another construct.
fn is_expression(kind: SyntaxKind) -> bool {
    !matches!(
        kind,
        SyntaxKind::NODE_ERROR
            | SyntaxKind::NODE_ATTRPATH
            | SyntaxKind::NODE_ATTRPATH_VALUE
            | SyntaxKind::NODE_DYNAMIC
            | SyntaxKind::NODE_IDENT_PARAM
            | SyntaxKind::NODE_INHERIT
            | SyntaxKind::NODE_INHERIT_FROM
            | SyntaxKind::NODE_INTERPOL
            | SyntaxKind::NODE_PAT_BIND
            | SyntaxKind::NODE_PAT_ENTRY
            | SyntaxKind::NODE_PATTERN
            | SyntaxKind::NODE_ROOT
    )
}
