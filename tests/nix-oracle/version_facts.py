"""Differences between versions of Nix, as narrow as they can be told: what routelint says is what newer versions say.

Each fact is the first version that is no longer so, a test of the expression and the two answers (("value" or "error", text)), and the reason.
"""
import re

ALWAYS = (999, 0)
RANGES = (2, 29)
CHECKED = (2, 25)
JSON_LIBRARY = (2, 19)


def says(answer, pattern):
    return answer[0] == "error" and re.search(pattern, answer[1]) is not None


def uses(text, pattern):
    return re.search(pattern, text) is not None


FACTS = [
    (ALWAYS, lambda text, theirs, ours: uses(text, "[gG]etAttrPos") and uses(text, r"mapAttrs|listToAttrs|groupBy|zipAttrs|\.[^=;]*\s*="),
     "not a version: routelint gives the place of a name itself, also after mapAttrs and in `a.b = …`, since findings point at it"),
    (RANGES, lambda text, theirs, ours: says(ours, "out of the range of integers"), "ceil and floor of what no integer holds gave any number"),
    (RANGES, lambda text, theirs, ours: uses(text, "ceil|floor") and "922337203685477580" in text, "the same for an integer that rounds up"),
    (RANGES, lambda text, theirs, ours: says(theirs, "basic_string_view::substr"), "substring took 32 bits of the start"),
    (RANGES, lambda text, theirs, ours: says(ours, r"index -?\d{10,} is out of bounds"), "elemAt took 32 bits of the index"),
    (CHECKED, lambda text, theirs, ours: says(ours, "integer overflow"), "integers wrapped around"),
    (CHECKED, lambda text, theirs, ours: ours[0] == "error" and theirs[0] == "value" and re.search(r"\d{17}", theirs[1]) is not None and uses(text, r"\d{16}"),
     "the same, where another error explains the overflow"),
    (CHECKED, lambda text, theirs, ours: (says(theirs, "negative start position") or says(ours, r"not be negative, but it is -\d{10}")) and uses(text, r"\d{10}"),
     "substring took 32 bits of the start"),
    (CHECKED, lambda text, theirs, ours: uses(text, r"(builtins\.|__)(convertHash|traceVerbose|warn|readFileType)\b"), "there was no such function"),
    (CHECKED, lambda text, theirs, ours: uses(text, "getAttrPos|GetAttrPos|curPos") and "inherit" in text, "inherited names were placed one column off"),
    (JSON_LIBRARY, lambda text, theirs, ours: theirs[0] == ours[0] == "value" and theirs[1].replace("\\$", "$") == ours[1].replace("\\$", "$"),
     "every dollar was escaped"),
    (JSON_LIBRARY, lambda text, theirs, ours: theirs[0] == "value" and says(ours, "JSON cannot hold"), "JSON could have half a character"),
    (JSON_LIBRARY, lambda text, theirs, ours: "toJSON" in text and uses(text, r"\d\.|\.\d|e[+-]?\d|ceil|floor"), "toJSON gave floats six digits"),
    (JSON_LIBRARY, lambda text, theirs, ours: "genList" in text and ours[0] == "error", "genList did not look at the function"),
    (JSON_LIBRARY, lambda text, theirs, ours: uses(text, r"(sort|filter)\b") and theirs[0] == "error" and (ours[0] == "value" or says(theirs, "while a function")),
     "sort and filter looked at the function of an empty list"),
    (JSON_LIBRARY, lambda text, theirs, ours: uses(text, r"map\b") and ours[0] == "error", "map did not look at the function"),
]


def fact(version, text, theirs, ours):
    """The reason for a difference that is known in a version of Nix, or None."""
    for fixed, is_this, reason in FACTS:
        if version < fixed and is_this(text, theirs, ours):
            return reason
    return None
