//! Shapes: the names of a set, shared by all sets that have the same ones.

use std::cell::OnceCell;
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

/// The names of a set, sorted by symbol.
#[derive(Debug, Default)]
pub struct Shape {
    keys: Box<[Key]>,
    open: Option<UnknownId>,
    is_static: bool,
    order: OnceCell<Rc<[u32]>>,
}

impl Shape {
    /// A shape of `keys`, which may come in any order but without repeated names.
    ///
    /// `open` says why more names may exist that are not known. `is_static` marks shapes that stand in the source, of which
    /// there are few, so that merges between them are worth remembering.
    pub fn new(mut keys: Vec<Key>, open: Option<UnknownId>, is_static: bool) -> Self {
        if !keys.is_sorted_by(|a, b| a.name < b.name) {
            keys.sort_unstable_by_key(|key| key.name);
        }
        Self { keys: keys.into_boxed_slice(), open, is_static, order: OnceCell::new() }
    }

    /// The names, sorted by symbol.
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// Number of known names.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether no name is known.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
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
        if self.keys.len() <= 8 {
            self.keys.iter().find(|key| key.name == name)
        } else {
            self.keys.binary_search_by_key(&name, |key| key.name).ok().and_then(|index| self.keys.get(index))
        }
    }

    /// Indices into [`Shape::keys`] in the order of Nix: byte-wise by name.
    pub fn order(&self, names: &Interner) -> Rc<[u32]> {
        Rc::clone(self.order.get_or_init(|| {
            let mut order: Vec<(&str, u32)> =
                self.keys.iter().zip(0u32..).map(|(key, index)| (names.name(key.name), index)).collect();
            order.sort_unstable();
            order.into_iter().map(|(_, index)| index).collect()
        }))
    }
}
