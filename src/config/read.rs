//! From the text of the file to settings.

use std::path::{Component, Path, PathBuf};

use rustc_hash::{FxHashMap, FxHashSet};
use toml::de::DeTable;

use super::patterns::Patterns;
use super::settings::{
    Exclusive, GuestEntry, HostEntry, InputEntry, Level, LevelEntry, Mistake, Override, Placed, Report, Settings,
    Source, Threshold, Vocabulary, parse_release,
};
use super::table::{Fields, Node, Notes, suggestion};
use crate::source::FileId;

/// Reads the text of a configuration whose paths are relative to the absolute folder `folder`.
///
/// # Errors
/// Everything that is wrong, in the order of the text.
pub fn read(text: &str, file: FileId, folder: &Path, vocabulary: &Vocabulary) -> Result<Settings, Vec<Mistake>> {
    let mut notes = Notes::new(file);
    let (document, errors) = DeTable::parse_recoverable(text);
    let mut settings = Reading { notes: &mut notes, folder, vocabulary }.settings(document.get_ref());
    settings.file = Some(file);
    note_broken_lines(&mut notes, text, &errors);
    let mut mistakes = notes.mistakes;
    mistakes.sort_by_key(|mistake| mistake.place);
    if mistakes.is_empty() { Ok(settings) } else { Err(mistakes) }
}

/// Notes what is no TOML, and forgets what else was noted on such lines: what stands there was guessed by the parser.
pub(super) fn note_broken_lines(notes: &mut Notes, text: &str, errors: &[toml::de::Error]) {
    if errors.is_empty() {
        return;
    }
    let ends: Vec<usize> = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect();
    let line = |offset: usize| ends.partition_point(|end| *end < offset);
    let broken: FxHashSet<usize> = errors.iter().filter_map(|error| Some(line(error.span()?.start))).collect();
    notes.mistakes.retain(|mistake| !broken.contains(&line(mistake.place.span.start as usize)));
    for error in errors {
        let place = notes.place(error.span().unwrap_or_default());
        let message = error.message().lines().collect::<Vec<_>>().join("; ");
        notes.add(place, format!("this is not TOML: {message}"));
    }
}

struct Reading<'a> {
    notes: &'a mut Notes,
    folder: &'a Path,
    vocabulary: &'a Vocabulary,
}

impl Reading<'_> {
    fn settings(&mut self, document: &DeTable<'_>) -> Settings {
        let mut fields = Fields::of_file(document);
        let settings = Settings {
            file: None,
            folder: self.folder.to_path_buf(),
            fail_on: fields.take("fail-on").and_then(|node| self.notes.word(node, "`fail-on`", &Threshold::WORDS)),
            strict: fields.take("strict").and_then(|node| self.notes.truth(node, "`strict`")),
            release: fields.take("release").and_then(|node| self.release(node)),
            baseline: fields.take("baseline").and_then(|node| {
                let written = self.notes.text(node, "`baseline`")?;
                self.inside(written, "`baseline`")
            }),
            exclude: fields.take("exclude").map(|node| self.patterns(node, "`exclude`")).unwrap_or_default(),
            inputs: fields.take("inputs").map(|node| self.inputs(node)).unwrap_or_default(),
            rules: fields.take("rules").map(|node| self.levels(node, "`rules`")).unwrap_or_default(),
            report: fields.take("report").map(|node| self.report(node)).unwrap_or_default(),
            overrides: fields.take("overrides").map(|node| self.overrides(node)).unwrap_or_default(),
            hosts: fields.take("hosts").map(|node| self.hosts(node)).unwrap_or_default(),
            guests: fields.take("guests").map(|node| self.guests(node)).unwrap_or_default(),
            exclusive: fields.take("exclusive").map(|node| self.exclusive(node)).unwrap_or_default(),
        };
        fields.finish(self.notes);
        self.pairs(&settings);
        settings
    }

    fn release(&mut self, node: Node<'_>) -> Option<Placed<super::Release>> {
        let written = self.notes.text(node, "`release`")?;
        let release = parse_release(&written.value);
        if release.is_none() {
            let message =
                format!("`{}` is no release; a release is written like \"25.05\" or \"25.11\"", written.value);
            self.notes.add(written.place, message);
        }
        release.map(|value| Placed { value, place: written.place })
    }

    fn patterns(&mut self, node: Node<'_>, about: &str) -> Patterns {
        let written = self.notes.texts(node, about);
        Patterns::new(written.clone()).unwrap_or_else(|mistakes| {
            for (position, reason) in mistakes {
                if let Some(pattern) = written.get(position) {
                    self.notes.add(pattern.place, format!("`{}` is no pattern for paths: {reason}", pattern.value));
                }
            }
            Patterns::default()
        })
    }

    fn inputs(&mut self, node: Node<'_>) -> Vec<InputEntry> {
        let Some(table) = self.notes.table(node, "`inputs`") else { return Vec::new() };
        let mut inputs = Vec::new();
        for (key, value) in table {
            let name = self.notes.key(key);
            let about = format!("input `{}`", name.value);
            if let Some(folder) = self.notes.text(value, &about).filter(|path| self.is_path(path, &about)) {
                let folder = Placed { value: normal(&self.folder.join(folder.value)), place: folder.place };
                inputs.push(InputEntry { name, folder });
            }
        }
        inputs
    }

    fn levels(&mut self, node: Node<'_>, about: &str) -> Vec<LevelEntry> {
        let Some(table) = self.notes.table(node, about) else { return Vec::new() };
        let mut levels = Vec::new();
        for (key, value) in table {
            let name = self.notes.key(key);
            let known = self.vocabulary.rules.iter().chain(&self.vocabulary.groups).copied();
            if !known.clone().any(|known| known == name.value) {
                let end = match super::nearest_of(&name.value, known) {
                    Some(nearest) => format!("; did you mean `{nearest}`?"),
                    None => "; `routelint rules` lists all".to_owned(),
                };
                self.notes.add(name.place, format!("there is no rule and no group `{}`{end}", name.value));
            }
            let level = self.notes.word(value, &format!("rule `{}`", name.value), &Level::WORDS);
            levels.extend(level.map(|level| LevelEntry { name, level: level.value }));
        }
        levels
    }

    fn report(&mut self, node: Node<'_>) -> Report {
        let Some(mut fields) = self.notes.fields(node, "`report`") else { return Report::default() };
        let written = fields.take("rule-url").and_then(|node| self.notes.text(node, "`rule-url` of `report`"));
        fields.finish(self.notes);
        let is_address = |url: &Placed<String>| {
            let is_plain = !url.value.contains(char::is_whitespace) && !url.value.contains(char::is_control);
            let is_web = url.value.starts_with("https://") || url.value.starts_with("http://");
            is_plain && is_web && url.value.contains("{rule}")
        };
        if let Some(wrong) = written.as_ref().filter(|url| !is_address(url)) {
            let message = "`rule-url` is the address of a rule's page with `{rule}` for its name, such as \"https://example.org/rules/{rule}.html\"";
            self.notes.add(wrong.place, message);
        }
        Report { rule_url: written.filter(is_address) }
    }

    fn overrides(&mut self, node: Node<'_>) -> Vec<Override> {
        let Some(elements) = node.get_ref().as_array() else {
            self.notes.wrong_kind(node, "`overrides`", "a list of tables, each begun with `[[overrides]]`");
            return Vec::new();
        };
        let mut overrides = Vec::new();
        for element in elements {
            let Some(mut fields) = self.notes.fields(element, "an override") else { continue };
            let (paths, rules) = (fields.take("paths"), fields.take("rules"));
            for (name, given) in [("paths", paths), ("rules", rules)] {
                if given.is_none() {
                    let place = self.notes.place(element.span());
                    self.notes.add(place, format!("an override needs `{name}`"));
                }
            }
            overrides.push(Override {
                paths: paths.map(|node| self.patterns(node, "`paths` of an override")).unwrap_or_default(),
                rules: rules.map(|node| self.levels(node, "`rules` of an override")).unwrap_or_default(),
            });
            fields.finish(self.notes);
        }
        overrides
    }

    fn hosts(&mut self, node: Node<'_>) -> Vec<HostEntry> {
        let Some(table) = self.notes.table(node, "`hosts`") else { return Vec::new() };
        let mut hosts = Vec::new();
        for (key, value) in table {
            let name = self.notes.key(key);
            let Some(mut fields) = self.notes.fields(value, &format!("host `{}`", name.value)) else { continue };
            let source = self.source(&mut fields);
            let about = fields.about("guests");
            let guests = fields.take("guests").map(|node| self.notes.texts(node, &about)).unwrap_or_default();
            fields.finish(self.notes);
            hosts.push(HostEntry { name, source, guests });
        }
        hosts
    }

    fn guests(&mut self, node: Node<'_>) -> Vec<GuestEntry> {
        let Some(table) = self.notes.table(node, "`guests`") else { return Vec::new() };
        let mut guests = Vec::new();
        for (key, value) in table {
            let whole = self.notes.key(key);
            let Some(mut fields) = self.notes.fields(value, &format!("guest `{}`", whole.value)) else { continue };
            let source = self.source(&mut fields);
            let about = fields.about("host");
            let given = fields.take("host").and_then(|node| self.notes.text(node, &about));
            fields.finish(self.notes);
            let place = whole.place;
            let (name, host) = match whole.value.split_once('/') {
                Some((host, name)) => {
                    if let Some(given) = &given {
                        self.notes.add(given.place, format!("the host of `{}` is in its name already", whole.value));
                    }
                    (name.to_owned(), Some(Placed { value: host.to_owned(), place }))
                }
                None => (whole.value, given),
            };
            guests.push(GuestEntry { name: Placed { value: name, place }, source, host });
        }
        guests
    }

    fn source(&mut self, fields: &mut Fields<'_>) -> Source {
        let mut path = |reading: &mut Self, key: &'static str| {
            let about = fields.about(key);
            fields.take(key).and_then(|node| {
                let written = reading.notes.text(node, &about)?;
                reading.inside(written, &about)
            })
        };
        let (file, flake) = (path(self, "file"), path(self, "flake"));
        let about = fields.about("attribute");
        let attribute = fields.take("attribute").and_then(|node| {
            let written = self.notes.text(node, &about)?;
            let names = crate::eval::path_names(&written.value);
            if names.is_empty() || names.iter().any(String::is_empty) {
                self.notes.add(written.place, format!("{about} is no path of attributes"));
                return None;
            }
            Some(Placed { value: names, place: written.place })
        });
        let about = fields.about("modules");
        let modules = fields.take("modules").map(|node| self.notes.texts(node, &about)).unwrap_or_default();
        let modules = modules.into_iter().filter_map(|path| self.inside(path, &about)).collect();
        let about = fields.about("special-args");
        let special_args = fields.take("special-args").map(|node| self.notes.anything(node, &about));
        let special_args = special_args.unwrap_or_default();
        let source = Source { attribute, file, flake, modules, special_args };
        self.fits_together(&source);
        source
    }

    /// Fields that mean nothing beside each other, or alone.
    fn fits_together(&mut self, source: &Source) {
        if let (Some(_), Some(flake)) = (&source.file, &source.flake) {
            self.notes.add(flake.place, "a machine comes from a `file` or from a `flake`, not from both");
        } else if let (Some(flake), None) = (&source.flake, &source.attribute) {
            self.notes.add(flake.place, "with `flake`, `attribute` tells which of its outputs the machine is");
        }
    }

    /// A path, made absolute, that stays inside the folder of the file.
    fn inside(&mut self, written: Placed<String>, about: &str) -> Option<Placed<PathBuf>> {
        if !self.is_path(&written, about) {
            return None;
        }
        let path = normal(&self.folder.join(&written.value));
        if !path.starts_with(self.folder) {
            let message = format!(
                "`{}` lies outside the folder of this file, where nothing is read; only `[inputs]` may lead there",
                written.value
            );
            self.notes.add(written.place, message);
            return None;
        }
        Some(Placed { value: path, place: written.place })
    }

    fn is_path(&mut self, written: &Placed<String>, about: &str) -> bool {
        let is_path = !written.value.is_empty() && !written.value.contains('\0');
        if !is_path {
            self.notes.add(written.place, format!("{about} must be the path of something"));
        }
        is_path
    }

    fn exclusive(&mut self, node: Node<'_>) -> Vec<Exclusive> {
        let Some(table) = self.notes.table(node, "`exclusive`") else { return Vec::new() };
        let mut groups = Vec::new();
        for (key, value) in table {
            let name = self.notes.key(key);
            let guests = self.notes.texts(value, &format!("exclusive group `{}`", name.value));
            if value.get_ref().is_array() && guests.len() < 2 {
                self.notes.add(name.place, format!("exclusive group `{}` needs two guests at least", name.value));
            }
            groups.push(Exclusive { name, guests });
        }
        groups
    }

    /// Hosts that do not exist, and guests that are given to two.
    fn pairs(&mut self, settings: &Settings) {
        let hosts = || settings.hosts.iter().map(|host| host.name.value.as_str());
        // Where hosts are found otherwise, it shows only later which there are.
        let is_final = settings.hosts.iter().any(|host| host.source.is_given());
        for guest in &settings.guests {
            let Some(host) = &guest.host else { continue };
            if is_final && !hosts().any(|known| known == host.value) {
                let end = suggestion(&host.value, hosts(), "hosts are");
                self.notes.add(host.place, format!("there is no host `{}`{end}", host.value));
            }
        }
        let guests = settings.guests.iter();
        let given = guests.filter_map(|guest| Some((guest.name.value.as_str(), guest.host.as_ref()?.value.as_str())));
        let mut given: FxHashMap<&str, &str> = given.collect();
        for host in &settings.hosts {
            for guest in &host.guests {
                let first = *given.entry(&guest.value).or_insert(&host.name.value);
                if first != host.name.value {
                    self.notes.add(guest.place, format!("guest `{}` is given to `{first}` already", guest.value));
                }
            }
        }
    }
}

/// The path without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => _ = result.pop(),
            part => result.push(part),
        }
    }
    result
}
