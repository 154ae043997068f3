//! Guests' addresses that the host's own addresses and networks take.

use std::net::IpAddr;

use ipnet::IpNet;
use rustc_hash::{FxHashMap, FxHashSet};

use super::context::{Context, is_private, routed_address};
use super::culprit;
use super::draft::{Draft, Family, Scope};
use super::finding::Severity;
use super::rewrite;
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::facts::parse_boolean;
use crate::fleet::links::has_host_route;
use crate::fleet::{Address, Fact, Host, Link, Unit};

pub(super) const SAME: RuleInfo = RuleInfo {
    name: "guest-address-is-host-address",
    severity: Severity::Error,
    group: Group::Addressing,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("guest_address_is_host_address.md"),
    explains: &[
        "gateway-is-self",
        "host-route-missing",
        "guest-host-address-disagree",
        "vm-range-overlaps-host-prefix",
        "guest-gateway-not-host-address",
    ],
    run: same,
};

pub(super) const BROADCAST: RuleInfo = RuleInfo {
    name: "guest-address-is-broadcast-of-host-prefix",
    severity: Severity::Error,
    group: Group::Addressing,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("guest_address_is_broadcast_of_host_prefix.md"),
    explains: &["vm-range-overlaps-host-prefix"],
    run: broadcast,
};

pub(super) const OVERLAPS: RuleInfo = RuleInfo {
    name: "vm-range-overlaps-host-prefix",
    severity: Severity::Warning,
    group: Group::Taps,
    fix: FixKind::Manual,
    activation: Activation::Always,
    page: include_str!("vm_range_overlaps_host_prefix.md"),
    explains: &[],
    run: overlaps,
};

/// The addresses of a host by value, with their files; those of taps come first.
fn addresses<'a>(host: &'a Host, links: &[&Link<'a>]) -> FxHashMap<IpAddr, (&'a Unit, &'a Address)> {
    let mut by_ip = FxHashMap::default();
    let taps = links.iter().filter_map(|link| link.host_unit.unit());
    for unit in taps.chain(enabled(host)) {
        for address in &unit.addresses.items {
            if let Some(net) = address.net {
                by_ip.entry(net.addr()).or_insert((unit, address));
            }
        }
    }
    by_ip
}

/// The files of a host that count.
fn enabled(host: &Host) -> impl Iterator<Item = &Unit> {
    let is_on = host.network.networkd.value() != Some(&false);
    host.network.units.items.iter().filter(move |unit| is_on && unit.is_enabled.value() != Some(&false))
}

fn same(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (_, host, links) in context.routed_hosts() {
        let of_host = addresses(host, &links);
        for link in &links {
            let own = link.guest_addresses().find_map(|(ip, address)| Some((ip, address, of_host.get(&ip)?)));
            let Some((ip, address, (unit, hosts))) = own else { continue };
            let is_on_tap = link.host_addresses().any(|(other, _)| other == ip);
            let new = routed_address(link, Family::of(ip)).filter(|new| *new != ip);
            let new = new.or_else(|| context.free.address(link.host_id, ip));
            drafts.push(
                Draft::new(
                    Scope::link(link),
                    format!("guest {} has {ip}, which host {} has itself in {}", link.guest.name, host.name, unit.name),
                    "the host keeps packets for it, and the guest answers itself when it asks for the host",
                )
                // A file of the host's that is for no tap may match nothing.
                .severity(if is_on_tap { Severity::Error } else { Severity::Warning })
                .help(match new {
                    Some(new) => {
                        format!("give the guest an address of its own, such as {new}, here and in the host route to it")
                    }
                    None => "give the guest an address of its own, here and in the host route to it".to_owned(),
                })
                .label(culprit::in_address(address), format!("{ip} of guest {}", link.guest.name))
                .label(culprit::in_address(hosts), format!("{ip} of host {}", host.name))
                .template(address.text.place())
                .fix(new.and_then(|new| rewrite::address(link, ip, new))),
            );
        }
    }
    drafts
}

fn broadcast(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (_, host, links) in context.routed_hosts() {
        let mut broadcasts: FxHashMap<IpAddr, (&Unit, &Address, IpNet)> = FxHashMap::default();
        for unit in enabled(host) {
            // `Broadcast=` of an address can name another one, or none.
            for address in
                unit.addresses.items.iter().filter(|address| address.others.iter().all(|(key, _)| key != "Broadcast"))
            {
                // A /31 has no broadcast address (RFC 3021).
                if let Some(net) = address.net.filter(|net| net.addr().is_ipv4() && net.prefix_len() < 31) {
                    broadcasts.entry(net.broadcast()).or_insert((unit, address, net.trunc()));
                }
            }
        }
        for link in &links {
            let own = link.guest_addresses().find_map(|(ip, address)| Some((ip, address, broadcasts.get(&ip)?)));
            let Some((ip, address, (unit, hosts, net))) = own else { continue };
            let new = context.free.address(link.host_id, ip);
            drafts.push(
                Draft::new(
                    Scope::link(link).family(Family::V4),
                    format!(
                        "guest {} has {ip}, the broadcast address of {net}, which host {} has in {}",
                        link.guest.name, host.name, unit.name
                    ),
                    "the host sends packets for it to everybody there, and none to the guest",
                )
                .help(match new {
                    Some(new) => {
                        format!("give the guest another address, such as {new}, here and in the host route to it")
                    }
                    None => "give the guest another address, here and in the host route to it".to_owned(),
                })
                .label(culprit::in_address(address), format!("{ip} of guest {}", link.guest.name))
                .label(hosts.text.place().or(unit.place), format!("brings the broadcast address {ip}"))
                .template(address.text.place())
                .fix(new.and_then(|new| rewrite::address(link, ip, new))),
            );
        }
    }
    drafts
}

fn overlaps(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host, links) in context.routed_hosts() {
        let of_taps: FxHashSet<&str> = context
            .links
            .all
            .iter()
            .filter(|link| link.host_id == Some(id))
            .filter_map(|link| link.host_unit.unit().map(|unit| unit.name.as_str()))
            .collect();
        let tap_addresses: FxHashSet<IpAddr> =
            links.iter().flat_map(|link| link.host_addresses()).map(|(ip, _)| ip).collect();
        // A file that is prepared for a guest to come looks like those of the taps.
        let is_of_tap = |unit: &Unit| {
            of_taps.contains(unit.name.as_str())
                || has_host_route(unit)
                || unit
                    .addresses
                    .items
                    .iter()
                    .filter_map(|address| address.net)
                    .any(|net| tap_addresses.contains(&net.addr()))
        };
        if publishes(host) || links.iter().any(|link| link.host_unit.unit().is_some_and(answers_for_others)) {
            continue;
        }
        for unit in enabled(host).filter(|unit| !is_of_tap(unit) && !answers_for_others(unit)) {
            for address in &unit.addresses.items {
                // Public networks are split between a provider and its customer in ways that no file tells.
                let Some(net) =
                    address.net.filter(|net| net.prefix_len() < net.max_prefix_len() && is_private(net.addr()))
                else {
                    continue;
                };
                drafts.extend(overlap(context, host, &links, unit, address, net));
            }
        }
    }
    drafts
}

fn overlap(
    context: &Context<'_>,
    host: &Host,
    links: &[&Link<'_>],
    unit: &Unit,
    address: &Address,
    net: IpNet,
) -> Option<Draft> {
    let inside: Vec<_> = links
        .iter()
        .filter_map(|link| link.guest_addresses().find(|(ip, _)| net.contains(ip)).map(|found| (link, found)))
        .collect();
    let (first, (ip, own)) = inside.first()?;
    let router = gateways(unit).find_map(|gateway| inside.iter().find(|(_, (ip, _))| *ip == gateway));
    let scope = Scope::guests(first.host_id, inside.iter().map(|(link, _)| link.guest_id)).family(Family::of(*ip));
    let named = context.guests_named(&scope.guests);
    let network = net.trunc();
    let draft = match router {
        Some((link, (ip, _))) => Draft::new(
            scope,
            format!(
                "guest {} has {ip}, the address of the router that {} of host {} leads to",
                link.guest.name, unit.name, host.name
            ),
            "the host sends everything for the router to the guest",
        )
        .severity(Severity::Error),
        None => Draft::new(
            scope,
            format!(
                "{named} of host {} have addresses in {network}, the network of {}, as {ip} of guest {}",
                host.name, unit.name, first.guest.name
            ),
            "machines of that network look for them there, where nobody answers, and one with the same address is cut off from the host",
        ),
    };
    let culprit = router.map_or(own, |(_, (_, own))| own);
    Some(
        draft
            .help("move the guests to a range of their own; if the addresses are to be seen in that network, let the host answer for them (`IPv4ProxyARP` on its interface)")
            .label(culprit::in_address(culprit), format!("in {network}"))
            .label(address.text.place().or(unit.place), format!("the network of {}", unit.name)),
    )
}

/// The gateways that a file leads to.
fn gateways(unit: &Unit) -> impl Iterator<Item = IpAddr> {
    let routes = unit.routes.items.iter().filter_map(|route| route.gateway_address());
    routes.chain(unit.gateways.items.iter().filter_map(|text| text.value.parse().ok()))
}

/// Whether the host answers on an interface for addresses that are not its own, or may.
fn answers_for_others(unit: &Unit) -> bool {
    let is_on = |fact: Option<&Fact<String>>| match fact {
        None | Some(Fact::Absent) => false,
        Some(Fact::Unknown) => true,
        Some(Fact::Known(text)) => parse_boolean(&text.value) != Some(false),
    };
    unit.has_extra_config
        || ["IPv4ProxyARP", "IPv4ProxyARPPrivateVLAN", "IPv6ProxyNDP", "Bridge"]
            .iter()
            .any(|key| is_on(unit.setting(key)))
}

/// Whether sysctls make the host answer for others, or may.
fn publishes(host: &Host) -> bool {
    let is_off = |text: &str| matches!(text, "0" | "false");
    host.sysctls.iter().any(|(key, fact)| {
        (key.ends_with(".proxy_arp") || key.ends_with(".proxy_ndp")) && !fact.value().is_some_and(|text| is_off(text))
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{only, reports, silent};

    fn fleet(host: &str, address: &str) -> String {
        format!(
            "host h forward4
             unit 30-vm1 name=vm1 address=10.0.0.0/32 route={address}/32
             {host}
             guest a@h tap=vm1/02:00:00:00:00:01
             unit 10-e mac=02:00:00:00:00:01 address={address}/32 route=-,via=10.0.0.0,onlink"
        )
    }

    #[test]
    fn the_host_keeps_its_own_addresses() {
        reports(&fleet("", "10.0.0.0"), &[("guest-address-is-host-address", "10.0.0.0/32")]);
        let lan = fleet("unit 10-lan name=eno1 address=192.168.1.2/32", "192.168.1.2");
        assert_eq!(only(&lan, "guest-address-is-host-address").severity.word(), "warning");
    }

    #[test]
    fn the_last_address_is_only_special_inside_a_network() {
        let lan = "unit 10-lan name=eno1 address=10.0.0.9/24 set:IPv4ProxyARP=true";
        reports(&fleet(lan, "10.0.0.255"), &[("guest-address-is-broadcast-of-host-prefix", "10.0.0.255/32")]);
        silent(&fleet("", "10.0.0.255"));
        reports(
            &fleet("unit 10-lan name=eno1 address=10.0.0.254/31", "10.0.0.255"),
            &[("vm-range-overlaps-host-prefix", "10.0.0.255/32")],
        );
    }

    #[test]
    fn a_range_belongs_to_the_guests_or_to_the_lan() {
        let lan = |more: &str| format!("unit 10-lan name=eno1 address=10.0.0.9/24 {more}");
        reports(&fleet(&lan(""), "10.0.0.5"), &[("vm-range-overlaps-host-prefix", "10.0.0.5/32")]);
        let router = fleet(&lan("gateway=10.0.0.5"), "10.0.0.5");
        assert_eq!(only(&router, "vm-range-overlaps-host-prefix").severity.word(), "error");
        silent(&fleet(&lan("set:IPv4ProxyARP=true"), "10.0.0.5"));
        silent(&fleet("unit 10-lan name=eno1 address=192.168.1.9/24", "10.0.0.5"));
    }
}
