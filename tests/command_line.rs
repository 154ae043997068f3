//! The command from the outside: exit status, what goes where, and the formats that others parse.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "this is a test, and it prepares its own folders"
)]

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_routelint"));
    command.args(arguments).current_dir(folder).env_clear().stdin(Stdio::null());
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

fn check_json(folder: &Path, arguments: &[&str]) -> (Value, i32) {
    let whole = [&["check", "--format", "json"], arguments].concat();
    let output = run(folder, &whole);
    let document = serde_json::from_slice(&output.stdout);
    let document = document.unwrap_or_else(|error| panic!("{whole:?}: {error}\n{}", text(&output.stderr)));
    (document, output.status.code().unwrap())
}

fn rules_of(document: &Value) -> Vec<String> {
    let findings = document["findings"].as_array().unwrap();
    findings.iter().map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_reference_network_has_its_three_mistakes() {
    let (document, status) = check_json(&fixture("reference"), &[]);
    let mut rules = rules_of(&document);
    rules.sort();
    rules.dedup();
    assert_eq!(
        rules,
        ["ipv6-forwarding-not-global", "nat-ipv6-missing", "onlink-without-gateway", "site-local-prefix"],
        "three mistakes and a note"
    );
    assert_eq!(status, 1);
}

#[test]
fn a_sound_fleet_ends_with_status_0() {
    for name in ["repaired", "registry", "options-module", "two-hosts"] {
        let (document, status) = check_json(&fixture(name), &[]);
        assert_eq!((rules_of(&document), status), (Vec::new(), 0), "{name}");
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    for arguments in
        [&["check", "."][..], &["check", "--format", "json", "."], &["show", "."], &["show", "--format", "json"]]
    {
        let first = run(&fixture("flake-inline"), arguments);
        let second =
            command(&fixture("flake-inline"), arguments).env("LANG", "C").env("COLUMNS", "40").output().unwrap();
        assert!(!first.stdout.is_empty(), "{arguments:?}: {}", text(&first.stderr));
        assert_eq!(text(&first.stdout), text(&second.stdout), "{arguments:?}");
    }
}

#[test]
fn nothing_to_analyse_and_bad_usage_end_with_status_2() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("package.nix"), "{ stdenv }: stdenv.mkDerivation { name = \"x\"; }\n").unwrap();
    for arguments in [
        &["check", "."][..],
        &["show", "."],
        &["check", "missing"],
        &["check", "--only", "no-such-rule"],
        &["check", "--fail-on", "never"],
        &["check", "--release", "soon"],
        &["explain", "no-such-rule"],
    ] {
        let output = run(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}: {}", text(&output.stdout));
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn an_unknown_rule_is_answered_with_the_nearest_name() {
    let output = run(&fixture("repaired"), &["explain", "duplicate-vm-indexes"]);
    assert!(text(&output.stderr).contains("duplicate-vm-index"), "{}", text(&output.stderr));
}

#[test]
fn every_rule_can_be_explained() {
    let folder = fixture("repaired");
    let list: Value = serde_json::from_slice(&run(&folder, &["rules", "--format", "json"]).stdout).unwrap();
    let rules = list["rules"].as_array().unwrap();
    assert!(!rules.is_empty());
    for rule in rules {
        let name = rule["name"].as_str().unwrap();
        let output = run(&folder, &["explain", name]);
        assert_eq!(output.status.code(), Some(0), "{name}");
        assert!(text(&output.stdout).starts_with(&format!("# {name}\n")), "{name}");
    }
}

#[test]
fn only_and_skip_choose_rules_and_the_threshold_decides_the_status() {
    let folder = fixture("reference");
    let (document, status) = check_json(&folder, &["--only", "nat-ipv6-missing"]);
    assert_eq!((rules_of(&document), status), (vec!["nat-ipv6-missing".to_owned()], 1));
    let (document, status) = check_json(&folder, &["--only", "nat-ipv6-missing", "--fail-on", "error"]);
    assert_eq!((rules_of(&document).len(), status), (1, 0));
    let (document, _) = check_json(&folder, &["--skip", "nat-ipv6-missing,onlink-without-gateway,site-local-prefix"]);
    assert!(rules_of(&document).iter().all(|rule| rule == "ipv6-forwarding-not-global"));
}

#[test]
fn a_named_file_limits_the_report_and_not_the_analysis() {
    let project = tempfile::tempdir().unwrap();
    let copied = Command::new("cp").arg("-r").arg(fixture("reference").join(".")).arg(project.path()).status().unwrap();
    assert!(copied.success());
    fs::write(project.path().join("routelint.toml"), "").unwrap();
    let (whole, _) = check_json(project.path(), &[]);
    let file = whole["findings"][0]["labels"][0]["file"].as_str().unwrap();
    let (limited, _) = check_json(project.path(), &[file]);
    let concerns = |finding: &&Value| finding["labels"].as_array().unwrap().iter().any(|label| label["file"] == file);
    let expected: Vec<&Value> = whole["findings"].as_array().unwrap().iter().filter(concerns).collect();
    assert_eq!(limited["findings"].as_array().unwrap().iter().collect::<Vec<_>>(), expected);
    assert_eq!(limited["summary"]["hosts"], whole["summary"]["hosts"]);
    // A hook that passes all changed files passes those that are no modules, which may concern the whole fleet.
    fs::write(project.path().join("flake.lock"), "{}").unwrap();
    for files in [&["routelint.toml"][..], &["flake.lock", file]] {
        let (document, _) = check_json(project.path(), files);
        assert_eq!(document["findings"], whole["findings"], "{files:?}");
    }
}

#[test]
fn a_file_that_does_not_parse_is_never_clean_even_if_no_machine_uses_it() {
    let project = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(project.path().join(name), text).unwrap();
    write("host.nix", "{ networking.hostName = \"gate\"; microvm.vms.web.config = { }; }");
    write("new.nix", "{ lib, ... }:\nlet\n");
    let (document, status) = check_json(project.path(), &[]);
    assert_eq!((rules_of(&document), status), (vec!["syntax-error".to_owned()], 1));

    // Below a flake only what is imported belongs to the fleet, unless it is named.
    write(
        "flake.nix",
        "{ outputs = { nixpkgs, ... }: { nixosConfigurations.gate = nixpkgs.lib.nixosSystem { modules = [ ./host.nix ]; }; }; }",
    );
    assert_eq!(run(project.path(), &["check"]).status.code(), Some(0));
    let (document, status) = check_json(project.path(), &["host.nix", "new.nix"]);
    assert_eq!((rules_of(&document), status), (vec!["syntax-error".to_owned()], 1));
    let gone = run(project.path(), &["check", "gone.nix"]);
    assert_eq!(gone.status.code(), Some(2));
    assert!(text(&gone.stderr).contains("gone.nix does not exist"), "{}", text(&gone.stderr));
}

#[test]
fn text_on_standard_input_stands_in_for_its_file() {
    let folder = fixture("repaired");
    let name = "host.nix";
    let mut child = command(&folder, &["check", "--format", "json", "--stdin-filename", name, "."])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let broken = fs::read_to_string(folder.join(name)).unwrap().replacen(" = ", " = ; ", 1);
    child.stdin.take().unwrap().write_all(broken.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(rules_of(&document).contains(&"syntax-error".to_owned()), "{document}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn reports_go_to_files_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let (json, lines) = (folder.path().join("report.json"), folder.path().join("report.txt"));
    let json_option = format!("--output=json={}", json.display());
    let lines_option = format!("--output=concise={}", lines.display());
    let output = run(&fixture("reference"), &["check", &json_option, &lines_option]);
    assert!(text(&output.stdout).contains("─["), "the frames still go to standard output");
    let document: Value = serde_json::from_str(&fs::read_to_string(json).unwrap()).unwrap();
    let lines = fs::read_to_string(lines).unwrap();
    assert_eq!(document["findings"].as_array().unwrap().len(), lines.lines().count());
    assert!(
        lines.lines().all(|line| line.contains(": error[") || line.contains(": warning[") || line.contains(": note["))
    );
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut child =
        command(&fixture("reference"), &["check"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(1), String::new()));
}

#[test]
fn show_names_hosts_guests_and_their_addresses() {
    let output = run(&fixture("repaired"), &["show", "--format", "json"]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["version"], 1);
    let guest = &document["guests"][0];
    assert!(guest["index"].is_i64(), "{guest}");
    assert_eq!(guest["interfaces"][0]["type"], "tap");
    assert_eq!(guest["addresses"].as_array().unwrap().len(), 2, "{guest}");
    assert_eq!(document["hosts"][0]["guests"][0], guest["name"]);
}

#[test]
fn show_tells_which_slots_are_free() {
    let table = text(&run(&fixture("reference"), &["show"]).stdout);
    assert!(table.contains("  free    vm1–vm4, vm7–vm64 (62 slots)\n"), "{table}");
    let (web, db) = (table.find("\n  web ").unwrap(), table.find("\n  db ").unwrap());
    assert!(web < db, "guests stand by their index: {table}");
    let json = run(&fixture("reference"), &["show", "--format", "json"]).stdout;
    let document: Value = serde_json::from_slice(&json).unwrap();
    let free = document["hosts"][0]["free_slots"].as_array().unwrap();
    assert_eq!(free.len(), 62);
    assert!(!free.contains(&Value::from("vm5")));
}

#[test]
fn show_networkd_writes_files_as_nixos_does() {
    let project = tempfile::tempdir().unwrap();
    let host = r#"{ pkgs, ... }: {
      networking.useNetworkd = true;
      networking.useDHCP = false;
      networking.bridges.br0.interfaces = [ ];
      microvm.vms.web.config = { };
      systemd.network.config = { routeTables.lan = 5; networkConfig.IPv4Forwarding = true; };
      systemd.network.netdevs."10-v" = { netdevConfig = { Name = "v"; Kind = "vlan"; }; vlanConfig.Id = 5; };
      systemd.network.links."10-lan" = { matchConfig.Path = "x"; linkConfig.Name = "lan"; };
      systemd.network.networks."10-v" = {
        name = "v";
        domains = [ "a" "b" ];
        networkConfig = { DNSDefaultRoute = "no"; LLDP = false; Description = pkgs.text; };
        dns = [ "192.0.2.1" "192.0.2.2" ];
        routes = [ { routeConfig.Destination = "10.0.0.5/32"; } { Gateway = "192.0.2.1"; Metric = 7; } ];
        extraConfig = "[CAN]\nBitRate=1K\n";
      };
      systemd.network.networks."11-off".enable = false;
    }"#;
    fs::write(project.path().join("server.nix"), host).unwrap();
    let printed = text(&run(project.path(), &["show", "--format", "networkd", "--host", "server"]).stdout);
    let expected = "\
# server/etc/systemd/network/10-lan.link\n[Match]\nPath=x\n\n[Link]\nName=lan\n\n\
# server/etc/systemd/network/10-v.netdev\n[NetDev]\nKind=vlan\nName=v\n\n[VLAN]\nId=5\n\n\
# server/etc/systemd/network/10-v.network\n[Match]\nName=v\n\n[Network]\nDNSDefaultRoute=no\n# Description= is not known.\nDomains=a b\n\
LLDP=false\nDNS=192.0.2.1\nDNS=192.0.2.2\n\n[Route]\nDestination=10.0.0.5/32\n\n[Route]\nGateway=192.0.2.1\nMetric=7\n\n[CAN]\nBitRate=1K\n\n\
# server/etc/systemd/network/11-off.network -> /dev/null\n\n\
# server/etc/systemd/network/40-br0.netdev\n[NetDev]\nKind=bridge\nName=br0\n\n\
# server/etc/systemd/networkd.conf\n[Network]\nIPv4Forwarding=true\nRouteTable=lan:5\n";
    assert_eq!(printed, expected);
    let all = ["show", "--format", "networkd", "--output-dir", "out"];
    assert_eq!(run(project.path(), &all).status.code(), Some(0));
    let unit = project.path().join("out/server/etc/systemd/network/10-v.netdev");
    assert_eq!(fs::read_to_string(unit).unwrap(), "[NetDev]\nKind=vlan\nName=v\n\n[VLAN]\nId=5\n\n");
    assert_eq!(run(project.path(), &all).status.code(), Some(2), "a folder that holds something is left alone");
}

#[test]
fn show_where_gives_the_place_of_every_fact() {
    let table = text(&run(&fixture("registry"), &["show", "--where"]).stdout);
    let guest = table.split("\n\n").find(|part| part.starts_with("guest mail on registry\n")).unwrap();
    let cells: Vec<Vec<&str>> = guest.lines().map(|line| line.split_whitespace().collect()).collect();
    for row in [
        ["index", "17", "guests.nix:5:20"],
        ["MAC", "02:77:00:00:00:11", "addressing.nix:8:16"],
        ["address", "10.77.0.17/32", "guests/routed.nix:11:17"],
    ] {
        assert!(cells.contains(&row.to_vec()), "{row:?} in {guest}");
    }

    // What cannot be known is not said to be a default.
    let project = tempfile::tempdir().unwrap();
    let host = "{ pkgs, ... }: { microvm.vms.web.config.microvm.interfaces = [ { type = \"tap\"; id = pkgs.tap; mac = \"02:00:00:00:00:01\"; } ]; }";
    fs::write(project.path().join("host.nix"), host).unwrap();
    let table = text(&run(project.path(), &["show", "--where"]).stdout);
    assert!(table.lines().any(|line| line.trim_end().ends_with("interface       not known")), "{table}");
}

#[test]
fn colour_is_used_only_where_it_is_wanted() {
    let folder = fixture("reference");
    assert!(!text(&run(&folder, &["check"]).stdout).contains('\u{1b}'));
    assert!(text(&run(&folder, &["--color", "always", "check"]).stdout).contains('\u{1b}'));
}

#[test]
fn the_readme_shows_what_the_program_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let shown = readme.split("```\n").find(|block| block.starts_with("error[")).unwrap();
    let printed = text(&run(root, &["check", "fixtures/reference"]).stdout);
    let printed: Vec<&str> = printed.lines().map(str::trim_end).collect();
    assert!(printed.join("\n").contains(shown.trim_end()), "{}", printed.join("\n"));
}

#[test]
fn the_pages_of_all_rules_are_a_site_that_needs_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let site = folder.path().join("site");
    let output = run(folder.path(), &["rules", "--format", "html", "--output-dir", "site"]);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), &b""[..]));
    let names: Vec<String> =
        fs::read_dir(&site).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(names.len(), routelint::rules::all().len() + 1);
    for name in &names {
        let page = fs::read_to_string(site.join(name)).unwrap();
        assert!(page.starts_with("<!DOCTYPE html>\n<html lang=\"en\">") && page.ends_with("</html>\n"), "{name}");
        for target in page.split("href=\"").skip(1).filter_map(|rest| rest.split_once('"')).map(|(target, _)| target) {
            let file = target.split('#').next().unwrap();
            assert!(file.is_empty() || site.join(file).is_file(), "{name} leads to {target}");
        }
        assert!(!page.contains("src=\"") && !page.contains("@import") && !page.contains("url("), "{name}");
    }
    let status = |arguments: &[&str]| run(folder.path(), arguments).status.code();
    assert_eq!(status(&["rules", "--format", "html", "--output-dir", "site"]), Some(2), "it is not written over");
    assert_eq!(status(&["rules", "--format", "html"]), Some(2));
    assert_eq!(status(&["rules", "--output-dir", "other"]), Some(2));
}
