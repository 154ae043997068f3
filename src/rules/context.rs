//! What every rule is given: the fleet with its links, and the questions that several rules ask.

use std::net::IpAddr;

use ipnet::IpNet;

use super::draft::{Family, Scope};
use super::wording;
use crate::fleet::{Fact, Fleet, Free, GuestId, Host, HostId, Link, Links, Route, Unit};

/// The fleet and what is derived from it once.
#[derive(Debug)]
pub(super) struct Context<'a> {
    pub(super) fleet: &'a Fleet,
    pub(super) links: Links<'a>,
    /// What no guest has yet.
    pub(super) free: Free<'a>,
}

impl<'a> Context<'a> {
    pub(super) fn new(fleet: &'a Fleet) -> Self {
        Self { fleet, links: Links::new(fleet), free: Free::new(fleet) }
    }

    /// The hosts that have routed links, with these.
    pub(super) fn routed_hosts(&self) -> impl Iterator<Item = (HostId, &'a Host, Vec<&Link<'a>>)> {
        let mut by_host: Vec<Vec<&Link<'a>>> = self.fleet.hosts.iter().map(|_| Vec::new()).collect();
        for link in self.links.routed() {
            if let Some(links) = link.host_id.and_then(|id| by_host.get_mut(id.0 as usize)) {
                links.push(link);
            }
        }
        self.fleet
            .numbered_hosts()
            .zip(by_host)
            .filter(|(_, links)| !links.is_empty())
            .map(|((id, host), links)| (id, host, links))
    }

    /// A guest's name.
    pub(super) fn guest_name(&self, id: GuestId) -> &'a str {
        self.fleet.guest(id).map(|guest| guest.name.as_str()).unwrap_or_default()
    }

    /// Guests in words: `guest web`, `guests web and db`.
    pub(super) fn guests_named(&self, ids: &[GuestId]) -> String {
        let names: Vec<&str> = ids.iter().map(|id| self.guest_name(*id)).collect();
        let word = if names.len() == 1 { "guest" } else { "guests" };
        format!("{word} {}", wording::list(&names))
    }

    /// The host, the guests and the address family of a scope, in words that name nothing else in this fleet.
    pub(super) fn named(&self, scope: &Scope) -> String {
        let host = scope.host.and_then(|id| self.fleet.host(id)).map(|host| format!("host {}", host.name));
        let mut guests: Vec<&str> = scope.guests.iter().map(|guest| self.guest_name(*guest)).collect();
        guests.sort_unstable();
        let guests = guests.into_iter().map(|guest| format!("guest {guest}"));
        let family = scope.family.map(|family| family.to_string());
        host.into_iter().chain(guests).chain(family).collect::<Vec<_>>().join(", ")
    }

    /// Whether one tap only gets a host's file.
    pub(super) fn is_for_one_link(&self, host: HostId, unit: &'a Unit) -> bool {
        self.links.with_host_unit(host, unit).count() == 1
    }
}

/// Whether everything that a file gives its link is known.
pub(super) fn is_fully_known(unit: &Unit) -> bool {
    unit.addresses.is_complete
        && unit.routes.is_complete
        && unit.gateways.is_complete
        && !unit.has_extra_config
        && unit
            .routes
            .items
            .iter()
            .all(|route| route.is_complete && !route.destination.is_unknown() && !route.gateway.is_unknown())
        && unit.addresses.items.iter().all(|address| address.net.is_some())
}

/// Whether a file runs a DHCP client, or may: addresses and routes can come from there. `None` as family asks for either.
pub(super) fn may_use_dhcp(unit: &Unit) -> bool {
    match unit.setting("DHCP") {
        None | Some(Fact::Absent) => false,
        Some(Fact::Unknown) => true,
        Some(Fact::Known(text)) => crate::fleet::facts::parse_boolean(&text.value) != Some(false),
    }
}

/// Whether a route is an ordinary one in the main table.
pub(super) fn is_plain(route: &Route) -> bool {
    route.is_complete
        && ["Table", "Type", "Source", "MultiPathRoute", "NextHop"].iter().all(|key| route.other(key).is_none())
}

/// Whether a route leads to everything of a family.
pub(super) fn is_default_route(route: &Route, family: Family) -> bool {
    match (route.destination_net(), &route.destination) {
        (Some(net), _) => net.prefix_len() == 0 && Family::of(net.addr()) == family,
        // Without a destination it is the gateway that tells the family (systemd.network(5)).
        (None, Fact::Absent) => match (route.gateway_address(), route.gateway.value().map(String::as_str)) {
            (Some(gateway), _) => Family::of(gateway) == family,
            (None, Some("_dhcp4")) => family == Family::V4,
            (None, Some("_ipv6ra" | "_dhcp6")) => family == Family::V6,
            _ => false,
        },
        _ => false,
    }
}

/// Whether a file gives a default route of a family.
pub(super) fn has_default_route(unit: &Unit, family: Family) -> bool {
    let shorthand = unit.gateways.items.iter().filter_map(|text| text.value.parse::<IpAddr>().ok());
    unit.routes.items.iter().any(|route| is_default_route(route, family))
        || shorthand.into_iter().any(|ip| Family::of(ip) == family)
}

/// Whether a route of a file, or the network around one of its addresses, leads to an address without a gateway.
pub(super) fn reaches_on_link(unit: &Unit, ip: IpAddr) -> bool {
    let by_route = unit.routes.items.iter().any(|route| {
        matches!(route.gateway, Fact::Absent)
            && route.destination_net().is_some_and(|net| net.prefix_len() > 0 && net.contains(&ip))
    });
    by_route || networks_of(unit).any(|net| net.contains(&ip))
}

/// The networks around the addresses of a file; a host prefix has none.
pub(super) fn networks_of(unit: &Unit) -> impl Iterator<Item = IpNet> {
    unit.addresses
        .items
        .iter()
        .filter_map(|address| address.net)
        .filter(|net| net.prefix_len() < net.max_prefix_len())
        .map(|net| net.trunc())
}

/// The address of a family that the host leads to a link by, if it is just one.
pub(super) fn routed_address(link: &Link<'_>, family: Family) -> Option<IpAddr> {
    let nets = link.host_unit.unit()?.routes.items.iter().filter_map(|route| route.destination_net());
    let mut hosts = nets.filter(|net| net.prefix_len() == family.host_length() && Family::of(net.addr()) == family);
    match (hosts.next(), hosts.next()) {
        (Some(net), None) => Some(net.addr()),
        _ => None,
    }
}

/// Whether an address is of use only behind translation or inside the site: RFC 1918, RFC 6598, RFC 4193, site-local (RFC 3879).
pub(super) fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_private() || (ip.octets()[0] == 100 && ip.octets()[1] & 0xc0 == 64),
        IpAddr::V6(ip) => ip.segments()[0] & 0xfe00 == 0xfc00 || ip.segments()[0] & 0xffc0 == 0xfec0,
    }
}

/// Whether it is a link-local IPv6 address.
pub(super) fn is_link_local(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(ip) if ip.segments()[0] & 0xffc0 == 0xfe80)
}
