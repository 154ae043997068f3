//! Attribute sets, and the arguments of functions.

use rustc_hash::{FxHashMap, FxHashSet};

use super::lists::{FUNCTION_AND_LIST, list_of, note_unknown};
use crate::eval::{Evaluator, NativeDef, Outcome, Stop, Wanted};
use crate::heap::{Symbol, Value, View, sym};
use crate::syntax::ExprId;

static NAME_FIRST: &[(u8, Wanted)] = &[(0, Wanted::Plain)];
static SET_FIRST: &[(u8, Wanted)] = &[(0, Wanted::Attrs)];

pub(super) static FAMILY: &[NativeDef] = &[
    NativeDef::strict("builtins.attrNames", 1, attr_names),
    NativeDef::strict("builtins.attrValues", 1, attr_values),
    NativeDef::strict("builtins.getAttr", 2, get_attr).looking(NAME_FIRST),
    NativeDef::strict("builtins.hasAttr", 2, has_attr).looking(NAME_FIRST),
    NativeDef::strict("builtins.removeAttrs", 2, remove_attrs).looking(SET_FIRST),
    NativeDef::strict("builtins.intersectAttrs", 2, intersect_attrs).looking(SET_FIRST),
    NativeDef::strict("builtins.listToAttrs", 1, list_to_attrs),
    NativeDef::strict("builtins.catAttrs", 2, cat_attrs).looking(NAME_FIRST),
    NativeDef::with_strict("builtins.mapAttrs", 2, 0b10, map_attrs),
    NativeDef::strict("builtins.zipAttrsWith", 2, zip_attrs_with).looking(FUNCTION_AND_LIST),
    NativeDef::strict("builtins.functionArgs", 1, function_args),
    NativeDef::strict("builtins.unsafeGetAttrPos", 2, attr_position).looking(NAME_FIRST),
];

/// The name of an attribute as a string that points at where the name was written.
fn name_value(ev: &mut Evaluator, name: Symbol, origin: ExprId) -> Value {
    let text = ev.heap.symbols.shared_name(name);
    Value::string(ev.heap.new_string(text.as_bytes())).with_origin(origin)
}

fn attr_names(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [set] = args else { return Ok(Value::NULL) };
    let set = ev.want_attrs(*set)?;
    let entries = ev.heap.entries(set);
    ev.tick_many(u64::try_from(entries.len()).unwrap_or(0))?;
    let names: Vec<Value> = entries.into_iter().map(|(name, _, origin)| name_value(ev, name, origin)).collect();
    let open = ev.heap.open_set_reason(set);
    Ok(list_of(ev, &names, open))
}

fn attr_values(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [set] = args else { return Ok(Value::NULL) };
    let set = ev.want_attrs(*set)?;
    let entries = ev.heap.entries(set);
    ev.tick_many(u64::try_from(entries.len()).unwrap_or(0))?;
    let values: Vec<Value> = entries.into_iter().map(|(_, slot, _)| ev.heap.share(slot)).collect();
    let open = ev.heap.open_set_reason(set);
    Ok(list_of(ev, &values, open))
}

fn get_attr(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [name, set] = args else { return Ok(Value::NULL) };
    let (name, set) = (ev.want_plain(*name)?, ev.want_attrs(*set)?);
    let name = ev.heap.intern_string(name);
    ev.attribute_or_stop(set, name)
}

fn has_attr(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [name, set] = args else { return Ok(Value::NULL) };
    let (name, set) = (ev.want_plain(*name)?, ev.want_attrs(*set)?);
    let name = ev.heap.intern_string(name);
    Ok(Value::bool(ev.optional_attribute(set, name)?.is_some()))
}

fn remove_attrs(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [value, names] = args else { return Ok(Value::NULL) };
    let (set, names) = (ev.want_attrs(*value)?, ev.want_whole_list(*names)?);
    let mut removed = FxHashSet::default();
    for slot in names.slots() {
        ev.tick()?;
        let name = ev.want_plain(Value::reference(slot))?;
        let name = ev.heap.intern_string(name);
        if ev.heap.attribute(set, name).is_some() {
            removed.insert(name);
        }
    }
    if removed.is_empty() {
        return Ok(*value);
    }
    ev.tick_many(u64::try_from(ev.heap.set_len(set) / 4).unwrap_or(0))?;
    let shape = ev.heap.shape(set.shape);
    let kept: Vec<(Symbol, Value, ExprId)> = shape
        .keys()
        .iter()
        .filter(|key| !removed.contains(&key.name))
        .filter_map(|key| Some((key.name, ev.heap.share(ev.heap.attribute(set, key.name)?), key.origin)))
        .collect();
    let open = shape.open();
    Ok(ev.heap.new_open_set(&kept, open))
}

fn intersect_attrs(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [names, values] = args else { return Ok(Value::NULL) };
    let (left, right) = (ev.want_attrs(*names)?, ev.want_attrs(*values)?);
    let open = ev.heap.open_set_reason(left).or(ev.heap.open_set_reason(right));
    let smaller = if ev.heap.set_len(left) < ev.heap.set_len(right) { left } else { right };
    let shape = ev.heap.shape(smaller.shape);
    ev.tick_many(u64::try_from(shape.len() / 4).unwrap_or(0))?;
    let mut kept = Vec::with_capacity(shape.len());
    for key in shape.keys() {
        if let (Some(_), Some(found)) = (ev.heap.key(left, key.name), ev.heap.key(right, key.name))
            && let Some(value) = ev.attribute(right, key.name)
        {
            kept.push((key.name, value, found.origin));
        }
    }
    Ok(ev.heap.new_open_set(&kept, open))
}

/// Of equal names the first counts, and of the others not even the value must be there. What comes after an unknown name may be overridden by it, so it is unknown too.
fn list_to_attrs(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [list] = args else { return Ok(Value::NULL) };
    let seq = ev.want_list(*list)?;
    let mut open = None;
    let mut attributes = Vec::with_capacity(seq.count());
    let mut taken = FxHashSet::default();
    let mut repeated = Vec::new();
    for slot in seq.slots() {
        ev.tick()?;
        let named = ev
            .want_attrs(Value::reference(slot))
            .and_then(|element| Ok((element, ev.attribute_or_stop(element, sym::NAME)?)))
            .and_then(|(element, name)| Ok((element, ev.want(name)?)));
        match named {
            Ok((element, name)) => {
                let id = ev.want_plain(name)?;
                let symbol = ev.heap.intern_string(id);
                if !taken.insert(symbol) {
                    repeated.extend(ev.attribute(element, sym::VALUE).map(|lost| (symbol, lost, name.origin())));
                    continue;
                }
                let value = match open {
                    Some(id) => Value::unknown(id),
                    None => match ev.attribute_or_stop(element, sym::VALUE) {
                        Ok(value) => value,
                        Err(stop) if stop.0.is_unknown() => stop.0,
                        Err(stop) => return Err(stop),
                    },
                };
                attributes.push((symbol, value, name.origin()));
            }
            Err(stop) => note_unknown(stop, &mut open)?,
        }
    }
    let open = open.or(ev.heap.open_reason(seq));
    let made = ev.heap.new_open_set(&attributes, open);
    if !repeated.is_empty() {
        ev.note_same_names(&[attributes, repeated].concat(), made);
    }
    Ok(made)
}

fn cat_attrs(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [name, list] = args else { return Ok(Value::NULL) };
    let (name, seq) = (ev.want_plain(*name)?, ev.want_list(*list)?);
    let name = ev.heap.intern_string(name);
    let mut open = ev.heap.open_reason(seq);
    let mut values = Vec::new();
    for slot in seq.slots() {
        ev.tick()?;
        match ev.want_attrs(Value::reference(slot)).and_then(|set| ev.optional_attribute(set, name)) {
            Ok(Some(value)) => values.push(value),
            Ok(None) => {}
            Err(stop) => note_unknown(stop, &mut open)?,
        }
    }
    Ok(list_of(ev, &values, open))
}

fn map_attrs(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [function, set] = args else { return Ok(Value::NULL) };
    let set = ev.want_attrs(*set)?;
    let shape = ev.heap.shape(set.shape);
    ev.tick_many(u64::try_from(shape.len()).unwrap_or(0))?;
    if shape.is_empty() {
        return Ok(Value::attrs(set));
    }
    let id = if shape.width().is_some() { set.shape } else { ev.heap.new_shape(shape.in_one_run()) };
    let mut values = vec![Value::NULL; shape.len()];
    for key in ev.heap.shape(id).keys() {
        let name = name_value(ev, key.name, key.origin);
        if let (Some(value), Some(place)) = (ev.attribute(set, key.name), values.get_mut(key.offset as usize)) {
            *place = ev.defer(*function, &[name, value]);
        }
    }
    Ok(ev.heap.new_set_of_shape(id, &values))
}

fn zip_attrs_with(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [function, list] = args else { return Ok(Value::NULL) };
    let seq = ev.want_list(*list)?;
    let function = ev.want_function(*function)?;
    let mut open = ev.heap.open_reason(seq);
    let mut numbers: FxHashMap<Symbol, usize> = FxHashMap::default();
    let mut columns: Vec<(Symbol, ExprId, Vec<Value>)> = Vec::new();
    for slot in seq.slots() {
        match ev.want_attrs(Value::reference(slot)) {
            Ok(set) => {
                open = open.or(ev.heap.open_set_reason(set));
                let shape = ev.heap.shape(set.shape);
                ev.tick_many(u64::try_from(shape.len()).unwrap_or(0) + 1)?;
                for key in shape.keys() {
                    let Some(value) = ev.attribute(set, key.name) else { continue };
                    let number = *numbers.entry(key.name).or_insert_with(|| {
                        columns.push((key.name, key.origin, Vec::new()));
                        columns.len() - 1
                    });
                    if let Some((_, _, values)) = columns.get_mut(number) {
                        values.push(value);
                    }
                }
            }
            Err(stop) => note_unknown(stop, &mut open)?,
        }
    }
    let mut attributes = Vec::with_capacity(columns.len());
    for (name, origin, values) in columns {
        let text = name_value(ev, name, origin);
        let values = list_of(ev, &values, open);
        attributes.push((name, ev.defer(function, &[text, values]), origin));
    }
    Ok(ev.heap.new_open_set(&attributes, open))
}

fn function_args(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [function] = args else { return Ok(Value::NULL) };
    match function.view() {
        View::Lambda(..) | View::Native(_) => {
            let formals = ev.formals_of(*function).unwrap_or_default();
            let attributes: Vec<(Symbol, Value, ExprId)> =
                formals.into_iter().map(|(name, has_default, at)| (name, Value::bool(has_default), at)).collect();
            Ok(ev.heap.new_set(&attributes))
        }
        View::Partial(_) => Ok(Value::EMPTY_SET),
        _ => Err(ev.type_error("a function", *function)),
    }
}

fn attr_position(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [name, set] = args else { return Ok(Value::NULL) };
    let (name, set) = (ev.want_plain(*name)?, ev.want_attrs(*set)?);
    let name = ev.heap.intern_string(name);
    match (ev.heap.key(set, name), ev.heap.open_set_reason(set)) {
        (Some(key), _) => Ok(ev.position_value(key.origin)),
        (None, Some(id)) => Err(Stop(Value::unknown(id))),
        (None, None) => Ok(Value::NULL),
    }
}

#[cfg(test)]
mod tests {
    use crate::builtins::testing::{check, eval_to_text};

    #[test]
    fn reading() {
        check(&[
            ("builtins.attrNames { b = 1; a = throw \"x\"; \"10\" = 1; \"9\" = 1; }", "[ \"10\" \"9\" \"a\" \"b\" ]"),
            ("builtins.attrValues { b = 1; a = 2; }", "[ 2 1 ]"),
            ("builtins.getAttr \"a\" { }", "error: attribute 'a' missing"),
            ("builtins.hasAttr \"a\" { a = throw \"x\"; }", "true"),
            ("builtins.catAttrs \"a\" [ { a = 1; } { b = 0; } { a = 2; } ]", "[ 1 2 ]"),
            ("builtins.functionArgs ({ a, b ? 1, ... }: a)", "{ a = false; b = true; }"),
        ]);
    }

    /// A name that refers to the store is refused before the other argument is looked at.
    #[test]
    fn names_come_first() {
        let with = "(builtins.toFile \"f\" \"\")";
        for call in ["getAttr", "hasAttr", "catAttrs", "unsafeGetAttrPos", "toFile", "compareVersions"] {
            let text = eval_to_text(&format!("builtins.{call} {with} (throw \"second\")"));
            assert!(text.ends_with("is not allowed to refer to a store path"), "{call}: {text}");
        }
    }

    #[test]
    fn making() {
        check(&[
            ("removeAttrs { a = 1; b = 2; } [ \"a\" \"c\" ]", "{ b = 2; }"),
            ("builtins.intersectAttrs { a = 0; b = 0; } { b = 1; c = 2; }", "{ b = 1; }"),
            ("builtins.listToAttrs [ { name = \"a\"; value = 1; } { name = \"a\"; value = 2; } ]", "{ a = 1; }"),
            ("builtins.mapAttrs (n: v: n + toString v) { a = 1; b = 2; }", "{ a = \"a1\"; b = \"b2\"; }"),
            ("builtins.listToAttrs [ { name = \"a\"; value = 1; } { name = \"a\"; } ]", "{ a = 1; }"),
            (
                "builtins.mapAttrs (n: v: v * 2) (builtins.removeAttrs { z = 0; b = 2; a = 1; } [ \"z\" ])",
                "{ a = 2; b = 4; }",
            ),
            ("builtins.zipAttrsWith (n: vs: vs) [ { a = 1; } { a = 2; b = 3; } ]", "{ a = [ 1 2 ]; b = [ 3 ]; }"),
        ]);
    }
}
