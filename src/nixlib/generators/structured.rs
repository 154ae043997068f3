//! Property lists, Dhall and Lua.

use super::super::strings::{replace_all, xml_table};
use super::super::support::{call_native, coerced, flag, has, named_arguments, optional, pairs, throw, warn};
use super::pretty::pretty_text;
use super::{Text, deeper};
use crate::eval::{Coercion, ErrorKind, Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{Value, View, sym};

pub(super) static FUNCTIONS: &[NativeDef] = &[
    NativeDef::strict("lib.generators.toPlist", 2, to_plist).taking(&[("escape", true)]),
    NativeDef::strict("lib.generators.toDhall", 2, to_dhall),
    NativeDef::strict("lib.generators.toLua", 2, to_lua).taking(&[
        ("multiline", true),
        ("indent", true),
        ("asBindings", true),
    ]),
    NativeDef::lazy("lib.generators.mkLuaInline", 1, make_lua_inline),
];

/// Appends what a built-in function makes of a value.
fn push_json(ev: &mut Evaluator, value: Value, text: &mut Text) -> Result<(), Stop> {
    let json = call_native(ev, "builtins.toJSON", &[value])?;
    let id = ev.want_string(json)?;
    text.push_string(ev, id);
    Ok(())
}

fn elements(ev: &mut Evaluator, list: Value) -> Result<Vec<Value>, Stop> {
    let seq = ev.want_whole_list(list)?;
    Ok(ev.heap.elements(seq))
}

const PLIST_HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<!DOCTYPE plist PUBLIC \"-//Apple Computer//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">
<plist version=\"1.0\">
";

fn to_plist(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [options, value] = arguments else { return Ok(Value::NULL) };
    let set = named_arguments(ev, "toPlist", *options, &["escape"])?;
    let escapes = flag(ev, set, "escape", false)?;
    if !escapes {
        warn(ev, "lib.generators.toPlist without `escape = true` is deprecated");
    }
    let mut text = Text::default();
    text.push(PLIST_HEAD);
    plist(ev, escapes, "", *value, 0, &mut text)?;
    text.push("\n</plist>");
    text.finish(ev)
}

fn plist_text(ev: &mut Evaluator, escapes: bool, tag: &str, value: Value, text: &mut Text) -> Result<(), Stop> {
    let id = ev.coerce(value, Coercion::More)?;
    text.push(&format!("<{tag}>"));
    let escaped = if escapes { replace_all(ev.heap.bytes(id), &xml_table()) } else { None };
    match escaped {
        Some(escaped) => {
            text.bytes.extend(escaped);
            text.keep_context(ev, id);
        }
        None => text.push_string(ev, id),
    }
    text.push(&format!("</{tag}>"));
    Ok(())
}

fn plist(
    ev: &mut Evaluator,
    escapes: bool,
    indent: &str,
    value: Value,
    depth: u32,
    text: &mut Text,
) -> Result<(), Stop> {
    let depth = deeper(ev, depth)?;
    let value = ev.want(value)?;
    if !matches!(value.view(), View::Null) {
        text.push(indent);
    }
    let inner = format!("\t{indent}");
    match value.view() {
        View::Null => {}
        View::Bool(truth) => text.push(if truth { "<true/>" } else { "<false/>" }),
        View::Int(_) => plist_text(ev, false, "integer", value, text)?,
        View::Float(_) => plist_text(ev, false, "real", value, text)?,
        View::Str(_) | View::Path(_) => plist_text(ev, escapes, "string", value, text)?,
        View::List(_) => {
            text.push("<array>\n");
            for (number, element) in elements(ev, value)?.into_iter().enumerate() {
                if number > 0 {
                    text.push("\n");
                }
                plist(ev, escapes, &inner, element, depth, text)?;
            }
            text.push(&format!("\n{indent}</array>"));
        }
        View::Attrs(_) => {
            text.push("<dict>\n");
            let mut is_first = true;
            for (name, content) in pairs(ev, value)? {
                let id = ev.want_string(name)?;
                let content = ev.want(content)?;
                if ev.heap.bytes(id) == b"_module" || matches!(content.view(), View::Null) {
                    continue;
                }
                text.push(if is_first { &inner } else { "\n" });
                if !is_first {
                    text.push(&inner);
                }
                is_first = false;
                plist_text(ev, escapes, "key", name, text)?;
                text.push("\n");
                plist(ev, escapes, &inner, content, depth, text)?;
            }
            text.push(&format!("\n{indent}</dict>"));
        }
        _ => {
            let message = format!("generators.toPlist: cannot write {}", ev.describe(value));
            return Err(ev.error(ErrorKind::Abort, message));
        }
    }
    Ok(())
}

fn to_dhall(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [options, value] = arguments else { return Ok(Value::NULL) };
    named_arguments(ev, "toDhall", *options, &[])?;
    let mut text = Text::default();
    dhall(ev, *value, 0, &mut text)?;
    text.finish(ev)
}

fn dhall(ev: &mut Evaluator, value: Value, depth: u32, text: &mut Text) -> Result<(), Stop> {
    let depth = deeper(ev, depth)?;
    let value = ev.want(value)?;
    match value.view() {
        View::Attrs(_) => {
            text.push("{ ");
            for (number, (name, content)) in pairs(ev, value)?.into_iter().enumerate() {
                if number > 0 {
                    text.push(", ");
                }
                let id = ev.want_string(name)?;
                text.push_string(ev, id);
                text.push(" = ");
                dhall(ev, content, depth, text)?;
            }
            text.push(" }");
        }
        View::List(_) => {
            text.push("[ ");
            for (number, element) in elements(ev, value)?.into_iter().enumerate() {
                if number > 0 {
                    text.push(", ");
                }
                dhall(ev, element, depth, text)?;
            }
            text.push(" ]");
        }
        View::Int(number) => text.push(&format!("{number:+}")),
        View::Bool(truth) => text.push(if truth { "True" } else { "False" }),
        View::Lambda(..) | View::Native(_) | View::Partial(_) | View::Null => {
            let message = format!("generators.toDhall: cannot convert {} to Dhall", ev.describe(value));
            return Err(ev.error(ErrorKind::Abort, message));
        }
        _ => push_json(ev, value, text)?,
    }
    Ok(())
}

fn to_lua(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [options, value] = arguments else { return Ok(Value::NULL) };
    let set = named_arguments(ev, "toLua", *options, &["multiline", "indent", "asBindings"])?;
    let is_multiline = flag(ev, set, "multiline", true)?;
    let indent = match optional(ev, set, "indent")? {
        Some(indent) => ev.want_text(indent)?,
        None => String::new(),
    };
    let mut text = Text::default();
    if flag(ev, set, "asBindings", false)? {
        lua_bindings(ev, is_multiline, &indent, *value, &mut text)?;
    } else {
        lua(ev, is_multiline, &indent, *value, 0, &mut text)?;
    }
    text.finish(ev)
}

/// Whether a text is a name or a path of names that Lua can assign to.
fn is_lua_name(name: &str) -> bool {
    name.split('.').all(|part| {
        part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && part.bytes().next().is_some_and(|byte| !byte.is_ascii_digit())
    })
}

fn lua_bindings(
    ev: &mut Evaluator,
    is_multiline: bool,
    indent: &str,
    value: Value,
    text: &mut Text,
) -> Result<(), Stop> {
    let pairs = pairs(ev, value)?;
    let bad: Vec<Value> = pairs
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| !matches!(name.view(), View::Str(id) if is_lua_name(&ev.heap.text(id))))
        .collect();
    if !bad.is_empty() {
        let bad = ev.list(&bad);
        let shown = pretty_text(ev, bad)?;
        return Err(throw(ev, format!("Bad Lua var names: {shown}")));
    }
    for (name, content) in pairs {
        let id = ev.want_string(name)?;
        text.push(indent);
        text.push_string(ev, id);
        text.push(" = ");
        lua(ev, is_multiline, indent, content, 0, text)?;
        text.push("\n");
    }
    Ok(())
}

fn lua(
    ev: &mut Evaluator,
    is_multiline: bool,
    indent: &str,
    value: Value,
    depth: u32,
    text: &mut Text,
) -> Result<(), Stop> {
    let depth = deeper(ev, depth)?;
    let value = ev.want(value)?;
    let inner = format!("{indent}  ");
    let (intro, outro) =
        if is_multiline { (format!("\n{inner}"), format!("\n{indent}")) } else { (" ".into(), " ".into()) };
    match value.view() {
        View::Null => text.push("nil"),
        View::Int(_) | View::Float(_) | View::Str(_) | View::Bool(_) => push_json(ev, value, text)?,
        View::Path(_) => {
            let shown = Value::string(coerced(ev, value)?);
            push_json(ev, shown, text)?;
        }
        View::Attrs(set) if ev.is_derivation(set) => {
            let shown = Value::string(coerced(ev, value)?);
            push_json(ev, shown, text)?;
        }
        View::Attrs(set) if is_lua_inline(ev, value)? => {
            let name = ev.heap.intern("expr");
            let code = ev.attribute_or_stop(set, name)?;
            let id = coerced(ev, code)?;
            text.push("(");
            text.push_string(ev, id);
            text.push(")");
        }
        View::List(_) | View::Attrs(_) => {
            let items: Vec<(Option<Value>, Value)> = match value.view() {
                View::List(_) => elements(ev, value)?.into_iter().map(|element| (None, element)).collect(),
                _ => pairs(ev, value)?.into_iter().map(|(name, content)| (Some(name), content)).collect(),
            };
            if items.is_empty() {
                text.push("{}");
                return Ok(());
            }
            text.push("{");
            for (number, (name, content)) in items.into_iter().enumerate() {
                text.push(if number > 0 { "," } else { "" });
                text.push(&intro);
                if let Some(name) = name {
                    text.push("[");
                    push_json(ev, name, text)?;
                    text.push("] = ");
                }
                lua(ev, is_multiline, &inner, content, depth, text)?;
            }
            text.push(&outro);
            text.push("}");
        }
        _ => {
            let message = format!("generators.toLua: type {} is unsupported", ev.type_name(value));
            return Err(ev.error(ErrorKind::Abort, message));
        }
    }
    Ok(())
}

fn is_lua_inline(ev: &mut Evaluator, value: Value) -> Result<bool, Stop> {
    let View::Attrs(set) = value.view() else { return Ok(false) };
    if !has(ev, value, sym::TYPE_TAG)? {
        return Ok(false);
    }
    let tag = ev.attribute_or_stop(set, sym::TYPE_TAG)?;
    let tag = ev.want(tag)?;
    Ok(matches!(tag.view(), View::Str(id) if ev.heap.bytes(id) == b"lua-inline"))
}

fn make_lua_inline(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [code] = arguments else { return Ok(Value::NULL) };
    let tag = ev.str("lua-inline");
    Ok(ev.set(&[("_type", tag), ("expr", *code)]))
}
