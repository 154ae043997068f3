//! Finding hosts and guests, and reading them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::analyse::with_autostart;
use super::configured::Flakes;
use super::entries::Entry;
use super::entry::Named;
use super::facts::{Declared, Fact, Guest, Host, Release};
use super::layout::{Root, module_roots, needs_a_loader};
use super::locate::Census;
use super::machines::doubt_interfaces;
use super::parts::Asker;
use super::reader::Reader;
use super::shares::{Bulk, GUESTS_AT_ONCE, Share};
use super::target::{Layout, Scope, Target};
use super::trouble::{Gap, Problem};
use crate::config::{Mistake, Settings};
use crate::eval::{Evaluator, Stop, UnknownReason};
use crate::flake::{FlakeOptions, Machine, is_of_atom, machine_of, nixos_system};
use crate::heap::{Set, Symbol, Value, View, sym};
use crate::modules::{self, EvalId, ModuleInput};
use crate::schema;
use crate::source::Place;
use crate::syntax::ExprId;

/// Everything that was found. Guests come with the name of the host whose `microvm.vms` names them.
#[derive(Debug, Default)]
pub(super) struct Discovery {
    pub(super) hosts: Vec<Host>,
    pub(super) guests: Vec<(Guest, Option<String>)>,
    pub(super) problems: Vec<Problem>,
    pub(super) gaps: Vec<Gap>,
    /// Whether there is a flake that did not tell its machines, or another program that loads the files, so that loose files were taken for machines.
    pub(super) is_guessed: bool,
    /// What is left to be read with evaluators of its own.
    pub(super) shares: Vec<Share>,
    /// Whether there may be machines that could not be found.
    pub(super) is_partial: bool,
    /// What the configuration names and is not there.
    pub(super) mistakes: Vec<Mistake>,
}

/// How a host is evaluated again in another evaluator.
#[derive(Clone, Debug)]
pub(super) enum Recipe {
    /// The configuration of this name in the flake.
    Configuration(String),
    /// These module files together.
    Files(Vec<Root>),
    /// What the configuration says about the host of this name.
    Configured(String),
}

/// Steps that the evaluation of one machine may take. Fuzzing tries many small fleets, of which many are endless.
pub(super) const STEPS_PER_MACHINE: u64 = if cfg!(fuzzing) { 400_000 } else { 40_000_000 };

/// Finds all machines of a scope.
pub(super) fn discover(ev: &mut Evaluator, target: &Target, scope: &Scope, asker: Asker) -> Discovery {
    let mut finder = Finder::new(ev, target, scope, Some(asker));
    finder.look(scope);
    finder.finish()
}

pub(super) struct Finder<'a> {
    pub(super) reader: Reader<'a>,
    pub(super) found: Discovery,
    pub(super) options: FlakeOptions,
    pub(super) release: Option<Release>,
    pub(super) settings: Arc<Settings>,
    /// Numbers of the guests that the configuration says what they are made of, by name.
    pub(super) named_guests: FxHashMap<String, Vec<usize>>,
    pub(super) flakes: Flakes,
    /// Where the project begins: `flake.nix`.
    pub(super) entry: Option<Place>,
    /// `microvm.vms` of the host that was asked last.
    vms: Option<(EvalId, Value)>,
    /// What the next machine may take: less for each one that took all it was given, so that many endless machines end too.
    steps: u64,
    /// If only one machine is looked for: what was met on the way. Nothing is read then.
    pub(super) census: Option<Census>,
}

impl<'a> Finder<'a> {
    pub(super) fn new(ev: &'a mut Evaluator, target: &Target, scope: &Scope, asker: Option<Asker>) -> Self {
        let mut named_guests: FxHashMap<String, Vec<usize>> = FxHashMap::default();
        for (number, guest) in target.settings.guests.iter().enumerate().filter(|(_, guest)| guest.source.is_given()) {
            named_guests.entry(guest.name.value.clone()).or_default().push(number);
        }
        let mut reader = Reader::new(ev, scope.project.clone(), asker);
        reader.wants_files = target.files;
        Self {
            reader,
            found: Discovery::default(),
            options: FlakeOptions { inputs: target.inputs.clone() },
            release: target.release,
            settings: Arc::clone(&target.settings),
            named_guests,
            flakes: Vec::new(),
            entry: None,
            vms: None,
            steps: STEPS_PER_MACHINE,
            census: None,
        }
    }

    /// Looks for all machines.
    pub(super) fn look(&mut self, scope: &Scope) {
        match &scope.layout {
            Layout::Flake(folder) => self.flake(folder),
            Layout::Files(files) => self.files(files, None),
            Layout::Folder(folder) => {
                let machines = self.entry_machines(folder);
                match machines.is_empty() {
                    true => self.files(&[], Some(folder)),
                    false => self.machines(machines),
                }
            }
            Layout::Configured(folder) => self.configured(folder),
        }
    }
}

impl Finder<'_> {
    pub(super) fn finish(self) -> Discovery {
        let Self { reader, mut found, entry, .. } = self;
        (found.problems, found.gaps) = reader.troubles(found.is_guessed);
        let places = |machine: &str| {
            let (kind, name) = machine.split_once(' ')?;
            match kind {
                "host" => found.hosts.iter().find(|host| host.name == name)?.place,
                _ => found.guests.iter().find(|(guest, _)| guest.name == name)?.0.place,
            }
        };
        for problem in found.problems.iter_mut().filter(|problem| problem.place.is_none()) {
            if problem.related.is_empty() {
                let machine = problem.machine.as_deref().and_then(places);
                let text = if machine.is_some() { "met while reading this" } else { "met while reading this flake" };
                problem.related.extend(machine.or(entry).map(|place| (place, text.to_owned())));
            }
        }
        found
    }

    /// Lets the next machine begin.
    pub(super) fn allow_steps(&mut self) {
        if self.ev().is_exhausted() {
            self.steps /= 4;
        }
        let steps = self.steps;
        self.ev().grant_steps(steps);
    }

    /// A host that was found before, in this evaluator.
    pub(super) fn again(&mut self, recipe: &Recipe, scope: &Scope) -> Option<EvalId> {
        self.allow_steps();
        match recipe {
            Recipe::Configuration(name) => self.machine_again(scope, name),
            Recipe::Files(roots) => self.plain_machine(roots),
            Recipe::Configured(name) => self.configured_host(name),
        }
    }

    pub(super) fn ev(&mut self) -> &mut Evaluator {
        self.reader.ev
    }

    fn flake(&mut self, folder: &Path) {
        self.enter(folder);
        let machines = self.flake_machines(folder);
        if machines.is_empty() && self.found.shares.is_empty() && self.reader.problems.is_empty() {
            self.found.is_guessed = true;
            self.files(&[], Some(folder));
        } else {
            self.machines(machines);
        }
    }

    /// Reads machines that have a name.
    pub(super) fn machines(&mut self, machines: Vec<Named>) {
        let mut guests = Vec::new();
        for (name, id, place) in machines {
            self.reader.machine = format!("machine {name}");
            let role = self.reader.role(id);
            if role.is_host {
                self.host(&name, id, place, Recipe::Configuration(name.clone()));
            }
            if role.is_guest {
                guests.push((name, id, place));
            } else if self.is_census() && !role.is_host {
                self.meet_machine(&name, None, id);
            }
        }
        for (name, id, place) in guests {
            if !self.is_vm_of(None, &name) {
                self.guest(&name, id, Declared::Configuration, place, None, Fact::Absent);
            }
        }
        self.reader.machine.clear();
    }

    /// Whether the `microvm.vms` of a host, or of any, names a guest.
    pub(super) fn is_vm_of(&self, host: Option<&str>, name: &str) -> bool {
        let is_meant = |own: &str| host.is_none_or(|host| host == own);
        let names_it = |host: &Host| host.vms.items.iter().any(|vm| vm.value == name);
        self.is_met_vm_of(host, name) || self.found.hosts.iter().any(|host| is_meant(&host.name) && names_it(host))
    }

    /// Reports what evaluation ended in; there may be machines behind it.
    pub(super) fn stopped<T>(&mut self, stop: Stop) -> Option<T> {
        self.found.is_partial = true;
        self.reader.settled(stop.0, &["outputs"]);
        None
    }

    /// Reads a host and the guests of its `microvm.vms`.
    pub(super) fn host(&mut self, name: &str, id: EvalId, place: Option<Place>, recipe: Recipe) {
        self.allow_steps();
        if self.is_census() {
            return self.meet_host(name, id);
        }
        let host = self.reader.host(name, id, place, self.release);
        let vms = host.vms.clone();
        self.found.hosts.push(host);
        let vms: Vec<_> = vms.items.into_iter().map(|vm| (vm.value, vm.origin.definition)).collect();
        if vms.len() > GUESTS_AT_ONCE {
            let bulk = |vms: &[_]| Bulk { host: name.to_owned(), recipe: recipe.clone(), vms: vms.to_vec() };
            self.found.shares.extend(vms.chunks(GUESTS_AT_ONCE).map(bulk).map(Share::Guests));
            return;
        }
        self.found.guests.reserve(vms.len());
        for (vm, place) in vms {
            self.named_vm(name, id, &vm, place);
        }
    }

    pub(super) fn named_vm(&mut self, host: &str, host_id: EvalId, name: &str, place: Option<Place>) {
        self.reader.machine = format!("guest {name}");
        self.allow_steps();
        self.vm(host, host_id, name, place);
        self.reader.machine.clear();
    }

    /// One `microvm.vms.<name>`: the flake's configuration, an evaluated one, or modules (microvm.nix, nixos-modules/host/default.nix).
    fn vm(&mut self, host: &str, host_id: EvalId, name: &str, place: Option<Place>) {
        let Some(vm) = self.vm_set(host_id, name) else {
            self.found.is_partial = true;
            return;
        };
        let autostart = self.vm_value(vm, "autostart");
        let autostart = self.reader.truth(autostart, ExprId::NONE);
        let [flake, evaluated] = ["flake", "evaluatedConfig"].map(|leaf| self.vm_value(vm, leaf));
        let configured = if self.named_guests.is_empty() { None } else { self.configured_vm(host, name) };
        let is_own = configured.is_none() && flake.view() == View::Null && evaluated.view() == View::Null;
        let (id, declared) = match (flake.view(), evaluated.view()) {
            _ if configured.is_some() => configured.unwrap_or((None, Declared::Inline)),
            _ if is_own => (self.inline(host_id, name, vm), Declared::Inline),
            (View::Null, _) => (machine_of(self.ev(), evaluated), Declared::Inline),
            _ => (self.referenced(flake, name), Declared::FlakeReference),
        };
        let is_configured = declared != Declared::FlakeReference && !is_own;
        if !self.is_census() && !is_configured {
            let update = self.vm_value(vm, "updateFlake");
            self.judge_entry(Entry { host_id, name, place, flake, update, guest: id });
        }
        match id {
            Some(id) => {
                self.guest(name, id, declared, place, Some(host.to_owned()), autostart);
                // A module of the host that is not known may add to the guest.
                if modules::is_incomplete(self.reader.ev, host_id)
                    && let Some((guest, _)) = self.found.guests.last_mut().filter(|(guest, _)| guest.name == name)
                {
                    doubt_interfaces(guest);
                }
                if is_own && !self.is_census() {
                    modules::release(self.ev(), id);
                }
            }
            None => {
                self.found.is_partial = true;
                self.reader.gap(place, "the configuration", "it is not available".to_owned());
            }
        }
    }

    /// The configuration of `microvm.vms.<name>`.
    fn vm_set(&mut self, host_id: EvalId, name: &str) -> Option<Set> {
        let vms = match self.vms {
            Some((known, vms)) if known == host_id => vms,
            _ => {
                let value = self.reader.option(host_id, &["microvm", "vms"]).value;
                self.vms = Some((host_id, value));
                value
            }
        };
        let View::Attrs(vms) = vms.view() else { return None };
        let symbol = self.ev().heap.intern(name);
        let value = self.ev().attribute(vms, symbol)?;
        match self.reader.settled(value, &["microvm", "vms", name]).view() {
            View::Attrs(set) => Some(set),
            _ => None,
        }
    }

    fn vm_value(&mut self, vm: Set, leaf: &str) -> Value {
        let name = self.ev().heap.intern(leaf);
        match self.ev().attribute(vm, name) {
            Some(value) => self.reader.settled(value, &["microvm", "vms", "<name>", leaf]),
            None => Value::NULL,
        }
    }

    fn inline(&mut self, host_id: EvalId, name: &str, vm: Set) -> Option<EvalId> {
        let definitions = self.reader.option(host_id, &["microvm", "vms", name, "config"]).definitions;
        if definitions.is_empty() {
            return None;
        }
        let [special_args, extra] = ["specialArgs", "extraModules"].map(|leaf| self.vm_value(vm, leaf));
        // What cannot be read passes any argument.
        let special_args = match special_args.view() {
            View::Error(_) => self.ev().unknown(UnknownReason::ModuleArgument("specialArgs".to_owned())).0,
            _ => special_args,
        };
        let mut modules: Vec<ModuleInput> = definitions.into_iter().map(ModuleInput::Import).collect();
        if let View::List(seq) = extra.view() {
            modules.extend(self.ev().heap.elements(seq).into_iter().map(ModuleInput::Module));
        }
        self.guest_machine(modules, name, Some(special_args))
    }

    /// A guest of these modules, with the guest module of microvm.nix and its name as the default host name.
    pub(super) fn guest_machine(
        &mut self,
        modules: Vec<ModuleInput>,
        name: &str,
        special_args: Option<Value>,
    ) -> Option<EvalId> {
        let ev = self.ev();
        let guest = schema::guest_module(ev).ok()?;
        let default_name = default_host_name(ev, name);
        let mut all = vec![ModuleInput::Module(guest), ModuleInput::Module(default_name)];
        all.extend(modules);
        let special_args = special_args.filter(|value| matches!(value.view(), View::Attrs(_) | View::Unknown(_)));
        nixos_system(ev, Machine { modules: all, special_args, pkgs: None }).ok()
    }

    pub(super) fn guest(
        &mut self,
        name: &str,
        id: EvalId,
        declared: Declared,
        place: Option<Place>,
        host: Option<String>,
        autostart: Fact<bool>,
    ) {
        self.allow_steps();
        if self.is_census() {
            return self.meet_machine(name, host, id);
        }
        let guest = self.reader.guest(name, id, declared, place);
        self.found.guests.push((with_autostart(guest, autostart), host));
        self.reader.machine.clear();
    }

    /// Module files: those given, or all below a folder that no other file imports.
    fn files(&mut self, given: &[PathBuf], folder: Option<&Path>) {
        let settings = Arc::clone(&self.settings);
        let is_excluded =
            |path: &Path| path.strip_prefix(&settings.folder).is_ok_and(|path| settings.exclude.matches(path));
        let roots = module_roots(self.reader.ev, given, folder, &is_excluded);
        let has_loader = roots.iter().any(|root| is_of_atom(self.reader.ev, &root.path));
        self.found.is_guessed |= folder.is_some() && (has_loader || needs_a_loader(self.reader.ev));
        let mut named: Vec<(Root, EvalId)> = Vec::new();
        let mut nameless: Vec<Root> = Vec::new();
        let mut guests: Vec<Root> = Vec::new();
        for root in roots {
            if given.is_empty() && self.ev().import_count(&root.path) > 0 {
                continue;
            }
            self.reader.machine = format!("file {}", root.name);
            self.allow_steps();
            let Some(id) = self.plain_machine(std::slice::from_ref(&root)) else { continue };
            let role = self.reader.role(id);
            if role.is_guest && !role.is_host {
                guests.push(root);
            } else if self.reader.is_given(id, &["networking", "hostName"]) {
                if role.is_host {
                    named.push((root, id));
                }
            } else if role.is_host || self.names_networks(id) {
                nameless.push(root);
            }
        }
        self.plain_hosts(named, nameless);
        for root in guests {
            if given.is_empty() && self.ev().import_count(&root.path) > 1 {
                continue;
            }
            self.plain_guest(&root);
        }
        self.reader.machine.clear();
    }

    /// Whether modules of the user's define units, whatever is in them.
    fn names_networks(&mut self, id: EvalId) -> bool {
        let definitions = self.reader.option(id, &["systemd", "network", "networks"]).definitions;
        definitions.iter().any(|definition| self.reader.place(definition.origin).is_some())
    }

    fn plain_machine(&mut self, roots: &[Root]) -> Option<EvalId> {
        let ev = self.ev();
        let modules =
            roots.iter().map(|root| ModuleInput::Module(ev.path_value(&root.path.to_string_lossy()))).collect();
        nixos_system(ev, Machine { modules, ..Machine::default() }).ok()
    }

    /// Files that have no host name of their own belong to the only host.
    fn plain_hosts(&mut self, named: Vec<(Root, EvalId)>, nameless: Vec<Root>) {
        let several = named.len() > 1;
        let joined = if several { Vec::new() } else { nameless.clone() };
        for (root, id) in &named {
            let mut together = vec![root.clone()];
            together.extend(joined.iter().cloned());
            let id = if joined.is_empty() { Some(*id) } else { self.plain_machine(&together) };
            if let Some(id) = id {
                self.plain_host(root, id, together);
            }
        }
        if several {
            for root in nameless {
                if let Some(id) = self.plain_machine(std::slice::from_ref(&root)) {
                    self.plain_host(&root, id, vec![root.clone()]);
                }
            }
        } else if named.is_empty()
            && let Some(first) = nameless.first()
            && let Some(id) = self.plain_machine(&nameless)
        {
            self.plain_host(first, id, nameless.clone());
        }
    }

    fn plain_host(&mut self, root: &Root, id: EvalId, files: Vec<Root>) {
        let name = self.host_name(id).unwrap_or_else(|| root.name.clone());
        let place = self.start_of(&root.path);
        self.host(&name, id, place, Recipe::Files(files));
    }

    fn plain_guest(&mut self, root: &Root) {
        let ev = self.ev();
        let path = ev.path_value(&root.path.to_string_lossy());
        let Some(id) = self.guest_machine(vec![ModuleInput::Module(path)], &root.name, None) else { return };
        let name = self.host_name(id).unwrap_or_else(|| root.name.clone());
        let place = self.start_of(&root.path);
        self.guest(&name, id, Declared::File, place, None, Fact::Absent);
    }

    fn host_name(&mut self, id: EvalId) -> Option<String> {
        if !self.reader.is_given(id, &["networking", "hostName"]) {
            return None;
        }
        let value = self.reader.option(id, &["networking", "hostName"]).value;
        self.ev().want_text(value).ok().filter(|name| !name.is_empty())
    }

    pub(super) fn start_of(&mut self, path: &Path) -> Option<Place> {
        let file = self.ev().sources.read(path).ok()?;
        Some(Place { file: file.id, span: crate::source::Span::new(0, 0) })
    }
}

/// `{ networking.hostName = lib.mkDefault name; }`
fn default_host_name(ev: &mut Evaluator, name: &str) -> Value {
    let kind = ev.str("override");
    let name = ev.str(name);
    let default: [(Symbol, Value, ExprId); 3] = [
        (sym::TYPE_TAG, kind, ExprId::NONE),
        (sym::PRIORITY, Value::int(1000), ExprId::NONE),
        (sym::CONTENT, name, ExprId::NONE),
    ];
    let default = ev.heap.new_set(&default);
    let host_name = ev.set(&[("hostName", default)]);
    ev.set(&[("networking", host_name)])
}
