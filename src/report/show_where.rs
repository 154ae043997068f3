//! `show --where`: every fact of the fleet with the place that it comes from.

use super::show_table::Table;
use super::shown::route;
use super::style::{Paint, one_line};
use super::{Shown, Style};
use crate::fleet::{Fact, Guest, Host, Link, Links, Network, Sourced, Unit};
use crate::source::Place;

/// One table a machine: what, the value, and the expression that gave it (else the binding). What is not set has no row.
pub fn render(shown: &Shown<'_>, style: Style) -> String {
    let mut text = String::new();
    for host in &shown.fleet.hosts {
        let name = format!("host {}", one_line(&host.name));
        section(&name, host_rows(host, style), shown, style, &mut text);
    }
    let links = Links::new(shown.fleet);
    for (id, guest) in shown.fleet.numbered_guests() {
        let name = match shown.fleet.host_of(guest) {
            Some(host) => format!("guest {} on {}", one_line(&guest.name), one_line(&host.name)),
            None => format!("guest {}", one_line(&guest.name)),
        };
        section(&name, guest_rows(guest, links.of_guest(id), style), shown, style, &mut text);
    }
    text
}

/// What, the value unless it is not known, and where it was written.
type Row = (String, Option<String>, Option<Place>);

fn section(name: &str, rows: Vec<Row>, shown: &Shown<'_>, style: Style, text: &mut String) {
    text.push_str(&format!("{}\n", style.paint(Paint::Strong, name)));
    let mut table = Table::new(["WHAT", "VALUE", "WHERE"]);
    for (what, value, place) in rows {
        let place = match (place, &value) {
            (Some(place), _) => one_line(&shown.paths.locate(shown.sources, place)),
            (None, Some(_)) => "by default".to_owned(),
            (None, None) => String::new(),
        };
        let value = value.map_or_else(|| "not known".to_owned(), |value| one_line(&value));
        table.add([vec![one_line(&what)], vec![value], vec![place]]);
    }
    text.push_str(&table.render(style));
    text.push('\n');
}

fn host_rows(host: &Host, style: Style) -> Vec<Row> {
    let mut rows = vec![("defined".to_owned(), Some(String::new()), host.place)];
    flag("networkd", &host.network.networkd, &mut rows);
    flag("NAT", &host.nat.enable, &mut rows);
    flag("NAT for IPv6", &host.nat.enable_ipv6, &mut rows);
    texts("NAT from", &host.nat.internal_ips.items, &mut rows);
    texts("NAT from", &host.nat.internal_ipv6s.items, &mut rows);
    texts("NAT from interface", &host.nat.internal_interfaces.items, &mut rows);
    fact("NAT out of", &host.nat.external_interface, &mut rows);
    networks(&host.network, style, &mut rows);
    rows
}

fn guest_rows(guest: &Guest, links: &[Link<'_>], style: Style) -> Vec<Row> {
    let mut rows = vec![("defined".to_owned(), Some(String::new()), guest.place)];
    if let Some(index) = &guest.index {
        rows.push(("index".to_owned(), Some(index.value.to_string()), index.place()));
    }
    fact("host name", &guest.host_name, &mut rows);
    for link in links {
        let interface = link.interface;
        fact("interface type", &interface.kind, &mut rows);
        fact("interface", &interface.id, &mut rows);
        match link.bridge {
            Some(bridge) => texts("bridge", std::slice::from_ref(bridge), &mut rows),
            None => fact("bridge", &interface.bridge, &mut rows),
        }
        fact("link", &interface.link, &mut rows);
        fact("mode", &interface.mode, &mut rows);
        fact("MAC", &interface.mac, &mut rows);
    }
    networks(&guest.network, style, &mut rows);
    rows
}

fn networks(network: &Network, style: Style, rows: &mut Vec<Row>) {
    for unit in network.units.items.iter().filter(|unit| !unit.is_generated) {
        unit_rows(unit, style, rows);
    }
}

fn unit_rows(unit: &Unit, style: Style, rows: &mut Vec<Row>) {
    rows.push((format!("{}.network", unit.name), Some(String::new()), unit.place));
    texts("matches name", &unit.matching.names.items, rows);
    texts("matches MAC", &unit.matching.macs.items, rows);
    if let Some(bridge) = unit.setting("Bridge") {
        fact("bridge", bridge, rows);
    }
    for address in &unit.addresses.items {
        rows.push(("address".to_owned(), Some(address.text.value.clone()), address.text.origin.nearest_place()));
    }
    for one in &unit.routes.items {
        let value = route(one).in_words(style);
        let place = [&one.destination, &one.gateway].into_iter().find_map(written).or(one.place);
        rows.push(("route".to_owned(), Some(value), place));
    }
    texts("gateway", &unit.gateways.items, rows);
    texts("DNS", &unit.dns.items, rows);
}

fn texts(what: &str, all: &[Sourced<String>], rows: &mut Vec<Row>) {
    rows.extend(all.iter().map(|one| (what.to_owned(), Some(one.value.clone()), one.origin.nearest_place())));
}

fn fact(what: &str, fact: &Fact<String>, rows: &mut Vec<Row>) {
    match fact {
        Fact::Known(known) => rows.push((what.to_owned(), Some(known.value.clone()), known.origin.nearest_place())),
        Fact::Unknown => rows.push((what.to_owned(), None, None)),
        Fact::Absent => {}
    }
}

fn written(fact: &Fact<String>) -> Option<Place> {
    fact.known()?.origin.nearest_place()
}

fn flag(what: &str, fact: &Fact<bool>, rows: &mut Vec<Row>) {
    match fact {
        Fact::Known(known) => {
            rows.push((what.to_owned(), Some(if known.value { "on" } else { "off" }.to_owned()), known.place()));
        }
        Fact::Unknown => rows.push((what.to_owned(), None, None)),
        Fact::Absent => {}
    }
}
