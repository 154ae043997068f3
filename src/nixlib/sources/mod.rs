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

#[cfg(test)]
mod tests {
    use crate::nixlib::testing::check;

    #[test]
    fn filters_and_names() {
        check(&[
            (
                "map (n: lib.cleanSourceFilter n \"regular\") [ \"/x/a~\" \"/x/.a.swp\" \"/x/a.nix\" ]",
                "[ false false true ]",
            ),
            ("(lib.sources.sourceByGlobs ./. [ \"hosts/**\" ]).filter \"/project/hosts/a/b.nix\" \"regular\"", "true"),
            ("(lib.sourceFilesBySuffices ./. [ \".nix\" ]).filter \"/project/a.md\" \"regular\"", "false"),
            ("(lib.cleanSource ./.).outPath", "unknown: …"),
            ("lib.sources.urlToName \"https://example.org/fleet.tar.gz\"", r#""fleet""#),
            ("lib.repoRevToName \"full\" \"git@example.org:x/fleet.git\" \"v1.2\" null", r#""fleet-1.2-source""#),
        ]);
    }
}
