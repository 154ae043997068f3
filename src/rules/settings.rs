//! Which rules run, and how loud they are.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::Severity;

/// What the user wants of the rules. The default is every rule at its own severity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Severities other than the rules' own, by name.
    pub levels: BTreeMap<String, Level>,
    /// If not empty, only these rules run.
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

impl Settings {
    /// Whether a rule runs. A rule that does not run explains nothing either: its effects are reported.
    pub fn wants(&self, rule: &str) -> bool {
        (self.only.is_empty() || self.only.contains(rule))
            && !self.skip.contains(rule)
            && self.levels.get(rule) != Some(&Level::Off)
    }

    /// The severity of a finding.
    pub(super) fn severity(&self, rule: &str, default: Severity, found: Severity) -> Severity {
        match self.levels.get(rule) {
            // A level for a rule replaces its default; what circumstances took away from the default is taken away from the level.
            Some(Level::At(level)) if found == default => *level,
            Some(Level::At(level)) => found.min(*level),
            Some(Level::Off) | None => found,
        }
    }

    /// Names in the settings that are no rule's, in alphabetical order.
    pub fn unknown_names(&self) -> Vec<&str> {
        let names: BTreeSet<&str> =
            self.levels.keys().chain(&self.only).chain(&self.skip).map(String::as_str).collect();
        names.into_iter().filter(|name| super::find(name).is_none()).collect()
    }
}
