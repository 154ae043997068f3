#!/usr/bin/env python3
"""What `routelint fix --unsafe` writes, evaluated by real Nix.

    run.py ROUTELINT [--nix nix-instantiate] [--verbose]

Every bad example of the rules' pages and the reference fleet are fixed in a folder of their own. Each file that was changed must parse; each that is a module which
Nix could evaluate before must evaluate after (machine.nix, which needs no nixpkgs), and say what routelint's own evaluator says of it. The reference fleet must come
out with the addresses, routes and translation that `guest`, `tap` and `reference` tell.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# Fewer than these mean that the test looks at nothing.
LEAST_FIXED, LEAST_EVALUATED = 95, 110


def guest(number):
    """What a guest of the reference fleet says after all edits."""
    return {
        "address": [f"10.0.0.{number}/32", f"fec0::{number}/128"],
        "routes": [
            {"Destination": "0.0.0.0/0", "Gateway": "10.0.0.0", "GatewayOnLink": True},
            {"Destination": "::/0", "Gateway": "fec0::", "GatewayOnLink": True},
        ],
    }


def tap(number):
    """What the host says of a tap after all edits."""
    return {
        "address": ["10.0.0.0/32", "fec0::/128"],
        "routes": [{"Destination": f"10.0.0.{number}/32"}, {"Destination": f"fec0::{number:X}/128"}],
    }


def run(command, folder=None):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120, cwd=folder, env={**os.environ, "NIX_REMOTE": "dummy://"})
    return done.returncode, done.stdout, done.stderr.strip()


class Case:
    def __init__(self, name, files, arguments=()):
        self.name, self.files, self.arguments = name, files, arguments
        self.failures, self.changed, self.evaluated = [], 0, 0

    def check(self, routelint, nix):
        with tempfile.TemporaryDirectory() as folder:
            self.write(folder)
            modules = [name for name in self.files if not name.endswith("flake.nix")]
            status, said, error = run([routelint, "fix", "--unsafe", *self.arguments, "."], folder)
            if status == 2:
                self.failures.append(f"fix: {error or said}")
            after = {name: Path(folder, name).read_text() for name in self.files}
            changed = [name for name, text in after.items() if text != self.files[name]]
            self.changed = len(changed)
            for name in changed:
                status, _, error = run([nix, "--parse", Path(folder, name)])
                if status != 0:
                    self.failures.append(f"{name} does not parse any more: {error}")
            for name in (modules if changed else []):
                self.compare(routelint, nix, Path(folder), name)
            if self.name == "reference":
                self.reference(nix, Path(folder))

    def write(self, folder):
        for name, text in self.files.items():
            Path(folder, name).parent.mkdir(parents=True, exist_ok=True)
            Path(folder, name).write_text(text)

    def compare(self, routelint, nix, folder, name):
        file = folder / name
        theirs = evaluated(nix, file)
        if theirs is None:
            with tempfile.TemporaryDirectory() as before:
                self.write(before)
                if evaluated(nix, Path(before, name)) is not None:
                    self.failures.append(f"{name} does not evaluate any more: {run(evaluation(nix, file))[2]}")
            return
        self.evaluated += 1
        status, said, error = run([routelint, "eval", "--strict", "--json", "--expr", f"import {HERE}/machine.nix {file}"])
        if status != 0 or json.loads(said) != theirs:
            self.failures.append(f"{name}: routelint says {error or said}, Nix {json.dumps(theirs)}")

    def reference(self, nix, folder):
        host = evaluated(nix, folder / "host.nix")
        found = {"nat": host["networking"]["nat"], "taps": picked(host), "db": picked(evaluated(nix, folder / "guests/db.nix")), "web": picked(evaluated(nix, folder / "guests/web.nix"))}
        nat = {"enable": True, "enableIPv6": True, "externalInterface": "enp0s3", "internalIPs": ["10.0.0.0/24"], "internalIPv6s": ["fec0::/64"]}
        wanted = {"nat": nat, "taps": {f"30-vm{number}": tap(number) for number in range(1, 65)}, "db": {"10-eth": guest(6)}, "web": {"10-eth": guest(5)}}
        for key, value in wanted.items():
            if found[key] != value:
                self.failures.append(f"{key} is {json.dumps(found[key])}, not {json.dumps(value)}")


def picked(machine):
    return {name: {"address": unit["address"], "routes": unit["routes"]} for name, unit in machine["network"]["networks"].items()}


def evaluation(nix, file):
    return [nix, "--eval", "--strict", "--json", "-E", f"import {HERE}/machine.nix {file}"]


def evaluated(nix, file):
    status, said, _ = run(evaluation(nix, file))
    return json.loads(said) if status == 0 else None


def cases():
    fleet = ROOT / "fixtures/reference"
    yield Case("reference", {str(path.relative_to(fleet)): path.read_text() for path in sorted(fleet.rglob("*.nix"))})
    for page in sorted((ROOT / "src/rules").glob("*.md")):
        bad, files = page.read_text().split("\nBad:")[1].split("\nGood")[0], {}
        for block in re.findall(r"```nix\n(.*?)\n```", bad, re.DOTALL):
            parts = re.split(r"# file: (\S+)\n", block + "\n")[1:]
            files.update(zip(parts[::2], parts[1::2]))
        rule = page.stem.replace("_", "-")
        yield Case(rule, files, ["--only", rule])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("routelint")
    parser.add_argument("--nix", default="nix-instantiate")
    parser.add_argument("--verbose", action="store_true", help="tell which examples no edit cures")
    options = parser.parse_args()
    routelint = str(Path(shutil.which(options.routelint) or options.routelint).resolve())
    all_cases = list(cases())
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda case: case.check(routelint, options.nix), all_cases))
    for case in all_cases:
        for failure in case.failures:
            print(f"FAILED {case.name}: {failure}")
    if options.verbose:
        print("not fixed:", " ".join(case.name for case in all_cases if not case.changed))
    fixed, files = sum(case.changed > 0 for case in all_cases), sum(case.evaluated for case in all_cases)
    print(f"{fixed} of {len(all_cases)} examples fixed, {files} of their modules evaluated by Nix and routelint alike")
    if fixed < LEAST_FIXED or files < LEAST_EVALUATED:
        sys.exit(f"at least {LEAST_FIXED} and {LEAST_EVALUATED} are wanted")
    sys.exit(any(case.failures for case in all_cases))


if __name__ == "__main__":
    main()
