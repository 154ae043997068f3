//! What is written and does not count, because a stronger definition of the same list takes its place; where somebody misses it.

use std::net::IpAddr;

use ipnet::IpNet;

use super::context::{Context, is_fully_known, reaches_on_link, routed_address};
use super::culprit;
use super::draft::{Draft, Family, Scope};
use super::finding::Severity;
use super::nat_ranges::{Ranges, uncovered};
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::facts::parse_prefix;
use crate::fleet::{Link, Lost, Unit};

pub(super) const RULE: RuleInfo = RuleInfo {
    name: "list-cleared-by-mkforce",
    severity: Severity::Error,
    group: Group::Source,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("list_cleared_by_mkforce.md"),
    explains: &[
        "host-route-missing",
        "guest-host-address-disagree",
        "guest-address-missing",
        "host-address-missing-on-tap",
        "guest-gateway-not-host-address",
        "nat-subnet-does-not-cover-guest",
    ],
    run,
};

fn run(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for link in &context.links.all {
        drafts.extend(on_host(link));
        drafts.extend(in_guest(link));
    }
    drafts.extend(translation(context));
    drafts
}

/// The host's route to the guest, and its address that the guest's gateway is.
fn on_host(link: &Link<'_>) -> Vec<Draft> {
    let Some(unit) = link.host_unit.unit().filter(|unit| !unit.lost.is_empty() && is_fully_known(unit)) else {
        return Vec::new();
    };
    let (Some(host), Some(tap)) = (link.host, link.tap()) else { return Vec::new() };
    let guest = &link.guest.name;
    let mut drafts = Vec::new();
    for family in Family::BOTH {
        let mut own = link.guest_addresses().map(|(ip, _)| ip).filter(|ip| Family::of(*ip) == family);
        let unreached = own.find(|ip| !reaches_on_link(unit, *ip));
        let route = unreached.and_then(|ip| {
            let leads = |lost: &&Lost| lost.option == "routes" && covers(lost, ip);
            Some((ip, unit.lost.iter().find(leads)?))
        });
        if let Some((ip, lost)) = route {
            let wrong = format!("the route to {} in {} of host {}", lost.text.value, unit.name, host.name);
            let breaks =
                format!("the host has no route to {ip} of guest {guest} on {tap}, and replies do not come back");
            drafts.push(draft(Scope::link(link).family(family), wrong, breaks, lost, "routes"));
        }
        let gateway = gateways(link).find(|ip| Family::of(*ip) == family);
        let is_there = |ip: IpAddr| link.host_addresses().any(|(own, _)| own == ip);
        let lost = gateway.filter(|ip| !is_there(*ip)).and_then(|ip| {
            let holds = |lost: &&Lost| lost.option != "routes" && is_of(lost, ip);
            Some((ip, unit.lost.iter().find(holds)?))
        });
        if let Some((ip, lost)) = lost {
            let wrong = format!("the address {ip} in {} of host {}", unit.name, host.name);
            let breaks = format!("the host does not have on {tap} what is the gateway of guest {guest}");
            drafts.push(draft(Scope::link(link).family(family), wrong, breaks, lost, lost.option));
        }
    }
    drafts
}

/// The address in the guest that the host leads to.
fn in_guest(link: &Link<'_>) -> Vec<Draft> {
    let Some(unit) = link.guest_unit.unit().filter(|unit| !unit.lost.is_empty() && unit.addresses.is_complete) else {
        return Vec::new();
    };
    let mut drafts = Vec::new();
    for family in Family::BOTH {
        let Some(ip) = routed_address(link, family) else { continue };
        let is_there = link.guest_addresses().any(|(own, _)| own == ip);
        let lost = unit.lost.iter().find(|lost| lost.option != "routes" && is_of(lost, ip));
        if let Some(lost) = lost.filter(|_| !is_there) {
            let guest = &link.guest.name;
            let wrong = format!("the address {ip} in {} of guest {guest}", unit.name);
            let breaks = format!("the host leads {ip} to the guest, which does not have it");
            drafts.push(draft(Scope::link(link).family(family), wrong, breaks, lost, lost.option));
        }
    }
    drafts
}

/// The range of `networking.nat` that a guest is in.
fn translation(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host, links) in context.routed_hosts().filter(|(_, host, _)| !host.nat.lost.is_empty()) {
        for family in Family::BOTH {
            let Some(ranges) = Ranges::of(host, family) else { continue };
            let outside = links.iter().filter_map(|link| Some((*link, uncovered(link, &ranges, family)?.0)));
            let missed = outside.filter_map(|(link, ip)| {
                let lost = host.nat.lost.iter().find(|lost| covers(lost, ip))?;
                Some((link, ip, lost))
            });
            let missed: Vec<_> = missed.collect();
            let Some((_, ip, lost)) = missed.first() else { continue };
            let mut scope = Scope::guests(Some(id), missed.iter().map(|(link, ..)| link.guest_id));
            scope.family = Some(family);
            let wrong = format!("the range {} of host {}", lost.text.value, host.name);
            let breaks = format!(
                "packets of {} leave with private source addresses such as {ip}, and no reply comes back",
                context.guests_named(&scope.guests)
            );
            drafts.push(draft(scope, wrong, breaks, lost, &format!("networking.nat.{}", lost.option)));
        }
    }
    drafts
}

fn draft(scope: Scope, lost_what: String, breaks: String, lost: &Lost, option: &str) -> Draft {
    let (how, help) = if lost.is_forced {
        (
            "a definition with `mkForce` takes the place of the whole list",
            format!("write what both definitions of `{option}` say in the one with `mkForce`, or take `mkForce` away"),
        )
    } else {
        (
            "lists with `mkDefault` do not add to those without",
            format!("take `mkDefault` away from `{option}`, so that both lists count"),
        )
    };
    Draft::new(scope, format!("{lost_what} is written and does not count: {how}"), breaks)
        .help(help)
        .label(lost.to.filter(|_| lost.is_forced), "takes the place of all others")
        .label(culprit::literal(&lost.text).or(lost.text.place()), "does not count")
        .label(lost.to.filter(|_| !lost.is_forced), "counts instead")
}

fn net(lost: &Lost) -> Option<IpNet> {
    parse_prefix(&lost.text.value)
}

fn covers(lost: &Lost, ip: IpAddr) -> bool {
    net(lost).is_some_and(|net| net.prefix_len() > 0 && net.contains(&ip))
}

fn is_of(lost: &Lost, ip: IpAddr) -> bool {
    net(lost).is_some_and(|net| net.addr() == ip)
}

/// The gateways of a guest.
fn gateways<'a>(link: &Link<'a>) -> impl Iterator<Item = IpAddr> + use<'a> {
    let unit: Option<&'a Unit> = link.guest_unit.unit();
    let routes = unit.into_iter().flat_map(|unit| &unit.routes.items).filter_map(|route| route.gateway_address());
    let plain = unit.into_iter().flat_map(|unit| &unit.gateways.items).filter_map(|text| text.value.parse().ok());
    routes.chain(plain)
}
