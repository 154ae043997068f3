//! `lib.derivations`: what wraps derivations without building them.

use super::common::{
    attribute_name, attributes, deferred_native, field, field_or, is_derivation, is_function, single, throw, update,
    whole_elements,
};
use super::scopes::delayed_field;
use super::{Family, Member};
use crate::eval::{Evaluator, NativeDef, Outcome};
use crate::heap::{Value, View, sym};
use crate::syntax::ExprId;

pub(super) static FAMILY: Family = Family {
    name: "derivations",
    functions: &[FUNCTIONS],
    members: &[
        Member::Same("addDrvOutputDependencies", "builtins.addDrvOutputDependencies"),
        Member::Same("unsafeDiscardOutputDependency", "builtins.unsafeDiscardOutputDependency"),
    ],
    top: &[
        "lazyDerivation",
        "optionalDrvAttr",
        "warnOnInstantiate",
        "addDrvOutputDependencies",
        "unsafeDiscardOutputDependency",
    ],
};

const FUNCTIONS: &[NativeDef] = &[
    NativeDef::strict("lib.derivations.lazyDerivation", 1, lazy_derivation).taking(&[
        ("derivation", false),
        ("meta", true),
        ("passthru", true),
        ("outputs", true),
    ]),
    NativeDef::lazy("internal.derivations.checked", 2, checked),
    NativeDef::with_strict("lib.derivations.optionalDrvAttr", 2, 0b01, optional_drv_attr),
    NativeDef::with_strict("lib.derivations.warnOnInstantiate", 2, 0b10, warn_on_instantiate),
    NativeDef::lazy("internal.derivations.changed", 3, changed),
];

fn lazy_derivation(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [options] = arguments else { return Ok(Value::NULL) };
    let derivation = field(ev, *options, "derivation")?;
    let outputs = match field_or(ev, *options, "outputs")? {
        Some(outputs) => outputs,
        None => {
            let out = ev.str("out");
            ev.list(&[out])
        }
    };
    let checked = ev.delay_native("internal.derivations.checked", &[derivation, outputs]);
    let kind = ev.str("derivation");
    let mut attributes = Vec::new();
    for output in whole_elements(ev, outputs)? {
        let value = deferred_native(ev, "internal.select", &[checked, output]);
        attributes.push((attribute_name(ev, output)?, value, ExprId::NONE));
    }
    attributes.push((sym::TYPE, kind, ExprId::NONE));
    attributes.push((sym::OUTPUTS, outputs, ExprId::NONE));
    for name in ["outPath", "outputName", "drvPath", "name", "system"] {
        let value = delayed_field(ev, checked, name);
        attributes.push((ev.heap.intern(name), value, ExprId::NONE));
    }
    let meta = match field_or(ev, *options, "meta")? {
        Some(meta) => meta,
        None => delayed_field(ev, checked, "meta"),
    };
    attributes.push((sym::META, meta, ExprId::NONE));
    let result = ev.heap.new_set(&attributes);
    match field_or(ev, *options, "passthru")? {
        Some(passthru) => update(ev, result, passthru),
        None => Ok(result),
    }
}

/// The derivation, if it is one and has just the outputs that were assumed.
fn checked(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [derivation, outputs] = arguments else { return Ok(Value::NULL) };
    if !is_derivation(ev, *derivation)? {
        return Err(throw(ev, "lazyDerivation: input must be a derivation."));
    }
    let actual = field(ev, *derivation, "outputs")?;
    if !ev.equal(actual, *outputs)? {
        let name = match field_or(ev, *derivation, "name")? {
            Some(name) => ev.want_text(name)?,
            None => "<unknown>".to_owned(),
        };
        let message = format!(
            "lib.lazyDerivation: the derivation {name} has other outputs than the `outputs` that were passed or assumed"
        );
        return Err(throw(ev, message));
    }
    Ok(*derivation)
}

fn optional_drv_attr(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [condition, value] = arguments else { return Ok(Value::NULL) };
    Ok(if ev.want_bool(*condition)? { *value } else { Value::NULL })
}

/// The attributes that tools read without instantiating anything.
const QUIET: [&str; 4] = ["meta", "name", "type", "outputName"];

fn warn_on_instantiate(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [message, derivation] = arguments else { return Ok(Value::NULL) };
    let View::Attrs(set) = derivation.view() else { return Err(ev.type_error("a set", *derivation)) };
    let warn = ev.native("lib.trivial.warn");
    let mut wrapped = attributes(ev, set);
    for (name, value, _) in &mut wrapped {
        if !QUIET.contains(&ev.heap.name(*name)) {
            *value = ev.heap.deferred(warn, &[*message, *value]);
        }
    }
    let open = ev.heap.open_set_reason(set);
    let result = ev.heap.new_open_set(&wrapped, open);
    let Some(method) = field_or(ev, *derivation, "overrideAttrs")? else { return Ok(result) };
    if !is_function(ev, method)? {
        return Ok(result);
    }
    let change = ev.native_with("internal.derivations.changed", &[*message, method]);
    let name = ev.heap.intern("overrideAttrs");
    let change = single(ev, name, change, ExprId::NONE);
    update(ev, result, change)
}

/// `warnOnInstantiate message (overrideAttrs change)`
fn changed(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [message, method, change] = arguments else { return Ok(Value::NULL) };
    let derivation = ev.call(*method, &[*change])?;
    let derivation = ev.want(derivation)?;
    warn_on_instantiate(ev, &[*message, derivation])
}

#[cfg(test)]
mod tests {
    use crate::nixlib::testing::check;

    #[test]
    fn lazy_derivations() {
        check(&[
            (r#"(lib.lazyDerivation { derivation = throw "not needed"; passthru.p = 1; }).p"#, "1"),
            ("(lib.lazyDerivation { derivation = { }; }).name", "error: lazyDerivation: input must be a derivation."),
            (r#"lib.optionalDrvAttr false (throw "unused")"#, "null"),
        ]);
    }
}
