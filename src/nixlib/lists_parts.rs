//! The functions of `lib.lists` that take a part of a list. A part shares the slots of the whole.

use super::common::{reserve, throw};
use crate::eval::{ErrorKind, Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{Seq, Value};

pub(super) const FUNCTIONS: &[NativeDef] = &[
    NativeDef::with_strict("lib.lists.take", 2, 0b10, take),
    NativeDef::with_strict("lib.lists.takeEnd", 2, 0b11, take_end),
    NativeDef::with_strict("lib.lists.drop", 2, 0b11, drop_front),
    NativeDef::with_strict("lib.lists.dropEnd", 2, 0b11, drop_end),
    NativeDef::strict("lib.lists.sublist", 3, sublist),
    NativeDef::strict("lib.lists.last", 1, last),
    NativeDef::strict("lib.lists.init", 1, init),
];

/// A part of a complete list, which shares its slots.
fn part(seq: Seq, start: u32, len: u32) -> Value {
    let start = start.min(seq.len);
    let len = len.min(seq.len - start);
    if len == 0 { Value::EMPTY_LIST } else { Value::list(Seq { start: seq.start + start, len, open: false }) }
}

fn sublist_of(ev: &mut Evaluator, start: i64, count: i64, seq: Seq) -> Outcome {
    let length = i64::from(seq.len);
    let taken = if start >= length {
        0
    } else if start.saturating_add(count) > length {
        length - start
    } else {
        count
    };
    let Ok(taken_count) = u32::try_from(taken) else {
        return Err(ev.error(ErrorKind::Type, format!("cannot create a list of size {taken}")));
    };
    if let Ok(start) = u32::try_from(start) {
        return Ok(part(seq, start, taken_count));
    }
    reserve(ev, usize::try_from(taken_count).unwrap_or(usize::MAX))?;
    let mut values = Vec::new();
    for index in (start..).take(usize::try_from(taken_count).unwrap_or(0)) {
        let slot = u32::try_from(index).ok().and_then(|index| seq.slot(index));
        values.push(match slot {
            Some(slot) => ev.heap.share(slot),
            None => {
                let message = format!("lib.sublist: index {index} is out of bounds for a list of {length} elements");
                ev.error(ErrorKind::Type, message).0
            }
        });
    }
    Ok(ev.heap.new_list(&values))
}

fn sublist(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [start, count, list] = arguments else { return Ok(Value::NULL) };
    let seq = ev.want_whole_list(*list)?;
    let start = ev.want_int(*start)?;
    // How many are wanted does not matter behind the end.
    let count = if start >= i64::from(seq.len) { 0 } else { ev.want_int(*count)? };
    sublist_of(ev, start, count, seq)
}

fn take(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [count, list] = arguments else { return Ok(Value::NULL) };
    let seq = ev.want_whole_list(*list)?;
    if seq.len == 0 {
        return Ok(Value::EMPTY_LIST);
    }
    let count = ev.want_int(*count)?;
    sublist_of(ev, 0, count, seq)
}

fn drop_front(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [count, list] = arguments else { return Ok(Value::NULL) };
    let seq = ev.want_whole_list(*list)?;
    let count = ev.want_int(*count)?;
    sublist_of(ev, count, i64::from(seq.len), seq)
}

fn take_end(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [count, list] = arguments else { return Ok(Value::NULL) };
    let seq = ev.want_whole_list(*list)?;
    let count = ev.want_int(*count)?;
    sublist_of(ev, i64::from(seq.len).saturating_sub(count).max(0), i64::from(seq.len), seq)
}

fn drop_end(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [count, list] = arguments else { return Ok(Value::NULL) };
    let seq = ev.want_whole_list(*list)?;
    let count = ev.want_int(*count)?;
    sublist_of(ev, 0, i64::from(seq.len).saturating_sub(count).max(0), seq)
}

fn not_empty(ev: &mut Evaluator, list: Value, function: &str) -> Result<Seq, Stop> {
    let seq = ev.want_whole_list(list)?;
    if seq.len == 0 {
        return Err(throw(ev, format!("lists.{function}: list must not be empty!")));
    }
    Ok(seq)
}

fn last(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [list] = arguments else { return Ok(Value::NULL) };
    let seq = not_empty(ev, *list, "last")?;
    Ok(seq.slot(seq.len - 1).map_or(Value::NULL, |slot| ev.heap.share(slot)))
}

fn init(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [list] = arguments else { return Ok(Value::NULL) };
    let seq = not_empty(ev, *list, "init")?;
    Ok(part(seq, 0, seq.len - 1))
}

#[cfg(test)]
mod tests {
    use crate::nixlib::testing::check;

    #[test]
    fn parts_are_clamped_and_lazy() {
        check(&[
            ("lib.take 2 [ 1 2 3 ]", "[ 1 2 ]"),
            ("lib.take 9 [ 1 ]", "[ 1 ]"),
            ("lib.drop 2 [ 1 2 3 ]", "[ 3 ]"),
            ("lib.takeEnd 2 [ 1 2 3 ]", "[ 2 3 ]"),
            ("lib.dropEnd 5 [ 1 2 3 ]", "[ ]"),
            (r#"lib.sublist 1 1 [ (throw "no") 2 3 ]"#, "[ 2 ]"),
            ("lib.last [ 1 2 ]", "2"),
            ("lib.init [ 1 2 ]", "[ 1 ]"),
            ("lib.last [ ]", "error: lists.last: list must not be empty!"),
            ("lib.take (-1) [ 1 ]", "error: cannot create a list of size -1"),
        ]);
    }
}
