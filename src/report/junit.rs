//! `check --format junit`: a report of tests, for CI systems that know nothing else.
//!
//! A rule that found nothing is a test that passed; a finding is a test of its own, so that each is listed, counted and compared with the
//! last run. Its name holds no line numbers, because the name is what systems recognize a test by. What makes the run fail is a `failure`,
//! or an `error` if the source itself cannot be read or evaluated; what a baseline lists is `skipped`; the rest passed and tells what it is in `system-out`. Elements and
//! attributes are those that the schemas of Jenkins (`jenkins-junit.xsd`) and Ant have in common; GitLab reads `file` too. There is no time
//! in it: the same fleet gives the same bytes.

use std::collections::BTreeMap;
use std::io;

use quick_xml::Writer;
use quick_xml::events::BytesText;

use super::Checked;
use super::located::{Located, whole_message};
use super::xml::{attribute, content, document};
use crate::rules::{Finding, Group, RuleInfo, Severity};

/// One suite, the rules in the order of the catalogue.
///
/// # Errors
/// Only what writing to memory reports, which is nothing.
pub fn render(checked: &Checked<'_>) -> io::Result<String> {
    let tests = tests(checked);
    let count = |outcome| tests.iter().filter(|test| test.outcome == outcome).count().to_string();
    let (all, failures, errors) = (tests.len().to_string(), count(Outcome::Failure), count(Outcome::Error));
    let skipped = count(Outcome::Skipped);
    let counts =
        [("name", "routelint"), ("tests", all.as_str()), ("failures", failures.as_str()), ("errors", errors.as_str())];
    document(|writer| {
        let suites = writer.create_element("testsuites").with_attributes(counts);
        let content = suites.write_inner_content(|writer| {
            let suite = writer
                .create_element("testsuite")
                .with_attributes(counts)
                .with_attribute(("skipped", skipped.as_str()));
            let content =
                suite.write_inner_content(|writer| tests.iter().try_for_each(|test| write_test(checked, writer, test)));
            content.map(|_| ())
        });
        content.map(|_| ())
    })
}

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Passed,
    Skipped,
    Failure,
    Error,
}

struct Test<'a> {
    rule: &'static RuleInfo,
    /// Unique in the report.
    name: String,
    outcome: Outcome,
    finding: Option<&'a Finding>,
}

fn tests<'a>(checked: &Checked<'a>) -> Vec<Test<'a>> {
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    let mut tests = Vec::new();
    for rule in checked.rules.iter().copied() {
        let before = tests.len();
        let new = checked.findings.iter().map(|finding| (finding, outcome(checked, rule, finding)));
        let known = checked.baselined.unwrap_or_default().iter().map(|finding| (finding, Outcome::Skipped));
        for (finding, outcome) in new.chain(known).filter(|(finding, _)| finding.rule == rule.name) {
            let path = Located::culprit(checked, finding).path;
            let subject = if finding.subject.is_empty() { String::new() } else { format!(" ({})", finding.subject) };
            let mut name = format!("{} in {path}{subject}", rule.name);
            let number = names.entry(name.clone()).or_default();
            *number += 1;
            if *number > 1 {
                name.push_str(&format!(" #{number}"));
            }
            tests.push(Test { rule, name, outcome, finding: Some(finding) });
        }
        if tests.len() == before {
            tests.push(Test { rule, name: rule.name.to_owned(), outcome: Outcome::Passed, finding: None });
        }
    }
    tests
}

fn outcome(checked: &Checked<'_>, rule: &RuleInfo, finding: &Finding) -> Outcome {
    if finding.severity < checked.threshold {
        Outcome::Passed
    } else if rule.group == Group::Source && finding.severity == Severity::Error {
        Outcome::Error
    } else {
        Outcome::Failure
    }
}

fn write_test(checked: &Checked<'_>, writer: &mut Writer<Vec<u8>>, test: &Test<'_>) -> io::Result<()> {
    let class = format!("routelint.{}", test.rule.group.word());
    let element = writer.create_element("testcase");
    let element = element.with_attribute(("name", attribute(&test.name).as_str()));
    let element = element.with_attribute(("classname", class.as_str()));
    let Some(finding) = test.finding else { return element.write_empty().map(|_| ()) };
    let place = Located::culprit(checked, finding);
    let element = element.with_attribute(("file", attribute(&place.path).as_str()));
    let element = element.with_attribute(("line", place.start.line.to_string().as_str()));
    let body = content(&body(checked, finding));
    let written = element.write_inner_content(|writer| {
        let detail = match test.outcome {
            Outcome::Passed => writer.create_element("system-out"),
            Outcome::Skipped => writer.create_element("skipped"),
            Outcome::Failure => writer.create_element("failure"),
            Outcome::Error => writer.create_element("error"),
        };
        let detail = match test.outcome {
            Outcome::Passed => detail,
            Outcome::Skipped => detail.with_attribute(("message", "in the baseline")),
            Outcome::Failure | Outcome::Error => detail
                .with_attribute(("type", finding.severity.word()))
                .with_attribute(("message", attribute(&finding.message).as_str())),
        };
        detail.write_text_content(BytesText::new(&body)).map(|_| ())
    });
    written.map(|_| ())
}

fn body(checked: &Checked<'_>, finding: &Finding) -> String {
    let place = Located::culprit(checked, finding).shown();
    let mut lines = vec![format!("{place}: {}[{}] {}", finding.severity, finding.rule, whole_message(finding))];
    for label in finding.labels.iter().filter(|label| !label.text.is_empty()) {
        lines.push(format!("{}: {}", checked.paths.locate(checked.sources, label.place), label.text));
    }
    let url = checked.rule_url.of(finding.rule);
    let page = if url.is_empty() { format!("routelint explain {}", finding.rule) } else { url };
    lines.push(page);
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use crate::report::Checked;
    use crate::report::testing::{Scene, finding};
    use crate::rules::{self, Severity};

    #[test]
    fn each_finding_is_a_test_and_silent_rules_pass() {
        let scene = Scene::new(&[("web.nix", "{\n  index = 5;\n}\n")]);
        let mut first = finding(vec![scene.label("web.nix", "5", "here")]);
        first.message = "x < y".to_owned();
        let mut note = first.clone();
        note.severity = Severity::Note;
        let mut broken = first.clone();
        (broken.rule, broken.subject) = ("syntax-error", String::new());
        let findings = [first, note, broken];
        let names = ["duplicate-vm-index", "index-zero", "syntax-error"];
        let rules: Vec<_> = names.iter().map(|name| rules::find(name).unwrap()).collect();
        let checked = Checked { rules: &rules, ..scene.checked(&findings) };
        insta::assert_snapshot!(super::render(&checked).unwrap());
    }
}
