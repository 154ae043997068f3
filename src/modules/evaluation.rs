//! One evaluation of modules from start to end.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use super::canonical::Module;
use super::check;
use super::collect::Collected;
use super::definition::{Definition, Loc};
use super::report::{ModuleProblem, ProblemKind};
use super::schema_tree::SchemaNode;
use super::state::{EvalId, NodeId, State, evaluation, handle, handle_value, node};
use super::tree;
use super::types::{self, SubmoduleSpec, TypeId};
use crate::eval::{Evaluator, NativeDef, Outcome, Stop, UnknownReason};
use crate::heap::{SlotId, Symbol, UnknownId, Value, View, sym};
use crate::syntax::ExprId;

/// One module to start from.
#[derive(Clone, Debug)]
pub enum ModuleInput {
    /// A module as users write it: a path, function or set.
    Module(Value),
    /// A definition (of a submodule) whose value is `config` only.
    Config(Definition),
    /// A definition (of a submodule) whose value is a whole module; its file is the one of the definition unless it says otherwise.
    Import(Definition),
}

/// What to evaluate.
#[derive(Clone, Debug)]
pub struct Request {
    /// The modules, in order.
    pub modules: Vec<ModuleInput>,
    /// `specialArgs`: a set.
    pub special_args: Value,
    /// The old `args`: a set whose attributes become `_module.args`.
    pub args: Option<Value>,
    /// Where the options are seen from outside, for messages and `loc`.
    pub prefix: Loc,
    /// `class`.
    pub class: Option<String>,
    /// The old `check`.
    pub check: Option<bool>,
    /// The `name` argument of a submodule.
    pub name: Option<Value>,
    /// Static declarations.
    pub schema: Option<Rc<SchemaNode>>,
    /// Whether modules may be missing, so that nothing is said about options that are not declared.
    pub is_open: bool,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            modules: Vec::new(),
            special_args: Value::EMPTY_SET,
            args: None,
            prefix: Loc::root(),
            class: None,
            check: None,
            name: None,
            schema: None,
            is_open: false,
        }
    }
}

/// How far the collection of modules has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nobody has asked yet.
    Idle,
    /// Under way: `config` cannot be used.
    Collecting,
    /// Finished.
    Done,
}

/// The state of an evaluation.
#[derive(Debug)]
pub(super) struct Evaluation {
    pub(super) id: EvalId,
    pub(super) request: Request,
    pub(super) phase: Cell<Phase>,
    /// Whether a module could not be known.
    pub(super) is_incomplete: Cell<bool>,
    /// `config` with `_module` and without the check for undeclared options: what modules see.
    pub(super) config_slot: SlotId,
    /// `options`, likewise.
    pub(super) options_slot: SlotId,
    pub(super) root: NodeId,
    pub(super) arguments: OnceCell<Value>,
    collected: OnceCell<Rc<Collected>>,
    problems: RefCell<Vec<ModuleProblem>>,
    internal_arguments: OnceCell<Value>,
    result: OnceCell<Value>,
}

/// Most problems that one evaluation keeps: more do not help a reader, and each is compared with all before it.
const MOST_PROBLEMS: usize = 500;

impl Evaluation {
    /// Whether modules may be missing.
    pub(super) fn is_open(&self) -> bool {
        self.request.is_open || self.is_incomplete.get()
    }

    /// Why modules are not known, where nothing else keeps options from being known.
    pub(super) fn missing_modules(&self, ev: &mut Evaluator) -> Option<UnknownId> {
        if self.request.is_open {
            return None;
        }
        let problems = self.problems.borrow();
        let causes = problems.iter().filter_map(|problem| match (problem.kind, problem.cause.view()) {
            (ProblemKind::UnknownImport, View::Unknown(id)) => Some(id),
            _ => None,
        });
        let causes: Vec<UnknownId> = causes.collect();
        let reasons = causes.iter().filter_map(|id| ev.unknown_info(*id));
        let mut inputs: Vec<String> = reasons
            .filter_map(|info| match &info.reason {
                UnknownReason::MissingInput(name) => Some(name.clone()),
                _ => None,
            })
            .collect();
        inputs.sort();
        inputs.dedup();
        if inputs.len() < 2 {
            return causes.first().copied();
        }
        match ev.unknown(UnknownReason::MissingInputs(inputs)).0.view() {
            View::Unknown(id) => Some(id),
            _ => None,
        }
    }

    /// Records a problem once.
    pub(super) fn note(&self, problem: ModuleProblem) {
        let mut problems = self.problems.borrow_mut();
        let is_known = problems.iter().any(|known| {
            known.kind == problem.kind
                && known.origin == problem.origin
                && known.name == problem.name
                && known.message == problem.message
        });
        if !is_known && problems.len() < MOST_PROBLEMS {
            problems.push(problem);
        }
    }

    pub(super) fn problems(&self) -> Vec<ModuleProblem> {
        self.problems.borrow().clone()
    }

    /// The modules that take part, collected when first asked for.
    pub(super) fn collected(&self, ev: &mut Evaluator) -> Result<Rc<Collected>, Stop> {
        match self.phase.get() {
            Phase::Done => {}
            Phase::Collecting => return Err(self.early(ev)),
            Phase::Idle => {
                self.phase.set(Phase::Collecting);
                let outcome = Collected::collect(ev, self);
                self.phase.set(if outcome.is_ok() { Phase::Done } else { Phase::Idle });
                let collected = outcome?;
                let _ = self.collected.set(Rc::new(collected));
            }
        }
        match self.collected.get() {
            Some(collected) => Ok(Rc::clone(collected)),
            None => Err(self.early(ev)),
        }
    }

    /// `{ extendModules, moduleType }` and, in a submodule, `name`.
    pub(super) fn internal_arguments(&self, ev: &mut Evaluator) -> Value {
        if let Some(known) = self.internal_arguments.get() {
            return *known;
        }
        let id = handle_value(self.id.0);
        let extend = ev.native_with("internal.modules.extend", &[id]);
        let module_type = ev.delay_native("internal.modules.type", &[id]);
        let mut attributes = vec![("extendModules", extend), ("moduleType", module_type)];
        if let Some(name) = self.request.name {
            attributes.push(("name", name));
        }
        let made = ev.set(&attributes);
        *self.internal_arguments.get_or_init(|| made)
    }
}

/// An evaluation of modules that are in canonical form already; in the order in which definitions merge.
pub(super) fn eval_ready(ev: &mut Evaluator, request: Request, modules: Vec<Module>) -> Result<EvalId, Stop> {
    let id = eval_modules(ev, request)?;
    let found = evaluation(ev, id)?;
    let _ = found.collected.set(Rc::new(Collected::ready(modules)));
    found.phase.set(Phase::Done);
    Ok(id)
}

/// Prepares an evaluation; modules are collected when something is asked of it.
pub fn eval_modules(ev: &mut Evaluator, request: Request) -> Result<EvalId, Stop> {
    let (config, options) = (ev.native("internal.modules.config"), ev.native("internal.modules.options"));
    let count = State::of(ev).evaluations.len();
    let number = u32::try_from(count).unwrap_or(u32::MAX);
    let config_slot = ev.heap.new_slot(Evaluator::ask(config, number, 0));
    let options_slot = ev.heap.new_slot(Evaluator::ask(options, number, 0));
    let (prefix, schema) = (request.prefix.clone(), request.schema.clone());
    let id = EvalId(number);
    let root = State::of(ev).add_node(tree::Node::root(id, prefix, schema));
    let id = State::of(ev).add_evaluation(|id| Evaluation {
        id,
        request,
        phase: Cell::new(Phase::Idle),
        is_incomplete: Cell::new(false),
        config_slot,
        options_slot,
        root,
        arguments: OnceCell::new(),
        collected: OnceCell::new(),
        problems: RefCell::new(Vec::new()),
        internal_arguments: OnceCell::new(),
        result: OnceCell::new(),
    });
    Ok(id)
}

/// `config` as `evalModules` returns it (checked, without `_module`): a reference.
pub fn config_value(ev: &mut Evaluator, id: EvalId) -> Value {
    ev.delay_native("internal.modules.checkedConfig", &[handle_value(id.0)])
}

/// `options` as `evalModules` returns it: a reference.
pub fn options_value(ev: &mut Evaluator, id: EvalId) -> Value {
    ev.delay_native("internal.modules.checkedOptions", &[handle_value(id.0)])
}

/// The whole set that `evalModules` returns.
pub fn result_value(ev: &mut Evaluator, id: EvalId) -> Value {
    let found = match evaluation(ev, id) {
        Ok(found) => found,
        Err(Stop(value)) => return value,
    };
    if let Some(known) = found.result.get() {
        return *known;
    }
    let number = handle_value(id.0);
    let tag = ev.str("configuration");
    let (options, config) = (options_value(ev, id), config_value(ev, id));
    let module = ev.delay_native("internal.modules.checkedModule", &[number]);
    let graph = ev.delay_native("internal.modules.graph", &[number]);
    let extend = ev.native_with("internal.modules.extend", &[number]);
    let module_type = ev.delay_native("internal.modules.type", &[number]);
    let class = match &found.request.class {
        Some(class) => ev.str(class),
        None => Value::NULL,
    };
    let made = ev.set(&[
        ("_type", tag),
        ("options", options),
        ("config", config),
        ("_module", module),
        ("graph", graph),
        ("extendModules", extend),
        ("type", module_type),
        ("class", class),
    ]);
    *found.result.get_or_init(|| made)
}

/// `_module.freeformType`, if it is not null.
pub fn freeform_type(ev: &mut Evaluator, id: EvalId) -> Result<Option<TypeId>, Stop> {
    let found = evaluation(ev, id)?;
    if !tree::defines_module_args(ev, &found)? {
        return Ok(None);
    }
    let freeform = tree::module_option(ev, &found, sym::FREEFORM_TYPE)?;
    let freeform = ev.want(freeform)?;
    if freeform.view() == View::Null {
        return Ok(None);
    }
    types::type_of_value(ev, freeform).map(Some)
}

/// `_module.args`: a set.
pub fn module_arguments(ev: &mut Evaluator, id: EvalId) -> Outcome {
    let found = evaluation(ev, id)?;
    let all = tree::module_option(ev, &found, sym::ARGS)?;
    ev.want(all)
}

fn id_of(ev: &mut Evaluator, arguments: &[Value]) -> Result<EvalId, Stop> {
    let number = arguments.first().copied().unwrap_or(Value::NULL);
    Ok(EvalId(handle(ev, number)?))
}

fn config(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let id = id_of(ev, arguments)?;
    let found = evaluation(ev, id)?;
    if found.phase.get() == Phase::Collecting {
        return Err(found.early(ev));
    }
    let declared = tree::config_of(ev, found.root)?;
    let Some(freeform) = freeform_type(ev, id)? else { return Ok(declared) };
    let unmatched = check::unmatched(ev, &found)?;
    if unmatched.is_empty() {
        return Ok(declared);
    }
    let mut defs = Vec::with_capacity(unmatched.len());
    for one in &unmatched {
        let mut value = one.definition.value;
        for name in one.path.iter().rev() {
            value = ev.heap.new_set(&[(*name, value, one.definition.origin)]);
        }
        defs.push(one.definition.with_value(value, ExprId::NONE));
    }
    let free = types::merge(ev, freeform, &found.request.prefix, &defs)?;
    let free = ev.want(free)?;
    let free = if found.is_open() { with_more(ev, &found, free)? } else { free };
    update(ev, &[free, declared])
}

/// What a freeform type takes in an evaluation that misses modules: one of those may add to any set.
fn with_more(ev: &mut Evaluator, found: &Evaluation, free: Value) -> Outcome {
    let View::Attrs(set) = free.view() else { return Ok(free) };
    let unknown = match found.missing_modules(ev) {
        Some(id) => Value::unknown(id),
        None => ev.unknown(UnknownReason::UndeclaredOption("…".to_owned())).0,
    };
    let function = ev.native("internal.modules.open");
    let mut attributes = Vec::new();
    for (name, slot, origin) in ev.heap.entries(set) {
        let value = ev.heap.share(slot);
        attributes.push((name, ev.heap.deferred(function, &[value, unknown]), origin));
    }
    let open = ev.heap.open_set_reason(set);
    Ok(ev.heap.new_open_set(&attributes, open))
}

/// A plain set as one that may hold more; any other value as it is.
fn open(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [value, unknown] = arguments else { return Ok(Value::NULL) };
    let value = ev.want(*value)?;
    let View::Attrs(set) = value.view() else { return Ok(value) };
    if ev.heap.attribute(set, sym::TYPE_TAG).is_some() || ev.is_derivation(set) {
        return Ok(value);
    }
    ev.update(*unknown, value)
}

fn options(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let id = id_of(ev, arguments)?;
    let found = evaluation(ev, id)?;
    if found.phase.get() == Phase::Collecting {
        return Err(found.early(ev));
    }
    tree::options_of(ev, found.root)
}

/// The second set over the first, set by set; other values of the second win.
fn update(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [under, over] = arguments else { return Ok(Value::NULL) };
    let (under, over) = (ev.want(*under)?, ev.want(*over)?);
    let (View::Attrs(below), View::Attrs(above)) = (under.view(), over.view()) else { return Ok(over) };
    let mut attributes: Vec<(Symbol, Value, ExprId)> = Vec::new();
    let function = ev.native("internal.modules.update");
    for (name, slot, origin) in ev.heap.entries(above) {
        let value = ev.heap.share(slot);
        let value = match ev.heap.attribute(below, name) {
            Some(other) => {
                let other = ev.heap.share(other);
                ev.heap.deferred(function, &[other, value])
            }
            None => value,
        };
        attributes.push((name, value, origin));
    }
    for (name, slot, origin) in ev.heap.entries(below) {
        if ev.heap.attribute(above, name).is_none() {
            attributes.push((name, ev.heap.share(slot), origin));
        }
    }
    let open = ev.heap.open_set_reason(below).or(ev.heap.open_set_reason(above));
    Ok(ev.heap.new_open_set(&attributes, open))
}

fn checked_config(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let id = id_of(ev, arguments)?;
    let found = evaluation(ev, id)?;
    check::check(ev, &found)?;
    let config = if freeform_type(ev, id)?.is_none() {
        let root = node(ev, found.root)?;
        tree::config_set(ev, found.root, &root, false)?
    } else {
        let all = ev.want_attrs(Value::reference(found.config_slot))?;
        let attributes: Vec<(Symbol, Value, ExprId)> = ev
            .heap
            .entries(all)
            .into_iter()
            .filter(|(name, ..)| *name != sym::MODULE)
            .map(|(name, slot, origin)| (name, ev.heap.share(slot), origin))
            .collect();
        let open = ev.heap.open_set_reason(all);
        ev.heap.new_open_set(&attributes, open)
    };
    if let View::Attrs(set) = config.view()
        && config != Value::EMPTY_SET
    {
        State::of(ev).configs.insert(set, id);
    }
    Ok(config)
}

fn checked_options(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let id = id_of(ev, arguments)?;
    let found = evaluation(ev, id)?;
    check::check(ev, &found)?;
    ev.want(Value::reference(found.options_slot))
}

fn checked_module(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let id = id_of(ev, arguments)?;
    let found = evaluation(ev, id)?;
    check::check(ev, &found)?;
    let all = ev.want_attrs(Value::reference(found.config_slot))?;
    ev.attribute_or_stop(all, sym::MODULE)
}

fn graph(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let id = id_of(ev, arguments)?;
    let found = evaluation(ev, id)?;
    let collected = found.collected(ev)?;
    let graph = collected.graph(ev);
    // nixpkgs passes on its deprecated arguments `args` and `check` by a module each.
    let deprecated = usize::from(found.request.args.is_some()) + usize::from(found.request.check.is_some());
    let mut more = Vec::with_capacity(deprecated);
    for number in 1..=deprecated {
        let key = ev.str(&format!(":anon-{}", found.request.modules.len() + number));
        let file = ev.str(super::collect::UNKNOWN_FILE);
        more.push(ev.set(&[("disabled", Value::FALSE), ("file", file), ("imports", Value::EMPTY_LIST), ("key", key)]));
    }
    let more = ev.list(&more);
    ev.concat_lists(graph, more)
}

/// `extendModules { modules, specialArgs, prefix }`
fn extend(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [id, with] = arguments else { return Ok(Value::NULL) };
    let id = EvalId(handle(ev, *id)?);
    let extended = extended(ev, id, *with)?;
    Ok(result_value(ev, extended))
}

/// The evaluation that `extendModules` makes of another one and its argument.
pub fn extended(ev: &mut Evaluator, id: EvalId, with: Value) -> Result<EvalId, Stop> {
    let found = evaluation(ev, id)?;
    let with = ev.want_attrs(with)?;
    let mut request = found.request.clone();
    if let Some(modules) = ev.optional_attribute(with, sym::MODULES)? {
        let modules = ev.want_whole_list(modules)?;
        request.modules.extend(modules.slots().map(|slot| ModuleInput::Module(ev.heap.share(slot))));
    }
    if let Some(special) = ev.optional_attribute(with, sym::SPECIAL_ARGS)? {
        let special = ev.want_attrs(special)?;
        let old = ev.want_attrs(request.special_args)?;
        request.special_args = ev.heap.update(old, special);
    }
    if let Some(prefix) = ev.optional_attribute(with, sym::PREFIX)? {
        request.prefix = super::functions::loc_of_list(ev, prefix)?;
    }
    eval_modules(ev, request)
}

/// The type of submodules made of the same modules.
fn module_type(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let id = id_of(ev, arguments)?;
    let found = evaluation(ev, id)?;
    let mut modules = Vec::with_capacity(found.request.modules.len());
    for input in &found.request.modules {
        modules.push(match input {
            ModuleInput::Module(value) => *value,
            ModuleInput::Import(definition) => {
                let file = ev.str(&definition.file);
                let imports = ev.list(&[definition.value]);
                ev.set(&[("_file", file), ("imports", imports)])
            }
            ModuleInput::Config(definition) => {
                let file = ev.str(&definition.file);
                ev.set(&[("_file", file), ("config", definition.value)])
            }
        });
    }
    let spec = SubmoduleSpec {
        modules,
        special_args: found.request.special_args,
        shorthand_only_defines_config: Some(false),
        description: None,
        class: found.request.class.clone(),
        schema: found.request.schema.clone(),
        is_open: found.request.is_open,
    };
    let ty = types::submodule_with(ev, spec);
    Ok(types::type_value(ev, ty))
}

pub(super) static FAMILY: &[NativeDef] = &[
    NativeDef::strict("internal.modules.config", 1, config),
    NativeDef::strict("internal.modules.options", 1, options),
    NativeDef::lazy("internal.modules.update", 2, update),
    NativeDef::with_strict("internal.modules.open", 2, 0b01, open),
    NativeDef::strict("internal.modules.checkedConfig", 1, checked_config),
    NativeDef::strict("internal.modules.checkedOptions", 1, checked_options),
    NativeDef::strict("internal.modules.checkedModule", 1, checked_module),
    NativeDef::strict("internal.modules.graph", 1, graph),
    NativeDef::strict("internal.modules.extend", 2, extend),
    NativeDef::strict("internal.modules.type", 1, module_type),
];
