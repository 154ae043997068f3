//! `lib.types`: constants, functions that make types, and `mkOptionType`.

use super::TypeId;
use super::compound::checked_tag;
use super::table::{
    Bound, Bounds, Kind, Made, ModuleList, Part, Plain, Submodule, add, attrs_of, either, is_tagged, list_of, made, null_or,
    part, plain, type_of_value,
};
use super::value::{phrase, type_value};
use crate::eval::{ErrorKind, Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{Set, Value, View, sym};
use crate::nixlib::{Family, Member};

/// The family `lib.types`.
pub(super) static FAMILY: Family = Family {
    name: "types",
    functions: &[FUNCTIONS, super::functor::FAMILY],
    members: MEMBERS,
    top: &["isType", "setType", "defaultTypeMerge", "defaultFunctor", "isOptionType", "mkOptionType"],
};

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::lazy("lib.types.listOf", 1, make_list_of),
    NativeDef::lazy("lib.types.nonEmptyListOf", 1, make_non_empty_list_of),
    NativeDef::lazy("lib.types.attrsOf", 1, make_attrs_of),
    NativeDef::lazy("lib.types.lazyAttrsOf", 1, make_lazy_attrs_of),
    NativeDef::strict("lib.types.attrsWith", 1, make_attrs_with),
    NativeDef::lazy("lib.types.attrListOf", 1, make_attr_list_of),
    NativeDef::strict("lib.types.attrListWith", 1, make_attr_list_with),
    NativeDef::lazy("lib.types.loaOf", 1, make_loa_of),
    NativeDef::lazy("lib.types.attrTag", 1, make_attr_tag),
    NativeDef::lazy("lib.types.nullOr", 1, make_null_or),
    NativeDef::lazy("lib.types.functionTo", 1, make_function_to),
    NativeDef::lazy("lib.types.either", 2, make_either),
    NativeDef::strict("lib.types.oneOf", 1, make_one_of),
    NativeDef::lazy("lib.types.coercedTo", 3, make_coerced_to),
    NativeDef::lazy("lib.types.enum", 1, make_enum),
    NativeDef::lazy("lib.types.strMatching", 1, make_str_matching),
    NativeDef::lazy("lib.types.separatedString", 1, make_separated),
    NativeDef::strict("lib.types.passwdEntry", 1, make_passwd_entry),
    NativeDef::strict("lib.types.pathWith", 1, make_path_with),
    NativeDef::lazy("lib.types.uniq", 1, make_uniq),
    NativeDef::with_strict("lib.types.unique", 2, 1, make_unique),
    NativeDef::lazy("lib.types.submodule", 1, make_submodule),
    NativeDef::strict("lib.types.submoduleWith", 1, make_submodule_with),
    NativeDef::strict("lib.types.deferredModuleWith", 1, make_deferred_module_with),
    NativeDef::with_strict("lib.types.addCheck", 2, 1, make_add_check),
    NativeDef::strict("lib.types.serializableValueWith", 1, make_serializable),
    NativeDef::strict("lib.types.mkOptionType", 1, mk_option_type),
    NativeDef::strict("lib.types.isType", 2, is_type),
    NativeDef::strict("lib.types.setType", 2, set_type),
    NativeDef::strict("lib.types.isOptionType", 1, is_option_type),
    NativeDef::lazy("lib.types.defaultFunctor", 1, default_functor),
    NativeDef::strict("lib.types.mergeTypes", 2, merge_two_types),
    NativeDef::with_strict("lib.types.optionDescriptionPhrase", 2, 2, option_description_phrase),
    NativeDef::strict("internal.types.intsBetween", 2, ints_between),
    NativeDef::strict("internal.types.numbersBetween", 2, numbers_between),
    NativeDef::lazy("internal.types.yes", 1, |_, _| Ok(Value::TRUE)),
    NativeDef::lazy("internal.types.null", 1, |_, _| Ok(Value::NULL)),
    NativeDef::lazy("internal.types.emptySet", 1, |_, _| Ok(Value::EMPTY_SET)),
    NativeDef::lazy("internal.types.nullOfTwo", 2, |_, _| Ok(Value::NULL)),
    NativeDef::strict("internal.types.described", 2, described),
    NativeDef::lazy("internal.types.lookup", 1, lookup),
    NativeDef::lazy("internal.types.nonEmptyWith", 2, non_empty_with),
    NativeDef::lazy("internal.types.checkedTag", 2, checked_tag_field),
    NativeDef::strict("internal.types.get", 2, get),
    NativeDef::strict("internal.types.ofName", 1, of_name),
];

static MEMBERS: &[Member] = &[
    Member::Made("unspecified", |ev| constant(ev, "unspecified")),
    Member::Made("raw", |ev| constant(ev, "raw")),
    Member::Made("anything", |ev| constant(ev, "anything")),
    Member::Made("bool", |ev| constant(ev, "bool")),
    Member::Made("boolByOr", |ev| constant(ev, "boolByOr")),
    Member::Made("int", |ev| constant(ev, "int")),
    Member::Made("float", |ev| constant(ev, "float")),
    Member::Made("number", |ev| constant(ev, "number")),
    Member::Made("port", |ev| constant(ev, "port")),
    Member::Made("str", |ev| constant(ev, "str")),
    Member::Made("nonEmptyStr", |ev| constant(ev, "nonEmptyStr")),
    Member::Made("singleLineStr", |ev| constant(ev, "singleLineStr")),
    Member::Made("lines", |ev| constant(ev, "lines")),
    Member::Made("commas", |ev| constant(ev, "commas")),
    Member::Made("envVar", |ev| constant(ev, "envVar")),
    Member::Made("attrs", |ev| constant(ev, "attrs")),
    Member::Made("fileset", |ev| constant(ev, "fileset")),
    Member::Made("package", |ev| constant(ev, "package")),
    Member::Made("shellPackage", shell_package),
    Member::Made("pkgs", package_set),
    Member::Made("path", |ev| constant(ev, "path")),
    Member::Made("pathInStore", |ev| constant(ev, "pathInStore")),
    Member::Made("externalPath", |ev| constant(ev, "externalPath")),
    Member::Made("luaInline", |ev| constant(ev, "luaInline")),
    Member::Made("optionDeclaration", |ev| constant(ev, "optionDeclaration")),
    Member::Made("optionType", |ev| constant(ev, "optionType")),
    Member::Made("deferredModule", |ev| constant(ev, "deferredModule")),
    Member::Made("ints", ints),
    Member::Made("numbers", numbers),
    Member::Made("json", |ev| serializable(ev, "JSON", true)),
    Member::Made("toml", |ev| serializable(ev, "TOML", false)),
    Member::Made("types", |ev| {
        let lib = crate::nixlib::lib_value(ev);
        super::value::select(ev, lib, &["types"])
    }),
];

fn constant(ev: &mut Evaluator, name: &str) -> Outcome {
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

fn ints(ev: &mut Evaluator) -> Outcome {
    let mut entries = vec![("between", ev.native("internal.types.intsBetween"))];
    for name in ["unsigned", "positive", "u8", "u16", "u32", "s8", "s16", "s32"] {
        let ty = int_range(ev, name).unwrap_or(TypeId(0));
        entries.push((name, type_value(ev, ty)));
    }
    Ok(ev.set(&entries))
}

fn numbers(ev: &mut Evaluator) -> Outcome {
    let nonnegative =
        half_open(ev, "numberNonnegative", "nonnegative integer or floating point number, meaning >=0", true, true);
    let positive = half_open(ev, "numberPositive", "positive integer or floating point number, meaning >0", false, true);
    let (nonnegative, positive) = (type_value(ev, nonnegative), type_value(ev, positive));
    let between = ev.native("internal.types.numbersBetween");
    Ok(ev.set(&[("between", between), ("nonnegative", nonnegative), ("positive", positive)]))
}

/// A type's set with other fields.
fn changed(ev: &mut Evaluator, base: TypeId, fields: &[(&str, Value)]) -> Outcome {
    let base = type_value(ev, base);
    let fields = ev.set(fields);
    ev.update(base, fields)
}

fn shell_package(ev: &mut Evaluator) -> Outcome {
    let base = plain(ev, Plain::Package);
    let check = ev.native("internal.types.isShellPackage");
    changed(ev, base, &[("check", check)])
}

fn package_set(ev: &mut Evaluator) -> Outcome {
    let attrs = plain(ev, Plain::Attrs);
    let message = ev.str("A Nixpkgs pkgs set can not be merged with another pkgs set.");
    let base = add(ev, Kind::Unique { message, inner: Part::Known(attrs) });
    let predicate = ev.native("internal.types.isPackageSet");
    let checked = add(ev, Kind::Checked { base, predicate });
    let (name, class, words) = (ev.str("pkgs"), ev.str("noun"), ev.str("Nixpkgs package set"));
    changed(ev, checked, &[("name", name), ("descriptionClass", class), ("description", words)])
}

/// A value of a serialisation format: the type contains itself, so it is found through a slot that is filled last.
fn serializable(ev: &mut Evaluator, format: &str, is_nullable: bool) -> Outcome {
    let slot = ev.heap.new_slot(Value::NULL);
    let whole = Part::Lazy(Value::reference(slot));
    ev.heap.set(slot, Value::BLACK);
    let mut ty = plain(ev, Plain::Bool);
    let mut others: Vec<TypeId> = Vec::new();
    for name in ["int", "float", "str", "path"] {
        others.extend(named(ev, name));
    }
    others.push(attrs_of(ev, whole));
    others.push(list_of(ev, whole));
    for other in others {
        ty = either(ev, Part::Known(ty), Part::Known(other));
    }
    if is_nullable {
        ty = null_or(ev, Part::Known(ty));
    }
    let words = ev.str(&format!("{format} value"));
    let value = changed(ev, ty, &[("description", words)])?;
    ev.heap.set(slot, value);
    Ok(value)
}

fn one(ev: &mut Evaluator, arguments: &[Value], make: impl FnOnce(&mut Evaluator, Part) -> TypeId) -> Outcome {
    let [inner] = arguments else { return Ok(Value::NULL) };
    let inner = part(ev, *inner);
    let ty = make(ev, inner);
    Ok(type_value(ev, ty))
}

fn make_list_of(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    one(ev, arguments, list_of)
}

fn make_attrs_of(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    one(ev, arguments, attrs_of)
}

fn make_lazy_attrs_of(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    one(ev, arguments, |ev, element| {
        let placeholder = ev.str("name");
        add(ev, Kind::AttrsOf { element, is_lazy: true, placeholder })
    })
}

fn make_null_or(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    one(ev, arguments, null_or)
}

fn make_function_to(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    one(ev, arguments, |ev, result| add(ev, Kind::FunctionTo(result)))
}

fn make_uniq(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    one(ev, arguments, |ev, inner| {
        let message = ev.str("");
        add(ev, Kind::Unique { message, inner })
    })
}

fn make_non_empty_list_of(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [inner] = arguments else { return Ok(Value::NULL) };
    let element = part(ev, *inner);
    let base = list_of(ev, element);
    let predicate = ev.native("internal.types.isNonEmptyList");
    let checked = add(ev, Kind::Checked { base, predicate });
    let list = type_value(ev, checked);
    let words = ev.str("non-empty ");
    let description = ev.delay_native("internal.types.described", &[words, list]);
    let other = ev.native_with("internal.types.nonEmptyWith", &[*inner]);
    changed(
        ev,
        checked,
        &[("description", description), ("emptyValue", Value::EMPTY_SET), ("substSubModules", other)],
    )
}

/// `nonEmptyListOf` of the same element type with other modules.
fn non_empty_with(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [element, modules] = arguments else { return Ok(Value::NULL) };
    let other = super::value::select(ev, *element, &["substSubModules"])?;
    let element = ev.heap.delay_call(other, &[*modules]);
    make_non_empty_list_of(ev, &[element])
}

/// A word before the description of a type that stands inside another description.
fn described(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [words, ty] = arguments else { return Ok(Value::NULL) };
    let before = ev.want_text(*words)?;
    let ty = part(ev, *ty);
    let after = phrase(ev, ty, &["noun"])?;
    Ok(ev.str(&format!("{before}{after}")))
}

/// An argument set: its fields, with `null` or another default for missing ones. Unexpected names and missing required ones are errors.
pub(super) fn fields<const N: usize>(
    ev: &mut Evaluator,
    function: &str,
    value: Value,
    names: [(&str, Option<Value>); N],
) -> Result<[Value; N], Stop> {
    let set = ev.want_attrs(value)?;
    let mut found = [Value::NULL; N];
    for (place, (name, default)) in found.iter_mut().zip(names) {
        let symbol = ev.heap.intern(name);
        *place = match (ev.optional_attribute(set, symbol)?, default) {
            (Some(value), _) | (None, Some(value)) => value,
            (None, None) => {
                let message = format!("function '{function}' called without required argument '{name}'");
                return Err(ev.error(ErrorKind::Arguments, message));
            }
        };
    }
    for (name, ..) in ev.heap.entries(set) {
        let name = ev.heap.name(name);
        if !names.iter().any(|(known, _)| *known == name) {
            let message = format!("function '{function}' called with unexpected argument '{name}'");
            return Err(ev.error(ErrorKind::Arguments, message));
        }
    }
    Ok(found)
}

fn make_attrs_with(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [argument] = arguments else { return Ok(Value::NULL) };
    let name = ev.str("name");
    let names = [("elemType", None), ("lazy", Some(Value::FALSE)), ("placeholder", Some(name))];
    let [element, is_lazy, placeholder] = fields(ev, "attrsWith", *argument, names)?;
    let is_lazy = ev.want_bool(is_lazy)?;
    let element = part(ev, element);
    let ty = add(ev, Kind::AttrsOf { element, is_lazy, placeholder });
    Ok(type_value(ev, ty))
}

fn make_attr_list_of(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    one(ev, arguments, |ev, element| {
        add(ev, Kind::AttrListOf { element, as_attrs: Value::FALSE, merge_values: Value::NULL })
    })
}

fn make_attr_list_with(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [argument] = arguments else { return Ok(Value::NULL) };
    let names = [("elemType", None), ("asAttrs", Some(Value::FALSE)), ("mergeAttrValues", Some(Value::NULL))];
    let [element, as_attrs, merge_values] = fields(ev, "attrListWith", *argument, names)?;
    let element = part(ev, element);
    let ty = add(ev, Kind::AttrListOf { element, as_attrs, merge_values });
    Ok(type_value(ev, ty))
}

fn make_loa_of(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [element] = arguments else { return Ok(Value::NULL) };
    let element = part(ev, *element);
    let base = attrs_of(ev, element);
    let name = ev.str("loaOf");
    let advice = ev.str("Lists and attribute values can no longer be mixed; use `types.attrsOf` instead.");
    changed(ev, base, &[("name", name), ("deprecationMessage", advice)])
}

fn make_attr_tag(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [tags] = arguments else { return Ok(Value::NULL) };
    let set = ev.want_attrs(*tags)?;
    let mut options = Vec::new();
    for (name, slot, origin) in ev.heap.entries(set) {
        let text = ev.heap.name(name).to_owned();
        let text = ev.str(&text);
        let option = ev.heap.share(slot);
        let check = ev.native("internal.types.checkedTag");
        let position = ev.position_value(origin);
        let with_position = ev.list(&[text, position]);
        options.push((name, ev.heap.deferred(check, &[with_position, option]), origin));
    }
    let tags = ev.heap.new_set(&options);
    let ty = add(ev, Kind::AttrTag(tags));
    Ok(type_value(ev, ty))
}

/// A tag's option with its declarations, given `[name position]` and the option.
fn checked_tag_field(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [both, option] = arguments else { return Ok(Value::NULL) };
    let list = ev.want_list(*both)?;
    let parts = ev.heap.elements(list);
    let [name, position] = parts.as_slice() else { return Ok(Value::NULL) };
    let name = ev.want_text(*name)?;
    let option = checked_tag(ev, &name, *option)?;
    let position = ev.want(*position)?;
    let (files, positions) = match position.view() {
        View::Attrs(set) => match ev.attribute(set, sym::FILE) {
            Some(file) => (ev.list(&[file]), ev.list(&[position])),
            None => (Value::EMPTY_LIST, Value::EMPTY_LIST),
        },
        _ => (Value::EMPTY_LIST, Value::EMPTY_LIST),
    };
    let defaults = ev.set(&[("declarations", files), ("declarationPositions", positions)]);
    ev.update(defaults, option)
}

fn make_either(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [left, right] = arguments else { return Ok(Value::NULL) };
    let (left, right) = (part(ev, *left), part(ev, *right));
    let ty = either(ev, left, right);
    Ok(type_value(ev, ty))
}

fn make_one_of(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [types] = arguments else { return Ok(Value::NULL) };
    let list = ev.want_whole_list(*types)?;
    let types = ev.heap.elements(list);
    let Some((first, others)) = types.split_first() else {
        let message = "types.oneOf needs to get at least one type in its argument";
        return Err(ev.error(ErrorKind::Throw, message));
    };
    let mut whole = part(ev, *first);
    for other in others {
        let other = part(ev, *other);
        whole = Part::Known(either(ev, whole, other));
    }
    Ok(super::table::part_value(ev, whole))
}

fn make_coerced_to(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [from, function, to] = arguments else { return Ok(Value::NULL) };
    let modules = super::value::select(ev, *from, &["getSubModules"])?;
    if ev.want(modules)?.view() != View::Null {
        return Err(ev.error(ErrorKind::Throw, "coercedTo: the type that is converted must not have submodules"));
    }
    let (from, to) = (part(ev, *from), part(ev, *to));
    let ty = add(ev, Kind::CoercedTo { from, function: *function, to });
    Ok(type_value(ev, ty))
}

fn make_enum(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [values] = arguments else { return Ok(Value::NULL) };
    let ty = add(ev, Kind::Enum(*values));
    Ok(type_value(ev, ty))
}

fn make_str_matching(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [pattern] = arguments else { return Ok(Value::NULL) };
    let ty = add(ev, Kind::StrMatching(*pattern));
    Ok(type_value(ev, ty))
}

fn make_separated(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [separator] = arguments else { return Ok(Value::NULL) };
    let ty = add(ev, Kind::Separated(*separator));
    Ok(type_value(ev, ty))
}

fn make_passwd_entry(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [entry] = arguments else { return Ok(Value::NULL) };
    let base = type_of_value(ev, *entry)?;
    let predicate = ev.native("internal.types.isPasswdField");
    let checked = add(ev, Kind::Checked { base, predicate });
    let inner = super::name(ev, base);
    let name = ev.str(&format!("passwdEntry {inner}"));
    let words = phrase(ev, Part::Known(base), &["noun"])?;
    let words = ev.str(&format!("{words}, not containing newlines or colons"));
    let class = ev.str("nonRestrictiveClause");
    changed(ev, checked, &[("name", name), ("description", words), ("descriptionClass", class)])
}

fn make_path_with(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [argument] = arguments else { return Ok(Value::NULL) };
    let names = [("inStore", Some(Value::NULL)), ("absolute", Some(Value::NULL))];
    let [in_store, absolute] = fields(ev, "pathWith", *argument, names)?;
    if super::value::optional_bool(ev, in_store)? == Some(true)
        && super::value::optional_bool(ev, absolute)? == Some(false)
    {
        return Err(ev.error(ErrorKind::Throw, "In pathWith, inStore means the path must be absolute"));
    }
    let ty = add(ev, Kind::Path { in_store, absolute });
    Ok(type_value(ev, ty))
}

fn make_unique(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [argument, inner] = arguments else { return Ok(Value::NULL) };
    let [message] = fields(ev, "unique", *argument, [("message", None)])?;
    let inner = part(ev, *inner);
    let ty = add(ev, Kind::Unique { message, inner });
    Ok(type_value(ev, ty))
}

fn make_submodule(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [modules] = arguments else { return Ok(Value::NULL) };
    let spec = Submodule {
        modules: ModuleList::OneOrMany(*modules),
        special_args: Value::EMPTY_SET,
        shorthand: Value::TRUE,
        description: Value::NULL,
        class: Value::NULL,
        schema: None,
        is_open: false,
    };
    let ty = add(ev, Kind::Submodule(spec));
    Ok(type_value(ev, ty))
}

fn make_submodule_with(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [argument] = arguments else { return Ok(Value::NULL) };
    let names = [
        ("modules", None),
        ("specialArgs", Some(Value::EMPTY_SET)),
        ("shorthandOnlyDefinesConfig", Some(Value::FALSE)),
        ("description", Some(Value::NULL)),
        ("class", Some(Value::NULL)),
    ];
    let [modules, special_args, shorthand, description, class] = fields(ev, "submoduleWith", *argument, names)?;
    let spec = Submodule {
        modules: ModuleList::Many(modules),
        special_args,
        shorthand,
        description,
        class,
        schema: None,
        is_open: false,
    };
    let ty = add(ev, Kind::Submodule(spec));
    Ok(type_value(ev, ty))
}

fn make_deferred_module_with(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [argument] = arguments else { return Ok(Value::NULL) };
    let names = [("staticModules", Some(Value::EMPTY_LIST))];
    let [modules] = fields(ev, "deferredModuleWith", *argument, names)?;
    let ty = add(ev, Kind::DeferredModule(modules));
    Ok(type_value(ev, ty))
}

fn make_add_check(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [base, predicate] = arguments else { return Ok(Value::NULL) };
    let base = type_of_value(ev, *base)?;
    let ty = add(ev, Kind::Checked { base, predicate: *predicate });
    Ok(type_value(ev, ty))
}

fn make_serializable(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [argument] = arguments else { return Ok(Value::NULL) };
    let names = [("typeName", None), ("nullable", Some(Value::TRUE))];
    let [format, is_nullable] = fields(ev, "serializableValueWith", *argument, names)?;
    let (format, is_nullable) = (ev.want_text(format)?, ev.want_bool(is_nullable)?);
    serializable(ev, &format, is_nullable)
}

/// `mkOptionType`: the set that was given, with defaults for what it leaves out.
fn mk_option_type(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [argument] = arguments else { return Ok(Value::NULL) };
    let (check, merge) = (ev.native("internal.types.yes"), ev.native("lib.options.mergeDefaultOption"));
    let (empty, null) = (ev.native("internal.types.emptySet"), ev.native("internal.types.null"));
    let missing = ev.heap.new_slot(Value::NULL);
    let missing = Value::reference(missing);
    let names = [
        ("name", None),
        ("description", Some(Value::NULL)),
        ("descriptionClass", Some(Value::NULL)),
        ("check", Some(check)),
        ("merge", Some(merge)),
        ("emptyValue", Some(Value::EMPTY_SET)),
        ("getSubOptions", Some(empty)),
        ("getSubModules", Some(Value::NULL)),
        ("substSubModules", Some(null)),
        ("typeMerge", Some(missing)),
        ("functor", Some(missing)),
        ("deprecationMessage", Some(Value::NULL)),
        ("nestedTypes", Some(Value::EMPTY_SET)),
    ];
    let mut found = fields(ev, "mkOptionType", *argument, names)?;
    let set = ev.want_attrs(*argument)?;
    let [name, description, .., type_merge, functor, _, _] = &mut found;
    if description.view() == View::Null {
        *description = *name;
    } else if !description.is_evaluated() {
        let words = ev.list(&[*description, *name]);
        *description = ev.delay_native("internal.types.lookup", &[words]);
    }
    let has = |ev: &mut Evaluator, set: Set, name: &str| {
        let name = ev.heap.intern(name);
        ev.attribute(set, name).is_some()
    };
    if !has(ev, set, "functor") {
        *functor = ev.delay_native("lib.types.defaultFunctor", &[*name]);
    }
    if !has(ev, set, "typeMerge") {
        *type_merge = ev.native_with("lib.types.defaultTypeMerge", &[*functor]);
    }
    let tag = ev.str("option-type");
    let mut attributes = vec![(sym::TYPE_TAG, tag, crate::syntax::ExprId::NONE)];
    for ((field, _), value) in names.iter().zip(found) {
        let symbol = ev.heap.intern(field);
        let origin = ev.heap.key(set, symbol).map_or(crate::syntax::ExprId::NONE, |key| key.origin);
        attributes.push((symbol, value, origin));
    }
    Ok(ev.heap.new_set(&attributes))
}

/// The first of the values that is not null.
fn lookup(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [values] = arguments else { return Ok(Value::NULL) };
    let list = ev.want_list(*values)?;
    for slot in list.slots() {
        let value = ev.heap.share(slot);
        let value = ev.want(value)?;
        if value.view() != View::Null {
            return Ok(value);
        }
    }
    Ok(Value::NULL)
}

fn has_tag(ev: &mut Evaluator, value: Value, tag: Value) -> Outcome {
    let View::Attrs(set) = value.view() else {
        let tag = ev.want_string(tag)?;
        return Ok(Value::bool(ev.heap.bytes(tag).is_empty()));
    };
    match ev.optional_attribute(set, sym::TYPE_TAG)? {
        Some(found) => Ok(Value::bool(ev.equal(found, tag)?)),
        None => {
            let empty = ev.str("");
            Ok(Value::bool(ev.equal(empty, tag)?))
        }
    }
}

fn is_type(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [tag, value] = arguments else { return Ok(Value::NULL) };
    has_tag(ev, *value, *tag)
}

fn is_option_type(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [value] = arguments else { return Ok(Value::NULL) };
    match value.view() {
        View::Attrs(set) => is_tagged(ev, set, b"option-type").map(Value::bool),
        _ => Ok(Value::FALSE),
    }
}

fn set_type(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [tag, value] = arguments else { return Ok(Value::NULL) };
    let tag = ev.set(&[("_type", *tag)]);
    ev.update(*value, tag)
}

/// The functor of a type that says nothing about merging.
fn default_functor(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [name] = arguments else { return Ok(Value::NULL) };
    let of_name = ev.delay_native("internal.types.ofName", &[*name]);
    let merge = ev.native("internal.types.nullOfTwo");
    Ok(ev.set(&[("name", *name), ("type", of_name), ("payload", Value::NULL), ("binOp", merge)]))
}

/// `lib.types.<name>`, or null.
fn of_name(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [name] = arguments else { return Ok(Value::NULL) };
    let lib = crate::nixlib::lib_value(ev);
    let types = super::value::select(ev, lib, &["types"])?;
    let types = ev.want_attrs(types)?;
    let name = ev.want_string(*name)?;
    let name = ev.heap.intern_string(name);
    Ok(ev.attribute(types, name).unwrap_or(Value::NULL))
}

fn merge_two_types(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [a, b] = arguments else { return Ok(Value::NULL) };
    let (left, right) = (type_of_value(ev, *a)?, type_of_value(ev, *b)?);
    match super::merge_types(ev, left, right)? {
        Some(merged) => Ok(type_value(ev, merged)),
        None => {
            let (tag, words) = (ev.str("merge-error"), ev.str("Cannot merge types"));
            Ok(ev.set(&[("_type", tag), ("error", words)]))
        }
    }
}

fn option_description_phrase(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [is_clear, ty] = arguments else { return Ok(Value::NULL) };
    let set = ev.want_attrs(*ty)?;
    let class = ev.heap.intern("descriptionClass");
    let class = ev.attribute(set, class).unwrap_or(Value::NULL);
    let words = ev.attribute_or_stop(set, sym::DESCRIPTION)?;
    if ev.call_bool(*is_clear, &[class])? {
        return Ok(words);
    }
    let words = ev.want_text(words)?;
    Ok(ev.str(&format!("({words})")))
}

/// The attribute of a set, given its name first.
pub(super) fn get(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [name, set] = arguments else { return Ok(Value::NULL) };
    let (name, set) = (ev.want_string(*name)?, ev.want_attrs(*set)?);
    let name = ev.heap.intern_string(name);
    ev.attribute_or_stop(set, name)
}
