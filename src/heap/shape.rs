//! Shapes: the names of a set, shared by all sets that have the same ones.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;

use super::interner::{Interner, Symbol};
use super::value::UnknownId;
use crate::syntax::ExprId;

/// Number of a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShapeId(pub u32);

impl ShapeId {
    /// The shape without names.
    pub const EMPTY: Self = Self(0);
}

/// One name of a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// The name.
    pub name: Symbol,
    /// Offset of the value from the set's first slot.
    pub offset: u32,
    /// Where the name was written, or [`ExprId::NONE`].
    pub origin: ExprId,
}

/// The names of a set.
///
/// Most shapes have their keys in one run sorted by symbol. What an update of many names by few gives is a layer: the few keys, and the shape
/// they lie on. The keys of the layers below count from the same first slot as the layer's own, so that such an update copies neither names nor
/// values. Layers that lie on each other are at most half as large as the one below, which bounds their number by the logarithm
/// of the number of names and the cost of n updates by n log n.
#[derive(Debug, Default)]
pub struct Shape {
    /// All keys, sorted by symbol; of a layer only once somebody needs them in a row.
    keys: OnceCell<Box<[Key]>>,
    layer: Option<Layer>,
    len: usize,
    open: Option<UnknownId>,
    is_static: bool,
    order: OnceCell<Rc<[u32]>>,
}

/// A few keys above a shape.
#[derive(Debug)]
struct Layer {
    /// The keys of this layer, sorted by symbol: those that the base has too count here.
    own: Box<[Key]>,
    /// The shape below, whose reason to be open does not count.
    base: Rc<Shape>,
    /// Bytes that were taken to bring the keys of layers into a row.
    taken: Rc<Cell<usize>>,
}

/// Names that a set has at least for a small update to become a layer on it.
const LEAST: usize = 32;

/// How many times as many names as the update.
const TIMES: usize = 4;

impl Shape {
    /// A shape of `keys`, which may come in any order but without repeated names.
    ///
    /// `open` says why more names may exist that are not known. `is_static` marks shapes that stand in the source, of which
    /// there are few, so that merges between them are worth remembering.
    pub fn new(mut keys: Vec<Key>, open: Option<UnknownId>, is_static: bool) -> Self {
        if !keys.is_sorted_by(|a, b| a.name < b.name) {
            keys.sort_unstable_by_key(|key| key.name);
        }
        let len = keys.len();
        Self { keys: keys.into_boxed_slice().into(), layer: None, len, open, is_static, order: OnceCell::new() }
    }

    /// Whether an update with `few` names becomes a layer on this shape.
    pub(super) fn bears(&self, few: usize) -> bool {
        self.len >= LEAST && few.saturating_mul(TIMES) <= self.len
    }

    /// The shape with these keys (sorted by symbol, offsets from the same slot) above those of `base`.
    ///
    /// `taken` counts the bytes that layers take later.
    pub(super) fn layered(
        mut base: Rc<Self>,
        mut own: Vec<Key>,
        open: Option<UnknownId>,
        taken: &Rc<Cell<usize>>,
    ) -> Self {
        let len = base.len + own.iter().filter(|key| base.find(key.name).is_none()).count();
        while let Some(below) = &base.layer
            && below.own.len() < 2 * own.len()
        {
            own = merged(&below.own, &own);
            base = Rc::clone(&below.base);
        }
        let shape = Self { len, open, ..Self::default() };
        if base.layer.is_none() && base.len < 2 * own.len() {
            return Self { keys: merged(base.keys(), &own).into_boxed_slice().into(), ..shape };
        }
        let layer = Layer { own: own.into_boxed_slice(), base, taken: Rc::clone(taken) };
        Self { layer: Some(layer), ..shape }
    }

    /// The names, sorted by symbol.
    pub fn keys(&self) -> &[Key] {
        self.keys.get_or_init(|| self.in_a_row().into_boxed_slice())
    }

    fn in_a_row(&self) -> Vec<Key> {
        let (mut layers, mut below) = (Vec::new(), self);
        while let (None, Some(layer)) = (below.keys.get(), &below.layer) {
            layers.push(layer);
            below = &layer.base;
        }
        if let Some(layer) = layers.first() {
            layer.taken.set(layer.taken.get() + self.len * size_of::<Key>());
        }
        let lowest = below.keys.get().map(|keys| keys.to_vec()).unwrap_or_default();
        layers.iter().rev().fold(lowest, |keys, layer| merged(&keys, &layer.own))
    }

    /// Number of known names.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no name is known.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many slots from the first one on belong to a set of this shape and to no other; `None` where its values lie elsewhere too.
    pub fn width(&self) -> Option<usize> {
        let width = self.keys().iter().map(|key| key.offset as usize + 1).max().unwrap_or(0);
        (width == self.len).then_some(width)
    }

    /// The shape with these names whose values lie in one run, in the order of [`Shape::keys`].
    pub fn in_one_run(&self) -> Self {
        let keys = self.keys().iter().zip(0u32..).map(|(key, offset)| Key { offset, ..*key });
        Self::new(keys.collect(), self.open, self.is_static)
    }

    /// Bytes of the keys that are there from the beginning.
    pub(super) fn bytes(&self) -> usize {
        let own = self.layer.as_ref().map_or(self.len, |layer| layer.own.len());
        size_of::<Self>() + own * size_of::<Key>()
    }

    /// Why more names may exist, if so.
    pub fn open(&self) -> Option<UnknownId> {
        self.open
    }

    /// Whether the shape stands in the source.
    pub fn is_static(&self) -> bool {
        self.is_static
    }

    /// The key of a name.
    #[inline]
    pub fn find(&self, name: Symbol) -> Option<&Key> {
        let mut shape = self;
        loop {
            match (shape.keys.get(), &shape.layer) {
                (Some(keys), _) => return search(keys, name),
                (None, None) => return None,
                (None, Some(layer)) => match search(&layer.own, name) {
                    Some(key) => return Some(key),
                    None => shape = &layer.base,
                },
            }
        }
    }

    /// Indices into [`Shape::keys`] in the order of Nix: byte-wise by name.
    pub fn order(&self, names: &Interner) -> Rc<[u32]> {
        Rc::clone(self.order.get_or_init(|| {
            let mut order: Vec<(&str, u32)> =
                self.keys().iter().zip(0u32..).map(|(key, index)| (names.name(key.name), index)).collect();
            order.sort_unstable();
            order.into_iter().map(|(_, index)| index).collect()
        }))
    }
}

/// The key of a name among keys sorted by symbol.
#[inline]
fn search(keys: &[Key], name: Symbol) -> Option<&Key> {
    if keys.len() <= 8 {
        keys.iter().find(|key| key.name == name)
    } else {
        keys.binary_search_by_key(&name, |key| key.name).ok().and_then(|index| keys.get(index))
    }
}

/// The keys of both in the order of their names; those above win.
fn merged(below: &[Key], above: &[Key]) -> Vec<Key> {
    let mut keys = Vec::with_capacity(below.len() + above.len());
    merge_keys(below, above, |_, key| keys.push(*key));
    keys
}

/// The keys of both sides in the order of their names, each name once, and whether it is the right side's, which wins.
pub(super) fn merge_keys(left: &[Key], right: &[Key], mut each: impl FnMut(bool, &Key)) {
    let (mut a, mut b) = (left.iter().peekable(), right.iter().peekable());
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
