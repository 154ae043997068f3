//! What is to be analysed.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::facts::Release;
use crate::config::{Mistake, Settings};
use crate::source::{EntryKind, ReadError, Sources};

/// What to analyse, and what is given with it.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// A project folder, a `flake.nix`, or module files; absolute.
    pub paths: Vec<PathBuf>,
    /// Module files of the project that were named: whether they parse is told even if no machine uses them.
    pub named: Vec<PathBuf>,
    /// Inputs of the flake that are on the disk: name and absolute folder.
    pub inputs: Vec<(String, PathBuf)>,
    /// The NixOS release, if it is given.
    pub release: Option<Release>,
    /// What the configuration says about machines, and where none are looked for.
    pub settings: Arc<Settings>,
    /// Whether the files that NixOS writes for networkd are wanted too: no rule asks for them.
    pub files: bool,
}

/// Why nothing could be analysed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A path that was given cannot be read.
    Unreadable(PathBuf, ReadError),
    /// There is neither a host nor a guest, and nothing is wrong with the source either.
    Empty(PathBuf),
    /// The configuration names what is not there.
    Configuration(Vec<Mistake>),
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
            Self::Configuration(mistakes) => {
                let messages: Vec<&str> = mistakes.iter().map(|mistake| mistake.message.as_str()).collect();
                f.write_str(&messages.join("\n"))
            }
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
    /// The machines that the configuration in this folder names.
    Configured(PathBuf),
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
    target.inputs.iter().for_each(|(_, folder)| sources.allow(folder));
    if target.settings.names_machines() {
        if let Some(gone) = target.paths.iter().find(|path| !sources.is_present(path)) {
            return Err(Failure::Unreadable(gone.clone(), ReadError::Missing));
        }
        let project = target.settings.folder.clone();
        return Ok(Scope { layout: Layout::Configured(project.clone()), project });
    }
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
