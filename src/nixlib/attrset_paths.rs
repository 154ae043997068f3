//! The functions of `lib.attrsets` that follow attribute paths.

use rustc_hash::FxHashMap;

use super::common::{
    attribute_name, attributes, field, is_attrs, name_value, single, text_of, throw, update, whole_elements,
};
use crate::eval::{ErrorKind, Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{Symbol, Value, View};

pub(super) const FUNCTIONS: &[NativeDef] = &[
    NativeDef::with_strict("lib.attrsets.attrByPath", 3, 0b001, attr_by_path),
    NativeDef::with_strict("lib.attrsets.hasAttrByPath", 2, 0b01, has_attr_by_path),
    NativeDef::with_strict("lib.attrsets.longestValidPathPrefix", 2, 0b01, longest_valid_path_prefix),
    NativeDef::with_strict("lib.attrsets.setAttrByPath", 2, 0b01, set_attr_by_path),
    NativeDef::lazy("internal.attrsets.setAttrByPath", 3, set_attr_from),
    NativeDef::with_strict("lib.attrsets.getAttrFromPath", 2, 0b01, get_attr_from_path),
    NativeDef::with_strict("lib.attrsets.updateManyAttrsByPath", 2, 0b01, update_many_attrs_by_path),
    NativeDef::lazy("internal.attrsets.updateMany", 4, update_below),
    NativeDef::lazy("internal.attrsets.updateParts", 4, update_parts),
    NativeDef::strict("lib.attrsets.showAttrPath", 1, show_attr_path),
];

/// How far a path leads into a value.
enum Way {
    /// All the way, to this value.
    Whole(Value),
    /// The attribute with this index is missing, or what should have it is no set.
    Ends(usize),
}

fn follow(ev: &mut Evaluator, path: &[Value], value: Value) -> Result<Way, Stop> {
    let mut here = value;
    for (index, name) in path.iter().enumerate() {
        let inner = ev.want(here)?;
        let name = attribute_name(ev, *name)?;
        let next = match inner.view() {
            View::Attrs(set) => ev.optional_attribute(set, name)?,
            _ => None,
        };
        match next {
            Some(value) => here = value,
            None => return Ok(Way::Ends(index)),
        }
    }
    Ok(Way::Whole(here))
}

fn attr_by_path(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [path, default, set] = arguments else { return Ok(Value::NULL) };
    let path = whole_elements(ev, *path)?;
    Ok(match follow(ev, &path, *set)? {
        Way::Whole(value) => value,
        Way::Ends(_) => *default,
    })
}

fn has_attr_by_path(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [path, set] = arguments else { return Ok(Value::NULL) };
    let path = whole_elements(ev, *path)?;
    Ok(Value::bool(matches!(follow(ev, &path, *set)?, Way::Whole(_))))
}

fn longest_valid_path_prefix(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [path, value] = arguments else { return Ok(Value::NULL) };
    let names = whole_elements(ev, *path)?;
    Ok(match follow(ev, &names, *value)? {
        Way::Whole(_) => *path,
        Way::Ends(index) => ev.heap.new_list(names.get(..index).unwrap_or_default()),
    })
}

fn get_attr_from_path(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [path, set] = arguments else { return Ok(Value::NULL) };
    let names = whole_elements(ev, *path)?;
    match follow(ev, &names, *set)? {
        Way::Whole(value) => Ok(value),
        Way::Ends(_) => {
            let mut parts = Vec::with_capacity(names.len());
            for name in names {
                let id = ev.want_string(name)?;
                parts.push(text_of(ev, id));
            }
            let message = format!("cannot find attribute '{}'", parts.join("."));
            Err(ev.error(ErrorKind::Abort, message))
        }
    }
}

fn set_attr_by_path(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [path, value] = arguments else { return Ok(Value::NULL) };
    set_attr_from(ev, &[*path, *value, Value::int(0)])
}

/// The nested sets for the names of a path from a given index on, one level at a time.
fn set_attr_from(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [path, value, index] = arguments else { return Ok(Value::NULL) };
    let names = ev.want_whole_list(*path)?;
    let index = ev.want_int(*index)?;
    let Some(slot) = u32::try_from(index).ok().and_then(|index| names.slot(index)) else { return Ok(*value) };
    let name = ev.heap.share(slot);
    let name = ev.want(name)?;
    if matches!(name.view(), View::Null) {
        return Ok(Value::EMPTY_SET);
    }
    let symbol = attribute_name(ev, name)?;
    let inner = if index + 1 == i64::from(names.len) {
        *value
    } else {
        ev.delay_native("internal.attrsets.setAttrByPath", &[*path, *value, Value::int(index + 1)])
    };
    Ok(single(ev, symbol, inner, name.origin()))
}

fn update_many_attrs_by_path(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [updates, value] = arguments else { return Ok(Value::NULL) };
    update_below(ev, &[Value::int(0), Value::TRUE, *value, *updates])
}

/// Updates with their paths: those of the set itself, and those of something in it.
type Split = (Vec<(Value, Vec<Value>)>, Vec<(Value, Vec<Value>)>);

fn split_updates(ev: &mut Evaluator, level: usize, updates: Value) -> Result<Split, Stop> {
    let (mut here, mut deeper) = (Vec::new(), Vec::new());
    for entry in whole_elements(ev, updates)? {
        ev.tick()?;
        let path = field(ev, entry, "path")?;
        let path = whole_elements(ev, path)?;
        if path.len() == level {
            here.push((entry, path));
        } else {
            deeper.push((entry, path));
        }
    }
    Ok((here, deeper))
}

/// Applies the updates whose paths agree in their first names, `depth` many. Whether there is a value to update is `has_value`.
/// Updates of the value itself come after those of its parts, which they need not look at.
fn update_below(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [depth, _, _, updates] = arguments else { return Ok(Value::NULL) };
    let level = usize::try_from(ev.want_int(*depth)?).unwrap_or(usize::MAX);
    let (here, _) = split_updates(ev, level, *updates)?;
    if here.is_empty() {
        return update_parts(ev, arguments);
    }
    let mut result = ev.delay_native("internal.attrsets.updateParts", arguments);
    for (entry, _) in here {
        let change = field(ev, entry, "update")?;
        result = ev.heap.delay_call(change, &[result]);
    }
    Ok(result)
}

/// What [`update_below`] does to the attributes of a value.
fn update_parts(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [depth, has_value, value, updates] = arguments else { return Ok(Value::NULL) };
    let level = usize::try_from(ev.want_int(*depth)?).unwrap_or(usize::MAX);
    let has_value = ev.want_bool(*has_value)?;
    let (here, deeper) = split_updates(ev, level, *updates)?;
    let Some((_, first)) = deeper.first() else {
        if has_value {
            return Ok(*value);
        }
        let path = here.first().map(|(_, path)| path.clone()).unwrap_or_default();
        let path = attr_path_text(ev, &path)?;
        let message = format!(
            "updateManyAttrsByPath: Path '{path}' does not exist in the given value, but the first update to this path tries to access the existing value."
        );
        return Err(throw(ev, message));
    };
    if has_value && !is_attrs(ev, *value)? {
        let whole = attr_path_text(ev, first)?;
        let part = attr_path_text(ev, first.get(..level).unwrap_or_default())?;
        let message = format!(
            "updateManyAttrsByPath: Path '{whole}' needs to be updated, but path '{part}' of the given value is not an attribute set, so we can't update an attribute inside of it."
        );
        return Err(throw(ev, message));
    }
    nested_updates(ev, level, has_value.then_some(*value), &deeper)
}

fn nested_updates(ev: &mut Evaluator, level: usize, value: Option<Value>, deeper: &[(Value, Vec<Value>)]) -> Outcome {
    let mut order = Vec::new();
    let mut groups: FxHashMap<Symbol, Vec<Value>> = FxHashMap::default();
    for (entry, path) in deeper {
        let Some(name) = path.get(level) else { continue };
        let name = ev.want(*name)?;
        let symbol = attribute_name(ev, name)?;
        let group = groups.entry(symbol).or_default();
        if group.is_empty() {
            order.push((symbol, name.origin()));
        }
        group.push(*entry);
    }
    let next = ev.native("internal.attrsets.updateMany");
    let mut changed = Vec::with_capacity(order.len());
    for (symbol, origin) in order {
        let group = groups.remove(&symbol).unwrap_or_default();
        let group = ev.heap.new_list(&group);
        let before = match value {
            Some(value) => {
                let set = ev.want_attrs(value)?;
                ev.optional_attribute(set, symbol)?
            }
            None => None,
        };
        let depth = super::common::count_value(level.saturating_add(1));
        let has_value = Value::bool(before.is_some());
        let call = ev.heap.deferred(next, &[depth, has_value, before.unwrap_or(Value::NULL), group]);
        changed.push((symbol, call, origin));
    }
    let changed = ev.heap.new_set(&changed);
    match value {
        Some(value) => update(ev, value, changed),
        None => Ok(changed),
    }
}

fn show_attr_path(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [path] = arguments else { return Ok(Value::NULL) };
    let path = whole_elements(ev, *path)?;
    let text = attr_path_text(ev, &path)?;
    Ok(ev.str(&text))
}

/// A path as one would write it; names that are no identifiers are quoted.
pub(super) fn attr_path_text(ev: &mut Evaluator, path: &[Value]) -> Result<String, Stop> {
    if path.is_empty() {
        return Ok("<root attribute path>".to_owned());
    }
    let mut parts = Vec::with_capacity(path.len());
    for name in path {
        let id = ev.want_string(*name)?;
        parts.push(identifier_text(&text_of(ev, id)));
    }
    Ok(parts.join("."))
}

/// Words of the language, which are no identifiers.
const KEYWORDS: &[&str] = &["assert", "else", "if", "in", "inherit", "let", "or", "rec", "then", "with"];

/// A name as an identifier, or quoted if it is none.
pub(super) fn identifier_text(name: &str) -> String {
    let starts_well = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '\'' | '-'));
    if starts_well && is_plain && !KEYWORDS.contains(&name) {
        return name.to_owned();
    }
    let mut quoted = String::with_capacity(name.len() + 2);
    quoted.push('"');
    for c in name.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '$' => quoted.push_str("\\$"),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// The path one name longer.
pub(super) fn longer_path(ev: &mut Evaluator, path: Value, name: Value) -> Outcome {
    let mut names = whole_elements(ev, path)?;
    names.push(name);
    Ok(ev.heap.new_list(&names))
}

/// The attributes of a set with each name as a string value.
pub(super) fn named_attributes(ev: &mut Evaluator, set: crate::heap::Set) -> Vec<(Symbol, Value, Value)> {
    attributes(ev, set).into_iter().map(|(name, value, origin)| (name, name_value(ev, name, origin), value)).collect()
}

#[cfg(test)]
mod tests {
    use crate::nixlib::testing::check;

    #[test]
    fn paths_are_followed_as_far_as_they_go() {
        check(&[
            (r#"lib.attrByPath [ "a" "b" ] 0 { a.b = 1; }"#, "1"),
            (r#"lib.attrByPath [ "a" "b" ] 0 { a = 5; }"#, "0"),
            (r#"lib.hasAttrByPath [ "a" "c" ] { a.b = throw "no"; }"#, "false"),
            (r#"lib.setAttrByPath [ "a" "b" ] 1"#, "{ a = { b = 1; }; }"),
            (r#"lib.getAttrFromPath [ "a" "x" ] { a = { }; }"#, "error: cannot find attribute 'a.x'"),
            (r#"lib.attrsets.longestValidPathPrefix [ "a" "b" "c" ] { a.b = 3; }"#, r#"[ "a" "b" ]"#),
            (
                r#"lib.updateManyAttrsByPath [ { path = [ "a" "b" ]; update = x: x + 1; } { path = [ "c" ]; update = x: 5; } ] { a.b = 1; }"#,
                "{ a = { b = 2; }; c = 5; }",
            ),
            (r#"lib.showAttrPath [ "a" "b c" "if" ]"#, r#""a.\"b c\".\"if\"""#),
        ]);
    }
}
