//! `routelint eval`: print the value of a file, of an expression, or of each line of a batch.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::configuration::ConfigArguments;
use super::project::{FleetArguments, named_path, working_folder};
use super::terminal::ColourChoice;
use super::{Failure, Status, complain, eval_of, eval_why, terminal};
use crate::eval::{Evaluator, Limits, Outcome, Stop, path_names};
use crate::heap::Value;
use crate::modules::show_name;
use crate::report::Paths;
use crate::report::why::{Explanation, WhyDefinition};
use crate::source::{Access, Sources};
use crate::{builtins, modules, nixlib};

/// What to evaluate and how to print it.
#[derive(Args, Debug)]
pub(super) struct EvalArguments {
    /// Nix file to evaluate; `-` reads standard input. With --of: the project, its flake.nix, or module files (default: .)
    #[arg(value_name = "FILE", conflicts_with_all = ["expr", "batch"], required_unless_present_any = ["expr", "batch", "of"])]
    files: Vec<PathBuf>,
    /// Expression to evaluate; `lib` is in scope
    #[arg(long, short = 'E', value_name = "EXPRESSION", conflicts_with = "batch")]
    expr: Option<String>,
    /// File whose lines are expressions, each printed on a line of its own; `lib` is in scope
    #[arg(long, value_name = "FILE")]
    batch: Option<PathBuf>,
    /// Attribute path to select from the value
    #[arg(short = 'A', long = "attr", value_name = "PATH")]
    attribute: Option<String>,
    /// Read an option of a host or guest, such as `networking.hostName`; a guest may be called HOST/GUEST
    #[arg(long, num_args = 2, value_names = ["MACHINE", "OPTION"], conflicts_with_all = ["expr", "batch", "attribute"])]
    of: Option<Vec<String>>,
    /// Folder that holds a flake input (repeatable)
    #[arg(long = "input", value_name = "NAME=PATH", value_parser = named_path)]
    #[arg(requires = "of", conflicts_with_all = ["expr", "batch"])]
    inputs: Vec<(String, PathBuf)>,
    /// Take the text of this file from standard input and everything else from disk
    #[arg(long, value_name = "PATH", requires = "of", conflicts_with_all = ["expr", "batch"])]
    stdin_filename: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigArguments,
    /// Evaluate everything inside the value too
    #[arg(long)]
    strict: bool,
    /// Print compact JSON with sorted keys
    #[arg(long)]
    json: bool,
    /// Tell where the value comes from: each part of it down to literals and, with --of, the definitions of the option
    #[arg(long, conflicts_with = "batch")]
    why: bool,
}

/// Most unknown parts of an option that are named one by one.
const MOST_MISSING: usize = 20;

/// Runs the command.
pub(super) fn run(arguments: &EvalArguments, colour: ColourChoice) -> Result<Status, Failure> {
    if let Some(path) = &arguments.batch {
        return run_batch(arguments, path);
    }
    if let Some([machine, option]) = arguments.of.as_deref() {
        let project = FleetArguments {
            paths: arguments.files.clone(),
            inputs: arguments.inputs.clone(),
            release: None,
            stdin_filename: arguments.stdin_filename.clone(),
            config: arguments.config.clone(),
        };
        let mut found = eval_of::read(&project, machine, option, arguments.why)?;
        let printed = match found.value {
            Ok(value) if arguments.why => {
                let definitions = eval_why::definitions(&mut found.evaluator, found.machine, &path_names(option));
                explain(&mut found.evaluator, arguments, value, &definitions, colour)
            }
            Ok(value) => print_known(&mut found.evaluator, arguments, value),
            Err(stop) => Err(stop),
        };
        return show(&mut found.evaluator, printed, &found.hint);
    }
    if arguments.config.is_given() {
        return Err(Failure("--config and --no-config go together with --of".to_owned()));
    }
    let folder = working_folder()?;
    let mut evaluator = evaluator();
    if arguments.why {
        evaluator.record();
    }
    let value = match (&arguments.expr, arguments.files.as_slice()) {
        (Some(text), _) => evaluate_text(&mut evaluator, text, &folder),
        (None, [file]) if file.as_os_str() == "-" => {
            let mut text = String::new();
            let read = std::io::stdin().read_to_string(&mut text);
            read.map_err(|error| Failure(format!("standard input cannot be read: {error}")))?;
            evaluate_text(&mut evaluator, &text, &folder)
        }
        (None, [file]) => {
            let path = folder.join(file);
            let read = evaluator.import_target(&path).and_then(|target| evaluator.sources.read(&target));
            read.map_err(|error| Failure(format!("{} {error}", file.display())))?;
            evaluator.import(&path)
        }
        (None, _) => return Err(Failure("only one file can be evaluated; --batch takes many expressions".to_owned())),
    };
    let printed = value.and_then(|value| {
        if !arguments.why {
            return print(&mut evaluator, arguments, value);
        }
        let value = selected(&mut evaluator, arguments, value)?;
        explain(&mut evaluator, arguments, value, &[], colour)
    });
    let status = show(&mut evaluator, printed, "");
    // The process ends here: giving the memory back piece by piece would only take time.
    std::mem::forget(evaluator);
    status
}

/// The value with all that it was computed from.
fn explain(
    evaluator: &mut Evaluator,
    arguments: &EvalArguments,
    value: Value,
    definitions: &[WhyDefinition],
    colour: ColourChoice,
) -> Result<String, Stop> {
    let value = evaluator.want(value)?;
    let why = eval_why::why(evaluator, value);
    let sources = Arc::clone(&evaluator.sources);
    let working = working_folder().map(|folder| sources.canonical(&folder)).unwrap_or_default();
    let paths = Paths::relative_to(working);
    let explanation = Explanation { why: &why, definitions, sources: &sources, paths: &paths };
    let text = if arguments.json { explanation.json() } else { explanation.text(terminal::style(colour)) };
    Ok(text.trim_end().to_owned())
}

/// Prints the outcome; `hint` follows what an error says.
fn show(evaluator: &mut Evaluator, printed: Result<String, Stop>, hint: &str) -> Result<Status, Failure> {
    show_messages(evaluator);
    match printed {
        Ok(line) => {
            terminal::print(&format!("{line}\n"))?;
            Ok(Status::Clean)
        }
        Err(stop) => {
            complain(&format!("{}{hint}", evaluator.describe_stop(stop)));
            Ok(Status::Findings)
        }
    }
}

/// Evaluates each line of a file. A line that fails gives `!error …` and never ends the run.
fn run_batch(arguments: &EvalArguments, path: &Path) -> Result<Status, Failure> {
    let folder = working_folder()?;
    let read = Sources::new(Access::below(vec![PathBuf::from("/")])).read_bytes(&folder.join(path));
    let bytes = read.map_err(|error| Failure(format!("{} {error}", path.display())))?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let mut evaluator = evaluator();
    for line in text.lines() {
        // Nothing of a heap is freed before the whole is, so a long batch starts anew now and then.
        if evaluator.heap.bytes_used() > evaluator.limits.heap_bytes / 8 {
            evaluator = self::evaluator();
        }
        evaluator.grant_steps(Limits::default().steps);
        let value = evaluate_text(&mut evaluator, line, &folder);
        let printed = value.and_then(|value| print(&mut evaluator, arguments, value));
        show_messages(&mut evaluator);
        let line = match printed {
            Ok(line) => line,
            Err(Stop(stop)) => {
                let word = if stop.is_unknown() { "unknown: " } else { "" };
                let message = evaluator.stop_message(Stop(stop));
                format!("!error {word}{}", message.split_whitespace().collect::<Vec<_>>().join(" "))
            }
        };
        // A line at once, so that whoever reads along sees it.
        terminal::print(&format!("{line}\n"))?;
    }
    Ok(Status::Clean)
}

/// An evaluator with all built-in functions that may read every file: what it evaluates is the user's own.
fn evaluator() -> Evaluator {
    let sources = Arc::new(Sources::new(Access::below(vec![PathBuf::from("/")])));
    let mut evaluator = Evaluator::new(sources, Limits::default());
    evaluator.stands_alone = true;
    builtins::install(&mut evaluator);
    nixlib::install(&mut evaluator);
    modules::install(&mut evaluator);
    evaluator
}

fn evaluate_text(evaluator: &mut Evaluator, text: &str, folder: &Path) -> Outcome {
    let lib = nixlib::lib_value(evaluator);
    evaluator.eval_text_with("expression", text, folder, &[("lib", lib)])
}

/// The value that `-A` selects.
fn selected(evaluator: &mut Evaluator, arguments: &EvalArguments, value: Value) -> Outcome {
    match &arguments.attribute {
        Some(path) => evaluator.select_names(value, &path_names(path), true).map_err(|missed| missed.stop),
        None => Ok(value),
    }
}

/// The value selected, evaluated as far as asked, as text.
fn print(evaluator: &mut Evaluator, arguments: &EvalArguments, value: Value) -> Result<String, Stop> {
    let value = selected(evaluator, arguments, value)?;
    if arguments.json {
        return builtins::json_text(evaluator, value);
    }
    let value = if arguments.strict { evaluator.force_deep(value)? } else { evaluator.want(value)? };
    Ok(evaluator.print(value))
}

/// The value of an option: sets of a machine are nearly always open, so what is known of them counts, and what is not is told.
fn print_known(evaluator: &mut Evaluator, arguments: &EvalArguments, value: Value) -> Result<String, Stop> {
    if !arguments.json && !arguments.strict {
        return print(evaluator, arguments, value);
    }
    let known = evaluator.known_part(value)?;
    for (path, id) in known.missing.iter().take(MOST_MISSING) {
        let path: Vec<String> = path.iter().map(|name| show_name(name)).collect();
        let reason = evaluator.stop_message(Stop(Value::unknown(*id)));
        evaluator.messages.push(format!("left out: {}: {reason}", path.join(".")));
    }
    if known.missing.len() > MOST_MISSING {
        evaluator.messages.push(format!("left out: {} more", known.missing.len() - MOST_MISSING));
    }
    if arguments.json { builtins::json_text(evaluator, known.value) } else { Ok(evaluator.print(known.value)) }
}

#[allow(clippy::print_stderr, reason = "this room prints")]
fn show_messages(evaluator: &mut Evaluator) {
    for message in evaluator.messages.drain(..) {
        eprintln!("{message}");
    }
}
