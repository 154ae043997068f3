//! `lib.versions`.

use super::Family;

/// `lib.versions`
pub(super) static FAMILY: Family = Family { name: "versions", functions: &[], members: &[], top: &[] };
