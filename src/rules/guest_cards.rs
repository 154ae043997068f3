//! Several cards of one guest, or links that hang on its card: files that fit more than was meant, and default routes side by side.

use super::context::{Context, is_default_route, is_plain};
use super::culprit;
use super::draft::{Draft, Family, Scope};
use super::finding::{Safety, Severity};
use super::rule::{Activation, FixKind, Group, RuleInfo};
use super::wording;
use crate::fleet::{Fact, Link, Origin, Route, Unit};

pub(super) const SHARED: RuleInfo = RuleInfo {
    name: "guest-network-matches-several-nics",
    severity: Severity::Warning,
    group: Group::Addressing,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("guest_network_matches_several_nics.md"),
    explains: &[],
    run: |context| guests(context).filter_map(shared).collect(),
};

pub(super) const DERIVED: RuleInfo = RuleInfo {
    name: "guest-mac-match-captures-derived-links",
    severity: Severity::Note,
    group: Group::Addressing,
    fix: FixKind::Automatic,
    activation: Activation::Always,
    page: include_str!("guest_mac_match_captures_derived_links.md"),
    explains: &[],
    run: |context| context.links.routed().filter_map(derived).collect(),
};

pub(super) const METRICS: RuleInfo = RuleInfo {
    name: "several-default-routes-same-metric",
    severity: Severity::Warning,
    group: Group::Routes,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("several_default_routes_same_metric.md"),
    explains: &[],
    run: |context| {
        let guests = guests(context);
        guests.flat_map(|cards| Family::BOTH.into_iter().filter_map(|family| metrics(cards, family))).collect()
    },
};

/// The cards of each guest of which at least one is routed and that has several.
fn guests<'c, 'a>(context: &'c Context<'a>) -> impl Iterator<Item = &'c [Link<'a>]> {
    let guests = context.links.all.chunk_by(|one, next| one.guest_id == next.guest_id);
    guests.filter(|cards| cards.len() > 1 && cards.iter().any(Link::is_routed))
}

fn card_name<'a>(card: &Link<'a>) -> &'a str {
    card.interface.id.value().map_or("?", String::as_str)
}

/// A file with an address that several cards of a guest get.
fn shared(cards: &[Link<'_>]) -> Option<Draft> {
    let first = cards.first()?;
    let (routed, unit) = cards.iter().filter(|card| card.is_routed()).find_map(|card| {
        let unit = card.guest_unit.unit().filter(|unit| !unit.is_generated)?;
        Some((card, unit))
    })?;
    let gets_it = |card: &&Link<'_>| card.guest_unit.unit().is_some_and(|other| other.name == unit.name);
    let names: Vec<&str> = cards.iter().filter(gets_it).map(card_name).collect();
    let (ip, address) = routed.guest_addresses().next().filter(|_| names.len() > 1)?;
    let matching = &unit.matching;
    let pattern = matching.types.items.first().or(matching.names.items.first());
    let mac = routed.interface.mac_address().filter(|_| matching.macs.items.is_empty());
    let guest = &first.guest.name;
    let help = match mac {
        Some(mac) => format!("match {} by its address: `matchConfig.MACAddress = \"{mac}\";`", card_name(routed)),
        None => format!("match {} by its address (`matchConfig.MACAddress`)", card_name(routed)),
    };
    let fix = mac.and_then(|mac| {
        let title = format!("Match {mac} only");
        culprit::insert_at(&pattern?.origin, &format!("MACAddress = \"{mac}\";"), title, Safety::Unsafe)
    });
    Some(
        Draft::new(
            Scope::link(routed),
            format!("{} of guest {guest} fits its cards {}", unit.name, wording::list(&names)),
            format!("each gets {ip} and the routes, and replies may leave by the wrong one"),
        )
        .help(help)
        .label(pattern.and_then(|text| text.place()).or(unit.place), "fits more than one card")
        .label(culprit::in_address(address), "given to each of them")
        .fix(fix),
    )
}

/// Kinds of devices that take the Ethernet address of the card below or inside them.
const INHERITING: &[&str] = &["bridge", "vlan", "ipvlan"];

/// A file that matches by nothing but the address, in a guest that makes devices with the same address.
fn derived(link: &Link<'_>) -> Option<Draft> {
    let unit = link.guest_unit.unit()?;
    let matching = &unit.matching;
    let by_address_only = !matching.macs.items.is_empty()
        && matching.is_complete
        && matching.others.is_empty()
        && [&matching.names, &matching.types, &matching.kinds]
            .iter()
            .all(|list| list.items.is_empty() && list.is_complete);
    let device = link
        .guest
        .netdevs
        .iter()
        .find(|device| device.kind.value().is_some_and(|kind| INHERITING.contains(&kind.as_str())));
    let (device, mac) = (device.filter(|_| by_address_only)?, matching.macs.items.first()?);
    let kind = device.kind.value()?;
    Some(
        Draft::new(
            Scope::link(link),
            format!(
                "{} of guest {} matches by the address {} alone, which the {kind} {} takes over from the card",
                unit.name, link.guest.name, mac.value, device.name.value
            ),
            "the file then applies to it as well",
        )
        .help("add `Kind = \"!*\";` to `matchConfig`: a card has no kind, what is made from it has one")
        .label(mac.place().or(unit.place), "fits the card and what is made from it")
        .label(device.name.place(), format!("a {kind}"))
        .fix(culprit::insert_at(&mac.origin, "Kind = \"!*\";", "Match the card only", Safety::Safe)),
    )
}

/// A default route of one card, with its metric.
struct WayOut<'c, 'a> {
    card: &'c Link<'a>,
    unit: &'a Unit,
    route: Option<&'a Route>,
    metric: Option<&'a str>,
}

fn ways_out<'c, 'a>(card: &'c Link<'a>, family: Family) -> Vec<WayOut<'c, 'a>> {
    let Some(unit) = card.guest_unit.unit().filter(|unit| !unit.has_extra_config) else { return Vec::new() };
    let routes = unit.routes.items.iter().filter(|route| is_plain(route) && is_default_route(route, family));
    let routes = routes.filter_map(|route| {
        let metric = match route.other("Metric") {
            None | Some(Fact::Absent) => None,
            Some(Fact::Known(text)) => Some(text.value.as_str()),
            Some(Fact::Unknown) => return None,
        };
        Some(WayOut { card, unit, route: Some(route), metric })
    });
    let shorthand = unit.gateways.items.iter().filter_map(|text| text.value.parse().ok());
    let shorthand =
        shorthand.filter(|ip| Family::of(*ip) == family).map(|_| WayOut { card, unit, route: None, metric: None });
    routes.chain(shorthand).collect()
}

/// Two cards with default routes that the kernel takes for one.
fn metrics(cards: &[Link<'_>], family: Family) -> Option<Draft> {
    let ways: Vec<WayOut<'_, '_>> = cards.iter().flat_map(|card| ways_out(card, family)).collect();
    let (one, other) = ways.iter().enumerate().find_map(|(number, one)| {
        let other = ways
            .iter()
            .skip(number + 1)
            .find(|other| other.unit.name != one.unit.name && other.metric == one.metric)?;
        Some((one, other))
    })?;
    // The routed card is the way out that is meant.
    let (first, second) = if one.card.is_routed() { (one, other) } else { (other, one) };
    let place =
        |way: &WayOut<'_, '_>| way.route.and_then(|route| route.gateway.place().or(route.place)).or(way.unit.place);
    let origin = second.route.and_then(|route| route.gateway.known()).map(|text| &text.origin);
    let fix = origin.filter(|_| second.metric.is_none()).and_then(|origin: &Origin| {
        culprit::insert_at(
            origin,
            "Metric = 2048;",
            format!("Let {} come second", card_name(second.card)),
            Safety::Unsafe,
        )
    });
    Some(
        Draft::new(
            Scope::link(first.card).family(family),
            format!(
                "guest {} has {family} default routes on its cards {} and {} with one metric",
                first.card.guest.name,
                card_name(first.card),
                card_name(second.card)
            ),
            "the kernel keeps the one that comes first, and networkd calls both set",
        )
        .help(format!("give the route that is to be the spare one a `Metric`, such as 2048, in {}", second.unit.name))
        .label(place(second), format!("a default route on {}", card_name(second.card)))
        .label(place(first), format!("a default route on {}", card_name(first.card)))
        .fix(fix),
    )
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{only, reports, silent};

    const CARDS: &str = "guest a tap=vm1/02:00:00:00:00:01 user=q/02:00:00:00:00:02";

    #[test]
    fn one_file_for_two_cards() {
        let fleet = |matching: &str| format!("{CARDS}\nunit 10-e {matching} address=10.0.0.1/32");
        reports(&fleet("type=ether"), &[("guest-network-matches-several-nics", "ether")]);
        silent(&fleet("type=ether mac=02:00:00:00:00:01"));
    }

    #[test]
    fn two_ways_out_need_an_order() {
        let fleet = |second: &str| {
            format!(
                "{CARDS}
                 unit 10-e mac=02:00:00:00:00:01 address=10.0.0.1/32 route=-,via=10.0.0.0,onlink
                 unit 20-q mac=02:00:00:00:00:02 address=10.0.2.15/24 {second}"
            )
        };
        reports(&fleet("gateway=10.0.2.2"), &[("several-default-routes-same-metric", "20-q")]);
        reports(&fleet("route=0.0.0.0/0,via=10.0.2.2"), &[("several-default-routes-same-metric", "10.0.2.2")]);
        silent(&fleet("route=0.0.0.0/0,via=10.0.2.2,metric=2048"));
        silent(&fleet("set:DHCP=yes"));
    }

    #[test]
    fn what_is_made_from_a_card_has_its_address() {
        let fleet = |device: &str, matching: &str| {
            format!(
                "guest a {device} tap=vm1/02:00:00:00:00:01\nunit 10-e mac=02:00:00:00:00:01 {matching} address=10.0.0.1/32"
            )
        };
        let finding = only(&fleet("netdev=lan/vlan", ""), "guest-mac-match-captures-derived-links");
        assert!(finding.message.contains("the vlan lan"), "{}", finding.message);
        for (device, matching) in [("netdev=wg0/wireguard", ""), ("netdev=lan/vlan", "type=ether kind=!*")] {
            crate::rules::testing::never(&fleet(device, matching), "guest-mac-match-captures-derived-links");
        }
    }
}
