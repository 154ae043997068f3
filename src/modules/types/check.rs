//! Whether a value may belong to a type. Only the value itself is looked at, never what it contains.

use super::TypeId;
use super::show::{show_defs, show_loc};
use super::table::{Bounds, Kind, Plain, Role, is_tagged, kind, resolve, type_number};
use super::value::{is_within, optional_bool};
use crate::eval::{Coercion, Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{Value, View, sym};
use crate::modules::definition::{Definition, Loc};

pub(super) static FAMILY: &[NativeDef] = &[
    NativeDef::with_strict("internal.types.check", 2, 1, check_field),
    NativeDef::with_strict("internal.types.checkFunctor", 3, 1, check_functor),
    NativeDef::strict("internal.types.isPasswdField", 1, is_passwd_field),
    NativeDef::strict("internal.types.isNonEmptyList", 1, is_non_empty_list),
    NativeDef::strict("internal.types.isShellPackage", 1, is_shell_package),
    NativeDef::strict("internal.types.isPackageSet", 1, is_package_set),
];

/// Whether a definition's value may belong to the type. A value that cannot be known may.
pub fn check(ev: &mut Evaluator, ty: TypeId, value: Value) -> Result<bool, Stop> {
    match is_accepted(ev, ty, value) {
        Err(stop) if stop.0.is_unknown() => Ok(true),
        answer => answer,
    }
}

/// Whether the definitions can be merged by the type: as [`check`] on each, except that a choice between types must fall alike for all.
pub(in crate::modules) fn accepts(
    ev: &mut Evaluator,
    ty: TypeId,
    loc: &Loc,
    defs: &[Definition],
) -> Result<bool, Stop> {
    ev.one_deeper(|ev| accepts_all(ev, ty, loc, defs))
}

fn accepts_all(ev: &mut Evaluator, ty: TypeId, loc: &Loc, defs: &[Definition]) -> Result<bool, Stop> {
    match &*kind(ev, ty) {
        Kind::Either(left, right) => {
            let left = resolve(ev, *left)?;
            if accepts(ev, left, loc, defs)? {
                return Ok(true);
            }
            let right = resolve(ev, *right)?;
            accepts(ev, right, loc, defs)
        }
        Kind::CoercedTo { from, function, to } => {
            let coerced = super::compound::coerce_definitions(ev, *from, *function, loc, defs)?;
            let to = resolve(ev, *to)?;
            if checks_while_merging(ev, to) {
                return accepts(ev, to, loc, &coerced);
            }
            all_accepted(ev, ty, defs)
        }
        Kind::Bounded(bounds) if bounds.allows_floats && !are_numbers_alike(ev, defs)? => Ok(false),
        Kind::Checked { base, predicate } => {
            if !accepts(ev, *base, loc, defs)? {
                return Ok(false);
            }
            for def in defs {
                if !ev.call_bool(*predicate, &[def.value])? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Kind::Written { merge: Role::Native(base), .. } if checks_while_merging(ev, *base) => {
            accepts(ev, *base, loc, defs)
        }
        Kind::Written { merge: Role::User(function), .. } if checks_while_merging(ev, ty) => {
            let Some(merged) = super::merge::user_merge_v2(ev, *function, loc, defs)? else { return Ok(true) };
            let name = ev.heap.intern("headError");
            let error = ev.attribute_or_stop(merged, name)?;
            Ok(ev.want(error)?.view() == View::Null)
        }
        _ => all_accepted(ev, ty, defs),
    }
}

fn all_accepted(ev: &mut Evaluator, ty: TypeId, defs: &[Definition]) -> Result<bool, Stop> {
    for def in defs {
        if !check(ev, ty, def.value)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether all definitions are integers, or all floats; one that cannot be known is either.
pub(super) fn are_numbers_alike(ev: &mut Evaluator, defs: &[Definition]) -> Result<bool, Stop> {
    let (mut is_int, mut is_float) = (true, true);
    for def in defs {
        let value = ev.force(def.value);
        match value.view() {
            View::Int(_) => is_float = false,
            View::Float(_) => is_int = false,
            View::Unknown(_) => {}
            View::Error(_) => return Err(Stop(value)),
            _ => return Ok(false),
        }
    }
    Ok(is_int || is_float)
}

/// What a type that checks while it merges says against the definitions: null, or a set with a `message`.
pub(in crate::modules) fn head_error(ev: &mut Evaluator, ty: TypeId, loc: &Loc, defs: &[Definition]) -> Outcome {
    let Some(message) = refusal(ev, ty, loc, defs)? else { return Ok(Value::NULL) };
    let message = ev.str(&message);
    Ok(ev.set(&[("message", message)]))
}

/// Why the definitions do not suit the type; `None` if they do.
pub(in crate::modules) fn refusal(
    ev: &mut Evaluator,
    ty: TypeId,
    loc: &Loc,
    defs: &[Definition],
) -> Result<Option<String>, Stop> {
    ev.one_deeper(|ev| {
        if !is_coherent(ev, ty)? {
            return Err(super::merge::incoherent(ev, ty, loc));
        }
        if accepts(ev, ty, loc, defs)? {
            return Ok(None);
        }
        let neither = |ev: &mut Evaluator, left: &str, right: &str| {
            let (path, shown) = (show_loc(ev, loc), show_defs(ev, defs)?);
            Ok(Some(format!(
                "The option `{path}` is neither a value of type `{left}` nor `{right}`, Definition values: {shown}"
            )))
        };
        match &*kind(ev, ty) {
            Kind::Either(left, right) => {
                let (left, right) = (resolve(ev, *left)?, resolve(ev, *right)?);
                let (left, right) = (super::description(ev, left), super::description(ev, right));
                return neither(ev, &left, &right);
            }
            Kind::Bounded(bounds) if bounds.allows_floats && !are_numbers_alike(ev, defs)? => {
                return neither(ev, "signed integer", "floating point number");
            }
            Kind::CoercedTo { from, function, to } => {
                let to = resolve(ev, *to)?;
                if checks_while_merging(ev, to) {
                    let coerced = super::compound::coerce_definitions(ev, *from, *function, loc, defs)?;
                    return refusal(ev, to, loc, &coerced);
                }
            }
            Kind::Checked { base, .. } => {
                if let Some(message) = refusal(ev, *base, loc, defs)? {
                    return Ok(Some(message));
                }
            }
            Kind::Written { merge: Role::Native(base), .. } if checks_while_merging(ev, *base) => {
                if let Some(message) = refusal(ev, *base, loc, defs)? {
                    return Ok(Some(message));
                }
            }
            _ => {}
        }
        let mut wrong = Vec::new();
        for def in defs {
            if !check(ev, ty, def.value)? {
                wrong.push(def.clone());
            }
        }
        Ok(Some(format!("Definition values: {}", show_defs(ev, &wrong)?)))
    })
}

/// Whether merging with this type checks the definitions too (what nixpkgs calls merge version 2).
pub(in crate::modules) fn checks_while_merging(ev: &mut Evaluator, ty: TypeId) -> bool {
    match &*kind(ev, ty) {
        Kind::ListOf(_)
        | Kind::AttrListOf { .. }
        | Kind::AttrsOf { .. }
        | Kind::Either(..)
        | Kind::CoercedTo { .. }
        | Kind::Submodule(_) => true,
        Kind::Bounded(bounds) => bounds.allows_floats,
        Kind::Checked { base, .. } => checks_while_merging(ev, *base),
        Kind::Written { merge: Role::Native(id), .. } => checks_while_merging(ev, *id),
        Kind::Written { merge: Role::User(function), .. } => match function.view() {
            View::Attrs(set) => {
                let name = ev.heap.intern("v2");
                ev.attribute(set, name).is_some()
            }
            _ => false,
        },
        _ => false,
    }
}

/// Whether a type's `check` belongs to its merge: false for a set that changes `check` alone of a type that checks while merging.
pub(super) fn is_coherent(ev: &mut Evaluator, ty: TypeId) -> Result<bool, Stop> {
    let Kind::Written { check, merge, .. } = &*kind(ev, ty) else { return Ok(true) };
    match (check, merge) {
        (Role::Native(check), Role::Native(merge)) if check == merge => Ok(true),
        (Role::Native(check), _) if checks_while_merging(ev, *check) => Ok(true),
        _ if !checks_while_merging(ev, ty) => Ok(true),
        (Role::User(function), _) => {
            let View::Attrs(set) = function.view() else { return Ok(false) };
            let name = ev.heap.intern("isV2MergeCoherent");
            match ev.attribute(set, name) {
                Some(flag) => ev.want_bool(flag),
                None => Ok(false),
            }
        }
        _ => Ok(false),
    }
}

/// Whether a value may belong to the type; what cannot be known is a stop.
pub(super) fn is_accepted(ev: &mut Evaluator, ty: TypeId, value: Value) -> Result<bool, Stop> {
    match &*kind(ev, ty) {
        Kind::Plain(which) => plain(ev, *which, value),
        other => ev.one_deeper(|ev| is_accepted_by(ev, other, value)),
    }
}

fn is_accepted_by(ev: &mut Evaluator, kind: &Kind, value: Value) -> Result<bool, Stop> {
    match kind {
        Kind::Plain(which) => plain(ev, *which, value),
        Kind::Bounded(bounds) => bounded(ev, bounds, value),
        Kind::StrMatching(pattern) => {
            let value = ev.want(value)?;
            Ok(matches!(value.view(), View::Str(_)) && matches(ev, *pattern, value)?)
        }
        Kind::Separated(_) => {
            let value = ev.want(value)?;
            Ok(matches!(value.view(), View::Str(_)))
        }
        Kind::Path { in_store, absolute } => path(ev, value, *in_store, *absolute),
        Kind::Enum(values) => {
            let is_in = ev.native("builtins.elem");
            ev.call_bool(is_in, &[value, *values])
        }
        Kind::ListOf(_) => {
            let value = ev.want(value)?;
            Ok(matches!(value.view(), View::List(_)))
        }
        Kind::AttrsOf { .. } => {
            let value = ev.want(value)?;
            Ok(matches!(value.view(), View::Attrs(_)))
        }
        Kind::AttrListOf { .. } => {
            let value = ev.want(value)?;
            Ok(matches!(value.view(), View::List(_) | View::Attrs(_)))
        }
        Kind::AttrTag(tags) => {
            let value = ev.want(value)?;
            let View::Attrs(set) = value.view() else { return Ok(false) };
            let tags = ev.want_attrs(*tags)?;
            let names = ev.heap.entries(set);
            Ok(matches!(names.as_slice(), [(name, ..)] if ev.heap.attribute(tags, *name).is_some()))
        }
        Kind::Unique { inner, .. } => {
            let inner = resolve(ev, *inner)?;
            is_accepted(ev, inner, value)
        }
        Kind::NullOr(inner) => {
            let value = ev.want(value)?;
            if value.view() == View::Null {
                return Ok(true);
            }
            let inner = resolve(ev, *inner)?;
            is_accepted(ev, inner, value)
        }
        Kind::FunctionTo(_) => {
            let value = ev.want(value)?;
            Ok(is_function(ev, value))
        }
        Kind::Either(left, right) => {
            let left = resolve(ev, *left)?;
            if is_accepted(ev, left, value)? {
                return Ok(true);
            }
            let right = resolve(ev, *right)?;
            is_accepted(ev, right, value)
        }
        Kind::CoercedTo { from, function, to } => {
            let (from, to) = (resolve(ev, *from)?, resolve(ev, *to)?);
            if is_accepted(ev, from, value)? {
                let coerced = ev.heap.delay_call(*function, &[value]);
                if is_accepted(ev, to, coerced)? {
                    return Ok(true);
                }
            }
            is_accepted(ev, to, value)
        }
        Kind::Submodule(_) | Kind::DeferredModule(_) => module(ev, value),
        Kind::Checked { base, predicate } => Ok(is_accepted(ev, *base, value)? && ev.call_bool(*predicate, &[value])?),
        Kind::Written { check: Role::Native(id), .. } => is_accepted(ev, *id, value),
        Kind::Written { check: Role::User(function), .. } => ev.call_bool(*function, &[value]),
    }
}

fn plain(ev: &mut Evaluator, which: Plain, value: Value) -> Result<bool, Stop> {
    if matches!(which, Plain::Unspecified | Plain::Raw | Plain::Anything | Plain::UnitOption) {
        return Ok(true);
    }
    let value = ev.want(value)?;
    let view = value.view();
    Ok(match which {
        Plain::Unspecified | Plain::Raw | Plain::Anything | Plain::UnitOption => true,
        Plain::Bool | Plain::BoolByOr => matches!(view, View::Bool(_)),
        Plain::Int => matches!(view, View::Int(_)),
        Plain::Float => matches!(view, View::Float(_)),
        Plain::Str => matches!(view, View::Str(_)),
        Plain::NonEmptyStr => {
            matches!(view, View::Str(id) if ev.heap.bytes(id).iter().any(|byte| !b" \t\n".contains(byte)))
        }
        Plain::SingleLineStr => match view {
            View::Str(id) => {
                let bytes = ev.heap.bytes(id);
                let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
                !line.iter().any(|byte| b"\n\r".contains(byte))
            }
            _ => false,
        },
        Plain::Attrs => matches!(view, View::Attrs(_)),
        Plain::Fileset => {
            let lib = crate::nixlib::lib_value(ev);
            let function = super::value::select(ev, lib, &["fileset", "isFileset"])?;
            ev.call_bool(function, &[value])?
        }
        Plain::Package => match view {
            View::Attrs(set) if ev.is_derivation(set) => true,
            _ => is_store_path(ev, value)?,
        },
        Plain::LuaInline => match view {
            View::Attrs(set) => is_tagged(ev, set, b"lua-inline")?,
            _ => false,
        },
        Plain::OptionDeclaration => match view {
            View::Attrs(set) => is_tagged(ev, set, b"option")? && ev.attribute(set, sym::VALUE).is_none(),
            _ => false,
        },
        Plain::OptionType => match view {
            View::Attrs(set) => is_tagged(ev, set, b"option-type")?,
            _ => false,
        },
    })
}

fn bounded(ev: &mut Evaluator, bounds: &Bounds, value: Value) -> Result<bool, Stop> {
    let value = ev.want(value)?;
    let is_number = match value.view() {
        View::Int(_) => true,
        View::Float(_) => bounds.allows_floats,
        _ => false,
    };
    if !is_number {
        return Ok(false);
    }
    if let Some(low) = bounds.low
        && !is_within(ev, low, value, true)?
    {
        return Ok(false);
    }
    match bounds.high {
        Some(high) => is_within(ev, high, value, false),
        None => Ok(true),
    }
}

fn matches(ev: &mut Evaluator, pattern: Value, value: Value) -> Result<bool, Stop> {
    let function = ev.native("builtins.match");
    let found = ev.call(function, &[pattern, value])?;
    Ok(ev.want(found)?.view() != View::Null)
}

/// Whether a value is a string, a path, or a set that turns into a string.
pub(super) fn is_like_string(ev: &Evaluator, value: Value) -> bool {
    match value.view() {
        View::Str(_) | View::Path(_) => true,
        View::Attrs(set) => ev.attribute(set, sym::OUT_PATH).is_some() || ev.attribute(set, sym::TO_STRING).is_some(),
        _ => false,
    }
}

/// Whether a value is a function or a set that can be called.
pub(super) fn is_function(ev: &Evaluator, value: Value) -> bool {
    match value.view() {
        View::Lambda(..) | View::Native(_) | View::Partial(_) => true,
        View::Attrs(set) => ev.attribute(set, sym::FUNCTOR).is_some(),
        _ => false,
    }
}

const STORE: &str = "/nix/store/";

fn text_of(ev: &mut Evaluator, value: Value) -> Result<String, Stop> {
    let id = ev.coerce(value, Coercion::More)?;
    Ok(ev.heap.text(id).into_owned())
}

/// Whether a value is the path of an item of the store, or turns into one.
fn is_store_path(ev: &mut Evaluator, value: Value) -> Result<bool, Stop> {
    if !is_like_string(ev, value) {
        return Ok(false);
    }
    let text = text_of(ev, value)?;
    Ok(text.strip_prefix(STORE).is_some_and(|item| !item.is_empty() && !item.contains('/')))
}

fn path(ev: &mut Evaluator, value: Value, in_store: Value, absolute: Value) -> Result<bool, Stop> {
    let value = ev.want(value)?;
    let (in_store, absolute) = (optional_bool(ev, in_store)?, optional_bool(ev, absolute)?);
    // A true path is refused where the store is excluded, because it could be copied to the store later on.
    let is_right_kind =
        if in_store == Some(false) { matches!(value.view(), View::Str(_)) } else { is_like_string(ev, value) };
    if !is_right_kind {
        return Ok(false);
    }
    if in_store.is_none() && absolute.is_none() {
        return Ok(true);
    }
    let text = text_of(ev, value)?;
    let is_in_store = text.strip_prefix(STORE).is_some_and(|item| item.len() > 32);
    Ok(in_store.is_none_or(|wanted| wanted == is_in_store)
        && absolute.is_none_or(|wanted| wanted == text.starts_with('/')))
}

/// Whether a value looks like a module: a set, a function or the path of a file.
fn module(ev: &mut Evaluator, value: Value) -> Result<bool, Stop> {
    let value = ev.want(value)?;
    match value.view() {
        View::Attrs(_) => Ok(true),
        _ if is_function(ev, value) => Ok(true),
        _ => path(ev, value, Value::NULL, Value::TRUE),
    }
}

fn check_field(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [id, value] = arguments else { return Ok(Value::NULL) };
    let Some(ty) = type_number(*id) else { return Ok(Value::NULL) };
    is_accepted(ev, ty, *value).map(Value::bool)
}

fn check_functor(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [id, _, value] = arguments else { return Ok(Value::NULL) };
    let Some(ty) = type_number(*id) else { return Ok(Value::NULL) };
    is_accepted(ev, ty, *value).map(Value::bool)
}

fn is_passwd_field(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [value] = arguments else { return Ok(Value::NULL) };
    let text = ev.want_string(*value)?;
    Ok(Value::bool(!ev.heap.bytes(text).iter().any(|byte| b":\n".contains(byte))))
}

fn is_non_empty_list(_: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [value] = arguments else { return Ok(Value::NULL) };
    Ok(Value::bool(!matches!(value.view(), View::List(list) if list.len == 0 && !list.open)))
}

fn is_shell_package(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [value] = arguments else { return Ok(Value::NULL) };
    let View::Attrs(set) = value.view() else { return Ok(Value::FALSE) };
    let name = ev.heap.intern("shellPath");
    Ok(Value::bool(ev.is_derivation(set) && ev.attribute(set, name).is_some()))
}

fn is_package_set(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [value] = arguments else { return Ok(Value::NULL) };
    let View::Attrs(set) = value.view() else { return Ok(Value::FALSE) };
    is_tagged(ev, set, b"pkgs").map(Value::bool)
}
