//! A MAC address that names a group of stations.

use super::context::Context;
use super::culprit;
use super::draft::{Draft, Scope};
use super::finding::Severity;
use super::rewrite;
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::Fact;

pub(super) const RULE: RuleInfo = RuleInfo {
    name: "mac-multicast",
    severity: Severity::Error,
    group: Group::Identity,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("mac_multicast.md"),
    explains: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for link in &context.links.all {
        let Fact::Known(text) = &link.interface.mac else { continue };
        let Some(mac) = link.interface.mac_address().filter(|mac| mac.is_multicast()) else { continue };
        let local = mac.local();
        drafts.push(
            Draft::new(
                Scope::link(link),
                format!(
                    "the MAC address {mac} of guest {} is a group address, because its first octet is odd",
                    link.guest.name
                ),
                "the guest's kernel refuses to bring the card up",
            )
            .help(format!("clear the lowest bit of the first octet and set the next one: `{local}`; a hash needs `02:` put before five of its octets"))
            .label(culprit::at_byte(text, 1).or(link.interface.place), "this first octet is odd")
            .label(text.place(), "the address")
            .fix(context.free.local(mac).and_then(|new| rewrite::mac(link, new))),
        );
    }
    drafts
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{only, reports, silent};

    #[test]
    fn the_low_bit_of_the_first_octet_decides() {
        reports("guest a tap=vm5/01:00:00:00:00:05", &[("mac-multicast", "01:00:00:00:00:05")]);
        reports("guest a tap=vm5/ff:ff:ff:ff:ff:ff", &[("mac-multicast", "ff:ff:ff:ff:ff:ff")]);
        silent("guest a tap=vm5/00:01:01:01:01:01");
        assert!(only("guest a tap=vm5/5d:00:00:00:00:05", "mac-multicast").help.contains("5e:00:00:00:00:05"));
    }
}
