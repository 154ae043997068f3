//! The tokens of a text as Nix reads them, where rnix reads some numbers otherwise.

use rnix::SyntaxKind::{self, *};

use crate::source::Span;

/// The tokens of a text without white space and comments; `None` if one of them is none.
pub(super) fn tokens(text: &str) -> Option<Vec<(SyntaxKind, Span)>> {
    let mut tokens = Vec::with_capacity(text.len() / 4 + 8);
    let mut end = 0u32;
    // Whether the last token is a name that what stands directly behind it belongs to.
    let mut is_open = false;
    for (kind, slice) in rnix::tokenize(text) {
        let start = end;
        end = end.checked_add(u32::try_from(slice.len()).ok()?)?;
        if is_open {
            // A path, an address, or a quote in the name.
            if matches!(kind, TOKEN_PATH_ABS | TOKEN_PATH_REL | TOKEN_COLON) || slice.starts_with('\'') {
                return None;
            }
            is_open = slice.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_'-".contains(&byte));
            if is_open {
                let (_, span): &mut (SyntaxKind, Span) = tokens.last_mut()?;
                span.end = end;
                continue;
            }
        }
        if kind == TOKEN_ERROR {
            let (number, name) = float_and_name(slice)?;
            let middle = start + u32::try_from(number.len()).ok()?;
            push_float(&mut tokens, number, Span::new(start, middle));
            let name_end = if name.ends_with('+') { end - 1 } else { end };
            tokens.push((TOKEN_IDENT, Span::new(middle, name_end)));
            is_open = name_end == end;
            if !is_open {
                tokens.push((TOKEN_ADD, Span::new(name_end, end)));
            }
        } else if kind == TOKEN_FLOAT {
            push_float(&mut tokens, slice, Span::new(start, end));
        } else if !kind.is_trivia() {
            tokens.push((kind, Span::new(start, end)));
        }
    }
    Some(tokens)
}

/// A float of Nix does not begin with a zero that other digits or nothing follow; there the zero is an integer.
fn push_float(tokens: &mut Vec<(SyntaxKind, Span)>, text: &str, span: Span) {
    if text == "0." {
        tokens.push((TOKEN_INTEGER, Span::new(span.start, span.start + 1)));
        tokens.push((TOKEN_DOT, Span::new(span.start + 1, span.end)));
    } else {
        tokens.push((TOKEN_FLOAT, span));
    }
}

/// A float with an exponent that has no digits is to Nix a float and a name.
fn float_and_name(text: &str) -> Option<(&str, &str)> {
    let (number, name) = text.split_at(text.find(['e', 'E'])?);
    let is_float = number.contains('.') && number.bytes().all(|byte| byte == b'.' || byte.is_ascii_digit());
    (is_float && matches!(name.get(1..), Some("" | "+" | "-"))).then_some((number, name))
}
