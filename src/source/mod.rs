//! Files and places in them: the ground floor.
//!
//! Purpose: hand out the text of files as shared, immutable [`SourceFile`]s, and turn byte ranges into lines and columns.
//! Nothing else in the library touches the file system.
//!
//! Invariants:
//! - A path is opened only when, with all links resolved, it lies below one of the allowed roots of [`Access`].
//! - Only regular files up to [`Access::max_file_bytes`] are read; sockets, devices and pipes are refused before opening.
//! - A text that was handed out never changes: reading the same path again gives the same [`SourceFile`].
//! - Positions are byte offsets inside; lines and columns (both from 1, columns in Unicode characters) exist only for people.
//!
//! What it deliberately does not do: know anything about Nix, or decide what an unreadable file means.

mod absent;
mod files;
mod place;
mod tree;

pub use absent::Absence;
pub use files::{Access, EntryKind, FileOrder, ReadError, SourceFile, Sources};
pub use place::{FileId, LineColumn, Place, Span};
pub use tree::Node;
