//! How much two texts differ.

use super::super::support::{bytes, coerced};
use super::truth;
use crate::eval::{Evaluator, NativeDef, Outcome, Stop};
use crate::heap::Value;

pub(super) static FUNCTIONS: &[NativeDef] = &[
    NativeDef::strict("lib.strings.levenshtein", 2, levenshtein),
    NativeDef::strict("lib.strings.levenshteinAtMost", 3, levenshtein_at_most),
    NativeDef::strict("lib.strings.commonPrefixLength", 2, common_prefix_length),
    NativeDef::strict("lib.strings.commonSuffixLength", 2, common_suffix_length),
];

fn both(ev: &mut Evaluator, a: Value, b: Value) -> Result<(Vec<u8>, Vec<u8>), Stop> {
    let (a, b) = (coerced(ev, a)?, coerced(ev, b)?);
    let (a, b) = (bytes(ev, a), bytes(ev, b));
    let work = a.len().saturating_mul(b.len());
    ev.tick_many(u64::try_from(work).unwrap_or(u64::MAX) / 16 + 1)?;
    Ok((a, b))
}

/// The least number of insertions, deletions and replacements of bytes that makes one text of the other.
fn edits(a: &[u8], b: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (above, x) in (1..).zip(a) {
        let mut diagonal = above - 1;
        let mut left = above;
        let mut next = vec![above];
        for (y, up) in b.iter().zip(row.iter().skip(1)) {
            left = (left + 1).min(up + 1).min(diagonal + usize::from(x != y));
            diagonal = *up;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

fn levenshtein(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [a, b] = arguments else { return Ok(Value::NULL) };
    let (a, b) = both(ev, *a, *b)?;
    Ok(Value::int(i64::try_from(edits(&a, &b)).unwrap_or(i64::MAX)))
}

fn levenshtein_at_most(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [most, a, b] = arguments else { return Ok(Value::NULL) };
    let most = ev.want_int(*most)?;
    if most <= 0 {
        return ev.equal(*a, *b).and_then(truth);
    }
    let (a, b) = both(ev, *a, *b)?;
    truth(i64::try_from(edits(&a, &b)).is_ok_and(|distance| distance <= most))
}

fn length(common: usize) -> Outcome {
    Ok(Value::int(i64::try_from(common).unwrap_or(i64::MAX)))
}

fn common_prefix_length(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [a, b] = arguments else { return Ok(Value::NULL) };
    let (a, b) = both(ev, *a, *b)?;
    length(a.iter().zip(&b).take_while(|(x, y)| x == y).count())
}

fn common_suffix_length(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [a, b] = arguments else { return Ok(Value::NULL) };
    let (a, b) = both(ev, *a, *b)?;
    length(a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count())
}
