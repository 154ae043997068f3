//! Replacing and quoting.

use super::super::support::{bytes, call_native, coerced, joined, list_parts, new_text, pairs, piece, throw};
use super::{is_string_like, letters, truth};
use crate::eval::{Coercion, Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{StrId, Value, View};

pub(super) static FUNCTIONS: &[NativeDef] = &[
    NativeDef::with_strict("lib.strings.replaceString", 3, 0b101, replace_string),
    NativeDef::strict("lib.strings.escape", 2, escape),
    NativeDef::strict("lib.strings.escapeC", 2, escape_c),
    NativeDef::strict("lib.strings.escapeURL", 1, escape_url),
    NativeDef::strict("lib.strings.escapeXML", 1, escape_xml),
    NativeDef::strict("lib.strings.escapeRegex", 1, escape_regex),
    NativeDef::lazy("lib.strings.escapeShellArg", 1, escape_shell_argument),
    NativeDef::strict("lib.strings.escapeShellArgs", 1, escape_shell_arguments),
    NativeDef::lazy("lib.strings.escapeNixString", 1, escape_nix_string),
    NativeDef::strict("lib.strings.escapeNixIdentifier", 1, escape_nix_identifier),
    NativeDef::strict("lib.strings.isValidPosixName", 1, is_valid_posix_name),
    NativeDef::lazy("lib.strings.toShellVar", 2, to_shell_variable),
    NativeDef::strict("lib.strings.toShellVars", 1, to_shell_variables),
];

/// The text with every occurrence of a pattern replaced, scanning once from the left; of several patterns the first that fits counts.
/// `None` if nothing is replaced. An empty pattern fits before every byte and at the end.
pub(in super::super) fn replace_all(text: &[u8], table: &[(Vec<u8>, Vec<u8>)]) -> Option<Vec<u8>> {
    let (mut replaced, mut at, mut is_changed) = (Vec::with_capacity(text.len()), 0, false);
    while at <= text.len() {
        let rest = text.get(at..).unwrap_or_default();
        let step = match table.iter().find(|(pattern, _)| rest.starts_with(pattern)) {
            Some((pattern, replacement)) => {
                replaced.extend_from_slice(replacement);
                is_changed = true;
                pattern.len()
            }
            None => 0,
        };
        if step == 0 {
            replaced.extend(rest.first());
        }
        at += step.max(1);
    }
    is_changed.then_some(replaced)
}

/// The string with replacements; the argument itself if there is nothing to replace.
fn replaced(ev: &mut Evaluator, string: Value, table: &[(Vec<u8>, Vec<u8>)]) -> Outcome {
    let id = ev.want_string(string)?;
    ev.tick_many(u64::try_from(ev.heap.bytes(id).len()).unwrap_or(u64::MAX) / 8)?;
    match replace_all(ev.heap.bytes(id), table) {
        Some(text) => new_text(ev, &text, &[id]),
        None => Ok(string),
    }
}

fn replace_string(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [pattern, replacement, string] = arguments else { return Ok(Value::NULL) };
    let (pattern, id) = (ev.want_string(*pattern)?, ev.want_string(*string)?);
    if super::edges::find(ev.heap.bytes(id), ev.heap.bytes(pattern)).is_none() {
        return Ok(*string);
    }
    let replacement = ev.want_string(*replacement)?;
    let table = [(bytes(ev, pattern), bytes(ev, replacement))];
    match replace_all(ev.heap.bytes(id), &table) {
        Some(text) => new_text(ev, &text, &[id, replacement]),
        None => Ok(*string),
    }
}

fn strings_of(ev: &mut Evaluator, list: Value) -> Result<Vec<Vec<u8>>, Stop> {
    let (elements, open) = list_parts(ev, list)?;
    let mut texts = Vec::with_capacity(elements.len());
    for element in elements {
        let id = ev.want_string(element)?;
        texts.push(bytes(ev, id));
    }
    open.map_or(Ok(texts), Err)
}

fn escape(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [list, string] = arguments else { return Ok(Value::NULL) };
    let mut table = Vec::new();
    for pattern in strings_of(ev, *list)? {
        let replacement = [b"\\", pattern.as_slice()].concat();
        table.push((pattern, replacement));
    }
    replaced(ev, *string, &table)
}

fn escape_c(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [list, string] = arguments else { return Ok(Value::NULL) };
    let id = ev.want_string(*string)?;
    let mut table = Vec::new();
    for pattern in strings_of(ev, *list)? {
        match letters::code(&pattern) {
            Some(code) => table.push((pattern, format!("\\x{code:02x}").into_bytes())),
            None if super::edges::find(ev.heap.bytes(id), &pattern).is_some() => {
                let text = String::from_utf8_lossy(&pattern).into_owned();
                let message = format!("lib.strings.escapeC: {text:?} is not one ASCII character");
                return Err(ev.error(crate::eval::ErrorKind::MissingAttribute, message));
            }
            None => {}
        }
    }
    replaced(ev, *string, &table)
}

fn escape_url(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [string] = arguments else { return Ok(Value::NULL) };
    let id = ev.want_string(*string)?;
    let mut text = Vec::with_capacity(ev.heap.bytes(id).len());
    for byte in ev.heap.bytes(id) {
        let is_plain = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
        match letters::code(&[*byte]) {
            Some(code) if !is_plain => text.extend(format!("%{code:02X}").into_bytes()),
            _ => text.push(*byte),
        }
    }
    if text.as_slice() == ev.heap.bytes(id) { Ok(*string) } else { new_text(ev, &text, &[id]) }
}

/// The text with the five characters replaced that mean something in XML.
pub(in super::super) fn xml_table() -> Vec<(Vec<u8>, Vec<u8>)> {
    let pairs: [(&str, &str); 5] = [("\"", "&quot;"), ("'", "&apos;"), ("<", "&lt;"), (">", "&gt;"), ("&", "&amp;")];
    pairs.iter().map(|(from, to)| (from.as_bytes().to_vec(), to.as_bytes().to_vec())).collect()
}

fn escape_xml(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [string] = arguments else { return Ok(Value::NULL) };
    replaced(ev, *string, &xml_table())
}

fn escape_regex(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [string] = arguments else { return Ok(Value::NULL) };
    let table: Vec<_> = b"\\[{()^$?*+|.".iter().map(|byte| (vec![*byte], vec![b'\\', *byte])).collect();
    replaced(ev, *string, &table)
}

/// A text as one word of a POSIX shell: as it is where that is safe, else in single quotes.
pub(in super::super) fn shell_text(text: &[u8]) -> Option<Vec<u8>> {
    let is_safe = |byte: &u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b',' | b'.' | b'_' | b'+' | b':' | b'@' | b'%' | b'/' | b'-')
    };
    if !text.is_empty() && text.iter().all(is_safe) {
        return None;
    }
    let mut quoted = vec![b'\''];
    for byte in text {
        match byte {
            b'\'' => quoted.extend_from_slice(b"'\\''"),
            byte => quoted.push(*byte),
        }
    }
    quoted.push(b'\'');
    Some(quoted)
}

fn shell_word(ev: &mut Evaluator, value: Value) -> Result<StrId, Stop> {
    let id = ev.coerce(value, Coercion::More)?;
    match shell_text(ev.heap.bytes(id)) {
        Some(quoted) => {
            let word = ev.heap.new_string(&quoted);
            ev.heap.join_contexts(word, &[id]);
            Ok(word)
        }
        None => Ok(id),
    }
}

fn escape_shell_argument(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [argument] = arguments else { return Ok(Value::NULL) };
    let value = ev.want(*argument)?;
    let word = shell_word(ev, value)?;
    Ok(if value.view() == View::Str(word) { value } else { Value::string(word) })
}

fn shell_words(ev: &mut Evaluator, list: Value) -> Outcome {
    let (elements, open) = list_parts(ev, list)?;
    let space = ev.heap.new_string(b" ");
    let mut pieces = Vec::with_capacity(elements.len() * 2);
    for element in elements {
        ev.tick()?;
        if !pieces.is_empty() {
            pieces.push(Ok(space));
        }
        pieces.push(piece(shell_word(ev, element))?);
    }
    pieces.extend(open.map(Err));
    joined(ev, pieces)
}

fn escape_shell_arguments(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [list] = arguments else { return Ok(Value::NULL) };
    shell_words(ev, *list)
}

/// A value as a literal of Nix without interpolations: its JSON, with every `$` behind a backslash.
pub(super) fn nix_literal(ev: &mut Evaluator, value: Value) -> Outcome {
    let json = call_native(ev, "builtins.toJSON", &[value])?;
    replaced(ev, json, &[(b"$".to_vec(), b"\\$".to_vec())])
}

fn escape_nix_string(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [value] = arguments else { return Ok(Value::NULL) };
    nix_literal(ev, *value)
}

/// Whether a text is a name in Nix that needs no quotes.
fn is_identifier(text: &[u8]) -> bool {
    let keywords: [&[u8]; 10] = [b"assert", b"else", b"if", b"in", b"inherit", b"let", b"or", b"rec", b"then", b"with"];
    let is_name = match text.split_first() {
        Some((first, rest)) => {
            (first.is_ascii_alphabetic() || *first == b'_')
                && rest.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'\'' | b'-'))
        }
        None => false,
    };
    is_name && !keywords.contains(&text)
}

/// A name as it stands in Nix source, in quotes where it needs them.
pub(in super::super) fn identifier_text(ev: &mut Evaluator, name: Value) -> Outcome {
    let id = ev.want_string(name)?;
    if is_identifier(ev.heap.bytes(id)) { Ok(name) } else { nix_literal(ev, name) }
}

fn escape_nix_identifier(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [name] = arguments else { return Ok(Value::NULL) };
    identifier_text(ev, *name)
}

fn is_posix_name(text: &[u8]) -> bool {
    text.first().is_some_and(|byte| !byte.is_ascii_digit())
        && text.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

fn is_valid_posix_name(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [name] = arguments else { return Ok(Value::NULL) };
    let id = ev.want_string(*name)?;
    truth(is_posix_name(ev.heap.bytes(id)))
}

fn to_shell_variable(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [name, value] = arguments else { return Ok(Value::NULL) };
    let name = ev.want_string(*name)?;
    if !is_posix_name(ev.heap.bytes(name)) {
        let message = format!("toShellVar: {} is not a valid shell variable name", ev.heap.text(name));
        return Err(throw(ev, message));
    }
    let value = ev.want(*value)?;
    let is_string_like = is_string_like(ev, value)?;
    let mut pieces = Vec::new();
    match value.view() {
        View::Attrs(_) if !is_string_like => {
            pieces.extend([Ok(text(ev, "declare -A ")), Ok(name), Ok(text(ev, "=("))]);
            let (open, middle, space) = (text(ev, "["), text(ev, "]="), text(ev, " "));
            for (number, (key, value)) in pairs(ev, value)?.into_iter().enumerate() {
                if number > 0 {
                    pieces.push(Ok(space));
                }
                let (key, value) = (shell_word(ev, key)?, piece(shell_word(ev, value))?);
                pieces.extend([Ok(open), Ok(key), Ok(middle), value]);
            }
            pieces.push(Ok(text(ev, ")")));
        }
        View::List(_) => {
            let words = shell_words(ev, value)?;
            let words = ev.want_string(words);
            pieces.extend([Ok(text(ev, "declare -a ")), Ok(name), Ok(text(ev, "=(")), piece(words)?]);
            pieces.push(Ok(text(ev, ")")));
        }
        _ => {
            let word = shell_word(ev, value)?;
            pieces.extend([Ok(name), Ok(text(ev, "=")), Ok(word)]);
        }
    }
    joined(ev, pieces)
}

fn text(ev: &mut Evaluator, text: &str) -> StrId {
    ev.heap.new_string(text.as_bytes())
}

fn to_shell_variables(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [variables] = arguments else { return Ok(Value::NULL) };
    let newline = text(ev, "\n");
    let mut pieces = Vec::new();
    for (name, value) in pairs(ev, *variables)? {
        if !pieces.is_empty() {
            pieces.push(Ok(newline));
        }
        let line = to_shell_variable(ev, &[name, value]).and_then(|line| coerced(ev, line));
        pieces.push(piece(line)?);
    }
    joined(ev, pieces)
}
