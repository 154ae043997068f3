//! What module functions are called with.

use std::rc::Rc;

use super::evaluation::{Evaluation, Phase};
use super::report::{ModuleProblem, ProblemKind};
use super::shapes::{placeless, set_of, shape_of};
use super::state::{EvalId, State, evaluation, handle, handle_value};
use super::tree;
use crate::eval::{ErrorKind, Evaluator, NativeDef, Outcome, Stop, UnknownReason};
use crate::heap::{Set, ShapeId, SlotId, Symbol, Value, View, sym};
use crate::syntax::ExprId;

/// Calls a module function: with `lib`, `config`, `options`, `specialArgs` and what is in it, and those further arguments that the
/// function names, which are looked up in `_module.args` when they are used.
pub(super) fn apply_module(ev: &mut Evaluator, evaluation: &Evaluation, function: Value, file: &Rc<str>) -> Outcome {
    let base = evaluation.base_arguments(ev)?;
    let View::Attrs(base_set) = base.view() else { return Err(ev.type_error("a set", base)) };
    let extra = extra_arguments(ev, function, base_set)?;
    let arguments = if extra.names.is_empty() {
        base
    } else {
        let file = ev.str(file);
        let id = handle_value(evaluation.id.0);
        let mut values = Vec::with_capacity(extra.base + extra.names.len());
        values.extend((base_set.start..).take(extra.base).map(|slot| ev.heap.share(SlotId(slot))));
        for (name, at) in &extra.names {
            let (name, at) = (handle_value(name.0), handle_value(at.0));
            values.push(ev.delay_native("internal.modules.argument", &[id, name, at, file]));
        }
        ev.heap.new_set_of_shape(extra.shape, &values)
    };
    let result = ev.call(function, &[arguments])?;
    ev.want(result)
}

/// The arguments that a module function names beyond those that every one gets.
#[derive(Debug)]
pub(super) struct ExtraArguments {
    /// Their names, and where those are written.
    names: Vec<(Symbol, ExprId)>,
    /// How many arguments every function gets.
    base: usize,
    /// The shape of all of them, the extra ones last.
    shape: ShapeId,
}

/// What a function names beyond `base`; found out once for each function that is written and shape of `base`.
fn extra_arguments(ev: &mut Evaluator, function: Value, base: Set) -> Result<Rc<ExtraArguments>, Stop> {
    let key = match function.view() {
        View::Lambda(lambda, _) => Some((lambda, base.shape)),
        _ => None,
    };
    if let Some(known) = key.and_then(|key| State::of(ev).extra_arguments.get(&key)) {
        return Ok(Rc::clone(known));
    }
    let mut names: Vec<(Symbol, ExprId)> = Vec::new();
    for (name, _, at) in formals_of(ev, function)? {
        if ev.heap.attribute(base, name).is_none() {
            names.push((name, at));
        }
    }
    let mut keys = ev.heap.shape(base.shape).keys().to_vec();
    keys.sort_unstable_by_key(|key| key.offset);
    let all = keys.iter().map(|key| key.name).chain(names.iter().map(|(name, _)| *name));
    let all: Vec<Symbol> = all.collect();
    let open = ev.heap.open_set_reason(base);
    let shape = shape_of(ev, &placeless(&all), open);
    let made = Rc::new(ExtraArguments { names, base: keys.len(), shape });
    if let Some(key) = key {
        State::of(ev).extra_arguments.insert(key, Rc::clone(&made));
    }
    Ok(made)
}

/// The formals that `lib.functionArgs` sees: name, whether there is a default, place.
pub(super) fn formals_of(ev: &mut Evaluator, function: Value) -> Result<Vec<(Symbol, bool, ExprId)>, Stop> {
    let function = ev.want(function)?;
    let View::Attrs(set) = function.view() else { return Ok(ev.formals_of(function).unwrap_or_default()) };
    if let Some(declared) = ev.attribute(set, sym::FUNCTION_ARGS) {
        let declared = ev.want_attrs(declared)?;
        return Ok(ev.heap.entries(declared).into_iter().map(|(name, _, origin)| (name, false, origin)).collect());
    }
    let Some(functor) = ev.attribute(set, sym::FUNCTOR) else { return Ok(Vec::new()) };
    let inner = ev.call(functor, &[function])?;
    let inner = ev.want(inner)?;
    Ok(ev.formals_of(inner).unwrap_or_default())
}

/// A module argument that is not passed from outside: `config._module.args.<name>`.
fn argument(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [id, name, at, file] = arguments else { return Ok(Value::NULL) };
    let id = EvalId(handle(ev, *id)?);
    let (name, at) = (Symbol(handle(ev, *name)?), ExprId(handle(ev, *at)?));
    let evaluation = evaluation(ev, id)?;
    let text = ev.heap.name(name).to_owned();
    if evaluation.phase.get() == Phase::Collecting {
        return Err(evaluation.early(ev));
    }
    match find(ev, &evaluation, name) {
        Ok(Some(value)) => Ok(value),
        Ok(None) => {
            let file = ev.want_text(*file)?;
            if !evaluation.is_open() {
                let message = format!("attribute '{text}' missing: no module sets `_module.args.{text}' for {file}");
                return Err(ev.error_at(ErrorKind::MissingAttribute, message, at));
            }
            let special = ev.want_attrs(evaluation.request.special_args)?;
            if let Some(reason) = ev.heap.open_set_reason(special) {
                return Err(Stop(Value::unknown(reason)));
            }
            let stop = ev.unknown_at(UnknownReason::ModuleArgument(text.clone()), at);
            evaluation.note(ModuleProblem {
                kind: ProblemKind::MissingArgument,
                origin: at,
                message: format!("module argument `{text}` is not passed"),
                file,
                name: Some(text),
                cause: stop.0,
            });
            Err(stop)
        }
        Err(stop) => {
            let note = format!("while evaluating the module argument `{text}'");
            Err(ev.add_trace(stop, at, note))
        }
    }
}

/// `_module.args.<name>`, if it is set.
fn find(ev: &mut Evaluator, evaluation: &Evaluation, name: Symbol) -> Result<Option<Value>, Stop> {
    if !tree::defines_module_args(ev, evaluation)? {
        if name == sym::NAME && evaluation.request.name.is_some() {
            return Ok(evaluation.request.name);
        }
        let defaults = evaluation.internal_arguments(ev);
        let defaults = ev.want_attrs(defaults)?;
        return Ok(ev.attribute(defaults, name));
    }
    let all = super::evaluation::module_arguments(ev, evaluation.id)?;
    let set = ev.want_attrs(all)?;
    match ev.attribute(set, name) {
        Some(value) => Ok(Some(value)),
        None => match ev.heap.open_set_reason(set) {
            Some(reason) if !evaluation.request.is_open => Err(Stop(Value::unknown(reason))),
            _ => Ok(None),
        },
    }
}

impl Evaluation {
    /// The stop for `config` or a module argument that is needed to find the modules.
    pub(super) fn early(&self, ev: &mut Evaluator) -> Stop {
        if self.request.is_open {
            return ev.unknown(UnknownReason::ConfigInImports);
        }
        ev.error(
            ErrorKind::Recursion,
            "infinite recursion encountered: `imports` (or the names of a module's definitions) depend on `config` or on a module \
             argument that comes from `_module.args`; import unconditionally and use `mkIf` instead",
        )
    }

    /// The arguments that every module function gets, as a set.
    pub(super) fn base_arguments(&self, ev: &mut Evaluator) -> Outcome {
        if let Some(known) = self.arguments.get() {
            return Ok(*known);
        }
        let id = handle_value(self.id.0);
        let lib = crate::nixlib::lib_value(ev);
        let options = Value::reference(self.options_slot);
        let config = Value::reference(self.config_slot);
        let class = match &self.request.class {
            Some(class) => ev.str(class),
            None => Value::NULL,
        };
        let prefix = ev.delay_native("internal.modules.prefix", &[id]);
        let prefix_name = ev.heap.intern("_prefix");
        let attributes = [
            (sym::LIB, lib),
            (sym::OPTIONS, options),
            (sym::CONFIG, config),
            (sym::SPECIAL_ARGS, self.request.special_args),
            (sym::MODULE_CLASS, class),
            (prefix_name, prefix),
        ];
        let special = ev.want_attrs(self.request.special_args)?;
        let all = ev.heap.entries(special).into_iter().map(|(name, slot, _)| (name, ev.heap.share(slot)));
        let own = attributes.into_iter().filter(|(name, _)| ev.heap.attribute(special, *name).is_none());
        let all = all.chain(own).map(|(name, value)| ((name, ExprId::NONE), value));
        let (names, values): (Vec<(Symbol, ExprId)>, Vec<Value>) = all.unzip();
        let open = ev.heap.open_set_reason(special);
        let set = set_of(ev, &names, &values, open);
        Ok(*self.arguments.get_or_init(|| set))
    }
}

fn prefix(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [id] = arguments else { return Ok(Value::NULL) };
    let id = EvalId(handle(ev, *id)?);
    let evaluation = evaluation(ev, id)?;
    Ok(evaluation.request.prefix.value(&mut ev.heap))
}

pub(super) static FAMILY: &[NativeDef] = &[
    NativeDef::lazy("internal.modules.argument", 4, argument),
    NativeDef::strict("internal.modules.prefix", 1, prefix),
];

/// The file of what the module system itself defines.
pub(super) fn internal_file() -> Rc<str> {
    "lib/modules.nix".into()
}
