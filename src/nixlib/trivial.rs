//! `lib.trivial`: small functions on any value, numbers in other bases, warnings, facts about the release.

use super::support::{assertion, call_native, list_of, list_parts, shown, throw, warn};
use super::{Family, Member};
use crate::eval::{Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{Value, View, sym};
use crate::syntax::ir::BinaryOp;

/// The release that this `lib` behaves like. A configuration that asks gets the newest one, as from an unpinned nixpkgs.
const RELEASE: &str = "26.11";
/// Suffix of a nixpkgs that is not a released channel.
const VERSION_SUFFIX: &str = "pre-git";
const CODE_NAME: &str = "Zokor";
/// The oldest supported release, as a number: year and month.
const OLDEST_SUPPORTED_RELEASE: i64 = 2511;

/// `lib.trivial`
pub(super) static FAMILY: Family = Family {
    name: "trivial",
    functions: &[FUNCTIONS],
    members: &[
        Member::Same("add", "builtins.add"),
        Member::Same("bitAnd", "builtins.bitAnd"),
        Member::Same("bitOr", "builtins.bitOr"),
        Member::Same("bitXor", "builtins.bitXor"),
        Member::Same("ceil", "builtins.ceil"),
        Member::Same("deepSeq", "builtins.deepSeq"),
        Member::Same("div", "builtins.div"),
        Member::Same("floor", "builtins.floor"),
        Member::Same("genericClosure", "builtins.genericClosure"),
        Member::Same("isBool", "builtins.isBool"),
        Member::Same("isFloat", "builtins.isFloat"),
        Member::Same("isInt", "builtins.isInt"),
        Member::Same("lessThan", "builtins.lessThan"),
        Member::Same("mul", "builtins.mul"),
        Member::Same("pathExists", "builtins.pathExists"),
        Member::Same("readFile", "builtins.readFile"),
        Member::Same("seq", "builtins.seq"),
        Member::Same("sub", "builtins.sub"),
        Member::Same("warn", "builtins.warn"),
        Member::Made("codeName", |ev| Ok(ev.str(CODE_NAME))),
        Member::Made("inNixShell", |_| Ok(Value::FALSE)),
        Member::Made("inPureEvalMode", |_| Ok(Value::FALSE)),
        Member::Made("isInOldestRelease", is_in_oldest_release),
        Member::Made("nixpkgsVersion", nixpkgs_version),
        Member::Made("oldestSupportedRelease", |_| Ok(Value::int(OLDEST_SUPPORTED_RELEASE))),
        Member::Made("release", |ev| Ok(ev.str(RELEASE))),
        Member::Made("version", version),
        Member::Made("versionSuffix", |ev| Ok(ev.str(VERSION_SUFFIX))),
    ],
    top: &[
        "add",
        "and",
        "bitAnd",
        "bitNot",
        "bitOr",
        "bitXor",
        "boolToString",
        "boolToYesNo",
        "ceil",
        "checkListOfEnum",
        "compare",
        "concat",
        "const",
        "deepSeq",
        "defaultTo",
        "div",
        "flip",
        "floor",
        "fromHexString",
        "functionArgs",
        "genericClosure",
        "id",
        "importJSON",
        "importTOML",
        "inNixShell",
        "inPureEvalMode",
        "info",
        "isBool",
        "isFloat",
        "isFunction",
        "isInOldestRelease",
        "isInt",
        "lessThan",
        "mapNullable",
        "max",
        "mergeAttrs",
        "min",
        "mirrorFunctionArgs",
        "mod",
        "mul",
        "nixpkgsVersion",
        "oldestSupportedReleaseIsAtLeast",
        "or",
        "pathExists",
        "pipe",
        "readFile",
        "seq",
        "setFunctionArgs",
        "showWarnings",
        "splitByAndCompare",
        "sub",
        "throwIf",
        "throwIfNot",
        "toBaseDigits",
        "toFunction",
        "toHexString",
        "version",
        "warn",
        "warnIf",
        "warnIfNot",
        "xor",
    ],
};

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::lazy("lib.trivial.id", 1, id),
    NativeDef::lazy("lib.trivial.const", 2, id),
    NativeDef::with_strict("lib.trivial.pipe", 2, 0b10, pipe),
    NativeDef::lazy("lib.trivial.concat", 2, concat),
    NativeDef::lazy("lib.trivial.or", 2, or),
    NativeDef::lazy("lib.trivial.and", 2, and),
    NativeDef::strict("lib.trivial.xor", 2, xor),
    NativeDef::strict("lib.trivial.bitNot", 1, bit_not),
    NativeDef::strict("lib.trivial.boolToString", 1, |ev, given| bool_as(ev, given, "true", "false")),
    NativeDef::strict("lib.trivial.boolToYesNo", 1, |ev, given| bool_as(ev, given, "yes", "no")),
    NativeDef::lazy("lib.trivial.mergeAttrs", 2, merge_attrs),
    NativeDef::lazy("lib.trivial.flip", 3, flip),
    NativeDef::with_strict("lib.trivial.defaultTo", 2, 0b10, default_to),
    NativeDef::with_strict("lib.trivial.mapNullable", 2, 0b10, map_nullable),
    NativeDef::strict("lib.trivial.oldestSupportedReleaseIsAtLeast", 1, oldest_supported_release_is_at_least),
    NativeDef::lazy("lib.trivial.revisionWithDefault", 1, id),
    NativeDef::strict("lib.trivial.min", 2, |ev, given| smaller(ev, given, true)),
    NativeDef::strict("lib.trivial.max", 2, |ev, given| smaller(ev, given, false)),
    NativeDef::strict("lib.trivial.mod", 2, modulo),
    NativeDef::strict("lib.trivial.compare", 2, compare),
    NativeDef::lazy("lib.trivial.splitByAndCompare", 5, split_by_and_compare),
    NativeDef::strict("lib.trivial.importJSON", 1, |ev, given| imported(ev, given, "builtins.fromJSON")),
    NativeDef::strict("lib.trivial.importTOML", 1, |ev, given| imported(ev, given, "builtins.fromTOML")),
    NativeDef::with_strict("lib.trivial.warnIf", 2, 0b01, |ev, given| warn_when(ev, given, true)),
    NativeDef::with_strict("lib.trivial.warnIfNot", 2, 0b01, |ev, given| warn_when(ev, given, false)),
    NativeDef::with_strict("lib.trivial.throwIf", 2, 0b01, |ev, given| throw_when(ev, given, true)),
    NativeDef::with_strict("lib.trivial.throwIfNot", 2, 0b01, |ev, given| throw_when(ev, given, false)),
    NativeDef::lazy("lib.trivial.checkListOfEnum", 3, check_list_of_enum),
    NativeDef::lazy("lib.trivial.info", 2, info),
    NativeDef::with_strict("lib.trivial.showWarnings", 2, 0b01, show_warnings),
    NativeDef::lazy("lib.trivial.setFunctionArgs", 2, set_function_args),
    NativeDef::strict("lib.trivial.functionArgs", 1, function_args),
    NativeDef::strict("lib.trivial.isFunction", 1, is_function),
    NativeDef::lazy("lib.trivial.mirrorFunctionArgs", 2, mirror_function_args),
    NativeDef::strict("lib.trivial.toFunction", 1, to_function),
    NativeDef::strict("lib.trivial.fromHexString", 1, from_hex_string),
    NativeDef::strict("lib.trivial.toHexString", 1, to_hex_string),
    NativeDef::strict("lib.trivial.toBaseDigits", 2, to_base_digits),
];

/// The first argument.
fn id(_: &mut Evaluator, arguments: &[Value]) -> Outcome {
    Ok(arguments.first().copied().unwrap_or(Value::NULL))
}

fn pipe(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [value, functions] = arguments else { return Ok(Value::NULL) };
    let (functions, open) = list_parts(ev, *functions)?;
    let mut value = *value;
    for function in functions {
        ev.tick()?;
        value = ev.call(function, &[value])?;
    }
    open.map_or(Ok(value), Err)
}

fn concat(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [a, b] = arguments else { return Ok(Value::NULL) };
    let (a, b) = (ev.force(*a), ev.force(*b));
    match [a, b].into_iter().find(|side| side.is_error()) {
        Some(stop) => Err(Stop(stop)),
        None => ev.concat_lists(a, b),
    }
}

/// `||` where `true` decides, `&&` where `false` does; a known right side may decide over an unknown left one.
fn decide(ev: &mut Evaluator, arguments: &[Value], deciding: bool) -> Outcome {
    let [a, b] = arguments else { return Ok(Value::NULL) };
    match ev.want_bool(*a) {
        Ok(truth) if truth == deciding => Ok(Value::bool(truth)),
        Ok(_) => ev.want_bool(*b).map(Value::bool),
        Err(stop) if stop.0.is_unknown() => match ev.want_bool(*b) {
            Ok(truth) if truth == deciding => Ok(Value::bool(truth)),
            _ => Err(stop),
        },
        Err(stop) => Err(stop),
    }
}

fn or(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    decide(ev, arguments, true)
}

fn and(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    decide(ev, arguments, false)
}

fn xor(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [a, b] = arguments else { return Ok(Value::NULL) };
    Ok(Value::bool(ev.want_bool(*a)? != ev.want_bool(*b)?))
}

fn bit_not(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [number] = arguments else { return Ok(Value::NULL) };
    ev.arithmetic(BinaryOp::Subtract, Value::int(-1), *number)
}

fn bool_as(ev: &mut Evaluator, arguments: &[Value], yes: &str, no: &str) -> Outcome {
    let [truth] = arguments else { return Ok(Value::NULL) };
    let text = if ev.want_bool(*truth)? { yes } else { no };
    Ok(ev.str(text))
}

fn merge_attrs(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [a, b] = arguments else { return Ok(Value::NULL) };
    let (a, b) = (ev.force(*a), ev.force(*b));
    match [a, b].into_iter().find(|side| side.is_error()) {
        Some(stop) => Err(Stop(stop)),
        None => ev.update(a, b),
    }
}

fn flip(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function, a, b] = arguments else { return Ok(Value::NULL) };
    ev.call(*function, &[*b, *a])
}

fn is_null(value: Value) -> bool {
    matches!(value.view(), View::Null)
}

fn default_to(_: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [default, value] = arguments else { return Ok(Value::NULL) };
    Ok(if is_null(*value) { *default } else { *value })
}

fn map_nullable(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function, value] = arguments else { return Ok(Value::NULL) };
    if is_null(*value) { Ok(*value) } else { ev.call(*function, &[*value]) }
}

fn version(ev: &mut Evaluator) -> Outcome {
    Ok(ev.str(&format!("{RELEASE}{VERSION_SUFFIX}")))
}

fn nixpkgs_version(ev: &mut Evaluator) -> Outcome {
    warn(ev, "lib.nixpkgsVersion is a deprecated name of lib.version");
    version(ev)
}

fn is_in_oldest_release(ev: &mut Evaluator) -> Outcome {
    warn(ev, "lib.isInOldestRelease is deprecated in favour of lib.oldestSupportedReleaseIsAtLeast");
    Ok(ev.native("lib.trivial.oldestSupportedReleaseIsAtLeast"))
}

fn oldest_supported_release_is_at_least(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [release] = arguments else { return Ok(Value::NULL) };
    ev.less(Value::int(OLDEST_SUPPORTED_RELEASE), *release).map(|newer| Value::bool(!newer))
}

/// The smaller of two values if `least`, else the other; of equals the second.
fn smaller(ev: &mut Evaluator, arguments: &[Value], least: bool) -> Outcome {
    let [a, b] = arguments else { return Ok(Value::NULL) };
    let is_first = if least { ev.less(*a, *b)? } else { ev.less(*b, *a)? };
    Ok(if is_first { *a } else { *b })
}

fn modulo(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [base, divisor] = arguments else { return Ok(Value::NULL) };
    let quotient = ev.arithmetic(BinaryOp::Divide, *base, *divisor)?;
    let product = ev.arithmetic(BinaryOp::Multiply, *divisor, quotient)?;
    ev.arithmetic(BinaryOp::Subtract, *base, product)
}

fn compare(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [a, b] = arguments else { return Ok(Value::NULL) };
    let order = if ev.less(*a, *b)? { -1 } else { i64::from(ev.less(*b, *a)?) };
    Ok(Value::int(order))
}

fn split_by_and_compare(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [predicate, yes, no, a, b] = arguments else { return Ok(Value::NULL) };
    let first = ev.call_bool(*predicate, &[*a])?;
    let second = ev.call_bool(*predicate, &[*b])?;
    match (first, second) {
        (true, true) => ev.call(*yes, &[*a, *b]),
        (true, false) => Ok(Value::int(-1)),
        (false, true) => Ok(Value::int(1)),
        (false, false) => ev.call(*no, &[*a, *b]),
    }
}

fn imported(ev: &mut Evaluator, arguments: &[Value], parse: &str) -> Outcome {
    let [path] = arguments else { return Ok(Value::NULL) };
    let text = call_native(ev, "builtins.readFile", &[*path])?;
    call_native(ev, parse, &[text])
}

fn warn_when(ev: &mut Evaluator, arguments: &[Value], when: bool) -> Outcome {
    let [condition, message] = arguments else { return Ok(Value::NULL) };
    if ev.want_bool(*condition)? == when {
        Ok(ev.native_with("builtins.warn", &[*message]))
    } else {
        Ok(ev.native("lib.trivial.id"))
    }
}

fn throw_when(ev: &mut Evaluator, arguments: &[Value], when: bool) -> Outcome {
    let [condition, message] = arguments else { return Ok(Value::NULL) };
    if ev.want_bool(*condition)? != when {
        return Ok(ev.native("lib.trivial.id"));
    }
    let message = super::support::coerced(ev, *message)?;
    let message = ev.heap.text(message).into_owned();
    Err(throw(ev, message))
}

/// What `toString` makes of every element, with commas.
fn listed(ev: &mut Evaluator, values: &[Value]) -> Result<String, Stop> {
    let texts = values.iter().map(|value| shown(ev, *value)).collect::<Result<Vec<_>, _>>()?;
    Ok(texts.join(", "))
}

fn check_list_of_enum(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [message, valid, given] = arguments else { return Ok(Value::NULL) };
    let unexpected = call_native(ev, "lib.lists.subtractLists", &[*valid, *given])?;
    let unexpected = ev.want_whole_list(unexpected)?;
    if unexpected.len == 0 {
        return Ok(ev.native("lib.trivial.id"));
    }
    let unexpected = ev.heap.elements(unexpected);
    let valid = ev.want_whole_list(*valid)?;
    let valid = ev.heap.elements(valid);
    let (unexpected, valid) = (listed(ev, &unexpected)?, listed(ev, &valid)?);
    let what = super::support::coerced(ev, *message)?;
    let what = ev.heap.text(what).into_owned();
    Err(throw(ev, format!("{what}: {unexpected} unexpected; valid ones: {valid}")))
}

fn info(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [message, value] = arguments else { return Ok(Value::NULL) };
    let message = super::support::coerced(ev, *message)?;
    let message = format!("INFO: {}", ev.heap.text(message));
    let message = ev.str(&message);
    let trace = ev.native("builtins.trace");
    ev.call(trace, &[message, *value])
}

/// Gives every warning of a list, then the value.
pub(super) fn show_warnings(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [warnings, value] = arguments else { return Ok(Value::NULL) };
    let (warnings, _) = list_parts(ev, *warnings)?;
    let function = ev.native("builtins.warn");
    for warning in warnings {
        ev.call(function, &[warning, Value::NULL])?;
    }
    Ok(*value)
}

/// A set that is called like `function` (lazy) and says that it takes the arguments `names` (lazy).
fn callable(ev: &mut Evaluator, function: Value, names: Value) -> Value {
    let functor = ev.native_with("lib.trivial.const", &[function]);
    ev.set(&[("__functor", functor), ("__functionArgs", names)])
}

fn set_function_args(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function, names] = arguments else { return Ok(Value::NULL) };
    Ok(callable(ev, *function, *names))
}

/// The arguments that a function or a callable set takes, as `builtins.functionArgs` gives them.
pub(super) fn function_args(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function] = arguments else { return Ok(Value::NULL) };
    if let View::Attrs(set) = function.view()
        && let Some(functor) = ev.optional_attribute(set, sym::FUNCTOR)?
    {
        return match ev.optional_attribute(set, sym::FUNCTION_ARGS)? {
            Some(names) => Ok(names),
            None => {
                let inner = ev.call(functor, &[*function])?;
                call_native(ev, "builtins.functionArgs", &[inner])
            }
        };
    }
    call_native(ev, "builtins.functionArgs", &[*function])
}

/// Whether an evaluated value is a function or a set that gives one.
pub(super) fn is_function_value(ev: &mut Evaluator, value: Value) -> Result<bool, Stop> {
    match value.view() {
        View::Lambda(..) | View::Native(_) | View::Partial(_) => Ok(true),
        View::Attrs(set) => match ev.optional_attribute(set, sym::FUNCTOR)? {
            Some(functor) => {
                let inner = ev.call(functor, &[value])?;
                let inner = ev.want(inner)?;
                Ok(matches!(inner.view(), View::Lambda(..) | View::Native(_) | View::Partial(_)))
            }
            None => Ok(false),
        },
        _ => Ok(false),
    }
}

fn is_function(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [value] = arguments else { return Ok(Value::NULL) };
    is_function_value(ev, *value).map(Value::bool)
}

fn mirror_function_args(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [model, function] = arguments else { return Ok(Value::NULL) };
    let names = ev.delay_native("lib.trivial.functionArgs", &[*model]);
    Ok(callable(ev, *function, names))
}

fn to_function(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [value] = arguments else { return Ok(Value::NULL) };
    if is_function_value(ev, *value)? {
        return Ok(*value);
    }
    Ok(ev.native_with("lib.trivial.const", &[*value]))
}

/// The number that hexadecimal digits stand for; `0x` before them and single `_` between them are allowed.
pub(super) fn hex_number(text: &str) -> Option<i64> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    if digits.starts_with('_') || digits.ends_with('_') || digits.contains("__") {
        return None;
    }
    let digits: String = digits.chars().filter(|digit| *digit != '_').collect();
    let is_hex = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_hex.then(|| i64::from_str_radix(&digits, 16).ok())?
}

fn from_hex_string(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [string] = arguments else { return Ok(Value::NULL) };
    let text = ev.want_text(*string)?;
    let digits = text.strip_prefix("0x").unwrap_or(&text);
    let is_plain = (1..=16).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    if !is_plain {
        warn(ev, &format!("fromHexString: {text:?} is not a number in base 16"));
    }
    match hex_number(&text.to_ascii_lowercase()) {
        Some(number) => Ok(Value::int(number)),
        None => {
            let message = format!("fromHexString: {text:?} is not a number in base 16 of at most 63 bits");
            Err(ev.error(crate::eval::ErrorKind::Type, message))
        }
    }
}

/// The digits of a number, highest first; what the assertions of `toBaseDigits` refuse is an error.
fn digits(ev: &mut Evaluator, base: Value, number: Value) -> Result<Vec<i64>, Stop> {
    let (View::Int(base), View::Int(mut number)) = (base.view(), number.view()) else {
        return Err(assertion(ev, "toBaseDigits: base and number have to be integers"));
    };
    if base < 2 || number < 0 {
        let message = format!("toBaseDigits: cannot write {number} in base {base}");
        return Err(assertion(ev, message));
    }
    let mut digits = Vec::new();
    loop {
        digits.push(number % base);
        number /= base;
        if number == 0 {
            digits.reverse();
            return Ok(digits);
        }
    }
}

fn to_base_digits(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [base, number] = arguments else { return Ok(Value::NULL) };
    let digits: Vec<Value> = digits(ev, *base, *number)?.into_iter().map(Value::int).collect();
    list_of(ev, &digits)
}

fn to_hex_string(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [number] = arguments else { return Ok(Value::NULL) };
    digits(ev, Value::int(16), *number)?;
    let number = ev.want_int(*number)?;
    Ok(ev.str(&format!("{number:X}")))
}

#[cfg(test)]
mod tests {
    use crate::nixlib::testing::check;

    #[test]
    fn laziness_of_logic() {
        check(&[
            ("lib.or true (throw \"lazy\")", "true"),
            ("lib.and false (throw \"lazy\")", "false"),
            ("lib.defaultTo (throw \"lazy\") 1", "1"),
            ("lib.warnIf false (throw \"lazy\") 1", "1"),
            ("lib.throwIf true \"no\" 1", "error: no"),
            ("lib.pipe 2 [ (x: x + 1) toString ]", r#""3""#),
        ]);
    }

    #[test]
    fn numbers_in_other_bases() {
        check(&[
            ("lib.toHexString 250", r#""FA""#),
            ("lib.toHexString 0", r#""0""#),
            ("lib.toBaseDigits 2 5", "[ 1 0 1 ]"),
            ("lib.toBaseDigits 1 5", "error: …"),
            ("lib.fromHexString \"0xff\"", "255"),
            ("lib.fromHexString \"no\"", "error: …"),
            ("lib.mod (-5) 3", "-2"),
            ("lib.bitNot 0", "-1"),
        ]);
    }

    #[test]
    fn functions_and_their_arguments() {
        check(&[
            ("lib.functionArgs (lib.setFunctionArgs (x: x) { a = true; })", "{ a = true; }"),
            ("lib.functionArgs lib.trivial.id", "{ }"),
            (
                "lib.functionArgs (lib.mirrorFunctionArgs ({ a, b ? 1 }: a) (throw \"later\"))",
                "{ a = false; b = true; }",
            ),
            ("lib.isFunction { __functor = self: x: x; }", "true"),
            ("lib.toFunction 5 null", "5"),
            (
                "lib.checkListOfEnum \"kinds\" [ \"tap\" ] [ \"tup\" ] 1",
                "error: kinds: tup unexpected; valid ones: tap",
            ),
        ]);
    }
}
