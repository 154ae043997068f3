//! Which configuration applies, and what is wrong with it, in words.

use std::path::{Path, PathBuf};

use clap::Args;

use super::Failure;
use crate::config::{self, Mistake, NotLoaded, Settings, Vocabulary};
use crate::report::Paths;
use crate::rules;
use crate::source::Sources;

/// Which configuration.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct ConfigArguments {
    /// Configuration file, instead of the routelint.toml found by walking up from PATH
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    pub(super) config: Option<PathBuf>,
    /// Use no configuration file
    #[arg(long)]
    pub(super) no_config: bool,
}

impl ConfigArguments {
    /// Whether anything is said.
    pub(super) fn is_given(&self) -> bool {
        self.config.is_some() || self.no_config
    }
}

/// Most mistakes that are told.
const MOST_MISTAKES: usize = 50;

/// The settings for what lies at a path.
///
/// # Errors
/// The file cannot be read, or something is wrong with it.
pub(super) fn settings_for(
    sources: &Sources,
    paths: &Paths,
    working: &Path,
    arguments: &ConfigArguments,
    given: Option<&PathBuf>,
) -> Result<Settings, Failure> {
    let file = match &arguments.config {
        Some(file) => Some(sources.canonical(&working.join(file))),
        None if arguments.no_config => None,
        None => given.and_then(|path| config::find(sources, path)),
    };
    let Some(file) = file else { return Ok(Settings::default()) };
    config::load(sources, &file, &vocabulary()).map_err(|error| match error {
        NotLoaded::Unreadable(why) => Failure(format!("{} {why}", paths.show(&file))),
        NotLoaded::Mistaken(mistakes) => mistakes_text(&mistakes, sources, paths),
    })
}

/// The words that a configuration may use for rules.
pub(super) fn vocabulary() -> Vocabulary {
    Vocabulary { rules: rules::all().iter().map(|rule| rule.name).collect(), groups: rules::group_names() }
}

/// Mistakes, a line each as compilers write them.
pub(super) fn mistakes_text(mistakes: &[Mistake], sources: &Sources, paths: &Paths) -> Failure {
    let told = mistakes.iter().take(MOST_MISTAKES);
    let mut lines: Vec<String> =
        told.map(|mistake| format!("{}: {}", paths.locate(sources, mistake.place), mistake.message)).collect();
    if mistakes.len() > MOST_MISTAKES {
        lines.push(format!("and {} more mistakes of the configuration", mistakes.len() - MOST_MISTAKES));
    }
    Failure(lines.join("\nerror: "))
}
