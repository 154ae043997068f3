//! The functions of `lib.modules` that work on lists of definitions directly; few configurations use them.

use super::definition::{DEFAULT_ORDER, DEFAULT_PRIORITY, Definition};
use super::functions::{definition_of, loc_of_list};
use super::merge::{discharge, merge_discharged};
use super::properties::{Property, property};
use super::types;
use crate::eval::{Evaluator, NativeDef, Outcome, Stop};
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
    let [loc, ty, defs, field] = arguments else { return Ok(Value::NULL) };
    let field = ev.want_int(*field)?;
    let loc = loc_of_list(ev, *loc)?;
    let defs = definitions_of(ev, *defs)?;
    let found = discharge(ev, &loc, defs)?;
    let is_defined = !found.defs.is_empty();
    if field == 3 {
        return Ok(Value::bool(is_defined));
    }
    if field == 1 || field == 2 {
        let mut shown = Vec::with_capacity(found.defs.len());
        for definition in &found.defs {
            let file = ev.str(&definition.file);
            shown.push(ev.set(&[("file", file), ("value", definition.value)]));
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
    let merged = merge_discharged(ev, &loc, ty, found)?;
    Ok(match field {
        0 => {
            let meta = types::value_meta(ev, ty, &loc, &merged.defs_final)?;
            ev.set(&[("headError", Value::NULL), ("value", merged.value), ("valueMeta", meta)])
        }
        4 => merged.value,
        _ => ev.set(&[("value", merged.value)]),
    })
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
    let nested = ev.attribute_or_stop(ty, nested)?;
    let nested = ev.want_attrs(nested)?;
    let element = ev.attribute_or_stop(nested, element)?;
    let list = ev.attribute_or_stop(option, definitions)?;
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
    let mut attributes = Vec::with_capacity(by_name.len());
    for (name, defs) in by_name {
        let loc = loc.child(name).value(&mut ev.heap);
        let defs = ev.list(&defs);
        let merged = merge_definitions_function(ev, &[loc, element, defs])?;
        let merged = ev.want_attrs(merged)?;
        let (value, settled) = (ev.heap.intern("mergedValue"), ev.heap.intern("defsFinal'"));
        let value = ev.attribute_or_stop(merged, value)?;
        let settled = ev.attribute_or_stop(merged, settled)?;
        let settled = ev.want_attrs(settled)?;
        let highest = ev.heap.intern("highestPrio");
        let highest = ev.attribute_or_stop(settled, highest)?;
        attributes.push((name, ev.set(&[("value", value), ("highestPrio", highest)]), crate::syntax::ExprId::NONE));
    }
    Ok(ev.heap.new_set(&attributes))
}
