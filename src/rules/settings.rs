//! Which rules run, and how loud they are.
//!
//! What is said about a rule itself goes before what is said about a group that it was asked for by ([`OptIn`](super::OptIn)), and this before what is
//! said about the group of what it is about. The last never turns on a rule that wants to be asked for, and a group that is asked for never makes
//! a rule quieter that runs anyway.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashSet;

use super::finding::{Finding, Severity};
use super::registry;
use super::rule::{Activation, Group, OptIn, RuleInfo};
use crate::config::{self, LevelEntry};
use crate::source::FileId;

/// What the user wants of the rules. The default is every rule at its own severity, those left out that are to be asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Severities other than the rules' own, by name.
    pub levels: BTreeMap<String, Level>,
    /// Other levels for findings whose culprit lies in some files; a later entry goes before an earlier one.
    pub overrides: Vec<Override>,
    /// If not empty, only these rules run, whatever their level.
    pub only: BTreeSet<String>,
    /// These rules do not run.
    pub skip: BTreeSet<String>,
}

/// How loud a rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// It does not run.
    Off,
    /// Its findings have at most this severity; those that are less bad or less sure by circumstance stay so.
    At(Severity),
}

/// Levels in some files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Override {
    /// The files.
    pub files: FxHashSet<FileId>,
    /// Levels by the names of rules.
    pub levels: BTreeMap<String, Level>,
}

impl Settings {
    /// Whether a rule runs anywhere. A rule that does not run explains nothing either: its effects are reported.
    pub fn wants(&self, rule: &RuleInfo) -> bool {
        let is_on = |levels: &BTreeMap<String, Level>| matches!(levels.get(rule.name), Some(Level::At(_)));
        if self.skip.contains(rule.name) {
            return false;
        }
        if !self.only.is_empty() {
            return self.only.contains(rule.name);
        }
        self.level(rule, None) != Some(Level::Off) || self.overrides.iter().any(|change| is_on(&change.levels))
    }

    /// Whether findings of a rule are wanted whose culprit lies in a file.
    pub fn wants_in(&self, rule: &RuleInfo, file: Option<FileId>) -> bool {
        self.wants(rule) && (!self.only.is_empty() || self.level(rule, file) != Some(Level::Off))
    }

    /// The severity of a finding.
    pub(super) fn severity(&self, rule: &RuleInfo, file: Option<FileId>, found: Severity) -> Severity {
        match self.level(rule, file) {
            // A level for a rule replaces its default; what circumstances took away from the default is taken away from the level.
            Some(Level::At(level)) if found == rule.severity => level,
            Some(Level::At(level)) => found.min(level),
            Some(Level::Off) | None => found,
        }
    }

    /// Leaves the findings that are wanted, each with its severity.
    pub(super) fn apply(&self, findings: &mut Vec<Finding>) {
        findings.retain_mut(|finding| {
            let file = finding.primary().map(|place| place.file);
            let Some(rule) = super::find(finding.rule).filter(|rule| self.wants_in(rule, file)) else { return false };
            finding.severity = self.severity(rule, file, finding.severity);
            true
        });
    }

    fn level(&self, rule: &RuleInfo, file: Option<FileId>) -> Option<Level> {
        let here = self.overrides.iter().rev().filter(|change| file.is_some_and(|file| change.files.contains(&file)));
        let given = here.filter_map(|change| change.levels.get(rule.name)).next();
        let given = given.or_else(|| self.levels.get(rule.name)).copied();
        given.or_else(|| rule.activation.is_on_request().then_some(Level::Off))
    }

    /// Names in the settings that are no rule's, in alphabetical order.
    pub fn unknown_names(&self) -> Vec<&str> {
        let levels = self.overrides.iter().map(|change| &change.levels).chain([&self.levels]);
        let levels = levels.flat_map(BTreeMap::keys);
        let names: BTreeSet<&str> = levels.chain(&self.only).chain(&self.skip).map(String::as_str).collect();
        names.into_iter().filter(|name| super::find(name).is_none()).collect()
    }
}

/// Levels by rule from what a configuration says about rules and groups of rules: a rule's own level goes before its group's.
pub fn levels_of(entries: &[LevelEntry]) -> BTreeMap<String, Level> {
    let mut levels = BTreeMap::new();
    for rule in registry::all() {
        if let Some(entry) = entry_for(rule, entries) {
            levels.insert(rule.name.to_owned(), entry.level.into());
        }
    }
    levels
}

/// The entry of a configuration that decides about a rule.
pub fn entry_for<'a>(rule: &RuleInfo, entries: &'a [LevelEntry]) -> Option<&'a LevelEntry> {
    let named = |name: &str| entries.iter().find(|entry| entry.name.value == name);
    let about = || named(rule.group.word());
    let own = || match rule.activation {
        Activation::Always => about(),
        Activation::OnlyWith(group) => named(group.word()),
        Activation::LouderWith(group) => {
            let is_louder =
                |entry: &&LevelEntry| matches!(entry.level.into(), Level::At(level) if level > rule.severity);
            named(group.word()).filter(is_louder).or_else(about)
        }
    };
    named(rule.name).or_else(own)
}

/// The names of all groups that a configuration may give a level: first what rules are about, then those that are to be asked for.
pub fn group_names() -> Vec<&'static str> {
    Group::ALL.into_iter().map(Group::word).chain(OptIn::ALL.into_iter().map(OptIn::word)).collect()
}

impl From<config::Level> for Level {
    fn from(level: config::Level) -> Self {
        match level {
            config::Level::Off => Self::Off,
            config::Level::Note => Self::At(Severity::Note),
            config::Level::Warning => Self::At(Severity::Warning),
            config::Level::Error => Self::At(Severity::Error),
        }
    }
}

impl From<config::Threshold> for Severity {
    fn from(threshold: config::Threshold) -> Self {
        match threshold {
            config::Threshold::Note => Self::Note,
            config::Threshold::Warning => Self::Warning,
            config::Threshold::Error => Self::Error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use super::super::index_zero;
    use crate::config::Placed;
    use crate::source::{Place, Span};

    const WARNING: Severity = Severity::Warning;

    fn level(name: &str, level: Level) -> BTreeMap<String, Level> {
        BTreeMap::from([(name.to_owned(), level)])
    }

    #[test]
    fn the_last_override_of_a_file_decides_and_the_command_line_over_all() {
        let (here, there) = (Some(FileId(1)), Some(FileId(2)));
        let change = |levels| Override { files: FxHashSet::from_iter([FileId(1)]), levels };
        let mut settings = Settings {
            levels: level("index-zero", Level::Off),
            overrides: vec![
                change(level("index-zero", Level::At(Severity::Error))),
                change(level("index-zero", Level::At(Severity::Note))),
            ],
            ..Settings::default()
        };
        let rule = &index_zero::RULE;
        assert!(settings.wants(rule) && settings.wants_in(rule, here));
        assert!(!settings.wants_in(rule, there) && !settings.wants_in(rule, None));
        assert_eq!(settings.severity(rule, here, rule.severity), Severity::Note);
        settings.only.insert("index-zero".to_owned());
        assert!(settings.wants_in(rule, there) && !settings.wants_in(&super::super::mac_multicast::RULE, here));
        settings.skip.insert("index-zero".to_owned());
        assert!(!settings.wants_in(rule, here));
    }

    #[test]
    fn circumstances_count_whatever_the_level() {
        let at = |severity| Settings { levels: level("index-zero", Level::At(severity)), ..Settings::default() };
        assert_eq!(at(Severity::Error).severity(&index_zero::RULE, None, WARNING), WARNING);
        assert_eq!(at(WARNING).severity(&index_zero::RULE, None, Severity::Error), WARNING);
    }

    #[test]
    fn a_rule_that_wants_to_be_asked_for_is_asked_by_its_name_or_its_group() {
        let on_request = RuleInfo { activation: Activation::OnlyWith(OptIn::Pedantic), ..index_zero::RULE };
        let louder =
            RuleInfo { activation: Activation::LouderWith(OptIn::Pedantic), severity: WARNING, ..index_zero::RULE };
        let said = |rule: &RuleInfo, entries: &[(&str, config::Level)]| {
            let place = Place { file: FileId(0), span: Span::new(0, 0) };
            let entries: Vec<LevelEntry> = entries
                .iter()
                .map(|(name, level)| LevelEntry { name: Placed { value: (*name).to_owned(), place }, level: *level })
                .collect();
            let entry = entry_for(rule, &entries).map(|entry| entry.level.into());
            let levels = entry.map(|entry| level(rule.name, entry)).unwrap_or_default();
            let settings = Settings { levels, ..Settings::default() };
            settings.wants(rule).then(|| settings.severity(rule, None, rule.severity))
        };
        use config::Level::{Error, Note, Off};
        assert_eq!(said(&on_request, &[]), None);
        assert_eq!(said(&on_request, &[("addressing", Error)]), None);
        assert_eq!(said(&on_request, &[("pedantic", Note), ("addressing", Off)]), Some(Severity::Note));
        assert_eq!(said(&on_request, &[("index-zero", Error), ("pedantic", Off)]), Some(Severity::Error));
        assert_eq!(said(&louder, &[("pedantic", Error)]), Some(Severity::Error));
        assert_eq!(said(&louder, &[("pedantic", Note)]), Some(WARNING));
        assert_eq!(said(&louder, &[("pedantic", Off), ("addressing", Note)]), Some(Severity::Note));
    }
}
