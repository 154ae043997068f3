//! `fromTOML`.

use crate::eval::{ErrorKind, Evaluator, LimitKind, NativeDef, Outcome, Stop};
use crate::heap::{Symbol, Value};
use crate::syntax::ExprId;

pub(super) static FAMILY: &[NativeDef] = &[NativeDef::strict("builtins.fromTOML", 1, from_toml)];

/// Longest text that is read, in bytes: as large as a file may be. The parser takes tens of times as much memory.
const LONGEST: usize = 4 << 20;

fn from_toml(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [text] = args else { return Ok(Value::NULL) };
    let text = ev.want_plain_text(*text)?;
    ev.tick_many(u64::try_from(text.len() / 4).unwrap_or(0))?;
    if text.len() > LONGEST {
        return Err(ev.limit_error(LimitKind::String));
    }
    if let Some(message) = newer_grammar(&text) {
        return Err(ev.error(ErrorKind::Type, format!("while parsing TOML: {message}")));
    }
    match toml::from_str::<toml::Table>(&text) {
        Ok(table) => toml_value(ev, toml::Value::Table(table)),
        Err(error) => {
            let message = error.message().lines().next().unwrap_or_default().to_owned();
            Err(ev.error(ErrorKind::Type, format!("while parsing TOML: {message}")))
        }
    }
}

/// What a text holds that TOML 1.1 allows and TOML 1.0, which Nix reads, does not. A text that is wrong otherwise may give either answer.
fn newer_grammar(text: &str) -> Option<&'static str> {
    let mut open: Vec<char> = Vec::new();
    let mut last = ' ';
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let mut length = first.len_utf8();
        match first {
            '#' => length = rest.find('\n').unwrap_or(rest.len()),
            '"' | '\'' => {
                let (end, has_newer_escape) = string_end(rest, first);
                if has_newer_escape {
                    return Some("the escapes \\e and \\x are not allowed");
                }
                length = end;
            }
            '[' | '{' => open.push(first),
            ']' => _ = open.pop(),
            '}' if last == ',' => return Some("an inline table must not end in a comma"),
            '}' => _ = open.pop(),
            '\n' if open.last() == Some(&'{') => return Some("an inline table must stand on one line"),
            _ => {}
        }
        if !first.is_whitespace() && first != '#' {
            last = first;
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    None
}

/// Where the string at the start of a text ends, and whether it has an escape that TOML 1.0 does not know.
fn string_end(text: &str, quote: char) -> (usize, bool) {
    let triple: String = std::iter::repeat_n(quote, 3).collect();
    let delimiter = if text.starts_with(&triple) { triple.as_str() } else { triple.get(..1).unwrap_or_default() };
    let mut at = delimiter.len();
    let mut has_newer_escape = false;
    while let Some(rest) = text.get(at..) {
        let Some(letter) = rest.chars().next() else { break };
        if rest.starts_with(delimiter) {
            return (at + delimiter.len(), has_newer_escape);
        }
        at += letter.len_utf8();
        if letter == '\\' && quote == '"' {
            let escaped = text.get(at..).and_then(|rest| rest.chars().next());
            has_newer_escape |= matches!(escaped, Some('e' | 'x'));
            at += escaped.map_or(0, char::len_utf8);
        }
    }
    (text.len(), has_newer_escape)
}

/// No string of Nix can hold a zero byte, which TOML can write as an escape.
fn without_zero_byte(ev: &mut Evaluator, text: &str) -> Result<(), Stop> {
    if text.contains('\0') {
        return Err(ev.error(ErrorKind::Type, "while parsing TOML: there is a zero byte in a string"));
    }
    Ok(())
}

/// The value of a TOML value. The nesting of tables is limited by the parser.
///
/// # Errors
/// It holds a date or a time, or a zero byte.
pub fn toml_value(ev: &mut Evaluator, value: toml::Value) -> Outcome {
    ev.tick()?;
    Ok(match value {
        toml::Value::String(text) => {
            without_zero_byte(ev, &text)?;
            ev.str(&text)
        }
        toml::Value::Integer(number) => Value::int(number),
        toml::Value::Float(number) => Value::float(number),
        toml::Value::Boolean(truth) => Value::bool(truth),
        toml::Value::Datetime(_) => {
            return Err(ev.error(ErrorKind::Type, "while parsing TOML: dates and times are not supported"));
        }
        toml::Value::Array(elements) => {
            let mut values = Vec::with_capacity(elements.len());
            for element in elements {
                values.push(toml_value(ev, element)?);
            }
            ev.heap.new_list(&values)
        }
        toml::Value::Table(table) => {
            let mut attributes: Vec<(Symbol, Value, ExprId)> = Vec::with_capacity(table.len());
            for (name, value) in table {
                without_zero_byte(ev, &name)?;
                let value = toml_value(ev, value)?;
                attributes.push((ev.heap.intern(&name), value, ExprId::NONE));
            }
            ev.heap.new_set(&attributes)
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::builtins::testing::check;

    #[test]
    fn documents() {
        check(&[
            (
                "builtins.fromTOML \"a.b = 1\\n[[p]]\\nn = 0x10\\nf = 1e3\"",
                "{ a = { b = 1; }; p = [ { f = 1000; n = 16; } ]; }",
            ),
            (
                "builtins.fromTOML \"t = { a = [ 1,\n 2, ], b = \\\"}, \\\" } # , }\"",
                "{ t = { a = [ 1 2 ]; b = \"}, \"; }; }",
            ),
            (
                "builtins.fromTOML \"t = { a = 1, }\"",
                "error: while parsing TOML: an inline table must not end in a comma",
            ),
            (
                "builtins.fromTOML \"t = { a = 1,\n b = 2 }\"",
                "error: while parsing TOML: an inline table must stand on one line",
            ),
            (
                "builtins.fromTOML \"\\\"a\\\\u0000\\\" = 1\"",
                "error: while parsing TOML: there is a zero byte in a string",
            ),
            (
                "builtins.fromTOML \"a = \\\"\\\\u0000\\\"\"",
                "error: while parsing TOML: there is a zero byte in a string",
            ),
            ("builtins.fromTOML \"d = 1979-05-27\"", "error: while parsing TOML: dates and times are not supported"),
        ]);
    }
}
