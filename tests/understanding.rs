//! How much of a fleet is understood, and what is said of the rest: shapes that fleets in the wild have.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "this is a test, and it prepares its own folders"
)]

mod support;

use std::fs;

use serde_json::Value;

use support::{INPUTS, Project, hosted};

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

/// A guest with a private address behind a host that forwards.
const BEHIND: &str = r#"
  networking.hostName = "h";
  networking.useNetworkd = true;
  microvm.vms.web.config = {
    microvm.interfaces = [ { type = "tap"; id = "vm-web"; mac = "02:00:00:00:00:01"; } ];
    systemd.network.networks."10-eth" = {
      matchConfig.MACAddress = "02:00:00:00:00:01";
      address = [ "10.0.0.1/32" ];
      routes = [ { Gateway = "10.0.0.254"; GatewayOnLink = true; } ];
    };
  };
  systemd.network.networks."30-web" = {
    matchConfig.Name = "vm-web";
    address = [ "10.0.0.254/32" ];
    routes = [ { Destination = "10.0.0.1/32"; } ];
    networkConfig = { IPv4Forwarding = true; IPv6AcceptRA = false; };
  };"#;

#[test]
fn a_text_that_is_not_known_may_translate() {
    let flake = flake(
        r#"{ self, nixpkgs, microvm }: {
          nixosConfigurations.h = nixpkgs.lib.nixosSystem { modules = [ microvm.nixosModules.host ./host.nix ]; };
        }"#,
    );
    let commands = r#"networking.firewall.extraCommands = "${builtins.readFile pkgs.script} -s 10.0.0.0/24";"#;
    let told = |more: &str| {
        let host = format!("{{ pkgs, ... }}: {{ {BEHIND} {more} }}");
        Project::new(&[("flake.nix", &flake), ("host.nix", &host)]).findings()
    };
    assert!(told("").iter().any(|one| format!("{one:?}").contains("nat-disabled-but-private-guests")));
    assert!(!told(commands).iter().any(|one| format!("{one:?}").contains("nat-disabled-but-private-guests")));
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
fn a_router_is_the_host_of_guests_that_it_has_a_file_for_unless_others_are_unread() {
    let outputs = |unit: &str, other: &str| {
        flake(&format!(
            r#"{{ self, nixpkgs, microvm, other }}: {{
                nixosConfigurations.router = nixpkgs.lib.nixosSystem {{
                  modules = [ {{ networking.nat.enable = true; networking.nat.externalInterface = "wan"; {unit} }} ];
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
    let unit = "systemd.network.networks.\"30-taps\".matchConfig.Name = \"vm*\";";
    assert_eq!(host_of(&outputs("", "")), Value::Null);
    assert_eq!(host_of(&outputs(unit, "")), "router");
    assert_eq!(host_of(&outputs(unit, "nixosConfigurations.server = other.lib.mkServer ./server.nix;")), Value::Null);
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
        assert!(errors.contains("--input NAME=PATH"), "{errors}");
    }
}

#[test]
fn the_inputs_that_may_say_what_is_asked_are_named() {
    let flake = r#"{
      inputs.nixpkgs.url = "github:NixOS/nixpkgs";
      inputs.flake-parts.url = "github:hercules-ci/flake-parts";
      inputs.nodes.url = "github:someone/nodes";
      inputs.topology.url = "github:someone/topology";
      outputs = inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } ({ config, ... }: {
        imports = [ inputs.nodes.flakeModules.default inputs.topology.flakeModules.default ];
        systems = [ "x86_64-linux" ];
        flake.nixosConfigurations = config.nodes;
      });
    }"#;
    let output = Project::new(&[("flake.nix", flake)]).run(&["check"]);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains("inputs `nodes`, `topology` are not available"), "{errors}");
}

#[test]
fn a_copy_of_the_whole_folder_stands_for_the_folder() {
    for (source, hosts) in [
        ("builtins.path { path = ./.; name = \"fleet\"; }", 1),
        ("nixpkgs.lib.cleanSource ./.", 1),
        ("builtins.filterSource (path: kind: true) ./.", 0),
    ] {
        let outputs = format!(
            r#"{{ self, nixpkgs, microvm }}: let src = {source}; in {{
              nixosConfigurations = nixpkgs.lib.mapAttrs (name: _: nixpkgs.lib.nixosSystem {{
                modules = [ microvm.nixosModules.host "${{src}}/hosts/${{name}}" ];
              }}) (builtins.readDir (src + "/hosts"));
            }}"#
        );
        let host = "{ microvm.vms.web.config.microvm.interfaces = [ ]; }";
        let project = Project::new(&[("flake.nix", &flake(&outputs)), ("hosts/a/default.nix", host)]);
        let report = project.json("check");
        assert_eq!(report["coverage"]["unknown"].as_array().unwrap().is_empty(), hosts == 1, "{source}: {report}");
        if hosts == 1 {
            assert_eq!(project.names("hosts"), ["a"], "{source}");
        }
    }
}

#[test]
fn addresses_that_another_program_sets_are_not_known() {
    let project = hosted(
        r#"{ microvm.vms.web.config = {
          networking.ifstate.enable = true;
          microvm.interfaces = [ { type = "tap"; id = "vm1"; mac = "02:00:00:00:00:01"; } ];
        }; }"#,
        "",
    );
    let text = project.human();
    assert!(text.contains("0 of 1 guest understood; the rest: web (ifstate sets them, whose configuration"), "{text}");
}

#[test]
fn the_repository_of_microvm_nix_knows_its_own_guests() {
    let flake = r#"{
      inputs.nixpkgs.url = "github:NixOS/nixpkgs";
      outputs = { self, nixpkgs }: {
        nixosModules.microvm = ./guest.nix;
        nixosConfigurations.example = nixpkgs.lib.nixosSystem { modules = [ self.nixosModules.microvm ]; };
        nixosConfigurations.other = nixpkgs.lib.nixosSystem { modules = [ { networking.hostName = "other"; } ]; };
      };
    }"#;
    let guest = r#"{ lib, ... }: {
      options.microvm.guest.enable = lib.mkOption { type = lib.types.bool; default = true; };
      options.microvm.interfaces = lib.mkOption { type = lib.types.listOf lib.types.attrs; default = [ ]; };
    }"#;
    let project = Project::new(&[("flake.nix", flake), ("guest.nix", guest)]);
    assert_eq!(project.names("guests"), ["example"]);
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
fn an_error_that_an_unknown_module_may_prevent_is_a_thing_not_known() {
    let guests = r#"{ config, lib, ... }: {
      options.uplink = lib.mkOption { type = lib.types.nullOr lib.types.str; default = null; };
      config.systemd.network.networks."30-${config.uplink}".DHCP = "yes";
    }"#;
    let severity = |project: Project| project.findings().into_iter().map(|(_, severity)| severity).collect::<Vec<_>>();
    assert_eq!(severity(hosted(guests, "")), ["error"]);
    let with_unknown = hosted(guests, "other.nixosModules.uplink");
    let coverage = with_unknown.json("check")["coverage"]["unknown"].to_string();
    assert!(coverage.contains("cannot coerce null to a string"), "{coverage}");
    assert!(severity(with_unknown).is_empty());
}

#[test]
fn what_a_module_function_returns_may_be_one_property() {
    let guest = r#"{ lib, ... }: lib.mkMerge [ (lib.mkIf true {
      microvm.vms.web.config.microvm.interfaces = [ { type = "tap"; id = "vm-web"; mac = "02:00:00:00:00:01"; } ];
    }) ]"#;
    assert_eq!(hosted(guest, "").names("guests"), ["web"]);
}

#[test]
fn the_number_of_an_element_is_unknown_beside_one_that_may_be_there() {
    let guests = r#"{ lib, other, ... }: {
      microvm.vms = lib.listToAttrs (lib.imap1 (index: name: {
        inherit name;
        value.config.microvm.interfaces = [ { type = "tap"; id = "vm${toString index}"; mac = "02:00:00:00:00:0${toString index}"; } ];
      }) (lib.filter (name: name != "a" || other.withA) [ "a" "b" "c" ]) ++ [ {
        name = "d";
        value.config.microvm.interfaces = [ { type = "tap"; id = "vm1"; mac = "02:00:00:00:00:01"; } ];
      } ]);
    }"#;
    let project = hosted(guests, "({ _module.args.other = other; })");
    assert_eq!(project.findings(), []);
    assert_eq!(project.json("check")["coverage"]["understood"], 1);
}

#[test]
fn a_flake_knows_itself_with_its_outputs() {
    let guests = r#"{ outputs, ... }: {
      microvm.vms.web.config.microvm.interfaces = [
        { type = "tap"; id = toString (builtins.attrNames outputs.nixosConfigurations); mac = "02:00:00:00:00:01"; }
      ];
    }"#;
    let project = hosted(guests, "({ _module.args.outputs = self.outputs; })");
    assert_eq!(project.json("show")["guests"][0]["interfaces"][0]["id"], "server");
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

/// A guest with one interface, in the words of a module.
const GUEST: &str = r#"microvm.interfaces = [ { type = "tap"; id = "vm1"; mac = "02:00:00:00:00:01"; } ];"#;

#[test]
fn what_git_keeps_out_of_a_checkout_is_unknown_and_what_is_missing_is_not() {
    let files = |line: &str| {
        let project = hosted(&format!("{{ imports = [ ./private/users.nix ]; microvm.vms.web.config.{GUEST} }}"), "");
        let (name, text) = line.split_once('|').unwrap();
        fs::write(project.0.path().join(name), text).unwrap();
        project
    };
    let left_out = files(".gitignore|/private/\n");
    assert_eq!(left_out.findings(), []);
    assert_eq!(left_out.names("guests"), ["web"]);
    assert!(
        left_out.human().contains("private/users.nix is not here, and .gitignore keeps it out"),
        "{}",
        left_out.human()
    );
    let submodule = files(".gitmodules|[submodule \"x\"]\n\tpath = private\n");
    assert_eq!(submodule.findings(), []);
    assert!(submodule.human().contains("git submodule private"), "{}", submodule.human());
    let missing = files(".gitignore|*.key\n");
    assert_eq!(missing.findings(), [("evaluation-error".to_owned(), "error".to_owned())]);
    let place = missing.json("check")["findings"][0]["labels"][0].clone();
    assert_eq!((&place["file"], &place["start"]["column"]), (&"guests.nix".into(), &15.into()));
}

#[test]
fn arguments_that_cannot_be_read_are_not_missing() {
    let guests = |argument: &str| {
        format!(
            "{{ microvm.vms.web = {{ specialArgs = {{ secrets = import ./{argument}; }}; \
             config = {{ secrets, other, ... }}: {{ {GUEST} networking.hostName = other; }}; }}; }}"
        )
    };
    let project = hosted(&guests("none.nix"), "");
    assert_eq!(project.findings(), [("evaluation-error".to_owned(), "error".to_owned())]);
    assert!(project.human().contains("none.nix"), "{}", project.human());
    fs::write(project.0.path().join(".gitignore"), "none.nix\n").unwrap();
    assert_eq!(project.findings(), [("special-arg-missing".to_owned(), "error".to_owned())]);
}

#[test]
fn another_flakes_nixos_system_makes_machines_too() {
    let flake = format!(
        r#"{{
          {INPUTS}
          inputs.board.url = "github:someone/board";
          outputs = {{ self, nixpkgs, microvm, board }}: {{
            nixosConfigurations.server = board.lib.nixosSystem {{
              specialArgs = {{ name = "web"; }};
              modules = [ microvm.nixosModules.host ({{ name, ... }}: {{ microvm.vms.${{name}}.config.{GUEST} }}) ];
            }};
          }};
        }}"#
    );
    let project = Project::new(&[("flake.nix", &flake)]);
    assert_eq!(project.findings(), []);
    assert_eq!(project.names("guests"), ["web"]);
    assert!(project.human().contains("input `board` is not available"), "{}", project.human());
}

#[test]
fn modules_that_only_a_file_of_another_kind_names_are_found() {
    let flake = r#"{ inputs.std.url = "github:divnix/std"; outputs = { std, ... }@inputs: std.growOn { inherit inputs; cellsFrom = ./nix; }; }"#;
    let block = "{ inputs, cell }: { dev = inputs.vms.makeVM { module.imports = [ ./guest.nix ]; }; }";
    let guest = format!("{{ config, ... }}: {{ {GUEST} }}");
    let project = Project::new(&[("flake.nix", flake), ("nix/vms/default.nix", block), ("nix/vms/guest.nix", &guest)]);
    assert_eq!(project.findings(), []);
    assert_eq!(project.names("guests"), ["guest"]);
}

#[test]
fn many_configurations_are_read_as_few_are() {
    let flake = |count: u32| {
        format!(
            r#"{{
              {INPUTS}
              outputs = {{ self, nixpkgs, microvm }}:
              let
                inherit (nixpkgs) lib;
                numbers = lib.range 1 {count};
                name = kind: number: "${{kind}}${{lib.fixedWidthNumber 3 number}}";
                guest = number: {{
                  imports = [ microvm.nixosModules.microvm ];
                  microvm.interfaces = [ {{ type = "tap"; id = "vm${{toString number}}"; mac = "02:00:00:00:00:01"; }} ];
                }};
                machine = module: lib.nixosSystem {{ modules = [ module ]; }};
              in {{
                nixosConfigurations = lib.listToAttrs (
                  map (number: lib.nameValuePair (name "guest" number) (machine (guest number))) numbers
                  ++ map (number: lib.nameValuePair (name "host" number) (machine {{
                    imports = [ microvm.nixosModules.host ];
                    microvm.vms.${{name "guest" number}} = {{ flake = self; }};
                  }})) numbers
                );
                packages.x86_64-linux.runner = (machine (guest 999)).config.microvm.declaredRunner;
              }};
            }}"#
        )
    };
    let shown = |count| {
        let project = Project::new(&[("flake.nix", &flake(count))]);
        assert_eq!(project.findings(), []);
        let shown = project.json("show");
        let guests = shown["guests"].as_array().unwrap().clone();
        let line = |guest: &Value| format!("{}/{} {}", guest["host"], guest["name"], guest["interfaces"][0]["id"]);
        let mut lines: Vec<String> = guests.iter().map(line).collect();
        lines.retain(|line| !line.contains("guest0") || line.contains("guest001") || line.contains("guest002"));
        (guests.len(), lines)
    };
    let few = shown(2);
    assert_eq!(few.0, 3);
    let many = shown(60);
    assert_eq!((many.0, many.1), (61, few.1));
}

#[test]
fn what_nobody_reads_does_not_fail() {
    let guests = r#"{ lib, ... }: { networking.useNetworkd = lib.mkForce false; systemd.network.networks."30-${{}.uplink}".DHCP = "yes"; }"#;
    let project = hosted(guests, "");
    assert_eq!(project.findings(), []);
    assert!(project.human().contains("attribute 'uplink' missing"), "{}", project.human());
}

#[test]
fn a_guest_without_address_has_the_index_that_its_tap_and_the_hosts_route_agree_on() {
    let index = |route: &str| {
        let project = hosted(
            &format!(
                r#"{{
                  systemd.network.networks."30-vm4" = {{ matchConfig.Name = "vm4"; routes = [ {{ Destination = "{route}"; }} ]; }};
                  microvm.vms.idle.config.microvm.interfaces = [ {{ type = "tap"; id = "vm4"; mac = "02:00:00:00:00:04"; }} ];
                }}"#
            ),
            "",
        );
        project.json("show")["guests"][0]["index"].clone()
    };
    assert_eq!(index("10.0.0.4/32"), 4);
    assert_eq!(index("10.0.0.5/32"), Value::Null);
    assert_eq!(index("10.0.0.4/24"), Value::Null);
}

#[test]
fn rules_in_texts_and_macvtaps_are_shown() {
    let project = hosted(
        r#"{
          networking.firewall.extraCommands = "iptables -t nat -A POSTROUTING -s 10.0.0.0/24 -o wan -j MASQUERADE";
          microvm.vms.web.config.microvm.interfaces = [
            { type = "macvtap"; id = "vm1"; mac = "02:00:00:00:00:01"; macvtap = { link = "lan0"; mode = "bridge"; }; }
          ];
        }"#,
        "",
    );
    let shown = project.json("show");
    let nat = &shown["hosts"][0]["nat"];
    assert_eq!(nat["masquerades"].to_string(), r#"[{"output":"wan","source":"10.0.0.0/24"}]"#);
    assert_eq!(nat["other_rules"], Value::Null);
    let interface = &shown["guests"][0]["interfaces"][0];
    assert_eq!((&interface["link"], &interface["mode"]), (&"lan0".into(), &"bridge".into()));
    let table = String::from_utf8(project.run(&["show"]).stdout).unwrap();
    assert!(
        table.contains("10.0.0.0/24 out of wan by a rule in a text") && table.contains("vm1 (macvtap on lan0)"),
        "{table}"
    );
    let unclear = hosted(r#"{ networking.nftables.ruleset = "include \"/etc/nat.nft\""; }"#, "");
    assert_eq!(unclear.json("show")["hosts"][0]["nat"]["other_rules"], true);
}

#[test]
fn what_an_input_says_is_shown_in_its_file_and_never_edited() {
    let project = Project::new(&[
        ("parts/flake.nix", "{ outputs = _: { nixosModules.web = ./web.nix; }; }"),
        (
            "parts/web.nix",
            "{\n  microvm.interfaces = [ { type = \"tap\"; id = \"vm5\"; mac = \"02:00:00:00:00:5\"; } ];\n}\n",
        ),
        (
            "fleet/flake.nix",
            r#"{
              inputs.parts.url = "git+https://example.org/parts";
              inputs.microvm.url = "github:microvm-nix/microvm.nix";
              inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-25.05";
              outputs = { nixpkgs, microvm, parts, ... }: {
                nixosConfigurations.server = nixpkgs.lib.nixosSystem {
                  modules = [ microvm.nixosModules.host { microvm.vms.web.config = parts.nixosModules.web; } ];
                };
              };
            }"#,
        ),
    ]);
    let checked = project.run(&["check", "--format", "concise", "--input", "parts=parts", "fleet"]);
    let told = String::from_utf8(checked.stdout).unwrap();
    assert!(told.contains("parts/web.nix:2:60: error[mac-malformed]"), "{told}");
    let fixed = project.run(&["fix", "--unsafe", "--input", "parts=parts", "fleet"]);
    let text = fs::read_to_string(project.0.path().join("parts/web.nix")).unwrap();
    assert!(text.contains("00:5\""), "{}", String::from_utf8_lossy(&fixed.stdout));
}
