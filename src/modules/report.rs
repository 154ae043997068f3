//! What is asked about an evaluation: one option with all its definitions, and the problems met.

use super::definition::Definition;
use super::state::EvalId;
use crate::eval::Evaluator;
use crate::heap::Value;
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

/// One option with its definitions; the path may lead into elements of submodules.
pub fn option_report(ev: &mut Evaluator, id: EvalId, path: &[&str]) -> OptionReport {
    let _ = (id, path);
    let value = ev.unsupported("option reports").0;
    OptionReport { value, definitions: Vec::new(), losing: Vec::new(), is_defined: false }
}

/// The problems met so far while modules were collected and called.
pub fn problems(ev: &mut Evaluator, id: EvalId) -> Vec<ModuleProblem> {
    let _ = (ev, id);
    Vec::new()
}
