//! Pieces of several files as one source for a terminal frame.
//!
//! miette knows one source per diagnostic, but a mistake in a fleet usually stands in two or three files. So the files are laid end to end
//! in one range of offsets, with a gap of one byte between them. A span that would reach from one file into the next is refused, which makes
//! miette draw one frame per file, each with its own header, inside one report.

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::style::harmless;
use super::{Checked, Paths};
use crate::source::{FileId, Place, Sources};

/// Files laid end to end.
#[derive(Debug, Default)]
pub(super) struct Excerpts {
    files: Vec<Excerpt>,
}

#[derive(Debug)]
struct Excerpt {
    file: FileId,
    name: String,
    text: String,
    line_starts: Vec<usize>,
    base: usize,
}

/// Longest line that a frame shows, in bytes. A longer one, as in generated files, would bury the message.
const LONGEST_LINE: usize = 400;

impl Excerpts {
    /// The span of a place in the joined range, clipped to its first line; `None` if there is no text to show in a frame.
    pub(super) fn span(&mut self, checked: &Checked<'_>, place: Place) -> Option<SourceSpan> {
        let index = match self.files.iter().position(|excerpt| excerpt.file == place.file) {
            Some(index) => index,
            None => {
                let base = self.files.last().map_or(0, |last| last.base + last.text.len() + 1);
                self.files.push(Excerpt::new(checked.sources, checked.paths, place.file, base)?);
                self.files.len() - 1
            }
        };
        let excerpt = self.files.get(index)?;
        let start = usize::min(place.span.start as usize, excerpt.text.len());
        let line = excerpt.line_of(start);
        let (line_start, line_end) = (excerpt.line_start(line), excerpt.line_end(line));
        if excerpt.text.is_empty() || line_end - line_start > LONGEST_LINE {
            return None;
        }
        let visible = excerpt.text.get(line_start..line_end)?.trim_end().len() + line_start;
        let end = usize::min(place.span.end as usize, visible);
        Some((excerpt.base + start, end.saturating_sub(start)).into())
    }
}

impl Excerpt {
    fn new(sources: &Sources, paths: &Paths, file: FileId, base: usize) -> Option<Self> {
        let source = sources.file(file)?;
        let text = harmless(&source.text);
        let mut line_starts = vec![0];
        line_starts.extend(text.bytes().zip(1..).filter(|(byte, _)| *byte == b'\n').map(|(_, next)| next));
        Some(Self { file, name: paths.show(&source.path), text, line_starts, base })
    }

    /// Number of the line, from 0, that holds an offset.
    fn line_of(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset).saturating_sub(1)
    }

    fn line_start(&self, line: usize) -> usize {
        self.line_starts.get(line).copied().unwrap_or(self.text.len())
    }

    /// One past the last byte of a line, its line feed included.
    fn line_end(&self, line: usize) -> usize {
        self.line_start(line + 1)
    }
}

impl SourceCode for Excerpts {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let (start, end) = (span.offset(), span.offset() + span.len());
        let excerpt = self
            .files
            .iter()
            .find(|excerpt| excerpt.base <= start && end <= excerpt.base + excerpt.text.len())
            .ok_or(MietteError::OutOfBounds)?;
        let (start, end) = (start - excerpt.base, end - excerpt.base);
        let first_line = excerpt.line_of(start).saturating_sub(lines_before);
        let last_line = excerpt.line_of(usize::max(start, end.saturating_sub(1)));
        let from = if lines_before == 0 { start } else { excerpt.line_start(first_line) };
        let to = if lines_after == 0 { end } else { excerpt.line_end(last_line + lines_after) };
        let line = excerpt.line_of(from);
        let column = excerpt.text.get(excerpt.line_start(line)..from).map_or(0, |text| text.chars().count());
        let shown = excerpt.text.get(from..to).ok_or(MietteError::OutOfBounds)?;
        Ok(Box::new(MietteSpanContents::new_named(
            excerpt.name.clone(),
            shown.as_bytes(),
            (excerpt.base + from, to - from).into(),
            line,
            column,
            shown.lines().count(),
        )))
    }
}
