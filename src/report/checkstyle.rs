//! `check --format checkstyle`: the XML of Checkstyle, which Jenkins (warnings-ng), SonarQube, reviewdog and many others read.
//!
//! Checkstyle publishes no schema; elements, attributes and severities are those that its `XMLLogger` writes. Columns count characters.

use std::io;

use super::Checked;
use super::located::{Located, message_line};
use super::xml::{attribute, document};
use crate::rules::{Finding, Severity};

/// The version of Checkstyle whose form this is: some readers refuse a report without one.
const VERSION: &str = "4.3";

/// One element per file, in the order of the findings, with one element per finding.
///
/// # Errors
/// Only what writing to memory reports, which is nothing.
pub fn render(checked: &Checked<'_>) -> io::Result<String> {
    let mut files: Vec<(String, Vec<(Located, &Finding)>)> = Vec::new();
    for finding in checked.findings {
        let place = Located::culprit(checked, finding);
        match files.iter_mut().find(|(path, _)| *path == place.path) {
            Some((_, findings)) => findings.push((place, finding)),
            None => files.push((place.path.clone(), vec![(place, finding)])),
        }
    }
    document(|writer| {
        let root = writer.create_element("checkstyle").with_attribute(("version", VERSION));
        if files.is_empty() {
            return root.write_empty().map(|_| ());
        }
        let content = root.write_inner_content(|writer| {
            for (path, findings) in &files {
                let file = writer.create_element("file").with_attribute(("name", attribute(path).as_str()));
                file.write_inner_content(|writer| {
                    for (place, finding) in findings {
                        let (line, column) = (place.start.line.to_string(), place.start.column.to_string());
                        let element = writer.create_element("error").with_attributes([
                            ("line", line.as_str()),
                            ("column", column.as_str()),
                            ("severity", severity(finding.severity)),
                            ("message", attribute(&message_line(finding)).as_str()),
                            ("source", format!("routelint.{}", finding.rule).as_str()),
                        ]);
                        element.write_empty()?;
                    }
                    Ok(())
                })?;
            }
            Ok(())
        });
        content.map(|_| ())
    })
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "info",
    }
}

#[cfg(test)]
mod tests {
    use crate::report::testing::{Scene, finding};

    #[test]
    fn findings_stand_below_their_file_with_everything_escaped() {
        let scene = Scene::new(&[("a&b.nix", "{\n  index = 5;\n}\n"), ("db.nix", "{ index = 5; }\n")]);
        let mut first = finding(vec![scene.label("a&b.nix", "5", "")]);
        first.message = "\"${x}\" <\u{1b}\u{ffff}> is\nwrong".to_owned();
        first.help = "h".to_owned();
        let mut second = finding(vec![scene.label("db.nix", "5", "")]);
        second.message = "m".to_owned();
        second.help = String::new();
        let findings = [first.clone(), second, first];
        insta::assert_snapshot!(super::render(&scene.checked(&findings)).unwrap());
        let nothing = super::render(&scene.checked(&[])).unwrap();
        assert_eq!(nothing, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<checkstyle version=\"4.3\"/>\n");
    }
}
