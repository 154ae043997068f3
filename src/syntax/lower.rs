//! Lowering of rnix's tree to the IR.

use std::borrow::Cow;

use rnix::SyntaxKind;
use rustc_hash::FxHashMap;

use super::direct;
use super::ir::{BinaryOp, Expr, ExprId, FileIr, Name, Range, Step, SyntaxError, SyntaxErrorKind};
use super::scope::Scope;
use super::tree::Node;
use crate::source::Span;

/// Most `with` around one name; each of them is recorded with each name that it may hold.
const MAX_WITHS: usize = 100;

/// Errors after this many come without a guess at what was meant, because each guess looks at every name.
const MAX_SUGGESTIONS: usize = 20;

/// What a file sees without binding it.
#[derive(Clone, Copy, Debug, Default)]
pub struct LowerOptions<'a> {
    /// Names that the evaluator provides: `builtins`, `map`, `true` … They become [`Expr::Global`].
    pub globals: &'a [&'a str],
    /// Names bound by one outermost frame (`scopedImport`, extras of a command line): variable `i` is `frame[i]`. Empty means that
    /// there is no such frame.
    pub frame: &'a [&'a str],
}

/// The state of lowering one file.
pub(super) struct Lowering<'t> {
    pub(super) ir: FileIr,
    pub(super) scope: Scope,
    names: FxHashMap<Cow<'t, str>, Name>,
    globals: &'t [&'t str],
    /// For each symbol whether it is a global, once asked.
    is_global: Vec<Option<bool>>,
    /// The last body that [`Lowering::is_read_whole`] was asked about, with its answer.
    last_body: Option<(Span, bool)>,
}

/// A length or index as the IR stores it; texts are far too small to exceed it.
pub(super) fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// Lowers a tree; the errors found are not yet in order.
pub(super) fn lower_tree<'t>(root: Node<'t>, options: &LowerOptions<'t>) -> FileIr {
    let mut lowering = Lowering {
        ir: FileIr::default(),
        scope: Scope::default(),
        names: FxHashMap::default(),
        globals: options.globals,
        is_global: Vec::new(),
        last_body: None,
    };
    // Source has about one expression for eight bytes; growing the arrays step by step costs more than an estimate.
    let estimate = (root.span().end / 8) as usize;
    lowering.ir.exprs.reserve(estimate);
    lowering.ir.spans.reserve(estimate);
    lowering.ir.symbols.reserve(estimate / 4);
    lowering.names.reserve(estimate / 4);
    if !options.frame.is_empty() {
        let _outermost = lowering.scope.enter();
        for (variable, name) in (0..).zip(options.frame) {
            let name = lowering.intern(name);
            lowering.scope.bind(name, variable);
        }
    }
    let expression = root.expressions().next();
    let root = lowering.hole_or(expression, root.span().end);
    lowering.ir.root = Some(root);
    lowering.ir
}

impl<'t> Lowering<'t> {
    pub(super) fn push(&mut self, expr: Expr, span: Span) -> ExprId {
        let id = ExprId(count(self.ir.exprs.len()));
        self.ir.exprs.push(expr);
        self.ir.spans.push(span);
        id
    }

    pub(super) fn error(&mut self, error: SyntaxError) {
        self.ir.errors.push(error);
    }

    pub(super) fn complain(&mut self, kind: SyntaxErrorKind, span: Span, message: String) {
        self.error(SyntaxError::new(kind, span, message));
    }

    /// Complains about what stands in front of a body: Nix looks at it when it has read the body, if it gets to the end of that.
    pub(super) fn complain_behind(&mut self, errors: Vec<SyntaxError>, body: Option<Node<'t>>) {
        if errors.is_empty() {
            return;
        }
        let noticed =
            body.filter(|body| self.is_read_whole(*body)).map_or(SyntaxError::UNNOTICED, |body| body.span().end);
        self.ir.errors.extend(errors.into_iter().map(|error| error.noticed_at(noticed)));
    }

    /// Whether nothing is wrong with the grammar of a body, as far as that matters: behind another whole body it does not, since what is wrong
    /// there was noticed before. Bodies come from the inside out, so that no text is read again for what stands around it.
    fn is_read_whole(&mut self, body: Node<'t>) -> bool {
        let span = body.span();
        let is_whole = match self.last_body {
            Some((_, true)) => true,
            Some((inner, false)) if span.start <= inner.start => false,
            _ => direct::read(body.text()).is_some(),
        };
        self.last_body = Some((span, is_whole));
        is_whole
    }

    pub(super) fn intern(&mut self, text: &'t str) -> Name {
        self.intern_cow(Cow::Borrowed(text))
    }

    pub(super) fn intern_cow(&mut self, text: Cow<'t, str>) -> Name {
        if let Some(name) = self.names.get(text.as_ref()) {
            return *name;
        }
        let name = Name(count(self.ir.symbols.len()));
        self.ir.symbols.push(text.as_ref().into());
        self.names.insert(text, name);
        name
    }

    pub(super) fn name_text(&self, name: Name) -> &str {
        self.ir.symbols.get(name.0 as usize).map_or("", |text| text)
    }

    pub(super) fn text(&mut self, text: &str) -> u32 {
        self.ir.strings.push(text.into());
        count(self.ir.strings.len() - 1)
    }

    pub(super) fn list_of(&mut self, items: &[ExprId]) -> Range {
        let start = count(self.ir.exprs_lists.len());
        self.ir.exprs_lists.extend_from_slice(items);
        Range { start, len: count(items.len()) }
    }

    pub(super) fn path_of(&mut self, steps: &[Step]) -> u32 {
        let start = count(self.ir.steps.len());
        self.ir.steps.extend_from_slice(steps);
        self.ir.paths.push(Range { start, len: count(steps.len()) });
        count(self.ir.paths.len() - 1)
    }

    /// Lowers a node where any expression may stand, or leaves a hole at `end`.
    pub(super) fn hole_or(&mut self, node: Option<Node<'t>>, end: u32) -> ExprId {
        match node {
            Some(node) => self.expr(node),
            None => self.push(Expr::Missing, Span::new(end, end)),
        }
    }

    /// Lowers the value of a binding; a function learns the name it is bound to.
    pub(super) fn value(&mut self, node: Node<'t>, binder: ExprId) -> ExprId {
        let inner = self.peel(node);
        if inner.kind() == SyntaxKind::NODE_LAMBDA { self.lambda(inner, binder) } else { self.expr(inner) }
    }

    /// Lowers an operand, an argument or an element of a list, where a function needs parentheses.
    fn operand(&mut self, node: Option<Node<'t>>, end: u32) -> ExprId {
        if let Some(node) = node
            && node.kind() == SyntaxKind::NODE_LAMBDA
        {
            let message = "a function must stand in parentheses here".to_owned();
            self.complain(SyntaxErrorKind::Grammar, node.span(), message);
        }
        self.hole_or(node, end)
    }

    /// Takes parentheses off an expression, checking that they are closed by parentheses.
    pub(super) fn peel(&mut self, node: Node<'t>) -> Node<'t> {
        let mut node = node;
        while node.kind() == SyntaxKind::NODE_PAREN {
            self.check_closing_parenthesis(node);
            match node.expressions().next() {
                Some(inner) => node = inner,
                None => break,
            }
        }
        node
    }

    /// Reports a parenthesis that something else closes.
    pub(super) fn check_closing_parenthesis(&mut self, node: Node<'t>) {
        if let Some(error) = unclosed_parenthesis(node) {
            self.error(error);
        }
    }

    /// Lowers a node where any expression may stand.
    pub(super) fn expr(&mut self, node: Node<'t>) -> ExprId {
        let end = node.span().end;
        match node.kind() {
            SyntaxKind::NODE_PAREN => {
                let inner = self.peel(node);
                if inner.kind() == SyntaxKind::NODE_PAREN {
                    return self.push(Expr::Missing, inner.span());
                }
                self.expr(inner)
            }
            SyntaxKind::NODE_IDENT => {
                let text = node.tokens().next().map_or("", |token| token.text());
                let name = self.intern(text);
                let expr = self.resolve(name, node.span(), 0);
                self.push(expr, node.span())
            }
            SyntaxKind::NODE_LITERAL => self.literal(node),
            SyntaxKind::NODE_STRING => self.string(node),
            SyntaxKind::NODE_PATH_ABS | SyntaxKind::NODE_PATH_REL | SyntaxKind::NODE_PATH_HOME => self.path(node),
            SyntaxKind::NODE_PATH_SEARCH => self.search_path(node),
            SyntaxKind::NODE_CUR_POS => self.push(Expr::CurPos, node.span()),
            SyntaxKind::NODE_SELECT => self.select(node),
            SyntaxKind::NODE_HAS_ATTR => self.has_attribute(node),
            SyntaxKind::NODE_APPLY => self.apply(node),
            SyntaxKind::NODE_LAMBDA => self.lambda(node, ExprId::NONE),
            SyntaxKind::NODE_ATTR_SET => self.attribute_set(node),
            SyntaxKind::NODE_LET_IN => self.let_in(node),
            SyntaxKind::NODE_LEGACY_LET => self.legacy_let(node),
            SyntaxKind::NODE_LIST => self.list(node),
            SyntaxKind::NODE_BIN_OP => self.binary(node),
            SyntaxKind::NODE_UNARY_OP => {
                let operand = node.expressions().next();
                let operand = self.operand(operand, end);
                let is_not = node.token(SyntaxKind::TOKEN_INVERT).is_some();
                match self.own_function("__sub", node.span()).filter(|_| !is_not) {
                    Some(function) => {
                        let zero = self.push(Expr::Int(0), node.span());
                        self.application(function, &[zero, operand], node.span())
                    }
                    None => self.push(if is_not { Expr::Not(operand) } else { Expr::Negate(operand) }, node.span()),
                }
            }
            SyntaxKind::NODE_WITH => {
                let mut parts = node.expressions();
                let namespace = self.hole_or(parts.next(), end);
                let mark = self.scope.enter_with();
                let body = self.hole_or(parts.next(), end);
                self.scope.leave(mark);
                self.push(Expr::With { namespace, body }, node.span())
            }
            SyntaxKind::NODE_ASSERT => {
                let mut parts = node.expressions();
                let condition = self.hole_or(parts.next(), end);
                let body = self.hole_or(parts.next(), end);
                self.push(Expr::Assert { condition, body }, node.span())
            }
            SyntaxKind::NODE_IF_ELSE => {
                let mut parts = node.expressions();
                let condition = self.hole_or(parts.next(), end);
                let yes = self.hole_or(parts.next(), end);
                let no = self.hole_or(parts.next(), end);
                self.push(Expr::If { condition, yes, no }, node.span())
            }
            _ => self.push(Expr::Missing, node.span()),
        }
    }

    /// What a name means here. With `outwards` = 1 it is looked up outside a frame that is about to be entered.
    pub(super) fn resolve(&mut self, name: Name, place: Span, outwards: u16) -> Expr {
        if let Some((level, variable)) = self.scope.lookup(name) {
            return Expr::Local { level: level.saturating_add(outwards), variable };
        }
        if self.is_global(name) {
            return Expr::Global(name);
        }
        let withs = self.scope.withs();
        if withs == 0 {
            let message = self.undefined_message(name);
            self.complain(SyntaxErrorKind::UndefinedVariable, place, message);
            return Expr::Undefined(name);
        }
        if withs > MAX_WITHS {
            let message = format!("more than {MAX_WITHS} `with` enclose this name");
            self.complain(SyntaxErrorKind::TooDeep, place, message);
            return Expr::Undefined(name);
        }
        let len = u16::try_from(withs).unwrap_or(u16::MAX);
        let levels = self.scope.with_levels().map(|level| level.saturating_add(outwards));
        // Names that stand side by side see the same frames: they share one record.
        let start = self.ir.levels.len().saturating_sub(withs);
        let start = if self.ir.levels.iter().skip(start).copied().eq(levels) {
            start
        } else {
            let start = self.ir.levels.len();
            self.ir.levels.extend(self.scope.with_levels().map(|level| level.saturating_add(outwards)));
            start
        };
        Expr::WithVar { name, start: count(start), len }
    }

    fn is_global(&mut self, name: Name) -> bool {
        let index = name.0 as usize;
        if let Some(Some(known)) = self.is_global.get(index) {
            return *known;
        }
        let text = self.name_text(name);
        let known = self.globals.contains(&text);
        if index >= self.is_global.len() {
            self.is_global.resize(index + 1, None);
        }
        if let Some(slot) = self.is_global.get_mut(index) {
            *slot = Some(known);
        }
        known
    }

    fn undefined_message(&self, name: Name) -> String {
        let text = self.name_text(name);
        if self.ir.errors.len() >= MAX_SUGGESTIONS {
            return format!("`{text}` is not defined here");
        }
        let bound = self.scope.bound().map(|name| self.name_text(name));
        match super::spelling::nearest(text, bound.chain(self.globals.iter().copied())) {
            Some(near) => format!("`{text}` is not defined here; did you mean `{near}`?"),
            None => format!("`{text}` is not defined here"),
        }
    }

    fn select(&mut self, node: Node<'t>) -> ExprId {
        let end = node.span().end;
        let mut parts = node.expressions();
        let base = self.operand(parts.next(), end);
        let Some(path) = self.attribute_path(node) else { return base };
        let default = match (node.token(SyntaxKind::TOKEN_OR), parts.next()) {
            (None, _) => ExprId::NONE,
            (Some(_), default) => self.operand(default, end),
        };
        self.push(Expr::Select { base, path, default }, node.span())
    }

    fn has_attribute(&mut self, node: Node<'t>) -> ExprId {
        let base = self.operand(node.expressions().next(), node.span().end);
        let Some(path) = self.attribute_path(node) else { return base };
        self.push(Expr::HasAttr { base, path }, node.span())
    }

    /// The attribute path of a selection; `None` if nothing of it is there.
    fn attribute_path(&mut self, node: Node<'t>) -> Option<u32> {
        let path = node.node(SyntaxKind::NODE_ATTRPATH)?;
        let mut steps = Vec::new();
        for step in path.nodes().filter(|step| step.kind() != SyntaxKind::NODE_ERROR) {
            self.refuse_indented(step);
            steps.push(match self.static_name(step) {
                Some(name) => Step::Static { name, binder: self.push(Expr::Binder(name), step.span()) },
                None => Step::Dynamic(self.dynamic_name(step)),
            });
        }
        (!steps.is_empty()).then(|| self.path_of(&steps))
    }

    /// Complains about a name that is written as an indented string.
    pub(super) fn refuse_indented(&mut self, step: Node<'t>) {
        let opener = step.tokens().next().filter(|token| token.text() == "''");
        if let Some(opener) = opener.filter(|_| step.kind() == SyntaxKind::NODE_STRING) {
            let message = "the name of an attribute cannot be written as an indented string; use `\"`".to_owned();
            self.complain(SyntaxErrorKind::Grammar, opener.span(), message);
        }
    }

    /// Lowers the name of a dynamic attribute.
    pub(super) fn dynamic_name(&mut self, node: Node<'t>) -> ExprId {
        if node.kind() == SyntaxKind::NODE_DYNAMIC {
            self.hole_or(node.expressions().next(), node.span().end)
        } else {
            self.expr(node)
        }
    }

    fn apply(&mut self, node: Node<'t>) -> ExprId {
        let mut arguments = Vec::new();
        let mut head = node;
        while head.kind() == SyntaxKind::NODE_APPLY {
            let mut parts = head.expressions();
            let function = parts.next();
            arguments.push((parts.next(), head.span().end));
            let Some(function) = function else { break };
            if function.kind() == SyntaxKind::NODE_LAMBDA {
                let message = "a function must stand in parentheses to be applied".to_owned();
                self.complain(SyntaxErrorKind::Grammar, function.span(), message);
            }
            head = self.peel(function);
        }
        let function =
            if head.kind() == SyntaxKind::NODE_APPLY { self.push(Expr::Missing, head.span()) } else { self.expr(head) };
        let arguments: Vec<ExprId> =
            arguments.into_iter().rev().map(|(argument, end)| self.operand(argument, end)).collect();
        self.application(function, &arguments, node.span())
    }

    /// An application, joined with that of its function.
    fn application(&mut self, function: ExprId, arguments: &[ExprId], span: Span) -> ExprId {
        let inner = self.ir.exprs.get(function.0 as usize).copied();
        let (function, earlier) = match inner {
            Some(Expr::Apply { function, start, len }) => (function, Range { start, len: u32::from(len) }),
            _ => (function, Range::default()),
        };
        let start = count(self.ir.exprs_lists.len());
        let first = earlier.start as usize;
        let earlier = first..first.saturating_add(earlier.len as usize);
        if !earlier.is_empty() && earlier.end <= self.ir.exprs_lists.len() {
            self.ir.exprs_lists.extend_from_within(earlier);
        }
        self.ir.exprs_lists.extend_from_slice(arguments);
        let len = u16::try_from(self.ir.exprs_lists.len().saturating_sub(start as usize)).unwrap_or(u16::MAX);
        self.push(Expr::Apply { function, start, len }, span)
    }

    fn list(&mut self, node: Node<'t>) -> ExprId {
        let end = node.span().end;
        let elements: Vec<ExprId> = node.expressions().map(|element| self.operand(Some(element), end)).collect();
        let elements = self.list_of(&elements);
        self.push(Expr::List(elements), node.span())
    }

    fn binary(&mut self, node: Node<'t>) -> ExprId {
        let span = node.span();
        let mut parts = node.expressions();
        let left = self.operand(parts.next(), span.end);
        let right = self.operand(parts.next(), span.end);
        let operator = node.tokens().find(|token| !token.kind().is_trivia());
        let Some(operator) = operator else { return left };
        match operator.kind() {
            SyntaxKind::TOKEN_PIPE_RIGHT => self.application(right, &[left], span),
            SyntaxKind::TOKEN_PIPE_LEFT => self.application(left, &[right], span),
            kind => match super::grammar::binary_operator(kind) {
                Some(op) => match called_function(op).and_then(|name| self.own_function(name, span)) {
                    Some(function) => self.called_operator(op, function, left, right, span),
                    None => self.push(Expr::Binary { op, left, right }, span),
                },
                None => left,
            },
        }
    }

    /// The variable of this name, if the text binds one: Nix reads some operators as calls of functions with such names.
    fn own_function(&mut self, name: &str, place: Span) -> Option<ExprId> {
        let name = *self.names.get(name)?;
        self.scope.lookup(name)?;
        let variable = self.resolve(name, place, 0);
        Some(self.push(variable, place))
    }

    /// An operator as the call that Nix makes of it.
    fn called_operator(&mut self, op: BinaryOp, function: ExprId, left: ExprId, right: ExprId, span: Span) -> ExprId {
        let is_turned = matches!(op, BinaryOp::More | BinaryOp::LessOrEqual);
        let arguments = if is_turned { [right, left] } else { [left, right] };
        let call = self.application(function, &arguments, span);
        let is_negated = matches!(op, BinaryOp::LessOrEqual | BinaryOp::MoreOrEqual);
        if is_negated { self.push(Expr::Not(call), span) } else { call }
    }
}

/// The name of the function that an operator calls; the others have none.
fn called_function(op: BinaryOp) -> Option<&'static str> {
    match op {
        BinaryOp::Subtract => Some("__sub"),
        BinaryOp::Multiply => Some("__mul"),
        BinaryOp::Divide => Some("__div"),
        BinaryOp::Less | BinaryOp::LessOrEqual | BinaryOp::More | BinaryOp::MoreOrEqual => Some("__lessThan"),
        BinaryOp::Add
        | BinaryOp::Concat
        | BinaryOp::Update
        | BinaryOp::And
        | BinaryOp::Or
        | BinaryOp::Implies
        | BinaryOp::Equal
        | BinaryOp::NotEqual => None,
    }
}

/// What is wrong with the end of a parenthesis: rnix takes any token for it.
pub(super) fn unclosed_parenthesis(node: Node<'_>) -> Option<SyntaxError> {
    let last = node.tokens().filter(|token| !token.kind().is_trivia()).last()?;
    if matches!(last.kind(), SyntaxKind::TOKEN_R_PAREN | SyntaxKind::TOKEN_L_PAREN) {
        return None;
    }
    let message = format!("`)` is missing before `{}`", last.text());
    let opened = Span::new(node.start, node.start + 1);
    Some(SyntaxError::new(SyntaxErrorKind::Grammar, last.span(), message).related_to(opened, "opened here"))
}
