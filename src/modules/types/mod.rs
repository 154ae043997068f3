//! Types of options: `lib.types`.
//!
//! Purpose: check and merge the definitions of an option natively, and show types to users as the sets that nixpkgs documents.
//!
//! Invariants:
//! - A type is a number ([`TypeId`]) in the evaluator's table. The set that users see is made when somebody looks at it, and is
//!   recognised when it comes back; a set that a user changed or wrote keeps its native parts native.
//! - Inner types are not looked at before they are needed, because types may contain themselves.
//! - Checking looks at the value itself only. Elements of lists and sets are merged when they are read.
//! - A definition that cannot be known passes every check; it makes a scalar unknown, a list or set open.
//!
//! What it deliberately does not do: discharge `mkIf` and priorities, or evaluate modules; that is the room around it.

mod attr_list;
mod check;
mod collection;
mod compound;
mod constructors;
mod documents;
mod functor;
mod merge;
mod meta;
mod named;
mod options;
mod show;
mod submodule;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod value;
mod written;

use std::rc::Rc;

use super::schema_tree::SchemaNode;
use crate::eval::{Evaluator, Stop};
use crate::heap::{Value, View};

pub use check::check;
pub(super) use check::{checks_while_merging, head_error, refusal};
pub use functor::merge_types;
pub(super) use merge::definition_set;
pub use merge::{definitions_value, merge};
pub(super) use meta::outline;
pub use meta::{Element, element, elements, submodule_evaluation, value_meta};
pub use show::{show_defs, show_files};
pub use table::{submodule_with, type_of_value};
pub use text::type_from_text;
pub use value::type_value;

/// A type known to the module system. Number 0 is `unspecified`, the type of an option declared without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeId(pub(crate) u32);

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

/// Installs the functions of types and options and makes them part of `lib`, which must not have been forced yet.
pub fn install(ev: &mut Evaluator) {
    for family in [value::FAMILY, check::FAMILY, merge::FAMILY, compound::FAMILY] {
        ev.install(family);
    }
    crate::nixlib::add_family(ev, &constructors::FAMILY);
    crate::nixlib::add_family(ev, &options::FAMILY);
}

/// The type's short name: `submodule`, `attrsOf` … Empty if a user's type has none that is a string.
pub fn name(ev: &mut Evaluator, ty: TypeId) -> String {
    text_field(ev, ty, "name").unwrap_or_default()
}

/// The type in words; its name if it cannot be described.
pub fn description(ev: &mut Evaluator, ty: TypeId) -> String {
    text_field(ev, ty, "description").unwrap_or_else(|| name(ev, ty))
}

/// [`description`] for a message: as in nixpkgs, a description that fails is the error instead of that message.
pub(super) fn description_in_message(ev: &mut Evaluator, ty: TypeId) -> Result<String, Stop> {
    match value::type_field(ev, ty, "description") {
        Err(stop) if stop.0.is_error() => Err(stop),
        _ => Ok(description(ev, ty)),
    }
}

/// Why the type should not be used, if so.
pub fn deprecation(ev: &mut Evaluator, ty: TypeId) -> Option<String> {
    match &*table::kind(ev, ty) {
        table::Kind::Written { .. } => text_field(ev, ty, "deprecationMessage"),
        _ => None,
    }
}

fn text_field(ev: &mut Evaluator, ty: TypeId, field: &str) -> Option<String> {
    let value = value::type_field(ev, ty, field).ok()??;
    match value.view() {
        View::Str(id) => Some(ev.heap.text(id).into_owned()),
        _ => None,
    }
}

/// The value of an option of this type without definitions.
pub fn empty_value(ev: &mut Evaluator, ty: TypeId) -> Option<Value> {
    let kind = table::kind(ev, ty);
    if let table::Kind::Written { .. } = &*kind {
        let empty = value::type_field(ev, ty, "emptyValue").ok()??;
        let View::Attrs(set) = empty.view() else { return None };
        return ev.attribute(set, crate::heap::sym::VALUE);
    }
    match value::own_empty_value(ev, ty, &kind) {
        Ok(value::Empty::Value(value)) => Some(value),
        Ok(value::Empty::Of(inner)) => {
            let inner = table::resolve(ev, inner).ok()?;
            ev.one_deeper(|ev| Ok(empty_value(ev, inner))).ok()?
        }
        Ok(value::Empty::None) => None,
        Err(Stop(value)) => Some(value),
    }
}

/// `getSubModules`: the modules of the submodule in the type, if there is one.
pub fn sub_modules(ev: &mut Evaluator, ty: TypeId) -> Result<Option<Vec<Value>>, Stop> {
    match &*table::kind(ev, ty) {
        table::Kind::Submodule(spec) => Ok(Some(submodule::modules(ev, spec)?.to_vec())),
        table::Kind::Plain(_)
        | table::Kind::Bounded(_)
        | table::Kind::Enum(_)
        | table::Kind::StrMatching(_)
        | table::Kind::Separated(_)
        | table::Kind::Path { .. } => Ok(None),
        table::Kind::ListOf(table::Part::Known(inner))
        | table::Kind::NullOr(table::Part::Known(inner))
        | table::Kind::AttrsOf { element: table::Part::Known(inner), .. } => sub_modules(ev, *inner),
        _ => match value::type_field(ev, ty, "getSubModules")? {
            Some(modules) if modules.view() != View::Null => {
                let list = ev.want_list(modules)?;
                Ok(Some(ev.heap.elements(list)))
            }
            _ => Ok(None),
        },
    }
}

/// `substSubModules`: the same type with other modules; the type itself if it has none.
pub fn with_sub_modules(ev: &mut Evaluator, ty: TypeId, modules: Vec<Value>) -> Result<TypeId, Stop> {
    let modules = table::ModuleList::Known(modules.into());
    Ok(functor::with_modules(ev, ty, modules)?.unwrap_or(ty))
}
