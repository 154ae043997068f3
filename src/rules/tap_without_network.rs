//! The host has no file for a tap; and, as the usual cause, a generator that stops before the guest's index.

use std::collections::BTreeMap;

use super::additions;
use super::context::{Context, is_fully_known};
use super::culprit;
use super::draft::{Draft, Family, Scope};
use super::finding::{Fix, Safety, Severity};
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::links::{has_host_address, has_host_route};
use crate::fleet::{Choice, Fact, Host, Link, Sourced, Unit};

const EFFECTS: &[&str] = &[
    "host-route-missing",
    "guest-gateway-not-host-address",
    "ipv4-forwarding-missing-on-tap",
    "guest-host-address-disagree",
    "tap-accepts-router-advertisements",
    "tap-dhcp-client",
];

pub(super) const WITHOUT_NETWORK: RuleInfo = RuleInfo {
    name: "tap-without-network",
    severity: Severity::Error,
    group: Group::Taps,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("tap_without_network.md"),
    explains: EFFECTS,
    run: without_network,
};

pub(super) const OVER_MAXIMUM: RuleInfo = RuleInfo {
    name: "index-over-max-vms",
    severity: Severity::Error,
    group: Group::Taps,
    fix: FixKind::Suggested,
    activation: Activation::Always,
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
    let bare: Vec<BareTap<'_, '_>> = bare_taps(context).collect();
    for taps in bare.chunk_by(|one, next| one.link.host_id == next.link.host_id) {
        let Some(first) = taps.first() else { continue };
        let files = HostFiles::new(first.host);
        if taps.len() > 1 && !first.host.network.units.items.iter().any(has_host_route) {
            drafts.push(no_tap_at_all(context, first, &files, taps));
        } else {
            drafts.extend(taps.iter().map(|tap| no_file_for(tap, &files)));
        }
    }
    drafts
}

/// One tap without a file among others that have one.
fn no_file_for(tap: &BareTap<'_, '_>, files: &HostFiles<'_>) -> Draft {
    let BareTap { link, host, id } = tap;
    let wrong =
        format!("no .network file of host {} is for the tap {} of guest {}", host.name, id.value, link.guest.name);
    let breaks = "the tap gets no address and no route, so the guest reaches nothing";
    let draft = Draft::new(Scope::link(link), wrong, breaks)
        .help(format!(
            "add `systemd.network.networks.\"30-{0}\"` with `matchConfig.Name = \"{0}\"`, the host's address and a route to the guest, \
             or rename the tap to one that has a file",
            id.value
        ))
        .label(culprit::at_end(id).or(link.interface.place), format!("tap {} of guest {}", id.value, link.guest.name))
        .label(id.place(), "the name of the tap")
        .template(id.place())
        .fix(as_its_neighbour(link, host, &id.value, files));
    with_nearest_file(draft, files, &id.value)
}

/// An edit that gives a tap a file like that of the tap with the nearest name.
fn as_its_neighbour(link: &Link<'_>, host: &Host, tap: &str, files: &HostFiles<'_>) -> Option<Fix> {
    let like =
        files.nearest(tap).filter(|unit| is_fully_known(unit) && has_host_route(unit) && has_host_address(unit))?;
    let families: Vec<Family> = link.guest_addresses().map(|(ip, _)| Family::of(ip)).collect();
    let own = like.addresses.items.iter().filter(|address| {
        address
            .net
            .is_some_and(|net| families.contains(&Family::of(net.addr())) && net.prefix_len() == net.max_prefix_len())
    });
    let own: Vec<String> = own.map(|address| format!("\"{}\"", address.text.value)).collect();
    let routes =
        link.guest_addresses().map(|(ip, _)| format!("{{ Destination = \"{ip}/{}\"; }}", Family::of(ip).host_length()));
    let routes: Vec<String> = routes.collect();
    let switches = ["IPv4Forwarding", "IPv6AcceptRA"].into_iter().filter_map(|key| Some((key, like.flag(key)?)));
    let switches: Vec<String> = switches.map(|(key, is_on)| format!("{key} = {is_on};")).collect();
    let mut options = vec![
        format!("matchConfig.Name = \"{tap}\";"),
        format!("address = [ {} ];", own.join(" ")),
        format!("routes = [ {} ];", routes.join(" ")),
    ];
    if !switches.is_empty() {
        options.push(format!("networkConfig = {{ {} }};", switches.join(" ")));
    }
    let number = like.name.split_once('-').map_or("30", |(number, _)| number);
    let is_possible = !own.is_empty() && !routes.is_empty();
    is_possible.then(|| additions::file(&host.network, like, &format!("{number}-{tap}"), &options))?
}

/// Several taps, and not one file that routes anything to a guest.
fn no_tap_at_all(
    context: &Context<'_>,
    first: &BareTap<'_, '_>,
    files: &HostFiles<'_>,
    taps: &[BareTap<'_, '_>],
) -> Draft {
    let BareTap { link, host, id } = first;
    let scope = Scope::guests(link.host_id, taps.iter().map(|tap| tap.link.guest_id));
    let wrong = format!(
        "host {} has no .network file for any tap, but runs {}",
        host.name,
        context.guests_named(&scope.guests)
    );
    let breaks = "their taps get no address and no route, so they reach nothing";
    let draft = Draft::new(scope, wrong, breaks)
        .help("give the host one file for each tap, with its own address and a route to the guest; if there are such files, see why they do not arrive")
        .label(id.place().or(link.interface.place), format!("tap {} of guest {}", id.value, link.guest.name));
    with_nearest_file(draft, files, &id.value)
}

fn with_nearest_file(draft: Draft, files: &HostFiles<'_>, tap: &str) -> Draft {
    match files.nearest(tap) {
        Some(unit) => draft.label(unit.place, format!("the host's nearest file is {}", unit.name)),
        None => draft,
    }
}

fn over_maximum(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    let bare: Vec<BareTap<'_, '_>> = bare_taps(context).collect();
    for taps in bare.chunk_by(|one, next| one.link.host_id == next.link.host_id) {
        let Some(first) = taps.first() else { continue };
        let files = HostFiles::new(first.host);
        let beyond: Vec<_> = taps
            .iter()
            .filter_map(|tap| files.ends_before(&tap.id.value).map(|(number, series)| (tap, number, series)))
            .collect();
        let mut highest: BTreeMap<&str, u32> = BTreeMap::new();
        for (_, number, series) in &beyond {
            let known = highest.entry(series.prefix).or_default();
            *known = (*known).max(*number);
        }
        for (BareTap { link, host, id }, number, series) in &beyond {
            let (prefix, last) = (series.prefix, series.last);
            let highest = highest.get(prefix).copied().unwrap_or(*number);
            let culprit = link.guest.index.as_ref().and_then(Sourced::place).or_else(|| culprit::at_end(id));
            drafts.push(
                Draft::new(
                    Scope::link(link),
                    format!(
                        "guest {} has the tap {}, but host {} prepares taps only up to {prefix}{last}",
                        link.guest.name, id.value, host.name
                    ),
                    "the tap gets no address and no route, so the guest reaches nothing",
                )
                .help(format!("raise the number of prepared taps from {last} to at least {highest}, or use free indices up to {last}"))
                .label(culprit.or(link.interface.place), format!("{number} is above {last}"))
                .label(series.unit.place, format!("prepares {} files, the last for {prefix}{last}", series.count))
                .template(series.unit.place)
                .fix(counted_further(host, series, highest)),
            );
        }
    }
    drafts
}

/// An edit that raises the only number that the files can have been counted up to.
fn counted_further(host: &Host, series: &Series<'_>, highest: u32) -> Option<Fix> {
    // `genList` counts from 0, so its number is one more than the last.
    let is_end =
        |count: i64| count == i64::from(series.last) || (series.first == 0 && count == i64::from(series.last) + 1);
    let mut ends = host.counts.iter().filter(|count| is_end(count.value));
    let (Some(end), None) = (ends.next(), ends.next()) else { return None };
    let new = (end.value + i64::from(highest) - i64::from(series.last)).to_string();
    let fix = culprit::replace_value(&end.origin, end.value.to_string().len(), &new)?;
    Some(Fix { title: format!("Count up to {new} in place of {}", end.value), safety: Safety::Unsafe, ..fix })
}

/// The tap of a guest that wants to be routed, for which its host certainly has nothing.
pub(super) struct BareTap<'c, 'a> {
    pub(super) link: &'c Link<'a>,
    pub(super) host: &'a Host,
    pub(super) id: &'a Sourced<String>,
}

pub(super) fn bare_taps<'c, 'a>(context: &'c Context<'a>) -> impl Iterator<Item = BareTap<'c, 'a>> {
    context.links.routed().filter_map(|link| {
        let host = link.host.filter(|host| host.network.networkd.is_true() && is_surely_run(host, link))?;
        let id = link.interface.id.known()?;
        let is_bare = match link.host_unit {
            Choice::Nothing => true,
            Choice::Unit(unit) => is_catch_all_without_effect(unit),
            Choice::Stock | Choice::Undecided => false,
        };
        is_bare.then_some(BareTap { link, host, id })
    })
}

/// Whether a host certainly runs the guest of a link. One that names some of its guests may have others for which it is not prepared on
/// purpose: switched off, or of another time.
fn is_surely_run(host: &Host, link: &Link<'_>) -> bool {
    let mut named = host.vms.items.iter().chain(&host.autostart.items).peekable();
    named.peek().is_none() || named.any(|name| name.value == link.guest.name)
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

/// The files of a host by the names that they match.
pub(super) struct HostFiles<'a> {
    /// The user's files with the first pattern of each, sorted by it.
    by_name: Vec<(&'a str, &'a Unit)>,
    pub(super) series: Vec<Series<'a>>,
}

/// The files of a generator that counts taps without a gap: `vm1`, `vm2`, … `vm64`.
pub(super) struct Series<'a> {
    pub(super) prefix: &'a str,
    /// The lowest number that has a file.
    pub(super) first: u32,
    /// The highest number that has a file.
    pub(super) last: u32,
    pub(super) count: usize,
    /// The file of the lowest number.
    pub(super) unit: &'a Unit,
}

impl<'a> HostFiles<'a> {
    pub(super) fn new(host: &'a Host) -> Self {
        let mut by_name: Vec<(&str, &Unit)> = Vec::new();
        let mut numbered_files: BTreeMap<&str, Vec<(u32, &Unit)>> = BTreeMap::new();
        for unit in host.network.units.items.iter().filter(|unit| !unit.is_generated && unit.place.is_some()) {
            let names = &unit.matching.names.items;
            by_name.push((names.first().map_or("", |name| name.value.as_str()), unit));
            if let ([name], true) = (names.as_slice(), has_host_route(unit) || has_host_address(unit))
                && let Some((prefix, number)) = numbered(&name.value)
            {
                numbered_files.entry(prefix).or_default().push((number, unit));
            }
        }
        by_name.sort_by_key(|(name, _)| *name);
        let series = numbered_files.into_iter().filter_map(|(prefix, members)| Series::of(prefix, members)).collect();
        Self { by_name, series }
    }

    /// The file whose name is most like a tap's, to show where one is missing: names with the longest common start are neighbours.
    fn nearest(&self, tap: &str) -> Option<&'a Unit> {
        let position = self.by_name.partition_point(|(name, _)| *name < tap);
        let neighbours =
            [position.checked_sub(1), Some(position)].into_iter().flatten().filter_map(|at| self.by_name.get(at));
        let likeness = |name: &str| name.chars().zip(tap.chars()).take_while(|(a, b)| a == b).count();
        neighbours.max_by_key(|(name, _)| likeness(name)).map(|(_, unit)| *unit)
    }

    /// The number of a tap and the series that ends before it.
    fn ends_before(&self, tap: &str) -> Option<(u32, &Series<'a>)> {
        let (prefix, number) = numbered(tap)?;
        self.series.iter().find(|series| series.prefix == prefix && series.last < number).map(|series| (number, series))
    }
}

impl<'a> Series<'a> {
    /// The series of some files, if they have no gap and were made in one place.
    fn of(prefix: &'a str, mut members: Vec<(u32, &'a Unit)>) -> Option<Self> {
        members.sort_by_key(|(number, _)| *number);
        let (first, last) = (members.first()?, members.last()?);
        let count = members.len();
        let is_gapless = usize::try_from(last.0 - first.0).ok()? + 1 == count;
        let is_generated = members.iter().all(|(_, unit)| unit.place == first.1.place);
        (count >= 2 && is_gapless && is_generated).then_some(Self {
            prefix,
            first: first.0,
            last: last.0,
            count,
            unit: first.1,
        })
    }
}

/// A name that ends in a decimal number, in two parts.
pub(super) fn numbered(name: &str) -> Option<(&str, u32)> {
    let prefix = name.trim_end_matches(|character: char| character.is_ascii_digit());
    let digits = name.get(prefix.len()..)?;
    (!prefix.is_empty() && (digits == "0" || !digits.starts_with('0'))).then_some(())?;
    Some((prefix, digits.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{reports, silent};

    const GUEST: &str = "guest web@h index=9 tap=vm9/02:00:00:00:00:09
        unit 10-e mac=02:00:00:00:00:09 address=10.0.0.9/32 route=-,via=10.0.0.0,onlink";

    #[test]
    fn a_guest_that_its_host_does_not_name_among_others_may_be_switched_off() {
        let fleet = "host h starts=one
             unit 30-a name=a address=10.0.0.0/32 route=10.0.0.1/32
             guest one@h tap=a/02:00:00:00:00:01
             unit 10-e mac=02:00:00:00:00:01 address=10.0.0.1/32
             guest two@h tap=b/02:00:00:00:00:02
             unit 10-e mac=02:00:00:00:00:02 address=10.0.0.2/32";
        silent(fleet);
        reports(&fleet.replace("=one", "=two"), &[("tap-without-network", "b")]);
    }

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
