//! Which rules run, and how loud they are.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashSet;

use super::finding::{Finding, Severity};
use super::registry;
use crate::config::{self, LevelEntry};
use crate::source::FileId;

/// What the user wants of the rules. The default is every rule at its own severity.
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
    pub fn wants(&self, rule: &str) -> bool {
        let is_on = |levels: &BTreeMap<String, Level>| matches!(levels.get(rule), Some(Level::At(_)));
        let is_off = self.levels.get(rule) == Some(&Level::Off);
        if self.skip.contains(rule) {
            return false;
        }
        if !self.only.is_empty() {
            return self.only.contains(rule);
        }
        !is_off || self.overrides.iter().any(|change| is_on(&change.levels))
    }

    /// Whether findings of a rule are wanted whose culprit lies in a file.
    pub fn wants_in(&self, rule: &str, file: Option<FileId>) -> bool {
        self.wants(rule) && (!self.only.is_empty() || self.level(rule, file) != Some(Level::Off))
    }

    /// The severity of a finding.
    pub(super) fn severity(&self, rule: &str, file: Option<FileId>, default: Severity, found: Severity) -> Severity {
        match self.level(rule, file) {
            // A level for a rule replaces its default; what circumstances took away from the default is taken away from the level.
            Some(Level::At(level)) if found == default => level,
            Some(Level::At(level)) => found.min(level),
            Some(Level::Off) | None => found,
        }
    }

    /// Leaves the findings that are wanted, each with its severity; `default` is the one that their rules have.
    pub(super) fn apply(&self, findings: &mut Vec<Finding>, default: Severity) {
        let file = |finding: &Finding| finding.primary().map(|place| place.file);
        findings.retain(|finding| self.wants_in(finding.rule, file(finding)));
        for finding in findings {
            finding.severity = self.severity(finding.rule, file(finding), default, finding.severity);
        }
    }

    fn level(&self, rule: &str, file: Option<FileId>) -> Option<Level> {
        let here = self.overrides.iter().rev().filter(|change| file.is_some_and(|file| change.files.contains(&file)));
        here.filter_map(|change| change.levels.get(rule)).next().or_else(|| self.levels.get(rule)).copied()
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
pub fn entry_for<'a>(rule: &super::RuleInfo, entries: &'a [LevelEntry]) -> Option<&'a LevelEntry> {
    let named = |name: &str| entries.iter().find(|entry| entry.name.value == name);
    named(rule.name).or_else(|| named(rule.group.word()))
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
        assert!(settings.wants("index-zero") && settings.wants_in("index-zero", here));
        assert!(!settings.wants_in("index-zero", there) && !settings.wants_in("index-zero", None));
        assert_eq!(settings.severity("index-zero", here, WARNING, WARNING), Severity::Note);
        settings.only.insert("index-zero".to_owned());
        assert!(settings.wants_in("index-zero", there) && !settings.wants_in("mac-multicast", here));
        settings.skip.insert("index-zero".to_owned());
        assert!(!settings.wants_in("index-zero", here));
    }

    #[test]
    fn circumstances_count_whatever_the_level() {
        let settings = Settings { levels: level("index-zero", Level::At(Severity::Error)), ..Settings::default() };
        assert_eq!(settings.severity("index-zero", None, Severity::Error, WARNING), WARNING);
        assert_eq!(settings.severity("index-zero", None, WARNING, WARNING), Severity::Error);
    }
}
