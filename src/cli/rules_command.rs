//! `routelint explain` and `routelint rules`: what the rules are.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::terminal::{self, ColourChoice};
use super::write_tree::write_tree;
use super::{Failure, Status};
use crate::report::pages::{self, RuleRow};
use crate::report::site;
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
    /// With html: write the site below this new or empty folder
    #[arg(long, value_name = "DIR")]
    output_dir: Option<PathBuf>,
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
    /// A site of pages, one a rule, that needs nothing else
    Html,
}

/// Shows the page of a rule.
pub(super) fn explain(arguments: &ExplainArguments, colour: ColourChoice) -> Result<Status, Failure> {
    let rule = known_rule(&arguments.rule)?;
    terminal::print(&pages::page(rule.page, terminal::style(colour)))?;
    Ok(Status::Clean)
}

/// Lists all rules.
pub(super) fn list(arguments: &RulesArguments, colour: ColourChoice) -> Result<Status, Failure> {
    if arguments.output_dir.is_some() && arguments.format != Format::Html {
        return Err(Failure("--output-dir goes with --format html".to_owned()));
    }
    let rows: Vec<RuleRow> = rules::all().iter().map(RuleRow::from).collect();
    let text = match arguments.format {
        Format::Html => return write_site(arguments, &rows),
        Format::Table => pages::list_table(&rows, terminal::style(colour)),
        Format::Markdown => pages::list_markdown(&rows),
        Format::Json => {
            pages::list_json(&rows).map_err(|error| Failure(format!("the list cannot be written: {error}")))?
        }
    };
    terminal::print(&text)?;
    Ok(Status::Clean)
}

fn write_site(arguments: &RulesArguments, rows: &[RuleRow]) -> Result<Status, Failure> {
    let Some(folder) = &arguments.output_dir else {
        return Err(Failure("--format html goes with --output-dir, because it is many files".to_owned()));
    };
    write_tree(folder, &site::files(rows))?;
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
