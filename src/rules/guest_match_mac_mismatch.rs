//! The guest's file matches a MAC address that none of its cards has.

use super::context::Context;
use super::culprit;
use super::draft::{Draft, Scope};
use super::finding::{Safety, Severity};
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::links::has_host_address;
use crate::fleet::{Fact, Link, MacAddress, Sourced, Unit};

pub(super) const RULE: RuleInfo = RuleInfo {
    name: "guest-match-mac-mismatch",
    severity: Severity::Error,
    group: Group::Addressing,
    fix: FixKind::Automatic,
    activation: Activation::Always,
    page: include_str!("guest_match_mac_mismatch.md"),
    explains: &[
        "host-route-missing",
        "guest-host-address-disagree",
        "guest-default-route-missing",
        "guest-dhcp-on-routed-link",
        "guest-address-missing",
        "network-shadowed",
    ],
    run,
};

fn run(context: &Context<'_>) -> Vec<Draft> {
    let guests = context.links.all.chunk_by(|one, next| one.guest_id == next.guest_id);
    let routed = guests.filter(|cards| cards.iter().any(Link::is_routed));
    routed.flat_map(|cards| cards.first().into_iter().flat_map(|first| stale_matches(first, cards))).collect()
}

fn stale_matches(first: &Link<'_>, cards: &[Link<'_>]) -> Vec<Draft> {
    let guest = first.guest;
    let macs: Option<Vec<(MacAddress, &Sourced<String>)>> =
        cards.iter().map(|card| Some((card.interface.mac_address()?, card.interface.mac.known()?))).collect();
    // A card whose address is not known may be the one that is meant.
    let Some(macs) = macs.filter(|_| guest.interfaces.is_complete) else { return Vec::new() };
    let files = guest.network.units.items.iter().filter(|unit| is_static(unit));
    let is_only_file = files.clone().count() == 1;
    let mut drafts = Vec::new();
    for unit in files {
        let Some((matched, wanted)) = stale(unit, &macs) else { continue };
        let [only] = macs.as_slice() else {
            drafts.push(draft(first, unit, matched, wanted, None));
            continue;
        };
        drafts.push(draft(first, unit, matched, wanted, Some((only, is_only_file))));
    }
    drafts
}

fn draft(
    link: &Link<'_>,
    unit: &Unit,
    matched: &Sourced<String>,
    wanted: MacAddress,
    only: Option<(&(MacAddress, &Sourced<String>), bool)>,
) -> Draft {
    let guest = &link.guest.name;
    let draft = Draft::new(
        Scope::link(link),
        format!("{} of guest {guest} is for the MAC address {wanted}, which none of its interfaces has", unit.name),
        "the file never applies, and the card gets no static address",
    )
    .label(culprit::at_end(matched).or(matched.place()).or(unit.place), format!("no interface has {wanted}"))
    .template(matched.place());
    match only {
        Some(((mac, text), is_only_file)) => {
            let safety = if is_only_file { Safety::Safe } else { Safety::Unsafe };
            draft
                .help(format!("match {mac}, best by one binding that both places use"))
                .label(culprit::at_end(text).or(text.place()), format!("the interface has {mac}"))
                .fix(culprit::replace_literal(matched, &mac.to_string(), format!("Match {mac}"), safety))
        }
        None => {
            draft.help("match the address of the interface that is meant, best by one binding that both places use")
        }
    }
}

/// Whether a file gives the guest its routed address and is in use.
fn is_static(unit: &Unit) -> bool {
    let is_off = matches!(&unit.is_enabled, Fact::Known(enabled) if !enabled.value);
    !unit.is_generated && !is_off && has_host_address(unit)
}

/// The address that a file matches, if none of the cards has any of those it lists.
fn stale<'a>(unit: &'a Unit, macs: &[(MacAddress, &Sourced<String>)]) -> Option<(&'a Sourced<String>, MacAddress)> {
    let listed = &unit.matching.macs;
    let parsed: Option<Vec<MacAddress>> =
        listed.items.iter().map(|text| MacAddress::parse_tolerant(&text.value)).collect();
    let parsed = parsed.filter(|parsed| {
        listed.is_complete && !parsed.iter().any(|wanted| macs.iter().any(|(mac, _)| mac == wanted))
    })?;
    Some((listed.items.first()?, *parsed.first()?))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{only, reports, silent};

    const HOST: &str = "host h forward4\nunit 30-vm1 name=vm1 address=10.0.0.0/32 route=10.0.0.1/32\n";

    #[test]
    fn a_match_left_behind_is_found() {
        let fleet = format!(
            "{HOST}guest a@h tap=vm1/02:00:00:00:00:01
             unit 10-e mac=02:00:00:00:00:11 address=10.0.0.1/32 route=-,via=10.0.0.0,onlink
             unit 99-ethernet-default-dhcp generated type=ether kind=!* set:DHCP=yes"
        );
        reports(&fleet, &[("guest-match-mac-mismatch", "02:00:00:00:00:11")]);
        assert_eq!(only(&fleet, "guest-match-mac-mismatch").labels.len(), 2);
    }

    #[test]
    fn spellings_and_unknown_cards_are_silent() {
        silent(&format!("{HOST}guest a@h tap=vm1/02:00:00:00:00:0a\nunit 10-e mac=02-0-0-0-0-A address=10.0.0.1/32"));
        silent(&format!("{HOST}guest a@h tap=vm1/unknown\nunit 10-e mac=02:00:00:00:00:11 address=10.0.0.1/32"));
    }
}
