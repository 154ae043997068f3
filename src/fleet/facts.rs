//! The facts: what evaluation found out about a fleet, as plain data.
//!
//! This is the contract between evaluation and everything after it. Facts are `Send`, are sorted, and each knows where it was written;
//! only what a computed text consists of is left to be asked ([`Parts`]). Addresses, MACs and names are parsed once, here; a text that does not parse is kept as it is.

use std::net::IpAddr;

use ipnet::IpNet;

use super::dropped::DroppedUnit;
use super::exposure::OpenPorts;
use super::files::NetworkFile;
pub use super::lost::Lost;
pub use super::mac::MacAddress;
use super::masquerade::Masquerade;
use super::oddities::Oddity;
pub use super::origin::{Fact, Leaf, Listed, Origin, Part, Sourced};
pub use super::services::{Bridge, Dhcpcd, Firewall, HostsEntry, Netdev, PortForward, WaitOnline};
use super::trouble::{Gap, Problem};
pub use crate::config::Release;
use crate::source::Place;

/// Which host of the fleet; index into [`Fleet::hosts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostId(pub u32);

/// Which guest of the fleet; index into [`Fleet::guests`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GuestId(pub u32);

/// Everything that was found out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fleet {
    /// Hosts, sorted by name.
    pub hosts: Vec<Host>,
    /// Guests, sorted by host and name.
    pub guests: Vec<Guest>,
    /// What is wrong with the source itself.
    pub problems: Vec<Problem>,
    /// What could not be known, sorted by place.
    pub unknowns: Vec<Gap>,
    /// Whether there is a flake that did not tell its machines, or another program that loads the files, so that machines were guessed from loose
    /// files: what is found then is not certain.
    pub is_guessed: bool,
    /// Number of files of the user's that were read.
    pub files: usize,
    /// Groups of guests that are said never to run at the same time, each sorted.
    pub exclusive: Vec<Vec<GuestId>>,
}

impl Fleet {
    /// Whether two guests may run at the same time.
    pub fn may_run_together(&self, one: GuestId, other: GuestId) -> bool {
        let holds = |group: &Vec<GuestId>, guest| group.binary_search(&guest).is_ok();
        one == other || !self.exclusive.iter().any(|group| holds(group, one) && holds(group, other))
    }

    /// A host.
    pub fn host(&self, id: HostId) -> Option<&Host> {
        self.hosts.get(id.0 as usize)
    }

    /// A guest.
    pub fn guest(&self, id: GuestId) -> Option<&Guest> {
        self.guests.get(id.0 as usize)
    }

    /// All guests with their numbers.
    pub fn numbered_guests(&self) -> impl Iterator<Item = (GuestId, &Guest)> {
        (0u32..).map(GuestId).zip(&self.guests)
    }

    /// All hosts with their numbers.
    pub fn numbered_hosts(&self) -> impl Iterator<Item = (HostId, &Host)> {
        (0u32..).map(HostId).zip(&self.hosts)
    }

    /// The host that runs a guest, if that is known.
    pub fn host_of(&self, guest: &Guest) -> Option<&Host> {
        guest.host.and_then(|id| self.host(id))
    }
}

/// A machine that runs guests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// The name: attribute of `nixosConfigurations`, else host name, else file name.
    pub name: String,
    /// Where it is declared.
    pub place: Option<Place>,
    /// Configuration of its network.
    pub network: Network,
    /// `networking.nat`
    pub nat: Nat,
    /// Known sysctls `net.ipv4.*` and `net.ipv6.*` by their dotted names, sorted. What modules of NixOS add (as `networking.nat` does) is included.
    pub sysctls: Vec<(String, Fact<String>)>,
    /// Whether more sysctls may be set that are not known.
    pub sysctls_complete: bool,
    /// `networking.firewall`
    pub firewall: Firewall,
    /// Whether rules that are written as text may say what is forwarded.
    pub forward_rules: Fact<bool>,
    /// What the firewall lets in on all links.
    pub ports: OpenPorts,
    /// Whether systemd-resolved answers for the host's name on its links (LLMNR).
    pub answers_llmnr: Fact<bool>,
    /// Whether `/etc/qemu/bridge.conf` is the user's own.
    pub limits_bridges: bool,
    /// Names of interfaces that are not made by files for networkd: VLANs, bonds, tunnels, cards with another name. Others may exist.
    pub other_interfaces: Vec<String>,
    /// Sysctls that turn forwarding off in vain, because `networking.nat` outweighs them, with where they are written.
    pub outweighed_sysctls: Vec<(String, Origin)>,
    /// `networking.nftables.enable`
    pub nftables: Fact<bool>,
    /// The DHCP client of NixOS.
    pub dhcpcd: Dhcpcd,
    /// Whether a DHCP server besides networkd's runs (dnsmasq, Kea).
    pub dhcp_server: Fact<bool>,
    /// Names of `networking.interfaces`, of bridges, and of the devices in `systemd.network.netdevs`.
    pub devices: Vec<Sourced<String>>,
    /// Devices in `systemd.network.netdevs`, sorted by name.
    pub netdevs: Vec<Netdev>,
    /// Whether networkd can have no further devices to make that are not known.
    pub netdevs_complete: bool,
    /// `networking.bridges`
    pub bridges: Vec<Bridge>,
    /// What its start waits for.
    pub wait_online: WaitOnline,
    /// Ethernet addresses in `systemd.network.links`: of cards of its own.
    pub link_macs: Vec<Sourced<String>>,
    /// Names of addresses: `networking.hosts` and `networking.extraHosts`.
    pub hosts_entries: Vec<HostsEntry>,
    /// Whether it has the host module of microvm.nix, switched on.
    pub has_host_module: bool,
    /// Names in `microvm.vms`, with whether each starts automatically.
    pub vms: Listed<Sourced<String>>,
    /// Names in `microvm.autostart` as written (without those that `microvm.vms` adds).
    pub autostart: Listed<Sourced<String>>,
    /// The NixOS release, if it is known.
    pub release: Option<Release>,
    /// What it says and NixOS or networkd does not take.
    pub oddities: Vec<Oddity>,
    /// Numbers that are written down and that lists of numbers were counted up to (`lib.range`, `genList`), in the order of the source.
    pub counts: Vec<Sourced<i64>>,
}

/// How a guest was declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Declared {
    /// `microvm.vms.<name>` with `config` or `evaluatedConfig`.
    Inline,
    /// `microvm.vms.<name>.flake`: the configuration of that name in the flake.
    FlakeReference,
    /// A configuration of its own (`nixosConfigurations.<name>`, a runner).
    Configuration,
    /// A module file.
    File,
}

/// A MicroVM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guest {
    /// The name: attribute of `microvm.vms` or of `nixosConfigurations`, else host name, else file name.
    pub name: String,
    /// The host that runs it, if that is known.
    pub host: Option<HostId>,
    /// How it was declared.
    pub declared: Declared,
    /// Where it is declared.
    pub place: Option<Place>,
    /// The number that its names and addresses derive from, with the place of the literal; `None` if they do not agree on one.
    pub index: Option<Sourced<i64>>,
    /// Whether the index is the number that they were computed from, and not only one whose digits they end in.
    pub has_computed_index: bool,
    /// `microvm.interfaces`
    pub interfaces: Listed<Interface>,
    /// Configuration of its network.
    pub network: Network,
    /// Whether the host starts it automatically, as far as is known.
    pub autostart: Fact<bool>,
    /// `networking.hostName`
    pub host_name: Fact<String>,
    /// `microvm.hypervisor`
    pub hypervisor: Fact<String>,
    /// `microvm.vcpu`
    pub vcpu: Fact<i64>,
    /// `microvm.vsock.cid`
    pub vsock_cid: Fact<i64>,
    /// `microvm.machineId`
    pub machine_id: Fact<String>,
    /// Whether `microvm.shares` has elements.
    pub has_shares: Fact<bool>,
    /// `microvm.graphics.enable`
    pub has_graphics: Fact<bool>,
    /// Whether `microvm.devices` has elements: devices of the host that are handed through.
    pub has_devices: Fact<bool>,
    /// What the firewall lets in on all links.
    pub ports: OpenPorts,
    /// What is set below `services`.
    pub services: Vec<Sourced<String>>,
    /// Whether `microvm.forwardPorts` has elements.
    pub forward_ports: Fact<bool>,
    /// `networking.usePredictableInterfaceNames`
    pub predictable_names: Fact<bool>,
    /// Devices in `systemd.network.netdevs`, sorted by name.
    pub netdevs: Vec<Netdev>,
    /// Names of addresses: `networking.hosts` and `networking.extraHosts`.
    pub hosts_entries: Vec<HostsEntry>,
    /// The NixOS release, if it is known.
    pub release: Option<Release>,
    /// What it says and NixOS or networkd does not take.
    pub oddities: Vec<Oddity>,
}

/// One element of `microvm.interfaces`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// `tap`, `user`, `macvtap` or `bridge`.
    pub kind: Fact<String>,
    /// Name of the device on the host.
    pub id: Fact<String>,
    /// Ethernet address inside the guest, as written.
    pub mac: Fact<String>,
    /// `bridge`, for that kind.
    pub bridge: Fact<String>,
    /// `macvtap.link`: the device on the host that a macvtap hangs on.
    pub link: Fact<String>,
    /// `macvtap.mode`: `bridge`, `private`, `vepa` or `passthru`.
    pub mode: Fact<String>,
    /// `tap.vhost`, for that kind.
    pub vhost: Fact<bool>,
    /// Where the element is written.
    pub place: Option<Place>,
}

impl Interface {
    /// Whether it is known to be a tap.
    pub fn is_tap(&self) -> bool {
        self.kind.value().is_some_and(|kind| kind == "tap")
    }

    /// The Ethernet address, if it is known and readable.
    pub fn mac_address(&self) -> Option<MacAddress> {
        self.mac.value().and_then(|text| MacAddress::parse_tolerant(text))
    }
}

/// `systemd.network` of one machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Whether networkd runs (`systemd.network.enable`).
    pub networkd: Fact<bool>,
    /// `networking.useDHCP`
    pub use_dhcp: Fact<bool>,
    /// `networking.enableIPv6`
    pub enable_ipv6: Fact<bool>,
    /// The `.network` files in the order of their names (byte order), those included that NixOS generates.
    pub units: Listed<Unit>,
    /// `IPv4Forwarding` of `systemd.network.config.networkConfig`.
    pub ipv4_forwarding: Fact<bool>,
    /// `IPv6Forwarding` of `systemd.network.config.networkConfig`.
    pub ipv6_forwarding: Fact<bool>,
    /// Where its modules begin to speak of `networking`, one place a file: before it a setting can stand that is written from the top.
    pub module_starts: Vec<Place>,
    /// Files that are written and lost before the module system sees them.
    pub dropped: Vec<DroppedUnit>,
    /// The files that NixOS writes for networkd, if they were asked for ([`super::Target::files`]).
    pub files: Listed<NetworkFile>,
}

/// One `.network` file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Name without `.network`.
    pub name: String,
    /// Where it is defined first (the attribute's name, or the call that made it).
    pub place: Option<Place>,
    /// Where the first of its options is written, before which another can stand.
    pub inside: Option<Place>,
    /// The expression that gives it first: from `{` to `}`.
    pub body: Option<Place>,
    /// Whether NixOS makes it from other options (`99-ethernet-default-dhcp`, `40-<interface>`).
    pub is_generated: bool,
    /// `enable`; false masks the file.
    pub is_enabled: Fact<bool>,
    /// `[Match]`
    pub matching: Matching,
    /// Addresses, in all spellings.
    pub addresses: Listed<Address>,
    /// Routes of `routes`, wrappers resolved.
    pub routes: Listed<Route>,
    /// Gateways of `gateway` and `networkConfig.Gateway`: default routes without an on-link flag.
    pub gateways: Listed<Sourced<String>>,
    /// DNS servers, in all spellings, one element a server.
    pub dns: Listed<Sourced<String>>,
    /// `bridgeConfig.Isolated`
    pub isolated: Fact<String>,
    /// Keys of `[Network]` and `[Link]` by name, sorted: `IPv6AcceptRA`, `DHCP`, `Bridge`, `Unmanaged` … A boolean stands as `true` or `false`.
    pub settings: Vec<(String, Fact<String>)>,
    /// Whether `extraConfig` or a drop-in adds text that is not looked into.
    pub has_extra_config: bool,
    /// Addresses and routes that are written and replaced by a stronger definition.
    pub lost: Vec<Lost>,
}

impl Unit {
    /// A key of `[Network]` or `[Link]`.
    pub fn setting(&self, key: &str) -> Option<&Fact<String>> {
        self.settings.iter().find(|(name, _)| name == key).map(|(_, fact)| fact)
    }

    /// A key that systemd reads as a boolean (systemd.syntax(7)): `None` if it is not set or not known.
    pub fn flag(&self, key: &str) -> Option<bool> {
        self.setting(key)?.value().and_then(|text| parse_boolean(text))
    }
}

/// A boolean as systemd reads it (systemd.syntax(7)).
pub fn parse_boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "yes" | "y" | "true" | "t" | "on" => Some(true),
        "0" | "no" | "n" | "false" | "f" | "off" => Some(false),
        _ => None,
    }
}

/// `[Match]` of a unit. Keys are joined by "and", the patterns of one key by "or".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matching {
    /// `Name`: globs, one element a pattern; a leading `!` negates the whole list.
    pub names: Listed<Sourced<String>>,
    /// `MACAddress`, as written, one element an address.
    pub macs: Listed<Sourced<String>>,
    /// `Type`, one element a pattern.
    pub types: Listed<Sourced<String>>,
    /// `Kind`, one element a pattern.
    pub kinds: Listed<Sourced<String>>,
    /// Keys that one definition gives as a list and another as a single value, which NixOS joins without a word.
    pub widened: Vec<Widened>,
    /// Names of other keys that are set (`Driver`, `PermanentMACAddress`, mistyped ones …).
    pub others: Vec<Sourced<String>>,
    /// Whether no further key may exist that is not known.
    pub is_complete: bool,
    /// Where `matchConfig` is written if it is an empty set: the whole binding.
    pub empty: Option<Place>,
}

/// A key of `[Match]` with definitions of both kinds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Widened {
    /// The key.
    pub key: String,
    /// Where it is defined, single values first.
    pub places: Vec<Place>,
}

/// One address of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// As written.
    pub text: Sourced<String>,
    /// The address with its prefix (a missing length is the full length, as networkd takes it); `None` if it does not parse.
    pub net: Option<IpNet>,
    /// Whether a length is written.
    pub has_prefix: bool,
    /// Whether it is written in a section of its own (`addresses`).
    pub in_section: bool,
    /// Other keys of its section with their values as text: `Scope`, `PreferredLifetime`, `Broadcast` …
    pub others: Vec<(String, Fact<String>)>,
}

/// One route of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Where the element is written.
    pub place: Option<Place>,
    /// `Destination`, as written.
    pub destination: Fact<String>,
    /// `Gateway`, as written.
    pub gateway: Fact<String>,
    /// `GatewayOnLink`
    pub on_link: Fact<bool>,
    /// Other keys with their values as text: `Metric`, `Table`, `Type`, `Scope`, `Source`, `MultiPathRoute` …
    pub others: Vec<(String, Fact<String>)>,
    /// Whether it is written with the old wrapper `routeConfig`.
    pub is_wrapped: bool,
    /// Whether no further key may exist that is not known.
    pub is_complete: bool,
}

impl Route {
    /// The destination as a prefix, host bits masked as networkd does; `None` if it is absent, unknown or does not parse.
    /// A bare address is a host route.
    pub fn destination_net(&self) -> Option<IpNet> {
        self.destination.value().and_then(|text| parse_prefix(text)).map(|net| net.trunc())
    }

    /// The gateway's address; `None` if it is absent, unknown or not an address (`_dhcp4`).
    pub fn gateway_address(&self) -> Option<IpAddr> {
        self.gateway.value().and_then(|text| text.parse().ok())
    }

    /// Another key.
    pub fn other(&self, key: &str) -> Option<&Fact<String>> {
        self.others.iter().find(|(name, _)| name == key).map(|(_, fact)| fact)
    }
}

/// An address with or without a prefix length; without one it is the full length.
pub fn parse_prefix(text: &str) -> Option<IpNet> {
    let text = text.trim();
    match text.parse::<IpNet>() {
        Ok(net) => Some(net),
        Err(_) => text.parse::<IpAddr>().ok().map(IpNet::from),
    }
}

/// `networking.nat`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nat {
    /// `enable`
    pub enable: Fact<bool>,
    /// `enableIPv6`
    pub enable_ipv6: Fact<bool>,
    /// `internalIPs`, as written.
    pub internal_ips: Listed<Sourced<String>>,
    /// `internalIPv6s`, as written.
    pub internal_ipv6s: Listed<Sourced<String>>,
    /// `internalInterfaces`
    pub internal_interfaces: Listed<Sourced<String>>,
    /// `externalInterface`
    pub external_interface: Fact<String>,
    /// `externalIP`
    pub external_ip: Fact<String>,
    /// `externalIPv6`
    pub external_ipv6: Fact<String>,
    /// `forwardPorts`
    pub forward_ports: Listed<PortForward>,
    /// `extraCommands`
    pub extra_commands: Fact<String>,
    /// Masquerading that is written elsewhere, as text for iptables or nftables (`networking.nat.extraCommands`,
    /// `networking.nftables.tables`, `networking.firewall.extraCommands` …); incomplete where such a text is not plain.
    pub masquerades: Listed<Masquerade>,
    /// Ranges that are written and replaced by a stronger definition.
    pub lost: Vec<Lost>,
}

impl Nat {
    /// Whether sources may also be translated by rules that are written as text.
    pub fn has_other_rules(&self) -> bool {
        !self.masquerades.is_complete || !self.masquerades.items.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_length_is_a_host_prefix() {
        assert_eq!(parse_prefix("10.0.0.5"), "10.0.0.5/32".parse().ok());
        assert_eq!(parse_prefix("fec0::5"), "fec0::5/128".parse().ok());
        assert_eq!(parse_prefix("10.0.0.300"), None);
    }
}
