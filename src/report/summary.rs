//! Counting: the numbers of the summary, and the sentence at the end of the human report.

use serde::Serialize;

use super::Checked;
use crate::rules::Severity;

/// The summary of a run, as it stands in the JSON report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Summary {
    errors: usize,
    warnings: usize,
    notes: usize,
    suppressed: usize,
    hosts: usize,
    guests: usize,
    /// How many of the suppressed ones a baseline lists.
    baseline: usize,
}

impl Summary {
    pub(super) fn of(checked: &Checked<'_>) -> Self {
        let count = |severity| checked.findings.iter().filter(|finding| finding.severity == severity).count();
        let baseline = checked.baselined.map_or(0, <[_]>::len);
        Self {
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
            notes: count(Severity::Note),
            suppressed: checked.suppressed + baseline,
            hosts: checked.fleet.hosts.len(),
            guests: checked.fleet.guests.len(),
            baseline,
        }
    }

    /// The worst severity that occurs.
    pub(super) fn worst(self) -> Option<Severity> {
        match (self.errors, self.warnings, self.notes) {
            (1.., _, _) => Some(Severity::Error),
            (0, 1.., _) => Some(Severity::Warning),
            (0, 0, 1..) => Some(Severity::Note),
            (0, 0, 0) => None,
        }
    }

    /// What was found, and in how large a fleet.
    pub(super) fn sentence(self) -> String {
        let found = [(self.errors, "error"), (self.warnings, "warning"), (self.notes, "note")];
        let found: Vec<String> =
            found.into_iter().filter(|(count, _)| *count > 0).map(|(count, word)| counted(count, word)).collect();
        let found = if found.is_empty() { "no findings".to_owned() } else { found.join(", ") };
        let mut text = format!("{found} in {} and {}", counted(self.hosts, "host"), counted(self.guests, "guest"));
        let allowed = self.suppressed - self.baseline;
        for (count, by) in [(allowed, "allowed by comments"), (self.baseline, "in the baseline")] {
            if count > 0 {
                text.push_str(&format!("{} {count} {by}", if text.contains(';') { "," } else { ";" }));
            }
        }
        text
    }
}

/// A number with its noun in the singular or plural.
pub(super) fn counted(count: usize, word: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {word}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_names_what_there_is() {
        let summary = Summary { errors: 3, warnings: 1, notes: 0, suppressed: 0, hosts: 2, guests: 1, baseline: 0 };
        assert_eq!(summary.sentence(), "3 errors, 1 warning in 2 hosts and 1 guest");
        let summary = Summary { errors: 0, warnings: 0, notes: 0, suppressed: 5, hosts: 1, guests: 3, baseline: 3 };
        let sentence = "no findings in 1 host and 3 guests; 2 allowed by comments, 3 in the baseline";
        assert_eq!(summary.sentence(), sentence);
        assert_eq!(summary.worst(), None);
    }
}
