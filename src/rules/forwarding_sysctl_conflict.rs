//! Two sysctls that are one switch, set against each other.

use super::context::Context;
use super::culprit;
use super::draft::{Draft, Family, Scope};
use super::finding::{Safety, Severity};
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::facts::parse_boolean;
use crate::fleet::{Fact, Host};

pub(super) const RULE: RuleInfo = RuleInfo {
    name: "forwarding-sysctl-conflict",
    severity: Severity::Error,
    group: Group::Forwarding,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("forwarding_sysctl_conflict.md"),
    explains: &["ipv4-forwarding-missing-on-tap"],
    run,
};

/// The old name of the switch, and the one that NixOS and `networking.nat` use.
const OLD: &str = "net.ipv4.ip_forward";
const NEW: &str = "net.ipv4.conf.all.forwarding";

fn run(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host, _) in context.routed_hosts() {
        let (Some(old), Some(new)) = (sysctl(host, OLD), sysctl(host, NEW)) else { continue };
        let (Some(off), Some(on)) = (old.known(), new.known()) else { continue };
        if parse_boolean(&off.value) != Some(false) || parse_boolean(&on.value) != Some(true) {
            continue;
        }
        let wanted_by = if on.place().is_some() { "is on" } else { "is turned on by `networking.nat`" };
        drafts.push(
            Draft::new(
                Scope::host(id).family(Family::V4),
                format!("host {} sets `{OLD}` to {}, while `{NEW}` {wanted_by}", host.name, off.value),
                format!("both are one switch, `{OLD}` is written last, and no IPv4 packet of any guest is forwarded"),
            )
            .help(format!("remove `\"{OLD}\"`; to keep it, set it to 1"))
            .label(off.place(), "written last, so it wins")
            .label(on.place(), "overruled")
            .fix(
                culprit::remove_binding(old, format!("Delete `{OLD}`"))
                    .map(|fix| super::finding::Fix { safety: Safety::Unsafe, ..fix }),
            ),
        );
    }
    drafts
}

fn sysctl<'a>(host: &'a Host, name: &str) -> Option<&'a Fact<String>> {
    host.sysctls.iter().find(|(known, _)| known == name).map(|(_, fact)| fact)
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{reports, silent};

    fn fleet(host: &str) -> String {
        format!(
            "host h nat=10.0.0.0/24 {host}
             unit 30-vm1 name=vm1 address=10.0.0.0/32 route=10.0.0.1/32
             guest a@h tap=vm1/02:00:00:00:00:01
             unit 10-e mac=02:00:00:00:00:01 address=10.0.0.1/32 route=-,via=10.0.0.0,onlink"
        )
    }

    #[test]
    fn the_old_name_wins() {
        let both = "sysctl:net.ipv4.ip_forward=0 sysctl:net.ipv4.conf.all.forwarding=true";
        reports(&fleet(both), &[("forwarding-sysctl-conflict", "0")]);
        silent(&fleet("sysctl:net.ipv4.ip_forward=1 sysctl:net.ipv4.conf.all.forwarding=true"));
        silent(&fleet("sysctl:net.ipv4.ip_forward=unknown sysctl:net.ipv4.conf.all.forwarding=true"));
    }
}
