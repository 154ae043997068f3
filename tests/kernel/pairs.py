"""Rules at level error on a real kernel: the bad example of a rule's page fails where the good one works, and a neighbour is not concerned.

`pairs.tsv` says for each rule which observation tells the two apart. The neighbour is a guest that the examples know nothing about, with a tap of its own.
"""

import re
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
import devices  # noqa: E402
import frames  # noqa: E402
import guarded  # noqa: E402
import nixos  # noqa: E402
import world as kernel  # noqa: E402
from fleet import OUTSIDE, Fleet, values  # noqa: E402

HERE = Path(__file__).resolve().parent
RULES = HERE.parent.parent / "src/rules"
NEIGHBOUR = "neighbour"
NEIGHBOUR_ADDRESS, NEIGHBOUR_GATEWAY = "10.199.0.77", "10.199.0.1"
AT_ONCE = 10

# Observations that take time or need something to be there which others do without.
HEARD = "heard outside"
ADVERTISES = "advertises a router"
LOOPBACK = "-> loopback of the host"
STARTS = "guests start one after another"
SERVES = "guests answer DHCP"
NEXT = "a guest at the last prepared tap -> outside ipv4"


def blocks(text):
    """The files of the Nix blocks in a text, as tests/pages.rs reads them."""
    files = {}
    for part in text.split("```nix\n")[1:]:
        for file in part.split("\n```")[0].split("# file: ")[1:]:
            name, _, content = file.partition("\n")
            files[name.strip()] = content
    return files


def examples(rule):
    page = (RULES / f"{rule.replace('-', '_')}.md").read_text()
    bad, good = page.split("\n## Example\n")[1].split("\n## ")[0].split("\nGood", 1)
    return blocks(bad), {**blocks(bad), **blocks(good)}


class Example(Fleet):
    """A fleet with the neighbour beside it."""

    def __init__(self, routelint, files, observation):
        self.observation = observation
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                path = Path(folder) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            super().__init__(routelint, folder)
            if observation == STARTS:
                self.processors = {name: nixos.evaluated(routelint, folder, name, "microvm.vcpu", 1) for name in self.guests}

    def lay_cables(self):
        super().lay_cables()
        host = self.host.files / "network"
        host.mkdir(parents=True, exist_ok=True)
        (host / "20-neighbour.network").write_text(
            f"[Match]\nName=nb77\n[Network]\nAddress={NEIGHBOUR_GATEWAY}/32\nIPv6AcceptRA=no\n[Route]\nDestination={NEIGHBOUR_ADDRESS}/32\n")
        self.plug_in(NEIGHBOUR, "nb77", NEIGHBOUR_ADDRESS, f"[Route]\nDestination={NEIGHBOUR_GATEWAY}/32\n")
        if self.observation == NEXT:
            self.plug_in_the_next()

    def plug_in(self, name, tap, address, route):
        """A guest that the example does not know."""
        folder = self.folder / f"files/_{name}"
        (folder / "network").mkdir(parents=True)
        (folder / "network/10-eth.network").write_text(f"[Match]\nName=eth0\n[Network]\nAddress={address}/32\nIPv6AcceptRA=no\n{route}")
        self.add(name, folder)
        self.join(self.host, tap, self[name], "eth0")
        self.set_up_as_tap(tap)

    def plug_in_the_next(self):
        """Of the taps for which the host has files and no guest yet, the last gets one."""
        prepared = {}
        for file in (self.host.files / "network").glob("*.network"):
            text = file.read_text()
            for name, route in zip(values(text, "Name"), values(text, "Destination")):
                if route.endswith("/32") and name not in self.taps.values():
                    prepared[name] = (route, values(text, "Address")[0])
        tap = max(prepared, key=lambda name: (len(name), name))
        (address, gateway) = (text.split("/")[0] for text in prepared[tap])
        self.plug_in("next", tap, address, f"[Route]\nGateway={gateway}\nGatewayOnLink=yes\n")

    def start(self):
        if self.observation == SERVES:
            for name in self.taps:
                mac = self.guests[name]["interfaces"][0]["mac"]
                self.children.append(self[name].inside(devices.serve_dhcp, "eth0", mac, 60)[0])
        super().start()

    def observe(self):
        """What is seen, by what was looked at."""
        seen = {"refused": "; ".join(self.refused) or "nothing"}
        asked = [(NEIGHBOUR, "gateway", "ipv4", NEIGHBOUR_GATEWAY)]
        for name in self.guests:
            links = self[name].links()
            for link, (state, file) in links.items():
                if link != "lo":
                    seen[f"{name} {link} state"] = state
                    seen[f"{name} {link} file"] = file or "none"
            for number, interface in enumerate(self.guests[name]["interfaces"]):
                tap = interface["id"]
                state, file = self.host.links().get(tap, ("absent", ""))
                seen[f"{name} tap{number or ''} state"], seen[f"{name} tap{number or ''} file"] = state, file or "none"
            for family, gateway in self.gateways(name).items():
                asked.append((name, "gateway", family, gateway))
            for family, address in self.addresses(name).items():
                asked.append((name, "outside", family, OUTSIDE[family]))
                if address:
                    asked.append((self.host_name, name, family, address))
                    asked += [(other, name, family, address) for other in self.guests if other != name]
        watched = []
        for name in self.guests:
            seen[f"{name} routes"] = "; ".join(self[name].run("ip", "route", check=False).stdout.replace(" proto static", "").split(" \n")).strip("; ")
            seen[f"{name}: what networkd ignores"] = "; ".join(sorted(ignored(self[name].log.read_text()))) or "nothing"
            watched += [(name, family, address) for family, address in self.addresses(name).items() if address]
            shown = self[name].run("ip", "-br", "address", check=False).stdout
            seen[f"{name} addresses"] = " ".join(sorted(word for line in shown.splitlines() if not line.startswith("lo") for word in line.split()[2:] if not word.startswith("fe80")))
        watched = watched if HEARD in self.observation else []
        listening = [self.outside.inside(frames.sent_by, 2.0, address) for _, _, address in watched]
        answers = kernel.results([self[row[0]].inside(kernel.ask, row[3]) for row in asked])
        for (name, family, address), heard in zip(watched, kernel.results(listening)):
            seen[f"{name} {HEARD} {family}"] = "with its own address" if heard == [address] else "not"
        for (name, target, family, _), answer in zip(asked, answers):
            seen[f"{'host' if name == self.host_name else name} -> {target} {family}"] = (
                "host" if guarded.who(answer) == self.host_name else guarded.who(answer))
        for family in guarded.FAMILIES:
            # Of guests that want the same, the one whose link is configured first has it.
            got = {answer for key, answer in seen.items() if key.endswith(f"-> gateway {family}") and not key.startswith(NEIGHBOUR)}
            seen[f"guests -> gateway {family}"] = " or ".join(sorted(got)) or "not asked"
        ports = [(self.uplink_addresses["ipv6" if nixos.is_ipv6(port["destination"]) else "ipv4"], port["sourcePort"], port.get("proto") or "tcp")
                 for port in self.options["networking.nat"]["forwardPorts"]]
        answers = kernel.results([self.outside.inside(kernel.ask, *port) for port in ports])
        seen["outside -> forwarded ports"] = " ".join(guarded.who(answer) for answer in answers)
        for name in self.taps if any(word in self.observation for word in [ADVERTISES, LOOPBACK]) else []:
            self.attack(name, seen)
        if self.observation == NEXT:
            seen[NEXT] = guarded.who(kernel.results([self["next"].inside(kernel.ask, OUTSIDE["ipv4"])])[0])
        if self.observation == SERVES:
            taps = {*self.taps.values()}
            self.wait(lambda: any(devices.LEASE in self.addresses_of(tap) for tap in taps), 4)
            seen[SERVES] = "an address and a default route" if any(devices.LEASE in self.addresses_of(tap) for tap in taps) and (
                f"default via {devices.SERVER}" in self.host.run("ip", "route").stdout) else "nobody asks"
        if self.observation == STARTS:
            seen[STARTS] = self.starts()
        return seen

    def addresses_of(self, tap):
        return self.host.run("ip", "address", "show", "dev", tap, check=False).stdout

    def starts(self):
        """The starts of the guests, in a namespace where networkd makes the host's devices."""
        machine = self.add("starts", self.host.files)
        made = {name: file.read_text() for file in (machine.files / "network").glob("*.netdev") for name in values(file.read_text(), "Name")}
        machine.run("ip", "link", "add", "name", self.uplink, "type", "veth", "peer", "name", "far0")
        machine.start_networkd()
        self.wait(lambda: all(name in machine.run("ip", "-br", "link").stdout for name in made))
        ready = {name for name, text in made.items() if "tap" in values(text, "Kind")}
        kept = sorted({self.uplink, *made} - ready)
        guests = [(name, interface["id"], (self.processors[name] or 1) > 1)
                  for name, guest in self.guests.items() for interface in guest["interfaces"] if interface["type"] == "tap"]
        return kernel.results([machine.inside(devices.start_guests, guests, ready, kept)])[0]

    def attack(self, name, seen):
        """What a guest gets from a host that trusts it: a default route by an advertisement, a service that only listens to the host itself."""
        interface, tap = self.guests[name]["interfaces"][0], self.taps[name]
        kernel.results([self[name].inside(frames.send, "eth0", [frames.forged_advertisement(interface["mac"], "fe80::bad")])])
        routes = self.host.run("ip", "-6", "route", "show", "default", "dev", tap, check=False).stdout
        seen[f"{name} {ADVERTISES}"] = "taken" if "fe80::bad" in routes.split() else "ignored"
        gateway = self.gateways(name).get("ipv4")
        if gateway:
            self[name].sysctl("net.ipv4.conf.all.route_localnet", 1)
            self[name].run("ip", "route", "del", "local", "127.0.0.0/8", "dev", "lo", "table", "local", check=False)
            self[name].run("ip", "route", "del", "local", "127.0.0.1", "dev", "lo", "table", "local", check=False)
            self[name].run("ip", "route", "add", "127.0.0.1", "via", gateway, "dev", "eth0", "onlink", check=False)
            answer = kernel.results([self[name].inside(kernel.ask, "127.0.0.1")])[0]
            seen[f"{name} {LOOPBACK}"] = "host" if guarded.who(answer) == self.host_name else guarded.who(answer)


def ignored(log):
    """What networkd says in its log that it leaves out of its files."""
    for line in log.splitlines():
        told = re.search(r"/network/([^:]*\.network(?::\d+)?): (.*)", line)
        if told and re.search(r"ignoring|is specified without|neither", told[2], re.I):
            yield told[2]


def observed(routelint, files, observation):
    fleet = Example(routelint, files, observation)
    try:
        fleet.start()
        return fleet.observe()
    finally:
        fleet.close()


def both(routelint, rule, observation):
    try:
        bad, good = examples(rule)
        return observed(routelint, bad, observation), observed(routelint, good, observation)
    except Exception as error:  # noqa: BLE001 (told as the result)
        return f"{type(error).__name__}: {error}", None


def all_observed(routelint, wanted):
    """What is seen of the examples of rules `(rule, observation)`."""
    calls = [(both, routelint, rule, observation) for rule, observation in wanted]
    return dict(zip([rule for rule, _ in wanted], kernel.side_by_side(calls, AT_ONCE)))


def claims():
    """The table: rule, observation, what the bad and what the good example show, the oldest systemd."""
    for line in (HERE / "pairs.tsv").read_text().splitlines():
        if line and not line.startswith("#"):
            rule, observation, bad, good, *systemd = line.split("\t")
            yield rule, observation, bad, good, int(systemd[0]) if systemd else 0


def is_as(seen, told):
    return told[1:] in seen if told.startswith("~") else seen in told.split("|")


def prove(routelint, table):
    """Rows for all claims; the rules that are proved."""
    version = int(kernel.systemd_version())
    wanted = [claim for claim in claims() if version >= claim[4]]
    seen = all_observed(routelint, [claim[:2] for claim in wanted])
    proved = []
    for rule, observation, told_bad, told_good, _ in wanted:
        bad, good = seen[rule]
        if good is None or not is_as(bad.get(observation, ""), told_bad) or not is_as(good.get(observation, ""), told_good):
            # Waiting times are short for a machine with much to do: what differs is looked at once more, alone.
            bad, good = both(routelint, rule, observation)
        if good is None:
            table.row(rule, "observations", bad)
            continue
        before = len([row for row in table.rows if not row[3]])
        for name, files, told in [("bad", bad, told_bad), ("good", good, told_good)]:
            got = files.get(observation, "not looked at")
            table.row(f"{rule}, {name}: {observation}", told, told if is_as(got, told) else got)
            table.row(f"{rule}, {name}: the neighbour's gateway", "host", files[f"{NEIGHBOUR} -> gateway ipv4"])
        if len([row for row in table.rows if not row[3]]) == before:
            proved.append(rule)
    return proved
