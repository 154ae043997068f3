//! Edits of source that several machines share: who makes them changes all of these machines.
//!
//! An edit that also changes a machine without the mistake keeps not the meaning of everything else. So it is only suggested, and its title names
//! those machines.

use rustc_hash::{FxHashMap, FxHashSet};

use super::causes::Judged;
use super::context::Context;
use super::finding::{Fix, Safety};
use super::wording;
use crate::fleet::{GuestId, HostId, Network};
use crate::source::{FileId, Place, Span};

/// Most machines that a title names.
const MOST_NAMED: usize = 3;

/// How many expressions around an edit are looked at.
const DEEPEST: usize = 8;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Machine {
    Host(HostId),
    Guest(GuestId),
}

/// Lets edits tell which other machines they change.
pub(super) fn tell(context: &Context<'_>, drafts: &mut [Judged]) {
    // Findings that ask for one and the same edit are one mistake.
    let mut concerned: FxHashMap<Asked, FxHashSet<Machine>> = FxHashMap::default();
    for (rule, draft) in drafts.iter() {
        for fix in &draft.fixes {
            let hosts = draft.scope.host.map(Machine::Host).into_iter();
            let machines = hosts.chain(draft.scope.guests.iter().copied().map(Machine::Guest));
            concerned.entry(asked(rule.name, fix)).or_default().extend(machines);
        }
    }
    if concerned.is_empty() {
        return;
    }
    let users = Users::of(context);
    // What is about no machine in particular is about whoever uses the source.
    concerned.retain(|_, known| !known.is_empty());
    let suffixes: FxHashMap<Asked, String> = concerned
        .into_iter()
        .filter_map(|(asked, known)| {
            let changed: FxHashSet<Machine> = asked.1.iter().flat_map(|place| users.of_edit(*place)).copied().collect();
            let mut others: Vec<Machine> = changed.difference(&known).copied().collect();
            others.sort_unstable();
            (!others.is_empty()).then(|| (asked, format!("; this changes {} too", named(context, &others))))
        })
        .collect();
    for (rule, draft) in drafts {
        for fix in &mut draft.fixes {
            let Some(suffix) = suffixes.get(&asked(rule.name, fix)) else { continue };
            fix.title.push_str(suffix);
            if fix.safety == Safety::Safe {
                fix.safety = Safety::Unsafe;
            }
        }
    }
}

/// A rule and the places that an edit of it changes.
type Asked = (&'static str, Vec<Place>);

fn asked(rule: &'static str, fix: &Fix) -> Asked {
    (rule, fix.edits.iter().map(|edit| edit.place).collect())
}

fn named(context: &Context<'_>, machines: &[Machine]) -> String {
    let name = |machine: &Machine| match machine {
        Machine::Host(id) => format!("host {}", context.fleet.host(*id).map_or("", |host| &host.name)),
        Machine::Guest(id) => format!("guest {}", context.guest_name(*id)),
    };
    let mut names: Vec<String> = machines.iter().take(MOST_NAMED).map(name).collect();
    if machines.len() > MOST_NAMED {
        names.push(format!("{} more", machines.len() - MOST_NAMED));
    }
    wording::list(&names.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Who uses which part of the source.
struct Users {
    /// Where modules begin to speak of `networking`.
    starts: FxHashMap<(FileId, u32), Vec<Machine>>,
    /// The expressions that files of networkd come from, by the file of the source.
    bodies: FxHashMap<FileId, Vec<(Span, Vec<Machine>)>>,
}

impl Users {
    fn of(context: &Context<'_>) -> Self {
        let fleet = context.fleet;
        let hosts = fleet.numbered_hosts().map(|(id, host)| (Machine::Host(id), &host.network));
        // A guest that no host is known to run is harmed by nothing.
        let run = fleet.numbered_guests().filter(|(_, guest)| guest.host.is_some());
        let guests = run.map(|(id, guest)| (Machine::Guest(id), &guest.network));
        let mut starts: FxHashMap<(FileId, u32), Vec<Machine>> = FxHashMap::default();
        let mut bodies: FxHashMap<Place, Vec<Machine>> = FxHashMap::default();
        for (machine, network) in hosts.chain(guests) {
            let Network { units, module_starts, .. } = network;
            for place in module_starts {
                starts.entry((place.file, place.span.start)).or_default().push(machine);
            }
            for place in units.items.iter().filter_map(|unit| unit.body) {
                let users = bodies.entry(place).or_default();
                if users.last() != Some(&machine) {
                    users.push(machine);
                }
            }
        }
        let mut by_file: FxHashMap<FileId, Vec<(Span, Vec<Machine>)>> = FxHashMap::default();
        for (place, users) in bodies {
            by_file.entry(place.file).or_default().push((place.span, users));
        }
        by_file.values_mut().for_each(|bodies| bodies.sort_by_key(|(span, _)| (span.start, u32::MAX - span.end)));
        Self { starts, bodies: by_file }
    }

    fn of_edit(&self, Place { file, span }: Place) -> &[Machine] {
        if let Some(users) = self.starts.get(&(file, span.start)).filter(|_| span.start == span.end) {
            return users;
        }
        let bodies = self.bodies.get(&file).map(Vec::as_slice).unwrap_or_default();
        let end = bodies.partition_point(|(body, _)| body.start <= span.start);
        // They lie side by side, but for a few that hold others.
        let before = bodies.get(..end).unwrap_or_default().iter().rev().take(DEEPEST);
        before.into_iter().find(|(body, _)| span.end <= body.end).map(|(_, users)| users.as_slice()).unwrap_or_default()
    }
}
