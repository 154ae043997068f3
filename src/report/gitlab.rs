//! `check --format gitlab`: a Code Quality report, which GitLab shows in merge requests.
//!
//! The fields are those of "Code Quality report format" in GitLab's documentation, a part of Code Climate's. GitLab compares reports by
//! `fingerprint`, shows nothing but `description`, and wants paths relative to the repository without `./`.

use serde::Serialize;

use super::Checked;
use super::located::{Located, message_line};
use crate::rules::{Finding, Severity};

/// The report as one line of JSON.
///
/// # Errors
/// Only what serde_json reports, which for these plain structures is nothing.
pub fn render(checked: &Checked<'_>) -> Result<String, serde_json::Error> {
    let issues: Vec<Issue<'_>> = checked.findings.iter().map(|finding| Issue::of(checked, finding)).collect();
    serde_json::to_string(&issues).map(|line| line + "\n")
}

#[derive(Serialize)]
struct Issue<'a> {
    description: String,
    check_name: &'a str,
    fingerprint: &'a str,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
    end: u32,
}

impl<'a> Issue<'a> {
    fn of(checked: &Checked<'_>, finding: &'a Finding) -> Self {
        let Located { path, start, end } = Located::culprit(checked, finding);
        Self {
            description: message_line(finding),
            check_name: finding.rule,
            fingerprint: &finding.fingerprint,
            severity: match finding.severity {
                Severity::Error => "major",
                Severity::Warning => "minor",
                Severity::Note => "info",
            },
            location: Location { path, lines: Lines { begin: start.line, end: end.line } },
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::report::testing::{Scene, finding};

    #[test]
    fn an_issue_has_the_fields_that_gitlab_reads() {
        let scene = Scene::new(&[("guests/web.nix", "{\n  index = 5;\n}\n")]);
        let mut finding = finding(vec![scene.label("guests/web.nix", "5", "")]);
        finding.message = "m".to_owned();
        finding.help = "h".to_owned();
        assert_eq!(
            super::render(&scene.checked(&[finding])).unwrap(),
            concat!(
                r#"[{"description":"m; help: h","check_name":"duplicate-vm-index","fingerprint":"0123456789abcdef0123456789abcdef","#,
                r#""severity":"major","location":{"path":"guests/web.nix","lines":{"begin":2,"end":2}}}]"#,
                "\n"
            )
        );
        assert_eq!(super::render(&scene.checked(&[])).unwrap(), "[]\n");
    }
}
