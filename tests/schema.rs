//! Keys, values and forms that NixOS does not take: what is told of a file of a host, and what is not.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "fleets are written to a temporary folder")]

use std::sync::Arc;

use routelint::fleet::{Release, Target, analyse};
use routelint::rules::{self, Finding, Safety, Settings, Severity};
use routelint::source::{Access, Place, Sources};

/// What is found in one text: rules with the text of the first label, and the text after the first edit of each.
struct Told {
    findings: Vec<(String, String)>,
    edited: Vec<String>,
}

fn told(text: &str, release: Option<(u16, u16)>) -> Told {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    std::fs::write(root.join("host.nix"), text).unwrap();
    let sources = Arc::new(Sources::new(Access::below(vec![root.clone()])));
    let release = release.map(|(year, month)| Release { year, month });
    let target = Target { paths: vec![root.clone()], release, ..Target::default() };
    let fleet = analyse(&sources, &target).unwrap().fleet;
    let mut found = rules::check(&fleet, &Settings::default());
    found.retain(|finding| finding.severity > Severity::Note);
    rules::sort(&mut found, |_| String::new());
    let part = |place: Place| text.get(place.span.start as usize..place.span.end as usize).unwrap().to_owned();
    let label = |finding: &Finding| finding.primary().map(part).unwrap_or_default();
    Told {
        findings: found.iter().map(|finding| (finding.rule.to_owned(), label(finding))).collect(),
        edited: found.iter().filter_map(|finding| edited(finding, text)).collect(),
    }
}

fn edited(finding: &Finding, text: &str) -> Option<String> {
    let fix = finding.fixes.iter().find(|fix| fix.safety != Safety::Display)?;
    let mut edits = fix.edits.clone();
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.place.span.start));
    let mut text = text.to_owned();
    for edit in edits {
        text.replace_range(edit.place.span.start as usize..edit.place.span.end as usize, &edit.replacement);
    }
    Some(text)
}

/// A host with a file that says this and nothing else that could be wrong.
fn host(file: &str) -> String {
    format!(
        "{{ lib, pkgs, ... }}: {{\n  networking.useNetworkd = true;\n  networking.nat.enable = true;\n  \
         systemd.network.networks.\"10-lan\" = {{ matchConfig.Name = \"eno1\"; {file} }};\n}}\n"
    )
}

/// Each line: what the file says, and the rule with the place, or nothing.
fn compare(table: &[(&str, &str, &str)], release: Option<(u16, u16)>) {
    for (file, rule, place) in table {
        let expected: Vec<(String, String)> =
            if rule.is_empty() { Vec::new() } else { vec![((*rule).to_owned(), (*place).to_owned())] };
        assert_eq!(told(&host(file), release).findings, expected, "{file}");
    }
}

#[test]
fn keys_that_nobody_knows() {
    compare(
        &[
            ("networkConfig.IPv6AcceptRa = false;", "unknown-section-key", "IPv6AcceptRa"),
            ("routes = [ { Destionation = \"10.0.0.1/32\"; } ];", "unknown-section-key", "Destionation"),
            ("routes = [ { gateway = \"10.0.0.1\"; } ];", "unknown-section-key", "gateway"),
            ("routes = [ { routeConfig = { Gatway = \"10.0.0.1\"; }; } ];", "unknown-section-key", "Gatway"),
            ("addresses = [ { Adress = \"10.0.0.1/32\"; } ];", "unknown-section-key", "Adress"),
            ("gatway = [ \"10.0.0.1\" ];", "unknown-section-key", "gatway"),
            ("networkConfig.GatewayOnLink = true;", "key-in-wrong-section", "GatewayOnLink"),
            ("linkConfig.IPv4Forwarding = true;", "key-in-wrong-section", "IPv4Forwarding"),
            ("Unmanaged = true;", "key-in-wrong-section", "Unmanaged"),
            ("matchConfig.macaddress = \"02:00:00:00:00:01\";", "match-unknown-key", "macaddress"),
            ("networkConfig = lib.mkIf false { Nonsense = 1; };", "", ""),
            ("enable = false; networkConfig.IPv6AcceptRa = false;", "", ""),
            ("extraConfig = \"[Route]\\nDestionation=10.0.0.1/32\";", "", ""),
            ("networkConfig.${pkgs.name} = 1;", "", ""),
            ("networkConfig.Nonsense = 1;", "unknown-section-key", "Nonsense"),
            ("matchConfig.PermanentMACAddress = \"02:00:00:00:00:01\";", "", ""),
        ],
        None,
    );
}

#[test]
fn values_that_are_refused() {
    compare(
        &[
            ("networkConfig.IPv6AcceptRA = \"true\";", "value-type-mismatch", "\"true\""),
            ("networkConfig.IPv6AcceptRA = 1;", "value-type-mismatch", "1"),
            ("DHCP = true;", "value-type-mismatch", "true"),
            ("networkConfig.DHCP = \"both\";", "removed-option", "\"both\""),
            ("DHCP = \"v4\";", "removed-option", "\"v4\""),
            ("dhcpConfig.UseDNS = false;", "removed-option", "dhcpConfig"),
            ("address = \"10.0.0.1/32\";", "value-type-mismatch", "\"10.0.0.1/32\""),
            ("address = lib.mkIf true \"10.0.0.1/32\";", "value-type-mismatch", "\"10.0.0.1/32\""),
            ("routes = [ { Gateway = \"10.0.0.1\"; Metric = \"10\"; } ];", "value-type-mismatch", "\"10\""),
            ("linkConfig.MTUBytes = \"9000 bytes\";", "value-type-mismatch", "\"9000 bytes\""),
            ("linkConfig.RequiredForOnline = \"online\";", "value-type-mismatch", "\"online\""),
            ("linkConfig = { MTUBytes = 9000; RequiredForOnline = \"carrier:routable\"; };", "", ""),
            ("DHCP = \"ipv4\"; networkConfig = { IPv6AcceptRA = \"no\"; LLDP = \"routers-only\"; };", "", ""),
            ("networkConfig.IPv6AcceptRA = pkgs.ra;", "", ""),
            ("addresses = [ { Address = \"10.0.0.1/32\"; PreferredLifetime = 0; } ];", "", ""),
        ],
        None,
    );
}

#[test]
fn releases_decide_about_wrappers_and_forwarding() {
    const WRAPPED: &str = "routes = [ { routeConfig.Gateway = \"10.0.0.1\"; } ];";
    const FLAT: &str = "routes = [ { Gateway = \"10.0.0.1\"; } ];";
    const OLD: &str = "networkConfig.IPForward = \"yes\";";
    const NEW: &str = "networkConfig.IPv4Forwarding = true;";
    compare(&[(WRAPPED, "", ""), (FLAT, "", ""), (OLD, "", ""), (NEW, "", "")], None);
    compare(
        &[
            (WRAPPED, "legacy-wrapper", "routeConfig"),
            (FLAT, "", ""),
            (OLD, "ipforward-removed", "IPForward"),
            (NEW, "", ""),
        ],
        Some((24, 11)),
    );
    compare(
        &[
            (WRAPPED, "", ""),
            (FLAT, "flat-form-on-old-release", "{ Gateway = \"10.0.0.1\"; }"),
            (OLD, "", ""),
            (NEW, "per-link-forwarding-unknown-to-release", "IPv4Forwarding"),
        ],
        Some((24, 5)),
    );
}

#[test]
fn edits_say_what_is_meant() {
    let wrapped = "{ routeConfig = { Gateway = \"10.0.0.1\"; }; GatewayOnLink = true; }";
    for (before, after, release) in [
        ("networkConfig.IPv6AcceptRa = false;", "networkConfig.IPv6AcceptRA = false;", None),
        ("networkConfig.IPv6AcceptRA = \"off\";", "networkConfig.IPv6AcceptRA = false;", None),
        ("DHCP = true;", "DHCP = \"yes\";", None),
        ("DHCP = \"both\";", "DHCP = \"yes\";", None),
        ("gateway = \"10.0.0.1\";", "gateway = [ \"10.0.0.1\" ];", None),
        (
            &format!("routes = [ {wrapped} ];"),
            "routes = [ {  Gateway = \"10.0.0.1\";  GatewayOnLink = true; } ];",
            None,
        ),
        (
            "routes = [ { routeConfig.Gateway = \"10.0.0.1\"; routeConfig.Metric = 5; } ];",
            "routes = [ { Gateway = \"10.0.0.1\"; Metric = 5; } ];",
            Some((25, 5)),
        ),
        (
            "routes = [ { Gateway = \"10.0.0.1\"; } ];",
            "routes = [ { routeConfig = { Gateway = \"10.0.0.1\"; }; } ];",
            Some((24, 5)),
        ),
    ] {
        let told = told(&host(before), release);
        assert_eq!(told.edited, [host(after)], "{:?}", told.findings);
    }
    // A key that stands in both places, and one that is inherited, are left to a person.
    for file in [
        "routes = [ { routeConfig = { Gateway = \"10.0.0.1\"; }; Gateway = \"10.0.0.2\"; } ];",
        "networkConfig = let IPv6AcceptRa = false; in { inherit IPv6AcceptRa; };",
    ] {
        let told = told(&host(file), None);
        assert_eq!((told.findings.len(), told.edited.len()), (1, 0), "{file}");
    }
}

#[test]
fn options_of_microvm_nix() {
    let machine = |machine: &str| {
        told(&format!("{{ networking.useNetworkd = true; microvm.vms.web = {{ {machine} }}; }}"), None).findings
    };
    let named = |place: &str| vec![("vms-unknown-option".to_owned(), place.to_owned())];
    assert_eq!(machine("autostart = false; config = { };"), []);
    assert_eq!(machine("interfaces = [ ]; config = { };"), named("interfaces"));
    assert_eq!(machine("autoStart = false; config = { };"), named("autoStart"));
    assert_eq!(
        machine(
            "config.microvm.interfaces = [ { type = \"tap\"; id = \"vm1\"; macAddress = \"02:00:00:00:00:01\"; } ];"
        ),
        named("macAddress")
    );
    let declared = "{ lib, ... }: { options.microvm.vms = lib.mkOption { type = lib.types.attrsOf (lib.types.submodule { \
                    options.tier = lib.mkOption { default = 1; }; }); }; config = { networking.useNetworkd = true; \
                    microvm.vms.web = { tier = 2; config = { }; }; }; }";
    assert_eq!(told(declared, None).findings, []);
}

#[test]
fn conditions_of_files() {
    let told = |file: &str| {
        let text = format!(
            "{{ networking.useNetworkd = true; networking.nat.enable = true; systemd.network.networks.\"10-lan\" = {{ {file} }}; }}"
        );
        told(&text, None).findings.into_iter().map(|(rule, _)| rule).collect::<Vec<_>>()
    };
    assert_eq!(told("matchConfig = { }; address = [ \"10.0.0.1/24\" ];"), ["match-empty"]);
    assert_eq!(told("matchConfig.MACAddress = \"02:00\"; address = [ \"10.0.0.1/24\" ];"), ["match-empty"]);
    assert_eq!(told("matchConfig.Name = \"vm 1\";"), ["match-name-contains-space"]);
    assert_eq!(told("matchConfig.Name = \"!eno1\"; address = [ \"10.0.0.1/24\" ];"), ["match-negation-scope"]);
    for sound in [
        "name = \"eno1\";",
        "matchConfig = { }; enable = false;",
        "extraConfig = \"[Match]\\nName=eno1\";",
        "matchConfig.Name = \"en* eth*\";",
        "matchConfig.Name = [ \"vm1\" \"2\" ];",
        "matchConfig.Name = \"!eno1\"; networkConfig.LLDP = true;",
        "matchConfig = { Name = \"!eno1\"; Type = \"ether\"; }; address = [ \"10.0.0.1/24\" ];",
    ] {
        assert_eq!(told(sound), [""; 0], "{sound}");
    }
}
