//! `lib.kernel` and `lib.sourceTypes`: small tables.

use super::common::{single, update};
use super::{Family, Member};
use crate::eval::{Evaluator, NativeDef, Outcome};
use crate::heap::Value;
use crate::syntax::ExprId;

pub(super) static FAMILY: Family = Family {
    name: "kernel",
    functions: &[FUNCTIONS],
    members: &[
        Member::Made("yes", |ev| tristate(ev, Some("y"))),
        Member::Made("no", |ev| tristate(ev, Some("n"))),
        Member::Made("module", |ev| tristate(ev, Some("m"))),
        Member::Made("unset", |ev| tristate(ev, None)),
    ],
    top: &[],
};

pub(super) static SOURCE_TYPES: Family = Family {
    name: "sourceTypes",
    functions: &[],
    members: &[
        Member::Made("fromSource", |ev| source_type(ev, "fromSource", true)),
        Member::Made("binaryNativeCode", |ev| source_type(ev, "binaryNativeCode", false)),
        Member::Made("binaryBytecode", |ev| source_type(ev, "binaryBytecode", false)),
        Member::Made("binaryFirmware", |ev| source_type(ev, "binaryFirmware", false)),
        Member::Made("obfuscatedCode", |ev| source_type(ev, "obfuscatedCode", false)),
    ],
    top: &[],
};

const FUNCTIONS: &[NativeDef] = &[
    NativeDef::strict("lib.kernel.option", 1, option),
    NativeDef::lazy("lib.kernel.freeform", 1, freeform),
    NativeDef::lazy("lib.kernel.whenHelpers", 1, when_helpers),
    NativeDef::lazy("internal.kernel.whenAtLeast", 3, when_at_least),
    NativeDef::lazy("internal.kernel.whenOlder", 3, when_older),
    NativeDef::lazy("internal.kernel.whenBetween", 4, when_between),
    NativeDef::lazy("internal.kernel.isBetween", 3, is_between),
];

fn tristate(ev: &mut Evaluator, letter: Option<&str>) -> Outcome {
    let letter = letter.map_or(Value::NULL, |letter| ev.str(letter));
    Ok(ev.set(&[("tristate", letter), ("optional", Value::FALSE)]))
}

fn source_type(ev: &mut Evaluator, name: &str, is_source: bool) -> Outcome {
    let name = ev.str(name);
    Ok(ev.set(&[("shortName", name), ("isSource", Value::bool(is_source))]))
}

fn option(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [item] = arguments else { return Ok(Value::NULL) };
    let name = ev.heap.intern("optional");
    let change = single(ev, name, Value::TRUE, ExprId::NONE);
    update(ev, *item, change)
}

fn freeform(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [value] = arguments else { return Ok(Value::NULL) };
    Ok(ev.set(&[("freeform", *value), ("optional", Value::FALSE)]))
}

fn when_helpers(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let at_least = ev.native_with("internal.kernel.whenAtLeast", arguments);
    let older = ev.native_with("internal.kernel.whenOlder", arguments);
    let between = ev.native_with("internal.kernel.whenBetween", arguments);
    Ok(ev.set(&[("whenAtLeast", at_least), ("whenOlder", older), ("whenBetween", between)]))
}

/// `mkIf condition content`
fn conditional(ev: &mut Evaluator, condition: Value, content: Value) -> Outcome {
    let kind = ev.str("if");
    Ok(ev.set(&[("_type", kind), ("condition", condition), ("content", content)]))
}

fn when_at_least(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [version, bound, content] = arguments else { return Ok(Value::NULL) };
    let condition = ev.delay_native("lib.strings.versionAtLeast", &[*version, *bound]);
    conditional(ev, condition, *content)
}

fn when_older(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [version, bound, content] = arguments else { return Ok(Value::NULL) };
    let condition = ev.delay_native("lib.strings.versionOlder", &[*version, *bound]);
    conditional(ev, condition, *content)
}

fn when_between(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [version, low, high, content] = arguments else { return Ok(Value::NULL) };
    let condition = ev.delay_native("internal.kernel.isBetween", &[*version, *low, *high]);
    conditional(ev, condition, *content)
}

/// Whether a version is at least the lower bound and older than the upper one.
fn is_between(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [version, low, high] = arguments else { return Ok(Value::NULL) };
    let (at_least, older) = (ev.native("lib.strings.versionAtLeast"), ev.native("lib.strings.versionOlder"));
    if !ev.call_bool(at_least, &[*version, *low])? {
        return Ok(Value::FALSE);
    }
    ev.call_bool(older, &[*version, *high]).map(Value::bool)
}

#[cfg(test)]
mod tests {
    use crate::nixlib::testing::check;

    #[test]
    fn small_tables() {
        check(&[
            ("lib.kernel.option lib.kernel.yes", r#"{ optional = true; tristate = "y"; }"#),
            (r#"((lib.kernel.whenHelpers "6.6").whenBetween "6.1" "6.7" 1).condition"#, "true"),
            ("lib.sourceTypes.binaryFirmware", r#"{ isSource = false; shortName = "binaryFirmware"; }"#),
        ]);
    }
}
