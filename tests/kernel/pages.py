#!/usr/bin/env python3
"""Writes into the page of each rule in proved.tsv on which kernel and systemd its examples were shown: one paragraph at the end of "What breaks".

    pages.py

A page whose rule is not proved has no such paragraph. `tests/proved.rs` holds pages and table against each other.
"""

import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
RULES = HERE.parent.parent / "src/rules"
BEGINS = "**Shown**"
FOLLOWS = "\n## Example\n"


def proved():
    """For each rule its releases of Linux, each with the versions of systemd."""
    rules = {}
    for line in (HERE / "proved.tsv").read_text().splitlines():
        if line and not line.startswith("#"):
            rule, linux, systemd = line.split("\t")
            rules.setdefault(rule, {}).setdefault(linux, []).append(systemd)
    return rules


def paragraph(releases):
    def number(version):
        return [int(part) for part in version.split(".")]

    places = [
        f"Linux {linux}, systemd {' and '.join(sorted(versions, key=number))}"
        for linux, versions in sorted(releases.items(), key=lambda entry: number(entry[0]))
    ]
    return f"{BEGINS} on {'; '.join(places)}: the bad example breaks as told here, the good one works, a guest beside them is not concerned.\n"


def write():
    """How many pages changed."""
    rules, changed = proved(), 0
    for page in sorted(RULES.glob("*.md")):
        text = page.read_text()
        before, after = text.split(FOLLOWS, 1)
        kept = re.sub(rf"\n{re.escape(BEGINS)}.*\n", "", before)
        releases = rules.get(page.stem.replace("_", "-"))
        new = kept + (f"\n{paragraph(releases)}" if releases else "") + FOLLOWS + after
        if new != text:
            page.write_text(new)
            changed += 1
    return changed


if __name__ == "__main__":
    print(f"{write()} pages written anew")
