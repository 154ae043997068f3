//! Where a value comes from: computed strings are taken apart again by evaluating their parts.
//!
//! Nothing of this runs during ordinary evaluation. A string keeps the expression and environment (or the deferred call) that
//! made it; [`Evaluator::parts`] replays that one step, and again for each part, down to literals. Numbers and Booleans have no room for
//! that: an evaluator that was told to [`record`](Evaluator::record) keeps their environments beside the heap. One walk serves the flat list of
//! leaves and the tree of [`Evaluator::derivation`]; they differ in who listens.

use rustc_hash::FxHashMap;

use super::coerce::Coercion;
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
    /// How the bytes come from the scalar.
    pub form: Form,
}

/// How bytes come from a scalar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// They are its own text.
    pub is_verbatim: bool,
    /// They were computed, and `toHexString` was among what did it.
    pub is_hexadecimal: bool,
    /// The number that the piece of the text divides something by: 256 in `${two (index / 256)}`.
    pub divisor: Option<i64>,
}

impl Form {
    const VERBATIM: Self = Self { is_verbatim: true, is_hexadecimal: false, divisor: None };

    /// The form of what the bytes are computed from.
    fn computed(self) -> Self {
        Self { is_verbatim: false, ..self }
    }
}

/// A scalar and what it was computed from, and so on.
#[derive(Clone, Debug)]
pub struct Derivation {
    /// The scalar.
    pub value: Value,
    /// The expression that gave it: a literal, or what computes it from `parts`.
    pub origin: ExprId,
    /// What it was computed from, in order; empty for a literal and for what cannot be taken apart.
    pub parts: Vec<Derivation>,
}

/// Most leaves and deepest nesting of one explanation.
const MOST: usize = 64;
const DEEPEST: u32 = 24;

/// Most environments that are kept for one expression and result.
const MOST_ENVIRONMENTS: usize = 4;

/// Which environments computed the numbers and Booleans met so far.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    computed: FxHashMap<Value, Vec<Env>>,
}

impl Recorder {
    /// Remembers that the origin of `value`, evaluated in `env`, gave it.
    pub(super) fn note(&mut self, value: Value, env: Env) {
        if matches!(value.view(), View::Int(_) | View::Float(_) | View::Bool(_)) {
            let known = self.computed.entry(value).or_default();
            if known.len() <= MOST_ENVIRONMENTS {
                known.push(env);
            }
        }
    }
}

/// Who hears about the leaves, and about the steps that lead to them.
trait Listener {
    /// Something that is not taken apart further.
    fn leaf(&mut self, part: Part);
    /// Something computed; what follows up to its end is what it was computed from.
    fn begin(&mut self, part: Part);
    /// The end of what began last.
    fn end(&mut self);
    /// Number of leaves so far.
    fn leaves(&self) -> usize;
}

impl Listener for Vec<Part> {
    fn leaf(&mut self, part: Part) {
        self.push(part);
    }
    fn begin(&mut self, _: Part) {}
    fn end(&mut self) {}
    fn leaves(&self) -> usize {
        self.len()
    }
}

/// Builds the tree: the steps that have begun, innermost last, each with what it has got so far.
#[derive(Default)]
struct Growing {
    open: Vec<Derivation>,
    done: Vec<Derivation>,
    leaves: usize,
}

impl Growing {
    fn add(&mut self, one: Derivation) {
        self.open.last_mut().map_or(&mut self.done, |step| &mut step.parts).push(one);
    }
}

impl Listener for Growing {
    fn leaf(&mut self, part: Part) {
        self.leaves += 1;
        self.add(Derivation { value: part.value, origin: part.origin, parts: Vec::new() });
    }

    fn begin(&mut self, part: Part) {
        self.open.push(Derivation { value: part.value, origin: part.origin, parts: Vec::new() });
    }

    fn end(&mut self) {
        let Some(mut step) = self.open.pop() else { return };
        // A step that says no more than the one below it is left out: a function that passes its argument on, or a whole that is one leaf.
        if let [only] = step.parts.as_mut_slice()
            && only.value.view() == step.value.view()
        {
            step = only.clone();
        }
        self.add(step);
    }

    fn leaves(&self) -> usize {
        self.leaves
    }
}

impl Evaluator {
    /// Remembers, if somebody will ask, that the origin of `value`, evaluated in `env`, gave it.
    #[inline]
    pub(super) fn note(&mut self, value: Value, env: Env) {
        if let Some(recorder) = &mut self.recorder {
            recorder.note(value, env);
        }
    }

    /// From now on also the environments of computed numbers and Booleans are kept, so that they can be explained like strings.
    pub fn record(&mut self) {
        self.recorder = Some(Box::default());
    }

    /// The leaves that a scalar is made of, in the order of their bytes. An integer or a literal is its own only leaf.
    pub fn parts(&mut self, value: Value) -> Vec<Part> {
        let mut parts = Vec::new();
        self.explain(value, &mut parts);
        parts
    }

    /// What a scalar was computed from, step by step down to literals. `None` for a set, list or function.
    pub fn derivation(&mut self, value: Value) -> Option<Derivation> {
        let mut growing = Growing::default();
        let value = self.force(value);
        if matches!(
            value.view(),
            View::Attrs(_) | View::List(_) | View::Lambda(..) | View::Native(_) | View::Partial(_)
        ) {
            return None;
        }
        self.explain(value, &mut growing);
        growing.done.pop()
    }

    fn explain(&mut self, value: Value, listener: &mut impl Listener) {
        let value = self.force(value);
        let end = match value.view() {
            View::Str(id) | View::Path(id) => length(self.heap.bytes(id).len()),
            _ => 0,
        };
        self.collect(value, 0, end, Form::VERBATIM, 0, listener);
    }

    fn collect(&mut self, value: Value, start: u32, end: u32, form: Form, depth: u32, parts: &mut impl Listener) {
        if parts.leaves() >= MOST {
            return;
        }
        let leaf = Part { start, end, value, origin: value.origin(), form };
        if depth >= DEEPEST {
            parts.leaf(leaf);
            return;
        }
        let replay = match value.view() {
            View::Str(id) => self.heap.replay(id),
            _ => self.recorded(value),
        };
        match replay {
            Replay::None => parts.leaf(leaf),
            Replay::Expr(expr, env) => {
                parts.begin(leaf);
                self.collect_expr(leaf, expr, env, depth, parts);
                parts.end();
            }
            Replay::Call(seq) => {
                let arguments: Vec<Value> = seq.slots().skip(1).map(|slot| self.heap.share(slot)).collect();
                let function = self.heap.share(SlotId(seq.start));
                parts.begin(leaf);
                self.collect_call(leaf, function, &arguments, depth, parts);
                parts.end();
            }
        }
    }

    /// What computed a number or Boolean, if that was recorded. The same expression may have given the same value in several environments; then
    /// they must agree on where it comes from.
    fn recorded(&mut self, value: Value) -> Replay {
        let expr = value.origin();
        let known = self.recorder.as_ref().and_then(|recorder| recorder.computed.get(&value));
        let Some((first, others)) = known.and_then(|known| known.split_first()) else { return Replay::None };
        let (first, others) = (*first, others.to_vec());
        if others.len() >= MOST_ENVIRONMENTS {
            return Replay::None;
        }
        if !others.is_empty() {
            let leaf = Part { start: 0, end: 0, value, origin: expr, form: Form::default() };
            let mut origins = |env| {
                let mut parts = Vec::new();
                self.collect_expr(leaf, expr, env, DEEPEST - 1, &mut parts);
                parts.iter().map(|part| part.origin).collect::<Vec<_>>()
            };
            let wanted = origins(first);
            if others.into_iter().any(|env| origins(env) != wanted) {
                return Replay::None;
            }
        }
        Replay::Expr(expr, first)
    }

    fn collect_expr(&mut self, leaf: Part, expr: ExprId, env: Env, depth: u32, parts: &mut impl Listener) {
        match self.program.expr(expr) {
            Expr::Interpolation(range) => {
                let pieces: Vec<ExprId> = self.program.list(range).to_vec();
                self.collect_pieces(leaf, &pieces, false, env, depth, parts);
            }
            Expr::Binary { op: BinaryOp::Add, left, right } if matches!(leaf.value.view(), View::Str(_)) => {
                self.collect_pieces(leaf, &[left, right], true, env, depth, parts);
            }
            Expr::Binary { left, right, .. } => self.collect_operands(leaf, &[left, right], env, depth, parts),
            Expr::Negate(inner) => self.collect_operands(leaf, &[inner], env, depth, parts),
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
            _ => parts.leaf(leaf),
        }
    }

    /// What a number or Boolean was computed from. Each is a part of the whole.
    fn collect_operands(&mut self, leaf: Part, operands: &[ExprId], env: Env, depth: u32, parts: &mut impl Listener) {
        let before = parts.leaves();
        for operand in operands {
            let value = self.eval(*operand, env);
            if matches!(value.view(), View::Int(_) | View::Float(_) | View::Bool(_) | View::Str(_)) {
                self.collect(value, leaf.start, leaf.end, leaf.form.computed(), depth + 1, parts);
            }
        }
        if parts.leaves() == before {
            parts.leaf(leaf);
        }
    }

    /// The pieces of an interpolation or a sum, each over its own bytes. If they no longer add up to the string, the whole is one leaf.
    fn collect_pieces(
        &mut self,
        leaf: Part,
        pieces: &[ExprId],
        is_sum: bool,
        env: Env,
        depth: u32,
        parts: &mut impl Listener,
    ) {
        let mut how = Coercion::Strict;
        let mut values = Vec::with_capacity(pieces.len());
        let mut total = 0;
        for piece in pieces {
            let value = match self.program.expr(*piece) {
                Expr::Str(text) => Value::string(StrId(text)).with_origin(*piece),
                _ => self.eval(*piece, env),
            };
            if is_sum && values.is_empty() {
                how = Coercion::behind(value);
            }
            let text = match value.view() {
                View::Str(id) => Some(id),
                _ => self.coerce(value, how).ok(),
            };
            let Some(text) = text else {
                parts.leaf(leaf);
                return;
            };
            let size = length(self.heap.bytes(text).len());
            let shown =
                if matches!(value.view(), View::Str(_)) { value } else { Value::string(text).with_origin(*piece) };
            let divisor = self.program.divisor(*piece).or(leaf.form.divisor);
            values.push((shown, size, Form { divisor, ..leaf.form }));
            total += size;
        }
        if leaf.form.is_verbatim && total != leaf.end - leaf.start {
            parts.leaf(leaf);
            return;
        }
        let mut at = leaf.start;
        for (value, size, form) in values {
            let (start, end) = if leaf.form.is_verbatim { (at, at + size) } else { (leaf.start, leaf.end) };
            self.collect(value, start, end, form, depth + 1, parts);
            at += size;
        }
    }

    /// A call: `toString` and functions like it pass their argument on; of any other the scalar arguments are leaves of the whole.
    fn collect_call(
        &mut self,
        leaf: Part,
        function: Value,
        arguments: &[Value],
        depth: u32,
        parts: &mut impl Listener,
    ) {
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
            parts.leaf(leaf);
            return;
        };
        let passes_on =
            matches!(name, "builtins.toString" | "lib.strings.toString" | "builtins.unsafeDiscardStringContext");
        let mut computed = leaf.form.computed();
        computed.is_hexadecimal |= name.ends_with(".toHexString");
        let before = parts.leaves();
        for argument in given.iter().chain(arguments) {
            let argument = self.force(*argument);
            match argument.view() {
                View::Int(_) | View::Str(_) if passes_on => {
                    self.collect(argument, leaf.start, leaf.end, leaf.form, depth + 1, parts);
                }
                View::Int(_) | View::Str(_) => self.collect(argument, leaf.start, leaf.end, computed, depth + 1, parts),
                View::List(seq) => self.collect_list(leaf, seq, depth, parts),
                _ => {}
            }
        }
        if parts.leaves() == before {
            parts.leaf(leaf);
        }
    }

    fn collect_list(&mut self, leaf: Part, seq: Seq, depth: u32, parts: &mut impl Listener) {
        for slot in seq.slots().take(MOST) {
            let element = self.force_slot(slot);
            if matches!(element.view(), View::Int(_) | View::Str(_)) {
                self.collect(element, leaf.start, leaf.end, leaf.form.computed(), depth + 1, parts);
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
        parts: &mut impl Listener,
    ) {
        let (Some(definition), [argument]) = (self.program.lambda(lambda), arguments) else {
            parts.leaf(leaf);
            return;
        };
        if definition.has_formals {
            parts.leaf(leaf);
            return;
        }
        let frame = self.heap.new_frame_of_one(closure, *argument);
        self.collect_expr(leaf, definition.body, frame, depth + 1, parts);
    }
}

fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
