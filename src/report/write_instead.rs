//! A fix as the lines that go and the lines that come.

use super::Checked;
use super::style::{harmless, one_line};
use crate::rules::{Edit, Fix};
use crate::source::FileId;

/// Neighbouring lines that a fix changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// The file.
    pub(super) file: FileId,
    /// Number of the first line that goes, or before which lines come; from 1.
    pub(super) line: usize,
    /// Lines as they are.
    pub(super) removed: Vec<String>,
    /// Lines as they will be.
    pub(super) added: Vec<String>,
}

/// The lines that a fix changes, by file in the order of the edits and then by line.
pub(super) fn changes(checked: &Checked<'_>, fix: &Fix) -> Vec<Change> {
    let mut files: Vec<FileId> = Vec::new();
    for edit in &fix.edits {
        if !files.contains(&edit.place.file) {
            files.push(edit.place.file);
        }
    }
    files.into_iter().flat_map(|file| changes_of_file(checked, fix, file)).collect()
}

fn changes_of_file(checked: &Checked<'_>, fix: &Fix, file: FileId) -> Vec<Change> {
    let Some(source) = checked.sources.file(file) else { return Vec::new() };
    let text: &str = &source.text;
    let mut edits: Vec<&Edit> = fix.edits.iter().filter(|edit| edit.place.file == file).collect();
    edits.sort_by_key(|edit| edit.place.span);

    let mut groups: Vec<(usize, usize, Vec<&Edit>)> = Vec::new();
    for edit in edits {
        let start = line_start(text, edit.place.span.start as usize);
        let end = line_end(text, edit.place.span.end as usize);
        match groups.last_mut() {
            Some((_, last_end, members)) if start <= *last_end => {
                *last_end = usize::max(*last_end, end);
                members.push(edit);
            }
            _ => groups.push((start, end, vec![edit])),
        }
    }
    groups.into_iter().filter_map(|(start, end, edits)| change(text, file, start, end, &edits)).collect()
}

fn change(text: &str, file: FileId, start: usize, end: usize, edits: &[&Edit]) -> Option<Change> {
    let mut new = String::new();
    let mut position = start;
    for edit in edits {
        new.push_str(text.get(position..edit.place.span.start as usize)?);
        new.push_str(&edit.replacement);
        position = edit.place.span.end as usize;
    }
    new.push_str(text.get(position..end)?);

    let old: Vec<&str> = text.get(start..end)?.lines().collect();
    let new: Vec<&str> = new.lines().collect();
    let before = old.iter().zip(&new).take_while(|(ours, theirs)| ours == theirs).count();
    let after = old.iter().skip(before).rev().zip(new.iter().skip(before).rev());
    let after = after.take_while(|(ours, theirs)| ours == theirs).count();
    let middle = |lines: &[&str]| -> Vec<String> {
        let count = lines.len().saturating_sub(before + after);
        lines.iter().skip(before).take(count).map(|line| harmless(line)).collect()
    };
    let (removed, mut added) = (middle(&old), middle(&new));
    if !removed.is_empty() {
        added.retain(|line| !line.trim().is_empty());
    }
    let line = text.get(..start)?.matches('\n').count() + before + 1;
    (!removed.is_empty() || !added.is_empty()).then_some(Change { file, line, removed, added })
}

fn line_start(text: &str, offset: usize) -> usize {
    text.get(..offset).and_then(|before| before.rfind('\n')).map_or(0, |feed| feed + 1)
}

fn line_end(text: &str, offset: usize) -> usize {
    text.get(offset..).and_then(|after| after.find('\n')).map_or(text.len(), |feed| offset + feed)
}

/// The title of a fix with what kind it is.
pub(super) fn title(fix: &Fix) -> String {
    match fix.safety {
        crate::rules::Safety::Safe => one_line(&fix.title),
        crate::rules::Safety::Unsafe => format!("{} (unsafe: look at it first)", one_line(&fix.title)),
        crate::rules::Safety::Display => format!("{} (an example)", one_line(&fix.title)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::Scene;
    use crate::rules::Safety;

    fn shown(text: &str, edits: &[(&str, &str)]) -> String {
        let scene = Scene::new(&[("host.nix", text)]);
        let edits = edits
            .iter()
            .map(|(old, new)| Edit { place: scene.place("host.nix", old), replacement: (*new).to_owned() })
            .collect();
        let fix = Fix { title: "x".to_owned(), safety: Safety::Safe, edits };
        let changes = changes(&scene.checked(&[]), &fix);
        changes
            .iter()
            .map(|change| {
                let removed = change.removed.iter().map(|line| format!("-{line}|"));
                let added = change.added.iter().map(|line| format!("+{line}|"));
                format!("{}:{}", change.line, removed.chain(added).collect::<String>())
            })
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn a_fix_is_shown_as_the_lines_that_change() {
        let text = "{\n  a = 1;\n  b = 2;\n  c = 3;\n}\n";
        assert_eq!(shown(text, &[("2", "7")]), "3:-  b = 2;|+  b = 7;|");
        assert_eq!(shown(text, &[("b = 2;", "")]), "3:-  b = 2;|");
        assert_eq!(shown(text, &[("1", "4"), ("3", "5")]), "2:-  a = 1;|+  a = 4;| 4:-  c = 3;|+  c = 5;|");
        assert_eq!(shown(text, &[("b = 2;", "b = 2;\n  d = 4;")]), "4:+  d = 4;|");
        assert_eq!(shown(text, &[("2;", "2;")]), "");
    }
}
