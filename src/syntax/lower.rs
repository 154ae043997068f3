//! Lowering of rnix's tree to the IR.

use std::borrow::Cow;

use rnix::SyntaxKind;
use rustc_hash::FxHashMap;

use super::ir::{Expr, ExprId, FileIr, Formal, Lambda, Name, Range, Step, SyntaxError, SyntaxErrorKind};
use super::scope::Scope;
use super::strings;
use super::tree::{Element, Node};
use crate::source::Span;

/// Most `with` around one name; each of them is recorded with each name that it may hold.
const MAX_WITHS: usize = 100;

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

    fn complain(&mut self, kind: SyntaxErrorKind, span: Span, message: String) {
        self.error(SyntaxError { kind, span, message, related: None });
    }

    pub(super) fn intern(&mut self, text: &'t str) -> Name {
        self.intern_cow(Cow::Borrowed(text))
    }

    fn intern_cow(&mut self, text: Cow<'t, str>) -> Name {
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

    fn text(&mut self, text: &str) -> u32 {
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

    /// rnix takes any token for the end of a parenthesis.
    pub(super) fn check_closing_parenthesis(&mut self, node: Node<'t>) {
        let last = node.tokens().filter(|token| !token.kind().is_trivia()).last();
        if let Some(token) = last
            && !matches!(token.kind(), SyntaxKind::TOKEN_R_PAREN | SyntaxKind::TOKEN_L_PAREN)
        {
            self.error(SyntaxError {
                kind: SyntaxErrorKind::Grammar,
                span: token.span(),
                message: format!("`)` is missing before `{}`", token.text()),
                related: Some((Span::new(node.start, node.start + 1), "opened here".to_owned())),
            });
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
                self.push(if is_not { Expr::Not(operand) } else { Expr::Negate(operand) }, node.span())
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
        let bound = self.scope.bound().map(|name| self.name_text(name));
        match super::spelling::nearest(text, bound.chain(self.globals.iter().copied())) {
            Some(near) => format!("`{text}` is not defined here; did you mean `{near}`?"),
            None => format!("`{text}` is not defined here"),
        }
    }

    fn literal(&mut self, node: Node<'t>) -> ExprId {
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
    fn string(&mut self, node: Node<'t>) -> ExprId {
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

    fn path(&mut self, node: Node<'t>) -> ExprId {
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

    fn search_path(&mut self, node: Node<'t>) -> ExprId {
        let written = node.tokens().next().map_or("", |token| token.text());
        let inner = written.strip_prefix('<').and_then(|text| text.strip_suffix('>')).unwrap_or_default();
        if inner.split('/').any(str::is_empty) {
            let message = format!("`{written}` has an empty part; write it like `<nixpkgs/lib>`");
            self.complain(SyntaxErrorKind::Grammar, node.span(), message);
        }
        let expr = Expr::SearchPath(self.text(inner));
        self.push(expr, node.span())
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
            steps.push(match self.static_name(step) {
                Some(name) => Step::Static { name, binder: self.push(Expr::Binder(name), step.span()) },
                None => Step::Dynamic(self.dynamic_name(step)),
            });
        }
        (!steps.is_empty()).then(|| self.path_of(&steps))
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
                Some(op) => self.push(Expr::Binary { op, left, right }, span),
                None => left,
            },
        }
    }

    fn lambda(&mut self, node: Node<'t>, bound_as: ExprId) -> ExprId {
        let mark = self.scope.enter();
        let mut lambda = Lambda {
            parameter: ExprId::NONE,
            formals: Range::default(),
            has_formals: false,
            ellipsis: false,
            body: ExprId::NONE,
            bound_as,
        };
        if let Some(pattern) = node.node(SyntaxKind::NODE_PATTERN) {
            self.pattern(pattern, &mut lambda);
        } else if let Some(parameter) =
            node.node(SyntaxKind::NODE_IDENT_PARAM).and_then(|parameter| parameter.node(SyntaxKind::NODE_IDENT))
        {
            let (name, binder) = self.binder(parameter);
            self.scope.bind(name, 0);
            lambda.parameter = binder;
        }
        lambda.body = match node.expressions().last() {
            Some(body) => self.value(body, bound_as),
            None => self.hole_or(None, node.span().end),
        };
        self.scope.leave(mark);
        self.ir.lambdas.push(lambda);
        self.push(Expr::Lambda(count(self.ir.lambdas.len() - 1)), node.span())
    }

    fn binder(&mut self, node: Node<'t>) -> (Name, ExprId) {
        let text = node.tokens().next().map_or("", |token| token.text());
        let name = self.intern(text);
        (name, self.push(Expr::Binder(name), node.span()))
    }

    fn pattern(&mut self, pattern: Node<'t>, lambda: &mut Lambda) {
        lambda.has_formals = true;
        lambda.ellipsis = pattern.token(SyntaxKind::TOKEN_ELLIPSIS).is_some();
        let mut formals: Vec<(Formal, Option<Node<'t>>, Span)> = Vec::new();
        let mut seen: FxHashMap<Name, Span> = FxHashMap::default();
        for entry in pattern.nodes().filter(|node| node.kind() == SyntaxKind::NODE_PAT_ENTRY) {
            let Some(ident) = entry.node(SyntaxKind::NODE_IDENT) else { continue };
            let (name, binder) = self.binder(ident);
            if let Some(first) = seen.insert(name, ident.span()) {
                self.duplicate_formal(name, ident.span(), first, "the first");
                continue;
            }
            let default = entry.token(SyntaxKind::TOKEN_QUESTION).and_then(|_| entry.expressions().nth(1));
            let has_default = entry.token(SyntaxKind::TOKEN_QUESTION).is_some();
            let formal = Formal { name, binder, default: if has_default { binder } else { ExprId::NONE } };
            formals.push((formal, default, entry.span()));
        }
        for (variable, (formal, ..)) in (0..).zip(&formals) {
            self.scope.bind(formal.name, variable);
        }
        let whole = pattern.node(SyntaxKind::NODE_PAT_BIND).and_then(|bind| bind.node(SyntaxKind::NODE_IDENT));
        if let Some(ident) = whole {
            let (name, binder) = self.binder(ident);
            match seen.get(&name) {
                Some(first) => self.duplicate_formal(name, ident.span(), *first, "the formal"),
                None => self.scope.bind(name, count(formals.len())),
            }
            lambda.parameter = binder;
        }
        for (formal, default, span) in &mut formals {
            if formal.default.is_some() {
                formal.default = self.hole_or(*default, span.end);
            }
        }
        lambda.formals = Range { start: count(self.ir.formals.len()), len: count(formals.len()) };
        self.ir.formals.extend(formals.into_iter().map(|(formal, ..)| formal));
    }

    fn duplicate_formal(&mut self, name: Name, place: Span, first: Span, which: &str) {
        let text = self.name_text(name);
        self.error(SyntaxError {
            kind: SyntaxErrorKind::DuplicateFormal,
            span: place,
            message: format!("the function takes `{text}` twice; keep one of the two"),
            related: Some((first, format!("{which} `{text}`"))),
        });
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
