//! The formats that other programs read, as the program writes them: each keeps the rules of its readers, and all tell the same.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::disallowed_methods,
    reason = "this is a test, and it prepares its own folders"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use quick_xml::events::{BytesStart, Event};
use serde_json::Value;

const FORMATS: [&str; 7] = ["json", "sarif", "gitlab", "rdjson", "github", "junit", "checkstyle"];

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

fn copy_below(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_below(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A fleet with all kinds of findings: errors, warnings, a note, some with edits, some in two files; a name that must be escaped, a file
/// that does not parse, and letters outside ASCII before a culprit.
fn fleet() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy_below(&fixture("reference"), folder.path());
    let configuration = "[rules]\nnat-ipv6-missing = \"note\"\nipv6-forwarding-not-global = \"warning\"\n";
    fs::write(folder.path().join("routelint.toml"), configuration).unwrap();
    let guests = folder.path().join("guests");
    let web = fs::read_to_string(guests.join("web.nix")).unwrap();
    let twin = web.replace("GatewayOnLink = true", "/* «é» 𐐀 */ GatewayOnLink = true");
    fs::write(guests.join("a b&'c.nix"), format!("# routelint: allow(mac-malformed) no more\n{twin}")).unwrap();
    fs::write(guests.join("broken.nix"), "{ \"<x>\" = 1\n").unwrap();
    folder
}

fn run(folder: &Path, arguments: &[&str]) -> (String, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_routelint"));
    let output = command.args(arguments).current_dir(folder).env_clear().stdin(Stdio::null()).output().unwrap();
    let complaints = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code().unwrap() < 2, "{complaints}");
    (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap())
}

/// All reports of one run, by format.
fn reports(folder: &Path) -> BTreeMap<&'static str, String> {
    let away = tempfile::tempdir().unwrap();
    let path = |format: &str| away.path().join(format).to_str().unwrap().to_owned();
    let outputs: Vec<String> = FORMATS.iter().map(|format| format!("--output={format}={}", path(format))).collect();
    let arguments: Vec<&str> = std::iter::once("check").chain(outputs.iter().map(String::as_str)).collect();
    assert_eq!(run(folder, &arguments).1, 1);
    FORMATS.iter().map(|format| (*format, fs::read_to_string(path(format)).unwrap())).collect()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("no list: {value}"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("no number: {value}"))
}

/// An element without its content.
struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
    parents: Vec<String>,
}

/// The elements of a document, which must be well-formed.
fn elements(document: &str) -> Vec<Element> {
    let mut reader = quick_xml::Reader::from_str(document);
    reader.config_mut().check_end_names = true;
    let mut open: Vec<String> = Vec::new();
    let mut elements = Vec::new();
    let element = |start: &BytesStart<'_>, open: &[String]| Element {
        name: start.name().as_ref().to_owned(),
        attributes: start
            .attributes()
            .map(|attribute| {
                let attribute = attribute.unwrap();
                let value = quick_xml::escape::unescape(&attribute.value).unwrap().into_owned();
                (attribute.key.as_ref().to_owned(), value)
            })
            .collect(),
        parents: open.to_vec(),
    };
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                let started = element(&start, &open);
                open.push(started.name.clone());
                elements.push(started);
            }
            Event::Empty(start) => elements.push(element(&start, &open)),
            Event::End(_) => _ = open.pop(),
            Event::Eof => break,
            _ => {}
        }
    }
    assert!(open.is_empty());
    elements
}

#[test]
fn all_formats_tell_the_same_findings() {
    let folder = fleet();
    let reports = reports(folder.path());
    let (own, sarif) = (json(&reports["json"]), json(&reports["sarif"]));
    let place = |path: &str, line: u64, rule: &str| format!("{path}:{line} {rule}");
    let expected: Vec<String> = list(&own["findings"])
        .iter()
        .map(|finding| {
            let label = &finding["labels"][0];
            place(text(&label["file"]), number(&label["start"]["line"]), text(&finding["rule"]))
        })
        .collect();
    let rules: BTreeSet<&str> = list(&own["findings"]).iter().map(|finding| text(&finding["rule"])).collect();
    for rule in ["syntax-error", "unused-allowance", "duplicate-vm-index", "onlink-without-gateway", "nat-ipv6-missing"]
    {
        assert!(rules.contains(rule), "{rules:?}");
    }

    let sarif = list(&sarif["runs"][0]["results"]).iter().map(|result| {
        let location = &result["locations"][0]["physicalLocation"];
        let path =
            text(&location["artifactLocation"]["uri"]).replace("%20", " ").replace("%26", "&").replace("%27", "'");
        place(&path, number(&location["region"]["startLine"]), text(&result["ruleId"]))
    });
    assert_eq!(sarif.collect::<Vec<_>>(), expected);

    let gitlab = json(&reports["gitlab"]);
    let gitlab = list(&gitlab).iter().map(|issue| {
        let location = &issue["location"];
        place(text(&location["path"]), number(&location["lines"]["begin"]), text(&issue["check_name"]))
    });
    assert_eq!(gitlab.collect::<Vec<_>>(), expected);

    let rdjson = json(&reports["rdjson"]);
    let rdjson = list(&rdjson["diagnostics"]).iter().map(|diagnostic| {
        let location = &diagnostic["location"];
        place(text(&location["path"]), number(&location["range"]["start"]["line"]), text(&diagnostic["code"]["value"]))
    });
    assert_eq!(rdjson.collect::<Vec<_>>(), expected);

    let github = reports["github"].lines().map(|line| {
        let (properties, _) = line.strip_prefix("::").unwrap().split_once("::").unwrap();
        let value = |name: &str| {
            let found =
                properties.split([' ', ',']).find_map(|property| property.strip_prefix(name)?.strip_prefix('='));
            found.map(str::to_owned)
        };
        let path = properties.split_once("file=").unwrap().1.split(',').next().unwrap();
        place(path, value("line").unwrap().parse().unwrap(), &value("title").unwrap())
    });
    assert_eq!(github.collect::<Vec<_>>(), expected);

    let mut sorted = expected.clone();
    sorted.sort();
    let junit = elements(&reports["junit"]).into_iter().filter(|element| element.attributes.contains_key("line"));
    let mut junit: Vec<String> = junit
        .map(|element| {
            let rule = element.attributes["name"].split(' ').next().unwrap();
            place(&element.attributes["file"], element.attributes["line"].parse().unwrap(), rule)
        })
        .collect();
    junit.sort();
    assert_eq!(junit, sorted);

    let mut path = String::new();
    let mut checkstyle = Vec::new();
    for element in elements(&reports["checkstyle"]) {
        match element.name.as_str() {
            "file" => path = element.attributes["name"].clone(),
            "error" => {
                let rule = element.attributes["source"].strip_prefix("routelint.").unwrap();
                checkstyle.push(place(&path, element.attributes["line"].parse().unwrap(), rule));
            }
            _ => {}
        }
    }
    checkstyle.sort();
    assert_eq!(checkstyle, sorted);
}

#[test]
fn no_report_holds_the_folder_of_the_machine_and_fingerprints_agree() {
    let folder = fleet();
    let reports = reports(folder.path());
    let here = folder.path().canonicalize().unwrap();
    for (format, report) in &reports {
        assert!(!report.contains(here.to_str().unwrap()), "{format}: {report}");
    }
    let (own, sarif, gitlab) = (json(&reports["json"]), json(&reports["sarif"]), json(&reports["gitlab"]));
    let fingerprints: Vec<&str> = list(&own["findings"]).iter().map(|finding| text(&finding["fingerprint"])).collect();
    let unique: BTreeSet<&str> = fingerprints.iter().copied().collect();
    assert_eq!(unique.len(), fingerprints.len());
    let results = list(&sarif["runs"][0]["results"]).iter();
    assert_eq!(
        results.map(|result| text(&result["partialFingerprints"]["routelint/v1"])).collect::<Vec<_>>(),
        fingerprints
    );
    assert_eq!(list(&gitlab).iter().map(|issue| text(&issue["fingerprint"])).collect::<Vec<_>>(), fingerprints);
}

/// Rules of SARIF 2.1.0 that its JSON schema states, and those of GitHub's code scanning beyond it.
#[test]
fn sarif_keeps_the_rules_of_its_standard() {
    let folder = fleet();
    let log = json(&reports(folder.path())["sarif"]);
    assert_eq!((text(&log["version"]), list(&log["runs"]).len()), ("2.1.0", 1));
    let run = &log["runs"][0];
    let driver = &run["tool"]["driver"];
    assert_eq!((text(&driver["name"]), text(&run["columnKind"])), ("routelint", "unicodeCodePoints"));
    let levels = ["none", "note", "warning", "error"];
    let rules = list(&driver["rules"]);
    for rule in rules {
        for key in ["shortDescription", "fullDescription", "help"] {
            let words = text(&rule[key]["text"]);
            assert!(!words.is_empty() && (key == "help" || words.len() <= 1024), "{key} of {}: {words}", rule["id"]);
        }
        assert!(text(&rule["help"]["markdown"]).starts_with(&format!("# {}", text(&rule["id"]))));
        assert!(levels.contains(&text(&rule["defaultConfiguration"]["level"])));
        assert_eq!(list(&rule["properties"]["tags"]).len(), 1);
    }
    let check_region = |region: &Value| {
        let [line, column, end_line, end_column] =
            ["startLine", "startColumn", "endLine", "endColumn"].map(|key| number(&region[key]));
        assert!(line >= 1 && column >= 1 && (line, column) <= (end_line, end_column), "{region}");
    };
    let check_artifact = |location: &Value| {
        let uri = text(&location["uri"]);
        assert!(uri.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~/%".contains(&byte)), "{uri}");
        assert!(!uri.starts_with('/') && !uri.split('/').any(|part| part == ".."), "{uri}");
        assert_eq!(text(&location["uriBaseId"]), "%SRCROOT%");
    };
    let mut fixes = 0;
    for result in list(&run["results"]) {
        let rule = &rules[usize::try_from(number(&result["ruleIndex"])).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(levels.contains(&text(&result["level"])) && !text(&result["message"]["text"]).is_empty());
        let related = result.get("relatedLocations").map(list).unwrap_or_default();
        for location in list(&result["locations"]).iter().chain(related) {
            check_region(&location["physicalLocation"]["region"]);
            check_artifact(&location["physicalLocation"]["artifactLocation"]);
        }
        for location in related {
            let link = format!("]({})", location["id"]);
            assert!(text(&result["message"]["text"]).contains(&link), "{result}");
        }
        for fix in result.get("fixes").map(list).unwrap_or_default() {
            fixes += 1;
            for change in list(&fix["artifactChanges"]) {
                check_artifact(&change["artifactLocation"]);
                assert!(!list(&change["replacements"]).is_empty());
                list(&change["replacements"])
                    .iter()
                    .for_each(|replacement| check_region(&replacement["deletedRegion"]));
            }
        }
    }
    assert!(fixes > 0);
}

#[test]
fn suggestions_for_reviewdog_repair_their_files() {
    let folder = fleet();
    let document = json(&reports(folder.path())["rdjson"]);
    let mut repaired = 0;
    for diagnostic in list(&document["diagnostics"]) {
        assert!(["ERROR", "WARNING", "INFO"].contains(&text(&diagnostic["severity"])));
        let rule = text(&diagnostic["code"]["value"]);
        if !["onlink-without-gateway", "unused-allowance"].contains(&rule) {
            continue;
        }
        let path = folder.path().join(text(&diagnostic["location"]["path"]));
        let source = fs::read_to_string(&path).unwrap();
        let suggestion = &diagnostic["suggestions"][0];
        let offset = |position: &Value| {
            let line = usize::try_from(number(&position["line"])).unwrap();
            let before: usize = source.split_inclusive('\n').take(line - 1).map(str::len).sum();
            before + usize::try_from(number(&position["column"])).unwrap() - 1
        };
        let (start, end) = (offset(&suggestion["range"]["start"]), offset(&suggestion["range"]["end"]));
        let removed = if rule == "unused-allowance" { "# routelint" } else { "GatewayOnLink = true;" };
        assert!(source[start..end].trim_start().starts_with(removed), "{}", &source[start..end]);
        assert_eq!(text(&suggestion["text"]), "");
        repaired += 1;
    }
    assert!(repaired >= 3, "{document}");
}

#[test]
fn junit_counts_what_fails_and_each_test_once() {
    let folder = fleet();
    let report = reports(folder.path()).remove("junit").unwrap();
    let elements = elements(&report);
    let count = |name: &str| elements.iter().filter(|element| element.name == name).count().to_string();
    for suite in elements.iter().filter(|element| element.name.starts_with("testsuite")) {
        let attributes = &suite.attributes;
        assert_eq!((&attributes["tests"], &attributes["failures"]), (&count("testcase"), &count("failure")));
        assert_eq!(attributes["errors"], count("error"));
    }
    assert!(count("failure") != "0" && count("system-out") != "0");
    assert_eq!(count("error"), "1", "a file that does not parse is an error");
    let tests: Vec<&Element> = elements.iter().filter(|element| element.name == "testcase").collect();
    assert!(tests.iter().all(|test| test.parents == ["testsuites", "testsuite"]));
    let names: BTreeSet<&String> = tests.iter().map(|test| &test.attributes["name"]).collect();
    assert_eq!(names.len(), tests.len());

    let (sound, status) = run(&fixture("repaired"), &["check", "--format", "junit"]);
    assert_eq!(status, 0);
    assert!(sound.contains("failures=\"0\" errors=\"0\"") && sound.contains("name=\"onlink-without-gateway\""));
    let (lenient, _) = run(folder.path(), &["check", "--format", "junit", "--fail-on", "error"]);
    assert!(lenient.contains("<system-out>") && !lenient.contains("type=\"warning\""));
}

/// The fingerprints of a fleet by the rule and the machines of the finding.
fn fingerprints(folder: &Path, arguments: &[&str]) -> BTreeSet<(String, String)> {
    let (report, _) = run(folder, &[&["check", "--format", "json"], arguments].concat());
    let report = json(&report);
    let pairs = list(&report["findings"]).iter();
    pairs.map(|finding| (text(&finding["rule"]).to_owned(), text(&finding["fingerprint"]).to_owned())).collect()
}

#[test]
fn a_finding_keeps_its_fingerprint_wherever_it_moves() {
    let folder = fleet();
    let before = fingerprints(folder.path(), &[]);
    assert_eq!(fingerprints(&folder.path().join("guests"), &[".."]), before);
    assert_eq!(fingerprints(Path::new("/"), &[folder.path().to_str().unwrap()]), before);

    let elsewhere = tempfile::tempdir().unwrap();
    copy_below(folder.path(), elsewhere.path());
    for name in ["guests/web.nix", "guests/db.nix", "nat.nix", "taps.nix"] {
        let path = elsewhere.path().join(name);
        let moved = fs::read_to_string(&path).unwrap().replace("  ", "    ");
        fs::write(path, format!("# moved\n\n\n{moved}\n# the end\n")).unwrap();
    }
    assert_eq!(fingerprints(elsewhere.path(), &[]), before);

    // What is new is new, and what is gone is gone, but the others stay.
    fs::remove_file(elsewhere.path().join("guests/broken.nix")).unwrap();
    let mac = fs::read_to_string(elsewhere.path().join("guests/db.nix")).unwrap();
    fs::write(elsewhere.path().join("guests/also.nix"), format!("{mac} oops")).unwrap();
    let after = fingerprints(elsewhere.path(), &[]);
    let changed: Vec<&str> = before.symmetric_difference(&after).map(|(rule, _)| rule.as_str()).collect();
    assert_eq!(changed, ["syntax-error", "syntax-error"]);
}
