//! A guest's file that matches its card by a name that depends on the virtual hardware.

use super::context::Context;
use super::culprit;
use super::draft::{Draft, Scope};
use super::finding::{Edit, Fix, Safety, Severity};
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::links::has_host_address;
use crate::fleet::{Fact, Guest, Link, Sourced, Unit, glob_matches};

pub(super) const RULE: RuleInfo = RuleInfo {
    name: "guest-match-unstable-name",
    severity: Severity::Warning,
    group: Group::Addressing,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("guest_match_unstable_name.md"),
    explains: &["guest-dhcp-on-routed-link", "guest-address-missing", "guest-default-route-missing"],
    run,
};

fn run(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for link in context.links.routed() {
        // Several cards need names, or more than this rule knows.
        if link.guest.interfaces.items.len() != 1
            || !link.guest.interfaces.is_complete
            || !link.guest.predictable_names.is_true()
        {
            continue;
        }
        let units = link.guest.network.units.items.iter();
        for unit in units.filter(|unit| !unit.is_generated && has_host_address(unit)) {
            if let Some(seen) = matches_by_name_only(unit) {
                drafts.extend(draft(link, unit, seen));
            }
        }
    }
    drafts
}

fn draft(link: &Link<'_>, unit: &Unit, seen: Seen) -> Option<Draft> {
    let guest = &link.guest.name;
    let name = unit.matching.names.items.first()?;
    let bus = bus(link.guest);
    let consequence = match (bus, seen) {
        (Bus::Pci, Seen::Mmio) => {
            "this guest's card is on the PCI bus and is called enp…: the file never applies, and the card gets no static address"
        }
        (Bus::Mmio, Seen::Pci) => {
            "this guest's card is not on the PCI bus and is called eth0: the file never applies, and the card gets no static address"
        }
        _ => {
            "the name changes with the hypervisor and with what else the guest is given (a share, graphics, a device), and then the file no longer applies"
        }
    };
    Some(
        Draft::new(
            Scope::link(link),
            format!("{} of guest {guest} is for a card called {}", unit.name, name.value),
            consequence,
        )
        .help(match link.interface.mac.value() {
            Some(mac) => format!("match the card by its address, `matchConfig.MACAddress = \"{mac}\";`, best by the binding that also gives it to the interface"),
            None => "match the card by its address (`matchConfig.MACAddress`), or by `matchConfig.Type = \"ether\";`".to_owned(),
        })
        .label(name.place().or(unit.place), "a name that is not certain")
        .template(name.place())
        .fix(link.interface.mac.value().and_then(|mac| by_address(unit, name, mac))),
    )
}

/// An edit that matches an address in place of the only name.
fn by_address(unit: &Unit, name: &Sourced<String>, mac: &str) -> Option<Fix> {
    // `name` of the file itself is another option.
    let key = culprit::name_of(&name.origin).filter(|_| unit.matching.names.items.len() == 1)?;
    let edits = vec![
        Edit { place: key, replacement: "MACAddress".to_owned() },
        Edit { place: culprit::literal(name)?, replacement: format!("\"{mac}\"") },
    ];
    Some(Fix { title: format!("Match {mac}"), safety: Safety::Unsafe, edits })
}

/// Where the card of a guest is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bus {
    Pci,
    Mmio,
    Unknown,
}

/// QEMU has no PCI bus (machine type `microvm`) until something needs it (microvm.nix, `lib/runners/qemu.nix`).
fn bus(guest: &Guest) -> Bus {
    if guest.hypervisor.value().is_none_or(|hypervisor| hypervisor != "qemu") {
        return Bus::Unknown;
    }
    let needs = [&guest.has_shares, &guest.has_graphics, &guest.has_devices];
    match needs {
        _ if needs.iter().any(|need| need.is_true()) => Bus::Pci,
        _ if needs.iter().any(|need| need.is_unknown()) => Bus::Unknown,
        _ => Bus::Mmio,
    }
}

/// Which names a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Mmio,
    Pci,
}

/// Which of both a file is for, if it matches by names only and not by names of both kinds.
fn matches_by_name_only(unit: &Unit) -> Option<Seen> {
    let matching = &unit.matching;
    let is_alone = matching.is_complete
        && matching.names.is_complete
        && [&matching.macs, &matching.types, &matching.kinds]
            .iter()
            .all(|list| list.items.is_empty() && list.is_complete)
        && matching.others.is_empty()
        && !matches!(&unit.is_enabled, Fact::Known(enabled) if !enabled.value);
    let takes = |name: &str| matching.names.items.iter().any(|pattern| glob_matches(&pattern.value, name));
    let is_negative = matching.names.items.first().is_some_and(|first| first.value.starts_with('!'));
    let pci =
        ["enp0s1", "enp0s2", "enp0s3", "enp0s4", "enp0s5", "enp0s6", "enp0s7", "ens1", "ens2", "ens3", "ens4", "ens5"];
    if !is_alone || is_negative {
        return None;
    }
    match (takes("eth0"), pci.iter().any(|name| takes(name))) {
        (true, false) => Some(Seen::Mmio),
        (false, true) => Some(Seen::Pci),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{only, reports, silent};

    fn fleet(guest: &str, matching: &str) -> String {
        format!(
            "host h forward4
             unit 30-vm1 name=vm1 address=10.0.0.0/32 route=10.0.0.1/32
             guest a@h tap=vm1/02:00:00:00:00:01 {guest}
             unit 10-e {matching} address=10.0.0.1/32"
        )
    }

    #[test]
    fn a_name_of_one_bus_is_not_certain() {
        reports(&fleet("", "name=eth0"), &[("guest-match-unstable-name", "eth0")]);
        assert!(only(&fleet("shares", "name=eth0"), "guest-match-unstable-name").message.contains("never applies"));
        assert!(only(&fleet("", "name=enp0s3"), "guest-match-unstable-name").message.contains("never applies"));
    }

    #[test]
    fn names_of_both_and_addresses_are_certain() {
        for matching in
            ["name=eth*,en*", "name=e*", "mac=02:00:00:00:00:01", "name=eth0 mac=02:00:00:00:00:01", "type=ether"]
        {
            silent(&fleet("", matching));
        }
    }
}
