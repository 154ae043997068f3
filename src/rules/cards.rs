//! Cards of guests that microvm.nix refuses: kinds that a hypervisor does not have, keys that are missing, ports that nobody forwards.

use super::context::Context;
use super::draft::{Draft, Scope};
use super::finding::Severity;
use super::rule::{Activation, FixKind, Group, RuleInfo};
use super::wording;
use crate::fleet::{Fact, Interface, Link};

pub(super) const UNSUPPORTED: RuleInfo = RuleInfo {
    name: "hypervisor-interface-type-unsupported",
    severity: Severity::Error,
    group: Group::Identity,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("hypervisor_interface_type_unsupported.md"),
    explains: &[],
    run: unsupported,
};

pub(super) const INCOMPLETE: RuleInfo = RuleInfo {
    name: "interface-missing-required-key",
    severity: Severity::Error,
    group: Group::Identity,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("interface_missing_required_key.md"),
    explains: &["guest-match-mac-mismatch", "tap-without-network"],
    run: incomplete,
};

pub(super) const FORWARDS: RuleInfo = RuleInfo {
    name: "forwardports-needs-user-network",
    severity: Severity::Error,
    group: Group::Identity,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("forwardports_needs_user_network.md"),
    explains: &[],
    run: forwards,
};

/// Kinds of interfaces, in microvm.nix' order.
const KINDS: [&str; 4] = ["user", "tap", "macvtap", "bridge"];

/// What microvm.nix can hand to a hypervisor (microvm.nix, `lib/runners/`); `None` if it is not known.
fn kinds_of(hypervisor: &str) -> Option<&'static [&'static str]> {
    match hypervisor {
        "qemu" | "stratovirt" => Some(&KINDS),
        "cloud-hypervisor" | "crosvm" => Some(&["tap", "macvtap"]),
        "kvmtool" => Some(&["user", "tap", "macvtap"]),
        "firecracker" | "alioth" => Some(&["tap"]),
        "vfkit" => Some(&["user"]),
        _ => None,
    }
}

fn unsupported(context: &Context<'_>) -> Vec<Draft> {
    context.links.all.iter().filter_map(unsupported_card).collect()
}

fn unsupported_card(link: &Link<'_>) -> Option<Draft> {
    let (hypervisor, kind) = (link.guest.hypervisor.known()?, link.interface.kind.known()?);
    let kinds = kinds_of(&hypervisor.value)?;
    if !KINDS.contains(&kind.value.as_str()) || kinds.contains(&kind.value.as_str()) {
        return None;
    }
    let able: Vec<&str> = ["qemu", "cloud-hypervisor"]
        .into_iter()
        .filter(|other| kinds_of(other).is_some_and(|kinds| kinds.contains(&kind.value.as_str())))
        .collect();
    Some(
        Draft::new(
            Scope::link(link),
            format!(
                "guest {} has an interface of type {} under {}, for which microvm.nix has none of that type",
                link.guest.name, kind.value, hypervisor.value
            ),
            "the guest does not build",
        )
        .help(format!(
            "use {}, or another hypervisor such as {}",
            wording::list(&kinds.iter().map(|kind| format!("`type = \"{kind}\";`")).collect::<Vec<_>>()),
            wording::list(&able)
        ))
        .label(kind.place().or(link.interface.place), format!("not with {}", hypervisor.value))
        .label(hypervisor.place(), "the hypervisor"),
    )
}

fn incomplete(context: &Context<'_>) -> Vec<Draft> {
    context.links.all.iter().filter_map(incomplete_card).collect()
}

fn incomplete_card(link: &Link<'_>) -> Option<Draft> {
    let Interface { kind, id, mac, bridge, link: parent, mode, place, vhost: _ } = link.interface;
    let kind_word = kind.value().map(String::as_str);
    let is_absent = |fact: &Fact<String>| matches!(fact, Fact::Absent);
    let mut missing: Vec<&str> = [("type", kind), ("id", id), ("mac", mac)]
        .into_iter()
        .filter(|(_, fact)| is_absent(fact))
        .map(|(key, _)| key)
        .collect();
    match kind_word {
        Some("bridge") if is_absent(bridge) => missing.push("bridge"),
        Some("macvtap") => {
            missing.extend(
                [("macvtap.link", parent), ("macvtap.mode", mode)]
                    .into_iter()
                    .filter(|(_, fact)| is_absent(fact))
                    .map(|(key, _)| key),
            );
        }
        _ => {}
    }
    let guest = &link.guest.name;
    let name = match (id.value(), mac.value()) {
        (Some(id), _) => format!("the interface {id} of guest {guest}"),
        (None, Some(mac)) => format!("the interface with {mac} of guest {guest}"),
        (None, None) => format!("an interface of guest {guest}"),
    };
    if !missing.is_empty() {
        let keys: Vec<String> = missing.iter().map(|key| format!("`{key}`")).collect();
        let keys = wording::list(&keys);
        return Some(
            Draft::new(Scope::link(link), format!("{name} has no {keys}"), "the guest does not evaluate")
                .help(format!("add {keys}"))
                .label(*place, format!("{keys} must be here")),
        );
    }
    let bridge = bridge.known().filter(|_| kind_word.is_some_and(|kind| kind != "bridge"))?;
    let kind = kind_word.unwrap_or_default();
    Some(
        Draft::new(
            Scope::link(link),
            format!("{name} is of type {kind} and names the bridge {}", bridge.value),
            "microvm.nix takes a bridge only with `type = \"bridge\";`, and the guest does not evaluate",
        )
        .help(format!(
            "remove `bridge`; a tap becomes a port of {} by `Bridge` in the host's file for it",
            bridge.value
        ))
        .label(bridge.origin.definition.or(bridge.origin.value).or(*place), format!("not for type {kind}")),
    )
}

fn forwards(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, guest) in context.fleet.numbered_guests() {
        let Some(ports) = guest.forward_ports.known().filter(|ports| ports.value) else { continue };
        let is_known = |interface: &&Interface| !interface.kind.is_unknown();
        let has_user = guest.interfaces.items.iter().any(|one| one.kind.value().is_some_and(|kind| kind == "user"));
        let knows_all = guest.interfaces.is_complete && guest.interfaces.items.iter().all(|one| is_known(&one));
        let Some(hypervisor) = guest.hypervisor.known() else { continue };
        let why = match hypervisor.value.as_str() {
            "qemu" if has_user || !knows_all => continue,
            "qemu" => "has no interface of type user".to_owned(),
            other => format!("runs under {other}"),
        };
        drafts.push(
            Draft::new(
                Scope::guests(guest.host, [id]),
                format!(
                    "guest {} has `microvm.forwardPorts`, which only QEMU's user network can do, but {why}",
                    guest.name
                ),
                "the guest does not evaluate",
            )
            .help("forward the ports on the host instead, in `networking.nat.forwardPorts`, or give the guest an interface of type user under QEMU")
            .label(ports.origin.definition.or(ports.origin.value).or(guest.place), "nothing forwards these"),
        );
    }
    drafts
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{reports, silent};

    #[test]
    fn each_hypervisor_has_its_kinds() {
        let guest =
            |hypervisor: &str, kind: &str| format!("guest a hypervisor={hypervisor} {kind}=vm1/02:00:00:00:00:01");
        for (hypervisor, kind) in
            [("firecracker", "macvtap"), ("alioth", "user"), ("vfkit", "tap"), ("cloud-hypervisor", "user")]
        {
            let rule = "hypervisor-interface-type-unsupported";
            reports(&guest(hypervisor, kind), &[(rule, "vm1/02:00:00:00:00:01")]);
        }
        for (hypervisor, kind) in [("qemu", "user"), ("firecracker", "tap"), ("unknown", "user"), ("new", "user")] {
            silent(&guest(hypervisor, kind));
        }
    }

    #[test]
    fn keys_that_must_be_there() {
        reports("guest a tap=vm1/absent", &[("interface-missing-required-key", "vm1/absent")]);
        silent("guest a tap=vm1/unknown");
    }

    #[test]
    fn ports_are_forwarded_by_the_user_network_only() {
        reports(
            "guest a forward-ports tap=vm1/02:00:00:00:00:01",
            &[("forwardports-needs-user-network", "forward-ports")],
        );
        reports(
            "guest a forward-ports hypervisor=crosvm tap=vm1/02:00:00:00:00:01",
            &[("forwardports-needs-user-network", "forward-ports")],
        );
        silent("guest a forward-ports tap=vm1/02:00:00:00:00:01 user=q/02:00:00:00:00:02");
        silent("guest a forward-ports user=q/02:00:00:00:00:01");
    }
}
