"""Literals, and texts with a grammar of their own: regular expressions, JSON, TOML, versions, paths."""

EDGES = ["9223372036854775807", "-9223372036854775807", "4611686018427387904", "9007199254740993", "2147483648", "-1", "0", "00", "007"]
FLOATS = ["0.0", "1.0", "1.5", "0.1", ".5", "1.", "3.14159265358979", "1.0e10", "1.0E-7", "123456.7", "1234567.8", "1.0e22", "1.0e-5",
          "0.30000000000000004", "100000.0", "999999.5", "2.5", "-0.5", "1.7976931348623157e308", "9.223372036854775e18", "1.0e300", "5.0e-5",
          "9007199254740993.0", "0.1e1", "16777217.0"]
PATHS = ["./d", "./t.txt", "./d/e", "./.", "../t.txt", "/no/such/a/b", "/no/such/a/../b", "./d/./e/../l", "./no-such", "/no/such/a/.", "./d/e/default.nix", "./data.json"]
WORDS = ["", "a", "ab", "abc", "foo", "foo bar", "x", "é", "a.b", "1", "1.5", "-1", "true", "/a/b", "a/b/", "/", "A", "z", "\\n", "\\t x", "$",
         "\\${x}", "$${x}", "\\\"", "\\\\", "a b  c", "1.2.3", "name-1.0", " ", "  lead", "\\r\\n", "<&>", "\\q", "ünïcödé", "a'b", "{\\\"a\\\": 1}"]
TOML_VALUES = ["1", "-7", "+3", "0x1F", "0o17", "0b101", "1_000", "1.5", "-0.0", "1e3", "6.02e+23", "inf", "-inf", "nan", "true", "false", '"s"', "'lit'",
               '"""\nm"""', "'''\nx'''", "[]", "[1, 2]", "[1, 'a']", "{ a = 1 }", "{ }", '"\\u00e9"', '"\\t"', "[[1], ['b']]", "1979-05-27",
               "07:32:00", "1979-05-27T07:32:00Z", "9223372036854775807", "9223372036854775808", "0.1", "01", "1__0", "[1,]", "{ a = 1, }", '"a\\qb"', "tru"]
ATOMS = ["a", "b", "c", ".", "x", "1", "[abc]", "[^a]", "[a-c]", "[[:alpha:]]", "[[:digit:]]", "[[:space:]]", "(a)", "(a|b)", "(ab|a)", "(a*)", "()",
         "(b|())", "\\\\.", "\\\\*", "[]a]", "[a-]", "é", "[.]", "\\\\(", "(a|ab)(c|bcd)", "[^[:alnum:]_]", "[[:upper:]]", "[[:lower:][:punct:]]", "[[:xdigit:]]+", "[[:blank:]]", "[[:cntrl:]]", "[[:graph:]]", "[[:print:]]", "[^]]", "[]-a]", "[a-c-e]", "[--/]", "[a^]",
         "[\\\\]", "(|a)", "(a|)", "(^a)", "(b$)", "[é]", "\\n", "((a)|(b))", "((a*)+)", "(a+)?", "^", "$", "\\\\\\\\", "/", "-"]
REPEATS = ["", "", "", "*", "+", "?", "{2}", "{1,}", "{0,2}", "{1,3}", "**", "+?", "{,2}"]
SUBJECTS = ["", "a", "ab", "abc", "aabbcc", "abcd", "a1b2", "x y z", "aaa", "foo.bar", "a\\nb", "a-b-c", "1.2.3", "xabx", "é", "()", "a*b", "abab", "cab"]
VERSIONS = ["1.0", "1.2.3", "2.3pre1", "2.3", "1.0-beta", "a", "", "1", "1.", ".1", "1..2", "1a2b", "foo-1.0", "foo-bar-1.2.3pre4", "foo-", "-1", "hello-a-1", "1-2-3",
            "pre", "1.pre", "1.0.0", "01", "10", "9", "nix-2.26.3", "1_0", "é1", "a-1b", "99999999999999999999", "foo-1x-2"]
ALGORITHMS = ["md5", "sha1", "sha256", "sha512", "sha3", ""]
PIECES = ["a", "b", "ab", "", "aa", "c", "x", "é", " ", "-", "bc"]
INDENTED = ["a", "  a", "    b", "\n", "\n  ", "\n    x", "''$", "'''", "''\\n", "''\\t", "\t", " ", "$", "$$", "\\", "\n\n", "''\\${", "$x", "é", "\"", "'", "\r\n"]
STATIC = [
    "{ a = 1; a = 2; }", "{ a.b = 1; a.b = 2; }", "{ a = { b = 1; }; a.b = 2; }", "{ a = { b = 1; }; a.c = 2; }", "{ a.c = 2; a = { b = 1; }; }", "{ a = 1; a.b = 2; }",
    "rec { a.b = 1; a = rec { c = 2; }; }", "{ a = rec { b = 1; c = b; }; a.d = 2; }", "{ a.d = 2; a = rec { b = d; }; }", "({ a, a }: a) { a = 1; }", "({ a }@a: a) { a = 1; }",
    "let ${\"a\"} = 1; in a", "let ${\"a\" + \"\"} = 1; in 2", "let a = 1; a = 2; in a", "let inherit ({ x = 1; }) x; x = 2; in x", "{ inherit a; }", "let a = 1; in { inherit a; a = 2; }",
    "rec { inherit a; }", "{ ${\"a\"} = 1; a = 2; }", "{ ${\"a\" + \"\"} = 1; a = 2; }", "{ a = 1; ${\"a\" + \"\"} = 2; }", "rec { ${\"a\" + \"\"} = 1; b = 2; }", "rec { ${\"a\" + \"\"} = b; b = 2; }.a",
    "1 == 1 == 1", "1 < 2 < 3", "1 != 2 == true", "9223372036854775808", "-9223372036854775808", "1.0e400", "1e3", "0x10", "1.e1", ".1e2", "0.", "01.5", "1.5.5",
    "let or = 1; in or", "{ or = 1; }.or", "{ or = 1; }", "let x = { }; in x or 1", "[ or ]", "(x: x) or", "{ a = 1; }.a or 2 or 3", "{ }.a or { }.b or 3", "let f = x: x; in f { }.a or 1",
    "http://example.org/a?b=c", "a:b", "x:x", "x: x", "a:1", "let a = b:c; in a", "./a/", "/", "//", "a/b", "let a = 4; b = 2; in a/b", "let a = 4; b = 2; in a /b", "./.", ".", "..",
    "<nixpkgs>", "<a/b/c>", "<a/>", "< a >", "builtins.tryEval <nixpkgs>", "builtins.tryEval (toString <a>)", "{a,}: a", "{,}: 1", "{...}: 1", "({...}: 1) { }", "({ a, ... }: a) { a = 1; b = 2; }",
    "({ ... }@x: x) { a = 1; }", "(x@{ ... }: x) { a = 1; }", "({ a ? b, b ? a }: a) { }", "({ a ? b, b ? 1 }: a) { }", "({ a ? 1 }@x: x) { }", "x@{ a }: a", "{ a } @ x : a", "({ a ? x.b }@x: a) { b = 1; }", "({ a ? x.b, b ? 1 }@x: a) { }",
    "let in 1", "let { body = 1; }", "let { a = 2; body = a; }", "let { a = 1; }", "[ let { body = 1; } ]", "let { body = { a = 1; }; }.a", "with { a = 1; }; a", "with 1; 2", "with 1; a", "with { }; a", "let a = 1; in with { a = 2; }; a",
    "with { a = 1; }; with { b = 2; }; [ a b ]", "with { a = 1; }; with { a = 2; }; a", "with { a = throw \"T-1\"; }; 1", "with throw \"T-2\"; 1", "with throw \"T-3\"; a", "if true then 1", "assert true 1", "assert 1; 2", "assert true; 2",
    "a", "a.b", "!1", "-\"a\"", "- 1", "--1", "!!true", "-!true", "1 + !true", "!true && false", "!1 == 2", "-1 + 2", "- 1 * 2", "-{ }.a", "{ a = 1; } ? a", "{ a = 1; } ? a ? b", "!{ a = 1; } ? a", "1 ? a", "[ 1 -1 ]", "[ -1 ]", "[ (-1) ]", "[ 1-1 ]",
    "[ 1 .a ]", "[ { }.a or 1 ]", "[ a.b ]", "[ x: x ]", "[ (x: x) ]", "[ if ]", "[ 1, 2 ]", "f: x", "(f: f 1)(x: x)", "{ }: 1", "({ }: 1) { }", "({ }: 1) { a = 1; }", "({ }: 1) 1", "({ a }: a) [ ]", "(x: x) ", "1 2", "\"a\" \"b\"", "null null",
    "{ a = 1; b = a; }", "rec { a = b; b = a; }.a", "rec { a = 1; b = a; }", "rec { a = rec { b = a; }; }", "let x = x; in x", "let x = [ x ]; in x", "let x = { y = x; }; in x", "let x = { y = x; }; in x.y.y.y == x", "let f = x: f x; in f 1",
    "rec { x = x; }", "rec { x = [ x ]; }", "[ [ ] [ ] ]", "let a = [ ]; in [ a a ]", "let a = { }; in [ a a ]", "let a = [ 1 ]; in [ a a ]", "let a = { b = 1; }; in [ a a ]", "let a = x: x; in [ a a ]", "let a = { b = 1; }; in { c = a; d = a; }",
    "x: y: x", "builtins.map", "builtins.map (x: x)", "builtins.add 1", "[ builtins.add (builtins.add 1) map ]", "__curPos", "[ __curPos ]", "__curPos.line", "__curPos.column", "{ a = __curPos; }.a.file == __curPos.file",
    "{ __functor = self: x: x; }", "{ __functor = 1; } 2", "{ __functor = self: 1; } 2", "{ __functor = self: self: 1; } 2", "builtins.functionArgs { __functor = self: { a }: a; }", "map { __functor = self: x: x + 1; } [ 1 ]", "builtins.isFunction { __functor = 1; }",
    "\"${1}\"", "\"${null}\"", "\"${[ ]}\"", "\"${{ }}\"", "\"${x: x}\"", "\"${true}\"", "\"${1.5}\"", "\"${{ outPath = \"x\"; }}\"", "\"${{ __toString = self: \"y\"; }}\"", "\"${{ __toString = self: 1; }}\"", "\"${{ outPath = 1; }}\"", "toString { __toString = self: 1; }", "toString { outPath = 1; }", "toString { }",
    "toString [ 1 [ ] 2 ]", "toString [ [ ] ]", "toString [ \"\" 1 ]", "toString [ 1 \"\" ]", "toString [ [ 1 2 ] [ ] [ 3 ] null true false ]", "toString (x: x)", "\"a\" + 1", "1 + \"a\"", "\"a\" + null", "[ ] + [ ]", "{ } + { }", "./d + 1", "./d + \"/x\"", "\"x\" + ./d", "./d + ./e", "{ outPath = \"a\"; } + \"b\"", "{ __toString = s: \"a\"; } + \"b\"",
    "null + null", "true + 1", "1.5 + \"a\"", "[ 1 ] ++ 2", "1 ++ [ ]", "null ++ [ ]", "{ } // 1", "1 // { }", "null // { }", "1 && true", "true && 1", "false && 1", "true || 1", "1 || true", "false -> 1", "true -> 1", "1 -> true", "if 1 then 2 else 3", "if null then 2 else 3",
    "null < null", "{ } < { }", "true < false", "[ ] < [ ]", "[ 1 ] < [ 1 2 ]", "[ 1 \"a\" ] < [ 1 2 ]", "[ 1 { } ] < [ 2 { } ]", "[ { } ] < [ { } ]", "1 < \"a\"", "1 < 1.5", "./a < ./b", "./a < \"a\"", "(x: x) < (x: x)", "[ [ 1 ] ] < [ [ 2 ] ]", "1.0 == 1", "[ 1 ] == [ 1.0 ]", "9007199254740993 == 9007199254740992.0",
    "let f = x: x; in f == f", "let f = x: x; in [ f ] == [ f ]", "let f = x: x; in { a = f; } == { a = f; }", "(x: x) == (x: x)", "map == map", "[ map ] == [ map ]", "{ type = \"derivation\"; outPath = \"a\"; b = 1; } == { type = \"derivation\"; outPath = \"a\"; b = 2; }", "{ a = 1; } == { b = 1; }", "{ a = throw \"T-4\"; } == { }", "[ (throw \"T-5\") ] == [ ]", "[ 1 (throw \"T-6\") ] == [ 2 1 ]", "./a == \"./a\"", "null == false",
    "1 / 0", "1.0 / 0", "1 / 0.0", "0.0 / 0.0", "-9223372036854775807 - 2", "9223372036854775807 + 1", "4611686018427387904 * 2", "(-9223372036854775807 - 1) / (-1)", "-(-9223372036854775807 - 1)", "-7 / 2", "7 / (-2)", "7.0 / 2", "1 / 3.0", "0.1 + 0.2", "1.0e200 * 1.0e200", "-0.0", "0 * -1.0", "0.0 - 0.0",
    "\"a\nb\"", "\"a\r\nb\"", "''a\r\n  b''", "''\n    a\n   b\n  ''", "''  a''", "''\n\t a\n''", "''${\"a\"}  b''", "''\n  ${\"a\"}\n    b''", "''\n    a\n\n  b\n''", "''\n  \n   a''", "'' ''", "''\n''", "''\n  ''", "''a''$b''", "''''$''", "'''''''''", "''''''", "''\\''", "''''\\''", "''''\\a''", "''''\\\n''", "\"\\\n\"", "\"$\"", "\"$$\"", "\"$${1}\"", "\"\\${1}\"", "\"$\\{1}\"", "''$${1}''", "''''${1}''", "''$''", "\"${\"${\"a\"}\"}\"", "\"${\"a\"\"b\"}\"", "\"a", "''a", "\"${\"", "/* a", "1 # a", "1 /* a */", "/* a */", "/**/1", "/***/ 1", "/* /* */ 1", "#\n1", "1;", "1)", "(1", "{", "}", "", " ", "\t", "@", "%", "1 % 2", "a ^ b", "1 & 2", "|", "\u00e9", "\u00a0 1", "1 == ", "?",
    "{ \"a\" = 1; }", "{ \"a\".b = 1; }", "{ \"${\"a\"}\" = 1; }", "{ \"${\"a\"}\" = 1; a = 2; }", "{ ${null} = 1; }", "{ ${1} = 1; }", "{ ${null}.a = 1; }", "{ a.${null} = 1; }", "{ ${throw \"T-7\"} = 1; }", "{ }.${null}", "{ a = 1; }.${\"a\"}", "{ a = 1; }.\"a\"", "{ a = 1; }.\"${\"a\"}\"", "{ a = 1; } ? ${\"a\"}", "{ a = 1; } ? \"b\"", "{ inherit ({ a = 1; b = 2; }) a b; }", "{ inherit; }", "{ inherit ({ a = 1; }); }", "{ inherit ({ }) a; }", "{ inherit (throw \"T-8\") a; }", "{ inherit ({ a = 1; }) \"a\"; }", "{ inherit ({ a = 1; }) ${\"a\"}; }", "{ inherit ({ a = 1; }) ${\"a\" + \"\"}; }", "{ inherit ({ or = 1; }) or; }", "let inherit (rec { a = 1; b = a; }) b; in b",
    "rec { __overrides = { a = 2; }; a = 1; b = a; }", "rec { __overrides = { c = 2; }; a = 1; }", "rec { __overrides = 1; a = 1; }", "{ __overrides = { a = 2; }; a = 1; }", "rec { a = 1; b = a; __overrides = { a = b0; }; b0 = 5; }", "let __overrides = { a = 2; }; a = 1; in a", "let { __overrides = { a = 2; }; a = 1; body = a; }", "rec { __overrides.a = 2; a = 1; b = a; }",
    "builtins.unsafeGetAttrPos \"a\" { a = 1; }", "builtins.unsafeGetAttrPos \"b\" { a = 1; }", "builtins.unsafeGetAttrPos \"a\" (builtins.listToAttrs [ { name = \"a\"; value = 1; } ])", "builtins.unsafeGetAttrPos \"b\" { a = 1; \n  b = 2; }", "builtins.unsafeGetAttrPos \"a\" { ${\"a\" + \"\"} = 1; }", "let a = 1; in builtins.unsafeGetAttrPos \"a\" { inherit a; }", "builtins.unsafeGetAttrPos \"a\" { inherit ({ a = 1; }) a; }", "builtins.unsafeGetAttrPos \"b\" { a.b = 1; }.a", "builtins.unsafeGetAttrPos \"a\" { a.b = 1; a.c = 2; }", "builtins.unsafeGetAttrPos \"a\" ({ a = 1; } // { a = 2; })", "builtins.unsafeGetAttrPos \"a\" (builtins.mapAttrs (n: v: v) { a = 1; })", "builtins.unsafeGetAttrPos \"a\" (builtins.functionArgs ({ a, b ? 1 }: a))", "builtins.unsafeGetAttrPos \"a\" (builtins.intersectAttrs { a = 1; } { a = 2; })", "builtins.unsafeGetAttrPos \"a\" (removeAttrs { a = 1; b = 2; } [ \"b\" ])", "builtins.unsafeGetAttrPos \"a\" rec { __overrides = { a = 2; }; a = 1; }", "builtins.unsafeGetAttrPos \"é\" { x = \"é\"; \"é\" = 1; }",
    "builtins.functionArgs ({ a, b ? 1, ... }@c: a)", "builtins.functionArgs (x: x)", "builtins.functionArgs map", "builtins.functionArgs { }", "builtins.functionArgs (import ./d/e)",
]


class Texts:
    """Random texts from a `random.Random`."""

    def __init__(self, random):
        self.random = random

    def pick(self, choices):
        return self.random.choice(choices)

    def some(self, choices, least, most):
        return [self.pick(choices) for _ in range(self.random.randint(least, most))]

    def quoted(self, text):
        """A text of source characters that stand for themselves in a string, as a literal."""
        return '"%s"' % text

    def literal_of(self, text):
        return '"%s"' % text.replace("\\", "\\\\").replace('"', '\\"').replace("${", "\\${")

    # Literals.

    def integer(self):
        return str(self.random.randint(-3, 12)) if self.random.random() < 0.85 else self.pick(EDGES)

    def small(self):
        return str(self.pick([0, 1, 2, 3, 5, -1, 0, 1, 2, 100]))

    def float_literal(self):
        return self.pick(FLOATS)

    def path_literal(self):
        return self.pick(PATHS)

    def absolute_literal(self):
        return self.quoted(self.pick(["/", "/a", "/a/../b", "//a//b/", "/a/.", "a", "", "/a/./b/..", "/..", "/a/...", "/.a"]))

    def name_literal(self):
        return self.quoted(self.pick(["a", "b", "c", "d", "e", "x", "a", "b", "name", "", "é"]))

    def string_literal(self):
        chosen = self.random.random()
        if chosen < 0.75:
            return self.quoted(self.pick(WORDS))
        if chosen < 0.97:
            return self.around([])
        return self.pick(["http://example.org/x", "mailto:a@b", "a:b", "x:1.5"])

    def around(self, holes):
        """A string literal with the interpolations `holes` in it."""
        is_indented = self.random.random() < 0.35
        pieces = []
        for hole in holes + [None]:
            choices = INDENTED if is_indented else WORDS
            pieces += self.some(choices, 0, 3 if is_indented else 1)
            if hole is not None:
                pieces.append(hole)
        text = "".join(pieces)
        if is_indented:
            return "''%s%s''" % (self.pick(["", "\n", "\n  ", "  "]), text)
        return '"%s"' % text

    def regex(self, depth=2):
        pieces = []
        for _ in range(self.random.randint(0, 4)):
            if depth > 0 and self.random.random() < 0.25:
                inner = self.regex(depth - 1)
                pieces.append(self.pick(["(%s)", "(%s|a)", "(a|%s)", "%s|b"]) % inner)
            else:
                pieces.append(self.pick(ATOMS))
            pieces.append(self.pick(REPEATS))
        if self.random.random() < 0.03:
            pieces.insert(self.random.randint(0, len(pieces)), self.pick(["(", ")", "[", "]", "{", "}", "*", "\\\\", "[[:foo:]]", "[b-a]", "{3,1}", "\\\\d", "\\\\w", "\\\\1", "(?:a)", "[[.a.]]", "[[=a=]]", "\\\\b"]))
        return "".join(pieces)

    def regex_literal(self):
        return self.quoted(self.regex())

    def version_literal(self):
        return self.quoted(self.pick(VERSIONS))

    def algorithm(self):
        return self.quoted(self.pick(ALGORITHMS[:4] * 8 + ALGORITHMS))

    def replacement_list(self):
        return "[ %s ]" % " ".join(self.quoted(piece) for piece in self.some(PIECES, 2, 2 if self.random.random() < 0.9 else 3))

    def comparator(self):
        return self.pick(["(a: b: a < b)", "(a: b: a > b)", "(a: b: a <= b)", "(a: b: true)", "(a: b: false)", "builtins.lessThan", "(a: b: 1)",
                          "(a: b: builtins.div a 2 < builtins.div b 2)", "(a: 1)", "1"])

    def key_function(self):
        return self.pick(["(x: toString x)", "(x: if x < 3 then \"a\" else \"b\")", "(x: x)", "toString", "(x: \"\")"])

    def closure(self):
        start = self.pick(["[ { key = 1; } ]", "[ ]", "[ { key = \"a\"; } { key = \"b\"; } ]", "[ { key = 1; } { key = 1; v = 2; } ]", "[ { key = 1; } { key = 1.0; } ]", "[ { } ]", "[ 1 ]",
                           "[ { key = { }; } ]", "[ { key = 1; } { key = \"a\"; } ]", "[ { key = [ 1 ]; } { key = [ 1 2 ]; } ]", "[ { key = ./d; } ]", "[ { key = null; } ]"])
        step = self.pick(["x: [ ]", "x: if x.key < 5 then [ { key = x.key + 1; } ] else [ ]", "x: [ { key = x.key; } ]", "x: 1", "x: [ { } ]", "x: if x.key == 1 then [ { key = 2; } { key = 3; } ] else [ ]",
                          "x: [ x ]", "{ key, ... }: [ ]", "x: throw \"T-90\""])
        return "{ startSet = %s; operator = %s; }" % (start, step)

    def hash_to_convert(self):
        digest = self.pick(["47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73",
                            "d41d8cd98f00b204e9800998ecf8427e", "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "xyz", ""])
        form = self.pick(["base16", "nix32", "base32", "base64", "sri", "nope"])
        algorithm = self.pick(["hashAlgo = \"sha256\"; ", "hashAlgo = \"sha256\"; ", "", "hashAlgo = \"md5\"; ", "hashAlgo = \"bad\"; "])
        return "{ hash = \"%s\"; %stoHashFormat = \"%s\"; }" % (digest, algorithm, form)

    def json(self, depth=3):
        chosen = self.random.random()
        if depth <= 0 or chosen < 0.4:
            return self.pick(["1", "-1", "0", "1.5", "1.0", "-0.0", "1e3", "1E-2", "true", "false", "null", '"a"', '""', '"\\u00e9"', '"\\n"', '"\\ud83d\\ude00"', "9223372036854775807", "9223372036854775808", "18446744073709551616",
                              "-9223372036854775808", "-9223372036854775809", '"\u00e9"', '"a\\/b"', "1e400", "0.1", "12345678901234567890.5", "[]", "{}", '"\\""'])
        if chosen < 0.7:
            return "[%s]" % ", ".join(self.json(depth - 1) for _ in range(self.random.randint(0, 3)))
        return "{%s}" % ", ".join('"%s": %s' % (self.pick(["a", "b", "c", "", "a b"]), self.json(depth - 1)) for _ in range(self.random.randint(0, 3)))

    def json_literal(self):
        text = self.json()
        if self.random.random() < 0.1:
            at = self.random.randint(0, len(text))
            text = text[:at] + self.pick(["", ",", "]", "}", "x", "01", "'", ":", "\\u0000", "nul", "//", "\t", "\"\\x\"", "+1", ".5", "1."]) + text[at + self.random.randint(0, 1):]
        return self.literal_of(text)

    def toml_literal(self):
        lines = []
        for _ in range(self.random.randint(0, 4)):
            chosen = self.random.random()
            key = self.pick(["a", "b", "c", "a.b", "'x y'", '"q"', "1", "a-b", "d.e.f", "é"] if self.random.random() < 0.9 else ["a b", "=", ""])
            if chosen < 0.7:
                lines.append("%s = %s" % (key, self.pick(TOML_VALUES)))
            elif chosen < 0.85:
                lines.append("[%s]" % self.pick(["t", "t.u", "a", "x.'y z'", "t"]))
            elif chosen < 0.95:
                lines.append("[[%s]]" % self.pick(["l", "l.m", "a", "l"]))
            else:
                lines.append("# note")
        return self.literal_of("\n".join(lines) + self.pick(["", "\n"]))

    # Whole expressions.

    def broken_on_purpose(self):
        """One of a table of expressions about what is decided before evaluation, or at the edges of it."""
        return self.pick(STATIC)

    def subject(self):
        return self.quoted(self.pick(SUBJECTS) if self.random.random() < 0.6 else "".join(self.some(["a", "b", "c", "ab", ".", " ", "1", "x", "é", "\\n"], 0, 6)))

    def store_text(self):
        path = self.pick(["./t.txt", "./d", "./d/e", "./data.json"])
        return self.pick([
            "\"${%s}\"" % path, "\"a${%s}b\"" % path, "\"\" + %s" % path, "builtins.toJSON %s" % path, "builtins.getContext \"${%s}\"" % path,
            "builtins.path { path = %s; }" % path, "builtins.path { path = %s; name = \"n\"; }" % path, "builtins.path { path = %s; recursive = false; }" % path,
            "builtins.path { path = %s; filter = p: t: t != \"symlink\"; }" % path, "builtins.filterSource (p: t: baseNameOf p != \"e\") %s" % path,
            "builtins.path { path = %s; sha256 = \"%s\"; }" % (path, "0" * 52), "builtins.path { path = %s; nmae = \"n\"; }" % path,
            "builtins.toFile \"x\" \"${%s}\"" % path, "builtins.hashFile \"sha256\" %s" % path, "builtins.hasContext \"${%s}\"" % path,
            "builtins.readFile %s" % path, "builtins.readDir %s" % path, "builtins.readFileType %s" % path, "builtins.pathExists %s" % path, "import %s" % path,
            "builtins.fromJSON (builtins.readFile %s)" % path, "baseNameOf \"${%s}\"" % path, "builtins.stringLength \"${%s}\"" % path,
            "(derivation { name = \"n\"; system = \"s\"; builder = \"b\"; src = %s; }).outPath" % path,
            "(derivation { name = \"n\"; system = \"s\"; builder = \"b\"; args = [ \"x\" %s ]; outputs = [ \"out\" \"dev\" ]; }).dev.outPath" % path,
            "builtins.attrNames (derivation { name = \"n\"; system = \"s\"; builder = \"b\"; })", "derivation { name = \"n\"; system = \"s\"; builder = \"b\"; __ignoreNulls = true; x = null; }",
            "builtins.getContext (derivation { name = \"n\"; system = \"s\"; builder = \"b\"; }).outPath", "derivation { name = \"n\"; system = 1; builder = \"b\"; }", "derivation { name = \"n\"; }",
            "builtins.toString %s" % path, "toString [ %s ]" % path, "builtins.concatStringsSep \",\" [ %s ]" % path, "builtins.replaceStrings [ \"t\" ] [ \"${%s}\" ] \"txt\"" % path,
            "builtins.storePath %s" % path, "builtins.toXML %s" % path, "builtins.match \".*\" \"${%s}\"" % path, "builtins.split \"-\" \"${%s}\"" % path, "builtins.substring 0 11 \"${%s}\"" % path,
        ])

    def library_call(self):
        """A call whose arguments have a grammar of their own."""
        call = self.pick([
            lambda: "builtins.match %s %s" % (self.regex_literal(), self.subject()),
            lambda: "builtins.split %s %s" % (self.regex_literal(), self.subject()),
            lambda: "builtins.fromJSON %s" % self.json_literal(),
            lambda: "builtins.toJSON (builtins.fromJSON %s)" % self.json_literal(),
            lambda: "builtins.toXML (builtins.fromJSON %s)" % self.json_literal(),
            lambda: "builtins.fromTOML %s" % self.toml_literal(),
            lambda: "builtins.compareVersions %s %s" % (self.version_literal(), self.version_literal()),
            lambda: "builtins.splitVersion %s" % self.version_literal(),
            lambda: "builtins.parseDrvName %s" % self.version_literal(),
            lambda: "builtins.hashString %s %s" % (self.algorithm(), self.string_literal()),
            lambda: "builtins.replaceStrings %s %s %s" % (self.replacement_list(), self.replacement_list(), self.subject()),
            lambda: "builtins.substring (%s) (%s) %s" % (self.integer(), self.integer(), self.string_literal()),
            lambda: "map toString [ (%s) (%s) (%s / 3) ]" % (self.float_literal(), self.float_literal(), self.float_literal()),
            lambda: "[ (%s) (%s) (%s * 1.1) ]" % (self.float_literal(), self.float_literal(), self.float_literal()),
            lambda: "builtins.genericClosure %s" % self.closure(),
            lambda: "builtins.convertHash %s" % self.hash_to_convert(),
            lambda: "[ (builtins.floor (%s)) (builtins.ceil (%s)) ]" % (self.float_literal(), self.float_literal()),
            lambda: "[ ((%s) < (%s)) ((%s) == (%s)) ]" % (self.float_literal(), self.integer(), self.integer(), self.float_literal()),
            lambda: "builtins.sort %s [ %s ]" % (self.comparator(), " ".join(str(self.random.randint(0, 9)) for _ in range(self.random.randint(0, 6)))),
            lambda: "{ s = %s; }.s" % self.around(["${%s}" % self.string_literal() for _ in range(self.random.randint(0, 2))]),
            self.store_text, self.store_text,
            lambda: "let a = { %s }; in builtins.unsafeGetAttrPos %s a" % (" ".join("%s = 1;" % name for name in sorted(set(self.some(["a", "b", "\n c", "d"], 1, 3)))), self.name_literal()),
        ])
        return call()
