//! Switches that do not hold what they say: settings that another outweighs, that the next deployment takes back, or that are there twice.

use super::additions;
use super::context::Context;
use super::draft::{Draft, Family, Scope};
use super::finding::{Safety, Severity};
use super::odd::is_before;
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::facts::{parse_boolean, parse_prefix};
use crate::fleet::{Fact, Host, Link, glob_matches};

pub(super) const RESET: RuleInfo = RuleInfo {
    name: "forwarding-reset-on-switch",
    severity: Severity::Warning,
    group: Group::Forwarding,
    fix: FixKind::Automatic,
    activation: Activation::Always,
    page: include_str!("forwarding_reset_on_switch.md"),
    explains: &[],
    run: reset,
};

pub(super) const OUTWEIGHED: RuleInfo = RuleInfo {
    name: "nat-priority-overrides-user-sysctl",
    severity: Severity::Warning,
    group: Group::Forwarding,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("nat_priority_overrides_user_sysctl.md"),
    explains: &[],
    run: outweighed,
};

pub(super) const TWICE: RuleInfo = RuleInfo {
    name: "masquerade-twice",
    severity: Severity::Note,
    group: Group::Forwarding,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("masquerade_twice.md"),
    explains: &[],
    run: twice,
};

/// The sysctl that NixOS writes on every machine, as 0 unless somebody sets it (nixpkgs, `nixos/modules/tasks/network-interfaces.nix`).
const ALL: &str = "net.ipv4.conf.all.forwarding";

fn reset(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host, _) in context.routed_hosts() {
        let Some(switch) = host.network.ipv4_forwarding.known().filter(|switch| switch.value) else { continue };
        let is_written = host.sysctls.iter().any(|(name, _)| name == ALL || name == "net.ipv4.ip_forward");
        let is_other = host.nat.enable.may_be_true() || is_written || !host.sysctls_complete;
        if !host.network.networkd.is_true() || is_other || !is_before(host.release, 26, 5) {
            continue;
        }
        drafts.push(
            Draft::new(
                Scope::host(id).family(Family::V4),
                format!("only networkd turns on IPv4 forwarding on host {}, while NixOS writes `{ALL} = 0`", host.name),
                "a deployment that runs systemd-sysctl again turns it off for all links until networkd is restarted",
            )
            .help(format!("set `boot.kernel.sysctl.\"{ALL}\" = true;` too"))
            .label(switch.place().or(host.place), "turned on here only")
            .fix(additions::to_machine(
                &host.network,
                switch.place(),
                &format!("boot.kernel.sysctl.\"{ALL}\" = true;"),
                Safety::Safe,
            )),
        );
    }
    drafts
}

fn outweighed(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host) in context.fleet.numbered_hosts().filter(|(_, host)| host.nat.enable.is_true()) {
        for (name, origin) in &host.outweighed_sysctls {
            drafts.push(
                Draft::new(
                    Scope::host(id),
                    format!(
                        "host {} sets `{name}` to off, but `networking.nat` sets it to on with a priority of 99, which wins without a word",
                        host.name
                    ),
                    "the host forwards",
                )
                .help("remove the setting; translation needs forwarding. `lib.mkForce` makes it count and ends translation")
                .label(origin.value.or(origin.definition).or(host.place), "does not count")
                .label(host.nat.enable.place(), "turns forwarding on"),
            );
        }
    }
    drafts
}

fn twice(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host, links) in context.routed_hosts() {
        if !host.nat.enable.is_true() {
            continue;
        }
        let twice: Vec<&&Link<'_>> = links.iter().filter(|link| is_twice(host, link)).collect();
        let Some(unit) = twice.first().and_then(|link| link.host_unit.unit()) else { continue };
        let guests: Vec<_> = twice.iter().map(|link| link.guest_id).collect();
        let named = context.guests_named(&guests);
        drafts.push(
            Draft::new(
                Scope::guests(Some(id), guests),
                format!(
                    "host {} translates {named} twice, by `IPMasquerade` of networkd and by `networking.nat`",
                    host.name
                ),
                "one of the two is enough",
            )
            .help(format!("remove `IPMasquerade` from {}", unit.name))
            .label(unit.setting("IPMasquerade").and_then(Fact::place).or(unit.place), "translated by networkd")
            .label(host.nat.enable.place(), "and by the firewall"),
        );
    }
    drafts
}

/// Whether both certainly translate a guest's IPv4 packets.
fn is_twice(host: &Host, link: &Link<'_>) -> bool {
    let by_networkd = link.host_unit.unit().and_then(|unit| unit.setting("IPMasquerade")?.value());
    let by_networkd =
        by_networkd.is_some_and(|text| matches!(text.as_str(), "ipv4" | "both") || parse_boolean(text) == Some(true));
    let ranges = || host.nat.internal_ips.items.iter().filter_map(|text| parse_prefix(&text.value));
    let by_range = link.guest_addresses().any(|(ip, _)| ranges().any(|net| net.contains(&ip)));
    let by_name = link.tap().is_some_and(|tap| {
        host.nat.internal_interfaces.items.iter().any(|name| glob_matches(&name.value.replace('+', "*"), tap))
    });
    by_networkd && (by_range || by_name)
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{never, only};

    fn fleet(host: &str, unit: &str) -> String {
        format!(
            "host h {host}
             unit 30-vm1 name=vm1 address=10.0.0.0/32 route=10.0.0.1/32 {unit}
             guest a@h tap=vm1/02:00:00:00:00:01
             unit 10-e mac=02:00:00:00:00:01 address=10.0.0.1/32"
        )
    }

    #[test]
    fn the_next_deployment_turns_it_off() {
        let rule = "forwarding-reset-on-switch";
        only(&fleet("forward4 release=25.11", ""), rule);
        for host in [
            "forward4",
            "forward4 release=26.05",
            "forward4 release=25.11 sysctl:net.ipv4.conf.all.forwarding=1",
            "forward4 release=25.11 nat=10.0.0.0/24",
            "release=25.11",
        ] {
            never(&fleet(host, ""), rule);
        }
        never(&fleet("release=25.11", "set:IPv4Forwarding=yes"), rule);
    }

    #[test]
    fn a_setting_that_translation_outweighs() {
        let rule = "nat-priority-overrides-user-sysctl";
        only(&fleet("nat=10.0.0.0/24 outweighed=net.ipv4.conf.all.forwarding", ""), rule);
        never(&fleet("outweighed=net.ipv4.conf.all.forwarding", ""), rule);
    }

    #[test]
    fn translated_twice() {
        let rule = "masquerade-twice";
        only(&fleet("nat=10.0.0.0/24", "set:IPMasquerade=ipv4"), rule);
        never(&fleet("nat=10.9.0.0/24", "set:IPMasquerade=ipv4"), rule);
        never(&fleet("nat=10.0.0.0/24", "set:IPMasquerade=ipv6"), rule);
    }
}
