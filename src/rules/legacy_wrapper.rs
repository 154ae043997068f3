//! `routeConfig` and `addressConfig`: the wrapper that NixOS demanded up to 24.05, takes with a warning since, and refuses beside other keys.

use super::context::Context;
use super::culprit;
use super::draft::Draft;
use super::finding::{Edit, Fix, Safety, Severity};
use super::odd::{self, Machine};
use super::rule::{Activation, FixKind, Group, RuleInfo};
use super::wording;
use crate::fleet::{Odd, Oddity};
use crate::schema::networkd::Section;
use crate::source::{Place, Span};

pub(super) const WRAPPER: RuleInfo = RuleInfo {
    name: "legacy-wrapper",
    severity: Severity::Warning,
    group: Group::Schema,
    fix: FixKind::Automatic,
    activation: Activation::Always,
    page: include_str!("legacy_wrapper.md"),
    explains: &[],
    run: |context| odd::judged(context, wrapper),
};

pub(super) const MIXED: RuleInfo = RuleInfo {
    name: "legacy-wrapper-mixed",
    severity: Severity::Error,
    group: Group::Schema,
    fix: FixKind::Automatic,
    activation: Activation::Always,
    page: include_str!("legacy_wrapper_mixed.md"),
    explains: odd::EFFECTS,
    run: |context| odd::judged(context, mixed),
};

pub(super) const FLAT: RuleInfo = RuleInfo {
    name: "flat-form-on-old-release",
    severity: Severity::Error,
    group: Group::Schema,
    fix: FixKind::Automatic,
    activation: Activation::Always,
    page: include_str!("flat_form_on_old_release.md"),
    explains: odd::EFFECTS,
    run: flat,
};

fn wrapper<'a>(context: &Context<'a>, machine: Machine<'a>, oddity: &Oddity) -> Option<Draft> {
    let Odd::Wrapper { beside, unwrapping } = &oddity.what else { return None };
    if !beside.is_empty() || !odd::is_since(machine.release(), 24, 11) {
        return None;
    }
    let wrong = format!("{} of {} is a wrapper that NixOS no longer wants", odd::key_words(oddity), machine.words());
    let breaks = "it warns at each build and will refuse it one day";
    Some(
        machine
            .draft(context, oddity, wrong, breaks)
            .help(format!("write the keys without `{}` around them", oddity.key))
            .label(machine.place(oddity), "the keys can stand here without it")
            .fix(unwrap(oddity, unwrapping)),
    )
}

fn mixed<'a>(context: &Context<'a>, machine: Machine<'a>, oddity: &Oddity) -> Option<Draft> {
    let Odd::Wrapper { beside, unwrapping } = &oddity.what else { return None };
    if beside.is_empty() {
        return None;
    }
    let names: Vec<String> = beside.iter().map(|(name, _)| format!("`{name}`")).collect();
    let names = wording::list(&names);
    let wrong = format!(
        "{} of {} stands beside {names}, and NixOS refuses the mixture",
        odd::key_words(oddity),
        machine.words()
    );
    let breaks = "the configuration does not build";
    let mut draft = machine
        .draft(context, oddity, wrong, breaks)
        .help(if odd::is_before(machine.release(), 24, 11) {
            format!("move {names} into `{}`", oddity.key)
        } else {
            format!("write the keys without `{}` around them", oddity.key)
        })
        .label(machine.place(oddity), "the old wrapper")
        .fix(unwrap(oddity, unwrapping).filter(|_| !odd::is_before(machine.release(), 24, 11)));
    for (name, place) in beside {
        draft = draft.label(*place, format!("`{name}` stands outside of it"));
    }
    Some(draft)
}

fn unwrap(oddity: &Oddity, unwrapping: &[Place]) -> Option<Fix> {
    let edits: Vec<Edit> = unwrapping.iter().map(|place| Edit { place: *place, replacement: String::new() }).collect();
    (!edits.is_empty()).then(|| Fix { title: format!("Remove `{}`", oddity.key), safety: Safety::Safe, edits })
}

fn flat(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for machine in Machine::all(context).filter(|machine| odd::is_before(machine.release(), 24, 11)) {
        for unit in machine.units() {
            let wrapper = Section::Route.wrapper().unwrap_or_default();
            for route in unit.routes.items.iter().filter(|route| !route.is_wrapped) {
                let first = [&route.destination, &route.gateway].into_iter().find_map(culprit::binding);
                let wrong = format!(
                    "a route of {} of {} is written without `{wrapper}`, but NixOS demands the wrapper up to 24.05",
                    unit.name,
                    machine.words()
                );
                let breaks = "the configuration does not build";
                drafts.push(
                    Draft::new(machine.scope(context, &unit.name, None), wrong, breaks)
                        .help(format!("write `{{ {wrapper} = {{ … }}; }}`, or update to NixOS 24.11 or newer"))
                        .label(
                            route.place.or(first).or(unit.place),
                            format!("`{wrapper} = {{ … }};` has to stand around these keys"),
                        )
                        .fix(route.place.map(|place| wrap(place, wrapper))),
                );
            }
        }
    }
    drafts
}

fn wrap(element: Place, wrapper: &str) -> Fix {
    let at = |byte| Place { file: element.file, span: Span::new(byte, byte) };
    let edits = vec![
        Edit { place: at(element.span.start), replacement: format!("{{ {wrapper} = ") },
        Edit { place: at(element.span.end), replacement: "; }".to_owned() },
    ];
    Fix { title: format!("Put the keys into `{wrapper}`"), safety: Safety::Safe, edits }
}
