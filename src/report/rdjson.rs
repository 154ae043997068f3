//! `check --format rdjson`: reviewdog's Diagnostic Format, for comments and suggestions in reviews.
//!
//! The messages are those of `proto/rdf/reviewdog.proto` of reviewdog, in the JSON mapping of protocol buffers: columns count bytes of UTF-8,
//! ends are exclusive, and a suggestion changes the file that the diagnostic is about.

use serde::Serialize;

use super::Checked;
use super::located::{Located, NO_FILE, as_one_edit, whole_message};
use crate::rules::{Finding, Safety, Severity};
use crate::source::{LineColumn, Place};

/// The report as one line of JSON.
///
/// # Errors
/// Only what serde_json reports, which for these plain structures is nothing.
pub fn render(checked: &Checked<'_>) -> Result<String, serde_json::Error> {
    let document = DiagnosticResult {
        source: Source { name: "routelint", url: env!("CARGO_PKG_REPOSITORY") },
        diagnostics: checked.findings.iter().map(|finding| Diagnostic::of(checked, finding)).collect(),
    };
    serde_json::to_string(&document).map(|line| line + "\n")
}

#[derive(Serialize)]
struct DiagnosticResult<'a> {
    source: Source,
    diagnostics: Vec<Diagnostic<'a>>,
}

#[derive(Serialize)]
struct Source {
    name: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    url: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Diagnostic<'a> {
    message: String,
    location: Location,
    severity: &'static str,
    code: Code<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suggestions: Vec<Suggestion>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<RelatedLocation<'a>>,
}

#[derive(Serialize)]
struct Location {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<Range>,
}

#[derive(Serialize)]
struct Range {
    start: Position,
    end: Position,
}

#[derive(Serialize)]
struct Position {
    line: u32,
    column: u32,
}

#[derive(Serialize)]
struct Code<'a> {
    value: &'a str,
    #[serde(skip_serializing_if = "String::is_empty")]
    url: String,
}

#[derive(Serialize)]
struct Suggestion {
    range: Range,
    text: String,
}

#[derive(Serialize)]
struct RelatedLocation<'a> {
    message: &'a str,
    location: Location,
}

impl From<LineColumn> for Position {
    fn from(place: LineColumn) -> Self {
        Self { line: place.line, column: place.column }
    }
}

impl Location {
    fn of(checked: &Checked<'_>, place: Place) -> Self {
        let Located { path, start, end } = Located::in_bytes(checked, place);
        Self { path, range: Some(Range { start: start.into(), end: end.into() }) }
    }
}

impl<'a> Diagnostic<'a> {
    fn of(checked: &Checked<'_>, finding: &'a Finding) -> Self {
        let nowhere = || Location { path: NO_FILE.to_owned(), range: None };
        let others = finding.labels.iter().skip(1);
        Self {
            message: whole_message(finding),
            location: finding.primary().map_or_else(nowhere, |place| Location::of(checked, place)),
            severity: match finding.severity {
                Severity::Error => "ERROR",
                Severity::Warning => "WARNING",
                Severity::Note => "INFO",
            },
            code: Code { value: finding.rule, url: checked.rule_url.of(finding.rule) },
            suggestions: suggestions(checked, finding),
            related_locations: others
                .map(|label| RelatedLocation { message: &label.text, location: Location::of(checked, label.place) })
                .collect(),
        }
    }
}

/// What reviewers can accept with a click. An edit that is only to be shown is none.
fn suggestions(checked: &Checked<'_>, finding: &Finding) -> Vec<Suggestion> {
    let fixes = finding.fixes.iter().filter(|fix| fix.safety != Safety::Display);
    let edits = fixes.filter_map(|fix| as_one_edit(checked, finding, fix));
    edits.filter_map(|(place, text)| Some(Suggestion { range: Location::of(checked, place).range?, text })).collect()
}

#[cfg(test)]
mod tests {
    use crate::report::testing::{Scene, finding};
    use crate::rules::{Edit, Fix, Safety};

    #[test]
    fn columns_are_bytes_and_edits_of_one_file_are_one_suggestion() {
        let scene = Scene::new(&[("web.nix", "{ ü = 1; index = 5; }\n"), ("db.nix", "{ index = 5; }\n")]);
        let edit = |name, old, new: &str| Edit { place: scene.place(name, old), replacement: new.to_owned() };
        let fix = |safety, edits| Fix { title: "t".to_owned(), safety, edits };
        let mut finding = finding(vec![scene.label("web.nix", "5", "here"), scene.label("db.nix", "5", "there")]);
        finding.message = "m".to_owned();
        finding.help = "h".to_owned();
        finding.fixes = vec![
            fix(Safety::Safe, vec![edit("web.nix", "5", "7"), edit("web.nix", "1", "2")]),
            fix(Safety::Unsafe, vec![edit("db.nix", "5", "7")]),
            fix(Safety::Display, vec![edit("web.nix", "5", "8")]),
        ];
        let text = super::render(&scene.checked(&[finding])).unwrap();
        assert_eq!(
            text,
            concat!(
                r#"{"source":{"name":"routelint"},"diagnostics":[{"message":"m\nhelp: h","location":{"path":"web.nix","#,
                r#""range":{"start":{"line":1,"column":19},"end":{"line":1,"column":20}}},"severity":"ERROR","#,
                r#""code":{"value":"duplicate-vm-index"},"suggestions":[{"range":{"start":{"line":1,"column":8},"#,
                r#""end":{"line":1,"column":20}},"text":"2; index = 7"}],"relatedLocations":[{"message":"there","#,
                r#""location":{"path":"db.nix","range":{"start":{"line":1,"column":11},"end":{"line":1,"column":12}}}}]}]}"#,
                "\n"
            )
        );
    }
}
