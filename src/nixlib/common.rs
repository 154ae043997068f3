//! What several families need: lists and sets taken apart and put together, selection as `.` and `or` do it, a sort that may fail.

use crate::eval::{ErrorKind, Evaluator, LimitKind, Outcome, Stop, UnknownReason};
use crate::heap::{Set, StrId, Symbol, UnknownId, Value, View, sym};
use crate::syntax::ExprId;

/// Deepest nesting of a person's lists and sets that a recursive function follows.
pub(super) const DEEPEST: u32 = 2_000;

/// The elements of a list of which all are known.
pub(super) fn whole_elements(ev: &mut Evaluator, list: Value) -> Result<Vec<Value>, Stop> {
    let seq = ev.want_whole_list(list)?;
    Ok(ev.heap.elements(seq))
}

/// The known elements of a list, and why there may be more.
pub(super) fn elements(ev: &mut Evaluator, list: Value) -> Result<(Vec<Value>, Option<UnknownId>), Stop> {
    let seq = ev.want_list(list)?;
    Ok((ev.heap.elements(seq), ev.heap.open_reason(seq)))
}

/// A list that may have more elements if there is a reason.
pub(super) fn list_of(ev: &mut Evaluator, values: &[Value], open: Option<UnknownId>) -> Value {
    match open {
        Some(reason) => ev.heap.new_open_list(values, reason),
        None => ev.heap.new_list(values),
    }
}

/// Counts the steps for making a list of `count` elements; an error if that is too many.
pub(super) fn reserve(ev: &mut Evaluator, count: usize) -> Result<(), Stop> {
    if count > ev.limits.list_elements {
        return Err(ev.limit_error(LimitKind::List));
    }
    ev.tick_many(u64::try_from(count).unwrap_or(u64::MAX).saturating_add(1))
}

/// A number of elements as an integer value.
pub(super) fn count_value(count: usize) -> Value {
    Value::int(i64::try_from(count).unwrap_or(i64::MAX))
}

/// Why a stop is unknown; an error stays a stop.
pub(super) fn unknown_of(stop: Stop) -> Result<UnknownId, Stop> {
    match stop.0.view() {
        View::Unknown(id) => Ok(id),
        _ => Err(stop),
    }
}

/// The elements for which `keep` holds. One of which that cannot be known leaves the list open.
pub(super) fn keep_where(
    ev: &mut Evaluator,
    list: Value,
    mut keep: impl FnMut(&mut Evaluator, Value) -> Result<bool, Stop>,
) -> Outcome {
    let (all, mut open) = elements(ev, list)?;
    let mut kept = Vec::with_capacity(all.len());
    for element in &all {
        ev.tick()?;
        match keep(ev, *element) {
            Ok(true) => kept.push(*element),
            Ok(false) => {}
            Err(stop) => open = open.or(Some(unknown_of(stop)?)),
        }
    }
    if kept.len() == all.len() && open.is_none() {
        return Ok(list);
    }
    Ok(list_of(ev, &kept, open))
}

/// Whether an element equals `wanted`. A known match decides even when other elements are unknown.
pub(super) fn contains(ev: &mut Evaluator, list: &[Value], wanted: Value) -> Result<bool, Stop> {
    let mut unknown = None;
    for element in list {
        match ev.equal(wanted, *element) {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(stop) => unknown = Some(Stop(Value::unknown(unknown_of(stop)?))),
        }
    }
    unknown.map_or(Ok(false), Err)
}

/// The name of an attribute as a string that remembers where the name was written.
pub(super) fn name_value(ev: &mut Evaluator, name: Symbol, origin: ExprId) -> Value {
    let text = ev.heap.symbols.shared_name(name);
    ev.str(&text).with_origin(origin)
}

/// The attributes of a set in the order of Nix: name, value that may be lazy, where the name was written.
pub(super) fn attributes(ev: &Evaluator, set: Set) -> Vec<(Symbol, Value, ExprId)> {
    ev.heap.entries(set).into_iter().map(|(name, slot, origin)| (name, ev.heap.share(slot), origin)).collect()
}

/// The symbol of a value that must be a string.
pub(super) fn attribute_name(ev: &mut Evaluator, name: Value) -> Result<Symbol, Stop> {
    let id = ev.want_string(name)?;
    Ok(ev.heap.intern_string(id))
}

/// `set.name`, not forced.
pub(super) fn select(ev: &mut Evaluator, set: Value, name: Symbol) -> Outcome {
    let set = ev.want_attrs(set)?;
    ev.attribute_or_stop(set, name)
}

/// `value.name`, not forced, where `or` would give something else if it is missing or `value` is no set.
pub(super) fn select_or(ev: &mut Evaluator, value: Value, name: Symbol) -> Result<Option<Value>, Stop> {
    match ev.want(value)?.view() {
        View::Attrs(set) => ev.optional_attribute(set, name),
        _ => Ok(None),
    }
}

/// [`select`] with the name as text.
pub(super) fn field(ev: &mut Evaluator, set: Value, name: &str) -> Outcome {
    let name = ev.heap.intern(name);
    select(ev, set, name)
}

/// [`select_or`] with the name as text.
pub(super) fn field_or(ev: &mut Evaluator, value: Value, name: &str) -> Result<Option<Value>, Stop> {
    let name = ev.heap.intern(name);
    select_or(ev, value, name)
}

/// Whether a value is a set.
pub(super) fn is_attrs(ev: &mut Evaluator, value: Value) -> Result<bool, Stop> {
    Ok(matches!(ev.want(value)?.view(), View::Attrs(_)))
}

/// Whether a value can be called, as `lib.isFunction` sees it.
pub(super) fn is_function(ev: &mut Evaluator, value: Value) -> Result<bool, Stop> {
    match ev.want(value)?.view() {
        View::Lambda(..) | View::Native(_) | View::Partial(_) => Ok(true),
        View::Attrs(set) => Ok(ev.optional_attribute(set, sym::FUNCTOR)?.is_some()),
        _ => Ok(false),
    }
}

/// Whether `value.type` is `"derivation"`.
pub(super) fn is_derivation(ev: &mut Evaluator, value: Value) -> Result<bool, Stop> {
    match select_or(ev, value, sym::TYPE)? {
        Some(kind) => is_text(ev, kind, b"derivation"),
        None => Ok(false),
    }
}

/// Whether a value is a string of these bytes.
pub(super) fn is_text(ev: &mut Evaluator, value: Value, bytes: &[u8]) -> Result<bool, Stop> {
    Ok(match ev.want(value)?.view() {
        View::Str(id) => ev.heap.bytes(id) == bytes,
        _ => false,
    })
}

/// A value if it is evaluated already, a set or string not worth deferring.
pub(super) fn evaluated(ev: &Evaluator, value: Value) -> Option<Value> {
    match value.view() {
        View::Ref(slot) => Some(ev.heap.get(slot)).filter(|inner| inner.is_evaluated()),
        _ => Some(value),
    }
}

/// `left // right`, both forced.
pub(super) fn update(ev: &mut Evaluator, left: Value, right: Value) -> Outcome {
    let left = ev.force(left);
    if left.is_error() {
        return Err(Stop(left));
    }
    let right = ev.force(right);
    if right.is_error() {
        return Err(Stop(right));
    }
    ev.update(left, right)
}

/// `sets[0] // sets[1] // …`; all must be sets.
pub(super) fn merge_all(ev: &mut Evaluator, sets: &[Value]) -> Outcome {
    let mut known = Vec::with_capacity(sets.len());
    for value in sets {
        match ev.force(*value).view() {
            View::Attrs(set) if ev.heap.open_set_reason(set).is_none() => known.push(set),
            _ => break,
        }
    }
    if known.len() <= 2 || known.len() < sets.len() {
        let mut merged = Value::EMPTY_SET;
        for value in sets {
            merged = update(ev, merged, *value)?;
        }
        return Ok(merged);
    }
    let mut all = Vec::new();
    for set in known.iter().rev() {
        all.extend(attributes(ev, *set));
        reserve(ev, all.len() / 8)?;
    }
    Ok(ev.heap.new_set(&all))
}

/// A set of one attribute.
pub(super) fn single(ev: &mut Evaluator, name: Symbol, value: Value, origin: ExprId) -> Value {
    ev.heap.new_set(&[(name, value, origin)])
}

/// The text of a value for a message or a name; an unknown becomes a stop.
pub(super) fn text_of(ev: &Evaluator, id: StrId) -> String {
    ev.heap.text(id).into_owned()
}

/// The error that `throw` gives.
pub(super) fn throw(ev: &mut Evaluator, message: impl Into<String>) -> Stop {
    ev.error(ErrorKind::Throw, message)
}

/// The unknown for something that needs the package set or the store.
pub(super) fn needs_packages(ev: &mut Evaluator, what: &str) -> Stop {
    ev.unknown(UnknownReason::Package(what.to_owned()))
}

/// Sorts with a comparison that may fail, keeping the order of equal items.
pub(super) fn merge_sort<T: Copy>(
    ev: &mut Evaluator,
    items: &[T],
    less: &mut impl FnMut(&mut Evaluator, T, T) -> Result<bool, Stop>,
) -> Result<Vec<T>, Stop> {
    if items.len() < 2 {
        return Ok(items.to_vec());
    }
    ev.tick_many(u64::try_from(items.len()).unwrap_or(u64::MAX))?;
    let (front, back) = items.split_at(items.len() / 2);
    let (front, back) = (merge_sort(ev, front, less)?, merge_sort(ev, back, less)?);
    let mut merged = Vec::with_capacity(items.len());
    let (mut left, mut right) = (front.as_slice(), back.as_slice());
    while let (Some((a, more_left)), Some((b, more_right))) = (left.split_first(), right.split_first()) {
        if less(ev, *b, *a)? {
            merged.push(*b);
            right = more_right;
        } else {
            merged.push(*a);
            left = more_left;
        }
    }
    merged.extend_from_slice(left);
    merged.extend_from_slice(right);
    Ok(merged)
}

/// A deferred call of a built-in function, to be written into a slot.
pub(super) fn deferred_native(ev: &mut Evaluator, name: &str, arguments: &[Value]) -> Value {
    let function = ev.native(name);
    ev.heap.deferred(function, arguments)
}

/// Whether a value is a set with an attribute of this name.
pub(super) fn has_name(ev: &mut Evaluator, value: Value, name: &str) -> Result<bool, Stop> {
    Ok(field_or(ev, value, name)?.is_some())
}
