//! How text may look: colour, characters, width.

/// What the receiver of the text can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether ANSI colours are wanted.
    pub colour: bool,
    /// Whether frames may be drawn with characters outside ASCII.
    pub unicode: bool,
    /// Columns of a line.
    pub width: usize,
}

impl Style {
    /// For files and pipes: no colour, Unicode, 100 columns.
    pub const PLAIN: Self = Self { colour: false, unicode: true, width: 100 };

    /// `text` between the ANSI sequence for `paint` and the one that ends it, if colours are wanted.
    pub(super) fn paint(self, paint: Paint, text: &str) -> String {
        if self.colour && !text.is_empty() {
            format!("\u{1b}[{}m{text}\u{1b}[0m", paint.code())
        } else {
            text.to_owned()
        }
    }
}

/// What a piece of text is, which decides its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paint {
    /// A heading.
    Strong,
    /// Something secondary.
    Faint,
    /// An error, or what is to be removed.
    Bad,
    /// A warning.
    Doubtful,
    /// What is to be added.
    Good,
    /// Code, commands, places.
    Code,
}

impl Paint {
    /// Parameters of the sequence "Select Graphic Rendition" (ECMA-48 8.3.117).
    fn code(self) -> &'static str {
        match self {
            Self::Strong => "1",
            Self::Faint => "2",
            Self::Bad => "31",
            Self::Doubtful => "33",
            Self::Good => "32",
            Self::Code => "36",
        }
    }
}

/// `text` without what could move the cursor, change colours or reverse the reading direction of a terminal. Each such character
/// becomes one of the same length in bytes, so that offsets stay right. Line feeds and tabs stay.
pub(super) fn harmless(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\n' | '\t' => character,
            '\0'..='\u{1f}' | '\u{7f}' => '?',
            '\u{80}'..='\u{9f}' => '\u{bf}',
            '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            _ => character,
        })
        .collect()
}

/// `text` in one line: every run of white space is one blank, and nothing in it reaches beyond the line.
pub(super) fn one_line(text: &str) -> String {
    harmless(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_drive_a_terminal_is_replaced_at_equal_length() {
        let text = "a\u{1b}[31m\u{9b}2J\u{202e}b\u{7}\tä\n";
        let clean = harmless(text);
        assert_eq!(clean.len(), text.len());
        assert_eq!(clean, "a?[31m¿2J\u{fffd}b?\tä\n");
        assert_eq!(one_line("a\n  b\r\nc"), "a b c");
    }
}
