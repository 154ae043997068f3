//! Equality and order.

use std::cmp::Ordering;

use super::evaluator::Evaluator;
use super::problem::Stop;
use crate::heap::{Set, SlotId, Symbol, Value, View, sym};

/// Deepest nesting of lists and sets that is compared or forced.
const DEEPEST: u32 = 2_000;

/// Names that Nix knows before it reads anything, in the order in which it came to know them: it compares the attributes of sets in that order, which
/// is visible where one of them fails. Others are compared in the order of their texts.
const KNOWN_FIRST: &[Symbol] = &[
    sym::OUT_PATH,
    sym::DRV_PATH,
    sym::TYPE,
    sym::META,
    sym::NAME,
    sym::VALUE,
    sym::SYSTEM,
    sym::OVERRIDES,
    sym::OUTPUTS,
    sym::OUTPUT_NAME,
    sym::FILE,
    sym::LINE,
    sym::COLUMN,
    sym::FUNCTOR,
    sym::TO_STRING,
    sym::RIGHT,
    sym::WRONG,
    sym::ARGS,
    sym::RECURSE_FOR_DERIVATIONS,
    sym::DESCRIPTION,
    sym::SELF,
    sym::EMPTY,
    sym::START_SET,
    sym::OPERATOR,
    sym::KEY,
    sym::PATH,
    sym::PREFIX,
    sym::BODY,
];

impl Evaluator {
    /// `a == b`. A known difference decides even when something else is unknown.
    pub fn equal(&mut self, a: Value, b: Value) -> Result<bool, Stop> {
        self.equal_within(a, b, 0)
    }

    #[allow(clippy::cast_precision_loss, reason = "Nix compares an integer with a float as floats")]
    fn equal_within(&mut self, a: Value, b: Value, depth: u32) -> Result<bool, Stop> {
        self.tick()?;
        if depth > DEEPEST {
            return Err(self.limit_error(super::LimitKind::Depth));
        }
        let (a, b) = (self.want(a)?, self.want(b)?);
        Ok(match (a.view(), b.view()) {
            (View::Null, View::Null) => true,
            (View::Bool(x), View::Bool(y)) => x == y,
            (View::Int(x), View::Int(y)) => x == y,
            (View::Float(x), View::Float(y)) => x == y,
            (View::Int(x), View::Float(y)) | (View::Float(y), View::Int(x)) => x as f64 == y,
            (View::Str(x), View::Str(y)) | (View::Path(x), View::Path(y)) => {
                x == y || self.heap.bytes(x) == self.heap.bytes(y)
            }
            (View::List(x), View::List(y)) => {
                if x.start == y.start && x.len == y.len {
                    return self.is_itself(x.slots());
                }
                let open = self.heap.open_reason(x).or(self.heap.open_reason(y));
                if x.len != y.len && open.is_none() {
                    return Ok(false);
                }
                let mut unknown = open.map(|id| Stop(Value::unknown(id)));
                for (left, right) in x.slots().zip(y.slots()) {
                    if !self.is_equal_cell(Value::reference(left), Value::reference(right), depth, &mut unknown)? {
                        return Ok(false);
                    }
                }
                return unknown.map_or(Ok(true), Err);
            }
            (View::Attrs(x), View::Attrs(y)) => return self.equal_sets(x, y, depth),
            _ => false,
        })
    }

    /// What is compared with itself is equal, if none of its elements fails.
    fn is_itself(&mut self, slots: impl Iterator<Item = SlotId>) -> Result<bool, Stop> {
        for slot in slots {
            self.tick()?;
            let element = self.force(Value::reference(slot));
            if element.is_error() {
                return Err(Stop(element));
            }
        }
        Ok(true)
    }

    /// Compares two elements; an unknown is remembered rather than returned, because a later difference decides.
    fn is_equal_cell(&mut self, a: Value, b: Value, depth: u32, unknown: &mut Option<Stop>) -> Result<bool, Stop> {
        if self.is_same(a, b) {
            return Ok(true);
        }
        match self.equal_within(a, b, depth + 1) {
            Err(stop) if stop.0.is_unknown() => {
                *unknown = unknown.or(Some(stop));
                Ok(true)
            }
            other => other,
        }
    }

    /// Nix compares elements by identity first, which is visible for functions, and where something inside fails.
    fn is_same(&mut self, a: Value, b: Value) -> bool {
        if a == b && matches!(a.view(), View::Ref(_)) {
            return !self.force(a).is_stop();
        }
        let (a, b) = (self.force(a), self.force(b));
        match (a.view(), b.view()) {
            (View::Lambda(f, x), View::Lambda(g, y)) => f == g && x == y && a.origin() == b.origin(),
            (View::Native(f), View::Native(g)) => f == g,
            (View::Partial(f), View::Partial(g)) => f == g,
            (View::List(x), View::List(y)) => x == y,
            (View::Attrs(x), View::Attrs(y)) => x == y,
            _ => false,
        }
    }

    fn equal_sets(&mut self, x: Set, y: Set, depth: u32) -> Result<bool, Stop> {
        if self.is_derivation_or_stop(x)?
            && self.is_derivation_or_stop(y)?
            && let (Some(a), Some(b)) = (self.attribute(x, sym::OUT_PATH), self.attribute(y, sym::OUT_PATH))
        {
            let mut unknown = None;
            let is_equal = self.is_equal_cell(a, b, depth, &mut unknown)?;
            return unknown.map_or(Ok(is_equal), Err);
        }
        if x == y {
            return self.is_itself(self.in_order(x).into_iter().map(|(_, slot)| slot));
        }
        let open = self.heap.open_set_reason(x).or(self.heap.open_set_reason(y));
        if open.is_none() && self.heap.set_len(x) != self.heap.set_len(y) {
            return Ok(false);
        }
        let mut unknown = open.map(|id| Stop(Value::unknown(id)));
        let others = if open.is_none() { self.in_order(y) } else { Vec::new() };
        for (index, (name, left)) in self.in_order(x).into_iter().enumerate() {
            let right = match others.get(index) {
                Some((other, right)) if *other == name => Some(*right),
                Some(_) => return Ok(false),
                None => self.heap.attribute(y, name),
            };
            match right {
                Some(right) => {
                    let (left, right) = (self.heap.share(left), self.heap.share(right));
                    if !self.is_equal_cell(left, right, depth, &mut unknown)? {
                        return Ok(false);
                    }
                }
                None if self.heap.open_set_reason(y).is_none() => return Ok(false),
                None => {}
            }
        }
        unknown.map_or(Ok(true), Err)
    }

    /// The attributes of a set in the order in which Nix compares them.
    fn in_order(&self, set: Set) -> Vec<(Symbol, SlotId)> {
        let mut entries: Vec<_> = self.heap.entries(set).into_iter().map(|(name, slot, _)| (name, slot)).collect();
        let rank = |name: Symbol| KNOWN_FIRST.iter().position(|known| *known == name).unwrap_or(KNOWN_FIRST.len());
        entries.sort_by_cached_key(|(name, _)| rank(*name));
        entries
    }

    /// Whether a set is a derivation, or the error of its `type`.
    fn is_derivation_or_stop(&mut self, set: Set) -> Result<bool, Stop> {
        match self.attribute(set, sym::TYPE).map(|value| self.force(value)) {
            Some(value) if value.is_error() => Err(Stop(value)),
            _ => Ok(self.is_derivation(set)),
        }
    }

    /// Whether a set is a derivation: its `type` is `"derivation"`.
    pub fn is_derivation(&mut self, set: Set) -> bool {
        match self.attribute(set, sym::TYPE).map(|value| self.force(value)).map(Value::view) {
            Some(View::Str(id)) => self.heap.bytes(id) == b"derivation",
            _ => false,
        }
    }

    /// `a < b` for numbers, strings, paths and lists.
    pub fn less(&mut self, a: Value, b: Value) -> Result<bool, Stop> {
        Ok(self.order(a, b, 0)? == Some(Ordering::Less))
    }

    /// The order of two values as `<` sees it; `None` for floats that are not comparable.
    #[allow(clippy::cast_precision_loss, reason = "Nix compares an integer with a float as floats")]
    fn order(&mut self, a: Value, b: Value, depth: u32) -> Result<Option<Ordering>, Stop> {
        self.tick()?;
        if depth > DEEPEST {
            return Err(self.limit_error(super::LimitKind::Depth));
        }
        let (a, b) = (self.want(a)?, self.want(b)?);
        Ok(match (a.view(), b.view()) {
            (View::Int(x), View::Int(y)) => Some(x.cmp(&y)),
            (View::Float(x), View::Float(y)) => x.partial_cmp(&y),
            (View::Int(x), View::Float(y)) => (x as f64).partial_cmp(&y),
            (View::Float(x), View::Int(y)) => x.partial_cmp(&(y as f64)),
            (View::Str(x), View::Str(y)) | (View::Path(x), View::Path(y)) => {
                Some(self.heap.bytes(x).cmp(self.heap.bytes(y)))
            }
            (View::List(x), View::List(y)) => {
                for (left, right) in x.slots().zip(y.slots()) {
                    let (left, right) = (self.heap.share(left), self.heap.share(right));
                    if !self.equal_within(left, right, depth + 1)? {
                        return self.order(left, right, depth + 1);
                    }
                }
                Some(x.len.cmp(&y.len))
            }
            _ => {
                let (left, right) = (self.describe(a), self.describe(b));
                return Err(self.error(super::ErrorKind::Type, format!("cannot compare {left} with {right}")));
            }
        })
    }

    /// Forces a value and everything in it; the first error or unknown stops it.
    pub fn force_deep(&mut self, value: Value) -> super::Outcome {
        let mut seen = rustc_hash::FxHashSet::default();
        self.force_deep_within(value, 0, &mut seen)?;
        self.want(value)
    }

    fn force_deep_within(
        &mut self,
        value: Value,
        depth: u32,
        seen: &mut rustc_hash::FxHashSet<(u32, u32)>,
    ) -> Result<(), Stop> {
        self.tick()?;
        if depth > self.limits.depth.min(DEEPEST * 5) {
            return Err(self.limit_error(super::LimitKind::Depth));
        }
        let value = self.want(value)?;
        match value.view() {
            View::List(seq) => {
                if let Some(id) = self.heap.open_reason(seq) {
                    return Err(Stop(Value::unknown(id)));
                }
                if seen.insert((seq.start, seq.len)) {
                    for slot in seq.slots() {
                        let element = self.force_slot(slot);
                        self.force_deep_within(element, depth + 1, seen)?;
                    }
                }
            }
            View::Attrs(set) => {
                if let Some(id) = self.heap.open_set_reason(set) {
                    return Err(Stop(Value::unknown(id)));
                }
                if seen.insert((set.start, u32::MAX - set.shape.0)) {
                    for (_, slot, _) in self.heap.entries(set) {
                        let element = self.force_slot(slot);
                        self.force_deep_within(element, depth + 1, seen)?;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}
