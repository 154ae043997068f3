//! For tests of rules: what they say about a sketch of a fleet.

use super::finding::{Finding, Severity};
use super::settings::{Level, Settings};
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

/// The only finding of a rule, with its severity; of a rule that wants to be asked for, it is asked for.
pub(super) fn only(text: &str, rule: &str) -> Finding {
    let mut found = of_rule(text, rule);
    assert_eq!(found.len(), 1, "{:#?}", findings(text));
    found.remove(0)
}

/// A rule says nothing about the sketch, asked for or not.
pub(super) fn never(text: &str, rule: &str) {
    assert_eq!(of_rule(text, rule), [], "{text}");
}

fn of_rule(text: &str, rule: &str) -> Vec<Finding> {
    let rule = super::find(rule).expect("a rule");
    let asked = rule.activation.is_on_request().then(|| (rule.name.to_owned(), Level::At(rule.severity)));
    let levels = asked.into_iter().collect();
    let mut found = super::check(&sketch::fleet(text), &Settings { levels, ..Settings::default() });
    found.retain(|finding| finding.rule == rule.name);
    found
}
