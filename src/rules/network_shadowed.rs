//! A file that is never used, because another that sorts before it matches the same link; and the two ways in which this takes a tap
//! away from its file whole: a file that leaves the link unmanaged, and the file that systemd ships for `vt-…`.

use rustc_hash::FxHashSet;

use super::context::Context;
use super::culprit;
use super::draft::{Draft, Scope};
use super::finding::Severity;
use super::rewrite;
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::links::{has_host_address, has_host_route};
use crate::fleet::{Choice, GuestId, HostId, Link, Routing, Unit};

const EFFECTS: &[&str] = &[
    "tap-without-network",
    "host-route-missing",
    "guest-gateway-not-host-address",
    "guest-host-address-disagree",
    "ipv4-forwarding-missing-on-tap",
    "guest-default-route-missing",
    "tap-accepts-router-advertisements",
    "tap-dhcp-client",
    "tap-bridged-in-routed-setup",
    "network-never-first",
];

pub(super) const SHADOWED: RuleInfo = RuleInfo {
    name: "network-shadowed",
    severity: Severity::Error,
    group: Group::Networkd,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("network_shadowed.md"),
    explains: EFFECTS,
    run: shadowed,
};

pub(super) const UNMANAGED: RuleInfo = RuleInfo {
    name: "tap-unmanaged",
    severity: Severity::Error,
    group: Group::Networkd,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("tap_unmanaged.md"),
    explains: &[
        "network-shadowed",
        "tap-without-network",
        "host-route-missing",
        "guest-gateway-not-host-address",
        "ipv4-forwarding-missing-on-tap",
        "network-never-first",
    ],
    run: unmanaged,
};

pub(super) const STOCK: RuleInfo = RuleInfo {
    name: "tap-id-claimed-by-stock-network",
    severity: Severity::Warning,
    group: Group::Networkd,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("tap_id_claimed_by_stock_network.md"),
    explains: &["network-shadowed", "tap-without-network", "host-route-missing"],
    run: stock,
};

fn shadowed(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    // A tap that an earlier file makes a port of a bridge is not routed for that very reason.
    for link in context.links.all.iter().filter(|link| link.routing != Routing::Other) {
        let guest = &link.guest.name;
        if let (Some(host), Some(tap), Some(winner)) = (link.host, link.tap(), link.host_unit.unit()) {
            let machine = format!("host {}", host.name);
            let link_text = format!("the tap {tap} of guest {guest}");
            drafts.extend(loser(winner, &link.host_shadowed).map(|unit| {
                draft(link, &machine, &link_text, winner, unit).fix(rewrite::sort_before(
                    &host.network.units.items,
                    unit,
                    winner,
                ))
            }));
        }
        if let Some(winner) = link.guest_unit.unit() {
            let machine = format!("guest {guest}");
            drafts.extend(loser(winner, &link.guest_shadowed).map(|unit| {
                draft(link, &machine, "its card", winner, unit).fix(rewrite::sort_before(
                    &link.guest.network.units.items,
                    unit,
                    winner,
                ))
            }));
        }
    }
    drafts
}

/// The file that is meant for a link and loses to another: it routes, and the winner does not give what it gives.
pub(super) fn loser<'a>(winner: &Unit, shadowed: &[&'a Unit]) -> Option<&'a Unit> {
    let is_meant = |unit: &&&Unit| {
        let routes = has_host_route(unit) || has_host_address(unit);
        // A pattern behind a file for this link alone is a fallback, as the one that NixOS makes.
        let is_fallback = is_for_one(winner) && !is_for_one(unit);
        !unit.is_generated && routes && !is_fallback && !gives_all_of(winner, unit)
    };
    shadowed.iter().find(is_meant).copied()
}

pub(super) fn is_for_one(unit: &Unit) -> bool {
    let names = &unit.matching.names.items;
    let is_literal = !names.is_empty() && !names.iter().any(|name| name.value.contains(['*', '?', '[', '!']));
    is_literal || !unit.matching.macs.items.is_empty()
}

fn gives_all_of(winner: &Unit, loser: &Unit) -> bool {
    let has_address = |net| winner.addresses.items.iter().any(|address| address.net == Some(net));
    let has_route = |net| winner.routes.items.iter().any(|route| route.destination_net() == Some(net));
    loser.addresses.items.iter().filter_map(|address| address.net).all(has_address)
        && loser.routes.items.iter().filter_map(|route| route.destination_net()).all(has_route)
}

fn draft(link: &Link<'_>, machine: &str, link_text: &str, winner: &Unit, loser: &Unit) -> Draft {
    Draft::new(
        Scope::link(link),
        format!("{} of {machine} is never used for {link_text}", loser.name),
        format!(
            "{} sorts before it and matches too, and networkd takes the first file only, so its addresses and routes are missing",
            winner.name
        ),
    )
    .help(format!("make the match of {} narrower, or give it a name that sorts after {} (names are compared byte by byte)", winner.name, loser.name))
    .label(match_place(winner), format!("{} matches first", winner.name))
    .label(loser.place, format!("{} is not used", loser.name))
}

pub(super) fn match_place(unit: &Unit) -> Option<crate::source::Place> {
    let matching = &unit.matching;
    let first = [&matching.names, &matching.macs, &matching.types, &matching.kinds]
        .into_iter()
        .find_map(|list| list.items.first());
    first.and_then(|item| item.place()).or(unit.place)
}

fn unmanaged(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = Vec::new();
    for link in context.links.routed() {
        let (Some(host), Some(tap), Some(unit)) = (link.host, link.tap(), link.host_unit.unit()) else { continue };
        // Where no file sets up any tap, something else does, and networkd is told to keep its hands off.
        if unit.flag("Unmanaged") != Some(true) || !host.network.units.items.iter().any(has_host_route) {
            continue;
        }
        let mut draft = Draft::new(
            Scope::link(link),
            format!("{} of host {} leaves the tap {tap} of guest {} unmanaged", unit.name, host.name, link.guest.name),
            "networkd gives it no address and no route, and tries no further file",
        )
        .help(format!("make the match of {} narrower, so that it leaves out {tap}", unit.name))
        .label(match_place(unit), format!("this covers {tap}"))
        .label(unit.setting("Unmanaged").and_then(|fact| fact.place()), "unmanaged");
        if let Some(loser) = link.host_shadowed.first() {
            draft = draft.label(loser.place, format!("{} is not used", loser.name)).fix(rewrite::sort_before(
                &host.network.units.items,
                loser,
                unit,
            ));
        }
        drafts.push(draft);
    }
    drafts
}

fn stock(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    let mut seen: FxHashSet<(Option<HostId>, GuestId)> = FxHashSet::default();
    for link in context.links.routed().filter(|link| link.host_unit == Choice::Stock) {
        let (Some(id), Some(host)) = (link.interface.id.known(), link.host) else { continue };
        if !seen.insert((link.host_id, link.guest_id)) {
            continue;
        }
        let mut draft = Draft::new(
            Scope::link(link),
            format!(
                "the tap {} of guest {} gets the file 80-vm-vt that systemd ships for names with vt-",
                id.value, link.guest.name
            ),
            "an address from a pool, a DHCP server and translation in place of the host's own file",
        );
        draft = match link.host_shadowed.first() {
            Some(loser) => draft
                .help(format!("give {} a name that sorts before 80-, such as 30-{}", loser.name, id.value))
                .label(loser.place, format!("{} sorts after 80-vm-vt and is not used", loser.name))
                .fix(rewrite::file_name(&host.network.units.items, loser, &format!("30-{}", id.value))),
            None => draft.help(format!(
                "add a file for {} to host {} whose name sorts before 80-, or rename the tap",
                id.value, host.name
            )),
        };
        drafts.push(draft.label(culprit::at_byte(id, 0).or(link.interface.place), "the stock file matches this name"));
    }
    drafts
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{only, reports, silent};

    const GUEST: &str = "guest a@h tap=vm1/02:00:00:00:00:01
        unit 10-e mac=02:00:00:00:00:01 address=10.0.0.1/32 route=-,via=10.0.0.0,onlink";
    const TAP: &str = "unit 30-vm1 name=vm1 address=10.0.0.0/32 route=10.0.0.1/32";

    #[test]
    fn an_earlier_pattern_takes_the_tap() {
        reports(
            &format!("host h forward4\nunit 10-lan name=vm* set:DHCP=yes\n{TAP}\n{GUEST}"),
            &[("network-shadowed", "vm*")],
        );
        reports(
            &format!("host h forward4\nunit 05-x name=v* set:Unmanaged=yes\n{TAP}\n{GUEST}"),
            &[("tap-unmanaged", "v*")],
        );
    }

    #[test]
    fn fallbacks_and_copies_are_fine() {
        silent(&format!("host h forward4\n{TAP}\nunit 80-taps name=vm* address=10.0.0.9/32\n{GUEST}"));
        silent(&format!("host h forward4\n{TAP}\nunit 40-vm1 name=vm1 address=10.0.0.0/32\n{GUEST}"));
        silent(&format!("host h forward4\nunit 10-off disabled name=vm*\n{TAP}\n{GUEST}"));
    }

    #[test]
    fn the_stock_file_sorts_before_ninety() {
        let fleet = "host h forward4
            unit 90-vt name=vt-a address=10.0.0.0/32 route=10.0.0.1/32
            guest a@h tap=vt-a/02:00:00:00:00:01
            unit 10-e mac=02:00:00:00:00:01 address=10.0.0.1/32";
        reports(fleet, &[("tap-id-claimed-by-stock-network", "90-vt")]);
        assert!(only(fleet, "tap-id-claimed-by-stock-network").help.contains("30-vt-a"));
        silent(&fleet.replace("90-vt ", "30-vt "));
    }
}
