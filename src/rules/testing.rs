//! For tests of rules: what they say about a sketch of a fleet.

use super::finding::{Finding, Severity};
use super::settings::Settings;
use crate::fleet::sketch;

/// All findings about a sketch.
pub(super) fn findings(text: &str) -> Vec<Finding> {
    super::check(&sketch::fleet(text), &Settings::default())
}

/// The sketch gives these findings above note and no others: the rule, and the text under the first label.
pub(super) fn reports(text: &str, expected: &[(&str, &str)]) {
    let found = findings(text);
    let loud = found.iter().filter(|finding| finding.severity > Severity::Note);
    let found: Vec<(&str, &str)> = loud
        .map(|finding| (finding.rule, finding.primary().map_or("", |place| sketch::text_of(text, place))))
        .collect();
    assert_eq!(found, expected, "{:#?}\n{text}", findings(text));
}

/// The sketch is sound.
pub(super) fn silent(text: &str) {
    reports(text, &[]);
}

/// The only finding of a rule, with its severity.
pub(super) fn only(text: &str, rule: &str) -> Finding {
    let mut found: Vec<Finding> = findings(text).into_iter().filter(|finding| finding.rule == rule).collect();
    assert_eq!(found.len(), 1, "{:#?}", findings(text));
    found.remove(0)
}
