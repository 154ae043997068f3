//! The folder that a project is known by, from which identities of findings count their paths.

use std::path::{Path, PathBuf};

use super::Failure;
use super::project::{FleetArguments, MARKERS, Project, working_folder};
use crate::rules::Culprit;
use crate::source::{Place, Sources};

/// The root of the project that the arguments mean, whatever the working directory and the path by which it was named: the folder of the
/// configuration, else the nearest folder upwards that is marked, else what was named.
pub(super) fn root_of(arguments: &FleetArguments, project: &Project) -> Result<PathBuf, Failure> {
    if project.settings.file.is_some() {
        return Ok(project.settings.folder.clone());
    }
    let named = arguments.paths.first().map_or(Path::new("."), PathBuf::as_path);
    let named = project.sources.canonical(&working_folder()?.join(named));
    let marked = |folder: &&Path| MARKERS.iter().any(|mark| project.sources.is_present(&folder.join(mark)));
    Ok(named.ancestors().find(marked).unwrap_or(&named).to_path_buf())
}

/// A place as fingerprints know it. Where files outside of the project lie differs from machine to machine, so they go by their names.
pub(super) fn culprit(sources: &Sources, root: &Path, place: Place) -> Culprit {
    let file = sources.file(place.file).map(|file| file.path.clone()).unwrap_or_default();
    let inside = file.strip_prefix(root).ok();
    let path = inside.or_else(|| file.file_name().map(Path::new)).unwrap_or(&file);
    Culprit { path: path.to_string_lossy().into_owned(), text: sources.text(place) }
}
