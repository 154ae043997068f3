//! Fleets written with each framework and each way of declaring guests: what is understood of `fixtures/frameworks` and `fixtures/guests`.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "this is a test, and it writes the projects that it checks"
)]

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// A fixture, its guests as `host/name index tap address`, and the findings above note.
type Fleet = (&'static str, &'static [&'static str], &'static [&'static str]);

const PLAIN: &[&str] = &["quay/db 2 vm2 10.33.0.2/32", "quay/web 1 vm1 10.33.0.1/32"];

const FLEETS: &[Fleet] = &[
    ("frameworks/atom", PLAIN, &[]),
    ("frameworks/clan-core", PLAIN, &[]),
    (
        "frameworks/clan-core-parts",
        &["quay/db 2 vm2 10.33.0.2/32", "quay/store 2 vm2 10.33.0.2/32", "quay/web 1 vm1 10.33.0.1/32"],
        &[],
    ),
    ("frameworks/colmena", PLAIN, &[]),
    ("frameworks/colmena-hive", PLAIN, &[]),
    ("frameworks/den", PLAIN, &[]),
    ("frameworks/den-guests", &["quay/db 1 vm1 10.33.0.1/32", "quay/web 1 vm1 10.33.0.1/32"], &["duplicate-vm-index"]),
    ("frameworks/deploy-rs", PLAIN, &[]),
    ("frameworks/digga", PLAIN, &[]),
    ("frameworks/eval-config", PLAIN, &[]),
    ("frameworks/flake-aspects", PLAIN, &[]),
    (
        "frameworks/flake-parts",
        &["quay/cache 2 vm2 10.33.0.2/32", "quay/db 2 vm2 10.33.0.2/32", "quay/web 1 vm1 10.33.0.1/32"],
        &["duplicate-vm-index"],
    ),
    ("frameworks/flake-utils", PLAIN, &[]),
    ("frameworks/flake-utils-plus", PLAIN, &[]),
    ("frameworks/haumea", PLAIN, &[]),
    ("frameworks/import-tree", PLAIN, &["onlink-without-gateway"]),
    ("frameworks/niv", PLAIN, &[]),
    ("frameworks/npins", PLAIN, &[]),
    ("frameworks/snowfall-lib", PLAIN, &[]),
    (
        "guests/by-reference",
        &[
            "pier/cache 1 vm1 10.33.0.1/32",
            "quay/db 2 vm2 10.33.0.2/32",
            "quay/mail 3 vm3 10.33.0.3/32",
            "quay/web 1 vm1 10.33.0.1/32",
        ],
        &[],
    ),
    (
        "guests/generated",
        &[
            "quay/five 4 vm4 10.33.0.4/32",
            "quay/four 4 vm4 10.33.0.4/32",
            "quay/one 1 vm1 10.33.0.1/32",
            "quay/six 6 vm6 10.33.0.6/32",
            "quay/three 3 vm3 10.33.0.3/32",
            "quay/two 2 vm2 10.33.0.2/32",
        ],
        &["duplicate-vm-index"],
    ),
    ("guests/runners", &["-/db 1 vm1 10.33.0.1/32", "-/web 1 vm1 10.33.0.1/32"], &["duplicate-vm-index"]),
];

fn routelint(arguments: &[&str], folder: &Path) -> (Option<i32>, Value) {
    let output = Command::new(env!("CARGO_BIN_EXE_routelint"))
        .args(arguments)
        .args(["--format", "json"])
        .current_dir(folder)
        .env_clear()
        .output()
        .unwrap();
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_default())
}

fn fixtures() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// `host/name index tap address` of each guest.
fn guests(shown: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let one = |guest: &Value| {
        let (host, name, index) = (text(&guest["host"]), text(&guest["name"]), &guest["index"]);
        format!("{host}/{name} {index} {} {}", text(&guest["interfaces"][0]["id"]), text(&guest["addresses"][0]))
    };
    shown["guests"].as_array().into_iter().flatten().map(one).collect()
}

#[test]
fn every_framework_gives_its_hosts_and_guests() {
    for (fleet, expected, _) in FLEETS {
        let (_, shown) = routelint(&["show", fleet], &fixtures());
        assert_eq!(guests(&shown), *expected, "{fleet}");
    }
}

#[test]
fn what_is_wrong_is_found_through_every_framework_and_nothing_else() {
    for (fleet, _, expected) in FLEETS {
        let (_, report) = routelint(&["check", fleet], &fixtures());
        let loud = report["findings"].as_array().unwrap().iter().filter(|finding| finding["severity"] != "note");
        let rules: Vec<&str> = loud.map(|finding| finding["rule"].as_str().unwrap()).collect();
        assert_eq!(rules, *expected, "{fleet}");
    }
}

#[test]
fn every_framework_is_understood_whole() {
    for (fleet, ..) in FLEETS {
        let (_, report) = routelint(&["check", fleet], &fixtures());
        assert_eq!(report["coverage"]["unknown"], Value::Array(Vec::new()), "{fleet}");
    }
}

/// The files of a flake with the machine `quay`, one guest and the inputs given, and what more there is.
fn project(inputs: &str, arguments: &str, modules: &str, more: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let flake = format!(
        "{{ inputs = {{ nixpkgs.url = \"github:NixOS/nixpkgs/nixos-25.11\"; microvm.url = \"github:microvm-nix/microvm.nix\"; {inputs} }};
           outputs = {{ self, nixpkgs, microvm, {arguments} }}@inputs: {{
             nixosConfigurations.quay = nixpkgs.lib.nixosSystem {{
               specialArgs = {{ inherit inputs; }};
               modules = [ microvm.nixosModules.host {{ networking.hostName = \"quay\"; }} {modules} ]; }}; }}; }}"
    );
    write(folder.path(), "flake.nix", &flake);
    for (name, text) in more {
        write(folder.path(), name, text);
    }
    folder
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

const GUEST: &str = "{ microvm.vms.web.config.microvm.interfaces = [ { type = \"tap\"; id = \"vm7\"; mac = \"02:00:00:00:00:07\"; } ]; }";

#[test]
fn inputs_are_found_where_they_are_declared() {
    let flake = format!("{{ outputs = {{ self }}: {{ nixosModules.web = {GUEST}; }}; }}");
    let library = "{ inputs.base.url = \"path:../base\"; outputs = { self, base }: { nixosModules.web = base.nixosModules.web; }; }";
    for (what, inputs, arguments, modules, more) in [
        (
            "a flake below the project",
            "base.url = \"path:./base\";",
            "base",
            "base.nixosModules.web",
            vec![("base/flake.nix", flake.as_str())],
        ),
        (
            "an input of such a flake",
            "mid.url = \"./mid\";",
            "mid",
            "mid.nixosModules.web",
            vec![("base/flake.nix", flake.as_str()), ("mid/flake.nix", library)],
        ),
        (
            "a folder that is no flake",
            "plain = { url = \"path:./plain\"; flake = false; };",
            "plain",
            "\"${plain}/web.nix\" (plain + \"/web.nix\")",
            vec![("plain/web.nix", GUEST)],
        ),
        (
            "the flake itself",
            "",
            "...",
            "\"${self}/web.nix\" (self.outPath + \"/web.nix\") (inputs.self + \"/web.nix\")",
            vec![("web.nix", GUEST)],
        ),
        ("a copy in the store", "", "...", "\"${./.}/web.nix\"", vec![("web.nix", GUEST)]),
        (
            "modules beside the point",
            "home-manager.url = \"github:nix-community/home-manager\"; disko.url = \"github:nix-community/disko\";",
            "home-manager, disko",
            "home-manager.nixosModules.home-manager \"${disko}/module.nix\" { home-manager.users.a = { }; disko.devices = { }; } ./web.nix",
            vec![("web.nix", GUEST)],
        ),
    ] {
        let folder = project(inputs, arguments, modules, &more);
        let (_, shown) = routelint(&["show"], folder.path());
        assert_eq!(guests(&shown), ["quay/web null vm7 -"], "{what}");
        let (_, report) = routelint(&["check"], folder.path());
        assert_eq!(report["coverage"]["unknown"], Value::Array(Vec::new()), "{what}");
    }
}

#[test]
fn a_lock_file_tells_which_flake_an_input_is() {
    let lock = r#"{ "version": 7, "root": "root", "nodes": {
        "root": { "inputs": { "nixpkgs": ["both", "nixpkgs"], "microvm": "other", "both": "both", "base": "base" } },
        "both": { "inputs": { "nixpkgs": "pkgs" }, "locked": { "type": "github", "owner": "someone", "repo": "both" } },
        "pkgs": { "locked": { "type": "github", "owner": "NixOS", "repo": "nixpkgs" }, "original": { "type": "indirect", "id": "nixpkgs" } },
        "other": { "locked": { "type": "git", "url": "https://git.example.org/mirrors/microvm.nix.git" } },
        "base": { "locked": { "type": "path", "path": "./base" }, "parent": [] } } }"#;
    let base = format!("{{ outputs = {{ self }}: {{ nixosModules.web = {GUEST}; }}; }}");
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "flake.nix",
        "{ inputs.nixpkgs.follows = \"both/nixpkgs\"; inputs.microvm.url = \"git+https://git.example.org/m\"; inputs.base.url = \"path:./base\";
           outputs = { nixpkgs, microvm, base, both, ... }: { nixosConfigurations.quay = nixpkgs.lib.nixosSystem {
             modules = [ microvm.nixosModules.host base.nixosModules.web ]; }; }; }",
    );
    write(folder.path(), "flake.lock", lock);
    write(folder.path(), "base/flake.nix", &base);
    let (_, shown) = routelint(&["show"], folder.path());
    assert_eq!(guests(&shown), ["quay/web null vm7 -"]);
}

#[test]
fn an_input_may_be_given_on_the_command_line() {
    let folder = project("site.url = \"git+ssh://git@example.org/site\";", "site", "site.nixosModules.web", &[]);
    let (_, report) = routelint(&["check"], folder.path());
    assert_eq!(report["summary"]["guests"], 0);
    assert!(report["coverage"]["unknown"].to_string().contains("input `site` is not available"), "{report}");

    let site = tempfile::tempdir().unwrap();
    write(site.path(), "flake.nix", &format!("{{ outputs = _: {{ nixosModules.web = {GUEST}; }}; }}"));
    let given = format!("site={}", site.path().display());
    let (_, shown) = routelint(&["show", "--input", &given], folder.path());
    assert_eq!(guests(&shown), ["quay/web null vm7 -"]);
}

#[test]
fn a_host_that_lists_the_guests_it_starts_has_no_others() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "flake.nix",
        "{ outputs = { nixpkgs, microvm, ... }: { nixosConfigurations = {
             quay = nixpkgs.lib.nixosSystem { modules = [ microvm.nixosModules.host { microvm.autostart = [ \"web\" ]; } ]; };
             web = nixpkgs.lib.nixosSystem { modules = [ microvm.nixosModules.microvm ]; };
             old = nixpkgs.lib.nixosSystem { modules = [ microvm.nixosModules.microvm ]; }; }; }; }",
    );
    let (_, shown) = routelint(&["show"], folder.path());
    assert_eq!(guests(&shown), ["-/old null - -", "quay/web null - -"]);
}

#[test]
fn an_unknown_part_of_a_flake_made_of_modules_hides_nothing_and_is_no_error() {
    let flake = format!(
        "{{ inputs.flake-parts.url = \"github:hercules-ci/flake-parts\"; inputs.nixpkgs.url = \"github:NixOS/nixpkgs\"; inputs.x.url = \"github:someone/x\";
           outputs = inputs: inputs.flake-parts.lib.mkFlake {{ inherit inputs; }} ({{ self, ... }}: {{
             imports = [ inputs.x.flakeModules.default ];
             flake.nixosConfigurations.quay = inputs.nixpkgs.lib.nixosSystem {{ specialArgs.more = self.madeByX; modules = [ {GUEST} ]; }};
             flake.imports = [ ({{ config, ... }}: {{ lib.copied = config.madeByX; }}) ]; }}); }}"
    );
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "flake.nix", &flake);
    let (code, report) = routelint(&["check"], folder.path());
    assert_eq!(code, Some(0), "{report}");
    assert_eq!(report["summary"]["guests"], 1, "{report}");
}

#[cfg(unix)]
#[test]
fn a_read_only_folder_without_lock_file_and_home_is_enough() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = project("", "...", "./web.nix", &[("web.nix", GUEST)]);
    let allow = |mode| std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(mode)).unwrap();
    allow(0o555);
    let (code, report) = routelint(&["check"], folder.path());
    allow(0o755);
    assert_eq!(report["summary"]["guests"], 1);
    assert_eq!(code, Some(0), "{report}");
    assert!(!folder.path().join("flake.lock").exists());
}
