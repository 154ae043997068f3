//! Finding out, before anything is read, which folder an argument means.

use std::path::{Path, PathBuf};

use super::files::ReadError;

/// The absolute path of an existing file or folder with all links resolved.
///
/// # Errors
/// [`ReadError::Missing`] if it does not exist, [`ReadError::Io`] if the operating system refuses to tell.
#[allow(clippy::disallowed_methods, reason = "this is the room that resolves paths")]
pub fn canonical(path: &Path) -> Result<PathBuf, ReadError> {
    std::fs::canonicalize(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => ReadError::Missing,
        _ => ReadError::Io(error.to_string()),
    })
}

/// The nearest of `folder` and the folders above it that holds an entry with one of these names.
pub fn nearest_with(folder: &Path, names: &[&str]) -> Option<PathBuf> {
    let holds = |folder: &&Path| names.iter().any(|name| folder.join(name).symlink_metadata().is_ok());
    folder.ancestors().find(holds).map(Path::to_path_buf)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests prepare their own folders")]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_folder_with_a_marker_wins() {
        let outer = tempfile::tempdir().unwrap();
        let inner = outer.path().join("fleet/guests");
        std::fs::create_dir_all(&inner).unwrap();
        std::fs::write(outer.path().join("marker-a"), "").unwrap();
        std::fs::write(outer.path().join("fleet/marker-b"), "").unwrap();
        assert_eq!(nearest_with(&inner, &["marker-a", "marker-b"]), Some(outer.path().join("fleet")));
        assert_eq!(nearest_with(&inner, &["marker-a"]), Some(outer.path().to_path_buf()));
        assert_eq!(nearest_with(&inner, &["marker-c"]), None);
        assert_eq!(canonical(&outer.path().join("none")), Err(ReadError::Missing));
    }
}
