//! NixOS' own DHCP client asks guests for addresses.

use std::collections::BTreeSet;

use super::additions;
use super::context::Context;
use super::draft::{Draft, Scope};
use super::finding::{Fix, Safety, Severity};
use super::rule::{Activation, FixKind, Group, OptIn, RuleInfo};
use crate::fleet::{Host, Link, glob_matches};
use crate::source::Place;

pub(super) const RULE: RuleInfo = RuleInfo {
    name: "dhcpcd-runs-on-taps",
    severity: Severity::Warning,
    group: Group::Isolation,
    fix: FixKind::Automatic,
    activation: Activation::LouderWith(OptIn::StrictIsolation),
    page: include_str!("dhcpcd_runs_on_taps.md"),
    explains: &[],
    run,
};

/// Interfaces that NixOS tells dhcpcd to leave alone whatever the user says (nixpkgs, `nixos/modules/services/networking/dhcpcd.nix`).
const DENIED: &[&str] = &["lo", "peth*", "vif*", "tap*", "tun*", "virbr*", "vnet*", "vboxnet*", "sit*"];

fn run(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host, links) in context.routed_hosts() {
        if !host.dhcpcd.runs.is_true() || !host.network.networkd.is_true() || !host.dhcpcd.denied.is_complete {
            continue;
        }
        let exposed: Vec<&&Link<'_>> =
            links.iter().filter(|link| link.tap().is_some_and(|tap| takes(host, tap))).collect();
        let Some(tap) = exposed.first().and_then(|link| link.tap()) else { continue };
        let guests: Vec<_> = exposed.iter().map(|link| link.guest_id).collect();
        let named = context.guests_named(&guests);
        let first = host
            .dhcpcd
            .runs
            .place()
            .or_else(|| exposed.first().and_then(|link| link.host_unit.unit()).and_then(|unit| unit.place));
        drafts.push(
            Draft::new(
                Scope::guests(Some(id), guests),
                format!(
                    "host {} runs dhcpcd beside networkd, and dhcpcd does not leave taps such as {tap} alone",
                    host.name
                ),
                format!(
                    "it asks {named} for an address, and a guest that answers gives the host addresses, routes and name servers"
                ),
            )
            .help("set `networking.useNetworkd = true;` or `networking.useDHCP = false;`, or name the taps in `networking.dhcpcd.denyInterfaces`")
            .label(host.network.networkd.place().or(first), "networkd is switched on, but dhcpcd stays")
            .label(host.network.use_dhcp.place(), "dhcpcd runs because of this")
            .label(exposed.first().and_then(|link| link.host_unit.unit()).and_then(|unit| unit.place), format!("the file of {tap}"))
            .fix(denied(host, first, exposed.iter().filter_map(|link| link.tap()))),
        );
    }
    drafts
}

/// An edit that tells dhcpcd to leave taps alone, where nothing is denied yet. Taps that are numbered share a pattern.
fn denied<'t>(host: &Host, near: Option<Place>, taps: impl Iterator<Item = &'t str>) -> Option<Fix> {
    let pattern = |tap: &str| match tap.trim_end_matches(|letter: char| letter.is_ascii_digit()) {
        stem if stem == tap || stem.is_empty() => format!("\"{tap}\""),
        stem => format!("\"{stem}*\""),
    };
    let patterns: BTreeSet<String> = taps.map(pattern).collect();
    let listed = patterns.into_iter().collect::<Vec<_>>().join(" ");
    let setting = format!("networking.dhcpcd.denyInterfaces = [ {listed} ];");
    let is_first = host.dhcpcd.denied.items.is_empty();
    is_first.then(|| additions::to_machine(&host.network, near, &setting, Safety::Safe))?
}

/// Whether dhcpcd works on an interface.
fn takes(host: &Host, tap: &str) -> bool {
    let is_denied = DENIED.iter().any(|pattern| glob_matches(pattern, tap))
        || host.dhcpcd.denied.items.iter().any(|pattern| glob_matches(&pattern.value, tap));
    let is_allowed = host.dhcpcd.allowed.as_ref().is_none_or(|allowed| {
        allowed.is_complete && allowed.items.iter().any(|pattern| glob_matches(&pattern.value, tap))
    });
    // An interface with options of its own decides for itself.
    !is_denied && is_allowed && !host.makes_device(tap)
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{reports, silent};

    fn fleet(host: &str, tap: &str) -> String {
        format!(
            "host h forward4 {host}
             unit 30-vm1 name={tap} address=10.0.0.0/32 route=10.0.0.1/32
             guest a@h tap={tap}/02:00:00:00:00:01
             unit 10-e mac=02:00:00:00:00:01 address=10.0.0.1/32"
        )
    }

    #[test]
    fn taps_that_are_not_denied_are_asked() {
        reports(&fleet("dhcpcd", "vm1"), &[("dhcpcd-runs-on-taps", "dhcpcd")]);
        silent(&fleet("dhcpcd denies=vm*", "vm1"));
        silent(&fleet("dhcpcd denies=unknown", "vm1"));
        silent(&fleet("dhcpcd", "tap-a"));
        silent(&fleet("", "vm1"));
    }
}
