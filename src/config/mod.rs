//! The configuration: what `routelint.toml` says.
//!
//! Purpose: find the file by walking up from what is checked, read it once, and hand on plain [`Settings`] whose every value knows where it
//! stands. `fleet` takes from them which machines there are, `rules` how loud each rule is, `cli` the rest. The file of findings that are known
//! ([`Baseline`]) is read and written here too.
//!
//! Invariants:
//! - Everything that is wrong with the file is told at once, each mistake with its place; nothing is used of a file with mistakes.
//! - A word that nobody knows (key, rule, level) is a mistake, and the nearest one that is known is named.
//! - Paths are relative to the file's folder and stay inside the project, except those of `[inputs]`, which are named for that.
//! - [`read`] is a function of the text. Only [`load`] and [`find`] look at the disk, through `source`.
//! - The JSON schema ([`schema()`]) is derived from the same types that the reader fills.
//!
//! What it deliberately does not do: know rules (their names are passed in as [`Vocabulary`]), evaluate, or decide what the command line
//! overrides.

mod settings;
mod nearest;
mod patterns;
mod table;
mod read;
mod baseline;
mod find;
mod schema;
#[cfg(test)]
mod tests;

pub use baseline::{Baseline, BaselineEntry, baseline_text, read_baseline};
pub use find::{FILE_NAME, NotLoaded, find, load};
pub use nearest::nearest_of;
pub use patterns::Patterns;
pub use read::read;
pub use schema::schema;
pub use settings::{
    Exclusive, GuestEntry, HostEntry, InputEntry, Level, LevelEntry, Mistake, Override, Placed, Release, Report,
    Settings, Source, Threshold, Vocabulary, parse_release,
};
