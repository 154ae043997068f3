//! What is asked about an evaluation: one option with all its definitions, and the problems met.

use std::rc::Rc;

use super::defined;
use super::definition::{Definition, Loc, OPTION_DEFAULT_PRIORITY};
use super::merge;
use super::options::{self, OptionInfo};
use super::state::{EvalId, NodeId, State, evaluation, node};
use super::tree::{self, Kind};
use crate::eval::{ErrorKind, Evaluator, Stop, UnknownReason};
use crate::heap::{Symbol, Value, View};
use crate::syntax::ExprId;

/// Why a definition does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossReason {
    /// Another definition has a stronger priority.
    Priority,
    /// Its condition is false.
    ConditionFalse,
    /// Its condition cannot be known.
    ConditionUnknown,
}

/// Definitions that do not count, with the reason.
type Losers = Vec<(Definition, LossReason)>;

/// One option and its definitions.
#[derive(Clone, Debug)]
pub struct OptionReport {
    /// The value in weak head normal form; may be unknown or an error.
    pub value: Value,
    /// The winning definitions in merge order.
    pub definitions: Vec<Definition>,
    /// The other definitions.
    pub losing: Vec<(Definition, LossReason)>,
    /// Whether any definition counts.
    pub is_defined: bool,
    /// Whether only the static table declares it, so that no module of the user's adds to its type.
    pub is_static: bool,
}

/// What kind of problem it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// An element of `imports` that cannot be known.
    UnknownImport,
    /// A module asks for an argument that nobody passes.
    MissingArgument,
    /// A module that fails to evaluate.
    FailedModule,
    /// `imports` that depend on `config`.
    ConfigInImports,
}

/// Something that went wrong with one module of an open evaluation.
#[derive(Clone, Debug)]
pub struct ModuleProblem {
    /// Its kind.
    pub kind: ProblemKind,
    /// Where, or [`ExprId::NONE`].
    pub origin: ExprId,
    /// What, in words.
    pub message: String,
    /// The file of the module.
    pub file: String,
    /// The name of the missing argument, if that is the problem.
    pub name: Option<String>,
    /// The error or unknown behind it, or null.
    pub cause: Value,
}

impl OptionReport {
    fn of_stop(stop: Stop) -> Self {
        Self { value: stop.0, definitions: Vec::new(), losing: Vec::new(), is_defined: false, is_static: false }
    }
}

/// Whether modules are missing in any evaluation so far: a value may have been asked of one of them.
pub fn is_any_incomplete(ev: &mut Evaluator) -> bool {
    State::of(ev).evaluations.iter().any(|found| found.is_incomplete.get())
}

/// Whether modules of an evaluation are unknown or failed, as far as they were looked at. Modules that are known to be beside the point do not count.
pub fn is_incomplete(ev: &mut Evaluator, id: EvalId) -> bool {
    evaluation(ev, id).is_ok_and(|found| found.collected(ev).is_err() || found.is_incomplete.get())
}

/// One option with its definitions. The path may lead through elements of an `attrsOf submodule`, and below an option into the
/// attributes of its value; the definitions are then those that set that attribute.
pub fn option_report(ev: &mut Evaluator, id: EvalId, path: &[&str]) -> OptionReport {
    let names: Vec<Symbol> = path.iter().map(|name| ev.heap.intern(name)).collect();
    match report_at(ev, id, &names) {
        Ok(report) => report,
        Err(stop) => OptionReport::of_stop(stop),
    }
}

/// What a path leads to.
pub(super) enum Found<'a> {
    /// The value of an option that no module speaks of and whose default is the same for all machines.
    Untouched(Value),
    /// A declared option, and the rest of the path.
    Option(NodeId, Rc<OptionInfo>, &'a [Symbol]),
    /// Something that nobody declares, or a set of options, and the rest of the path.
    Other(NodeId, &'a [Symbol]),
}

/// Follows a path from the root of an evaluation to an option or as far as there are nodes.
pub(super) fn find<'a>(ev: &mut Evaluator, id: EvalId, names: &'a [Symbol]) -> Result<Found<'a>, Stop> {
    let found = evaluation(ev, id)?;
    let mut at = found.root;
    let mut rest = names;
    while let Some((name, others)) = rest.split_first() {
        match tree::kind(ev, at)? {
            Kind::Set => {
                if let Some(value) = untouched(ev, at, rest)? {
                    return Ok(Found::Untouched(value));
                }
            }
            Kind::Option(info) => return Ok(Found::Option(at, info, rest)),
            Kind::Undeclared => return Ok(Found::Other(at, rest)),
        }
        let this = node(ev, at)?;
        let is_declared = tree::is_declared(ev, &this, *name)?;
        let by_name = defined::by_name(ev, at)?;
        if !is_declared && !by_name.has(*name) && by_name.unknown.is_empty() {
            let loc = this.loc.child(*name).show(&ev.heap);
            return Err(if found.is_open() {
                ev.unknown(UnknownReason::UndeclaredOption(loc))
            } else {
                ev.error(ErrorKind::MissingAttribute, format!("attribute '{loc}' missing"))
            });
        }
        at = tree::child(ev, at, *name)?;
        rest = others;
    }
    Ok(match tree::kind(ev, at)? {
        Kind::Option(info) => Found::Option(at, info, &[]),
        Kind::Set | Kind::Undeclared => Found::Other(at, &[]),
    })
}

pub(super) fn report_at(ev: &mut Evaluator, id: EvalId, names: &[Symbol]) -> Result<OptionReport, Stop> {
    match find(ev, id, names)? {
        Found::Untouched(value) => {
            Ok(OptionReport { value, definitions: Vec::new(), losing: Vec::new(), is_defined: false, is_static: true })
        }
        Found::Option(at, info, rest) => below_option(ev, at, &info, rest),
        Found::Other(at, rest) => below_value(ev, at, rest),
    }
}

/// The value of an option below a node that no module speaks of and whose default is the same for all machines.
fn untouched(ev: &mut Evaluator, at: NodeId, path: &[Symbol]) -> Result<Option<Value>, Stop> {
    let Some((name, below)) = path.split_first() else { return Ok(None) };
    let this = node(ev, at)?;
    let Some(child) = tree::untouched_child(ev, at, &this, *name)? else { return Ok(None) };
    let (mut loc, mut schema, mut name) = (this.loc.clone(), &child, *name);
    for next in below {
        match schema.children.get(next) {
            Some(child) if schema.option.is_none() => {
                loc = loc.child(name);
                (schema, name) = (child, *next);
            }
            _ => return Ok(None),
        }
    }
    Ok(schema.constant(ev, &loc, name))
}

/// The report of a declared option, or of something inside its value.
fn below_option(ev: &mut Evaluator, id: NodeId, info: &OptionInfo, rest: &[Symbol]) -> Result<OptionReport, Stop> {
    let this = node(ev, id)?;
    let value = tree::value_of(ev, id)?;
    let value = ev.force(value);
    let report = match settled(ev, id, info) {
        Ok((definitions, losing)) => {
            let is_defined = definitions.iter().any(|one| one.priority < OPTION_DEFAULT_PRIORITY);
            OptionReport { value, definitions, losing, is_defined, is_static: info.is_static() }
        }
        Err(stop) => {
            OptionReport { value: if value.is_stop() { value } else { stop.0 }, ..OptionReport::of_stop(stop) }
        }
    };
    match rest.split_first() {
        None => Ok(report),
        Some((name, others)) => inside(ev, report, &this.loc, *name, others),
    }
}

/// The definitions of an option that count and those that do not. A default of the static tables is no definition.
fn settled(ev: &mut Evaluator, id: NodeId, info: &OptionInfo) -> Result<(Vec<Definition>, Losers), Stop> {
    let is_own = |one: &Definition| one.origin.is_some() || one.priority != OPTION_DEFAULT_PRIORITY;
    let this = node(ev, id)?;
    let defs = defined::definitions(ev, &this)?;
    if let Ok(known) = options::discharged(ev, id, info)
        && known.open.is_none()
    {
        let own: Vec<Definition> = known.defs.iter().filter(|one| is_own(one)).cloned().collect();
        if own.len() == defs.len() {
            return Ok((own, Vec::new()));
        }
    }
    let default = options::default_of(ev, &this, info)?;
    let mut losing = Vec::new();
    let all = merge::discharge_with(ev, &defs, default, Some(&mut losing))?;
    let (sure, unsure): (Vec<_>, Vec<_>) = all.defs.into_iter().partition(|one| one.is_certain);
    losing.extend(unsure.into_iter().map(|one| (one, LossReason::ConditionUnknown)));
    losing.retain(|(one, _)| is_own(one));
    Ok((sure.into_iter().filter(|one| is_own(one)).collect(), losing))
}

fn below_value(ev: &mut Evaluator, id: NodeId, rest: &[Symbol]) -> Result<OptionReport, Stop> {
    let this = node(ev, id)?;
    let value = tree::value_of(ev, id)?;
    let value = ev.force(value);
    let defs = defined::definitions(ev, &this)?;
    let mut losing = Vec::new();
    let settled = merge::discharge_with(ev, &defs, None, Some(&mut losing))?;
    let is_defined = !settled.defs.is_empty();
    let report = OptionReport { value, definitions: settled.defs, losing, is_defined, is_static: false };
    match rest.split_first() {
        None => Ok(report),
        Some((name, others)) => inside(ev, report, &this.loc, *name, others),
    }
}

/// Follows a path into the value of an option, and the definitions along with it.
fn inside(
    ev: &mut Evaluator,
    report: OptionReport,
    loc: &Loc,
    name: Symbol,
    rest: &[Symbol],
) -> Result<OptionReport, Stop> {
    let value = report.value;
    if let Some(own) = evaluation_behind(ev, value) {
        let mut below = vec![name];
        below.extend_from_slice(rest);
        return report_at(ev, own, &below);
    }
    if let (View::Attrs(set), false) = (value.view(), rest.is_empty())
        && let Some(element) = ev.attribute(set, name)
        && let Some(element) = evaluation_behind(ev, element)
    {
        return report_at(ev, element, rest);
    }
    let report = element_report(ev, report, name)?;
    match rest.split_first() {
        None => Ok(report),
        Some((next, others)) => inside(ev, report, &loc.child(name), *next, others),
    }
}

/// The evaluation whose configuration a value is; `None` for all other values.
fn evaluation_behind(ev: &mut Evaluator, value: Value) -> Option<EvalId> {
    let View::Attrs(set) = ev.force(value).view() else { return None };
    State::of(ev).configs.get(&set).copied()
}

/// One attribute of an option's value with the definitions that set it.
fn element_report(ev: &mut Evaluator, report: OptionReport, name: Symbol) -> Result<OptionReport, Stop> {
    let value = match report.value.view() {
        View::Attrs(set) => match ev.attribute(set, name) {
            Some(value) => ev.force(value),
            None => ev.missing_attribute(set, name).0,
        },
        _ if report.value.is_stop() => report.value,
        _ => ev.error(ErrorKind::Type, "the path leads into a value that is no set").0,
    };
    let mut parts = Vec::new();
    for definition in &report.definitions {
        super::properties::attributes_of(
            ev,
            definition,
            |found, part| {
                if found == name {
                    parts.push(part);
                }
            },
            |_| {},
            |_, _| Ok(()),
        )?;
    }
    let mut losing = Vec::new();
    let settled = merge::discharge_with(ev, &parts, None, Some(&mut losing))?;
    let is_defined = !settled.defs.is_empty();
    Ok(OptionReport { value, definitions: settled.defs, losing, is_defined, is_static: false })
}

/// The problems met so far while modules were collected and called.
pub fn problems(ev: &mut Evaluator, id: EvalId) -> Vec<ModuleProblem> {
    match evaluation(ev, id) {
        Ok(found) => found.problems(),
        Err(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::eval::Limits;
    use crate::modules::{ModuleInput, Request, eval_modules};
    use crate::source::{Access, Sources};

    #[test]
    fn a_path_leads_into_the_submodules_of_its_own_evaluation() {
        let sources = Arc::new(Sources::new(Access::below(Vec::new())));
        let mut ev = Evaluator::new(sources, Limits::untrusted());
        crate::builtins::install(&mut ev);
        crate::nixlib::install(&mut ev);
        crate::modules::install(&mut ev);
        let lib = crate::nixlib::lib_value(&mut ev);
        let machine = |ev: &mut Evaluator, mtu: i64| {
            let text = format!(
                "{{ _file = \"shared.nix\";
                   options.nets = lib.mkOption {{ type = lib.types.attrsOf (lib.types.submodule {{
                     options.mtu = lib.mkOption {{ type = lib.types.int; }}; }}); }};
                   config.nets.lan.mtu = {mtu}; }}"
            );
            let module = ev.eval_text_with("test", &text, Path::new("/"), &[("lib", lib)]);
            let module = module.unwrap_or_else(|stop| stop.0);
            let request = Request { modules: vec![ModuleInput::Module(module)], ..Request::default() };
            eval_modules(ev, request).expect("an evaluation")
        };
        let (first, second) = (machine(&mut ev, 1400), machine(&mut ev, 1500));
        for (id, mtu) in [(first, 1400), (second, 1500), (first, 1400)] {
            let report = option_report(&mut ev, id, &["nets", "lan", "mtu"]);
            assert_eq!(report.value.view(), View::Int(mtu));
            assert_eq!(report.definitions.len(), 1);
            let file = report.definitions.first().map(|one| one.file.to_string());
            assert_eq!(file.as_deref(), Some("shared.nix"));
        }
    }
}
