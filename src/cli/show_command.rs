//! `routelint show`: the fleet as understood.

use clap::{Args, ValueEnum};

use super::project::{FleetArguments, Project};
use super::terminal::{self, ColourChoice};
use super::{Failure, Status};
use crate::report::{Shown, show_json, show_table, show_where};

/// What to show and how.
#[derive(Args, Debug)]
pub(super) struct ShowArguments {
    #[command(flatten)]
    fleet: FleetArguments,
    /// Format
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// List every fact with the place that it comes from
    #[arg(long = "where", conflicts_with = "format")]
    with_places: bool,
}

/// Formats of `show`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table a host
    Table,
    /// JSON, version 1
    Json,
}

/// Runs the command.
pub(super) fn run(arguments: &ShowArguments, colour: ColourChoice) -> Result<Status, Failure> {
    let project = Project::analyse(&arguments.fleet)?;
    if project.fleet.hosts.is_empty() && project.fleet.guests.is_empty() {
        return Err(project.nothing_to_analyse());
    }
    let shown = Shown { fleet: &project.fleet, sources: &project.sources, paths: &project.paths };
    let text = match arguments.format {
        Format::Table if arguments.with_places => show_where::render(&shown, terminal::style(colour)),
        Format::Table => show_table::render(&shown, terminal::style(colour)),
        Format::Json => {
            show_json::render(&shown).map_err(|error| Failure(format!("the fleet cannot be written: {error}")))?
        }
    };
    terminal::print(&text)?;
    Ok(Status::Clean)
}
