//! What `nixpkgs.lib.nixosSystem` does: a machine from its modules.

use std::rc::Rc;

use crate::eval::{Evaluator, NativeDef, Outcome, UnknownReason};
use crate::heap::{Symbol, Value, View, sym};
use crate::modules::{self, EvalId, Loc, ModuleInput, Request};
use crate::schema;
use crate::syntax::ExprId;

/// The built-in functions of this file.
pub static FUNCTIONS: &[NativeDef] = &[NativeDef::strict("lib.nixosSystem", 1, nixos_system_function)];

/// The attribute of a machine's value that tells which evaluation it is; not a name that anybody writes.
const MARK: &str = " evaluation";

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
pub fn nixos_system(ev: &mut Evaluator, machine: Machine) -> Result<EvalId, crate::eval::Stop> {
    let own = schema::network_module(ev)?;
    let mut all = Vec::with_capacity(machine.modules.len() + 1);
    all.push(ModuleInput::Module(own));
    all.extend(machine.modules);
    let lib = ev.global("lib").unwrap_or(Value::EMPTY_SET);
    let modules_path = ev.unknown(UnknownReason::MissingInput("nixpkgs".to_owned())).0;
    let base = ev.set(&[("lib", lib), ("modulesPath", modules_path)]);
    let special_args = match machine.special_args {
        Some(given) => {
            let given = ev.force(given);
            ev.update(base, given)?
        }
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
    if let Some(system) = system {
        known.push((sym::SYSTEM, system, ExprId::NONE));
    }
    ev.heap.new_open_set(&known, Some(id))
}

/// The value that `nixosSystem` gives for a prepared evaluation: `config`, `options`, `pkgs` and so on.
pub fn machine_value(ev: &mut Evaluator, id: EvalId) -> Outcome {
    let result = modules::result_value(ev, id);
    let result = ev.want(result)?;
    let pkgs = package_set(ev, None);
    let lib = ev.global("lib").unwrap_or(Value::EMPTY_SET);
    let extra = ev.set(&[(MARK, Value::int(i64::from(id.0))), ("pkgs", pkgs), ("lib", lib)]);
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

/// `nixosSystem { modules; specialArgs; pkgs; … }`.
fn nixos_system_function(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [argument] = args else { return Ok(Value::NULL) };
    let set = ev.want_attrs(*argument)?;
    let names = [sym::MODULES, sym::SPECIAL_ARGS, sym::PKGS];
    let [given, special_args, pkgs] = names.map(|name| ev.attribute(set, name));
    let mut list = Vec::new();
    if let Some(given) = given {
        match ev.force(given).view() {
            View::List(seq) => {
                list = ev.heap.elements(seq).into_iter().map(ModuleInput::Module).collect();
                if let Some(id) = ev.heap.open_reason(seq) {
                    list.push(ModuleInput::Module(Value::unknown(id)));
                }
            }
            View::Unknown(id) => list.push(ModuleInput::Module(Value::unknown(id))),
            View::Error(id) => return Err(crate::eval::Stop(Value::error(id))),
            _ => return Err(ev.type_error("a list of modules", given)),
        }
    }
    let id = nixos_system(ev, Machine { modules: list, special_args, pkgs })?;
    machine_value(ev, id)
}
