//! The module system: what `lib.evalModules` does, in Rust.
//!
//! Purpose: collect modules through their imports, put their definitions into the tree of declared options, and merge each option
//! lazily, for plain calls of `lib.evalModules` and for NixOS machines alike. The options of a machine come from a static table
//! ([`SchemaNode`]) and from what its modules declare.
//!
//! Invariants:
//! - Nothing is collected or merged before somebody asks for it: `config` and `options` are sets of deferred calls, one for each node or
//!   option, and an evaluation that is only extended never loads a module.
//! - Every definition keeps the file and the binding that it came from, through `mkIf`, `mkMerge` and imports; the losing ones too.
//! - A definition below a condition that cannot be known is a maybe-definition: it never decides a value alone.
//! - An evaluation that is open (a NixOS machine, whose modules are never all known) does not fail because of one bad
//!   module: the module is recorded as a problem and the others count.
//!
//! What it deliberately does not do: know any option of NixOS, or read files other than through the evaluator's `import`.

mod arguments;
mod canonical;
mod check;
mod collect;
mod defined;
mod definition;
mod evaluation;
mod functions;
mod internals;
mod low_level;
mod merge;
mod messages;
mod options;
mod outline;
mod properties;
mod renames;
mod report;
mod schema_tree;
mod shapes;
mod state;
#[cfg(test)]
mod tests;
mod tree;
pub mod types;

pub use definition::{DEFAULT_ORDER, DEFAULT_PRIORITY, Definition, Loc, OPTION_DEFAULT_PRIORITY, show_name};
pub use evaluation::{
    ModuleInput, Request, config_value, eval_modules, extended, freeform_type, module_arguments, options_value,
    result_value,
};
pub use merge::{Discharged, Merged, delay_discharged, delay_merge, discharge, merge_definitions, merge_discharged};
pub use outline::{OutlinedName, is_given, may_begin_with, may_name};
pub use report::{
    LossReason, ModuleProblem, OptionReport, ProblemKind, is_any_incomplete, is_incomplete, option_report, problems,
};
pub use schema_tree::{SchemaNode, SchemaOption};
pub use state::{EvalId, NodeId, release};
pub use types::TypeId;

use crate::eval::Evaluator;

/// Makes the built-in functions of this room known, those of `lib` among them; `lib` must not have been forced yet.
pub fn install(ev: &mut Evaluator) {
    for family in [arguments::FAMILY, evaluation::FAMILY, merge::FAMILY, options::FAMILY, tree::FAMILY] {
        ev.install(family);
    }
    crate::nixlib::add_family(ev, &functions::LIBRARY);
    types::install(ev);
}
