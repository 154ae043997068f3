//! `lib.asserts`: conditions with messages.

use super::generators::pretty_text;
use super::support::{coerced, list_parts, throw};
use super::{Family, trivial};
use crate::eval::{Evaluator, NativeDef, Outcome, Stop};
use crate::heap::Value;

/// `lib.asserts`
pub(super) static FAMILY: Family =
    Family { name: "asserts", functions: &[FUNCTIONS], members: &[], top: &["assertMsg", "assertOneOf"] };

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::with_strict("lib.asserts.assertMsg", 2, 0b01, assert_message),
    NativeDef::lazy("lib.asserts.assertOneOf", 3, assert_one_of),
    NativeDef::with_strict("lib.asserts.assertEachOneOf", 3, 0b010, assert_each_one_of),
    NativeDef::with_strict("lib.asserts.checkAssertWarn", 3, 0b001, check_assert_warn),
];

fn assert_message(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [condition, message] = arguments else { return Ok(Value::NULL) };
    if ev.want_bool(*condition)? {
        return Ok(*condition);
    }
    let id = coerced(ev, *message)?;
    let message = ev.heap.text(id).into_owned();
    Err(throw(ev, message))
}

/// `builtins.elem`; an unknown element matters only if no other decides.
fn is_element(ev: &mut Evaluator, value: Value, list: Value) -> Result<bool, Stop> {
    let (elements, mut unknown) = list_parts(ev, list)?;
    for element in elements {
        match ev.equal(value, element) {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(stop) if stop.0.is_unknown() => unknown = unknown.or(Some(stop)),
            Err(stop) => return Err(stop),
        }
    }
    unknown.map_or(Ok(false), Err)
}

fn assert_one_of(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [name, value, allowed] = arguments else { return Ok(Value::NULL) };
    if is_element(ev, *value, *allowed)? {
        return Ok(Value::TRUE);
    }
    let name = ev.want_text(*name)?;
    let (value, allowed) = (pretty_text(ev, *value)?, pretty_text(ev, *allowed)?);
    Err(throw(ev, format!("{name} must be one of {allowed}, but is: {value}")))
}

fn assert_each_one_of(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [name, values, allowed] = arguments else { return Ok(Value::NULL) };
    let (elements, open) = list_parts(ev, *values)?;
    for element in elements {
        if !is_element(ev, element, *allowed)? {
            let name = ev.want_text(*name)?;
            let (values, allowed) = (pretty_text(ev, *values)?, pretty_text(ev, *allowed)?);
            return Err(throw(ev, format!("each element in {name} must be one of {allowed}, but is: {values}")));
        }
    }
    open.map_or(Ok(Value::TRUE), Err)
}

fn check_assert_warn(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [assertions, warnings, value] = arguments else { return Ok(Value::NULL) };
    let (assertions, open) = list_parts(ev, *assertions)?;
    let (holds, message) = (ev.heap.intern("assertion"), ev.heap.intern("message"));
    let mut failed = Vec::new();
    for entry in assertions {
        let set = ev.want_attrs(entry)?;
        let condition = ev.attribute_or_stop(set, holds)?;
        if !ev.want_bool(condition)? {
            let text = ev.attribute_or_stop(set, message)?;
            let id = coerced(ev, text)?;
            failed.push(format!("- {}", ev.heap.text(id)));
        }
    }
    if !failed.is_empty() {
        return Err(throw(ev, format!("\nFailed assertions:\n{}", failed.join("\n"))));
    }
    open.map_or(Ok(()), Err)?;
    let warnings = ev.want(*warnings)?;
    trivial::show_warnings(ev, &[warnings, *value])
}

#[cfg(test)]
mod tests {
    use crate::nixlib::testing::check;

    #[test]
    fn messages_of_failed_conditions() {
        check(&[
            ("lib.assertMsg true (throw \"lazy\")", "true"),
            ("lib.assertMsg false \"no tap\"", "error: no tap"),
            ("lib.assertOneOf \"kind\" 1 [ 2 ]", "error: kind must be one of [\n  2\n], but is: 1"),
            (
                "lib.asserts.checkAssertWarn [ { assertion = false; message = \"m\"; } ] [ ] 1",
                "error: \nFailed assertions:\n- m",
            ),
        ]);
    }
}
