//! What the program says about the fleets of `fixtures/`, as their README promises.

#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// The folder, and the findings above note in the order of the report.
const FLEETS: &[(&str, &[&str])] = &[
    (
        "reference",
        &["onlink-without-gateway", "onlink-without-gateway", "nat-ipv6-missing", "ipv6-forwarding-not-global"],
    ),
    ("repaired", &[]),
    ("flake-inline", &["ipv6-hex-decimal-mismatch", "nat-subnet-does-not-cover-guest", "duplicate-vm-index"]),
    ("registry", &[]),
    ("options-module", &[]),
    ("two-hosts", &[]),
    ("configured", &["duplicate-mac-across-vms"]),
    ("modules/inline", &[]),
    ("modules/isolated", &[]),
    ("modules/routed", &[]),
    ("modules/slots", &[]),
    ("modules/systems", &[]),
    ("modules/two-hosts", &[]),
];

fn json(arguments: &[&str]) -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(env!("CARGO_BIN_EXE_routelint"))
        .args(arguments)
        .args(["--format", "json"])
        .current_dir(root)
        .env_clear()
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn every_fixture_gets_the_findings_that_its_readme_names() {
    for (folder, expected) in FLEETS {
        let report = json(&["check", &format!("fixtures/{folder}")]);
        let loud = report["findings"].as_array().unwrap().iter().filter(|finding| finding["severity"] != "note");
        let rules: Vec<&str> = loud.map(|finding| finding["rule"].as_str().unwrap()).collect();
        assert_eq!(rules, *expected, "{folder}");
    }
}

#[test]
fn the_template_is_a_sound_fleet() {
    let report = json(&["check", "templates/fleet", "--input", "routelint=.", "--strict"]);
    assert_eq!(report["findings"], Value::Array(Vec::new()));
    assert_eq!(report["summary"]["guests"], 2);
}

#[test]
fn guests_of_every_way_of_writing_are_understood() {
    let guest = |folder: &str, name: &str| {
        let shown = json(&["show", &format!("fixtures/{folder}")]);
        let guests = shown["guests"].as_array().unwrap().clone();
        guests.into_iter().find(|guest| guest["name"] == name).unwrap()
    };
    for (folder, name, host, index, tap, address) in [
        ("reference", "web", "server", 5, "vm5", "fec0::5/128"),
        ("flake-inline", "mail", "harbour", 12, "vm12", "10.20.0.12/32"),
        ("registry", "mail", "registry", 17, "vm17", "fd77:1c0:ffee::11/128"),
        ("options-module", "ci", "lighthouse", 21, "tap-21", "fd31:aa11:bb22::15/128"),
        ("configured", "mail", "gateway", 7, "vm7", "fd60:9a1c:77b2::7/128"),
        ("two-hosts", "builder", "west", 2, "vm2", "192.168.90.2/32"),
        ("modules/inline", "mail", "anchor", 26, "vm26", "fd63:4704:b902::1a/128"),
        ("modules/isolated", "back", "cellar", 62, "vm62", "10.9.8.62/32"),
        ("modules/routed", "c", "pier", 4660, "pier4660", "2001:db8:79::1234/128"),
        ("modules/systems", "vpn", "quay", 17, "vm17", "3fff:a:77::17/128"),
    ] {
        let guest = guest(folder, name);
        assert_eq!(guest["host"], host, "{folder}");
        assert_eq!(guest["index"], index, "{folder}");
        assert_eq!(guest["interfaces"][0]["id"], tap, "{folder}");
        assert!(guest["addresses"].as_array().unwrap().contains(&address.into()), "{folder}: {guest}");
    }
}

#[test]
fn a_guest_of_the_modules_has_its_number_whatever_its_tap_is_called() {
    let shown = json(&["show", "fixtures/modules/slots"]);
    let guest = &shown["guests"][0];
    assert_eq!((&guest["name"], &guest["index"]), (&"scratch".into(), &2.into()));
    // A filter is no translation.
    let shown = json(&["show", "fixtures/modules/routed"]);
    assert_eq!(shown["hosts"][0]["nat"].get("other_rules"), None);
}
