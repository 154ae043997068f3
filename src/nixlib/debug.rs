//! `lib.debug`.

use super::Family;

/// `lib.debug`
pub(super) static FAMILY: Family = Family { name: "debug", functions: &[], members: &[], top: &[] };
