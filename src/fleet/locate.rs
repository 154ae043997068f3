//! Finding one machine by its name, to ask it for an option: nothing but names is read of the others.

use super::discover::{Finder, STEPS_PER_MACHINE};
use super::pairing::hosts_by_guest;
use super::target::{Failure, Target, resolve};
use super::trouble::{Gap, Problem};
use crate::config::Settings;
use crate::eval::Evaluator;
use crate::heap::View;
use crate::modules::EvalId;

/// A machine that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// Its name as `show` gives it: of a guest that a host's `microvm.vms` names, `host/guest`.
    pub name: String,
    /// Its evaluation, in the evaluator that was passed.
    pub machine: EvalId,
}

/// Why no machine was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotLocated {
    /// The target cannot be read.
    Target(Failure),
    /// Nobody has that name.
    Unknown {
        /// The names of all machines, sorted.
        known: Vec<String>,
        /// What could not be understood: the machine may be hidden there.
        gaps: Vec<Gap>,
        /// What went wrong while looking.
        problems: Vec<Problem>,
    },
    /// Several guests have it; these names tell them apart.
    Ambiguous(Vec<String>),
    /// It is named, but its configuration cannot be had.
    Unavailable {
        /// Its whole name.
        name: String,
        /// Why, as far as that is known.
        gaps: Vec<Gap>,
        /// What went wrong while looking.
        problems: Vec<Problem>,
    },
}

/// The machines met while one is looked for.
#[derive(Debug)]
pub(super) struct Census {
    wanted: String,
    met: Vec<Met>,
}

/// A machine that was met.
#[derive(Clone, Debug)]
struct Met {
    name: String,
    /// The host whose `microvm.vms` names it.
    host: Option<String>,
    machine: Option<EvalId>,
    is_host: bool,
}

impl Met {
    fn whole_name(&self) -> String {
        match &self.host {
            Some(host) => format!("{host}/{}", self.name),
            None => self.name.clone(),
        }
    }

    fn is_called(&self, wanted: &str) -> bool {
        self.name == wanted || (self.host.is_some() && self.whole_name() == wanted)
    }
}

/// Finds the host or guest of a name. A guest may be called `host/guest`, and must be if several hosts have a guest of that name.
pub fn locate(ev: &mut Evaluator, target: &Target, name: &str) -> Result<Located, NotLocated> {
    let sources = std::sync::Arc::clone(&ev.sources);
    let scope = resolve(&sources, target).map_err(NotLocated::Target)?;
    let mut finder = Finder::new(ev, target, &scope, None);
    finder.census = Some(Census { wanted: name.to_owned(), met: Vec::new() });
    finder.look(&scope);
    let met = finder.census.take().map(|census| census.met).unwrap_or_default();
    let found = finder.finish();
    ev.grant_steps(STEPS_PER_MACHINE);
    let met = with_hosts(met, &target.settings);
    if !found.mistakes.is_empty() {
        return Err(NotLocated::Target(Failure::Configuration(found.mistakes)));
    }
    choose(met, name).map_err(|failed| match failed {
        Failed::Unavailable(name) => NotLocated::Unavailable { name, gaps: found.gaps, problems: found.problems },
        Failed::Ambiguous(names) => NotLocated::Ambiguous(names),
        Failed::Unknown(known) => NotLocated::Unknown { known, gaps: found.gaps, problems: found.problems },
    })
}

/// The machines, with the hosts that the configuration gives them to.
fn with_hosts(mut met: Vec<Met>, settings: &Settings) -> Vec<Met> {
    let hosts = hosts_by_guest(settings);
    for one in met.iter_mut().filter(|one| !one.is_host && one.host.is_none()) {
        one.host = hosts.get(one.name.as_str()).map(|host| (*host).to_owned());
    }
    met
}

enum Failed {
    Unknown(Vec<String>),
    Ambiguous(Vec<String>),
    Unavailable(String),
}

/// The machine that is meant: a host before a guest of the same name, and a guest that a host names before one that stands alone, which is then
/// the same one seen twice.
fn choose(met: Vec<Met>, wanted: &str) -> Result<Located, Failed> {
    let called: Vec<&Met> = met.iter().filter(|one| one.is_called(wanted)).collect();
    let of_hosts = called.iter().filter(|one| one.host.is_some());
    let chosen: Vec<&Met> = match called.iter().find(|one| one.is_host) {
        Some(host) => vec![host],
        None if of_hosts.clone().next().is_some() => of_hosts.copied().collect(),
        None => called.first().copied().or_else(|| alone_on_host(&met, wanted)).into_iter().collect(),
    };
    let whole_names = |all: &[&Met]| {
        let mut names: Vec<String> = all.iter().map(|one| one.whole_name()).collect();
        names.sort();
        names.dedup();
        names
    };
    match chosen.as_slice() {
        [] => Err(Failed::Unknown(whole_names(&met.iter().collect::<Vec<_>>()))),
        [one] => match one.machine {
            Some(machine) => Ok(Located { name: one.whole_name(), machine }),
            None => Err(Failed::Unavailable(one.whole_name())),
        },
        several => Err(Failed::Ambiguous(whole_names(several))),
    }
}

/// `host/guest` for a guest that stands alone beside the only host.
fn alone_on_host<'a>(met: &'a [Met], wanted: &str) -> Option<&'a Met> {
    let (host, guest) = wanted.split_once('/')?;
    let mut hosts = met.iter().filter(|one| one.is_host);
    let (Some(only), None) = (hosts.next(), hosts.next()) else { return None };
    met.iter().find(|one| only.name == host && one.name == guest && one.host.is_none() && !one.is_host)
}

impl Finder<'_> {
    /// Whether only names are wanted of what is found.
    pub(super) fn is_census(&self) -> bool {
        self.census.is_some()
    }

    /// Notes a host, and the guests that its `microvm.vms` names; only the guest that is looked for is evaluated.
    pub(super) fn meet_host(&mut self, name: &str, machine: EvalId) {
        self.meet(Met { name: name.to_owned(), host: None, machine: Some(machine), is_host: true });
        let vms = self.reader.option(machine, &["microvm", "vms"]).value;
        let vms = self.reader.settled(vms, &["microvm", "vms"]);
        let View::Attrs(set) = vms.view() else { return };
        let heap = &self.reader.ev.heap;
        let names: Vec<String> = heap.entries(set).iter().map(|(vm, ..)| heap.name(*vm).to_owned()).collect();
        for vm in names {
            let guest = Met { name: vm.clone(), host: Some(name.to_owned()), machine: None, is_host: false };
            let is_wanted = self.census.as_ref().is_some_and(|census| guest.is_called(&census.wanted));
            let before = self.number_met();
            if is_wanted {
                self.named_vm(name, machine, &vm, None);
            }
            if self.number_met() == before {
                self.meet(guest);
            }
        }
    }

    /// Notes a machine that no host names.
    pub(super) fn meet_machine(&mut self, name: &str, host: Option<String>, machine: EvalId) {
        self.meet(Met { name: name.to_owned(), host, machine: Some(machine), is_host: false });
    }

    /// Whether a host that was met, this one if one is given, names a guest.
    pub(super) fn is_met_vm_of(&self, host: Option<&str>, name: &str) -> bool {
        let is_meant = |own: &str| host.is_none_or(|host| host == own);
        let is_it = |one: &Met| one.name == name && one.host.as_deref().is_some_and(is_meant);
        self.census.as_ref().is_some_and(|census| census.met.iter().any(is_it))
    }

    pub(super) fn number_met(&self) -> usize {
        self.census.as_ref().map_or(0, |census| census.met.len())
    }

    fn meet(&mut self, one: Met) {
        if let Some(census) = &mut self.census {
            census.met.push(one);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(name: &str, host: Option<&str>, is_host: bool, number: u32) -> Met {
        Met { name: name.to_owned(), host: host.map(str::to_owned), machine: Some(EvalId(number)), is_host }
    }

    fn chosen(met: &[Met], wanted: &str) -> Result<u32, Vec<String>> {
        match choose(met.to_vec(), wanted) {
            Ok(located) => Ok(located.machine.0),
            Err(Failed::Unknown(names) | Failed::Ambiguous(names)) => Err(names),
            Err(Failed::Unavailable(name)) => Err(vec![name]),
        }
    }

    #[test]
    fn a_name_means_one_machine_or_tells_which_it_may_mean() {
        let two = [
            met("a", None, true, 0),
            met("b", None, true, 1),
            met("web", Some("a"), false, 2),
            met("web", Some("b"), false, 3),
            met("db", Some("b"), false, 4),
            met("db", None, false, 5),
            met("a", Some("b"), false, 6),
        ];
        assert_eq!(chosen(&two, "a"), Ok(0));
        assert_eq!(chosen(&two, "b/a"), Ok(6));
        assert_eq!(chosen(&two, "web"), Err(vec!["a/web".to_owned(), "b/web".to_owned()]));
        assert_eq!(chosen(&two, "b/web"), Ok(3));
        assert_eq!(chosen(&two, "db"), Ok(4));
        assert!(chosen(&two, "a/db").is_err());
        let one = [met("server", None, true, 0), met("web", None, false, 1)];
        assert_eq!(chosen(&one, "server/web"), Ok(1));
    }
}
