//! Lists and sets of elements that are merged one by one.

use rustc_hash::FxHashMap;

use super::TypeId;
use super::check::check;
use super::merge::doubt;
use super::table::{Kind, Part, Plain, kind, resolve};
use crate::eval::{Evaluator, Outcome, Stop};
use crate::heap::{Set, Symbol, UnknownId, Value, View, sym};
use crate::modules::definition::{Definition, Loc};
use crate::modules::merge::{Discharged, delay_discharged, delay_merge, discharge};
use crate::syntax::ExprId;

/// Whether one definition of the type, once checked, is the merged value as it stands.
pub(super) fn keeps_single(ev: &mut Evaluator, ty: TypeId, depth: u8) -> bool {
    match &*kind(ev, ty) {
        Kind::Plain(which) => !matches!(
            which,
            Plain::Anything | Plain::SingleLineStr | Plain::Package | Plain::Fileset | Plain::UnitOption
        ),
        Kind::Bounded(_) | Kind::StrMatching(_) | Kind::Separated(_) | Kind::Path { .. } | Kind::Enum(_) => true,
        Kind::NullOr(Part::Known(inner)) => depth < 4 && keeps_single(ev, *inner, depth + 1),
        Kind::Either(Part::Known(left), Part::Known(right)) => {
            depth < 4 && keeps_single(ev, *left, depth + 1) && keeps_single(ev, *right, depth + 1)
        }
        Kind::Checked { base, .. } => depth < 4 && keeps_single(ev, *base, depth + 1),
        _ => false,
    }
}

/// Whether an evaluated value may be a property (`mkIf` and so on) or another definition in disguise.
fn may_be_property(ev: &Evaluator, value: Value) -> bool {
    match value.view() {
        View::Attrs(set) => ev.heap.attribute(set, sym::TYPE_TAG).is_some(),
        _ => false,
    }
}

/// What becomes of one element.
enum Outlook {
    /// This value, to be written into a slot.
    Here(Value),
    /// Nothing: its definitions are all discharged.
    Gone,
    /// It may be there or not, for this reason.
    Open(UnknownId),
}

/// The element of discharged definitions.
fn settled(ev: &mut Evaluator, ty: TypeId, loc: &Loc, found: Discharged) -> Outlook {
    let is_sure = |def: &Definition| def.is_certain || def.value.is_unknown();
    match found.open {
        None if found.defs.is_empty() => Outlook::Gone,
        Some(reason) if !found.defs.iter().any(is_sure) => Outlook::Open(reason),
        _ => Outlook::Here(delay_discharged(ev, loc, ty, found)),
    }
}

/// The value of one element that has one definition.
fn element(
    ev: &mut Evaluator,
    ty: TypeId,
    is_simple: bool,
    loc: impl Fn(&mut Evaluator) -> Loc,
    def: Definition,
) -> Result<Outlook, Stop> {
    let value = ev.force(def.value);
    if value.is_error() {
        return Err(Stop(value));
    }
    if value.is_unknown() {
        return Ok(Outlook::Here(value));
    }
    if may_be_property(ev, value) {
        let loc = loc(ev);
        let found = discharge(ev, &[def.with_value(value, ExprId::NONE)])?;
        return Ok(settled(ev, ty, &loc, found));
    }
    // A check that fails shows when the element is read.
    if is_simple && matches!(check(ev, ty, value), Ok(true)) {
        return Ok(Outlook::Here(value));
    }
    let loc = loc(ev);
    Ok(Outlook::Here(delay_merge(ev, &loc, ty, vec![def.with_value(value, ExprId::NONE)])))
}

/// `listOf`: all elements of all definitions, in order.
pub(super) fn list_of(ev: &mut Evaluator, part: Part, loc: &Loc, defs: &[Definition]) -> Outcome {
    let ty = resolve(ev, part)?;
    let is_simple = keeps_single(ev, ty, 0);
    let (mut values, mut open): (Vec<Value>, Option<UnknownId>) = (Vec::new(), None);
    for (def, number) in defs.iter().zip(1usize..) {
        let value = ev.force(def.value);
        let seq = match value.view() {
            View::List(seq) => seq,
            View::Unknown(id) => {
                open = open.or(Some(id));
                continue;
            }
            View::Error(_) => return Err(Stop(value)),
            _ => return Err(ev.type_error("a list", value)),
        };
        open = open.or(ev.heap.open_reason(seq));
        if let Some(reason) = doubt(ev, def) {
            open = open.or(Some(reason));
            continue;
        }
        ev.tick_many(u64::from(seq.len))?;
        values.reserve(seq.count());
        for (slot, entry) in seq.slots().zip(1usize..) {
            let value = ev.heap.share(slot);
            let here = |ev: &mut Evaluator| loc.child(ev.heap.intern(&format!("[definition {number}-entry {entry}]")));
            match element(ev, ty, is_simple, here, def.with_value(value, ExprId::NONE))? {
                Outlook::Here(value) => values.push(value),
                Outlook::Gone => {}
                Outlook::Open(reason) => open = open.or(Some(reason)),
            }
        }
    }
    Ok(match open {
        Some(id) => ev.heap.new_open_list(&values, id),
        None => ev.heap.new_list(&values),
    })
}

/// The concatenation of lists; with `wraps`, anything else counts as a list of itself.
pub(super) fn concat(ev: &mut Evaluator, defs: &[Definition], wraps: bool) -> Outcome {
    if let [only] = defs
        && !wraps
    {
        return Ok(only.value);
    }
    let (mut values, mut open): (Vec<Value>, Option<UnknownId>) = (Vec::new(), None);
    for def in defs {
        let value = ev.force(def.value);
        if let Some(reason) = doubt(ev, def) {
            open = open.or(Some(reason));
            continue;
        }
        match value.view() {
            View::List(seq) => {
                ev.tick_many(u64::from(seq.len))?;
                open = open.or(ev.heap.open_reason(seq));
                values.extend(ev.heap.elements(seq));
            }
            View::Unknown(id) => open = open.or(Some(id)),
            View::Error(_) => return Err(Stop(value)),
            _ if wraps => values.push(value),
            _ => return Err(ev.type_error("a list", value)),
        }
    }
    Ok(match open {
        Some(id) => ev.heap.new_open_list(&values, id),
        None => ev.heap.new_list(&values),
    })
}

/// The definitions of sets, sorted by the names that they define.
struct Pushed {
    names: Vec<(Symbol, ExprId, Vec<Definition>)>,
    open: Option<UnknownId>,
}

/// Definitions of a set as definitions of its attributes.
fn push_down(ev: &mut Evaluator, defs: &[Definition]) -> Result<Pushed, Stop> {
    let mut pushed = Pushed { names: Vec::new(), open: None };
    let mut places: FxHashMap<Symbol, usize> = FxHashMap::default();
    for def in defs {
        let value = ev.force(def.value);
        let set = match value.view() {
            View::Attrs(set) => set,
            View::Unknown(id) => {
                pushed.open = pushed.open.or(Some(id));
                continue;
            }
            View::Error(_) => return Err(Stop(value)),
            _ => return Err(ev.type_error("a set", value)),
        };
        pushed.open = pushed.open.or(ev.heap.open_set_reason(set)).or(doubt(ev, def));
        for (name, slot, origin) in ev.heap.entries(set) {
            ev.tick()?;
            let part = def.with_value(ev.heap.share(slot), origin);
            match places.get(&name).and_then(|place| pushed.names.get_mut(*place)) {
                Some((_, _, parts)) => parts.push(part),
                None => {
                    places.insert(name, pushed.names.len());
                    pushed.names.push((name, origin, vec![part]));
                }
            }
        }
    }
    // A name that only maybe-definitions give may not be there: the open set stands for it.
    pushed.names.retain(|(_, _, parts)| parts.iter().any(|part| part.is_certain));
    Ok(pushed)
}

/// `attrsOf` and `lazyAttrsOf`: the names of all definitions, each merged from those that define it.
pub(super) fn attrs_of(ev: &mut Evaluator, part: Part, is_lazy: bool, loc: &Loc, defs: &[Definition]) -> Outcome {
    let ty = resolve(ev, part)?;
    let is_simple = keeps_single(ev, ty, 0);
    if let [only] = defs
        && only.is_certain
        && !is_lazy
    {
        let value = ev.force(only.value);
        if let View::Attrs(set) = value.view()
            && let Some(merged) = attrs_of_one(ev, ty, is_simple, loc, only, set)?
        {
            return Ok(merged);
        }
    }
    let mut pushed = push_down(ev, defs)?;
    let mut attributes = Vec::with_capacity(pushed.names.len());
    for (name, origin, mut parts) in std::mem::take(&mut pushed.names) {
        let outlook = if is_lazy {
            Outlook::Here(delay_merge(ev, &loc.child(name), ty, parts))
        } else if parts.len() == 1
            && let Some(only) = parts.pop()
        {
            element(ev, ty, is_simple, |_| loc.child(name), only)?
        } else {
            let here = loc.child(name);
            let found = discharge(ev, &parts)?;
            settled(ev, ty, &here, found)
        };
        match outlook {
            Outlook::Here(value) => attributes.push((name, value, origin)),
            Outlook::Gone => {}
            Outlook::Open(reason) => pushed.open = pushed.open.or(Some(reason)),
        }
    }
    Ok(ev.heap.new_open_set(&attributes, pushed.open))
}

/// The usual case of one definition that loses no name: the result shares its shape. `None` if it does lose some.
fn attrs_of_one(
    ev: &mut Evaluator,
    ty: TypeId,
    is_simple: bool,
    loc: &Loc,
    def: &Definition,
    set: Set,
) -> Result<Option<Value>, Stop> {
    let shape = ev.heap.shape(set.shape);
    if shape.is_empty() && shape.open().is_none() {
        return Ok(Some(Value::EMPTY_SET));
    }
    let Some(width) = shape.width() else { return Ok(None) };
    let mut values = vec![Value::NULL; width];
    for (name, slot, origin) in ev.heap.entries(set) {
        ev.tick()?;
        let part = def.with_value(ev.heap.share(slot), origin);
        let Outlook::Here(value) = element(ev, ty, is_simple, |_| loc.child(name), part)? else { return Ok(None) };
        if let Some(place) = values.get_mut((slot.0 - set.start) as usize) {
            *place = value;
        }
    }
    Ok(Some(ev.heap.new_set_of_shape(set.shape, &values)))
}
