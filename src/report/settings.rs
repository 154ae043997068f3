//! `config show`: the settings that apply, as a `routelint.toml` that would say the same, each line with where it comes from.

use std::path::{Path, PathBuf};

use super::Paths;
use crate::config::{
    Exclusive, GuestEntry, HostEntry, Level, LevelEntry, Placed, Release, Settings, Source, Threshold,
};
use crate::rules::{self, Activation, Severity, entry_for};
use crate::source::{Place, Sources};

/// What applies, and what it is made of.
#[derive(Clone, Copy, Debug)]
pub struct Effective<'a> {
    /// What the file says.
    pub settings: &'a Settings,
    /// The release that the command line gives.
    pub release: Option<Release>,
    /// All inputs, those of the command line first.
    pub inputs: &'a [(String, PathBuf)],
    /// The files that places point into.
    pub sources: &'a Sources,
    /// How paths are written.
    pub paths: &'a Paths,
}

/// Column in which comments begin.
const COMMENTS: usize = 48;

/// The settings as text.
pub fn render(effective: &Effective<'_>) -> String {
    let settings = effective.settings;
    let mut text = Text { effective, lines: Vec::new() };
    text.lines.push(match settings.file {
        Some(file) => format!("# {}", effective.paths.of(effective.sources, file)),
        None => "# no configuration file".to_owned(),
    });
    text.general();
    text.inputs();
    text.header("[rules]");
    for rule in rules::all() {
        let entry = entry_for(rule, &settings.rules);
        let default = if rule.activation.is_on_request() { Level::Off } else { severity(rule.severity) };
        let level = entry.map_or(default, |entry| entry.level);
        let comment = match entry {
            Some(entry) if entry.name.value == rule.name => text.at(entry.name.place),
            Some(entry) => format!("{}, group {}", text.at(entry.name.place), entry.name.value),
            None => match rule.activation {
                Activation::OnlyWith(group) => format!("default; group {}", group.word()),
                Activation::Always | Activation::LouderWith(_) => "default".to_owned(),
            },
        };
        text.line(&format!("{} = {}", rule.name, word(level, &Level::WORDS)), &comment);
    }
    for change in &settings.overrides {
        text.header("[[overrides]]");
        let paths: Vec<String> = change.paths.written.iter().map(|path| quoted(&path.value)).collect();
        let place = change.paths.written.first().map(|path| text.at(path.place)).unwrap_or_default();
        text.line(&format!("paths = [{}]", paths.join(", ")), &place);
        for LevelEntry { name, level } in &change.rules {
            let comment = text.at(name.place);
            text.line(&format!("rules.{} = {}", name.value, word(*level, &Level::WORDS)), &comment);
        }
    }
    settings.hosts.iter().for_each(|host| text.host(host));
    settings.guests.iter().for_each(|guest| text.guest(guest));
    text.exclusive(&settings.exclusive);
    text.lines.join("\n") + "\n"
}

struct Text<'a> {
    effective: &'a Effective<'a>,
    lines: Vec<String>,
}

impl Text<'_> {
    fn at(&self, place: Place) -> String {
        self.effective.paths.locate(self.effective.sources, place)
    }

    fn header(&mut self, header: &str) {
        self.lines.push(String::new());
        self.lines.push(header.to_owned());
    }

    fn line(&mut self, setting: &str, comment: &str) {
        self.lines.push(format!("{setting:COMMENTS$} # {comment}"));
    }

    fn placed<T>(&mut self, key: &str, setting: Option<&Placed<T>>, write: impl Fn(&T) -> String) {
        if let Some(setting) = setting {
            let comment = self.at(setting.place);
            self.line(&format!("{key} = {}", write(&setting.value)), &comment);
        }
    }

    fn texts(&mut self, key: &str, texts: &[Placed<String>]) {
        if let Some(first) = texts.first() {
            let comment = self.at(first.place);
            let texts: Vec<String> = texts.iter().map(|text| quoted(&text.value)).collect();
            self.line(&format!("{key} = [{}]", texts.join(", ")), &comment);
        }
    }

    fn general(&mut self) {
        let settings = self.effective.settings;
        match &settings.fail_on {
            None => self.line("fail-on = \"warning\"", "default"),
            given => self.placed("fail-on", given.as_ref(), |threshold| word(*threshold, &Threshold::WORDS)),
        }
        match &settings.strict {
            None => self.line("strict = false", "default"),
            given => self.placed("strict", given.as_ref(), bool::to_string),
        }
        let release = |release: &Release| format!("\"{}.{:02}\"", release.year, release.month);
        match self.effective.release {
            Some(given) => self.line(&format!("release = {}", release(&given)), "command line"),
            None => self.placed("release", settings.release.as_ref(), release),
        }
        let folder = &settings.folder;
        self.placed("baseline", settings.baseline.as_ref(), |file| quoted(&relative(file, folder)));
        self.texts("exclude", &settings.exclude.written);
        self.placed("report.rule-url", settings.report.rule_url.as_ref(), |url| quoted(url));
    }

    fn inputs(&mut self) {
        if self.effective.inputs.is_empty() {
            return;
        }
        self.header("[inputs]");
        let own = &self.effective.settings.inputs;
        for (name, folder) in self.effective.inputs {
            let entry = own.iter().find(|entry| {
                entry.name.value == *name && self.effective.sources.canonical(&entry.folder.value) == *folder
            });
            let comment = entry.map_or("command line".to_owned(), |entry| self.at(entry.name.place));
            let folder = quoted(&folder.to_string_lossy());
            self.line(&format!("{} = {folder}", key(name)), &comment);
        }
    }

    fn host(&mut self, host: &HostEntry) {
        self.header(&format!("[hosts.{}]", key(&host.name.value)));
        self.source(&host.source);
        self.texts("guests", &host.guests);
    }

    fn guest(&mut self, guest: &GuestEntry) {
        match &guest.host {
            Some(host) if host.place == guest.name.place => {
                self.header(&format!("[guests.{}]", quoted(&format!("{}/{}", host.value, guest.name.value))));
                self.source(&guest.source);
            }
            host => {
                self.header(&format!("[guests.{}]", key(&guest.name.value)));
                self.source(&guest.source);
                self.placed("host", host.as_ref(), |host| quoted(host));
            }
        }
    }

    fn source(&mut self, source: &Source) {
        let folder = self.effective.settings.folder.clone();
        let path = |path: &PathBuf| relative(path, &folder);
        self.placed("attribute", source.attribute.as_ref(), |names| {
            let names: Vec<String> = names.iter().map(|name| crate::modules::show_name(name)).collect();
            quoted(&names.join("."))
        });
        self.placed("file", source.file.as_ref(), |file| quoted(&path(file)));
        self.placed("flake", source.flake.as_ref(), |flake| quoted(&path(flake)));
        let modules: Vec<Placed<String>> =
            source.modules.iter().map(|module| Placed { value: path(&module.value), place: module.place }).collect();
        self.texts("modules", &modules);
        for (name, value) in &source.special_args {
            self.lines.push(format!("special-args.{} = {value}", key(name)));
        }
    }

    fn exclusive(&mut self, groups: &[Exclusive]) {
        if !groups.is_empty() {
            self.header("[exclusive]");
        }
        for group in groups {
            self.texts(&key(&group.name.value), &group.guests);
        }
    }
}

fn severity(severity: Severity) -> Level {
    match severity {
        Severity::Note => Level::Note,
        Severity::Warning => Level::Warning,
        Severity::Error => Level::Error,
    }
}

fn word<T: PartialEq>(value: T, words: &[(&str, T)]) -> String {
    quoted(words.iter().find(|(_, known)| *known == value).map_or("", |(word, _)| word))
}

fn relative(path: &Path, folder: &Path) -> String {
    path.strip_prefix(folder).unwrap_or(path).to_string_lossy().into_owned()
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A key, in quotes where it needs them.
fn key(name: &str) -> String {
    let is_bare =
        !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter));
    if is_bare { name.to_owned() } else { quoted(name) }
}
