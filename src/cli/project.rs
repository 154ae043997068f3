//! From the arguments to an analysed fleet: which folder, which files may be read, what stands in for files.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::Failure;
use super::progress::Progress;
use crate::fleet::{Fleet, Gap, Release};
use crate::report::Paths;
use crate::rules::Finding;
use crate::source::{Access, Sources, canonical, nearest_with};

/// Which fleet, for all commands that analyse one.
#[derive(Args, Debug)]
pub(super) struct FleetArguments {
    /// Project folder, its flake.nix, or module files; of files only what concerns them is reported, but the whole fleet is analysed
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Folder that holds a flake input (repeatable)
    #[arg(long = "input", value_name = "NAME=PATH", value_parser = named_path)]
    inputs: Vec<(String, PathBuf)>,
    /// NixOS release that the fleet runs, such as 25.05, where the source does not tell
    #[arg(long, value_name = "RELEASE", value_parser = release)]
    release: Option<Release>,
    /// Take the text of this file from standard input and everything else from disk
    #[arg(long, value_name = "PATH")]
    stdin_filename: Option<PathBuf>,
}

/// An analysed fleet.
pub(super) struct Project {
    /// The files.
    pub(super) sources: Arc<Sources>,
    /// How paths are written.
    pub(super) paths: Paths,
    /// The facts.
    pub(super) fleet: Fleet,
    /// Files that the report is limited to; `None` reports everything.
    reported: Option<Vec<PathBuf>>,
}

/// Names that mark the root of a project.
const MARKERS: [&str; 3] = ["routelint.toml", "flake.nix", ".git"];

/// Most gaps that are named one by one.
const MOST_GAPS: usize = 20;

/// Largest text taken from standard input, in bytes: as large as a file may be.
const LARGEST_INPUT: u64 = 4 << 20;

impl Project {
    /// Finds and analyses the fleet that the arguments mean.
    ///
    /// # Errors
    /// A path does not exist, or standard input cannot be read.
    pub(super) fn analyse(arguments: &FleetArguments) -> Result<Self, Failure> {
        let working = working_folder()?;
        let mut folders = Vec::new();
        let mut files = Vec::new();
        let here = [PathBuf::from(".")];
        let paths = if arguments.paths.is_empty() { &here } else { arguments.paths.as_slice() };
        for path in paths {
            let path = existing(&working.join(path), path)?;
            let folder = if path.is_dir() {
                path
            } else {
                let parent = path.parent().unwrap_or(&path).to_path_buf();
                let project = nearest_with(&parent, &MARKERS).unwrap_or(parent);
                if path.file_name().is_none_or(|name| name != "flake.nix") {
                    files.push(path);
                }
                project
            };
            if !folders.contains(&folder) {
                folders.push(folder);
            }
        }
        let inputs =
            arguments.inputs.iter().map(|(name, path)| Ok((name.clone(), existing(&working.join(path), path)?)));
        let inputs: Vec<(String, PathBuf)> = inputs.collect::<Result<_, Failure>>()?;

        let roots = folders.iter().map(|folder| nearest_with(folder, &[".git"]).unwrap_or_else(|| folder.clone()));
        let mut access = Access::below(roots.chain(inputs.iter().map(|(_, path)| path.clone())).collect());
        if let Some(path) = &arguments.stdin_filename {
            access.overlay.insert(overlaid(&working, path)?, standard_input()?);
        }
        let sources = Arc::new(Sources::new(access));
        let progress = Progress::start();
        let fleet = analyse(&sources, &folders, &inputs, arguments.release)?;
        drop(progress);
        let only_files = files.len() == paths.len();
        Ok(Self { sources, paths: Paths::relative_to(working), fleet, reported: only_files.then_some(files) })
    }

    /// Whether a finding concerns what the report is limited to: a label of it stands in one of the files.
    pub(super) fn reports(&self, finding: &Finding) -> bool {
        let Some(reported) = &self.reported else { return true };
        let mut files = finding.labels.iter().filter_map(|label| self.sources.file(label.place.file));
        files.any(|file| reported.contains(&file.path))
    }

    /// What could not be understood, a line each, as the end of a message.
    pub(super) fn gaps(&self) -> String {
        let mut text = String::new();
        for Gap { place, what, why } in self.fleet.unknowns.iter().take(MOST_GAPS) {
            let place = place.map(|place| self.paths.locate(&self.sources, place) + ": ").unwrap_or_default();
            text.push_str(&format!("\n  {place}{what}: {why}"));
        }
        if self.fleet.unknowns.len() > MOST_GAPS {
            text.push_str(&format!("\n  and {} more", self.fleet.unknowns.len() - MOST_GAPS));
        }
        text
    }

    /// The failure of a run that found no machine, with what may be the reason.
    pub(super) fn nothing_to_analyse(&self) -> Failure {
        Failure(format!("nothing to analyse (no host and no guest found){}", self.gaps()))
    }
}

fn analyse(
    _sources: &Arc<Sources>,
    _folders: &[PathBuf],
    _inputs: &[(String, PathBuf)],
    _release: Option<Release>,
) -> Result<Fleet, Failure> {
    Ok(Fleet::default())
}

#[allow(clippy::disallowed_methods, reason = "this room asks for the working directory")]
fn working_folder() -> Result<PathBuf, Failure> {
    let folder = std::env::current_dir();
    folder.map_err(|error| Failure(format!("the working directory cannot be found: {error}")))
}

fn existing(path: &Path, as_given: &Path) -> Result<PathBuf, Failure> {
    canonical(path).map_err(|error| Failure(format!("{} {error}", as_given.display())))
}

/// The path under which the evaluator will ask for the file. The file itself need not exist yet, its folder must.
fn overlaid(working: &Path, path: &Path) -> Result<PathBuf, Failure> {
    let whole = working.join(path);
    let (Some(folder), Some(name)) = (whole.parent(), whole.file_name()) else {
        return Err(Failure(format!("{} is not the path of a file", path.display())));
    };
    Ok(existing(folder, path)?.join(name))
}

fn standard_input() -> Result<String, Failure> {
    let mut text = String::new();
    let read = std::io::stdin().lock().take(LARGEST_INPUT + 1).read_to_string(&mut text);
    match read {
        Ok(length) if length as u64 > LARGEST_INPUT => {
            Err(Failure("standard input is too long for a Nix file".to_owned()))
        }
        Ok(_) => Ok(text),
        Err(error) => Err(Failure(format!("standard input cannot be read: {error}"))),
    }
}

fn named_path(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, path)) if !name.is_empty() && !path.is_empty() => Ok((name.to_owned(), PathBuf::from(path))),
        _ => Err("write it as NAME=PATH".to_owned()),
    }
}

fn release(text: &str) -> Result<Release, String> {
    let parsed = text.split_once('.').and_then(|(year, month)| {
        let (year, month) = (year.parse().ok()?, month.parse().ok()?);
        matches!(month, 5 | 11).then_some(Release { year, month })
    });
    parsed.ok_or_else(|| "a release is written like 25.05 or 25.11".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_a_year_and_may_or_november() {
        assert_eq!(release("25.05"), Ok(Release { year: 25, month: 5 }));
        assert_eq!(release("25.11"), Ok(Release { year: 25, month: 11 }));
        for text in ["25", "25.06", "unstable", ""] {
            assert!(release(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_input_has_a_name_and_a_path() {
        assert_eq!(named_path("secrets=../s=1"), Ok(("secrets".to_owned(), PathBuf::from("../s=1"))));
        assert!(named_path("secrets").is_err());
        assert!(named_path("=x").is_err());
    }
}
