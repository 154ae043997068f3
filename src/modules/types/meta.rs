//! What lies inside a merged value: `valueMeta`, and the way down to single elements.

use super::table::{Kind, Part, Role, kind, resolve};
use super::{TypeId, attr_list, compound, submodule};
use crate::eval::{Evaluator, Outcome, Stop};
use crate::heap::{Value, View};
use crate::modules::definition::{Definition, Loc};
use crate::modules::merge::{delay_meta, discharge};
use crate::modules::state::EvalId;
use crate::syntax::ExprId;

/// One element of a list or set: its type, path and definitions.
pub type Element = (TypeId, Loc, Vec<Definition>);

/// The type and definitions that decide in the end: through `nullOr`, `unique`, `either`, `coercedTo`, `addCheck` and changed types.
fn effective(
    ev: &mut Evaluator,
    ty: TypeId,
    loc: &Loc,
    defs: &[Definition],
) -> Result<(TypeId, Vec<Definition>), Stop> {
    let (mut ty, mut defs) = (ty, defs.to_vec());
    for _ in 0..64 {
        ty = match &*kind(ev, ty) {
            Kind::NullOr(inner) | Kind::Unique { inner, .. } => resolve(ev, *inner)?,
            Kind::Either(left, right) => {
                let left = resolve(ev, *left)?;
                if super::check::accepts(ev, left, loc, &defs)? { left } else { resolve(ev, *right)? }
            }
            Kind::CoercedTo { from, function, to } => {
                defs = compound::coerce_definitions(ev, *from, *function, loc, &defs)?;
                resolve(ev, *to)?
            }
            Kind::Checked { base, .. } => *base,
            Kind::Written { merge: Role::Native(id), .. } => *id,
            _ => break,
        };
    }
    Ok((ty, defs))
}

/// The elements of a list or set, in order, each with the definitions that make it; `None` if the type has no elements.
pub fn elements(ev: &mut Evaluator, ty: TypeId, loc: &Loc, defs: &[Definition]) -> Result<Option<Vec<Element>>, Stop> {
    let (ty, defs) = effective(ev, ty, loc, defs)?;
    let (part, is_lazy) = match &*kind(ev, ty) {
        Kind::ListOf(element) => (*element, false),
        Kind::AttrsOf { element, is_lazy, .. } => (*element, *is_lazy),
        Kind::Plain(super::table::Plain::Anything) => (Part::Known(ty), false),
        _ => return Ok(None),
    };
    let element = resolve(ev, part)?;
    let is_list = matches!(&*kind(ev, ty), Kind::ListOf(_));
    let is_set = matches!(&*kind(ev, ty), Kind::AttrsOf { .. });
    let mut found: Vec<Element> = Vec::new();
    for (def, number) in defs.iter().zip(1usize..) {
        let value = ev.force(def.value);
        match value.view() {
            View::Attrs(_) if is_list => return Err(ev.type_error("a list", value)),
            View::List(_) if is_set => return Err(ev.type_error("a set", value)),
            View::List(list) => {
                for (slot, entry) in list.slots().zip(1usize..) {
                    ev.tick()?;
                    let name = ev.heap.intern(&format!("[definition {number}-entry {entry}]"));
                    let value = ev.heap.share(slot);
                    found.push((element, loc.child(name), vec![def.with_value(value, ExprId::NONE)]));
                }
            }
            View::Attrs(set) => {
                for (name, slot, origin) in ev.heap.entries(set) {
                    ev.tick()?;
                    let part = def.with_value(ev.heap.share(slot), origin);
                    match found.iter_mut().find(|(_, loc, _)| loc.last() == Some(name)) {
                        Some((_, _, parts)) => parts.push(part),
                        None => found.push((element, loc.child(name), vec![part])),
                    }
                }
            }
            View::Unknown(_) => {}
            View::Error(_) => return Err(Stop(value)),
            _ if is_list => return Err(ev.type_error("a list", value)),
            _ if is_set => return Err(ev.type_error("a set", value)),
            _ => {}
        }
    }
    let mut kept = Vec::with_capacity(found.len());
    for (element, loc, parts) in found {
        let discharged = if is_lazy { None } else { Some(discharge(ev, &parts)?) };
        if discharged.is_none_or(|found| !found.defs.is_empty() || found.open.is_some()) {
            kept.push((element, loc, parts));
        }
    }
    Ok(Some(kept))
}

/// The element called `name` of a set, or with that number (from 0) of a list.
pub fn element(
    ev: &mut Evaluator,
    ty: TypeId,
    loc: &Loc,
    defs: &[Definition],
    name: &str,
) -> Result<Option<Element>, Stop> {
    let Some(all) = elements(ev, ty, loc, defs)? else { return Ok(None) };
    let symbol = ev.heap.intern(name);
    let named = all.iter().find(|(_, loc, _)| loc.last() == Some(symbol)).cloned();
    Ok(named.or_else(|| all.get(name.parse::<usize>().ok()?).cloned()))
}

/// The evaluation behind the value of an option of a submodule type; `None` for other types.
pub fn submodule_evaluation(
    ev: &mut Evaluator,
    ty: TypeId,
    loc: &Loc,
    defs: &[Definition],
) -> Result<Option<EvalId>, Stop> {
    let (ty, defs) = effective(ev, ty, loc, defs)?;
    match &*kind(ev, ty) {
        Kind::Submodule(spec) => submodule::evaluate(ev, spec, loc, &defs).map(Some),
        _ => Ok(None),
    }
}

/// What the type says about the merged value: `valueMeta` without `_internal`. Types that do not check while they merge say nothing.
pub fn value_meta(ev: &mut Evaluator, ty: TypeId, loc: &Loc, defs: &[Definition]) -> Outcome {
    ev.one_deeper(|ev| value_meta_by_kind(ev, ty, loc, defs))
}

fn value_meta_by_kind(ev: &mut Evaluator, ty: TypeId, loc: &Loc, defs: &[Definition]) -> Outcome {
    if !super::check::checks_while_merging(ev, ty) {
        return Ok(Value::EMPTY_SET);
    }
    if !super::check::is_coherent(ev, ty)? {
        return Err(super::merge::incoherent(ev, ty, loc));
    }
    match &*kind(ev, ty) {
        Kind::ListOf(_) => {
            let mut metas = Vec::new();
            for (element, loc, parts) in elements(ev, ty, loc, defs)?.unwrap_or_default() {
                metas.push(delay_meta(ev, &loc, element, parts));
            }
            let list = ev.list(&metas);
            Ok(ev.set(&[("list", list)]))
        }
        Kind::AttrsOf { .. } => {
            let mut metas = Vec::new();
            for (element, loc, parts) in elements(ev, ty, loc, defs)?.unwrap_or_default() {
                let Some(name) = loc.last() else { continue };
                metas.push((name, delay_meta(ev, &loc, element, parts), ExprId::NONE));
            }
            let attrs = ev.heap.new_set(&metas);
            Ok(ev.set(&[("attrs", attrs)]))
        }
        Kind::AttrListOf { element, .. } => attr_list::value_meta(ev, *element, loc, defs),
        Kind::Submodule(spec) => {
            let configuration = submodule::configuration(ev, spec, loc, defs)?;
            Ok(ev.set(&[("configuration", configuration)]))
        }
        Kind::Either(left, right) => {
            for side in [*left, *right] {
                let side = resolve(ev, side)?;
                if super::check::accepts(ev, side, loc, defs)? {
                    return value_meta(ev, side, loc, defs);
                }
            }
            let error = super::check::head_error(ev, ty, loc, defs)?;
            Ok(ev.set(&[("headError", error)]))
        }
        Kind::Bounded(_) if !super::check::are_numbers_alike(ev, defs)? => {
            let error = super::check::head_error(ev, ty, loc, defs)?;
            Ok(ev.set(&[("headError", error)]))
        }
        Kind::CoercedTo { from, function, to } => {
            let coerced = compound::coerce_definitions(ev, *from, *function, loc, defs)?;
            let to = resolve(ev, *to)?;
            value_meta(ev, to, loc, &coerced)
        }
        Kind::Checked { base, .. } | Kind::Written { merge: Role::Native(base), .. } => {
            value_meta(ev, *base, loc, defs)
        }
        Kind::Written { merge: Role::User(function), .. } => {
            let merged = super::merge::user_merge_v2(ev, *function, loc, defs)?;
            let name = ev.heap.intern("valueMeta");
            match merged {
                Some(set) => ev.attribute_or_stop(set, name),
                None => Ok(Value::EMPTY_SET),
            }
        }
        _ => Ok(Value::EMPTY_SET),
    }
}

/// What `evalModules` returns has these attributes beside its tag, whatever the modules say.
const CONFIGURATION: &[&str] = &["_module", "class", "config", "extendModules", "graph", "options", "type"];

/// [`value_meta`] as far as it is known without the definitions, which may depend on it: a set whose attributes are taken from `whole`,
/// the deferred meta, when somebody reads them. `None` for types that choose by what is defined.
pub(in crate::modules) fn outline(
    ev: &mut Evaluator,
    ty: TypeId,
    loc: &Loc,
    whole: Value,
) -> Result<Option<Value>, Stop> {
    let mut ty = ty;
    for _ in 0..64 {
        if !super::check::checks_while_merging(ev, ty) {
            return Ok(Some(Value::EMPTY_SET));
        }
        if !super::check::is_coherent(ev, ty)? {
            return Err(super::merge::incoherent(ev, ty, loc));
        }
        ty = match &*kind(ev, ty) {
            Kind::ListOf(_) => return Ok(Some(taken(ev, &["list"], whole))),
            Kind::AttrsOf { .. } => return Ok(Some(taken(ev, &["attrs"], whole))),
            Kind::AttrListOf { .. } => {
                return Ok(Some(taken(ev, &["attrList", "attrListValue", "definitions"], whole)));
            }
            Kind::Submodule(_) => {
                let configuration = part_of(ev, "configuration", whole);
                let (parts, tag) = (taken(ev, CONFIGURATION, configuration), ev.str("configuration"));
                let tag = ev.set(&[("_type", tag)]);
                let configuration = ev.update(parts, tag)?;
                return Ok(Some(ev.set(&[("configuration", configuration)])));
            }
            Kind::CoercedTo { to, .. } => resolve(ev, *to)?,
            Kind::Checked { base, .. } | Kind::Written { merge: Role::Native(base), .. } => *base,
            _ => return Ok(None),
        };
    }
    Ok(None)
}

fn part_of(ev: &mut Evaluator, name: &str, set: Value) -> Value {
    let name = ev.str(name);
    ev.delay_native("internal.types.get", &[name, set])
}

fn taken(ev: &mut Evaluator, names: &[&str], set: Value) -> Value {
    let parts: Vec<(&str, Value)> = names.iter().map(|name| (*name, part_of(ev, name, set))).collect();
    ev.set(&parts)
}
