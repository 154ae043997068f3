//! `routelint check`: find the fleet, run the rules, report.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::baseline::{BaselineArguments, Known, WriteArguments};
use super::project::{FleetArguments, Project};
use super::rules_command::known_rule;
use super::terminal::{self, ColourChoice};
use super::{Failure, Status, complain};
use crate::config;
use crate::fix;
use crate::fleet::Coverage;
use crate::report::{Checked, RuleUrl, Style, checkstyle, concise, github, gitlab, human, json, junit, rdjson, sarif};
use crate::rules::{self, Allowed, Override, Settings, Severity, levels_of};
use crate::source::SourceFile;

/// What to check and how to report it.
#[derive(Args, Debug)]
pub(super) struct CheckArguments {
    #[command(flatten)]
    fleet: FleetArguments,
    #[command(flatten)]
    baseline: BaselineArguments,
    #[command(flatten)]
    write: WriteArguments,
    /// Format on standard output
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Write a further report to a file (repeatable)
    #[arg(long = "output", value_name = "FORMAT=FILE", value_parser = output)]
    outputs: Vec<(Format, PathBuf)>,
    /// Lowest severity that makes the exit status 1 [default: warning]
    #[arg(long, value_enum, value_name = "SEVERITY")]
    fail_on: Option<Threshold>,
    /// Run only these rules (repeatable, or with commas)
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    only: Vec<String>,
    /// Do not run these rules (repeatable, or with commas)
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    skip: Vec<String>,
    /// Fail if anything could not be understood
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    strict: Option<bool>,
}

/// Formats of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Frames with the lines in question
    Human,
    /// file:line:column: severity[rule] message
    Concise,
    /// JSON, version 1
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Workflow commands of GitHub Actions
    Github,
    /// Code Quality report of GitLab
    Gitlab,
    /// JUnit XML: a test per rule and finding
    Junit,
    /// Checkstyle XML
    Checkstyle,
    /// Diagnostic Format of reviewdog
    Rdjson,
}

/// Severities in the words of the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Threshold {
    Note,
    Warning,
    Error,
}

impl Threshold {
    pub(super) fn severity(self) -> Severity {
        match self {
            Self::Note => Severity::Note,
            Self::Warning => Severity::Warning,
            Self::Error => Severity::Error,
        }
    }
}

/// Runs the command.
pub(super) fn run(arguments: &CheckArguments, colour: ColourChoice) -> Result<Status, Failure> {
    for name in arguments.only.iter().chain(&arguments.skip) {
        known_rule(name)?;
    }
    let project = Project::analyse(&arguments.fleet)?;
    let settings = rule_settings(&project, &arguments.only, &arguments.skip);
    let Allowed { mut findings, suppressed } = judge(&project, &settings);
    let mut known =
        Known::read(&arguments.fleet, &arguments.baseline, arguments.write, &project, &project.sources, &settings)?;
    known.identify(&mut findings);
    if project.fleet.hosts.is_empty() && project.fleet.guests.is_empty() && findings.is_empty() {
        return Err(project.nothing_to_analyse());
    }
    known.write(arguments.write, &findings)?;
    let (mut findings, mut baselined) = known.compare(findings);
    findings.retain(|finding| project.reports(finding));
    baselined.iter_mut().for_each(|known| known.retain(|finding| project.reports(finding)));
    let ran: Vec<_> = rules::all().iter().filter(|rule| settings.wants(rule)).collect();
    let configured = project.settings.fail_on.as_ref().map(|threshold| threshold.value.into());
    let threshold = arguments.fail_on.map(Threshold::severity).or(configured).unwrap_or(Severity::Warning);
    let rule_url = RuleUrl::new(project.settings.report.rule_url.as_ref().map(|url| url.value.clone()));
    let checked = Checked {
        fleet: &project.fleet,
        findings: &findings,
        suppressed,
        baselined: baselined.as_deref(),
        rules: &ran,
        threshold,
        rule_url: &rule_url,
        sources: &project.sources,
        paths: &project.paths,
    };
    for (format, path) in &arguments.outputs {
        write(path, &render(*format, &checked, Style::PLAIN)?)?;
    }
    terminal::print(&render(arguments.format, &checked, terminal::style(colour))?)?;

    let is_strict = arguments.strict.or(project.settings.strict.as_ref().map(|strict| strict.value)).unwrap_or(false);
    let has_gaps = is_strict && !Coverage::of(&project.fleet).is_complete();
    if has_gaps {
        let asking = if arguments.strict.is_some() { "--strict" } else { "`strict` in the configuration" };
        complain(&format!("not everything was understood, and {asking} asks for that:{}", project.gaps()));
    }
    let fails = findings.iter().any(|finding| finding.severity >= threshold);
    Ok(if fails || has_gaps { Status::Findings } else { Status::Clean })
}

/// The levels of some files, with the files that were read and are meant.
fn overrides(project: &Project) -> Vec<Override> {
    let settings = &project.settings;
    if settings.overrides.is_empty() {
        return Vec::new();
    }
    let files = project.sources.files();
    let is_meant = |change: &config::Override, file: &SourceFile| {
        file.on_disk && file.path.strip_prefix(&settings.folder).is_ok_and(|path| change.paths.matches(path))
    };
    let changes = settings.overrides.iter().map(|change| Override {
        files: files.iter().filter(|file| is_meant(change, file)).map(|file| file.id).collect(),
        levels: levels_of(&change.rules),
    });
    changes.collect()
}

/// What the configuration says about rules. Of the rules only those of `only` run, unless it is empty, and none of `skip`.
pub(super) fn rule_settings(project: &Project, only: &[String], skip: &[String]) -> Settings {
    Settings {
        levels: levels_of(&project.settings.rules),
        overrides: overrides(project),
        only: only.iter().cloned().collect(),
        skip: skip.iter().cloned().collect(),
    }
}

/// What the rules say, in the order of reports, and how many findings comments allow.
pub(super) fn judge(project: &Project, settings: &Settings) -> Allowed {
    let findings = rules::check(&project.fleet, settings);
    let line = |place| project.sources.line_columns(place).0.line;
    let mut judged = rules::apply_allowances(findings, &project.directives, line, settings);
    fix::settle(&mut judged.findings, &project.sources);
    rules::sort(&mut judged.findings, |file| project.paths.of(&project.sources, file));
    judged
}

fn render(format: Format, checked: &Checked<'_>, style: Style) -> Result<String, Failure> {
    match format {
        Format::Human => Ok(human::render(checked, style)),
        Format::Concise => Ok(concise::render(checked)),
        Format::Json => json::render(checked).map_err(unwritten),
        Format::Sarif => sarif::render(checked).map_err(unwritten),
        Format::Github => Ok(github::render(checked)),
        Format::Gitlab => gitlab::render(checked).map_err(unwritten),
        Format::Junit => junit::render(checked).map_err(unwritten),
        Format::Checkstyle => checkstyle::render(checked).map_err(unwritten),
        Format::Rdjson => rdjson::render(checked).map_err(unwritten),
    }
}

fn unwritten(error: impl std::fmt::Display) -> Failure {
    Failure(format!("the report cannot be written: {error}"))
}

#[allow(clippy::disallowed_methods, reason = "this room writes files")]
fn write(path: &PathBuf, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|error| Failure(format!("{} cannot be written: {error}", path.display())))
}

fn output(text: &str) -> Result<(Format, PathBuf), String> {
    let (format, path) = text.split_once('=').ok_or("write it as FORMAT=FILE")?;
    let format = Format::from_str(format, false).map_err(|_| format!("`{format}` is not a format"))?;
    if path.is_empty() { Err("the file is missing".to_owned()) } else { Ok((format, PathBuf::from(path))) }
}
