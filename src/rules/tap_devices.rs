//! How the hypervisor opens a tap, and how the tap was made.

use super::context::Context;
use super::culprit;
use super::draft::{Draft, Scope};
use super::finding::{Fix, Safety, Severity};
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::{Fact, Guest, Link};

pub(super) const FLAGS: RuleInfo = RuleInfo {
    name: "manual-tap-flags-mismatch",
    severity: Severity::Error,
    group: Group::Taps,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("manual_tap_flags_mismatch.md"),
    explains: &[],
    run: |context| taps(context, flags),
};

pub(super) const ALIOTH: RuleInfo = RuleInfo {
    name: "vcpu-multiqueue-alioth",
    severity: Severity::Note,
    group: Group::Taps,
    fix: FixKind::Manual,
    activation: Activation::Always,
    page: include_str!("vcpu_multiqueue_alioth.md"),
    explains: &[],
    run: |context| taps(context, alioth),
};

pub(super) const VHOST: RuleInfo = RuleInfo {
    name: "vhost-without-qemu",
    severity: Severity::Note,
    group: Group::Taps,
    fix: FixKind::Automatic,
    activation: Activation::Always,
    page: include_str!("vhost_without_qemu.md"),
    explains: &[],
    run: |context| taps(context, vhost),
};

fn taps(context: &Context<'_>, ask: fn(&Link<'_>, &str, &str) -> Option<Draft>) -> Vec<Draft> {
    let known = |link: &Link<'_>| ask(link, link.tap()?, link.guest.hypervisor.value()?);
    context.links.all.iter().filter_map(known).collect()
}

/// Whether the hypervisor opens a tap with several queues (microvm.nix, `lib/runners/*.nix`, `tapMultiQueue`); nothing if that is not clear.
fn wants_queues(guest: &Guest, hypervisor: &str) -> Option<bool> {
    match hypervisor {
        "qemu" | "cloud-hypervisor" | "stratovirt" => Some(*guest.vcpu.value()? > 1),
        "firecracker" | "crosvm" | "kvmtool" => Some(false),
        _ => None,
    }
}

/// A tap that somebody else makes than the host module, which would make it fit.
fn flags(link: &Link<'_>, tap: &str, hypervisor: &str) -> Option<Draft> {
    let host = link.host.filter(|host| !host.has_host_module && host.vms.items.is_empty() && host.vms.is_complete)?;
    let device = host.netdevs.iter().find(|device| device.name.value == tap)?;
    device.kind.value().filter(|kind| *kind == "tap")?;
    let wanted = wants_queues(link.guest, hypervisor)?;
    let has = match &device.multi_queue {
        Fact::Absent => false,
        Fact::Known(truth) => truth.value,
        Fact::Unknown => return None,
    };
    if wanted == has {
        return None;
    }
    let guest = &link.guest.name;
    let vcpu = link.guest.vcpu.value().copied().unwrap_or(1);
    let (does, is_made) = if wanted { ("several queues", "without") } else { ("one queue", "with") };
    let written = device.multi_queue.known();
    Some(
        Draft::new(
            Scope::link(link),
            format!(
                "{hypervisor} opens the tap {tap} of guest {guest} with {does} ({vcpu} vcpu), but host {} makes it {is_made} `MultiQueue`",
                host.name
            ),
            "the kernel refuses it, and the guest does not start",
        )
        .help(format!("set `tapConfig.MultiQueue = {wanted};` in `systemd.network.netdevs`"))
        .label(device.multi_queue.place().or(device.name.place()), format!("made {is_made} several queues"))
        .label(link.guest.vcpu.place().or(link.interface.place), format!("opened with {does}"))
        .fix(written.and_then(|truth| {
            let fix = culprit::replace_value(&truth.origin, truth.value.to_string().len(), &wanted.to_string())?;
            Some(Fix { safety: Safety::Unsafe, ..fix })
        })),
    )
}

fn alioth(link: &Link<'_>, tap: &str, hypervisor: &str) -> Option<Draft> {
    let vcpu = link.guest.vcpu.known().filter(|vcpu| hypervisor == "alioth" && vcpu.value > 1)?;
    Some(
        Draft::new(
            Scope::link(link),
            format!("guest {} has {} vcpu under alioth", link.guest.name, vcpu.value),
            format!("its runner asks for as many pairs of queues of the tap {tap}, which is made with one"),
        )
        .help("use one vcpu, or another hypervisor, if the guest's network does not come up")
        .label(vcpu.place().or(link.interface.place), "as many pairs of queues"),
    )
}

fn vhost(link: &Link<'_>, tap: &str, hypervisor: &str) -> Option<Draft> {
    let flag = link.interface.vhost.known().filter(|flag| flag.value && hypervisor != "qemu")?;
    Some(
        Draft::new(
            Scope::link(link),
            format!(
                "`tap.vhost` of the tap {tap} is set, which only QEMU uses, but guest {} runs under {hypervisor}",
                link.guest.name
            ),
            "it has no effect",
        )
        .help("delete it")
        .label(flag.place().or(link.interface.place), "not used")
        .label(link.guest.hypervisor.place(), hypervisor)
        .fix(culprit::remove_binding(&link.interface.vhost, "Delete `tap.vhost`")),
    )
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{never, only, reports, silent};

    fn fleet(host: &str, guest: &str) -> String {
        format!("host h {host}\nguest a@h {guest}")
    }

    #[test]
    fn a_tap_is_opened_as_it_was_made() {
        let rule = "manual-tap-flags-mismatch";
        let made = |flags: &str| format!("no-module netdev=vm1/tap{flags}");
        reports(&fleet(&made(""), "vcpu=2 tap=vm1/02:00:00:00:00:01"), &[(rule, "vm1")]);
        reports(&fleet(&made("/multi"), "vcpu=1 tap=vm1/02:00:00:00:00:01"), &[(rule, "multi")]);
        silent(&fleet(&made("/multi"), "vcpu=2 tap=vm1/02:00:00:00:00:01"));
        silent(&fleet(&made(""), "vcpu=unknown tap=vm1/02:00:00:00:00:01"));
        never(&fleet("netdev=vm1/tap", "vcpu=2 tap=vm1/02:00:00:00:00:01"), rule);
    }

    #[test]
    fn what_a_hypervisor_makes_of_a_tap() {
        only("guest a vcpu=2 hypervisor=alioth tap=vm1/02:00:00:00:00:01", "vcpu-multiqueue-alioth");
        only("guest a hypervisor=crosvm tap=vm1/02:00:00:00:00:01/vhost", "vhost-without-qemu");
        never("guest a hypervisor=qemu tap=vm1/02:00:00:00:00:01/vhost", "vhost-without-qemu");
    }
}
