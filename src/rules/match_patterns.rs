//! Conditions of a file that mean something else than they seem to: none at all, a name with a space, a list turned around.

use super::additions;
use super::context::Context;
use super::culprit;
use super::draft::{Draft, Scope};
use super::finding::{Edit, Fix, Safety, Severity};
use super::odd::Machine;
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::{Choice, Link, MacAddress, Matching, Route, Unit};

pub(super) const EMPTY: RuleInfo = RuleInfo {
    name: "match-empty",
    severity: Severity::Error,
    group: Group::Networkd,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("match_empty.md"),
    explains: super::odd::EFFECTS,
    run: empty,
};

pub(super) const SPACE: RuleInfo = RuleInfo {
    name: "match-name-contains-space",
    severity: Severity::Warning,
    group: Group::Networkd,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("match_name_contains_space.md"),
    explains: super::odd::EFFECTS,
    run: space,
};

pub(super) const NEGATION: RuleInfo = RuleInfo {
    name: "match-negation-scope",
    severity: Severity::Warning,
    group: Group::Networkd,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("match_negation_scope.md"),
    explains: &[],
    run: negation,
};

/// The files of a machine that users write and that are not masked, with their machine.
fn files<'a>(context: &Context<'a>) -> impl Iterator<Item = (Machine<'a>, &'a Unit)> {
    let of = |machine: Machine<'a>| machine.units().iter().map(move |unit| (machine, unit));
    let is_used = |unit: &Unit| !unit.is_generated && unit.is_enabled.value() == Some(&true) && !unit.has_extra_config;
    Machine::all(context).flat_map(of).filter(move |(_, unit)| is_used(unit))
}

fn empty(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (machine, unit) in files(context) {
        let matching = &unit.matching;
        let lists = [&matching.names, &matching.macs, &matching.types, &matching.kinds];
        let is_known = matching.is_complete && lists.iter().all(|list| list.is_complete);
        let has_none = [&matching.names, &matching.types, &matching.kinds].iter().all(|list| list.items.is_empty());
        let bad = matching.macs.items.iter().all(|text| MacAddress::parse_tolerant(&text.value).is_none());
        // What a mistyped key does is told where it stands.
        if !is_known || !has_none || !bad || !matching.others.is_empty() || says_nothing(unit) {
            continue;
        }
        let (why, place) = match matching.macs.items.first() {
            Some(mac) => (format!("has no condition but \"{}\", which is no Ethernet address", mac.value), mac.place()),
            None => ("says of no link that it is for it".to_owned(), None),
        };
        let wrong = format!("{} of {} {why}", unit.name, machine.words());
        let breaks = "networkd ignores the whole file";
        let guess = unit.name.split_once('-').map_or(unit.name.as_str(), |(_, rest)| rest);
        drafts.push(
            Draft::new(machine.scope(context, &unit.name, Some("")), wrong, breaks)
                .help(match machine {
                    Machine::Host(..) => format!("write `matchConfig.Name = \"{guess}\";` with the link's name"),
                    Machine::Guest(..) => "write `matchConfig.MACAddress` with the address of the card".to_owned(),
                })
                .label(place.or(unit.place), "no condition that counts")
                .fix(condition(context, machine, unit, guess)),
        );
    }
    drafts
}

/// An edit that gives a file the only condition that can be meant: the tap without a file of the guest that it leads to, or the guest's only card.
fn condition(context: &Context<'_>, machine: Machine<'_>, unit: &Unit, guess: &str) -> Option<Fix> {
    let is_bare = |choice: Choice<'_>| match choice {
        Choice::Unit(unit) => unit.is_generated,
        Choice::Nothing | Choice::Stock => true,
        Choice::Undecided => false,
    };
    let new = match machine {
        Machine::Host(id, _) => {
            let leads = |ip| unit.routes.items.iter().filter_map(Route::destination_net).any(|net| net.addr() == ip);
            let is_led = |link: &Link<'_>| link.guest_addresses().any(|(ip, _)| leads(ip));
            let mut meant = context.links.all.iter().filter(|link| match link.host_id {
                Some(host) if unit.routes.items.is_empty() => {
                    host == id && is_bare(link.host_unit) && link.tap() == Some(guess)
                }
                Some(host) => host == id && is_bare(link.host_unit) && is_led(link),
                // Of a guest that nobody is known to run the route alone tells that it is meant.
                None => is_led(link),
            });
            let (Some(link), None) = (meant.next(), meant.next()) else { return None };
            format!("Name = \"{}\";", link.tap()?)
        }
        Machine::Guest(id, guest) => {
            let [link] = context.links.of_guest(id) else { return None };
            let mac =
                link.interface.mac.value().filter(|_| guest.interfaces.is_complete && is_bare(link.guest_unit))?;
            format!("MACAddress = \"{mac}\";")
        }
    };
    let title = format!("Write `{}`", new.trim_end_matches(';'));
    let written = format!("matchConfig.{new}");
    if let Some(place) = unit.matching.empty {
        return Some(Fix { title, safety: Safety::Unsafe, edits: vec![Edit { place, replacement: written }] });
    }
    match unit.matching.macs.items.as_slice() {
        [] => additions::option(unit, &written, Safety::Unsafe),
        [mac] => {
            let (name, value) = (culprit::name_of(&mac.origin)?, culprit::literal(mac)?);
            let (key, text) = new.trim_end_matches(';').split_once(" = ")?;
            let edits = [(name, key), (value, text)].map(|(place, new)| Edit { place, replacement: new.to_owned() });
            Some(Fix { title, safety: Safety::Unsafe, edits: edits.to_vec() })
        }
        _ => None,
    }
}

/// Whether a file has nothing that is lost when it is ignored. It may only take the place of one that systemd ships.
fn says_nothing(unit: &Unit) -> bool {
    let lists = [unit.addresses.items.len(), unit.routes.items.len(), unit.gateways.items.len(), unit.dns.items.len()];
    lists.iter().all(|length| *length == 0) && unit.settings.is_empty()
}

fn space(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (machine, unit) in files(context) {
        let names = &unit.matching.names.items;
        for (one, next) in names.iter().zip(names.iter().skip(1)) {
            // The words of one text share its place; a name of digits only is none (systemd, `src/basic/socket-util.c`, `ifname_valid_full`).
            let is_one_text = one.origin.own_place().is_some() && one.origin.value == next.origin.value;
            let is_number = !next.value.is_empty() && next.value.bytes().all(|byte| byte.is_ascii_digit());
            if !is_one_text || !is_number {
                continue;
            }
            let joined = format!("{}{}", one.value, next.value);
            let scope = machine.scope(context, &unit.name, Some(&joined));
            let severity = if scope == Scope::fleet() { Severity::Warning } else { Severity::Error };
            let wrong = format!(
                "`matchConfig.Name` of {} of {} is \"{} {}\", which networkd takes as two patterns",
                unit.name,
                machine.words(),
                one.value,
                next.value
            );
            let breaks = format!("no link of the name {joined} gets the file");
            drafts.push(
                Draft::new(scope, wrong, breaks)
                    .severity(severity)
                    .help(format!("write the name without the space: \"{joined}\""))
                    .label(one.place(), "a space separates patterns"),
            );
        }
    }
    drafts
}

fn negation(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (machine, unit) in files(context) {
        let matching = &unit.matching;
        let gives =
            !unit.addresses.items.is_empty() || !unit.routes.items.is_empty() || !unit.gateways.items.is_empty();
        let Some(first) = matching.names.items.first().filter(|name| name.value.starts_with('!')) else { continue };
        if !gives || !is_only_name(matching) {
            continue;
        }
        let wrong = format!(
            "`matchConfig.Name` of {} of {} begins with \"!\", so the file is for every link but those named, the loopback among them",
            unit.name,
            machine.words()
        );
        let breaks = "each of them gets its addresses and routes";
        drafts.push(
            Draft::new(Scope::fleet(), wrong, breaks)
                .help("name the links that are meant, or add `matchConfig.Type = \"ether\";`")
                .label(first.place().or(unit.place), "turns the whole list around"),
        );
    }
    drafts
}

fn is_only_name(matching: &Matching) -> bool {
    let others = [&matching.macs, &matching.types, &matching.kinds];
    matching.is_complete
        && matching.others.is_empty()
        && others.iter().all(|list| list.items.is_empty() && list.is_complete)
}
