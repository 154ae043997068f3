//! The baseline: which file it is, reading it, and writing it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::configuration::mistakes_text;
use super::project::{FleetArguments, Project, working_folder};
use super::replace_files::write_whole;
use super::root::{culprit, root_of};
use super::{Failure, tell};
use crate::config::{Baseline, BaselineEntry, Placed, baseline_text, read_baseline};
use crate::fix::{patched, settle, settle_edit};
use crate::fleet::Coverage;
use crate::rules::{self, Compared, Edit, Finding, Settings, apply_baseline, may_be_known, stale_entries};
use crate::source::{FileId, Place, SourceFile, Sources, Span};

/// Which baseline.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct BaselineArguments {
    /// File of findings that are known and do not fail, instead of the one that the configuration names
    #[arg(long, value_name = "FILE", conflicts_with = "no_baseline")]
    baseline: Option<PathBuf>,
    /// Use no baseline: known findings are reported like new ones
    #[arg(long)]
    no_baseline: bool,
}

/// What to write.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(super) struct WriteArguments {
    /// Write what is found to the baseline; of one that is there, only take out what is gone
    #[arg(long, conflicts_with = "no_baseline")]
    write_baseline: bool,
    /// As --write-baseline, and add what is new to one that is there
    #[arg(long, conflicts_with = "no_baseline")]
    add_to_baseline: bool,
}

impl WriteArguments {
    fn is_given(self) -> bool {
        self.write_baseline || self.add_to_baseline
    }
}

/// The findings of a run with the baseline that they are compared with.
pub(super) struct Known<'a> {
    project: &'a Project,
    settings: &'a Settings,
    root: PathBuf,
    /// The file, if there is to be one.
    path: Option<PathBuf>,
    /// What stands in it, if it is there.
    file: Option<(Arc<SourceFile>, Baseline)>,
    /// Whether this run wrote it, and has told what it left in it.
    is_written: bool,
}

impl<'a> Known<'a> {
    /// Reads the baseline that the arguments or the configuration name, which was read from `configured_in`.
    ///
    /// # Errors
    /// It is not there and is not to be written, or something is wrong with it.
    pub(super) fn read(
        fleet: &FleetArguments,
        arguments: &BaselineArguments,
        write: WriteArguments,
        project: &'a Project,
        configured_in: &Sources,
        settings: &'a Settings,
    ) -> Result<Self, Failure> {
        let root = root_of(fleet, project)?;
        let configured = project.settings.baseline.as_ref().filter(|_| !arguments.no_baseline);
        let path = match (&arguments.baseline, configured) {
            (Some(path), _) => {
                let path = project.sources.canonical(&working_folder()?.join(path));
                path.parent().inspect(|folder| project.sources.allow(folder));
                Some(path)
            }
            (None, Some(path)) => {
                project.sources.allow(&project.settings.folder);
                Some(project.sources.canonical(&path.value))
            }
            (None, None) => None,
        };
        let mut known = Self { project, settings, root, path, file: None, is_written: false };
        match known.path.clone() {
            None if write.is_given() => {
                let example = "baseline = \"routelint-baseline.toml\"";
                return Err(Failure(format!(
                    "nothing says which file the baseline is: give --baseline FILE, or write `{example}` in routelint.toml"
                )));
            }
            None => {}
            Some(path) if write.is_given() && !project.sources.is_present(&path) => {}
            Some(path) => {
                let named = configured.filter(|_| arguments.baseline.is_none());
                let named = named.map(|named| project.paths.locate(configured_in, named.place) + ": ");
                known.file = Some(known.load(&path, &named.unwrap_or_default())?);
            }
        }
        Ok(known)
    }

    fn load(&self, path: &Path, at: &str) -> Result<(Arc<SourceFile>, Baseline), Failure> {
        let (sources, paths) = (&self.project.sources, &self.project.paths);
        if !sources.is_present(path) {
            let way = "`routelint check --write-baseline` writes it";
            return Err(Failure(format!("{at}the baseline {} does not exist; {way}", paths.show(path))));
        }
        let file = sources.read(path).map_err(|error| Failure(format!("{at}{} {error}", paths.show(path))))?;
        let baseline = read_baseline(&file.text, file.id).map_err(|wrong| mistakes_text(&wrong, sources, paths))?;
        Ok((file, baseline))
    }

    /// Gives the findings of a run, which are in the order of reports, their fingerprints.
    pub(super) fn identify(&self, findings: &mut [Finding]) {
        rules::identify(findings, |place| culprit(&self.project.sources, &self.root, place));
    }

    /// Parts identified findings into new and known ones. `None` if there is no baseline.
    pub(super) fn compare(&self, findings: Vec<Finding>) -> (Vec<Finding>, Option<Vec<Finding>>) {
        let Some((_, baseline)) = &self.file else { return (findings, None) };
        let Compared { mut new, known, mut stale } =
            apply_baseline(findings, baseline, self.settings, Coverage::of(&self.project.fleet).is_complete());
        if self.is_written {
            stale.clear();
        }
        settle(&mut stale, &self.project.sources);
        self.identify(&mut stale);
        new.append(&mut stale);
        rules::sort(&mut new, |file| self.project.paths.of(&self.project.sources, file));
        (new, Some(known))
    }

    /// Writes the baseline as it is wanted, and goes on with what is written.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn write(&mut self, arguments: WriteArguments, findings: &[Finding]) -> Result<(), Failure> {
        let Some(path) = self.path.clone().filter(|_| arguments.is_given()) else { return Ok(()) };
        let is_new_file = self.file.is_none();
        let (old, before) = match &self.file {
            Some((file, baseline)) => (file.text.to_string(), baseline.clone()),
            None => (String::new(), Baseline::default()),
        };
        let is_listed =
            |finding: &&Finding| before.entries.iter().any(|entry| entry.fingerprint.value == finding.fingerprint);
        let reported = findings.iter().filter(|finding| self.project.reports(finding));
        let (may, never): (Vec<&Finding>, Vec<&Finding>) = reported.partition(|finding| may_be_known(finding));
        let (_, unlisted): (Vec<&Finding>, Vec<&Finding>) = may.into_iter().partition(is_listed);
        let adds = is_new_file || arguments.add_to_baseline;
        let is_complete = Coverage::of(&self.project.fleet).is_complete();
        let stale = stale_entries(findings, &before, self.settings);
        let gone = if is_complete { stale.as_slice() } else { &[] };
        let added: &[&Finding] = if adds { &unlisted } else { &[] };
        let text = if is_new_file || !added.is_empty() {
            let kept = before.entries.iter().filter(|entry| !gone.contains(entry)).cloned();
            baseline_text(&kept.chain(added.iter().map(|finding| self.entry(finding))).collect::<Vec<_>>())
        } else {
            self.without(&old, gone, &before)
        };
        let shown = self.project.paths.show(&path);
        if is_new_file || text != old {
            write_whole(&path, &text)?;
        }
        let mut said = vec![format!("{} added", added.len()), format!("{} taken out", gone.len())];
        let left = unlisted.len() - added.len();
        if left > 0 {
            said.push(format!("{left} new not added (--add-to-baseline adds them)"));
        }
        if stale.len() > gone.len() {
            let why = "because not everything about the fleet was understood";
            said.push(format!("{} not found and kept, {why}", stale.len()));
        }
        if !never.is_empty() {
            said.push(format!("{} left out, because the source itself is wrong", never.len()));
        }
        tell(&format!("{shown}: {}", said.join(", ")));
        let file = self.project.sources.add_text(&shown, text);
        let baseline = read_baseline(&file.text, file.id)
            .map_err(|wrong| mistakes_text(&wrong, &self.project.sources, &self.project.paths))?;
        self.file = Some((file, baseline));
        self.is_written = true;
        Ok(())
    }

    /// The text of a baseline without some of its entries; what else was written in it stays, if it can.
    fn without(&self, text: &str, gone: &[&BaselineEntry], baseline: &Baseline) -> String {
        let edit = |entry: &&BaselineEntry| {
            let mut edit = Edit { place: entry.fingerprint.place, replacement: String::new() };
            settle_edit(&mut edit, &self.project.sources);
            edit
        };
        let edits: Vec<Edit> = gone.iter().map(edit).collect();
        let are_alone = gone.iter().all(|entry| entry.is_alone);
        let shorter = patched(text, &edits.iter().collect::<Vec<_>>()).filter(|_| are_alone);
        let kept = || baseline.entries.iter().filter(|entry| !gone.contains(entry)).cloned().collect::<Vec<_>>();
        shorter.unwrap_or_else(|| baseline_text(&kept()))
    }

    fn entry(&self, finding: &Finding) -> BaselineEntry {
        let nowhere = Place { file: FileId(0), span: Span::new(0, 0) };
        let file = finding.primary().map(|place| culprit(&self.project.sources, &self.root, place).path);
        BaselineEntry {
            fingerprint: Placed { value: finding.fingerprint.clone(), place: nowhere },
            is_alone: true,
            rule: finding.rule.to_owned(),
            file: file.unwrap_or_default(),
            about: finding.subject.clone(),
            reason: None,
        }
    }
}
