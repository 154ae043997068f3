//! From text to intermediate representation (IR).
//!
//! Purpose: one seam in front of the parser. A text goes in; out comes a [`FileIr`]: a flat, relocatable arena of expressions with
//! resolved variables, together with everything that is wrong with the text.
//!
//! A text that is well-formed, as nearly all are, is read straight from its tokens ([`direct`]); one that is not goes through rnix, which
//! knows how to go on after errors. Both give the same [`tree`], and only the tree is lowered.
//!
//! Invariants:
//! - Parsing never fails and takes at most linear time: guards (size, nesting, chains, long runs of one word) look at the raw
//!   tokens before rnix sees them, because rnix recurses and is quadratic on hostile input.
//! - Whatever could be recovered is in the IR; a hole is [`Expr::Missing`], never an absent child.
//! - Everything that Nix rejects before evaluation is a [`SyntaxError`], also where rnix lets it through (duplicate attributes
//!   and formals, undefined variables, dynamic attributes where they are forbidden, `(1]`, overflowing literals).
//! - A [`FileIr`] holds nothing of rnix or rowan, knows no other file, and may be shared between threads. The evaluator links it
//!   into its own program by adding offsets and translating the file's symbols.
//!
//! What it deliberately does not do: evaluate anything, or know what a file means.

mod bindings;
mod direct;
mod functions;
mod grammar;
mod guard;
pub mod ir;
mod literals;
mod lower;
mod parse;
mod repair;
mod scope;
mod spelling;
mod store;
mod strings;
mod tokens;
mod tree;

pub use ir::{Expr, ExprId, FileIr, SyntaxError, SyntaxErrorKind};
pub use lower::LowerOptions;
pub use parse::parse;
pub use store::ParsedFiles;

#[cfg(test)]
mod robustness;
#[cfg(test)]
mod sexpr;
#[cfg(test)]
mod tests;
