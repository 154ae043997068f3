//! Reading a table of TOML field by field, with every mistake noted and none of them final.

use serde::Deserialize as _;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::nearest::nearest_of;
use super::settings::{Mistake, Placed};
use crate::source::{FileId, Place, Span};

/// A value in the file.
pub(super) type Node<'t> = &'t Spanned<DeValue<'t>>;

/// Notes mistakes.
#[derive(Debug)]
pub(super) struct Notes {
    file: FileId,
    pub(super) mistakes: Vec<Mistake>,
}

impl Notes {
    pub(super) fn new(file: FileId) -> Self {
        Self { file, mistakes: Vec::new() }
    }

    /// The place of bytes of the file.
    pub(super) fn place(&self, bytes: std::ops::Range<usize>) -> Place {
        let number = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Place { file: self.file, span: Span::new(number(bytes.start), number(bytes.end)) }
    }

    pub(super) fn add(&mut self, place: Place, message: impl Into<String>) {
        self.mistakes.push(Mistake { place, message: message.into() });
    }

    pub(super) fn key(&self, key: &Spanned<DeString<'_>>) -> Placed<String> {
        Placed { value: key.get_ref().to_string(), place: self.place(key.span()) }
    }

    /// The fields of a table.
    pub(super) fn fields<'t>(&mut self, node: Node<'t>, about: &str) -> Option<Fields<'t>> {
        let table = self.table(node, about)?;
        Some(Fields { table, known: Vec::new(), about: about.to_owned() })
    }

    pub(super) fn table<'t>(&mut self, node: Node<'t>, about: &str) -> Option<&'t DeTable<'t>> {
        let table = node.get_ref().as_table();
        if table.is_none() {
            self.wrong_kind(node, about, "a table");
        }
        table
    }

    pub(super) fn text(&mut self, node: Node<'_>, about: &str) -> Option<Placed<String>> {
        match node.get_ref().as_str() {
            Some(text) => Some(Placed { value: text.to_owned(), place: self.place(node.span()) }),
            None => {
                self.wrong_kind(node, about, "a text in quotes");
                None
            }
        }
    }

    pub(super) fn texts(&mut self, node: Node<'_>, about: &str) -> Vec<Placed<String>> {
        match node.get_ref().as_array() {
            Some(elements) => elements.iter().filter_map(|element| self.text(element, about)).collect(),
            None => {
                self.wrong_kind(node, about, "a list of texts");
                Vec::new()
            }
        }
    }

    pub(super) fn truth(&mut self, node: Node<'_>, about: &str) -> Option<Placed<bool>> {
        match node.get_ref().as_bool() {
            Some(value) => Some(Placed { value, place: self.place(node.span()) }),
            None => {
                self.wrong_kind(node, about, "`true` or `false`");
                None
            }
        }
    }

    /// One of some words.
    pub(super) fn word<T: Copy>(&mut self, node: Node<'_>, about: &str, words: &[(&str, T)]) -> Option<Placed<T>> {
        let written = self.text(node, about)?;
        let found = words.iter().find(|(word, _)| *word == written.value);
        if found.is_none() {
            let known = words.iter().map(|(word, _)| *word);
            let end = suggestion(&written.value, known, "one of");
            self.add(written.place, format!("`{}` is no value of {about}{end}", written.value));
        }
        found.map(|(_, value)| Placed { value: *value, place: written.place })
    }

    /// A table of anything but dates.
    pub(super) fn anything(&mut self, node: Node<'_>, about: &str) -> toml::Table {
        if self.table(node, about).is_none() {
            return toml::Table::new();
        }
        if let Some(date) = date_in(node) {
            let place = self.place(date.span());
            self.add(place, format!("{about} holds a date, which Nix has no value for"));
        }
        toml::Table::deserialize(toml::de::ValueDeserializer::from(node.clone())).unwrap_or_default()
    }

    pub(super) fn wrong_kind(&mut self, node: Node<'_>, about: &str, wanted: &str) {
        let place = self.place(node.span());
        self.add(place, format!("{about} must be {wanted}, not {}", kind(node.get_ref())));
    }
}

/// Fields of a table, taken one by one; what is left at the end is a mistake.
#[derive(Debug)]
pub(super) struct Fields<'t> {
    table: &'t DeTable<'t>,
    known: Vec<&'static str>,
    about: String,
}

impl<'t> Fields<'t> {
    /// The fields of the whole file.
    pub(super) fn of_file(table: &'t DeTable<'t>) -> Self {
        Self { table, known: Vec::new(), about: String::new() }
    }

    /// A field, if it is written.
    pub(super) fn take(&mut self, name: &'static str) -> Option<Node<'t>> {
        self.known.push(name);
        self.table.get(name)
    }

    /// What a field is called in messages.
    pub(super) fn about(&self, name: &str) -> String {
        if self.about.is_empty() { format!("`{name}`") } else { format!("`{name}` of {}", self.about) }
    }

    /// Notes the fields that nobody took.
    pub(super) fn finish(self, notes: &mut Notes) {
        for (key, _) in self.table {
            let name: &str = key.get_ref();
            if !self.known.contains(&name) {
                let place = notes.place(key.span());
                let of = if self.about.is_empty() { String::new() } else { format!(" in {}", self.about) };
                let end = suggestion(name, self.known.iter().copied(), "known are");
                notes.add(place, format!("unknown key `{name}`{of}{end}"));
            }
        }
    }
}

/// The end of a message about a word that nobody knows: the nearest one, or all.
pub(super) fn suggestion<'a>(word: &str, known: impl Iterator<Item = &'a str> + Clone, all: &str) -> String {
    match nearest_of(word, known.clone()) {
        Some(nearest) => format!("; did you mean `{nearest}`?"),
        None => {
            let known: Vec<String> = known.map(|word| format!("`{word}`")).collect();
            format!("; {all} {}", known.join(", "))
        }
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// The nesting of values is limited by the parser.
fn date_in<'t>(node: Node<'t>) -> Option<Node<'t>> {
    match node.get_ref() {
        DeValue::Datetime(_) => Some(node),
        DeValue::Array(elements) => elements.iter().find_map(date_in),
        DeValue::Table(table) => table.iter().find_map(|(_, value)| date_in(value)),
        DeValue::String(_) | DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) => None,
    }
}
