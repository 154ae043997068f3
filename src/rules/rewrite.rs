//! Edits in several places that belong together: a value that is written twice changes twice or not at all.

use super::culprit;
use super::finding::{Edit, Fix, Safety};
use crate::fleet::{Link, MacAddress, Sourced};
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
