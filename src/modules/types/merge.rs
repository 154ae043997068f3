//! Merging definitions by type: the choice of the way, and types whose values are not taken apart.
//!
//! Definitions arrive discharged and checked. One that cannot be known makes a scalar unknown and a list or set open; one that only
//! may be there (below an unknown condition) never decides a value alone.

use std::rc::Rc;

use super::show::{ADVICE, fail, show_defs, show_files, show_loc};
use super::table::{Kind, Plain, Role, captured, kind, resolve, type_number};
use super::{TypeId, collection, compound, submodule};
use crate::eval::{Coercion, ErrorKind, Evaluator, NativeDef, Outcome, Piece, Stop, UnknownReason};
use crate::heap::{Set, UnknownId, Value, View, sym};
use crate::modules::definition::{Definition, Loc};
use crate::syntax::ExprId;

pub(super) static FAMILY: &[NativeDef] = &[
    NativeDef::with_strict("internal.types.merge", 3, 1, merge_field),
    NativeDef::with_strict("internal.types.mergeFunctor", 4, 1, merge_functor),
    NativeDef::with_strict("internal.types.mergeV2", 2, 1, merge_v2),
    NativeDef::with_strict("internal.types.headError", 2, 1, head_error),
    NativeDef::with_strict("internal.types.valueMeta", 2, 1, value_meta_field),
    NativeDef::with_strict("internal.types.wholeMeta", 2, 1, whole_meta),
    NativeDef::with_strict("internal.types.mergeDefaultCall", 2, 1, merge_default_call),
];

/// Merges checked, discharged definitions, of which there is at least one.
pub fn merge(ev: &mut Evaluator, ty: TypeId, loc: &Loc, defs: &[Definition]) -> Outcome {
    ev.one_deeper(|ev| merge_by_kind(ev, ty, loc, defs))
}

fn merge_by_kind(ev: &mut Evaluator, ty: TypeId, loc: &Loc, defs: &[Definition]) -> Outcome {
    match &*kind(ev, ty) {
        Kind::Plain(which) => plain(ev, *which, loc, defs),
        Kind::Bounded(bounds) if bounds.allows_floats && !super::check::are_numbers_alike(ev, defs)? => {
            merge_one(ev, loc, defs, "")
        }
        Kind::Bounded(_) | Kind::StrMatching(_) | Kind::Path { .. } | Kind::Enum(_) => merge_equal(ev, loc, defs),
        Kind::Separated(separator) => separated(ev, *separator, defs),
        Kind::ListOf(element) => collection::list_of(ev, *element, loc, defs),
        Kind::AttrsOf { element, is_lazy, .. } => collection::attrs_of(ev, *element, *is_lazy, loc, defs),
        Kind::AttrListOf { element, as_attrs, merge_values } => {
            super::attr_list::merge(ev, *element, *as_attrs, *merge_values, loc, defs)
        }
        Kind::AttrTag(tags) => compound::attr_tag(ev, *tags, loc, defs),
        Kind::Unique { message, inner } => {
            let inner = resolve(ev, *inner)?;
            let text = ev.want_text(*message)?;
            if defs.len() == 1 { merge(ev, inner, loc, defs) } else { merge_one(ev, loc, defs, &text) }
        }
        Kind::NullOr(inner) => compound::null_or(ev, *inner, loc, defs),
        Kind::FunctionTo(result) => compound::function_to(ev, *result, loc, defs),
        Kind::Either(left, right) => compound::either(ev, *left, *right, loc, defs),
        Kind::CoercedTo { from, function, to } => {
            let coerced = compound::coerce_definitions(ev, *from, *function, loc, defs)?;
            let to = resolve(ev, *to)?;
            merge(ev, to, loc, &coerced)
        }
        Kind::Submodule(spec) => submodule::merge(ev, spec, loc, defs),
        Kind::DeferredModule(modules) => submodule::deferred(ev, *modules, loc, defs),
        Kind::Checked { base, .. } => merge(ev, *base, loc, defs),
        Kind::Written { merge: role, .. } => {
            if !super::check::is_coherent(ev, ty)? {
                return Err(incoherent(ev, ty, loc));
            }
            match role {
                Role::Native(id) => merge(ev, *id, loc, defs),
                Role::User(function) => user_merge(ev, *function, loc, defs),
            }
        }
    }
}

pub(super) fn incoherent(ev: &mut Evaluator, ty: TypeId, loc: &Loc) -> Stop {
    let message = format!(
        "The option `{}' has a type `{}' with an ad-hoc `type // {{ check = ...; }}' override, which does not work for a \
         type that checks while it merges. Use `lib.types.addCheck baseType (value: ...)' instead.",
        show_loc(ev, loc),
        super::description(ev, ty)
    );
    fail(ev, "ad-hoc-check", message)
}

/// What `merge.v2` of a user's type gives; `None` if there is no such function.
pub(super) fn user_merge_v2(
    ev: &mut Evaluator,
    function: Value,
    loc: &Loc,
    defs: &[Definition],
) -> Result<Option<Set>, Stop> {
    let View::Attrs(set) = function.view() else { return Ok(None) };
    let name = ev.heap.intern("v2");
    let Some(both) = ev.attribute(set, name) else { return Ok(None) };
    let (path, list) = (loc.value(&mut ev.heap), definitions_value(ev, defs));
    let argument = ev.set(&[("loc", path), ("defs", list)]);
    let result = ev.call(both, &[argument])?;
    ev.want_attrs(result).map(Some)
}

fn user_merge(ev: &mut Evaluator, function: Value, loc: &Loc, defs: &[Definition]) -> Outcome {
    if let Some(result) = user_merge_v2(ev, function, loc, defs)? {
        let name = ev.heap.intern("headError");
        let error = ev.attribute_or_stop(result, name)?;
        let error = ev.want(error)?;
        if let View::Attrs(error) = error.view() {
            let name = ev.heap.intern("message");
            let text = ev.attribute_or_stop(error, name)?;
            let text = ev.want_text(text)?;
            let message = format!("A definition for option `{}' is not of type: {text}", show_loc(ev, loc));
            return Err(fail(ev, "type", message));
        }
        return ev.attribute_or_stop(result, sym::VALUE);
    }
    let (path, list) = (loc.value(&mut ev.heap), definitions_value(ev, defs));
    ev.call(function, &[path, list])
}

fn plain(ev: &mut Evaluator, which: Plain, loc: &Loc, defs: &[Definition]) -> Outcome {
    match which {
        Plain::Unspecified | Plain::OptionDeclaration => merge_default(ev, loc, defs),
        Plain::Raw => merge_one(ev, loc, defs, ""),
        Plain::Anything => compound::anything(ev, loc, defs),
        Plain::BoolByOr => {
            let mut unknown = None;
            for def in defs {
                match ev.want_bool(def.value) {
                    Ok(true) if def.is_certain => return Ok(Value::TRUE),
                    Ok(true) => unknown = Some(maybe(ev, def)),
                    Ok(false) => {}
                    Err(stop) if stop.0.is_unknown() => unknown = Some(stop),
                    Err(stop) => return Err(stop),
                }
            }
            unknown.map_or(Ok(Value::FALSE), Err)
        }
        Plain::Bool | Plain::Int | Plain::Float | Plain::Str | Plain::NonEmptyStr | Plain::LuaInline => {
            merge_equal(ev, loc, defs)
        }
        Plain::SingleLineStr => {
            let value = merge_equal(ev, loc, defs)?;
            let text = ev.want_string(value)?;
            let length = ev.heap.bytes(text).len();
            match ev.heap.bytes(text).strip_suffix(b"\n") {
                Some(_) => Ok(Value::string(ev.heap.substring(text, 0, length - 1)).with_origin(value.origin())),
                None => Ok(value),
            }
        }
        Plain::Attrs => {
            let mut merged = Value::EMPTY_SET;
            for def in defs {
                let value = ev.force(def.value);
                let value = match (doubt(ev, def), value.view()) {
                    (Some(reason), View::Attrs(set)) => veiled(ev, set, reason),
                    _ => value,
                };
                merged = ev.update(merged, value)?;
            }
            Ok(merged)
        }
        Plain::Fileset => {
            let lib = crate::nixlib::lib_value(ev);
            let unions = super::value::select(ev, lib, &["fileset", "unions"])?;
            let values: Vec<Value> = defs.iter().map(|def| def.value).collect();
            let list = ev.list(&values);
            ev.call(unions, &[list])
        }
        Plain::Package => {
            let value = merge_one(ev, loc, defs, "")?;
            let value = ev.want(value)?;
            let is_bare = match value.view() {
                View::Path(_) => true,
                View::Str(id) => !ev.heap.has_context(id),
                _ => false,
            };
            if !is_bare {
                return Ok(value);
            }
            let lib = crate::nixlib::lib_value(ev);
            let convert = super::value::select(ev, lib, &["toDerivation"])?;
            ev.call(convert, &[value])
        }
        Plain::OptionType => compound::option_type(ev, loc, defs),
        Plain::UnitOption => {
            let mut has_list = false;
            for def in defs {
                let value = ev.force(def.value);
                has_list |= matches!(value.view(), View::List(_));
            }
            if has_list { collection::concat(ev, defs, true) } else { merge_equal(ev, loc, defs) }
        }
    }
}

/// A set that only may be there: its names with unknown values.
fn veiled(ev: &mut Evaluator, set: Set, reason: UnknownId) -> Value {
    let attributes: Vec<_> =
        ev.heap.entries(set).into_iter().map(|(name, _, origin)| (name, Value::unknown(reason), origin)).collect();
    ev.heap.new_open_set(&attributes, Some(reason))
}

/// The unknown for a definition that only may be there.
pub(super) fn maybe(ev: &mut Evaluator, def: &Definition) -> Stop {
    if let Some(reason) = def.doubt {
        return Stop(Value::unknown(reason));
    }
    let reason = UnknownReason::Unsupported("a definition whose condition cannot be known".to_owned());
    ev.unknown_at(reason, def.origin)
}

/// The reason for a definition that only may be there; `None` for a certain one.
pub(super) fn doubt(ev: &mut Evaluator, def: &Definition) -> Option<UnknownId> {
    if def.is_certain {
        return None;
    }
    match maybe(ev, def).0.view() {
        View::Unknown(reason) => Some(reason),
        _ => None,
    }
}

/// The only definition's value; several are an error that ends with `advice`.
pub(super) fn merge_one(ev: &mut Evaluator, loc: &Loc, defs: &[Definition], advice: &str) -> Outcome {
    if let [only] = defs {
        return Ok(only.value);
    }
    if let Some(def) = defs.iter().find(|def| !def.is_certain) {
        return Err(maybe(ev, def));
    }
    let message = format!(
        "The option `{}' is defined multiple times while it's expected to be unique.\n{advice}\nDefinition values:{}\n{ADVICE}",
        show_loc(ev, loc),
        show_defs(ev, defs)?
    );
    Err(conflict(ev, message, defs))
}

/// An error about definitions that do not go together: it points at the last of them and, in its trace, at the others.
fn conflict(ev: &mut Evaluator, message: String, defs: &[Definition]) -> Stop {
    let mut places = defs.iter().rev().map(|def| def.origin).filter(|origin| origin.is_some());
    let Some(origin) = places.next() else { return fail(ev, "conflict", message) };
    let mut stop = ev.error_at(ErrorKind::Module("conflict"), message, origin);
    for other in places {
        stop = ev.add_trace(stop, other, "also defined here");
    }
    stop
}

/// The value that all definitions agree on.
pub(super) fn merge_equal(ev: &mut Evaluator, loc: &Loc, defs: &[Definition]) -> Outcome {
    let Some((first, others)) = defs.split_first() else {
        let message = format!("The option `{}' has no definitions to merge.", show_loc(ev, loc));
        return Err(ev.error(ErrorKind::Abort, message));
    };
    if others.is_empty() {
        return Ok(first.value);
    }
    let value = ev.want(first.value)?;
    for def in others {
        if ev.equal(value, def.value)? {
            continue;
        }
        if let Some(uncertain) = defs.iter().find(|def| !def.is_certain) {
            return Err(maybe(ev, uncertain));
        }
        let message = format!(
            "The option `{}' has conflicting definition values:{}\n{ADVICE}",
            show_loc(ev, loc),
            show_defs(ev, &[first.clone(), def.clone()])?
        );
        return Err(conflict(ev, message, &[first.clone(), def.clone()]));
    }
    Ok(value)
}

/// Strings with a separator between them; parts that cannot be known become holes.
fn separated(ev: &mut Evaluator, separator: Value, defs: &[Definition]) -> Outcome {
    if let [only] = defs {
        let value = ev.force(only.value);
        return match value.view() {
            View::Str(_) | View::Unknown(_) => Ok(value),
            _ => ev.coerce(value, Coercion::Strict).map(Value::string),
        };
    }
    let separator = ev.want_string(separator)?;
    let (mut pieces, mut strings, mut has_hole) = (Vec::new(), Vec::new(), false);
    for (index, def) in defs.iter().enumerate() {
        if index > 0 {
            pieces.push(Piece::Known(separator));
            strings.push(separator);
        }
        let value = if def.is_certain { ev.force(def.value) } else { maybe(ev, def).0 };
        if let View::Unknown(id) = value.view() {
            has_hole = true;
            pieces.push(Piece::Hole(id));
        } else {
            let id = ev.coerce(value, Coercion::Strict)?;
            pieces.push(Piece::Known(id));
            strings.push(id);
        }
    }
    if has_hole {
        return Ok(ev.partial_string(pieces, ExprId::NONE));
    }
    let joined = ev.heap.concat(&strings);
    ev.heap.join_contexts(joined, &strings);
    Ok(Value::string(joined))
}

/// What `mkOptionType` does without a merge function: it depends on the values.
pub(super) fn merge_default(ev: &mut Evaluator, loc: &Loc, defs: &[Definition]) -> Outcome {
    if let [only] = defs {
        return Ok(only.value);
    }
    let mut values = Vec::with_capacity(defs.len());
    for def in defs {
        values.push(if def.is_certain { ev.want(def.value)? } else { return Err(maybe(ev, def)) });
    }
    let all = |is: &dyn Fn(&Value) -> bool| values.iter().all(is);
    if all(&|value| super::check::is_function(ev, *value)) {
        let captured = super::table::capture(ev, TypeId(0), loc, defs);
        return Ok(ev.native_with("internal.types.mergeDefaultCall", &[captured]));
    }
    if all(&|value| matches!(value.view(), View::List(_))) {
        return collection::concat(ev, defs, false);
    }
    if all(&|value| matches!(value.view(), View::Attrs(_))) {
        return plain(ev, Plain::Attrs, loc, defs);
    }
    if all(&|value| matches!(value.view(), View::Bool(_))) {
        return Ok(Value::bool(values.contains(&Value::TRUE) || values.iter().any(|v| v.view() == View::Bool(true))));
    }
    if all(&|value| matches!(value.view(), View::Str(_))) {
        let empty = ev.str("");
        return separated(ev, empty, defs);
    }
    if let [first, rest @ ..] = values.as_slice()
        && rest.iter().all(|value| matches!(value.view(), View::Int(_)) && value.view() == first.view())
    {
        return Ok(*first);
    }
    let message =
        format!("Cannot merge definitions of `{}'. Definition values:{}", show_loc(ev, loc), show_defs(ev, defs)?);
    Err(fail(ev, "conflict", message))
}

/// The error for definitions given both as one thing and as another.
pub(super) fn both(ev: &mut Evaluator, loc: &Loc, what: &str, defs: &[Definition]) -> Stop {
    let message = format!("The option `{}' is {what}, in {}.", show_loc(ev, loc), show_files(defs));
    fail(ev, "conflict", message)
}

/// Definitions as merge functions of users see them: a list of `{ file; value; }`.
pub fn definitions_value(ev: &mut Evaluator, defs: &[Definition]) -> Value {
    let mut sets = Vec::with_capacity(defs.len());
    let mut last: Option<(Rc<str>, Value)> = None;
    for def in defs {
        let file = match &last {
            Some((name, value)) if *name == def.file => *value,
            _ => ev.str(&def.file),
        };
        last = Some((Rc::clone(&def.file), file));
        sets.push(definition_set(ev, def, file));
    }
    ev.list(&sets)
}

/// A definition as nixpkgs' functions see it, `file` being the text of its file.
pub(in crate::modules) fn definition_set(ev: &mut Evaluator, def: &Definition, file: Value) -> Value {
    if !def.is_ordered && !def.is_given {
        return ev.set(&[("file", file), ("value", def.value)]);
    }
    let mut fields = vec![("file", file), ("value", def.value)];
    if def.is_ordered {
        fields.push(("priority", Value::int(def.order)));
    }
    if def.is_given {
        fields.push(("_type", ev.str("definition")));
    }
    ev.set(&fields)
}

/// The path that a list of names stands for.
pub(super) fn loc_of(ev: &mut Evaluator, value: Value) -> Result<Loc, Stop> {
    let list = ev.want_whole_list(value)?;
    let mut loc = Loc::root();
    for slot in list.slots() {
        let name = ev.heap.share(slot);
        let name = ev.coerce(name, Coercion::More)?;
        loc = loc.child(ev.heap.intern_string(name));
    }
    Ok(loc)
}

/// The definitions that a list of `{ file; value; }` stands for.
pub(super) fn definitions_of(ev: &mut Evaluator, value: Value) -> Result<Vec<Definition>, Stop> {
    let list = ev.want_whole_list(value)?;
    let mut defs = Vec::with_capacity(list.count());
    for slot in list.slots() {
        let def = ev.heap.share(slot);
        let set = ev.want_attrs(def)?;
        let file: Rc<str> = match ev.attribute(set, sym::FILE) {
            Some(file) => {
                let id = ev.coerce(file, Coercion::More)?;
                Rc::from(&*ev.heap.text(id))
            }
            None => Rc::from("<unknown-file>"),
        };
        let origin = ev.heap.key(set, sym::VALUE).map_or(ExprId::NONE, |key| key.origin);
        let value = ev.attribute_or_stop(set, sym::VALUE)?;
        defs.push(Definition {
            is_ordered: ev.heap.key(set, sym::PRIORITY).is_some(),
            is_given: ev.heap.key(set, sym::TYPE_TAG).is_some(),
            ..Definition::new(value, file, origin)
        });
    }
    Ok(defs)
}

fn merge_given(ev: &mut Evaluator, id: Value, loc: Value, defs: Value) -> Outcome {
    let Some(ty) = type_number(id) else { return Ok(Value::NULL) };
    let (loc, defs) = (loc_of(ev, loc)?, definitions_of(ev, defs)?);
    merge(ev, ty, &loc, &defs)
}

fn merge_field(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [id, loc, defs] = arguments else { return Ok(Value::NULL) };
    merge_given(ev, *id, *loc, *defs)
}

fn merge_functor(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [id, _, loc, defs] = arguments else { return Ok(Value::NULL) };
    merge_given(ev, *id, *loc, *defs)
}

/// `type.merge.v2 { loc, defs }`
fn merge_v2(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [id, argument] = arguments else { return Ok(Value::NULL) };
    let set = ev.want_attrs(*argument)?;
    let (loc, defs) = (ev.heap.intern("loc"), ev.heap.intern("defs"));
    let (loc, defs) = (ev.attribute_or_stop(set, loc)?, ev.attribute_or_stop(set, defs)?);
    let value = ev.delay_native("internal.types.merge", &[*id, loc, defs]);
    let both = ev.list(&[loc, defs]);
    let error = ev.delay_native("internal.types.headError", &[*id, both]);
    let meta = ev.delay_native("internal.types.valueMeta", &[*id, both]);
    Ok(ev.set(&[("headError", error), ("value", value), ("valueMeta", meta)]))
}

fn head_error(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [id, both] = arguments else { return Ok(Value::NULL) };
    let Some(ty) = type_number(*id) else { return Ok(Value::NULL) };
    let (loc, defs) = loc_and_definitions(ev, *both)?;
    super::check::head_error(ev, ty, &loc, &defs)
}

fn value_meta_field(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [id, both] = arguments else { return Ok(Value::NULL) };
    let Some(ty) = type_number(*id) else { return Ok(Value::NULL) };
    let parts = ev.want_list(*both)?;
    let loc = ev.heap.elements(parts).first().copied().unwrap_or(Value::EMPTY_LIST);
    let loc = loc_of(ev, loc)?;
    let whole = ev.delay_native("internal.types.wholeMeta", &[*id, *both]);
    Ok(super::meta::outline(ev, ty, &loc, whole)?.unwrap_or(whole))
}

fn whole_meta(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [id, both] = arguments else { return Ok(Value::NULL) };
    let Some(ty) = type_number(*id) else { return Ok(Value::NULL) };
    let (loc, defs) = loc_and_definitions(ev, *both)?;
    super::meta::value_meta(ev, ty, &loc, &defs)
}

fn loc_and_definitions(ev: &mut Evaluator, both: Value) -> Result<(Loc, Vec<Definition>), Stop> {
    let both = ev.want_list(both)?;
    let parts = ev.heap.elements(both);
    let [loc, defs] = parts.as_slice() else { return Ok((Loc::root(), Vec::new())) };
    Ok((loc_of(ev, *loc)?, definitions_of(ev, *defs)?))
}

/// The definitions kept under a number, each called with an argument.
pub(super) fn called(defs: &[Definition], ev: &mut Evaluator, argument: Value) -> Vec<Definition> {
    let mut results = Vec::with_capacity(defs.len());
    for def in defs {
        let value = ev.heap.delay_call(def.value, &[argument]);
        results.push(def.with_value(value, ExprId::NONE));
    }
    results
}

fn merge_default_call(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [number, argument] = arguments else { return Ok(Value::NULL) };
    let Some(kept) = captured(ev, *number) else { return Ok(Value::NULL) };
    // nixpkgs merges what the functions give as if these were definitions, so only sets with a `value` can be merged.
    let results: Vec<Value> = called(&kept.defs, ev, *argument).iter().map(|def| def.value).collect();
    let results = ev.list(&results);
    let defs = definitions_of(ev, results)?;
    merge_default(ev, &kept.loc, &defs)
}
