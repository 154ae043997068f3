//! Names of devices on the host that the kernel, networkd or the start script cannot work with, or that something else has already.

use super::context::Context;
use super::culprit;
use super::draft::{Draft, Scope};
use super::finding::{Edit, Fix, Safety, Severity};
use super::rewrite;
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::{Link, Route, Sourced, Unit};

const EFFECTS: &[&str] = &["tap-without-network", "host-route-missing", "network-shadowed"];

pub(super) const CHARACTERS: RuleInfo = RuleInfo {
    name: "tap-id-invalid-characters",
    severity: Severity::Error,
    group: Group::Identity,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("tap_id_invalid_characters.md"),
    explains: EFFECTS,
    run: |context| devices(context).filter_map(|(link, id)| characters(context, link, id)).collect(),
};

pub(super) const RESERVED: RuleInfo = RuleInfo {
    name: "tap-id-reserved",
    severity: Severity::Error,
    group: Group::Identity,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("tap_id_reserved.md"),
    explains: EFFECTS,
    run: |context| devices(context).filter_map(|(link, id)| reserved(context, link, id)).collect(),
};

pub(super) const COLLIDES: RuleInfo = RuleInfo {
    name: "tap-id-collides-host-interface",
    severity: Severity::Error,
    group: Group::Identity,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("tap_id_collides_host_interface.md"),
    explains: EFFECTS,
    run: |context| devices(context).filter_map(|(link, id)| collides(context, link, id)).collect(),
};

pub(super) const NETDEV: RuleInfo = RuleInfo {
    name: "netdev-conflicts-with-microvm-tap",
    severity: Severity::Warning,
    group: Group::Taps,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("netdev_conflicts_with_microvm_tap.md"),
    explains: &[],
    run: |context| devices(context).filter_map(|(link, id)| made_twice(link, id)).collect(),
};

/// The cards whose `id` is a device that the start script makes on the host, with it.
fn devices<'c>(context: &'c Context<'_>) -> impl Iterator<Item = (&'c Link<'c>, &'c Sourced<String>)> {
    context.links.all.iter().filter_map(|link| {
        let is_device = link.interface.kind.value().is_some_and(|kind| matches!(kind.as_str(), "tap" | "macvtap"));
        Some((link, link.interface.id.known().filter(|_| is_device)?))
    })
}

fn characters(context: &Context<'_>, link: &Link<'_>, id: &Sourced<String>) -> Option<Draft> {
    let name = &id.value;
    let guest = &link.guest.name;
    let bad = name.chars().zip(0usize..).find(|(letter, _)| {
        letter.is_whitespace() || letter.is_control() || matches!(letter, '/' | ':' | '\'' | '"' | '%')
    });
    let (severity, wrong, breaks, at) = match bad {
        _ if name.is_empty() => (
            Severity::Error,
            format!("a device of guest {guest} has an empty name"),
            "the kernel refuses it, and the guest does not start",
            0,
        ),
        _ if name == "." || name == ".." => (
            Severity::Error,
            format!("the device of guest {guest} is called `{name}`"),
            "the kernel refuses it, and the guest does not start",
            0,
        ),
        Some(('%', at)) => (
            Severity::Error,
            format!(
                "the device name `{name}` of guest {guest} has a `%`, which the kernel takes for a place to put a number"
            ),
            "the device gets another name, and nothing finds it",
            at,
        ),
        Some((letter @ ('\'' | '"'), at)) => (
            Severity::Error,
            format!("the device name `{name}` of guest {guest} has a quote ({letter})"),
            "it ends the word in the start script early, and the guest does not start",
            at,
        ),
        Some((letter, at)) => (
            Severity::Error,
            format!("the device name `{name}` of guest {guest} has {}", spelled(letter)),
            "the kernel refuses it, and the guest does not start",
            at,
        ),
        None if !name.is_ascii() => (
            Severity::Warning,
            format!("the device name `{name}` of guest {guest} has letters outside ASCII"),
            "the kernel takes it, but networkd cannot match it, so the tap gets no file",
            0,
        ),
        None => return None,
    };
    let draft = Draft::new(Scope::link(link), wrong, breaks)
        .severity(severity)
        .help("use letters, digits, `-`, `_` and `.` only, here and in the host's file for it")
        .label(culprit::at_byte(id, at).or(link.interface.place), "not usable in a device name");
    let usable = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    let plain: String = name.chars().map(|letter| if usable(letter) { letter } else { '-' }).collect();
    let plain = plain.trim_matches(['-', '.']);
    Some(draft.label(id.place(), "the name").fix(renamed(context, link, plain)))
}

/// An edit that gives a card's device another name, on both sides, if that is free.
fn renamed(context: &Context<'_>, link: &Link<'_>, new: &str) -> Option<Fix> {
    if context.free.is_device(new) { rewrite::device(link, new) } else { None }
}

/// An edit that gives a guest's device a name that the host's own device does not have: that of the file which leads to the guest, or one by the guest's
/// index, if all that the host has for the old name leads to the guest.
fn renamed_in_guest(context: &Context<'_>, link: &Link<'_>, old: &str) -> Option<Fix> {
    if let Some(spare) = rewrite::spare_tap(context, link) {
        return rewrite::literals(link.interface.id.known(), spare, format!("Call it {spare}"));
    }
    let units = link.host?.network.units.items.iter();
    let is_led = |unit: &Unit| unit.routes.items.iter().filter_map(Route::destination_net).any(|net| is_own(link, net));
    let mut named = units.filter(|unit| unit.matching.names.items.iter().any(|name| name.value == old)).peekable();
    let is_of_guest = named.peek().is_some() && named.all(is_led);
    let by_index = link.guest.index.as_ref().map(|index| format!("vm{}", index.value));
    let names: Vec<String> = by_index.into_iter().chain([format!("vm-{}", link.guest.name)]).collect();
    names.iter().filter(|_| is_of_guest).find_map(|new| renamed(context, link, new))
}

/// Whether a network is one address of a link's guest.
fn is_own(link: &Link<'_>, net: ipnet::IpNet) -> bool {
    net.prefix_len() == net.max_prefix_len() && link.guest_addresses().any(|(ip, _)| ip == net.addr())
}

fn spelled(letter: char) -> String {
    if letter.is_whitespace() {
        "white space".to_owned()
    } else if letter.is_control() {
        "a control character".to_owned()
    } else {
        format!("`{letter}`")
    }
}

fn reserved(context: &Context<'_>, link: &Link<'_>, id: &Sourced<String>) -> Option<Draft> {
    let why = match id.value.as_str() {
        "all" | "default" => "the kernel keeps the name for its settings of all interfaces and refuses it",
        "lo" => "it is the loopback interface, which every machine has",
        digits if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            "networkd takes a name of digits only for the number of an interface, so no file matches it"
        }
        _ => return None,
    };
    Some(
        Draft::new(Scope::link(link), format!("the device of guest {} is called `{}`", link.guest.name, id.value), why)
            .help("put letters in front, such as vm and the guest's index, here and in the host's file for it")
            .label(id.place().or(link.interface.place), "not usable as a device name")
            .fix(
                renamed(context, link, &format!("vm{}", id.value))
                    .or_else(|| renamed(context, link, &format!("vm-{}", id.value))),
            ),
    )
}

fn collides(context: &Context<'_>, link: &Link<'_>, id: &Sourced<String>) -> Option<Draft> {
    let host = link.host?;
    let (what, place) = host.own_device(&id.value)?;
    let name = &id.value;
    Some(
        Draft::new(
            Scope::link(link),
            format!("the device {name} of guest {} is also {what} of host {}", link.guest.name, host.name),
            "the guest's start script deletes that one and makes a tap in its place",
        )
        .help("give the guest's device a name of its own, here and in the host's file for it")
        .label(culprit::at_end(id).or(link.interface.place), format!("guest {} takes {name}", link.guest.name))
        .label(place, format!("{what} of the host"))
        .fix(renamed_in_guest(context, link, name)),
    )
}

fn made_twice(link: &Link<'_>, id: &Sourced<String>) -> Option<Draft> {
    let host = link.host.filter(|host| host.has_host_module || !host.vms.items.is_empty())?;
    let device = host.netdevs.iter().find(|device| device.name.value == id.value)?;
    device.kind.value().filter(|kind| *kind == "tap")?;
    let name = &id.value;
    Some(
        Draft::new(
            Scope::link(link),
            format!(
                "host {} makes the tap {name} by `systemd.network.netdevs`, and the start script of guest {} deletes it and makes it anew",
                host.name, link.guest.name
            ),
            "what the definition says about it is lost, and networkd does not bring it back",
        )
        .help(format!("remove the definition of {name} in `systemd.network.netdevs`: the host module makes the tap"))
        .label(device.name.place(), "made here")
        .label(id.place().or(link.interface.place), "and made again for the guest")
        .fix((!device.bindings.is_empty()).then(|| Fix {
            title: format!("Delete the definition of {name}"),
            safety: Safety::Unsafe,
            edits: device.bindings.iter().map(|place| Edit { place: *place, replacement: String::new() }).collect(),
        })),
    )
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{only, reports, silent};

    fn named(id: &str) -> String {
        format!("guest a tap={id}/02:00:00:00:00:05")
    }

    #[test]
    fn names_that_no_device_can_have() {
        reports(&named("vm:5"), &[("tap-id-invalid-characters", "vm:5")]);
        reports(&named("vm%d"), &[("tap-id-invalid-characters", "vm%d")]);
        reports(&named("vm'5"), &[("tap-id-invalid-characters", "vm'5")]);
        assert_eq!(only(&named("vm-ä"), "tap-id-invalid-characters").severity.word(), "warning");
        for id in ["all", "lo", "12"] {
            reports(&named(id), &[("tap-id-reserved", id)]);
        }
        for id in ["vm5", "vm-5.0_a", "allvm", "vm12"] {
            silent(&named(id));
        }
        silent("guest a user=a:b/02:00:00:00:00:05");
    }

    #[test]
    fn names_that_the_host_has_already() {
        reports(
            "host h external=eno1\nguest a@h tap=eno1/02:00:00:00:00:05\nunit 10-e mac=02:00:00:00:00:05",
            &[("tap-id-collides-host-interface", "eno1")],
        );
    }
}
