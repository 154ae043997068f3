//! Writing a tree of files so that it is there whole or not at all.

use std::io::ErrorKind;
use std::path::Path;

use super::Failure;
use crate::report::WrittenFile;

/// Writes files below a folder that does not exist yet, or is empty. They are written beside it first and moved into place as a whole.
///
/// # Errors
/// What could not be written, or that the folder holds something; then nothing is left.
#[allow(clippy::disallowed_methods, reason = "this room writes files")]
pub(super) fn write_tree(folder: &Path, files: &[WrittenFile]) -> Result<(), Failure> {
    let failed = |error: &std::io::Error| Failure(format!("{} cannot be written: {error}", folder.display()));
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let staged = tempfile::Builder::new().prefix(".routelint-").tempdir_in(parent).map_err(|error| failed(&error))?;
    let tree = staged.path().join("tree");
    std::fs::create_dir(&tree).map_err(|error| failed(&error))?;
    for file in files {
        let path = file.path.iter().fold(tree.clone(), |path, part| path.join(part));
        if path.symlink_metadata().is_ok() {
            return Err(Failure(format!("two files would be called {}", file.path.join("/"))));
        }
        let written = std::fs::create_dir_all(path.parent().unwrap_or(&tree)).and_then(|()| match &file.text {
            Some(text) => std::fs::write(&path, text),
            None => mask(&path),
        });
        written.map_err(|error| failed(&error))?;
    }
    // The kernel moves a folder onto another one only if that is empty.
    std::fs::rename(&tree, folder).map_err(|error| match error.kind() {
        ErrorKind::DirectoryNotEmpty | ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            Failure(format!("{} exists and is not an empty folder; nothing is written", folder.display()))
        }
        _ => failed(&error),
    })
}

#[cfg(unix)]
fn mask(path: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink("/dev/null", path)
}

#[cfg(not(unix))]
#[allow(clippy::disallowed_methods, reason = "this room writes files")]
fn mask(path: &Path) -> std::io::Result<()> {
    std::fs::write(path, "")
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "the test prepares its own folder")]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_written_whole_or_not_at_all() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("out");
        let path = |name: &str| ["web", "etc", name].map(str::to_owned).to_vec();
        let file = |name: &str, text: Option<&str>| WrittenFile { path: path(name), text: text.map(str::to_owned) };
        assert!(write_tree(&folder, &[file("a", Some("1")), file("a", Some("2"))]).is_err(), "one name twice");
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0, "nothing is left behind");
        assert!(write_tree(&folder, &[file("a", Some("1")), file("b", None)]).is_ok());
        assert_eq!(std::fs::read_to_string(folder.join("web/etc/a")).unwrap(), "1");
        assert_eq!(std::fs::read_to_string(folder.join("web/etc/b")).unwrap(), "", "a masked file is empty");
        assert!(write_tree(&folder, &[file("c", Some("3"))]).is_err(), "the folder holds something");
        assert!(!folder.join("web/etc/c").exists());
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1);
    }
}
