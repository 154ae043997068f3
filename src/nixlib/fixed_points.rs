//! `lib.fixedPoints`: fixed points and the overlays that extend them.

use super::Family;
use super::common::{is_function, merge_all, single, update, whole_elements};
use crate::eval::{Evaluator, NativeDef, Outcome};
use crate::heap::Value;
use crate::syntax::ExprId;

pub(super) static FAMILY: Family = Family {
    name: "fixedPoints",
    functions: &[FUNCTIONS],
    members: &[],
    top: &[
        "fix",
        "fix'",
        "converge",
        "extends",
        "composeExtensions",
        "composeManyExtensions",
        "makeExtensible",
        "makeExtensibleWithCustomName",
        "toExtension",
    ],
};

const FUNCTIONS: &[NativeDef] = &[
    NativeDef::lazy("lib.fixedPoints.fix", 1, fix),
    NativeDef::lazy("lib.fixedPoints.fix'", 1, fix_with_origin),
    NativeDef::lazy("internal.fixedPoints.unfixable", 2, unfixable),
    NativeDef::lazy("lib.fixedPoints.converge", 2, converge),
    NativeDef::lazy("lib.fixedPoints.extends", 3, extends),
    NativeDef::lazy("internal.fixedPoints.update", 2, update_values),
    NativeDef::lazy("lib.fixedPoints.composeExtensions", 4, compose_extensions),
    NativeDef::with_strict("lib.fixedPoints.composeManyExtensions", 3, 0b001, compose_many_extensions),
    NativeDef::lazy("lib.fixedPoints.makeExtensible", 1, make_extensible),
    NativeDef::lazy("lib.fixedPoints.makeExtensibleWithCustomName", 2, make_extensible_with_custom_name),
    NativeDef::lazy("internal.fixedPoints.extensible", 3, extensible),
    NativeDef::lazy("internal.fixedPoints.extend", 3, extend),
    NativeDef::lazy("lib.fixedPoints.toExtension", 3, to_extension),
];

/// The value that a function gives when applied to `arguments` and that value itself.
pub(super) fn fixed_point(ev: &mut Evaluator, function: Value, arguments: &[Value]) -> Value {
    let slot = ev.heap.new_slot(Value::BLACK);
    let mut all = arguments.to_vec();
    all.push(Value::reference(slot));
    let call = ev.heap.deferred(function, &all);
    ev.heap.set(slot, call);
    Value::reference(slot)
}

fn fix(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function] = arguments else { return Ok(Value::NULL) };
    Ok(fixed_point(ev, *function, &[]))
}

fn fix_with_origin(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let body = ev.native("internal.fixedPoints.unfixable");
    Ok(fixed_point(ev, body, arguments))
}

/// `function self // { __unfix__ = function; }`
fn unfixable(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function, itself] = arguments else { return Ok(Value::NULL) };
    let set = ev.call(*function, &[*itself])?;
    let name = ev.heap.intern("__unfix__");
    let mark = single(ev, name, *function, ExprId::NONE);
    update(ev, set, mark)
}

fn converge(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function, start] = arguments else { return Ok(Value::NULL) };
    let mut here = *start;
    loop {
        ev.tick()?;
        let next = ev.call(*function, &[here])?;
        if ev.equal(next, here)? {
            return Ok(here);
        }
        here = next;
    }
}

fn extends(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [overlay, function, last] = arguments else { return Ok(Value::NULL) };
    let previous = ev.heap.delay_call(*function, &[*last]);
    let changed = ev.heap.delay_call(*overlay, &[*last, previous]);
    update(ev, previous, changed)
}

fn update_values(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [left, right] = arguments else { return Ok(Value::NULL) };
    update(ev, *left, *right)
}

fn compose_extensions(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [first, second, last, previous] = arguments else { return Ok(Value::NULL) };
    apply_in_turn(ev, &[*first, *second], *last, *previous)
}

fn compose_many_extensions(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [extensions, last, previous] = arguments else { return Ok(Value::NULL) };
    let extensions = whole_elements(ev, *extensions)?;
    apply_in_turn(ev, &extensions, *last, *previous)
}

/// What a chain of extensions changes altogether; each sees what those before it changed.
fn apply_in_turn(ev: &mut Evaluator, extensions: &[Value], last: Value, previous: Value) -> Outcome {
    let mut previous = previous;
    let mut changes = Vec::with_capacity(extensions.len());
    for extension in extensions {
        let change = ev.heap.delay_call(*extension, &[last, previous]);
        changes.push(change);
        previous = ev.delay_native("internal.fixedPoints.update", &[previous, change]);
    }
    merge_all(ev, &changes)
}

fn make_extensible(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function] = arguments else { return Ok(Value::NULL) };
    let name = ev.str("extend");
    make_extensible_with_custom_name(ev, &[name, *function])
}

fn make_extensible_with_custom_name(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [name, function] = arguments else { return Ok(Value::NULL) };
    let body = ev.native_with("internal.fixedPoints.extensible", &[*name, *function]);
    fix_with_origin(ev, &[body])
}

/// `function self // { ${name} = f: …; }`
fn extensible(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [name, function, itself] = arguments else { return Ok(Value::NULL) };
    let set = ev.call(*function, &[*itself])?;
    let symbol = super::common::attribute_name(ev, *name)?;
    let extender = ev.native_with("internal.fixedPoints.extend", &[*name, *function]);
    let more = single(ev, symbol, extender, ExprId::NONE);
    update(ev, set, more)
}

fn extend(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [name, function, overlay] = arguments else { return Ok(Value::NULL) };
    let extended = ev.native_with("lib.fixedPoints.extends", &[*overlay, *function]);
    make_extensible_with_custom_name(ev, &[*name, extended])
}

fn to_extension(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [extension, last, previous] = arguments else { return Ok(Value::NULL) };
    if !is_function(ev, *extension)? {
        return Ok(*extension);
    }
    let of_previous = ev.call(*extension, &[*previous])?;
    if is_function(ev, of_previous)? {
        return ev.call(*extension, &[*last, *previous]);
    }
    Ok(of_previous)
}

#[cfg(test)]
mod tests {
    use crate::nixlib::testing::check;

    #[test]
    fn fixed_points_and_overlays() {
        check(&[
            ("(lib.fix (self: { a = 1; b = self.a + 1; })).b", "2"),
            ("((lib.makeExtensible (self: { a = 1; b = self.a; })).extend (final: prev: { a = prev.a + 9; })).b", "10"),
            (
                "(lib.fix (lib.extends (lib.composeManyExtensions [ (f: p: { a = p.a + 1; }) (f: p: { a = p.a * 10; }) ]) (self: { a = 1; }))).a",
                "20",
            ),
            ("lib.converge (x: x / 2) 16", "0"),
            ("lib.toExtension { a = 1; } null null", "{ a = 1; }"),
        ]);
    }
}
