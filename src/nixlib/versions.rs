//! `lib.versions`: parts of version numbers.

use super::support::{call_native, coerced, list_parts, new_text};
use super::{Family, Member};
use crate::eval::{ErrorKind, Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{StrId, Value};

/// `lib.versions`
pub(super) static FAMILY: Family = Family {
    name: "versions",
    functions: &[FUNCTIONS],
    members: &[
        Member::Same("compareVersions", "builtins.compareVersions"),
        Member::Same("splitVersion", "builtins.splitVersion"),
    ],
    top: &["compareVersions", "splitVersion"],
};

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::strict("lib.versions.major", 1, |ev, arguments| component(ev, arguments, 0)),
    NativeDef::strict("lib.versions.minor", 1, |ev, arguments| component(ev, arguments, 1)),
    NativeDef::strict("lib.versions.patch", 1, |ev, arguments| component(ev, arguments, 2)),
    NativeDef::strict("lib.versions.majorMinor", 1, major_minor),
    NativeDef::strict("lib.versions.pad", 2, pad),
];

fn components(ev: &mut Evaluator, version: Value) -> Result<Vec<Value>, Stop> {
    let list = call_native(ev, "builtins.splitVersion", &[version])?;
    Ok(list_parts(ev, list)?.0)
}

fn component(ev: &mut Evaluator, arguments: &[Value], index: usize) -> Outcome {
    let [version] = arguments else { return Ok(Value::NULL) };
    let components = components(ev, *version)?;
    match components.get(index) {
        Some(component) => Ok(*component),
        None => {
            let text = ev.want_text(*version)?;
            let message = format!("lib.versions: version {text:?} has {} components", components.len());
            Err(ev.error(ErrorKind::Type, message))
        }
    }
}

fn with_dots(ev: &mut Evaluator, components: &[Value]) -> Result<Vec<u8>, Stop> {
    let mut text = Vec::new();
    for (number, component) in components.iter().enumerate() {
        let id = coerced(ev, *component)?;
        if number > 0 {
            text.push(b'.');
        }
        text.extend_from_slice(ev.heap.bytes(id));
    }
    Ok(text)
}

fn major_minor(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [version] = arguments else { return Ok(Value::NULL) };
    let mut components = components(ev, *version)?;
    components.truncate(2);
    let text = with_dots(ev, &components)?;
    new_text(ev, &text, &[])
}

fn pad(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [count, version] = arguments else { return Ok(Value::NULL) };
    let count = ev.want_int(*count)?;
    let Ok(count) = usize::try_from(count) else {
        return Err(ev.error(ErrorKind::Type, format!("lib.versions.pad: cannot make {count} components")));
    };
    if count > ev.limits.list_elements {
        return Err(ev.limit_error(crate::eval::LimitKind::List));
    }
    let id = coerced(ev, *version)?;
    let length = ev.heap.bytes(id).len();
    let dash = ev.heap.bytes(id).iter().position(|byte| *byte == b'-').unwrap_or(length);
    let (numeric, suffix): (StrId, StrId) = (ev.heap.substring(id, 0, dash), ev.heap.substring(id, dash, usize::MAX));
    let mut components = components(ev, Value::string(numeric))?;
    let zero = ev.str("0");
    components.resize(count, zero);
    let mut text = with_dots(ev, &components)?;
    text.extend_from_slice(ev.heap.bytes(suffix));
    new_text(ev, &text, &[id])
}

#[cfg(test)]
mod tests {
    use crate::nixlib::testing::check;

    #[test]
    fn parts_of_versions() {
        check(&[
            ("lib.versions.majorMinor \"25.11.3\"", r#""25.11""#),
            ("lib.versions.patch \"25.11\"", "error: …"),
            ("lib.versions.pad 3 \"2.3-rc1\"", r#""2.3.0-rc1""#),
            ("lib.versionOlder \"25.05\" \"25.11\"", "true"),
        ]);
    }
}
