//! `lib.fetchers`.

use super::Family;

/// `lib.fetchers`
pub(super) static FAMILY: Family = Family { name: "fetchers", functions: &[], members: &[], top: &[] };
