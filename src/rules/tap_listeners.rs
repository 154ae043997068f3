//! What the host takes from a guest on its tap: router advertisements, leases, and IPv6 that was switched off.
//!
//! networkd decides for itself whether a link takes router advertisements: unless the file says so, it does exactly if networkd was not told to
//! forward IPv6 on it (systemd.network(5), `IPv6AcceptRA=`). A sysctl is not asked.

use super::additions;
use super::context::{Context, may_use_dhcp};
use super::draft::{Draft, Family, Scope};
use super::finding::Severity;
use super::rule::{Activation, FixKind, Group, OptIn, RuleInfo};
use crate::fleet::facts::parse_boolean;
use crate::fleet::{Fact, Host, Link, Unit};

pub(super) const ADVERTISEMENTS: RuleInfo = RuleInfo {
    name: "tap-accepts-router-advertisements",
    severity: Severity::Error,
    group: Group::Isolation,
    fix: FixKind::Automatic,
    activation: Activation::Always,
    page: include_str!("tap_accepts_router_advertisements.md"),
    explains: &[],
    run: |context| links(context, advertisements),
};

pub(super) const DHCP: RuleInfo = RuleInfo {
    name: "tap-dhcp-client",
    severity: Severity::Error,
    group: Group::Isolation,
    fix: FixKind::Automatic,
    activation: Activation::Always,
    page: include_str!("tap_dhcp_client.md"),
    explains: &[],
    run: |context| links(context, dhcp),
};

pub(super) const IPV6_UNDONE: RuleInfo = RuleInfo {
    name: "ipv6-disable-undone-by-networkd",
    severity: Severity::Warning,
    group: Group::Isolation,
    fix: FixKind::Automatic,
    activation: Activation::LouderWith(OptIn::StrictIsolation),
    page: include_str!("ipv6_disable_undone_by_networkd.md"),
    explains: &["tap-accepts-router-advertisements"],
    run: |context| links(context, ipv6_undone),
};

/// Asks about each routed tap whose file networkd certainly applies.
fn links(context: &Context<'_>, ask: fn(&Link<'_>, &Host, &Unit, &str) -> Option<Draft>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for link in context.links.routed() {
        let (Some(host), Some(unit), Some(tap)) = (link.host, link.host_unit.unit(), link.tap()) else { continue };
        let is_managed = unit.setting("Unmanaged").is_none() || unit.flag("Unmanaged") == Some(false);
        if host.network.networkd.is_true() && is_managed && !unit.has_extra_config && unit.setting("?").is_none() {
            drafts.extend(ask(link, host, unit, tap));
        }
    }
    drafts
}

/// A key that is not known counts as one that may say anything.
fn may_be(unit: &Unit, key: &str, is_meant: impl Fn(&str) -> bool) -> bool {
    match unit.setting(key) {
        None | Some(Fact::Absent) => false,
        Some(Fact::Unknown) => true,
        Some(Fact::Known(text)) => is_meant(&text.value),
    }
}

/// Whether a link certainly has a link-local IPv6 address: it is no port, and nothing takes the address away.
fn speaks_ipv6(unit: &Unit) -> bool {
    let is_port = ["Bridge", "Bond", "VRF", "KeepMaster"].iter().any(|key| unit.setting(key).is_some());
    !is_port && !may_be(unit, "LinkLocalAddressing", |text| text != "ipv6" && parse_boolean(text) != Some(true))
}

fn advertisements(link: &Link<'_>, host: &Host, unit: &Unit, tap: &str) -> Option<Draft> {
    let accepts = unit.setting("IPv6AcceptRA");
    let is_asked = unit.flag("IPv6AcceptRA") == Some(true);
    if accepts.is_some() && !is_asked {
        return None;
    }
    let is_on = |text: &str| parse_boolean(text) != Some(false);
    // What makes the link a router as networkd sees it.
    let routes = may_be(unit, "IPv6Forwarding", is_on)
        || may_be(unit, "IPForward", |text| is_on(text) && text != "ipv4")
        || may_be(unit, "IPMasquerade", |text| is_on(text) && text != "ipv4")
        || may_be(unit, "IPv6SendRA", is_on)
        || host.network.ipv6_forwarding.may_be_true();
    if !speaks_ipv6(unit) || (routes && !is_asked) {
        return None;
    }
    let fix = match accepts.and_then(Fact::known) {
        Some(text) => super::culprit::replace_value(&text.origin, text.value.len(), "false"),
        None => additions::setting(unit, "IPv6AcceptRA = false;"),
    };
    Some(
        Draft::new(
            Scope::link(link).family(Family::V6),
            format!("host {} takes router advertisements from guest {} on its tap {tap}", host.name, link.guest.name),
            "one of them gives the host an address and a default route through the guest",
        )
        .help(format!("set `networkConfig.IPv6AcceptRA = false;` in {}", unit.name))
        .label(accepts.and_then(Fact::place).or(unit.place), format!("{tap} takes what the guest advertises"))
        .fix(fix),
    )
}

fn dhcp(link: &Link<'_>, host: &Host, unit: &Unit, tap: &str) -> Option<Draft> {
    let setting = unit.setting("DHCP")?.known().filter(|_| may_use_dhcp(unit))?;
    // A file for one name is the tap's own.
    let is_own = matches!(unit.matching.names.items.as_slice(), [only] if only.value == tap);
    Some(
        Draft::new(
            Scope::link(link),
            format!(
                "host {} asks guest {} for a lease on its tap {tap}, because {} runs a DHCP client",
                host.name, link.guest.name, unit.name
            ),
            "a guest that answers gives the host addresses, routes and name servers",
        )
        .help(format!("remove `DHCP` from {}; if the file is for other links too, let it not match taps, and sort the files of taps before it", unit.name))
        .label(setting.place().or(unit.place), format!("a client on {tap}"))
        .fix(unit.setting("DHCP").filter(|_| is_own).and_then(|fact| super::culprit::remove_binding(fact, "Delete `DHCP`"))),
    )
}

fn ipv6_undone(link: &Link<'_>, host: &Host, unit: &Unit, tap: &str) -> Option<Draft> {
    let switch = host.network.enable_ipv6.known().filter(|switch| !switch.value)?;
    if !speaks_ipv6(unit) {
        return None;
    }
    Some(
        Draft::new(
            Scope::link(link),
            format!(
                "host {} has `networking.enableIPv6 = false;`, but networkd switches IPv6 on again for the tap {tap}",
                host.name
            ),
            format!("guest {} reaches the host by IPv6, past whatever is written for IPv4", link.guest.name),
        )
        .help(format!("set `networkConfig.LinkLocalAddressing = \"no\";` in {}", unit.name))
        .label(
            unit.setting("LinkLocalAddressing").and_then(Fact::place).or(unit.place),
            format!("gives {tap} a link-local address"),
        )
        .label(switch.place(), "switched off here")
        .fix(
            additions::setting(unit, "LinkLocalAddressing = \"no\";")
                .filter(|_| unit.setting("LinkLocalAddressing").is_none()),
        ),
    )
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{findings, only};

    fn fleet(host: &str, unit: &str) -> String {
        format!(
            "host h forward4 {host}
             unit 30-vm1 name=vm1 address=10.0.0.0/32 route=10.0.0.1/32 {unit}
             guest a@h tap=vm1/02:00:00:00:00:01
             unit 10-e mac=02:00:00:00:00:01 address=10.0.0.1/32"
        )
    }

    fn rules(host: &str, unit: &str) -> Vec<&'static str> {
        findings(&fleet(host, unit)).into_iter().map(|finding| finding.rule).collect()
    }

    #[test]
    fn a_tap_takes_advertisements_unless_networkd_forwards() {
        assert_eq!(rules("", "accepts-ra"), ["tap-accepts-router-advertisements"]);
        assert_eq!(rules("", "set:IPv6AcceptRA=yes set:IPv6Forwarding=yes"), ["tap-accepts-router-advertisements"]);
        for unit in [
            "set:IPv6AcceptRA=no",
            "set:IPv6AcceptRA=unknown",
            "accepts-ra set:IPv6Forwarding=true",
            "accepts-ra set:IPMasquerade=both",
            "accepts-ra set:IPv6SendRA=yes",
            "accepts-ra set:LinkLocalAddressing=no",
            "accepts-ra set:LinkLocalAddressing=ipv4",
            "accepts-ra extra",
            "accepts-ra set:?=unknown",
        ] {
            assert_eq!(rules("", unit), [""; 0], "{unit}");
        }
        for host in ["forward6", "networkd-off"] {
            assert!(!rules(host, "accepts-ra").contains(&"tap-accepts-router-advertisements"), "{host}");
        }
    }

    #[test]
    fn a_client_on_a_tap() {
        assert_eq!(rules("", "set:IPv6AcceptRA=no set:DHCP=yes"), ["tap-dhcp-client"]);
        assert_eq!(rules("", "set:IPv6AcceptRA=no set:DHCP=no"), [""; 0]);
        assert_eq!(rules("", "set:IPv6AcceptRA=no set:DHCP=unknown"), [""; 0]);
    }

    #[test]
    fn ipv6_that_was_switched_off_is_one_finding() {
        only(&fleet("no-ipv6", "accepts-ra"), "ipv6-disable-undone-by-networkd");
        assert_eq!(rules("no-ipv6", "accepts-ra"), ["ipv6-disable-undone-by-networkd"]);
        assert_eq!(rules("no-ipv6", "set:LinkLocalAddressing=no"), [""; 0]);
    }
}
