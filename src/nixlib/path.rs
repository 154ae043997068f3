//! `lib.path`.

use super::Family;

/// `lib.path`
pub(super) static FAMILY: Family = Family { name: "path", functions: &[], members: &[], top: &[] };
