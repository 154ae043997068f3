//! Ethernet addresses, as networkd and hypervisors read them.

use std::fmt;

/// An Ethernet address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MacAddress(pub [u8; 6]);

impl MacAddress {
    /// Reads what networkd's `MACAddress=` accepts: six octets of one or two hex digits with `:` or `-`, or three groups of four with `.`
    /// (systemd, `src/basic/ether-addr-util.c`). `None` for anything else.
    pub fn parse_tolerant(text: &str) -> Option<Self> {
        let mut octets = [0; 6];
        if text.contains('.') {
            let groups: Vec<&str> = text.split('.').collect();
            if groups.len() != 3 {
                return None;
            }
            for (group, pair) in groups.iter().zip(octets.chunks_mut(2)) {
                let number = u16::from_str_radix(group, 16).ok().filter(|_| is_hex(group, 1, 4))?;
                pair.copy_from_slice(&number.to_be_bytes());
            }
            return Some(Self(octets));
        }
        let separator = if text.contains('-') { '-' } else { ':' };
        let mut groups = text.split(separator);
        for octet in &mut octets {
            let group = groups.next().filter(|group| is_hex(group, 1, 2))?;
            *octet = u8::from_str_radix(group, 16).ok()?;
        }
        groups.next().is_none().then_some(Self(octets))
    }

    /// Reads what every hypervisor accepts: six octets of exactly two hex digits with `:`.
    pub fn parse_strict(text: &str) -> Option<Self> {
        let is_strict = text.len() == 17 && text.split(':').all(|group| is_hex(group, 2, 2));
        is_strict.then(|| Self::parse_tolerant(text)).flatten()
    }

    /// The locally administered address of one station with the same other bits (IEEE 802c).
    pub fn local(self) -> Self {
        let [first, rest @ ..] = self.0;
        let [b, c, d, e, f] = rest;
        Self([first & 0xfe | 2, b, c, d, e, f])
    }

    /// Whether it is a group address (IEEE 802: the low bit of the first octet), which no interface may have.
    pub fn is_multicast(self) -> bool {
        self.0.first().is_some_and(|octet| octet & 1 == 1)
    }
}

fn is_hex(text: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networkd_and_hypervisors_read_mac_addresses_differently() {
        let mac = MacAddress([2, 0x61, 0x6e, 0x6e, 0, 0x30]);
        for text in ["02:61:6e:6e:00:30", "02-61-6E-6E-00-30", "2:61:6e:6e:0:30", "0261.6e6e.0030"] {
            assert_eq!(MacAddress::parse_tolerant(text), Some(mac), "{text}");
        }
        assert_eq!(MacAddress::parse_strict("02:61:6e:6e:00:30"), Some(mac));
        for text in
            ["2:61:6e:6e:0:30", "02-61-6e-6e-00-30", "02:61:6e:6e:00", "02:61:6e:6e:00:3g", "02:61:6e:6e:00:100"]
        {
            assert_eq!(MacAddress::parse_strict(text), None, "{text}");
        }
    }
}
