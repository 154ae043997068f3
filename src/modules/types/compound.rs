//! Merging for types that choose between, convert or wrap other types.

use super::TypeId;
use super::check::{accepts, is_like_string};
use super::collection;
use super::merge::{both, called, definitions_value, maybe, merge, merge_equal, merge_one};
use super::show::{fail, show_files, show_loc};
use super::table::{Part, Plain, capture, captured, is_tagged, plain, resolve};
use crate::eval::{ErrorKind, Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{Set, SlotId, Symbol, Value, View, sym};
use crate::modules::definition::{Definition, Loc, show_name};
use crate::modules::merge::merge_definitions;
use crate::syntax::ExprId;

pub(super) static FAMILY: &[NativeDef] = &[
    NativeDef::lazy("internal.types.tagValue", 2, tag_value),
    NativeDef::with_strict("internal.types.functionToCall", 3, 1, function_to_call),
    NativeDef::with_strict("internal.types.anythingCall", 2, 1, anything_call),
    NativeDef::with_strict("internal.types.functionToArgs", 1, 1, function_to_args),
];

/// `nullOr`: null if all definitions are.
pub(super) fn null_or(ev: &mut Evaluator, inner: Part, loc: &Loc, defs: &[Definition]) -> Outcome {
    let mut nulls = 0;
    for def in defs {
        if ev.force(def.value).view() == View::Null {
            nulls += 1;
        }
    }
    if nulls == 0 {
        let inner = resolve(ev, inner)?;
        return merge(ev, inner, loc, defs);
    }
    if nulls == defs.len() {
        return Ok(defs.first().map_or(Value::NULL, |def| ev.force(def.value)));
    }
    if let Some(def) = defs.iter().find(|def| !def.is_certain) {
        return Err(maybe(ev, def));
    }
    Err(both(ev, loc, "defined both null and not null", defs))
}

/// `either`: the first of the two types that accepts all definitions merges them.
///
/// Definitions that neither accepts were refused before, unless the type's `merge` was called by itself, as that of a freeform type is.
pub(super) fn either(ev: &mut Evaluator, left: Part, right: Part, loc: &Loc, defs: &[Definition]) -> Outcome {
    let mut known = Vec::with_capacity(defs.len());
    let mut unknown = None;
    for def in defs {
        let value = ev.force(def.value);
        if value.is_unknown() {
            unknown = Some(Stop(value));
        } else {
            known.push(def.clone());
        }
    }
    if let (true, Some(stop)) = (known.is_empty(), unknown) {
        return Err(stop);
    }
    let (left, right) = (resolve(ev, left)?, resolve(ev, right)?);
    for choice in [left, right] {
        if accepts(ev, choice, loc, &known)? {
            return merge(ev, choice, loc, defs);
        }
    }
    if let Some(def) = defs.iter().find(|def| !def.is_certain) {
        return Err(maybe(ev, def));
    }
    let (path, first, second) = (show_loc(ev, loc), super::description(ev, left), super::description(ev, right));
    ev.tell(format!(
        "evaluation warning: The definitions of option `{path}' are all neither of type `{first}' nor of type `{second}'."
    ));
    merge_one(ev, loc, defs, "")
}

/// The definitions of a `coercedTo`, those of the first type converted.
pub(super) fn coerce_definitions(
    ev: &mut Evaluator,
    from: Part,
    function: Value,
    loc: &Loc,
    defs: &[Definition],
) -> Result<Vec<Definition>, Stop> {
    let from = resolve(ev, from)?;
    let mut coerced = Vec::with_capacity(defs.len());
    for def in defs {
        let is_unknown = ev.force(def.value).is_unknown();
        if !is_unknown && accepts(ev, from, loc, std::slice::from_ref(def))? {
            let value = ev.heap.delay_call(function, &[def.value]);
            coerced.push(def.turned_into(value));
        } else {
            coerced.push(def.clone());
        }
    }
    Ok(coerced)
}

/// `anything`: sets are merged attribute by attribute, functions by their results, all else must be equal.
pub(super) fn anything(ev: &mut Evaluator, loc: &Loc, defs: &[Definition]) -> Outcome {
    let mut common: Option<&'static str> = None;
    let mut unknown = None;
    for def in defs {
        let value = ev.force(def.value);
        if value.is_error() {
            return Err(Stop(value));
        }
        if value.is_unknown() {
            unknown = Some(Stop(value));
            continue;
        }
        let kind = match value.view() {
            View::Attrs(_) if is_like_string(ev, value) => "stringCoercibleSet",
            _ => ev.type_name(value),
        };
        if *common.get_or_insert(kind) != kind {
            if let Some(def) = defs.iter().find(|def| !def.is_certain) {
                return Err(maybe(ev, def));
            }
            let message =
                format!("The option `{}' has conflicting option types in {}", show_loc(ev, loc), show_files(defs));
            return Err(fail(ev, "conflict", message));
        }
    }
    match (common, unknown) {
        (Some("set"), _) => {
            let ty = plain(ev, Plain::Anything);
            collection::attrs_of(ev, Part::Known(ty), false, loc, defs)
        }
        (_, Some(stop)) => Err(stop),
        (Some("stringCoercibleSet"), _) => merge_one(ev, loc, defs, ""),
        (Some("lambda"), _) => {
            let ty = plain(ev, Plain::Anything);
            let kept = capture(ev, ty, loc, defs);
            Ok(ev.native_with("internal.types.anythingCall", &[kept]))
        }
        _ => merge_equal(ev, loc, defs),
    }
}

fn body(ev: &mut Evaluator, loc: &Loc) -> Loc {
    loc.child(ev.heap.intern("<function body>"))
}

fn anything_call(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [number, argument] = arguments else { return Ok(Value::NULL) };
    let Some(kept) = captured(ev, *number) else { return Ok(Value::NULL) };
    let defs = called(&kept.defs, ev, *argument);
    let loc = body(ev, &kept.loc);
    anything(ev, &loc, &defs)
}

/// `functionTo`: a function whose results are merged.
pub(super) fn function_to(ev: &mut Evaluator, result: Part, loc: &Loc, defs: &[Definition]) -> Outcome {
    for def in defs {
        ev.want(def.value)?;
    }
    let result = resolve(ev, result)?;
    let kept = capture(ev, result, loc, defs);
    let call = ev.native_with("internal.types.functionToCall", &[kept]);
    let formals = ev.delay_native("internal.types.functionToArgs", &[kept]);
    Ok(ev.set(&[("__functionArgs", formals), ("__functor", call)]))
}

fn function_to_call(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [number, _, argument] = arguments else { return Ok(Value::NULL) };
    let Some(kept) = captured(ev, *number) else { return Ok(Value::NULL) };
    let defs = called(&kept.defs, ev, *argument);
    let loc = body(ev, &kept.loc);
    Ok(merge_definitions(ev, &loc, kept.ty, defs)?.value)
}

/// The formals of the merged function: one has a default if it has one in every definition that names it.
fn function_to_args(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [number] = arguments else { return Ok(Value::NULL) };
    let Some(kept) = captured(ev, *number) else { return Ok(Value::NULL) };
    let mut all: Vec<(Symbol, Value, ExprId)> = Vec::new();
    for def in kept.defs.iter() {
        let function = ev.want(def.value)?;
        let formals = match function.view() {
            View::Attrs(set) => match ev.attribute(set, sym::FUNCTION_ARGS) {
                Some(formals) => {
                    let formals = ev.want_attrs(formals)?;
                    let entries = ev.heap.entries(formals);
                    let mut found = Vec::with_capacity(entries.len());
                    for (name, slot, origin) in entries {
                        let has_default = ev.heap.share(slot);
                        found.push((name, ev.want_bool(has_default)?, origin));
                    }
                    found
                }
                None => Vec::new(),
            },
            View::Lambda(..) | View::Native(_) | View::Partial(_) => ev.formals_of(function).unwrap_or_default(),
            _ => {
                let text = format!("'functionArgs' requires a function, not {}", ev.describe(function));
                return Err(ev.error_at(ErrorKind::Type, text, def.origin));
            }
        };
        for (name, has_default, origin) in formals {
            match all.iter_mut().find(|(known, ..)| *known == name) {
                Some((_, value, _)) => *value = Value::bool(has_default && value.view() == View::Bool(true)),
                None => all.push((name, Value::bool(has_default), origin)),
            }
        }
    }
    Ok(ev.heap.new_set(&all))
}

/// The names of the tags of an `attrTag`, as its description lists them.
pub(super) fn choices(ev: &mut Evaluator, tags: Value) -> Result<String, Stop> {
    let tags = ev.want_attrs(tags)?;
    let names: Vec<String> = ev.heap.entries(tags).iter().map(|(name, ..)| show_name(ev.heap.name(*name))).collect();
    Ok(names.join(", "))
}

/// `attrTag`: the tag that the first definition chooses. What the others say shows when somebody looks at its value.
pub(super) fn attr_tag(ev: &mut Evaluator, tags: Value, loc: &Loc, defs: &[Definition]) -> Outcome {
    let Some(first) = defs.first() else { return Ok(Value::EMPTY_SET) };
    let set = ev.want_attrs(first.value)?;
    let Some((choice, _, origin)) = first_entry(ev, set) else {
        let message = format!("A definition for option `{}' is not of type: one tag is expected", show_loc(ev, loc));
        return Err(fail(ev, "type", message));
    };
    let options = ev.want_attrs(tags)?;
    if ev.heap.attribute(options, choice).is_none() {
        let message = format!(
            "The option `{}' is defined as {}, but that is not among the valid choices ({}). It was defined in {}.",
            show_loc(ev, loc),
            show_name(ev.heap.name(choice)),
            choices(ev, tags)?,
            show_files(defs)
        );
        return Err(fail(ev, "type", message));
    }
    let kept = capture(ev, TypeId(0), loc, defs);
    let value = ev.delay_native("internal.types.tagValue", &[kept, tags]);
    Ok(ev.heap.new_set(&[(choice, value, origin)]))
}

/// The first attribute of a set in the order of names.
fn first_entry(ev: &Evaluator, set: Set) -> Option<(Symbol, SlotId, ExprId)> {
    let names = ev.heap.entries(set);
    names.into_iter().min_by(|(a, ..), (b, ..)| ev.heap.name(*a).cmp(ev.heap.name(*b)))
}

/// The value of the tag that all definitions must choose.
fn tag_value(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [number, tags] = arguments else { return Ok(Value::NULL) };
    let Some(kept) = captured(ev, *number) else { return Ok(Value::NULL) };
    let (loc, defs) = (&kept.loc, &kept.defs);
    let mut chosen: Option<Symbol> = None;
    let mut parts = Vec::with_capacity(defs.len());
    for def in defs.iter() {
        let set = ev.want_attrs(def.value)?;
        let entries = ev.heap.entries(set);
        let [(name, slot, origin)] = entries.as_slice() else {
            let message = format!("the option `{}' has a definition with other than one tag", show_loc(ev, loc));
            return Err(ev.error_at(ErrorKind::Assert, message, def.origin));
        };
        let first = *chosen.get_or_insert(*name);
        if first != *name {
            let message = format!(
                "The option `{}' is defined both as `{}' and `{}', in {}.",
                show_loc(ev, loc),
                ev.heap.name(first),
                ev.heap.name(*name),
                show_files(defs)
            );
            return Err(fail(ev, "conflict", message));
        }
        parts.push(def.with_value(ev.heap.share(*slot), *origin));
    }
    let Some(choice) = chosen else { return Ok(Value::NULL) };
    let options = ev.want_attrs(*tags)?;
    let option = ev.attribute_or_stop(options, choice)?;
    let path = loc.child(choice).value(&mut ev.heap);
    let parts = definitions_value(ev, &parts);
    let evaluate = ev.native("lib.modules.evalOptionValue");
    let result = ev.call(evaluate, &[path, option, parts])?;
    let result = ev.want_attrs(result)?;
    ev.attribute_or_stop(result, sym::VALUE)
}

/// The tags of an `attrTag` with where they are declared; a tag that is no option is an error once it is looked at.
pub(super) fn checked_tag(ev: &mut Evaluator, name: &str, option: Value) -> Outcome {
    let option = ev.want(option)?;
    let problem = match option.view() {
        View::Attrs(set) if is_tagged(ev, set, b"option")? => return Ok(option),
        View::Attrs(set) if is_tagged(ev, set, b"option-type")? => {
            "was a bare type, not wrapped in mkOption".to_owned()
        }
        View::Attrs(set) if ev.attribute(set, sym::TYPE_TAG).is_some() => "was of another type".to_owned(),
        _ => format!("was {}", ev.describe(option)),
    };
    let message = format!("In attrTag, each tag value must be an option, but tag {} {problem}.", show_name(name));
    Err(fail(ev, "bad-declaration", message))
}

/// `optionType`: the type that all given types merge into.
pub(super) fn option_type(ev: &mut Evaluator, loc: &Loc, defs: &[Definition]) -> Outcome {
    let Some((first, others)) = defs.split_first() else { return Ok(Value::NULL) };
    if others.is_empty() {
        return Ok(first.value);
    }
    super::submodule::only_file_and_value(ev, loc, first)?;
    let mut merged = super::type_of_value(ev, first.value)?;
    for def in others {
        super::submodule::only_file_and_value(ev, loc, def)?;
        let next = super::type_of_value(ev, def.value)?;
        merged = match super::merge_types(ev, merged, next)? {
            Some(ty) => ty,
            None => {
                let message = format!(
                    "The option `{}' in `{}' is already declared in `{}'.",
                    show_loc(ev, loc),
                    def.file,
                    first.file
                );
                return Err(fail(ev, "redeclared", message));
            }
        };
    }
    Ok(super::type_value(ev, merged))
}
