//! One guest with another gateway than its siblings, where the host does not tell which is right.

use std::net::IpAddr;

use rustc_hash::FxHashMap;

use super::context::{Context, is_default_route, is_plain};
use super::culprit;
use super::draft::{Draft, Family, Scope};
use super::finding::Severity;
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::{HostId, Link, Sourced};

pub(super) const RULE: RuleInfo = RuleInfo {
    name: "hardcoded-gateway-drift",
    severity: Severity::Warning,
    group: Group::Drift,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("hardcoded_gateway_drift.md"),
    explains: &[],
    run,
};

/// As many guests must agree before another one stands out.
const FEWEST_ALIKE: usize = 3;

/// A guest's own gateway.
struct Own<'c, 'a> {
    link: &'c Link<'a>,
    gateway: IpAddr,
    text: &'a Sourced<String>,
}

fn run(context: &Context<'_>) -> Vec<Draft> {
    let mut groups: FxHashMap<(HostId, Family, IpAddr), Vec<Own<'_, '_>>> = FxHashMap::default();
    for link in context.links.routed() {
        let Some(host) = link.host_id else { continue };
        for family in Family::BOTH {
            if let Some(own) = own(link, family) {
                let Some(range) = link.guest_addresses().map(|(ip, _)| ip).find(|ip| Family::of(*ip) == family) else {
                    continue;
                };
                groups.entry((host, family, around(range))).or_default().push(own);
            }
        }
    }
    let mut drafts: Vec<Draft> =
        groups.into_iter().filter_map(|((host, family, _), group)| drifted(host, family, &group)).collect();
    drafts.sort_by(|one, other| one.scope.guests.cmp(&other.scope.guests));
    drafts
}

/// The network that guests who belong together have in common: /24 or /64.
fn around(ip: IpAddr) -> IpAddr {
    let length = if ip.is_ipv4() { 24 } else { 64 };
    ipnet::IpNet::new(ip, length).map_or(ip, |net| net.network())
}

fn own<'c, 'a>(link: &'c Link<'a>, family: Family) -> Option<Own<'c, 'a>> {
    let unit = link.guest_unit.unit()?;
    let mut routes = unit.routes.items.iter().filter(|route| is_plain(route) && is_default_route(route, family));
    let (Some(route), None) = (routes.next(), routes.next()) else { return None };
    Some(Own { link, gateway: route.gateway_address()?, text: route.gateway.known()? })
}

fn drifted(host: HostId, family: Family, group: &[Own<'_, '_>]) -> Option<Draft> {
    let mut counts: FxHashMap<IpAddr, usize> = FxHashMap::default();
    for own in group {
        *counts.entry(own.gateway).or_default() += 1;
    }
    let (common, alike) = counts.iter().max_by_key(|(_, count)| **count)?;
    if *alike < FEWEST_ALIKE || *alike + 1 != group.len() {
        return None;
    }
    let odd = group.iter().find(|own| own.gateway != *common)?;
    // Where the host's file for the tap is known, it says what is right.
    let is_judged_by_host = odd.link.host_unit.unit().is_some();
    let is_elsewhere = around(odd.gateway) != around(*common);
    if is_judged_by_host || is_elsewhere {
        return None;
    }
    let other = group.iter().find(|own| own.gateway == *common)?;
    let guest = &odd.link.guest.name;
    Some(
        Draft::new(
            Scope::guests(Some(host), [odd.link.guest_id]).family(family),
            format!(
                "guest {guest} has the gateway {}, while the other {alike} guests of its host in the same network have {common}",
                odd.gateway
            ),
            format!(
                "one of the copies was forgotten, and unless the host has {} too, the guest reaches nothing",
                odd.gateway
            ),
        )
        .help(format!("write {common}, best from one binding that all guests share"))
        .label(culprit::in_prefix(odd.text), "differs from all others")
        .label(other.text.place(), format!("the gateway of guest {}", other.link.guest.name))
        .fix(super::rewrite::literals([odd.text], &common.to_string(), format!("Write {common}"))),
    )
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{never, only};

    fn fleet(files: &str, gateways: [&str; 4]) -> String {
        let mut text = format!("host h forward4\n{files}\n");
        for (number, gateway) in (1..).zip(gateways) {
            text += &format!(
                "guest g{number}@h tap=vm{number}/02:00:00:00:00:0{number}\nunit 10-e mac=02:00:00:00:00:0{number} address=10.0.0.{number}/32 route=-,via={gateway},onlink\n"
            );
        }
        text
    }

    #[test]
    fn one_copy_was_forgotten() {
        let rule = "hardcoded-gateway-drift";
        let (common, odd) = ("10.0.0.0", "10.0.0.254");
        let finding = only(&fleet("open", [common, common, odd, common]), rule);
        assert!(finding.message.starts_with("guest g3 has the gateway 10.0.0.254"));
        never(&fleet("open", [common, common, odd, odd]), rule);
        never(&fleet("open", [common, common, "10.9.0.1", common]), rule);
        never(&fleet("unit 30-taps name=vm* address=10.0.0.0/32,10.0.0.254/32", [common, common, odd, common]), rule);
    }
}
