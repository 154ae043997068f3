//! What fuzzing found stays fixed: each input of `fuzz/regressions/TARGET` goes through its target again, and so do the seeds.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::string_slice,
    clippy::indexing_slicing,
    unreachable_pub,
    reason = "this is a test, and it shares a file with the fuzz targets"
)]

#[path = "../fuzz/src/targets.rs"]
mod targets;

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Panics of any thread. The analysis of a fleet has threads of its own and goes on when one of them is lost.
static PANICS: AtomicUsize = AtomicUsize::new(0);

#[test]
fn inputs_that_once_broke_a_target_are_survived() {
    std::panic::set_hook(Box::new(|panic| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        eprintln!("{panic}");
    }));
    let mut broken = Vec::new();
    for (target, run) in targets::TARGETS {
        for (name, text) in inputs(target) {
            let before = PANICS.load(Ordering::Relaxed);
            let ended = std::panic::catch_unwind(|| run(&text));
            if ended.is_err() || PANICS.load(Ordering::Relaxed) != before {
                broken.push(format!("{target}: {name}"));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// Regressions and seeds of a target, by name.
fn inputs(target: &str) -> Vec<(String, String)> {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let mut found = Vec::new();
    if let Ok(seeds) = fs::read_to_string(fuzz.join("seeds").join(target).with_extension("txt")) {
        found.extend(
            (1..).zip(seeds.split("\n====\n")).map(|(number, text)| (format!("seed {number}"), text.to_owned())),
        );
    }
    let files = fs::read_dir(fuzz.join("regressions").join(target)).into_iter().flatten();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    found.extend(files.into_iter().map(|path| (path.display().to_string(), fs::read_to_string(&path).unwrap())));
    found
}
