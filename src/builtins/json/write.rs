//! Values as JSON, byte for byte as Nix (that is, nlohmann's library) writes them.

use std::fmt::Write as _;

use crate::eval::{Coercion, ErrorKind, Evaluator, LimitKind, Stop};
use crate::heap::{StrId, Value, View, sym};

/// Deepest nesting that is written.
const DEEPEST: u32 = 5_000;

/// A text that grows, and the strings whose contexts it takes over.
#[derive(Default)]
pub(crate) struct Writer {
    text: String,
    sources: Vec<StrId>,
    /// Whether a string was cut inside a character, so that it cannot be written.
    is_broken: bool,
}

impl Writer {
    /// What was written; an error if some of it is no text.
    pub(crate) fn into_text(self, ev: &mut Evaluator) -> Result<String, Stop> {
        if self.is_broken {
            return Err(ev.error(ErrorKind::Type, "JSON cannot hold a string that is not valid UTF-8"));
        }
        Ok(self.text)
    }

    /// The strings with contexts that were written.
    pub(crate) fn sources(&self) -> &[StrId] {
        &self.sources
    }

    /// Writes a value, evaluating everything in it.
    pub(crate) fn write(&mut self, ev: &mut Evaluator, value: Value) -> Result<(), Stop> {
        self.write_within(ev, value, 0)
    }

    fn write_within(&mut self, ev: &mut Evaluator, value: Value, depth: u32) -> Result<(), Stop> {
        ev.tick()?;
        if depth > DEEPEST {
            return Err(ev.limit_error(LimitKind::Depth));
        }
        if self.text.len() > ev.limits.string_bytes {
            return Err(ev.limit_error(LimitKind::String));
        }
        let value = ev.want(value)?;
        match value.view() {
            View::Null => self.text.push_str("null"),
            View::Bool(truth) => self.text.push_str(if truth { "true" } else { "false" }),
            View::Int(number) => {
                let _ = write!(self.text, "{number}");
            }
            View::Float(number) => write_float(number, &mut self.text),
            View::Str(id) => self.write_string(ev, id),
            View::Path(_) => {
                let id = ev.coerce(value, Coercion::Strict)?;
                self.write_string(ev, id);
            }
            View::List(_) => {
                let seq = ev.want_whole_list(value)?;
                self.text.push('[');
                for (index, slot) in seq.slots().enumerate() {
                    if index > 0 {
                        self.text.push(',');
                    }
                    self.write_within(ev, Value::reference(slot), depth + 1)?;
                }
                self.text.push(']');
            }
            View::Attrs(set) => {
                if ev.attribute(set, sym::TO_STRING).is_some() {
                    let id = ev.coerce(value, Coercion::Strict)?;
                    self.write_string(ev, id);
                    return Ok(());
                }
                if let Some(path) = ev.attribute(set, sym::OUT_PATH) {
                    return self.write_within(ev, path, depth + 1);
                }
                let set = ev.want_whole_attrs(value)?;
                self.text.push('{');
                for (index, (name, slot, _)) in ev.heap.entries(set).into_iter().enumerate() {
                    if index > 0 {
                        self.text.push(',');
                    }
                    write_text(ev.heap.name(name), &mut self.text);
                    self.text.push(':');
                    self.write_within(ev, Value::reference(slot), depth + 1)?;
                }
                self.text.push('}');
            }
            View::Lambda(..) | View::Native(_) | View::Partial(_) => {
                return Err(ev.error(ErrorKind::Type, "cannot convert a function to JSON"));
            }
            _ => return Err(Stop(value)),
        }
        Ok(())
    }

    fn write_string(&mut self, ev: &Evaluator, id: StrId) {
        if ev.heap.has_context(id) {
            self.sources.push(id);
        }
        self.is_broken |= std::str::from_utf8(ev.heap.bytes(id)).is_err();
        write_text(&ev.heap.text(id), &mut self.text);
    }
}

/// A JSON string literal.
pub(crate) fn write_text(content: &str, text: &mut String) {
    text.push('"');
    let mut plain = content;
    // Runs without anything to escape are copied whole.
    while let Some(at) = plain.find(|character: char| character < ' ' || character == '"' || character == '\\') {
        let (before, rest) = plain.split_at_checked(at).unwrap_or((plain, ""));
        text.push_str(before);
        let mut characters = rest.chars();
        match characters.next() {
            Some('"') => text.push_str("\\\""),
            Some('\\') => text.push_str("\\\\"),
            Some('\n') => text.push_str("\\n"),
            Some('\r') => text.push_str("\\r"),
            Some('\t') => text.push_str("\\t"),
            Some('\u{8}') => text.push_str("\\b"),
            Some('\u{c}') => text.push_str("\\f"),
            Some(control) => {
                let _ = write!(text, "\\u{:04x}", u32::from(control));
            }
            None => {}
        }
        plain = characters.as_str();
    }
    text.push_str(plain);
    text.push('"');
}

/// A float with the fewest digits that give it back, as a decimal from 10^-4 up to 15 digits before the point, else with an exponent.
pub(crate) fn write_float(number: f64, text: &mut String) {
    if !number.is_finite() {
        text.push_str("null");
        return;
    }
    let shortest = format!("{number:e}");
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if number == 0.0 || (-4..15).contains(&exponent) {
        let plain = format!("{number}");
        text.push_str(&plain);
        if !plain.contains('.') {
            text.push_str(".0");
        }
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        let _ = write!(text, "{mantissa}e{sign}{:02}", exponent.abs());
    }
}
