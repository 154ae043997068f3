//! Paths as people and programs read them: relative to the working directory.

use std::path::{Component, Path, PathBuf};

use crate::source::{FileId, LineColumn, Place, Sources};

/// Writes paths relative to one folder.
#[derive(Clone, Debug)]
pub struct Paths {
    base: PathBuf,
}

impl Paths {
    /// Paths relative to the absolute folder `base`.
    pub fn relative_to(base: impl Into<PathBuf>) -> Self {
        Self { base: base.into() }
    }

    /// The path to write for an absolute path: below the base without its prefix, beside it with `../`. A name in angle brackets, which
    /// stands for text without a file, stays as it is.
    pub fn show(&self, path: &Path) -> String {
        if !path.is_absolute() {
            return path.to_string_lossy().into_owned();
        }
        let shared = self.base.components().zip(path.components()).take_while(|(ours, theirs)| ours == theirs).count();
        let up = self.base.components().skip(shared).map(|_| Component::ParentDir);
        let down = path.components().skip(shared);
        let relative: PathBuf = up.chain(down).collect();
        if relative.as_os_str().is_empty() { ".".to_owned() } else { relative.to_string_lossy().into_owned() }
    }

    /// The path of a file that was read.
    pub fn of(&self, sources: &Sources, file: FileId) -> String {
        sources.file(file).map(|file| self.show(&file.path)).unwrap_or_default()
    }

    /// `file:line:column` of the start of a place.
    pub fn locate(&self, sources: &Sources, place: Place) -> String {
        let LineColumn { line, column } = sources.line_columns(place).0;
        format!("{}:{line}:{column}", self.of(sources, place.file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_written_from_the_working_directory() {
        let paths = Paths::relative_to("/home/me/fleet");
        for (path, shown) in [
            ("/home/me/fleet/guests/web.nix", "guests/web.nix"),
            ("/home/me/other/flake.nix", "../other/flake.nix"),
            ("/etc/hosts", "../../../etc/hosts"),
            ("/home/me/fleet", "."),
            ("<expression>", "<expression>"),
        ] {
            assert_eq!(paths.show(Path::new(path)), shown);
        }
    }
}
