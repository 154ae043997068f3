//! `lib.stringsWithDeps`: texts in the order of their dependencies, as activation scripts have them.

use rustc_hash::FxHashSet;

use super::Family;
use super::common::{DEEPEST, attribute_name, field, is_attrs, select, whole_elements};
use crate::eval::{Evaluator, LimitKind, NativeDef, Outcome, Stop};
use crate::heap::{Symbol, Value};

pub(super) static FAMILY: Family = Family {
    name: "stringsWithDeps",
    functions: &[FUNCTIONS],
    members: &[],
    top: &["textClosureList", "textClosureMap", "noDepEntry", "fullDepEntry", "packEntry", "stringAfter"],
};

const FUNCTIONS: &[NativeDef] = &[
    NativeDef::with_strict("lib.stringsWithDeps.textClosureList", 2, 0b10, text_closure_list),
    NativeDef::with_strict("lib.stringsWithDeps.textClosureMap", 3, 0b100, text_closure_map),
    NativeDef::lazy("lib.stringsWithDeps.noDepEntry", 1, no_dep_entry),
    NativeDef::lazy("lib.stringsWithDeps.fullDepEntry", 2, full_dep_entry),
    NativeDef::lazy("lib.stringsWithDeps.packEntry", 1, pack_entry),
    NativeDef::lazy("lib.stringsWithDeps.stringAfter", 2, string_after),
];

/// Appends the text of an entry after those that it depends on. An entry is a set, or the name of a predefined one.
fn visit(
    ev: &mut Evaluator,
    predefined: Value,
    entry: Value,
    depth: u32,
    done: &mut FxHashSet<Symbol>,
    texts: &mut Vec<Value>,
) -> Result<(), Stop> {
    ev.tick()?;
    if depth > DEEPEST {
        return Err(ev.limit_error(LimitKind::Depth));
    }
    let entry = if is_attrs(ev, entry)? {
        entry
    } else {
        let name = attribute_name(ev, entry)?;
        if !done.insert(name) {
            return Ok(());
        }
        select(ev, predefined, name)?
    };
    if !is_attrs(ev, entry)? {
        return visit(ev, predefined, entry, depth + 1, done, texts);
    }
    let dependencies = field(ev, entry, "deps")?;
    for dependency in whole_elements(ev, dependencies)? {
        visit(ev, predefined, dependency, depth + 1, done, texts)?;
    }
    let text = field(ev, entry, "text")?;
    texts.push(text);
    Ok(())
}

fn text_closure_list(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [predefined, names] = arguments else { return Ok(Value::NULL) };
    let (mut done, mut texts) = (FxHashSet::default(), Vec::new());
    for entry in whole_elements(ev, *names)? {
        visit(ev, *predefined, entry, 0, &mut done, &mut texts)?;
    }
    Ok(ev.heap.new_list(&texts))
}

fn text_closure_map(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [function, predefined, names] = arguments else { return Ok(Value::NULL) };
    let texts = text_closure_list(ev, &[*predefined, *names])?;
    let separator = ev.str("\n");
    let concat = ev.native("lib.strings.concatMapStringsSep");
    ev.call(concat, &[separator, *function, texts])
}

fn no_dep_entry(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [text] = arguments else { return Ok(Value::NULL) };
    full_dep_entry(ev, &[*text, Value::EMPTY_LIST])
}

fn full_dep_entry(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [text, dependencies] = arguments else { return Ok(Value::NULL) };
    Ok(ev.set(&[("text", *text), ("deps", *dependencies)]))
}

fn pack_entry(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [dependencies] = arguments else { return Ok(Value::NULL) };
    let text = ev.str("");
    full_dep_entry(ev, &[text, *dependencies])
}

fn string_after(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [dependencies, text] = arguments else { return Ok(Value::NULL) };
    full_dep_entry(ev, &[*text, *dependencies])
}

#[cfg(test)]
mod tests {
    use crate::nixlib::testing::check;

    #[test]
    fn texts_follow_their_dependencies() {
        check(&[
            (
                r#"lib.textClosureList { a = lib.fullDepEntry "A" [ "b" ]; b = lib.noDepEntry "B"; } [ "a" "b" ]"#,
                r#"[ "B" "A" ]"#,
            ),
            (r#"lib.textClosureMap lib.id { a = lib.noDepEntry "A"; } [ "a" (lib.noDepEntry "C") ]"#, r#""A\nC""#),
            (r#"lib.stringAfter [ "a" ] "T""#, r#"{ deps = [ "a" ]; text = "T"; }"#),
        ]);
    }
}
