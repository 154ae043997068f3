"""Generate sets of modules, ask real Nix with nixpkgs' own `lib` and routelint with its native one, and compare value and class of error.

  generated_compare.py ROUTELINT --lib PATH [--sets N] [--seed N] [--nix PROGRAM] [--keep FOLDER]

PATH holds `lib/`; without --lib the environment's NIXPKGS_LIB is taken.
"""
import argparse
import collections
import os
import pathlib
import sys
import tempfile
import time

import oracle
from module_sets import Set

HERE = pathlib.Path(__file__).resolve().parent


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("routelint")
    parser.add_argument("--lib", default=os.environ.get("NIXPKGS_LIB"))
    parser.add_argument("--nix", default="nix-instantiate")
    parser.add_argument("--repl", help="command of `nix repl` of the same Nix, which is much faster than a process for each error")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sets", type=int, default=200)
    parser.add_argument("--keep", help="folder to write the sets into")
    parser.add_argument("--show", type=int, default=20, help="differences to print")
    parser.add_argument("--messages", action="store_true", help="print errors of one class whose messages differ")
    a = parser.parse_args()
    folder = pathlib.Path(a.keep or tempfile.mkdtemp(prefix="module-sets-"))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "prelude.nix").write_text((HERE / "modules_prelude.nix").read_text())
    groups, labels = [], []
    for number in range(a.sets):
        made = Set("%d-%d" % (a.seed, number))
        at = folder / ("%04d" % number)
        at.mkdir(exist_ok=True)
        for name, text in made.files.items():
            (at / name).write_text(text)
        groups.append(["(import %s/default.nix { inherit lib; }).q%d" % (at, query) for query in range(len(made.queries))])
        labels += [(number, query) for query in made.queries]
    started = time.time()
    ours = oracle.ask_routelint(a.routelint, [question for group in groups for question in group])
    took = time.time() - started
    nix = oracle.Nix(a.nix, a.lib, a.repl)
    theirs = nix.ask_groups([sum(groups[at:at + 25], []) for at in range(0, len(groups), 25)], os.cpu_count() or 2)
    different = collections.Counter()
    shown = 0
    kinds = collections.Counter()
    messages = 0
    for (number, query), mine, real in zip(labels, ours, theirs):
        kinds[real.kind if isinstance(real, oracle.Wrong) else "value"] += 1
        if not oracle.agree(mine, real):
            different[number] += 1
            if shown < a.show and different[number] <= 2:
                shown += 1
                print("%s/%04d %s\n%s" % (folder, number, query, difference(real, mine)))
        elif isinstance(real, oracle.Wrong) and real.message != mine.message:
            messages += 1
            if a.messages:
                print("%s/%04d %s\n  Nix        %s\n  routelint  %s" % (folder, number, query, real.message, mine.message))
    print(", ".join("%s %d" % pair for pair in kinds.most_common()))
    print("%d sets, %d questions (routelint %.1f s, all %.1f s), %d sets and %d questions differ, %d other messages" % (
        a.sets, len(labels), took, time.time() - started, len(different), sum(different.values()), messages))
    return 1 if different else 0


def difference(real, mine):
    """Where two answers part, as far into them as they agree."""
    at = ""
    while True:
        if isinstance(real, dict) and isinstance(mine, dict) and real.keys() == mine.keys():
            steps = [key for key in real if not oracle.agree(real[key], mine[key])]
        elif isinstance(real, list) and isinstance(mine, list) and len(real) == len(mine):
            steps = [index for index in range(len(real)) if not oracle.agree(real[index], mine[index])]
        elif isinstance(real, list) and isinstance(mine, list):
            steps = [next(i for i in range(max(len(real), len(mine))) if i >= min(len(real), len(mine)) or not oracle.agree(real[i], mine[i]))]
            real, mine = real + ["<end>"], mine + ["<end>"]
        else:
            break
        if not steps:
            break
        at += "/%s" % steps[0]
        real, mine = real[steps[0]], mine[steps[0]]
    return "  Nix        %s %s\n  routelint  %s %s" % (at, brief(real), at, brief(mine))


def brief(answer):
    return repr(answer)[:500] if isinstance(answer, oracle.Wrong) else oracle.canonical(answer)[:500]


if __name__ == "__main__":
    sys.exit(main())
