//! `check --format sarif`: SARIF 2.1.0, for code scanning of GitHub and others, and for viewers in editors.
//!
//! Properties are those of the OASIS standard "Static Analysis Results Interchange Format (SARIF) Version 2.1.0"; which of them GitHub reads
//! stands in its page "SARIF support for code scanning". Findings that comments allow are left out: GitHub does not read `suppressions` and
//! would open alerts for them. Those of a baseline are there, marked as suppressed by something outside of the source (section 3.35). `primaryLocationLineHash`, GitHub's own fingerprint, is left to its upload action, which warns of any other.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::Checked;
use super::located::{Located, whole_message};
use crate::rules::{Edit, Finding, Fix, RuleInfo, Safety};
use crate::source::Place;

/// The report as one line of JSON.
///
/// # Errors
/// Only what serde_json reports, which for these plain structures is nothing.
pub fn render(checked: &Checked<'_>) -> Result<String, serde_json::Error> {
    let run = Run {
        tool: Tool {
            driver: Driver {
                name: "routelint",
                semantic_version: env!("CARGO_PKG_VERSION"),
                information_uri: env!("CARGO_PKG_REPOSITORY"),
                rules: checked.rules.iter().map(|rule| Descriptor::of(checked, rule)).collect(),
            },
        },
        invocations: [Invocation {
            execution_successful: true,
            tool_execution_notifications: checked
                .fleet
                .unknowns
                .iter()
                .map(|gap| Notification {
                    level: "note",
                    message: Message { text: format!("{} is not known: {}", gap.subject(), gap.why) },
                    locations: gap.place.iter().map(|place| Location::at(checked, *place)).collect(),
                })
                .collect(),
        }],
        original_uri_base_ids: BaseIds {
            source_root: Base {
                description: Message {
                    text: "The working directory of the run: the root of the repository.".to_owned(),
                },
            },
        },
        column_kind: "unicodeCodePoints",
        results: results(checked),
    };
    let log = Log { schema: "https://json.schemastore.org/sarif-2.1.0.json", version: "2.1.0", runs: [run] };
    serde_json::to_string(&log).map(|line| line + "\n")
}

/// The findings, then those that a baseline lists: readers that know suppressions hide them and show what is new.
fn results<'a>(checked: &Checked<'a>) -> Vec<Outcome<'a>> {
    let state = checked.baselined.map(|_| "new");
    let new = checked.findings.iter().map(|finding| Outcome { baseline_state: state, ..Outcome::of(checked, finding) });
    let known = checked.baselined.unwrap_or_default().iter().map(|finding| Outcome {
        baseline_state: Some("unchanged"),
        suppressions: vec![Suppression { kind: "external", status: "accepted" }],
        ..Outcome::of(checked, finding)
    });
    new.chain(known).collect()
}

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool,
    invocations: [Invocation; 1],
    original_uri_base_ids: BaseIds,
    column_kind: &'static str,
    results: Vec<Outcome<'a>>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    semantic_version: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    information_uri: &'static str,
    rules: Vec<Descriptor>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    level: &'static str,
    message: Message,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locations: Vec<Location>,
}

#[derive(Serialize)]
struct BaseIds {
    #[serde(rename = "%SRCROOT%")]
    source_root: Base,
}

#[derive(Serialize)]
struct Base {
    description: Message,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
struct Help {
    text: String,
    markdown: &'static str,
}

/// A rule.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    id: &'static str,
    short_description: Message,
    full_description: Message,
    help: Help,
    #[serde(skip_serializing_if = "String::is_empty")]
    help_uri: String,
    default_configuration: Configuration,
    properties: RuleProperties,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct RuleProperties {
    tags: [&'static str; 1],
}

/// A finding.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome<'a> {
    rule_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    level: &'static str,
    message: Message,
    locations: Vec<Location>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location>,
    partial_fingerprints: Fingerprints<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline_state: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressions: Vec<Suppression>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixes: Vec<Repair>,
    properties: ResultProperties,
}

#[derive(Serialize)]
struct Suppression {
    kind: &'static str,
    status: &'static str,
}

#[derive(Serialize)]
struct Fingerprints<'a> {
    #[serde(rename = "routelint/v1")]
    own: &'a str,
}

#[derive(Serialize)]
struct ResultProperties {
    confidence: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactLocation {
    uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri_base_id: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
    start_column: u32,
    end_line: u32,
    end_column: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Repair {
    description: Message,
    artifact_changes: Vec<Change>,
    properties: RepairProperties,
}

#[derive(Serialize)]
struct RepairProperties {
    safety: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    artifact_location: ArtifactLocation,
    replacements: Vec<Replacement>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Replacement {
    deleted_region: Region,
    inserted_content: Message,
}

impl Descriptor {
    fn of(checked: &Checked<'_>, rule: &RuleInfo) -> Self {
        Self {
            id: rule.name,
            short_description: Message { text: rule.summary().to_owned() },
            full_description: Message { text: rule.section("What it finds").to_owned() },
            help: Help {
                text: format!("{}\n\n{}", rule.section("What breaks"), rule.section("Fix")),
                markdown: rule.page,
            },
            help_uri: checked.rule_url.of(rule.name),
            default_configuration: Configuration { level: rule.severity.word() },
            properties: RuleProperties { tags: [rule.group.word()] },
        }
    }
}

impl<'a> Outcome<'a> {
    fn of(checked: &Checked<'_>, finding: &'a Finding) -> Self {
        let others = (1..).zip(finding.labels.iter().skip(1));
        Self {
            rule_id: finding.rule,
            rule_index: checked.rules.iter().position(|rule| rule.name == finding.rule),
            level: finding.severity.word(),
            message: message(finding),
            locations: finding
                .labels
                .first()
                .map(|label| Location::said(checked, label.place, &label.text))
                .into_iter()
                .collect(),
            related_locations: others
                .map(|(id, label)| Location { id: Some(id), ..Location::said(checked, label.place, &label.text) })
                .collect(),
            partial_fingerprints: Fingerprints { own: &finding.fingerprint },
            baseline_state: None,
            suppressions: Vec::new(),
            fixes: repairs(checked, finding),
            properties: ResultProperties { confidence: finding.confidence.word() },
        }
    }
}

/// The message with a link to each further place: viewers, GitHub's among them, show only those that the text leads to (section 3.11.6).
fn message(finding: &Finding) -> Message {
    let mut text = unlinked(&whole_message(finding));
    for (id, label) in (1..).zip(finding.labels.iter().skip(1)).filter(|(_, label)| !label.text.is_empty()) {
        text.push_str(&format!("\n[{}]({id})", unlinked(&label.text)));
    }
    Message { text }
}

/// Text in which no bracket begins a link.
fn unlinked(text: &str) -> String {
    text.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]")
}

impl Location {
    fn at(checked: &Checked<'_>, place: Place) -> Self {
        let located = Located::of(checked, place);
        let physical_location =
            PhysicalLocation { artifact_location: ArtifactLocation::of(&located.path), region: Region::of(&located) };
        Self { id: None, physical_location, message: None }
    }

    fn said(checked: &Checked<'_>, place: Place, text: &str) -> Self {
        let message = (!text.is_empty()).then(|| Message { text: unlinked(text) });
        Self { message, ..Self::at(checked, place) }
    }
}

/// What stays as it is in the path of a URI (RFC 3986, section 2.3 and the slash).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

impl ArtifactLocation {
    fn of(path: &str) -> Self {
        // A reference relative to a base must not lead out of it (section 3.4.4).
        let is_inside = !path.starts_with("../");
        Self { uri: utf8_percent_encode(path, ESCAPED).to_string(), uri_base_id: is_inside.then_some("%SRCROOT%") }
    }
}

impl Region {
    fn of(located: &Located) -> Self {
        Self {
            start_line: located.start.line,
            start_column: located.start.column,
            end_line: located.end.line,
            end_column: located.end.column,
        }
    }
}

/// What a viewer can apply. An edit that is only to be shown is none.
fn repairs(checked: &Checked<'_>, finding: &Finding) -> Vec<Repair> {
    let fixes = finding.fixes.iter().filter(|fix| fix.safety != Safety::Display && !fix.edits.is_empty());
    let repairs = fixes.map(|fix| Repair {
        description: Message { text: unlinked(&fix.title) },
        artifact_changes: changes(checked, fix),
        properties: RepairProperties { safety: fix.safety.word() },
    });
    repairs.collect()
}

/// The edits of a fix by file, in the order of the files' first edits.
fn changes(checked: &Checked<'_>, fix: &Fix) -> Vec<Change> {
    let mut files: Vec<(Place, Vec<&Edit>)> = Vec::new();
    for edit in &fix.edits {
        match files.iter_mut().find(|(place, _)| place.file == edit.place.file) {
            Some((_, edits)) => edits.push(edit),
            None => files.push((edit.place, vec![edit])),
        }
    }
    let changes = files.into_iter().map(|(place, edits)| Change {
        artifact_location: ArtifactLocation::of(&checked.paths.of(checked.sources, place.file)),
        replacements: edits
            .into_iter()
            .map(|edit| Replacement {
                deleted_region: Region::of(&Located::of(checked, edit.place)),
                inserted_content: Message { text: edit.replacement.clone() },
            })
            .collect(),
    });
    changes.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::report::Checked;
    use crate::report::testing::{Scene, finding};
    use crate::rules::{self, Edit, Finding, Fix, Safety};

    fn rendered(scene: &Scene, findings: &[Finding]) -> Value {
        let rules = [rules::find("index-zero").unwrap(), rules::find("duplicate-vm-index").unwrap()];
        let checked = Checked { rules: &rules, ..scene.checked(findings) };
        serde_json::from_str(&super::render(&checked).unwrap()).unwrap()
    }

    #[test]
    fn a_result_has_its_rule_its_places_and_its_fixes() {
        let scene = Scene::new(&[("my guests/wéb#1.nix", "{ ü = 1; index = 5; }\n"), ("db.nix", "{ index = 5; }\n")]);
        let web = "my guests/wéb#1.nix";
        let edit = |name, old, new: &str| Edit { place: scene.place(name, old), replacement: new.to_owned() };
        let fix = |safety, edits| Fix { title: "take 7".to_owned(), safety, edits };
        let mut finding = finding(vec![scene.label(web, "5", "here"), scene.label("db.nix", "5", "[ 5 ]")]);
        finding.message = "[ m ](x)".to_owned();
        finding.help = "h".to_owned();
        finding.fixes = vec![
            fix(Safety::Unsafe, vec![edit(web, "5", "7"), edit("db.nix", "5", "8"), edit(web, "1", "2")]),
            fix(Safety::Display, vec![edit(web, "5", "9")]),
        ];
        let log = rendered(&scene, &[finding]);
        let run = &log["runs"][0];
        let rule = &run["tool"]["driver"]["rules"][1];
        assert_eq!((&rule["id"], &rule["properties"]["tags"][0]), (&json!("duplicate-vm-index"), &json!("uniqueness")));
        assert!(
            rule["fullDescription"]["text"].as_str().unwrap().starts_with("Two guests have the same index"),
            "{rule}"
        );
        let region = |line: u32, from: u32, to: u32| json!({"startLine": line, "startColumn": from, "endLine": line, "endColumn": to});
        let in_web = json!({"uri": "my%20guests/w%C3%A9b%231.nix", "uriBaseId": "%SRCROOT%"});
        let in_db = json!({"uri": "db.nix", "uriBaseId": "%SRCROOT%"});
        assert_eq!(
            run["results"][0],
            json!({
                "ruleId": "duplicate-vm-index",
                "ruleIndex": 1,
                "level": "error",
                "message": {"text": "\\[ m \\](x)\nhelp: h\n[\\[ 5 \\]](1)"},
                "locations": [{
                    "physicalLocation": {"artifactLocation": in_web, "region": region(1, 18, 19)},
                    "message": {"text": "here"},
                }],
                "relatedLocations": [{
                    "id": 1,
                    "physicalLocation": {"artifactLocation": in_db, "region": region(1, 11, 12)},
                    "message": {"text": "\\[ 5 \\]"},
                }],
                "partialFingerprints": {"routelint/v1": "0123456789abcdef0123456789abcdef"},
                "fixes": [{
                    "description": {"text": "take 7"},
                    "artifactChanges": [
                        {
                            "artifactLocation": in_web,
                            "replacements": [
                                {"deletedRegion": region(1, 18, 19), "insertedContent": {"text": "7"}},
                                {"deletedRegion": region(1, 7, 8), "insertedContent": {"text": "2"}},
                            ],
                        },
                        {
                            "artifactLocation": in_db,
                            "replacements": [{"deletedRegion": region(1, 11, 12), "insertedContent": {"text": "8"}}],
                        },
                    ],
                    "properties": {"safety": "unsafe"},
                }],
                "properties": {"confidence": "certain"},
            })
        );
    }

    #[test]
    fn what_is_outside_has_no_base_and_a_fleet_as_a_whole_no_location() {
        let scene = Scene::new(&[("../other/x.nix", "1")]);
        let log = rendered(&scene, &[finding(vec![scene.label("../other/x.nix", "1", "")]), finding(Vec::new())]);
        let results = &log["runs"][0]["results"];
        let location = &results[0]["locations"][0]["physicalLocation"]["artifactLocation"];
        assert_eq!(*location, json!({"uri": "../other/x.nix"}));
        assert_eq!(results[1]["locations"], json!([]));
    }
}
