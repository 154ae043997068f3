//! `lib.generators.withRecursion`: a value that cannot be followed deeper than a limit.

use super::super::support::{assertion, flag, named_arguments, required, throw};
use crate::eval::{Evaluator, NativeDef, Outcome};
use crate::heap::{Symbol, Value, View};
use crate::syntax::ExprId;

pub(super) static FUNCTIONS: &[NativeDef] = &[
    NativeDef::strict("lib.generators.withRecursion", 2, with_recursion)
        .taking(&[("depthLimit", false), ("throwOnDepthLimit", true)]),
    NativeDef::with_strict("internal.generators.deeper", 4, 0b0111, deeper),
];

/// Attributes that are part of how a set behaves rather than of its content.
const SPECIAL: [&str; 4] = ["__functor", "__functionArgs", "__toString", "__pretty"];

fn with_recursion(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [options, value] = arguments else { return Ok(Value::NULL) };
    let set = named_arguments(ev, "withRecursion", *options, &["depthLimit", "throwOnDepthLimit"])?;
    let limit = required(ev, "withRecursion", set, "depthLimit")?;
    let limit = ev.want(limit)?;
    let View::Int(most) = limit.view() else {
        return Err(assertion(ev, "generators.withRecursion: depthLimit has to be an integer"));
    };
    let throws = flag(ev, set, "throwOnDepthLimit", true)?;
    limited(ev, most, throws, 0, *value)
}

/// What stands for a value at `depth`: itself, or once it is too deep an error or a mark.
fn transformed(ev: &mut Evaluator, most: i64, throws: bool, depth: i64, value: Value) -> Outcome {
    if depth <= most {
        return ev.want(value);
    }
    if throws {
        let message = format!("generators.withRecursion: the value is nested deeper than the limit of {most}");
        return Err(throw(ev, message));
    }
    Ok(ev.str("<unevaluated>"))
}

fn limited(ev: &mut Evaluator, most: i64, throws: bool, depth: i64, value: Value) -> Outcome {
    let value = ev.want(value)?;
    let function = ev.native("internal.generators.deeper");
    let next = |ev: &mut Evaluator, inner: Value| {
        ev.heap.deferred(function, &[Value::int(most), Value::bool(throws), Value::int(depth + 1), inner])
    };
    match value.view() {
        View::Attrs(set) => {
            let mut attributes: Vec<(Symbol, Value, ExprId)> = Vec::with_capacity(ev.heap.set_len(set));
            for (name, slot, origin) in ev.heap.entries(set) {
                let inner = ev.heap.share(slot);
                let is_special = SPECIAL.contains(&ev.heap.name(name));
                let inner = if is_special { inner } else { next(ev, inner) };
                attributes.push((name, inner, origin));
            }
            let open = ev.heap.open_set_reason(set);
            Ok(ev.heap.new_open_set(&attributes, open))
        }
        View::List(seq) => {
            let elements: Vec<Value> = ev.heap.elements(seq);
            let elements: Vec<Value> = elements.into_iter().map(|element| next(ev, element)).collect();
            Ok(match ev.heap.open_reason(seq) {
                Some(id) => ev.heap.new_open_list(&elements, id),
                None => ev.heap.new_list(&elements),
            })
        }
        _ => transformed(ev, most, throws, depth + 1, value),
    }
}

fn deeper(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [most, throws, depth, value] = arguments else { return Ok(Value::NULL) };
    let (most, throws, depth) = (ev.want_int(*most)?, ev.want_bool(*throws)?, ev.want_int(*depth)?);
    let value = transformed(ev, most, throws, depth, *value)?;
    limited(ev, most, throws, depth, value)
}
