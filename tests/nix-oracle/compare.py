"""Evaluate each expression of expressions.tsv with real Nix and with routelint; the values must be equal.

  compare.py ROUTELINT [--nix PROGRAM] [-v]

A row is a name, a tab and an expression. Where Nix reports an error, routelint must report one too, in whatever words. Exit status 1 if
anything differs.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile

TABLE = pathlib.Path(__file__).resolve().parent / "expressions.tsv"
ENVIRONMENT = dict(os.environ, NIX_REMOTE="dummy://", NIX_CONFIG="", NIX_PATH="")


def rows():
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, expression = line.split("\t")
            yield name, expression


def value(text):
    """The JSON value with integers, floats and booleans kept apart, which Python's own comparison does not."""
    return json.dumps(json.loads(text), sort_keys=True)


def ask_nix(nix, expression):
    command = [nix, "--eval", "--strict", "--json", "-E", expression]
    answer = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, timeout=60)
    return value(answer.stdout) if answer.returncode == 0 else "error"


def ask_routelint(routelint, expressions):
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as batch:
        batch.write("".join(expression + "\n" for expression in expressions))
        batch.flush()
        command = [routelint, "eval", "--json", "--batch", batch.name]
        lines = subprocess.run(command, capture_output=True, text=True, timeout=120).stdout.splitlines()
    return ["error" if line.startswith("!error") else value(line) for line in lines]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("routelint")
    parser.add_argument("--nix", default="nix-instantiate")
    parser.add_argument("-v", action="store_true", help="print every row")
    arguments = parser.parse_args()
    table = list(rows())
    ours = ask_routelint(arguments.routelint, [expression for _, expression in table])
    if len(ours) != len(table):
        print("routelint answered %d of %d expressions" % (len(ours), len(table)))
        return 1
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        theirs = list(pool.map(lambda row: ask_nix(arguments.nix, row[1]), table))
    different = 0
    for (name, expression), mine, real in zip(table, ours, theirs):
        if mine != real:
            different += 1
            print("%s: %s\n  Nix        %s\n  routelint  %s" % (name, expression, real, mine))
        elif arguments.v:
            print("%s: %s" % (name, real))
    errors = theirs.count("error")
    print("%d expressions, %d of them errors in Nix, %d different" % (len(table), errors, different))
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
