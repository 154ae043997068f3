//! Addresses as they are written: what is none, what has no length, which IPv6 prefixes are out of date.

use super::context::{Context, routed_address};
use super::culprit;
use super::draft::{Draft, Family, Scope};
use super::finding::{Edit, Fix, Safety, Severity};
use super::new_prefix;
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::{Address, Binding, Link, Sourced, Unit};
use std::net::IpAddr;

pub(super) const UNPARSABLE: RuleInfo = RuleInfo {
    name: "address-unparsable",
    severity: Severity::Error,
    group: Group::Addressing,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("address_unparsable.md"),
    explains: &[
        "guest-address-missing",
        "guest-default-route-missing",
        "host-route-missing",
        "destination-malformed",
        "ipv4-default-without-address",
        "ipv6-default-without-address",
    ],
    run: |context| addresses(context, unparsable),
};

pub(super) const NO_LENGTH: RuleInfo = RuleInfo {
    name: "address-missing-prefix-length",
    severity: Severity::Note,
    group: Group::Addressing,
    fix: FixKind::Automatic,
    activation: Activation::Always,
    page: include_str!("address_missing_prefix_length.md"),
    explains: &[],
    run: |context| addresses(context, no_length),
};

pub(super) const SITE_LOCAL: RuleInfo = RuleInfo {
    name: "site-local-prefix",
    severity: Severity::Note,
    group: Group::Addressing,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("site_local_prefix.md"),
    explains: &[],
    run: |context| {
        prefixes(
            context,
            |ip| ip.segments()[0] & 0xffc0 == 0xfec0,
            "fec0::/10 was given up in 2004 (RFC 3879): systems may treat it as global or refuse it",
        )
    },
};

pub(super) const NOT_RANDOM: RuleInfo = RuleInfo {
    name: "ula-not-random",
    severity: Severity::Note,
    group: Group::Addressing,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("ula_not_random.md"),
    explains: &[],
    run: |context| {
        let is_zero = |ip: std::net::Ipv6Addr| {
            let [first, second, third, ..] = ip.segments();
            first & 0xff00 == 0xfc00 || (first & 0xff00 == 0xfd00 && first & 0xff == 0 && second == 0 && third == 0)
        };
        prefixes(
            context,
            is_zero,
            "a prefix below fd00::/8 is meant to have 40 random bits (RFC 4193): without them two networks that are joined collide",
        )
    },
};

/// A file of a routed link.
struct File<'c, 'a> {
    link: &'c Link<'a>,
    unit: &'a Unit,
    is_of_guest: bool,
}

impl File<'_, '_> {
    /// `10-eth of guest web`
    fn words(&self) -> String {
        let host = || format!("host {}", self.link.host.map_or("", |host| &host.name));
        let machine = if self.is_of_guest { format!("guest {}", self.link.guest.name) } else { host() };
        format!("{} of {machine}", self.unit.name)
    }
}

/// Asks about every address in the files of routed links, on both sides.
fn addresses(context: &Context<'_>, ask: fn(&File<'_, '_>, &Address) -> Option<Draft>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for link in context.links.routed() {
        for (unit, is_of_guest) in [(link.host_unit.unit(), false), (link.guest_unit.unit(), true)] {
            let Some(unit) = unit else { continue };
            let file = File { link, unit, is_of_guest };
            drafts.extend(unit.addresses.items.iter().filter_map(|address| ask(&file, address)));
        }
    }
    drafts
}

fn unparsable(file: &File<'_, '_>, address: &Address) -> Option<Draft> {
    let text = &address.text;
    if address.net.is_some() || text.value.trim().is_empty() {
        return None;
    }
    Some(
        Draft::new(
            Scope::link(file.link),
            format!("`{}` in {} is no address", text.value, file.words()),
            "networkd ignores the line and goes on without it",
        )
            .help("write an address with a length of at most /32 (IPv4) or /128 (IPv6); an octet is at most 255, so an index that counts further needs a second octet")
            .label(culprit::in_address(address).or(text.place()), "not an address")
            .template(text.place())
            .fix(readable(file, text)),
    )
}

/// An edit that makes an address of a text, where only one can be meant: the address with the length that is left, the one that the host leads to the
/// guest, or nothing, where the guest has that one already.
fn readable(file: &File<'_, '_>, text: &Sourced<String>) -> Option<Fix> {
    let plain = text.value.trim_matches(|letter: char| letter.is_whitespace() || matches!(letter, ',' | ';'));
    let (address, length) = plain.split_once('/').unwrap_or((plain, ""));
    let write = |ip: IpAddr, length: u8| {
        let new = format!("{ip}/{length}");
        culprit::replace_literal(text, &new, format!("Write {new}"), Safety::Unsafe)
    };
    if let Ok(ip) = address.trim().parse::<IpAddr>() {
        return write(ip, nearest_length(length.trim(), Family::of(ip))?);
    }
    let File { link, unit, .. } = file;
    let family = if address.contains(':') { Family::V6 } else { Family::V4 };
    let led = routed_address(link, family).filter(|_| file.is_of_guest)?;
    if !link.guest_addresses().any(|(ip, _)| Family::of(ip) == family) {
        return write(led, family.host_length());
    }
    let is_led = link.guest_addresses().any(|(ip, _)| ip == led);
    let is_element = text.origin.binding == Binding::Inside && unit.addresses.items.len() > 1;
    let place = culprit::literal(text).filter(|_| is_led && is_element)?;
    let title = format!("Delete {}, which networkd ignores", text.value);
    Some(Fix { title, safety: Safety::Unsafe, edits: vec![Edit { place, replacement: String::new() }] })
}

/// The length that is meant by one that is none: the full one where it is missing or too long, that of a mask.
fn nearest_length(text: &str, family: Family) -> Option<u8> {
    let whole = family.host_length();
    match (text.parse::<u32>(), text.parse::<IpAddr>()) {
        _ if text.is_empty() => Some(whole),
        (Ok(length), _) => Some(u8::try_from(length).map_or(whole, |length| length.min(whole))),
        (_, Ok(mask)) => ipnet::ip_mask_to_prefix(mask).ok().filter(|_| Family::of(mask) == family),
        _ => None,
    }
}

fn no_length(file: &File<'_, '_>, address: &Address) -> Option<Draft> {
    let net = address.net.filter(|_| !address.has_prefix)?;
    let whole = format!("{}/{}", address.text.value, net.max_prefix_len());
    Some(
        Draft::new(
            Scope::link(file.link),
            format!("the address {} in {} has no prefix length", address.text.value, file.words()),
            format!("networkd takes /{} and writes a warning", net.max_prefix_len()),
        )
        .help(format!("write {whole}"))
        .label(address.text.place(), "no prefix length")
        .fix(culprit::replace_literal(&address.text, &whole, format!("Write {whole}"), Safety::Safe)),
    )
}

/// One note for each host whose guests have addresses of a kind.
fn prefixes(context: &Context<'_>, is_meant: fn(std::net::Ipv6Addr) -> bool, why: &str) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, host, links) in context.routed_hosts() {
        let meant: Vec<(&&Link<'_>, IpAddr, &Address)> = links
            .iter()
            .flat_map(|link| link.guest_addresses().map(move |(ip, address)| (link, ip, address)))
            .filter(|(_, ip, _)| matches!(ip, IpAddr::V6(v6) if is_meant(*v6)))
            .collect();
        let Some((first, ip, address)) = meant.first() else { continue };
        let guests: Vec<_> = meant.iter().map(|(link, ..)| link.guest_id).collect();
        drafts.push(
            Draft::new(
                Scope::guests(Some(id), guests),
                format!("guests of host {} have addresses such as {ip} of guest {}", host.name, first.guest.name),
                why,
            )
            .help("take a random prefix below fd00::/8, and change host, guests, translation and names together")
            .label(address.text.place(), "the prefix")
            .fix(match ip {
                IpAddr::V6(ip) => new_prefix::random(context, id, *ip),
                IpAddr::V4(_) => None,
            }),
        );
    }
    drafts
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{never, only, reports, silent};

    fn fleet(address: &str) -> String {
        format!(
            "host h forward4 forward6
             unit 30-vm1 name=vm1 address=10.0.0.0/32 route=10.0.0.1/32
             guest a@h tap=vm1/02:00:00:00:00:01
             unit 10-e mac=02:00:00:00:00:01 address={address}"
        )
    }

    #[test]
    fn what_is_no_address() {
        reports(&fleet("10.0.0.300/32"), &[("address-unparsable", "10.0.0.300/32")]);
        silent(&fleet("10.0.0.1"));
        assert_eq!(only(&fleet("10.0.0.1"), "address-missing-prefix-length").severity.word(), "note");
    }

    #[test]
    fn prefixes_out_of_date_are_notes() {
        assert!(only(&fleet("10.0.0.1/32,fec0::1/128"), "site-local-prefix").message.contains("RFC 3879"));
        assert!(only(&fleet("10.0.0.1/32,fd00::1/128"), "ula-not-random").message.contains("fd00::1"));
        never(&fleet("10.0.0.1/32,fd12:3456:789a::1/128"), "ula-not-random");
    }
}
