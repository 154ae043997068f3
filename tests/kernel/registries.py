"""The fleets of fixtures/modules, made with the modules of nix/, on a host with nftables and on one with iptables."""

import shutil
import tempfile
from pathlib import Path

import guarded
import nixos
import world as kernel
from fleet import Fleet, values

ROOT = Path(__file__).resolve().parent.parent.parent
IPTABLES, NFTABLES = "iptables", "nftables"

# Fixture, host, backends. Of two-hosts each host has the other one.
FLEETS = [
    ("inline", "anchor", [IPTABLES, NFTABLES]),
    ("isolated", "cellar", [IPTABLES, NFTABLES]),
    ("routed", "pier", [IPTABLES, NFTABLES]),
    ("slots", "mole", [IPTABLES, NFTABLES]),
    ("systems", "quay", [IPTABLES, NFTABLES]),
    ("two-hosts", "east", [IPTABLES]),
    ("two-hosts", "west", [NFTABLES]),
]
NETWORKD = "networking.useNetworkd = true;"
# Lines that choose a backend, or need one.
CHOICES = ["networking.nftables.enable = true;", "    nftables.enable = true;\n", "    firewall.filterForward = true;\n"]

# A guest of a slot, which the host does not know by name.
SLOT_GUEST = """
      third = nixpkgs.lib.nixosSystem {
        system = "x86_64-linux";
        modules = [
          microvm.nixosModules.microvm
          routelint.nixosModules.guest
          ./fleet.nix
          { networking.hostName = "third"; routedGuests.guests.third.index = 3; }
        ];
      };

      # Managed"""

PER_GUEST = ["inbound", "outside", "peers", "publicIPv6", "forwardPorts", "tap", "mac"]
TUNNEL = {"ipv4": ("10.250.0.1", "10.250.0.2", 24), "ipv6": ("fd00:250::1", "fd00:250::2", 64)}


def replaced(folder, old, new):
    """How often a text is replaced in the Nix files of a folder."""
    count = 0
    for file in sorted(folder.rglob("*.nix")):
        text = file.read_text()
        count += text.count(old)
        file.write_text(text.replace(old, new))
    return count


def copy_of(fixture, host, backend, into):
    folder = Path(into) / fixture
    shutil.copytree(ROOT / "fixtures/modules" / fixture, folder)
    (folder / "routelint.toml").write_text(f'[inputs]\nroutelint = "{ROOT}"\n')
    if fixture != "two-hosts":
        for line in CHOICES:
            if backend == IPTABLES:
                replaced(folder, line, "")
        has_choice = any(line in file.read_text() for file in folder.rglob("*.nix") for line in CHOICES)
        if backend == NFTABLES and not has_choice:
            assert replaced(folder, NETWORKD, f"{NETWORKD} networking.nftables.enable = true;")
    if fixture == "slots":
        assert replaced(folder, "\n      # Managed", SLOT_GUEST) and replaced(folder, '[ "scratch" ]', '[ "scratch" "third" ]')
    return folder


class Guarded(Fleet):
    """`registry` holds what the modules say of each guest that runs."""

    def __init__(self, routelint, fixture, host, backend):
        with tempfile.TemporaryDirectory() as work:
            folder = copy_of(fixture, host, backend, work)

            def asked(option, machine=host, default=None):
                return nixos.evaluated(routelint, folder, machine, f"routedGuests.{option}", default)

            self.prefixes = {family: asked(f"{family}.prefix") for family in guarded.FAMILIES if asked(f"{family}.enable")}
            self.outside_interfaces = asked("host.outsideInterfaces")
            super().__init__(routelint, folder, host)
            assert self.options["networking.nftables.enable"] == (backend == NFTABLES), f"{fixture} has the other backend"
            told = [*PER_GUEST, *self.prefixes, *(["linkLocal"] if "ipv6" in self.prefixes else [])]
            self.registry = {}
            for name in self.guests:
                of = host if asked(f"guests.{name}.index") is not None else name
                self.registry[name] = {"linkLocal": None} | {key: asked(f"guests.{name}.{key}", of) for key in told}

    def translates(self, family):
        nat = self.options["networking.nat"]
        return nat["enable"] and (nat["internalIPs"] if family == "ipv4" else nat["enableIPv6"] and nat["internalIPv6s"])

    def lay_cables(self):
        super().lay_cables()
        further = [name for name in self.outside_interfaces if name != self.way_out]
        self.tunnel = {family: there for family, (_, there, _) in TUNNEL.items()} if further else {}
        if further:
            self.add("vpn")
            self.join(self.host, further[0], self["vpn"], "eth0")
            for machine, device, side in [(self.host, further[0], 0), (self["vpn"], "eth0", 1)]:
                machine.run("ip", "link", "set", device, "up")
                for addresses in TUNNEL.values():
                    machine.run("ip", "address", "add", f"{addresses[side]}/{addresses[2]}", "dev", device)

    def start(self):
        super().start()
        file = self.host.links()[self.way_out][1]
        for gateway in values((self.host.files / "network" / file).read_text(), "Gateway") if file else []:
            # What an uplink with addresses of its own has at the other end.
            self.outside.run("ip", "address", "add", f"{gateway}/{64 if ':' in gateway else 24}", "dev", "eth0")
        for family, prefix in self.prefixes.items():
            if self.tunnel:
                self["vpn"].run("ip", "route", "add", prefix, "via", TUNNEL[family][0])
            if self.outside_interfaces and not self.translates(family):
                self.outside.run("ip", "route", "add", prefix, "via", self.uplink_addresses[family], "dev", "eth0", "onlink")


def keeps_its_promises(routelint, fixture, host, backend, table):
    fleet = Guarded(routelint, fixture, host, backend)
    try:
        fleet.start()
        guarded.promises(fleet, table)
        return table, fleet.describe()
    finally:
        fleet.close()
