//! Helpers for the tests of this room and the rooms above it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::eval::{Evaluator, Limits, Stop};
use crate::source::{Access, Sources};

/// An evaluator with the built-in functions, which may read everything.
pub(crate) fn evaluator() -> Evaluator {
    let sources = Arc::new(Sources::new(Access::below(vec![PathBuf::from("/")])));
    let mut evaluator = Evaluator::new(sources, Limits::untrusted());
    super::install(&mut evaluator);
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

/// Checks a table of expressions and what they give.
pub(crate) fn check(table: &[(&str, &str)]) {
    for (expression, expected) in table {
        assert_eq!(eval_to_text(expression), *expected, "{expression}");
    }
}
