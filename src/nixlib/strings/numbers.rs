//! Numbers as texts.

use super::super::support::{bytes, call_native, coerced, new_text, throw, warn};
use crate::eval::{Coercion, ErrorKind, Evaluator, LimitKind, NativeDef, Outcome};
use crate::heap::{StrId, Value};

pub(super) static FUNCTIONS: &[NativeDef] = &[
    NativeDef::strict("lib.strings.toInt", 1, to_int),
    NativeDef::strict("lib.strings.toIntBase10", 1, to_int_base_10),
    NativeDef::with_strict("lib.strings.fixedWidthString", 3, 0b101, fixed_width_string),
    NativeDef::strict("lib.strings.fixedWidthNumber", 2, fixed_width_number),
    NativeDef::strict("lib.strings.floatToString", 1, float_to_string),
];

/// The text without white space around it, as the regular expressions of POSIX understand white space.
fn stripped(text: &[u8]) -> &[u8] {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
    let start = text.iter().position(|byte| !is_space(byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|byte| !is_space(byte)).map_or(start, |last| last + 1);
    text.get(start..end).unwrap_or_default()
}

fn is_number(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

fn not_a_number(ev: &mut Evaluator, function: &str, id: StrId) -> crate::eval::Stop {
    let message = format!("{function}: could not convert {:?} to int", ev.heap.text(id));
    throw(ev, message)
}

/// The integer that a number of JSON is; a number with leading zeros is none.
fn json_int(ev: &mut Evaluator, function: &str, id: StrId, number: &[u8]) -> Outcome {
    let digits = number.strip_prefix(b"-").unwrap_or(number);
    if digits.len() > 1 && digits.starts_with(b"0") {
        let message = format!("{function}: {:?} has leading zeros behind its sign", ev.heap.text(id));
        return Err(ev.error(ErrorKind::Type, message));
    }
    match std::str::from_utf8(number).ok().and_then(|text| text.parse().ok()) {
        Some(number) => Ok(Value::int(number)),
        None => Err(not_a_number(ev, function, id)),
    }
}

fn to_int(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [string] = arguments else { return Ok(Value::NULL) };
    let id = ev.want_string(*string)?;
    let text = bytes(ev, id);
    let number = stripped(&text);
    if !is_number(number) {
        return Err(not_a_number(ev, "toInt", id));
    }
    if number.len() > 1 && number.starts_with(b"0") {
        let message = format!(
            "toInt: {:?} may be meant as octal or as a decimal number with leading zeros; use toIntBase10",
            ev.heap.text(id)
        );
        return Err(throw(ev, message));
    }
    json_int(ev, "toInt", id, number)
}

fn to_int_base_10(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [string] = arguments else { return Ok(Value::NULL) };
    let id = ev.want_string(*string)?;
    let text = bytes(ev, id);
    let mut number = stripped(&text);
    while let Some(rest) = number.strip_prefix(b"0") {
        if !is_number(rest) {
            break;
        }
        number = rest;
    }
    if !is_number(number) {
        return Err(not_a_number(ev, "toIntBase10", id));
    }
    json_int(ev, "toIntBase10", id, number)
}

/// The string behind as much filler as makes it `width` bytes long. The filler is looked at only if some is needed.
fn padded(ev: &mut Evaluator, width: i64, filler: Value, value: Value) -> Outcome {
    let id = coerced(ev, value)?;
    let length = ev.heap.bytes(id).len();
    let missing = usize::try_from(width).ok().and_then(|width| width.checked_sub(length));
    if missing == Some(0) {
        return Ok(value);
    }
    let filler = if missing.is_some() { coerced(ev, filler)? } else { StrId::EMPTY };
    let unit = ev.heap.bytes(filler).len();
    let count = match missing {
        Some(_) if unit == 0 => return Err(ev.limit_error(LimitKind::Depth)),
        Some(missing) if missing % unit == 0 => missing / unit,
        _ => {
            let message = format!(
                "fixedWidthString: {:?} of {length} bytes cannot be filled up to {width} bytes",
                ev.heap.text(id)
            );
            return Err(throw(ev, message));
        }
    };
    if length.saturating_add(count.saturating_mul(unit)) > ev.limits.string_bytes {
        return Err(ev.limit_error(LimitKind::String));
    }
    let mut text = ev.heap.bytes(filler).repeat(count);
    text.extend_from_slice(ev.heap.bytes(id));
    new_text(ev, &text, &[filler, id])
}

fn fixed_width_string(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [width, filler, string] = arguments else { return Ok(Value::NULL) };
    let width = ev.want_int(*width)?;
    padded(ev, width, *filler, *string)
}

fn fixed_width_number(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [width, number] = arguments else { return Ok(Value::NULL) };
    let width = ev.want_int(*width)?;
    let text = ev.coerce(*number, Coercion::More)?;
    let zero = ev.heap.new_string(b"0");
    padded(ev, width, Value::string(zero), Value::string(text))
}

fn float_to_string(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [number] = arguments else { return Ok(Value::NULL) };
    let text = Value::string(ev.coerce(*number, Coercion::More)?);
    let back = call_native(ev, "builtins.fromJSON", &[text])?;
    if !ev.equal(*number, back)? {
        let shown = ev.want_text(text)?;
        warn(ev, &format!("imprecise conversion from float to string {shown}"));
    }
    Ok(text)
}
