//! Definitions and values in messages.

use crate::eval::{ErrorKind, Evaluator, Stop};
use crate::heap::{Value, View};
use crate::modules::definition::{Definition, Loc, show_name};

/// Most lines of a value that a message shows.
const LINES: usize = 5;
/// Deepest nesting that a message shows.
const DEEPEST: usize = 10;
/// Most text of one value that is looked at.
const LONGEST: usize = 2_000;

/// What most messages about several definitions advise.
pub(super) const ADVICE: &str =
    "Use `lib.mkForce value` or `lib.mkDefault value` to change the priority on any of these definitions.";

/// Definitions with their files and values, one on a line. A value that throws is left out; any other error in it is an error here.
pub fn show_defs(ev: &mut Evaluator, defs: &[Definition]) -> Result<String, Stop> {
    let mut shown = String::new();
    for def in defs {
        shown.push_str(&format!("\n- In `{}'", def.file));
        let text = match pretty(ev, def.value) {
            Ok(text) => text,
            Err(stop) if ev.is_caught(stop) => continue,
            Err(stop) => return Err(stop),
        };
        let mut lines = text.split('\n');
        let first: Vec<&str> = lines.by_ref().take(LINES).collect();
        let rest = if lines.next().is_some() { "\n    ..." } else { "" };
        let separator = if first.len() > 1 { ":\n    " } else { ": " };
        shown.push_str(&format!("{separator}{}{rest}", first.join("\n    ")));
    }
    Ok(shown)
}

/// File names, as messages list them.
pub fn show_files(defs: &[Definition]) -> String {
    let files: Vec<String> = defs.iter().map(|def| format!("`{}'", def.file)).collect();
    files.join(" and ")
}

/// The path of an option as messages show it.
pub(super) fn show_loc(ev: &Evaluator, loc: &Loc) -> String {
    loc.show(&ev.heap)
}

/// An error of the module system.
pub(super) fn fail(ev: &mut Evaluator, class: &'static str, message: String) -> Stop {
    ev.error(ErrorKind::Module(class), message)
}

/// A value written over several lines, as far as it can be evaluated and is not too long.
pub(super) fn pretty(ev: &mut Evaluator, value: Value) -> Result<String, Stop> {
    let mut text = String::new();
    write(ev, value, 0, &mut text)?;
    Ok(text)
}

fn write(ev: &mut Evaluator, value: Value, depth: usize, text: &mut String) -> Result<(), Stop> {
    if text.len() > LONGEST {
        return Ok(());
    }
    let value = ev.force(value);
    if value.is_error() {
        return Err(Stop(value));
    }
    let inside = format!("\n{}", "  ".repeat(depth + 1));
    let outside = format!("\n{}", "  ".repeat(depth));
    match value.view() {
        View::Null => text.push_str("null"),
        View::Bool(truth) => text.push_str(if truth { "true" } else { "false" }),
        View::Int(number) => text.push_str(&number.to_string()),
        View::Float(number) => text.push_str(&format!("{number:?}")),
        View::Str(id) => {
            let content = ev.heap.text(id).into_owned();
            write_string(&content, &inside, &outside, text);
        }
        View::Path(id) => text.push_str(&ev.heap.text(id)),
        View::Unknown(_) => text.push_str("<unknown>"),
        View::List(seq) if seq.len == 0 && !seq.open => text.push_str("[ ]"),
        View::List(_) | View::Attrs(_) if depth >= DEEPEST => text.push_str("<unevaluated>"),
        View::List(seq) => {
            text.push('[');
            for slot in seq.slots() {
                ev.tick()?;
                if text.len() > LONGEST {
                    break;
                }
                text.push_str(&inside);
                let element = ev.heap.share(slot);
                write(ev, element, depth + 1, text)?;
            }
            text.push_str(&outside);
            text.push(']');
        }
        View::Attrs(set) => {
            let entries = ev.heap.entries(set);
            if entries.is_empty() {
                text.push_str("{ }");
                return Ok(());
            }
            if super::check::is_function(ev, value) {
                // The arguments are looked at, as nixpkgs does to show them.
                if let Some(formals) = ev.attribute(set, crate::heap::sym::FUNCTION_ARGS) {
                    ev.want(formals)?;
                }
                text.push_str("<function>");
                return Ok(());
            }
            if ev.is_derivation(set) {
                let name = ev.attribute(set, crate::heap::sym::NAME).map(|name| ev.force(name));
                let name = match name.map(Value::view) {
                    Some(View::Str(id)) => ev.heap.text(id).into_owned(),
                    _ => "???".to_owned(),
                };
                text.push_str(&format!("<derivation {name}>"));
                return Ok(());
            }
            text.push('{');
            for (name, slot, _) in entries {
                ev.tick()?;
                if text.len() > LONGEST {
                    break;
                }
                text.push_str(&format!("{inside}{} = ", show_name(ev.heap.name(name))));
                let content = ev.heap.share(slot);
                write(ev, content, depth + 1, text)?;
                text.push(';');
            }
            text.push_str(&outside);
            text.push('}');
        }
        View::Lambda(..) | View::Native(_) | View::Partial(_) => match ev.formals_of(value) {
            Some(formals) if !formals.is_empty() => {
                let mut names: Vec<String> = formals
                    .iter()
                    .map(|(name, has_default, _)| {
                        format!("{}{}", ev.heap.name(*name), if *has_default { "?" } else { "" })
                    })
                    .collect();
                names.sort();
                text.push_str(&format!("<function, args: {{{}}}>", names.join(", ")));
            }
            _ => text.push_str("<function>"),
        },
        View::Error(_)
        | View::Thunk(..)
        | View::Call(_)
        | View::Ask(..)
        | View::Ref(_)
        | View::Black
        | View::Link(_) => {}
    }
    Ok(())
}

fn write_string(content: &str, inside: &str, outside: &str, text: &mut String) {
    let mut lines: Vec<&str> = content.split('\n').collect();
    if lines.len() == 1 {
        text.push_str(&super::value::quoted(content));
        return;
    }
    let last = lines.pop().unwrap_or_default();
    let escape = |line: &str| line.replace("''", "'''").replace("${", "''${");
    text.push_str("''");
    for line in lines {
        text.push_str(inside);
        text.push_str(&escape(line));
    }
    if last.is_empty() {
        text.push_str(outside);
    } else {
        text.push_str(inside);
        text.push_str(&escape(last));
    }
    text.push_str("''");
}
