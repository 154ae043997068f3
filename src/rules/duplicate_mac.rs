//! Equal MAC addresses: on one segment, where they cost packets; in two guests without one, which works; and in one guest, which does not.

use super::context::Context;
use super::culprit;
use super::draft::{Draft, Scope};
use super::duplicates::clashes;
use super::finding::Severity;
use super::rewrite;
use super::rule::{Activation, FixKind, Group, RuleInfo};
use super::wording;
use crate::fleet::{Guest, Link, MacAddress};

pub(super) const SEGMENT: RuleInfo = RuleInfo {
    name: "duplicate-mac-same-segment",
    severity: Severity::Error,
    group: Group::Uniqueness,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("duplicate_mac_same_segment.md"),
    explains: &["duplicate-mac-across-vms"],
    run: same_segment,
};

pub(super) const ACROSS: RuleInfo = RuleInfo {
    name: "duplicate-mac-across-vms",
    severity: Severity::Warning,
    group: Group::Uniqueness,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("duplicate_mac_across_vms.md"),
    explains: &[],
    run: across,
};

pub(super) const WITHIN: RuleInfo = RuleInfo {
    name: "duplicate-mac-within-vm",
    severity: Severity::Error,
    group: Group::Uniqueness,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("duplicate_mac_within_vm.md"),
    explains: &[
        "guest-match-mac-mismatch",
        "host-route-missing",
        "host-route-on-wrong-tap",
        "guest-host-address-disagree",
        "guest-gateway-not-host-address",
        "network-shadowed",
        "guest-network-matches-several-nics",
    ],
    run: within,
};

fn same_segment(context: &Context<'_>) -> Vec<Draft> {
    // Which bridge it is, is only known together with the host.
    let links = context.links.all.iter().filter(|link| link.host_id.is_some());
    let clashes = clashes(context.fleet, links, |link| {
        segment(link).and_then(|segment| Some((segment, link.interface.mac_address()?))).into_iter().collect()
    });
    let draft = |clash: super::duplicates::Clash<'_, '_, ((Segment, &str), MacAddress)>| {
        let ((kind, name), mac) = clash.value;
        let names: Vec<&str> = clash.links.iter().map(|link| link.guest.name.as_str()).collect();
        let on = match kind {
            Segment::Bridge => format!("on the bridge {name}"),
            Segment::Parent => format!("on {name}, through macvtap"),
        };
        let mut draft = clash
            .draft(
                format!("guests {} have the same MAC address {mac} {on}", wording::list(&names)),
                "packets for one go to the other, and most are lost",
            )
            .help("give every guest but one another MAC address, best derived from the guest's name or index");
        for link in &clash.links {
            let place = link.interface.mac.known().and_then(culprit::at_end);
            draft = draft.label(place.or(link.interface.place), format!("{mac} of guest {}", link.guest.name));
        }
        let last = clash.links.last().filter(|_| draft.labels.len() > 1);
        draft.fix(last.and_then(|link| rewrite::mac(link, free_mac(context, link, mac)?)))
    };
    clashes.into_iter().map(draft).collect()
}

/// An address for a card in place of one that another has: by the scheme of its siblings, if it shows one.
fn free_mac(context: &Context<'_>, link: &Link<'_>, taken: MacAddress) -> Option<MacAddress> {
    let index = link.guest.index.as_ref().map(|index| index.value).filter(|_| link.position == 0);
    context.free.mac_of(link.host_id, index, taken)
}

/// What cards share an Ethernet segment by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Segment {
    Bridge,
    Parent,
}

/// The segment that a card hangs on together with others: a bridge, or the device below a macvtap.
fn segment<'a>(link: &Link<'a>) -> Option<(Segment, &'a str)> {
    match link.interface.kind.value()?.as_str() {
        "macvtap" => Some((Segment::Parent, link.interface.link.value()?)),
        _ => Some((Segment::Bridge, &link.bridge?.value)),
    }
}

fn across(context: &Context<'_>) -> Vec<Draft> {
    let draft = |clash: super::duplicates::Clash<'_, '_, MacAddress>| {
        let mac = clash.value;
        let names: Vec<&str> = clash.links.iter().map(|link| link.guest.name.as_str()).collect();
        let mut draft = clash
            .draft(
                format!("guests {} have the same MAC address {mac}", wording::list(&names)),
                "on taps of their own that works, on a shared bridge their traffic would be lost",
            )
            .help("derive the MAC from the guest's index or name, so that a copied file cannot repeat it");
        for link in &clash.links {
            let place = link.interface.mac.known().and_then(culprit::at_end);
            draft = draft.label(place.or(link.interface.place), format!("{mac} of guest {}", link.guest.name));
        }
        if let [only] = draft.labels.as_mut_slice() {
            only.text = "all of them take this one".to_owned();
            return draft;
        }
        draft.fix(clash.links.last().and_then(|link| rewrite::mac(link, free_mac(context, link, mac)?)))
    };
    clashes(context.fleet, context.links.routed(), |link| link.interface.mac_address().into_iter().collect())
        .into_iter()
        .map(draft)
        .collect()
}

fn within(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for cards in context.links.all.chunk_by(|one, next| one.guest_id == next.guest_id) {
        for (position, card) in cards.iter().enumerate() {
            let Some(mac) = card.interface.mac_address() else { continue };
            let twin = cards.iter().take(position).find(|other| other.interface.mac_address() == Some(mac));
            let Some(twin) = twin else { continue };
            let guest = &card.guest.name;
            let ids = [twin, card].map(|link| link.interface.id.value().map_or("?", String::as_str));
            let is_matched = is_matched(card.guest, mac);
            let effect = if is_matched {
                "every file that matches it applies to both, so both get the same addresses and routes"
            } else {
                "nothing in the guest can tell them apart by it, and on one segment their traffic would be lost"
            };
            let draft = Draft::new(
                Scope::link(card),
                format!("guest {guest} has two interfaces, {}, with the same MAC address {mac}", wording::list(&ids)),
                effect,
            )
            .help(format!(
                "change the MAC address of {}, and the file in the guest that should match it",
                ids.last().copied().unwrap_or_default()
            ))
            .label(
                card.interface.mac.known().and_then(culprit::at_end).or(card.interface.place),
                "the same address again",
            )
            .label(
                twin.interface.mac.known().and_then(culprit::at_end).or(twin.interface.place),
                "the first interface with it",
            );
            let fix = awaited(card.guest, cards).and_then(|new| {
                rewrite::literals(card.interface.mac.known(), &new.to_string(), format!("Write {new}"))
            });
            let draft = draft.fix(fix);
            drafts.push(if is_matched { draft } else { draft.severity(Severity::Warning) });
        }
    }
    drafts
}

/// The only address that files of a guest match and none of its cards has.
fn awaited(guest: &Guest, cards: &[Link<'_>]) -> Option<MacAddress> {
    let words = guest.network.units.items.iter().flat_map(|unit| &unit.matching.macs.items);
    let mut macs = words.filter_map(|word| MacAddress::parse_tolerant(&word.value));
    let is_nobodys = |mac: &MacAddress| !cards.iter().any(|card| card.interface.mac_address() == Some(*mac));
    let first = macs.find(is_nobodys)?;
    macs.filter(is_nobodys).all(|mac| mac == first).then_some(first)
}

/// Whether a file in a guest matches cards by this address.
fn is_matched(guest: &Guest, mac: MacAddress) -> bool {
    let mut words = guest.network.units.items.iter().flat_map(|unit| &unit.matching.macs.items);
    words.any(|word| MacAddress::parse_tolerant(&word.value) == Some(mac))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{only, reports, silent};

    #[test]
    fn a_copied_mac_is_a_warning_between_guests_and_an_error_inside_one() {
        reports(
            "host h
             unit 30-a name=a address=10.0.0.0/32 route=10.0.0.1/32
             unit 30-b name=b address=10.0.0.0/32 route=10.0.0.2/32
             guest one@h tap=a/02:00:00:00:00:01
             unit 10-e mac=02:00:00:00:00:01 address=10.0.0.1/32
             guest two@h tap=b/02:00:00:00:00:01
             unit 10-e mac=02:00:00:00:00:01 address=10.0.0.2/32",
            &[("duplicate-mac-across-vms", "02:00:00:00:00:01")],
        );
        reports(
            "host h
             guest one@h tap=a/02:00:00:00:00:01,b/02:00:00:00:00:01",
            &[("duplicate-mac-within-vm", "02:00:00:00:00:01")],
        );
    }

    #[test]
    fn one_segment_has_room_for_an_address_once() {
        let guests = "guest one@h tap=a/02:00:00:00:00:01
             unit 10-e mac=02:00:00:00:00:01 address=10.0.0.1/24
             guest two@h tap=b/02:00:00:00:00:01
             unit 10-e mac=02:00:00:00:00:01 address=10.0.0.2/24";
        let bridged = |other: &str| {
            format!("host h\nunit 30-a name=a set:Bridge=br0\nunit 30-b name=b set:Bridge={other}\n{guests}")
        };
        reports(&bridged("br0"), &[("duplicate-mac-same-segment", "02:00:00:00:00:01")]);
        silent(&bridged("br1"));
        let macvtap = |other: &str| {
            format!(
                "host h\nguest one@h macvtap=a/02:00:00:00:00:01/eno1\nguest two@h macvtap=b/02:00:00:00:00:01/{other}"
            )
        };
        reports(&macvtap("eno1"), &[("duplicate-mac-same-segment", "02:00:00:00:00:01")]);
        silent(&macvtap("eno2"));
    }

    #[test]
    fn two_cards_that_no_file_matches_by_address_are_a_warning() {
        let unmatched = "host h
             guest one@h tap=a/02:00:00:00:00:01 user=qemu/02:00:00:00:00:01
             unit 10-e name=e* set:DHCP=yes";
        assert_eq!(only(unmatched, "duplicate-mac-within-vm").severity.word(), "warning");
        let matched = unmatched.replace("name=e*", "mac=02:00:00:00:00:01");
        assert_eq!(only(&matched, "duplicate-mac-within-vm").severity.word(), "error");
    }

    #[test]
    fn hosts_are_apart() {
        silent(
            "host a
             host b
             guest one@a tap=vm1/02:00:00:00:00:01
             guest two@b tap=vm1/02:00:00:00:00:01",
        );
    }
}
