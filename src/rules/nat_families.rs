//! `networking.nat` and the two address families: a range in the list of the other one, ranges of IPv6 that are never used, and
//! guests whose IPv6 packets leave untranslated beside IPv4 ones that do not.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;

use super::additions;
use super::context::{Context, has_default_route, is_private};
use super::culprit;
use super::draft::{Draft, Family, Scope};
use super::finding::{Edit, Fix, Safety, Severity};
use super::nat_ranges::is_off;
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::facts::parse_prefix;
use crate::fleet::{Fact, Host, Link, Nat, Sourced};

pub(super) const MISMATCH: RuleInfo = RuleInfo {
    name: "nat-family-mismatch",
    severity: Severity::Error,
    group: Group::Nat,
    fix: FixKind::Automatic,
    activation: Activation::Always,
    page: include_str!("nat_family_mismatch.md"),
    explains: &["nat-ipv6-missing", "nat-ipv6-ranges-ignored", "nat-subnet-does-not-cover-guest"],
    run: mismatch,
};

pub(super) const IGNORED: RuleInfo = RuleInfo {
    name: "nat-ipv6-ranges-ignored",
    severity: Severity::Error,
    group: Group::Nat,
    fix: FixKind::Automatic,
    activation: Activation::Always,
    page: include_str!("nat_ipv6_ranges_ignored.md"),
    explains: &["nat-ipv6-missing"],
    run: ignored,
};

pub(super) const IPV6_MISSING: RuleInfo = RuleInfo {
    name: "nat-ipv6-missing",
    severity: Severity::Warning,
    group: Group::Nat,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("nat_ipv6_missing.md"),
    explains: &[],
    run: ipv6_missing,
};

fn mismatch(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host) in context.fleet.numbered_hosts().filter(|(_, host)| host.nat.enable.is_true()) {
        for text in of_family(&host.nat.internal_ips.items, Family::V6) {
            let consequence = if host.nftables.is_true() {
                "the ruleset does not build"
            } else {
                "iptables refuses it, and the firewall script stops before it filters anything: the host is without its firewall"
            };
            drafts.push(
                Draft::new(
                    Scope::host(id),
                    format!(
                        "the IPv6 range {} stands in `networking.nat.internalIPs` of host {}, which is for IPv4",
                        text.value, host.name
                    ),
                    consequence,
                )
                .help("move it to `networking.nat.internalIPv6s` and set `networking.nat.enableIPv6 = true;`")
                .label(text.place(), "an IPv6 range")
                .fix(moved(host, text, Family::V6)),
            );
        }
        if !host.nat.enable_ipv6.is_true() {
            continue;
        }
        for text in of_family(&host.nat.internal_ipv6s.items, Family::V4) {
            drafts.push(
                Draft::new(
                    Scope::host(id),
                    format!(
                        "the IPv4 range {} stands in `networking.nat.internalIPv6s` of host {}, which is for IPv6",
                        text.value, host.name
                    ),
                    "the firewall refuses it and does not start",
                )
                .help("move it to `networking.nat.internalIPs`")
                .label(text.place(), "an IPv4 range")
                .fix(moved(host, text, Family::V4)),
            );
        }
    }
    drafts
}

/// An edit that moves a range to the list of its own family.
fn moved(host: &Host, range: &Sourced<String>, family: Family) -> Option<Fix> {
    let nat = &host.nat;
    let (from, to, option) = match family {
        Family::V6 => (&nat.internal_ips, &nat.internal_ipv6s, "internalIPv6s"),
        Family::V4 => (&nat.internal_ipv6s, &nat.internal_ips, "internalIPs"),
    };
    let removal = Edit { place: culprit::literal(range)?, replacement: String::new() };
    let removal = Fix { title: String::new(), safety: Safety::Safe, edits: vec![removal] };
    let first = from.items.first()?;
    let is_to_turn_on = family == Family::V6 && !nat.enable_ipv6.is_true();
    let addition = match to.items.first() {
        Some(neighbour) => additions::element(neighbour, &range.value),
        None if is_to_turn_on && matches!(nat.enable_ipv6, Fact::Absent) => {
            let settings = format!("enableIPv6 = true;\n{option} = [ \"{}\" ];", range.value);
            additions::beside_list(first, &settings, Safety::Safe)
        }
        None => additions::beside_list(first, &format!("{option} = [ \"{}\" ];", range.value), Safety::Safe),
    };
    let switch = is_to_turn_on && (!to.items.is_empty() || !matches!(nat.enable_ipv6, Fact::Absent));
    let switch = switch.then(|| additions::turn_on(&nat.enable_ipv6, "enableIPv6", first));
    let fixes = [Some(removal), addition].into_iter().chain(switch);
    additions::together(fixes, format!("Move {} to `{option}`", range.value), Safety::Safe)
}

fn of_family(items: &[Sourced<String>], family: Family) -> impl Iterator<Item = &Sourced<String>> {
    items.iter().filter(move |text| parse_prefix(&text.value).is_some_and(|net| Family::of(net.addr()) == family))
}

fn ignored(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host) in context.fleet.numbered_hosts() {
        let nat = &host.nat;
        let Some(range) = nat.internal_ipv6s.items.first().filter(|_| nat.enable.is_true() && is_off(&nat.enable_ipv6))
        else {
            continue;
        };
        drafts.push(
            Draft::new(
                Scope::host(id),
                format!(
                    "host {} lists {} in `networking.nat.internalIPv6s`, but `networking.nat.enableIPv6` is off",
                    host.name, range.value
                ),
                "the range is ignored, and IPv6 packets of guests leave untranslated",
            )
            .help("set `networking.nat.enableIPv6 = true;`")
            .label(range.place(), "never used")
            .label(nat.enable_ipv6.place(), "off")
            .fix(additions::turn_on(&nat.enable_ipv6, "enableIPv6", range)),
        );
    }
    drafts
}

fn ipv6_missing(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host, links) in context.routed_hosts() {
        if !translates_ipv4_only(host) {
            continue;
        }
        let stuck: Vec<_> = links.iter().filter_map(|link| Some((*link, private_ipv6(link)?))).collect();
        let Some((first, ip)) = stuck.first() else { continue };
        let mut scope = Scope::guests(Some(id), stuck.iter().map(|(link, _)| link.guest_id));
        scope.family = Some(Family::V6);
        let route = first.guest_unit.unit().and_then(|unit| {
            unit.routes.items.iter().find(|route| super::context::is_default_route(route, Family::V6))
        });
        let nat = &host.nat;
        let guests = context.guests_named(&scope.guests);
        let send = if scope.guests.len() == 1 { "sends" } else { "send" };
        drafts.push(
            Draft::new(
                scope,
                format!(
                    "host {} translates IPv4 addresses only, but {guests} {send} IPv6 to everywhere from private addresses such as {ip}",
                    host.name
                ),
                "no reply comes back, and every connection waits for IPv6 to fail first",
            )
            .help("set `networking.nat.enableIPv6 = true;` with the guests' range in `networking.nat.internalIPv6s`, or drop the guests' IPv6 default route and resolvers")
            .fix(translate_ipv6(nat, stuck.iter().map(|(_, ip)| *ip)))
            .label(nat.internal_ips.items.first().and_then(Sourced::place).or(nat.enable.place()), "IPv4 only")
            .label(route.and_then(|route| route.gateway.place().or(route.place)), format!("the IPv6 default route of guest {}", first.guest.name)),
        );
    }
    drafts
}

/// An edit that translates IPv6 too, where the addresses are of one /64.
fn translate_ipv6(nat: &Nat, addresses: impl Iterator<Item = IpAddr>) -> Option<Fix> {
    let ranges: BTreeSet<IpNet> = addresses.filter_map(|ip| IpNet::new(ip, 64).ok()).map(|net| net.trunc()).collect();
    let range = ranges.first().filter(|_| ranges.len() == 1 && nat.internal_ipv6s.items.is_empty())?;
    let new = format!("enableIPv6 = true;\ninternalIPv6s = [ \"{range}\" ];");
    culprit::insert_before(&nat.enable, &new, format!("Translate {range} too"), Safety::Unsafe)
}

fn translates_ipv4_only(host: &Host) -> bool {
    let nat = &host.nat;
    let units = &host.network.units;
    let is_translating =
        nat.enable.is_true() && (!nat.internal_ips.items.is_empty() || !nat.internal_interfaces.items.is_empty());
    let by_networkd = units.items.iter().any(|unit| unit.has_extra_config || unit.setting("IPMasquerade").is_some());
    is_translating && is_off(&nat.enable_ipv6) && !nat.has_other_rules() && units.is_complete && !by_networkd
}

/// A private address of a guest that sends IPv6 to everywhere and has no public one.
fn private_ipv6(link: &Link<'_>) -> Option<IpAddr> {
    let unit =
        link.guest_unit.unit().filter(|unit| unit.addresses.is_complete && has_default_route(unit, Family::V6))?;
    let is_ipv6_off = matches!(&link.guest.network.enable_ipv6, Fact::Known(is_on) if !is_on.value);
    let addresses: Vec<IpAddr> = unit
        .addresses
        .items
        .iter()
        .filter_map(|address| address.net)
        .map(|net| net.addr())
        .filter(IpAddr::is_ipv6)
        .collect();
    let first = addresses.iter().find(|ip| is_private(**ip))?;
    let is_private_only = addresses.iter().all(|ip| is_private(*ip) || super::context::is_link_local(*ip));
    (is_private_only && !is_ipv6_off).then_some(*first)
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{reports, silent};

    fn fleet(host: &str, guest: &str) -> String {
        format!(
            "host h {host} forward6
             unit 30-vm1 name=vm1 address=10.0.0.0/32,fd00::/128 route=10.0.0.1/32 route={guest}/128
             guest a@h tap=vm1/02:00:00:00:00:01
             unit 10-e mac=02:00:00:00:00:01 address=10.0.0.1/32,{guest}/128 route=-,via=10.0.0.0,onlink route=::/0,via=fd00::,onlink"
        )
    }

    #[test]
    fn ranges_belong_to_their_family() {
        reports("host h nat=10.0.0.0/24,fd00::/64", &[("nat-family-mismatch", "fd00::/64")]);
        reports("host h nat=10.0.0.0/24 nat6=fd00::/64,10.1.0.0/24", &[("nat-family-mismatch", "10.1.0.0/24")]);
        reports("host h nat=10.0.0.0/24 range6=fd00::/64", &[("nat-ipv6-ranges-ignored", "fd00::/64")]);
        silent("host h nat=10.0.0.0/24 nat6=fd00::/64");
    }

    #[test]
    fn private_ipv6_needs_translation_too() {
        reports(&fleet("nat=10.0.0.0/24", "fd00::1"), &[("nat-ipv6-missing", "10.0.0.0/24")]);
        reports(&fleet("nat=10.0.0.0/24", "fec0::1"), &[("nat-ipv6-missing", "10.0.0.0/24")]);
        silent(&fleet("nat=10.0.0.0/24", "2001:db8::1"));
        silent(&fleet("nat=10.0.0.0/24 nat6=fd00::/64", "fd00::1"));
        silent(&fleet("nat=10.0.0.0/24 other-rules", "fd00::1"));
    }
}
