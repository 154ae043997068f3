//! What definitions say of an option as far as their source tells, without evaluating more than that takes.
//!
//! Many questions are whether an option is set at all, or whether a certain name stands below it. The values behind may be long texts, and the
//! conditions around them half of a machine: neither is evaluated where the answer does not hang on it.

use super::defined;
use super::definition::{DEFAULT_PRIORITY, OPTION_DEFAULT_PRIORITY};
use super::properties::{Property, property};
use super::report::{self, Found};
use super::state::{EvalId, node};
use crate::eval::{Evaluator, Stop};
use crate::heap::{Env, StrId, Symbol, Value, View};
use crate::syntax::ir::{BinaryOp, Entry, Expr, ExprId};

/// Deepest nesting of properties that is looked through.
const DEEPEST: u32 = 50;

/// A name below an option, as far as it is known from the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutlinedName<'a> {
    /// The whole name.
    Whole(&'a str),
    /// A name that is computed, with the text that it begins with.
    Beginning(&'a str),
}

/// Whether a name may be one that begins with a text.
pub fn may_begin_with(name: OutlinedName<'_>, text: &str) -> bool {
    match name {
        OutlinedName::Whole(name) => name.starts_with(text),
        OutlinedName::Beginning(known) => known.starts_with(text) || text.starts_with(known),
    }
}

/// Whether somebody certainly sets an option, as opposed to its default. The value set may be anything, unknown values too where their source
/// tells that they are no property of the module system.
pub fn is_given(ev: &mut Evaluator, id: EvalId, path: &[&str]) -> bool {
    let names: Vec<Symbol> = path.iter().map(|name| ev.heap.intern(name)).collect();
    given_at(ev, id, &names).unwrap_or(false)
}

fn given_at(ev: &mut Evaluator, id: EvalId, names: &[Symbol]) -> Result<bool, Stop> {
    let at = match report::find(ev, id, names)? {
        Found::Untouched(_) => return Ok(false),
        Found::Option(at, _, []) => at,
        _ => {
            let report = report::report_at(ev, id, names)?;
            return Ok(report.definitions.iter().any(|one| one.priority < OPTION_DEFAULT_PRIORITY));
        }
    };
    let this = node(ev, at)?;
    let defs = defined::definitions(ev, &this)?;
    for definition in defs.iter().filter(|one| one.is_certain && one.doubt.is_none()) {
        if counts(ev, definition.value, DEFAULT_PRIORITY, 0)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a value of a definition certainly counts, with a priority that is better than that of a default.
fn counts(ev: &mut Evaluator, value: Value, priority: i64, depth: u32) -> Result<bool, Stop> {
    ev.tick()?;
    if is_plain(ev, value) {
        return Ok(priority < OPTION_DEFAULT_PRIORITY);
    }
    let value = ev.force(value);
    if value.is_error() {
        return Err(Stop(value));
    }
    if value.is_unknown() || depth > DEEPEST {
        return Ok(false);
    }
    match property(ev, value)? {
        Property::If { condition, content } => match ev.force(condition) {
            known if known.view() == View::Bool(true) => counts(ev, content, priority, depth + 1),
            stop if stop.is_error() => Err(Stop(stop)),
            _ => Ok(false),
        },
        Property::Merge { contents } => {
            let contents = ev.force(contents);
            let View::List(seq) = contents.view() else { return Ok(false) };
            for slot in seq.slots() {
                if counts(ev, Value::reference(slot), priority, depth + 1)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Property::Override { priority, content } => {
            let priority = ev.want_int(priority)?;
            counts(ev, content, priority, depth + 1)
        }
        Property::Order { content, .. } => counts(ev, content, priority, depth + 1),
        Property::Definition { .. } | Property::Plain => Ok(priority < OPTION_DEFAULT_PRIORITY),
    }
}

/// Whether a value that is not evaluated yet is no set, hence no property.
fn is_plain(ev: &Evaluator, value: Value) -> bool {
    let Some((expr, _)) = thunk(ev, value) else { return false };
    matches!(
        ev.program.expr(expr),
        Expr::Interpolation(_)
            | Expr::PathInterpolation(_)
            | Expr::List(_)
            | Expr::Not(_)
            | Expr::Negate(_)
            | Expr::HasAttr { .. }
    ) || matches!(ev.program.expr(expr), Expr::Binary { op, .. } if op != BinaryOp::Update)
}

/// The expression and environment that a value waits for.
fn thunk(ev: &Evaluator, value: Value) -> Option<(ExprId, Env)> {
    let value = match value.view() {
        View::Ref(slot) => ev.heap.get(slot),
        _ => value,
    };
    match value.view() {
        View::Thunk(expr, env) => Some((expr, env)),
        _ => None,
    }
}

/// Whether some definition may set a name below an option that `is_wanted`, whatever the conditions around it. True as well where the names are
/// not to be had without them. Of an option that nobody declares nothing is said.
pub fn may_name(ev: &mut Evaluator, id: EvalId, path: &[&str], is_wanted: &dyn Fn(OutlinedName<'_>) -> bool) -> bool {
    let names: Vec<Symbol> = path.iter().map(|name| ev.heap.intern(name)).collect();
    named_at(ev, id, &names, is_wanted).unwrap_or(false)
}

fn named_at(
    ev: &mut Evaluator,
    id: EvalId,
    names: &[Symbol],
    is_wanted: &dyn Fn(OutlinedName<'_>) -> bool,
) -> Result<bool, Stop> {
    let at = match report::find(ev, id, names)? {
        Found::Option(at, _, []) => at,
        Found::Untouched(value) => return is_named(ev, value, is_wanted, false, 0),
        _ => return Ok(true),
    };
    let this = node(ev, at)?;
    for definition in defined::definitions(ev, &this)?.iter() {
        if is_named(ev, definition.value, is_wanted, true, 0)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a value may have a name that is wanted. Only what stands below no condition `may_force`.
fn is_named(
    ev: &mut Evaluator,
    value: Value,
    is_wanted: &dyn Fn(OutlinedName<'_>) -> bool,
    may_force: bool,
    depth: u32,
) -> Result<bool, Stop> {
    ev.tick()?;
    if let Some((expr, _)) = thunk(ev, value) {
        match ev.program.expr(expr) {
            Expr::Attrs(id) => return Ok(written(ev, id, is_wanted)),
            _ if may_force => {}
            _ => return Ok(true),
        }
    }
    let value = match value.view() {
        View::Ref(slot) if ev.heap.get(slot).is_evaluated() => ev.heap.get(slot),
        _ if value.is_evaluated() => value,
        _ if may_force => ev.force(value),
        _ => return Ok(true),
    };
    if depth > DEEPEST {
        return Ok(true);
    }
    let View::Attrs(set) = value.view() else { return Ok(true) };
    match property(ev, value)? {
        Property::If { condition, .. } if ev.heap.is_known_false(condition) => Ok(false),
        Property::If { content, .. } => is_named(ev, content, is_wanted, false, depth + 1),
        Property::Override { content, .. } | Property::Order { content, .. } => {
            is_named(ev, content, is_wanted, may_force, depth + 1)
        }
        Property::Plain if ev.heap.open_set_reason(set).is_none() => {
            let entries = ev.heap.entries(set);
            Ok(entries.iter().any(|(name, ..)| is_wanted(OutlinedName::Whole(ev.heap.name(*name)))))
        }
        Property::Merge { contents } => {
            let contents = if may_force { ev.force(contents) } else { contents };
            let View::List(seq) = contents.view() else { return Ok(true) };
            for slot in seq.slots() {
                if is_named(ev, Value::reference(slot), is_wanted, may_force, depth + 1)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Property::Plain | Property::Definition { .. } => Ok(true),
    }
}

/// Whether a set as it stands in the source binds a name that may be wanted.
fn written(ev: &Evaluator, id: u32, is_wanted: &dyn Fn(OutlinedName<'_>) -> bool) -> bool {
    let Some(bindings) = ev.program.bindings(id) else { return true };
    let is_static = |entry: &Entry| {
        let name = ev.heap.name(Symbol(entry.name.0));
        // A set that may be a property is asked for as what it is.
        name == "_type" || is_wanted(OutlinedName::Whole(name))
    };
    if ev.program.entries(bindings.entries).iter().any(is_static) {
        return true;
    }
    (bindings.dynamics.start..bindings.dynamics.start + bindings.dynamics.len).any(|index| {
        let Some(entry) = ev.program.dynamic(index) else { return true };
        let beginning = match ev.program.expr(entry.name) {
            Expr::Interpolation(pieces) => match ev.program.list(pieces).first().map(|piece| ev.program.expr(*piece)) {
                Some(Expr::Str(text)) => ev.heap.text(StrId(text)).into_owned(),
                _ => String::new(),
            },
            Expr::Str(text) => return is_wanted(OutlinedName::Whole(&ev.heap.text(StrId(text)))),
            _ => String::new(),
        };
        is_wanted(OutlinedName::Beginning(&beginning))
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::eval::Limits;
    use crate::modules::{ModuleInput, Request, eval_modules};
    use crate::source::{Access, Sources};

    /// An evaluation of `text` and of `etc`, a set of texts, as a module defines them.
    fn with_definition(text: &str) -> (Evaluator, EvalId) {
        let mut ev = Evaluator::new(Arc::new(Sources::new(Access::below(Vec::new()))), Limits::untrusted());
        crate::builtins::install(&mut ev);
        crate::nixlib::install(&mut ev);
        crate::modules::install(&mut ev);
        let lib = crate::nixlib::lib_value(&mut ev);
        let unknown = ev.unsupported("this").0;
        let module = format!(
            r#"with lib; {{
              options.etc = mkOption {{ type = types.attrsOf types.str; default = {{ }}; }};
              options.text = mkOption {{ type = types.str; default = ""; }};
              {text} }}"#
        );
        let names = [("lib", lib), ("unknown", unknown)];
        let module = ev.eval_text_with("test", &module, Path::new("/"), &names).unwrap_or_else(|stop| stop.0);
        let request = Request { modules: vec![ModuleInput::Module(module)], ..Request::default() };
        let id = eval_modules(&mut ev, request).expect("an evaluation");
        (ev, id)
    }

    #[test]
    fn what_is_set_is_told_without_its_value() {
        for (text, expected) in [
            ("", false),
            (r#"config.text = "${throw "asked"}";"#, true),
            (r#"config.text = "a ${unknown}";"#, true),
            ("config.text = unknown;", false),
            (r#"config.text = mkDefault "a";"#, true),
            (r#"config.text = mkOptionDefault "a";"#, false),
            (r#"config.text = mkIf true (mkForce "a");"#, true),
            (r#"config.text = mkIf false "a";"#, false),
            (r#"config.text = mkIf unknown "a";"#, false),
            (r#"config.text = mkMerge [ (mkIf false "a") (mkBefore "${throw "asked"}") ];"#, true),
        ] {
            let (mut ev, id) = with_definition(text);
            assert_eq!(is_given(&mut ev, id, &["text"]), expected, "{text}");
        }
    }

    #[test]
    fn names_are_told_without_the_conditions_around_them() {
        for (text, expected) in [
            ("", false),
            (r#"config.etc."b/x" = "";"#, false),
            (r#"config.etc."a/x" = "";"#, true),
            (r#"config.etc = mkIf (throw "asked") { "b/x" = ""; };"#, false),
            (r#"config.etc = mkIf (throw "asked") { "a/x" = ""; };"#, true),
            (r#"config.etc = mkIf (throw "asked") { "b/${throw "asked"}" = ""; };"#, false),
            (r#"config.etc = mkIf (throw "asked") { "a/${throw "asked"}" = ""; };"#, true),
            (r#"config.etc = mkIf (throw "asked") { ${throw "asked"} = ""; };"#, true),
            (r#"config.etc = mkIf (throw "asked") (mapAttrs (_: _: throw "asked") { });"#, true),
            (r#"config.etc = mapAttrs (_: _: throw "asked") { "b/x" = 1; };"#, false),
            (r#"config.etc = mkMerge [ { "b/x" = ""; } { "a/x" = ""; } ];"#, true),
            ("config.etc = unknown;", true),
        ] {
            let (mut ev, id) = with_definition(text);
            let found = may_name(&mut ev, id, &["etc"], &|name| may_begin_with(name, "a/"));
            assert_eq!(found, expected, "{text}");
        }
    }
}
