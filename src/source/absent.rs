//! Files that a checkout does not have although their authors do: those in a git submodule, and those that git is told to ignore.

use std::fmt;
use std::path::{Path, PathBuf};

use globset::GlobBuilder;

use super::files::Sources;

/// Why a file that is not there may be there elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Absence {
    /// It lies in the git submodule in this folder, of which nothing is here.
    Submodule(PathBuf),
    /// A `.gitignore` names it.
    Ignored,
}

impl fmt::Display for Absence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Submodule(folder) => {
                write!(f, "lies in the git submodule {}, which is not checked out", folder.display())
            }
            Self::Ignored => write!(f, "is not here, and .gitignore keeps it out of the repository"),
        }
    }
}

impl Sources {
    /// Why nothing is at `path` here although there may be elsewhere; `None` if git says nothing of it (gitignore(5), gitmodules(5)).
    pub fn absence(&self, path: &Path) -> Option<Absence> {
        let mut folders: Vec<&Path> = path.ancestors().skip(1).filter(|folder| self.kind(folder).is_ok()).collect();
        folders.reverse();
        let mut is_ignored = false;
        for folder in folders {
            let Ok(relative) = path.strip_prefix(folder) else { continue };
            if let Some(modules) = self.lines_of(&folder.join(".gitmodules")) {
                let submodule = modules.lines().filter_map(submodule_folder).find(|below| relative.starts_with(below));
                if let Some(below) = submodule {
                    return Some(Absence::Submodule(PathBuf::from(below)));
                }
            }
            if let Some(patterns) = self.lines_of(&folder.join(".gitignore")) {
                for pattern in patterns.lines() {
                    is_ignored = match_of(pattern, relative).unwrap_or(is_ignored);
                }
            }
        }
        is_ignored.then_some(Absence::Ignored)
    }

    fn lines_of(&self, path: &Path) -> Option<String> {
        self.read_bytes(path).ok().and_then(|bytes| String::from_utf8(bytes).ok())
    }
}

/// The folder of a line `path = …`.
fn submodule_folder(line: &str) -> Option<&str> {
    let (key, value) = line.split_once('=')?;
    let folder = value.trim().trim_end_matches('/');
    (key.trim() == "path" && !folder.is_empty()).then_some(folder)
}

/// What a line of a `.gitignore` says about a path below its folder: ignored, not ignored after all, or nothing.
fn match_of(line: &str, relative: &Path) -> Option<bool> {
    let line = line.trim_end();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let (line, is_ignored) = line.strip_prefix('!').map_or((line, true), |rest| (rest, false));
    let pattern = line.trim_end_matches('/');
    let is_anchored = pattern.contains('/');
    let pattern = pattern.trim_start_matches('/');
    let whole = if is_anchored { pattern.to_owned() } else { format!("**/{pattern}") };
    let glob = GlobBuilder::new(&whole).literal_separator(true).build().ok()?.compile_matcher();
    // What ignores a folder ignores everything in it.
    let mut paths = relative.ancestors().filter(|path| !path.as_os_str().is_empty());
    paths.any(|path| glob.is_match(path)).then_some(is_ignored)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests prepare their own folders")]
mod tests {
    use super::*;
    use crate::source::Access;

    #[test]
    fn what_git_leaves_out_is_told_from_what_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join("hosts")).unwrap();
        std::fs::write(root.join(".gitmodules"), "[submodule \"secrets\"]\n\tpath = private/secrets\n\turl = x\n")
            .unwrap();
        std::fs::write(root.join(".gitignore"), "# local\nusers.nix\n/local/\n*.key\n!public.key\nhosts/*/hw.nix\n")
            .unwrap();
        let sources = Sources::new(Access::below(vec![root.to_path_buf()]));
        let submodule = Some(Absence::Submodule(PathBuf::from("private/secrets")));
        for (path, expected) in [
            ("private/secrets/ips.nix", submodule),
            ("private/other.nix", None),
            ("users.nix", Some(Absence::Ignored)),
            ("hosts/users.nix", Some(Absence::Ignored)),
            ("hosts/users.nix.old", None),
            ("local/a/b.nix", Some(Absence::Ignored)),
            ("hosts/local/b.nix", None),
            ("a.key", Some(Absence::Ignored)),
            ("public.key", None),
            ("hosts/a/hw.nix", Some(Absence::Ignored)),
            ("network.nix", None),
        ] {
            assert_eq!(sources.absence(&root.join(path)), expected, "{path}");
        }
    }
}
