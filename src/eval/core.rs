//! Forcing values and evaluating expressions.

use super::evaluator::Evaluator;
use super::problem::{ErrorKind, Stop, UnknownReason};
use crate::heap::{Env, Heap, LambdaId, NativeId, Seq, SlotId, Symbol, Value, View};
use crate::syntax::ir::{BinaryOp, Expr, ExprId, Name, Range, Step};

pub(super) fn symbol(name: Name) -> Symbol {
    Symbol(name.0)
}

const LOGICAL: &str = "an operand of a logical operator";

impl Evaluator {
    /// The value in weak head normal form; an error or unknown is a value too.
    #[inline]
    pub fn force(&mut self, value: Value) -> Value {
        if value.is_evaluated() {
            return value;
        }
        match value.view() {
            View::Ref(slot) => self.force_slot(slot),
            View::Thunk(expr, env) => self.eval(expr, env),
            View::Call(seq) => self.run_deferred(seq),
            View::Ask(native, a, b) => self.run_ask(native, a, b),
            _ => self.error(ErrorKind::Recursion, "infinite recursion encountered").0,
        }
    }

    /// Evaluates what a slot holds and leaves the result there.
    #[inline]
    pub fn force_slot(&mut self, slot: SlotId) -> Value {
        let value = self.heap.get(slot);
        if value.is_evaluated() { value } else { self.force_lazy_slot(slot, value) }
    }

    fn force_lazy_slot(&mut self, slot: SlotId, lazy: Value) -> Value {
        let result = match lazy.view() {
            View::Thunk(expr, env) => {
                self.heap.set(slot, Value::BLACK.with_origin(expr));
                self.eval(expr, env)
            }
            View::Call(seq) => {
                self.heap.set(slot, Value::BLACK);
                let strings = self.heap.string_count();
                let result = self.run_deferred(seq);
                if let View::Str(id) = result.view()
                    && id.0 >= strings
                {
                    self.heap.set_replay_call(id, lazy);
                }
                result
            }
            View::Ask(native, a, b) => {
                self.heap.set(slot, Value::BLACK);
                self.run_ask(native, a, b)
            }
            View::Ref(target) => {
                // What is read from the slot meanwhile is the target, unless references go round in a circle.
                if matches!(self.heap.get(target).view(), View::Ref(_)) {
                    self.heap.set(slot, Value::BLACK);
                }
                if self.depth >= self.limits.depth {
                    self.limit_error(super::LimitKind::Depth).0
                } else {
                    self.depth += 1;
                    let result = self.force_slot(target);
                    self.depth -= 1;
                    result
                }
            }
            _ => {
                let origin = if lazy.origin().is_some() { lazy.origin() } else { self.site };
                return self.recursion_at(slot, origin).0;
            }
        };
        let kept = if result.is_stop() {
            self.reached(result, slot);
            if self.is_passing(result) { lazy } else { result }
        } else {
            result
        };
        self.heap.set(slot, kept);
        result
    }

    fn run_ask(&mut self, native: NativeId, a: u32, b: u32) -> Value {
        let Some(definition) = self.native_def(native) else { return Value::NULL };
        let numbers = [Value::int(i64::from(a)), Value::int(i64::from(b))];
        let arguments = numbers.get(..usize::from(definition.arity)).unwrap_or_default();
        match self.tick().and_then(|()| self.run_native(definition, arguments)) {
            Ok(value) => self.force(value),
            Err(Stop(value)) => value,
        }
    }

    fn run_deferred(&mut self, seq: Seq) -> Value {
        let function = self.heap.share(SlotId(seq.start));
        let mut buffer = [Value::NULL; 4];
        let count = seq.count().saturating_sub(1);
        let outcome = if let Some(arguments) = buffer.get_mut(..count) {
            for (argument, slot) in arguments.iter_mut().zip(seq.slots().skip(1)) {
                *argument = self.heap.share(slot);
            }
            self.call(function, arguments)
        } else {
            let arguments: Vec<Value> = seq.slots().skip(1).map(|slot| self.heap.share(slot)).collect();
            self.call(function, &arguments)
        };
        match outcome {
            Ok(value) => self.force(value),
            Err(Stop(value)) => value,
        }
    }

    /// Evaluates an expression in an environment.
    #[inline]
    pub fn eval(&mut self, expr: ExprId, env: Env) -> Value {
        match self.program.expr(expr) {
            Expr::Int(number) => Value::int(number).with_origin(expr),
            Expr::Local { level, variable } => {
                let slot = self.heap.variable(env, level, variable);
                let value = self.heap.get(slot);
                if value.is_evaluated() { value } else { self.nested(expr, env) }
            }
            _ => self.nested(expr, env),
        }
    }

    fn nested(&mut self, expr: ExprId, env: Env) -> Value {
        if self.depth >= self.limits.depth {
            return self.limit_error(super::LimitKind::Depth).0;
        }
        self.depth += 1;
        let result = self.eval_loop(expr, env);
        self.depth -= 1;
        result
    }

    fn eval_loop(&mut self, mut expr: ExprId, mut env: Env) -> Value {
        // Nix nests calls in tail position as well, so a chain of them longer than the depth allowed fails there too.
        let mut tail_calls = 0;
        loop {
            match self.program.expr(expr) {
                Expr::Int(number) => return Value::int(number).with_origin(expr),
                Expr::Float(number) => return Value::float(number).with_origin(expr),
                Expr::Str(text) => return Value::string(crate::heap::StrId(text)).with_origin(expr),
                Expr::Local { level, variable } => {
                    let slot = self.heap.variable(env, level, variable);
                    return self.force_slot(slot);
                }
                Expr::Global(Name(number)) => {
                    let value = self.globals.get(number as usize).copied().unwrap_or(Value::NULL);
                    return if value.is_evaluated() { value.with_origin(expr) } else { self.force(value) };
                }
                Expr::Lambda(id) => return Value::lambda(LambdaId(id), env).with_origin(expr),
                Expr::Apply { function, start, len } => {
                    match self.apply(expr, env, function, Range { start, len: u32::from(len) }) {
                        super::apply::Step::Done(value) => return value,
                        super::apply::Step::Tail(body, frame) => {
                            tail_calls += 1;
                            if tail_calls > self.limits.depth {
                                return self.limit_error(super::LimitKind::Depth).0;
                            }
                            (expr, env) = (body, frame);
                        }
                    }
                }
                Expr::If { condition, yes, no } => {
                    let truth = self.eval(condition, env);
                    match truth.view() {
                        View::Bool(true) => expr = yes,
                        View::Bool(false) => expr = no,
                        _ => return self.not_a_boolean(truth, condition, "the condition of `if`"),
                    }
                }
                Expr::Let { bindings, body } => {
                    env = self.let_frame(bindings, env);
                    expr = body;
                }
                Expr::With { namespace, body } => {
                    let value = self.delay(namespace, env);
                    env = self.heap.new_frame_of_one(env, value);
                    expr = body;
                }
                Expr::Assert { condition, body } => {
                    let truth = self.eval(condition, env);
                    match truth.view() {
                        View::Bool(true) | View::Unknown(_) => expr = body,
                        View::Bool(false) => {
                            let text = self.program.place(condition).map(|place| self.sources.text(place));
                            let message = format!("assertion '{}' failed", text.unwrap_or_default());
                            return self.error_at(ErrorKind::Assert, message, condition).0;
                        }
                        _ => return self.not_a_boolean(truth, condition, "the condition of `assert`"),
                    }
                }
                other => return self.eval_rest(other, expr, env),
            }
        }
    }

    /// `&&` (where `false` decides) or `||` (where `true` decides); a known side may decide over an unknown one.
    fn eval_boolean(&mut self, left: ExprId, right: ExprId, env: Env, deciding: bool) -> Value {
        let value = self.eval(left, env);
        match value.view() {
            View::Bool(truth) if truth == deciding => value,
            View::Bool(_) => {
                let other = self.eval(right, env);
                match other.view() {
                    View::Bool(_) => other,
                    _ => self.not_a_boolean(other, right, LOGICAL),
                }
            }
            View::Unknown(_) => {
                let other = self.eval(right, env);
                match other.view() {
                    View::Bool(truth) if truth == deciding => other,
                    _ => value,
                }
            }
            _ => self.not_a_boolean(value, left, LOGICAL),
        }
    }

    pub(super) fn not_a_boolean(&mut self, value: Value, at: ExprId, what: &str) -> Value {
        if value.is_stop() {
            return value;
        }
        let message = format!("{what} is not a Boolean: expected a Boolean but found {}", self.describe(value));
        self.error_at(ErrorKind::Type, message, at).0
    }

    #[inline(never)]
    fn eval_rest(&mut self, kind: Expr, expr: ExprId, env: Env) -> Value {
        match kind {
            Expr::Select { base, path, default } => self.eval_select(expr, env, base, path, default),
            Expr::HasAttr { base, path } => self.eval_has_attr(env, base, path).with_origin(expr),
            Expr::Attrs(id) => self.eval_attrs(id, env).with_origin(expr),
            Expr::List(range) => self.eval_list(range, env).with_origin(expr),
            Expr::Binary { op, left, right } => match op {
                BinaryOp::And => self.eval_boolean(left, right, env, false),
                BinaryOp::Or => self.eval_boolean(left, right, env, true),
                BinaryOp::Implies => self.eval_implies(left, right, env),
                _ => self.binary(op, expr, env, left, right),
            },
            Expr::Not(inner) => {
                let value = self.eval(inner, env);
                match value.view() {
                    View::Bool(truth) => Value::bool(!truth).with_origin(expr),
                    _ => self.not_a_boolean(value, inner, "the operand of `!`"),
                }
            }
            Expr::Negate(inner) => self.negate(expr, inner, env),
            Expr::Interpolation(range) => self.eval_interpolation(expr, range, env),
            Expr::PathInterpolation(range) => self.eval_path_interpolation(expr, range, env),
            Expr::Path(text) => self.eval_path(expr, crate::heap::StrId(text)),
            Expr::HomePath(_) => self.unknown_at(UnknownReason::Impure("the home folder".to_owned()), expr).0,
            Expr::SearchPath(text) => {
                let name = self.heap.text(crate::heap::StrId(text)).into_owned();
                self.eval_search_path(&name, expr)
            }
            Expr::WithVar { name, start, len } => self.eval_with_variable(expr, env, symbol(name), start, len),
            Expr::Undefined(name) => {
                let message = format!("undefined variable '{}'", self.heap.name(symbol(name)));
                self.error_at(ErrorKind::UndefinedVariable, message, expr).0
            }
            Expr::CurPos => self.position_value(expr),
            Expr::Missing | Expr::Binder(_) => self.unknown_at(UnknownReason::Unparsable, expr).0,
            _ => self.nested(expr, env),
        }
    }

    fn eval_implies(&mut self, left: ExprId, right: ExprId, env: Env) -> Value {
        let value = self.eval(left, env);
        match value.view() {
            View::Bool(false) => Value::TRUE,
            View::Bool(true) => {
                let other = self.eval(right, env);
                match other.view() {
                    View::Bool(_) => other,
                    _ => self.not_a_boolean(other, right, LOGICAL),
                }
            }
            View::Unknown(_) => match self.eval(right, env).view() {
                View::Bool(true) => Value::TRUE,
                _ => value,
            },
            _ => self.not_a_boolean(value, left, LOGICAL),
        }
    }

    /// The content for a slot that will hold the value of an expression: the value if it costs nothing, else a thunk.
    #[inline]
    pub(super) fn delay(&mut self, expr: ExprId, env: Env) -> Value {
        match self.program.expr(expr) {
            Expr::Local { level, variable } => {
                let slot = self.heap.variable(env, level, variable);
                self.heap.share(slot)
            }
            other => self.delay_other(other, expr, env),
        }
    }

    /// Like [`Evaluator::delay`] while the innermost frame is not filled yet: its variables are referred to, not read.
    pub(super) fn delay_in_new_frame(&mut self, expr: ExprId, env: Env) -> Value {
        match self.program.expr(expr) {
            Expr::Local { level: 0, variable } => Value::reference(self.heap.variable(env, 0, variable)),
            _ => self.delay(expr, env),
        }
    }

    #[inline]
    fn delay_other(&mut self, kind: Expr, expr: ExprId, env: Env) -> Value {
        match kind {
            Expr::Int(number) => Value::int(number).with_origin(expr),
            Expr::Float(number) => Value::float(number).with_origin(expr),
            Expr::Str(text) => Value::string(crate::heap::StrId(text)).with_origin(expr),
            Expr::Lambda(id) => Value::lambda(LambdaId(id), env).with_origin(expr),
            Expr::Global(Name(number)) => {
                let value = self.globals.get(number as usize).copied().unwrap_or(Value::NULL);
                if value.is_evaluated() { value.with_origin(expr) } else { value }
            }
            _ => Value::thunk(expr, env),
        }
    }

    /// A value that may be passed around for something that may be a bare thunk or call.
    #[inline]
    pub(super) fn settle(&mut self, value: Value) -> Value {
        match value.view() {
            View::Thunk(..) | View::Call(_) | View::Ask(..) => Value::reference(self.heap.new_slot(value)),
            _ => value,
        }
    }

    fn eval_list(&mut self, range: Range, env: Env) -> Value {
        if range.len == 0 {
            return Value::EMPTY_LIST;
        }
        let start = self.heap.new_slots(range.len as usize);
        for offset in 0..range.len {
            let value = self.delay(self.program.list_item(range.start + offset), env);
            self.heap.set(SlotId(start + offset), value);
        }
        Value::list(Seq { start, len: range.len, open: false })
    }

    fn step_name(&mut self, step: Step, env: Env) -> Result<Symbol, Value> {
        match step {
            Step::Static { name, .. } => Ok(symbol(name)),
            Step::Dynamic(expr) => {
                let value = self.eval(expr, env);
                match value.view() {
                    View::Str(id) => match self.without_context(id) {
                        Ok(()) => Ok(self.heap.intern_string(id)),
                        Err(Stop(stop)) => Err(stop),
                    },
                    View::Unknown(_) | View::Error(_) => Err(value),
                    _ => {
                        let text = format!("an attribute name must be a string, but this is {}", self.describe(value));
                        Err(self.error_at(ErrorKind::Type, text, expr).0)
                    }
                }
            }
        }
    }

    /// A selection. The name of a step is known before what it is selected from is looked at.
    fn eval_select(&mut self, expr: ExprId, env: Env, base: ExprId, path: u32, default: ExprId) -> Value {
        let mut value = self.eval(base, env);
        if value.is_stop() {
            return value;
        }
        let range = self.program.path(path);
        let mut found = None;
        for index in range.start..range.start + range.len {
            let Some(step) = self.program.step(index) else { continue };
            let name = match self.step_name(step, env) {
                Ok(name) => name,
                Err(stop) => return stop,
            };
            if let Some(slot) = found {
                value = self.force_slot(slot);
            }
            match value.view() {
                View::Attrs(set) => match self.heap.attribute(set, name) {
                    Some(slot) => found = Some(slot),
                    None => {
                        if let Some(id) = self.heap.open_set_reason(set) {
                            return Value::unknown(self.unknown_of_name(id, name)).with_origin(expr);
                        }
                        if default.is_some() {
                            return self.eval(default, env);
                        }
                        let at = match step {
                            Step::Static { binder, .. } => binder,
                            Step::Dynamic(expr) => expr,
                        };
                        let message = format!("attribute '{}' missing", self.heap.name(name));
                        return self.error_at(ErrorKind::MissingAttribute, message, at).0;
                    }
                },
                View::Unknown(_) | View::Error(_) => return value,
                _ if default.is_some() => return self.eval(default, env),
                _ => {
                    let message = format!("expected a set but found {}", self.describe(value));
                    return self.error_at(ErrorKind::Type, message, expr).0;
                }
            }
        }
        found.map_or(value, |slot| self.force_slot(slot))
    }

    /// `a ? b.c`. Unlike in a selection, a name is looked at when what is before it is known.
    fn eval_has_attr(&mut self, env: Env, base: ExprId, path: u32) -> Value {
        let mut value = self.eval(base, env);
        let range = self.program.path(path);
        for index in range.start..range.start + range.len {
            let Some(step) = self.program.step(index) else { continue };
            if value.is_stop() {
                return value;
            }
            let name = match self.step_name(step, env) {
                Ok(name) => name,
                Err(stop) => return stop,
            };
            let View::Attrs(set) = value.view() else { return Value::FALSE };
            match self.heap.attribute(set, name) {
                Some(_) if index + 1 == range.start + range.len => return Value::TRUE,
                Some(slot) => value = self.force_slot(slot),
                None => {
                    let open = self.heap.open_set_reason(set);
                    return open.map_or(Value::FALSE, |id| Value::unknown(self.unknown_of_name(id, name)));
                }
            }
        }
        Value::TRUE
    }

    fn eval_with_variable(&mut self, expr: ExprId, env: Env, name: Symbol, start: u32, len: u16) -> Value {
        for index in start..start + u32::from(len) {
            let level = self.program.level(index);
            let slot = self.heap.variable(env, level, 0);
            let namespace = self.force_slot(slot);
            match namespace.view() {
                View::Attrs(set) => {
                    if let Some(slot) = self.heap.attribute(set, name) {
                        return self.force_slot(slot);
                    }
                    if let Some(id) = self.heap.open_set_reason(set) {
                        return Value::unknown(id).with_origin(expr);
                    }
                }
                View::Unknown(_) | View::Error(_) => return namespace,
                _ => {
                    let message = format!("`with` needs a set but found {}", self.describe(namespace));
                    return self.error_at(ErrorKind::Type, message, expr).0;
                }
            }
        }
        let message = format!("undefined variable '{}'", self.heap.name(name));
        self.error_at(ErrorKind::UndefinedVariable, message, expr).0
    }

    /// The position of an expression as `{ column; file; line; }`, or `null`.
    pub fn position_value(&mut self, expr: ExprId) -> Value {
        let Some(place) = self.program.place(expr) else { return Value::NULL };
        let Some(file) = self.sources.file(place.file).filter(|file| file.on_disk) else { return Value::NULL };
        let start = file.line_byte_column(place.span.start);
        let path = self.str(&file.path.to_string_lossy());
        let (line, column) = (Value::int(i64::from(start.line)), Value::int(i64::from(start.column)));
        self.set(&[("column", column), ("file", path), ("line", line)])
    }

    /// The environment that files start from.
    pub fn root_env(&self) -> Env {
        Heap::ROOT
    }
}
