//! Remarks for who asks for them: what cannot be looked into, and what was copied from documentation.

use rustc_hash::FxHashSet;

use super::context::Context;
use super::draft::{Draft, Scope};
use super::finding::Severity;
use super::odd::Machine;
use super::rule::{Activation, FixKind, Group, OptIn, RuleInfo};
use crate::fleet::{Link, Sourced};

pub(super) const OPAQUE: RuleInfo = RuleInfo {
    name: "extra-config-opaque",
    severity: Severity::Note,
    group: Group::Networkd,
    fix: FixKind::Suggested,
    activation: Activation::OnlyWith(OptIn::Pedantic),
    page: include_str!("extra_config_opaque.md"),
    explains: &[],
    run: opaque,
};

pub(super) const PLACEHOLDER: RuleInfo = RuleInfo {
    name: "docs-placeholder-left",
    severity: Severity::Note,
    group: Group::Drift,
    fix: FixKind::Suggested,
    activation: Activation::OnlyWith(OptIn::Pedantic),
    page: include_str!("docs_placeholder_left.md"),
    explains: &[],
    run: placeholders,
};

fn opaque(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    let mut seen: FxHashSet<(Option<crate::fleet::HostId>, &str)> = FxHashSet::default();
    for link in context.links.routed() {
        let host = link.host_unit.unit().filter(|unit| seen.insert((link.host_id, unit.name.as_str())));
        let host = host.zip(link.host_id.zip(link.host)).map(|(unit, (id, host))| (unit, Machine::Host(id, host)));
        let guest = link.guest_unit.unit().map(|unit| (unit, Machine::Guest(link.guest_id, link.guest)));
        for (unit, machine) in host.into_iter().chain(guest).filter(|(unit, _)| unit.has_extra_config) {
            drafts.push(
                Draft::new(
                    Scope::link(link),
                    format!("{} of {} has text in `extraConfig` or in a drop-in", unit.name, machine.words()),
                    "what it says is not looked into, so several mistakes of this link cannot be found",
                )
                .help("write its lines as options: `networkConfig`, `linkConfig`, `routes`, `addresses`")
                .label(unit.place, "has text that is not looked into"),
            );
        }
    }
    drafts
}

/// What microvm.nix's documentation has as an example, and where it has it (`doc/src/`).
const FROM_DOCUMENTATION: &[(Kind, &str, &str)] = &[
    (Kind::Guest, "my-microvm", "declaring.md"),
    (Kind::Device, "vm-a1", "interfaces.md"),
    (Kind::Device, "vm-test1", "simple-network.md"),
    (Kind::Mac, "02:00:00:00:00:01", "interfaces.md"),
    (Kind::Uplink, "enp0s3", "routed-network.md"),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Guest,
    Device,
    Mac,
    Uplink,
}

fn page_of(kind: Kind, value: &str) -> Option<&'static str> {
    let found = FROM_DOCUMENTATION.iter().find(|(known, text, _)| *known == kind && text.eq_ignore_ascii_case(value));
    found.map(|(_, _, page)| *page)
}

fn placeholders(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, guest) in context.fleet.numbered_guests() {
        if let Some(page) = page_of(Kind::Guest, &guest.name) {
            let draft =
                Draft::new(Scope::guests(guest.host, [id]), copied("name of guest", &guest.name, page), COLLIDES);
            drafts.push(
                draft.help("give the guest a name that says what it is").label(guest.place, "the example's name"),
            );
        }
    }
    for link in &context.links.all {
        drafts.extend(of_card(link, Kind::Device, "device of guest", link.interface.id.known()));
        drafts.extend(of_card(link, Kind::Mac, "MAC address of guest", link.interface.mac.known()));
    }
    for (id, host) in context.fleet.numbered_hosts() {
        let Some(uplink) = host.nat.external_interface.known() else { continue };
        let Some(page) = page_of(Kind::Uplink, &uplink.value) else { continue };
        // A host that has a file for the card knows it.
        if host
            .network
            .units
            .items
            .iter()
            .flat_map(|unit| &unit.matching.names.items)
            .any(|name| name.value == uplink.value)
        {
            continue;
        }
        drafts.push(
            Draft::new(
                Scope::host(id),
                copied("external interface of host", &host.name, page),
                "translation works on that interface only, and few machines have one of the name",
            )
            .help("see with `ip link` what the host's card is called; without it nothing is translated")
            .label(uplink.place(), "the example's card"),
        );
    }
    drafts
}

fn of_card(link: &Link<'_>, kind: Kind, what: &str, text: Option<&Sourced<String>>) -> Option<Draft> {
    let text = text?;
    let page = page_of(kind, &text.value)?;
    // Where numbers give the text, it is one of a row.
    let is_written = text.origin.parts.get().len() == 1;
    is_written.then(|| {
        Draft::new(Scope::link(link), copied(what, &link.guest.name, page), COLLIDES)
            .help("give each guest a value of its own, derived from one number: a copy of the example is soon there twice")
            .label(text.place(), format!("{} as in the example", text.value))
    })
}

/// What a value from a page costs.
const COLLIDES: &str = "another copy of the example has the same, and the two collide";

fn copied(what: &str, whose: &str, page: &str) -> String {
    format!("the {what} {whose} is that of an example in the documentation of microvm.nix ({page})")
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{never, only};

    const FLEET: &str = "host h external=enp7s0\nunit 30-vm1 name=vm1 address=10.0.0.0/32 route=10.0.0.1/32
        guest a@h tap=vm1/02:00:00:00:05:01\nunit 10-e mac=02:00:00:00:05:01 address=10.0.0.1/32";

    #[test]
    fn text_that_is_not_looked_into() {
        never(FLEET, "extra-config-opaque");
        assert!(
            only(&FLEET.replace("30-vm1", "30-vm1 extra"), "extra-config-opaque")
                .message
                .starts_with("30-vm1 of host h")
        );
        assert!(
            only(&FLEET.replace("10-e", "10-e extra"), "extra-config-opaque").message.starts_with("10-e of guest a")
        );
    }

    #[test]
    fn copies_of_examples() {
        let rule = "docs-placeholder-left";
        never(FLEET, rule);
        for (own, example) in
            [("enp7s0", "enp0s3"), ("05:01", "00:01"), ("tap=vm1", "tap=vm-a1"), ("guest a@", "guest my-microvm@")]
        {
            only(&FLEET.replace(own, example), rule);
        }
        never(&FLEET.replace("enp7s0", "enp0s3\nunit 10-e name=enp0s3"), rule);
    }
}
