//! Running the rules.

use super::causes;
use super::context::Context;
use super::draft::Draft;
use super::finding::{Confidence, Finding, Severity};
use super::registry;
use super::rule::{Group, RuleInfo};
use super::settings::Settings;
use super::shared_source;
use crate::fleet::Fleet;
use crate::source::FileId;

/// Everything that is wrong with a fleet: one finding for each mistake, in the order of the catalogue and of the fleet.
pub fn check(fleet: &Fleet, settings: &Settings) -> Vec<Finding> {
    let context = Context::new(fleet);
    let wanted = registry::all().iter().filter(|rule| settings.wants(rule));
    let drafts = wanted.flat_map(|rule| (rule.run)(&context).into_iter().map(move |draft| (rule, draft)));
    let is_wanted = |(rule, draft): &causes::Judged| settings.wants_in(rule, file_of(draft));
    let drafts = drafts.filter(is_wanted).collect();
    let mut drafts = causes::without_effects(drafts);
    shared_source::tell(&context, &mut drafts);
    let mut drafts = causes::merged(&context, drafts);
    // Merging can find the culprit in another file.
    drafts.retain(is_wanted);
    let is_guessed = |rule: &RuleInfo| fleet.is_guessed && rule.group != Group::Source;
    let drafts = drafts.into_iter().map(|(rule, draft)| (rule, draft.possible_if(is_guessed(rule))));
    drafts.map(|(rule, draft)| finding(&context, rule, draft, settings)).collect()
}

/// The file of the culprit.
fn file_of(draft: &Draft) -> Option<FileId> {
    draft.labels.first().map(|label| label.place.file)
}

fn finding(context: &Context<'_>, rule: &'static RuleInfo, draft: Draft, settings: &Settings) -> Finding {
    let found = draft.severity.unwrap_or(rule.severity);
    let severity = settings.severity(rule, file_of(&draft), found);
    Finding {
        rule: rule.name,
        // Only what is certain is an error, whatever the level.
        severity: if draft.is_possible { severity.min(Severity::Warning) } else { severity },
        confidence: if draft.is_possible { Confidence::Possible } else { Confidence::Certain },
        message: format!("{}: {}", draft.wrong, draft.breaks),
        consequence: draft.breaks,
        help: draft.help,
        labels: draft.labels,
        fixes: draft.fixes,
        subject: context.named(&draft.scope),
        fingerprint: String::new(),
    }
}

/// Sorts findings as they are reported: by path, place, rule and message, and the edits of each by path and place. Numbers of files never decide.
pub fn sort(findings: &mut [Finding], path: impl Fn(FileId) -> String) {
    findings.sort_by_cached_key(|finding| {
        let place = finding.primary();
        let place = place.map(|place| (path(place.file), place.span.start));
        (place, finding.rule, finding.message.clone())
    });
    for fix in findings.iter_mut().flat_map(|finding| &mut finding.fixes) {
        fix.edits.sort_by_cached_key(|edit| (path(edit.place.file), edit.place.span));
    }
}
