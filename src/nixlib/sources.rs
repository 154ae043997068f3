//! `lib.sources`.

use super::Family;

/// `lib.sources`
pub(super) static FAMILY: Family = Family { name: "sources", functions: &[], members: &[], top: &[] };
