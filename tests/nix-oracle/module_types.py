"""Random types of options with definitions that suit them, that do not, and a way to show their values."""


def text(string):
    """A Nix string literal."""
    return '"' + string.replace("\\", "\\\\").replace('"', '\\"').replace("${", "\\${").replace("\n", "\\n") + '"'


class Type:
    """An expression of a type, makers of suitable and of unsuitable values, and a function that shows a value."""

    def __init__(self, expression, good, bad=(), show="p.show", merges=False):
        self.expression = expression
        self._good = good
        self._bad = bad
        self.show = show
        self.merges = merges

    def good(self, r):
        return self._good(r) if callable(self._good) else r.choice(self._good)

    def bad(self, r):
        if callable(self._bad):
            return self._bad(r)
        return r.choice(list(self._bad) or ODD)


ODD = ["1", "(-7)", '"odd"', "true", "null", "[ ]", '[ 1 "two" ]', "{ }", "{ odd = 1; }", "2.5", "(x: x)", "/odd", '(throw "odd")']
WORDS = ["a", "b", "web", "", "x y", "eth0", "10.0.0.1", "/run/x", "a:b", "two\nlines", "end\n", "Ünïcode"]
DERIVATION = '{ type = "derivation"; name = "%s"; outPath = "/nix/store/00000000000000000000000000000000-%s"; }'


def words(r):
    return text(r.choice(WORDS))


def scalar(r):
    return r.choice(["1", "2", "0", "true", "false", "null", "1.5", words(r), words(r)])


def anything(r, depth=2):
    kind = r.random()
    if depth == 0 or kind < 0.5:
        return scalar(r)
    if kind < 0.7:
        return "[ %s ]" % " ".join(anything(r, depth - 1) for _ in range(r.randint(0, 3)))
    if kind < 0.74:
        return "(x: x)"
    return "{ %s}" % "".join("%s = %s; " % (n, anything(r, depth - 1)) for n in names(r, 0, 3))


def names(r, low, high):
    return r.sample(["a", "b", "c", '"d e"', "enable", "text"], r.randint(low, high))


INTEGERS = ["0", "1", "2", "5", "7", "42", "80", "255", "256", "(-1)", "(-128)", "70000", "4294967296"]
STRINGS = ['"x"', '"y"', '"x y"', '"a"']


def plain(r):
    """One of the types without inner types."""
    string = Type("types.str", words, ["1", "null", "[ ]", "/odd"])
    table = [
        string, string,
        Type("types.bool", ["true", "false", "true"], ["1", '"yes"', "null"]),
        Type("types.boolByOr", ["true", "false"], ["1", '"yes"'], merges=True),
        Type("types.int", INTEGERS, ["1.0", '"1"', "true"]),
        Type("types.float", ["1.0", "2.5", "(-0.1)"], ["1", '"1.0"']),
        Type("types.number", ["1", "2.5"], ['"1"', "null"]),
        Type("types.port", ["22", "80", "65535"], ["65536", "(-1)", '"22"']),
        Type("types.ints.%s" % r.choice(["u8", "u16", "u32", "s8", "s16", "s32", "unsigned", "positive"]), INTEGERS, ['"1"', "1.5"]),
        Type("(types.ints.between (%d) %d)" % (r.randint(-3, 2), r.randint(2, 9)), ["0", "1", "2", "3"], ["100", '"1"', "1.5"]),
        Type("types.numbers.%s" % r.choice(["nonnegative", "positive"]), ["0", "1", "2.5"], ["(-1)", '"1"', "(-0.5)"]),
        Type("(types.numbers.between (%s) %s)" % (r.choice(["0", "-1.5", "1"]), r.choice(["2", "2.5", "10"])), ["1", "1.5", "2"], ["11", "null"]),
        Type("types.nonEmptyStr", STRINGS, ['""', '" \\n"', "1"]),
        Type("types.singleLineStr", ['"x"', '"x\\n"', '""'], ['"a\\nb"', "1"]),
        Type("(types.strMatching %s)" % r.choice(['"[a-z]+"', '"(x|y)( .*)?"', '"\\\\d"']), ['"x"', '"y"'], ['"X1"', "1", '""']),
        Type("types.lines", words, ["1", "[ ]"], merges=True),
        Type("types.commas", words, ["1", "null"], merges=True),
        Type("types.envVar", words, ["1", "null"], merges=True),
        Type("(types.separatedString %s)" % r.choice(['" "', '""', '";"', '"\\n\\n"']), words, ["1", "[ ]"], merges=True),
        Type("types.path", ['"/a/b"', "/etc/hosts", '"/"'], ['"relative"', "1", '""', '"./x"']),
        Type("types.pathInStore", ['"/nix/store/00000000000000000000000000000000-x"', '"/nix/store/00000000000000000000000000000000-x/y"'],
             ['"/nix/store"', '"/nix/store/.links"', '"/etc"', "1"]),
        Type("types.externalPath", ['"/etc"', '"/run/secret"'], ['"/nix/store/00000000000000000000000000000000-x"', "/etc", '"x"']),
        Type("(types.pathWith { absolute = %s; })" % r.choice(["true", "false", "null"]), ['"/a"', '"a/b"', '""'], ["1", "{ }", "/etc"]),
        Type("types.package", [DERIVATION % ("p", "p"), DERIVATION % ("q", "q")], ['"p"', "1", "{ }"]),
        Type("types.shellPackage", ['{ type = "derivation"; name = "sh"; outPath = "/nix/store/00000000000000000000000000000000-sh"; shellPath = "/bin/sh"; }'],
             [DERIVATION % ("p", "p"), '"sh"']),
        Type("types.pkgs", ['{ _type = "pkgs"; hello = 1; }'], ["{ hello = 1; }", "1"]),
        Type("types.attrs", lambda r: "{ %s}" % "".join("%s = %s; " % (n, scalar(r)) for n in names(r, 0, 3)), ["[ ]", "1"], merges=True),
        Type("types.anything", anything, ["1", "[ ]"], merges=True),
        Type("types.anything", lambda r: "{ %s}" % "".join("%s = %s; " % (n, anything(r, 1)) for n in names(r, 1, 3)), ["1"], merges=True),
        Type("types.raw", anything, ["1"]),
        Type("types.unspecified", scalar, ["1"]),
        Type("types.unspecified", lambda r: "[ %s ]" % scalar(r), ["1"], merges=True),
        Type("types.luaInline", ['(lib.mkLuaInline "x")', '(lib.generators.mkLuaInline "y")'], ['"x"', "{ }"]),
        Type("types.json", anything, ["(x: x)"], merges=True),
        Type("types.toml", anything, ["null", "(x: x)"], merges=True),
        Type("(types.serializableValueWith { typeName = \"YAML\"; nullable = %s; })" % r.choice(["true", "false"]), anything, ["(x: x)"], merges=True),
        Type("types.optionType", ["types.int", "types.str", "(types.listOf types.int)", "(types.submodule { })"], ["1", "{ }"]),
        Type("types.optionDeclaration", ["(lib.mkOption { })", "(lib.mkOption { type = types.int; })"], ["1", "{ }"]),
        Type("types.fileset", ["lib.fileset.empty"], ["1", '"x"']),
        Type("(types.enum [ \"x\" \"y\" 1 true ])", ['"x"', '"y"', "1", "true"], ['"z"', "false", "null"]),
        Type("(types.enum [ %s])" % "".join(words(r) + " " for _ in range(r.randint(0, 2))), ['"a"', '"b"', '""'], ["1"]),
        Type("(types.passwdEntry types.str)", STRINGS, ['"a:b"', '"a\\nb"']),
    ]
    return r.choice(table)


CHECKS = [
    ("x: x != null", None), ("x: x != \"a\"", None), ("x: !(lib.isInt x) || x < 50", None), ("x: lib.isString x -> x != \"\"", None), ("x: false", None),
    ("x: true", None), ("x: x", None),
]


def tree(r, depth):
    """A type, perhaps of others."""
    if depth <= 0 or r.random() < 0.35:
        return plain(r)
    return r.choice([
        list_of, list_of, attrs_of, attrs_of, attrs_of, null_or, null_or, either, coerced, checked, unique, submodule, submodule, submodule,
        submodule_with, function_to, attr_tag, attr_list, deferred, own, named_over, lazy_attrs,
    ])(r, depth - 1)


def list_of(r, depth):
    inner = tree(r, depth)
    empty = r.random() < 0.75
    constructor = "listOf" if empty else "nonEmptyListOf"
    wrap = ["%s", "%s", "%s", "%s", "(lib.mkIf true %s)", "(lib.mkIf false %s)", "(lib.mkForce %s)", "(lib.mkMerge [ %s ])"]

    def good(r):
        return "[ %s]" % "".join("%s " % (r.choice(wrap) % inner.good(r)) for _ in range(r.randint(0 if empty else 1, 3)))

    return Type("(types.%s %s)" % (constructor, inner.expression), good, lambda r: r.choice(["{ }", "1", "[ ]", "[ %s ]" % inner.bad(r)]),
                "(lib.map %s)" % inner.show, True)


def attrs_of(r, depth, lazy=False):
    inner = tree(r, depth)
    style = r.random()
    if lazy:
        expression = "(types.lazyAttrsOf %s)" % inner.expression
    elif style < 0.75:
        expression = "(types.attrsOf %s)" % inner.expression
    elif style < 0.8:
        expression = "(types.loaOf %s)" % inner.expression
    else:
        expression = "(types.attrsWith { elemType = %s; lazy = %s; placeholder = \"unit\"; })" % (inner.expression, r.choice(["true", "false"]))

    def good(r):
        return "{ %s}" % "".join("%s = %s; " % (n, defined(r, inner, 1, 0.03)) for n in names(r, 0, 3))

    return Type(expression, good, lambda r: r.choice(["[ ]", "1", "{ a = %s; }" % inner.bad(r)]), "(lib.mapAttrs (_: %s))" % inner.show, True)


def lazy_attrs(r, depth):
    return attrs_of(r, depth, True)


def null_or(r, depth):
    inner = tree(r, depth)
    return Type("(types.nullOr %s)" % inner.expression, lambda r: "null" if r.random() < 0.3 else inner.good(r), inner.bad,
                "(value: if value == null then null else %s value)" % inner.show, inner.merges)


def either(r, depth):
    parts = [tree(r, depth) for _ in range(r.choice([2, 2, 2, 3]))]
    if len(parts) == 2:
        expression = "(types.either %s %s)" % (parts[0].expression, parts[1].expression)
    else:
        expression = "(types.oneOf [ %s ])" % " ".join(part.expression for part in parts)
    return Type(expression, lambda r: r.choice(parts).good(r), lambda r: r.choice(parts).bad(r), merges=all(part.merges for part in parts))


def coerced(r, depth):
    target = tree(r, depth)
    source, function = r.choice([
        (Type("types.int", INTEGERS), "toString"),
        (Type("types.str", words), "lib.stringLength"),
        (Type("types.str", words), "(x: [ x ])"),
        (Type("types.str", words), "lib.singleton"),
        (Type("types.bool", ["true", "false"]), "(x: if x then \"on\" else \"off\")"),
        (Type("types.int", INTEGERS), "(x: { a = x; })"),
        (Type("(types.listOf types.str)", ['[ "a" ]', '[ "a" "b" ]']), "(lib.concatStringsSep \"+\")"),
        (Type("types.str", words), "(x: throw \"coercion of ${x}\")"),
    ])
    return Type("(types.coercedTo %s %s %s)" % (source.expression, function, target.expression),
                lambda r: source.good(r) if r.random() < 0.5 else target.good(r), target.bad, merges=target.merges)


def checked(r, depth):
    inner = tree(r, depth)
    return Type("(types.addCheck %s (%s))" % (inner.expression, r.choice(CHECKS)[0]), inner.good, inner.bad, inner.show, inner.merges)


def unique(r, depth):
    inner = tree(r, depth)
    constructor = r.choice(["types.uniq", "types.unique { message = \"Only one, please.\"; }"])
    return Type("(%s %s)" % (constructor, inner.expression), inner.good, inner.bad, inner.show)


def function_to(r, depth):
    inner = tree(r, depth)
    return Type("(types.functionTo %s)" % inner.expression,
                lambda r: "(%s: %s)" % (r.choice(["_", "x", "{ n ? 1, ... }"]), inner.good(r)), ["1", "{ }", "[ ]"],
                "(function: %s (function { n = 2; }))" % inner.show, inner.merges)


def attr_tag(r, depth):
    tags = {name: tree(r, depth) for name in r.sample(["left", "right", "up", "in"], r.randint(1, 3))}
    tags = {('"in"' if name == "in" else name): inner for name, inner in tags.items()}
    declared = "".join("%s = lib.mkOption { type = %s; %s}; " % (name, inner.expression, "" if r.random() < 0.7 else "apply = x: [ x ]; ")
                       for name, inner in tags.items())

    def good(r):
        name = r.choice(list(tags))
        return "{ %s = %s; }" % (name, tags[name].good(r))

    return Type("(types.attrTag { %s})" % declared, good, ["{ }", "{ nosuch = 1; }", "{ left = 1; right = 2; }", "1"])


def attr_list(r, depth):
    inner = tree(r, depth)
    style = r.random()
    if style < 0.4:
        expression = "(types.attrListOf %s)" % inner.expression
    elif style < 0.7:
        expression = "(types.attrListWith { elemType = %s; asAttrs = true; })" % inner.expression
    else:
        expression = "(types.attrListWith { elemType = %s; asAttrs = true; mergeAttrValues = name: values: { inherit name; n = builtins.length values; }; })" % inner.expression

    def item(r):
        value = defined(r, inner, 1, 0)
        return r.choice(["%s", "%s", "(lib.mkBefore %s)", "(lib.mkAfter %s)"]) % ("{ %s = %s; }" % (r.choice(["a", "b", "c"]), value))

    def good(r):
        if r.random() < 0.5:
            return "[ %s]" % "".join(item(r) + " " for _ in range(r.randint(0, 3)))
        return "{ %s}" % "".join("%s = %s; " % (n, r.choice(["%s", "(lib.mkOrder 300 %s)", "(lib.mkForce %s)"]) % inner.good(r)) for n in names(r, 0, 3))

    return Type(expression, good, ["1", "[ 1 ]", "[ { a = 1; b = 2; } ]", "[ { } ]", '"x"'], merges=True)


def deferred(r, depth):
    if r.random() < 0.3:
        expression = "(types.deferredModuleWith { staticModules = [ { options.fixed = lib.mkOption { default = 1; }; } ]; })"
    else:
        expression = "types.deferredModule"

    def good(r):
        inner = "{ %s}" % "".join("%s = %s; " % (n, anything(r, 1)) for n in names(r, 0, 2))
        return r.choice(["%s", "({ lib, ... }: %s)", "{ config = %s; }", "{ imports = [ %s ]; }"]) % inner

    return Type(expression, good, ["1", '"relative"', "[ ]"], "p.deferred", True)


def own(r, depth):
    """Types as a user writes them."""
    inner = plain(r)
    name = r.choice(["own", "thing", "str"])
    return r.choice([
        Type("(lib.mkOptionType { name = %s; })" % text(name), scalar, ["1"], merges=True),
        Type("(lib.mkOptionType { name = %s; check = lib.isInt; merge = loc: lib.foldl' (sum: def: sum + def.value) 0; })" % text(name),
             INTEGERS, ['"x"'], merges=True),
        Type("(lib.mkOptionType { name = %s; description = \"own thing\"; check = lib.isString; merge = loc: defs: map (def: def.file + \":\" + def.value) defs; })" % text(name),
             words, ["1"], merges=True),
        Type("(lib.mkOptionType { name = \"merged\"; merge = lib.options.%s; })" % r.choice(["mergeEqualOption", "mergeOneOption", "mergeDefaultOption"]), scalar, ["1"]),
        Type("(%s // { description = \"renamed\"; })" % inner.expression, inner.good, inner.bad, inner.show, inner.merges),
        Type("(%s // { check = x: x != 7; })" % tree(r, depth).expression, scalar, ["7"]),
        Type("(types.unique { message = \"m\"; } (%s // { emptyValue.value = 0; }))" % inner.expression, inner.good, inner.bad, inner.show),
    ])


def named_over(r, depth):
    inner = tree(r, depth)
    return Type("(%s // { name = \"over\"; description = \"over\"; })" % inner.expression, inner.good, inner.bad, inner.show, inner.merges)


INNER = ["name0", "x", "y", "enable", "items"]


def submodule(r, depth, with_arguments=False):
    """A submodule, and definitions of it in all the forms that modules may have."""
    fields = {name: tree(r, depth) for name in r.sample(INNER, r.randint(0, 3))}
    defaults, shows = {}, []
    declared = ""
    for name, inner in fields.items():
        extra = ""
        if r.random() < 0.55:
            value = "name" if inner.expression == "types.str" and r.random() < 0.4 else inner.good(r)
            defaults[name] = value
            extra = "default = %s; " % value
        if r.random() < 0.08:
            extra += "readOnly = true; "
        if r.random() < 0.08:
            extra += "apply = x: { was = x; }; "
        else:
            shows.append((name, inner.show))
        declared += "options.%s = lib.mkOption { type = %s; %s}; " % (name, inner.expression, extra)
    free = None
    kind = r.random()
    if kind < 0.2:
        free = plain(r)
        declared += "freeformType = types.%s %s; " % (r.choice(["attrsOf", "lazyAttrsOf"]), free.expression)
    config = ""
    if r.random() < 0.25 and fields:
        name = r.choice(list(fields))
        config = "config.%s = %s; " % (name, r.choice(["lib.mkDefault %s", "lib.mkIf true %s", "%s"]) % fields[name].good(r))
    if free is None and r.random() < 0.1:
        config += "config._module.check = false; "
    body = "{ %s%s}" % (declared, config)
    module = "({ name, config, options, lib, ... }: %s)" % body if r.random() < 0.7 or " = name;" in body else body
    if " = name;" in body and not module.startswith("("):
        module = "({ name, ... }: %s)" % body
    shorthand = True
    if with_arguments:
        extra = ""
        shorthand = r.random() < 0.4
        extra += "shorthandOnlyDefinesConfig = %s; " % r.choice(["true"] if shorthand else ["false", "null"])
        if r.random() < 0.3:
            extra += "specialArgs = { special = 3; }; "
        if r.random() < 0.2:
            extra += "description = \"described\"; "
        if r.random() < 0.2:
            extra += "class = \"inner\"; "
        expression = "(types.submoduleWith { modules = [ %s ]; %s})" % (module, extra)
    elif r.random() < 0.15:
        expression = "(types.submodule [ %s { options.more = lib.mkOption { default = 5; }; } ])" % module
    else:
        expression = "(types.submodule %s)" % module

    def definitions(r):
        inside = ""
        for name, inner in fields.items():
            if r.random() < (0.85 if name not in defaults else 0.4):
                inside += "%s = %s; " % (name, defined(r, inner, 1, 0.03))
        if free is not None and r.random() < 0.7:
            inside += "%s = %s; " % (r.choice(["f1", "f2"]), free.good(r))
        elif r.random() < 0.03:
            inside += "nosuch = 1; "
        return "{ %s}" % inside

    def good(r):
        inside = definitions(r)
        kind = r.random()
        if kind < 0.6:
            return inside
        if kind < 0.7:
            return "({ name, ... }: %s)" % inside
        if kind < 0.8:
            return "({ config, ... }: { config = %s; })" % inside
        if kind < 0.85:
            return "({ imports = [ %s ]; })" % inside if not shorthand else "({ ... }: { imports = [ %s ]; })" % inside
        if kind < 0.9:
            return "({ ... }: { _file = \"inner.nix\"; config = lib.mkMerge [ %s %s ]; })" % (inside, definitions(r))
        if kind < 0.95:
            return "({ special ? 4, ... }: %s)" % inside
        return "({ ... }: { options.late = lib.mkOption { default = 9; }; config = %s; })" % inside

    show = "p.show"
    if shows and r.random() < 0.5:
        show = "(value: p.show value // { %s})" % "".join("v_%s = %s value.%s; " % (n, s, n) for n, s in shows)
    return Type(expression, good, ["1", "[ ]", '"relative"', "{ nosuch = 1; }", "null"], show, True)


def submodule_with(r, depth):
    return submodule(r, depth, True)


CONDITIONS = ["true", "true", "false", "true", "false", "1", "null"]


def defined(r, kind, depth, mistakes=0.05, condition=None):
    """A definition: a value with properties around it."""
    conditions = CONDITIONS[:5] + ([condition] * 3 if condition else []) + (CONDITIONS[5:] if r.random() < 0.04 else [])
    roll = r.random()
    if depth <= 0 or roll < 0.5:
        return kind.bad(r) if r.random() < mistakes else kind.good(r)
    inner = defined(r, kind, depth - 1, mistakes, condition)
    if roll < 0.6:
        return "(lib.mkIf %s %s)" % (r.choice(conditions), inner)
    if roll < 0.68:
        return "(lib.mkMerge [ %s ])" % " ".join([inner] + [defined(r, kind, depth - 1, mistakes, condition) for _ in range(r.randint(0, 1))])
    if roll < 0.84:
        return "(lib.%s %s)" % (r.choice(["mkDefault", "mkDefault", "mkForce", "mkForce", "mkVMOverride", "mkImageMediaOverride", "mkOptionDefault",
                                          "mkOverride 90", "mkOverride 2000", "mkOverride 100", "mkFixStrictness"]), inner)
    if roll < 0.94:
        return "(lib.%s %s)" % (r.choice(["mkBefore", "mkAfter", "mkOrder 400", "mkOrder 1600", "mkOrder 1000"]), inner)
    if roll < 0.97:
        return "(lib.mkDefinition { file = \"elsewhere.nix\"; value = %s; })" % inner
    return "(lib.mkAssert %s \"must hold\" %s)" % (r.choice(["true", "true", "false"]), inner)
