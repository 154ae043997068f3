//! `show --format table`: the fleet as tables, one a host.

use super::Style;
use super::shown::{Shown, ShownGuest, ShownHost};
use super::style::{Paint, one_line};
use super::summary::counted;
use super::understood;
use crate::fleet::Coverage;

/// Each host with its NAT, the slots that are free and a table of its guests, by index and then by name; at the end the guests of which no host
/// is known.
pub fn render(shown: &Shown<'_>, style: Style) -> String {
    let mut text = String::new();
    let mut guests = shown.guests();
    guests.sort_by_key(|guest| guest.index.unwrap_or(i64::MAX));
    for host in shown.hosts() {
        let own: Vec<&ShownGuest<'_>> = guests.iter().filter(|guest| guest.host == Some(host.name)).collect();
        render_host(&host, &own, style, &mut text);
    }
    let lone: Vec<&ShownGuest<'_>> = guests.iter().filter(|guest| guest.host.is_none()).collect();
    if !lone.is_empty() {
        text.push_str(&format!("{}\n", style.paint(Paint::Strong, "guests without a known host")));
        text.push_str(&guest_table(&lone, style));
        text.push('\n');
    }
    for line in
        understood::lines(&Coverage::of(shown.fleet), "all of it: routelint check --format json, under coverage")
    {
        text.push_str(&format!("{}\n", style.paint(Paint::Doubtful, &one_line(&line))));
    }
    text
}

fn render_host(host: &ShownHost<'_>, guests: &[&ShownGuest<'_>], style: Style, text: &mut String) {
    let place = host.defined.as_ref().map(|defined| one_line(&defined.text)).unwrap_or_default();
    let name = style.paint(Paint::Strong, &format!("host {}", one_line(host.name)));
    text.push_str(&format!("{name}  {}\n", style.paint(Paint::Faint, &place)));
    text.push_str(&format!("  NAT     {}\n", nat_line(host)));
    text.push_str(&format!("  guests  {}\n", guests.len()));
    if let Some(free) = host.free_slots.as_deref().filter(|free| !free.is_empty()) {
        text.push_str(&format!("  free    {} ({})\n", one_line(&runs(free, style)), counted(free.len(), "slot")));
    }
    if !guests.is_empty() {
        text.push('\n');
        text.push_str(&guest_table(guests, style));
    }
    text.push('\n');
}

/// Names with those that count up written as a run: `vm3, vm5–vm64`.
fn runs(names: &[&str], style: Style) -> String {
    let mut numbered: Vec<(&str, Option<u64>, &str)> = names.iter().map(|name| numbered(name)).collect();
    numbered.sort_unstable();
    let mut runs: Vec<(&str, &str)> = Vec::new();
    let mut last: Option<(&str, u64)> = None;
    for (stem, number, name) in numbered {
        let follows = last.is_some_and(|(before, count)| before == stem && number == count.checked_add(1));
        match runs.last_mut() {
            Some(run) if follows => run.1 = name,
            _ => runs.push((name, name)),
        }
        last = number.map(|number| (stem, number));
    }
    let dash = if style.unicode { "–" } else { "-" };
    let written = runs.into_iter().map(
        |(first, last)| {
            if first == last { first.to_owned() } else { format!("{first}{dash}{last}") }
        },
    );
    written.collect::<Vec<_>>().join(", ")
}

/// A name as what stands before the number at its end, the number, and the whole. A number with a leading zero is none.
fn numbered(name: &str) -> (&str, Option<u64>, &str) {
    let stem = name.trim_end_matches(|character: char| character.is_ascii_digit());
    let number = name.strip_prefix(stem).filter(|digits| *digits == "0" || !digits.starts_with('0'));
    match number.and_then(|digits| digits.parse().ok()) {
        Some(number) => (stem, Some(number), name),
        None => (name, None, name),
    }
}

fn nat_line(host: &ShownHost<'_>) -> String {
    let nat = &host.nat;
    let inside: Vec<&str> =
        nat.internal_ips.iter().chain(&nat.internal_ipv6s).chain(&nat.internal_interfaces).copied().collect();
    let own = match (nat.enable, inside.is_empty()) {
        (None, true) => "not known".to_owned(),
        (Some(false), _) => "off".to_owned(),
        (Some(true), true) => "on, for nothing".to_owned(),
        (_, false) => {
            let outside = nat.external_interface.unwrap_or("any interface");
            one_line(&format!("{} out of {outside}", inside.join(", ")))
        }
    };
    let written = nat.masquerades.iter().map(|rule| {
        let source = rule.source.as_deref().unwrap_or("everything");
        one_line(&format!("{source} out of {} by a rule in a text", rule.output.unwrap_or("any interface")))
    });
    let mut all: Vec<String> = written.collect();
    if nat.other_rules {
        all.push("perhaps more by rules in a text".to_owned());
    }
    if own != "off" || all.is_empty() {
        all.insert(0, own);
    }
    all.join("; ")
}

fn guest_table(guests: &[&ShownGuest<'_>], style: Style) -> String {
    let unknown = if style.unicode { "…" } else { "?" };
    let mut table = Table::new(["GUEST", "INDEX", "INTERFACE", "MAC", "ADDRESSES", "ROUTES", "DEFINED"]);
    for guest in guests {
        let column = |texts: Vec<Option<&str>>| -> Vec<String> {
            texts.into_iter().map(|text| one_line(text.unwrap_or(unknown))).collect()
        };
        let ids = guest.interfaces.iter().map(|interface| match (interface.kind, interface.id) {
            (Some("tap"), Some(id)) => match interface.bridge {
                Some(bridge) => one_line(&format!("{id} (on {bridge})")),
                None => one_line(id),
            },
            (Some("bridge"), id) if interface.bridge.is_some() => {
                one_line(&format!("{} (bridge {})", id.unwrap_or(unknown), interface.bridge.unwrap_or(unknown)))
            }
            (Some("macvtap"), id) if interface.link.is_some() => {
                one_line(&format!("{} (macvtap on {})", id.unwrap_or(unknown), interface.link.unwrap_or(unknown)))
            }
            (kind, id) => one_line(&format!("{} ({})", id.unwrap_or(unknown), kind.unwrap_or(unknown))),
        });
        let more = |is_all: bool| (!is_all).then(|| unknown.to_owned());
        let macs = guest.interfaces.iter().map(|interface| interface.mac).collect();
        let addresses = guest.addresses.iter().map(|address| one_line(address));
        table.add([
            vec![one_line(guest.name)],
            vec![guest.index.map(|index| index.to_string()).unwrap_or_default()],
            ids.chain(more(guest.has_all_interfaces)).collect(),
            column(macs),
            addresses.chain(more(guest.has_all_units)).collect(),
            guest.routes.iter().map(|route| one_line(&route.in_words(style))).collect(),
            vec![guest.defined.as_ref().map(|defined| one_line(&defined.text)).unwrap_or_default()],
        ]);
    }
    table.render(style)
}

/// Text in columns; a cell may have several lines.
pub(super) struct Table<const N: usize> {
    head: [&'static str; N],
    rows: Vec<[Vec<String>; N]>,
}

impl<const N: usize> Table<N> {
    pub(super) fn new(head: [&'static str; N]) -> Self {
        Self { head, rows: Vec::new() }
    }

    pub(super) fn add(&mut self, row: [Vec<String>; N]) {
        self.rows.push(row);
    }

    /// The table, indented by two blanks, each column as wide as its widest line.
    pub(super) fn render(&self, style: Style) -> String {
        let mut widths = self.head.map(|title| title.chars().count());
        for (width, cell) in self
            .rows
            .iter()
            .flat_map(|row| (0..N).zip(row))
            .filter_map(|(column, cell)| Some((column, cell.iter().map(|line| line.chars().count()).max()?)))
        {
            if let Some(known) = widths.get_mut(width) {
                *known = usize::max(*known, cell);
            }
        }
        let mut text = style.paint(Paint::Faint, &line(widths.iter().zip(self.head)));
        text.push('\n');
        for row in &self.rows {
            let height = row.iter().map(Vec::len).max().unwrap_or(0);
            for index in 0..height {
                let cells = row.iter().map(|cell| cell.get(index).map_or("", String::as_str));
                text.push_str(&line(widths.iter().zip(cells)));
                text.push('\n');
            }
        }
        text
    }
}

fn line<'a>(cells: impl Iterator<Item = (&'a usize, &'a str)>) -> String {
    let cells: Vec<String> = cells.map(|(width, cell)| format!("{cell:<width$}")).collect();
    format!("  {}", cells.join("  ")).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::{
        Address, Declared, Fact, Guest, Host, HostId, Interface, Listed, Matching, Nat, Network, Origin, Route,
        Sourced, Unit,
    };
    use crate::report::testing::Scene;

    fn known<T>(value: T) -> Fact<T> {
        Fact::Known(sourced(value))
    }

    fn sourced<T>(value: T) -> Sourced<T> {
        Sourced { value, origin: Origin::default() }
    }

    fn listed<T>(items: Vec<T>) -> Listed<T> {
        Listed { items, is_complete: true }
    }

    fn text(value: &str) -> Fact<String> {
        known(value.to_owned())
    }

    fn unit(name: &str, addresses: &[&str]) -> Unit {
        let address = |text: &&str| Address {
            text: sourced((*text).to_owned()),
            net: crate::fleet::facts::parse_prefix(text),
            has_prefix: text.contains('/'),
            in_section: false,
            others: Vec::new(),
        };
        let route = |destination: Fact<String>, gateway: &str| Route {
            place: None,
            destination,
            gateway: text(gateway),
            on_link: known(true),
            others: Vec::new(),
            is_wrapped: false,
            is_complete: true,
        };
        Unit {
            body: None,
            name: name.to_owned(),
            place: None,
            is_generated: false,
            is_enabled: known(true),
            matching: Matching { is_complete: true, ..Matching::default() },
            addresses: listed(addresses.iter().map(address).collect()),
            routes: listed(vec![route(text("0.0.0.0/0"), "10.0.0.0")]),
            gateways: Listed::default(),
            dns: Listed::default(),
            inside: None,
            isolated: Fact::Absent,
            settings: Vec::new(),
            has_extra_config: false,
            lost: Vec::new(),
        }
    }

    fn network(units: Vec<Unit>) -> Network {
        Network {
            dropped: Vec::new(),
            networkd: known(true),
            use_dhcp: Fact::Absent,
            enable_ipv6: Fact::Absent,
            units: listed(units),
            ipv4_forwarding: Fact::Absent,
            ipv6_forwarding: Fact::Absent,
            module_starts: Vec::new(),
            files: Listed::default(),
        }
    }

    #[test]
    fn names_that_count_up_are_written_as_runs() {
        for (names, written) in [
            (vec!["vm3", "vm1", "vm2", "vm10", "vm11"], "vm1–vm3, vm10–vm11"),
            (vec!["tap-a", "tap-b"], "tap-a, tap-b"),
            (vec!["vm01", "vm02", "x9", "y10"], "vm01, vm02, x9, y10"),
            (
                vec!["vm18446744073709551615", "vm18446744073709551616"],
                "vm18446744073709551615, vm18446744073709551616",
            ),
        ] {
            assert_eq!(runs(&names, Style::PLAIN), written);
        }
    }

    fn scene() -> Scene {
        let mut scene = Scene::new(&[("host.nix", "{ }\n"), ("web.nix", "\n  { }\n")]);
        let masked = Unit { is_enabled: known(false), ..unit("20-old", &["10.9.9.9/32"]) };
        let mut made = crate::fleet::sketch::fleet("host server\nguest web@server");
        let (host, guest) = (made.hosts.remove(0), made.guests.remove(0));
        scene.fleet.hosts.push(Host {
            name: "server".to_owned(),
            place: Some(scene.place("host.nix", "{")),
            network: network(vec![unit("30-vm5", &["10.0.0.0/32"])]),
            nat: Nat {
                enable: known(true),
                enable_ipv6: Fact::Absent,
                internal_ips: listed(vec![sourced("10.0.0.0/24".to_owned())]),
                internal_ipv6s: Listed::default(),
                internal_interfaces: Listed::default(),
                external_interface: text("enp0s3"),
                ..host.nat
            },
            ..host
        });
        scene.fleet.guests.push(Guest {
            name: "web".to_owned(),
            host: Some(HostId(0)),
            declared: Declared::File,
            place: Some(scene.place("web.nix", "{")),
            index: Some(sourced(5)),
            interfaces: listed(vec![Interface {
                kind: text("tap"),
                id: text("vm5"),
                mac: Fact::Unknown,
                bridge: Fact::Absent,
                link: Fact::Absent,
                mode: Fact::Absent,
                vhost: Fact::Absent,
                place: None,
            }]),
            network: network(vec![unit("10-eth", &["10.0.0.5", "fec0::5/128"]), masked]),
            ..guest
        });
        scene
    }

    #[test]
    fn the_table_shows_hosts_with_their_guests() {
        let scene = scene();
        let shown = Shown { fleet: &scene.fleet, sources: &scene.sources, paths: &scene.paths };
        insta::assert_snapshot!(render(&shown, Style::PLAIN));
    }

    #[test]
    fn the_json_has_every_key_of_version_1_in_its_order() {
        let scene = scene();
        let shown = Shown { fleet: &scene.fleet, sources: &scene.sources, paths: &scene.paths };
        let text = crate::report::show_json::render(&shown).unwrap();
        assert!(text.starts_with(r#"{"version":1,"hosts":[{"name":"server","guests":["web"],"nat":{"#), "{text}");
        assert!(text.contains(r#""internal_ips":["10.0.0.0/24"]"#), "{text}");
        let guest = concat!(
            r#""guests":[{"name":"web","host":"server","index":5,"#,
            r#""interfaces":[{"id":"vm5","type":"tap","mac":null,"defined":null}],"#,
            r#""addresses":["10.0.0.5/32","fec0::5/128"],"#,
            r#""routes":[{"destination":"0.0.0.0/0","gateway":"10.0.0.0","on_link":true}],"#
        );
        assert!(text.contains(guest), "{text}");
        assert!(text.contains(r#""defined":{"file":"web.nix","start":{"line":2,"column":3}}"#), "{text}");
    }
}
