"""A fleet as a world: one namespace for the host, one for each guest, one for the outside, from what routelint says about the source."""

import json
import re
import subprocess
from pathlib import Path

import nixos
import world as kernel

OUTSIDE = {"ipv4": "198.51.100.2", "ipv6": "2001:db8:1::2"}
UPLINK_MAC = "02:00:5e:00:53:01"
# What the outside gives to the host that asks; to one whose uplink nobody manages, an administrator gives the same.
UPLINK = {"ipv4": "198.51.100.1", "ipv6": "2001:db8:1::5eff:fe00:5301"}
OUTSIDE_FILE = f"""[Match]
Name=eth0
[Network]
Address={OUTSIDE['ipv4']}/24
Address={OUTSIDE['ipv6']}/64
DHCPServer=yes
IPv6SendRA=yes
IPv6AcceptRA=no
[DHCPServer]
PoolOffset=1
PoolSize=1
EmitRouter=yes
PersistLeases=no
[IPv6SendRA]
RouterLifetimeSec=1800
[IPv6Prefix]
Prefix=2001:db8:1::/64
"""
OPTIONS = {
    "networking.nftables.enable": False,
    "networking.nftables.tables": {},
    "networking.firewall": nixos.NO_FIREWALL,
    "networking.nat": nixos.NO_NAT,
    "networking.enableIPv6": True,
    "boot.kernel.sysctl": {},
}

# What the file of a device that leads out has.
LEADS_OUT = re.compile(r"^(DHCP=(yes|true|ipv4)|Gateway=|IPv6AcceptRA=(yes|true))", re.M)


def values(text, key):
    """Values of a key in a file of networkd, in whichever section."""
    return [line.partition("=")[2] for line in text.splitlines() if line.startswith(f"{key}=")]


def call(routelint, *arguments):
    done = subprocess.run([routelint, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode == 2:
        raise RuntimeError(f"routelint {arguments[0]}: {done.stderr.strip()}")
    return done.stdout


class Fleet(kernel.World):
    """`refused` holds what the kernel or a backend did not take while the world was built."""

    def __init__(self, routelint, folder, host=None):
        super().__init__()
        self.refused = []
        shown = json.loads(call(routelint, "show", "--format", "json", folder))
        call(routelint, "show", "--format", "networkd", "--output-dir", self.folder / "files", folder)
        hosts = [host["name"] for host in shown["hosts"]]
        self.host_name = host or (hosts[0] if hosts else "host")
        self.guests = {guest["name"]: guest for guest in shown["guests"] if guest["host"] in (None, self.host_name)}
        self.options = {
            option: nixos.evaluated(routelint, folder, self.host_name, option, default) if hosts else default
            for option, default in OPTIONS.items()
        }
        self.host = self.add(self.host_name, self.folder / "files" / self.host_name / "etc/systemd")
        self.find_ways_out()
        outside = self.folder / "files/outside/network"
        outside.mkdir(parents=True)
        (outside / "10-eth.network").write_text(OUTSIDE_FILE)
        self.outside = self.add("outside", outside.parent)
        self.taps = {}
        for name in self.guests:
            self.add(name, self.files_of(name))
        self.lay_cables()

    def files_of(self, guest):
        files = self.folder / "files"
        both = files / self.host_name / guest / "etc/systemd"
        return both if both.is_dir() else files / guest / "etc/systemd"

    def find_ways_out(self):
        """`way_out` is the device of the host that has its way out by its file, or else by its NAT; `uplink` the card behind it."""
        taps = {interface["id"] for guest in self.guests.values() for interface in guest["interfaces"]}
        # A file for each literal name, the first as networkd takes them.
        texts = {}
        for file in sorted((self.host.files / "network").glob("*.network")):
            text = file.read_text()
            for name in " ".join(values(text, "Name")).split():
                texts.setdefault(name, text)
        ports = {name: bridge for name, text in texts.items() for bridge in values(text, "Bridge")}
        leading = [name for name, text in texts.items() if name not in [*taps, *ports] and LEADS_OUT.search(text)]
        named = self.options["networking.nat"]["externalInterface"]
        self.way_out = named if named in leading or not leading else leading[0]
        self.way_out = self.way_out or "uplink0"
        static = [address.split("/")[0] for address in values(texts.get(self.way_out, ""), "Address")]
        self.uplink_addresses = {
            family: next((address for address in static if (":" in address) == (family == "ipv6")), UPLINK[family]) for family in UPLINK}
        self.uplink = next((port for port, bridge in ports.items() if bridge == self.way_out and port not in taps), self.way_out)

    def lay_cables(self):
        self.join(self.host, self.uplink, self.outside, "eth0", mac=UPLINK_MAC)
        self.outside.run("ip", "link", "set", "eth0", "up")
        for name, guest in self.guests.items():
            for number, interface in enumerate(guest["interfaces"]):
                device = f"eth{number}"
                # A veth pair stands for the tap and the card behind it: for ARP, neighbour discovery and routing they are the same.
                refused = self.join(self.host, interface["id"], self[name], device, other_mac=interface["mac"])
                if refused:
                    self.refused.append(f"{name}: {interface['id']} {interface['mac']}: {refused}")
                else:
                    self.taps.setdefault(name, interface["id"])
                    self.set_up_as_tap(interface["id"])

    def set_up_as_tap(self, device):
        # microvm.nix sets the tap up; networkd does the same for what it manages.
        self.host.run("ip", "link", "set", device, "up")

    def start(self):
        """Sysctls, firewall and NAT, networkd everywhere, and an uplink that works."""
        for key, value in sorted((self.options["boot.kernel.sysctl"] or {}).items()):
            if key.startswith("net."):
                text = ("1" if value else "") if isinstance(value, bool) else value
                done = self.host.sysctl(key, text)
                # What is for a device that is not there waits for it.
                if done.returncode and not self.is_of_absent_device(key):
                    self.refused.append(f"sysctl {key}: {done.stderr.strip()}")
        if not self.options["networking.enableIPv6"]:
            for machine in [self.host, *[self[name] for name in self.guests]]:
                for links in ["all", "default"]:
                    machine.sysctl(f"net.ipv6.conf.{links}.disable_ipv6", 1)
        refused = nixos.load(self.host, self.options)
        if refused:
            self.refused.append(f"firewall: {refused}")
        forwarded = [int(port["destination"].rsplit(":", 1)[1].split("-")[0]) for port in self.options["networking.nat"]["forwardPorts"]]
        for machine in self.machines.values():
            if machine.files:
                machine.start_networkd()
            machine.serve({kernel.ECHO, *forwarded})
        taps = [(self.host_name, tap) for tap in self.taps.values()]
        self.settle([(self.host_name, self.way_out), *taps, *[(name, "eth0") for name in self.taps]])
        state, file = self.host.links().get(self.way_out, ("absent", ""))
        asked = (self.host.files / "network" / file).read_text() if file else ""
        for wish, family in [("DHCP=ipv4", "-4"), ("DHCP=yes", "-4"), ("IPv6AcceptRA=true", "-6")]:
            # A link counts as configured when one family is.
            if wish in asked:
                self.wait(lambda: "default" in self.host.run("ip", family, "route").stdout)
        if state == "unmanaged":
            for address in [f"{UPLINK['ipv4']}/24", f"{UPLINK['ipv6']}/64"]:
                self.host.run("ip", "address", "add", address, "dev", self.way_out)
            self.host.run("ip", "link", "set", self.way_out, "up")
            self.host.run("ip", "route", "replace", "default", "via", OUTSIDE["ipv4"])
            self.host.run("ip", "-6", "route", "replace", "default", "via", OUTSIDE["ipv6"])

    def is_of_absent_device(self, key):
        found = re.match(r"net\.ipv[46]\.(?:conf|neigh)\.([^.]+)\.", key)
        return found and self.host.run("ip", "link", "show", "dev", found[1], check=False).returncode != 0

    def state(self, name, device=None):
        return self[name].link_state(device or "eth0")

    def addresses(self, name):
        """A guest's first address of each family, without length."""
        plain = [text.split("/")[0] for text in self.guests[name]["addresses"]]
        return {
            "ipv4": next((a for a in plain if ":" not in a), None),
            "ipv6": next((a for a in plain if ":" in a), None),
        }

    def gateways(self, name):
        """Gateways of a guest's default routes, by family; a link-local one with the link."""
        found = {}
        for route in self.guests[name]["routes"]:
            gateway = route["gateway"]
            if gateway:
                family = "ipv6" if ":" in gateway else "ipv4"
                found.setdefault(family, f"{gateway}%eth0" if gateway.startswith("fe80") else gateway)
        return found

    def describe(self):
        """What one looks at when something differs."""
        text = ""
        for name, machine in self.machines.items():
            links = {link: state for link, state in machine.links().items() if link != "lo"} if machine.process else {}
            text += f"-- {name} {links}\n"
            for command in ["ip -br address", "ip route", "ip -6 route", "ip neighbour"]:
                text += machine.run(*command.split(), check=False).stdout
        return text + "".join(f"refused: {line}\n" for line in self.refused)
