//! What the host forwards from one guest to another.

use super::context::Context;
use super::draft::{Draft, Family, Scope};
use super::finding::Severity;
use super::forwarding::{Switch, forwards};
use super::rule::{Activation, FixKind, Group, OptIn, RuleInfo};
use crate::fleet::{Fact, Host, Link};

pub(super) const OPEN: RuleInfo = RuleInfo {
    name: "inter-vm-forwarding-open",
    severity: Severity::Note,
    group: Group::Isolation,
    fix: FixKind::Suggested,
    activation: Activation::OnlyWith(OptIn::StrictIsolation),
    page: include_str!("inter_vm_forwarding_open.md"),
    explains: &[],
    run: open,
};

fn open(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host, links) in context.routed_hosts() {
        if may_filter(host) {
            continue;
        }
        let forwarded = |link: &&&Link<'_>| {
            Family::BOTH.iter().any(|family| {
                link.host_unit.unit().is_some_and(|unit| forwards(host, unit, *family) == Switch::On)
                    && link.guest_addresses().any(|(ip, _)| Family::of(ip) == *family)
            })
        };
        let mut guests: Vec<_> = links.iter().filter(forwarded).map(|link| link.guest_id).collect();
        guests.dedup();
        if guests.len() < 2 {
            continue;
        }
        let named = context.guests_named(&guests);
        drafts.push(
            Draft::new(
                Scope::guests(Some(id), guests),
                format!(
                    "host {} forwards whatever arrives: each of {named} reaches all others, and every network that the host has a route to",
                    host.name
                ),
            )
            .help(
                "set `networking.nftables.enable = true;` and `networking.firewall.filterForward = true;`, and let the pairs that need each other \
                 through in `networking.firewall.extraForwardRules`",
            )
            .label(host.firewall.filter_forward.place().or(host.place), "nothing filters what is forwarded"),
        );
    }
    drafts
}

/// Whether something filters what the host forwards, or may.
fn may_filter(host: &Host) -> bool {
    let is_filtered = match (&host.firewall.enable, &host.firewall.filter_forward) {
        (Fact::Known(enable), _) if !enable.value => false,
        (_, Fact::Known(filter)) => filter.value,
        (_, Fact::Absent) => false,
        (_, Fact::Unknown) => true,
    };
    is_filtered || host.forward_rules.may_be_true()
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{never, only};

    fn fleet(host: &str) -> String {
        let mut text = format!("host h {host}\n");
        for number in 1..3 {
            text += &format!("unit 30-vm{number} name=vm{number} address=10.0.0.0/32 route=10.0.0.{number}/32\n");
        }
        for number in 1..3 {
            text += &format!(
                "guest g{number}@h tap=vm{number}/02:00:00:00:00:0{number}\n\
                 unit 10-e mac=02:00:00:00:00:0{number} address=10.0.0.{number}/32\n"
            );
        }
        text
    }

    #[test]
    fn a_host_that_forwards_without_a_filter_joins_its_guests() {
        assert!(only(&fleet("forward4"), "inter-vm-forwarding-open").message.contains("g1 and g2"));
        only(&fleet("forward4 no-firewall filter-forward"), "inter-vm-forwarding-open");
        for host in ["", "forward4 filter-forward", "forward4 forward-rules", "sysctls-open"] {
            never(&fleet(host), "inter-vm-forwarding-open");
        }
    }
}
