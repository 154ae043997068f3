//! Edits in several places that belong together: a value that is written twice changes twice or not at all.

use std::net::IpAddr;

use super::additions;
use super::context::Context;
use super::culprit;
use super::finding::{Edit, Fix, Safety};
use crate::fleet::{Link, MacAddress, Sourced, Unit};
use crate::source::Place;

/// An edit that writes another string in place of several literals. `None` if one of the texts is no literal; one literal that gives several texts
/// is written once.
pub(super) fn literals<'t>(
    texts: impl IntoIterator<Item = &'t Sourced<String>>,
    new: &str,
    title: impl Into<String>,
) -> Option<Fix> {
    let mut places: Vec<Place> = texts.into_iter().map(culprit::literal).collect::<Option<_>>()?;
    places.sort_by_key(|place| (place.file, place.span));
    places.dedup();
    let edits = places.into_iter().map(|place| Edit { place, replacement: format!("\"{new}\"") });
    Some(Fix { title: title.into(), safety: Safety::Unsafe, edits: edits.collect() })
}

/// An edit that gives a card another Ethernet address, and the guest's files that match the old one the new one.
pub(super) fn mac(link: &Link<'_>, new: MacAddress) -> Option<Fix> {
    let written = link.interface.mac.known()?;
    let old = link.interface.mac_address();
    let units = link.guest.network.units.items.iter();
    let matches = units.flat_map(|unit| &unit.matching.macs.items);
    let matches = matches.filter(|text| old.is_some() && MacAddress::parse_tolerant(&text.value) == old);
    literals(std::iter::once(written).chain(matches), &new.to_string(), format!("Write {new}"))
}

/// An edit that gives a guest another address, and the host's route to the old one the new one.
pub(super) fn address(link: &Link<'_>, old: IpAddr, new: IpAddr) -> Option<Fix> {
    let (_, own) = link.guest_addresses().find(|(ip, _)| *ip == old)?;
    let routes = link.host_unit.unit().map(|unit| unit.routes.items.as_slice()).unwrap_or_default();
    let is_to_guest = |net: ipnet::IpNet| net.prefix_len() == net.max_prefix_len() && net.addr() == old;
    let to_guest = routes.iter().filter(|route| route.destination_net().is_some_and(is_to_guest));
    let destinations = to_guest.filter_map(|route| route.destination.known());
    let length =
        |text: &Sourced<String>| text.value.split_once('/').map_or(String::new(), |(_, length)| format!("/{length}"));
    let mut edits = Vec::new();
    for text in std::iter::once(&own.text).chain(destinations) {
        let place = culprit::literal(text)?;
        edits.push(Edit { place, replacement: format!("\"{new}{}\"", length(text)) });
    }
    edits.sort_by_key(|edit| (edit.place.file, edit.place.span));
    edits.dedup();
    Some(Fix { title: format!("Give {} the address {new}", link.guest.name), safety: Safety::Unsafe, edits })
}

/// An edit that gives a card's device on the host another name, and the files of the host that match the old one the new one.
pub(super) fn device(link: &Link<'_>, new: &str) -> Option<Fix> {
    let written = link.interface.id.known()?;
    let units = link.host.map(|host| host.network.units.items.as_slice()).unwrap_or_default();
    let names = units.iter().flat_map(|unit| &unit.matching.names.items).filter(|name| name.value == written.value);
    literals(std::iter::once(written).chain(names), new, format!("Call it {new}"))
}

/// The name of a tap that no guest has, whose file leads to an address of this guest.
pub(super) fn spare_tap<'a>(context: &Context<'_>, link: &Link<'a>) -> Option<&'a str> {
    let is_own = |ip| link.guest_addresses().any(|(own, _)| own == ip);
    let units = &link.host?.network.units.items;
    units.iter().find_map(|unit| {
        let [name] = unit.matching.names.items.as_slice() else { return None };
        let mut nets = unit.routes.items.iter().filter_map(|route| route.destination_net());
        let leads = nets.any(|net| net.prefix_len() == net.max_prefix_len() && is_own(net.addr()));
        (leads && context.free.is_device(&name.value)).then_some(name.value.as_str())
    })
}

/// An edit that gives a guest another index, if its own is a plain literal that none of the others uses.
pub(super) fn index<'c>(link: &Link<'_>, others: impl IntoIterator<Item = &'c Link<'c>>, new: i64) -> Option<Fix> {
    let index = link.guest.index.as_ref()?;
    let place = index.origin.value?;
    let is_plain = (place.span.end - place.span.start) as usize == index.value.to_string().len();
    let others = others.into_iter().filter(|other| other.guest_id != link.guest_id);
    let is_own = others.filter_map(|other| other.guest.index.as_ref()?.origin.value).all(|used| used != place);
    (is_plain && is_own).then(|| Fix {
        title: format!("Give {} the index {new}", link.guest.name),
        safety: Safety::Unsafe,
        edits: vec![Edit { place, replacement: new.to_string() }],
    })
}

/// An edit that gives a file another name, if its name is written as it is and nobody has the new one.
pub(super) fn file_name(units: &[Unit], unit: &Unit, new: &str) -> Option<Fix> {
    let place = additions::quoted_name(unit).filter(|_| !units.iter().any(|unit| unit.name == new))?;
    let edits = vec![Edit { place, replacement: format!("\"{new}\"") }];
    Some(Fix { title: format!("Call it {new}"), safety: Safety::Unsafe, edits })
}

/// An edit that lets a file sort right before another one: by the number before its own, in as many digits.
pub(super) fn sort_before(units: &[Unit], unit: &Unit, other: &Unit) -> Option<Fix> {
    let (digits, _) = other.name.split_once('-')?;
    let number: u32 = digits.parse().ok()?;
    let (_, rest) = unit.name.split_once('-')?;
    let width = digits.len();
    file_name(units, unit, &format!("{:0width$}-{rest}", number.checked_sub(1)?))
}
