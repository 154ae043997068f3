//! The functions of `lib.lists` that compare elements: sorting, sets of elements, prefixes, graphs.

use std::cmp::Ordering;

use rustc_hash::FxHashSet;

use super::common::{contains, elements, keep_where, list_of, merge_sort, reserve, throw, unknown_of, whole_elements};
use crate::eval::{Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{Seq, Value, View};

pub(super) const FUNCTIONS: &[NativeDef] = &[
    NativeDef::with_strict("lib.lists.listDfs", 3, 0b100, list_dfs),
    NativeDef::with_strict("lib.lists.toposort", 2, 0b10, toposort),
    NativeDef::with_strict("lib.lists.sortOn", 2, 0b10, sort_on),
    NativeDef::with_strict("lib.lists.compareLists", 3, 0b110, compare_lists),
    NativeDef::strict("lib.lists.naturalSort", 1, natural_sort),
    NativeDef::strict("lib.lists.hasPrefix", 2, has_prefix),
    NativeDef::strict("lib.lists.removePrefix", 2, remove_prefix),
    NativeDef::strict("lib.lists.commonPrefix", 2, common_prefix),
    NativeDef::strict("lib.lists.unique", 1, unique),
    NativeDef::strict("lib.lists.uniqueStrings", 1, unique_strings),
    NativeDef::strict("lib.lists.allUnique", 1, all_unique),
    NativeDef::with_strict("lib.lists.intersectLists", 2, 0b10, intersect_lists),
    NativeDef::with_strict("lib.lists.subtractLists", 2, 0b10, subtract_lists),
    NativeDef::with_strict("lib.lists.mutuallyExclusive", 2, 0b01, mutually_exclusive),
];

/// What a depth-first walk found: a minimal element or a cycle.
struct Walk {
    element: Value,
    loops: Option<Vec<Value>>,
    visited: Vec<Value>,
    rest: Vec<Value>,
}

/// Follows `before` from the first element to one that nothing comes before.
fn walk(ev: &mut Evaluator, stop_on_cycles: bool, before: Value, all: &[Value]) -> Result<Walk, Stop> {
    let Some((first, others)) = all.split_first() else {
        return Err(ev.error(crate::eval::ErrorKind::Type, "lib.listDfs: the list is empty"));
    };
    let (mut element, mut visited, mut rest) = (*first, Vec::new(), others.to_vec());
    loop {
        let mut loops = Vec::new();
        if stop_on_cycles {
            for candidate in &visited {
                if ev.call_bool(before, &[*candidate, element])? {
                    loops.push(*candidate);
                }
            }
            if !loops.is_empty() {
                return Ok(Walk { element, loops: Some(loops), visited, rest });
            }
        }
        let (mut earlier, mut other) = (Vec::new(), Vec::new());
        for candidate in &rest {
            if ev.call_bool(before, &[*candidate, element])? {
                earlier.push(*candidate);
            } else {
                other.push(*candidate);
            }
        }
        let Some((next, more)) = earlier.split_first() else {
            return Ok(Walk { element, loops: None, visited, rest });
        };
        visited.insert(0, element);
        element = *next;
        rest = more.iter().chain(&other).copied().collect();
    }
}

fn list_dfs(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [stop_on_cycles, before, list] = arguments else { return Ok(Value::NULL) };
    let all = whole_elements(ev, *list)?;
    let stop_on_cycles = ev.want_bool(*stop_on_cycles)?;
    let found = walk(ev, stop_on_cycles, *before, &all)?;
    let (visited, rest) = (ev.list(&found.visited), ev.list(&found.rest));
    Ok(match found.loops {
        Some(loops) => {
            let loops = ev.list(&loops);
            ev.set(&[("cycle", found.element), ("loops", loops), ("visited", visited), ("rest", rest)])
        }
        None => ev.set(&[("minimal", found.element), ("visited", visited), ("rest", rest)]),
    })
}

fn toposort(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [before, list] = arguments else { return Ok(Value::NULL) };
    let mut left = whole_elements(ev, *list)?;
    let mut sorted = Vec::with_capacity(left.len());
    while left.len() > 1 {
        let found = walk(ev, true, *before, &left)?;
        if let Some(loops) = found.loops {
            let mut cycle = found.visited;
            cycle.insert(0, found.element);
            cycle.reverse();
            let (cycle, loops) = (ev.list(&cycle), ev.list(&loops));
            return Ok(ev.set(&[("cycle", cycle), ("loops", loops)]));
        }
        sorted.push(found.element);
        left = found.visited;
        left.extend(found.rest);
    }
    sorted.extend(left);
    let sorted = ev.list(&sorted);
    Ok(ev.set(&[("result", sorted)]))
}

fn sort_on(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function, list] = arguments else { return Ok(Value::NULL) };
    let all = whole_elements(ev, *list)?;
    reserve(ev, all.len())?;
    if all.len() < 2 {
        return Ok(*list);
    }
    let mut keyed = Vec::with_capacity(all.len());
    for element in &all {
        let key = ev.call(*function, &[*element])?;
        keyed.push((ev.want(key)?, *element));
    }
    let integers: Option<Vec<(i64, Value)>> = keyed
        .iter()
        .map(|(key, element)| match key.view() {
            View::Int(number) => Some((number, *element)),
            _ => None,
        })
        .collect();
    let sorted: Vec<Value> = match integers {
        Some(mut numbered) => {
            numbered.sort_by_key(|(number, _)| *number);
            numbered.into_iter().map(|(_, element)| element).collect()
        }
        None => {
            let sorted = merge_sort(ev, &keyed, &mut |ev, a: (Value, Value), b| ev.less(a.0, b.0))?;
            sorted.into_iter().map(|(_, element)| element).collect()
        }
    };
    Ok(ev.heap.new_list(&sorted))
}

/// Whether an evaluated value is the empty list.
fn is_empty_list(ev: &mut Evaluator, value: Value) -> Result<bool, Stop> {
    Ok(matches!(value.view(), View::List(_)) && ev.want_whole_list(value)?.slots().next().is_none())
}

fn compare_lists(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [compare, a, b] = arguments else { return Ok(Value::NULL) };
    // What is compared with the empty list may be anything.
    if is_empty_list(ev, *a)? {
        return Ok(Value::int(if is_empty_list(ev, *b)? { 0 } else { -1 }));
    }
    if is_empty_list(ev, *b)? {
        return Ok(Value::int(1));
    }
    let (a, b) = (whole_elements(ev, *a)?, whole_elements(ev, *b)?);
    for (left, right) in a.iter().zip(&b) {
        let relation = ev.call(*compare, &[*left, *right])?;
        let relation = ev.want(relation)?;
        if !ev.equal(relation, Value::int(0))? {
            return Ok(relation);
        }
    }
    Ok(Value::int(match a.len().cmp(&b.len()) {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    }))
}

/// One piece of a string for natural order: text between numbers, or a number without leading zeros (its digits).
#[derive(PartialEq, Eq)]
enum Chunk<'a> {
    Text(&'a [u8]),
    Number(&'a [u8]),
}

impl Ord for Chunk<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.len().cmp(&b.len()).then_with(|| a.cmp(b)),
            (Self::Text(a) | Self::Number(a), Self::Text(b) | Self::Number(b)) => a.cmp(b),
        }
    }
}

impl PartialOrd for Chunk<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Cuts a string at its numbers. Text and numbers alternate, beginning and ending with (perhaps empty) text; a zero that
/// leads is a number of its own.
fn chunks(bytes: &[u8]) -> Vec<Chunk<'_>> {
    let mut found = Vec::new();
    let mut rest = bytes;
    loop {
        let text = rest.iter().take_while(|byte| !byte.is_ascii_digit()).count();
        let (head, tail) = rest.split_at(text);
        found.push(Chunk::Text(head));
        let digits = match tail.first() {
            None => return found,
            Some(b'0') => 1,
            Some(_) => tail.iter().take_while(|byte| byte.is_ascii_digit()).count(),
        };
        let (number, after) = tail.split_at(digits);
        found.push(Chunk::Number(number));
        rest = after;
    }
}

fn natural_sort(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [list] = arguments else { return Ok(Value::NULL) };
    let all = whole_elements(ev, *list)?;
    reserve(ev, all.len())?;
    if all.len() < 2 {
        return Ok(*list);
    }
    let mut keyed = Vec::with_capacity(all.len());
    for element in &all {
        keyed.push((ev.want_string(*element)?, *element));
    }
    let heap = &ev.heap;
    let mut keyed: Vec<(Vec<Chunk<'_>>, Value)> =
        keyed.into_iter().map(|(id, element)| (chunks(heap.bytes(id)), element)).collect();
    keyed.sort_by(|a, b| a.0.cmp(&b.0));
    let sorted: Vec<Value> = keyed.into_iter().map(|(_, element)| element).collect();
    Ok(ev.heap.new_list(&sorted))
}

fn is_prefix(ev: &mut Evaluator, prefix: Value, list: Value) -> Result<Option<(Seq, usize)>, Stop> {
    let (prefix, seq) = (whole_elements(ev, prefix)?, ev.want_whole_list(list)?);
    if prefix.len() > seq.count() {
        return Ok(None);
    }
    for (wanted, slot) in prefix.iter().zip(seq.slots()) {
        let element = ev.heap.share(slot);
        if !ev.equal(element, *wanted)? {
            return Ok(None);
        }
    }
    Ok(Some((seq, prefix.len())))
}

fn has_prefix(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [prefix, list] = arguments else { return Ok(Value::NULL) };
    Ok(Value::bool(is_prefix(ev, *prefix, *list)?.is_some()))
}

fn remove_prefix(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [prefix, list] = arguments else { return Ok(Value::NULL) };
    match is_prefix(ev, *prefix, *list)? {
        Some((seq, length)) => {
            let rest: Vec<Value> = ev.heap.elements(seq).into_iter().skip(length).collect();
            Ok(ev.heap.new_list(&rest))
        }
        None => {
            let message = "lib.lists.removePrefix: First argument is not a list prefix of the second argument";
            Err(throw(ev, message))
        }
    }
}

fn common_prefix(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [a, b] = arguments else { return Ok(Value::NULL) };
    let (a, b) = (whole_elements(ev, *a)?, whole_elements(ev, *b)?);
    let mut common = Vec::new();
    for (left, right) in a.iter().zip(&b) {
        if !ev.equal(*left, *right)? {
            break;
        }
        common.push(*left);
    }
    Ok(ev.heap.new_list(&common))
}

/// The elements without repetition, or `None` if they are not all strings.
fn unique_of_strings(ev: &mut Evaluator, all: &[Value]) -> Option<Vec<Value>> {
    let mut strings = Vec::with_capacity(all.len());
    for element in all {
        match ev.force(*element).view() {
            View::Str(id) => strings.push(id),
            _ => return None,
        }
    }
    let mut seen: FxHashSet<&[u8]> = FxHashSet::default();
    Some(
        all.iter()
            .zip(strings)
            .filter(|(_, id)| seen.insert(ev.heap.bytes(*id)))
            .map(|(element, _)| *element)
            .collect(),
    )
}

fn unique(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [list] = arguments else { return Ok(Value::NULL) };
    let (all, mut open) = elements(ev, *list)?;
    reserve(ev, all.len())?;
    if all.len() < 2 {
        return Ok(*list);
    }
    let kept = match unique_of_strings(ev, &all) {
        Some(kept) => kept,
        None => {
            let mut kept: Vec<Value> = Vec::new();
            for element in &all {
                match contains(ev, &kept, *element) {
                    Ok(true) => {}
                    Ok(false) => kept.push(*element),
                    Err(stop) => open = open.or(Some(unknown_of(stop)?)),
                }
            }
            kept
        }
    };
    if kept.len() == all.len() && open.is_none() {
        return Ok(*list);
    }
    Ok(list_of(ev, &kept, open))
}

fn unique_strings(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [list] = arguments else { return Ok(Value::NULL) };
    let mut strings = Vec::new();
    for element in whole_elements(ev, *list)? {
        ev.tick()?;
        let id = ev.want_string(element)?;
        let element = ev.want(element)?;
        strings.push((ev.heap.bytes(id).to_vec(), element));
    }
    strings.sort_by(|a, b| a.0.cmp(&b.0));
    strings.dedup_by(|a, b| a.0 == b.0);
    let values: Vec<Value> = strings.into_iter().map(|(_, element)| element).collect();
    Ok(ev.heap.new_list(&values))
}

fn all_unique(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [list] = arguments else { return Ok(Value::NULL) };
    let before = ev.want_whole_list(*list)?;
    let kept = unique(ev, &[*list])?;
    let after = ev.want_whole_list(kept)?;
    Ok(Value::bool(before.len == after.len))
}

fn intersect_lists(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [wanted, list] = arguments else { return Ok(Value::NULL) };
    by_membership(ev, *wanted, *list, true)
}

fn subtract_lists(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [unwanted, list] = arguments else { return Ok(Value::NULL) };
    by_membership(ev, *unwanted, *list, false)
}

/// The elements of `list` that occur in `others`, or that do not.
fn by_membership(ev: &mut Evaluator, others: Value, list: Value, is_kept: bool) -> Outcome {
    if ev.want_list(list)?.len == 0 {
        return Ok(list);
    }
    let others = whole_elements(ev, others)?;
    keep_where(ev, list, |ev, element| Ok(contains(ev, &others, element)? == is_kept))
}

fn mutually_exclusive(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [a, b] = arguments else { return Ok(Value::NULL) };
    let a = whole_elements(ev, *a)?;
    if a.is_empty() {
        return Ok(Value::TRUE);
    }
    for element in whole_elements(ev, *b)? {
        ev.tick()?;
        if contains(ev, &a, element)? {
            return Ok(Value::FALSE);
        }
    }
    Ok(Value::TRUE)
}

#[cfg(test)]
mod tests {
    use crate::nixlib::testing::check;

    #[test]
    fn sorting_and_sets_of_elements() {
        check(&[
            (r#"lib.naturalSort [ "vm10" "vm9" "vm1" "a" ]"#, r#"[ "a" "vm1" "vm9" "vm10" ]"#),
            ("lib.sortOn (x: -x) [ 1 3 2 ]", "[ 3 2 1 ]"),
            (r#"lib.sortOn builtins.stringLength [ "bb" "a" "cc" ]"#, r#"[ "a" "bb" "cc" ]"#),
            (r#"lib.unique [ 1 2 1 "a" "a" ]"#, r#"[ 1 2 "a" ]"#),
            (r#"lib.uniqueStrings [ "b" "a" "b" ]"#, r#"[ "a" "b" ]"#),
            (r#"lib.allUnique [ "a" "b" "a" ]"#, "false"),
            ("lib.intersectLists [ 1 2 ] [ 2 3 ]", "[ 2 ]"),
            ("lib.subtractLists [ 1 2 ] [ 2 3 ]", "[ 3 ]"),
            ("lib.mutuallyExclusive [ 1 ] [ 2 ]", "true"),
            ("lib.compareLists lib.compare [ 1 2 ] [ 1 ]", "1"),
            ("lib.compareLists lib.compare [ ] true", "-1"),
            ("lib.compareLists lib.compare \"x\" [ ]", "1"),
            ("lib.toposort (a: b: a < b) [ 3 2 1 ]", "{ result = [ 1 2 3 ]; }"),
            ("lib.toposort (a: b: true) [ 1 2 ]", "{ cycle = [ 1 2 ]; loops = [ 1 ]; }"),
            ("lib.lists.removePrefix [ 1 ] [ 1 2 ]", "[ 2 ]"),
            ("lib.lists.commonPrefix [ 1 2 3 ] [ 1 2 4 ]", "[ 1 2 ]"),
        ]);
    }
}
