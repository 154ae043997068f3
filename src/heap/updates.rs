//! Updates: `left // right`.

use std::rc::Rc;

use super::arena::Heap;
use super::shape::{Key, Shape, ShapeId, merge_keys};
use super::value::{Set, SlotId, Value};

/// How the values of a merged set are taken from the two sides: `(from the right side, offset there)`, in the order of the merged offsets.
pub(crate) type MergePlan = Rc<[(bool, u32)]>;

impl Heap {
    /// The set `left // right`: values of `right` win. Open sides give an open set.
    pub fn update(&mut self, left: Set, right: Set) -> Value {
        let (left_shape, right_shape) = (self.shape(left.shape), self.shape(right.shape));
        if let Some(layered) = self.layered_update(left, right, &left_shape, &right_shape) {
            return layered;
        }
        let start = self.next_slots(left_shape.len() + right_shape.len());
        if !(left_shape.is_static() && right_shape.is_static()) {
            let mut keys = Vec::with_capacity(merged_len(&left_shape, &right_shape));
            merge_keys(left_shape.keys(), right_shape.keys(), |is_right, key| {
                let from = if is_right { right.start } else { left.start };
                let value = self.share(SlotId(from.wrapping_add(key.offset)));
                let offset = u32::try_from(keys.len()).unwrap_or(u32::MAX);
                keys.push(Key { offset, ..*key });
                self.slots.push(value);
            });
            let shape = self.merged_shape(left.shape, &left_shape, &right_shape, keys, false);
            return Value::attrs(Set { start, shape });
        }
        let (shape, plan) = self.merge_plan(left.shape, right.shape);
        for (is_right, offset) in plan.iter() {
            let from = if *is_right { right.start } else { left.start };
            let slot = SlotId(from.wrapping_add(*offset));
            let value = self.share(slot);
            self.slots.push(value);
        }
        Value::attrs(Set { start, shape })
    }

    /// How many steps of evaluation `left // right` counts as.
    pub fn update_steps(&self, left: Set, right: Set) -> u64 {
        let (of_left, of_right) = (self.shape(left.shape), self.shape(right.shape));
        let names = match (of_left.len(), of_right.len()) {
            (_, few) if of_left.bears(few) => few,
            (few, _) if of_right.bears(few) => few,
            (many, _) => many,
        };
        u64::try_from(names).unwrap_or(0) / 4 + 1
    }

    /// The update where one side has few names beside the other's many: the few become a layer on the many, whose values stay where they are.
    fn layered_update(&mut self, left: Set, right: Set, of_left: &Rc<Shape>, of_right: &Rc<Shape>) -> Option<Value> {
        let open = of_left.open().or(of_right.open());
        let shifted = |key: &Key, from: Set, to: Set| Key {
            offset: from.start.wrapping_add(key.offset).wrapping_sub(to.start),
            ..*key
        };
        let (many, base, own): (Set, _, Vec<Key>) = if of_left.bears(of_right.len()) {
            (left, of_left, of_right.keys().iter().map(|key| shifted(key, right, left)).collect())
        } else if of_right.bears(of_left.len()) {
            let lost = of_left.keys().iter().filter(|key| of_right.find(key.name).is_none());
            (right, of_right, lost.map(|key| shifted(key, left, right)).collect())
        } else {
            return None;
        };
        if own.is_empty() && base.open() == open {
            return Some(Value::attrs(many));
        }
        let shape = Shape::layered(Rc::clone(base), own, open, &self.taken_by_layers);
        let shape = self.new_shape(shape);
        Some(Value::attrs(Set { start: many.start, shape }))
    }

    /// The shape of `left // right` and where its values come from, if that is remembered for these shapes: both stand in the source,
    /// neither is empty, and no side is a layer on the other.
    pub fn plan_update(&mut self, left: ShapeId, right: ShapeId) -> Option<(ShapeId, MergePlan)> {
        if let Some(known) = self.merges.get(&(left, right)) {
            return Some(known.clone());
        }
        let (of_left, of_right) = (self.shape(left), self.shape(right));
        let is_plain = of_left.is_static() && of_right.is_static() && !of_left.is_empty() && !of_right.is_empty();
        let is_layered = of_left.bears(of_right.len()) || of_right.bears(of_left.len());
        (is_plain && !is_layered).then(|| self.merge_plan(left, right))
    }

    fn merge_plan(&mut self, left: ShapeId, right: ShapeId) -> (ShapeId, MergePlan) {
        if let Some(known) = self.merges.get(&(left, right)) {
            return known.clone();
        }
        let (left_shape, right_shape) = (self.shape(left), self.shape(right));
        let count = merged_len(&left_shape, &right_shape);
        let (mut keys, mut plan) = (Vec::with_capacity(count), Vec::with_capacity(count));
        merge_keys(left_shape.keys(), right_shape.keys(), |is_right, key| {
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
    merge_keys(left.keys(), right.keys(), |_, _| count += 1);
    count
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

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

    /// A set of numbers, and what it should hold.
    type Both = (Set, BTreeMap<String, i64>);

    fn numbered(heap: &mut Heap, numbers: impl Iterator<Item = (usize, i64)>) -> Both {
        let named: BTreeMap<String, i64> = numbers.map(|(name, number)| (format!("n{name}"), number)).collect();
        let attributes: Vec<_> =
            named.iter().map(|(name, number)| (heap.intern(name), Value::int(*number), ExprId::NONE)).collect();
        let View::Attrs(set) = heap.new_set(&attributes).view() else { panic!("a set") };
        (set, named)
    }

    fn updated(heap: &mut Heap, left: &Both, right: &Both) -> Both {
        let View::Attrs(set) = heap.update(left.0, right.0).view() else { panic!("a set") };
        let both = left.1.iter().chain(&right.1).map(|(name, number)| (name.clone(), *number)).collect();
        (set, both)
    }

    fn assert_holds(heap: &mut Heap, (set, expected): &Both) {
        assert_eq!(heap.set_len(*set), expected.len());
        for (name, number) in expected {
            let name = heap.intern(name);
            let slot = heap.attribute(*set, name).expect("an attribute");
            assert_eq!(heap.get(slot), Value::int(*number));
        }
        let absent = heap.intern("absent");
        assert_eq!(heap.attribute(*set, absent), None);
        let shown: Vec<(String, Value)> =
            heap.entries(*set).iter().map(|(name, slot, _)| (heap.name(*name).to_owned(), heap.get(*slot))).collect();
        assert_eq!(shown, expected.iter().map(|(n, v)| (n.clone(), Value::int(*v))).collect::<Vec<_>>());
    }

    #[test]
    fn layers_hold_what_copies_would() {
        let mut heap = Heap::new();
        let mut all = numbered(&mut heap, (0..40).map(|name| (name, 0)));
        let mut kept = vec![all.clone()];
        for (step, (first, count)) in
            [(3, 1), (38, 5), (100, 1), (0, 9), (200, 30), (7, 1), (300, 1), (5, 200)].iter().enumerate()
        {
            let number = i64::try_from(step).unwrap() + 1;
            let few = numbered(&mut heap, (*first..first + count).map(|name| (name, number)));
            let (above, below) = (updated(&mut heap, &all, &few), updated(&mut heap, &few, &all));
            kept.extend([above.clone(), below.clone()]);
            all = if step % 3 == 0 { below } else { above };
        }
        for one in kept.iter().chain(&kept) {
            assert_holds(&mut heap, one);
        }
    }

    #[test]
    fn a_set_that_grows_by_single_names_takes_memory_by_the_name() {
        let mut heap = Heap::new();
        let mut all = numbered(&mut heap, (0..40).map(|name| (name, 0)));
        for name in 40..1_500 {
            let one = numbered(&mut heap, std::iter::once((name, 1)));
            all = updated(&mut heap, &all, &one);
        }
        assert_holds(&mut heap, &all);
        let copied = 1_500 * 1_500 / 2 * (size_of::<Key>() + size_of::<Value>());
        assert!(heap.bytes_used() * 15 < copied, "{} bytes", heap.bytes_used());
    }
}
