//! The same element of a list, written by two modules.

use ipnet::IpNet;
use rustc_hash::FxHashMap;

use super::context::Context;
use super::culprit;
use super::draft::{Draft, Scope};
use super::finding::{Edit, Fix, Safety, Severity};
use super::rule::{Activation, FixKind, Group, OptIn, RuleInfo};
use crate::fleet::facts::parse_prefix;
use crate::fleet::{Network, Sourced};

pub(super) const RULE: RuleInfo = RuleInfo {
    name: "duplicate-list-contribution",
    severity: Severity::Note,
    group: Group::Source,
    fix: FixKind::Suggested,
    activation: Activation::OnlyWith(OptIn::Pedantic),
    page: include_str!("duplicate_list_contribution.md"),
    explains: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host) in context.fleet.numbered_hosts() {
        let machine = format!("host {}", host.name);
        in_files(&machine, &Scope::host(id), &host.network, &mut drafts);
        for (option, ranges) in [("internalIPs", &host.nat.internal_ips), ("internalIPv6s", &host.nat.internal_ipv6s)] {
            let ranges = ranges.items.iter().filter_map(|text| Some((parse_prefix(&text.value)?, text)));
            twice(&format!("`networking.nat.{option}` of {machine}"), &Scope::host(id), ranges, &mut drafts);
        }
    }
    for (id, guest) in context.fleet.numbered_guests() {
        let scope = Scope::guests(guest.host, [id]);
        in_files(&format!("guest {}", guest.name), &scope, &guest.network, &mut drafts);
    }
    drafts
}

fn in_files(machine: &str, scope: &Scope, network: &Network, drafts: &mut Vec<Draft>) {
    for unit in network.units.items.iter().filter(|unit| !unit.is_generated && unit.addresses.items.len() > 1) {
        let plain = unit.addresses.items.iter().filter(|address| !address.in_section);
        let addresses = plain.filter_map(|address| Some((address.net?, &address.text)));
        twice(&format!("`address` in {} of {machine}", unit.name), scope, addresses, drafts);
    }
}

/// Elements that stand in two files, both as literals of their own.
fn twice<'a>(
    list: &str,
    scope: &Scope,
    elements: impl Iterator<Item = (IpNet, &'a Sourced<String>)>,
    drafts: &mut Vec<Draft>,
) {
    let mut first: FxHashMap<IpNet, &Sourced<String>> = FxHashMap::default();
    for (net, text) in elements {
        let Some(earlier) = first.get(&net) else {
            first.insert(net, text);
            continue;
        };
        let (Some(one), Some(other)) = (culprit::literal(earlier), culprit::literal(text)) else { continue };
        // Two elements of one list, or one literal that two lists take, are no contributions of two modules.
        if one.file == other.file {
            continue;
        }
        let edits = vec![Edit { place: other, replacement: String::new() }];
        drafts.push(
            Draft::new(
                scope.clone(),
                format!("two modules write {} into {list}", text.value),
                "it counts once, and whoever changes one of them later leaves the other behind",
            )
            .help("write it in one place only")
            .label(Some(other), "the second time")
            .label(Some(one), "the first time")
            .fix(Some(Fix { title: format!("Remove {}", text.value), safety: Safety::Unsafe, edits })),
        );
    }
}
