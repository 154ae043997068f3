//! One destination on several taps of a host.

use ipnet::IpNet;
use rustc_hash::FxHashSet;

use super::context::{Context, is_plain};
use super::culprit;
use super::draft::{Draft, Family};
use super::duplicates::{Clash, clashes};
use super::finding::{Safety, Severity};
use super::rule::{Activation, FixKind, Group, RuleInfo};
use super::wording;
use crate::fleet::{Fact, Link, Route, Sourced};

pub(super) const RULE: RuleInfo = RuleInfo {
    name: "duplicate-host-route",
    severity: Severity::Error,
    group: Group::Uniqueness,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("duplicate_host_route.md"),
    explains: &["host-route-on-wrong-tap", "host-route-missing", "guest-host-address-disagree", "host-route-too-wide"],
    run,
};

/// A destination with its metric: the kernel takes one route for each.
type Key<'a> = (IpNet, Option<&'a str>);

fn run(context: &Context<'_>) -> Vec<Draft> {
    let links = context.links.routed().filter(|link| link.host_id.is_some());
    let mut clashes = clashes(context.fleet, links, |link| routes(link).map(|(key, _)| key).collect());
    for clash in &mut clashes {
        // Guests that name one tap share it with its routes.
        let mut taps: FxHashSet<&str> = FxHashSet::default();
        clash.links.retain(|link| link.tap().is_some_and(|tap| taps.insert(tap)));
    }
    clashes.iter().filter(|clash| clash.links.len() > 1).map(draft).collect()
}

/// The routes without a gateway of a tap's file.
fn routes<'a>(link: &Link<'a>) -> impl Iterator<Item = (Key<'a>, &'a Route)> {
    let routes = link.host_unit.unit().map(|unit| unit.routes.items.as_slice()).unwrap_or_default();
    routes.iter().filter(|route| is_plain(route) && matches!(route.gateway, Fact::Absent)).filter_map(|route| {
        let metric = match route.other("Metric") {
            None | Some(Fact::Absent) => None,
            Some(Fact::Known(text)) => Some(text.value.as_str()),
            Some(Fact::Unknown) => return None,
        };
        let net = route.destination_net().filter(|net| net.prefix_len() > 0)?;
        Some(((net, metric), route))
    })
}

fn draft(clash: &Clash<'_, '_, Key<'_>>) -> Draft {
    let (net, _) = clash.value;
    let family = Family::of(net.addr());
    // The tap of the guest that has the address is right; the likely slip is on another one.
    let is_right = |link: &&&Link<'_>| link.guest_addresses().any(|(ip, _)| net.contains(&ip));
    let (right, wrong): (Vec<&&Link<'_>>, Vec<&&Link<'_>>) = clash.links.iter().partition(is_right);
    let taps: Vec<&str> = clash.links.iter().filter_map(|link| link.tap()).collect();
    let host = clash.links.first().and_then(|link| link.host).map_or("", |host| host.name.as_str());
    let mut files: Vec<&str> =
        clash.links.iter().filter_map(|link| Some(link.host_unit.unit()?.name.as_str())).collect();
    files.dedup();
    let why = match files.as_slice() {
        [file] => format!("because the file {file} is for all of them"),
        _ => "and networkd calls both links configured".to_owned(),
    };
    let mut draft = clash
        .draft(
            format!("host {host} routes {net} to the taps {}, {why}", wording::list(&taps)),
            "the kernel takes the route of the tap that comes up first, and the others have none",
        )
        .help(match files.as_slice() {
            [_] => "give every tap a file of its own, with the route to its one guest".to_owned(),
            _ => format!(
                "leave the route to {net} in one file, and write in each of the others the address of its own guest"
            ),
        });
    if let (&[_], Some(unit)) = (files.as_slice(), clash.links.first().and_then(|link| link.host_unit.unit())) {
        let pattern = unit.matching.names.items.first();
        draft = draft.label(pattern.and_then(Sourced::place).or(unit.place), "for several taps");
    }
    for link in wrong.iter().chain(&right) {
        if let Some((_, route)) = routes(link).find(|(key, _)| *key == clash.value) {
            let place = route.destination.known().and_then(culprit::in_prefix).or(route.place);
            draft = draft
                .label(place, format!("{net} on {}", link.tap().unwrap_or_default()))
                .template(route.destination.place());
        }
    }
    draft.scope.family = Some(family);
    match (right.as_slice(), wrong.as_slice()) {
        ([_, ..], [only]) => draft.fix(own_destination(only, clash.value)),
        _ => draft,
    }
}

/// An edit that writes the only address of a guest that its tap has no route to.
fn own_destination(link: &Link<'_>, key: Key<'_>) -> Option<super::finding::Fix> {
    let family = Family::of(key.0.addr());
    let is_routed = |ip: &std::net::IpAddr| routes(link).any(|((net, _), _)| net.contains(ip));
    let mut own = link.guest_addresses().map(|(ip, _)| ip).filter(|ip| Family::of(*ip) == family && !is_routed(ip));
    let (Some(ip), None) = (own.next(), own.next()) else { return None };
    let (_, route) = routes(link).find(|(known, _)| *known == key)?;
    let new = format!("{ip}/{}", family.host_length());
    culprit::replace_literal(route.destination.known()?, &new, format!("Write {new}"), Safety::Unsafe)
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{only, reports, silent};

    fn fleet(first: &str, second: &str) -> String {
        format!(
            "host h forward4
             unit 30-vm1 name=vm1 address=10.0.0.0/32 {first}
             unit 30-vm2 name=vm2 address=10.0.0.0/32 {second}
             guest a@h tap=vm1/02:00:00:00:00:01
             unit 10-e mac=02:00:00:00:00:01 address=10.0.0.1/32 route=-,via=10.0.0.0,onlink
             guest b@h tap=vm2/02:00:00:00:00:02
             unit 10-e mac=02:00:00:00:00:02 address=10.0.0.2/32 route=-,via=10.0.0.0,onlink"
        )
    }

    #[test]
    fn the_second_route_is_the_culprit() {
        let copied = fleet("route=10.0.0.1/32", "route=10.0.0.1/32");
        reports(&copied, &[("duplicate-host-route", "10.0.0.1/32")]);
        assert!(only(&copied, "duplicate-host-route").labels[0].text.contains("vm2"));
        silent(&fleet("route=10.0.0.1/32", "route=10.0.0.2/32"));
        silent(&fleet("route=10.0.0.1/32 route=10.9.0.0/16,table=5", "route=10.0.0.2/32 route=10.9.0.0/16,table=6"));
        silent(&fleet("route=10.0.0.1/32 route=10.9.0.0/16,metric=5", "route=10.0.0.2/32 route=10.9.0.0/16,metric=6"));
    }

    #[test]
    fn a_file_for_several_taps_repeats_its_routes() {
        let shared = fleet("route=10.0.0.1/32 route=10.0.0.2/32", "").replace("name=vm1", "name=vm*");
        let finding = only(&shared, "duplicate-host-route");
        assert!(finding.message.contains("because the file 30-vm1"), "{}", finding.message);
    }
}
