//! The part of a value that is known, where something else in it is not.

use rustc_hash::FxHashSet;

use super::evaluator::Evaluator;
use super::limits::LimitKind;
use super::problem::{Stop, UnknownReason};
use crate::heap::{Symbol, UnknownId, Value, View};
use crate::syntax::ExprId;

/// Deepest nesting that is looked into.
const DEEPEST: u32 = 5_000;

/// What is known of a value.
#[derive(Clone, Debug)]
pub struct KnownPart {
    /// The value without its unknown members; complete.
    pub value: Value,
    /// What was left out: the path below the value, and the unknown. Options that nobody sets and routelint does not declare are not counted: they
    /// are everywhere.
    pub missing: Vec<(Vec<String>, UnknownId)>,
}

impl Evaluator {
    /// Evaluates everything inside a value and leaves out what is unknown.
    ///
    /// # Errors
    /// The value itself is unknown, or an error is somewhere inside.
    pub fn known_part(&mut self, value: Value) -> Result<KnownPart, Stop> {
        let value = self.want(value)?;
        let mut pruning = Pruning::default();
        let value = pruning.prune(self, value, 0)?;
        Ok(KnownPart { value, missing: pruning.missing })
    }
}

#[derive(Default)]
struct Pruning {
    path: Vec<String>,
    missing: Vec<(Vec<String>, UnknownId)>,
    /// Sets and lists that are being looked into, by first slot and by length or shape: a value that contains itself has no end.
    within: FxHashSet<(u32, u32)>,
}

impl Pruning {
    fn prune(&mut self, ev: &mut Evaluator, value: Value, depth: u32) -> Result<Value, Stop> {
        ev.tick()?;
        if depth > DEEPEST.min(ev.limits.depth) {
            return Err(ev.limit_error(LimitKind::Depth));
        }
        match value.view() {
            View::List(seq) => {
                let elements = ev.heap.elements(seq);
                let named = elements.into_iter().enumerate().map(|(index, element)| (index.to_string(), element));
                let known = self.members(ev, named.collect(), (seq.start, seq.len), depth)?;
                self.note_open(ev, ev.heap.open_reason(seq));
                let values: Vec<Value> = known.into_iter().map(|(_, value)| value).collect();
                Ok(ev.heap.new_list(&values))
            }
            View::Attrs(set) => {
                let entries = ev.heap.entries(set);
                let named =
                    entries.iter().map(|(name, slot, _)| (ev.heap.name(*name).to_owned(), ev.heap.share(*slot)));
                let known = self.members(ev, named.collect(), (set.start, u32::MAX - set.shape.0), depth)?;
                self.note_open(ev, ev.heap.open_set_reason(set));
                let attributes: Vec<(Symbol, Value, ExprId)> = known
                    .into_iter()
                    .filter_map(|(index, value)| entries.get(index).map(|(name, _, origin)| (*name, value, *origin)))
                    .collect();
                Ok(ev.heap.new_set(&attributes))
            }
            _ => Ok(value),
        }
    }

    /// The known ones of some members, each with its index.
    fn members(
        &mut self,
        ev: &mut Evaluator,
        members: Vec<(String, Value)>,
        identity: (u32, u32),
        depth: u32,
    ) -> Result<Vec<(usize, Value)>, Stop> {
        let mut known = Vec::with_capacity(members.len());
        let is_new = members.is_empty() || self.within.insert(identity);
        if !is_new {
            return Err(ev.limit_error(LimitKind::Depth));
        }
        for (index, (name, value)) in members.into_iter().enumerate() {
            self.path.push(name);
            let value = ev.force(value);
            match value.view() {
                View::Error(_) => return Err(Stop(value)),
                View::Unknown(id) => self.missing.push((self.path.clone(), id)),
                _ => known.push((index, self.prune(ev, value, depth + 1)?)),
            }
            self.path.pop();
        }
        self.within.remove(&identity);
        Ok(known)
    }

    fn note_open(&mut self, ev: &Evaluator, reason: Option<UnknownId>) {
        let Some(id) = reason else { return };
        let is_undeclared =
            ev.unknown_info(id).is_some_and(|info| matches!(info.reason, UnknownReason::UndeclaredOption(_)));
        if !is_undeclared {
            let mut path = self.path.clone();
            path.push("…".to_owned());
            self.missing.push((path, id));
        }
    }
}
