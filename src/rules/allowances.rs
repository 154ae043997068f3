//! Allowances: `# routelint: allow(rule) reason` on the line of a culprit or the line above it, `# routelint: allow-file(rule) reason`
//! anywhere in its file.
//!
//! An allowance that silences nothing, names no rule or cannot be read is a finding itself, so that none outlives its reason.

use std::collections::BTreeSet;

use super::context::Context;
use super::draft::Draft;
use super::finding::{Confidence, Finding, Label, Severity};
use super::rule::{FixKind, Group, RuleInfo};
use super::settings::Settings;
use super::{find, names};
use crate::source::{FileId, Place};
use crate::syntax::ir::Directive;

pub(super) const UNUSED: RuleInfo = RuleInfo {
    name: "unused-allowance",
    severity: Severity::Warning,
    group: Group::Source,
    fix: FixKind::Manual,
    page: include_str!("unused_allowance.md"),
    explains: &[],
    run: nothing,
};

pub(super) const UNKNOWN: RuleInfo = RuleInfo {
    name: "unknown-rule-allowed",
    severity: Severity::Warning,
    group: Group::Source,
    fix: FixKind::Manual,
    page: include_str!("unknown_rule_allowed.md"),
    explains: &[],
    run: nothing,
};

/// Facts of a fleet hold no comments: both rules are judged when allowances are applied.
fn nothing(_: &Context<'_>) -> Vec<Draft> {
    Vec::new()
}

/// Findings after allowances.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// What is left, and findings about allowances.
    pub findings: Vec<Finding>,
    /// How many were silenced.
    pub suppressed: usize,
}

/// Takes away the findings that comments allow. `line` gives the line of the first byte of a place, from 1.
pub fn apply_allowances(
    findings: Vec<Finding>,
    directives: &[(FileId, Directive)],
    line: impl Fn(Place) -> u32,
    settings: &Settings,
) -> Allowed {
    let mut allowed = Allowed::default();
    let mut allowances = Vec::new();
    for (file, directive) in directives {
        let place = Place { file: *file, span: directive.span };
        match read(&directive.text) {
            Some((reach, rules)) => {
                for rule in rules {
                    match find(rule) {
                        Some(rule) => allowances.push(Allowance {
                            rule: rule.name,
                            place,
                            line: line(place),
                            is_above: directive.own_line,
                            next_line: line(place).saturating_add(1),
                            reach,
                            is_used: false,
                        }),
                        None => allowed.findings.push(unknown_rule(rule, place)),
                    }
                }
            }
            None => allowed.findings.push(unreadable(&directive.text, place)),
        }
    }
    reach_over_each_other(&mut allowances);
    let mut kept = Vec::new();
    for finding in findings {
        let culprit = finding.primary().map(|place| (place.file, line(place)));
        let mut is_allowed = false;
        if let Some((file, line)) = culprit {
            for allowance in &mut allowances {
                if allowance.rule == finding.rule && allowance.reaches(file, line) {
                    allowance.is_used = true;
                    is_allowed = true;
                }
            }
        }
        if is_allowed {
            allowed.suppressed += 1;
        } else {
            kept.push(finding);
        }
    }
    // A rule that does not run cannot show whether its allowance is needed.
    let unused = allowances
        .iter()
        .filter(|allowance| !allowance.is_used && settings.wants_in(allowance.rule, Some(allowance.place.file)));
    allowed.findings.extend(unused.map(unused_allowance));
    let file = |finding: &Finding| finding.primary().map(|place| place.file);
    allowed.findings.retain(|finding| settings.wants_in(finding.rule, file(finding)));
    for finding in &mut allowed.findings {
        finding.severity = settings.severity(finding.rule, file(finding), Severity::Warning, finding.severity);
    }
    kept.append(&mut allowed.findings);
    allowed.findings = kept;
    allowed
}

/// How far an allowance reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Line,
    File,
}

#[derive(Debug)]
struct Allowance {
    rule: &'static str,
    place: Place,
    line: u32,
    /// Whether the comment has its line to itself and speaks about the next line of code.
    is_above: bool,
    /// The line that a comment above speaks about.
    next_line: u32,
    reach: Reach,
    is_used: bool,
}

impl Allowance {
    fn reaches(&self, file: FileId, line: u32) -> bool {
        let is_near = line == self.line || (self.is_above && line == self.next_line);
        self.place.file == file && (self.reach == Reach::File || is_near)
    }
}

/// Of several comments above each other each speaks about the line below the last.
fn reach_over_each_other(allowances: &mut [Allowance]) {
    let lines: BTreeSet<(FileId, u32)> = allowances
        .iter()
        .filter(|allowance| allowance.is_above)
        .map(|allowance| (allowance.place.file, allowance.line))
        .collect();
    for allowance in allowances {
        while lines.contains(&(allowance.place.file, allowance.next_line)) {
            allowance.next_line += 1;
        }
    }
}

/// Reads `allow(a, b) reason`.
fn read(text: &str) -> Option<(Reach, Vec<&str>)> {
    let (word, rest) = text.split_once('(')?;
    let (rules, _reason) = rest.split_once(')')?;
    let reach = match word.trim() {
        "allow" => Reach::Line,
        "allow-file" => Reach::File,
        _ => return None,
    };
    let rules: Vec<&str> = rules.split(',').map(str::trim).filter(|rule| !rule.is_empty()).collect();
    (!rules.is_empty()).then_some((reach, rules))
}

fn finding(rule: &'static str, place: Place, message: String, help: String) -> Finding {
    Finding {
        rule,
        severity: Severity::Warning,
        confidence: Confidence::Certain,
        message,
        help,
        labels: vec![Label { place, text: "this comment".to_owned() }],
        fixes: Vec::new(),
    }
}

fn unknown_rule(name: &str, place: Place) -> Finding {
    let help = match names::nearest(name) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => "`routelint rules` lists all rules".to_owned(),
    };
    finding(UNKNOWN.name, place, format!("there is no rule `{name}`, so this comment allows nothing"), help)
}

fn unreadable(text: &str, place: Place) -> Finding {
    let message = format!("`routelint: {text}` is not understood, so this comment allows nothing");
    finding(UNKNOWN.name, place, message, "write `# routelint: allow(rule-name) reason`".to_owned())
}

fn unused_allowance(allowance: &Allowance) -> Finding {
    let message = format!("nothing here breaks the rule `{}` any more, so this comment allows nothing", allowance.rule);
    finding(UNUSED.name, allowance.place, message, "remove the comment".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;

    fn at(line: u32) -> Place {
        Place { file: FileId(0), span: Span::new(line, line) }
    }

    fn report(lines: &[u32], comments: &[(u32, bool, &str)]) -> (Vec<(&'static str, u32)>, usize) {
        let findings =
            lines.iter().map(|line| finding("mac-multicast", at(*line), String::new(), String::new())).collect();
        let directives: Vec<_> = comments
            .iter()
            .map(|(line, own_line, text)| {
                let directive = Directive { span: at(*line).span, text: (*text).to_owned(), own_line: *own_line };
                (FileId(0), directive)
            })
            .collect();
        let allowed = apply_allowances(findings, &directives, |place| place.span.start, &Settings::default());
        let left = allowed.findings.iter().map(|finding| (finding.rule, finding.primary().unwrap().span.start));
        (left.collect(), allowed.suppressed)
    }

    #[test]
    fn a_comment_allows_its_line_or_the_next_or_the_file() {
        assert_eq!(report(&[5], &[(5, false, "allow(mac-multicast) tested so")]), (vec![], 1));
        assert_eq!(report(&[5], &[(4, true, "allow(mac-multicast)")]), (vec![], 1));
        assert_eq!(report(&[5, 9], &[(1, true, "allow-file(mac-multicast)")]), (vec![], 2));
        assert_eq!(report(&[5], &[(3, true, "allow(mac-multicast)"), (4, true, "allow-file(index-zero)")]).1, 1);
    }

    #[test]
    fn an_allowance_without_effect_is_a_finding() {
        let (left, suppressed) =
            report(&[5], &[(4, false, "allow(mac-multicast)"), (8, true, "allow(mac-multcast)"), (9, true, "hush")]);
        assert_eq!(suppressed, 0);
        let rules =
            [("mac-multicast", 5), ("unknown-rule-allowed", 8), ("unknown-rule-allowed", 9), ("unused-allowance", 4)];
        assert_eq!(left, rules);
    }
}
