//! Two guests of one host with one host name.

use rustc_hash::{FxHashMap, FxHashSet};

use super::additions;
use super::context::Context;
use super::culprit;
use super::draft::{Draft, Scope};
use super::finding::{Safety, Severity};
use super::rule::{Activation, FixKind, Group, RuleInfo};
use super::wording;
use crate::fleet::{Declared, Fact, Guest, GuestId, HostId};

pub(super) const RULE: RuleInfo = RuleInfo {
    name: "duplicate-machine-identity",
    severity: Severity::Warning,
    group: Group::Uniqueness,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("duplicate_machine_identity.md"),
    explains: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Draft> {
    let mut named: FxHashMap<(HostId, &str), Vec<(GuestId, &Guest)>> = FxHashMap::default();
    for (id, guest) in context.fleet.numbered_guests() {
        // A file alone does not tell which module gives the name.
        let (Some(host), Some(name), Fact::Absent) = (guest.host, guest.host_name.value(), &guest.machine_id) else {
            continue;
        };
        if guest.declared != Declared::File {
            named.entry((host, name.as_str())).or_default().push((id, guest));
        }
    }
    let mut named: Vec<_> = named.into_iter().collect();
    named.sort_by_key(|((host, _), guests)| (*host, guests.first().map(|(id, _)| *id)));
    let mut drafts = Vec::new();
    for ((host, name), mut guests) in named {
        let ids: Vec<GuestId> = guests.iter().map(|(id, _)| *id).collect();
        guests.retain(|(id, _)| ids.iter().any(|other| other != id && context.fleet.may_run_together(*id, *other)));
        if guests.len() < 2 {
            continue;
        }
        let names: Vec<&str> = guests.iter().map(|(_, guest)| guest.name.as_str()).collect();
        let is_default = guests.iter().all(|(_, guest)| guest.host_name.place().is_none());
        let what =
            if is_default { "have no host name of their own and are both" } else { "have one host name and are both" };
        let what = if guests.len() > 2 { what.replace("both", "all") } else { what.to_owned() };
        let mut draft = Draft::new(
            Scope::guests(Some(host), guests.iter().map(|(id, _)| *id)),
            format!("guests {} {what} called {name}", wording::list(&names)),
            "the machine id that microvm.nix derives from the name is the same, so their journals and their registrations with systemd-machined collide on the host",
        )
        .help("set `networking.hostName` to a name of its own in each guest");
        let names = guests.iter().filter_map(|(_, guest)| Some((guest.host_name.known()?, guest.name.as_str())));
        let places: FxHashSet<_> = names.clone().map(|(written, _)| culprit::literal(written)).collect();
        // A literal that all of them share says nothing of its own about any.
        if places.len() == guests.len() {
            let fixes = names.map(|(written, own)| culprit::replace_literal(written, own, "", Safety::Unsafe));
            draft = draft.fix(additions::together(fixes, "Call each guest by its own name", Safety::Unsafe));
        }
        for (_, guest) in &guests {
            let place = guest.host_name.place().or(guest.place);
            draft = draft.label(place, format!("guest {} is called {name}", guest.name));
        }
        drafts.push(draft);
    }
    drafts
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{reports, silent};

    #[test]
    fn a_name_belongs_to_one_guest_of_a_host() {
        reports("host h\nguest a@h called=vm\nguest b@h called=vm", &[("duplicate-machine-identity", "vm")]);
        silent("host h\nguest a@h\nguest b@h");
        silent("host h\nhost i\nguest a@h called=vm\nguest b@i called=vm");
        silent("host h\nguest a@h called=vm\nguest b@h called=vm\nexclusive a b");
        silent("host h\nguest a@h called=unknown\nguest b@h called=unknown");
    }
}
