//! Submodules: evaluations of their own, whose modules are the type's modules and the definitions.

use std::rc::Rc;

use super::TypeId;
use super::show::show_loc;
use super::table::{Kind, ModuleList, Submodule, Types, kind};
use crate::eval::{ErrorKind, Evaluator, Outcome, Stop};
use crate::heap::{Value, View};
use crate::modules::definition::{Definition, Loc};
use crate::modules::evaluation::{
    ModuleInput, Request, config_value, eval_modules, freeform_type, options_value, result_value,
};
use crate::modules::state::EvalId;

/// What the argument `name` is while a submodule is described rather than defined.
const NAMELESS: &str = "‹name›";

/// The modules of a submodule type.
pub(super) fn modules(ev: &mut Evaluator, spec: &Submodule) -> Result<Rc<[Value]>, Stop> {
    match &spec.modules {
        ModuleList::Known(modules) => Ok(Rc::clone(modules)),
        ModuleList::Many(list) => {
            let list = ev.want_list(*list)?;
            Ok(ev.heap.elements(list).into())
        }
        ModuleList::OneOrMany(value) => match ev.want(*value)?.view() {
            View::List(list) => Ok(ev.heap.elements(list).into()),
            _ => Ok(Rc::from([*value])),
        },
    }
}

fn request(ev: &mut Evaluator, spec: &Submodule, name: Value, prefix: Loc) -> Result<Request, Stop> {
    let modules = modules(ev, spec)?;
    let class = ev.want(spec.class)?;
    let class = if class.view() == View::Null { None } else { Some(ev.want_text(class)?) };
    Ok(Request {
        modules: modules.iter().map(|module| ModuleInput::Module(*module)).collect(),
        special_args: spec.special_args,
        prefix,
        class,
        name: Some(name),
        schema: spec.schema.clone(),
        is_open: spec.is_open,
        ..Request::default()
    })
}

/// The evaluation of a submodule with its definitions.
pub(super) fn evaluate(ev: &mut Evaluator, spec: &Submodule, loc: &Loc, defs: &[Definition]) -> Result<EvalId, Stop> {
    let name = loc.last().map_or_else(String::new, |name| ev.heap.name(name).to_owned());
    let name = ev.str(&name);
    let mut request = request(ev, spec, name, loc.clone())?;
    for def in defs {
        // What is wrong with one definition shows when the modules are read, as any other mistake in a module.
        let module = module_of(ev, spec, loc, def).unwrap_or_else(|stop| ModuleInput::Module(stop.0));
        request.modules.push(module);
    }
    eval_modules(ev, request)
}

fn module_of(ev: &mut Evaluator, spec: &Submodule, loc: &Loc, def: &Definition) -> Result<ModuleInput, Stop> {
    only_file_and_value(ev, loc, def)?;
    let value = ev.force(def.value);
    let is_set = matches!(value.view(), View::Attrs(_) | View::Unknown(_));
    let is_config = is_set && ev.want_bool(spec.shorthand)?;
    Ok(if is_config { ModuleInput::Config(def.clone()) } else { ModuleInput::Import(def.clone()) })
}

/// Fails for a definition with more than a file and a value: nixpkgs passes definitions of submodules to a function that takes no more.
pub(super) fn only_file_and_value(ev: &mut Evaluator, loc: &Loc, def: &Definition) -> Result<(), Stop> {
    let (property, field) = match def {
        Definition { is_ordered: true, .. } => ("mkOrder, mkBefore and mkAfter", "priority"),
        Definition { is_given: true, .. } => ("mkDefinition", "_type"),
        _ => return Ok(()),
    };
    let text = format!(
        "{property} cannot stand around a whole definition of the submodule `{}', only around options inside it (in nixpkgs: function called with unexpected argument '{field}')",
        show_loc(ev, loc)
    );
    Err(ev.error_at(ErrorKind::Arguments, text, def.origin))
}

/// The `config` of a submodule with its definitions.
pub(super) fn merge(ev: &mut Evaluator, spec: &Submodule, loc: &Loc, defs: &[Definition]) -> Outcome {
    let id = evaluate(ev, spec, loc, defs)?;
    Ok(config_value(ev, id))
}

/// `valueMeta.configuration`
pub(super) fn configuration(ev: &mut Evaluator, spec: &Submodule, loc: &Loc, defs: &[Definition]) -> Outcome {
    let id = evaluate(ev, spec, loc, defs)?;
    Ok(result_value(ev, id))
}

/// The evaluation without definitions.
fn base(ev: &mut Evaluator, ty: TypeId) -> Result<Option<EvalId>, Stop> {
    if let Some(id) = ev.extension::<Types>().bases.get(&ty) {
        return Ok(Some(*id));
    }
    let Kind::Submodule(spec) = &*kind(ev, ty) else { return Ok(None) };
    let name = ev.str(NAMELESS);
    let request = request(ev, spec, name, Loc::root())?;
    let id = eval_modules(ev, request)?;
    ev.extension::<Types>().bases.insert(ty, id);
    Ok(Some(id))
}

/// The `config` of a submodule without definitions.
pub(super) fn base_config(ev: &mut Evaluator, ty: TypeId) -> Outcome {
    match base(ev, ty)? {
        Some(id) => Ok(config_value(ev, id)),
        None => Ok(Value::EMPTY_SET),
    }
}

/// The freeform type of a submodule, if its modules set one.
pub(super) fn freeform(ev: &mut Evaluator, ty: TypeId) -> Result<Option<TypeId>, Stop> {
    match base(ev, ty)? {
        Some(id) => freeform_type(ev, id),
        None => Ok(None),
    }
}

/// `getSubOptions` of a submodule: its options, seen from `prefix`.
pub(super) fn sub_options(ev: &mut Evaluator, spec: &Submodule, prefix: Value) -> Outcome {
    let loc = super::merge::loc_of(ev, prefix)?;
    let name = ev.str(NAMELESS);
    let mut request = request(ev, spec, name, loc)?;
    request.check = Some(false);
    let id = eval_modules(ev, request)?;
    let options = options_value(ev, id);
    let Some(freeform) = freeform_type(ev, id)? else { return Ok(options) };
    let get = super::value::type_field(ev, freeform, "getSubOptions")?.unwrap_or(Value::NULL);
    let below = ev.heap.delay_call(get, &[prefix]);
    let more = ev.set(&[("_freeformOptions", below)]);
    let options = ev.want(options)?;
    ev.update(options, more)
}

/// `deferredModule`: one module that imports all definitions.
pub(super) fn deferred(ev: &mut Evaluator, modules: Value, loc: &Loc, defs: &[Definition]) -> Outcome {
    let modules = ev.want_list(modules)?;
    let mut imports = ev.heap.elements(modules);
    let place = ev.native("lib.modules.setDefaultModuleLocation");
    let option = show_loc(ev, loc);
    for def in defs {
        let file = ev.str(&format!("{}, via option {option}", def.file));
        imports.push(ev.heap.delay_call(place, &[file, def.value]));
    }
    let imports = ev.list(&imports);
    Ok(ev.set(&[("imports", imports)]))
}
