//! The sets of machines that a project names: outputs of its flake, a hive, or what its entry file gives.

use std::path::{Path, PathBuf};

use rustc_hash::FxHashSet;

use super::discover::Finder;
use super::target::{Layout, Scope};
use crate::eval::{Evaluator, Stop};
use crate::flake::{FlakeOptions, flake_value, hive_nodes, machine_of, machines_made};
use crate::heap::{Set, Value, View};
use crate::modules::EvalId;
use crate::source::Place;

/// A machine with the name that the project gives it, and where.
pub(super) type Named = (String, EvalId, Option<Place>);

/// Files that may give machines where there is no flake: colmena's hive, and the file that `nix-build` takes.
const ENTRY_FILES: &[&str] = &["hive.nix", "default.nix"];

impl Finder<'_> {
    /// The machines of a flake; none if they are so many that they are shared out.
    pub(super) fn flake_machines(&mut self, folder: &Path) -> Vec<Named> {
        let options = self.options.clone();
        match flake_value(self.ev(), folder, &options) {
            Ok(flake) => {
                let sets = self.machine_sets(flake);
                let shares = self.shares_of(&sets);
                if !shares.is_empty() {
                    self.found.shares.extend(shares);
                    return Vec::new();
                }
                let mut machines = self.machines_of(&sets, |_| true);
                let names: Vec<String> = machines.iter().map(|(name, ..)| name.clone()).collect();
                machines.extend(self.packaged(flake, &names));
                machines
            }
            Err(stop) => self.stopped(stop).unwrap_or_default(),
        }
    }

    /// Guests that are made for nothing but a package that runs them (microvm.nix, "Running a MicroVM as a package"). What fails in packages
    /// is no concern of routelint's.
    pub(super) fn packaged(&mut self, flake: Value, configurations: &[String]) -> Vec<Named> {
        let mut machines: Vec<Named> = Vec::new();
        let ev = self.ev();
        let packages = set_of(flake).and_then(|outputs| attribute(ev, outputs, "packages"));
        let Some(systems) = packages.and_then(|packages| set_of(ev.force(packages))) else { return machines };
        for system in ["x86_64-linux", "aarch64-linux"] {
            self.allow_steps();
            let ev = self.ev();
            let Some(set) = attribute(ev, systems, system).and_then(|packages| set_of(ev.force(packages))) else {
                continue;
            };
            for (name, slot, origin) in ev.heap.entries(set) {
                let name = self.ev().heap.name(name).to_owned();
                if configurations.contains(&name) || machines.iter().any(|(known, ..)| *known == name) {
                    continue;
                }
                let before = machines_made(self.ev()).len();
                self.ev().force(Value::reference(slot));
                let made = machines_made(self.ev()).get(before..).unwrap_or_default().to_vec();
                if let Some(id) = made.into_iter().find(|id| self.reader.role(*id).is_guest) {
                    machines.push((name, id, self.reader.place(origin)));
                }
            }
        }
        machines
    }

    /// The machines of an entry file in a folder without a flake.
    pub(super) fn entry_machines(&mut self, folder: &Path) -> Vec<Named> {
        let sets = self.entry_sets(folder);
        self.machines_of(&sets, |_| true)
    }

    /// The machine of this name in the scope's flake or entry file.
    pub(super) fn machine_again(&mut self, scope: &Scope, name: &str) -> Option<EvalId> {
        match &scope.layout {
            Layout::Flake(folder) => {
                let options = self.options.clone();
                let flake = flake_value(self.ev(), folder, &options).ok()?;
                self.referenced(flake, name)
            }
            Layout::Folder(folder) => {
                let sets = self.entry_sets(folder);
                self.named_in(&sets, name)
            }
            Layout::Files(_) | Layout::Configured(_) => None,
        }
    }

    /// `microvm.vms.<name>.flake`: the machine of that name in the flake.
    pub(super) fn referenced(&mut self, flake: Value, name: &str) -> Option<EvalId> {
        let flake = match flake.view() {
            View::Path(id) | View::Str(id) => {
                let folder = PathBuf::from(self.ev().heap.text(id).into_owned());
                let options = FlakeOptions::default();
                flake_value(self.ev(), &folder, &options).ok()?
            }
            _ => flake,
        };
        let sets = self.machine_sets(flake);
        self.named_in(&sets, name)
    }

    fn named_in(&mut self, sets: &[Set], name: &str) -> Option<EvalId> {
        let symbol = self.ev().heap.intern(name);
        sets.iter().find_map(|set| {
            let value = self.ev().attribute(*set, symbol)?;
            let value = self.reader.settled(value, &["nixosConfigurations", name]);
            machine_of(self.ev(), value)
        })
    }

    /// `nixosConfigurations` and the nodes of a hive, `colmenaHive` or `colmena`.
    pub(super) fn machine_sets(&mut self, flake: Value) -> Vec<Set> {
        let View::Attrs(outputs) = flake.view() else {
            self.reader.settled(flake, &["outputs"]);
            return Vec::new();
        };
        let mut sets = Vec::new();
        let configurations = attribute(self.ev(), outputs, "nixosConfigurations");
        let hive =
            ["colmenaHive", "colmena"].into_iter().find_map(|name| Some((name, attribute(self.ev(), outputs, name)?)));
        match configurations {
            Some(value) => {
                let value = self.reader.settled(value, &["nixosConfigurations"]);
                let set = set_of(value);
                self.found.is_partial |= set.is_none_or(|set| self.ev().heap.open_set_reason(set).is_some());
                sets.extend(set);
            }
            None if hive.is_none() => {
                let unknown = self.ev().heap.open_set_reason(outputs).map(Value::unknown);
                if let Some(unknown) = unknown {
                    self.stopped::<()>(Stop(unknown));
                }
            }
            None => {}
        }
        if let Some((name, value)) = hive {
            let value = self.reader.settled(value, &[name]);
            sets.extend(hive_nodes(self.ev(), value).ok().and_then(set_of));
        }
        sets
    }

    /// The sets of machines that an entry file gives; a file that is none of that gives none.
    fn entry_sets(&mut self, folder: &Path) -> Vec<Set> {
        ENTRY_FILES.iter().find_map(|file| self.sets_of_file(&folder.join(file)).ok()).unwrap_or_default()
    }

    fn sets_of_file(&mut self, path: &Path) -> Result<Vec<Set>, Stop> {
        let ev = self.ev();
        let given = ev.import(path);
        // Nobody imports it yet: if it gives no machines, it is a module like others.
        ev.forget_import(path);
        let given = given?;
        let is_callable =
            ev.formals_of(given).is_some_and(|formals| formals.iter().all(|(_, has_default, _)| *has_default));
        let value = if is_callable { ev.call(given, &[Value::EMPTY_SET])? } else { given };
        let value = ev.want(value)?;
        let nothing = Stop(Value::NULL);
        let View::Attrs(set) = value.view() else { return Err(nothing) };
        if ["meta", "network", "defaults", "__schema"].iter().any(|name| attribute(ev, set, name).is_some()) {
            let nodes = hive_nodes(ev, value)?;
            return Ok(set_of(nodes).into_iter().collect());
        }
        let inner = attribute(ev, set, "nixosConfigurations").and_then(|value| set_of(ev.force(value)));
        let candidate = inner.unwrap_or(set);
        let slots: Vec<Value> =
            ev.heap.entries(candidate).into_iter().map(|(_, slot, _)| Value::reference(slot)).collect();
        let has_machine = slots.into_iter().any(|value| machine_of(ev, value).is_some());
        if has_machine { Ok(vec![candidate]) } else { Err(nothing) }
    }

    /// The machines of these sets that are wanted by name; of two with one name the first counts.
    pub(super) fn machines_of(&mut self, sets: &[Set], is_wanted: impl Fn(&str) -> bool) -> Vec<Named> {
        let mut machines: Vec<Named> = Vec::new();
        for set in sets {
            for (name, slot, origin) in self.ev().heap.entries(*set) {
                let name = self.ev().heap.name(name).to_owned();
                if !is_wanted(&name) || machines.iter().any(|(known, ..)| *known == name) {
                    continue;
                }
                self.reader.machine = format!("machine {name}");
                self.allow_steps();
                let value = self.reader.settled(Value::reference(slot), &["nixosConfigurations", &name]);
                if let Some(id) = machine_of(self.ev(), value) {
                    let place = self.reader.place(origin).or_else(|| self.reader.place(value.origin()));
                    machines.push((name, id, place));
                }
            }
        }
        machines
    }
}

/// The names in these sets, each once, in their order.
pub(super) fn names_in(ev: &Evaluator, sets: &[Set]) -> Vec<String> {
    let mut seen = FxHashSet::default();
    let entries = sets.iter().flat_map(|set| ev.heap.entries(*set));
    entries.filter(|(name, ..)| seen.insert(*name)).map(|(name, ..)| ev.heap.name(name).to_owned()).collect()
}

pub(super) fn attribute(ev: &mut Evaluator, set: Set, name: &str) -> Option<Value> {
    let name = ev.heap.intern(name);
    ev.attribute(set, name)
}

fn set_of(value: Value) -> Option<Set> {
    match value.view() {
        View::Attrs(set) => Some(set),
        _ => None,
    }
}
