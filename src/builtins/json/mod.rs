//! `toJSON` and `fromJSON`.

mod read;
mod write;

use crate::eval::{ErrorKind, Evaluator, NativeDef, Outcome, Stop};
use crate::heap::Value;
pub(crate) use write::Writer;

pub(super) static FAMILY: &[NativeDef] =
    &[NativeDef::strict("builtins.toJSON", 1, to_json), NativeDef::strict("builtins.fromJSON", 1, from_json)];

/// A value as compact JSON with sorted keys. A function, an error or something unknown inside is the result instead.
pub fn json_text(ev: &mut Evaluator, value: Value) -> Result<String, Stop> {
    let mut writer = Writer::default();
    writer.write(ev, value)?;
    writer.into_text(ev)
}

fn to_json(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [value] = args else { return Ok(Value::NULL) };
    let mut writer = Writer::default();
    writer.write(ev, *value)?;
    let sources = writer.sources().to_vec();
    let text = writer.into_text(ev)?;
    let id = ev.heap.new_string(text.as_bytes());
    ev.heap.join_contexts(id, &sources);
    Ok(Value::string(id))
}

fn from_json(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [text] = args else { return Ok(Value::NULL) };
    let id = ev.want_plain(*text)?;
    let bytes = ev.heap.bytes(id).to_vec();
    match std::str::from_utf8(&bytes) {
        Ok(text) => read::read(ev, text),
        Err(_) => Err(ev.error(ErrorKind::Type, "builtins.fromJSON: the text is not valid UTF-8")),
    }
}

#[cfg(test)]
mod tests {
    use crate::builtins::testing::check;

    #[test]
    fn writing() {
        check(&[
            (
                r#"builtins.toJSON { b = [ 1 2.5 null true "x" ]; a = { }; }"#,
                r#""{\"a\":{},\"b\":[1,2.5,null,true,\"x\"]}""#,
            ),
            (
                "map builtins.toJSON [ 5.0 1.0e15 1.0e14 0.0001 0.00001 123456789.123 1.0e-7 ]",
                r#"[ "5.0" "1e+15" "100000000000000.0" "0.0001" "1e-05" "123456789.123" "1e-07" ]"#,
            ),
            (r#"builtins.toJSON { __toString = self: "s"; a = 1; }"#, r#""\"s\"""#),
            (r#"builtins.toJSON { outPath = "o"; a = 1; }"#, r#""\"o\"""#),
            (
                "builtins.toJSON (builtins.substring 0 1 \"é\")",
                "error: JSON cannot hold a string that is not valid UTF-8",
            ),
            ("builtins.toJSON (x: x)", "error: cannot convert a function to JSON"),
            (
                "let x = { a = x; }; in builtins.toJSON x",
                "error: stack overflow; max-call-depth exceeded: the limit of nested evaluations was reached",
            ),
        ]);
    }

    #[test]
    fn reading() {
        check(&[
            (
                r#"builtins.fromJSON ''{"a":[1,2.5,"x\u00e9\ud83d\ude00"],"a ":null,"a":true}''"#,
                r#"{ a = true; "a " = null; }"#,
            ),
            (r#"map builtins.fromJSON [ "-0" "1e2" " [ ] " "18446744073709551616" ]"#, "[ 0 100 [ ] 1.84467e+19 ]"),
            (r#"builtins.fromJSON "[1,]""#, "error: invalid JSON at line 1, column 4: expected a value"),
            (r#"builtins.fromJSON "{\n a: 1}""#, "error: invalid JSON at line 2, column 2: expected a string or `}`"),
            (r#"builtins.fromJSON "1 2""#, "error: invalid JSON at line 1, column 3: expected the end"),
            (
                r#"builtins.fromJSON ''[ "\u0000" ''"#,
                "error: invalid JSON at line 1, column 11: there is a zero byte in a string, which no string of Nix can hold",
            ),
            (
                r#"builtins.fromJSON ''{ "a\u0000" 1''"#,
                "error: invalid JSON at line 1, column 12: there is a zero byte in a string, which no string of Nix can hold",
            ),
            (
                r#"builtins.fromJSON ''"\u000"''"#,
                "error: invalid JSON at line 1, column 3: expected the four digits of a character",
            ),
            (r#"builtins.fromJSON "01""#, "error: invalid JSON at line 1, column 2: expected the end"),
        ]);
        let deep = format!("builtins.fromJSON \"{}\"", "[".repeat(200_000));
        assert!(crate::builtins::testing::eval_to_text(&deep).starts_with("error: "));
    }
}
