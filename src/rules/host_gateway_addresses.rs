//! The host's own addresses on its taps: the gateways of guests.

use std::net::IpAddr;

use rustc_hash::FxHashMap;

use super::context::{Context, is_link_local};
use super::culprit;
use super::draft::{Draft, Family, Scope};
use super::finding::{Edit, Fix, Safety, Severity};
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::{Host, Link, Unit};
use crate::source::{Place, Span};

pub(super) const MISSING: RuleInfo = RuleInfo {
    name: "host-address-missing-on-tap",
    severity: Severity::Error,
    group: Group::Taps,
    fix: FixKind::Automatic,
    activation: Activation::Always,
    page: include_str!("host_address_missing_on_tap.md"),
    explains: &["guest-gateway-not-host-address"],
    run: missing,
};

pub(super) const DIFFERS: RuleInfo = RuleInfo {
    name: "host-address-differs-between-taps",
    severity: Severity::Note,
    group: Group::Taps,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("host_address_differs_between_taps.md"),
    explains: &[],
    run: differs,
};

/// The gateways that a guest's file names, with where.
fn gateways(unit: &Unit) -> impl Iterator<Item = (IpAddr, Option<Place>)> {
    let routes = unit.routes.items.iter().filter_map(|route| Some((route.gateway_address()?, route.gateway.place())));
    let shorthand = unit.gateways.items.iter().filter_map(|text| Some((text.value.parse().ok()?, text.place())));
    routes.chain(shorthand).filter(|(gateway, _)| !is_link_local(*gateway))
}

fn missing(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (_, host, links) in context.routed_hosts() {
        let mut on_taps: FxHashMap<IpAddr, &Link<'_>> = FxHashMap::default();
        let mut uses: FxHashMap<Place, u32> = FxHashMap::default();
        for link in &links {
            for (ip, address) in link.host_addresses() {
                on_taps.entry(ip).or_insert(link);
                *uses
                    .entry(address.text.place().unwrap_or_else(|| crate::rules::start_of(crate::source::FileId(0))))
                    .or_default() += 1;
            }
        }
        for link in &links {
            let (Some(unit), Some(inside)) = (link.host_unit.unit(), link.guest_unit.unit()) else { continue };
            let is_known = unit.addresses.is_complete
                && !unit.has_extra_config
                && unit.addresses.items.iter().all(|address| address.net.is_some())
                && unit.setting("IPv4ProxyARP").is_none()
                && unit.setting("IPv6ProxyNDP").is_none();
            let has_family = |ip: IpAddr| link.host_addresses().any(|(own, _)| Family::of(own) == Family::of(ip));
            let lost = gateways(inside)
                .find_map(|(ip, place)| Some((ip, place, on_taps.get(&ip).filter(|_| !has_family(ip))?)));
            if let Some((ip, place, other)) = lost.filter(|_| is_known) {
                drafts.push(missing_on(host, link, unit, (ip, place), other, &uses));
            }
        }
    }
    drafts
}

fn missing_on(
    host: &Host,
    link: &Link<'_>,
    unit: &Unit,
    (ip, place): (IpAddr, Option<Place>),
    other: &Link<'_>,
    uses: &FxHashMap<Place, u32>,
) -> Draft {
    let family = Family::of(ip);
    let (guest, tap) = (&link.guest.name, link.tap().unwrap_or_default());
    let (severity, consequence) = match family {
        Family::V6 => {
            (Severity::Error, "nobody answers for its gateway there, and the guest reaches nothing over IPv6")
        }
        Family::V4 if is_strict(host) => {
            (Severity::Error, "with `arp_ignore` nobody answers for its gateway there, and the guest reaches nothing")
        }
        Family::V4 => {
            (Severity::Warning, "the host answers there only because Linux answers ARP for addresses of other links")
        }
    };
    let text = format!("{ip}/{}", family.host_length());
    let neighbour = unit
        .addresses
        .items
        .first()
        .filter(|address| !address.in_section)
        .and_then(|address| culprit::literal(&address.text));
    let fix = neighbour.map(|place| {
        let here = Place { file: place.file, span: Span::new(place.span.start, place.span.start) };
        // A literal that several files take their address from would give it to all of them.
        let is_own = uses.get(&place).is_none_or(|uses| *uses == 1);
        let safety = if is_own { Safety::Safe } else { Safety::Unsafe };
        Fix {
            title: format!("Add {text}"),
            safety,
            edits: vec![Edit { place: here, replacement: format!("\"{text}\"") }],
        }
    });
    Draft::new(
        Scope::link(link).family(family),
        format!(
            "the tap {tap} of guest {guest} lacks {ip}, which host {} has on its other taps, such as {}",
            host.name,
            other.tap().unwrap_or_default()
        ),
        consequence,
    )
    .severity(severity)
    .help(format!("add \"{text}\" to `address` of the host's file {}", unit.name))
    .label(unit.place.or(link.interface.place), format!("no {family} address of the host on {tap}"))
    .label(place, "the guest's gateway")
    .fix(fix)
}

/// Whether the host answers ARP only for addresses of the link that is asked on.
fn is_strict(host: &Host) -> bool {
    let ask = |key: &str| host.sysctls.iter().find(|(name, _)| name == key).and_then(|(_, fact)| fact.value());
    ["net.ipv4.conf.all.arp_ignore", "net.ipv4.conf.default.arp_ignore"]
        .iter()
        .any(|key| ask(key).is_some_and(|text| matches!(text.as_str(), "1" | "2" | "8")))
}

/// Taps on which the host has another address than on nearly all others, where the guest knows.
fn differs(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (_, host, links) in context.routed_hosts() {
        let only = |link: &Link<'_>| {
            let mut own = link.host_addresses().filter(|(ip, _)| ip.is_ipv4());
            let (ip, address) = own.next()?;
            own.next().is_none().then_some((ip, address.text.place()))
        };
        let mut counts: FxHashMap<IpAddr, usize> = FxHashMap::default();
        for (ip, _) in links.iter().filter_map(|link| only(link)) {
            *counts.entry(ip).or_default() += 1;
        }
        let Some((usual, count)) = counts.iter().max_by_key(|(ip, count)| (**count, std::cmp::Reverse(**ip))) else {
            continue;
        };
        if *count < 3 || *count * 4 < links.len() * 3 {
            continue;
        }
        for link in &links {
            let Some((ip, place)) = only(link).filter(|(ip, _)| ip != usual) else { continue };
            // Another gateway in the guest is an error, and told as such.
            let Some(unit) = link.guest_unit.unit().filter(|unit| gateways(unit).any(|(gateway, _)| gateway == ip))
            else {
                continue;
            };
            let tap = link.tap().unwrap_or_default();
            drafts.push(
                Draft::new(
                    Scope::link(link).family(Family::V4),
                    format!("host {} has {ip} on the tap {tap} and {usual} on {count} others", host.name),
                    format!(
                        "{} of guest {} says so too, but a guest that is copied from another one will not",
                        unit.name, link.guest.name
                    ),
                )
                .help(format!("use {usual} on all taps and as the gateway of all guests"))
                .label(place.or(link.interface.place), format!("{ip} on {tap}"))
                .label(
                    gateways(unit).find(|(gateway, _)| *gateway == ip).and_then(|(_, place)| place),
                    "the guest's gateway",
                ),
            );
        }
    }
    drafts
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{never, only, silent};

    fn fleet(host: &str, second: &str, gateway: &str) -> String {
        format!(
            "host h forward4 forward6 {host}
             unit 30-vm1 name=vm1 address=10.0.0.0/32,fd00::/128 route=10.0.0.1/32 route=fd00::1/128
             unit 30-vm2 name=vm2 {second} route=10.0.0.2/32 route=fd00::2/128
             guest a@h tap=vm1/02:00:00:00:00:01
             unit 10-e mac=02:00:00:00:00:01 address=10.0.0.1/32,fd00::1/128 route=-,via=10.0.0.0,onlink route=-,via=fd00::,onlink
             guest b@h tap=vm2/02:00:00:00:00:02
             unit 10-e mac=02:00:00:00:00:02 address=10.0.0.2/32,fd00::2/128 route=-,via={gateway},onlink"
        )
    }

    #[test]
    fn each_tap_needs_the_gateway_of_its_family() {
        let rule = "host-address-missing-on-tap";
        assert_eq!(only(&fleet("", "address=10.0.0.0/32", "fd00::"), rule).severity.word(), "error");
        assert_eq!(only(&fleet("", "address=fd00::/128", "10.0.0.0"), rule).severity.word(), "warning");
        let strict = fleet("sysctl:net.ipv4.conf.all.arp_ignore=1", "address=fd00::/128", "10.0.0.0");
        assert_eq!(only(&strict, rule).severity.word(), "error");
        silent(&fleet("", "address=10.0.0.0/32", "fe80::1"));
        silent(&fleet("", "address=10.0.0.0/32,fd00::/128", "fd00::"));
        silent(
            &fleet("", "address=fd00::/128 set:IPv4ProxyARP=true", "10.0.0.0").replace("fd00::2/128", "10.9.0.2/32"),
        );
    }

    #[test]
    fn one_tap_of_many_has_another_gateway() {
        let taps = |last: &str| {
            let mut text = "host h forward4\n".to_owned();
            let address = |number: u32| if number == 4 { last } else { "10.0.0.0" };
            for number in 1..=4 {
                text += &format!(
                    "unit 30-vm{number} name=vm{number} address={}/32 route=10.0.0.{number}/32\n",
                    address(number)
                );
            }
            for number in 1..=4 {
                text += &format!(
                    "guest g{number}@h tap=vm{number}/02:00:00:00:00:0{number}\nunit 10-e mac=02:00:00:00:00:0{number} address=10.0.0.{number}/32 route=-,via={},onlink\n",
                    address(number)
                );
            }
            text
        };
        only(&taps("10.0.0.254"), "host-address-differs-between-taps");
        never(&taps("10.0.0.0"), "host-address-differs-between-taps");
    }
}
