//! `lib.network`.

use super::Family;

/// `lib.network`
pub(super) static FAMILY: Family = Family { name: "network", functions: &[], members: &[], top: &[] };
