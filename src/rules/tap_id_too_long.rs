//! A device name that the kernel does not take.

use super::context::Context;
use super::culprit;
use super::draft::{Draft, Scope};
use super::finding::Severity;
use super::rewrite;
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::LONGEST_DEVICE as LONGEST;

pub(super) const RULE: RuleInfo = RuleInfo {
    name: "tap-id-too-long",
    severity: Severity::Error,
    group: Group::Identity,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("tap_id_too_long.md"),
    explains: &["tap-without-network", "host-route-missing", "network-shadowed", "tap-id-invalid-characters"],
    run,
};

fn run(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for link in &context.links.all {
        let Some(id) = link.interface.id.known().filter(|id| id.value.len() > LONGEST) else { continue };
        // An interface of type `user` has no device on the host.
        if !link.interface.kind.value().is_some_and(|kind| matches!(kind.as_str(), "tap" | "macvtap" | "bridge")) {
            continue;
        }
        let number = link.guest.index.as_ref().map(|index| format!("vm{}", index.value));
        let short = number.or_else(|| id.value.get(..LONGEST).map(|start| start.trim_end_matches('-').to_owned()));
        let short = short.filter(|short| context.free.is_device(short));
        drafts.push(
            Draft::new(
                Scope::link(link),
                format!("the device name `{}` of guest {} has {} bytes", id.value, link.guest.name, id.value.len()),
                format!("the kernel takes at most {LONGEST}, and microvm.nix refuses to build the guest"),
            )
            .help(format!("shorten it to at most {LONGEST} bytes, here and in the host's file for it, for example to vm and the guest's index"))
            .label(id.place().or(link.interface.place), format!("{} bytes", id.value.len()))
            .label(culprit::at_end(id), "its end comes from here")
            .fix(short.and_then(|short| rewrite::device(link, &short))),
        );
    }
    drafts
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{reports, silent};

    #[test]
    fn fifteen_bytes_are_the_limit() {
        silent("guest a tap=vm-abcdefghijkl/02:00:00:00:00:05");
        silent("guest a user=qemu-user-network-of-a/02:00:00:00:00:05");
        reports("guest a tap=vm-abcdefghijklm/02:00:00:00:00:05", &[("tap-id-too-long", "vm-abcdefghijklm")]);
        reports("guest a tap=vm-äöüäöüä/02:00:00:00:00:05", &[("tap-id-too-long", "vm-äöüäöüä")]);
    }
}
