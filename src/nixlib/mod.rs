//! `lib`: the functions of nixpkgs' library, natively.
//!
//! Purpose: give every function of `lib` that needs no package set the behaviour, laziness and errors that nixpkgs documents,
//! without reading nixpkgs. One file per family, named as the file of nixpkgs that defines it (`strings`, `lists`, `attrsets` …).
//!
//! Invariants:
//! - A family is a [`Family`]: its built-in functions are called `lib.<family>.<name>` and are members of the set `lib.<family>`;
//!   names that also stand directly in `lib` are listed in [`Family::top`]. Both names share one value.
//! - A function that nixpkgs takes from `builtins` is that very value.
//! - `lib` is built when it is first forced; constants and nested sets are made when they are first needed.
//! - Rooms above this one add their families with [`add_family`] before `lib` is first forced.
//!
//! What it deliberately does not do: the module system (a room of its own), packages, or anything that only nixpkgs itself needs.

mod asserts;
mod attrset_packages;
mod attrset_paths;
mod attrset_trees;
mod attrsets;
mod cli;
mod common;
mod customisation;
mod debug;
mod derivations;
mod fetchers;
mod fileset;
mod filesystem;
mod fixed_points;
mod flakes;
mod generators;
mod gvariant;
mod kernel;
mod licenses;
mod lists;
mod lists_order;
mod lists_parts;
mod meta;
mod misc;
mod misc_merge;
mod network;
mod path;
mod scopes;
mod sources;
mod strings;
mod strings_with_deps;
mod support;
mod systems;
mod trivial;
mod versions;

#[cfg(test)]
pub(crate) mod testing;

use rustc_hash::FxHashMap;

use crate::eval::{Evaluator, NativeDef, Outcome};
use crate::heap::{Key, Shape, Symbol, Value, View};
use crate::syntax::ExprId;

/// One set of `lib`, such as `lib.strings`.
pub struct Family {
    /// Its name in `lib`. The empty name stands for `lib` itself.
    pub name: &'static str,
    /// Its built-in functions. Those called `lib.<name>.<member>` are members; others (`internal.…`, or with one more dot) serve them.
    pub functions: &'static [&'static [NativeDef]],
    /// Members that are not functions of the family's own.
    pub members: &'static [Member],
    /// Members that also stand directly in `lib`.
    pub top: &'static [&'static str],
}

/// A member of a family that is not a function of its own.
#[derive(Clone, Copy)]
pub enum Member {
    /// A name and the full name of the built-in function that it means, such as `builtins.map`.
    Same(&'static str, &'static str),
    /// A name and what computes its value when it is first needed.
    Made(&'static str, fn(&mut Evaluator) -> Outcome),
}

impl Member {
    fn name(self) -> &'static str {
        match self {
            Self::Same(name, _) | Self::Made(name, _) => name,
        }
    }
}

/// The families of this room.
static FAMILIES: &[&Family] = &[
    &ROOT,
    &asserts::FAMILY,
    &attrsets::FAMILY,
    &cli::FAMILY,
    &customisation::FAMILY,
    &debug::FAMILY,
    &derivations::FAMILY,
    &fetchers::FAMILY,
    &fileset::FAMILY,
    &filesystem::FAMILY,
    &fixed_points::FAMILY,
    &flakes::FAMILY,
    &generators::FAMILY,
    &kernel::SOURCE_TYPES,
    &kernel::FAMILY,
    &gvariant::FAMILY,
    &lists::FAMILY,
    &misc::FAMILY,
    &meta::FAMILY,
    &network::FAMILY,
    &path::FAMILY,
    &sources::FAMILY,
    &strings::FAMILY,
    &strings_with_deps::FAMILY,
    &systems::FAMILY,
    &trivial::FAMILY,
    &versions::FAMILY,
];

/// What stands in `lib` only.
static ROOT: Family = Family {
    name: "",
    functions: &[INTERNAL, licenses::FUNCTIONS],
    members: &[
        Member::Same("getContext", "builtins.getContext"),
        Member::Same("hasContext", "builtins.hasContext"),
        Member::Same("convertHash", "builtins.convertHash"),
        Member::Same("hashString", "builtins.hashString"),
        Member::Same("placeholder", "builtins.placeholder"),
        Member::Same("fromJSON", "builtins.fromJSON"),
        Member::Same("fromTOML", "builtins.fromTOML"),
        Member::Same("toFile", "builtins.toFile"),
        Member::Same("toJSON", "builtins.toJSON"),
        Member::Same("toString", "builtins.toString"),
        Member::Same("toXML", "builtins.toXML"),
        Member::Same("tryEval", "builtins.tryEval"),
        Member::Same("parseDrvName", "builtins.parseDrvName"),
        Member::Same("extend", "internal.lib.extend"),
        Member::Made("licenses", licenses::all),
        Member::Made("platforms", systems::doubles),
        Member::Made("maintainers", licenses::people),
        Member::Made("teams", licenses::people),
        Member::Same("mkEUI64Suffix", "lib.network.ipv6.mkEUI64Suffix"),
    ],
    top: &[],
};

static INTERNAL: &[NativeDef] = &[
    NativeDef::lazy("internal.lib", 1, build),
    NativeDef::strict("internal.lib.member", 2, member),
    NativeDef::lazy("internal.lib.base", 1, base),
    NativeDef::lazy("internal.lib.extend", 1, extend),
];

#[derive(Default)]
struct Library {
    families: Vec<&'static Family>,
    value: Option<Value>,
}

/// Installs the functions of every family and makes `lib` available as [`lib_value`] and as `<nixpkgs/lib>`.
pub fn install(ev: &mut Evaluator) {
    for family in FAMILIES {
        add_family(ev, family);
    }
    let lib = lib_value(ev);
    ev.provide("nixpkgs/lib", lib);
}

/// Installs the functions of one more family and makes it part of `lib`, which must not have been forced yet.
pub fn add_family(ev: &mut Evaluator, family: &'static Family) {
    for functions in family.functions {
        ev.install(functions);
    }
    ev.extension::<Library>().families.push(family);
}

/// The set `lib`; a reference until it is first forced.
pub fn lib_value(ev: &mut Evaluator) -> Value {
    if let Some(value) = ev.extension::<Library>().value {
        return value;
    }
    let value = ev.delay_native("internal.lib", &[Value::NULL]);
    ev.extension::<Library>().value = Some(value);
    value
}

/// Builds `lib`: the sets of all families, and their names that also stand at the top.
fn build(ev: &mut Evaluator, _: &[Value]) -> Outcome {
    let families = ev.extension::<Library>().families.clone();
    let mut top: Vec<(Symbol, Value)> = Vec::with_capacity(1024);
    for (index, family) in (0i64..).zip(&families) {
        let members = members(ev, index, family);
        if family.name.is_empty() {
            for (name, value) in members {
                top.push((ev.heap.intern(name), value));
            }
            continue;
        }
        let mut by_name: FxHashMap<&str, Value> = FxHashMap::default();
        let mut attributes = Vec::with_capacity(members.len());
        for (name, value) in members {
            by_name.insert(name, value);
            attributes.push((ev.heap.intern(name), value));
        }
        let set = static_set(ev, attributes);
        top.push((ev.heap.intern(family.name), set));
        for name in family.top {
            if let Some(value) = by_name.get(name) {
                top.push((ev.heap.intern(name), *value));
            }
        }
    }
    Ok(static_set(ev, top))
}

/// The members of a family; those that have to be computed are references.
fn members(ev: &mut Evaluator, index: i64, family: &'static Family) -> Vec<(&'static str, Value)> {
    let mut found = Vec::new();
    for definition in family.functions.iter().copied().flatten() {
        let own = definition.name.strip_prefix("lib.").and_then(|rest| rest.strip_prefix(family.name));
        if let Some(name) = own.and_then(|rest| rest.strip_prefix('.')).filter(|name| !name.contains('.')) {
            found.push((name, ev.native(definition.name)));
        }
    }
    for (number, member) in (0i64..).zip(family.members) {
        let value = match member {
            Member::Same(_, full) => ev.native(full),
            Member::Made(..) => ev.delay_native("internal.lib.member", &[Value::int(index), Value::int(number)]),
        };
        found.push((member.name(), value));
    }
    found
}

/// A set whose shape is marked as one of the few worth remembering; of repeated names the first counts.
fn static_set(ev: &mut Evaluator, mut attributes: Vec<(Symbol, Value)>) -> Value {
    attributes.sort_by_key(|(name, _)| *name);
    attributes.dedup_by_key(|(name, _)| *name);
    let keys = (0u32..).zip(&attributes).map(|(offset, (name, _))| Key { name: *name, offset, origin: ExprId::NONE });
    let shape = ev.heap.new_shape(Shape::new(keys.collect(), None, true));
    let values: Vec<Value> = attributes.into_iter().map(|(_, value)| value).collect();
    ev.heap.new_set_of_shape(shape, &values)
}

/// Computes a [`Member::Made`], given the numbers of the family and of the member.
fn member(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [family, number] = arguments else { return Ok(Value::NULL) };
    let (View::Int(family), View::Int(number)) = (family.view(), number.view()) else { return Ok(Value::NULL) };
    let families = &ev.extension::<Library>().families;
    let family = usize::try_from(family).ok().and_then(|index| families.get(index));
    let member = family.and_then(|family| family.members.get(usize::try_from(number).ok()?));
    match member {
        Some(Member::Made(_, make)) => make(ev),
        _ => Ok(Value::NULL),
    }
}

/// `lib` as a function of its fixed point, which the native functions do not look at.
fn base(ev: &mut Evaluator, _: &[Value]) -> Outcome {
    Ok(lib_value(ev))
}

/// `lib.extend overlay`
fn extend(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [overlay] = arguments else { return Ok(Value::NULL) };
    let base = ev.native("internal.lib.base");
    let extended = ev.native_with("lib.fixedPoints.extends", &[*overlay, base]);
    let make = ev.native("lib.fixedPoints.makeExtensible");
    ev.call(make, &[extended])
}

#[cfg(test)]
mod tests {
    use super::testing::check;

    #[test]
    fn lib_is_one_set_under_several_names() {
        check(&[
            ("lib.toUpper == lib.strings.toUpper || lib.isFunction lib.toUpper", "true"),
            ("(import <nixpkgs/lib>).toUpper \"a\"", r#""A""#),
            ("lib.map (x: x + 1) [ 1 ]", "[ 2 ]"),
            ("(lib.extend (final: prev: { two = prev.add 1 1; four = final.two * 2; })).four", "4"),
            ("((lib.extend (final: prev: { a = 1; })).extend (final: prev: { b = final.a; })).b", "1"),
            ("lib ? nothingOfThatName", "false"),
        ]);
    }
}
