//! `lib.customisation`: calling functions with arguments found by name, and results that can be overridden. Scopes and what
//! wraps derivations stand in [`super::scopes`].

use super::common::{
    attributes, deferred_native, field_or, is_attrs, is_derivation, is_function, name_value, needs_packages, select,
    single, throw, update,
};
use super::{Family, scopes};
use crate::eval::{ErrorKind, Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{Set, Value, View};
use crate::syntax::ExprId;

pub(super) static FAMILY: Family = Family {
    name: "customisation",
    functions: &[FUNCTIONS, scopes::FUNCTIONS],
    members: &[],
    top: &[
        "overrideDerivation",
        "makeOverridable",
        "callPackageWith",
        "callPackagesWith",
        "extendDerivation",
        "hydraJob",
        "makeScope",
        "makeScopeWithSplicing",
        "makeScopeWithSplicing'",
        "extendMkDerivation",
        "renameCrossIndexFrom",
        "renameCrossIndexTo",
        "mapCrossIndex",
    ],
};

const FUNCTIONS: &[NativeDef] = &[
    NativeDef::lazy("lib.customisation.overrideDerivation", 2, override_derivation),
    NativeDef::strict("lib.customisation.makeOverridable", 1, make_overridable),
    NativeDef::lazy("internal.customisation.overridable", 2, overridable),
    NativeDef::lazy("internal.customisation.override", 3, override_arguments),
    NativeDef::lazy("internal.customisation.overrideAttrs", 3, override_attributes),
    NativeDef::lazy("internal.customisation.calledWith", 4, called_with),
    NativeDef::lazy("internal.customisation.overrideOfSet", 2, override_of_set),
    NativeDef::with_strict("lib.customisation.callPackageWith", 3, 0b010, call_package_with),
    NativeDef::with_strict("lib.customisation.callPackagesWith", 3, 0b010, call_packages_with),
    NativeDef::lazy("internal.customisation.member", 3, member_of_call),
];

/// The derivation's new hash cannot be known without the package set.
fn override_derivation(ev: &mut Evaluator, _: &[Value]) -> Outcome {
    Err(needs_packages(ev, "overrideDerivation"))
}

/// `lib.functionArgs`
pub(super) fn function_args(ev: &mut Evaluator, function: Value) -> Outcome {
    let args = ev.native("lib.trivial.functionArgs");
    ev.call(args, &[function])
}

/// A function with the formals of another one.
fn mirrored(ev: &mut Evaluator, of: Value, function: Value) -> Outcome {
    let mirror = ev.native("lib.trivial.mirrorFunctionArgs");
    ev.call(mirror, &[of, function])
}

fn make_overridable(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function] = arguments else { return Ok(Value::NULL) };
    let call = ev.native_with("internal.customisation.overridable", &[*function]);
    let overridable = mirrored(ev, *function, call)?;
    let View::Attrs(set) = function.view() else { return Ok(overridable) };
    let merged = update(ev, *function, overridable)?;
    let name = ev.heap.intern("override");
    let Some(before) = ev.attribute(set, name) else { return Ok(merged) };
    let override_of_set = ev.native_with("internal.customisation.overrideOfSet", &[before]);
    let more = single(ev, name, override_of_set, ExprId::NONE);
    update(ev, merged, more)
}

/// `change: makeOverridable (override change)`
fn override_of_set(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [before, change] = arguments else { return Ok(Value::NULL) };
    let changed = ev.call(*before, &[*change])?;
    let changed = ev.want(changed)?;
    make_overridable(ev, &[changed])
}

/// Calls a function and gives its result the attributes with which it can be called again.
fn overridable(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function, original] = arguments else { return Ok(Value::NULL) };
    let result = ev.call(*function, &[*original])?;
    let result = ev.want(result)?;
    let again = ev.native_with("internal.customisation.override", &[*function, *original]);
    let mirror = ev.native("lib.trivial.mirrorFunctionArgs");
    let again = ev.heap.delay_call(mirror, &[*function, again]);
    let override_name = ev.heap.intern("override");
    if let View::Attrs(set) = result.view() {
        let derivation_name = ev.heap.intern("overrideDerivation");
        let of_derivation = ev.native_with("internal.customisation.overrideAttrs", &[*function, *original]);
        let mut more = vec![(override_name, again, ExprId::NONE), (derivation_name, of_derivation, ExprId::NONE)];
        let attrs_name = ev.heap.intern("overrideAttrs");
        if ev.attribute(set, attrs_name).is_some() {
            more.push((attrs_name, of_derivation, ExprId::NONE));
        }
        let more = ev.heap.new_set(&more);
        return update(ev, result, more);
    }
    if is_function(ev, result)? {
        let same = mirrored(ev, result, result)?;
        let more = single(ev, override_name, again, ExprId::NONE);
        return update(ev, same, more);
    }
    Ok(result)
}

fn override_arguments(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function, original, new] = arguments else { return Ok(Value::NULL) };
    let new = if is_function(ev, *new)? { ev.call(*new, &[*original])? } else { *new };
    let changed = update(ev, *original, new)?;
    call_overridable(ev, *function, changed)
}

/// `makeOverridable function arguments`
fn call_overridable(ev: &mut Evaluator, function: Value, arguments: Value) -> Outcome {
    let function = ev.want(function)?;
    let made = make_overridable(ev, &[function])?;
    ev.call(made, &[arguments])
}

/// `overrideAttrs` of a result: the call is repeated and the result's own `overrideAttrs` applied to it.
fn override_attributes(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function, original, change] = arguments else { return Ok(Value::NULL) };
    let name = ev.str("overrideAttrs");
    let again = ev.native_with("internal.customisation.calledWith", &[*function, name, *change]);
    let again = mirrored(ev, *function, again)?;
    call_overridable(ev, again, *original)
}

/// `(function arguments).${name} change`
fn called_with(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function, name, change, given] = arguments else { return Ok(Value::NULL) };
    let result = ev.call(*function, &[*given])?;
    let name = super::common::attribute_name(ev, *name)?;
    let method = select(ev, result, name)?;
    ev.call(method, &[*change])
}

/// The function itself, or the one that the file with this path holds.
fn function_or_import(ev: &mut Evaluator, function: Value) -> Outcome {
    if is_function(ev, function)? {
        return Ok(function);
    }
    let import = ev.native("builtins.import");
    let imported = ev.call(import, &[function])?;
    ev.want(imported)
}

/// The arguments of a function found by name: given ones, then automatic ones. What an automatic set that is not wholly
/// known may hold is unknown.
fn found_arguments(ev: &mut Evaluator, formals: Set, automatic: Value, given: Value) -> Outcome {
    let automatic = ev.force(automatic);
    let (known, reason) = match automatic.view() {
        View::Attrs(set) => (Some(set), ev.heap.open_set_reason(set)),
        View::Unknown(id) => (None, Some(id)),
        View::Error(_) => return Err(Stop(automatic)),
        _ => return Err(ev.type_error("a set", automatic)),
    };
    let mut found = Vec::new();
    for (name, _, origin) in attributes(ev, formals) {
        let value = known.and_then(|set| ev.attribute(set, name)).or(reason.map(Value::unknown));
        if let Some(value) = value {
            found.push((name, value, origin));
        }
    }
    let found = ev.heap.new_set(&found);
    update(ev, found, given)
}

fn call_package_with(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [automatic, function, given] = arguments else { return Ok(Value::NULL) };
    let function = function_or_import(ev, *function)?;
    let formals = function_args(ev, function)?;
    let formals = ev.want_attrs(formals)?;
    let all = found_arguments(ev, formals, *automatic, *given)?;
    let all_set = ev.want_attrs(all)?;
    for (name, has_default, origin) in attributes(ev, formals) {
        let is_missing = ev.attribute(all_set, name).is_none() && ev.heap.open_set_reason(all_set).is_none();
        if is_missing && !ev.want_bool(has_default)? {
            let name = ev.heap.name(name).to_owned();
            let message =
                format!("lib.customisation.callPackageWith: Function called without required argument \"{name}\"");
            return Err(ev.error_at(ErrorKind::Abort, message, origin));
        }
    }
    call_overridable(ev, function, all)
}

fn call_packages_with(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [automatic, function, given] = arguments else { return Ok(Value::NULL) };
    let function = function_or_import(ev, *function)?;
    let formals = function_args(ev, function)?;
    let formals = ev.want_attrs(formals)?;
    let all = found_arguments(ev, formals, *automatic, *given)?;
    let packages = ev.call(function, &[all])?;
    if is_derivation(ev, packages)? {
        let name = match field_or(ev, packages, "name")? {
            Some(name) => ev.want_text(name)?,
            None => "<unknown-name>".to_owned(),
        };
        let message = format!(
            "function `callPackages` was called on a *single* derivation \"{name}\"; did you mean to use `callPackage` instead?"
        );
        return Err(throw(ev, message));
    }
    let set = ev.want_attrs(packages)?;
    let mut members = attributes(ev, set);
    for (name, value, origin) in &mut members {
        let name = name_value(ev, *name, *origin);
        *value = deferred_native(ev, "internal.customisation.member", &[function, all, name]);
    }
    let open = ev.heap.open_set_reason(set);
    Ok(ev.heap.new_open_set(&members, open))
}

/// One member of what a function gives, overridable on its own.
fn member_of_call(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function, all, name] = arguments else { return Ok(Value::NULL) };
    let getter = ev.native_with("internal.customisation.select", &[*function, *name]);
    let getter = mirrored(ev, *function, getter)?;
    call_overridable(ev, getter, *all)
}

/// Whether a set has an attribute of this name.
pub(super) fn has_field(ev: &mut Evaluator, set: Value, name: &str) -> Result<bool, Stop> {
    Ok(is_attrs(ev, set)? && field_or(ev, set, name)?.is_some())
}

#[cfg(test)]
mod tests {
    use crate::nixlib::testing::check;

    #[test]
    fn calls_can_be_overridden() {
        check(&[
            ("(lib.makeOverridable ({ a, b ? 2 }: { r = a + b; }) { a = 1; }).r", "3"),
            ("((lib.callPackageWith { a = 1; } ({ a, b ? 5 }: { r = a + b; }) { }).override { b = 1; }).r", "2"),
            (
                "lib.callPackageWith { } ({ missing }: missing) { }",
                r#"error: lib.customisation.callPackageWith: Function called without required argument "missing"…"#,
            ),
        ]);
    }
}
