//! `routelint config`: what the configuration says, and what it can say.

use clap::{Args, Subcommand};

use super::configuration::vocabulary;
use super::project::{FleetArguments, Given};
use super::{Failure, Status, terminal};
use crate::config;
use crate::report::settings;

/// What to do.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the settings that apply, each with where it comes from
    Show(FleetArguments),
    /// Print the JSON schema of routelint.toml
    Schema,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments) -> Result<Status, Failure> {
    let text = match &arguments.command {
        Command::Show(arguments) => shown(arguments)?,
        Command::Schema => {
            config::schema(&vocabulary()).map_err(|error| Failure(format!("the schema cannot be written: {error}")))?
        }
    };
    terminal::print(&text)?;
    Ok(Status::Clean)
}

fn shown(arguments: &FleetArguments) -> Result<String, Failure> {
    let given = Given::new(arguments)?;
    let effective = settings::Effective {
        settings: &given.target.settings,
        release: arguments.release,
        inputs: &given.target.inputs,
        sources: &given.sources,
        paths: &given.paths,
    };
    Ok(settings::render(&effective))
}
