//! How much of a fleet was understood: which guests were not, which machines could not be read at all, and why.

use std::collections::BTreeMap;

use super::facts::{Fact, Fleet, Guest, Host};
use super::trouble::Gap;

/// How much of a fleet was understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// How many guests there are, those included of which only the name is known.
    pub guests: usize,
    /// Guests whose network is not wholly known, by the reason; the reason of most of them first.
    pub partial: Vec<Reason>,
    /// Machines of which nothing could be read, by the reason.
    pub unread: Vec<Reason>,
    /// Why anything else is unknown (modules, single values), and in how many places.
    pub others: Vec<(String, usize)>,
}

/// Machines with what keeps them from being understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The reason: "input `secrets` is not available".
    pub why: String,
    /// Names of the machines, sorted.
    pub names: Vec<String>,
}

impl Guest {
    /// Whether everything is known that its network consists of.
    pub fn is_understood(&self) -> bool {
        let is_known = |fact: &Fact<String>| !fact.is_unknown();
        let mut interfaces = self.interfaces.items.iter();
        self.interfaces.is_complete
            && self.network.units.is_complete
            && interfaces.all(|one| is_known(&one.kind) && is_known(&one.id) && is_known(&one.mac))
    }
}

impl Host {
    /// Whether it is there to run guests: it has microvm.nix's host module, or names guests.
    pub fn runs_guests(&self) -> bool {
        self.has_host_module || !self.vms.items.is_empty() || !self.autostart.items.is_empty()
    }
}

impl Coverage {
    /// Compares what there is with what was understood.
    pub fn of(fleet: &Fleet) -> Self {
        let mut partial: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut unread: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut others: BTreeMap<&str, usize> = BTreeMap::new();
        let unnamed = unread_guests(fleet);
        let lost = fleet.guests.iter().filter(|guest| !guest.is_understood()).map(|guest| guest.name.as_str());
        for name in lost.chain(unnamed.iter().copied()) {
            partial.entry(reason_of(fleet, name)).or_default().push(name.to_owned());
        }
        for gap in &fleet.unknowns {
            let lost_machines = gap.machines.iter().filter_map(|machine| machine.strip_prefix("machine "));
            let lost_machines: Vec<&str> = lost_machines.filter(|_| is_configuration(gap)).collect();
            let is_told = gap.machines.iter().any(|machine| {
                let guest = machine.strip_prefix("guest ");
                guest.is_some_and(|guest| partial.values().flatten().any(|name| name == guest))
            });
            if !lost_machines.is_empty() {
                let names = unread.entry(gap.why.clone()).or_default();
                names.extend(lost_machines.into_iter().map(str::to_owned));
            } else if !is_told {
                *others.entry(&gap.why).or_default() += 1;
            }
        }
        let mut others: Vec<(String, usize)> = others.into_iter().map(|(why, count)| (why.to_owned(), count)).collect();
        others.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let guests = fleet.guests.len() + unnamed.len();
        Self { guests, partial: by_weight(partial), unread: by_weight(unread), others }
    }

    /// How many guests are wholly known.
    pub fn understood(&self) -> usize {
        self.guests.saturating_sub(self.partial.iter().map(|reason| reason.names.len()).sum())
    }

    /// Whether everything was understood.
    pub fn is_complete(&self) -> bool {
        self.partial.is_empty() && self.unread.is_empty() && self.others.is_empty()
    }
}

/// Guests that `microvm.vms` of a host names and that could not be read.
fn unread_guests(fleet: &Fleet) -> Vec<&str> {
    let mut names = Vec::new();
    for (id, host) in fleet.numbered_hosts() {
        let known: rustc_hash::FxHashSet<&str> =
            fleet.guests.iter().filter(|guest| guest.host == Some(id)).map(|guest| guest.name.as_str()).collect();
        names.extend(host.vms.items.iter().map(|vm| vm.value.as_str()).filter(|name| !known.contains(name)));
    }
    names
}

/// Whether a gap is a whole machine.
pub(super) fn is_configuration(gap: &Gap) -> bool {
    gap.what.starts_with("nixosConfigurations.")
}

/// Why a guest was not understood: a value of its own that is unknown, else a module, else an error.
fn reason_of(fleet: &Fleet, name: &str) -> String {
    let machine = format!("guest {name}");
    let own = || fleet.unknowns.iter().filter(|gap| gap.machines.contains(&machine));
    let value = own().find(|gap| !gap.what.contains("imports")).or_else(|| own().next());
    let problem = || fleet.problems.iter().find(|problem| problem.machine.as_ref() == Some(&machine));
    match value {
        Some(gap) => gap.why.clone(),
        None => problem().map_or_else(|| "it cannot be known".to_owned(), |problem| problem.message.clone()),
    }
}

fn by_weight(reasons: BTreeMap<String, Vec<String>>) -> Vec<Reason> {
    let mut reasons: Vec<Reason> = reasons.into_iter().map(|(why, names)| Reason { why, names }).collect();
    for reason in &mut reasons {
        reason.names.sort();
    }
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.names.len()));
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::{Origin, Sourced, sketch};

    fn gap(what: &str, why: &str, machine: &str) -> Gap {
        Gap { place: None, what: what.to_owned(), why: why.to_owned(), machines: vec![machine.to_owned()] }
    }

    #[test]
    fn a_fleet_that_is_known_is_covered() {
        let fleet = sketch::fleet("host h\nguest a@h tap=vm1/02:00:00:00:00:01");
        assert!(Coverage::of(&fleet).is_complete());
        assert_eq!(Coverage::of(&fleet).understood(), 1);
    }

    #[test]
    fn each_guest_that_is_not_understood_has_its_reason() {
        let mut fleet = sketch::fleet(
            "host h
             guest a@h tap=vm1/02:00:00:00:00:01
             guest b@h tap=vm2/unknown
             guest c@h tap=vm3/unknown",
        );
        let name = Sourced { value: "d".to_owned(), origin: Origin::default() };
        fleet.hosts[0].vms.items.push(name);
        fleet.unknowns = vec![
            gap("an element of imports", "input `x` is not available", "guest b"),
            gap("microvm.interfaces.mac", "secret", "guest b"),
            gap("microvm.interfaces.mac", "secret", "guest c"),
            gap("an element of imports", "input `x` is not available", "host h"),
            gap("nixosConfigurations.pi", "input `pi` is not available", "machine pi"),
        ];
        let coverage = Coverage::of(&fleet);
        assert_eq!((coverage.guests, coverage.understood()), (4, 1));
        let partial: Vec<_> = coverage.partial.iter().map(|one| (one.why.as_str(), one.names.join(" "))).collect();
        assert_eq!(partial, [("secret", "b c".to_owned()), ("it cannot be known", "d".to_owned())]);
        assert_eq!(coverage.unread[0].names, ["pi"]);
        assert_eq!(coverage.others, [("input `x` is not available".to_owned(), 1)]);
    }
}
