//! Writing several files so that a reader never meets half of one.

use std::io::Write as _;
use std::path::Path;

use tempfile::NamedTempFile;

use super::Failure;
use crate::fix::Improved;

/// A new text of a file, with the text that it was made from.
pub(super) struct Replacement<'a> {
    pub(super) path: &'a Path,
    pub(super) old: &'a str,
    pub(super) new: &'a str,
}

/// Writes all new texts: each beside its file first, then one after the other into its place. If a file is not what it was when it was read, or a
/// new one cannot be written, none is changed; if putting one into its place fails, those before it are put back.
///
/// # Errors
/// Which file, and why.
pub(super) fn replace_files(replacements: &[Replacement<'_>]) -> Result<(), Failure> {
    let mut staged = Vec::with_capacity(replacements.len());
    for replacement in replacements {
        staged.push((replacement, staged_file(replacement.path, replacement.old, replacement.new)?));
    }
    let mut done: Vec<&Replacement<'_>> = Vec::new();
    for (replacement, file) in staged {
        if let Err(error) = file.persist(replacement.path) {
            let failure = failed(replacement.path, &error.error);
            for earlier in done {
                if let Ok(back) = staged_file(earlier.path, earlier.new, earlier.old) {
                    let _ = back.persist(earlier.path);
                }
            }
            return Err(failure);
        }
        done.push(replacement);
    }
    Ok(())
}

/// Writes a file whole: beside its place first, then into it. One that is there keeps its permissions.
///
/// # Errors
/// Why it cannot be written; then what was there is there still.
#[allow(clippy::disallowed_methods, reason = "this room writes files")]
pub(super) fn write_whole(path: &Path, text: &str) -> Result<(), Failure> {
    let at = |error: std::io::Error| failed(path, &error);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // What a new file would have, before the process's mask takes away from it.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder).map_err(at)?;
    if let Ok(there) = std::fs::metadata(path) {
        file.as_file().set_permissions(there.permissions()).map_err(at)?;
    }
    file.write_all(text.as_bytes()).map_err(at)?;
    file.as_file().sync_all().map_err(at)?;
    file.persist(path).map(|_| ()).map_err(|error| at(error.error))
}

/// A new file beside `path` with the text and the permissions that it will have.
#[allow(clippy::disallowed_methods, reason = "this room writes files")]
fn staged_file(path: &Path, old: &str, new: &str) -> Result<NamedTempFile, Failure> {
    let at = |error: std::io::Error| failed(path, &error);
    let there = std::fs::read(path).map_err(at)?;
    if there != old.as_bytes() {
        return Err(Failure(format!("{} was changed meanwhile; nothing is written", path.display())));
    }
    let metadata = std::fs::metadata(path).map_err(at)?;
    if metadata.permissions().readonly() {
        return Err(Failure(format!("{} cannot be written: it is read-only", path.display())));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let mut file = NamedTempFile::new_in(folder).map_err(at)?;
    file.write_all(new.as_bytes()).map_err(at)?;
    file.as_file().set_permissions(metadata.permissions()).map_err(at)?;
    file.as_file().sync_all().map_err(at)?;
    Ok(file)
}

fn failed(path: &Path, error: &std::io::Error) -> Failure {
    Failure(format!("{} cannot be written: {error}", path.display()))
}

/// The files that an improvement changes.
pub(super) fn replacements(improved: &Improved) -> Vec<Replacement<'_>> {
    let pairs = improved.texts.iter().filter_map(|(path, new)| Some((path, improved.originals.get(path)?, new)));
    pairs.filter(|(_, old, new)| old != new).map(|(path, old, new)| Replacement { path, old, new }).collect()
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "the test prepares its own folder")]
mod tests {
    use super::*;

    #[test]
    fn all_are_written_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one.nix"), folder.path().join("two.nix"));
        std::fs::write(&one, "1").unwrap();
        std::fs::write(&two, "2").unwrap();
        let both =
            |old| [Replacement { path: &one, old: "1", new: "one" }, Replacement { path: &two, old, new: "two" }];
        let Err(Failure(message)) = replace_files(&both("other")) else {
            panic!("a file that changed was overwritten")
        };
        assert!(message.contains("two.nix was changed meanwhile"), "{message}");
        assert_eq!(std::fs::read_to_string(&one).unwrap(), "1");
        assert!(replace_files(&both("2")).is_ok());
        assert_eq!(std::fs::read_to_string(&one).unwrap(), "one");
        assert_eq!(std::fs::read_to_string(&two).unwrap(), "two");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left behind");
    }
}
