//! The baseline: findings that are known and do not fail, until they are gone.
//!
//! A finding is known if its fingerprint stands in the file. What is wrong with the source itself is never known: nobody can tell what it hides. An entry
//! that matches nothing is a finding itself, so that the file only shrinks.

use std::collections::BTreeSet;

use super::context::Context;
use super::draft::Draft;
use super::find;
use super::finding::{Confidence, Edit, Finding, Fix, Label, Safety, Severity};
use super::rule::{Activation, FixKind, Group, RuleInfo};
use super::settings::Settings;
use crate::config::{Baseline, BaselineEntry};

pub(super) const STALE: RuleInfo = RuleInfo {
    name: "stale-baseline-entry",
    severity: Severity::Warning,
    group: Group::Source,
    fix: FixKind::Automatic,
    activation: Activation::Always,
    page: include_str!("stale_baseline_entry.md"),
    explains: &[],
    run: nothing,
};

/// Facts of a fleet hold no baseline: the rule is judged when it is applied.
fn nothing(_: &Context<'_>) -> Vec<Draft> {
    Vec::new()
}

/// Findings after the baseline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// What is new.
    pub new: Vec<Finding>,
    /// What is known.
    pub known: Vec<Finding>,
    /// Findings about entries that match nothing.
    pub stale: Vec<Finding>,
}

/// Parts the findings of a run, which have their fingerprints, into new and known ones. Without `is_complete`, not everything about the fleet was
/// understood, and a finding that is not there may only not be seen.
pub fn apply_baseline(findings: Vec<Finding>, baseline: &Baseline, settings: &Settings, is_complete: bool) -> Compared {
    let mut stale: Vec<Finding> = stale_entries(&findings, baseline, settings)
        .into_iter()
        .map(|entry| stale_finding(entry, is_complete))
        .collect();
    settings.apply(&mut stale);
    let listed: BTreeSet<&str> = baseline.entries.iter().map(|entry| entry.fingerprint.value.as_str()).collect();
    let is_known = |finding: &Finding| may_be_known(finding) && listed.contains(finding.fingerprint.as_str());
    let (known, new) = findings.into_iter().partition(is_known);
    Compared { new, known, stale }
}

/// Whether a finding may stand in a baseline.
pub fn may_be_known(finding: &Finding) -> bool {
    let about_source = find(finding.rule).is_some_and(|rule| rule.group == Group::Source);
    finding.rule != STALE.name && !(about_source && finding.severity == Severity::Error)
}

/// The entries that none of the findings of a run has. A rule that does not run cannot show whether its entry is needed.
pub fn stale_entries<'a>(findings: &[Finding], baseline: &'a Baseline, settings: &Settings) -> Vec<&'a BaselineEntry> {
    let may = findings.iter().filter(|finding| may_be_known(finding));
    let found: BTreeSet<&str> = may.map(|finding| finding.fingerprint.as_str()).collect();
    let has_run = |entry: &BaselineEntry| find(&entry.rule).is_none_or(|rule| settings.wants(rule));
    let entries = baseline.entries.iter();
    entries.filter(|entry| has_run(entry) && !found.contains(entry.fingerprint.value.as_str())).collect()
}

fn stale_finding(entry: &BaselineEntry, is_complete: bool) -> Finding {
    let about = if entry.about.is_empty() { String::new() } else { format!(" ({})", entry.about) };
    let file = if entry.file.is_empty() { String::new() } else { format!(" in {}", entry.file) };
    let mistake = format!("`{}`{file}{about}", entry.rule);
    let (wrong, severity, safety) = if is_complete {
        (format!("the known mistake {mistake} is gone"), STALE.severity, Safety::Safe)
    } else {
        let wrong = format!("the known mistake {mistake} is gone, or not seen, because not everything was understood");
        (wrong, Severity::Note, Safety::Unsafe)
    };
    let consequence = "its entry would only hide the next one like it";
    let place = entry.fingerprint.place;
    let edits = vec![Edit { place, replacement: String::new() }];
    let fixes = vec![Fix { title: "Remove the entry".to_owned(), safety, edits }];
    Finding {
        rule: STALE.name,
        severity,
        confidence: if is_complete { Confidence::Certain } else { Confidence::Possible },
        message: format!("{wrong}: {consequence}"),
        consequence: consequence.to_owned(),
        help: "remove the entry".to_owned(),
        labels: vec![Label { place, text: "no finding matches this".to_owned() }],
        fixes: if entry.is_alone { fixes } else { Vec::new() },
        subject: entry.about.clone(),
        fingerprint: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Placed;
    use crate::source::{FileId, Place, Span};

    fn finding(rule: &'static str, fingerprint: &str, severity: Severity) -> Finding {
        Finding {
            rule,
            severity,
            confidence: Confidence::Certain,
            message: String::new(),
            consequence: String::new(),
            help: String::new(),
            labels: Vec::new(),
            fixes: Vec::new(),
            subject: String::new(),
            fingerprint: fingerprint.to_owned(),
        }
    }

    fn entry(rule: &str, fingerprint: &str) -> BaselineEntry {
        let place = Place { file: FileId(0), span: Span::new(3, 9) };
        BaselineEntry {
            fingerprint: Placed { value: fingerprint.to_owned(), place },
            is_alone: true,
            rule: rule.to_owned(),
            file: "a.nix".to_owned(),
            about: "guest web".to_owned(),
            reason: None,
        }
    }

    #[test]
    fn what_is_listed_is_known_and_what_is_listed_in_vain_is_told() {
        let findings = vec![
            finding("index-zero", "1", Severity::Error),
            finding("index-zero", "2", Severity::Error),
            finding("syntax-error", "3", Severity::Error),
        ];
        let entries = vec![entry("index-zero", "1"), entry("syntax-error", "3"), entry("mac-multicast", "4")];
        let baseline = Baseline { entries };
        let prints = |findings: &[Finding]| -> Vec<String> {
            findings.iter().map(|finding| finding.fingerprint.clone()).collect()
        };
        let compared = apply_baseline(findings.clone(), &baseline, &Settings::default(), true);
        assert_eq!(
            (prints(&compared.known), prints(&compared.new)),
            (vec!["1".to_owned()], vec!["2".into(), "3".into()])
        );
        let levels: Vec<_> = compared.stale.iter().map(|finding| (finding.severity, finding.fixes[0].safety)).collect();
        assert_eq!(levels, [(Severity::Warning, Safety::Safe); 2]);

        let compared = apply_baseline(findings.clone(), &baseline, &Settings::default(), false);
        let levels: Vec<_> = compared.stale.iter().map(|finding| (finding.severity, finding.fixes[0].safety)).collect();
        assert_eq!(levels, [(Severity::Note, Safety::Unsafe); 2], "nobody knows");

        let only = Settings { only: ["index-zero".to_owned()].into(), ..Settings::default() };
        assert!(apply_baseline(findings, &baseline, &only, true).stale.is_empty(), "the other rules did not run");
    }
}
