//! Edits applied to a text.

use crate::rules::Edit;

/// A text with edits of it made. `None` if they overlap, or do not fit the text.
pub fn patched(text: &str, edits: &[&Edit]) -> Option<String> {
    let mut edits = edits.to_vec();
    edits.sort_by_key(|edit| edit.place.span);
    let mut new = String::with_capacity(text.len() + edits.iter().map(|edit| edit.replacement.len()).sum::<usize>());
    let mut position = 0;
    for edit in edits {
        // An edit that begins before the end of the last one makes the range empty the wrong way round, which `get` refuses.
        new.push_str(text.get(position..edit.place.span.start as usize)?);
        new.push_str(&edit.replacement);
        position = edit.place.span.end as usize;
    }
    new.push_str(text.get(position..)?);
    Some(new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{FileId, Place, Span};

    fn edit(start: u32, end: u32, replacement: &str) -> Edit {
        let place = Place { file: FileId(0), span: Span::new(start, end) };
        Edit { place, replacement: replacement.to_owned() }
    }

    #[test]
    fn edits_are_made_from_left_to_right_whatever_their_order() {
        let edits = [edit(4, 5, "22"), edit(0, 1, ""), edit(2, 2, "x")];
        assert_eq!(patched("a b c", &edits.iter().collect::<Vec<_>>()).as_deref(), Some(" xb 22"));
    }

    #[test]
    fn edits_that_overlap_or_reach_beyond_the_end_are_refused() {
        let overlapping = [edit(0, 3, "x"), edit(2, 4, "y")];
        assert_eq!(patched("abcd", &overlapping.iter().collect::<Vec<_>>()), None);
        assert_eq!(patched("abcd", &[&edit(3, 9, "x")]), None);
        assert_eq!(patched("äb", &[&edit(1, 2, "x")]), None, "inside a character");
    }
}
