//! Numbers: arithmetic, bits, rounding, order.

use crate::eval::{ErrorKind, Evaluator, NativeDef, Outcome, Stop, Wanted};
use crate::heap::{Value, View};
use crate::syntax::ir::BinaryOp;

pub(super) static FAMILY: &[NativeDef] = &[
    NativeDef::strict("builtins.add", 2, |ev, args| calculate(ev, BinaryOp::Add, args)),
    NativeDef::strict("builtins.sub", 2, |ev, args| calculate(ev, BinaryOp::Subtract, args)),
    NativeDef::strict("builtins.mul", 2, |ev, args| calculate(ev, BinaryOp::Multiply, args)),
    NativeDef::strict("builtins.div", 2, |ev, args| calculate(ev, BinaryOp::Divide, args)),
    NativeDef::strict("builtins.lessThan", 2, less_than),
    NativeDef::strict("builtins.bitAnd", 2, |ev, args| combine(ev, args, |a, b| a & b)).looking(&[(0, Wanted::Int)]),
    NativeDef::strict("builtins.bitOr", 2, |ev, args| combine(ev, args, |a, b| a | b)).looking(&[(0, Wanted::Int)]),
    NativeDef::strict("builtins.bitXor", 2, |ev, args| combine(ev, args, |a, b| a ^ b)).looking(&[(0, Wanted::Int)]),
    NativeDef::strict("builtins.ceil", 1, |ev, args| round(ev, args, "builtins.ceil", f64::ceil)),
    NativeDef::strict("builtins.floor", 1, |ev, args| round(ev, args, "builtins.floor", f64::floor)),
];

fn calculate(ev: &mut Evaluator, op: BinaryOp, args: &[Value]) -> Outcome {
    let [a, b] = args else { return Ok(Value::NULL) };
    ev.arithmetic(op, *a, *b)
}

fn less_than(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [a, b] = args else { return Ok(Value::NULL) };
    ev.less(*a, *b).map(Value::bool)
}

fn combine(ev: &mut Evaluator, args: &[Value], operation: fn(i64, i64) -> i64) -> Outcome {
    let [a, b] = args else { return Ok(Value::NULL) };
    let (a, b) = (ev.want_int(*a)?, ev.want_int(*b)?);
    Ok(Value::int(operation(a, b)))
}

fn round(ev: &mut Evaluator, args: &[Value], name: &str, operation: fn(f64) -> f64) -> Outcome {
    let [number] = args else { return Ok(Value::NULL) };
    match number.view() {
        // Nix goes by way of a float, which rounds large integers; those that would then be out of range stay what they are.
        #[allow(clippy::cast_precision_loss, reason = "Nix loses the same precision")]
        View::Int(integer) => Ok(Value::int(whole(integer as f64).unwrap_or(integer))),
        View::Float(float) => {
            let rounded = operation(float);
            whole(rounded).map(Value::int).ok_or_else(|| out_of_range(ev, name, float))
        }
        _ => Err(ev.type_error("a number", *number)),
    }
}

fn out_of_range(ev: &mut Evaluator, name: &str, float: f64) -> Stop {
    ev.error(ErrorKind::Arithmetic, format!("{name}: {float} is out of the range of integers"))
}

/// A float without fraction as an integer, if it is in the range of integers.
#[allow(clippy::cast_possible_truncation, reason = "the range is checked before")]
fn whole(float: f64) -> Option<i64> {
    // The bounds are powers of two, so both are exact as floats.
    const BOUND: f64 = 9_223_372_036_854_775_808.0;
    (-BOUND..BOUND).contains(&float).then_some(float as i64)
}

#[cfg(test)]
mod tests {
    use crate::builtins::testing::check;

    #[test]
    fn numbers() {
        check(&[
            ("builtins.add 1 2.5", "3.5"),
            ("builtins.sub 3 5", "-2"),
            ("builtins.div 7 (-2)", "-3"),
            ("builtins.div 1 0", "error: division by zero"),
            ("builtins.add 9223372036854775807 1", "error: integer overflow in 9223372036854775807 + 1"),
            ("builtins.bitXor 5 1", "4"),
            ("builtins.ceil 1.2", "2"),
            ("builtins.floor (-1.2)", "-2"),
            ("builtins.floor 1.0e300", &format!("error: builtins.floor: {} is out of the range of integers", 1.0e300)),
            ("builtins.floor 9007199254740993", "9007199254740992"),
            ("builtins.lessThan 1 1.5", "true"),
        ]);
    }
}
