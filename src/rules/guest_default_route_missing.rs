//! A guest that wants to reach the outside and has no route there.

use std::net::IpAddr;

use super::additions;
use super::context::{Context, has_default_route, may_use_dhcp, networks_of};
use super::draft::{Draft, Family, Scope};
use super::finding::{Fix, Safety, Severity};
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::{Fact, Link, Sourced, Unit};

pub(super) const RULE: RuleInfo = RuleInfo {
    name: "guest-default-route-missing",
    severity: Severity::Error,
    group: Group::Routes,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("guest_default_route_missing.md"),
    explains: &[],
    run,
};

pub(super) const PEER: RuleInfo = RuleInfo {
    name: "guest-peer-route-missing",
    severity: Severity::Warning,
    group: Group::Routes,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("guest_peer_route_missing.md"),
    explains: &["guest-default-route-missing"],
    run: peers,
};

fn run(context: &Context<'_>) -> Vec<Draft> {
    let drafts = only_ways_out(context)
        .flat_map(|(link, unit)| Family::BOTH.into_iter().filter_map(move |family| missing(link, unit, family)));
    drafts.collect()
}

/// Guests that have one card and no way out but what its file says. A second card may lead outside; a file that is not fully known may do so as well.
fn only_ways_out<'c>(context: &'c Context<'_>) -> impl Iterator<Item = (&'c Link<'c>, &'c Unit)> {
    context.links.routed().filter_map(|link| {
        let is_only = link.guest.interfaces.items.len() == 1 && link.guest.interfaces.is_complete;
        let unit = link.guest_unit.unit().filter(|unit| is_only && knows_routes(unit))?;
        Some((link, unit))
    })
}

/// Guests that name a sibling which no route of theirs leads to.
fn peers(context: &Context<'_>) -> Vec<Draft> {
    only_ways_out(context).filter_map(|(link, unit)| peer(context, link, unit)).collect()
}

fn peer(context: &Context<'_>, link: &Link<'_>, unit: &Unit) -> Option<Draft> {
    let by_name = link.guest.hosts_entries.iter().filter_map(|entry| Some((entry.ip()?, &entry.address)));
    let by_dns = unit.dns.items.iter().filter_map(|text| Some((text.value.parse::<IpAddr>().ok()?, text)));
    let is_cut_off = |ip: IpAddr| {
        let family = Family::of(ip);
        link.guest_addresses().any(|(own, _)| Family::of(own) == family)
            && !link.guest_addresses().any(|(own, _)| own == ip)
            && !has_default_route(unit, family)
            && !has_route_to(unit, ip)
            && !networks_of(unit).any(|net| net.contains(&ip))
    };
    let (ip, text, peer) = by_name.chain(by_dns).filter(|(ip, _)| is_cut_off(*ip)).find_map(|(ip, text)| {
        let peer = context.links.with_address(link.host_id, ip).find(|peer| peer.guest_id != link.guest_id)?;
        Some((ip, text, peer))
    })?;
    let family = Family::of(ip);
    // A default route that is missed for more than the sibling is told as such.
    if missing(link, unit, family).is_some_and(|draft| draft.severity != Some(Severity::Note)) {
        return None;
    }
    let gateway = link.host_addresses().map(|(ip, _)| ip).find(|ip| Family::of(*ip) == family);
    let fix = gateway.and_then(|gateway| through(unit, &format!("{ip}/{}", family.host_length()), gateway));
    let gateway = gateway.map_or_else(|| "the host's address on the tap".to_owned(), |ip| format!("\"{ip}\""));
    let (guest, peer) = (&link.guest.name, &peer.guest.name);
    Some(
        Draft::new(
            Scope::link(link).family(family),
            format!(
                "guest {guest} names {ip} of guest {peer}, but has neither a default route nor another route that leads there"
            ),
            format!("it cannot reach {peer}"),
        )
        .help(format!(
            "add `{{ Destination = \"{ip}/{}\"; Gateway = {gateway}; GatewayOnLink = true; }}` to `routes`",
            family.host_length()
        ))
        .label(unit.place, format!("no route of {} leads to {ip}", unit.name))
        .label(text.place(), format!("{ip} of guest {peer}"))
        .fix(fix),
    )
}

/// An edit that adds a route over the host to a guest's file.
fn through(unit: &Unit, destination: &str, gateway: IpAddr) -> Option<Fix> {
    let route = format!("{{ Destination = \"{destination}\"; Gateway = \"{gateway}\"; GatewayOnLink = true; }}");
    additions::route(unit, &route, Safety::Unsafe)
}

fn missing(link: &Link<'_>, unit: &Unit, family: Family) -> Option<Draft> {
    let (ip, address) = link.guest_addresses().find(|(ip, _)| Family::of(*ip) == family)?;
    if has_default_route(unit, family) {
        return None;
    }
    let guest = &link.guest.name;
    let server = unit.dns.items.iter().find_map(|text| {
        outside(text, family).filter(|server| !has_route_to(unit, *server)).map(|server| (server, text))
    });
    let gateway = link.host_addresses().map(|(ip, _)| ip).find(|ip| Family::of(*ip) == family);
    let everything = if family == Family::V4 { "0.0.0.0/0" } else { "::/0" };
    let fix = gateway.and_then(|ip| through(unit, everything, ip));
    let gateway = gateway.map_or_else(|| "the host's address on the tap".to_owned(), |ip| format!("\"{ip}\""));
    let help =
        format!("add `{{ Destination = \"{everything}\"; Gateway = {gateway}; GatewayOnLink = true; }}` to `routes`");
    let scope = Scope::link(link).family(family);
    let draft = match server {
        Some((server, text)) => Draft::new(
            scope,
            format!("guest {guest} has {ip} and asks the DNS server {server}, but has no {family} default route"),
            "it never reaches the server",
        )
        .severity(if speaks_otherwise(unit, family) { Severity::Warning } else { Severity::Error })
        .label(unit.place.or(address.text.place()), format!("no default route for {family} here"))
        .label(text.place(), "not reachable without one"),
        // Without a resolver a guest may stay inside on purpose, even if the host would translate for it.
        None if family == Family::V4 && is_translated(link, ip) && unit.dns.items.is_empty() => Draft::new(
            scope,
            format!("guest {guest} has {ip}, for which the host translates addresses, but no {family} default route"),
            "it reaches nothing beyond the host",
        )
        .severity(Severity::Note)
        .label(unit.place.or(address.text.place()), format!("no default route for {family} here")),
        None => return None,
    };
    Some(draft.help(help).fix(fix))
}

/// Whether names can be resolved over the other family, so that this one only costs time.
fn speaks_otherwise(unit: &Unit, family: Family) -> bool {
    let others = Family::BOTH.into_iter().filter(|other| *other != family);
    others
        .into_iter()
        .any(|other| has_default_route(unit, other) && unit.dns.items.iter().any(|text| outside(text, other).is_some()))
}

fn knows_routes(unit: &Unit) -> bool {
    let is_known = |fact: &Fact<String>| !fact.is_unknown();
    unit.routes.is_complete
        && unit.gateways.is_complete
        && !unit.has_extra_config
        && !may_use_dhcp(unit)
        && unit
            .routes
            .items
            .iter()
            .all(|route| route.is_complete && is_known(&route.destination) && is_known(&route.gateway))
}

/// A DNS server that is neither the guest itself nor in a private range.
fn outside(text: &Sourced<String>, family: Family) -> Option<IpAddr> {
    // networkd takes `ADDRESS#NAME` and `[ADDRESS]:PORT` as well (systemd.network(5), `DNS=`).
    let bare = text.value.split(['#', '%']).next().unwrap_or_default();
    let ip: IpAddr = bare.trim_start_matches('[').split(']').next()?.parse().ok()?;
    let is_outside = Family::of(ip) == family
        && !ip.is_loopback()
        && !super::context::is_private(ip)
        && !super::context::is_link_local(ip);
    is_outside.then_some(ip)
}

fn has_route_to(unit: &Unit, ip: IpAddr) -> bool {
    unit.routes.items.iter().filter_map(|route| route.destination_net()).any(|net| net.contains(&ip))
}

fn is_translated(link: &Link<'_>, ip: IpAddr) -> bool {
    link.host.is_some_and(|host| {
        let ranges =
            host.nat.internal_ips.items.iter().filter_map(|text| crate::fleet::facts::parse_prefix(&text.value));
        host.nat.enable.is_true() && ranges.into_iter().any(|net| net.contains(&ip))
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{only, reports, silent};

    fn fleet(unit: &str) -> String {
        format!(
            "guest a tap=vm1/02:00:00:00:00:01\nunit 10-e mac=02:00:00:00:00:01 address=10.0.0.1/32,fd00::1/128 {unit}"
        )
    }

    #[test]
    fn a_resolver_outside_needs_a_way_out() {
        reports(&fleet("dns=9.9.9.9 route=10.0.0.0/32"), &[("guest-default-route-missing", "10-e")]);
        reports(&fleet("dns=2620:fe::fe route=-,via=10.0.0.0,onlink"), &[("guest-default-route-missing", "10-e")]);
    }

    #[test]
    fn a_sibling_that_is_named_is_reached() {
        let two = |unit: &str| {
            format!(
                "host h forward4 hosts=10.0.0.2/b
                 unit 30-vm1 name=vm1 address=10.0.0.0/32 route=10.0.0.1/32
                 unit 30-vm2 name=vm2 address=10.0.0.0/32 route=10.0.0.2/32
                 guest a@h hosts=10.0.0.2/b tap=vm1/02:00:00:00:00:01
                 unit 10-e mac=02:00:00:00:00:01 address=10.0.0.1/32 {unit}
                 guest b@h tap=vm2/02:00:00:00:00:02
                 unit 10-e mac=02:00:00:00:00:02 address=10.0.0.2/32 route=-,via=10.0.0.0,onlink"
            )
        };
        reports(&two("route=10.0.0.0/32"), &[("guest-peer-route-missing", "10-e")]);
        silent(&two("route=-,via=10.0.0.0,onlink"));
        silent(&two("route=10.0.0.0/24,via=10.0.0.0,onlink"));
    }

    #[test]
    fn ways_out_and_guests_that_stay_inside() {
        for unit in [
            "dns=9.9.9.9 route=0.0.0.0/0,via=10.0.0.0,onlink",
            "dns=9.9.9.9 route=-,via=10.0.0.0,onlink",
            "dns=9.9.9.9 set:DHCP=yes",
            "dns=9.9.9.9 routes-open",
            "dns=9.9.9.9 route=9.9.9.9/32,via=10.0.0.0,onlink",
            "dns=10.0.0.0 route=10.0.0.0/32",
            "route=fd00::/64,via=fd00::,onlink",
        ] {
            silent(&fleet(unit));
        }
        let fleet = fleet("").replacen(
            "guest a",
            "host h nat=10.0.0.0/24\nunit 30-vm1 name=vm1 address=10.0.0.0/32 route=10.0.0.1/32\nguest a@h",
            1,
        );
        assert_eq!(only(&fleet, "guest-default-route-missing").severity.word(), "note");
    }
}
