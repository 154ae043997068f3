//! What a value is.

use crate::eval::{Evaluator, NativeDef, Outcome};
use crate::heap::{Value, View};

pub(super) static FAMILY: &[NativeDef] = &[
    NativeDef::strict("builtins.isAttrs", 1, |_, args| is(args, |view| matches!(view, View::Attrs(_)))),
    NativeDef::strict("builtins.isBool", 1, |_, args| is(args, |view| matches!(view, View::Bool(_)))),
    NativeDef::strict("builtins.isFloat", 1, |_, args| is(args, |view| matches!(view, View::Float(_)))),
    NativeDef::strict("builtins.isFunction", 1, |_, args| is(args, is_function)),
    NativeDef::strict("builtins.isInt", 1, |_, args| is(args, |view| matches!(view, View::Int(_)))),
    NativeDef::strict("builtins.isList", 1, |_, args| is(args, |view| matches!(view, View::List(_)))),
    NativeDef::strict("builtins.isNull", 1, |_, args| is(args, |view| matches!(view, View::Null))),
    NativeDef::strict("builtins.isPath", 1, |_, args| is(args, |view| matches!(view, View::Path(_)))),
    NativeDef::with_strict("builtins.isString", 1, 0, is_string),
    NativeDef::with_strict("builtins.typeOf", 1, 0, type_of),
];

fn is(args: &[Value], test: fn(View) -> bool) -> Outcome {
    Ok(Value::bool(args.first().is_some_and(|value| test(value.view()))))
}

fn is_function(view: View) -> bool {
    matches!(view, View::Lambda(..) | View::Native(_) | View::Partial(_))
}

/// A string of which only parts are known is a string all the same.
fn is_partial_string(ev: &Evaluator, value: Value) -> bool {
    match value.view() {
        View::Unknown(id) => ev.unknown_info(id).is_some_and(|info| info.pieces.is_some()),
        _ => false,
    }
}

fn is_string(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [value] = args else { return Ok(Value::NULL) };
    let value = ev.force(*value);
    if is_partial_string(ev, value) {
        return Ok(Value::TRUE);
    }
    let value = ev.want(value)?;
    Ok(Value::bool(matches!(value.view(), View::Str(_))))
}

fn type_of(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [value] = args else { return Ok(Value::NULL) };
    let value = ev.force(*value);
    if is_partial_string(ev, value) {
        return Ok(ev.str("string"));
    }
    let value = ev.want(value)?;
    let name = ev.type_name(value);
    Ok(ev.str(name))
}

#[cfg(test)]
mod tests {
    use crate::builtins::testing::check;

    #[test]
    fn types() {
        check(&[
            (
                "map builtins.typeOf [ 1 1.5 \"\" ./x null true [ ] { } (x: x) map ]",
                "[ \"int\" \"float\" \"string\" \"path\" \"null\" \"bool\" \"list\" \"set\" \"lambda\" \"lambda\" ]",
            ),
            ("map isNull [ null 0 ]", "[ true false ]"),
            ("builtins.isFunction { __functor = self: x: x; }", "false"),
            ("builtins.isString \"a${<nowhere>}\"", "true"),
            ("builtins.isAttrs <nowhere>", "unknown: value is unknown because input `<nowhere>` is not available"),
        ]);
    }
}
