"""Built-in functions and the types of their arguments and results.

Capital letters are type variables. A callable in the place of an argument makes its text from `generator_texts.Texts`.
"""


def listing(item):
    return ("list", item)


def dict_of(item):
    return ("dict", item)


def function(*kinds):
    result = kinds[-1]
    for argument in reversed(kinds[:-1]):
        result = ("function", argument, result)
    return result


def pair(first, second):
    return ("set", (("name", first), ("value", second)))


INT, FLOAT, BOOL, STRING, PATH, NULL, ANY = "int", "float", "bool", "string", "path", "null", "any"

GLOBAL = {"map", "toString", "baseNameOf", "dirOf", "isNull", "removeAttrs", "fromTOML", "throw", "abort", "placeholder", "derivation"}

TABLE = [
    ("add", [INT, INT], INT), ("sub", [INT, INT], INT), ("mul", [INT, INT], INT), ("div", [INT, INT], INT),
    ("add", [FLOAT, INT], FLOAT), ("sub", [INT, FLOAT], FLOAT), ("mul", [FLOAT, FLOAT], FLOAT), ("div", [FLOAT, INT], FLOAT),
    ("lessThan", [INT, FLOAT], BOOL), ("lessThan", [STRING, STRING], BOOL), ("lessThan", ["A", "A"], BOOL),
    ("bitAnd", [INT, INT], INT), ("bitOr", [INT, INT], INT), ("bitXor", [INT, INT], INT),
    ("ceil", [FLOAT], INT), ("floor", [FLOAT], INT), ("ceil", [INT], INT), ("floor", [INT], INT),
    ("all", [function("A", BOOL), listing("A")], BOOL), ("any", [function("A", BOOL), listing("A")], BOOL),
    ("attrNames", [dict_of("A")], listing(STRING)), ("attrValues", [dict_of("A")], listing("A")),
    ("attrNames", [ANY], listing(STRING)),
    ("baseNameOf", [STRING], STRING), ("baseNameOf", [PATH], STRING), ("dirOf", [STRING], STRING), ("dirOf", [PATH], PATH),
    ("catAttrs", [lambda texts: texts.name_literal(), listing(dict_of("A"))], listing("A")),
    ("concatLists", [listing(listing("A"))], listing("A")),
    ("concatMap", [function("A", listing("B")), listing("A")], listing("B")),
    ("concatStringsSep", [STRING, listing(STRING)], STRING), ("concatStringsSep", [STRING, listing(PATH)], STRING),
    ("deepSeq", [ANY, "A"], "A"), ("seq", [ANY, "A"], "A"),
    ("elem", ["A", listing("A")], BOOL), ("elemAt", [listing("A"), INT], "A"),
    ("elemAt", [listing("A"), lambda texts: texts.small()], "A"),
    ("filter", [function("A", BOOL), listing("A")], listing("A")),
    ("foldl'", [function("B", "A", "B"), "B", listing("A")], "B"),
    ("functionArgs", [function("A", "B")], dict_of(BOOL)),
    ("functionArgs", [function(("set", (("a", INT), ("b", STRING))), "B")], dict_of(BOOL)),
    ("genList", [function(INT, "A"), lambda texts: texts.small()], listing("A")),
    ("getAttr", [lambda texts: texts.name_literal(), dict_of("A")], "A"),
    ("hasAttr", [lambda texts: texts.name_literal(), dict_of("A")], BOOL),
    ("groupBy", [function("A", STRING), listing("A")], dict_of(listing("A"))),
    ("groupBy", [lambda texts: texts.key_function(), listing(INT)], dict_of(listing(INT))),
    ("hasContext", [STRING], BOOL), ("getContext", [STRING], dict_of(ANY)),
    ("unsafeDiscardStringContext", [STRING], STRING), ("unsafeDiscardOutputDependency", [STRING], STRING),
    ("head", [listing("A")], "A"), ("tail", [listing("A")], listing("A")),
    ("intersectAttrs", [dict_of("B"), dict_of("A")], dict_of("A")),
    ("isAttrs", [ANY], BOOL), ("isBool", [ANY], BOOL), ("isFloat", [ANY], BOOL), ("isFunction", [ANY], BOOL), ("isInt", [ANY], BOOL),
    ("isList", [ANY], BOOL), ("isNull", [ANY], BOOL), ("isPath", [ANY], BOOL), ("isString", [ANY], BOOL), ("typeOf", [ANY], STRING),
    ("isFunction", [function("A", "B")], BOOL), ("typeOf", [function("A", "B")], STRING),
    ("length", [listing("A")], INT), ("stringLength", [STRING], INT), ("stringLength", [PATH], INT),
    ("listToAttrs", [listing(pair(STRING, "A"))], dict_of("A")),
    ("map", [function("A", "B"), listing("A")], listing("B")),
    ("mapAttrs", [function(STRING, "A", "B"), dict_of("A")], dict_of("B")),
    ("match", [lambda texts: texts.regex_literal(), STRING], ANY),
    ("parseDrvName", [lambda texts: texts.version_literal()], ("set", (("name", STRING), ("version", STRING)))),
    ("partition", [function("A", BOOL), listing("A")], ("set", (("right", listing("A")), ("wrong", listing("A"))))),
    ("removeAttrs", [dict_of("A"), listing(STRING)], dict_of("A")),
    ("removeAttrs", [dict_of("A"), lambda texts: "[ %s ]" % texts.name_literal()], dict_of("A")),
    ("replaceStrings", [lambda texts: texts.replacement_list(), lambda texts: texts.replacement_list(), STRING], STRING),
    ("sort", [lambda texts: texts.comparator(), listing(INT)], listing(INT)),
    ("sort", [function("A", "A", BOOL), listing("A")], listing("A")),
    ("sort", [lambda texts: "builtins.lessThan", listing("A")], listing("A")),
    ("split", [lambda texts: texts.regex_literal(), STRING], ANY),
    ("splitVersion", [lambda texts: texts.version_literal()], listing(STRING)),
    ("compareVersions", [lambda texts: texts.version_literal(), lambda texts: texts.version_literal()], INT),
    ("substring", [lambda texts: texts.small(), lambda texts: texts.small(), STRING], STRING),
    ("substring", [INT, INT, STRING], STRING),
    ("hashString", [lambda texts: texts.algorithm(), STRING], STRING),
    ("toJSON", [ANY], STRING), ("toJSON", ["A"], STRING), ("toXML", [ANY], STRING), ("toXML", ["A"], STRING),
    ("fromJSON", [lambda texts: texts.json_literal()], ANY), ("fromTOML", [lambda texts: texts.toml_literal()], ANY),
    ("toString", [ANY], STRING), ("toString", [FLOAT], STRING), ("toString", [listing(ANY)], STRING),
    ("toString", [lambda texts: "{ outPath = %s; }" % texts.string_literal()], STRING),
    ("tryEval", ["A"], ("set", (("success", BOOL), ("value", "A")))),
    ("unsafeGetAttrPos", [lambda texts: texts.name_literal(), dict_of("A")], ANY),
    ("zipAttrsWith", [function(STRING, listing("A"), "B"), listing(dict_of("A"))], dict_of("B")),
    ("toPath", [lambda texts: texts.absolute_literal()], STRING),
    ("pathExists", [PATH], BOOL), ("readFile", [lambda texts: "./t.txt"], STRING),
    ("placeholder", [STRING], STRING),
    ("convertHash", [lambda texts: texts.hash_to_convert()], STRING),
    ("addErrorContext", [STRING, "A"], "A"),
    ("genericClosure", [lambda texts: texts.closure()], listing(ANY)),
]


def is_variable(pattern):
    return isinstance(pattern, str) and len(pattern) == 1


def unify(pattern, kind, bound):
    """Whether a type fits a pattern; variables are bound on the way."""
    if callable(pattern):
        return True
    if pattern == ANY:
        return True
    if is_variable(pattern):
        if pattern in bound:
            return bound[pattern] == kind
        bound[pattern] = kind
        return True
    if isinstance(pattern, str) or isinstance(kind, str):
        return pattern == kind
    if pattern[0] != kind[0]:
        return False
    if pattern[0] == "set":
        if [name for name, _ in pattern[1]] != [name for name, _ in kind[1]]:
            return False
        return all(unify(one, other, bound) for (_, one), (_, other) in zip(pattern[1], kind[1]))
    return all(unify(one, other, bound) for one, other in zip(pattern[1:], kind[1:]))


def candidates(kind):
    """Rows of functions that can give a value of the type."""
    return [row for row, (_, _, result) in enumerate(TABLE) if (kind == ANY if result == ANY else unify(result, kind, {}))]


def instance(pattern, bound, fresh):
    """The type that a pattern stands for, with types for variables that are still free."""
    if is_variable(pattern):
        if pattern not in bound:
            bound[pattern] = fresh()
        return bound[pattern]
    if isinstance(pattern, str):
        return pattern
    if pattern[0] == "set":
        return ("set", tuple((name, instance(item, bound, fresh)) for name, item in pattern[1]))
    return (pattern[0],) + tuple(instance(item, bound, fresh) for item in pattern[1:])
