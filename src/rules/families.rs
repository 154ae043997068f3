//! One address family on one side only: a guest that speaks IPv6 and a host that does not, a default route or resolver of a family without an address.

use std::net::IpAddr;

use rustc_hash::FxHashSet;

use super::additions;
use super::context::{Context, has_default_route, is_default_route, is_fully_known, is_link_local, may_use_dhcp};
use super::culprit;
use super::draft::{Draft, Family, Scope};
use super::finding::{Edit, Fix, Safety, Severity};
use super::rule::{Activation, FixKind, Group, OptIn, RuleInfo};
use crate::fleet::facts::parse_boolean;
use crate::fleet::{Address, Fact, HostId, Link, Sourced, Unit};

pub(super) const ONE_SIDED: RuleInfo = RuleInfo {
    name: "ipv6-one-sided",
    severity: Severity::Warning,
    group: Group::Taps,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("ipv6_one_sided.md"),
    explains: &[
        "guest-gateway-not-host-address",
        "nat-ipv6-missing",
        "ipv6-forwarding-not-global",
        "guest-default-route-missing",
    ],
    run: one_sided,
};

pub(super) const V6_WITHOUT: RuleInfo = RuleInfo {
    name: "ipv6-default-without-address",
    severity: Severity::Warning,
    group: Group::Routes,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("ipv6_default_without_address.md"),
    explains: &["guest-gateway-not-host-address"],
    run: |context| single(context).filter_map(|(link, unit)| without_address(link, unit, Family::V6)).collect(),
};

pub(super) const V4_WITHOUT: RuleInfo = RuleInfo {
    name: "ipv4-default-without-address",
    severity: Severity::Warning,
    group: Group::Routes,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("ipv4_default_without_address.md"),
    explains: &[],
    run: |context| single(context).filter_map(|(link, unit)| without_address(link, unit, Family::V4)).collect(),
};

pub(super) const RESOLVER: RuleInfo = RuleInfo {
    name: "ipv6-dns-without-ipv6-egress",
    severity: Severity::Note,
    group: Group::Routes,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("ipv6_dns_without_ipv6_egress.md"),
    explains: &[],
    run: |context| single(context).filter_map(|(link, unit)| resolver(link, unit)).collect(),
};

pub(super) const ACCEPTS_RA: RuleInfo = RuleInfo {
    name: "guest-accepts-ra-on-routed-link",
    severity: Severity::Note,
    group: Group::Routes,
    fix: FixKind::Suggested,
    activation: Activation::OnlyWith(OptIn::Pedantic),
    page: include_str!("guest_accepts_ra_on_routed_link.md"),
    explains: &[],
    run: |context| single(context).filter_map(|(link, unit)| accepts_ra(link, unit)).collect(),
};

pub(super) const LINK_LOCAL: RuleInfo = RuleInfo {
    name: "ipv6-gateway-could-be-link-local",
    severity: Severity::Note,
    group: Group::Routes,
    fix: FixKind::Suggested,
    activation: Activation::OnlyWith(OptIn::Pedantic),
    page: include_str!("ipv6_gateway_could_be_link_local.md"),
    explains: &[],
    run: could_be_link_local,
};

/// Routed links of guests with one card, with the card's file, if nothing but that file configures the card.
fn single<'c>(context: &'c Context<'_>) -> impl Iterator<Item = (&'c Link<'c>, &'c Unit)> {
    context.links.routed().filter_map(|link| {
        let is_only = link.guest.interfaces.items.len() == 1 && link.guest.interfaces.is_complete;
        let is_known = |unit: &&Unit| is_fully_known(unit) && !may_use_dhcp(unit) && !unit.is_generated;
        Some((link, link.guest_unit.unit().filter(is_known).filter(|_| is_only)?))
    })
}

/// Whether an address can be used beyond a link.
fn is_usable(ip: IpAddr, family: Family) -> bool {
    Family::of(ip) == family && !is_link_local(ip) && !ip.is_loopback() && !ip.is_unspecified()
}

fn usable(unit: &Unit, family: Family) -> Option<(IpAddr, &Address)> {
    let addresses = unit.addresses.items.iter().filter_map(|address| Some((address.net?.addr(), address)));
    addresses.into_iter().find(|(ip, _)| is_usable(*ip, family))
}

/// Whether any file of a guest gives it an address of a family, or may.
fn has_any(link: &Link<'_>, family: Family) -> bool {
    let units = &link.guest.network.units;
    !units.is_complete
        || units
            .items
            .iter()
            .any(|unit| usable(unit, family).is_some() || !unit.addresses.is_complete || unit.has_extra_config)
}

/// Whether a file speaks of a family in an address or a route.
fn speaks(unit: &Unit, family: Family) -> bool {
    let routes = unit.routes.items.iter().filter_map(|route| route.destination_net()).map(|net| net.addr());
    let addresses = unit.addresses.items.iter().filter_map(|address| address.net).map(|net| net.addr());
    routes.chain(addresses).any(|ip| Family::of(ip) == family)
}

/// Whether the host may announce a prefix on a tap, from which the guest takes an address.
fn may_announce(link: &Link<'_>) -> bool {
    let is_on = |fact: Option<&Fact<String>>| match fact {
        None | Some(Fact::Absent) => false,
        Some(Fact::Unknown) => true,
        Some(Fact::Known(text)) => parse_boolean(&text.value) != Some(false),
    };
    link.host_unit.unit().is_none_or(|unit| {
        unit.has_extra_config || ["IPv6SendRA", "DHCPPrefixDelegation", "?"].iter().any(|key| is_on(unit.setting(key)))
    })
}

fn one_sided(context: &Context<'_>) -> Vec<Draft> {
    let speakers: FxHashSet<Option<HostId>> = context
        .links
        .routed()
        .filter(|link| link.guest_addresses().any(|(ip, _)| is_usable(ip, Family::V6)))
        .map(|link| link.host_id)
        .collect();
    let drafts = single(context).filter_map(|(link, unit)| {
        let tap = link.host_unit.unit().filter(|tap| is_fully_known(tap))?;
        if link.guest.network.enable_ipv6.value() == Some(&false) {
            return None;
        }
        match usable(unit, Family::V6) {
            Some((ip, address)) if !speaks(tap, Family::V6) => Some(only_guest(link, tap, ip, address)),
            None if speakers.contains(&link.host_id) && !has_any(link, Family::V6) && !may_announce(link) => {
                only_host(link, unit, tap)
            }
            _ => None,
        }
    });
    drafts.collect()
}

fn only_guest(link: &Link<'_>, tap: &Unit, ip: IpAddr, address: &Address) -> Draft {
    let host = link.host.map_or("", |host| &host.name);
    Draft::new(
        Scope::link(link).family(Family::V6),
        format!(
            "guest {} has {ip}, but {} of host {host} has neither an IPv6 address nor an IPv6 route for its tap",
            link.guest.name, tap.name
        ),
        format!("nothing leads to {ip}, and the guest waits for answers that cannot come"),
    )
    .help(format!(
        "add an IPv6 address of the host and `{{ Destination = \"{ip}/128\"; }}` to {}, or take IPv6 out of the guest",
        tap.name
    ))
    .label(tap.place.or(address.text.place()), "no IPv6 here")
    .label(culprit::in_address(address), format!("{ip} of guest {}", link.guest.name))
    .template(tap.place)
}

/// Worth knowing only where siblings speak IPv6: files for taps are often made for both families at once.
fn only_host(link: &Link<'_>, unit: &Unit, tap: &Unit) -> Option<Draft> {
    let to_guest = tap.routes.items.iter().filter(|route| matches!(route.gateway, Fact::Absent)).find_map(|route| {
        let net = route.destination_net().filter(|net| net.addr().is_ipv6() && net.prefix_len() == 128)?;
        Some((net.addr(), route.destination.place().or(route.place)))
    });
    let (ip, place) = to_guest?;
    Some(
        Draft::new(
            Scope::link(link).family(Family::V6),
            format!(
                "host {} routes {ip} to guest {}, which has no IPv6 address, although others of its guests have one",
                link.host.map_or("", |host| &host.name),
                link.guest.name
            ),
            "whoever tries that address waits for an answer that cannot come",
        )
        .severity(Severity::Note)
        .help(format!(
            "add \"{ip}/128\" to `address` of {}, or set `networking.enableIPv6 = false;` in the guest",
            unit.name
        ))
        .label(unit.place.or(link.interface.place), "no IPv6 here")
        .label(place, format!("{ip} is routed to the guest")),
    )
}

/// A default route of a family in which the guest has no address to send from.
fn without_address(link: &Link<'_>, unit: &Unit, family: Family) -> Option<Draft> {
    if has_any(link, family)
        || (family == Family::V6 && (may_announce(link) || unit.flag("IPv6AcceptRA") == Some(true)))
    {
        return None;
    }
    let route = unit.routes.items.iter().find(|route| is_default_route(route, family));
    let shorthand = || {
        let of_family = |text: &&Sourced<String>| text.value.parse().is_ok_and(|ip: IpAddr| Family::of(ip) == family);
        unit.gateways.items.iter().find(of_family).map(Sourced::place)
    };
    let place = match route {
        Some(route) => route.place.or(route.gateway.place()),
        None => shorthand()?,
    };
    let consequence = match family {
        Family::V4 => "the kernel refuses the route",
        Family::V6 => "packets have nothing to be sent from",
    };
    Some(
        Draft::new(
            Scope::link(link).family(family),
            format!(
                "guest {} has an {family} default route in {}, but no {family} address",
                link.guest.name, unit.name
            ),
            consequence,
        )
        .help(format!("add an address with /{} on both sides, or remove the route", family.host_length()))
        .label(place.or(unit.place), format!("a default route for {family}"))
        .label(unit.place, format!("no {family} address here")),
    )
}

/// Resolvers that are asked over IPv6 by a guest that has none.
fn resolver(link: &Link<'_>, unit: &Unit) -> Option<Draft> {
    if has_any(link, Family::V6)
        || has_default_route(unit, Family::V6)
        || may_announce(link)
        || unit.flag("IPv6AcceptRA") == Some(true)
    {
        return None;
    }
    let address = |text: &Sourced<String>| -> Option<IpAddr> {
        let bare = text.value.split(['#', '%']).next().unwrap_or_default();
        bare.trim_start_matches('[').split(']').next()?.parse().ok()
    };
    let is_v6 = |text: &&Sourced<String>| address(text).is_some_and(|ip| is_usable(ip, Family::V6));
    let servers: Vec<&Sourced<String>> = unit.dns.items.iter().filter(is_v6).collect();
    let first = servers.first()?;
    let places: Option<Vec<_>> = servers.iter().map(|text| culprit::literal(text)).collect();
    let places = places.filter(|_| servers.len() < unit.dns.items.len());
    let fix = places.map(|places| Fix {
        title: "Delete the IPv6 resolvers".to_owned(),
        safety: Safety::Unsafe,
        edits: places.into_iter().map(|place| Edit { place, replacement: String::new() }).collect(),
    });
    Some(
        Draft::new(
            Scope::link(link).family(Family::V6),
            format!("guest {} asks the DNS server {}, but has no IPv6", link.guest.name, first.value),
            "each time it comes to that server the answer is late",
        )
        .help("remove the IPv6 servers, or give the guest an IPv6 address and a default route")
        .label(first.place().or(unit.place), "only reachable over IPv6")
        .fix(fix),
    )
}

/// A guest whose IPv6 is all written down, and that would take more from whoever announces some.
fn accepts_ra(link: &Link<'_>, unit: &Unit) -> Option<Draft> {
    let (ip, address) = usable(unit, Family::V6).filter(|_| has_default_route(unit, Family::V6))?;
    let is_said = ["IPv6AcceptRA", "LinkLocalAddressing", "?"].iter().any(|key| unit.setting(key).is_some());
    if is_said || may_announce(link) {
        return None;
    }
    let new = "networkConfig.IPv6AcceptRA = false;";
    let fix = additions::option(unit, new, Safety::Safe);
    Some(
        Draft::new(
            Scope::link(link).family(Family::V6),
            format!("guest {} has {ip} and a default route, and still takes what a router announces", link.guest.name),
            "if the host ever does, the guest gets a second address and route",
        )
        .help(format!("add `{new}` to {}", unit.name))
        .label(unit.place.or(address.text.place()), "announcements are taken")
        .fix(fix.map(|fix| Fix { safety: Safety::Unsafe, ..fix })),
    )
}

/// One note for each host whose guests name a gateway that fe80::1 could be.
fn could_be_link_local(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host, links) in context.routed_hosts() {
        let meant: Vec<_> = links
            .iter()
            .filter_map(|link| {
                let routes = &link.guest_unit.unit()?.routes.items;
                let gateway = |route: &crate::fleet::Route| Some((route.gateway_address()?, route.gateway.place()));
                let found = routes.iter().filter_map(gateway).find(|(ip, _)| is_usable(*ip, Family::V6))?;
                Some((link.guest_id, found))
            })
            .collect();
        let Some((_, (gateway, place))) = meant.first() else { continue };
        drafts.push(
            Draft::new(
                Scope::guests(Some(id), meant.iter().map(|(guest, _)| *guest)).family(Family::V6),
                format!("guests of host {} have the IPv6 gateway {gateway}", host.name),
                "with fe80::1 on every tap they would need neither `GatewayOnLink` nor the host's prefix",
            )
            .help("give the host fe80::1/64 on every tap, and write `Gateway = \"fe80::1\";` in the guests")
            .label(*place, "an address of the host's IPv6 plan"),
        );
    }
    drafts
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{never, only, reports, silent};

    fn fleet(tap: &str, guest: &str) -> String {
        format!(
            "host h forward4 forward6
             unit 30-vm1 name=vm1 address=10.0.0.0/32 route=10.0.0.1/32 {tap}
             guest a@h tap=vm1/02:00:00:00:00:01
             unit 10-e mac=02:00:00:00:00:01 {guest}"
        )
    }

    const V4: &str = "address=10.0.0.1/32 route=-,via=10.0.0.0,onlink";

    #[test]
    fn ipv6_is_spoken_on_both_sides_or_on_none() {
        let both = "address=fd12::/128 route=fd12::1/128";
        reports(&fleet("", &format!("{V4} address=fd12::1/128")), &[("ipv6-one-sided", "30-vm1")]);
        silent(&fleet(both, &format!("{V4} address=fd12::1/128 route=-,via=fd12::,onlink")));
        silent(&fleet(both, V4));
        let two = format!(
            "{}\nguest b@h tap=vm2/02:00:00:00:00:02\nunit 10-e mac=02:00:00:00:00:02 address=10.0.0.2/32,fd12::2/128 route=-,via=10.0.0.0,onlink",
            fleet(both, V4).replacen(
                "guest a",
                "unit 30-vm2 name=vm2 address=10.0.0.0/32,fd12::/128 route=10.0.0.2/32 route=fd12::2/128\nguest a",
                1
            )
        );
        assert_eq!(only(&two, "ipv6-one-sided").severity.word(), "note");
        never(&two.replace("guest a@h", "guest a@h no-ipv6"), "ipv6-one-sided");
    }

    #[test]
    fn a_default_route_needs_an_address() {
        let v6 = "route=-,via=fd12::,onlink";
        reports(
            &fleet("address=fd12::/128", &format!("{V4} {v6}")),
            &[("ipv6-default-without-address", "route=-,via=fd12::,onlink")],
        );
        silent(&fleet("address=fd12::/128 set:IPv6SendRA=true", &format!("{V4} {v6}")));
        silent(&fleet("address=fd12::/128", &format!("{V4} {v6} set:IPv6AcceptRA=true")));
    }

    #[test]
    fn resolvers_and_announcements_are_notes() {
        only(&fleet("", &format!("{V4} dns=9.9.9.9,2620:fe::fe")), "ipv6-dns-without-ipv6-egress");
        never(&fleet("", &format!("{V4} dns=9.9.9.9")), "ipv6-dns-without-ipv6-egress");
        let v6 = fleet(
            "address=fd12::/128 route=fd12::1/128",
            &format!("{V4} address=fd12::1/128 route=-,via=fd12::,onlink"),
        );
        only(&v6, "ipv6-gateway-could-be-link-local");
        never(&v6.replace("via=fd12::", "via=fe80::1"), "ipv6-gateway-could-be-link-local");
        never(&fleet("", V4), "guest-accepts-ra-on-routed-link");
    }
}
