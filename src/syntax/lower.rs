//! Lowering.

use super::ir::FileIr;

/// Names that the text may use without binding them.
#[derive(Clone, Copy, Debug, Default)]
pub struct LowerOptions<'a> {
    /// Names that are always there (`builtins`, `map`, `true` …); they become [`Expr::Global`](super::Expr::Global).
    pub globals: &'a [&'a str],
    /// Names bound by one outermost frame, in the order of its variables; no frame if empty.
    pub frame: &'a [&'a str],
}

/// The IR of a text.
pub fn parse(_text: &str, _options: &LowerOptions<'_>) -> FileIr {
    FileIr::default()
}
