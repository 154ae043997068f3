//! The walls of the house: which room may use which, what each file must have, who touches the outside world.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::disallowed_methods,
    reason = "this is a test, and it reads the source"
)]

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms, ground floor first. A room may use only rooms that stand before it.
const ROOMS: [&str; 17] = [
    "source", "syntax", "heap", "eval", "builtins", "nixlib", "modules", "schema", "flake", "config", "fleet", "reach",
    "rules", "fix", "report", "cli", "lsp",
];

/// Longest file, in lines. A longer one wants to be two.
const LONGEST_FILE: usize = 600;

/// One Rust file below `src/`.
struct File {
    path: String,
    /// The room it stands in; `None` for `main.rs` and `lib.rs`.
    room: Option<String>,
    text: String,
}

impl File {
    /// The file without its test modules, which may do what they like. Lines are kept, so that their numbers stay right.
    fn lines_outside_tests(&self) -> impl Iterator<Item = (usize, &str)> {
        let is_test_file =
            self.path.ends_with("/testing.rs") || self.path.contains("/tests/") || self.path.ends_with("/tests.rs");
        let lines = self.text.lines().take_while(move |line| !is_test_file && *line != "#[cfg(test)]");
        (1..).zip(lines).filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

fn files() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    paths.sort();
    let file = |path: PathBuf| {
        let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        let room = name.split_once('/').map(|(room, _)| room.to_owned());
        File { room, text: fs::read_to_string(&path).unwrap(), path: name }
    };
    paths.into_iter().map(file).collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

fn floor(room: &str) -> usize {
    ROOMS.iter().position(|known| *known == room).unwrap_or_else(|| panic!("room `{room}` is not on the plan"))
}

/// Names that directly follow `crate::` in a line: `crate::heap::Value`, `use crate::{builtins, nixlib}`.
fn rooms_named(line: &str) -> Vec<&str> {
    let word = |text: &str| text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let mut names = Vec::new();
    for (at, path) in line.match_indices("crate::") {
        let rest = &line[at + path.len()..];
        match rest.strip_prefix('{') {
            Some(group) => {
                let mut depth = 0;
                let mut start = 0;
                for (index, character) in group.char_indices() {
                    match character {
                        '{' => depth += 1,
                        '}' if depth == 0 => {
                            names.push(&group[start..index]);
                            break;
                        }
                        '}' => depth -= 1,
                        ',' if depth == 0 => {
                            names.push(&group[start..index]);
                            start = index + 1;
                        }
                        _ => {}
                    }
                }
            }
            None => names.push(rest),
        }
    }
    names.into_iter().map(str::trim).map(|name| &name[..word(name)]).filter(|name| !name.is_empty()).collect()
}

fn assert_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn arrows_point_one_way() {
    let mut complaints = Vec::new();
    for file in files() {
        let Some(room) = &file.room else { continue };
        let own = floor(room);
        for (number, line) in file.lines_outside_tests() {
            for name in rooms_named(line) {
                let is_room = ROOMS.contains(&name);
                if is_room && floor(name) > own {
                    complaints
                        .push(format!("src/{}:{number}: room `{room}` must not use room `{name}` above it", file.path));
                }
            }
        }
    }
    assert_none(&complaints);
}

#[test]
fn files_stay_short() {
    let long = files().into_iter().map(|file| (file.text.lines().count(), file.path));
    let long = long.filter(|(lines, _)| *lines > LONGEST_FILE);
    let complaints: Vec<String> = long.map(|(lines, path)| format!("src/{path} has {lines} lines")).collect();
    assert_none(&complaints);
}

#[test]
fn every_room_opens_with_its_essay() {
    let mut complaints = Vec::new();
    for file in files().iter().filter(|file| file.path.matches('/').count() == 1 && file.path.ends_with("/mod.rs")) {
        let essay: String = file.text.lines().take_while(|line| line.starts_with("//!")).collect();
        for part in ["Purpose:", "Invariants:", "What it deliberately does not do:"] {
            if !essay.contains(part) {
                complaints.push(format!("src/{}: its essay lacks `{part}`", file.path));
            }
        }
    }
    assert_none(&complaints);
}

#[test]
fn every_file_says_what_it_is() {
    let silent = files().into_iter().filter(|file| !file.text.starts_with("//!"));
    let complaints: Vec<String> = silent.map(|file| format!("src/{} has no opening sentence", file.path)).collect();
    assert_none(&complaints);
}

#[test]
fn only_the_right_rooms_touch_the_outside_world() {
    let doors: [(&str, &[&str]); 5] = [
        ("std::fs", &["source", "cli"]),
        ("std::env", &["cli"]),
        ("std::process", &["cli"]),
        ("println!", &["cli"]),
        ("std::net::Tcp", &[]),
    ];
    let mut complaints = Vec::new();
    for file in files() {
        let Some(room) = &file.room else { continue };
        for (number, line) in file.lines_outside_tests() {
            for (door, rooms) in &doors {
                if line.contains(door) && !rooms.contains(&room.as_str()) {
                    complaints.push(format!("src/{}:{number}: `{door}` outside {rooms:?}", file.path));
                }
            }
        }
    }
    assert_none(&complaints);
}

#[test]
fn names_after_crate_are_found() {
    assert_eq!(rooms_named("use crate::heap::Value;"), ["heap"]);
    assert_eq!(rooms_named("use crate::{builtins, eval::{Stop, Outcome}, nixlib};"), ["builtins", "eval", "nixlib"]);
    assert_eq!(rooms_named("let a = crate::rules::find(crate::report::x());"), ["rules", "report"]);
    assert_eq!(rooms_named("pub(crate) fn f() {}"), [""; 0]);
}
