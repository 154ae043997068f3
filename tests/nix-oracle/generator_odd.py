"""Whole expressions that the grammar of types does not reach: built-in functions on odd arguments, bindings and scopes piled up, strings with contexts,
derivations, white space in indented strings."""

# How many arguments each built-in function takes that gives data (all but those that fetch, build or read the clock and the environment).
ARITY = {
    "add": 2, "addDrvOutputDependencies": 1, "addErrorContext": 2, "all": 2, "any": 2, "appendContext": 2, "attrNames": 1, "attrValues": 1, "baseNameOf": 1,
    "bitAnd": 2, "bitOr": 2, "bitXor": 2, "catAttrs": 2, "ceil": 1, "compareVersions": 2, "concatLists": 1, "concatMap": 2, "concatStringsSep": 2, "convertHash": 1,
    "deepSeq": 2, "derivation": 1, "derivationStrict": 1, "dirOf": 1, "div": 2, "elem": 2, "elemAt": 2, "filter": 2, "filterSource": 2, "findFile": 2, "floor": 1,
    "foldl'": 3, "fromJSON": 1, "fromTOML": 1, "functionArgs": 1, "genList": 2, "genericClosure": 1, "getAttr": 2, "getContext": 1, "groupBy": 2, "hasAttr": 2,
    "hasContext": 1, "hashFile": 2, "hashString": 2, "head": 1, "import": 1, "intersectAttrs": 2, "isAttrs": 1, "isBool": 1, "isFloat": 1, "isFunction": 1, "isInt": 1,
    "isList": 1, "isNull": 1, "isPath": 1, "isString": 1, "length": 1, "lessThan": 2, "listToAttrs": 1, "map": 2, "mapAttrs": 2, "match": 2, "mul": 2,
    "parseDrvName": 1, "partition": 2, "path": 1, "pathExists": 1, "placeholder": 1, "readDir": 1, "readFile": 1, "readFileType": 1, "removeAttrs": 2,
    "replaceStrings": 3, "scopedImport": 2, "seq": 2, "sort": 2, "split": 2, "splitVersion": 1, "storePath": 1, "stringLength": 1, "sub": 2, "substring": 3, "tail": 1,
    "toFile": 2, "toJSON": 1, "toPath": 1, "toString": 1, "toXML": 1, "trace": 2, "traceVerbose": 2, "tryEval": 1, "typeOf": 1,
    "unsafeDiscardOutputDependency": 1, "unsafeDiscardStringContext": 1, "unsafeGetAttrPos": 2, "warn": 2, "zipAttrsWith": 2,
}
DERIVATION = '(derivation { name = "n"; system = "s"; builder = "b"; })'
NUMBERS = ["0", "1", "2", "3", "(-1)", "7", "1.5", "0.0", "(-0.0)", "1.0e308", "(1.0e308 * 10)", "(-1.0e308 * 10)", "(1.0e308 * 10 * 0)", "9223372036854775807", "2.0", "4294967296", "(-2.5)"]
STRINGS = ['""', '"a"', '"b"', '"ab"', '"a b"', '"1"', '"/a/b"', '"x.y"', '"name"', '"value"', '"é"', '"sha256"', '"\\n\\t\\r"', '"${./t.txt}"', '"x${./d/e}y"', "''\n  a\n   b''", '"<a & \\"b\\">"',
           '"%s"' % ("${%s}" % DERIVATION), '"\\u0041"', '"{}"', '"[1]"', '"a=1"', '"1.2pre3"', '"/nix/store/00000000000000000000000000000000-x"']
PATHS = ["./t.txt", "./d", "./d/e", "/a/b", "/", "./no-such", "./d/l"]
LISTS = ["[ ]", "[ 1 ]", "[ 1 2 3 ]", '[ "a" ]', '[ "a" "b" ]', "[ [ ] ]", "[ [ 1 ] [ 2 ] ]", "[ { } ]", "[ { a = 1; } { a = 2; } ]", "[ null ]", '[ { name = "a"; value = 1; } ]', "[ { name = \"a\"; } ]",
         "[ (throw \"T-20\") ]", "[ (x: x) ]", "[ 1.5 2 ]", '[ "b" 1 ]', "[ true false ]", "[ ./d ]", '[ "a" "a" ]', '[ { key = 1; } { key = 2; } ]', '[ { prefix = "p"; path = "/a"; } ]', "[ 3 1 2 ]"]
SETS = ["{ }", "{ a = 1; }", "{ a = 1; b = 2; }", '{ a = "x"; }', '{ outPath = "/o"; }', '{ outPath = ./d; }', '{ __toString = self: "s"; }', '{ __toString = self: self.outPath; outPath = "/o"; }', "{ __functor = self: x: x; }",
        "{ __functor = self: x: y: y; a = 1; }", '{ type = "derivation"; outPath = "/o"; drvPath = "/d"; name = "n"; }', '{ type = "derivation"; }', "{ a = throw \"T-21\"; }", "{ a = { b = 1; }; }",
        '{ name = "a"; value = 1; }', '{ startSet = [ ]; operator = x: [ ]; }', "{ path = ./t.txt; }", '{ hash = "d41d8cd98f00b204e9800998ecf8427e"; toHashFormat = "sri"; hashAlgo = "md5"; }',
        '{ "/nix/store/00000000000000000000000000000000-x" = { path = true; }; }', '{ "/nix/store/00000000000000000000000000000000-x.drv" = { allOutputs = true; }; }',
        '{ "/nix/store/00000000000000000000000000000000-x.drv" = { outputs = [ "out" "dev" ]; }; }', '{ "/a" = { path = true; }; }', '{ "é" = 1; "" = 2; "a b" = 3; }', "{ __toString = self: 1; }", "{ outPath = { outPath = \"/p\"; }; }"]
FUNCTIONS = ["(x: x)", "(x: y: x)", "(x: y: y)", "(x: true)", "(x: 1)", "(x: [ x ])", '(x: "k")', "(x: y: true)", "({ a, b ? 1 }: a)", "({ ... }@x: x)", "builtins.add", "(builtins.add 1)", "toString", "builtins.lessThan", "(x: throw \"T-22\")",
             "(x: x.a)", "({ a, ... }@args: args)", "(x: { })", "builtins.typeOf", "(x: y: z: z)", "builtins.isInt", "(n: v: [ n v ])"]
FAILURES = ['(throw "T-23")', '(abort "A-24")', "(assert false; 1)", "nowhere", "({ }.a)", "(1 + \"\")"]
# What each function wants, by position: n number, s string, p path, l list, a set, f function, v any value.
WANTS = {
    "add": "nn", "sub": "nn", "mul": "nn", "div": "nn", "bitAnd": "nn", "bitOr": "nn", "bitXor": "nn", "ceil": "n", "floor": "n", "lessThan": "vv",
    "all": "fl", "any": "fl", "filter": "fl", "map": "fl", "concatMap": "fl", "partition": "fl", "groupBy": "fl", "sort": "fl", "zipAttrsWith": "fl", "foldl'": "fvl", "genList": "fn",
    "attrNames": "a", "attrValues": "a", "catAttrs": "sl", "getAttr": "sa", "hasAttr": "sa", "intersectAttrs": "aa", "removeAttrs": "al", "mapAttrs": "fa", "listToAttrs": "l", "unsafeGetAttrPos": "sa",
    "concatLists": "l", "elem": "vl", "elemAt": "ln", "head": "l", "tail": "l", "length": "l", "concatStringsSep": "sl", "replaceStrings": "lls", "substring": "nns", "stringLength": "s", "match": "ss", "split": "ss",
    "appendContext": "sa", "addErrorContext": "sv", "warn": "sv", "functionArgs": "f", "genericClosure": "a", "derivation": "a", "derivationStrict": "a", "convertHash": "a", "path": "a", "filterSource": "fp",
    "hashString": "ss", "hashFile": "sp", "import": "p", "readDir": "p", "readFile": "p", "readFileType": "p", "pathExists": "p", "scopedImport": "ap", "toFile": "ss", "findFile": "ls", "baseNameOf": "s", "dirOf": "s",
    "compareVersions": "ss", "fromJSON": "s", "fromTOML": "s", "getContext": "s", "hasContext": "s", "parseDrvName": "s", "splitVersion": "s", "placeholder": "s", "storePath": "p", "toPath": "s", 
    "unsafeDiscardOutputDependency": "s", "unsafeDiscardStringContext": "s", "addDrvOutputDependencies": "s",
}
POOLS = {"n": NUMBERS, "s": STRINGS, "p": PATHS, "l": LISTS, "a": SETS, "f": FUNCTIONS}
EVERYTHING = [value for pool in POOLS.values() for value in pool] + ["null", "true", "false"]
NAMES = ["a", "b", "c", "d"]


class Odd:
    """Random expressions from a `random.Random`."""

    def __init__(self, random):
        self.random = random

    def pick(self, choices):
        return self.random.choice(choices)

    def chance(self, likelihood):
        return self.random.random() < likelihood

    def expression(self):
        return self.pick([self.call, self.call, self.call, self.written, self.bindings, self.bindings, self.scopes, self.scopes, self.indented, self.derived, self.with_context,
                          self.caught, self.path, self.alternative])()

    def value(self, wanted="v"):
        chosen = self.random.random()
        if chosen < 0.03:
            return self.pick(FAILURES)
        return self.pick(POOLS[wanted] if wanted in POOLS and chosen < 0.85 else EVERYTHING)

    def call(self):
        """A built-in function, mostly on what it wants."""
        name = self.pick(sorted(ARITY))
        wanted = WANTS.get(name, "v" * ARITY[name])
        arguments = [self.value(kind) for kind in wanted]
        if self.chance(0.05):
            arguments.append(self.value())
        if self.chance(0.05):
            arguments.pop()
        return "builtins.%s" % " ".join([name] + arguments)

    def data(self, depth=3):
        if depth == 0 or self.chance(0.35):
            return self.value()
        if self.chance(0.5):
            return "[ %s ]" % " ".join(self.data(depth - 1) for _ in range(self.random.randint(0, 3)))
        names = ["a", "b", '"x y"', '"é"', '"<&>"', '""', '"\\n"', "outPath", "type", "__toString", '"1"', '"if"', "or"]
        chosen = self.random.sample(names, self.random.randint(0, 3))
        return "{ %s }" % " ".join("%s = %s;" % (name, self.data(depth - 1)) for name in chosen)

    def written(self):
        """Data as one of the texts that it can become."""
        return "%s %s" % (self.pick(["builtins.toJSON", "builtins.toXML", "toString", "builtins.deepSeq 1", "builtins.tryEval", "builtins.typeOf", "(x: x == x)"]), "(%s)" % self.data())

    def attribute_path(self):
        steps = [self.pick(NAMES) for _ in range(self.pick([1, 1, 1, 2, 2, 3]))]
        return ".".join(step if self.chance(0.9) else self.pick(['"%s"', '${"%s"}', '${"%s" + ""}', '"${"%s"}"']) % step for step in steps)

    def set_of_bindings(self, depth, recursive=None):
        recursive = self.chance(0.4) if recursive is None else recursive
        parts = []
        for _ in range(self.random.randint(1, 4)):
            chosen = self.random.random()
            if chosen < 0.1:
                parts.append("inherit (%s) %s;" % (self.bound(depth - 1), " ".join(self.random.sample(NAMES, self.random.randint(0, 2)))))
            elif chosen < 0.16:
                parts.append("inherit %s;" % " ".join(self.random.sample(NAMES, self.random.randint(0, 2))))
            elif chosen < 0.2 and recursive:
                parts.append("__overrides = %s;" % self.bound(depth - 1))
            elif chosen < 0.23:
                parts.append("${null}%s = 1;" % self.pick(["", ".a"]))
            else:
                parts.append("%s = %s;" % (self.attribute_path(), self.bound(depth - 1)))
        return "%s{ %s }" % ("rec " if recursive else "", " ".join(parts))

    def bound(self, depth):
        if depth <= 0:
            return self.pick(["1", "2", "3", "a", "b", "c", "d", "{ }", "null", "a.b or 4", "b ? a"])
        return self.pick([self.set_of_bindings, self.set_of_bindings, lambda depth: "(%s)" % self.set_of_bindings(depth), lambda depth: self.bound(0), lambda depth: self.bound(0)])(depth)

    def bindings(self):
        """Names that are bound in several ways, also twice, in sets and `let`."""
        outer = self.pick(["", "let a = 5; b = { a = 6; b = 7; }; c = 8; d = 9; in ", "let a = { a = 1; b = { c = 2; }; }; b = a; c = b; d = 1; in ", "with { a = 5; b = { a = 6; }; c = 7; d = 8; }; "])
        chosen = self.random.random()
        if chosen < 0.25:
            return "%slet %s in %s" % (outer, self.set_of_bindings(2, False)[2:-2], self.pick(["a", "b", "[ a b ]", "{ inherit a b c d; }", "c.d or a"]))
        if chosen < 0.35:
            return "%s(%s).%s or 0" % (outer, self.set_of_bindings(2), self.attribute_path())
        if chosen < 0.42:
            return "%slet %s in a" % (outer, self.set_of_bindings(2, False)[:-2] + " body = a; }")
        return outer + self.set_of_bindings(3)

    def scopes(self, depth=None):
        """Variables below `with`, `let`, functions and recursive sets that lie in each other."""
        depth = self.random.randint(2, 7) if depth is None else depth
        if depth == 0:
            return self.pick(["a", "b", "c", "[ a b ]", "{ inherit a b; }", "[ a b c d ]", "a.b or c", "(with b; a)", "a + b"])
        inner = self.scopes(depth - 1)
        number = self.random.randint(0, 99)
        name, other = self.pick(NAMES), self.pick(NAMES)
        return self.pick([
            "with { %s = %d; }; %s" % (name, number, inner), "with { %s = %d; %s = %s; }; %s" % (NAMES[0], number, NAMES[1], self.pick(NAMES[2:] + ["1"]), inner), "let %s = %d; in %s" % (name, number, inner),
            "with rec { %s = %d; %s = %s; }; %s" % ("a", number, "b", "a", inner), "(%s: %s) %d" % (name, inner, number), "({ %s ? %d, ... }: %s) { %s = %d; }" % (name, number, inner, other, number + 1),
            "rec { %s = %d; r = %s; }.r" % (name, number, inner), "with (let %s = { %s = %d; }; in %s); %s" % (name, other, number, name, inner), "let inherit (rec { %s = %d; e = %s; }) %s e; in %s" % (name, number, name, name, inner),
            "with throw \"T-25\"; %s" % inner, "with { }; %s" % inner, "let %s = %s; in %s" % (name, other, inner), "(%s@{ ... }: %s) { %s = %d; }" % (name, inner, other, number),
            "with { %s = %s; }; %s" % (name, name, inner), "with (with { %s = { %s = %d; }; }; %s); %s" % (name, other, number, name, inner),
        ])

    def indented(self):
        pieces = ["a", " ", "  ", "\t", "\n", "\n", "\n  ", "\n    ", "\n\t", "\r\n", "\r", "${\"x\"}", "${\"\\n  y\"}", "''${", "''$", "'''", "''\\n", "''\\t", "''\\ ", "''\\x", "$", "$$", "$${", "\\", "\\n", "'", "\"", "é", "\u00a0", "#", "/*",
                  "''\\${", "$''{", "${''b''}", "''\\\n", "'' '"]
        text = "".join(self.pick(pieces) for _ in range(self.random.randint(0, 9)))
        return "''%s''" % text if self.chance(0.8) else "\"%s\"" % text.replace('"', "") if self.chance(0.5) else "[ ''%s'' \"b\" ]" % text

    def derived(self):
        """A derivation, and what is asked of it."""
        attributes = {"name": '"n"', "system": '"s"', "builder": '"b"'}
        for _ in range(self.random.randint(0, 3)):
            name = self.pick(["name", "system", "builder", "args", "outputs", "x", "y", "__structuredAttrs", "__ignoreNulls", "outputHash", "outputHashAlgo", "outputHashMode", "__json", "src", "env", "passthru", "a.b",
                              "__contentAddressed", "allowedReferences", "meta"])
            attributes[name] = self.pick({
                "name": ['"n"', '"a.drv"', '""', '"a b"', '"-x"', '".x"', '"x_1+?="', "1", '"${./t.txt}"', '"é"'], "args": ["[ ]", '[ "a" ./t.txt ]', "[ 1 true null ]", "1", "[ [ \"x\" ] ]", "[ %s ]" % DERIVATION],
                "outputs": ['[ "out" ]', '[ "out" "dev" ]', '[ "dev" ]', "[ ]", '[ "out" "out" ]', '"out dev"', '[ "drv" ]', '[ "drvPath" ]', "[ 1 ]", '[ "a b" ]'], "__structuredAttrs": ["false", "1"], "__ignoreNulls": ["true", "false", "null"],
                "outputHash": ['"sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="', '"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"', '""', '"d41d8cd98f00b204e9800998ecf8427e"', '"x"', "null"],
                "outputHashAlgo": ['"sha256"', '"md5"', '"sha1"', '""', "null", '"x"'], "outputHashMode": ['"flat"', '"recursive"', '"x"', '"nar"'],
            }.get(name, STRINGS + NUMBERS[:9] + PATHS[:3] + ["null", "true", "[ 1 \"a\" ]", "[ ./t.txt %s ]" % DERIVATION, DERIVATION, "{ }", "{ a = 1; b = [ true ]; }", "(x: x)", "{ outPath = ./d; }"]))
        text = "{ %s }" % " ".join("%s = %s;" % pair for pair in attributes.items())
        return self.pick(["(derivation %s).outPath", "(derivation %s).drvPath", "builtins.derivationStrict %s", "derivation %s", "builtins.getContext \"${derivation %s}\"", "builtins.getContext (derivation %s).drvPath",
                          "builtins.attrNames (derivation %s)", "(derivation %s).dev.outPath or 1", "map (d: d.outPath) (derivation %s).all", "builtins.toJSON (derivation %s)", "toString (derivation %s)",
                          "(derivation %s).outputName", "(derivation %s) == (derivation { name = \"n\"; system = \"s\"; builder = \"b\"; })"]) % text

    def string_with_context(self, depth=2):
        if depth == 0 or self.chance(0.2):
            return self.pick(['"${./t.txt}"', '"${%s}"' % DERIVATION, "%s.drvPath" % DERIVATION, '"${./d/e}/x"', '"a"', '"%s"' % ("${./t.txt}${%s}" % DERIVATION),
                              '(builtins.appendContext "x" { "/nix/store/00000000000000000000000000000000-x" = { path = true; }; })', '(builtins.toFile "f" "t")',
                              '(builtins.appendContext "y" { "/nix/store/00000000000000000000000000000000-x.drv" = { outputs = [ "out" "dev" ]; }; })',
                              '(builtins.appendContext "y" { "/nix/store/00000000000000000000000000000000-x.drv" = { allOutputs = true; outputs = [ ]; path = false; }; })'])
        inner, other = self.string_with_context(depth - 1), self.string_with_context(depth - 1)
        return "(%s)" % self.pick([
            "builtins.substring 0 3 %s" % inner, "builtins.substring 0 0 %s" % inner, "builtins.concatStringsSep %s [ %s ]" % (inner, other), "builtins.concatStringsSep %s [ ]" % inner, "builtins.replaceStrings [ \"a\" ] [ %s ] %s" % (inner, other),
            "builtins.replaceStrings [ \"zzz\" ] [ %s ] %s" % (inner, other), "builtins.replaceStrings [ %s ] [ \"q\" ] %s" % (inner, other), "%s + %s" % (inner, other), "\"${%s}-${%s}\"" % (inner, other), "builtins.toJSON [ %s ]" % inner,
            "builtins.fromJSON (builtins.toJSON %s)" % inner, "toString [ %s %s ]" % (inner, other), "baseNameOf %s" % inner, "dirOf %s" % inner, "builtins.unsafeDiscardStringContext %s" % inner,
            "builtins.unsafeDiscardOutputDependency %s" % inner, "builtins.addDrvOutputDependencies %s" % inner, "builtins.head (builtins.split \"-\" %s)" % inner, "builtins.head (builtins.match \"(.*)\" %s)" % inner, "builtins.toXML %s" % inner,
            "builtins.hashString \"md5\" %s" % inner, "builtins.head (builtins.attrNames { ${%s} = 1; })" % inner, "(builtins.parseDrvName %s).name" % inner, "if %s == %s then %s else \"b\"" % (inner, other, inner),
            "builtins.toFile \"g\" %s" % inner, "builtins.placeholder %s" % inner, "builtins.head (builtins.sort builtins.lessThan [ %s %s ])" % (inner, other), "(builtins.tryEval %s).value" % inner, "builtins.typeOf %s" % inner,
            "builtins.toString { outPath = %s; }" % inner, "builtins.concatStringsSep \"\" (builtins.splitVersion %s)" % inner, "builtins.toPath %s" % inner, "builtins.head (builtins.attrNames (builtins.listToAttrs [ { name = %s; value = 1; } ]))" % inner,
            "builtins.head (builtins.attrNames (builtins.groupBy (x: x) [ %s ]))" % inner, "toString (/. + %s)" % inner, "builtins.getAttr %s { a = \"r\"; }" % inner, "(builtins.storePath %s)" % inner,
        ])

    def with_context(self):
        text = self.string_with_context()
        return self.pick(["%s", "builtins.getContext %s", "builtins.getContext %s", "builtins.hasContext %s", "[ %s ]", "builtins.stringLength %s", "builtins.toPath %s", "builtins.appendContext %s (builtins.getContext \"${./t.txt}\")"]) % text

    def caught(self):
        inner = self.pick(FAILURES + ["(assert (1 == 1.0); { a = throw \"T-26\"; })", "(throw 1)", "(throw { })", "(throw { outPath = \"T-27\"; })", "(abort 1)", "(assert 1; 2)", "(import ./no-such)", "(import ./t.txt)", "(1 / 0)", "(let x = x; in x)",
                                      "<nowhere>", "(builtins.fromJSON \"{\")", "(builtins.head [ ])", "({ a }: a) { }", "(builtins.readFile ./no-such)", "(builtins.match \"(\" \"\")", "(9223372036854775807 + 1)", "({ }.a.b)", "(\"a\" < 1)",
                                      "(builtins.fromTOML \"=\")", "(builtins.elemAt [ ] 1)", "(builtins.seq (throw \"T-28\") 1)", "(builtins.addErrorContext \"c\" (throw \"T-29\"))", "(builtins.toFile \"/\" \"\")", "((x: x x) (x: x x))"])
        return self.pick(["builtins.tryEval %s", "(builtins.tryEval (builtins.deepSeq %s 1)).success", "builtins.tryEval (builtins.tryEval %s)", "[ (builtins.tryEval %s) 1 ]", "builtins.tryEval [ %s ]", "{ a = (builtins.tryEval %s).value; }",
                          "(builtins.tryEval ({ x ? %s }: x) { }).success or 3"]) % inner

    def path(self):
        pieces = ["./d", "./t.txt", "./d/${\"e\"}", "./${\"d\"}/e", "./d/x${\"y\"}z", "./${\"a/b\"}", "./d/${./t.txt}", "./${\"\"}", "./d/${1}", "./d${\"/e\"}", "./a-${\"b\"}.nix", "./d/${\"${\"e\"}\"}", "./.${\"x\"}",
                  "./d/.././t.txt", "./d/e/../..", "../../x/./y", "/a//b", "./a b", "./é", "./a+b_c-d.e", "./d/$", "./d/${\"e\"}/", "./d/${null}", "./d/${\"e\"}/..", "./-", "./...", "a/b.c"]
        first, second = self.pick(pieces), self.pick(pieces)
        return self.pick(["%s" % first, "toString %s" % first, "[ %s %s ]" % (first, second), "%s + %s" % (first, second), "%s + \"/x/../y\"" % first, "%s == %s" % (first, second), "baseNameOf %s" % first, "dirOf %s" % first, "%s < %s" % (first, second),
                          "builtins.typeOf %s" % first, "builtins.pathExists %s" % first, "%s + \"\"" % first, "\"x\" + toString %s" % first])

    def alternative(self):
        """`or` where it is a word of the language and where it is a name, and operators that are new or odd."""
        return self.pick([
            "{ a = 1; }.a or 2", "{ }.a or (1)", "{ }.a or { }.b or 2", "({ }.a or 1) + 1", "{ }.a or 1 + 1", "{ }.a or -1", "{ }.a or !true", "{ a = x: x; }.a or 1 2", "{ }.a or (x: x) 2", "let f = x: x; in f { }.a or 3", "let f = x: y: [ x y ]; in f 1 or 2",
            "{ }.or or 1", "{ or.or = 1; }.or.or", "{ or = 1; } ? or", "rec { or = 1; b = or; }", "with { or = 1; }; or", "let or = x: x; in or 1", "{ inherit ({ or = 1; }) or; }", "[ { }.a or 1 2 ]", "[ { }.a or ]", "(x: x) or 1", "1 or 2", "null.a or 1", "1.a or 2",
            "{ a = null; }.a.b.c or 1", "{ a = throw \"T-30\"; }.a or 1", "(throw \"T-31\").a or 1", "{ a.b = 1; }.a.\"b\" or 2", "{ }.${\"a\"} or 1", "{ }.${throw \"T-32\"} or 1", "1 |> (x: x)", "(x: x) <| 1", "1 |> 2 |> 3", "\"a\" |> builtins.stringLength", "a -> b -> c",
            "true -> false -> true", "(or: or) 1", "{ or }: or", "({ or ? 2 }: or) { }", "x: or", "{ a = 1; or = 2; }.a or 3", "1 + { }.a or 2 * 3", "!{ }.a or true", "-{ }.a or 1", "{ } ? a.b.c", "{ a = 1; } ? a.b", "1 ? a", "{ } ? ${\"a\"}", "{ a = 1; } ? \"a\" == true",
            "__curPos", "{ inherit (__curPos) line column; }", "[\n  __curPos.line\n  __curPos.column ]", "let __curPos = 1; in __curPos", "with { __curPos = 1; }; __curPos", "{ __curPos = 1; }.__curPos", "(__curPos: __curPos) 1", "http://a.b", "a:b", "a+b:c", "a.b-c:d/e?f=g&h#i",
            "http://é", "x:%", "x:'", "[ a:b c:d ]", "{ a = b:c; }", "a :b", "a: b:c", "x:y:z", "let x = 1; in x:x", "file:///a/b", "a:b+c", "1:2", "a:", "_a:b", "a-b:c", "http:", "http:/", "__sub 3 1", "__lessThan 1 2", "let __sub = a: b: 9; in 3 - 1",
            "let __lessThan = a: b: 9; in 1 < 2", "let __mul = 1; in 2 * 3", "with { __sub = 1; }; 3 - 1", "let true = 1; in true", "let builtins = 1; in builtins", "let null = 1; in [ null (x: null) ]", "with { true = 0; }; true", "{ true = 1; }.true", "let map = 1; in map",
            "let import = x: x; in import 1", "rec { toString = x: 1; a = toString 2; }.a", "builtins.builtins.builtins == builtins", "builtins ? nope", "builtins ? map", "builtins.true", "builtins.isFunction builtins.map", "builtins.attrNames builtins == [ ]", "__builtins",
        ])
