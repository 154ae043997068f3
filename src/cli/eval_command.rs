//! `routelint eval`: print the value of a file, of an expression, or of each line of a batch.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::{Status, complain};
use crate::eval::{Evaluator, Limits, Outcome, Stop};
use crate::heap::{Value, View};
use crate::source::{Access, Sources};
use crate::{builtins, modules, nixlib};

/// What to evaluate and how to print it.
#[derive(Args, Debug)]
pub(super) struct EvalArguments {
    /// Nix file to evaluate; `-` reads standard input
    #[arg(value_name = "FILE", conflicts_with_all = ["expr", "batch"], required_unless_present_any = ["expr", "batch"])]
    file: Option<PathBuf>,
    /// Expression to evaluate; `lib` is in scope
    #[arg(long, short = 'E', value_name = "EXPRESSION", conflicts_with = "batch")]
    expr: Option<String>,
    /// File whose lines are expressions, each printed on a line of its own; `lib` is in scope
    #[arg(long, value_name = "FILE")]
    batch: Option<PathBuf>,
    /// Attribute path to select from the value
    #[arg(short = 'A', long = "attr", value_name = "PATH")]
    attribute: Option<String>,
    /// Evaluate everything inside the value too
    #[arg(long)]
    strict: bool,
    /// Print compact JSON with sorted keys
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(super) fn run(arguments: &EvalArguments) -> Status {
    if let Some(path) = &arguments.batch {
        return run_batch(arguments, path);
    }
    let Some(folder) = working_folder() else { return Status::Failed };
    let mut evaluator = evaluator();
    let value = match (&arguments.expr, &arguments.file) {
        (Some(text), _) => evaluate_text(&mut evaluator, text, &folder),
        (None, Some(file)) if file.as_os_str() == "-" => {
            let mut text = String::new();
            if let Err(error) = std::io::stdin().read_to_string(&mut text) {
                complain(&format!("standard input cannot be read: {error}"));
                return Status::Failed;
            }
            evaluate_text(&mut evaluator, &text, &folder)
        }
        (None, Some(file)) => {
            let path = folder.join(file);
            if let Err(error) = evaluator.import_target(&path).and_then(|target| evaluator.sources.read(&target)) {
                complain(&format!("{} {error}", file.display()));
                return Status::Failed;
            }
            evaluator.import(&path)
        }
        (None, None) => return Status::Failed,
    };
    let printed = value.and_then(|value| print(&mut evaluator, arguments, value));
    show_messages(&mut evaluator);
    match printed {
        Ok(line) => write_line(&line, Status::Clean),
        Err(stop) => {
            complain(&evaluator.describe_stop(stop));
            Status::Findings
        }
    }
}

/// Evaluates each line of a file. A line that fails gives `!error …` and never ends the run.
fn run_batch(arguments: &EvalArguments, path: &Path) -> Status {
    let Some(folder) = working_folder() else { return Status::Failed };
    let text = match Sources::new(Access::below(vec![PathBuf::from("/")])).read_bytes(&folder.join(path)) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => {
            complain(&format!("{} {error}", path.display()));
            return Status::Failed;
        }
    };
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
        if write_line(&line, Status::Clean) == Status::Failed {
            return Status::Failed;
        }
    }
    Status::Clean
}

/// An evaluator with all built-in functions that may read every file: what it evaluates is the user's own.
fn evaluator() -> Evaluator {
    let sources = Arc::new(Sources::new(Access::below(vec![PathBuf::from("/")])));
    let mut evaluator = Evaluator::new(sources, Limits::default());
    builtins::install(&mut evaluator);
    nixlib::install(&mut evaluator);
    modules::install(&mut evaluator);
    evaluator
}

fn evaluate_text(evaluator: &mut Evaluator, text: &str, folder: &Path) -> Outcome {
    let lib = nixlib::lib_value(evaluator);
    evaluator.eval_text_with("expression", text, folder, &[("lib", lib)])
}

/// The value selected, evaluated as far as asked, as text.
fn print(evaluator: &mut Evaluator, arguments: &EvalArguments, value: Value) -> Result<String, Stop> {
    let value = match &arguments.attribute {
        Some(path) => select(evaluator, value, path)?,
        None => value,
    };
    if arguments.json {
        return builtins::json_text(evaluator, value);
    }
    let value = if arguments.strict { evaluator.force_deep(value)? } else { evaluator.want(value)? };
    Ok(evaluator.print(value))
}

/// The value at an attribute path as `nix-instantiate -A` takes it: names with dots between, quoted where they contain dots, and
/// numbers for the elements of lists. A function on the way is called without arguments.
fn select(evaluator: &mut Evaluator, value: Value, path: &str) -> Outcome {
    let mut value = value;
    for name in path_names(path) {
        value = evaluator.want(value)?;
        if evaluator.formals_of(value).is_some() {
            let called = evaluator.call(value, &[Value::EMPTY_SET])?;
            value = evaluator.want(called)?;
        }
        value = match (value.view(), name.parse::<u32>()) {
            (View::List(seq), Ok(index)) => match seq.slot(index) {
                Some(slot) => Value::reference(slot),
                None => {
                    let message = format!("list index {index} in selection path '{path}' is out of range");
                    return Err(evaluator.error(crate::eval::ErrorKind::MissingAttribute, message));
                }
            },
            _ => {
                let set = evaluator.want_attrs(value)?;
                let symbol = evaluator.heap.intern(&name);
                evaluator.attribute_or_stop(set, symbol)?
            }
        };
    }
    evaluator.want(value)
}

fn path_names(path: &str) -> Vec<String> {
    let (mut names, mut name, mut is_quoted) = (Vec::new(), String::new(), false);
    for character in path.chars() {
        match character {
            '"' => is_quoted = !is_quoted,
            '.' if !is_quoted => names.push(std::mem::take(&mut name)),
            _ => name.push(character),
        }
    }
    if !path.is_empty() {
        names.push(name);
    }
    names
}

#[allow(clippy::disallowed_methods, reason = "this room asks for the working directory")]
fn working_folder() -> Option<PathBuf> {
    match std::env::current_dir() {
        Ok(folder) => Some(folder),
        Err(error) => {
            complain(&format!("the working directory cannot be found: {error}"));
            None
        }
    }
}

#[allow(clippy::print_stderr, reason = "this room prints")]
fn show_messages(evaluator: &mut Evaluator) {
    for message in evaluator.messages.drain(..) {
        eprintln!("{message}");
    }
}

/// Writes a line at once, so that whoever reads along sees it.
fn write_line(line: &str, status: Status) -> Status {
    let mut output = std::io::stdout().lock();
    match writeln!(output, "{line}").and_then(|()| output.flush()) {
        Ok(()) => status,
        Err(_) => Status::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::path_names;

    #[test]
    fn a_selection_path_is_split_at_dots_outside_quotes() {
        assert_eq!(path_names("a.\"b.c\".0"), ["a", "b.c", "0"]);
        assert_eq!(path_names(""), [""; 0]);
    }
}
