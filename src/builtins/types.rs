//! What a value is.

use crate::eval::{Evaluator, NativeDef, Outcome};
use crate::heap::{Value, View};

pub(super) static FAMILY: &[NativeDef] = &[
    NativeDef::lazy("builtins.isAttrs", 1, |ev, args| is(ev, args, "set")),
    NativeDef::lazy("builtins.isBool", 1, |ev, args| is(ev, args, "bool")),
    NativeDef::lazy("builtins.isFloat", 1, |ev, args| is(ev, args, "float")),
    NativeDef::lazy("builtins.isFunction", 1, |ev, args| is(ev, args, "lambda")),
    NativeDef::lazy("builtins.isInt", 1, |ev, args| is(ev, args, "int")),
    NativeDef::lazy("builtins.isList", 1, |ev, args| is(ev, args, "list")),
    NativeDef::lazy("builtins.isNull", 1, |ev, args| is(ev, args, "null")),
    NativeDef::lazy("builtins.isPath", 1, |ev, args| is(ev, args, "path")),
    NativeDef::lazy("builtins.isString", 1, |ev, args| is(ev, args, "string")),
    NativeDef::lazy("builtins.typeOf", 1, type_of),
];

/// The type of a value, also where no more than that is known of it.
fn type_name(ev: &mut Evaluator, args: &[Value]) -> Result<&'static str, crate::eval::Stop> {
    let value = ev.force(args.first().copied().unwrap_or(Value::NULL));
    if let View::Unknown(id) = value.view()
        && let Some(name) = ev.unknown_info(id).and_then(|info| info.type_name)
    {
        return Ok(name);
    }
    let value = ev.want(value)?;
    Ok(ev.type_name(value))
}

fn is(ev: &mut Evaluator, args: &[Value], wanted: &str) -> Outcome {
    Ok(Value::bool(type_name(ev, args)? == wanted))
}

fn type_of(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let name = type_name(ev, args)?;
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
            (
                "[ (builtins.isInt builtins.currentTime) (builtins.typeOf builtins.currentSystem) ]",
                "[ true \"string\" ]",
            ),
            ("builtins.isAttrs <nowhere>", "unknown: value is unknown because input `<nowhere>` is not available"),
        ]);
    }
}
