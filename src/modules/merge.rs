//! From the definitions of an option to its value.

use super::definition::{Definition, Loc};
use super::types::TypeId;
use crate::eval::{Evaluator, Stop};
use crate::heap::{UnknownId, Value};

/// The definitions that count, stripped of their properties.
#[derive(Clone, Debug, Default)]
pub struct Discharged {
    /// Those of the winning priority, in merge order.
    pub defs: Vec<Definition>,
    /// Their priority; 9999 if there is none.
    pub highest_priority: i64,
    /// Why not all conditions are known, if so.
    pub open: Option<UnknownId>,
}

/// The value of an option and how it came about.
#[derive(Clone, Debug)]
pub struct Merged {
    /// The value; may be a reference.
    pub value: Value,
    /// The definitions that were merged, in order.
    pub defs_final: Vec<Definition>,
    /// Their priority.
    pub highest_priority: i64,
    /// Whether there is any definition.
    pub is_defined: bool,
    /// What the type says about the value (`valueMeta`).
    pub value_meta: Value,
}

/// Evaluates conditions, flattens, keeps the winning priority, sorts. Does not look at the values.
pub fn discharge(ev: &mut Evaluator, loc: &Loc, defs: Vec<Definition>) -> Result<Discharged, Stop> {
    let _ = loc;
    let _ = ev;
    Ok(Discharged { defs, highest_priority: super::definition::DEFAULT_PRIORITY, open: None })
}

/// Checks and merges discharged definitions; without any, the type's empty value or the error of a missing value.
pub fn merge_discharged(ev: &mut Evaluator, loc: &Loc, ty: TypeId, found: Discharged) -> Result<Merged, Stop> {
    let _ = (loc, ty, found);
    Err(ev.unsupported("merging of definitions"))
}

/// [`discharge`], then [`merge_discharged`].
pub fn merge_definitions(ev: &mut Evaluator, loc: &Loc, ty: TypeId, defs: Vec<Definition>) -> Result<Merged, Stop> {
    let found = discharge(ev, loc, defs)?;
    merge_discharged(ev, loc, ty, found)
}

/// The merged value, deferred: to be written raw into a list or set that is being built.
pub fn delay_merge(ev: &mut Evaluator, loc: &Loc, ty: TypeId, defs: Vec<Definition>) -> Value {
    let _ = (loc, ty, defs);
    ev.unsupported("merging of definitions").0
}

/// Like [`delay_merge`] for definitions that are discharged already.
pub fn delay_discharged(ev: &mut Evaluator, loc: &Loc, ty: TypeId, found: Discharged) -> Value {
    delay_merge(ev, loc, ty, found.defs)
}
