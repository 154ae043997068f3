"""Evaluate generated expressions with real Nix and with routelint; values and classes of errors must be equal.

  compare_generated.py ROUTELINT [--nix PROGRAM] [--seed N] [--count N] [--minimize] [--keep FOLDER]

Every expression stands in a file of its own, so that positions and relative paths mean the same to both. First the printed values (as `--eval --strict`
prints them) and the errors are compared, then the JSON of whatever has one, where integers and floats differ. Errors are compared by
class (`error_classes`). What differs between versions of Nix stands in `version_facts`. Exit status 1 if anything differs.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from error_classes import class_of
from generator import Generator, names_in_order
from generator_texts import STATIC
from minimizer import minimized
from version_facts import fact

ENVIRONMENT = dict(os.environ, NIX_REMOTE="dummy://", NIX_CONFIG="extra-experimental-features = pipe-operators", NIX_PATH="")
BATCH = 150
MARK = "=== end of a value ==="
"""A path may have a line feed in it, so values are not told apart by lines alone."""
FILES = {"t.txt": "hello\n", "data.json": '{ "a": [ 1, 2.5, null ] }\n', "d/e/default.nix": "{ a ? 1 }: a\n", "d/x.txt": ""}
LINKS = {"d/l": "../t.txt"}

def last_error(text):
    """The message of Nix, without the trace above it and the source shown below it."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    parts = re.split(r"(?m)^ *error: ?", text)
    message = parts[-1] if len(parts) > 1 else text
    if "evaluation aborted with" in text:
        message = text[text.rindex("evaluation aborted with"):]
    message = re.split(r"(?m)^ +at (?:/|«|\().*:$|^ *\(use '--show-trace'|^ *… while", message)[0]
    return " ".join(message.split())


def nix_command(nix, is_json):
    return [nix, "--readonly-mode", "--eval", "--strict"] + (["--json"] if is_json else [])


def values(output, mark):
    """The values in front of each mark. Old versions of Nix end JSON without a line feed."""
    return re.split("\n?%s\n?" % re.escape(mark), output.decode("utf-8", "replace"))[:-1]


IN_ORDER = """
let
  force = value:
    if builtins.isAttrs value then builtins.foldl' (done: name: force value.${name}) null (builtins.attrNames value)
    else if builtins.isList value then builtins.foldl' (done: force) null value
    else builtins.seq value null;
  value = import %s;
in builtins.seq (force value) value
"""
"""Nix forces attributes in the order in which it first met their names. A name that is computed it meets late."""


def ask_nix_in_order(nix, file):
    """What Nix says about a file when the attributes of the value are forced in the order of their names."""
    process = subprocess.run(nix_command(nix, False) + ["-E", IN_ORDER % file], capture_output=True, env=ENVIRONMENT, timeout=300)
    return ("value" if process.returncode == 0 else "error"), last_error(process.stderr.decode("utf-8", "replace"))


def ask_nix(nix, files, is_json):
    """("value" or "error", text) for each file. One process gives the values up to the first error, so the next one begins behind it."""
    answers = []
    while len(answers) < len(files):
        rest = files[len(answers):len(answers) + BATCH]
        # Read first, so that attributes are forced in the order of their names.
        expressions = [names_in_order(), json.dumps(MARK)]
        expressions += [part for file in rest for part in ("import %s" % file, json.dumps(MARK))]
        process = subprocess.run(nix_command(nix, is_json) + ["-E"] + expressions, capture_output=True, env=ENVIRONMENT, timeout=300)
        found = values(process.stdout, json.dumps(MARK))[1:]
        answers += [("value", value) for value in found]
        if process.returncode != 0:
            message = process.stderr.decode("utf-8", "replace")
            answers.append(("error", last_error(message) if process.returncode > 0 else "crash: stack overflow"))
        elif len(found) != len(rest):
            raise SystemExit("%s gave %d values for %d expressions" % (nix, len(found), len(rest)))
    return answers


def ask_routelint(routelint, files, is_json):
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as batch:
        batch.write("".join("import %s\n%s\n" % (file, json.dumps(MARK)) for file in files))
        batch.flush()
        command = [routelint, "eval", "--json" if is_json else "--strict", "--batch", batch.name]
        output = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=600).stdout
    found = values(output, json.dumps(MARK))
    answers = [("error", value[len("!error "):]) if value.startswith("!error ") else ("value", value) for value in found]
    return answers + [("error", "crash")] * (len(files) - len(answers))


def in_parallel(ask, files):
    if not files:
        return []
    workers = os.cpu_count() or 2
    size = max(BATCH, len(files) // (4 * workers) + 1)
    chunks = [files[start:start + size] for start in range(0, len(files), size)]
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        return [answer for chunk in pool.map(ask, chunks) for answer in chunk]


def version_of(nix):
    text = subprocess.run([nix, "--version"], capture_output=True, text=True, env=ENVIRONMENT).stdout
    return tuple(int(part) for part in re.findall(r"\d+", text)[:2])


def json_value(text):
    """The JSON value with integers, floats and booleans kept apart, which Python's own comparison does not do."""
    return json.dumps(json.loads(text), sort_keys=True)


class Comparison:
    """The two programs, asked about the same files."""

    def __init__(self, routelint, nix, folder):
        self.routelint, self.nix, self.folder = os.path.abspath(routelint), nix, pathlib.Path(folder)
        self.version = version_of(nix)

    def write(self, number, text):
        """A file with the text, in a folder with few others, for some expressions copy all of it."""
        folder = self.folder / "with" / "few" / "files" / str(number // 50)
        if not folder.exists():
            for name, content in FILES.items():
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content, encoding="utf-8")
            for name, target in LINKS.items():
                (folder / name).symlink_to(target)
        path = folder / ("%d.nix" % number)
        path.write_bytes(text.encode("utf-8"))
        return path

    def same(self, theirs, ours, is_json):
        if theirs[0] != ours[0]:
            return False
        if theirs[0] == "error":
            return class_of(theirs[1]) is not None and class_of(theirs[1]) == class_of(ours[1])
        if theirs[1] == ours[1]:
            return True
        try:
            return is_json and json_value(theirs[1]) == json_value(ours[1])
        except ValueError:
            return False

    def differences(self, files, texts):
        """(number, Nix's answer, ours) for what is not the same, how many were errors in Nix, and how many differences are facts of its version."""
        nix = in_parallel(lambda chunk: ask_nix(self.nix, chunk, False), files)
        ours = in_parallel(lambda chunk: ask_routelint(self.routelint, chunk, False), files)
        different, with_json = [], []
        for number, (their, our) in enumerate(zip(nix, ours)):
            if not self.same(their, our, False):
                is_order = their[0] == our[0] == "error" and self.same(ask_nix_in_order(self.nix, files[number]), our, False)
                if not is_order:
                    different.append((number, their, our))
            elif their[0] == "value" and not re.search(r"<LAMBDA>|<PRIMOP|<CODE>", their[1]):
                with_json.append(number)
        chosen = [files[number] for number in with_json]
        nix_json = in_parallel(lambda chunk: ask_nix(self.nix, chunk, True), chosen)
        our_json = in_parallel(lambda chunk: ask_routelint(self.routelint, chunk, True), chosen)
        for number, their, our in zip(with_json, nix_json, our_json):
            if not self.same(their, our, True):
                different.append((number, their, our))
        unknown = [found for found in different if fact(self.version, texts[found[0]], *found[1:]) is None]
        return sorted(unknown), sum(answer[0] == "error" for answer in nix), len(different) - len(unknown)

    def difference(self, text):
        """What is different about one text: a description of its sort, or None."""
        path = self.write(9_999_950, text)
        found, _, _ = self.differences([path], [text])
        return self.sort(*found[0][1:]) if found else None

    def sort(self, their, our):
        def one(answer):
            return (answer[0], class_of(answer[1]) if answer[0] == "error" else None)

        return one(their), one(our)


def shown(answer):
    return answer[1][:600] if answer[0] == "value" else "error (%s): %s" % (class_of(answer[1]), answer[1][:300])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("routelint")
    parser.add_argument("--nix", default="nix-instantiate")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=1500)
    parser.add_argument("--minimize", action="store_true", help="make each different expression as small as it can be")
    parser.add_argument("--most", type=int, default=40, help="how many differences are printed")
    parser.add_argument("--keep", help="folder for the expressions, which is not removed")
    arguments = parser.parse_args()
    generator = Generator(arguments.seed)
    texts = STATIC + [generator.expression() for _ in range(arguments.count)]
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or temporary
        os.makedirs(folder, exist_ok=True)
        comparison = Comparison(arguments.routelint, arguments.nix, os.path.abspath(folder))
        files = [comparison.write(number, text) for number, text in enumerate(texts)]
        different, errors, known = comparison.differences(files, texts)
        for number, their, our in different[:arguments.most]:
            text = texts[number]
            if arguments.minimize:
                sort = comparison.sort(their, our)
                text = minimized(text, lambda candidate: comparison.difference(candidate) == sort)
            print("%d: %s\n  Nix        %s\n  routelint  %s" % (number, text, shown(their), shown(our)))
    version = ".".join(map(str, comparison.version))
    print("seed %d: %d expressions, %d of them errors in Nix %s, %d different, %d as its version is known to be"
          % (arguments.seed, len(texts), errors, version, len(different), known))
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
