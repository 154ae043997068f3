//! How much of a fleet is understood, and what is said of the rest: shapes that fleets in the wild have.

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
use std::process::{Command, Output};

use serde_json::Value;

/// A project of these files.
struct Project(tempfile::TempDir);

impl Project {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self(folder)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let folder: &Path = self.0.path();
        Command::new(env!("CARGO_BIN_EXE_routelint")).args(arguments).current_dir(folder).env_clear().output().unwrap()
    }

    fn json(&self, command: &str) -> Value {
        let output = self.run(&[command, "--format", "json"]);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{command}: {error}\n{errors}"))
    }

    fn human(&self) -> String {
        String::from_utf8(self.run(&["check"]).stdout).unwrap()
    }

    /// Rule and severity of each finding.
    fn findings(&self) -> Vec<(String, String)> {
        let report = self.json("check");
        let word = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
        let findings = report["findings"].as_array().unwrap().iter();
        findings.map(|finding| (word(finding, "rule"), word(finding, "severity"))).collect()
    }

    fn names(&self, kind: &str) -> Vec<String> {
        let shown = self.json("show");
        let machines = shown[kind].as_array().unwrap().iter();
        machines.map(|machine| machine["name"].as_str().unwrap().to_owned()).collect()
    }
}

const INPUTS: &str = r#"
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-25.05";
  inputs.microvm.url = "github:microvm-nix/microvm.nix";
"#;

fn flake(outputs: &str) -> String {
    format!("{{ {INPUTS} outputs = {outputs}; }}")
}

#[test]
fn both_modules_everywhere_make_no_machine_a_host_or_guest() {
    let flake = flake(
        r#"{ self, nixpkgs, microvm }:
        let
          mk = name: module: nixpkgs.lib.nixosSystem {
            modules = [
              microvm.nixosModules.host
              microvm.nixosModules.microvm
              ({ lib, ... }: {
                networking.hostName = name;
                microvm.host.enable = lib.mkDefault false;
                microvm.guest.enable = lib.mkDefault false;
              })
              module
            ];
          };
        in {
          nixosConfigurations = nixpkgs.lib.mapAttrs mk {
            desk = { };
            server = { microvm.host.enable = true; microvm.autostart = [ "web" ]; };
            web = {
              microvm.guest.enable = true;
              microvm.interfaces = [ { type = "user"; id = "net"; mac = "02:00:00:00:00:01"; } ];
            };
          };
        }"#,
    );
    let project = Project::new(&[("flake.nix", &flake)]);
    assert_eq!(project.names("hosts"), ["server"]);
    assert_eq!(project.names("guests"), ["web"]);
}

#[test]
fn one_machine_for_two_platforms_is_no_duplicate() {
    let flake = flake(
        r#"{ self, nixpkgs, microvm }:
        let
          mk = system: nixpkgs.lib.nixosSystem {
            inherit system;
            modules = [ microvm.nixosModules.microvm ./web.nix ];
          };
        in {
          nixosConfigurations."web-x86_64-linux" = mk "x86_64-linux";
          nixosConfigurations."web-aarch64-linux" = mk "aarch64-linux";
        }"#,
    );
    let web = r#"{ networking.hostName = "web"; microvm.interfaces = [ { type = "tap"; id = "vm-web"; mac = "02:00:00:00:00:01"; } ]; }"#;
    let project = Project::new(&[("flake.nix", &flake), ("web.nix", web)]);
    assert_eq!(project.names("guests").len(), 2);
    assert_eq!(project.findings(), []);
}

/// Two hosts in loose files that contradict each other if they are taken for one.
const LOOSE: &[(&str, &str)] = &[
    ("a/lan.nix", r#"{ networking.nat.enable = true; networking.nat.externalInterface = "lan"; }"#),
    (
        "b/wan.nix",
        r#"{ vmName, ... }: { networking.nat.enable = true; networking.nat.externalInterface = "wan"; x = other; }"#,
    ),
    (
        "guests/web.nix",
        r#"{ microvm.interfaces = [ { type = "tap"; id = "a-name-that-is-too-long"; mac = "02:00:00:00:00:01"; } ]; }"#,
    ),
];

#[test]
fn what_is_guessed_from_loose_files_is_never_an_error() {
    let flake = r#"{ inputs.frame.url = "github:someone/frame"; outputs = inputs: inputs.frame.lib.make ./.; }"#;
    let project = Project::new(&[&[("flake.nix", flake)][..], LOOSE].concat());
    assert_eq!(project.names("guests"), ["web"]);
    assert_eq!(project.findings(), [("tap-id-too-long".to_owned(), "warning".to_owned())]);
    let report = project.json("check");
    let unknown = report["coverage"]["unknown"].as_array().unwrap();
    let why: Vec<&str> = unknown.iter().map(|gap| gap["why"].as_str().unwrap()).collect();
    assert!(why.contains(&"input `frame` is not available"), "{why:?}");
    assert!(why.iter().any(|why| why.contains("conflicting definition values")), "{why:?}");
}

#[test]
fn files_that_another_program_loads_are_a_guess() {
    let file = |name: &str| format!("{{ networking.nat.externalInterface = \"{name}\"; imports = [ mod.{name} ]; }}");
    let (a, b, c) = (file("a"), file("b"), file("c"));
    let loose = [("a.nix", a.as_str()), ("b.nix", &b), ("c.nix", &c)];
    assert_eq!(Project::new(&loose).findings(), []);
    let one_slip = Project::new(&[("a.nix", &a)]);
    assert_eq!(one_slip.findings(), [("syntax-error".to_owned(), "error".to_owned())]);
}

/// A machine that does no more than NAT, a guest, and a machine that cannot be read.
#[test]
fn a_router_is_not_taken_for_the_host_while_others_are_unread() {
    let outputs = |other: &str| {
        flake(&format!(
            r#"{{ self, nixpkgs, microvm, other }}: {{
                nixosConfigurations.router = nixpkgs.lib.nixosSystem {{
                  modules = [ {{ networking.nat.enable = true; networking.nat.externalInterface = "wan"; }} ];
                }};
                nixosConfigurations.web = nixpkgs.lib.nixosSystem {{
                  modules = [
                    microvm.nixosModules.microvm
                    {{ microvm.interfaces = [ {{ type = "tap"; id = "vm1"; mac = "02:00:00:00:00:01"; }} ]; }}
                  ];
                }};
                {other}
              }}"#
        ))
    };
    let host_of = |flake: &str| {
        let shown = Project::new(&[("flake.nix", flake)]).json("show");
        shown["guests"][0]["host"].clone()
    };
    assert_eq!(host_of(&outputs("")), "router");
    assert_eq!(host_of(&outputs("nixosConfigurations.server = other.lib.mkServer ./server.nix;")), Value::Null);
}

#[test]
fn nothing_to_analyse_says_why() {
    let flake = r#"{ inputs.frame.url = "github:someone/frame"; outputs = inputs: inputs.frame.lib.make ./.; }"#;
    let project = Project::new(&[("flake.nix", flake)]);
    for command in ["check", "show"] {
        let output = project.run(&[command]);
        assert_eq!(output.status.code(), Some(2));
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(errors.contains("input `frame` is not available"), "{errors}");
    }
}

/// A host whose guests are in `guests.nix`, with one module that is not available.
fn hosted(guests: &str, imports: &str) -> Project {
    let flake = format!(
        r#"{{
          {INPUTS}
          inputs.other.url = "github:someone/other";
          outputs = {{ self, nixpkgs, microvm, other }}: {{
            nixosConfigurations.server = nixpkgs.lib.nixosSystem {{
              modules = [ microvm.nixosModules.host {imports} {{ networking.useNetworkd = true; }} ./guests.nix ];
            }};
          }};
        }}"#
    );
    Project::new(&[("flake.nix", &flake), ("guests.nix", guests)])
}

#[test]
fn a_secret_leaves_a_guest_partly_understood_and_strict_minds() {
    let project = hosted(
        r#"{ lib, ... }:
        let
          decrypt = assert lib.assertMsg (builtins ? extraBuiltins.decrypt) "the plugin is missing"; builtins.extraBuiltins.decrypt;
          guest = mac: { config.microvm.interfaces = [ { type = "user"; id = "net"; inherit mac; } ]; };
        in {
          microvm.vms.open = guest "02:00:00:00:00:01";
          microvm.vms.hidden = guest (decrypt ./mac.age);
        }"#,
        "",
    );
    assert_eq!(project.findings(), []);
    let text = project.human();
    assert!(
        text.contains("\n1 of 2 guests understood; the rest: hidden (what a plugin of Nix gives cannot be known"),
        "{text}"
    );
    let report = project.json("check");
    assert_eq!((&report["coverage"]["guests"], &report["coverage"]["understood"]), (&2.into(), &1.into()));
    assert_eq!(project.run(&["check"]).status.code(), Some(0));
    assert_eq!(project.run(&["check", "--strict"]).status.code(), Some(1));
}

#[test]
fn an_encrypted_module_is_unknown_and_no_syntax_error() {
    let secret = "{\n\t\"data\": \"ENC[AES256_GCM,data:Vi4oyW0Od71F7q9k,iv:x,tag:y,type:str]\"\n}\n";
    let host = "{ imports = [ ./secret.nix ]; networking.hostName = \"gate\";
        microvm.vms.web.config.microvm.interfaces = [ { type = \"tap\"; id = \"vm1\"; mac = \"02:00:00:00:00:01\"; } ]; }";
    let project = Project::new(&[("host.nix", host), ("secret.nix", secret)]);
    assert!(!project.findings().iter().any(|(rule, _)| rule == "syntax-error" || rule == "evaluation-error"));
    assert_eq!(project.names("guests"), ["web"]);
    let coverage = project.json("check")["coverage"]["unknown"].to_string();
    assert!(coverage.contains("secret.nix is encrypted with sops"), "{coverage}");
}

#[test]
fn nothing_is_said_of_understanding_if_all_is_understood() {
    let project = hosted(
        r#"{ microvm.vms.web.config.microvm.interfaces = [ { type = "user"; id = "net"; mac = "02:00:00:00:00:01"; } ]; }"#,
        "",
    );
    assert_eq!(project.human(), "no findings in 1 host and 1 guest\n");
    assert_eq!(project.run(&["check", "--strict"]).status.code(), Some(0));
}

#[test]
fn an_error_that_an_unknown_module_may_prevent_is_no_certain_one() {
    let guests = r#"{ config, lib, ... }: {
      options.uplink = lib.mkOption { type = lib.types.nullOr lib.types.str; default = null; };
      config.systemd.network.networks."30-${config.uplink}".DHCP = "yes";
    }"#;
    let severity = |project: Project| project.findings().into_iter().map(|(_, severity)| severity).collect::<Vec<_>>();
    assert_eq!(severity(hosted(guests, "")), ["error"]);
    assert_eq!(severity(hosted(guests, "other.nixosModules.uplink")), ["warning"]);
}

#[test]
fn an_unknown_module_in_many_machines_is_one_gap() {
    let flake = format!(
        r#"{{
          {INPUTS}
          inputs.other.url = "github:someone/other";
          outputs = {{ self, nixpkgs, microvm, other }}: {{
            nixosConfigurations = nixpkgs.lib.genAttrs [ "a" "b" "c" "d" "e" ] (name: nixpkgs.lib.nixosSystem {{
              modules = [
                microvm.nixosModules.microvm
                other.nixosModules.default
                {{ microvm.interfaces = [ {{ type = "user"; id = "net"; mac = "02:00:00:00:00:01"; }} ]; }}
              ];
            }});
          }};
        }}"#
    );
    let project = Project::new(&[("flake.nix", &flake)]);
    let report = project.json("check");
    let unknown = report["coverage"]["unknown"].as_array().unwrap();
    assert_eq!(unknown.len(), 1, "{unknown:?}");
    assert_eq!(unknown[0]["what"], "an element of imports of guest a, guest b, guest c and 2 more");
}
