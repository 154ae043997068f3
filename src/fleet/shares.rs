//! Work that is shared out: each share is read with an evaluator of its own, which is dropped with everything it took, on all cores.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustc_hash::FxHashSet;

use super::analyse::{Loaded, STACK};
use super::discover::{Discovery, Finder, Recipe};
use super::entry::{Named, names_in};
use super::facts::Declared;
use super::session::tolerant_evaluator_on;
use super::target::{Layout, Scope, Target};
use crate::flake::flake_value;
use crate::heap::{Heap, Set, Value};
use crate::source::{Place, Sources};
use crate::syntax::ParsedFiles;

/// Something to read with an evaluator of its own.
#[derive(Clone, Debug)]
pub(super) enum Share {
    /// Guests of one host.
    Guests(Bulk),
    /// Configurations of the flake, by name.
    Machines(Vec<String>),
    /// Guests that only packages of the flake make, apart from the configurations of these names.
    Packaged(Vec<String>),
}

/// Guests of one host.
#[derive(Clone, Debug)]
pub(super) struct Bulk {
    pub(super) host: String,
    pub(super) recipe: Recipe,
    pub(super) vms: Vec<(String, Option<Place>)>,
}

/// Most guests that are read in the same evaluator as their host, and in one share.
pub(super) const GUESTS_AT_ONCE: usize = 512;

/// Most configurations of a flake that are read in one share. Each share evaluates the flake again as far as its machines need; the memory that
/// one has left is the next one's.
const MACHINES_AT_ONCE: usize = 16;

/// The shares of a flake are a multiple of this and of the same size, so that two or four threads end together.
const SHARES_ALIKE: usize = 4;

impl Discovery {
    /// Reads all shares, those too that turn up on the way.
    pub(super) fn read_shares(
        &mut self,
        sources: &Arc<Sources>,
        target: &Target,
        scope: &Scope,
        parsed: &ParsedFiles,
        loaded: &mut Loaded,
    ) {
        let mut are_split = false;
        while !self.shares.is_empty() {
            let shares = std::mem::take(&mut self.shares);
            are_split |= shares.iter().any(|share| matches!(share, Share::Machines(_)));
            for (part, files) in read_all(sources, target, scope, &shares, parsed) {
                self.merge(part);
                loaded.merge(files);
            }
        }
        if are_split {
            self.drop_doubles();
        }
    }

    fn merge(&mut self, part: Self) {
        self.hosts.extend(part.hosts);
        self.guests.extend(part.guests);
        for problem in part.problems {
            let is_known =
                self.problems.iter().any(|known| known.message == problem.message && known.place == problem.place);
            if !is_known {
                self.problems.push(problem);
            }
        }
        self.gaps.extend(part.gaps);
        self.mistakes.extend(part.mistakes);
        self.shares.extend(part.shares);
        self.is_partial |= part.is_partial;
    }

    /// Configurations that are guests of a host in another share are one guest with it.
    fn drop_doubles(&mut self) {
        let vms = self.hosts.iter().flat_map(|host| &host.vms.items);
        let names: FxHashSet<String> = vms.map(|vm| vm.value.clone()).collect();
        let is_double = |guest: &super::facts::Guest, host: &Option<String>| {
            host.is_none() && guest.declared == Declared::Configuration && names.contains(&guest.name)
        };
        self.guests.retain(|(guest, host)| !is_double(guest, host));
    }
}

/// Reads shares on all cores, in their order.
fn read_all(
    sources: &Arc<Sources>,
    target: &Target,
    scope: &Scope,
    shares: &[Share],
    parsed: &ParsedFiles,
) -> Vec<(Discovery, Loaded)> {
    let next = AtomicUsize::new(0);
    let work = || {
        let (mut done, mut heap) = (Vec::new(), Heap::new());
        loop {
            // From the last: that one goes through all packages, and what is longest should not begin when the others end.
            let Some(number) = shares.len().checked_sub(1 + next.fetch_add(1, Ordering::Relaxed)) else { return done };
            let Some(share) = shares.get(number) else { return done };
            let mut ev = tolerant_evaluator_on(heap, sources, parsed.clone());
            let mut finder = Finder::new(&mut ev, target, scope, None);
            finder.share(scope, share);
            let found = finder.finish();
            let mut loaded = Loaded::default();
            loaded.collect(&ev, scope);
            done.push((number, (found, loaded)));
            heap = Heap::within(ev.heap.leave());
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(8);
    let mut done = std::thread::scope(|scope| {
        let spawn = |_| std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).ok();
        let others: Vec<_> = (1..threads).filter_map(spawn).collect();
        let mut done = work();
        done.extend(others.into_iter().filter_map(|worker| worker.join().ok()).flatten());
        done
    });
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, part)| part).collect()
}

impl Finder<'_> {
    /// The shares of the configurations of a flake, if there are more than one evaluator should read.
    pub(super) fn shares_of(&mut self, sets: &[Set]) -> Vec<Share> {
        let names = names_in(self.ev(), sets);
        if self.is_census() || names.len() <= MACHINES_AT_ONCE {
            return Vec::new();
        }
        let packaged = Share::Packaged(names.clone());
        let shares = names.len().div_ceil(MACHINES_AT_ONCE).next_multiple_of(SHARES_ALIKE);
        let machines = names.chunks(names.len().div_ceil(shares)).map(|names| Share::Machines(names.to_vec()));
        machines.chain([packaged]).collect()
    }

    fn share(&mut self, scope: &Scope, share: &Share) {
        match share {
            Share::Guests(bulk) => {
                if let Some(host) = self.again(&bulk.recipe, scope) {
                    for (name, place) in &bulk.vms {
                        self.named_vm(&bulk.host, host, name, *place);
                    }
                }
            }
            Share::Machines(names) => self.part_of_flake(scope, |finder, flake| {
                let sets = finder.machine_sets(flake);
                finder.machines_of(&sets, |name| names.iter().any(|wanted| wanted == name))
            }),
            Share::Packaged(names) => self.part_of_flake(scope, |finder, flake| finder.packaged(flake, names)),
        }
    }

    fn part_of_flake(&mut self, scope: &Scope, machines: impl FnOnce(&mut Self, Value) -> Vec<Named>) {
        let Layout::Flake(folder) = &scope.layout else { return };
        self.enter(folder);
        let options = self.options.clone();
        match flake_value(self.ev(), folder, &options) {
            Ok(flake) => {
                let machines = machines(self, flake);
                self.machines(machines);
            }
            Err(stop) => self.stopped(stop).unwrap_or_default(),
        }
    }

    /// Takes what the flake's own files tell of all its machines.
    pub(super) fn enter(&mut self, folder: &Path) {
        self.take_release(folder);
        self.entry = self.start_of(&folder.join("flake.nix"));
    }
}
