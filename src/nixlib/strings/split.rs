//! Taking texts apart.

use super::super::support::{bytes, coerced, list_of};
use super::edges::find;
use crate::eval::{Coercion, Evaluator, LimitKind, NativeDef, Outcome};
use crate::heap::{StrId, Value, View};

pub(super) static FUNCTIONS: &[NativeDef] = &[
    NativeDef::strict("lib.strings.splitString", 2, split_string),
    NativeDef::with_strict("lib.strings.splitStringBy", 3, 0b100, split_string_by),
];

/// The parts of a text between the places where `is_split` (given the byte before, if any, and the byte there) holds.
/// The byte at such a place begins the next part if `keep`, else it is dropped. An empty text has one empty part.
pub(in super::super) fn split_at(text: &[u8], keep: bool, is_split: impl Fn(Option<u8>, u8) -> bool) -> Vec<&[u8]> {
    let (mut parts, mut start, mut before) = (Vec::new(), 0, None);
    for (at, here) in text.iter().enumerate() {
        if is_split(before, *here) {
            parts.push(text.get(start..at).unwrap_or_default());
            start = if keep { at } else { at + 1 };
        }
        before = Some(*here);
    }
    parts.push(text.get(start..).unwrap_or_default());
    parts
}

/// Start and length of the parts of a text between the occurrences of a separator. An empty separator occurs before every byte and at the end.
pub(super) fn ranges(text: &[u8], separator: &[u8]) -> Vec<(usize, usize)> {
    if separator.is_empty() {
        let mut parts = vec![(0, 0)];
        parts.extend((0..text.len()).map(|at| (at, 1)));
        parts.push((text.len(), 0));
        return parts;
    }
    let (mut parts, mut start) = (Vec::new(), 0);
    while let Some(length) = find(text.get(start..).unwrap_or_default(), separator) {
        parts.push((start, length));
        start += length + separator.len();
    }
    parts.push((start, text.len().saturating_sub(start)));
    parts
}

/// The strings between the occurrences of a separator; they share the bytes and context of the whole.
pub(super) fn parts(ev: &mut Evaluator, separator: StrId, text: StrId) -> Result<Vec<Value>, crate::eval::Stop> {
    let length = ev.heap.bytes(text).len();
    ev.tick_many(u64::try_from(length).unwrap_or(u64::MAX) / 16 + 1)?;
    let found = ranges(ev.heap.bytes(text), ev.heap.bytes(separator));
    if found.len() > ev.limits.list_elements {
        return Err(ev.limit_error(LimitKind::List));
    }
    Ok(found.into_iter().map(|(start, length)| Value::string(ev.heap.substring(text, start, length))).collect())
}

fn split_string(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [separator, string] = arguments else { return Ok(Value::NULL) };
    let separator = ev.coerce(*separator, Coercion::More)?;
    let text = ev.coerce(*string, Coercion::More)?;
    let mut parts = parts(ev, separator, text)?;
    if matches!(string.view(), View::Int(_) | View::Float(_) | View::Bool(_) | View::Null | View::List(_)) {
        // The parts get the context of the argument, which has to be a string for that.
        let stop = ev.type_error("a string", *string);
        parts.fill(stop.0);
    }
    list_of(ev, &parts)
}

fn split_string_by(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [predicate, keep, string] = arguments else { return Ok(Value::NULL) };
    let id = coerced(ev, *string)?;
    let text = bytes(ev, id);
    let (mut parts, mut start) = (Vec::new(), 0);
    for at in 0..text.len() {
        ev.tick()?;
        let before = ev.heap.substring(id, at.saturating_sub(1), usize::from(at > 0));
        let here = ev.heap.substring(id, at, 1);
        if ev.call_bool(*predicate, &[Value::string(before), Value::string(here)])? {
            let keep = ev.want_bool(*keep)?;
            parts.push(Value::string(ev.heap.substring(id, start, at.saturating_sub(start))));
            start = if keep { at } else { at + 1 };
        }
    }
    parts.push(Value::string(ev.heap.substring(id, start, usize::MAX)));
    list_of(ev, &parts)
}
