//! Two guests of one host have the same address. One mechanism for both families.

use std::net::IpAddr;

use super::context::{Context, routed_address};
use super::culprit;
use super::draft::{Draft, Family};
use super::duplicates::clashes;
use super::finding::{Fix, Severity};
use super::rewrite;
use super::rule::{Activation, FixKind, Group, RuleInfo};
use super::wording;
use crate::fleet::{Address, Link};

const EFFECTS: &[&str] =
    &["duplicate-host-route", "host-route-on-wrong-tap", "guest-host-address-disagree", "host-route-missing"];

pub(super) const IPV4: RuleInfo = RuleInfo {
    name: "duplicate-guest-ipv4",
    severity: Severity::Error,
    group: Group::Uniqueness,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("duplicate_guest_ipv4.md"),
    explains: EFFECTS,
    run: |context| run(context, Family::V4),
};

pub(super) const IPV6: RuleInfo = RuleInfo {
    name: "duplicate-guest-ipv6",
    severity: Severity::Error,
    group: Group::Uniqueness,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("duplicate_guest_ipv6.md"),
    explains: EFFECTS,
    run: |context| run(context, Family::V6),
};

fn run(context: &Context<'_>, family: Family) -> Vec<Draft> {
    let clashes = clashes(context.fleet, context.links.routed(), |link| {
        link.guest_addresses()
            .filter(|(ip, address)| Family::of(*ip) == family && !is_for_one_link(*ip) && !is_lent(address))
            .map(|(ip, _)| ip)
            .collect()
    });
    let draft = |clash: super::duplicates::Clash<'_, '_, std::net::IpAddr>| {
        let ip = clash.value;
        let names: Vec<&str> = clash.links.iter().map(|link| link.guest.name.as_str()).collect();
        let mut draft = clash
            .draft(
                format!("guests {} have the same address {ip}", wording::list(&names)),
                "the host can route it to one tap only, so replies to the others go to the wrong guest",
            )
            .help(format!("give every guest but one another address, here and in the host route to it; {ip} stays with one of them"));
        // The guest whose address was written for it alone is the likely slip: its literal comes first.
        let mut labels: Vec<_> = clash
            .links
            .iter()
            .filter_map(|link| {
                link.guest_addresses().find(|(other, _)| *other == ip).map(|(_, address)| (link, address))
            })
            .map(|(link, address)| {
                let place = culprit::in_address(address).or(address.text.place()).or(link.guest.place);
                let deviates = link.guest.index.is_none();
                (!deviates, place, format!("{ip} of guest {}", link.guest.name))
            })
            .collect();
        labels.sort_by_key(|(is_regular, _, _)| *is_regular);
        for (_, place, text) in labels {
            draft = draft.label(place, text);
        }
        draft.scope.family = Some(family);
        draft.fix(own_address(context, &clash.links, ip))
    };
    clashes.into_iter().map(draft).collect()
}

/// Whether a guest has an address beside its own, for a service that moves between guests: nothing is sent from it.
fn is_lent(address: &Address) -> bool {
    let lifetime = address.others.iter().find(|(key, _)| key == "PreferredLifetime");
    lifetime.is_some_and(|(_, fact)| fact.is_unknown() || fact.value().is_some_and(|text| text == "0"))
}

/// An edit for the guest whose tap has no route to the address: it takes the address that the host expects there, else a free one.
fn own_address(context: &Context<'_>, links: &[&Link<'_>], ip: IpAddr) -> Option<Fix> {
    let leads = |link: &&&Link<'_>| {
        let routes = link.host_unit.unit().map(|unit| unit.routes.items.as_slice()).unwrap_or_default();
        routes.iter().filter_map(|route| route.destination_net()).any(|net| net.contains(&ip))
    };
    let link = links.iter().find(|link| !leads(link)).or(links.last())?;
    let new = routed_address(link, Family::of(ip)).filter(|new| *new != ip);
    rewrite::address(link, ip, new.or_else(|| context.free.address(link.host_id, ip))?)
}

/// Loopback and link-local addresses mean something else on every link.
fn is_for_one_link(ip: std::net::IpAddr) -> bool {
    ip.is_loopback() || super::context::is_link_local(ip)
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{reports, silent};

    #[test]
    fn addresses_are_compared_as_values() {
        reports(
            "host h forward6
             unit 30-a name=a address=fd00::/128 route=fd00::a/128
             unit 30-b name=b address=fd00::/128 route=fd00::a/128
             guest one@h tap=a/02:00:00:00:00:01
             unit 10-e mac=02:00:00:00:00:01 address=fd00::A/128
             guest two@h tap=b/02:00:00:00:00:02
             unit 10-e mac=02:00:00:00:00:02 address=fd00:0::a/128",
            &[("duplicate-guest-ipv6", "fd00::A/128")],
        );
    }

    #[test]
    fn a_borrowed_address_hides_its_effects() {
        reports(
            "host h
             unit 30-a name=a address=10.0.0.0/32 route=10.0.0.1/32
             unit 30-b name=b address=10.0.0.0/32 route=10.0.0.2/32
             guest one@h tap=a/02:00:00:00:00:01
             unit 10-e mac=02:00:00:00:00:01 address=10.0.0.1/32
             guest two@h tap=b/02:00:00:00:00:02
             unit 10-e mac=02:00:00:00:00:02 address=10.0.0.1/32",
            &[("duplicate-guest-ipv4", "10.0.0.1/32")],
        );
    }

    #[test]
    fn bridged_guests_are_not_looked_at() {
        silent(
            "host h
             unit 30-a name=a,b set:Bridge=br0
             guest one@h tap=a/02:00:00:00:00:01
             unit 10-e mac=02:00:00:00:00:01 address=10.0.0.1/24
             guest two@h tap=b/02:00:00:00:00:02
             unit 10-e mac=02:00:00:00:00:02 address=10.0.0.1/24",
        );
    }
}
