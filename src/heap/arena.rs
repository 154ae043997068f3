//! The heap itself.

use std::cell::Cell;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::interner::{Interner, Symbol};
use super::pages;
use super::shape::{Key, Shape, ShapeId};
use super::string::{Context, StrData, StrId};
use super::updates::MergePlan;
use super::value::{Env, Seq, Set, SlotId, UnknownId, Value, View};
use crate::syntax::ExprId;

/// Everything that values point to.
#[derive(Debug)]
pub struct Heap {
    pub(super) slots: Vec<Value>,
    pub(super) strings: Vec<StrData>,
    pub(super) bytes: Vec<u8>,
    shapes: Vec<Rc<Shape>>,
    shape_bytes: usize,
    pub(super) taken_by_layers: Rc<Cell<usize>>,
    /// Bytes that are kept elsewhere for values: names, and what errors and unknowns say.
    outside_bytes: usize,
    /// How many bytes of texts there may be before the evaluator has to look at its limits again.
    next_look: usize,
    pub(super) contexts: Vec<Context>,
    pub(super) merges: FxHashMap<(ShapeId, ShapeId), (ShapeId, MergePlan)>,
    /// The names.
    pub symbols: Interner,
}

/// The memory of a heap that is no more.
#[derive(Debug)]
pub struct Memory {
    slots: Vec<Value>,
    strings: Vec<StrData>,
    bytes: Vec<u8>,
}

/// Bytes of texts after which limits are looked at, however few steps were taken: one step can make a string of many megabytes.
const LOOK_AFTER: usize = 1 << 20;

/// Bytes from which on a heap counts as large.
const LARGE: usize = 24 << 20;

/// Elements that an arena has room for at first, and once it is full for the first time. Most evaluations of one expression end before that,
/// and are spared the first pages of large reservations, which the system hands out by the megabyte.
const SLOTS: (usize, usize) = (2 << 10, 64 << 20);
pub(super) const STRINGS: (usize, usize) = (1 << 10, 4 << 20);
pub(super) const BYTES: (usize, usize) = (16 << 10, 256 << 20);

/// Room for `more` elements. The first time it is scarce the arena gets room for `most`, or for as many as the system promises: a page that is never
/// touched costs nothing, and an arena that never moves again is neither copied nor for a moment there twice.
#[inline]
pub(super) fn make_room<T>(arena: &mut Vec<T>, more: usize, most: usize) {
    if arena.capacity() - arena.len() < more {
        widen(arena, more, most);
    }
}

#[cold]
fn widen<T>(arena: &mut Vec<T>, more: usize, most: usize) {
    let wanted = arena.len() + more;
    let mut room = most;
    while room > wanted {
        if arena.try_reserve_exact(room - arena.len()).is_ok() {
            return;
        }
        room /= 4;
    }
    arena.reserve(more);
}

impl Default for Heap {
    fn default() -> Self {
        Self::new()
    }
}

impl Heap {
    /// An empty heap: slot 0 is the outermost frame's link, string 0 is `""`, shape 0 has no names.
    pub fn new() -> Self {
        Self::within(Memory {
            slots: Vec::with_capacity(SLOTS.0),
            strings: Vec::with_capacity(STRINGS.0),
            bytes: Vec::with_capacity(BYTES.0),
        })
    }

    /// An empty heap in memory that another one has left: the system does not clear its pages again.
    pub fn within(memory: Memory) -> Self {
        let Memory { slots, strings, bytes } = memory;
        let mut heap = Self {
            slots,
            strings,
            bytes,
            shapes: Vec::with_capacity(256),
            shape_bytes: 0,
            taken_by_layers: Rc::default(),
            outside_bytes: 0,
            next_look: LOOK_AFTER,
            contexts: vec![Rc::from([])],
            merges: FxHashMap::default(),
            symbols: Interner::new(),
        };
        heap.slots.push(Value::link(Env(0)));
        heap.new_string(b"");
        heap.new_shape(Shape::default());
        heap
    }

    /// Gives up everything in the heap and leaves its memory.
    pub fn leave(self) -> Memory {
        let Self { mut slots, mut strings, mut bytes, .. } = self;
        slots.clear();
        strings.clear();
        bytes.clear();
        Memory { slots, strings, bytes }
    }

    /// The outermost, empty environment.
    pub const ROOT: Env = Env(0);

    /// Bytes taken, without the unused ends of the arenas.
    pub fn bytes_used(&self) -> usize {
        self.slots.len() * size_of::<Value>()
            + self.strings.len() * size_of::<StrData>()
            + self.text_bytes()
            + self.shape_bytes
            + self.taken_by_layers.get()
    }

    fn text_bytes(&self) -> usize {
        self.bytes.len() + self.outside_bytes
    }

    /// Counts memory that is kept outside the arenas for as long as the heap.
    pub fn count_outside(&mut self, bytes: usize) {
        self.outside_bytes += bytes;
    }

    /// Whether so many texts were made since the last [`Heap::looked`] that limits should be looked at before the next step.
    #[inline]
    pub fn wants_a_look(&self) -> bool {
        self.text_bytes() >= self.next_look
    }

    /// The limits were looked at.
    pub fn looked(&mut self) {
        self.next_look = self.text_bytes() + LOOK_AFTER;
        if self.bytes_used() >= LARGE {
            pages::grow();
        }
    }

    /// The content of a slot.
    #[inline]
    pub fn get(&self, slot: SlotId) -> Value {
        self.slots.get(slot.0 as usize).copied().unwrap_or(Value::BLACK)
    }

    /// Overwrites a slot.
    #[inline]
    pub fn set(&mut self, slot: SlotId, value: Value) {
        if let Some(place) = self.slots.get_mut(slot.0 as usize) {
            *place = value;
        }
    }

    /// Whether a value, or what it refers to, is evaluated and `true`.
    pub fn is_known_true(&self, value: Value) -> bool {
        let value = if let View::Ref(slot) = value.view() { self.get(slot) } else { value };
        value.view() == View::Bool(true)
    }

    /// Whether a value, or what it refers to, is evaluated and `false`.
    pub fn is_known_false(&self, value: Value) -> bool {
        let value = if let View::Ref(slot) = value.view() { self.get(slot) } else { value };
        value.view() == View::Bool(false)
    }

    /// The content of a slot in a form that may leave it: evaluated, or a reference to the slot.
    #[inline]
    pub fn share(&self, slot: SlotId) -> Value {
        let value = self.get(slot);
        if value.is_evaluated() || matches!(value.view(), View::Ref(_)) { value } else { Value::reference(slot) }
    }

    #[inline]
    pub(super) fn next_slots(&mut self, count: usize) -> u32 {
        make_room(&mut self.slots, count, SLOTS.1);
        u32::try_from(self.slots.len()).unwrap_or(u32::MAX)
    }

    /// A run of `len` slots holding `null`.
    #[inline]
    pub fn new_slots(&mut self, len: usize) -> u32 {
        let start = self.next_slots(len);
        self.slots.resize(self.slots.len() + len, Value::NULL);
        start
    }

    /// A slot holding `value`, which may be lazy.
    #[inline]
    pub fn new_slot(&mut self, value: Value) -> SlotId {
        let start = self.next_slots(1);
        self.slots.push(value);
        SlotId(start)
    }

    /// A frame with `len` variables (still `null`) inside `parent`.
    #[inline]
    pub fn new_frame(&mut self, parent: Env, len: usize) -> Env {
        let start = self.next_slots(len + 1);
        self.slots.push(Value::link(parent));
        self.slots.resize(self.slots.len() + len, Value::NULL);
        Env(start)
    }

    /// A frame with one variable.
    #[inline]
    pub fn new_frame_of_one(&mut self, parent: Env, value: Value) -> Env {
        let start = self.next_slots(2);
        self.slots.extend([Value::link(parent), value]);
        Env(start)
    }

    /// The frame `level` frames outwards from `env`.
    #[inline]
    pub fn frame(&self, env: Env, level: u16) -> Env {
        let mut env = env;
        for _ in 0..level {
            env = match self.get(SlotId(env.0)).view() {
                View::Link(parent) => parent,
                _ => return Self::ROOT,
            };
        }
        env
    }

    /// The slot of variable `variable` in the frame `level` frames outwards from `env`.
    #[inline]
    pub fn variable(&self, env: Env, level: u16, variable: u32) -> SlotId {
        SlotId(self.frame(env, level).0 + 1 + variable)
    }

    /// A run of slots with these values, which may be lazy.
    pub fn new_seq(&mut self, values: &[Value]) -> Seq {
        let start = self.next_slots(values.len() + 1);
        self.slots.extend_from_slice(values);
        Seq { start, len: u32::try_from(values.len()).unwrap_or(u32::MAX), open: false }
    }

    /// A list of these values, which may be lazy (raw thunks and calls included).
    pub fn new_list(&mut self, values: &[Value]) -> Value {
        if values.is_empty() { Value::EMPTY_LIST } else { Value::list(self.new_seq(values)) }
    }

    /// Room for the elements of a list, `null` until they are set.
    pub fn new_elements(&mut self, len: usize) -> Seq {
        Seq { start: self.new_slots(len), len: u32::try_from(len).unwrap_or(u32::MAX), open: false }
    }

    /// A list of these values that may have more, for the reason `unknown`.
    pub fn new_open_list(&mut self, values: &[Value], unknown: UnknownId) -> Value {
        let mut seq = self.new_seq(values);
        self.slots.push(Value::unknown(unknown));
        seq.open = true;
        Value::list(seq)
    }

    /// Why a list is open; `None` if it is complete.
    pub fn open_reason(&self, seq: Seq) -> Option<UnknownId> {
        if !seq.open {
            return None;
        }
        match self.get(SlotId(seq.start + seq.len)).view() {
            View::Unknown(id) => Some(id),
            _ => None,
        }
    }

    /// The elements in a form that may leave the slots (see [`Heap::share`]).
    pub fn elements(&self, seq: Seq) -> Vec<Value> {
        seq.slots().map(|slot| self.share(slot)).collect()
    }

    /// A deferred call of `function` with `arguments`, to be written into a slot.
    pub fn deferred(&mut self, function: Value, arguments: &[Value]) -> Value {
        let start = self.next_slots(arguments.len() + 1);
        self.slots.push(function);
        self.slots.extend_from_slice(arguments);
        Value::call(Seq {
            start,
            len: u32::try_from(arguments.len()).unwrap_or(u32::MAX).saturating_add(1),
            open: false,
        })
    }

    /// A deferred call in a slot of its own, as a value that may be passed around.
    pub fn delay_call(&mut self, function: Value, arguments: &[Value]) -> Value {
        let call = self.deferred(function, arguments);
        Value::reference(self.new_slot(call))
    }

    /// The symbol named by a string.
    pub fn intern_string(&mut self, id: StrId) -> Symbol {
        let data = self.string_data(id);
        let bytes = self.bytes.get(data.start as usize..data.start as usize + data.len as usize).unwrap_or_default();
        let before = self.symbols.len();
        let symbol = self.symbols.intern(&String::from_utf8_lossy(bytes));
        if self.symbols.len() > before {
            self.outside_bytes += data.len as usize + size_of::<Symbol>() + 4 * size_of::<usize>();
        }
        symbol
    }

    /// The symbol of a name.
    pub fn intern(&mut self, name: &str) -> Symbol {
        self.symbols.intern(name)
    }

    /// The name of a symbol.
    pub fn name(&self, symbol: Symbol) -> &str {
        self.symbols.name(symbol)
    }

    /// Adds a shape.
    pub fn new_shape(&mut self, shape: Shape) -> ShapeId {
        let id = ShapeId(u32::try_from(self.shapes.len()).unwrap_or(u32::MAX));
        self.shape_bytes += shape.bytes() + 2 * size_of::<usize>();
        self.shapes.push(Rc::new(shape));
        id
    }

    /// The shape with a number.
    #[inline]
    pub fn shape(&self, id: ShapeId) -> Rc<Shape> {
        self.shapes.get(id.0 as usize).cloned().unwrap_or_default()
    }

    #[inline]
    fn shape_ref(&self, id: ShapeId) -> Option<&Shape> {
        self.shapes.get(id.0 as usize).map(|shape| &**shape)
    }

    /// The slot of an attribute.
    #[inline]
    pub fn attribute(&self, set: Set, name: Symbol) -> Option<SlotId> {
        self.shape_ref(set.shape)?.find(name).map(|key| set.slot(key))
    }

    /// The key of an attribute: its slot's offset and where the name was written.
    pub fn key(&self, set: Set, name: Symbol) -> Option<Key> {
        self.shape_ref(set.shape)?.find(name).copied()
    }

    /// Why a set may have more attributes; `None` if it is complete.
    pub fn open_set_reason(&self, set: Set) -> Option<UnknownId> {
        self.shape_ref(set.shape)?.open()
    }

    /// Number of known attributes.
    pub fn set_len(&self, set: Set) -> usize {
        self.shape_ref(set.shape).map_or(0, Shape::len)
    }

    /// The attributes in the order of Nix (byte-wise by name): name, slot, where the name was written.
    pub fn entries(&self, set: Set) -> Vec<(Symbol, SlotId, ExprId)> {
        let shape = self.shape(set.shape);
        let order = shape.order(&self.symbols);
        order
            .iter()
            .filter_map(|index| shape.keys().get(*index as usize))
            .map(|key| (key.name, set.slot(key), key.origin))
            .collect()
    }

    /// A set of these attributes (values may be lazy); of repeated names the first counts.
    pub fn new_set(&mut self, attributes: &[(Symbol, Value, ExprId)]) -> Value {
        self.new_open_set(attributes, None)
    }

    /// A set of these attributes that may have more, if `open` gives a reason; of repeated names the first counts.
    pub fn new_open_set(&mut self, attributes: &[(Symbol, Value, ExprId)], open: Option<UnknownId>) -> Value {
        if attributes.is_empty() && open.is_none() {
            return Value::EMPTY_SET;
        }
        let start = self.next_slots(attributes.len());
        let mut keys = Vec::with_capacity(attributes.len());
        for ((name, value, origin), offset) in attributes.iter().zip(0u32..) {
            keys.push(Key { name: *name, offset, origin: *origin });
            self.slots.push(*value);
        }
        keys.sort_by_key(|key| key.name);
        keys.dedup_by_key(|key| key.name);
        let shape = self.new_shape(Shape::new(keys, open, false));
        Value::attrs(Set { start, shape })
    }

    /// A set with the names of `shape` and these values, in the order of the shape's offsets.
    pub fn new_set_of_shape(&mut self, shape: ShapeId, values: &[Value]) -> Value {
        let start = self.next_slots(values.len());
        self.slots.extend_from_slice(values);
        Value::attrs(Set { start, shape })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_substring_shares_bytes_and_is_clamped() {
        let mut heap = Heap::new();
        let whole = heap.new_string(b"abcdef");
        let used = heap.bytes.len();
        let part = heap.substring(whole, 4, 100);
        assert_eq!(heap.bytes(part), b"ef");
        assert_eq!(heap.bytes.len(), used);
    }

    #[test]
    fn joined_texts_are_copied_only_where_they_lie_apart() {
        let mut heap = Heap::new();
        let [empty, ab, cd, ef] = [b"".as_slice(), b"ab", b"cd", b"ef"].map(|bytes| heap.new_string(bytes));
        let used = heap.bytes.len();
        for (pieces, expected, taken) in [
            (vec![], "", 0),
            (vec![empty, ab, empty, cd, ef, empty], "abcdef", 0),
            (vec![ef, ab], "efab", 2),
            (vec![ab, cd], "abcd", 2),
            (vec![ab, cd, ab, cd, ef], "abcdabcdef", 12),
            (vec![cd, cd], "cdcd", 16),
        ] {
            let joined = heap.concat(&pieces);
            assert_eq!(heap.text(joined), expected);
            assert_eq!(heap.bytes.len() - used, taken, "{expected}");
        }
        assert_eq!([ab, cd, ef].map(|piece| heap.text(piece).into_owned()), ["ab", "cd", "ef"]);
    }
}
