//! Fixes: from the edits that findings bring to changed files.
//!
//! Purpose: give edits their place in the layout of a file ([`settle`]), choose those that are wanted and do not get in each other's way
//! ([`plan`]), and find out by analysing the whole fleet again whether they help ([`improve`]). What comes out is new texts; whoever asked writes
//! them, or shows them as a [`diff`].
//!
//! Invariants:
//! - The edits of one fix are made together or not at all.
//! - A fix is kept only if the finding is gone afterwards, every file still parses, no machine is lost, nothing new is unknown, and the
//!   fleet is better off than before: fewer errors, or as many errors and fewer warnings, and so on.
//! - What is outside an edit keeps every byte: comments, spaces, line ends.
//! - The same input gives the same fixes, and a second run finds nothing to do.
//!
//! What it deliberately does not do: judge, touch the disk, or change a file outside the project.

mod diff;
mod layout;
mod patch;
mod plan;
mod rounds;

pub use diff::unified;
pub use layout::{settle, settle_edit};
pub use patch::patched;
pub use plan::{Step, Wanted, plan};
pub use rounds::{Improved, Look, Refusal, improve};
