"""Asking real Nix and routelint the same questions, and judging whether they agree: shared by the comparisons beside this file."""
import concurrent.futures
import hashlib
import json
import os
import re
import shlex
import subprocess
import tempfile

from error_classes import class_of, is_plain

class Wrong:
    """An error as an answer, with its message on one line."""

    def __init__(self, message, kind=None):
        self.message = " ".join(message.split())
        # `lib` throws with words of its own.
        self.kind = kind or class_of(self.message) or "thrown"

    def __repr__(self):
        return "error (%s) %s" % (self.kind, self.message)


class Digest:
    """A value of which only a digest is known; paths below the folder count as the same in every folder."""

    def __init__(self, text, folder):
        self.text = text
        self.folder = folder

    def __repr__(self):
        return "a value with digest " + self.text


def digest(value, folder):
    return hashlib.sha256(canonical(value).replace(str(folder), "@FOLDER@").encode()).hexdigest()[:16]


def canonical(value):
    """JSON text in which integers, floats and booleans stay apart, which Python's own comparison does not do."""
    return json.dumps(value, sort_keys=True)


def agree_plainly(one, other):
    """As `agree`, with the errors of the language as one class: of them only this matters, whether `tryEval` catches them."""
    if isinstance(one, Wrong) and isinstance(other, Wrong) and is_plain(one.kind) and is_plain(other.kind):
        return True
    # Nix cannot write a text that was cut within a letter.
    return agree(one, other) or isinstance(other, Wrong) and other.kind == "unwritable"


def agree(one, other):
    if isinstance(one, Wrong) or isinstance(other, Wrong):
        return isinstance(one, Wrong) and isinstance(other, Wrong) and one.kind == other.kind
    if isinstance(other, Digest):
        return digest(one, other.folder) == other.text
    return canonical(one) == canonical(other)


def last_error(text):
    """The message itself, after what Nix tells about the way to it."""
    text = re.split(r"(?m)^(?:evaluation warning|trace):", text)[0] if text.lstrip().startswith("error") else text
    starts = list(re.finditer(r"(?m)^(?: {7})?error: ?", text))
    message = text[starts[-1].end():] if starts else text
    # Below the message stands the source, which has words of its own.
    wrong = Wrong(re.split(r"(?m)^ +at (?:/|«|\().*:\d+:\d+:", message)[0])
    # Nix evaluates the values that its message shows. What fails there hides what is wrong.
    if "while evaluating the error message for definitions" in text:
        wrong.kind = "undeclared option"
    return wrong


# Of one process of `nix repl`, in KiB.
MOST_MEMORY = 6 << 20


class Nix:
    """Real Nix with nixpkgs' own `lib` from a folder that holds `lib/`.

    With `repl`, the command of `nix repl`, one process answers many questions and tells why some of them fail; without, what fails
    is asked again by a process of its own.
    """

    def __init__(self, program, library, repl=None):
        self.program = program
        self.repl = shlex.split(repl) if repl else None
        self.environment = dict(os.environ, NIX_REMOTE="dummy://", NIX_CONFIG="", NIX_PATH="nixpkgs=" + library)

    def run(self, expression):
        command = [self.program, "--eval", "--strict", "--json", "--show-trace", "-E", "let lib = import <nixpkgs/lib>; in " + expression]
        try:
            # Old versions of Nix write half a character into JSON.
            answer = subprocess.run(command, capture_output=True, text=True, errors="replace", env=self.environment, timeout=120)
        except subprocess.TimeoutExpired:
            return Wrong("no answer in time")
        if answer.returncode == 0:
            return json.loads(answer.stdout)
        return last_error(answer.stderr) if answer.returncode > 0 else Wrong("stack overflow")

    def ask(self, expressions):
        """Answers of one group of expressions."""
        if self.repl:
            return self.ask_repl(expressions)
        if len(expressions) < 2:
            return [self.run("(%s)" % text) for text in expressions]
        parts = " ".join("(let value = %s; in builtins.tryEval (builtins.deepSeq value value))" % text for text in expressions)
        found = self.run("[ %s ]" % parts)
        if isinstance(found, Wrong):
            middle = len(expressions) // 2
            return self.ask(expressions[:middle]) + self.ask(expressions[middle:])
        return [answer["value"] if answer["success"] else self.run("(%s)" % text) for answer, text in zip(found, expressions)]

    def ask_repl(self, expressions):
        if not expressions:
            return []
        lines = ["lib = import <nixpkgs/lib>"]
        for number, text in enumerate(expressions):
            lines += ["builtins.toJSON (%s)" % text, '"end %d"' % number]
        # What recurses without end may take all the memory there is before it takes all the stack.
        limited = ["sh", "-c", 'ulimit -v %d; exec "$@"' % MOST_MEMORY, "sh"]
        process = subprocess.run(limited + self.repl + ["--show-trace"], input="\n".join(lines) + "\n", capture_output=True, text=True, env=self.environment)
        errors = [last_error("error:" + text) for text in re.split(r"(?m)^error:", process.stderr)[1:]]
        found, waiting, number = [], [], 0
        for line in re.sub(r"\x1b\[[0-9;]*m", "", process.stdout).split("\n"):
            if line == '"end %d"' % number:
                found.append(waiting.pop() if waiting else errors.pop(0))
                number += 1
            elif line.startswith('"'):
                waiting.append(json.loads(unquoted(line)))
        if len(found) < len(expressions):
            # The process ended: it ran out of stack or memory.
            found.append(Wrong("stack overflow"))
            return found + self.ask_repl(expressions[len(found):])
        return found

    def ask_groups(self, groups, jobs):
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            return [answer for answers in pool.map(self.ask, groups) for answer in answers]


def unquoted(literal):
    """The text of a string as Nix writes it."""
    plain = {"n": "\n", "t": "\t", "r": "\r"}
    return re.sub(r"\\(.)", lambda escaped: plain.get(escaped[1], escaped[1]), literal[1:-1], flags=re.S)


def ask_routelint(program, expressions):
    """Answers of one batch. If the process ends before it is through, that is the answer to the question that it was at."""
    answers = []
    while len(answers) < len(expressions):
        with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as batch:
            batch.write("".join(expression + "\n" for expression in expressions[len(answers):]))
            batch.flush()
            command = [program, "eval", "--json", "--batch", batch.name]
            lines = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=1800).stdout.splitlines()
        answers += [Wrong(line[6:]) if line.startswith("!error") else json.loads(line) for line in lines]
        if len(answers) < len(expressions):
            answers.append(Wrong("no answer: the process ended"))
    return answers
