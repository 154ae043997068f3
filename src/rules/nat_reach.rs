//! Translation that reaches nobody: nothing to translate, interfaces that are not there, guests that ask for their own host's public address.

use std::net::IpAddr;

use rustc_hash::FxHashSet;

use super::context::{Context, has_default_route, is_private};
use super::draft::{Draft, Family, Scope};
use super::finding::Severity;
use super::forwarding::{Switch, forwards};
use super::nat_ranges::is_off;
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::{Host, HostId, Link, Sourced, glob_matches};

pub(super) const WITHOUT_SCOPE: RuleInfo = RuleInfo {
    name: "nat-ipv6-enabled-without-scope",
    severity: Severity::Warning,
    group: Group::Nat,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("nat_ipv6_enabled_without_scope.md"),
    explains: &["nat-subnet-does-not-cover-guest"],
    run: without_scope,
};

pub(super) const INTERFACE: RuleInfo = RuleInfo {
    name: "nat-internal-interface-unknown",
    severity: Severity::Warning,
    group: Group::Nat,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("nat_internal_interface_unknown.md"),
    explains: &["nat-subnet-does-not-cover-guest"],
    run: interface,
};

pub(super) const HAIRPIN: RuleInfo = RuleInfo {
    name: "nat-hairpin-missing",
    severity: Severity::Note,
    group: Group::Nat,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("nat_hairpin_missing.md"),
    explains: &[],
    run: hairpin,
};

pub(super) const DISABLED: RuleInfo = RuleInfo {
    name: "nat-disabled-but-private-guests",
    severity: Severity::Note,
    group: Group::Nat,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("nat_disabled_but_private_guests.md"),
    explains: &[],
    run: disabled,
};

/// Whether networkd translates on some link, or may.
fn masquerades(host: &Host) -> bool {
    let units = &host.network.units;
    !units.is_complete
        || units
            .items
            .iter()
            .any(|unit| unit.has_extra_config || unit.setting("IPMasquerade").is_some() || unit.setting("?").is_some())
}

/// The guests that send a family to everywhere from private addresses only.
fn private_guests<'c, 'a>(links: &'c [&'c Link<'a>], family: Family) -> Vec<&'c Link<'a>> {
    let is_private_only = |link: &&&Link<'_>| {
        let mut addresses = link.guest_addresses().filter(|(ip, _)| Family::of(*ip) == family).peekable();
        let leaves =
            link.guest_unit.unit().is_some_and(|unit| unit.addresses.is_complete && has_default_route(unit, family));
        leaves && addresses.peek().is_some() && addresses.all(|(ip, _)| is_private(ip))
    };
    links.iter().filter(is_private_only).copied().collect()
}

fn without_scope(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host, links) in context.routed_hosts() {
        let nat = &host.nat;
        let is_empty = |list: &crate::fleet::Listed<Sourced<String>>| list.is_complete && list.items.is_empty();
        let translates_nothing = is_empty(&nat.internal_ipv6s) && is_empty(&nat.internal_interfaces);
        let is_on = nat.enable.is_true() && nat.enable_ipv6.is_true();
        if !is_on || !translates_nothing || nat.has_other_rules() || masquerades(host) {
            continue;
        }
        let stuck = private_guests(&links, Family::V6);
        let guests: Vec<_> = stuck.iter().map(|link| link.guest_id).collect();
        if guests.is_empty() {
            continue;
        }
        let named = context.guests_named(&guests);
        let mut scope = Scope::guests(Some(id), guests);
        scope.family = Some(Family::V6);
        drafts.push(
            Draft::new(
                scope,
                format!(
                    "host {} has `networking.nat.enableIPv6`, but no `internalIPv6s` and no `internalInterfaces`",
                    host.name
                ),
                format!("IPv6 is forwarded and not translated, and no reply comes back to {named}"),
            )
            .help("name the guests' range in `networking.nat.internalIPv6s`")
            .label(nat.enable_ipv6.place().or(host.place), "translates nothing"),
        );
    }
    drafts
}

/// Beginnings of names of interfaces that services of many kinds make.
const MADE_ELSEWHERE: [&str; 20] = [
    "docker",
    "virbr",
    "br-",
    "podman",
    "cni",
    "lxd",
    "lxc",
    "incus",
    "ve-",
    "vb-",
    "wg",
    "tailscale",
    "tun",
    "tap",
    "ppp",
    "zt",
    "nebula",
    "veth",
    "lo",
    "vlan",
];

fn interface(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host, links) in context.routed_hosts() {
        let network = &host.network;
        if !host.nat.enable.is_true() || !network.units.is_complete || !host.nat.internal_interfaces.is_complete {
            continue;
        }
        // A guest that is not understood may have the tap.
        if !host.vms.is_complete
            || context.fleet.guests.iter().any(|guest| guest.host.is_none_or(|own| own == id) && !guest.is_understood())
        {
            continue;
        }
        let taps: FxHashSet<&str> = context
            .links
            .all
            .iter()
            .filter(|link| link.host_id == Some(id))
            .filter_map(|link| link.interface.id.value())
            .map(String::as_str)
            .collect();
        for name in &host.nat.internal_interfaces.items {
            let text = name.value.as_str();
            let is_known = taps.contains(text)
                || host.makes_device(text)
                || host.bridges.iter().any(|bridge| bridge.ports.items.iter().any(|port| port.value == text))
                || host.other_interfaces.iter().any(|other| other == text)
                || network.units.items.iter().any(|unit| {
                    unit.matching.names.items.iter().any(|one| glob_matches(one.value.trim_start_matches('!'), text))
                });
            let may_be_made = text.contains(['+', '*', '.', '%'])
                || MADE_ELSEWHERE.iter().any(|start| text.starts_with(start))
                || is_card(text);
            if is_known || may_be_made {
                continue;
            }
            let example = links.first().and_then(|link| link.tap()).unwrap_or("vm1");
            drafts.push(
                Draft::new(
                    Scope::host(id),
                    format!(
                        "`networking.nat.internalInterfaces` of host {} names {text}, which no guest, bridge or file of the host has",
                        host.name
                    ),
                    "nothing is translated there",
                )
                .help(format!("name the taps, such as {example}, or give the guests' range in `networking.nat.internalIPs`"))
                .label(name.place(), "no such interface"),
            );
        }
    }
    drafts
}

/// Whether a name is one that the kernel or udev gives to a card: it may be there without a word about it.
fn is_card(name: &str) -> bool {
    ["en", "eth", "wl"].iter().any(|prefix| name.starts_with(prefix)) && name.bytes().any(|byte| byte.is_ascii_digit())
}

fn hairpin(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host, _) in context.routed_hosts() {
        let forwards = &host.nat.forward_ports;
        let has_loopback = forwards.items.iter().any(|forward| forward.has_loopback);
        if !host.nat.enable.is_true() || forwards.items.is_empty() || !forwards.is_complete || has_loopback {
            continue;
        }
        let outer = outer_addresses(context, id, host);
        for (guest_id, guest) in context.fleet.numbered_guests().filter(|(_, guest)| guest.host == Some(id)) {
            let Some((entry, ip)) =
                guest.hosts_entries.iter().find_map(|entry| Some((entry, entry.ip().filter(|ip| outer.contains(ip))?)))
            else {
                continue;
            };
            drafts.push(
                Draft::new(
                    Scope::guests(Some(id), [guest_id]),
                    format!(
                        "guest {} looks for {} at {ip}, an outer address of host {}, but ports are forwarded for packets from outside only",
                        guest.name, entry.name, host.name
                    ),
                    "it reaches the host itself",
                )
                .help(format!("write the address of the guest that is meant, or add `loopbackIPs = [ \"{ip}\" ];` to the forwarded port"))
                .label(entry.address.place(), "asked from inside")
                .label(forwards.items.first().and_then(|forward| forward.place), "forwarded from outside"),
            );
        }
    }
    drafts
}

/// Addresses of a host that are neither a tap's nor private to its links with guests.
fn outer_addresses(context: &Context<'_>, id: HostId, host: &Host) -> FxHashSet<IpAddr> {
    let units = host.network.units.items.iter().filter(|unit| context.links.with_host_unit(id, unit).next().is_none());
    let written = units.flat_map(|unit| &unit.addresses.items).filter_map(|address| address.net).map(|net| net.addr());
    let given =
        [&host.nat.external_ip, &host.nat.external_ipv6].into_iter().filter_map(|fact| fact.value()?.parse().ok());
    written.chain(given).collect()
}

fn disabled(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host, links) in context.routed_hosts() {
        if !is_off(&host.nat.enable) || host.nat.has_other_rules() || masquerades(host) {
            continue;
        }
        let is_forwarded = |link: &&&Link<'_>| {
            link.host_unit.unit().is_some_and(|unit| forwards(host, unit, Family::V4) == Switch::On)
        };
        let private = private_guests(&links, Family::V4);
        let guests: Vec<_> = private.iter().filter(is_forwarded).map(|link| link.guest_id).collect();
        if guests.is_empty() {
            continue;
        }
        let named = context.guests_named(&guests);
        let send = if guests.len() == 1 { "sends" } else { "send" };
        drafts.push(
            Draft::new(
                Scope::guests(Some(id), guests).family(Family::V4),
                format!(
                    "{named} {send} everything to host {} from private addresses, and the host forwards it untranslated",
                    host.name
                ),
                "unless the next router knows the way back, no reply comes",
            )
            .help("set `networking.nat.enable = true;` with the guests' range in `internalIPs`, or give the next router a route to it")
            .label(host.nat.enable.place().or(host.place), "nothing is translated")
            .label(private.first().and_then(|link| link.guest_unit.unit()).and_then(|unit| unit.place), "sends to everywhere"),
        );
    }
    drafts
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{never, only};

    fn fleet(host: &str, guest: &str) -> String {
        format!(
            "host h forward4 {host}
             unit 10-up name=eno1 address=192.0.2.7/24
             unit 30-vm1 name=vm1 address=10.0.0.0/32,fd00::/128 route=10.0.0.1/32 route=fd00::1/128
             guest a@h tap=vm1/02:00:00:00:00:01 {guest}
             unit 10-e mac=02:00:00:00:00:01 address=10.0.0.1/32,fd00::1/128 route=-,via=10.0.0.0,onlink route=::/0,via=fd00::,onlink"
        )
    }

    #[test]
    fn ipv6_is_switched_on_for_nobody() {
        let rule = "nat-ipv6-enabled-without-scope";
        only(&fleet("nat=10.0.0.0/24 nat6-on", ""), rule);
        for host in [
            "nat=10.0.0.0/24 nat6=fd00::/64",
            "nat=10.0.0.0/24 nat6=unknown",
            "nat=10.0.0.0/24 nat6-on internal=vm1",
            "nat=10.0.0.0/24 nat6-on other-rules",
        ] {
            never(&fleet(host, ""), rule);
        }
    }

    #[test]
    fn interfaces_that_nobody_makes() {
        let rule = "nat-internal-interface-unknown";
        only(&fleet("nat-on internal=microvm", ""), rule);
        for name in ["vm1", "vm+", "docker0", "eno1", "enp0s3"] {
            never(&fleet(&format!("nat-on internal={name}"), ""), rule);
        }
        never(&fleet("nat-on internal=microvm device=microvm", ""), rule);
        never(&fleet("nat-on internal=microvm", "").replace("vm1/02", "unknown/02"), rule);
    }

    #[test]
    fn a_guest_asks_for_the_outer_address() {
        let rule = "nat-hairpin-missing";
        only(&fleet("nat=10.0.0.0/24 forwards=tcp/80/10.0.0.1:80", "hosts=192.0.2.7/shop"), rule);
        never(&fleet("nat=10.0.0.0/24 forwards=tcp/80/10.0.0.1:80", "hosts=192.0.2.9/shop"), rule);
        never(&fleet("nat=10.0.0.0/24", "hosts=192.0.2.7/shop"), rule);
    }

    #[test]
    fn private_packets_leave_untranslated() {
        let rule = "nat-disabled-but-private-guests";
        only(&fleet("", ""), rule);
        for host in ["nat=10.0.0.0/24", "masquerades", "other-rules"] {
            never(&fleet(host, ""), rule);
        }
        never(&fleet("", "").replace("10.0.0.1/32,", "198.18.0.1/32,"), rule);
    }
}
