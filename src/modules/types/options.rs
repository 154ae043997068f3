//! `lib.options`: declaring options, and merging and showing definitions as functions of users.

use super::merge::{definitions_of, loc_of, merge_default, merge_equal, merge_one};
use super::show::show_defs;
use super::table::{Part, Plain, is_tagged, null_or, plain};
use super::value::{select, type_value};
use super::written::{fields, get};
use crate::eval::{ErrorKind, Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{Set, Value, View, sym};
use crate::modules::definition::{Definition, Loc, show_name};
use crate::nixlib::{Family, Member};
use crate::syntax::ExprId;

/// The family `lib.options`.
pub(super) static FAMILY: Family = Family {
    name: "options",
    functions: &[FUNCTIONS, super::documents::FUNCTIONS],
    members: &[Member::Made("unknownModule", |ev| Ok(ev.str("<unknown-file>")))],
    top: &[
        "isOption",
        "mkEnableOption",
        "mkSinkUndeclaredOptions",
        "mergeDefaultOption",
        "mergeOneOption",
        "mergeEqualOption",
        "mergeUniqueOption",
        "getValues",
        "getFiles",
        "optionAttrSetToDocList",
        "optionAttrSetToDocList'",
        "scrubOptionValue",
        "literalExpression",
        "showOption",
        "showOptionWithDefLocs",
        "showFiles",
        "unknownModule",
        "mkOption",
        "mkPackageOption",
        "literalMD",
    ],
};

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::strict("lib.options.isOption", 1, is_option),
    NativeDef::strict("lib.options.mkOption", 1, mk_option).taking(&[
        ("default", true),
        ("defaultText", true),
        ("example", true),
        ("description", true),
        ("relatedPackages", true),
        ("type", true),
        ("apply", true),
        ("internal", true),
        ("visible", true),
        ("readOnly", true),
    ]),
    NativeDef::lazy("lib.options.mkEnableOption", 1, mk_enable_option),
    NativeDef::with_strict("lib.options.mkPackageOption", 3, 0b110, mk_package_option),
    NativeDef::strict("lib.options.mkSinkUndeclaredOptions", 1, mk_sink),
    NativeDef::lazy("lib.options.mergeDefaultOption", 2, merge_default_option),
    NativeDef::lazy("lib.options.mergeOneOption", 2, merge_one_option),
    NativeDef::with_strict("lib.options.mergeUniqueOption", 3, 1, merge_unique_option),
    NativeDef::lazy("lib.options.mergeEqualOption", 2, merge_equal_option),
    NativeDef::strict("lib.options.getValues", 1, get_values),
    NativeDef::strict("lib.options.getFiles", 1, get_files),
    NativeDef::strict("lib.options.showOption", 1, show_option),
    NativeDef::strict("lib.options.showFiles", 1, show_files),
    NativeDef::strict("lib.options.showDefs", 1, show_definitions),
    NativeDef::strict("lib.options.showOptionWithDefLocs", 1, show_with_locations),
    NativeDef::lazy("internal.options.enableText", 1, enable_text),
    NativeDef::lazy("internal.options.unreadable", 1, unreadable),
    NativeDef::lazy("internal.options.sinkMerge", 2, |_, _| Ok(Value::FALSE)),
    NativeDef::lazy("internal.options.missingPackage", 1, missing_package),
];

fn is_option(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [value] = arguments else { return Ok(Value::NULL) };
    match value.view() {
        View::Attrs(set) => is_tagged(ev, set, b"option").map(Value::bool),
        _ => Ok(Value::FALSE),
    }
}

/// What an option may be declared with.
const ALLOWED: [&str; 10] = [
    "default",
    "defaultText",
    "example",
    "description",
    "relatedPackages",
    "type",
    "apply",
    "internal",
    "visible",
    "readOnly",
];

fn mk_option(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [argument] = arguments else { return Ok(Value::NULL) };
    let set = ev.want_attrs(*argument)?;
    let mut attributes = ev.heap.entries(set);
    for (name, _, origin) in &attributes {
        let name = ev.heap.name(*name);
        if !ALLOWED.contains(&name) {
            let message = format!("function 'mkOption' called with unexpected argument '{name}'");
            return Err(ev.error_at(ErrorKind::Arguments, message, *origin));
        }
    }
    let tag = ev.str("option");
    let mut whole = vec![(sym::TYPE_TAG, tag, ExprId::NONE)];
    whole.extend(attributes.drain(..).map(|(name, slot, origin)| (name, ev.heap.share(slot), origin)));
    Ok(ev.heap.new_open_set(&whole, ev.heap.open_set_reason(set)))
}

fn option(ev: &mut Evaluator, attributes: &[(&str, Value)]) -> Value {
    let tag = ev.str("option");
    let mut whole = vec![("_type", tag)];
    whole.extend_from_slice(attributes);
    ev.set(&whole)
}

fn mk_enable_option(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [name] = arguments else { return Ok(Value::NULL) };
    let ty = plain(ev, Plain::Bool);
    let ty = type_value(ev, ty);
    let text = ev.delay_native("internal.options.enableText", &[*name]);
    Ok(option(ev, &[("default", Value::FALSE), ("example", Value::TRUE), ("description", text), ("type", ty)]))
}

fn enable_text(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [name] = arguments else { return Ok(Value::NULL) };
    let id = ev.coerce(*name, crate::eval::Coercion::Strict)?;
    let text = format!("Whether to enable {}.", ev.heap.text(id));
    Ok(ev.str(&text))
}

/// The names of an attribute path that is given as one name or as a list.
fn path_names(ev: &mut Evaluator, value: Value) -> Result<Vec<String>, Stop> {
    let value = ev.want(value)?;
    let View::List(list) = value.view() else { return Ok(vec![ev.want_text(value)?]) };
    let mut names = Vec::with_capacity(list.count());
    for slot in list.slots() {
        let name = ev.heap.share(slot);
        names.push(ev.want_text(name)?);
    }
    Ok(names)
}

fn written_path(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().map(|name| show_name(name)).collect();
    shown.join(".")
}

pub(super) fn literal(ev: &mut Evaluator, text: &str) -> Value {
    let (tag, text) = (ev.str("literalExpression"), ev.str(text));
    ev.set(&[("_type", tag), ("text", text)])
}

fn mk_package_option(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [packages, name, argument] = arguments else { return Ok(Value::NULL) };
    let (empty, text) = (ev.str(""), ev.str("pkgs"));
    let allowed = [
        ("nullable", Some(Value::FALSE)),
        ("default", Some(*name)),
        ("example", Some(Value::NULL)),
        ("extraDescription", Some(empty)),
        ("pkgsText", Some(text)),
    ];
    let [nullable, default, example, extra, prefix] = fields(ev, "mkPackageOption", *argument, allowed)?;
    let nullable = ev.want_bool(nullable)?;
    let (default, example) = (ev.want(default)?, ev.want(example)?);
    let (extra, prefix) = (ev.want_text(extra)?, ev.want_text(prefix)?);
    let mut attributes = Vec::new();
    if default.view() != View::Null {
        let names = path_names(ev, default)?;
        let written = written_path(&names);
        let missing = ev.str(&format!("{written} cannot be found in {prefix}"));
        let missing = ev.delay_native("internal.options.missingPackage", &[missing]);
        let mut path = Vec::with_capacity(names.len());
        for name in &names {
            path.push(ev.str(name));
        }
        let path = ev.list(&path);
        attributes.push(("default", ev.delay_native("lib.attrsets.attrByPath", &[path, missing, *packages])));
        attributes.push(("defaultText", literal(ev, &format!("{prefix}.{written}"))));
    } else if nullable {
        attributes.push(("default", Value::NULL));
    }
    let shown = path_names(ev, *name)?.pop().unwrap_or_default();
    let space = if extra.is_empty() { "" } else { " " };
    attributes.push(("description", ev.str(&format!("The {shown} package to use.{space}{extra}"))));
    let package = plain(ev, Plain::Package);
    let ty = if nullable { null_or(ev, Part::Known(package)) } else { package };
    attributes.push(("type", type_value(ev, ty)));
    if example.view() != View::Null {
        let text = match example.view() {
            View::List(_) => format!("{prefix}.{}", written_path(&path_names(ev, example)?)),
            _ => ev.want_text(example)?,
        };
        attributes.push(("example", literal(ev, &text)));
    }
    Ok(option(ev, &attributes))
}

fn missing_package(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [message] = arguments else { return Ok(Value::NULL) };
    let message = ev.want_text(*message)?;
    Err(ev.error(ErrorKind::Throw, message))
}

fn mk_sink(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [attributes] = arguments else { return Ok(Value::NULL) };
    let name = ev.str("sink");
    let merge = ev.native("internal.options.sinkMerge");
    let ty = ev.set(&[("name", name), ("merge", merge)]);
    let make = ev.native("lib.types.mkOptionType");
    let ty = ev.call(make, &[ty])?;
    let text = ev.str("Sink for option definitions.");
    let apply = ev.native("internal.options.unreadable");
    let base = option(
        ev,
        &[
            ("internal", Value::TRUE),
            ("visible", Value::FALSE),
            ("default", Value::FALSE),
            ("description", text),
            ("type", ty),
            ("apply", apply),
        ],
    );
    ev.update(base, *attributes)
}

fn unreadable(ev: &mut Evaluator, _: &[Value]) -> Outcome {
    Err(ev.error(ErrorKind::Throw, "Option value is not readable because the option is not declared."))
}

/// Merges with a path that only an error tells: if it is none, that is no matter as long as the definitions go together.
fn merged_at(
    ev: &mut Evaluator,
    arguments: &[Value],
    merge: impl Fn(&mut Evaluator, &Loc, &[Definition]) -> Outcome,
) -> Outcome {
    let [loc, defs] = arguments else { return Ok(Value::NULL) };
    let defs = definitions_of(ev, *defs)?;
    let loc = if let [_] = defs.as_slice() { Ok(Loc::root()) } else { loc_of(ev, *loc) };
    let known = loc.as_ref().cloned().unwrap_or_default();
    match (merge(ev, &known, &defs), loc) {
        (Err(stop), Err(instead)) if is_of_module_system(ev, stop) => Err(instead),
        (outcome, _) => outcome,
    }
}

fn is_of_module_system(ev: &Evaluator, stop: Stop) -> bool {
    let View::Error(id) = stop.0.view() else { return false };
    ev.error_info(id).is_some_and(|info| matches!(info.kind, ErrorKind::Module(_)))
}

fn merge_default_option(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    merged_at(ev, arguments, merge_default)
}

fn merge_one_option(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    merged_at(ev, arguments, |ev, loc, defs| merge_one(ev, loc, defs, ""))
}

fn merge_unique_option(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [argument, loc, list] = arguments else { return Ok(Value::NULL) };
    let [message, merge] =
        fields(ev, "mergeUniqueOption", *argument, [("message", None), ("merge", Some(Value::NULL))])?;
    let defs = definitions_of(ev, *list)?;
    let is_given = ev.want(merge)?.view() != View::Null;
    if defs.len() == 1 && is_given {
        return ev.call(merge, &[*loc, *list]);
    }
    let (loc, message) = (loc_of(ev, *loc)?, ev.want_text(message)?);
    merge_one(ev, &loc, &defs, &message)
}

fn merge_equal_option(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    merged_at(ev, arguments, merge_equal)
}

/// One attribute of each set of a list.
fn each(ev: &mut Evaluator, list: Value, name: &str) -> Outcome {
    let seq = ev.want_list(list)?;
    let (name, function) = (ev.str(name), ev.native("internal.types.get"));
    ev.tick_many(u64::from(seq.len))?;
    let mut values = Vec::with_capacity(seq.count());
    for element in ev.heap.elements(seq) {
        values.push(ev.heap.deferred(function, &[name, element]));
    }
    Ok(match ev.heap.open_reason(seq) {
        Some(reason) => ev.heap.new_open_list(&values, reason),
        None => ev.list(&values),
    })
}

fn get_values(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [defs] = arguments else { return Ok(Value::NULL) };
    each(ev, *defs, "value")
}

fn get_files(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [defs] = arguments else { return Ok(Value::NULL) };
    each(ev, *defs, "file")
}

fn show_option(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [parts] = arguments else { return Ok(Value::NULL) };
    let loc = loc_of(ev, *parts)?;
    let text = loc.show(&ev.heap);
    Ok(ev.str(&text))
}

fn texts(ev: &mut Evaluator, list: Value) -> Result<Vec<String>, Stop> {
    let seq = ev.want_whole_list(list)?;
    let mut found = Vec::with_capacity(seq.count());
    for slot in seq.slots() {
        ev.tick()?;
        let text = ev.heap.share(slot);
        let id = ev.coerce(text, crate::eval::Coercion::Strict)?;
        found.push(ev.heap.text(id).into_owned());
    }
    Ok(found)
}

fn show_files(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [files] = arguments else { return Ok(Value::NULL) };
    let shown: Vec<String> = texts(ev, *files)?.iter().map(|file| format!("`{file}'")).collect();
    Ok(ev.str(&shown.join(" and ")))
}

fn show_definitions(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [defs] = arguments else { return Ok(Value::NULL) };
    let defs = definitions_of(ev, *defs)?;
    let text = show_defs(ev, &defs)?;
    Ok(ev.str(&text))
}

fn show_with_locations(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [option] = arguments else { return Ok(Value::NULL) };
    let loc = select(ev, *option, &["loc"])?;
    let loc = loc_of(ev, loc)?.show(&ev.heap);
    let files = select(ev, *option, &["files"])?;
    let lines: Vec<String> = texts(ev, files)?.iter().map(|file| format!("  - {file}")).collect();
    Ok(ev.str(&format!("{loc}, with values defined in:\n{}\n", lines.join("\n"))))
}

/// An attribute of a set, if it has it.
pub(super) fn attribute_of(ev: &mut Evaluator, set: Set, name: &str) -> Result<Option<Value>, Stop> {
    let name = ev.heap.intern(name);
    ev.optional_attribute(set, name)
}

/// The attribute of a set, evaluated; used where documents read options.
pub(super) fn required(ev: &mut Evaluator, set: Value, name: &str) -> Outcome {
    let name = ev.str(name);
    get(ev, &[name, set])
}
