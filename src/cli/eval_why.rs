//! `routelint eval --why`: what a value was computed from.

use crate::eval::{Derivation, Evaluator, Stop};
use crate::heap::{Value, View};
use crate::modules::{self, EvalId, LossReason, show_name};
use crate::report::why::{Why, WhyDefinition};
use crate::syntax::ExprId;
use crate::syntax::ir::Expr;

/// Most members of one set or list that are told one by one, and deepest nesting that is looked into.
const MOST_MEMBERS: usize = 100;
const DEEPEST: usize = 8;

/// A value and what it was computed from: of a scalar the steps that made it, of a set or list its members.
pub(super) fn why(evaluator: &mut Evaluator, value: Value) -> Why {
    members(evaluator, value, DEEPEST)
}

fn members(evaluator: &mut Evaluator, value: Value, deeper: usize) -> Why {
    let value = evaluator.force(value);
    let named: Vec<(String, Value)> = match value.view() {
        View::List(seq) => {
            let elements = evaluator.heap.elements(seq).into_iter().enumerate();
            elements.map(|(index, element)| (index.to_string(), element)).collect()
        }
        View::Attrs(set) => {
            let entries = evaluator.heap.entries(set).into_iter();
            entries.map(|(name, slot, _)| (show_name(evaluator.heap.name(name)), evaluator.heap.share(slot))).collect()
        }
        _ => {
            return match evaluator.derivation(value) {
                Some(derivation) => steps(evaluator, &derivation),
                None => Why { value: evaluator.print(value), ..whole(evaluator, value.origin()) },
            };
        }
    };
    let shown = if deeper == 0 { 0 } else { named.len().min(MOST_MEMBERS) };
    let left_out = named.len() - shown;
    let mut parts = Vec::with_capacity(shown);
    for (name, member) in named.into_iter().take(shown) {
        let part = members(evaluator, member, deeper - 1);
        parts.push(Why { member: Some(name), ..part });
    }
    let value_text = if matches!(value.view(), View::List(_)) { "[ … ]" } else { "{ … }" };
    Why { value: value_text.to_owned(), is_computed: false, parts, left_out, ..whole(evaluator, value.origin()) }
}

fn steps(evaluator: &Evaluator, derivation: &Derivation) -> Why {
    let value = match derivation.value.view() {
        View::Error(_) | View::Unknown(_) => {
            format!("({})", evaluator.stop_message(Stop(derivation.value)))
        }
        _ => evaluator.print(derivation.value),
    };
    let parts = derivation.parts.iter().map(|part| steps(evaluator, part)).collect();
    Why { value, parts, ..whole(evaluator, derivation.origin) }
}

/// Where an expression stands, and whether more stands there than the value itself.
fn whole(evaluator: &Evaluator, origin: ExprId) -> Why {
    let is_literal =
        matches!(evaluator.program.expr(origin), Expr::Int(_) | Expr::Float(_) | Expr::Str(_) | Expr::Path(_));
    let place = evaluator.program.place(origin);
    Why { place, is_computed: place.is_some() && !is_literal, ..Why::default() }
}

/// The definitions of an option: those that count first.
pub(super) fn definitions(evaluator: &mut Evaluator, machine: EvalId, option: &[String]) -> Vec<WhyDefinition> {
    let path: Vec<&str> = option.iter().map(String::as_str).collect();
    let report = modules::option_report(evaluator, machine, &path);
    let counting = report.definitions.iter().map(|one| (one, "counts"));
    let losing = report.losing.iter().map(|(one, reason)| {
        let standing = match reason {
            LossReason::Priority => "is overruled by a stronger priority",
            LossReason::ConditionFalse => "does not apply: its condition is false",
            LossReason::ConditionUnknown => "may apply: its condition is unknown",
        };
        (one, standing)
    });
    let all = counting.chain(losing).map(|(one, standing)| WhyDefinition {
        place: evaluator.program.place(one.origin),
        file: one.file.to_string(),
        standing,
        priority: one.priority,
    });
    all.collect()
}
