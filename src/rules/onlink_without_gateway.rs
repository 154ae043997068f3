//! The flag for gateways on a route that has none.

use rustc_hash::FxHashSet;

use super::context::Context;
use super::culprit;
use super::draft::{Draft, Family, Scope};
use super::finding::Severity;
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::{Fact, Link, Route, Unit};

pub(super) const RULE: RuleInfo = RuleInfo {
    name: "onlink-without-gateway",
    severity: Severity::Error,
    group: Group::Routes,
    fix: FixKind::Automatic,
    activation: Activation::Always,
    page: include_str!("onlink_without_gateway.md"),
    explains: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    let mut seen = FxHashSet::default();
    for link in context.links.routed() {
        let host = link.host.map(|host| host.name.as_str()).unwrap_or_default();
        if let Some(unit) = link.host_unit.unit()
            && seen.insert((link.host_id, &unit.name))
        {
            drafts
                .extend(flagged(unit).map(|(route, family)| draft(link, &format!("host {host}"), unit, route, family)));
        }
        if let Some(unit) = link.guest_unit.unit() {
            drafts.extend(
                flagged(unit)
                    .map(|(route, family)| draft(link, &format!("guest {}", link.guest.name), unit, route, family)),
            );
        }
    }
    drafts
}

/// Routes with the flag, a destination and no gateway.
fn flagged(unit: &Unit) -> impl Iterator<Item = (&Route, Family)> {
    unit.routes.items.iter().filter_map(|route| {
        let net = route.destination_net()?;
        let has_no_gateway =
            matches!(route.gateway, Fact::Absent) && route.is_complete && route.other("MultiPathRoute").is_none();
        (route.on_link.is_true() && has_no_gateway && route.other("NextHop").is_none())
            .then(|| (route, Family::of(net.addr())))
    })
}

fn draft(link: &Link<'_>, machine: &str, unit: &Unit, route: &Route, family: Family) -> Draft {
    let destination = route.destination.value().map(String::as_str).unwrap_or_default();
    let flag = culprit::binding(&route.on_link).or(route.on_link.place());
    let (severity, consequence) = match family {
        Family::V4 => (
            Severity::Error,
            "the kernel refuses it, networkd retries and then leaves the whole link in state \"failed\"",
        ),
        Family::V6 => (Severity::Note, "the kernel ignores the flag here, but refuses it for IPv4"),
    };
    Draft::new(
        Scope::link(link).family(family),
        format!("the route to {destination} in {} of {machine} has `GatewayOnLink` but no `Gateway`", unit.name),
        consequence,
    )
    .severity(severity)
    .help("delete `GatewayOnLink`; a route without a gateway is on the link anyway")
    .label(flag.or(route.place).or(unit.place), "there is no gateway that this could be about")
    .fix(culprit::remove_binding(&route.on_link, "Delete `GatewayOnLink`"))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{only, reports, silent};

    fn fleet(routes: &str) -> String {
        format!(
            "guest a tap=vm1/02:00:00:00:00:01\nunit 10-e mac=02:00:00:00:00:01 address=10.0.0.1/32,fd00::1/128 {routes}"
        )
    }

    #[test]
    fn the_flag_needs_a_gateway() {
        reports(&fleet("route=10.0.0.0/32,onlink"), &[("onlink-without-gateway", "onlink")]);
        assert_eq!(only(&fleet("route=fd00::/128,onlink"), "onlink-without-gateway").severity.word(), "note");
    }

    #[test]
    fn a_gateway_of_any_kind_is_one() {
        for routes in [
            "route=0.0.0.0/0,via=10.0.0.0,onlink",
            "route=0.0.0.0/0,via=_dhcp4,onlink",
            "route=0.0.0.0/0,via=unknown,onlink",
        ] {
            silent(&fleet(routes));
        }
    }
}
