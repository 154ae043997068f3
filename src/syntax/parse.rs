//! The way of a text: survey, direct reading or else repair and rnix, lowering.

use rnix::Root;

use super::direct;
use super::grammar::grammar_errors;
use super::guard::{self, Survey};
use super::ir::{Expr, FileIr, SyntaxError, SyntaxErrorKind};
use super::lower::{LowerOptions, lower_tree};
use super::repair::{Patched, repair};
use super::tree::Tree;
use crate::source::Span;

/// Texts whose tree is at most this deep are parsed on the calling thread.
const SHALLOW: u32 = 160;
/// Stack of the thread that parses the others. Only what is used is ever backed by memory.
const STACK_BYTES: usize = 512 << 20;
/// Most missing semicolons and values that are put in.
const MAX_REPAIRS: usize = 16;

/// Parses and lowers a text. Never fails: whatever is wrong is in [`FileIr::errors`].
pub fn parse(text: &str, options: &LowerOptions<'_>) -> FileIr {
    if guard::is_plain(text)
        && let Some(tree) = direct::read(text)
    {
        let mut ir = lower_tree(tree.root(), options);
        sort_errors(&mut ir);
        return ir;
    }
    let mut survey = guard::survey(text);
    if let Some(error) = survey.too_deep.take() {
        return FileIr { directives: survey.directives, ..unread(error) };
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
        let message = "nested too deep for the memory that is left";
        unread(SyntaxError::new(SyntaxErrorKind::TooDeep, Span::default(), message))
    })
}

/// A text of which nothing was read.
fn unread(error: SyntaxError) -> FileIr {
    FileIr { first_error: Some(error.clone()), errors: vec![error], ..FileIr::default() }
}

fn parse_here(text: &str, survey: Survey, options: &LowerOptions<'_>) -> FileIr {
    let direct = if survey.divisions.is_empty() { direct::read(text) } else { None };
    let mut ir = match direct {
        Some(tree) => lower_tree(tree.root(), options),
        None => parse_with_rnix(text, &survey, options),
    };
    ir.errors.extend(survey.errors);
    ir.directives = survey.directives;
    sort_errors(&mut ir);
    ir
}

/// When Nix notices an error: names are looked up once all is read.
fn noticed(error: &SyntaxError) -> (bool, u32) {
    (error.kind == SyntaxErrorKind::UndefinedVariable, error.noticed)
}

/// Puts the errors into the order of places.
fn sort_errors(ir: &mut FileIr) {
    ir.first_error = ir.errors.iter().min_by_key(|error| noticed(error)).cloned();
    // Where something of the text was lost or read in the wrong context, a name that seems to be undefined may have been defined there,
    // and a name that seems to be defined twice may belong to another set.
    if ir.errors.iter().any(|error| error.kind == SyntaxErrorKind::Grammar) {
        ir.errors.retain(|error| {
            !matches!(error.kind, SyntaxErrorKind::UndefinedVariable | SyntaxErrorKind::DuplicateAttribute)
        });
    }
    ir.errors.sort_by_key(|error| (error.span.start, error.span.end));
}

/// Parses a text that is not taken as it is. All places of the result are places of the text as the user wrote it.
fn parse_with_rnix(text: &str, survey: &Survey, options: &LowerOptions<'_>) -> FileIr {
    let mut patched = Patched::new(text);
    for division in survey.divisions.iter().rev() {
        patched = patched.insert(*division, " ");
    }
    let mut tree = Root::parse(&patched.text);
    let mut repaired = Vec::new();
    for _ in 0..MAX_REPAIRS {
        let Some(missing) = repair(&patched.text, &tree) else { break };
        let next = patched.insert(missing.at, missing.insert);
        let next_tree = Root::parse(&next.text);
        if next_tree.errors().len() >= tree.errors().len() {
            break;
        }
        repaired.push(in_original(missing.error, &patched));
        (patched, tree) = (next, next_tree);
    }
    let copy = Tree::of_green(&patched.text, tree.syntax().green());
    let mut ir = lower_tree(copy.root(), options);
    let unclosed = survey.unclosed.map(|span| patched.patched(span));
    ir.errors.extend(grammar_errors(&patched.text, tree.errors(), unclosed));
    if !patched.is_plain() {
        for (expr, span) in ir.exprs.iter_mut().zip(&mut ir.spans) {
            let original = patched.original(*span);
            if original.start == original.end && span.start < span.end {
                *expr = Expr::Missing;
            }
            *span = original;
        }
        ir.errors = ir.errors.into_iter().map(|error| in_original(error, &patched)).collect();
    }
    ir.errors.append(&mut repaired);
    ir
}

/// An error at its places in the text as the user wrote it.
fn in_original(error: SyntaxError, patched: &Patched) -> SyntaxError {
    let related = error.related.map(|(span, text)| (patched.original(span), text));
    // What Nix notices at the end of something, it does not get to where that end was put in.
    let end = patched.original(Span::new(error.noticed.saturating_sub(1), error.noticed));
    let is_at_end = !matches!(error.kind, SyntaxErrorKind::Grammar | SyntaxErrorKind::BadLiteral);
    let noticed = if is_at_end && end.start == end.end { SyntaxError::UNNOTICED } else { end.end };
    SyntaxError { span: patched.original(error.span), related, noticed, ..error }
}
