//! Lines of keys and values, INI files, and what git and dconf make of them.

use std::collections::BTreeMap;

use super::super::strings::replace_all;
use super::super::support::{
    call_native, coerced, flag, joined, named_arguments, new_text, optional, pairs, piece, required,
};
use super::super::trivial::is_function_value;
use super::pretty::pretty_text;
use crate::eval::{Coercion, ErrorKind, Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{StrId, Value, View};

pub(super) static FUNCTIONS: &[NativeDef] = &[
    NativeDef::strict("lib.generators.mkValueStringDefault", 2, make_value_string_default),
    NativeDef::with_strict("lib.generators.mkKeyValueDefault", 4, 0b0111, make_key_value_default)
        .taking(&[("mkValueString", true)]),
    NativeDef::strict("lib.generators.toKeyValue", 2, to_key_value).taking(&[
        ("mkKeyValue", true),
        ("listsAsDuplicateKeys", true),
        ("indent", true),
    ]),
    NativeDef::strict("lib.generators.toINI", 2, to_ini).taking(&[
        ("mkSectionName", true),
        ("mkKeyValue", true),
        ("listsAsDuplicateKeys", true),
    ]),
    NativeDef::strict("lib.generators.toINIWithGlobalSection", 2, to_ini_with_global_section).taking(&[
        ("mkSectionName", true),
        ("mkKeyValue", true),
        ("listsAsDuplicateKeys", true),
    ]),
    NativeDef::strict("lib.generators.toGitINI", 1, to_git_ini),
    NativeDef::with_strict("lib.generators.mkDconfKeyValue", 2, 0b01, make_dconf_key_value),
    NativeDef::with_strict("internal.generators.gitKeyValue", 2, 0b01, git_key_value),
    NativeDef::strict("internal.generators.gitSectionName", 1, git_section_name),
];

type Pieces = Vec<Result<StrId, Stop>>;

fn text(ev: &mut Evaluator, text: &str) -> Result<StrId, Stop> {
    Ok(ev.heap.new_string(text.as_bytes()))
}

/// A scalar as most formats write it; lists, sets and functions are an error.
pub(in super::super) fn value_text(ev: &mut Evaluator, value: Value) -> Result<StrId, Stop> {
    let value = ev.want(value)?;
    let kind = match value.view() {
        View::Str(id) => return Ok(id),
        View::Int(_) => return ev.coerce(value, Coercion::More),
        View::Float(_) => {
            let shown = call_native(ev, "lib.strings.floatToString", &[value])?;
            return ev.want_string(shown);
        }
        View::Bool(truth) => return text(ev, if truth { "true" } else { "false" }),
        View::Null => return text(ev, "null"),
        View::Attrs(set) if ev.is_derivation(set) => return ev.coerce(value, Coercion::More),
        View::List(_) => "lists",
        View::Attrs(_) => "attrsets",
        _ if is_function_value(ev, value)? => "functions",
        _ => "this value is",
    };
    let shown = pretty_text(ev, value)?;
    let message = format!("generators.mkValueStringDefault: {kind} not supported: {shown}");
    Err(ev.error(ErrorKind::Abort, message))
}

fn make_value_string_default(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [options, value] = arguments else { return Ok(Value::NULL) };
    named_arguments(ev, "mkValueStringDefault", *options, &[])?;
    let id = value_text(ev, *value)?;
    Ok(if value.view() == View::Str(id) { *value } else { Value::string(id) })
}

/// Key, separator and value; the separator inside the key stands behind a backslash.
fn push_key_value(
    ev: &mut Evaluator,
    separator: StrId,
    key: StrId,
    value: Result<StrId, Stop>,
    pieces: &mut Pieces,
) -> Result<(), Stop> {
    let pattern = ev.heap.bytes(separator).to_vec();
    let escaped = [b"\\", pattern.as_slice()].concat();
    let key = match replace_all(ev.heap.bytes(key), &[(pattern, escaped)]) {
        Some(text) => {
            let text = new_text(ev, &text, &[key])?;
            ev.want_string(text)?
        }
        None => key,
    };
    pieces.extend([Ok(key), Ok(separator), piece(value)?]);
    Ok(())
}

fn make_key_value_default(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [options, separator, key, value] = arguments else { return Ok(Value::NULL) };
    let set = named_arguments(ev, "mkKeyValueDefault", *options, &["mkValueString"])?;
    let (separator, key) = (ev.want_string(*separator)?, ev.want_string(*key)?);
    let value = match optional(ev, set, "mkValueString")? {
        Some(function) => ev.call(function, &[*value]).and_then(|shown| coerced(ev, shown)),
        None => value_text(ev, *value),
    };
    let mut pieces = Vec::with_capacity(3);
    push_key_value(ev, separator, key, value, &mut pieces)?;
    joined(ev, pieces)
}

/// How keys and values become lines.
#[derive(Clone, Copy, Default)]
struct Lines {
    /// The user's function of key and value, else `key=value`.
    make: Option<Value>,
    repeats_keys: bool,
    indent: Option<StrId>,
}

impl Lines {
    fn of(ev: &mut Evaluator, set: crate::heap::Set) -> Result<Self, Stop> {
        Ok(Self {
            make: optional(ev, set, "mkKeyValue")?,
            repeats_keys: flag(ev, set, "listsAsDuplicateKeys", false)?,
            indent: None,
        })
    }

    fn push_line(self, ev: &mut Evaluator, key: Value, value: Value, pieces: &mut Pieces) -> Result<(), Stop> {
        ev.tick()?;
        pieces.extend(self.indent.map(Ok));
        match self.make {
            Some(function) => {
                let line = ev.call(function, &[key, value]).and_then(|line| coerced(ev, line));
                pieces.push(piece(line)?);
            }
            None => {
                let (separator, key) = (text(ev, "=")?, ev.want_string(key)?);
                let value = value_text(ev, value);
                push_key_value(ev, separator, key, value, pieces)?;
            }
        }
        pieces.push(text(ev, "\n"));
        Ok(())
    }

    fn push_all(self, ev: &mut Evaluator, attrs: Value, pieces: &mut Pieces) -> Result<(), Stop> {
        for (key, value) in pairs(ev, attrs)? {
            let values = if self.repeats_keys { ev.want(value)? } else { value };
            match values.view() {
                View::List(_) if self.repeats_keys => {
                    let seq = ev.want_whole_list(values)?;
                    for element in ev.heap.elements(seq) {
                        self.push_line(ev, key, element, pieces)?;
                    }
                }
                _ => self.push_line(ev, key, value, pieces)?,
            }
        }
        Ok(())
    }
}

fn to_key_value(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [options, attrs] = arguments else { return Ok(Value::NULL) };
    let set = named_arguments(ev, "toKeyValue", *options, &["mkKeyValue", "listsAsDuplicateKeys", "indent"])?;
    let mut lines = Lines::of(ev, set)?;
    if let Some(indent) = optional(ev, set, "indent")? {
        lines.indent = Some(coerced(ev, indent)?);
    }
    let mut pieces = Vec::new();
    lines.push_all(ev, *attrs, &mut pieces)?;
    joined(ev, pieces)
}

const SECTION_OPTIONS: [&str; 3] = ["mkSectionName", "mkKeyValue", "listsAsDuplicateKeys"];

fn push_sections(
    ev: &mut Evaluator,
    lines: Lines,
    make_name: Option<Value>,
    sections: Value,
    pieces: &mut Pieces,
) -> Result<(), Stop> {
    for (number, (name, content)) in pairs(ev, sections)?.into_iter().enumerate() {
        if number > 0 {
            pieces.push(text(ev, "\n"));
        }
        let name = match make_name {
            Some(function) => ev.call(function, &[name]).and_then(|name| coerced(ev, name)),
            None => section_name(ev, name),
        };
        pieces.extend([text(ev, "["), piece(name)?, text(ev, "]\n")]);
        lines.push_all(ev, content, pieces)?;
    }
    Ok(())
}

fn section_name(ev: &mut Evaluator, name: Value) -> Result<StrId, Stop> {
    let id = ev.want_string(name)?;
    let table = [(b"[".to_vec(), b"\\[".to_vec()), (b"]".to_vec(), b"\\]".to_vec())];
    match replace_all(ev.heap.bytes(id), &table) {
        Some(text) => Ok(ev.heap.new_string(&text)),
        None => Ok(id),
    }
}

fn to_ini(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [options, sections] = arguments else { return Ok(Value::NULL) };
    let set = named_arguments(ev, "toINI", *options, &SECTION_OPTIONS)?;
    let lines = Lines::of(ev, set)?;
    let make_name = optional(ev, set, "mkSectionName")?;
    let mut pieces = Vec::new();
    push_sections(ev, lines, make_name, *sections, &mut pieces)?;
    joined(ev, pieces)
}

fn to_ini_with_global_section(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [options, content] = arguments else { return Ok(Value::NULL) };
    let name = "toINIWithGlobalSection";
    let set = named_arguments(ev, name, *options, &SECTION_OPTIONS)?;
    let lines = Lines::of(ev, set)?;
    let make_name = optional(ev, set, "mkSectionName")?;
    let content = named_arguments(ev, name, *content, &["globalSection", "sections"])?;
    let global = required(ev, name, content, "globalSection")?;
    let mut pieces = Vec::new();
    let global_set = ev.want_whole_attrs(global)?;
    if ev.heap.set_len(global_set) > 0 {
        lines.push_all(ev, global, &mut pieces)?;
        pieces.push(text(ev, "\n"));
    }
    if let Some(sections) = optional(ev, content, "sections")? {
        push_sections(ev, lines, make_name, sections, &mut pieces)?;
    }
    joined(ev, pieces)
}

fn dconf_value(ev: &mut Evaluator, value: Value) -> Result<StrId, Stop> {
    let variant = call_native(ev, "lib.gvariant.mkValue", &[value])?;
    ev.coerce(variant, Coercion::More)
}

fn make_dconf_key_value(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [key, value] = arguments else { return Ok(Value::NULL) };
    let (key, separator) = (ev.want_string(*key)?, text(ev, "=")?);
    let value = dconf_value(ev, *value);
    let mut pieces = Vec::new();
    push_key_value(ev, separator, key, value, &mut pieces)?;
    joined(ev, pieces)
}

/// `toINI` with the lines of dconf.
pub(super) fn to_dconf_ini(ev: &mut Evaluator) -> Outcome {
    let make = ev.native("lib.generators.mkDconfKeyValue");
    let options = ev.set(&[("mkKeyValue", make)]);
    Ok(ev.native_with("lib.generators.toINI", &[options]))
}

/// A section of a git configuration: keys with their values.
type Section = BTreeMap<Vec<u8>, (Value, Value)>;

/// Whether a value is a set that git's configuration nests further.
fn nested(ev: &mut Evaluator, value: Value) -> Result<Option<crate::heap::Set>, Stop> {
    let value = ev.want(value)?;
    Ok(match value.view() {
        View::Attrs(set) if !ev.is_derivation(set) => Some(set),
        _ => None,
    })
}

/// Puts the leaves below `value` into the sections that the names on the way to them, joined by dots, name.
fn flatten(
    ev: &mut Evaluator,
    path: &mut Vec<(Vec<u8>, Value)>,
    value: Value,
    sections: &mut BTreeMap<Vec<u8>, Section>,
) -> Result<(), Stop> {
    super::deeper(ev, u32::try_from(path.len()).unwrap_or(u32::MAX))?;
    if nested(ev, value)?.is_some() {
        for (name, inner) in pairs(ev, value)? {
            let id = ev.want_string(name)?;
            path.push((ev.heap.bytes(id).to_vec(), name));
            flatten(ev, path, inner, sections)?;
            path.pop();
        }
    } else if let Some(((key, name), outer)) = path.split_last() {
        let names: Vec<&[u8]> = outer.iter().map(|(name, _)| name.as_slice()).collect();
        sections.entry(names.join(&b'.')).or_default().insert(key.clone(), (*name, value));
    }
    Ok(())
}

fn to_git_ini(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [attrs] = arguments else { return Ok(Value::NULL) };
    let mut sections: BTreeMap<Vec<u8>, Section> = BTreeMap::new();
    let mut kept = BTreeMap::new();
    for (name, value) in pairs(ev, *attrs)? {
        let id = ev.want_string(name)?;
        let key = ev.heap.bytes(id).to_vec();
        let value = ev.want(value)?;
        let mut is_deep = false;
        if let View::Attrs(_) = value.view() {
            for (_, inner) in pairs(ev, value)? {
                if nested(ev, inner)?.is_some() {
                    is_deep = true;
                    break;
                }
            }
        }
        if is_deep {
            flatten(ev, &mut vec![(key, name)], value, &mut sections)?;
        } else {
            kept.insert(key, value);
        }
    }
    for (name, section) in sections {
        let attributes: Vec<_> = section
            .into_iter()
            .map(|(key, (name, value))| {
                let symbol = ev.heap.intern(&String::from_utf8_lossy(&key));
                (symbol, value, name.origin())
            })
            .collect();
        let set = ev.heap.new_set(&attributes);
        kept.insert(name, set);
    }
    let lines = Lines { make: Some(ev.native("internal.generators.gitKeyValue")), ..Lines::default() };
    let make_name = Some(ev.native("internal.generators.gitSectionName"));
    let all: Vec<_> = kept
        .into_iter()
        .map(|(name, value)| {
            let symbol = ev.heap.intern(&String::from_utf8_lossy(&name));
            (symbol, value, crate::syntax::ExprId::NONE)
        })
        .collect();
    let all = ev.heap.new_set(&all);
    let mut pieces = Vec::new();
    push_sections(ev, lines, make_name, all, &mut pieces)?;
    joined(ev, pieces)
}

fn git_section_name(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [name] = arguments else { return Ok(Value::NULL) };
    let shown = ev.want_text(*name)?;
    match shown.split_once('.') {
        Some((section, rest)) if !shown.contains('"') => Ok(ev.str(&format!("{section} \"{rest}\""))),
        _ => Ok(*name),
    }
}

fn git_value(ev: &mut Evaluator, value: Value) -> Result<StrId, Stop> {
    let value = ev.want(value)?;
    let View::Str(id) = value.view() else { return value_text(ev, value) };
    let table: Vec<_> = [("\n", "\\n"), ("\t", "\\t"), ("\"", "\\\""), ("\\", "\\\\")]
        .iter()
        .map(|(from, to)| (from.as_bytes().to_vec(), to.as_bytes().to_vec()))
        .collect();
    let escaped = replace_all(ev.heap.bytes(id), &table).unwrap_or_else(|| ev.heap.bytes(id).to_vec());
    let quoted = [b"\"", escaped.as_slice(), b"\""].concat();
    let quoted = new_text(ev, &quoted, &[id])?;
    ev.want_string(quoted)
}

fn git_key_value(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [key, value] = arguments else { return Ok(Value::NULL) };
    let key = ev.want_string(*key)?;
    let value = ev.force(*value);
    let values = match value.view() {
        View::List(_) => {
            let seq = ev.want_whole_list(value)?;
            ev.heap.elements(seq)
        }
        _ => vec![value],
    };
    let separator = text(ev, " = ")?;
    let mut pieces = Vec::new();
    for (number, value) in values.into_iter().enumerate() {
        pieces.push(text(ev, if number > 0 { "\n\t" } else { "\t" }));
        let value = git_value(ev, value);
        push_key_value(ev, separator, key, value, &mut pieces)?;
    }
    joined(ev, pieces)
}
