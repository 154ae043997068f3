//! Files for taps that no guest has.

use rustc_hash::FxHashSet;

use super::context::Context;
use super::draft::{Draft, Scope};
use super::finding::Severity;
use super::rule::{Activation, FixKind, Group, OptIn, RuleInfo};
use super::wording;
use crate::fleet::links::has_host_route;
use crate::fleet::{HostId, Unit, glob_matches};

pub(super) const RULE: RuleInfo = RuleInfo {
    name: "host-route-unused",
    severity: Severity::Note,
    group: Group::Taps,
    fix: FixKind::Manual,
    activation: Activation::OnlyWith(OptIn::Unused),
    page: include_str!("host_route_unused.md"),
    explains: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Draft> {
    let links = context.links.all.iter();
    let taken: FxHashSet<(Option<HostId>, &str)> =
        links.filter_map(|link| Some((link.host_id, link.interface.id.value()?.as_str()))).collect();
    let mut drafts = Vec::new();
    for (id, host, _) in context.routed_hosts() {
        let mut guests = context.fleet.guests.iter().filter(|guest| guest.host.is_none_or(|host| host == id));
        let knows_all = guests.all(|guest| {
            guest.interfaces.is_complete && guest.interfaces.items.iter().all(|card| !card.id.is_unknown())
        });
        if !knows_all || !host.vms.is_complete {
            continue;
        }
        let is_unused =
            |unit: &&Unit| has_host_route(unit) && is_for_nobody(unit, |name| taken.contains(&(Some(id), name)));
        let unused: Vec<&Unit> = host.network.units.items.iter().filter(is_unused).collect();
        let Some(first) = unused.first() else { continue };
        let names: Vec<&str> = unused.iter().map(|unit| unit.name.as_str()).collect();
        drafts.push(
            Draft::new(
                Scope::host(id),
                format!("host {} has files for taps that no guest has ({})", host.name, wording::list(&names)),
                "they set up nothing, and hide which taps are taken",
            )
            .help("remove them, or leave them for guests to come: without a tap a file does nothing")
            .label(first.place.or(host.place), "for no guest"),
        );
    }
    drafts
}

/// Whether a file is for devices by their names, and all of these are known and nobody's.
fn is_for_nobody(unit: &Unit, is_taken: impl Fn(&str) -> bool) -> bool {
    let names = &unit.matching.names;
    let is_plain = |name: &str| !glob_matches(name, "") && !name.contains(['*', '?', '[', '!', ' ']);
    names.is_complete
        && !names.items.is_empty()
        && names.items.iter().all(|name| is_plain(&name.value) && !is_taken(&name.value))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{never, only};

    #[test]
    fn prepared_files_are_told_on_request() {
        let fleet = |guest: &str| {
            format!(
                "host h forward4
                 unit 30-vm1 name=vm1 address=10.0.0.0/32 route=10.0.0.1/32
                 unit 30-vm2 name=vm2 address=10.0.0.0/32 route=10.0.0.2/32
                 guest a@h tap=vm1/02:00:00:00:00:01{guest}
                 unit 10-e mac=02:00:00:00:00:01 address=10.0.0.1/32 route=-,via=10.0.0.0,onlink"
            )
        };
        assert!(only(&fleet(""), "host-route-unused").message.contains("30-vm2"));
        never(&fleet(" user=vm2/02:00:00:00:00:02"), "host-route-unused");
        never(&fleet(" user=unknown/02:00:00:00:00:02"), "host-route-unused");
    }
}
