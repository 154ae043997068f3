"""Classes of errors, told from their messages: Nix and routelint say the same in other words. Every comparison in this folder uses this table.

The first pattern that is found names the class. What the module system and `lib` report comes first, since their messages quote what the language says.
"""
import re

CLASSES = [
    # Of the module system.
    ("unwritable", r"(incomplete|invalid) UTF-8|JSON cannot hold"),
    ("undeclared option", r"The option .* does not exist"),
    ("missing value", r"was accessed but has no value|used but not defined"),
    ("read-only", r"is read-only"),
    ("declared twice", r"is already declared in|declared multiple times with"),
    ("wrong type", r"is not of type|is neither a value of type"),
    ("conflict", r"conflicting definition values|is defined multiple times|defined both|Cannot merge definitions|conflicting option types"),
    ("declaration", r"would be a parent of the following options|expected an option declaration|An option declaration for|each tag value must be an option"),
    ("definition", r"you're trying to define a value of type"),
    ("module", r"has an unsupported attribute|does not look like a module|can't be nested lists|Expected a module, but found"),
    ("class", r"cannot be imported into a module evaluation that expects class"),
    ("disabled", r"disabledModules item"),
    ("removed", r"can no longer be used"),
    ("condition", r"called with a non-Boolean condition"),
    ("ad-hoc check", r"ad-hoc `type // \{ check"),
    ("alias", r"Renaming error"),
    # Of the language. What was found instead is shown, in any words.
    ("wrong value", r"expected an? (\w+ )*but found |cannot coerce (an?|the) |while an? \w+ was expected|expects a set of arguments but"),
    ("cannot be compared", r"cannot compare"),
    ("not a function", r"attempt to call something which is not a function"),
    ("undefined variable", r"undefined variable|` is not defined here"),
    ("TOML", r"parsing (a )?TOML"),
    ("duplicate", r"already defined|duplicate formal|twice"),
    ("dynamic attribute", r"dynamic attributes? (are )?not allowed|a name in `(let|inherit)` must be written out"),
    ("thrown", r"^(…|T-)\d*"),
    ("aborted", r"evaluation aborted"),
    ("assertion", r"[Aa]ssertion|is not equal to |differs from attribute set|is contained in .* but not in|functions compare as unequal"
                  r"|comparisons of identical functions compare as unequal"),
    ("infinite recursion", r"infinite recursion|stack overflow|max-call-depth|too deep|limit of nested evaluations"),
    ("missing attribute", r"attribute '.*' (is )?(missing|required)|cannot find attribute"),
    ("unexpected argument", r"called with unexpected argument"),
    ("missing argument", r"called without required argument"),
    ("overflow", r"integer overflow|overflow in integer"),
    ("division", r"division by zero"),
    ("search path", r"was not found in the Nix search path"),
    ("index", r"'?builtins\.(elemAt|head|tail)'?:? (called|index|the list is empty)|list index|empty list|list of outputs is empty|index .* out of bounds"),
    ("regular expression", r"regular expression"),
    ("unsupported argument", r"unsupported argument|invalid value .* for 'outputHashMode'|missing required 'path'|'path' required"),
    ("lengths", r"different lengths|must be of the same length"),
    ("list size", r"cannot create (a )?list|out of memory|limit of list size"),
    ("context", r"not allowed to refer to a store path|that refers to a store path cannot be|must have exactly one element, but has"
                r"|can only act on derivations|is not a derivation$|must refer to exactly one derivation|may not reference derivations|must not contain a reference to a derivation|must not refer to a derivation"),
    ("store name", r"name of a store path|has an empty name|contains illegal character|(not )?allowed to end in|invalid derivation (output )?name|duplicate derivation output"
                   r"|an empty set of outputs|multiple outputs are not supported"),
    ("zero byte", r"contains null bytes|cannot be represented as a Nix string|zero byte"),
    ("not JSON", r"unsigned json number|json\.exception|invalid JSON|to JSON"),
    ("no such file", r"does not exist|No such file|getting status of .*Not a directory"),
    ("file", r"cannot be read|getting status of|opening directory|opening file|Is a directory|reading file|reading directory|not a regular file"),
    ("hash", r"unknown hash|empty hash|hash (algorithm|format|mismatch)|(^|\W)hash '|store path mismatch"),
    ("substring", r"negative start position|the start must not be negative"),
    ("store name", r"not a valid store path|is not in the Nix store|to be a valid store path|is not a store path|cannot be the name of a store path|name .* (is not|contains|must not)"),
    ("literal", r"invalid integer|invalid float|does not fit into"),
    ("syntax", r"syntax error|^\S+:\d+:\d+: |path has a trailing slash"),
    ("wrong value", r"expected an? |cannot (coerce|convert|add|concatenate|negate)|doesn't represent an absolute path|while an? .* was expected"
                    r"|is not an? (function|string|list|set)|expects a set|requires a function|`with` needs a set|an attribute name must be"),
]

MODULE_SYSTEM = {name for name, _ in CLASSES[:next(row for row, (name, _) in enumerate(CLASSES) if name == "wrong value")]}


def class_of(message):
    """The class of an error, or None if nothing tells it."""
    for name, pattern in CLASSES:
        if re.search(pattern, message, re.S):
            return name
    return None


def is_plain(name):
    """Whether a class is one of the language, of which the module system reports none itself."""
    return name not in MODULE_SYSTEM and name != "infinite recursion"
