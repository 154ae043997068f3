//! Hosts and guests as facts.

use super::facts::{Declared, Fact, Guest, Host, Interface, Listed, Nat, Release, Sourced, Unit};
use super::filters::{FilterText, forward_rules, masquerades};
use super::index::{Index, index_of};
use super::reader::Reader;
use super::trouble::{Problem, ProblemKind};
use crate::heap::{Set, Value, View};
use crate::modules::{self, EvalId};
use crate::schema::networkd::Section;
use crate::source::Place;

/// What a machine seems to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Role {
    pub(super) is_host: bool,
    pub(super) is_guest: bool,
}

impl Reader<'_> {
    /// Whether a machine runs guests, is one, both or neither. Many fleets import both modules of microvm.nix everywhere and switch them
    /// on where they are wanted.
    pub(super) fn role(&mut self, machine: EvalId) -> Role {
        let is_no_host = self.is_off(machine, &["microvm", "host", "enable"]);
        let is_no_guest = self.is_off(machine, &["microvm", "guest", "enable"]);
        let has_host_module = self.is_set(machine, &["routelint", "isHost"]);
        let has_guest_module =
            self.is_set(machine, &["routelint", "isGuest"]) || (!is_no_guest && self.has_own_guest_module(machine));
        let has_interfaces = self.is_filled(machine, &["microvm", "interfaces"]);
        let has_vms =
            self.is_filled(machine, &["microvm", "vms"]) || self.is_filled(machine, &["microvm", "autostart"]);
        let is_guest = has_guest_module || (has_interfaces && !is_no_guest);
        let is_host = has_host_module
            || (has_vms && !is_no_host)
            || (!is_guest && (self.is_defined(machine, &["networking", "nat"]) || self.has_tap_unit(machine)));
        Role { is_host, is_guest }
    }

    /// Whether a file of the project is the guest module, as in the repository of microvm.nix itself: no other module declares these options.
    fn has_own_guest_module(&mut self, machine: EvalId) -> bool {
        let options = [["microvm", "guest", "enable"].as_slice(), &["microvm", "interfaces"]];
        options.iter().all(|path| {
            let report = self.option(machine, path);
            !report.is_static && !report.value.is_stop()
        })
    }

    pub(super) fn is_set(&mut self, machine: EvalId, path: &[&str]) -> bool {
        let value = self.option(machine, path).value;
        matches!(self.ev.force(value).view(), View::Bool(true))
    }

    fn is_off(&mut self, machine: EvalId, path: &[&str]) -> bool {
        let value = self.option(machine, path).value;
        matches!(self.ev.force(value).view(), View::Bool(false))
    }

    fn is_filled(&mut self, machine: EvalId, path: &[&str]) -> bool {
        let value = self.option(machine, path).value;
        match self.ev.force(value).view() {
            View::List(seq) => seq.len > 0,
            View::Attrs(set) => self.ev.heap.set_len(set) > 0,
            _ => false,
        }
    }

    fn is_defined(&mut self, machine: EvalId, path: &[&str]) -> bool {
        let mut keys = ["enable", "internalIPs", "internalIPv6s", "externalInterface"].into_iter();
        keys.any(|key| {
            let path: Vec<&str> = path.iter().copied().chain([key]).collect();
            self.is_given(machine, &path)
        })
    }

    /// Whether a unit gives a route to one host on a link that is matched by name: what a routed tap looks like.
    fn has_tap_unit(&mut self, machine: EvalId) -> bool {
        let units = self.network(machine).units;
        units.items.iter().any(|unit| {
            !unit.matching.names.items.is_empty()
                && unit.routes.items.iter().any(|route| {
                    matches!(route.gateway, Fact::Absent)
                        && route.destination_net().is_some_and(|net| net.prefix_len() == net.max_prefix_len())
                })
        })
    }

    /// The facts of a host.
    pub(super) fn host(&mut self, name: &str, machine: EvalId, place: Option<Place>, release: Option<Release>) -> Host {
        self.machine = format!("host {name}");
        self.oddities.clear();
        let (sysctls, sysctls_complete) = self.sysctls(machine);
        let texts = self.filter_texts(machine);
        let mut host = Host {
            name: name.to_owned(),
            place,
            network: self.network(machine),
            nat: self.nat(machine, &texts),
            sysctls,
            sysctls_complete,
            firewall: self.quietly(|reader| reader.firewall(machine)),
            forward_rules: forward_rules(&texts),
            ports: self.quietly(|reader| reader.open_ports(machine)),
            answers_llmnr: self.quietly(|reader| reader.answers_llmnr(machine)),
            limits_bridges: self.quietly(|reader| reader.limits_bridges(machine)),
            other_interfaces: self.quietly(|reader| reader.other_interfaces(machine)),
            outweighed_sysctls: self.quietly(|reader| reader.outweighed_sysctls(machine)),
            nftables: self.option_truth(machine, &["networking", "nftables", "enable"]),
            dhcpcd: self.quietly(|reader| reader.dhcpcd(machine)),
            dhcp_server: self.quietly(|reader| reader.dhcp_server(machine)),
            devices: self.quietly(|reader| reader.devices(machine)),
            netdevs: self.quietly(|reader| reader.netdevs(machine)),
            netdevs_complete: self.quietly(|reader| reader.knows_netdevs(machine)),
            bridges: self.quietly(|reader| reader.bridges(machine)),
            wait_online: self.quietly(|reader| reader.wait_online(machine)),
            link_macs: self.quietly(|reader| reader.link_macs(machine)),
            hosts_entries: self.quietly(|reader| reader.hosts_entries(machine)),
            has_host_module: self.is_set(machine, &["routelint", "isHost"]),
            vms: self.names(machine, &["microvm", "vms"]),
            autostart: self.option_texts(machine, &["microvm", "autostart"]),
            release,
            oddities: Vec::new(),
            counts: Vec::new(),
        };
        let machines = self.option(machine, &["microvm", "vms"]);
        self.judge_machines(&machines);
        host.oddities = std::mem::take(&mut self.oddities);
        host.counts = self.counts();
        // What several hosts share was evaluated for the first of them.
        host.network.dropped = self.quietly(|reader| reader.dropped_units(&host.network));
        self.module_problems(machine);
        self.failed_assertions(machine);
        host
    }

    /// The facts of a guest.
    pub(super) fn guest(&mut self, name: &str, machine: EvalId, declared: Declared, place: Option<Place>) -> Guest {
        self.machine = format!("guest {name}");
        self.oddities.clear();
        let interfaces = self.interfaces(machine);
        let network = self.network(machine);
        let derived = index_of(&interfaces.items, &network.units.items, |origin| {
            origin.parts.settle(|value| Some(self.take_apart(value).into()));
        });
        let registered = || self.registered_index(machine).map(|number| Index { number, is_computed: true });
        let index = derived.or_else(registered);
        let mut guest = Guest {
            name: name.to_owned(),
            host: None,
            declared,
            place,
            has_computed_index: index.as_ref().is_some_and(|index| index.is_computed),
            index: index.map(|index| index.number),
            interfaces,
            network,
            autostart: Fact::Absent,
            host_name: self.option_text(machine, &["networking", "hostName"]),
            hypervisor: self.option_text(machine, &["microvm", "hypervisor"]),
            vcpu: self.quietly(|reader| reader.option_number(machine, &["microvm", "vcpu"])),
            netdevs: self.quietly(|reader| reader.netdevs(machine)),
            vsock_cid: self.quietly(|reader| reader.option_number(machine, &["microvm", "vsock", "cid"])),
            machine_id: self.quietly(|reader| reader.option_text(machine, &["microvm", "machineId"])),
            has_shares: self.quietly(|reader| reader.has_elements(machine, &["microvm", "shares"])),
            has_graphics: self.quietly(|reader| reader.option_truth(machine, &["microvm", "graphics", "enable"])),
            has_devices: self.quietly(|reader| reader.has_elements(machine, &["microvm", "devices"])),
            ports: self.quietly(|reader| reader.open_ports(machine)),
            services: self.quietly(|reader| reader.services(machine)),
            forward_ports: self.quietly(|reader| reader.has_elements(machine, &["microvm", "forwardPorts"])),
            predictable_names: self
                .quietly(|reader| reader.option_truth(machine, &["networking", "usePredictableInterfaceNames"])),
            hosts_entries: self.quietly(|reader| reader.hosts_entries(machine)),
            release: None,
            oddities: std::mem::take(&mut self.oddities),
        };
        let has_addresses = |unit: &Unit| !unit.is_generated && !unit.addresses.items.is_empty();
        if !guest.network.units.items.iter().any(has_addresses) {
            guest.network.dropped = self.quietly(|reader| reader.dropped_units(&guest.network));
        }
        self.module_problems(machine);
        self.failed_assertions(machine);
        self.with_doubt(machine, guest)
    }

    /// A guest without interfaces has some for all that is known if one of its modules is not: that one may be the one that gives them. Likewise addresses,
    /// if another program sets them than networkd.
    fn with_doubt(&mut self, machine: EvalId, mut guest: Guest) -> Guest {
        let ifstate = self.option_truth(machine, &["networking", "ifstate", "enable"]);
        if ifstate.is_true() {
            let why = "ifstate sets them, whose configuration is not read".to_owned();
            self.gap(ifstate.place(), "addresses and routes", why);
            guest.network.units.is_complete = false;
        }
        if modules::is_incomplete(self.ev, machine) {
            doubt_interfaces(&mut guest);
        }
        guest
    }

    /// The number of a guest of the modules in `nix/`, whose tap may be called otherwise.
    fn registered_index(&mut self, machine: EvalId) -> Option<Sourced<i64>> {
        if !self.is_set(machine, &["routedGuests", "guest", "enable"]) {
            return None;
        }
        let name = self.option_text(machine, &["routedGuests", "guest", "name"]);
        let path = ["routedGuests", "guests", name.known()?.value.as_str(), "index"];
        self.quietly(|reader| reader.option_number(machine, &path)).known().cloned()
    }

    /// Names of an option whose value is a set, with where they were written.
    pub(super) fn names(&mut self, machine: EvalId, path: &[&str]) -> Listed<Sourced<String>> {
        let report = self.option(machine, path);
        let raw = self.raw_sets(&report.definitions);
        let value = self.settled(report.value, path);
        let View::Attrs(set) = value.view() else { return Listed { items: Vec::new(), is_complete: false } };
        let mut listed = Listed { items: Vec::new(), is_complete: self.ev.heap.open_set_reason(set).is_none() };
        for (name, _, _) in self.ev.heap.entries(set) {
            let binding = self.binding(&raw, name);
            let origin = super::facts::Origin { definition: self.place(binding), ..Default::default() };
            listed.items.push(Sourced { value: self.ev.heap.name(name).to_owned(), origin });
        }
        listed
    }

    fn devices(&mut self, machine: EvalId) -> Vec<Sourced<String>> {
        let mut devices = self.names(machine, &["networking", "interfaces"]).items;
        devices.extend(self.names(machine, &["networking", "bridges"]).items);
        devices.extend(self.netdevs(machine).into_iter().map(|device| device.name));
        devices.sort_by(|a, b| a.value.cmp(&b.value));
        devices
    }

    fn interfaces(&mut self, machine: EvalId) -> Listed<Interface> {
        let path = ["microvm", "interfaces"];
        let report = self.option(machine, &path);
        let elements = self.raw_elements(&report.definitions);
        let may_be_plain = report.is_static && report.losing.is_empty();
        let value = self.settled(report.value, &path);
        let View::List(seq) = value.view() else { return Listed { items: Vec::new(), is_complete: false } };
        let mut listed = Listed { items: Vec::new(), is_complete: self.ev.heap.open_reason(seq).is_none() };
        let matches_up = elements.len() == seq.count();
        for (element, number) in self.ev.heap.elements(seq).into_iter().zip(0usize..) {
            let raw = elements.get(number).copied().filter(|_| matches_up);
            let plain = raw.filter(|_| may_be_plain).and_then(|raw| self.plain_interface(raw));
            if let (None, Some(raw), true) = (plain, raw, report.is_static) {
                for written in self.certain_values(raw) {
                    if let View::Attrs(set) = written.view() {
                        self.judge_names(Section::Interface, set);
                    }
                }
            }
            let value = match plain {
                Some(set) => Value::attrs(set),
                None => self.settled(element, &path),
            };
            let View::Attrs(set) = value.view() else {
                listed.is_complete = false;
                continue;
            };
            let interface = self.interface(set, raw);
            listed.items.push(interface);
        }
        listed
    }

    /// The elements of list definitions as they were written.
    fn raw_elements(&mut self, definitions: &[modules::Definition]) -> Vec<Value> {
        let mut elements = Vec::new();
        for definition in definitions {
            if let View::List(seq) = self.ev.force(definition.value).view() {
                elements.extend(self.ev.heap.elements(seq).into_iter().map(|element| self.ev.force(element)));
            }
        }
        elements
    }

    fn interface(&mut self, set: Set, raw: Option<Value>) -> Interface {
        let written: Vec<Set> = match raw.map(Value::view) {
            Some(View::Attrs(set)) => vec![set],
            _ => Vec::new(),
        };
        let mut read = |name: &str| {
            let symbol = self.ev.heap.intern(name);
            let binding = self.binding(&written, symbol);
            match self.ev.attribute(set, symbol) {
                Some(value) => {
                    let value = self.ev.force(value);
                    match value.view() {
                        View::Error(id) if self.is_missing_value(id) => self.missing_key(id),
                        _ => {
                            let value = self.settled(value, &["microvm", "interfaces", name]);
                            self.text(value, binding)
                        }
                    }
                }
                None if self.ev.heap.open_set_reason(set).is_some() => Fact::Unknown,
                None => Fact::Absent,
            }
        };
        let [kind, id, mac, bridge] = ["type", "id", "mac", "bridge"].map(&mut read);
        let is_macvtap = kind.value().is_some_and(|kind| kind == "macvtap");
        let [link, mode] = if is_macvtap { self.macvtap(set, &written) } else { [Fact::Absent, Fact::Absent] };
        let vhost =
            if kind.value().is_some_and(|kind| kind == "tap") { self.vhost(set, &written) } else { Fact::Absent };
        let place = raw.and_then(|value| self.place(value.origin()));
        Interface { kind, id, mac, bridge, link, mode, vhost, place }
    }

    /// `tap.vhost` of an interface.
    fn vhost(&mut self, set: Set, written: &[Set]) -> Fact<bool> {
        let name = self.ev.heap.intern("tap");
        let raw = self.raw_below(written, name);
        let Some(View::Attrs(tap)) = self.below_value(set, "tap").map(Value::view) else { return Fact::Absent };
        let symbol = self.ev.heap.intern("vhost");
        let binding = self.binding(&raw, symbol);
        match self.below_value(tap, "vhost") {
            Some(value) => self.quietly(|reader| reader.truth(value, binding)),
            None => Fact::Absent,
        }
    }

    /// `macvtap.link` and `macvtap.mode` of an interface.
    fn macvtap(&mut self, set: Set, written: &[Set]) -> [Fact<String>; 2] {
        let name = self.ev.heap.intern("macvtap");
        let raw = self.raw_below(written, name);
        let value = self.below_value(set, "macvtap");
        ["link", "mode"].map(|leaf| {
            let symbol = self.ev.heap.intern(leaf);
            let binding = self.binding(&raw, symbol);
            let value = match value.map(Value::view) {
                Some(View::Attrs(inner)) => self.below_value(inner, leaf),
                Some(View::Null) | None => None,
                Some(_) => return Fact::Unknown,
            };
            match value.map(|value| (value, value.view())) {
                None => Fact::Absent,
                Some((_, View::Error(id))) if self.is_missing_value(id) => self.missing_key(id),
                Some((value, _)) => self.text(value, binding),
            }
        })
    }

    pub(super) fn below_value(&mut self, set: Set, name: &str) -> Option<Value> {
        let name = self.ev.heap.intern(name);
        let value = self.ev.attribute(set, name)?;
        Some(self.ev.force(value))
    }

    /// A key of an interface that has no value: it is not given, or depends on another option that is not.
    fn missing_key(&self, id: crate::heap::ErrorId) -> Fact<String> {
        let is_own = self.ev.error_info(id).is_some_and(|info| info.message.contains("`microvm.interfaces."));
        if is_own { Fact::Absent } else { Fact::Unknown }
    }

    fn is_missing_value(&self, id: crate::heap::ErrorId) -> bool {
        self.ev.error_info(id).is_some_and(|info| info.message.contains("has no value defined"))
    }

    fn nat(&mut self, machine: EvalId, texts: &Listed<FilterText>) -> Nat {
        let option = |name| ["networking", "nat", name];
        Nat {
            enable: self.option_truth(machine, &option("enable")),
            enable_ipv6: self.option_truth(machine, &option("enableIPv6")),
            internal_ips: self.option_texts(machine, &option("internalIPs")),
            internal_ipv6s: self.option_texts(machine, &option("internalIPv6s")),
            internal_interfaces: self.option_texts(machine, &option("internalInterfaces")),
            external_interface: self.option_text(machine, &option("externalInterface")),
            external_ip: self.quietly(|reader| reader.option_text(machine, &option("externalIP"))),
            external_ipv6: self.quietly(|reader| reader.option_text(machine, &option("externalIPv6"))),
            forward_ports: self.quietly(|reader| reader.port_forwards(machine)),
            extra_commands: self.quietly(|reader| reader.option_text(machine, &option("extraCommands"))),
            masquerades: masquerades(texts),
            lost: self.quietly(|reader| reader.lost_ranges(machine)),
        }
    }

    fn sysctls(&mut self, machine: EvalId) -> (Vec<(String, Fact<String>)>, bool) {
        let path = ["boot", "kernel", "sysctl"];
        let report = self.option(machine, &path);
        let raw = self.raw_sets(&report.definitions);
        let value = self.settled(report.value, &path);
        let View::Attrs(set) = value.view() else { return (Vec::new(), false) };
        let mut known = Vec::new();
        for (name, slot, _) in self.ev.heap.entries(set) {
            let text = self.ev.heap.name(name).to_owned();
            if text.starts_with("net.") {
                let binding = self.binding(&raw, name);
                let value = self.ev.force_slot(slot);
                let fact = self.text(value, binding);
                known.push((text, fact));
            }
        }
        (known, self.ev.heap.open_set_reason(set).is_none())
    }

    /// Problems that the module system met while it collected the modules of a machine.
    pub(super) fn module_problems(&mut self, machine: EvalId) {
        for problem in modules::problems(self.ev, machine) {
            let place = self.place(problem.origin);
            match problem.kind {
                modules::ProblemKind::FailedModule => match problem.cause.view() {
                    View::Error(id) => self.report_error_at(id, place),
                    _ => self.gap(place, "a module", problem.message),
                },
                modules::ProblemKind::MissingArgument => {
                    let name = problem.name.unwrap_or_default();
                    let machine = Some(self.machine.clone());
                    let missing = Problem {
                        kind: ProblemKind::MissingArgument(name),
                        message: problem.message,
                        place,
                        related: Vec::new(),
                        machine,
                        is_certain: true,
                    };
                    if !self.problems.contains(&missing) {
                        self.problems.push(missing);
                    }
                }
                modules::ProblemKind::UnknownImport | modules::ProblemKind::ConfigInImports => {
                    self.gap(place, "an element of imports", problem.message);
                }
            }
        }
    }
}

/// Lets a guest that has no interface have some that are not known.
pub(super) fn doubt_interfaces(guest: &mut Guest) {
    if guest.interfaces.items.is_empty() {
        guest.interfaces.is_complete = false;
        guest.network.units.is_complete = false;
    }
}
