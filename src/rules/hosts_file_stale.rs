//! A name of a guest that leads to another address.

use std::net::IpAddr;

use rustc_hash::FxHashMap;

use super::context::Context;
use super::draft::{Draft, Family, Scope};
use super::finding::Severity;
use super::rule::{Activation, FixKind, Group, RuleInfo};
use super::wording;
use crate::fleet::{Guest, GuestId, HostsEntry, Link};

pub(super) const RULE: RuleInfo = RuleInfo {
    name: "hosts-file-stale",
    severity: Severity::Warning,
    group: Group::Drift,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("hosts_file_stale.md"),
    explains: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Draft> {
    let mut by_name: FxHashMap<String, Vec<GuestId>> = FxHashMap::default();
    for (id, guest) in context.fleet.numbered_guests() {
        let mut names: Vec<String> = vec![guest.name.to_lowercase()];
        names.extend(guest.host_name.value().map(|name| name.to_lowercase()));
        names.dedup();
        for name in names {
            by_name.entry(name).or_default().push(id);
        }
    }
    let machines = context.fleet.hosts.iter().map(|host| (format!("host {}", host.name), &host.hosts_entries));
    let machines = machines
        .chain(context.fleet.guests.iter().map(|guest| (format!("guest {}", guest.name), &guest.hosts_entries)));
    let mut drafts = Vec::new();
    for (machine, entries) in machines {
        // What is wrong about one name is one mistake, in however many families.
        let mut stale: Vec<(GuestId, &Guest, &HostsEntry, Vec<IpAddr>)> = Vec::new();
        for entry in entries {
            let Some([id]) = by_name.get(&entry.name.to_lowercase()).map(Vec::as_slice) else { continue };
            let (Some(guest), Some(ip)) = (context.fleet.guest(*id), entry.ip()) else { continue };
            if let Some(addresses) = contradicted(context.links.of_guest(*id), ip) {
                stale.push((*id, guest, entry, addresses));
            }
        }
        for group in stale.chunk_by(|one, next| one.0 == next.0) {
            let Some((id, guest, entry, addresses)) = group.first() else { continue };
            let wrong: Vec<&str> = group.iter().map(|(_, _, entry, _)| entry.address.value.as_str()).collect();
            let right: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
            let mut draft = Draft::new(
                Scope::guests(guest.host, [*id]),
                format!(
                    "the hosts file of {machine} gives {} for {}, but guest {} has {}",
                    wording::list(&wrong),
                    entry.name,
                    guest.name,
                    wording::list(&right)
                ),
                "connections by that name go elsewhere or nowhere",
            )
            .help(format!(
                "write {} for {}, best by the binding that also gives the guest its address",
                wording::list(&right),
                entry.name
            ));
            for (_, _, entry, _) in group {
                draft = draft.label(
                    entry.address.place(),
                    format!("{} is not an address of guest {}", entry.address.value, guest.name),
                );
            }
            for link in context.links.of_guest(*id) {
                for (ip, address) in link.guest_addresses() {
                    draft = draft.label(super::culprit::in_address(address), format!("{ip} of guest {}", guest.name));
                }
            }
            drafts.push(draft);
        }
    }
    drafts
}

/// The addresses that a guest has, if all are known, an address of a hosts file is none of them, and it seems to be meant for the guest: it
/// lies beside them.
fn contradicted(links: &[Link<'_>], ip: IpAddr) -> Option<Vec<IpAddr>> {
    let mut addresses = Vec::new();
    for link in links {
        let unit = link.guest_unit.unit()?;
        if !unit.addresses.is_complete || unit.has_extra_config || super::context::may_use_dhcp(unit) {
            return None;
        }
        addresses.extend(link.guest_addresses().map(|(ip, _)| ip));
    }
    let is_beside = addresses.iter().any(|own| beside(*own, ip));
    let same: Vec<IpAddr> = addresses.iter().copied().filter(|own| Family::of(*own) == Family::of(ip)).collect();
    (is_beside && !addresses.contains(&ip)).then_some(if same.is_empty() { addresses } else { same })
}

/// Whether two addresses lie in one /24 or /64.
fn beside(one: IpAddr, other: IpAddr) -> bool {
    match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => one.octets().iter().take(3).eq(other.octets().iter().take(3)),
        (IpAddr::V6(one), IpAddr::V6(other)) => one.segments().iter().take(4).eq(other.segments().iter().take(4)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{reports, silent};

    fn fleet(hosts: &str) -> String {
        format!(
            "host h hosts={hosts}
             unit 30-vm4 name=vm4 address=10.0.0.0/32 route=10.0.0.4/32
             guest web@h tap=vm4/02:00:00:00:00:04
             unit 10-e mac=02:00:00:00:00:04 address=10.0.0.4/32"
        )
    }

    #[test]
    fn an_old_address_is_found_and_aliases_are_not() {
        reports(&fleet("10.0.0.1/web"), &[("hosts-file-stale", "10.0.0.1")]);
        for hosts in ["10.0.0.4/web", "10.0.0.1/other", "192.0.2.7/web", "::1/web"] {
            silent(&fleet(hosts));
        }
    }
}
