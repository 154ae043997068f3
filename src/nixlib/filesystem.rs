//! `lib.filesystem`.

use super::Family;

/// `lib.filesystem`
pub(super) static FAMILY: Family = Family { name: "filesystem", functions: &[], members: &[], top: &[] };
