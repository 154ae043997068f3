//! `lib.attrsets`: building, filtering and mapping sets. Paths and what descends into sets stand in [`super::attrset_paths`]
//! and [`super::attrset_trees`], what knows packages in [`super::attrset_packages`].

use rustc_hash::FxHashMap;

use super::attrset_packages::{first_output_getter, output_getter};
use super::common::{
    attribute_name, attributes, elements, evaluated, list_of, merge_all, name_value, reserve, select, select_or, throw,
    unknown_of, update, whole_elements,
};
use super::{Family, Member, attrset_packages, attrset_paths, attrset_trees};
use crate::eval::{Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{Key, Shape, ShapeId, Symbol, Value, View, sym};
use crate::syntax::ExprId;

pub(super) static FAMILY: Family = Family {
    name: "attrsets",
    functions: &[FUNCTIONS, attrset_packages::FUNCTIONS, attrset_paths::FUNCTIONS, attrset_trees::FUNCTIONS],
    members: &[
        Member::Same("attrNames", "builtins.attrNames"),
        Member::Same("attrValues", "builtins.attrValues"),
        Member::Same("listToAttrs", "builtins.listToAttrs"),
        Member::Same("hasAttr", "builtins.hasAttr"),
        Member::Same("isAttrs", "builtins.isAttrs"),
        Member::Same("getAttr", "builtins.getAttr"),
        Member::Same("removeAttrs", "builtins.removeAttrs"),
        Member::Same("intersectAttrs", "builtins.intersectAttrs"),
        Member::Same("catAttrs", "builtins.catAttrs"),
        Member::Same("mapAttrs", "builtins.mapAttrs"),
        Member::Same("zipAttrsWith", "builtins.zipAttrsWith"),
        Member::Made("getBin", |ev| output_getter(ev, "bin")),
        Member::Made("getLib", |ev| output_getter(ev, "lib")),
        Member::Made("getDev", |ev| output_getter(ev, "dev")),
        Member::Made("getMan", |ev| output_getter(ev, "man")),
        Member::Made("getStatic", |ev| first_output_getter(ev, &["static", "lib", "out"])),
        Member::Made("getInclude", |ev| first_output_getter(ev, &["include", "dev", "out"])),
        Member::Made("chooseDevOutputs", |ev| {
            let get_dev = output_getter(ev, "dev")?;
            Ok(ev.native_with("builtins.map", &[get_dev]))
        }),
    ],
    top: &[
        "attrByPath",
        "hasAttrByPath",
        "setAttrByPath",
        "getAttrFromPath",
        "attrVals",
        "attrNames",
        "attrValues",
        "getAttrs",
        "catAttrs",
        "filterAttrs",
        "filterAttrsRecursive",
        "foldlAttrs",
        "foldAttrs",
        "collect",
        "nameValuePair",
        "mapAttrs",
        "mapAttrs'",
        "mapAttrsToList",
        "attrsToList",
        "concatMapAttrs",
        "mapAttrsRecursive",
        "mapAttrsRecursiveCond",
        "mapAttrsToListRecursive",
        "mapAttrsToListRecursiveCond",
        "genAttrs",
        "genAttrs'",
        "isDerivation",
        "toDerivation",
        "optionalAttrs",
        "zipAttrsWithNames",
        "zipAttrsWith",
        "zipAttrs",
        "recursiveUpdateUntil",
        "recursiveUpdate",
        "matchAttrs",
        "mergeAttrsList",
        "overrideExisting",
        "showAttrPath",
        "getOutput",
        "getFirstOutput",
        "getBin",
        "getLib",
        "getStatic",
        "getDev",
        "getInclude",
        "getMan",
        "chooseDevOutputs",
        "recurseIntoAttrs",
        "dontRecurseIntoAttrs",
        "cartesianProduct",
        "mapCartesianProduct",
        "updateManyAttrsByPath",
        "listToAttrs",
        "hasAttr",
        "getAttr",
        "isAttrs",
        "intersectAttrs",
        "removeAttrs",
    ],
};

const FUNCTIONS: &[NativeDef] = &[
    NativeDef::with_strict("lib.attrsets.attrVals", 2, 0b01, attr_vals),
    NativeDef::lazy("internal.attrsets.select", 2, select_by_name),
    NativeDef::with_strict("lib.attrsets.getAttrs", 2, 0b01, get_attrs),
    NativeDef::with_strict("lib.attrsets.filterAttrs", 2, 0b10, filter_attrs),
    NativeDef::with_strict("lib.attrsets.foldlAttrs", 3, 0b110, foldl_attrs),
    NativeDef::with_strict("lib.attrsets.foldAttrs", 3, 0b100, fold_attrs),
    NativeDef::strict("lib.attrsets.cartesianProduct", 1, cartesian_product),
    NativeDef::with_strict("lib.attrsets.mapCartesianProduct", 2, 0b10, map_cartesian_product),
    NativeDef::lazy("lib.attrsets.nameValuePair", 2, name_value_pair),
    NativeDef::with_strict("lib.attrsets.mapAttrs'", 2, 0b10, map_attrs_and_names),
    NativeDef::with_strict("lib.attrsets.mapAttrsToList", 2, 0b10, map_attrs_to_list),
    NativeDef::strict("lib.attrsets.attrsToList", 1, attrs_to_list),
    NativeDef::with_strict("lib.attrsets.concatMapAttrs", 2, 0b10, concat_map_attrs),
    NativeDef::with_strict("lib.attrsets.genAttrs", 2, 0b01, gen_attrs),
    NativeDef::with_strict("lib.attrsets.genAttrs'", 2, 0b01, gen_attrs_and_names),
    NativeDef::with_strict("lib.attrsets.optionalAttrs", 2, 0b01, optional_attrs),
    NativeDef::with_strict("lib.attrsets.zipAttrsWithNames", 3, 0b001, zip_attrs_with_names),
    NativeDef::strict("lib.attrsets.zipAttrs", 1, zip_attrs),
    NativeDef::lazy("internal.attrsets.second", 2, second),
    NativeDef::strict("lib.attrsets.mergeAttrsList", 1, merge_attrs_list),
    NativeDef::with_strict("lib.attrsets.overrideExisting", 2, 0b01, override_existing),
    NativeDef::lazy("internal.attrsets.overridden", 3, overridden),
    NativeDef::strict("lib.attrsets.unionOfDisjoint", 2, union_of_disjoint),
];

fn attr_vals(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [names, set] = arguments else { return Ok(Value::NULL) };
    let (names, open) = elements(ev, *names)?;
    reserve(ev, names.len())?;
    let selection = ev.native("internal.attrsets.select");
    let values: Vec<Value> = names.iter().map(|name| ev.heap.deferred(selection, &[*set, *name])).collect();
    Ok(list_of(ev, &values, open))
}

/// `set.${name}`
fn select_by_name(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [set, name] = arguments else { return Ok(Value::NULL) };
    ev.want_attrs(*set)?;
    let name = attribute_name(ev, *name)?;
    select(ev, *set, name)
}

/// Names given as strings: symbol, the string, where it was written. An open list has no set of names.
fn names_of(ev: &mut Evaluator, names: Value) -> Result<Vec<(Symbol, Value)>, Stop> {
    let names = whole_elements(ev, names)?;
    reserve(ev, names.len())?;
    let mut found = Vec::with_capacity(names.len());
    for name in names {
        let name = ev.want(name)?;
        found.push((attribute_name(ev, name)?, name));
    }
    Ok(found)
}

fn get_attrs(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [names, set] = arguments else { return Ok(Value::NULL) };
    let names = names_of(ev, *names)?;
    let known = match evaluated(ev, *set).map(Value::view) {
        Some(View::Attrs(known)) => Some(known),
        _ => None,
    };
    let selection = ev.native("internal.attrsets.select");
    let mut found = Vec::with_capacity(names.len());
    for (symbol, name) in names {
        let value = match known.and_then(|known| ev.attribute(known, symbol)) {
            Some(value) => value,
            None => ev.heap.deferred(selection, &[*set, name]),
        };
        found.push((symbol, value, name.origin()));
    }
    Ok(ev.heap.new_set(&found))
}

fn filter_attrs(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [predicate, whole] = arguments else { return Ok(Value::NULL) };
    let set = ev.want_attrs(*whole)?;
    let mut open = ev.heap.open_set_reason(set);
    let all = attributes(ev, set);
    let mut kept = Vec::with_capacity(all.len());
    for (name, value, origin) in &all {
        ev.tick()?;
        let text = name_value(ev, *name, *origin);
        match ev.call_bool(*predicate, &[text, *value]) {
            Ok(true) => kept.push((*name, *value, *origin)),
            Ok(false) => {}
            Err(stop) => open = open.or(Some(unknown_of(stop)?)),
        }
    }
    if kept.len() == all.len() {
        return Ok(*whole);
    }
    Ok(ev.heap.new_open_set(&kept, open))
}

fn foldl_attrs(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function, init, set] = arguments else { return Ok(Value::NULL) };
    let set = ev.want_whole_attrs(*set)?;
    let mut folded = *init;
    for (name, value, origin) in attributes(ev, set) {
        let name = name_value(ev, name, origin);
        let next = ev.call(*function, &[folded, name, value])?;
        folded = ev.want(next)?;
    }
    Ok(folded)
}

fn fold_attrs(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [op, nul, sets] = arguments else { return Ok(Value::NULL) };
    let mut folded: FxHashMap<Symbol, usize> = FxHashMap::default();
    let mut result: Vec<(Symbol, Value, ExprId)> = Vec::new();
    for set in whole_elements(ev, *sets)?.into_iter().rev() {
        let set = ev.want_whole_attrs(set)?;
        for (name, value, origin) in attributes(ev, set) {
            ev.tick()?;
            let place = folded.get(&name).and_then(|index| result.get(*index)).map(|(_, before, _)| *before);
            let call = ev.heap.delay_call(*op, &[value, place.unwrap_or(*nul)]);
            match folded.get(&name).and_then(|index| result.get_mut(*index)) {
                Some(entry) => entry.1 = call,
                None => {
                    folded.insert(name, result.len());
                    result.push((name, call, origin));
                }
            }
        }
    }
    Ok(ev.heap.new_set(&result))
}

fn products(ev: &mut Evaluator, lists: Value) -> Result<Vec<Value>, Stop> {
    let set = ev.want_whole_attrs(lists)?;
    let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
    let mut keys = Vec::new();
    for ((name, list, origin), offset) in attributes(ev, set).into_iter().zip(0u32..) {
        keys.push(Key { name, offset, origin });
        if rows.is_empty() {
            continue;
        }
        let choices = whole_elements(ev, list)?;
        let row_size = keys.len().saturating_add(1);
        reserve(ev, rows.len().saturating_mul(choices.len()).saturating_mul(row_size))?;
        let mut longer = Vec::with_capacity(rows.len() * choices.len());
        for row in &rows {
            for choice in &choices {
                let mut row = row.clone();
                row.push(*choice);
                longer.push(row);
            }
        }
        rows = longer;
    }
    let shape = ev.heap.new_shape(Shape::new(keys, None, false));
    Ok(rows.iter().map(|row| ev.heap.new_set_of_shape(shape, row)).collect())
}

fn cartesian_product(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [lists] = arguments else { return Ok(Value::NULL) };
    let sets = products(ev, *lists)?;
    Ok(ev.heap.new_list(&sets))
}

fn map_cartesian_product(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function, lists] = arguments else { return Ok(Value::NULL) };
    let sets = products(ev, *lists)?;
    let values: Vec<Value> = sets.iter().map(|set| ev.defer(*function, &[*set])).collect();
    Ok(ev.heap.new_list(&values))
}

#[derive(Default)]
struct PairShape(Option<ShapeId>);

/// The set `{ name; value; }` from its two values.
pub(super) fn pair(ev: &mut Evaluator, name: Value, value: Value) -> Value {
    let shape = match ev.extension::<PairShape>().0 {
        Some(shape) => shape,
        None => {
            let key = |name, offset| Key { name, offset, origin: ExprId::NONE };
            let shape = ev.heap.new_shape(Shape::new(vec![key(sym::NAME, 0), key(sym::VALUE, 1)], None, true));
            ev.extension::<PairShape>().0 = Some(shape);
            shape
        }
    };
    ev.heap.new_set_of_shape(shape, &[name, value])
}

fn name_value_pair(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [name, value] = arguments else { return Ok(Value::NULL) };
    Ok(pair(ev, *name, *value))
}

/// Takes a `{ name; value; }` apart. The name's own origin is kept unless it has none.
fn name_and_value(ev: &mut Evaluator, pair: Value, origin: ExprId) -> Result<(Symbol, Value, ExprId), Stop> {
    let set = ev.want_attrs(pair)?;
    let name = ev.attribute_or_stop(set, sym::NAME)?;
    let name = ev.want(name)?;
    let value = ev.attribute_or_stop(set, sym::VALUE)?;
    let origin = if origin.is_some() { origin } else { name.origin() };
    Ok((attribute_name(ev, name)?, value, origin))
}

fn map_attrs_and_names(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function, set] = arguments else { return Ok(Value::NULL) };
    let set = ev.want_attrs(*set)?;
    let mut open = ev.heap.open_set_reason(set);
    let mut mapped = Vec::with_capacity(ev.heap.set_len(set));
    for (name, value, origin) in attributes(ev, set) {
        let name = name_value(ev, name, origin);
        let made = ev.call(*function, &[name, value]).and_then(|made| name_and_value(ev, made, origin));
        match made {
            Ok(entry) => mapped.push(entry),
            Err(stop) => open = open.or(Some(unknown_of(stop)?)),
        }
    }
    let made = ev.heap.new_open_set(&mapped, open);
    ev.note_same_names(&mapped, made);
    Ok(made)
}

fn map_attrs_to_list(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function, set] = arguments else { return Ok(Value::NULL) };
    let set = ev.want_attrs(*set)?;
    reserve(ev, ev.heap.set_len(set))?;
    let mut values = Vec::with_capacity(ev.heap.set_len(set));
    for (name, value, origin) in attributes(ev, set) {
        let name = name_value(ev, name, origin);
        values.push(ev.defer(*function, &[name, value]));
    }
    let open = ev.heap.open_set_reason(set);
    Ok(list_of(ev, &values, open))
}

fn attrs_to_list(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [set] = arguments else { return Ok(Value::NULL) };
    let set = ev.want_attrs(*set)?;
    reserve(ev, ev.heap.set_len(set))?;
    let mut values = Vec::with_capacity(ev.heap.set_len(set));
    for (name, value, origin) in attributes(ev, set) {
        let name = name_value(ev, name, origin);
        values.push(pair(ev, name, value));
    }
    let open = ev.heap.open_set_reason(set);
    Ok(list_of(ev, &values, open))
}

fn concat_map_attrs(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function, set] = arguments else { return Ok(Value::NULL) };
    let set = ev.want_whole_attrs(*set)?;
    let mut parts = Vec::with_capacity(ev.heap.set_len(set));
    for (name, value, origin) in attributes(ev, set) {
        let name = name_value(ev, name, origin);
        let part = match ev.call(*function, &[name, value]) {
            Ok(part) => part,
            Err(stop) => Value::unknown(unknown_of(stop)?),
        };
        parts.push(part);
    }
    merge_all(ev, &parts)
}

fn gen_attrs(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [names, function] = arguments else { return Ok(Value::NULL) };
    let mut made = Vec::new();
    for (symbol, name) in names_of(ev, *names)? {
        made.push((symbol, ev.defer(*function, &[name]), name.origin()));
    }
    Ok(ev.heap.new_set(&made))
}

fn gen_attrs_and_names(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [list, function] = arguments else { return Ok(Value::NULL) };
    let (all, mut open) = elements(ev, *list)?;
    let mut made = Vec::with_capacity(all.len());
    for element in all {
        let entry = ev.call(*function, &[element]).and_then(|entry| name_and_value(ev, entry, ExprId::NONE));
        match entry {
            Ok(entry) => made.push(entry),
            Err(stop) => open = open.or(Some(unknown_of(stop)?)),
        }
    }
    let set = ev.heap.new_open_set(&made, open);
    ev.note_same_names(&made, set);
    Ok(set)
}

fn optional_attrs(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [condition, set] = arguments else { return Ok(Value::NULL) };
    Ok(if ev.want_bool(*condition)? { *set } else { Value::EMPTY_SET })
}

fn zip_attrs_with_names(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [names, function, sets] = arguments else { return Ok(Value::NULL) };
    let cat_attrs = ev.native("builtins.catAttrs");
    let mut zipped = Vec::new();
    for (symbol, name) in names_of(ev, *names)? {
        let values = ev.heap.delay_call(cat_attrs, &[name, *sets]);
        zipped.push((symbol, ev.defer(*function, &[name, values]), name.origin()));
    }
    Ok(ev.heap.new_set(&zipped))
}

fn zip_attrs(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [sets] = arguments else { return Ok(Value::NULL) };
    let (zip, values) = (ev.native("builtins.zipAttrsWith"), ev.native("internal.attrsets.second"));
    ev.call(zip, &[values, *sets])
}

fn second(_: &mut Evaluator, arguments: &[Value]) -> Outcome {
    Ok(arguments.get(1).copied().unwrap_or(Value::NULL))
}

fn merge_attrs_list(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [list] = arguments else { return Ok(Value::NULL) };
    let sets = whole_elements(ev, *list)?;
    merge_all(ev, &sets)
}

fn override_existing(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [old, new] = arguments else { return Ok(Value::NULL) };
    let set = ev.want_attrs(*old)?;
    let choice = ev.native("internal.attrsets.overridden");
    let mut values = attributes(ev, set);
    for (name, value, origin) in &mut values {
        let name = name_value(ev, *name, *origin);
        *value = ev.heap.deferred(choice, &[*new, name, *value]);
    }
    let open = ev.heap.open_set_reason(set);
    Ok(ev.heap.new_open_set(&values, open))
}

/// `new.${name} or old`
fn overridden(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [new, name, old] = arguments else { return Ok(Value::NULL) };
    let name = attribute_name(ev, *name)?;
    Ok(select_or(ev, *new, name)?.unwrap_or(*old))
}

fn union_of_disjoint(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [left, right] = arguments else { return Ok(Value::NULL) };
    let (a, b) = (ev.want_attrs(*left)?, ev.want_attrs(*right)?);
    let common: Vec<(Symbol, String, ExprId)> = attributes(ev, a)
        .into_iter()
        .filter(|(name, ..)| ev.heap.attribute(b, *name).is_some())
        .map(|(name, _, origin)| (name, ev.heap.name(name).to_owned(), origin))
        .collect();
    let union = update(ev, *left, *right)?;
    if common.is_empty() {
        return Ok(union);
    }
    let names: Vec<&str> = common.iter().map(|(_, name, _)| name.as_str()).collect();
    let names = names.join(" ");
    let mut mask = Vec::with_capacity(common.len());
    for (symbol, name, origin) in &common {
        let message = format!("unionOfDisjoint: collision on {name}; complete list: {names}");
        mask.push((*symbol, throw(ev, message).0, *origin));
    }
    let mask = ev.heap.new_set(&mask);
    update(ev, union, mask)
}

#[cfg(test)]
mod tests {
    use crate::nixlib::testing::check;

    #[test]
    fn sets_are_built_and_filtered_lazily() {
        check(&[
            (r#"lib.filterAttrs (n: v: n != "b") { a = 1; b = throw "not looked at"; }"#, "{ a = 1; }"),
            (r#"lib.mapAttrs' (n: v: lib.nameValuePair "x-${n}" v) { a = 1; }"#, "{ x-a = 1; }"),
            (r#"lib.mapAttrsToList (n: v: "${n}=${toString v}") { b = 2; a = 1; }"#, r#"[ "a=1" "b=2" ]"#),
            (r#"lib.attrNames (lib.genAttrs [ "b" "a" ] (n: throw n))"#, r#"[ "a" "b" ]"#),
            (r#"lib.getAttrs [ "a" ] { a = 1; b = 2; }"#, "{ a = 1; }"),
            (r#"lib.attrVals [ "b" "a" ] { a = 1; b = 2; }"#, "[ 2 1 ]"),
            ("lib.foldlAttrs (acc: n: v: acc + v) 0 { a = 1; b = 2; }", "3"),
            ("lib.foldAttrs (n: a: [ n ] ++ a) [ ] [ { a = 1; } { a = 2; b = 3; } ]", "{ a = [ 1 2 ]; b = [ 3 ]; }"),
            ("lib.cartesianProduct { a = [ 1 2 ]; b = [ 3 ]; }", "[ { a = 1; b = 3; } { a = 2; b = 3; } ]"),
            (r#"lib.concatMapAttrs (n: v: { ${n + v} = n; }) { a = "1"; b = "2"; }"#, r#"{ a1 = "a"; b2 = "b"; }"#),
            ("lib.mergeAttrsList [ { a = 1; } { a = 2; b = 2; } { b = 3; } { c = 4; } ]", "{ a = 2; b = 3; c = 4; }"),
            (r#"lib.zipAttrsWithNames [ "a" ] (n: vs: vs) [ { a = 1; } { a = 2; b = 3; } ]"#, "{ a = [ 1 2 ]; }"),
            ("lib.overrideExisting { a = 1; } { a = 2; b = 3; }", "{ a = 2; }"),
            (
                "(lib.attrsets.unionOfDisjoint { a = 1; } { a = 2; }).a",
                "error: unionOfDisjoint: collision on a; complete list: a",
            ),
        ]);
    }
}
