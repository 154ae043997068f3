//! A file that makes its link a port of a bridge and gives it addresses as well.

use super::context::Context;
use super::draft::Draft;
use super::finding::Severity;
use super::odd::Machine;
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::Fact;

pub(super) const RULE: RuleInfo = RuleInfo {
    name: "address-on-bridge-port",
    severity: Severity::Warning,
    group: Group::Networkd,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("address_on_bridge_port.md"),
    explains: &["tap-bridged-in-routed-setup"],
    run,
};

fn run(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for machine in Machine::all(context) {
        for unit in machine.units().iter().filter(|unit| unit.is_enabled.value() == Some(&true)) {
            let Some(bridge) = unit.setting("Bridge").and_then(Fact::known) else { continue };
            let address = unit.addresses.items.iter().find_map(|address| Some((address.net?, address.text.place())));
            let route = unit.routes.items.iter().find_map(|route| {
                let place = route.destination.place().or(route.gateway.place()).or(route.place);
                Some((route.destination_net()?, place))
            });
            let (what, place) = match (address, route) {
                (Some((net, place)), _) => (format!("the address {net}"), place),
                (None, Some((net, place))) => (format!("a route to {net}"), place),
                (None, None) => continue,
            };
            let name = &bridge.value;
            drafts.push(
                Draft::new(
                    machine.scope(context, &unit.name, None),
                    format!(
                        "{} of {} makes its link a port of {name} and gives it {what} too",
                        unit.name, machine.words()
                    ),
                    "what comes in by a port goes to the bridge, so neither belongs on the port",
                )
                .help(format!("move addresses and routes to the file of {name}; a tap that is to be routed must be no port: remove `Bridge` then"))
                .label(place.or(unit.place), "on a port of a bridge")
                .label(bridge.place(), "the bridge"),
            );
        }
    }
    drafts
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{reports, silent};

    #[test]
    fn a_port_has_no_address() {
        let guest = "guest a@h tap=vm1/02:00:00:00:00:01\nunit 10-e mac=02:00:00:00:00:01 address=10.9.0.1/24";
        let fleet = format!("host h forward4\nunit 30-vm1 name=vm1 set:Bridge=br0 address=10.9.0.254/24\n{guest}");
        reports(&fleet, &[("address-on-bridge-port", "10.9.0.254/24")]);
        silent(&fleet.replace(" address=10.9.0.254/24", ""));
        silent(&fleet.replace(" set:Bridge=br0", ""));
    }
}
