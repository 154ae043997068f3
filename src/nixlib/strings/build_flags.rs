//! Flags for configure scripts, CMake and Meson. What they are given is checked by assertions.

use super::super::support::{assertion, coerced, joined};
use crate::eval::{Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{StrId, Value, View};

pub(super) static FUNCTIONS: &[NativeDef] = &[
    NativeDef::strict("lib.strings.enableFeature", 2, enable_feature),
    NativeDef::with_strict("lib.strings.enableFeatureAs", 3, 0b011, enable_feature_as),
    NativeDef::strict("lib.strings.withFeature", 2, with_feature),
    NativeDef::with_strict("lib.strings.withFeatureAs", 3, 0b011, with_feature_as),
    NativeDef::strict("lib.strings.cmakeOptionType", 3, cmake_option_type),
    NativeDef::strict("lib.strings.cmakeBool", 2, cmake_bool),
    NativeDef::strict("lib.strings.cmakeFeature", 2, cmake_feature),
    NativeDef::strict("lib.strings.mesonOption", 2, meson_option),
    NativeDef::strict("lib.strings.mesonBool", 2, meson_bool),
    NativeDef::strict("lib.strings.mesonEnable", 2, meson_enable),
];

fn asserted_string(ev: &mut Evaluator, function: &str, value: Value) -> Result<StrId, Stop> {
    match value.view() {
        View::Str(id) => Ok(id),
        _ => {
            let message = format!("{function}: expected a string but found {}", ev.describe(value));
            Err(assertion(ev, message))
        }
    }
}

fn asserted_bool(ev: &mut Evaluator, function: &str, value: Value) -> Result<bool, Stop> {
    match value.view() {
        View::Bool(truth) => Ok(truth),
        _ => {
            let message = format!("{function}: expected a Boolean but found {}", ev.describe(value));
            Err(assertion(ev, message))
        }
    }
}

/// A string of literal texts and strings in turn.
fn flag(ev: &mut Evaluator, parts: &[Result<StrId, &str>]) -> Outcome {
    let mut pieces = Vec::with_capacity(parts.len());
    for part in parts {
        pieces.push(Ok(match part {
            Ok(id) => *id,
            Err(text) => ev.heap.new_string(text.as_bytes()),
        }));
    }
    joined(ev, pieces)
}

fn followed_by_value(ev: &mut Evaluator, flag_value: Value, is_on: Value, value: Value) -> Outcome {
    if !ev.want_bool(is_on)? {
        return Ok(flag_value);
    }
    let id = ev.want_string(flag_value)?;
    let value = coerced(ev, value)?;
    flag(ev, &[Ok(id), Err("="), Ok(value)])
}

fn enable_feature(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [is_on, feature] = arguments else { return Ok(Value::NULL) };
    let is_on = asserted_bool(ev, "enableFeature", *is_on)?;
    let feature = asserted_string(ev, "enableFeature", *feature)?;
    flag(ev, &[Err(if is_on { "--enable-" } else { "--disable-" }), Ok(feature)])
}

fn enable_feature_as(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [is_on, feature, value] = arguments else { return Ok(Value::NULL) };
    let enabled = enable_feature(ev, &[*is_on, *feature])?;
    followed_by_value(ev, enabled, *is_on, *value)
}

fn with_feature(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [is_on, feature] = arguments else { return Ok(Value::NULL) };
    let feature = asserted_string(ev, "withFeature", *feature)?;
    let is_on = ev.want_bool(*is_on)?;
    flag(ev, &[Err(if is_on { "--with-" } else { "--without-" }), Ok(feature)])
}

fn with_feature_as(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [is_on, feature, value] = arguments else { return Ok(Value::NULL) };
    let with = with_feature(ev, &[*is_on, *feature])?;
    followed_by_value(ev, with, *is_on, *value)
}

fn cmake_option(ev: &mut Evaluator, kind: &str, feature: StrId, value: Result<StrId, &str>) -> Outcome {
    let kind = format!(":{kind}=");
    flag(ev, &[Err("-D"), Ok(feature), Err(&kind), value])
}

fn cmake_option_type(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [kind, feature, value] = arguments else { return Ok(Value::NULL) };
    let kind = ev.want_text(*kind)?.to_ascii_uppercase();
    if !["BOOL", "FILEPATH", "PATH", "STRING", "INTERNAL", "LIST"].contains(&kind.as_str()) {
        return Err(assertion(ev, format!("cmakeOptionType: {kind} is not a type of CMake's cache")));
    }
    let feature = asserted_string(ev, "cmakeOptionType", *feature)?;
    let value = asserted_string(ev, "cmakeOptionType", *value)?;
    cmake_option(ev, &kind, feature, Ok(value))
}

fn cmake_bool(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [condition, is_on] = arguments else { return Ok(Value::NULL) };
    let condition = asserted_string(ev, "cmakeBool", *condition)?;
    let is_on = asserted_bool(ev, "cmakeBool", *is_on)?;
    cmake_option(ev, "BOOL", condition, Err(if is_on { "TRUE" } else { "FALSE" }))
}

fn cmake_feature(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [feature, value] = arguments else { return Ok(Value::NULL) };
    let feature = asserted_string(ev, "cmakeFeature", *feature)?;
    let value = asserted_string(ev, "cmakeFeature", *value)?;
    cmake_option(ev, "STRING", feature, Ok(value))
}

fn meson_option(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [feature, value] = arguments else { return Ok(Value::NULL) };
    let feature = asserted_string(ev, "mesonOption", *feature)?;
    let value = asserted_string(ev, "mesonOption", *value)?;
    flag(ev, &[Err("-D"), Ok(feature), Err("="), Ok(value)])
}

fn meson_bool(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [condition, is_on] = arguments else { return Ok(Value::NULL) };
    let condition = asserted_string(ev, "mesonBool", *condition)?;
    let is_on = asserted_bool(ev, "mesonBool", *is_on)?;
    flag(ev, &[Err("-D"), Ok(condition), Err(if is_on { "=true" } else { "=false" })])
}

fn meson_enable(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [feature, is_on] = arguments else { return Ok(Value::NULL) };
    let feature = asserted_string(ev, "mesonEnable", *feature)?;
    let is_on = asserted_bool(ev, "mesonEnable", *is_on)?;
    flag(ev, &[Err("-D"), Ok(feature), Err(if is_on { "=enabled" } else { "=disabled" })])
}
