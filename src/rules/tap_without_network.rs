//! The host has no file for a tap; and, as the usual cause, a generator that stops before the guest's index.

use super::context::Context;
use super::culprit;
use super::draft::{Draft, Scope};
use super::finding::Severity;
use super::rule::{FixKind, Group, RuleInfo};
use crate::fleet::links::{has_host_address, has_host_route};
use crate::fleet::{Choice, Fact, Host, Link, Sourced, Unit};

const EFFECTS: &[&str] = &[
    "host-route-missing",
    "guest-gateway-not-host-address",
    "ipv4-forwarding-missing-on-tap",
    "guest-host-address-disagree",
];

pub(super) const WITHOUT_NETWORK: RuleInfo = RuleInfo {
    name: "tap-without-network",
    severity: Severity::Error,
    group: Group::Taps,
    fix: FixKind::Suggested,
    page: include_str!("tap_without_network.md"),
    explains: EFFECTS,
    run: without_network,
};

pub(super) const OVER_MAXIMUM: RuleInfo = RuleInfo {
    name: "index-over-max-vms",
    severity: Severity::Error,
    group: Group::Taps,
    fix: FixKind::Suggested,
    page: include_str!("index_over_max_vms.md"),
    explains: &[
        "tap-without-network",
        "host-route-missing",
        "guest-gateway-not-host-address",
        "ipv4-forwarding-missing-on-tap",
    ],
    run: over_maximum,
};

fn without_network(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = Vec::new();
    let bare: Vec<_> = bare_taps(context).collect();
    for taps in bare.chunk_by(|one, next| one.0.host_id == next.0.host_id) {
        let prepares_none = |host: &Host| !host.network.units.items.iter().any(has_host_route);
        match taps {
            [(first, host, id), _, ..] if prepares_none(host) => {
                drafts.push(no_tap_at_all(context, first, host, id, taps))
            }
            _ => drafts.extend(taps.iter().map(|(link, host, id)| no_file_for(link, host, id))),
        }
    }
    drafts
}

/// One tap without a file among others that have one.
fn no_file_for(link: &Link<'_>, host: &Host, id: &Sourced<String>) -> Draft {
    let message = format!(
        "no .network file of host {} is for the tap {} of guest {}: the tap gets no address and no route, so the guest reaches nothing",
        host.name, id.value, link.guest.name
    );
    let draft = Draft::new(Scope::link(link), message)
        .help(format!(
            "add `systemd.network.networks.\"30-{0}\"` with `matchConfig.Name = \"{0}\"`, the host's address and a route to the guest, \
             or rename the tap to one that has a file",
            id.value
        ))
        .label(culprit::at_end(id).or(link.interface.place), format!("tap {} of guest {}", id.value, link.guest.name))
        .label(id.place(), "the name of the tap");
    with_nearest_file(draft, host, id)
}

/// Several taps, and not one file that routes anything to a guest.
fn no_tap_at_all(
    context: &Context<'_>,
    first: &Link<'_>,
    host: &Host,
    id: &Sourced<String>,
    taps: &[(&Link<'_>, &Host, &Sourced<String>)],
) -> Draft {
    let scope = Scope::guests(first.host_id, taps.iter().map(|(link, _, _)| link.guest_id));
    let message = format!(
        "host {} has no .network file for any tap, but runs {}: their taps get no address and no route, so they reach nothing",
        host.name,
        context.guests_named(&scope.guests)
    );
    let draft = Draft::new(scope, message)
        .help("give the host one file for each tap, with its own address and a route to the guest; if there are such files, see why they do not arrive")
        .label(id.place().or(first.interface.place), format!("tap {} of guest {}", id.value, first.guest.name));
    with_nearest_file(draft, host, id)
}

fn with_nearest_file(draft: Draft, host: &Host, id: &Sourced<String>) -> Draft {
    match likeliest(host, &id.value) {
        Some(unit) => draft.label(unit.place, format!("the host's nearest file is {}", unit.name)),
        None => draft,
    }
}

fn over_maximum(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (link, host, id) in bare_taps(context) {
        let Some(series) = series_of(host, &id.value) else { continue };
        let (prefix, number, last) = (series.prefix, series.number, series.last);
        let culprit = link.guest.index.as_ref().and_then(Sourced::place).or_else(|| culprit::at_end(id));
        drafts.push(
            Draft::new(
                Scope::link(link),
                format!(
                    "guest {} has the tap {}, but host {} prepares taps only up to {prefix}{last}: the tap gets no address and no route, \
                     so the guest reaches nothing",
                    link.guest.name, id.value, host.name
                ),
            )
            .help(format!("raise the number of prepared taps from {last} to at least {number}, or give the guest a free index up to {last}"))
            .label(culprit.or(link.interface.place), format!("{number} is above {last}"))
            .label(series.unit.place, format!("prepares {} files, the last for {prefix}{last}", series.count)),
        );
    }
    drafts
}

/// The taps of guests that want to be routed, for which the host certainly has nothing, with host and name.
fn bare_taps<'c, 'a>(context: &'c Context<'a>) -> impl Iterator<Item = (&'c Link<'a>, &'a Host, &'a Sourced<String>)> {
    context.links.routed().filter_map(|link| {
        let host = link.host.filter(|host| host.network.networkd.is_true())?;
        let id = link.interface.id.known()?;
        let is_bare = match link.host_unit {
            Choice::Nothing => true,
            Choice::Unit(unit) => is_catch_all_without_effect(unit),
            Choice::Stock | Choice::Undecided => false,
        };
        is_bare.then_some((link, host, id))
    })
}

/// Whether a file covers many links and gives them neither address nor route.
fn is_catch_all_without_effect(unit: &Unit) -> bool {
    let is_for_this_tap = unit.matching.names.items.iter().any(|name| !name.value.contains(['*', '?', '[', '!']));
    let gives = |key: &str| matches!(unit.setting(key), Some(fact) if !matches!(fact, Fact::Absent));
    !is_for_this_tap
        && unit.addresses.is_complete
        && unit.addresses.items.is_empty()
        && unit.routes.is_complete
        && unit.routes.items.is_empty()
        && !unit.has_extra_config
        && !["Bridge", "Bond", "VRF", "Unmanaged", "DHCPServer"].into_iter().any(gives)
}

/// The files of a generator that count taps: `vm1`, `vm2`, … `vm64`.
struct Series<'a> {
    prefix: &'a str,
    /// The number of the tap that is not among them.
    number: u32,
    /// The highest number that has a file.
    last: u32,
    count: usize,
    /// One of the files.
    unit: &'a Unit,
}

/// The gapless series of files, made in one place, that ends before a tap's number.
fn series_of<'a>(host: &'a Host, tap: &'a str) -> Option<Series<'a>> {
    let (prefix, number) = numbered(tap)?;
    let numbered_units =
        host.network.units.items.iter().filter(|unit| has_host_route(unit) || has_host_address(unit)).filter_map(
            |unit| {
                let [name] = unit.matching.names.items.as_slice() else { return None };
                let (unit_prefix, unit_number) = numbered(&name.value)?;
                (unit_prefix == prefix).then_some((unit_number, unit))
            },
        );
    let mut members: Vec<(u32, &Unit)> = numbered_units.collect();
    members.sort_by_key(|(number, _)| *number);
    let (first, last) = (members.first()?, members.last()?);
    let count = members.len();
    let is_gapless = usize::try_from(last.0 - first.0).ok()? + 1 == count;
    let is_generated = first.1.place.is_some() && members.iter().all(|(_, unit)| unit.place == first.1.place);
    (count >= 2 && is_gapless && is_generated && number > last.0).then_some(Series {
        prefix,
        number,
        last: last.0,
        count,
        unit: first.1,
    })
}

/// A name that ends in a decimal number, in two parts.
fn numbered(name: &str) -> Option<(&str, u32)> {
    let prefix = name.trim_end_matches(|character: char| character.is_ascii_digit());
    let digits = name.get(prefix.len()..)?;
    (!prefix.is_empty() && (digits == "0" || !digits.starts_with('0'))).then_some(())?;
    Some((prefix, digits.parse().ok()?))
}

/// The file of a host whose name is most like a tap's, to show where one is missing.
fn likeliest<'a>(host: &'a Host, tap: &str) -> Option<&'a Unit> {
    let likeness = |unit: &Unit| {
        let names = unit.matching.names.items.iter().map(|name| name.value.as_str());
        names.map(|name| name.chars().zip(tap.chars()).take_while(|(a, b)| a == b).count()).max().unwrap_or_default()
    };
    let user_files = host.network.units.items.iter().filter(|unit| !unit.is_generated && unit.place.is_some());
    user_files.max_by_key(|unit| likeness(unit))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{reports, silent};

    const GUEST: &str = "guest web@h index=9 tap=vm9/02:00:00:00:00:09
        unit 10-e mac=02:00:00:00:00:09 address=10.0.0.9/32 route=-,via=10.0.0.0,onlink";

    #[test]
    fn a_tap_needs_a_file() {
        let host = "host h\nunit 30-vm1 name=vm1 address=10.0.0.0/32 route=10.0.0.1/32 set:IPv4Forwarding=true\n";
        reports(&format!("{host}{GUEST}"), &[("tap-without-network", "vm9")]);
        reports(
            &format!("{host}unit 90-all name=* set:LinkLocalAddressing=no\n{GUEST}"),
            &[("tap-without-network", "vm9")],
        );
    }

    #[test]
    fn other_arrangements_are_silent() {
        silent(&format!("host h networkd-off\n{GUEST}"));
        silent(&format!("host h\nopen\n{GUEST}"));
        silent(&format!("host h\nunit 90-all name=* set:Bridge=br0\n{GUEST}"));
        silent("host h\nguest web@h tap=vm9/02:00:00:00:00:09\nunit 10-e type=ether address=10.0.0.9/24");
    }
}
