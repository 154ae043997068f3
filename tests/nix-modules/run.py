#!/usr/bin/env python3
"""The modules of nix/, evaluated by routelint and by real Nix.

    run.py ROUTELINT [--lib DIR] [--nix nix-instantiate] [--nix-cli nix] [--record]

DIR holds nixpkgs' lib/ (also NIXPKGS_LIB). Without it, routelint is held against the answers of real Nix that are recorded beside this file, and the
comparisons with real Nix are skipped and counted. What is checked:

  fleets    the machines of the fleets in fixtures/modules and of the template: the same configuration, byte for byte; no finding above note, nothing unknown
  refused   registries with a mistake: the same assertions, with the texts that refused.txt shows
  options   nix/OPTIONS.md is what the modules declare now
  addressing  the functions of nix/lib.nix against Python's ipaddress, for prefixes and numbers made at random from a fixed seed
  random    registries made at random: real Nix and routelint agree, assertions never fail themselves, and nft and iptables (where they are) take the rules of those
            that nothing is wrong with
  flake     flake.nix, default.nix and what hangs on them, with stand-ins for nixpkgs (real Nix only)
"""

import argparse
import ipaddress
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
import random_registries  # noqa: E402  (after the line above, so that no folder appears here)

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
RECORDED = HERE / "recorded.json"
REFUSED = HERE / "refused.txt"
OPTIONS = ROOT / "nix" / "OPTIONS.md"
FLEETS = sorted(folder.name for folder in (ROOT / "fixtures/modules").iterdir() if folder.is_dir())

failures = []
counts = {}


def fail(what, why):
    failures.append(what)
    print(f"FAILED {what}\n  {why}")


def passed(stage):
    counts[stage] = counts.get(stage, 0) + 1


def folder_of(fleet):
    return ROOT / "templates/fleet" if fleet == "template" else ROOT / "fixtures/modules" / fleet


def expression(file, then=""):
    return f"import {HERE}/{file} {{ lib = import <nixpkgs/lib>; }}{then}"


def fleet_expression(fleet):
    return f"({expression('machines.nix')}).fleet {folder_of(fleet)}"


def run(command, **environment):
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env={**os.environ, **environment})
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))[:200]}: {done.stderr.strip()[-2000:]}")
    return done.stdout


class Routelint:
    name = "routelint"

    def __init__(self, binary):
        self.binary = binary

    def evaluate(self, text):
        return json.loads(run([self.binary, "eval", "--strict", "--json", "--expr", text]))


class RealNix:
    name = "Nix"

    def __init__(self, command, lib):
        self.command, self.lib = command, lib

    def evaluate(self, text):
        # Nothing is written to a store.
        arguments = [self.command, "--eval", "--strict", "--json", "-I", f"nixpkgs={self.lib}", "-E", text]
        return json.loads(run(arguments, NIX_REMOTE="dummy://"))


def difference(one, other, path=""):
    """The first place where two values differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(one.keys() | other.keys()):
            if one.get(key) != other.get(key):
                return difference(one.get(key), other.get(key), f"{path}.{key}")
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for at, (left, right) in enumerate(zip(one, other)):
            if left != right:
                return difference(left, right, f"{path}[{at}]")
    return f"{path}: {json.dumps(one)} and {json.dumps(other)}"


def refusals_as_text(refusals):
    cases = ("".join([f"## {name}\n"] + [f"{message}\n" for message in messages or ["(nothing)"]]) for name, messages in refusals.items())
    return "What the modules say about the registries of refused.nix. Written by `run.py --record`.\n\n" + "\n".join(cases)


def options_as_markdown(options):
    lines = [
        "# Options",
        "",
        "What `nix/host.nix`, `nix/guest.nix` and the registry that they share declare. Written by `tests/nix-modules/run.py --record`.",
        "",
    ]
    for option in sorted(options, key=lambda option: option["name"].replace("<name>", "").split(".")):
        description = option["description"].strip().replace("{option}", "").replace("\n", " ")
        lines += [f"## `{option['name']}`", "", description, "", f"- type: {option['type']}"]
        if option["readOnly"]:
            lines.append("- read-only")
        for key in ("default", "example"):
            if option[key] is not None:
                lines += code(key, option[key].rstrip())
        lines.append("")
    return "\n".join(lines)


def code(key, text):
    if "\n" not in text:
        return [f"- {key}: `{text}`" if "`" not in text else f"- {key}: {text}"]
    return [f"- {key}:", "", "  ```nix", *(f"  {line}" for line in text.splitlines()), "  ```"]


def compare(stage, what, text, evaluators, expected=None):
    """What the first evaluator says, if all that follow and what is expected agree with it."""
    try:
        said = evaluators[0].evaluate(text)
        for other in evaluators[1:]:
            if (theirs := other.evaluate(text)) != said:
                fail(f"{stage}: {what}", f"{evaluators[0].name} and {other.name} differ at {difference(said, theirs)}")
                return said
    except RuntimeError as error:
        fail(f"{stage}: {what}", str(error))
        return None
    if expected is not None and said != expected:
        fail(f"{stage}: {what}", f"not what is recorded: {difference(said, expected)}")
        return said
    passed(stage)
    return said


def addressing():
    """A table of calls of nix/lib.nix, as an expression, and what Python says of each."""
    dice = random.Random(2026)
    calls, results = [], []

    def call(text, result):
        calls.append(text)
        results.append(result)

    for version, family, widest in ((4, "ipv4", 32), (6, "ipv6", 128)):
        network_of = ipaddress.IPv4Network if version == 4 else ipaddress.IPv6Network
        networks = []
        for _ in range(60):
            length = dice.randint(1, widest - 4)
            # Zeros in the middle make the shortening of IPv6 work.
            number = dice.getrandbits(widest) & dice.choice([-1, 0xFFFF << 96 | 0xFFFF, 0xFFFFFFFF << 64, 0xF0F00000FFFF])
            networks.append(network_of((number, length), strict=False))
        for network in networks:
            index = dice.randrange(min(network.num_addresses, 1 << dice.randint(1, 24)))
            call(f'{family}.nth "{network}" {index}', str(network[index]))
            call(f'{family}.isNetwork "{network}"', True)
            call(f'{family}.isNetwork "{network[1]}/{network.prefixlen}"', False)
            other = dice.choice(networks)
            call(f'{family}.overlap "{network}" "{other}"', network.overlaps(other))
            call(f'{family}.overlap "{network[index]}/{widest}" "{network}"', True)
        for _ in range(60):
            text = "".join(dice.choice("0123456789abF::::..") for _ in range(dice.randint(2, 12)))
            try:
                # Addresses of one family only, without embedded IPv4.
                valid = (ipaddress.IPv4Address if version == 4 else ipaddress.IPv6Address)(text) and not (version == 6 and "." in text)
            except ValueError:
                valid = False
            call(f'{family}.parse "{text}" != null', bool(valid))

    for _ in range(60):
        groups = [dice.choice([0, 0, 1, 0xAB, 0xFFFF]) for _ in range(8)]
        written = ":".join(dice.choice([f"{group:x}", f"{group:04X}"]) for group in groups)
        call(f'ipv6.canonical "{written}"', str(ipaddress.IPv6Address(written)))
    for _ in range(20):
        octets = [dice.getrandbits(8) for _ in range(6)]
        mac = ":".join(f"{octet:02x}" for octet in octets)
        interface = bytes([octets[0] ^ 2, *octets[1:3], 0xFF, 0xFE, *octets[3:]])
        call(f'mac.linkLocal "{mac}"', str(ipaddress.IPv6Address(bytes([0xFE, 0x80] + [0] * 6) + interface)))
    for seed in ("a", "server.example.org", ""):
        call(f'ipv6.isUniqueLocal (lib.head (lib.splitString "/" (ipv6.uniqueLocalPrefix "{seed}")))', True)
        call(f'ipv6.isNetwork (ipv6.uniqueLocalPrefix "{seed}") && ipv4.isNetwork (ipv4.privatePrefix "{seed}")', True)

    table = " ".join(f"({text})" for text in calls)
    head = f"let lib = import <nixpkgs/lib>; inherit (import {ROOT}/nix/lib.nix {{ inherit lib; }}) ipv4 ipv6 mac; in"
    return f"{head} [ {table} ]", results


STAND_IN = """{
  outputs = { self }: let lib = import ./lib; package = name: derivation { inherit name; system = "x86_64-linux"; builder = "/bin/sh"; }; in {
    inherit lib;
    legacyPackages = lib.genAttrs [ "x86_64-linux" "aarch64-linux" "x86_64-darwin" "aarch64-darwin" ] (_: {
      inherit lib;
      callPackage = file: given: import file ({ inherit lib; rustPlatform.buildRustPackage = given: package given.pname // { inherit (given) meta; }; } // given);
      runCommand = name: _: _: package name;
    });
  };
}
"""


def check_flake(nix, lib):
    """`nix flake show` of what git tracks here, with a stand-in for nixpkgs, in a store of its own; nothing is built.

    (`flake check` takes templates in such a store for outsiders.)"""
    with tempfile.TemporaryDirectory() as work:
        stand_in = Path(work, "nixpkgs")
        shutil.copytree(Path(lib) / "lib", stand_in / "lib")
        (stand_in / "flake.nix").write_text(STAND_IN)
        clone = Path(work, "routelint")
        tracked = run(["git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard"]).split("\n")
        for file in filter(None, tracked):
            (clone / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / file, clone / file)
        command = [nix, "--extra-experimental-features", "nix-command flakes", "--store", f"{work}/store"]
        flake = ["flake", "show", "--json", "--no-write-lock-file", "--override-input", "nixpkgs", f"path:{stand_in}", f"path:{clone}"]
        try:
            outputs = json.loads(run(command + flake))
            kinds = {
                "app": outputs["apps"]["x86_64-linux"]["default"]["type"],
                "check": outputs["checks"]["x86_64-linux"]["template"]["type"],
                "module": outputs["nixosModules"]["host"]["type"],
                "overlay": outputs["overlays"]["default"]["type"],
                "package": outputs["packages"]["aarch64-linux"]["routelint"]["type"],
                "template": outputs["templates"]["default"]["type"],
            }
            wanted = {"app": "app", "check": "derivation", "module": "nixos-module", "overlay": "nixpkgs-overlay", "package": "derivation", "template": "template"}
            if kinds == wanted:
                passed("flake")
            else:
                fail("flake: show", difference(kinds, wanted))
        except (RuntimeError, KeyError) as error:
            fail("flake: show", str(error))
        finally:
            subprocess.run(["chmod", "-R", "u+w", work], check=False)


def check_random(evaluators, seed, count):
    judged = compare("random", f"seed {seed}", random_registries.expression(HERE, seed, count), evaluators) or []
    sound = [case["facts"] for case in judged if case["facts"]]
    if judged and not count // 20 < len(sound) < count:
        fail("random", f"{len(sound)} of {count} registries are sound; the generator makes nothing of use")
    here = random_registries.firewalls()
    for firewall, command in here.items():
        for facts in sound:
            if refused := random_registries.refused_rules(facts, firewall, command):
                fail(f"random: {firewall}, seed {seed}", refused)
                break
        else:
            passed("firewalls")
    if len(here) < 2:
        print(f"skipped: rules for {2 - len(here)} firewalls (not installed, or no namespaces)")


def check_is_quiet(binary, fleet):
    inputs = ["--input", f"routelint={ROOT}"] if fleet == "template" else []
    command = [binary, "check", "--format", "json", "--strict", *inputs, str(folder_of(fleet))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    report = json.loads(done.stdout or '{"findings": [], "coverage": {"unknown": []}}')
    loud = [f["rule"] for f in report["findings"] if f["severity"] != "note"]
    unknown = [f"{u['what']}: {u['why']}" for u in report["coverage"]["unknown"]]
    if done.returncode != 0 or loud or unknown:
        fail(f"check: {fleet}", f"exit status {done.returncode}, findings {loud}, unknown {unknown} {done.stderr}")
    else:
        passed("check")


def fresh(path, text, record):
    if record:
        path.write_text(text)
    elif not path.exists() or path.read_text() != text:
        fail(str(path.relative_to(ROOT)), "is not what the modules say now; `tests/nix-modules/run.py ROUTELINT --lib DIR --record` writes it anew")
        return
    passed("texts")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("routelint", type=Path)
    parser.add_argument("--lib", type=Path, default=os.environ.get("NIXPKGS_LIB"))
    parser.add_argument("--nix", default="nix-instantiate")
    parser.add_argument("--nix-cli", default="nix")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--record", action="store_true")
    arguments = parser.parse_args()
    binary = arguments.routelint.resolve()
    if arguments.record and not arguments.lib:
        parser.error("--record records answers of real Nix and wants --lib")

    real = [RealNix(arguments.nix, Path(arguments.lib).resolve())] if arguments.lib else []
    evaluators = real + [Routelint(binary)]
    recorded = json.loads(RECORDED.read_text()) if RECORDED.exists() and not arguments.record else None

    said = {}
    for fleet in FLEETS + ["template"]:
        said[fleet] = compare("fleets", fleet, fleet_expression(fleet), evaluators, recorded and recorded.get(fleet, {}))
        refused = [m for machine in (said[fleet] or {}).values() for m in machine["assertions"]]
        if refused:
            fail(f"fleets: {fleet}", f"refused: {refused}")
        check_is_quiet(binary, fleet)
    if arguments.record:
        lines = (f"{json.dumps(fleet)}: {json.dumps(machines, sort_keys=True)}" for fleet, machines in said.items())
        RECORDED.write_text("{\n" + ",\n".join(lines) + "\n}\n")

    refusals = compare("refused", "assertions", expression("refused.nix"), evaluators)
    if refusals is not None:
        fresh(REFUSED, refusals_as_text(refusals), arguments.record)
    options = compare("options", "declarations", expression("option_list.nix"), evaluators)
    if options is not None:
        fresh(OPTIONS, options_as_markdown(options), arguments.record)

    compare("addressing", "functions", addressing()[0], evaluators, addressing()[1])

    check_random(evaluators, arguments.seed, 60)

    for nix in real:
        compare("flake", "outputs", expression("outputs.nix"), [nix], expected=True)
        check_flake(arguments.nix_cli, nix.lib)
    if not real:
        print(f"skipped: {len(FLEETS) + 7} evaluations by real Nix (no nixpkgs lib; --lib or NIXPKGS_LIB names one)")

    print(", ".join(f"{stage} {count}" for stage, count in counts.items()), "passed;", len(failures), "failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
