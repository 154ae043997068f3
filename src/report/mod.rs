//! Reports: findings and fleets as text for people and programs.
//!
//! Purpose: one file per format. `check` has [`human`] and [`concise`] for people and editors, [`json`], and what other programs read: [`sarif`],
//! [`github`], [`gitlab`], [`rdjson`], [`junit`] and [`checkstyle`]; `show` has [`show_table`], [`show_where`], [`show_json`] and [`show_networkd`]; `next` has
//! [`next`], `explain` and `rules` have [`pages`] and [`site`]; `eval --why` has [`why`]; `config show` has [`settings`]; `fix` has [`fixed`]. Every format is a function from plain data to a
//! `String`, so the same text goes to a terminal, a file or a test.
//!
//! Invariants:
//! - The same data gives the same bytes. What a terminal changes (colour, characters, width) arrives as a [`Style`] and touches no program's format.
//! - Lines and columns count from 1, columns in Unicode characters; paths are relative to the working directory ([`Paths`]).
//! - Text from source files never reaches a terminal with its control characters.
//!
//! What it deliberately does not do: print, decide an exit status, judge, or read files.

mod paths;
mod style;
mod summary;
mod understood;

mod excerpt;
pub mod human;
mod write_instead;

pub mod concise;
pub mod json;

pub mod checkstyle;
pub mod github;
pub mod gitlab;
pub mod junit;
mod located;
pub mod rdjson;
pub mod sarif;
mod xml;

pub mod show_json;
pub mod show_networkd;
pub mod show_table;
pub mod show_where;
mod shown;

pub mod next;

pub mod pages;
pub mod site;

pub mod fixed;
pub mod settings;

pub mod why;

#[cfg(test)]
mod testing;

pub use pages::RuleUrl;
pub use paths::Paths;
pub use shown::Shown;
pub use style::Style;

use crate::fleet::Fleet;
use crate::rules::{Finding, RuleInfo, Severity};
use crate::source::Sources;

/// A file to write, in a tree of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenFile {
    /// Its path, each part a plain name.
    pub path: Vec<String>,
    /// Its text; `None` for a link to `/dev/null`, which masks a file of that name elsewhere.
    pub text: Option<String>,
}

/// What a run of `check` found out: everything that its formats are made of.
#[derive(Clone, Copy, Debug)]
pub struct Checked<'a> {
    /// The fleet that was analysed.
    pub fleet: &'a Fleet,
    /// The findings, in the order in which they are shown.
    pub findings: &'a [Finding],
    /// How many findings comments of the user's silenced.
    pub suppressed: usize,
    /// The findings that a baseline lists, in the same order; `None` without a baseline.
    pub baselined: Option<&'a [Finding]>,
    /// The rules that ran, in the order of the catalogue.
    pub rules: &'a [&'static RuleInfo],
    /// The lowest severity that makes the run fail.
    pub threshold: Severity,
    /// Where the pages of rules can be read.
    pub rule_url: &'a RuleUrl,
    /// The files that places point into.
    pub sources: &'a Sources,
    /// How paths are written.
    pub paths: &'a Paths,
}
