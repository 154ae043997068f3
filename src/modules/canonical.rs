//! Modules in canonical form: what a module is once it is loaded and called.

use std::rc::Rc;

use super::collect::{UNKNOWN_FILE, note_unknown};
use super::evaluation::Evaluation;
use super::properties::{Property, property};
use super::state::State;
use crate::eval::{Coercion, ErrorKind, Evaluator, Stop};
use crate::heap::{Set, SlotId, StrId, Symbol, Value, View, sym};
use crate::syntax::ExprId;

/// A module in canonical form.
#[derive(Debug)]
pub(super) struct Module {
    pub(super) file: Rc<str>,
    pub(super) options: Option<Value>,
    pub(super) config: ModuleConfig,
    pub(super) freeform: Option<(Value, ExprId)>,
    pub(super) meta: Option<(Value, ExprId)>,
    pub(super) is_certain: bool,
    /// Where the module's value comes from.
    pub(super) origin: ExprId,
}

impl Module {
    /// A module without anything.
    pub(super) fn empty(file: Rc<str>) -> Self {
        Self {
            file,
            options: None,
            config: ModuleConfig::None,
            freeform: None,
            meta: None,
            is_certain: true,
            origin: ExprId::NONE,
        }
    }
}

/// Where the definitions of a module stand.
#[derive(Debug)]
pub(super) enum ModuleConfig {
    /// There are none.
    None,
    /// A value of its own.
    Value(Value, ExprId),
    /// The attributes of the module itself, except those with a meaning for the module system.
    Short(Set),
}

/// Names that are no definitions in a module without `config` and `options`.
pub(super) fn is_reserved_in_short_form(name: Symbol) -> bool {
    matches!(
        name,
        sym::MODULE_CLASS
            | sym::MODULE_FILE
            | sym::KEY
            | sym::DISABLED_MODULES
            | sym::REQUIRE
            | sym::IMPORTS
            | sym::FREEFORM_TYPE
    )
}

/// A module with what it says about other modules.
pub(super) struct Loaded {
    pub(super) module: Module,
    /// The name that it gives itself.
    pub(super) key: Option<Rc<str>>,
    /// Where `imports` is written.
    pub(super) imports_at: ExprId,
    /// The elements of `imports`, not forced.
    pub(super) imports: Vec<Value>,
    /// The elements of `disabledModules`, not forced.
    pub(super) disabled: Vec<Value>,
}

/// The attributes of a module that mean something to the module system: value, which may be a reference, and place of the name.
#[derive(Default)]
struct Parts {
    config: Option<(Value, ExprId)>,
    options: Option<(Value, ExprId)>,
    file: Option<(Value, ExprId)>,
    key: Option<(Value, ExprId)>,
    class: Option<(Value, ExprId)>,
    require: Option<(Value, ExprId)>,
    imports: Option<(Value, ExprId)>,
    disabled: Option<(Value, ExprId)>,
    freeform: Option<(Value, ExprId)>,
    meta: Option<(Value, ExprId)>,
}

impl Parts {
    fn of(ev: &Evaluator, set: Set) -> Self {
        let mut parts = Self::default();
        for key in ev.heap.shape(set.shape).keys() {
            let part = match key.name {
                sym::CONFIG => &mut parts.config,
                sym::OPTIONS => &mut parts.options,
                sym::MODULE_FILE => &mut parts.file,
                sym::KEY => &mut parts.key,
                sym::MODULE_CLASS => &mut parts.class,
                sym::REQUIRE => &mut parts.require,
                sym::IMPORTS => &mut parts.imports,
                sym::DISABLED_MODULES => &mut parts.disabled,
                sym::FREEFORM_TYPE => &mut parts.freeform,
                sym::META => &mut parts.meta,
                _ => continue,
            };
            *part = Some((ev.heap.share(set.slot(key)), key.origin));
        }
        parts
    }
}

/// Brings the value of a module into canonical form; `key` is its name if it gives itself none.
pub(super) fn unify(
    ev: &mut Evaluator,
    evaluation: &Evaluation,
    content: Value,
    file: Rc<str>,
    key: &dyn Fn() -> Rc<str>,
) -> Result<Loaded, Stop> {
    let content = ev.want(content)?;
    let origin = content.origin();
    let View::Attrs(set) = content.view() else {
        let what = ev.describe(content);
        let text = format!("module {file} ({}) does not look like a module: it is {what}.", key());
        return Err(ev.error_at(ErrorKind::Module("bad-module"), text, origin));
    };
    if let Some(reason) = ev.heap.open_set_reason(set) {
        let stop = Stop(Value::unknown(reason));
        note_unknown(ev, evaluation, stop, origin, &file);
    }
    let Parts {
        config,
        options,
        file: own_file,
        key: own_key,
        class,
        require,
        imports: own_imports,
        disabled,
        freeform,
        meta,
    } = Parts::of(ev, set);
    let is_long = config.is_some() || options.is_some();
    if is_long {
        reject_mixed_form(ev, set, key)?;
    }
    let file = match own_file {
        Some((value, _)) => {
            let id = ev.coerce(value, Coercion::More)?;
            label(ev, id)
        }
        None => file,
    };
    let key = match own_key {
        Some((value, _)) => {
            let id = ev.coerce(value, Coercion::More)?;
            Some(ev.heap.text(id).into())
        }
        None => None,
    };
    if let Some((class, _)) = class {
        check_class(ev, evaluation, class, &file)?;
    }
    let mut imports = Vec::new();
    let mut imports_at = origin;
    if !is_long && let Some((value, at)) = require {
        imports.extend(import_list(ev, evaluation, value, at, &file)?);
    }
    if let Some((value, at)) = own_imports {
        imports_at = at;
        imports.extend(import_list(ev, evaluation, value, at, &file)?);
    }
    let disabled = match disabled {
        Some((value, at)) => import_list(ev, evaluation, value, at, &file)?,
        None => Vec::new(),
    };
    let module = Module {
        file,
        options: options.map(|(value, _)| value),
        config: match config {
            Some((value, at)) => ModuleConfig::Value(value, at),
            None if is_long => ModuleConfig::None,
            // What a function returns may be one property around all that it defines.
            None if matches!(
                property(ev, content)?,
                Property::If { .. } | Property::Merge { .. } | Property::Override { .. }
            ) =>
            {
                ModuleConfig::Value(content, origin)
            }
            None => ModuleConfig::Short(set),
        },
        freeform,
        meta: if is_long { meta } else { None },
        is_certain: true,
        origin,
    };
    Ok(Loaded { module, key, imports_at, imports, disabled })
}

/// The text of a file's name, which modules give again and again by the same literal.
fn label(ev: &mut Evaluator, text: StrId) -> Rc<str> {
    if let Some(known) = State::of(ev).labels.get(&text) {
        return Rc::clone(known);
    }
    let label: Rc<str> = ev.heap.text(text).into();
    State::of(ev).labels.insert(text, Rc::clone(&label));
    label
}

pub(super) fn reject_mixed_form(ev: &mut Evaluator, set: Set, key: &dyn Fn() -> Rc<str>) -> Result<(), Stop> {
    let is_known = |name: Symbol| {
        matches!(
            name,
            sym::MODULE_CLASS
                | sym::MODULE_FILE
                | sym::KEY
                | sym::DISABLED_MODULES
                | sym::IMPORTS
                | sym::OPTIONS
                | sym::CONFIG
                | sym::META
                | sym::FREEFORM_TYPE
        )
    };
    if ev.heap.shape(set.shape).keys().iter().all(|key| is_known(key.name)) {
        return Ok(());
    }
    let bad: Vec<(Symbol, SlotId, ExprId)> =
        ev.heap.entries(set).into_iter().filter(|(name, ..)| !is_known(*name)).collect();
    let Some((first, _, at)) = bad.first().copied() else { return Ok(()) };
    let first = ev.heap.name(first).to_owned();
    let all = bad.iter().map(|(name, ..)| ev.heap.name(*name)).collect::<Vec<_>>().join(" ");
    let key = key();
    let text = format!(
        "Module `{key}' has an unsupported attribute `{first}'. This is caused by introducing a top-level `config' or `options' \
         attribute: definitions then belong into `config' (here: {all})."
    );
    Err(ev.error_at(ErrorKind::Module("bad-module"), text, at))
}

fn check_class(ev: &mut Evaluator, evaluation: &Evaluation, class: Value, file: &str) -> Result<(), Stop> {
    let Some(wanted) = evaluation.request.class.clone() else { return Ok(()) };
    let class = ev.want(class)?;
    if class.view() == View::Null {
        return Ok(());
    }
    let given = ev.want_text(class)?;
    if given == wanted {
        return Ok(());
    }
    let text = format!(
        "The module `{file}` (class: {given:?}) cannot be imported into a module evaluation that expects class {wanted:?}."
    );
    Err(ev.error_at(ErrorKind::Module("class-mismatch"), text, class.origin()))
}

/// The elements of `imports`, not forced. An unknown list, or unknown rest of a list, is recorded.
fn import_list(
    ev: &mut Evaluator,
    evaluation: &Evaluation,
    value: Value,
    at: ExprId,
    file: &str,
) -> Result<Vec<Value>, Stop> {
    let forced = ev.force(value);
    if forced.is_unknown() {
        note_unknown(ev, evaluation, Stop(forced), at, file);
        return Ok(Vec::new());
    }
    let seq = ev.want_list(forced)?;
    if let Some(reason) = ev.heap.open_reason(seq) {
        note_unknown(ev, evaluation, Stop(Value::unknown(reason)), at, file);
    }
    Ok(ev.heap.elements(seq))
}

/// The key that an element of `disabledModules` means.
pub(super) fn disabled_key(
    ev: &mut Evaluator,
    evaluation: &Evaluation,
    item: Value,
    file: &str,
) -> Result<String, Stop> {
    let item = ev.want(item)?;
    match item.view() {
        View::Str(id) => {
            let text = ev.heap.text(id).into_owned();
            if text.starts_with('/') {
                return Ok(text);
            }
            let View::Attrs(special) = ev.want(evaluation.request.special_args)?.view() else { return Ok(text) };
            let symbol = ev.heap.intern("modulesPath");
            let base = match ev.attribute(special, symbol) {
                Some(path) => {
                    let id = ev.coerce(path, Coercion::More)?;
                    ev.heap.text(id).into_owned()
                }
                None => String::new(),
            };
            Ok(format!("{base}/{text}"))
        }
        View::Attrs(set) => {
            let key = ev.attribute(set, sym::KEY);
            let is_text = ev.attribute(set, sym::TO_STRING).is_some() || ev.attribute(set, sym::OUT_PATH).is_some();
            if is_text {
                let id = ev.coerce(item, Coercion::More)?;
                let text = ev.heap.text(id).into_owned();
                if let Some(key) = key {
                    let key = ev.want_text(key)?;
                    if key != text {
                        let message = format!(
                            "Module `{file}` contains a disabledModules item that is an attribute set that can be converted to a string ({text}) but also has a `.key` attribute ({key}) with a different value, so it is ambiguous which module to disable."
                        );
                        return Err(ev.error_at(ErrorKind::Module("bad-disabled"), message, item.origin()));
                    }
                }
                return Ok(text);
            }
            match key {
                Some(key) => ev.want_text(key),
                None => {
                    let message = format!(
                        "Module `{file}` contains a disabledModules item that is an attribute set without a `key` attribute, so nothing tells which module to disable. Give a path, a string relative to modulesPath, or a set with `key`."
                    );
                    Err(ev.error_at(ErrorKind::Module("bad-disabled"), message, item.origin()))
                }
            }
        }
        View::Path(_) | View::Int(_) | View::Float(_) | View::Bool(_) | View::Null | View::List(_) => {
            let id = ev.coerce(item, Coercion::More)?;
            Ok(ev.heap.text(id).into_owned())
        }
        _ => {
            let what = ev.describe(item);
            let message = format!(
                "Each disabledModules item must be a path, a string or a set with `key`, but a disabledModules item in `{file}` is {what}."
            );
            Err(ev.error_at(ErrorKind::Module("bad-disabled"), message, item.origin()))
        }
    }
}

/// The error for a value whose `_type` is none of a module.
pub(super) fn not_a_module(ev: &mut Evaluator, evaluation: &Evaluation, tag: &str, file: &str, at: ExprId) -> Stop {
    let prefix = evaluation.request.prefix.show(&ev.heap);
    let place = if file == UNKNOWN_FILE { String::new() } else { format!(" in {file}") };
    let target = if prefix.is_empty() { String::new() } else { format!(", loaded into {prefix}") };
    let hint = match tag {
        "configuration" => " Import the modules that make up that configuration instead.",
        "flake" => " Perhaps an attribute such as `.nixosModules.default` is missing.",
        "merge" => " Put `mkMerge` into the `config` of a module.",
        _ => "",
    };
    let text = format!("Expected a module, but found a value of type {tag:?}{place}{target}.{hint}");
    ev.error_at(ErrorKind::Module("bad-module"), text, at)
}
