//! The guest's gateway is an address that the host does not have on the tap.

use std::net::IpAddr;

use rustc_hash::FxHashMap;

use super::context::{Context, is_link_local, may_use_dhcp};
use super::culprit;
use super::draft::{Draft, Family, Scope};
use super::finding::{Safety, Severity};
use super::rule::{Activation, FixKind, Group, RuleInfo};
use super::wording;
use crate::fleet::{Address, Fact, Host, Link, Sourced, Unit};

pub(super) const RULE: RuleInfo = RuleInfo {
    name: "guest-gateway-not-host-address",
    severity: Severity::Error,
    group: Group::Routes,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("guest_gateway_not_host_address.md"),
    explains: &["gateway-not-onlink"],
    run,
};

fn run(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    let hosts: Vec<HostAddresses<'_>> = context.fleet.hosts.iter().map(HostAddresses::new).collect();
    for link in context.links.routed() {
        let (Some(host), Some(host_unit), Some(guest_unit)) =
            (link.host, link.host_unit.unit(), link.guest_unit.unit())
        else {
            continue;
        };
        if !knows_addresses(host_unit)
            || host_unit.setting("IPv4ProxyARP").is_some()
            || host_unit.setting("IPv6ProxyNDP").is_some()
        {
            continue;
        }
        let gateways =
            guest_unit.routes.items.iter().filter_map(|route| Some((route.gateway_address()?, route.gateway.known()?)));
        let shorthand =
            guest_unit.gateways.items.iter().filter_map(|text| Some((text.value.parse::<IpAddr>().ok()?, text)));
        for (gateway, text) in gateways.chain(shorthand) {
            if !is_link_local(gateway) && !has_address(host_unit, gateway) {
                let Some(others) = link.host_id.and_then(|id| hosts.get(id.0 as usize)) else { continue };
                drafts.extend(draft(link, host, host_unit, others, gateway, text));
            }
        }
    }
    drafts
}

fn draft(
    link: &Link<'_>,
    host: &Host,
    unit: &Unit,
    others: &HostAddresses<'_>,
    gateway: IpAddr,
    text: &Sourced<String>,
) -> Option<Draft> {
    let family = Family::of(gateway);
    let (guest, tap) = (&link.guest.name, link.tap().unwrap_or_default());
    let own: Vec<(IpAddr, &Address)> = link.host_addresses().filter(|(ip, _)| Family::of(*ip) == family).collect();
    let own_texts: Vec<String> = own.iter().map(|(ip, _)| ip.to_string()).collect();
    let own_place = own.first().and_then(|(_, address)| address.text.place());
    let there = match own.as_slice() {
        [] => format!("it has none for {family} there"),
        _ => format!("it has {} there", wording::list(&own_texts)),
    };
    // IPv4 hosts answer on every link for all of their addresses (`arp_ignore` 0); IPv6 ones do not.
    let elsewhere = others.by_address.get(&gateway).filter(|_| family == Family::V4);
    let may_be_elsewhere = family == Family::V4 && others.may_be_more;
    if elsewhere.is_none() && may_be_elsewhere && own.is_empty() {
        return None;
    }
    let consequence = match elsewhere {
        Some(other) => format!(
            "it is only in the host's file {}, which works only because Linux answers ARP for addresses of other links",
            other.name
        ),
        None => format!("nobody answers for it, and the guest reaches nothing beyond host {}", host.name),
    };
    let help = match own_texts.first() {
        Some(address) => format!("use {address} as the gateway, or add {gateway} to the host's file {}", unit.name),
        None => format!("add {gateway} to the host's file {}", unit.name),
    };
    let draft = Draft::new(
        Scope::link(link).family(family),
        format!("the gateway {gateway} of guest {guest} is no address of the host on the tap {tap}, as {there}"),
        consequence,
    )
    .help(help)
    .label(text.place().or(link.interface.place), "the guest's gateway")
    .label(own_place, "the host's address on the tap")
    .label(unit.place, format!("the host's file for {tap}"))
    .template(text.place())
    .template(own_place)
    .fix(match own_texts.as_slice() {
        [only] => culprit::replace_literal(text, only, format!("Use {only}"), Safety::Unsafe),
        _ => None,
    });
    Some(match elsewhere {
        Some(_) => draft.severity(Severity::Warning),
        None => draft.possible_if(may_be_elsewhere && !is_among_taps(link, gateway)),
    })
}

/// All addresses of a host, with the file of each.
struct HostAddresses<'a> {
    by_address: FxHashMap<IpAddr, &'a Unit>,
    /// Whether the host may have addresses that no file tells: from DHCP, from what is not known.
    may_be_more: bool,
}

impl<'a> HostAddresses<'a> {
    fn new(host: &'a Host) -> Self {
        let network = &host.network;
        let units = &network.units;
        let mut by_address = FxHashMap::default();
        for unit in &units.items {
            for net in unit.addresses.items.iter().filter_map(|address| address.net) {
                by_address.entry(net.addr()).or_insert(unit);
            }
        }
        let is_open = |unit: &Unit| may_use_dhcp(unit) || !knows_addresses(unit);
        let may_be_more =
            !units.is_complete || !matches!(network.networkd, Fact::Known(_)) || units.items.iter().any(is_open);
        Self { by_address, may_be_more }
    }
}

fn has_address(unit: &Unit, ip: IpAddr) -> bool {
    unit.addresses.items.iter().any(|address| address.net.is_some_and(|net| net.addr() == ip))
}

fn knows_addresses(unit: &Unit) -> bool {
    unit.addresses.is_complete
        && !unit.has_extra_config
        && unit.addresses.items.iter().all(|address| address.net.is_some())
}

/// Whether a gateway lies so near to the host's address on the tap that it must mean the tap: no DHCP server gives out such an address.
fn is_among_taps(link: &Link<'_>, gateway: IpAddr) -> bool {
    let near = |ip: IpAddr| match (ip, gateway) {
        (IpAddr::V4(ip), IpAddr::V4(gateway)) => ip.octets().iter().zip(gateway.octets()).take(3).all(|(a, b)| *a == b),
        _ => false,
    };
    link.host_addresses().any(|(ip, _)| near(ip)) || link.guest_addresses().any(|(ip, _)| near(ip))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{never, only, reports, silent};

    fn fleet(host: &str, gateway: &str) -> String {
        format!(
            "host h forward4 forward6
             {host}
             guest a@h tap=vm1/02:00:00:00:00:01
             unit 10-e mac=02:00:00:00:00:01 address=10.0.0.1/32,fd00::1/128 route=-,via={gateway},onlink"
        )
    }

    #[test]
    fn somebody_must_answer_for_the_gateway() {
        let tap = "unit 30-vm1 name=vm1 address=10.0.0.0/32,fd00::/128 route=10.0.0.1/32 route=fd00::1/128";
        silent(&fleet(tap, "10.0.0.0"));
        silent(&fleet(tap, "fe80::1"));
        reports(&fleet(tap, "10.0.0.254"), &[("guest-gateway-not-host-address", "10.0.0.254")]);
        reports(&fleet(tap, "fd00::ff"), &[("guest-gateway-not-host-address", "fd00::ff")]);
        let elsewhere = format!("{tap}\nunit 10-lan name=eno1 address=10.0.0.254/24,fd00::ff/64");
        assert_eq!(only(&fleet(&elsewhere, "10.0.0.254"), "guest-gateway-not-host-address").severity.word(), "warning");
        assert_eq!(only(&fleet(&elsewhere, "fd00::ff"), "guest-gateway-not-host-address").severity.word(), "error");
        let uplink = format!("{tap}\nunit 10-lan name=eno1 set:DHCP=yes");
        assert_eq!(only(&fleet(&uplink, "10.0.0.254"), "guest-gateway-not-host-address").severity.word(), "error");
        assert_eq!(only(&fleet(&uplink, "192.168.1.5"), "guest-gateway-not-host-address").severity.word(), "warning");
    }

    #[test]
    fn a_proxy_answers_for_anything() {
        let tap = "unit 30-vm1 name=vm1 address=10.0.0.0/32 route=10.0.0.1/32 set:IPv4ProxyARP=true";
        never(&fleet(tap, "10.0.0.254"), "guest-gateway-not-host-address");
    }
}
