//! Prefixes on taps that are wider than one guest: routes and networks that several taps claim.

use std::net::IpAddr;

use ipnet::IpNet;
use rustc_hash::FxHashMap;

use super::additions;
use super::context::{Context, is_plain};
use super::culprit;
use super::draft::{Draft, Family, Scope};
use super::finding::{Fix, Safety, Severity};
use super::rule::{Activation, FixKind, Group, RuleInfo};
use super::wording;
use crate::fleet::{Address, Fact, Link, Route};

pub(super) const ON_LINK: RuleInfo = RuleInfo {
    name: "host-onlink-prefix-on-taps",
    severity: Severity::Error,
    group: Group::Taps,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("host_onlink_prefix_on_taps.md"),
    explains: &["host-route-missing"],
    run: on_link,
};

pub(super) const TOO_WIDE: RuleInfo = RuleInfo {
    name: "host-route-too-wide",
    severity: Severity::Error,
    group: Group::Taps,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("host_route_too_wide.md"),
    explains: &["host-route-missing", "guest-host-address-disagree"],
    run: too_wide,
};

fn on_link(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host, links) in context.routed_hosts() {
        let mut users: FxHashMap<IpNet, Vec<(&Link<'_>, &Address)>> = FxHashMap::default();
        for link in &links {
            for (_, address) in link.host_addresses() {
                let Some(net) = address.net.filter(|net| net.prefix_len() < net.max_prefix_len()) else { continue };
                users.entry(net.trunc()).or_default().push((link, address));
            }
        }
        let mut users: Vec<_> = users.into_iter().collect();
        users.sort_by_key(|(net, _)| *net);
        for (net, taps) in users {
            // Guests inside the prefix are reached through it, unless each has a route of its own as well.
            let lost: Vec<&Link<'_>> = taps.iter().map(|(link, _)| *link).filter(|link| is_lost(link, &net)).collect();
            if taps.len() < 2 || lost.is_empty() {
                continue;
            }
            let names: Vec<&str> = taps.iter().filter_map(|(link, _)| link.tap()).collect();
            let mut draft = Draft::new(
                Scope::guests(Some(id), taps.iter().map(|(link, _)| link.guest_id)).family(Family::of(net.addr())),
                format!("host {} has the network {net} on the taps {}", host.name, wording::list(&names)),
                "the kernel uses the first of them for all addresses in it, so only one guest is reached",
            )
            .help(format!(
                "write the host's address with /{} on every tap, and a route to the one guest behind it",
                net.max_prefix_len()
            ));
            draft = draft.fix(routed_singly(&taps, &net));
            for (link, address) in &taps {
                draft = draft
                    .label(address.text.place(), format!("{net} on {}", link.tap().unwrap_or_default()))
                    .template(address.text.place());
            }
            drafts.push(draft);
        }
    }
    drafts
}

/// An edit that leaves the host's bare address on each of some taps, with a route to the guest there that has none.
fn routed_singly(taps: &[(&Link<'_>, &Address)], net: &IpNet) -> Option<Fix> {
    let mut fixes = Vec::new();
    for (link, address) in taps {
        let new = format!("{}/{}", address.net?.addr(), net.max_prefix_len());
        fixes.push(culprit::replace_literal(&address.text, &new, "", Safety::Unsafe));
        if is_lost(link, net) {
            let (ip, _) = link.guest_addresses().find(|(ip, _)| net.contains(ip))?;
            fixes.push(additions::host_route(link, link.host_unit.unit()?, ip));
        }
    }
    additions::together(fixes, "Route to every guest by itself", Safety::Unsafe)
}

/// Whether a guest inside a network has no route of its own on its tap.
fn is_lost(link: &Link<'_>, net: &IpNet) -> bool {
    let Some(unit) = link.host_unit.unit().filter(|unit| unit.routes.is_complete && !unit.has_extra_config) else {
        return false;
    };
    let has_route = |ip: IpAddr| {
        let mut routes = unit.routes.items.iter();
        routes.any(|route| {
            !route.is_complete
                || route.destination_net().is_some_and(|to| to.contains(&ip) && to.prefix_len() > net.prefix_len())
        })
    };
    link.guest_addresses().any(|(ip, _)| net.contains(&ip) && !has_route(ip))
}

fn too_wide(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host, links) in context.routed_hosts() {
        for link in &links {
            let Some(unit) = link.host_unit.unit() else { continue };
            for route in
                unit.routes.items.iter().filter(|route| is_plain(route) && matches!(route.gateway, Fact::Absent))
            {
                let Some(net) = route
                    .destination_net()
                    .filter(|net| net.prefix_len() > 0 && net.prefix_len() < net.max_prefix_len())
                else {
                    continue;
                };
                let stolen: Vec<(&&Link<'_>, IpAddr)> = links
                    .iter()
                    .filter(|other| other.guest_id != link.guest_id)
                    .flat_map(|other| other.guest_addresses().map(move |(ip, _)| (other, ip)))
                    .filter(|(other, ip)| net.contains(ip) && !has_narrower_route(other, *ip, net))
                    .collect();
                let Some((other, ip)) = stolen.first() else { continue };
                let tap = link.tap().unwrap_or_default();
                let own = link.guest_addresses().find(|(ip, _)| net.contains(ip));
                drafts.push(
                    Draft::new(
                        Scope::guests(Some(id), [link.guest_id, other.guest_id]).family(Family::of(net.addr())),
                        format!("host {} routes all of {net} to the tap {tap} of guest {}", host.name, link.guest.name),
                        format!("packets for {ip} of guest {} go there too", other.guest.name),
                    )
                    .help(match own {
                        Some((ip, _)) => {
                            format!("write the one address: `Destination = \"{ip}/{}\";`", net.max_prefix_len())
                        }
                        None => format!("write the guest's own address with /{}", net.max_prefix_len()),
                    })
                    .label(
                        route.destination.known().and_then(culprit::in_prefix).or(route.place),
                        format!("covers {ip}"),
                    )
                    .template(route.destination.place())
                    .fix(own.and_then(|(own, _)| narrowed(route, own, other, *ip))),
                );
            }
        }
    }
    drafts
}

/// An edit that leads to one guest only, and gives the other one the route that it had by the wide one.
fn narrowed(route: &Route, own: IpAddr, other: &Link<'_>, ip: IpAddr) -> Option<Fix> {
    let bits = |ip| Family::of(ip).host_length();
    let new = format!("{own}/{}", bits(own));
    let mut fix = culprit::replace_literal(route.destination.known()?, &new, format!("Write {new}"), Safety::Unsafe)?;
    fix.edits.extend(additions::host_route(other, other.host_unit.unit()?, ip)?.edits);
    Some(fix)
}

/// Whether a guest's own tap has a route to it that goes before a wider one.
fn has_narrower_route(link: &Link<'_>, ip: IpAddr, net: IpNet) -> bool {
    let Some(unit) = link.host_unit.unit() else { return true };
    let mut routes = unit.routes.items.iter();
    !unit.routes.is_complete
        || unit.has_extra_config
        || routes.any(|route| {
            !route.is_complete
                || route.destination_net().is_some_and(|to| to.contains(&ip) && to.prefix_len() > net.prefix_len())
        })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{reports, silent};

    fn fleet(taps: &[&str]) -> String {
        let mut text = "host h forward4\n".to_owned();
        for (number, tap) in (1..).zip(taps) {
            text += &format!("unit 30-vm{number} name=vm{number} {tap}\n");
        }
        for (number, _) in (1..).zip(taps) {
            text += &format!(
                "guest g{number}@h tap=vm{number}/02:00:00:00:00:0{number}\nunit 10-e mac=02:00:00:00:00:0{number} address=10.0.0.{number}/32 route=-,via=10.0.0.254,onlink\n"
            );
        }
        text
    }

    #[test]
    fn one_network_on_two_taps() {
        let taps = ["address=10.0.0.254/24", "address=10.0.0.254/24"];
        let with_routes = ["address=10.0.0.254/24 route=10.0.0.1/32", "address=10.0.0.254/24 route=10.0.0.2/32"];
        reports(&fleet(&taps), &[("host-onlink-prefix-on-taps", "10.0.0.254/24")]);
        silent(&fleet(&with_routes));
    }

    #[test]
    fn a_route_to_all_steals() {
        let wide = ["address=10.0.0.254/32 route=10.0.0.0/24", "address=10.0.0.254/32 route=10.0.0.2/32"];
        silent(&fleet(&wide));
        let both =
            ["address=10.0.0.254/32 route=10.0.0.0/24 route=10.0.0.1/32", "address=10.0.0.254/32 route=192.168.0.2/32"];
        reports(&fleet(&both), &[("host-route-too-wide", "10.0.0.0/24")]);
    }
}
