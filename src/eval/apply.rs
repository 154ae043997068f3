//! Calling functions.

use super::evaluator::Evaluator;
use super::native::{NativeDef, Outcome, Wanted};
use super::problem::{ErrorKind, Stop};
use crate::heap::{Env, LambdaId, NativeId, Seq, SlotId, Symbol, Value, View, sym};
use crate::syntax::ir::{Expr, ExprId, Lambda, Range};

/// How a call goes on.
pub(super) enum Step {
    /// It is done.
    Done(Value),
    /// The result is that of this expression in this environment.
    Tail(ExprId, Env),
}

/// Most arguments of a built-in function.
const MOST: usize = 8;

impl Evaluator {
    /// Carries out the call `expr` up to its last function body.
    pub(super) fn apply(&mut self, expr: ExprId, env: Env, function: ExprId, arguments: Range) -> Step {
        let mut callee = self.eval(function, env);
        let end = arguments.start + arguments.len;
        let mut next = arguments.start;
        let mut functors = 0;
        while next < end {
            if let Err(Stop(value)) = self.tick() {
                return Step::Done(value);
            }
            match callee.view() {
                View::Lambda(id, closure) => {
                    let Some(lambda) = self.program.lambda(id) else { return Step::Done(Value::NULL) };
                    let argument = self.program.list_item(next);
                    let frame = if lambda.has_formals {
                        let value = self.eval(argument, env);
                        match self.bind_formals(expr, lambda, closure, value) {
                            Ok(frame) => frame,
                            Err(Stop(value)) => return Step::Done(value),
                        }
                    } else {
                        let value = self.delay(argument, env);
                        self.heap.new_frame_of_one(closure, value)
                    };
                    next += 1;
                    if next == end {
                        return Step::Tail(lambda.body, frame);
                    }
                    callee = match self.program.expr(lambda.body) {
                        Expr::Lambda(inner) => Value::lambda(LambdaId(inner), frame),
                        _ => self.eval(lambda.body, frame),
                    };
                }
                View::Native(id) => {
                    let Some(definition) = self.native_def(id) else { return Step::Done(Value::NULL) };
                    let count = u32::from(definition.arity);
                    if end - next < count {
                        return Step::Done(self.partial(callee, &[], env, next, end).with_origin(expr));
                    }
                    callee = self.apply_native(expr, env, definition, &[], next);
                    next += count;
                }
                View::Partial(seq) => {
                    let Some((definition, given)) = self.partial_parts(seq) else { return Step::Done(Value::NULL) };
                    let count = u32::from(definition.arity).saturating_sub(seq.len.saturating_sub(1));
                    if end - next < count {
                        let native = self.heap.share(SlotId(seq.start));
                        return Step::Done(self.partial(native, &given, env, next, end).with_origin(expr));
                    }
                    callee = self.apply_native(expr, env, definition, &given, next);
                    next += count;
                }
                View::Attrs(set) => match self.functor(set, callee, expr, &mut functors) {
                    Ok(value) => callee = value,
                    Err(Stop(value)) => return Step::Done(value),
                },
                View::Unknown(_) | View::Error(_) => return Step::Done(callee),
                _ => return Step::Done(self.not_a_function(callee, function).0),
            }
        }
        Step::Done(callee)
    }

    fn not_a_function(&mut self, value: Value, at: ExprId) -> Stop {
        let message = format!("attempt to call something which is not a function but {}", self.describe(value));
        let origin = if at.is_some() { at } else { self.site };
        self.error_at(ErrorKind::Type, message, origin)
    }

    /// The function that a set is called as. Nix nests such calls, so a chain of `functors` longer than the depth allowed ends there too.
    fn functor(&mut self, set: crate::heap::Set, callee: Value, at: ExprId, functors: &mut u32) -> Outcome {
        *functors += 1;
        if *functors > self.limits.depth {
            return Err(self.limit_error(super::LimitKind::Depth));
        }
        let Some(functor) = self.attribute(set, sym::FUNCTOR) else {
            return Err(match self.heap.open_set_reason(set) {
                Some(id) => Stop(Value::unknown(id)),
                None => self.not_a_function(callee, at),
            });
        };
        let called = self.call(functor, &[callee])?;
        self.want(called)
    }

    fn partial(&mut self, native: Value, given: &[Value], env: Env, next: u32, end: u32) -> Value {
        let mut run = Vec::with_capacity(given.len() + 4);
        run.push(native);
        run.extend_from_slice(given);
        for index in next..end {
            let value = self.delay(self.program.list_item(index), env);
            run.push(value);
        }
        Value::partial(self.heap.new_seq(&run))
    }

    fn partial_parts(&self, seq: Seq) -> Option<(&'static NativeDef, Vec<Value>)> {
        let View::Native(id) = self.heap.get(SlotId(seq.start)).view() else { return None };
        let given = seq.slots().skip(1).map(|slot| self.heap.share(slot)).collect();
        Some((self.native_def(id)?, given))
    }

    fn apply_native(
        &mut self,
        expr: ExprId,
        env: Env,
        definition: &'static NativeDef,
        given: &[Value],
        next: u32,
    ) -> Value {
        let mut buffer = [Value::NULL; MOST];
        let Some(arguments) = buffer.get_mut(..usize::from(definition.arity)) else { return Value::NULL };
        for (position, wanted) in definition.order() {
            let is_forced = definition.is_forced(position);
            let value = match given.get(position) {
                Some(value) if is_forced => self.force(*value),
                Some(value) => *value,
                None => {
                    let index = u32::try_from(position - given.len()).unwrap_or(u32::MAX);
                    let from = self.program.list_item(next + index);
                    if is_forced {
                        self.eval(from, env)
                    } else {
                        let value = self.delay(from, env);
                        self.settle(value)
                    }
                }
            };
            if is_forced {
                let outer = std::mem::replace(&mut self.site, expr);
                let checked = self.checked(value, wanted);
                self.site = outer;
                if let Err(Stop(stop)) = checked {
                    return stop;
                }
            }
            if let Some(argument) = arguments.get_mut(position) {
                *argument = value;
            }
        }
        let outer = std::mem::replace(&mut self.site, expr);
        let strings = self.heap.string_count();
        let result = match (definition.run)(self, arguments) {
            Ok(value) => self.force(value),
            Err(Stop(value)) => value,
        };
        self.site = outer;
        match result.view() {
            View::Str(id) if id.0 >= strings => {
                self.heap.set_replay(id, expr, env);
                result.or_origin(expr)
            }
            _ if result.origin().is_some() => result,
            _ => {
                let result = result.with_origin(expr);
                self.note(result, env);
                result
            }
        }
    }

    /// Calls a value with arguments (evaluated or references). The result may be a reference.
    pub fn call(&mut self, function: Value, arguments: &[Value]) -> Outcome {
        let mut callee = self.force(function);
        let mut rest = arguments;
        let mut functors = 0;
        while let Some((first, others)) = rest.split_first() {
            self.tick()?;
            match callee.view() {
                View::Lambda(id, closure) => {
                    let Some(lambda) = self.program.lambda(id) else { return Ok(Value::NULL) };
                    let frame = if lambda.has_formals {
                        let value = self.force(*first);
                        self.bind_formals(self.site, lambda, closure, value)?
                    } else {
                        self.heap.new_frame_of_one(closure, *first)
                    };
                    callee = self.eval(lambda.body, frame);
                    rest = others;
                }
                View::Native(id) => {
                    let Some(definition) = self.native_def(id) else { return Ok(Value::NULL) };
                    let count = usize::from(definition.arity);
                    match (rest.get(..count), rest.get(count..)) {
                        (Some(now), Some(later)) => {
                            callee = self.run_native(definition, now)?;
                            rest = later;
                        }
                        _ => return Ok(self.partial_of_values(callee, &[], rest)),
                    }
                }
                View::Partial(seq) => {
                    let Some((definition, mut given)) = self.partial_parts(seq) else { return Ok(Value::NULL) };
                    let count = usize::from(definition.arity).saturating_sub(given.len());
                    match (rest.get(..count), rest.get(count..)) {
                        (Some(now), Some(later)) => {
                            given.extend_from_slice(now);
                            callee = self.run_native(definition, &given)?;
                            rest = later;
                        }
                        _ => {
                            let native = self.heap.share(SlotId(seq.start));
                            return Ok(self.partial_of_values(native, &given, rest));
                        }
                    }
                }
                View::Attrs(set) => callee = self.functor(set, callee, ExprId::NONE, &mut functors)?,
                View::Unknown(_) | View::Error(_) => return Err(Stop(callee)),
                _ => return Err(self.not_a_function(callee, ExprId::NONE)),
            }
        }
        if callee.is_stop() { Err(Stop(callee)) } else { Ok(callee) }
    }

    fn partial_of_values(&mut self, native: Value, given: &[Value], more: &[Value]) -> Value {
        let mut run = Vec::with_capacity(given.len() + more.len() + 1);
        run.push(native);
        run.extend_from_slice(given);
        run.extend_from_slice(more);
        Value::partial(self.heap.new_seq(&run))
    }

    /// Stops at an error, an unknown, and an argument of another type than wanted.
    #[inline]
    fn checked(&mut self, value: Value, wanted: Wanted) -> Result<(), Stop> {
        if value.is_stop() {
            return Err(Stop(value));
        }
        let (is_wanted, name) = match wanted {
            Wanted::Any => return Ok(()),
            Wanted::Int => (matches!(value.view(), View::Int(_)), "an integer"),
            Wanted::Str => (matches!(value.view(), View::Str(_)), "a string"),
            Wanted::Plain => return self.want_plain(value).map(|_| ()),
            Wanted::List => (matches!(value.view(), View::List(_)), "a list"),
            Wanted::Attrs => (matches!(value.view(), View::Attrs(_)), "a set"),
            Wanted::Function => return self.want_function(value).map(|_| ()),
        };
        if is_wanted { Ok(()) } else { Err(self.type_error(name, value)) }
    }

    /// A call of `function` that waits until its result is needed: to be written into a slot. A function of the program that takes no set
    /// apart gets its frame at once, which needs no more slots than to keep the arguments.
    pub fn defer(&mut self, function: Value, arguments: &[Value]) -> Value {
        let mut body = None;
        let mut rest = arguments;
        let mut callee = function;
        while let Some((first, others)) = rest.split_first() {
            let View::Lambda(id, closure) = callee.view() else { break };
            let Some(lambda) = self.program.lambda(id).filter(|lambda| !lambda.has_formals) else { break };
            let inner = match self.program.expr(lambda.body) {
                Expr::Lambda(inner) if self.program.lambda(LambdaId(inner)).is_some_and(|inner| !inner.has_formals) => {
                    Some(inner)
                }
                _ if !others.is_empty() => break,
                Expr::Local { level: 0, .. } => return *first,
                Expr::Int(_) | Expr::Float(_) | Expr::Str(_) => return self.delay(lambda.body, closure),
                _ => None,
            };
            let frame = self.heap.new_frame_of_one(closure, *first);
            rest = others;
            body = Some((lambda.body, frame));
            if let Some(inner) = inner {
                callee = Value::lambda(LambdaId(inner), frame);
            }
        }
        match body {
            Some((body, frame)) if rest.is_empty() => self.delay(body, frame),
            _ => self.heap.deferred(function, arguments),
        }
    }

    /// Runs a built-in function with all its arguments.
    pub(super) fn run_native(&mut self, definition: &'static NativeDef, arguments: &[Value]) -> Outcome {
        if self.depth >= self.limits.depth {
            return Err(self.limit_error(super::LimitKind::Depth));
        }
        let mut buffer = [Value::NULL; MOST];
        let Some(ready) = buffer.get_mut(..arguments.len()) else { return Ok(Value::NULL) };
        for (position, wanted) in definition.order() {
            if let (Some(place), Some(argument)) = (ready.get_mut(position), arguments.get(position)) {
                *place = *argument;
                if definition.is_forced(position) {
                    *place = self.force(*argument);
                    self.checked(*place, wanted)?;
                }
            }
        }
        self.depth += 1;
        let outcome = (definition.run)(self, ready).and_then(|value| self.want(value));
        self.depth -= 1;
        outcome
    }

    fn bind_formals(&mut self, call: ExprId, lambda: Lambda, closure: Env, argument: Value) -> Result<Env, Stop> {
        let set = match argument.view() {
            View::Attrs(set) => set,
            View::Unknown(_) => return Ok(self.bind_unknown(lambda, closure, argument)),
            View::Error(_) => return Err(Stop(argument)),
            _ => {
                let message = format!(
                    "{} expects a set of arguments but was called with {}",
                    self.function_name(lambda),
                    self.describe(argument)
                );
                return Err(self.error_at(ErrorKind::Type, message, call));
            }
        };
        let named = lambda.parameter.is_some();
        let count = lambda.formals.len;
        let frame = self.heap.new_frame(closure, count as usize + usize::from(named));
        let first = frame.0 + 1;
        let mut found = 0;
        for offset in 0..count {
            let Some(formal) = self.program.formal(lambda.formals.start + offset) else { continue };
            let name = Symbol(formal.name.0);
            let value = match self.heap.attribute(set, name) {
                Some(slot) => {
                    found += 1;
                    self.heap.share(slot)
                }
                None => match self.heap.open_set_reason(set) {
                    Some(unknown) => Value::unknown(unknown),
                    None if formal.default.is_some() => Value::thunk(formal.default, frame),
                    None => {
                        let message = format!(
                            "{} called without required argument '{}'",
                            self.function_name(lambda),
                            self.heap.name(name)
                        );
                        return Err(self.error_at(ErrorKind::Arguments, message, formal.binder));
                    }
                },
            };
            self.heap.set(SlotId(first + offset), value);
        }
        if named {
            self.heap.set(SlotId(first + count), argument);
        }
        if !lambda.ellipsis && found != self.heap.set_len(set) {
            return Err(self.unexpected_argument(call, lambda, set));
        }
        Ok(frame)
    }

    /// A function that takes a set apart, called with something unknown: every formal is unknown.
    fn bind_unknown(&mut self, lambda: Lambda, closure: Env, argument: Value) -> Env {
        let named = lambda.parameter.is_some();
        let frame = self.heap.new_frame(closure, lambda.formals.len as usize + usize::from(named));
        for offset in 0..lambda.formals.len + u32::from(named) {
            self.heap.set(SlotId(frame.0 + 1 + offset), argument);
        }
        frame
    }

    fn unexpected_argument(&mut self, call: ExprId, lambda: Lambda, set: crate::heap::Set) -> Stop {
        let formals = self.program.formals(lambda.formals);
        let extra = self
            .heap
            .entries(set)
            .into_iter()
            .find(|(name, ..)| !formals.iter().any(|formal| formal.name.0 == name.0))
            .map(|(name, _, origin)| (self.heap.name(name).to_owned(), origin));
        let (name, origin) = extra.unwrap_or_else(|| (String::new(), call));
        let message = format!("{} called with unexpected argument '{name}'", self.function_name(lambda));
        self.error_at(ErrorKind::Arguments, message, origin)
    }

    fn function_name(&self, lambda: Lambda) -> String {
        match self.program.expr(lambda.bound_as) {
            Expr::Binder(name) if lambda.bound_as.is_some() => format!("function '{}'", self.heap.name(Symbol(name.0))),
            _ => "function 'anonymous lambda'".to_owned(),
        }
    }

    /// The formals of a function value as name and whether there is a default; `None` if it does not take a set apart.
    pub fn formals_of(&mut self, value: Value) -> Option<Vec<(Symbol, bool, ExprId)>> {
        if let View::Native(id) = value.view() {
            let formals = self.native_def(id)?.formals;
            let named = |(name, optional): &(&str, bool)| (self.heap.intern(name), *optional, ExprId::NONE);
            return (!formals.is_empty()).then(|| formals.iter().map(named).collect());
        }
        let View::Lambda(id, _) = value.view() else { return None };
        let lambda = self.program.lambda(id)?;
        lambda.has_formals.then(|| {
            self.program
                .formals(lambda.formals)
                .iter()
                .map(|formal| (Symbol(formal.name.0), formal.default.is_some(), formal.binder))
                .collect()
        })
    }

    /// Whether a function value takes a set apart and allows further attributes (`...`).
    pub fn has_ellipsis(&self, value: Value) -> bool {
        match value.view() {
            View::Lambda(id, _) => self.program.lambda(id).is_some_and(|lambda| lambda.has_formals && lambda.ellipsis),
            _ => false,
        }
    }

    /// The number of a built-in function value, if it is one without arguments.
    pub fn native_of(&self, value: Value) -> Option<&'static NativeDef> {
        match value.view() {
            View::Native(NativeId(id)) => self.native_def(NativeId(id)),
            _ => None,
        }
    }

    /// A built-in function value applied to some arguments: the function and what it was given.
    pub fn partial_of(&self, value: Value) -> Option<(&'static NativeDef, Vec<Value>)> {
        match value.view() {
            View::Partial(seq) => self.partial_parts(seq),
            _ => None,
        }
    }
}
