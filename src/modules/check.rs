//! Definitions that no option takes.

use super::defined;
use super::definition::{Definition, Loc};
use super::evaluation::{Evaluation, freeform_type};
use super::state::{NodeId, node};
use super::tree;
use super::types;
use crate::eval::{ErrorKind, Evaluator, Stop};
use crate::heap::{Symbol, Value, sym};

/// A definition below which no option is declared.
#[derive(Clone, Debug)]
pub(super) struct Unmatched {
    /// The path from the root of the evaluation.
    pub(super) path: Vec<Symbol>,
    pub(super) definition: Definition,
}

/// All such definitions of an evaluation, in the order of their paths.
pub(super) fn unmatched(ev: &mut Evaluator, found: &Evaluation) -> Result<Vec<Unmatched>, Stop> {
    let mut all = Vec::new();
    collect_below(ev, found.root, &mut Vec::new(), &mut all)?;
    Ok(all)
}

fn collect_below(ev: &mut Evaluator, id: NodeId, path: &mut Vec<Symbol>, all: &mut Vec<Unmatched>) -> Result<(), Stop> {
    ev.tick()?;
    let this = node(ev, id)?;
    let by_name = defined::by_name(ev, id)?;
    // At the root there always are definitions, those that the module system makes itself.
    if by_name.is_empty() && this.parent.is_some() {
        return Ok(());
    }
    let declared = tree::declared_names(ev, &this)?;
    let mut names: Vec<Symbol> = by_name.names().collect();
    names.extend(declared.iter().map(|(name, _)| *name));
    names.sort_by(|a, b| ev.heap.name(*a).cmp(ev.heap.name(*b)));
    names.dedup();
    for name in names {
        let is_defined = by_name.has(name);
        if !is_defined && tree::is_option_below(ev, &this, name)? {
            continue;
        }
        path.push(name);
        if declared.binary_search_by_key(&name, |(name, _)| *name).is_ok() {
            let below = tree::child(ev, id, name)?;
            if tree::is_set(ev, below)? && is_defined {
                collect_below(ev, below, path, all)?;
            }
        } else {
            let defs = by_name.as_written(ev, name).into_iter();
            all.extend(defs.map(|definition| Unmatched { path: path.clone(), definition }));
        }
        path.pop();
    }
    Ok(())
}

/// Fails if a definition has no option, unless a freeform type takes it or the check is off.
pub(super) fn check(ev: &mut Evaluator, found: &Evaluation) -> Result<(), Stop> {
    found.collected(ev)?;
    if found.is_open() {
        return Ok(());
    }
    if tree::defines_module_args(ev, found)? {
        if freeform_type(ev, found.id)?.is_some() {
            // What the freeform type takes is part of `config`, of which `_module.check` is another part.
            ev.want(Value::reference(found.config_slot))?;
            return Ok(());
        }
        let wanted = tree::module_option(ev, found, sym::CHECK)?;
        if !ev.want_bool(wanted)? {
            return Ok(());
        }
    }
    let all = unmatched(ev, found)?;
    match all.first() {
        Some(first) => Err(does_not_exist(ev, found, first)),
        None => Ok(()),
    }
}

fn does_not_exist(ev: &mut Evaluator, found: &Evaluation, first: &Unmatched) -> Stop {
    let prefix = &found.request.prefix;
    let loc = first.path.iter().fold(prefix.clone(), |loc, name| loc.child(*name));
    let shown = loc.show(&ev.heap);
    // A value that cannot be shown does not hide that there is no such option. In nixpkgs it does, so that `tryEval` has to do with its failure.
    let values = types::show_defs(ev, std::slice::from_ref(&first.definition));
    let is_fatal = values.as_ref().is_err_and(|stop| stop.0.is_error() && !ev.is_caught(*stop));
    let values = values.unwrap_or_default();
    let mut text = format!("The option `{shown}' does not exist. Definition values:{values}");
    if let Some(suggestion) = suggestion(ev, found, first, &loc) {
        text.push_str(&format!("\n\nDid you mean {suggestion}?"));
    }
    if is_without_options(ev, found) {
        let place = prefix.show(&ev.heap);
        if place.is_empty() {
            text.push_str("\n\nNo option is declared at all: declarations belong into `options' rather than `config'.");
        } else {
            text.push_str(&format!("\n\nNo option is declared in `{place}'."));
        }
    }
    let stop = ev.error_at(ErrorKind::Module("undefined-option"), text, first.definition.origin);
    if is_fatal { ev.not_caught(stop) } else { stop }
}

fn is_without_options(ev: &mut Evaluator, found: &Evaluation) -> bool {
    let Ok(root) = node(ev, found.root) else { return false };
    matches!(tree::declared_names(ev, &root), Ok(names) if names.len() <= 1)
}

/// Up to three declared names beside the missing one that are spelt most alike.
fn suggestion(ev: &mut Evaluator, found: &Evaluation, first: &Unmatched, loc: &Loc) -> Option<String> {
    let (wanted, above) = first.path.split_last()?;
    let mut id = found.root;
    for name in above {
        id = tree::child(ev, id, *name).ok()?;
    }
    let parent = node(ev, id).ok()?;
    let names = tree::declared_names(ev, &parent).ok()?;
    let wanted = ev.heap.name(*wanted).to_owned();
    let is_large = names.len() >= 100;
    let mut near: Vec<(usize, String, Symbol)> = names
        .iter()
        .filter(|(name, _)| !(above.is_empty() && *name == sym::MODULE))
        .map(|(name, _)| (distance(&wanted, ev.heap.name(*name)), ev.heap.name(*name).to_owned(), *name))
        .filter(|(distance, ..)| !is_large || *distance <= 2)
        .collect();
    near.sort();
    near.truncate(3);
    let parent = loc.parent()?;
    let shown: Vec<String> =
        near.into_iter().map(|(_, _, name)| format!("`{}'", parent.child(name).show(&ev.heap))).collect();
    let (last, others) = shown.split_last()?;
    Some(if others.is_empty() { last.clone() } else { format!("{} or {last}", others.join(", ")) })
}

/// The number of letters to insert, remove or replace to get from one word to the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(100).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (index, letter) in a.chars().take(100).enumerate() {
        let mut next = Vec::with_capacity(row.len());
        next.push(index + 1);
        for (other, pair) in b.iter().zip(row.windows(2)) {
            let [diagonal, above] = pair else { continue };
            let left = next.last().copied().unwrap_or(0);
            next.push((diagonal + usize::from(*other != letter)).min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn distance_counts_letters() {
        for (a, b, expected) in [("", "", 0), ("abc", "abc", 0), ("enable", "enabel", 2), ("x", "", 1), ("", "xy", 2)] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }
}
