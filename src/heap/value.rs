//! The packed value.

use std::fmt;

use super::shape::{Key, ShapeId};
use super::string::StrId;
use crate::syntax::ExprId;

/// Index of a slot of the [`Heap`](super::Heap).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotId(pub u32);

/// A frame of variables: the slot that links to the parent frame; variable `i` is the slot `i + 1` further on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Env(pub u32);

/// A function of the linked program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LambdaId(pub u32);

/// A built-in function: index into the evaluator's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NativeId(pub u32);

/// Index into the evaluator's table of unknowns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnknownId(pub u32);

/// Index into the evaluator's table of errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrorId(pub u32);

/// A run of slots: a list, or the function and arguments of a deferred call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq {
    /// First slot.
    pub start: u32,
    /// Number of elements.
    pub len: u32,
    /// Whether more elements may exist that are not known: the slot after the last known element then holds the unknown.
    pub open: bool,
}

impl Seq {
    /// The empty list.
    pub const EMPTY: Self = Self { start: 0, len: 0, open: false };

    /// The slot of element `index`, if there is one.
    pub fn slot(self, index: u32) -> Option<SlotId> {
        (index < self.len).then(|| SlotId(self.start + index))
    }

    /// All slots in order.
    pub fn slots(self) -> impl DoubleEndedIterator<Item = SlotId> + ExactSizeIterator {
        (self.start..self.start + self.len).map(SlotId)
    }

    /// Number of elements.
    pub fn count(self) -> usize {
        self.len as usize
    }
}

/// An attribute set: values in slots, names in a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Set {
    /// First slot; the shape's keys give offsets from it.
    pub start: u32,
    /// The names.
    pub shape: ShapeId,
}

impl Set {
    /// The slot of a key of the set's shape.
    #[inline]
    pub fn slot(self, key: &Key) -> SlotId {
        SlotId(self.start.wrapping_add(key.offset))
    }
}

/// A Nix value in 16 bytes.
///
/// The first word holds the tag, flags and the origin, the second the payload.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Value {
    head: u64,
    payload: u64,
}

/// What a [`Value`] is, for matching.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum View {
    /// `null`
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
    /// A string.
    Str(StrId),
    /// An absolute path.
    Path(StrId),
    /// A list.
    List(Seq),
    /// An attribute set.
    Attrs(Set),
    /// A function of the program with its environment.
    Lambda(LambdaId, Env),
    /// A built-in function.
    Native(NativeId),
    /// A built-in function with its first arguments: slot 0 of the run is the function.
    Partial(Seq),
    /// Something that cannot be known.
    Unknown(UnknownId),
    /// An error.
    Error(ErrorId),
    /// Not yet evaluated: an expression in an environment. Only in slots.
    Thunk(ExprId, Env),
    /// Not yet evaluated: slot 0 of the run applied to the others. Only in slots.
    Call(Seq),
    /// Not yet evaluated: a built-in function applied to one or two numbers, as many as it takes. Only in slots.
    Ask(NativeId, u32, u32),
    /// Whatever the slot holds.
    Ref(SlotId),
    /// A slot whose evaluation is under way.
    Black,
    /// The link of a frame to its parent. Only in slots.
    Link(Env),
}

const NULL: u8 = 0;
const BOOL: u8 = 1;
const INT: u8 = 2;
const FLOAT: u8 = 3;
const STR: u8 = 4;
const PATH: u8 = 5;
const LIST: u8 = 6;
const ATTRS: u8 = 7;
const LAMBDA: u8 = 8;
const NATIVE: u8 = 9;
const PARTIAL: u8 = 10;
const UNKNOWN: u8 = 11;
const ERROR: u8 = 12;
const THUNK: u8 = 16;
const CALL: u8 = 17;
const REF: u8 = 18;
const BLACK: u8 = 19;
const LINK: u8 = 20;
const ASK: u8 = 21;

const OPEN: u64 = 1 << 8;
const ORIGIN_SHIFT: u32 = 32;
/// Where the function of a deferred call of numbers stands, in the bits that flags leave free below the origin.
const NATIVE_SHIFT: u32 = 9;
const NATIVE_MASK: u64 = (1 << (ORIGIN_SHIFT - NATIVE_SHIFT)) - 1;
const NO_ORIGIN: u64 = (u32::MAX as u64) << ORIGIN_SHIFT;
const LOW: u64 = 0xFFFF_FFFF;

fn two(high: u32, low: u32) -> u64 {
    (u64::from(high) << 32) | u64::from(low)
}

#[allow(clippy::cast_possible_truncation, reason = "both halves are masked to 32 bits")]
fn halves(word: u64) -> (u32, u32) {
    ((word >> 32) as u32, (word & LOW) as u32)
}

impl Value {
    /// `null`
    pub const NULL: Self = Self { head: NULL as u64 | NO_ORIGIN, payload: 0 };
    /// `true`
    pub const TRUE: Self = Self { head: BOOL as u64 | NO_ORIGIN, payload: 1 };
    /// `false`
    pub const FALSE: Self = Self { head: BOOL as u64 | NO_ORIGIN, payload: 0 };
    /// Under evaluation.
    pub const BLACK: Self = Self { head: BLACK as u64 | NO_ORIGIN, payload: 0 };
    /// `[ ]`
    pub const EMPTY_LIST: Self = Self { head: LIST as u64 | NO_ORIGIN, payload: 0 };
    /// `{ }`
    pub const EMPTY_SET: Self = Self { head: ATTRS as u64 | NO_ORIGIN, payload: 0 };

    #[inline]
    fn new(tag: u8, payload: u64) -> Self {
        Self { head: u64::from(tag) | NO_ORIGIN, payload }
    }

    /// A boolean.
    #[inline]
    pub fn bool(value: bool) -> Self {
        Self::new(BOOL, u64::from(value))
    }

    /// An integer.
    #[inline]
    pub fn int(value: i64) -> Self {
        Self::new(INT, value.cast_unsigned())
    }

    /// A float.
    #[inline]
    pub fn float(value: f64) -> Self {
        Self::new(FLOAT, value.to_bits())
    }

    /// A string.
    #[inline]
    pub fn string(id: StrId) -> Self {
        Self::new(STR, u64::from(id.0))
    }

    /// A path; the string is absolute and canonical.
    #[inline]
    pub fn path(id: StrId) -> Self {
        Self::new(PATH, u64::from(id.0))
    }

    /// A list.
    #[inline]
    pub fn list(seq: Seq) -> Self {
        let open = if seq.open { OPEN } else { 0 };
        Self { head: u64::from(LIST) | open | NO_ORIGIN, payload: two(seq.start, seq.len) }
    }

    /// A set.
    #[inline]
    pub fn attrs(set: Set) -> Self {
        Self::new(ATTRS, two(set.start, set.shape.0))
    }

    /// A function with its environment.
    #[inline]
    pub fn lambda(lambda: LambdaId, env: Env) -> Self {
        Self::new(LAMBDA, two(lambda.0, env.0))
    }

    /// A built-in function.
    #[inline]
    pub fn native(id: NativeId) -> Self {
        Self::new(NATIVE, u64::from(id.0))
    }

    /// A built-in function with some arguments; slot 0 of `seq` is the function.
    #[inline]
    pub fn partial(seq: Seq) -> Self {
        Self::new(PARTIAL, two(seq.start, seq.len))
    }

    /// Something unknown.
    #[inline]
    pub fn unknown(id: UnknownId) -> Self {
        Self::new(UNKNOWN, u64::from(id.0))
    }

    /// An error.
    #[inline]
    pub fn error(id: ErrorId) -> Self {
        Self::new(ERROR, u64::from(id.0))
    }

    /// An expression to be evaluated in `env`; for slots only.
    #[inline]
    pub fn thunk(expr: ExprId, env: Env) -> Self {
        Self { head: u64::from(THUNK) | (u64::from(expr.0) << ORIGIN_SHIFT), payload: u64::from(env.0) }
    }

    /// A deferred call: slot 0 of `seq` applied to the rest; for slots only.
    #[inline]
    pub fn call(seq: Seq) -> Self {
        Self::new(CALL, two(seq.start, seq.len))
    }

    /// A deferred call of a built-in function with numbers; for slots only. Takes no slots of its own, as [`Value::call`] does.
    #[inline]
    pub fn ask(native: NativeId, a: u32, b: u32) -> Self {
        let native = (u64::from(native.0) & NATIVE_MASK) << NATIVE_SHIFT;
        Self { head: u64::from(ASK) | native | NO_ORIGIN, payload: two(a, b) }
    }

    /// A reference to a slot.
    #[inline]
    pub fn reference(slot: SlotId) -> Self {
        Self::new(REF, u64::from(slot.0))
    }

    /// The link of a frame to its parent.
    #[inline]
    pub fn link(parent: Env) -> Self {
        Self::new(LINK, u64::from(parent.0))
    }

    /// The same value with another origin. Meaningless for thunks, whose origin is their expression.
    #[inline]
    #[must_use]
    pub fn with_origin(self, origin: ExprId) -> Self {
        Self { head: (self.head & LOW) | (u64::from(origin.0) << ORIGIN_SHIFT), payload: self.payload }
    }

    /// The same value with `origin` unless it has one already.
    #[inline]
    #[must_use]
    pub fn or_origin(self, origin: ExprId) -> Self {
        if self.origin().is_some() { self } else { self.with_origin(origin) }
    }

    /// The expression that produced the value, or [`ExprId::NONE`].
    #[inline]
    pub fn origin(self) -> ExprId {
        ExprId(halves(self.head).0)
    }

    #[inline]
    fn tag(self) -> u8 {
        (self.head & 0xFF) as u8
    }

    /// Whether it is evaluated (to weak head normal form), an error and an unknown included.
    #[inline]
    pub fn is_evaluated(self) -> bool {
        self.tag() < THUNK
    }

    /// Whether it is an unknown or an error.
    #[inline]
    pub fn is_stop(self) -> bool {
        matches!(self.tag(), UNKNOWN | ERROR)
    }

    /// Whether it is an unknown.
    #[inline]
    pub fn is_unknown(self) -> bool {
        self.tag() == UNKNOWN
    }

    /// Whether it is an error.
    #[inline]
    pub fn is_error(self) -> bool {
        self.tag() == ERROR
    }

    /// What it is.
    #[inline]
    pub fn view(self) -> View {
        let (high, low) = halves(self.payload);
        match self.tag() {
            NULL => View::Null,
            BOOL => View::Bool(low != 0),
            INT => View::Int(self.payload.cast_signed()),
            FLOAT => View::Float(f64::from_bits(self.payload)),
            STR => View::Str(StrId(low)),
            PATH => View::Path(StrId(low)),
            LIST => View::List(Seq { start: high, len: low, open: self.head & OPEN != 0 }),
            ATTRS => View::Attrs(Set { start: high, shape: ShapeId(low) }),
            LAMBDA => View::Lambda(LambdaId(high), Env(low)),
            NATIVE => View::Native(NativeId(low)),
            PARTIAL => View::Partial(Seq { start: high, len: low, open: false }),
            UNKNOWN => View::Unknown(UnknownId(low)),
            ERROR => View::Error(ErrorId(low)),
            THUNK => View::Thunk(self.origin(), Env(low)),
            CALL => View::Call(Seq { start: high, len: low, open: false }),
            REF => View::Ref(SlotId(low)),
            LINK => View::Link(Env(low)),
            ASK => {
                let native = (self.head >> NATIVE_SHIFT) & NATIVE_MASK;
                View::Ask(NativeId(halves(native).1), high, low)
            }
            _ => View::Black,
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.view().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_keeps_payload_and_origin_apart() {
        let value = Value::int(-7).with_origin(ExprId(42));
        assert_eq!(value.view(), View::Int(-7));
        assert_eq!(value.origin(), ExprId(42));
        let list = Seq { start: 9, len: 3, open: true };
        assert_eq!(Value::list(list).with_origin(ExprId(1)).view(), View::List(list));
        assert_eq!(Value::thunk(ExprId(5), Env(6)).view(), View::Thunk(ExprId(5), Env(6)));
        let ask = Value::ask(NativeId(700), 8, u32::MAX);
        assert_eq!((ask.view(), ask.origin()), (View::Ask(NativeId(700), 8, u32::MAX), ExprId::NONE));
        assert!(!ask.is_evaluated());
        assert_eq!(std::mem::size_of::<Value>(), 16);
    }
}
