//! Files that are written and lost before the module system sees them, where somebody misses them.

use super::context::{Context, routed_address};
use super::draft::{Draft, Family, Scope};
use super::finding::Severity;
use super::rule::{Activation, FixKind, Group, RuleInfo};
use super::tap_without_network::bare_taps;
use crate::fleet::facts::Network;
use crate::fleet::links::{has_host_address, has_host_route};
use crate::fleet::{Choice, DroppedBy, DroppedUnit, Link, LinkProperties, Verdict, unit_matches};

const EFFECTS: &[&str] = &[
    "tap-without-network",
    "index-over-max-vms",
    "host-route-missing",
    "guest-address-missing",
    "guest-default-route-missing",
    "guest-gateway-not-host-address",
    "guest-host-address-disagree",
    "ipv4-forwarding-missing-on-tap",
    "tap-accepts-router-advertisements",
    "tap-dhcp-client",
];

pub(super) const COLLISION: RuleInfo = RuleInfo {
    name: "generated-name-collision",
    severity: Severity::Error,
    group: Group::Source,
    fix: FixKind::Manual,
    activation: Activation::Always,
    page: include_str!("generated_name_collision.md"),
    explains: EFFECTS,
    run: |context| missed(context).filter_map(|missed| collision(&missed)).collect(),
};

pub(super) const UPDATE: RuleInfo = RuleInfo {
    name: "shallow-update-drops-siblings",
    severity: Severity::Error,
    group: Group::Source,
    fix: FixKind::Manual,
    activation: Activation::Always,
    page: include_str!("shallow_update_drops_siblings.md"),
    explains: EFFECTS,
    run: |context| missed(context).filter_map(|missed| update(&missed)).collect(),
};

/// A lost file that a link would get.
struct Missed<'c, 'a> {
    link: &'c Link<'a>,
    dropped: &'a DroppedUnit,
    /// `host server`
    machine: String,
    breaks: String,
}

fn missed<'c, 'a>(context: &'c Context<'a>) -> impl Iterator<Item = Missed<'c, 'a>> {
    let taps = bare_taps(context).filter_map(|bare| {
        let names = [bare.id.value.as_str()];
        let dropped = lost_for(&bare.host.network, &LinkProperties::tap(&names))?;
        let breaks = format!(
            "the tap {} gets no address and no route, so guest {} reaches nothing",
            bare.id.value, bare.link.guest.name
        );
        Some(Missed { link: bare.link, dropped, machine: format!("host {}", bare.host.name), breaks })
    });
    let cards = context.links.routed().filter_map(|link| {
        let is_bare = match link.guest_unit {
            Choice::Nothing => true,
            Choice::Unit(unit) => unit.is_generated,
            Choice::Stock | Choice::Undecided => false,
        };
        let mac = link.interface.mac_address().filter(|_| is_bare)?;
        let dropped = lost_for(&link.guest.network, &LinkProperties::guest_nic(Some(mac)))?;
        let mut own = dropped.unit.addresses.items.iter().filter_map(|address| address.net);
        let led = own.find(|net| routed_address(link, Family::of(net.addr())) == Some(net.addr()))?;
        let breaks = format!("the guest does not have {}, which the host leads to it", led.addr());
        Some(Missed { link, dropped, machine: format!("guest {}", link.guest.name), breaks })
    });
    taps.chain(cards)
}

/// The lost file that certainly matches a link and gives it something.
fn lost_for<'a>(network: &'a Network, link: &LinkProperties<'_>) -> Option<&'a DroppedUnit> {
    let gives = |dropped: &&DroppedUnit| has_host_route(&dropped.unit) || has_host_address(&dropped.unit);
    network.dropped.iter().filter(gives).find(|dropped| unit_matches(&dropped.unit, link) == Verdict::Yes)
}

fn collision(missed: &Missed<'_, '_>) -> Option<Draft> {
    let DroppedBy::Entry { name } = missed.dropped.by else { return None };
    let unit = &missed.dropped.unit;
    let wrong = format!(
        "two entries of a generated set are called {}, and the one for the link of guest {} is lost on {}",
        unit.name, missed.link.guest.name, missed.machine
    );
    Some(
        Draft::new(Scope::link(missed.link), wrong, missed.breaks.clone())
            .help("make the names of all entries different: of two with one name the first is kept")
            .label(name.or(unit.place), format!("gives {} more than once", unit.name))
            .label(unit.matching.names.items.first().and_then(|name| name.place()), "of the entry that is lost"),
    )
}

fn update(missed: &Missed<'_, '_>) -> Option<Draft> {
    let DroppedBy::Update { name, right } = missed.dropped.by else { return None };
    let unit = &missed.dropped.unit;
    let wrong = format!(
        "the file {} of {} is written and dropped: `//` joins only the outermost names, and both of its sides have `{name}`",
        unit.name, missed.machine
    );
    Some(
        Draft::new(Scope::link(missed.link), wrong, missed.breaks.clone())
            .help("make modules of the two sets and list them in `imports`, or join them with `lib.recursiveUpdate`")
            .label(right, format!("takes the place of all of `{name}` to the left of `//`"))
            .label(unit.place, "is dropped"),
    )
}
