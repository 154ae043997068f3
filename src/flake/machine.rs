//! What `nixpkgs.lib.nixosSystem` does: a machine from its modules.

use std::rc::Rc;

use crate::eval::{Evaluator, NativeDef, Outcome, Stop, UnknownReason};
use crate::heap::{Symbol, Value, View, sym};
use crate::modules::{self, EvalId, Loc, ModuleInput, Request};
use crate::schema;
use crate::syntax::ExprId;

/// The built-in functions of this file.
pub static FUNCTIONS: &[NativeDef] = &[
    NativeDef::strict("lib.nixosSystem", 1, nixos_system_function),
    NativeDef::lazy("internal.foreignSystem", 2, foreign_system),
    NativeDef::strict("internal.extendMachine", 2, extend_machine),
    NativeDef::lazy("internal.pkgsNixos", 1, pkgs_nixos),
];

/// The attribute of a machine's value that tells which evaluation it is; not a name that anybody writes.
const MARK: &str = " evaluation";

/// The machines that expressions made, in their order.
#[derive(Default)]
struct Made(Vec<EvalId>);

/// The machines that expressions (not hosts for their guests) made so far.
pub fn machines_made(ev: &mut Evaluator) -> &[EvalId] {
    &ev.extension::<Made>().0
}

/// What a machine is made of.
#[derive(Debug, Default)]
pub struct Machine {
    /// Its modules.
    pub modules: Vec<ModuleInput>,
    /// `specialArgs`, a set; none if `None`.
    pub special_args: Option<Value>,
    /// `pkgs`, if it is passed.
    pub pkgs: Option<Value>,
}

/// Prepares the evaluation of a machine; nothing is evaluated yet.
pub fn nixos_system(ev: &mut Evaluator, machine: Machine) -> Result<EvalId, Stop> {
    let own = schema::network_module(ev)?;
    let mut all = Vec::with_capacity(machine.modules.len() + 1);
    all.push(ModuleInput::Module(own));
    all.extend(machine.modules);
    let lib = ev.global("lib").unwrap_or(Value::EMPTY_SET);
    let modules_path = super::known::modules_path(ev);
    let base = ev.set(&[("lib", lib), ("modulesPath", modules_path)]);
    let special_args = match machine.special_args {
        Some(given) => match ev.force(given) {
            // Whatever is passed, there is `lib`, perhaps with more in it.
            unknown if unknown.is_unknown() => {
                let lib = ev.update(unknown, lib)?;
                let base = ev.set(&[("lib", lib), ("modulesPath", modules_path)]);
                ev.update(unknown, base)?
            }
            given => ev.update(base, given)?,
        },
        None => base,
    };
    let pkgs = match machine.pkgs {
        Some(pkgs) => pkgs,
        None => package_set(ev, None),
    };
    let utils = ev.unknown(UnknownReason::MissingInput("nixpkgs".to_owned())).0;
    let args = ev.set(&[("pkgs", pkgs), ("utils", utils)]);
    let schema = schema::nixos(ev);
    modules::eval_modules(
        ev,
        Request {
            modules: all,
            special_args,
            args: Some(args),
            prefix: Loc::root(),
            class: Some("nixos".to_owned()),
            schema: Some(Rc::clone(&schema)),
            is_open: true,
            ..Request::default()
        },
    )
}

/// A package set: `lib` and the platform are known, every package is unknown.
pub fn package_set(ev: &mut Evaluator, system: Option<Value>) -> Value {
    let reason = ev.unknown(UnknownReason::Package("pkgs".to_owned())).0;
    let View::Unknown(id) = reason.view() else { return reason };
    let lib = ev.global("lib").unwrap_or(Value::EMPTY_SET);
    let name = ev.heap.intern("lib");
    let mut known: Vec<(Symbol, Value, ExprId)> = vec![(name, lib, ExprId::NONE)];
    let nixos = ev.native("internal.pkgsNixos");
    known.push((ev.heap.intern("nixos"), nixos, ExprId::NONE));
    let path = super::known::nixpkgs_path(ev);
    known.push((sym::PATH, path, ExprId::NONE));
    if let Some(system) = system {
        known.push((sym::SYSTEM, system, ExprId::NONE));
    }
    ev.heap.new_open_set(&known, Some(id))
}

/// The value that `nixosSystem` gives for a prepared evaluation: `config`, `options`, `pkgs` and so on.
fn machine_value(ev: &mut Evaluator, id: EvalId) -> Outcome {
    ev.extension::<Made>().0.push(id);
    let result = modules::result_value(ev, id);
    let result = ev.want(result)?;
    let pkgs = package_set(ev, None);
    let lib = ev.global("lib").unwrap_or(Value::EMPTY_SET);
    let number = Value::int(i64::from(id.0));
    let extend = ev.native_with("internal.extendMachine", &[number]);
    let extra = ev.set(&[(MARK, number), ("pkgs", pkgs), ("lib", lib), ("extendModules", extend)]);
    ev.update(result, extra)
}

/// The evaluation that a value made by `nixosSystem` stands for; `None` for any other value.
pub fn machine_of(ev: &mut Evaluator, value: Value) -> Option<EvalId> {
    let View::Attrs(set) = ev.force(value).view() else { return None };
    let mark = ev.heap.intern(MARK);
    let number = ev.attribute(set, mark)?;
    match ev.force(number).view() {
        View::Int(number) => u32::try_from(number).ok().map(EvalId),
        _ => None,
    }
}

/// `extendModules` of a machine.
fn extend_machine(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [number, with] = args else { return Ok(Value::NULL) };
    let View::Int(number) = number.view() else { return Ok(Value::NULL) };
    let id = EvalId(u32::try_from(number).unwrap_or(u32::MAX));
    let extended = modules::extended(ev, id, *with)?;
    machine_value(ev, extended)
}

/// `nixosSystem { modules; specialArgs; pkgs; … }` (nixpkgs: flake.nix, nixos/lib/eval-config.nix).
fn nixos_system_function(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [argument] = args else { return Ok(Value::NULL) };
    system_of(ev, *argument, Vec::new())
}

/// `nixosSystem` of a flake that is not read, whose own modules are unknown: the first argument.
fn foreign_system(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [own, argument] = args else { return Ok(Value::NULL) };
    system_of(ev, *argument, vec![ModuleInput::Module(*own)])
}

fn system_of(ev: &mut Evaluator, argument: Value, mut list: Vec<ModuleInput>) -> Outcome {
    let set = ev.want_attrs(argument)?;
    for name in ["modules", "extraModules"] {
        let name = ev.heap.intern(name);
        if let Some(given) = ev.attribute(set, name) {
            add_modules(ev, given, &mut list)?;
        }
    }
    let [special_args, mut pkgs] = [sym::SPECIAL_ARGS, sym::PKGS].map(|name| ev.attribute(set, name));
    let [lib, extra_args] = ["lib", "extraArgs"].map(|name| ev.heap.intern(name));
    let mut special_args = special_args;
    if let Some(lib) = ev.attribute(set, lib) {
        let own = ev.set(&[("lib", lib)]);
        special_args = Some(match special_args {
            Some(given) => {
                let given = ev.force(given);
                ev.update(own, given)?
            }
            None => own,
        });
    }
    if let Some(given) = ev.attribute(set, extra_args) {
        let args = ev.set(&[("args", given)]);
        let module = ev.set(&[("_module", args)]);
        list.push(ModuleInput::Module(module));
    }
    pkgs = pkgs.filter(|pkgs| ev.force(*pkgs).view() != View::Null);
    let id = nixos_system(ev, Machine { modules: list, special_args, pkgs })?;
    machine_value(ev, id)
}

fn add_modules(ev: &mut Evaluator, given: Value, list: &mut Vec<ModuleInput>) -> Result<(), Stop> {
    match ev.force(given).view() {
        View::List(seq) => {
            list.extend(ev.heap.elements(seq).into_iter().map(ModuleInput::Module));
            list.extend(ev.heap.open_reason(seq).map(|id| ModuleInput::Module(Value::unknown(id))));
        }
        View::Unknown(id) => list.push(ModuleInput::Module(Value::unknown(id))),
        View::Error(id) => return Err(Stop(Value::error(id))),
        _ => return Err(ev.type_error("a list of modules", given)),
    }
    Ok(())
}

/// `pkgs.nixos`: a machine of one module or a list of them (nixpkgs: pkgs/top-level/all-packages.nix).
fn pkgs_nixos(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [given] = args else { return Ok(Value::NULL) };
    let mut list = Vec::new();
    match ev.force(*given).view() {
        View::List(_) => add_modules(ev, *given, &mut list)?,
        _ => list.push(ModuleInput::Module(*given)),
    }
    let id = nixos_system(ev, Machine { modules: list, ..Machine::default() })?;
    machine_value(ev, id)
}
