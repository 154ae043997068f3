//! Addresses of virtual sockets (vsock(7)): one number for each guest of a host.

use rustc_hash::FxHashMap;

use super::context::Context;
use super::culprit;
use super::draft::{Draft, Scope};
use super::finding::{Fix, Safety, Severity};
use super::rule::{Activation, FixKind, Group, RuleInfo};
use super::wording;
use crate::fleet::{Fact, Guest, GuestId, HostId, Sourced};

pub(super) const DUPLICATE: RuleInfo = RuleInfo {
    name: "duplicate-vsock-cid",
    severity: Severity::Error,
    group: Group::Uniqueness,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("duplicate_vsock_cid.md"),
    explains: &[],
    run: duplicate,
};

pub(super) const RESERVED: RuleInfo = RuleInfo {
    name: "vsock-cid-reserved",
    severity: Severity::Error,
    group: Group::Identity,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("vsock_cid_reserved.md"),
    explains: &["duplicate-vsock-cid"],
    run: reserved,
};

/// Hypervisors that use the sockets of the host's kernel. Firecracker and Cloud Hypervisor have a file for each guest instead.
const SHARED: &[&str] = &["qemu", "crosvm", "kvmtool", "alioth"];

fn cid(guest: &Guest) -> Option<&Sourced<i64>> {
    guest.vsock_cid.known().filter(|_| guest.hypervisor.value().is_some_and(|name| SHARED.contains(&name.as_str())))
}

fn duplicate(context: &Context<'_>) -> Vec<Draft> {
    let mut users: FxHashMap<(HostId, i64), Vec<(GuestId, &Guest)>> = FxHashMap::default();
    for (id, guest) in context.fleet.numbered_guests() {
        if let (Some(host), Some(cid)) = (guest.host, cid(guest)) {
            users.entry((host, cid.value)).or_default().push((id, guest));
        }
    }
    let mut users: Vec<_> = users.into_iter().collect();
    users.sort_by_key(|((host, _), guests)| (*host, guests.first().map(|(id, _)| *id)));
    let mut drafts = Vec::new();
    for ((host, number), mut guests) in users {
        let ids: Vec<GuestId> = guests.iter().map(|(id, _)| *id).collect();
        guests.retain(|(id, _)| ids.iter().any(|other| other != id && context.fleet.may_run_together(*id, *other)));
        if guests.len() < 2 {
            continue;
        }
        let is_off = |guest: &Guest| matches!(&guest.autostart, Fact::Known(autostart) if !autostart.value);
        let off = guests.iter().filter(|(_, guest)| is_off(guest)).count();
        let names: Vec<&str> = guests.iter().map(|(_, guest)| guest.name.as_str()).collect();
        let mut draft = Draft::new(
            Scope::guests(Some(host), guests.iter().map(|(id, _)| *id)),
            format!("guests {} have the vsock address {number}", wording::list(&names)),
            "the one that starts second fails, because the address is in use",
        )
        .help("give every guest a number of its own from 3 on, such as 100 and its index");
        if off + 1 >= guests.len() {
            draft = draft.severity(Severity::Warning);
        }
        for (_, guest) in &guests {
            draft = draft.label(
                cid(guest).and_then(Sourced::place).or(guest.place),
                format!("{number} of guest {}", guest.name),
            );
        }
        let last = guests.last().and_then(|(_, guest)| cid(guest)).filter(|_| draft.labels.len() > 1);
        draft = draft.fix(last.and_then(|cid| numbered(cid, context.free.cid(Some(host)))));
        drafts.push(draft);
    }
    drafts
}

fn reserved(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, guest) in context.fleet.numbered_guests() {
        let Some(cid) = guest.vsock_cid.known() else { continue };
        let why = match cid.value {
            0 => "it means the hypervisor",
            1 => "it means the machine itself",
            2 => "it means the host",
            number if number < 0 || number >= i64::from(u32::MAX) => {
                "it is no 32-bit number, or the one that means any"
            }
            _ => continue,
        };
        drafts.push(
            Draft::new(
                Scope::guests(guest.host, [id]),
                format!("guest {} has the vsock address {}, which is reserved ({why})", guest.name, cid.value),
                "it does not start",
            )
            .help("take a number from 3 on, such as 100 and the guest's index")
            .label(cid.place().or(guest.place), "reserved")
            .fix(numbered(cid, context.free.cid(guest.host))),
        );
    }
    drafts
}

/// An edit that writes another number.
fn numbered(cid: &Sourced<i64>, new: i64) -> Option<Fix> {
    let fix = culprit::replace_value(&cid.origin, cid.value.to_string().len(), &new.to_string())?;
    Some(Fix { safety: Safety::Unsafe, ..fix })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{reports, silent};

    #[test]
    fn numbers_are_reserved_or_belong_to_one_guest() {
        reports("host h\nguest a@h cid=5\nguest b@h cid=5", &[("duplicate-vsock-cid", "5")]);
        reports("host h\nguest a@h cid=2", &[("vsock-cid-reserved", "2")]);
        for fleet in [
            "host h\nguest a@h cid=5\nguest b@h cid=6",
            "host h\nhost i\nguest a@h cid=5\nguest b@i cid=5",
            "host h\nguest a@h cid=5 hypervisor=firecracker\nguest b@h cid=5 hypervisor=firecracker",
            "host h\nguest a@h cid=5\nguest b@h cid=5\nexclusive a b",
        ] {
            silent(fleet);
        }
    }
}
