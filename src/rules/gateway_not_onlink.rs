//! A gateway that no address or route of the link covers, without the flag that makes it reachable all the same.

use std::net::IpAddr;

use super::context::{Context, is_link_local, may_use_dhcp, reaches_on_link};
use super::culprit;
use super::draft::{Draft, Family, Scope};
use super::finding::{Safety, Severity};
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::{Fact, Link, Route, Unit};

pub(super) const RULE: RuleInfo = RuleInfo {
    name: "gateway-not-onlink",
    severity: Severity::Error,
    group: Group::Routes,
    fix: FixKind::Automatic,
    activation: Activation::Always,
    page: include_str!("gateway_not_onlink.md"),
    explains: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for link in context.links.routed() {
        let Some(unit) = link.guest_unit.unit().filter(|unit| !unit.has_extra_config && !may_use_dhcp(unit)) else {
            continue;
        };
        for route in &unit.routes.items {
            if let Some(gateway) = unreachable_gateway(unit, route) {
                drafts.push(draft(link, unit, route, gateway));
            }
        }
    }
    drafts
}

/// The gateway of a route that networkd waits for in vain.
fn unreachable_gateway(unit: &Unit, route: &Route) -> Option<IpAddr> {
    let gateway = route.gateway_address().filter(|gateway| !is_link_local(*gateway))?;
    let is_unflagged = match &route.on_link {
        Fact::Absent => route.is_complete,
        Fact::Known(flag) => !flag.value,
        Fact::Unknown => false,
    };
    // All addresses and routes must be known, because any of them may cover the gateway. Without any address networkd sets the flag itself.
    let knows_all = unit.addresses.is_complete
        && unit.routes.is_complete
        && unit.addresses.items.iter().all(|address| address.net.is_some())
        && unit
            .routes
            .items
            .iter()
            .all(|other| other.is_complete && !other.destination.is_unknown() && !other.gateway.is_unknown());
    let has_host_address = unit
        .addresses
        .items
        .iter()
        .filter_map(|address| address.net)
        .any(|net| Family::of(net.addr()) == Family::of(gateway));
    (is_unflagged && knows_all && has_host_address && !reaches_on_link(unit, gateway)).then_some(gateway)
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
        format!(
            "guest {guest} cannot use the gateway {gateway}: its address {own_text} has no network around it that covers the gateway, \
             so networkd never sets this route and the link stays in state \"configuring\""
        ),
    )
    .help("add `GatewayOnLink = true;` to the route")
    .label(route.gateway.place().or(route.place).or(unit.place), format!("{gateway} is not on the link by any address or route of {}", unit.name))
    .label(own.and_then(|(_, address)| address.text.place()), "the guest's address")
    .fix(fix)
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{reports, silent};

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
            "address=fd00::1/128 route=-,via=10.0.0.0",
        ] {
            silent(&fleet(unit));
        }
    }
}
