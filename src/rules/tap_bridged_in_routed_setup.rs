//! A bridged tap beside routed ones.

use super::context::Context;
use super::draft::{Draft, Scope};
use super::finding::Severity;
use super::rule::{Activation, FixKind, Group, OptIn, RuleInfo};
use crate::fleet::Routing;

pub(super) const RULE: RuleInfo = RuleInfo {
    name: "tap-bridged-in-routed-setup",
    severity: Severity::Warning,
    group: Group::Isolation,
    fix: FixKind::Suggested,
    activation: Activation::LouderWith(OptIn::StrictIsolation),
    page: include_str!("tap_bridged_in_routed_setup.md"),
    explains: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for link in context.links.all.iter().filter(|link| link.routing == Routing::Bridged) {
        let (Some(host), Some(unit), Some(tap)) = (link.host, link.host_unit.unit(), link.tap()) else { continue };
        let mut routed =
            context.links.routed().filter(|other| other.host_id == link.host_id && other.host_unit.unit().is_some());
        let Some(other) = routed.next() else { continue };
        let Some(bridge) = unit.setting("Bridge").and_then(|fact| fact.known()) else { continue };
        drafts.push(
            Draft::new(
                Scope::link(link),
                format!(
                    "the tap {tap} of guest {} is a port of {}, while other taps of host {} are routed",
                    link.guest.name, bridge.value, host.name
                ),
                "on the bridge the guest can forge addresses and take over its neighbours' traffic, which routed taps prevent",
            )
            .help(format!("give {tap} a file of its own with the host's address and a route to the guest; if it is meant, allow this rule here with the reason"))
            .label(bridge.place().or(unit.place), format!("{} makes {tap} a port", unit.name))
            .label(other.host_unit.unit().and_then(|unit| unit.place), format!("a routed tap, of guest {}", other.guest.name)),
        );
    }
    drafts
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{reports, silent};

    const BRIDGED: &str = "guest b@h tap=br1/02:00:00:00:00:02\nunit 10-e mac=02:00:00:00:00:02 address=10.9.0.2/24";

    #[test]
    fn one_bridge_among_routed_taps_stands_out() {
        let routed = "guest a@h tap=vm1/02:00:00:00:00:01\nunit 10-e mac=02:00:00:00:00:01 address=10.0.0.1/32";
        let taps = "unit 30-vm1 name=vm1 address=10.0.0.0/32 route=10.0.0.1/32\nunit 40-br name=br1 set:Bridge=br0";
        reports(&format!("host h\n{taps}\n{routed}\n{BRIDGED}"), &[("tap-bridged-in-routed-setup", "br0")]);
        silent(&format!("host h\n{taps}\n{BRIDGED}"));
    }
}
