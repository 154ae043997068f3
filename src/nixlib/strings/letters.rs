//! Letters and characters.

use std::ops::RangeInclusive;

use super::super::support::{bytes, coerced, joined, list_of, new_text, piece, throw};
use super::split::split_at;
use crate::eval::{Evaluator, LimitKind, NativeDef, Outcome};
use crate::heap::{StrId, Value, View};

pub(super) static FUNCTIONS: &[NativeDef] = &[
    NativeDef::strict("lib.strings.toLower", 1, to_lower),
    NativeDef::strict("lib.strings.toUpper", 1, to_upper),
    NativeDef::strict("lib.strings.toSentenceCase", 1, to_sentence_case),
    NativeDef::strict("lib.strings.toCamelCase", 1, to_camel_case),
    NativeDef::strict("lib.strings.stringToCharacters", 1, string_to_characters),
    NativeDef::with_strict("lib.strings.stringAsChars", 2, 0b10, string_as_chars),
    NativeDef::strict("lib.strings.charToInt", 1, char_to_int),
];

/// The list of one-letter strings in a range.
pub(super) fn alphabet(ev: &mut Evaluator, letters: RangeInclusive<u8>) -> Outcome {
    let letters: Vec<Value> = letters.map(|letter| Value::string(ev.heap.new_string(&[letter]))).collect();
    list_of(ev, &letters)
}

/// The string with other letters; the argument itself if nothing changes.
fn with_letters(ev: &mut Evaluator, string: Value, change: fn(&[u8]) -> Vec<u8>) -> Outcome {
    let id = ev.want_string(string)?;
    let changed = change(ev.heap.bytes(id));
    if changed == ev.heap.bytes(id) { Ok(string) } else { new_text(ev, &changed, &[id]) }
}

fn to_lower(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [string] = arguments else { return Ok(Value::NULL) };
    with_letters(ev, *string, |text| text.to_ascii_lowercase())
}

fn to_upper(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [string] = arguments else { return Ok(Value::NULL) };
    with_letters(ev, *string, |text| text.to_ascii_uppercase())
}

fn sentence(text: &[u8]) -> Vec<u8> {
    let mut text = text.to_ascii_lowercase();
    if let Some(first) = text.first_mut() {
        first.make_ascii_uppercase();
    }
    text
}

/// A string for a function that refuses everything else with a `throw`.
fn only_string(ev: &mut Evaluator, value: Value, function: &str) -> Result<StrId, crate::eval::Stop> {
    match value.view() {
        View::Str(id) => Ok(id),
        _ => {
            let message =
                format!("{function} accepts string values only, but got a value of type {}", ev.type_name(value));
            Err(throw(ev, message))
        }
    }
}

fn to_sentence_case(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [string] = arguments else { return Ok(Value::NULL) };
    only_string(ev, *string, "toSentenceCase")?;
    with_letters(ev, *string, sentence)
}

fn to_camel_case(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [string] = arguments else { return Ok(Value::NULL) };
    let id = only_string(ev, *string, "toCamelCase")?;
    let text = bytes(ev, id);
    let mut joined = Vec::with_capacity(text.len());
    let mut is_first = true;
    for word in split_at(&text, false, |_, here| matches!(here, b'-' | b'_' | b' ')) {
        let humps = split_at(word, true, |before, here| {
            before.is_some_and(|letter| letter.is_ascii_lowercase()) && here.is_ascii_uppercase()
        });
        for hump in humps {
            joined.extend(if is_first { hump.to_ascii_lowercase() } else { sentence(hump) });
            is_first = false;
        }
    }
    new_text(ev, &joined, &[id])
}

/// The one-byte strings that a string consists of.
fn characters(ev: &mut Evaluator, string: Value) -> Result<Vec<Value>, crate::eval::Stop> {
    let id = coerced(ev, string)?;
    let count = ev.heap.bytes(id).len();
    if count > ev.limits.list_elements {
        return Err(ev.limit_error(LimitKind::List));
    }
    ev.tick_many(u64::try_from(count).unwrap_or(u64::MAX))?;
    Ok((0..count).map(|at| Value::string(ev.heap.substring(id, at, 1))).collect())
}

fn string_to_characters(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [string] = arguments else { return Ok(Value::NULL) };
    let characters = characters(ev, *string)?;
    list_of(ev, &characters)
}

fn string_as_chars(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function, string] = arguments else { return Ok(Value::NULL) };
    let mut pieces = Vec::new();
    for character in characters(ev, *string)? {
        let text = ev.call(*function, &[character]).and_then(|text| coerced(ev, text));
        pieces.push(piece(text)?);
    }
    joined(ev, pieces)
}

/// The code of a character that nixpkgs has in its table: printable ASCII, tab, line feed and carriage return.
pub(super) fn code(text: &[u8]) -> Option<u8> {
    match text {
        [byte @ (b' '..=b'~' | b'\t' | b'\n' | b'\r')] => Some(*byte),
        _ => None,
    }
}

fn char_to_int(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [character] = arguments else { return Ok(Value::NULL) };
    let id = ev.want_string(*character)?;
    match code(ev.heap.bytes(id)) {
        Some(code) => Ok(Value::int(i64::from(code))),
        None => {
            let message = format!("lib.strings.charToInt: {:?} is not one ASCII character", ev.heap.text(id));
            Err(ev.error(crate::eval::ErrorKind::MissingAttribute, message))
        }
    }
}
