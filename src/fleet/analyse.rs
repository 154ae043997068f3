//! The whole way from a target to the facts.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use super::coverage;
use super::discover::{Discovery, discover};
use super::facts::{Fact, Fleet, Guest, Host, HostId};
use super::index::{index_by_route, keep_schemes};
use super::pairing::{self, hosts_by_guest};
use super::parts::{Asker, answer};
use super::reader::Reader;
use super::session::tolerant_evaluator;
use super::target::{Failure, Layout, Scope, Target, resolve};
use super::trouble::{Gap, Problem, ProblemKind};
use crate::config::{Mistake, Settings};
use crate::eval::Evaluator;
use crate::source::{FileId, FileOrder, Place, ReadError, Sources};
use crate::syntax::ir::{Directive, FileIr, SyntaxError, SyntaxErrorKind};

/// What an analysis gives.
#[derive(Clone, Debug, Default)]
pub struct Analysis {
    /// The facts.
    pub fleet: Fleet,
    /// Comments that speak to routelint, in the files that were evaluated.
    pub directives: Vec<(FileId, Directive)>,
}

/// Machine stack of a thread that evaluates. Only what is used takes memory.
pub(super) const STACK: usize = 1 << 30;

/// Most syntax errors of one file that are reported.
const MOST_ERRORS_PER_FILE: usize = 50;

/// Finds the machines of a target and reads their facts. Takes a thread of its own, because evaluation needs a deep stack; the thread
/// outlives the call for as long as a fact may ask what it consists of.
pub fn analyse(sources: &Arc<Sources>, target: &Target) -> Result<Analysis, Failure> {
    let scope = resolve(sources, target)?;
    let given = target.paths.first().cloned().unwrap_or_else(|| PathBuf::from("."));
    let (sources, target) = (Arc::clone(sources), target.clone());
    let (sender, receiver) = sync_channel(1);
    let work = move || {
        let (asker, questions) = sync_channel(1);
        let mut ev = tolerant_evaluator(&sources);
        let analysis = analyse_scope(&mut ev, &sources, &target, &scope, asker);
        if sender.send(analysis).is_ok() {
            let mut reader = Reader::new(&mut ev, scope.project.clone(), None);
            answer(&questions, |value| reader.take_apart(value).into());
        }
    };
    let started = std::thread::Builder::new().stack_size(STACK).spawn(work).is_ok();
    let analysis = receiver.recv().ok().filter(|_| started).ok_or_else(|| Failure::Empty(given.clone()))??;
    let fleet = &analysis.fleet;
    let is_explained = !fleet.problems.is_empty() || !fleet.unknowns.is_empty();
    if fleet.hosts.is_empty() && fleet.guests.is_empty() && !is_explained {
        return Err(Failure::Empty(given));
    }
    Ok(analysis)
}

fn analyse_scope(
    ev: &mut Evaluator,
    sources: &Arc<Sources>,
    target: &Target,
    scope: &Scope,
    asker: Asker,
) -> Result<Analysis, Failure> {
    let mut found = discover(ev, target, scope, asker);
    let mut loaded = Loaded { is_guessed: found.is_guessed, ..Loaded::default() };
    loaded.collect(ev, scope);
    loaded.collect_unused(ev, target, scope)?;
    found.read_shares(sources, target, scope, &ev.parsed, &mut loaded);
    let mut mistakes = std::mem::take(&mut found.mistakes);
    let order = sources.order();
    let analysis = assemble(found, loaded, &target.settings, &order, &mut mistakes);
    mistakes.sort_by_key(|mistake| order.of(mistake.place));
    mistakes.dedup();
    if mistakes.is_empty() { Ok(analysis) } else { Err(Failure::Configuration(mistakes)) }
}

/// What is to be known about the files that were evaluated.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    files: BTreeMap<FileId, (Vec<Problem>, Vec<Directive>)>,
    /// Whether the machines were guessed.
    is_guessed: bool,
}

impl Loaded {
    pub(super) fn collect(&mut self, ev: &Evaluator, scope: &Scope) {
        for linked in ev.program.files() {
            let id = linked.file;
            if self.files.contains_key(&id) {
                continue;
            }
            let file = ev.sources.file(id).filter(|file| file.on_disk && file.path.starts_with(&scope.project));
            let (Some(_), Some(ir)) = (file, ev.parsed.get(id)) else { continue };
            // A name that is not defined may be one that another program than Nix gives to a file that no flake imports.
            let problems = syntax_problems(id, &ir, !self.is_guessed);
            self.files.insert(id, (problems, ir.directives.clone()));
        }
    }

    /// The files that no machine uses although somebody may believe so: those named, and without a flake all below the folder, since
    /// a file that does not parse may be the machine that is missing. Only what does not parse at all is told of them.
    fn collect_unused(&mut self, ev: &mut Evaluator, target: &Target, scope: &Scope) -> Result<(), Failure> {
        let mut files: Vec<(FileId, Arc<FileIr>)> = Vec::new();
        for path in &target.named {
            match ev.sources.read(path) {
                Ok(file) => {
                    let known = ev.parsed.get(file.id);
                    files.push((file.id, known.unwrap_or_else(|| Arc::new(ev.parse(&file.text, &[])))));
                }
                Err(ReadError::Encrypted(_)) => {}
                Err(error) => return Err(Failure::Unreadable(path.clone(), error)),
            }
        }
        if matches!(scope.layout, Layout::Folder(_)) {
            files.extend(ev.parsed.all());
        }
        for (id, ir) in files {
            let is_own = ev.sources.file(id).is_some_and(|file| file.on_disk && file.path.starts_with(&scope.project));
            if is_own && !self.files.contains_key(&id) {
                let problems = syntax_problems(id, &ir, false);
                if !problems.is_empty() {
                    self.files.insert(id, (problems, ir.directives.clone()));
                }
            }
        }
        Ok(())
    }

    pub(super) fn merge(&mut self, other: Self) {
        for (id, known) in other.files {
            self.files.entry(id).or_insert(known);
        }
    }
}

/// The syntax errors of a file as problems; names that are not defined only if they are asked for.
fn syntax_problems(id: FileId, ir: &FileIr, with_undefined: bool) -> Vec<Problem> {
    let place = |span| Place { file: id, span };
    let is_meant = |error: &&SyntaxError| with_undefined || error.kind != SyntaxErrorKind::UndefinedVariable;
    let problems = ir.errors.iter().filter(is_meant).take(MOST_ERRORS_PER_FILE).map(|error| Problem {
        kind: ProblemKind::Syntax,
        message: error.message.clone(),
        place: Some(place(error.span)),
        related: error.related.iter().map(|(span, text)| (place(*span), text.clone())).collect(),
        machine: None,
        is_certain: true,
    });
    problems.collect()
}

/// Hosts and guests in their order, guests paired with hosts.
fn assemble(
    found: Discovery,
    loaded: Loaded,
    settings: &Settings,
    order: &FileOrder,
    mistakes: &mut Vec<Mistake>,
) -> Analysis {
    let at = |place: Option<Place>| place.map(|place| order.of(place));
    let given = hosts_by_guest(settings);
    let mut hosts: Vec<Host> = found.hosts;
    hosts.sort_by(|a, b| (&a.name, at(a.place)).cmp(&(&b.name, at(b.place))));
    let has_unread = found.gaps.iter().any(coverage::is_configuration);
    let mut guests: Vec<Guest> = Vec::with_capacity(found.guests.len());
    for (mut guest, host_name) in found.guests {
        let position = match host_name.as_deref().or_else(|| given.get(guest.name.as_str()).copied()) {
            Some(name) => hosts.iter().position(|host| host.name == name),
            None => host_of_guest(&hosts, &guest, has_unread),
        };
        guest.host = position.and_then(|index| u32::try_from(index).ok()).map(HostId);
        if let Some(host) = guest.host.and_then(|id| hosts.get(id.0 as usize)) {
            guest.release = guest.release.or(host.release);
            if guest.index.is_none() {
                guest.index = index_by_route(&guest, host);
            }
        }
        guests.push(guest);
    }
    keep_schemes(&mut guests);
    guests.sort_by(|a, b| (a.host, &a.name, at(a.place)).cmp(&(b.host, &b.name, at(b.place))));
    let files = loaded.files.len();
    let (problems, unknowns) = (found.problems, found.gaps);
    let mut fleet =
        Fleet { hosts, guests, problems, unknowns, is_guessed: found.is_guessed, files, ..Fleet::default() };
    let is_partial = found.is_partial
        || fleet.is_guessed
        || !fleet.problems.is_empty()
        || !mistakes.is_empty()
        || fleet.hosts.iter().any(|host| !host.vms.is_complete);
    mistakes.extend(pairing::apply(settings, &mut fleet, is_partial));
    fleet.unknowns = Gap::merged(fleet.unknowns, order);
    let mut directives = Vec::new();
    let mut files: Vec<_> = loaded.files.into_iter().collect();
    files.sort_by_key(|(id, _)| order.of_file(*id));
    for (id, (problems, own)) in files {
        fleet.problems.extend(problems);
        directives.extend(own.into_iter().map(|directive| (id, directive)));
    }
    Analysis { fleet, directives }
}

/// The host of a guest that no `microvm.vms` names: the one that starts it, or the only one, unless that one tells which guests it starts and
/// leaves this one out. A machine that has no more than NAT is not taken for a host, and one that has no more than files for taps only of guests with
/// such a tap, and not while there are others that could not be read.
fn host_of_guest(hosts: &[Host], guest: &Guest, has_unread: bool) -> Option<usize> {
    let starts = |host: &Host| host.autostart.items.iter().any(|started| started.value == guest.name);
    let mut starting = (0..).zip(hosts).filter(|(_, host)| starts(host));
    match (starting.next(), starting.next()) {
        (Some((index, _)), None) => Some(index),
        (None, _) => {
            let may_run = |host: &Host| host.runs_guests() || (!has_unread && host.expects(guest));
            match hosts {
                [only] => {
                    let tells_all = only.autostart.is_complete && !only.autostart.items.is_empty();
                    (may_run(only) && !tells_all).then_some(0)
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// A guest whose autostart is as its host's `microvm.vms` says.
pub(super) fn with_autostart(mut guest: Guest, autostart: Fact<bool>) -> Guest {
    guest.autostart = autostart;
    guest
}
