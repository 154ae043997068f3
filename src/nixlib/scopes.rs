//! The functions of `lib.customisation` that make scopes and wrap derivations.

use super::common::{
    attribute_name, deferred_native, field, field_or, is_function, list_of, name_value, select, single, update,
    whole_elements,
};
use super::customisation::{function_args, has_field};
use super::fixed_points::fixed_point;
use crate::eval::{ErrorKind, Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{Value, View, sym};
use crate::syntax::ExprId;

pub(super) const FUNCTIONS: &[NativeDef] = &[
    NativeDef::lazy("internal.customisation.select", 3, select_from_call),
    NativeDef::with_strict("lib.customisation.extendDerivation", 3, 0b100, extend_derivation),
    NativeDef::lazy("internal.customisation.output", 5, extended_output),
    NativeDef::lazy("internal.customisation.asserted", 3, asserted),
    NativeDef::lazy("internal.customisation.outputOverride", 3, output_override),
    NativeDef::strict("lib.customisation.hydraJob", 1, hydra_job),
    NativeDef::lazy("internal.customisation.hydraConstituents", 1, hydra_constituents),
    NativeDef::lazy("internal.select", 2, select_name),
    NativeDef::lazy("lib.customisation.makeScope", 2, make_scope),
    NativeDef::lazy("internal.customisation.scope", 3, scope),
    NativeDef::lazy("internal.customisation.newScope", 3, new_scope),
    NativeDef::lazy("internal.customisation.overrideScope", 3, override_scope),
    NativeDef::lazy("lib.customisation.makeScopeWithSplicing", 6, make_scope_with_splicing),
    NativeDef::strict("lib.customisation.makeScopeWithSplicing'", 2, make_scope_with_splicing_of_sets)
        .taking(&[("splicePackages", false), ("newScope", false)]),
    NativeDef::lazy("internal.customisation.splicedScope", 3, spliced_scope),
    NativeDef::lazy("internal.customisation.spliced", 3, spliced),
    NativeDef::lazy("internal.customisation.overrideSpliced", 3, override_spliced),
    NativeDef::strict("lib.customisation.extendMkDerivation", 1, extend_mk_derivation).taking(&[
        ("constructDrv", false),
        ("excludeDrvArgNames", true),
        ("excludeFunctionArgNames", true),
        ("extendDrvArgs", false),
        ("inheritFunctionArgs", true),
        ("transformDrv", true),
    ]),
    NativeDef::lazy("internal.customisation.extendedMk", 3, extended_mk),
    NativeDef::lazy("internal.customisation.extendedArgs", 3, extended_args),
    NativeDef::lazy("internal.customisation.formals", 1, extended_formals),
    NativeDef::with_strict("lib.customisation.renameCrossIndexFrom", 2, 0b01, rename_cross_index_from),
    NativeDef::with_strict("lib.customisation.renameCrossIndexTo", 2, 0b01, rename_cross_index_to),
    NativeDef::with_strict("lib.customisation.mapCrossIndex", 2, 0b10, map_cross_index),
];

/// `(function arguments).${name}`
fn select_from_call(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function, name, given] = arguments else { return Ok(Value::NULL) };
    let result = ev.call(*function, &[*given])?;
    let name = attribute_name(ev, *name)?;
    select(ev, result, name)
}

/// `set.${name}`
fn select_name(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [set, name] = arguments else { return Ok(Value::NULL) };
    let name = attribute_name(ev, *name)?;
    select(ev, *set, name)
}

/// A deferred `set.name`, to be written into a slot.
pub(super) fn delayed_field(ev: &mut Evaluator, set: Value, name: &str) -> Value {
    let name = ev.str(name);
    deferred_native(ev, "internal.select", &[set, name])
}

/// The outputs of a derivation, `[ "out" ]` if it does not say.
fn output_names(ev: &mut Evaluator, derivation: Value) -> Result<Vec<Value>, Stop> {
    match field_or(ev, derivation, "outputs")? {
        Some(outputs) => whole_elements(ev, outputs),
        None => Ok(vec![ev.str("out")]),
    }
}

fn extend_derivation(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [condition, passthru, derivation] = arguments else { return Ok(Value::NULL) };
    let common = ev.heap.new_slot(Value::BLACK);
    let itself = Value::reference(common);
    let mut outputs = Vec::new();
    let mut values = Vec::new();
    for name in output_names(ev, *derivation)? {
        let symbol = attribute_name(ev, name)?;
        let value =
            ev.delay_native("internal.customisation.output", &[*condition, *passthru, *derivation, name, itself]);
        outputs.push((symbol, value, ExprId::NONE));
        values.push(value);
    }
    let all = list_of(ev, &values, None);
    outputs.push((ev.heap.intern("all"), all, ExprId::NONE));
    let outputs = ev.heap.new_set(&outputs);
    let base = update(ev, *derivation, outputs)?;
    let base = update(ev, base, *passthru)?;
    let paths = asserted_paths(ev, *condition, *derivation);
    let paths = ev.heap.new_set(&paths);
    let result = update(ev, base, paths)?;
    ev.heap.set(common, result);
    Ok(result)
}

/// `drvPath` and `outPath` of a derivation, which fail unless a condition holds.
fn asserted_paths(ev: &mut Evaluator, condition: Value, of: Value) -> Vec<(crate::heap::Symbol, Value, ExprId)> {
    [sym::DRV_PATH, sym::OUT_PATH]
        .into_iter()
        .map(|name| {
            let text = name_value(ev, name, ExprId::NONE);
            let value = deferred_native(ev, "internal.customisation.asserted", &[condition, of, text]);
            (name, value, ExprId::NONE)
        })
        .collect()
}

fn asserted(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [condition, set, name] = arguments else { return Ok(Value::NULL) };
    if !ev.want_bool(*condition)? {
        return Err(ev.error(ErrorKind::Assert, "assertion 'condition' failed"));
    }
    select_name(ev, &[*set, *name])
}

/// One output of an extended derivation.
fn extended_output(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [condition, passthru, derivation, name, common] = arguments else { return Ok(Value::NULL) };
    let own = ev.delay_native("internal.select", &[*derivation, *name]);
    let specified = ev.heap.intern("outputSpecified");
    let mut more = vec![
        (sym::TYPE, delayed_field(ev, own, "type"), ExprId::NONE),
        (sym::OUTPUT_NAME, delayed_field(ev, own, "outputName"), ExprId::NONE),
        (specified, Value::TRUE, ExprId::NONE),
    ];
    more.extend(asserted_paths(ev, *condition, own));
    if has_field(ev, *passthru, "overrideAttrs")? {
        let change = ev.native_with("internal.customisation.outputOverride", &[*passthru, *name]);
        more.push((ev.heap.intern("overrideAttrs"), change, ExprId::NONE));
    }
    let more = ev.heap.new_set(&more);
    update(ev, *common, more)
}

/// `(passthru.overrideAttrs change).${name}`
fn output_override(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [passthru, name, change] = arguments else { return Ok(Value::NULL) };
    let method = field(ev, *passthru, "overrideAttrs")?;
    let changed = ev.call(method, &[*change])?;
    select_name(ev, &[changed, *name])
}

fn hydra_job(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [derivation] = arguments else { return Ok(Value::NULL) };
    if matches!(derivation.view(), View::Null) {
        return Ok(Value::NULL);
    }
    let names = output_names(ev, *derivation)?;
    let common = ev.heap.new_slot(Value::BLACK);
    let outputs = list_of(ev, &names, None);
    let mut attributes = vec![(ev.heap.intern("outputs"), outputs, ExprId::NONE)];
    for name in ["name", "system", "meta"] {
        let value = delayed_field(ev, *derivation, name);
        attributes.push((ev.heap.intern(name), value, ExprId::NONE));
    }
    let aggregate = field_or(ev, *derivation, "_hydraAggregate")?;
    if let Some(aggregate) = aggregate
        && ev.want_bool(aggregate)?
    {
        attributes.push((ev.heap.intern("_hydraAggregate"), Value::TRUE, ExprId::NONE));
        let constituents = deferred_native(ev, "internal.customisation.hydraConstituents", &[*derivation]);
        attributes.push((ev.heap.intern("constituents"), constituents, ExprId::NONE));
    }
    let mut first = None;
    for name in &names {
        let own = ev.delay_native("internal.select", &[*derivation, *name]);
        let kind = ev.str("derivation");
        let more = [
            (sym::OUT_PATH, delayed_field(ev, own, "outPath"), ExprId::NONE),
            (sym::DRV_PATH, delayed_field(ev, own, "drvPath"), ExprId::NONE),
            (sym::TYPE, kind, ExprId::NONE),
            (sym::OUTPUT_NAME, *name, ExprId::NONE),
        ];
        let more = ev.heap.new_set(&more);
        let value = ev.delay_native("internal.fixedPoints.update", &[Value::reference(common), more]);
        first = first.or(Some(value));
        attributes.insert(0, (attribute_name(ev, *name)?, value, ExprId::NONE));
    }
    let set = ev.heap.new_set(&attributes);
    ev.heap.set(common, set);
    match first {
        Some(job) => {
            let outer = ev.want_attrs(job)?;
            for (name, value, _) in super::common::attributes(ev, outer) {
                if !names.iter().any(|output| is_named(ev, *output, name)) {
                    ev.force_deep(value)?;
                }
            }
            Ok(job)
        }
        None => Err(ev.error(ErrorKind::Type, "lib.hydraJob: the derivation has no outputs")),
    }
}

fn is_named(ev: &mut Evaluator, text: Value, name: crate::heap::Symbol) -> bool {
    attribute_name(ev, text).is_ok_and(|symbol| symbol == name)
}

fn hydra_constituents(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [derivation] = arguments else { return Ok(Value::NULL) };
    let constituents = field(ev, *derivation, "constituents")?;
    let (flatten, job) = (ev.native("lib.lists.flatten"), ev.native("lib.customisation.hydraJob"));
    let flat = ev.call(flatten, &[constituents])?;
    let map = ev.native("builtins.map");
    ev.call(map, &[job, flat])
}

fn make_scope(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let body = ev.native("internal.customisation.scope");
    Ok(fixed_point(ev, body, arguments))
}

fn scope(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [outer, function, itself] = arguments else { return Ok(Value::NULL) };
    let new_scope = ev.native_with("internal.customisation.newScope", &[*outer, *itself]);
    let call_package = ev.heap.delay_call(new_scope, &[Value::EMPTY_SET]);
    let name = ev.heap.intern("callPackage");
    let base = single(ev, name, call_package, ExprId::NONE);
    let content = ev.call(*function, &[*itself])?;
    let base = update(ev, base, content)?;
    let override_scope = ev.native_with("internal.customisation.overrideScope", &[*outer, *function]);
    let more = ev.set(&[("newScope", new_scope), ("overrideScope", override_scope), ("packages", *function)]);
    update(ev, base, more)
}

/// `outer (scope // extra)`
fn new_scope(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [outer, itself, extra] = arguments else { return Ok(Value::NULL) };
    let wider = ev.delay_native("internal.fixedPoints.update", &[*itself, *extra]);
    ev.call(*outer, &[wider])
}

fn override_scope(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [outer, function, overlay] = arguments else { return Ok(Value::NULL) };
    let extended = ev.native_with("lib.fixedPoints.extends", &[*overlay, *function]);
    make_scope(ev, &[*outer, extended])
}

fn make_scope_with_splicing(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [splice, new_scope, others, keep, extra, function] = arguments else { return Ok(Value::NULL) };
    let outer = ev.set(&[("splicePackages", *splice), ("newScope", *new_scope)]);
    let inner = ev.set(&[("otherSplices", *others), ("keep", *keep), ("extra", *extra), ("f", *function)]);
    make_scope_with_splicing_of_sets(ev, &[outer, inner])
}

fn make_scope_with_splicing_of_sets(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let body = ev.native("internal.customisation.splicedScope");
    Ok(fixed_point(ev, body, arguments))
}

fn spliced_scope(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [outer, inner, itself] = arguments else { return Ok(Value::NULL) };
    let spliced = ev.delay_native("internal.customisation.spliced", &[*outer, *inner, *itself]);
    let function = field(ev, *inner, "f")?;
    let content = ev.call(function, &[*itself])?;
    let wider = field(ev, *outer, "newScope")?;
    let new_scope = ev.native_with("internal.customisation.newScope", &[wider, spliced]);
    let call_package = ev.heap.delay_call(wider, &[spliced]);
    let override_scope = ev.native_with("internal.customisation.overrideSpliced", &[*outer, *inner]);
    let more = ev.set(&[
        ("newScope", new_scope),
        ("callPackage", call_package),
        ("overrideScope", override_scope),
        ("packages", function),
    ]);
    update(ev, content, more)
}

/// `extra spliced0 // spliced0 // keep self`
fn spliced(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [outer, inner, itself] = arguments else { return Ok(Value::NULL) };
    let others = field(ev, *inner, "otherSplices")?;
    let mut packages = vec![(ev.heap.intern("pkgsHostTarget"), *itself, ExprId::NONE)];
    for (name, from) in [
        ("pkgsBuildBuild", "selfBuildBuild"),
        ("pkgsBuildHost", "selfBuildHost"),
        ("pkgsBuildTarget", "selfBuildTarget"),
        ("pkgsHostHost", "selfHostHost"),
        ("pkgsTargetTarget", "selfTargetTarget"),
    ] {
        let value = delayed_field(ev, others, from);
        packages.push((ev.heap.intern(name), value, ExprId::NONE));
    }
    let packages = ev.heap.new_set(&packages);
    let splice = field(ev, *outer, "splicePackages")?;
    let base = ev.heap.delay_call(splice, &[packages]);
    let mut result = match field_or(ev, *inner, "extra")? {
        Some(extra) => {
            let extra = ev.call(extra, &[base])?;
            update(ev, extra, base)?
        }
        None => ev.want(base)?,
    };
    if let Some(keep) = field_or(ev, *inner, "keep")? {
        let kept = ev.call(keep, &[*itself])?;
        result = update(ev, result, kept)?;
    }
    Ok(result)
}

fn override_spliced(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [outer, inner, overlay] = arguments else { return Ok(Value::NULL) };
    let function = field(ev, *inner, "f")?;
    let extended = ev.native_with("lib.fixedPoints.extends", &[*overlay, function]);
    let name = ev.heap.intern("f");
    let change = single(ev, name, extended, ExprId::NONE);
    let inner = update(ev, *inner, change)?;
    make_scope_with_splicing_of_sets(ev, &[*outer, inner])
}

fn extend_mk_derivation(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [options] = arguments else { return Ok(Value::NULL) };
    let construct = field(ev, *options, "constructDrv")?;
    let extend = field(ev, *options, "extendDrvArgs")?;
    let exclude = field_or(ev, *options, "excludeDrvArgNames")?.unwrap_or(Value::EMPTY_LIST);
    let identity = ev.native("lib.trivial.id");
    let transform = field_or(ev, *options, "transformDrv")?.unwrap_or(identity);
    let functor = ev.native_with("internal.customisation.extendedMk", &[*options]);
    let formals = ev.delay_native("internal.customisation.formals", &[*options]);
    Ok(ev.set(&[
        ("__functor", functor),
        ("__functionArgs", formals),
        ("constructDrv", construct),
        ("excludeDrvArgNames", exclude),
        ("extendDrvArgs", extend),
        ("transformDrv", transform),
    ]))
}

/// Without the names in a list.
fn without(ev: &mut Evaluator, set: Value, names: Option<Value>) -> Outcome {
    match names {
        Some(names) => {
            let remove = ev.native("builtins.removeAttrs");
            ev.call(remove, &[set, names])
        }
        None => Ok(set),
    }
}

fn extended_formals(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [options] = arguments else { return Ok(Value::NULL) };
    let is_inherited = match field_or(ev, *options, "inheritFunctionArgs")? {
        Some(truth) => ev.want_bool(truth)?,
        None => true,
    };
    let mut formals = Value::EMPTY_SET;
    if is_inherited {
        let construct = field(ev, *options, "constructDrv")?;
        let inherited = function_args(ev, construct)?;
        let excluded = field_or(ev, *options, "excludeDrvArgNames")?;
        formals = without(ev, inherited, excluded)?;
    }
    let extend = field(ev, *options, "extendDrvArgs")?;
    let extend = ev.call(extend, &[Value::EMPTY_SET])?;
    let own = function_args(ev, extend)?;
    let all = update(ev, formals, own)?;
    let excluded = field_or(ev, *options, "excludeFunctionArgNames")?;
    without(ev, all, excluded)
}

fn extended_mk(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [options, _itself, given] = arguments else { return Ok(Value::NULL) };
    let construct = field(ev, *options, "constructDrv")?;
    let function = ev.native_with("internal.customisation.extendedArgs", &[*options, *given]);
    let constructed = ev.heap.delay_call(construct, &[function]);
    match field_or(ev, *options, "transformDrv")? {
        Some(transform) => ev.call(transform, &[constructed]),
        None => Ok(constructed),
    }
}

fn extended_args(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [options, given, last] = arguments else { return Ok(Value::NULL) };
    let previous = if is_function(ev, *given)? { ev.call(*given, &[*last])? } else { *given };
    let excluded = field_or(ev, *options, "excludeDrvArgNames")?;
    let kept = without(ev, previous, excluded)?;
    let extend = field(ev, *options, "extendDrvArgs")?;
    let more = ev.call(extend, &[*last, previous])?;
    update(ev, kept, more)
}

/// The six combinations of build, host and target platforms, as names and as they end longer names.
const CROSS: [(&str, &str); 6] = [
    ("buildBuild", "BuildBuild"),
    ("buildHost", "BuildHost"),
    ("buildTarget", "BuildTarget"),
    ("hostHost", "HostHost"),
    ("hostTarget", "HostTarget"),
    ("targetTarget", "TargetTarget"),
];

fn rename_cross_index_from(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [prefix, set] = arguments else { return Ok(Value::NULL) };
    let prefix = ev.want_text(*prefix)?;
    let mut renamed = Vec::with_capacity(CROSS.len());
    for (name, suffix) in CROSS {
        let value = delayed_field(ev, *set, &format!("{prefix}{suffix}"));
        renamed.push((ev.heap.intern(name), value, ExprId::NONE));
    }
    Ok(ev.heap.new_set(&renamed))
}

fn rename_cross_index_to(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [prefix, set] = arguments else { return Ok(Value::NULL) };
    let prefix = ev.want_text(*prefix)?;
    let mut renamed = Vec::with_capacity(CROSS.len());
    for (name, suffix) in CROSS {
        let value = delayed_field(ev, *set, name);
        renamed.push((ev.heap.intern(&format!("{prefix}{suffix}")), value, ExprId::NONE));
    }
    Ok(ev.heap.new_set(&renamed))
}

fn map_cross_index(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function, set] = arguments else { return Ok(Value::NULL) };
    let mut mapped = Vec::with_capacity(CROSS.len());
    for (name, _) in CROSS {
        let value = field(ev, *set, name)?;
        mapped.push((ev.heap.intern(name), ev.heap.deferred(*function, &[value]), ExprId::NONE));
    }
    Ok(ev.heap.new_set(&mapped))
}

#[cfg(test)]
mod tests {
    use crate::nixlib::testing::check;

    #[test]
    fn scopes_and_outputs() {
        check(&[
            (
                "((lib.makeScope (extra: f: f extra) (self: { x = 1; y = self.x + 1; })).overrideScope (final: prev: { x = 10; })).y",
                "11",
            ),
            ("lib.hydraJob null", "null"),
            (
                r#"(lib.extendDerivation true { extra = 1; } { type = "derivation"; drvPath = "/d"; outPath = "/o"; out = { }; }).out.extra"#,
                "1",
            ),
            (
                "(lib.extendMkDerivation { constructDrv = lib.fix; extendDrvArgs = final: prev: { b = prev.a; }; }) { a = 1; }",
                "{ a = 1; b = 1; }",
            ),
        ]);
    }
}
