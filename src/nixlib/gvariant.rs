//! `lib.gvariant`: values for GLib's settings and their text (GLib, "GVariant Text Format").

use super::common::{field, field_or, is_text, throw, whole_elements};
use super::{Family, Member};
use crate::eval::{Coercion, Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{Value, View};

pub(super) static FAMILY: Family = Family {
    name: "gvariant",
    functions: &[FUNCTIONS],
    members: &[
        Member::Made("type", types),
        Member::Made("intConstructors", int_constructors),
        Member::Made("mkUchar", |ev| number_maker(ev, "y")),
        Member::Made("mkInt16", |ev| number_maker(ev, "n")),
        Member::Made("mkUint16", |ev| number_maker(ev, "q")),
        Member::Made("mkUint32", |ev| number_maker(ev, "u")),
        Member::Made("mkInt64", |ev| number_maker(ev, "x")),
        Member::Made("mkUint64", |ev| number_maker(ev, "t")),
    ],
    top: &[],
};

const FUNCTIONS: &[NativeDef] = &[
    NativeDef::strict("lib.gvariant.isGVariant", 1, is_gvariant_value),
    NativeDef::strict("lib.gvariant.mkValue", 1, make_value),
    NativeDef::lazy("lib.gvariant.mkArray", 1, make_array),
    NativeDef::lazy("lib.gvariant.mkEmptyArray", 1, make_empty_array),
    NativeDef::lazy("lib.gvariant.mkVariant", 1, make_variant),
    NativeDef::lazy("lib.gvariant.mkDictionaryEntry", 2, make_dictionary_entry),
    NativeDef::lazy("lib.gvariant.mkMaybe", 2, make_maybe),
    NativeDef::lazy("lib.gvariant.mkNothing", 1, make_nothing),
    NativeDef::lazy("lib.gvariant.mkJust", 1, make_just),
    NativeDef::lazy("lib.gvariant.mkTuple", 1, make_tuple),
    NativeDef::lazy("lib.gvariant.mkBoolean", 1, make_boolean),
    NativeDef::lazy("lib.gvariant.mkString", 1, make_string),
    NativeDef::lazy("lib.gvariant.mkObjectpath", 1, make_object_path),
    NativeDef::lazy("lib.gvariant.mkInt32", 1, make_int32),
    NativeDef::lazy("lib.gvariant.mkDouble", 1, make_double),
    NativeDef::lazy("internal.gvariant.make", 2, make_plain),
    NativeDef::lazy("internal.gvariant.text", 2, text),
    NativeDef::lazy("internal.gvariant.values", 2, make_values),
    NativeDef::lazy("internal.gvariant.arrayType", 1, array_type),
    NativeDef::lazy("internal.gvariant.entryType", 2, entry_type),
    NativeDef::lazy("internal.gvariant.tupleType", 1, tuple_type),
    NativeDef::strict("internal.gvariant.affix", 3, affix),
    NativeDef::strict("internal.gvariant.tupleOf", 1, tuple_of),
    NativeDef::strict("internal.gvariant.dictionaryEntryOf", 2, dictionary_entry_of),
];

/// The types of whole numbers: constructor, letter, lowest and highest value where Nix can tell.
const INTEGERS: [(&str, &str, Option<i64>, Option<i64>); 7] = [
    ("mkInt32", "i", Some(-2_147_483_648), Some(2_147_483_647)),
    ("mkUint32", "u", Some(0), Some(4_294_967_295)),
    ("mkInt64", "x", None, None),
    ("mkUint64", "t", Some(0), None),
    ("mkInt16", "n", Some(-32_768), Some(32_767)),
    ("mkUint16", "q", Some(0), Some(65_535)),
    ("mkUchar", "y", Some(0), Some(255)),
];

fn types(ev: &mut Evaluator) -> Outcome {
    let mut all = Vec::new();
    for (name, letter) in [
        ("string", "s"),
        ("boolean", "b"),
        ("uchar", "y"),
        ("int16", "n"),
        ("uint16", "q"),
        ("int32", "i"),
        ("uint32", "u"),
        ("int64", "x"),
        ("uint64", "t"),
        ("double", "d"),
        ("variant", "v"),
    ] {
        all.push((name, ev.str(letter)));
    }
    let (array, maybe, empty) = (ev.str("a"), ev.str("m"), ev.str(""));
    all.push(("arrayOf", ev.native_with("internal.gvariant.affix", &[array, empty])));
    all.push(("maybeOf", ev.native_with("internal.gvariant.affix", &[maybe, empty])));
    all.push(("tupleOf", ev.native("internal.gvariant.tupleOf")));
    all.push(("dictionaryEntryOf", ev.native("internal.gvariant.dictionaryEntryOf")));
    Ok(ev.set(&all))
}

fn affix(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [before, after, inner] = arguments else { return Ok(Value::NULL) };
    let parts = [ev.want_text(*before)?, ev.want_text(*inner)?, ev.want_text(*after)?];
    Ok(ev.str(&parts.concat()))
}

fn tuple_of(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [kinds] = arguments else { return Ok(Value::NULL) };
    let mut text = String::from("(");
    for kind in whole_elements(ev, *kinds)? {
        text.push_str(&ev.want_text(kind)?);
    }
    text.push(')');
    Ok(ev.str(&text))
}

fn dictionary_entry_of(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [name, value] = arguments else { return Ok(Value::NULL) };
    let text = format!("{{{}{}}}", ev.want_text(*name)?, ev.want_text(*value)?);
    Ok(ev.str(&text))
}

fn int_constructors(ev: &mut Evaluator) -> Outcome {
    let mut all = Vec::new();
    for (name, kind, min, max) in INTEGERS {
        let (name, kind) = (ev.str(name), ev.str(kind));
        let bounds = [min, max].map(|bound| bound.map_or(Value::NULL, Value::int));
        let [min, max] = bounds;
        all.push(ev.set(&[("name", name), ("type", kind), ("min", min), ("max", max)]));
    }
    Ok(ev.list(&all))
}

fn number_maker(ev: &mut Evaluator, kind: &str) -> Outcome {
    let kind = ev.str(kind);
    Ok(ev.native_with("internal.gvariant.make", &[kind]))
}

/// A value with its type and the way in which it is written (see [`text`]).
fn primitive(ev: &mut Evaluator, kind: Value, value: Value, style: &str) -> Outcome {
    let style = ev.str(style);
    let show = ev.native_with("internal.gvariant.text", &[style]);
    let tag = ev.str("gvariant");
    Ok(ev.set(&[("_type", tag), ("type", kind), ("value", value), ("__toString", show)]))
}

fn of_kind(ev: &mut Evaluator, kind: &str, value: Value, style: &str) -> Outcome {
    let kind = ev.str(kind);
    primitive(ev, kind, value, style)
}

fn make_plain(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [kind, value] = arguments else { return Ok(Value::NULL) };
    primitive(ev, *kind, *value, "plain")
}

fn shown(ev: &mut Evaluator, value: Value) -> Result<String, Stop> {
    let id = ev.coerce(value, Coercion::More)?;
    Ok(ev.heap.text(id).into_owned())
}

fn shown_list(ev: &mut Evaluator, list: Value) -> Result<String, Stop> {
    let mut parts = Vec::new();
    for element in whole_elements(ev, list)? {
        parts.push(shown(ev, element)?);
    }
    Ok(parts.join(","))
}

/// The text of a value in one of the styles that the constructors ask for.
fn text(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [style, itself] = arguments else { return Ok(Value::NULL) };
    let style = ev.want_text(*style)?;
    let value = field(ev, *itself, "value")?;
    let typed = |ev: &mut Evaluator| -> Result<String, Stop> {
        let kind = field(ev, *itself, "type")?;
        ev.want_text(kind)
    };
    let text = match style.as_str() {
        "bare" => shown(ev, value)?,
        "array" => format!("@{} [{}]", typed(ev)?, shown_list(ev, value)?),
        "empty" => format!("@{} []", typed(ev)?),
        "variant" => format!("<{}>", shown(ev, value)?),
        "entry" => {
            let (name, inner) = (field(ev, value, "name")?, field(ev, value, "value")?);
            let (name, inner) = (ev.want(name)?, ev.want(inner)?);
            let (name, inner) = (make_value(ev, &[name])?, make_value(ev, &[inner])?);
            format!("@{} {{{},{}}}", typed(ev)?, shown(ev, name)?, shown(ev, inner)?)
        }
        "maybe" => match ev.want(value)?.view() {
            View::Null => format!("@{} nothing", typed(ev)?),
            _ => format!("just {}", shown(ev, value)?),
        },
        "tuple" => format!("@{} ({})", typed(ev)?, shown_list(ev, value)?),
        "boolean" => ev.want_bool(value)?.to_string(),
        "string" => {
            let inner = ev.want_text(value)?;
            format!("'{}'", inner.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n"))
        }
        "objectpath" => format!("objectpath '{}'", ev.want_text(value)?.replace('\'', "\\'")),
        _ => format!("@{} {}", typed(ev)?, shown(ev, value)?),
    };
    Ok(ev.str(&text))
}

fn is_gvariant(ev: &mut Evaluator, value: Value) -> Result<bool, Stop> {
    match field_or(ev, value, "_type")? {
        Some(tag) => is_text(ev, tag, b"gvariant"),
        None => Ok(false),
    }
}

fn is_gvariant_value(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [value] = arguments else { return Ok(Value::NULL) };
    is_gvariant(ev, *value).map(Value::bool)
}

fn make_value(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [value] = arguments else { return Ok(Value::NULL) };
    match value.view() {
        View::Bool(_) => make_boolean(ev, arguments),
        View::Float(_) => make_double(ev, arguments),
        View::Str(_) => make_string(ev, arguments),
        View::List(_) => make_array(ev, arguments),
        View::Int(number) => {
            let fitting: Vec<String> = INTEGERS
                .iter()
                .filter(|(_, _, min, max)| min.is_none_or(|min| min <= number) && max.is_none_or(|max| number <= max))
                .map(|(name, kind, ..)| format!("- `lib.gvariant.{name}` for `{kind}`"))
                .collect();
            let message = format!(
                "The GVariant type for number “{number}” is unclear.\nPlease wrap the value with one of the following, depending on the value type in GSettings schema:\n\n{}\n",
                fitting.join("\n")
            );
            Err(throw(ev, message))
        }
        View::Attrs(_) => {
            if is_gvariant(ev, *value)? {
                return Ok(*value);
            }
            let message =
                "a set has no GVariant type; for a dictionary make an array of lib.gvariant.mkDictionaryEntry";
            Err(throw(ev, message))
        }
        _ => {
            let kind = ev.type_name(*value);
            Err(throw(ev, format!("The GVariant type of “{kind}” can't be inferred.")))
        }
    }
}

/// Every element of a list as a value with its type, made when it is needed.
fn make_values(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [list, may_be_empty] = arguments else { return Ok(Value::NULL) };
    let elements = whole_elements(ev, *list)?;
    if elements.is_empty() && !ev.want_bool(*may_be_empty)? {
        return Err(throw(ev, "Please create empty array with mkEmptyArray."));
    }
    let function = ev.native("lib.gvariant.mkValue");
    let values: Vec<Value> = elements.iter().map(|element| ev.heap.deferred(function, &[*element])).collect();
    Ok(ev.heap.new_list(&values))
}

fn kind_of(ev: &mut Evaluator, value: Value) -> Result<String, Stop> {
    let kind = field(ev, value, "type")?;
    ev.want_text(kind)
}

fn make_array(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [list] = arguments else { return Ok(Value::NULL) };
    let values = ev.delay_native("internal.gvariant.values", &[*list, Value::FALSE]);
    let kind = ev.delay_native("internal.gvariant.arrayType", &[values]);
    primitive(ev, kind, values, "array")
}

/// The type of an array, whose elements must have one type.
fn array_type(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [values] = arguments else { return Ok(Value::NULL) };
    let mut common: Option<String> = None;
    for value in whole_elements(ev, *values)? {
        ev.tick()?;
        let kind = kind_of(ev, value)?;
        if common.as_ref().is_some_and(|common| *common != kind) {
            return Err(throw(ev, "Elements in a list should have same type."));
        }
        common = Some(kind);
    }
    Ok(ev.str(&format!("a{}", common.unwrap_or_default())))
}

/// A type around another one, written when it is needed.
fn affixed(ev: &mut Evaluator, before: &str, inner: Value) -> Value {
    let (before, after) = (ev.str(before), ev.str(""));
    ev.delay_native("internal.gvariant.affix", &[before, after, inner])
}

fn make_empty_array(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [kind] = arguments else { return Ok(Value::NULL) };
    let kind = affixed(ev, "a", *kind);
    primitive(ev, kind, Value::EMPTY_LIST, "empty")
}

fn make_variant(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [element] = arguments else { return Ok(Value::NULL) };
    let value = ev.delay_native("lib.gvariant.mkValue", &[*element]);
    of_kind(ev, "v", value, "variant")
}

fn make_dictionary_entry(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [name, value] = arguments else { return Ok(Value::NULL) };
    let kind = ev.delay_native("internal.gvariant.entryType", &[*name, *value]);
    let entry = ev.set(&[("name", *name), ("value", *value)]);
    primitive(ev, kind, entry, "entry")
}

fn entry_type(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let mut kind = String::from("{");
    for part in arguments {
        let part = ev.want(*part)?;
        let part = make_value(ev, &[part])?;
        kind.push_str(&kind_of(ev, part)?);
    }
    kind.push('}');
    Ok(ev.str(&kind))
}

fn make_maybe(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [kind, element] = arguments else { return Ok(Value::NULL) };
    let kind = affixed(ev, "m", *kind);
    primitive(ev, kind, *element, "maybe")
}

fn make_nothing(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [kind] = arguments else { return Ok(Value::NULL) };
    make_maybe(ev, &[*kind, Value::NULL])
}

fn make_just(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [element] = arguments else { return Ok(Value::NULL) };
    let value = ev.delay_native("lib.gvariant.mkValue", &[*element]);
    let kind = super::scopes::delayed_field(ev, value, "type");
    let kind = Value::reference(ev.heap.new_slot(kind));
    make_maybe(ev, &[kind, value])
}

fn make_tuple(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [list] = arguments else { return Ok(Value::NULL) };
    let values = ev.delay_native("internal.gvariant.values", &[*list, Value::TRUE]);
    let kind = ev.delay_native("internal.gvariant.tupleType", &[values]);
    primitive(ev, kind, values, "tuple")
}

fn tuple_type(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [values] = arguments else { return Ok(Value::NULL) };
    let mut kind = String::from("(");
    for value in whole_elements(ev, *values)? {
        ev.tick()?;
        kind.push_str(&kind_of(ev, value)?);
    }
    kind.push(')');
    Ok(ev.str(&kind))
}

fn make_boolean(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [value] = arguments else { return Ok(Value::NULL) };
    of_kind(ev, "b", *value, "boolean")
}

fn make_string(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [value] = arguments else { return Ok(Value::NULL) };
    of_kind(ev, "s", *value, "string")
}

fn make_object_path(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [value] = arguments else { return Ok(Value::NULL) };
    of_kind(ev, "s", *value, "objectpath")
}

fn make_int32(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [value] = arguments else { return Ok(Value::NULL) };
    of_kind(ev, "i", *value, "bare")
}

fn make_double(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [value] = arguments else { return Ok(Value::NULL) };
    of_kind(ev, "d", *value, "bare")
}

#[cfg(test)]
mod tests {
    use crate::nixlib::testing::check;

    #[test]
    fn values_and_their_text() {
        check(&[
            (r#"toString (lib.gvariant.mkArray [ "a" "b" ])"#, r#""@as ['a','b']""#),
            ("toString (lib.gvariant.mkTuple [ true (lib.gvariant.mkUint32 7) ])", r#""@(bu) (true,@u 7)""#),
            (r#"toString (lib.gvariant.mkDictionaryEntry "k" true)"#, r#""@{sb} {'k',true}""#),
            ("lib.gvariant.mkValue null", "error: The GVariant type of “null” can't be inferred."),
        ]);
    }
}
