//! Files that a generator counts through: where it begins, how many are taken.

use rustc_hash::{FxHashMap, FxHashSet};

use super::context::Context;
use super::draft::{Draft, Scope};
use super::finding::Severity;
use super::rule::{Activation, FixKind, Group, OptIn, RuleInfo};
use super::tap_without_network::{HostFiles, Series, numbered};
use crate::fleet::{GuestId, HostId, Unit};

pub(super) const OFF_BY_ONE: RuleInfo = RuleInfo {
    name: "generator-off-by-one",
    severity: Severity::Error,
    group: Group::Taps,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("generator_off_by_one.md"),
    explains: &["index-over-max-vms", "tap-without-network"],
    run: off_by_one,
};

pub(super) const NEARLY_FULL: RuleInfo = RuleInfo {
    name: "capacity-nearly-exhausted",
    severity: Severity::Note,
    group: Group::Taps,
    fix: FixKind::Suggested,
    activation: Activation::OnlyWith(OptIn::Pedantic),
    page: include_str!("capacity_nearly_exhausted.md"),
    explains: &[],
    run: nearly_full,
};

/// Fewer prepared taps than this are a list that somebody wrote for the guests at hand.
const FEWEST_PREPARED: usize = 10;

/// The guests of each host by the tap that they have.
fn taps<'a>(context: &Context<'a>) -> FxHashMap<(HostId, &'a str), GuestId> {
    let links = context.links.all.iter();
    links.filter_map(|link| Some(((link.host_id?, link.tap()?), link.guest_id))).collect()
}

fn off_by_one(context: &Context<'_>) -> Vec<Draft> {
    let taps = taps(context);
    let mut drafts = Vec::new();
    for (id, host) in context.fleet.numbered_hosts() {
        for series in HostFiles::new(host).series.iter().filter(|series| series.first == 0) {
            let Series { prefix, last, unit, .. } = series;
            let Some(net) = routes_itself(unit) else { continue };
            let next = format!("{prefix}{}", last + 1);
            // That the first file is idle harms nobody; that the last one is missing does.
            let Some(guest) = taps.get(&(id, next.as_str())) else { continue };
            let wrong = format!("the files of host {} for taps count from {prefix}0 to {prefix}{last}", host.name);
            let breaks = format!(
                "the first routes {net}, the host's own address, to a tap, and {next} of guest {} gets no address and no route",
                context.guest_name(*guest)
            );
            let scope = Scope::guests(Some(id), [*guest]);
            drafts.push(
                Draft::new(scope, wrong, breaks)
                    .help("count from 1: `lib.genList (i: i + 1) n` or `lib.range 1 n`")
                    .label(unit.place, format!("begins with {prefix}0")),
            );
        }
    }
    drafts
}

/// The address that a file gives to the host and routes to the guest as well.
fn routes_itself(unit: &Unit) -> Option<ipnet::IpNet> {
    let mut own = unit.addresses.items.iter().filter_map(|address| address.net);
    let is_routed = |net: &ipnet::IpNet| {
        net.prefix_len() == net.max_prefix_len()
            && unit.routes.items.iter().any(|route| route.destination_net() == Some(*net))
    };
    own.find(is_routed)
}

fn nearly_full(context: &Context<'_>) -> Vec<Draft> {
    let mut taken: FxHashMap<(HostId, &str), FxHashSet<u32>> = FxHashMap::default();
    for (host, tap) in taps(context).into_keys() {
        if let Some((prefix, number)) = numbered(tap) {
            taken.entry((host, prefix)).or_default().insert(number);
        }
    }
    let mut drafts = Vec::new();
    for (id, host, _) in context.routed_hosts() {
        for series in &HostFiles::new(host).series {
            let Series { prefix, first, last, count, unit } = series;
            let Some(taken) = taken.get(&(id, *prefix)) else { continue };
            let used = taken.iter().filter(|number| (*first..=*last).contains(number)).count();
            // Where all are taken, the files may be made from the list of guests and grow with it.
            let is_nearly_full = *count >= FEWEST_PREPARED && used < *count && used * 10 > *count * 9;
            if !is_nearly_full {
                continue;
            }
            let free = count - used;
            let wrong = format!(
                "host {} prepares {count} taps, {prefix}{first} to {prefix}{last}, and guests have {used} of them",
                host.name
            );
            let breaks = format!("there is room for {free} more");
            drafts.push(
                Draft::new(Scope::host(id), wrong, breaks)
                    .help("raise the number of prepared taps before the next guests come; see that the addresses and translated ranges have room as well")
                    .label(unit.place, format!("prepares {count} files")),
            );
        }
    }
    drafts
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{never, only, reports, silent};

    fn files(first: u32, last: u32) -> String {
        let files = (first..=last).map(|number| {
            format!("unit 30-vm{number} made name=vm{number} address=10.0.0.0/32 route=10.0.0.{number}/32\n")
        });
        format!("host h forward4\n{}", files.collect::<String>())
    }

    fn guests(numbers: std::ops::RangeInclusive<u32>) -> String {
        let guest = |number| {
            format!(
                "guest g{number}@h index={number} tap=vm{number}/02:00:00:00:00:{number:02x}
                 unit 10-e mac=02:00:00:00:00:{number:02x} address=10.0.0.{number}/32 route=-,via=10.0.0.0,onlink\n"
            )
        };
        numbers.map(guest).collect()
    }

    #[test]
    fn counting_begins_at_one() {
        reports(&(files(0, 3) + &guests(1..=4)), &[("generator-off-by-one", "host")]);
        silent(&(files(0, 3) + &guests(1..=3)));
        let left_out = only(&(files(0, 3) + &guests(1..=4)), "generator-off-by-one");
        assert!(left_out.message.contains("vm4 of guest g4 gets no address"));
        silent(&(files(1, 4) + &guests(1..=4)));
    }

    #[test]
    fn room_runs_out() {
        let rule = "capacity-nearly-exhausted";
        assert!(only(&(files(1, 20) + &guests(1..=19)), rule).message.contains("room for 1 more"));
        never(&(files(1, 20) + &guests(1..=20)), rule);
        never(&(files(1, 20) + &guests(1..=18)), rule);
    }
}
