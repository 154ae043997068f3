//! `match` and `split`: POSIX extended regular expressions, as libstdc++ (which Nix uses) reads and matches them.
//!
//! Purpose: the same answers as Nix, in bounded time. A pattern is parsed into a [`syntax::Node`], which accepts and rejects what
//! libstdc++ does. Nearly every pattern then runs on `regex-automata`, in linear time. Two kinds of pattern do not mean there what
//! they mean in libstdc++ and run on [`backtrack`]: a search among alternatives takes the longest, and a repetition of something that
//! may be empty ends with an empty round.
//!
//! Invariants: compiled patterns are limited in size, matching is limited in steps; patterns and texts are bytes.
//!
//! What it deliberately does not do: locales, collation, multi-line mode.

mod backtrack;
mod engine;
mod syntax;

use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::eval::{ErrorKind, Evaluator, NativeDef, Outcome, Stop};
use crate::heap::{StrId, Value};
use engine::{Groups, Pattern, Trouble};

pub(super) static FAMILY: &[NativeDef] = &[
    NativeDef::with_strict("builtins.match", 2, 0b01, r#match),
    NativeDef::with_strict("builtins.split", 2, 0b01, split),
];

/// Compiled patterns of one evaluator.
#[derive(Default)]
struct Patterns {
    known: FxHashMap<Vec<u8>, Rc<Pattern>>,
    /// Sum of their sizes.
    size: u64,
}

/// Largest sum of the sizes of patterns that are kept. An automaton takes some hundred bytes for each state.
const MOST: u64 = 400_000;

/// What any pattern takes, however short, in states.
const PATTERN: u64 = 100;

fn pattern(ev: &mut Evaluator, id: StrId) -> Result<Rc<Pattern>, Stop> {
    let source = ev.heap.bytes(id).to_vec();
    if let Some(known) = ev.extension::<Patterns>().known.get(&source) {
        return Ok(Rc::clone(known));
    }
    match Pattern::new(&source) {
        Ok(compiled) => {
            let compiled = Rc::new(compiled);
            let patterns = ev.extension::<Patterns>();
            let size = compiled.size() + PATTERN;
            if patterns.size + size > MOST {
                *patterns = Patterns::default();
            }
            patterns.size += size;
            patterns.known.insert(source, Rc::clone(&compiled));
            Ok(compiled)
        }
        Err(trouble) => Err(stop(ev, trouble, &source)),
    }
}

fn stop(ev: &mut Evaluator, trouble: Trouble, source: &[u8]) -> Stop {
    let text = String::from_utf8_lossy(source).into_owned();
    match trouble {
        Trouble::Invalid(why) => ev.error(ErrorKind::Type, format!("invalid regular expression '{text}': {why}")),
        Trouble::TooMuch => ev.unsupported(&format!("the costly regular expression '{text}'")),
    }
}

/// The part `range` of a string as a string without context.
fn part(ev: &mut Evaluator, id: StrId, range: (usize, usize)) -> Value {
    let (start, end) = range;
    if ev.heap.has_context(id) {
        let bytes = ev.heap.bytes(id).get(start..end).unwrap_or_default().to_vec();
        return Value::string(ev.heap.new_string(&bytes));
    }
    Value::string(ev.heap.substring(id, start, end.saturating_sub(start)))
}

fn group_list(ev: &mut Evaluator, id: StrId, groups: &Groups) -> Value {
    let values: Vec<Value> =
        groups.iter().skip(1).map(|group| group.map_or(Value::NULL, |range| part(ev, id, range))).collect();
    ev.heap.new_list(&values)
}

fn r#match(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [regex, text] = args else { return Ok(Value::NULL) };
    let source = ev.want_plain(*regex)?;
    let pattern = pattern(ev, source)?;
    let id = ev.want_string(*text)?;
    let bytes = ev.heap.bytes(id);
    let length = bytes.len();
    let found = pattern.match_whole(bytes);
    ev.tick_many(u64::try_from(length / 64).unwrap_or(0) + 1)?;
    match found {
        Ok(Some(groups)) => Ok(group_list(ev, id, &groups)),
        Ok(None) => Ok(Value::NULL),
        Err(trouble) => {
            let source = ev.heap.bytes(source).to_vec();
            Err(stop(ev, trouble, &source))
        }
    }
}

fn split(ev: &mut Evaluator, args: &[Value]) -> Outcome {
    let [regex, text] = args else { return Ok(Value::NULL) };
    let source = ev.want_plain(*regex)?;
    let pattern = pattern(ev, source)?;
    let id = ev.want_string(*text)?;
    let bytes = ev.heap.bytes(id).to_vec();
    let mut pieces = Vec::new();
    let (mut from, mut last_end) = (0, 0);
    while from <= bytes.len() {
        ev.tick()?;
        let groups = match pattern.find(&bytes, from) {
            Ok(Some(groups)) => groups,
            Ok(None) => break,
            Err(trouble) => {
                let source = ev.heap.bytes(source).to_vec();
                return Err(stop(ev, trouble, &source));
            }
        };
        let Some(Some((start, end))) = groups.first().copied() else { break };
        pieces.push(part(ev, id, (last_end, start)));
        pieces.push(group_list(ev, id, &groups));
        last_end = end;
        // An empty match is found once at each place.
        from = if start == end { end + 1 } else { end };
        if pieces.len() > ev.limits.list_elements {
            return Err(ev.limit_error(crate::eval::LimitKind::List));
        }
    }
    if pieces.is_empty() {
        let whole = if matches!(text.view(), crate::heap::View::Str(_)) { *text } else { Value::string(id) };
        return Ok(ev.heap.new_list(&[whole]));
    }
    pieces.push(part(ev, id, (last_end, bytes.len())));
    Ok(ev.heap.new_list(&pieces))
}

#[cfg(test)]
mod tests {
    use crate::builtins::testing::check;

    #[test]
    fn whole_matches() {
        check(&[
            (r#"builtins.match "([^/]*)/([0-9]+)" "10.0.0.1/32""#, r#"[ "10.0.0.1" "32" ]"#),
            (r#"builtins.match "a(b)?(c)" "ac""#, r#"[ null "c" ]"#),
            (r#"builtins.match "(a|ab)(c|bcd)(d*)" "abcd""#, r#"[ "a" "bcd" "" ]"#),
            (r#"builtins.match "[[:alpha:]]+" "abc1""#, "null"),
            (r#"builtins.match "a.b" "a\nb""#, "[ ]"),
            (r#"builtins.match "[a\\]+" "a\\""#, "[ ]"),
            (r#"builtins.match "[]a-]+" "a]-""#, "[ ]"),
            (r#"builtins.match "a+?" "aaa""#, "[ ]"),
            (r#"builtins.match "..." "é!""#, "[ ]"),
        ]);
    }

    #[test]
    fn groups_that_are_repeated_zero_times_count() {
        check(&[
            (r#"builtins.match "(a){0}(b)" "b""#, r#"[ null "b" ]"#),
            (r#"builtins.match "((a)(b)){0}c" "c""#, "[ null null null ]"),
            (r#"builtins.split "(a){0}" "b""#, r#"[ "" [ null ] "b" [ null ] "" ]"#),
        ]);
    }

    #[test]
    fn repetitions_of_what_may_be_empty_end_with_an_empty_round() {
        check(&[
            (r#"builtins.match "(a*)*" "aaa""#, r#"[ "" ]"#),
            (r#"builtins.match "((a)|b)*" "ab""#, r#"[ "b" "a" ]"#),
            (r#"builtins.match "(x*)+" "xx""#, r#"[ "" ]"#),
            (r#"builtins.match "((x*)y?)*" "xyxx""#, r#"[ "" "" ]"#),
            (r#"builtins.match "(a|b*)*c" "abbc""#, r#"[ "" ]"#),
            (r#"builtins.match "(x?)*" """#, r#"[ "" ]"#),
        ]);
    }

    #[test]
    fn splits() {
        check(&[
            (r#"builtins.split "," "a,b""#, r#"[ "a" [ ] "b" ]"#),
            (r#"builtins.split "(=)|(;)" "k=v;""#, r#"[ "k" [ "=" null ] "v" [ null ";" ] "" ]"#),
            (r#"builtins.split "" "ab""#, r#"[ "" [ ] "a" [ ] "b" [ ] "" ]"#),
            (r#"builtins.split "a" { __toString = self: "a"; }"#, "error: expected a string but found a set"),
            (r#"builtins.split "^a" "aab""#, r#"[ "" [ ] "ab" ]"#),
            (r#"builtins.split "a*" "baac""#, r#"[ "" [ ] "b" [ ] "" [ ] "c" [ ] "" ]"#),
        ]);
    }

    #[test]
    fn a_search_takes_the_longest_alternative() {
        check(&[
            (r#"builtins.split "a|ab|abc" "xabcx""#, r#"[ "x" [ ] "x" ]"#),
            (r#"builtins.split "(a|ab)(c|bcd)?" "abcd""#, r#"[ "" [ "a" "bcd" ] "" ]"#),
            (r#"builtins.split "(a|ab)*c?" "ababc""#, r#"[ "" [ "ab" ] "" [ null ] "" ]"#),
        ]);
    }

    #[test]
    fn bad_patterns() {
        for pattern in [
            "(", ")", "*", "+", "(?:a)", "[z-a]", "{", "a{,2}", "a{2,1}", "[a-c-e]", "\\\\d", "\\\\]", "^*", "[",
            "a\\\\",
        ] {
            let answer = crate::builtins::testing::eval_to_text(&format!("builtins.match \"{pattern}\" \"a\""));
            assert!(answer.starts_with("error: invalid regular expression"), "{pattern}: {answer}");
        }
    }

    #[test]
    fn costly_patterns_end() {
        let text = "a".repeat(3_000);
        let answer = crate::builtins::testing::eval_to_text(&format!(r#"builtins.match "((a*)*)*b" "{text}""#));
        assert!(answer == "null" || answer.starts_with("unknown"), "{answer}");
        let answer = crate::builtins::testing::eval_to_text(r#"builtins.match "((a{1000}){1000}){1000}" "a""#);
        assert!(answer.starts_with("error") || answer.starts_with("unknown"), "{answer}");
    }
}
