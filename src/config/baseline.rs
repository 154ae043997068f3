//! The baseline: findings that a fleet had when it took routelint up, in a file of their own.
//!
//! One line for each, under its fingerprint, so that versions merge line by line, and one that is gone takes its line along.

use std::collections::BTreeSet;

use toml::de::DeTable;

use super::read::note_broken_lines;
use super::settings::{Mistake, Placed};
use super::table::{Fields, Notes};
use crate::source::FileId;

/// Findings that are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    /// Each with its fingerprint, in the order of the text.
    pub entries: Vec<BaselineEntry>,
}

/// A finding that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaselineEntry {
    /// What stays the same as long as the mistake does; the place is that of the whole entry.
    pub fingerprint: Placed<String>,
    /// Whether the entry has its lines for itself, so that it can be taken out.
    pub is_alone: bool,
    /// The rule.
    pub rule: String,
    /// The culprit's file, relative to the root of the project, for people.
    pub file: String,
    /// The host and the guests that it is about, for people.
    pub about: String,
    /// Why it is tolerated, if anybody said so.
    pub reason: Option<String>,
}

/// Version of the form.
const VERSION: i64 = 1;

/// Digits of a fingerprint.
const DIGITS: usize = 32;

const HEADER: &str = "\
# Findings that are known and do not fail. Those that are gone are told by `routelint check` and taken out by `routelint fix`.
";

/// Reads the text of a baseline.
///
/// # Errors
/// Everything that is wrong, in the order of the text.
pub fn read_baseline(text: &str, file: FileId) -> Result<Baseline, Vec<Mistake>> {
    let mut notes = Notes::new(file);
    let (document, errors) = DeTable::parse_recoverable(text);
    let baseline = Baseline { entries: entries(document.get_ref(), text, &mut notes) };
    note_broken_lines(&mut notes, text, &errors);
    let mut mistakes = notes.mistakes;
    mistakes.sort_by_key(|mistake| mistake.place);
    if mistakes.is_empty() { Ok(baseline) } else { Err(mistakes) }
}

fn entries(document: &DeTable<'_>, text: &str, notes: &mut Notes) -> Vec<BaselineEntry> {
    let mut fields = Fields::of_file(document);
    match fields.take("version") {
        None => {
            let start = notes.place(0..0);
            notes.add(start, format!("this is no baseline: `version = {VERSION}` is missing"));
        }
        Some(node) => {
            let number = node.get_ref().as_integer().and_then(|number| number.as_str().parse::<i64>().ok());
            if number != Some(VERSION) {
                let place = notes.place(node.span());
                notes.add(place, format!("this version of the form is not known; `version = {VERSION}` is"));
            }
        }
    }
    let table = fields.take("findings").and_then(|node| notes.table(node, "`findings`"));
    let mut entries = Vec::new();
    for (key, value) in table.into_iter().flatten() {
        let name = notes.key(key);
        if !is_fingerprint(&name.value) {
            notes.add(name.place, format!("`{}` is no fingerprint, which has {DIGITS} hexadecimal digits", name.value));
        }
        let bytes = key.span().start..value.span().end;
        let Some(mut entry) = notes.fields(value, &format!("`{}`", name.value)) else { continue };
        let mut said = |name| {
            let about = entry.about(name);
            entry.take(name).and_then(|node| notes.text(node, &about)).map(|text| text.value)
        };
        let (rule, file, about, reason) = (said("rule"), said("file"), said("about"), said("reason"));
        entry.finish(notes);
        let Some(rule) = rule else {
            notes.add(name.place, "the entry does not name its `rule`");
            continue;
        };
        let place = notes.place(bytes.clone());
        entries.push(BaselineEntry {
            fingerprint: Placed { value: name.value, place },
            is_alone: is_alone(text, bytes),
            rule,
            file: file.unwrap_or_default(),
            about: about.unwrap_or_default(),
            reason,
        });
    }
    fields.finish(notes);
    entries.sort_by_key(|entry| entry.fingerprint.place);
    entries
}

fn is_fingerprint(text: &str) -> bool {
    text.len() == DIGITS && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether nothing but space and a comment stands before and after some bytes on their lines.
fn is_alone(text: &str, bytes: std::ops::Range<usize>) -> bool {
    let before = text.get(..bytes.start).and_then(|before| before.rsplit('\n').next()).unwrap_or_default();
    let after = text.get(bytes.end..).and_then(|after| after.split('\n').next()).unwrap_or_default();
    before.trim().is_empty() && (after.trim().is_empty() || after.trim_start().starts_with('#'))
}

/// The text of a baseline: entries by file, rule and machines, whatever order they come in.
pub fn baseline_text(entries: &[BaselineEntry]) -> String {
    let mut entries: Vec<&BaselineEntry> = entries.iter().collect();
    entries.sort_by_key(|entry| (&entry.file, &entry.rule, &entry.about, &entry.fingerprint.value));
    let mut written = BTreeSet::new();
    let mut text = format!("{HEADER}version = {VERSION}\n\n[findings]\n");
    for entry in entries.into_iter().filter(|entry| written.insert(&entry.fingerprint.value)) {
        let reason = entry.reason.as_ref().map(|reason| format!(", reason = {}", quoted(reason))).unwrap_or_default();
        let [rule, file, about] = [&entry.rule, &entry.file, &entry.about].map(|text| quoted(text));
        let fingerprint = &entry.fingerprint.value;
        text.push_str(&format!("{fingerprint} = {{ rule = {rule}, file = {file}, about = {about}{reason} }}\n"));
    }
    text
}

/// A text as TOML writes it on one line.
fn quoted(text: &str) -> String {
    let is_plain = |letter: char| !letter.is_control() && !matches!(letter, '"' | '\\');
    if text.chars().all(is_plain) {
        return format!("\"{text}\"");
    }
    let escaped = text.chars().map(|letter| match letter {
        '"' | '\\' => format!("\\{letter}"),
        letter if letter.is_control() => format!("\\u{:04X}", u32::from(letter)),
        letter => letter.to_string(),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Place, Span};

    const ONE: &str = "0123456789abcdef0123456789abcdef";
    const TWO: &str = "fedcba9876543210fedcba9876543210";

    fn entry(fingerprint: &str, rule: &str, file: &str) -> BaselineEntry {
        let place = Place { file: FileId(0), span: Span::new(0, 0) };
        BaselineEntry {
            fingerprint: Placed { value: fingerprint.to_owned(), place },
            is_alone: true,
            rule: rule.to_owned(),
            file: file.to_owned(),
            about: "guest \"we\\b\"\n".to_owned(),
            reason: None,
        }
    }

    #[test]
    fn what_is_written_is_sorted_and_reads_the_same() {
        let entries = [entry(TWO, "index-zero", "b.nix"), entry(ONE, "mac-multicast", "a.nix")];
        let text = baseline_text(&entries);
        let read = read_baseline(&text, FileId(0)).unwrap();
        let said = |entries: &[BaselineEntry]| -> Vec<_> {
            entries.iter().map(|one| (one.fingerprint.value.clone(), one.rule.clone(), one.about.clone())).collect()
        };
        let mut sorted = said(&entries);
        sorted.reverse();
        assert_eq!(said(&read.entries), sorted);
        assert_eq!(baseline_text(&read.entries), text);
        assert!(read.entries.iter().all(|entry| entry.is_alone));
    }

    #[test]
    fn every_mistake_is_told() {
        let told = |text: &str| -> Vec<String> {
            let mistakes = read_baseline(text, FileId(0)).err().unwrap_or_default();
            mistakes.into_iter().map(|mistake| mistake.message).collect()
        };
        assert_eq!(told(""), ["this is no baseline: `version = 1` is missing"]);
        assert_eq!(told("version = 2\n"), ["this version of the form is not known; `version = 1` is"]);
        let text = format!("version = 1\n[findings]\nx = 1\n{ONE} = {{ rul = \"x\" }}\n{TWO} = {{ rule = \"x\" }}\n");
        assert_eq!(told(&text).len(), 4, "{:?}", told(&text));
        let twice = format!("version = 1\n[findings]\n{ONE} = {{ rule = \"x\" }}\n{ONE} = {{ rule = \"x\" }}\n");
        assert!(told(&twice).iter().any(|message| message.contains("duplicate key")), "{:?}", told(&twice));
    }

    #[test]
    fn an_entry_among_others_on_its_line_is_not_alone() {
        let text =
            format!("version = 1\nfindings = {{ {ONE} = {{ rule = \"x\" }}, {TWO} = {{ rule = \"y\" }} }} # both\n");
        let baseline = read_baseline(&text, FileId(0)).unwrap();
        assert_eq!(baseline.entries.iter().filter(|entry| entry.is_alone).count(), 0);
    }
}
