//! A tap that is to be a port of a bridge which networkd does not make.

use super::additions;
use super::context::Context;
use super::culprit;
use super::draft::{Draft, Scope};
use super::finding::{Fix, Safety, Severity};
use super::names::nearest_of;
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::{Fact, Host, Sourced};

pub(super) const RULE: RuleInfo = RuleInfo {
    name: "bridge-without-netdev",
    severity: Severity::Error,
    group: Group::Networkd,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("bridge_without_netdev.md"),
    explains: &["tap-bridged-in-routed-setup", "address-on-bridge-port", "bridge-ports-not-isolated"],
    run,
};

fn run(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for link in &context.links.all {
        let (Some(host), Some(unit), Some(tap)) = (link.host, link.host_unit.unit(), link.tap()) else { continue };
        let Some(bridge) = unit.setting("Bridge").and_then(Fact::known).filter(|name| !name.value.is_empty()) else {
            continue;
        };
        let name = &bridge.value;
        let made = host.netdevs.iter().find(|device| device.name.value == *name);
        let kind = made.map(|device| device.kind.value());
        let is_known = host.network.networkd.is_true() && host.netdevs_complete && !unit.has_extra_config;
        let wrong = match kind {
            _ if !is_known || unit.is_generated => continue,
            Some(None) => continue,
            Some(Some(kind)) if kind == "bridge" => continue,
            Some(Some(kind)) => format!("{name}, which networkd makes as a device of kind {kind}"),
            None => format!("{name}, which no device in `systemd.network.netdevs` is called"),
        };
        drafts.push(
            Draft::new(
                Scope::link(link),
                format!("{} of host {} makes the tap {tap} a port of {wrong}", unit.name, host.name),
                format!("networkd ignores the line, and guest {} reaches nothing through the bridge", link.guest.name),
            )
            .help(format!(
                "let networkd make the bridge: `systemd.network.netdevs.\"10-{name}\".netdevConfig = {{ Name = \"{name}\"; Kind = \"bridge\"; }};`; one that \
                 somebody else makes does not count"
            ))
            .label(bridge.place().or(unit.place), "no bridge that networkd makes")
            .label(made.and_then(|device| device.name.place()), "no bridge")
            .fix(if made.is_none() { with_bridge(host, bridge) } else { None }),
        );
    }
    drafts
}

/// An edit that names the bridge of nearly the same name, or defines one where nobody else makes it.
fn with_bridge(host: &Host, bridge: &Sourced<String>) -> Option<Fix> {
    let name = &bridge.value;
    let is_bridge = |kind: Option<&String>| kind.is_some_and(|kind| kind == "bridge");
    let bridges = host.netdevs.iter().filter(|device| is_bridge(device.kind.value()));
    if let Some(near) = nearest_of(name, bridges.map(|device| device.name.value.as_str())) {
        return culprit::replace_literal(bridge, near, format!("Write {near}"), Safety::Unsafe);
    }
    let is_made = host.makes_device(name) || host.other_interfaces.contains(name);
    let is_plain = !name.contains(['"', '\\', '$']);
    let device =
        format!("systemd.network.netdevs.\"10-{name}\".netdevConfig = {{ Name = \"{name}\"; Kind = \"bridge\"; }};");
    let near = bridge.place();
    let fix = (!is_made && is_plain).then(|| additions::to_machine(&host.network, near, &device, Safety::Unsafe))??;
    Some(Fix { title: format!("Let networkd make {name}"), ..fix })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{reports, silent};

    #[test]
    fn networkd_joins_only_what_it_makes() {
        let guest = "guest a@h tap=vm1/02:00:00:00:00:01\nunit 10-e mac=02:00:00:00:00:01 address=10.9.0.1/24";
        let fleet = |host: &str| format!("host h {host}\nunit 30-vm1 name=vm1 set:Bridge=br0\n{guest}");
        reports(&fleet("netdevs-known"), &[("bridge-without-netdev", "br0")]);
        reports(&fleet("netdevs-known netdev=br0/vlan"), &[("bridge-without-netdev", "br0")]);
        silent(&fleet("netdevs-known netdev=br0/bridge"));
        silent(&fleet(""));
        silent(&fleet("netdevs-known networkd-off"));
    }
}
