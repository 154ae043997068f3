//! `lib.systems.architectures`: what processors that GCC knows by name can do.

use super::{column, namespace, rows, text_list};
use crate::eval::{Evaluator, NativeDef, Outcome};
use crate::heap::Value;

pub(super) const FUNCTIONS: &[NativeDef] = &[
    NativeDef::strict("lib.systems.architectures.hasInferior", 2, has_inferior_value),
    NativeDef::strict("lib.systems.architectures.canExecute", 2, can_execute_value),
    NativeDef::strict("internal.systems.hasFeature", 2, has_feature_value),
];

const TABLE: &str = include_str!("data/architectures.tsv");

/// Predicates of elaborated platforms and the feature that each stands for.
pub(super) const PREDICATES: [(&str, &str); 13] = [
    ("sse3Support", "sse3"),
    ("ssse3Support", "ssse3"),
    ("sse4_1Support", "sse4_1"),
    ("sse4_2Support", "sse4_2"),
    ("sse4_aSupport", "sse4a"),
    ("avxSupport", "avx"),
    ("avx2Support", "avx2"),
    ("avx512Support", "avx512"),
    ("aesSupport", "aes"),
    ("fmaSupport", "fma"),
    ("fma4Support", "fma4"),
    ("lsxSupport", "lsx"),
    ("lasxSupport", "lasx"),
];

/// The words in a column of an architecture's row; `None` if it is not listed there.
fn words(architecture: &str, index: usize) -> Option<Vec<&'static str>> {
    let row = rows(TABLE).find(|row| column(row, 0) == architecture)?;
    let text = column(&row, index);
    (text != "-").then(|| text.split_whitespace().collect())
}

/// Whether an architecture has a feature.
pub(super) fn has_feature(architecture: &str, feature: &str) -> bool {
    words(architecture, 1).is_some_and(|features| features.contains(&feature))
}

/// Whether a machine of one architecture runs code for another.
pub(super) fn can_execute(machine: &str, code: &str) -> bool {
    machine == code || has_inferior(machine, code)
}

fn has_inferior(machine: &str, code: &str) -> bool {
    words(machine, 2).is_some_and(|inferiors| inferiors.contains(&code))
}

/// The set `lib.systems.architectures`.
pub(super) fn set(ev: &mut Evaluator) -> Outcome {
    let (mut features, mut inferiors) = (Vec::new(), Vec::new());
    for row in rows(TABLE) {
        for (members, index) in [(&mut features, 1), (&mut inferiors, 2)] {
            if column(&row, index) != "-" {
                let words: Vec<&str> = column(&row, index).split_whitespace().collect();
                members.push((column(&row, 0), text_list(ev, &words)));
            }
        }
    }
    let mut predicates = Vec::new();
    for (name, feature) in PREDICATES {
        let feature = ev.str(feature);
        predicates.push((name, ev.native_with("internal.systems.hasFeature", &[feature])));
    }
    let more =
        [("features", ev.set(&features)), ("inferiors", ev.set(&inferiors)), ("predicates", ev.set(&predicates))];
    Ok(namespace(ev, "lib.systems.architectures.", FUNCTIONS, &more))
}

fn has_inferior_value(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [machine, code] = arguments else { return Ok(Value::NULL) };
    let (machine, code) = (ev.want_text(*machine)?, ev.want_text(*code)?);
    Ok(Value::bool(has_inferior(&machine, &code)))
}

fn can_execute_value(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [machine, code] = arguments else { return Ok(Value::NULL) };
    let (machine, code) = (ev.want_text(*machine)?, ev.want_text(*code)?);
    Ok(Value::bool(can_execute(&machine, &code)))
}

fn has_feature_value(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [feature, architecture] = arguments else { return Ok(Value::NULL) };
    let (feature, architecture) = (ev.want_text(*feature)?, ev.want_text(*architecture)?);
    Ok(Value::bool(has_feature(&architecture, &feature)))
}
