//! The files of networkd that NixOS would write for a machine.

use super::facts::{Fact, Listed};
use super::reader::Reader;
use crate::eval::Coercion;
use crate::heap::{Set, Value, View};
use crate::modules::EvalId;
use crate::schema::networkd_files::{FileKind, Form, Piece};
use crate::syntax::ExprId;

/// A file below `/etc/systemd`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkFile {
    /// Its path below `/etc/systemd`: `networkd.conf`, `network/10-eth.network`.
    pub path: String,
    /// Whether it is more than a link to `/dev/null`, which masks a file of that name elsewhere.
    pub is_enabled: Fact<bool>,
    /// Its lines.
    pub lines: Vec<FileLine>,
}

/// A line of such a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileLine {
    /// `[Name]`
    Section(&'static str),
    /// `Key=Value`; `None` if the value is not known.
    Setting(String, Option<String>),
    /// Text that somebody wrote.
    Text(String),
    /// An empty line.
    Blank,
    /// Here may be more that is not known: the option that it would come from.
    Unknown(String),
}

impl Reader<'_> {
    /// The files of a machine in the order of their paths. Incomplete if there may be further ones.
    pub(super) fn network_files(&mut self, machine: EvalId) -> Listed<NetworkFile> {
        self.quietly(|reader| {
            let mut listed = Listed::default();
            reader.named_files(machine, FileKind::Link, "links", &mut listed);
            let networkd = reader.option_truth(machine, &["systemd", "network", "enable"]);
            if networkd.may_be_true() {
                reader.global_file(machine, &mut listed);
                reader.named_files(machine, FileKind::Netdev, "netdevs", &mut listed);
                reader.named_files(machine, FileKind::Network, "networks", &mut listed);
            }
            listed.is_complete &= !networkd.is_unknown();
            listed.items.sort_by(|a, b| a.path.cmp(&b.path));
            listed
        })
    }

    fn global_file(&mut self, machine: EvalId, listed: &mut Listed<NetworkFile>) {
        let (value, _) = self.option_value(machine, &["systemd", "network", "config"]);
        let View::Attrs(config) = value.view() else {
            listed.is_complete = false;
            return;
        };
        let lines = self.file_lines(FileKind::Global, config);
        listed.items.push(NetworkFile { path: "networkd.conf".to_owned(), is_enabled: Fact::Absent, lines });
    }

    fn named_files(&mut self, machine: EvalId, kind: FileKind, option: &str, listed: &mut Listed<NetworkFile>) {
        let (value, _) = self.option_value(machine, &["systemd", "network", option]);
        let View::Attrs(set) = value.view() else {
            listed.is_complete = false;
            return;
        };
        listed.is_complete &= self.ev.heap.open_set_reason(set).is_none();
        for (name, config) in self.members(set) {
            let path = format!("network/{name}.{}", kind.name());
            let file = match config.view() {
                View::Attrs(config) => {
                    let enabled = self.part(config, "enable");
                    let is_enabled = self.truth(enabled, ExprId::NONE);
                    NetworkFile { path, is_enabled, lines: self.file_lines(kind, config) }
                }
                _ => {
                    let whole = format!("systemd.network.{option}.{name}");
                    NetworkFile { path, is_enabled: Fact::Unknown, lines: vec![FileLine::Unknown(whole)] }
                }
            };
            listed.items.push(file);
        }
    }

    fn file_lines(&mut self, kind: FileKind, config: Set) -> Vec<FileLine> {
        let mut lines = Vec::new();
        for Piece { option, form } in kind.layout() {
            let value = self.part(config, option);
            match form {
                Form::Section(name) | Form::Always(name) | Form::Open(name) => {
                    let (keys, is_complete) = self.keys_of(kind, option, value, config);
                    if !keys.is_empty() || !is_complete || !matches!(form, Form::Section(_)) {
                        self.push_section(name, option, keys, is_complete, &mut lines);
                        if !matches!(form, Form::Open(_)) {
                            lines.push(FileLine::Blank);
                        }
                    }
                }
                Form::Keys(key) => self.push_values(key, value, &mut lines),
                Form::Each(name, wrapper) => self.push_each(name, wrapper, option, value, &mut lines),
                Form::Blank => lines.push(FileLine::Blank),
                Form::Text => match self.line_value(value) {
                    Some(text) if text.is_empty() => {}
                    Some(text) => lines.push(FileLine::Text(text)),
                    None => lines.push(FileLine::Unknown((*option).to_owned())),
                },
            }
        }
        lines
    }

    /// The keys of a section with what other options of the file put there, and whether these are all.
    fn keys_of(&mut self, kind: FileKind, option: &str, value: Value, config: Set) -> (Vec<(String, Value)>, bool) {
        let (mut keys, is_complete) = match value.view() {
            View::Attrs(set) => (self.members(set), self.ev.heap.open_set_reason(set).is_none()),
            View::Null => (Vec::new(), true),
            _ => (Vec::new(), false),
        };
        let shorthands: &[(&str, &str)] = match (kind, option) {
            (FileKind::Network, "matchConfig") => &[("Name", "name")],
            (FileKind::Network, "networkConfig") => &[("DHCP", "DHCP"), ("Domains", "domains")],
            _ => &[],
        };
        for (key, option) in shorthands {
            let value = self.part(config, option);
            if !matches!(value.view(), View::Null) && !keys.iter().any(|(known, _)| known == key) {
                // A list of domains is one value, while other lists are a line for each element.
                let joined = self.ev.coerce(value, Coercion::More).map_or_else(|stop| stop.0, Value::string);
                keys.push(((*key).to_owned(), joined));
            }
        }
        if (kind, option) == (FileKind::Global, "networkConfig") {
            let tables = self.part(config, "routeTables");
            if let View::Attrs(tables) = tables.view() {
                let tables = self.members(tables);
                if !tables.is_empty() && !keys.iter().any(|(known, _)| known == "RouteTable") {
                    let texts: Vec<Value> = tables.iter().map(|(name, table)| self.route_table(name, *table)).collect();
                    keys.push(("RouteTable".to_owned(), self.ev.list(&texts)));
                }
            }
        }
        keys.sort_by(|(a, _), (b, _)| a.cmp(b));
        (keys, is_complete)
    }

    /// `name:number`, as networkd reads it.
    fn route_table(&mut self, name: &str, table: Value) -> Value {
        match self.line_value(table) {
            Some(number) => self.ev.heap.new_str(&format!("{name}:{number}")),
            None => table,
        }
    }

    fn push_section(
        &mut self,
        name: &'static str,
        option: &str,
        keys: Vec<(String, Value)>,
        is_complete: bool,
        lines: &mut Vec<FileLine>,
    ) {
        lines.push(FileLine::Section(name));
        for (key, value) in keys {
            self.push_values(&key, value, lines);
        }
        if !is_complete {
            lines.push(FileLine::Unknown(option.to_owned()));
        }
    }

    fn push_each(&mut self, name: &'static str, wrapper: &str, option: &str, value: Value, lines: &mut Vec<FileLine>) {
        let seq = match value.view() {
            View::List(seq) => seq,
            View::Null => return,
            _ => return lines.push(FileLine::Unknown(option.to_owned())),
        };
        for element in self.ev.heap.elements(seq) {
            let View::Attrs(set) = self.ev.force(element).view() else {
                lines.push(FileLine::Unknown(option.to_owned()));
                continue;
            };
            let section = match self.part(set, wrapper).view() {
                View::Attrs(wrapped) => wrapped,
                _ => set,
            };
            let is_complete = self.ev.heap.open_set_reason(section).is_none();
            let keys = self.members(section);
            self.push_section(name, option, keys, is_complete, lines);
            lines.push(FileLine::Blank);
        }
        if self.ev.heap.open_reason(seq).is_some() {
            lines.push(FileLine::Unknown(option.to_owned()));
        }
    }

    /// A line for each element of a list, one for anything else.
    fn push_values(&mut self, key: &str, value: Value, lines: &mut Vec<FileLine>) {
        let setting = |value| FileLine::Setting(key.to_owned(), value);
        let View::List(seq) = value.view() else {
            let value = self.line_value(value);
            return lines.push(setting(value));
        };
        for element in self.ev.heap.elements(seq) {
            let value = self.line_value(element);
            lines.push(setting(value));
        }
        if self.ev.heap.open_reason(seq).is_some() {
            lines.push(setting(None));
        }
    }

    /// A value as NixOS writes it: `true` and `false`, anything else as `toString` gives it (`toOption` in nixos/lib/systemd-lib.nix).
    fn line_value(&mut self, value: Value) -> Option<String> {
        let value = self.ev.force(value);
        match value.view() {
            View::Bool(truth) => Some(truth.to_string()),
            _ => self.ev.coerce(value, Coercion::More).ok().map(|text| self.ev.heap.text(text).into_owned()),
        }
    }

    /// An attribute, evaluated; null if there is none.
    fn part(&mut self, set: Set, name: &str) -> Value {
        let name = self.ev.heap.intern(name);
        self.ev.attribute(set, name).map_or(Value::NULL, |value| self.ev.force(value))
    }

    /// The attributes, evaluated, by name.
    fn members(&mut self, set: Set) -> Vec<(String, Value)> {
        let entries = self.ev.heap.entries(set).into_iter();
        entries.map(|(name, slot, _)| (self.ev.heap.name(name).to_owned(), self.ev.force_slot(slot))).collect()
    }
}
