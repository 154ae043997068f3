//! `routelint show`: the fleet as understood.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::project::{FleetArguments, Given, Project};
use super::terminal::{self, ColourChoice};
use super::write_tree::write_tree;
use super::{Failure, Status};
use crate::fleet::Fleet;
use crate::report::show_networkd::{self, Wanted};
use crate::report::{Shown, show_json, show_table, show_where};
use crate::rules::names::nearest_of;

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
    /// With networkd: only the files of this host
    #[arg(long, value_name = "NAME", conflicts_with = "guest")]
    host: Option<String>,
    /// With networkd: only the files of this guest, NAME or HOST/NAME
    #[arg(long, value_name = "NAME")]
    guest: Option<String>,
    /// With networkd: write the files below this new or empty folder, instead of printing them
    #[arg(long, value_name = "DIR")]
    output_dir: Option<PathBuf>,
}

/// Formats of `show`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table a host
    Table,
    /// JSON, version 1
    Json,
    /// The files of networkd as NixOS would write them
    Networkd,
}

/// Runs the command.
pub(super) fn run(arguments: &ShowArguments, colour: ColourChoice) -> Result<Status, Failure> {
    let is_networkd = arguments.format == Format::Networkd;
    if !is_networkd && (arguments.host.is_some() || arguments.guest.is_some() || arguments.output_dir.is_some()) {
        return Err(Failure("--host, --guest and --output-dir go with --format networkd".to_owned()));
    }
    let given = Given::new(&arguments.fleet)?;
    let project = if is_networkd { given.analyse_with_files()? } else { given.analyse()? };
    if project.fleet.hosts.is_empty() && project.fleet.guests.is_empty() {
        return Err(project.nothing_to_analyse());
    }
    if is_networkd {
        return networkd(arguments, &project);
    }
    let shown = Shown { fleet: &project.fleet, sources: &project.sources, paths: &project.paths };
    let text = match arguments.format {
        Format::Table if arguments.with_places => show_where::render(&shown, terminal::style(colour)),
        Format::Table | Format::Networkd => show_table::render(&shown, terminal::style(colour)),
        Format::Json => {
            show_json::render(&shown).map_err(|error| Failure(format!("the fleet cannot be written: {error}")))?
        }
    };
    terminal::print(&text)?;
    Ok(Status::Clean)
}

/// Prints or writes the files of networkd.
fn networkd(arguments: &ShowArguments, project: &Project) -> Result<Status, Failure> {
    let wanted = match (&arguments.host, &arguments.guest) {
        (Some(name), _) => Wanted::Host(name),
        (None, Some(name)) => Wanted::Guest(name),
        (None, None) => Wanted::All,
    };
    if !show_networkd::is_there(&project.fleet, wanted) {
        return Err(no_such_machine(&project.fleet, wanted));
    }
    let files = show_networkd::files(&project.fleet, wanted);
    match &arguments.output_dir {
        Some(folder) => write_tree(folder, &files)?,
        None => terminal::print(&show_networkd::render(&files))?,
    }
    Ok(Status::Clean)
}

fn no_such_machine(fleet: &Fleet, wanted: Wanted<'_>) -> Failure {
    let (kind, name, known): (_, _, Vec<&str>) = match wanted {
        Wanted::Guest(name) => ("guest", name, fleet.guests.iter().map(|guest| guest.name.as_str()).collect()),
        Wanted::Host(name) => ("host", name, fleet.hosts.iter().map(|host| host.name.as_str()).collect()),
        Wanted::All => ("machine", "", Vec::new()),
    };
    let near = nearest_of(name, known.into_iter()).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    Failure(format!("there is no {kind} `{name}`{near}"))
}
