//! `check --format json`, version 1.
//!
//! Keys appear in the order of the fields below. Within version 1 a field may be added; none is removed or changes its meaning.

use serde::Serialize;

use super::Checked;
use super::summary::Summary;
use crate::fleet::Coverage;
use crate::rules::{Edit, Finding, Fix};
use crate::source::{LineColumn, Place};

/// The report as one line of JSON.
///
/// # Errors
/// Only what serde_json reports, which for these plain structures is nothing.
pub fn render(checked: &Checked<'_>) -> Result<String, serde_json::Error> {
    let document = Document {
        version: 1,
        summary: Summary::of(checked),
        findings: checked.findings.iter().map(|finding| ShownFinding::of(checked, finding)).collect(),
        coverage: ShownCoverage::of(checked),
    };
    serde_json::to_string(&document).map(|line| line + "\n")
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    summary: Summary,
    findings: Vec<ShownFinding<'a>>,
    coverage: ShownCoverage,
}

#[derive(Serialize)]
struct ShownFinding<'a> {
    rule: &'a str,
    severity: &'static str,
    confidence: &'static str,
    message: &'a str,
    help: &'a str,
    url: String,
    labels: Vec<ShownLabel<'a>>,
    fixes: Vec<ShownFix<'a>>,
    fingerprint: &'a str,
    consequence: &'a str,
}

#[derive(Serialize)]
struct ShownLabel<'a> {
    file: String,
    start: Position,
    end: Position,
    text: &'a str,
    primary: bool,
}

#[derive(Serialize)]
struct ShownFix<'a> {
    title: &'a str,
    safety: &'static str,
    edits: Vec<ShownEdit<'a>>,
}

#[derive(Serialize)]
struct ShownEdit<'a> {
    file: String,
    start: Position,
    end: Position,
    replacement: &'a str,
}

#[derive(Serialize)]
struct ShownCoverage {
    files: usize,
    unknown: Vec<ShownGap>,
    guests: usize,
    understood: usize,
}

#[derive(Serialize)]
struct ShownGap {
    file: Option<String>,
    start: Option<Position>,
    what: String,
    why: String,
}

/// A position in a file, both numbers from 1, columns in Unicode characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Position {
    line: u32,
    column: u32,
}

impl From<LineColumn> for Position {
    fn from(place: LineColumn) -> Self {
        Self { line: place.line, column: place.column }
    }
}

fn located(checked: &Checked<'_>, place: Place) -> (String, Position, Position) {
    let (start, end) = checked.sources.line_columns(place);
    (checked.paths.of(checked.sources, place.file), start.into(), end.into())
}

impl<'a> ShownFinding<'a> {
    fn of(checked: &Checked<'_>, finding: &'a Finding) -> Self {
        let labels = finding.labels.iter().enumerate().map(|(index, label)| {
            let (file, start, end) = located(checked, label.place);
            ShownLabel { file, start, end, text: &label.text, primary: index == 0 }
        });
        Self {
            rule: finding.rule,
            severity: finding.severity.word(),
            confidence: finding.confidence.word(),
            message: &finding.message,
            help: &finding.help,
            url: checked.rule_url.of(finding.rule),
            labels: labels.collect(),
            fixes: finding.fixes.iter().map(|fix| ShownFix::of(checked, fix)).collect(),
            fingerprint: &finding.fingerprint,
            consequence: &finding.consequence,
        }
    }
}

impl<'a> ShownFix<'a> {
    fn of(checked: &Checked<'_>, fix: &'a Fix) -> Self {
        let edit = |edit: &'a Edit| {
            let (file, start, end) = located(checked, edit.place);
            ShownEdit { file, start, end, replacement: &edit.replacement }
        };
        Self { title: &fix.title, safety: fix.safety.word(), edits: fix.edits.iter().map(edit).collect() }
    }
}

impl ShownCoverage {
    fn of(checked: &Checked<'_>) -> Self {
        let unknown = checked.fleet.unknowns.iter().map(|gap| ShownGap {
            file: gap.place.map(|place| checked.paths.of(checked.sources, place.file)),
            start: gap.place.map(|place| checked.sources.line_columns(place).0.into()),
            what: gap.subject(),
            why: gap.why.clone(),
        });
        let coverage = Coverage::of(checked.fleet);
        let understood = coverage.understood();
        Self { files: checked.fleet.files, unknown: unknown.collect(), guests: coverage.guests, understood }
    }
}

#[cfg(test)]
mod tests {
    use crate::fleet::Gap;
    use crate::report::testing::{Scene, finding};
    use crate::rules::{Edit, Fix, Safety};

    #[test]
    fn every_key_of_version_1_is_there_in_its_order() {
        let mut scene = Scene::new(&[("web.nix", "{\n  index = 5;\n}\n")]);
        scene.fleet.unknowns = vec![Gap {
            place: Some(scene.place("web.nix", "index")),
            what: "config.microvm".to_owned(),
            why: "input `secrets` is not available".to_owned(),
            machines: vec!["guest db".to_owned()],
        }];
        let mut finding = finding(vec![scene.label("web.nix", "5", "here")]);
        finding.message = "m".to_owned();
        finding.help = "h".to_owned();
        finding.fixes = vec![Fix {
            title: "use 7".to_owned(),
            safety: Safety::Unsafe,
            edits: vec![Edit { place: scene.place("web.nix", "5"), replacement: "7".to_owned() }],
        }];
        let text = super::render(&scene.checked(&[finding])).unwrap();
        let url = format!("\"url\":\"{}\"", scene.checked(&[]).rule_url.of("duplicate-vm-index"));
        let text = text.replace(&url, "\"url\":\"…\"");
        assert_eq!(
            text,
            concat!(
                r#"{"version":1,"summary":{"errors":1,"warnings":0,"notes":0,"suppressed":0,"hosts":0,"guests":0,"baseline":0},"#,
                r#""findings":[{"rule":"duplicate-vm-index","severity":"error","confidence":"certain","message":"m","#,
                r#""help":"h","url":"…","labels":[{"file":"web.nix","start":{"line":2,"column":11},"#,
                r#""end":{"line":2,"column":12},"text":"here","primary":true}],"#,
                r#""fixes":[{"title":"use 7","safety":"unsafe","edits":[{"file":"web.nix","start":{"line":2,"column":11},"#,
                r#""end":{"line":2,"column":12},"replacement":"7"}]}],"#,
                r#""fingerprint":"0123456789abcdef0123456789abcdef","consequence":"only one of them starts"}],"#,
                r#""coverage":{"files":1,"unknown":[{"file":"web.nix","start":{"line":2,"column":3},"#,
                r#""what":"config.microvm of guest db","why":"input `secrets` is not available"}],"guests":0,"understood":0}}"#,
                "\n"
            )
        );
    }
}
