//! Helpers for tests of this room and the rooms above it: evaluation with `lib` in scope.

use std::path::Path;

use crate::builtins::testing;
use crate::eval::{Evaluator, Stop};

/// An evaluator with the built-in functions and `lib` in scope.
pub(crate) fn evaluator() -> Evaluator {
    let mut evaluator = testing::evaluator();
    super::install(&mut evaluator);
    let lib = super::lib_value(&mut evaluator);
    evaluator.set_global("lib", lib);
    evaluator
}

/// The value of an expression, fully evaluated, as text; `error: …` or `unknown: …` if there is none.
pub(crate) fn eval_to_text(text: &str) -> String {
    let text = text.to_owned();
    let thread = std::thread::Builder::new().stack_size(256 << 20).spawn(move || {
        let mut evaluator = evaluator();
        let value = evaluator.eval_text("test", &text, Path::new("/project"));
        match value.and_then(|value| evaluator.force_deep(value)) {
            Ok(value) => evaluator.print(value),
            Err(Stop(stop)) => {
                let word = if stop.is_unknown() { "unknown" } else { "error" };
                format!("{word}: {}", evaluator.stop_message(Stop(stop)))
            }
        }
    });
    thread.unwrap().join().unwrap()
}

/// Checks a table of expressions and what they give; an expectation that ends in `…` gives the beginning only.
pub(crate) fn check(table: &[(&str, &str)]) {
    for (expression, expected) in table {
        let found = eval_to_text(expression);
        match expected.strip_suffix('…') {
            Some(beginning) => assert!(found.starts_with(beginning), "{expression}\n{found}"),
            None => assert_eq!(found, *expected, "{expression}"),
        }
    }
}
