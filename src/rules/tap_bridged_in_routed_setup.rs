//! A bridged tap beside routed ones.

use std::net::IpAddr;

use super::additions;
use super::context::{Context, is_fully_known};
use super::culprit;
use super::draft::{Draft, Family, Scope};
use super::finding::{Fix, Safety, Severity};
use super::rule::{Activation, FixKind, Group, OptIn, RuleInfo};
use crate::fleet::{Link, Route, Routing, Unit};

pub(super) const RULE: RuleInfo = RuleInfo {
    name: "tap-bridged-in-routed-setup",
    severity: Severity::Warning,
    group: Group::Isolation,
    fix: FixKind::Suggested,
    activation: Activation::LouderWith(OptIn::StrictIsolation),
    page: include_str!("tap_bridged_in_routed_setup.md"),
    explains: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for link in context.links.all.iter().filter(|link| link.routing == Routing::Bridged) {
        let (Some(host), Some(unit), Some(tap)) = (link.host, link.host_unit.unit(), link.tap()) else { continue };
        let mut routed =
            context.links.routed().filter(|other| other.host_id == link.host_id && other.host_unit.unit().is_some());
        let Some(other) = routed.next() else { continue };
        let Some(bridge) = unit.setting("Bridge").and_then(|fact| fact.known()) else { continue };
        drafts.push(
            Draft::new(
                Scope::link(link),
                format!(
                    "the tap {tap} of guest {} is a port of {}, while other taps of host {} are routed",
                    link.guest.name, bridge.value, host.name
                ),
                "on the bridge the guest can forge addresses and take over its neighbours' traffic, which routed taps prevent",
            )
            .help(format!("give {tap} a file of its own with the host's address and a route to the guest; if it is meant, allow this rule here with the reason"))
            .label(bridge.place().or(unit.place), format!("{} makes {tap} a port", unit.name))
            .label(other.host_unit.unit().and_then(|unit| unit.place), format!("a routed tap, of guest {}", other.guest.name))
            .fix(routed_like(context, link, unit, other)),
        );
    }
    drafts
}

/// An edit that routes a tap like another one, where its guest is prepared for that: each of its addresses is a host prefix, and the gateway of the other
/// guest is its own.
fn routed_like<'a>(context: &Context<'a>, link: &Link<'a>, unit: &'a Unit, like: &Link<'_>) -> Option<Fix> {
    let (like_unit, guest_unit) = (like.host_unit.unit()?, link.guest_unit.unit()?);
    let is_alone =
        context.is_for_one_link(link.host_id?, unit) && is_fully_known(guest_unit) && is_fully_known(like_unit);
    let says_nothing = unit.addresses.items.is_empty() && unit.routes.items.is_empty();
    let gateways: Vec<IpAddr> = guest_unit.routes.items.iter().filter_map(Route::gateway_address).collect();
    let own = || like_unit.addresses.items.iter().filter_map(|address| Some((address.net?, &address.text.value)));
    let mut texts: Vec<String> = Vec::new();
    let mut routes: Vec<String> = Vec::new();
    for (ip, address) in link.guest_addresses() {
        let family = Family::of(ip);
        let (net, text) = own().find(|(net, _)| Family::of(net.addr()) == family && gateways.contains(&net.addr()))?;
        let is_host_prefix = [Some(net), address.net]
            .into_iter()
            .all(|net| net.is_some_and(|net| net.prefix_len() == net.max_prefix_len()));
        if !is_host_prefix {
            return None;
        }
        texts.push(format!("\"{text}\""));
        routes.push(format!("{{ Destination = \"{ip}/{}\"; }}", family.host_length()));
    }
    texts.dedup();
    let switches = ["IPv4Forwarding", "IPv6Forwarding", "IPv6AcceptRA"].into_iter();
    let switches =
        switches.filter(|key| unit.setting(key).is_none()).filter_map(|key| Some((key, like_unit.flag(key)?)));
    let mut options =
        vec![format!("address = [ {} ];", texts.join(" ")), format!("routes = [ {} ];", routes.join(" "))];
    options.extend(switches.map(|(key, is_on)| format!("networkConfig.{key} = {is_on};")));
    let added = additions::option(unit, &options.join("\n"), Safety::Unsafe);
    let removed = culprit::remove_binding(unit.setting("Bridge")?, "");
    let title = format!("Route {} as {}", link.tap()?, like.tap()?);
    additions::together([added, removed], title, Safety::Unsafe)
        .filter(|_| is_alone && says_nothing && !routes.is_empty())
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{reports, silent};

    const BRIDGED: &str = "guest b@h tap=br1/02:00:00:00:00:02\nunit 10-e mac=02:00:00:00:00:02 address=10.9.0.2/24";

    #[test]
    fn one_bridge_among_routed_taps_stands_out() {
        let routed = "guest a@h tap=vm1/02:00:00:00:00:01\nunit 10-e mac=02:00:00:00:00:01 address=10.0.0.1/32";
        let taps = "unit 30-vm1 name=vm1 address=10.0.0.0/32 route=10.0.0.1/32\nunit 40-br name=br1 set:Bridge=br0";
        reports(&format!("host h\n{taps}\n{routed}\n{BRIDGED}"), &[("tap-bridged-in-routed-setup", "br0")]);
        silent(&format!("host h\n{taps}\n{BRIDGED}"));
    }
}
