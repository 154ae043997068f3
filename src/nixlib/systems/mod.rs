//! `lib.systems`: what a platform's name says about it.
//!
//! Purpose: parse system strings (`x86_64-linux`, `aarch64-unknown-linux-musl`), and elaborate them into the sets that nixpkgs
//! uses as platforms, natively and from tables (`data/`).
//!
//! Invariants:
//! - Components of a parsed system are the very values of `parse.cpuTypes`, `parse.kernels` and so on ([`tables`]).
//! - An elaborated platform is a lazy fixed point: what the caller overrides is seen by all that depends on it.
//!
//! What it deliberately does not do: emulators, which need the package set.

mod architectures;
mod elaborate;
mod inspect;
mod languages;
mod parse;
mod platforms;
mod tables;

use super::common::{is_attrs, select};
use super::{Family, Member};
use crate::eval::{Evaluator, NativeDef, Outcome, Stop};
use crate::heap::Value;

pub(super) use platforms::doubles;

pub(super) static FAMILY: Family = Family {
    name: "systems",
    functions: &[
        FUNCTIONS,
        architectures::FUNCTIONS,
        elaborate::FUNCTIONS,
        inspect::FUNCTIONS,
        parse::FUNCTIONS,
        platforms::FUNCTIONS,
    ],
    members: &[
        Member::Made("architectures", architectures::set),
        Member::Made("doubles", platforms::doubles),
        Member::Made("examples", platforms::examples),
        Member::Made("flakeExposed", platforms::flake_exposed),
        Member::Made("functionNames", |ev| Ok(text_list(ev, &elaborate::FUNCTION_NAMES))),
        Member::Made("inspect", inspect::set),
        Member::Made("parse", parse::set),
        Member::Made("platforms", platforms::platforms),
    ],
    top: &[],
};

const FUNCTIONS: &[NativeDef] = &[
    NativeDef::strict("lib.systems.equals", 2, equals),
    NativeDef::strict("lib.systems.systemToAttrs", 1, system_to_attrs),
];

fn equals(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [first, second] = arguments else { return Ok(Value::NULL) };
    let name = ev.heap.intern("_withoutFunctions");
    let (first, second) = (select(ev, *first, name)?, select(ev, *second, name)?);
    ev.equal(first, second).map(Value::bool)
}

fn system_to_attrs(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [system] = arguments else { return Ok(Value::NULL) };
    if is_attrs(ev, *system)? { Ok(*system) } else { Ok(ev.set(&[("system", *system)])) }
}

/// A list of texts.
fn text_list(ev: &mut Evaluator, texts: &[&str]) -> Value {
    let values: Vec<Value> = texts.iter().map(|text| ev.str(text)).collect();
    ev.list(&values)
}

/// A set whose members are the functions `lib.systems.<name>.…` and further values.
fn namespace(ev: &mut Evaluator, prefix: &str, functions: &[NativeDef], more: &[(&str, Value)]) -> Value {
    let mut members = more.to_vec();
    for definition in functions {
        if let Some(name) = definition.name.strip_prefix(prefix) {
            members.push((name, ev.native(definition.name)));
        }
    }
    ev.set(&members)
}

/// The lines of a table without its explaining first line, cut at tabs.
fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect())
}

/// A column of a row; empty if the row is shorter.
fn column<'a>(row: &[&'a str], index: usize) -> &'a str {
    row.get(index).copied().unwrap_or_default()
}

/// The name of a component such as a CPU type.
fn name_of(ev: &mut Evaluator, component: Value) -> Result<String, Stop> {
    let name = select(ev, component, crate::heap::sym::NAME)?;
    ev.want_text(name)
}
