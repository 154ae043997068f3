//! What evaluation goes over in silence, as Nix does, and what still tells a reader of a configuration why it is as it is. Only kept if somebody asks.

use rustc_hash::FxHashMap;

use super::evaluator::Evaluator;
use crate::heap::Value;
use crate::syntax::ir::{Expr, ExprId};

/// Most notes of one kind: more would help nobody.
const MOST: usize = 1_000;

/// What was noted.
#[derive(Debug, Default)]
pub(super) struct Notes {
    counts: FxHashMap<ExprId, i64>,
}

impl Evaluator {
    /// Takes notes from now on.
    pub fn take_notes(&mut self) {
        self.notes.get_or_insert_default();
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
}
