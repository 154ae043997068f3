//! Sets that many evaluations build alike share their names, and where those were written.

use super::state::State;
use crate::eval::Evaluator;
use crate::heap::{Key, Shape, ShapeId, Symbol, UnknownId, Value};
use crate::syntax::ExprId;

/// Names that were written nowhere.
pub(super) fn placeless(names: &[Symbol]) -> Vec<(Symbol, ExprId)> {
    names.iter().map(|name| (*name, ExprId::NONE)).collect()
}

/// A set with these names and values, in the same order and without repetition.
pub(super) fn set_of(
    ev: &mut Evaluator,
    names: &[(Symbol, ExprId)],
    values: &[Value],
    open: Option<UnknownId>,
) -> Value {
    let shape = shape_of(ev, names, open);
    ev.heap.new_set_of_shape(shape, values)
}

/// The shape of such a set.
pub(super) fn shape_of(ev: &mut Evaluator, names: &[(Symbol, ExprId)], open: Option<UnknownId>) -> ShapeId {
    let known = State::of(ev).shapes_by_names.get(names);
    if let Some((_, shape)) = known.and_then(|all| all.iter().find(|(reason, _)| *reason == open)) {
        return *shape;
    }
    let keys = (0u32..).zip(names).map(|(offset, (name, origin))| Key { name: *name, offset, origin: *origin });
    let shape = ev.heap.new_shape(Shape::new(keys.collect(), open, true));
    State::of(ev).shapes_by_names.entry(names.into()).or_default().push((open, shape));
    shape
}
