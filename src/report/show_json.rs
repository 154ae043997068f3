//! `show --format json`, version 1.
//!
//! Keys appear in the order of the fields in `shown.rs`. Within version 1 a field may be added; none is removed or changes its meaning.

use serde::Serialize;

use super::shown::{Shown, ShownGuest, ShownHost};

/// The fleet as one line of JSON.
///
/// # Errors
/// Only what serde_json reports, which for these plain structures is nothing.
pub fn render(shown: &Shown<'_>) -> Result<String, serde_json::Error> {
    let document = Document { version: 1, hosts: shown.hosts(), guests: shown.guests() };
    serde_json::to_string(&document).map(|line| line + "\n")
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    hosts: Vec<ShownHost<'a>>,
    guests: Vec<ShownGuest<'a>>,
}
