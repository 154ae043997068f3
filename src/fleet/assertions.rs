//! Assertions of modules: what they themselves say is wrong with a configuration.

use super::reader::Reader;
use super::trouble::{Problem, ProblemKind};
use crate::eval::Coercion;
use crate::heap::{Value, View};
use crate::modules::{self, EvalId};

/// Most assertions of one machine that are looked at.
const MOST: usize = 10_000;

impl Reader<'_> {
    /// Records the assertions of a machine that certainly fail (nixpkgs, `nixos/modules/system/activation/top-level.nix`: a configuration with
    /// one does not build). Where modules of any machine are missing nothing is said: what an assertion looks at might come
    /// from them.
    pub(super) fn failed_assertions(&mut self, machine: EvalId) {
        if modules::is_any_incomplete(self.ev) {
            return;
        }
        let failed = self.quietly(|reader| {
            let value = reader.option(machine, &["assertions"]).value;
            let View::List(all) = reader.settled(value, &["assertions"]).view() else { return Vec::new() };
            let elements = reader.ev.heap.elements(all);
            elements.into_iter().take(MOST).filter_map(|element| reader.failed(element)).collect::<Vec<_>>()
        });
        for problem in failed {
            // Several guests are made of the same modules: one mistake.
            let is_known = |known: &Problem| known.place == problem.place && known.message == problem.message;
            if !self.problems.iter().any(is_known) {
                self.problems.push(problem);
            }
        }
    }

    fn failed(&mut self, element: Value) -> Option<Problem> {
        let View::Attrs(set) = self.ev.force(element).view() else { return None };
        let [condition, message] = ["assertion", "message"].map(|name| self.ev.heap.intern(name));
        let key = self.ev.heap.key(set, condition)?;
        let holds = self.ev.attribute(set, condition).map(|value| self.ev.force(value))?;
        if holds.view() != View::Bool(false) {
            return None;
        }
        let message = self.ev.attribute(set, message)?;
        let message = self.ev.coerce(message, Coercion::Strict).ok()?;
        let text = self.ev.heap.text(message).trim().to_owned();
        let place = self.place(key.origin).or_else(|| self.place(element.origin()));
        let machine = (!self.machine.is_empty()).then(|| self.machine.clone());
        Some(Problem {
            kind: ProblemKind::Assertion,
            message: text,
            place,
            related: Vec::new(),
            machine,
            is_certain: true,
        })
    }
}
