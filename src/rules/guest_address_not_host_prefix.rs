//! A guest's address comes with a network around it, although its link holds nothing but the guest and the host.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::context::{Context, networks_of};
use super::culprit;
use super::draft::{Draft, Family, Scope};
use super::finding::{Safety, Severity};
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::links::{has_host_address, has_host_route};
use crate::fleet::{Address, HostId, Link};

pub(super) const RULE: RuleInfo = RuleInfo {
    name: "guest-address-not-host-prefix",
    severity: Severity::Error,
    group: Group::Addressing,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("guest_address_not_host_prefix.md"),
    explains: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    let owned: BTreeSet<(Option<HostId>, IpAddr)> =
        context.links.routed().flat_map(|link| link.guest_addresses().map(move |(ip, _)| (link.host_id, ip))).collect();
    for link in context.links.routed() {
        // Only the host can tell that there is nothing else on the link.
        let Some(unit) = link.host_unit.unit().filter(|unit| has_host_route(unit) || has_host_address(unit)) else {
            continue;
        };
        let is_proxied = unit.flag("IPv4ProxyARP") == Some(true) || unit.setting("IPv6ProxyNDP").is_some();
        if is_proxied || link.guest_unit.unit().is_none_or(|unit| unit.has_extra_config) {
            continue;
        }
        for (ip, address) in link.guest_addresses() {
            let Some(net) = address.net.filter(|net| net.prefix_len() < net.max_prefix_len()) else { continue };
            // A network of two or three that both ends share is another sound design.
            let is_shared = networks_of(unit).any(|hosts| hosts.contains(&ip));
            if is_shared || super::context::is_link_local(ip) || ip.is_loopback() {
                continue;
            }
            let mut inside =
                owned.range((link.host_id, net.network())..=(link.host_id, net.broadcast())).map(|(_, peer)| *peer);
            let peer = inside.find(|peer| !link.guest_addresses().any(|(own, _)| own == *peer));
            drafts.push(draft(link, address, ip, net.prefix_len(), peer));
        }
    }
    drafts
}

fn draft(link: &Link<'_>, address: &Address, ip: IpAddr, length: u8, peer: Option<IpAddr>) -> Draft {
    let family = Family::of(ip);
    let full = family.host_length();
    let guest = &link.guest.name;
    let consequence = match peer {
        Some(peer) => {
            format!("it looks for {peer} on its own link, where nobody answers, so guests do not reach each other")
        }
        None => "it looks for every other address of that network on its own link, where nobody answers".to_owned(),
    };
    let severity = match (family, peer) {
        (Family::V4, Some(_)) => Severity::Error,
        _ => Severity::Warning,
    };
    Draft::new(
        Scope::link(link).family(family),
        format!("guest {guest} has {ip}/{length} on a routed tap"),
        consequence,
    )
    .severity(severity)
    .help(format!("write {ip}/{full}, with a default route over the host's address and `GatewayOnLink = true`"))
    .label(culprit::at_end(&address.text), format!("/{length} instead of /{full}"))
    .fix(culprit::replace_literal(
        &address.text,
        &format!("{ip}/{full}"),
        format!("Write {ip}/{full}"),
        Safety::Unsafe,
    ))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{reports, silent};

    fn fleet(host: &str, address: &str) -> String {
        format!(
            "host h
             unit 30-a name=a route=10.0.0.1/32 {host}
             unit 30-b name=b route=10.0.0.2/32 address=10.0.0.254/32
             guest a@h tap=a/02:00:00:00:00:01
             unit 10-e mac=02:00:00:00:00:01 address={address}
             guest b@h tap=b/02:00:00:00:00:02
             unit 10-e mac=02:00:00:00:00:02 address=10.0.0.2/32"
        )
    }

    #[test]
    fn a_network_around_a_routed_guest_is_wrong() {
        reports(&fleet("address=10.0.0.254/32", "10.0.0.1/24"), &[("guest-address-not-host-prefix", "10.0.0.1/24")]);
    }

    #[test]
    fn shared_networks_and_proxies_work() {
        silent(&fleet("address=10.0.0.0/31", "10.0.0.1/31"));
        silent(&fleet("address=10.0.0.254/32 set:IPv4ProxyARP=true", "10.0.0.1/24"));
        silent(&fleet("address=10.0.0.254/32", "10.0.0.1/32"));
    }
}
