//! What a text says, and what is wrong with it.

use std::path::Path;

use super::*;
use crate::source::{Access, Sources};

fn vocabulary() -> Vocabulary {
    Vocabulary { rules: vec!["mac-multicast", "index-zero"], groups: vec!["identity"] }
}

/// The settings, or each mistake as `line:column: message`.
fn outcome(text: &str) -> Result<Settings, Vec<String>> {
    let sources = Sources::new(Access::below(Vec::new()));
    let file = sources.add_text(FILE_NAME, text);
    let settings = read(text, file.id, Path::new("/fleet"), &vocabulary());
    settings.map_err(|mistakes| {
        let shown = mistakes.iter().map(|Mistake { place, message }| {
            let at = sources.line_columns(*place).0;
            format!("{}:{}: {message}", at.line, at.column)
        });
        shown.collect()
    })
}

fn mistakes(text: &str) -> Vec<String> {
    outcome(text).err().unwrap_or_default()
}

#[test]
fn an_empty_file_says_nothing() {
    for text in ["", "# nothing\n", "\u{feff}", "\u{feff}strict = true\r\n"] {
        let settings = outcome(text).unwrap();
        assert!(settings.hosts.is_empty() && settings.rules.is_empty() && !settings.names_machines(), "{text:?}");
    }
}

#[test]
fn machines_have_absolute_paths_and_names_without_their_host() {
    let settings = outcome(
        r#"
        inputs.secrets = "../secrets"
        [hosts.server]
        attribute = "nixosConfigurations.\"my server\""
        modules = ["./extra.nix", "a/../b.nix"]
        guests = ["web"]
        [guests."server/db"]
        file = "guests.nix"
        special-args = { domain = "example.org", ports = [1, 2] }
        "#,
    )
    .unwrap();
    assert!(settings.names_machines());
    assert_eq!(settings.inputs[0].folder.value, Path::new("/secrets"));
    let host = &settings.hosts[0];
    assert_eq!(host.source.attribute.as_ref().unwrap().value, ["nixosConfigurations", "my server"]);
    let modules: Vec<_> = host.source.modules.iter().map(|path| path.value.to_str().unwrap()).collect();
    assert_eq!(modules, ["/fleet/extra.nix", "/fleet/b.nix"]);
    let guest = &settings.guests[0];
    assert_eq!((guest.name.value.as_str(), guest.host.as_ref().unwrap().value.as_str()), ("db", "server"));
    assert_eq!(guest.source.special_args["ports"].as_array().map(Vec::len), Some(2));
}

#[test]
fn every_mistake_is_told_at_once_and_in_order() {
    let text = r#"
fail_on = "warning"
strict = "yes"
release = "25.06"
exclude = ["/etc"]
[rules]
mac-multicst = "off"
index-zero = "warn"
[hosts.server]
modules = ["../other.nix"]
port = 1
[exclusive]
alone = ["web"]
"#;
    assert_eq!(
        mistakes(text),
        [
            "2:1: unknown key `fail_on`; did you mean `fail-on`?",
            "3:10: `strict` must be `true` or `false`, not a text",
            "4:11: `25.06` is no release; a release is written like \"25.05\" or \"25.11\"",
            "5:12: `/etc` is no pattern for paths: patterns are relative to this file",
            "7:1: there is no rule and no group `mac-multicst`; did you mean `mac-multicast`?",
            "8:14: `warn` is no value of rule `index-zero`; one of `off`, `note`, `warning`, `error`",
            "10:12: `../other.nix` lies outside the folder of this file, where nothing is read; only `[inputs]` may lead there",
            "11:1: unknown key `port` in host `server`; known are `file`, `flake`, `attribute`, `modules`, `special-args`, `guests`",
            "13:1: exclusive group `alone` needs two guests at least",
        ]
    );
}

#[test]
fn a_place_counts_characters() {
    assert_eq!(mistakes("exclude = [\"höhle\", 5]"), ["1:21: `exclude` must be a text in quotes, not an integer"]);
    assert_eq!(mistakes("\u{feff}nope = 1").len(), 1);
}

#[test]
fn what_is_no_toml_is_told_with_what_is_wrong_elsewhere() {
    let told = mistakes("strict = \nfoo = 1\nrelease = \"25.05");
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[0].starts_with("1:") && told[0].contains("not TOML"), "{told:?}");
    assert!(told[1].starts_with("2:1: unknown key `foo`"), "{told:?}");
    assert!(told[2].starts_with("3:") && told[2].contains("not TOML"), "{told:?}");
    assert!(mistakes("strict = true\nstrict = false")[0].contains("duplicate key"));
}

#[test]
fn hosts_and_guests_must_fit_together() {
    let hosts = "[hosts.alpha]\nmodules = [\"a.nix\"]\nguests = [\"web\"]\n[hosts.beta]\nattribute = \"b\"\n";
    assert_eq!(mistakes(&format!("{hosts}[guests.web]\nhost = \"alpha\"")), [""; 0]);
    for (guests, expected) in [
        ("[guests.web]\nhost = \"beta\"", "3:11: guest `web` is given to `beta` already"),
        ("[guests.db]\nhost = \"betta\"", "7:8: there is no host `betta`; did you mean `beta`?"),
        ("[guests.\"beta/db\"]\nhost = \"beta\"", "7:8: the host of `beta/db` is in its name already"),
        (
            "[guests.db]\nfile = \"a.nix\"\nflake = \"sub\"",
            "8:9: a machine comes from a `file` or from a `flake`, not from both",
        ),
        ("[guests.db]\nflake = \"sub\"", "7:9: with `flake`, `attribute` tells which of its outputs the machine is"),
        (
            "[guests.db]\nspecial-args = { now = 2025-01-01 }",
            "7:24: `special-args` of guest `db` holds a date, which Nix has no value for",
        ),
        ("[guests]\ndb = 1", "7:6: guest `db` must be a table, not an integer"),
    ] {
        assert_eq!(mistakes(&format!("{hosts}{guests}")), [expected]);
    }
}

#[test]
fn an_override_has_paths_and_levels() {
    let settings = outcome("[[overrides]]\npaths = [\"lab\"]\nrules = { identity = \"note\" }").unwrap();
    assert!(settings.overrides[0].paths.matches(Path::new("guests/lab/a.nix")));
    assert_eq!(settings.overrides[0].rules[0].level, Level::Note);
    assert_eq!(mistakes("[[overrides]]\npaths = []"), ["1:1: an override needs `rules`"]);
    assert!(mistakes("overrides = {}")[0].contains("[[overrides]]"));
}

#[test]
fn no_text_is_too_strange() {
    let deep = format!("hosts = {}1{}", "[".repeat(5000), "]".repeat(5000));
    let many = "x = 1\n".repeat(20_000);
    for text in
        [&deep, &many, "[[[", "\0", "\u{1F600} = 1", "hosts.a.b.c.d = 1", "[hosts.\"\"]", "[guests.\"/\"]\nhost=\"\""]
    {
        assert!(!mistakes(text).is_empty() || text.contains("\"\""), "{text}");
    }
}
