//! Modules about renamed and removed options, and definitions carried from one option to another.

use super::definition::{DEFAULT_PRIORITY, Loc};
use super::functions::{library_call, names_of_list};
use super::properties::{wrap_if, wrap_merge, wrap_override};
use super::types::{self, SubmoduleSpec};
use crate::eval::{ErrorKind, Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{Set, Symbol, Value, View, sym};
use crate::syntax::ExprId;

pub(super) static FUNCTIONS: &[NativeDef] = &[
    NativeDef::lazy("lib.modules.mkAliasAndWrapDefinitions", 2, |ev, arguments| {
        let [wrap, option] = arguments else { return Ok(Value::NULL) };
        alias(ev, Wrap::Function(*wrap), *option, false)
    }),
    NativeDef::lazy("lib.modules.mkAliasAndWrapDefsWithPriority", 2, |ev, arguments| {
        let [wrap, option] = arguments else { return Ok(Value::NULL) };
        alias(ev, Wrap::Function(*wrap), *option, true)
    }),
    NativeDef::lazy("lib.modules.mkAliasDefinitions", 1, |ev, arguments| {
        let [option] = arguments else { return Ok(Value::NULL) };
        alias(ev, Wrap::None, *option, false)
    }),
    NativeDef::lazy("lib.modules.mkAliasIfDef", 2, |ev, arguments| {
        let [option, content] = arguments else { return Ok(Value::NULL) };
        ev.tell(
            "evaluation warning: Usage of 'mkAliasIfDef' has been deprecated. Use 'mkIf option.isDefined' instead."
                .to_owned(),
        );
        let condition = ev.delay_native("internal.modules.optionPart", &[*option, Value::int(0)]);
        Ok(wrap_if(ev, condition, *content))
    }),
    NativeDef::lazy("internal.modules.optionPart", 2, option_part),
    NativeDef::lazy("internal.modules.wrapped", 3, wrapped),
    NativeDef::lazy("internal.modules.atPath", 2, |ev, arguments| {
        let [root, path] = arguments else { return Ok(Value::NULL) };
        let names = names_of_list(ev, *path)?;
        match at_path(ev, *root, &names)? {
            Some(value) => Ok(value),
            None => {
                let shown = Loc::of(&names).show(&ev.heap);
                let text = format!("cannot find attribute `{shown}'");
                Err(ev.error(ErrorKind::MissingAttribute, text))
            }
        }
    }),
    NativeDef::lazy("lib.modules.mkDerivedConfig", 2, derived_config),
    NativeDef::strict("lib.modules.doRename", 1, |ev, arguments| {
        let [how] = arguments else { return Ok(Value::NULL) };
        Ok(ev.native_with("internal.modules.rename", &[*how]))
    }),
    NativeDef::lazy("lib.modules.mkRenamedOptionModule", 2, renamed),
    NativeDef::strict("lib.modules.mkRenamedOptionModuleWith", 1, renamed_with).taking(&[
        ("from", false),
        ("to", false),
        ("sinceRelease", false),
    ]),
    NativeDef::lazy("lib.modules.mkAliasOptionModule", 2, alias_module),
    NativeDef::lazy("lib.modules.mkAliasOptionModuleMD", 2, |ev, arguments| {
        ev.tell(
            "evaluation warning: mkAliasOptionModuleMD is deprecated and will be removed in 26.05; please use mkAliasOptionModule."
                .to_owned(),
        );
        alias_module(ev, arguments)
    }),
    NativeDef::lazy("lib.modules.mkRemovedOptionModule", 2, |ev, arguments| {
        Ok(ev.native_with("internal.modules.removed", arguments))
    }),
    NativeDef::lazy("lib.modules.mkMergedOptionModule", 3, |ev, arguments| {
        Ok(ev.native_with("internal.modules.mergedOption", arguments))
    }),
    NativeDef::lazy("lib.modules.mkChangedOptionModule", 3, |ev, arguments| {
        let [from, to, change] = arguments else { return Ok(Value::NULL) };
        let from = ev.list(&[*from]);
        Ok(ev.native_with("internal.modules.mergedOption", &[from, *to, *change]))
    }),
    NativeDef::with_strict("internal.modules.rename", 2, 0b11, rename),
    NativeDef::lazy("internal.modules.renameOption", 3, rename_option),
    NativeDef::lazy("internal.modules.renameApply", 3, rename_apply),
    NativeDef::lazy("internal.modules.renameWarnings", 2, rename_warnings),
    NativeDef::lazy("internal.modules.renameWarning", 2, rename_warning),
    NativeDef::with_strict("internal.modules.removed", 3, 0b100, removed),
    NativeDef::lazy("internal.modules.removedApply", 3, removed_apply),
    NativeDef::lazy("internal.modules.removedAssertion", 4, removed_assertion),
    NativeDef::with_strict("internal.modules.mergedOption", 4, 0b1000, merged_option),
    NativeDef::lazy("internal.modules.mergedWarnings", 4, merged_warnings),
    NativeDef::lazy("internal.modules.mergedContents", 3, merged_contents),
];

enum Wrap {
    None,
    Function(Value),
    Path(Vec<Symbol>),
}

/// The definitions of one option as a definition of another: only if there are any, with their priority if wanted.
fn alias(ev: &mut Evaluator, wrap: Wrap, option: Value, with_priority: bool) -> Outcome {
    let condition = ev.delay_native("internal.modules.optionPart", &[option, Value::int(0)]);
    let part = if with_priority { 2 } else { 1 };
    let contents = ev.delay_native("internal.modules.optionPart", &[option, Value::int(part)]);
    let merge = wrap_merge(ev, contents);
    let content = match wrap {
        Wrap::None => merge,
        Wrap::Function(function) => ev.heap.delay_call(function, &[merge]),
        Wrap::Path(names) => nested(ev, &names, merge),
    };
    Ok(wrap_if(ev, condition, content))
}

/// A set of sets along a path.
fn nested(ev: &mut Evaluator, names: &[Symbol], value: Value) -> Value {
    names.iter().rev().fold(value, |inner, name| ev.heap.new_set(&[(*name, inner, ExprId::NONE)]))
}

/// What an alias needs of an option: 0 whether it is defined, 1 its definitions, 2 those with their priority.
fn option_part(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [option, part] = arguments else { return Ok(Value::NULL) };
    let option = ev.want_attrs(*option)?;
    let part = ev.want_int(*part)?;
    if part == 0 {
        let name = ev.heap.intern("isDefined");
        return ev.attribute_or_stop(option, name);
    }
    let name = ev.heap.intern("definitions");
    let definitions = ev.attribute_or_stop(option, name)?;
    if part == 1 {
        return Ok(definitions);
    }
    let priority = priority_of(ev, option)?;
    let list = ev.want_whole_list(definitions)?;
    let mut all = Vec::with_capacity(list.count());
    for slot in list.slots() {
        let definition = ev.heap.share(slot);
        all.push(wrap_override(ev, priority, definition));
    }
    Ok(ev.list(&all))
}

fn priority_of(ev: &mut Evaluator, option: Set) -> Outcome {
    let name = ev.heap.intern("highestPrio");
    match ev.attribute(option, name) {
        Some(priority) => Ok(priority),
        None => Ok(Value::int(DEFAULT_PRIORITY)),
    }
}

/// `mkOverride (priority of option) (function (value of option))`, the content not forced.
fn derived_config(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [option, function] = arguments else { return Ok(Value::NULL) };
    let priority = ev.delay_native("internal.modules.wrapped", &[*option, *function, Value::int(0)]);
    let content = ev.delay_native("internal.modules.wrapped", &[*option, *function, Value::int(1)]);
    Ok(wrap_override(ev, priority, content))
}

fn wrapped(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [option, function, part] = arguments else { return Ok(Value::NULL) };
    if ev.want_int(*part)? == 0 {
        return match ev.want(*option)?.view() {
            View::Attrs(set) => priority_of(ev, set),
            _ => Ok(Value::int(DEFAULT_PRIORITY)),
        };
    }
    let name = ev.str("value");
    let value = ev.delay_native("internal.types.get", &[name, *option]);
    ev.call(*function, &[value])
}

fn renamed(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [from, to] = arguments else { return Ok(Value::NULL) };
    let (old, new) = (path_text(ev, *from)?, path_text(ev, *to)?);
    let message = ev.str(&format!("Obsolete option `{old}' is used. It was renamed to `{new}'."));
    let using = ev.native_with("builtins.trace", &[message]);
    Ok(rename_module(ev, *from, *to, false, true, using))
}

fn renamed_with(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [how] = arguments else { return Ok(Value::NULL) };
    let how = ev.want_attrs(*how)?;
    let names = ["from", "to", "sinceRelease"].map(|name| ev.heap.intern(name));
    let [from, to, since] = names;
    let (from, to) = (ev.attribute_or_stop(how, from)?, ev.attribute_or_stop(how, to)?);
    let since = ev.attribute_or_stop(how, since)?;
    let is_due = library_call(ev, "oldestSupportedReleaseIsAtLeast", &[since])?;
    let is_due = ev.want_bool(is_due)?;
    let (old, new) = (path_text(ev, from)?, path_text(ev, to)?);
    let message = ev.str(&format!("Obsolete option `{old}' is used. It was renamed to `{new}'."));
    let using = library_call(ev, "warnIf", &[Value::bool(is_due), message])?;
    Ok(rename_module(ev, from, to, false, is_due, using))
}

fn alias_module(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [from, to] = arguments else { return Ok(Value::NULL) };
    Ok(rename_module(ev, *from, *to, true, false, Value::NULL))
}

/// The module that `doRename` makes of these; a `use` of null changes nothing.
fn rename_module(ev: &mut Evaluator, from: Value, to: Value, visible: bool, warn: bool, using: Value) -> Value {
    let how = ev.set(&[
        ("from", from),
        ("to", to),
        ("visible", Value::bool(visible)),
        ("warn", Value::bool(warn)),
        ("use", using),
    ]);
    ev.native_with("internal.modules.rename", &[how])
}

fn path_text(ev: &mut Evaluator, path: Value) -> Result<String, Stop> {
    let names = names_of_list(ev, path)?;
    Ok(Loc::of(&names).show(&ev.heap))
}

fn part(ev: &mut Evaluator, how: Value, name: &str) -> Outcome {
    let how = ev.want_attrs(how)?;
    let name = ev.heap.intern(name);
    ev.attribute_or_stop(how, name)
}

fn part_or(ev: &mut Evaluator, how: Value, name: &str, default: Value) -> Outcome {
    let how = ev.want_attrs(how)?;
    let name = ev.heap.intern(name);
    Ok(ev.attribute(how, name).unwrap_or(default))
}

/// The value at a path, or nothing if a name is missing on the way.
fn at_path(ev: &mut Evaluator, root: Value, names: &[Symbol]) -> Result<Option<Value>, Stop> {
    let mut at = root;
    for name in names {
        let value = ev.want(at)?;
        let View::Attrs(set) = value.view() else { return Ok(None) };
        match ev.optional_attribute(set, *name)? {
            Some(next) => at = next,
            None => return Ok(None),
        }
    }
    Ok(Some(at))
}

/// The module of a renamed option, called with its arguments.
fn rename(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [how, module_arguments] = arguments else { return Ok(Value::NULL) };
    let options = part(ev, *module_arguments, "options")?;
    let config = part(ev, *module_arguments, "config")?;
    let from = part(ev, *how, "from")?;
    let from = names_of_list(ev, from)?;
    let to = part(ev, *how, "to")?;
    let to_names = names_of_list(ev, to)?;
    let option = ev.delay_native("internal.modules.renameOption", &[*how, options, config]);
    let declared = nested(ev, &from, option);
    let from_path = part(ev, *how, "from")?;
    let at_from = ev.delay_native("internal.modules.atPath", &[options, from_path]);
    let with_priority = part_or(ev, *how, "withPriority", Value::TRUE)?;
    let with_priority = ev.want_bool(with_priority)?;
    let carried = alias(ev, Wrap::Path(to_names), at_from, with_priority)?;
    let warnings = ev.delay_native("internal.modules.renameWarnings", &[*how, options]);
    let both = ev.list(&[warnings, carried]);
    let merge = wrap_merge(ev, both);
    let condition = part_or(ev, *how, "condition", Value::TRUE)?;
    let config = wrap_if(ev, condition, merge);
    Ok(ev.set(&[("config", config), ("options", declared)]))
}

/// The declaration of the old option. As in nixpkgs it has a type only if that of the new one is not null, which takes the new option's
/// own declarations; where those cannot be known, the type is what cannot be known.
fn rename_option(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [how, options, config] = arguments else { return Ok(Value::NULL) };
    let to = part(ev, *how, "to")?;
    let names = names_of_list(ev, to)?;
    let ty = match rename_type(ev, *options, &names).and_then(|ty| ev.want(ty)) {
        Ok(ty) => ty,
        Err(stop) if stop.0.is_unknown() => stop.0,
        Err(stop) => return Err(stop),
    };
    let visible = part(ev, *how, "visible")?;
    let description = ev.str(&format!("Alias of {{option}}`{}`.", Loc::of(&names).show(&ev.heap)));
    let apply = ev.native_with("internal.modules.renameApply", &[*how, *config]);
    let tag = ev.str("option");
    let mut attributes = vec![("_type", tag), ("apply", apply), ("description", description), ("visible", visible)];
    if ty.view() != View::Null {
        attributes.push(("type", ty));
    }
    Ok(ev.set(&attributes))
}

/// The type of the option at a path, or that of an empty submodule.
fn rename_type(ev: &mut Evaluator, options: Value, names: &[Symbol]) -> Outcome {
    if let Some(option) = at_path(ev, options, names)?
        && let View::Attrs(set) = ev.want(option)?.view()
        && let Some(ty) = ev.attribute(set, sym::TYPE)
    {
        return Ok(ty);
    }
    let spec = SubmoduleSpec {
        modules: Vec::new(),
        special_args: Value::EMPTY_SET,
        shorthand_only_defines_config: Some(true),
        description: None,
        class: None,
        schema: None,
        is_open: false,
    };
    let ty = types::submodule_with(ev, spec);
    Ok(types::type_value(ev, ty))
}

/// Reading the old option reads the new one.
fn rename_apply(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [how, config, _] = arguments else { return Ok(Value::NULL) };
    let to = part(ev, *how, "to")?;
    let names = names_of_list(ev, to)?;
    let Some(value) = at_path(ev, *config, &names)? else {
        let shown = Loc::of(&names).show(&ev.heap);
        return Err(ev.error(ErrorKind::Abort, format!("Renaming error: option `{shown}' does not exist.")));
    };
    let using = part(ev, *how, "use")?;
    let using = ev.want(using)?;
    if using.view() == View::Null { Ok(value) } else { ev.call(using, &[value]) }
}

/// `{ warnings = …; }` if there is an option of that name.
fn rename_warnings(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [how, options] = arguments else { return Ok(Value::NULL) };
    let all = ev.want_attrs(*options)?;
    let name = ev.heap.intern("warnings");
    if ev.attribute(all, name).is_none() {
        return Ok(Value::EMPTY_SET);
    }
    let list = ev.delay_native("internal.modules.renameWarning", &[*how, *options]);
    Ok(ev.set(&[("warnings", list)]))
}

fn rename_warning(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [how, options] = arguments else { return Ok(Value::NULL) };
    let warn = part(ev, *how, "warn")?;
    if !ev.want_bool(warn)? {
        return Ok(Value::EMPTY_LIST);
    }
    let from = part(ev, *how, "from")?;
    let names = names_of_list(ev, from)?;
    let Some(option) = at_path(ev, *options, &names)? else { return Ok(Value::EMPTY_LIST) };
    let is_defined = option_part(ev, &[option, Value::int(0)])?;
    if !ev.want_bool(is_defined)? {
        return Ok(Value::EMPTY_LIST);
    }
    let to = part(ev, *how, "to")?;
    let (old, new, files) = (path_text(ev, from)?, path_text(ev, to)?, files_of(ev, option)?);
    let text = ev.str(&format!("The option `{old}' defined in {files} has been renamed to `{new}'."));
    Ok(ev.list(&[text]))
}

/// The files of an option's definitions, as they stand in a sentence.
fn files_of(ev: &mut Evaluator, option: Value) -> Result<String, Stop> {
    let files = part(ev, option, "files")?;
    let mut shown = Vec::new();
    for slot in ev.want_whole_list(files)?.slots() {
        shown.push(ev.want_text(Value::reference(slot))?);
    }
    Ok(super::messages::show_files(shown.iter().map(String::as_str)))
}

/// The module of a removed option, called with its arguments.
fn removed(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [path, instructions, module_arguments] = arguments else { return Ok(Value::NULL) };
    let options = part(ev, *module_arguments, "options")?;
    let names = names_of_list(ev, *path)?;
    let apply = ev.native_with("internal.modules.removedApply", &[*path, *instructions]);
    let tag = ev.str("option");
    let option = ev.set(&[("_type", tag), ("apply", apply), ("visible", Value::FALSE)]);
    let declared = nested(ev, &names, option);
    let holds = ev.delay_native("internal.modules.removedAssertion", &[*path, *instructions, options, Value::int(0)]);
    let message = ev.delay_native("internal.modules.removedAssertion", &[*path, *instructions, options, Value::int(1)]);
    let assertion = ev.set(&[("assertion", holds), ("message", message)]);
    let assertions = ev.list(&[assertion]);
    let config = ev.set(&[("assertions", assertions)]);
    Ok(ev.set(&[("config", config), ("options", declared)]))
}

fn removed_apply(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [path, instructions, _] = arguments else { return Ok(Value::NULL) };
    let (name, instructions) = (path_text(ev, *path)?, ev.want_text(*instructions)?);
    let text = format!("The option `{name}' can no longer be used since it's been removed. {instructions}");
    Err(ev.error(ErrorKind::Throw, text))
}

fn removed_assertion(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [path, instructions, options, which] = arguments else { return Ok(Value::NULL) };
    let names = names_of_list(ev, *path)?;
    let Some(option) = at_path(ev, *options, &names)? else { return Ok(Value::TRUE) };
    if ev.want_int(*which)? == 0 {
        let is_defined = option_part(ev, &[option, Value::int(0)])?;
        return Ok(Value::bool(!ev.want_bool(is_defined)?));
    }
    let (name, files) = (path_text(ev, *path)?, files_of(ev, option)?);
    let instructions = ev.want_text(*instructions)?;
    Ok(ev.str(&format!(
        "The option definition `{name}' in {files} no longer has any effect; please remove it.\n{instructions}\n"
    )))
}

/// Default of an option that was merged into another one: recognises that nobody has set it.
const UNSET: &str = "_mkMergedOptionModule";

/// The module of options that were merged into another one, called with its arguments.
fn merged_option(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [from, to, merge, module_arguments] = arguments else { return Ok(Value::NULL) };
    let config = part(ev, *module_arguments, "config")?;
    let options = part(ev, *module_arguments, "options")?;
    let mut declared = Value::EMPTY_SET;
    for slot in ev.want_whole_list(*from)?.slots() {
        let names = names_of_list(ev, Value::reference(slot))?;
        let (tag, unset) = (ev.str("option"), ev.str(UNSET));
        let option = ev.set(&[("_type", tag), ("default", unset), ("visible", Value::FALSE)]);
        let one = nested(ev, &names, option);
        declared = library_call(ev, "recursiveUpdate", &[declared, one])?;
    }
    let warnings = ev.delay_native("internal.modules.mergedWarnings", &[*from, *to, config, options]);
    let warnings = ev.set(&[("warnings", warnings)]);
    let contents = ev.delay_native("internal.modules.mergedContents", &[*from, config, *merge]);
    let content = wrap_merge(ev, contents);
    let names = names_of_list(ev, *to)?;
    let target = nested(ev, &names, content);
    let (warnings, target) = (ev.want_attrs(warnings)?, ev.want_attrs(target)?);
    let config = ev.heap.update(warnings, target);
    Ok(ev.set(&[("config", config), ("options", declared)]))
}

fn is_set(ev: &mut Evaluator, config: Value, names: &[Symbol]) -> Result<bool, Stop> {
    let Some(value) = at_path(ev, config, names)? else { return Ok(false) };
    let value = ev.want(value)?;
    Ok(match value.view() {
        View::Str(id) => ev.heap.bytes(id) != UNSET.as_bytes(),
        _ => true,
    })
}

fn merged_warnings(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [from, to, config, options] = arguments else { return Ok(Value::NULL) };
    let new = path_text(ev, *to)?;
    let mut all = Vec::new();
    for slot in ev.want_whole_list(*from)?.slots() {
        let path = ev.heap.share(slot);
        let names = names_of_list(ev, path)?;
        if is_set(ev, *config, &names)?
            && let Some(option) = at_path(ev, *options, &names)?
        {
            let (old, files) = (path_text(ev, path)?, files_of(ev, option)?);
            all.push(ev.str(&format!(
                "The option `{old}' defined in {files} has been changed to `{new}' that has a different type. Please read `{new}' documentation and update your configuration accordingly."
            )));
        }
    }
    Ok(ev.list(&all))
}

fn merged_contents(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [from, config, merge] = arguments else { return Ok(Value::NULL) };
    for slot in ev.want_whole_list(*from)?.slots() {
        let names = names_of_list(ev, Value::reference(slot))?;
        if is_set(ev, *config, &names)? {
            let value = ev.heap.delay_call(*merge, &[*config]);
            return Ok(ev.list(&[value]));
        }
    }
    Ok(Value::EMPTY_LIST)
}
