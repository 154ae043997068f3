//! Values as text in Nix syntax, as `nix-instantiate --eval` prints them, and errors as text for people.

use std::fmt::Write as _;

use rustc_hash::FxHashSet;

use super::evaluator::Evaluator;
use super::native::NativeDef;
use super::problem::Stop;
use crate::heap::{SlotId, Value, View};
use crate::syntax::ExprId;

/// Nesting from which on a value is only hinted at.
const DEEPEST: u32 = 3_000;

/// Words that cannot be attribute names without quotes.
const KEYWORDS: &[&str] = &["assert", "else", "if", "in", "inherit", "let", "rec", "then", "with"];

impl Evaluator {
    /// The value in Nix syntax. Nothing is evaluated: what is not yet, is `<CODE>`. A set or list that was printed before is
    /// `«repeated»`, also where that is no cycle (Nix does the same).
    pub fn print(&self, value: Value) -> String {
        let mut text = String::new();
        self.print_within(value, 0, &mut FxHashSet::default(), &mut text);
        text
    }

    /// Whether a list was not printed before. The elements of a short list stand in the value itself in Nix, and the value that is printed is a copy, so
    /// that a short list inside itself is recognized one level later.
    fn is_first_time(seq: crate::heap::Seq, depth: u32, seen: &mut FxHashSet<(bool, u32, u32)>) -> bool {
        seq.len == 0 || (depth == 0 && seq.len <= 2) || seen.insert((false, seq.start, seq.len))
    }

    fn print_within(&self, value: Value, depth: u32, seen: &mut FxHashSet<(bool, u32, u32)>, text: &mut String) {
        if depth > DEEPEST {
            text.push_str("«too deep»");
            return;
        }
        match value.view() {
            View::Null => text.push_str("null"),
            View::Bool(truth) => text.push_str(if truth { "true" } else { "false" }),
            View::Int(number) => text.push_str(&number.to_string()),
            View::Float(number) => text.push_str(&short_float(number)),
            View::Str(id) => quote(&self.heap.text(id), text),
            View::Path(id) => text.push_str(&self.heap.text(id)),
            View::List(seq) => {
                if !Self::is_first_time(seq, depth, seen) {
                    text.push_str("«repeated»");
                    return;
                }
                text.push_str("[ ");
                for slot in seq.slots() {
                    self.print_slot(slot, depth, seen, text);
                    text.push(' ');
                }
                if seq.open {
                    text.push_str("… ");
                }
                text.push(']');
            }
            View::Attrs(set) => {
                if self.heap.set_len(set) > 0 && !seen.insert((true, set.start, set.shape.0)) {
                    text.push_str("«repeated»");
                    return;
                }
                text.push_str("{ ");
                for (name, slot, _) in self.heap.entries(set) {
                    print_name(self.heap.name(name), text);
                    text.push_str(" = ");
                    self.print_slot(slot, depth, seen, text);
                    text.push_str("; ");
                }
                if self.heap.open_set_reason(set).is_some() {
                    text.push_str("… ");
                }
                text.push('}');
            }
            View::Lambda(..) => text.push_str("<LAMBDA>"),
            View::Native(_) if self.native_of(value).is_some_and(NativeDef::is_written_in_nix) => {
                text.push_str("<LAMBDA>")
            }
            View::Native(_) => text.push_str("<PRIMOP>"),
            View::Partial(_) => {
                let is_lambda = self.partial_of(value).is_some_and(|(native, _)| native.is_written_in_nix());
                text.push_str(if is_lambda { "<LAMBDA>" } else { "<PRIMOP-APP>" });
            }
            View::Unknown(_) => text.push_str("«unknown»"),
            View::Ref(slot) => self.print_slot(slot, depth, seen, text),
            View::Black => text.push_str("«potential infinite recursion»"),
            View::Error(_) | View::Thunk(..) | View::Call(_) | View::Ask(..) | View::Link(_) => text.push_str("<CODE>"),
        }
    }

    fn print_slot(&self, slot: SlotId, depth: u32, seen: &mut FxHashSet<(bool, u32, u32)>, text: &mut String) {
        let mut value = self.heap.get(slot);
        for _ in 0..DEEPEST {
            match value.view() {
                View::Ref(target) => value = self.heap.get(target),
                _ => break,
            }
        }
        match value.view() {
            View::Ref(_) => text.push_str("<CODE>"),
            _ => self.print_within(value, depth + 1, seen, text),
        }
    }

    /// What an error says, or why a value is unknown: one sentence.
    pub fn stop_message(&self, stop: Stop) -> String {
        match stop.0.view() {
            View::Error(id) => self.error_info(id).map(|info| info.message.clone()).unwrap_or_default(),
            View::Unknown(id) => {
                let reason = self.unknown_info(id).map(|info| info.reason.words()).unwrap_or_default();
                format!("value is unknown because {reason}")
            }
            _ => String::new(),
        }
    }

    /// An error or unknown with its place and what was being done: for people, several lines.
    pub fn describe_stop(&self, stop: Stop) -> String {
        let mut text = self.stop_message(stop);
        let (origin, trace) = match stop.0.view() {
            View::Error(id) => self.error_info(id).map(|info| (info.origin, info.trace.as_slice())),
            View::Unknown(id) => self.unknown_info(id).map(|info| (info.origin, [].as_slice())),
            _ => None,
        }
        .unwrap_or((ExprId::NONE, &[]));
        if let Some(place) = self.place_text(origin) {
            let _ = write!(text, "\n  at {place}");
        }
        for (origin, line) in trace {
            let _ = write!(text, "\n  {line}");
            if let Some(place) = self.place_text(*origin) {
                let _ = write!(text, "\n  at {place}");
            }
        }
        text
    }

    /// `file:line:column` of an expression, if it stands in a text.
    pub fn place_text(&self, origin: ExprId) -> Option<String> {
        let place = self.program.place(origin)?;
        let file = self.sources.file(place.file)?;
        let at = file.line_column(place.span.start);
        Some(format!("{}:{}:{}", file.path.display(), at.line, at.column))
    }
}

/// Writes the name of an attribute, in quotes where Nix needs them.
pub(super) fn print_name(name: &str, text: &mut String) {
    let mut characters = name.chars();
    let is_plain = characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && characters.all(|character| character.is_ascii_alphanumeric() || "_'-".contains(character))
        && !KEYWORDS.contains(&name);
    if is_plain {
        text.push_str(name);
    } else {
        quote(name, text);
    }
}

/// A string literal: the quotes, and escapes where Nix needs them.
fn quote(content: &str, text: &mut String) {
    text.push('"');
    let mut characters = content.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' | '\\' => text.extend(['\\', character]),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '$' if characters.peek() == Some(&'{') => text.push_str("\\$"),
            _ => text.push(character),
        }
    }
    text.push('"');
}

/// A float with six significant digits, as C's `%g` writes it.
fn short_float(number: f64) -> String {
    const DIGITS: usize = 6;
    if !number.is_finite() || number == 0.0 {
        return match number {
            _ if !number.is_finite() => not_finite(number).to_owned(),
            _ => if number.is_sign_negative() { "-0" } else { "0" }.to_owned(),
        };
    }
    let scientific = format!("{number:.*e}", DIGITS - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        let decimals = usize::try_from(5 - exponent).unwrap_or(0);
        without_zeros(&format!("{number:.decimals$}"))
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{}e{sign}{:02}", without_zeros(mantissa), exponent.abs())
    }
}

/// What is no number, as C writes it: with its sign, which has no meaning and depends on the processor, but is shown.
pub(super) fn not_finite(number: f64) -> &'static str {
    match (number.is_nan(), number.is_sign_negative()) {
        (true, true) => "-nan",
        (true, false) => "nan",
        (false, true) => "-inf",
        (false, false) => "inf",
    }
}

fn without_zeros(number: &str) -> String {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.').to_owned() } else { number.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_have_six_significant_digits() {
        let table = [
            (1.5, "1.5"),
            (1_234_567.0, "1.23457e+06"),
            (100_000.0, "100000"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.0 / 3.0, "0.333333"),
            (-0.0, "-0"),
            (3.0, "3"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN.copysign(1.0), "nan"),
            (f64::NAN.copysign(-1.0), "-nan"),
        ];
        for (number, text) in table {
            assert_eq!(short_float(number), text);
        }
    }

    #[test]
    fn names_and_strings_are_quoted_where_nix_needs_it() {
        let name = |name: &str| {
            let mut text = String::new();
            print_name(name, &mut text);
            text
        };
        assert_eq!(name("a-b'c"), "a-b'c");
        assert_eq!(name("if"), "\"if\"");
        assert_eq!(name("1a"), "\"1a\"");
        assert_eq!(name("${x}\n"), "\"\\${x}\\n\"");
    }
}
