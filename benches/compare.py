"""Medians of CPU time and peak memory of whole processes: routelint on made fleets, and its evaluator beside Nix.

  compare.py ROUTELINT [--runs N] [--nix PROGRAM]
"""
import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

import make_fleet

HERE = pathlib.Path(__file__).resolve().parent
# A store that needs neither a daemon nor a writable disk: nothing is built here.
NIX_ENVIRONMENT = dict(os.environ, NIX_REMOTE="dummy://", NIX_CONFIG="")


def measure(command, **options):
    """CPU seconds, peak MiB and exit status of one run; what it prints is dropped."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, process.returncode


FLOOR = measure(["true"])[1]


def median(runs):
    return tuple(statistics.median(column) for column in zip(*[run[:2] for run in runs]))


def shown(memory):
    """Peak memory as text. A child begins as a copy of this program, so nothing below its size can be measured."""
    return "%.0f" % memory if memory > FLOOR + 1 else "<%.0f" % FLOOR


def fleets(routelint, runs):
    print("%-34s %10s %10s %6s" % ("routelint check", "CPU s", "peak MiB", "exit"))
    for guests, generated in ((254, False), (10000, True)):
        with tempfile.TemporaryDirectory(prefix="fleet-") as folder:
            make_fleet.make(pathlib.Path(folder), guests, generated)
            results = [measure([routelint, "check", "--format", "json", folder]) for _ in range(runs)]
            seconds, memory = median(results)
            kind = "one module" if generated else "one file a guest"
            print("%-34s %10.3f %10s %6d" % ("%d guests, %s" % (guests, kind), seconds, shown(memory), results[0][2]))


def evaluation(routelint, nix, runs):
    print("\n%-14s %12s %12s %8s %13s %12s" % ("eval --strict", "routelint s", "nix s", "ratio", "routelint MiB", "nix MiB"))
    for file in sorted((HERE / "nix").glob("*.nix")):
        ours = [routelint, "eval", "--strict", "--json", str(file)]
        theirs = [nix, "--eval", "--strict", "--json", str(file)]
        values = [subprocess.run(command, capture_output=True, env=NIX_ENVIRONMENT).stdout.strip() for command in (ours, theirs)]
        # The two take turns, so that a machine that slows down slows both.
        pairs = [(measure(ours), measure(theirs, env=NIX_ENVIRONMENT)) for _ in range(runs)]
        (our_seconds, our_memory), (nix_seconds, nix_memory) = (median(side) for side in zip(*pairs))
        ratio = statistics.median(mine[0] / peer[0] for mine, peer in pairs)
        verdict = "" if values[0] == values[1] else "  values differ"
        print("%-14s %12.3f %12.3f %8.2f %13s %12s%s" % (
            file.stem, our_seconds, nix_seconds, ratio, shown(our_memory), shown(nix_memory), verdict))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("routelint")
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--nix", default="nix-instantiate")
    arguments = parser.parse_args()
    routelint = os.path.abspath(arguments.routelint)
    fleets(routelint, arguments.runs)
    if shutil.which(arguments.nix):
        evaluation(routelint, arguments.nix, arguments.runs)
    else:
        print("\n%s is not installed: the evaluator is not compared" % arguments.nix)
    return 0


if __name__ == "__main__":
    sys.exit(main())
