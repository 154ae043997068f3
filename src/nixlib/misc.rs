//! `lib.misc`: deprecated functions that old configurations still use. What merges sets stands in [`super::misc_merge`].

use super::attrset_trees::at_path;
use super::common::{
    attribute_name, contains, field, field_or, is_attrs, is_function, select_or, single, update, whole_elements,
};
use super::{Family, Member, misc_merge};
use crate::eval::{Coercion, Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{Value, View};

pub(super) static FAMILY: Family = Family {
    name: "misc",
    functions: &[FUNCTIONS, misc_merge::FUNCTIONS],
    members: &[
        Member::Same("maybeAttrNullable", "lib.misc.maybeAttr"),
        Member::Same("imap", "lib.lists.imap1"),
        Member::Made("mergeAttrBy", misc_merge::merge_attr_by),
        Member::Made("fakeHash", |ev| Ok(ev.str("sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="))),
        Member::Made("fakeSha256", |ev| Ok(ev.str(&"0".repeat(64)))),
        Member::Made("fakeSha512", |ev| Ok(ev.str(&"0".repeat(128)))),
    ],
    top: &[
        "maybeEnv",
        "defaultMergeArg",
        "defaultMerge",
        "foldArgs",
        "maybeAttrNullable",
        "maybeAttr",
        "ifEnable",
        "checkFlag",
        "getValue",
        "checkReqs",
        "uniqList",
        "uniqListExt",
        "condConcat",
        "lazyGenericClosure",
        "innerModifySumArgs",
        "modifySumArgs",
        "innerClosePropagation",
        "closePropagation",
        "nvs",
        "setAttr",
        "setAttrMerge",
        "mergeAttrsWithFunc",
        "mergeAttrsConcatenateValues",
        "mergeAttrsNoOverride",
        "mergeAttrByFunc",
        "mergeAttrsByFuncDefaults",
        "mergeAttrsByFuncDefaultsClean",
        "mergeAttrBy",
        "fakeHash",
        "fakeSha256",
        "fakeSha512",
        "nixType",
        "imap",
    ],
};

const FUNCTIONS: &[NativeDef] = &[
    NativeDef::with_strict("lib.misc.maybeEnv", 2, 0b01, maybe_env),
    NativeDef::with_strict("lib.misc.maybeAttr", 3, 0b101, maybe_attr),
    NativeDef::with_strict("lib.misc.ifEnable", 2, 0b01, if_enable),
    NativeDef::with_strict("lib.misc.checkFlag", 2, 0b10, check_flag),
    NativeDef::lazy("lib.misc.getValue", 3, get_value),
    NativeDef::lazy("lib.misc.checkReqs", 3, check_reqs),
    NativeDef::strict("lib.misc.uniqList", 1, uniq_list).taking(&[("inputList", false), ("acc", true)]),
    NativeDef::strict("lib.misc.uniqListExt", 1, uniq_list_ext).taking(&[
        ("inputList", false),
        ("outputList", true),
        ("getter", true),
        ("compare", true),
    ]),
    NativeDef::with_strict("lib.misc.condConcat", 3, 0b010, cond_concat),
    NativeDef::strict("lib.misc.lazyGenericClosure", 1, lazy_generic_closure)
        .taking(&[("startSet", false), ("operator", false)]),
    NativeDef::lazy("lib.misc.innerModifySumArgs", 4, inner_modify_sum_args),
    NativeDef::lazy("lib.misc.modifySumArgs", 3, modify_sum_args),
    NativeDef::strict("lib.misc.innerClosePropagation", 2, inner_close_propagation),
    NativeDef::strict("lib.misc.closePropagation", 1, close_propagation),
    NativeDef::strict("lib.misc.closePropagationFast", 1, close_propagation),
    NativeDef::strict("lib.misc.closePropagationSlow", 1, close_propagation),
    NativeDef::strict("lib.misc.nixType", 1, nix_type),
];

fn maybe_env(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [name, default] = arguments else { return Ok(Value::NULL) };
    let get_env = ev.native("builtins.getEnv");
    let value = ev.call(get_env, &[*name])?;
    let id = ev.want_string(value)?;
    Ok(if ev.heap.bytes(id).is_empty() { *default } else { value })
}

/// `set.${name} or default`
fn maybe_attr(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [name, default, set] = arguments else { return Ok(Value::NULL) };
    let name = attribute_name(ev, *name)?;
    Ok(select_or(ev, *set, name)?.unwrap_or(*default))
}

fn if_enable(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [condition, value] = arguments else { return Ok(Value::NULL) };
    if ev.want_bool(*condition)? {
        return Ok(*value);
    }
    Ok(match ev.want(*value)?.view() {
        View::List(_) => Value::EMPTY_LIST,
        View::Attrs(_) => Value::EMPTY_SET,
        View::Bool(_) => Value::FALSE,
        _ => Value::NULL,
    })
}

fn has_flag(ev: &mut Evaluator, set: Value, name: Value) -> Result<Value, Stop> {
    let text = ev.want_text(name)?;
    match text.as_str() {
        "true" => return Ok(Value::TRUE),
        "false" => return Ok(Value::FALSE),
        _ => {}
    }
    if let Some(flags) = at_path(ev, set, &["flags"])? {
        let flags = whole_elements(ev, flags)?;
        if contains(ev, &flags, name)? {
            return Ok(Value::TRUE);
        }
    }
    Ok(field_or(ev, set, &text)?.unwrap_or(Value::FALSE))
}

fn check_flag(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [set, name] = arguments else { return Ok(Value::NULL) };
    has_flag(ev, *set, *name)
}

fn get_value(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [set, pairs, name] = arguments else { return Ok(Value::NULL) };
    let name = ev.want(*name)?;
    let symbol = attribute_name(ev, name)?;
    if let Some(value) = select_or(ev, *set, symbol)? {
        return Ok(value);
    }
    let flag = has_flag(ev, *set, name)?;
    if ev.want_bool(flag)? {
        return Ok(Value::TRUE);
    }
    for entry in whole_elements(ev, *pairs)? {
        let entry = whole_elements(ev, entry)?;
        if let [key, value, ..] = entry.as_slice()
            && ev.equal(*key, name)?
        {
            return Ok(*value);
        }
    }
    Ok(Value::NULL)
}

fn check_reqs(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [set, pairs, conditions] = arguments else { return Ok(Value::NULL) };
    for condition in whole_elements(ev, *conditions)? {
        let names = whole_elements(ev, condition)?;
        let Some((flag, required)) = names.split_first() else { continue };
        let flag = ev.want(*flag)?;
        let is_set = has_flag(ev, *set, flag)?;
        if !ev.want_bool(is_set)? {
            continue;
        }
        for name in required {
            let value = get_value(ev, &[*set, *pairs, *name])?;
            if matches!(ev.want(value)?.view(), View::Null | View::Bool(false)) {
                return Ok(Value::FALSE);
            }
        }
    }
    Ok(Value::TRUE)
}

/// The elements of `list` that are neither in `seen` nor repeated.
fn fresh(ev: &mut Evaluator, list: Value, seen: Vec<Value>) -> Result<Vec<Value>, Stop> {
    let (mut seen, mut kept) = (seen, Vec::new());
    for element in whole_elements(ev, list)? {
        ev.tick()?;
        if !contains(ev, &seen, element)? {
            seen.push(element);
            kept.push(element);
        }
    }
    Ok(kept)
}

fn uniq_list(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [options] = arguments else { return Ok(Value::NULL) };
    let list = field(ev, *options, "inputList")?;
    let seen = match field_or(ev, *options, "acc")? {
        Some(seen) => whole_elements(ev, seen)?,
        None => Vec::new(),
    };
    let kept = fresh(ev, list, seen)?;
    Ok(ev.heap.new_list(&kept))
}

fn uniq_list_ext(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [options] = arguments else { return Ok(Value::NULL) };
    let list = field(ev, *options, "inputList")?;
    let mut kept = match field_or(ev, *options, "outputList")? {
        Some(kept) => whole_elements(ev, kept)?,
        None => Vec::new(),
    };
    let getter = field_or(ev, *options, "getter")?;
    let compare = field_or(ev, *options, "compare")?;
    let key = |ev: &mut Evaluator, value: Value| match getter {
        Some(getter) => ev.call(getter, &[value]),
        None => Ok(value),
    };
    for element in whole_elements(ev, list)? {
        let mine = key(ev, element)?;
        let mut is_known = false;
        for other in &kept {
            let theirs = key(ev, *other)?;
            is_known = match compare {
                Some(compare) => ev.call_bool(compare, &[theirs, mine])?,
                None => ev.equal(theirs, mine)?,
            };
            if is_known {
                break;
            }
        }
        if !is_known {
            kept.push(element);
        }
    }
    Ok(ev.heap.new_list(&kept))
}

fn cond_concat(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [name, list, checker] = arguments else { return Ok(Value::NULL) };
    let list = whole_elements(ev, *list)?;
    let mut pieces = vec![ev.coerce(*name, Coercion::Strict)?];
    for entry in list.chunks(2) {
        let [condition, text] = entry else {
            return Err(ev.error(crate::eval::ErrorKind::Type, "lib.condConcat: a condition has no text"));
        };
        if ev.call_bool(*checker, &[*condition])? {
            pieces.push(ev.coerce(*text, Coercion::Strict)?);
        }
    }
    let joined = ev.heap.concat(&pieces);
    ev.heap.join_contexts(joined, &pieces);
    Ok(Value::string(joined))
}

fn lazy_generic_closure(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [options] = arguments else { return Ok(Value::NULL) };
    let start = field(ev, *options, "startSet")?;
    let operator = field(ev, *options, "operator")?;
    let mut work: std::collections::VecDeque<Value> = whole_elements(ev, start)?.into();
    let (mut keys, mut found) = (Vec::new(), Vec::new());
    while let Some(item) = work.pop_front() {
        ev.tick()?;
        let key = field(ev, item, "key")?;
        if contains(ev, &keys, key)? {
            continue;
        }
        keys.push(key);
        found.insert(0, item);
        let more = ev.call(operator, &[item])?;
        work.extend(whole_elements(ev, more)?);
    }
    Ok(ev.heap.new_list(&found))
}

fn inner_modify_sum_args(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function, extra, sum, next] = arguments else { return Ok(Value::NULL) };
    if matches!(ev.want(*next)?.view(), View::Null) {
        let result = ev.call(*function, &[*sum, *next])?;
        return update(ev, result, *extra);
    }
    let sum = update(ev, *sum, *next)?;
    Ok(ev.native_with("lib.misc.innerModifySumArgs", &[*function, *extra, sum]))
}

fn modify_sum_args(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function, extra, next] = arguments else { return Ok(Value::NULL) };
    inner_modify_sum_args(ev, &[*function, *extra, Value::EMPTY_SET, *next])
}

/// What a package propagates to those that use it.
fn propagated(ev: &mut Evaluator, package: Value) -> Result<Vec<Value>, Stop> {
    let mut found = Vec::new();
    if is_attrs(ev, package)? {
        for name in ["propagatedBuildInputs", "propagatedNativeBuildInputs"] {
            if let Some(inputs) = field_or(ev, package, name)? {
                found.extend(whole_elements(ev, inputs)?);
            }
        }
    }
    Ok(found)
}

fn inner_close_propagation(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [known, list] = arguments else { return Ok(Value::NULL) };
    let mut known = whole_elements(ev, *known)?;
    let mut left = whole_elements(ev, *list)?;
    while let Some((first, others)) = left.clone().split_first() {
        ev.tick()?;
        left = others.to_vec();
        if !is_attrs(ev, *first)? {
            continue;
        }
        known.insert(0, *first);
        let mut next = propagated(ev, *first)?;
        next.extend(left);
        let next = ev.heap.new_list(&next);
        left = fresh(ev, next, known.clone())?;
    }
    Ok(ev.heap.new_list(&known))
}

fn close_propagation(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [list] = arguments else { return Ok(Value::NULL) };
    let mut work: std::collections::VecDeque<Value> = whole_elements(ev, *list)?.into();
    let (mut keys, mut found) = (rustc_hash::FxHashSet::default(), Vec::new());
    while let Some(package) = work.pop_front() {
        ev.tick()?;
        let package = ev.want(package)?;
        if matches!(package.view(), View::Null) {
            continue;
        }
        let path = field(ev, package, "outPath")?;
        let id = ev.coerce(path, Coercion::Path)?;
        if keys.insert(ev.heap.bytes(id).to_vec()) {
            found.push(package);
            work.extend(propagated(ev, package)?);
        }
    }
    Ok(ev.heap.new_list(&found))
}

fn nix_type(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [value] = arguments else { return Ok(Value::NULL) };
    let name = match value.view() {
        View::Attrs(_) if field_or(ev, *value, "outPath")?.is_some() => "derivation",
        View::Attrs(_) => "attrs",
        _ if is_function(ev, *value)? => "function",
        View::List(_) => "list",
        View::Bool(_) => "bool",
        View::Null => "null",
        View::Int(_) => "int",
        _ => "string",
    };
    Ok(ev.str(name))
}

/// A set of one attribute whose name is a value.
pub(super) fn named_single(ev: &mut Evaluator, name: Value, value: Value) -> Outcome {
    let name = ev.want(name)?;
    let symbol = attribute_name(ev, name)?;
    Ok(single(ev, symbol, value, name.origin()))
}

#[cfg(test)]
mod tests {
    use crate::nixlib::testing::check;

    #[test]
    fn deprecated_functions() {
        check(&[
            ("lib.ifEnable false [ 1 ]", "[ ]"),
            (r#"lib.nixType { outPath = "x"; }"#, r#""derivation""#),
            ("lib.uniqList { inputList = [ 1 1 2 ]; }", "[ 1 2 ]"),
            (r#"lib.condConcat "a" [ true "b" false "c" ] (x: x)"#, r#""ab""#),
            (
                r#"map (p: p.outPath) (lib.closePropagation [ { outPath = "/a"; propagatedBuildInputs = [ { outPath = "/b"; } ]; } ])"#,
                r#"[ "/a" "/b" ]"#,
            ),
        ]);
    }
}
