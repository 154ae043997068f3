//! `lib.meta`: what packages say about themselves.

use super::attrset_packages::output_of;
use super::attrset_paths::identifier_text;
use super::attrset_trees::{at_path, matches_attrs};
use super::common::{
    attributes, deferred_native, field, field_or, is_derivation, single, throw, update, whole_elements,
};
use super::{Family, licenses};
use crate::eval::{Coercion, Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{Value, View, sym};
use crate::syntax::ExprId;

use super::Member;

pub(super) static FAMILY: Family = Family {
    name: "meta",
    functions: &[FUNCTIONS],
    members: &[
        Member::Made("defaultPriority", |_| Ok(Value::int(5))),
        Member::Made("lowPrio", |ev| Ok(ev.native_with("lib.meta.setPrio", &[Value::int(10)]))),
        Member::Made("hiPrio", |ev| Ok(ev.native_with("lib.meta.setPrio", &[Value::int(-10)]))),
        Member::Made("lowPrioSet", |ev| prioritised_set(ev, 10)),
        Member::Made("hiPrioSet", |ev| prioritised_set(ev, -10)),
        Member::Made("licensesSpdx", licenses::by_spdx_id),
    ],
    top: &[
        "addMetaAttrs",
        "dontDistribute",
        "setName",
        "updateName",
        "appendToName",
        "mapDerivationAttrset",
        "setPrio",
        "lowPrio",
        "lowPrioSet",
        "hiPrio",
        "hiPrioSet",
        "licensesSpdx",
        "getLicenseFromSpdxId",
        "getLicenseFromSpdxIdOr",
        "getExe",
        "getExe'",
    ],
};

const FUNCTIONS: &[NativeDef] = &[
    NativeDef::with_strict("lib.meta.addMetaAttrs", 2, 0b10, add_meta_attrs),
    NativeDef::lazy("internal.meta.merged", 2, merged_meta),
    NativeDef::lazy("internal.meta.changed", 2, changed_meta),
    NativeDef::strict("lib.meta.dontDistribute", 1, dont_distribute),
    NativeDef::with_strict("lib.meta.setName", 2, 0b10, set_name),
    NativeDef::with_strict("lib.meta.updateName", 2, 0b10, update_name),
    NativeDef::with_strict("lib.meta.appendToName", 2, 0b10, append_to_name),
    NativeDef::lazy("internal.meta.appended", 2, appended),
    NativeDef::with_strict("lib.meta.mapDerivationAttrset", 2, 0b10, map_derivation_attrset),
    NativeDef::lazy("internal.meta.mapped", 2, mapped_derivation),
    NativeDef::with_strict("lib.meta.setPrio", 2, 0b10, set_prio),
    NativeDef::with_strict("lib.meta.platformMatch", 2, 0b10, platform_match),
    NativeDef::with_strict("lib.meta.availableOn", 2, 0b10, available_on),
    NativeDef::strict("lib.meta.getLicenseFromSpdxId", 1, get_license_from_spdx_id),
    NativeDef::with_strict("lib.meta.getLicenseFromSpdxIdOr", 2, 0b01, get_license_from_spdx_id_or),
    NativeDef::strict("lib.meta.getExe", 1, get_exe),
    NativeDef::strict("lib.meta.getExe'", 2, get_named_exe),
    NativeDef::lazy("lib.meta.cpeFullVersionWithVendor", 2, cpe_full_version),
];

fn prioritised_set(ev: &mut Evaluator, priority: i64) -> Outcome {
    let function = ev.native_with("lib.meta.setPrio", &[Value::int(priority)]);
    Ok(ev.native_with("lib.meta.mapDerivationAttrset", &[function]))
}

fn add_meta_attrs(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [new, derivation] = arguments else { return Ok(Value::NULL) };
    match field_or(ev, *derivation, "overrideAttrs")? {
        Some(method) => {
            let change = ev.native_with("internal.meta.changed", &[*new]);
            ev.call(method, &[change])
        }
        None => {
            let change = changed_meta(ev, &[*new, *derivation])?;
            update(ev, *derivation, change)
        }
    }
}

/// `{ meta = (old.meta or { }) // new; }`
fn changed_meta(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [new, old] = arguments else { return Ok(Value::NULL) };
    let meta = deferred_native(ev, "internal.meta.merged", &[*old, *new]);
    Ok(single(ev, sym::META, meta, ExprId::NONE))
}

fn merged_meta(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [old, new] = arguments else { return Ok(Value::NULL) };
    let meta = field_or(ev, *old, "meta")?.unwrap_or(Value::EMPTY_SET);
    update(ev, meta, *new)
}

fn dont_distribute(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [derivation] = arguments else { return Ok(Value::NULL) };
    let new = ev.set(&[("hydraPlatforms", Value::EMPTY_LIST)]);
    add_meta_attrs(ev, &[new, *derivation])
}

fn set_name(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [name, derivation] = arguments else { return Ok(Value::NULL) };
    let change = single(ev, sym::NAME, *name, ExprId::NONE);
    update(ev, *derivation, change)
}

fn update_name(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [updater, derivation] = arguments else { return Ok(Value::NULL) };
    let name = super::scopes::delayed_field(ev, *derivation, "name");
    let name = Value::reference(ev.heap.new_slot(name));
    let changed = ev.heap.delay_call(*updater, &[name]);
    set_name(ev, &[changed, *derivation])
}

fn append_to_name(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [suffix, derivation] = arguments else { return Ok(Value::NULL) };
    let updater = ev.native_with("internal.meta.appended", &[*suffix]);
    update_name(ev, &[updater, *derivation])
}

/// The name of a package with a suffix between name and version.
fn appended(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [suffix, name] = arguments else { return Ok(Value::NULL) };
    let parse = ev.native("builtins.parseDrvName");
    let parsed = ev.call(parse, &[*name])?;
    let (name, version) = (field(ev, parsed, "name")?, field(ev, parsed, "version")?);
    let (name, version) = (ev.want_text(name)?, ev.want_text(version)?);
    let suffix = ev.coerce(*suffix, Coercion::Strict)?;
    let suffix = ev.heap.text(suffix).into_owned();
    Ok(ev.str(&format!("{name}-{suffix}-{version}")))
}

fn map_derivation_attrset(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function, set] = arguments else { return Ok(Value::NULL) };
    let set = ev.want_attrs(*set)?;
    let mut mapped = attributes(ev, set);
    for (_, value, _) in &mut mapped {
        *value = deferred_native(ev, "internal.meta.mapped", &[*function, *value]);
    }
    let open = ev.heap.open_set_reason(set);
    Ok(ev.heap.new_open_set(&mapped, open))
}

fn mapped_derivation(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function, value] = arguments else { return Ok(Value::NULL) };
    if is_derivation(ev, *value)? { ev.call(*function, &[*value]) } else { Ok(*value) }
}

fn set_prio(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [priority, derivation] = arguments else { return Ok(Value::NULL) };
    let new = single(ev, sym::PRIORITY, *priority, ExprId::NONE);
    add_meta_attrs(ev, &[new, *derivation])
}

fn matches_platform(ev: &mut Evaluator, platform: Value, element: Value) -> Result<bool, Stop> {
    let element = ev.want(element)?;
    if matches!(element.view(), View::Str(_)) {
        return match field_or(ev, platform, "system")? {
            Some(system) => ev.equal(element, system),
            None => Ok(false),
        };
    }
    let pattern = match field_or(ev, element, "parsed")? {
        Some(_) => element,
        None => ev.set(&[("parsed", element)]),
    };
    matches_attrs(ev, pattern, platform)
}

fn platform_match(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [platform, element] = arguments else { return Ok(Value::NULL) };
    matches_platform(ev, *platform, *element).map(Value::bool)
}

fn matches_any_platform(ev: &mut Evaluator, platform: Value, list: Value) -> Result<bool, Stop> {
    for element in whole_elements(ev, list)? {
        if matches_platform(ev, platform, element)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn available_on(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [platform, package] = arguments else { return Ok(Value::NULL) };
    if let Some(good) = at_path(ev, *package, &["meta", "platforms"])?
        && !matches_any_platform(ev, *platform, good)?
    {
        return Ok(Value::FALSE);
    }
    match at_path(ev, *package, &["meta", "badPlatforms"])? {
        Some(bad) => Ok(Value::bool(!matches_any_platform(ev, *platform, bad)?)),
        None => Ok(Value::TRUE),
    }
}

fn get_license_from_spdx_id(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [id] = arguments else { return Ok(Value::NULL) };
    let text = ev.want_text(*id)?;
    if let Some(license) = licenses::with_spdx_id(ev, &text)? {
        return Ok(license);
    }
    ev.messages
        .push(format!("evaluation warning: getLicenseFromSpdxId: No license with the given SPDX ID found: {text}"));
    Ok(ev.set(&[("shortName", *id), ("spdxId", *id)]))
}

fn get_license_from_spdx_id_or(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [id, default] = arguments else { return Ok(Value::NULL) };
    let text = ev.want_text(*id)?;
    Ok(licenses::with_spdx_id(ev, &text)?.unwrap_or(*default))
}

fn get_exe(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [package] = arguments else { return Ok(Value::NULL) };
    if !is_derivation(ev, *package)? {
        return get_named_exe(ev, &[*package, Value::NULL]);
    }
    let program = match at_path(ev, *package, &["meta", "mainProgram"])? {
        Some(program) => program,
        None => assumed_program(ev, *package)?,
    };
    let program = ev.want(program)?;
    get_named_exe(ev, &[*package, program])
}

/// The name of a package's program where the package does not say; nixpkgs warns.
fn assumed_program(ev: &mut Evaluator, package: Value) -> Outcome {
    let mut shown = None;
    for path in [&["meta", "name"][..], &["pname"], &["name"]] {
        shown = match shown {
            None => at_path(ev, package, path)?,
            known => known,
        };
    }
    let shown = match shown {
        Some(name) => ev.want_text(name)?,
        None => {
            let name = field(ev, package, "name")?;
            ev.want_text(name)?
        }
    };
    let shown = identifier_text(&shown);
    ev.tell(format!(
        "evaluation warning: getExe: Package {shown} does not have the meta.mainProgram attribute; its name is taken for the program's"
    ));
    let get_name = ev.native("lib.strings.getName");
    ev.call(get_name, &[package])
}

fn get_named_exe(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [package, program] = arguments else { return Ok(Value::NULL) };
    if !is_derivation(ev, *package)? {
        let kind = ev.type_name(*package);
        let message =
            format!("lib.meta.getExe': The first argument is of type {kind}, but it should be a derivation instead.");
        return Err(throw(ev, message));
    }
    let View::Str(id) = program.view() else {
        let kind = ev.type_name(*program);
        let message =
            format!("lib.meta.getExe': The second argument is of type {kind}, but it should be a string instead.");
        return Err(throw(ev, message));
    };
    let name = ev.heap.text(id).into_owned();
    if name.contains('/') {
        let message = format!(
            "lib.meta.getExe': The second argument \"{name}\" is a nested path with a \"/\" character, but it should just be the name of the executable instead."
        );
        return Err(throw(ev, message));
    }
    let bin = ev.str("bin");
    let output = output_of(ev, *package, bin)?;
    let folder = ev.coerce(output, Coercion::Strict)?;
    let middle = ev.heap.new_string(b"/bin/");
    let joined = ev.heap.concat(&[folder, middle, id]);
    ev.heap.join_contexts(joined, &[folder, id]);
    Ok(Value::string(joined))
}

fn cpe_full_version(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [vendor, version] = arguments else { return Ok(Value::NULL) };
    let any = ev.str("*");
    Ok(ev.set(&[("vendor", *vendor), ("version", *version), ("update", any)]))
}

#[cfg(test)]
mod tests {
    use crate::nixlib::testing::check;

    #[test]
    fn packages_and_their_programs() {
        check(&[
            (r#"lib.getExe { type = "derivation"; outPath = "/p"; meta.mainProgram = "run"; }"#, r#""/p/bin/run""#),
            (r#"lib.getExe "text""#, "error: …"),
            (r#"lib.appendToName "static" { name = "hello-1.2"; }"#, r#"{ name = "hello-static-1.2"; }"#),
            ("lib.lowPrio { }", "{ meta = { priority = 10; }; }"),
            (r#"lib.meta.availableOn { system = "x86_64-linux"; } { meta.platforms = [ "aarch64-linux" ]; }"#, "false"),
        ]);
    }
}
