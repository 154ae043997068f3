//! The whole way from a target to the facts.

use std::path::PathBuf;
use std::sync::Arc;

use super::discover::{Discovery, discover};
use super::facts::{Fact, Fleet, Guest, Host, HostId, Problem, ProblemKind, Release};
use super::session::new_evaluator;
use super::target::{Failure, Scope, Target, resolve};
use crate::eval::{Evaluator, Limits};
use crate::source::{FileId, Place, Sources};
use crate::syntax::ir::Directive;

/// What an analysis gives.
#[derive(Clone, Debug, Default)]
pub struct Analysis {
    /// The facts.
    pub fleet: Fleet,
    /// Comments that speak to routelint, in the files that were evaluated.
    pub directives: Vec<(FileId, Directive)>,
}

/// Machine stack of a thread that evaluates. Only what is used takes memory.
const STACK: usize = 1 << 30;

/// Most syntax errors of one file that are reported.
const MOST_ERRORS_PER_FILE: usize = 50;

/// Finds the machines of a target and reads their facts. Takes a thread of its own, because evaluation needs a deep stack.
pub fn analyse(sources: &Arc<Sources>, target: &Target) -> Result<Analysis, Failure> {
    let scope = resolve(sources, target)?;
    let worker = std::thread::Builder::new().stack_size(STACK);
    std::thread::scope(|threads| {
        let worker = worker.spawn_scoped(threads, || analyse_scope(sources, target, &scope));
        match worker.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(result)) => result,
            Ok(Err(_)) | Err(_) => Err(Failure::Empty(scope.project.clone())),
        }
    })
}

fn analyse_scope(sources: &Arc<Sources>, target: &Target, scope: &Scope) -> Result<Analysis, Failure> {
    let mut ev = new_evaluator(sources, Limits::untrusted());
    ev.is_tolerant = true;
    let found = discover(&mut ev, target, scope);
    let mut analysis = assemble(found);
    finish(&mut ev, scope, &mut analysis);
    let fleet = &analysis.fleet;
    if fleet.hosts.is_empty() && fleet.guests.is_empty() && fleet.problems.is_empty() {
        let given = target.paths.first().cloned().unwrap_or_else(|| PathBuf::from("."));
        return Err(Failure::Empty(given));
    }
    Ok(analysis)
}

/// Hosts and guests in their order, guests paired with hosts.
fn assemble(found: Discovery) -> Analysis {
    let mut hosts: Vec<Host> = found.hosts;
    hosts.sort_by(|a, b| (&a.name, a.place).cmp(&(&b.name, b.place)));
    let mut guests: Vec<Guest> = Vec::with_capacity(found.guests.len());
    for (mut guest, host_name) in found.guests {
        let position = match host_name {
            Some(name) => hosts.iter().position(|host| host.name == name),
            None => host_of_guest(&hosts, &guest.name),
        };
        guest.host = position.and_then(|index| u32::try_from(index).ok()).map(HostId);
        if let Some(host) = guest.host.and_then(|id| hosts.get(id.0 as usize)) {
            guest.release = guest.release.or(host.release);
        }
        guests.push(guest);
    }
    guests.sort_by(|a, b| (a.host, &a.name, a.place).cmp(&(b.host, &b.name, b.place)));
    let mut fleet = Fleet { hosts, guests, problems: found.problems, unknowns: found.gaps, files: 0 };
    fleet.unknowns.sort();
    fleet.unknowns.dedup();
    Analysis { fleet, directives: Vec::new() }
}

/// The host of a guest that no `microvm.vms` names: the one that starts it, or the only one.
fn host_of_guest(hosts: &[Host], name: &str) -> Option<usize> {
    let mut starting =
        hosts.iter().enumerate().filter(|(_, host)| host.autostart.items.iter().any(|started| started.value == name));
    match (starting.next(), starting.next()) {
        (Some((index, _)), None) => Some(index),
        (None, _) if hosts.len() == 1 => Some(0),
        _ => None,
    }
}

/// Syntax errors and directives of the files that were evaluated.
fn finish(ev: &mut Evaluator, scope: &Scope, analysis: &mut Analysis) {
    let mut files: Vec<FileId> = ev.program.files().iter().map(|linked| linked.file).collect();
    files.sort();
    files.dedup();
    for id in files {
        let Some(file) = ev.sources.file(id).filter(|file| file.on_disk && file.path.starts_with(&scope.project))
        else {
            continue;
        };
        analysis.fleet.files += 1;
        let Some(ir) = ev.parsed.get(&id) else { continue };
        for error in ir.errors.iter().take(MOST_ERRORS_PER_FILE) {
            let place = |span| Place { file: file.id, span };
            analysis.fleet.problems.push(Problem {
                kind: ProblemKind::Syntax,
                message: error.message.clone(),
                place: Some(place(error.span)),
                related: error.related.iter().map(|(span, text)| (place(*span), text.clone())).collect(),
                machine: None,
            });
        }
        analysis.directives.extend(ir.directives.iter().map(|directive| (id, directive.clone())));
    }
}

/// A release as given on the command line or found in a lock file.
pub fn parse_release(text: &str) -> Option<Release> {
    let (year, month) = text.split_once('.')?;
    let (year, month) = (year.parse().ok()?, month.parse().ok()?);
    matches!(month, 5 | 11).then_some(Release { year, month })
}

/// A guest whose autostart is as its host's `microvm.vms` says.
pub(super) fn with_autostart(mut guest: Guest, autostart: Fact<bool>) -> Guest {
    guest.autostart = autostart;
    guest
}
