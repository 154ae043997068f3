//! Sets and `let`: merging of attribute paths, `inherit`, dynamic names.
//!
//! The content of a set is first collected into drafts, without looking into values: `a.b = 1; a = { c = 2; };` gives one
//! draft for `a`. A literal set that is a value stays a node of the tree until a second definition of the same
//! attribute has to be merged into it. Only complete drafts are lowered, because whether a set pushes a frame, and the numbers of its
//! variables, depend on all its parts.

use rnix::SyntaxKind;
use rustc_hash::FxHashMap;

use super::ir::{Bindings, DynamicEntry, Entry, Expr, ExprId, Name, Range, Step, SyntaxError, SyntaxErrorKind};
use super::lower::{Lowering, count};
use super::tree::{Element, Node};
use crate::source::Span;

/// Sets with more entries look their names up in a map.
const SMALL_SET: usize = 12;

/// Where a draft stands in its [`Drafts`].
type DraftId = usize;

/// A set while its parts are being collected.
#[derive(Default)]
struct Draft<'t> {
    recursive: bool,
    span: Span,
    entries: Vec<DraftEntry<'t>>,
    by_name: FxHashMap<Name, usize>,
    hidden: Vec<Option<Node<'t>>>,
    hidden_spans: Vec<Span>,
    dynamics: Vec<(Node<'t>, DraftValue<'t>)>,
}

/// A binding with a static name.
#[derive(Clone, Copy)]
struct DraftEntry<'t> {
    name: Name,
    place: Span,
    value: DraftValue<'t>,
}

#[derive(Clone, Copy)]
enum DraftValue<'t> {
    Node(Node<'t>),
    Set(DraftId),
    Inherit,
    InheritFrom(u32),
    Missing,
}

/// A step of an attribute path.
#[derive(Clone, Copy)]
enum Key<'t> {
    Static(Name, Span),
    Dynamic(Node<'t>),
}

#[derive(Default)]
pub(super) struct Drafts<'t> {
    list: Vec<Draft<'t>>,
    /// Literal sets that are being merged into others, the outermost first: where each begins, and where Nix has read the binding that it belongs to.
    merged: Vec<(u32, u32)>,
}

impl<'t> Drafts<'t> {
    fn add(&mut self, recursive: bool, span: Span) -> DraftId {
        self.list.push(Draft { recursive, span, ..Draft::default() });
        self.list.len() - 1
    }
}

impl<'t> Draft<'t> {
    fn find(&self, name: Name) -> Option<usize> {
        if self.entries.len() <= SMALL_SET {
            self.entries.iter().position(|entry| entry.name == name)
        } else {
            self.by_name.get(&name).copied()
        }
    }

    fn push(&mut self, entry: DraftEntry<'t>) {
        if self.entries.len() == SMALL_SET {
            self.by_name = self.entries.iter().map(|entry| entry.name).zip(0..).collect();
        }
        if self.entries.len() >= SMALL_SET {
            self.by_name.insert(entry.name, self.entries.len());
        }
        self.entries.push(entry);
    }
}

impl<'t> Lowering<'t> {
    /// Lowers `{ … }` and `rec { … }`.
    pub(super) fn attribute_set(&mut self, node: Node<'t>) -> ExprId {
        let mut drafts = Drafts::default();
        let draft = drafts.add(is_recursive(node), node.span());
        self.collect(&mut drafts, draft, node);
        self.lower_set(&mut drafts, draft)
    }

    /// Lowers `let … in body`.
    pub(super) fn let_in(&mut self, node: Node<'t>) -> ExprId {
        let mut drafts = Drafts::default();
        let draft = drafts.add(true, node.span());
        self.collect(&mut drafts, draft, node);
        let message = "a name in `let` must be written out, it cannot be computed";
        let error = |name: Node<'t>| SyntaxError::new(SyntaxErrorKind::DynamicAttribute, name.span(), message);
        let computed = drafts.list.get(draft).map(|draft| draft.dynamics.as_slice()).unwrap_or_default();
        let errors: Vec<SyntaxError> = computed.iter().map(|(name, _)| error(*name)).collect();
        let body = node.expressions().last();
        let (written, end) = (body, node.span().end);
        let (bindings, body) = self.lower_draft(&mut drafts, draft, |lowering| lowering.hole_or(body, end));
        // Their values were only looked at for what is wrong with them.
        if let Some(bindings) = self.ir.bindings.get_mut(bindings as usize) {
            bindings.dynamics = Range::default();
        }
        self.complain_behind(errors, written);
        self.push(Expr::Let { bindings, body }, node.span())
    }

    /// Lowers `let { …; body = …; }`.
    pub(super) fn legacy_let(&mut self, node: Node<'t>) -> ExprId {
        let mut drafts = Drafts::default();
        let draft = drafts.add(true, node.span());
        self.collect(&mut drafts, draft, node);
        let base = self.lower_set(&mut drafts, draft);
        let name = self.intern("body");
        let path = self.path_of_one(name, node.span());
        self.push(Expr::Select { base, path, default: ExprId::NONE }, node.span())
    }

    fn collect(&mut self, drafts: &mut Drafts<'t>, target: DraftId, node: Node<'t>) {
        for child in node.nodes() {
            match child.kind() {
                SyntaxKind::NODE_ATTRPATH_VALUE => self.collect_binding(drafts, target, child),
                SyntaxKind::NODE_INHERIT => self.collect_inherit(drafts, target, child),
                _ => {}
            }
        }
    }

    fn collect_binding(&mut self, drafts: &mut Drafts<'t>, target: DraftId, node: Node<'t>) {
        let Some(path) = node.node(SyntaxKind::NODE_ATTRPATH) else { return };
        let value = node.expressions().next();
        let end = value.map_or(node.span().end, |value| value.span().end);
        let read = read_whole(node);
        let mut target = target;
        let mut steps = path.nodes().filter(|step| step.kind() != SyntaxKind::NODE_ERROR).peekable();
        while let Some(step) = steps.next() {
            let key = self.key(step);
            let Some(next) = steps.peek() else {
                let value = value.map_or(DraftValue::Missing, DraftValue::Node);
                self.insert(drafts, target, key, value, read);
                return;
            };
            let span = Span::new(next.span().start, end);
            target = match self.inner_set(drafts, target, key, span, read) {
                Some(inner) => inner,
                None => return,
            };
        }
    }

    /// The draft of the set `key` inside `target`, made if nothing is there yet; `None` after an error.
    fn inner_set(
        &mut self,
        drafts: &mut Drafts<'t>,
        target: DraftId,
        key: Key<'t>,
        span: Span,
        read: u32,
    ) -> Option<DraftId> {
        if let Key::Static(name, place) = key {
            let found = drafts.list.get(target)?;
            if let Some(index) = found.find(name) {
                let entry = *found.entries.get(index)?;
                let inner = self.as_draft(drafts, target, index);
                if inner.is_none() {
                    self.duplicate(drafts, name, place, entry.place, read);
                }
                return inner;
            }
        }
        let inner = drafts.add(false, span);
        self.insert(drafts, target, key, DraftValue::Set(inner), read);
        Some(inner)
    }

    /// The draft behind the value of an entry, collected now if it is a literal set that was not looked into.
    fn as_draft(&mut self, drafts: &mut Drafts<'t>, target: DraftId, index: usize) -> Option<DraftId> {
        let entry = *drafts.list.get(target)?.entries.get(index)?;
        match entry.value {
            DraftValue::Set(inner) => Some(inner),
            DraftValue::Node(node) => {
                let literal = node.without_parentheses();
                if literal.kind() != SyntaxKind::NODE_ATTR_SET {
                    return None;
                }
                self.peel(node);
                let inner = drafts.add(is_recursive(literal), literal.span());
                self.collect(drafts, inner, literal);
                drafts.list.get_mut(target)?.entries.get_mut(index)?.value = DraftValue::Set(inner);
                Some(inner)
            }
            DraftValue::Inherit | DraftValue::InheritFrom(_) | DraftValue::Missing => None,
        }
    }

    fn insert(&mut self, drafts: &mut Drafts<'t>, target: DraftId, key: Key<'t>, value: DraftValue<'t>, read: u32) {
        let Some(draft) = drafts.list.get_mut(target) else { return };
        let (name, place) = match key {
            Key::Dynamic(node) => return draft.dynamics.push((node, value)),
            Key::Static(name, place) => (name, place),
        };
        let Some(index) = draft.find(name) else {
            return draft.push(DraftEntry { name, place, value });
        };
        let first = draft.entries.get(index).map_or(place, |entry| entry.place);
        // Two literal sets for one attribute are merged; the first one decides whether the whole is recursive.
        if let DraftValue::Node(node) = value
            && node.without_parentheses().kind() == SyntaxKind::NODE_ATTR_SET
            && let Some(inner) = self.as_draft(drafts, target, index)
        {
            let literal = self.peel(node);
            drafts.merged.push((literal.start, read));
            self.collect(drafts, inner, literal);
            drafts.merged.pop();
            return;
        }
        self.duplicate(drafts, name, place, first, read);
    }

    fn collect_inherit(&mut self, drafts: &mut Drafts<'t>, target: DraftId, node: Node<'t>) {
        let from = node.node(SyntaxKind::NODE_INHERIT_FROM);
        let value = match (from, drafts.list.get_mut(target)) {
            (Some(from), Some(draft)) => {
                let value = DraftValue::InheritFrom(count(draft.hidden.len()));
                draft.hidden.push(from.expressions().next());
                draft.hidden_spans.push(from.span());
                self.check_closing_parenthesis(from);
                value
            }
            _ => DraftValue::Inherit,
        };
        let read = read_whole(node);
        for step in node.nodes() {
            if matches!(step.kind(), SyntaxKind::NODE_INHERIT_FROM | SyntaxKind::NODE_ERROR) {
                continue;
            }
            match self.key(step) {
                Key::Static(..) if self.is_swallowed(node, step) => {}
                key @ Key::Static(..) => self.insert(drafts, target, key, value, read),
                Key::Dynamic(step) => self.complain(
                    SyntaxErrorKind::DynamicAttribute,
                    step.span(),
                    "a name in `inherit` must be written out, it cannot be computed".to_owned(),
                ),
            }
        }
    }

    /// Whether a name stands behind something that cannot be part of an `inherit`: then the semicolon is missing and the
    /// name belongs to a later binding.
    fn is_swallowed(&self, inherit: Node<'t>, name: Node<'t>) -> bool {
        inherit.nodes().any(|node| node.kind() == SyntaxKind::NODE_ERROR && node.start < name.start)
    }

    /// Complains about a second definition, which Nix finds when it has read its binding or, if it is merged with a set before it, all of that set.
    fn duplicate(&mut self, drafts: &Drafts<'t>, name: Name, place: Span, first: Span, read: u32) {
        let merged = drafts.merged.iter().find(|(start, _)| (first.start..=place.start).contains(start));
        let read = merged.map_or(read, |(_, whole)| read.max(*whole));
        let text = self.name_text(name);
        let message = format!("`{text}` is already defined in this set; keep one of the two");
        let error = SyntaxError::new(SyntaxErrorKind::DuplicateAttribute, place, message);
        self.error(error.related_to(first, format!("the first `{text}`")).noticed_at(read));
    }

    /// The name of an attribute as written in a binding, without looking at dynamic names yet.
    fn key(&mut self, node: Node<'t>) -> Key<'t> {
        self.refuse_indented(node);
        match self.static_name(node) {
            Some(name) => Key::Static(name, node.span()),
            None => Key::Dynamic(node),
        }
    }

    fn lower_set(&mut self, drafts: &mut Drafts<'t>, id: DraftId) -> ExprId {
        let span = drafts.list.get(id).map(|draft| draft.span).unwrap_or_default();
        let (bindings, ()) = self.lower_draft(drafts, id, |_| ());
        self.push(Expr::Attrs(bindings), span)
    }

    /// Lowers a complete draft, and `body` inside its frame.
    fn lower_draft<T>(&mut self, drafts: &mut Drafts<'t>, id: DraftId, body: impl FnOnce(&mut Self) -> T) -> (u32, T) {
        let draft = drafts.list.get_mut(id).map(std::mem::take).unwrap_or_default();
        let pushes_frame = draft.recursive || !draft.hidden.is_empty();
        let inherited: Vec<Expr> = draft
            .entries
            .iter()
            .filter(|entry| matches!(entry.value, DraftValue::Inherit))
            .map(|entry| self.resolve(entry.name, entry.place, u16::from(pushes_frame)))
            .collect();
        let mark = pushes_frame.then(|| self.scope.enter());
        let mut first_hidden = 0;
        if draft.recursive {
            for (variable, entry) in (0..).zip(&draft.entries) {
                self.scope.bind(entry.name, variable);
            }
            first_hidden = count(draft.entries.len());
        }
        let hidden = self.lower_hidden(&draft);
        let sources: Vec<ExprId> = (first_hidden..)
            .zip(&draft.hidden_spans)
            .map(|(variable, span)| self.push(Expr::Local { level: 0, variable }, *span))
            .collect();
        let mut inherited = inherited.into_iter();
        let mut entries = Vec::with_capacity(draft.entries.len());
        for entry in &draft.entries {
            let binder = self.push(Expr::Binder(entry.name), entry.place);
            let value = match entry.value {
                DraftValue::Node(node) => self.value(node, binder),
                DraftValue::Set(inner) => self.lower_set(drafts, inner),
                DraftValue::Inherit => {
                    let resolved = inherited.next().unwrap_or(Expr::Missing);
                    self.push(resolved, entry.place)
                }
                DraftValue::InheritFrom(number) => {
                    let base = sources.get(number as usize).copied().unwrap_or(ExprId::NONE);
                    let path = self.path_of_one(entry.name, entry.place);
                    self.push(Expr::Select { base, path, default: ExprId::NONE }, entry.place)
                }
                DraftValue::Missing => self.push(Expr::Missing, Span::new(entry.place.end, entry.place.end)),
            };
            entries.push(Entry { name: entry.name, binder, value });
        }
        let mut dynamics = Vec::with_capacity(draft.dynamics.len());
        for (name, value) in &draft.dynamics {
            let nameless = self.intern("");
            let binder = self.push(Expr::Binder(nameless), name.span());
            let name = self.dynamic_name(*name);
            let value = match value {
                DraftValue::Node(node) => self.value(*node, ExprId::NONE),
                DraftValue::Set(inner) => self.lower_set(drafts, *inner),
                _ => self.push(Expr::Missing, draft.span),
            };
            dynamics.push(DynamicEntry { name, binder, value });
        }
        let body = body(self);
        if let Some(mark) = mark {
            self.scope.leave(mark);
        }
        let bindings = Bindings {
            recursive: draft.recursive,
            pushes_frame,
            entries: Range { start: count(self.ir.entries.len()), len: count(entries.len()) },
            hidden,
            dynamics: Range { start: count(self.ir.dynamics.len()), len: count(dynamics.len()) },
        };
        self.ir.entries.append(&mut entries);
        self.ir.dynamics.append(&mut dynamics);
        self.ir.bindings.push(bindings);
        (count(self.ir.bindings.len() - 1), body)
    }

    fn lower_hidden(&mut self, draft: &Draft<'t>) -> Range {
        let hidden: Vec<ExprId> = draft
            .hidden
            .iter()
            .zip(&draft.hidden_spans)
            .map(|(source, span)| self.hole_or(*source, span.end))
            .collect();
        self.list_of(&hidden)
    }

    /// A path of one static step.
    fn path_of_one(&mut self, name: Name, place: Span) -> u32 {
        let binder = self.push(Expr::Binder(name), place);
        self.path_of(&[Step::Static { name, binder }])
    }
}

fn is_recursive(node: Node<'_>) -> bool {
    node.children().any(|child| matches!(child, Element::Token(token) if token.kind() == SyntaxKind::TOKEN_REC))
}

/// Where Nix has read all of a binding: behind its semicolon.
fn read_whole(binding: Node<'_>) -> u32 {
    binding.token(SyntaxKind::TOKEN_SEMICOLON).map_or(SyntaxError::UNNOTICED, |semicolon| semicolon.span().end)
}
