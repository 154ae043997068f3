//! What a configuration can say.
//!
//! The comments on fields are the descriptions in the JSON schema, so they speak to whoever writes the file.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::patterns::Patterns;
use crate::source::{FileId, Place};

/// Settings of routelint for one fleet. Paths are relative to this file.
#[derive(Clone, Debug, Default, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields, title = "routelint.toml")]
pub struct Settings {
    /// The file; `None` if there is none.
    #[schemars(skip)]
    pub file: Option<FileId>,
    /// The file's folder, absolute.
    #[schemars(skip)]
    pub folder: PathBuf,
    /// Lowest severity that makes the exit status 1: `note`, `warning` (the default) or `error`.
    pub fail_on: Option<Placed<Threshold>>,
    /// Whether what could not be understood fails too.
    pub strict: Option<Placed<bool>>,
    /// The NixOS release that the fleet runs, such as `25.11`, where the source does not tell.
    #[schemars(with = "Option<String>", regex(pattern = r"^[0-9]+\.(05|11)$"))]
    pub release: Option<Placed<Release>>,
    /// File of the findings that are known and do not fail; `routelint check --write-baseline` writes it.
    #[schemars(with = "Option<String>")]
    pub baseline: Option<Placed<PathBuf>>,
    /// Files and folders in which no hosts and guests are looked for. A pattern without `/` means a name at any depth.
    #[schemars(with = "Vec<String>")]
    #[schemars(default)]
    pub exclude: Patterns,
    /// Folders that hold inputs of the flake, by name. They may lie outside the project.
    #[schemars(with = "BTreeMap<String, String>")]
    #[schemars(default)]
    pub inputs: Vec<InputEntry>,
    /// Levels by rule or group of rules; a rule's own level goes before its group's.
    #[schemars(with = "BTreeMap<String, Level>")]
    #[schemars(default)]
    pub rules: Vec<LevelEntry>,
    /// What stands in reports.
    #[schemars(default)]
    pub report: Report,
    /// Other levels for some files; a later entry goes before an earlier one.
    #[schemars(default)]
    pub overrides: Vec<Override>,
    /// Hosts by name.
    #[schemars(with = "BTreeMap<String, HostEntry>")]
    #[schemars(default)]
    pub hosts: Vec<HostEntry>,
    /// Guests by name, or as `host/guest` where several hosts have a guest of that name.
    #[schemars(with = "BTreeMap<String, GuestEntry>")]
    #[schemars(default)]
    pub guests: Vec<GuestEntry>,
    /// Groups of guests that never run at the same time, by any name: what they share is no clash.
    #[schemars(with = "BTreeMap<String, Vec<String>>")]
    #[schemars(default)]
    pub exclusive: Vec<Exclusive>,
}

impl Settings {
    /// Whether the hosts and guests are named here, so that none need be looked for.
    pub fn names_machines(&self) -> bool {
        let hosts = self.hosts.iter().map(|host| &host.source);
        hosts.chain(self.guests.iter().map(|guest| &guest.source)).any(Source::is_given)
    }
}

/// What stands in reports.
#[derive(Clone, Debug, Default, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Report {
    /// Address of the page of a rule, with `{rule}` for its name: where `routelint rules --format html --output-dir DIR` was put.
    #[schemars(with = "Option<String>", regex(pattern = r"^https?://.*\{rule\}"))]
    pub rule_url: Option<Placed<String>>,
}

/// A host.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct HostEntry {
    /// The name.
    #[schemars(skip)]
    pub name: Placed<String>,
    /// What it is made of; if nothing is given, it is one that is found anyway.
    #[schemars(flatten)]
    pub source: Source,
    /// Guests that it runs, beside those that its `microvm.vms` and `microvm.autostart` name.
    #[schemars(default)]
    pub guests: Vec<Placed<String>>,
}

/// A guest.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct GuestEntry {
    /// The name, without the host.
    #[schemars(skip)]
    pub name: Placed<String>,
    /// What it is made of; if nothing is given, it is one that is found anyway.
    #[schemars(flatten)]
    pub source: Source,
    /// The host that runs it.
    pub host: Option<Placed<String>>,
}

impl GuestEntry {
    /// Whether it speaks of the guest `name` of `host`.
    pub fn is(&self, host: Option<&str>, name: &str) -> bool {
        let same_host = match (&self.host, host) {
            (Some(own), Some(host)) => own.value == host,
            (None, _) | (_, None) => true,
        };
        self.name.value == name && same_host
    }
}

/// What a machine is made of.
#[derive(Clone, Debug, Default, JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub struct Source {
    /// Path of attributes to the machine, such as `nixosConfigurations.server`: a system that `nixosSystem` made, its arguments (a set
    /// with `modules`), a module, or a list of modules. It is looked up in the outputs of the flake, or in the value of `file`.
    #[schemars(with = "Option<String>")]
    pub attribute: Option<Placed<Vec<String>>>,
    /// A Nix file whose value holds the machine, such as `hive.nix`.
    pub file: Option<Placed<PathBuf>>,
    /// Folder of the flake, if it is not this file's.
    pub flake: Option<Placed<PathBuf>>,
    /// Module files of the machine, beside what `attribute` or `file` gives.
    #[schemars(default)]
    pub modules: Vec<Placed<PathBuf>>,
    /// Arguments that its modules may take. In a flake, `inputs` and `self` are passed anyway.
    #[schemars(with = "BTreeMap<String, serde_json::Value>")]
    #[schemars(default)]
    pub special_args: toml::Table,
}

impl Source {
    /// Whether it says what the machine is made of.
    pub fn is_given(&self) -> bool {
        self.attribute.is_some() || self.file.is_some() || !self.modules.is_empty()
    }
}

/// A folder that holds an input.
#[derive(Clone, Debug)]
pub struct InputEntry {
    /// The input's name.
    pub name: Placed<String>,
    /// The folder, absolute.
    pub folder: Placed<PathBuf>,
}

/// The level of a rule or of a group of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelEntry {
    /// The rule or group.
    pub name: Placed<String>,
    /// How loud it is.
    pub level: Level,
}

/// Levels for some files.
#[derive(Clone, Debug, Default, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Override {
    /// Files and folders, relative to this file. A pattern without `/` means a name at any depth.
    #[schemars(with = "Vec<String>", required)]
    pub paths: Patterns,
    /// Levels by rule or group of rules, for findings whose first place lies in these files.
    #[schemars(with = "BTreeMap<String, Level>", required)]
    pub rules: Vec<LevelEntry>,
}

/// Guests that never run at the same time.
#[derive(Clone, Debug)]
pub struct Exclusive {
    /// What the group is called.
    pub name: Placed<String>,
    /// Names of its guests, or `host/guest`.
    pub guests: Vec<Placed<String>>,
}

/// How loud a rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub enum Level {
    /// It does not run.
    Off,
    /// Worth knowing; never fails a run unless `fail-on` says so.
    Note,
    /// Works today, or works only in part.
    Warning,
    /// Broken at run time. What is not certain stays a warning.
    Error,
}

impl Level {
    /// All, with the words that are written.
    pub const WORDS: [(&'static str, Self); 4] =
        [("off", Self::Off), ("note", Self::Note), ("warning", Self::Warning), ("error", Self::Error)];
}

/// A severity at which a run fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub enum Threshold {
    /// Anything.
    Note,
    /// Warnings and errors.
    Warning,
    /// Errors only.
    Error,
}

impl Threshold {
    /// All, with the words that are written.
    pub const WORDS: [(&'static str, Self); 3] =
        [("note", Self::Note), ("warning", Self::Warning), ("error", Self::Error)];
}

/// A NixOS release, such as 25.05.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Release {
    /// Two digits of the year.
    pub year: u16,
    /// Month: 5 or 11.
    pub month: u16,
}

/// A release as it is written: `25.05`.
pub fn parse_release(text: &str) -> Option<Release> {
    let (year, month) = text.split_once('.')?;
    let (year, month) = (year.parse().ok()?, month.parse().ok()?);
    matches!(month, 5 | 11).then_some(Release { year, month })
}

/// A value with the place where it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// Where it stands in the file.
    pub place: Place,
}

impl<T: JsonSchema> JsonSchema for Placed<T> {
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }

    fn inline_schema() -> bool {
        T::inline_schema()
    }
}

/// Something wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where.
    pub place: Place,
    /// What, in one sentence without a final full stop.
    pub message: String,
}

/// Words that a configuration may use and that other rooms define.
#[derive(Clone, Debug, Default)]
pub struct Vocabulary {
    /// Names of rules.
    pub rules: Vec<&'static str>,
    /// Names of groups of rules.
    pub groups: Vec<&'static str>,
}
