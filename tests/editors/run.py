#!/usr/bin/env python3
"""The recipes of docs/editors.md, taken from that page and run in the editors that are installed.

    run.py ROUTELINT

Each has to show the findings of fixtures/flake-inline at their lines, and those that take text from standard input also where a line that is not saved moved them.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PAGE = (ROOT / "docs/editors.md").read_text()
UNSAVED = "# not saved\n"


def recipe(heading, language):
    """The block of a language below the heading that starts so."""
    section = next(part for part in PAGE.split("\n## ") if part.startswith(heading))
    return re.search(rf"```{language}\n(.*?)```", section, re.S)[1]


class Scene:
    """A copy of the fleet, routelint on the path, and a folder for what an editor needs."""

    def __init__(self, work, binary):
        self.work = Path(work)
        self.fleet = self.work / "fleet"
        shutil.copytree(ROOT / "fixtures/flake-inline", self.fleet)
        (self.work / "bin").mkdir()
        shutil.copy(binary, self.work / "bin/routelint")
        self.environment = {**os.environ, "PATH": f"{self.work}/bin:{os.environ['PATH']}", "HOME": str(self.work), "TERM": "dumb"}

    def file(self, name, text):
        path = self.work / name
        path.write_text(text)
        return path

    def run(self, command, text=""):
        done = subprocess.run(command, cwd=self.fleet, env=self.environment, capture_output=True, text=True, timeout=60, input=text)
        return done.stdout + done.stderr

    def lines(self):
        """Lines of the findings in host.nix, by routelint itself."""
        report = json.loads(self.run(["routelint", "check", "--format", "json"]))
        return sorted(finding["labels"][0]["start"]["line"] for finding in report["findings"])


def numbers(text):
    return sorted(int(line) for line in re.findall(r"^at (\d+)$", text, re.M))


def quickfix(scene, editor):
    source = scene.file("nix.vim", recipe("Vim and Neovim", "vim"))
    found = scene.work / "found"
    say = f"call writefile(map(filter(getqflist(), 'v:val.valid'), {{_, e -> 'at ' . e.lnum}}), '{found}')"
    told = scene.run([editor, "-es", "-u", "NONE", "-i", "NONE", "--cmd", "set nocompatible shellpipe=>", "-c", "edit host.nix",
                      "-c", f"source {source}", "-c", "silent make!", "-c", say, "-c", "qa!"])
    return numbers(found.read_text() + "\n" if found.exists() else told), 0


def neovim(scene):
    source = scene.file("routelint.lua", recipe("Neovim without plugins", "lua"))
    script = scene.file("script.lua", f"""
dofile("{source}")
vim.cmd("edit host.nix")
vim.api.nvim_buf_set_lines(0, 0, 0, false, {{ "{UNSAVED.strip()}" }})
vim.cmd("doautocmd InsertLeave")
for _, d in ipairs(vim.diagnostic.get(0)) do print("at " .. d.lnum + 1) end
""")
    return numbers(scene.run(["nvim", "--headless", "-u", "NONE", "-i", "NONE", "-c", f"luafile {script}", "-c", "qa!"]).replace("\r", "") + "\n"), 1


def emacs(scene):
    source = scene.file("routelint.el", recipe("Emacs", "elisp"))
    script = scene.file("script.el", f"""
(require 'flymake)
(define-derived-mode nix-mode prog-mode "Nix")
(load-file "{source}")
(find-file "host.nix")
(nix-mode)
(insert "{UNSAVED.strip()}\\n")
(flymake-start)
(let ((left 100))
  (while (and (> left 0) (null (flymake-diagnostics)))
    (accept-process-output nil 0.1)
    (setq left (1- left))))
(dolist (d (flymake-diagnostics)) (princ (format "at %s\\n" (line-number-at-pos (flymake-diagnostic-beg d)))))
""")
    return numbers(scene.run(["emacs", "-Q", "--batch", "-l", str(script)])), 1


def efm(scene):
    configuration = scene.file("config.yaml", recipe("efm-langserver", "yaml"))
    server = subprocess.Popen(["efm-langserver", "-c", configuration], cwd=scene.fleet, env=scene.environment,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    # A server that says nothing ends the reading.
    alarm = threading.Timer(30, server.kill)
    alarm.start()

    def send(method, **more):
        body = json.dumps({"jsonrpc": "2.0", "method": method, **more}).encode()
        server.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        server.stdin.flush()

    def receive():
        size = 0
        while line := server.stdout.readline().strip():
            if line.lower().startswith(b"content-length:"):
                size = int(line.split(b":")[1])
        return json.loads(server.stdout.read(size)) if size else None

    root = scene.fleet.as_uri()
    send("initialize", id=1, params={"processId": None, "rootUri": root, "rootPath": str(scene.fleet), "capabilities": {}})
    receive()
    text = UNSAVED + (scene.fleet / "host.nix").read_text()
    send("initialized", params={})
    send("textDocument/didOpen", params={"textDocument": {"uri": f"{root}/host.nix", "languageId": "nix", "version": 1, "text": text}})
    found = []
    while not found and (message := receive()):
        found = message.get("params", {}).get("diagnostics", []) if isinstance(message.get("params"), dict) else []
    alarm.cancel()
    server.kill()
    server.wait()
    return sorted(d["range"]["start"]["line"] + 1 for d in found), 1


def code(scene):
    tasks = scene.file("tasks.json", recipe("Visual Studio Code", "json"))
    lines = scene.run(["routelint", "check", "--format", "concise"])
    return numbers(scene.run(["node", HERE / "matcher.js", tasks, scene.fleet, "host.nix"], lines)), 0


RECIPES = [
    ("Vim", "vim", lambda scene: quickfix(scene, "vim")),
    ("Neovim, quickfix", "nvim", lambda scene: quickfix(scene, "nvim")),
    ("Neovim", "nvim", neovim),
    ("Emacs", "emacs", emacs),
    ("efm-langserver", "efm-langserver", efm),
    ("Visual Studio Code", "node", code),
]


def main():
    binary = Path(sys.argv[1]).resolve()
    missing, failed = [], 0
    for name, program, show in RECIPES:
        if not shutil.which(program):
            missing.append(name)
            continue
        with tempfile.TemporaryDirectory() as work:
            scene = Scene(work, binary)
            shown, moved = show(scene)
            expected = [line + moved for line in scene.lines()]
        if not expected or shown != expected:
            failed += 1
            print(f"FAILED {name}: shows lines {shown}, not {expected}")
    if missing:
        print(f"skipped: {len(missing)} recipes ({', '.join(missing)} not installed)")
    print(f"editors: {len(RECIPES) - len(missing) - failed} recipes work, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
