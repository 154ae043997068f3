//! The functions of `lib.attrsets` that know packages: derivations and their outputs.

use super::common::{attribute_name, field_or, is_derivation, select_or, single, update, whole_elements};
use crate::eval::{Coercion, Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{Value, sym};
use crate::syntax::ExprId;

pub(super) const FUNCTIONS: &[NativeDef] = &[
    NativeDef::strict("lib.attrsets.isDerivation", 1, is_derivation_value),
    NativeDef::strict("lib.attrsets.toDerivation", 1, to_derivation),
    NativeDef::with_strict("lib.attrsets.getOutput", 2, 0b10, get_output),
    NativeDef::with_strict("lib.attrsets.getFirstOutput", 2, 0b11, get_first_output),
    NativeDef::strict("lib.attrsets.recurseIntoAttrs", 1, recurse_into_attrs),
    NativeDef::strict("lib.attrsets.dontRecurseIntoAttrs", 1, dont_recurse_into_attrs),
];

fn is_derivation_value(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [value] = arguments else { return Ok(Value::NULL) };
    is_derivation(ev, *value).map(Value::bool)
}

/// The store path is taken as it is written: whether it exists cannot be seen from source.
fn to_derivation(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [path] = arguments else { return Ok(Value::NULL) };
    let store_path = ev.native("builtins.storePath");
    let path = ev.call(store_path, &[*path])?;
    let id = ev.coerce(path, Coercion::Path)?;
    let text = ev.heap.text(id).into_owned();
    let base = text.rsplit('/').next().unwrap_or_default();
    let name: String = base.chars().skip(33).collect();
    let name = ev.str(&name);
    let (kind, out) = (ev.str("derivation"), ev.str("out"));
    let outputs = ev.list(&[out]);
    let slot = ev.heap.new_slot(Value::NULL);
    let result = ev.set(&[
        ("type", kind),
        ("name", name),
        ("outPath", path),
        ("outputs", outputs),
        ("out", Value::reference(slot)),
        ("outputName", out),
    ]);
    ev.heap.set(slot, result);
    Ok(result)
}

/// `getOutput` for one output.
pub(super) fn output_getter(ev: &mut Evaluator, output: &str) -> Outcome {
    let output = ev.str(output);
    Ok(ev.native_with("lib.attrsets.getOutput", &[output]))
}

/// `getFirstOutput` for outputs in the order of preference.
pub(super) fn first_output_getter(ev: &mut Evaluator, outputs: &[&str]) -> Outcome {
    let outputs: Vec<Value> = outputs.iter().map(|output| ev.str(output)).collect();
    let outputs = ev.list(&outputs);
    Ok(ev.native_with("lib.attrsets.getFirstOutput", &[outputs]))
}

fn is_output_specified(ev: &mut Evaluator, package: Value) -> Result<bool, Stop> {
    match field_or(ev, package, "outputSpecified")? {
        Some(truth) => ev.want_bool(truth),
        None => Ok(false),
    }
}

/// The named output of a package, as nixpkgs' `getOutput` chooses it.
pub(super) fn output_of(ev: &mut Evaluator, package: Value, output: Value) -> Outcome {
    if is_output_specified(ev, package)? {
        return Ok(package);
    }
    let name = attribute_name(ev, output)?;
    if let Some(chosen) = select_or(ev, package, name)? {
        return Ok(chosen);
    }
    Ok(field_or(ev, package, "out")?.unwrap_or(package))
}

fn get_output(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [output, package] = arguments else { return Ok(Value::NULL) };
    output_of(ev, *package, *output)
}

fn get_first_output(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [candidates, package] = arguments else { return Ok(Value::NULL) };
    if is_output_specified(ev, *package)? {
        return Ok(*package);
    }
    let set = ev.want_attrs(*package)?;
    for candidate in whole_elements(ev, *candidates)? {
        let name = attribute_name(ev, candidate)?;
        if let Some(chosen) = ev.optional_attribute(set, name)? {
            return Ok(chosen);
        }
    }
    Ok(*package)
}

fn with_recursion(ev: &mut Evaluator, set: Value, is_followed: bool) -> Outcome {
    let more = single(ev, sym::RECURSE_FOR_DERIVATIONS, Value::bool(is_followed), ExprId::NONE);
    update(ev, set, more)
}

fn recurse_into_attrs(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [set] = arguments else { return Ok(Value::NULL) };
    with_recursion(ev, *set, true)
}

fn dont_recurse_into_attrs(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [set] = arguments else { return Ok(Value::NULL) };
    with_recursion(ev, *set, false)
}

#[cfg(test)]
mod tests {
    use crate::nixlib::testing::check;

    #[test]
    fn outputs_are_chosen_as_nixpkgs_does() {
        check(&[
            ("lib.getBin { out = 1; bin = 2; }", "2"),
            ("lib.getLib { out = 1; }", "1"),
            ("lib.getDev { x = 1; }", "{ x = 1; }"),
            (r#"lib.getOutput "bin" { outputSpecified = true; bin = 2; }"#, "{ bin = 2; outputSpecified = true; }"),
            (r#"lib.isDerivation { type = "derivation"; }"#, "true"),
            ("lib.isDerivation 3", "false"),
            ("(lib.recurseIntoAttrs { }).recurseForDerivations", "true"),
        ]);
    }
}
