//! Lists by order and by group: sorting, partitioning, closures.

use rustc_hash::{FxHashMap, FxHashSet};

use super::lists::{FUNCTION_AND_LIST, list_of, note_unknown};
use crate::eval::{ErrorKind, Evaluator, LimitKind, NativeDef, Outcome, Stop};
use crate::heap::{Symbol, Value, View, sym};
use crate::syntax::ExprId;

pub(super) static FAMILY: &[NativeDef] = &[
    NativeDef::with_strict("builtins.sort", 2, 0b10, sort),
    NativeDef::strict("builtins.partition", 2, partition).looking(FUNCTION_AND_LIST),
    NativeDef::strict("builtins.groupBy", 2, group_by).looking(FUNCTION_AND_LIST),
    NativeDef::strict("builtins.genericClosure", 1, generic_closure),
];

fn sort(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [comparator, list] = args else { return Ok(Value::NULL) };
    let seq = ev.want_whole_list(*list)?;
    if seq.len == 0 {
        return Ok(*list);
    }
    let comparator = ev.want_function(*comparator)?;
    let is_plain = ev.native_of(comparator).is_some_and(|native| native.name == "builtins.lessThan");
    for slot in seq.slots() {
        // A function may find the order of elements that are unknown.
        match ev.want(Value::reference(slot)) {
            Err(stop) if !stop.0.is_unknown() || is_plain && seq.len > 1 => return Err(stop),
            _ => {}
        }
    }
    if seq.len == 1 {
        return Ok(*list);
    }
    let mut values = ev.heap.elements(seq);
    if is_plain {
        if let Some(mut numbers) = keys(&values, |view| match view {
            View::Int(number) => Some(number),
            _ => None,
        }) {
            ev.tick_many(u64::from(seq.len))?;
            numbers.sort_by_key(|(number, _)| *number);
            let sorted: Vec<Value> = numbers.into_iter().map(|(_, value)| value).collect();
            return Ok(ev.heap.new_list(&sorted));
        }
        if let Some(mut texts) = keys(&values, |view| match view {
            View::Str(id) => Some(id),
            _ => None,
        }) {
            ev.tick_many(u64::from(seq.len))?;
            texts.sort_by(|(a, _), (b, _)| ev.heap.bytes(*a).cmp(ev.heap.bytes(*b)));
            let sorted: Vec<Value> = texts.into_iter().map(|(_, value)| value).collect();
            return Ok(ev.heap.new_list(&sorted));
        }
        merge_sort(ev, &mut values, &mut |ev, a, b| ev.less(a, b))?;
    } else {
        merge_sort(ev, &mut values, &mut |ev, a, b| ev.call_bool(comparator, &[a, b]))?;
    }
    Ok(ev.heap.new_list(&values))
}

fn keys<K>(values: &[Value], key: impl Fn(View) -> Option<K>) -> Option<Vec<(K, Value)>> {
    values.iter().map(|value| key(value.view()).map(|key| (key, *value))).collect()
}

/// A stable merge sort that stands any answers of `less`: the standard library's may panic on contradictory ones, and cannot fail.
pub(crate) fn merge_sort(
    ev: &mut Evaluator,
    values: &mut Vec<Value>,
    less: &mut dyn FnMut(&mut Evaluator, Value, Value) -> Result<bool, Stop>,
) -> Result<(), Stop> {
    // Runs that are in order already are found first, so a sorted list costs one comparison an element.
    let mut ends: Vec<usize> = Vec::new();
    for (index, pair) in values.windows(2).enumerate() {
        let [left, right] = pair else { continue };
        if less(ev, *right, *left)? {
            ends.push(index + 1);
        }
    }
    ends.push(values.len());
    let mut buffer: Vec<Value> = Vec::with_capacity(values.len());
    while ends.len() > 1 {
        buffer.clear();
        let mut merged = Vec::with_capacity(ends.len() / 2 + 1);
        let mut start = 0;
        for pair in ends.chunks(2) {
            match pair {
                [middle, end] => {
                    let left = values.get(start..*middle).unwrap_or_default();
                    let right = values.get(*middle..*end).unwrap_or_default();
                    merge(ev, left, right, &mut buffer, less)?;
                    start = *end;
                }
                [end] => {
                    buffer.extend_from_slice(values.get(start..*end).unwrap_or_default());
                    start = *end;
                }
                _ => {}
            }
            merged.push(start);
        }
        std::mem::swap(values, &mut buffer);
        ends = merged;
    }
    Ok(())
}

fn merge(
    ev: &mut Evaluator,
    left: &[Value],
    right: &[Value],
    into: &mut Vec<Value>,
    less: &mut dyn FnMut(&mut Evaluator, Value, Value) -> Result<bool, Stop>,
) -> Result<(), Stop> {
    let (mut left, mut right) = (left, right);
    while let (Some((a, more_left)), Some((b, more_right))) = (left.split_first(), right.split_first()) {
        if less(ev, *b, *a)? {
            into.push(*b);
            right = more_right;
        } else {
            into.push(*a);
            left = more_left;
        }
    }
    into.extend_from_slice(left);
    into.extend_from_slice(right);
    Ok(())
}

fn partition(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [function, list] = args else { return Ok(Value::NULL) };
    let seq = ev.want_list(*list)?;
    let function = ev.want_function(*function)?;
    let mut open = ev.heap.open_reason(seq);
    let (mut right, mut wrong) = (Vec::new(), Vec::new());
    for slot in seq.slots() {
        // Nix evaluates each element before it asks.
        let element = ev.force(Value::reference(slot));
        if element.is_error() {
            return Err(Stop(element));
        }
        match ev.call_bool(function, &[element]) {
            Ok(true) => right.push(element),
            Ok(false) => wrong.push(element),
            Err(stop) => note_unknown(stop, &mut open)?,
        }
    }
    let (right, wrong) = (list_of(ev, &right, open), list_of(ev, &wrong, open));
    Ok(ev.heap.new_set(&[(sym::RIGHT, right, ExprId::NONE), (sym::WRONG, wrong, ExprId::NONE)]))
}

fn group_by(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [function, list] = args else { return Ok(Value::NULL) };
    let seq = ev.want_list(*list)?;
    let function = ev.want_function(*function)?;
    let mut open = ev.heap.open_reason(seq);
    let mut numbers: FxHashMap<Symbol, usize> = FxHashMap::default();
    let mut groups: Vec<(Symbol, ExprId, Vec<Value>)> = Vec::new();
    for slot in seq.slots() {
        let element = ev.heap.share(slot);
        match ev.call(function, &[element]).and_then(|key| ev.want(key)) {
            Ok(key) => {
                let id = ev.want_plain(key)?;
                let name = ev.heap.intern_string(id);
                let number = *numbers.entry(name).or_insert_with(|| {
                    groups.push((name, key.origin(), Vec::new()));
                    groups.len() - 1
                });
                if let Some((_, _, members)) = groups.get_mut(number) {
                    members.push(ev.heap.share(slot));
                }
            }
            Err(stop) => note_unknown(stop, &mut open)?,
        }
    }
    let attributes: Vec<(Symbol, Value, ExprId)> =
        groups.iter().map(|(name, origin, members)| (*name, list_of(ev, members, open), *origin)).collect();
    Ok(ev.heap.new_open_set(&attributes, open))
}

/// The keys seen so far. Integers and strings are hashed as long as all are of one kind; else they are kept in order.
#[derive(Default)]
struct Seen {
    integers: FxHashSet<i64>,
    texts: FxHashSet<Box<[u8]>>,
    sorted: Vec<Value>,
}

impl Seen {
    /// Adds a key; says whether it is new. Keys that cannot be compared are an error.
    fn insert(&mut self, ev: &mut Evaluator, key: Value) -> Result<bool, Stop> {
        match key.view() {
            View::Int(number) if self.texts.is_empty() && self.sorted.is_empty() => Ok(self.integers.insert(number)),
            View::Str(id) if self.integers.is_empty() && self.sorted.is_empty() => {
                Ok(self.texts.insert(ev.heap.bytes(id).into()))
            }
            _ => {
                self.spill(ev);
                let (mut low, mut high) = (0, self.sorted.len());
                while low < high {
                    let middle = low + (high - low) / 2;
                    let Some(other) = self.sorted.get(middle).copied() else { break };
                    if ev.less(key, other)? {
                        high = middle;
                    } else if ev.less(other, key)? {
                        low = middle + 1;
                    } else {
                        return Ok(false);
                    }
                }
                self.sorted.insert(low, key);
                Ok(true)
            }
        }
    }

    /// Moves hashed keys to the sorted ones.
    fn spill(&mut self, ev: &mut Evaluator) {
        let mut integers: Vec<i64> = self.integers.drain().collect();
        integers.sort_unstable();
        self.sorted.extend(integers.into_iter().map(Value::int));
        let mut texts: Vec<Box<[u8]>> = self.texts.drain().collect();
        texts.sort_unstable();
        self.sorted.extend(texts.into_iter().map(|text| Value::string(ev.heap.new_string(&text))));
    }
}

fn generic_closure(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [set] = args else { return Ok(Value::NULL) };
    let set = ev.want_attrs(*set)?;
    let start = ev.attribute_or_stop(set, sym::START_SET)?;
    let start = ev.want_whole_list(start)?;
    if start.len == 0 {
        return Ok(Value::EMPTY_LIST);
    }
    let operator = ev.attribute_or_stop(set, sym::OPERATOR)?;
    let operator = ev.want_function(operator)?;
    let mut seen = Seen::default();
    let mut queue = std::collections::VecDeque::from(ev.heap.elements(start));
    let mut found = Vec::new();
    while let Some(element) = queue.pop_front() {
        ev.tick_many(8)?;
        let attributes = ev.want_attrs(element)?;
        let key = match ev.attribute(attributes, sym::KEY) {
            Some(key) => ev.want(key)?,
            None => match ev.heap.open_set_reason(attributes) {
                Some(id) => return Err(Stop(Value::unknown(id))),
                None => {
                    let message = "builtins.genericClosure: attribute 'key' is missing in an element";
                    return Err(ev.error(ErrorKind::MissingAttribute, message));
                }
            },
        };
        if !seen.insert(ev, key)? {
            continue;
        }
        found.push(element);
        if found.len() > ev.limits.list_elements {
            return Err(ev.limit_error(LimitKind::List));
        }
        let more = ev.call(operator, &[element])?;
        let more = ev.want_whole_list(more)?;
        for slot in more.slots() {
            let next = ev.want(Value::reference(slot))?;
            queue.push_back(next);
        }
    }
    Ok(ev.heap.new_list(&found))
}

#[cfg(test)]
mod tests {
    use crate::builtins::testing::check;

    #[test]
    fn order() {
        check(&[
            ("builtins.sort builtins.lessThan [ 3 1 2 ]", "[ 1 2 3 ]"),
            (
                "builtins.sort (a: b: a.k < b.k) [ { k = 1; v = 1; } { k = 0; v = 2; } { k = 1; v = 3; } ]",
                "[ { k = 0; v = 2; } { k = 1; v = 1; } { k = 1; v = 3; } ]",
            ),
            ("builtins.sort (a: b: true) [ 1 2 3 4 5 ]", "[ 5 4 3 2 1 ]"),
            ("builtins.sort builtins.lessThan [ \"b\" 1 ]", "error: cannot compare an integer: 1 with a string: \"b\""),
            ("builtins.sort builtins.lessThan [ 1.5 1 ]", "[ 1 1.5 ]"),
            ("builtins.sort (a: b: a.x) [ 1 (throw \"element\") ]", "error: element"),
            ("builtins.sort (throw \"function\") [ ]", "[ ]"),
        ]);
    }

    #[test]
    fn groups() {
        check(&[
            ("builtins.partition (x: x > 1) [ 1 2 3 ]", "{ right = [ 2 3 ]; wrong = [ 1 ]; }"),
            ("builtins.groupBy builtins.typeOf [ 1 \"a\" 2 ]", "{ int = [ 1 2 ]; string = [ \"a\" ]; }"),
            (
                "map (x: x.key) (builtins.genericClosure { startSet = [ { key = 1; } ]; operator = x: [ { key = x.key * 2 - x.key / 4 * 8; } ]; })",
                "[ 1 2 4 0 ]",
            ),
            (
                "builtins.genericClosure { startSet = [ { key = 1; } { key = \"a\"; } ]; operator = x: [ ]; }",
                "error: cannot compare a string: \"a\" with an integer: 1",
            ),
            (
                "builtins.genericClosure { startSet = [ { key = 1; } (throw \"start\") ]; operator = x: [ (throw \"next\") ]; }",
                "error: next",
            ),
        ]);
    }
}
