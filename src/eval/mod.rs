//! The evaluator: forcing, applying, operators, limits, and the algebra of what cannot be known.
//!
//! Purpose: give the value that Nix would give, lazily, by walking the linked program ([`program::Program`]); and where a part
//! cannot be known, give an unknown that says why instead of failing.
//!
//! Invariants:
//! - Evaluation always ends: steps, depth and bytes are limited ([`Limits`]); a limit gives an error value, never a panic.
//! - Errors and unknowns are values. An error is what Nix would report too; an unknown is what routelint cannot tell. Strict use of either gives it back.
//! - Results do not depend on the order of evaluation: a slot is overwritten with its result once, and only running out of a limit is not remembered.
//! - Values copied unchanged (through variables, selections, branches, function results) keep their origin, so a scalar that travelled
//!   through ten files still points at its literal. Computed strings can be explained again ([`explain`]).
//!
//! Whoever analyses a fleet may ask for notes ([`Dropped`], counts): of what Nix drops without a word. They are off otherwise and change no result.
//!
//! Built-in functions are tables of [`NativeDef`] that the rooms above install. A native gets its arguments evaluated where it
//! declares itself strict, else as references; it returns [`Outcome`], where [`Stop`] carries an error or unknown outwards.
//!
//! What it deliberately does not do: know NixOS, read files other than through `source`, or print.

mod access;
mod apply;
mod coerce;
mod compare;
mod core;
mod evaluator;
pub mod explain;
mod import;
mod known;
mod limits;
mod native;
mod notes;
mod operators;
mod print;
mod problem;
pub mod program;
mod select;
mod sets;

pub use coerce::Coercion;
pub use evaluator::{Evaluator, LoaderScope, StoreCopy};
pub use explain::Derivation;
pub use known::KnownPart;
pub use limits::{LimitKind, Limits};
pub use native::{NativeDef, NativeFn, Outcome, Wanted};
pub use notes::Dropped;
pub use problem::{ErrorInfo, ErrorKind, Piece, Stop, UnknownInfo, UnknownReason};
pub use select::{Missed, path_names};
