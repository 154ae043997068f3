//! The functions of `lib.modules` that expose single steps of an evaluation. nixpkgs warns about most of them; flake-parts and
//! some generators of documentation use a few.

use std::rc::Rc;

use super::canonical::{Module, ModuleConfig, is_reserved_in_short_form, reject_mixed_form};
use super::check::unmatched;
use super::collect::UNKNOWN_FILE;
use super::evaluation::{Request, eval_modules, eval_ready};
use super::functions::loc_of_list;
use super::low_level::definitions_of;
use super::options;
use super::properties::wrap_merge;
use super::state::{EvalId, NodeId, State, evaluation};
use super::tree::{self, Declaration, Kind, Node};
use super::types;
use crate::eval::{Coercion, ErrorKind, Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{Set, Symbol, Value, View, sym};
use crate::syntax::ExprId;

pub(super) static FUNCTIONS: &[NativeDef] = &[
    NativeDef::lazy("lib.modules.mergeModules", 2, merge_modules),
    NativeDef::lazy("lib.modules.mergeModules'", 3, merge_modules_with),
    NativeDef::lazy("lib.modules.evalOptionValue", 3, eval_option_value),
    NativeDef::lazy("lib.modules.mergeOptionDecls", 2, merge_option_decls),
    NativeDef::lazy("lib.modules.fixupOptionType", 2, fixup_option_type),
    NativeDef::lazy("lib.modules.unifyModuleSyntax", 3, unify_module_syntax),
    NativeDef::lazy("lib.modules.applyModuleArgsIfFunction", 3, apply_module_args),
    NativeDef::lazy("internal.modules.givenArgument", 2, given_argument),
];

fn text_of(ev: &mut Evaluator, set: Set, name: Symbol) -> Result<Rc<str>, Stop> {
    match ev.attribute(set, name) {
        Some(value) => {
            let id = ev.coerce(value, Coercion::More)?;
            Ok(ev.heap.text(id).into())
        }
        None => Ok(UNKNOWN_FILE.into()),
    }
}

/// Modules in canonical form, as `mergeModules` gets them.
fn modules_of(ev: &mut Evaluator, list: Value, with_config: bool) -> Result<Vec<Module>, Stop> {
    let mut modules = Vec::new();
    for slot in ev.want_whole_list(list)?.slots() {
        let set = ev.want_attrs(Value::reference(slot))?;
        let file = text_of(ev, set, sym::MODULE_FILE)?;
        let config = ev.attribute(set, sym::CONFIG).filter(|_| with_config);
        modules.push(Module {
            options: ev.attribute(set, sym::OPTIONS),
            config: config.map_or(ModuleConfig::None, |value| ModuleConfig::Value(value, ExprId::NONE)),
            ..Module::empty(file)
        });
    }
    Ok(modules)
}

fn merge_modules(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [prefix, modules] = arguments else { return Ok(Value::NULL) };
    let modules = modules_of(ev, *modules, true)?;
    merged(ev, *prefix, modules)
}

fn merge_modules_with(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [prefix, modules, configs] = arguments else { return Ok(Value::NULL) };
    let mut all = modules_of(ev, *modules, false)?;
    for slot in ev.want_whole_list(*configs)?.slots() {
        let set = ev.want_attrs(Value::reference(slot))?;
        let file = text_of(ev, set, sym::FILE)?;
        let config = ev.attribute_or_stop(set, sym::CONFIG)?;
        all.push(Module { config: ModuleConfig::Value(config, ExprId::NONE), ..Module::empty(file) });
    }
    merged(ev, *prefix, all)
}

fn merged(ev: &mut Evaluator, prefix: Value, modules: Vec<Module>) -> Outcome {
    let prefix = loc_of_list(ev, prefix)?;
    let id = eval_ready(ev, Request { prefix, ..Request::default() }, modules)?;
    let found = evaluation(ev, id)?;
    let options = ev.want_attrs(Value::reference(found.options_slot))?;
    let matched: Vec<(Symbol, Value, ExprId)> = ev
        .heap
        .entries(options)
        .into_iter()
        .filter(|(name, ..)| *name != sym::MODULE)
        .map(|(name, slot, origin)| (name, ev.heap.share(slot), origin))
        .collect();
    let matched = ev.heap.new_set(&matched);
    let mut rest = Vec::new();
    for one in unmatched(ev, &found)? {
        let file = ev.str(&one.definition.file);
        let path: Vec<String> = one.path.iter().map(|name| ev.heap.name(*name).to_owned()).collect();
        let path: Vec<Value> = path.iter().map(|name| ev.str(name)).collect();
        let path = ev.list(&path);
        rest.push(ev.set(&[("file", file), ("prefix", path), ("value", one.definition.value)]));
    }
    let rest = ev.list(&rest);
    Ok(ev.set(&[("matchedOptions", matched), ("unmatchedDefns", rest)]))
}

/// An evaluation without modules for options that stand in no tree.
fn empty_evaluation(ev: &mut Evaluator) -> Result<EvalId, Stop> {
    eval_modules(ev, Request::default())
}

/// `evalOptionValue loc option definitions`: the option with its value.
fn eval_option_value(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [loc, option, defs] = arguments else { return Ok(Value::NULL) };
    let loc = loc_of_list(ev, *loc)?;
    let set = ev.want_attrs(*option)?;
    // Its message of deprecation is asked for first.
    ev.attribute_or_stop(set, sym::TYPE)?;
    let defs = definitions_of(ev, *defs)?;
    let name = ev.heap.intern("declarations");
    let file: Rc<str> = match ev.attribute(set, name) {
        Some(files) => match ev.want_list(files)?.slots().next() {
            Some(slot) => ev.want_text(Value::reference(slot))?.into(),
            None => UNKNOWN_FILE.into(),
        },
        None => UNKNOWN_FILE.into(),
    };
    let declaration = Declaration { value: *option, file, origin: ExprId::NONE };
    let id = empty_evaluation(ev)?;
    let id = State::of(ev).add_node(Node::detached(id, loc, vec![declaration], defs));
    let Kind::Option(info) = tree::kind(ev, id)? else { return Ok(Value::NULL) };
    let made = options::option_value(ev, id, &info)?;
    let made = ev.want_attrs(made)?;
    Ok(ev.heap.update(set, made))
}

/// `mergeOptionDecls loc declarations`: one declaration of several.
fn merge_option_decls(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [loc, decls] = arguments else { return Ok(Value::NULL) };
    let loc = loc_of_list(ev, *loc)?;
    let mut declarations = Vec::new();
    for slot in ev.want_whole_list(*decls)?.slots() {
        let set = ev.want_attrs(Value::reference(slot))?;
        let file = text_of(ev, set, sym::MODULE_FILE)?;
        let value = ev.attribute_or_stop(set, sym::OPTIONS)?;
        declarations.push(Declaration { value, file, origin: ExprId::NONE });
    }
    let id = empty_evaluation(ev)?;
    let id: NodeId = State::of(ev).add_node(Node::detached(id, loc, declarations, Vec::new()));
    options::declared_value(ev, id)
}

/// `fixupOptionType loc option`: the option with a type, its submodules told where their modules come from.
fn fixup_option_type(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [_, option] = arguments else { return Ok(Value::NULL) };
    let set = ev.want_attrs(*option)?;
    let declared = match ev.attribute(set, sym::TYPE) {
        Some(ty) => Some(types::type_of_value(ev, ty)?),
        None => None,
    };
    let mut changed = Vec::new();
    match declared {
        Some(ty) if types::sub_modules(ev, ty)?.is_some() => {
            let modules = ev.attribute_or_stop(set, sym::OPTIONS)?;
            let modules = ev.want_whole_list(modules)?;
            let modules = ev.heap.elements(modules);
            let ty = types::with_sub_modules(ev, ty, modules)?;
            changed.push(("type", types::type_value(ev, ty)));
            changed.push(("options", Value::EMPTY_LIST));
        }
        Some(_) => {}
        None => {
            let ty = types::type_from_text(ev, "unspecified", None);
            changed.push(("type", types::type_value(ev, ty)));
        }
    }
    let View::Attrs(changed) = ev.set(&changed).view() else { return Ok(*option) };
    Ok(ev.heap.update(set, changed))
}

/// `unifyModuleSyntax file key module`: a module in canonical form.
fn unify_module_syntax(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [file, key, module] = arguments else { return Ok(Value::NULL) };
    let value = ev.want(*module)?;
    let View::Attrs(set) = value.view() else {
        let what = ev.describe(value);
        let (file_text, key_text) = (ev.want_text(*file)?, ev.want_text(*key)?);
        let text = format!("module {file_text} ({key_text}) does not look like a module: it is {what}.");
        return Err(ev.error(ErrorKind::Module("bad-module"), text));
    };
    let is_long = ev.attribute(set, sym::CONFIG).is_some() || ev.attribute(set, sym::OPTIONS).is_some();
    if is_long {
        let key_text = ev.want_text(*key)?;
        reject_mixed_form(ev, set, &|| key_text.as_str().into())?;
    }
    let or = |ev: &Evaluator, name: Symbol, other: Value| ev.attribute(set, name).unwrap_or(other);
    let mut config = if is_long {
        or(ev, sym::CONFIG, Value::EMPTY_SET)
    } else {
        let kept: Vec<(Symbol, Value, ExprId)> = ev
            .heap
            .entries(set)
            .into_iter()
            .filter(|(name, ..)| !is_reserved_in_short_form(*name))
            .map(|(name, slot, origin)| (name, ev.heap.share(slot), origin))
            .collect();
        ev.heap.new_set(&kept)
    };
    if is_long && let Some(meta) = ev.attribute(set, sym::META) {
        let meta = ev.set(&[("meta", meta)]);
        let both = ev.list(&[config, meta]);
        config = wrap_merge(ev, both);
    }
    if let Some(freeform) = ev.attribute(set, sym::FREEFORM_TYPE) {
        let inner = ev.set(&[("freeformType", freeform)]);
        let freeform = ev.set(&[("_module", inner)]);
        let both = ev.list(&[config, freeform]);
        config = wrap_merge(ev, both);
    }
    let mut imports = Vec::new();
    let lists = if is_long { vec![sym::IMPORTS] } else { vec![sym::REQUIRE, sym::IMPORTS] };
    for name in lists {
        if let Some(list) = ev.attribute(set, name) {
            let list = ev.want_whole_list(list)?;
            imports.extend(ev.heap.elements(list));
        }
    }
    let imports = ev.list(&imports);
    let own_file = or(ev, sym::MODULE_FILE, *file);
    let own_file = ev.coerce(own_file, Coercion::More)?;
    let own_key = or(ev, sym::KEY, *key);
    let own_key = ev.coerce(own_key, Coercion::More)?;
    let options = if is_long { or(ev, sym::OPTIONS, Value::EMPTY_SET) } else { Value::EMPTY_SET };
    let (class, disabled) = (or(ev, sym::MODULE_CLASS, Value::NULL), or(ev, sym::DISABLED_MODULES, Value::EMPTY_LIST));
    Ok(ev.set(&[
        ("_file", Value::string(own_file)),
        ("_class", class),
        ("key", Value::string(own_key)),
        ("disabledModules", disabled),
        ("imports", imports),
        ("options", options),
        ("config", config),
    ]))
}

/// `applyModuleArgsIfFunction key function arguments`: further arguments come from `config._module.args`.
fn apply_module_args(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [_, function, given] = arguments else { return Ok(Value::NULL) };
    let function = ev.want(*function)?;
    let is_function = match function.view() {
        View::Lambda(..) | View::Native(_) | View::Partial(_) => true,
        View::Attrs(set) => ev.attribute(set, sym::FUNCTOR).is_some(),
        _ => false,
    };
    if !is_function {
        return Ok(function);
    }
    let set = ev.want_attrs(*given)?;
    let mut extra = Vec::new();
    for (name, _, origin) in super::arguments::formals_of(ev, function)? {
        if ev.attribute(set, name).is_none() {
            let text = ev.heap.name(name).to_owned();
            let text = ev.str(&text);
            extra.push((name, ev.delay_native("internal.modules.givenArgument", &[*given, text]), origin));
        }
    }
    let View::Attrs(extra) = ev.heap.new_set(&extra).view() else { return Ok(function) };
    let all = ev.heap.update(set, extra);
    ev.call(function, &[all])
}

fn given_argument(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [given, name] = arguments else { return Ok(Value::NULL) };
    let mut at = *given;
    for part in [sym::CONFIG, sym::MODULE, sym::ARGS] {
        let set = ev.want_attrs(at)?;
        at = ev.attribute_or_stop(set, part)?;
    }
    let name = ev.want_string(*name)?;
    let name = ev.heap.intern_string(name);
    let set = ev.want_attrs(at)?;
    ev.attribute_or_stop(set, name)
}
