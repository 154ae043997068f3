//! Which guests hosts name, and which there are.

use super::context::Context;
use super::draft::{Draft, Scope};
use super::finding::Severity;
use super::rule::{Activation, FixKind, Group, OptIn, RuleInfo};
use crate::fleet::{Coverage, Declared};

pub(super) const NOT_DEPLOYED: RuleInfo = RuleInfo {
    name: "guest-not-deployed",
    severity: Severity::Note,
    group: Group::Taps,
    fix: FixKind::Suggested,
    activation: Activation::OnlyWith(OptIn::Unused),
    page: include_str!("guest_not_deployed.md"),
    explains: &[],
    run: not_deployed,
};

fn not_deployed(context: &Context<'_>) -> Vec<Draft> {
    let fleet = context.fleet;
    let tells_all = |host: &&crate::fleet::Host| host.vms.is_complete && host.autostart.is_complete;
    let mut running = fleet.hosts.iter().filter(|host| host.runs_guests());
    // A host that could not be read may run it.
    let is_known = running.clone().all(|host| tells_all(&host)) && Coverage::of(fleet).unread.is_empty();
    let Some(first) = running.next().filter(|_| is_known && !fleet.is_guessed) else { return Vec::new() };
    let lonely = fleet.numbered_guests().filter(|(_, guest)| {
        let is_named = fleet.hosts.iter().any(|host| host.autostart.items.iter().any(|name| name.value == guest.name));
        matches!(guest.declared, Declared::Configuration) && !is_named
    });
    let drafts = lonely.map(|(id, guest)| {
        Draft::new(
            Scope::guests(guest.host, [id]),
            format!("guest {} is defined, but no host names it in `microvm.vms` or `microvm.autostart`: nothing installs or starts it", guest.name),
        )
        .help(format!("add `{}` to `microvm.vms` of a host such as {}, or remove it; guests that the microvm command manages need neither", guest.name, first.name))
        .label(guest.place, "no host runs it")
    });
    drafts.collect()
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{never, only};

    #[test]
    fn a_configuration_that_no_host_names() {
        only("host h starts=web\nguest db configuration tap=vm1/02:00:00:00:00:01", "guest-not-deployed");
        never("host h starts=db\nguest db configuration tap=vm1/02:00:00:00:00:01", "guest-not-deployed");
        never("host h starts=unknown\nguest db configuration tap=vm1/02:00:00:00:00:01", "guest-not-deployed");
        never("guest db configuration tap=vm1/02:00:00:00:00:01", "guest-not-deployed");
        never("host h starts=web\nguest db tap=vm1/02:00:00:00:00:01", "guest-not-deployed");
    }
}
