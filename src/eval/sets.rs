//! Frames of bindings, and sets as they stand in the source.

use super::core::symbol;
use super::evaluator::Evaluator;
use super::problem::{ErrorKind, Stop};
use crate::heap::{Env, Key, Set, Shape, SlotId, Symbol, Value, View, sym};
use crate::syntax::ir::{Bindings, ExprId, Range};

impl Evaluator {
    pub(super) fn let_frame(&mut self, id: u32, env: Env) -> Env {
        match self.program.bindings(id) {
            Some(bindings) => self.frame_of(bindings, env),
            None => env,
        }
    }

    fn frame_of(&mut self, bindings: Bindings, env: Env) -> Env {
        let visible = if bindings.recursive { bindings.entries.len } else { 0 };
        let frame = self.heap.new_frame(env, (visible + bindings.hidden.len) as usize);
        let first = frame.0 + 1;
        for offset in 0..visible {
            if let Some(entry) = self.program.entry(bindings.entries.start + offset) {
                let value = self.delay_in_new_frame(entry.value, frame);
                self.heap.set(SlotId(first + offset), value);
            }
        }
        for offset in 0..bindings.hidden.len {
            let hidden = self.program.list_item(bindings.hidden.start + offset);
            let value = self.delay_in_new_frame(hidden, frame);
            self.heap.set(SlotId(first + visible + offset), value);
        }
        frame
    }

    fn static_shape(&mut self, id: u32, bindings: Bindings) -> crate::heap::ShapeId {
        if let Some(Some(shape)) = self.program.shapes.get(id as usize) {
            return *shape;
        }
        let keys = (0u32..)
            .zip(self.program.entries(bindings.entries))
            .map(|(offset, entry)| Key { name: symbol(entry.name), offset, origin: entry.binder })
            .collect();
        let shape = self.heap.new_shape(Shape::new(keys, None, true));
        if let Some(place) = self.program.shapes.get_mut(id as usize) {
            *place = Some(shape);
        }
        shape
    }

    pub(super) fn eval_attrs(&mut self, id: u32, env: Env) -> Value {
        let Some(bindings) = self.program.bindings(id) else { return Value::EMPTY_SET };
        if bindings.entries.len == 0 && bindings.dynamics.len == 0 {
            return Value::EMPTY_SET;
        }
        let shape = self.static_shape(id, bindings);
        let frame = if bindings.pushes_frame { self.frame_of(bindings, env) } else { env };
        let start = if bindings.recursive {
            frame.0 + 1
        } else {
            let start = self.heap.new_slots(bindings.entries.len as usize);
            for offset in 0..bindings.entries.len {
                if let Some(entry) = self.program.entry(bindings.entries.start + offset) {
                    let value = self.delay(entry.value, frame);
                    self.heap.set(SlotId(start + offset), value);
                }
            }
            start
        };
        let set = Set { start, shape };
        let set = if bindings.recursive { self.apply_overrides(set, bindings, frame) } else { Ok(set) };
        match set {
            Ok(set) if bindings.dynamics.len == 0 => Value::attrs(set),
            Ok(set) => self.add_dynamic(set, bindings.dynamics, frame),
            Err(Stop(value)) => value,
        }
    }

    /// `left // { … }` where the names of both are known from the source: the values go into the result at once, without a set for the right side.
    pub(super) fn update_by_literal(&mut self, left: Set, id: u32, env: Env) -> Option<Value> {
        let bindings = self.program.bindings(id)?;
        if bindings.recursive || bindings.pushes_frame || bindings.dynamics.len > 0 || bindings.entries.len == 0 {
            return None;
        }
        let right = self.static_shape(id, bindings);
        let (shape, plan) = self.heap.plan_update(left.shape, right)?;
        if self.tick_many(u64::try_from(plan.len()).unwrap_or(0) / 4 + 1).is_err() {
            return None;
        }
        let start = self.heap.new_slots(plan.len());
        for (slot, (is_right, offset)) in (start..).zip(plan.iter()) {
            let value = if *is_right {
                let entry = self.program.entry(bindings.entries.start + offset)?;
                self.delay(entry.value, env)
            } else {
                self.heap.share(SlotId(left.start.wrapping_add(*offset)))
            };
            self.heap.set(SlotId(slot), value);
        }
        Some(Value::attrs(Set { start, shape }))
    }

    /// Whether a set of the source binds a name.
    pub(super) fn is_bound_in(&self, id: u32, name: Symbol) -> bool {
        let entries = self.program.bindings(id).map(|bindings| bindings.entries).unwrap_or_default();
        (entries.start..entries.start + entries.len)
            .filter_map(|index| self.program.entry(index))
            .any(|entry| entry.name.0 == name.0)
    }

    /// `__overrides` of a recursive set: its attributes replace the set's own, for the bindings as well.
    ///
    /// Whatever takes a variable of the set while the overrides are evaluated keeps what it stood for before. So every binding is moved to a slot of its
    /// own first, and the frame only points there.
    fn apply_overrides(&mut self, set: Set, bindings: Bindings, frame: Env) -> Result<Set, Stop> {
        let Some(slot) = self.heap.attribute(set, sym::OVERRIDES) else { return Ok(set) };
        for offset in 0..bindings.entries.len {
            let own = SlotId(frame.0 + 1 + offset);
            let moved = match (self.heap.get(own).view(), self.program.entry(bindings.entries.start + offset)) {
                // A name for another binding is one for what that is in the end.
                (View::Ref(_), Some(entry)) => Value::thunk(entry.value, frame),
                _ => self.heap.get(own),
            };
            let moved = self.settle(moved);
            self.heap.set(own, moved);
        }
        let written = self.heap.share(slot);
        let overrides = self.want_attrs(written)?;
        for (name, from, _) in self.heap.entries(overrides) {
            if let Some(own) = self.heap.attribute(set, name) {
                let value = self.heap.share(from);
                self.heap.set(own, value);
            }
        }
        match self.heap.update(set, overrides).view() {
            View::Attrs(set) => Ok(set),
            _ => Ok(set),
        }
    }

    fn add_dynamic(&mut self, set: Set, dynamics: Range, env: Env) -> Value {
        let mut added: Vec<(Symbol, Value, ExprId)> = Vec::with_capacity(dynamics.len as usize);
        let mut open = None;
        for index in dynamics.start..dynamics.start + dynamics.len {
            let Some(entry) = self.program.dynamic(index) else { continue };
            let name = self.eval(entry.name, env);
            match name.view() {
                View::Null => {}
                View::Str(id) => {
                    if let Err(Stop(stop)) = self.without_context(id) {
                        return stop;
                    }
                    let name = self.heap.intern_string(id);
                    if added.iter().any(|(other, ..)| *other == name) || self.heap.attribute(set, name).is_some() {
                        let message = format!("dynamic attribute '{}' already defined", self.heap.name(name));
                        return self.error_at(ErrorKind::Type, message, entry.name).0;
                    }
                    let value = self.delay(entry.value, env);
                    added.push((name, value, entry.binder));
                }
                View::Unknown(id) => open = open.or(Some(id)),
                View::Error(_) => return name,
                _ => {
                    let message = format!("an attribute name must be a string, but this is {}", self.describe(name));
                    return self.error_at(ErrorKind::Type, message, entry.name).0;
                }
            }
        }
        let View::Attrs(added) = self.heap.new_open_set(&added, open).view() else { return Value::EMPTY_SET };
        self.heap.update(set, added)
    }
}
