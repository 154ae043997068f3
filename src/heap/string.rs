//! Strings: bytes in one arena, with their context and a way to compute them again.

use std::rc::Rc;

use super::value::{Env, Seq};
use crate::syntax::ExprId;

/// Number of a string of the heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StrId(pub u32);

impl StrId {
    /// The empty string, which every heap has.
    pub const EMPTY: Self = Self(0);
}

/// One element of a string's context: what has to be in the store for the string to be meaningful
/// (Nix manual, "String context").
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContextElement {
    /// A store path as it is.
    Opaque(Rc<str>),
    /// A derivation with everything that it needs to be built.
    DrvDeep(Rc<str>),
    /// An output of a derivation: the derivation's path and the output's name.
    Built(Rc<str>, Rc<str>),
}

/// A string's context, sorted and without repetition; empty for nearly all strings.
pub type Context = Rc<[ContextElement]>;

/// How a computed string can be explained again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay {
    /// A literal, or built without a record.
    None,
    /// By evaluating the parts of an expression (an interpolation, an operator, a call of a built-in function) in an environment.
    Expr(ExprId, Env),
    /// By a deferred call: slot 0 of the run is the function, the others its arguments.
    Call(Seq),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct StrData {
    pub(super) start: u32,
    pub(super) len: u32,
    /// Index into the table of contexts; 0 is none.
    pub(super) context: u32,
    /// Expression of the replay, [`EXPR_NONE`] for none, [`EXPR_CALL`] for a call.
    pub(super) replay_expr: u32,
    /// Environment of the replay, or the first slot of the call.
    pub(super) replay_env: u32,
}

/// No replay.
pub(super) const EXPR_NONE: u32 = u32::MAX;
/// The replay is a call; its length stands in the slot's own deferred call, at `replay_env`.
pub(super) const EXPR_CALL: u32 = u32::MAX - 1;
