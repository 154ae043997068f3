//! Guests' addresses outside the range of their siblings, or in a range that belongs to others.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::Ipv4Net;
use rustc_hash::FxHashMap;

use super::context::{Context, is_private};
use super::culprit;
use super::draft::{Draft, Family, Scope};
use super::finding::Severity;
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::facts::parse_prefix;
use crate::fleet::{Address, GuestId, Host, Link};

pub(super) const OUTSIDE: RuleInfo = RuleInfo {
    name: "guest-address-outside-vm-subnet",
    severity: Severity::Warning,
    group: Group::Addressing,
    fix: FixKind::Manual,
    activation: Activation::Always,
    page: include_str!("guest_address_outside_vm_subnet.md"),
    explains: &[],
    run: outside,
};

pub(super) const PUBLIC: RuleInfo = RuleInfo {
    name: "public-address-reused-privately",
    severity: Severity::Note,
    group: Group::Addressing,
    fix: FixKind::Manual,
    activation: Activation::Always,
    page: include_str!("public_address_reused_privately.md"),
    explains: &[],
    run: public,
};

/// From this many on a second network may be the continuation of the first.
const MANY: usize = 200;

fn network(ip: IpAddr) -> Option<Ipv4Net> {
    match ip {
        IpAddr::V4(v4) => Ipv4Net::new(v4, 24).ok().map(|net| net.trunc()),
        IpAddr::V6(_) => None,
    }
}

/// A guest that stands alone beside a network that all its siblings are in, behind the same gateway.
fn outside(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (_, host, links) in context.routed_hosts() {
        let mut found: Vec<(&Link<'_>, IpAddr, &Address, Ipv4Net)> = Vec::new();
        let mut members: FxHashMap<Ipv4Net, usize> = FxHashMap::default();
        for link in &links {
            for (ip, address) in link.guest_addresses() {
                if let Some(net) = network(ip) {
                    found.push((link, ip, address, net));
                    *members.entry(net).or_default() += 1;
                }
            }
        }
        let Some((usual, count)) = members.iter().max_by_key(|(net, count)| (**count, std::cmp::Reverse(**net))) else {
            continue;
        };
        let is_lone = members.len() == 2 && (3..MANY).contains(count) && *count + 1 == found.len();
        let lone = found.iter().find(|(.., net)| net != usual).filter(|_| is_lone);
        drafts.extend(lone.and_then(|(link, ip, address, net)| lonely(host, link, (*ip, address), *net, *usual)));
    }
    drafts
}

fn lonely(
    host: &Host,
    link: &Link<'_>,
    (ip, address): (IpAddr, &Address),
    net: Ipv4Net,
    usual: Ipv4Net,
) -> Option<Draft> {
    // A host that has an address or a range there means it.
    let is_declared =
        |text: &str| parse_prefix(text).is_some_and(|range| range.prefix_len() > 8 && range.contains(&ip));
    let mut ranges = host.nat.internal_ips.items.iter();
    let mut of_host =
        host.network.units.items.iter().flat_map(|unit| &unit.addresses.items).filter_map(|address| address.net);
    let is_meant = ranges.any(|range| is_declared(&range.value))
        || of_host.any(|own| IpAddr::V4(net.network()) == own.trunc().addr() || own.contains(&ip));
    // Where the host expects it elsewhere, that is the mistake.
    let is_routed = link.host_unit.unit().is_some_and(|unit| {
        unit.routes.items.iter().filter_map(|route| route.destination_net()).any(|to| to.contains(&ip))
    });
    let (gateway, _) = link.host_addresses().find(|(own, _)| matches!(own, IpAddr::V4(own) if usual.contains(own)))?;
    if is_meant || !is_routed {
        return None;
    }
    Some(
        Draft::new(
            Scope::link(link).family(Family::V4),
            format!(
                "guest {} has {ip}, while all other guests of host {} are in {usual} and so is its gateway {gateway}",
                link.guest.name, host.name
            ),
            format!("whatever is said of {usual} does not reach this one"),
        )
        .help(format!(
            "take a free address of {usual}, here and in the host route to it, or declare {net} where {usual} is"
        ))
        .label(culprit::in_address(address), format!("not in {usual}")),
    )
}

/// One note for each host whose guests have public addresses that it translates.
fn public(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host, links) in context.routed_hosts().filter(|(_, host, _)| host.nat.enable.is_true()) {
        let ranges: Vec<_> = host.nat.internal_ips.items.iter().filter_map(|text| parse_prefix(&text.value)).collect();
        let is_translated = |ip: IpAddr| ranges.iter().any(|range| range.prefix_len() > 0 && range.contains(&ip));
        let meant: Vec<(GuestId, IpAddr, &Address)> = links
            .iter()
            .filter_map(|link| {
                let mut own = link.guest_addresses();
                let (ip, address) =
                    own.find(|(ip, _)| matches!(ip, IpAddr::V4(v4) if is_public(*v4)) && is_translated(*ip))?;
                Some((link.guest_id, ip, address))
            })
            .collect();
        let Some((_, ip, address)) = meant.first() else { continue };
        let scope = Scope::guests(Some(id), meant.iter().map(|(guest, ..)| *guest)).family(Family::V4);
        let named = context.guests_named(&scope.guests);
        drafts.push(
            Draft::new(
                scope,
                format!("{named} of host {} have public addresses such as {ip}, which the host translates", host.name),
                "whoever has them on the Internet cannot be reached from the host and its guests",
            )
            .help("take addresses from 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16; if the range is yours, take it out of `networking.nat.internalIPs`")
            .label(address.text.place(), "a public address"),
        );
    }
    drafts
}

/// Whether an address is nobody's in particular: none of the ranges of RFC 6890.
fn is_public(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let is_set_aside = is_private(IpAddr::V4(ip))
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_documentation()
        || a == 0
        || a >= 240
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && b & 0xfe == 18);
    !is_set_aside
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{never, only, reports, silent};

    fn fleet(host: &str, addresses: &[&str]) -> String {
        let mut text = format!("host h forward4 {host}\n");
        for (number, address) in (1..).zip(addresses) {
            text += &format!("unit 30-vm{number} name=vm{number} address=10.0.0.0/32 route={address}/32\n");
        }
        for (number, address) in (1..).zip(addresses) {
            text += &format!(
                "guest g{number}@h tap=vm{number}/02:00:00:00:00:0{number}\nunit 10-e mac=02:00:00:00:00:0{number} address={address}/32 route=-,via=10.0.0.0,onlink\n"
            );
        }
        text
    }

    #[test]
    fn one_guest_beside_all_others() {
        let four = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.1.4"];
        reports(&fleet("", &four), &[("guest-address-outside-vm-subnet", "10.0.1.4/32")]);
        silent(&fleet("nat=10.0.0.0/16 external=eno1", &four));
        silent(&fleet("", &["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.1.4", "10.0.1.5"]));
        silent(&fleet("", &["10.0.0.1", "10.0.1.4"]));
    }

    #[test]
    fn a_public_range_behind_translation() {
        let rule = "public-address-reused-privately";
        only(&fleet("nat=1.1.1.0/24 external=eno1", &["1.1.1.1"]), rule);
        never(&fleet("", &["1.1.1.1"]), rule);
        never(&fleet("nat=10.0.0.0/8 external=eno1", &["10.0.0.1"]), rule);
    }
}
