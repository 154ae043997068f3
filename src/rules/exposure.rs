//! What guests can see and reach of the host and of each other although nothing is wrong: advice for fleets whose guests are not to be trusted.

use rustc_hash::FxHashMap;

use super::additions;
use super::context::Context;
use super::draft::{Draft, Scope};
use super::finding::{Fix, Safety, Severity};
use super::rule::{Activation, FixKind, Group, OptIn, RuleInfo};
use super::wording;
use crate::fleet::facts::parse_boolean;
use crate::fleet::{Fact, Link, Routing, Unit};

pub(super) const SERVICES: RuleInfo = RuleInfo {
    name: "host-services-exposed-to-guests",
    severity: Severity::Note,
    group: Group::Isolation,
    fix: FixKind::Suggested,
    activation: Activation::OnlyWith(OptIn::StrictIsolation),
    page: include_str!("host_services_exposed_to_guests.md"),
    explains: &[],
    run: services,
};

pub(super) const NAMES: RuleInfo = RuleInfo {
    name: "llmnr-mdns-on-taps",
    severity: Severity::Note,
    group: Group::Isolation,
    fix: FixKind::Automatic,
    activation: Activation::OnlyWith(OptIn::StrictIsolation),
    page: include_str!("llmnr_mdns_on_taps.md"),
    explains: &[],
    run: names,
};

pub(super) const ARP: RuleInfo = RuleInfo {
    name: "arp-ignore-advice",
    severity: Severity::Note,
    group: Group::Isolation,
    fix: FixKind::Suggested,
    activation: Activation::OnlyWith(OptIn::StrictIsolation),
    page: include_str!("arp_ignore_advice.md"),
    explains: &[],
    run: arp,
};

pub(super) const BRIDGE_PORTS: RuleInfo = RuleInfo {
    name: "bridge-ports-not-isolated",
    severity: Severity::Note,
    group: Group::Isolation,
    fix: FixKind::Suggested,
    activation: Activation::OnlyWith(OptIn::StrictIsolation),
    page: include_str!("bridge_ports_not_isolated.md"),
    explains: &[],
    run: bridge_ports,
};

pub(super) const BRIDGE_HELPER: RuleInfo = RuleInfo {
    name: "qemu-bridge-helper-open",
    severity: Severity::Note,
    group: Group::Isolation,
    fix: FixKind::Suggested,
    activation: Activation::OnlyWith(OptIn::StrictIsolation),
    page: include_str!("qemu_bridge_helper_open.md"),
    explains: &[],
    run: bridge_helper,
};

pub(super) const MACVTAP: RuleInfo = RuleInfo {
    name: "macvtap-shares-uplink-segment",
    severity: Severity::Note,
    group: Group::Isolation,
    fix: FixKind::Manual,
    activation: Activation::Always,
    page: include_str!("macvtap_shares_uplink_segment.md"),
    explains: &[],
    run: macvtap,
};

fn services(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host, links) in context.routed_hosts() {
        if !host.ports.is_filtered.is_true() {
            continue;
        }
        let ports = [("TCP", &host.ports.tcp), ("UDP", &host.ports.udp)];
        let open: Vec<(String, &crate::fleet::Sourced<(i64, i64)>)> = ports
            .into_iter()
            .flat_map(|(protocol, list)| list.items.iter().map(move |range| (protocol, range)))
            .map(|(protocol, range)| match range.value {
                (first, last) if first == last => (format!("{protocol} {first}"), range),
                (first, last) => (format!("{protocol} {first} to {last}"), range),
            })
            .collect();
        let Some((_, first)) = open.first() else { continue };
        let words: Vec<&str> = open.iter().map(|(word, _)| word.as_str()).collect();
        let guests: Vec<_> = links.iter().map(|link| link.guest_id).collect();
        let named = context.guests_named(&guests);
        drafts.push(
            Draft::new(
                Scope::guests(Some(id), guests),
                format!("the firewall of host {} lets {} in on every interface", host.name, wording::list(&words)),
                format!("{named} reach these services too"),
            )
            .help("open the ports in `networking.firewall.interfaces.<uplink>` instead, for the interface that they are meant for")
            .label(first.origin.definition.or(first.origin.value).or(host.place), "open on taps as well"),
        );
    }
    drafts
}

/// Asks about each routed tap whose file is known.
fn taps<'c>(context: &'c Context<'_>) -> impl Iterator<Item = (&'c Link<'c>, &'c Unit, &'c str)> {
    context.links.routed().filter_map(|link| {
        let unit = link.host_unit.unit().filter(|unit| !unit.has_extra_config && unit.setting("?").is_none())?;
        Some((link, unit, link.tap()?))
    })
}

fn names(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (link, unit, tap) in taps(context) {
        let Some(host) = link.host.filter(|host| host.answers_llmnr.is_true() && host.network.networkd.is_true())
        else {
            continue;
        };
        let answers = unit.setting("LLMNR").is_none();
        let asked = ["LLMNR", "MulticastDNS"].iter().find(|key| unit.flag(key) == Some(true));
        let (key, place) = match asked {
            Some(key) => (*key, unit.setting(key).and_then(Fact::place)),
            None if answers => ("LLMNR", None),
            None => continue,
        };
        drafts.push(
            Draft::new(
                Scope::link(link),
                format!(
                    "systemd-resolved of host {} answers and asks guest {} for names on the tap {tap} ({key})",
                    host.name, link.guest.name
                ),
                "the guest learns the host's name and may answer for others",
            )
            .help(format!("set `networkConfig.{key} = false;` in {}", unit.name))
            .label(place.or(unit.place), format!("{key} on {tap}"))
            .label(host.answers_llmnr.place(), "systemd-resolved runs")
            .fix(if answers { additions::setting(unit, "LLMNR = false;") } else { None }),
        );
    }
    drafts
}

fn arp(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host, links) in context.routed_hosts() {
        let is_set = host.sysctls.iter().any(|(name, _)| name.ends_with(".arp_ignore"));
        let speaks_ipv4 = links.iter().any(|link| link.host_addresses().any(|(ip, _)| ip.is_ipv4()));
        if is_set || !host.sysctls_complete || !speaks_ipv4 {
            continue;
        }
        drafts.push(
            Draft::new(
                Scope::host(id),
                format!(
                    "host {} answers ARP on its taps for every address that it has, those of its other networks too",
                    host.name
                ),
                "guests find out which networks it belongs to",
            )
            .help("set `boot.kernel.sysctl.\"net.ipv4.conf.all.arp_ignore\" = 1;`; every tap then needs the gateway's address")
            .label(host.place, "answers for all its addresses"),
        );
    }
    drafts
}

fn bridge_ports(context: &Context<'_>) -> Vec<Draft> {
    let mut ports: FxHashMap<_, Vec<&Link<'_>>> = FxHashMap::default();
    for link in context.links.all.iter().filter(|link| link.routing == Routing::Bridged) {
        let Some(unit) = link.host_unit.unit().filter(|unit| !unit.has_extra_config) else { continue };
        let is_open = match &unit.isolated {
            Fact::Absent => true,
            Fact::Known(text) => parse_boolean(&text.value) == Some(false),
            Fact::Unknown => false,
        };
        if let Some(bridge) = unit.setting("Bridge").and_then(Fact::value).filter(|_| is_open) {
            ports.entry((link.host_id, bridge.as_str())).or_default().push(link);
        }
    }
    let mut drafts: Vec<Draft> = ports
        .into_iter()
        .filter(|(_, links)| links.len() > 1)
        .map(|((host, bridge), links)| {
            let guests: Vec<_> = links.iter().map(|link| link.guest_id).collect();
            let named = context.guests_named(&guests);
            let unit = links.first().and_then(|link| link.host_unit.unit());
            let file = unit.map_or("their files", |unit| unit.name.as_str());
            Draft::new(
                Scope::guests(host, guests),
                format!("{named} are ports of {bridge} and not isolated"),
                "each can take over the addresses of the others and serve DHCP and advertisements to them",
            )
            .help(format!("set `bridgeConfig.Isolated = true;` in {file}, unless the guests must reach each other"))
            .fix(isolated(&links))
            .label(
                unit.and_then(|unit| unit.setting("Bridge")).and_then(Fact::place).or(unit.and_then(|unit| unit.place)),
                format!("a port of {bridge}"),
            )
        })
        .collect();
    drafts.sort_by_key(|draft| draft.scope.guests.first().copied());
    drafts
}

/// An edit that isolates ports of a bridge. Whether their guests need each other, only a person knows.
fn isolated(ports: &[&Link<'_>]) -> Option<Fix> {
    let units: Option<Vec<&Unit>> = ports.iter().map(|link| link.host_unit.unit()).collect();
    let mut units: Vec<&Unit> = units?;
    units.dedup_by_key(|unit| &unit.name);
    let fixes = units.into_iter().map(|unit| additions::option(unit, "bridgeConfig.Isolated = true;", Safety::Unsafe));
    additions::together(fixes, "Isolate the ports", Safety::Unsafe)
}

fn bridge_helper(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = Vec::new();
    for (id, host) in context.fleet.numbered_hosts().filter(|(_, host)| host.has_host_module && !host.limits_bridges) {
        let helped = |link: &&Link<'_>| {
            link.host_id == Some(id) && link.interface.kind.value().is_some_and(|kind| kind == "bridge")
        };
        let Some(link) = context.links.all.iter().find(helped) else { continue };
        drafts.push(
            Draft::new(
                Scope::host(id),
                format!(
                    "host {} lets QEMU's bridge helper make taps on every bridge, as microvm.nix says by default",
                    host.name
                ),
                "each user who may run it joins any of them",
            )
            .help("name the bridges: `environment.etc.\"qemu/bridge.conf\".text = \"allow br0\";`")
            .label(
                link.interface.bridge.place().or(link.interface.place),
                format!("guest {} uses the helper", link.guest.name),
            ),
        );
    }
    drafts
}

fn macvtap(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    let routed: Vec<_> = context.routed_hosts().map(|(id, host, _)| (id, host)).collect();
    for (id, host) in routed {
        for link in context.links.all.iter().filter(|link| link.host_id == Some(id)) {
            let interface = link.interface;
            let (Some(kind), Some(parent)) =
                (interface.kind.known().filter(|kind| kind.value == "macvtap"), interface.link.known())
            else {
                continue;
            };
            // The whole card is handed over on purpose.
            if interface.mode.is_unknown() || interface.mode.value().is_some_and(|mode| mode == "passthru") {
                continue;
            }
            drafts.push(
                Draft::new(
                    Scope::link(link),
                    format!(
                        "guest {} hangs on {} by a macvtap, while other guests of host {} are routed",
                        link.guest.name, parent.value, host.name
                    ),
                    "it shares an Ethernet segment with everything there, past the host's firewall",
                )
                .help("give the guest a routed tap, or allow this rule here with the reason")
                .label(kind.place().or(interface.place), format!("on the segment of {}", parent.value)),
            );
        }
    }
    drafts
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{never, only};

    fn fleet(host: &str, unit: &str, more: &str) -> String {
        format!(
            "host h forward4 {host}
             unit 30-vm1 name=vm1 address=10.0.0.0/32 route=10.0.0.1/32 {unit}
             unit 40-b name=b* set:Bridge=br0
             guest a@h tap=vm1/02:00:00:00:00:01
             unit 10-e mac=02:00:00:00:00:01 address=10.0.0.1/32
             {more}"
        )
    }

    #[test]
    fn what_the_host_shows() {
        only(&fleet("opens=22,80", "", ""), "host-services-exposed-to-guests");
        never(&fleet("no-firewall", "", ""), "host-services-exposed-to-guests");
        only(&fleet("llmnr", "", ""), "llmnr-mdns-on-taps");
        only(&fleet("llmnr", "set:LLMNR=no set:MulticastDNS=yes", ""), "llmnr-mdns-on-taps");
        never(&fleet("llmnr", "set:LLMNR=no", ""), "llmnr-mdns-on-taps");
        never(&fleet("", "", ""), "llmnr-mdns-on-taps");
        only(&fleet("", "", ""), "arp-ignore-advice");
        never(&fleet("sysctl:net.ipv4.conf.all.arp_ignore=1", "", ""), "arp-ignore-advice");
    }

    #[test]
    fn other_ways_than_routed_taps() {
        let two = "guest b@h tap=b1/02:00:00:00:00:02\nguest c@h tap=b2/02:00:00:00:00:03";
        only(&fleet("", "", two), "bridge-ports-not-isolated");
        never(&fleet("", "", "guest b@h tap=b1/02:00:00:00:00:02"), "bridge-ports-not-isolated");
        only(&fleet("", "", "guest b@h bridge=b1/02:00:00:00:00:02"), "qemu-bridge-helper-open");
        never(&fleet("", "", ""), "qemu-bridge-helper-open");
        only(&fleet("", "", "guest b@h macvtap=m1/02:00:00:00:00:02"), "macvtap-shares-uplink-segment");
        never("host h\nguest b@h macvtap=m1/02:00:00:00:00:02", "macvtap-shares-uplink-segment");
    }
}
