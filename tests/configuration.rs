//! `routelint.toml` from the outside: what it changes, and what is said about its mistakes.

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

use routelint::config::{self, Vocabulary};
use routelint::rules;
use routelint::source::{Access, Sources};
use serde_json::Value;

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

/// What `check` finds, as `severity[rule]`, and its exit status.
fn found(folder: &Path, arguments: &[&str]) -> (Vec<String>, i32) {
    let outcome = run(folder, &[&["check", "--format", "json"], arguments].concat());
    let document: Value =
        serde_json::from_str(&outcome.out).unwrap_or_else(|error| panic!("{error}: {}", outcome.error));
    let findings = document["findings"].as_array().unwrap().iter();
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let words = findings.map(|finding| format!("{}[{}]", word(&finding["severity"]), word(&finding["rule"])));
    (words.collect(), outcome.status)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A copy of a fixture that a test may change, with this configuration.
fn copy(name: &str, configuration: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy_below(&root().join("fixtures").join(name), folder.path());
    fs::write(folder.path().join("routelint.toml"), configuration).unwrap();
    folder
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

fn configured() -> PathBuf {
    root().join("fixtures/configured")
}

fn own_configuration() -> String {
    fs::read_to_string(configured().join("routelint.toml")).unwrap()
}

#[test]
fn levels_change_severity_and_exit_status() {
    for (rules, expected, status) in [
        ("", "warning[nat-ipv6-missing]", 1),
        ("[rules]\nnat-ipv6-missing = \"error\"", "error[nat-ipv6-missing]", 1),
        ("[rules]\nnat-ipv6-missing = \"note\"", "note[nat-ipv6-missing]", 0),
        ("[rules]\nnat = \"note\"", "note[nat-ipv6-missing]", 0),
        ("[rules]\nnat = \"off\"\nnat-ipv6-missing = \"warning\"", "warning[nat-ipv6-missing]", 1),
        ("fail-on = \"error\"", "warning[nat-ipv6-missing]", 0),
        ("fail-on = \"note\"\n[rules]\nnat = \"note\"", "note[nat-ipv6-missing]", 1),
        ("[[overrides]]\npaths = [\"nat.nix\"]\nrules = { nat = \"note\" }", "note[nat-ipv6-missing]", 0),
        ("[[overrides]]\npaths = [\"guests\"]\nrules = { nat = \"note\" }", "warning[nat-ipv6-missing]", 1),
    ] {
        let folder = copy("reference", rules);
        let skipped = ["--skip", "onlink-without-gateway,ipv6-forwarding-not-global,site-local-prefix"];
        assert_eq!(found(folder.path(), &skipped), (vec![expected.to_owned()], status), "{rules}");
    }
    let off = copy("reference", "[[overrides]]\npaths = [\"nat.nix\"]\nrules = { nat = \"off\" }");
    assert_eq!(
        found(off.path(), &["--skip", "onlink-without-gateway,ipv6-forwarding-not-global,site-local-prefix"]),
        (Vec::new(), 0)
    );
}

#[test]
fn groups_that_are_to_be_asked_for_are_off_until_then() {
    let open = |level: &str| format!("{level}[inter-vm-forwarding-open]");
    for (rules, expected, status) in [
        ("", None, 0),
        ("[rules]\nisolation = \"error\"", None, 0),
        ("[rules]\nstrict-isolation = \"note\"", Some(open("note")), 0),
        ("[rules]\nstrict-isolation = \"warning\"", Some(open("warning")), 1),
        ("[rules]\nstrict-isolation = \"warning\"\nisolation = \"off\"", Some(open("warning")), 1),
        ("[rules]\ninter-vm-forwarding-open = \"error\"", Some(open("error")), 1),
        ("[rules]\nstrict-isolation = \"error\"\ninter-vm-forwarding-open = \"off\"", None, 1),
    ] {
        let folder = copy("repaired", rules);
        let expected: Vec<String> = expected.into_iter().collect();
        let (mut rules_found, found_status) = found(folder.path(), &["--skip", "unused-allowance"]);
        rules_found.retain(|rule| rule.contains("inter-vm"));
        assert_eq!((rules_found, found_status), (expected, status), "{rules}");
    }
    assert_eq!(found(&root().join("fixtures/repaired"), &["--only", "inter-vm-forwarding-open"]).0, [open("note")]);
    let shown = |rules: &str| {
        let lines = run(copy("repaired", rules).path(), &["config", "show"]).out;
        let line = lines.lines().find(|line| line.starts_with("inter-vm")).unwrap().split_whitespace();
        line.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(shown(""), "inter-vm-forwarding-open = \"off\" # default; group strict-isolation");
    assert_eq!(
        shown("[rules]\nstrict-isolation = \"error\""),
        "inter-vm-forwarding-open = \"error\" # routelint.toml:2:1, group strict-isolation"
    );
}

#[test]
fn the_command_line_goes_before_the_file() {
    let folder = copy("reference", "fail-on = \"error\"\n[rules]\nnat-ipv6-missing = \"off\"");
    let only = ["--only", "nat-ipv6-missing"];
    assert_eq!(found(folder.path(), &only), (vec!["warning[nat-ipv6-missing]".to_owned()], 0));
    assert_eq!(found(folder.path(), &["--only", "nat-ipv6-missing", "--fail-on", "warning"]).1, 1);
    assert_eq!(found(folder.path(), &["--no-config", "--only", "nat-ipv6-missing"]).1, 1);
    let another = folder.path().join("another.toml");
    fs::write(&another, "fail-on = \"warning\"").unwrap();
    assert_eq!(found(folder.path(), &["--config", "another.toml", "--only", "nat-ipv6-missing"]).1, 1);
}

#[test]
fn hosts_and_guests_are_those_that_are_named() {
    let shown = run(&configured(), &["show", "--format", "json"]);
    let shown: Value = serde_json::from_str(&shown.out).unwrap();
    assert_eq!(shown["hosts"][0]["guests"], serde_json::json!(["lab", "mail", "shop-blue", "shop-green"]));
    let read = |machine: &str, option: &str| run(&configured(), &["eval", "--of", machine, option]).out;
    assert_eq!(read("gateway", "networking.domain"), "\"example.org\"\n");
    assert_eq!(read("gateway/mail", "networking.hostName"), "\"mail\"\n");
}

#[test]
fn a_flake_gives_systems_modules_and_its_inputs() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write(
        "flake.nix",
        "{ inputs.nixpkgs.url = \"github:NixOS/nixpkgs/nixos-25.11\";
           outputs = { self, nixpkgs, ... }: {
             fleet.server = nixpkgs.lib.nixosSystem { modules = [ { microvm.autostart = [ \"web\" ]; } ]; };
             fleet.table = { modules = [ ./named.nix ]; specialArgs.word = \"table\"; };
             guests.web = { inputs, self, ... }: { networking.hostName = \"web\"; networking.domain = self.name; };
             name = \"from-self\";
           }; }",
    );
    write("named.nix", "{ word, ... }: { networking.domain = word; microvm.autostart = [ \"none\" ]; }");
    write("extra.nix", "{ place, ... }: { networking.domain = place; }");
    write(
        "routelint.toml",
        "[hosts.server]\nattribute = \"fleet.server\"\nmodules = [\"extra.nix\"]\nspecial-args = { place = \"extra\" }
         [hosts.table]\nattribute = \"fleet.table\"
         [guests.web]\nattribute = \"guests.web\"",
    );
    for (machine, domain) in [("server", "extra"), ("table", "table"), ("web", "from-self")] {
        let outcome = run(folder.path(), &["eval", "--of", machine, "networking.domain"]);
        assert_eq!(outcome.out, format!("\"{domain}\"\n"), "{machine}: {}", outcome.error);
    }
    fs::write(folder.path().join("routelint.toml"), "[hosts.server]\nattribute = \"fleet.sever\"").unwrap();
    let outcome = run(folder.path(), &["check"]);
    assert_eq!(outcome.status, 2);
    assert_eq!(
        outcome.error,
        "error: routelint.toml:2:13: there is no attribute `sever` in `fleet`; did you mean `server`?\n"
    );
}

#[test]
fn guests_that_never_run_together_may_share_what_they_like() {
    let without = own_configuration().replace("[exclusive]\nshop = [\"shop-blue\", \"shop-green\"]\n", "");
    assert_eq!(found(&configured(), &["--only", "duplicate-vm-index"]), (Vec::new(), 0));
    let folder = copy("configured", &without);
    let (rules, status) = found(folder.path(), &["--only", "duplicate-vm-index"]);
    assert_eq!((rules.len(), status), (1, 1), "{rules:?}");
    let folder = copy("configured", &own_configuration().replace("shop-green\"]", "lab\"]"));
    assert_eq!(found(folder.path(), &["--only", "duplicate-vm-index"]).1, 1);
}

#[test]
fn a_guest_that_is_found_anyway_can_be_given_to_a_host() {
    let folder = copy("repaired", "");
    fs::write(folder.path().join("second.nix"), "{ networking.hostName = \"second\"; microvm.autostart = [ \"x\" ]; }")
        .unwrap();
    fs::write(
        folder.path().join("guests/lonely.nix"),
        "{ microvm.interfaces = [ { type = \"tap\"; id = \"vm9\"; mac = \"02:00:00:00:00:09\"; } ]; }",
    )
    .unwrap();
    let host = |folder: &Path| {
        let shown: Value = serde_json::from_str(&run(folder, &["show", "--format", "json"]).out).unwrap();
        let guests = shown["guests"].as_array().unwrap().clone();
        guests.into_iter().find(|guest| guest["name"] == "lonely").unwrap()["host"].clone()
    };
    assert_eq!(host(folder.path()), Value::Null);
    for configuration in ["[guests.lonely]\nhost = \"server\"", "[hosts.server]\nguests = [\"lonely\"]"] {
        fs::write(folder.path().join("routelint.toml"), configuration).unwrap();
        assert_eq!(host(folder.path()), "server");
    }
    let wrong = "[guests.lonly]\nhost = \"sever\"\n[exclusive]\nx = [\"web\", \"dbb\"]";
    fs::write(folder.path().join("routelint.toml"), wrong).unwrap();
    let outcome = run(folder.path(), &["check"]);
    assert_eq!(outcome.status, 2);
    assert_eq!(
        outcome.error,
        "error: routelint.toml:1:9: no guest `lonly` was found; did you mean `lonely`?\n\
         error: routelint.toml:2:8: no host `sever` was found; did you mean `server`?\n\
         error: routelint.toml:4:13: no guest `dbb` was found; did you mean `db`?\n"
    );
}

#[test]
fn the_file_is_found_by_walking_up_from_a_module_but_not_out_of_a_repository() {
    let folder = copy("configured", &own_configuration());
    let inner = folder.path().join("guests");
    let (rules, _) = found(&inner, &["lab.nix"]);
    assert_eq!(rules, ["error[duplicate-mac-across-vms]"]);
    assert_eq!(found(&inner, &["shop-blue.nix"]).0, [""; 0]);
    assert_eq!(found(&inner, &[]).0, ["error[duplicate-mac-across-vms]"]);
    fs::create_dir(inner.join(".git")).unwrap();
    let (rules, _) = found(&inner, &[]);
    assert!(rules.contains(&"warning[duplicate-vm-index]".to_owned()), "{rules:?}");
}

#[test]
fn excluded_folders_hold_no_machines() {
    let names = |configuration: &str| {
        let folder = copy("repaired", configuration);
        copy_below(&folder.path().join("guests"), &folder.path().join("old/guests"));
        let shown: Value = serde_json::from_str(&run(folder.path(), &["show", "--format", "json"]).out).unwrap();
        shown["guests"].as_array().unwrap().len()
    };
    assert_eq!((names(""), names("exclude = [\"old\"]"), names("exclude = [\"old/**/web.nix\"]")), (4, 2, 3));
}

#[test]
fn all_mistakes_are_told_with_their_places_and_nothing_is_analysed() {
    let folder =
        copy("repaired", "fail_on = \"error\"\n[rules]\nmac-multicst = \"off\"\nhost-route-missing = \"loud\"\n");
    for arguments in [&["check"][..], &["show"], &["config", "show"], &["eval", "--of", "web", "networking.hostName"]] {
        let outcome = run(folder.path(), arguments);
        assert_eq!((outcome.status, outcome.out.as_str()), (2, ""), "{arguments:?}");
        assert_eq!(
            outcome.error,
            "error: routelint.toml:1:1: unknown key `fail_on`; did you mean `fail-on`?\n\
             error: routelint.toml:3:1: there is no rule and no group `mac-multicst`; did you mean `mac-multicast`?\n\
             error: routelint.toml:4:22: `loud` is no value of rule `host-route-missing`; one of `off`, `note`, `warning`, `error`\n"
        );
    }
}

#[test]
fn what_cannot_be_read_is_told() {
    let told = |text: &[u8]| {
        let folder = copy("repaired", "");
        fs::write(folder.path().join("routelint.toml"), text).unwrap();
        let outcome = run(folder.path(), &["check"]);
        (outcome.status, outcome.error)
    };
    assert_eq!(told(b"\xEF\xBB\xBFstrict = false\r\n").0, 0);
    assert_eq!(told(b"# caf\xE9\n"), (2, "error: routelint.toml is not valid UTF-8 (byte 5)\n".to_owned()));
    let large = told("# large\n".repeat(200_000).as_bytes());
    assert_eq!(large, (2, "error: routelint.toml is too large (1600000 bytes; at most 1048576 are read)\n".to_owned()));
    assert!(told(b"strict = yes\n").1.starts_with("error: routelint.toml:1:10: this is not TOML: "));
    assert_eq!(
        told(b"[hosts.a]\nmodules = [\"gone.nix\"]\n[inputs]\nx = \"gone\"\n").1,
        "error: routelint.toml:2:12: gone.nix does not exist\nerror: routelint.toml:4:5: gone does not exist\n"
    );
}

#[test]
fn nothing_outside_the_project_is_read_but_inputs() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("host.nix"), "{ networking.hostName = \"outside\"; }").unwrap();
    let folder = copy("repaired", "");
    std::os::unix::fs::symlink(outside.path().join("host.nix"), folder.path().join("link.nix")).unwrap();
    let configure = |text: String| {
        fs::write(folder.path().join("routelint.toml"), text).unwrap();
        run(folder.path(), &["check"]).error
    };
    let path = outside.path().join("host.nix");
    assert!(configure(format!("[hosts.a]\nmodules = [\"{}\"]", path.display())).contains("lies outside the folder"));
    assert!(configure("[hosts.a]\nmodules = [\"link.nix\"]".to_owned()).contains("link.nix lies outside the project"));
    fs::remove_file(folder.path().join("routelint.toml")).unwrap();
    std::os::unix::fs::symlink(&path, folder.path().join("routelint.toml")).unwrap();
    assert!(run(folder.path(), &["check"]).error.contains("routelint.toml lies outside the project"));

    let flake = tempfile::tempdir().unwrap();
    let text = "{ outputs = { other, ... }: { nixosConfigurations = other.hosts; }; }";
    fs::write(flake.path().join("flake.nix"), text).unwrap();
    let other = "{ outputs = { nixpkgs, ... }: { hosts.far = nixpkgs.lib.nixosSystem { modules = [ { microvm.autostart = [ \"x\" ]; networking.domain = \"far\"; } ]; }; }; }";
    fs::write(outside.path().join("flake.nix"), other).unwrap();
    fs::write(flake.path().join("routelint.toml"), format!("[inputs]\nother = \"{}\"", outside.path().display()))
        .unwrap();
    let outcome = run(flake.path(), &["eval", "--of", "far", "networking.domain"]);
    assert_eq!(outcome.out, "\"far\"\n", "{}", outcome.error);
}

#[test]
fn config_show_tells_where_each_setting_comes_from() {
    let outcome = run(&configured(), &["config", "show", "--input", "x=guests"]);
    let line = |start: &str| {
        let line = outcome.out.lines().find(|line| line.starts_with(start));
        line.unwrap_or_else(|| panic!("{start}: {}", outcome.out)).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("release"), "release = \"25.11\" # routelint.toml:1:11");
    assert_eq!(line("fail-on"), "fail-on = \"warning\" # default");
    assert_eq!(line("duplicate-mac-across"), "duplicate-mac-across-vms = \"error\" # routelint.toml:29:1");
    assert!(line("x = ").ends_with("# command line"));
    // What is shown says the same as what is written.
    let folder = copy("configured", &run(&configured(), &["config", "show"]).out);
    assert_eq!(found(folder.path(), &[]), found(&configured(), &[]));
    assert!(run(&configured(), &["config", "show", "--no-config"]).out.starts_with("# no configuration file\n"));
}

#[test]
fn the_schema_in_the_repository_is_the_one_that_is_printed() {
    let committed = fs::read_to_string(root().join("routelint.schema.json")).unwrap();
    let printed = run(root(), &["config", "schema"]).out;
    assert!(committed == printed, "write it anew: routelint config schema > routelint.schema.json");
}

#[test]
fn the_example_of_the_readme_is_read_and_says_everything() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (_, rest) = readme.split_once("```toml\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    let sources = Sources::new(Access::below(Vec::new()));
    let file = sources.add_text("example", example);
    let vocabulary =
        Vocabulary { rules: rules::all().iter().map(|rule| rule.name).collect(), groups: rules::group_names() };
    let settings = config::read(example, file.id, Path::new("/fleet"), &vocabulary);
    assert!(settings.is_ok(), "{:?}", settings.err());
    let schema: Value = serde_json::from_str(&config::schema(&vocabulary).unwrap()).unwrap();
    let definitions = schema["definitions"].as_object().unwrap().values();
    for table in definitions.chain([&schema]) {
        for name in table["properties"].as_object().into_iter().flat_map(|properties| properties.keys()) {
            let is_said = [format!("{name} = "), format!("[{name}"), format!("[[{name}")];
            assert!(is_said.iter().any(|written| example.contains(written)), "the example does not show `{name}`");
        }
    }
}

#[test]
fn findings_lead_to_the_pages_where_the_configuration_says_they_are() {
    let folder = copy("reference", "[report]\nrule-url = \"https://example.org/rules/{rule}.html\"\n");
    let page = "https://example.org/rules/nat-ipv6-missing.html";
    for format in ["json", "sarif", "rdjson", "github", "junit"] {
        let report = run(folder.path(), &["check", "--format", format]).out;
        assert!(report.contains(page), "{format}: {report}");
    }
    for wrong in ["rules/{rule}.html", "https://example.org/", "javascript:{rule}"] {
        let folder = copy("reference", &format!("[report]\nrule-url = \"{wrong}\"\n"));
        let outcome = run(folder.path(), &["check"]);
        assert_eq!(outcome.status, 2);
        assert!(outcome.error.starts_with("error: routelint.toml:2:12: `rule-url` is"), "{}", outcome.error);
    }
}
