//! What is to be analysed.

use std::fmt;
use std::path::{Path, PathBuf};

use super::facts::Release;
use crate::source::{EntryKind, ReadError, Sources};

/// What to analyse, and what is given with it.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// A project folder, a `flake.nix`, or module files; absolute.
    pub paths: Vec<PathBuf>,
    /// Inputs of the flake that are on the disk: name and absolute folder.
    pub inputs: Vec<(String, PathBuf)>,
    /// The NixOS release, if it is given.
    pub release: Option<Release>,
}

/// Why nothing could be analysed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A path that was given cannot be read.
    Unreadable(PathBuf, ReadError),
    /// There is neither a host nor a guest, and nothing is wrong with the source either.
    Empty(PathBuf),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(path, error) => write!(f, "{} {error}", path.display()),
            Self::Empty(path) => write!(
                f,
                "nothing to analyse in {}: no host (microvm.vms, networking.nat or networks of taps) and no guest \
                 (microvm.interfaces) was found",
                path.display()
            ),
        }
    }
}

/// Where machines are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// The flake in this folder.
    Flake(PathBuf),
    /// These module files, each for itself.
    Files(Vec<PathBuf>),
    /// All module files below this folder.
    Folder(PathBuf),
}

/// A resolved target.
#[derive(Clone, Debug)]
pub(super) struct Scope {
    pub(super) layout: Layout,
    /// The folder of the project: places outside it are not shown.
    pub(super) project: PathBuf,
}

/// Resolves the paths and allows the project to be read.
pub(super) fn resolve(sources: &Sources, target: &Target) -> Result<Scope, Failure> {
    let mut files = Vec::new();
    for given in &target.paths {
        let path = sources.canonical(given);
        let folder = if path.is_file() || !path.is_dir() { path.parent().unwrap_or(&path) } else { &path };
        let project = project_of(sources, folder);
        sources.allow(&project);
        match sources.kind(&path) {
            Ok(EntryKind::Directory) => {
                let layout = match sources.kind(&path.join("flake.nix")) {
                    Ok(EntryKind::Regular) => Layout::Flake(path.clone()),
                    _ => Layout::Folder(path.clone()),
                };
                return Ok(Scope { layout, project });
            }
            Ok(EntryKind::Regular) if path.file_name().is_some_and(|name| name == "flake.nix") => {
                return Ok(Scope { layout: Layout::Flake(folder.to_path_buf()), project });
            }
            Ok(EntryKind::Regular) => files.push((path, project)),
            Ok(_) => return Err(Failure::Unreadable(given.clone(), ReadError::WrongKind)),
            Err(error) => return Err(Failure::Unreadable(given.clone(), error)),
        }
    }
    let project = files.first().map(|(_, project)| project.clone()).unwrap_or_default();
    Ok(Scope { layout: Layout::Files(files.into_iter().map(|(path, _)| path).collect()), project })
}

/// The folder of the project that `folder` belongs to: the nearest one above that holds a repository, a flake or a configuration of routelint's; else
/// the folder itself.
fn project_of(sources: &Sources, folder: &Path) -> PathBuf {
    let marks = [".git", "flake.nix", "routelint.toml"];
    folder
        .ancestors()
        .find(|above| marks.iter().any(|mark| sources.is_present(&above.join(mark))))
        .filter(|above| above.parent().is_some())
        .unwrap_or(folder)
        .to_path_buf()
}
