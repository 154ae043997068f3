//! A number of a guest that does not fit where its address has it.

use super::context::Context;
use super::draft::{Draft, Scope};
use super::finding::Severity;
use super::rewrite;
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::{Leaf, Link, Part, Sourced};

pub(super) const RULE: RuleInfo = RuleInfo {
    name: "index-out-of-octet",
    severity: Severity::Error,
    group: Group::Addressing,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("index_out_of_octet.md"),
    explains: &[
        "address-unparsable",
        "destination-malformed",
        "guest-address-missing",
        "guest-default-route-missing",
        "host-route-missing",
        "tap-without-network",
        "index-over-max-vms",
        "ipv4-default-without-address",
        "ipv6-default-without-address",
    ],
    run,
};

fn run(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    // Without an address that can be read, a link does not show that it is routed.
    for link in context.links.all.iter().filter(|link| link.interface.is_tap()) {
        let units = [link.guest_unit.unit(), link.host_unit.unit()];
        let texts = units.into_iter().flatten().flat_map(|unit| {
            let addresses = unit.addresses.items.iter().filter(|address| address.net.is_none());
            let routes = unit.routes.items.iter().filter(|route| route.destination_net().is_none());
            addresses.map(|address| &address.text).chain(routes.filter_map(|route| route.destination.known()))
        });
        drafts.extend(texts.filter_map(|text| too_large(context, link, text)).next());
    }
    drafts
}

/// Says that a number of a text is what makes it no address, if nothing else does.
fn too_large(context: &Context<'_>, link: &Link<'_>, text: &Sourced<String>) -> Option<Draft> {
    let (part, number, limit) = text.origin.parts.get().iter().find_map(|part| {
        let Leaf::Int(number) = part.leaf else { return None };
        let limit = limit(&text.value, part)?;
        let is_out = number < 0 || number > limit;
        (is_out && is_address_with(&text.value, part)).then_some((part, number, limit))
    })?;
    let (what, ways) = if limit == 255 {
        (
            "an octet",
            "an index above 255 needs a second octet (`toString (index / 256)` and `toString (lib.mod index 256)`)",
        )
    } else {
        ("a group", "give a larger one two groups")
    };
    let index = link.guest.index.as_ref().filter(|index| index.value == number).and_then(Sourced::place);
    Some(
        Draft::new(
            Scope::link(link),
            format!(
                "the number {number} of guest {} makes `{}`, which is no address, because {what} is from 0 to {}",
                link.guest.name,
                text.value,
                if limit == 255 { "255" } else { "ffff" }
            ),
            "networkd ignores the line",
        )
        .help(format!("give the guest an index that fits; {ways}"))
        .label(index.or(part.place).or_else(|| text.place()), format!("{number} does not fit"))
        .label(text.place(), "the address")
        .template(text.place())
        .fix(index.and_then(|_| rewrite::index(link, context.links.routed(), context.free.index(link.host_id)))),
    )
}

/// The largest number that may stand where a part stands: a whole octet, or a whole group of an IPv6 address.
fn limit(text: &str, part: &Part) -> Option<i64> {
    let before = text.get(..part.start as usize)?;
    let after = text.get(part.end as usize..)?;
    if before.ends_with('.') && !before.contains(':') && (after.is_empty() || after.starts_with(['.', '/'])) {
        return Some(255);
    }
    let is_group = before.ends_with(':') && (after.is_empty() || after.starts_with([':', '/']));
    // Decimal digits are read as hexadecimal ones, so four of them are the most.
    let most = if part.is_verbatim { 9999 } else { 0xffff };
    is_group.then_some(most)
}

/// Whether a text were an address if a small number stood in the place of a part.
fn is_address_with(text: &str, part: &Part) -> bool {
    let (before, after) = (text.get(..part.start as usize), text.get(part.end as usize..));
    let (Some(before), Some(after)) = (before, after) else { return false };
    crate::fleet::facts::parse_prefix(&format!("{before}1{after}")).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::facts::parse_prefix;

    fn part(text: &str, number: i64) -> Option<(i64, bool)> {
        let start = text.find("N")?;
        let text = text.replace('N', &number.to_string());
        let end = start + number.to_string().len();
        let part = Part {
            start: start.try_into().ok()?,
            end: end.try_into().ok()?,
            leaf: Leaf::Int(number),
            place: None,
            is_verbatim: true,
            is_hexadecimal: false,
            divisor: None,
        };
        assert!(parse_prefix(&text).is_none(), "{text}");
        Some((limit(&text, &part)?, is_address_with(&text, &part)))
    }

    #[test]
    fn where_a_number_stands_decides() {
        assert_eq!(part("10.0.0.N/32", 300), Some((255, true)));
        assert_eq!(part("10.0.N.1/32", 256), Some((255, true)));
        assert_eq!(part("10.0.0.N", -1), Some((255, true)));
        assert_eq!(part("fd00::N/128", 10_000), Some((9999, true)));
        assert_eq!(part("10.0.0.1N/32", 300), None);
        assert_eq!(part("10.0.x.N/32", 300), Some((255, false)));
    }
}
