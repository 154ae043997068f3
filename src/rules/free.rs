//! What no guest has yet: indices, Ethernet addresses, addresses.

use std::cell::OnceCell;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::fleet::{Fleet, HostId, MacAddress, Unit};

/// Bytes of a device name, without the final NUL (`IFNAMSIZ` of `linux/if.h`).
pub(super) const LONGEST_DEVICE: usize = 15;

/// Most numbers that are tried.
const MOST_TRIED: u16 = 65_534;

/// Answers what is free. What is taken is found out when somebody asks first.
#[derive(Debug)]
pub(super) struct Free<'a> {
    fleet: &'a Fleet,
    indices: OnceCell<FxHashMap<Option<HostId>, i64>>,
    cids: OnceCell<FxHashMap<Option<HostId>, i64>>,
    macs: OnceCell<FxHashSet<MacAddress>>,
    addresses: OnceCell<FxHashSet<(Option<HostId>, IpAddr)>>,
    devices: OnceCell<FxHashSet<&'a str>>,
}

impl<'a> Free<'a> {
    pub(super) fn new(fleet: &'a Fleet) -> Self {
        Self {
            fleet,
            indices: OnceCell::new(),
            cids: OnceCell::new(),
            macs: OnceCell::new(),
            addresses: OnceCell::new(),
            devices: OnceCell::new(),
        }
    }

    /// The lowest index from 1 that no guest of a host has.
    pub(super) fn index(&self, host: Option<HostId>) -> i64 {
        let used = || self.fleet.guests.iter().filter_map(|guest| Some((guest.host, guest.index.as_ref()?.value)));
        self.indices.get_or_init(|| lowest(used().collect(), 1)).get(&host).copied().unwrap_or(1)
    }

    /// The lowest vsock address from 3, the first for guests, that no guest of a host has.
    pub(super) fn cid(&self, host: Option<HostId>) -> i64 {
        let used = || self.fleet.guests.iter().filter_map(|guest| Some((guest.host, *guest.vsock_cid.value()?)));
        self.cids.get_or_init(|| lowest(used().collect(), 3)).get(&host).copied().unwrap_or(3)
    }

    /// A locally administered address of one station (IEEE 802c) that no guest has, near another one: only the last two octets differ, and the first where
    /// it must.
    pub(super) fn mac(&self, near: MacAddress) -> Option<MacAddress> {
        let used = self.macs.get_or_init(|| {
            let interfaces = self.fleet.guests.iter().flat_map(|guest| &guest.interfaces.items);
            interfaces.filter_map(|interface| interface.mac_address()).collect()
        });
        let [first, b, c, d, ..] = near.0;
        let numbered = (1..MOST_TRIED).map(|number| {
            let [high, low] = number.to_be_bytes();
            MacAddress([first & 0xfe | 2, b, c, d, high, low])
        });
        numbered.into_iter().find(|mac| !used.contains(mac))
    }

    /// Whether no guest and no host has a device of a name, and the kernel takes it.
    pub(super) fn is_device(&self, name: &str) -> bool {
        let used = self.devices.get_or_init(|| {
            let interfaces = self.fleet.guests.iter().flat_map(|guest| &guest.interfaces.items);
            let of_guests = interfaces.filter_map(|interface| interface.id.value()).map(String::as_str);
            let of_hosts = self.fleet.hosts.iter().flat_map(|host| &host.devices).map(|device| device.value.as_str());
            of_guests.chain(of_hosts).collect()
        });
        !name.is_empty() && name.len() <= LONGEST_DEVICE && !used.contains(name)
    }

    /// Whether nobody on a host has an address.
    pub(super) fn is_address(&self, host: Option<HostId>, ip: IpAddr) -> bool {
        !self.addresses.get_or_init(|| self.used_addresses()).contains(&(host, ip))
    }

    /// The lowest address that nobody on a host has, in the /24 or /64 around another one.
    pub(super) fn address(&self, host: Option<HostId>, near: IpAddr) -> Option<IpAddr> {
        let used = self.addresses.get_or_init(|| self.used_addresses());
        (1..MOST_TRIED).map_while(|number| numbered(near, number)).find(|ip| !used.contains(&(host, *ip)))
    }

    /// Addresses of guests and hosts, those that hosts lead to, and the broadcast addresses of their networks.
    fn used_addresses(&self) -> FxHashSet<(Option<HostId>, IpAddr)> {
        let mut used = FxHashSet::default();
        let of_guests = self.fleet.guests.iter().map(|guest| (guest.host, &guest.network));
        let of_hosts = self.fleet.numbered_hosts().map(|(id, host)| (Some(id), &host.network));
        for (host, network) in of_guests.chain(of_hosts) {
            for net in network.units.items.iter().flat_map(nets) {
                used.insert((host, net.addr()));
                used.insert((host, net.broadcast()));
            }
        }
        used
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

fn nets(unit: &Unit) -> impl Iterator<Item = IpNet> {
    let addresses = unit.addresses.items.iter().filter_map(|address| address.net);
    let routes = unit.routes.items.iter().filter_map(|route| route.destination_net());
    addresses.chain(routes.filter(|net| net.prefix_len() == net.max_prefix_len()))
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
