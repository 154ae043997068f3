//! What machines do with packets and names besides networkd: firewall, translation of single ports, DHCP client, names of addresses, devices.

use std::net::IpAddr;

use super::binding::Binding;
use super::facts::{Fact, Host, Listed, Origin, Sourced};
use super::reader::Reader;
use crate::heap::{Set, Symbol, Value, View};
use crate::modules::{Definition, EvalId, OutlinedName, may_begin_with};
use crate::source::Place;
use crate::syntax::ExprId;

/// `networking.firewall`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Firewall {
    /// `enable`
    pub enable: Fact<bool>,
    /// `checkReversePath` as text (`true`, `false`, `strict`, `loose`).
    pub reverse_path: Fact<String>,
    /// `filterForward`
    pub filter_forward: Fact<bool>,
    /// `trustedInterfaces`
    pub trusted_interfaces: Listed<Sourced<String>>,
    /// Names in `interfaces`, for which ports of their own are open.
    pub interfaces: Listed<Sourced<String>>,
    /// `backend`, if somebody sets it.
    pub backend: Fact<String>,
    /// `extraCommands`
    pub extra_commands: Fact<String>,
    /// `extraInputRules`
    pub extra_input_rules: Fact<String>,
    /// `extraForwardRules`
    pub extra_forward_rules: Fact<String>,
}

/// The DHCP client that NixOS runs where networkd does not: `networking.dhcpcd` and what switches it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dhcpcd {
    /// Whether it runs: `networking.dhcpcd.enable` and `networking.useDHCP`, unless `networking.useNetworkd` takes its place
    /// (nixpkgs, `nixos/modules/services/networking/dhcpcd.nix`).
    pub runs: Fact<bool>,
    /// Patterns of interfaces that it leaves alone, as the user writes them.
    pub denied: Listed<Sourced<String>>,
    /// Patterns of interfaces that it is limited to; `None` if it is not limited.
    pub allowed: Option<Listed<Sourced<String>>>,
}

/// One element of `networking.nat.forwardPorts`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortForward {
    /// Where the element is written.
    pub place: Option<Place>,
    /// `proto`: `tcp` or `udp`.
    pub protocol: Fact<String>,
    /// `sourcePort`: a port, or a range `first:last`.
    pub source: Fact<String>,
    /// `destination`: an address with a port or a range of ports.
    pub destination: Fact<String>,
    /// Whether `loopbackIPs` may have elements: addresses under which those behind the host reach it too.
    pub has_loopback: bool,
}

/// A device that the host makes itself (`systemd.network.netdevs`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Netdev {
    /// `Name`
    pub name: Sourced<String>,
    /// `Kind`: `bridge`, `tap`, `vlan`, `wireguard` …
    pub kind: Fact<String>,
    /// `MultiQueue` of `tapConfig`.
    pub multi_queue: Fact<bool>,
    /// Of a tap: the bindings that are its only definition; empty where it is written in another way.
    pub bindings: Vec<Place>,
}

/// What `systemd-networkd-wait-online` waits for (`systemd.network.wait-online`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitOnline {
    /// `enable`
    pub enable: Fact<bool>,
    /// `anyInterface`: whether one link is enough.
    pub any_interface: Fact<bool>,
    /// `ignoredInterfaces`
    pub ignored: Listed<Sourced<String>>,
}

/// A bridge of `networking.bridges`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bridge {
    /// Its name.
    pub name: Sourced<String>,
    /// Its ports.
    pub ports: Listed<Sourced<String>>,
}

/// A name for an address, from `networking.hosts` or `networking.extraHosts`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostsEntry {
    /// The address, as written.
    pub address: Sourced<String>,
    /// A name.
    pub name: String,
}

impl HostsEntry {
    /// The address, if it is one.
    pub fn ip(&self) -> Option<IpAddr> {
        self.address.value.parse().ok()
    }
}

impl Host {
    /// Whether a device of this name is made by the host itself.
    pub fn makes_device(&self, name: &str) -> bool {
        self.devices.iter().any(|device| device.value == name)
    }
}

impl Reader<'_> {
    pub(super) fn firewall(&mut self, machine: EvalId) -> Firewall {
        let option = |name| ["networking", "firewall", name];
        Firewall {
            enable: self.option_truth(machine, &option("enable")),
            reverse_path: self.option_text(machine, &option("checkReversePath")),
            filter_forward: self.option_truth(machine, &option("filterForward")),
            trusted_interfaces: self.option_texts(machine, &option("trustedInterfaces")),
            interfaces: self.names(machine, &option("interfaces")),
            backend: match self.option(machine, &option("backend")).definitions.is_empty() {
                true => Fact::Absent,
                false => self.option_text(machine, &option("backend")),
            },
            extra_commands: self.option_text(machine, &option("extraCommands")),
            extra_input_rules: self.option_text(machine, &option("extraInputRules")),
            extra_forward_rules: self.option_text(machine, &option("extraForwardRules")),
        }
    }

    pub(super) fn dhcpcd(&mut self, machine: EvalId) -> Dhcpcd {
        let enable = self.option_truth(machine, &["networking", "dhcpcd", "enable"]);
        let use_dhcp = self.option_truth(machine, &["networking", "useDHCP"]);
        let use_networkd = self.option_truth(machine, &["networking", "useNetworkd"]);
        let runs = match (&enable, &use_dhcp, &use_networkd) {
            (Fact::Known(one), ..) if !one.value => Fact::Known(one.clone()),
            (_, Fact::Known(two), _) if !two.value => Fact::Known(two.clone()),
            (.., Fact::Known(three)) if three.value => Fact::Known(three.clone().map(|_| false)),
            (Fact::Known(_), Fact::Known(two), Fact::Known(_)) => Fact::Known(two.clone()),
            _ => Fact::Unknown,
        };
        let allowed = self.is_given(machine, &["networking", "dhcpcd", "allowInterfaces"]);
        Dhcpcd {
            runs,
            denied: self.option_texts(machine, &["networking", "dhcpcd", "denyInterfaces"]),
            allowed: allowed.then(|| self.option_texts(machine, &["networking", "dhcpcd", "allowInterfaces"])),
        }
    }

    /// Whether one of the servers runs that NixOS has modules for.
    pub(super) fn dhcp_server(&mut self, machine: EvalId) -> Fact<bool> {
        let servers = [
            ["services", "dnsmasq", "enable"].as_slice(),
            &["services", "kea", "dhcp4", "enable"],
            &["services", "dhcpd4", "enable"],
        ];
        let known: Vec<Fact<bool>> = servers.iter().map(|path| self.option_truth(machine, path)).collect();
        let first = |wanted: fn(&Fact<bool>) -> bool| known.iter().find(|fact| wanted(fact)).cloned();
        let off = || Fact::Known(Sourced { value: false, origin: Origin::default() });
        first(Fact::is_true).or_else(|| first(Fact::is_unknown)).unwrap_or_else(off)
    }

    pub(super) fn port_forwards(&mut self, machine: EvalId) -> Listed<PortForward> {
        let path = ["networking", "nat", "forwardPorts"];
        let (value, _) = self.option_value(machine, &path);
        let View::List(seq) = value.view() else { return Listed { items: Vec::new(), is_complete: false } };
        let mut listed = Listed { items: Vec::new(), is_complete: self.ev.heap.open_reason(seq).is_none() };
        for element in self.ev.heap.elements(seq) {
            let element = self.settled(element, &path);
            let View::Attrs(set) = element.view() else {
                listed.is_complete = false;
                continue;
            };
            let place = self.place(element.origin());
            let [protocol, source, destination] =
                ["proto", "sourcePort", "destination"].map(|name| self.member_fact(set, name));
            let protocol = match protocol {
                Fact::Absent => Fact::Known(Sourced { value: "tcp".to_owned(), origin: Origin::default() }),
                known => known,
            };
            let loopback = self.member_fact(set, "loopbackIPs");
            let has_loopback = !matches!(loopback, Fact::Absent);
            listed.items.push(PortForward { place, protocol, source, destination, has_loopback });
        }
        listed
    }

    pub(super) fn netdevs(&mut self, machine: EvalId) -> Vec<Netdev> {
        let report = self.option(machine, &["systemd", "network", "netdevs"]);
        let View::Attrs(set) = self.ev.force(report.value).view() else { return Vec::new() };
        let mut devices = Vec::new();
        for (file, slot, _) in self.ev.heap.entries(set) {
            let View::Attrs(device) = self.ev.force_slot(slot).view() else { continue };
            let Some(section) = self.section_set(device, "netdevConfig") else { continue };
            let Fact::Known(name) = self.member_fact(section, "Name") else { continue };
            let multi_queue = match self.section_set(device, "tapConfig") {
                Some(tap) => match self.member_fact(tap, "MultiQueue") {
                    Fact::Known(text) => match super::facts::parse_boolean(&text.value) {
                        Some(truth) => Fact::Known(text.map(|_| truth)),
                        None => Fact::Unknown,
                    },
                    Fact::Absent => Fact::Absent,
                    Fact::Unknown => Fact::Unknown,
                },
                None => Fact::Absent,
            };
            let kind = self.member_fact(section, "Kind");
            let is_tap = kind.value().is_some_and(|kind| kind == "tap");
            let bindings = if is_tap { self.bindings_of(&report.definitions, file) } else { Vec::new() };
            devices.push(Netdev { name, kind, multi_queue, bindings });
        }
        devices.sort_by(|a, b| a.name.value.cmp(&b.name.value));
        devices
    }

    /// Whether all devices are known that networkd makes on a machine: no file of another origin may define one.
    pub(super) fn knows_netdevs(&mut self, machine: EvalId) -> bool {
        let value = self.option(machine, &["systemd", "network", "netdevs"]).value;
        let View::Attrs(set) = self.ev.force(value).view() else { return false };
        if self.ev.heap.open_set_reason(set).is_some() {
            return false;
        }
        for (_, slot, _) in self.ev.heap.entries(set) {
            let View::Attrs(device) = self.ev.force_slot(slot).view() else { return false };
            let name = self.section_set(device, "netdevConfig").map(|section| self.member_fact(section, "Name"));
            if !matches!(name, Some(Fact::Known(_))) {
                return false;
            }
        }
        let is_device = |name: OutlinedName<'_>| match name {
            OutlinedName::Whole(whole) => whole.ends_with(".netdev"),
            OutlinedName::Beginning(_) => may_begin_with(name, "systemd/network/"),
        };
        if !self.may_write(machine, is_device) {
            return true;
        }
        let files = self.names(machine, &["environment", "etc"]);
        files.is_complete && !files.items.iter().any(|file| file.value.ends_with(".netdev"))
    }

    /// The bindings that define a name of an option of sets: `name = { … };`, or each `name.part = …;`. Empty if another form defines it, or several do.
    fn bindings_of(&mut self, definitions: &[Definition], name: Symbol) -> Vec<Place> {
        let sets = self.raw_sets(definitions);
        let mut keys = sets.iter().filter_map(|set| Some((*set, self.ev.heap.key(*set, name)?)));
        let (Some((set, key)), None) = (keys.next(), keys.next()) else { return Vec::new() };
        let value = self.ev.heap.share(set.slot(&key));
        let value = self.ev.force(value);
        if let Some(whole) = self.origin(value, key.origin).whole() {
            return vec![whole];
        }
        let View::Attrs(parts) = value.view() else { return Vec::new() };
        let mut bindings = Vec::new();
        for (_, slot, origin) in self.ev.heap.entries(parts) {
            let value = self.ev.force_slot(slot);
            match self.origin(value, origin).whole() {
                Some(whole) => bindings.push(whole),
                None => return Vec::new(),
            }
        }
        bindings
    }

    fn section_set(&mut self, set: Set, name: &str) -> Option<Set> {
        let name = self.ev.heap.intern(name);
        let value = self.ev.attribute(set, name)?;
        match self.ev.force(value).view() {
            View::Attrs(inner) => Some(inner),
            _ => None,
        }
    }

    pub(super) fn wait_online(&mut self, machine: EvalId) -> WaitOnline {
        let option = |name| ["systemd", "network", "wait-online", name];
        WaitOnline {
            enable: self.option_truth(machine, &option("enable")),
            any_interface: self.option_truth(machine, &option("anyInterface")),
            ignored: self.option_texts(machine, &option("ignoredInterfaces")),
        }
    }

    /// Ethernet addresses that `.link` files name, of cards or for them.
    pub(super) fn link_macs(&mut self, machine: EvalId) -> Vec<Sourced<String>> {
        let value = self.option(machine, &["systemd", "network", "links"]).value;
        let View::Attrs(set) = self.ev.force(value).view() else { return Vec::new() };
        let mut macs = Vec::new();
        for (_, slot, _) in self.ev.heap.entries(set) {
            let View::Attrs(link) = self.ev.force_slot(slot).view() else { continue };
            for (section, key) in
                [("matchConfig", "MACAddress"), ("matchConfig", "PermanentMACAddress"), ("linkConfig", "MACAddress")]
            {
                let fact = self.section_set(link, section).map(|section| self.member_fact(section, key));
                macs.extend(fact.and_then(|fact| fact.known().cloned()));
            }
        }
        macs
    }

    pub(super) fn bridges(&mut self, machine: EvalId) -> Vec<Bridge> {
        let names = self.names(machine, &["networking", "bridges"]).items;
        let bridges = names.into_iter().map(|name| {
            let ports = self.option_texts(machine, &["networking", "bridges", &name.value, "interfaces"]);
            Bridge { name, ports }
        });
        bridges.collect()
    }

    /// Names of addresses, from the option and from the text beside it.
    pub(super) fn hosts_entries(&mut self, machine: EvalId) -> Vec<HostsEntry> {
        let mut entries = Vec::new();
        for address in self.names(machine, &["networking", "hosts"]).items {
            let names = self.option_texts(machine, &["networking", "hosts", &address.value]);
            entries.extend(names.items.into_iter().map(|name| {
                let address = Sourced {
                    value: address.value.clone(),
                    origin: Origin { value: name.origin.value, binding: Binding::default(), ..address.origin.clone() },
                };
                HostsEntry { address, name: name.value }
            }));
        }
        if let Fact::Known(text) = self.option_text(machine, &["networking", "extraHosts"]) {
            entries.extend(self.hosts_lines(&text));
        }
        entries
    }

    /// The entries of a text in the format of hosts(5): an address and names on a line, comments after `#`.
    fn hosts_lines(&mut self, text: &Sourced<String>) -> Vec<HostsEntry> {
        let parts = text.origin.parts.settle(|value| Some(self.take_apart(value).into()));
        let mut entries = Vec::new();
        let mut start = 0;
        for line in text.value.split_inclusive('\n') {
            let content = line.split('#').next().unwrap_or_default();
            let mut words = content.split_whitespace();
            if let Some(address) = words.next() {
                let offset = start + content.len() - content.trim_start().len();
                let part = parts.iter().find(|part| part.start as usize <= offset && offset < part.end as usize);
                let value = part.and_then(|part| part.place).or(text.origin.value);
                let origin = Origin { value, definition: text.origin.definition, ..Origin::default() };
                let address = Sourced { value: address.to_owned(), origin };
                entries.extend(words.map(|name| HostsEntry { address: address.clone(), name: name.to_owned() }));
            }
            start += line.len();
        }
        entries
    }

    /// An integer option.
    pub(super) fn option_number(&mut self, machine: EvalId, path: &[&str]) -> Fact<i64> {
        let (value, origin) = self.option_value(machine, path);
        self.number(value, origin)
    }

    fn number(&mut self, value: Value, binding: ExprId) -> Fact<i64> {
        let value = self.ev.force(value);
        match value.view() {
            View::Null => Fact::Absent,
            View::Int(number) => {
                let origin = self.origin(value, binding);
                Fact::Known(Sourced { value: number, origin })
            }
            _ => Fact::Unknown,
        }
    }

    /// Whether a list or set option has elements.
    pub(super) fn has_elements(&mut self, machine: EvalId, path: &[&str]) -> Fact<bool> {
        let (value, origin) = self.option_value(machine, path);
        let (count, is_open) = match value.view() {
            View::List(seq) => (seq.count(), self.ev.heap.open_reason(seq).is_some()),
            View::Attrs(set) => (self.ev.heap.set_len(set), self.ev.heap.open_set_reason(set).is_some()),
            View::Null => (0, false),
            _ => return Fact::Unknown,
        };
        if count == 0 && is_open {
            return Fact::Unknown;
        }
        let origin = self.origin(value, origin);
        Fact::Known(Sourced { value: count > 0, origin })
    }
}
