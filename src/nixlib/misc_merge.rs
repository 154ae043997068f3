//! The functions of `lib.misc` that merge sets attribute by attribute.

use super::attrset_trees::symbols;
use super::common::{
    attribute_name, attributes, deferred_native, elements, field_or, is_attrs, name_value, single, throw, update,
    whole_elements,
};
use super::misc::named_single;
use crate::eval::{Coercion, Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{Symbol, Value, View};
use crate::syntax::ExprId;

pub(super) const FUNCTIONS: &[NativeDef] = &[
    NativeDef::lazy("lib.misc.defaultMergeArg", 2, default_merge_arg),
    NativeDef::lazy("lib.misc.defaultMerge", 2, default_merge),
    NativeDef::lazy("lib.misc.foldArgs", 4, fold_args),
    NativeDef::lazy("internal.misc.folded", 4, folded),
    NativeDef::lazy("lib.misc.nvs", 2, nvs),
    NativeDef::lazy("lib.misc.setAttr", 3, set_attr),
    NativeDef::lazy("lib.misc.setAttrMerge", 4, set_attr_merge),
    NativeDef::with_strict("lib.misc.mergeAttrsWithFunc", 3, 0b110, merge_attrs_with_func),
    NativeDef::strict("lib.misc.mergeAttrsConcatenateValues", 2, merge_attrs_concatenate_values),
    NativeDef::lazy("internal.misc.concatenated", 2, concatenated),
    NativeDef::strict("lib.misc.mergeAttrsNoOverride", 3, merge_attrs_no_override)
        .taking(&[("mergeLists", true), ("overrideSnd", true)]),
    NativeDef::lazy("internal.misc.concat", 2, concat),
    NativeDef::lazy("internal.misc.lines", 2, lines),
    NativeDef::strict("lib.misc.mergeAttrByFunc", 2, merge_attr_by_func),
    NativeDef::strict("lib.misc.mergeAttrsByFuncDefaults", 1, merge_attrs_by_func_defaults),
    NativeDef::strict("lib.misc.mergeAttrsByFuncDefaultsClean", 1, merge_attrs_by_func_defaults_clean),
];

fn default_merge_arg(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [first, second] = arguments else { return Ok(Value::NULL) };
    if is_attrs(ev, *second)? { Ok(*second) } else { ev.call(*second, &[*first]) }
}

fn default_merge(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [first, _] = arguments else { return Ok(Value::NULL) };
    let second = default_merge_arg(ev, arguments)?;
    update(ev, *first, second)
}

fn fold_args(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [merger, function, init, more] = arguments else { return Ok(Value::NULL) };
    let extra = ev.delay_native("lib.misc.defaultMergeArg", &[*init, *more]);
    let argument = ev.heap.delay_call(*merger, &[*init, extra]);
    let result = ev.call(*function, &[argument])?;
    let passthru = field_or(ev, result, "passthru")?.unwrap_or(Value::EMPTY_SET);
    let again = ev.native_with("lib.misc.foldArgs", &[*merger, *function, argument]);
    let args = match field_or(ev, passthru, "args")? {
        Some(args) => update(ev, args, *more)?,
        None => *more,
    };
    let additions = ev.set(&[("function", again), ("args", args)]);
    let passthru = update(ev, passthru, additions)?;
    let additions = ev.set(&[("passthru", passthru), ("override", again)]);
    update(ev, result, additions)
}

/// The merge function applied to what two sets have under one name, or what one of them has.
fn folded(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function, name, first, second] = arguments else { return Ok(Value::NULL) };
    let name = attribute_name(ev, *name)?;
    let (first, second) = (ev.want_attrs(*first)?, ev.want_attrs(*second)?);
    let (a, b) = (ev.optional_attribute(first, name)?, ev.optional_attribute(second, name)?);
    match (a, b) {
        (Some(a), Some(b)) => ev.call(*function, &[a, b]),
        (Some(a), None) => Ok(a),
        (None, Some(b)) => Ok(b),
        (None, None) => Err(ev.missing_attribute(second, name)),
    }
}

fn nvs(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [name, value] = arguments else { return Ok(Value::NULL) };
    named_single(ev, *name, *value)
}

fn set_attr(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [set, name, value] = arguments else { return Ok(Value::NULL) };
    let change = named_single(ev, *name, *value)?;
    update(ev, *set, change)
}

fn set_attr_merge(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [name, default, set, function] = arguments else { return Ok(Value::NULL) };
    let before = ev.delay_native("lib.misc.maybeAttr", &[*name, *default, *set]);
    let value = ev.heap.delay_call(*function, &[before]);
    set_attr(ev, &[*set, *name, value])
}

fn merge_attrs_with_func(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function, first, second] = arguments else { return Ok(Value::NULL) };
    let (a, b) = (ev.want_whole_attrs(*first)?, ev.want_whole_attrs(*second)?);
    let mut merged = attributes(ev, b);
    for (name, value, _) in &mut merged {
        // A name that only the right side has is found in the merged set too, so it is combined with itself.
        let left = ev.attribute(a, *name).unwrap_or(*value);
        *value = ev.heap.deferred(*function, &[left, *value]);
    }
    let merged = ev.heap.new_set(&merged);
    update(ev, *first, merged)
}

fn merge_attrs_concatenate_values(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [first, second] = arguments else { return Ok(Value::NULL) };
    let function = ev.native("internal.misc.concatenated");
    merge_attrs_with_func(ev, &[function, *first, *second])
}

fn concatenated(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [first, second] = arguments else { return Ok(Value::NULL) };
    let mut all = Vec::new();
    for side in [first, second] {
        let side = ev.want(*side)?;
        match side.view() {
            View::List(_) => all.extend(elements(ev, side)?.0),
            _ => all.push(side),
        }
    }
    Ok(ev.heap.new_list(&all))
}

fn listed_or(ev: &mut Evaluator, options: Value, name: &str, default: &[&str]) -> Result<Vec<Symbol>, Stop> {
    match field_or(ev, options, name)? {
        Some(list) => symbols(ev, list),
        None => Ok(default.iter().map(|name| ev.heap.intern(name)).collect()),
    }
}

fn merge_attrs_no_override(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [options, first, second] = arguments else { return Ok(Value::NULL) };
    ev.want_attrs(*options)?;
    let lists = listed_or(ev, *options, "mergeLists", &["buildInputs", "propagatedBuildInputs"])?;
    let kept = listed_or(ev, *options, "overrideSnd", &["buildPhase"])?;
    let (a, b) = (ev.want_whole_attrs(*first)?, ev.want_whole_attrs(*second)?);
    let mut merged = attributes(ev, b);
    for (name, value, _) in &mut merged {
        let Some(before) = ev.attribute(a, *name) else { continue };
        *value = if lists.contains(name) {
            deferred_native(ev, "internal.misc.concat", &[*value, before])
        } else if kept.contains(name) {
            before
        } else {
            let name = ev.heap.name(*name).to_owned();
            let message = format!(
                "error mergeAttrsNoOverride, attribute {name} given in both attributes - no merge func defined"
            );
            throw(ev, message).0
        };
    }
    let merged = ev.heap.new_set(&merged);
    update(ev, *first, merged)
}

fn concat(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [first, second] = arguments else { return Ok(Value::NULL) };
    let (first, second) = (ev.want(*first)?, ev.want(*second)?);
    ev.concat_lists(first, second)
}

/// Two texts, each on a line of its own.
fn lines(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [first, second] = arguments else { return Ok(Value::NULL) };
    let (first, second) = (ev.coerce(*first, Coercion::Strict)?, ev.coerce(*second, Coercion::Strict)?);
    let middle = ev.heap.new_string(b"\n");
    let joined = ev.heap.concat(&[first, middle, second]);
    ev.heap.join_contexts(joined, &[first, second]);
    Ok(Value::string(joined))
}

/// The set `lib.mergeAttrBy`: how well-known attributes of packages are merged.
pub(super) fn merge_attr_by(ev: &mut Evaluator) -> Outcome {
    let (concat, update, lines) =
        (ev.native("internal.misc.concat"), ev.native("internal.fixedPoints.update"), ev.native("internal.misc.lines"));
    Ok(ev.set(&[
        ("nativeBuildInputs", concat),
        ("buildInputs", concat),
        ("propagatedBuildInputs", concat),
        ("configureFlags", concat),
        ("prePhases", concat),
        ("postAll", concat),
        ("patches", concat),
        ("passthru", update),
        ("meta", update),
        ("cfg", update),
        ("flags", update),
        ("preConfigure", lines),
        ("postInstall", lines),
    ]))
}

fn merge_attr_by_func(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [first, second] = arguments else { return Ok(Value::NULL) };
    let own = ev.native("internal.fixedPoints.update");
    let name = ev.heap.intern("mergeAttrBy");
    let mut functions = single(ev, name, own, ExprId::NONE);
    for side in [first, second] {
        if let Some(more) = field_or(ev, *side, "mergeAttrBy")? {
            functions = update(ev, functions, more)?;
        }
    }
    let (a, b) = (ev.want_whole_attrs(*first)?, ev.want_whole_attrs(*second)?);
    let functions = ev.want_whole_attrs(functions)?;
    let mut merged = Vec::new();
    for (name, function, origin) in attributes(ev, functions) {
        if ev.attribute(a, name).is_some() || ev.attribute(b, name).is_some() {
            let text = name_value(ev, name, origin);
            let value = deferred_native(ev, "internal.misc.folded", &[function, text, *first, *second]);
            merged.push((name, value, origin));
        }
    }
    let both = update(ev, *first, *second)?;
    let merged = ev.heap.new_set(&merged);
    update(ev, both, merged)
}

fn merge_attrs_by_func_defaults(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [list] = arguments else { return Ok(Value::NULL) };
    let defaults = merge_attr_by(ev)?;
    let mut merged = ev.set(&[("mergeAttrBy", defaults)]);
    for set in whole_elements(ev, *list)? {
        let set = ev.want(set)?;
        merged = merge_attr_by_func(ev, &[merged, set])?;
        merged = ev.want(merged)?;
    }
    Ok(merged)
}

fn merge_attrs_by_func_defaults_clean(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let merged = merge_attrs_by_func_defaults(ev, arguments)?;
    let name = ev.str("mergeAttrBy");
    let names = ev.list(&[name]);
    let remove = ev.native("builtins.removeAttrs");
    ev.call(remove, &[merged, names])
}

#[cfg(test)]
mod tests {
    use crate::nixlib::testing::check;

    #[test]
    fn merging_by_name() {
        check(&[
            ("lib.mergeAttrsWithFunc (a: b: a + b) { a = 1; } { a = 2; }", "{ a = 3; }"),
            (r#"lib.setAttrMerge "a" 0 { a = 4; } (x: x + 1)"#, "{ a = 5; }"),
            (
                "lib.mergeAttrsNoOverride { } { buildInputs = [ 1 ]; } { buildInputs = [ 2 ]; x = 3; }",
                "{ buildInputs = [ 2 1 ]; x = 3; }",
            ),
            (
                "(lib.mergeAttrByFunc { buildInputs = [ 1 ]; mergeAttrBy.buildInputs = a: b: a ++ b; } { buildInputs = [ 2 ]; }).buildInputs",
                "[ 1 2 ]",
            ),
        ]);
    }
}
