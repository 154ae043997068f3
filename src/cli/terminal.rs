//! Standard output: what it can show, and writing to it.

use std::io::{ErrorKind, IsTerminal as _, Write as _};

use clap::ValueEnum;

use super::Failure;
use crate::report::Style;

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColourChoice {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Narrowest and widest frame, in columns: below, words break; above, lines are hard to read.
const WIDTHS: (usize, usize) = (60, 120);

/// How text for people may look on standard output. Where that is no terminal, neither the locale nor the width of anything matters.
pub(super) fn style(choice: ColourChoice) -> Style {
    let is_terminal = std::io::stdout().is_terminal();
    let colour = match choice {
        ColourChoice::Always => true,
        ColourChoice::Never => false,
        // https://no-color.org: set and not empty.
        ColourChoice::Auto => is_terminal && variable("NO_COLOR").is_empty() && variable("TERM") != "dumb",
    };
    if !is_terminal {
        return Style { colour, ..Style::PLAIN };
    }
    let width = terminal_size::terminal_size().map_or(Style::PLAIN.width, |(width, _)| usize::from(width.0));
    Style { colour, unicode: speaks_unicode(&locale()), width: width.clamp(WIDTHS.0, WIDTHS.1) }
}

/// Whether standard error is a terminal, so that progress may be shown there.
pub(super) fn may_show_progress() -> bool {
    std::io::stderr().is_terminal()
}

/// The locale of characters: the first of these variables that is not empty (locale(7)).
fn locale() -> String {
    ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().map(variable).find(|value| !value.is_empty()).unwrap_or_default()
}

fn speaks_unicode(locale: &str) -> bool {
    let locale = locale.to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

#[allow(clippy::disallowed_methods, reason = "this room reads the environment")]
fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

/// Writes text to standard output. A reader that has gone away (`| head`) is no failure.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut output = std::io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure(format!("standard output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_tells_whether_unicode_can_be_shown() {
        for (locale, expected) in [("en_GB.UTF-8", true), ("C.utf8", true), ("C", false), ("POSIX", false), ("", false)]
        {
            assert_eq!(speaks_unicode(locale), expected, "{locale}");
        }
    }
}
