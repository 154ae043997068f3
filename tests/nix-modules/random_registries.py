"""Registries made at random, sound and unsound, and whether the firewalls take what the host module makes of them."""

import random
import shutil
import subprocess

# Most of what is chosen has to be sound, or no registry is.
PREFIXES4 = 3 * ["10.0.0.0/24", "172.16.0.0/12", "10.64.0.0/10", "0.0.0.0/0"] + ["192.168.7.64/26", "10.1.2.3/24", "10.0.0.0/31", "no prefix"]
PREFIXES6 = 3 * ["fd12::/64", "fd12:0:0:4::/62", "2001:db8::/32"] + ["fd00::/120", "fe80::/64", "fec0::/10", "no prefix"]
PORT_SETTINGS = ["", "guestPort = 22;", 'protocol = "udp";']
QUOTED_UPLINK = '"eno1"'


class Generator:
    def __init__(self, seed):
        self.dice = random.Random(seed)

    def sometimes(self, chance, text):
        return text() if self.dice.random() < chance else ""

    def bool(self, chance=0.5):
        return "true" if self.dice.random() < chance else "false"

    def one(self, *choices):
        return self.dice.choice(choices)

    def guest(self, names):
        dice = self.dice
        index = self.one(dice.randint(1, 8), dice.randint(1, 70), dice.randint(1, 250), dice.randint(1, 300), dice.randint(1, 100_000))
        peers = " ".join(f'"{dice.choice(names)}"' for _ in range(dice.randint(0, 3)))
        ports = " ".join(
            f"{{ port = {self.one(80, 443, dice.randint(0, 65535))}; {self.one(*PORT_SETTINGS)} }}"
            for _ in range(dice.randint(1, 3))
        )
        return " ".join([
            f"index = {index};",
            self.sometimes(0.4, lambda: f"peers = [ {peers} ];"),
            self.sometimes(0.3, lambda: "outside = false;"),
            self.sometimes(0.2, lambda: "inbound = true;"),
            self.sometimes(0.3, lambda: f"forwardPorts = [ {ports} ];"),
            self.sometimes(0.15, lambda: f'publicIPv6 = [ "{self.one("2001:db8:1::5", "2001:DB8:0:0:1::7", "fd00::1", "none")}" ];'),
            self.sometimes(0.1, lambda: f'tap = "{self.one("web", "vm3", "a.b", "eno1")}";'),
            self.sometimes(0.1, lambda: f'mac = "{self.one("02:00:00:00:00:03", "01:00:00:00:00:03", "AA:bb:00:00:00:03", "none")}";'),
        ])

    def modules(self):
        """A list of modules, as Nix text."""
        names = [f"g{number}" for number in range(self.dice.randint(0, 4))]
        registry = [
            'seed = "server.example.org";',
            self.sometimes(0.5, lambda: f'ipv4.prefix = "{self.one(*PREFIXES4)}";'),
            self.sometimes(0.5, lambda: f'ipv6.prefix = "{self.one(*PREFIXES6)}";'),
            self.sometimes(0.2, lambda: f"ipv4.enable = {self.bool()};"),
            self.sometimes(0.2, lambda: f"ipv6.enable = {self.bool()};"),
            self.sometimes(0.2, lambda: f'ipv4.gateway = "{self.one("169.254.1.1", "10.0.0.1", "none")}";'),
            self.sometimes(0.2, lambda: f'ipv6.gateway = "{self.one("fd12::", "FE80::2", "none")}";'),
            self.sometimes(0.1, lambda: f'tapPrefix = "{self.one("tap", "vt-", "averylongprefix")}";'),
            self.sometimes(0.1, lambda: f'macPrefix = "{self.one("02:ab:CD", "03:00:00", "none")}";'),
            f'host.externalInterface = {self.one("null", *4 * [QUOTED_UPLINK])};',
            self.sometimes(0.3, lambda: f"host.slots = {self.one(1, 4, 64, 300)};"),
            self.sometimes(0.3, lambda: f"host.nat.ipv4 = {self.bool()};"),
            self.sometimes(0.3, lambda: f"host.nat.ipv6 = {self.bool()};"),
            self.sometimes(0.2, lambda: 'host.outsideInterfaces = [ "eno1" "wg0" ];'),
            *(f"guests.{name} = {{ {self.guest(names)} }};" for name in names),
        ]
        network = f"useNetworkd = {self.bool(0.97)}; enableIPv6 = {self.bool(0.9)}; nftables.enable = {self.bool()}; firewall.filterForward = {self.bool(0.3)};"
        return f'[ host {{ _file = "fleet.nix"; networking = {{ hostName = "server"; {network} }}; routedGuests = {{ {" ".join(filter(None, registry))} }}; }} ]'


def expression(here, seed, count):
    """A list: of each registry its assertions, and if there are none, what the host becomes. Assertions must never fail themselves."""
    generator = Generator(seed)
    cases = "\n".join(generator.modules() for _ in range(count))
    return f"""
      let
        lib = import <nixpkgs/lib>;
        machines = import {here}/machines.nix {{ inherit lib; }};
        host = {here}/../../nix/host.nix;
        judge = modules:
          let
            machine = machines.evaluate {{ inherit modules; }};
            assertions = map (a: a.message) (lib.filter (a: !a.assertion) machine.config.assertions);
          in
          {{ inherit assertions; facts = if assertions == [ ] then machines.facts machine else null; }};
      in map judge [ {cases} ]
    """


def firewalls():
    """The firewalls that are here, and may be used in a network namespace of one's own."""
    isolated = ["unshare", "--map-root-user", "--net"]
    if not shutil.which("unshare") or subprocess.run(isolated + ["true"], capture_output=True, check=False).returncode != 0:
        return {}
    commands = {"nftables": (["nft", "-c", "-f", "-"], "nft"), "iptables": (["bash", "-e"], "iptables")}
    return {name: isolated + command for name, (command, program) in commands.items() if shutil.which(program)}


def refused_rules(facts, firewall, command):
    """What a firewall says against the rules of a host; None if it takes them or they are not for it."""
    table, script = facts["tables"].get("routed-guests"), facts["firewall"]
    if firewall == "nftables" and table:
        text = f"table inet routed-guests {{\n{table['content']}\n}}\n"
    elif firewall == "iptables" and script["extraCommands"]:
        six = '; ip6tables -w "$@"' if "ip6tables" in script["extraCommands"] else ""
        # Twice, as a reload does.
        text = f'ip46tables() {{ iptables -w "$@"{six}; }}\n' + 2 * script["extraCommands"] + script["extraStopCommands"]
    else:
        return None
    done = subprocess.run(command, input=text, text=True, capture_output=True, timeout=60, check=False)
    return done.stderr.strip()[:500] if done.returncode != 0 else None
