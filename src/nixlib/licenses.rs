//! `lib.licenses`: the table of licences (`data/licenses.tsv`) and what combines them.

use super::common::{contains, deferred_native, field, field_or, throw, whole_elements};
use crate::eval::{Evaluator, LimitKind, NativeDef, Outcome, Stop, UnknownReason};
use crate::heap::Value;
use crate::syntax::ExprId;

/// One licence a line; the first line explains the columns.
const TABLE: &str = include_str!("data/licenses.tsv");

pub(super) const FUNCTIONS: &[NativeDef] = &[
    NativeDef::strict("internal.licenses.entry", 1, entry_value),
    NativeDef::lazy("lib.licenses.OR", 1, or),
    NativeDef::lazy("lib.licenses.AND", 1, and),
    NativeDef::lazy("lib.licenses.WITH", 2, with),
    NativeDef::lazy("lib.licenses.PLUS", 1, plus),
    NativeDef::with_strict("lib.licenses.evaluateProperty", 3, 0b110, evaluate_property),
    NativeDef::strict("lib.licenses.evaluateNamedProperty", 3, evaluate_named_property),
    NativeDef::strict("lib.licenses.isFree", 1, is_free),
    NativeDef::strict("lib.licenses.isRedistributable", 1, is_redistributable),
    NativeDef::strict("lib.licenses.containsLicenses", 2, contains_licenses),
    NativeDef::strict("lib.licenses.toSPDX", 1, to_spdx),
];

/// One line of the table.
struct Entry {
    name: &'static str,
    short_name: &'static str,
    is_free: bool,
    is_redistributable: bool,
    is_deprecated: bool,
    spdx_id: &'static str,
    full_name: &'static str,
    url: &'static str,
}

fn entries() -> impl Iterator<Item = Entry> {
    TABLE.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let mut columns = line.split('\t');
        let mut next = || columns.next().unwrap_or_default();
        let (name, short_name, flags, spdx_id, full_name, url) = (next(), next(), next(), next(), next(), next());
        let is_free = !flags.contains('u');
        Entry {
            name,
            short_name: if short_name.is_empty() { name } else { short_name },
            is_free,
            is_redistributable: flags.contains('r') || (is_free && !flags.contains('n')),
            is_deprecated: flags.contains('d'),
            spdx_id,
            full_name,
            url,
        }
    })
}

/// The set `lib.licenses`.
pub(super) fn all(ev: &mut Evaluator) -> Outcome {
    let mut found = Vec::new();
    for (entry, index) in entries().zip(0i64..) {
        let value = deferred_native(ev, "internal.licenses.entry", &[Value::int(index)]);
        found.push((ev.heap.intern(entry.name), value, ExprId::NONE));
    }
    for definition in FUNCTIONS {
        if let Some(name) = definition.name.strip_prefix("lib.licenses.") {
            found.push((ev.heap.intern(name), ev.native(definition.name), ExprId::NONE));
        }
    }
    Ok(ev.heap.new_set(&found))
}

/// The set `lib.licensesSpdx`: the licences that have an SPDX identifier, by it.
pub(super) fn by_spdx_id(ev: &mut Evaluator) -> Outcome {
    let mut found = Vec::new();
    let mut numbered: Vec<(Entry, i64)> =
        entries().zip(0i64..).filter(|(entry, _)| !entry.spdx_id.is_empty()).collect();
    numbered.sort_by_key(|(entry, _)| entry.name);
    for (entry, index) in numbered {
        let value = deferred_native(ev, "internal.licenses.entry", &[Value::int(index)]);
        found.push((ev.heap.intern(entry.spdx_id), value, ExprId::NONE));
    }
    Ok(ev.heap.new_set(&found))
}

/// The licence with an SPDX identifier, whatever its case.
pub(super) fn with_spdx_id(ev: &mut Evaluator, id: &str) -> Result<Option<Value>, Stop> {
    let found = entries().find(|entry| !entry.spdx_id.is_empty() && entry.spdx_id.eq_ignore_ascii_case(id));
    Ok(found.map(|entry| value_of(ev, &entry)))
}

fn entry_value(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [index] = arguments else { return Ok(Value::NULL) };
    let index = usize::try_from(ev.want_int(*index)?).unwrap_or(usize::MAX);
    Ok(entries().nth(index).map_or(Value::NULL, |entry| value_of(ev, &entry)))
}

fn value_of(ev: &mut Evaluator, entry: &Entry) -> Value {
    let kind = ev.str("simple");
    let short_name = ev.str(entry.short_name);
    let mut attributes = vec![
        ("shortName", short_name),
        ("free", Value::bool(entry.is_free)),
        ("deprecated", Value::bool(entry.is_deprecated)),
        ("redistributable", Value::bool(entry.is_redistributable)),
        ("licenseType", kind),
    ];
    if !entry.url.is_empty() {
        attributes.push(("url", ev.str(entry.url)));
    }
    if !entry.spdx_id.is_empty() {
        attributes.push(("spdxId", ev.str(entry.spdx_id)));
        attributes.push(("url", ev.str(&format!("https://spdx.org/licenses/{}.html", entry.spdx_id))));
    }
    if !entry.full_name.is_empty() {
        attributes.push(("fullName", ev.str(entry.full_name)));
    }
    ev.set(&attributes)
}

/// A set of which routelint knows no members: who maintains a package says nothing about a network.
pub(super) fn people(ev: &mut Evaluator) -> Outcome {
    let stop = ev.unknown(UnknownReason::Unsupported("the list of nixpkgs' maintainers".to_owned()));
    Ok(match stop.0.view() {
        crate::heap::View::Unknown(id) => ev.heap.new_open_set(&[], Some(id)),
        _ => stop.0,
    })
}

fn compound(ev: &mut Evaluator, operator: &str, licenses: Value) -> Outcome {
    let (kind, operator) = (ev.str("compound"), ev.str(operator));
    Ok(ev.set(&[("licenseType", kind), ("operator", operator), ("licenses", licenses)]))
}

fn or(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [licenses] = arguments else { return Ok(Value::NULL) };
    compound(ev, "OR", *licenses)
}

fn and(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [licenses] = arguments else { return Ok(Value::NULL) };
    compound(ev, "AND", *licenses)
}

fn with(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [license, exception] = arguments else { return Ok(Value::NULL) };
    let (kind, operator) = (ev.str("exception"), ev.str("WITH"));
    Ok(ev.set(&[("licenseType", kind), ("operator", operator), ("license", *license), ("exception", *exception)]))
}

fn plus(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [license] = arguments else { return Ok(Value::NULL) };
    let (kind, operator) = (ev.str("plus"), ev.str("+"));
    Ok(ev.set(&[("licenseType", kind), ("operator", operator), ("license", *license)]))
}

fn text_field(ev: &mut Evaluator, license: Value, name: &str) -> Result<String, Stop> {
    let text = field(ev, license, name)?;
    ev.want_text(text)
}

/// What a property of simple licences is for a combined one. A permissive property needs only one side of an OR, and both
/// of an AND; another one the other way round.
fn combined(
    ev: &mut Evaluator,
    license: Value,
    is_permissive: bool,
    depth: u32,
    simple: &mut dyn FnMut(&mut Evaluator, Value) -> Result<bool, Stop>,
) -> Result<bool, Stop> {
    ev.tick()?;
    if depth > 200 {
        return Err(ev.limit_error(LimitKind::Depth));
    }
    match text_field(ev, license, "licenseType")?.as_str() {
        "simple" => simple(ev, license),
        "compound" => {
            let any = match text_field(ev, license, "operator")?.as_str() {
                "OR" => is_permissive,
                "AND" => !is_permissive,
                _ => return Err(throw(ev, "Unknown license operator")),
            };
            let parts = field(ev, license, "licenses")?;
            for part in whole_elements(ev, parts)? {
                if combined(ev, part, is_permissive, depth + 1, simple)? == any {
                    return Ok(any);
                }
            }
            Ok(!any)
        }
        "exception" => {
            let (base, exception) = (field(ev, license, "license")?, field(ev, license, "exception")?);
            Ok(combined(ev, base, is_permissive, depth + 1, simple)?
                && combined(ev, exception, is_permissive, depth + 1, simple)?)
        }
        "plus" => {
            let base = field(ev, license, "license")?;
            combined(ev, base, is_permissive, depth + 1, simple)
        }
        _ => Err(throw(ev, "Unknown license type or legacy license")),
    }
}

fn evaluate_property(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [predicate, permissive, license] = arguments else { return Ok(Value::NULL) };
    let is_permissive = ev.want_bool(*permissive)?;
    combined(ev, *license, is_permissive, 0, &mut |ev, simple| ev.call_bool(*predicate, &[simple])).map(Value::bool)
}

fn named(ev: &mut Evaluator, name: &str, is_permissive: bool, license: Value) -> Outcome {
    let value = combined(ev, license, is_permissive, 0, &mut |ev, simple| {
        let value = field(ev, simple, name)?;
        ev.want_bool(value)
    });
    value.map(Value::bool)
}

fn evaluate_named_property(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [name, permissive, license] = arguments else { return Ok(Value::NULL) };
    let (name, is_permissive) = (ev.want_text(*name)?, ev.want_bool(*permissive)?);
    named(ev, &name, is_permissive, *license)
}

fn is_free(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [license] = arguments else { return Ok(Value::NULL) };
    named(ev, "free", true, *license)
}

fn is_redistributable(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [license] = arguments else { return Ok(Value::NULL) };
    named(ev, "redistributable", true, *license)
}

fn contains_licenses(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [licenses, license] = arguments else { return Ok(Value::NULL) };
    let wanted = whole_elements(ev, *licenses)?;
    combined(ev, *license, false, 0, &mut |ev, simple| contains(ev, &wanted, simple)).map(Value::bool)
}

fn to_spdx(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [license] = arguments else { return Ok(Value::NULL) };
    let text = spdx_text(ev, *license, false, 0)?;
    Ok(ev.str(&text))
}

/// The SPDX expression of a licence, in brackets where it is part of another one and has parts itself.
fn spdx_text(ev: &mut Evaluator, license: Value, is_part: bool, depth: u32) -> Result<String, Stop> {
    ev.tick()?;
    if depth > 200 {
        return Err(ev.limit_error(LimitKind::Depth));
    }
    let kind = text_field(ev, license, "licenseType")?;
    let text = match kind.as_str() {
        "simple" => match field_or(ev, license, "spdxId")? {
            Some(id) => ev.want_text(id)?,
            None => format!("LicenseRef-nixos-{}", text_field(ev, license, "shortName")?),
        },
        "compound" => {
            let operator = text_field(ev, license, "operator")?;
            let parts = field(ev, license, "licenses")?;
            let mut texts = Vec::new();
            for part in whole_elements(ev, parts)? {
                texts.push(spdx_text(ev, part, true, depth + 1)?);
            }
            texts.join(&format!(" {operator} "))
        }
        "exception" => {
            let (base, exception) = (field(ev, license, "license")?, field(ev, license, "exception")?);
            let operator = text_field(ev, license, "operator")?;
            let base = spdx_text(ev, base, true, depth + 1)?;
            format!("{base} {operator} {}", spdx_text(ev, exception, true, depth + 1)?)
        }
        "plus" => {
            let base = field(ev, license, "license")?;
            let base = spdx_text(ev, base, true, depth + 1)?;
            format!("{base}{}", text_field(ev, license, "operator")?)
        }
        _ => return Err(throw(ev, "Unknown license type")),
    };
    Ok(if is_part && matches!(kind.as_str(), "compound" | "exception") { format!("({text})") } else { text })
}

#[cfg(test)]
mod tests {
    use crate::nixlib::testing::check;

    #[test]
    fn licences_and_their_combinations() {
        check(&[
            ("lib.licenses.mit.spdxId", r#""MIT""#),
            ("lib.licenses.unfree.free", "false"),
            ("lib.licenses.isFree (lib.licenses.OR [ lib.licenses.unfree lib.licenses.mit ])", "true"),
            (
                "lib.licenses.toSPDX (lib.licenses.AND [ lib.licenses.mit (lib.licenses.OR [ lib.licenses.asl20 lib.licenses.mit ]) ])",
                r#""MIT AND (Apache-2.0 OR MIT)""#,
            ),
            (r#"(lib.getLicenseFromSpdxId "mpl-2.0").shortName"#, r#""mpl20""#),
            ("lib.maintainers.somebody", "unknown: …"),
        ]);
    }
}
