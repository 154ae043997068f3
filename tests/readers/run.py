#!/usr/bin/env python3
"""Reports as other programs read them: junitparser reads JUnit, diff-cover reads Checkstyle.

    run.py ROUTELINT

Each must find what the JSON report says. A program that is not installed is told and left out, unless READERS=all asks for both.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
OLDER = "# routelint: allow(mac-malformed) no more\n"


def main():
    routelint = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as place:
        fleet = Path(place) / "fleet"
        shutil.copytree(ROOT / "fixtures/reference", fleet)
        # A name and a line that must be escaped, and one finding that a baseline lists.
        web = (fleet / "guests/web.nix").read_text()
        (fleet / "guests/a b&'ü.nix").write_text(OLDER + web.replace("index = 5", "index = 7"))
        baseline = ["--baseline", "known.toml"]
        run(routelint, fleet, *baseline, "--write-baseline", "--only", "nat-ipv6-missing")
        report = {kind: run(routelint, fleet, *baseline, "--format", kind) for kind in ["json", "junit", "checkstyle"]}
        findings = json.loads(report["json"])["findings"]
        known = json.loads(report["json"])["summary"]["baseline"]
        assert len(findings) > 4 and known == 1, report["json"]
        read_with_junitparser(report["junit"], findings, known)
        read_with_diff_cover(report["checkstyle"], findings, fleet)


def run(routelint, fleet, *arguments):
    done = subprocess.run([routelint, "check", *arguments], cwd=fleet, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def start(finding):
    label = finding["labels"][0]
    return label["file"], label["start"]["line"]


def missing(name):
    if os.environ.get("READERS") == "all":
        sys.exit(f"{name} is not installed")
    print(f"skipped: {name} is not installed")


def read_with_junitparser(text, findings, known):
    try:
        import junitparser
    except ImportError:
        return missing("junitparser")
    report = junitparser.JUnitXml.fromstring(text.encode())
    loud = [finding for finding in findings if finding["severity"] != "note"]
    suites = list(report)
    assert len(suites) == 1 and suites[0].skipped == known, suites
    assert suites[0].failures + suites[0].errors == len(loud), (suites[0].failures, suites[0].errors, len(loud))
    cases = list(suites[0])
    assert suites[0].tests == len(cases) and len({case.name for case in cases}) == len(cases)
    said = Counter()
    for case in cases:
        for result in case.result:
            if isinstance(result, (junitparser.Failure, junitparser.Error)):
                said[result.message] += 1
    assert said == Counter(finding["message"] for finding in loud), said
    print(f"junitparser: {len(cases)} tests, {len(loud)} failed, {known} skipped")


def read_with_diff_cover(text, findings, fleet):
    try:
        from diff_cover.git_path import GitPathTool
        from diff_cover.violationsreporters.java_violations_reporter import CheckstyleXmlDriver
    except ImportError:
        return missing("diff-cover")
    subprocess.run(["git", "init", "-q", "."], cwd=fleet, check=True)
    os.chdir(fleet)
    GitPathTool.set_cwd(str(fleet))
    read = CheckstyleXmlDriver().parse_reports([[text]])
    said = Counter((file, violation.line) for file, violations in read.items() for violation in violations)
    expected = Counter(start(finding) for finding in findings)
    assert said == expected, (said, expected)
    print(f"diff-cover: {sum(said.values())} violations in {len(read)} files")


main()
