//! Names and versions of packages, and which values are texts.

use super::super::support::{assertion, bytes, call_native, coerced, new_text};
use super::{is_string_like, split, truth};
use crate::eval::{Coercion, Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{StrId, Value, View, sym};

pub(super) static FUNCTIONS: &[NativeDef] = &[
    NativeDef::strict("lib.strings.getName", 1, |ev, arguments| part_of_name(ev, arguments, "pname", "name")),
    NativeDef::strict("lib.strings.getVersion", 1, |ev, arguments| part_of_name(ev, arguments, "version", "version")),
    NativeDef::strict("lib.strings.versionOlder", 2, version_older),
    NativeDef::strict("lib.strings.versionAtLeast", 2, version_at_least),
    NativeDef::strict("lib.strings.nameFromURL", 2, name_from_url),
    NativeDef::strict("lib.strings.sanitizeDerivationName", 1, sanitize_derivation_name),
    NativeDef::strict("lib.strings.isStringLike", 1, is_string_like_value),
    NativeDef::strict("lib.strings.isConvertibleWithToString", 1, is_convertible_with_to_string),
    NativeDef::strict("lib.strings.isStorePath", 1, is_store_path),
];

fn parsed(ev: &mut Evaluator, name: Value, part: &str) -> Outcome {
    let set = call_native(ev, "builtins.parseDrvName", &[name])?;
    let set = ev.want_attrs(set)?;
    let part = ev.heap.intern(part);
    ev.attribute_or_stop(set, part)
}

/// The attribute of a package that gives the part at once, else that part of its name.
fn part_of_name(ev: &mut Evaluator, arguments: &[Value], attribute: &str, part: &str) -> Outcome {
    let [package] = arguments else { return Ok(Value::NULL) };
    if matches!(package.view(), View::Str(_)) {
        return parsed(ev, *package, part);
    }
    let set = ev.want_attrs(*package)?;
    let attribute = ev.heap.intern(attribute);
    match ev.optional_attribute(set, attribute)? {
        Some(value) => Ok(value),
        None => {
            let name = ev.attribute_or_stop(set, sym::NAME)?;
            parsed(ev, name, part)
        }
    }
}

/// Whether version `a` is older than version `b`.
fn is_older(ev: &mut Evaluator, a: Value, b: Value) -> Result<bool, Stop> {
    let order = call_native(ev, "builtins.compareVersions", &[b, a])?;
    Ok(ev.want_int(order)? == 1)
}

fn version_older(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [a, b] = arguments else { return Ok(Value::NULL) };
    is_older(ev, *a, *b).and_then(truth)
}

fn version_at_least(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [a, b] = arguments else { return Ok(Value::NULL) };
    is_older(ev, *a, *b).and_then(|older| truth(!older))
}

fn name_from_url(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [url, separator] = arguments else { return Ok(Value::NULL) };
    let (url, separator) = (ev.coerce(*url, Coercion::More)?, ev.coerce(*separator, Coercion::More)?);
    let slash = ev.heap.new_string(b"/");
    let file = last(ev, slash, url)?;
    let parts = split::parts(ev, separator, file)?;
    let name = parts.first().copied().unwrap_or(Value::string(file));
    let id = ev.want_string(name)?;
    if ev.heap.bytes(id) == ev.heap.bytes(file) {
        let message = format!("nameFromURL: {:?} does not contain the separator", ev.heap.text(file));
        return Err(assertion(ev, message));
    }
    Ok(name)
}

fn last(ev: &mut Evaluator, separator: StrId, text: StrId) -> Result<StrId, Stop> {
    match split::parts(ev, separator, text)?.last() {
        Some(value) => ev.want_string(*value),
        None => Ok(text),
    }
}

fn sanitize_derivation_name(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [name] = arguments else { return Ok(Value::NULL) };
    /// Longest name of a store path, less the longest suffix that Nix appends.
    const LONGEST: usize = 207;
    let id = coerced(ev, *name)?;
    let text = bytes(ev, id);
    let is_allowed =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'.' | b'_' | b'?' | b'=' | b'-');
    let rest = match text.iter().position(|byte| *byte != b'.') {
        Some(first) => text.get(first..).unwrap_or_default(),
        None => &[],
    };
    let mut clean: Vec<u8> = Vec::with_capacity(rest.len());
    let mut was_allowed = true;
    for byte in rest {
        let allowed = is_allowed(byte);
        if allowed {
            clean.push(*byte);
        } else if was_allowed {
            clean.push(b'-');
        }
        was_allowed = allowed;
    }
    let clean = clean.get(clean.len().saturating_sub(LONGEST)..).unwrap_or_default();
    if clean == text.as_slice() && !clean.is_empty() && !ev.heap.has_context(id) {
        return Ok(*name);
    }
    new_text(ev, if clean.is_empty() { b"unknown" } else { clean }, &[])
}

fn is_string_like_value(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [value] = arguments else { return Ok(Value::NULL) };
    is_string_like(ev, *value).and_then(truth)
}

fn is_convertible(ev: &mut Evaluator, value: Value, depth: u32) -> Result<bool, Stop> {
    let value = ev.want(value)?;
    ev.tick()?;
    if depth > 1_000 {
        return Err(ev.limit_error(crate::eval::LimitKind::Depth));
    }
    match value.view() {
        View::Null | View::Int(_) | View::Float(_) | View::Bool(_) => Ok(true),
        View::List(seq) => {
            for element in ev.heap.elements(seq) {
                if !is_convertible(ev, element, depth + 1)? {
                    return Ok(false);
                }
            }
            match ev.heap.open_reason(seq) {
                Some(id) => Err(Stop(Value::unknown(id))),
                None => Ok(true),
            }
        }
        _ => is_string_like(ev, value),
    }
}

fn is_convertible_with_to_string(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [value] = arguments else { return Ok(Value::NULL) };
    is_convertible(ev, *value, 0).and_then(truth)
}

fn is_store_path(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [value] = arguments else { return Ok(Value::NULL) };
    if !is_string_like(ev, *value)? {
        return truth(false);
    }
    let id = ev.coerce(*value, Coercion::More)?;
    let text = ev.heap.bytes(id);
    let below_store = text.strip_prefix(b"/nix/store/").is_some_and(|name| !name.contains(&b'/'));
    let is_hash = text.strip_prefix(b"/").is_some_and(|hash| {
        hash.len() == 52 && hash.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
    });
    truth(below_store || is_hash)
}
