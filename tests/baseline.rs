//! The baseline from the outside: a fleet takes routelint up with the findings that it has, and gets rid of them.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "this is a test, and it prepares its own folders"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

struct Outcome {
    out: String,
    error: String,
    status: i32,
}

fn run(folder: &Path, arguments: &[&str]) -> Outcome {
    let mut command = Command::new(env!("CARGO_BIN_EXE_routelint"));
    let output = command.args(arguments).current_dir(folder).env_clear().stdin(Stdio::null()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Outcome { out: text(output.stdout), error: text(output.stderr), status: output.status.code().unwrap() }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() { copy(&path, &target) } else { fs::write(&target, fs::read(&path).unwrap()).unwrap() }
    }
}

const FILE: &str = "known.toml";

/// The reference fleet, which has two errors, a warning and a note, with a configuration that names a baseline.
fn fleet() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/reference"), folder.path());
    fs::write(folder.path().join("routelint.toml"), format!("baseline = \"{FILE}\"\n")).unwrap();
    folder
}

fn adopted() -> TempDir {
    let folder = fleet();
    assert_eq!(run(folder.path(), &["check", "--write-baseline"]).status, 0);
    folder
}

fn read(folder: &TempDir, name: &str) -> String {
    fs::read_to_string(folder.path().join(name)).unwrap()
}

fn change(folder: &TempDir, name: &str, from: &str, to: &str) {
    let text = read(folder, name);
    assert!(text.contains(from), "{name}: {text}");
    fs::write(folder.path().join(name), text.replacen(from, to, 1)).unwrap();
}

/// What `check` says: rules with severities, how many are suppressed, exit status.
/// Notes are left out.
fn said(folder: &TempDir, arguments: &[&str]) -> (Vec<String>, u64, i32) {
    let outcome = run(folder.path(), &[&["check", "--format", "json"], arguments].concat());
    let document: Value = serde_json::from_str(&outcome.out).unwrap_or_else(|_| panic!("{}", outcome.error));
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let findings = document["findings"].as_array().unwrap().iter();
    let words = findings.map(|finding| format!("{}[{}]", word(&finding["severity"]), word(&finding["rule"])));
    let words = words.filter(|word| !word.starts_with("note"));
    let baseline = document["summary"]["baseline"].as_u64().unwrap();
    assert_eq!(document["summary"]["suppressed"], json!(baseline));
    (words.collect(), baseline, outcome.status)
}

#[test]
fn a_fleet_takes_it_up_with_what_it_has() {
    let folder = fleet();
    let before = said(&folder, &["--no-baseline"]);
    assert!(before.0.len() > 2 && before.2 == 1);
    let outcome = run(folder.path(), &["check", "--write-baseline"]);
    let count = read(&folder, FILE).lines().filter(|line| line.contains(" = { rule = ")).count();
    assert_eq!(outcome.error, format!("{FILE}: {count} added, 0 taken out\n"));
    assert_eq!(
        (outcome.status, outcome.out),
        (0, format!("no findings in 1 host and 2 guests; {count} in the baseline\n"))
    );
    assert_eq!(said(&folder, &[]), (vec![], count as u64, 0));
    assert_eq!(said(&folder, &["--no-baseline"]), before);
    assert_eq!(said(&folder, &["--no-config"]), before);
    assert_eq!(said(&folder, &["--no-config", "--baseline", FILE]).2, 0);
    let text = read(&folder, FILE);
    let mut lines: Vec<&str> = text.lines().filter_map(|line| line.split_once(" = { ")).map(|(_, said)| said).collect();
    assert_eq!(lines.len(), count, "{text}");
    assert!(text.contains("{ rule = \"onlink-without-gateway\", file = \"guests/web.nix\""), "{text}");
    lines.sort_by_key(|line| line.split_once("file = ").map(|(_, file)| file.to_owned()));
    assert!(lines.iter().all(|line| text.contains(line)));
    fs::remove_file(folder.path().join(FILE)).unwrap();
    run(folder.path(), &["check", "--write-baseline"]);
    assert_eq!(read(&folder, FILE), text, "the same fleet gives the same file");
}

#[test]
fn known_findings_may_move_and_new_ones_fail() {
    let folder = adopted();
    let known = said(&folder, &[]).1;
    change(&folder, "guests/web.nix", "GatewayOnLink = true;", "\n\n   GatewayOnLink = true;");
    fs::write(folder.path().join("guests/web.nix"), format!("# moved\n\n{}", read(&folder, "guests/web.nix"))).unwrap();
    assert_eq!(said(&folder, &[]), (vec![], known, 0));
    // An equal mistake beside the first is another one.
    let web = read(&folder, "guests/web.nix");
    let route = web.split("routes = [").nth(1).unwrap().split('}').next().unwrap().to_owned() + "}";
    change(&folder, "guests/web.nix", &route, &format!("{route} {}", route.replace("10.0.0.0/32", "10.0.0.9/32")));
    let (rules, still, status) = said(&folder, &[]);
    assert_eq!((still, status), (known, 1), "{rules:?}");
    assert_eq!(rules, ["error[onlink-without-gateway]"]);
}

#[test]
fn it_only_shrinks_unless_more_is_asked_for() {
    let folder = adopted();
    let known = said(&folder, &[]).1;
    fs::write(folder.path().join(FILE), read(&folder, FILE).replace("[findings]", "# ours\n[findings]")).unwrap();
    change(&folder, "guests/web.nix", "GatewayOnLink = true;", "");
    let (rules, still, status) = said(&folder, &[]);
    assert_eq!((rules, still, status), (vec!["warning[stale-baseline-entry]".to_owned()], known - 1, 1));
    let place = run(folder.path(), &["check", "--format", "concise"]).out;
    assert!(place.contains(&format!("\n{FILE}:8:1: warning[stale-baseline-entry]")), "{place}");
    assert_eq!(said(&folder, &["--only", "nat-ipv6-missing"]).0, [""; 0], "that rule did not run");

    let outcome = run(folder.path(), &["check", "--write-baseline"]);
    // The route to the gateway is allowed now, but needless.
    let told = format!("{FILE}: 0 added, 1 taken out, 1 new not added (--add-to-baseline adds them)\n");
    assert_eq!((outcome.error, outcome.status), (told, 0));
    assert!(outcome.out.contains("note[redundant-route-to-gateway]"), "{}", outcome.out);
    let text = read(&folder, FILE);
    assert!(text.contains("# ours\n") && text.matches("onlink-without-gateway").count() == 1, "{text}");
    let outcome = run(folder.path(), &["check", "--add-to-baseline"]);
    assert_eq!((outcome.error, outcome.status), (format!("{FILE}: 1 added, 0 taken out\n"), 0));
    assert_eq!(said(&folder, &["--fail-on", "note"]), (vec![], known, 0));
}

#[test]
fn fix_leaves_what_is_known_and_takes_out_what_is_gone() {
    let folder = adopted();
    assert!(run(folder.path(), &["fix"]).out.starts_with("nothing fixed"));
    let outcome = run(folder.path(), &["fix", "--no-baseline", "--only", "onlink-without-gateway"]);
    assert!(outcome.out.contains("fixed guests/web.nix: onlink-without-gateway"), "{}", outcome.out);
    assert_eq!(said(&folder, &[]).0, ["warning[stale-baseline-entry]"; 2], "one in each guest");
    let before = read(&folder, FILE);
    let outcome = run(folder.path(), &["fix"]);
    assert!(outcome.out.contains(&format!("fixed {FILE}: stale-baseline-entry")), "{}", outcome.out);
    assert_eq!(outcome.status, 0);
    assert_eq!(read(&folder, FILE).lines().count() + 2, before.lines().count());
    assert_eq!(said(&folder, &[]).2, 0);
}

#[test]
fn a_baseline_that_cannot_be_used_is_told() {
    let folder = fleet();
    let told = |arguments: &[&str]| {
        let outcome = run(folder.path(), arguments);
        assert_eq!((outcome.status, outcome.out.as_str()), (2, ""));
        outcome.error
    };
    let missing = "does not exist; `routelint check --write-baseline` writes it\n";
    assert_eq!(told(&["check"]), format!("error: routelint.toml:1:12: the baseline {FILE} {missing}"));
    assert_eq!(told(&["fix"]), told(&["check"]));
    assert_eq!(told(&["check", "--baseline", "x"]), format!("error: the baseline x {missing}"));
    assert!(told(&["check", "--no-config", "--write-baseline"]).contains("give --baseline FILE"));
    fs::write(folder.path().join(FILE), "version = 1\n[findings]\nabc = { rule = \"x\" }\nwhat\n").unwrap();
    let error = told(&["check"]);
    assert!(error.starts_with(&format!("error: {FILE}:3:1: `abc` is no fingerprint")), "{error}");
    assert!(error.contains(&format!("\nerror: {FILE}:4:")), "{error}");
    assert_eq!(told(&["check", "--write-baseline"]), error, "it is not written over");
}

#[test]
fn what_is_wrong_with_the_source_itself_is_never_known() {
    let folder = fleet();
    change(&folder, "guests/web.nix", "GatewayOnLink = true;", "GatewayOnLink = true");
    let outcome = run(folder.path(), &["check", "--write-baseline"]);
    assert_eq!(outcome.status, 1, "{}", outcome.out);
    assert!(outcome.error.contains("left out, because the source itself is wrong"), "{}", outcome.error);
    assert!(!read(&folder, FILE).contains("syntax-error"));
}

#[test]
fn reports_for_programs_tell_what_is_known() {
    let folder = adopted();
    let known = said(&folder, &[]).1;
    let sarif = run(folder.path(), &["check", "--format", "sarif"]).out;
    let sarif: Value = serde_json::from_str(&sarif).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len() as u64, known);
    for result in results {
        assert_eq!(result["baselineState"], "unchanged");
        assert_eq!(result["suppressions"], json!([{ "kind": "external", "status": "accepted" }]));
    }
    let without = run(folder.path(), &["check", "--no-baseline", "--format", "sarif"]).out;
    assert!(!without.contains("baselineState"));
    let junit = run(folder.path(), &["check", "--format", "junit"]).out;
    assert!(junit.contains(&format!("skipped=\"{known}\"")) && junit.contains("<skipped message=\"in the baseline\">"));
    for format in ["gitlab", "rdjson", "github", "checkstyle", "concise"] {
        let report = run(folder.path(), &["check", "--format", format]).out;
        assert!(!report.contains("onlink-without-gateway"), "{format}: {report}");
    }
}
