//! Fleets from a few words, for tests of whatever works on facts.
//!
//! Each line is a machine or one of its files; each word gives a value. The place of a value is its own span in the sketch, as if
//! the sketch were the source, so that a test can say what a label must point at.
//!
//! ```text
//! host h nat=10.0.0.0/24 external=eno1
//! unit 30-vm1 name=vm1 address=10.0.0.0/32 route=10.0.0.1/32 set:IPv4Forwarding=true
//! guest web@h index=1 tap=vm1/02:00:00:00:00:01
//! unit 10-eth mac=02:00:00:00:00:01 address=10.0.0.1/32 route=0.0.0.0/0,via=10.0.0.0,onlink
//! ```
//! A file that is `made` comes from a generator, which stands at the first word of the sketch for all of them.
//! A file leaves router advertisements alone unless it says `accepts-ra`, so that sound taps are short.
//! `exclusive web db` says that two guests never run together.
//! `unknown` as a value stands for one that cannot be known; `open` on its own line says that the machine may have more files.

use super::exposure::OpenPorts;
use super::facts::*;
use super::masquerade::Masquerade;
use super::parts::Parts;
use super::trouble::{Problem, ProblemKind};
use crate::source::{FileId, Place, Span};

/// Reads a sketch.
pub(crate) fn fleet(text: &str) -> Fleet {
    let mut fleet = Fleet::default();
    let mut is_in_host = true;
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let words: Vec<Word<'_>> = words(line, offset);
        offset += line.len();
        let Some((first, rest)) = words.split_first() else { continue };
        match first.text {
            "host" => {
                is_in_host = true;
                fleet.hosts.push(host(rest));
            }
            "guest" => {
                is_in_host = false;
                let guest = guest(&fleet, rest);
                fleet.guests.push(guest);
            }
            "unit" | "open" => {
                let network = if is_in_host {
                    &mut fleet.hosts.last_mut().expect("a host").network
                } else {
                    &mut fleet.guests.last_mut().expect("a guest").network
                };
                if first.text == "open" {
                    network.units.is_complete = false;
                } else {
                    network.units.items.push(unit(rest));
                    network.units.items.sort_by(|a, b| a.name.cmp(&b.name));
                }
            }
            "problem" => fleet.problems.push(problem(rest)),
            "exclusive" => {
                let named = |word: &Word<'_>| fleet.numbered_guests().find(|(_, guest)| guest.name == word.text);
                fleet.exclusive.push(rest.iter().map(|word| named(word).expect("a guest").0).collect());
            }
            other => panic!("what is {other}?"),
        }
    }
    fleet
}

/// The text that a place of a sketch covers.
pub(crate) fn text_of(sketch: &str, place: Place) -> &str {
    sketch.get(place.span.start as usize..place.span.end as usize).unwrap_or_default()
}

#[derive(Clone, Copy)]
struct Word<'a> {
    text: &'a str,
    start: usize,
}

impl<'a> Word<'a> {
    fn place(self) -> Place {
        let end = self.start + self.text.len();
        Place { file: FileId(0), span: Span::new(self.start.try_into().unwrap(), end.try_into().unwrap()) }
    }

    fn sourced(self) -> Sourced<String> {
        let parts = [Part {
            start: 0,
            end: self.text.len().try_into().unwrap(),
            leaf: Leaf::Text(self.text.into()),
            place: Some(self.place()),
            is_verbatim: true,
            is_hexadecimal: false,
            divisor: None,
        }];
        let origin = Origin { value: Some(self.place()), parts: Parts::known(parts.into()), ..Origin::default() };
        Sourced { value: self.text.to_owned(), origin }
    }

    fn fact(self) -> Fact<String> {
        match self.text {
            "unknown" => Fact::Unknown,
            "absent" => Fact::Absent,
            _ => Fact::Known(self.sourced()),
        }
    }

    fn number(self) -> Fact<i64> {
        if self.text == "unknown" {
            Fact::Unknown
        } else {
            Fact::Known(self.sourced().map(|text| text.parse().unwrap()))
        }
    }

    fn flag(self) -> Fact<bool> {
        Fact::Known(self.sourced().map(|_| true))
    }

    fn split(self, separator: char) -> Vec<Word<'a>> {
        let mut start = self.start;
        let split = self.text.split(separator).map(|text| {
            let word = Word { text, start };
            start += text.len() + separator.len_utf8();
            word
        });
        split.collect()
    }

    fn key_value(self) -> (&'a str, Word<'a>) {
        match self.text.split_once('=') {
            Some((key, text)) => (key, Word { text, start: self.start + key.len() + 1 }),
            None => (self.text, self),
        }
    }
}

fn words(line: &str, offset: usize) -> Vec<Word<'_>> {
    let base = line.as_ptr() as usize;
    line.split_whitespace().map(|text| Word { text, start: offset + text.as_ptr() as usize - base }).collect()
}

fn add<'a, T>(list: &mut Listed<T>, word: Word<'a>, make: impl Fn(Word<'a>) -> T) {
    for item in word.split(',') {
        if item.text == "unknown" {
            list.is_complete = false;
        } else {
            list.items.push(make(item));
        }
    }
}

fn known<T>(value: T) -> Fact<T> {
    Fact::Known(Sourced { value, origin: Origin::default() })
}

fn network() -> Network {
    Network {
        networkd: known(true),
        use_dhcp: known(true),
        enable_ipv6: known(true),
        units: Listed::default(),
        ipv4_forwarding: Fact::Absent,
        ipv6_forwarding: Fact::Absent,
        dropped: Vec::new(),
        module_starts: Vec::new(),
        files: Listed::default(),
    }
}

fn firewall() -> Firewall {
    Firewall {
        enable: known(true),
        reverse_path: known("true".to_owned()),
        filter_forward: known(false),
        trusted_interfaces: Listed::default(),
        interfaces: Listed::default(),
        backend: Fact::Absent,
        extra_commands: known(String::new()),
        extra_input_rules: known(String::new()),
        extra_forward_rules: known(String::new()),
    }
}

fn ports() -> OpenPorts {
    OpenPorts { is_filtered: known(true), tcp: Listed::default(), udp: Listed::default() }
}

/// `tcp/80/10.0.0.5:80`
fn port_forward(word: Word<'_>) -> PortForward {
    let parts = word.split('/');
    PortForward {
        place: Some(word.place()),
        protocol: parts[0].fact(),
        source: parts[1].fact(),
        destination: parts[2].fact(),
        has_loopback: false,
    }
}

/// `10.0.0.5/web`
fn hosts_entry(word: Word<'_>) -> HostsEntry {
    let parts = word.split('/');
    HostsEntry { address: parts[0].sourced(), name: parts[1].text.to_owned() }
}

/// `vm1/tap`, `vm1/tap/multi`
fn netdev(word: Word<'_>) -> Netdev {
    let parts = word.split('/');
    Netdev {
        bindings: Vec::new(),
        name: parts[0].sourced(),
        kind: parts[1].fact(),
        multi_queue: parts.get(2).map_or(Fact::Absent, |word| word.flag()),
    }
}

fn host(words: &[Word<'_>]) -> Host {
    let (name, words) = words.split_first().expect("a name");
    let mut host = Host {
        name: name.text.to_owned(),
        place: Some(name.place()),
        network: network(),
        nat: Nat {
            enable: known(false),
            enable_ipv6: known(false),
            internal_ips: Listed::default(),
            internal_ipv6s: Listed::default(),
            internal_interfaces: Listed::default(),
            external_interface: Fact::Absent,
            external_ip: Fact::Absent,
            external_ipv6: Fact::Absent,
            forward_ports: Listed::default(),
            extra_commands: known(String::new()),
            masquerades: Listed::default(),
            lost: Vec::new(),
        },
        sysctls: Vec::new(),
        sysctls_complete: true,
        firewall: firewall(),
        forward_rules: known(false),
        ports: ports(),
        answers_llmnr: known(false),
        limits_bridges: false,
        other_interfaces: Vec::new(),
        outweighed_sysctls: Vec::new(),
        nftables: known(false),
        dhcpcd: Dhcpcd { runs: known(false), denied: Listed::default(), allowed: None },
        dhcp_server: known(false),
        devices: Vec::new(),
        netdevs_complete: false,
        netdevs: Vec::new(),
        bridges: Vec::new(),
        wait_online: WaitOnline { enable: known(true), any_interface: known(true), ignored: Listed::default() },
        link_macs: Vec::new(),
        hosts_entries: Vec::new(),
        has_host_module: true,
        vms: Listed::default(),
        autostart: Listed::default(),
        release: None,
        oddities: Vec::new(),
        counts: Vec::new(),
    };
    for word in words {
        let (key, value) = word.key_value();
        match key {
            "nat" => {
                host.nat.enable = word.flag();
                add(&mut host.nat.internal_ips, value, Word::sourced);
            }
            "nat6" => {
                host.nat.enable_ipv6 = word.flag();
                add(&mut host.nat.internal_ipv6s, value, Word::sourced);
            }
            "nat6-on" => host.nat.enable_ipv6 = word.flag(),
            "nat-on" => host.nat.enable = word.flag(),
            "range6" => add(&mut host.nat.internal_ipv6s, value, Word::sourced),
            "internal" => add(&mut host.nat.internal_interfaces, value, Word::sourced),
            "external" => host.nat.external_interface = value.fact(),
            "starts" => add(&mut host.autostart, value, Word::sourced),
            "other-rules" => host.nat.masquerades.is_complete = false,
            "forward4" => host.network.ipv4_forwarding = word.flag(),
            "forward6" => host.network.ipv6_forwarding = word.flag(),
            "external-ip" => host.nat.external_ip = value.fact(),
            "forwards" => add(&mut host.nat.forward_ports, value, port_forward),
            "rp-filter" => host.firewall.reverse_path = value.fact(),
            "opens" => add(&mut host.ports.tcp, value, |port| {
                port.sourced().map(|text| (text.parse().unwrap(), text.parse().unwrap()))
            }),
            "llmnr" => host.answers_llmnr = word.flag(),
            "has-interface" => host.other_interfaces.push(value.text.to_owned()),
            "outweighed" => host.outweighed_sysctls.push((value.text.to_owned(), value.sourced().origin)),
            "release" => host.release = crate::config::parse_release(value.text),
            "commands" => host.firewall.extra_commands = value.fact(),
            "input-rules" => host.firewall.extra_input_rules = value.fact(),
            "pair-rules" => host.firewall.extra_forward_rules = value.fact(),
            "masquerades" => host.nat.masquerades.items.push(Masquerade::default()),
            "forward-rules" => host.forward_rules = word.flag(),
            "filter-forward" => host.firewall.filter_forward = word.flag(),
            "no-firewall" => host.firewall.enable = known(false),
            "trusts" => add(&mut host.firewall.trusted_interfaces, value, Word::sourced),
            "nftables" => host.nftables = word.flag(),
            "dhcpcd" => host.dhcpcd.runs = word.flag(),
            "serves-dhcp" => host.dhcp_server = word.flag(),
            "denies" => add(&mut host.dhcpcd.denied, value, Word::sourced),
            "device" => host.devices.push(value.sourced()),
            "hosts" => host.hosts_entries.extend(value.split(',').into_iter().map(hosts_entry)),
            "networkd-off" => host.network.networkd = known(false),
            "no-ipv6" => host.network.enable_ipv6 = Fact::Known(word.sourced().map(|_| false)),
            "waits-for-all" => host.wait_online.any_interface = known(false),
            "waits-not-for" => add(&mut host.wait_online.ignored, value, Word::sourced),
            "card" => host.link_macs.push(value.sourced()),
            "netdev" => host.netdevs.push(netdev(value)),
            "netdevs-known" => host.netdevs_complete = true,
            "no-module" => host.has_host_module = false,
            "sysctls-open" => host.sysctls_complete = false,
            _ => {
                let key = key.strip_prefix("sysctl:").unwrap_or_else(|| panic!("what is {key}?"));
                host.sysctls.push((key.to_owned(), value.fact()));
            }
        }
    }
    host
}

fn guest(fleet: &Fleet, words: &[Word<'_>]) -> Guest {
    let (first, words) = words.split_first().expect("a name");
    let named = first.split('@');
    let host = named.get(1).map(|host| fleet.hosts.iter().position(|known| known.name == host.text).expect("a host"));
    let mut guest = Guest {
        name: named[0].text.to_owned(),
        host: host.map(|position| HostId(position.try_into().unwrap())),
        declared: Declared::Inline,
        place: Some(named[0].place()),
        index: None,
        has_computed_index: false,
        interfaces: Listed::default(),
        network: network(),
        autostart: known(true),
        host_name: known(named[0].text.to_owned()),
        hypervisor: known("qemu".to_owned()),
        vcpu: known(1),
        netdevs: Vec::new(),
        vsock_cid: Fact::Absent,
        machine_id: Fact::Absent,
        has_shares: known(false),
        has_graphics: known(false),
        has_devices: known(false),
        ports: ports(),
        services: Vec::new(),
        forward_ports: known(false),
        predictable_names: known(true),
        hosts_entries: Vec::new(),
        release: None,
        oddities: Vec::new(),
    };
    for word in words {
        let (key, value) = word.key_value();
        match key {
            "index" => {
                let sourced = value.sourced();
                guest.index = Some(sourced.map(|text| text.parse().unwrap()));
            }
            "configuration" => guest.declared = Declared::Configuration,
            "off" => guest.autostart = known(false),
            "networkd-off" => guest.network.networkd = known(false),
            "hypervisor" => guest.hypervisor = value.fact(),
            "called" => guest.host_name = value.fact(),
            "hosts" => guest.hosts_entries.extend(value.split(',').into_iter().map(hosts_entry)),
            "serves" => guest.services.push(value.sourced()),
            "opens" => add(&mut guest.ports.tcp, value, |port| {
                port.sourced().map(|text| (text.parse().unwrap(), text.parse().unwrap()))
            }),
            "forward-ports" => guest.forward_ports = word.flag(),
            "shares" => guest.has_shares = word.flag(),
            "cid" => guest.vsock_cid = value.number(),
            "vcpu" => guest.vcpu = value.number(),
            "netdev" => guest.netdevs.push(netdev(value)),
            "no-ipv6" => guest.network.enable_ipv6 = known(false),
            "tap" | "macvtap" | "user" | "bridge" => add(&mut guest.interfaces, value, |item| {
                let pair = item.split('/');
                let third = |kind: &str, default: &str| match pair.get(2) {
                    _ if key != kind => Fact::Absent,
                    Some(word) => word.fact(),
                    None => known(default.to_owned()),
                };
                Interface {
                    kind: known(key.to_owned()),
                    id: pair[0].fact(),
                    mac: pair[1].fact(),
                    bridge: third("bridge", "br0"),
                    link: third("macvtap", "eno1"),
                    mode: if key == "macvtap" { known("private".to_owned()) } else { Fact::Absent },
                    vhost: pair.get(2).filter(|_| key == "tap").map_or(Fact::Absent, |word| word.flag()),
                    place: Some(item.place()),
                }
            }),
            _ => panic!("what is {key}?"),
        }
    }
    guest
}

fn unit(words: &[Word<'_>]) -> Unit {
    let (name, words) = words.split_first().expect("a name");
    let mut unit = Unit {
        name: name.text.to_owned(),
        place: Some(name.place()),
        is_generated: false,
        is_enabled: known(true),
        matching: Matching { is_complete: true, ..Matching::default() },
        addresses: Listed::default(),
        routes: Listed::default(),
        gateways: Listed::default(),
        dns: Listed::default(),
        inside: None,
        body: None,
        isolated: Fact::Absent,
        settings: Vec::new(),
        has_extra_config: false,
        lost: Vec::new(),
    };
    for word in words {
        let (key, value) = word.key_value();
        match key {
            "name" => add(&mut unit.matching.names, value, Word::sourced),
            "mac" => add(&mut unit.matching.macs, value, Word::sourced),
            "type" => add(&mut unit.matching.types, value, Word::sourced),
            "kind" => add(&mut unit.matching.kinds, value, Word::sourced),
            "key" => unit.matching.others.push(value.sourced()),
            "address" => add(&mut unit.addresses, value, |item| Address {
                text: item.sourced(),
                net: parse_prefix(item.text),
                has_prefix: item.text.contains('/'),
                in_section: false,
                others: Vec::new(),
            }),
            "route" => unit.routes.items.push(route(*word, value)),
            "routes-open" => unit.routes.is_complete = false,
            "gateway" => add(&mut unit.gateways, value, Word::sourced),
            "dns" => add(&mut unit.dns, value, Word::sourced),
            "disabled" => unit.is_enabled = known(false),
            "generated" => unit.is_generated = true,
            "made" => unit.place = Some(Place { file: FileId(0), span: Span::new(0, 4) }),
            "extra" => unit.has_extra_config = true,
            "accepts-ra" => {}
            _ => {
                let key = key.strip_prefix("set:").unwrap_or_else(|| panic!("what is {key}?"));
                unit.settings.push((key.to_owned(), value.fact()));
                unit.settings.sort_by(|a, b| a.0.cmp(&b.0));
            }
        }
    }
    if !words.iter().any(|word| word.text == "accepts-ra") && unit.setting("IPv6AcceptRA").is_none() {
        unit.settings.insert(0, ("IPv6AcceptRA".to_owned(), known("false".to_owned())));
        unit.settings.sort_by(|a, b| a.0.cmp(&b.0));
    }
    unit
}

fn route(whole: Word<'_>, value: Word<'_>) -> Route {
    let mut route = Route {
        place: Some(whole.place()),
        destination: Fact::Absent,
        gateway: Fact::Absent,
        on_link: Fact::Absent,
        others: Vec::new(),
        is_wrapped: false,
        is_complete: true,
    };
    for item in value.split(',') {
        let (key, value) = item.key_value();
        match key {
            "-" => {}
            "via" => route.gateway = value.fact(),
            "onlink" => route.on_link = item.flag(),
            "table" | "metric" => {
                let name = if key == "table" { "Table" } else { "Metric" };
                route.others.push((name.to_owned(), value.fact()));
            }
            _ => route.destination = item.fact(),
        }
    }
    route
}

fn problem(words: &[Word<'_>]) -> Problem {
    let (kind, message) = words.split_first().expect("a kind");
    let text: Vec<&str> = message.iter().map(|word| word.text).collect();
    Problem {
        kind: match kind.key_value() {
            ("syntax", _) => ProblemKind::Syntax,
            ("assertion", _) => ProblemKind::Assertion,
            ("argument", name) => ProblemKind::MissingArgument(name.text.to_owned()),
            _ => ProblemKind::Evaluation,
        },
        message: text.join(" "),
        place: Some(kind.place()),
        related: Vec::new(),
        machine: None,
        is_certain: true,
    }
}
