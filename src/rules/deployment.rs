//! Which guests hosts name, and which there are.

use rustc_hash::FxHashSet;

use super::context::Context;
use super::draft::{Draft, Scope};
use super::finding::Severity;
use super::names::nearest_of;
use super::rule::{Activation, FixKind, Group, OptIn, RuleInfo};
use crate::fleet::{Coverage, Declared, EntryMistake, Fleet, Problem, ProblemKind};

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

pub(super) const REFERENCE_MISSING: RuleInfo = RuleInfo {
    name: "host-vms-reference-missing",
    severity: Severity::Error,
    group: Group::Taps,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("host_vms_reference_missing.md"),
    explains: &["guest-not-deployed"],
    run: reference_missing,
};

pub(super) const CONFIG_AND_FLAKE: RuleInfo = RuleInfo {
    name: "vm-config-and-flake",
    severity: Severity::Error,
    group: Group::Taps,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("vm_config_and_flake.md"),
    explains: &[],
    run: |context| entries(context, EntryMistake::ConfigAndFlake),
};

pub(super) const NO_GUEST: RuleInfo = RuleInfo {
    name: "vm-without-microvm-module",
    severity: Severity::Error,
    group: Group::Taps,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("vm_without_microvm_module.md"),
    explains: &[],
    run: |context| entries(context, EntryMistake::NoGuestModule),
};

fn not_deployed(context: &Context<'_>) -> Vec<Draft> {
    let fleet = context.fleet;
    let tells_all = |host: &&crate::fleet::Host| host.vms.is_complete && host.autostart.is_complete;
    let mut running = fleet.hosts.iter().filter(|host| host.runs_guests());
    // A host that could not be read may run it.
    let is_known = running.clone().all(|host| tells_all(&host)) && Coverage::of(fleet).unread.is_empty();
    let Some(first) = running.next().filter(|_| is_known && !fleet.is_guessed) else { return Vec::new() };
    let started = started(fleet);
    let lonely = fleet
        .numbered_guests()
        .filter(|(_, guest)| guest.declared == Declared::Configuration && !started.contains(guest.name.as_str()));
    let drafts = lonely.map(|(id, guest)| {
        Draft::new(
            Scope::guests(guest.host, [id]),
            format!("guest {} is defined, but no host names it in `microvm.vms` or `microvm.autostart`", guest.name),
            "nothing installs or starts it",
        )
        .help(format!("add `{}` to `microvm.vms` of a host such as {}, or remove it; guests that the microvm command manages need neither", guest.name, first.name))
        .label(guest.place, "no host runs it")
    });
    drafts.collect()
}

/// What was found wrong with entries of `microvm.vms` while they were read.
fn entries(context: &Context<'_>, mistake: EntryMistake) -> Vec<Draft> {
    let problems = context.fleet.problems.iter().filter(|problem| problem.kind == ProblemKind::Entry(mistake));
    problems.map(|problem| entry(problem, mistake)).collect()
}

fn entry(problem: &Problem, mistake: EntryMistake) -> Draft {
    let guest = problem.machine.as_deref().unwrap_or("a guest");
    let (effect, help, label) = match mistake {
        EntryMistake::ConfigAndFlake => (
            "microvm.nix refuses that, and the host does not build",
            "keep `config` for a guest that is built with the host, or `flake` for one that a flake describes",
            "one of the two",
        ),
        EntryMistake::NoConfiguration => (
            "the host does not evaluate",
            "add the configuration to the flake, or give the entry the name of one that is there",
            "asked for under this name",
        ),
        EntryMistake::NoGuestModule => (
            "there is nothing to start, and the host does not evaluate",
            "add `microvm.nixosModules.microvm` to the modules of the configuration",
            "run as a guest here",
        ),
    };
    let mut draft = Draft::new(Scope::fleet(), format!("{guest} in `microvm.vms`: {}", problem.message), effect)
        .help(help)
        .label(problem.place, label)
        .possible_if(!problem.is_certain);
    for (place, text) in &problem.related {
        draft = draft.label(Some(*place), text.clone());
    }
    draft
}

fn reference_missing(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = entries(context, EntryMistake::NoConfiguration);
    let fleet = context.fleet;
    let started = started(fleet);
    let guests: FxHashSet<&str> = fleet.guests.iter().map(|guest| guest.name.as_str()).collect();
    // A guest that nobody knows may be one that the microvm command manages, unless one of nearly the same name waits for a host.
    let waiting: Vec<&str> = fleet
        .guests
        .iter()
        .filter(|guest| guest.declared == Declared::Configuration && !started.contains(guest.name.as_str()))
        .map(|guest| guest.name.as_str())
        .collect();
    for (id, host) in fleet.numbered_hosts().filter(|(_, host)| !waiting.is_empty() && host.vms.is_complete) {
        let vms: FxHashSet<&str> = host.vms.items.iter().map(|vm| vm.value.as_str()).collect();
        for name in &host.autostart.items {
            if guests.contains(name.value.as_str()) || vms.contains(name.value.as_str()) {
                continue;
            }
            let Some(meant) = nearest_of(&name.value, waiting.iter().copied()) else { continue };
            drafts.push(
                Draft::new(
                    Scope::host(id),
                    format!(
                        "host {} starts the guest {}, which nobody defines, while nobody starts {meant}",
                        host.name, name.value
                    ),
                    format!("{meant} stays off, and for {} there is nothing to start", name.value),
                )
                .severity(Severity::Warning)
                .help(format!("write `{meant}`, unless the microvm command manages a guest {}", name.value))
                .label(name.place(), "no guest has this name"),
            );
        }
    }
    drafts
}

/// The names of guests that hosts start.
fn started(fleet: &Fleet) -> FxHashSet<&str> {
    fleet.hosts.iter().flat_map(|host| &host.autostart.items).map(|name| name.value.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{never, only, reports, silent};

    #[test]
    fn a_configuration_that_no_host_names() {
        only("host h starts=web\nguest db configuration tap=vm1/02:00:00:00:00:01", "guest-not-deployed");
        never("host h starts=db\nguest db configuration tap=vm1/02:00:00:00:00:01", "guest-not-deployed");
        never("host h starts=unknown\nguest db configuration tap=vm1/02:00:00:00:00:01", "guest-not-deployed");
        never("guest db configuration tap=vm1/02:00:00:00:00:01", "guest-not-deployed");
        never("host h starts=web\nguest db tap=vm1/02:00:00:00:00:01", "guest-not-deployed");
    }

    #[test]
    fn a_host_that_starts_somebody_of_nearly_the_same_name() {
        let fleet = |name: &str| format!("host h starts={name}\nguest proxy configuration tap=vm1/02:00:00:00:00:01");
        reports(&fleet("porxy"), &[("host-vms-reference-missing", "porxy")]);
        silent(&fleet("proxy"));
        silent(&fleet("mail"));
    }
}
