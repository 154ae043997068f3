//! Types that users write: `mkOptionType` and the functions around it.

use super::table::{is_tagged, type_of_value};
use super::value::type_value;
use crate::eval::{ErrorKind, Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{Set, Value, View, sym};

pub(super) static FUNCTIONS: &[NativeDef] = &[
    NativeDef::strict("lib.types.mkOptionType", 1, mk_option_type),
    NativeDef::strict("lib.types.isType", 2, is_type),
    NativeDef::strict("lib.types.setType", 2, set_type),
    NativeDef::strict("lib.types.isOptionType", 1, is_option_type),
    NativeDef::lazy("lib.types.defaultFunctor", 1, default_functor),
    NativeDef::strict("lib.types.mergeTypes", 2, merge_two_types),
    NativeDef::with_strict("lib.types.optionDescriptionPhrase", 2, 2, option_description_phrase),
    NativeDef::lazy("internal.types.yes", 1, |_, _| Ok(Value::TRUE)),
    NativeDef::lazy("internal.types.null", 1, |_, _| Ok(Value::NULL)),
    NativeDef::lazy("internal.types.emptySet", 1, |_, _| Ok(Value::EMPTY_SET)),
    NativeDef::lazy("internal.types.nullOfTwo", 2, |_, _| Ok(Value::NULL)),
    NativeDef::lazy("internal.types.lookup", 1, lookup),
    NativeDef::strict("internal.types.get", 2, get),
    NativeDef::strict("internal.types.ofName", 1, of_name),
];

/// `mkOptionType`: the set that was given, with defaults for what it leaves out.
fn mk_option_type(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [argument] = arguments else { return Ok(Value::NULL) };
    let (check, merge) = (ev.native("internal.types.yes"), ev.native("lib.options.mergeDefaultOption"));
    let (empty, null) = (ev.native("internal.types.emptySet"), ev.native("internal.types.null"));
    let missing = ev.heap.new_slot(Value::NULL);
    let missing = Value::reference(missing);
    let names = [
        ("name", None),
        ("description", Some(Value::NULL)),
        ("descriptionClass", Some(Value::NULL)),
        ("check", Some(check)),
        ("merge", Some(merge)),
        ("emptyValue", Some(Value::EMPTY_SET)),
        ("getSubOptions", Some(empty)),
        ("getSubModules", Some(Value::NULL)),
        ("substSubModules", Some(null)),
        ("typeMerge", Some(missing)),
        ("functor", Some(missing)),
        ("deprecationMessage", Some(Value::NULL)),
        ("nestedTypes", Some(Value::EMPTY_SET)),
    ];
    let mut found = fields(ev, "mkOptionType", *argument, names)?;
    let set = ev.want_attrs(*argument)?;
    let [name, description, .., type_merge, functor, _, _] = &mut found;
    if description.view() == View::Null {
        *description = *name;
    } else if !description.is_evaluated() {
        let words = ev.list(&[*description, *name]);
        *description = ev.delay_native("internal.types.lookup", &[words]);
    }
    let has = |ev: &mut Evaluator, set: Set, name: &str| {
        let name = ev.heap.intern(name);
        ev.attribute(set, name).is_some()
    };
    if !has(ev, set, "functor") {
        *functor = ev.delay_native("lib.types.defaultFunctor", &[*name]);
    }
    if !has(ev, set, "typeMerge") {
        *type_merge = ev.native_with("lib.types.defaultTypeMerge", &[*functor]);
    }
    let tag = ev.str("option-type");
    let mut attributes = vec![(sym::TYPE_TAG, tag, crate::syntax::ExprId::NONE)];
    for ((field, _), value) in names.iter().zip(found) {
        let symbol = ev.heap.intern(field);
        let origin = ev.heap.key(set, symbol).map_or(crate::syntax::ExprId::NONE, |key| key.origin);
        attributes.push((symbol, value, origin));
    }
    Ok(ev.heap.new_set(&attributes))
}

/// The first of the values that is not null.
fn lookup(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [values] = arguments else { return Ok(Value::NULL) };
    let list = ev.want_list(*values)?;
    for slot in list.slots() {
        let value = ev.heap.share(slot);
        let value = ev.want(value)?;
        if value.view() != View::Null {
            return Ok(value);
        }
    }
    Ok(Value::NULL)
}

fn has_tag(ev: &mut Evaluator, value: Value, tag: Value) -> Outcome {
    let found = match value.view() {
        View::Attrs(set) => ev.optional_attribute(set, sym::TYPE_TAG)?,
        _ => None,
    };
    let found = match found {
        Some(found) => found,
        None => ev.str(""),
    };
    Ok(Value::bool(ev.equal(found, tag)?))
}

fn is_type(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [tag, value] = arguments else { return Ok(Value::NULL) };
    has_tag(ev, *value, *tag)
}

fn is_option_type(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [value] = arguments else { return Ok(Value::NULL) };
    match value.view() {
        View::Attrs(set) => is_tagged(ev, set, b"option-type").map(Value::bool),
        _ => Ok(Value::FALSE),
    }
}

fn set_type(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [tag, value] = arguments else { return Ok(Value::NULL) };
    let tag = ev.set(&[("_type", *tag)]);
    ev.update(*value, tag)
}

/// The functor of a type that says nothing about merging.
fn default_functor(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [name] = arguments else { return Ok(Value::NULL) };
    let of_name = ev.delay_native("internal.types.ofName", &[*name]);
    let merge = ev.native("internal.types.nullOfTwo");
    Ok(ev.set(&[("name", *name), ("type", of_name), ("payload", Value::NULL), ("binOp", merge)]))
}

/// `lib.types.<name>`, or null.
fn of_name(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [name] = arguments else { return Ok(Value::NULL) };
    let lib = crate::nixlib::lib_value(ev);
    let types = super::value::select(ev, lib, &["types"])?;
    let types = ev.want_attrs(types)?;
    let name = ev.want_string(*name)?;
    let name = ev.heap.intern_string(name);
    Ok(ev.attribute(types, name).unwrap_or(Value::NULL))
}

fn merge_two_types(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [a, b] = arguments else { return Ok(Value::NULL) };
    for ty in [a, b] {
        if is_option_type(ev, &[*ty])? != Value::TRUE {
            return Err(ev.error(ErrorKind::Assert, "assertion 'isOptionType a && isOptionType b' failed"));
        }
    }
    let (left, right) = (type_of_value(ev, *a)?, type_of_value(ev, *b)?);
    match super::merge_types(ev, left, right)? {
        Some(merged) => Ok(type_value(ev, merged)),
        None => {
            let (tag, words) = (ev.str("merge-error"), ev.str("Cannot merge types"));
            Ok(ev.set(&[("_type", tag), ("error", words)]))
        }
    }
}

fn option_description_phrase(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [is_clear, ty] = arguments else { return Ok(Value::NULL) };
    let set = ev.want_attrs(*ty)?;
    let class = ev.heap.intern("descriptionClass");
    let class = ev.attribute(set, class).unwrap_or(Value::NULL);
    let words = ev.attribute_or_stop(set, sym::DESCRIPTION)?;
    if ev.call_bool(*is_clear, &[class])? {
        return Ok(words);
    }
    let words = ev.want_text(words)?;
    Ok(ev.str(&format!("({words})")))
}

/// The attribute of a set, given its name first.
pub(super) fn get(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [name, set] = arguments else { return Ok(Value::NULL) };
    let (name, set) = (ev.want_string(*name)?, ev.want_attrs(*set)?);
    let name = ev.heap.intern_string(name);
    ev.attribute_or_stop(set, name)
}

/// An argument set: its fields, with `null` or another default for missing ones. Unexpected names and missing required ones are errors.
pub(super) fn fields<const N: usize>(
    ev: &mut Evaluator,
    function: &str,
    value: Value,
    names: [(&str, Option<Value>); N],
) -> Result<[Value; N], Stop> {
    let set = ev.want_attrs(value)?;
    let mut found = [Value::NULL; N];
    for (place, (name, default)) in found.iter_mut().zip(names) {
        let symbol = ev.heap.intern(name);
        *place = match (ev.optional_attribute(set, symbol)?, default) {
            (Some(value), _) | (None, Some(value)) => value,
            (None, None) => {
                let message = format!("function '{function}' called without required argument '{name}'");
                return Err(ev.error(ErrorKind::Arguments, message));
            }
        };
    }
    for (name, ..) in ev.heap.entries(set) {
        let name = ev.heap.name(name);
        if !names.iter().any(|(known, _)| *known == name) {
            let message = format!("function '{function}' called with unexpected argument '{name}'");
            return Err(ev.error(ErrorKind::Arguments, message));
        }
    }
    Ok(found)
}
