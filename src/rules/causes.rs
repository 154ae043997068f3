//! One mistake, one finding.
//!
//! A mistake shows in many facts: two guests with one index also share their tap, their MAC and their addresses. Each rule names the rules
//! whose findings are effects of its own ([`RuleInfo::explains`]); such an effect is dropped if everything that it is about lies inside what
//! the cause is about. An effect that is dropped still explains its own effects.
//!
//! Then findings of one rule with one culprit become one: a mistake in a generator is made once, however many guests it reaches.

use rustc_hash::{FxHashMap, FxHashSet};

use super::context::Context;
use super::draft::Draft;
use super::finding::{Label, Severity};
use super::rule::RuleInfo;
use super::wording;
use crate::fleet::{GuestId, HostId};
use crate::source::Place;

/// A draft with its rule.
pub(super) type Judged = (&'static RuleInfo, Draft);

/// Drops the effects of causes that are there as well.
pub(super) fn without_effects(drafts: Vec<Judged>) -> Vec<Judged> {
    let mut by_guest: FxHashMap<(&str, GuestId), Vec<usize>> = FxHashMap::default();
    let mut by_host: FxHashMap<(&str, HostId), Vec<usize>> = FxHashMap::default();
    for (position, (rule, draft)) in drafts.iter().enumerate() {
        for effect in rule.explains {
            for guest in &draft.scope.guests {
                by_guest.entry((effect, *guest)).or_default().push(position);
            }
            if let (Some(host), true) = (draft.scope.host, draft.scope.guests.is_empty()) {
                by_host.entry((effect, host)).or_default().push(position);
            }
        }
    }
    let is_effect = |(rule, draft): &Judged| {
        let through_guest = draft.scope.guests.first().and_then(|guest| by_guest.get(&(rule.name, *guest)));
        let through_host = draft.scope.host.and_then(|host| by_host.get(&(rule.name, host)));
        let mut causes = through_guest.into_iter().chain(through_host).flatten();
        causes.any(|cause| drafts.get(*cause).is_some_and(|(_, cause)| cause.scope.covers(&draft.scope)))
    };
    let dropped: FxHashSet<usize> =
        drafts.iter().enumerate().filter(|(_, judged)| is_effect(judged)).map(|(position, _)| position).collect();
    drafts
        .into_iter()
        .enumerate()
        .filter(|(position, _)| !dropped.contains(position))
        .map(|(_, judged)| judged)
        .collect()
}

/// Makes one of the findings that share rule, severity and culprit.
pub(super) fn merged(context: &Context<'_>, mut drafts: Vec<Judged>) -> Vec<Judged> {
    blame_templates(&mut drafts);
    let mut kept: Vec<(Judged, Vec<GuestId>)> = Vec::new();
    let mut seen: FxHashMap<(&str, Option<Severity>, bool, Place), usize> = FxHashMap::default();
    for (rule, draft) in drafts {
        let key = draft.labels.first().map(|label| (rule.name, draft.severity, draft.is_possible, label.place));
        match key.and_then(|key| seen.get(&key)).and_then(|position| kept.get_mut(*position)) {
            Some(((_, first), more)) => {
                more.extend(draft.scope.guests.iter().filter(|guest| first.scope.guests.binary_search(guest).is_err()));
                draft.labels.into_iter().for_each(|label| first.add_label(label));
                first.scope.host = first.scope.host.filter(|host| draft.scope.host == Some(*host));
                first.scope.family = first.scope.family.filter(|family| draft.scope.family == Some(*family));
            }
            None => {
                if let Some(key) = key {
                    seen.insert(key, kept.len());
                }
                kept.push(((rule, draft), Vec::new()));
            }
        }
    }
    kept.into_iter().map(|((rule, draft), more)| (rule, with_others(context, draft, more))).collect()
}

/// A mistake that three guests have by the same expression is in the expression, not three times in the numbers that it is given.
fn blame_templates(drafts: &mut [Judged]) {
    let mut uses: FxHashMap<(&str, Place), usize> = FxHashMap::default();
    for (rule, draft) in drafts.iter() {
        for template in &draft.templates {
            *uses.entry((rule.name, *template)).or_default() += 1;
        }
    }
    for (rule, draft) in drafts {
        let is_shared = |template: &&Place| uses.get(&(rule.name, **template)).is_some_and(|uses| *uses >= 3);
        let Some(template) = draft.templates.iter().find(is_shared).copied() else { continue };
        let position = draft.labels.iter().position(|label| label.place == template);
        let label = match position {
            Some(position) => draft.labels.remove(position),
            None => Label { place: template, text: "made here for all of them".to_owned() },
        };
        draft.labels.insert(0, label);
    }
}

fn with_others(context: &Context<'_>, mut draft: Draft, mut more: Vec<GuestId>) -> Draft {
    more.sort_unstable();
    more.dedup();
    if !more.is_empty() {
        let names: Vec<&str> = more.iter().map(|guest| context.guest_name(*guest)).collect();
        draft.breaks = format!("{}; the same for {}", draft.breaks, wording::list(&names));
        draft.scope.guests.clear();
    }
    draft
}
