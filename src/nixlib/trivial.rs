//! `lib.trivial`.

use super::Family;

/// `lib.trivial`
pub(super) static FAMILY: Family = Family { name: "trivial", functions: &[], members: &[], top: &[] };
