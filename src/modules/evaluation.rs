//! One evaluation of modules from start to end.

use std::rc::Rc;

use super::definition::{Definition, Loc};
use super::schema_tree::SchemaNode;
use super::state::EvalId;
use super::types::TypeId;
use crate::eval::{Evaluator, Outcome, Stop};
use crate::heap::Value;

/// One module to start from.
#[derive(Clone, Debug)]
pub enum ModuleInput {
    /// A module as users write it: a path, function or set.
    Module(Value),
    /// A definition (of a submodule) whose value is `config` only.
    Config(Definition),
    /// A definition (of a submodule) whose value is a whole module; its file is the one of the definition unless it says otherwise.
    Import(Definition),
}

/// What to evaluate.
#[derive(Clone, Debug)]
pub struct Request {
    /// The modules, in order.
    pub modules: Vec<ModuleInput>,
    /// `specialArgs`: a set.
    pub special_args: Value,
    /// The old `args`: a set whose attributes become `_module.args`.
    pub args: Option<Value>,
    /// Where the options are seen from outside, for messages and `loc`.
    pub prefix: Loc,
    /// `class`.
    pub class: Option<String>,
    /// The old `check`.
    pub check: Option<bool>,
    /// The `name` argument of a submodule.
    pub name: Option<Value>,
    /// Static declarations.
    pub schema: Option<Rc<SchemaNode>>,
    /// Whether modules may be missing, so that nothing is said about options that are not declared.
    pub is_open: bool,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            modules: Vec::new(),
            special_args: Value::EMPTY_SET,
            args: None,
            prefix: Loc::root(),
            class: None,
            check: None,
            name: None,
            schema: None,
            is_open: false,
        }
    }
}

/// Prepares an evaluation; modules are collected when something is asked of it.
pub fn eval_modules(ev: &mut Evaluator, request: Request) -> Result<EvalId, Stop> {
    let _ = request;
    Err(ev.unsupported("evalModules"))
}

/// `config` as `evalModules` returns it (checked, without `_module`): a reference.
pub fn config_value(ev: &mut Evaluator, id: EvalId) -> Value {
    let _ = id;
    ev.unsupported("config").0
}

/// `options` as `evalModules` returns it: a reference.
pub fn options_value(ev: &mut Evaluator, id: EvalId) -> Value {
    let _ = id;
    ev.unsupported("options").0
}

/// The whole set that `evalModules` returns: a reference.
pub fn result_value(ev: &mut Evaluator, id: EvalId) -> Value {
    let _ = id;
    ev.unsupported("evalModules").0
}

/// `_module.freeformType`, if it is not null.
pub fn freeform_type(ev: &mut Evaluator, id: EvalId) -> Result<Option<TypeId>, Stop> {
    let _ = (ev, id);
    Ok(None)
}

/// `_module.args`: a set.
pub fn module_arguments(ev: &mut Evaluator, id: EvalId) -> Outcome {
    let _ = id;
    Err(ev.unsupported("_module.args"))
}
