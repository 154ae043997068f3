//! What evaluation goes over in silence, as Nix does, and what still tells a reader of a configuration why it is as it is. Only kept if somebody asks.

use rustc_hash::{FxHashMap, FxHashSet};

use super::evaluator::Evaluator;
use crate::heap::{Set, Symbol, Value, View};
use crate::syntax::ir::{Expr, ExprId};

/// Most notes of one kind: more would help nobody.
const MOST: usize = 1_000;

/// What was noted.
#[derive(Debug, Default)]
pub(super) struct Notes {
    counts: FxHashMap<ExprId, i64>,
    /// Names whose values are noted when `//` drops them.
    watched: Vec<Symbol>,
    dropped: Vec<Dropped>,
}

/// A value that another one of the same name took the place of.
#[derive(Clone, Copy, Debug)]
pub struct Dropped {
    /// The name.
    pub name: Symbol,
    /// The value that is lost.
    pub lost: Value,
    /// Where the name of the lost one was written.
    pub lost_name: ExprId,
    /// The value that is kept.
    pub kept: Value,
    /// Where the name of the kept one was written.
    pub kept_name: ExprId,
    /// The `//` that did it; none where a function made a set of a list and took the first of two.
    pub update: ExprId,
}

impl Evaluator {
    /// Takes notes from now on; of what `//` drops only values of these names.
    pub fn take_notes(&mut self, watched: &[&str]) {
        let watched = watched.iter().map(|name| self.heap.intern(name)).collect();
        self.notes = Some(Box::new(Notes { watched, ..Notes::default() }));
    }

    /// Notes how far a list was counted that was made of nothing but numbers. Only numbers that are written down are kept.
    #[inline]
    pub fn note_count(&mut self, number: Value, count: i64) {
        if self.notes.is_some() && matches!(self.program.expr(number.origin()), Expr::Int(_)) {
            self.keep_count(number.origin(), count);
        }
    }

    fn keep_count(&mut self, literal: ExprId, count: i64) {
        if let Some(notes) = self.notes.as_mut().filter(|notes| notes.counts.len() < MOST) {
            notes.counts.insert(literal, count);
        }
    }

    /// Literals that lists were counted up to, in the order of the source.
    pub fn counts(&self) -> Vec<(ExprId, i64)> {
        let mut counts: Vec<(ExprId, i64)> =
            self.notes.iter().flat_map(|notes| &notes.counts).map(|(literal, count)| (*literal, *count)).collect();
        counts.sort_unstable();
        counts
    }

    /// Notes what an update drops. `right` tells whether a name stands on the right.
    #[inline]
    pub(super) fn note_update(
        &mut self,
        left: Set,
        right: impl Fn(&Self, Symbol) -> bool,
        result: Value,
        update: ExprId,
    ) {
        if self.notes.is_some() {
            self.keep_update(left, right, result, update);
        }
    }

    fn keep_update(&mut self, left: Set, right: impl Fn(&Self, Symbol) -> bool, result: Value, update: ExprId) {
        let (Some(notes), View::Attrs(result)) = (&self.notes, result.view()) else { return };
        if notes.dropped.len() >= MOST {
            return;
        }
        let drop = |name: &Symbol| {
            let lost = self.heap.key(left, *name).filter(|_| right(self, *name))?;
            let kept = self.heap.key(result, *name)?;
            Some(Dropped {
                name: *name,
                lost: Value::reference(left.slot(&lost)),
                lost_name: lost.origin,
                kept: Value::reference(result.slot(&kept)),
                kept_name: kept.origin,
                update,
            })
        };
        let dropped: Vec<Dropped> = notes.watched.iter().filter_map(drop).collect();
        if let Some(notes) = self.notes.as_mut().filter(|_| !dropped.is_empty()) {
            notes.dropped.extend(dropped);
        }
    }

    /// Notes which of some attributes are lost because an earlier one has the name, when a set is made of them.
    pub fn note_same_names(&mut self, attributes: &[(Symbol, Value, ExprId)], made: Value) {
        let View::Attrs(set) = made.view() else { return };
        if self.notes.is_none() || self.heap.set_len(set) == attributes.len() {
            return;
        }
        let mut first: FxHashMap<Symbol, (Value, ExprId)> = FxHashMap::default();
        let mut dropped = Vec::new();
        for (name, lost, lost_name) in attributes {
            match first.get(name) {
                Some((kept, kept_name)) => dropped.push(Dropped {
                    name: *name,
                    lost: *lost,
                    lost_name: *lost_name,
                    kept: *kept,
                    kept_name: *kept_name,
                    update: ExprId::NONE,
                }),
                None => {
                    first.insert(*name, (*lost, *lost_name));
                }
            }
        }
        if let Some(notes) = self.notes.as_mut() {
            dropped.truncate(MOST.saturating_sub(notes.dropped.len()));
            notes.dropped.extend(dropped);
        }
    }

    /// What was noted as lost.
    pub fn dropped(&self) -> Vec<Dropped> {
        let all = self.notes.iter().flat_map(|notes| &notes.dropped);
        // A part of an update that is taken apart again may be noted a second time.
        let mut seen = FxHashSet::default();
        all.filter(|one| seen.insert((one.name, one.lost, one.update))).copied().collect()
    }
}
