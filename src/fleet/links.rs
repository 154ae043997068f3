//! Links: each network card of each guest with both of its ends.
//!
//! A card is one line of `microvm.interfaces`. Its `id` names the device on the host and nothing else; its `mac` is the address inside the
//! guest and nothing else. From these two, networkd on either side takes its file. All rules that compare the two sides start here.

use std::net::IpAddr;

use rustc_hash::FxHashMap;

use super::facts::{Address, Fact, Fleet, Guest, GuestId, Host, HostId, Interface, Network, Sourced, Unit};
use super::select::{Choice, LinkProperties, Selector, glob_matches};
use super::variants::variants;
use crate::source::Place;

/// One card of one guest, and the device on the host that it hangs on.
#[derive(Clone, Debug)]
pub struct Link<'a> {
    /// The guest's number.
    pub guest_id: GuestId,
    /// The guest.
    pub guest: &'a Guest,
    /// The first of the guests that are variants of one machine and never run together; the guest itself if there is no other.
    pub variant_of: GuestId,
    /// Which of the guest's interfaces, from 0.
    pub position: usize,
    /// The interface.
    pub interface: &'a Interface,
    /// The host's number, if it is known which host runs the guest.
    pub host_id: Option<HostId>,
    /// The host.
    pub host: Option<&'a Host>,
    /// The host's file for the tap; undecided if the host or the tap's name is unknown. Chosen as if networkd ran.
    pub host_unit: Choice<'a>,
    /// Further files of the host that match the tap and are not used.
    pub host_shadowed: Vec<&'a Unit>,
    /// The guest's file for the card. Chosen as if networkd ran.
    pub guest_unit: Choice<'a>,
    /// Further files of the guest that match the card and are not used.
    pub guest_shadowed: Vec<&'a Unit>,
    /// How packets get from the tap to the rest.
    pub routing: Routing,
    /// The bridge of the host that the card is a port of, if that is certain.
    pub bridge: Option<&'a Sourced<String>>,
}

/// How packets get from a device on the host to the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Routing {
    /// By a host route to the guest: the set-up that this program is about.
    Routed,
    /// The tap is a port of a bridge.
    Bridged,
    /// Not a tap, or nothing says how.
    Other,
}

impl<'a> Link<'a> {
    /// The tap's name, if it is a tap and the name is known.
    pub fn tap(&self) -> Option<&'a str> {
        self.interface.id.value().filter(|_| self.interface.is_tap()).map(String::as_str)
    }

    /// Whether packets to the guest are routed on the host.
    pub fn is_routed(&self) -> bool {
        self.routing == Routing::Routed
    }

    /// The guest's addresses on this card that parse, with their text; nothing if it is not certain which file applies.
    pub fn guest_addresses(&self) -> impl Iterator<Item = (IpAddr, &'a Address)> + use<'a> {
        addresses_of(self.guest_unit.unit())
    }

    /// The host's addresses on the tap that parse; nothing if it is not certain which file applies.
    pub fn host_addresses(&self) -> impl Iterator<Item = (IpAddr, &'a Address)> + use<'a> {
        addresses_of(self.host_unit.unit())
    }
}

fn addresses_of<'a>(unit: Option<&'a Unit>) -> impl Iterator<Item = (IpAddr, &'a Address)> + use<'a> {
    let items = unit.map(|unit| unit.addresses.items.as_slice()).unwrap_or_default();
    items.iter().filter_map(|address| address.net.map(|net| (net.addr(), address)))
}

/// All links of a fleet, in the order of its guests, with the indices that rules share.
#[derive(Debug, Default)]
pub struct Links<'a> {
    /// The links.
    pub all: Vec<Link<'a>>,
    by_address: FxHashMap<(Option<HostId>, IpAddr), Vec<usize>>,
    by_host_unit: FxHashMap<(HostId, &'a str), Vec<usize>>,
}

impl<'a> Links<'a> {
    /// Finds the files of all links. Takes time near linear in the size of the fleet, unless many files match by pattern.
    pub fn new(fleet: &'a Fleet) -> Self {
        let selectors: Vec<Selector<'a>> = fleet.hosts.iter().map(|host| Selector::new(&host.network)).collect();
        let ports = ports(fleet);
        let mut links = Self::default();
        let variants = variants(fleet);
        for ((guest_id, guest), variant_of) in fleet.numbered_guests().zip(variants) {
            let inside = Selector::new(&guest.network);
            let host_selector = guest.host.and_then(|id| selectors.get(id.0 as usize));
            for (position, interface) in guest.interfaces.items.iter().enumerate() {
                let mut link = link(fleet, guest_id, guest, position, interface, host_selector, &inside);
                link.variant_of = variant_of;
                link.bridge = bridge(&link, &ports);
                links.all.push(link);
            }
        }
        for (position, link) in links.all.iter().enumerate() {
            if link.is_routed() {
                for (ip, _) in link.guest_addresses() {
                    links.by_address.entry((link.host_id, ip)).or_default().push(position);
                }
            }
            if let (Some(host), Some(unit)) = (link.host_id, link.host_unit.unit()) {
                links.by_host_unit.entry((host, unit.name.as_str())).or_default().push(position);
            }
        }
        links
    }

    /// The links of one guest.
    pub fn of_guest(&self, guest: GuestId) -> &[Link<'a>] {
        let start = self.all.partition_point(|link| link.guest_id < guest);
        let end = self.all.partition_point(|link| link.guest_id <= guest);
        self.all.get(start..end).unwrap_or_default()
    }

    /// The routed links.
    pub fn routed(&self) -> impl Iterator<Item = &Link<'a>> {
        self.all.iter().filter(|link| link.is_routed())
    }

    /// The routed links whose guest certainly has an address, among the guests of one host.
    pub fn with_address(&self, host: Option<HostId>, ip: IpAddr) -> impl Iterator<Item = &Link<'a>> {
        self.by_address.get(&(host, ip)).into_iter().flatten().filter_map(|position| self.all.get(*position))
    }

    /// The links that certainly get a file of a host.
    pub fn with_host_unit(&self, host: HostId, unit: &'a Unit) -> impl Iterator<Item = &Link<'a>> {
        let positions = self.by_host_unit.get(&(host, unit.name.as_str()));
        positions.into_iter().flatten().filter_map(|position| self.all.get(*position))
    }
}

fn link<'a>(
    fleet: &'a Fleet,
    guest_id: GuestId,
    guest: &'a Guest,
    position: usize,
    interface: &'a Interface,
    host_selector: Option<&Selector<'a>>,
    inside: &Selector<'a>,
) -> Link<'a> {
    let tap = interface.id.value().filter(|_| interface.is_tap());
    let (host_unit, host_shadowed) = match (host_selector, tap) {
        (Some(selector), Some(name)) => choose(selector, &LinkProperties::tap(&[name.as_str()])),
        _ => (Choice::Undecided, Vec::new()),
    };
    let (guest_unit, guest_shadowed) = choose(inside, &LinkProperties::guest_nic(interface.mac_address()));
    let host = guest.host.and_then(|id| fleet.host(id));
    let mut link = Link {
        guest_id,
        guest,
        variant_of: guest_id,
        position,
        interface,
        host_id: guest.host,
        host,
        host_unit,
        host_shadowed,
        guest_unit,
        guest_shadowed,
        routing: Routing::Other,
        bridge: None,
    };
    link.routing = routing(&link);
    link
}

/// The bridges that `networking.bridges` of each host makes, by their ports.
fn ports(fleet: &Fleet) -> FxHashMap<(HostId, &str), &Sourced<String>> {
    let bridges = fleet.numbered_hosts().flat_map(|(id, host)| host.bridges.iter().map(move |bridge| (id, bridge)));
    let ports = bridges
        .flat_map(|(id, bridge)| bridge.ports.items.iter().map(move |port| ((id, port.value.as_str()), &bridge.name)));
    ports.collect()
}

/// The bridge that a card hangs on: the one it names itself (type `bridge`), or that the host puts its tap on.
fn bridge<'a>(link: &Link<'a>, ports: &FxHashMap<(HostId, &str), &'a Sourced<String>>) -> Option<&'a Sourced<String>> {
    match link.interface.kind.value()?.as_str() {
        "bridge" => link.interface.bridge.known(),
        "tap" => {
            let by_file = link.host_unit.unit().and_then(|unit| unit.setting("Bridge")?.known());
            by_file.or_else(|| ports.get(&(link.host_id?, link.tap()?)).copied())
        }
        _ => None,
    }
}

fn choose<'a>(selector: &Selector<'a>, properties: &LinkProperties<'_>) -> (Choice<'a>, Vec<&'a Unit>) {
    let choice = selector.choose(properties);
    let shadowed = match choice {
        Choice::Unit(chosen) => {
            selector.matching(properties).into_iter().filter(|unit| unit.name != chosen.name).collect()
        }
        Choice::Stock => selector.matching(properties),
        Choice::Nothing | Choice::Undecided => Vec::new(),
    };
    (choice, shadowed)
}

fn routing(link: &Link<'_>) -> Routing {
    if !link.interface.is_tap() {
        return Routing::Other;
    }
    if let Some(unit) = link.host_unit.unit() {
        if ["Bridge", "Bond"].iter().any(|key| unit.setting(key).is_some()) {
            return Routing::Bridged;
        }
        if has_host_route(unit) || has_host_address(unit) {
            return Routing::Routed;
        }
    }
    // The host says nothing about this tap, which may be the mistake. The guest tells what is meant.
    if guest_is_routed(&link.guest.network) { Routing::Routed } else { Routing::Other }
}

fn guest_is_routed(network: &Network) -> bool {
    network.units.items.iter().any(|unit| {
        let is_off = matches!(&unit.is_enabled, Fact::Known(enabled) if !enabled.value);
        !unit.is_generated && !is_off && has_host_address(unit)
    })
}

impl Host {
    /// Whether it seems to be there for a guest: it has files for routed taps, a file for a device of the guest, the bridge that the guest hangs on, or
    /// the device below its macvtap.
    pub(super) fn expects(&self, guest: &Guest) -> bool {
        let units = || self.network.units.items.iter();
        let names = || units().flat_map(|unit| &unit.matching.names.items);
        let has_file = |device: &str| names().any(|name| name.value != "*" && glob_matches(&name.value, device));
        let ports = || self.bridges.iter().flat_map(|bridge| &bridge.ports.items);
        let has_port = |device: &str| ports().any(|port| port.value == device);
        let has_device = |name: &String| has_file(name) || self.own_device(name).is_some();
        let is_for_devices = |unit: &Unit| !unit.matching.names.items.is_empty() || !unit.matching.names.is_complete;
        units().any(|unit| is_for_devices(unit) && has_host_route(unit))
            || guest.interfaces.items.iter().any(|interface| {
                interface.id.value().is_some_and(|device| has_file(device) || has_port(device))
                    || interface.bridge.value().is_some_and(has_device)
                    || interface.link.value().is_some_and(has_device)
            })
    }

    /// What a device of this name is that the host has for itself, so that no guest can take it for a tap: in words, and where that is written.
    pub fn own_device(&self, name: &str) -> Option<(String, Option<Place>)> {
        let bridge = self.bridges.iter().find(|bridge| bridge.name.value == name);
        let bridge = bridge.map(|bridge| ("a bridge".to_owned(), bridge.name.place()));
        let netdev = || {
            let device = self.netdevs.iter().find(|device| device.name.value == name)?;
            let kind = device.kind.value().filter(|kind| !matches!(kind.as_str(), "tap" | "tun"))?;
            Some((format!("a device of kind {kind}"), device.name.place()))
        };
        let uplink = || {
            let uplink = self.nat.external_interface.known().filter(|uplink| uplink.value == name)?;
            Some(("the uplink".to_owned(), uplink.place()))
        };
        bridge.or_else(netdev).or_else(uplink)
    }
}

/// Whether a file routes a single address to its link.
pub fn has_host_route(unit: &Unit) -> bool {
    unit.routes.items.iter().any(|route| {
        matches!(route.gateway, Fact::Absent)
            && route.destination_net().is_some_and(|net| net.prefix_len() == net.max_prefix_len())
    })
}

/// Whether a file gives its link an address without a network around it.
pub fn has_host_address(unit: &Unit) -> bool {
    unit.addresses.items.iter().filter_map(|address| address.net).any(|net| net.prefix_len() == net.max_prefix_len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::sketch;

    #[test]
    fn links_know_both_sides() {
        let fleet = sketch::fleet(
            "host h
             unit 10-all name=v* set:Unmanaged=yes
             unit 30-vm1 name=vm1 address=10.0.0.0/32 route=10.0.0.1/32
             unit 40-br name=br1 set:Bridge=br0
             guest a@h tap=vm1/02:00:00:00:00:01
             unit 10-e mac=02:00:00:00:00:01 address=10.0.0.1/32
             guest b@h tap=br1/02:00:00:00:00:02 user=q/02:00:00:00:00:03
             unit 10-e mac=02:00:00:00:00:02 address=10.9.0.1/24",
        );
        let links = Links::new(&fleet);
        let seen: Vec<_> = links
            .all
            .iter()
            .map(|link| (link.host_unit.unit().map(|unit| unit.name.as_str()), link.host_shadowed.len(), link.routing))
            .collect();
        assert_eq!(
            seen,
            [(Some("10-all"), 1, Routing::Routed), (Some("40-br"), 0, Routing::Bridged), (None, 0, Routing::Other)]
        );
        let host = Some(HostId(0));
        assert_eq!(links.with_address(host, "10.0.0.1".parse().unwrap()).count(), 1);
        assert_eq!(links.with_address(None, "10.0.0.1".parse().unwrap()).count(), 0);
    }

    #[test]
    fn ten_thousand_taps_find_their_files_at_once() {
        let mut text = String::from("host h\n");
        for index in 0..10_000 {
            text.push_str(&format!("unit 30-vm{index} name=vm{index}\n"));
        }
        for index in 0..10_000 {
            text.push_str(&format!("guest g{index}@h tap=vm{index}/unknown\n"));
        }
        let fleet = sketch::fleet(&text);
        let links = Links::new(&fleet);
        assert!(links.all.iter().all(|link| link.host_unit.unit().is_some()));
    }
}
