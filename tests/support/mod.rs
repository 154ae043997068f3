//! Small projects that tests write and look at through the program.

#![allow(dead_code, reason = "not every test needs all of it")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// A project of these files.
pub(crate) struct Project(pub(crate) tempfile::TempDir);

impl Project {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self(folder)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let folder: &Path = self.0.path();
        Command::new(env!("CARGO_BIN_EXE_routelint")).args(arguments).current_dir(folder).env_clear().output().unwrap()
    }

    pub(crate) fn json(&self, command: &str) -> Value {
        let output = self.run(&[command, "--format", "json"]);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{command}: {error}\n{errors}"))
    }

    pub(crate) fn human(&self) -> String {
        String::from_utf8(self.run(&["check"]).stdout).unwrap()
    }

    /// Rule and severity of each finding.
    pub(crate) fn findings(&self) -> Vec<(String, String)> {
        let report = self.json("check");
        let word = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
        let findings = report["findings"].as_array().unwrap().iter();
        findings.map(|finding| (word(finding, "rule"), word(finding, "severity"))).collect()
    }

    pub(crate) fn names(&self, kind: &str) -> Vec<String> {
        let shown = self.json("show");
        let machines = shown[kind].as_array().unwrap().iter();
        machines.map(|machine| machine["name"].as_str().unwrap().to_owned()).collect()
    }
}

pub(crate) const INPUTS: &str = r#"
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-25.05";
  inputs.microvm.url = "github:microvm-nix/microvm.nix";
"#;

/// A host whose guests are in `guests.nix`, with one module that is not available.
pub(crate) fn hosted(guests: &str, imports: &str) -> Project {
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
