//! Files for networkd on a machine where it does not run.

use super::additions;
use super::context::Context;
use super::culprit;
use super::draft::{Draft, Scope};
use super::finding::{Fix, Safety, Severity};
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::links::{has_host_address, has_host_route};
use crate::fleet::{Fact, Network, Unit};

pub(super) const RULE: RuleInfo = RuleInfo {
    name: "networks-ignored-networkd-off",
    severity: Severity::Error,
    group: Group::Networkd,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("networks_ignored_networkd_off.md"),
    explains: &[
        "tap-without-network",
        "tap-unmanaged",
        "tap-id-claimed-by-stock-network",
        "network-shadowed",
        "host-route-missing",
        "host-route-on-wrong-tap",
        "guest-host-address-disagree",
        "guest-match-mac-mismatch",
        "guest-gateway-not-host-address",
        "gateway-not-onlink",
        "onlink-without-gateway",
        "guest-default-route-missing",
        "ipv4-forwarding-missing-on-tap",
        "ipv6-forwarding-not-global",
    ],
    run,
};

fn run(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host, links) in context.routed_hosts() {
        // Without a file for one of its taps the files may serve something else.
        let file = links.iter().find_map(|link| link.host_unit.unit()).filter(|_| is_off(&host.network));
        // What configured the uplink until now no longer does.
        let safety = Safety::Unsafe;
        let words = format!("host {}", host.name);
        drafts.extend(file.map(|unit| draft(Scope::host(id), &words, &host.network, unit, safety)));
    }
    for cards in context.links.all.chunk_by(|one, next| one.guest_id == next.guest_id) {
        let Some(link) = cards.iter().find(|link| link.is_routed() && is_off(&link.guest.network)) else { continue };
        let mut files = link.guest.network.units.items.iter().filter(|unit| !unit.is_generated);
        let file = files.find(|unit| has_host_address(unit) || has_host_route(unit));
        // A file for each card: nothing else is left that could have configured one.
        let is_whole = link.guest.interfaces.is_complete
            && cards.iter().all(|card| card.guest_unit.unit().is_some_and(|unit| !unit.is_generated));
        let safety = if is_whole { Safety::Safe } else { Safety::Unsafe };
        let words = format!("guest {}", link.guest.name);
        drafts.extend(file.map(|unit| draft(Scope::link(link), &words, &link.guest.network, unit, safety)));
    }
    drafts
}

fn is_off(network: &Network) -> bool {
    match &network.networkd {
        Fact::Known(is_on) => !is_on.value,
        Fact::Absent => true,
        Fact::Unknown => false,
    }
}

fn draft(scope: Scope, machine: &str, network: &Network, unit: &Unit, safety: Safety) -> Draft {
    let files = network.units.items.iter().filter(|unit| !unit.is_generated).count();
    let which = if files == 1 { unit.name.clone() } else { format!("{} and {} more files", unit.name, files - 1) };
    Draft::new(
        scope,
        format!("{machine} has {which} in `systemd.network.networks`, but networkd is not enabled"),
        "NixOS leaves them out, so no address and no route is set",
    )
    .help("set `networking.useNetworkd = true;`")
    .label(unit.place, "not written to the system")
    .label(network.networkd.place(), "networkd is off")
    .fix(match network.networkd.known().filter(|off| off.origin.own_place().is_some()) {
        Some(off) => culprit::replace_value(&off.origin, 5, "true").map(|fix| Fix { safety: Safety::Unsafe, ..fix }),
        None => additions::to_machine(network, unit.place, "networking.useNetworkd = true;", safety),
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{reports, silent};

    #[test]
    fn files_need_networkd() {
        let tap = "unit 30-vm1 name=vm1 address=10.0.0.0/32 route=10.0.0.1/32";
        let guest =
            "tap=vm1/02:00:00:00:00:01\nunit 10-e mac=02:00:00:00:00:01 address=10.0.0.1/32 route=-,via=10.0.0.0";
        reports(
            &format!("host h networkd-off\n{tap}\nguest a@h {guest},onlink"),
            &[("networks-ignored-networkd-off", "30-vm1")],
        );
        reports(
            &format!("host h forward4\n{tap}\nguest a@h networkd-off {guest}"),
            &[("networks-ignored-networkd-off", "10-e")],
        );
        silent(&format!("host h networkd-off\nunit 10-lan name=eno1 address=10.0.0.0/24\nguest a@h {guest},onlink"));
    }
}
