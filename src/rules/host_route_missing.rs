//! The host has no route to a guest's address.

use super::additions;
use super::context::{Context, is_fully_known, reaches_on_link};
use super::culprit;
use super::draft::{Draft, Family, Scope};
use super::finding::Severity;
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::{Address, Link, Unit};

pub(super) const RULE: RuleInfo = RuleInfo {
    name: "host-route-missing",
    severity: Severity::Error,
    group: Group::Taps,
    fix: FixKind::Automatic,
    activation: Activation::Always,
    page: include_str!("host_route_missing.md"),
    explains: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for link in context.links.routed() {
        let Some(unit) = link.host_unit.unit().filter(|unit| is_fully_known(unit)) else { continue };
        for family in Family::BOTH {
            drafts.extend(missing(context, link, unit, family));
        }
    }
    drafts
}

fn missing(context: &Context<'_>, link: &Link<'_>, unit: &Unit, family: Family) -> Option<Draft> {
    // A host that has nothing of a family on the tap leaves it out on purpose, or makes another mistake.
    if family == Family::V6 && !speaks(unit, family) {
        return None;
    }
    let is_unreached = |(ip, _): &(std::net::IpAddr, &Address)| {
        Family::of(*ip) == family
            && !super::context::is_link_local(*ip)
            && !ip.is_loopback()
            && !is_reached(context, link, unit, *ip)
    };
    let (ip, address) = link.guest_addresses().find(is_unreached)?;
    let host = link.host?;
    let tap = link.tap()?;
    let length = family.host_length();
    Some(
        Draft::new(
            Scope::link(link).family(family),
            format!("host {} has no route to {ip} of guest {} on its tap {tap}", host.name, link.guest.name),
            "requests of the guest arrive, but the replies leave by the host's default route",
        )
        .help(format!("add `{{ Destination = \"{ip}/{length}\"; }}` to `routes` of the host's file {}", unit.name))
        .label(unit.place, format!("{} is the file for {tap}", unit.name))
        .label(culprit::in_address(address), format!("{ip} of guest {}", link.guest.name))
        .fix(additions::host_route(link, unit, ip)),
    )
}

fn speaks(unit: &Unit, family: Family) -> bool {
    let by_address =
        unit.addresses.items.iter().filter_map(|address| address.net).any(|net| Family::of(net.addr()) == family);
    by_address
        || unit
            .routes
            .items
            .iter()
            .filter_map(|route| route.destination_net())
            .any(|net| Family::of(net.addr()) == family)
}

/// Whether the tap's file, or the file of another tap of the same guest, leads to an address. A route with a gateway counts: it leads somewhere.
fn is_reached(context: &Context<'_>, link: &Link<'_>, unit: &Unit, ip: std::net::IpAddr) -> bool {
    let leads = |unit: &Unit| {
        reaches_on_link(unit, ip)
            || unit
                .routes
                .items
                .iter()
                .filter_map(|route| route.destination_net())
                .any(|net| net.prefix_len() > 0 && net.contains(&ip))
    };
    let siblings = context.links.of_guest(link.guest_id).iter().filter(|other| other.position != link.position);
    leads(unit) || siblings.filter_map(|other| other.host_unit.unit()).any(leads)
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{never, only, reports};

    const GUEST: &str = "guest web@h tap=vm1/02:00:00:00:00:01
        unit 10-e mac=02:00:00:00:00:01 address=10.0.0.1/32,fd00::1/128 route=-,via=10.0.0.0,onlink";

    #[test]
    fn each_family_needs_its_route() {
        reports(
            &format!(
                "host h forward4 forward6\nunit 30-vm1 name=vm1 address=10.0.0.0/32,fd00::/128 route=10.0.0.1/32\n{GUEST}"
            ),
            &[("host-route-missing", "30-vm1")],
        );
        only(&format!("host h forward4\nunit 30-vm1 name=vm1 address=10.0.0.0/32\n{GUEST}"), "host-route-missing");
    }

    #[test]
    fn what_leads_to_the_guest_is_enough() {
        for routes in
            ["route=10.0.0.1/32", "route=10.0.0.1", "route=10.0.0.0/30", "route=unknown", "extra", "routes-open"]
        {
            let fleet = format!("host h forward4\nunit 30-vm1 name=vm1 address=10.0.0.0/32 {routes}\n{GUEST}");
            never(&fleet, "host-route-missing");
        }
        let inside =
            format!("host h forward4\nunit 30-vm1 name=vm1 address=10.0.0.0/30 route=10.9.9.9/32,table=5\n{GUEST}");
        never(&inside, "host-route-missing");
    }
}
