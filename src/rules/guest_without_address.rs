//! A guest whose card gets no address on a routed tap: it waits for DHCP that nobody serves, or its file gives none.

use super::additions;
use super::context::{Context, is_fully_known, may_use_dhcp};
use super::draft::{Draft, Family, Scope};
use super::finding::{Fix, Safety, Severity};
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::facts::parse_boolean;
use crate::fleet::{Choice, Fact, Link, Sourced, Unit};

pub(super) const DHCP: RuleInfo = RuleInfo {
    name: "guest-dhcp-on-routed-link",
    severity: Severity::Warning,
    group: Group::Addressing,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("guest_dhcp_on_routed_link.md"),
    explains: &["guest-address-missing", "guest-default-route-missing"],
    run: dhcp,
};

pub(super) const MISSING: RuleInfo = RuleInfo {
    name: "guest-address-missing",
    severity: Severity::Error,
    group: Group::Addressing,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("guest_address_missing.md"),
    explains: &["guest-default-route-missing", "ipv4-default-without-address"],
    run: missing,
};

fn dhcp(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for link in context.links.routed() {
        let (Some(host), Some(host_unit), Some(unit)) = (link.host, link.host_unit.unit(), link.guest_unit.unit())
        else {
            continue;
        };
        let asks = unit.setting("DHCP").and_then(Fact::known).filter(|text| asks_for_ipv4(&text.value));
        let has_own = unit.addresses.items.iter().any(|address| address.net.is_none_or(|net| net.addr().is_ipv4()));
        let Some(asks) = asks.filter(|_| !has_own && unit.addresses.is_complete && !unit.has_extra_config) else {
            continue;
        };
        if may_serve(host_unit) || !matches!(&host.dhcp_server, Fact::Known(server) if !server.value) {
            continue;
        }
        let expected = expected(link, Family::V4);
        let to = expected
            .map_or(String::new(), |text| format!(", although host {} expects it at {}", host.name, bare(text)));
        let why = if unit.is_generated { " (NixOS' default, as no file of its own matches the card)" } else { "" };
        let guest = &link.guest.name;
        drafts.push(
            Draft::new(
                Scope::link(link).family(Family::V4),
                format!(
                    "guest {guest} asks for its address by DHCP{why}, but nothing serves DHCP on the tap {}",
                    link.tap().unwrap_or("of it")
                ),
                format!("it gets no IPv4 address{to}, and its start waits until the time is up"),
            )
            .help(match expected {
                Some(text) => format!("give {guest} a file in `systemd.network.networks` that matches its MAC address, with `address = [ \"{}/32\" ];`", bare(text)),
                None => format!("give {guest} a file in `systemd.network.networks` that matches its MAC address, with its own address"),
            })
            .label(asks.place().or(unit.place).or(link.guest.network.use_dhcp.place()).or(link.interface.place), "asks by DHCP")
            .label(expected.and_then(Sourced::place).or(host_unit.place), "the host's file for the tap serves no DHCP")
            .label(link.interface.place, format!("the card of guest {guest}"))
            .fix(expected.filter(|_| unit.is_generated).and_then(|text| own_file(link, bare(text)))),
        );
    }
    drafts
}

fn missing(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for link in context.links.routed() {
        let Some(expected) = expected(link, Family::V4) else { continue };
        let guest = &link.guest.name;
        let (place, what) = match link.guest_unit {
            Choice::Unit(unit) if is_fully_known(unit) && !may_use_dhcp(unit) => {
                let has_any =
                    unit.addresses.items.iter().any(|address| address.net.is_none_or(|net| net.addr().is_ipv4()));
                if has_any {
                    continue;
                }
                (unit.place, format!("{} of guest {guest} gives no IPv4 address", unit.name))
            }
            // Something else may configure the card where networkd is off.
            Choice::Nothing if link.guest.network.networkd.is_true() && link.guest.network.units.is_complete => {
                (link.interface.place, format!("no file of guest {guest} is for its card, so it gets no address"))
            }
            _ => continue,
        };
        let ip = bare(expected);
        drafts.push(
            Draft::new(
                Scope::link(link).family(Family::V4),
                format!("{what}, but host {} routes {ip} to it", link.host.map_or("", |host| &host.name)),
                "nothing answers there",
            )
            .help(format!("add `address = [ \"{ip}/32\" ];` to the guest's file for the card"))
            .label(place.or(link.interface.place), "no address for IPv4")
            .label(expected.place(), format!("{ip} is routed to the guest"))
            .fix(link.guest_unit.unit().and_then(|unit| additions::address(unit, &format!("{ip}/32"), Safety::Unsafe))),
        );
    }
    drafts
}

/// An edit that gives a guest without any file for its card one, with the address that the host expects and the host's own as gateway.
fn own_file(link: &Link<'_>, ip: &str) -> Option<Fix> {
    const NAME: &str = "10-lan";
    let network = &link.guest.network;
    let mac = link.interface.mac.known()?;
    let (gateway, _) = link.host_addresses().find(|(ip, _)| ip.is_ipv4())?;
    let is_first = network.units.items.iter().all(|unit| unit.is_generated) && network.networkd.is_true();
    let file = [
        format!("systemd.network.networks.\"{NAME}\" = {{"),
        format!("  matchConfig.MACAddress = \"{}\";", mac.value),
        format!("  address = [ \"{ip}/32\" ];"),
        format!("  routes = [ {{ Gateway = \"{gateway}\"; GatewayOnLink = true; }} ];"),
        "};".to_owned(),
    ];
    is_first.then(|| additions::to_machine(network, mac.place(), &file.join("\n"), Safety::Unsafe))?
}

/// The only address of a family that the host routes to a link, if its file is for this link alone.
fn expected<'a>(link: &Link<'a>, family: Family) -> Option<&'a Sourced<String>> {
    let unit = link.host_unit.unit()?;
    let mut routes = unit.routes.items.iter().filter(|route| {
        route
            .destination_net()
            .is_some_and(|net| Family::of(net.addr()) == family && net.prefix_len() == family.host_length())
    });
    let (Some(route), None) = (routes.next(), routes.next()) else { return None };
    route.destination.known()
}

fn bare(text: &Sourced<String>) -> &str {
    text.value.split('/').next().unwrap_or_default()
}

fn asks_for_ipv4(text: &str) -> bool {
    parse_boolean(text).unwrap_or(text == "ipv4")
}

/// Whether the host's file for the tap serves addresses, or may.
fn may_serve(unit: &Unit) -> bool {
    let may = |key: &str| match unit.setting(key) {
        None | Some(Fact::Absent) => false,
        Some(Fact::Unknown) => true,
        Some(Fact::Known(text)) => parse_boolean(&text.value) != Some(false),
    };
    unit.has_extra_config || may("DHCPServer") || may("Bridge") || unit.setting("?").is_some()
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{reports, silent};

    fn fleet(host: &str, tap: &str, unit: &str) -> String {
        format!(
            "host h forward4 {host}
             unit 30-vm1 name=vm1 address=10.0.0.0/32 route=10.0.0.1/32 {tap}
             guest a@h tap=vm1/02:00:00:00:00:01
             unit {unit}"
        )
    }

    const DEFAULT: &str = "99-ethernet-default-dhcp generated type=ether kind=!* set:DHCP=yes";

    #[test]
    fn a_guest_left_on_dhcp_gets_nothing() {
        reports(&fleet("", "", DEFAULT), &[("guest-dhcp-on-routed-link", "yes")]);
        reports(&fleet("", "", "10-e mac=02:00:00:00:00:01 set:DHCP=ipv4"), &[("guest-dhcp-on-routed-link", "ipv4")]);
        silent(&fleet("", "set:DHCPServer=true", DEFAULT));
        silent(&fleet("serves-dhcp", "", DEFAULT));
        silent(&fleet("", "", "10-e mac=02:00:00:00:00:01 set:DHCP=ipv6 address=10.0.0.1/32"));
    }

    #[test]
    fn a_file_without_an_address_is_found() {
        reports(&fleet("", "", "10-e mac=02:00:00:00:00:01 dns=10.0.0.0"), &[("guest-address-missing", "10-e")]);
        silent(&fleet("", "", "10-e mac=02:00:00:00:00:01 dns=10.0.0.0 extra"));
        silent(&fleet("", "", "10-e mac=02:00:00:00:00:01 set:DHCP=yes address=10.0.0.1/32"));
    }
}
