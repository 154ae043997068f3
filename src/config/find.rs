//! Finding and loading the file.

use std::fmt;
use std::path::{Path, PathBuf};

use super::read::read;
use super::settings::{Mistake, Placed, Settings, Vocabulary};
use crate::source::{ReadError, Sources};

/// The name of the file.
pub const FILE_NAME: &str = "routelint.toml";

/// Largest file that is read, in bytes: a fleet of thousands of guests needs a tenth.
const LARGEST: usize = 1 << 20;

/// Why there are no settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotLoaded {
    /// The file cannot be read; why, to follow its path.
    Unreadable(String),
    /// These are wrong, at least one.
    Mistaken(Vec<Mistake>),
}

impl fmt::Display for NotLoaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(why) => f.write_str(why),
            Self::Mistaken(mistakes) => write!(f, "has {} mistakes", mistakes.len()),
        }
    }
}

/// The configuration of what lies at an absolute path: the nearest one above, but none above a repository's folder.
pub fn find(sources: &Sources, path: &Path) -> Option<PathBuf> {
    for folder in path.ancestors() {
        let file = folder.join(FILE_NAME);
        if sources.is_present(&file) {
            return Some(file);
        }
        if sources.is_present(&folder.join(".git")) {
            return None;
        }
    }
    None
}

/// Loads the file at an absolute path. Its folder becomes a part of the project.
///
/// # Errors
/// It cannot be read, or something is wrong with it.
pub fn load(sources: &Sources, path: &Path, vocabulary: &Vocabulary) -> Result<Settings, NotLoaded> {
    let folder = path.parent().unwrap_or(path);
    sources.allow(folder);
    let too_large = |bytes| NotLoaded::Unreadable(format!("is too large ({bytes} bytes; at most {LARGEST} are read)"));
    let file = sources.read(path).map_err(|error| match error {
        ReadError::TooLarge(bytes) => too_large(bytes),
        error => NotLoaded::Unreadable(error.to_string()),
    })?;
    if file.text.len() > LARGEST {
        return Err(too_large(file.text.len() as u64));
    }
    let settings = read(&file.text, file.id, folder, vocabulary).map_err(NotLoaded::Mistaken)?;
    let mistakes = missing(sources, &settings);
    if mistakes.is_empty() { Ok(settings) } else { Err(NotLoaded::Mistaken(mistakes)) }
}

/// Paths that lead nowhere.
fn missing(sources: &Sources, settings: &Settings) -> Vec<Mistake> {
    let hosts = settings.hosts.iter().map(|host| &host.source);
    let machines = hosts.chain(settings.guests.iter().map(|guest| &guest.source));
    let paths = machines.flat_map(|source| source.file.iter().chain(&source.flake).chain(&source.modules));
    let wrong = |path: &Placed<PathBuf>, why: String| {
        let shown = path.value.strip_prefix(&settings.folder).unwrap_or(&path.value);
        Mistake { place: path.place, message: format!("{} {why}", shown.display()) }
    };
    let mut mistakes: Vec<Mistake> =
        paths.filter_map(|path| Some(wrong(path, sources.kind(&path.value).err()?.to_string()))).collect();
    let folders = settings.inputs.iter().map(|input| &input.folder);
    let gone = folders.filter(|folder| !sources.is_present(&folder.value));
    mistakes.extend(gone.map(|folder| wrong(folder, "does not exist".to_owned())));
    mistakes.sort_by_key(|mistake| mistake.place);
    mistakes
}
