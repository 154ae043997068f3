//! Beginnings, ends and middles: asking for them and cutting them off.

use super::super::support::{coerced, flag, named_arguments, warn};
use super::truth;
use crate::eval::{Evaluator, NativeDef, Outcome, Piece, Stop};
use crate::heap::{StrId, Value, View};

pub(super) static FUNCTIONS: &[NativeDef] = &[
    NativeDef::with_strict("lib.strings.hasPrefix", 2, 0b01, has_prefix),
    NativeDef::with_strict("lib.strings.hasSuffix", 2, 0b01, has_suffix),
    NativeDef::strict("lib.strings.hasInfix", 2, has_infix),
    NativeDef::with_strict("lib.strings.removePrefix", 2, 0b01, remove_prefix),
    NativeDef::with_strict("lib.strings.removeSuffix", 2, 0b01, remove_suffix),
    NativeDef::strict("lib.strings.trim", 1, trim),
    NativeDef::strict("lib.strings.trimWith", 2, trim_with).taking(&[("start", true), ("end", true)]),
    NativeDef::strict("lib.strings.normalizePath", 1, normalize_path),
    NativeDef::strict("lib.strings.fileContents", 1, file_contents),
];

/// The text to look for; `None` for what is coerced to a string but never equals one, of which a path deserves a warning.
fn affix(ev: &mut Evaluator, value: Value, function: &str) -> Result<Option<StrId>, Stop> {
    match value.view() {
        View::Str(id) => Ok(Some(id)),
        View::Path(_) => {
            warn(ev, &format!("lib.strings.{function}: the first argument is a path, so it matches no string"));
            Ok(None)
        }
        _ => coerced(ev, value).map(|_| None),
    }
}

/// The known text at the beginning or end of a string that is not wholly known.
fn known_end(ev: &Evaluator, stop: Stop, at_start: bool) -> Option<StrId> {
    let View::Unknown(id) = stop.0.view() else { return None };
    let pieces = ev.unknown_info(id)?.pieces.as_ref()?;
    match if at_start { pieces.first() } else { pieces.last() } {
        Some(Piece::Known(text)) => Some(*text),
        _ => None,
    }
}

/// Whether a string begins (or ends) with a text, which the known part of a partly unknown string may decide.
fn touches(ev: &mut Evaluator, affix: Option<StrId>, string: Value, at_start: bool) -> Result<bool, Stop> {
    let (text, open) = match coerced(ev, string) {
        Ok(text) => (text, None),
        Err(stop) => match known_end(ev, stop, at_start) {
            Some(text) => (text, Some(stop)),
            None => return Err(stop),
        },
    };
    let Some(affix) = affix else { return Ok(false) };
    let (affix, text) = (ev.heap.bytes(affix), ev.heap.bytes(text));
    let shared = affix.len().min(text.len());
    let (is_alike, is_whole) = if at_start {
        (affix.get(..shared) == text.get(..shared), shared == affix.len())
    } else {
        let tail = |all: &[u8]| all.iter().rev().take(shared).copied().collect::<Vec<u8>>();
        (tail(affix) == tail(text), shared == affix.len())
    };
    match open {
        _ if !is_alike => Ok(false),
        Some(stop) if !is_whole => Err(stop),
        _ => Ok(is_whole),
    }
}

/// A value that must be a string, evaluated; one that cannot be known may be.
fn text_first(ev: &mut Evaluator, string: Value) -> Outcome {
    let string = ev.force(string);
    if !string.is_unknown() {
        coerced(ev, string)?;
    }
    Ok(string)
}

fn has_prefix(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [prefix, string] = arguments else { return Ok(Value::NULL) };
    let prefix = affix(ev, *prefix, "hasPrefix")?;
    touches(ev, prefix, *string, true).and_then(truth)
}

fn has_suffix(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [suffix, string] = arguments else { return Ok(Value::NULL) };
    // The lengths are compared as `content >= suffix`, which asks for that of the content first.
    let string = text_first(ev, *string)?;
    let suffix = affix(ev, *suffix, "hasSuffix")?;
    touches(ev, suffix, string, false).and_then(truth)
}

fn has_infix(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [infix, string] = arguments else { return Ok(Value::NULL) };
    let infix = ev.want_string(*infix)?;
    let string = coerced(ev, *string)?;
    truth(find(ev.heap.bytes(string), ev.heap.bytes(infix)).is_some())
}

/// Where a text first occurs in another.
pub(super) fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    if part.is_empty() {
        return Some(0);
    }
    text.windows(part.len()).position(|window| window == part)
}

fn remove_prefix(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [prefix, string] = arguments else { return Ok(Value::NULL) };
    let prefix = affix(ev, *prefix, "removePrefix")?;
    let string = ev.force(*string);
    if !touches(ev, prefix, string, true)? {
        return Ok(string);
    }
    let length = prefix.map_or(0, |id| ev.heap.bytes(id).len());
    if let (View::Unknown(id), true) = (string.view(), length > 0) {
        let mut pieces = ev.unknown_info(id).and_then(|info| info.pieces.clone()).unwrap_or_default();
        if let Some(Piece::Known(first)) = pieces.first_mut() {
            *first = ev.heap.substring(*first, length, usize::MAX);
        }
        return Ok(ev.partial_string(pieces, string.origin()));
    }
    let text = coerced(ev, string)?;
    Ok(Value::string(ev.heap.substring(text, length, usize::MAX)))
}

fn remove_suffix(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [suffix, string] = arguments else { return Ok(Value::NULL) };
    let string = text_first(ev, *string)?;
    let suffix = affix(ev, *suffix, "removeSuffix")?;
    if !touches(ev, suffix, string, false)? {
        return Ok(string);
    }
    let length = suffix.map_or(0, |id| ev.heap.bytes(id).len());
    if let (View::Unknown(id), true) = (string.view(), length > 0) {
        let mut pieces = ev.unknown_info(id).and_then(|info| info.pieces.clone()).unwrap_or_default();
        if let Some(Piece::Known(last)) = pieces.last_mut() {
            let kept = ev.heap.bytes(*last).len().saturating_sub(length);
            *last = ev.heap.substring(*last, 0, kept);
        }
        return Ok(ev.partial_string(pieces, string.origin()));
    }
    let text = coerced(ev, string)?;
    let kept = ev.heap.bytes(text).len().saturating_sub(length);
    Ok(Value::string(ev.heap.substring(text, 0, kept)))
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// The string without blanks at its ends; like the result of a regular expression it has no context.
fn trimmed(ev: &mut Evaluator, string: Value, start: bool, end: bool) -> Outcome {
    let id = ev.want_string(string)?;
    let bytes = ev.heap.bytes(id);
    let first = if start { bytes.iter().position(|byte| !is_blank(*byte)) } else { Some(0) };
    let last = if end { bytes.iter().rposition(|byte| !is_blank(*byte)).map(|at| at + 1) } else { Some(bytes.len()) };
    let (Some(first), Some(last)) = (first, last) else { return Ok(ev.str("")) };
    if first == 0 && last == bytes.len() && !ev.heap.has_context(id) {
        return Ok(string);
    }
    let kept = bytes.get(first..last).unwrap_or_default().to_vec();
    Ok(Value::string(ev.heap.new_string(&kept)))
}

fn trim(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [string] = arguments else { return Ok(Value::NULL) };
    trimmed(ev, *string, true, true)
}

fn trim_with(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [sides, string] = arguments else { return Ok(Value::NULL) };
    let sides = named_arguments(ev, "trimWith", *sides, &["start", "end"])?;
    let (start, end) = (flag(ev, sides, "start", false)?, flag(ev, sides, "end", false)?);
    trimmed(ev, *string, start, end)
}

fn normalize_path(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [path] = arguments else { return Ok(Value::NULL) };
    if matches!(path.view(), View::Path(_)) {
        warn(ev, "lib.strings.normalizePath: the argument is a path, which is normalised already");
    }
    let id = coerced(ev, *path)?;
    let mut kept = super::super::support::bytes(ev, id);
    kept.dedup_by(|next, before| *next == b'/' && *before == b'/');
    super::super::support::new_text(ev, &kept, &[id])
}

fn file_contents(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [file] = arguments else { return Ok(Value::NULL) };
    let text = super::super::support::call_native(ev, "builtins.readFile", &[*file])?;
    let id = ev.want_string(text)?;
    let length = ev.heap.bytes(id).len();
    if ev.heap.bytes(id).ends_with(b"\n") {
        Ok(Value::string(ev.heap.substring(id, 0, length.saturating_sub(1))))
    } else {
        Ok(text)
    }
}
