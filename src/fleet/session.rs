//! Evaluators that know everything: built-in functions, `lib`, modules, flakes.

use std::path::PathBuf;
use std::sync::Arc;

use crate::eval::{Evaluator, Limits, UnknownReason};
use crate::heap::Heap;
use crate::source::{SourceFile, Sources};
use crate::syntax::{FileIr, LowerOptions, ParsedFiles, parse};
use crate::{builtins, flake, modules, nixlib};

/// An evaluator for source that nobody vouches for; files with syntax errors are evaluated as far as they were recovered.
pub fn new_evaluator(sources: &Arc<Sources>, limits: Limits) -> Evaluator {
    install(Evaluator::new(Arc::clone(sources), limits))
}

fn install(mut ev: Evaluator) -> Evaluator {
    builtins::install(&mut ev);
    nixlib::install(&mut ev);
    modules::install(&mut ev);
    flake::install(&mut ev);
    let lib = nixlib::lib_value(&mut ev);
    ev.set_global("lib", lib);
    ev
}

/// An evaluator for a fleet, with limits for source that nobody vouches for.
pub fn tolerant_evaluator(sources: &Arc<Sources>) -> Evaluator {
    tolerant_evaluator_on(Heap::new(), sources, ParsedFiles::default())
}

/// The same on an empty heap that is there already; it knows what is parsed already.
pub(super) fn tolerant_evaluator_on(heap: Heap, sources: &Arc<Sources>, parsed: ParsedFiles) -> Evaluator {
    let mut ev = install(Evaluator::on(heap, Arc::clone(sources), Limits::untrusted()));
    ev.is_tolerant = true;
    ev.take_notes(&super::dropped::PATH);
    ev.loader_scope = Some(flake::loader_scope);
    ev.parsed = parsed;
    allow_plugins(&mut ev);
    ev
}

/// Functions that a plugin of Nix adds, as those that decrypt secrets do: whoever uses them has the plugin, and what they give is unknown.
fn allow_plugins(ev: &mut Evaluator) {
    let unknown = ev.unknown(UnknownReason::Impure("what a plugin of Nix gives".to_owned())).0;
    let added = ev.set(&[("extraBuiltins", unknown)]);
    if let Some(known) = ev.global("builtins")
        && let Ok(extended) = ev.update(known, added)
    {
        ev.set_global("builtins", extended);
    }
}

/// The IR of files, parsed on all cores. Files that cannot be read are left out.
pub(super) fn parse_all(sources: &Sources, paths: &[PathBuf], globals: &[&str]) -> Vec<(Arc<SourceFile>, Arc<FileIr>)> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(8);
    let options = LowerOptions { globals, frame: &[] };
    let parse_some = |paths: &[PathBuf]| -> Vec<(Arc<SourceFile>, Arc<FileIr>)> {
        paths
            .iter()
            .filter_map(|path| sources.read(path).ok())
            .map(|file| {
                let ir = parse(&file.text, &options);
                (file, Arc::new(ir))
            })
            .collect()
    };
    if threads < 2 || paths.len() < 32 {
        return parse_some(paths);
    }
    let size = paths.len().div_ceil(threads);
    std::thread::scope(|scope| {
        let workers: Vec<_> = paths.chunks(size).map(|chunk| scope.spawn(|| parse_some(chunk))).collect();
        workers.into_iter().filter_map(|worker| worker.join().ok()).flatten().collect()
    })
}
