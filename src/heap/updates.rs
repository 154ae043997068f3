//! Updates: `left // right`.

use std::rc::Rc;

use super::arena::Heap;
use super::shape::{Key, Shape, ShapeId};
use super::value::{Set, SlotId, Value};

/// How the values of a merged set are taken from the two sides: `(from the right side, offset there)`, in the order of the merged offsets.
pub(super) type MergePlan = Rc<[(bool, u32)]>;

impl Heap {
    /// The set `left // right`: values of `right` win. Open sides give an open set.
    pub fn update(&mut self, left: Set, right: Set) -> Value {
        let (left_shape, right_shape) = (self.shape(left.shape), self.shape(right.shape));
        let start = self.next_slots(left_shape.len() + right_shape.len());
        if !(left_shape.is_static() && right_shape.is_static()) {
            let mut keys = Vec::with_capacity(merged_len(&left_shape, &right_shape));
            merge_keys(&left_shape, &right_shape, |is_right, key| {
                let from = if is_right { right.start } else { left.start };
                let value = self.share(SlotId(from + key.offset));
                let offset = u32::try_from(keys.len()).unwrap_or(u32::MAX);
                keys.push(Key { offset, ..*key });
                self.slots.push(value);
            });
            let shape = self.merged_shape(left.shape, &left_shape, &right_shape, keys, false);
            return Value::attrs(Set { start, shape });
        }
        let (shape, plan) = self.merge_plan(left.shape, right.shape);
        for (is_right, offset) in plan.iter() {
            let slot = SlotId(if *is_right { right.start } else { left.start } + offset);
            let value = self.share(slot);
            self.slots.push(value);
        }
        Value::attrs(Set { start, shape })
    }

    fn merge_plan(&mut self, left: ShapeId, right: ShapeId) -> (ShapeId, MergePlan) {
        if let Some(known) = self.merges.get(&(left, right)) {
            return known.clone();
        }
        let (left_shape, right_shape) = (self.shape(left), self.shape(right));
        let count = merged_len(&left_shape, &right_shape);
        let (mut keys, mut plan) = (Vec::with_capacity(count), Vec::with_capacity(count));
        merge_keys(&left_shape, &right_shape, |is_right, key| {
            let offset = u32::try_from(keys.len()).unwrap_or(u32::MAX);
            keys.push(Key { offset, ..*key });
            plan.push((is_right, key.offset));
        });
        let shape = self.merged_shape(left, &left_shape, &right_shape, keys, true);
        let plan: MergePlan = plan.into();
        self.merges.insert((left, right), (shape, Rc::clone(&plan)));
        (shape, plan)
    }

    /// The shape of these merged keys. An update that adds no name often gives the shape it began with; sharing that keeps a loop of
    /// updates at one shape.
    fn merged_shape(
        &mut self,
        left: ShapeId,
        of_left: &Shape,
        of_right: &Shape,
        keys: Vec<Key>,
        is_static: bool,
    ) -> ShapeId {
        let open = of_left.open().or(of_right.open());
        let is_left = of_left.open() == open && of_left.keys() == keys;
        if is_left { left } else { self.new_shape(Shape::new(keys, open, is_static)) }
    }
}

/// How many names two shapes have together.
fn merged_len(left: &Shape, right: &Shape) -> usize {
    let mut count = 0;
    merge_keys(left, right, |_, _| count += 1);
    count
}

/// The keys of two shapes in the order of their names, each name once, and whether it is the right one's, which wins.
fn merge_keys(left: &Shape, right: &Shape, mut each: impl FnMut(bool, &Key)) {
    let (mut a, mut b) = (left.keys().iter().peekable(), right.keys().iter().peekable());
    loop {
        let is_right = match (a.peek(), b.peek()) {
            (None, None) => return,
            (Some(_), None) => false,
            (None, Some(_)) => true,
            (Some(x), Some(y)) => {
                if x.name == y.name {
                    a.next();
                    true
                } else {
                    y.name < x.name
                }
            }
        };
        if let Some(key) = if is_right { b.next() } else { a.next() } {
            each(is_right, key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::View;
    use crate::syntax::ExprId;

    #[test]
    fn update_prefers_the_right_side_and_keeps_the_order_of_names() {
        let mut heap = Heap::new();
        let (b, a, c) = (heap.intern("b"), heap.intern("a"), heap.intern("c"));
        let none = ExprId::NONE;
        let left = heap.new_set(&[(b, Value::int(1), none), (a, Value::int(2), none)]);
        let right = heap.new_set(&[(c, Value::int(3), none), (b, Value::int(4), none)]);
        let (View::Attrs(left), View::Attrs(right)) = (left.view(), right.view()) else { panic!("sets") };
        let View::Attrs(both) = heap.update(left, right).view() else { panic!("a set") };
        let shown: Vec<(String, Value)> =
            heap.entries(both).iter().map(|(name, slot, _)| (heap.name(*name).to_owned(), heap.get(*slot))).collect();
        let expected = [("a", Value::int(2)), ("b", Value::int(4)), ("c", Value::int(3))];
        assert_eq!(shown, expected.map(|(name, value)| (name.to_owned(), value)));
    }
}
