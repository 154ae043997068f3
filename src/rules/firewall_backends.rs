//! Options of the firewall that only one of its backends has.

use super::context::Context;
use super::draft::{Draft, Scope};
use super::finding::Severity;
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::{Fact, Host, HostId, Sourced};

pub(super) const OPTION: RuleInfo = RuleInfo {
    name: "nat-backend-option-mismatch",
    severity: Severity::Error,
    group: Group::Nat,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("nat_backend_option_mismatch.md"),
    explains: &[],
    run: option,
};

pub(super) const FILTER: RuleInfo = RuleInfo {
    name: "filter-forward-needs-nftables",
    severity: Severity::Error,
    group: Group::Isolation,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("filter_forward_needs_nftables.md"),
    explains: &["inter-vm-forwarding-open"],
    run: filter,
};

/// Hosts with whether they filter by nftables, if that is known.
fn hosts<'c>(context: &'c Context<'_>) -> impl Iterator<Item = (HostId, &'c Host, bool)> {
    context.fleet.numbered_hosts().filter_map(|(id, host)| {
        let by_nftables = *host.nftables.value()?;
        matches!(host.firewall.backend, Fact::Absent).then_some((id, host, by_nftables))
    })
}

fn option(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host, by_nftables) in hosts(context) {
        let firewall = Some(&host.firewall).filter(|firewall| firewall.enable.is_true());
        let nat = Some(&host.nat).filter(|nat| nat.enable.is_true());
        let given: [(&str, Option<&Fact<String>>); 4] = match by_nftables {
            true => [
                ("networking.nat.extraCommands", nat.map(|nat| &nat.extra_commands)),
                ("networking.firewall.extraCommands", firewall.map(|firewall| &firewall.extra_commands)),
                ("", None),
                ("", None),
            ],
            false => [
                ("", None),
                ("", None),
                ("networking.firewall.extraInputRules", firewall.map(|firewall| &firewall.extra_input_rules)),
                ("networking.firewall.extraForwardRules", firewall.map(|firewall| &firewall.extra_forward_rules)),
            ],
        };
        let given = given.into_iter().filter_map(|(name, fact)| Some((name, fact?.known()?)));
        for (name, text) in given.filter(|(_, text)| !text.value.trim().is_empty()) {
            drafts.push(if by_nftables { refused(id, host, name, text) } else { unused(id, host, name, text) });
        }
    }
    drafts
}

fn refused(id: HostId, host: &Host, name: &str, text: &Sourced<String>) -> Draft {
    Draft::new(
        Scope::host(id),
        format!("host {} filters by nftables, which has no `{name}`", host.name),
        "NixOS refuses it, and the host does not build",
    )
    .help("write the rules for nftables, in `networking.firewall.extraInputRules`, `extraForwardRules` or `networking.nftables.tables`")
    .label(text.origin.definition.or(text.origin.value).or(host.place), "commands for iptables")
    .label(host.nftables.place(), "nftables is chosen here")
}

fn unused(id: HostId, host: &Host, name: &str, text: &Sourced<String>) -> Draft {
    // NixOS says nothing, and a module may be written for hosts of both kinds.
    Draft::new(
        Scope::host(id),
        format!("host {} filters by iptables, which has no `{name}`", host.name),
        "the rules are left out without a word",
    )
    .severity(Severity::Warning)
    .help("set `networking.nftables.enable = true;`, or write the rules for iptables in `networking.firewall.extraCommands`")
    .label(text.origin.definition.or(text.origin.value).or(host.place), "never used")
}

fn filter(context: &Context<'_>) -> Vec<Draft> {
    let wrong = hosts(context).filter(|(_, host, by_nftables)| {
        !by_nftables && host.firewall.enable.is_true() && host.firewall.filter_forward.is_true()
    });
    let drafts = wrong.map(|(id, host, _)| {
        Draft::new(
            Scope::host(id),
            format!("host {} has `networking.firewall.filterForward`, which works with nftables only", host.name),
            "NixOS refuses it, and the host does not build",
        )
        .help("set `networking.nftables.enable = true;` too")
        .label(host.firewall.filter_forward.place().or(host.place), "not with iptables")
    });
    drafts.collect()
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{reports, silent};

    #[test]
    fn each_backend_has_options_of_its_own() {
        reports("host h nftables commands=x", &[("nat-backend-option-mismatch", "x")]);
        reports("host h input-rules=x", &[("nat-backend-option-mismatch", "x")]);
        reports("host h filter-forward", &[("filter-forward-needs-nftables", "filter-forward")]);
        for host in [
            "nftables input-rules=x",
            "commands=x",
            "nftables filter-forward",
            "nftables commands=unknown",
            "no-firewall filter-forward input-rules=x",
        ] {
            silent(&format!("host h {host}"));
        }
    }
}
