//! What is wrong with the source itself: it does not parse, does not evaluate, or asks for an argument that nobody passes.

use super::context::Context;
use super::draft::{Draft, Scope};
use super::finding::Severity;
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::{Problem, ProblemKind};

pub(super) const SYNTAX: RuleInfo = RuleInfo {
    name: "syntax-error",
    severity: Severity::Error,
    group: Group::Source,
    fix: FixKind::Manual,
    activation: Activation::Always,
    page: include_str!("syntax_error.md"),
    explains: &[],
    run: |context| problems(context, |kind| matches!(kind, ProblemKind::Syntax)),
};

pub(super) const EVALUATION: RuleInfo = RuleInfo {
    name: "evaluation-error",
    severity: Severity::Error,
    group: Group::Source,
    fix: FixKind::Manual,
    activation: Activation::Always,
    page: include_str!("evaluation_error.md"),
    explains: &[],
    run: |context| problems(context, |kind| matches!(kind, ProblemKind::Evaluation)),
};

pub(super) const CONFLICT: RuleInfo = RuleInfo {
    name: "conflicting-definitions",
    severity: Severity::Error,
    group: Group::Source,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("conflicting_definitions.md"),
    explains: &[],
    run: |context| problems(context, |kind| matches!(kind, ProblemKind::Conflict)),
};

pub(super) const ASSERTION: RuleInfo = RuleInfo {
    name: "assertion-failed",
    severity: Severity::Error,
    group: Group::Source,
    fix: FixKind::Manual,
    activation: Activation::Always,
    page: include_str!("assertion_failed.md"),
    explains: &[],
    run: |context| problems(context, |kind| matches!(kind, ProblemKind::Assertion)),
};

pub(super) const MISSING_ARGUMENT: RuleInfo = RuleInfo {
    name: "special-arg-missing",
    severity: Severity::Error,
    group: Group::Source,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("special_arg_missing.md"),
    explains: &[],
    run: |context| problems(context, |kind| matches!(kind, ProblemKind::MissingArgument(_))),
};

fn problems(context: &Context<'_>, is_wanted: impl Fn(&ProblemKind) -> bool) -> Vec<Draft> {
    context.fleet.problems.iter().filter(|problem| is_wanted(&problem.kind)).filter_map(draft).collect()
}

fn draft(problem: &Problem) -> Option<Draft> {
    let machine = problem.machine.as_ref().map(|machine| format!("{machine}: ")).unwrap_or_default();
    let message = &problem.message;
    let does_not_build = "the configuration does not build";
    let is_unchecked = "the configuration does not build, and what depends on this value is not checked";
    let (wrong, breaks, help, text) = match &problem.kind {
        ProblemKind::Syntax => (
            message.clone(),
            "Nix reads nothing of this file",
            "correct the text here; the mistake can also stand a little before the place where Nix notices it"
                .to_owned(),
            "not understood from here on",
        ),
        ProblemKind::Evaluation => (
            format!("{machine}{message}"),
            is_unchecked,
            "correct the expression; the further places tell how evaluation came to it".to_owned(),
            "evaluation ends here",
        ),
        ProblemKind::Conflict => (
            format!("{machine}{message}"),
            is_unchecked,
            "keep one of the definitions; `lib.mkForce` lets one of them win, `lib.mkDefault` lets it give way"
                .to_owned(),
            "defined here",
        ),
        ProblemKind::MissingArgument(name) => (
            format!("{machine}the module takes the argument `{name}`, which nobody passes"),
            does_not_build,
            format!(
                "pass `{name}` through `specialArgs` (for a guest: `microvm.vms.<name>.specialArgs`) or set `_module.args.{name}`"
            ),
            "asked for here",
        ),
        ProblemKind::Assertion => (
            format!("{machine}an assertion does not hold, \"{message}\""),
            does_not_build,
            "do as the assertion says".to_owned(),
            "asserted here",
        ),
        // A rule of its own tells it.
        ProblemKind::Entry(_) => return None,
    };
    let mut draft = Draft::new(Scope::fleet(), wrong, breaks)
        .help(help)
        .label(problem.place, text)
        .possible_if(!problem.is_certain);
    for (place, text) in &problem.related {
        draft = draft.label(Some(*place), text.clone());
    }
    Some(draft)
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{only, reports};

    #[test]
    fn problems_are_findings() {
        let fleet = "problem syntax expected a semicolon\nproblem argument=registry missing\nproblem evaluation attribute x is missing\nproblem assertion take another index";
        reports(
            fleet,
            &[
                ("syntax-error", "syntax"),
                ("evaluation-error", "evaluation"),
                ("special-arg-missing", "argument=registry"),
                ("assertion-failed", "assertion"),
            ],
        );
        assert!(only(fleet, "special-arg-missing").message.contains("`registry`"));
    }
}
