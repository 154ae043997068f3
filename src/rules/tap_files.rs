//! What a host's file says about a tap besides addresses: how its start waits for it, what it keeps while the guest is off, how large packets are.

use super::additions;
use super::context::{Context, is_plain, reaches_on_link};
use super::culprit;
use super::draft::{Draft, Family, Scope};
use super::finding::{Edit, Fix, Safety, Severity};
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::{Fact, Host, Link, Unit, glob_matches};

pub(super) const GATEWAY: RuleInfo = RuleInfo {
    name: "host-route-with-gateway",
    severity: Severity::Warning,
    group: Group::Taps,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("host_route_with_gateway.md"),
    explains: &["host-route-missing"],
    run: |context| files(context, with_gateway),
};

pub(super) const CARRIER: RuleInfo = RuleInfo {
    name: "configure-without-carrier-on-tap",
    severity: Severity::Warning,
    group: Group::Taps,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("configure_without_carrier_on_tap.md"),
    explains: &[],
    run: |context| files(context, without_carrier),
};

pub(super) const ONLINE: RuleInfo = RuleInfo {
    name: "tap-required-for-online",
    severity: Severity::Warning,
    group: Group::Taps,
    fix: FixKind::Automatic,
    activation: Activation::Always,
    page: include_str!("tap_required_for_online.md"),
    explains: &[],
    run: |context| files(context, required),
};

pub(super) const MTU: RuleInfo = RuleInfo {
    name: "tap-mtu-mismatch",
    severity: Severity::Warning,
    group: Group::Taps,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("tap_mtu_mismatch.md"),
    explains: &[],
    run: |context| files(context, mtu),
};

/// Asks about the host's file for every routed tap.
fn files(context: &Context<'_>, ask: fn(&Context<'_>, &Link<'_>, &Host, &Unit) -> Option<Draft>) -> Vec<Draft> {
    let links = context.links.routed();
    links.filter_map(|link| ask(context, link, link.host?, link.host_unit.unit()?)).collect()
}

/// A host route through the guest itself.
fn with_gateway(_: &Context<'_>, link: &Link<'_>, host: &Host, unit: &Unit) -> Option<Draft> {
    let is_own = |ip| link.guest_addresses().any(|(own, _)| own == ip);
    let (route, ip) = unit.routes.items.iter().filter(|route| is_plain(route)).find_map(|route| {
        let ip = route.gateway_address().filter(|ip| is_own(*ip))?;
        route.destination_net().filter(|net| net.prefix_len() == net.max_prefix_len() && net.addr() == ip)?;
        Some((route, ip))
    })?;
    let is_set = !matches!(&route.on_link, Fact::Absent | Fact::Known(crate::fleet::Sourced { value: false, .. }))
        || reaches_on_link(unit, ip)
        || unit.has_extra_config
        || !unit.routes.is_complete
        || !unit.addresses.is_complete;
    let consequence = if is_set {
        "the guest is on the link, so the gateway says nothing"
    } else {
        "the gateway is reachable by nothing else, so networkd never sets the route, and the host cannot reach the guest"
    };
    let mut edits: Vec<Edit> = Vec::new();
    let mut remove = |place: Option<crate::source::Place>| {
        edits.push(Edit { place: place?, replacement: String::new() });
        Some(())
    };
    let is_editable = remove(culprit::binding(&route.gateway)).is_some()
        && (matches!(route.on_link, Fact::Absent) || remove(culprit::binding(&route.on_link)).is_some());
    let title = "Delete the gateway".to_owned();
    let fix = is_editable.then_some(Fix { title, safety: Safety::Unsafe, edits });
    Some(
        Draft::new(
            Scope::link(link).family(Family::of(ip)),
            format!("the route of host {} to {ip} of guest {} has {ip} itself as gateway", host.name, link.guest.name),
            consequence,
        )
        .severity(if is_set { Severity::Warning } else { Severity::Error })
        .help("delete `Gateway` (and `GatewayOnLink`) from the route: one without a gateway is on the link")
        .label(route.gateway.place().or(route.place).or(unit.place), "the guest itself")
        .label(route.destination.place(), "the guest")
        .fix(fix),
    )
}

/// A tap that keeps its routes while its guest is off.
fn without_carrier(context: &Context<'_>, link: &Link<'_>, host: &Host, unit: &Unit) -> Option<Draft> {
    let key = "ConfigureWithoutCarrier";
    let fact = unit.setting(key).filter(|_| unit.flag(key) == Some(true))?;
    let tap = link.tap()?;
    // Another guest that takes the address over never gets a packet while the first one's route stays.
    let heir = link.guest_addresses().find_map(|(ip, _)| {
        let mut others = context.links.with_address(link.host_id, ip);
        Some((ip, others.find(|other| other.guest_id != link.guest_id)?))
    });
    let wrong = format!("{} of host {} sets `{key}`", unit.name, host.name);
    let (severity, breaks) = match heir {
        Some((ip, other)) => (
            Severity::Warning,
            format!(
                "the route to {ip} stays on the tap {tap} while guest {} is off, so guest {}, which has the same address, gets no packets",
                link.guest.name, other.guest.name
            ),
        ),
        None => (
            Severity::Note,
            format!(
                "the route to guest {} stays while it is off, and whoever asks for it waits until the time is up",
                link.guest.name
            ),
        ),
    };
    let fix = culprit::remove_binding(fact, format!("Delete `{key}`"));
    Some(
        Draft::new(Scope::link(link), wrong, breaks)
            .severity(severity)
            .help(format!("remove `{key}`, unless packets for a guest that is off should not follow the default route"))
            .label(fact.place().or(unit.place), "keeps the address and the routes")
            .fix(fix.map(|fix| Fix { safety: Safety::Unsafe, ..fix })),
    )
}

/// A tap that the start of the host waits for.
fn required(_: &Context<'_>, link: &Link<'_>, host: &Host, unit: &Unit) -> Option<Draft> {
    let wait = &host.wait_online;
    let is_off = |fact: &Fact<bool>| matches!(fact, Fact::Known(truth) if !truth.value);
    let waits = host.network.networkd.is_true() && wait.enable.is_true() && is_off(&wait.any_interface);
    let tap = link.tap()?;
    let is_ignored =
        !wait.ignored.is_complete || wait.ignored.items.iter().any(|pattern| glob_matches(&pattern.value, tap));
    let is_said = ["RequiredForOnline", "RequiredFamilyForOnline", "ActivationPolicy", "Unmanaged", "?"]
        .iter()
        .any(|key| unit.setting(key).is_some());
    if !waits || is_ignored || is_said || unit.has_extra_config || unit.is_generated {
        return None;
    }
    let new = "linkConfig.RequiredForOnline = \"no\";";
    Some(
        Draft::new(
            Scope::link(link),
            format!(
                "the start of host {} waits for the tap {tap} too, as {} does not say otherwise",
                host.name, unit.name
            ),
            format!("while guest {} is not up, `network-online.target` is not reached", link.guest.name),
        )
        .help(format!("add `{new}` to the file"))
        .label(unit.place.or(link.interface.place), "waited for")
        .label(
            wait.any_interface.place().or_else(|| host.network.use_dhcp.place()),
            "all links are waited for, not any",
        )
        .fix(additions::option(unit, new, Safety::Safe)),
    )
}

/// Two ends of a link that take packets of different sizes.
fn mtu(_: &Context<'_>, link: &Link<'_>, host: &Host, unit: &Unit) -> Option<Draft> {
    let inside = link.guest_unit.unit()?;
    if unit.has_extra_config || inside.has_extra_config {
        return None;
    }
    let outer = size(unit)?;
    let inner = size(inside)?;
    if outer == inner {
        return None;
    }
    let place = |unit: &Unit| unit.setting("MTUBytes").and_then(Fact::place).or(unit.place);
    let (from, to) = if outer > inner {
        (format!("host {}", host.name), format!("guest {}", link.guest.name))
    } else {
        (format!("guest {}", link.guest.name), format!("host {}", host.name))
    };
    let written = inside.setting("MTUBytes").and_then(Fact::known);
    Some(
        Draft::new(
            Scope::link(link),
            format!(
                "the tap {} takes packets of {outer} bytes in {} of host {}, but of {inner} in {} of guest {}",
                link.tap().unwrap_or_default(),
                unit.name,
                host.name,
                inside.name,
                link.guest.name
            ),
            format!("large packets from {from} need not arrive at {to}, and nobody tells the sender"),
        )
        .help(format!("write the same `MTUBytes` on both sides, {} for example", outer.min(inner)))
        .label(place(inside), format!("{inner} bytes"))
        .label(place(unit), format!("{outer} bytes"))
        .fix(written.and_then(|text| {
            culprit::replace_literal(text, &outer.to_string(), format!("Write {outer}"), Safety::Unsafe)
        })),
    )
}

/// The largest packet of a link: 1500 bytes, unless the file says otherwise.
fn size(unit: &Unit) -> Option<u64> {
    match unit.setting("MTUBytes") {
        None if unit.setting("?").is_some() => None,
        None | Some(Fact::Absent) => Some(1500),
        Some(Fact::Unknown) => None,
        Some(Fact::Known(text)) => text.value.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{only, reports, silent};

    fn fleet(host: &str, tap: &str, guest: &str) -> String {
        format!(
            "host h forward4 {host}
             unit 30-vm1 name=vm1 address=10.0.0.0/32 {tap}
             guest a@h tap=vm1/02:00:00:00:00:01
             unit 10-e mac=02:00:00:00:00:01 address=10.0.0.1/32 route=-,via=10.0.0.0,onlink {guest}"
        )
    }

    #[test]
    fn a_guest_is_no_gateway_to_itself() {
        let bare = fleet("", "route=10.0.0.1/32,via=10.0.0.1", "");
        assert_eq!(only(&bare, "host-route-with-gateway").severity.word(), "error");
        let flagged = fleet("", "route=10.0.0.1/32,via=10.0.0.1,onlink", "");
        reports(&flagged, &[("host-route-with-gateway", "10.0.0.1")]);
        silent(&fleet("", "route=10.0.0.1/32 route=10.9.0.0/16,via=10.0.0.1", ""));
    }

    #[test]
    fn the_start_waits_for_all_links_or_for_any() {
        let tap = "route=10.0.0.1/32";
        reports(&fleet("waits-for-all", tap, ""), &[("tap-required-for-online", "30-vm1")]);
        silent(&fleet("", tap, ""));
        silent(&fleet("waits-for-all waits-not-for=vm*", tap, ""));
        silent(&fleet("waits-for-all", "route=10.0.0.1/32 set:RequiredForOnline=no", ""));
    }

    #[test]
    fn both_ends_take_the_same_packets() {
        let tap = "route=10.0.0.1/32 set:MTUBytes=9000";
        reports(&fleet("", tap, ""), &[("tap-mtu-mismatch", "10-e")]);
        silent(&fleet("", tap, "set:MTUBytes=9000"));
        silent(&fleet("", "route=10.0.0.1/32 set:MTUBytes=1500", ""));
    }

    #[test]
    fn a_route_that_stays_is_a_note_until_somebody_needs_the_address() {
        let one = fleet("", "route=10.0.0.1/32 set:ConfigureWithoutCarrier=yes", "");
        assert_eq!(only(&one, "configure-without-carrier-on-tap").severity.word(), "note");
        let two = format!(
            "{}\nguest b@h tap=vm2/02:00:00:00:00:02\nunit 10-e mac=02:00:00:00:00:02 address=10.0.0.1/32 route=-,via=10.0.0.0,onlink\nexclusive a b",
            one.replacen("guest a", "unit 30-vm2 name=vm2 address=10.0.0.0/32 route=10.0.0.1/32\nguest a", 1)
        );
        assert_eq!(only(&two, "configure-without-carrier-on-tap").severity.word(), "warning");
    }
}
