//! Edits in several places that belong together: a value that is written twice changes twice or not at all.

use super::culprit;
use super::finding::{Edit, Fix, Safety};
use crate::fleet::{Link, MacAddress, Sourced, Unit};
use crate::schema::networkd;
use crate::source::{Place, Span};

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

/// An edit that adds a key to `networkConfig` of a file, given as `Key = value;`.
pub(super) fn add_setting(unit: &Unit, setting: &str) -> Option<Fix> {
    let title = format!("Add `{setting}`");
    // `DHCP` and `Bridge` may stand for keys by options of the file itself.
    let is_network = |key: &str| {
        let known = |section| networkd::key(section, key).is_some();
        !matches!(key, "DHCP" | "Bridge") && known(networkd::Section::Network) && !known(networkd::Section::Link)
    };
    let beside = unit.settings.iter().filter(|(key, _)| is_network(key)).map(|(_, fact)| fact);
    let beside = beside.filter_map(|fact| culprit::insert_before(fact, setting, title.clone(), Safety::Safe)).next();
    beside.or_else(|| {
        let first = unit.addresses.items.first().filter(|_| unit.setting("Address").is_none())?;
        let origin = &first.text.origin;
        let (option, value) = (origin.definition?, origin.value?);
        // `address = [ "` and nothing else of note stands between the two.
        let is_near = option.file == value.file
            && option.span.end - option.span.start == 7
            && (option.span.end..option.span.end.saturating_add(24)).contains(&value.span.start);
        let here = Place { file: option.file, span: Span::new(option.span.start, option.span.start) };
        let edit = Edit { place: here, replacement: format!("networkConfig.{setting}") };
        is_near.then(|| Fix { title, safety: Safety::Safe, edits: vec![edit] })
    })
}
