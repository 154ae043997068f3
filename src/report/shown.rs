//! The fleet as `show` presents it, in table and JSON alike: facts reduced to what a person asks for.

use rustc_hash::FxHashSet;
use serde::Serialize;

use super::json::Position;
use super::{Paths, Style};
use crate::fleet::{
    Address, Declared, Fact, Fleet, Guest, Host, HostId, Link, Links, Listed, Masquerade, Matching, Nat, Network,
    Route, Unit,
};
use crate::source::{Place, Sources};

/// What `show` presents: a fleet and how its places are written.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// The fleet.
    pub fleet: &'a Fleet,
    /// The files that places point into.
    pub sources: &'a Sources,
    /// How paths are written.
    pub paths: &'a Paths,
}

/// A host.
#[derive(Debug, Serialize)]
pub(super) struct ShownHost<'a> {
    pub(super) name: &'a str,
    pub(super) guests: Vec<&'a str>,
    pub(super) nat: ShownNat<'a>,
    pub(super) networks: Vec<ShownNetwork<'a>>,
    networkd: Option<bool>,
    /// Taps with a file and a host route of their own that no guest uses; `null` if a guest is not known, or its tap.
    pub(super) free_slots: Option<Vec<&'a str>>,
    pub(super) defined: Option<Defined>,
}

/// `networking.nat` of a host. What is unknown is `null`; `complete` tells whether the lists are.
#[derive(Debug, Serialize)]
pub(super) struct ShownNat<'a> {
    pub(super) enable: Option<bool>,
    enable_ipv6: Option<bool>,
    pub(super) internal_ips: Vec<&'a str>,
    pub(super) internal_ipv6s: Vec<&'a str>,
    pub(super) internal_interfaces: Vec<&'a str>,
    pub(super) external_interface: Option<&'a str>,
    complete: bool,
    /// Rules in texts for iptables or nftables that masquerade.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) masquerades: Vec<ShownMasquerade<'a>>,
    /// Whether there may be further ones, in texts that are not plain.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) other_rules: bool,
}

/// A rule that masquerades; `null` stands for any.
#[derive(Debug, Serialize)]
pub(super) struct ShownMasquerade<'a> {
    pub(super) source: Option<String>,
    pub(super) output: Option<&'a str>,
}

/// A `.network` file.
#[derive(Debug, Serialize)]
pub(super) struct ShownNetwork<'a> {
    pub(super) name: &'a str,
    #[serde(rename = "match")]
    pub(super) matching: ShownMatch<'a>,
    pub(super) addresses: Vec<String>,
    pub(super) routes: Vec<ShownRoute<'a>>,
    enabled: Option<bool>,
    pub(super) generated: bool,
    complete: bool,
    defined: Option<Defined>,
}

/// `[Match]` of a `.network` file.
#[derive(Debug, Serialize)]
pub(super) struct ShownMatch<'a> {
    pub(super) names: Vec<&'a str>,
    pub(super) macs: Vec<&'a str>,
    types: Vec<&'a str>,
    kinds: Vec<&'a str>,
    others: Vec<&'a str>,
}

/// A route.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct ShownRoute<'a> {
    pub(super) destination: Option<&'a str>,
    pub(super) gateway: Option<&'a str>,
    pub(super) on_link: Option<bool>,
}

/// A guest.
#[derive(Debug, Serialize)]
pub(super) struct ShownGuest<'a> {
    pub(super) name: &'a str,
    pub(super) host: Option<&'a str>,
    pub(super) index: Option<i64>,
    pub(super) interfaces: Vec<ShownInterface<'a>>,
    pub(super) addresses: Vec<String>,
    pub(super) routes: Vec<ShownRoute<'a>>,
    declared: &'static str,
    autostart: Option<bool>,
    complete: bool,
    pub(super) defined: Option<Defined>,
    /// Whether there are no further interfaces that are not known.
    #[serde(skip)]
    pub(super) has_all_interfaces: bool,
    /// Whether there are no further files that are not known.
    #[serde(skip)]
    pub(super) has_all_units: bool,
}

/// An element of `microvm.interfaces`.
#[derive(Debug, Serialize)]
pub(super) struct ShownInterface<'a> {
    pub(super) id: Option<&'a str>,
    #[serde(rename = "type")]
    pub(super) kind: Option<&'a str>,
    pub(super) mac: Option<&'a str>,
    /// The bridge that it is a port of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bridge: Option<&'a str>,
    /// For a macvtap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) link: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<&'a str>,
    defined: Option<Defined>,
}

/// Where something is defined.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Defined {
    file: String,
    start: Position,
    #[serde(skip)]
    pub(super) text: String,
}

impl<'a> Shown<'a> {
    /// All hosts, in the order of the facts.
    pub(super) fn hosts(&self) -> Vec<ShownHost<'a>> {
        self.fleet
            .numbered_hosts()
            .map(|(id, host)| {
                let guests = self.fleet.guests.iter().filter(|guest| guest.host == Some(id));
                self.host(id, host, guests.map(|guest| guest.name.as_str()).collect())
            })
            .collect()
    }

    /// All guests, in the order of the facts.
    pub(super) fn guests(&self) -> Vec<ShownGuest<'a>> {
        let links = Links::new(self.fleet);
        self.fleet.numbered_guests().map(|(id, guest)| self.guest(guest, links.of_guest(id))).collect()
    }

    fn host(&self, id: HostId, host: &'a Host, guests: Vec<&'a str>) -> ShownHost<'a> {
        ShownHost {
            free_slots: self.free_slots(id, host),
            name: &host.name,
            guests,
            nat: nat(&host.nat),
            networks: host.network.units.items.iter().map(|unit| self.network(unit)).collect(),
            networkd: host.network.networkd.value().copied(),
            defined: self.defined(host.place),
        }
    }

    /// Taps that are prepared for a guest and have none: the file matches one name and holds a host route.
    fn free_slots(&self, id: HostId, host: &'a Host) -> Option<Vec<&'a str>> {
        let is_mine = |guest: &&Guest| guest.host.is_none_or(|host| host == id);
        let named: FxHashSet<&str> =
            self.fleet.guests.iter().filter(is_mine).map(|guest| guest.name.as_str()).collect();
        if !host.vms.is_complete || !host.vms.items.iter().all(|vm| named.contains(vm.value.as_str())) {
            return None;
        }
        let mut taken = Vec::new();
        for guest in self.fleet.guests.iter().filter(is_mine) {
            if !guest.interfaces.is_complete {
                return None;
            }
            for interface in &guest.interfaces.items {
                match &interface.id {
                    Fact::Known(name) => taken.push(name.value.as_str()),
                    Fact::Unknown => return None,
                    Fact::Absent => {}
                }
            }
        }
        let slots = own_units(&host.network).filter_map(|unit| {
            let [name] = unit.matching.names.items.as_slice() else { return None };
            let has_host_route = unit.routes.items.iter().any(|route| {
                route.gateway.value().is_none()
                    && route.destination_net().is_some_and(|net| net.prefix_len() == net.max_prefix_len())
            });
            let is_one_name = !name.value.contains(['*', '?', '[', '!', ' ']);
            let is_free = !taken.contains(&name.value.as_str()) && host.own_device(&name.value).is_none();
            (is_one_name && has_host_route && is_free).then_some(name.value.as_str())
        });
        Some(slots.collect())
    }

    fn network(&self, unit: &'a Unit) -> ShownNetwork<'a> {
        ShownNetwork {
            name: &unit.name,
            matching: matching(&unit.matching),
            addresses: unit.addresses.items.iter().map(address).collect(),
            routes: routes(unit).collect(),
            enabled: unit.is_enabled.value().copied(),
            generated: unit.is_generated,
            complete: is_complete(unit),
            defined: self.defined(unit.place),
        }
    }

    fn guest(&self, guest: &'a Guest, links: &[Link<'a>]) -> ShownGuest<'a> {
        let interfaces = links.iter().map(|link| self.interface(link));
        let mut addresses: Vec<String> = Vec::new();
        for address in own_units(&guest.network).flat_map(|unit| unit.addresses.items.iter().map(address)) {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        ShownGuest {
            name: &guest.name,
            host: self.fleet.host_of(guest).map(|host| host.name.as_str()),
            index: guest.index.as_ref().map(|index| index.value),
            interfaces: interfaces.collect(),
            addresses,
            routes: own_units(&guest.network).flat_map(routes).collect(),
            declared: match guest.declared {
                Declared::Inline => "inline",
                Declared::FlakeReference => "flake",
                Declared::Configuration => "configuration",
                Declared::File => "file",
            },
            autostart: guest.autostart.value().copied(),
            complete: guest.interfaces.is_complete
                && guest.network.units.is_complete
                && own_units(&guest.network).all(is_complete),
            defined: self.defined(guest.place),
            has_all_interfaces: guest.interfaces.is_complete,
            has_all_units: guest.network.units.is_complete,
        }
    }

    fn interface(&self, link: &Link<'a>) -> ShownInterface<'a> {
        let interface = link.interface;
        ShownInterface {
            id: text(&interface.id),
            kind: text(&interface.kind),
            mac: text(&interface.mac),
            bridge: link.bridge.map(|bridge| bridge.value.as_str()),
            link: text(&interface.link),
            mode: text(&interface.mode),
            defined: self.defined(interface.place),
        }
    }

    fn defined(&self, place: Option<Place>) -> Option<Defined> {
        let place = place?;
        Some(Defined {
            file: self.paths.of(self.sources, place.file),
            start: self.sources.line_columns(place).0.into(),
            text: self.paths.locate(self.sources, place),
        })
    }
}

/// The files that a machine's configuration writes itself and that are not masked.
fn own_units(network: &Network) -> impl Iterator<Item = &Unit> {
    network.units.items.iter().filter(|unit| !unit.is_generated && unit.is_enabled.value() != Some(&false))
}

fn is_complete(unit: &Unit) -> bool {
    unit.addresses.is_complete && unit.routes.is_complete && unit.gateways.is_complete && unit.matching.is_complete
}

/// An address in its usual spelling with its prefix length; as written if it does not parse.
fn address(address: &Address) -> String {
    address.net.map_or_else(|| address.text.value.clone(), |net| net.to_string())
}

/// The routes of a file, default routes of its `Gateway` entries included.
fn routes(unit: &Unit) -> impl Iterator<Item = ShownRoute<'_>> {
    let gateways = unit.gateways.items.iter().map(|gateway| ShownRoute {
        destination: None,
        gateway: Some(&gateway.value),
        on_link: None,
    });
    unit.routes.items.iter().map(route).chain(gateways)
}

pub(super) fn route(route: &Route) -> ShownRoute<'_> {
    ShownRoute {
        destination: text(&route.destination),
        gateway: text(&route.gateway),
        on_link: route.on_link.value().copied(),
    }
}

fn nat(nat: &Nat) -> ShownNat<'_> {
    ShownNat {
        enable: nat.enable.value().copied(),
        enable_ipv6: nat.enable_ipv6.value().copied(),
        internal_ips: texts(&nat.internal_ips),
        internal_ipv6s: texts(&nat.internal_ipv6s),
        internal_interfaces: texts(&nat.internal_interfaces),
        external_interface: text(&nat.external_interface),
        complete: nat.internal_ips.is_complete && nat.internal_ipv6s.is_complete && nat.internal_interfaces.is_complete,
        masquerades: nat.masquerades.items.iter().map(masquerade).collect(),
        other_rules: !nat.masquerades.is_complete,
    }
}

fn masquerade(rule: &Masquerade) -> ShownMasquerade<'_> {
    ShownMasquerade { source: rule.source.map(|net| net.to_string()), output: rule.output.as_deref() }
}

fn matching(matching: &Matching) -> ShownMatch<'_> {
    ShownMatch {
        names: texts(&matching.names),
        macs: texts(&matching.macs),
        types: texts(&matching.types),
        kinds: texts(&matching.kinds),
        others: matching.others.iter().map(|key| key.value.as_str()).collect(),
    }
}

fn text(fact: &Fact<String>) -> Option<&str> {
    fact.value().map(String::as_str)
}

fn texts(list: &Listed<crate::fleet::Sourced<String>>) -> Vec<&str> {
    list.items.iter().map(|item| item.value.as_str()).collect()
}

impl ShownRoute<'_> {
    /// The route in the words of `ip route`: `default via 10.0.0.0`.
    pub(super) fn in_words(&self, style: Style) -> String {
        let unknown = if style.unicode { "…" } else { "?" };
        let destination = match (self.destination, self.gateway) {
            (Some("0.0.0.0/0" | "::/0"), _) | (None, Some(_)) => "default",
            (Some(destination), _) => destination,
            (None, None) => unknown,
        };
        match self.gateway {
            Some(gateway) => format!("{destination} via {gateway}"),
            None => destination.to_owned(),
        }
    }
}
