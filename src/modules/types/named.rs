//! Types that need no arguments, and ranges of numbers.

use super::TypeId;
use super::table::{Bound, Bounds, Kind, Made, Part, Plain, add, either, made, plain};
use super::value::type_value;
use crate::eval::{ErrorKind, Evaluator, NativeDef, Outcome};
use crate::heap::{Value, View};

pub(super) static FUNCTIONS: &[NativeDef] = &[
    NativeDef::strict("internal.types.intsBetween", 2, ints_between),
    NativeDef::strict("internal.types.numbersBetween", 2, numbers_between),
];

/// The set of a type without arguments.
pub(super) fn constant(ev: &mut Evaluator, name: &str) -> Outcome {
    let ty = named(ev, name).unwrap_or(TypeId(0));
    Ok(type_value(ev, ty))
}

/// The type without arguments that `lib.types` has under a name (`ints.u8` for nested ones), or that only static tables use.
pub(super) fn named(ev: &mut Evaluator, name: &str) -> Option<TypeId> {
    let which = match name {
        "unspecified" => Plain::Unspecified,
        "raw" => Plain::Raw,
        "anything" => Plain::Anything,
        "bool" => Plain::Bool,
        "boolByOr" => Plain::BoolByOr,
        "int" => Plain::Int,
        "float" => Plain::Float,
        "str" | "string" => Plain::Str,
        "nonEmptyStr" => Plain::NonEmptyStr,
        "singleLineStr" => Plain::SingleLineStr,
        "attrs" => Plain::Attrs,
        "fileset" => Plain::Fileset,
        "package" | "shellPackage" => Plain::Package,
        "luaInline" => Plain::LuaInline,
        "optionDeclaration" => Plain::OptionDeclaration,
        "optionType" => Plain::OptionType,
        "unitOption" => Plain::UnitOption,
        _ => return named_composite(ev, name),
    };
    Some(plain(ev, which))
}

fn named_composite(ev: &mut Evaluator, name: &str) -> Option<TypeId> {
    let (path, in_store, absolute) = match name {
        "number" => {
            let (int, float) = (plain(ev, Plain::Int), plain(ev, Plain::Float));
            return Some(either(ev, Part::Known(int), Part::Known(float)));
        }
        "port" => return int_range(ev, "u16"),
        "lines" => return Some(separated(ev, "lines", "\n")),
        "commas" => return Some(separated(ev, "commas", ",")),
        "envVar" => return Some(separated(ev, "envVar", ":")),
        "deferredModule" => {
            return Some(made(ev, Made::Named("deferredModule"), |_| Kind::DeferredModule(Value::EMPTY_LIST)));
        }
        "path" => ("path", Value::NULL, Value::TRUE),
        "pathInStore" => ("pathInStore", Value::TRUE, Value::NULL),
        "externalPath" => ("externalPath", Value::FALSE, Value::TRUE),
        _ => return int_range(ev, name.strip_prefix("ints.").unwrap_or(name)),
    };
    Some(made(ev, Made::Named(path), |_| Kind::Path { in_store, absolute }))
}

fn separated(ev: &mut Evaluator, name: &'static str, separator: &str) -> TypeId {
    made(ev, Made::Named(name), |ev| Kind::Separated(ev.str(separator)))
}

/// The types of `lib.types.ints`.
fn int_range(ev: &mut Evaluator, name: &str) -> Option<TypeId> {
    let (key, low, high, title): (&'static str, i64, i64, &'static str) = match name {
        "u8" => ("unsignedInt8", 0, 0xFF, "8 bit unsigned integer"),
        "u16" => ("unsignedInt16", 0, 0xFFFF, "16 bit unsigned integer"),
        "u32" => ("unsignedInt32", 0, 0xFFFF_FFFF, "32 bit unsigned integer"),
        "s8" => ("signedInt8", -0x80, 0x7F, "8 bit signed integer"),
        "s16" => ("signedInt16", -0x8000, 0x7FFF, "16 bit signed integer"),
        "s32" => ("signedInt32", -0x8000_0000, 0x7FFF_FFFF, "32 bit signed integer"),
        "unsigned" => return Some(half_open(ev, "unsignedInt", "unsigned integer, meaning >=0", true, false)),
        "positive" => return Some(half_open(ev, "positiveInt", "positive integer, meaning >0", false, false)),
        _ => return None,
    };
    Some(made(ev, Made::Named(key), |_| {
        Kind::Bounded(Bounds {
            allows_floats: false,
            low: Some(Bound::Inclusive(Value::int(low))),
            high: Some(Bound::Inclusive(Value::int(high))),
            name: key.to_owned(),
            description: format!("{title}; between {low} and {high} (both inclusive)"),
            class: Some("noun"),
        })
    }))
}

fn half_open(ev: &mut Evaluator, name: &'static str, words: &str, with_zero: bool, allows_floats: bool) -> TypeId {
    let zero = Value::int(0);
    made(ev, Made::Named(name), |_| {
        Kind::Bounded(Bounds {
            allows_floats,
            low: Some(if with_zero { Bound::Inclusive(zero) } else { Bound::Exclusive(zero) }),
            high: None,
            name: name.to_owned(),
            description: words.to_owned(),
            class: Some("nonRestrictiveClause"),
        })
    })
}

/// `ints.between low high`
pub(super) fn int_between(ev: &mut Evaluator, low: i64, high: i64) -> TypeId {
    add(
        ev,
        Kind::Bounded(Bounds {
            allows_floats: false,
            low: Some(Bound::Inclusive(Value::int(low))),
            high: Some(Bound::Inclusive(Value::int(high))),
            name: "intBetween".to_owned(),
            description: format!("integer between {low} and {high} (both inclusive)"),
            class: Some("noun"),
        }),
    )
}

fn between(ev: &mut Evaluator, low: Value, high: Value, allows_floats: bool) -> Outcome {
    let family = if allows_floats { "numbers" } else { "ints" };
    if ev.less(high, low)? {
        return Err(ev.error(ErrorKind::Throw, format!("{family}.between: lowest must be smaller than highest")));
    }
    let show = |value: Value| match value.view() {
        View::Int(number) => number.to_string(),
        View::Float(number) => format!("{number:?}"),
        _ => String::new(),
    };
    let range = format!("{} and {} (both inclusive)", show(low), show(high));
    let (name, description, class) = if allows_floats {
        ("numberBetween", format!("integer or floating point number between {range}"), "conjunction")
    } else {
        ("intBetween", format!("integer between {range}"), "noun")
    };
    let bounds = Bounds {
        allows_floats,
        low: Some(Bound::Inclusive(low)),
        high: Some(Bound::Inclusive(high)),
        name: name.to_owned(),
        description,
        class: Some(class),
    };
    let ty = add(ev, Kind::Bounded(bounds));
    Ok(type_value(ev, ty))
}

fn ints_between(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [low, high] = arguments else { return Ok(Value::NULL) };
    between(ev, *low, *high, false)
}

fn numbers_between(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [low, high] = arguments else { return Ok(Value::NULL) };
    between(ev, *low, *high, true)
}

/// `lib.types.ints`
pub(super) fn ints(ev: &mut Evaluator) -> Outcome {
    let mut entries = vec![("between", ev.native("internal.types.intsBetween"))];
    for name in ["unsigned", "positive", "u8", "u16", "u32", "s8", "s16", "s32"] {
        let ty = int_range(ev, name).unwrap_or(TypeId(0));
        entries.push((name, type_value(ev, ty)));
    }
    Ok(ev.set(&entries))
}

/// `lib.types.numbers`
pub(super) fn numbers(ev: &mut Evaluator) -> Outcome {
    let nonnegative =
        half_open(ev, "numberNonnegative", "nonnegative integer or floating point number, meaning >=0", true, true);
    let positive =
        half_open(ev, "numberPositive", "positive integer or floating point number, meaning >0", false, true);
    let (nonnegative, positive) = (type_value(ev, nonnegative), type_value(ev, positive));
    let between = ev.native("internal.types.numbersBetween");
    Ok(ev.set(&[("between", between), ("nonnegative", nonnegative), ("positive", positive)]))
}
