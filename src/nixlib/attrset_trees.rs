//! The functions of `lib.attrsets` that descend into nested sets.

use super::attrset_paths::{longer_path, named_attributes};
use super::common::{
    DEEPEST, attribute_name, attributes, deferred_native, elements, is_attrs, list_of, name_value, reserve, unknown_of,
    whole_elements,
};
use crate::eval::{Evaluator, LimitKind, NativeDef, Outcome, Stop};
use crate::heap::{Set, UnknownId, Value, View};

pub(super) const FUNCTIONS: &[NativeDef] = &[
    NativeDef::with_strict("lib.attrsets.filterAttrsRecursive", 2, 0b10, filter_attrs_recursive),
    NativeDef::lazy("internal.attrsets.filtered", 2, filtered),
    NativeDef::with_strict("lib.attrsets.collect", 2, 0b01, collect),
    NativeDef::with_strict("lib.attrsets.mapAttrsRecursive", 2, 0b10, map_attrs_recursive),
    NativeDef::with_strict("lib.attrsets.mapAttrsRecursiveCond", 3, 0b100, map_attrs_recursive_cond),
    NativeDef::lazy("internal.attrsets.mapped", 5, mapped),
    NativeDef::with_strict("lib.attrsets.mapAttrsToListRecursive", 2, 0b10, map_attrs_to_list_recursive),
    NativeDef::with_strict("lib.attrsets.mapAttrsToListRecursiveCond", 3, 0b100, map_attrs_to_list_recursive_cond),
    NativeDef::lazy("lib.attrsets.recursiveUpdateUntil", 3, recursive_update_until),
    NativeDef::lazy("internal.attrsets.updatedUntil", 5, updated_until),
    NativeDef::lazy("lib.attrsets.recursiveUpdate", 2, recursive_update),
    NativeDef::lazy("internal.attrsets.updated", 2, updated),
    NativeDef::strict("lib.attrsets.matchAttrs", 2, match_attrs),
];

fn too_deep(ev: &mut Evaluator, depth: u32) -> Result<(), Stop> {
    ev.tick()?;
    if depth > DEEPEST { Err(ev.limit_error(LimitKind::Depth)) } else { Ok(()) }
}

fn filter_attrs_recursive(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [predicate, set] = arguments else { return Ok(Value::NULL) };
    let set = ev.want_attrs(*set)?;
    let mut open = ev.heap.open_set_reason(set);
    let descent = ev.native("internal.attrsets.filtered");
    let mut kept = Vec::new();
    for (name, value, origin) in attributes(ev, set) {
        ev.tick()?;
        let text = name_value(ev, name, origin);
        match ev.call_bool(*predicate, &[text, value]) {
            Ok(true) => kept.push((name, ev.heap.deferred(descent, &[*predicate, value]), origin)),
            Ok(false) => {}
            Err(stop) => open = open.or(Some(unknown_of(stop)?)),
        }
    }
    Ok(ev.heap.new_open_set(&kept, open))
}

/// A value that stays, with its own attributes filtered if it is a set.
fn filtered(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [predicate, value] = arguments else { return Ok(Value::NULL) };
    let value = ev.want(*value)?;
    match value.view() {
        View::Attrs(_) => filter_attrs_recursive(ev, &[*predicate, value]),
        _ => Ok(value),
    }
}

fn collect(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [predicate, value] = arguments else { return Ok(Value::NULL) };
    let (mut found, mut open) = (Vec::new(), None);
    collect_into(ev, *predicate, *value, 0, &mut found, &mut open)?;
    Ok(list_of(ev, &found, open))
}

fn collect_into(
    ev: &mut Evaluator,
    predicate: Value,
    value: Value,
    depth: u32,
    found: &mut Vec<Value>,
    open: &mut Option<UnknownId>,
) -> Result<(), Stop> {
    too_deep(ev, depth)?;
    let verdict = ev.call_bool(predicate, &[value]).map(|is_wanted| (is_wanted, ev.want(value)));
    match verdict {
        Ok((true, _)) => found.push(value),
        Ok((false, Ok(inner))) => {
            if let View::Attrs(set) = inner.view() {
                *open = open.or(ev.heap.open_set_reason(set));
                for (_, value, _) in attributes(ev, set) {
                    collect_into(ev, predicate, value, depth + 1, found, open)?;
                }
            }
        }
        Ok((false, Err(stop))) | Err(stop) => *open = open.or(Some(unknown_of(stop)?)),
    }
    Ok(())
}

fn map_attrs_recursive(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function, set] = arguments else { return Ok(Value::NULL) };
    map_below(ev, Value::TRUE, *function, Value::EMPTY_LIST, *set)
}

fn map_attrs_recursive_cond(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [condition, function, set] = arguments else { return Ok(Value::NULL) };
    map_below(ev, *condition, *function, Value::EMPTY_LIST, *set)
}

/// The set with every value mapped or descended into when it is needed. The condition `true` descends into every set.
fn map_below(ev: &mut Evaluator, condition: Value, function: Value, path: Value, set: Value) -> Outcome {
    let set = ev.want_attrs(set)?;
    reserve(ev, ev.heap.set_len(set))?;
    let descent = ev.native("internal.attrsets.mapped");
    let mut values = attributes(ev, set);
    for (name, value, origin) in &mut values {
        let name = name_value(ev, *name, *origin);
        *value = ev.heap.deferred(descent, &[condition, function, path, name, *value]);
    }
    let open = ev.heap.open_set_reason(set);
    Ok(ev.heap.new_open_set(&values, open))
}

fn mapped(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [condition, function, path, name, value] = arguments else { return Ok(Value::NULL) };
    let path = longer_path(ev, *path, *name)?;
    if is_attrs(ev, *value)? {
        let is_followed = *condition == Value::TRUE || ev.call_bool(*condition, &[*value])?;
        if is_followed {
            return map_below(ev, *condition, *function, path, *value);
        }
    }
    ev.call(*function, &[path, *value])
}

fn map_attrs_to_list_recursive(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function, set] = arguments else { return Ok(Value::NULL) };
    list_below(ev, None, *function, *set)
}

fn map_attrs_to_list_recursive_cond(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [predicate, function, set] = arguments else { return Ok(Value::NULL) };
    list_below(ev, Some(*predicate), *function, *set)
}

fn list_below(ev: &mut Evaluator, predicate: Option<Value>, function: Value, set: Value) -> Outcome {
    let set = ev.want_attrs(set)?;
    let mut open = None;
    let mut found = Vec::new();
    let mut rules = Leaves { predicate, function, found: &mut found, open: &mut open };
    rules.descend(ev, Value::EMPTY_LIST, set, 0)?;
    Ok(list_of(ev, &found, open))
}

/// What `mapAttrsToListRecursiveCond` gathers.
struct Leaves<'a> {
    predicate: Option<Value>,
    function: Value,
    found: &'a mut Vec<Value>,
    open: &'a mut Option<UnknownId>,
}

impl Leaves<'_> {
    fn descend(&mut self, ev: &mut Evaluator, path: Value, set: Set, depth: u32) -> Result<(), Stop> {
        too_deep(ev, depth)?;
        *self.open = self.open.or(ev.heap.open_set_reason(set));
        for (_, name, value) in named_attributes(ev, set) {
            let path = longer_path(ev, path, name)?;
            match self.inner(ev, path, value) {
                Ok(Some(inner)) => self.descend(ev, path, inner, depth + 1)?,
                Ok(None) => self.found.push(ev.heap.delay_call(self.function, &[path, value])),
                Err(stop) => *self.open = self.open.or(Some(unknown_of(stop)?)),
            }
        }
        Ok(())
    }

    fn inner(&self, ev: &mut Evaluator, path: Value, value: Value) -> Result<Option<Set>, Stop> {
        let View::Attrs(set) = ev.want(value)?.view() else { return Ok(None) };
        Ok(match self.predicate {
            Some(predicate) => ev.call_bool(predicate, &[path, value])?.then_some(set),
            None => Some(set),
        })
    }
}

fn recursive_update_until(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [predicate, left, right] = arguments else { return Ok(Value::NULL) };
    merge_below(ev, *left, *right, |ev, name, old, new| {
        deferred_native(ev, "internal.attrsets.updatedUntil", &[*predicate, Value::EMPTY_LIST, name, old, new])
    })
}

/// The value of one attribute that both sides have, `path` being that of the sets.
fn updated_until(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [predicate, path, name, old, new] = arguments else { return Ok(Value::NULL) };
    let path = longer_path(ev, *path, *name)?;
    if ev.call_bool(*predicate, &[path, *old, *new])? {
        return Ok(*new);
    }
    merge_below(ev, *old, *new, |ev, name, old, new| {
        deferred_native(ev, "internal.attrsets.updatedUntil", &[*predicate, path, name, old, new])
    })
}

fn recursive_update(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [left, right] = arguments else { return Ok(Value::NULL) };
    merge_below(ev, *left, *right, |ev, _, old, new| deferred_native(ev, "internal.attrsets.updated", &[old, new]))
}

/// The value of one attribute that both sides have: merged if both are sets, else the right one.
fn updated(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [old, new] = arguments else { return Ok(Value::NULL) };
    let before = ev.force(*old);
    let both_may_be_sets = match before.view() {
        View::Attrs(_) | View::Unknown(_) => is_attrs(ev, *new)?,
        View::Error(_) => return Err(Stop(before)),
        _ => false,
    };
    if both_may_be_sets { recursive_update(ev, &[before, *new]) } else { Ok(*new) }
}

/// Merges two sets; `both` gives the deferred value (for a slot) of a name that the two have. An unknown left side is an
/// open set of which nothing is known; where an open side may add to or replace a value, that is taken into account.
fn merge_below(
    ev: &mut Evaluator,
    left: Value,
    right: Value,
    both: impl Fn(&mut Evaluator, Value, Value, Value) -> Value,
) -> Outcome {
    let new = ev.want_attrs(right)?;
    let before = ev.force(left);
    let (old, left_open) = match before.view() {
        View::Unknown(id) => (None, Some(id)),
        View::Error(_) => return Err(Stop(before)),
        View::Attrs(set) => (Some(set), ev.heap.open_set_reason(set)),
        _ => return Err(ev.type_error("a set", before)),
    };
    let right_open = ev.heap.open_set_reason(new);
    let old_attributes = old.map(|set| attributes(ev, set)).unwrap_or_default();
    let new_attributes = attributes(ev, new);
    ev.tick_many(u64::try_from(old_attributes.len() + new_attributes.len()).unwrap_or(u64::MAX))?;
    let mut merged = Vec::with_capacity(old_attributes.len() + new_attributes.len());
    for (name, value, origin) in new_attributes {
        let previous = old.and_then(|set| ev.attribute(set, name)).or(left_open.map(Value::unknown));
        let value = match previous {
            Some(previous) => {
                let text = name_value(ev, name, origin);
                both(ev, text, previous, value)
            }
            None => value,
        };
        merged.push((name, value, origin));
    }
    for (name, value, origin) in old_attributes {
        if ev.heap.attribute(new, name).is_none() {
            merged.push((name, right_open.map_or(value, Value::unknown), origin));
        }
    }
    Ok(ev.heap.new_open_set(&merged, left_open.or(right_open)))
}

fn match_attrs(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [pattern, value] = arguments else { return Ok(Value::NULL) };
    matches_attrs(ev, *pattern, *value).map(Value::bool)
}

/// `lib.matchAttrs`
pub(super) fn matches_attrs(ev: &mut Evaluator, pattern: Value, value: Value) -> Result<bool, Stop> {
    let pattern = ev.want(pattern)?;
    if !matches!(pattern.view(), View::Attrs(_)) {
        return Err(ev.error(crate::eval::ErrorKind::Assert, "assertion 'isAttrs pattern' failed"));
    }
    matches_pattern(ev, pattern, value, 0)
}

/// Whether `value` has all attributes of `pattern`, with equal values.
fn matches_pattern(ev: &mut Evaluator, pattern: Value, value: Value, depth: u32) -> Result<bool, Stop> {
    too_deep(ev, depth)?;
    let pattern = ev.want_whole_attrs(pattern)?;
    for (name, wanted, _) in attributes(ev, pattern) {
        let Some(actual) = super::common::select_or(ev, value, name)? else { return Ok(false) };
        let is_match = if is_attrs(ev, wanted)? {
            is_attrs(ev, actual)? && matches_pattern(ev, wanted, actual, depth + 1)?
        } else {
            ev.equal(wanted, actual)?
        };
        if !is_match {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether any of the patterns in a list matches; `lib.systems.inspect.matchAnyAttrs` with a set.
pub(super) fn matches_any(ev: &mut Evaluator, patterns: Value, value: Value) -> Result<bool, Stop> {
    let (patterns, open) = elements(ev, patterns)?;
    for pattern in patterns {
        if matches_attrs(ev, pattern, value)? {
            return Ok(true);
        }
    }
    match open {
        Some(id) => Err(Stop(Value::unknown(id))),
        None => Ok(false),
    }
}

/// `set.a.b.c or default` for names known in Rust.
pub(super) fn at_path(ev: &mut Evaluator, value: Value, path: &[&str]) -> Result<Option<Value>, Stop> {
    let mut here = value;
    for name in path {
        match super::common::field_or(ev, here, name)? {
            Some(next) => here = next,
            None => return Ok(None),
        }
    }
    Ok(Some(here))
}

/// The symbols of a list of strings.
pub(super) fn symbols(ev: &mut Evaluator, list: Value) -> Result<Vec<crate::heap::Symbol>, Stop> {
    let mut found = Vec::new();
    for element in whole_elements(ev, list)? {
        found.push(attribute_name(ev, element)?);
    }
    Ok(found)
}

/// The texts of a list of strings.
pub(super) fn texts(ev: &mut Evaluator, list: Value) -> Result<Vec<String>, Stop> {
    let mut found = Vec::new();
    for element in whole_elements(ev, list)? {
        found.push(ev.want_text(element)?);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use crate::nixlib::testing::check;

    #[test]
    fn trees_are_merged_and_walked() {
        check(&[
            (
                "lib.recursiveUpdate { a = { b = 1; c = 2; }; } { a = { b = 3; }; d = 4; }",
                "{ a = { b = 3; c = 2; }; d = 4; }",
            ),
            (r#"(lib.recursiveUpdate { a = throw "no"; b = 1; } { b = 2; }).b"#, "2"),
            (
                r#"lib.recursiveUpdateUntil (p: l: r: p == [ "a" ]) { a = { x = 1; }; } { a = { y = 2; }; }"#,
                "{ a = { y = 2; }; }",
            ),
            (
                "lib.filterAttrsRecursive (n: v: v != null) { a = null; b = { c = null; d = 1; }; }",
                "{ b = { d = 1; }; }",
            ),
            (r#"lib.collect lib.isInt { a = 1; b = { c = 2; d = "x"; }; }"#, "[ 1 2 ]"),
            (
                r#"lib.mapAttrsRecursive (p: v: lib.concatStringsSep "." p) { a = { b = 1; }; c = 2; }"#,
                r#"{ a = { b = "a.b"; }; c = "c"; }"#,
            ),
            ("lib.mapAttrsToListRecursive (p: v: v) { a = { b = 1; }; c = 2; }", "[ 1 2 ]"),
            (r#"lib.matchAttrs { cpu = { bits = 64; }; } { cpu = { bits = 64; family = "x86"; }; }"#, "true"),
        ]);
    }
}
