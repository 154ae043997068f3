//! `attrListOf`: a list of sets with one attribute each, sorted by `mkOrder`, overridden by name.

use rustc_hash::FxHashMap;

use super::collection::keeps_single;
use super::show::{fail, show_defs, show_loc};
use super::table::{Part, resolve};
use crate::eval::{Evaluator, Outcome, Stop};
use crate::heap::{Symbol, Value, View, sym};
use crate::modules::definition::{DEFAULT_ORDER, DEFAULT_PRIORITY, Definition, Loc};
use crate::modules::merge::{delay_discharged, delay_meta, discharge};
use crate::syntax::ExprId;

struct Item {
    key: Symbol,
    origin: ExprId,
    def: Definition,
    order: i64,
    priority: i64,
}

/// A property around a value: its content and its number, if it is one of kind `tag`.
fn property(ev: &mut Evaluator, value: Value, tag: &[u8]) -> Result<Option<(Value, i64)>, Stop> {
    let View::Attrs(set) = ev.want(value)?.view() else { return Ok(None) };
    if !super::table::is_tagged(ev, set, tag)? {
        return Ok(None);
    }
    let content = ev.attribute_or_stop(set, sym::CONTENT)?;
    let number = ev.attribute_or_stop(set, sym::PRIORITY)?;
    Ok(Some((content, ev.want_int(number)?)))
}

/// Strips `mkOrder` and reads `mkOverride`, in any nesting; an override stays for the merging of the element.
fn peel(ev: &mut Evaluator, value: Value) -> Result<(Value, i64, i64), Stop> {
    if let Some((content, order)) = property(ev, value, b"order")? {
        let (value, _, priority) = peel(ev, content)?;
        return Ok((value, order, priority));
    }
    if let Some((content, priority)) = property(ev, value, b"override")? {
        let (inner, order, _) = peel(ev, content)?;
        return Ok((inner, order, priority));
    }
    Ok((value, DEFAULT_ORDER, DEFAULT_PRIORITY))
}

fn items(ev: &mut Evaluator, loc: &Loc, defs: &[Definition]) -> Result<Vec<Item>, Stop> {
    let mut items = Vec::new();
    for def in defs {
        match ev.want(def.value)?.view() {
            View::List(list) => {
                for slot in list.slots() {
                    ev.tick()?;
                    let raw = ev.heap.share(slot);
                    let outer = property(ev, raw, b"order")?;
                    let item = outer.map_or(raw, |(content, _)| content);
                    let item = ev.want(item)?;
                    let entries = match item.view() {
                        View::Attrs(set) => ev.heap.entries(set),
                        _ => Vec::new(),
                    };
                    let [(key, slot, origin)] = entries.as_slice() else {
                        return Err(wrong_item(ev, loc, def, raw));
                    };
                    let content = ev.heap.share(*slot);
                    let (value, order, priority) = peel(ev, content)?;
                    items.push(Item {
                        key: *key,
                        origin: *origin,
                        def: def.with_value(value, *origin),
                        order: outer.map_or(order, |(_, order)| order),
                        priority,
                    });
                }
            }
            View::Attrs(set) => {
                for (key, slot, origin) in ev.heap.entries(set) {
                    ev.tick()?;
                    let content = ev.heap.share(slot);
                    let (value, order, priority) = peel(ev, content)?;
                    items.push(Item { key, origin, def: def.with_value(value, origin), order, priority });
                }
            }
            _ => return Err(ev.type_error("a list or a set", def.value)),
        }
    }
    Ok(items)
}

fn wrong_item(ev: &mut Evaluator, loc: &Loc, def: &Definition, raw: Value) -> Stop {
    let shown = match show_defs(ev, &[def.with_value(raw, ExprId::NONE)]) {
        Ok(shown) => shown,
        Err(stop) => return stop,
    };
    let message = format!(
        "A definition for option `{}' is not of type attribute list: each element of the list must be a set with one attribute.{shown}",
        show_loc(ev, loc)
    );
    fail(ev, "type", message)
}

/// Merges the definitions of an `attrListOf`.
pub(super) fn merge(
    ev: &mut Evaluator,
    element: Part,
    as_attrs: Value,
    merge_values: Value,
    loc: &Loc,
    defs: &[Definition],
) -> Outcome {
    let merged = merged_items(ev, element, loc, defs)?;
    if !ev.want_bool(as_attrs)? {
        let mut sets = Vec::with_capacity(merged.len());
        for item in merged {
            sets.push(ev.heap.new_set(&[item]));
        }
        return Ok(ev.list(&sets));
    }
    let mut names: Vec<(Symbol, ExprId, Vec<Value>)> = Vec::new();
    for (name, value, origin) in merged {
        let value = Value::reference(ev.heap.new_slot(value));
        match names.iter_mut().find(|(known, ..)| *known == name) {
            Some((_, _, values)) => values.push(value),
            None => names.push((name, origin, vec![value])),
        }
    }
    let mut attributes = Vec::with_capacity(names.len());
    for (name, origin, values) in names {
        let list = ev.list(&values);
        let value = if ev.want(merge_values)?.view() == View::Null {
            list
        } else {
            let text = ev.heap.name(name).to_owned();
            let text = ev.str(&text);
            ev.heap.delay_call(merge_values, &[text, list])
        };
        attributes.push((name, value, origin));
    }
    Ok(ev.heap.new_set(&attributes))
}

/// The items that count, in order.
fn winning_items(ev: &mut Evaluator, loc: &Loc, defs: &[Definition]) -> Result<Vec<Item>, Stop> {
    let mut items = items(ev, loc, defs)?;
    let mut winning: FxHashMap<Symbol, i64> = FxHashMap::default();
    for item in &items {
        let best = winning.entry(item.key).or_insert(DEFAULT_PRIORITY);
        *best = (*best).min(item.priority);
    }
    items.retain(|item| winning.get(&item.key).copied().unwrap_or(DEFAULT_PRIORITY) == item.priority);
    items.sort_by_key(|item| item.order);
    Ok(items)
}

/// `valueMeta`: of each element, the list of all as it is merged, and the elements as definitions that may be passed on.
pub(super) fn value_meta(ev: &mut Evaluator, element: Part, loc: &Loc, defs: &[Definition]) -> Outcome {
    let ty = resolve(ev, element)?;
    let (mut metas, mut sets, mut definitions) = (Vec::new(), Vec::new(), Vec::new());
    for item in winning_items(ev, loc, defs)? {
        let here = loc.child(item.key);
        let found = discharge(ev, std::slice::from_ref(&item.def))?;
        if found.defs.is_empty() && found.open.is_none() {
            continue;
        }
        metas.push(delay_meta(ev, &here, ty, vec![item.def.clone()]));
        let value = delay_discharged(ev, &here, ty, found);
        let value = Value::reference(ev.heap.new_slot(value));
        let set = ev.heap.new_set(&[(item.key, value, item.origin)]);
        sets.push(set);
        let ordered = crate::modules::properties::wrap_order(ev, Value::int(item.order), set);
        let (tag, file) = (ev.str("definition"), ev.str(&item.def.file));
        definitions.push(ev.set(&[("_type", tag), ("file", file), ("value", ordered)]));
    }
    let (metas, sets, definitions) = (ev.list(&metas), ev.list(&sets), ev.list(&definitions));
    Ok(ev.set(&[("attrList", metas), ("attrListValue", sets), ("definitions", definitions)]))
}

/// The winning items in order, with their values to be written into slots.
fn merged_items(
    ev: &mut Evaluator,
    element: Part,
    loc: &Loc,
    defs: &[Definition],
) -> Result<Vec<(Symbol, Value, ExprId)>, Stop> {
    let ty = resolve(ev, element)?;
    let items = winning_items(ev, loc, defs)?;
    let is_simple = keeps_single(ev, ty, 0);
    let mut merged = Vec::with_capacity(items.len());
    for item in items {
        let here = loc.child(item.key);
        let found = discharge(ev, &[item.def])?;
        if let ([only], true) = (found.defs.as_slice(), is_simple)
            && ev.force(only.value).is_evaluated()
            && matches!(super::check(ev, ty, only.value), Ok(true))
        {
            merged.push((item.key, only.value, item.origin));
        } else if !found.defs.is_empty() || found.open.is_some() {
            merged.push((item.key, delay_discharged(ev, &here, ty, found), item.origin));
        }
    }
    Ok(merged)
}
