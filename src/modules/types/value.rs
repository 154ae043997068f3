//! Types as users see them: sets with `check`, `merge`, `description` and so on.
//!
//! A set is made when somebody asks for it. Fields that cost something are deferred, and since they live in slots, a type that
//! contains itself is described once or reported as infinite recursion, never followed for ever.

use super::functor::functor_value;
use super::table::{Bound, Kind, Part, Plain, Types, kind, part_value, resolve, type_number};
use super::{TypeId, submodule};
use crate::eval::{Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{Key, Shape, Value, View};
use crate::syntax::ExprId;

/// The fields of a type's set, in the order of their slots.
const FIELDS: [&str; 14] = [
    "_type",
    "name",
    "description",
    "descriptionClass",
    "check",
    "merge",
    "emptyValue",
    "getSubOptions",
    "getSubModules",
    "substSubModules",
    "typeMerge",
    "functor",
    "nestedTypes",
    "deprecationMessage",
];

pub(super) static FAMILY: &[NativeDef] = &[NativeDef::strict("internal.types.field", 2, field)];

/// The set that users see for a type.
pub fn type_value(ev: &mut Evaluator, ty: TypeId) -> Value {
    if let Some(value) = ev.extension::<Types>().values.get(&ty) {
        return *value;
    }
    let value = match &*kind(ev, ty) {
        Kind::Written { set, .. } => Value::attrs(*set),
        Kind::Checked { base, .. } => checked_set(ev, ty, *base),
        _ => native_set(ev, ty),
    };
    let types = ev.extension::<Types>();
    types.values.insert(ty, value);
    if let View::Attrs(set) = value.view() {
        types.by_set.insert(set, ty);
    }
    value
}

/// The number of a type as a value for a built-in function.
pub(super) fn number(ty: TypeId) -> Value {
    Value::int(i64::from(ty.0))
}

fn checked_set(ev: &mut Evaluator, ty: TypeId, base: TypeId) -> Value {
    let base = type_value(ev, base);
    let (check, merge) = check_and_merge(ev, ty);
    let change = ev.set(&[("check", check), ("merge", merge)]);
    match (base.view(), change.view()) {
        (View::Attrs(base), View::Attrs(change)) => ev.heap.update(base, change),
        _ => base,
    }
}

/// The fields `check` and `merge`. A type that merges and checks in one go shows that by sets instead of functions.
fn check_and_merge(ev: &mut Evaluator, ty: TypeId) -> (Value, Value) {
    let id = number(ty);
    if !super::check::checks_while_merging(ev, ty) {
        return (ev.native_with("internal.types.check", &[id]), ev.native_with("internal.types.merge", &[id]));
    }
    let check = ev.native_with("internal.types.checkFunctor", &[id]);
    let merge = ev.native_with("internal.types.mergeFunctor", &[id]);
    let both = ev.native_with("internal.types.mergeV2", &[id]);
    (ev.set(&[("__functor", check), ("isV2MergeCoherent", Value::TRUE)]), ev.set(&[("__functor", merge), ("v2", both)]))
}

fn native_set(ev: &mut Evaluator, ty: TypeId) -> Value {
    let shape = match ev.extension::<Types>().shape {
        Some(shape) => shape,
        None => {
            let keys = (0u32..).zip(FIELDS).map(|(offset, name)| Key {
                name: ev.heap.intern(name),
                offset,
                origin: ExprId::NONE,
            });
            let keys = keys.collect();
            let shape = ev.heap.new_shape(Shape::new(keys, None, true));
            ev.extension::<Types>().shape = Some(shape);
            shape
        }
    };
    let function = ev.native("internal.types.field");
    let mut values = [Value::NULL; FIELDS.len()];
    for (place, index) in values.iter_mut().zip(0u32..) {
        *place = Evaluator::ask(function, ty.0, index);
    }
    ev.heap.new_set_of_shape(shape, &values)
}

/// A field that is computed when it is needed, by its number in [`FIELDS`].
fn field(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [id, index] = arguments else { return Ok(Value::NULL) };
    let (Some(ty), View::Int(index)) = (type_number(*id), index.view()) else { return Ok(Value::NULL) };
    let name = usize::try_from(index).ok().and_then(|index| FIELDS.get(index)).copied().unwrap_or_default();
    let kind = kind(ev, ty);
    match name {
        "_type" => Ok(ev.str("option-type")),
        "check" => Ok(check_and_merge(ev, ty).0),
        "merge" => Ok(check_and_merge(ev, ty).1),
        "getSubOptions" => Ok(ev.native_with("internal.types.getSubOptions", &[*id])),
        "substSubModules" => Ok(ev.native_with("internal.types.substSubModules", &[*id])),
        "typeMerge" => Ok(ev.native_with("internal.types.typeMerge", &[*id])),
        "name" => own_name(ev, &kind).map(|text| ev.str(&text)),
        "description" => own_description(ev, ty, &kind).map(|text| ev.str(&text)),
        "descriptionClass" => match &*kind {
            Kind::Unique { inner, .. } => inner_field(ev, *inner, "descriptionClass"),
            Kind::Enum(values) => {
                let count = ev.want_whole_list(*values)?.count();
                Ok(ev.str(if count < 2 { "noun" } else { "conjunction" }))
            }
            other => Ok(own_class(other).map_or(Value::NULL, |class| ev.str(class))),
        },
        "emptyValue" => match own_empty_value(ev, ty, &kind)? {
            Empty::Value(value) => Ok(ev.set(&[("value", value)])),
            Empty::None => Ok(Value::EMPTY_SET),
            Empty::Of(inner) => inner_field(ev, inner, "emptyValue"),
        },
        "getSubModules" => match &*kind {
            Kind::Submodule(spec) => {
                let modules = submodule::modules(ev, spec)?;
                Ok(ev.list(&modules))
            }
            Kind::DeferredModule(modules) => Ok(*modules),
            other => match inner_of(other) {
                Some(inner) => inner_field(ev, inner, "getSubModules"),
                None => Ok(Value::NULL),
            },
        },
        "nestedTypes" => nested_types(ev, ty, &kind),
        "functor" => functor_value(ev, ty),
        _ => Ok(Value::NULL),
    }
}

/// A field of an inner type.
pub(super) fn inner_field(ev: &mut Evaluator, part: Part, name: &str) -> Outcome {
    let value = part_value(ev, part);
    let set = ev.want_attrs(value)?;
    let name = ev.heap.intern(name);
    ev.attribute_or_stop(set, name)
}

/// A field of a type's set, evaluated; `None` if a user's set does not have it.
pub(super) fn type_field(ev: &mut Evaluator, ty: TypeId, name: &str) -> Result<Option<Value>, Stop> {
    let value = type_value(ev, ty);
    let set = ev.want_attrs(value)?;
    let name = ev.heap.intern(name);
    match ev.optional_attribute(set, name)? {
        Some(value) => ev.want(value).map(Some),
        None => Ok(None),
    }
}

/// The inner type whose submodules and options are the type's own.
pub(super) fn inner_of(kind: &Kind) -> Option<Part> {
    match kind {
        Kind::ListOf(inner)
        | Kind::NullOr(inner)
        | Kind::FunctionTo(inner)
        | Kind::AttrListOf { element: inner, .. }
        | Kind::AttrsOf { element: inner, .. }
        | Kind::Unique { inner, .. }
        | Kind::CoercedTo { to: inner, .. } => Some(*inner),
        _ => None,
    }
}

/// What a type says about an option without definitions.
pub(super) enum Empty {
    /// There is no such value.
    None,
    /// This value.
    Value(Value),
    /// What this type says.
    Of(Part),
}

/// The value of an option of a native type without definitions.
pub(super) fn own_empty_value(ev: &mut Evaluator, ty: TypeId, kind: &Kind) -> Result<Empty, Stop> {
    Ok(match kind {
        Kind::ListOf(_) => Empty::Value(Value::EMPTY_LIST),
        Kind::AttrsOf { .. } | Kind::Plain(Plain::Attrs) => Empty::Value(Value::EMPTY_SET),
        Kind::AttrListOf { as_attrs, .. } => {
            let as_attrs = ev.want_bool(*as_attrs)?;
            Empty::Value(if as_attrs { Value::EMPTY_SET } else { Value::EMPTY_LIST })
        }
        Kind::NullOr(_) => Empty::Value(Value::NULL),
        Kind::Plain(Plain::Fileset) => {
            let lib = crate::nixlib::lib_value(ev);
            let empty = select(ev, lib, &["fileset", "empty"])?;
            Empty::Value(empty)
        }
        Kind::Submodule(_) => Empty::Value(submodule::base_config(ev, ty)?),
        Kind::Unique { inner, .. } => Empty::Of(*inner),
        Kind::CoercedTo { to, .. } => Empty::Of(*to),
        Kind::Checked { base, .. } => Empty::Of(Part::Known(*base)),
        _ => Empty::None,
    })
}

/// The attribute at a path.
pub(super) fn select(ev: &mut Evaluator, value: Value, path: &[&str]) -> Outcome {
    let mut at = value;
    for name in path {
        let set = ev.want_attrs(at)?;
        let name = ev.heap.intern(name);
        at = ev.attribute_or_stop(set, name)?;
    }
    Ok(at)
}

fn nested_types(ev: &mut Evaluator, ty: TypeId, kind: &Kind) -> Outcome {
    let entries = match kind {
        Kind::Either(left, right) => vec![("left", part_value(ev, *left)), ("right", part_value(ev, *right))],
        Kind::CoercedTo { from, to, .. } => {
            vec![("coercedType", part_value(ev, *from)), ("finalType", part_value(ev, *to))]
        }
        Kind::AttrTag(tags) => return Ok(*tags),
        Kind::Bounded(bounds) if bounds.allows_floats => {
            let (int, float) = (super::table::plain(ev, Plain::Int), super::table::plain(ev, Plain::Float));
            vec![("left", type_value(ev, int)), ("right", type_value(ev, float))]
        }
        Kind::Submodule(_) => match submodule::freeform(ev, ty)? {
            Some(freeform) => vec![("freeformType", type_value(ev, freeform))],
            None => Vec::new(),
        },
        other => match inner_of(other) {
            Some(inner) => vec![("elemType", part_value(ev, inner))],
            None => Vec::new(),
        },
    };
    Ok(ev.set(&entries))
}

fn plain_words(which: Plain) -> (&'static str, &'static str) {
    match which {
        Plain::Unspecified => ("unspecified", "unspecified value"),
        Plain::Raw => ("raw", "raw value"),
        Plain::Anything => ("anything", "anything"),
        Plain::Bool => ("bool", "boolean"),
        Plain::BoolByOr => ("boolByOr", "boolean (merged using or)"),
        Plain::Int => ("int", "signed integer"),
        Plain::Float => ("float", "floating point number"),
        Plain::Str => ("str", "string"),
        Plain::NonEmptyStr => ("nonEmptyStr", "non-empty string"),
        Plain::SingleLineStr => ("singleLineStr", "(optionally newline-terminated) single-line string"),
        Plain::Attrs => ("attrs", "attribute set"),
        Plain::Fileset => ("fileset", "fileset"),
        Plain::Package => ("package", "package"),
        Plain::LuaInline => ("luaInline", "inline lua"),
        Plain::OptionDeclaration => ("optionDeclaration", "option declaration"),
        Plain::OptionType => ("optionType", "optionType"),
        Plain::UnitOption => ("systemd option", "systemd option"),
    }
}

/// The short name of a native type.
pub(super) fn own_name(ev: &mut Evaluator, kind: &Kind) -> Result<String, Stop> {
    Ok(match kind {
        Kind::Plain(which) => plain_words(*which).0.to_owned(),
        Kind::Bounded(bounds) => bounds.name.clone(),
        Kind::StrMatching(pattern) => {
            let pattern = ev.want_text(*pattern)?;
            format!("strMatching {}", quoted(&pattern))
        }
        Kind::Separated(_) => "separatedString".to_owned(),
        Kind::Path { .. } => "path".to_owned(),
        Kind::Enum(_) => "enum".to_owned(),
        Kind::ListOf(_) => "listOf".to_owned(),
        Kind::AttrListOf { .. } => "attrListOf".to_owned(),
        Kind::AttrsOf { is_lazy, .. } => if *is_lazy { "lazyAttrsOf" } else { "attrsOf" }.to_owned(),
        Kind::AttrTag(_) => "attrTag".to_owned(),
        Kind::Unique { .. } => "unique".to_owned(),
        Kind::NullOr(_) => "nullOr".to_owned(),
        Kind::FunctionTo(_) => "functionTo".to_owned(),
        Kind::Either(..) => "either".to_owned(),
        Kind::CoercedTo { .. } => "coercedTo".to_owned(),
        Kind::Submodule(_) => "submodule".to_owned(),
        Kind::DeferredModule(_) => "deferredModule".to_owned(),
        Kind::Checked { base, .. } => super::name(ev, *base),
        Kind::Written { .. } => String::new(),
    })
}

/// A string as Nix writes it.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace("${", "\\${"))
}

fn own_class(kind: &Kind) -> Option<&'static str> {
    match kind {
        Kind::Plain(Plain::Attrs | Plain::UnitOption) | Kind::Unique { .. } | Kind::Enum(_) => None,
        Kind::Bounded(bounds) => bounds.class,
        Kind::ListOf(_) | Kind::AttrListOf { .. } | Kind::AttrsOf { .. } | Kind::FunctionTo(_) => Some("composite"),
        Kind::NullOr(_) | Kind::Either(..) => Some("conjunction"),
        Kind::CoercedTo { .. } | Kind::Submodule(_) | Kind::Checked { .. } | Kind::Written { .. } => None,
        Kind::Plain(_)
        | Kind::StrMatching(_)
        | Kind::Separated(_)
        | Kind::Path { .. }
        | Kind::AttrTag(_)
        | Kind::DeferredModule(_) => Some("noun"),
    }
}

/// The description of a type as part of another one: in parentheses unless its class is one of `classes`.
pub(super) fn phrase(ev: &mut Evaluator, part: Part, classes: &[&str]) -> Result<String, Stop> {
    let ty = resolve(ev, part)?;
    let description = words(ev, ty)?;
    let class = class_of(ev, ty)?;
    let is_clear = class.is_some_and(|class| classes.contains(&class.as_str()));
    Ok(if is_clear { description } else { format!("({description})") })
}

/// The field `description`.
pub(super) fn words(ev: &mut Evaluator, ty: TypeId) -> Result<String, Stop> {
    match type_field(ev, ty, "description")? {
        Some(value) => ev.want_text(value),
        None => Ok(String::new()),
    }
}

fn class_of(ev: &mut Evaluator, ty: TypeId) -> Result<Option<String>, Stop> {
    match type_field(ev, ty, "descriptionClass")? {
        Some(value) if value.view() != View::Null => ev.want_text(value).map(Some),
        _ => Ok(None),
    }
}

fn own_description(ev: &mut Evaluator, ty: TypeId, kind: &Kind) -> Result<String, Stop> {
    const ELEMENT: &[&str] = &["noun", "composite"];
    const CHOICE: &[&str] = &["noun", "conjunction"];
    Ok(match kind {
        Kind::Plain(which) => plain_words(*which).1.to_owned(),
        Kind::Bounded(bounds) => bounds.description.clone(),
        Kind::StrMatching(pattern) => format!("string matching the pattern {}", ev.want_text(*pattern)?),
        Kind::Separated(separator) => {
            let to_json = ev.native("builtins.toJSON");
            let separator = ev.call(to_json, &[*separator])?;
            format!("strings concatenated with {}", ev.want_text(separator)?)
        }
        Kind::Path { in_store, absolute } => {
            let (in_store, absolute) = (optional_bool(ev, *in_store)?, optional_bool(ev, *absolute)?);
            let kind = absolute.map_or("", |yes| if yes { "absolute " } else { "relative " });
            let place = in_store.map_or("", |yes| if yes { " in the Nix store" } else { " not in the Nix store" });
            format!("{kind}path{place}")
        }
        Kind::Enum(values) => enum_description(ev, *values)?,
        Kind::ListOf(element) => format!("list of {}", phrase(ev, *element, ELEMENT)?),
        Kind::AttrListOf { element, .. } => format!("attribute list of {}", phrase(ev, *element, ELEMENT)?),
        Kind::AttrsOf { element, is_lazy, .. } => {
            let lazy = if *is_lazy { "lazy " } else { "" };
            format!("{lazy}attribute set of {}", phrase(ev, *element, ELEMENT)?)
        }
        Kind::AttrTag(tags) => {
            format!("attribute-tagged union with choices: {}", super::compound::choices(ev, *tags)?)
        }
        Kind::Unique { inner, .. } => {
            let inner = resolve(ev, *inner)?;
            words(ev, inner)?
        }
        Kind::NullOr(inner) => format!("null or {}", phrase(ev, *inner, CHOICE)?),
        Kind::FunctionTo(result) => format!("function that evaluates to a(n) {}", phrase(ev, *result, ELEMENT)?),
        Kind::Either(left, right) => {
            let first = resolve(ev, *left)?;
            if class_of(ev, first)?.as_deref() == Some("nonRestrictiveClause") {
                format!("{}, or {}", words(ev, first)?, phrase(ev, *right, CHOICE)?)
            } else {
                let left = phrase(ev, *left, CHOICE)?;
                format!("{left} or {}", phrase(ev, *right, &["noun", "conjunction", "composite"])?)
            }
        }
        Kind::CoercedTo { from, to, .. } => {
            format!("{} or {} convertible to it", phrase(ev, *to, &["noun"])?, phrase(ev, *from, &["noun"])?)
        }
        Kind::Submodule(spec) => {
            let given = ev.want(spec.description)?;
            if given.view() != View::Null {
                return ev.want_text(given);
            }
            match submodule::freeform(ev, ty)? {
                Some(freeform) => format!("open submodule of {}", phrase(ev, Part::Known(freeform), ELEMENT)?),
                None => "submodule".to_owned(),
            }
        }
        Kind::DeferredModule(_) => "module".to_owned(),
        Kind::Checked { base, .. } => words(ev, *base)?,
        Kind::Written { .. } => String::new(),
    })
}

/// A boolean or null.
pub(super) fn optional_bool(ev: &mut Evaluator, value: Value) -> Result<Option<bool>, Stop> {
    let value = ev.want(value)?;
    match value.view() {
        View::Null => Ok(None),
        View::Bool(truth) => Ok(Some(truth)),
        _ => Err(ev.type_error("a Boolean or null", value)),
    }
}

fn enum_description(ev: &mut Evaluator, values: Value) -> Result<String, Stop> {
    let values = ev.want_whole_list(values)?;
    let mut shown = Vec::with_capacity(values.count());
    for slot in values.slots() {
        let value = ev.heap.share(slot);
        let value = ev.want(value)?;
        shown.push(match value.view() {
            View::Str(id) => format!("\"{}\"", ev.heap.text(id)),
            View::Int(number) => number.to_string(),
            View::Bool(truth) => truth.to_string(),
            _ => format!("<{}>", ev.type_name(value)),
        });
    }
    Ok(match shown.as_slice() {
        [] => "impossible (empty enum)".to_owned(),
        [only] => format!("value {only} (singular enum)"),
        all => format!("one of {}", all.join(", ")),
    })
}

/// Whether a value lies within an end of a range.
pub(super) fn is_within(ev: &mut Evaluator, bound: Bound, value: Value, is_low: bool) -> Result<bool, Stop> {
    let (limit, is_inclusive) = match bound {
        Bound::Inclusive(limit) => (limit, true),
        Bound::Exclusive(limit) => (limit, false),
    };
    let (small, large) = if is_low { (limit, value) } else { (value, limit) };
    if is_inclusive { Ok(!ev.less(large, small)?) } else { ev.less(small, large) }
}
