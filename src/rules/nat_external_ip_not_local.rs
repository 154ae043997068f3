//! Translation to an address that the host does not have.

use std::net::IpAddr;

use super::context::{Context, may_use_dhcp};
use super::draft::{Draft, Family, Scope};
use super::finding::Severity;
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::facts::parse_prefix;
use crate::fleet::{Host, Sourced, Unit};

pub(super) const RULE: RuleInfo = RuleInfo {
    name: "nat-external-ip-not-local",
    severity: Severity::Warning,
    group: Group::Nat,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("nat_external_ip_not_local.md"),
    explains: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host) in context.fleet.numbered_hosts() {
        if !host.nat.enable.is_true() {
            continue;
        }
        let options = [("externalIP", &host.nat.external_ip), ("externalIPv6", &host.nat.external_ipv6)];
        for (option, text) in options.into_iter().filter_map(|(option, fact)| Some((option, fact.known()?))) {
            let Some(ip) = parse_prefix(&text.value).map(|net| net.addr()) else { continue };
            if let Some(uplinks) = knows_uplinks(host, Family::of(ip)).filter(|_| !has_address(host, ip)) {
                drafts.push(draft(Scope::host(id).family(Family::of(ip)), host, option, text, ip, &uplinks));
            }
        }
    }
    drafts
}

fn draft(scope: Scope, host: &Host, option: &str, text: &Sourced<String>, ip: IpAddr, uplinks: &[&Unit]) -> Draft {
    let mut draft = Draft::new(
        scope,
        format!(
            "host {} translates to {ip} (`networking.nat.{option}`), which is on none of its interfaces",
            host.name
        ),
        "replies are sent there and do not come back",
    )
    .help(format!("write an address of the uplink, or remove `{option}`: then the uplink's own address is taken"))
    .label(text.place(), "no interface has this address");
    for unit in uplinks {
        for address in unit
            .addresses
            .items
            .iter()
            .filter(|address| address.net.is_some_and(|net| Family::of(net.addr()) == Family::of(ip)))
        {
            draft = draft.label(address.text.place(), format!("the address in {}", unit.name));
        }
    }
    draft
}

/// The files with addresses of a family beyond the taps, if they tell all addresses of the host.
fn knows_uplinks(host: &Host, family: Family) -> Option<Vec<&Unit>> {
    let units = &host.network.units;
    let is_open = |unit: &&Unit| {
        !unit.addresses.is_complete || unit.has_extra_config || (may_use_dhcp(unit) && !unit.is_generated)
    };
    if !units.is_complete || units.items.iter().any(|unit| is_open(&unit)) {
        return None;
    }
    // The taps hold single addresses; an uplink has a network around its own.
    let has_network = |unit: &&Unit| {
        unit.addresses
            .items
            .iter()
            .filter_map(|address| address.net)
            .any(|net| Family::of(net.addr()) == family && net.prefix_len() < net.max_prefix_len())
    };
    let uplinks: Vec<&Unit> = units.items.iter().filter(has_network).collect();
    (!uplinks.is_empty()).then_some(uplinks)
}

fn has_address(host: &Host, ip: IpAddr) -> bool {
    let addresses = host.network.units.items.iter().flat_map(|unit| &unit.addresses.items);
    addresses.into_iter().any(|address| address.net.is_some_and(|net| net.addr() == ip))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{reports, silent};

    #[test]
    fn the_address_must_be_on_an_interface() {
        let uplink = "unit 10-up name=eno1 address=198.51.100.17/24";
        let host = "host h nat=10.0.0.0/24 external-ip=198.51.100.71";
        reports(&format!("{host}\n{uplink}"), &[("nat-external-ip-not-local", "198.51.100.71")]);
        silent(&format!("host h nat=10.0.0.0/24 external-ip=198.51.100.17\n{uplink}"));
        silent(&format!("{host}\n{uplink} set:DHCP=yes"));
        silent(&format!("{host}\n{uplink}\nopen"));
        silent(host);
    }
}
