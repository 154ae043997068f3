//! `lib.generators.toPretty`: a value as a person would write it in Nix.

use super::super::strings::{identifier_text, replace_all};
use super::super::support::{call_native, coerced, flag, has, name_value, named_arguments, optional};
use super::super::trivial::{function_args, is_function_value};
use super::{Text, deeper};
use crate::eval::{Coercion, Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{Seq, Set, StrId, Value, View, sym};

pub(super) static FUNCTIONS: &[NativeDef] = &[NativeDef::with_strict("lib.generators.toPretty", 2, 0b01, to_pretty)
    .taking(&[("allowPrettyValues", true), ("multiline", true), ("indent", true)])];

#[derive(Clone, Copy)]
struct Style {
    allows_pretty_values: bool,
    is_multiline: bool,
}

fn to_pretty(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [options, value] = arguments else { return Ok(Value::NULL) };
    let set = named_arguments(ev, "toPretty", *options, &["allowPrettyValues", "multiline", "indent"])?;
    let style = Style {
        allows_pretty_values: flag(ev, set, "allowPrettyValues", false)?,
        is_multiline: flag(ev, set, "multiline", true)?,
    };
    let indent = match optional(ev, set, "indent")? {
        Some(indent) => ev.want_text(indent)?,
        None => String::new(),
    };
    let mut text = Text::default();
    write(ev, style, &indent, *value, 0, &mut text)?;
    text.finish(ev)
}

/// A value as `toPretty { }` writes it.
pub(in super::super) fn pretty_text(ev: &mut Evaluator, value: Value) -> Result<String, Stop> {
    let style = Style { allows_pretty_values: false, is_multiline: true };
    let mut text = Text::default();
    write(ev, style, "", value, 0, &mut text)?;
    Ok(String::from_utf8_lossy(&text.bytes).into_owned())
}

/// Space before what a bracket encloses, and before the closing bracket.
fn spaces(style: Style, indent: &str) -> (String, String) {
    if style.is_multiline { (format!("\n{indent}  "), format!("\n{indent}")) } else { (" ".into(), " ".into()) }
}

fn write(
    ev: &mut Evaluator,
    style: Style,
    indent: &str,
    value: Value,
    depth: u32,
    text: &mut Text,
) -> Result<(), Stop> {
    let depth = deeper(ev, depth)?;
    let value = ev.want(value)?;
    match value.view() {
        View::Str(id) => write_string(ev, style, indent, id, text),
        View::Float(_) => {
            let json = call_native(ev, "builtins.toJSON", &[value])?;
            let id = ev.want_string(json)?;
            text.push_string(ev, id);
        }
        View::Bool(truth) => text.push(if truth { "true" } else { "false" }),
        View::Null => text.push("null"),
        View::Int(_) | View::Path(_) => {
            let id = ev.coerce(value, Coercion::More)?;
            text.push_string(ev, id);
        }
        View::List(seq) => write_list(ev, style, indent, seq, depth, text)?,
        View::Attrs(set) if !is_function_value(ev, value)? => {
            write_set(ev, style, indent, value, set, depth, text)?;
        }
        _ => {
            let names = function_args(ev, &[value])?;
            let set = ev.want_attrs(names)?;
            let mut shown = Vec::new();
            for (name, slot, _) in ev.heap.entries(set) {
                let default = ev.heap.share(slot);
                let mark = if ev.want_bool(default)? { "?" } else { "" };
                shown.push(format!("{}{mark}", ev.heap.name(name)));
            }
            if shown.is_empty() {
                text.push("<function>");
            } else {
                text.push(&format!("<function, args: {{{}}}>", shown.join(", ")));
            }
        }
    }
    Ok(())
}

fn write_string(ev: &mut Evaluator, style: Style, indent: &str, id: StrId, text: &mut Text) {
    text.keep_context(ev, id);
    let replaced = |line: &[u8], table: &[(&str, &str)]| {
        let table: Vec<_> = table.iter().map(|(from, to)| (from.as_bytes().to_vec(), to.as_bytes().to_vec())).collect();
        replace_all(line, &table).unwrap_or_else(|| line.to_vec())
    };
    let lines: Vec<Vec<u8>> = ev.heap.bytes(id).split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    if !style.is_multiline || lines.len() < 2 {
        text.push("\"");
        for (number, line) in lines.iter().enumerate() {
            if number > 0 {
                text.push("\\n");
            }
            text.bytes.extend(replaced(line, &[("\\", "\\\\"), ("\"", "\\\""), ("${", "\\${")]));
        }
        text.push("\"");
        return;
    }
    let (intro, outro) = spaces(style, indent);
    text.push("''");
    let last = lines.len().saturating_sub(1);
    for (number, line) in lines.iter().enumerate() {
        let line = replaced(line, &[("${", "''${"), ("''", "'''")]);
        text.push(if number == last && line.is_empty() { &outro } else { &intro });
        text.bytes.extend(line);
    }
    text.push("''");
}

fn write_list(
    ev: &mut Evaluator,
    style: Style,
    indent: &str,
    seq: Seq,
    depth: u32,
    text: &mut Text,
) -> Result<(), Stop> {
    if let Some(id) = ev.heap.open_reason(seq) {
        return Err(Stop(Value::unknown(id)));
    }
    if seq.len == 0 {
        text.push("[ ]");
        return Ok(());
    }
    let (intro, outro) = spaces(style, indent);
    let inner = format!("{indent}  ");
    text.push("[");
    for element in ev.heap.elements(seq) {
        text.push(&intro);
        write(ev, style, &inner, element, depth, text)?;
    }
    text.push(&outro);
    text.push("]");
    Ok(())
}

fn write_set(
    ev: &mut Evaluator,
    style: Style,
    indent: &str,
    value: Value,
    set: Set,
    depth: u32,
    text: &mut Text,
) -> Result<(), Stop> {
    let (pretty, content) = (ev.heap.intern("__pretty"), ev.heap.intern("val"));
    if style.allows_pretty_values && has(ev, value, pretty)? && has(ev, value, content)? {
        let (function, content) = (ev.attribute_or_stop(set, pretty)?, ev.attribute_or_stop(set, content)?);
        let shown = ev.call(function, &[content])?;
        let id = coerced(ev, shown)?;
        text.push_string(ev, id);
        return Ok(());
    }
    if let Some(id) = ev.heap.open_set_reason(set) {
        return Err(Stop(Value::unknown(id)));
    }
    if ev.heap.set_len(set) == 0 {
        text.push("{ }");
        return Ok(());
    }
    if ev.is_derivation(set) {
        text.push("<derivation ");
        match ev.attribute(set, sym::NAME) {
            Some(name) => {
                let id = coerced(ev, name)?;
                text.push_string(ev, id);
            }
            None => text.push("???"),
        }
        text.push(">");
        return Ok(());
    }
    let (intro, outro) = spaces(style, indent);
    let inner = format!("{indent}  ");
    text.push("{");
    for (name, slot, origin) in ev.heap.entries(set) {
        text.push(&intro);
        let name = name_value(ev, name, origin);
        let name = identifier_text(ev, name)?;
        let id = ev.want_string(name)?;
        text.push_string(ev, id);
        text.push(" = ");
        let content = ev.heap.share(slot);
        write(ev, style, &inner, content, depth, text)?;
        text.push(";");
    }
    text.push(&outro);
    text.push("}");
    Ok(())
}
