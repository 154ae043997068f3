//! The hash of a tree of files: SHA-256 of its archive in the format of Nix (NAR; Nix manual, "Nix Archive (NAR) format").

use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::eval::{ErrorKind, Evaluator, Stop, UnknownReason};
use crate::source::{Node, ReadError};

/// Most bytes of one tree that are hashed.
const MOST_BYTES: usize = 64 << 20;
/// Most files, folders and links of one tree that are hashed.
const MOST_NODES: usize = 50_000;
/// Bytes that are hashed in about the time of one step of evaluation.
const BYTES_A_STEP: usize = 64;

/// Decides whether something in a folder belongs to the tree, by its path and the word for its kind.
pub(super) type Filter<'f> = &'f mut dyn FnMut(&mut Evaluator, &str, &'static str) -> Result<bool, Stop>;

/// The SHA-256 hash of the archive of what lies at a path. What is not read, because it is too large or lies outside the project, makes it unknown.
pub(super) fn archive_hash(ev: &mut Evaluator, path: &str, filter: Option<Filter<'_>>) -> Result<Vec<u8>, Stop> {
    let mut archive = Archive { hasher: Sha256::new(), bytes: 0, nodes: 0, root: path.to_owned(), filter };
    archive.text(b"nix-archive-1");
    archive.add(ev, path)?;
    Ok(archive.hasher.finalize().to_vec())
}

/// The stop for a source that cannot be hashed. `root` is the path that is copied, `path` what lies in it.
pub(super) fn unread(ev: &mut Evaluator, root: &str, path: &str, error: &ReadError) -> Stop {
    match error {
        ReadError::Missing => ev.error(ErrorKind::File, format!("path '{path}' does not exist")),
        ReadError::Outside => ev.unknown(UnknownReason::Outside(path.to_owned())),
        ReadError::TooLarge(bytes) => too_large(ev, root, &format!("{path} has {bytes} bytes")),
        _ => ev.unknown(UnknownReason::StorePath(format!("{root} ({path} {error})"))),
    }
}

fn too_large(ev: &mut Evaluator, root: &str, why: &str) -> Stop {
    ev.unknown(UnknownReason::StorePath(format!("{root}, which is too large to be hashed ({why}),")))
}

struct Archive<'f> {
    hasher: Sha256,
    bytes: usize,
    nodes: usize,
    root: String,
    filter: Option<Filter<'f>>,
}

impl Archive<'_> {
    /// Adds bytes with their length in front, filled up to a multiple of eight.
    fn text(&mut self, bytes: &[u8]) {
        self.hasher.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes());
        self.hasher.update(bytes);
        let padding = bytes.len().next_multiple_of(8) - bytes.len();
        self.hasher.update([0u8; 8].get(..padding).unwrap_or_default());
    }

    fn texts(&mut self, texts: &[&str]) {
        for text in texts {
            self.text(text.as_bytes());
        }
    }

    fn add(&mut self, ev: &mut Evaluator, path: &str) -> Result<(), Stop> {
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            return Err(too_large(ev, &self.root, &format!("it has more than {MOST_NODES} files")));
        }
        let node = ev.sources.node(Path::new(path)).map_err(|error| unread(ev, &self.root, path, &error))?;
        self.texts(&["("]);
        match node {
            Node::File { bytes, is_executable } => {
                self.bytes += bytes.len();
                if self.bytes > MOST_BYTES {
                    return Err(too_large(ev, &self.root, &format!("it has more than {MOST_BYTES} bytes")));
                }
                ev.tick_many(u64::try_from(bytes.len() / BYTES_A_STEP + 1).unwrap_or(1))?;
                self.texts(&["type", "regular"]);
                if is_executable {
                    self.texts(&["executable", ""]);
                }
                self.texts(&["contents"]);
                self.text(&bytes);
            }
            Node::Link(target) => {
                self.texts(&["type", "symlink", "target"]);
                self.text(target.as_os_str().as_encoded_bytes());
            }
            Node::Folder(names) => {
                self.texts(&["type", "directory"]);
                ev.one_deeper(|ev| names.iter().try_for_each(|name| self.add_entry(ev, path, name)))?;
            }
        }
        self.texts(&[")"]);
        Ok(())
    }

    fn add_entry(&mut self, ev: &mut Evaluator, folder: &str, name: &str) -> Result<(), Stop> {
        let path = format!("{}/{name}", folder.trim_end_matches('/'));
        if let Some(filter) = &mut self.filter {
            let kind = ev.sources.link_kind(Path::new(&path));
            let kind = kind.map_err(|error| unread(ev, &self.root, &path, &error))?;
            if !filter(ev, &path, kind.nix_name())? {
                return Ok(());
            }
        }
        self.texts(&["entry", "(", "name", name, "node"]);
        self.add(ev, &path)?;
        self.texts(&[")"]);
        Ok(())
    }
}
