//! The tree of a text: nodes and tokens with their places, in one arena.
//!
//! There are two ways to a tree. [`super::direct`] reads a well-formed text from its tokens; it leaves white space and comments out and
//! costs a fraction of what rnix needs. [`Tree::of_green`] copies rnix's green tree, for texts that need its way of going on after errors.

use rnix::{NixLanguage, SyntaxKind};
use rowan::{GreenNodeData, Language as _, NodeOrToken};

use crate::source::Span;

/// The tree of a text.
pub(super) struct Tree<'t> {
    text: &'t str,
    items: Vec<Item>,
    root: ItemId,
}

/// Where an item stands in its tree.
pub(super) type ItemId = u32;

/// No item.
const NONE: ItemId = u32::MAX;

/// A node or token.
struct Item {
    kind: SyntaxKind,
    is_node: bool,
    span: Span,
    first_child: ItemId,
    /// The next child of the same parent.
    next: ItemId,
}

/// Puts a tree together from its leaves.
pub(super) struct Builder<'t> {
    text: &'t str,
    items: Vec<Item>,
    /// What has no parent yet, in the order of the text.
    pending: Vec<ItemId>,
}

impl<'t> Builder<'t> {
    /// A builder for a text.
    pub(super) fn new(text: &'t str, estimate: usize) -> Self {
        Self { text, items: Vec::with_capacity(estimate), pending: Vec::with_capacity(64) }
    }

    /// Adds a token.
    pub(super) fn token(&mut self, kind: SyntaxKind, span: Span) {
        self.push(Item { kind, is_node: false, span, first_child: NONE, next: NONE });
    }

    /// A mark before what is added next; see [`Builder::node`].
    pub(super) fn mark(&self) -> usize {
        self.pending.len()
    }

    /// Makes everything that was added since a mark the children of a new node.
    pub(super) fn node(&mut self, kind: SyntaxKind, mark: usize) {
        let mut span = Span::default();
        let (mut first, mut previous) = (NONE, NONE);
        for child in self.pending.drain(mark.min(self.pending.len())..) {
            let child_span = self.items.get(child as usize).map_or(span, |item| item.span);
            match self.items.get_mut(previous as usize) {
                Some(before) => before.next = child,
                None => (first, span) = (child, child_span),
            }
            span.end = child_span.end;
            previous = child;
        }
        self.push(Item { kind, is_node: true, span, first_child: first, next: NONE });
    }

    fn push(&mut self, item: Item) {
        self.pending.push(u32::try_from(self.items.len()).unwrap_or(NONE));
        self.items.push(item);
    }

    /// The tree whose root is the node that was made last; it covers the whole text.
    pub(super) fn finish(mut self) -> Option<Tree<'t>> {
        let root = self.pending.pop()?;
        self.items.get_mut(root as usize)?.span = Span::new(0, u32::try_from(self.text.len()).ok()?);
        Some(Tree { text: self.text, items: self.items, root })
    }
}

impl<'t> Tree<'t> {
    /// A copy of rnix's tree of a text.
    pub(super) fn of_green(text: &'t str, green: &GreenNodeData) -> Self {
        let mut items = Vec::new();
        // Nodes whose children are still to be copied.
        let mut open = vec![(0usize, green, 0u32)];
        let item = |kind, is_node, start, length: u32| Item {
            kind: NixLanguage::kind_from_raw(kind),
            is_node,
            span: Span::new(start, start + length),
            first_child: NONE,
            next: NONE,
        };
        items.push(item(green.kind(), true, 0, u32::from(green.text_len())));
        while let Some((parent, green, start)) = open.pop() {
            let mut offset = start;
            let mut previous = None;
            for child in green.children() {
                let length = u32::from(child.text_len());
                let index = items.len();
                let id = u32::try_from(index).unwrap_or(NONE);
                items.push(item(child.kind(), matches!(child, NodeOrToken::Node(_)), offset, length));
                if let NodeOrToken::Node(node) = child {
                    open.push((index, node, offset));
                }
                match previous {
                    None => items.get_mut(parent).into_iter().for_each(|parent| parent.first_child = id),
                    Some(before) => items.get_mut(before).into_iter().for_each(|before: &mut Item| before.next = id),
                }
                previous = Some(index);
                offset += length;
            }
        }
        Self { text, items, root: 0 }
    }

    /// The root.
    pub(super) fn root(&self) -> Node<'_> {
        self.node_at(self.root)
    }

    fn node_at(&self, id: ItemId) -> Node<'_> {
        let (kind, span) = self
            .items
            .get(id as usize)
            .map_or((SyntaxKind::NODE_ERROR, Span::default()), |item| (item.kind, item.span));
        Node { tree: self, id, kind, start: span.start, end: span.end }
    }
}

/// A node of the tree.
#[derive(Clone, Copy)]
pub(super) struct Node<'t> {
    tree: &'t Tree<'t>,
    id: ItemId,
    kind: SyntaxKind,
    /// First byte.
    pub(super) start: u32,
    end: u32,
}

/// A token of the tree.
#[derive(Clone, Copy)]
pub(super) struct Token<'t> {
    text: &'t str,
    kind: SyntaxKind,
    /// First byte.
    pub(super) start: u32,
    end: u32,
}

/// A child of a node.
#[derive(Clone, Copy)]
pub(super) enum Element<'t> {
    /// An inner node.
    Node(Node<'t>),
    /// A token; white space and comments are there only in a copy of rnix's tree.
    Token(Token<'t>),
}

impl<'t> Node<'t> {
    /// What it is.
    pub(super) fn kind(self) -> SyntaxKind {
        self.kind
    }

    /// The bytes it covers.
    pub(super) fn span(self) -> Span {
        Span::new(self.start, self.end)
    }

    /// Its text.
    pub(super) fn text(self) -> &'t str {
        self.tree.text.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// Its children in order.
    pub(super) fn children(self) -> impl Iterator<Item = Element<'t>> {
        let tree = self.tree;
        let first = tree.items.get(self.id as usize).map_or(NONE, |item| item.first_child);
        let at = move |id: ItemId| tree.items.get(id as usize).map(|item| (id, item));
        std::iter::successors(at(first), move |(_, item)| at(item.next)).map(move |(id, item)| {
            let Span { start, end } = item.span;
            if item.is_node {
                Element::Node(Node { tree, id, kind: item.kind, start, end })
            } else {
                Element::Token(Token { text: tree.text, kind: item.kind, start, end })
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
        self.kind
    }

    /// Its text.
    pub(super) fn text(self) -> &'t str {
        self.text.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// The bytes it covers.
    pub(super) fn span(self) -> Span {
        Span::new(self.start, self.end)
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
