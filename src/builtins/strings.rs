//! Strings: length, parts, joining, replacing, conversion.

use crate::eval::{Coercion, ErrorKind, Evaluator, LimitKind, NativeDef, Outcome, Wanted};
use crate::heap::{StrId, Value, View};

pub(super) static FAMILY: &[NativeDef] = &[
    NativeDef::with_strict("builtins.toString", 1, 0, to_string),
    NativeDef::strict("builtins.stringLength", 1, string_length),
    NativeDef::with_strict("builtins.substring", 3, 0b001, substring).looking(&[(0, Wanted::Int)]),
    NativeDef::strict("builtins.concatStringsSep", 2, concat_strings_sep).looking(&[(0, Wanted::Str)]),
    NativeDef::with_strict("builtins.replaceStrings", 3, 0b011, replace_strings).looking(&[(0, Wanted::List)]),
];

fn to_string(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [value] = args else { return Ok(Value::NULL) };
    // A string is passed on with its origin; so is one with unknown parts.
    let value = ev.want(*value)?;
    match value.view() {
        View::Str(_) => Ok(value),
        _ => ev.coerce(value, Coercion::More).map(Value::string),
    }
}

fn string_length(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [value] = args else { return Ok(Value::NULL) };
    let id = ev.coerce(*value, Coercion::Strict)?;
    let length = ev.heap.bytes(id).len();
    Ok(Value::int(i64::try_from(length).unwrap_or(i64::MAX)))
}

fn substring(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [start, length, value] = args else { return Ok(Value::NULL) };
    let start = ev.want_int(*start)?;
    if start < 0 {
        let message = format!("builtins.substring: the start must not be negative, but it is {start}");
        return Err(ev.error(ErrorKind::Type, message));
    }
    let length = ev.want_int(*length)?;
    let value = ev.want(*value)?;
    let id = ev.coerce(value, Coercion::Strict)?;
    let start = usize::try_from(start).unwrap_or(usize::MAX);
    // A negative length means all of the rest.
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if start == 0 && length >= ev.heap.bytes(id).len() && matches!(value.view(), View::Str(_)) {
        return Ok(value);
    }
    Ok(Value::string(ev.heap.substring(id, start, length)))
}

fn concat_strings_sep(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [separator, list] = args else { return Ok(Value::NULL) };
    let (separator, seq) = (ev.want_string(*separator)?, ev.want_whole_list(*list)?);
    let mut pieces = Vec::with_capacity(seq.count() * 2);
    for slot in seq.slots() {
        ev.tick()?;
        if !pieces.is_empty() {
            pieces.push(Ok(separator));
        }
        pieces.push(ev.coerce(Value::reference(slot), Coercion::Strict));
    }
    if pieces.len() < 2 {
        // The result refers to what the separator refers to, also where none stands.
        let nothing = ev.heap.substring(separator, 0, 0);
        pieces.push(Ok(nothing));
    }
    let site = ev.site();
    ev.join_texts(pieces, site)
}

fn replace_strings(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [from, to, text] = args else { return Ok(Value::NULL) };
    let (from, to) = (ev.want_whole_list(*from)?, ev.want_whole_list(*to)?);
    if from.len != to.len {
        let message = format!(
            "builtins.replaceStrings: the lists must be of the same length, but they have {} and {} elements",
            from.len, to.len
        );
        return Err(ev.error(ErrorKind::Type, message));
    }
    let mut patterns = Vec::with_capacity(from.count());
    for (pattern, replacement) in from.slots().zip(to.slots()) {
        ev.tick()?;
        let id = ev.want_string(Value::reference(pattern))?;
        patterns.push((ev.heap.bytes(id).to_vec(), replacement));
    }
    let source = ev.want_string(*text)?;
    let bytes = ev.heap.bytes(source).to_vec();
    ev.tick_many(u64::try_from(bytes.len() / 16).unwrap_or(0) + 1)?;

    // Most bytes begin no pattern; those are copied without a look at the patterns.
    let mut is_first = [false; 256];
    let has_empty = patterns.iter().any(|(pattern, _)| pattern.is_empty());
    for (pattern, _) in &patterns {
        if let Some(place) = pattern.first().and_then(|first| is_first.get_mut(usize::from(*first))) {
            *place = true;
        }
    }
    let mut result = Vec::with_capacity(bytes.len());
    let mut used: Vec<StrId> = vec![source];
    let mut rest = bytes.as_slice();
    loop {
        let could_match =
            has_empty || rest.first().is_some_and(|byte| is_first.get(usize::from(*byte)).copied().unwrap_or(false));
        let found = if could_match { patterns.iter().find(|(pattern, _)| rest.starts_with(pattern)) } else { None };
        match found {
            Some((pattern, replacement)) => {
                let replacement = ev.want_string(Value::reference(*replacement))?;
                if ev.heap.has_context(replacement) && !used.contains(&replacement) {
                    used.push(replacement);
                }
                result.extend_from_slice(ev.heap.bytes(replacement));
                if result.len() > ev.limits.string_bytes {
                    return Err(ev.limit_error(LimitKind::String));
                }
                ev.tick_many(1 + u64::try_from(patterns.len() / 16).unwrap_or(0))?;
                if pattern.is_empty() {
                    let Some((first, others)) = rest.split_first() else { break };
                    result.push(*first);
                    rest = others;
                } else {
                    rest = rest.get(pattern.len()..).unwrap_or_default();
                    if rest.is_empty() && !has_empty {
                        break;
                    }
                }
            }
            None => {
                let Some((first, others)) = rest.split_first() else { break };
                result.push(*first);
                rest = others;
            }
        }
    }
    if used.len() == 1 && result == bytes {
        return Ok(*text);
    }
    let id = ev.heap.new_string(&result);
    ev.heap.join_contexts(id, &used);
    Ok(Value::string(id))
}

#[cfg(test)]
mod tests {
    use crate::builtins::testing::check;

    #[test]
    fn parts() {
        check(&[
            ("builtins.stringLength \"é\"", "2"),
            ("builtins.substring 1 2 \"abcd\"", "\"bc\""),
            ("builtins.substring 1 (-1) \"abcd\"", "\"bcd\""),
            ("builtins.substring 9 1 \"abcd\"", "\"\""),
            (
                "builtins.substring (-1) 1 \"a\"",
                "error: builtins.substring: the start must not be negative, but it is -1",
            ),
            ("builtins.concatStringsSep \", \" [ \"a\" \"b\" ]", "\"a, b\""),
            ("toString [ 1 [ 2.5 true ] null \"x\" ]", "\"1 2.500000 1  x\""),
        ]);
    }

    #[test]
    fn replacing() {
        check(&[
            ("builtins.replaceStrings [ \"o\" \"a\" ] [ \"0\" \"4\" ] \"foobar\"", "\"f00b4r\""),
            ("builtins.replaceStrings [ \"\" ] [ \"-\" ] \"tap\"", "\"-t-a-p-\""),
            ("builtins.replaceStrings [ \"a\" \"\" ] [ \"X\" \"_\" ] \"banana\"", "\"_bX_nX_nX_\""),
            ("builtins.replaceStrings [ \"x\" ] [ (throw \"unused\") ] \"abc\"", "\"abc\""),
            (
                "builtins.replaceStrings [ \"x\" ] [ ] \"abc\"",
                "error: builtins.replaceStrings: the lists must be of the same length, but they have 1 and 0 elements",
            ),
        ]);
    }
}
