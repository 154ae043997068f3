#!/usr/bin/env python3
"""The modules of nix/, evaluated by routelint and by real Nix.

    run.py ROUTELINT [--lib DIR] [--nix COMMAND] [--record]

DIR holds nixpkgs' lib/ (also NIXPKGS_LIB). Without it, routelint is held against the answers of real Nix that are recorded beside this file, and the
comparisons with real Nix are skipped and counted. What is checked:

  fleets    the machines of the fleets in fixtures/modules and of the template: the same configuration, byte for byte; no finding above note, nothing unknown
  refused   registries with a mistake: the same assertions, with the texts that refused.txt shows
  options   nix/OPTIONS.md is what the modules declare now
  flake     flake.nix, default.nix and what hangs on them, with stand-ins for nixpkgs (real Nix only)
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

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

    for nix in real:
        compare("flake", "outputs", expression("outputs.nix"), [nix], expected=True)
    if not real:
        print(f"skipped: {len(FLEETS) + 4} evaluations by real Nix (no nixpkgs lib; --lib or NIXPKGS_LIB names one)")

    print(", ".join(f"{stage} {count}" for stage, count in counts.items()), "passed;", len(failures), "failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
