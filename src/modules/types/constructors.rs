//! `lib.types`: the family, and the functions that make types of others.

use super::TypeId;
use super::compound::checked_tag;
use super::named::{constant, ints, named, numbers};
use super::table::{
    Kind, ModuleList, Part, Plain, Submodule, add, attrs_of, either, list_of, null_or, part, plain, type_of_value,
};
use super::value::{phrase, type_value};
use super::written::fields;
use crate::eval::{ErrorKind, Evaluator, NativeDef, Outcome};
use crate::heap::{Value, View, sym};
use crate::nixlib::{Family, Member};

/// The family `lib.types`.
pub(super) static FAMILY: Family = Family {
    name: "types",
    functions: &[FUNCTIONS, super::named::FUNCTIONS, super::written::FUNCTIONS, super::functor::FAMILY],
    members: MEMBERS,
    top: &["isType", "setType", "defaultTypeMerge", "defaultFunctor", "isOptionType", "mkOptionType"],
};

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::lazy("lib.types.listOf", 1, make_list_of),
    NativeDef::lazy("lib.types.nonEmptyListOf", 1, make_non_empty_list_of),
    NativeDef::lazy("lib.types.attrsOf", 1, make_attrs_of),
    NativeDef::lazy("lib.types.lazyAttrsOf", 1, make_lazy_attrs_of),
    NativeDef::strict("lib.types.attrsWith", 1, make_attrs_with).taking(&[
        ("elemType", false),
        ("lazy", true),
        ("placeholder", true),
    ]),
    NativeDef::lazy("lib.types.attrListOf", 1, make_attr_list_of),
    NativeDef::strict("lib.types.attrListWith", 1, make_attr_list_with).taking(&[
        ("elemType", false),
        ("asAttrs", true),
        ("mergeAttrValues", true),
    ]),
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
    NativeDef::strict("lib.types.pathWith", 1, make_path_with).taking(&[("inStore", true), ("absolute", true)]),
    NativeDef::lazy("lib.types.uniq", 1, make_uniq),
    NativeDef::with_strict("lib.types.unique", 2, 1, make_unique).taking(&[("message", false)]),
    NativeDef::lazy("lib.types.submodule", 1, make_submodule),
    NativeDef::strict("lib.types.submoduleWith", 1, make_submodule_with).taking(&[
        ("modules", false),
        ("specialArgs", true),
        ("shorthandOnlyDefinesConfig", true),
        ("description", true),
        ("class", true),
    ]),
    NativeDef::strict("lib.types.deferredModuleWith", 1, make_deferred_module_with),
    NativeDef::with_strict("lib.types.addCheck", 2, 1, make_add_check),
    NativeDef::strict("lib.types.serializableValueWith", 1, make_serializable),
    NativeDef::strict("internal.types.described", 2, described),
    NativeDef::lazy("internal.types.nonEmptyWith", 2, non_empty_with),
    NativeDef::lazy("internal.types.checkedTag", 2, checked_tag_field),
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
    changed(ev, checked, &[("description", description), ("emptyValue", Value::EMPTY_SET), ("substSubModules", other)])
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
