//! A file that is being written: whatever a file is cut off at, it parses in bounded time, and a fleet with it is still checked.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::string_slice,
    clippy::disallowed_methods,
    reason = "this is a test, and it reads the fixtures"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use routelint::fleet::{Failure, Target, analyse};
use routelint::rules::{Settings, check};
use routelint::source::{Access, Sources};
use routelint::syntax::ir::{FileIr, SyntaxErrorKind};
use routelint::syntax::{LowerOptions, parse};

/// Names that are bound everywhere.
const GLOBALS: [&str; 12] = [
    "builtins",
    "true",
    "false",
    "null",
    "map",
    "import",
    "throw",
    "abort",
    "toString",
    "removeAttrs",
    "baseNameOf",
    "lib",
];

/// Prefixes of one file at which a whole fleet is checked.
const CUTS_PER_FILE: usize = 3;

/// Fixtures whose files are all reached, without settings.
const FLEETS: [&str; 5] = ["reference", "registry", "two-hosts", "flake-inline", "options-module"];

/// Most places at which one file is cut to be parsed.
const MOST_CUTS: usize = 200;

/// Longest distance of two cuts inside a token.
const STRIDE: usize = 24;

fn fixtures() -> PathBuf {
    fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")).unwrap()
}

/// The fixtures, but for files that another loader than `import` binds names around.
fn modules() -> Vec<PathBuf> {
    let atom = fixtures().join("frameworks/atom");
    Sources::new(Access::below(Vec::new())).nix_files(&fixtures(), &|path| path.starts_with(&atom))
}

fn parsed(text: &str) -> FileIr {
    parse(text, &LowerOptions { globals: &GLOBALS, frame: &[] })
}

/// Ends of all tokens, and some places inside long ones.
fn cuts(text: &str) -> Vec<usize> {
    let mut at = 0;
    let mut cuts = vec![0];
    for (_, token) in rnix::tokenize(text) {
        cuts.extend(token.char_indices().step_by(STRIDE).skip(1).map(|(inside, _)| at + inside));
        at += token.len();
        cuts.push(at);
    }
    cuts
}

#[test]
fn every_beginning_of_a_module_parses() {
    for path in modules() {
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(parsed(&text).errors, [], "{}", path.display());
        let cuts = cuts(&text);
        for cut in cuts.iter().step_by(1 + cuts.len() / MOST_CUTS).copied() {
            let beginning = &text[..cut];
            let ir = parsed(beginning);
            let name = path.display();
            assert!(ir.root.is_some(), "{name} cut at {cut} was not read: {:?}", ir.errors);
            assert!(!ir.errors.iter().any(|error| error.kind == SyntaxErrorKind::TooDeep), "{name} cut at {cut}");
            for span in ir.spans.iter().chain(ir.errors.iter().map(|error| &error.span)) {
                let inside = beginning.get(span.start as usize..span.end as usize);
                assert!(inside.is_some(), "{name} cut at {cut}: {span:?}");
            }
        }
    }
}

#[test]
fn a_fleet_with_a_file_cut_off_is_still_checked() {
    let root = fixtures();
    for path in modules() {
        let fleet = path.strip_prefix(&root).unwrap().iter().next().unwrap();
        if !FLEETS.iter().any(|known| fleet == *known) {
            continue;
        }
        let project = root.join(fleet);
        let text = fs::read_to_string(&path).unwrap();
        let cuts = cuts(&text);
        for cut in cuts.iter().step_by(cuts.len() / CUTS_PER_FILE) {
            let name = format!("{} cut at {cut}", path.display());
            let mut access = Access::below(Vec::new());
            access.overlay.insert(path.clone(), text[..*cut].to_owned());
            let sources = Arc::new(Sources::new(access));
            let target = Target { paths: vec![project.clone()], ..Target::default() };
            let beginning = &text[..*cut];
            // A file that no other names is a file of the fleet by what it says.
            let is_of_fleet = ["microvm", "networking", "systemd.network"].iter().any(|word| beginning.contains(word));
            let analysis = match analyse(&sources, &target) {
                Ok(analysis) => analysis,
                Err(Failure::Empty(_)) if !is_of_fleet => continue,
                Err(failure) => panic!("{name}: {failure}"),
            };
            let findings = check(&analysis.fleet, &Settings::default());
            let of_file = findings.iter().filter(|finding| finding.rule == "syntax-error");
            let mut files = of_file.filter_map(|finding| sources.file(finding.primary()?.file));
            let is_told = files.any(|file| file.path == path);
            let is_broken = !parsed(beginning).errors.is_empty();
            let found: Vec<_> = findings.iter().map(|finding| finding.rule).collect();
            assert!(is_told == is_broken || !is_told && !is_of_fleet, "{name}: {found:?}");
        }
    }
}
