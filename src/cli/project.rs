//! From the arguments to an analysed fleet: which folder, which files may be read, what stands in for files.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::Failure;
use super::configuration::{ConfigArguments, mistakes_text, settings_for};
use super::progress::Progress;
use crate::config::{Settings, parse_release};
use crate::fleet::{Analysis, Failure as NoFleet, Fleet, Gap, Release, Target, analyse};
use crate::report::Paths;
use crate::rules::Finding;
use crate::source::{Access, EntryKind, FileId, Sources};
use crate::syntax::ir::Directive;

/// Which fleet, for all commands that analyse one.
#[derive(Args, Debug)]
pub(super) struct FleetArguments {
    /// Project folder, its flake.nix, or module files; of files only what concerns them is reported, but the whole fleet is analysed
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Folder that holds a flake input (repeatable)
    #[arg(long = "input", value_name = "NAME=PATH", value_parser = named_path)]
    pub(super) inputs: Vec<(String, PathBuf)>,
    /// NixOS release that the fleet runs, such as 25.05, where the source does not tell
    #[arg(long, value_name = "RELEASE", value_parser = release)]
    pub(super) release: Option<Release>,
    /// Take the text of this file from standard input and everything else from disk
    #[arg(long, value_name = "PATH")]
    pub(super) stdin_filename: Option<PathBuf>,
    #[command(flatten)]
    pub(super) config: ConfigArguments,
}

/// What the arguments say, before anything is analysed.
pub(super) struct Given {
    pub(super) sources: Arc<Sources>,
    /// How paths are written.
    pub(super) paths: Paths,
    pub(super) target: Target,
    /// Files and folders that the report is limited to; `None` reports everything.
    limits: Option<Vec<PathBuf>>,
    /// Texts that stand in for files.
    pub(super) overlay: BTreeMap<PathBuf, String>,
}

impl Given {
    /// Resolves the paths and reads standard input if it stands in for a file.
    ///
    /// # Errors
    /// The working directory is gone, or standard input cannot be read.
    pub(super) fn new(arguments: &FleetArguments) -> Result<Self, Failure> {
        let working = working_folder()?;
        let mut access = Access::below(Vec::new());
        if let Some(path) = &arguments.stdin_filename {
            access.overlay.insert(overlaid(&working, path)?, standard_input()?);
        }
        let overlay = access.overlay.clone();
        let sources = Arc::new(Sources::new(access));
        let paths = Paths::relative_to(sources.canonical(&working));
        let here = [PathBuf::from(".")];
        let given = if arguments.paths.is_empty() { &here } else { arguments.paths.as_slice() };
        let given: Vec<PathBuf> = given.iter().map(|path| sources.canonical(&working.join(path))).collect();
        let settings = settings_for(&sources, &paths, &working, &arguments.config, given.first())?;
        let mut inputs: Vec<(String, PathBuf)> = arguments
            .inputs
            .iter()
            .map(|(name, path)| (name.clone(), sources.canonical(&working.join(path))))
            .collect();
        for input in &settings.inputs {
            // What the command line says about an input goes before.
            if !inputs.iter().any(|(name, _)| *name == input.name.value) {
                inputs.push((input.name.value.clone(), sources.canonical(&input.folder.value)));
            }
        }
        let release = arguments.release.or(settings.release.as_ref().map(|release| release.value));
        let mut target = Target { inputs, release, settings: Arc::new(settings), ..Target::default() };
        let mut limits = Vec::new();
        for path in given {
            match project_of(&sources, &path) {
                Some(folder) => {
                    // Any other file, such as a lock file, may concern all of the fleet.
                    if is_module(&path) {
                        target.named.push(path.clone());
                        limits.push(path);
                    }
                    target.paths.push(folder);
                }
                None => {
                    limits.extend(part_of_named(&target.settings, &path));
                    target.paths.push(path);
                }
            }
        }
        let is_limited = limits.len() == target.paths.len();
        Ok(Self { sources, paths, target, limits: is_limited.then_some(limits), overlay })
    }

    /// Whether a finding concerns what the report is limited to, as [`Project::reports`].
    pub(super) fn reports(&self, sources: &Sources, finding: &Finding) -> bool {
        concerns(self.limits.as_deref(), sources, finding)
    }

    /// Analyses the fleet.
    ///
    /// # Errors
    /// A path cannot be read, the configuration is wrong, or there is nothing to analyse.
    pub(super) fn analyse(&self) -> Result<Project, Failure> {
        self.analyse_in(&self.sources)
    }

    /// Analyses the fleet, with the files that NixOS writes for networkd.
    ///
    /// # Errors
    /// As [`Given::analyse`].
    pub(super) fn analyse_with_files(mut self) -> Result<Project, Failure> {
        self.target.files = true;
        self.analyse()
    }

    /// Analyses the fleet as it would be with these texts in place of files.
    ///
    /// # Errors
    /// As [`Given::analyse`].
    pub(super) fn analyse_with(&self, texts: &BTreeMap<PathBuf, String>) -> Result<Project, Failure> {
        let mut access = Access::below(Vec::new());
        access.overlay.clone_from(&self.overlay);
        access.overlay.extend(texts.iter().map(|(path, text)| (path.clone(), text.clone())));
        self.analyse_in(&Arc::new(Sources::new(access)))
    }

    fn analyse_in(&self, sources: &Arc<Sources>) -> Result<Project, Failure> {
        let progress = Progress::start();
        let analysis = analyse(sources, &self.target).map_err(|failure| no_fleet(&failure, sources, &self.paths));
        drop(progress);
        let Analysis { fleet, directives } = analysis?;
        Ok(Project {
            sources: Arc::clone(sources),
            paths: self.paths.clone(),
            fleet,
            directives,
            settings: Arc::clone(&self.target.settings),
            reported: self.limits.clone(),
        })
    }
}

/// The folder that a path means, if it is a part only of the fleet that the configuration names.
fn part_of_named(settings: &Settings, path: &Path) -> Option<PathBuf> {
    let folder = if path.ends_with("flake.nix") { path.parent()? } else { path };
    let is_part = settings.names_machines() && folder != settings.folder && folder.starts_with(&settings.folder);
    is_part.then(|| folder.to_path_buf())
}

/// An analysed fleet.
pub(super) struct Project {
    /// The files.
    pub(super) sources: Arc<Sources>,
    /// How paths are written.
    pub(super) paths: Paths,
    /// The facts.
    pub(super) fleet: Fleet,
    /// Comments that speak to routelint.
    pub(super) directives: Vec<(FileId, Directive)>,
    /// What the configuration says.
    pub(super) settings: Arc<Settings>,
    /// Files and folders that the report is limited to; `None` reports everything.
    reported: Option<Vec<PathBuf>>,
}

/// Names that mark the root of a project.
pub(super) const MARKERS: [&str; 3] = ["routelint.toml", "flake.nix", ".git"];

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
        Given::new(arguments)?.analyse()
    }

    /// Whether a finding concerns what the report is limited to: a label of it stands in one of the files.
    pub(super) fn reports(&self, finding: &Finding) -> bool {
        concerns(self.reported.as_deref(), &self.sources, finding)
    }

    /// What could not be understood, a line each, as the end of a message.
    pub(super) fn gaps(&self) -> String {
        gap_lines(&self.fleet.unknowns, &self.sources, &self.paths)
    }

    /// The failure of a run that found no machine, with what may be the reason.
    pub(super) fn nothing_to_analyse(&self) -> Failure {
        let is_input = self.fleet.unknowns.iter().any(|gap| gap.why.starts_with("input"));
        let advice = if is_input { "\n  --input NAME=PATH tells where an input is on this machine" } else { "" };
        Failure(format!("nothing to analyse (no host and no guest found){}{advice}", self.gaps()))
    }
}

/// Whether a label of a finding stands in one of some files and folders; without a limit every finding counts.
fn concerns(limits: Option<&[PathBuf]>, sources: &Sources, finding: &Finding) -> bool {
    let Some(limits) = limits else { return true };
    let mut files = finding.labels.iter().filter_map(|label| sources.file(label.place.file));
    files.any(|file| limits.iter().any(|limit| file.path.starts_with(limit)))
}

/// Why there is no fleet.
pub(super) fn no_fleet(failure: &NoFleet, sources: &Sources, paths: &Paths) -> Failure {
    match failure {
        NoFleet::Configuration(mistakes) => mistakes_text(mistakes, sources, paths),
        NoFleet::Unreadable(..) | NoFleet::Empty(_) => Failure(failure.to_string()),
    }
}

/// Gaps, a line each with its place, as the end of a message.
pub(super) fn gap_lines(gaps: &[Gap], sources: &Sources, paths: &Paths) -> String {
    let mut text = String::new();
    for gap in gaps.iter().take(MOST_GAPS) {
        let (what, why) = (gap.subject(), &gap.why);
        let place = gap.place.map(|place| paths.locate(sources, place) + ": ").unwrap_or_default();
        text.push_str(&format!("\n  {place}{what}: {why}"));
    }
    if gaps.len() > MOST_GAPS {
        text.push_str(&format!("\n  and {} more", gaps.len() - MOST_GAPS));
    }
    text
}

fn is_module(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "nix")
}

/// The folder of the project that a file other than `flake.nix` belongs to, if it belongs to one. A hook passes the files that changed, but a
/// mistake may need two files, of which one did not.
fn project_of(sources: &Sources, path: &Path) -> Option<PathBuf> {
    let is_file = is_module(path) || sources.kind(path) == Ok(EntryKind::Regular);
    if !is_file || path.ends_with("flake.nix") {
        return None;
    }
    let mut folders = path.ancestors().skip(1);
    folders.find(|folder| MARKERS.iter().any(|mark| sources.is_present(&folder.join(mark)))).map(Path::to_path_buf)
}

#[allow(clippy::disallowed_methods, reason = "this room asks for the working directory")]
pub(super) fn working_folder() -> Result<PathBuf, Failure> {
    let folder = std::env::current_dir();
    folder.map_err(|error| Failure(format!("the working directory cannot be found: {error}")))
}

/// The path under which the evaluator will ask for the file, links resolved. The file itself need not exist yet.
fn overlaid(working: &Path, path: &Path) -> Result<PathBuf, Failure> {
    let whole = working.join(path);
    match (whole.parent(), whole.file_name()) {
        (Some(folder), Some(name)) => Ok(Sources::new(Access::below(Vec::new())).canonical(folder).join(name)),
        _ => Err(Failure(format!("{} is not the path of a file", path.display()))),
    }
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

pub(super) fn named_path(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, path)) if !name.is_empty() && !path.is_empty() => Ok((name.to_owned(), PathBuf::from(path))),
        _ => Err("write it as NAME=PATH".to_owned()),
    }
}

fn release(text: &str) -> Result<Release, String> {
    parse_release(text).ok_or_else(|| "a release is written like 25.05 or 25.11".to_owned())
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
