//! Gateways and what makes them reachable: the flag on the route, a sibling route, a network around an address, or nothing.

use std::net::IpAddr;

use super::context::{Context, is_link_local, is_plain, may_use_dhcp, networks_of, reaches_on_link};
use super::culprit;
use super::draft::{Draft, Family, Scope};
use super::finding::{Edit, Fix, Safety, Severity};
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::{Fact, Link, Route, Sourced, Unit};

pub(super) const RULE: RuleInfo = RuleInfo {
    name: "gateway-not-onlink",
    severity: Severity::Error,
    group: Group::Routes,
    fix: FixKind::Automatic,
    activation: Activation::Always,
    page: include_str!("gateway_not_onlink.md"),
    explains: &[],
    run: |context| gateway_routes(context, not_on_link),
};

pub(super) const SHORTHAND: RuleInfo = RuleInfo {
    name: "gateway-shorthand-on-host-prefix",
    severity: Severity::Error,
    group: Group::Routes,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("gateway_shorthand_on_host_prefix.md"),
    explains: &[],
    run: |context| units(context).filter_map(|(link, unit)| shorthand(link, unit)).collect(),
};

pub(super) const ORDER: RuleInfo = RuleInfo {
    name: "gateway-onlink-relies-on-order",
    severity: Severity::Note,
    group: Group::Routes,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("gateway_onlink_relies_on_order.md"),
    explains: &[],
    run: |context| gateway_routes(context, by_sibling),
};

pub(super) const REDUNDANT: RuleInfo = RuleInfo {
    name: "redundant-route-to-gateway",
    severity: Severity::Note,
    group: Group::Routes,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("redundant_route_to_gateway.md"),
    explains: &[],
    run: |context| gateway_routes(context, redundant),
};

/// The files that the cards of routed links get in the guests, where nothing else can configure them.
fn units<'c>(context: &'c Context<'_>) -> impl Iterator<Item = (&'c Link<'c>, &'c Unit)> {
    context.links.routed().filter_map(|link| {
        let unit = link.guest_unit.unit().filter(|unit| !unit.has_extra_config && !may_use_dhcp(unit))?;
        Some((link, unit))
    })
}

/// Asks about every route of those files that has an address as gateway.
fn gateway_routes(context: &Context<'_>, ask: fn(&Link<'_>, &Unit, &Route, IpAddr) -> Option<Draft>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (link, unit) in units(context) {
        let routes = unit.routes.items.iter().filter_map(|route| Some((route, route.gateway_address()?)));
        let routes = routes.filter(|(_, gateway)| !is_link_local(*gateway));
        drafts.extend(routes.filter_map(|(route, gateway)| ask(link, unit, route, gateway)));
    }
    drafts
}

fn is_unflagged(route: &Route) -> bool {
    match &route.on_link {
        Fact::Absent => route.is_complete,
        Fact::Known(flag) => !flag.value,
        Fact::Unknown => false,
    }
}

/// Whether everything is known that could cover a gateway: all addresses and routes of the file.
fn knows_all(unit: &Unit) -> bool {
    unit.addresses.is_complete
        && unit.routes.is_complete
        && unit.addresses.items.iter().all(|address| address.net.is_some())
        && unit
            .routes
            .items
            .iter()
            .all(|other| other.is_complete && !other.destination.is_unknown() && !other.gateway.is_unknown())
}

/// Whether a file has an address of the gateway's family. Without any networkd sets the flag itself.
fn has_own_address(unit: &Unit, gateway: IpAddr) -> bool {
    let mut nets = unit.addresses.items.iter().filter_map(|address| address.net);
    nets.any(|net| Family::of(net.addr()) == Family::of(gateway))
}

/// The gateway of a route that networkd waits for in vain.
fn not_on_link(link: &Link<'_>, unit: &Unit, route: &Route, gateway: IpAddr) -> Option<Draft> {
    let is_lost =
        is_unflagged(route) && knows_all(unit) && has_own_address(unit, gateway) && !reaches_on_link(unit, gateway);
    is_lost.then(|| draft(link, unit, route, gateway))
}

/// A file whose gateway stands where no flag can.
fn shorthand(link: &Link<'_>, unit: &Unit) -> Option<Draft> {
    if !knows_all(unit) || !unit.gateways.is_complete {
        return None;
    }
    let gateways: Vec<(IpAddr, &Sourced<String>)> =
        unit.gateways.items.iter().filter_map(|text| Some((text.value.parse().ok()?, text))).collect();
    let is_lost =
        |gateway: IpAddr| !is_link_local(gateway) && has_own_address(unit, gateway) && !reaches_on_link(unit, gateway);
    let (gateway, text) = gateways.iter().find(|(gateway, _)| is_lost(*gateway))?;
    let guest = &link.guest.name;
    let own = link.guest_addresses().find(|(ip, _)| ip.is_ipv4() == gateway.is_ipv4());
    let mut scope = Scope::link(link);
    if gateways.len() == 1 {
        scope = scope.family(Family::of(*gateway));
    }
    Some(
        Draft::new(
            scope,
            format!("guest {guest} cannot use the gateway {gateway}"),
            format!(
                "{} gives it as `gateway`, which has no place for `GatewayOnLink`, and no address of the guest has a network around it that covers the gateway, so networkd never sets the default route",
                unit.name
            ),
        )
        .help(format!("write `routes = [ {{ Gateway = \"{gateway}\"; GatewayOnLink = true; }} ];` instead"))
        .label(text.place().or(unit.place), "reachable only with `GatewayOnLink`")
        .label(own.and_then(|(_, address)| address.text.place()), "the guest's address")
        .fix(as_routes(unit, &gateways)),
    )
}

/// An edit that makes `routes` of the option `gateway`, if the file has none.
fn as_routes(unit: &Unit, gateways: &[(IpAddr, &Sourced<String>)]) -> Option<Fix> {
    // `Gateway` of `networkConfig` is no neighbour of `routes`.
    let is_option = unit.setting("Gateway").is_none();
    let (_, first) = gateways.first().filter(|_| is_option && unit.routes.items.is_empty())?;
    let mut edits = vec![Edit { place: culprit::name_of(&first.origin)?, replacement: "routes".to_owned() }];
    for (gateway, text) in gateways {
        let replacement = format!("{{ Gateway = \"{gateway}\"; GatewayOnLink = true; }}");
        edits.push(Edit { place: culprit::literal(text)?, replacement });
    }
    Some(Fix { title: "Write `routes` with `GatewayOnLink`".to_owned(), safety: Safety::Unsafe, edits })
}

/// The route of a file that leads to nothing but one address, without a gateway.
fn host_route(unit: &Unit, ip: IpAddr) -> Option<&Route> {
    unit.routes.items.iter().find(|route| {
        let net = route.destination_net().filter(|net| net.prefix_len() == net.max_prefix_len());
        is_plain(route) && matches!(route.gateway, Fact::Absent) && net.is_some_and(|net| net.addr() == ip)
    })
}

/// A gateway that only a sibling route makes reachable.
fn by_sibling(link: &Link<'_>, unit: &Unit, route: &Route, gateway: IpAddr) -> Option<Draft> {
    if !is_unflagged(route) || !knows_all(unit) || networks_of(unit).any(|net| net.contains(&gateway)) {
        return None;
    }
    let sibling = host_route(unit, gateway)?;
    let flag = match &route.on_link {
        Fact::Absent => culprit::insert_before(
            &route.gateway,
            "GatewayOnLink = true;",
            "Add `GatewayOnLink = true;` and delete the route to the gateway",
            Safety::Unsafe,
        ),
        Fact::Known(_) | Fact::Unknown => None,
    };
    let fix = flag.and_then(|mut fix| {
        fix.edits.push(Edit { place: sibling.place?, replacement: String::new() });
        Some(fix)
    });
    Some(
        Draft::new(
            Scope::link(link).family(Family::of(gateway)),
            format!(
                "guest {} reaches the gateway {gateway} only because another route of {} leads to it",
                link.guest.name, unit.name
            ),
            "systemd 256 has set the two in the wrong order at times, and then there is no default route",
        )
        .help("add `GatewayOnLink = true;` to the route with the gateway; the other one is not needed then")
        .label(route.gateway.place().or(route.place), "without `GatewayOnLink`")
        .label(sibling.destination.place().or(sibling.place), "makes the gateway reachable")
        .fix(fix),
    )
}

/// A route to a gateway that its flag makes reachable anyway.
fn redundant(link: &Link<'_>, unit: &Unit, route: &Route, gateway: IpAddr) -> Option<Draft> {
    let is_default = route.destination_net().is_none_or(|net| net.prefix_len() == 0) && !route.destination.is_unknown();
    if !route.on_link.is_true() || !is_plain(route) || !is_default {
        return None;
    }
    // With the flag but no gateway it is a mistake of its own.
    let sibling = host_route(unit, gateway).filter(|sibling| matches!(sibling.on_link, Fact::Absent))?;
    let fix = sibling.place.map(|place| Fix {
        title: "Delete the route to the gateway".to_owned(),
        // It takes along what the user wrote beside it.
        safety: Safety::Unsafe,
        edits: vec![Edit { place, replacement: String::new() }],
    });
    Some(
        Draft::new(
            Scope::link(link).family(Family::of(gateway)),
            format!(
                "guest {} has a route to its gateway {gateway} in {}, although the default route has `GatewayOnLink` and needs none", link.guest.name, unit.name), "it moves no packet, and is one more place to change with the gateway")
        .help("delete the route to the gateway")
        .label(sibling.place.or(sibling.destination.place()), "not needed")
        .label(route.on_link.place(), "makes the gateway reachable")
        .fix(fix),
    )
}

fn draft(link: &Link<'_>, unit: &Unit, route: &Route, gateway: IpAddr) -> Draft {
    let guest = &link.guest.name;
    let own = link.guest_addresses().find(|(ip, _)| ip.is_ipv4() == gateway.is_ipv4());
    let own_text = own.map(|(_, address)| address.text.value.clone()).unwrap_or_default();
    let fix = match &route.on_link {
        Fact::Absent => {
            culprit::insert_before(&route.gateway, "GatewayOnLink = true;", "Add `GatewayOnLink = true;`", Safety::Safe)
        }
        Fact::Known(_) | Fact::Unknown => None,
    };
    Draft::new(
        Scope::link(link).family(Family::of(gateway)),
        format!("guest {guest} cannot use the gateway {gateway}"),
        format!(
            "its address {own_text} has no network around it that covers the gateway, so networkd never sets this route and the link stays in state \"configuring\""
        ),
    )
    .help("add `GatewayOnLink = true;` to the route")
    .label(route.gateway.place().or(route.place).or(unit.place), format!("{gateway} is not on the link by any address or route of {}", unit.name))
    .label(own.and_then(|(_, address)| address.text.place()), "the guest's address")
    .fix(fix)
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{never, only, reports, silent};

    fn fleet(unit: &str) -> String {
        format!("guest a tap=vm1/02:00:00:00:00:01\nunit 10-e mac=02:00:00:00:00:01 {unit}")
    }

    #[test]
    fn a_bare_gateway_is_never_reached() {
        reports(&fleet("address=10.0.0.1/32 route=0.0.0.0/0,via=10.0.0.0"), &[("gateway-not-onlink", "10.0.0.0")]);
        reports(&fleet("address=10.0.0.1/32,fd00::1/128 route=-,via=fd00::"), &[("gateway-not-onlink", "fd00::")]);
    }

    #[test]
    fn what_makes_the_gateway_reachable() {
        for unit in [
            "address=10.0.0.1/32 route=0.0.0.0/0,via=10.0.0.0,onlink",
            "address=10.0.0.1/32 route=10.0.0.0/32 route=0.0.0.0/0,via=10.0.0.0",
            "address=10.0.0.1/32,10.0.0.2/31 route=-,via=10.0.0.3",
            "address=fd00::1/128 route=-,via=fe80::1",
            "address=10.0.0.1/32,unknown route=-,via=10.0.0.0",
            "address=10.0.0.1/32 set:DHCP=yes route=-,via=10.0.0.0",
            "address=10.0.0.1/32 extra route=-,via=10.0.0.0",
            "address=10.0.0.1/32 routes-open route=-,via=10.0.0.0",
            "address=10.0.0.1/32 route=-,via=unknown",
        ] {
            silent(&fleet(unit));
        }
        never(&fleet("address=fd00::1/128 route=-,via=10.0.0.0"), "gateway-not-onlink");
    }

    #[test]
    fn the_shorthand_has_no_place_for_the_flag() {
        reports(&fleet("address=10.0.0.1/32 gateway=10.0.0.0"), &[("gateway-shorthand-on-host-prefix", "10.0.0.0")]);
        silent(&fleet("address=10.0.0.1/31 gateway=10.0.0.0"));
        silent(&fleet("address=10.0.0.1/32 gateway=10.0.0.0 route=10.0.0.0/32"));
        silent(&fleet("address=fd00::1/128 gateway=fe80::1"));
    }

    #[test]
    fn a_route_to_the_gateway_is_fragile_or_not_needed() {
        let sibling = fleet("address=10.0.0.1/32 route=10.0.0.0/32 route=-,via=10.0.0.0");
        only(&sibling, "gateway-onlink-relies-on-order");
        only(&format!("{sibling},onlink"), "redundant-route-to-gateway");
    }
}
