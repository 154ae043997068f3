//! Where a value comes from: computed strings are taken apart again by evaluating their parts.
//!
//! Nothing of this runs during ordinary evaluation. A string keeps the expression and environment (or the deferred call) that
//! made it; [`Evaluator::parts`] replays that one step, and again for each part, down to literals.

use super::evaluator::Evaluator;
use crate::heap::{Env, Replay, Seq, SlotId, StrId, Value, View};
use crate::syntax::ir::{BinaryOp, Expr, ExprId, Range};

/// A leaf of an explanation: a scalar that is not computed from others, as far as that is known.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// First byte in the explained string.
    pub start: u32,
    /// One past the last byte in the explained string.
    pub end: u32,
    /// The scalar: a string, integer or anything else.
    pub value: Value,
    /// The expression that gave it (a literal, an operator, a call).
    pub origin: ExprId,
    /// Whether the bytes are the scalar's own text; otherwise they were computed from it (as by `toHexString`).
    pub is_verbatim: bool,
}

/// Most leaves and deepest nesting of one explanation.
const MOST: usize = 64;
const DEEPEST: u32 = 24;

impl Evaluator {
    /// The leaves that a scalar is made of, in the order of their bytes. An integer or a literal is its own only leaf.
    pub fn parts(&mut self, value: Value) -> Vec<Part> {
        let mut parts = Vec::new();
        let value = self.force(value);
        let end = match value.view() {
            View::Str(id) | View::Path(id) => length(self.heap.bytes(id).len()),
            _ => 0,
        };
        self.collect(value, 0, end, true, 0, &mut parts);
        parts
    }

    fn collect(&mut self, value: Value, start: u32, end: u32, verbatim: bool, depth: u32, parts: &mut Vec<Part>) {
        if parts.len() >= MOST {
            return;
        }
        let leaf = Part { start, end, value, origin: value.origin(), is_verbatim: verbatim };
        let View::Str(id) = value.view() else {
            parts.push(leaf);
            return;
        };
        if depth >= DEEPEST {
            parts.push(leaf);
            return;
        }
        match self.heap.replay(id) {
            Replay::None => parts.push(leaf),
            Replay::Expr(expr, env) => self.collect_expr(leaf, expr, env, depth, parts),
            Replay::Call(seq) => {
                let arguments: Vec<Value> = seq.slots().skip(1).map(|slot| self.heap.share(slot)).collect();
                let function = self.heap.share(SlotId(seq.start));
                self.collect_call(leaf, function, &arguments, depth, parts);
            }
        }
    }

    fn collect_expr(&mut self, leaf: Part, expr: ExprId, env: Env, depth: u32, parts: &mut Vec<Part>) {
        match self.program.expr(expr) {
            Expr::Interpolation(range) => {
                let pieces: Vec<ExprId> = self.program.list(range).to_vec();
                self.collect_pieces(leaf, &pieces, env, depth, parts);
            }
            Expr::Binary { op: BinaryOp::Add, left, right } => {
                self.collect_pieces(leaf, &[left, right], env, depth, parts);
            }
            Expr::Apply { function, start, len } => {
                let callee = self.eval(function, env);
                let arguments: Vec<Value> = self
                    .program
                    .list(Range { start, len: u32::from(len) })
                    .to_vec()
                    .into_iter()
                    .map(|argument| self.eval(argument, env))
                    .collect();
                self.collect_call(leaf, callee, &arguments, depth, parts);
            }
            _ => parts.push(leaf),
        }
    }

    /// The pieces of a concatenation, each over its own bytes. If they no longer add up to the string, the whole is one leaf.
    fn collect_pieces(&mut self, leaf: Part, pieces: &[ExprId], env: Env, depth: u32, parts: &mut Vec<Part>) {
        let mut values = Vec::with_capacity(pieces.len());
        let mut total = 0;
        for piece in pieces {
            let value = match self.program.expr(*piece) {
                Expr::Str(text) => Value::string(StrId(text)).with_origin(*piece),
                _ => self.eval(*piece, env),
            };
            let text = match value.view() {
                View::Str(id) => Some(id),
                _ => self.coerce(value, super::Coercion::Strict).ok(),
            };
            let Some(text) = text else {
                parts.push(leaf);
                return;
            };
            let size = length(self.heap.bytes(text).len());
            let shown =
                if matches!(value.view(), View::Str(_)) { value } else { Value::string(text).with_origin(*piece) };
            values.push((shown, size));
            total += size;
        }
        if leaf.is_verbatim && total != leaf.end - leaf.start {
            parts.push(leaf);
            return;
        }
        let mut at = leaf.start;
        for (value, size) in values {
            let (start, end) = if leaf.is_verbatim { (at, at + size) } else { (leaf.start, leaf.end) };
            self.collect(value, start, end, leaf.is_verbatim, depth + 1, parts);
            at += size;
        }
    }

    /// A call: `toString` and functions like it pass their argument on; of any other the scalar arguments are leaves of the whole.
    fn collect_call(&mut self, leaf: Part, function: Value, arguments: &[Value], depth: u32, parts: &mut Vec<Part>) {
        let (name, given) = match function.view() {
            View::Native(id) => (self.native_def(id).map(|definition| definition.name), Vec::new()),
            View::Partial(_) => match self.partial_of(function) {
                Some((definition, given)) => (Some(definition.name), given),
                None => (None, Vec::new()),
            },
            View::Lambda(lambda, closure) => {
                self.collect_lambda(leaf, lambda, closure, arguments, depth, parts);
                return;
            }
            _ => (None, Vec::new()),
        };
        let Some(name) = name else {
            parts.push(leaf);
            return;
        };
        let passes_on =
            matches!(name, "builtins.toString" | "lib.strings.toString" | "builtins.unsafeDiscardStringContext");
        let before = parts.len();
        for argument in given.iter().chain(arguments) {
            let argument = self.force(*argument);
            match argument.view() {
                View::Int(_) | View::Str(_) if passes_on => {
                    self.collect(argument, leaf.start, leaf.end, leaf.is_verbatim, depth + 1, parts);
                }
                View::Int(_) | View::Str(_) => self.collect(argument, leaf.start, leaf.end, false, depth + 1, parts),
                View::List(seq) => self.collect_list(leaf, seq, depth, parts),
                _ => {}
            }
        }
        if parts.len() == before {
            parts.push(leaf);
        }
    }

    fn collect_list(&mut self, leaf: Part, seq: Seq, depth: u32, parts: &mut Vec<Part>) {
        for slot in seq.slots().take(MOST) {
            let element = self.force_slot(slot);
            if matches!(element.view(), View::Int(_) | View::Str(_)) {
                self.collect(element, leaf.start, leaf.end, false, depth + 1, parts);
            }
        }
    }

    /// A deferred call of a function of the program: its body in a new frame, if the body is a concatenation or a call itself.
    fn collect_lambda(
        &mut self,
        leaf: Part,
        lambda: crate::heap::LambdaId,
        closure: Env,
        arguments: &[Value],
        depth: u32,
        parts: &mut Vec<Part>,
    ) {
        let (Some(definition), [argument]) = (self.program.lambda(lambda), arguments) else {
            parts.push(leaf);
            return;
        };
        if definition.has_formals {
            parts.push(leaf);
            return;
        }
        let frame = self.heap.new_frame_of_one(closure, *argument);
        self.collect_expr(leaf, definition.body, frame, depth + 1, parts);
    }
}

fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
