//! A guest's address from a range that is set aside for something else.

use std::net::IpAddr;

use ipnet::IpNet;

use super::context::Context;
use super::culprit;
use super::draft::{Draft, Family, Scope};
use super::finding::Severity;
use super::rule::{Activation, FixKind, Group, RuleInfo};

pub(super) const RULE: RuleInfo = RuleInfo {
    name: "guest-address-special-range",
    severity: Severity::Error,
    group: Group::Addressing,
    fix: FixKind::Manual,
    activation: Activation::Always,
    page: include_str!("guest_address_special_range.md"),
    explains: &[
        "nat-subnet-does-not-cover-guest",
        "nat-ipv6-missing",
        "ipv4-default-without-address",
        "ipv6-default-without-address",
    ],
    run,
};

/// Ranges with what they are for (RFC 6890 and the registries that it set up), how bad an address in them is, and what happens.
const RANGES: &[(&str, &str, Severity, &str)] = &[
    ("127.0.0.0/8", "loopback", Severity::Error, "packets with it never leave the guest"),
    ("224.0.0.0/4", "multicast", Severity::Error, "no interface may have it"),
    ("255.255.255.255/32", "limited broadcast", Severity::Error, "no interface may have it"),
    ("::/128", "the unspecified address", Severity::Error, "no interface may have it"),
    ("::1/128", "loopback", Severity::Error, "packets with it never leave the guest"),
    ("ff00::/8", "multicast", Severity::Error, "no interface may have it"),
    ("0.0.0.0/8", "\"this network\"", Severity::Warning, "other machines and routers drop it"),
    ("169.254.0.0/16", "link-local addresses", Severity::Warning, "routers do not forward it"),
    ("240.0.0.0/4", "future use", Severity::Warning, "other machines and routers drop it"),
    ("192.0.2.0/24", "documentation", Severity::Warning, "it is dropped beyond the host"),
    ("198.51.100.0/24", "documentation", Severity::Warning, "it is dropped beyond the host"),
    ("203.0.113.0/24", "documentation", Severity::Warning, "it is dropped beyond the host"),
    ("2001:db8::/32", "documentation", Severity::Warning, "it is dropped beyond the host"),
];

fn run(context: &Context<'_>) -> Vec<Draft> {
    let ranges: Vec<_> = RANGES
        .iter()
        .filter_map(|(net, purpose, severity, effect)| Some((net.parse::<IpNet>().ok()?, purpose, severity, effect)))
        .collect();
    let mut drafts = Vec::new();
    for link in context.links.routed() {
        for (ip, address) in link.guest_addresses() {
            let found = ranges.iter().find(|(net, ..)| net.contains(&ip));
            let Some((net, purpose, severity, effect)) = found else { continue };
            // A fleet that exists on paper only has such addresses throughout.
            let is_documentation = **purpose == "documentation";
            if is_documentation && every_address_is_in_documentation(context) {
                continue;
            }
            drafts.push(
                Draft::new(
                    Scope::link(link).family(Family::of(ip)),
                    format!("guest {} has {ip}, which is set aside for {purpose} ({net})", link.guest.name),
                    **effect,
                )
                .severity(**severity)
                .help(match Family::of(ip) {
                    Family::V4 => "take an address from 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16, on both sides",
                    Family::V6 => "take an address from a prefix of your own, such as a random one below fd00::/8 (RFC 4193), on both sides",
                })
                .label(culprit::in_address(address), format!("in {net}"))
                .template(address.text.place()),
            );
        }
    }
    drafts
}

fn every_address_is_in_documentation(context: &Context<'_>) -> bool {
    let nets: Vec<IpNet> = RANGES
        .iter()
        .filter(|(_, purpose, ..)| *purpose == "documentation")
        .filter_map(|(net, ..)| net.parse().ok())
        .collect();
    let is_documentation = |ip: &IpAddr| nets.iter().any(|net| net.contains(ip));
    let all: Vec<IpAddr> = context.links.routed().flat_map(|link| link.guest_addresses()).map(|(ip, _)| ip).collect();
    Family::BOTH.into_iter().any(|family| {
        let mut same = all.iter().filter(|ip| Family::of(**ip) == family).peekable();
        same.peek().is_some() && same.all(is_documentation)
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{only, reports, silent};

    fn fleet(address: &str) -> String {
        format!(
            "host h
             unit 30-vm1 name=vm1 address=10.0.0.0/32 route={address}
             guest a@h tap=vm1/02:00:00:00:00:01
             unit 10-e mac=02:00:00:00:00:01 address={address}"
        )
    }

    #[test]
    fn loopback_and_multicast_are_errors() {
        reports(&fleet("127.0.1.5/32"), &[("guest-address-special-range", "127.0.1.5/32")]);
        assert_eq!(only(&fleet("240.0.0.5/32"), "guest-address-special-range").severity.word(), "warning");
        silent(&fleet("10.0.0.5/32"));
        silent(&fleet("100.64.0.5/32"));
    }

    #[test]
    fn a_fleet_on_paper_is_silent() {
        silent(&fleet("192.0.2.5/32"));
        let mixed = format!(
            "{}\nguest b@h tap=vm2/02:00:00:00:00:02\nunit 10-e mac=02:00:00:00:00:02 address=10.0.0.2/32",
            fleet("192.0.2.5/32").replacen(
                "guest a",
                "unit 30-vm2 name=vm2 address=10.0.0.0/32 route=10.0.0.2/32\nguest a",
                1
            )
        );
        reports(&mixed, &[("guest-address-special-range", "192.0.2.5/32")]);
    }
}
