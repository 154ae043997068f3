//! Two guests of one host derive their names and addresses from the same number.

use super::context::Context;
use super::draft::Draft;
use super::duplicates::clashes;
use super::finding::Severity;
use super::rewrite;
use super::rule::{Activation, FixKind, Group, RuleInfo};
use super::wording;
use crate::fleet::{Link, Sourced};

pub(super) const RULE: RuleInfo = RuleInfo {
    name: "duplicate-vm-index",
    severity: Severity::Error,
    group: Group::Uniqueness,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("duplicate_vm_index.md"),
    explains: &[
        "duplicate-guest-ipv4",
        "duplicate-guest-ipv6",
        "duplicate-tap-id",
        "duplicate-mac-across-vms",
        "duplicate-host-route",
        "host-route-on-wrong-tap",
        "guest-host-address-disagree",
        "host-route-missing",
    ],
    run,
};

fn run(context: &Context<'_>) -> Vec<Draft> {
    let indexed = clashes(context.fleet, context.links.routed(), |link| {
        link.guest.index.iter().map(|index| index.value).collect()
    });
    let colliding = indexed.into_iter().filter(|clash| share_something(&clash.links));
    let draft = |clash: super::duplicates::Clash<'_, '_, i64>| {
        let index = clash.value;
        let free = context.free.index(clash.host);
        let names: Vec<&str> = clash.links.iter().map(|link| link.guest.name.as_str()).collect();
        let last = clash.links.last();
        let mut draft = clash
            .draft(
                format!(
                    "guests {} have the same index {index}, so they share {}",
                    wording::list(&names),
                    shared_values(&clash.links)
                ),
                "the host can route to one of them only, and the others get no replies",
            )
            .help(format!(
                "give {} an index of its own; the lowest free one is {free}",
                last.map(|link| link.guest.name.as_str()).unwrap_or_default()
            ));
        for link in &clash.links {
            let place = link.guest.index.as_ref().and_then(Sourced::place);
            draft = draft.label(place.or(link.guest.place), format!("index {index} of guest {}", link.guest.name));
        }
        draft.fix(last.and_then(|link| rewrite::index(link, clash.links.iter().copied(), free)))
    };
    colliding.map(draft).collect()
}

/// Whether the equal number leads to an equal name or address. Two ranges may well count from one each.
fn share_something(links: &[&Link<'_>]) -> bool {
    !shared_values(links).is_empty()
}

fn shared_values(links: &[&Link<'_>]) -> String {
    let Some((first, others)) = links.split_first() else { return String::new() };
    let mut shared = Vec::new();
    if let Some(tap) = first.tap().filter(|tap| others.iter().any(|link| link.tap() == Some(tap))) {
        shared.push(format!("the tap {tap}"));
    }
    for (ip, _) in first.guest_addresses() {
        if others.iter().any(|link| link.guest_addresses().any(|(other, _)| other == ip)) {
            shared.push(format!("the address {ip}"));
        }
    }
    wording::list(&shared)
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{reports, silent};

    const HOST: &str = "host h
        unit 30-vm5 name=vm5 address=10.0.0.0/32 route=10.0.0.5/32\n";

    #[test]
    fn one_index_twice_is_one_finding() {
        let fleet = format!(
            "{HOST}guest db@h index=5 tap=vm5/02:00:00:00:00:05
             unit 10-e mac=02:00:00:00:00:05 address=10.0.0.5/32
             guest web@h index=5 tap=vm5/02:00:00:00:00:05
             unit 10-e mac=02:00:00:00:00:05 address=10.0.0.5/32"
        );
        reports(&fleet, &[("duplicate-vm-index", "5")]);
    }

    #[test]
    fn guests_that_never_run_together_give_a_warning() {
        let fleet = format!(
            "{HOST}guest blue@h index=5 tap=vm5/02:00:00:00:00:05
             unit 10-e mac=02:00:00:00:00:05 address=10.0.0.5/32
             guest green@h off index=5 tap=vm5/02:00:00:00:00:05
             unit 10-e mac=02:00:00:00:00:05 address=10.0.0.5/32"
        );
        reports(&fleet, &[("duplicate-vm-index", "5")]);
        assert!(crate::rules::testing::findings(&fleet).iter().all(|finding| finding.severity.word() == "warning"));
    }

    #[test]
    fn other_hosts_and_other_ranges_may_count_alike() {
        silent(
            "host a
             unit 30-vm5 name=vm5 address=10.0.0.0/32 route=10.0.0.5/32 set:IPv4Forwarding=true
             host b
             unit 30-vm5 name=vm5 address=10.0.0.0/32 route=10.0.0.5/32 set:IPv4Forwarding=true
             unit 30-x5 name=x5 address=10.0.0.0/32 route=10.1.0.5/32 set:IPv4Forwarding=true
             guest db@a index=5 tap=vm5/02:00:00:00:00:05
             unit 10-e mac=02:00:00:00:00:05 address=10.0.0.5/32
             guest web@b index=5 tap=vm5/02:00:00:00:00:05
             unit 10-e mac=02:00:00:00:00:05 address=10.0.0.5/32
             guest dmz@b index=5 tap=x5/02:00:00:00:01:05
             unit 10-e mac=02:00:00:00:01:05 address=10.1.0.5/32",
        );
    }
}
