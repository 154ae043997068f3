"""Differences between versions of Nix, as narrow as they can be told: what routelint says is what newer versions say.

Each fact is the first version that is no longer so, a test of the expression and the two answers (("value" or "error", text)), and the reason.
"""
import re

ALWAYS = (999, 0)
RANGES = (2, 29)
LINKS = (2, 26)
CHECKED = (2, 25)
PIPES = (2, 24)
KEYWORDS = (2, 20)
JSON_LIBRARY = (2, 19)

YOUNG = "addDrvOutputDependencies|break|convertHash|readFileType|traceVerbose|warn"
"""Functions that Nix 2.8 does not have."""
PLACE = r'\{ column = \d+; file = "(?:[^"\\]|\\.)*"; line = \d+; \}|\{"column":\d+,"file":"(?:[^"\\]|\\.)*","line":\d+\}|\bnull\b'
NUMBER = r"-?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|\binf\b|\bnan\b)|\bnull\b"
TWICE = r"(?s)([\w'-]+)(\.[^=;]*)?\s*=[^=].*\b\1(\.[^=;]*)?\s*=[^=]"
"""A name that is given two values, which may be two parts of one set."""
FLOAT = r"\d\.|\.\d"
WORDS = r'"(assert|else|if|in|inherit|let|rec|then|with)"(?= =)'


def says(answer, pattern):
    return answer[0] == "error" and re.search(pattern, answer[1]) is not None


def uses(text, pattern):
    return re.search(pattern, text) is not None


def values(theirs, ours):
    return theirs[0] == ours[0] == "value"


def same_but_places(theirs, ours):
    """Whether two values differ in nothing but the places of names."""
    return values(theirs, ours) and re.sub(PLACE, "@", theirs[1]) == re.sub(PLACE, "@", ours[1])


def same_but_repeated(theirs, ours):
    """Whether Nix printed a short list again that was printed before: its elements stand in the value, and it depends on who copied that."""
    pattern = re.escape(ours[1]).replace("«repeated»", r"(«repeated»|\[ \S+ (\S+ )?\])")
    return values(theirs, ours) and re.fullmatch(pattern, theirs[1]) is not None


def same_number(theirs, ours):
    """Whether Nix wrote a float with six digits, or one that is no number as C does, where we write all digits or `null`."""
    if theirs == ours:
        return True
    if re.fullmatch("-?(inf|nan)", theirs):
        return ours == "null"
    if "null" in theirs + ours or not re.search("[.e]", theirs + ours):
        return False
    return abs(float(theirs) - float(ours)) <= 1e-5 * abs(float(ours))


def without_dollars(text):
    """A printed text with its dollars as they are, escaped or not."""
    return re.sub(r"\\(.)", lambda escaped: "$" if escaped[1] == "$" else escaped[0], text)


def same_but_names(theirs, ours):
    """Whether two values differ in nothing but how names of attributes were printed: dollars escaped, words of the language without quotes."""
    one, other = (re.sub(WORDS, r"\1", without_dollars(answer[1])) for answer in (theirs, ours))
    return values(theirs, ours) and one == other


def same_but_json(theirs, ours):
    """Whether two values differ in nothing but how JSON was written before another library wrote it: digits of floats, and every dollar escaped."""
    if not values(theirs, ours):
        return False
    theirs, ours = (without_dollars(answer[1]) for answer in (theirs, ours))
    pairs = list(zip(re.findall(NUMBER, theirs), re.findall(NUMBER, ours)))
    return re.sub(NUMBER, "@", theirs) == re.sub(NUMBER, "@", ours) and all(same_number(*pair) for pair in pairs)


def has_lost_parts(theirs, ours):
    """Whether what Nix printed is what we print with parts left out."""
    left = iter(ours[1].split())
    return values(theirs, ours) and all(part in left for part in theirs[1].split())


def same_but_copies(theirs, ours):
    """Whether Nix printed in whole what stands as printed before in ours: the copy is then one of the parts of the value."""
    pattern = re.escape(ours[1]).replace("«repeated»", r"(?:«repeated»|\{.*\}|\[.*\])")
    return ours[1].count("«repeated»") <= 4 and re.fullmatch(pattern, theirs[1]) is not None


def inherits_nothing(text):
    """Whether `inherit (…) ;` stands somewhere in a text, without names behind its brackets."""
    for found in re.finditer(r"inherit\s*\(", text):
        depth, end = 1, found.end()
        while depth and end < len(text):
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        if text[end:].lstrip().startswith(";"):
            return True
    return False


FACTS = [
    (ALWAYS, lambda text, theirs, ours: uses(text, "[gG]etAttrPos") and uses(text, r"mapAttrs|listToAttrs|groupBy|zipAttrs|\.[^=;]*\s*=") and same_but_places(theirs, ours),
     "not a version: routelint gives the place of a name itself, also after mapAttrs and in `a.b = …`, since findings point at it"),
    (ALWAYS, lambda text, theirs, ours: "«repeated»" in ours[1] and same_but_repeated(theirs, ours), "not a version: whether a list of one or two elements counts as printed before depends on who copied the value"),
    (ALWAYS, lambda text, theirs, ours: uses(text, "__contentAddressed") and says(theirs, "experimental Nix feature") and says(ours, "^unknown"), "a feature that is switched on outside of the source"),
    (ALWAYS, lambda text, theirs, ours: uses(text, "appendContext") and says(theirs, "^crash") and says(ours, "'' is not a store path"), "Nix crashes at an empty name"),
    (LINKS, lambda text, theirs, ours: uses(text, r"filterSource|\bpath\b") and "./d/l" in text and values(theirs, ours), "what a link leads to was copied in its place"),
    (RANGES, lambda text, theirs, ours: uses(text, "ceil|floor") and says(ours, "out of the range of integers"), "ceil and floor of what no integer holds gave any number"),
    (RANGES, lambda text, theirs, ours: uses(text, "ceil|floor") and uses(text, r"\d{16}") and (values(theirs, ours) or says(ours, "integer overflow") or says(theirs, "integer overflow|negative start position|called with index|out of bounds")),
     "the same for an integer that rounds up, and what was computed from it"),
    (RANGES, lambda text, theirs, ours: uses(text, "substring") and says(theirs, "basic_string_view::substr"), "substring took 32 bits of the start"),
    (RANGES, lambda text, theirs, ours: uses(text, "elemAt") and (says(ours, r"index -?\d{10,} is out of bounds") or uses(text, r"\d{10}") and theirs[0] == "value" and ours[0] == "error"), "elemAt took 32 bits of the index"),
    (CHECKED, lambda text, theirs, ours: says(ours, "integer overflow"), "integers wrapped around"),
    (CHECKED, lambda text, theirs, ours: ours[0] == "error" and theirs[0] == "value" and (uses(theirs[1], r"\d{17}") or uses(text, "addErrorContext")) and uses(text, r"\d{16}"), "the same, where another error explains the overflow"),
    (CHECKED, lambda text, theirs, ours: uses(text, "substring") and uses(text, r"\d{10}") and (values(theirs, ours) or says(theirs, "negative start position") or says(ours, "not be negative, but it is")),
     "substring took 32 bits of the start"),
    (CHECKED, lambda text, theirs, ours: uses(text, "substring") and theirs[0] == "error" and says(ours, "not be negative, but it is"),
     "the same for a start below zero, and the string was evaluated first"),
    (CHECKED, lambda text, theirs, ours: says(theirs, "attribute '(%s)' missing|undefined variable '__(%s)'" % (YOUNG, YOUNG)), "there was no such function"),
    (CHECKED, lambda text, theirs, ours: uses(text, "[gG]etAttrPos|curPos") and "inherit" in text and same_but_places(theirs, ours), "inherited names were placed one column off"),
    (CHECKED, lambda text, theirs, ours: uses(text, "derivation") and theirs[0] == "error" and says(ours, "cannot be the name of a store path"), "the name of a derivation was looked at last"),
    (CHECKED, lambda text, theirs, ours: says(theirs, "invalid derivation output name 'drv'|invalid value 'nar' for 'outputHashMode'") or says(ours, "invalid derivation output name 'drvPath'"), "another name was taken"),
    (CHECKED, lambda text, theirs, ours: says(theirs, "already defined") and not says(ours, "already defined") and uses(text, r"=\W*(rec\W*)?\{"), "sets in sets were not merged"),
    (CHECKED, lambda text, theirs, ours: uses(text, "fromJSON") and says(ours, "invalid JSON.*out of the range of integers"), "integers that are too large became floats"),
    (CHECKED, lambda text, theirs, ours: says(ours, "zero byte"), "a zero byte in JSON or TOML ended the string"),
    (CHECKED, lambda text, theirs, ours: uses(text, "storePath") and says(theirs, "getting status of"), "storePath looked for the file first"),
    (CHECKED, lambda text, theirs, ours: uses(text, "replaceStrings") and theirs[0] == "error", "replaceStrings looked at every replacement, needed or not"),
    (CHECKED, lambda text, theirs, ours: inherits_nothing(text) and says(ours, "is not defined here"), "`inherit (…) ;` without names was not looked at"),
    (CHECKED, lambda text, theirs, ours: uses(text, r"inherit\s*\(") and "«repeated»" in ours[1] and values(theirs, ours) and same_but_copies(theirs, ours), "each name of `inherit (…)` had a set of its own"),
    (CHECKED, lambda text, theirs, ours: uses(text, r"\$\{") and uses(text, TWICE) and (theirs[0] == "value" and says(ours, "dynamic attribute '.*' already defined|is not defined here") or has_lost_parts(theirs, ours)),
     "computed names of sets that were merged got lost"),
    (CHECKED, lambda text, theirs, ours: uses(text, r"builtins\.(%s)\b" % YOUNG) and theirs[0] == ours[0] == "error", "there was no such function, and what failed first differs"),
    (CHECKED, lambda text, theirs, ours: uses(text, "fromHexString") and says(ours, "of at most 63 bits"), "integers of TOML that are too large became the largest"),
    (CHECKED, lambda text, theirs, ours: uses(text, "fromTOML") and theirs[0] == "value" and says(ours, "duplicate key"), "the head of a table could follow its dotted keys"),
    (CHECKED, lambda text, theirs, ours: uses(text, "__overrides") and theirs[0] == "value" and says(ours, "infinite recursion"), "a set could be found in its own `__overrides`"),
    (PIPES, lambda text, theirs, ours: uses(text, r"\|>|<\|") and says(theirs, "syntax error"), "there were no pipes"),
    (KEYWORDS, lambda text, theirs, ours: same_but_names(theirs, ours), "every dollar in a name was escaped, and most words of the language were printed as names without quotes"),
    (JSON_LIBRARY, lambda text, theirs, ours: same_but_json(theirs, ours), "JSON had six digits of a float, and every dollar was escaped"),
    (JSON_LIBRARY, lambda text, theirs, ours: uses(text, "toJSON") and uses(text, FLOAT) and (values(theirs, ours) or says(theirs, "json.exception")), "the same, and what came of that text"),
    (JSON_LIBRARY, lambda text, theirs, ours: theirs[0] == "value" and says(ours, "JSON cannot hold"), "JSON could have half a character"),
    (JSON_LIBRARY, lambda text, theirs, ours: uses(text, r"genList|map\b|Map\b") and (says(ours, "out of bounds|expected an? (function|list|number|string|set)") or ours[0] == "error" and (theirs[0] == "value" or says(theirs, "out of bounds"))),
     "genList and map did not look at the function, which is none or cannot be had"),
    (JSON_LIBRARY, lambda text, theirs, ours: uses(text, r"(sort|filter)\b") and theirs[0] == "error",
     "sort and filter looked at the function first, also with an empty list"),
]


def fact(version, text, theirs, ours):
    """The reason for a difference that is known in a version of Nix, or None."""
    for fixed, is_this, reason in FACTS:
        if version < fixed and is_this(text, theirs, ours):
            return reason
    return None
