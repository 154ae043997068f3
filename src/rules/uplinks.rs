//! The host's way out: the interfaces that lead away from the taps, and what guests need of them.

use ipnet::IpNet;

use super::additions;
use super::context::{Context, has_default_route, is_private, may_use_dhcp, networks_of};
use super::culprit;
use super::draft::{Draft, Family, Scope};
use super::finding::{Fix, Safety, Severity};
use super::forwarding::{Switch, global_switch, link_switch};
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::facts::parse_prefix;
use crate::fleet::{Fact, Host, HostId, Link, Sourced, Unit, glob_matches};

pub(super) const FORWARDING: RuleInfo = RuleInfo {
    name: "ipv4-forwarding-missing-on-uplink",
    severity: Severity::Error,
    group: Group::Forwarding,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("ipv4_forwarding_missing_on_uplink.md"),
    explains: &[],
    run: forwarding,
};

pub(super) const ADVERTISEMENTS: RuleInfo = RuleInfo {
    name: "accept-ra-lost-on-uplink",
    severity: Severity::Warning,
    group: Group::Forwarding,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("accept_ra_lost_on_uplink.md"),
    explains: &[],
    run: advertisements,
};

pub(super) const MISMATCH: RuleInfo = RuleInfo {
    name: "nat-external-interface-mismatch",
    severity: Severity::Error,
    group: Group::Nat,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("nat_external_interface_mismatch.md"),
    explains: &[],
    run: mismatch,
};

pub(super) const COVERS_LAN: RuleInfo = RuleInfo {
    name: "nat-range-covers-host-lan",
    severity: Severity::Warning,
    group: Group::Nat,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("nat_range_covers_host_lan.md"),
    explains: &[],
    run: covers_lan,
};

/// The files of a host that lead out: with a default route or a DHCP client, or for the external interface by name, and for no tap.
fn uplinks<'a>(context: &Context<'a>, id: HostId, host: &'a Host) -> Vec<&'a Unit> {
    let external = host.nat.external_interface.value();
    let leads_out = |unit: &&Unit| {
        let is_off = matches!(&unit.is_enabled, Fact::Known(enabled) if !enabled.value);
        let is_external = external.is_some_and(|name| unit.matching.names.items.iter().any(|one| one.value == *name));
        let has_way = Family::BOTH.iter().any(|family| has_default_route(unit, *family)) || may_use_dhcp(unit);
        !is_off && (is_external || has_way)
    };
    let units = host.network.units.items.iter().filter(leads_out);
    units.filter(|unit| context.links.with_host_unit(id, unit).next().is_none()).collect()
}

/// The name of the only interface that leads out, if there is one and its file tells it.
pub(super) fn only_name<'a>(context: &Context<'a>, id: HostId, host: &'a Host) -> Option<String> {
    let mut uplinks = uplinks(context, id, host);
    uplinks.retain(|unit| !unit.is_generated);
    match uplinks.as_slice() {
        [unit] => match unit.matching.names.items.as_slice() {
            [name] if !name.value.contains(['*', '?', '[', '!']) => Some(name.value.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// A routed guest that sends a family to everywhere.
fn leaves<'c, 'a>(links: &'c [&'c Link<'a>], family: Family) -> Option<&'c Link<'a>> {
    let leaves = |link: &&&Link<'_>| link.guest_unit.unit().is_some_and(|unit| has_default_route(unit, family));
    links.iter().find(leaves).copied()
}

fn forwarding(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host, links) in context.routed_hosts() {
        if !host.network.networkd.is_true() || !host.network.units.is_complete || !host.sysctls_complete {
            continue;
        }
        let Some(link) = leaves(&links, Family::V4) else { continue };
        let Some(tap) = link.host_unit.unit() else { continue };
        let uplinks = uplinks(context, id, host);
        // A sysctl of the link itself may make up for it.
        let has_own = host.sysctls.iter().any(|(name, _)| {
            name.starts_with("net.ipv4.conf.")
                && name.ends_with(".forwarding")
                && !name.contains(".all.")
                && !name.contains(".default.")
        });
        let is_silent = |unit: &&Unit| unit.has_extra_config || unit.setting("?").is_some();
        if uplinks.is_empty() || uplinks.iter().any(is_silent) || has_own {
            continue;
        }
        let refused = uplinks.iter().find(|unit| unit.flag("IPv4Forwarding") == Some(false));
        let global = global_switch(host, Family::V4);
        let by_tap = link_switch(tap, Family::V4);
        let draft = match (refused, global) {
            (Some(unit), Switch::On) => Draft::new(
                Scope::host(id).family(Family::V4),
                format!("host {} forwards IPv4, but {} turns it off for the uplink", host.name, unit.name),
                format!("replies to guests such as {} arrive there and are dropped", link.guest.name),
            )
            .help(format!("remove `IPv4Forwarding` from {}", unit.name))
            .label(unit.setting("IPv4Forwarding").and_then(Fact::place).or(unit.place), "replies are not passed on")
            .fix(
                unit.setting("IPv4Forwarding")
                    .and_then(|fact| culprit::remove_binding(fact, "Delete `IPv4Forwarding`"))
                    .map(|fix| Fix { safety: Safety::Unsafe, ..fix }),
            ),
            (_, Switch::Off)
                if by_tap == Switch::On && uplinks.iter().all(|unit| link_switch(unit, Family::V4) == Switch::Off) =>
            {
                // Without translation nothing comes back anyway, unless the address is public.
                let is_public = link.guest_addresses().any(|(ip, _)| ip.is_ipv4() && !is_private(ip));
                let masquerades = &host.nat.masquerades;
                if !is_public && (masquerades.items.is_empty() || !masquerades.is_complete) {
                    continue;
                }
                let unit = uplinks.first().copied();
                let named = unit.map_or("the uplink", |unit| unit.name.as_str());
                Draft::new(
                    Scope::host(id).family(Family::V4),
                    format!("host {} forwards IPv4 from taps only", host.name),
                    format!(
                        "packets of guests such as {} leave, and the replies arrive on {named}, where they are dropped",
                        link.guest.name
                    ),
                )
                .help(format!("set `systemd.network.config.networkConfig.IPv4Forwarding = true;`, or `networkConfig.IPv4Forwarding = true;` in {named} too"))
                .label(unit.and_then(|unit| unit.place).or(tap.setting("IPv4Forwarding").and_then(Fact::place)), "replies arrive here")
                .label(tap.setting("IPv4Forwarding").and_then(Fact::place), "only what comes from a tap is passed on")
                .fix(additions::to_machine(
                    &host.network,
                    tap.place,
                    "systemd.network.config.networkConfig.IPv4Forwarding = true;",
                    Safety::Unsafe,
                ))
            }
            _ => continue,
        };
        drafts.push(draft);
    }
    drafts
}

fn advertisements(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host, links) in context.routed_hosts() {
        let Some(switch) = host.network.ipv6_forwarding.known().filter(|switch| switch.value) else { continue };
        if !host.network.networkd.is_true() || !host.network.units.is_complete {
            continue;
        }
        let Some(link) = leaves(&links, Family::V6) else { continue };
        let is_public = link.guest_addresses().any(|(ip, _)| ip.is_ipv6() && !is_private(ip));
        let wants_ipv6 = host.nat.enable_ipv6.is_true() || is_public;
        let uplinks = uplinks(context, id, host);
        let knows_ipv6 = |unit: &&Unit| {
            let is_written = ["IPv6AcceptRA", "IPv6Forwarding", "Bridge", "Bond", "LinkLocalAddressing", "?"]
                .iter()
                .any(|key| unit.setting(key).is_some());
            let has_address =
                unit.addresses.items.iter().any(|address| address.net.is_none_or(|net| net.addr().is_ipv6()));
            let is_open = !unit.addresses.is_complete || unit.has_extra_config || !unit.gateways.is_complete;
            is_written || has_address || is_open || has_default_route(unit, Family::V6)
        };
        if !wants_ipv6 || uplinks.iter().any(knows_ipv6) {
            continue;
        }
        // Which cards get the file that NixOS makes, and whether they lead out, is not known.
        let Some(unit) = uplinks.iter().find(|unit| !unit.is_generated) else { continue };
        drafts.push(
            Draft::new(
                Scope::host(id).family(Family::V6),
                format!(
                    "host {} forwards IPv6, so networkd no longer takes router advertisements on the uplink ({})",
                    host.name, unit.name
                ),
                format!(
                    "the host loses its IPv6 address and default route, and so do guests such as {}",
                    link.guest.name
                ),
            )
            .help(format!(
                "set `networkConfig.IPv6AcceptRA = true;` in {}, or give the uplink an address and a gateway",
                unit.name
            ))
            .label(unit.place.or(switch.place()), "takes no router advertisements")
            .label(switch.place(), "because of this")
            .fix(additions::setting(unit, "IPv6AcceptRA = true;").map(|fix| Fix { safety: Safety::Unsafe, ..fix })),
        );
    }
    drafts
}

fn mismatch(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host, links) in context.routed_hosts() {
        let network = &host.network;
        let Some(external) = host.nat.external_interface.known().filter(|_| host.nat.enable.is_true()) else {
            continue;
        };
        if !network.networkd.is_true() || !network.units.is_complete || !is_card(&external.value) {
            continue;
        }
        let units = network.units.items.iter();
        let names_it = |unit: &Unit| {
            unit.matching.names.items.iter().any(|one| glob_matches(one.value.trim_start_matches('!'), &external.value))
        };
        let is_known = units.clone().any(names_it)
            || host.makes_device(&external.value)
            || host.other_interfaces.contains(&external.value)
            || links.iter().any(|link| link.tap() == Some(external.value.as_str()));
        let uplinks = uplinks(context, id, host);
        // Only names that are written out tell which cards there are.
        let named: Vec<&Sourced<String>> = uplinks
            .iter()
            .filter(|unit| !unit.is_generated)
            .flat_map(|unit| &unit.matching.names.items)
            .filter(|name| is_card(&name.value))
            .collect();
        let Some(first) = named.first().filter(|_| !is_known) else { continue };
        let knows_all = uplinks.iter().all(|unit| {
            !unit.is_generated
                && unit.matching.is_complete
                && unit.matching.names.is_complete
                && !unit.matching.names.items.is_empty()
        });
        drafts.push(
            Draft::new(
                Scope::host(id),
                format!(
                    "`networking.nat.externalInterface` of host {} is {}, but the host's way out is {}",
                    host.name, external.value, first.value
                ),
                "the rule never matches, and guests leave untranslated",
            )
            .possible_if(!knows_all)
            .severity(if knows_all { Severity::Error } else { Severity::Warning })
            .help(format!("write `externalInterface = \"{}\";`", first.value))
            .label(external.place().or(host.nat.enable.place()), "no file is for this interface")
            .label(first.place(), "the way out")
            .fix(super::culprit::replace_literal(
                external,
                &first.value,
                format!("Write {}", first.value),
                super::finding::Safety::Unsafe,
            )),
        );
    }
    drafts
}

/// Whether it is the full name of a card, as the kernel or udev gives them, and no pattern: other names belong to devices that some service makes.
fn is_card(name: &str) -> bool {
    let has_digit = name.bytes().any(|byte| byte.is_ascii_digit());
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_plain && has_digit && ["en", "eth", "wl"].iter().any(|prefix| name.starts_with(prefix))
}

fn covers_lan(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host, links) in context.routed_hosts() {
        if !host.nat.enable.is_true() {
            continue;
        }
        let ranges = host.nat.internal_ips.items.iter().chain(&host.nat.internal_ipv6s.items);
        let ranges: Vec<(IpNet, &Sourced<String>)> =
            ranges.filter_map(|text| Some((parse_prefix(&text.value)?, text))).collect();
        for unit in uplinks(context, id, host) {
            // A guest inside the network is another mistake.
            let holds_guest =
                |lan: &IpNet| links.iter().any(|link| link.guest_addresses().any(|(ip, _)| lan.contains(&ip)));
            let covered = networks_of(unit).filter(|lan| !holds_guest(lan)).find_map(|lan| {
                let range = ranges.iter().find(|(range, _)| range.contains(&lan))?;
                Some((lan, range))
            });
            let Some((lan, (range, text))) = covered else { continue };
            let address = unit.addresses.items.iter().find(|address| address.net.is_some_and(|net| net.trunc() == lan));
            drafts.push(
                Draft::new(
                    Scope::host(id),
                    format!(
                        "the range {range} of `networking.nat` on host {} covers the host's own network {lan} ({})",
                        host.name, unit.name
                    ),
                    "what other machines there send through the host leaves under the host's address",
                )
                .help("write a range that covers the guests and nothing else")
                .label(text.place(), format!("covers {lan}"))
                .label(address.and_then(|address| address.text.place()).or(unit.place), "the host's own network"),
            );
        }
    }
    drafts
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{never, only};

    fn fleet(host: &str, uplink: &str, tap: &str) -> String {
        format!(
            "host h {host}
             unit 10-up name=eno1 {uplink}
             unit 30-vm1 name=vm1 address=10.0.0.0/32,fd00::/128 route=10.0.0.1/32 route=fd00::1/128 {tap}
             guest a@h tap=vm1/02:00:00:00:00:01
             unit 10-e mac=02:00:00:00:00:01 address=10.0.0.1/32,fd00::1/128 route=-,via=10.0.0.0,onlink route=::/0,via=fd00::,onlink"
        )
    }

    #[test]
    fn replies_arrive_on_the_uplink() {
        let rule = "ipv4-forwarding-missing-on-uplink";
        let per_tap = "set:IPv4Forwarding=yes";
        only(&fleet("masquerades forward6", "set:DHCP=ipv4", per_tap), rule);
        only(&fleet("forward4 forward6", "set:DHCP=ipv4 set:IPv4Forwarding=no", per_tap), rule);
        for (host, uplink) in [
            ("forward6", "set:DHCP=ipv4"),
            ("masquerades", "set:DHCP=ipv4 set:IPv4Forwarding=yes"),
            ("masquerades forward4", "set:DHCP=ipv4"),
            ("masquerades", "set:DHCP=ipv4 extra"),
            ("masquerades sysctl:net.ipv4.conf.eno1.forwarding=1", "set:DHCP=ipv4"),
            ("masquerades nat=10.0.0.0/24", "set:DHCP=ipv4"),
        ] {
            never(&fleet(host, uplink, per_tap), rule);
        }
    }

    #[test]
    fn a_router_takes_no_advertisements() {
        let rule = "accept-ra-lost-on-uplink";
        let host = "forward4 forward6 nat=10.0.0.0/24 nat6=fd00::/64";
        only(&fleet(host, "set:DHCP=yes accepts-ra", ""), rule);
        for uplink in [
            "set:DHCP=yes",
            "set:DHCP=yes accepts-ra set:IPv6Forwarding=no",
            "accepts-ra address=2001:db8::2/64 gateway=fe80::1",
        ] {
            never(&fleet(host, uplink, ""), rule);
        }
        never(&fleet("forward4 forward6 nat=10.0.0.0/24", "set:DHCP=yes accepts-ra", ""), rule);
    }

    #[test]
    fn the_external_interface_is_the_way_out() {
        let rule = "nat-external-interface-mismatch";
        let host = |name: &str| format!("forward6 nat=10.0.0.0/24 nat6=fd00::/64 external={name}");
        let found = only(&fleet(&host("enp0s3"), "set:DHCP=yes", ""), rule);
        assert_eq!(found.severity.word(), "error");
        let generated = fleet(&host("enp0s3"), "set:DHCP=yes", "").replacen(
            "unit 30",
            "unit 99-d type=ether kind=!* generated set:DHCP=yes\nunit 30",
            1,
        );
        assert_eq!(only(&generated, rule).severity.word(), "warning");
        for (name, uplink) in
            [("eno1", "set:DHCP=yes"), ("tailscale0", "set:DHCP=yes"), ("enp0s3", ""), ("unknown", "set:DHCP=yes")]
        {
            never(&fleet(&host(name), uplink, ""), rule);
        }
        never(&fleet(&(host("enp0s3") + " has-interface=enp0s3"), "set:DHCP=yes", ""), rule);
    }

    #[test]
    fn ranges_leave_the_lan_alone() {
        let rule = "nat-range-covers-host-lan";
        let host = "forward6 nat=10.0.0.0/8 nat6=fd00::/64";
        only(&fleet(host, "address=10.1.0.2/16 gateway=10.1.0.1", ""), rule);
        never(&fleet(host, "address=192.168.1.2/24 gateway=192.168.1.1", ""), rule);
    }
}
