//! `lib.strings`.

use super::Family;

/// `lib.strings`
pub(super) static FAMILY: Family = Family { name: "strings", functions: &[], members: &[], top: &[] };
