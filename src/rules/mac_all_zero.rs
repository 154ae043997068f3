//! A MAC address of six zero octets.

use super::context::Context;
use super::draft::{Draft, Scope};
use super::finding::Severity;
use super::rewrite;
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::MacAddress;

pub(super) const ZERO: RuleInfo = RuleInfo {
    name: "mac-all-zero",
    severity: Severity::Error,
    group: Group::Identity,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("mac_all_zero.md"),
    explains: &["duplicate-mac-across-vms", "duplicate-mac-within-vm"],
    run: zero,
};

pub(super) const VENDOR: RuleInfo = RuleInfo {
    name: "mac-not-locally-administered",
    severity: Severity::Note,
    group: Group::Identity,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("mac_not_locally_administered.md"),
    explains: &[],
    run: vendor,
};

fn zero(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    // Each card gets another one.
    let mut free = context.free.macs(MacAddress([2, 0, 0, 0, 0, 0]));
    for link in &context.links.all {
        let Some(text) =
            link.interface.mac.known().filter(|_| link.interface.mac_address().is_some_and(|mac| mac.0 == [0; 6]))
        else {
            continue;
        };
        drafts.push(
            Draft::new(
                Scope::link(link),
                format!("the MAC address of guest {} is all zeros", link.guest.name),
                "QEMU gives every such card the same default address, others refuse it, and no file of the guest matches the card",
            )
            .help("write a locally administered address, such as 02:00:00:00:00 and the guest's index")
            .label(text.place().or(link.interface.place), "stands for no address")
            .fix(free.next().and_then(|new| rewrite::mac(link, new))),
        );
    }
    drafts
}

fn vendor(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for link in context.links.all.iter().filter(|link| link.interface.is_tap()) {
        let Some(text) = link.interface.mac.known() else { continue };
        let Some(mac) = link.interface.mac_address().filter(|mac| !mac.is_multicast() && mac.0 != [0; 6]) else {
            continue;
        };
        if mac.0.first().is_some_and(|first| first & 2 != 0) {
            continue;
        }
        drafts.push(
            Draft::new(
                Scope::link(link),
                format!("the MAC address {mac} of guest {} is from the range of a vendor", link.guest.name),
                "a real card may have it",
            )
            .help("begin with 02: such addresses are for local use")
            .label(text.place().or(link.interface.place), "the second digit is none of 2, 6, a and e")
            .fix(context.free.local(mac).and_then(|new| rewrite::mac(link, new))),
        );
    }
    drafts
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{only, reports};

    #[test]
    fn zeros_and_vendors() {
        reports("guest a tap=vm5/00:00:00:00:00:00", &[("mac-all-zero", "00:00:00:00:00:00")]);
        assert_eq!(
            only(
                "guest a tap=vm5/52:54:01:00:00:05\nguest b tap=vm6/00:16:3e:00:00:05",
                "mac-not-locally-administered"
            )
            .labels
            .len(),
            1
        );
    }
}
