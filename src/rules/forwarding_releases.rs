//! The keys for forwarding changed with systemd 256: `IPForward` went, `IPv4Forwarding` and `IPv6Forwarding` came.

use super::context::Context;
use super::culprit;
use super::draft::{Draft, Scope};
use super::finding::{Fix, Safety, Severity};
use super::odd::{self, Machine};
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::{Fact, Release};
use crate::schema::networkd::{self, Section};
use crate::source::Place;

pub(super) const REMOVED: RuleInfo = RuleInfo {
    name: "ipforward-removed",
    severity: Severity::Error,
    group: Group::Forwarding,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("ipforward_removed.md"),
    explains: &["ipv4-forwarding-missing-on-tap", "ipv6-forwarding-not-global"],
    run: removed,
};

pub(super) const UNKNOWN: RuleInfo = RuleInfo {
    name: "per-link-forwarding-unknown-to-release",
    severity: Severity::Error,
    group: Group::Forwarding,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("per_link_forwarding_unknown_to_release.md"),
    explains: &["ipv4-forwarding-missing-on-tap", "ipv6-forwarding-not-global"],
    run: unknown,
};

fn removed(context: &Context<'_>) -> Vec<Draft> {
    let Some(last) = networkd::key(Section::Network, "IPForward").and_then(|key| key.last) else { return Vec::new() };
    let last = Release { year: last.0, month: last.1 };
    let mut drafts = Vec::new();
    for machine in Machine::all(context).filter(|machine| machine.release().is_some_and(|release| release > last)) {
        for unit in machine.units() {
            let Some(setting) = unit.setting("IPForward").filter(|setting| !matches!(setting, Fact::Absent)) else {
                continue;
            };
            let wrong = format!("`IPForward` of {} of {} was removed with NixOS 24.11", unit.name, machine.words());
            let breaks = "the configuration does not build";
            drafts.push(
                Draft::new(machine.scope(context, &unit.name, None), wrong, breaks)
                    .help(
                        "write `IPv4Forwarding = true;` in the files of the taps; for IPv6 write `IPv6Forwarding = true;` in \
                         `systemd.network.config.networkConfig`, as for single links it moves no packet",
                    )
                    .label(odd::setting_place(setting).or(unit.place), "not known to this release")
                    .fix(renamed(setting, "IPForward", "IPv4Forwarding")),
            );
        }
    }
    drafts
}

/// An edit that gives a switch its name of another release. Booleans are spelled alike in both.
fn renamed(setting: &Fact<String>, old: &str, new: &str) -> Option<Fix> {
    let text = setting.known().filter(|text| matches!(text.value.as_str(), "true" | "false" | "yes" | "no"))?;
    culprit::rename(&text.origin, old, new, Safety::Unsafe)
}

fn unknown(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for machine in Machine::all(context) {
        let mut draft = |name: &str, scope: Scope, within: &str, place: Option<Place>, fix: Option<Fix>| {
            let first = networkd::key(Section::Network, name).and_then(|key| key.first).unwrap_or_default();
            if odd::is_before(machine.release(), first.0, first.1) {
                let wrong = format!("`{name}`{within} of {} is known to NixOS 24.11 and newer only", machine.words());
                let breaks = "the configuration does not build";
                drafts.push(
                    Draft::new(scope, wrong, breaks)
                        .help(
                            "write `IPForward = true;`, which switches forwarding on for the whole host, or update to NixOS 24.11 or newer",
                        )
                        .label(place, "not known to this release")
                        .fix(fix),
                );
            }
        };
        let network = machine.network();
        let names = ["IPv4Forwarding", "IPv6Forwarding"];
        for unit in machine.units() {
            for name in names {
                if let Some(setting) = unit.setting(name).filter(|setting| !matches!(setting, Fact::Absent)) {
                    let place = odd::setting_place(setting).or(unit.place);
                    let is_alone = names.iter().filter(|name| unit.setting(name).is_some()).count() == 1;
                    let is_on = unit.flag(name) == Some(true) && unit.setting("IPForward").is_none();
                    let fix = renamed(setting, name, "IPForward").filter(|_| is_alone && is_on);
                    draft(name, machine.scope(context, &unit.name, None), &format!(" of {}", unit.name), place, fix);
                }
            }
        }
        for (name, setting) in
            [("IPv4Forwarding", &network.ipv4_forwarding), ("IPv6Forwarding", &network.ipv6_forwarding)]
        {
            if let Fact::Known(_) = setting {
                draft(
                    name,
                    Scope::fleet(),
                    " in `systemd.network.config.networkConfig`",
                    odd::setting_place(setting),
                    None,
                );
            }
        }
    }
    drafts
}
