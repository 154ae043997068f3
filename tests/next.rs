//! `routelint next` from the outside: what it proposes, what it does not know, and its exit status.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "this is a test, and it prepares its own folders"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

fn run(folder: &Path, arguments: &[&str]) -> (String, String, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_routelint"));
    let output = command.args(arguments).current_dir(folder).env_clear().stdin(Stdio::null()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code().unwrap())
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// The slots of the only host, and the exit status.
fn slots(folder: &Path, arguments: &[&str]) -> (Vec<Value>, i32) {
    let (out, error, status) = run(folder, &[&["next", "--format", "json"], arguments].concat());
    let document: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{error}"));
    assert_eq!(document["hosts"].as_array().unwrap().len(), 1, "{out}");
    (document["hosts"][0]["slots"].as_array().unwrap().clone(), status)
}

/// A fleet of loose modules.
fn fleet(files: &[(&str, String)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// A guest whose values are computed from its number by these expressions.
fn guest(name: &str, index: i64, mac: &str, addresses: &str) -> (String, String) {
    let text = format!(
        "{{ lib, ... }}: let index = {index}; mac = \"{mac}\"; in {{
           networking.hostName = \"{name}\";
           microvm.interfaces = [ {{ type = \"tap\"; id = \"vm${{toString index}}\"; inherit mac; }} ];
           systemd.network.networks.\"10-eth\" = {{ matchConfig.MACAddress = mac; address = [ {addresses} ]; }}; }}"
    );
    (format!("{name}.nix"), text)
}

const HEX: &str = "02:00:00:00:00:${lib.optionalString (index < 16) \"0\"}${lib.toHexString index}";
const NINE: [&str; 9] = ["g1", "g2", "g3", "g4", "g5", "g6", "g7", "g8", "g9"];
const SIX: &str = "\"fd00::${lib.toHexString index}/128\"";

/// A host with these files, which starts these guests.
fn host(units: &str, guests: &[&str]) -> (String, String) {
    let starts = guests.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(" ");
    let text = format!(
        "{{ networking.hostName = \"server\"; networking.useNetworkd = true; networking.nat.enable = true;
           microvm.autostart = [ {starts} ];
           systemd.network.networks = {{ {units} }}; }}"
    );
    ("host.nix".to_owned(), text)
}

fn written(files: &[(String, String)]) -> tempfile::TempDir {
    let files: Vec<(&str, String)> = files.iter().map(|(name, text)| (name.as_str(), text.clone())).collect();
    fleet(&files)
}

#[test]
fn the_lowest_free_numbers_come_with_all_that_follows() {
    let (slots, status) = slots(&fixture("repaired"), &["--count", "5"]);
    assert_eq!(status, 0);
    let indices: Vec<i64> = slots.iter().map(|slot| slot["index"].as_i64().unwrap()).collect();
    assert_eq!(indices, [1, 2, 3, 4, 7], "guests have 5 and 6");
    let last = &slots[4];
    assert_eq!((&last["tap"], &last["mac"]), (&json!("vm7"), &json!("02:00:00:00:00:07")));
    assert_eq!(last["addresses"], json!(["10.0.0.7/32", "fd4e:9a1c:77b2::7/128"]));
    assert_eq!(last["prepared"], "30-vm7");
    assert_eq!((&last["like"]["old"], &last["like"]["new"]), (&json!("index = 6;"), &json!("index = 7;")));
}

#[test]
fn each_host_has_numbers_of_its_own() {
    let two = fixture("two-hosts");
    let (all, _, _) = run(&two, &["next"]);
    assert!(all.contains("host east: 3 is") && all.contains("host west: 3 is"), "{all}");
    let (one, _) = slots(&two, &["--host", "west"]);
    assert_eq!(one.len(), 1);
    let (_, error, status) = run(&two, &["next", "--host", "wst"]);
    assert_eq!((error.as_str(), status), ("error: there is no host `wst`; did you mean `west`?\n", 2));
}

#[test]
fn numbers_in_other_digits_follow_where_the_source_shows_how() {
    let literal = |index: i64| format!("02:00:00:00:00:0{index}");
    let guests: Vec<_> = (1..=9).map(|index| guest(&format!("g{index}"), index, &literal(index), SIX)).collect();
    let folder = written(&[guests.as_slice(), &[host("", &NINE)]].concat());
    let (slots, status) = slots(folder.path(), &[]);
    assert_eq!((&slots[0]["index"], &slots[0]["tap"]), (&json!(10), &json!("vm10")));
    assert_eq!(slots[0]["addresses"], json!(["fd00::a/128"]), "IPv6 only");
    // `0a` or `10`: nine literals do not show it.
    assert_eq!((&slots[0]["mac"], status), (&Value::Null, 1));
    assert_eq!(slots[0]["missing"][0]["part"], "mac");
    assert_eq!(slots[0]["missing"][0]["free"], "02:00:00:00:00:0a");

    let guests: Vec<_> = [1, 9].map(|index| guest(&format!("g{index}"), index, HEX, SIX)).into();
    let folder = written(&[guests.as_slice(), &[host("", &["g1", "g9"])]].concat());
    let (slots, status) = self::slots(folder.path(), &["--count", "8"]);
    assert_eq!(status, 0);
    assert_eq!((&slots[7]["index"], &slots[7]["mac"]), (&json!(10), &json!("02:00:00:00:00:0a")));
}

#[test]
fn numbers_that_outgrow_a_field_follow_where_the_source_computes_the_one_above() {
    let two = |number: &str| format!("${{lib.fixedWidthString 2 \"0\" (lib.toHexString ({number}))}}");
    let mac = format!("02:00:00:00:{}:{}", two("index / 256"), two("lib.mod index 256"));
    let four = "\"10.0.${toString (index / 256)}.${toString (lib.mod index 256)}/32\"";
    let names: Vec<String> = [1, 2, 254, 255].map(|index| format!("g{index}")).into();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let fleet = |mac: &str, four: &str| {
        let guests = [1, 2, 254, 255].map(|index| guest(&format!("g{index}"), index, mac, four));
        written(&[guests.as_slice(), &[host("", &names)]].concat())
    };
    let last = |folder: &Path| slots(folder, &["--count", "252"]).0[251].clone();
    let slot = last(fleet(&mac, four).path());
    assert_eq!((&slot["index"], &slot["mac"]), (&json!(256), &json!("02:00:00:00:01:00")));
    assert_eq!(slot["addresses"], json!(["10.0.1.0/32"]));
    // Nothing tells that the zeros before are more digits.
    let slot = last(fleet(&mac.replacen(&two("index / 256"), "00", 1), "\"10.0.0.${toString index}/32\"").path());
    assert_eq!((&slot["index"], &slot["mac"]), (&json!(256), &Value::Null));
}

#[test]
fn taps_that_wait_tell_the_scheme_where_there_are_no_guests() {
    let units: String = (1..=3)
        .map(|number| {
            format!("\"30-vm{number}\" = {{ matchConfig.Name = \"vm{number}\"; routes = [ {{ Destination = \"10.0.0.{number}/32\"; }} ]; }}; ")
        })
        .collect();
    let folder = written(&[host(&units, &[])]);
    let (slots, status) = slots(folder.path(), &[]);
    assert_eq!((&slots[0]["index"], &slots[0]["tap"]), (&json!(1), &json!("vm1")));
    assert_eq!((&slots[0]["addresses"], &slots[0]["mac"]), (&json!(["10.0.0.1/32"]), &Value::Null));
    assert_eq!(status, 1, "the MAC does not follow from anything");
    let nothing = written(&[host("", &[])]);
    let (_, error, status) = run(nothing.path(), &["next"]);
    assert!(error.contains("no scheme to go on with"), "{error}");
    assert_eq!(status, 2);
}

#[test]
fn a_guest_that_is_not_understood_may_have_any_number() {
    let mut files: Vec<_> = (1..=2).map(|index| guest(&format!("g{index}"), index, HEX, SIX)).collect();
    files.push(host("", &["g1", "g2", "odd"]));
    let odd = "{ pkgs, ... }: { networking.hostName = \"odd\"; microvm.interfaces = [ { type = \"tap\"; id = pkgs.odd.name; mac = pkgs.odd.mac; } ]; }";
    files.push(("odd.nix".to_owned(), odd.to_owned()));
    let folder = written(&files);
    let (out, _, status) = run(folder.path(), &["next"]);
    assert!(out.contains("not certain: guest odd is not understood, so it may have any number"), "{out}");
    assert_eq!(status, 1);
}

#[test]
fn a_module_to_start_from_is_sound() {
    let (module, _, status) = run(&fixture("repaired"), &["next", "--format", "nix"]);
    assert_eq!(status, 0);
    let folder = tempfile::tempdir().unwrap();
    let copied =
        Command::new("cp").arg("-r").arg(fixture("repaired")).arg(folder.path().join("fleet")).status().unwrap();
    assert!(copied.success());
    let fleet = folder.path().join("fleet");
    fs::write(fleet.join("guests/new.nix"), module).unwrap();
    fs::write(fleet.join("routelint.toml"), "[guests.new]\nhost = \"server\"\n").unwrap();
    let (out, _, status) = run(
        &fleet,
        &[
            "check",
            "--format",
            "concise",
            "--only",
            "duplicate-guest-ipv4,duplicate-mac-across-vms,duplicate-tap-id,guest-host-address-disagree,host-route-missing,tap-without-network",
        ],
    );
    assert_eq!((out.as_str(), status), ("", 0));
    let (shown, _, _) = run(&fleet, &["show", "--format", "json"]);
    assert!(shown.contains("\"name\":\"new\",\"host\":\"server\",\"index\":1"), "{shown}");
}
