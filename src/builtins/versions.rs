//! Versions and names of packages.

use std::cmp::Ordering;

use crate::eval::{Evaluator, LimitKind, NativeDef, Outcome, Wanted};
use crate::heap::{Value, sym};
use crate::syntax::ExprId;

pub(super) static FAMILY: &[NativeDef] = &[
    NativeDef::strict("builtins.compareVersions", 2, compare_versions).looking(&[(0, Wanted::Plain)]),
    NativeDef::strict("builtins.splitVersion", 1, split_version),
    NativeDef::strict("builtins.parseDrvName", 1, parse_drv_name),
];

/// The next component of a version, and the rest: a run of digits, or a run of anything else up to a dot, a dash or a digit.
fn component(version: &[u8]) -> (&[u8], &[u8]) {
    let is_separator = |byte: &u8| matches!(byte, b'.' | b'-');
    let start = version.iter().position(|byte| !is_separator(byte)).unwrap_or(version.len());
    let rest = version.get(start..).unwrap_or_default();
    let is_number = rest.first().is_some_and(u8::is_ascii_digit);
    let ends = |byte: &u8| byte.is_ascii_digit() != is_number || is_separator(byte);
    let end = rest.iter().position(ends).unwrap_or(rest.len());
    (rest.get(..end).unwrap_or_default(), rest.get(end..).unwrap_or_default())
}

/// Whether a component comes before another (Nix manual, `nix-env`, "Versions"): numbers by value, nothing before a number, `pre` before
/// everything, words before numbers.
fn is_before(a: &[u8], b: &[u8]) -> bool {
    let number = |text: &[u8]| std::str::from_utf8(text).ok().and_then(|text| text.parse::<i32>().ok());
    match (number(a), number(b)) {
        (Some(a), Some(b)) => a < b,
        (_, Some(_)) if a.is_empty() => true,
        _ if a == b"pre" => b != b"pre",
        _ if b == b"pre" => false,
        (_, Some(_)) => true,
        (Some(_), _) => false,
        _ => a < b,
    }
}

/// The order of two versions.
pub(crate) fn order(a: &[u8], b: &[u8]) -> Ordering {
    let (mut a, mut b) = (a, b);
    while !a.is_empty() || !b.is_empty() {
        let (first, second);
        (first, a) = component(a);
        (second, b) = component(b);
        if is_before(first, second) {
            return Ordering::Less;
        }
        if is_before(second, first) {
            return Ordering::Greater;
        }
    }
    Ordering::Equal
}

fn compare_versions(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [a, b] = args else { return Ok(Value::NULL) };
    let (a, b) = (ev.want_plain(*a)?, ev.want_plain(*b)?);
    Ok(Value::int(match order(ev.heap.bytes(a), ev.heap.bytes(b)) {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    }))
}

fn split_version(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [version] = args else { return Ok(Value::NULL) };
    let id = ev.want_plain(*version)?;
    let bytes = ev.heap.bytes(id).to_vec();
    let mut rest = bytes.as_slice();
    let mut components = Vec::new();
    while !rest.is_empty() {
        let first;
        (first, rest) = component(rest);
        if first.is_empty() {
            break;
        }
        if components.len() >= ev.limits.list_elements {
            return Err(ev.limit_error(LimitKind::List));
        }
        components.push(Value::string(ev.heap.new_string(first)));
    }
    Ok(ev.heap.new_list(&components))
}

/// The version begins after the first dash that no letter follows.
fn parse_drv_name(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [name] = args else { return Ok(Value::NULL) };
    let id = ev.want_plain(*name)?;
    let bytes = ev.heap.bytes(id).to_vec();
    let dash = bytes.windows(2).position(|pair| matches!(pair, [b'-', next] if !next.is_ascii_alphabetic()));
    let (name, version) = match dash {
        Some(dash) => (bytes.get(..dash).unwrap_or_default(), bytes.get(dash + 1..).unwrap_or_default()),
        None => (bytes.as_slice(), [].as_slice()),
    };
    let name = Value::string(ev.heap.new_string(name));
    let version = Value::string(ev.heap.new_string(version));
    let version_name = ev.heap.intern("version");
    Ok(ev.heap.new_set(&[(sym::NAME, name, ExprId::NONE), (version_name, version, ExprId::NONE)]))
}

#[cfg(test)]
mod tests {
    use crate::builtins::testing::check;

    #[test]
    fn versions() {
        check(&[
            ("builtins.compareVersions \"6.6.1\" \"6.12\"", "-1"),
            ("builtins.compareVersions \"7.0pre1\" \"7.0\"", "-1"),
            ("builtins.compareVersions \"1.0-beta\" \"1.0-alpha\"", "1"),
            ("builtins.compareVersions \"\" \"a\"", "-1"),
            ("builtins.compareVersions \"01\" \"1\"", "0"),
            ("builtins.splitVersion \"1..2a\"", "[ \"1\" \"2\" \"a\" ]"),
            ("builtins.parseDrvName \"nix-2.26.3\"", "{ name = \"nix\"; version = \"2.26.3\"; }"),
            ("builtins.parseDrvName \"name-x1\"", "{ name = \"name-x1\"; version = \"\"; }"),
        ]);
    }
}
