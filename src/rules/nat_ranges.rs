//! Ranges of `networking.nat`: what they cover and what they leave out.

use std::net::IpAddr;

use ipnet::IpNet;

use super::context::{Context, has_default_route, is_private};
use super::culprit;
use super::draft::{Draft, Family, Scope};
use super::finding::{Fix, Safety, Severity};
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::facts::parse_prefix;
use crate::fleet::{Address, Fact, Host, Link, Listed, Sourced, Unit, glob_matches};
use crate::source::Place;

pub(super) const NOT_COVERED: RuleInfo = RuleInfo {
    name: "nat-subnet-does-not-cover-guest",
    severity: Severity::Error,
    group: Group::Nat,
    fix: FixKind::Automatic,
    activation: Activation::Always,
    page: include_str!("nat_subnet_does_not_cover_guest.md"),
    explains: &["nat-prefix-smaller-than-capacity"],
    run: not_covered,
};

pub(super) const TOO_SMALL: RuleInfo = RuleInfo {
    name: "nat-prefix-smaller-than-capacity",
    severity: Severity::Error,
    group: Group::Nat,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("nat_prefix_smaller_than_capacity.md"),
    explains: &[],
    run: too_small,
};

fn not_covered(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host, links) in context.routed_hosts() {
        for family in Family::BOTH {
            let Some(ranges) = Ranges::of(host, family) else { continue };
            let outside: Vec<_> =
                links.iter().filter_map(|link| Some((*link, uncovered(link, &ranges, family)?))).collect();
            let Some((first, (ip, _))) = outside.first() else { continue };
            let mut scope = Scope::guests(Some(id), outside.iter().map(|(link, _)| link.guest_id));
            scope.family = Some(family);
            let more = match scope.guests.len() {
                1 => String::new(),
                _ => format!(" ({} in all)", context.guests_named(&scope.guests)),
            };
            let mut draft = Draft::new(
                scope,
                format!(
                    "no range of `networking.nat.{}` on host {} covers {ip} of guest {}{more}",
                    ranges.option, host.name, first.guest.name
                ),
                "its packets leave with their private source address, and no reply comes back",
            )
            .help(match ranges.nets.as_slice() {
                [] => format!("add a range that covers all guests to `networking.nat.{}`", ranges.option),
                [net] => format!("make the range {net} wide enough for {ip}, or give the guest an address inside it"),
                _ => format!("add a range that covers {ip} to `networking.nat.{}`", ranges.option),
            })
            .label(ranges.place, format!("does not cover {ip}"));
            for (link, (ip, address)) in &outside {
                draft = draft.label(culprit::in_address(address), format!("{ip} of guest {}", link.guest.name));
            }
            draft = draft.fix(widened(host, &ranges, outside.iter().map(|(_, (ip, _))| *ip)));
            drafts.push(draft);
        }
    }
    drafts
}

fn too_small(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host, links) in context.routed_hosts() {
        let Some(ranges) = Ranges::of(host, Family::V4).filter(|ranges| !ranges.nets.is_empty()) else { continue };
        // A guest that is outside already is a finding of its own about the same range.
        if links.iter().any(|link| uncovered(link, &ranges, Family::V4).is_some()) {
            continue;
        }
        // Files from the place that also makes the file of a translated guest are meant for such guests.
        let generators: Vec<Place> = links
            .iter()
            .filter(|link| link.guest_addresses().any(|(ip, _)| ranges.cover(ip)))
            .filter_map(|link| link.host_unit.unit()?.place)
            .collect();
        let prepared =
            host.network.units.items.iter().filter(|unit| unit.place.is_some_and(|place| generators.contains(&place)));
        let outside = prepared.flat_map(|unit| prepared_addresses(unit).map(move |(ip, text)| (unit, ip, text)));
        let outside: Vec<_> =
            outside.filter(|(unit, ip, _)| !ranges.cover(*ip) && is_private(*ip) && !ranges.cover_tap(unit)).collect();
        let Some((unit, ip, text)) = outside.iter().min_by_key(|(_, ip, _)| *ip) else { continue };
        let fix = widened(host, &ranges, outside.iter().map(|(_, ip, _)| *ip));
        drafts.push(
            Draft::new(
                Scope::host(id).family(Family::V4),
                format!(
                    "host {} prepares taps that no range of `networking.nat.internalIPs` covers, the first with {ip} in {}",
                    host.name, unit.name
                ),
                "a guest there gets no reply from outside",
            )
            .help("make the range as wide as the prepared taps, or prepare fewer of them")
            .label(ranges.place, format!("does not cover {ip}"))
            .label(culprit::in_prefix(text).or(unit.place), format!("{ip} is prepared here"))
            .fix(fix.map(|fix| Fix { safety: Safety::Unsafe, ..fix })),
        );
    }
    drafts
}

/// An edit that makes the only range wide enough for addresses, if it then covers no other network of the host. It is safe where it grows to the
/// double at most: the addresses are then beside the range.
fn widened(host: &Host, ranges: &Ranges<'_>, addresses: impl Iterator<Item = IpAddr>) -> Option<Fix> {
    let ([net], [text]) = (ranges.nets.as_slice(), ranges.texts) else { return None };
    let addresses: Vec<IpAddr> = addresses.collect();
    let is_wide_enough = |wide: &IpNet| addresses.iter().all(|ip| wide.contains(ip));
    let shorter = (1..=MOST_BITS).filter_map(|bits| IpNet::new(net.addr(), net.prefix_len().checked_sub(bits)?).ok());
    let wide = shorter.map(|wide| wide.trunc()).find(is_wide_enough)?;
    let mut others = host.network.units.items.iter().flat_map(super::context::networks_of);
    let is_free = !others.any(|other| wide.contains(&other) && !net.contains(&other));
    let safety = if net.prefix_len() - wide.prefix_len() == 1 { Safety::Safe } else { Safety::Unsafe };
    is_free.then(|| culprit::replace_literal(text, &wide.to_string(), format!("Write {wide}"), safety))?
}

/// A range that would have to grow by more bits than this is another one.
const MOST_BITS: u8 = 8;

fn prepared_addresses(unit: &Unit) -> impl Iterator<Item = (IpAddr, &Sourced<String>)> {
    unit.routes.items.iter().filter_map(|route| {
        let net = route.destination_net().filter(|net| net.prefix_len() == 32 && net.addr().is_ipv4())?;
        Some((net.addr(), route.destination.known()?))
    })
}

/// What the host certainly translates for a family.
pub(super) struct Ranges<'a> {
    option: &'static str,
    texts: &'a [Sourced<String>],
    nets: Vec<IpNet>,
    interfaces: &'a Listed<Sourced<String>>,
    /// The last range, else where translation is turned on.
    place: Option<Place>,
}

impl<'a> Ranges<'a> {
    /// `None` if the host does not translate, or may do so in ways that are not known.
    pub(super) fn of(host: &'a Host, family: Family) -> Option<Self> {
        let nat = &host.nat;
        let (option, list, is_on) = match family {
            Family::V4 => ("internalIPs", &nat.internal_ips, nat.enable.is_true()),
            Family::V6 => ("internalIPv6s", &nat.internal_ipv6s, nat.enable.is_true() && nat.enable_ipv6.is_true()),
        };
        let is_known =
            list.is_complete && nat.internal_interfaces.is_complete && !nat.has_other_rules() && !masquerades(host);
        if !is_on || !is_known {
            return None;
        }
        let nets: Option<Vec<IpNet>> = list.items.iter().map(|text| parse_prefix(&text.value)).collect();
        let place = list.items.last().and_then(Sourced::place).or(nat.enable.place());
        nets.map(|nets| Self { option, texts: &list.items, nets, interfaces: &nat.internal_interfaces, place })
    }

    pub(super) fn cover(&self, ip: IpAddr) -> bool {
        self.nets.iter().any(|net| net.contains(&ip))
    }

    /// Whether a tap is translated by its name. Either dialect of wildcards counts (`vm+` for iptables, `vm*` for nftables).
    pub(super) fn cover_name(&self, tap: &str) -> bool {
        self.interfaces.items.iter().any(|pattern| glob_matches(&pattern.value.replace('+', "*"), tap))
    }

    fn cover_tap(&self, unit: &Unit) -> bool {
        unit.matching.names.items.iter().any(|name| self.cover_name(&name.value))
    }
}

/// Whether networkd translates for some link (`IPMasquerade=`).
fn masquerades(host: &Host) -> bool {
    !host.network.units.is_complete
        || host.network.units.items.iter().any(|unit| unit.has_extra_config || unit.setting("IPMasquerade").is_some())
}

/// The private address of a guest that sends it outside untranslated.
pub(super) fn uncovered<'a>(link: &Link<'a>, ranges: &Ranges<'_>, family: Family) -> Option<(IpAddr, &'a Address)> {
    let unit = link.guest_unit.unit()?;
    let tap = link.tap()?;
    let leaves = has_default_route(unit, family) && !ranges.cover_name(tap) && unit.addresses.is_complete;
    let mut addresses = link.guest_addresses().filter(|(ip, _)| Family::of(*ip) == family);
    // One address that is translated, or needs no translation, is enough to reach the outside.
    let all_private =
        addresses.all(|(ip, _)| (is_private(ip) || super::context::is_link_local(ip)) && !ranges.cover(ip));
    let mut addresses = link.guest_addresses().filter(|(ip, _)| Family::of(*ip) == family && is_private(*ip));
    addresses.next().filter(|_| leaves && all_private)
}

/// Whether a fact about translation is known to be off.
pub(super) fn is_off(fact: &Fact<bool>) -> bool {
    match fact {
        Fact::Absent => true,
        Fact::Known(flag) => !flag.value,
        Fact::Unknown => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{reports, silent};

    fn fleet(host: &str, address: &str) -> String {
        format!(
            "host h {host}
             unit 30-vm1 name=vm1 address=10.0.0.0/32 route={address}/32
             guest a@h tap=vm1/02:00:00:00:00:01
             unit 10-e mac=02:00:00:00:00:01 address={address}/32 route=-,via=10.0.0.0,onlink"
        )
    }

    #[test]
    fn ranges_must_cover_private_guests() {
        silent(&fleet("nat=10.0.0.0/26", "10.0.0.63"));
        reports(&fleet("nat=10.0.0.0/26", "10.0.0.70"), &[("nat-subnet-does-not-cover-guest", "10.0.0.0/26")]);
        silent(&fleet("nat=10.0.0.0/26", "192.0.2.70"));
        silent(&fleet("nat=10.0.0.0/26 internal=vm+", "10.0.0.70"));
        silent(&fleet("nat=10.0.0.0/26,unknown", "10.0.0.70"));
        silent(&fleet("nat=10.0.0.0/26 other-rules", "10.0.0.70"));
        silent(&fleet("forward4", "10.0.0.70"));
    }
}
