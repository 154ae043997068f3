//! `lib.generators`: values as configuration files and as readable text.
//!
//! Values that are not known leave holes in the text where the format lets them; the formats that look into every value give the unknown.

mod depth;
mod ini;
mod pretty;
mod structured;

pub(super) use ini::value_text;
pub(super) use pretty::pretty_text;

use super::{Family, Member};
use crate::eval::{Evaluator, NativeDef, Outcome};
use crate::heap::Value;

/// `lib.generators`
pub(super) static FAMILY: Family = Family {
    name: "generators",
    functions: &[FUNCTIONS, depth::FUNCTIONS, ini::FUNCTIONS, pretty::FUNCTIONS, structured::FUNCTIONS],
    members: &[Member::Made("toDconfINI", ini::to_dconf_ini)],
    top: &["mkLuaInline"],
};

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::with_strict("lib.generators.toJSON", 2, 0b01, to_json),
    NativeDef::with_strict("lib.generators.toYAML", 2, 0b01, to_json),
];

fn to_json(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [options, value] = arguments else { return Ok(Value::NULL) };
    super::support::named_arguments(ev, "toJSON", *options, &[])?;
    super::support::call_native(ev, "builtins.toJSON", &[*value])
}

/// A text under construction, with the strings whose contexts it takes over.
#[derive(Default)]
struct Text {
    bytes: Vec<u8>,
    sources: Vec<crate::heap::StrId>,
}

impl Text {
    fn push(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// Appends a string of the heap.
    fn push_string(&mut self, ev: &Evaluator, id: crate::heap::StrId) {
        self.bytes.extend_from_slice(ev.heap.bytes(id));
        self.keep_context(ev, id);
    }

    /// Takes over the context of a string of which a changed form was appended.
    fn keep_context(&mut self, ev: &Evaluator, id: crate::heap::StrId) {
        if ev.heap.has_context(id) {
            self.sources.push(id);
        }
    }

    fn finish(self, ev: &mut Evaluator) -> Outcome {
        super::support::new_text(ev, &self.bytes, &self.sources)
    }
}

/// Deepest nesting of a value that is written out.
const DEEPEST: u32 = 500;

fn deeper(ev: &mut Evaluator, depth: u32) -> Result<u32, crate::eval::Stop> {
    ev.tick()?;
    if depth >= DEEPEST { Err(ev.limit_error(crate::eval::LimitKind::Depth)) } else { Ok(depth + 1) }
}

#[cfg(test)]
mod tests {
    use crate::nixlib::testing::check;

    #[test]
    fn lines_and_sections() {
        check(&[
            ("lib.generators.toKeyValue { } { \"a=b\" = true; c = 1; }", r#""a\\=b=true\nc=1\n""#),
            (
                "lib.generators.toINI { listsAsDuplicateKeys = true; } { Network.DNS = [ \"a\" \"b\" ]; }",
                r#""[Network]\nDNS=a\nDNS=b\n""#,
            ),
            ("lib.generators.toINI { } { a.b = [ ]; }", "error: …"),
            ("lib.generators.toINI { wrong = 1; } { }", "error: …"),
            ("lib.generators.toGitINI { url.\"x:\".insteadOf = \"y\"; }", r#""[url \"x:\"]\n\tinsteadOf = \"y\"\n""#),
        ]);
    }

    #[test]
    fn values_as_source() {
        check(&[
            (
                "lib.generators.toPretty { multiline = false; } { a = [ 1 null ]; \"b c\" = \"x\"; }",
                r#""{ a = [ 1 null ]; \"b c\" = \"x\"; }""#,
            ),
            ("lib.generators.toPretty { } ({ a, b ? 1 }: a)", r#""<function, args: {a, b?}>""#),
            (
                "lib.generators.toLua { multiline = false; } { a = [ true (lib.mkLuaInline \"f()\") ]; }",
                r#""{ [\"a\"] = { true, (f()) } }""#,
            ),
            ("lib.generators.toDhall { } { a = -1; b = [ 2 ]; }", r#""{ a = -1, b = [ +2 ] }""#),
            (
                "(lib.generators.withRecursion { depthLimit = 1; throwOnDepthLimit = false; } { a.b.c = 1; }).a.b",
                r#""<unevaluated>""#,
            ),
        ]);
    }
}
