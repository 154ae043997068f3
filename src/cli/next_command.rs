//! `routelint next`: what the next guest takes.

use clap::{Args, ValueEnum};

use super::project::{FleetArguments, Project};
use super::terminal::{self, ColourChoice};
use super::{Failure, Status};
use crate::fleet::{Fleet, HostId, Next, Scheme, next};
use crate::report::next::{Free, json, nix, table};
use crate::rules::names::nearest_of;

/// For whom, and how to tell.
#[derive(Args, Debug)]
pub(super) struct NextArguments {
    #[command(flatten)]
    fleet: FleetArguments,
    /// Only for this host
    #[arg(long, value_name = "NAME")]
    host: Option<String>,
    /// How many
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1000))]
    count: u16,
    /// What the guest is to be called, where names of taps hold it
    #[arg(long, value_name = "NAME", default_value = "NAME")]
    name: String,
    /// Format
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// Formats of `next`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Lines for people
    Table,
    /// JSON, version 1
    Json,
    /// A module for the guest, to start from
    Nix,
}

/// Runs the command. The exit status is 0 only if the numbers are certainly free and everything follows from them.
pub(super) fn run(arguments: &NextArguments, colour: ColourChoice) -> Result<Status, Failure> {
    let project = Project::analyse(&arguments.fleet)?;
    let fleet = &project.fleet;
    if fleet.hosts.is_empty() && fleet.guests.is_empty() {
        return Err(project.nothing_to_analyse());
    }
    let hosts = wanted(fleet, arguments.host.as_deref())?;
    let count = usize::from(arguments.count);
    let hosts: Vec<Next<'_>> = hosts.into_iter().map(|host| next(fleet, host, count, &arguments.name)).collect();
    if hosts.is_empty() {
        let why = "no host has guests or taps that are prepared for them, so there is no scheme to go on with";
        return Err(Failure(format!("{why}{}", project.gaps())));
    }
    let free = Free { hosts: &hosts, guests: &fleet.guests, sources: &project.sources, paths: &project.paths };
    let text = match arguments.format {
        Format::Table => table(&free, terminal::style(colour)),
        Format::Nix => nix(&free),
        Format::Json => json(&free).map_err(|error| Failure(format!("the slots cannot be written: {error}")))?,
    };
    terminal::print(&text)?;
    let is_certain = |next: &Next<'_>| {
        next.doubts.is_empty() && next.slots.len() == count && next.slots.iter().all(|slot| slot.missing.is_empty())
    };
    Ok(if hosts.iter().all(is_certain) { Status::Clean } else { Status::Findings })
}

/// The hosts that are meant, as far as there is something to learn from; guests of no known host only if there is no host.
fn wanted(fleet: &Fleet, name: Option<&str>) -> Result<Vec<Option<HostId>>, Failure> {
    let all: Vec<Option<HostId>> = match name {
        None if fleet.hosts.is_empty() => vec![None],
        None => fleet.numbered_hosts().map(|(id, _)| Some(id)).collect(),
        Some(name) => {
            let found = fleet.numbered_hosts().find(|(_, host)| host.name == name);
            let Some((id, _)) = found else {
                let known = fleet.hosts.iter().map(|host| host.name.as_str());
                let near = nearest_of(name, known).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                return Err(Failure(format!("there is no host `{name}`{near}")));
            };
            vec![Some(id)]
        }
    };
    Ok(all.into_iter().filter(|host| !Scheme::of(fleet, *host).is_empty()).collect())
}
