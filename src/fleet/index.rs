//! The number that a guest's names and addresses derive from.

use std::net::IpAddr;

use rustc_hash::FxHashMap;

use super::binding::Binding;
use super::facts::{Address, Guest, Host, HostId, Interface, Leaf, Origin, Part, Sourced, Unit};
use super::parts::Parts;

/// An index, and what speaks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Index {
    pub(super) number: Sourced<i64>,
    /// Whether name and address were computed from this number. Else they only end in the same digits, which may be chance.
    pub(super) is_computed: bool,
}

/// The index of a guest: a number that stands behind the tap's name and an address, found by what they were computed from; or
/// else the number at the end of the tap's name, unless no address ends in it. `None` if they do not agree on one.
///
/// `settle` makes sure that the parts of an origin are known.
pub(super) fn index_of(interfaces: &[Interface], units: &[Unit], mut settle: impl FnMut(&Origin)) -> Option<Index> {
    let addresses: Vec<&Address> =
        units.iter().filter(|unit| !unit.is_generated).flat_map(|unit| &unit.addresses.items).collect();
    interfaces.iter().filter_map(|interface| interface.id.known()).find_map(|id| {
        settle(&id.origin);
        shared_part(id, &addresses, &mut settle).or_else(|| {
            let number = trailing_number(&id.value)?;
            addresses.iter().any(|address| ends_in(address, number)).then(|| Index {
                number: Sourced { value: number, origin: Origin { parts: Parts::default(), ..id.origin.clone() } },
                is_computed: false,
            })
        })
    })
}

/// Takes indices away that are chance: where names and addresses only end in the same digits, it is a scheme if more guests of the host follow it than
/// have a number in their name that none of their addresses ends in.
pub(super) fn keep_schemes(guests: &mut [Guest]) {
    let mut by_host: FxHashMap<Option<HostId>, (usize, usize)> = FxHashMap::default();
    for guest in guests.iter() {
        let (followers, others) = by_host.entry(guest.host).or_default();
        *followers += usize::from(guest.index.is_some());
        *others += usize::from(guest.index.is_none() && is_numbered_otherwise(guest));
    }
    for guest in guests.iter_mut().filter(|guest| !guest.has_computed_index) {
        let (followers, others) = by_host.get(&guest.host).copied().unwrap_or_default();
        if others >= followers {
            guest.index = None;
        }
    }
}

/// Whether a tap's name ends in a number, and the addresses are known.
fn is_numbered_otherwise(guest: &Guest) -> bool {
    let mut taps = guest.interfaces.items.iter().filter_map(|interface| interface.id.value());
    let units = &guest.network.units;
    let own = || units.items.iter().filter(|unit| !unit.is_generated);
    units.is_complete
        && own().all(|unit| unit.addresses.is_complete)
        && own().any(|unit| !unit.addresses.items.is_empty())
        && taps.any(|name| trailing_number(name).is_some())
}

/// The index of a guest that has no address of its own: the number that its tap's name and a host route of its host through that tap end in.
pub(super) fn index_by_route(guest: &Guest, host: &Host) -> Option<Sourced<i64>> {
    let mut own = guest.network.units.items.iter().filter(|unit| !unit.is_generated);
    if !guest.network.units.is_complete
        || own.any(|unit| !unit.addresses.items.is_empty() || !unit.addresses.is_complete)
    {
        return None;
    }
    guest.interfaces.items.iter().filter(|interface| interface.is_tap()).find_map(|interface| {
        let id = interface.id.known()?;
        let number = trailing_number(&id.value)?;
        let is_of_tap = |unit: &&Unit| match unit.matching.names.items.as_slice() {
            [name] => name.value == id.value,
            _ => false,
        };
        let mut routes = host.network.units.items.iter().filter(is_of_tap).flat_map(|unit| &unit.routes.items);
        let leads = routes.any(|route| {
            let net = route.destination_net().filter(|net| net.prefix_len() == net.max_prefix_len());
            net.is_some_and(|net| has_last_group(net.addr(), number))
        });
        leads.then(|| Sourced { value: number, origin: Origin { parts: Parts::default(), ..id.origin.clone() } })
    })
}

/// A part of the name that is a number and also a part of an address.
fn shared_part(id: &Sourced<String>, addresses: &[&Address], settle: &mut impl FnMut(&Origin)) -> Option<Index> {
    let parts = id.origin.parts.get().iter().filter_map(|part| Some((number_of(part)?, part)));
    for (number, part) in parts {
        // An address that ends in the number needs no closer look, which would take it apart.
        let is_plain = addresses.iter().any(|address| ends_in(address, number));
        let in_address = is_plain
            || addresses.iter().any(|address| {
                settle(&address.text.origin);
                address.text.origin.parts.get().iter().any(|other| {
                    number_of(other) == Some(number) && is_same_leaf(part, other) && reaches_host_part(other, address)
                })
            });
        if in_address {
            let binding = if part.place == id.origin.value { id.origin.binding } else { Binding::default() };
            let origin = Origin { value: part.place, binding, parts: Parts::default(), ..id.origin.clone() };
            return Some(Index { number: Sourced { value: number, origin }, is_computed: !is_plain });
        }
    }
    None
}

fn is_same_leaf(a: &Part, b: &Part) -> bool {
    match (a.place, b.place) {
        (Some(x), Some(y)) => x == y,
        _ => a.leaf == b.leaf,
    }
}

/// Whether a part of an address's text lies in its last group, not in the prefix length.
fn reaches_host_part(part: &Part, address: &Address) -> bool {
    let text = &address.text.value;
    let end = text.find('/').unwrap_or(text.len());
    let start = text.get(..end).and_then(|host| host.rfind(['.', ':'])).map_or(0, |at| at + 1);
    (part.start as usize) < end && part.end as usize > start
}

fn number_of(part: &Part) -> Option<i64> {
    match &part.leaf {
        Leaf::Int(number) => Some(*number),
        Leaf::Text(text) if !text.is_empty() && text.len() <= 9 => text.parse().ok().filter(|number| *number >= 0),
        Leaf::Text(_) => None,
    }
}

/// The number that a name ends in.
pub(super) fn trailing_number(name: &str) -> Option<i64> {
    let digits = name.len() - name.trim_end_matches(|letter: char| letter.is_ascii_digit()).len();
    let start = name.len() - digits;
    name.get(start..).filter(|text| !text.is_empty() && text.len() <= 9)?.parse().ok()
}

/// Whether the last group of an address is a number, in decimal or (IPv6) in hexadecimal.
fn ends_in(address: &Address, number: i64) -> bool {
    address.net.is_some_and(|net| has_last_group(net.addr(), number))
}

pub(super) fn has_last_group(address: IpAddr, number: i64) -> bool {
    match address {
        IpAddr::V4(v4) => i64::from(v4.octets()[3]) == number,
        IpAddr::V6(v6) => {
            let last = v6.segments()[7];
            i64::from(last) == number || format!("{last:x}") == number.to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::sketch;

    #[test]
    fn a_number_that_most_guests_do_not_follow_is_no_index() {
        let kept = |guests: &[(&str, &str)]| -> Vec<Option<i64>> {
            let lines = guests.iter().zip(1..).map(|((tap, address), number)| {
                format!("guest g{number}@h tap={tap}/unknown\nunit 10-e name=e address={address}")
            });
            let mut fleet = sketch::fleet(&format!("host h\n{}", lines.collect::<Vec<_>>().join("\n")));
            for guest in &mut fleet.guests {
                let index = index_of(&guest.interfaces.items, &guest.network.units.items, |_| {});
                guest.has_computed_index = index.as_ref().is_some_and(|index| index.is_computed);
                guest.index = index.map(|index| index.number);
            }
            keep_schemes(&mut fleet.guests);
            fleet.guests.iter().map(|guest| guest.index.as_ref().map(|index| index.value)).collect()
        };
        let scheme = [("vm1", "10.0.0.1/24"), ("vm2", "10.0.0.2/24"), ("vm3", "10.0.0.9/24")];
        assert_eq!(kept(&scheme), [Some(1), Some(2), None]);
        assert_eq!(kept(&scheme[..1]), [Some(1)]);
        let chance = [("slot1", "10.1.0.2/24"), ("slot2", "10.2.0.2/24"), ("slot3", "10.3.0.2/24")];
        assert_eq!(kept(&chance), [None, None, None]);
        assert_eq!(kept(&chance[..2]), [None, None]);
    }

    #[test]
    fn the_number_at_the_end_of_a_name_is_read() {
        assert_eq!(trailing_number("vm12"), Some(12));
        assert_eq!(trailing_number("tap-web"), None);
        assert_eq!(trailing_number("007"), Some(7));
    }
}
