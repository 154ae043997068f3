"""Random sets of modules, each a folder of files whose default.nix is a function of `lib` and gives a set of queries."""
import random

import module_types
from module_types import INTEGERS, Type, anything, defined, plain, scalar, text, tree, words

PATHS = ["a", "b", "c", "s.one", "s.two", "s.deep.er", "t.x", "t.y", 'q."odd name"', "list", "net.links", "net.names", "enableAll", "u.v.w"]
OLD = ["old", "was.here", "gone", "s.old", "t.before"]


def path_list(path):
    """The path as a Nix list of strings."""
    return "[ %s ]" % " ".join(part if part.startswith(chr(34)) else text(part) for part in path.split("."))


class Option:
    def __init__(self, path, kind):
        self.path = path
        self.kind = kind
        self.show = kind.show


class Set:
    """One generated set: its files and the names of its queries."""

    def __init__(self, seed):
        self.seed = seed
        self.r = random.Random(seed)
        self.files = {}
        self.queries = []
        kind = self.r.random()
        if kind < 0.12:
            self.of_types()
        elif kind < 0.2:
            self.of_definitions()
        else:
            self.of_modules()

    # Questions about types alone.
    def of_types(self):
        r = self.r
        types = [tree(r, 2) for _ in range(3)]
        bindings = "".join("  t%d = %s;\n" % (number, kind.expression) for number, kind in enumerate(types))
        for number, kind in enumerate(types):
            self.queries.append("p.type t%d" % number)
            values = [kind.good(r), kind.bad(r), scalar(r), anything(r, 1)]
            self.queries.append("map (value: t%d.check value) [ %s ]" % (number, " ".join(values)))
            definitions = " ".join('{ file = "f%d"; value = %s; }' % (at, kind.good(r)) for at in range(r.randint(1, 2)))
            self.queries.append("%s (t%d.merge [ \"at\" ] [ %s ])" % (kind.show, number, definitions))
        one, other = r.sample(range(3), 2) if r.random() < 0.5 else (0, 0)
        self.queries.append("p.show (types.mergeTypes t%d t%d)" % (one, other))
        self.queries.append("p.show (t%d.typeMerge t%d.functor)" % (one, other))
        self.queries.append("map (t: p.type t) (lib.attrValues t%d.nestedTypes)" % one)
        self.queries.append("p.documents (t%d.getSubOptions [ \"at\" ])" % one)
        self.queries.append("p.type (t%d.substSubModules [ { options.z = lib.mkOption { }; } ])" % one)
        self.queries.append("lib.attrNames t%d" % one)
        self.write(bindings)

    # Questions about the merging of definitions alone.
    def of_definitions(self):
        r = self.r
        kind = tree(r, 2)
        definitions = " ".join('{ file = "f%d"; value = %s; }' % (at, defined(r, kind, 3)) for at in range(r.randint(0, 4)))
        bindings = "  type = %s;\n  definitions = [ %s ];\n  merged = lib.mergeDefinitions [ \"at\" \"x y\" ] type definitions;\n" % (
            kind.expression, definitions)
        self.queries += [
            "%s merged.mergedValue" % kind.show,
            "merged.isDefined",
            "p.show merged.defsFinal",
            "p.show merged.defsFinal'",
            "p.show merged.optionalValue",
            "p.meta merged.checkedAndMerged.valueMeta",
            "p.show merged.checkedAndMerged.headError",
            "lib.attrNames merged",
            "p.show (lib.modules.filterOverrides definitions)",
            "p.show (lib.modules.sortProperties definitions)",
            "p.show (map (def: lib.modules.dischargeProperties def.value) definitions)",
            "p.show (map (def: lib.modules.pushDownProperties def.value) definitions)",
            "p.show (lib.options.showDefs definitions)",
            "p.show (map (def: lib.modules.mapDefinitionValue (x: [ x ]) def.value) definitions)",
        ]
        self.write(bindings)

    def of_modules(self):
        r = self.r
        self.options = [Option(path, tree(r, 2)) for path in r.sample(PATHS, r.randint(1, 5))]
        self.condition = None
        count = r.randint(1, 4)
        self.declared = [[] for _ in range(count)]
        self.defined = [[] for _ in range(count)]
        self.imports = [[] for _ in range(count)]
        self.extras = [[] for _ in range(count)]
        if r.random() < 0.4:
            self.condition = "config.flag"
            self.declared[0].append("flag = lib.mkOption { type = types.bool; default = %s; };" % r.choice(["true", "false"]))
            if r.random() < 0.4:
                self.define("flag", r.choice(["true", "false", "lib.mkForce true", "lib.mkDefault false"]))
        for option in self.options:
            self.declare(option)
            for _ in range(r.choice([0, 1, 1, 2, 2, 3])):
                self.define(option.path, defined(r, option.kind, 3, 0.04, self.condition))
        for _ in range(r.choice([0, 0, 0, 1, 1, 2])):
            r.choice([self.undeclared, self.alias, self.alias, self.freeform, self.arguments, self.derived, self.config_reference, self.redeclared,
                      self.below_option, self.odd_module, self.disabled, self.alias_definitions, self.removed, self.changed, self.nested,
                      self.whole_config, self.loop, self.meta, self.conditional_imports])()
        self.arrange(count)

    def define(self, path, value, module=None):
        self.defined[self.r.randrange(len(self.defined)) if module is None else module].append((path, value))

    def declare(self, option):
        r = self.r
        fields = "type = %s; " % option.kind.expression if r.random() < 0.95 else ""
        if r.random() < 0.45:
            fields += "default = %s; " % (option.kind.good(r) if r.random() < 0.95 else option.kind.bad(r))
        if r.random() < 0.1:
            fields += "apply = x: { applied = x; }; " if r.random() < 0.7 else "apply = toString; "
            option.show = "p.show"
        if r.random() < 0.08:
            fields += "readOnly = true; "
        taken = set()
        for field, chance in [("internal = true; ", 0.05), ("visible = false; ", 0.05), ('visible = "shallow"; ', 0.03), ('visible = "transparent"; ', 0.02),
                              ('description = "What ${"it"} is."; ', 0.2), ('defaultText = lib.literalExpression "pkgs.x"; ', 0.06),
                              ('example = [ 1 "two" ]; ', 0.06), ('example = lib.literalMD "x"; ', 0.02), ("relatedPackages = [ \"hello\" ]; ", 0.02)]:
            name = field.split(" ")[0]
            if r.random() < chance and name not in taken:
                taken.add(name)
                fields += field
        declaration = "%s = lib.mkOption { %s};" % (option.path, fields)
        if r.random() < 0.03:
            declaration = "%s = lib.mkEnableOption \"it\";" % option.path
        elif r.random() < 0.02:
            declaration = '%s = lib.mkPackageOption { hello = { type = "derivation"; name = "h"; outPath = "/nix/store/00000000000000000000000000000000-h"; }; } "hello" { };' % option.path
        elif r.random() < 0.015:
            declaration = "%s = lib.mkSinkUndeclaredOptions { };" % option.path
        self.declared[r.randrange(len(self.declared))].append(declaration)

    def declare_once(self, declaration):
        name = declaration.split(" ")[0]
        if not any(line.startswith(name + " ") for lines in self.declared for line in lines):
            self.declared[0].append(declaration)

    def any_option(self):
        return self.r.choice(self.options)

    # What makes a set unusual.
    def undeclared(self):
        self.define(self.r.choice(["nosuch", "s.nosuch", "t.z.z", "lists", "a.below", "net.link"]), scalar(self.r))

    def redeclared(self):
        option = self.any_option()
        kind = option.kind if self.r.random() < 0.7 else tree(self.r, 1)
        fields = "type = %s; " % kind.expression
        if self.r.random() < 0.3:
            fields += "default = %s; " % kind.good(self.r)
        if self.r.random() < 0.1:
            fields = ""
        self.imports[self.r.randrange(len(self.imports))].append("{ _file = \"also.nix\"; options.%s = lib.mkOption { %s}; }" % (option.path, fields))

    def below_option(self):
        self.imports[self.r.randrange(len(self.imports))].append("{ options.%s.below = lib.mkOption { default = 1; }; }" % self.any_option().path)

    def alias(self):
        r = self.r
        old, target = r.choice(OLD), self.any_option()
        to = target.path if r.random() < 0.92 else "no.such"
        module = r.choice(["mkAliasOptionModule %s %s", "mkRenamedOptionModule %s %s", "mkRenamedOptionModule %s %s",
                           "mkRenamedOptionModuleWith { from = %s; to = %s; sinceRelease = 2405; }",
                           "mkRenamedOptionModuleWith { from = %s; to = %s; sinceRelease = 2611; }",
                           "mkAliasOptionModuleMD %s %s",
                           "doRename { from = %s; to = %s; visible = true; warn = false; use = x: x; withPriority = false; }",
                           "doRename { from = %s; to = %s; visible = true; warn = true; use = x: [ x ]; condition = false; }"])
        self.imports[r.randrange(len(self.imports))].append("(lib.modules.%s)" % (module % (path_list(old), path_list(to))))
        for _ in range(r.choice([0, 1, 1, 2])):
            self.define(old, defined(r, target.kind, 2))
        if r.random() < 0.6:
            self.with_warnings()
        self.queries.append("p.show config.%s" % old)
        self.queries.append("p.introspection options.%s" % old)

    def with_warnings(self):
        if not any("warnings =" in line for lines in self.declared for line in lines):
            self.declared[0].append("warnings = lib.mkOption { type = types.listOf types.str; default = [ ]; };")
            self.declared[0].append("assertions = lib.mkOption { type = types.listOf types.unspecified; default = [ ]; };")
            self.queries += ["config.warnings", "p.show config.assertions"]

    def removed(self):
        self.with_warnings()
        self.imports[0].append('(lib.mkRemovedOptionModule %s "Use another.")' % path_list("gone"))
        if self.r.random() < 0.7:
            self.define("gone", scalar(self.r))
        self.queries += ["p.show config.gone", "p.introspection options.gone"]

    def changed(self):
        target = self.any_option()
        self.with_warnings()
        if self.r.random() < 0.5:
            module = "(lib.mkChangedOptionModule %s %s (config: %s))" % (path_list("was.here"), path_list(target.path), target.kind.good(self.r))
        else:
            module = "(lib.mkMergedOptionModule [ %s %s ] %s (config: lib.mkDefault %s))" % (
                path_list("was.here"), path_list("old"), path_list(target.path), target.kind.good(self.r))
        self.imports[0].append(module)
        if self.r.random() < 0.7:
            self.define("was.here", scalar(self.r))
        self.queries.append("p.show config.was.here")

    def alias_definitions(self):
        source, target = self.any_option(), self.any_option()
        form = self.r.choice(["lib.mkAliasDefinitions options.%s", "lib.mkAliasAndWrapDefinitions (x: x) options.%s",
                              "lib.modules.mkAliasAndWrapDefsWithPriority (x: x) options.%s", "lib.mkIf options.%s.isDefined %s" % ("%s", "null"),
                              "lib.mkMerge options.%s.definitions", "lib.mkAliasIfDef options.%s %s" % ("%s", scalar(self.r))])
        self.declare_once("mirror = lib.mkOption { type = %s; };" % (source.kind.expression if self.r.random() < 0.9 else target.kind.expression))
        self.define("mirror", form % source.path)
        self.queries += ["%s config.mirror" % source.kind.show, "p.introspection options.mirror"]

    def derived(self):
        source = self.any_option()
        self.declare_once("derived = lib.mkOption { type = types.%s; %s};" % (
            self.r.choice(["anything", "raw", "str", "unspecified"]), self.r.choice(["", "default = 1; "])))
        self.define("derived", "lib.mkDerivedConfig options.%s %s" % (source.path, self.r.choice(["(x: x)", "toString", "(x: [ x ])", "builtins.toJSON"])))
        self.queries += ["p.show config.derived", "p.introspection options.derived"]

    def freeform(self):
        kind = plain(self.r)
        form = self.r.choice(["types.attrsOf %s", "types.lazyAttrsOf %s", "types.attrsOf (types.either types.int %s)"]) % kind.expression
        form = self.r.choice([form, form, form, "types.attrsOf types.anything", "types.attrs", "types.int"])
        self.extras[self.r.randrange(len(self.extras))].append("freeformType = %s;" % form)
        for _ in range(self.r.randint(0, 3)):
            self.define(self.r.choice(["free", "loose", "s.free", "wild.x"]), defined(self.r, kind, 2))
        self.queries += ["p.show config.free", "p.show config"]

    def arguments(self):
        r = self.r
        name = r.choice(["extra", "number", "helper"])
        self.define("_module.args.%s" % name, r.choice(["1", "lib.mkForce 2", "config", "{ x = 3; }", "throw \"argument\""]))
        self.extras[r.randrange(len(self.extras))].append("%s:%s" % ("ARGUMENT", name))
        self.queries.append("p.shown 1 config._module.args or null")
        self.queries.append("lib.attrNames evaluated._module.args")

    def config_reference(self):
        source = self.any_option()
        self.declare_once("refers = lib.mkOption { type = types.anything; };")
        self.define("refers", self.r.choice(["config.%s", "[ config.%s ]", "{ x = config.%s; }", "lib.mkIf (config.%s != null) 1",
                                             "options.%s.definitions", "lib.mkIf options.%s.isDefined options.%s.files" % ("%s", source.path)]) % source.path)
        self.queries.append("p.show config.refers")

    def loop(self):
        option = self.any_option()
        self.define(option.path, self.r.choice(["config.%s", "lib.mkIf (config.%s == 1) 1", "lib.mkDefault config.%s", "{ a = config.%s; }"]) % option.path)

    def meta(self):
        self.extras[self.r.randrange(len(self.extras))].append("meta.note = 1;")
        if self.r.random() < 0.7:
            self.declare_once("meta = lib.mkOption { type = types.attrs; default = { }; };")
            self.queries.append("p.show config.meta")

    def odd_module(self):
        r = self.r
        self.imports[r.randrange(len(self.imports))].append(r.choice([
            "{ }", "[ ]", "1", "null", '"/no/such/module.nix"', "{ options = { }; stray = 1; }", "(lib.mkIf true { })", "(lib.mkOption { })",
            "(lib.mkMerge [ ])", "types.int", "{ options.a = types.int; }", "{ options = 1; }", "{ config = 1; }", "{ config = [ ]; }", "{ _class = \"other\"; }",
            "(x: { })", "({ nosuch, ... }: { config.a = nosuch; })", "({ nosuch ? 1, ... }: { config.a = nosuch; })", "(args: { })", "{ imports = [ { } ]; }",
            "{ imports = 1; }", "{ require = [ { } ]; }", "(lib.mkForce { })", "{ _type = \"strange\"; }", "{ options.new = 1; }", "{ options.new.er = { }; }",
            "({ config, ... }: { imports = lib.optional (config ? a) { }; })", "{ _file = 1; key = \"k\"; }", "(lib.setDefaultModuleLocation \"there.nix\" { })",
            "(lib.evalModules { modules = [ ]; })", "(lib.evalModules { modules = [ ]; }).type", "{ key = \"once\"; config = { }; }", "{ disabledModules = [ 1 ]; }",
            "{ disabledModules = [ { } ]; }", "{ config._module.check = false; }", "{ _module.check = lib.mkForce false; }", "{ _module.freeformType = types.attrs; }",
            "(lib.modules.importApply ./none.nix { })", "{ options.a = { _type = \"option-type\"; }; }", "(throw \"module\")", "({ lib }: { })",
            "{ _module.args = 1; }", "{ __functor = self: { lib, ... }: { }; }", "({ options, ... }: { config = lib.optionalAttrs (options ? a) { }; })",
            "(lib.modules.importJSON ./none.json)", "./nosuch.nix", "({ _prefix, ... }: { })", "({ _class, ... }: { })", "({ specialArgs, ... }: { _module.args.seen = lib.attrNames specialArgs; })",
            "({ moduleType, ... }: { options.inner = lib.mkOption { type = moduleType; default = { }; }; })", "({ extendModules, ... }: { })",
        ]))

    def disabled(self):
        r = self.r
        keyed = '{ key = "keyed"; %s config = %s; }' % (r.choice(["", "_file = \"keyed.nix\";"]), r.choice(["{ }", "{ nosuch = 1; }"]))
        self.imports[r.randrange(len(self.imports))].append(keyed)
        if r.random() < 0.4:
            self.imports[r.randrange(len(self.imports))].append(keyed)
        self.extras[r.randrange(len(self.extras))].append("disabledModules = [ %s ];" % r.choice(
            ['{ key = "keyed"; }', '{ key = "unknown"; }', '"relative.nix"', '"/absolute.nix"', "./m1.nix", '{ key = "keyed"; outPath = "/x"; }', "./m0.nix"]))

    def nested(self):
        option = self.any_option()
        self.queries.append("p.show (lib.evalModules { modules = [ { options.inner = lib.mkOption { type = types.attrsOf evaluated.type; }; } "
                            "{ inner.one = { }; } ]; }).config.inner.one.%s" % option.path)

    def whole_config(self):
        self.define("s", self.r.choice(["lib.mkIf true { one = %s; }", "{ two = %s; }", "lib.mkMerge [ { one = %s; } ]", "lib.mkForce { two = %s; }", "%s",
                                        "lib.mkOrder 10 { one = %s; }", "lib.mkDefault { one = lib.mkForce %s; }"]) % scalar(self.r))

    def conditional_imports(self):
        inner = "{ config.%s = %s; }" % (self.any_option().path, self.any_option().kind.good(self.r))
        self.imports[0].append(self.r.choice(["]  ++ lib.optional (special == 3) %s ++ [" % inner, "]  ++ lib.optional config.%s %s ++ [" % (self.any_option().path, inner),
                                              "]  ++ lib.optional (builtins.pathExists ./m0.nix) %s ++ [" % inner]))

    # Putting it into files.
    def arrange(self, count):
        r = self.r
        in_files = r.random() < 0.5
        texts = [self.module(number) for number in range(count)]
        imported = {number: r.randrange(number) for number in range(1, count) if r.random() < 0.3}
        references = {}
        for number in reversed(range(count)):
            children = [references[child] for child, parent in imported.items() if parent == number]
            body = texts[number].replace("IMPORTS", "".join(child + " " for child in children))
            if in_files and r.random() < 0.8:
                self.files["m%d.nix" % number] = body + "\n"
                references[number] = "./m%d.nix" % number
            else:
                references[number] = "(%s)" % body
        listed = [references[number] for number in range(count) if number not in imported]
        if r.random() < 0.05:
            listed.append(listed[0])
        arguments = ""
        if r.random() < 0.3 or any("special" in part for part in texts):
            arguments += "specialArgs = { special = 3; }; "
        if r.random() < 0.08:
            arguments += "prefix = [ \"pre\" \"fix\" ]; "
        if r.random() < 0.08:
            arguments += "class = \"test\"; "
        if r.random() < 0.02:
            arguments += "check = false; "
        if r.random() < 0.02:
            arguments += "args = { extra = 1; }; "
        bindings = "  evaluated = lib.evalModules {\n    modules = [\n%s    ];\n    %s\n  };\n  inherit (evaluated) config options;\n" % (
            "".join("      %s\n" % reference for reference in listed), arguments)
        own = self.queries
        self.queries = []
        for option in self.options:
            self.queries.append("%s config.%s" % (option.show, option.path))
            self.queries.append("p.introspection options.%s" % option.path)
        self.queries += own
        self.queries += ["p.show config", "p.documents options", "p.shown 1 options", "lib.attrNames evaluated"]
        option = self.any_option()
        extras = [
            "p.show (evaluated.extendModules { modules = [ { %s = %s; } ]; }).config.%s" % (option.path, defined(r, option.kind, 2), option.path),
            "p.show (evaluated.extendModules { modules = [ { options.ext = lib.mkOption { default = 1; }; } ]; prefix = [ \"p\" ]; }).config.ext",
            "evaluated.class", "p.show evaluated.graph", "evaluated._module.check", "p.show evaluated._module.freeformType", "p.show evaluated._module.specialArgs",
            "lib.attrNames evaluated._module.args", "config ? %s" % option.path, "lib.attrNames options.%s" % option.path,
            "p.type options.%s.type" % option.path, "map p.position options.%s.declarationPositions" % option.path,
            "p.show (lib.modules.mergeAttrDefinitionsWithPrio options.%s)" % option.path, "p.show (options.%s.definitionsWithLocations)" % option.path,
            "lib.showOptionWithDefLocs options.%s" % option.path, "toString options.%s" % option.path, "p.show options.%s.value" % option.path,
            "p.show (options.%s.default or null)" % option.path, "(lib.optionAttrSetToDocList options) == null",
            "p.show (options.%s.type.getSubOptions [ ])" % option.path, "p.show (config.%s)" % option.path.split(".")[0],
            "(builtins.tryEval config.%s).success" % option.path, "p.show (options.%s.valueMeta)" % option.path,
            "p.show (lib.filterAttrs (n: v: n != \"value\") options.%s)" % option.path,
            "p.show (lib.collect lib.isOption options)", "p.type evaluated.type",
        ]
        self.queries += r.sample(extras, 5)
        self.queries = list(dict.fromkeys(self.queries))
        self.write(bindings)

    def module(self, number):
        r = self.r
        declared = self.declared[number]
        definitions = self.spread(self.defined[number])
        arguments = [extra[9:] for extra in self.extras[number] if extra.startswith("ARGUMENT:")]
        extras = [extra for extra in self.extras[number] if not extra.startswith("ARGUMENT:")]
        if any("special ==" in part for part in self.imports[number]):
            arguments.append("special")
        parts = list({extra.split(" ")[0]: extra for extra in extras}.values())
        imports = "".join(part + " " for part in self.imports[number])
        parts.append("imports = [ %sIMPORTS];" % imports)
        if r.random() < 0.15:
            parts.append('_file = "module%d.nix";' % number)
        if r.random() < 0.08:
            parts.append('key = "key%d";' % r.choice([number, 0]))
        if r.random() < 0.04:
            parts.append('_class = %s;' % r.choice(['"test"', "null", '"nixos"']))
        if declared or r.random() < 0.5:
            for declaration in declared:
                parts.append("options.%s" % declaration)
            roll = r.random()
            nested = "{ %s }" % " ".join(definitions)
            if not definitions:
                pass
            elif roll < 0.5:
                parts += ["config.%s" % definition for definition in definitions]
            elif roll < 0.75:
                parts.append("config = %s;" % nested)
            elif roll < 0.85:
                parts.append("config = lib.mkIf %s %s;" % (self.condition or "true", nested))
            elif roll < 0.93:
                parts.append("config = lib.mkMerge [ %s (lib.mkIf true %s) ];" % (nested, "{ }"))
            else:
                parts.append("config = lib.%s %s;" % (r.choice(["mkDefault", "mkForce"]), nested))
        else:
            parts += definitions
        body = "{\n%s}" % "".join("  %s\n" % part for part in parts)
        if arguments:
            return "{ %s, config, options, lib, ... }:\nlet inherit (lib) types; in\n%s" % (", ".join(dict.fromkeys(arguments)), body)
        return "{ config, options, lib, ... }:\nlet inherit (lib) types; in\n%s" % body

    def spread(self, pairs):
        """Definitions as bindings; a second one of a path needs a module of its own, here an element of `imports`."""
        taken, lines = [], []
        for path, value in pairs:
            if any(other == path or other.startswith(path + ".") or path.startswith(other + ".") for other in taken):
                # Only one binding of a path may stand in a set.
                at = self.defined.index(pairs)
                self.imports[at].append("{ _file = \"again.nix\"; config.%s = %s; }" % (path, value))
            else:
                taken.append(path)
                lines.append("%s = %s;" % (path, value))
        return lines

    def write(self, bindings):
        queries = "".join("  q%d = %s;\n" % (number, query) for number, query in enumerate(self.queries))
        self.files["default.nix"] = "{ lib }:\nlet\n  inherit (lib) types;\n  p = import ../prelude.nix { inherit lib; };\n%sin\n{\n%s}\n" % (bindings, queries)
