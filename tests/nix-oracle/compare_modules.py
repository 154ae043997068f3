"""Compare routelint's native `lib` with nixpkgs' own under real Nix, on generated sets of modules and calls of functions.

  compare_modules.py ROUTELINT --lib PATH [--sets N] [--calls N] [--seed N] [--nix PROGRAM] [--repl COMMAND]
  compare_modules.py ROUTELINT --recorded

PATH holds `lib/`; without --lib the environment's NIXPKGS_LIB is taken. Values must be equal, and errors of the same class (`error_classes`).
What differs between versions of Nix stands in `version_facts`.
With --recorded (or without a PATH) the answers that stand in recorded-lib.jsonl are taken instead of asking Nix; --record writes them.
Exit status 1 if anything differs.
"""
import argparse
import collections
import json
import os
import pathlib
import sys
import tempfile
import time

import lib_calls
import oracle
from compare_generated import version_of
from module_sets import Set
from version_facts import fact

HERE = pathlib.Path(__file__).resolve().parent
RECORDED = HERE / "recorded-lib.jsonl"
# How many sets are recorded, and how long the files of one may be. Of an answer longer than the last, only a digest is kept.
RECORDED_SETS = 300
LONGEST_SET = 1500
LONGEST_ANSWER = 120


class Question:
    """An expression, how it is called in reports, and the group that is asked together with it."""

    def __init__(self, label, expression):
        self.label = label
        self.expression = expression


def write_set(at, files):
    at.mkdir(exist_ok=True)
    for name, text in files.items():
        (at / name).write_text(text, encoding="utf-8")


def made_sets(seed, count, folder):
    """Groups of questions, one for each set of modules, whose files are written into the folder."""
    for number in range(count):
        made = Set("%d-%d" % (seed, number))
        at = folder / ("%04d" % number)
        write_set(at, made.files)
        yield [Question("%s %s" % (at, query), "(import %s/default.nix { inherit lib; }).q%d" % (at, index)) for index, query in enumerate(made.queries)]


def call_questions(call, folder):
    """The value of a call, and whether `tryEval` gets one."""
    text = call.replace("PRELUDE", str(folder / "prelude.nix"))
    caught = "(builtins.tryEval (let value = %s; in builtins.deepSeq value value)).success" % text
    return [Question(call, text), Question("caught: " + call, caught)]


def recorded(folder):
    """What stands in the table: groups of questions about sets, about calls, and the answers to each."""
    sets, calls = ([], []), ([], [])
    with open(RECORDED, encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            row = json.loads(line)
            if "files" in row:
                at = folder / ("%04d" % number)
                write_set(at, row["files"])
                sets[0].append([Question("%s q%d" % (at, index), "(import %s/default.nix { inherit lib; }).q%d" % (at, index)) for index in range(len(row["answers"]))])
                sets[1].extend(read_answers(row["answers"], at))
            elif "call" in row:
                calls[0].append(call_questions(row["call"], folder))
                calls[1].extend(read_answers(row["answers"], folder))
    return sets, calls


def read_answers(answers, folder):
    found = []
    for answer in answers:
        if isinstance(answer, dict) and "!error" in answer:
            found.append(oracle.Wrong("", answer["!error"]))
        elif isinstance(answer, dict) and "!digest" in answer:
            found.append(oracle.Digest(answer["!digest"], folder))
        else:
            found.append(json.loads(json.dumps(answer).replace("@FOLDER@", str(folder))))
    return found


def short_answer(answer, folder):
    """An answer as the table holds it."""
    if isinstance(answer, oracle.Wrong):
        return {"!error": answer.kind}
    text = oracle.canonical(answer).replace(str(folder), "@FOLDER@")
    return json.loads(text) if len(text) <= LONGEST_ANSWER else {"!digest": oracle.digest(answer, folder)}


def record(sets, calls, a, folder):
    """Writes the table: the first sets that are short enough, and the calls."""
    def files_of(number):
        return {file.name: file.read_text(encoding="utf-8") for file in sorted((folder / ("%04d" % number)).iterdir())}

    chosen = [number for number in range(len(sets)) if sum(map(len, files_of(number).values())) <= LONGEST_SET][:RECORDED_SETS]
    groups = [sets[number] for number in chosen] + [call_questions(call, folder) for call in calls]
    found = iter(ask_nix(oracle.Nix(a.nix, a.lib, a.repl), groups))
    with open(RECORDED, "w", encoding="utf-8") as table:
        def write(row):
            table.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")

        write({"recorded": "What Nix answers to generated sets of modules and calls of lib (compare_modules.py --record --seed %d)." % a.seed,
               "nix": a.nix_version, "lib": a.lib_revision})
        for number in chosen:
            at = folder / ("%04d" % number)
            write({"files": files_of(number), "answers": [short_answer(next(found), at) for _ in sets[number]]})
        for call in calls:
            write({"call": call, "answers": [short_answer(next(found), folder) for _ in call_questions(call, folder)]})
    print("%d sets and %d calls recorded" % (len(chosen), len(calls)))
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("routelint")
    parser.add_argument("--lib", default=os.environ.get("NIXPKGS_LIB"))
    parser.add_argument("--nix", default="nix-instantiate")
    parser.add_argument("--repl", help="command of `nix repl` of the same Nix, which is much faster than a process for each error")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sets", type=int, default=200)
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--keep", help="folder to write the sets into")
    parser.add_argument("--show", type=int, default=20, help="differences to print")
    parser.add_argument("--messages", action="store_true", help="print errors of one class whose messages differ")
    parser.add_argument("--recorded", action="store_true", help="compare with the recorded answers")
    parser.add_argument("--record", action="store_true", help="ask Nix and write the recorded answers")
    parser.add_argument("--nix-version", default="", help="goes into the head of what is recorded")
    parser.add_argument("--lib-revision", default="", help="goes into the head of what is recorded")
    a = parser.parse_args()
    folder = pathlib.Path(a.keep or tempfile.mkdtemp(prefix="routelint-lib-"))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "prelude.nix").write_text((HERE / "modules_prelude.nix").read_text(encoding="utf-8"), encoding="utf-8")
    if a.recorded or not a.lib:
        sets, calls = recorded(folder)
        differ = compare("recorded sets of modules", *sets, oracle.agree, a)
        return 1 if compare("recorded calls", *calls, oracle.agree_plainly, a) or differ else 0
    sets = list(made_sets(a.seed, a.sets, folder))
    calls = [lib_calls.call("%d-%d" % (a.seed, number)) for number in range(a.calls)]
    if a.record:
        return record(sets, calls, a, folder)
    nix = oracle.Nix(a.nix, a.lib, a.repl)
    calls = [[question for call in calls[at:at + 50] for question in call_questions(call, folder)] for at in range(0, len(calls), 50)]
    version = version_of(a.nix)
    differ = compare("sets of modules", sets, ask_nix(nix, sets), oracle.agree, a, version)
    return 1 if compare("calls", calls, ask_nix(nix, calls), oracle.agree_plainly, a, version) or differ else 0


def ask_nix(nix, groups):
    together = 25 if nix.repl else 1
    asked = [[question.expression for group in groups[at:at + together] for question in group] for at in range(0, len(groups), together)]
    return nix.ask_groups(asked, os.cpu_count() or 2)


def is_known(version, question, real, mine):
    """Whether an answer of Nix is known to be one of its version."""
    def plain(answer):
        return ("error", answer.message) if isinstance(answer, oracle.Wrong) else ("value", oracle.canonical(answer))

    return version is not None and fact(version, question.expression, plain(real), plain(mine)) is not None


def compare(what, groups, theirs, agree, a, version=None):
    """Asks routelint, prints where its answers differ from Nix', and tells whether they do. Recorded answers are of no old version."""
    questions = sum(groups, [])
    started = time.time()
    ours = oracle.ask_routelint(a.routelint, [question.expression for question in questions])
    took = time.time() - started
    kinds, different, messages = collections.Counter(), 0, 0
    for question, mine, real in zip(questions, ours, theirs):
        if isinstance(real, oracle.Wrong) and "not supported by store" in real.message:
            # Nix would copy a file into the store, and is asked with one that takes none.
            kinds["no answer without a store"] += 1
            continue
        kinds[real.kind if isinstance(real, oracle.Wrong) else "value"] += 1
        if not agree(mine, real) and not is_known(version, question, real, mine):
            different += 1
            if different <= a.show:
                print("%s\n%s" % (question.label, difference(real, mine)))
        elif isinstance(real, oracle.Wrong) and isinstance(mine, oracle.Wrong) and real.message != mine.message:
            messages += 1
            if a.messages:
                print("%s\n  Nix        %s\n  routelint  %s" % (question.label, real.message, mine.message))
    print(", ".join("%s %d" % pair for pair in kinds.most_common()))
    print("%s: %d questions, %d differ, %d errors in other words; routelint took %.1f s" % (what, len(questions), different, messages, took))
    return different > 0


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
    return repr(answer)[:500] if isinstance(answer, (oracle.Wrong, oracle.Digest)) else oracle.canonical(answer)[:500]


if __name__ == "__main__":
    sys.exit(main())
