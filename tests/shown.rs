//! What `show` shows of a fleet, and where it says that it comes from.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "this is a test, and it prepares its own folders"
)]

mod support;

use serde_json::Value;

use support::{Project, hosted};

fn table(project: &Project) -> String {
    String::from_utf8(project.run(&["show"]).stdout).unwrap()
}

/// The rows of `show --where`, blanks made one.
fn places(project: &Project) -> Vec<String> {
    let text = String::from_utf8(project.run(&["show", "--where"]).stdout).unwrap();
    text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn what_nixos_writes_for_networkd_is_shown_where_the_user_wrote_it() {
    let project = hosted(
        r#"{
          microvm.vms.web.config = {
            microvm.interfaces = [ { type = "tap"; id = "vm1"; mac = "02:00:00:00:00:01"; } ];
            networking.interfaces.eth0.ipv4.addresses = [ { address = "10.0.0.2"; prefixLength = 24; } ];
            networking.defaultGateway = "10.0.0.1";
            networking.defaultGateway6 = { address = "fe80::1"; interface = "eth0"; metric = 5; };
          };
        }"#,
        "",
    );
    let guest = &project.json("show")["guests"][0];
    assert_eq!(guest["addresses"].to_string(), r#"["10.0.0.2/24"]"#);
    let gateways: Vec<&str> =
        guest["routes"].as_array().unwrap().iter().map(|route| route["gateway"].as_str().unwrap()).collect();
    assert_eq!(gateways, ["fe80::1", "10.0.0.1"]);
    let places = places(&project);
    for row in [
        "40-eth0.network guests.nix:4:35",
        "address 10.0.0.2/24 guests.nix:4:71",
        "route default via 10.0.0.1 guests.nix:5:41",
        "route default via fe80::1 guests.nix:6:54",
    ] {
        assert!(places.iter().any(|place| place == row), "{row}: {places:#?}");
    }
}

#[test]
fn the_bridge_of_a_tap_is_shown_however_it_is_written() {
    let guest = |name: &str, rest: &str| {
        format!(
            r#"microvm.vms.{name}.config.microvm.interfaces = [ {{ id = "vm-{name}"; mac = "02:00:00:00:00:01"; {rest} }} ];"#
        )
    };
    let guests = [("a", r#"type = "tap";"#), ("b", r#"type = "tap";"#), ("c", r#"type = "bridge"; bridge = "br1";"#)];
    let guests: Vec<String> = guests.iter().map(|(name, rest)| guest(name, rest)).collect();
    let host = format!(
        r#"{{
          systemd.network.netdevs."10-br0".netdevConfig = {{ Kind = "bridge"; Name = "br0"; }};
          systemd.network.networks."11-taps" = {{ matchConfig.Name = "vm-a*"; networkConfig.Bridge = "br0"; }};
          networking.bridges.br2.interfaces = [ "vm-b" ];
          {}
        }}"#,
        guests.join("\n")
    );
    let project = hosted(&host, "");
    let guests = project.json("show");
    let bridges: Vec<&Value> =
        guests["guests"].as_array().unwrap().iter().map(|guest| &guest["interfaces"][0]["bridge"]).collect();
    assert_eq!(bridges, ["br0", "br2", "br1"]);
    let table = table(&project);
    for cell in ["vm-a (on br0)", "vm-b (on br2)", "vm-c (bridge br1)"] {
        assert!(table.contains(cell), "{cell}: {table}");
    }
    let rows = places(&project);
    for row in ["bridge br0 guests.nix:3:101", "bridge br2 guests.nix:4:30"] {
        assert!(rows.iter().any(|place| place == row), "{row}: {rows:#?}");
    }
}

#[test]
fn a_tap_is_free_only_if_no_guest_may_have_it_and_no_device_of_the_host_is_called_so() {
    let host = |guest: &str| {
        let taps = r#"
          systemd.network.netdevs."20-lan".netdevConfig = { Kind = "bridge"; Name = "lan"; };
          systemd.network.networks."20-lan" = { matchConfig.Name = "lan"; routes = [ { Destination = "10.9.0.7/32"; } ]; };
          systemd.network.networks."30-vm1" = { matchConfig.Name = "vm1"; routes = [ { Destination = "10.0.0.1/32"; } ]; };
          systemd.network.networks."30-vm2" = { matchConfig.Name = "vm2"; routes = [ { Destination = "10.0.0.2/32"; } ]; };"#;
        let arguments = if guest.contains("other") { "{ other, ... }:" } else { "" };
        hosted(
            &format!("{arguments} {{ {taps} microvm.vms.web.config = {{ {guest} }}; }}"),
            "{ _module.args = { inherit other; }; }",
        )
    };
    let known = host(r#"microvm.interfaces = [ { type = "tap"; id = "vm1"; mac = "02:00:00:00:00:01"; } ];"#);
    assert_eq!(known.json("show")["hosts"][0]["free_slots"].to_string(), r#"["vm2"]"#);
    assert!(table(&known).contains("free    vm2 (1 slot)"), "{}", table(&known));
    let unknown = host("imports = [ other.nixosModules.web ];");
    assert_eq!(unknown.json("show")["hosts"][0]["free_slots"], Value::Null);
    assert!(!table(&unknown).contains("free "), "{}", table(&unknown));
}

#[test]
fn a_digit_that_names_and_addresses_have_by_chance_is_no_index() {
    let project = hosted(
        r#"{ lib, ... }: {
          microvm.vms = lib.genAttrs [ "slot1" "slot2" "slot3" ] (name: let n = builtins.substring 4 1 name; in { config = {
            microvm.interfaces = [ { type = "tap"; id = "vm-${name}"; mac = "02:00:00:00:00:0${n}"; } ];
            systemd.network.networks."10-lan" = { matchConfig.Type = "ether"; address = [ "10.${n}.0.2/24" ]; };
          }; });
        }"#,
        "",
    );
    let shown = project.json("show");
    assert!(shown["guests"].as_array().unwrap().iter().all(|guest| guest["index"].is_null()), "{shown}");
}

#[test]
fn a_guest_that_hangs_on_a_module_that_is_not_there_is_not_understood() {
    let project = hosted(
        r#"{ other, ... }: {
          microvm.vms.db.config = { imports = [ other.nixosModules.db ]; };
          microvm.vms.web.config = {
            imports = [ other.nixosModules.web ];
            microvm.interfaces = [ { type = "tap"; id = "vm1"; mac = "02:00:00:00:00:01"; } ];
            systemd.network.networks."10-lan".DHCP = "yes";
          };
        }"#,
        "{ _module.args = { inherit other; }; }",
    );
    let coverage = &project.json("check")["coverage"];
    assert_eq!((&coverage["guests"], &coverage["understood"]), (&2.into(), &1.into()));
    let shown = project.json("show");
    let complete: Vec<&Value> = shown["guests"].as_array().unwrap().iter().map(|guest| &guest["complete"]).collect();
    assert_eq!(complete, [false, true]);
    let table = table(&project);
    assert!(
        table.contains("1 of 2 guests understood; the rest: db (this import is not known: input `other`"),
        "{table}"
    );
    let row = table.lines().find(|line| line.trim_start().starts_with("db ")).unwrap();
    assert_eq!(row.matches('…').count(), 2, "{row}");
}
