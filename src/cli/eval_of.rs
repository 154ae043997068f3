//! `routelint eval --of MACHINE OPTION`: one option of a host or guest.

use super::Failure;
use super::project::{FleetArguments, Given, gap_lines, no_fleet};
use crate::eval::{Evaluator, Missed, Stop, UnknownReason, path_names};
use crate::fleet::{Gap, Located, NotLocated, Problem, locate, tolerant_evaluator};
use crate::heap::{Value, View};
use crate::modules::{self, EvalId, show_name};
use crate::rules::names::nearest_of;

/// What was read.
pub(super) struct Read {
    pub(super) evaluator: Evaluator,
    /// The machine, in the evaluator.
    pub(super) machine: EvalId,
    pub(super) value: Result<Value, Stop>,
    /// To follow the error, if it is one: what else may have been meant.
    pub(super) hint: String,
}

/// Most names that are listed when none is near.
const MOST_NAMES: usize = 30;

/// Finds the machine and reads the option; with `records`, so that what it is computed from can be told.
///
/// # Errors
/// There is no such machine, or several.
pub(super) fn read(project: &FleetArguments, machine: &str, option: &str, records: bool) -> Result<Read, Failure> {
    let given = Given::new(project)?;
    let mut evaluator = tolerant_evaluator(&given.sources);
    if records {
        evaluator.record();
    }
    let located = locate(&mut evaluator, &given.target, machine);
    let Located { machine, .. } = located.map_err(|failed| not_located(machine, failed, &given))?;
    let names = path_names(option);
    let config = modules::config_value(&mut evaluator, machine);
    let (value, hint) = match evaluator.select_names(config, &names, false) {
        Ok(value) => (Ok(value), String::new()),
        Err(missed) => {
            let hint = nearest_option(&names, &missed);
            (Err(named(&mut evaluator, &names, missed)), hint)
        }
    };
    Ok(Read { evaluator, machine, value, hint })
}

/// An option that is not declared, by its whole name.
fn named(evaluator: &mut Evaluator, names: &[String], missed: Missed) -> Stop {
    let info = match missed.stop.0.view() {
        View::Unknown(id) => evaluator.unknown_info(id),
        _ => None,
    };
    if info.is_some_and(|info| matches!(info.reason, UnknownReason::UndeclaredOption(_))) {
        let named = names.get(..=missed.position).unwrap_or(names);
        return evaluator.unknown(UnknownReason::UndeclaredOption(shown(named)));
    }
    missed.stop
}

/// What else may have been meant, as the end of a message: the path with its wrong name replaced by the nearest one, or all names there.
fn nearest_option(names: &[String], missed: &Missed) -> String {
    let Some((wrong, before)) = names.get(..=missed.position).and_then(<[String]>::split_last) else {
        return String::new();
    };
    let siblings = missed.siblings.iter().map(String::as_str).filter(|sibling| *sibling != wrong);
    if let Some(right) = nearest_of(wrong, siblings) {
        let after = names.get(missed.position + 1..).unwrap_or_default();
        let path = [before, &[right.to_owned()], after].concat();
        return format!("\n  did you mean `{}`?", shown(&path));
    }
    if missed.siblings.is_empty() || missed.siblings.len() > MOST_NAMES {
        return String::new();
    }
    let there: Vec<String> = missed.siblings.iter().map(|sibling| show_name(sibling)).collect();
    let place = if before.is_empty() { String::new() } else { format!(" in `{}`", shown(before)) };
    format!("\n  known{place}: {}", there.join(", "))
}

/// A path as it is typed: numbers, which select from lists, without quotes.
fn shown(path: &[String]) -> String {
    let is_number = |name: &str| !name.is_empty() && name.bytes().all(|letter| letter.is_ascii_digit());
    let names = path.iter().map(|name| if is_number(name) { name.clone() } else { show_name(name) });
    names.collect::<Vec<_>>().join(".")
}

fn not_located(name: &str, failed: NotLocated, given: &Given) -> Failure {
    let causes = |gaps: &[Gap], problems: &[Problem]| {
        let mut text = gap_lines(gaps, &given.sources, &given.paths);
        for problem in problems {
            let place = problem.place.map(|place| given.paths.locate(&given.sources, place) + ": ").unwrap_or_default();
            text.push_str(&format!("\n  {place}{}", problem.message));
        }
        text
    };
    Failure(match failed {
        NotLocated::Target(failure) => return no_fleet(&failure, &given.sources, &given.paths),
        NotLocated::Ambiguous(names) => {
            format!("there are several guests called `{name}`; say which one: {}", names.join(", "))
        }
        NotLocated::Unavailable { name, gaps, problems } => {
            format!("the configuration of `{name}` is not available{}", causes(&gaps, &problems))
        }
        NotLocated::Unknown { known, gaps, problems } if known.is_empty() => {
            format!("no host and no guest was found{}", causes(&gaps, &problems))
        }
        NotLocated::Unknown { known, gaps, problems } => {
            let bare = |whole: &'_ str| whole.rsplit('/').next().unwrap_or(whole).to_owned();
            let names: Vec<String> = known.iter().flat_map(|whole| [bare(whole), whole.clone()]).collect();
            let near = nearest_of(name, names.iter().map(String::as_str));
            let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            let more = if known.len() > MOST_NAMES { ", …" } else { "" };
            let listed: Vec<&str> = known.iter().take(MOST_NAMES).map(String::as_str).collect();
            let listed = listed.join(", ");
            let hidden = causes(&gaps, &problems);
            let hidden = if hidden.is_empty() {
                hidden
            } else {
                format!("\n  or it is hidden by what could not be understood:{hidden}")
            };
            format!("there is no host or guest `{name}`{near}\n  known: {listed}{more}{hidden}")
        }
    })
}
