//! What the next guest of a host takes: the lowest free number, and what follows from it by the fleet's own scheme.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use rustc_hash::FxHashMap;

use super::coverage::Coverage;
use super::facts::{Fleet, Guest, Host, HostId, Leaf, MacAddress, Origin, Part, Sourced, Unit};
use super::free::Free;
use super::index::{has_last_group, trailing_number};
use super::scheme::{Digits, Kind, Names, Numbers, Sample, Unclear, Written};

/// What is free on one host.
#[derive(Clone, Debug)]
pub struct Next<'a> {
    /// The host; `None` for guests of which no host is known.
    pub host: Option<&'a Host>,
    /// Free numbers, from the lowest.
    pub slots: Vec<Slot<'a>>,
    /// Why a number may be taken all the same.
    pub doubts: Vec<String>,
    /// A guest whose number is a literal of its own, to be copied.
    pub model: Option<&'a Guest>,
}

/// A free number with what follows from it.
#[derive(Clone, Debug)]
pub struct Slot<'a> {
    /// The number.
    pub index: i64,
    /// Name of the tap.
    pub tap: Option<String>,
    /// Ethernet address.
    pub mac: Option<MacAddress>,
    /// Addresses, IPv4 first.
    pub addresses: Vec<IpNet>,
    /// Number on the vsock, if those of other guests follow from theirs.
    pub cid: Option<i64>,
    /// The host's file for the tap, if it is there already.
    pub unit: Option<&'a Unit>,
    /// What could not be derived, with the reason.
    pub missing: Vec<Missing>,
}

/// A part that does not follow from a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// `tap`, `mac`, `ipv4` or `ipv6`.
    pub part: &'static str,
    /// Why.
    pub why: String,
    /// Something free that would do.
    pub free: Option<String>,
}

/// Most numbers that are tried for one that is free.
const MOST_TRIED: usize = 65_536;

/// The next `count` numbers of a host's guests; `name` is what the first guest is to be called. Guests without a known host have their own numbers.
pub fn next<'a>(fleet: &'a Fleet, host: Option<HostId>, count: usize, name: &str) -> Next<'a> {
    let free = Free::new(fleet);
    let scheme = Scheme::of(fleet, host);
    let is_free = |slot: &Slot<'_>| {
        let tap = slot.tap.as_deref().is_none_or(|tap| free.is_no_guests(tap));
        let mac = slot.mac.is_none_or(|mac| free.is_mac(mac));
        let own = |net: &IpNet| free.is_address_for(host, net.addr(), slot.unit.map(|unit| unit.name.as_str()));
        tap && mac && slot.addresses.iter().all(own)
    };
    let slots = free.indices(host).take(MOST_TRIED).map(|index| scheme.slot(&free, index, name)).filter(is_free);
    let slots = slots.take(count).collect();
    let own = fleet.guests.iter().filter(|guest| guest.host == host);
    let model = own
        .filter(|guest| guest.index.as_ref().is_some_and(|index| index.place().is_some()))
        .max_by_key(|guest| guest.index.as_ref().map(|index| index.value));
    Next { host: host.and_then(|id| fleet.host(id)), slots, doubts: doubts(fleet, host), model }
}

/// Why a number that looks free may be taken.
fn doubts(fleet: &Fleet, id: Option<HostId>) -> Vec<String> {
    let mut doubts = Vec::new();
    let may_be_here = |guest: &&Guest| guest.host == id || guest.host.is_none();
    for guest in fleet.guests.iter().filter(may_be_here).filter(|guest| guest.index.is_none() && !guest.is_understood())
    {
        doubts.push(format!("guest {} is not understood, so it may have any number", guest.name));
    }
    if let Some(host) = id.and_then(|id| fleet.host(id))
        && !(host.vms.is_complete && host.autostart.is_complete)
    {
        doubts.push(format!("not all guests of host {} are known", host.name));
    }
    for reason in Coverage::of(fleet).unread {
        doubts.push(format!("{} could not be read: {}", reason.names.join(", "), reason.why));
    }
    doubts
}

/// How the values of one host's guests follow from their numbers.
#[derive(Debug, Default)]
pub struct Scheme<'a> {
    host: Option<HostId>,
    is_empty: bool,
    taps: Names,
    macs: Numbers,
    /// The Ethernet address of one guest.
    near: Option<MacAddress>,
    /// How far numbers on the vsock are from those of guests, if it is equally far everywhere.
    cid: Option<i64>,
    /// For each address of a guest: IPv4 first.
    addresses: Vec<Addresses>,
    /// Files of the host for one tap, by its name.
    units: FxHashMap<&'a str, &'a Unit>,
}

/// What the addresses of guests have in common that stand at one position.
#[derive(Debug)]
struct Addresses {
    kind: Kind,
    numbers: Numbers,
    /// One of them.
    near: Option<IpAddr>,
    length: u8,
}

/// What is learnt from besides addresses.
#[derive(Default)]
struct Cards<'a> {
    taps: Vec<Sample<'a, &'a str>>,
    tap_digits: Option<Digits>,
    macs: Vec<Sample<'a, u128>>,
    mac_written: Option<Written>,
    cids: Vec<(i64, i64)>,
    near: Option<MacAddress>,
}

impl<'a> Scheme<'a> {
    /// What the guests and the prepared taps of a host have in common.
    pub fn of(fleet: &'a Fleet, host: Option<HostId>) -> Self {
        let mut scheme = Self { host, ..Self::default() };
        let guests = fleet.guests.iter().filter(|guest| guest.host == host);
        let numbered: Vec<(i64, &Guest)> =
            guests.filter_map(|guest| Some((guest.index.as_ref()?.value, guest))).collect();
        let mut cards = Cards::default();
        for (index, guest) in &numbered {
            cards.add(*index, guest);
        }
        let units = host.and_then(|id| fleet.host(id)).map(|host| host.network.units.items.as_slice());
        let mut prepared = Vec::new();
        for unit in units.unwrap_or_default().iter().filter(|unit| !unit.is_generated) {
            let [tap] = unit.matching.names.items.as_slice() else { continue };
            if tap.value.contains(['*', '?', '[', '!', ' ']) {
                continue;
            }
            scheme.units.entry(tap.value.as_str()).or_insert(unit);
            let routed: Vec<IpNet> = routed(unit).collect();
            let index = trailing_number(&tap.value);
            if let Some(index) = index.filter(|index| routed.iter().any(|net| has_last_group(net.addr(), *index))) {
                cards.taps.push(Sample { guest: "", index, value: tap.value.as_str() });
                prepared.push((index, routed));
            }
        }
        for kind in [Kind::V4, Kind::V6] {
            scheme.family(kind, &numbered, &prepared);
        }
        scheme.is_empty = cards.taps.is_empty() && cards.macs.is_empty() && scheme.addresses.is_empty();
        scheme.taps = Names::learn(&cards.taps, cards.tap_digits);
        scheme.macs = Numbers::learn(Kind::Mac, &cards.macs, cards.mac_written.unwrap_or_default());
        scheme.near = cards.near;
        scheme.cid = cards.distance();
        scheme
    }

    /// Whether there is anything to learn from.
    pub fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// The Ethernet address that follows for a number.
    pub fn mac(&self, index: i64) -> Result<MacAddress, Unclear> {
        let number = self.macs.of(index)?;
        let [.., a, b, c, d, e, f] = number.to_be_bytes();
        Ok(MacAddress([a, b, c, d, e, f]))
    }

    /// Learns from the addresses of one family. Guests that have more or fewer of them than most are left out.
    fn family(&mut self, kind: Kind, guests: &[(i64, &'a Guest)], prepared: &[(i64, Vec<IpNet>)]) {
        let is_of = |net: &IpNet| matches!((kind, net), (Kind::V4, IpNet::V4(_)) | (Kind::V6, IpNet::V6(_)));
        let of_guest = |guest: &'a Guest| -> Vec<(IpNet, &'a Sourced<String>)> {
            let own = guest.network.units.items.iter().filter(|unit| !unit.is_generated);
            let all = own.flat_map(|unit| &unit.addresses.items).filter_map(|one| Some((one.net?, &one.text)));
            all.filter(|(net, _)| is_of(net)).collect()
        };
        let found: Vec<_> = guests.iter().map(|(index, guest)| (*index, *guest, of_guest(guest))).collect();
        let waiting: Vec<(i64, Vec<IpNet>)> =
            prepared.iter().map(|(index, nets)| (*index, nets.iter().copied().filter(is_of).collect())).collect();
        let mut counts: FxHashMap<usize, usize> = FxHashMap::default();
        for count in found.iter().map(|(.., nets)| nets.len()).chain(waiting.iter().map(|(_, nets)| nets.len())) {
            *counts.entry(count).or_default() += 1;
        }
        let usual = counts.into_iter().max_by_key(|(count, times)| (*times, *count)).map_or(0, |(count, _)| count);
        for position in 0..usual {
            let mut samples = Vec::new();
            let (mut known, mut lengths) = (None, Vec::new());
            for (index, guest, nets) in found.iter().filter(|(.., nets)| nets.len() == usual) {
                let Some((net, text)) = nets.get(position) else { continue };
                known = known.or_else(|| written(kind, text, *index));
                lengths.push(net.prefix_len());
                samples.push(Sample { guest: guest.name.as_str(), index: *index, value: number(net.addr()) });
            }
            for (index, nets) in waiting.iter().filter(|(_, nets)| nets.len() == usual) {
                let Some(net) = nets.get(position) else { continue };
                samples.push(Sample { guest: "", index: *index, value: number(net.addr()) });
            }
            lengths.dedup();
            let full = if kind == Kind::V4 { 32 } else { 128 };
            let length = if let [length] = lengths.as_slice() { *length } else { full };
            let near = samples.first().map(|sample| ip_of(kind, sample.value));
            self.addresses.push(Addresses {
                kind,
                numbers: Numbers::learn(kind, &samples, known.unwrap_or_default()),
                near,
                length,
            });
        }
    }

    fn slot(&self, free: &Free<'_>, index: i64, name: &str) -> Slot<'a> {
        let mut slot = Slot {
            index,
            tap: None,
            mac: None,
            addresses: Vec::new(),
            cid: self.cid.and_then(|distance| index.checked_add(distance)),
            unit: None,
            missing: Vec::new(),
        };
        let mut missing = |part, why: Unclear, what: &str, free: Option<String>| {
            slot.missing.push(Missing { part, why: why.reason(what), free });
        };
        match self.taps.of(index, name) {
            Ok(tap) => slot.tap = Some(tap),
            Err(why) => missing("tap", why, "the taps", None),
        }
        match self.mac(index) {
            Ok(mac) => slot.mac = Some(mac),
            Err(why) => {
                let near = self.near.unwrap_or(MacAddress([2, 0, 0, 0, 0, 0]));
                let other = free.mac(near).map(|mac| mac.to_string());
                missing("mac", why, "the MAC addresses", other);
            }
        }
        slot.unit = slot.tap.as_deref().and_then(|tap| self.units.get(tap)).copied();
        let prepared: Vec<IpNet> = slot.unit.map(|unit| routed(unit).collect()).unwrap_or_default();
        for kind in [Kind::V4, Kind::V6] {
            // What the host leads to the tap is what a guest behind it must have.
            let is_of = |net: &&IpNet| matches!((kind, net), (Kind::V4, IpNet::V4(_)) | (Kind::V6, IpNet::V6(_)));
            let own: Vec<IpNet> = prepared.iter().filter(is_of).copied().collect();
            let known: Vec<&Addresses> = self.addresses.iter().filter(|one| one.kind == kind).collect();
            if own.len() == known.len() && !own.is_empty() {
                let with_length =
                    |(net, like): (&IpNet, &&Addresses)| IpNet::new(net.addr(), like.length).unwrap_or(*net);
                slot.addresses.extend(own.iter().zip(&known).map(with_length));
                continue;
            }
            for one in known {
                let (part, what) =
                    if kind == Kind::V4 { ("ipv4", "the IPv4 addresses") } else { ("ipv6", "the IPv6 addresses") };
                let found = one.numbers.of(index).map(|number| ip_of(kind, number));
                match found.and_then(|ip| IpNet::new(ip, one.length).map_err(|_| Unclear::TooLarge)) {
                    Ok(net) => slot.addresses.push(net),
                    Err(why) => {
                        let other = one.near.and_then(|near| free.address(self.host, near)).map(|ip| ip.to_string());
                        slot.missing.push(Missing { part, why: why.reason(what), free: other });
                    }
                }
            }
        }
        slot.addresses = slot.addresses.into_iter().fold(Vec::new(), |mut once, net| {
            if !once.contains(&net) {
                once.push(net);
            }
            once
        });
        slot
    }
}

impl<'a> Cards<'a> {
    fn add(&mut self, index: i64, guest: &'a Guest) {
        let taps = guest.interfaces.items.iter().filter(|interface| interface.is_tap());
        let Some(card) = taps.into_iter().next() else { return };
        let name = guest.name.as_str();
        if let Some(id) = card.id.known() {
            self.tap_digits = self.tap_digits.or_else(|| digits(id, index));
            self.taps.push(Sample { guest: name, index, value: id.value.as_str() });
        }
        if let (Some(mac), Some(text)) = (card.mac_address(), card.mac.known()) {
            self.mac_written = self.mac_written.or_else(|| written(Kind::Mac, text, index));
            let value = mac.0.into_iter().fold(0, |number, octet| number << 8 | u128::from(octet));
            self.macs.push(Sample { guest: name, index, value });
            self.near = self.near.or(Some(mac));
        }
        if let Some(cid) = guest.vsock_cid.value() {
            self.cids.push((index, *cid));
        }
    }

    /// How far numbers on the vsock are from those of guests. One guest shows it only if both are the same.
    fn distance(&self) -> Option<i64> {
        let distance = |(index, cid): &(i64, i64)| cid.checked_sub(*index);
        let common = distance(self.cids.first()?)?;
        let is_shown = self.cids.len() > 1 || common == 0;
        (is_shown && self.cids.iter().all(|one| distance(one) == Some(common))).then_some(common)
    }
}

/// Whether a number stands in a text in decimal or in hexadecimal digits, if the text was computed and that shows it.
fn digits(text: &Sourced<String>, index: i64) -> Option<Digits> {
    shown(text, index).map(|(_, digits)| digits)
}

/// The part of a computed text that is a number, with the digits that it stands in.
fn shown(text: &Sourced<String>, index: i64) -> Option<(&Part, Digits)> {
    let Origin { parts, .. } = &text.origin;
    let of_index = |part: &&Part| matches!(part.leaf, Leaf::Int(number) if number == index);
    parts.get().iter().filter(of_index).find_map(|part| {
        let written = text.value.get(part.start as usize..part.end as usize)?;
        if part.is_verbatim {
            return Some((part, Digits::Decimal));
        }
        // Decimal digits that nobody padded would be the number's own text.
        let is_plain = part.is_hexadecimal || written.eq_ignore_ascii_case(&format!("{index:x}"));
        is_plain.then_some((part, Digits::Plain))
    })
}

/// How a number stands in an address, if the text was computed and that shows it.
fn written(kind: Kind, text: &Sourced<String>, index: i64) -> Option<Written> {
    let (part, digits) = shown(text, index)?;
    let (_, field_bits) = kind.bits();
    let base = 1_i64.checked_shl(u32::try_from(field_bits).ok()?)?;
    let parts = text.origin.parts.get();
    let (mut higher, mut start, mut divisor) = (0, part.start, base);
    // The field before, with one sign between the two, has what is left of the number.
    while let Some(above) = parts.iter().find(|part| part.end + 1 == start && part.divisor == Some(divisor)) {
        higher += 1;
        start = above.start;
        let Some(next) = divisor.checked_mul(base) else { break };
        divisor = next;
    }
    // All digits of IPv4 are decimal.
    Some(Written { digits: Some(digits).filter(|_| kind != Kind::V4), higher })
}

/// The single addresses that a file of a host leads to.
fn routed(unit: &Unit) -> impl Iterator<Item = IpNet> {
    let plain = unit.routes.items.iter().filter(|route| route.gateway.value().is_none());
    plain.filter_map(|route| route.destination_net()).filter(|net| net.prefix_len() == net.max_prefix_len())
}

fn number(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => u128::from(u32::from(ip)),
        IpAddr::V6(ip) => u128::from(ip),
    }
}

/// The address of a number.
fn ip_of(kind: Kind, number: u128) -> IpAddr {
    match kind {
        Kind::V4 => IpAddr::V4(Ipv4Addr::from(u32::try_from(number).unwrap_or(u32::MAX))),
        Kind::V6 | Kind::Mac => IpAddr::V6(Ipv6Addr::from(number)),
    }
}
