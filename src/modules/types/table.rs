//! The table of types: what each [`TypeId`] stands for, and the way from a user's set back to its type.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::value::type_value;
use super::{SubmoduleSpec, TypeId};
use crate::eval::{ErrorKind, Evaluator, Stop};
use crate::heap::{Set, Value, View, sym};
use crate::modules::definition::{Definition, Loc};
use crate::modules::schema_tree::SchemaNode;
use crate::modules::state::EvalId;

/// A type inside another one: known, or a user's value that is not looked at before it is needed, since types may be recursive.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    /// A type of the table.
    Known(TypeId),
    /// A user's value.
    Lazy(Value),
}

/// Types without parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Plain {
    Unspecified,
    Raw,
    Anything,
    Bool,
    BoolByOr,
    Int,
    Float,
    Str,
    NonEmptyStr,
    SingleLineStr,
    Attrs,
    Fileset,
    Package,
    LuaInline,
    OptionDeclaration,
    OptionType,
    /// A value of a systemd unit: lists are concatenated, anything else must be equal.
    UnitOption,
}

/// An end of a range of numbers.
#[derive(Clone, Copy, Debug)]
pub(super) enum Bound {
    /// The number itself is allowed.
    Inclusive(Value),
    /// The number itself is not allowed.
    Exclusive(Value),
}

/// A range of numbers.
#[derive(Clone, Debug)]
pub(super) struct Bounds {
    /// Whether floats are allowed too.
    pub(super) allows_floats: bool,
    pub(super) low: Option<Bound>,
    pub(super) high: Option<Bound>,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) class: Option<&'static str>,
}

/// The modules of a submodule type, as far as they are looked at.
#[derive(Clone, Debug)]
pub(super) enum ModuleList {
    /// One module, or a list of modules.
    OneOrMany(Value),
    /// A list of modules.
    Many(Value),
    /// These modules.
    Known(Rc<[Value]>),
}

/// What a submodule type is made of.
#[derive(Clone, Debug)]
pub(super) struct Submodule {
    pub(super) modules: ModuleList,
    pub(super) special_args: Value,
    /// Whether a set as definition is `config` only: a boolean or null, possibly a reference.
    pub(super) shorthand: Value,
    pub(super) description: Value,
    pub(super) class: Value,
    pub(super) schema: Option<Rc<SchemaNode>>,
    pub(super) is_open: bool,
}

/// Who checks or merges for a type that a user wrote or changed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Role {
    /// The type with this number.
    Native(TypeId),
    /// A user's function.
    User(Value),
}

/// What a type is.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    Plain(Plain),
    Bounded(Bounds),
    StrMatching(Value),
    Separated(Value),
    Path {
        in_store: Value,
        absolute: Value,
    },
    Enum(Value),
    ListOf(Part),
    AttrListOf {
        element: Part,
        as_attrs: Value,
        merge_values: Value,
    },
    AttrsOf {
        element: Part,
        is_lazy: bool,
        placeholder: Value,
    },
    AttrTag(Value),
    Unique {
        message: Value,
        inner: Part,
    },
    NullOr(Part),
    FunctionTo(Part),
    Either(Part, Part),
    CoercedTo {
        from: Part,
        function: Value,
        to: Part,
    },
    Submodule(Submodule),
    DeferredModule(Value),
    /// `addCheck`
    Checked {
        base: TypeId,
        predicate: Value,
    },
    /// A set that a user wrote (`mkOptionType`) or changed (`type // { … }`).
    Written {
        set: Set,
        check: Role,
        merge: Role,
    },
}

/// Types that are made once only, by what they are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Made {
    Plain(Plain),
    Named(&'static str),
    ListOf(TypeId),
    AttrsOf(TypeId),
    NullOr(TypeId),
    Either(TypeId, TypeId),
}

/// Definitions kept for a function that merges the results of functions.
#[derive(Clone, Debug)]
pub(super) struct Capture {
    pub(super) ty: TypeId,
    pub(super) loc: Loc,
    pub(super) defs: Rc<[Definition]>,
}

/// All types of an evaluator.
#[derive(Debug)]
pub(super) struct Types {
    kinds: Vec<Rc<Kind>>,
    pub(super) values: FxHashMap<TypeId, Value>,
    pub(super) by_set: FxHashMap<Set, TypeId>,
    pub(super) functors: FxHashMap<Set, TypeId>,
    pub(super) shape: Option<crate::heap::ShapeId>,
    pub(super) bases: FxHashMap<TypeId, EvalId>,
    made: FxHashMap<Made, TypeId>,
    captures: Vec<Capture>,
}

impl Default for Types {
    /// Type 0 is `unspecified`, the type of an option declared without one.
    fn default() -> Self {
        Self {
            kinds: vec![Rc::new(Kind::Plain(Plain::Unspecified))],
            values: FxHashMap::default(),
            by_set: FxHashMap::default(),
            functors: FxHashMap::default(),
            shape: None,
            bases: FxHashMap::default(),
            made: std::iter::once((Made::Plain(Plain::Unspecified), TypeId(0))).collect(),
            captures: Vec::new(),
        }
    }
}

/// What a type is.
pub(super) fn kind(ev: &mut Evaluator, id: TypeId) -> Rc<Kind> {
    let kinds = &ev.extension::<Types>().kinds;
    kinds.get(id.0 as usize).cloned().unwrap_or_else(|| Rc::new(Kind::Plain(Plain::Unspecified)))
}

/// A new type.
pub(super) fn add(ev: &mut Evaluator, kind: Kind) -> TypeId {
    let kinds = &mut ev.extension::<Types>().kinds;
    let id = TypeId(u32::try_from(kinds.len()).unwrap_or(u32::MAX));
    kinds.push(Rc::new(kind));
    id
}

/// A type that is the same whenever it is made of the same.
pub(super) fn made(ev: &mut Evaluator, key: Made, make: impl FnOnce(&mut Evaluator) -> Kind) -> TypeId {
    if let Some(id) = ev.extension::<Types>().made.get(&key) {
        return *id;
    }
    let kind = make(ev);
    let id = add(ev, kind);
    ev.extension::<Types>().made.insert(key, id);
    id
}

/// A type without parameters.
pub(super) fn plain(ev: &mut Evaluator, which: Plain) -> TypeId {
    made(ev, Made::Plain(which), |_| Kind::Plain(which))
}

/// `listOf`
pub(super) fn list_of(ev: &mut Evaluator, element: Part) -> TypeId {
    match element {
        Part::Known(id) => made(ev, Made::ListOf(id), |_| Kind::ListOf(element)),
        Part::Lazy(_) => add(ev, Kind::ListOf(element)),
    }
}

/// `attrsOf`
pub(super) fn attrs_of(ev: &mut Evaluator, element: Part) -> TypeId {
    let make = |ev: &mut Evaluator| Kind::AttrsOf { element, is_lazy: false, placeholder: ev.str("name") };
    match element {
        Part::Known(id) => made(ev, Made::AttrsOf(id), make),
        Part::Lazy(_) => {
            let kind = make(ev);
            add(ev, kind)
        }
    }
}

/// `nullOr`
pub(super) fn null_or(ev: &mut Evaluator, inner: Part) -> TypeId {
    match inner {
        Part::Known(id) => made(ev, Made::NullOr(id), |_| Kind::NullOr(inner)),
        Part::Lazy(_) => add(ev, Kind::NullOr(inner)),
    }
}

/// `either`
pub(super) fn either(ev: &mut Evaluator, left: Part, right: Part) -> TypeId {
    match (left, right) {
        (Part::Known(a), Part::Known(b)) => made(ev, Made::Either(a, b), |_| Kind::Either(left, right)),
        _ => add(ev, Kind::Either(left, right)),
    }
}

/// The type of submodules made of these modules.
pub fn submodule_with(ev: &mut Evaluator, spec: SubmoduleSpec) -> TypeId {
    let mut text = |text: Option<String>| text.map_or(Value::NULL, |text| ev.str(&text));
    let (description, class) = (text(spec.description), text(spec.class));
    add(
        ev,
        Kind::Submodule(Submodule {
            modules: ModuleList::Known(spec.modules.into()),
            special_args: spec.special_args,
            shorthand: spec.shorthand_only_defines_config.map_or(Value::NULL, Value::bool),
            description,
            class,
            schema: spec.schema,
            is_open: spec.is_open,
        }),
    )
}

/// Keeps definitions for a function; gives the number to find them by.
pub(super) fn capture(ev: &mut Evaluator, ty: TypeId, loc: &Loc, defs: &[Definition]) -> Value {
    let captures = &mut ev.extension::<Types>().captures;
    captures.push(Capture { ty, loc: loc.clone(), defs: defs.into() });
    Value::int(i64::try_from(captures.len() - 1).unwrap_or(0))
}

/// The definitions kept under a number.
pub(super) fn captured(ev: &mut Evaluator, number: Value) -> Option<Capture> {
    let View::Int(index) = number.view() else { return None };
    ev.extension::<Types>().captures.get(usize::try_from(index).ok()?).cloned()
}

/// A value where a type is expected, not looked at unless it is evaluated already.
pub(super) fn part(ev: &mut Evaluator, value: Value) -> Part {
    let mut at = value;
    for _ in 0..4 {
        match at.view() {
            View::Ref(slot) => at = ev.heap.get(slot),
            View::Attrs(set) => {
                return ev.extension::<Types>().by_set.get(&set).map_or(Part::Lazy(value), |id| Part::Known(*id));
            }
            _ => break,
        }
    }
    Part::Lazy(value)
}

/// The type that a part stands for.
pub(super) fn resolve(ev: &mut Evaluator, part: Part) -> Result<TypeId, Stop> {
    match part {
        Part::Known(id) => Ok(id),
        Part::Lazy(value) => type_of_value(ev, value),
    }
}

/// The value that a part stands for.
pub(super) fn part_value(ev: &mut Evaluator, part: Part) -> Value {
    match part {
        Part::Known(id) => type_value(ev, id),
        Part::Lazy(value) => value,
    }
}

/// The type that a set written or computed by a user stands for.
///
/// A set that [`type_value`] made is recognised by identity. Any other one is taken apart: a `check` or `merge` that is still a
/// native one keeps its native meaning, so `types.str // { check = …; }` merges natively.
pub fn type_of_value(ev: &mut Evaluator, value: Value) -> Result<TypeId, Stop> {
    let value = ev.want(value)?;
    let View::Attrs(set) = value.view() else {
        let message = format!("expected an option type but found {}", ev.describe(value));
        return Err(ev.error(ErrorKind::Type, message));
    };
    if let Some(id) = ev.extension::<Types>().by_set.get(&set) {
        return Ok(*id);
    }
    if !is_tagged(ev, set, b"option-type")? {
        // Whoever asks such a set for its check does not find one.
        let message = "attribute 'check' missing in a set that stands for an option type";
        return Err(ev.error(ErrorKind::MissingAttribute, message));
    }
    let check = role(ev, set, sym::CHECK, "internal.types.check", "internal.types.checkFunctor")?;
    let merge = role(ev, set, sym::MERGE, "internal.types.merge", "internal.types.mergeFunctor")?;
    let id = add(ev, Kind::Written { set, check, merge });
    let types = ev.extension::<Types>();
    types.by_set.insert(set, id);
    types.values.insert(id, value);
    Ok(id)
}

/// Whether a set's `_type` is `tag`.
pub(super) fn is_tagged(ev: &mut Evaluator, set: Set, tag: &[u8]) -> Result<bool, Stop> {
    let Some(found) = ev.optional_attribute(set, sym::TYPE_TAG)? else { return Ok(false) };
    let found = ev.want(found)?;
    Ok(matches!(found.view(), View::Str(id) if ev.heap.bytes(id) == tag))
}

fn role(ev: &mut Evaluator, set: Set, field: crate::heap::Symbol, plain: &str, functor: &str) -> Result<Role, Stop> {
    let value = ev.attribute_or_stop(set, field)?;
    let value = ev.want(value)?;
    if let Some(id) = native_role(ev, value, plain) {
        return Ok(Role::Native(id));
    }
    if let View::Attrs(inner) = value.view()
        && let Some(call) = ev.attribute(inner, sym::FUNCTOR)
    {
        let call = ev.want(call)?;
        if let Some(id) = native_role(ev, call, functor) {
            return Ok(Role::Native(id));
        }
    }
    Ok(Role::User(value))
}

/// The type that a built-in function, applied to nothing but that type's number, works for.
pub(super) fn native_role(ev: &Evaluator, value: Value, name: &str) -> Option<TypeId> {
    let (definition, given) = ev.partial_of(value)?;
    if definition.name != name {
        return None;
    }
    type_number(*given.first()?)
}

/// The type whose number was given to a built-in function.
pub(super) fn type_number(value: Value) -> Option<TypeId> {
    match value.view() {
        View::Int(number) => Some(TypeId(u32::try_from(number).ok()?)),
        _ => None,
    }
}
