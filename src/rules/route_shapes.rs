//! Routes that networkd leaves out, or that the kernel refuses, for what is written in them.

use std::net::IpAddr;

use super::context::Context;
use super::culprit;
use super::draft::{Draft, Family, Scope};
use super::finding::{Edit, Fix, Safety, Severity};
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::{Fact, Link, Route, Sourced, Unit};

pub(super) const EMPTY: RuleInfo = RuleInfo {
    name: "route-without-destination-or-gateway",
    severity: Severity::Error,
    group: Group::Routes,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("route_without_destination_or_gateway.md"),
    explains: &["guest-default-route-missing", "host-route-missing"],
    run: |context| routes(context, empty),
};

pub(super) const MALFORMED: RuleInfo = RuleInfo {
    name: "destination-malformed",
    severity: Severity::Error,
    group: Group::Routes,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("destination_malformed.md"),
    explains: &["guest-default-route-missing", "host-route-missing"],
    run: |context| routes(context, malformed),
};

pub(super) const FAMILIES: RuleInfo = RuleInfo {
    name: "gateway-family-mismatch",
    severity: Severity::Error,
    group: Group::Routes,
    fix: FixKind::Manual,
    activation: Activation::Always,
    page: include_str!("gateway_family_mismatch.md"),
    explains: &["guest-default-route-missing", "gateway-not-onlink"],
    run: |context| routes(context, mismatched),
};

pub(super) const SELF: RuleInfo = RuleInfo {
    name: "gateway-is-self",
    severity: Severity::Error,
    group: Group::Routes,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("gateway_is_self.md"),
    explains: &["guest-gateway-not-host-address", "gateway-not-onlink"],
    run: own_gateway,
};

pub(super) const HOST_BITS: RuleInfo = RuleInfo {
    name: "route-host-bits-set",
    severity: Severity::Note,
    group: Group::Routes,
    fix: FixKind::Automatic,
    activation: Activation::Always,
    page: include_str!("route_host_bits_set.md"),
    explains: &[],
    run: |context| routes(context, host_bits),
};

/// Asks about every route of the files that routed links get, on both sides.
fn routes(context: &Context<'_>, ask: fn(&Side<'_>, &Route) -> Option<Draft>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for link in context.links.routed() {
        let host =
            link.host_unit.unit().map(|unit| (unit, format!("host {}", link.host.map_or("", |host| &host.name))));
        let guest = link.guest_unit.unit().map(|unit| (unit, format!("guest {}", link.guest.name)));
        for (unit, machine) in host.into_iter().chain(guest) {
            let side = Side { link, unit, machine };
            drafts.extend(unit.routes.items.iter().filter_map(|route| ask(&side, route)));
        }
    }
    drafts
}

struct Side<'c> {
    link: &'c Link<'c>,
    unit: &'c Unit,
    machine: String,
}

impl Side<'_> {
    fn draft(&self, wrong: String, breaks: impl Into<String>) -> Draft {
        Draft::new(Scope::link(self.link), wrong, breaks)
    }
}

/// Keys that only say more about a route. Any other may make a route of something else than a destination or gateway, or be a mistake of its own.
const DETAILS: &[&str] = &["Metric", "Table", "Protocol", "MTUBytes", "IPv6Preference", "QuickAck"];

fn empty(side: &Side<'_>, route: &Route) -> Option<Draft> {
    let is_empty = matches!((&route.destination, &route.gateway), (Fact::Absent, Fact::Absent));
    if !is_empty || !route.is_complete || !route.others.iter().all(|(key, _)| DETAILS.contains(&key.as_str())) {
        return None;
    }
    let (unit, machine) = (&side.unit.name, &side.machine);
    Some(
        side.draft(
            format!("a route in {unit} of {machine} has neither `Destination` nor `Gateway`"),
            "networkd ignores it",
        )
        .help("say where it leads (`Destination`) or through whom (`Gateway`), or remove it")
        .label(route.place.or(side.unit.place), "leads nowhere")
        .fix(route.place.map(|place| Fix {
            title: "Delete the route".to_owned(),
            safety: Safety::Unsafe,
            edits: vec![Edit { place, replacement: String::new() }],
        })),
    )
}

fn malformed(side: &Side<'_>, route: &Route) -> Option<Draft> {
    let text = route.destination.known()?;
    // `_dhcp4` and the like belong to gateways; whatever else does not parse is refused.
    if text.value.is_empty() || route.destination_net().is_some() {
        return None;
    }
    let (unit, machine) = (&side.unit.name, &side.machine);
    let without = if matches!(route.gateway, Fact::Absent) {
        "ignores the whole route"
    } else {
        "ignores the destination, so that the route becomes a default route"
    };
    Some(
        side.draft(
            format!(
                "the destination `{}` of a route in {unit} of {machine} is no address with a prefix length",
                text.value
            ),
            format!("networkd {without}"),
        )
            .help("write an address with at most /32 (IPv4) or /128 (IPv6); an octet is at most 255, so an index that counts further needs a second octet")
            .label(culprit::in_prefix(text).or(text.place()).or(route.place), "not an address")
            .template(text.place())
            .fix(shortened(text)),
    )
}

/// An edit that writes the largest length in place of one that is larger still.
fn shortened(text: &Sourced<String>) -> Option<Fix> {
    let (address, length) = text.value.split_once('/')?;
    let ip: IpAddr = address.parse().ok()?;
    let most = Family::of(ip).host_length();
    let new = format!("{ip}/{most}");
    let is_beyond = length.parse::<u32>().is_ok_and(|length| length > u32::from(most));
    is_beyond.then(|| culprit::replace_literal(text, &new, format!("Write {new}"), Safety::Unsafe))?
}

fn host_bits(side: &Side<'_>, route: &Route) -> Option<Draft> {
    let text = route.destination.known()?;
    let written = crate::fleet::facts::parse_prefix(&text.value)?;
    let net = written.trunc();
    if written == net {
        return None;
    }
    let (unit, machine) = (&side.unit.name, &side.machine);
    Some(
        side.draft(
            format!("the destination {written} of a route in {unit} of {machine} has bits behind its length"),
            format!("networkd takes it for {net} without a word"),
        )
        .help(format!("write {net}, or {}/{} if the one address is meant", written.addr(), written.max_prefix_len()))
        .label(text.place().or(route.place), format!("means {net}"))
        .template(text.place())
        .fix(culprit::replace_literal(text, &net.to_string(), format!("Write {net}"), Safety::Safe)),
    )
}

fn mismatched(side: &Side<'_>, route: &Route) -> Option<Draft> {
    let net = route.destination_net()?;
    let gateway = route.gateway_address()?;
    // The other way round, an IPv6 gateway for IPv4, is legal (RFC 5549).
    if Family::of(net.addr()) != Family::V6 || Family::of(gateway) != Family::V4 {
        return None;
    }
    let (unit, machine) = (&side.unit.name, &side.machine);
    Some(
        side.draft(
            format!("the route to {net} in {unit} of {machine} goes through {gateway}, an IPv4 address"),
            "networkd leaves the route out",
        )
        .help("write the host's IPv6 address as gateway")
        .label(route.gateway.place().or(route.place), "IPv4")
        .label(route.destination.place(), "IPv6"),
    )
}

fn own_gateway(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for link in context.links.routed() {
        let Some(unit) = link.guest_unit.unit() else { continue };
        let shorthand = unit.gateways.items.iter().filter_map(|text| Some((text.value.parse::<IpAddr>().ok()?, text)));
        let gateways =
            unit.routes.items.iter().filter_map(|route| Some((route.gateway_address()?, route.gateway.known()?)));
        for (gateway, text) in gateways.chain(shorthand) {
            let Some((_, own)) = link.guest_addresses().find(|(ip, _)| *ip == gateway) else { continue };
            drafts.push(
                Draft::new(
                    Scope::link(link).family(Family::of(gateway)),
                    format!("guest {} uses its own address {gateway} as gateway", link.guest.name),
                    "the kernel refuses the route, and the guest reaches nothing",
                )
                .help("write the host's address on the tap as gateway")
                .label(text.place().or(unit.place), "the gateway")
                .label(culprit::in_address(own), "the guest's own address")
                .template(text.place())
                .fix(of_host(link, gateway).and_then(|new| {
                    culprit::replace_literal(text, &new.to_string(), format!("Use {new}"), Safety::Unsafe)
                })),
            );
        }
    }
    drafts
}

/// The only address of the host on a tap that could be meant instead of a gateway.
fn of_host(link: &Link<'_>, instead_of: IpAddr) -> Option<IpAddr> {
    let mut own = link.host_addresses().map(|(ip, _)| ip).filter(|ip| Family::of(*ip) == Family::of(instead_of));
    own.next().filter(|ip| *ip != instead_of && own.next().is_none())
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{only, reports, silent};

    fn fleet(route: &str) -> String {
        format!(
            "guest a tap=vm1/02:00:00:00:00:01\nunit 10-e mac=02:00:00:00:00:01 address=10.0.0.1/32,fd00::1/128 route={route}"
        )
    }

    #[test]
    fn routes_that_do_not_come_about() {
        reports(&fleet("-,onlink"), &[("route-without-destination-or-gateway", "route=-,onlink")]);
        reports(&fleet("10.0.0.5/33,via=10.0.0.0,onlink"), &[("destination-malformed", "10.0.0.5/33")]);
        reports(&fleet("::/0,via=10.0.0.0,onlink"), &[("gateway-family-mismatch", "10.0.0.0")]);
        reports(&fleet("-,via=10.0.0.1,onlink"), &[("gateway-is-self", "10.0.0.1")]);
        assert!(only(&fleet("10.9.0.7/24,via=10.0.0.0,onlink"), "route-host-bits-set").message.contains("10.9.0.0/24"));
    }

    #[test]
    fn routes_that_do() {
        for route in ["0.0.0.0/0,via=fe80::1", "10.0.0.0/32", "-,via=10.0.0.0,onlink", "unknown,via=10.0.0.0,onlink"] {
            silent(&fleet(route));
        }
    }
}
