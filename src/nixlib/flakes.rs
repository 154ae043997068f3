//! `lib.flakes`: references to flakes.

use super::{Family, Member};

/// `lib.flakes`
pub(super) static FAMILY: Family = Family {
    name: "flakes",
    functions: &[],
    members: &[
        Member::Same("parseFlakeRef", "builtins.parseFlakeRef"),
        Member::Same("flakeRefToString", "builtins.flakeRefToString"),
    ],
    top: &["flakeRefToString", "parseFlakeRef"],
};
