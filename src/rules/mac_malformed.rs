//! A MAC address that a hypervisor does not take.

use super::context::Context;
use super::culprit;
use super::draft::{Draft, Scope};
use super::finding::{Safety, Severity};
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::{Fact, Guest, MacAddress};

pub(super) const RULE: RuleInfo = RuleInfo {
    name: "mac-malformed",
    severity: Severity::Error,
    group: Group::Identity,
    fix: FixKind::Automatic,
    activation: Activation::Always,
    page: include_str!("mac_malformed.md"),
    explains: &["mac-multicast", "guest-match-mac-mismatch", "duplicate-mac-across-vms"],
    run,
};

fn run(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for link in &context.links.all {
        let Fact::Known(mac) = &link.interface.mac else { continue };
        let refusal = refusal(link.guest, &mac.value);
        if refusal == Refusal::None {
            continue;
        }
        let meant = MacAddress::parse_tolerant(&mac.value);
        let fix = meant.and_then(|meant| {
            culprit::replace_literal(mac, &meant.to_string(), format!("Write {meant}"), Safety::Safe)
        });
        let help = match meant {
            Some(meant) => format!("write it as `{meant}`"),
            None => {
                "write six groups of exactly two hex digits with colons, such as `02:00:00:00:00:05`; for a number, \
                     `lib.fixedWidthString 2 \"0\" (lib.toHexString n)` gives one group"
                    .to_owned()
            }
        };
        drafts.push(
            Draft::new(
                Scope::link(link),
                format!(
                    "the MAC address `{}` of guest {} is not six groups of two hex digits",
                    mac.value, link.guest.name
                ),
                "the hypervisor refuses it and the guest does not start",
            )
            .help(help)
            .possible_if(refusal == Refusal::Possible)
            .label(mac.place().or(link.interface.place), "not a MAC address")
            .fix(fix),
        );
    }
    drafts
}

/// Whether the hypervisor refuses a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Refusal {
    None,
    Possible,
    Certain,
}

/// firecracker and cloud-hypervisor want the strict form; QEMU (`net_parse_macaddr`) takes hyphens too; alioth reads each group as a number of any length
/// (`src/device/net.rs`); how kvmtool and crosvm parse is not looked into.
fn refusal(guest: &Guest, text: &str) -> Refusal {
    if MacAddress::parse_strict(text).is_some() {
        return Refusal::None;
    }
    let is_hyphenated = MacAddress::parse_strict(&text.replace('-', ":")).is_some();
    match guest.hypervisor.value().map(String::as_str) {
        Some("kvmtool" | "crosvm" | "alioth") => Refusal::None,
        Some("qemu") if is_hyphenated => Refusal::None,
        Some(_) => Refusal::Certain,
        None if is_hyphenated => Refusal::None,
        None => Refusal::Possible,
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{only, reports, silent};

    #[test]
    fn digits_are_counted() {
        for mac in ["02:00:00:00:00:5", "02:00:00:00:00:100", "02:00:00:00:00", "vm5", "0200.0000.0005"] {
            reports(&format!("guest a tap=vm5/{mac}"), &[("mac-malformed", mac)]);
        }
        let finding = only("guest a tap=vm5/02:00:00:00:00:5", "mac-malformed");
        assert_eq!(finding.help, "write it as `02:00:00:00:00:05`");
    }

    #[test]
    fn what_the_hypervisor_takes_is_fine() {
        silent("guest a tap=vm5/02:00:00:00:00:0A");
        silent("guest a tap=vm5/02-00-00-00-00-05");
        silent("guest a hypervisor=kvmtool tap=vm5/2:0:0:0:0:5");
        silent("guest a hypervisor=alioth tap=vm5/02:00:00:00:00:014");
        silent("guest a tap=vm5/unknown");
        reports("guest a hypervisor=firecracker tap=vm5/02-00-00-00-00-05", &[("mac-malformed", "02-00-00-00-00-05")]);
        assert_eq!(only("guest a hypervisor=unknown tap=vm5/5", "mac-malformed").severity.word(), "warning");
    }
}
