//! Allowances: `# routelint: allow(rule) reason` on the line of a culprit or the line above it, `# routelint: allow-file(rule) reason`
//! anywhere in its file.
//!
//! An allowance that silences nothing, names no rule or cannot be read is a finding itself, so that none outlives its reason.

use std::collections::BTreeSet;

use super::context::Context;
use super::draft::Draft;
use super::finding::{Confidence, Edit, Finding, Fix, Label, Safety, Severity};
use super::rule::{Activation, FixKind, Group, RuleInfo};
use super::settings::Settings;
use super::{find, names, wording};
use crate::source::{FileId, Place};
use crate::syntax::ir::Directive;

pub(super) const UNUSED: RuleInfo = RuleInfo {
    name: "unused-allowance",
    severity: Severity::Warning,
    group: Group::Source,
    fix: FixKind::Automatic,
    activation: Activation::Always,
    page: include_str!("unused_allowance.md"),
    explains: &[],
    run: nothing,
};

pub(super) const UNKNOWN: RuleInfo = RuleInfo {
    name: "unknown-rule-allowed",
    severity: Severity::Warning,
    group: Group::Source,
    fix: FixKind::Manual,
    activation: Activation::Always,
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
    let mut comments = Vec::new();
    for (file, directive) in directives {
        let place = Place { file: *file, span: directive.span };
        let Some(said) = read(&directive.text) else {
            allowed.findings.push(unreadable(&directive.text, place));
            continue;
        };
        let unknown = said.rules.iter().filter(|name| find(name).is_none());
        allowed.findings.extend(unknown.map(|name| unknown_rule(name, place)));
        let line = line(place);
        let next_line = line.saturating_add(1);
        comments.push(Comment { place, directive, said, line, next_line, used: BTreeSet::new() });
    }
    reach_over_each_other(&mut comments);
    let mut kept = Vec::new();
    for finding in findings {
        let culprit = finding.primary().map(|place| (place.file, line(place)));
        let mut is_allowed = false;
        if let Some((file, line)) = culprit {
            for comment in &mut comments {
                if comment.said.rules.contains(&finding.rule) && comment.reaches(file, line) {
                    comment.used.insert(finding.rule);
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
    allowed.findings.extend(comments.iter().filter_map(|comment| unused_allowance(comment, settings)));
    settings.apply(&mut allowed.findings);
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

/// What a comment says.
#[derive(Debug)]
struct Said<'a> {
    reach: Reach,
    /// Names of rules, as they are written.
    rules: Vec<&'a str>,
    /// What follows the list of rules.
    reason: &'a str,
}

/// A comment that allows something.
#[derive(Debug)]
struct Comment<'a> {
    place: Place,
    directive: &'a Directive,
    said: Said<'a>,
    line: u32,
    /// The line that a comment above speaks about.
    next_line: u32,
    /// The rules of it that silenced something.
    used: BTreeSet<&'static str>,
}

impl Comment<'_> {
    fn reaches(&self, file: FileId, line: u32) -> bool {
        let is_near = line == self.line || (self.directive.own_line && line == self.next_line);
        self.place.file == file && (self.said.reach == Reach::File || is_near)
    }
}

/// Of several comments above each other each speaks about the line below the last.
fn reach_over_each_other(comments: &mut [Comment<'_>]) {
    let above = comments.iter().filter(|comment| comment.directive.own_line);
    let lines: BTreeSet<(FileId, u32)> = above.map(|comment| (comment.place.file, comment.line)).collect();
    for comment in comments {
        while lines.contains(&(comment.place.file, comment.next_line)) {
            comment.next_line += 1;
        }
    }
}

/// Reads `allow(a, b) reason`.
fn read(text: &str) -> Option<Said<'_>> {
    let (word, rest) = text.split_once('(')?;
    let (rules, reason) = rest.split_once(')')?;
    let reach = match word.trim() {
        "allow" => Reach::Line,
        "allow-file" => Reach::File,
        _ => return None,
    };
    let rules: Vec<&str> = rules.split(',').map(str::trim).filter(|rule| !rule.is_empty()).collect();
    (!rules.is_empty()).then_some(Said { reach, rules, reason })
}

const ALLOWS_NOTHING: &str = "this comment allows nothing";

fn finding(rule: &'static str, place: Place, wrong: &str, consequence: &str, help: String) -> Finding {
    Finding {
        rule,
        severity: Severity::Warning,
        confidence: Confidence::Certain,
        message: format!("{wrong}: {consequence}"),
        consequence: consequence.to_owned(),
        help,
        labels: vec![Label { place, text: "this comment".to_owned() }],
        fixes: Vec::new(),
        subject: String::new(),
        fingerprint: String::new(),
    }
}

fn unknown_rule(name: &str, place: Place) -> Finding {
    let help = match names::nearest(name) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => "`routelint rules` lists all rules".to_owned(),
    };
    finding(UNKNOWN.name, place, &format!("there is no rule `{name}`"), ALLOWS_NOTHING, help)
}

fn unreadable(text: &str, place: Place) -> Finding {
    let wrong = format!("`routelint: {text}` is not understood");
    finding(UNKNOWN.name, place, &wrong, ALLOWS_NOTHING, "write `# routelint: allow(rule-name) reason`".to_owned())
}

/// The finding about the rules of a comment that silence nothing. A rule that does not run cannot show whether its allowance is needed.
fn unused_allowance(comment: &Comment<'_>, settings: &Settings) -> Option<Finding> {
    let is_unused = |name: &&&str| {
        find(name)
            .is_some_and(|rule| !comment.used.contains(rule.name) && settings.wants_in(rule, Some(comment.place.file)))
    };
    let (unused, kept): (Vec<&str>, Vec<&str>) = comment.said.rules.iter().partition(|name| is_unused(name));
    if unused.is_empty() {
        return None;
    }
    let quoted: Vec<String> = unused.iter().map(|rule| format!("`{rule}`")).collect();
    let quoted: Vec<&str> = quoted.iter().map(String::as_str).collect();
    let rules = format!("{} {}", if unused.len() == 1 { "the rule" } else { "the rules" }, wording::list(&quoted));
    let place = comment.place;
    let (help, title, edit) = if kept.is_empty() {
        let edit = Edit { place: Place { span: comment.directive.removal, ..place }, replacement: String::new() };
        ("remove the comment".to_owned(), "Remove the comment".to_owned(), edit)
    } else {
        let word = match comment.said.reach {
            Reach::Line => "allow",
            Reach::File => "allow-file",
        };
        let replacement = format!("# routelint: {word}({}){}", kept.join(", "), comment.said.reason);
        let names = wording::list(&quoted);
        (format!("take {names} out of the comment"), format!("Take {names} out",), Edit { place, replacement })
    };
    let wrong = format!("nothing here breaks {rules} any more, which this comment allows");
    let consequence = "it would hide the next mistake of that kind";
    let mut finding = finding(UNUSED.name, place, &wrong, consequence, help);
    finding.fixes = vec![Fix { title, safety: Safety::Safe, edits: vec![edit] }];
    Some(finding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;

    fn at(line: u32) -> Place {
        Place { file: FileId(0), span: Span::new(line, line) }
    }

    fn report(lines: &[u32], comments: &[(u32, bool, &str)]) -> (Vec<(&'static str, u32)>, usize) {
        let findings = lines.iter().map(|line| finding("mac-multicast", at(*line), "", "", String::new())).collect();
        let directives: Vec<_> = comments
            .iter()
            .map(|(line, own_line, text)| {
                let directive = Directive {
                    span: at(*line).span,
                    removal: at(*line).span,
                    text: (*text).to_owned(),
                    own_line: *own_line,
                };
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
    #[test]
    fn a_comment_loses_the_rules_that_it_need_not_name() {
        let findings = vec![finding("mac-multicast", at(5), "", "", String::new())];
        let directive = |text: &str| Directive {
            span: Span::new(5, 30),
            removal: Span::new(4, 30),
            text: text.to_owned(),
            own_line: false,
        };
        let edit = |text: &str| {
            let directives = [(FileId(0), directive(text))];
            let left = apply_allowances(findings.clone(), &directives, |_| 5, &Settings::default()).findings;
            let unused = left.into_iter().find(|finding| finding.rule == "unused-allowance")?;
            let edit = unused.fixes[0].edits[0].clone();
            Some((edit.place.span, edit.replacement))
        };
        let all = (Span::new(5, 30), "# routelint: allow(mac-multicast, moc) so".to_owned());
        assert_eq!(edit("allow(mac-multicast, index-zero, moc) so"), Some(all));
        assert_eq!(edit("allow(index-zero, mac-malformed) so"), Some((Span::new(4, 30), String::new())));
        assert_eq!(edit("allow(mac-multicast)"), None);
    }
}
