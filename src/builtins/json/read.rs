//! JSON (RFC 8259) as values.

use crate::eval::{ErrorKind, Evaluator, LimitKind, Outcome, Stop};
use crate::heap::{Symbol, Value};
use crate::syntax::ExprId;

/// Deepest nesting that is read.
const DEEPEST: u32 = 2_000;

/// What is wrong with a string that no string of Nix can be.
const ZERO_BYTE: &str = "there is a zero byte in a string, which no string of Nix can hold";

struct Reader<'a> {
    whole: &'a str,
    rest: &'a str,
}

/// The value of a JSON text.
pub(super) fn read(ev: &mut Evaluator, text: &str) -> Outcome {
    ev.tick_many(u64::try_from(text.len() / 8).unwrap_or(0))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader { whole: text, rest: text };
    let value = reader.value(ev, 0)?;
    reader.skip_space();
    if reader.rest.is_empty() { Ok(value) } else { Err(reader.failure(ev, "expected the end")) }
}

impl<'a> Reader<'a> {
    fn failure(&self, ev: &mut Evaluator, what: &str) -> Stop {
        let offset = self.whole.len() - self.rest.len();
        let before = self.whole.get(..offset).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        ev.error(ErrorKind::Type, format!("invalid JSON at line {line}, column {column}: {what}"))
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\n', '\r', '\t']);
    }

    fn take(&mut self, prefix: &str) -> bool {
        match self.rest.strip_prefix(prefix) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn take_bytes(&mut self, count: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(count).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    fn value(&mut self, ev: &mut Evaluator, depth: u32) -> Outcome {
        if depth > DEEPEST {
            return Err(self.failure(ev, "it is nested too deeply"));
        }
        self.skip_space();
        match self.rest.bytes().next() {
            Some(b'{') => self.object(ev, depth),
            Some(b'[') => self.array(ev, depth),
            Some(b'"') => {
                let text = self.string(ev)?;
                Ok(ev.str(&text))
            }
            Some(b'-' | b'0'..=b'9') => self.number(ev),
            _ if self.take("null") => Ok(Value::NULL),
            _ if self.take("true") => Ok(Value::TRUE),
            _ if self.take("false") => Ok(Value::FALSE),
            _ => Err(self.failure(ev, "expected a value")),
        }
    }

    fn array(&mut self, ev: &mut Evaluator, depth: u32) -> Outcome {
        self.take("[");
        let mut values = Vec::new();
        self.skip_space();
        if self.take("]") {
            return Ok(Value::EMPTY_LIST);
        }
        loop {
            values.push(self.value(ev, depth + 1)?);
            if values.len() > ev.limits.list_elements {
                return Err(ev.limit_error(LimitKind::List));
            }
            self.skip_space();
            if self.take("]") {
                return Ok(ev.heap.new_list(&values));
            }
            if !self.take(",") {
                return Err(self.failure(ev, "expected `,` or `]`"));
            }
        }
    }

    fn object(&mut self, ev: &mut Evaluator, depth: u32) -> Outcome {
        self.take("{");
        let mut attributes: Vec<(Symbol, Value, ExprId)> = Vec::new();
        self.skip_space();
        if self.take("}") {
            return Ok(Value::EMPTY_SET);
        }
        loop {
            self.skip_space();
            if !self.rest.starts_with('"') {
                let what = if attributes.is_empty() { "expected a string or `}`" } else { "expected a string" };
                return Err(self.failure(ev, what));
            }
            let name = self.string(ev)?;
            self.skip_space();
            if !self.take(":") {
                return Err(self.failure(ev, "expected `:`"));
            }
            let value = self.value(ev, depth + 1)?;
            attributes.push((ev.heap.intern(&name), value, ExprId::NONE));
            self.skip_space();
            if self.take("}") {
                break;
            }
            if !self.take(",") {
                return Err(self.failure(ev, "expected `,` or `}`"));
            }
        }
        // Of repeated names the last counts, while a new set keeps the first.
        attributes.reverse();
        Ok(ev.heap.new_set(&attributes))
    }

    fn number(&mut self, ev: &mut Evaluator) -> Outcome {
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let mut length = usize::from(self.rest.starts_with('-'));
        let after = |length: usize| self.rest.get(length..).unwrap_or_default();
        // A leading zero stands alone.
        length += if after(length).starts_with('0') { 1 } else { digits(after(length)) };
        if !after(length.saturating_sub(1)).starts_with(|character: char| character.is_ascii_digit()) {
            return Err(self.failure(ev, "expected a digit"));
        }
        let mut is_float = false;
        if after(length).starts_with('.') && digits(after(length + 1)) > 0 {
            is_float = true;
            length += 1 + digits(after(length + 1));
        }
        if after(length).starts_with(['e', 'E']) {
            let sign = usize::from(after(length + 1).starts_with(['+', '-']));
            let count = digits(after(length + 1 + sign));
            if count > 0 {
                is_float = true;
                length += 1 + sign + count;
            }
        }
        let text = self.rest.get(..length).unwrap_or_default();
        if !is_float {
            if let Ok(number) = text.parse::<i64>() {
                self.take_bytes(length);
                return Ok(Value::int(number));
            }
            if text.parse::<u64>().is_ok() {
                return Err(self.failure(ev, "the number is out of the range of integers"));
            }
        }
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => {
                self.take_bytes(length);
                Ok(Value::float(number))
            }
            _ => Err(self.failure(ev, "the number is out of range")),
        }
    }

    fn string(&mut self, ev: &mut Evaluator) -> Result<String, Stop> {
        self.take("\"");
        let mut text = String::new();
        loop {
            let end = self.rest.find(|character: char| character < ' ' || character == '"' || character == '\\');
            let Some(end) = end else {
                self.rest = "";
                return Err(self.failure(ev, "a string is not closed"));
            };
            text.push_str(self.take_bytes(end));
            if self.take("\"") {
                if text.contains('\0') {
                    return Err(self.failure(ev, ZERO_BYTE));
                }
                return Ok(text);
            }
            if !self.take("\\") {
                return Err(self.failure(ev, "a control character in a string must be escaped"));
            }
            let escape = self.rest.bytes().next();
            let character = match escape {
                Some(b'"') => '"',
                Some(b'\\') => '\\',
                Some(b'/') => '/',
                Some(b'b') => '\u{8}',
                Some(b'f') => '\u{c}',
                Some(b'n') => '\n',
                Some(b'r') => '\r',
                Some(b't') => '\t',
                Some(b'u') => match self.unicode() {
                    Some(character) => {
                        text.push(character);
                        continue;
                    }
                    None => return Err(self.failure(ev, "expected the four digits of a character")),
                },
                _ => return Err(self.failure(ev, "unknown escape in a string")),
            };
            self.take_bytes(1);
            text.push(character);
        }
    }

    /// `uXXXX`, or two of them that are the halves of one character.
    fn unicode(&mut self) -> Option<char> {
        let unit = |reader: &mut Self| -> Option<u32> {
            let digits = reader.rest.strip_prefix('u')?.get(..4)?;
            if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return None;
            }
            reader.take_bytes(5);
            u32::from_str_radix(digits, 16).ok()
        };
        let first = unit(self)?;
        if !(0xD800..0xDC00).contains(&first) {
            return char::from_u32(first);
        }
        if !self.take("\\") {
            return None;
        }
        let second = unit(self).filter(|second| (0xDC00..0xE000).contains(second))?;
        char::from_u32(0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00))
    }
}
