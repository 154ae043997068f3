//! `lib.flakes`.

use super::Family;

/// `lib.flakes`
pub(super) static FAMILY: Family = Family { name: "flakes", functions: &[], members: &[], top: &[] };
