//! Values and where they live.
//!
//! Purpose: packed 16-byte `Copy` values and one arena for everything they point to: slots (environments, lists, sets, deferred calls),
//! strings, shapes of sets, names. Handles are `u32` indices; nothing is freed before the whole heap is.
//!
//! Invariants:
//! - A [`Value`] outside a slot is never a bare thunk or deferred call: it is evaluated (to weak head normal form) or a
//!   [`View::Ref`] to the slot that will be overwritten with the result. So nothing is ever computed twice.
//! - A slot is written once with something lazy and then only overwritten with what it evaluates to.
//! - Every value has an origin: the expression (a number of the linked program) that produced it, or none.
//! - A set's values may lie among those of the set that it was made from: only its shape tells where, through [`Set::slot`].
//! - The bytes taken are counted; see [`Heap::bytes_used`].
//!
//! What it deliberately does not do: evaluate, compare or print. It knows no semantics of Nix.

mod arena;
mod interner;
mod pages;
mod shape;
mod string;
pub mod sym;
mod texts;
mod updates;
mod value;

pub use arena::{Heap, Memory};
pub use interner::{Interner, Symbol};
pub use pages::start_with_small_pages;
pub use shape::{Key, Shape, ShapeId};
pub use string::{Context, ContextElement, Replay, StrId};
pub use value::{Env, ErrorId, LambdaId, NativeId, Seq, Set, SlotId, UnknownId, Value, View};
