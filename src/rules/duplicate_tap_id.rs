//! Two guests of one host name the same device on the host.

use super::context::Context;
use super::culprit;
use super::draft::Draft;
use super::duplicates::clashes;
use super::finding::Severity;
use super::rewrite;
use super::rule::{Activation, FixKind, Group, RuleInfo};
use super::wording;
use crate::fleet::Link;

pub(super) const RULE: RuleInfo = RuleInfo {
    name: "duplicate-tap-id",
    severity: Severity::Error,
    group: Group::Uniqueness,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("duplicate_tap_id.md"),
    explains: &["host-route-on-wrong-tap", "guest-host-address-disagree", "host-route-missing"],
    run,
};

fn run(context: &Context<'_>) -> Vec<Draft> {
    let draft = |clash: super::duplicates::Clash<'_, '_, &str>| {
        let id = clash.value;
        let names: Vec<&str> = clash.links.iter().map(|link| link.guest.name.as_str()).collect();
        let mut draft = clash
            .draft(
                format!("guests {} use the same device {id} on the host", wording::list(&names)),
                "when one starts, its start script deletes the device of the other, which then runs on without a network",
            )
            .help(format!("give every guest a device name of its own, in `microvm.interfaces` and in the host's file for {id}"));
        for link in &clash.links {
            let place = link.interface.id.known().and_then(culprit::at_end);
            draft = draft.label(place.or(link.interface.place), format!("{id} of guest {}", link.guest.name));
        }
        let kept = clash.links.iter().find_map(|link| Some((link, rewrite::spare_tap(context, link)?)));
        draft.fix(
            kept.and_then(|(link, new)| rewrite::literals(link.interface.id.known(), new, format!("Call it {new}"))),
        )
    };
    clashes(context.fleet, &context.links.all, |link| device(link).into_iter().collect())
        .into_iter()
        .map(draft)
        .collect()
}

/// The device that a start script makes on the host; an interface of type `user` or `bridge` has none of that name.
fn device<'a>(link: &Link<'a>) -> Option<&'a str> {
    let kind = link.interface.kind.value()?;
    link.interface.id.value().filter(|_| matches!(kind.as_str(), "tap" | "macvtap")).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{reports, silent};

    #[test]
    fn one_device_cannot_serve_two_guests() {
        reports(
            "host h
             guest one@h tap=vm1/02:00:00:00:00:01
             guest two@h tap=vm1/02:00:00:00:00:02",
            &[("duplicate-tap-id", "vm1")],
        );
    }

    #[test]
    fn hosts_and_user_networks_are_apart() {
        silent(
            "host a
             host b
             guest one@a tap=vm1/02:00:00:00:00:01 user=qemu/02:00:00:00:01:01
             guest two@b tap=vm1/02:00:00:00:00:02
             guest three@a user=qemu/02:00:00:00:01:03",
        );
    }
}
