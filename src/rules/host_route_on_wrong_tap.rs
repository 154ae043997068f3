//! The host route to one guest is on the tap of another.

use std::net::IpAddr;

use rustc_hash::FxHashSet;

use super::context::{Context, is_plain};
use super::culprit;
use super::draft::{Draft, Family, Scope};
use super::finding::{Edit, Fix, Safety, Severity};
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::{Fact, GuestId, Link, Route, Sourced};

pub(super) const RULE: RuleInfo = RuleInfo {
    name: "host-route-on-wrong-tap",
    severity: Severity::Error,
    group: Group::Taps,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("host_route_on_wrong_tap.md"),
    explains: &["guest-host-address-disagree", "host-route-missing"],
    run,
};

fn run(context: &Context<'_>) -> Vec<Draft> {
    let astray: Vec<_> = context.links.routed().flat_map(|link| routes_astray(context, link)).collect();
    let mut drafts = Vec::new();
    let mut told: FxHashSet<(GuestId, GuestId, Family)> = FxHashSet::default();
    for stray in &astray {
        let family = Family::of(stray.ip);
        let (on, to) = (stray.on, stray.to);
        // Two routes that were swapped are one mistake.
        if told.contains(&(to.guest_id, on.guest_id, family)) || !told.insert((on.guest_id, to.guest_id, family)) {
            continue;
        }
        let swapped = astray.iter().find(|other| {
            other.on.guest_id == to.guest_id && other.to.guest_id == on.guest_id && Family::of(other.ip) == family
        });
        drafts.push(draft(stray, swapped));
    }
    drafts
}

/// A route to the guest `to` on the tap of the guest `on`.
struct Stray<'c, 'a> {
    on: &'c Link<'a>,
    to: &'c Link<'a>,
    route: &'a Route,
    ip: IpAddr,
}

fn routes_astray<'c, 'a>(context: &'c Context<'a>, on: &'c Link<'a>) -> Vec<Stray<'c, 'a>> {
    let (Some(host), Some(unit)) = (on.host_id, on.host_unit.unit()) else { return Vec::new() };
    // A file for several taps repeats its routes on each, which is a mistake of another kind.
    if !context.is_for_one_link(host, unit) || on.guest_unit.unit().is_none() || forwards(on) {
        return Vec::new();
    }
    let mut strays = Vec::new();
    for route in unit.routes.items.iter().filter(|route| is_plain(route) && matches!(route.gateway, Fact::Absent)) {
        let Some(net) = route.destination_net().filter(|net| net.prefix_len() == net.max_prefix_len()) else {
            continue;
        };
        let ip = net.addr();
        let owners: Vec<&Link<'a>> = context.links.with_address(Some(host), ip).collect();
        let is_own = owners.iter().any(|owner| owner.guest_id == on.guest_id);
        if let (false, [to]) = (is_own, owners.as_slice()) {
            strays.push(Stray { on, to, route, ip });
        }
    }
    strays
}

/// Whether a guest may be a router for guests behind it.
fn forwards(link: &Link<'_>) -> bool {
    let network = &link.guest.network;
    let flags = [&network.ipv4_forwarding, &network.ipv6_forwarding];
    let by_unit = network.units.items.iter().any(|unit| {
        ["IPv4Forwarding", "IPv6Forwarding", "IPForward", "IPMasquerade"].iter().any(|key| unit.setting(key).is_some())
    });
    by_unit || flags.iter().any(|flag| flag.may_be_true())
}

fn draft(stray: &Stray<'_, '_>, swapped: Option<&Stray<'_, '_>>) -> Draft {
    let Stray { on, to, route, ip } = stray;
    let on_tap = on.tap().unwrap_or_default();
    let to_tap = to.tap().unwrap_or_default();
    let family = Family::of(*ip);
    let (wrong, breaks) = match swapped {
        Some(other) => (
            format!(
                "the host routes to guests {} and {} are swapped, {ip} is on {on_tap} and {} on {to_tap}",
                to.guest.name, on.guest.name, other.ip
            ),
            "each guest gets the other's packets".to_owned(),
        ),
        None => (
            format!(
                "the host route to {ip} of guest {} is on {on_tap}, the tap of guest {}",
                to.guest.name, on.guest.name
            ),
            format!("packets for {} reach {} instead", to.guest.name, on.guest.name),
        ),
    };
    let help = match swapped {
        Some(_) => "swap the two destinations".to_owned(),
        None => format!("move the route to the file for {to_tap}"),
    };
    let mut draft = Draft::new(Scope::guests(on.host_id, [on.guest_id, to.guest_id]).family(family), wrong, breaks)
        .help(help)
        .label(destination(route), format!("leads to guest {}, on the tap of guest {}", to.guest.name, on.guest.name));
    if let Some(other) = swapped {
        draft = draft.label(
            destination(other.route),
            format!("leads to guest {}, on the tap of guest {}", on.guest.name, to.guest.name),
        );
    }
    if let Some(other) = swapped {
        draft = draft.fix(exchanged(route, other.route));
    }
    for (ip, address) in to.guest_addresses().filter(|(other, _)| other == ip) {
        draft = draft.label(culprit::in_address(address), format!("{ip} of guest {}", to.guest.name));
    }
    draft
}

/// An edit that exchanges two destinations.
fn exchanged(one: &Route, other: &Route) -> Option<Fix> {
    let (one, other) = (one.destination.known()?, other.destination.known()?);
    let write = |text: &Sourced<String>, new: &str| {
        Some(Edit { place: culprit::literal(text)?, replacement: format!("\"{new}\"") })
    };
    let edits = vec![write(one, &other.value)?, write(other, &one.value)?];
    Some(Fix { title: "Exchange the destinations".to_owned(), safety: Safety::Unsafe, edits })
}

fn destination(route: &Route) -> Option<crate::source::Place> {
    route.destination.known().and_then(culprit::in_prefix).or(route.place)
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{reports, silent};

    const GUESTS: &str = "guest a@h tap=vm1/02:00:00:00:00:01
        unit 10-e mac=02:00:00:00:00:01 address=10.0.0.1/32
        guest b@h tap=vm2/02:00:00:00:00:02
        unit 10-e mac=02:00:00:00:00:02 address=10.0.0.2/32";

    #[test]
    fn swapped_routes_are_one_finding() {
        reports(
            &format!(
                "host h
                 unit 30-vm1 name=vm1 address=10.0.0.0/32 route=10.0.0.2/32
                 unit 30-vm2 name=vm2 address=10.0.0.0/32 route=10.0.0.1/32\n{GUESTS}"
            ),
            &[("host-route-on-wrong-tap", "10.0.0.2/32")],
        );
    }

    #[test]
    fn a_guest_that_forwards_may_be_a_router() {
        silent(&format!(
            "host h
             unit 30-vm1 name=vm1 address=10.0.0.0/32 route=10.0.0.1/32 route=10.0.0.2/32
             unit 30-vm2 name=vm2 address=10.0.0.0/32 route=10.0.0.2/32,metric=50\n{}",
            GUESTS.replacen("address=10.0.0.1/32", "address=10.0.0.1/32 set:IPv4Forwarding=true", 1)
        ));
    }
}
