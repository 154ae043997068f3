//! `lib.lists`: taking lists apart, folding and building them. What compares elements stands in [`super::lists_order`],
//! what takes a part in [`super::lists_parts`].

use super::common::{DEEPEST, count_value, elements, keep_where, list_of, reserve, throw, unknown_of, whole_elements};
use super::{Family, Member, lists_order, lists_parts};
use crate::eval::{ErrorKind, Evaluator, NativeDef, Outcome, Stop, Wanted};
use crate::heap::{Key, Shape, ShapeId, UnknownId, Value, View};
use crate::syntax::ExprId;

pub(super) static FAMILY: Family = Family {
    name: "lists",
    functions: &[FUNCTIONS, lists_order::FUNCTIONS, lists_parts::FUNCTIONS],
    members: &[
        Member::Same("head", "builtins.head"),
        Member::Same("tail", "builtins.tail"),
        Member::Same("length", "builtins.length"),
        Member::Same("isList", "builtins.isList"),
        Member::Same("elemAt", "builtins.elemAt"),
        Member::Same("concatLists", "builtins.concatLists"),
        Member::Same("filter", "builtins.filter"),
        Member::Same("elem", "builtins.elem"),
        Member::Same("genList", "builtins.genList"),
        Member::Same("map", "builtins.map"),
        Member::Same("concatMap", "builtins.concatMap"),
        Member::Same("any", "builtins.any"),
        Member::Same("all", "builtins.all"),
        Member::Same("partition", "builtins.partition"),
        Member::Same("groupBy", "builtins.groupBy"),
        Member::Same("sort", "builtins.sort"),
    ],
    top: &[
        "singleton",
        "forEach",
        "map",
        "foldr",
        "fold",
        "foldl",
        "foldl'",
        "imap0",
        "imap1",
        "filter",
        "ifilter0",
        "concatMap",
        "flatten",
        "remove",
        "findSingle",
        "findFirst",
        "any",
        "all",
        "count",
        "optional",
        "optionals",
        "toList",
        "range",
        "replicate",
        "partition",
        "zipListsWith",
        "zipLists",
        "reverseList",
        "listDfs",
        "toposort",
        "sort",
        "sortOn",
        "naturalSort",
        "compareLists",
        "take",
        "takeEnd",
        "drop",
        "dropEnd",
        "sublist",
        "last",
        "init",
        "crossLists",
        "unique",
        "uniqueStrings",
        "allUnique",
        "intersectLists",
        "subtractLists",
        "mutuallyExclusive",
        "groupBy",
        "groupBy'",
        "concatLists",
        "genList",
        "length",
        "head",
        "tail",
        "elem",
        "elemAt",
        "isList",
        "concatAttrValues",
        "replaceElemAt",
    ],
};

const FUNCTIONS: &[NativeDef] = &[
    NativeDef::lazy("lib.lists.singleton", 1, singleton),
    NativeDef::with_strict("lib.lists.forEach", 2, 0b01, for_each),
    NativeDef::with_strict("lib.lists.foldr", 3, 0b100, fold_right),
    NativeDef::with_strict("lib.lists.fold", 3, 0b100, fold_with_warning),
    NativeDef::lazy("internal.lists.foldr", 4, fold_right_from),
    NativeDef::with_strict("lib.lists.foldl", 3, 0b100, fold_left),
    NativeDef::with_strict("lib.lists.foldl'", 3, 0b111, fold_left_strict).looking(&[
        (1, Wanted::Any),
        (0, Wanted::Function),
        (2, Wanted::List),
    ]),
    NativeDef::with_strict("lib.lists.imap0", 2, 0b10, imap0),
    NativeDef::with_strict("lib.lists.imap1", 2, 0b10, imap1),
    NativeDef::with_strict("lib.lists.ifilter0", 2, 0b10, ifilter0),
    NativeDef::strict("lib.lists.flatten", 1, flatten),
    NativeDef::with_strict("lib.lists.remove", 2, 0b10, remove),
    NativeDef::with_strict("lib.lists.findSingle", 4, 0b1000, find_single),
    NativeDef::with_strict("lib.lists.findFirstIndex", 3, 0b100, find_first_index),
    NativeDef::with_strict("lib.lists.findFirst", 3, 0b100, find_first),
    NativeDef::with_strict("lib.lists.count", 2, 0b10, count),
    NativeDef::with_strict("lib.lists.optional", 2, 0b01, optional),
    NativeDef::with_strict("lib.lists.optionals", 2, 0b01, optionals),
    NativeDef::strict("lib.lists.toList", 1, to_list),
    NativeDef::strict("lib.lists.range", 2, range),
    NativeDef::with_strict("lib.lists.replicate", 2, 0b01, replicate),
    NativeDef::with_strict("lib.lists.groupBy'", 4, 0b1000, group_and_fold),
    NativeDef::with_strict("lib.lists.zipListsWith", 3, 0b110, zip_lists_with),
    NativeDef::strict("lib.lists.zipLists", 2, zip_lists),
    NativeDef::strict("lib.lists.reverseList", 1, reverse_list),
    NativeDef::with_strict("lib.lists.crossLists", 2, 0b10, cross_lists),
    NativeDef::strict("lib.lists.concatAttrValues", 1, concat_attr_values),
    NativeDef::with_strict("lib.lists.replaceElemAt", 3, 0b011, replace_elem_at),
];

fn singleton(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    Ok(ev.heap.new_list(arguments))
}

fn for_each(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [list, function] = arguments else { return Ok(Value::NULL) };
    let map = ev.native("builtins.map");
    ev.call(map, &[*function, *list])
}

fn fold_with_warning(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    ev.tell("evaluation warning: fold has been deprecated, use foldr instead".to_owned());
    fold_right(ev, arguments)
}

fn fold_right(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [op, nul, list] = arguments else { return Ok(Value::NULL) };
    ev.want_whole_list(*list)?;
    fold_right_from(ev, &[*op, *nul, *list, Value::int(0)])
}

/// Folds the elements from a given index on; what follows an element is passed to the function unevaluated.
fn fold_right_from(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [op, nul, list, index] = arguments else { return Ok(Value::NULL) };
    let seq = ev.want_whole_list(*list)?;
    let index = ev.want_int(*index)?;
    match u32::try_from(index).ok().and_then(|index| seq.slot(index)) {
        None => Ok(*nul),
        Some(slot) => {
            let element = ev.heap.share(slot);
            let rest = if index + 1 == i64::from(seq.len) {
                *nul
            } else {
                ev.delay_native("internal.lists.foldr", &[*op, *nul, *list, Value::int(index + 1)])
            };
            ev.call(*op, &[element, rest])
        }
    }
}

fn fold_left(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [op, nul, list] = arguments else { return Ok(Value::NULL) };
    let all = whole_elements(ev, *list)?;
    fold_left_lazily(ev, *op, *nul, &all)
}

/// `op (… (op nul e1) …) en`, where only the outermost call is made at once.
fn fold_left_lazily(ev: &mut Evaluator, op: Value, nul: Value, all: &[Value]) -> Outcome {
    let Some((last, others)) = all.split_last() else { return Ok(nul) };
    let mut folded = nul;
    for element in others {
        ev.tick()?;
        folded = ev.heap.delay_call(op, &[folded, *element]);
    }
    ev.call(op, &[folded, *last])
}

fn fold_left_strict(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [op, nul, list] = arguments else { return Ok(Value::NULL) };
    let mut folded = *nul;
    for element in whole_elements(ev, *list)? {
        let next = ev.call(*op, &[folded, element])?;
        folded = ev.want(next)?;
    }
    Ok(folded)
}

fn indexed(ev: &mut Evaluator, function: Value, list: Value, first: i64) -> Outcome {
    let (all, open) = elements(ev, list)?;
    reserve(ev, all.len())?;
    // Beside elements that may be there nobody knows the number of one that is.
    let number = |index| open.map_or(Value::int(index), Value::unknown);
    let values: Vec<Value> =
        all.iter().zip(first..).map(|(element, index)| ev.defer(function, &[number(index), *element])).collect();
    Ok(list_of(ev, &values, open))
}

fn imap0(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function, list] = arguments else { return Ok(Value::NULL) };
    indexed(ev, *function, *list, 0)
}

fn imap1(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function, list] = arguments else { return Ok(Value::NULL) };
    indexed(ev, *function, *list, 1)
}

fn ifilter0(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [predicate, list] = arguments else { return Ok(Value::NULL) };
    let (_, open) = elements(ev, *list)?;
    let mut index = 0;
    keep_where(ev, *list, |ev, element| {
        index += 1;
        let number = open.map_or(Value::int(index - 1), Value::unknown);
        ev.call_bool(*predicate, &[number, element])
    })
}

fn flatten(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [value] = arguments else { return Ok(Value::NULL) };
    let (mut flat, mut open) = (Vec::new(), None);
    flatten_into(ev, *value, 0, &mut flat, &mut open)?;
    Ok(list_of(ev, &flat, open))
}

fn flatten_into(
    ev: &mut Evaluator,
    value: Value,
    depth: u32,
    flat: &mut Vec<Value>,
    open: &mut Option<UnknownId>,
) -> Result<(), Stop> {
    ev.tick()?;
    if depth > DEEPEST {
        return Err(ev.limit_error(crate::eval::LimitKind::Depth));
    }
    let value = match ev.want(value) {
        Ok(value) => value,
        Err(stop) => {
            *open = open.or(Some(unknown_of(stop)?));
            return Ok(());
        }
    };
    match value.view() {
        View::List(seq) => {
            *open = open.or(ev.heap.open_reason(seq));
            for element in ev.heap.elements(seq) {
                flatten_into(ev, element, depth + 1, flat, open)?;
            }
        }
        _ if flat.len() >= ev.limits.list_elements => return Err(ev.limit_error(crate::eval::LimitKind::List)),
        _ => flat.push(value),
    }
    Ok(())
}

fn remove(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [unwanted, list] = arguments else { return Ok(Value::NULL) };
    keep_where(ev, *list, |ev, element| Ok(!ev.equal(element, *unwanted)?))
}

fn find_single(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [predicate, default, multiple, list] = arguments else { return Ok(Value::NULL) };
    let mut found = Vec::new();
    for element in whole_elements(ev, *list)? {
        if ev.call_bool(*predicate, &[element])? {
            found.push(element);
        }
    }
    Ok(match found.as_slice() {
        [] => *default,
        [one] => *one,
        _ => *multiple,
    })
}

fn first_index(ev: &mut Evaluator, predicate: Value, list: Value) -> Result<Option<(i64, Value)>, Stop> {
    for (element, index) in whole_elements(ev, list)?.into_iter().zip(0i64..) {
        if ev.call_bool(predicate, &[element])? {
            return Ok(Some((index, element)));
        }
    }
    Ok(None)
}

fn find_first_index(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [predicate, default, list] = arguments else { return Ok(Value::NULL) };
    Ok(first_index(ev, *predicate, *list)?.map_or(*default, |(index, _)| Value::int(index)))
}

fn find_first(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [predicate, default, list] = arguments else { return Ok(Value::NULL) };
    Ok(first_index(ev, *predicate, *list)?.map_or(*default, |(_, element)| element))
}

fn count(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [predicate, list] = arguments else { return Ok(Value::NULL) };
    let mut found = 0;
    for element in whole_elements(ev, *list)? {
        found += usize::from(ev.call_bool(*predicate, &[element])?);
    }
    Ok(count_value(found))
}

fn optional(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [condition, element] = arguments else { return Ok(Value::NULL) };
    Ok(if ev.want_bool(*condition)? { ev.heap.new_list(&[*element]) } else { Value::EMPTY_LIST })
}

fn optionals(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [condition, list] = arguments else { return Ok(Value::NULL) };
    Ok(if ev.want_bool(*condition)? { *list } else { Value::EMPTY_LIST })
}

fn to_list(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [value] = arguments else { return Ok(Value::NULL) };
    Ok(if matches!(value.view(), View::List(_)) { *value } else { ev.heap.new_list(&[*value]) })
}

fn range(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [first, last] = arguments else { return Ok(Value::NULL) };
    if ev.less(*last, *first)? {
        return Ok(Value::EMPTY_LIST);
    }
    let end = *last;
    let (first, last) = (ev.want_int(*first)?, ev.want_int(*last)?);
    ev.note_count(end, last);
    let length = last.checked_sub(first).and_then(|length| length.checked_add(1));
    let Some(length) = length.and_then(|length| usize::try_from(length).ok()) else {
        return Err(ev.error(ErrorKind::Arithmetic, format!("lib.range: {first} to {last} is too long a range")));
    };
    reserve(ev, length)?;
    let values: Vec<Value> = (first..=last).map(Value::int).collect();
    Ok(ev.heap.new_list(&values))
}

fn replicate(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [count, element] = arguments else { return Ok(Value::NULL) };
    let count = wanted_length(ev, *count)?;
    reserve(ev, count)?;
    Ok(ev.heap.new_list(&vec![*element; count]))
}

/// A length that must not be negative.
fn wanted_length(ev: &mut Evaluator, length: Value) -> Result<usize, Stop> {
    let length = ev.want_int(length)?;
    usize::try_from(length).map_err(|_| ev.error(ErrorKind::Type, format!("cannot create a list of size {length}")))
}

fn group_and_fold(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [op, nul, predicate, list] = arguments else { return Ok(Value::NULL) };
    let group_by = ev.native("builtins.groupBy");
    let grouped = ev.call(group_by, &[*predicate, *list])?;
    let set = ev.want_attrs(grouped)?;
    let fold = ev.native("lib.lists.foldl");
    let mut folded = super::common::attributes(ev, set);
    for (_, value, _) in &mut folded {
        *value = ev.heap.deferred(fold, &[*op, *nul, *value]);
    }
    let open = ev.heap.open_set_reason(set);
    Ok(ev.heap.new_open_set(&folded, open))
}

fn zip_lists_with(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function, first, second] = arguments else { return Ok(Value::NULL) };
    let (first, second) = (whole_elements(ev, *first)?, whole_elements(ev, *second)?);
    reserve(ev, first.len().min(second.len()))?;
    let values: Vec<Value> = first.iter().zip(&second).map(|(a, b)| ev.defer(*function, &[*a, *b])).collect();
    Ok(ev.heap.new_list(&values))
}

#[derive(Default)]
struct PairShape(Option<ShapeId>);

fn zip_lists(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [first, second] = arguments else { return Ok(Value::NULL) };
    let (first, second) = (whole_elements(ev, *first)?, whole_elements(ev, *second)?);
    reserve(ev, first.len().min(second.len()))?;
    let shape = match ev.extension::<PairShape>().0 {
        Some(shape) => shape,
        None => {
            let key = |name, offset| Key { name, offset, origin: ExprId::NONE };
            let keys = vec![key(ev.heap.intern("fst"), 0), key(ev.heap.intern("snd"), 1)];
            let shape = ev.heap.new_shape(Shape::new(keys, None, true));
            ev.extension::<PairShape>().0 = Some(shape);
            shape
        }
    };
    let values: Vec<Value> =
        first.iter().zip(&second).map(|(a, b)| ev.heap.new_set_of_shape(shape, &[*a, *b])).collect();
    Ok(ev.heap.new_list(&values))
}

fn reverse_list(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [list] = arguments else { return Ok(Value::NULL) };
    let (mut all, open) = elements(ev, *list)?;
    reserve(ev, all.len())?;
    all.reverse();
    Ok(list_of(ev, &all, open))
}

fn cross_lists(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function, lists] = arguments else { return Ok(Value::NULL) };
    let mut functions = vec![*function];
    for list in whole_elements(ev, *lists)? {
        let arguments = whole_elements(ev, list)?;
        reserve(ev, functions.len().saturating_mul(arguments.len()))?;
        let mut applied = Vec::with_capacity(functions.len() * arguments.len());
        for function in functions {
            for argument in &arguments {
                applied.push(ev.heap.delay_call(function, &[*argument]));
            }
        }
        functions = applied;
    }
    Ok(ev.heap.new_list(&functions))
}

fn concat_attr_values(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [set] = arguments else { return Ok(Value::NULL) };
    let set = ev.want_attrs(*set)?;
    let (mut all, mut open) = (Vec::new(), ev.heap.open_set_reason(set));
    for (_, list, _) in super::common::attributes(ev, set) {
        match elements(ev, list) {
            Ok((more, reason)) => {
                reserve(ev, all.len() / 8)?;
                all.extend(more);
                open = open.or(reason);
            }
            Err(stop) => open = open.or(Some(unknown_of(stop)?)),
        }
    }
    Ok(list_of(ev, &all, open))
}

fn replace_elem_at(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [list, index, new] = arguments else { return Ok(Value::NULL) };
    let mut all = whole_elements(ev, *list)?;
    let index = ev.want_int(*index)?;
    let length = all.len();
    match usize::try_from(index).ok().and_then(|index| all.get_mut(index)) {
        Some(place) => *place = *new,
        None => {
            let message = format!("'lists.replaceElemAt' called with index {index} on a list of size {length}");
            return Err(throw(ev, message));
        }
    }
    reserve(ev, length)?;
    Ok(ev.heap.new_list(&all))
}

#[cfg(test)]
mod tests {
    use crate::nixlib::testing::check;

    #[test]
    fn folds_are_as_lazy_as_they_should_be() {
        check(&[
            (r#"lib.foldr (a: b: a) 0 [ 7 (throw "not reached") ]"#, "7"),
            (r#"lib.foldl (a: b: b) (throw "not needed") [ 1 2 ]"#, "2"),
            ("lib.foldl' (a: b: a + b) 0 (lib.range 1 100)", "5050"),
            ("lib.foldl' null 1 [ ]", "error: expected a function but found null"),
            (r#"lib.imap1 (i: x: "${toString i}${x}") [ "a" "b" ]"#, r#"[ "1a" "2b" ]"#),
            (r#"builtins.length (lib.imap0 (i: x: throw "lazy") [ 1 2 3 ])"#, "3"),
            ("lib.flatten [ 1 [ 2 [ 3 ] ] [ ] ]", "[ 1 2 3 ]"),
            ("lib.remove 2 [ 1 2 3 2 ]", "[ 1 3 ]"),
            (r#"lib.findFirst (x: x > 1) null [ 1 2 (throw "not reached") ]"#, "2"),
            (r#"lib.findSingle (x: x == 3) "none" "many" [ 1 3 3 ]"#, r#""many""#),
            (r#"lib.optional false (throw "no") ++ lib.optionals true [ 1 ]"#, "[ 1 ]"),
            ("lib.range 3 1", "[ ]"),
            (r#"lib.zipLists [ 1 2 ] [ "a" ]"#, r#"[ { fst = 1; snd = "a"; } ]"#),
            (
                r#"lib.groupBy' builtins.add 0 (x: if x > 2 then "big" else "small") [ 1 2 3 4 ]"#,
                "{ big = 7; small = 3; }",
            ),
            ("lib.crossLists (a: b: a * b) [ [ 1 2 ] [ 10 20 ] ]", "[ 10 20 20 40 ]"),
            ("lib.replaceElemAt [ 1 2 ] 5 0", "error: 'lists.replaceElemAt' called with index 5 on a list of size 2"),
        ]);
    }
}
