//! Edits that add: an option to a file, an element to a list, a setting to a machine, a file to its others.

use std::net::IpAddr;

use super::culprit;
use super::draft::Family;
use super::finding::{Edit, Fix, Safety};
use crate::fleet::{Fact, Link, Network, Sourced, Unit};
use crate::schema::networkd;
use crate::source::{Place, Span};

/// The empty place before another one.
fn before(place: Place) -> Place {
    Place { file: place.file, span: Span::new(place.span.start, place.span.start) }
}

fn insertion(place: Place, text: String, title: String, safety: Safety) -> Fix {
    Fix { title, safety, edits: vec![Edit { place: before(place), replacement: text }] }
}

/// An edit that adds a setting to a machine, written from the top as `networking.useNetworkd = true;`: in the file of `near` if that is one of
/// its modules, else in its first.
pub(super) fn to_machine(network: &Network, near: Option<Place>, setting: &str, safety: Safety) -> Option<Fix> {
    let is_near = |start: &&Place| near.is_some_and(|near| near.file == start.file);
    let start = network.module_starts.iter().find(is_near).or(network.module_starts.first())?;
    let title = format!("Add `{}`", setting.split(" = ").next().unwrap_or_default());
    Some(insertion(*start, setting.to_owned(), title, safety))
}

/// An edit that adds an option to a `.network` file, as `name = value;`.
pub(super) fn option(unit: &Unit, option: &str, safety: Safety) -> Option<Fix> {
    Some(insertion(unit.inside?, option.to_owned(), format!("Add `{option}`"), safety))
}

/// An edit that adds an address to a file: before the first one, else as the only one.
pub(super) fn address(unit: &Unit, address: &str, safety: Safety) -> Option<Fix> {
    let text = format!("\"{address}\"");
    match unit.addresses.items.first() {
        Some(first) if first.in_section => None,
        Some(first) => element(&first.text, address).map(|fix| Fix { safety, ..fix }),
        None => option(unit, &format!("address = [ {text} ];"), safety),
    }
}

/// An edit that adds a route to a file: before the first one, else as the only one.
pub(super) fn route(unit: &Unit, route: &str, safety: Safety) -> Option<Fix> {
    match unit.routes.items.first() {
        Some(first) => Some(insertion(first.place?, route.to_owned(), "Add the route".to_owned(), safety)),
        None => option(unit, &format!("routes = [ {route} ];"), safety),
    }
}

/// As [`route`], for the host's file of a tap, if that file is for this tap alone. One from a generator has its place in common with others.
pub(super) fn host_route(link: &Link<'_>, unit: &Unit, ip: IpAddr) -> Option<Fix> {
    let [name] = unit.matching.names.items.as_slice() else { return None };
    let is_alone = !name.value.contains(['*', '?', '[', ' '])
        && link.host?.network.units.items.iter().filter(|other| other.place == unit.place).count() == 1;
    let text = format!("{{ Destination = \"{ip}/{}\"; }}", Family::of(ip).host_length());
    route(unit, &text, Safety::Safe).filter(|_| is_alone)
}

/// An edit that adds a file to a machine that has some, beside one of them. `name` must be free.
pub(super) fn file(network: &Network, beside: &Unit, name: &str, options: &[String]) -> Option<Fix> {
    let place = quoted_name(beside).filter(|_| !network.units.items.iter().any(|unit| unit.name == name))?;
    let text = format!("\"{name}\" = {{\n  {}\n}};", options.join("\n  "));
    Some(insertion(place, text, format!("Add the file {name}"), Safety::Unsafe))
}

/// The name of a file where it is written as it is: its quotes included.
pub(super) fn quoted_name(unit: &Unit) -> Option<Place> {
    unit.place.filter(|place| (place.span.end - place.span.start) as usize == unit.name.len() + 2)
}

/// An edit made of others, which are made together. `None` if one of them cannot be made.
pub(super) fn together(
    fixes: impl IntoIterator<Item = Option<Fix>>,
    title: impl Into<String>,
    safety: Safety,
) -> Option<Fix> {
    let fixes: Vec<Fix> = fixes.into_iter().collect::<Option<_>>()?;
    let mut edits: Vec<Edit> = fixes.into_iter().flat_map(|fix| fix.edits).collect();
    edits.sort_by_key(|edit| (edit.place.file, edit.place.span));
    edits.dedup();
    (!edits.is_empty()).then(|| Fix { title: title.into(), safety, edits })
}

/// An edit that adds a key to `networkConfig` of a file, given as `Key = value;`.
pub(super) fn setting(unit: &Unit, added: &str) -> Option<Fix> {
    let title = format!("Add `{added}`");
    // `DHCP` and `Bridge` may stand for keys by options of the file itself.
    let is_network = |key: &str| {
        let known = |section| networkd::key(section, key).is_some();
        !matches!(key, "DHCP" | "Bridge") && known(networkd::Section::Network) && !known(networkd::Section::Link)
    };
    let beside = unit.settings.iter().filter(|(key, _)| is_network(key)).map(|(_, fact)| fact);
    let beside = beside.filter_map(|fact| culprit::insert_before(fact, added, title.clone(), Safety::Safe)).next();
    beside.or_else(|| option(unit, &format!("networkConfig.{added}"), Safety::Safe))
}

/// An edit that turns on a switch: where it is written, else before the list option of the same set that an element comes from.
pub(super) fn turn_on(switch: &Fact<bool>, name: &str, beside: &Sourced<String>) -> Option<Fix> {
    let written = switch.known().filter(|written| written.origin.own_place().is_some());
    if let Some(written) = written {
        return culprit::replace_value(&written.origin, if written.value { 4 } else { 5 }, "true");
    }
    let added = format!("{name} = true;");
    Some(insertion(list_of(beside)?, added.clone(), format!("Add `{added}`"), Safety::Safe))
}

/// The name of the list option that an element comes from, if it has an expression of its own.
pub(super) fn list_of(element: &Sourced<String>) -> Option<Place> {
    element.origin.definition.filter(|_| element.origin.binding.is_named())
}

/// An edit that adds an element to a list, before one that is a literal.
pub(super) fn element(neighbour: &Sourced<String>, new: &str) -> Option<Fix> {
    Some(insertion(culprit::literal(neighbour)?, format!("\"{new}\""), format!("Add {new}"), Safety::Safe))
}

/// An edit that adds settings before the list option that an element comes from, to the same set.
pub(super) fn beside_list(element: &Sourced<String>, settings: &str, safety: Safety) -> Option<Fix> {
    Some(insertion(list_of(element)?, settings.to_owned(), format!("Add `{}`", settings.replace('\n', " ")), safety))
}
