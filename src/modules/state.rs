//! What the room keeps with the evaluator.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::arguments::ExtraArguments;
use super::definition::{Definition, Loc};
use super::evaluation::Evaluation;
use super::merge::Discharged;
use super::properties::PropertyShapes;
use super::schema_tree::SchemaNode;
use super::tree::Node;
use super::types::TypeId;
use crate::eval::{ErrorKind, Evaluator, Stop, UnknownReason};
use crate::heap::{LambdaId, Set, ShapeId, StrId, Symbol, UnknownId, Value};
use crate::syntax::ExprId;

/// One evaluation of modules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EvalId(pub(crate) u32);

/// One node of the option tree of an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(crate) u32);

/// Definitions that wait to be merged until somebody asks for the value.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) loc: Loc,
    /// The type; without one the definitions are merged as those of an option that is not declared.
    pub(super) ty: Option<TypeId>,
    pub(super) found: Found,
}

/// How far pending definitions have come.
#[derive(Debug)]
pub(super) enum Found {
    /// Properties still around the values.
    Raw(Vec<Definition>),
    /// Conditions and priorities are settled.
    Discharged(Discharged),
}

/// Shapes of the same names, by why they are open.
type OpenShapes = Vec<(Option<UnknownId>, ShapeId)>;

/// Everything that the natives of this room refer to by number.
#[derive(Default)]
pub(super) struct State {
    pub(super) evaluations: Vec<Rc<Evaluation>>,
    /// Those of released evaluations are gone.
    pub(super) nodes: Vec<Option<Rc<Node>>>,
    pub(super) pending: Vec<Rc<Pending>>,
    /// The evaluations that sets of configuration come from. Sets are told apart by where they stand in the heap.
    pub(super) configs: FxHashMap<Set, EvalId>,
    pub(super) shapes: PropertyShapes,
    /// Shapes of sets that many evaluations build alike, by their names and why they are open.
    pub(super) shapes_by_names: FxHashMap<Box<[(Symbol, ExprId)]>, OpenShapes>,
    /// Names of files that modules give themselves.
    pub(super) labels: FxHashMap<StrId, Rc<str>>,
    /// The unknowns for options that nobody declares, by the path above them.
    pub(super) undeclared: FxHashMap<Box<[Symbol]>, UnknownId>,
    /// What module functions ask for, by the function and the shape of what each gets anyway.
    pub(super) extra_arguments: FxHashMap<(LambdaId, ShapeId), Rc<ExtraArguments>>,
    /// `{ _type = "option"; }`, with which `mkOption` begins.
    pub(super) option_tag: Option<Value>,
    /// Shapes of sets that `mkOption` takes.
    pub(super) known_options: FxHashSet<ShapeId>,
    /// The options below `_module`.
    pub(super) module_schema: Option<Rc<SchemaNode>>,
}

fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

fn lost(ev: &mut Evaluator) -> Stop {
    ev.error(ErrorKind::Type, "this function of the module system was called with a handle that does not exist")
}

impl State {
    pub(super) fn of(ev: &mut Evaluator) -> &mut Self {
        ev.extension::<Self>()
    }

    pub(super) fn add_evaluation(&mut self, make: impl FnOnce(EvalId) -> Evaluation) -> EvalId {
        let id = EvalId(number(self.evaluations.len()));
        self.evaluations.push(Rc::new(make(id)));
        id
    }

    pub(super) fn add_node(&mut self, node: Node) -> NodeId {
        let id = NodeId(number(self.nodes.len()));
        self.nodes.push(Some(Rc::new(node)));
        id
    }

    pub(super) fn add_pending(&mut self, pending: Pending) -> u32 {
        let id = number(self.pending.len());
        self.pending.push(Rc::new(pending));
        id
    }
}

/// The evaluation of a number.
pub(super) fn evaluation(ev: &mut Evaluator, id: EvalId) -> Result<Rc<Evaluation>, Stop> {
    match State::of(ev).evaluations.get(id.0 as usize).cloned() {
        Some(found) => Ok(found),
        None => Err(lost(ev)),
    }
}

/// The node of a number.
pub(super) fn node(ev: &mut Evaluator, id: NodeId) -> Result<Rc<Node>, Stop> {
    match State::of(ev).nodes.get(id.0 as usize).cloned() {
        Some(Some(found)) => Ok(found),
        Some(None) => Err(ev.unknown(UnknownReason::Unsupported("a configuration that was read before".to_owned()))),
        None => Err(lost(ev)),
    }
}

/// Gives back the option tree of an evaluation that nobody will ask again; what was computed stays. Whoever asks all the same gets an
/// unknown.
pub fn release(ev: &mut Evaluator, id: EvalId) {
    let Ok(found) = evaluation(ev, id) else { return };
    let nodes = State::of(ev).nodes.iter_mut().skip(found.root.0 as usize);
    for node in nodes {
        if node.as_ref().is_some_and(|node| node.evaluation == id) {
            *node = None;
        }
    }
}

/// The pending definitions of a number.
pub(super) fn pending(ev: &mut Evaluator, id: u32) -> Result<Rc<Pending>, Stop> {
    match State::of(ev).pending.get(id as usize).cloned() {
        Some(found) => Ok(found),
        None => Err(lost(ev)),
    }
}

/// A number that a native of this room got as its argument.
pub(super) fn handle(ev: &mut Evaluator, value: Value) -> Result<u32, Stop> {
    let wanted = ev.want_int(value)?;
    match u32::try_from(wanted) {
        Ok(number) => Ok(number),
        Err(_) => Err(lost(ev)),
    }
}

/// A number as the argument of a native of this room.
pub(super) fn handle_value(number: u32) -> Value {
    Value::int(i64::from(number))
}
