//! What several families need: texts, names, warnings, functions that take a set apart.

use crate::eval::{Coercion, ErrorKind, Evaluator, Outcome, Stop};
use crate::heap::{Set, StrId, Symbol, Value, View};
use crate::syntax::ExprId;

/// The bytes of a string, as a copy that does not borrow the heap.
pub(super) fn bytes(ev: &Evaluator, id: StrId) -> Vec<u8> {
    ev.heap.bytes(id).to_vec()
}

/// A new string value with the contexts of the strings that it was made from.
pub(super) fn new_text(ev: &mut Evaluator, bytes: &[u8], of: &[StrId]) -> Result<Value, Stop> {
    if bytes.len() > ev.limits.string_bytes {
        return Err(ev.limit_error(crate::eval::LimitKind::String));
    }
    let id = ev.heap.new_string(bytes);
    ev.heap.join_contexts(id, of);
    Ok(Value::string(id))
}

/// The value as a string as interpolation sees it.
pub(super) fn coerced(ev: &mut Evaluator, value: Value) -> Result<StrId, Stop> {
    ev.coerce(value, Coercion::Strict)
}

/// The text of what `toString` gives.
pub(super) fn shown(ev: &mut Evaluator, value: Value) -> Result<String, Stop> {
    let id = ev.coerce(value, Coercion::More)?;
    Ok(ev.heap.text(id).into_owned())
}

/// A text on its way into a longer one: an error goes out at once, an unknown stays inside as a hole.
pub(super) fn piece(text: Result<StrId, Stop>) -> Result<Result<StrId, Stop>, Stop> {
    match text {
        Err(stop) if stop.0.is_error() => Err(stop),
        other => Ok(other),
    }
}

/// One string of these texts; unknown ones leave holes in it.
pub(super) fn joined(ev: &mut Evaluator, pieces: Vec<Result<StrId, Stop>>) -> Outcome {
    let site = ev.site();
    ev.join_texts(pieces, site)
}

/// An attribute's name as a string value that points at the place where the name was written.
pub(super) fn name_value(ev: &mut Evaluator, name: Symbol, origin: ExprId) -> Value {
    let text = ev.heap.symbols.shared_name(name);
    ev.heap.new_str(&text).with_origin(origin)
}

/// Records an evaluation warning.
pub(super) fn warn(ev: &mut Evaluator, message: &str) {
    ev.tell(format!("evaluation warning: {message}"));
}

/// `throw`
pub(super) fn throw(ev: &mut Evaluator, message: impl Into<String>) -> Stop {
    ev.error(ErrorKind::Throw, message)
}

/// A failed `assert`.
pub(super) fn assertion(ev: &mut Evaluator, message: impl Into<String>) -> Stop {
    ev.error(ErrorKind::Assert, message)
}

/// The known elements of a list, and an unknown if there may be more.
pub(super) fn list_parts(ev: &mut Evaluator, value: Value) -> Result<(Vec<Value>, Option<Stop>), Stop> {
    let seq = ev.want_list(value)?;
    let open = ev.heap.open_reason(seq).map(|id| Stop(Value::unknown(id)));
    Ok((ev.heap.elements(seq), open))
}

/// The attributes of a whole set in the order of Nix: name as a value, value.
pub(super) fn pairs(ev: &mut Evaluator, value: Value) -> Result<Vec<(Value, Value)>, Stop> {
    let set = ev.want_whole_attrs(value)?;
    let mut pairs = Vec::with_capacity(ev.heap.set_len(set));
    for (name, slot, origin) in ev.heap.entries(set) {
        ev.tick()?;
        pairs.push((name_value(ev, name, origin), ev.heap.share(slot)));
    }
    Ok(pairs)
}

/// A list of values of which every one is ready.
pub(super) fn list_of(ev: &mut Evaluator, values: &[Value]) -> Outcome {
    if values.len() > ev.limits.list_elements {
        return Err(ev.limit_error(crate::eval::LimitKind::List));
    }
    Ok(ev.heap.new_list(values))
}

/// Calls the built-in function of a full name.
pub(super) fn call_native(ev: &mut Evaluator, name: &str, arguments: &[Value]) -> Outcome {
    let function = ev.native(name);
    let result = ev.call(function, arguments)?;
    ev.want(result)
}

/// Whether a value has an attribute; `false` for what is not a set.
pub(super) fn has(ev: &mut Evaluator, value: Value, name: Symbol) -> Result<bool, Stop> {
    match value.view() {
        View::Attrs(set) => Ok(ev.optional_attribute(set, name)?.is_some()),
        _ => Ok(false),
    }
}

/// The set given to a function that takes it apart without `...`: an error if it has a name that the function does not take.
pub(super) fn named_arguments(ev: &mut Evaluator, function: &str, value: Value, allowed: &[&str]) -> Result<Set, Stop> {
    let set = ev.want_attrs(value)?;
    for (name, ..) in ev.heap.entries(set) {
        let name = ev.heap.name(name);
        if !allowed.contains(&name) {
            let message = format!("function '{function}' called with unexpected argument '{name}'");
            return Err(ev.error(ErrorKind::Arguments, message));
        }
    }
    Ok(set)
}

/// A named argument that the function requires.
pub(super) fn required(ev: &mut Evaluator, function: &str, set: Set, name: &str) -> Outcome {
    match optional(ev, set, name)? {
        Some(value) => Ok(value),
        None => {
            let message = format!("function '{function}' called without required argument '{name}'");
            Err(ev.error(ErrorKind::Arguments, message))
        }
    }
}

/// A named argument that may be left out.
pub(super) fn optional(ev: &mut Evaluator, set: Set, name: &str) -> Result<Option<Value>, Stop> {
    let name = ev.heap.intern(name);
    ev.optional_attribute(set, name)
}

/// A named Boolean that may be left out.
pub(super) fn flag(ev: &mut Evaluator, set: Set, name: &str, default: bool) -> Result<bool, Stop> {
    match optional(ev, set, name)? {
        Some(value) => ev.want_bool(value),
        None => Ok(default),
    }
}
