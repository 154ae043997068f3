//! The values of literals: escapes and line ends of `"…"`, indentation of `''…''`, numbers.

use std::borrow::Cow;

/// The value of the text between two quotes (or between a quote and an interpolation) of a `"…"` string.
///
/// CR LF and a lone CR become LF, unless the CR is escaped. An escaped character other than `n`, `r` and `t` stands for itself.
pub(super) fn unescape(raw: &str) -> Cow<'_, str> {
    if !raw.bytes().any(|byte| byte == b'\\' || byte == b'\r') {
        return Cow::Borrowed(raw);
    }
    let mut value = String::with_capacity(raw.len());
    let mut characters = raw.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' => value.extend(characters.next().map(escaped)),
            '\r' => {
                characters.next_if_eq(&'\n');
                value.push('\n');
            }
            other => value.push(other),
        }
    }
    Cow::Owned(value)
}

/// What a character means after a backslash.
fn escaped(character: char) -> char {
    match character {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        other => other,
    }
}

/// A piece of an indented string, as the lexer of Nix sees it.
enum Piece<'t> {
    /// Text in which indentation counts.
    Text(&'t str),
    /// An escape: it ends the white space at the start of its line.
    Escape(char),
    /// `'''`, which stands for two quotes.
    Quotes,
    /// An interpolation.
    Hole,
}

/// Values of the literal parts of an indented string: `parts` holds the raw text of each literal part and `None` for each
/// interpolation, and the answer has one value for each literal part.
///
/// The rules are those of `stripIndentation` in Nix' parser: the indentation common to all lines that hold more than spaces is
/// dropped, tabs count as text, an interpolation or an escape ends the white space at the start of a line, a first line
/// of spaces vanishes, and a last line of spaces loses them.
pub(super) fn indented(parts: &[Option<&str>]) -> Vec<String> {
    let mut pieces = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        match part {
            None => pieces.push((index, Piece::Hole)),
            Some(raw) => {
                split_escapes(if index == 0 { without_blank_first_line(raw) } else { raw }, index, &mut pieces)
            }
        }
    }
    let indentation = common_indentation(&pieces);
    let mut values: Vec<String> = parts.iter().flatten().map(|raw| String::with_capacity(raw.len())).collect();
    let slots: Vec<usize> = parts
        .iter()
        .scan(0, |next, part| {
            let slot = *next;
            *next += usize::from(part.is_some());
            Some(slot)
        })
        .collect();
    let mut at_line_start = true;
    let mut dropped = 0;
    let last = pieces.len().saturating_sub(1);
    for (number, (part, piece)) in pieces.iter().enumerate() {
        let mut escape = [0; 4];
        let text = match piece {
            Piece::Hole => {
                at_line_start = false;
                dropped = 0;
                continue;
            }
            Piece::Text(text) => *text,
            Piece::Escape(character) => character.encode_utf8(&mut escape),
            Piece::Quotes => "''",
        };
        let Some(value) = slots.get(*part).and_then(|slot| values.get_mut(*slot)) else { continue };
        let piece_start = value.len();
        for character in text.chars() {
            match character {
                ' ' if at_line_start => {
                    if dropped >= indentation {
                        value.push(' ');
                    }
                    dropped += 1;
                }
                '\n' => {
                    value.push('\n');
                    at_line_start = true;
                    dropped = 0;
                }
                other => {
                    value.push(other);
                    at_line_start = false;
                    dropped = 0;
                }
            }
        }
        if number == last {
            drop_spaces_of_last_line(value, piece_start);
        }
    }
    values
}

fn without_blank_first_line(raw: &str) -> &str {
    raw.trim_start_matches(' ').strip_prefix('\n').unwrap_or(raw)
}

fn split_escapes<'t>(raw: &'t str, part: usize, pieces: &mut Vec<(usize, Piece<'t>)>) {
    let mut rest = raw;
    // `$` hides the character after it from the search for quotes, unless that is a quote itself: nothing to do, since only
    // quotes start an escape here.
    while let Some(quotes) = rest.find("''") {
        let (before, after) = rest.split_at(quotes);
        if !before.is_empty() {
            pieces.push((part, Piece::Text(before)));
        }
        let after = after.get(2..).unwrap_or_default();
        let mut characters = after.chars();
        match characters.next() {
            Some('$') => pieces.push((part, Piece::Escape('$'))),
            Some('\'') => pieces.push((part, Piece::Quotes)),
            Some('\\') => pieces.extend(characters.next().map(|character| (part, Piece::Escape(escaped(character))))),
            _ => characters = after.chars(),
        }
        rest = characters.as_str();
    }
    if !rest.is_empty() {
        pieces.push((part, Piece::Text(rest)));
    }
}

fn common_indentation(pieces: &[(usize, Piece<'_>)]) -> usize {
    let mut least = usize::MAX;
    let mut current = 0;
    let mut at_line_start = true;
    for (_, piece) in pieces {
        let Piece::Text(text) = piece else {
            if at_line_start {
                at_line_start = false;
                least = least.min(current);
            }
            continue;
        };
        for byte in text.bytes() {
            match byte {
                b'\n' => {
                    at_line_start = true;
                    current = 0;
                }
                b' ' if at_line_start => current += 1,
                _ if at_line_start => {
                    at_line_start = false;
                    least = least.min(current);
                }
                _ => {}
            }
        }
    }
    least
}

fn drop_spaces_of_last_line(value: &mut String, piece_start: usize) {
    let piece = value.get(piece_start..).unwrap_or_default();
    if let Some(line_end) = piece.rfind('\n')
        && piece.bytes().skip(line_end + 1).all(|byte| byte == b' ')
    {
        value.truncate(piece_start + line_end + 1);
    }
}

/// The value of an integer literal; `None` when it does not fit into 64 bits.
pub(super) fn integer(text: &str) -> Option<i64> {
    text.parse().ok()
}

/// The value of a float literal; `None` when it is too large, or too close to zero, for a normal double.
pub(super) fn float(text: &str) -> Option<f64> {
    let value: f64 = text.parse().ok()?;
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    let is_zero = !mantissa.bytes().any(|byte| (b'1'..=b'9').contains(&byte));
    (value.is_normal() || is_zero).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_strings_resolve_escapes_and_line_ends() {
        for (raw, value) in [
            ("plain", "plain"),
            (r"a\nb\tc\rd", "a\nb\tc\rd"),
            (r#"\"\\\${x}\q"#, "\"\\${x}q"),
            ("a\r\nb\rc", "a\nb\nc"),
            ("a\\\r\nb", "a\r\nb"),
        ] {
            assert_eq!(unescape(raw), value, "{raw:?}");
        }
    }

    #[test]
    fn indentation_is_stripped_as_nix_does() {
        let one = |raw: &str| indented(&[Some(raw)]).concat();
        for (raw, value) in [
            ("\n  a\n    b\n  ", "a\n  b\n"),
            ("  \n  a\n", "a\n"),
            (" a\n  b", "a\n b"),
            ("\n\ta\n  b\n", "\ta\n  b\n"),
            ("\n  a\n\n      \n  b\n", "a\n\n    \nb\n"),
            (" ", ""),
            ("\n    ", ""),
            ("x ''$ ''' ''\\n ''\\t.", "x $ '' \n \t."),
            ("\n  ''\\ta\n  b", "\ta\nb"),
            ("\r\n  a\r\n", "\r\n  a\r\n"),
        ] {
            assert_eq!(one(raw), value, "{raw:?}");
        }
    }

    #[test]
    fn an_interpolation_counts_as_text() {
        assert_eq!(indented(&[Some("\n    a\n  "), None, Some("\n    b\n")]), ["  a\n", "\n  b\n"]);
        assert_eq!(indented(&[None, Some("\n  ")]), ["\n"]);
        assert_eq!(indented(&[Some("\n  "), None]), [""]);
    }

    #[test]
    fn numbers_that_do_not_fit_are_refused() {
        assert_eq!(integer("010"), Some(10));
        assert_eq!(integer("9223372036854775808"), None);
        assert_eq!(float("1."), Some(1.0));
        assert_eq!(float(".5e1"), Some(5.0));
        assert_eq!(float("0.0e9"), Some(0.0));
        assert_eq!(float("1.0e400"), None);
        assert_eq!(float("5.0e-324"), None);
    }
}
