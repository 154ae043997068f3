//! A guest with the number zero, whose address is the host's.

use super::context::Context;
use super::culprit;
use super::draft::{Draft, Scope};
use super::finding::Severity;
use super::rewrite;
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::Sourced;

pub(super) const RULE: RuleInfo = RuleInfo {
    name: "index-zero",
    severity: Severity::Error,
    group: Group::Addressing,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("index_zero.md"),
    explains: &[
        "tap-without-network",
        "host-route-missing",
        "host-route-on-wrong-tap",
        "guest-host-address-disagree",
        "guest-gateway-not-host-address",
        "gateway-is-self",
        "guest-address-is-host-address",
    ],
    run,
};

fn run(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for link in context.links.routed() {
        let Some(index) = link.guest.index.as_ref().filter(|index| index.value == 0) else { continue };
        let Some(host) = link.host else { continue };
        let of_host = |ip| {
            let units = host.network.units.items.iter();
            units.flat_map(|unit| &unit.addresses.items).find(|address| address.net.is_some_and(|net| net.addr() == ip))
        };
        let Some((ip, address, hosts)) =
            link.guest_addresses().find_map(|(ip, address)| of_host(ip).map(|hosts| (ip, address, hosts)))
        else {
            continue;
        };
        drafts.push(
            Draft::new(
                Scope::link(link),
                format!("guest {} has the index 0, so its address {ip} is the host's own", link.guest.name),
                "packets to its gateway stay inside the guest",
            )
            .help("give the guest an index from 1 on; a generator over `lib.range 1 n` or `lib.genList (i: i + 1) n` starts there")
            .label(Sourced::place(index).or_else(|| culprit::in_address(address)), "index 0")
            .label(culprit::in_address(hosts), format!("{ip} of host {}", host.name))
            .fix(rewrite::index(link, context.links.routed(), context.free.index(link.host_id))),
        );
    }
    drafts
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{reports, silent};

    #[test]
    fn zero_belongs_to_the_host() {
        let guest =
            "guest web@h index=0 tap=vm0/02:00:00:00:00:01\nunit 10-e mac=02:00:00:00:00:01 address=10.0.0.0/32";
        reports(
            &format!("host h\nunit 30-vm0 name=vm0 address=10.0.0.0/32 route=10.0.0.0/32\n{guest}"),
            &[("index-zero", "0")],
        );
        silent(&format!("host h\nunit 30-vm0 name=vm0 address=10.0.0.254/32 route=10.0.0.0/32\n{guest}"));
    }
}
