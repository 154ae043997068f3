//! `routelint eval` from the outside: options of machines, and where values come from.

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
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Runs `routelint eval`; gives standard output, standard error and the status.
fn eval_with_input(folder: &Path, arguments: &[&str], input: &str) -> (String, String, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_routelint"));
    command.arg("eval").args(arguments).current_dir(folder).env_clear();
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code().unwrap())
}

fn eval(folder: &Path, arguments: &[&str]) -> (String, String, i32) {
    eval_with_input(folder, arguments, "")
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

#[test]
fn an_option_of_a_host_or_guest_is_read_wherever_the_machine_stands() {
    for (fleet, machine, option, expected) in [
        ("two-hosts", "wiki", "networking.hostName", "\"wiki\"\n"),
        ("two-hosts", "east/wiki", "microvm.interfaces.0.mac", "\"02:00:5e:00:00:02\"\n"),
        ("two-hosts", "wiki", "systemd.network.networks.\"10-lan\".address", "[ \"192.168.90.2/32\" ]\n"),
        ("two-hosts", "east", "networking.nat.externalInterface", "\"eno1\"\n"),
        ("registry", "mail", "systemd.network.networks.10-lan.address.1", "\"fd77:1c0:ffee::11/128\"\n"),
        ("reference", "server/db", "microvm.interfaces.0.mac", "\"02:00:00:00:00:06\"\n"),
        ("flake-inline", "harbour", "networking.hostName", "\"harbour\"\n"),
        ("options-module", "www", "networking.hostName", "\"www\"\n"),
    ] {
        let (output, error, status) = eval(&fixture(fleet), &["--strict", "--of", machine, option]);
        assert_eq!((output.as_str(), status), (expected, 0), "{machine} {option}: {error}");
    }
}

#[test]
fn a_file_or_a_flake_names_the_project() {
    for path in ["flake.nix", ".", "host.nix"] {
        let (output, error, _) = eval(&fixture("two-hosts"), &["--of", "east", "networking.nat.enable", path]);
        assert_eq!(output, "true\n", "{path}: {error}");
    }
}

#[test]
fn what_is_known_of_an_open_set_is_printed_as_json() {
    let (output, error, status) = eval(&fixture("two-hosts"), &["--json", "--of", "east", "microvm.vms.wiki"]);
    assert_eq!(status, 0, "{error}");
    let vm: serde_json::Value = serde_json::from_str(&output).unwrap();
    assert_eq!(vm["autostart"], true);
    assert_eq!(vm.get("config"), None);
    assert!(error.contains("left out: config"), "{error}");
}

#[test]
fn a_mistyped_option_is_answered_with_the_nearest() {
    for (option, hint) in [
        ("networking.hostname", "did you mean `networking.hostName`?"),
        ("systemd.network.networks.\"10-lam\".address", "did you mean `systemd.network.networks.\"10-lan\".address`?"),
        ("microvm.interfaces.0.maq", "did you mean `microvm.interfaces.0.mac`?"),
        ("systemd.network.networks.wan", "known in `systemd.network.networks`: \"10-lan\""),
    ] {
        let (output, error, status) = eval(&fixture("two-hosts"), &["--of", "wiki", option]);
        assert_eq!((output.as_str(), status), ("", 1), "{option}");
        assert!(error.contains(hint), "{option}: {error}");
    }
}

#[test]
fn a_machine_that_nobody_has_is_answered_with_the_names_of_those_there_are() {
    let (output, error, status) = eval(&fixture("two-hosts"), &["--of", "wikki", "networking.hostName"]);
    assert_eq!((output.as_str(), status), ("", 2));
    assert!(error.contains("did you mean `wiki`?") && error.contains("west/proxy-west"), "{error}");
    let empty = folder(&[("package.nix", "{ stdenv }: stdenv.mkDerivation { name = \"x\"; }\n")]);
    let (_, error, status) = eval(empty.path(), &["--of", "web", "networking.hostName"]);
    assert_eq!(status, 2);
    assert!(error.contains("no host and no guest was found"), "{error}");
}

const TWO_OF_ONE_NAME: &str = r#"{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-25.05";
  inputs.microvm.url = "github:astro/microvm.nix";
  outputs = { nixpkgs, microvm, self, ... }:
    let
      host = name: nixpkgs.lib.nixosSystem {
        modules = [
          microvm.nixosModules.host
          {
            networking.hostName = name;
            microvm.vms.web.config = { networking.domain = "${name}.example"; };
            microvm.vms.gone = { flake = builtins.fetchTarball "https://example.org/gone.tar"; };
          }
        ];
      };
    in {
      nixosConfigurations = { a = host "a"; b = host "b"; };
    };
}
"#;

#[test]
fn a_guest_of_two_hosts_needs_its_host_before_its_name() {
    let fleet = folder(&[("flake.nix", TWO_OF_ONE_NAME)]);
    let (output, error, status) = eval(fleet.path(), &["--of", "web", "networking.domain"]);
    assert_eq!((output.as_str(), status), ("", 2));
    assert!(error.contains("a/web, b/web"), "{error}");
    let (output, error, _) = eval(fleet.path(), &["--of", "b/web", "networking.domain"]);
    assert_eq!(output, "\"b.example\"\n", "{error}");
}

#[test]
fn a_guest_whose_configuration_is_not_there_says_so() {
    let fleet = folder(&[("flake.nix", TWO_OF_ONE_NAME)]);
    let (output, error, status) = eval(fleet.path(), &["--of", "a/gone", "networking.hostName"]);
    assert_eq!((output.as_str(), status), ("", 2));
    assert!(error.contains("the configuration of `a/gone` is not available"), "{error}");
    assert!(error.contains("fetchTarball"), "{error}");
}

#[test]
fn standard_input_stands_in_for_a_file() {
    let guest = "{ networking.hostName = \"web\"; networking.domain = \"old\"; microvm.interfaces = [ ]; }";
    let host = "{ networking.hostName = \"h\"; microvm.vms.web.config = import ./web.nix; }";
    let fleet = folder(&[("host.nix", host), ("web.nix", guest)]);
    let arguments = ["--of", "web", "networking.domain", "--stdin-filename", "web.nix"];
    let (output, error, _) = eval_with_input(fleet.path(), &arguments, &guest.replace("old", "new"));
    assert_eq!(output, "\"new\"\n", "{error}");
}

#[test]
fn arguments_that_do_not_fit_together_are_refused() {
    for arguments in [
        &["--of", "web"][..],
        &["--of", "web", "networking.hostName", "--expr", "1"],
        &["--of", "web", "networking.hostName", "-A", "x"],
        &["--input", "a=b", "--expr", "1"],
        &["a.nix", "b.nix"],
        &[],
    ] {
        let (output, error, status) = eval(&fixture("two-hosts"), arguments);
        assert_eq!((output.as_str(), status), ("", 2), "{arguments:?}: {error}");
        assert!(!error.is_empty(), "{arguments:?}");
    }
}

#[test]
fn why_follows_an_address_through_functions_and_files_to_its_literals() {
    let project = folder(&[
        ("registry.nix", "{\n  network = \"10.0.0\";\n  base = 4;\n  guests.web.offset = 1;\n}\n"),
        (
            "lib/address.nix",
            "let registry = import ../registry.nix; in rec {
  index = guest: registry.base + guest.offset;
  host = guest: toString (index guest);
  ipv4 = guest: \"${registry.network}.${host guest}\";
  withPrefix = length: address: address + \"/${toString length}\";
  hostRoute = guest: withPrefix 32 (ipv4 guest);
}\n",
        ),
        ("web.nix", "(import ./lib/address.nix).hostRoute (import ./registry.nix).guests.web\n"),
    ]);
    let (output, error, status) = eval(project.path(), &["--why", "web.nix"]);
    let expected = "\
\"10.0.0.5/32\"  lib/address.nix:5:33  address + \"/${toString length}\"
├─ \"10.0.0.5\"  lib/address.nix:4:17  \"${registry.network}.${host guest}\"
│  ├─ \"10.0.0\"  registry.nix:2:13
│  ├─ \".\"  lib/address.nix:4:37
│  └─ \"5\"  lib/address.nix:3:17  toString (index guest)
│     └─ 5  lib/address.nix:2:18  registry.base + guest.offset
│        ├─ 4  registry.nix:3:10
│        └─ 1  registry.nix:4:23
└─ \"/32\"  lib/address.nix:5:43  \"/${toString length}\"
   ├─ \"/\"  lib/address.nix:5:44
   └─ \"32\"  lib/address.nix:5:47  toString length
      └─ 32  lib/address.nix:6:33
";
    assert_eq!((output.as_str(), status), (expected, 0), "{error}");

    let (output, error, _) = eval(project.path(), &["--why", "--json", "web.nix"]);
    let why: serde_json::Value = serde_json::from_str(&output).unwrap();
    let index = &why["parts"][0]["parts"][2]["parts"][0];
    assert_eq!(index["value"], "5", "{error}");
    assert_eq!(index["expression"], "registry.base + guest.offset");
    assert_eq!(index["parts"][0]["file"], "registry.nix");
    assert_eq!(index["parts"][0]["start"]["line"], 3);
}

#[test]
fn why_takes_numbers_and_booleans_apart() {
    let (output, error, _) = eval(Path::new("/"), &["--why", "--expr", "let x = 3; in -x < 2 * x"]);
    let expected = "\
true  <expression>:1:15  -x < 2 * x
├─ -3  <expression>:1:15  -x
│  └─ 3  <expression>:1:9
└─ 6  <expression>:1:20  2 * x
   ├─ 2  <expression>:1:20
   └─ 3  <expression>:1:9
";
    assert_eq!(output, expected, "{error}");
}

#[test]
fn why_of_an_option_names_the_definitions_that_count_and_those_that_do_not() {
    let project = folder(&[
        ("host.nix", "{ imports = [ ./common.nix ./nat.nix ]; microvm.vms.web = { config = { }; }; }"),
        (
            "common.nix",
            "{ lib, ... }: { networking.hostName = lib.mkDefault \"unnamed\"; networking.nat.enable = lib.mkIf false true; }",
        ),
        ("nat.nix", "{ networking.hostName = \"gate\"; networking.nat.enable = true; }"),
    ]);
    let (output, error, status) = eval(project.path(), &["--of", "gate", "networking.hostName", "--why", "."]);
    assert_eq!(status, 0, "{error}");
    assert_eq!(
        output,
        "definitions:
  nat.nix:1:14  counts (priority 100)
  common.nix:1:28  is overruled by a stronger priority (priority 1000)
where the value comes from:
\"gate\"  nat.nix:1:25
"
    );
    let (output, ..) = eval(project.path(), &["--of", "gate", "networking.nat.enable", "--why", "."]);
    assert!(output.contains("  does not apply: its condition is false (priority 100)\n"), "{output}");
}

#[test]
fn why_does_not_guess_where_one_expression_gave_the_same_number_twice() {
    // Both calls give 5 from `a + b`. Once both are known, nothing tells which of them the second 5 is.
    let expression = "let add = a: b: a + b; in [ (add 2 3) (add 1 4) ]";
    let (output, error, _) = eval(Path::new("/"), &["--why", "--expr", expression]);
    assert_eq!(
        output,
        "\
[ … ]  <expression>:1:27
├─ 0 = 5  <expression>:1:17  a + b
│  ├─ 2  <expression>:1:34
│  └─ 3  <expression>:1:36
└─ 1 = 5  <expression>:1:17  a + b
",
        "{error}"
    );
}

#[test]
fn an_expression_stands_alone() {
    let folder = folder(&[("note.txt", "hello\n"), ("broken.nix", "{ a = missing; b = 1; b = 2; }")]);
    for (expression, expected) in [
        ("(builtins.tryEval <nowhere>).success", "false"),
        ("\"${./note.txt}\"", "\"/nix/store/9j4qzr7490yaf5id1rvgl69jgsjl8vbl-note.txt\""),
        ("builtins.isInt builtins.currentTime", "true"),
        ("let l = [ l ]; in [ l ]", "[ [ «repeated» ] ]"),
        ("{ or = 1; }", "{ or = 1; }"),
    ] {
        let (out, err, status) = eval(folder.path(), &["--strict", "--expr", expression]);
        assert_eq!((out.trim_end(), status), (expected, 0), "{expression}: {err}");
    }
    // Nix finds the name that is bound twice before the one that nothing binds.
    let (_, err, _) = eval(folder.path(), &["broken.nix"]);
    assert!(err.contains("broken.nix:1:23: "), "{err}");
}
