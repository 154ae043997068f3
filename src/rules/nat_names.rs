//! Names of interfaces in `networking.nat` and `networking.firewall`: patterns in the dialect of the backend, and the uplink.

use super::additions;
use super::context::Context;
use super::culprit;
use super::draft::{Draft, Scope};
use super::finding::{Edit, Fix, Safety, Severity};
use super::rule::{Activation, FixKind, Group, OptIn, RuleInfo};
use crate::fleet::{Fact, Host, Sourced, glob_matches};

pub(super) const DIALECT: RuleInfo = RuleInfo {
    name: "nat-interface-wildcard-dialect",
    severity: Severity::Error,
    group: Group::Nat,
    fix: FixKind::Automatic,
    activation: Activation::Always,
    page: include_str!("nat_interface_wildcard_dialect.md"),
    explains: &["nat-subnet-does-not-cover-guest"],
    run: dialect,
};

pub(super) const UNSET: RuleInfo = RuleInfo {
    name: "nat-external-interface-unset",
    severity: Severity::Warning,
    group: Group::Nat,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("nat_external_interface_unset.md"),
    explains: &[],
    run: unset,
};

pub(super) const PORT: RuleInfo = RuleInfo {
    name: "nat-external-interface-is-bridge-port",
    severity: Severity::Error,
    group: Group::Nat,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("nat_external_interface_is_bridge_port.md"),
    explains: &[],
    run: bridge_port,
};

pub(super) const TRUSTED: RuleInfo = RuleInfo {
    name: "trusted-interface-is-tap",
    severity: Severity::Warning,
    group: Group::Isolation,
    fix: FixKind::Suggested,
    activation: Activation::LouderWith(OptIn::StrictIsolation),
    page: include_str!("trusted_interface_is_tap.md"),
    explains: &[],
    run: trusted,
};

/// The sign for "whatever follows" of a backend, and that of the other one.
fn signs(host: &Host) -> Option<(char, char, &'static str)> {
    match host.nftables.value()? {
        true => Some(('*', '+', "nftables")),
        false => Some(('+', '*', "iptables")),
    }
}

fn dialect(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host) in context.fleet.numbered_hosts() {
        let Some((right, wrong, backend)) = signs(host) else { continue };
        let nat = host.nat.internal_interfaces.items.iter().filter(|_| host.nat.enable.is_true());
        let nat = nat.map(|name| ("networking.nat.internalInterfaces", name));
        let firewall = host.firewall.trusted_interfaces.items.iter().chain(&host.firewall.interfaces.items);
        let firewall = firewall.filter(|_| host.firewall.enable.is_true()).map(|name| ("networking.firewall", name));
        for (option, name) in nat.chain(firewall).filter(|(_, name)| name.value.ends_with(wrong)) {
            let stem = name.value.trim_end_matches(wrong);
            drafts.push(
                Draft::new(
                    Scope::host(id),
                    format!(
                        "`{}` in {option} of host {} is no pattern for {backend}, which the host uses",
                        name.value, host.name
                    ),
                    "it only fits an interface that is called just so, and none is",
                )
                .help(format!("write `{stem}{right}`"))
                .label(name.place(), format!("{backend} writes patterns with `{right}`"))
                .fix(super::culprit::replace_literal(
                    name,
                    &format!("{stem}{right}"),
                    format!("Write {stem}{right}"),
                    super::finding::Safety::Safe,
                )),
            );
        }
    }
    drafts
}

fn unset(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host, links) in context.routed_hosts() {
        let has_ranges = !host.nat.internal_ips.items.is_empty() || !host.nat.internal_interfaces.items.is_empty();
        if !host.nat.enable.is_true()
            || !matches!(host.nat.external_interface, Fact::Absent)
            || !has_ranges
            || links.len() < 2
        {
            continue;
        }
        drafts.push(
            Draft::new(
                Scope::host(id),
                format!(
                    "host {} translates addresses on every interface, because `networking.nat.externalInterface` is not set",
                    host.name
                ),
                "guests see each other under the host's address, and no rule can tell them apart",
            )
            .help("set `networking.nat.externalInterface` to the interface that leads out")
            .label(host.nat.enable.place().or(host.place), "translates without an external interface")
            .fix(super::uplinks::only_name(context, id, host).and_then(|name| {
                let ranges = host.nat.internal_ips.items.first().or(host.nat.internal_interfaces.items.first());
                additions::beside_list(ranges?, &format!("externalInterface = \"{name}\";"), Safety::Unsafe)
            })),
        );
    }
    drafts
}

fn bridge_port(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host) in context.fleet.numbered_hosts() {
        let Some(uplink) = host.nat.external_interface.known().filter(|_| host.nat.enable.is_true()) else { continue };
        let Some((bridge, place)) = bridge_of(host, uplink) else { continue };
        drafts.push(
            Draft::new(
                Scope::host(id),
                format!(
                    "the external interface {} of host {} is a port of the bridge {bridge}",
                    uplink.value, host.name
                ),
                format!("packets leave through {bridge}, so nothing is translated"),
            )
            .help(format!("write `externalInterface = \"{bridge}\";`"))
            .label(uplink.place(), format!("a port of {bridge}"))
            .label(place, "made a port here")
            .fix(super::culprit::replace_literal(
                uplink,
                &bridge,
                format!("Write {bridge}"),
                super::finding::Safety::Unsafe,
            )),
        );
    }
    drafts
}

/// The bridge that an interface is a port of.
fn bridge_of(host: &Host, name: &Sourced<String>) -> Option<(String, Option<crate::source::Place>)> {
    let by_option = host.bridges.iter().find_map(|bridge| {
        let port = bridge.ports.items.iter().find(|port| port.value == name.value)?;
        Some((bridge.name.value.clone(), port.place()))
    });
    let by_unit = || {
        let mut units = host.network.units.items.iter().filter(|unit| {
            let is_literal = |pattern: &Sourced<String>| {
                !pattern.value.contains(['*', '?', '[', '!']) && pattern.value == name.value
            };
            unit.matching.names.items.iter().any(is_literal)
        });
        // The first file that matches is the one that counts.
        let bridge = units.next()?.setting("Bridge")?.known()?;
        Some((bridge.value.clone(), bridge.place()))
    };
    by_option.or_else(by_unit)
}

fn trusted(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host, links) in context.routed_hosts() {
        let Some((sign, ..)) = signs(host).filter(|_| host.firewall.enable.is_true()) else { continue };
        for trusted in &host.firewall.trusted_interfaces.items {
            let pattern = match trusted.value.strip_suffix(sign) {
                Some(stem) => format!("{stem}*"),
                None => trusted.value.clone(),
            };
            let open: Vec<_> =
                links.iter().filter(|link| link.tap().is_some_and(|tap| glob_matches(&pattern, tap))).collect();
            let guests: Vec<_> = open.iter().map(|link| link.guest_id).collect();
            if guests.is_empty() {
                continue;
            }
            let named = context.guests_named(&guests);
            drafts.push(
                Draft::new(
                    Scope::guests(Some(id), guests),
                    format!("the firewall of host {} trusts `{}`", host.name, trusted.value),
                    format!("{named} may connect to every service of the host"),
                )
                .help("remove it and open single ports, in `networking.firewall.interfaces.<tap>.allowedTCPPorts`")
                .label(trusted.place(), "everything that comes from here is let in")
                .fix(culprit::literal(trusted).map(|place| Fix {
                    title: format!("Trust {} no more", trusted.value),
                    safety: Safety::Unsafe,
                    edits: vec![Edit { place, replacement: String::new() }],
                })),
            );
        }
    }
    drafts
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{reports, silent};

    fn fleet(host: &str) -> String {
        format!(
            "host h nat=10.0.0.0/24 external=eno1 {host}
             unit 30-vm5 name=vm5 address=10.0.0.0/32 route=10.0.0.5/32
             guest web@h tap=vm5/02:00:00:00:00:05
             unit 10-e mac=02:00:00:00:00:05 address=10.0.0.5/32 route=-,via=10.0.0.0,onlink"
        )
    }

    #[test]
    fn patterns_are_written_in_two_ways() {
        reports(&fleet("internal=vm*"), &[("nat-interface-wildcard-dialect", "vm*")]);
        reports(&fleet("internal=vm+ nftables"), &[("nat-interface-wildcard-dialect", "vm+")]);
        silent(&fleet("internal=vm+"));
        silent(&fleet("internal=vm* nftables"));
    }

    #[test]
    fn a_trusted_tap_is_open() {
        reports(&fleet("trusts=vm+"), &[("trusted-interface-is-tap", "vm+")]);
        silent(&fleet("trusts=wg0"));
        silent(&fleet("trusts=vm+ no-firewall"));
    }

    #[test]
    fn the_uplink_is_set_and_no_port() {
        let two = fleet("")
            .replace("external=eno1", "")
            .replace("guest web", "unit 30-vm6 name=vm6 address=10.0.0.0/32 route=10.0.0.6/32\nguest web")
            + "\nguest db@h tap=vm6/02:00:00:00:00:06\nunit 10-e mac=02:00:00:00:00:06 address=10.0.0.6/32 route=-,via=10.0.0.0,onlink";
        reports(&two, &[("nat-external-interface-unset", "nat=10.0.0.0/24")]);
        reports(
            &fleet("").replacen("unit 30-vm5", "unit 10-up name=eno1 set:Bridge=br0\nunit 30-vm5", 1),
            &[("nat-external-interface-is-bridge-port", "eno1")],
        );
    }
}
