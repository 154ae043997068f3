//! Types of options.

use std::rc::Rc;

use super::definition::{Definition, Loc};
use super::schema_tree::SchemaNode;
use crate::eval::{Evaluator, Outcome, Stop};
use crate::heap::Value;

/// A type known to the module system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeId(pub(crate) u32);

/// Makes the built-in functions of types known.
pub(super) fn install(ev: &mut Evaluator) {
    let _ = ev;
}

/// What `submoduleWith` takes.
#[derive(Clone, Debug)]
pub struct SubmoduleSpec {
    /// The modules, in order.
    pub modules: Vec<Value>,
    /// `specialArgs`: a set.
    pub special_args: Value,
    /// Whether a set among the definitions is `config` only; `None` if not said.
    pub shorthand_only_defines_config: Option<bool>,
    /// `description`.
    pub description: Option<String>,
    /// `class`.
    pub class: Option<String>,
    /// Static declarations.
    pub schema: Option<Rc<SchemaNode>>,
    /// Whether modules may be missing.
    pub is_open: bool,
}

/// The type that a set written or computed by a user stands for.
pub fn type_of_value(ev: &mut Evaluator, value: Value) -> Result<TypeId, Stop> {
    let _ = value;
    Err(ev.unsupported("types"))
}

/// The set that users see for a type.
pub fn type_value(ev: &mut Evaluator, ty: TypeId) -> Value {
    let _ = ty;
    ev.unsupported("types").0
}

/// Whether a definition's value may belong to the type (shallow).
pub fn check(ev: &mut Evaluator, ty: TypeId, value: Value) -> Result<bool, Stop> {
    let _ = (ev, ty, value);
    Ok(true)
}

/// Merges checked, discharged definitions, of which there is at least one.
pub fn merge(ev: &mut Evaluator, ty: TypeId, loc: &Loc, defs: &[Definition]) -> Outcome {
    let _ = (ty, loc, defs);
    Err(ev.unsupported("types"))
}

/// What the type says about the merged value: `valueMeta` without `_internal`.
pub fn value_meta(ev: &mut Evaluator, ty: TypeId, loc: &Loc, defs: &[Definition]) -> Outcome {
    let _ = (ev, ty, loc, defs);
    Ok(Value::EMPTY_SET)
}

/// The type of an option declared with both types, if there is one.
pub fn merge_types(ev: &mut Evaluator, a: TypeId, b: TypeId) -> Result<Option<TypeId>, Stop> {
    let _ = ev;
    Ok((a == b).then_some(a))
}

/// The type's short name: `submodule`, `attrsOf` …
pub fn name(ev: &mut Evaluator, ty: TypeId) -> String {
    let _ = (ev, ty);
    String::new()
}

/// The type in words.
pub fn description(ev: &mut Evaluator, ty: TypeId) -> String {
    let _ = (ev, ty);
    String::new()
}

/// The value of an option of this type without definitions.
pub fn empty_value(ev: &mut Evaluator, ty: TypeId) -> Option<Value> {
    let _ = (ev, ty);
    None
}

/// Why the type should not be used, if so.
pub fn deprecation(ev: &mut Evaluator, ty: TypeId) -> Option<String> {
    let _ = (ev, ty);
    None
}

/// `getSubModules`: the modules of the submodule in the type, if there is one.
pub fn sub_modules(ev: &mut Evaluator, ty: TypeId) -> Result<Option<Vec<Value>>, Stop> {
    let _ = (ev, ty);
    Ok(None)
}

/// `substSubModules`: the same type with other modules.
pub fn with_sub_modules(ev: &mut Evaluator, ty: TypeId, modules: Vec<Value>) -> Result<TypeId, Stop> {
    let _ = (ev, modules);
    Ok(ty)
}

/// The type of submodules made of these modules.
pub fn submodule_with(ev: &mut Evaluator, spec: SubmoduleSpec) -> TypeId {
    let _ = (ev, spec);
    TypeId(0)
}

/// A type from its text in the static tables: `str`, `listOf str`, `nullOr (enum a b c)`, `attrsOf submodule` …;
/// `submodule` stands for one with the declarations `submodule`.
pub fn type_from_text(ev: &mut Evaluator, text: &str, submodule: Option<Rc<SchemaNode>>) -> TypeId {
    let _ = (ev, text, submodule);
    TypeId(0)
}
