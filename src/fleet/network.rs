//! `systemd.network` of one machine as facts.

use super::facts::{Address, Fact, Listed, Matching, Network, Origin, Route, Sourced, Unit, Widened, parse_prefix};
use super::reader::Reader;
use crate::heap::{Set, Symbol, Value, View};
use crate::modules::{EvalId, may_begin_with};
use crate::schema::networkd;
use crate::source::Place;
use crate::syntax::ExprId;

/// A set with where its names were written.
struct Section {
    set: Option<Set>,
    raw: Vec<Set>,
    is_complete: bool,
}

impl Reader<'_> {
    /// Everything about the network of a machine.
    pub(super) fn network(&mut self, machine: EvalId) -> Network {
        let global = self.global_section(machine);
        for (name, value, binding) in self.keys(&global) {
            self.judge(networkd::Section::Global, &name, value, binding);
        }
        let networkd = self.option_truth(machine, &["systemd", "network", "enable"]);
        let before = self.problems.len();
        let mut units = self.units(machine);
        self.quietly(|reader| reader.drop_ins(machine, &mut units.items));
        if networkd.value() == Some(&false) {
            // NixOS looks at the units only if networkd is on (nixos/modules/system/boot/networkd.nix), so what fails in them fails nowhere.
            for problem in self.problems.split_off(before) {
                self.gap(problem.place, "systemd.network.networks", problem.message);
            }
        }
        Network {
            networkd,
            use_dhcp: self.option_truth(machine, &["networking", "useDHCP"]),
            enable_ipv6: self.option_truth(machine, &["networking", "enableIPv6"]),
            units,
            ipv4_forwarding: self.section_truth(&global, "IPv4Forwarding"),
            ipv6_forwarding: self.section_truth(&global, "IPv6Forwarding"),
            dropped: Vec::new(),
            module_starts: self.quietly(|reader| reader.module_starts(machine)),
            files: if self.wants_files { self.network_files(machine) } else { Listed::default() },
        }
    }

    /// Finds the files that get text from a drop-in, `/etc/systemd/network/<name>.network.d/*.conf` (systemd.network(5)).
    fn drop_ins(&mut self, machine: EvalId, units: &mut [Unit]) {
        let folder = "systemd/network/";
        if units.is_empty() || !self.may_write(machine, |name| may_begin_with(name, folder)) {
            return;
        }
        let files = self.names(machine, &["environment", "etc"]);
        let below = files.items.iter().filter_map(|file| file.value.strip_prefix(folder));
        for (name, _) in below.filter_map(|file| file.split_once(".network.d/")) {
            units.iter_mut().filter(|unit| unit.name == name).for_each(|unit| unit.has_extra_config = true);
        }
    }

    /// Where the first name of some sets is written.
    fn first_name(&mut self, sets: &[Set]) -> Option<Place> {
        let names: Vec<ExprId> =
            sets.iter().flat_map(|set| self.ev.heap.entries(*set)).map(|(.., name)| name).collect();
        names.into_iter().find_map(|name| self.place(name))
    }

    /// The expression of the first definition of a name.
    fn body(&mut self, sets: &[Set], name: Symbol) -> Option<Place> {
        sets.iter().find_map(|set| {
            let value = self.ev.attribute(*set, name)?;
            let origin = self.ev.force(value).origin();
            self.place(origin)
        })
    }

    fn module_starts(&mut self, machine: EvalId) -> Vec<Place> {
        let mut starts: Vec<Place> = Vec::new();
        for definition in self.option(machine, &["networking"]).definitions {
            let Some(place) = self.place(definition.origin) else { continue };
            if !starts.iter().any(|start| start.file == place.file) {
                starts.push(place);
            }
        }
        starts
    }

    fn global_section(&mut self, machine: EvalId) -> Section {
        let path = ["systemd", "network", "config", "networkConfig"];
        let report = self.option(machine, &path);
        let raw = self.raw_sets(&report.definitions);
        let value = self.settled(report.value, &path);
        self.section_of(value, raw)
    }

    fn units(&mut self, machine: EvalId) -> Listed<Unit> {
        let path = ["systemd", "network", "networks"];
        let report = self.option(machine, &path);
        let raw = self.raw_sets(&report.definitions);
        let may_be_plain = report.is_static && report.losing.is_empty();
        let value = self.settled(report.value, &path);
        let View::Attrs(set) = value.view() else { return Listed { items: Vec::new(), is_complete: false } };
        let mut listed = Listed { items: Vec::new(), is_complete: self.ev.heap.open_set_reason(set).is_none() };
        for (name, slot, _) in self.ev.heap.entries(set) {
            let before = self.oddities.len();
            let plain = self.plain_unit(&raw, name).filter(|_| may_be_plain);
            let config = match plain {
                Some(set) => Value::attrs(set),
                None => self.settled(Value::reference(slot), &path),
            };
            let View::Attrs(config) = config.view() else {
                listed.is_complete = false;
                continue;
            };
            if plain.is_none() {
                self.judge_unit(&report, name, config);
            }
            let mut unit = self.unit(name, config, &raw);
            if plain.is_none() && !unit.is_generated {
                unit.lost = self.quietly(|reader| reader.lost_of_unit(machine, &unit.name));
            }
            if unit.is_enabled.value() == Some(&false) {
                // Nothing but the name of a masked file is used.
                self.oddities.truncate(before);
            }
            self.name_oddities(before, name);
            listed.items.push(unit);
        }
        listed
    }

    pub(super) fn unit(&mut self, name: Symbol, config: Set, networks: &[Set]) -> Unit {
        let raw = self.raw_below(networks, name);
        let binding = self.binding(networks, name);
        let matching = self.section(config, &raw, "matchConfig");
        let network = self.section(config, &raw, "networkConfig");
        let link = self.section(config, &raw, "linkConfig");
        let enabled = self.member(config, "enable");
        let at = self.member_binding(&raw, "enable");
        let is_enabled = match self.truth(enabled, at) {
            Fact::Absent => Fact::Known(Sourced { value: true, origin: Origin::default() }),
            fact => fact,
        };
        let extra = self.member(config, "extraConfig");
        let has_extra_config = match self.text(extra, ExprId::NONE) {
            Fact::Known(text) => !text.value.is_empty(),
            Fact::Absent => false,
            Fact::Unknown => true,
        };
        let text = self.ev.heap.name(name).to_owned();
        let place = self.place(binding);
        let inside = self.first_name(&raw);
        let body = self.body(networks, name);
        let mut matching = self.matching(&matching);
        let has_names = [&matching.names, &matching.macs, &matching.types, &matching.kinds]
            .iter()
            .any(|list| !list.items.is_empty());
        if matching.is_complete && !has_names && matching.others.is_empty() {
            matching.empty = self.empty_set(&raw, "matchConfig");
        }
        let mut unit = Unit {
            inside,
            body,
            is_generated: false,
            name: text,
            place,
            is_enabled,
            matching,
            addresses: self.addresses(config, &raw, &network),
            routes: self.routes(config),
            gateways: self.both(config, &raw, "gateway", &network, "Gateway"),
            dns: self.both(config, &raw, "dns", &network, "DNS"),
            isolated: Fact::Absent,
            settings: Vec::new(),
            has_extra_config,
            lost: Vec::new(),
        };
        if matches!(self.member(config, "bridgeConfig").view(), View::Attrs(_)) {
            let bridge = self.section(config, &raw, "bridgeConfig");
            if let Some((value, binding)) = self.key(&bridge, "Isolated") {
                unit.isolated = self.text(value, binding);
            } else if !bridge.is_complete {
                unit.isolated = Fact::Unknown;
            }
        }
        self.shorthand_name(config, &raw, &mut unit.matching);
        if unit.name.starts_with("40-") {
            unit.place = unit.place.or_else(|| unit.matching.names.items.first().and_then(Sourced::place));
        }
        unit.is_generated = unit.place.is_none() && (unit.name.starts_with("40-") || unit.name.starts_with("99-"));
        unit.settings = self.settings(config, &raw, &network, &link);
        unit
    }

    /// The binding of an empty set, if there is just one definition of that name.
    fn empty_set(&mut self, raw: &[Set], name: &str) -> Option<Place> {
        let symbol = self.ev.heap.intern(name);
        let mut keys = raw.iter().filter_map(|set| Some((*set, self.ev.heap.key(*set, symbol)?)));
        let (Some((set, key)), None) = (keys.next(), keys.next()) else { return None };
        let value = self.ev.heap.share(set.slot(&key));
        let value = self.ev.force(value);
        let View::Attrs(inner) = value.view() else { return None };
        if self.ev.heap.entries(inner).into_iter().next().is_some() {
            return None;
        }
        self.origin(value, key.origin).whole()
    }

    fn member(&mut self, set: Set, name: &str) -> Value {
        let name = self.ev.heap.intern(name);
        match self.ev.attribute(set, name) {
            Some(value) => {
                let value = self.ev.force(value);
                if value.is_stop() {
                    let leaf = self.ev.heap.name(name).to_owned();
                    return self.settled(value, &["systemd", "network", "networks", "<name>", &leaf]);
                }
                value
            }
            None => self.ev.heap.open_set_reason(set).map_or(Value::NULL, Value::unknown),
        }
    }

    fn member_binding(&mut self, raw: &[Set], name: &str) -> ExprId {
        let name = self.ev.heap.intern(name);
        self.binding(raw, name)
    }

    fn section(&mut self, config: Set, raw: &[Set], name: &str) -> Section {
        let value = self.member(config, name);
        let name = self.ev.heap.intern(name);
        let below = self.raw_below(raw, name);
        self.section_of(value, below)
    }

    fn section_of(&mut self, value: Value, raw: Vec<Set>) -> Section {
        match value.view() {
            View::Attrs(set) => {
                Section { set: Some(set), raw, is_complete: self.ev.heap.open_set_reason(set).is_none() }
            }
            View::Null => Section { set: None, raw, is_complete: true },
            _ => Section { set: None, raw, is_complete: false },
        }
    }

    /// The keys of a section: name, value, where it was written.
    fn keys(&mut self, section: &Section) -> Vec<(String, Value, ExprId)> {
        let Some(set) = section.set else { return Vec::new() };
        let mut keys = Vec::new();
        for (name, slot, origin) in self.ev.heap.entries(set) {
            let value = self.ev.force_slot(slot);
            let binding = self.binding(&section.raw, name);
            let binding = if binding.is_some() { binding } else { origin };
            keys.push((self.ev.heap.name(name).to_owned(), value, binding));
        }
        keys
    }

    fn key(&mut self, section: &Section, name: &str) -> Option<(Value, ExprId)> {
        let symbol = self.ev.heap.intern(name);
        let set = section.set?;
        let value = self.ev.attribute(set, symbol)?;
        let value = self.ev.force(value);
        Some((value, self.binding(&section.raw, symbol)))
    }

    fn section_truth(&mut self, section: &Section, name: &str) -> Fact<bool> {
        match self.key(section, name) {
            Some((value, binding)) => self.unit_truth(value, binding),
            None if section.is_complete => Fact::Absent,
            None => Fact::Unknown,
        }
    }

    fn matching(&mut self, section: &Section) -> Matching {
        let mut matching = Matching { is_complete: section.is_complete, ..Matching::default() };
        for (name, value, binding) in self.keys(section) {
            self.judge(networkd::Section::Match, &name, value, binding);
            let words = self.texts(value, binding, true);
            matching.widened.extend(self.widened(section, &name));
            match name.as_str() {
                "Name" => matching.names = words,
                "MACAddress" => matching.macs = words,
                "Type" => matching.types = words,
                "Kind" => matching.kinds = words,
                _ => {
                    let origin = self.origin(value, binding);
                    matching.others.push(Sourced { value: name, origin });
                }
            }
        }
        matching
    }

    /// Whether some of the definitions of a key are lists and others single values, whose origins are then given.
    fn widened(&mut self, section: &Section, name: &str) -> Option<Widened> {
        if section.raw.len() < 2 {
            return None;
        }
        let symbol = self.ev.heap.intern(name);
        let (mut single, mut lists) = (Vec::new(), Vec::new());
        for set in &section.raw {
            let Some(key) = self.ev.heap.key(*set, symbol) else { continue };
            let value = self.ev.heap.share(set.slot(&key));
            let value = self.ev.force(value);
            let place = self.place(key.origin).or_else(|| self.place(value.origin()));
            match value.view() {
                View::List(_) => lists.push(place),
                View::Str(_) => single.push(place),
                // Properties such as `mkForce` decide for themselves.
                _ => return None,
            }
        }
        let places = || single.iter().chain(&lists).copied().flatten().collect();
        (!single.is_empty() && !lists.is_empty()).then(|| Widened { key: name.to_owned(), places: places() })
    }

    /// `name = "…"` of a unit stands for `matchConfig.Name`.
    fn shorthand_name(&mut self, config: Set, raw: &[Set], matching: &mut Matching) {
        let value = self.member(config, "name");
        let binding = self.member_binding(raw, "name");
        let words = self.texts(value, binding, true);
        if matching.names.items.is_empty() {
            matching.names.is_complete &= words.is_complete;
            matching.names.items = words.items;
        }
    }

    /// A list option together with the key that it stands for.
    fn both(
        &mut self,
        config: Set,
        raw: &[Set],
        option: &str,
        section: &Section,
        key: &str,
    ) -> Listed<Sourced<String>> {
        let value = self.member(config, option);
        let binding = self.member_binding(raw, option);
        let mut listed = self.texts(value, binding, true);
        if let Some((value, binding)) = self.key(section, key) {
            let more = self.texts(value, binding, true);
            listed.is_complete &= more.is_complete;
            listed.items.extend(more.items);
        }
        listed.is_complete &= section.is_complete;
        listed
    }

    fn addresses(&mut self, config: Set, raw: &[Set], network: &Section) -> Listed<Address> {
        let texts = self.both(config, raw, "address", network, "Address");
        let mut listed = Listed { items: Vec::new(), is_complete: texts.is_complete };
        listed.items.extend(texts.items.into_iter().map(address));
        let sections = self.member(config, "addresses");
        let View::List(seq) = sections.view() else {
            listed.is_complete &= matches!(sections.view(), View::Null);
            return listed;
        };
        listed.is_complete &= self.ev.heap.open_reason(seq).is_none();
        for element in self.ev.heap.elements(seq) {
            let Some((set, _)) = self.element(element, networkd::Section::Address) else {
                listed.is_complete = false;
                continue;
            };
            match self.member_fact(set, "Address") {
                Fact::Known(text) => {
                    let others = self.other_keys(set, &["Address"]);
                    listed.items.push(Address { in_section: true, others, ..address(text) });
                }
                Fact::Absent => {}
                Fact::Unknown => listed.is_complete = false,
            }
        }
        listed
    }

    /// The keys of a section with their values as text, some left out.
    fn other_keys(&mut self, set: Set, without: &[&str]) -> Vec<(String, Fact<String>)> {
        let mut others = Vec::new();
        for (name, slot, binding) in self.ev.heap.entries(set) {
            if !without.contains(&self.ev.heap.name(name)) {
                let value = self.ev.force_slot(slot);
                let fact = self.text(value, binding);
                others.push((self.ev.heap.name(name).to_owned(), fact));
            }
        }
        others
    }

    /// A scalar attribute of a set with its own binding.
    pub(super) fn member_fact(&mut self, set: Set, name: &str) -> Fact<String> {
        let symbol = self.ev.heap.intern(name);
        match self.ev.heap.key(set, symbol) {
            Some(key) => {
                let value = self.ev.heap.share(set.slot(&key));
                self.text(value, key.origin)
            }
            None if self.ev.heap.open_set_reason(set).is_some() => Fact::Unknown,
            None => Fact::Absent,
        }
    }

    fn routes(&mut self, config: Set) -> Listed<Route> {
        let value = self.member(config, "routes");
        let View::List(seq) = value.view() else {
            return Listed { items: Vec::new(), is_complete: matches!(value.view(), View::Null) };
        };
        let mut listed = Listed { items: Vec::new(), is_complete: self.ev.heap.open_reason(seq).is_none() };
        for element in self.ev.heap.elements(seq) {
            match self.element(element, networkd::Section::Route) {
                Some((set, is_wrapped)) => {
                    let origin = self.ev.force(element).origin();
                    let route = self.route(set, origin, is_wrapped);
                    listed.items.push(route);
                }
                None => listed.is_complete = false,
            }
        }
        listed
    }

    fn route(&mut self, set: Set, origin: ExprId, is_wrapped: bool) -> Route {
        let on_link = match self.member_fact(set, "GatewayOnLink") {
            Fact::Known(text) => match super::facts::parse_boolean(&text.value) {
                Some(truth) => Fact::Known(text.map(|_| truth)),
                None => Fact::Unknown,
            },
            Fact::Absent => Fact::Absent,
            Fact::Unknown => Fact::Unknown,
        };
        let others = self.other_keys(set, &["Destination", "Gateway", "GatewayOnLink"]);
        Route {
            place: self.place(origin),
            destination: self.member_fact(set, "Destination"),
            gateway: self.member_fact(set, "Gateway"),
            on_link,
            others,
            is_wrapped,
            is_complete: self.ev.heap.open_set_reason(set).is_none(),
        }
    }

    /// The keys of `[Network]` and `[Link]`, the shorthands `DHCP` and `bridge` included, sorted by name.
    fn settings(&mut self, config: Set, raw: &[Set], network: &Section, link: &Section) -> Vec<(String, Fact<String>)> {
        let mut settings = Vec::new();
        for (section, kind) in [(network, networkd::Section::Network), (link, networkd::Section::Link)] {
            for (name, value, binding) in self.keys(section) {
                self.judge(kind, &name, value, binding);
                let fact = self.text(value, binding);
                settings.push((name, fact));
            }
        }
        for (option, key) in [("DHCP", "DHCP"), ("bridge", "Bridge")] {
            let value = self.member(config, option);
            let binding = self.member_binding(raw, option);
            let fact = self.text(value, binding);
            if !matches!(fact, Fact::Absent) && !settings.iter().any(|(name, _)| name == key) {
                self.judge(networkd::Section::Unit, option, value, binding);
                settings.push((key.to_owned(), fact));
            }
        }
        if !network.is_complete || !link.is_complete {
            settings.push(("?".to_owned(), Fact::Unknown));
        }
        settings.sort_by(|(a, _), (b, _)| a.cmp(b));
        settings
    }
}

fn address(text: Sourced<String>) -> Address {
    Address {
        net: parse_prefix(&text.value),
        has_prefix: text.value.contains('/'),
        text,
        in_section: false,
        others: Vec::new(),
    }
}
