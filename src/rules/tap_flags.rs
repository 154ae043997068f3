//! Settings of a tap's file that take away what the routed network is for.

use super::context::Context;
use super::culprit;
use super::draft::{Draft, Family, Scope};
use super::finding::{Fix, Safety, Severity};
use super::rule::{Activation, FixKind, Group, OptIn, RuleInfo};
use crate::fleet::facts::parse_boolean;
use crate::fleet::{Fact, Host, Link, Unit};

pub(super) const LOCALNET: RuleInfo = RuleInfo {
    name: "route-localnet-on-tap",
    severity: Severity::Error,
    group: Group::Isolation,
    fix: FixKind::Automatic,
    activation: Activation::Always,
    page: include_str!("route_localnet_on_tap.md"),
    explains: &[],
    run: |context| flags(context, &["IPv4RouteLocalnet"], localnet),
};

pub(super) const PROXY: RuleInfo = RuleInfo {
    name: "proxy-arp-on-tap",
    severity: Severity::Warning,
    group: Group::Isolation,
    fix: FixKind::Suggested,
    activation: Activation::LouderWith(OptIn::StrictIsolation),
    page: include_str!("proxy_arp_on_tap.md"),
    explains: &[],
    run: |context| flags(context, &["IPv4ProxyARP", "IPv6ProxyNDP"], proxy),
};

pub(super) const REVERSE_PATH: RuleInfo = RuleInfo {
    name: "reverse-path-filter-weak",
    severity: Severity::Warning,
    group: Group::Isolation,
    fix: FixKind::Suggested,
    activation: Activation::LouderWith(OptIn::StrictIsolation),
    page: include_str!("reverse_path_filter_weak.md"),
    explains: &[],
    run: reverse_path,
};

/// Asks about each of some flags that is on in the file of a routed tap.
fn flags(
    context: &Context<'_>,
    keys: &[&'static str],
    ask: fn(&Link<'_>, &Unit, &'static str, &Fact<String>) -> Option<Draft>,
) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for link in context.links.routed() {
        let Some(unit) = link.host_unit.unit() else { continue };
        for key in keys {
            if let Some(fact) = unit.setting(key).filter(|_| unit.flag(key) == Some(true)) {
                drafts.extend(ask(link, unit, key, fact));
            }
        }
    }
    drafts
}

fn localnet(link: &Link<'_>, unit: &Unit, key: &'static str, fact: &Fact<String>) -> Option<Draft> {
    let guest = &link.guest.name;
    Some(
        Draft::new(
            Scope::link(link).family(Family::V4),
            format!("{} turns on `{key}` for the tap of guest {guest}", unit.name),
            "the guest reaches services of the host that listen on 127.0.0.1 only",
        )
        .help(format!("remove `{key}`"))
        .label(fact.place().or(unit.place), "lets the guest send to 127.0.0.0/8")
        .fix(culprit::remove_binding(fact, format!("Delete `{key}`"))),
    )
}

fn proxy(link: &Link<'_>, unit: &Unit, key: &'static str, fact: &Fact<String>) -> Option<Draft> {
    let family = if key == "IPv4ProxyARP" { Family::V4 } else { Family::V6 };
    // A guest with a wider prefix needs it to reach its neighbours.
    let is_needed = link.guest_addresses().any(|(ip, address)| {
        Family::of(ip) == family && address.net.is_some_and(|net| net.prefix_len() < net.max_prefix_len())
    });
    let unit_inside = link.guest_unit.unit()?;
    // So does one whose gateway is not the host.
    let is_elsewhere = |gateway: std::net::IpAddr| {
        Family::of(gateway) == family && !link.host_addresses().any(|(ip, _)| ip == gateway)
    };
    let has_other_gateway =
        unit_inside.routes.items.iter().filter_map(|route| route.gateway_address()).any(is_elsewhere);
    if is_needed || has_other_gateway {
        return None;
    }
    let guest = &link.guest.name;
    Some(
        Draft::new(
            Scope::link(link).family(family),
            format!("{} turns on `{key}` for the tap of guest {guest}", unit.name),
            "the host answers there for addresses that are not its own, which hides wrong addresses and costs half a second for each, and the guest needs none of it",
        )
        .help(format!("remove `{key}`, unless addresses of the outer network are published through it"))
        .label(fact.place().or(unit.place), "answers for others")
        .fix(
            culprit::remove_binding(fact, format!("Delete `{key}`"))
                .map(|fix| Fix { safety: Safety::Unsafe, ..fix }),
        ),
    )
}

fn reverse_path(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host, links) in context.routed_hosts() {
        let firewall = &host.firewall;
        let Some(check) = firewall.reverse_path.known().filter(|_| firewall.enable.is_true()) else { continue };
        if !matches!(check.value.as_str(), "false" | "loose") || sysctls_may_filter(host) {
            continue;
        }
        let open: Vec<_> =
            links.iter().filter(|link| link.host_unit.unit().is_some_and(|unit| !filters(unit))).collect();
        let guests: Vec<_> = open.iter().map(|link| link.guest_id).collect();
        if guests.is_empty() || links.len() < 2 {
            continue;
        }
        let named = context.guests_named(&guests);
        drafts.push(
            Draft::new(
                Scope::guests(Some(id), guests),
                format!("the firewall of host {} checks the reverse path `{}`", host.name, check.value),
                format!("{named} can send packets with the address of another guest"),
            )
            .help(
                "keep `networking.firewall.checkReversePath` strict; if the uplink needs it loose, set `networkConfig.IPv4ReversePathFilter = \"strict\";` \
                 in the files of the taps, and drop foreign IPv6 sources by a rule",
            )
            .label(check.place().or(host.place), "lets forged addresses through")
            .fix(match check.value.as_str() {
                "loose" => culprit::replace_literal(check, "strict", "Write \"strict\"", Safety::Unsafe),
                other => culprit::replace_value(&check.origin, other.len(), "true")
                    .map(|fix| Fix { safety: Safety::Unsafe, ..fix }),
            }),
        );
    }
    drafts
}

fn filters(unit: &Unit) -> bool {
    let is_off = |text: &str| text == "no" || parse_boolean(text) == Some(false) || text == "loose";
    match unit.setting("IPv4ReversePathFilter") {
        None | Some(Fact::Absent) => unit.has_extra_config,
        Some(Fact::Unknown) => true,
        Some(Fact::Known(text)) => !is_off(&text.value),
    }
}

/// Whether a sysctl turns the kernel's own filter on, or may: the stricter of the values for all interfaces and for one counts.
fn sysctls_may_filter(host: &Host) -> bool {
    let names = ["net.ipv4.conf.all.rp_filter", "net.ipv4.conf.default.rp_filter"];
    !host.sysctls_complete
        || host
            .sysctls
            .iter()
            .any(|(name, fact)| names.contains(&name.as_str()) && fact.value().is_none_or(|text| text == "1"))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{reports, silent};

    fn fleet(host: &str, tap: &str) -> String {
        let mut text = format!("host h forward4 {host}\n");
        for number in 1..3 {
            text += &format!(
                "unit 30-vm{number} name=vm{number} address=10.0.0.0/32 route=10.0.0.{number}/32 {}\n",
                if number == 1 { tap } else { "set:IPv4ReversePathFilter=strict" }
            );
        }
        for number in 1..3 {
            text += &format!(
                "guest g{number}@h tap=vm{number}/02:00:00:00:00:0{number}\nunit 10-e mac=02:00:00:00:00:0{number} address=10.0.0.{number}/32\n"
            );
        }
        text
    }

    #[test]
    fn flags_that_open_a_tap() {
        reports(&fleet("", "set:IPv4RouteLocalnet=true"), &[("route-localnet-on-tap", "true")]);
        reports(&fleet("", "set:IPv4ProxyARP=yes"), &[("proxy-arp-on-tap", "yes")]);
        silent(&fleet("", "set:IPv4ProxyARP=no"));
    }

    #[test]
    fn forged_addresses() {
        reports(&fleet("rp-filter=loose", ""), &[("reverse-path-filter-weak", "loose")]);
        for (host, tap) in [
            ("rp-filter=true", ""),
            ("rp-filter=loose", "set:IPv4ReversePathFilter=strict"),
            ("rp-filter=unknown", ""),
            ("rp-filter=loose sysctl:net.ipv4.conf.all.rp_filter=1", ""),
        ] {
            silent(&fleet(host, tap));
        }
    }
}
