//! Byte spans, places in files, and the line index that turns them into lines and columns.

/// A file that [`Sources`](super::Sources) has handed out, numbered in the order of reading.
///
/// The number depends on timing when several threads read, so it must never decide the order of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A half-open range of bytes, `start..end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The span from `start` to `end`.
    pub fn new(start: u32, end: u32) -> Self {
        Self { start, end }
    }

    /// The smallest span that covers both.
    pub fn cover(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// Whether `other` lies inside.
    pub fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }
}

/// A span in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file.
    pub file: FileId,
    /// The bytes in it.
    pub span: Span,
}

/// A position for people: both numbers count from 1, columns in Unicode characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineColumn {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// Where lines start, and how many characters stand before certain bytes, so that a column far into a long line is found at once.
#[derive(Debug)]
pub(super) struct LineIndex {
    starts: Vec<u32>,
    /// Characters before each block of [`BLOCK`] bytes.
    characters: Vec<u32>,
}

/// Bytes between two entries of [`LineIndex::characters`].
const BLOCK: usize = 512;

impl LineIndex {
    pub(super) fn new(text: &str) -> Self {
        let mut starts = vec![0];
        starts.extend(text.bytes().zip(1u32..).filter(|(byte, _)| *byte == b'\n').map(|(_, next)| next));
        let sum = |total: &mut u32, block: &[u8]| {
            let before = *total;
            *total = before.saturating_add(characters_in(block));
            Some(before)
        };
        let characters = text.as_bytes().chunks(BLOCK).scan(0, sum).collect();
        Self { starts, characters }
    }

    pub(super) fn line_column(&self, text: &str, offset: u32) -> LineColumn {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        let column = self.characters_before(text, offset).saturating_sub(self.characters_before(text, start));
        LineColumn { line: u32::try_from(line).unwrap_or(u32::MAX), column: column.saturating_add(1) }
    }

    pub(super) fn line_byte_column(&self, offset: u32) -> LineColumn {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        let column = offset.saturating_sub(start).saturating_add(1);
        LineColumn { line: u32::try_from(line).unwrap_or(u32::MAX), column }
    }

    fn characters_before(&self, text: &str, offset: u32) -> u32 {
        let end = usize::min(offset as usize, text.len());
        let block = end / BLOCK;
        let counted = self.characters.get(block).copied();
        // A text that ends with a block has no entry for the empty one behind it.
        let (counted, start) = match (counted, self.characters.last()) {
            (Some(counted), _) => (counted, block * BLOCK),
            (None, Some(last)) => (*last, (self.characters.len() - 1) * BLOCK),
            (None, None) => (0, 0),
        };
        counted + characters_in(text.as_bytes().get(start..end).unwrap_or_default())
    }
}

/// How many characters begin in these bytes of UTF-8.
fn characters_in(bytes: &[u8]) -> u32 {
    let count = bytes.iter().filter(|byte| (**byte & 0xC0) != 0x80).count();
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_lines_count_from_one() {
        let text = "a\nöä b\n";
        let index = LineIndex::new(text);
        assert_eq!(index.line_column(text, 0), LineColumn { line: 1, column: 1 });
        let b = u32::try_from(text.find('b').unwrap()).unwrap();
        assert_eq!(index.line_column(text, b), LineColumn { line: 2, column: 4 });
        let end = u32::try_from(text.len()).unwrap();
        assert_eq!(index.line_column(text, end), LineColumn { line: 3, column: 1 });
    }

    #[test]
    fn columns_in_a_long_line_are_those_of_a_short_one() {
        for length in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK] {
            let text = format!("first\n{}x", "ä".repeat(length));
            let index = LineIndex::new(&text);
            let at = |offset: usize| index.line_column(&text, u32::try_from(offset).unwrap());
            let column = |column: usize| LineColumn { line: 2, column: u32::try_from(column).unwrap() };
            assert_eq!(at(text.len() - 1), column(length + 1));
            assert_eq!(at(text.len()), column(length + 2));
        }
    }
}
