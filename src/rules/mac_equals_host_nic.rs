//! A guest's MAC address that the host's configuration knows as one of its own cards.

use rustc_hash::FxHashMap;

use super::context::Context;
use super::culprit;
use super::draft::{Draft, Scope};
use super::finding::Severity;
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::{Fact, Host, Link, MacAddress, Sourced};

pub(super) const RULE: RuleInfo = RuleInfo {
    name: "mac-equals-host-nic",
    severity: Severity::Warning,
    group: Group::Identity,
    fix: FixKind::Manual,
    activation: Activation::Always,
    page: include_str!("mac_equals_host_nic.md"),
    explains: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Draft> {
    let hosts: Vec<_> = context.fleet.hosts.iter().map(cards).collect();
    let equal = |link: &Link<'_>| {
        let cards = hosts.get(link.host_id?.0 as usize)?;
        let mac = link.interface.mac_address()?;
        let (text, whose) = cards.get(&mac)?;
        draft(link, mac, text, whose)
    };
    context.links.all.iter().filter_map(equal).collect()
}

/// Addresses that a host names as its own, with where.
fn cards(host: &Host) -> FxHashMap<MacAddress, (&Sourced<String>, String)> {
    let mut cards = FxHashMap::default();
    let links = host.link_macs.iter().map(|text| (text, "a `.link` file".to_owned()));
    let files = host.network.units.items.iter().flat_map(|unit| {
        let own = unit.setting("MACAddress").and_then(Fact::known);
        unit.matching.macs.items.iter().chain(own).map(|text| (text, unit.name.clone()))
    });
    for (text, whose) in links.chain(files) {
        if let Some(mac) = MacAddress::parse_tolerant(&text.value) {
            cards.entry(mac).or_insert((text, whose));
        }
    }
    cards
}

fn draft(link: &Link<'_>, mac: MacAddress, of_host: &Sourced<String>, whose: &str) -> Option<Draft> {
    // A macvtap in mode `passthru` takes the card over, its address included.
    let takes_over = link.interface.mode.value().is_some_and(|mode| mode == "passthru");
    let text = link.interface.mac.known()?;
    // A module that host and guest share says it of the guest to both.
    let matches = link.guest.network.units.items.iter().flat_map(|unit| &unit.matching.macs.items);
    let is_shared = matches.chain([text]).any(|own| own.place().is_some() && own.place() == of_host.place());
    if takes_over || is_shared {
        return None;
    }
    Some(
        Draft::new(
            Scope::link(link),
            format!(
                "the MAC address {mac} of guest {} is one of host {}'s own, in {whose}",
                link.guest.name, link.host.map_or("", |host| &host.name)
            ),
            "on one segment both would lose packets",
        )
        .help("give the guest an address of its own that begins with 02; a tap has another address on the host's side, and is matched by its name")
        .label(culprit::at_end(text).or(link.interface.place), format!("{mac} of guest {}", link.guest.name))
        .label(of_host.place(), "the host's"),
    )
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{reports, silent};

    fn fleet(host: &str, card: &str) -> String {
        format!("host h {host}\nunit 10-lan mac=02:00:00:00:00:aa\nguest a@h {card}")
    }

    #[test]
    fn a_card_of_the_host_is_no_card_of_a_guest() {
        reports(&fleet("", "tap=vm1/02-00-00-00-00-AA"), &[("mac-equals-host-nic", "02-00-00-00-00-AA")]);
        reports(
            &fleet("card=02:00:00:00:00:01", "tap=vm1/02:00:00:00:00:01"),
            &[("mac-equals-host-nic", "02:00:00:00:00:01")],
        );
        silent(&fleet("", "tap=vm1/02:00:00:00:00:01"));
    }
}
