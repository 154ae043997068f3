//! Files in another order than their author thinks: numbers that are compared as text, files that NixOS makes and that sort between, and a
//! file for one link that never gets its turn.

use rustc_hash::FxHashSet;

use super::additions;
use super::context::Context;
use super::draft::{Draft, Scope};
use super::finding::{Edit, Fix, Safety, Severity};
use super::network_shadowed::{is_for_one, loser, match_place};
use super::rewrite;
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::{Choice, Fact, Guest, Host, Link, Sourced, Unit};
use crate::source::Place;

pub(super) const NOT_PADDED: RuleInfo = RuleInfo {
    name: "numeric-prefix-not-padded",
    severity: Severity::Warning,
    group: Group::Networkd,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("numeric_prefix_not_padded.md"),
    explains: WITH_SHADOWED,
    run: |context| pairs(context, not_padded),
};

pub(super) const GENERATED: RuleInfo = RuleInfo {
    name: "generated-network-shadows-user-network",
    severity: Severity::Error,
    group: Group::Networkd,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("generated_network_shadows_user_network.md"),
    explains: WITH_SHADOWED,
    run: |context| pairs(context, generated),
};

pub(super) const NEVER_FIRST: RuleInfo = RuleInfo {
    name: "network-never-first",
    severity: Severity::Warning,
    group: Group::Networkd,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("network_never_first.md"),
    explains: &[],
    run: never_first,
};

const WITH_SHADOWED: &[&str] = &["network-shadowed", "network-never-first"];

/// A link that gets one file and not another, on one of its sides.
#[derive(Clone, Copy)]
struct Pair<'c, 'a> {
    link: &'c Link<'a>,
    side: Side<'a>,
    /// The file that the link gets.
    winner: &'a Unit,
    /// All files that match it too and are not used.
    losers: &'c [&'a Unit],
}

#[derive(Clone, Copy)]
enum Side<'a> {
    Host(&'a Host, &'a str),
    Guest(&'a Guest),
}

impl Side<'_> {
    fn machine(&self) -> String {
        match self {
            Self::Host(host, _) => format!("host {}", host.name),
            Self::Guest(guest) => format!("guest {}", guest.name),
        }
    }

    /// The link in words; `owner` is the guest whose it is.
    fn link(&self, owner: &str) -> String {
        match self {
            Self::Host(_, tap) => format!("the tap {tap} of guest {owner}"),
            Self::Guest(_) => "its card".to_owned(),
        }
    }

    fn units(&self) -> &[Unit] {
        match self {
            Self::Host(host, _) => &host.network.units.items,
            Self::Guest(guest) => &guest.network.units.items,
        }
    }
}

/// Asks about both sides of every link that has files to lose.
fn pairs(context: &Context<'_>, ask: fn(Pair<'_, '_>) -> Option<Draft>) -> Vec<Draft> {
    context.links.all.iter().flat_map(sides).filter_map(ask).collect()
}

fn sides<'c, 'a>(link: &'c Link<'a>) -> impl Iterator<Item = Pair<'c, 'a>> {
    let host = link.host.zip(link.tap()).filter(|(host, _)| host.network.networkd.is_true());
    let host = host.map(|(host, tap)| (Side::Host(host, tap), link.host_unit, &link.host_shadowed));
    let guest = link.guest.network.networkd.is_true();
    let guest = guest.then_some((Side::Guest(link.guest), link.guest_unit, &link.guest_shadowed));
    host.into_iter().chain(guest).filter_map(move |(side, choice, losers)| match choice {
        Choice::Unit(winner) => Some(Pair { link, side, winner, losers }),
        _ => None,
    })
}

/// The number that a name begins with.
fn number(name: &str) -> Option<u32> {
    let digits = name.split(|letter: char| !letter.is_ascii_digit()).next()?;
    digits.parse().ok()
}

fn not_padded(pair: Pair<'_, '_>) -> Option<Draft> {
    let Pair { link, side, winner, losers } = pair;
    let first = number(&winner.name)?;
    let is_misplaced = |unit: &&&Unit| number(&unit.name).is_some_and(|number| number < first);
    let lost = loser(winner, losers).filter(|unit| is_misplaced(&unit));
    let is_meant = |unit: &&&Unit| is_misplaced(unit) && is_own(unit) && says_more(winner, unit);
    let unit = lost.or_else(|| losers.iter().find(is_meant).copied())?;
    let width = digits(&winner.name).max(digits(&unit.name));
    let padded = format!("{}{}", "0".repeat(width - digits(&unit.name)), unit.name);
    let wrong = format!("{} of {} is never used for {}", unit.name, side.machine(), side.link(&link.guest.name));
    let breaks = format!(
        "names are compared byte by byte, so {} sorts before it, and networkd takes the first file only: nothing of {} applies there",
        winner.name, unit.name
    );
    let severity = if lost.is_some() { Severity::Error } else { Severity::Warning };
    Some(
        Draft::new(Scope::link(link), wrong, breaks)
            .severity(severity)
            .help(format!("call it {padded}: numbers of equal length sort as they count"))
            .label(unit.place, format!("sorts after {}", winner.name))
            .label(match_place(winner), format!("{} matches first", winner.name))
            .fix(rewrite::file_name(side.units(), unit, &padded)),
    )
}

fn digits(name: &str) -> usize {
    name.bytes().take_while(u8::is_ascii_digit).count()
}

fn generated(pair: Pair<'_, '_>) -> Option<Draft> {
    let Pair { link, side, winner, losers } = pair;
    let Side::Host(host, tap) = side else { return None };
    let name = format!("40-{tap}");
    // A file that users write under the same name is one with that of NixOS.
    let device = host.devices.iter().find(|device| device.value == tap).and_then(Sourced::place)?;
    let is_made = |unit: &Unit| unit.name == name && (unit.is_generated || unit.place == Some(device));
    let draft = |wrong: String, breaks: String| {
        Draft::new(Scope::link(link), wrong, breaks).help(format!(
            "say what the tap gets in one place: remove {tap} from `networking.interfaces`, or the file of your own"
        ))
    };
    if is_made(winner) {
        let unit = loser(winner, losers)?;
        return Some(
            draft(
                format!(
                    "{} of host {} is never used for the tap {tap} of guest {}",
                    unit.name, host.name, link.guest.name
                ),
                format!(
                    "NixOS makes the file {name} from `networking.interfaces`, which sorts before it, and networkd takes the first file only, so its addresses and routes are missing"
                ),
            )
            .label(Some(device), format!("makes {name}"))
            .label(unit.place, format!("{} is not used", unit.name))
            .fix(joined(host, unit, &name)),
        );
    }
    let made = losers.iter().find(|unit| is_made(unit) && gives_other_addresses(winner, unit))?;
    let address = made.addresses.items.first()?;
    Some(
        draft(
            format!(
                "`networking.interfaces.{tap}` of host {} has no effect on the tap of guest {}",
                host.name, link.guest.name
            ),
            format!(
                "NixOS writes {} into the file {name}, but {} sorts before it, and networkd takes the first file only",
                address.text.value, winner.name
            ),
        )
        .severity(Severity::Warning)
        .label(Some(device), format!("makes {name}, which is not used"))
        .label(winner.place, format!("{} matches first", winner.name))
        .fix(joined(host, winner, &name)),
    )
}

/// An edit that gives a file for this tap alone the name of the one that NixOS makes: then the two are one file that says what both do.
fn joined(host: &Host, unit: &Unit, name: &str) -> Option<Fix> {
    let is_alone = |other: &Unit| other.name != name || other.is_generated || additions::quoted_name(other).is_none();
    let is_free = is_own(unit) && host.network.units.items.iter().all(is_alone);
    let place = additions::quoted_name(unit).filter(|_| is_free)?;
    let edits = vec![Edit { place, replacement: format!("\"{name}\"") }];
    Some(Fix {
        title: format!("Call it {name}, as NixOS does, which makes one file of the two"),
        safety: Safety::Unsafe,
        edits,
    })
}

fn gives_other_addresses(winner: &Unit, unit: &Unit) -> bool {
    let has = |net| winner.addresses.items.iter().any(|address| address.net == Some(net));
    unit.addresses.items.iter().filter_map(|address| address.net).any(|net| !has(net)) && winner.addresses.is_complete
}

/// Whether a file is written by hand for exactly one link.
fn is_own(unit: &Unit) -> bool {
    let matching = &unit.matching;
    let is_single = matching.names.items.len() + matching.macs.items.len() == 1;
    is_single && matching.is_complete && is_for_one(unit) && !unit.is_generated && unit.place.is_some()
}

/// Whether a file says something that another one does not.
fn says_more(winner: &Unit, unit: &Unit) -> bool {
    let same = |fact: &Fact<String>, key: &str| {
        let other = winner.setting(key).map(Fact::value);
        fact.value().is_none() || other == Some(fact.value()) || other == Some(None)
    };
    let has_address = |net| winner.addresses.items.iter().any(|address| address.net == Some(net));
    let has_route = |net| winner.routes.items.iter().any(|route| route.destination_net() == Some(net));
    let is_open = winner.has_extra_config || !winner.addresses.is_complete || !winner.routes.is_complete;
    let is_more = unit.settings.iter().any(|(key, fact)| !same(fact, key))
        || unit.addresses.items.iter().filter_map(|address| address.net).any(|net| !has_address(net))
        || unit.routes.items.iter().filter_map(|route| route.destination_net()).any(|net| !has_route(net));
    is_more && !is_open
}

fn never_first(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    let mut seen: FxHashSet<Place> = FxHashSet::default();
    for pair in context.links.all.iter().flat_map(sides) {
        let Pair { link, side, winner, losers } = pair;
        // What NixOS makes beside it is the business of another rule.
        for unit in losers.iter().filter(|unit| is_own(unit) && says_more(winner, unit)) {
            let is_made_by_nixos = matches!(side, Side::Host(host, tap)
                if unit.name == format!("40-{tap}") && host.devices.iter().any(|device| device.value == tap));
            if is_made_by_nixos || !unit.place.is_some_and(|place| seen.insert(place)) {
                continue;
            }
            drafts.push(
                Draft::new(
                    Scope::link(link),
                    format!(
                        "{} of {} is for {} alone, and there {} sorts before it and matches too",
                        unit.name,
                        side.machine(),
                        side.link(&link.guest.name),
                        winner.name
                    ),
                    "networkd takes the first file only, so this one is never used",
                )
                .help(format!("remove it, or give it a name that sorts before {}", winner.name))
                .label(unit.place, "never used")
                .label(match_place(winner), format!("{} matches first", winner.name)),
            );
        }
    }
    drafts
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{only, reports, silent};

    const GUEST: &str = "guest a@h tap=vm1/02:00:00:00:00:01
        unit 10-e mac=02:00:00:00:00:01 address=10.0.0.1/32 route=-,via=10.0.0.0,onlink";
    const TAP: &str = "name=vm1 address=10.0.0.0/32 route=10.0.0.1/32";

    #[test]
    fn nine_sorts_after_ten() {
        let fleet = format!("host h forward4\nunit 9-vm1 {TAP}\nunit 10-all name=vm* set:LLDP=no\n{GUEST}");
        let finding = only(&fleet, "numeric-prefix-not-padded");
        assert_eq!(finding.severity.word(), "error");
        assert!(finding.help.contains("09-vm1"));
        reports(&fleet, &[("numeric-prefix-not-padded", "9-vm1")]);
        silent(&fleet.replace("9-vm1", "09-vm1"));
        silent(&fleet.replace("10-all", "95-all"));
    }

    #[test]
    fn a_file_of_nixos_sorts_between() {
        let host = |user: &str| {
            format!(
                "host h forward4 device=vm1\nunit 40-vm1 generated name=vm1 address=10.0.0.9/32\nunit {user} {TAP}\n{GUEST}"
            )
        };
        reports(&host("50-vm1"), &[("generated-network-shadows-user-network", "vm1")]);
        let early = only(&host("30-vm1"), "generated-network-shadows-user-network");
        assert_eq!(early.severity.word(), "warning");
        silent(&host("30-vm1").replace("10.0.0.9", "10.0.0.0"));
    }

    #[test]
    fn a_file_that_never_gets_its_turn() {
        let fleet = format!("host h forward4\nunit 30-vm1 {TAP}\nunit 40-more name=vm1 set:LLDP=yes\n{GUEST}");
        reports(&fleet, &[("network-never-first", "40-more")]);
        silent(&fleet.replace("name=vm1 set", "name=vm* set"));
        silent(&fleet.replace("set:LLDP=yes", "address=10.0.0.0/32"));
        silent(&fleet.replace("40-more", "40-more disabled"));
    }
}
