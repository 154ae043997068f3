//! A guest whose device name carries another number than its address, against the scheme of all others.

use std::net::IpAddr;

use rustc_hash::FxHashMap;

use super::context::Context;
use super::culprit;
use super::draft::{Draft, Scope};
use super::finding::{Fix, Severity};
use super::rewrite;
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::{Address, Link};

pub(super) const RULE: RuleInfo = RuleInfo {
    name: "name-index-mismatch",
    severity: Severity::Warning,
    group: Group::Identity,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("name_index_mismatch.md"),
    explains: &[],
    run,
};

/// Least number of guests that make a scheme.
const LEAST: usize = 3;

fn run(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (_, host, links) in context.routed_hosts() {
        let numbered: Vec<Numbered<'_, '_>> = links.iter().filter_map(|link| numbered(link)).collect();
        // A scheme is a stem of the name, and how far the address is from the number behind it.
        let mut schemes: FxHashMap<&str, FxHashMap<i64, usize>> = FxHashMap::default();
        for one in &numbered {
            *schemes.entry(one.stem).or_default().entry(one.offset()).or_default() += 1;
        }
        let best_of = |offsets: &FxHashMap<i64, usize>| {
            let best = offsets.iter().max_by_key(|(offset, count)| (**count, -offset.abs(), **offset))?;
            Some((*best.0, *best.1, offsets.values().sum::<usize>()))
        };
        let best: FxHashMap<&str, (i64, usize, usize)> =
            schemes.iter().filter_map(|(stem, offsets)| Some((*stem, best_of(offsets)?))).collect();
        for one in &numbered {
            let Some((offset, count, of_stem)) = best.get(one.stem) else { continue };
            // Nearly all follow it, so the one that does not is a slip and no second scheme.
            if *offset == one.offset() || *count < LEAST || of_stem - count > count / 3 {
                continue;
            }
            let expected = one.in_name + offset;
            drafts.push(
                Draft::new(
                    Scope::link(one.link),
                    format!(
                        "guest {} has the device {}{} but the address {}, while the numbers of {count} other guests of host {} agree",
                        one.link.guest.name, one.stem, one.in_name, one.ip, host.name
                    ),
                    "whoever looks for the guest by its number finds another one or none",
                )
                .help(format!("give it the address that ends in .{expected}, or the device {}{}, on both sides", one.stem, one.in_address - offset))
                .label(culprit::in_address(one.address), format!("ends in {}", one.in_address))
                .label(one.link.interface.id.known().and_then(culprit::at_end), format!("number {}", one.in_name))
                .fix(one.renumbered(context, *offset)),
            );
        }
    }
    drafts
}

struct Numbered<'c, 'a> {
    link: &'c Link<'a>,
    stem: &'a str,
    in_name: i64,
    in_address: i64,
    ip: IpAddr,
    address: &'a Address,
}

impl Numbered<'_, '_> {
    fn offset(&self) -> i64 {
        self.in_address - self.in_name
    }
}

impl Numbered<'_, '_> {
    /// An edit that gives the guest the address of its name's number or, if its MAC address has the other number, the device of its address' number.
    fn renumbered(&self, context: &Context<'_>, offset: i64) -> Option<Fix> {
        let last = self.link.interface.mac_address().map(|mac| i64::from(mac.0[5]));
        if last == Some(self.in_address - offset) && last != Some(self.in_name) {
            let device = format!("{}{}", self.stem, self.in_address - offset);
            return rewrite::device(self.link, &device).filter(|_| context.free.is_device(&device));
        }
        let IpAddr::V4(old) = self.ip else { return None };
        let shift = i32::try_from(self.in_name + offset - self.in_address).ok()?;
        let new = IpAddr::V4(u32::from(old).checked_add_signed(shift)?.into());
        rewrite::address(self.link, self.ip, new).filter(|_| context.free.is_address(self.link.host_id, new))
    }
}

/// A guest whose tap's name ends in a number, with its IPv4 address.
fn numbered<'c, 'a>(link: &'c Link<'a>) -> Option<Numbered<'c, 'a>> {
    let tap = link.tap()?;
    let stem = tap.trim_end_matches(|letter: char| letter.is_ascii_digit());
    // Where in an address a number stands that does not fit into two octets depends on the network.
    let in_name = i64::from(tap.get(stem.len()..)?.parse::<u16>().ok()?);
    let mut addresses = link.guest_addresses().filter_map(|(ip, address)| match ip {
        IpAddr::V4(v4) => Some((i64::from(u32::from(v4) & 0xffff), ip, address)),
        IpAddr::V6(_) => None,
    });
    let (Some((in_address, ip, address)), None) = (addresses.next(), addresses.next()) else { return None };
    // Two octets are compared so that a scheme may go beyond 255, but where the names do not, the last one is what counts.
    let in_address = if in_name < 256 { in_address & 0xff } else { in_address };
    Some(Numbered { link, stem, in_name, in_address, ip, address })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{reports, silent};

    fn fleet(addresses: &[&str]) -> String {
        let mut text = "host h forward4\n".to_owned();
        for (number, address) in (1..).zip(addresses) {
            text += &format!("unit 30-vm{number} name=vm{number} address=10.0.0.200/32 route={address}\n");
        }
        for (number, address) in (1..).zip(addresses) {
            text += &format!(
                "guest g{number}@h tap=vm{number}/02:00:00:00:00:0{number}\nunit 10-e mac=02:00:00:00:00:0{number} address={address}\n"
            );
        }
        text
    }

    #[test]
    fn one_among_many_stands_out() {
        reports(
            &fleet(&["10.0.0.1/32", "10.0.0.2/32", "10.0.0.3/32", "10.0.0.8/32"]),
            &[("name-index-mismatch", "10.0.0.8/32")],
        );
        silent(&fleet(&["10.0.0.11/32", "10.0.0.12/32", "10.0.0.13/32", "10.0.0.14/32"]));
        silent(&fleet(&["10.0.0.1/32", "10.0.0.9/32", "10.0.0.5/32", "10.0.0.8/32"]));
        silent(&fleet(&["10.0.0.1/32", "10.0.0.8/32"]));
    }
}
