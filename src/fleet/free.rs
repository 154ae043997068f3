//! What no guest has yet: indices, Ethernet addresses, addresses.

use std::cell::OnceCell;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rustc_hash::{FxHashMap, FxHashSet};

use super::facts::{Fleet, HostId, MacAddress, Unit};
use super::next::Scheme;

/// Bytes of a device name, without the final NUL (`IFNAMSIZ` of `linux/if.h`).
pub const LONGEST_DEVICE: usize = 15;

/// Most numbers that are tried.
const MOST_TRIED: u16 = 65_534;

/// Files that lead to an address from a host.
type Led<'a> = FxHashMap<(Option<HostId>, IpAddr), Vec<&'a str>>;

/// Answers what is free. What is taken is found out when somebody asks first.
#[derive(Debug)]
pub struct Free<'a> {
    fleet: &'a Fleet,
    indices: OnceCell<FxHashMap<Option<HostId>, i64>>,
    schemes: OnceCell<FxHashMap<Option<HostId>, Scheme<'a>>>,
    cids: OnceCell<FxHashMap<Option<HostId>, i64>>,
    used: OnceCell<FxHashSet<MacAddress>>,
    addresses: OnceCell<FxHashSet<(Option<HostId>, IpAddr)>>,
    /// Addresses that hosts lead to, with the file that does.
    led: OnceCell<Led<'a>>,
    of_guests: OnceCell<FxHashSet<&'a str>>,
    of_hosts: OnceCell<FxHashSet<&'a str>>,
}

impl<'a> Free<'a> {
    /// What is free in a fleet.
    pub fn new(fleet: &'a Fleet) -> Self {
        Self {
            fleet,
            indices: OnceCell::new(),
            schemes: OnceCell::new(),
            cids: OnceCell::new(),
            used: OnceCell::new(),
            addresses: OnceCell::new(),
            led: OnceCell::new(),
            of_guests: OnceCell::new(),
            of_hosts: OnceCell::new(),
        }
    }

    /// The lowest index from 1 that no guest of a host has.
    pub fn index(&self, host: Option<HostId>) -> i64 {
        let used = || self.fleet.guests.iter().filter_map(|guest| Some((guest.host, guest.index.as_ref()?.value)));
        self.indices.get_or_init(|| lowest(used().collect(), 1)).get(&host).copied().unwrap_or(1)
    }

    /// The indices from [`Free::index`] on that no guest of a host has.
    pub fn indices(&self, host: Option<HostId>) -> impl Iterator<Item = i64> {
        let own = self.fleet.guests.iter().filter(|guest| guest.host == host);
        let used: FxHashSet<i64> = own.filter_map(|guest| Some(guest.index.as_ref()?.value)).collect();
        (self.index(host)..).filter(move |index| !used.contains(index))
    }

    /// The lowest vsock address from 3, the first for guests, that no guest of a host has.
    pub fn cid(&self, host: Option<HostId>) -> i64 {
        let used = || self.fleet.guests.iter().filter_map(|guest| Some((guest.host, *guest.vsock_cid.value()?)));
        self.cids.get_or_init(|| lowest(used().collect(), 3)).get(&host).copied().unwrap_or(3)
    }

    /// The Ethernet address for the guest of a number: what follows from it by the scheme of the host's other guests if that is free, else one near
    /// another address.
    pub fn mac_of(&self, host: Option<HostId>, index: Option<i64>, near: MacAddress) -> Option<MacAddress> {
        let schemes = self.schemes.get_or_init(|| {
            let hosts: FxHashSet<Option<HostId>> = self.fleet.guests.iter().map(|guest| guest.host).collect();
            hosts.into_iter().map(|host| (host, Scheme::of(self.fleet, host))).collect()
        });
        let by_scheme = index.and_then(|index| schemes.get(&host)?.mac(index).ok());
        by_scheme.filter(|mac| !mac.is_multicast() && self.is_mac(*mac)).or_else(|| self.mac(near))
    }

    /// Whether no guest has an Ethernet address.
    pub fn is_mac(&self, mac: MacAddress) -> bool {
        !self.used_macs().contains(&mac)
    }

    fn used_macs(&self) -> &FxHashSet<MacAddress> {
        self.used.get_or_init(|| {
            let interfaces = self.fleet.guests.iter().flat_map(|guest| &guest.interfaces.items);
            interfaces.filter_map(|interface| interface.mac_address()).collect()
        })
    }

    /// The locally administered address of one station (IEEE 802c) with the other bits of an address, if no guest has it, else one near that.
    pub fn local(&self, mac: MacAddress) -> Option<MacAddress> {
        Some(mac.local()).filter(|local| self.is_mac(*local)).or_else(|| self.mac(mac))
    }

    /// A locally administered address of one station that no guest has, near another one.
    pub fn mac(&self, near: MacAddress) -> Option<MacAddress> {
        self.macs(near).next()
    }

    /// All such: only the last two octets differ, and the first where it must.
    pub fn macs(&self, near: MacAddress) -> impl Iterator<Item = MacAddress> {
        let used = self.used_macs();
        let [first, b, c, d, ..] = near.local().0;
        let numbered = (1..MOST_TRIED).map(move |number| {
            let [high, low] = number.to_be_bytes();
            MacAddress([first, b, c, d, high, low])
        });
        numbered.filter(|mac| !used.contains(mac))
    }

    /// Whether no guest and no host has a device of a name, and the kernel takes it.
    pub fn is_device(&self, name: &str) -> bool {
        let of_hosts = self.of_hosts.get_or_init(|| {
            self.fleet.hosts.iter().flat_map(|host| &host.devices).map(|device| device.value.as_str()).collect()
        });
        !name.is_empty() && name.len() <= LONGEST_DEVICE && self.is_no_guests(name) && !of_hosts.contains(name)
    }

    /// Whether no guest has a device of a name on its host.
    pub fn is_no_guests(&self, name: &str) -> bool {
        let of_guests = self.of_guests.get_or_init(|| {
            let interfaces = self.fleet.guests.iter().flat_map(|guest| &guest.interfaces.items);
            interfaces.filter_map(|interface| interface.id.value()).map(String::as_str).collect()
        });
        !of_guests.contains(name)
    }

    /// Whether nobody on a host has an address, and the host leads nowhere by it.
    pub fn is_address(&self, host: Option<HostId>, ip: IpAddr) -> bool {
        self.is_address_for(host, ip, None)
    }

    /// The lowest address that nobody on a host has, in the /24 or /64 around another one.
    pub fn address(&self, host: Option<HostId>, near: IpAddr) -> Option<IpAddr> {
        (1..MOST_TRIED).map_while(|number| numbered(near, number)).find(|ip| self.is_address(host, *ip))
    }

    /// Whether nobody on a host has an address, and the host leads nowhere by it but through the tap that one of its files is for.
    pub fn is_address_for(&self, host: Option<HostId>, ip: IpAddr, unit: Option<&str>) -> bool {
        let led = self.led.get_or_init(|| self.led_addresses());
        let is_own = |file: &&str| Some(*file) == unit;
        !self.addresses.get_or_init(|| self.used_addresses()).contains(&(host, ip))
            && led.get(&(host, ip)).is_none_or(|files| files.iter().all(is_own))
    }

    /// Addresses of guests and hosts, and the broadcast addresses of their networks.
    fn used_addresses(&self) -> FxHashSet<(Option<HostId>, IpAddr)> {
        let mut used = FxHashSet::default();
        for (host, unit) in self.units() {
            for net in unit.addresses.items.iter().filter_map(|address| address.net) {
                used.insert((host, net.addr()));
                used.insert((host, net.broadcast()));
            }
        }
        used
    }

    fn led_addresses(&self) -> Led<'a> {
        let mut led = Led::default();
        for (host, unit) in self.units() {
            let nets = unit.routes.items.iter().filter_map(|route| route.destination_net());
            for net in nets.filter(|net| net.prefix_len() == net.max_prefix_len()) {
                led.entry((host, net.addr())).or_default().push(unit.name.as_str());
            }
        }
        led
    }

    /// The files of all guests and hosts, each with the host.
    fn units(&self) -> impl Iterator<Item = (Option<HostId>, &'a Unit)> {
        let of_guests = self.fleet.guests.iter().map(|guest| (guest.host, &guest.network));
        let of_hosts = self.fleet.numbered_hosts().map(|(id, host)| (Some(id), &host.network));
        of_guests.chain(of_hosts).flat_map(|(host, network)| network.units.items.iter().map(move |unit| (host, unit)))
    }
}

/// The lowest number of each host from a first one on that is not used.
fn lowest(mut used: Vec<(Option<HostId>, i64)>, first: i64) -> FxHashMap<Option<HostId>, i64> {
    used.sort_unstable();
    let mut lowest = FxHashMap::default();
    for (host, number) in used {
        let free = lowest.entry(host).or_insert(first);
        if number == *free {
            *free += 1;
        }
    }
    lowest
}

/// The address with a number in the last octet or group; `None` if the number is too large.
fn numbered(near: IpAddr, number: u16) -> Option<IpAddr> {
    Some(match near {
        IpAddr::V4(near) => {
            let [a, b, c, _] = near.octets();
            let last = u8::try_from(number).ok().filter(|last| *last < 255)?;
            IpAddr::V4(Ipv4Addr::new(a, b, c, last))
        }
        IpAddr::V6(near) => {
            let [a, b, c, d, ..] = near.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, number))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::sketch;

    #[test]
    fn what_is_free_is_near_and_nobodys() {
        let fleet = sketch::fleet(
            "host h
             unit 30-vm1 name=vm1 address=10.0.0.1/32 route=10.0.0.3/32
             guest a@h index=1 tap=vm1/02:00:00:00:00:01
             unit 10-e mac=02:00:00:00:00:01 address=10.0.0.2/32
             guest b@h index=2 tap=vm2/02:00:00:00:00:02",
        );
        let free = Free::new(&fleet);
        assert_eq!(free.index(Some(HostId(0))), 3);
        assert_eq!(free.index(None), 1);
        assert_eq!(free.mac(MacAddress([1, 0, 0, 0, 9, 9])), Some(MacAddress([2, 0, 0, 0, 0, 3])));
        assert_eq!(free.address(Some(HostId(0)), "10.0.0.9".parse().unwrap()), "10.0.0.4".parse().ok());
        assert_eq!(free.address(Some(HostId(0)), "fd00::9".parse().unwrap()), "fd00::1".parse().ok());
    }
}
