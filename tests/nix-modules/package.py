#!/usr/bin/env python3
"""nix/package.nix evaluated by real Nix, and what it leads to done as the builder does it: the sources that it picks compile, the program passes its check.

    package.py ROUTELINT [--lib DIR] [--nix nix-instantiate]

`--lib` is nixpkgs' lib (a folder that holds lib/): then the sources are also put into a store by lib.fileset, and must be the same.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
ATTRIBUTES = """
  given = import %s/nix/package.nix { inherit lib; rustPlatform.buildRustPackage = given: given; };
  inherit (given) pname version meta installCheckPhase;
  lock = toString given.cargoLock.lockFile;
"""
# As much of lib as the file uses; sources are named instead of copied.
LIB = """{
  importTOML = file: builtins.fromTOML (builtins.readFile file);
  licenses = { mit = "MIT"; asl20 = "Apache-2.0"; };
  fileset = { unions = files: files; toSource = { root, fileset }: map toString fileset; };
}"""


def run(command, **more):
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, **more)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))[:200]}: {done.stderr.strip()[-2000:]}")
    return done.stdout


def listing(folder):
    return sorted(str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_file())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("routelint", type=Path)
    parser.add_argument("--lib", type=Path)
    parser.add_argument("--nix", default="nix-instantiate")
    arguments = parser.parse_args()
    passed, wrong = 0, []

    def expect(what, is_right):
        nonlocal passed
        passed += is_right
        if not is_right:
            wrong.append(what)

    nix = [arguments.nix, "--eval", "--strict", "--json"]
    text = f"let lib = {LIB}; {ATTRIBUTES % ROOT} in {{ inherit pname version meta installCheckPhase lock; files = given.src; }}"
    told = json.loads(run([*nix, "-E", text], env={**os.environ, "NIX_REMOTE": "dummy://"}))
    manifest = tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]
    locked = tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
    own = [package for package in locked if package["name"] == manifest["name"]]
    expect("name and version are those of Cargo.toml", (told["pname"], told["version"]) == (manifest["name"], manifest["version"]))
    expect("the lock is the repository's and knows the version", told["lock"] == str(ROOT / "Cargo.lock") and own[0]["version"] == manifest["version"])
    expect("licenses are those of Cargo.toml", sorted(told["meta"]["license"]) == sorted(manifest["license"].split(" OR ")))
    expect("the main program is the binary", told["meta"]["mainProgram"] == "routelint")

    with tempfile.TemporaryDirectory() as work:
        source = Path(work, "source")
        for name in told["files"]:
            here, there = Path(name), source / Path(name).relative_to(ROOT)
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(here, there) if here.is_dir() else shutil.copyfile(here, there)
        # What is built for the lints serves here too.
        target = {**os.environ, "CARGO_TARGET_DIR": os.environ.get("CARGO_TARGET_DIR", str(ROOT / "target"))}
        run(["cargo", "check", "--locked", "--offline", "--quiet", "--bins"], cwd=source, env=target)
        passed += 1
        binary = Path(work, "out/bin/routelint")
        binary.parent.mkdir(parents=True)
        shutil.copy(arguments.routelint, binary)
        phase = f"runHook() {{ :; }}\n{told['installCheckPhase']}"
        run(["bash", "-euc", phase], cwd=source, env={"PATH": os.environ["PATH"], "HOME": "/homeless-shelter", "out": f"{work}/out"})
        passed += 1
        is_new_enough = json.loads(run([*nix, "-E", "builtins ? readFileType"], env={**os.environ, "NIX_REMOTE": "dummy://"}))
        if arguments.lib and is_new_enough:
            text = f'let lib = import {arguments.lib.resolve()}/lib; {ATTRIBUTES % ROOT} in "${{given.src}}"'
            stored = json.loads(run([*nix, "--read-write-mode", "--store", f"{work}/store", "-E", text]))
            expect("lib.fileset picks the same files", listing(f"{work}/store{stored}") == listing(source))
            subprocess.run(["chmod", "-R", "u+w", f"{work}/store"], check=False)
        else:
            print(f"skipped: 1 comparison with lib.fileset ({'Nix is too old for it' if arguments.lib else 'no nixpkgs lib'})")
    for what in wrong:
        print(f"FAILED: {what}")
    print(f"package: {passed} passed, {len(wrong)} failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
