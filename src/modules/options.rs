//! One declared option: its declarations merged, its value, and the set that `options` shows for it.

use std::rc::Rc;

use super::defined::{self, Definitions};
use super::definition::{Definition, OPTION_DEFAULT_PRIORITY};
use super::merge::{self, Discharged};
use super::messages::show_files;
use super::state::{NodeId, evaluation, handle, handle_value, node};
use super::tree::{self, Declaration, Node};
use super::types::{self, SubmoduleSpec, TypeId};
use smallvec::SmallVec;

use crate::eval::{ErrorKind, Evaluator, NativeDef, Outcome, Stop, UnknownReason};
use crate::heap::{Set, Symbol, Value, View, sym};
use crate::syntax::ExprId;

/// A declared option.
#[derive(Clone, Debug)]
pub(super) struct OptionInfo {
    pub(super) ty: TypeId,
    /// In merge order; attributes of the first ones win.
    declared: SmallVec<[Declared; 1]>,
    /// Whether the type is not simply the one that the first set has.
    is_type_made: bool,
}

/// One of the declarations of an option.
#[derive(Clone, Debug)]
struct Declared {
    /// The set that `mkOption` gave.
    set: Set,
    file: Rc<str>,
    position: ExprId,
}

impl OptionInfo {
    /// The option that only a static table declares.
    pub(super) fn of_type(ty: TypeId) -> Self {
        Self { ty, declared: SmallVec::new(), is_type_made: true }
    }

    /// Whether no module declares it.
    pub(super) fn is_static(&self) -> bool {
        self.declared.is_empty()
    }

    /// The files that declare it.
    pub(super) fn files(&self) -> impl Iterator<Item = &str> {
        self.declared.iter().map(|one| &*one.file)
    }

    /// An attribute of the declaration, not forced, with the place of its name.
    fn attribute(&self, ev: &Evaluator, name: Symbol) -> Option<(Value, ExprId)> {
        self.declared.iter().find_map(|one| {
            let key = ev.heap.key(one.set, name)?;
            Some((ev.heap.share(one.set.slot(&key)), key.origin))
        })
    }
}

/// The option that several modules declare together.
pub(super) fn merge_declarations(ev: &mut Evaluator, this: &Node, all: &[Declaration]) -> Result<OptionInfo, Stop> {
    let mut info =
        OptionInfo { ty: TypeId(0), declared: SmallVec::with_capacity(all.len()), is_type_made: all.len() > 1 };
    let mut ty: Option<TypeId> = None;
    if let Some(schema) = &this.schema
        && schema.option.is_some()
    {
        ty = Some(schema.type_of(ev));
        info.is_type_made = true;
    }
    let is_static = ty.is_some();
    let mut parts: Vec<Value> = Vec::new();
    let mut is_submodule = false;
    for declaration in all {
        let set = ev.want_attrs(declaration.value)?;
        let has_both =
            |ev: &Evaluator, name| ev.heap.attribute(set, name).is_some() && info.attribute(ev, name).is_some();
        if !info.declared.is_empty()
            && [sym::DEFAULT, sym::EXAMPLE, sym::DESCRIPTION, sym::APPLY].into_iter().any(|name| has_both(ev, name))
        {
            return Err(redeclared(ev, this, declaration, &info));
        }
        if let Some(declared) = ev.attribute(set, sym::TYPE) {
            let declared = types::type_of_value(ev, declared)?;
            ty = match ty {
                None => Some(declared),
                Some(known) => match types::merge_types(ev, known, declared)? {
                    Some(merged) => Some(merged),
                    None if is_static && info.declared.is_empty() => Some(declared),
                    None => return Err(redeclared(ev, this, declaration, &info)),
                },
            };
            // An option that stands in no tree has its type as it is: nobody tells its modules where they are declared.
            if this.given.is_none()
                && let Some(modules) = types::sub_modules(ev, declared)?
            {
                is_submodule = true;
                let mut located = Vec::with_capacity(modules.len() + parts.len());
                for module in modules {
                    located.push(super::functions::with_location(ev, &declaration.file, module));
                }
                located.append(&mut parts);
                parts = located;
            }
        }
        info.declared.push(Declared { set, file: Rc::clone(&declaration.file), position: declaration.origin });
    }
    info.ty = match ty {
        Some(ty) if is_submodule && !is_static => {
            info.is_type_made = true;
            types::with_sub_modules(ev, ty, parts)?
        }
        Some(ty) => ty,
        None => types::type_from_text(ev, "unspecified", None),
    };
    Ok(info)
}

fn redeclared(ev: &mut Evaluator, this: &Node, declaration: &Declaration, info: &OptionInfo) -> Stop {
    let name = this.loc.show(&ev.heap);
    let files = show_files(info.files());
    let text = format!("The option `{name}' in `{}' is already declared in {files}.", declaration.file);
    ev.error_at(ErrorKind::Module("redeclared"), text, declaration.origin)
}

/// An option whose submodules get more options from sets of declarations at the same place.
pub(super) fn merge_with_trees(
    ev: &mut Evaluator,
    this: &Node,
    all: &[Declaration],
    is_option: &[bool],
) -> Result<OptionInfo, Stop> {
    let mut converted = Vec::with_capacity(all.len());
    for (declaration, is_option) in all.iter().zip(is_option) {
        let set = ev.want_attrs(declaration.value)?;
        if *is_option {
            let is_submodule = match ev.attribute(set, sym::TYPE) {
                Some(ty) => {
                    let ty = types::type_of_value(ev, ty)?;
                    types::name(ev, ty) == "submodule"
                }
                None => false,
            };
            if !is_submodule {
                return Err(no_nested_options(ev, this, declaration, all));
            }
            converted.push(declaration.clone());
        } else {
            let module = ev.set(&[("options", declaration.value)]);
            let spec = SubmoduleSpec {
                modules: vec![module],
                special_args: Value::EMPTY_SET,
                shorthand_only_defines_config: None,
                description: None,
                class: None,
                schema: None,
                is_open: false,
            };
            let ty = types::submodule_with(ev, spec);
            let (tag, ty) = (ev.str("option"), types::type_value(ev, ty));
            let value = ev.set(&[("_type", tag), ("type", ty)]);
            converted.push(Declaration { value, ..declaration.clone() });
        }
    }
    merge_declarations(ev, this, &converted)
}

fn no_nested_options(ev: &mut Evaluator, this: &Node, declaration: &Declaration, all: &[Declaration]) -> Stop {
    let name = this.loc.show(&ev.heap);
    let mut below = Vec::new();
    for other in all {
        let value = ev.force(other.value);
        if let View::Attrs(set) = value.view()
            && ev.heap.attribute(set, sym::TYPE_TAG).is_none()
        {
            for (child, ..) in ev.heap.entries(set) {
                let path = this.loc.child(child).show(&ev.heap);
                below.push(format!("`{path}' in module `{}'", other.file));
            }
        }
    }
    let words = match ev.want_attrs(declaration.value).ok().and_then(|set| ev.attribute(set, sym::TYPE)) {
        Some(ty) => match types::type_of_value(ev, ty) {
            Ok(ty) => types::description(ev, ty),
            Err(_) => "unknown".to_owned(),
        },
        None => "unspecified".to_owned(),
    };
    let text = format!(
        "The option `{name}' in module `{}' would be a parent of the following options, but its type `{words}' does not support nested options: {}",
        declaration.file,
        below.join(", ")
    );
    ev.error_at(ErrorKind::Module("bad-declaration"), text, declaration.origin)
}

/// The default of an option as a definition, if it has one.
pub(super) fn default_of(ev: &mut Evaluator, this: &Node, info: &OptionInfo) -> Result<Option<Definition>, Stop> {
    let (value, origin) = match info.attribute(ev, sym::DEFAULT) {
        Some(found) => found,
        None => match &this.schema {
            Some(schema) => {
                let found = evaluation(ev, this.evaluation)?;
                match schema.default_value(ev, &found)? {
                    Some(value) => (value, ExprId::NONE),
                    None => return Ok(None),
                }
            }
            None => return Ok(None),
        },
    };
    let file =
        info.declared.first().map(|one| Rc::clone(&one.file)).unwrap_or_else(|| "the default of the option".into());
    let mut definition = Definition::new(value, file, origin);
    definition.priority = OPTION_DEFAULT_PRIORITY;
    Ok(Some(definition))
}

/// The definitions of an option that count.
pub(super) fn discharged(ev: &mut Evaluator, id: NodeId, info: &OptionInfo) -> Result<Rc<Discharged>, Stop> {
    let this = node(ev, id)?;
    if let Some(known) = this.discharged.get() {
        return Ok(Rc::clone(known));
    }
    let (defs, default) = definitions_and_default(ev, id, info)?;
    let found = merge::discharge_with(ev, &defs, default, None)?;
    Ok(Rc::clone(this.discharged.get_or_init(|| Rc::new(found))))
}

/// The definitions of an option and its default; an error if a read-only option has more than one of them.
fn definitions_and_default(
    ev: &mut Evaluator,
    id: NodeId,
    info: &OptionInfo,
) -> Result<(Definitions, Option<Definition>), Stop> {
    let this = node(ev, id)?;
    let defs = defined::definitions(ev, &this)?;
    let default = default_of(ev, &this, info)?;
    if defs.len() + usize::from(default.is_some()) > 1 && is_read_only(ev, &this, info)? {
        return Err(set_twice(ev, &this, info, default, &defs));
    }
    Ok((defs, default))
}

fn is_read_only(ev: &mut Evaluator, this: &Node, info: &OptionInfo) -> Result<bool, Stop> {
    match info.attribute(ev, sym::READ_ONLY) {
        Some((value, _)) => ev.want_bool(value),
        None => Ok(info.is_static() && this.schema.as_ref().is_some_and(|schema| schema.is_read_only())),
    }
}

fn set_twice(
    ev: &mut Evaluator,
    this: &Node,
    info: &OptionInfo,
    default: Option<Definition>,
    defs: &[Definition],
) -> Stop {
    let mut shown = Vec::new();
    for definition in default.iter().chain(defs) {
        match merge::merge_definitions(ev, &this.loc, info.ty, vec![definition.clone()]) {
            Ok(merged) => shown.push(definition.with_value(merged.value, ExprId::NONE)),
            Err(stop) if !ev.is_caught(stop) => return stop,
            Err(stop) => shown.push(definition.with_value(stop.0, ExprId::NONE)),
        }
    }
    let name = this.loc.show(&ev.heap);
    let values = match types::show_defs(ev, &shown) {
        Ok(values) => values,
        Err(stop) => return stop,
    };
    let text = format!("The option `{name}' is read-only, but it's set multiple times. Definition values:{values}");
    let at = defs.last().map_or(ExprId::NONE, |definition| definition.origin);
    ev.error_at(ErrorKind::Module("read-only"), text, at)
}

/// The value of an option.
pub(super) fn value(ev: &mut Evaluator, id: NodeId, info: &OptionInfo) -> Outcome {
    merged_value(ev, id, info).map_err(|stop| {
        if !stop.0.is_error() {
            return stop;
        }
        match node(ev, id) {
            Ok(this) => {
                let name = this.loc.show(&ev.heap);
                ev.name_step(stop, &name);
                let at = info.declared.first().map_or(ExprId::NONE, |one| one.position);
                ev.add_trace(stop, at, format!("while evaluating the option `{name}'"))
            }
            Err(_) => stop,
        }
    })
}

fn merged_value(ev: &mut Evaluator, id: NodeId, info: &OptionInfo) -> Outcome {
    let this = node(ev, id)?;
    if info.is_static() && this.schema.as_ref().is_some_and(|schema| schema.is_opaque()) {
        let name = this.loc.show(&ev.heap);
        return Err(ev.unknown(UnknownReason::Unsupported(format!("the value of `{name}`"))));
    }
    if let Some(words) = types::deprecation(ev, info.ty) {
        let (name, short) = (this.loc.show(&ev.heap), types::name(ev, info.ty));
        let files = show_files(info.files());
        ev.tell(format!(
            "evaluation warning: The type `types.{short}' of option `{name}' defined in {files} is deprecated. {words}"
        ));
    }
    if let Some((apply, _)) = info.attribute(ev, sym::APPLY) {
        let merged = ev.delay_native("internal.modules.merged", &[handle_value(id.0)]);
        let value = ev.call(apply, &[merged])?;
        return ev.want(value);
    }
    let found = discharged(ev, id, info)?;
    if found.defs.is_empty() && info.is_static() && types::empty_value(ev, info.ty).is_none() {
        let evaluation = evaluation(ev, this.evaluation)?;
        if evaluation.is_incomplete.get() {
            let name = this.loc.show(&ev.heap);
            return Err(ev.unknown(UnknownReason::UndeclaredOption(name)));
        }
    }
    let merged = merge::merged_value(ev, &this.loc, info.ty, &found)?;
    ev.want(merged)
}

/// The merged value of an option before its `apply`.
fn before_apply(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [id] = arguments else { return Ok(Value::NULL) };
    let id = NodeId(handle(ev, *id)?);
    let tree::Kind::Option(info) = tree::kind(ev, id)? else { return Ok(Value::NULL) };
    let this = node(ev, id)?;
    let found = discharged(ev, id, &info)?;
    merge::merged_value(ev, &this.loc, info.ty, &found)
}

/// The merged declarations of an option as a set, without anything about its value.
pub(super) fn declared_value(ev: &mut Evaluator, id: NodeId) -> Outcome {
    let tree::Kind::Option(info) = tree::kind(ev, id)? else { return Ok(Value::EMPTY_SET) };
    let whole = option_value(ev, id, &info)?;
    let whole = ev.want_attrs(whole)?;
    let mut attributes: Vec<(Symbol, Value, ExprId)> = Vec::new();
    for (name, slot, origin) in ev.heap.entries(whole) {
        let is_about_value = FIELDS.iter().any(|(field, number)| *number < 6 && *field == ev.heap.name(name));
        let is_type_added =
            name == sym::TYPE && !info.declared.iter().any(|one| ev.heap.attribute(one.set, name).is_some());
        if !is_about_value && !is_type_added && !matches!(name, sym::VALUE | sym::TO_STRING) {
            attributes.push((name, ev.heap.share(slot), origin));
        }
    }
    Ok(ev.heap.new_set(&attributes))
}

/// Attributes of an option's set that are computed, with the number of the native's case.
const FIELDS: &[(&str, u32)] = &[
    ("highestPrio", 0),
    ("definitions", 1),
    ("files", 2),
    ("definitionsWithLocations", 3),
    ("isDefined", 4),
    ("valueMeta", 5),
    ("declarationPositions", 6),
];

/// The case of the native that computes `valueMeta` from the definitions.
const WHOLE_META: i64 = 7;

/// The set that `options` shows for an option.
pub(super) fn option_value(ev: &mut Evaluator, id: NodeId, info: &OptionInfo) -> Outcome {
    let this = node(ev, id)?;
    let none = ExprId::NONE;
    let mut attributes: Vec<(Symbol, Value, ExprId)> = Vec::new();
    let value = tree::value_of(ev, id)?;
    let function = ev.native("internal.modules.optionField");
    for (name, number) in FIELDS {
        let call = Evaluator::ask(function, id.0, *number);
        attributes.push((ev.heap.intern(name), call, none));
    }
    attributes.push((sym::VALUE, value, none));
    let mut files: Vec<Value> = info.files().map(|file| ev.heap.new_str(file)).collect();
    if is_of_module_system(ev, &this)? {
        files.push(ev.str(&super::arguments::internal_file()));
    }
    let files = ev.list(&files);
    let loc = this.loc.value(&mut ev.heap);
    let shown = ev.native_with("internal.modules.optionText", &[handle_value(id.0)]);
    attributes.push((ev.heap.intern("declarations"), files, none));
    attributes.push((ev.heap.intern("loc"), loc, none));
    attributes.push((sym::OPTIONS, Value::EMPTY_LIST, none));
    attributes.push((sym::TO_STRING, shown, none));
    if info.is_type_made || info.attribute(ev, sym::TYPE).is_none() {
        let ty = types::type_value(ev, info.ty);
        attributes.push((sym::TYPE, ty, none));
    }
    for Declared { set, .. } in &info.declared {
        for (name, slot, origin) in ev.heap.entries(*set) {
            if !attributes.iter().any(|(known, ..)| *known == name) {
                attributes.push((name, ev.heap.share(slot), origin));
            }
        }
    }
    if info.is_static() {
        let tag = ev.str("option");
        attributes.push((sym::TYPE_TAG, tag, none));
        if let Some(default) = default_of(ev, &this, info)? {
            attributes.push((sym::DEFAULT, default.value, none));
        }
        if this.schema.as_ref().is_some_and(|schema| schema.is_read_only()) {
            attributes.push((sym::READ_ONLY, Value::TRUE, none));
        }
        if is_internal(ev, &this)? {
            attributes.push((sym::INTERNAL, Value::TRUE, none));
        }
        if let Some(note) =
            this.schema.as_ref().and_then(|schema| schema.option.as_ref()).map(|one| Rc::clone(&one.note))
        {
            let note = ev.str(&note);
            attributes.push((sym::DESCRIPTION, note, none));
        }
    }
    Ok(ev.heap.new_set(&attributes))
}

/// Whether documentation leaves out an option of the module system itself: `_module.args` is shown once, at the outermost place.
fn is_internal(ev: &mut Evaluator, this: &Node) -> Result<bool, Stop> {
    let is_nested = evaluation(ev, this.evaluation).is_ok_and(|found| !found.request.prefix.is_root());
    Ok(is_of_module_system(ev, this)? && (this.name != sym::ARGS || is_nested))
}

/// Whether it is one of the options below `_module`, which the module system itself declares.
fn is_of_module_system(ev: &mut Evaluator, this: &Node) -> Result<bool, Stop> {
    let Some(parent) = this.parent else { return Ok(false) };
    let parent = node(ev, parent)?;
    Ok(parent.name == sym::MODULE && parent.parent.is_some())
}

fn option_field(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [id, field] = arguments else { return Ok(Value::NULL) };
    let id = NodeId(handle(ev, *id)?);
    let field = ev.want_int(*field)?;
    let tree::Kind::Option(info) = tree::kind(ev, id)? else { return Ok(Value::NULL) };
    if field == 6 {
        return positions(ev, &info);
    }
    if field == 5 {
        definitions_and_default(ev, id, &info)?;
        let this = node(ev, id)?;
        let whole = ev.delay_native("internal.modules.optionField", &[handle_value(id.0), Value::int(WHOLE_META)]);
        return merge::outlined_meta(ev, &this.loc, info.ty, whole);
    }
    let found = discharged(ev, id, &info)?;
    Ok(match field {
        0 => Value::int(found.highest_priority),
        1 => {
            let values: Vec<Value> = found.defs.iter().map(|definition| definition.value).collect();
            ev.list(&values)
        }
        2 => {
            let files: Vec<Value> = found.defs.iter().map(|definition| ev.heap.new_str(&definition.file)).collect();
            ev.list(&files)
        }
        3 => {
            let mut all = Vec::with_capacity(found.defs.len());
            for definition in &found.defs {
                let file = ev.str(&definition.file);
                all.push(types::definition_set(ev, definition, file));
            }
            ev.list(&all)
        }
        4 => Value::bool(!found.defs.is_empty()),
        _ => {
            let this = node(ev, id)?;
            return merge::value_meta(ev, &this.loc, info.ty, &found.defs);
        }
    })
}

fn positions(ev: &mut Evaluator, info: &OptionInfo) -> Outcome {
    let mut all = Vec::with_capacity(info.declared.len());
    for Declared { file, position, .. } in &info.declared {
        let known = ev.position_value(*position);
        all.push(if known.view() == View::Null {
            let file = ev.str(file);
            ev.set(&[("file", file), ("line", Value::NULL), ("column", Value::NULL)])
        } else {
            known
        });
    }
    Ok(ev.list(&all))
}

/// `__toString` of an option: its path.
fn option_text(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [id, _] = arguments else { return Ok(Value::NULL) };
    let id = NodeId(handle(ev, *id)?);
    let this = node(ev, id)?;
    let text = this.loc.show(&ev.heap);
    Ok(ev.str(&text))
}

pub(super) static FAMILY: &[NativeDef] = &[
    NativeDef::strict("internal.modules.optionField", 2, option_field),
    NativeDef::strict("internal.modules.merged", 1, before_apply),
    NativeDef::with_strict("internal.modules.optionText", 2, 1, option_text),
];
