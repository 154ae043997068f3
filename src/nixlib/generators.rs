//! `lib.generators`.

use super::Family;

/// `lib.generators`
pub(super) static FAMILY: Family = Family { name: "generators", functions: &[], members: &[], top: &[] };
