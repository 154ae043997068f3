//! `routelint explain` and `routelint rules`: what the rules are.

use clap::{Args, ValueEnum};

use super::terminal::{self, ColourChoice};
use super::{Failure, Status};
use crate::report::pages::{self, RuleRow};
use crate::rules::{self, RuleInfo};

/// Which rule.
#[derive(Args, Debug)]
pub(super) struct ExplainArguments {
    /// Name of the rule
    #[arg(value_name = "RULE")]
    rule: String,
}

/// How to list.
#[derive(Args, Debug)]
pub(super) struct RulesArguments {
    /// Format
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// Formats of `rules`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table
    Table,
    /// JSON with the pages, version 1
    Json,
    /// Markdown tables by group, with links to the pages
    Markdown,
}

/// Shows the page of a rule.
pub(super) fn explain(arguments: &ExplainArguments, colour: ColourChoice) -> Result<Status, Failure> {
    let rule = known_rule(&arguments.rule)?;
    terminal::print(&pages::page(rule.page, terminal::style(colour)))?;
    Ok(Status::Clean)
}

/// Lists all rules.
pub(super) fn list(arguments: &RulesArguments, colour: ColourChoice) -> Result<Status, Failure> {
    let rows: Vec<RuleRow> = rules::all().iter().map(RuleRow::from).collect();
    let text = match arguments.format {
        Format::Table => pages::list_table(&rows, terminal::style(colour)),
        Format::Markdown => pages::list_markdown(&rows),
        Format::Json => {
            pages::list_json(&rows).map_err(|error| Failure(format!("the list cannot be written: {error}")))?
        }
    };
    terminal::print(&text)?;
    Ok(Status::Clean)
}

/// The rule of a name.
///
/// # Errors
/// There is no such rule; the message names the nearest.
pub(super) fn known_rule(name: &str) -> Result<&'static RuleInfo, Failure> {
    rules::find(name).ok_or_else(|| {
        let nearest = rules::names::nearest(name).map(|nearest| format!("; did you mean `{nearest}`?"));
        let nearest = nearest.unwrap_or_else(|| "; `routelint rules` lists all".to_owned());
        Failure(format!("there is no rule `{name}`{nearest}"))
    })
}
