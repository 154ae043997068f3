//! `lib.cli`.

use super::Family;

/// `lib.cli`
pub(super) static FAMILY: Family = Family { name: "cli", functions: &[], members: &[], top: &[] };
