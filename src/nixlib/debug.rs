//! `lib.debug`: messages during evaluation and small tests.

use super::support::{call_native, list_of, list_parts, pairs, required, throw};
use super::{Family, Member};
use crate::eval::{Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{Value, View, sym};

/// `lib.debug`
pub(super) static FAMILY: Family = Family {
    name: "debug",
    functions: &[FUNCTIONS],
    members: &[
        Member::Same("trace", "builtins.trace"),
        Member::Same("addErrorContext", "builtins.addErrorContext"),
        Member::Same("unsafeGetAttrPos", "builtins.unsafeGetAttrPos"),
    ],
    top: &[
        "addErrorContext",
        "runTests",
        "testAllTrue",
        "trace",
        "traceFnSeqN",
        "traceIf",
        "traceSeq",
        "traceSeqN",
        "traceVal",
        "traceValFn",
        "traceValSeq",
        "traceValSeqFn",
        "traceValSeqN",
        "traceValSeqNFn",
        "unsafeGetAttrPos",
    ],
};

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::with_strict("lib.debug.traceIf", 3, 0b001, trace_if),
    NativeDef::lazy("lib.debug.traceVal", 1, trace_value),
    NativeDef::lazy("lib.debug.traceValFn", 2, trace_value_by),
    NativeDef::lazy("lib.debug.traceSeq", 2, trace_deep),
    NativeDef::with_strict("lib.debug.traceSeqN", 3, 0b001, trace_to_depth),
    NativeDef::lazy("lib.debug.traceValSeq", 1, trace_value_deep),
    NativeDef::lazy("lib.debug.traceValSeqFn", 2, trace_value_deep_by),
    NativeDef::with_strict("lib.debug.traceValSeqN", 2, 0b01, trace_value_to_depth),
    NativeDef::with_strict("lib.debug.traceValSeqNFn", 3, 0b010, trace_value_to_depth_by),
    NativeDef::with_strict("lib.debug.traceFnSeqN", 4, 0b0001, trace_function),
    NativeDef::strict("lib.debug.runTests", 1, run_tests),
    NativeDef::strict("lib.debug.throwTestFailures", 1, throw_test_failures)
        .taking(&[("failures", false), ("description", true)]),
    NativeDef::lazy("lib.debug.testAllTrue", 1, test_all_true),
    NativeDef::with_strict("internal.debug.snip", 2, 0b11, snip),
];

fn trace(ev: &mut Evaluator, message: Value, value: Value) -> Outcome {
    let function = ev.native("builtins.trace");
    ev.call(function, &[message, value])
}

fn trace_if(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [condition, message, value] = arguments else { return Ok(Value::NULL) };
    if ev.want_bool(*condition)? { trace(ev, *message, *value) } else { Ok(*value) }
}

fn trace_value(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [value] = arguments else { return Ok(Value::NULL) };
    trace(ev, *value, *value)
}

fn trace_value_by(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function, value] = arguments else { return Ok(Value::NULL) };
    let message = ev.call(*function, &[*value])?;
    trace(ev, message, *value)
}

fn trace_deep(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [message, value] = arguments else { return Ok(Value::NULL) };
    let message = ev.force_deep(*message)?;
    trace(ev, message, *value)
}

fn trace_value_deep(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [value] = arguments else { return Ok(Value::NULL) };
    trace_deep(ev, &[*value, *value])
}

fn trace_value_deep_by(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function, value] = arguments else { return Ok(Value::NULL) };
    let value = ev.force_deep(*value)?;
    trace_value_by(ev, &[*function, value])
}

/// The value with the lists and sets at `depth` replaced by marks for `toPretty`.
fn snip(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [depth, value] = arguments else { return Ok(Value::NULL) };
    let is_set = match value.view() {
        View::List(_) => false,
        View::Attrs(_) => true,
        _ => return Ok(*value),
    };
    let depth = ev.want_int(*depth)?;
    if depth == 0 {
        let mark = ev.str(if is_set { "{…}" } else { "[…]" });
        let pretty = ev.native_with("lib.trivial.const", &[mark]);
        return Ok(ev.set(&[("__pretty", pretty), ("val", *value)]));
    }
    let function = ev.native_with("internal.debug.snip", &[Value::int(depth - 1)]);
    if is_set {
        let inner = ev.native_with("lib.trivial.const", &[function]);
        call_native(ev, "builtins.mapAttrs", &[inner, *value])
    } else {
        call_native(ev, "builtins.map", &[function, *value])
    }
}

fn trace_to_depth(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [depth, message, value] = arguments else { return Ok(Value::NULL) };
    let message = ev.want(*message)?;
    let snipped = snip(ev, &[*depth, message])?;
    let options = ev.set(&[("allowPrettyValues", Value::TRUE)]);
    let text = call_native(ev, "lib.generators.toPretty", &[options, snipped])?;
    trace(ev, text, *value)
}

fn trace_value_to_depth(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [depth, value] = arguments else { return Ok(Value::NULL) };
    trace_to_depth(ev, &[*depth, *value, *value])
}

fn trace_value_to_depth_by(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function, depth, value] = arguments else { return Ok(Value::NULL) };
    let shown = ev.call(*function, &[*value])?;
    trace_to_depth(ev, &[*depth, shown, *value])
}

fn trace_function(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [depth, name, function, value] = arguments else { return Ok(Value::NULL) };
    let depth = ev.want_int(*depth)?;
    let result = ev.heap.delay_call(*function, &[*value]);
    let shown = ev.set(&[("fn", *name), ("from", *value), ("to", result)]);
    trace_to_depth(ev, &[Value::int(depth.saturating_add(1)), shown, result])
}

/// The names in `tests`, if the set of tests restricts itself to some.
fn wanted_tests(ev: &mut Evaluator, tests: Value) -> Result<Vec<Vec<u8>>, Stop> {
    let set = ev.want_whole_attrs(tests)?;
    let name = ev.heap.intern("tests");
    let Some(list) = ev.attribute(set, name) else { return Ok(Vec::new()) };
    let (elements, open) = list_parts(ev, list)?;
    let mut names = Vec::new();
    for element in elements {
        let id = ev.want_string(element)?;
        names.push(ev.heap.bytes(id).to_vec());
    }
    open.map_or(Ok(names), Err)
}

fn run_tests(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [tests] = arguments else { return Ok(Value::NULL) };
    let wanted = wanted_tests(ev, *tests)?;
    let (expr, expected) = (ev.heap.intern("expr"), ev.heap.intern("expected"));
    let mut failures = Vec::new();
    for (name, test) in pairs(ev, *tests)? {
        let id = ev.want_string(name)?;
        let text = ev.heap.bytes(id).to_vec();
        let runs = if wanted.is_empty() { text.starts_with(b"test") } else { wanted.contains(&text) };
        if !runs {
            continue;
        }
        let set = ev.want_attrs(test)?;
        let (found, right) = (ev.attribute_or_stop(set, expr)?, ev.attribute_or_stop(set, expected)?);
        if !ev.equal(found, right)? {
            let failure = ev.set(&[("name", name), ("expected", right), ("result", found)]);
            failures.push(failure);
        }
    }
    list_of(ev, &failures)
}

fn throw_test_failures(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [options] = arguments else { return Ok(Value::NULL) };
    let set = ev.want_attrs(*options)?;
    let failures = required(ev, "throwTestFailures", set, "failures")?;
    let (elements, open) = list_parts(ev, failures)?;
    if let Some(stop) = open {
        return Err(stop);
    }
    if elements.is_empty() {
        return Ok(Value::NULL);
    }
    let description = match ev.optional_attribute(set, sym::DESCRIPTION)? {
        Some(description) => ev.want_text(description)?,
        None => "tests".to_owned(),
    };
    let mut names = String::new();
    for failure in &elements {
        let set = ev.want_attrs(*failure)?;
        let name = ev.attribute_or_stop(set, sym::NAME)?;
        names.push_str("\n- ");
        names.push_str(&ev.want_text(name)?);
    }
    let json = call_native(ev, "builtins.toJSON", &[failures])?;
    let json = ev.want_text(json)?;
    Err(throw(ev, format!("{} {description} failed:{names}\n\n{json}", elements.len())))
}

fn test_all_true(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [list] = arguments else { return Ok(Value::NULL) };
    let always = ev.native_with("lib.trivial.const", &[Value::TRUE]);
    let expected = ev.delay_native("builtins.map", &[always, *list]);
    Ok(ev.set(&[("expr", *list), ("expected", expected)]))
}
