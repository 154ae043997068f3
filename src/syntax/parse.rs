//! The way of a text: survey, repair, rnix, lowering.

use rnix::Root;

use super::grammar::grammar_errors;
use super::guard::{self, Survey};
use super::ir::{FileIr, SyntaxError, SyntaxErrorKind};
use super::lower::{LowerOptions, lower_tree};
use super::tree::Node;
use crate::source::Span;

/// Texts whose tree is at most this deep are parsed on the calling thread.
const SHALLOW: u32 = 160;
/// Stack of the thread that parses the others. Only what is used is ever backed by memory.
const STACK_BYTES: usize = 512 << 20;

/// Parses and lowers a text. Never fails: whatever is wrong is in [`FileIr::errors`].
pub fn parse(text: &str, options: &LowerOptions<'_>) -> FileIr {
    let mut survey = guard::survey(text);
    if let Some(error) = survey.too_deep.take() {
        return FileIr { errors: vec![error], directives: survey.directives, ..FileIr::default() };
    }
    if survey.depth <= SHALLOW {
        return parse_here(text, survey, options);
    }
    let deep = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("parse".to_owned()).stack_size(STACK_BYTES);
        let handle = thread.spawn_scoped(scope, || parse_here(text, survey, options)).ok()?;
        handle.join().ok()
    });
    deep.unwrap_or_else(|| {
        let error = SyntaxError {
            kind: SyntaxErrorKind::TooDeep,
            span: Span::default(),
            message: "nested too deep for the memory that is left".to_owned(),
            related: None,
        };
        FileIr { errors: vec![error], ..FileIr::default() }
    })
}

fn parse_here(text: &str, survey: Survey, options: &LowerOptions<'_>) -> FileIr {
    let tree = Root::parse(text);
    let syntax = tree.syntax();
    let green = syntax.green();
    let mut ir = lower_tree(Node::root(&green), options);
    ir.errors.extend(survey.errors);
    ir.errors.extend(grammar_errors(text, tree.errors(), survey.unclosed));
    ir.directives = survey.directives;
    // Where something of the text was lost, a name that seems to be undefined may have been defined in the lost part.
    if ir.errors.iter().any(|error| error.kind == SyntaxErrorKind::Grammar) {
        ir.errors.retain(|error| error.kind != SyntaxErrorKind::UndefinedVariable);
    }
    ir.errors.sort_by_key(|error| (error.span.start, error.span.end));
    ir
}
