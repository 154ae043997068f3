//! Lowering of functions and their formals.

use rnix::SyntaxKind;
use rustc_hash::FxHashMap;

use super::ir::{Expr, ExprId, Formal, Lambda, Name, Range, SyntaxError, SyntaxErrorKind};
use super::lower::{Lowering, count};
use super::tree::Node;
use crate::source::Span;

impl<'t> Lowering<'t> {
    /// Lowers a function; `bound_as` is the name that it is bound to, if any.
    pub(super) fn lambda(&mut self, node: Node<'t>, bound_as: ExprId) -> ExprId {
        let mark = self.scope.enter();
        let mut duplicates = Vec::new();
        let mut lambda = Lambda {
            parameter: ExprId::NONE,
            formals: Range::default(),
            has_formals: false,
            ellipsis: false,
            body: ExprId::NONE,
            bound_as,
        };
        if let Some(pattern) = node.node(SyntaxKind::NODE_PATTERN) {
            duplicates = self.pattern(pattern, &mut lambda);
        } else if let Some(parameter) =
            node.node(SyntaxKind::NODE_IDENT_PARAM).and_then(|parameter| parameter.node(SyntaxKind::NODE_IDENT))
        {
            let (name, binder) = self.binder(parameter);
            self.scope.bind(name, 0);
            lambda.parameter = binder;
        }
        let body = node.expressions().last();
        lambda.body = match body {
            Some(body) => self.value(body, bound_as),
            None => self.hole_or(None, node.span().end),
        };
        self.complain_behind(duplicates, body);
        self.scope.leave(mark);
        self.ir.lambdas.push(lambda);
        self.push(Expr::Lambda(count(self.ir.lambdas.len() - 1)), node.span())
    }

    fn binder(&mut self, node: Node<'t>) -> (Name, ExprId) {
        let text = node.tokens().next().map_or("", |token| token.text());
        let name = self.intern(text);
        (name, self.push(Expr::Binder(name), node.span()))
    }

    /// Lowers the formals; gives what is wrong with them, which Nix notices behind the body.
    fn pattern(&mut self, pattern: Node<'t>, lambda: &mut Lambda) -> Vec<SyntaxError> {
        let mut duplicates = Vec::new();
        lambda.has_formals = true;
        lambda.ellipsis = pattern.token(SyntaxKind::TOKEN_ELLIPSIS).is_some();
        let mut formals: Vec<(Formal, Option<Node<'t>>, Span)> = Vec::new();
        let mut seen: FxHashMap<Name, Span> = FxHashMap::default();
        for entry in pattern.nodes().filter(|node| node.kind() == SyntaxKind::NODE_PAT_ENTRY) {
            let Some(ident) = entry.node(SyntaxKind::NODE_IDENT) else { continue };
            let (name, binder) = self.binder(ident);
            if let Some(first) = seen.insert(name, ident.span()) {
                duplicates.push(self.duplicate_formal(name, ident.span(), first, "the first"));
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
                Some(first) => duplicates.push(self.duplicate_formal(name, ident.span(), *first, "the formal")),
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
        duplicates
    }

    fn duplicate_formal(&self, name: Name, place: Span, first: Span, which: &str) -> SyntaxError {
        let text = self.name_text(name);
        let message = format!("the function takes `{text}` twice; keep one of the two");
        SyntaxError::new(SyntaxErrorKind::DuplicateFormal, place, message)
            .related_to(first, format!("{which} `{text}`"))
    }
}
