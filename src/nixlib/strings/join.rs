//! Joining texts.

use super::super::support::{call_native, coerced, joined, list_of, list_parts, new_text, pairs, piece};
use crate::eval::{Evaluator, LimitKind, NativeDef, Outcome, Stop};
use crate::heap::{StrId, Value, View};

pub(super) static FUNCTIONS: &[NativeDef] = &[
    NativeDef::strict("lib.strings.concatStrings", 1, concat_strings),
    NativeDef::with_strict("lib.strings.concatMapStrings", 2, 0b10, concat_map_strings),
    NativeDef::with_strict("lib.strings.concatImapStrings", 2, 0b10, concat_imap_strings),
    NativeDef::with_strict("lib.strings.concatMapStringsSep", 3, 0b101, concat_map_strings_sep),
    NativeDef::with_strict("lib.strings.concatImapStringsSep", 3, 0b101, concat_imap_strings_sep),
    NativeDef::with_strict("lib.strings.concatMapAttrsStringSep", 3, 0b101, concat_map_attrs_string_sep),
    NativeDef::strict("lib.strings.concatLines", 1, concat_lines),
    NativeDef::with_strict("lib.strings.intersperse", 2, 0b10, intersperse),
    NativeDef::with_strict("lib.strings.replicate", 2, 0b01, replicate),
    NativeDef::lazy("lib.strings.optionalString", 2, optional_string),
    NativeDef::with_strict("lib.strings.makeSearchPath", 2, 0b10, make_search_path),
    NativeDef::with_strict("lib.strings.makeSearchPathOutput", 3, 0b100, make_search_path_output),
    NativeDef::strict("lib.strings.makeLibraryPath", 1, |ev, arguments| output_path(ev, arguments, "lib", "lib")),
    NativeDef::strict("lib.strings.makeIncludePath", 1, |ev, arguments| output_path(ev, arguments, "dev", "include")),
    NativeDef::strict("lib.strings.makeBinPath", 1, |ev, arguments| output_path(ev, arguments, "bin", "bin")),
    NativeDef::lazy("lib.strings.addContextFrom", 2, add_context_from),
];

const NOTHING: StrId = StrId(0);

/// Joins what `text` makes of the elements of a list. Elements that are not known leave holes.
fn join_list(
    ev: &mut Evaluator,
    separator: StrId,
    list: Value,
    mut text: impl FnMut(&mut Evaluator, i64, Value) -> Outcome,
) -> Outcome {
    let (elements, open) = list_parts(ev, list)?;
    let has_separator = !ev.heap.bytes(separator).is_empty();
    let mut pieces = Vec::with_capacity(elements.len() * 2);
    for (number, element) in (1i64..).zip(elements) {
        ev.tick()?;
        if number > 1 && has_separator {
            pieces.push(Ok(separator));
        }
        let id = text(ev, number, element).and_then(|value| match value.view() {
            View::Str(id) => Ok(id),
            _ => coerced(ev, value),
        });
        pieces.push(piece(id)?);
    }
    pieces.extend(open.map(Err));
    joined(ev, pieces)
}

fn concat_strings(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [list] = arguments else { return Ok(Value::NULL) };
    join_list(ev, NOTHING, *list, |_, _, element| Ok(element))
}

fn concat_map_strings(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function, list] = arguments else { return Ok(Value::NULL) };
    join_list(ev, NOTHING, *list, |ev, _, element| ev.call(*function, &[element]))
}

fn concat_imap_strings(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function, list] = arguments else { return Ok(Value::NULL) };
    join_list(ev, NOTHING, *list, |ev, number, element| ev.call(*function, &[Value::int(number), element]))
}

fn concat_map_strings_sep(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [separator, function, list] = arguments else { return Ok(Value::NULL) };
    let separator = ev.want_string(*separator)?;
    join_list(ev, separator, *list, |ev, _, element| ev.call(*function, &[element]))
}

fn concat_imap_strings_sep(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [separator, function, list] = arguments else { return Ok(Value::NULL) };
    let separator = ev.want_string(*separator)?;
    join_list(ev, separator, *list, |ev, number, element| ev.call(*function, &[Value::int(number), element]))
}

fn concat_map_attrs_string_sep(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [separator, function, attrs] = arguments else { return Ok(Value::NULL) };
    let separator = ev.want_string(*separator)?;
    let mut pieces = Vec::new();
    for (name, value) in pairs(ev, *attrs)? {
        if !pieces.is_empty() {
            pieces.push(Ok(separator));
        }
        let id = ev.call(*function, &[name, value]).and_then(|text| coerced(ev, text));
        pieces.push(piece(id)?);
    }
    joined(ev, pieces)
}

fn concat_lines(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [list] = arguments else { return Ok(Value::NULL) };
    let (elements, open) = list_parts(ev, *list)?;
    let newline = ev.heap.new_string(b"\n");
    let mut pieces = Vec::with_capacity(elements.len() * 2);
    for element in elements {
        ev.tick()?;
        pieces.push(piece(coerced(ev, element))?);
        pieces.push(Ok(newline));
    }
    pieces.extend(open.map(Err));
    joined(ev, pieces)
}

fn intersperse(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [separator, list] = arguments else { return Ok(Value::NULL) };
    let seq = ev.want_whole_list(*list)?;
    if seq.len < 2 {
        return Ok(*list);
    }
    let mut values = Vec::with_capacity(seq.count() * 2);
    for element in ev.heap.elements(seq) {
        if !values.is_empty() {
            values.push(*separator);
        }
        values.push(element);
    }
    list_of(ev, &values)
}

fn replicate(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [count, text] = arguments else { return Ok(Value::NULL) };
    let count = ev.want_int(*count)?;
    let Ok(count) = usize::try_from(count) else {
        return Err(ev.error(crate::eval::ErrorKind::Type, format!("cannot create list of size {count}")));
    };
    if count == 0 {
        return Ok(ev.str(""));
    }
    let id = coerced(ev, *text)?;
    let length = ev.heap.bytes(id).len().saturating_mul(count);
    if length > ev.limits.string_bytes {
        return Err(ev.limit_error(LimitKind::String));
    }
    ev.tick_many(u64::try_from(count).unwrap_or(u64::MAX))?;
    let repeated = ev.heap.bytes(id).repeat(count);
    new_text(ev, &repeated, &[id])
}

fn optional_string(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [condition, text] = arguments else { return Ok(Value::NULL) };
    if ev.want_bool(*condition)? { Ok(*text) } else { Ok(ev.str("")) }
}

fn search_path(
    ev: &mut Evaluator,
    folder: Value,
    paths: Value,
    text: impl Fn(&mut Evaluator, Value) -> Outcome,
) -> Outcome {
    let (elements, open) = list_parts(ev, paths)?;
    let (colon, slash) = (ev.heap.new_string(b":"), ev.heap.new_string(b"/"));
    let mut pieces: Vec<Result<StrId, Stop>> = Vec::with_capacity(elements.len() * 4);
    for element in elements {
        ev.tick()?;
        let path = match text(ev, element).and_then(|value| ev.want(value)) {
            Ok(value) if value == Value::NULL.with_origin(value.origin()) => continue,
            Ok(value) => coerced(ev, value),
            Err(stop) => Err(stop),
        };
        if !pieces.is_empty() {
            pieces.push(Ok(colon));
        }
        pieces.push(piece(path)?);
        pieces.push(Ok(slash));
        pieces.push(piece(coerced(ev, folder))?);
    }
    pieces.extend(open.map(Err));
    joined(ev, pieces)
}

fn make_search_path(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [folder, paths] = arguments else { return Ok(Value::NULL) };
    search_path(ev, *folder, *paths, |_, path| Ok(path))
}

fn make_search_path_output(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [output, folder, packages] = arguments else { return Ok(Value::NULL) };
    search_path(ev, *folder, *packages, |ev, package| call_native(ev, "lib.attrsets.getOutput", &[*output, package]))
}

fn output_path(ev: &mut Evaluator, arguments: &[Value], output: &str, folder: &str) -> Outcome {
    let [packages] = arguments else { return Ok(Value::NULL) };
    let (output, folder) = (ev.str(output), ev.str(folder));
    make_search_path_output(ev, &[output, folder, *packages])
}

fn add_context_from(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [source, target] = arguments else { return Ok(Value::NULL) };
    let source = coerced(ev, *source)?;
    let target = ev.want(*target)?;
    let id = coerced(ev, target)?;
    if !ev.heap.has_context(source) {
        return Ok(Value::string(id).or_origin(target.origin()));
    }
    let text = super::super::support::bytes(ev, id);
    new_text(ev, &text, &[source, id])
}
