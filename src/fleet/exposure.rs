//! What a machine lets in, and what it says to its links unasked: open ports, answers to names, files that let guests choose a bridge.

use super::facts::{Fact, Listed, Origin, Sourced};
use super::reader::Reader;
use crate::heap::View;
use crate::modules::{EvalId, LossReason, may_begin_with};

/// Ports that a firewall lets in on all links.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenPorts {
    /// `networking.firewall.enable`
    pub is_filtered: Fact<bool>,
    /// First and last TCP ports; incomplete where something else may open ports.
    pub tcp: Listed<Sourced<(i64, i64)>>,
    /// First and last UDP ports, likewise.
    pub udp: Listed<Sourced<(i64, i64)>>,
}

impl OpenPorts {
    /// Whether a port is certainly closed on all links.
    pub fn closes(&self, protocol: &str, port: i64) -> bool {
        let ports = if protocol == "udp" { &self.udp } else { &self.tcp };
        self.is_filtered.is_true()
            && ports.is_complete
            && !ports.items.iter().any(|range| (range.value.0..=range.value.1).contains(&port))
    }
}

/// Settings of the kernel that are written and that `networking.nat` outweighs: its priority is 99, that of a plain definition 100 (nixpkgs,
/// `nixos/modules/services/networking/nat.nix`).
const FORWARDING: [&str; 4] = [
    "net.ipv4.conf.all.forwarding",
    "net.ipv4.conf.default.forwarding",
    "net.ipv6.conf.all.forwarding",
    "net.ipv6.conf.default.forwarding",
];

/// The priority of a definition without `mkDefault` and the like.
const PLAIN_PRIORITY: i64 = 100;

impl Reader<'_> {
    pub(super) fn open_ports(&mut self, machine: EvalId) -> OpenPorts {
        let option = |name| ["networking", "firewall", name];
        // Whatever else may open ports.
        let has_more = ["interfaces", "trustedInterfaces", "extraCommands", "extraInputRules"]
            .into_iter()
            .any(|name| self.is_given(machine, &option(name)));
        let tcp = self.ports(machine, "allowedTCPPorts", "allowedTCPPortRanges", has_more);
        let udp = self.ports(machine, "allowedUDPPorts", "allowedUDPPortRanges", has_more);
        OpenPorts { is_filtered: self.option_truth(machine, &option("enable")), tcp, udp }
    }

    fn ports(&mut self, machine: EvalId, single: &str, ranges: &str, has_more: bool) -> Listed<Sourced<(i64, i64)>> {
        let mut listed = Listed { items: Vec::new(), is_complete: !has_more };
        let (value, binding) = self.option_value(machine, &["networking", "firewall", single]);
        match value.view() {
            View::List(seq) => {
                listed.is_complete &= self.ev.heap.open_reason(seq).is_none();
                for element in self.ev.heap.elements(seq) {
                    let element = self.ev.force(element);
                    match element.view() {
                        View::Int(port) => {
                            let origin = self.origin(element, binding);
                            listed.items.push(Sourced { value: (port, port), origin });
                        }
                        _ => listed.is_complete = false,
                    }
                }
            }
            _ => listed.is_complete = false,
        }
        let (value, _) = self.option_value(machine, &["networking", "firewall", ranges]);
        match value.view() {
            View::List(seq) => {
                listed.is_complete &= self.ev.heap.open_reason(seq).is_none();
                for element in self.ev.heap.elements(seq) {
                    let View::Attrs(set) = self.ev.force(element).view() else {
                        listed.is_complete = false;
                        continue;
                    };
                    let ends = ["from", "to"].map(|name| self.member_fact(set, name));
                    let number = |fact: &Fact<String>| fact.value().and_then(|text| text.parse::<i64>().ok());
                    match (number(&ends[0]), number(&ends[1])) {
                        (Some(first), Some(last)) => {
                            let origin = ends[0].known().map(|text| text.origin.clone()).unwrap_or_default();
                            listed.items.push(Sourced { value: (first, last), origin });
                        }
                        _ => listed.is_complete = false,
                    }
                }
            }
            _ => listed.is_complete = false,
        }
        listed
    }

    /// Names of what the user sets below `services`.
    pub(super) fn services(&mut self, machine: EvalId) -> Vec<Sourced<String>> {
        let names = self.names(machine, &["services"]).items;
        names.into_iter().filter(|name| name.origin.own_place().is_some()).collect()
    }

    /// Whether systemd-resolved answers LLMNR: `services.resolved.llmnr`, or `services.resolved.settings.Resolve.LLMNR` since 26.05.
    pub(super) fn answers_llmnr(&mut self, machine: EvalId) -> Fact<bool> {
        let enable = self.option_truth(machine, &["services", "resolved", "enable"]);
        if !enable.is_true() {
            return enable;
        }
        for path in [&["services", "resolved", "llmnr"][..], &["services", "resolved", "settings", "Resolve", "LLMNR"]]
        {
            let value = self.option(machine, path).value;
            let value = self.ev.force(value);
            if let View::Str(id) = value.view() {
                let is_on = self.ev.heap.text(id) == "true";
                let origin = self.origin(value, crate::syntax::ExprId::NONE);
                return Fact::Known(Sourced { value: is_on, origin });
            }
            if !self.option(machine, path).definitions.is_empty() {
                return Fact::Unknown;
            }
        }
        // Text that is not looked into.
        match self.is_given(machine, &["services", "resolved", "extraConfig"]) {
            true => Fact::Unknown,
            false => enable,
        }
    }

    /// Whether somebody says which bridges QEMU's helper takes; microvm.nix says all of them (`nixos-modules/host/default.nix`).
    pub(super) fn limits_bridges(&mut self, machine: EvalId) -> bool {
        let path = "qemu/bridge.conf";
        if !self.may_write(machine, |name| may_begin_with(name, path)) {
            return false;
        }
        let files = self.names(machine, &["environment", "etc"]);
        files.items.iter().any(|file| file.value == path)
    }

    /// Names that the host gives to interfaces beside those of its files: renamed cards, VLANs, bonds, tunnels.
    pub(super) fn other_interfaces(&mut self, machine: EvalId) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for path in [
            &["networking", "vlans"][..],
            &["networking", "bonds"],
            &["networking", "macvlans"],
            &["networking", "wireguard", "interfaces"],
            &["networking", "wg-quick", "interfaces"],
        ] {
            names.extend(self.names(machine, path).items.into_iter().map(|name| name.value));
        }
        let links = self.option(machine, &["systemd", "network", "links"]).value;
        if let View::Attrs(set) = self.ev.force(links).view() {
            for (_, slot, _) in self.ev.heap.entries(set) {
                let View::Attrs(link) = self.ev.force_slot(slot).view() else { continue };
                let Some(config) = self.below_value(link, "linkConfig") else { continue };
                let View::Attrs(config) = config.view() else { continue };
                if let Fact::Known(name) = self.member_fact(config, "Name") {
                    names.push(name.value);
                }
            }
        }
        names.sort();
        names.dedup();
        names
    }

    /// Settings that turn forwarding off and do not count, with where they are written.
    pub(super) fn outweighed_sysctls(&mut self, machine: EvalId) -> Vec<(String, Origin)> {
        let mut lost = Vec::new();
        for name in FORWARDING {
            let report = self.option(machine, &["boot", "kernel", "sysctl", name]);
            for (definition, reason) in report.losing {
                let is_plain = definition.priority == PLAIN_PRIORITY && reason == LossReason::Priority;
                let value = self.ev.force(definition.value);
                let is_off = match value.view() {
                    View::Bool(truth) => !truth,
                    View::Int(number) => number == 0,
                    View::Str(id) => self.ev.heap.text(id) == "0",
                    _ => false,
                };
                if is_plain && is_off {
                    let origin = self.origin(value, definition.origin);
                    lost.push((name.to_owned(), origin));
                }
            }
        }
        lost
    }
}
