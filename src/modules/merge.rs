//! From the definitions of an option to its value.
//!
//! Definitions that may or may not count (their condition is unknown, or they are unknown themselves) are kept beside the certain
//! ones as long as they could win. They make a list or set open, and a scalar unknown unless every candidate says the same.
//! Types see them only where they merge sets by name: there [`Definition::is_certain`] is false.

use rustc_hash::FxHashMap;

use super::definition::{DEFAULT_ORDER, DEFAULT_PRIORITY, Definition, Loc};
use super::properties::{Property, property};
use super::report::LossReason;
use super::state::{Found, Pending, State, handle, pending};
use super::types::{self, TypeId};
use crate::eval::{ErrorKind, Evaluator, NativeDef, Outcome, Stop, UnknownReason};
use crate::heap::{Symbol, UnknownId, Value, View, sym};
use crate::syntax::ExprId;

/// Priority of nothing: weaker than any definition.
const NO_PRIORITY: i64 = 9999;
const DEEPEST: u32 = 200;

/// The definitions that count, stripped of their properties, their values evaluated.
#[derive(Clone, Debug)]
pub struct Discharged {
    /// Those of the winning priority, in merge order, and those that may win.
    pub defs: Vec<Definition>,
    /// The winning priority; 9999 if there is no definition.
    pub highest_priority: i64,
    /// Why some of them may not count, or not be all, if so.
    pub open: Option<UnknownId>,
}

impl Default for Discharged {
    fn default() -> Self {
        Self { defs: Vec::new(), highest_priority: NO_PRIORITY, open: None }
    }
}

/// The value of an option and how it came about.
#[derive(Clone, Debug)]
pub struct Merged {
    /// The value; may be a reference.
    pub value: Value,
    /// The definitions that were merged, in order.
    pub defs_final: Vec<Definition>,
    /// Their priority.
    pub highest_priority: i64,
    /// Whether there is any definition.
    pub is_defined: bool,
}

/// Evaluates conditions, flattens, keeps the winning priority, sorts.
pub fn discharge(ev: &mut Evaluator, defs: &[Definition]) -> Result<Discharged, Stop> {
    discharge_with(ev, defs, None, None)
}

/// Like [`discharge`], with the default of the option (to which no property but its own priority applies), and telling the losers.
pub(super) fn discharge_with(
    ev: &mut Evaluator,
    defs: &[Definition],
    default: Option<Definition>,
    losers: Option<&mut Vec<(Definition, LossReason)>>,
) -> Result<Discharged, Stop> {
    let mut work = Candidates { found: Vec::with_capacity(defs.len() + 1), open: None, losers: losers.is_some() };
    let mut lost = Vec::new();
    work.found.extend(default);
    for definition in defs {
        let result = work.add(ev, definition, definition.value, None, 0, &mut lost);
        if let Err(stop) = result {
            let text = format!("while evaluating definitions from `{}'", definition.file);
            return Err(ev.add_trace(stop, definition.origin, text));
        }
    }
    let certain = work.found.iter().filter(|one| one.doubt.is_none()).map(|one| one.priority).min();
    let certain = certain.unwrap_or(NO_PRIORITY);
    let is_beaten = |one: &Definition| one.priority > certain || (one.doubt.is_none() && one.priority != certain);
    if losers.is_some() {
        let beaten = work.found.iter().filter(|one| is_beaten(one));
        lost.extend(beaten.map(|one| (one.clone(), LossReason::Priority)));
    }
    work.found.retain(|one| !is_beaten(one));
    let mut kept = Discharged { highest_priority: NO_PRIORITY, open: work.open, defs: work.found };
    for one in &kept.defs {
        kept.highest_priority = kept.highest_priority.min(one.priority);
        kept.open = kept.open.or(one.doubt);
    }
    strip_order(ev, &mut kept)?;
    if let Some(losers) = losers {
        losers.extend(lost);
    }
    Ok(kept)
}

/// Definitions that may count; one that may not tells why as its doubt.
struct Candidates {
    found: Vec<Definition>,
    open: Option<UnknownId>,
    losers: bool,
}

impl Candidates {
    fn add(
        &mut self,
        ev: &mut Evaluator,
        definition: &Definition,
        value: Value,
        maybe: Option<UnknownId>,
        depth: u32,
        lost: &mut Vec<(Definition, LossReason)>,
    ) -> Result<(), Stop> {
        ev.tick()?;
        if depth > DEEPEST {
            return Err(ev.error(ErrorKind::Type, "properties of the module system are nested too deeply"));
        }
        let value = ev.force(value);
        if value.is_error() {
            return Err(Stop(value));
        }
        match property(ev, value)? {
            Property::Merge { contents } => {
                let contents = ev.force(contents);
                if let View::Unknown(reason) = contents.view() {
                    self.push(ev, definition, contents, Some(reason), DEFAULT_PRIORITY)?;
                    return Ok(());
                }
                let seq = ev.want_list(contents)?;
                for slot in seq.slots() {
                    self.add(ev, definition, Value::reference(slot), maybe, depth + 1, lost)?;
                }
                if let Some(reason) = ev.heap.open_reason(seq) {
                    self.push(ev, definition, Value::unknown(reason), Some(reason), DEFAULT_PRIORITY)?;
                }
                Ok(())
            }
            Property::If { condition, content } => {
                let condition = ev.force(condition);
                match condition.view() {
                    View::Bool(true) => self.add(ev, definition, content, maybe, depth + 1, lost),
                    View::Bool(false) => {
                        if self.losers {
                            lost.push((definition.with_value(content, ExprId::NONE), LossReason::ConditionFalse));
                        }
                        Ok(())
                    }
                    View::Unknown(reason) => self.add(ev, definition, content, maybe.or(Some(reason)), depth + 1, lost),
                    View::Error(_) => Err(Stop(condition)),
                    _ => {
                        let text = format!("`mkIf' called with a non-Boolean condition: {}", ev.describe(condition));
                        Err(ev.error_at(ErrorKind::Module("bad-condition"), text, definition.origin))
                    }
                }
            }
            Property::Override { priority, content } => {
                let priority = ev.want_int(priority)?;
                self.push(ev, definition, content, maybe, priority)
            }
            Property::Definition { set } => {
                let inner = ev.attribute_or_stop(set, sym::VALUE)?;
                let file = ev.attribute_or_stop(set, sym::FILE)?;
                let file = ev.coerce(file, crate::eval::Coercion::More)?;
                let file: std::rc::Rc<str> = ev.heap.text(file).into();
                let moved = Definition { file, is_given: true, ..definition.clone() };
                let inner = ev.want(inner)?;
                match property(ev, inner)? {
                    Property::Override { priority, content } => {
                        let priority = ev.want_int(priority)?;
                        self.push(ev, &moved, content, maybe, priority)
                    }
                    _ => self.push(ev, &moved, inner, maybe, DEFAULT_PRIORITY),
                }
            }
            Property::Order { .. } | Property::Plain => self.push(ev, definition, value, maybe, DEFAULT_PRIORITY),
        }
    }

    /// Adds a candidate. An unknown value may be any property, so it may not count either.
    fn push(
        &mut self,
        ev: &mut Evaluator,
        definition: &Definition,
        value: Value,
        maybe: Option<UnknownId>,
        priority: i64,
    ) -> Result<(), Stop> {
        let unknown = match value.view() {
            View::Unknown(reason) => Some(reason),
            _ => None,
        };
        self.open = self.open.or(unknown);
        let mut maybe = maybe.or(unknown).or(definition.doubt);
        if maybe.is_none() && !definition.is_certain {
            let reason = UnknownReason::Unsupported("a condition around a definition".to_owned());
            if let View::Unknown(reason) = ev.unknown_at(reason, definition.origin).0.view() {
                maybe = Some(reason);
            }
        }
        let mut kept = definition.with_value(value, ExprId::NONE);
        kept.priority = priority;
        kept.is_given = definition.is_given;
        kept.is_certain = maybe.is_none();
        kept.doubt = maybe;
        self.found.push(kept);
        Ok(())
    }
}

/// Takes `mkOrder` from around the winners and sorts them.
fn strip_order(ev: &mut Evaluator, kept: &mut Discharged) -> Result<(), Stop> {
    let mut is_ordered = false;
    for definition in &mut kept.defs {
        definition.value = ev.force(definition.value);
        if definition.value.is_error() {
            return Err(Stop(definition.value));
        }
        definition.order = DEFAULT_ORDER;
        if let Property::Order { priority, content } = property(ev, definition.value)? {
            definition.order = ev.want_int(priority)?;
            definition.value = ev.force(content);
            if definition.value.is_error() {
                return Err(Stop(definition.value));
            }
            definition.is_ordered = true;
            is_ordered = true;
        }
        if let View::Unknown(reason) = definition.value.view() {
            definition.is_certain = false;
            definition.doubt = Some(reason);
            kept.open = kept.open.or(Some(reason));
        }
    }
    if is_ordered {
        kept.defs.sort_by_key(|definition| definition.order);
    }
    Ok(())
}

/// Checks and merges discharged definitions; without any, the type's empty value or the error of a missing value.
pub fn merge_discharged(ev: &mut Evaluator, loc: &Loc, ty: TypeId, found: Discharged) -> Result<Merged, Stop> {
    let is_defined = !found.defs.is_empty();
    let value = merged_value(ev, loc, ty, &found)?;
    Ok(Merged { value, defs_final: found.defs, highest_priority: found.highest_priority, is_defined })
}

/// The value alone of [`merge_discharged`]. An error about the definitions tells where each of them is.
pub(super) fn merged_value(ev: &mut Evaluator, loc: &Loc, ty: TypeId, found: &Discharged) -> Outcome {
    checked_value(ev, loc, ty, found).map_err(|stop| with_places(ev, stop, &found.defs))
}

fn checked_value(ev: &mut Evaluator, loc: &Loc, ty: TypeId, found: &Discharged) -> Outcome {
    if let Some(reason) = found.open {
        return merge_open(ev, loc, ty, found, reason);
    }
    if !found.defs.is_empty() {
        check_all(ev, loc, ty, &found.defs)?;
        return types::merge(ev, ty, loc, &found.defs);
    }
    match types::empty_value(ev, ty) {
        Some(value) => Ok(value),
        None => Err(missing_value(ev, loc)),
    }
}

/// Most definitions whose places an error tells.
const MOST_PLACES: usize = 8;

/// An error of the module system that has no place yet, with the places of the definitions.
fn with_places(ev: &mut Evaluator, stop: Stop, defs: &[Definition]) -> Stop {
    let View::Error(id) = stop.0.view() else { return stop };
    let is_bare = ev.error_info(id).is_some_and(|info| {
        matches!(info.kind, ErrorKind::Module("conflict" | "type" | "read-only")) && info.trace.is_empty()
    });
    if !is_bare {
        return stop;
    }
    defs.iter().take(MOST_PLACES).fold(stop, |stop, definition| {
        let value = definition.value.origin();
        let place = if value.is_some() { value } else { definition.origin };
        ev.add_trace(stop, place, "one of the definitions is here")
    })
}

fn missing_value(ev: &mut Evaluator, loc: &Loc) -> Stop {
    let name = loc.show(&ev.heap);
    let text = format!("The option `{name}' was accessed but has no value defined. Try setting the option.");
    ev.error(ErrorKind::Module("missing-value"), text)
}

fn check_all(ev: &mut Evaluator, loc: &Loc, ty: TypeId, defs: &[Definition]) -> Result<(), Stop> {
    let known: Vec<Definition>;
    let defs = if defs.iter().any(|one| one.value.is_unknown()) {
        known = defs.iter().filter(|one| !one.value.is_unknown()).cloned().collect();
        &known
    } else {
        defs
    };
    let (mut wrong, reason) = if types::checks_while_merging(ev, ty) {
        match types::refusal(ev, ty, loc, defs)? {
            None => return Ok(()),
            Some(reason) => (Vec::new(), Some(reason)),
        }
    } else {
        let mut wrong = Vec::new();
        for definition in defs {
            if !types::check(ev, ty, definition.value)? {
                wrong.push(definition.clone());
            }
        }
        if wrong.is_empty() {
            return Ok(());
        }
        (wrong, None)
    };
    let words = types::description_in_message(ev, ty)?;
    let reason = match reason {
        Some(reason) => reason,
        None => format!("Definition values:{}", types::show_defs(ev, &wrong)?),
    };
    if wrong.is_empty() {
        wrong = defs.to_vec();
    }
    let first = wrong.first().map_or(ExprId::NONE, |definition| definition.origin);
    let name = loc.show(&ev.heap);
    let text = format!("A definition for option `{name}' is not of type `{words}'. {reason}");
    Err(ev.error_at(ErrorKind::Module("type"), text, first))
}

/// Merges when some definitions may not count. Types know what that means among definitions of one priority.
fn merge_open(ev: &mut Evaluator, loc: &Loc, ty: TypeId, found: &Discharged, reason: UnknownId) -> Outcome {
    check_all(ev, loc, ty, &found.defs)?;
    if found.defs.iter().all(|one| one.priority == found.highest_priority) {
        return types::merge(ev, ty, loc, &found.defs);
    }
    let unknown = Err(Stop(Value::unknown(reason)));
    let Some(sure) = found.defs.iter().find(|one| one.is_certain) else { return unknown };
    for other in &found.defs {
        if other.value.is_unknown() || !ev.equal(sure.value, other.value)? {
            return unknown;
        }
    }
    types::merge(ev, ty, loc, std::slice::from_ref(sure))
}

/// What an option's type says about its value (`valueMeta`).
pub(super) fn value_meta(ev: &mut Evaluator, loc: &Loc, ty: TypeId, defs: &[Definition]) -> Outcome {
    let meta = types::value_meta(ev, ty, loc, defs)?;
    with_type(ev, ty, meta)
}

/// [`value_meta`] of definitions that nobody looks at before somebody reads an attribute, where the type allows that; `whole` is the
/// meta, deferred.
pub(super) fn outlined_meta(ev: &mut Evaluator, loc: &Loc, ty: TypeId, whole: Value) -> Outcome {
    match types::outline(ev, ty, loc, whole)? {
        Some(meta) => with_type(ev, ty, meta),
        None => Ok(whole),
    }
}

fn with_type(ev: &mut Evaluator, ty: TypeId, meta: Value) -> Outcome {
    if !types::checks_while_merging(ev, ty) {
        return Ok(meta);
    }
    let meta = ev.want_attrs(meta)?;
    let ty = types::type_value(ev, ty);
    let internal = ev.set(&[("type", ty)]);
    let View::Attrs(internal) = ev.set(&[("_internal", internal)]).view() else { return Ok(Value::EMPTY_SET) };
    Ok(ev.heap.update(meta, internal))
}

/// [`value_meta`] of definitions that are not discharged yet, deferred: to be written into a list or set that is being built.
pub(super) fn delay_meta(ev: &mut Evaluator, loc: &Loc, ty: TypeId, defs: Vec<Definition>) -> Value {
    if !types::checks_while_merging(ev, ty) {
        return Value::EMPTY_SET;
    }
    let number = State::of(ev).add_pending(Pending { loc: loc.clone(), ty: Some(ty), found: Found::Raw(defs) });
    let function = ev.native("internal.modules.meta");
    Evaluator::ask(function, number, 0)
}

fn pending_meta(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [number] = arguments else { return Ok(Value::NULL) };
    let number = handle(ev, *number)?;
    let waiting = pending(ev, number)?;
    let (Some(ty), Found::Raw(defs)) = (waiting.ty, &waiting.found) else { return Ok(Value::EMPTY_SET) };
    let found = discharge(ev, defs)?;
    value_meta(ev, &waiting.loc, ty, &found.defs)
}

/// [`discharge`], then [`merge_discharged`].
pub fn merge_definitions(ev: &mut Evaluator, loc: &Loc, ty: TypeId, defs: Vec<Definition>) -> Result<Merged, Stop> {
    let found = discharge(ev, &defs)?;
    merge_discharged(ev, loc, ty, found)
}

/// The value of an option that nobody declares: equal scalars, sets attribute by attribute, lists one after the other.
pub(super) fn merge_undeclared(ev: &mut Evaluator, loc: &Loc, found: &Discharged) -> Outcome {
    let Some(first) = found.defs.first() else {
        let name = loc.show(&ev.heap);
        return Err(ev.unknown(UnknownReason::UndeclaredOption(name)));
    };
    if let Some(reason) = found.open {
        return Err(Stop(Value::unknown(reason)));
    }
    if found.defs.len() == 1 && !matches!(first.value.view(), View::Attrs(_)) {
        return Ok(first.value);
    }
    if found.defs.iter().all(|one| matches!(one.value.view(), View::List(_))) {
        return concatenated(ev, found);
    }
    if found.defs.iter().all(|one| matches!(one.value.view(), View::Attrs(_))) {
        return merge_undeclared_sets(ev, loc, found);
    }
    for other in found.defs.iter().skip(1) {
        if !ev.equal(first.value, other.value)? {
            let name = loc.show(&ev.heap);
            let reason = UnknownReason::UndeclaredOption(name);
            return Err(ev.unknown_at(reason, other.origin));
        }
    }
    Ok(first.value)
}

fn concatenated(ev: &mut Evaluator, found: &Discharged) -> Outcome {
    let mut elements = Vec::new();
    let mut open = None;
    for definition in &found.defs {
        if let View::List(seq) = definition.value.view() {
            ev.tick_many(u64::from(seq.len))?;
            elements.extend(ev.heap.elements(seq));
            open = open.or(ev.heap.open_reason(seq));
        }
    }
    Ok(match open {
        Some(reason) => ev.heap.new_open_list(&elements, reason),
        None => ev.heap.new_list(&elements),
    })
}

fn merge_undeclared_sets(ev: &mut Evaluator, loc: &Loc, found: &Discharged) -> Outcome {
    let mut names: Vec<(Symbol, ExprId)> = Vec::new();
    let mut by_name: FxHashMap<Symbol, Vec<Definition>> = FxHashMap::default();
    let mut open = None;
    for definition in &found.defs {
        let View::Attrs(set) = definition.value.view() else { continue };
        if ev.is_derivation(set) {
            return Ok(definition.value);
        }
        open = open.or(ev.heap.open_set_reason(set));
        for (name, slot, origin) in ev.heap.entries(set) {
            ev.tick()?;
            let part = definition.with_value(ev.heap.share(slot), origin);
            by_name.entry(name).or_insert_with(|| {
                names.push((name, origin));
                Vec::new()
            });
            if let Some(parts) = by_name.get_mut(&name) {
                parts.push(part);
            }
        }
    }
    let mut attributes = Vec::with_capacity(names.len());
    for (name, origin) in names {
        let parts = by_name.remove(&name).unwrap_or_default();
        let value = delay(ev, Pending { loc: loc.child(name), ty: None, found: Found::Raw(parts) });
        attributes.push((name, value, origin));
    }
    Ok(ev.heap.new_open_set(&attributes, open))
}

fn delay(ev: &mut Evaluator, pending: Pending) -> Value {
    let number = State::of(ev).add_pending(pending);
    let function = ev.native("internal.modules.merge");
    Evaluator::ask(function, number, 0)
}

/// The merged value, deferred: to be written raw into a list or set that is being built.
pub fn delay_merge(ev: &mut Evaluator, loc: &Loc, ty: TypeId, defs: Vec<Definition>) -> Value {
    delay(ev, Pending { loc: loc.clone(), ty: Some(ty), found: Found::Raw(defs) })
}

/// Like [`delay_merge`] for definitions that are discharged already.
pub fn delay_discharged(ev: &mut Evaluator, loc: &Loc, ty: TypeId, found: Discharged) -> Value {
    delay(ev, Pending { loc: loc.clone(), ty: Some(ty), found: Found::Discharged(found) })
}

fn run_pending(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [number] = arguments else { return Ok(Value::NULL) };
    let number = handle(ev, *number)?;
    let waiting = pending(ev, number)?;
    let settled;
    let found = match &waiting.found {
        Found::Raw(defs) => {
            settled = discharge(ev, defs)?;
            &settled
        }
        Found::Discharged(found) => found,
    };
    match waiting.ty {
        Some(ty) => merged_value(ev, &waiting.loc, ty, found),
        None => merge_undeclared(ev, &waiting.loc, found),
    }
}

pub(super) static FAMILY: &[NativeDef] = &[
    NativeDef::strict("internal.modules.merge", 1, run_pending),
    NativeDef::strict("internal.modules.meta", 1, pending_meta),
];
