//! What makes a finding the same finding tomorrow.
//!
//! Lines move, files grow, other findings come and go; a mistake that nobody touched keeps its fingerprint all the same. So it is made of the
//! rule, the file by its path inside the project, the machines that the finding is about, and the culprit's own text without white space
//! (which formatters change). What is equal in all of that is numbered in the order of reports.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use super::finding::Finding;
use crate::source::Place;

/// A change of what fingerprints are made of makes every finding a new one, so it must change this word and be told in the changelog.
const VERSION: &str = "routelint finding 1";

/// Bytes of the hash that are kept.
const LENGTH: usize = 16;

/// The culprit as it goes into a fingerprint.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Culprit {
    /// Path of the file, relative to the root of the project, with `/` between its parts.
    pub path: String,
    /// What stands at the place.
    pub text: String,
}

/// Gives each finding its fingerprint. The findings must be all of the run's, sorted as they are reported: equal ones are numbered.
pub fn identify(findings: &mut [Finding], culprit: impl Fn(Place) -> Culprit) {
    let mut equal: BTreeMap<(&str, Culprit, String), usize> = BTreeMap::new();
    for finding in findings {
        let mut culprit = finding.primary().map(&culprit).unwrap_or_default();
        culprit.text.retain(|character| !character.is_whitespace());
        let number = equal.entry((finding.rule, culprit.clone(), finding.subject.clone())).or_default();
        let parts = [VERSION, finding.rule, &culprit.path, &finding.subject, &culprit.text, &number.to_string()];
        *number += 1;
        finding.fingerprint = hash(&parts);
    }
}

/// The hash of some texts, in hexadecimal digits.
fn hash(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().take(LENGTH).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{Confidence, Label, Severity};
    use crate::source::{FileId, Span};

    /// A finding by its subject and the number of its place.
    fn finding(rule: &'static str, subject: &str, place: u32) -> Finding {
        let place = Place { file: FileId(0), span: Span::new(place, place) };
        Finding {
            rule,
            severity: Severity::Error,
            confidence: Confidence::Certain,
            message: format!("at {place:?}"),
            consequence: String::new(),
            help: String::new(),
            labels: vec![Label { place, text: String::new() }],
            fixes: Vec::new(),
            subject: subject.to_owned(),
            fingerprint: String::new(),
        }
    }

    fn prints(mut findings: Vec<Finding>, text: &str) -> Vec<String> {
        identify(&mut findings, |_| Culprit { path: "guests/web.nix".to_owned(), text: text.to_owned() });
        findings.into_iter().map(|finding| finding.fingerprint).collect()
    }

    #[test]
    fn a_finding_that_moved_or_was_formatted_is_the_same() {
        let before = prints(vec![finding("mac-multicast", "guest web", 5)], "[ 1 2 ]");
        assert_eq!(before, prints(vec![finding("mac-multicast", "guest web", 9)], "[\n  1\n  2\n]"));
        let others = vec![finding("index-zero", "guest web", 1), finding("mac-multicast", "guest db", 3)];
        let with_others = prints([others, vec![finding("mac-multicast", "guest web", 5)]].concat(), "[ 1 2 ]");
        assert_eq!(with_others.last(), before.first());
    }

    #[test]
    fn other_rules_machines_and_texts_are_others_and_equal_ones_are_numbered() {
        let same = || finding("mac-multicast", "guest web", 1);
        let mut all = prints(vec![same(), same(), finding("index-zero", "guest web", 1)], "5");
        all.extend(prints(vec![finding("mac-multicast", "guest db", 1)], "5"));
        all.extend(prints(vec![same()], "6"));
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!((all.len(), count), (5, 5));
        assert!(all.iter().all(|print| print.len() == 2 * LENGTH));
    }
}
