//! The functions of `lib.modules` that work on lists of definitions directly; few configurations use them.

use super::definition::{DEFAULT_ORDER, DEFAULT_PRIORITY, Definition};
use super::functions::{definition_of, loc_of_list};
use super::merge::{self, discharge, merge_discharged};
use super::properties::{Property, property};
use super::types;
use crate::eval::{ErrorKind, Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{Value, View, sym};

pub(super) static FUNCTIONS: &[NativeDef] = &[
    NativeDef::strict("lib.modules.filterOverrides", 1, |ev, arguments| Ok(filter_overrides(ev, arguments)?.0)),
    NativeDef::strict("lib.modules.filterOverrides'", 1, |ev, arguments| {
        let (values, highest) = filter_overrides(ev, arguments)?;
        Ok(ev.set(&[("highestPrio", Value::int(highest)), ("values", values)]))
    }),
    NativeDef::strict("lib.modules.sortProperties", 1, sort_properties),
    NativeDef::lazy("lib.modules.mergeDefinitions", 3, merge_definitions_function),
    NativeDef::lazy("internal.modules.mergedField", 4, merged_field),
    NativeDef::strict("lib.modules.mergeAttrDefinitionsWithPrio", 1, merge_attr_definitions),
];

/// A set `{ file, value, … }` with another value.
fn replace_value(ev: &mut Evaluator, whole: Value, value: Value) -> Outcome {
    let whole = ev.want_attrs(whole)?;
    let View::Attrs(changed) = ev.set(&[("value", value)]).view() else { return Ok(Value::NULL) };
    Ok(ev.heap.update(whole, changed))
}

fn filter_overrides(ev: &mut Evaluator, arguments: &[Value]) -> Result<(Value, i64), Stop> {
    let list = arguments.first().copied().unwrap_or(Value::EMPTY_LIST);
    let mut found = Vec::new();
    for slot in ev.want_whole_list(list)?.slots() {
        let whole = ev.want(Value::reference(slot))?;
        let set = ev.want_attrs(whole)?;
        let value = ev.attribute_or_stop(set, sym::VALUE)?;
        let value = ev.want(value)?;
        match property(ev, value)? {
            Property::Override { priority, content } => {
                let priority = ev.want_int(priority)?;
                found.push((priority, replace_value(ev, whole, content)?));
            }
            _ => found.push((DEFAULT_PRIORITY, whole)),
        }
    }
    let highest = found.iter().map(|(priority, _)| *priority).min().unwrap_or(9999).min(9999);
    let kept: Vec<Value> =
        found.into_iter().filter(|(priority, _)| *priority == highest).map(|(_, value)| value).collect();
    Ok((ev.list(&kept), highest))
}

fn sort_properties(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let list = arguments.first().copied().unwrap_or(Value::EMPTY_LIST);
    let mut found = Vec::new();
    for slot in ev.want_whole_list(list)?.slots() {
        let whole = ev.want(Value::reference(slot))?;
        let set = ev.want_attrs(whole)?;
        let value = ev.attribute_or_stop(set, sym::VALUE)?;
        let value = ev.want(value)?;
        match property(ev, value)? {
            Property::Order { priority, content } => {
                let order = ev.want_int(priority)?;
                let View::Attrs(changed) = ev.set(&[("value", content), ("priority", priority)]).view() else {
                    continue;
                };
                found.push((order, ev.heap.update(set, changed)));
            }
            _ => {
                let order = match ev.attribute(set, sym::PRIORITY) {
                    Some(priority) => ev.want_int(priority)?,
                    None => DEFAULT_ORDER,
                };
                found.push((order, whole));
            }
        }
    }
    found.sort_by_key(|(order, _)| *order);
    let sorted: Vec<Value> = found.into_iter().map(|(_, value)| value).collect();
    Ok(ev.list(&sorted))
}

const FIELDS: &[&str] = &["checkedAndMerged", "defsFinal", "defsFinal'", "isDefined", "mergedValue", "optionalValue"];

/// `mergeDefinitions loc type definitions`: a set whose attributes are computed when they are used.
fn merge_definitions_function(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [loc, ty, defs] = arguments else { return Ok(Value::NULL) };
    let mut attributes = Vec::with_capacity(FIELDS.len());
    for (name, number) in FIELDS.iter().zip(0i64..) {
        let value = ev.delay_native("internal.modules.mergedField", &[*loc, *ty, *defs, Value::int(number)]);
        attributes.push((*name, value));
    }
    Ok(ev.set(&attributes))
}

pub(super) fn definitions_of(ev: &mut Evaluator, list: Value) -> Result<Vec<Definition>, Stop> {
    let mut defs = Vec::new();
    for slot in ev.want_whole_list(list)?.slots() {
        defs.push(definition_of(ev, Value::reference(slot))?);
    }
    Ok(defs)
}

fn merged_field(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [given_loc, ty, given_defs, field] = arguments else { return Ok(Value::NULL) };
    let field = ev.want_int(*field)?;
    let loc = loc_of_list(ev, *given_loc)?;
    if field == 0 {
        let ty = types::type_of_value(ev, *ty)?;
        let fields: &[(&str, i64)] = match types::checks_while_merging(ev, ty) {
            true => &[("headError", 6), ("value", 7), ("valueMeta", 8)],
            false => &[("value", 4)],
        };
        let mut attributes = vec![("headError", Value::NULL), ("value", Value::NULL), ("valueMeta", Value::EMPTY_SET)];
        for (name, number) in fields {
            let ty = types::type_value(ev, ty);
            let value =
                ev.delay_native("internal.modules.mergedField", &[*given_loc, ty, *given_defs, Value::int(*number)]);
            if let Some((_, place)) = attributes.iter_mut().find(|(known, _)| known == name) {
                *place = value;
            }
        }
        return Ok(ev.set(&attributes));
    }
    if field == 8 {
        let ty_id = types::type_of_value(ev, *ty)?;
        let whole = ev.delay_native("internal.modules.mergedField", &[*given_loc, *ty, *given_defs, Value::int(9)]);
        return merge::outlined_meta(ev, &loc, ty_id, whole);
    }
    let defs = definitions_of(ev, *given_defs)?;
    let found = discharge(ev, &defs)?;
    let is_defined = !found.defs.is_empty();
    if field == 3 {
        return Ok(Value::bool(is_defined));
    }
    if field == 1 || field == 2 {
        let mut shown = Vec::with_capacity(found.defs.len());
        for definition in &found.defs {
            let file = ev.str(&definition.file);
            shown.push(types::definition_set(ev, definition, file));
        }
        let values = ev.list(&shown);
        return Ok(if field == 1 {
            values
        } else {
            ev.set(&[("highestPrio", Value::int(found.highest_priority)), ("values", values)])
        });
    }
    if field == 5 && !is_defined {
        return Ok(Value::EMPTY_SET);
    }
    let ty = types::type_of_value(ev, *ty)?;
    match field {
        4 => Ok(merge_discharged(ev, &loc, ty, found)?.value),
        5 => {
            let ty = types::type_value(ev, ty);
            let value = ev.delay_native("internal.modules.mergedField", &[*given_loc, ty, *given_defs, Value::int(4)]);
            Ok(ev.set(&[("value", value)]))
        }
        6 => types::head_error(ev, ty, &loc, &found.defs),
        7 => types::merge(ev, ty, &loc, &found.defs),
        _ => merge::value_meta(ev, &loc, ty, &found.defs),
    }
}

/// `mergeAttrDefinitionsWithPrio option`: for each attribute of an `attrsOf` option its value and priority.
fn merge_attr_definitions(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let option = arguments.first().copied().unwrap_or(Value::EMPTY_SET);
    let option = ev.want_attrs(option)?;
    let names = ["definitionsWithLocations", "loc", "nestedTypes", "elemType"].map(|name| ev.heap.intern(name));
    let [definitions, loc, nested, element] = names;
    let loc_value = ev.attribute_or_stop(option, loc)?;
    let loc = loc_of_list(ev, loc_value)?;
    let ty = ev.attribute_or_stop(option, sym::TYPE)?;
    let ty = ev.want_attrs(ty)?;
    let list = ev.attribute_or_stop(option, definitions)?;
    let name = ev.attribute_or_stop(ty, sym::NAME)?;
    let name = ev.want(name)?;
    if !matches!(name.view(), View::Str(id) if matches!(ev.heap.bytes(id), b"attrsOf" | b"lazyAttrsOf")) {
        let text =
            "mergeAttrDefinitionsWithPrio: assertion failed: the type of the option must be attrsOf or lazyAttrsOf";
        return Err(ev.error(ErrorKind::Assert, text));
    }
    let mut by_name: Vec<(crate::heap::Symbol, Vec<Value>)> = Vec::new();
    for definition in definitions_of(ev, list)? {
        let mut parts = Vec::new();
        super::properties::attributes_of(
            ev,
            &definition,
            |name, part| parts.push((name, part)),
            |_| {},
            |ev, value| Err(ev.type_error("a set", value)),
        )?;
        for (name, part) in parts {
            let file = ev.str(&part.file);
            let whole = ev.set(&[("file", file), ("value", part.value)]);
            match by_name.iter_mut().find(|(known, _)| *known == name) {
                Some((_, all)) => all.push(whole),
                None => by_name.push((name, vec![whole])),
            }
        }
    }
    let nested = ev.attribute_or_stop(ty, nested)?;
    let nested = ev.want_attrs(nested)?;
    let element = ev.attribute_or_stop(nested, element)?;
    let mut attributes = Vec::with_capacity(by_name.len());
    for (name, defs) in by_name {
        let loc = loc.child(name).value(&mut ev.heap);
        let defs = ev.list(&defs);
        let merged = merge_definitions_function(ev, &[loc, element, defs])?;
        let get = ev.native("internal.types.get");
        let field = |ev: &mut Evaluator, name: &str, set: Value| {
            let name = ev.str(name);
            ev.heap.delay_call(get, &[name, set])
        };
        let value = field(ev, "mergedValue", merged);
        let settled = field(ev, "defsFinal'", merged);
        let highest = field(ev, "highestPrio", settled);
        attributes.push((name, ev.set(&[("value", value), ("highestPrio", highest)]), crate::syntax::ExprId::NONE));
    }
    Ok(ev.heap.new_set(&attributes))
}
