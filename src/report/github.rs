//! `check --format github`: workflow commands that GitHub Actions shows beside the lines of a change.
//!
//! The syntax is that of "Workflow commands for GitHub Actions" in GitHub's documentation; what must be escaped is in `command.ts` of
//! actions/toolkit.

use super::Checked;
use super::located::{Located, whole_message};
use crate::rules::{Finding, Severity};

/// One command per finding.
pub fn render(checked: &Checked<'_>) -> String {
    checked.findings.iter().map(|finding| command(checked, finding)).collect()
}

fn command(checked: &Checked<'_>, finding: &Finding) -> String {
    let word = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let mut properties = Vec::new();
    if finding.primary().is_some() {
        let Located { path, start, end } = Located::culprit(checked, finding);
        properties.push(format!("file={}", property(&path)));
        properties.push(format!("line={},endLine={}", start.line, end.line));
        // Columns mean nothing to GitHub where lines differ.
        if start.line == end.line {
            properties.push(format!("col={},endColumn={}", start.column, end.column));
        }
    }
    properties.push(format!("title={}", property(finding.rule)));
    format!("::{word} {}::{}\n", properties.join(","), data(&body(checked, finding)))
}

/// The log shows nothing but this, so it names the place too.
fn body(checked: &Checked<'_>, finding: &Finding) -> String {
    let mut lines = Vec::new();
    match finding.primary() {
        Some(place) => {
            lines.push(format!("{}: {}", checked.paths.locate(checked.sources, place), whole_message(finding)))
        }
        None => lines.push(whole_message(finding)),
    }
    for label in finding.labels.iter().skip(1) {
        lines.push(format!("{}: {}", checked.paths.locate(checked.sources, label.place), label.text));
    }
    let url = checked.rule_url.of(finding.rule);
    if !url.is_empty() {
        lines.push(url);
    }
    lines.join("\n")
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use crate::report::testing::{Scene, finding};
    use crate::rules::Severity;

    #[test]
    fn a_finding_is_one_line_with_everything_escaped() {
        let scene = Scene::new(&[("a,b:c%.nix", "{\n  index = 5;\n  list = [\n  ];\n}\n")]);
        let mut first = finding(vec![scene.label("a,b:c%.nix", "5", "x"), scene.label("a,b:c%.nix", "index", "100%")]);
        first.message = "100% wrong".to_owned();
        first.help = "say 50%, or less".to_owned();
        let mut second = finding(vec![scene.label("a,b:c%.nix", "[\n  ]", "")]);
        second.severity = Severity::Note;
        second.message = "m".to_owned();
        second.help = String::new();
        let nowhere = crate::rules::Finding { labels: Vec::new(), ..second.clone() };
        let text = super::render(&scene.checked(&[first, second, nowhere]));
        assert_eq!(
            text.lines().collect::<Vec<_>>(),
            [
                "::error file=a%2Cb%3Ac%25.nix,line=2,endLine=2,col=11,endColumn=12,title=duplicate-vm-index::\
                 a,b:c%25.nix:2:11: 100%25 wrong%0Ahelp: say 50%25, or less%0Aa,b:c%25.nix:2:3: 100%25",
                "::notice file=a%2Cb%3Ac%25.nix,line=3,endLine=4,title=duplicate-vm-index::a,b:c%25.nix:3:10: m",
                "::notice title=duplicate-vm-index::m",
            ]
        );
    }
}
