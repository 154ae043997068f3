//! Lists: elements, mapping, folding, joining. Sorting and grouping stand in `ordering`.

use crate::eval::{ErrorKind, Evaluator, LimitKind, NativeDef, Outcome, Stop, Wanted};
use crate::heap::{Seq, SlotId, UnknownId, Value, View};

const FIRST: u8 = 0b01;
const SECOND: u8 = 0b10;

/// How functions look at their arguments that are a function and a list.
pub(super) static FUNCTION_AND_LIST: &[(u8, Wanted)] = &[(0, Wanted::Function), (1, Wanted::List)];

pub(super) static FAMILY: &[NativeDef] = &[
    NativeDef::strict("builtins.length", 1, length),
    NativeDef::strict("builtins.head", 1, head),
    NativeDef::strict("builtins.tail", 1, tail),
    NativeDef::strict("builtins.elemAt", 2, elem_at).looking(&[(1, Wanted::Int)]),
    NativeDef::with_strict("builtins.elem", 2, SECOND, elem),
    NativeDef::with_strict("builtins.map", 2, SECOND, map),
    NativeDef::with_strict("builtins.filter", 2, SECOND, filter),
    NativeDef::strict("builtins.any", 2, |ev, args| any(ev, args, true)).looking(FUNCTION_AND_LIST),
    NativeDef::strict("builtins.all", 2, |ev, args| any(ev, args, false)).looking(FUNCTION_AND_LIST),
    NativeDef::with_strict("builtins.foldl'", 3, 0b101, fold).looking(&[(0, Wanted::Function), (2, Wanted::List)]),
    NativeDef::with_strict("builtins.genList", 2, SECOND, gen_list),
    NativeDef::with_strict("builtins.concatLists", 1, FIRST, concat_lists),
    NativeDef::strict("builtins.concatMap", 2, concat_map).looking(FUNCTION_AND_LIST),
];

/// A list of `values`, open if there is a reason.
pub(super) fn list_of(ev: &mut Evaluator, values: &[Value], open: Option<UnknownId>) -> Value {
    match open {
        Some(id) => ev.heap.new_open_list(values, id),
        None => ev.heap.new_list(values),
    }
}

/// Remembers the first unknown and passes errors on.
pub(super) fn note_unknown(stop: Stop, open: &mut Option<UnknownId>) -> Result<(), Stop> {
    match stop.0.view() {
        View::Unknown(id) => {
            *open = open.or(Some(id));
            Ok(())
        }
        _ => Err(stop),
    }
}

fn length(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [list] = args else { return Ok(Value::NULL) };
    let seq = ev.want_whole_list(*list)?;
    Ok(Value::int(i64::from(seq.len)))
}

fn head(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [list] = args else { return Ok(Value::NULL) };
    let seq = ev.want_list(*list)?;
    element(ev, seq, 0, "builtins.head")
}

/// Element `index`. Of an open list it is unknown, because the unknown elements may stand anywhere.
fn element(ev: &mut Evaluator, seq: Seq, index: i64, function: &str) -> Outcome {
    if let Some(id) = ev.heap.open_reason(seq) {
        return Err(Stop(Value::unknown(id)));
    }
    match u32::try_from(index).ok().and_then(|index| seq.slot(index)) {
        Some(slot) => Ok(ev.heap.share(slot)),
        None if seq.len == 0 && index == 0 => Err(ev.error(ErrorKind::Type, format!("{function}: the list is empty"))),
        None => {
            let elements = if seq.len == 1 { "element" } else { "elements" };
            let message = format!("{function}: index {index} is out of bounds for a list of {} {elements}", seq.len);
            Err(ev.error(ErrorKind::Type, message))
        }
    }
}

fn tail(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [list] = args else { return Ok(Value::NULL) };
    let seq = ev.want_whole_list(*list)?;
    match seq.len {
        0 => Err(ev.error(ErrorKind::Type, "builtins.tail: the list is empty")),
        1 => Ok(Value::EMPTY_LIST),
        // The rest of a run of slots is a list itself.
        _ => Ok(Value::list(Seq { start: seq.start + 1, len: seq.len - 1, open: false })),
    }
}

fn elem_at(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [list, index] = args else { return Ok(Value::NULL) };
    let (seq, index) = (ev.want_list(*list)?, ev.want_int(*index)?);
    element(ev, seq, index, "builtins.elemAt")
}

fn elem(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [wanted, list] = args else { return Ok(Value::NULL) };
    let seq = ev.want_list(*list)?;
    let mut unknown = ev.heap.open_reason(seq);
    for slot in seq.slots() {
        let element = Value::reference(slot);
        // Nix compares cells first, which tells only for functions.
        let is_same_cell = ev.heap.share(slot) == *wanted;
        match ev.equal(*wanted, element) {
            Ok(true) => return Ok(Value::TRUE),
            Ok(false) if is_same_cell => return Ok(Value::TRUE),
            Ok(false) => {}
            Err(stop) => note_unknown(stop, &mut unknown)?,
        }
    }
    unknown.map_or(Ok(Value::FALSE), |id| Err(Stop(Value::unknown(id))))
}

fn map(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [function, list] = args else { return Ok(Value::NULL) };
    let seq = ev.want_list(*list)?;
    let open = ev.heap.open_reason(seq);
    if seq.len == 0 && open.is_none() {
        return Ok(*list);
    }
    let function = ev.force(*function);
    if !function.is_unknown() {
        ev.want_function(function)?;
    }
    ev.tick_many(u64::from(seq.len))?;
    if let Some(reason) = open {
        let values: Vec<Value> = seq.slots().map(|slot| mapped(ev, function, slot)).collect();
        return Ok(ev.heap.new_open_list(&values, reason));
    }
    let elements = ev.heap.new_elements(seq.count());
    for (from, to) in seq.slots().zip(elements.slots()) {
        let element = mapped(ev, function, from);
        ev.heap.set(to, element);
    }
    Ok(Value::list(elements))
}

fn mapped(ev: &mut Evaluator, function: Value, slot: SlotId) -> Value {
    let element = ev.heap.share(slot);
    if function.is_unknown() { function } else { ev.defer(function, &[element]) }
}

fn filter(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [function, list] = args else { return Ok(Value::NULL) };
    let seq = ev.want_list(*list)?;
    if seq.len == 0 {
        return Ok(*list);
    }
    let function = ev.want_function(*function)?;
    let was_open = ev.heap.open_reason(seq);
    let mut open = was_open;
    let mut kept = Vec::with_capacity(seq.count());
    for slot in seq.slots() {
        let element = ev.heap.share(slot);
        match ev.call_bool(function, &[element]) {
            // Read again: the call may have evaluated it.
            Ok(true) => kept.push(ev.heap.share(slot)),
            Ok(false) => {}
            Err(stop) => note_unknown(stop, &mut open)?,
        }
    }
    if kept.len() == seq.count() && open == was_open {
        return Ok(*list);
    }
    Ok(list_of(ev, &kept, open))
}

/// `any` (where `deciding` is true) and `all` (where it is false): one decisive answer outweighs unknown ones.
fn any(ev: &mut Evaluator, args: &[Value], deciding: bool) -> Outcome {
    let [function, list] = args else { return Ok(Value::NULL) };
    let seq = ev.want_list(*list)?;
    let function = ev.want_function(*function)?;
    let mut unknown = ev.heap.open_reason(seq);
    for slot in seq.slots() {
        let element = ev.heap.share(slot);
        match ev.call_bool(function, &[element]) {
            Ok(truth) if truth == deciding => return Ok(Value::bool(deciding)),
            Ok(_) => {}
            Err(stop) => note_unknown(stop, &mut unknown)?,
        }
    }
    unknown.map_or(Ok(Value::bool(!deciding)), |id| Err(Stop(Value::unknown(id))))
}

fn fold(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [function, start, list] = args else { return Ok(Value::NULL) };
    let seq = ev.want_whole_list(*list)?;
    let function = ev.want_function(*function)?;
    let mut result = *start;
    for slot in seq.slots() {
        let element = ev.heap.share(slot);
        result = match ev.call(function, &[result, element]) {
            Ok(value) => ev.force(value),
            Err(Stop(value)) => value,
        };
        // An unknown result may still be ignored by the next step; an error ends the fold as it does in Nix.
        if result.is_error() {
            return Err(Stop(result));
        }
    }
    Ok(result)
}

fn gen_list(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [function, length] = args else { return Ok(Value::NULL) };
    let end = *length;
    let length = ev.want_int(*length)?;
    ev.note_count(end, length);
    if length < 0 {
        let message = format!("builtins.genList: cannot create a list of {length} elements");
        return Err(ev.error(ErrorKind::Type, message));
    }
    let function = ev.want_function(*function)?;
    let is_too_long = usize::try_from(length).map_or(true, |length| length > ev.limits.list_elements);
    if is_too_long {
        return Err(ev.limit_error(LimitKind::List));
    }
    if length == 0 {
        return Ok(Value::EMPTY_LIST);
    }
    ev.tick_many(length.unsigned_abs())?;
    let elements = ev.heap.new_elements(usize::try_from(length).unwrap_or(0));
    for (index, slot) in (0..length).zip(elements.slots()) {
        let element = ev.defer(function, &[Value::int(index)]);
        ev.heap.set(slot, element);
    }
    Ok(Value::list(elements))
}

fn concat_lists(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [lists] = args else { return Ok(Value::NULL) };
    let outer = ev.want_list(*lists)?;
    let parts: Vec<Value> = outer.slots().map(Value::reference).collect();
    let open = ev.heap.open_reason(outer);
    join(ev, &parts, open)
}

fn concat_map(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [function, list] = args else { return Ok(Value::NULL) };
    let seq = ev.want_list(*list)?;
    let function = ev.want_function(*function)?;
    let mut open = ev.heap.open_reason(seq);
    let mut parts = Vec::with_capacity(seq.count());
    for slot in seq.slots() {
        let element = ev.heap.share(slot);
        match ev.call(function, &[element]).and_then(|value| ev.want_list(value)) {
            Ok(part) => parts.push(Value::list(part)),
            Err(stop) => note_unknown(stop, &mut open)?,
        }
    }
    join(ev, &parts, open)
}

/// All elements of `parts`, which are lists, in one list. An unknown or open part makes it open.
pub(super) fn join(ev: &mut Evaluator, parts: &[Value], open: Option<UnknownId>) -> Outcome {
    let mut open = open;
    let mut found = Vec::with_capacity(parts.len());
    let mut total = 0usize;
    for part in parts {
        match ev.want_list(*part) {
            Ok(seq) => {
                open = open.or(ev.heap.open_reason(seq));
                total = total.saturating_add(seq.count());
                if seq.len > 0 {
                    found.push(seq);
                }
            }
            Err(stop) => note_unknown(stop, &mut open)?,
        }
    }
    if total > ev.limits.list_elements {
        return Err(ev.limit_error(LimitKind::List));
    }
    ev.tick_many(u64::try_from(total).unwrap_or(u64::MAX))?;
    match (found.as_slice(), open) {
        ([], None) => Ok(Value::EMPTY_LIST),
        ([only], None) => Ok(Value::list(*only)),
        _ => {
            let mut values = Vec::with_capacity(total);
            for seq in &found {
                values.extend(seq.slots().map(|slot| ev.heap.share(slot)));
            }
            Ok(list_of(ev, &values, open))
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::builtins::testing::check;

    #[test]
    fn elements() {
        check(&[
            ("builtins.length [ 1 (throw \"x\") ]", "2"),
            ("builtins.head [ ]", "error: builtins.head: the list is empty"),
            ("builtins.tail [ 1 2 3 ]", "[ 2 3 ]"),
            ("builtins.elemAt [ 1 2 ] 5", "error: builtins.elemAt: index 5 is out of bounds for a list of 2 elements"),
            ("builtins.elem 2 [ 1 2.0 ]", "true"),
            ("builtins.elem 1 [ <nowhere> 1 ]", "true"),
            ("let f = x: x; in builtins.elem f [ f ]", "true"),
        ]);
    }

    #[test]
    fn mapping_and_folding() {
        check(&[
            ("map (x: x * x) [ 1 2 3 ]", "[ 1 4 9 ]"),
            ("map (throw \"never\") [ ]", "[ ]"),
            ("builtins.length (map (throw \"f\") [ 1 ])", "error: f"),
            ("builtins.filter (x: x > 1) [ 1 2 3 ]", "[ 2 3 ]"),
            ("builtins.all (x: x > 0) [ <nowhere> 0 ]", "false"),
            ("builtins.foldl' (a: b: a + b) 0 [ 1 2 3 ]", "6"),
            ("builtins.foldl' (a: b: b) (throw \"unused\") [ 1 ]", "1"),
            ("builtins.genList (i: i * 2) 3", "[ 0 2 4 ]"),
            ("builtins.genList (i: i) (-1)", "error: builtins.genList: cannot create a list of -1 elements"),
            ("builtins.genList (i: i) 99999999999", "error: the limit of list size was reached"),
            ("builtins.concatLists [ [ 1 ] [ ] [ 2 3 ] ]", "[ 1 2 3 ]"),
            ("builtins.concatMap (x: [ x x ]) [ 1 2 ]", "[ 1 1 2 2 ]"),
        ]);
    }
}
