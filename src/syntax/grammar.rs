//! rnix's errors as sentences, and the operators by their tokens.

use rnix::{ParseError, SyntaxKind, TextRange};

use super::ir::{BinaryOp, SyntaxError, SyntaxErrorKind};
use crate::source::Span;

/// Most errors of the grammar that are kept for one file; later ones are echoes of the first.
const MAX_ERRORS: usize = 20;

/// The binary operator that a token stands for.
pub(super) fn binary_operator(kind: SyntaxKind) -> Option<BinaryOp> {
    Some(match kind {
        SyntaxKind::TOKEN_CONCAT => BinaryOp::Concat,
        SyntaxKind::TOKEN_UPDATE => BinaryOp::Update,
        SyntaxKind::TOKEN_ADD => BinaryOp::Add,
        SyntaxKind::TOKEN_SUB => BinaryOp::Subtract,
        SyntaxKind::TOKEN_MUL => BinaryOp::Multiply,
        SyntaxKind::TOKEN_DIV => BinaryOp::Divide,
        SyntaxKind::TOKEN_AND_AND => BinaryOp::And,
        SyntaxKind::TOKEN_OR_OR => BinaryOp::Or,
        SyntaxKind::TOKEN_IMPLICATION => BinaryOp::Implies,
        SyntaxKind::TOKEN_EQUAL => BinaryOp::Equal,
        SyntaxKind::TOKEN_NOT_EQUAL => BinaryOp::NotEqual,
        SyntaxKind::TOKEN_LESS => BinaryOp::Less,
        SyntaxKind::TOKEN_LESS_OR_EQ => BinaryOp::LessOrEqual,
        SyntaxKind::TOKEN_MORE => BinaryOp::More,
        SyntaxKind::TOKEN_MORE_OR_EQ => BinaryOp::MoreOrEqual,
        _ => return None,
    })
}

/// rnix's errors in words, one for each place. `unclosed` is the innermost bracket that is open at the end.
///
/// What follows a bracket that is never closed was read in the wrong context, and so was the end of a text with earlier
/// mistakes: errors there are echoes and are left out.
pub(super) fn grammar_errors(text: &str, errors: &[ParseError], unclosed: Option<Span>) -> Vec<SyntaxError> {
    let mut found: Vec<SyntaxError> = Vec::new();
    let mut first_echo = u32::MAX;
    let echoes_start = unclosed.map_or(u32::MAX, |opener| opener.start);
    for error in errors {
        if found.len() >= MAX_ERRORS {
            break;
        }
        let is_end = matches!(error, ParseError::UnexpectedEOF | ParseError::UnexpectedEOFWanted(_));
        let error = in_words(text, error, unclosed);
        if error.span.start > echoes_start {
            first_echo = first_echo.min(error.noticed);
        }
        let is_echo = error.span.start > echoes_start || (is_end && unclosed.is_none() && !found.is_empty());
        if !is_echo && found.iter().all(|other| other.span.start != error.span.start) {
            found.push(error);
        }
    }
    if found.is_empty() && !errors.is_empty() {
        found.push(at_the_end(text, unclosed));
    }
    // Nix stops at the first echo, whoever is to blame.
    for error in found.iter_mut().filter(|error| error.span.start == echoes_start) {
        error.noticed = error.noticed.min(first_echo);
    }
    found
}

fn in_words(text: &str, error: &ParseError, unclosed: Option<Span>) -> SyntaxError {
    let grammar = |span, message: String| SyntaxError::new(SyntaxErrorKind::Grammar, span, message);
    match error {
        ParseError::UnexpectedWanted(SyntaxKind::TOKEN_ERROR, _, wanted)
            if wanted.contains(&SyntaxKind::TOKEN_STRING_END) =>
        {
            at_the_end(text, unclosed)
        }
        ParseError::UnexpectedWanted(_, range, wanted) => {
            let (span, found) = first_token(text, *range);
            grammar(span, unexpected(&found, wanted))
        }
        ParseError::UnexpectedExtra(range) => {
            let (span, found) = first_token(text, *range);
            let message = match found.as_str() {
                "}" | ")" | "]" => format!("`{found}` closes nothing"),
                "=" | ";" => format!("unexpected `{found}`; do the braces of a set miss?"),
                _ => format!("unexpected `{found}` after the end of the expression"),
            };
            grammar(span, message)
        }
        ParseError::UnexpectedDoubleBind(range) => {
            grammar(first_token(text, *range).0, "the arguments already have a name before the braces".to_owned())
        }
        ParseError::UnexpectedEOF | ParseError::UnexpectedEOFWanted(_) => at_the_end(text, unclosed),
        ParseError::RecursionLimitExceeded => {
            SyntaxError::new(SyntaxErrorKind::TooDeep, end_of(text), "nested too deep")
        }
        ParseError::Unexpected(range) | ParseError::DuplicatedArgs(range, _) => {
            let (span, found) = first_token(text, *range);
            grammar(span, format!("unexpected `{found}`"))
        }
        // rnix may learn new errors.
        _ => at_the_end(text, unclosed),
    }
}

fn unexpected(found: &str, wanted: &[SyntaxKind]) -> String {
    match wanted {
        [SyntaxKind::TOKEN_SEMICOLON] if found == "," => "unexpected `,`; bindings of a set end with `;`".to_owned(),
        [SyntaxKind::TOKEN_SEMICOLON] if found == ":" => {
            "unexpected `:`; put the text into quotes if it is an address".to_owned()
        }
        [SyntaxKind::TOKEN_SEMICOLON] => format!("`;` is missing before `{found}`"),
        [one] => match spelled(*one) {
            Some(token) => format!("unexpected `{found}`; `{token}` belongs here"),
            None => format!("unexpected `{found}`; a name belongs here"),
        },
        _ if wanted.contains(&SyntaxKind::TOKEN_L_PAREN) => match found {
            "," => "unexpected `,`; elements of a list are separated by white space".to_owned(),
            ";" | "}" | ")" | "]" | "in" | "then" | "else" => format!("a value is missing before `{found}`"),
            _ if found.starts_with("/*") => "this comment is not closed; write `*/`".to_owned(),
            _ if found.ends_with('/') => format!("the path `{found}` must not end in a slash"),
            _ if found.contains("//") => format!("the path `{found}` has two slashes in a row"),
            _ => format!("unexpected `{found}`; a value belongs here"),
        },
        _ if wanted.contains(&SyntaxKind::TOKEN_ELLIPSIS) => {
            format!("unexpected `{found}`; the name of an argument, `...` or `}}` belongs here")
        }
        _ => format!("unexpected `{found}`; the name of an attribute belongs here"),
    }
}

fn spelled(kind: SyntaxKind) -> Option<&'static str> {
    Some(match kind {
        SyntaxKind::TOKEN_ASSIGN => "=",
        SyntaxKind::TOKEN_COLON => ":",
        SyntaxKind::TOKEN_AT => "@",
        SyntaxKind::TOKEN_L_BRACE => "{",
        SyntaxKind::TOKEN_R_BRACE | SyntaxKind::TOKEN_INTERPOL_END => "}",
        SyntaxKind::TOKEN_R_PAREN => ")",
        SyntaxKind::TOKEN_R_BRACK => "]",
        SyntaxKind::TOKEN_THEN => "then",
        SyntaxKind::TOKEN_ELSE => "else",
        SyntaxKind::TOKEN_IN => "in",
        SyntaxKind::TOKEN_STRING_START => "\"",
        _ => return None,
    })
}

fn at_the_end(text: &str, unclosed: Option<Span>) -> SyntaxError {
    let open = unclosed.and_then(|span| Some((span, text.get(span.start as usize..span.end as usize)?)));
    let (span, message) = match open {
        Some((span, opener @ ("\"" | "''"))) => (span, format!("this string is not closed; `{opener}` is missing")),
        Some((span, opener)) => {
            let closer = match opener {
                "(" => ")",
                "[" => "]",
                "let" => "in",
                _ => "}",
            };
            (span, format!("the file ends before the `{closer}` that belongs to this `{opener}`"))
        }
        None => (end_of(text), "the file ends where a value belongs".to_owned()),
    };
    let end = u32::try_from(text.len()).unwrap_or(u32::MAX);
    SyntaxError::new(SyntaxErrorKind::Grammar, span, message).noticed_at(end)
}

/// The last character that is not white space.
fn end_of(text: &str) -> Span {
    let trimmed = text.trim_end();
    let start = trimmed.char_indices().next_back().map_or(0, |(start, _)| start);
    Span::new(u32::try_from(start).unwrap_or(u32::MAX), u32::try_from(trimmed.len()).unwrap_or(u32::MAX))
}

/// The first token of a range of the text, and where it is.
fn first_token(text: &str, range: TextRange) -> (Span, String) {
    let start = u32::from(range.start());
    let rest = text.get(start as usize..u32::from(range.end()) as usize).unwrap_or_default();
    let token = match rest.chars().next() {
        Some(first) if first.is_ascii_alphanumeric() || matches!(first, '_' | '.' | '/' | '~') => {
            let end = rest.find(|letter: char| !(letter.is_ascii_alphanumeric() || "_-'./+~".contains(letter)));
            rest.get(..end.unwrap_or(rest.len())).unwrap_or(rest)
        }
        Some(first) => {
            let double = ["''", "${", "//", "++", "&&", "||", "->", "==", "!=", "<=", ">=", "/*", "|>", "<|"];
            let length = if double.iter().any(|operator| rest.starts_with(operator)) { 2 } else { first.len_utf8() };
            rest.get(..length).unwrap_or(rest)
        }
        None => "",
    };
    let end = start.saturating_add(u32::try_from(token.len()).unwrap_or(0));
    (Span::new(start, end), token.chars().take(60).collect())
}
