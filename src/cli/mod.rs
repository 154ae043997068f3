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

mod eval_command;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Checks the network of NixOS MicroVM fleets from the Nix source alone.
#[derive(Debug, Parser)]
#[command(name = "routelint", version, about, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Evaluate a Nix file or expression and print its value
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
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let thread = std::thread::Builder::new().name("routelint".to_owned()).stack_size(STACK);
    let outcome = thread.spawn(move || dispatch(arguments.command)).map(std::thread::JoinHandle::join);
    match outcome {
        Ok(Ok(status)) => status.into(),
        Ok(Err(_)) => Status::Failed.into(),
        Err(error) => {
            complain(&format!("cannot start a thread: {error}"));
            Status::Failed.into()
        }
    }
}

fn dispatch(command: Command) -> Status {
    match command {
        Command::Eval(arguments) => eval_command::run(&arguments),
    }
}

/// Prints a problem to standard error.
#[allow(clippy::print_stderr, reason = "this room prints")]
pub(crate) fn complain(message: &str) {
    eprintln!("error: {message}");
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_arguments_are_consistent() {
        super::Arguments::command().debug_assert();
    }
}
