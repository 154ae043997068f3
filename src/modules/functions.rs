//! The functions of `lib.modules` that modules and their authors call: `evalModules` and the properties.

use std::rc::Rc;

use super::definition::{Definition, Loc};
use super::evaluation::{ModuleInput, Request, eval_modules, result_value};
use super::properties::{self, Property, property, push_down};
use super::{internals, low_level, renames};
use crate::eval::{ErrorKind, Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{Symbol, Value, View, sym};
use crate::nixlib::{Family, Member};
use crate::syntax::ExprId;

/// `lib.modules`.
pub(super) static LIBRARY: Family = Family {
    name: "modules",
    functions: &[FUNCTIONS, renames::FUNCTIONS, low_level::FUNCTIONS, internals::FUNCTIONS],
    members: &[
        Member::Made("defaultOrderPriority", |_| Ok(Value::int(super::definition::DEFAULT_ORDER))),
        Member::Made("defaultOverridePriority", |_| Ok(Value::int(super::definition::DEFAULT_PRIORITY))),
    ],
    top: &[
        "applyModuleArgsIfFunction",
        "dischargeProperties",
        "doRename",
        "evalModules",
        "evalOptionValue",
        "filterOverrides",
        "fixMergeModules",
        "fixupOptionType",
        "mergeDefinitions",
        "mergeModules",
        "mergeModules'",
        "mergeOptionDecls",
        "mkAfter",
        "mkAliasAndWrapDefinitions",
        "mkAliasDefinitions",
        "mkAliasOptionModule",
        "mkAliasOptionModuleMD",
        "mkAssert",
        "mkBefore",
        "mkChangedOptionModule",
        "mkDefault",
        "mkDefinition",
        "mkDerivedConfig",
        "mkFixStrictness",
        "mkForce",
        "mkIf",
        "mkImageMediaOverride",
        "mkMerge",
        "mkMergedOptionModule",
        "mkOptionDefault",
        "mkOrder",
        "mkOverride",
        "mkRemovedOptionModule",
        "mkRenamedOptionModule",
        "mkRenamedOptionModuleWith",
        "mkVMOverride",
        "pushDownProperties",
        "setDefaultModuleLocation",
        "sortProperties",
        "unifyModuleSyntax",
    ],
};

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::strict("lib.modules.evalModules", 1, eval_modules_function),
    NativeDef::lazy("lib.modules.fixMergeModules", 2, fix_merge_modules),
    NativeDef::lazy("lib.modules.mkIf", 2, mk_if),
    NativeDef::lazy("lib.modules.mkAssert", 3, mk_assert),
    NativeDef::lazy("internal.modules.asserted", 2, asserted),
    NativeDef::lazy("lib.modules.mkMerge", 1, |ev, arguments| {
        let [contents] = arguments else { return Ok(Value::NULL) };
        Ok(properties::wrap_merge(ev, *contents))
    }),
    NativeDef::lazy("lib.modules.mkOverride", 2, |ev, arguments| {
        let [priority, content] = arguments else { return Ok(Value::NULL) };
        Ok(properties::wrap_override(ev, *priority, *content))
    }),
    NativeDef::lazy("lib.modules.mkOrder", 2, |ev, arguments| {
        let [priority, content] = arguments else { return Ok(Value::NULL) };
        Ok(properties::wrap_order(ev, *priority, *content))
    }),
    NativeDef::lazy("lib.modules.mkOptionDefault", 1, |ev, arguments| override_with(ev, 1500, arguments)),
    NativeDef::lazy("lib.modules.mkDefault", 1, |ev, arguments| override_with(ev, 1000, arguments)),
    NativeDef::lazy("lib.modules.mkImageMediaOverride", 1, |ev, arguments| override_with(ev, 60, arguments)),
    NativeDef::lazy("lib.modules.mkForce", 1, |ev, arguments| override_with(ev, 50, arguments)),
    NativeDef::lazy("lib.modules.mkVMOverride", 1, |ev, arguments| override_with(ev, 10, arguments)),
    NativeDef::lazy("lib.modules.mkBefore", 1, |ev, arguments| order_with(ev, 500, arguments)),
    NativeDef::lazy("lib.modules.mkAfter", 1, |ev, arguments| order_with(ev, 1500, arguments)),
    NativeDef::lazy("lib.modules.mkFixStrictness", 1, fix_strictness),
    NativeDef::strict("lib.modules.mkDefinition", 1, mk_definition).taking(&[("file", false), ("value", false)]),
    NativeDef::lazy("lib.modules.setDefaultModuleLocation", 2, |ev, arguments| {
        let [file, module] = arguments else { return Ok(Value::NULL) };
        let imports = ev.list(&[*module]);
        Ok(ev.set(&[("_file", *file), ("imports", imports)]))
    }),
    NativeDef::lazy("lib.modules.importApply", 2, import_apply),
    NativeDef::lazy("lib.modules.importJSON", 1, |ev, arguments| import_data(ev, "importJSON", arguments)),
    NativeDef::lazy("lib.modules.importTOML", 1, |ev, arguments| import_data(ev, "importTOML", arguments)),
    NativeDef::lazy("lib.modules.dischargeProperties", 1, discharge_properties),
    NativeDef::lazy("lib.modules.pushDownProperties", 1, push_down_properties),
    NativeDef::lazy("lib.modules.mapDefinitionValue", 2, map_definition_value),
];

fn override_with(ev: &mut Evaluator, priority: i64, arguments: &[Value]) -> Outcome {
    let [content] = arguments else { return Ok(Value::NULL) };
    Ok(properties::wrap_override(ev, Value::int(priority), *content))
}

fn order_with(ev: &mut Evaluator, priority: i64, arguments: &[Value]) -> Outcome {
    let [content] = arguments else { return Ok(Value::NULL) };
    Ok(properties::wrap_order(ev, Value::int(priority), *content))
}

/// A function of `lib`, by name.
pub(super) fn library_call(ev: &mut Evaluator, name: &str, arguments: &[Value]) -> Outcome {
    let lib = crate::nixlib::lib_value(ev);
    let lib = ev.want_attrs(lib)?;
    let name = ev.heap.intern(name);
    let function = ev.attribute_or_stop(lib, name)?;
    ev.call(function, arguments)
}

/// The option path that a list of strings stands for.
pub(super) fn loc_of_list(ev: &mut Evaluator, list: Value) -> Result<Loc, Stop> {
    Ok(Loc::of(&names_of_list(ev, list)?))
}

/// The names in a list of strings.
pub(super) fn names_of_list(ev: &mut Evaluator, list: Value) -> Result<Vec<Symbol>, Stop> {
    let seq = ev.want_whole_list(list)?;
    let mut names = Vec::with_capacity(seq.count());
    for slot in seq.slots() {
        let name = ev.want_string(Value::reference(slot))?;
        names.push(ev.heap.intern_string(name));
    }
    Ok(names)
}

/// A module that imports another one and gives it a file.
pub(super) fn with_location(ev: &mut Evaluator, file: &Rc<str>, module: Value) -> Value {
    let file = ev.str(file);
    let imports = ev.list(&[module]);
    ev.set(&[("_file", file), ("imports", imports)])
}

fn eval_modules_function(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [given] = arguments else { return Ok(Value::NULL) };
    let set = ev.want_attrs(*given)?;
    let mut request = Request::default();
    let mut has_modules = false;
    for (name, slot, origin) in ev.heap.entries(set) {
        let value = ev.heap.share(slot);
        match name {
            sym::MODULES => {
                has_modules = true;
                let list = ev.want_whole_list(value)?;
                request.modules = list.slots().map(|slot| ModuleInput::Module(ev.heap.share(slot))).collect();
            }
            sym::PREFIX => request.prefix = loc_of_list(ev, value)?,
            sym::SPECIAL_ARGS => request.special_args = value,
            sym::ARGS => {
                ev.tell(
                    "evaluation warning: The args argument to evalModules is deprecated. Please set config._module.args instead."
                        .to_owned(),
                );
                request.args = Some(value);
            }
            sym::CHECK => {
                ev.tell(
                    "evaluation warning: The check argument to evalModules is deprecated. Please set config._module.check instead."
                        .to_owned(),
                );
                request.check = Some(ev.want_bool(value)?);
            }
            sym::CLASS => {
                let class = ev.want(value)?;
                request.class = match class.view() {
                    View::Null => None,
                    _ => Some(ev.want_text(class)?),
                };
            }
            _ => {
                let text = format!("function 'evalModules' called with unexpected argument '{}'", ev.heap.name(name));
                return Err(ev.error_at(ErrorKind::Arguments, text, origin));
            }
        }
    }
    if !has_modules {
        return Err(ev.error(ErrorKind::Arguments, "function 'evalModules' called without required argument 'modules'"));
    }
    let id = eval_modules(ev, request)?;
    Ok(result_value(ev, id))
}

fn fix_merge_modules(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [modules, args] = arguments else { return Ok(Value::NULL) };
    let list = ev.want_whole_list(*modules)?;
    let modules = list.slots().map(|slot| ModuleInput::Module(ev.heap.share(slot))).collect();
    let id = eval_modules(ev, Request { modules, args: Some(*args), check: Some(false), ..Request::default() })?;
    Ok(result_value(ev, id))
}

fn mk_if(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [condition, content] = arguments else { return Ok(Value::NULL) };
    Ok(properties::wrap_if(ev, *condition, *content))
}

fn mk_assert(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [assertion, message, content] = arguments else { return Ok(Value::NULL) };
    let condition = ev.delay_native("internal.modules.asserted", &[*assertion, *message]);
    Ok(properties::wrap_if(ev, condition, *content))
}

fn asserted(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [assertion, message] = arguments else { return Ok(Value::NULL) };
    if ev.want_bool(*assertion)? {
        return Ok(Value::TRUE);
    }
    let id = ev.coerce(*message, crate::eval::Coercion::Strict)?;
    let text = format!("\nFailed assertion: {}", ev.heap.text(id));
    Err(ev.error(ErrorKind::Throw, text))
}

fn fix_strictness(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [value] = arguments else { return Ok(Value::NULL) };
    ev.tell(
        "evaluation warning: lib.mkFixStrictness has no effect and will be removed. It returns its argument unmodified, so you can just remove any calls."
            .to_owned(),
    );
    Ok(*value)
}

fn mk_definition(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [given] = arguments else { return Ok(Value::NULL) };
    let given = ev.want_attrs(*given)?;
    for name in [sym::FILE, sym::VALUE] {
        if ev.heap.attribute(given, name).is_none() {
            let text = format!("function 'mkDefinition' called without required argument '{}'", ev.heap.name(name));
            return Err(ev.error(ErrorKind::Arguments, text));
        }
    }
    let tag = ev.str("definition");
    let View::Attrs(tag) = ev.set(&[("_type", tag)]).view() else { return Ok(Value::NULL) };
    Ok(ev.heap.update(given, tag))
}

fn import_apply(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [path, argument] = arguments else { return Ok(Value::NULL) };
    let target = ev.want_path(*path)?;
    let function = ev.import(std::path::Path::new(&target))?;
    let module = ev.call(function, &[*argument])?;
    let imports = ev.list(&[module]);
    Ok(ev.set(&[("_file", *path), ("imports", imports)]))
}

fn import_data(ev: &mut Evaluator, function: &str, arguments: &[Value]) -> Outcome {
    let [file] = arguments else { return Ok(Value::NULL) };
    let lib = crate::nixlib::lib_value(ev);
    let lib = ev.want_attrs(lib)?;
    let name = ev.heap.intern(function);
    let function = ev.attribute_or_stop(lib, name)?;
    let config = ev.heap.delay_call(function, &[*file]);
    Ok(ev.set(&[("_file", *file), ("config", config)]))
}

fn discharge_properties(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [value] = arguments else { return Ok(Value::NULL) };
    let mut all = Vec::new();
    discharge_into(ev, *value, 0, &mut all)?;
    Ok(ev.list(&all))
}

fn discharge_into(ev: &mut Evaluator, value: Value, depth: u32, all: &mut Vec<Value>) -> Result<(), Stop> {
    ev.tick()?;
    if depth > 500 {
        return Err(ev.error(ErrorKind::Type, "properties of the module system are nested too deeply"));
    }
    let value = ev.want(value)?;
    match property(ev, value)? {
        Property::Merge { contents } => {
            for slot in ev.want_whole_list(contents)?.slots() {
                discharge_into(ev, Value::reference(slot), depth + 1, all)?;
            }
            Ok(())
        }
        Property::If { condition, content } => {
            let condition = ev.want(condition)?;
            match condition.view() {
                View::Bool(true) => discharge_into(ev, content, depth + 1, all),
                View::Bool(false) => Ok(()),
                _ => Err(ev.error(ErrorKind::Module("bad-condition"), "`mkIf' called with a non-Boolean condition")),
            }
        }
        Property::Override { .. } | Property::Order { .. } | Property::Definition { .. } | Property::Plain => {
            all.push(value);
            Ok(())
        }
    }
}

fn push_down_properties(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [value] = arguments else { return Ok(Value::NULL) };
    let mut all = Vec::new();
    for layer in push_down(ev, *value)? {
        let View::Attrs(set) = layer.value.view() else {
            all.push(layer.value);
            continue;
        };
        let mut attributes: Vec<(Symbol, Value, ExprId)> = Vec::new();
        for (name, slot, origin) in ev.heap.entries(set) {
            let inner = ev.heap.share(slot);
            attributes.push((name, layer.wrap(ev, inner), origin));
        }
        let open = ev.heap.open_set_reason(set);
        all.push(ev.heap.new_open_set(&attributes, open));
    }
    Ok(ev.list(&all))
}

fn map_definition_value(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function, definition] = arguments else { return Ok(Value::NULL) };
    let definition = ev.want(*definition)?;
    let View::Attrs(set) = definition.view() else { return ev.call(*function, &[definition]) };
    let this = ev.native_with("lib.modules.mapDefinitionValue", &[*function]);
    let (name, inner) = match property(ev, definition)? {
        Property::Plain => return ev.call(*function, &[definition]),
        Property::Merge { contents } => {
            let list = ev.want_whole_list(contents)?;
            let mapped: Vec<Value> = list
                .slots()
                .map(|slot| {
                    let element = ev.heap.share(slot);
                    ev.heap.delay_call(this, &[element])
                })
                .collect();
            ("contents", ev.list(&mapped))
        }
        Property::Definition { set } => {
            let value = ev.attribute_or_stop(set, sym::VALUE)?;
            ("value", ev.heap.delay_call(this, &[value]))
        }
        Property::If { content, .. } | Property::Override { content, .. } | Property::Order { content, .. } => {
            ("content", ev.heap.delay_call(this, &[content]))
        }
    };
    let View::Attrs(changed) = ev.set(&[(name, inner)]).view() else { return Ok(definition) };
    Ok(ev.heap.update(set, changed))
}

/// A definition from the set `{ file, value }` that users write.
pub(super) fn definition_of(ev: &mut Evaluator, value: Value) -> Result<Definition, Stop> {
    let set = ev.want_attrs(value)?;
    let content = ev.attribute_or_stop(set, sym::VALUE)?;
    let file = match ev.attribute(set, sym::FILE) {
        Some(file) => {
            let file = ev.coerce(file, crate::eval::Coercion::More)?;
            ev.heap.text(file).into()
        }
        None => Rc::from(super::collect::UNKNOWN_FILE),
    };
    Ok(Definition::new(content, file, ExprId::NONE))
}
