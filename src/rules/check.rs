//! Running the rules.

use super::causes;
use super::context::Context;
use super::draft::Draft;
use super::finding::{Confidence, Finding, Severity};
use super::registry;
use super::rule::RuleInfo;
use super::settings::Settings;
use crate::fleet::Fleet;
use crate::source::FileId;

/// Everything that is wrong with a fleet: one finding for each mistake, in the order of the catalogue and of the fleet.
pub fn check(fleet: &Fleet, settings: &Settings) -> Vec<Finding> {
    let context = Context::new(fleet);
    let wanted = registry::all().iter().filter(|rule| settings.wants(rule.name));
    let drafts = wanted.flat_map(|rule| (rule.run)(&context).into_iter().map(move |draft| (rule, draft))).collect();
    let drafts = causes::merged(&context, causes::without_effects(drafts));
    drafts.into_iter().map(|(rule, draft)| finding(rule, draft, settings)).collect()
}

fn finding(rule: &'static RuleInfo, draft: Draft, settings: &Settings) -> Finding {
    let found = draft.severity.unwrap_or(rule.severity);
    // Only what is certain is an error.
    let found = if draft.is_possible { found.min(Severity::Warning) } else { found };
    Finding {
        rule: rule.name,
        severity: settings.severity(rule.name, rule.severity, found),
        confidence: if draft.is_possible { Confidence::Possible } else { Confidence::Certain },
        message: draft.message,
        help: draft.help,
        labels: draft.labels,
        fixes: draft.fixes,
    }
}

/// Sorts findings as they are reported: by path, place, rule and message. Numbers of files never decide.
pub fn sort(findings: &mut [Finding], path: impl Fn(FileId) -> String) {
    findings.sort_by_cached_key(|finding| {
        let place = finding.primary();
        let place = place.map(|place| (path(place.file), place.span.start));
        (place, finding.rule, finding.message.clone())
    });
}
