//! What the host forwards from one guest to another.

use super::additions;
use super::context::Context;
use super::draft::{Draft, Family, Scope};
use super::finding::{Fix, Safety, Severity};
use super::forwarding::{Switch, forwards};
use super::nat_ranges::Ranges;
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

pub(super) const BLOCKED: RuleInfo = RuleInfo {
    name: "filter-forward-blocks-needed-pair",
    severity: Severity::Warning,
    group: Group::Isolation,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("filter_forward_blocks_needed_pair.md"),
    explains: &[],
    run: blocked,
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
                format!("host {} forwards whatever arrives", host.name),
                format!("each of {named} reaches all others, and every network that the host has a route to"),
            )
            .help(
                "set `networking.nftables.enable = true;` and `networking.firewall.filterForward = true;`, and let the pairs that need each other \
                 through in `networking.firewall.extraForwardRules`",
            )
            .label(host.firewall.filter_forward.place().or(host.place), "nothing filters what is forwarded")
            .fix(filter(host, &links)),
        );
    }
    drafts
}

/// An edit that turns the filter on, where nothing of the host is written for iptables and its NAT lets all guests out: then only what goes from guest to
/// guest ends (nixpkgs, `nixos/modules/services/networking/nat-nftables.nix`).
fn filter(host: &Host, links: &[&Link<'_>]) -> Option<Fix> {
    let is_unwritten = |fact: &Fact<bool>| fact.known().is_none_or(|fact| fact.origin.own_place().is_none());
    let has_no_text = |fact: &Fact<String>| match fact {
        Fact::Known(text) => text.value.trim().is_empty(),
        Fact::Absent => true,
        Fact::Unknown => false,
    };
    let is_free = host.firewall.enable.is_true()
        && is_unwritten(&host.firewall.filter_forward)
        && !host.firewall.filter_forward.is_unknown()
        && (host.nftables.is_true() || (!host.nftables.is_unknown() && is_unwritten(&host.nftables)))
        && has_no_text(&host.nat.extra_commands)
        && !host.nat.has_other_rules();
    let is_let_out = |family: Family| {
        let own = links.iter().flat_map(|link| link.guest_addresses().map(move |(ip, _)| (link, ip)));
        let mut own = own.filter(|(_, ip)| Family::of(*ip) == family).peekable();
        let ranges = Ranges::of(host, family);
        let is_in = |ranges: &Ranges<'_>, link: &Link<'_>, ip| {
            ranges.cover(ip) || link.tap().is_some_and(|tap| ranges.cover_name(tap))
        };
        own.peek().is_none() || ranges.is_some_and(|ranges| own.all(|(link, ip)| is_in(&ranges, link, ip)))
    };
    let is_out = host.nat.enable.is_true() && Family::BOTH.into_iter().all(is_let_out);
    let nftables = if host.nftables.is_true() { "" } else { "networking.nftables.enable = true;\n" };
    let setting = format!("{nftables}networking.firewall.filterForward = true;");
    let fix =
        additions::to_machine(&host.network, host.place, &setting, Safety::Unsafe).filter(|_| is_free && is_out)?;
    Some(Fix { title: "Filter what is forwarded".to_owned(), ..fix })
}

fn blocked(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host, links) in context.routed_hosts() {
        let filter =
            host.firewall.filter_forward.known().filter(|filter| filter.value && host.firewall.enable.is_true());
        let Some(filter) = filter.filter(|_| host.nftables.is_true()) else { continue };
        // A rule that is written may be about the pair.
        let is_empty = |text: &Fact<String>| text.value().is_some_and(|text| text.trim().is_empty());
        if !is_empty(&host.firewall.extra_forward_rules) || host.forward_rules.may_be_true() {
            continue;
        }
        for link in links {
            let Some(unit) = link.guest_unit.unit() else { continue };
            let asked = unit.dns.items.iter().find_map(|server| {
                let ip = server.value.parse().ok()?;
                let peer = context.links.with_address(Some(id), ip).find(|peer| peer.guest_id != link.guest_id)?;
                Some((server, peer))
            });
            let Some((server, peer)) = asked else { continue };
            drafts.push(
                Draft::new(
                    Scope::link(link),
                    format!(
                        "guest {} asks guest {} for names, at {}, but host {} filters what it forwards and lets nothing through between guests",
                        link.guest.name, peer.guest.name, server.value, host.name
                    ),
                    "names are not resolved",
                )
                .help(format!(
                    "let it through in `networking.firewall.extraForwardRules`: `iifname \"{}\" oifname \"{}\" th dport 53 accept`",
                    link.tap().unwrap_or_default(),
                    peer.tap().unwrap_or_default()
                ))
                .label(server.place().or(unit.place), format!("an address of guest {}", peer.guest.name))
                .label(filter.place(), "nothing passes between guests"),
            );
        }
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

    #[test]
    fn a_resolver_behind_the_filter() {
        let rule = "filter-forward-blocks-needed-pair";
        let ask = |host: &str, server: &str| {
            fleet(host).replacen("address=10.0.0.1/32", &format!("address=10.0.0.1/32 dns={server}"), 2)
        };
        only(&ask("forward4 nftables filter-forward", "10.0.0.2"), rule);
        never(&ask("forward4 nftables filter-forward", "9.9.9.9"), rule);
        never(&ask("forward4 nftables filter-forward", "10.0.0.1"), rule);
        never(&ask("forward4 nftables filter-forward pair-rules=x", "10.0.0.2"), rule);
        never(&ask("forward4 nftables", "10.0.0.2"), rule);
    }
}
