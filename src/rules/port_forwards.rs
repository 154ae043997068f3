//! `networking.nat.forwardPorts`: elements that are in each other's way, cannot be read, or lead to nobody.

use std::net::{IpAddr, SocketAddr};

use super::context::{Context, may_use_dhcp};
use super::culprit;
use super::draft::{Draft, Family, Scope};
use super::finding::{Fix, Safety, Severity};
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::facts::parse_prefix;
use crate::fleet::{Guest, GuestId, Host, HostId, Link, PortForward, Sourced, Unit};

pub(super) const DUPLICATE: RuleInfo = RuleInfo {
    name: "duplicate-nat-forward-port",
    severity: Severity::Error,
    group: Group::Uniqueness,
    fix: FixKind::Manual,
    activation: Activation::Always,
    page: include_str!("duplicate_nat_forward_port.md"),
    explains: &[],
    run: duplicate,
};

pub(super) const FORMAT: RuleInfo = RuleInfo {
    name: "nat-forward-port-format",
    severity: Severity::Error,
    group: Group::Nat,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("nat_forward_port_format.md"),
    explains: &[],
    run: format,
};

pub(super) const TARGET: RuleInfo = RuleInfo {
    name: "nat-forward-port-target-unknown",
    severity: Severity::Warning,
    group: Group::Nat,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("nat_forward_port_target_unknown.md"),
    explains: &[],
    run: target,
};

pub(super) const CLOSED: RuleInfo = RuleInfo {
    name: "firewall-port-not-open-in-guest",
    severity: Severity::Note,
    group: Group::Nat,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("firewall_port_not_open_in_guest.md"),
    explains: &[],
    run: closed,
};

/// Hosts that translate, with what they forward.
fn forwarding<'c>(context: &'c Context<'_>) -> impl Iterator<Item = (HostId, &'c Host, &'c [PortForward])> {
    let hosts = context.fleet.numbered_hosts().filter(|(_, host)| host.nat.enable.is_true());
    hosts.map(|(id, host)| (id, host, host.nat.forward_ports.items.as_slice()))
}

/// First and last port of `80` or `8000:8010`.
fn ports(text: &str) -> Option<(u16, u16)> {
    match text.split_once(':') {
        Some((first, last)) => Some((first.parse().ok()?, last.parse().ok()?)),
        None => text.parse().ok().map(|port| (port, port)),
    }
}

/// The address that a destination names, if it can be read: an address with a port or a range of ports.
fn destination(text: &str) -> Option<IpAddr> {
    let (address, ports) = text.rsplit_once(':')?;
    let is_ports = ports.split('-').count() <= 2 && ports.split('-').all(|port| port.parse::<u16>().is_ok());
    // A range of ports is put in for the one that the parser knows.
    is_ports.then(|| format!("{address}:1").parse::<SocketAddr>().ok()).flatten().map(|socket| socket.ip())
}

fn duplicate(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host, forwards) in forwarding(context) {
        for (position, one) in forwards.iter().enumerate() {
            let overlaps = |other: &&PortForward| overlap(one, other);
            let Some(other) = forwards.iter().take(position).find(overlaps) else { continue };
            let (Some(source), Some(to), Some(earlier)) =
                (one.source.value(), one.destination.value(), other.destination.value())
            else {
                continue;
            };
            let effect = match host.nftables.value() {
                Some(true) => "nftables refuses the whole ruleset, so nothing is translated",
                Some(false) => "the first of them takes all connections",
                None => "only one of them takes connections, or the ruleset is refused",
            };
            drafts.push(
                Draft::new(
                    Scope::host(id),
                    format!("host {} forwards port {source} both to {earlier} and to {to}", host.name),
                    effect,
                )
                .help("give one of them another `sourcePort`")
                .label(one.source.place().or(one.place), format!("forwarded to {to}"))
                .label(other.source.place().or(other.place), format!("forwarded to {earlier} already")),
            );
        }
    }
    drafts
}

/// Whether two elements certainly take the same connections to different places.
fn overlap(one: &PortForward, other: &PortForward) -> bool {
    let same_protocol = matches!((one.protocol.value(), other.protocol.value()), (Some(a), Some(b)) if a == b);
    let ranges = (one.source.value().and_then(|text| ports(text)), other.source.value().and_then(|text| ports(text)));
    let (Some(a), Some(b)) = ranges else { return false };
    let (Some(to), Some(other_to)) = (one.destination.value(), other.destination.value()) else { return false };
    let families = (destination(to).map(Family::of), destination(other_to).map(Family::of));
    let same_family = matches!(families, (Some(a), Some(b)) if a == b);
    same_protocol && same_family && a.0 <= b.1 && b.0 <= a.1 && to != other_to
}

fn format(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host, forwards) in forwarding(context) {
        for (forward, text) in forwards.iter().filter_map(|forward| Some((forward, forward.destination.known()?))) {
            if destination(&text.value).is_some() {
                continue;
            }
            let bare: Option<IpAddr> = text.value.parse().ok();
            // iptables keeps the port where none is written.
            if bare.is_some_and(|ip| ip.is_ipv4()) && !host.nftables.is_true() {
                continue;
            }
            let meant = match bare {
                Some(IpAddr::V4(ip)) => format!("write the port too: `{ip}:80`"),
                Some(IpAddr::V6(ip)) => format!("write the port too, and the address in brackets: `[{ip}]:80`"),
                None => "write ADDRESS:PORT, ADDRESS:FIRST-LAST or [ADDRESS]:PORT; a name is not resolved".to_owned(),
            };
            drafts.push(
                Draft::new(
                    Scope::host(id),
                    format!("host {} forwards a port to `{}`, which is no address with a port", host.name, text.value),
                    "the ruleset does not load, or nothing is forwarded",
                )
                .help(meant)
                .label(text.place(), "not an address with a port")
                .fix(bare.zip(forward.source.value().and_then(|source| ports(source))).and_then(
                    |(ip, (first, last))| {
                        let port = if first == last { first.to_string() } else { format!("{first}-{last}") };
                        let new = if ip.is_ipv4() { format!("{ip}:{port}") } else { format!("[{ip}]:{port}") };
                        culprit::replace_literal(text, &new, format!("Write {new}"), Safety::Unsafe)
                    },
                )),
            );
        }
    }
    drafts
}

fn target(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host, forwards) in forwarding(context) {
        if forwards.is_empty() {
            continue;
        }
        let links: Vec<_> = context.links.routed().filter(|link| link.host_id == Some(id)).collect();
        // A guest that is not understood may have the address.
        if links.is_empty()
            || !host.vms.is_complete
            || context.fleet.numbered_guests().any(|(number, guest)| {
                guest.host.is_none_or(|host| host == id) && !is_understood(context, number, guest)
            })
        {
            continue;
        }
        let ranges: Vec<_> = host
            .nat
            .internal_ips
            .items
            .iter()
            .chain(&host.nat.internal_ipv6s.items)
            .filter_map(|text| parse_prefix(&text.value))
            .collect();
        for (forward, text) in forwards.iter().filter_map(|forward| Some((forward, forward.destination.known()?))) {
            let Some(ip) = destination(&text.value) else { continue };
            let is_inside = ranges.iter().any(|net| net.contains(&ip));
            if is_inside && !has_address(context, host, ip) {
                drafts.push(draft(id, host, text, ip).fix(to_listener(&links, forward, text, ip)));
            }
        }
    }
    drafts
}

fn is_understood(context: &Context<'_>, id: GuestId, guest: &Guest) -> bool {
    let knows = |unit: &Unit| unit.addresses.is_complete && !unit.has_extra_config && !may_use_dhcp(unit);
    guest.interfaces.is_complete
        && context.links.of_guest(id).iter().all(|link| link.guest_unit.unit().is_some_and(knows))
}

fn has_address(context: &Context<'_>, host: &Host, ip: IpAddr) -> bool {
    let own = host.network.units.items.iter().flat_map(|unit| &unit.addresses.items);
    let own = own.into_iter().any(|address| address.net.is_some_and(|net| net.addr() == ip));
    own || context.links.all.iter().flat_map(|link| link.guest_addresses()).any(|(address, _)| address == ip)
}

fn draft(id: HostId, host: &Host, text: &Sourced<String>, ip: IpAddr) -> Draft {
    Draft::new(
        Scope::host(id).family(Family::of(ip)),
        format!(
            "host {} forwards a port to {ip}, which lies in the range of its guests but is no guest's address",
            host.name
        ),
        "connections are accepted and go nowhere",
    )
    .help("write the address of the guest that is meant, best by the binding that also gives it to the guest")
    .label(super::culprit::at_byte(text, 0).or(text.place()), format!("no guest has {ip}"))
    .label(text.place(), "the destination")
}

/// An edit that forwards to the only guest that may answer: the others let the port certainly not in.
fn to_listener(links: &[&Link<'_>], forward: &PortForward, text: &Sourced<String>, old: IpAddr) -> Option<Fix> {
    let protocol = forward.protocol.value()?;
    let (_, ports) = text.value.rsplit_once(':')?;
    let port: i64 = ports.split('-').next()?.parse().ok()?;
    let mut open = links.iter().filter(|link| !link.guest.ports.closes(protocol, port));
    let link = match (open.next(), open.next()) {
        (Some(link), None) => link,
        _ => links.first().filter(|_| links.len() == 1)?,
    };
    let mut own = link.guest_addresses().map(|(ip, _)| ip).filter(|ip| Family::of(*ip) == Family::of(old));
    let (Some(ip), None) = (own.next(), own.next()) else { return None };
    let new = if ip.is_ipv4() { format!("{ip}:{ports}") } else { format!("[{ip}]:{ports}") };
    culprit::replace_literal(text, &new, format!("Forward to guest {}", link.guest.name), Safety::Unsafe)
}

/// Services that open no port of the guest by themselves; the SSH server opens its own (nixpkgs, `nixos/modules/services/`).
const OPENING_NOTHING: [&str; 8] =
    ["nginx", "httpd", "postgresql", "openssh", "journald", "resolved", "timesyncd", "getty"];

fn closed(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, _, forwards) in forwarding(context) {
        for forward in forwards {
            let (Some(to), Some(protocol)) = (forward.destination.known(), forward.protocol.value()) else { continue };
            let (Some(ip), Some(port)) =
                (destination(&to.value), to.value.rsplit_once(':').and_then(|(_, port)| port.parse::<i64>().ok()))
            else {
                continue;
            };
            let Some(link) = context.links.with_address(Some(id), ip).next() else { continue };
            let guest = link.guest;
            let may_open = guest.services.iter().any(|service| !OPENING_NOTHING.contains(&service.value.as_str()));
            if !guest.ports.closes(protocol, port) || may_open || port == 22 {
                continue;
            }
            let option = if protocol == "udp" { "allowedUDPPorts" } else { "allowedTCPPorts" };
            drafts.push(
                Draft::new(
                    Scope::link(link),
                    format!("port {port} is forwarded to guest {}, whose own firewall does not let it in", guest.name),
                    "connections get no answer",
                )
                .help(format!("add {port} to `networking.firewall.{option}` of the guest"))
                .label(
                    guest
                        .ports
                        .tcp
                        .items
                        .first()
                        .filter(|_| protocol == "tcp")
                        .and_then(Sourced::place)
                        .or(guest.place),
                    "closed here",
                )
                .label(to.place().or(forward.place), "forwarded here"),
            );
        }
    }
    drafts
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{never, only, reports, silent};

    fn fleet(forwards: &str) -> String {
        format!(
            "host h nat=10.0.0.0/24 external=eno1 forwards={forwards}
             unit 30-vm5 name=vm5 address=10.0.0.0/32 route=10.0.0.5/32
             guest web@h tap=vm5/02:00:00:00:00:05
             unit 10-e mac=02:00:00:00:00:05 address=10.0.0.5/32 route=-,via=10.0.0.0,onlink"
        )
    }

    #[test]
    fn ports_are_forwarded_once_and_to_somebody() {
        reports(&fleet("tcp/80/10.0.0.5:80,tcp/70:90/10.0.0.5:8080"), &[("duplicate-nat-forward-port", "70:90")]);
        reports(&fleet("tcp/80/10.0.0.5 nftables"), &[("nat-forward-port-format", "10.0.0.5")]);
        reports(&fleet("tcp/80/web:80"), &[("nat-forward-port-format", "web:80")]);
        silent(&fleet("tcp/80/10.0.0.5"));
        reports(&fleet("tcp/80/10.0.0.9:80"), &[("nat-forward-port-target-unknown", "10.0.0.9:80")]);
        for forwards in [
            "tcp/80/10.0.0.5:80,udp/80/10.0.0.5:80",
            "tcp/80/10.0.0.5:80-90",
            "tcp/80/192.168.1.9:80",
            "tcp/80/unknown",
            "tcp/80/10.0.0.5:80,tcp/80/10.0.0.5:80",
        ] {
            silent(&fleet(forwards));
        }
    }

    #[test]
    fn the_guest_lets_nobody_in() {
        let rule = "firewall-port-not-open-in-guest";
        let open = |guest: &str| fleet("tcp/80/10.0.0.5:80").replace("guest web@h", &format!("guest web@h {guest}"));
        only(&open("opens=443 serves=nginx"), rule);
        for guest in ["opens=80", "opens=unknown", "serves=jellyfin"] {
            never(&open(guest), rule);
        }
        never(&fleet("tcp/22/10.0.0.5:22"), rule);
    }
}
