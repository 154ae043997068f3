//! What went wrong with the source, and what could not be known.

use crate::source::{FileOrder, Place};

/// Something wrong with the source itself: it does not parse, does not evaluate, asks for what nobody passes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Which kind.
    pub kind: ProblemKind,
    /// What, in one sentence without a final full stop.
    pub message: String,
    /// Where.
    pub place: Option<Place>,
    /// What led there, with a short text each.
    pub related: Vec<(Place, String)>,
    /// The host or guest that it was met in, in words (`guest web`), if it was met in one only.
    pub machine: Option<String>,
    /// Whether Nix would certainly meet it too. A value may be another one where a module is unknown.
    pub is_certain: bool,
}

/// Kinds of [`Problem`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// The text does not follow the grammar, or Nix rejects it before evaluation.
    Syntax,
    /// Evaluation ends in an error.
    Evaluation,
    /// Definitions of an option that do not go together.
    Conflict,
    /// A module takes an argument that nobody passes.
    MissingArgument(String),
    /// An assertion of a module does not hold.
    Assertion,
    /// An entry of `microvm.vms` that microvm.nix cannot make a guest of.
    Entry(EntryMistake),
}

/// What is wrong with an entry of `microvm.vms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryMistake {
    /// It has both `config` and `flake` or `updateFlake`.
    ConfigAndFlake,
    /// The flake has no configuration of its name.
    NoConfiguration,
    /// The configuration has no guest module.
    NoGuestModule,
}

/// Something that could not be known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// Where it is missing.
    pub place: Option<Place>,
    /// What is missing: `microvm.interfaces`.
    pub what: String,
    /// Why: "input `secrets` is not available".
    pub why: String,
    /// The machines that it is missing in, in words (`guest db`), sorted; none if it concerns no machine.
    pub machines: Vec<String>,
}

/// Most machines of one gap that are named.
const MOST_MACHINES: usize = 3;

impl Gap {
    /// What is missing in which machine: `microvm.interfaces of guest db`.
    pub fn subject(&self) -> String {
        let named = self.machines.iter().take(MOST_MACHINES).map(String::as_str).collect::<Vec<_>>().join(", ");
        match self.machines.len().checked_sub(MOST_MACHINES) {
            _ if named.is_empty() => self.what.clone(),
            Some(more @ 1..) => format!("{} of {named} and {more} more", self.what),
            _ => format!("{} of {named}", self.what),
        }
    }

    /// Sorts gaps by place and makes one of those that differ only in the machine.
    pub(super) fn merged(mut gaps: Vec<Self>, order: &FileOrder) -> Vec<Self> {
        let at = |gap: &Self| gap.place.map(|place| order.of(place));
        gaps.sort_by(|a, b| at(a).cmp(&at(b)).then_with(|| a.cmp(b)));
        let mut merged: Vec<Self> = Vec::with_capacity(gaps.len());
        for gap in gaps {
            match merged.last_mut() {
                Some(last) if (last.place, &last.what, &last.why) == (gap.place, &gap.what, &gap.why) => {
                    last.machines.extend(gap.machines);
                }
                _ => merged.push(gap),
            }
        }
        for gap in &mut merged {
            gap.machines.sort();
            gap.machines.dedup();
        }
        merged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gap(what: &str, machine: &str) -> Gap {
        let machines = if machine.is_empty() { Vec::new() } else { vec![machine.to_owned()] };
        Gap { place: None, what: what.to_owned(), why: "w".to_owned(), machines }
    }

    #[test]
    fn one_gap_in_many_machines_is_one() {
        let gaps = ["d", "a", "c", "b", "a"].map(|machine| gap("x", machine)).to_vec();
        let merged = Gap::merged([gaps, vec![gap("y", "a"), gap("z", "")]].concat(), &FileOrder::default());
        let subjects: Vec<String> = merged.iter().map(Gap::subject).collect();
        assert_eq!(subjects, ["x of a, b, c and 1 more", "y of a", "z"]);
    }
}
