//! `routelint fix`: make the edits that findings bring, as far as they prove to help.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;

use super::baseline::{BaselineArguments, Known, WriteArguments};
use super::check_command::{Threshold, judge, rule_settings};
use super::project::{FleetArguments, Given, working_folder};
use super::replace_files::{replace_files, replacements};
use super::rules_command::known_rule;
use super::terminal::{self, ColourChoice};
use super::{Failure, Status};
use crate::fix::{Improved, Look, Wanted, improve, unified};
use crate::report::fixed;
use crate::rules::{self, Finding, Level, Safety, Severity};
use crate::source::Sources;

/// What to fix.
#[derive(Args, Debug)]
pub(super) struct FixArguments {
    #[command(flatten)]
    fleet: FleetArguments,
    #[command(flatten)]
    baseline: BaselineArguments,
    /// Make edits too that are probably, but not certainly, what is meant
    #[arg(long)]
    r#unsafe: bool,
    /// Show the changes as a unified diff and write nothing
    #[arg(long)]
    diff: bool,
    /// Fix only what these rules find (repeatable, or with commas)
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    only: Vec<String>,
    /// Fix only what is found in this file, or on this line of it
    #[arg(long, value_name = "FILE[:LINE]", value_parser = spot)]
    at: Option<Spot>,
    /// Lowest severity that makes the exit status 1 if it is left [default: warning]
    #[arg(long, value_enum, value_name = "SEVERITY")]
    fail_on: Option<Threshold>,
}

/// A file, or a line of it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Spot {
    file: PathBuf,
    line: Option<u32>,
}

impl Spot {
    fn holds(&self, sources: &Sources, finding: &Finding) -> bool {
        let Some(place) = finding.primary() else { return false };
        let is_file = sources.file(place.file).is_some_and(|file| file.path == self.file);
        is_file
            && self.line.is_none_or(|line| {
                let (first, last) = sources.line_columns(place);
                (first.line..=last.line).contains(&line)
            })
    }
}

/// Runs the command.
pub(super) fn run(arguments: &FixArguments, colour: ColourChoice) -> Result<Status, Failure> {
    arguments.only.iter().try_for_each(|name| known_rule(name).map(|_| ()))?;
    let given = Given::new(&arguments.fleet)?;
    let at = arguments.at.as_ref().map(|spot| absolute(spot, &given.sources)).transpose()?;
    let wanted = Wanted { safety: if arguments.r#unsafe { Safety::Unsafe } else { Safety::Safe } };
    // The whole fleet is looked at with all rules, whatever is to be fixed: a fix must not break what it is not about.
    let look = |texts: &BTreeMap<PathBuf, String>| -> Result<Look, Failure> {
        let project = given.analyse_with(texts)?;
        let mut settings = rule_settings(&project, &[], &[]);
        // A rule that is asked for by its name runs, whether its group is asked for or not.
        for rule in arguments.only.iter().filter_map(|name| rules::find(name)) {
            if rule.activation.is_on_request() {
                settings.levels.entry(rule.name.to_owned()).or_insert(Level::At(rule.severity));
            }
        }
        let mut findings = judge(&project, &settings).findings;
        let (fleet, write) = (&arguments.fleet, WriteArguments::default());
        let known = Known::read(fleet, &arguments.baseline, write, &project, &given.sources, &settings)?;
        known.identify(&mut findings);
        let (findings, _) = known.compare(findings);
        let machines = project.fleet.hosts.len() + project.fleet.guests.len();
        let unknowns = project.fleet.unknowns.len();
        Ok(Look { machines, unknowns, sources: project.sources, findings })
    };
    let is_open = |sources: &Sources, finding: &Finding| {
        given.reports(sources, finding)
            && (arguments.only.is_empty() || arguments.only.iter().any(|rule| rule == finding.rule))
            && at.as_ref().is_none_or(|spot| spot.holds(sources, finding))
    };
    let is_piped = arguments.fleet.stdin_filename.is_some();
    let may_change = |sources: &Sources, file| {
        let is_meant = |path: &PathBuf| if is_piped { given.overlay.contains_key(path) } else { is_own(&given, path) };
        sources.file(file).is_some_and(|file| file.on_disk && is_meant(&file.path))
    };
    let mut improved = improve(&wanted, look, is_open, may_change)?;
    let Look { sources, findings, .. } = &mut improved.last;
    findings.retain(|finding| given.reports(sources, finding));
    if !arguments.diff && !is_piped {
        replace_files(&replacements(&improved))?;
    }
    let report = report(arguments, &improved, &given, colour);
    terminal::print(&report)?;
    let threshold = arguments.fail_on.map(Threshold::severity);
    let threshold = threshold
        .or(given.target.settings.fail_on.as_ref().map(|value| value.value.into()))
        .unwrap_or(Severity::Warning);
    let is_left = improved.last.findings.iter().any(|finding| finding.severity >= threshold);
    let would_change = arguments.diff && !improved.cured.is_empty();
    Ok(if is_left || would_change { Status::Findings } else { Status::Clean })
}

/// What goes to standard output: the diff, the new text of the file that stands on standard input, or what was done.
fn report(arguments: &FixArguments, improved: &Improved, given: &Given, colour: ColourChoice) -> String {
    let style = terminal::style(colour);
    if arguments.diff {
        let changed = replacements(improved);
        let diffs: String = changed.iter().map(|one| unified(&given.paths.show(one.path), one.old, one.new)).collect();
        return fixed::coloured(&diffs, style);
    }
    if let Some((path, text)) = given.overlay.iter().next() {
        return improved.texts.get(path).unwrap_or(text).clone();
    }
    fixed::render(improved, arguments.r#unsafe, &given.paths, style)
}

/// Whether a file belongs to the project that was asked for: no input, no store path.
fn is_own(given: &Given, file: &Path) -> bool {
    let configured = Some(&given.target.settings.folder).filter(|folder| !folder.as_os_str().is_empty());
    let folders = given.target.paths.iter().map(|path| {
        let above = path.parent().filter(|_| !path.is_dir());
        above.unwrap_or(path)
    });
    folders.chain(configured.map(PathBuf::as_path)).any(|folder| file.starts_with(folder))
}

fn absolute(spot: &Spot, sources: &Sources) -> Result<Spot, Failure> {
    let file = sources.canonical(&working_folder()?.join(&spot.file));
    if !sources.is_present(&file) {
        return Err(Failure(format!("{} does not exist", spot.file.display())));
    }
    Ok(Spot { file, line: spot.line })
}

fn spot(text: &str) -> Result<Spot, String> {
    // FILE:LINE, and FILE:LINE:COLUMN as other reports write it.
    let mut file = text;
    let mut numbers = Vec::new();
    while let Some((front, number)) = file.rsplit_once(':')
        && let Ok(number) = number.parse::<u32>()
        && numbers.len() < 2
    {
        file = front;
        numbers.push(number);
    }
    match (file.is_empty(), numbers.last()) {
        (true, _) => Err("write it as FILE or FILE:LINE".to_owned()),
        (false, Some(0)) => Err("lines count from 1".to_owned()),
        (false, line) => Ok(Spot { file: PathBuf::from(file), line: line.copied() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spot_is_a_file_with_or_without_a_line() {
        let found = |text| spot(text).map(|spot| (spot.file.display().to_string(), spot.line));
        assert_eq!(found("guests/web.nix"), Ok(("guests/web.nix".to_owned(), None)));
        assert_eq!(found("web.nix:7"), Ok(("web.nix".to_owned(), Some(7))));
        assert_eq!(found("web.nix:7:3"), Ok(("web.nix".to_owned(), Some(7))));
        assert!(found("web.nix:0").is_err());
        assert!(found(":3").is_err());
    }
}
