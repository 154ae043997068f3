//! Hosts and guests that the configuration names.
//!
//! What is named replaces the search: the hosts are those of the configuration, with the guests of their `microvm.vms` and those that are named
//! themselves. A guest that is named and also in `microvm.vms` is one guest, made of what the configuration says.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::discover::{Finder, Recipe};
use super::facts::{Declared, Fact};
use crate::builtins::toml_value;
use crate::config::{GuestEntry, Mistake, Placed, Settings, Source, nearest_of};
use crate::eval::{ErrorKind, Missed, Stop};
use crate::flake::{self, Machine, flake_value, machine_of, nixos_system};
use crate::heap::{Value, View, sym};
use crate::modules::{self, EvalId, ModuleInput};

impl Finder<'_> {
    /// Reads all machines that the configuration names.
    pub(super) fn configured(&mut self, folder: &Path) {
        let settings = Arc::clone(&self.settings);
        self.take_release(folder);
        for entry in settings.hosts.iter().filter(|host| host.source.is_given()) {
            let (name, place) = (&entry.name.value, entry.name.place);
            self.reader.machine = format!("host {name}");
            self.allow_steps();
            match self.machine_from(&entry.source, None) {
                Some(id) => self.host(name, id, Some(place), Recipe::Configured(name.clone())),
                None => self.not_available(&entry.name),
            }
        }
        for entry in settings.guests.iter().filter(|guest| guest.source.is_given()) {
            let name = &entry.name.value;
            let host = host_in_settings(&settings, entry);
            if self.is_vm_of(host.as_deref(), name) {
                continue;
            }
            self.reader.machine = format!("guest {name}");
            self.allow_steps();
            match self.machine_from(&entry.source, Some(name)) {
                Some(id) => self.guest(name, id, declared(&entry.source), Some(entry.name.place), host, Fact::Absent),
                None => self.not_available(&entry.name),
            }
        }
        self.reader.machine.clear();
    }

    /// The guest of a host's `microvm.vms`, if the configuration says what it is made of.
    pub(super) fn configured_vm(&mut self, host: &str, name: &str) -> Option<(Option<EvalId>, Declared)> {
        let settings = Arc::clone(&self.settings);
        let numbers = self.named_guests.get(name)?;
        let entry = numbers
            .iter()
            .filter_map(|number| settings.guests.get(*number))
            .find(|entry| host_in_settings(&settings, entry).is_none_or(|own| own == host))?;
        Some((self.machine_from(&entry.source, Some(name)), declared(&entry.source)))
    }

    /// A host that the configuration names, in this evaluator.
    pub(super) fn configured_host(&mut self, name: &str) -> Option<EvalId> {
        let settings = Arc::clone(&self.settings);
        let entry = settings.hosts.iter().find(|host| host.name.value == name)?;
        self.machine_from(&entry.source, None)
    }

    fn not_available(&mut self, name: &Placed<String>) {
        self.found.is_partial = true;
        self.reader.gap(Some(name.place), "the configuration", "it is not available".to_owned());
    }

    /// A machine from what it is made of; with a name it is a guest.
    fn machine_from(&mut self, source: &Source, guest: Option<&str>) -> Option<EvalId> {
        let own_folder = self.settings.folder.clone();
        let folder = source.flake.as_ref().map_or(own_folder, |flake| flake.value.clone());
        let given = self.given_value(source, &folder)?;
        let own = source.modules.iter().map(|path| self.reader.ev.path_value(&path.value.to_string_lossy()));
        let own: Vec<Value> = own.collect();
        let own_args = toml_value(self.reader.ev, toml::Value::Table(source.special_args.clone())).ok()?;
        if let Some(value) = given
            && let Some(id) = machine_of(self.reader.ev, value)
        {
            if own.is_empty() && source.special_args.is_empty() {
                return Some(id);
            }
            let own = self.reader.ev.list(&own);
            let with = self.reader.ev.set(&[("modules", own), ("specialArgs", own_args)]);
            return modules::extended(self.reader.ev, id, with).ok();
        }
        let mut args = self.flake_arguments(&folder);
        let mut modules = Vec::new();
        if let Some(value) = given {
            let parts = self.parts_of(value)?;
            modules = parts.modules;
            args = self.with_arguments(args, parts.special_args)?;
        }
        modules.extend(own.into_iter().map(ModuleInput::Module));
        args = self.with_arguments(args, Some(own_args))?;
        match guest {
            Some(name) => self.guest_machine(modules, name, Some(args)),
            None => nixos_system(self.reader.ev, Machine { modules, special_args: Some(args), pkgs: None }).ok(),
        }
    }

    /// What `attribute` and `file` give; the outer `None` if that is not available.
    fn given_value(&mut self, source: &Source, folder: &Path) -> Option<Option<Value>> {
        let root = match (&source.file, &source.attribute) {
            (None, None) => return Some(None),
            (Some(file), _) => self.reader.ev.import(&file.value),
            (None, Some(_)) => self.flake_in(folder),
        };
        let root = match root {
            Ok(root) => root,
            Err(stop) => return self.stopped(stop),
        };
        let Some(attribute) = &source.attribute else { return Some(Some(root)) };
        match self.reader.ev.select_names(root, &attribute.value, true) {
            Ok(value) => Some(Some(value)),
            Err(missed) => {
                self.missed(attribute, &missed);
                None
            }
        }
    }

    /// An attribute that is certainly not there is a mistake in the configuration; anything else is reported as evaluation says it.
    fn missed(&mut self, attribute: &Placed<Vec<String>>, missed: &Missed) {
        let info = match missed.stop.0.view() {
            View::Error(id) => self.reader.ev.error_info(id),
            _ => None,
        };
        let names = &attribute.value;
        let wrong = names.get(missed.position).cloned().unwrap_or_default();
        let is_missing = info.is_some_and(|info| info.kind == ErrorKind::MissingAttribute);
        if !is_missing || missed.siblings.contains(&wrong) {
            self.stopped::<()>(missed.stop);
            return;
        }
        let near = nearest_of(&wrong, missed.siblings.iter().map(String::as_str));
        let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        let before = names.get(..missed.position).unwrap_or_default().join(".");
        let place = if before.is_empty() { String::new() } else { format!(" in `{before}`") };
        let message = format!("there is no attribute `{wrong}`{place}{near}");
        self.found.mistakes.push(Mistake { place: attribute.place, message });
    }

    /// The flake in a folder.
    fn flake_in(&mut self, folder: &Path) -> Result<Value, Stop> {
        if let Some((_, known)) = self.flakes.iter().find(|(known, _)| known == folder) {
            return *known;
        }
        let options = self.options.clone();
        let flake = flake_value(self.reader.ev, folder, &options);
        self.flakes.push((folder.to_path_buf(), flake));
        flake
    }

    /// `inputs` and `self` if the folder has a flake, as nearly all flakes pass them to their modules.
    fn flake_arguments(&mut self, folder: &Path) -> Value {
        if self.reader.ev.sources.kind(&folder.join("flake.nix")).is_err() {
            return Value::EMPTY_SET;
        }
        let Ok(flake) = self.flake_in(folder) else { return Value::EMPTY_SET };
        let View::Attrs(set) = flake.view() else { return Value::EMPTY_SET };
        let inputs = self.reader.ev.attribute(set, sym::INPUTS).unwrap_or(Value::EMPTY_SET);
        self.reader.ev.set(&[("inputs", inputs), ("self", flake)])
    }

    fn with_arguments(&mut self, args: Value, more: Option<Value>) -> Option<Value> {
        let Some(more) = more.map(|more| self.reader.ev.force(more)) else { return Some(args) };
        match self.reader.ev.update(args, more) {
            Ok(args) => Some(args),
            Err(stop) => self.stopped(stop),
        }
    }

    /// The modules that a value stands for: the arguments of `nixosSystem`, a list, or one module.
    fn parts_of(&mut self, value: Value) -> Option<Machine> {
        let value = self.reader.settled(value, &["attribute"]);
        let mut parts = Machine::default();
        let list = match value.view() {
            View::List(_) => Some(value),
            View::Attrs(set) => {
                parts.special_args = self.reader.ev.attribute(set, sym::SPECIAL_ARGS);
                let list = self.reader.ev.attribute(set, sym::MODULES);
                list.map(|list| self.reader.settled(list, &["modules"]))
            }
            View::Error(_) | View::Unknown(_) => return None,
            _ => None,
        };
        match list.map(|list| list.view()) {
            Some(View::List(seq)) => {
                let elements = self.reader.ev.heap.elements(seq);
                parts.modules = elements.into_iter().map(ModuleInput::Module).collect();
                let rest = self.reader.ev.heap.open_reason(seq);
                parts.modules.extend(rest.map(|id| ModuleInput::Module(Value::unknown(id))));
            }
            Some(_) => return None,
            None => {
                parts.special_args = None;
                parts.modules = vec![ModuleInput::Module(value)];
            }
        }
        Some(parts)
    }

    /// The release that a flake's lock file names, unless one is given.
    pub(super) fn take_release(&mut self, folder: &Path) {
        if self.release.is_none() && self.reader.ev.sources.kind(&folder.join("flake.nix")).is_ok() {
            let found = flake::release_of(self.reader.ev, folder);
            self.release = found.map(|(year, month)| super::facts::Release { year, month });
        }
    }
}

/// Flakes that were evaluated, by folder.
pub(super) type Flakes = Vec<(PathBuf, Result<Value, Stop>)>;

fn declared(source: &Source) -> Declared {
    if source.attribute.is_some() { Declared::Configuration } else { Declared::File }
}

/// The host that the configuration gives a guest to.
fn host_in_settings(settings: &Settings, guest: &GuestEntry) -> Option<String> {
    let name = &guest.name.value;
    let listing = || settings.hosts.iter().find(|host| host.guests.iter().any(|listed| listed.value == *name));
    let host = guest.host.as_ref().or_else(|| listing().map(|host| &host.name));
    host.map(|host| host.value.clone())
}
