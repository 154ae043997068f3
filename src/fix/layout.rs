//! Where a binding or an element goes in the layout of its file, and what goes with one that is removed.
//!
//! Rules know places, not texts. An edit that only removes is widened here to the spaces and the line that would be left over; an edit that only
//! inserts and brings no space of its own gets a line of its own where its neighbour has one, else a space. Rules know a binding by the last name of
//! its path (`b` of `a.b = 1;`): what is removed takes the names before it along, and what is inserted there repeats them.

use crate::rules::{Edit, Finding};
use crate::source::{Place, Sources, Span};

/// Gives every edit of the findings its final place and text.
pub fn settle(findings: &mut [Finding], sources: &Sources) {
    let fixes = findings.iter_mut().flat_map(|finding| &mut finding.fixes);
    fixes.flat_map(|fix| &mut fix.edits).for_each(|edit| settle_edit(edit, sources));
}

/// Gives one edit its final place and text.
pub fn settle_edit(edit: &mut Edit, sources: &Sources) {
    if let Some(file) = sources.file(edit.place.file) {
        settled(edit, &file.text);
    }
}

fn settled(edit: &mut Edit, text: &str) {
    let span = edit.place.span;
    let (start, end) = (span.start as usize, span.end as usize);
    let (Some(before), Some(after)) = (text.get(..start), text.get(end..)) else { return };
    if edit.replacement.is_empty() {
        let is_binding = text.get(start..end).is_some_and(|removed| removed.ends_with(';'));
        let path = if is_binding { path_length(before) } else { 0 };
        let (left, right) = left_over(before.get(..start - path).unwrap_or_default(), after);
        let left = left + u32::try_from(path).unwrap_or(0);
        edit.place = Place { span: Span::new(span.start - left, span.end + right), ..edit.place };
    } else if start == end && edit.replacement.trim() == edit.replacement {
        let path = if edit.replacement.ends_with(';') { path_length(before) } else { 0 };
        let (outside, names) = before.split_at_checked(start - path).unwrap_or((before, ""));
        if let Some((at, indent)) = above_comments(outside, after).filter(|_| begins_neighbour(after)) {
            let separator = format!("\n{indent}");
            edit.place = Place { span: Span::new(at, at), ..edit.place };
            edit.replacement = format!("{names}{}{separator}", edit.replacement.replace('\n', &separator));
            return;
        }
        edit.replacement = match names {
            "" => on_its_own(&edit.replacement, before, after),
            names => format!("{}{names}", on_its_own(&edit.replacement, outside, after)),
        };
    }
}

/// How many bytes the names and dots have that stand before the last name of a path; 0 if it has one name only.
fn path_length(before: &str) -> usize {
    let mut rest = before;
    while let Some(path) = rest.strip_suffix('.') {
        match name_length(path).and_then(|length| path.get(..path.len() - length)) {
            Some(outside) => rest = outside,
            None => return 0,
        }
    }
    before.len() - rest.len()
}

/// How many bytes the name has that a text ends in: `a`, `"a"`, `${a}`.
fn name_length(path: &str) -> Option<usize> {
    let start = if let Some(quoted) = path.strip_suffix('"') {
        quoted.rfind('"')?
    } else if path.ends_with('}') {
        path.rfind("${")?
    } else {
        path.trim_end_matches(|letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '\'')).len()
    };
    Some(path.len() - start).filter(|length| *length > 0)
}

/// How many bytes before and after a removed text go with it.
fn left_over(before: &str, after: &str) -> (u32, u32) {
    let indent = before.len() - before.trim_end_matches([' ', '\t']).len();
    let trail = after.len() - after.trim_start_matches([' ', '\t']).len();
    let begins_line =
        before.len() == indent || before.get(..before.len() - indent).is_some_and(|text| text.ends_with('\n'));
    let rest = after.get(trail..).unwrap_or_default();
    let line_end = if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with('\n')) };
    let (left, right) = match (begins_line, line_end > 0 || rest.is_empty()) {
        (true, true) => (indent, trail + line_end),
        // Something else follows on the line and keeps the indentation.
        (true, false) => (0, trail),
        (false, true) => (indent, trail),
        // One space stays between the neighbours.
        (false, false) if indent > 0 => (0, trail),
        (false, false) => (0, 0),
    };
    (u32::try_from(left).unwrap_or(0), u32::try_from(right).unwrap_or(0))
}

/// Where the comments begin that stand on the lines right above a neighbour and belong to it, with their indentation. What is inserted before the neighbour
/// goes before them, so that they keep what they speak of.
fn above_comments<'t>(before: &'t str, after: &str) -> Option<(u32, &'t str)> {
    let (above, line) = before.rsplit_once('\n')?;
    if !line.trim().is_empty() || after.is_empty() {
        return None;
    }
    let mut start = None;
    let mut end = above.len();
    for line in above.rsplit('\n') {
        let begin = end - line.len();
        let text = line.trim_start_matches([' ', '\t']);
        if !text.starts_with('#') {
            break;
        }
        start = Some((begin + line.len() - text.len(), line.get(..line.len() - text.len())?));
        end = begin.saturating_sub(1);
    }
    let (at, indent) = start?;
    Some((u32::try_from(at).ok()?, indent))
}

/// Whether a binding or element begins there.
fn begins_neighbour(after: &str) -> bool {
    after.chars().next().is_some_and(|next| !next.is_whitespace() && !matches!(next, '}' | ']'))
}

/// A text to insert with the space that it needs around it; each of its lines is a binding or element.
fn on_its_own(text: &str, before: &str, after: &str) -> String {
    let is_before_neighbour = begins_neighbour(after);
    let line = &before.get(before.rfind('\n').map_or(0, |feed| feed + 1)..).unwrap_or_default();
    let indent: String = line.chars().take_while(|letter| matches!(letter, ' ' | '\t')).collect();
    if is_before_neighbour {
        let separator = if line.trim().is_empty() { format!("\n{indent}") } else { " ".to_owned() };
        return format!("{}{separator}", text.replace('\n', &separator));
    }
    // The neighbour stands before. If it fills its lines alone, so does what is inserted.
    let is_alone = after.trim_start_matches([' ', '\t']).starts_with(['\n', '\r', '#']) && ends_line_alone(before);
    let separator = if is_alone { format!("\n{indent}") } else { " ".to_owned() };
    format!("{separator}{}", text.replace('\n', &separator))
}

/// Whether the last line holds one binding or element only.
fn ends_line_alone(before: &str) -> bool {
    let line = before.get(before.rfind('\n').map_or(0, |feed| feed + 1)..).unwrap_or_default();
    let inner = line.trim().trim_end_matches(';');
    before.contains('\n') && !inner.contains(';') && !inner.starts_with(['{', '['])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fix::patched;
    use crate::source::FileId;

    /// `<` and `>` mark what is replaced.
    fn edited(marked: &str, replacement: &str) -> String {
        let start = marked.find('«').unwrap();
        let end = marked.find('»').unwrap() - '«'.len_utf8();
        let text = marked.replace(['«', '»'], "");
        let span = Span::new(u32::try_from(start).unwrap(), u32::try_from(end).unwrap());
        let mut edit = Edit { place: Place { file: FileId(0), span }, replacement: replacement.to_owned() };
        settled(&mut edit, &text);
        patched(&text, &[&edit]).unwrap()
    }

    #[test]
    fn a_removed_binding_takes_its_line_or_its_space_along() {
        let table = [
            ("{\n  a = 1;\n  «b = 2;»\n  c = 3;\n}", "{\n  a = 1;\n  c = 3;\n}"),
            ("{\r\n  «b = 2;»\r\n  c = 3;\r\n}", "{\r\n  c = 3;\r\n}"),
            ("{ a = 1; «b = 2;» c = 3; }", "{ a = 1; c = 3; }"),
            ("{ «b = 2;» }", "{ }"),
            ("{\n  «a = 1;» b = 2;\n}", "{\n  b = 2;\n}"),
            ("{\n  a = 1; «b = 2;»\n}", "{\n  a = 1;\n}"),
            ("{\n  «b = 2;» # why\n}", "{\n  # why\n}"),
            ("{a=1;«b=2;»c=3;}", "{a=1;c=3;}"),
            ("«b = 2;»", ""),
            ("{\n  x.\"y.z\".«b = 2;»\n  c = 3;\n}", "{\n  c = 3;\n}"),
            ("{ a = 1; x.${y}.«b = 2;» }", "{ a = 1; }"),
        ];
        for (marked, expected) in table {
            assert_eq!(edited(marked, ""), expected, "{marked}");
        }
    }

    #[test]
    fn an_inserted_binding_follows_the_layout_of_its_neighbour() {
        let table = [
            ("{\n  «»a = 1;\n}", "{\n  x = 0;\n  a = 1;\n}"),
            ("{ «»a = 1; }", "{ x = 0; a = 1; }"),
            ("{\n  a = 1;«»\n}", "{\n  a = 1;\n  x = 0;\n}"),
            ("{\n  a = 1;«» # why\n}", "{\n  a = 1;\n  x = 0; # why\n}"),
            ("{ a = 1;«» }", "{ a = 1; x = 0; }"),
            ("{\n  a = 1; b = 2;«»\n}", "{\n  a = 1; b = 2; x = 0;\n}"),
            ("{ a = {\n    b = 1;«»\n  }; }", "{ a = {\n    b = 1;\n    x = 0;\n  }; }"),
            ("{\n  p.\"q\".«»a = 1;\n}", "{\n  p.\"q\".x = 0;\n  p.\"q\".a = 1;\n}"),
            ("{ p.«»a = 1; }", "{ p.x = 0; p.a = 1; }"),
            ("{\n  # why a\n  «»a = 1;\n}", "{\n  x = 0;\n  # why a\n  a = 1;\n}"),
            (
                "{\n  b = 2; # why b\n  # why\n  # a\n  p.«»a = 1;\n}",
                "{\n  b = 2; # why b\n  p.x = 0;\n  # why\n  # a\n  p.a = 1;\n}",
            ),
            ("# file\n{\n  # why a\n\n  «»a = 1;\n}", "# file\n{\n  # why a\n\n  x = 0;\n  a = 1;\n}"),
            ("# why a\n«»a = 1;", "x = 0;\n# why a\na = 1;"),
        ];
        for (marked, expected) in table {
            assert_eq!(edited(marked, "x = 0;"), expected, "{marked}");
        }
    }

    #[test]
    fn what_brings_its_own_space_or_replaces_is_taken_as_it_is() {
        assert_eq!(edited("{ a = «»1; }", "lib.mkForce "), "{ a = lib.mkForce 1; }");
        assert_eq!(edited("{ a = «1»; }", "2"), "{ a = 2; }");
    }
}
