"""Random expressions of the Nix language, the same for the same seed.

Expressions grow by type, so that most of them have a value; now and then something of another type stands in a place, a name is missing, a value
fails, or the text itself is broken. `Generator.expression()` gives one text. Tables of built-in functions are in `generator_calls`,
texts that have a grammar of their own (regular expressions, JSON, TOML, versions) in `generator_texts`, what types do not reach in `generator_odd`.

A type is a word (`int`, `float`, `bool`, `string`, `null`, `path`, `any`) or a tuple: `("list", T)`, `("dict", T)` for a set with any names,
`("set", ((name, T), ...))`, `("function", A, B)`.
"""
import random

import generator_calls
from generator_odd import Odd
from generator_texts import Texts

GAP = "\x1f"
"""Stands between two tokens; becomes white space or a comment."""

SIMPLE, APPLICATION, OPERATION, WHOLE = range(4)
"""How much an expression binds: what may be an argument, the function of a call, an operand, or only stand alone."""

NAMES = ["a", "b", "c", "d", "e", "h", "y", "z", "foo", "a-b", "b'", "_c", "__d", "xs", "f", "g", "n", "or1"]
ODD_NAMES = ["", "1", "if", "x y", "a.b", "$", "${", "é", "\n", "\"", "\\", "inherit", "A", "-", "a/b"]
FRESH = ["k-", "t'", "v", "w"]
MOST_FRESH = 80
BASIC = ["int", "int", "float", "bool", "string", "string", "null", "path"]


def listing(item):
    return ("list", item)


def dict_of(item):
    return ("dict", item)


def function(argument, result):
    return ("function", argument, result)


def names_in_order():
    """A set with every name that an expression may have, in the order of their bytes: Nix forces attributes in the order in which it first read their
    names, so that this text makes it force them as it prints them."""
    names = NAMES + ODD_NAMES + ["%s%d" % (fresh, number) for fresh in FRESH for number in range(MOST_FRESH)]
    names = sorted(set(names), key=lambda name: name.encode("utf-8"))
    return "{ %s }" % " ".join('"%s" = 1;' % name.replace("\\", "\\\\").replace('"', '\\"').replace("${", "\\${") for name in names)


class Generator:
    """A stream of expressions; `folder` has the files of `FILES` in it."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.texts = Texts(self.random)
        self.odd = Odd(self.random)
        self.serial = 0
        self.mistakes = 0.012

    # Chance.

    def chance(self, likelihood):
        return self.random.random() < likelihood

    def pick(self, choices):
        return self.random.choice(choices)

    def weighted(self, choices):
        """One of the second parts of pairs (weight, choice)."""
        total = self.random.random() * sum(weight for weight, _ in choices)
        for weight, choice in choices:
            total -= weight
            if total <= 0:
                return choice
        return choices[-1][1]

    # Types.

    def basic_type(self):
        return self.pick(BASIC)

    def some_type(self, depth=2):
        if depth <= 0 or self.chance(0.55):
            return self.basic_type()
        kind = self.random.random()
        if kind < 0.4:
            return listing(self.some_type(depth - 1))
        if kind < 0.6:
            return dict_of(self.some_type(depth - 1))
        if kind < 0.88:
            names = self.random.sample(NAMES, self.random.randint(0, 3))
            return ("set", tuple((name, self.some_type(depth - 1)) for name in names))
        return function(self.some_type(depth - 1), self.some_type(depth - 1))

    # Texts of one expression.

    def expression(self):
        """One expression as text."""
        self.serial = 0
        self.mistakes = self.pick([0, 0.004, 0.012, 0.03])
        chosen = self.random.random()
        if chosen < 0.05:
            text = self.texts.broken_on_purpose()
        elif chosen < 0.12:
            text = self.texts.library_call()
        elif chosen < 0.35:
            text = self.odd.expression()
        else:
            text = self.any_of(self.some_type(3), self.pick([2, 3, 4, 4, 5, 5, 6]), [], WHOLE)
        if self.chance(0.04):
            text = self.break_text(text)
        return self.laid_out(text)

    def laid_out(self, text):
        if self.chance(0.9):
            return text.replace(GAP, " ")
        gaps = [" ", " ", "  ", "\n", "\t", "/* c */", " # x: ''\n", "\n\n ", "/***/", " /* \n */ ", "\r\n"]
        return "".join(self.pick(gaps) if letter == GAP else letter for letter in text)

    def break_text(self, text):
        """The text with one token changed."""
        pieces = text.split(GAP)
        at = self.random.randrange(len(pieces))
        change = self.random.random()
        words = [";", "}", "{", ")", "(", "]", "[", "in", "let", "=", ",", ".", "or", "rec", "inherit", "?", ":", "@", "\"", "''",
                 "${", "then", "!", "-", "//", "++", "==", "->", "__curPos", "a", "1", "...", "with", "assert"]
        if change < 0.4:
            del pieces[at]
        elif change < 0.6:
            pieces.insert(at, self.pick(words))
        elif change < 0.8:
            pieces[at] = self.pick(words)
        else:
            other = self.random.randrange(len(pieces))
            pieces[at], pieces[other] = pieces[other], pieces[at]
        return GAP.join(pieces)

    def fresh(self):
        self.serial += 1
        return "%s%d" % (self.pick(FRESH), self.serial % MOST_FRESH)

    def name(self):
        return self.pick(NAMES) if self.chance(0.6) else self.fresh()

    def quoted(self, text):
        return '"%s"' % (text.replace("\\", "\\\\").replace('"', '\\"').replace("${", "\\${").replace("\n", self.pick(["\\n", "\n"])))

    def key(self, name, env=(), depth=0):
        """An attribute name as it may be written."""
        is_plain = name in NAMES or name.replace("'", "").replace("-", "").isalnum() and name[:1].isalpha() and name not in ODD_NAMES
        chosen = self.random.random()
        if is_plain and chosen < 0.85:
            return name
        if chosen < 0.93:
            return self.quoted(name)
        if chosen < 0.97:
            return "${%s}" % self.quoted(name)
        return "${%s+%s}" % (self.quoted(name[:1]), self.quoted(name[1:]))

    # Expressions. Every method gives (text, binding).

    def within(self, made, most):
        """The text, in parentheses unless it binds tightly enough."""
        text, binding = made
        if binding <= most and not self.chance(0.02):
            return text
        if binding == OPERATION and most == OPERATION and self.chance(0.3):
            return text
        return "(%s)" % text

    def any_of(self, kind, depth, env, most=SIMPLE):
        """An expression of a type, as text that binds at least as tightly as `most` asks."""
        return self.within(self.made(kind, depth, env), most)

    def operand(self, kind, depth, env):
        """An operand: in parentheses, mostly; without them, precedence decides what the expression means."""
        made = self.made(kind, depth, env)
        if made[1] == OPERATION and self.chance(0.25):
            return made[0]
        return self.within(made, APPLICATION)

    def made(self, kind, depth, env):
        if self.chance(self.mistakes):
            return self.mistake(kind, depth, env)
        if kind == "any":
            kind = self.some_type(2)
        if depth <= 0 or self.chance(0.08):
            return self.leaf(kind, env)
        if self.chance(0.22):
            return self.general(kind, depth - 1, env)
        if self.chance(0.4):
            called = self.builtin_call(kind, depth - 1, env)
            if called is not None:
                return called
        return self.typed(kind, depth - 1, env)

    def mistake(self, kind, depth, env):
        chosen = self.random.random()
        if chosen < 0.55:
            return self.made(self.some_type(1), depth - 1, env)
        if chosen < 0.65:
            return "nowhere", SIMPLE
        if chosen < 0.85:
            return self.failure(), SIMPLE
        if chosen < 0.9:
            return "{%s}.missing" % GAP, SIMPLE
        if chosen < 0.95:
            return "let%sr%s=%sr;%sin%sr" % ((GAP,) * 5), WHOLE
        return "__curPos", SIMPLE

    def failure(self):
        """Something that must not be evaluated, in parentheses."""
        self.serial += 1
        return self.pick(
            ['(throw "T-%d")', '(throw "T-%d")', '(abort "A-%d")', "(assert false; %d)", "(%d + { })", "(builtins.head [ ] + %d)",
             "({ }.a%d)", "(1 %d)", "(%d / 0)"]
        ) % self.serial

    def variables(self, kind, env):
        return [name for name, known in env if known == kind]

    def leaf(self, kind, env):
        known = self.variables(kind, env)
        if known and self.chance(0.7):
            return self.pick(known), SIMPLE
        if kind == "any":
            kind = self.basic_type()
        if isinstance(kind, tuple):
            word = kind[0]
            if word == "list":
                items = [self.leaf(kind[1], env) for _ in range(self.random.randint(0, 2))]
                return "[%s]" % GAP.join([""] + [self.within(item, SIMPLE) for item in items] + [""]), SIMPLE
            if word == "dict":
                names = self.random.sample(NAMES[:8], self.random.randint(0, 2))
                return self.set_text([(name, self.within(self.leaf(kind[1], env), WHOLE)) for name in names]), SIMPLE
            if word == "set":
                return self.set_text([(name, self.within(self.leaf(item, env), WHOLE)) for name, item in kind[1]]), SIMPLE
            return "%s:%s%s" % (self.fresh(), GAP, self.within(self.leaf(kind[2], env), WHOLE)), WHOLE
        if kind == "int":
            number = self.texts.integer()
            return (number, OPERATION) if number.startswith("-") else (number, SIMPLE)
        if kind == "float":
            number = self.texts.float_literal()
            return (number, OPERATION) if number.startswith("-") else (number, SIMPLE)
        if kind == "bool":
            return self.pick(["true", "false"]), SIMPLE
        if kind == "null":
            return "null", SIMPLE
        if kind == "path":
            return self.texts.path_literal(), SIMPLE
        return self.texts.string_literal(), SIMPLE

    def set_text(self, bindings, recursive=False, quoted=True):
        parts = ["rec" + GAP + "{" if recursive else "{"]
        parts += ["%s%s=%s%s;" % (self.key(name) if quoted else name, GAP, GAP, value) for name, value in bindings]
        return GAP.join(parts + ["}"])

    # Forms that can have any type.

    def general(self, kind, depth, env):
        form = self.weighted(
            [
                (4, self.variable),
                (3, self.if_else),
                (4, self.let_in),
                (2, self.with_set),
                (1, self.assertion),
                (4, self.applied_lambda),
                (3, self.applied_pattern),
                (3, self.selected),
                (2, self.selected_or),
                (2, self.element),
                (1, self.tried),
                (1, self.sequenced),
                (1, self.recursive_set),
                (1, self.functor_call),
                (1, self.folded),
                (1, self.inherited),
                (0.5, self.old_let),
                (0.5, self.through_json),
                (0.5, self.chosen_attribute),
            ]
        )
        return form(kind, depth, env)

    def variable(self, kind, depth, env):
        known = self.variables(kind, env)
        return (self.pick(known), SIMPLE) if known else self.let_in(kind, depth, env)

    def if_else(self, kind, depth, env):
        parts = ["if", self.any_of("bool", depth, env, WHOLE), "then", self.any_of(kind, depth, env, WHOLE), "else",
                 self.any_of(kind, depth, env, WHOLE)]
        return GAP.join(parts), WHOLE

    def bindings(self, depth, env):
        """Some bindings for `let`, `rec` and sets: (name, type, text). Later ones may use all of them."""
        names = list(dict.fromkeys(self.name() for _ in range(self.random.randint(1, 3))))
        made = [(name, self.some_type(2)) for name in names]
        result = []
        for at, (name, item) in enumerate(made):
            seen = [pair for pair in env if pair[0] not in names] + made[:at]
            if self.chance(0.02):
                seen = seen + made
            if self.chance(0.12):
                result.append((name, "fails", self.failure()))
            else:
                result.append((name, item, self.any_of(item, depth - 1, seen, WHOLE)))
        self.random.shuffle(result)
        return result

    def extended(self, env, bindings):
        names = [name for name, _, _ in bindings]
        return [pair for pair in env if pair[0] not in names] + [(name, item) for name, item, _ in bindings]

    def binding_texts(self, bindings):
        texts = []
        for name, item, text in bindings:
            if isinstance(item, tuple) and item[0] == "set" and self.chance(0.2):
                inner = [(field, self.within(self.leaf(of, []), WHOLE)) for field, of in item[1]]
                if inner:
                    texts += ["%s.%s%s=%s%s;" % (name, self.key(field), GAP, GAP, value) for field, value in inner]
                    continue
            texts.append("%s%s=%s%s;" % (name if self.chance(0.95) else '"%s"' % name, GAP, GAP, text))
        return GAP.join(texts)

    def let_in(self, kind, depth, env):
        bindings = self.bindings(depth, env)
        inner = self.extended(env, bindings)
        body = self.any_of(kind, depth, inner, WHOLE)
        if self.chance(0.02):
            bindings = bindings + bindings[:1]
        return GAP.join(["let", self.binding_texts(bindings), "in", body]), WHOLE

    def old_let(self, kind, depth, env):
        bindings = [binding for binding in self.bindings(depth, env) if binding[0] != "body"]
        body = self.any_of(kind, depth, self.extended(env, bindings), WHOLE)
        return GAP.join(["let", "{", self.binding_texts(bindings), "body", "=", body + ";", "}"]), SIMPLE

    def with_set(self, kind, depth, env):
        bindings = [binding for binding in self.bindings(depth, env) if binding[0] not in dict(env)]
        recursive = self.chance(0.5)
        text = GAP.join(["rec {" if recursive else "{", self.binding_texts(bindings), "}"])
        inner = env + [(name, item) for name, item, _ in bindings]
        return GAP.join(["with", text + ";", self.any_of(kind, depth, inner, WHOLE)]), WHOLE

    def assertion(self, kind, depth, env):
        condition = "true" if self.chance(0.7) else self.any_of("bool", depth - 1, env, WHOLE)
        return GAP.join(["assert", condition + ";", self.any_of(kind, depth, env, WHOLE)]), WHOLE

    def applied_lambda(self, kind, depth, env):
        name, item = self.name(), self.some_type(2)
        inner = [pair for pair in env if pair[0] != name] + [(name, item)]
        argument = self.failure() if self.chance(0.08) else self.any_of(item, depth, env)
        body = self.any_of(kind, depth, inner, WHOLE)
        return "(%s:%s%s)%s%s" % (name, GAP, body, GAP, argument), APPLICATION

    def pattern(self, fields, depth, env):
        """Formals for the fields (name, type, has a default), as text."""
        texts = []
        seen = list(env)
        for name, item, default in fields:
            texts.append("%s%s?%s%s" % (name, GAP, GAP, self.any_of(item, depth - 1, seen, WHOLE)) if default else name)
            seen.append((name, item))
        ellipsis = self.chance(0.4)
        if ellipsis:
            texts.append("...")
        if self.chance(0.01) and texts:
            texts.insert(0, texts[0])
        separator = "%s,%s" % (GAP, GAP)
        comma = GAP + "," if texts and not ellipsis and self.chance(0.05) else ""
        text = "{%s%s%s%s}" % (GAP, separator.join(texts), comma, GAP)
        return text, ellipsis

    def applied_pattern(self, kind, depth, env):
        names = list(dict.fromkeys(self.name() for _ in range(self.random.randint(0, 3))))
        fields = [(name, self.some_type(1), self.chance(0.5)) for name in names]
        formals, ellipsis = self.pattern(fields, depth, [pair for pair in env if pair[0] not in names])
        whole = self.fresh() if self.chance(0.35) else None
        given = [field for field in fields if not field[2] or self.chance(0.5)]
        if self.chance(0.03) and given:
            given = given[1:]
        values = [(name, self.failure() if self.chance(0.06) else self.any_of(item, depth - 1, env, WHOLE)) for name, item, _ in given]
        if ellipsis and self.chance(0.4) or self.chance(0.02):
            values.append((self.fresh(), self.failure()))
        inner = [pair for pair in env if pair[0] not in names] + [(name, item) for name, item, _ in fields]
        if whole is not None:
            formals = formals + "@" + whole if self.chance(0.5) else whole + "@" + formals
            inner.append((whole, ("set", tuple((name, item) for name, item, _ in given))))
        body = self.any_of(kind, depth, inner, WHOLE)
        argument = self.set_text(values)
        return "(%s:%s%s)%s%s" % (formals, GAP, body, GAP, argument), APPLICATION

    def selected(self, kind, depth, env):
        name = self.name() if self.chance(0.85) else self.pick(ODD_NAMES)
        others = [(self.fresh(), self.failure()) for _ in range(self.random.randint(0, 1))]
        value = self.any_of(kind, depth, env, WHOLE)
        known = [(other, item) for other, item in env if isinstance(item, tuple) and item[0] == "set"]
        for other, item in known:
            for field, of in item[1]:
                if of == kind and self.chance(0.5):
                    return "%s.%s" % (other, self.key(field)), SIMPLE
        if self.chance(0.25):
            second = self.name()
            text = "{%s%s.%s%s=%s%s;%s}.%s.%s" % (GAP, self.key(name), self.key(second), GAP, GAP, value, GAP, self.key(name), self.key(second))
            return text, SIMPLE
        return "%s.%s" % (self.set_text([(name, value)] + others), self.key(name)), SIMPLE

    def selected_or(self, kind, depth, env):
        base = self.any_of(self.pick([dict_of(kind), dict_of(kind), "any"]), depth, env)
        path = ".".join(self.key(self.name()) for _ in range(self.pick([1, 1, 1, 2])))
        return GAP.join(["%s.%s" % (base, path), "or", self.any_of(kind, depth, env)]), SIMPLE if self.chance(0.9) else APPLICATION

    def element(self, kind, depth, env):
        items = [self.any_of(kind, depth - 1, env) for _ in range(self.random.randint(1, 3))]
        at = self.random.randrange(len(items))
        items = [item if here == at or self.chance(0.7) else self.failure() for here, item in enumerate(items)]
        text = "[%s]" % GAP.join([""] + items + [""])
        if at == 0 and self.chance(0.5):
            return "builtins.head%s%s" % (GAP, text), APPLICATION
        return GAP.join(["builtins.elemAt", text, str(at if self.chance(0.97) else at + 2)]), APPLICATION

    def tried(self, kind, depth, env):
        inner = self.failure() if self.chance(0.3) else self.any_of(kind, depth, env)
        if self.chance(0.3):
            inner = self.within((GAP.join(["builtins.deepSeq", inner, inner]), APPLICATION), SIMPLE)
        text = GAP.join(["let", "t", "=", "builtins.tryEval", inner + ";", "in", "if", "t.success", "then", "t.value", "else",
                         self.any_of(kind, depth - 1, env, WHOLE)])
        return text, WHOLE

    def sequenced(self, kind, depth, env):
        first = self.any_of(self.some_type(2), depth, env)
        function_name = self.pick(["builtins.seq", "builtins.deepSeq", "builtins.trace", "builtins.addErrorContext", "__seq", "builtins.warn",
                                   "builtins.traceVerbose"])
        if function_name in ("builtins.addErrorContext", "builtins.warn"):
            first = self.any_of("string", depth, env)
        return GAP.join([function_name, first, self.any_of(kind, depth, env)]), APPLICATION

    def recursive_set(self, kind, depth, env):
        bindings = self.bindings(depth, env)
        name = self.fresh()
        value = self.any_of(kind, depth, self.extended(env, bindings), WHOLE)
        parts = ["rec", "{", self.binding_texts(bindings), name, "=", value + ";"]
        if self.chance(0.1):
            replaced = self.pick(bindings)
            parts += ["__overrides", "=", self.set_text([(replaced[0], self.any_of(self.some_type(1), depth - 1, env, WHOLE))]) + ";"]
        return GAP.join(parts + ["}.%s" % name]), SIMPLE

    def functor_call(self, kind, depth, env):
        item = self.some_type(1)
        inner = env + [("arg", item)]
        body = self.any_of(kind, depth, inner, WHOLE)
        text = GAP.join(["{", "__functor", "=", "self:", "arg:", body + ";", "k", "=", self.any_of("int", 1, env, WHOLE) + ";", "}"])
        return GAP.join([text, self.any_of(item, depth - 1, env)]), APPLICATION

    def folded(self, kind, depth, env):
        item = self.some_type(1)
        acc, one = self.fresh(), self.fresh()
        inner = env + [(acc, kind), (one, item)]
        body = self.any_of(kind, depth - 1, inner, WHOLE)
        return GAP.join(["builtins.foldl'", "(%s:%s%s:%s%s)" % (acc, GAP, one, GAP, body), self.any_of(kind, depth - 1, env),
                         self.any_of(listing(item), depth - 1, env)]), APPLICATION

    def inherited(self, kind, depth, env):
        value, name = self.any_of(kind, depth, env, WHOLE), self.name()
        source = self.set_text([(name, value), (self.fresh(), self.failure())])
        chosen = self.random.random()
        if chosen < 0.4:
            return GAP.join(["let", "inherit", "(%s)" % source, name + ";", "in", name]), WHOLE
        if chosen < 0.7:
            return GAP.join(["{", "inherit", "(%s)" % source, name + ";", "}.%s" % name]), SIMPLE
        if chosen < 0.8:
            return GAP.join(["rec", "{", "inherit", "(%s)" % source, self.quoted(name), ";", "}.%s" % name]), SIMPLE
        return "(%s:%s{%sinherit%s%s;%s}.%s)%s%s" % (name, GAP, GAP, GAP, name, GAP, name, GAP, self.within((value, WHOLE), SIMPLE)), APPLICATION

    def through_json(self, kind, depth, env):
        return GAP.join(["builtins.fromJSON", "(builtins.toJSON%s%s)" % (GAP, self.any_of(kind, depth, env))]), APPLICATION

    def chosen_attribute(self, kind, depth, env):
        source = self.any_of(dict_of(kind), depth, env)
        name = self.pick(NAMES[:8])
        return GAP.join(["(%s//{%s=%s;})" % (source, name, self.any_of(kind, depth, env, WHOLE)) + ".${%s}" % self.quoted(name)]), SIMPLE

    # Forms of one type.

    def typed(self, kind, depth, env):
        if isinstance(kind, tuple):
            return {"list": self.list_form, "dict": self.dict_form, "set": self.set_form, "function": self.function_form}[kind[0]](kind, depth, env)
        return getattr(self, "%s_form" % kind)(depth, env)

    def binary(self, operators, left, right, depth, env):
        return GAP.join([self.operand(left, depth, env), self.pick(operators), self.operand(right, depth, env)]), OPERATION

    def int_form(self, depth, env):
        if self.chance(0.08):
            return "-" + self.operand("int", depth, env), OPERATION
        return self.binary(["+", "-", "*", "/", "+", "-"], "int", "int", depth, env)

    def float_form(self, depth, env):
        if self.chance(0.08):
            return "-" + self.operand("float", depth, env), OPERATION
        left, right = self.pick([("float", "float"), ("int", "float"), ("float", "int")])
        return self.binary(["+", "-", "*", "/"], left, right, depth, env)

    def bool_form(self, depth, env):
        chosen = self.random.random()
        if chosen < 0.12:
            return "!" + self.operand("bool", depth, env), OPERATION
        if chosen < 0.4:
            return self.binary(["&&", "||", "->"], "bool", "bool", depth, env)
        if chosen < 0.6:
            item = self.pick(["int", "float", "string", "path", listing("int"), listing("string"), listing(listing("float"))])
            other = self.pick(["int", "float"]) if item in ("int", "float") else item
            return self.binary(["<", "<=", ">", ">="], item, other, depth, env)
        if chosen < 0.85:
            item = self.some_type(2)
            return self.binary(["==", "!="], item, item if self.chance(0.9) else self.some_type(1), depth, env)
        base = self.any_of(self.pick([dict_of("any"), dict_of("int"), "any", ("set", (("a", dict_of("int")),))]), depth, env)
        path = ".".join(self.key(self.name()) for _ in range(self.pick([1, 1, 2])))
        return GAP.join([base, "?", path]), OPERATION

    def null_form(self, depth, env):
        return "null", SIMPLE

    def path_form(self, depth, env):
        chosen = self.random.random()
        if chosen < 0.6:
            return GAP.join([self.operand("path", depth, env), "+", self.operand(self.pick(["string", "path"]), depth, env)]), OPERATION
        if chosen < 0.75:
            return "./d/${%s}" % self.any_of("string", depth, env, WHOLE), SIMPLE
        return self.texts.path_literal(), SIMPLE

    def string_form(self, depth, env):
        chosen = self.random.random()
        if chosen < 0.3:
            return self.binary(["+"], "string", self.pick(["string", "string", "string", "path"]) if self.chance(0.3) else "string", depth, env)
        if chosen < 0.75:
            return self.interpolated(depth, env), SIMPLE
        return self.texts.string_literal(), SIMPLE

    def interpolated(self, depth, env):
        holes = []
        for _ in range(self.random.randint(1, 3)):
            if self.chance(0.7):
                holes.append("${%s}" % self.any_of("string", depth, env, WHOLE))
            else:
                holes.append("${toString%s%s}" % (GAP, self.any_of(self.basic_type(), depth - 1, env)))
        return self.texts.around(holes)

    def list_form(self, kind, depth, env):
        chosen = self.random.random()
        item = kind[1]
        if chosen < 0.25:
            return self.binary(["++"], kind, kind, depth, env)
        if chosen < 0.4:
            name = self.fresh()
            of = self.some_type(1)
            body = self.any_of(item, depth - 1, env + [(name, of)], WHOLE)
            return GAP.join([self.pick(["map", "builtins.map"]), "(%s:%s%s)" % (name, GAP, body), self.any_of(listing(of), depth - 1, env)]), APPLICATION
        items = [self.any_of(item, depth - self.random.randint(0, 1), env) for _ in range(self.random.randint(0, 4))]
        return "[%s]" % GAP.join([""] + items + [""]), SIMPLE

    def dict_form(self, kind, depth, env):
        item = kind[1]
        if self.chance(0.25):
            return self.binary(["//"], kind, kind, depth, env)
        names = list(dict.fromkeys(self.pick(NAMES) if self.chance(0.9) else self.pick(ODD_NAMES) for _ in range(self.random.randint(0, 4))))
        bindings = [(name, self.any_of(item, depth - 1, env, WHOLE)) for name in names]
        if self.chance(0.06):
            name = self.pick(NAMES)
            extra = "%s=%s" % ("${null}" if self.chance(0.3) else "${%s}" % self.any_of("string", depth - 1, env, WHOLE), self.any_of(item, depth - 1, env, WHOLE))
            text = self.set_text(bindings)
            return text[:-1] + extra + ";" + GAP + "}", SIMPLE
        return self.set_text(bindings), SIMPLE

    def set_form(self, kind, depth, env):
        bindings = [(name, self.any_of(item, depth, env, WHOLE)) for name, item in kind[1]]
        if self.chance(0.2):
            cut = self.random.randint(0, len(bindings))
            return GAP.join([self.set_text(bindings[:cut]), "//", self.set_text(bindings[cut:])]), OPERATION
        if self.chance(0.02) and bindings:
            bindings.append(bindings[0])
        return self.set_text(bindings, recursive=self.chance(0.05)), SIMPLE

    def function_form(self, kind, depth, env):
        argument, result = kind[1], kind[2]
        if isinstance(argument, tuple) and argument[0] == "set" and self.chance(0.7):
            fields = [(name, item, self.chance(0.3)) for name, item in argument[1]]
            names = [name for name, _, _ in fields]
            formals, _ = self.pattern(fields, depth, [pair for pair in env if pair[0] not in names])
            inner = [pair for pair in env if pair[0] not in names] + list(argument[1])
            return "%s:%s%s" % (formals, GAP, self.any_of(result, depth, inner, WHOLE)), WHOLE
        name = self.name()
        inner = [pair for pair in env if pair[0] != name] + [(name, argument)]
        return "%s:%s%s" % (name, GAP, self.any_of(result, depth, inner, WHOLE)), WHOLE

    # Built-in functions.

    def builtin_call(self, kind, depth, env):
        candidates = generator_calls.candidates(kind)
        if not candidates:
            return None
        name, arguments, result = generator_calls.TABLE[self.pick(candidates)]
        bound = {}
        generator_calls.unify(result, kind, bound)
        texts = [self.argument(argument, depth - 1, env, bound) for argument in arguments]
        if self.chance(0.01) and texts:
            texts = texts[:-1]
        prefix = "builtins."
        if name in generator_calls.GLOBAL:
            prefix = self.pick(["", "builtins."])
        elif self.chance(0.1):
            prefix = "__"
        return GAP.join([prefix + name] + texts), APPLICATION

    def argument(self, pattern, depth, env, bound):
        if callable(pattern):
            text = pattern(self.texts)
            return "(%s)" % text if text.startswith("-") else text
        kind = generator_calls.instance(pattern, bound, lambda: self.some_type(1))
        if self.chance(0.03):
            return self.failure()
        return self.any_of(kind, depth, env)
