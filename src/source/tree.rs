//! Trees of files as they lie on the disk, links not followed: what a copy of them would hold.

use std::path::{Path, PathBuf};

use super::files::{EntryKind, ReadError, Sources};

/// One file, folder or link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// A regular file.
    File {
        /// Its content.
        bytes: Vec<u8>,
        /// Whether its owner may execute it.
        is_executable: bool,
    },
    /// A folder: the names in it, sorted by their bytes.
    Folder(Vec<String>),
    /// A symbolic link: where it leads.
    Link(PathBuf),
}

impl Sources {
    /// What lies at `path`, which may be a link itself. A file whose name is not UTF-8 is an error, as is anything that is no file, folder or link.
    #[allow(clippy::disallowed_methods, reason = "this is the room that reads files")]
    pub fn node(&self, path: &Path) -> Result<Node, ReadError> {
        match self.link_kind(path)? {
            EntryKind::Regular => {
                let bytes = self.read_bytes(path)?;
                Ok(Node::File { bytes, is_executable: is_executable(path) })
            }
            EntryKind::Directory => {
                let mut names: Vec<String> = self.read_dir(path)?.into_iter().map(|(name, _)| name).collect();
                if names.iter().any(|name| name.contains('\u{fffd}')) {
                    return Err(ReadError::Io("a name in it is not UTF-8".to_owned()));
                }
                names.sort();
                Ok(Node::Folder(names))
            }
            EntryKind::Symlink => {
                std::fs::read_link(path).map(Node::Link).map_err(|error| ReadError::Io(error.to_string()))
            }
            EntryKind::Unknown => Err(ReadError::WrongKind),
        }
    }

    /// The path with all links in the folders above it resolved, and its last part as it is; with `also_last` that one too.
    pub fn without_links(&self, path: &Path, also_last: bool) -> PathBuf {
        match (path.parent(), path.file_name()) {
            (Some(parent), Some(name)) if !also_last => self.canonical(parent).join(name),
            _ => self.canonical(path),
        }
    }
}

#[cfg(unix)]
#[allow(clippy::disallowed_methods, reason = "this is the room that asks about files")]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|data| data.permissions().mode() & 0o100 != 0)
}

#[cfg(not(unix))]
fn is_executable(_: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "tests make files")]

    use super::super::files::Access;
    use super::*;

    #[test]
    fn a_tree_is_read_as_it_lies_on_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir(root.join("b")).unwrap();
        std::fs::write(root.join("a"), "text").unwrap();
        std::os::unix::fs::symlink("a", root.join("c")).unwrap();
        let sources = Sources::new(Access::below(vec![root.to_path_buf()]));
        let names = ["a", "b", "c"].map(str::to_owned).to_vec();
        assert_eq!(sources.node(root), Ok(Node::Folder(names)));
        assert_eq!(sources.node(&root.join("a")), Ok(Node::File { bytes: b"text".to_vec(), is_executable: false }));
        assert_eq!(sources.node(&root.join("c")), Ok(Node::Link(PathBuf::from("a"))));
        assert_eq!(sources.node(&root.join("d")), Err(ReadError::Missing));
    }
}
