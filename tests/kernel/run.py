#!/usr/bin/env python3
"""Fleets on a real kernel: namespaces for host, guests and the outside, real systemd-networkd in each, firewall and NAT as NixOS writes them.

    run.py ROUTELINT [--only WORD] [--verbose] [--record]

Prints a table of probes; the exit status is non-zero if one differs from what is expected. Where namespaces are not permitted, all is skipped and
the count is printed. NETWORKD names a folder with another systemd, laid out as /.
"""

import argparse
import os
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
import guarded  # noqa: E402
import pages  # noqa: E402
import pairs  # noqa: E402
import registries  # noqa: E402
import world as kernel  # noqa: E402
from fleet import OUTSIDE, Fleet  # noqa: E402

RECORD = "--record"
ROOT = Path(__file__).resolve().parent.parent.parent
FAMILIES = ["ipv4", "ipv6"]


class Table:
    """Probes of a scenario with what they gave and what they should."""

    def __init__(self, scenario):
        self.scenario, self.rows = scenario, []

    def row(self, probe, expected, got):
        self.rows.append((probe, expected, got, expected == got))

    def show(self, verbose):
        wrong = [row for row in self.rows if not row[3]]
        print(f"\n{self.scenario}: {len(self.rows)} probes, {len(wrong)} not as expected")
        width = max(len(row[0]) for row in self.rows)
        for probe, expected, got, is_right in self.rows:
            if verbose or not is_right:
                print(f"  {'ok ' if is_right else 'BAD'} {probe:{width}}  {got}" + ("" if is_right else f"  (expected: {expected})"))
        return len(wrong)


def reach(fleet, table, rows):
    """Rows `(machine, address, who answers)`, all asked at the same time."""
    answers = kernel.results([fleet[machine].inside(kernel.ask, address) for machine, address, _ in rows])
    for (machine, address, expected), answer in zip(rows, answers):
        table.row(f"{machine} -> {address}", expected, guarded.who(answer))


def reference(routelint):
    """The fleet of microvm.nix' page, as people copy it."""
    table = Table("reference, as the page has it")
    fleet = Fleet(routelint, ROOT / "fixtures/reference")
    try:
        fleet.start()
        host, (one, other) = fleet.host_name, list(fleet.guests)[:2]
        for name in fleet.guests:
            table.row(f"state of the link of {name}", "failed", fleet.state(name))
            # It waits for advertisements of routers that the guest could send.
            table.row(f"the tap of {name} fails", False, fleet.state(host, fleet.taps[name]) == "failed")
        # What networkd had set before the link failed stays for now.
        rows = []
        for name in fleet.guests:
            rows += [(name, gateway, host) for gateway in fleet.gateways(name).values()]
            rows += [(name, OUTSIDE["ipv4"], "outside"), (name, OUTSIDE["ipv6"], "nobody")]
        for family in FAMILIES:
            rows.append((one, fleet.addresses(other)[family], other if family == "ipv4" else "nobody"))
        reach(fleet, table, rows)
        return table, fleet.describe()
    finally:
        fleet.close()


def repaired(routelint):
    """The same fleet as routelint repairs it."""
    table = Table("reference, repaired")
    fleet = Fleet(routelint, ROOT / "fixtures/repaired")
    try:
        fleet.start()
        host, rows = fleet.host_name, []
        for name in fleet.guests:
            table.row(f"state of the link of {name}", "configured", fleet.state(name))
            rows += [(name, gateway, host) for gateway in fleet.gateways(name).values()]
            rows += [(name, address, "outside") for address in OUTSIDE.values()]
            others = [other for other in fleet.guests if other != name]
            rows += [(name, fleet.addresses(other)[family], other) for other in others for family in FAMILIES]
        reach(fleet, table, rows)
        return table, fleet.describe()
    finally:
        fleet.close()


def modules(fixture, host, backend):
    """A fleet made with the modules of nix/."""

    def scenario(routelint):
        table = Table(f"modules: {fixture}, {host} ({backend})")
        return registries.keeps_its_promises(routelint, fixture, host, backend, table)

    scenario.__name__ = f"modules {fixture} {host} {backend}"
    return scenario


def rule_pairs(routelint):
    """The examples of rules at level error: what is wrong fails, what is right works."""
    table = Table("examples of rules, bad and good")
    proved = pairs.prove(routelint, table)
    if RECORD in sys.argv:
        record(proved)
    return table, f"{len(proved)} rules proved"


def record(proved):
    """Writes what was proved beside what was proved with other versions, and into the pages."""
    file = Path(__file__).resolve().parent / "proved.tsv"
    lines = file.read_text().splitlines() if file.exists() else []
    release, version = os.uname().release.split("-")[0].rsplit(".", 1)[0], kernel.systemd_version()
    kept = [line for line in lines if not line.startswith("#") and line.split("\t")[1:] != [release, version]]
    new = [f"{rule}\t{release}\t{version}" for rule in proved]
    head = "# Rules whose examples were shown to fail and to work (run.py --record): rule, Linux, systemd.\n"
    file.write_text(head + "".join(line + "\n" for line in sorted({*kept, *new})))
    pages.write()


MODULES = [modules(fixture, host, backend) for fixture, host, backends in registries.FLEETS for backend in backends]
SCENARIOS = [rule_pairs, reference, repaired, *MODULES]
# Scenarios that run at the same time; the first has much at the same time itself.
AT_ONCE = 4


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("routelint")
    parser.add_argument("--only", default="")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument(RECORD, action="store_true", help="write proved.tsv and the pages of rules")
    arguments = parser.parse_args()
    scenarios = [scenario for scenario in SCENARIOS if arguments.only in scenario.__name__]
    reason = None if os.environ.get("ROUTELINT_KERNEL_INSIDE") else kernel.why_not()
    if reason:
        print(f"skipped {len(scenarios)} scenarios: {reason}")
        return 0
    kernel.enter()
    routelint = str(Path(arguments.routelint).resolve())
    print(f"Linux {os.uname().release}, systemd {kernel.systemd_version()}")
    started, wrong, probes = time.monotonic(), 0, 0
    together = [scenario for scenario in scenarios if scenario is not rule_pairs]
    done = [rule_pairs(routelint)] if rule_pairs in scenarios else []
    done += kernel.side_by_side([(scenario, routelint) for scenario in together], AT_ONCE)
    for outcome in done:
        if isinstance(outcome, Exception):
            raise outcome
        table, state = outcome
        bad = table.show(arguments.verbose or table.scenario.startswith("modules"))
        if bad:
            print(state)
        wrong, probes = wrong + bad, probes + len(table.rows)
    print(f"\n{len(done)} scenarios, {probes} probes, {wrong} not as expected, {time.monotonic() - started:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
