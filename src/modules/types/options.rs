//! `lib.options`: declaring options, and merging and showing definitions as functions of users.

use super::merge::{definitions_of, loc_of, merge_default, merge_equal, merge_one};
use super::show::show_defs;
use super::table::{Part, Plain, is_tagged, null_or, plain};
use super::value::{select, type_value};
use super::written::{fields, get};
use crate::eval::{ErrorKind, Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{Set, Value, View, sym};
use crate::modules::definition::{Definition, Loc, show_name};
use crate::modules::shapes::{placeless, set_of};
use crate::modules::state::State;
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
    NativeDef::with_strict("lib.options.mkPackageOption", 3, 0b100, mk_package_option),
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
    NativeDef::lazy("internal.options.missingPackage", 2, missing_package),
    NativeDef::lazy("internal.options.packagePath", 2, package_path),
    NativeDef::lazy("internal.options.packageDescription", 2, package_description),
    NativeDef::lazy("internal.options.packageType", 1, package_type),
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
    // The sets of one place in the source have one shape, which is looked at once.
    let tag = option_tag(ev);
    if let Some(View::Attrs(tag)) = State::of(ev).known_options.contains(&set.shape).then_some(tag.view()) {
        return Ok(ev.heap.update(tag, set));
    }
    for (name, _, origin) in ev.heap.entries(set) {
        let name = ev.heap.name(name);
        if !ALLOWED.contains(&name) {
            let message = format!("function 'mkOption' called with unexpected argument '{name}'");
            return Err(ev.error_at(ErrorKind::Arguments, message, origin));
        }
    }
    if ev.heap.shape(set.shape).is_static() {
        State::of(ev).known_options.insert(set.shape);
    }
    let View::Attrs(tag) = tag.view() else { return Ok(tag) };
    Ok(ev.heap.update(tag, set))
}

/// `{ _type = "option"; }`
fn option_tag(ev: &mut Evaluator) -> Value {
    if let Some(known) = State::of(ev).option_tag {
        return known;
    }
    let tag = ev.str("option");
    let made = set_of(ev, &[(sym::TYPE_TAG, ExprId::NONE)], &[tag], None);
    State::of(ev).option_tag = Some(made);
    made
}

fn option(ev: &mut Evaluator, attributes: &[(&str, Value)]) -> Value {
    let tag = ev.str("option");
    let mut names = vec![sym::TYPE_TAG];
    names.extend(attributes.iter().map(|(name, _)| ev.heap.intern(name)));
    let mut values = vec![tag];
    values.extend(attributes.iter().map(|(_, value)| *value));
    set_of(ev, &placeless(&names), &values, None)
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

/// A path of attributes as it is written; one name is a path too.
fn written_path(ev: &mut Evaluator, path: Value) -> Result<String, Stop> {
    let path = ev.want(path)?;
    let View::List(list) = path.view() else { return Ok(show_name(&ev.want_text(path)?)) };
    let mut names = Vec::with_capacity(list.count());
    for slot in list.slots() {
        let name = ev.heap.share(slot);
        names.push(show_name(&ev.want_text(name)?));
    }
    Ok(if names.is_empty() { "<root attribute path>".to_owned() } else { names.join(".") })
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
    let mut attributes = Vec::new();
    let default = ev.want(default)?;
    if default.view() != View::Null {
        let path = if matches!(default.view(), View::List(_)) { default } else { ev.list(&[default]) };
        let missing = ev.delay_native("internal.options.missingPackage", &[path, prefix]);
        attributes.push(("default", ev.delay_native("lib.attrsets.attrByPath", &[path, missing, *packages])));
        let shown = ev.delay_native("internal.options.packagePath", &[path, prefix]);
        attributes.push(("defaultText", shown));
    } else if ev.want_bool(nullable)? {
        attributes.push(("default", Value::NULL));
    }
    let description = ev.delay_native("internal.options.packageDescription", &[*name, extra]);
    attributes.push(("description", description));
    attributes.push(("type", ev.delay_native("internal.options.packageType", &[nullable])));
    let example = ev.want(example)?;
    if example.view() != View::Null {
        let is_path = matches!(example.view(), View::List(_));
        let function = if is_path { "internal.options.packagePath" } else { "lib.options.literalExpression" };
        let given: &[Value] = if is_path { &[example, prefix] } else { &[example] };
        attributes.push(("example", ev.delay_native(function, given)));
    }
    Ok(option(ev, &attributes))
}

fn missing_package(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [path, prefix] = arguments else { return Ok(Value::NULL) };
    let (written, prefix) = (written_path(ev, *path)?, ev.want_text(*prefix)?);
    Err(ev.error(ErrorKind::Throw, format!("{written} cannot be found in {prefix}")))
}

/// A path below the package set, to be shown as code.
fn package_path(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [path, prefix] = arguments else { return Ok(Value::NULL) };
    let (prefix, written) = (ev.want_text(*prefix)?, written_path(ev, *path)?);
    Ok(literal(ev, &format!("{prefix}.{written}")))
}

fn package_description(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [name, extra] = arguments else { return Ok(Value::NULL) };
    let mut name = ev.want(*name)?;
    if let View::List(list) = name.view() {
        let last = ev.heap.elements(list).last().copied();
        name = last.ok_or_else(|| ev.error(ErrorKind::Throw, "lists.last: list must not be empty!"))?;
    }
    let name = ev.want_text(name)?;
    let extra = ev.want_text(*extra)?;
    let space = if extra.is_empty() { "" } else { " " };
    Ok(ev.str(&format!("The {name} package to use.{space}{extra}")))
}

fn package_type(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [nullable] = arguments else { return Ok(Value::NULL) };
    let package = plain(ev, Plain::Package);
    let ty = if ev.want_bool(*nullable)? { null_or(ev, Part::Known(package)) } else { package };
    Ok(type_value(ev, ty))
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
