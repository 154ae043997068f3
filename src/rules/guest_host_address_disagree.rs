//! The host routes to one address, the guest has another; and, as a usual cause, a number written in hex on one side and in decimal on the other.

use std::net::{IpAddr, Ipv6Addr};

use super::context::{Context, is_fully_known, is_plain};
use super::culprit;
use super::draft::{Draft, Family, Scope};
use super::finding::{Fix, Safety, Severity};
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::{Address, Fact, Link, Route, Sourced};

pub(super) const DISAGREE: RuleInfo = RuleInfo {
    name: "guest-host-address-disagree",
    severity: Severity::Error,
    group: Group::Taps,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("guest_host_address_disagree.md"),
    explains: &["host-route-missing"],
    run: disagree,
};

pub(super) const HEX_DECIMAL: RuleInfo = RuleInfo {
    name: "ipv6-hex-decimal-mismatch",
    severity: Severity::Error,
    group: Group::Addressing,
    fix: FixKind::Automatic,
    activation: Activation::Always,
    page: include_str!("ipv6_hex_decimal_mismatch.md"),
    explains: &["guest-host-address-disagree", "host-route-missing", "host-route-on-wrong-tap"],
    run: hex_decimal,
};

fn disagree(context: &Context<'_>) -> Vec<Draft> {
    let draft = |pair: Pair<'_, '_>| {
        let Pair { link, guest_ip, address, host_ip, route } = pair;
        let (guest, tap) = (&link.guest.name, link.tap().unwrap_or_default());
        // A route to an address that nobody has is the other half of this mistake; an address of another guest is not this one.
        if context.links.with_address(link.host_id, host_ip).next().is_some() {
            return None;
        }
        Some(
            Draft::new(
                Scope::link(link).family(Family::of(guest_ip)),
                format!("the host routes {host_ip} to the tap {tap}, but guest {guest} behind it has {guest_ip}"),
                "replies to the guest never reach it",
            )
            .help(format!(
                "write the same address on both sides: {guest_ip} in the host's route, or {host_ip} in the guest"
            ))
            .label(culprit::in_address(address), format!("guest {guest} has {guest_ip}"))
            .label(route.destination.known().and_then(culprit::in_prefix), format!("the host routes {host_ip}"))
            .template(route.destination.place())
            .template(address.text.place())
            .fix(agreed(route, guest_ip, address, host_ip)),
        )
    };
    pairs(context).filter_map(draft).collect()
}

/// An edit that lets the host follow the guest or, where the host's route is computed, the guest the host.
fn agreed(route: &Route, guest_ip: IpAddr, address: &Address, host_ip: IpAddr) -> Option<Fix> {
    let length = Family::of(guest_ip).host_length();
    let write = |text: &Sourced<String>, ip: IpAddr| {
        culprit::replace_literal(text, &format!("{ip}/{length}"), format!("Write {ip}/{length}"), Safety::Unsafe)
    };
    let is_single = address.net.is_some_and(|net| net.prefix_len() == length);
    let of_host = route.destination.known().and_then(|text| write(text, guest_ip));
    of_host.or_else(|| is_single.then(|| write(&address.text, host_ip))?)
}

fn hex_decimal(context: &Context<'_>) -> Vec<Draft> {
    let draft = |pair: Pair<'_, '_>| {
        let (IpAddr::V6(guest_ip), IpAddr::V6(host_ip)) = (pair.guest_ip, pair.host_ip) else { return None };
        let slip = Slip::between(guest_ip, host_ip)?;
        let guest = &pair.link.guest.name;
        let guest_place = pair.address.text.place();
        let host_place = pair.route.destination.known().and_then(|text| text.place());
        let ((decimal_side, decimal_place), (hex_side, hex_place)) = if slip.is_decimal_in_guest {
            (("guest", guest_place), ("host", host_place))
        } else {
            (("host", host_place), ("guest", guest_place))
        };
        Some(
            Draft::new(
                Scope::link(pair.link).family(Family::V6),
                format!(
                    "the number {} ends guest {guest}'s IPv6 address in decimal digits on the {decimal_side}'s side and in hex on the {hex_side}'s",
                    slip.number
                ),
                format!(
                    "the guest has {guest_ip}, the host routes {host_ip}, and every number from 10 on is unreachable"
                ),
            )
            .help(format!("write `lib.toHexString` in place of `toString` on the {decimal_side}'s side"))
            .label(decimal_place, format!("decimal digits of {}", slip.number))
            .label(hex_place, format!("hex digits of {}", slip.number))
            .fix(in_hex(context, &pair, slip.is_decimal_in_guest)),
        )
    };
    pairs(context).filter_map(draft).collect()
}

/// An edit that writes the hex form on the side that deviates. The guest's address is safe to change where no machine of the fleet has another name for it.
fn in_hex(context: &Context<'_>, pair: &Pair<'_, '_>, is_decimal_in_guest: bool) -> Option<Fix> {
    let (text, old, new) = if is_decimal_in_guest {
        (&pair.address.text, pair.guest_ip, pair.host_ip)
    } else {
        (pair.route.destination.known()?, pair.host_ip, pair.guest_ip)
    };
    let fleet = context.fleet;
    let entries =
        fleet.hosts.iter().map(|host| &host.hosts_entries).chain(fleet.guests.iter().map(|guest| &guest.hosts_entries));
    let is_named = is_decimal_in_guest && entries.flatten().any(|entry| entry.ip() == Some(old));
    let safety = if is_named { Safety::Unsafe } else { Safety::Safe };
    let length = text.value.split_once('/').map_or(String::new(), |(_, length)| format!("/{length}"));
    culprit::replace_literal(text, &format!("{new}{length}"), format!("Write {new}{length}"), safety)
}

/// The only address of a family that a guest has, and the only one that the host routes to its tap, where they differ.
struct Pair<'c, 'a> {
    link: &'c Link<'a>,
    guest_ip: IpAddr,
    address: &'a Address,
    host_ip: IpAddr,
    route: &'a Route,
}

fn pairs<'c, 'a>(context: &'c Context<'a>) -> impl Iterator<Item = Pair<'c, 'a>> {
    context
        .links
        .routed()
        .flat_map(move |link| Family::BOTH.into_iter().filter_map(move |family| pair(context, link, family)))
}

fn pair<'c, 'a>(context: &'c Context<'a>, link: &'c Link<'a>, family: Family) -> Option<Pair<'c, 'a>> {
    let host_unit = link.host_unit.unit().filter(|unit| is_fully_known(unit))?;
    let guest_unit = link.guest_unit.unit()?;
    if !context.is_for_one_link(link.host_id?, host_unit)
        || !guest_unit.addresses.is_complete
        || guest_unit.has_extra_config
    {
        return None;
    }
    let is_meant = |ip: &IpAddr| Family::of(*ip) == family && !super::context::is_link_local(*ip);
    let mut addresses = link.guest_addresses().filter(|(ip, _)| is_meant(ip));
    let (guest_ip, address) = addresses.next()?;
    let host_routes =
        host_unit.routes.items.iter().filter(|route| is_plain(route) && matches!(route.gateway, Fact::Absent));
    let mut destinations = host_routes
        .filter_map(|route| route.destination_net().map(|net| (net, route)))
        .filter(|(net, _)| is_meant(&net.addr()));
    let (net, route) = destinations.next()?;
    let is_only =
        addresses.next().is_none() && destinations.next().is_none() && net.prefix_len() == net.max_prefix_len();
    (is_only && net.addr() != guest_ip).then_some(Pair { link, guest_ip, address, host_ip: net.addr(), route })
}

/// A number that ends one address in hex digits and the other in decimal ones.
struct Slip {
    number: u16,
    is_decimal_in_guest: bool,
}

impl Slip {
    fn between(guest: Ipv6Addr, host: Ipv6Addr) -> Option<Self> {
        let [guest_start @ .., guest_end] = guest.segments();
        let [host_start @ .., host_end] = host.segments();
        if guest_start != host_start {
            return None;
        }
        if in_decimal_digits(host_end) == Some(guest_end) {
            Some(Self { number: host_end, is_decimal_in_guest: true })
        } else if in_decimal_digits(guest_end) == Some(host_end) {
            Some(Self { number: guest_end, is_decimal_in_guest: false })
        } else {
            None
        }
    }
}

/// What a number becomes if its decimal digits are read as hex: 12 becomes 0x12.
fn in_decimal_digits(number: u16) -> Option<u16> {
    u16::from_str_radix(&number.to_string(), 16).ok()
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{only, reports, silent};

    #[test]
    fn a_near_miss_shows_both_sides() {
        reports(
            "host h
             unit 30-vm5 name=vm5 address=10.0.0.0/32 route=10.0.0.5/32
             guest web@h tap=vm5/02:00:00:00:00:05
             unit 10-e mac=02:00:00:00:00:05 address=10.0.0.6/32",
            &[("guest-host-address-disagree", "10.0.0.6/32")],
        );
    }

    #[test]
    fn hex_and_decimal_are_told_apart() {
        let fleet = |host: &str, guest: &str| {
            format!(
                "host h forward6
                 unit 30-vm12 name=vm12 address=fd00::/128 route={host}/128
                 guest web@h tap=vm12/02:00:00:00:00:05
                 unit 10-e mac=02:00:00:00:00:05 address={guest}/128"
            )
        };
        reports(&fleet("fd00::c", "fd00::12"), &[("ipv6-hex-decimal-mismatch", "fd00::12/128")]);
        reports(&fleet("fd00::12", "fd00::c"), &[("ipv6-hex-decimal-mismatch", "fd00::12/128")]);
        silent(&fleet("fd00::12", "fd00::12"));
        reports(&fleet("fd00::c", "fd00::13"), &[("guest-host-address-disagree", "fd00::13/128")]);
        let finding = only(&fleet("fd00::c", "fd00::12"), "ipv6-hex-decimal-mismatch");
        assert!(finding.help.contains("on the guest's side"));
    }

    #[test]
    fn several_addresses_are_not_guessed_about() {
        silent(
            "host h
             unit 30-vm5 name=vm5 address=10.0.0.0/32 route=10.0.0.5/32 route=10.0.0.6/32
             guest web@h tap=vm5/02:00:00:00:00:05
             unit 10-e mac=02:00:00:00:00:05 address=10.0.0.6/32",
        );
    }
}
