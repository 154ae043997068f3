//! From the modules that an evaluation starts with to all modules that take part.
//!
//! Imports are followed without recursion and each path is loaded once, so neither a deep chain nor modules that import each other do harm.
//! A module counts once by its key. What `disabledModules` names is left out afterwards, together with what only it imports.

use std::collections::VecDeque;
use std::path::Path;
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::arguments::apply_module;
use super::canonical::{Loaded, Module, ModuleConfig, disabled_key, not_a_module, unify};
use super::definition::Definition;
use super::evaluation::{Evaluation, ModuleInput};
use super::properties::type_tag;
use super::report::{ModuleProblem, ProblemKind};
use crate::eval::{Coercion, ErrorKind, Evaluator, Stop, UnknownReason};
use crate::heap::{Value, View, sym};
use crate::syntax::ExprId;

/// Label of a module that stands in no file.
pub(super) const UNKNOWN_FILE: &str = "<unknown-file>";
/// Deepest chain of imports.
const DEEPEST: u32 = 1_000;
/// Most modules of one evaluation.
const MOST: usize = 100_000;

/// What tells a module from all others.
#[derive(Debug)]
enum Key {
    /// The path that it is imported by.
    Path(Rc<str>),
    /// The name that it gives itself.
    Own(Rc<str>),
    /// Its place among the imports of another one. There is a name for that too, which is made where somebody asks for it.
    Place,
}

/// Where a module is imported.
#[derive(Clone, Copy, Debug)]
struct Import {
    /// The module that imports it; none for one to start from.
    parent: Option<usize>,
    /// Its number among the imports of that one, from 1.
    number: usize,
}

/// A module with those that it imports.
#[derive(Debug)]
struct Structured {
    module: Rc<Module>,
    key: Key,
    /// Where it is imported first.
    import: Import,
    imports: Vec<usize>,
    disabled: Vec<Value>,
    /// Whether it does nothing but import a definition of a submodule. In nixpkgs that is a module too, so that what such a definition
    /// says counts as imported, behind all definitions that are sets.
    is_wrapper: bool,
}

impl Structured {
    fn new(module: Module, key: Key, import: Import) -> Self {
        Self { module: Rc::new(module), key, import, imports: Vec::new(), disabled: Vec::new(), is_wrapper: false }
    }
}

/// All modules that take part.
#[derive(Debug, Default)]
pub(super) struct Collected {
    all: Vec<Structured>,
    top: Vec<usize>,
    disabled: FxHashSet<String>,
    /// The modules that count, in the order of collection.
    pub(super) modules: Vec<Rc<Module>>,
}

struct Work {
    value: Value,
    import: Import,
    file: Rc<str>,
    /// The place to show if the value has none.
    origin: ExprId,
    /// How many modules import one another down to this one.
    depth: u32,
    kind: WorkKind,
}

enum WorkKind {
    Module,
    Config(Box<Definition>),
    Import(Box<Definition>),
}

impl Collected {
    /// Modules that nothing needs to be done for, in the order in which definitions merge.
    pub(super) fn ready(modules: Vec<Module>) -> Self {
        Self { modules: modules.into_iter().rev().map(Rc::new).collect(), ..Self::default() }
    }

    /// Follows all imports of an evaluation.
    pub(super) fn collect(ev: &mut Evaluator, evaluation: &Evaluation) -> Result<Self, Stop> {
        if let Some(modules) = plain_definitions(evaluation) {
            return Ok(Self { modules, ..Self::default() });
        }
        let mut collected = Self::default();
        let mut by_path: FxHashMap<Rc<str>, usize> = FxHashMap::default();
        let mut waiting: Vec<Work> = Vec::new();
        let unknown: Rc<str> = UNKNOWN_FILE.into();
        for (input, number) in evaluation.request.modules.iter().zip(1usize..) {
            let import = Import { parent: None, number };
            let (value, file, origin, kind) = match input {
                ModuleInput::Module(value) => (*value, &unknown, ExprId::NONE, WorkKind::Module),
                ModuleInput::Import(definition) => (
                    definition.value,
                    &definition.file,
                    definition.origin,
                    WorkKind::Import(Box::new(definition.clone())),
                ),
                ModuleInput::Config(definition) => (
                    definition.value,
                    &definition.file,
                    definition.origin,
                    WorkKind::Config(Box::new(definition.clone())),
                ),
            };
            waiting.push(Work { value, import, file: Rc::clone(file), origin, depth: 0, kind });
        }
        // The last one is the next, so that imports are loaded as nixpkgs does: those of a module before the module beside it.
        waiting.reverse();
        while let Some(work) = waiting.pop() {
            ev.tick()?;
            if collected.all.len() > MOST {
                return Err(ev.error(ErrorKind::Type, "an evaluation has too many modules"));
            }
            let parent = work.import.parent;
            match collected.add(ev, evaluation, work, &mut by_path, &mut waiting) {
                Ok(Some(index)) => match parent.and_then(|parent| collected.all.get_mut(parent)) {
                    Some(importer) => importer.imports.push(index),
                    None => collected.top.push(index),
                },
                Ok(None) => {}
                Err(stop) => return Err(stop),
            }
        }
        collected.reject_cycle(ev, evaluation)?;
        collected.note_disabled(ev, evaluation)?;
        collected.choose();
        Ok(collected)
    }

    /// Loads one module and queues its imports.
    fn add(
        &mut self,
        ev: &mut Evaluator,
        evaluation: &Evaluation,
        work: Work,
        by_path: &mut FxHashMap<Rc<str>, usize>,
        waiting: &mut Vec<Work>,
    ) -> Result<Option<usize>, Stop> {
        let index = self.all.len();
        if let WorkKind::Import(definition) = &work.kind {
            waiting.push(Work {
                value: definition.value,
                import: Import { parent: Some(index), number: 1 },
                file: Rc::clone(&work.file),
                origin: definition.origin,
                depth: work.depth + 1,
                kind: WorkKind::Module,
            });
            let module = Module::empty(work.file);
            self.all.push(Structured { is_wrapper: true, ..Structured::new(module, Key::Place, work.import) });
            return Ok(Some(index));
        }
        if let WorkKind::Config(definition) = &work.kind {
            let module = Module {
                config: ModuleConfig::Value(definition.value, definition.origin),
                is_certain: definition.is_certain,
                origin: definition.origin,
                ..Module::empty(work.file)
            };
            self.all.push(Structured::new(module, Key::Place, work.import));
            return Ok(Some(index));
        }
        let origin = match work.value.view() {
            View::Ref(slot) => ev.heap.get(slot).origin(),
            _ => work.value.origin(),
        };
        let origin = if origin.is_some() { origin } else { work.origin };
        let file = Rc::clone(&work.file);
        let (import, depth) = (work.import, work.depth);
        let (path, loaded) = match self.load(ev, evaluation, work, by_path) {
            Ok(Load::Known(index)) => return Ok(Some(index)),
            Ok(Load::New(path, loaded)) => (path, loaded),
            Err(stop) if stop.0.is_unknown() => {
                note_unknown(ev, evaluation, stop, origin, &file);
                return Ok(None);
            }
            Err(stop) if evaluation.request.is_open => {
                note_failure(ev, evaluation, stop, origin, &file);
                return Ok(None);
            }
            Err(stop) => return Err(stop),
        };
        let Loaded { module, key, imports_at, imports, disabled } = *loaded;
        let count = imports.len();
        for (value, number) in imports.into_iter().rev().zip((1..=count).rev()) {
            waiting.push(Work {
                value,
                import: Import { parent: Some(index), number },
                file: Rc::clone(&module.file),
                origin: imports_at,
                depth: depth + 1,
                kind: WorkKind::Module,
            });
        }
        if let Some(path) = &path {
            by_path.insert(Rc::clone(path), index);
        }
        let key = match (key, path) {
            (Some(own), _) => Key::Own(own),
            (None, Some(path)) => Key::Path(path),
            (None, None) => Key::Place,
        };
        self.all.push(Structured { disabled, ..Structured::new(module, key, import) });
        Ok(Some(index))
    }

    /// The name by which a module that is imported at a place without a path counts once.
    fn name_of_place(&self, import: Import) -> Rc<str> {
        let mut places = vec![import.number];
        let mut above = import.parent.and_then(|parent| self.all.get(parent));
        let mut name = String::new();
        while let Some(structured) = above {
            if let Key::Path(text) | Key::Own(text) = &structured.key {
                name.push_str(text);
                break;
            }
            places.push(structured.import.number);
            above = structured.import.parent.and_then(|parent| self.all.get(parent));
        }
        for number in places.iter().rev() {
            name.push_str(&format!(":anon-{number}"));
        }
        name.into()
    }

    /// The name by which a module counts once.
    fn key(&self, structured: &Structured) -> Rc<str> {
        match &structured.key {
            Key::Path(text) | Key::Own(text) => Rc::clone(text),
            Key::Place => self.name_of_place(structured.import),
        }
    }

    fn load(
        &self,
        ev: &mut Evaluator,
        evaluation: &Evaluation,
        work: Work,
        by_path: &FxHashMap<Rc<str>, usize>,
    ) -> Result<Load, Stop> {
        if work.depth > DEEPEST {
            let text = "infinite recursion encountered: modules import further modules without end";
            return Err(ev.error_at(ErrorKind::Recursion, text, work.origin));
        }
        let value = ev.want(work.value)?;
        let origin = value.origin();
        let (content, path) = match value.view() {
            View::Lambda(..) | View::Native(_) | View::Partial(_) => {
                (apply_module(ev, evaluation, value, &work.file)?, None)
            }
            View::Attrs(set) if ev.attribute(set, sym::FUNCTOR).is_some() => {
                (apply_module(ev, evaluation, value, &work.file)?, None)
            }
            View::Attrs(_) => match type_tag(ev, value)?.text(&ev.heap).as_deref() {
                None | Some("module") => (value, None),
                Some("if" | "override") => {
                    let module =
                        Module { config: ModuleConfig::Value(value, origin), origin, ..Module::empty(work.file) };
                    let loaded =
                        Loaded { module, key: None, imports_at: origin, imports: Vec::new(), disabled: Vec::new() };
                    return Ok(Load::New(None, Box::new(loaded)));
                }
                Some(tag) => return Err(not_a_module(ev, evaluation, tag, &work.file, origin)),
            },
            View::List(_) => {
                let definition = Definition::new(value, Rc::clone(&work.file), origin);
                let shown = super::types::show_defs(ev, &[definition])?;
                let text = format!(
                    "Module imports can't be nested lists. Perhaps you meant to remove one level of lists? Definitions: {shown}"
                );
                return Err(ev.error_at(ErrorKind::Module("bad-module"), text, origin));
            }
            _ => {
                let site = if origin.is_some() { origin } else { work.origin };
                let (file, content) = if let View::Path(id) = value.view() {
                    ev.at_site(site, |ev| ev.import_path_value(id))?
                } else {
                    let id = ev.coerce(value, Coercion::More)?;
                    let text: Rc<str> = ev.heap.text(id).into();
                    let target = ev.want_path(value)?;
                    (text, ev.at_site(site, |ev| ev.import(Path::new(&target)))?)
                };
                if let Some(index) = by_path.get(&file) {
                    return Ok(Load::Known(*index));
                }
                let content = match content.view() {
                    View::Lambda(..) | View::Native(_) | View::Partial(_) => {
                        apply_module(ev, evaluation, content, &file)?
                    }
                    View::Attrs(set) if ev.attribute(set, sym::FUNCTOR).is_some() => {
                        apply_module(ev, evaluation, content, &file)?
                    }
                    _ => content,
                };
                (content, Some(file))
            }
        };
        let file = path.as_ref().map_or(work.file, Rc::clone);
        let key = || path.as_ref().map_or_else(|| self.name_of_place(work.import), Rc::clone);
        let loaded = unify(ev, evaluation, content, file, &key)?;
        Ok(Load::New(path, Box::new(loaded)))
    }

    /// Modules that import each other are an endless recursion in Nix, which looks through all imports for `disabledModules`.
    fn reject_cycle(&self, ev: &mut Evaluator, evaluation: &Evaluation) -> Result<(), Stop> {
        let mut waiting: Vec<usize> = vec![0; self.all.len()];
        for index in self.all.iter().flat_map(|one| &one.imports) {
            if let Some(count) = waiting.get_mut(*index) {
                *count += 1;
            }
        }
        let mut ready: Vec<usize> =
            waiting.iter().enumerate().filter(|(_, count)| **count == 0).map(|(index, _)| index).collect();
        let mut settled = 0;
        while let Some(index) = ready.pop() {
            settled += 1;
            for below in self.all.get(index).map(|one| one.imports.as_slice()).unwrap_or_default() {
                if let Some(count) = waiting.get_mut(*below) {
                    *count -= 1;
                    if *count == 0 {
                        ready.push(*below);
                    }
                }
            }
        }
        if settled == self.all.len() {
            return Ok(());
        }
        let in_cycle = self.all.iter().zip(&waiting).filter(|(_, count)| **count > 0).map(|(one, _)| &one.module);
        let files: Vec<&str> = in_cycle.clone().map(|module| &*module.file).collect();
        let text = format!("infinite recursion encountered: these modules import each other: {}", files.join(", "));
        let origin = in_cycle.map(|module| module.origin).next().unwrap_or(ExprId::NONE);
        let stop = ev.error_at(ErrorKind::Recursion, text, origin);
        if evaluation.request.is_open {
            note_failure(ev, evaluation, stop, origin, "");
            return Ok(());
        }
        Err(stop)
    }

    /// Evaluates all `disabledModules` to the keys that they mean.
    fn note_disabled(&mut self, ev: &mut Evaluator, evaluation: &Evaluation) -> Result<(), Stop> {
        let mut disabled = FxHashSet::default();
        for structured in &self.all {
            let file = Rc::clone(&structured.module.file);
            for item in structured.disabled.iter().copied() {
                match disabled_key(ev, evaluation, item, &file) {
                    Ok(key) => {
                        disabled.insert(key);
                    }
                    Err(stop) if stop.0.is_unknown() || evaluation.request.is_open => {
                        note_unknown(ev, evaluation, stop, item.origin(), &file);
                    }
                    Err(stop) => return Err(stop),
                }
            }
        }
        self.disabled = disabled;
        Ok(())
    }

    fn is_disabled(&self, structured: &Structured) -> bool {
        !self.disabled.is_empty() && self.disabled.contains(&*self.key(structured))
    }

    /// Walks the modules breadth first, without the disabled ones, each key once.
    fn choose(&mut self) {
        // A path and a place each stand for one module already. Only names that modules give themselves may be those of others.
        let own = self.all.iter().filter_map(|one| if let Key::Own(text) = &one.key { Some(text) } else { None });
        let (mut has_own, mut has_place) = (false, false);
        for text in own {
            has_own = true;
            has_place |= text.contains(":anon-");
        }
        let mut names: FxHashSet<Rc<str>> = FxHashSet::default();
        let mut seen = vec![false; self.all.len()];
        let mut queue: VecDeque<usize> = self.top.iter().copied().collect();
        let mut chosen = Vec::with_capacity(self.all.len());
        while let Some(index) = queue.pop_front() {
            let (Some(structured), Some(seen)) = (self.all.get(index), seen.get_mut(index)) else { continue };
            if *seen || self.is_disabled(structured) {
                continue;
            }
            *seen = true;
            let may_be_another = match &structured.key {
                Key::Path(_) | Key::Own(_) => has_own,
                Key::Place => has_place,
            };
            if may_be_another && !names.insert(self.key(structured)) {
                continue;
            }
            if !structured.is_wrapper {
                chosen.push(Rc::clone(&structured.module));
            }
            queue.extend(structured.imports.iter().copied());
        }
        self.modules = chosen;
    }

    /// The list that `evalModules` returns as `graph`; a module that is imported several times is one value.
    pub(super) fn graph(&self, ev: &mut Evaluator) -> Value {
        let mut made: Vec<Option<Value>> = vec![None; self.all.len()];
        let mut order: Vec<(usize, bool)> = self.top.iter().rev().map(|index| (*index, false)).collect();
        let mut seen: FxHashSet<usize> = FxHashSet::default();
        while let Some((index, are_imports_made)) = order.pop() {
            let Some(structured) = self.all.get(index) else { continue };
            if are_imports_made {
                let value = self.graph_node(ev, structured, &made);
                if let Some(place) = made.get_mut(index) {
                    *place = Some(value);
                }
            } else if seen.insert(index) {
                order.push((index, true));
                order.extend(structured.imports.iter().map(|below| (*below, false)));
            }
        }
        let top: Vec<Value> = self.top.iter().filter_map(|index| made.get(*index).copied().flatten()).collect();
        ev.list(&top)
    }

    fn graph_node(&self, ev: &mut Evaluator, structured: &Structured, made: &[Option<Value>]) -> Value {
        let imports: Vec<Value> =
            structured.imports.iter().filter_map(|below| made.get(*below).copied().flatten()).collect();
        let imports = ev.list(&imports);
        let (key, file) = (ev.str(&self.key(structured)), ev.str(&structured.module.file));
        let disabled = Value::bool(self.is_disabled(structured));
        ev.set(&[("disabled", disabled), ("file", file), ("imports", imports), ("key", key)])
    }
}

/// The modules of an evaluation that has nothing but definitions, as most submodules do.
fn plain_definitions(evaluation: &Evaluation) -> Option<Vec<Rc<Module>>> {
    let mut modules = Vec::with_capacity(evaluation.request.modules.len());
    for input in &evaluation.request.modules {
        let ModuleInput::Config(definition) = input else { return None };
        modules.push(Rc::new(Module {
            config: ModuleConfig::Value(definition.value, definition.origin),
            is_certain: definition.is_certain,
            origin: definition.origin,
            ..Module::empty(Rc::clone(&definition.file))
        }));
    }
    Some(modules)
}

enum Load {
    /// One that is there already.
    Known(usize),
    /// Another one, with the path that it is imported by.
    New(Option<Rc<str>>, Box<Loaded>),
}

/// Records something unknown among the modules, unless it is known to be beside the point.
pub(super) fn note_unknown(ev: &mut Evaluator, evaluation: &Evaluation, stop: Stop, at: ExprId, file: &str) {
    let reason = match stop.0.view() {
        View::Unknown(id) => ev.unknown_info(id).map(|info| info.reason.clone()),
        _ => None,
    };
    let kind = match reason {
        Some(UnknownReason::UnrelatedInput(_)) => return,
        Some(UnknownReason::ConfigInImports) => ProblemKind::ConfigInImports,
        _ => ProblemKind::UnknownImport,
    };
    let words = reason.map_or_else(|| "it does not evaluate".to_owned(), |reason| reason.words());
    let message = format!("this import is not known: {words}");
    let origin = if at.is_some() { at } else { stop.0.origin() };
    evaluation.note(ModuleProblem { kind, origin, message, file: file.to_owned(), name: None, cause: stop.0 });
    evaluation.is_incomplete.set(true);
}

/// Records a module that fails.
pub(super) fn note_failure(ev: &mut Evaluator, evaluation: &Evaluation, stop: Stop, at: ExprId, file: &str) {
    let (message, origin) = match stop.0.view() {
        View::Error(id) => match ev.error_info(id) {
            Some(info) => (info.message.clone(), if info.origin.is_some() { info.origin } else { at }),
            None => (String::new(), at),
        },
        _ => (String::new(), at),
    };
    let problem = ModuleProblem {
        kind: ProblemKind::FailedModule,
        origin,
        message,
        file: file.to_owned(),
        name: None,
        cause: stop.0,
    };
    evaluation.note(problem);
    evaluation.is_incomplete.set(true);
}
