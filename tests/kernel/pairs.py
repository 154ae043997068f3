"""Rules at level error on a real kernel: the bad example of a rule's page fails where the good one works, and a neighbour is not concerned.

`pairs.tsv` says for each rule which observation tells the two apart. The neighbour is a guest that the examples know nothing about, with a tap of its own.
"""

import os
import pickle
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
import frames  # noqa: E402
import guarded  # noqa: E402
import world as kernel  # noqa: E402
from fleet import OUTSIDE, Fleet  # noqa: E402

HERE = Path(__file__).resolve().parent
RULES = HERE.parent.parent / "src/rules"
NEIGHBOUR = "neighbour"
NEIGHBOUR_ADDRESS, NEIGHBOUR_GATEWAY = "10.199.0.77", "10.199.0.1"
AT_ONCE = 10


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

    def __init__(self, routelint, files):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                path = Path(folder) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            super().__init__(routelint, folder)

    def lay_cables(self):
        super().lay_cables()
        host, guest = self.folder / "files" / self.host_name / "etc/systemd/network", self.folder / "files/_neighbour/network"
        host.mkdir(parents=True, exist_ok=True)
        guest.mkdir(parents=True)
        (host / "20-neighbour.network").write_text(
            f"[Match]\nName=nb77\n[Network]\nAddress={NEIGHBOUR_GATEWAY}/32\nIPv6AcceptRA=no\n[Route]\nDestination={NEIGHBOUR_ADDRESS}/32\n")
        (guest / "10-eth.network").write_text(
            f"[Match]\nName=eth0\n[Network]\nAddress={NEIGHBOUR_ADDRESS}/32\nIPv6AcceptRA=no\n"
            f"[Route]\nDestination={NEIGHBOUR_GATEWAY}/32\n")
        self.add(NEIGHBOUR, guest.parent)
        self.join(self.host, "nb77", self[NEIGHBOUR], "eth0")
        self.set_up_as_tap("nb77")

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
        for name in set(self.guests):
            shown = self[name].run("ip", "-br", "address", check=False).stdout
            seen[f"{name} addresses"] = " ".join(sorted(word for line in shown.splitlines() if not line.startswith("lo") for word in line.split()[2:] if not word.startswith("fe80")))
        answers = kernel.results([self[row[0]].inside(kernel.ask, row[3]) for row in asked])
        for (name, target, family, _), answer in zip(asked, answers):
            seen[f"{'host' if name == self.host_name else name} -> {target} {family}"] = (
                "host" if guarded.who(answer) == self.host_name else guarded.who(answer))
        for family in guarded.FAMILIES:
            # Of guests that want the same, the one whose link is configured first has it.
            got = {answer for key, answer in seen.items() if key.endswith(f"-> gateway {family}") and not key.startswith(NEIGHBOUR)}
            seen[f"guests -> gateway {family}"] = " or ".join(sorted(got)) or "not asked"
        for name in self.taps:
            self.attack(name, seen)
        return seen

    def attack(self, name, seen):
        """What a guest gets from a host that trusts it: a default route by an advertisement, a service that only listens to the host itself."""
        interface, tap = self.guests[name]["interfaces"][0], self.taps[name]
        kernel.results([self[name].inside(frames.send, "eth0", [frames.forged_advertisement(interface["mac"], "fe80::bad")])])
        routes = self.host.run("ip", "-6", "route", "show", "default", "dev", tap, check=False).stdout
        seen[f"{name} advertises a router"] = "taken" if "fe80::bad" in routes else "ignored"
        gateway = self.gateways(name).get("ipv4")
        if gateway:
            self[name].sysctl("net.ipv4.conf.all.route_localnet", 1)
            self[name].run("ip", "route", "del", "local", "127.0.0.0/8", "dev", "lo", "table", "local", check=False)
            self[name].run("ip", "route", "del", "local", "127.0.0.1", "dev", "lo", "table", "local", check=False)
            self[name].run("ip", "route", "add", "127.0.0.1", "via", gateway, "dev", "eth0", "onlink", check=False)
            answer = kernel.results([self[name].inside(kernel.ask, "127.0.0.1")])[0]
            seen[f"{name} -> loopback of the host"] = "host" if guarded.who(answer) == self.host_name else guarded.who(answer)


def observed(routelint, files):
    fleet = Example(routelint, files)
    try:
        fleet.start()
        return fleet.observe()
    finally:
        fleet.close()


def both(routelint, rule):
    try:
        bad, good = examples(rule)
        return observed(routelint, bad), observed(routelint, good)
    except Exception as error:  # noqa: BLE001 (told as the result)
        return f"{type(error).__name__}: {error}", None


def all_observed(routelint, rules):
    """What is seen of each rule's examples, several at the same time."""
    waiting, running, seen = list(rules), {}, {}
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            rule = waiting.pop(0)
            readable, writable = os.pipe()
            child = os.fork()
            if child == 0:
                os.close(readable)
                with os.fdopen(writable, "wb") as out:
                    out.write(pickle.dumps(both(routelint, rule)))
                os._exit(0)
            os.close(writable)
            running[child] = (rule, readable)
        rule, readable = running.pop(next(iter(running)))
        with os.fdopen(readable, "rb") as answer:
            seen[rule] = pickle.loads(answer.read())
        try:
            os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            pass
    return seen


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
    seen = all_observed(routelint, [claim[0] for claim in wanted])
    proved = []
    for rule, observation, told_bad, told_good, _ in wanted:
        bad, good = seen[rule]
        if good is None or not is_as(bad.get(observation, ""), told_bad) or not is_as(good.get(observation, ""), told_good):
            # Waiting times are short for a machine with much to do: what differs is looked at once more, alone.
            bad, good = both(routelint, rule)
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
