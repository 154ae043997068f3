//! The rules: what can be wrong with a routed network, one file and one page each.
//!
//! Purpose: judge the facts of a fleet. A rule looks at [`Fleet`](crate::fleet::Fleet) and gives [`Finding`]s; its page
//! (`<rule>.md` beside it) says what it detects, what breaks and how that is known, and holds examples that the tests run.
//!
//! Invariants:
//! - Right or silent: no finding above warning rests on something unknown.
//! - One cause gives one finding: effects of a cause that another finding names are labels there or nothing at all.
//! - The first label is the culprit, in a file of the user's.
//!
//! What it deliberately does not do: parse strings, look at source text, or know output formats.

mod finding;

pub use finding::{Confidence, Edit, Finding, Fix, Label, Safety, Severity, start_of};
