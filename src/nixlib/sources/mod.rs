//! `lib.sources`: filtered copies of folders, and the commits of git repositories.
//!
//! A filtered folder is a set that behaves as nixpkgs makes it, except that its store path is unknown: it depends on the content.

mod filters;
mod git;
mod names;

use super::{Family, Member};

/// `lib.sources`
pub(super) static FAMILY: Family = Family {
    name: "sources",
    functions: &[filters::FUNCTIONS, git::FUNCTIONS, names::FUNCTIONS],
    members: &[
        Member::Same("filterSource", "builtins.filterSource"),
        Member::Same("pathHasContext", "builtins.hasContext"),
    ],
    top: &[
        "canCleanSource",
        "cleanSource",
        "cleanSourceFilter",
        "cleanSourceWith",
        "commitIdFromGitRepo",
        "filterSource",
        "pathHasContext",
        "pathIsGitRepo",
        "repoRevToName",
        "revOrTag",
        "sourceByRegex",
        "sourceFilesBySuffices",
    ],
};
