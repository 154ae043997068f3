//! Values of facts with where they come from.

use super::binding::Binding;
use super::parts::Parts;
use crate::source::{Place, Span};

/// Where a value comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The expression that gave the value: a literal, an interpolation, a call.
    pub value: Option<Place>,
    /// The binding (attribute name) that put the value into the option.
    pub definition: Option<Place>,
    /// How that binding is written.
    pub binding: Binding,
    /// Where neither of the two stands in the project: a place in the source of an input, which is shown and never edited.
    pub elsewhere: Option<Place>,
    /// The scalars that a computed value is made of, in the order of their bytes.
    pub parts: Parts,
}

impl Origin {
    /// The bytes of the binding from its name to its semicolon, if it is written in one piece.
    pub fn whole(&self) -> Option<Place> {
        let name = self.definition?;
        match self.binding {
            Binding::Whole(end) => Some(Place { file: name.file, span: Span::new(name.span.start, end) }),
            _ => None,
        }
    }

    /// The place to show: the expression if it stands in a file, else the binding.
    pub fn place(&self) -> Option<Place> {
        self.own_place().or(self.elsewhere)
    }

    /// The same, in the project's own files.
    pub fn own_place(&self) -> Option<Place> {
        self.value.or(self.definition)
    }

    /// The place to show, or where the first scalar was written that the value was computed from: NixOS makes the files of `networking.interfaces` itself.
    pub fn nearest_place(&self) -> Option<Place> {
        self.place().or_else(|| self.parts.get().iter().find_map(|part| part.place))
    }
}

/// A scalar that a computed value is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// First byte in the value's text.
    pub start: u32,
    /// One past the last byte in the value's text.
    pub end: u32,
    /// The scalar.
    pub leaf: Leaf,
    /// Where the scalar was written.
    pub place: Option<Place>,
    /// Whether the bytes are the scalar's own text; otherwise they were computed from it (as by `toHexString`).
    pub is_verbatim: bool,
    /// Whether the bytes are hexadecimal digits of the scalar (`toHexString`).
    pub is_hexadecimal: bool,
    /// What the scalar was divided by to give it, if it was: 256 in `index / 256`, also where a remainder was taken then.
    pub divisor: Option<i64>,
}

/// What a [`Part`] is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leaf {
    /// An integer.
    Int(i64),
    /// A text.
    Text(Box<str>),
}

/// A value with its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub origin: Origin,
}

impl<T> Sourced<T> {
    /// The same origin with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Sourced<U> {
        Sourced { value: change(self.value), origin: self.origin }
    }

    /// The place to show.
    pub fn place(&self) -> Option<Place> {
        self.origin.place()
    }
}

/// What is known about one option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact<T> {
    /// Nobody defines it, and its default is nothing.
    Absent,
    /// It has this value, certainly. A value that comes from a default has an origin without places.
    Known(Sourced<T>),
    /// It cannot be known.
    Unknown,
}

impl<T> Fact<T> {
    /// The value, if it is known.
    pub fn known(&self) -> Option<&Sourced<T>> {
        match self {
            Self::Known(sourced) => Some(sourced),
            Self::Absent | Self::Unknown => None,
        }
    }

    /// The bare value, if it is known.
    pub fn value(&self) -> Option<&T> {
        self.known().map(|sourced| &sourced.value)
    }

    /// Whether it cannot be known.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// Where it was written, if it is known.
    pub fn place(&self) -> Option<Place> {
        self.known().and_then(Sourced::place)
    }
}

impl Fact<bool> {
    /// Whether it is known to be true.
    pub fn is_true(&self) -> bool {
        self.value() == Some(&true)
    }

    /// Whether it may be true: true or unknown.
    pub fn may_be_true(&self) -> bool {
        self.is_true() || self.is_unknown()
    }
}

/// A list of which perhaps not all elements are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<T> {
    /// The known elements, in order.
    pub items: Vec<T>,
    /// Whether these are all.
    pub is_complete: bool,
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self { items: Vec::new(), is_complete: true }
    }
}
