//! Errors, order of evaluation, messages.

use crate::eval::{Coercion, ErrorKind, Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{Value, View, sym};
use crate::syntax::ExprId;

pub(super) static FAMILY: &[NativeDef] = &[
    NativeDef::lazy("builtins.throw", 1, |ev, args| fail(ev, ErrorKind::Throw, args)),
    NativeDef::lazy("builtins.abort", 1, |ev, args| fail(ev, ErrorKind::Abort, args)),
    NativeDef::lazy("builtins.tryEval", 1, try_eval),
    NativeDef::lazy("builtins.seq", 2, seq),
    NativeDef::lazy("builtins.deepSeq", 2, deep_seq),
    NativeDef::lazy("builtins.trace", 2, trace),
    NativeDef::lazy("builtins.traceVerbose", 2, |_, args| Ok(args.last().copied().unwrap_or(Value::NULL))),
    NativeDef::lazy("builtins.warn", 2, warn),
    NativeDef::lazy("builtins.addErrorContext", 2, add_error_context),
    NativeDef::lazy("builtins.break", 1, |_, args| Ok(args.first().copied().unwrap_or(Value::NULL))),
];

/// A message with an unknown part is an error all the same: that it fails is certain.
fn fail(ev: &mut Evaluator, kind: ErrorKind, args: &[Value]) -> Outcome {
    let [message] = args else { return Ok(Value::NULL) };
    let text = match ev.coerce(*message, Coercion::Strict) {
        Ok(id) => ev.heap.text(id).into_owned(),
        Err(stop) if stop.0.is_error() => return Err(stop),
        Err(stop) => known_text(ev, stop),
    };
    let message = match kind {
        ErrorKind::Abort => format!("evaluation aborted with the following error message: '{text}'"),
        _ => text,
    };
    Err(ev.error(kind, message))
}

/// The text of a string with holes, each shown as `…`.
fn known_text(ev: &Evaluator, stop: Stop) -> String {
    let pieces = match stop.0.view() {
        View::Unknown(id) => ev.unknown_info(id).and_then(|info| info.pieces.clone()),
        _ => None,
    };
    let Some(pieces) = pieces else { return "…".to_owned() };
    let parts = pieces.iter().map(|piece| match piece {
        crate::eval::Piece::Known(id) => ev.heap.text(*id).into_owned(),
        crate::eval::Piece::Hole(_) => "…".to_owned(),
    });
    parts.collect()
}

fn try_eval(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [value] = args else { return Ok(Value::NULL) };
    let result = ev.force(*value);
    let is_caught = ev.is_caught(Stop(result));
    if result.is_error() && !is_caught {
        return Err(Stop(result));
    }
    // Something unknown may fail or not.
    let success = if result.is_unknown() { result } else { Value::bool(!is_caught) };
    let value = if is_caught { Value::FALSE } else { result };
    Ok(ev.heap.new_set(&[(sym::SUCCESS, success, ExprId::NONE), (sym::VALUE, value, ExprId::NONE)]))
}

/// `seq` of something unknown goes on: that it would fail is not known.
fn seq(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [first, second] = args else { return Ok(Value::NULL) };
    let first = ev.force(*first);
    if first.is_error() { Err(Stop(first)) } else { Ok(*second) }
}

fn deep_seq(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [first, second] = args else { return Ok(Value::NULL) };
    match ev.force_deep(*first) {
        Err(stop) if stop.0.is_error() => Err(stop),
        _ => Ok(*second),
    }
}

fn shown(ev: &mut Evaluator, value: Value) -> String {
    let value = ev.force(value);
    match value.view() {
        View::Str(id) => ev.heap.text(id).into_owned(),
        _ => ev.print(value),
    }
}

fn trace(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [message, value] = args else { return Ok(Value::NULL) };
    let message = ev.force(*message);
    if message.is_error() {
        return Err(Stop(message));
    }
    let text = shown(ev, message);
    ev.tell(format!("trace: {text}"));
    Ok(*value)
}

fn warn(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [message, value] = args else { return Ok(Value::NULL) };
    match ev.want_text(*message) {
        Ok(text) => ev.tell(format!("evaluation warning: {text}")),
        Err(stop) if stop.0.is_error() => return Err(stop),
        Err(_) => {}
    }
    Ok(*value)
}

fn add_error_context(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [context, value] = args else { return Ok(Value::NULL) };
    match ev.want(*value) {
        Err(stop) if stop.0.is_error() => {
            // A path stands for itself here: nothing is copied into the store.
            let text = match ev.want(*context).and_then(|context| match context.view() {
                View::Path(id) => Ok(id),
                _ => ev.coerce(context, Coercion::Strict),
            }) {
                Ok(id) => ev.heap.text(id).into_owned(),
                // A message that fails takes the place of what it was to explain.
                Err(failed) if failed.0.is_error() => return Err(failed),
                Err(_) => return Err(stop),
            };
            let site = ev.site();
            Err(ev.add_trace(stop, site, text))
        }
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests {
    use crate::builtins::testing::check;

    #[test]
    fn errors_and_order() {
        check(&[
            ("throw \"no\"", "error: no"),
            ("abort \"no\"", "error: evaluation aborted with the following error message: 'no'"),
            ("builtins.tryEval (throw \"no\")", "{ success = false; value = false; }"),
            ("builtins.tryEval (assert false; 1)", "{ success = false; value = false; }"),
            ("builtins.tryEval 1", "{ success = true; value = 1; }"),
            ("builtins.tryEval (1 + true)", "error: expected a number but found a Boolean: true"),
            ("builtins.seq (throw \"a\") 1", "error: a"),
            ("builtins.seq [ (throw \"a\") ] 1", "1"),
            ("builtins.deepSeq [ (throw \"a\") ] 1", "error: a"),
            ("builtins.trace [ 1 ] 2", "2"),
            ("throw \"a${<nowhere>}b\"", "error: a…b"),
            ("builtins.addErrorContext \"while\" 1", "1"),
            ("builtins.addErrorContext (throw \"message\") (throw \"value\")", "error: message"),
            ("builtins.addErrorContext (throw \"message\") 1", "1"),
        ]);
    }

    #[test]
    fn operands_and_arguments_are_looked_at_in_the_order_of_nix() {
        check(&[
            ("builtins.elemAt (throw \"list\") (throw \"index\")", "error: index"),
            ("builtins.getAttr 1 (throw \"set\")", "error: expected a string but found an integer: 1"),
            ("builtins.concatMap (throw \"function\") (throw \"list\")", "error: function"),
            ("builtins.map (throw \"function\") (throw \"list\")", "error: list"),
            (
                "builtins.substring (-1) (throw \"length\") \"\"",
                "error: builtins.substring: the start must not be negative, but it is -1",
            ),
            ("(throw \"left\") > (throw \"right\")", "error: right"),
            ("(throw \"left\") >= (throw \"right\")", "error: left"),
            ("1 // (throw \"right\")", "error: expected a set but found an integer: 1"),
            ("null + (throw \"right\")", "error: cannot coerce null to a string"),
            ("\"a\" / 0", "error: division by zero"),
        ]);
    }
}
