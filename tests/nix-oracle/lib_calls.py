"""Random calls of the functions of nixpkgs' `lib`, mostly with suitable arguments."""
import random

from module_types import INTEGERS, WORDS, anything, scalar, text

NAMES = ["a", "b", "c", "d", "name", "value", "x", '"y z"']
TEXTS = WORDS + ["foo", "bar", "Foo-bar_baz", "a.b.c", "1.2.3", "1.10-pre", "hello-2.12", "x86_64-linux", "$HOME", "it's", '"q"', "<a&b>", "%41", "-3", "007",
                 "ff", "  pad ", "a,b,,c", "aXbXc", "/nix/store/00000000000000000000000000000000-n-1.0", "x/y/../z", "./a//b", "camelCase", "snake_case-word", "é"]
VERSIONS = ["1", "1.2", "1.2.3", "2.0.1-rc1", "10", "1.2.3.4", "", "23.11pre", "v1", "0.0.0"]
SYSTEMS = ["x86_64-linux", "aarch64-linux", "i686-linux", "x86_64-darwin", "aarch64-darwin", "riscv64-linux", "armv7l-linux", "powerpc64le-linux", "x86_64-windows",
           "x86_64-freebsd", "wasm32-wasi", "avr-none", "loongarch64-linux", "x86_64-unknown-linux-musl", "armv6l-unknown-linux-musleabihf", "nonsense"]
DERIVATION = '{ type = "derivation"; name = "%s"; pname = "p"; version = "1.0"; outPath = "/nix/store/00000000000000000000000000000000-%s"; outputs = [ "out" "dev" ]; out = { outPath = "/nix/store/00000000000000000000000000000000-o"; }; dev = { outPath = "/nix/store/00000000000000000000000000000000-d"; }; meta = { priority = 3; mainProgram = "run"; platforms = [ "x86_64-linux" ]; }; }'


def one(*choices):
    return lambda r: r.choice(choices)


def string(r):
    return text(r.choice(TEXTS))


def short(r):
    return text("".join(r.choice("abAB-_. /x1") for _ in range(r.randint(0, 6))))


def list_of(kind, low=0, high=4):
    return lambda r: "[ %s]" % "".join(kind(r) + " " for _ in range(r.randint(low, high)))


def set_of(kind, low=0, high=4):
    return lambda r: "{ %s}" % "".join("%s = %s; " % (n, kind(r)) for n in r.sample(NAMES, r.randint(low, high)))


def path_names(r):
    return list_of(lambda r: text(r.choice(["a", "b", "c", "x", "y z"])), 0, 3)(r)


def nested(r):
    inner = set_of(lambda r: r.choice([set_of(any_value), scalar])(r))
    return set_of(lambda r: r.choice([inner, scalar])(r))(r)


def any_value(r):
    return anything(r, 2)


def version(r):
    return text(r.choice(VERSIONS))


def number(r):
    return r.choice(["0", "1", "2", "3", "4", "5", "(-1)", "7", "10", "255"])


def float_number(r):
    return r.choice([number(r), "1.5", "(-0.25)", "2.0", "0.1"])


def pair(r):
    return "{ name = %s; value = %s; }" % (text(r.choice(["a", "b", "c"])), scalar(r))


def lists(r):
    return set_of(list_of(scalar, 0, 3), 0, 3)(r)


def update(r):
    return "{ path = %s; update = old: %s; }" % (path_names(r), r.choice(["1", "[ old ]", "{ x = old; }"]))


def derivation(r):
    return DERIVATION % ((r.choice(["hello-1.0", "tool", "x-2.3-beta"]),) * 2)


def definitions(kind):
    return list_of(lambda r: '{ file = "f"; value = %s; }' % kind(r), 1, 3)


def of_type(r):
    return r.choice(["lib.types.int", "lib.types.str", "(lib.types.listOf lib.types.int)", "(lib.types.nullOr lib.types.str)", "lib.types.bool", "lib.types.anything",
                     "(lib.types.attrsOf lib.types.str)", "(lib.types.enum [ 1 2 ])", "(lib.types.either lib.types.int lib.types.str)", "(lib.types.submodule { })"])


def option(r):
    return "(lib.mkOption { type = %s; %s})" % (of_type(r), r.choice(["", "default = 1; ", 'description = "d"; ']))


def module(r):
    return r.choice(["{ options.a = %s; }" % option(r), "{ a = %s; }" % scalar(r), "{ config.a = 1; }", "{ }", "({ lib, ... }: { options.b = lib.mkOption { default = 2; }; })"])


def shell_value(r):
    return r.choice([string(r), list_of(string)(r), set_of(string)(r), number(r)])


def configuration(r):
    return set_of(set_of(lambda r: r.choice([scalar, list_of(scalar, 0, 2)])(r), 0, 3), 0, 3)(r)


def scalars(r):
    return set_of(scalar)(r)


def gvariant(r):
    return r.choice(["1", '"x"', "true", "1.5", "[ 1 2 ]", '[ "a" ]', "[ ]", "(lib.gvariant.mkUint32 3)", "(lib.gvariant.mkTuple [ 1 \"b\" ])", "{ }", "null",
                     "(lib.gvariant.mkJust 1)", "(lib.gvariant.mkEmptyArray lib.gvariant.type.string)"])


def gtype(r):
    return r.choice(['"i"', '"s"', "lib.gvariant.type.string", "lib.gvariant.type.uint32", '(lib.gvariant.type.arrayOf "s")'])


def system(r):
    return text(r.choice(SYSTEMS))


def elaborated(r):
    return "(lib.systems.elaborate %s)" % system(r)


def parsed(r):
    return "(lib.systems.parse.mkSystemFromString %s)" % system(r)


def subpath(r):
    return text(r.choice(["a", "a/b", "./a", "a/../b", "/a", "", ".", "a//b/", "..", "./a/./b"]))


def absolute(r):
    return r.choice(["/a", "/a/b", "/a/b/c", "/", "/nix/store/00000000000000000000000000000000-x", "/nix/store"])


def address(r):
    return text(r.choice(["::1", "2001:db8::1", "fe80::1/64", "::", "1:2:3:4:5:6:7:8", "2001:DB8:0:0::5/128", "::/0", ":::", "1::2::3", "g::1", "1:2:3", "::1/129", "a:b:c:d:e:f:0:1/32"]))


def mac(r):
    return text(":".join("%02x" % r.randrange(256) for _ in range(r.choice([6, 6, 6, 5]))))


def licence(r):
    return text(r.choice(["MIT", "mit", "GPL-3.0-only", "Apache-2.0", "nonsense", "BSD-3-Clause"]))


def overlay(r):
    return r.choice(["(final: prev: { a = 1; b = final.a; })", "(final: prev: { c = prev.a or 0; })", "(final: prev: { })"])


def recursive(r):
    return r.choice(["(self: { a = 1; })", "(self: { a = self.b; b = 2; })", "(self: { x = [ self.y ]; y = 3; })"])


F1 = one("(x: x)", "(x: [ x ])", "(x: { inherit x; })", "toString", "builtins.typeOf", "(x: x + 1)", "(x: \"<${toString x}>\")", "(x: null)")
F2 = one("(a: b: a)", "(a: b: [ a b ])", "(a: b: b)", "(a: b: { inherit a b; })", "(a: b: \"${toString a}-${toString b}\")", "(a: b: a + b)")
F3 = one("(a: b: c: [ a b c ])", "(a: b: c: c)")
P1 = one("(x: true)", "(x: false)", "lib.isString", "lib.isInt", "(x: x == 1)", "(x: x != null)", "(x: builtins.isInt x && x > 1)", "lib.isAttrs", "lib.isList")
P2 = one("(a: b: true)", "(a: b: false)", "(n: v: n == \"a\")", "(n: v: lib.isInt v)", "(n: v: v != null)", "(a: b: a == b)")
LESS = one("(a: b: a < b)", "lib.lessThan", "(a: b: a > b)", "(a: b: false)")
ATTRIBUTE = one("(name: value: value)", "(name: value: name)", "(name: value: { ${name + \"1\"} = value; })", "(name: value: lib.nameValuePair (name + \"x\") value)",
                "(name: value: [ name value ])", "(name: value: { inherit name value; })")
STRING_F = one("(x: x)", "(x: \"[${x}]\")", "lib.toUpper", "(x: x + x)", "toString")
BOOL = one("true", "false")
LIST, INTS, STRINGS = list_of(any_value), list_of(number), list_of(string)
SET = set_of(any_value)
VALUE, STRING, INT = any_value, string, number
ANY = VALUE
SHORTS = list_of(short)

# What the functions take. A name below `lib` stands for itself; the arguments follow.
SIGNATURES = {
    "asserts.assertMsg": (BOOL, STRING), "asserts.assertOneOf": (STRING, VALUE, LIST), "asserts.assertEachOneOf": (STRING, LIST, LIST),
    "asserts.checkAssertWarn": (list_of(lambda r: "{ assertion = %s; message = %s; }" % (BOOL(r), string(r)), 0, 2), STRINGS, VALUE),
    "attrByPath": (path_names, VALUE, nested), "hasAttrByPath": (path_names, nested), "getAttrFromPath": (path_names, nested),
    "attrsets.longestValidPathPrefix": (path_names, nested), "setAttrByPath": (path_names, VALUE), "attrVals": (list_of(one('"a"', '"b"', '"x"'), 0, 2), SET),
    "attrNames": (SET,), "attrValues": (SET,), "attrsToList": (SET,), "cartesianProduct": (lists,), "mapCartesianProduct": (one("(x: x)", "lib.attrNames"), lists),
    "catAttrs": (one('"a"', '"b"'), list_of(SET)), "collect": (P1, nested), "concatMapAttrs": (ATTRIBUTE, SET), "filterAttrs": (P2, SET), "filterAttrsRecursive": (P2, nested),
    "foldAttrs": (F2, one("[ ]", "0", "{ }"), list_of(SET, 0, 3)), "foldlAttrs": (F3, VALUE, SET), "genAttrs": (STRINGS, F1),
    "attrsets.genAttrs'": (STRINGS, one("(x: lib.nameValuePair (x + \"1\") x)", "(x: { name = \"n\"; value = x; })")), "getAttr": (one('"a"', '"b"'), SET),
    "getAttrs": (list_of(one('"a"', '"b"'), 0, 2), SET), "hasAttr": (one('"a"', '"z"'), SET), "intersectAttrs": (SET, SET), "isAttrs": (VALUE,),
    "isDerivation": (lambda r: r.choice([derivation, any_value])(r),), "listToAttrs": (list_of(pair),), "mapAttrs": (ATTRIBUTE, SET), "mapAttrs'": (ATTRIBUTE, SET),
    "mapAttrsRecursive": (one("(p: v: lib.concatStringsSep \".\" p)", "(p: v: [ p v ])"), nested),
    "mapAttrsRecursiveCond": (one("(as: !(as ? a))", "(as: true)", "(as: false)"), one("(p: v: p)", "(p: v: [ p v ])"), nested), "mapAttrsToList": (ATTRIBUTE, SET),
    "mapAttrsToListRecursive": (one("(p: v: [ p v ])"), nested), "mapAttrsToListRecursiveCond": (one("(p: as: true)", "(p: as: !(as ? a))"), one("(p: v: [ p v ])"), nested),
    "matchAttrs": (SET, SET), "mergeAttrsList": (list_of(SET),), "nameValuePair": (STRING, VALUE), "optionalAttrs": (BOOL, SET), "overrideExisting": (SET, SET),
    "recurseIntoAttrs": (SET,), "dontRecurseIntoAttrs": (SET,), "recursiveUpdate": (nested, nested),
    "recursiveUpdateUntil": (one("(p: l: r: false)", "(p: l: r: builtins.length p > 1)", "(p: l: r: p == [ \"a\" ])"), nested, nested),
    "removeAttrs": (SET, list_of(one('"a"', '"b"'), 0, 3)), "showAttrPath": (STRINGS,), 
    "attrsets.unionOfDisjoint": (SET, SET), "updateManyAttrsByPath": (list_of(update, 0, 3), nested), "zipAttrs": (list_of(SET),), "zipAttrsWith": (one("(n: vs: vs)", "(n: vs: lib.head vs)", "(n: vs: n)"), list_of(SET)),
    "zipAttrsWithNames": (list_of(one('"a"', '"b"', '"zz"'), 0, 3), one("(n: vs: vs)"), list_of(SET)),
    "getOutput": (one('"dev"', '"bin"', '"out"'), derivation), "getBin": (derivation,), "getLib": (derivation,), "getDev": (derivation,), "getMan": (derivation,), "getInclude": (derivation,),
    "getStatic": (derivation,), "getFirstOutput": (list_of(one('"dev"', '"x"', '"out"'), 0, 3), derivation), "chooseDevOutputs": (list_of(derivation, 0, 2),),
    "cli.toCommandLineGNU": (one("{ }"), lambda r: set_of(lambda r: r.choice([scalar, list_of(scalar, 0, 3)])(r))(r)),
    "cli.toCommandLineShellGNU": (one("{ }", "{ isLong = false; }", "{ explicitBool = true; }"), lambda r: set_of(lambda r: r.choice([scalar, list_of(scalar, 0, 3)])(r))(r)),
    "cli.toCommandLine": (one("(name: { option = \"-${name}\"; sep = \"=\"; explicitBool = false; })", "(name: { option = name; sep = null; explicitBool = true; })"), lambda r: set_of(lambda r: r.choice([scalar, list_of(scalar, 0, 3)])(r))(r)),
    "cli.toGNUCommandLine": (one("{ }", "{ mkOptionName = k: \"+${k}\"; }", "{ optionValueSeparator = \"=\"; }"), lambda r: set_of(lambda r: r.choice([scalar, list_of(scalar, 0, 3)])(r))(r)),
    "cli.toGNUCommandLineShell": (one("{ }"), lambda r: set_of(lambda r: r.choice([scalar, list_of(scalar, 0, 3)])(r))(r)),
    "customisation.makeOverridable": (one("({ a ? 1, ... }: { inherit a; })", "(x: { y = x; })"), set_of(scalar)), "customisation.renameCrossIndexFrom": (one('"pkgs"'), one("{ pkgsBuildBuild = 1; pkgsHostTarget = 2; }")),
    "customisation.extendDerivation": (BOOL, SET, derivation), "customisation.hydraJob": (derivation,), "customisation.callPackageWith": (SET, one("({ a ? 0, b ? 1 }: { inherit a b; })"), set_of(scalar, 0, 1)),
    "debug.traceValSeqN": (number, VALUE), "debug.traceSeqN": (number, VALUE, VALUE), "debug.traceVal": (VALUE,), "debug.traceValFn": (F1, VALUE), "debug.traceIf": (BOOL, STRING, VALUE),
    "debug.runTests": (set_of(lambda r: "{ expr = %s; expected = %s; }" % (scalar(r), scalar(r))),), "debug.testAllTrue": (list_of(BOOL),),
    "derivations.optionalDrvAttr": (BOOL, VALUE), "derivations.lazyDerivation": (lambda r: "{ derivation = %s; %s}" % (derivation(r), r.choice(["", "passthru = { z = 1; }; ", "meta = { }; "])),),
    "derivations.warnOnInstantiate": (STRING, derivation),
    "fetchers.normalizeHash": (one("{ hashTypes = [ \"sha256\" ]; }", "{ required = false; }", "{ }"), one('{ sha256 = "abc"; }', '{ hash = "sha256-AAAA"; }', "{ }", '{ sha256 = ""; name = "n"; }')),
    "filesystem.baseNameOf": (lambda r: r.choice([subpath, absolute])(r),), "dirOf": (lambda r: r.choice([subpath, absolute])(r),), "pathIsDirectory": (one("/", "/etc/passwd", "/nosuch"),),
    "pathIsRegularFile": (one("/", "/etc/passwd", "/nosuch"),), "pathType": (one("/", "/etc/passwd", "/nosuch"),), "pathExists": (one("/", "/etc/passwd", "/nosuch"),),
    "composeExtensions": (overlay, overlay, SET, SET), "converge": (one("(x: x)", "(x: if x > 10 then x else x + 3)"), number), "extends": (overlay, recursive, one("{ a = 1; b = 2; y = 3; }")), "fix": (recursive,), "fix'": (recursive,),
    "makeExtensible": (recursive,), "composeManyExtensions": (list_of(overlay, 0, 3), SET, SET), "toExtension": (lambda r: r.choice([overlay, SET])(r), SET, SET),
    "generators.mkDconfKeyValue": (short, VALUE), "generators.mkKeyValueDefault": (one("{ }"), one('"="', '": "'), short, scalar), "generators.mkValueStringDefault": (one("{ }"), VALUE),
    "generators.toDconfINI": (set_of(set_of(gvariant, 0, 2), 0, 2),), "generators.toDhall": (one("{ }"), VALUE), "generators.toGitINI": (lambda r: r.choice([configuration, nested])(r),),
    "generators.toINI": (one("{ }", "{ listsAsDuplicateKeys = true; }", "{ mkSectionName = lib.toUpper; }"), configuration),
    "generators.toINIWithGlobalSection": (one("{ }", "{ listsAsDuplicateKeys = true; }"), lambda r: "{ globalSection = %s; sections = %s; }" % (scalars(r), configuration(r))),
    "generators.toJSON": (one("{ }"), VALUE), "generators.toKeyValue": (one("{ }", '{ indent = "  "; }', "{ listsAsDuplicateKeys = true; }"), scalars),
    "generators.toLua": (one("{ }", "{ multiline = false; }", "{ asBindings = true; }"), lambda r: r.choice([any_value, nested])(r)), "generators.toPlist": (one("{ }", "{ escape = true; }", "{ escape = false; }"), VALUE),
    "generators.toPretty": (one("{ }", "{ multiline = false; }", "{ allowPrettyValues = true; }", '{ indent = "  "; }'), lambda r: r.choice([any_value, nested])(r)), "generators.toYAML": (one("{ }"), VALUE),
    "generators.withRecursion": (lambda r: "{ depthLimit = %s; %s}" % (number(r), r.choice(["", "throwOnDepthLimit = false; "])), nested),
    "gvariant.mkValue": (gvariant,), "gvariant.mkArray": (list_of(gvariant, 0, 3),), "gvariant.mkTuple": (list_of(gvariant, 0, 3),), "gvariant.mkVariant": (gvariant,), "gvariant.mkJust": (gvariant,), "gvariant.mkMaybe": (gtype, gvariant),
    "gvariant.mkNothing": (gtype,), "gvariant.mkDictionaryEntry": (gvariant, gvariant), "gvariant.mkObjectpath": (STRING,), "gvariant.mkInt32": (number,), "gvariant.mkDouble": (float_number,), "gvariant.mkUchar": (number,),
    "gvariant.type.tupleOf": (list_of(gtype, 0, 3),), "gvariant.type.maybeOf": (gtype,), "gvariant.type.dictionaryEntryOf": (gtype, gtype), "gvariant.isGVariant": (gvariant,),
    "kernel.option": (one("lib.kernel.yes", "{ tristate = \"m\"; }"),), "kernel.freeform": (STRING,), "kernel.whenHelpers": (version,),
    "all": (P1, LIST), "any": (P1, LIST), "allUnique": (LIST,), "lists.commonPrefix": (INTS, INTS), "compareLists": (one("lib.compare"), INTS, INTS), "concatLists": (list_of(LIST),), "lists.concatAttrValues": (set_of(LIST),),
    "concatMap": (one("(x: [ x x ])", "(x: [ ])", "(x: x)"), LIST), "count": (P1, LIST), "crossLists": (one("(a: b: [ a b ])"), one("[ [ 1 2 ] [ 3 ] ]", "[ [ ] [ 1 ] ]")), "drop": (number, LIST), "dropEnd": (number, LIST), "elem": (scalar, list_of(scalar)),
    "elemAt": (LIST, number), "filter": (P1, LIST), "findFirst": (P1, VALUE, LIST), "lists.findFirstIndex": (P1, VALUE, LIST), "findSingle": (P1, scalar, scalar, LIST), "flatten": (LIST,), "foldl": (F2, VALUE, LIST), "foldl'": (F2, VALUE, LIST),
    "foldr": (F2, VALUE, LIST), "fold": (F2, VALUE, LIST), "forEach": (LIST, F1), "genList": (F1, number), "groupBy": (one("toString", "(x: builtins.typeOf x)"), list_of(scalar)), "groupBy'": (F2, VALUE, one("(x: builtins.typeOf x)"), LIST),
    "lists.hasPrefix": (INTS, INTS), "head": (LIST,), "ifilter0": (one("(i: x: i > 0)", "(i: x: lib.isInt x)"), LIST), "imap0": (F2, LIST), "imap1": (F2, LIST), "init": (LIST,), "intersectLists": (list_of(scalar), list_of(scalar)), "isList": (VALUE,),
    "last": (LIST,), "length": (LIST,), "listDfs": (BOOL, one("(a: b: a < b)", "(a: b: false)"), INTS), "mutuallyExclusive": (INTS, INTS), "naturalSort": (STRINGS,), "optional": (BOOL, VALUE), "optionals": (BOOL, VALUE), "partition": (P1, LIST), "range": (number, number),
    "remove": (scalar, list_of(scalar)), "lists.removePrefix": (INTS, INTS), "replaceElemAt": (LIST, number, VALUE), "lists.replicate": (number, VALUE), "reverseList": (LIST,), "singleton": (VALUE,), "sort": (LESS, lambda r: r.choice([INTS, STRINGS])(r)),
    "sortOn": (one("(x: x)", "(x: -x)", "toString"), INTS), "sublist": (number, number, LIST), "subtractLists": (list_of(scalar), list_of(scalar)), "tail": (LIST,), "take": (number, LIST), "takeEnd": (number, LIST), "toList": (VALUE,), "toposort": (LESS, INTS),
    "unique": (list_of(scalar),), "uniqueStrings": (STRINGS,), "zipLists": (LIST, LIST), "zipListsWith": (F2, LIST, LIST),
    "meta.addMetaAttrs": (scalars, derivation), "appendToName": (short, derivation), "meta.availableOn": (elaborated, derivation), "meta.cpeFullVersionWithVendor": (STRING, version), "dontDistribute": (derivation,), "getExe": (lambda r: r.choice([derivation, any_value])(r),),
    "getExe'": (derivation, short), "getLicenseFromSpdxId": (licence,), "getLicenseFromSpdxIdOr": (licence, VALUE), "hiPrio": (derivation,), "lowPrio": (derivation,), "meta.platformMatch": (elaborated, one('"x86_64-linux"', "lib.systems.inspect.patterns.isLinux", "{ system = \"x86_64-linux\"; }")),
    "setName": (short, derivation), "setPrio": (number, derivation), "updateName": (one("(n: n + \"-x\")"), derivation), "hiPrioSet": (set_of(derivation, 0, 2),),
    "evalOptionValue": (path_names, lambda r: "{ type = %s; declarations = [ \"d\" ]; %s}" % (of_type(r), r.choice(["", "default = 1; "])), definitions(scalar)),
    "modules.filterOverrides": (definitions(lambda r: r.choice(["%s", "(lib.mkForce %s)", "(lib.mkDefault %s)"]) % scalar(r)),), "modules.sortProperties": (definitions(lambda r: r.choice(["%s", "(lib.mkBefore %s)", "(lib.mkAfter %s)"]) % scalar(r)),),
    "modules.mapDefinitionValue": (F1, lambda r: r.choice(["%s", "(lib.mkIf true %s)", "(lib.mkMerge [ %s ])"]) % scalar(r)), "mkAssert": (BOOL, STRING, VALUE), "mkDefault": (VALUE,), "mkIf": (BOOL, VALUE), "mkOrder": (number, VALUE),
    "mkDefinition": (lambda r: "{ file = %s; value = %s; }" % (string(r), scalar(r)),), "modules.setDefaultModuleLocation": (STRING, module), "mergeDefinitions": (path_names, of_type, definitions(scalar)),
    "modules.unifyModuleSyntax": (STRING, STRING, lambda r: r.choice(["{ a = 1; }", "{ options = { }; b = 1; }", "{ config.a = 1; imports = [ 1 ]; }", "{ freeformType = 1; meta = 2; config = { }; }", "1", "{ require = [ ]; key = \"k\"; }"])),
    "network.ipv6.fromString": (address,), "mkEUI64Suffix": (mac,),
    "getFiles": (definitions(scalar),), "getValues": (definitions(scalar),), "isOption": (lambda r: r.choice([option, any_value])(r),), "options.literalCode": (short, STRING), "literalExpression": (lambda r: r.choice([string, any_value])(r),), "literalMD": (STRING,),
    "mergeDefaultOption": (path_names, definitions(scalar)), "mergeEqualOption": (path_names, definitions(scalar)), "mergeOneOption": (path_names, definitions(scalar)), "mergeUniqueOption": (one('{ message = "m"; }'), path_names, definitions(scalar)),
    "mkEnableOption": (STRING,), "mkOption": (lambda r: "{ type = %s; default = %s; }" % (of_type(r), scalar(r)),), "optionAttrSetToDocList": (set_of(lambda r: "(%s // { loc = [ \"l\" ]; declarations = [ \"d\" ]; })" % option(r), 0, 2),),
    "options.renderOptionValue": (VALUE,), "scrubOptionValue": (lambda r: r.choice([derivation, any_value])(r),), "options.showDefs": (definitions(any_value),), "showFiles": (STRINGS,), "showOption": (lambda r: r.choice([STRINGS, path_names])(r),),
    "mkPackageOption": (lambda r: "{ p = %s; q.r = %s; }" % (derivation(r), derivation(r)), one('"p"', '[ "q" "r" ]', '"none"'), one("{ }", "{ nullable = true; }", "{ default = null; }", '{ example = "x"; extraDescription = "E."; }', '{ default = [ "q" "r" ]; pkgsText = "my"; }')),
    "path.append": (absolute, subpath), "path.hasPrefix": (absolute, absolute), "path.hasStorePathPrefix": (absolute,), "path.removePrefix": (absolute, absolute), "path.splitRoot": (absolute,), "path.subpath.components": (subpath,), "path.subpath.isValid": (lambda r: r.choice([subpath, any_value])(r),),
    "path.subpath.join": (list_of(subpath, 0, 3),), "path.subpath.normalise": (subpath,),
    "sources.urlToName": (one('"https://x.org/a.git"', '"a/b/c"', '"git@h:o/r.git"'),), "sources.repoRevToName": (one('"full"', '"short"', '"kind"'), STRING, STRING), "sources.shortRev": (one('"0123456789abcdef0123456789abcdef01234567"', '"short"'),), "sources.revOrTag": (one("null", '"r"'), one("null", '"t"')),
    "sources.pathHasContext": (STRING,), "sources.cleanSourceFilter": (one('"/a/.git"', '"/a/x.o"', '"/a/x~"', '"/a/b"', '"/a/result"'), one('"directory"', '"regular"', '"symlink"')),
    "strings.charToInt": (one('"a"', '"Z"', '" "', '"é"', '""'),), "cmakeBool": (short, BOOL), "cmakeFeature": (short, STRING), "cmakeOptionType": (one('"STRING"', '"BOOL"', '"odd"'), short, STRING), "strings.commonPrefixLength": (short, short), "strings.commonSuffixLength": (short, short),
    "compareVersions": (version, version), "concatImapStrings": (one("(i: x: \"${toString i}${x}\")"), STRINGS), "concatImapStringsSep": (short, one("(i: x: \"${toString i}${x}\")"), STRINGS), "concatLines": (STRINGS,), "concatMapAttrsStringSep": (short, one("(n: v: n + toString v)"), scalars),
    "concatMapStrings": (STRING_F, STRINGS), "concatMapStringsSep": (short, STRING_F, STRINGS), "concatStrings": (STRINGS,), "concatStringsSep": (short, STRINGS), "enableFeature": (BOOL, short), "enableFeatureAs": (BOOL, short, STRING), "escape": (one('[ "$" "a" ]', "[ ]", '[ " " ]'), STRING),
    "strings.escapeC": (one('[ "a" "\\n" ]', '[ " " "$" ]'), STRING), "strings.escapeNixIdentifier": (STRING,), "strings.escapeNixString": (STRING,), "escapeRegex": (STRING,), "escapeShellArg": (lambda r: r.choice([string, scalar])(r),), "escapeShellArgs": (list_of(scalar),), "escapeURL": (STRING,), "escapeXML": (STRING,),
    "fixedWidthNumber": (number, number), "fixedWidthString": (number, one('"0"', '" "', '"ab"'), short), "strings.floatToString": (float_number,), "fromJSON": (one("'' {\"a\":[1,2.5,null]} ''", '"[1,"', '"3"'),), "getName": (lambda r: r.choice([derivation, string])(r),), "getVersion": (lambda r: r.choice([derivation, string])(r),),
    "hasInfix": (short, STRING), "hasPrefix": (short, STRING), "hasSuffix": (short, STRING), "intersperse": (scalar, LIST), "strings.isConvertibleWithToString": (VALUE,), "isInt": (VALUE,), "isStorePath": (lambda r: r.choice([string, absolute, derivation])(r),), "isString": (VALUE,), "isStringLike": (VALUE,),
    "isValidPosixName": (STRING,), "join": (short, STRINGS), "strings.levenshtein": (short, short), "strings.levenshteinAtMost": (number, short, short), "makeBinPath": (list_of(lambda r: r.choice([derivation, string])(r), 0, 2),), "makeIncludePath": (list_of(derivation, 0, 2),), "makeLibraryPath": (list_of(derivation, 0, 2),),
    "makeSearchPath": (short, list_of(string, 0, 2)), "makeSearchPathOutput": (one('"dev"', '"x"'), short, list_of(derivation, 0, 2)), "match": (one('"a.*"', '"([a-z]+)-(.*)"', '"("', '".*"', '"[[:space:]]*x?"'), STRING), "mesonBool": (short, BOOL), "mesonEnable": (short, BOOL), "mesonOption": (short, STRING),
    "nameFromURL": (one('"https://x.org/a-1.0.tar.gz"', '"a.b"', '"x"'), one('"."', '"-"', '"/"')), "strings.normalizePath": (subpath,), "optionalString": (BOOL, STRING), "parseDrvName": (STRING,), "removePrefix": (short, STRING), "removeSuffix": (short, STRING), "replaceString": (short, short, STRING),
    "replaceStrings": (SHORTS, SHORTS, STRING), "strings.replicate": (number, short), "strings.sanitizeDerivationName": (STRING,), "split": (one('"a"', '"(b)|(c)"', '"[^a-z]+"', '","'), STRING), "splitString": (one('"."', '"-"', '","', '"ab"', '""'), STRING),
    "splitStringBy": (one("(p: c: c == \"-\")", "(p: c: lib.toUpper c == c)", "(p: c: p == \"a\")"), BOOL, STRING), "stringAsChars": (STRING_F, STRING), "stringLength": (STRING,), "stringToCharacters": (STRING,), "substring": (number, number, STRING), "toCamelCase": (STRING,), "toInt": (STRING,), "toIntBase10": (STRING,),
    "toJSON": (VALUE,), "toLower": (STRING,), "toSentenceCase": (STRING,), "toShellVar": (short, shell_value), "toShellVars": (set_of(shell_value, 0, 3),), "toUpper": (STRING,), "trim": (STRING,), "trimWith": (one("{ start = true; }", "{ end = true; }", "{ }", "{ start = true; end = true; }"), STRING), "typeOf": (VALUE,),
    "versionAtLeast": (version, version), "versionOlder": (version, version), "withFeature": (BOOL, short), "withFeatureAs": (BOOL, short, STRING), "versions.major": (version,), "versions.majorMinor": (version,), "versions.minor": (version,), "versions.pad": (number, version), "versions.patch": (version,), "versions.splitVersion": (version,),
    "fullDepEntry": (STRING, STRINGS), "noDepEntry": (STRING,), "packEntry": (STRINGS,), "stringAfter": (STRINGS, STRING),
    "textClosureList": (one('{ a = lib.fullDepEntry "A" [ "b" ]; b = lib.noDepEntry "B"; }', '{ a = "x"; }'), list_of(one('"a"', '"b"'), 0, 2)), "textClosureMap": (STRING_F, one('{ a = lib.fullDepEntry "A" [ "b" ]; b = lib.noDepEntry "B"; }'), list_of(one('"a"', '"b"'), 0, 2)),
    "systems.elaborate": (system,), "systems.equals": (elaborated, elaborated), "systems.parse.mkSystemFromString": (system,), "systems.parse.doubleFromSystem": (parsed,), "systems.parse.tripleFromSystem": (parsed,), "systems.parse.isCompatible": (one("lib.systems.parse.cpuTypes.x86_64"), one("lib.systems.parse.cpuTypes.i686", "lib.systems.parse.cpuTypes.aarch64")),
    "systems.systemToAttrs": (system,), "systems.inspect.predicates.isLinux": (parsed,), "systems.inspect.predicates.isx86": (parsed,), "systems.inspect.predicates.isMusl": (parsed,), "systems.inspect.predicates.is64bit": (parsed,), "systems.inspect.matchAnyAttrs": (one("{ kernel.families.bsd = { }; }"), parsed),
    "add": (float_number, float_number), "and": (BOOL, BOOL), "or": (BOOL, BOOL), "xor": (BOOL, BOOL), "bitAnd": (number, number), "bitOr": (number, number), "bitXor": (number, number), "bitNot": (number,), "boolToString": (BOOL,), "boolToYesNo": (BOOL,), "ceil": (float_number,), "floor": (float_number,),
    "checkListOfEnum": (STRING, list_of(scalar), list_of(scalar), VALUE), "compare": (number, number), "concat": (LIST, LIST), "const": (VALUE, VALUE), "defaultTo": (VALUE, VALUE), "div": (float_number, float_number), "flip": (F2, VALUE, VALUE), "fromHexString": (one('"ff"', '"0x1F"', '"zz"', '""', '"FFFFFFFFFFFFFFFFF"'),),
    "functionArgs": (one("({ a, b ? 1 }: a)", "(x: x)", "{ __functor = self: x: x; __functionArgs = { q = true; }; }"),), "id": (VALUE,), "isBool": (VALUE,), "isFloat": (VALUE,), "isFunction": (lambda r: r.choice([F1, any_value])(r),), "lessThan": (number, number), "mapNullable": (F1, scalar), "max": (float_number, float_number), "min": (float_number, float_number),
    "mergeAttrs": (SET, SET), "mod": (number, number), "mul": (float_number, float_number), "pipe": (number, list_of(one("(x: x + 1)", "toString", "(x: [ x ])"), 0, 3)), "setFunctionArgs": (one("(x: x)"), one("{ a = true; }")), "splitByAndCompare": (one("(x: x > 2)", "(x: true)"), one("lib.compare"), one("lib.compare"), number, number),
    "sub": (float_number, float_number), "throwIf": (BOOL, STRING, VALUE), "throwIfNot": (BOOL, STRING, VALUE), "toBaseDigits": (one("2", "10", "16"), number), "toFunction": (lambda r: r.choice([F1, any_value])(r), VALUE), "toHexString": (number,), "warnIf": (BOOL, STRING, VALUE), "seq": (VALUE, VALUE), "deepSeq": (VALUE, VALUE),
    "oldestSupportedReleaseIsAtLeast": (one("2311", "2605", "9999"),), "genericClosure": (one("{ startSet = [ { key = 1; } ]; operator = x: if x.key < 4 then [ { key = x.key + 1; } ] else [ ]; }", "{ startSet = [ ]; operator = x: [ ]; }"),),
    "types.addCheck": (of_type, P1), "types.enum": (list_of(scalar, 0, 3),), "types.either": (of_type, of_type), "types.oneOf": (list_of(of_type, 0, 3),), "types.mergeTypes": (of_type, of_type), "types.isType": (one('"option-type"', '"x"'), lambda r: r.choice([of_type, any_value])(r)), "types.setType": (short, SET),
    "types.ints.between": (number, number), "types.numbers.between": (float_number, float_number), "types.optionDescriptionPhrase": (one('(c: c == "noun")'), of_type), "types.strMatching": (one('"a+"', '"("'),), "types.separatedString": (short,), "types.unique": (one('{ message = "m"; }'), of_type),
    "types.listOf": (of_type,), "types.attrsWith": (lambda r: "{ elemType = %s; %s}" % (of_type(r), r.choice(["", "lazy = true; "])),), "types.defaultFunctor": (short,), "types.passwdEntry": (of_type,), "types.nonEmptyListOf": (of_type,), "types.coercedTo": (of_type, F1, of_type),
    "mergeAttrBy.cfg": (SET, SET), "mergeAttrBy.buildInputs": (LIST, LIST), "mergeAttrBy.postInstall": (STRING, STRING), "maybeEnv": (STRING, STRING), "setAttr": (SET, one('"a"'), VALUE), "checkFlag": (SET, short), "nvs": (STRING, VALUE),
    "maybeAttr": (one('"a"'), VALUE, SET), "maybeAttrNullable": (one('"a"'), VALUE, one("null", "{ a = 1; }", "{ }")), "mergeAttrsNoOverride": (one("{ }", '{ overrideSnd = [ "a" ]; }'), SET, SET),
    "mergeAttrsWithFunc": (F2, SET, SET), "mergeAttrsConcatenateValues": (set_of(LIST), set_of(LIST)), "condConcat": (STRING, one('[ true "a" false "b" ]', "[ ]"), BOOL), "uniqList": (lambda r: "{ inputList = %s; }" % list_of(scalar)(r),),
    "ifEnable": (BOOL, VALUE), "imap": (F2, LIST), "nixType": (VALUE,), "toXML": (scalars,), "toString": (VALUE,), "hashString": (one('"md5"', '"sha1"', '"sha256"', '"sha512"', '"odd"'), STRING), "fromTOML": (one('"a = 1"', '"[x]\\ny = true"', '"="'),),
    "convertHash": (one('{ hash = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="; toHashFormat = "base16"; }', '{ hash = "d41d8cd98f00b204e9800998ecf8427e"; hashAlgo = "md5"; toHashFormat = "nix32"; }', '{ hash = "x"; }'),),
    "tryEval": (VALUE,), "hasContext": (STRING,), "getContext": (STRING,), "strings.addContextFrom": (STRING, STRING), "strings.unsafeDiscardStringContext": (STRING,),
    "gvariant.mkBoolean": (BOOL,), "gvariant.mkEmptyArray": (gtype,), "gvariant.mkInt16": (number,), "gvariant.mkInt64": (number,), "gvariant.mkString": (STRING,), "gvariant.mkUint16": (number,), "gvariant.mkUint64": (number,), "gvariant.type.arrayOf": (gtype,),
    "generators.mkLuaInline": (STRING,), "lists.map": (F1, LIST), "meta.lowPrioSet": (set_of(derivation, 0, 2),), "meta.mapDerivationAttrset": (one("(d: d.name)"), set_of(derivation, 0, 2)), "customisation.makeScope": (one("(self: f: f self)"), recursive),
    "customisation.mapCrossIndex": (F1, one("{ buildBuild = 1; buildHost = 2; buildTarget = 3; hostHost = 4; hostTarget = 5; targetTarget = 6; }")), "customisation.renameCrossIndexTo": (one('"pkgs"'), one("{ buildBuild = 1; hostTarget = 2; }", "{ }")),
    "debug.traceSeq": (VALUE, VALUE), "debug.traceValSeq": (VALUE,), "debug.traceValSeqFn": (F1, VALUE), "debug.trace": (STRING, VALUE), "debug.traceFnSeqN": (number, short, F1, VALUE), "debug.throwTestFailures": (one("{ failures = [ ]; }", '{ failures = [ { name = "n"; expected = 1; result = 2; } ]; }'),),
    "modules.dischargeProperties": (lambda r: r.choice(["%s", "(lib.mkIf true %s)", "(lib.mkIf false %s)", "(lib.mkMerge [ %s 1 ])", "(lib.mkForce %s)"]) % scalar(r),), "modules.pushDownProperties": (lambda r: r.choice(["%s", "(lib.mkIf true %s)", "(lib.mkMerge [ %s { } ])", "(lib.mkForce %s)"]) % SET(r),),
    "modules.filterOverrides'": (definitions(lambda r: r.choice(["%s", "(lib.mkForce %s)", "(lib.mkDefault %s)"]) % scalar(r)),), "modules.mkAliasAndWrapDefinitions": (F1, one("{ isDefined = true; definitions = [ 1 ]; }", "{ isDefined = false; definitions = [ ]; }")),
    "modules.mkAliasAndWrapDefsWithPriority": (F1, one("{ isDefined = true; definitions = [ 1 ]; highestPrio = 50; }")), "modules.mkDerivedConfig": (one("{ value = 1; }", "{ value = 2; highestPrio = 7; }"), F1), "modules.mkMerge": (LIST,), "modules.mkOverride": (number, VALUE),
    "modules.fixupOptionType": (path_names, one("{ }", "{ type = lib.types.int; }", "{ type = lib.types.submodule { }; options = [ { } ]; }")), "modules.mergeOptionDecls": (path_names, list_of(lambda r: "{ _file = \"f\"; pos = null; options = %s; }" % option(r), 1, 2)),
    "options.showOptionWithDefLocs": (one('{ loc = [ "a" ]; files = [ "f" ]; __toString = _: "a"; }'),), "strings.appendContext": (STRING, one("{ }")),
    "systems.parse.mkSkeletonFromList": (list_of(one('"x86_64"', '"linux"', '"unknown"', '"gnu"', '"none"', '"elf"'), 1, 4),), "systems.parse.mkSystemFromSkeleton": (one('{ cpu = "x86_64"; kernel = "linux"; }', '{ cpu = "avr"; vendor = "unknown"; kernel = "none"; abi = "elf"; }', "{ cpu = 1; }"),),
    "systems.parse.isSystem": (parsed,), "systems.parse.darwinArch": (one("lib.systems.parse.cpuTypes.aarch64", "lib.systems.parse.cpuTypes.x86_64"),), "systems.parse.kernelName": (one("lib.systems.parse.kernels.linux", "lib.systems.parse.kernels.ios"),), "systems.parse.mkMuslSystem": (parsed,),
    "systems.inspect.patternLogicalAnd": (one("{ a = 1; }", "{ b.c = 2; }"), one("{ a = 1; }", "{ a = 2; }", "{ d = 3; }")), "showWarnings": (STRINGS, VALUE), "warn": (STRING, VALUE), "warnIfNot": (BOOL, STRING, VALUE), "trivial.mirrorFunctionArgs": (one("({ a, b ? 1 }: 1)"), F1),
    "trivial.revisionWithDefault": (STRING,), "types.attrTag": (lambda r: "{ a = %s; }" % option(r),), "types.nullOr": (of_type,), "types.functionTo": (of_type,), "types.pathWith": (one("{ }", "{ absolute = true; }", "{ inStore = true; absolute = false; }"),), "types.submodule": (one("{ }", "{ options.a = lib.mkOption { }; }", "[ ]"),),
}


# What is read of the value, where reading all of it depends on the order of evaluation.
READ = {"mergeDefinitions": ".mergedValue"}

# A function of the prelude that takes out of the value what is nixpkgs' own prose.
WITHOUT_PROSE = {"optionAttrSetToDocList": "withoutProse"}

# Functions that look at odd arguments earlier or later than nixpkgs' own, which matters to nobody.
SUITABLE_ONLY = {"sources.cleanSourceFilter", "modules.mergeOptionDecls", "nameFromURL"}


def call(seed):
    """One call, as an expression whose value is plain data."""
    r = random.Random(seed)
    name = r.choice(sorted(SIGNATURES))
    arguments = []
    for kind in SIGNATURES[name]:
        argument = kind(r) if r.random() < 0.96 or name in SUITABLE_ONLY else r.choice(["null", "1", '"x"', "[ ]", "{ }", "(throw \"argument\")", "true", "(x: x)"])
        arguments.append(argument if argument[0] in '([{"/' and not (argument[0] == "/" and " " in argument) else "(%s)" % argument)
    value = "(lib.%s %s)%s" % (name, " ".join(arguments), READ.get(name, ""))
    if name in WITHOUT_PROSE:
        value = "((import PRELUDE { inherit lib; }).%s %s)" % (WITHOUT_PROSE[name], value)
    return "(import PRELUDE { inherit lib; }).shown 8 %s" % value
