//! Patterns for paths.

use std::path::Path;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::settings::Placed;

/// Patterns that files and folders are compared with.
#[derive(Clone, Debug, Default)]
pub struct Patterns {
    /// As they are written.
    pub written: Vec<Placed<String>>,
    set: GlobSet,
}

impl Patterns {
    /// Patterns without a mistake.
    ///
    /// # Errors
    /// Those that are none, by position, with the reason.
    pub(super) fn new(written: Vec<Placed<String>>) -> Result<Self, Vec<(usize, String)>> {
        let mut builder = GlobSetBuilder::new();
        let mut mistakes = Vec::new();
        for (position, pattern) in written.iter().enumerate() {
            for whole in match expanded(&pattern.value) {
                Ok(whole) => whole,
                Err(reason) => {
                    mistakes.push((position, reason.to_owned()));
                    continue;
                }
            } {
                match GlobBuilder::new(&whole).literal_separator(true).build() {
                    Ok(glob) => _ = builder.add(glob),
                    Err(error) => {
                        mistakes.push((position, error.kind().to_string()));
                        break;
                    }
                }
            }
        }
        match builder.build() {
            Ok(set) if mistakes.is_empty() => Ok(Self { written, set }),
            Ok(_) => Err(mistakes),
            Err(error) => Err(vec![(0, error.kind().to_string())]),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.written.is_empty()
    }

    /// Whether a file or folder is meant, by its path relative to the configuration's folder.
    pub fn matches(&self, relative: &Path) -> bool {
        !self.is_empty() && self.set.is_match(relative)
    }
}

/// The globs for a pattern: for what it means, and for everything below that if it is a folder.
fn expanded(pattern: &str) -> Result<[String; 2], &'static str> {
    let bare = pattern.strip_prefix("./").unwrap_or(pattern).trim_end_matches('/');
    if bare.is_empty() || bare == "." {
        return Err("it means everything or nothing");
    }
    if bare.starts_with('/') {
        return Err("patterns are relative to this file");
    }
    if bare.split('/').any(|part| part == "..") {
        return Err("it leads out of the folder of this file");
    }
    let is_path = bare.contains('/') || pattern.starts_with("./");
    let anchored = if is_path { bare.to_owned() } else { format!("**/{bare}") };
    let below = format!("{anchored}/**");
    Ok([anchored, below])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{FileId, Place, Span};

    fn patterns(all: &[&str]) -> Result<Patterns, Vec<(usize, String)>> {
        let place = Place { file: FileId(0), span: Span::new(0, 0) };
        Patterns::new(all.iter().map(|text| Placed { value: (*text).to_owned(), place }).collect())
    }

    #[test]
    fn a_name_is_meant_at_any_depth_and_a_path_from_the_file_on() {
        for (pattern, path, expected) in [
            ("old", "old/a.nix", true),
            ("old", "hosts/old/a.nix", true),
            ("old", "older/a.nix", false),
            ("*.generated.nix", "hosts/a.generated.nix", true),
            ("guests/*.nix", "guests/web.nix", true),
            ("guests/*.nix", "guests/lab/web.nix", false),
            ("guests/**", "guests/lab/web.nix", true),
            ("guests/", "guests/lab/web.nix", true),
            ("guests/lab", "guests/lab/web.nix", true),
            ("guests/lab", "x/guests/lab/web.nix", false),
            ("./web.nix", "web.nix", true),
            ("./web.nix", "guests/web.nix", false),
            ("guests/{web,db}.nix", "guests/db.nix", true),
        ] {
            assert_eq!(patterns(&[pattern]).unwrap().matches(Path::new(path)), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_told() {
        for wrong in ["", "/", "./", "/etc/**", "../other", "a/../../b", "a[", "{a"] {
            assert!(
                patterns(&["good", wrong]).is_err_and(|mistakes| mistakes.iter().all(|(at, _)| *at == 1)),
                "{wrong}"
            );
        }
    }
}
