//! `lib.asserts`.

use super::Family;

/// `lib.asserts`
pub(super) static FAMILY: Family = Family { name: "asserts", functions: &[], members: &[], top: &[] };
