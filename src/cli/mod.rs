//! The command line: arguments, exit status, what is printed where.
//!
//! Purpose: parse the arguments, hand each command to its own file, and turn the outcome into an exit status. Nothing that a user of
//! the library would miss lives here.
//!
//! Invariants:
//! - Commands run in a thread with a large stack, because evaluation recurses.
//! - Results go to standard output; problems of the tool itself go to standard error.
//! - Exit status 0: nothing to report; 1: findings, or an expression that does not evaluate; 2: the tool could not do its job.
//!
//! What it deliberately does not do: evaluate, judge or format.

mod arguments;
mod baseline;
mod configuration;
mod progress;
mod project;
mod replace_files;
mod root;
mod terminal;
mod write_tree;

mod check_command;
mod config_command;
mod eval_command;
mod eval_of;
mod eval_why;
mod fix_command;
mod next_command;
mod rules_command;
mod show_command;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use terminal::ColourChoice;

/// Checks the network of NixOS MicroVM fleets from the Nix source alone.
#[derive(Debug, Parser)]
#[command(name = "routelint", version, about, propagate_version = true, after_help = AFTER_HELP)]
#[command(override_usage = "routelint [OPTIONS] [COMMAND]")]
struct Arguments {
    /// When to use colours
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = ColourChoice::Auto, global = true)]
    color: ColourChoice,
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Without a command, `check` is meant.

Exit status: 0 nothing at or above the threshold, 1 findings, 2 the tool could not do its job.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Find the fleet, evaluate it and report mistakes of its network
    Check(check_command::CheckArguments),
    /// Make the edits that findings bring, as far as each proves to help
    Fix(fix_command::FixArguments),
    /// Show the fleet as understood: hosts, guests, taps, addresses, routes, NAT
    Show(show_command::ShowArguments),
    /// The lowest free index of each host, with tap name, MAC and addresses by the fleet's own scheme
    Next(next_command::NextArguments),
    /// Show the page of a rule
    Explain(rules_command::ExplainArguments),
    /// List all rules
    Rules(rules_command::RulesArguments),
    /// Show the settings that apply, or the schema of the configuration file
    Config(config_command::Arguments),
    /// Evaluate a Nix file, an expression, or an option of a host or guest, and print its value
    Eval(eval_command::EvalArguments),
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// All is well.
    Clean,
    /// There is something to report, or an expression does not evaluate.
    Findings,
    /// The tool could not do its job.
    Failed,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        match status {
            Status::Clean => Self::SUCCESS,
            Status::Findings => Self::from(1),
            Status::Failed => Self::from(2),
        }
    }
}

/// Stack of the thread that evaluates, in bytes. Memory of it that is not touched costs nothing.
const STACK: usize = 1 << 30;

/// Runs the program with the arguments of the process.
#[allow(clippy::disallowed_methods, reason = "this room reads the arguments")]
pub fn run() -> ExitCode {
    crate::heap::start_with_small_pages();
    let thread = std::thread::Builder::new().name("routelint".to_owned()).stack_size(STACK);
    // The arguments are read there too: a thread that allocates nothing needs no memory of its own.
    let read = || Arguments::parse_from(arguments::with_command(&Arguments::command(), std::env::args_os()));
    let outcome = thread.spawn(move || dispatch(read())).map(std::thread::JoinHandle::join);
    match outcome {
        Ok(Ok(status)) => status.into(),
        Ok(Err(_)) => Status::Failed.into(),
        Err(error) => {
            complain(&format!("cannot start a thread: {error}"));
            Status::Failed.into()
        }
    }
}

fn dispatch(arguments: Arguments) -> Status {
    let colour = arguments.color;
    let outcome = match arguments.command {
        Command::Check(arguments) => check_command::run(&arguments, colour),
        Command::Fix(arguments) => fix_command::run(&arguments, colour),
        Command::Show(arguments) => show_command::run(&arguments, colour),
        Command::Next(arguments) => next_command::run(&arguments, colour),
        Command::Explain(arguments) => rules_command::explain(&arguments, colour),
        Command::Rules(arguments) => rules_command::list(&arguments, colour),
        Command::Config(arguments) => config_command::run(&arguments),
        Command::Eval(arguments) => eval_command::run(&arguments, colour),
    };
    outcome.unwrap_or_else(|failure| {
        complain(&failure.0);
        Status::Failed
    })
}

/// Why the tool cannot do its job, for standard error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure(pub(crate) String);

/// Prints a problem to standard error.
#[allow(clippy::print_stderr, reason = "this room prints")]
pub(crate) fn complain(message: &str) {
    eprintln!("error: {message}");
}

/// Tells on standard error what was done, beside the report on standard output.
#[allow(clippy::print_stderr, reason = "this room prints")]
pub(crate) fn tell(message: &str) {
    eprintln!("{message}");
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_arguments_are_consistent() {
        super::Arguments::command().debug_assert();
    }
}
