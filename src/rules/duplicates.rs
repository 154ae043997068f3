//! What rules about duplicates share: guests of one host that have the same value.

use rustc_hash::FxHashMap;

use super::draft::{Draft, Scope};
use super::finding::Severity;
use crate::fleet::{Fact, Fleet, GuestId, HostId, Link};

/// Links of different guests of one host with one value, at least two, in the order of the fleet.
pub(super) struct Clash<'c, 'a, V> {
    pub(super) host: Option<HostId>,
    pub(super) value: V,
    /// One link of each guest.
    pub(super) links: Vec<&'c Link<'a>>,
}

impl<V> Clash<'_, '_, V> {
    /// The guests.
    pub(super) fn guests(&self) -> Vec<GuestId> {
        self.links.iter().map(|link| link.guest_id).collect()
    }

    /// What it is about.
    pub(super) fn scope(&self) -> Scope {
        Scope::guests(self.host, self.guests())
    }

    /// A draft about it, less bad if only one of the guests starts by itself, less sure if it is not known that one host runs them.
    pub(super) fn draft(&self, wrong: String, breaks: impl Into<String>) -> Draft {
        let off = self
            .links
            .iter()
            .filter(|link| matches!(&link.guest.autostart, Fact::Known(autostart) if !autostart.value))
            .count();
        let draft = Draft::new(self.scope(), wrong, breaks).possible_if(self.host.is_none());
        if off + 1 >= self.links.len() { draft.severity(Severity::Warning) } else { draft }
    }
}

/// The clashes among some links. A guest that has the value twice counts once, and so do variants of one machine. One that never runs together with
/// any of the others does not count.
pub(super) fn clashes<'c, 'a, V>(
    fleet: &Fleet,
    links: impl IntoIterator<Item = &'c Link<'a>>,
    values: impl Fn(&'c Link<'a>) -> Vec<V>,
) -> Vec<Clash<'c, 'a, V>>
where
    V: Copy + Eq + Ord + std::hash::Hash,
    'a: 'c,
{
    let mut by_value: FxHashMap<(Option<HostId>, V), Vec<&'c Link<'a>>> = FxHashMap::default();
    for link in links {
        for value in values(link) {
            let users = by_value.entry((link.host_id, value)).or_default();
            let is_first = users.last().is_none_or(|last| last.guest_id != link.guest_id);
            if is_first && users.iter().all(|user| user.variant_of != link.variant_of) {
                users.push(link);
            }
        }
    }
    if !fleet.exclusive.is_empty() {
        by_value.values_mut().for_each(|links| keep_simultaneous(fleet, links));
    }
    let mut clashes: Vec<_> = by_value.into_iter().filter(|(_, links)| links.len() > 1).collect();
    clashes.sort_by_key(|(key, links)| (links.first().map(|link| link.guest_id), *key));
    clashes.into_iter().map(|((host, value), links)| Clash { host, value, links }).collect()
}

/// Keeps the links of guests that may run together with the guest of another one.
fn keep_simultaneous(fleet: &Fleet, links: &mut Vec<&Link<'_>>) {
    if links.len() < 2 {
        return;
    }
    let guests: Vec<GuestId> = links.iter().map(|link| link.guest_id).collect();
    let meets = |id: GuestId| guests.iter().any(|other| *other != id && fleet.may_run_together(id, *other));
    links.retain(|link| meets(link.guest_id));
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{reports, silent};

    const FLEET: &str = "host h
        guest blue@h tap=vm5/02:00:00:00:00:05
        guest green@h tap=vm5/02:00:00:00:00:06\n";

    #[test]
    fn guests_that_never_run_together_may_share_a_device() {
        silent(&format!("{FLEET}exclusive blue green"));
        reports(FLEET, &[("duplicate-tap-id", "vm5")]);
    }

    #[test]
    fn a_third_guest_still_clashes_with_both() {
        let fleet = format!("{FLEET}guest red@h tap=vm5/02:00:00:00:00:07\nexclusive blue green");
        reports(&fleet, &[("duplicate-tap-id", "vm5")]);
        assert!(crate::rules::testing::only(&fleet, "duplicate-tap-id").message.contains("blue, green and red"));
    }
}
