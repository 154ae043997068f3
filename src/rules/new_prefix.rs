//! An edit that gives the guests of a host, and the host, another IPv6 prefix: everywhere at once or not at all.

use std::net::{IpAddr, Ipv6Addr};

use sha2::{Digest as _, Sha256};

use super::context::Context;
use super::culprit;
use super::finding::{Edit, Fix, Safety};
use crate::fleet::facts::parse_prefix;
use crate::fleet::{Fact, HostId, Network, Sourced};

/// Bits of a site's prefix (RFC 4193: eight fixed ones and 40 random ones).
const SITE: u8 = 48;

/// An edit that writes a random prefix of RFC 4193 in place of the first 48 bits of an address, wherever the host and its guests have them. `None` if
/// one of the texts is no literal. Random means made from the old prefix and the names of the machines: the same fleet gets the same prefix again.
pub(super) fn random(context: &Context<'_>, host_id: HostId, old: Ipv6Addr) -> Option<Fix> {
    let host = context.fleet.host(host_id)?;
    let guests: Vec<_> = context.fleet.guests.iter().filter(|guest| guest.host == Some(host_id)).collect();
    let mut hash = Sha256::new_with_prefix(old.segments().map(u16::to_be_bytes).as_flattened());
    hash.update(&host.name);
    guests.iter().for_each(|guest| hash.update(&guest.name));
    let hash = hash.finalize();
    let [a, b, c, d, e, ..] = hash.as_slice() else { return None };
    let site = [u16::from_be_bytes([0xfd, *a]), u16::from_be_bytes([*b, *c]), u16::from_be_bytes([*d, *e])];
    let networks = std::iter::once(&host.network).chain(guests.iter().map(|guest| &guest.network));
    let entries = host.hosts_entries.iter().chain(guests.iter().flat_map(|guest| &guest.hosts_entries));
    let texts =
        networks.flat_map(texts).chain(&host.nat.internal_ipv6s.items).chain(entries.map(|entry| &entry.address));
    let mut edits = Vec::new();
    for text in texts {
        let Some(net) = parse_prefix(&text.value) else { continue };
        let IpAddr::V6(ip) = net.addr() else { continue };
        if !ip.segments().iter().take(3).eq(old.segments().iter().take(3)) {
            continue;
        }
        let (_, length) = text.value.split_once('/').unwrap_or_default();
        let length = if length.is_empty() { String::new() } else { format!("/{length}") };
        let [.., d, e, f, g, h] = ip.segments();
        let [x, y, z] = site;
        let new = Ipv6Addr::new(x, y, z, d, e, f, g, h);
        let place = culprit::literal(text).filter(|_| net.prefix_len() >= SITE)?;
        edits.push(Edit { place, replacement: format!("\"{new}{length}\"") });
    }
    // What a forwarded port names would be left behind.
    let mut targets = host.nat.forward_ports.items.iter();
    let is_named = targets.any(|forward| forward.destination.value().is_none_or(|text| text.starts_with('[')));
    edits.sort_by_key(|edit| (edit.place.file, edit.place.span));
    edits.dedup();
    let [x, y, z] = site;
    let title = format!("Take the prefix {}/{SITE}", Ipv6Addr::new(x, y, z, 0, 0, 0, 0, 0));
    (!is_named && !edits.is_empty()).then_some(Fix { title, safety: Safety::Unsafe, edits })
}

/// The texts of a machine's files that can be addresses.
fn texts(network: &Network) -> impl Iterator<Item = &Sourced<String>> {
    network.units.items.iter().flat_map(|unit| {
        let routes = unit.routes.items.iter().flat_map(|route| [&route.destination, &route.gateway]);
        let addresses = unit.addresses.items.iter().map(|address| &address.text);
        addresses.chain(routes.filter_map(Fact::known)).chain(&unit.gateways.items).chain(&unit.dns.items)
    })
}
