//! `toXML`.

use rustc_hash::FxHashSet;

use crate::eval::{Evaluator, LimitKind, NativeDef, Outcome, Stop};
use crate::heap::{StrId, Symbol, Value, View, sym};
use crate::syntax::ir::Expr;

pub(super) static FAMILY: &[NativeDef] = &[NativeDef::strict("builtins.toXML", 1, to_xml)];

/// Deepest nesting that is written.
const DEEPEST: u32 = 2_000;

#[derive(Default)]
struct Writer {
    /// Bytes, since a string may hold half a character.
    text: Vec<u8>,
    sources: Vec<StrId>,
    /// Derivations that were written already, by the path of the derivation.
    derivations: FxHashSet<Vec<u8>>,
}

fn to_xml(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [value] = args else { return Ok(Value::NULL) };
    let mut writer = Writer { text: b"<?xml version='1.0' encoding='utf-8'?>\n<expr>\n".to_vec(), ..Writer::default() };
    writer.value(ev, *value, 1)?;
    writer.text.extend_from_slice(b"</expr>\n");
    let id = ev.heap.new_string(&writer.text);
    ev.heap.join_contexts(id, &writer.sources);
    Ok(Value::string(id))
}

fn escape(text: impl AsRef<[u8]>) -> Vec<u8> {
    let text = text.as_ref();
    let mut escaped = Vec::with_capacity(text.len());
    for byte in text {
        match byte {
            b'"' => escaped.extend_from_slice(b"&quot;"),
            b'<' => escaped.extend_from_slice(b"&lt;"),
            b'>' => escaped.extend_from_slice(b"&gt;"),
            b'&' => escaped.extend_from_slice(b"&amp;"),
            b'\n' => escaped.extend_from_slice(b"&#xA;"),
            _ => escaped.push(*byte),
        }
    }
    escaped
}

/// An attribute of an element, as `name="value"` with a space before it.
fn attribute(name: &str, value: impl AsRef<[u8]>) -> Vec<u8> {
    [b" ", name.as_bytes(), b"=\"", &escape(value), b"\""].concat()
}

impl Writer {
    fn line(&mut self, depth: u32, content: impl AsRef<[u8]>) {
        (0..depth).for_each(|_| self.text.extend_from_slice(b"  "));
        self.text.extend_from_slice(content.as_ref());
        self.text.push(b'\n');
    }

    /// A tag with one attribute: `<opening name="value"`, and `end`.
    fn tag(&mut self, depth: u32, opening: &str, name: &str, value: impl AsRef<[u8]>, end: &str) {
        self.line(depth, [opening.as_bytes(), &attribute(name, value), end.as_bytes()].concat());
    }

    /// An element without content but with a value.
    fn leaf(&mut self, depth: u32, element: &str, value: impl AsRef<[u8]>) {
        self.tag(depth, &format!("<{element}"), "value", value, " />");
    }

    fn value(&mut self, ev: &mut Evaluator, value: Value, depth: u32) -> Result<(), Stop> {
        ev.tick()?;
        if depth > DEEPEST {
            return Err(ev.limit_error(LimitKind::Depth));
        }
        if self.text.len() > ev.limits.string_bytes {
            return Err(ev.limit_error(LimitKind::String));
        }
        let value = ev.want(value)?;
        match value.view() {
            View::Null => self.line(depth, "<null />"),
            View::Bool(truth) => self.leaf(depth, "bool", if truth { "true" } else { "false" }),
            View::Int(number) => self.leaf(depth, "int", number.to_string()),
            View::Float(_) => {
                let number = ev.print(value);
                self.leaf(depth, "float", number);
            }
            View::Str(id) => {
                if ev.heap.has_context(id) {
                    self.sources.push(id);
                }
                self.leaf(depth, "string", ev.heap.bytes(id));
            }
            View::Path(id) => self.leaf(depth, "path", ev.heap.bytes(id)),
            View::List(_) => {
                let seq = ev.want_whole_list(value)?;
                self.line(depth, "<list>");
                for slot in seq.slots() {
                    self.value(ev, Value::reference(slot), depth + 1)?;
                }
                self.line(depth, "</list>");
            }
            View::Attrs(_) => self.set(ev, value, depth)?,
            View::Lambda(..) => self.function(ev, value, depth),
            _ => self.line(depth, "<unevaluated />"),
        }
        Ok(())
    }

    fn set(&mut self, ev: &mut Evaluator, value: Value, depth: u32) -> Result<(), Stop> {
        let set = ev.want_whole_attrs(value)?;
        if !ev.is_derivation(set) {
            self.line(depth, "<attrs>");
            self.attributes(ev, value, depth + 1)?;
            self.line(depth, "</attrs>");
            return Ok(());
        }
        let mut opening = b"<derivation".to_vec();
        let mut is_new = false;
        for (name, symbol) in [("drvPath", sym::DRV_PATH), ("outPath", sym::OUT_PATH)] {
            let Some(path) = ev.attribute(set, symbol) else { continue };
            let path = ev.want(path)?;
            if let View::Str(id) = path.view() {
                opening.extend(attribute(name, ev.heap.bytes(id)));
                if symbol == sym::DRV_PATH {
                    let path = ev.heap.bytes(id).to_vec();
                    is_new = !path.is_empty() && self.derivations.insert(path);
                }
            }
        }
        opening.push(b'>');
        self.line(depth, opening);
        if is_new {
            self.attributes(ev, value, depth + 1)?;
        } else {
            self.line(depth + 1, "<repeated />");
        }
        self.line(depth, "</derivation>");
        Ok(())
    }

    fn attributes(&mut self, ev: &mut Evaluator, value: Value, depth: u32) -> Result<(), Stop> {
        let set = ev.want_whole_attrs(value)?;
        for (name, slot, _) in ev.heap.entries(set) {
            self.tag(depth, "<attr", "name", ev.heap.name(name), ">");
            self.value(ev, Value::reference(slot), depth + 1)?;
            self.line(depth, "</attr>");
        }
        Ok(())
    }

    fn function(&mut self, ev: &mut Evaluator, value: Value, depth: u32) {
        let parameter = match value.view() {
            View::Lambda(id, _) => ev.program.lambda(id).map(|lambda| ev.program.expr(lambda.parameter)),
            _ => None,
        };
        let parameter = match parameter {
            Some(Expr::Binder(name)) => Some(ev.heap.name(Symbol(name.0)).to_owned()),
            _ => None,
        };
        self.line(depth, "<function>");
        match ev.formals_of(value) {
            None => self.tag(depth + 1, "<varpat", "name", parameter.unwrap_or_default(), " />"),
            Some(formals) => {
                let opening = if ev.has_ellipsis(value) { "<attrspat ellipsis=\"1\"" } else { "<attrspat" };
                match parameter {
                    Some(name) => self.tag(depth + 1, opening, "name", name, ">"),
                    None => self.line(depth + 1, format!("{opening}>")),
                }
                let mut names: Vec<&str> = formals.iter().map(|(name, ..)| ev.heap.name(*name)).collect();
                names.sort_unstable();
                for name in names {
                    self.tag(depth + 2, "<attr", "name", name, " />");
                }
                self.line(depth + 1, "</attrspat>");
            }
        }
        self.line(depth, "</function>");
    }
}

#[cfg(test)]
mod tests {
    use crate::builtins::testing::eval_to_text;

    #[test]
    fn values_as_xml() {
        let body = |expression: &str| {
            let text = eval_to_text(&format!("builtins.toXML ({expression})"));
            text.replace("\\n", "\n").replace("\\\"", "'")
        };
        let wrapped = |content: &str| format!("\"<?xml version='1.0' encoding='utf-8'?>\n<expr>\n{content}</expr>\n\"");
        assert_eq!(body("\"<é>\""), wrapped("  <string value='&lt;é&gt;' />\n"));
        assert_eq!(body("[ 1.5 ]"), wrapped("  <list>\n    <float value='1.5' />\n  </list>\n"));
        assert_eq!(
            body("args@{ b, a ? 1, ... }: 1"),
            wrapped(
                "  <function>\n    <attrspat ellipsis='1' name='args'>\n      <attr name='a' />\n      <attr name='b' />\n    </attrspat>\n  </function>\n"
            )
        );
        assert_eq!(body("map"), wrapped("  <unevaluated />\n"));
        // Half a character stays what it is: the end of the text is where it was.
        let ends_as_before = "let xml = builtins.toXML (builtins.substring 0 1 \"é\"); in builtins.substring 65 5 xml";
        assert_eq!(eval_to_text(ends_as_before), "\" />\\n<\"");
    }
}
