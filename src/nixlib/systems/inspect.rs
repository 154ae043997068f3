//! `lib.systems.inspect`: predicates on parsed systems.

use super::super::attrset_trees::matches_any;
use super::super::common::{single, throw, whole_elements};
use super::tables::{Kind, find};
use super::{column, namespace, rows};
use crate::eval::{Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{Value, View};
use crate::syntax::ExprId;

pub(super) const FUNCTIONS: &[NativeDef] = &[
    NativeDef::strict("lib.systems.inspect.matchAnyAttrs", 2, match_any_attrs),
    NativeDef::strict("lib.systems.inspect.patternLogicalAnd", 2, pattern_logical_and),
    NativeDef::lazy("internal.systems.intersects", 3, is_merged_as_whole),
];

const PATTERNS: &str = include_str!("data/patterns.tsv");

/// The names of all predicates.
pub(super) fn predicate_names() -> impl Iterator<Item = &'static str> {
    rows(PATTERNS).map(|row| column(&row, 0))
}

#[derive(Default)]
struct Patterns(Option<Value>);

/// The set `lib.systems.inspect.patterns`, made once.
pub(super) fn patterns(ev: &mut Evaluator) -> Value {
    if let Some(value) = ev.extension::<Patterns>().0 {
        return value;
    }
    let mut members = Vec::new();
    for row in rows(PATTERNS) {
        let text = column(&row, 1);
        let alternatives: Vec<Value> =
            text.split('|').filter(|one| !one.trim().is_empty()).map(|one| pattern(ev, one)).collect();
        let value = match alternatives.as_slice() {
            [one] if !text.contains('|') => *one,
            all => ev.list(all),
        };
        members.push((column(&row, 0), value));
    }
    let value = ev.set(&members);
    ev.extension::<Patterns>().0 = Some(value);
    value
}

/// One alternative: conditions between spaces, each a path, `=` and a value.
fn pattern(ev: &mut Evaluator, text: &str) -> Value {
    let mut whole = Value::EMPTY_SET;
    for condition in text.split_whitespace() {
        let (path, wanted) = condition.split_once('=').unwrap_or((condition, ""));
        let mut value = match (wanted.strip_prefix('@'), path) {
            (Some(component), _) => component_value(ev, path, component),
            (None, "cpu.bits") => Value::int(wanted.parse().unwrap_or_default()),
            (None, "abi.eabi") => Value::TRUE,
            (None, _) => ev.str(wanted),
        };
        for name in path.rsplit('.') {
            let name = ev.heap.intern(name);
            value = single(ev, name, value, ExprId::NONE);
        }
        let recursive = ev.native("lib.attrsets.recursiveUpdate");
        whole = ev.call(recursive, &[whole, value]).unwrap_or(whole);
        whole = ev.force(whole);
    }
    whole
}

/// A component by its name; an ABI without its assertions.
fn component_value(ev: &mut Evaluator, path: &str, name: &str) -> Value {
    let kind = match path {
        "cpu" => Kind::Cpu,
        "kernel" => Kind::Kernel,
        "cpu.significantByte" => Kind::SignificantByte,
        "kernel.execFormat" => Kind::ExecFormat,
        "abi" => Kind::Abi,
        _ => Kind::KernelFamily,
    };
    let component = find(ev, kind, name).unwrap_or(Value::NULL);
    let View::Attrs(set) = component.view() else { return component };
    let without: Vec<_> = super::super::common::attributes(ev, set)
        .into_iter()
        .filter(|(field, ..)| ev.heap.name(*field) != "assertions")
        .collect();
    if without.len() == ev.heap.set_len(set) { component } else { ev.heap.new_set(&without) }
}

/// The set `lib.systems.inspect`.
pub(super) fn set(ev: &mut Evaluator) -> Outcome {
    let patterns = patterns(ev);
    let all = ev.want_attrs(patterns)?;
    let mut predicates = super::super::common::attributes(ev, all);
    for (_, value, _) in &mut predicates {
        *value = ev.native_with("lib.systems.inspect.matchAnyAttrs", &[*value]);
    }
    let predicates = ev.heap.new_set(&predicates);
    let is_static = ev.set(&[("isStatic", Value::TRUE), ("parsed", Value::EMPTY_SET)]);
    let platform_patterns = ev.set(&[("isStatic", is_static)]);
    let more = [("patterns", patterns), ("predicates", predicates), ("platformPatterns", platform_patterns)];
    Ok(namespace(ev, "lib.systems.inspect.", FUNCTIONS, &more))
}

/// Whether a parsed system satisfies a pattern or one of a list of patterns.
pub(super) fn matches(ev: &mut Evaluator, patterns: Value, system: Value) -> Result<bool, Stop> {
    let patterns = ev.want(patterns)?;
    match patterns.view() {
        View::List(_) => matches_any(ev, patterns, system),
        _ => super::super::attrset_trees::matches_attrs(ev, patterns, system),
    }
}

fn match_any_attrs(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [patterns, system] = arguments else { return Ok(Value::NULL) };
    matches(ev, *patterns, *system).map(Value::bool)
}

fn alternatives(ev: &mut Evaluator, pattern: Value) -> Result<Vec<Value>, Stop> {
    match pattern.view() {
        View::List(_) => whole_elements(ev, pattern),
        _ => Ok(vec![pattern]),
    }
}

fn pattern_logical_and(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [first, second] = arguments else { return Ok(Value::NULL) };
    let (first, second) = (alternatives(ev, *first)?, alternatives(ev, *second)?);
    let (merge, until) = (ev.native("lib.attrsets.recursiveUpdateUntil"), ev.native("internal.systems.intersects"));
    let mut all = Vec::new();
    for left in &first {
        for right in &second {
            ev.tick()?;
            all.push(ev.heap.delay_call(merge, &[until, *left, *right]));
        }
    }
    Ok(ev.list(&all))
}

/// Two conditions on one attribute go together if they are equal or share no attribute; else they contradict each other.
fn is_merged_as_whole(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [path, first, second] = arguments else { return Ok(Value::NULL) };
    let (a, b) = (ev.want_attrs(*first)?, ev.want_attrs(*second)?);
    let shares = super::super::common::attributes(ev, a).iter().any(|(name, ..)| ev.attribute(b, *name).is_some());
    if !shares || ev.equal(*first, *second)? {
        return Ok(Value::TRUE);
    }
    let id = ev.coerce(*path, crate::eval::Coercion::More)?;
    let path = ev.heap.text(id).into_owned();
    Err(throw(ev, format!("pattern conflict at path {path}")))
}

#[cfg(test)]
mod tests {
    use crate::nixlib::testing::check;

    #[test]
    fn predicates() {
        check(&[
            ("lib.systems.inspect.patterns.isx86_64", r#"{ cpu = { bits = 64; family = "x86"; }; }"#),
            (r#"lib.systems.inspect.predicates.isUnix (lib.systems.parse.mkSystemFromString "x86_64-redox")"#, "true"),
            ("(builtins.tryEval (lib.systems.inspect.matchAnyAttrs (x: x) { })).success", "false"),
        ]);
    }
}
