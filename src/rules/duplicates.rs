//! What rules about duplicates share: guests of one host that have the same value.

use rustc_hash::FxHashMap;

use super::context::Context;
use super::draft::{Draft, Scope};
use super::finding::Severity;
use crate::fleet::{Fact, GuestId, HostId, Link};

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
    pub(super) fn draft(&self, message: String) -> Draft {
        let off = self
            .links
            .iter()
            .filter(|link| matches!(&link.guest.autostart, Fact::Known(autostart) if !autostart.value))
            .count();
        let draft = Draft::new(self.scope(), message).possible_if(self.host.is_none());
        if off + 1 >= self.links.len() { draft.severity(Severity::Warning) } else { draft }
    }
}

/// The clashes among some links. A guest that has the value twice counts once.
pub(super) fn clashes<'c, 'a, V>(
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
            if users.last().is_none_or(|last| last.guest_id != link.guest_id) {
                users.push(link);
            }
        }
    }
    let mut clashes: Vec<_> = by_value.into_iter().filter(|(_, links)| links.len() > 1).collect();
    clashes.sort_by_key(|(key, links)| (links.first().map(|link| link.guest_id), *key));
    clashes.into_iter().map(|((host, value), links)| Clash { host, value, links }).collect()
}

/// The lowest index from 1 that no guest of a host has.
pub(super) fn free_index(context: &Context<'_>, host: Option<HostId>) -> i64 {
    let guests = context.fleet.guests.iter().filter(|guest| guest.host == host);
    let mut used: Vec<i64> = guests.filter_map(|guest| guest.index.as_ref()).map(|index| index.value).collect();
    used.sort_unstable();
    used.dedup();
    let mut free = 1;
    for index in used {
        if index == free {
            free += 1;
        }
    }
    free
}
