//! `fromTOML`.

use crate::eval::{ErrorKind, Evaluator, LimitKind, NativeDef, Outcome};
use crate::heap::{Symbol, Value};
use crate::syntax::ExprId;

pub(super) static FAMILY: &[NativeDef] = &[NativeDef::strict("builtins.fromTOML", 1, from_toml)];

/// Longest text that is read, in bytes: as large as a file may be. The parser takes tens of times as much memory.
const LONGEST: usize = 4 << 20;

fn from_toml(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [text] = args else { return Ok(Value::NULL) };
    let text = ev.want_text(*text)?;
    ev.tick_many(u64::try_from(text.len() / 4).unwrap_or(0))?;
    if text.len() > LONGEST {
        return Err(ev.limit_error(LimitKind::String));
    }
    match toml::from_str::<toml::Table>(&text) {
        Ok(table) => toml_value(ev, toml::Value::Table(table)),
        Err(error) => {
            let message = error.message().lines().next().unwrap_or_default().to_owned();
            Err(ev.error(ErrorKind::Type, format!("while parsing TOML: {message}")))
        }
    }
}

/// The value of a TOML value. The nesting of tables is limited by the parser.
///
/// # Errors
/// It holds a date or a time.
pub fn toml_value(ev: &mut Evaluator, value: toml::Value) -> Outcome {
    ev.tick()?;
    Ok(match value {
        toml::Value::String(text) => ev.str(&text),
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
            ("builtins.fromTOML \"d = 1979-05-27\"", "error: while parsing TOML: dates and times are not supported"),
        ]);
    }
}
