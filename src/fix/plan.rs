//! Which fixes are made together.

use rustc_hash::FxHashSet;

use crate::rules::{Finding, Fix, Safety};
use crate::source::{FileId, Span};

/// Which fixes are wanted.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The least safe kind that is made without asking: safe ones only, or unsafe ones too.
    pub safety: Safety,
}

impl Wanted {
    /// The first fix of a finding that is wanted.
    fn fix_of<'a>(&self, finding: &'a Finding) -> Option<&'a Fix> {
        let is_wanted = |fix: &&Fix| match fix.safety {
            Safety::Safe => true,
            Safety::Unsafe => self.safety == Safety::Unsafe,
            Safety::Display => false,
        };
        finding.fixes.iter().find(is_wanted).filter(|fix| !fix.edits.is_empty())
    }
}

/// A fix that is to be made, with its finding.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// What it cures.
    pub finding: &'a Finding,
    /// How.
    pub fix: &'a Fix,
}

/// Fixes that can be made at once, in the order of the findings: the first wanted one of each finding, unless it touches what an earlier one changes.
/// `is_open` says whether a finding is to be fixed, and whether a file may be changed.
pub fn plan<'a>(
    findings: &'a [Finding],
    wanted: &Wanted,
    is_open: impl Fn(&Finding) -> bool,
    may_change: impl Fn(FileId) -> bool,
) -> Vec<Step<'a>> {
    let mut taken: Vec<(FileId, Span)> = Vec::new();
    let mut made: FxHashSet<(FileId, Span, &str)> = FxHashSet::default();
    let mut steps = Vec::new();
    for finding in findings.iter().filter(|finding| is_open(finding)) {
        let Some(fix) = wanted.fix_of(finding) else { continue };
        let mut edits = fix.edits.iter().map(|edit| (edit.place.file, edit.place.span, edit.replacement.as_str()));
        if !edits.clone().all(|(file, ..)| may_change(file)) {
            continue;
        }
        let is_free = |(file, span, _): (FileId, Span, &str)| {
            !taken.iter().any(|(other, used)| *other == file && touch(span, *used))
        };
        // Two findings may ask for one and the same edit; then the second is cured with the first.
        if edits.clone().any(|edit| made.contains(&edit)) || !edits.clone().all(is_free) {
            continue;
        }
        taken.extend(edits.clone().map(|(file, span, _)| (file, span)));
        made.extend(&mut edits);
        steps.push(Step { finding, fix });
    }
    steps
}

/// Whether two edits are in each other's way: they overlap, or begin at the same place.
fn touch(one: Span, other: Span) -> bool {
    one.start == other.start || (one.start < other.end && other.start < one.end)
}
