//! Forwarding: whether the host passes packets on between its links. One rule for each family, because the kernel treats them differently:
//! IPv4 asks the link on which a packet arrives, IPv6 only the global switch (Linux `Documentation/networking/ip-sysctl.rst`).

use super::additions;
use super::context::{Context, has_default_route};
use super::culprit;
use super::draft::{Draft, Family, Scope};
use super::finding::{Fix, Safety, Severity};
use super::odd::is_before;
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::facts::parse_boolean;
use crate::fleet::{Fact, Host, HostId, Link, Unit};
use crate::source::Place;

pub(super) const IPV4: RuleInfo = RuleInfo {
    name: "ipv4-forwarding-missing-on-tap",
    severity: Severity::Error,
    group: Group::Forwarding,
    fix: FixKind::Automatic,
    activation: Activation::Always,
    page: include_str!("ipv4_forwarding_missing_on_tap.md"),
    explains: &[],
    run: ipv4,
};

pub(super) const IPV6: RuleInfo = RuleInfo {
    name: "ipv6-forwarding-not-global",
    severity: Severity::Error,
    group: Group::Forwarding,
    fix: FixKind::Automatic,
    activation: Activation::Always,
    page: include_str!("ipv6_forwarding_not_global.md"),
    explains: &[],
    run: ipv6,
};

fn ipv4(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (_, host, links) in context.routed_hosts() {
        if global_switch(host, Family::V4) != Switch::Off {
            continue;
        }
        for link in links {
            let (Some(unit), Some(guest_unit), Some(tap)) = (link.host_unit.unit(), link.guest_unit.unit(), link.tap())
            else {
                continue;
            };
            // A guest that only talks to its host needs no forwarding.
            if !has_default_route(guest_unit, Family::V4)
                || unit.has_extra_config
                || link_switch(unit, Family::V4) != Switch::Off
            {
                continue;
            }
            drafts.push(
                Draft::new(
                    Scope::link(link).family(Family::V4),
                    format!("host {} does not forward IPv4 from the tap {tap}", host.name),
                    format!(
                        "guest {} reaches the host and nothing behind it, neither other guests nor the Internet",
                        link.guest.name
                    ),
                )
                .help(format!("add `networkConfig.IPv4Forwarding = true;` to {}", unit.name))
                .label(
                    unit.setting("IPv4Forwarding").and_then(Fact::place).or(unit.place),
                    format!("nothing turns forwarding on for {tap}"),
                )
                .fix(forward_here(host, unit)),
            );
        }
    }
    drafts
}

/// An edit that turns on forwarding for a link, where the release has the key.
fn forward_here(host: &Host, unit: &Unit) -> Option<Fix> {
    if is_before(host.release, 24, 11) {
        return None;
    }
    match unit.setting("IPv4Forwarding").map(Fact::known) {
        None => additions::setting(unit, "IPv4Forwarding = true;"),
        Some(text) => text.and_then(|text| culprit::replace_value(&text.origin, text.value.len(), "true")),
    }
}

fn ipv6(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host, links) in context.routed_hosts() {
        if global_switch(host, Family::V6) == Switch::Off && !implies_global(host) {
            drafts.extend(not_global(context, id, host, &links));
        }
    }
    drafts
}

fn not_global(context: &Context<'_>, id: HostId, host: &Host, links: &[&Link<'_>]) -> Option<Draft> {
    let needy: Vec<&&Link<'_>> = links.iter().filter(|link| needs_ipv6(link)).collect();
    let guests: Vec<_> = needy.iter().map(|link| link.guest_id).collect();
    let first = needy.first()?;
    let unit = first.host_unit.unit()?;
    let per_link = unit.setting("IPv6Forwarding").and_then(Fact::place);
    let wrong = match per_link {
        Some(_) => {
            format!("host {} turns on IPv6Forwarding for single links only, which has no effect in Linux", host.name)
        }
        None => format!("host {} does not forward IPv6", host.name),
    };
    let breaks = format!("no IPv6 packet of {} goes further than the host", context.guests_named(&guests));
    let help = "add `systemd.network.config.networkConfig.IPv6Forwarding = true;` to the host; an uplink that learns its address from router \
                advertisements then needs `networkConfig.IPv6AcceptRA = true;`";
    let mut scope = Scope::guests(Some(id), guests);
    scope.family = Some(Family::V6);
    let mut draft = Draft::new(scope, wrong, breaks).help(help);
    if per_link.is_some() {
        for link in &needy {
            let flag = link.host_unit.unit().and_then(|unit| unit.setting("IPv6Forwarding")).and_then(Fact::place);
            if draft.labels.len() < 3 {
                draft = draft.label(flag, "per link only");
            }
        }
    }
    let draft = draft
        .label(host.network.ipv6_forwarding.place(), "off for the whole host")
        .label(route_place(unit), "a route to a guest that needs it");
    Some(draft.label(unit.place, format!("the host's file {}", unit.name)).fix(forward_everywhere(host, unit)))
}

/// An edit that turns on IPv6 forwarding for the whole host, where the release has the key.
fn forward_everywhere(host: &Host, near: &Unit) -> Option<Fix> {
    if is_before(host.release, 24, 11) {
        return None;
    }
    match host.network.ipv6_forwarding.known() {
        Some(off) => culprit::replace_value(&off.origin, 5, "true"),
        None => {
            let setting = "systemd.network.config.networkConfig.IPv6Forwarding = true;";
            additions::to_machine(&host.network, near.place, setting, Safety::Safe)
        }
    }
}

/// Whether both sides set IPv6 up for more than the way between guest and host.
fn needs_ipv6(link: &Link<'_>) -> bool {
    let Some(unit) = link.host_unit.unit() else { return false };
    let Some(guest_unit) = link.guest_unit.unit() else { return false };
    let is_routed = unit
        .routes
        .items
        .iter()
        .filter_map(|route| route.destination_net())
        .any(|net| Family::of(net.addr()) == Family::V6);
    let has_address = link.guest_addresses().any(|(ip, _)| Family::of(ip) == Family::V6);
    let is_meant = unit.flag("IPv6Forwarding") == Some(true) || leaves_link(guest_unit);
    is_routed && has_address && is_meant
}

/// Whether a guest sends IPv6 packets through a gateway.
fn leaves_link(unit: &Unit) -> bool {
    let through_gateway =
        |route: &crate::fleet::Route| route.gateway_address().is_some_and(|gateway| Family::of(gateway) == Family::V6);
    has_default_route(unit, Family::V6) || unit.routes.items.iter().any(through_gateway)
}

fn route_place(unit: &Unit) -> Option<Place> {
    let is_ipv6 =
        |route: &&crate::fleet::Route| route.destination_net().is_some_and(|net| Family::of(net.addr()) == Family::V6);
    let route = unit.routes.items.iter().find(is_ipv6)?;
    route.destination.place().or(route.place)
}

/// Whether a host forwards packets of a family that arrive on a link with a file.
pub(super) fn forwards(host: &Host, unit: &Unit, family: Family) -> Switch {
    match family {
        Family::V4 => either([global_switch(host, family), link_switch(unit, family)]),
        // A link's own switch has no effect.
        Family::V6 => global_switch(host, family),
    }
}

/// A switch that several options turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Switch {
    On,
    Off,
    Unknown,
}

/// Whether the host forwards a family on all links: by networkd's own configuration, `networking.nat` or a sysctl.
pub(super) fn global_switch(host: &Host, family: Family) -> Switch {
    let (by_networkd, sysctls): (_, &[&str]) = match family {
        Family::V4 => (
            &host.network.ipv4_forwarding,
            &["net.ipv4.conf.all.forwarding", "net.ipv4.conf.default.forwarding", "net.ipv4.ip_forward"],
        ),
        Family::V6 => {
            (&host.network.ipv6_forwarding, &["net.ipv6.conf.all.forwarding", "net.ipv6.conf.all.force_forwarding"])
        }
    };
    let nat = match family {
        Family::V4 => known(&host.nat.enable),
        Family::V6 => match (known(&host.nat.enable), known(&host.nat.enable_ipv6)) {
            (Switch::On, ipv6) => ipv6,
            (nat, Switch::On) => nat,
            (Switch::Unknown, Switch::Unknown) => Switch::Unknown,
            _ => Switch::Off,
        },
    };
    let by_sysctl =
        host.sysctls.iter().filter(|(name, _)| sysctls.contains(&name.as_str())).map(|(_, fact)| match fact {
            Fact::Known(text) if parse_boolean(&text.value) == Some(false) => Switch::Off,
            Fact::Known(_) => Switch::On,
            Fact::Absent => Switch::Off,
            Fact::Unknown => Switch::Unknown,
        });
    let rest = if host.sysctls_complete && host.network.units.is_complete { Switch::Off } else { Switch::Unknown };
    either([known(by_networkd), nat, rest].into_iter().chain(by_sysctl))
}

/// Whether a link's own file forwards; one that masquerades does.
pub(super) fn link_switch(unit: &Unit, family: Family) -> Switch {
    let key = match family {
        Family::V4 => "IPv4Forwarding",
        Family::V6 => "IPv6Forwarding",
    };
    let by_key = |key: &str| match unit.setting(key) {
        None | Some(Fact::Absent) => Switch::Off,
        Some(Fact::Unknown) => Switch::Unknown,
        Some(Fact::Known(text)) if parse_boolean(&text.value) == Some(false) => Switch::Off,
        Some(Fact::Known(_)) => Switch::On,
    };
    either([by_key(key), by_key("IPMasquerade"), by_key("IPForward")])
}

/// Whether some file turns on the global switch: `IPMasquerade=` (systemd 257 and later) and `IPForward=` (up to 255) do.
fn implies_global(host: &Host) -> bool {
    host.network.units.items.iter().any(|unit| {
        unit.has_extra_config || ["IPMasquerade", "IPForward"].iter().any(|key| unit.setting(key).is_some())
    })
}

fn known(fact: &Fact<bool>) -> Switch {
    match fact {
        Fact::Known(value) if value.value => Switch::On,
        Fact::Known(_) | Fact::Absent => Switch::Off,
        Fact::Unknown => Switch::Unknown,
    }
}

fn either(switches: impl IntoIterator<Item = Switch>) -> Switch {
    switches.into_iter().fold(Switch::Off, |all, one| match (all, one) {
        (Switch::On, _) | (_, Switch::On) => Switch::On,
        (Switch::Unknown, _) | (_, Switch::Unknown) => Switch::Unknown,
        (Switch::Off, Switch::Off) => Switch::Off,
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{only, reports, silent};

    fn v4(host: &str, unit: &str, guest: &str) -> String {
        format!(
            "host h {host}
             unit 30-vm1 name=vm1 address=10.0.0.0/32 route=10.0.0.1/32 {unit}
             guest a@h tap=vm1/02:00:00:00:00:01
             unit 10-e mac=02:00:00:00:00:01 address=10.0.0.1/32 {guest}"
        )
    }

    fn v6(host: &str, unit: &str, guest: &str) -> String {
        format!(
            "host h {host}
             unit 30-vm1 name=vm1 address=fd00::/128 route=fd00::1/128 {unit}
             guest a@h tap=vm1/02:00:00:00:00:01
             unit 10-e mac=02:00:00:00:00:01 address=fd00::1/128 {guest}"
        )
    }

    const OUT4: &str = "route=-,via=10.0.0.0,onlink";
    const OUT6: &str = "route=::/0,via=fd00::,onlink";

    #[test]
    fn ipv4_is_forwarded_per_link_or_for_all() {
        reports(&v4("", "", OUT4), &[("ipv4-forwarding-missing-on-tap", "30-vm1")]);
        reports(&v4("", "set:IPv4Forwarding=false", OUT4), &[("ipv4-forwarding-missing-on-tap", "false")]);
        for host in [
            "forward4",
            "nat=10.0.0.0/24",
            "sysctl:net.ipv4.conf.all.forwarding=1",
            "sysctl:net.ipv4.ip_forward=unknown",
            "sysctls-open",
        ] {
            silent(&v4(host, "", OUT4));
        }
        for unit in ["set:IPv4Forwarding=true", "set:IPv4Forwarding=unknown", "set:IPMasquerade=ipv4", "extra"] {
            silent(&v4("", unit, OUT4));
        }
        silent(&v4("", "", ""));
    }

    #[test]
    fn ipv6_is_forwarded_for_all_links_or_none() {
        reports(&v6("", "set:IPv6Forwarding=true", OUT6), &[("ipv6-forwarding-not-global", "true")]);
        reports(&v6("", "", OUT6), &[("ipv6-forwarding-not-global", "fd00::1/128")]);
        for host in ["forward6", "nat6=fd00::/64 nat-on", "sysctl:net.ipv6.conf.all.forwarding=1", "sysctls-open"] {
            silent(&v6(host, "set:IPv6Forwarding=true", OUT6));
        }
        silent(&v6("", "set:IPMasquerade=both", OUT6));
        silent(&v6("", "", ""));
    }

    #[test]
    fn the_uplink_is_not_forgotten() {
        assert!(only(&v6("", "", OUT6), "ipv6-forwarding-not-global").help.contains("IPv6AcceptRA"));
    }
}
