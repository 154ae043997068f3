//! Where findings are, for formats that others read: lines, columns in characters or bytes, paths, and what stands where no place is known.

use super::Checked;
use super::style::one_line;
use crate::rules::{Finding, Fix};
use crate::source::{LineColumn, Place, Span};

/// The path of a finding that has no place. No file is called so, which every format can hold and no reader will open.
pub(super) const NO_FILE: &str = "<fleet>";

/// A place with its path, lines and columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Located {
    /// Relative to the working directory.
    pub(super) path: String,
    /// The first character.
    pub(super) start: LineColumn,
    /// One past the last character.
    pub(super) end: LineColumn,
}

impl Located {
    /// A place with columns in characters.
    pub(super) fn of(checked: &Checked<'_>, place: Place) -> Self {
        let (start, end) = checked.sources.line_columns(place);
        Self { path: checked.paths.of(checked.sources, place.file), start, end }
    }

    /// A place with columns in bytes of UTF-8.
    pub(super) fn in_bytes(checked: &Checked<'_>, place: Place) -> Self {
        let here = Self::of(checked, place);
        match checked.sources.file(place.file) {
            Some(file) => Self {
                start: file.line_byte_column(place.span.start),
                end: file.line_byte_column(place.span.end),
                ..here
            },
            None => here,
        }
    }

    /// The culprit's place, or the start of no file.
    pub(super) fn culprit(checked: &Checked<'_>, finding: &Finding) -> Self {
        let nowhere = LineColumn { line: 1, column: 1 };
        match finding.primary() {
            Some(place) => Self::of(checked, place),
            None => Self { path: NO_FILE.to_owned(), start: nowhere, end: nowhere },
        }
    }

    /// `file:line:column` of the start.
    pub(super) fn shown(&self) -> String {
        format!("{}:{}:{}", self.path, self.start.line, self.start.column)
    }
}

/// What is wrong and what to do, as one text.
pub(super) fn whole_message(finding: &Finding) -> String {
    if finding.help.is_empty() {
        return finding.message.clone();
    }
    format!("{}\nhelp: {}", finding.message, finding.help)
}

/// As [`whole_message`], for readers that show one line.
pub(super) fn message_line(finding: &Finding) -> String {
    let message = one_line(&finding.message);
    if finding.help.is_empty() { message } else { format!("{message}; help: {}", one_line(&finding.help)) }
}

/// A fix as one edit of the culprit's file: the bytes from its first edit to its last, and what they become. `None` if it changes other files.
pub(super) fn as_one_edit(checked: &Checked<'_>, finding: &Finding, fix: &Fix) -> Option<(Place, String)> {
    let file = finding.primary()?.file;
    let mut edits: Vec<_> = fix.edits.iter().collect();
    edits.sort_by_key(|edit| edit.place.span);
    let (first, last) = (edits.first()?, edits.last()?);
    if edits.iter().any(|edit| edit.place.file != file) {
        return None;
    }
    let source = checked.sources.file(file)?;
    let mut replacement = String::new();
    let mut position = first.place.span.start;
    for edit in &edits {
        replacement.push_str(source.text.get(position as usize..edit.place.span.start as usize)?);
        replacement.push_str(&edit.replacement);
        position = edit.place.span.end;
    }
    Some((Place { file, span: Span::new(first.place.span.start, last.place.span.end) }, replacement))
}
