//! `routelint fix` from the outside: what is written, what is not, and that a second run has nothing to do.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "this is a test, and it prepares its own folders"
)]

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

fn routelint(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_routelint"));
    command.args(arguments).current_dir(folder).env_clear();
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn run(folder: &Path, arguments: &[&str]) -> (String, i32) {
    let output = routelint(folder, arguments, "");
    assert!(output.stderr.is_empty(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap())
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() { copy(&path, &target) } else { fs::write(&target, fs::read(&path).unwrap()).unwrap() }
    }
}

/// A copy of the reference fleet.
fn reference() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/reference"), folder.path());
    folder
}

fn read(folder: &TempDir, name: &str) -> String {
    fs::read_to_string(folder.path().join(name)).unwrap()
}

#[test]
fn a_safe_fix_changes_its_line_and_nothing_else() {
    let folder = reference();
    let web = folder.path().join("guests/web.nix");
    fs::set_permissions(&web, fs::Permissions::from_mode(0o640)).unwrap();
    let (before, other) = (read(&folder, "guests/web.nix"), read(&folder, "taps.nix"));
    let untouched = fs::metadata(folder.path().join("taps.nix")).unwrap().modified().unwrap();
    let (said, status) = run(folder.path(), &["fix", "--only", "onlink-without-gateway"]);
    assert!(said.contains("fixed guests/web.nix: onlink-without-gateway"), "{said}");
    assert_eq!(status, 1, "other findings are left: {said}");
    let after = read(&folder, "guests/web.nix");
    let gone: Vec<&str> = before.lines().filter(|line| !after.lines().any(|kept| kept == *line)).collect();
    assert!(
        gone.is_empty() && before.lines().count() == after.lines().count() + 1,
        "one line is gone, which also stands elsewhere: {after}"
    );
    assert_eq!(fs::metadata(&web).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(read(&folder, "taps.nix"), other);
    assert_eq!(fs::metadata(folder.path().join("taps.nix")).unwrap().modified().unwrap(), untouched);
    let (said, _) = run(folder.path(), &["fix", "--only", "onlink-without-gateway"]);
    assert!(said.starts_with("nothing fixed"), "{said}");
}

#[test]
fn the_reference_fleet_ends_without_an_error_or_warning() {
    let folder = reference();
    run(folder.path(), &["fix", "--unsafe"]);
    let (left, status) = run(folder.path(), &["check", "--format", "concise"]);
    assert!(!left.contains(": error[") && !left.contains(": warning["), "{left}");
    assert_eq!(status, 0);
    let nat = read(&folder, "nat.nix");
    assert!(
        nat.contains("    enableIPv6 = true;\n    internalIPv6s = [ \"fec0::/64\" ];\n    enable = true;\n"),
        "{nat}"
    );
}

#[test]
fn a_diff_writes_nothing_and_applies() {
    let folder = reference();
    let before = read(&folder, "guests/web.nix");
    let (diff, status) = run(folder.path(), &["fix", "--diff"]);
    assert_eq!(status, 1);
    assert_eq!(read(&folder, "guests/web.nix"), before);
    assert!(diff.contains("--- a/guests/web.nix\n+++ b/guests/web.nix\n"), "{diff}");
    assert_eq!(diff.matches("\n-      GatewayOnLink = true;\n").count(), 2, "{diff}");
}

#[test]
fn one_place_or_one_rule_can_be_fixed_alone() {
    let folder = reference();
    let (said, _) = run(folder.path(), &["fix", "--at", "guests/db.nix:30"]);
    assert!(said.contains("fixed guests/db.nix") && !said.contains("guests/web.nix"), "{said}");
    let (said, _) = run(folder.path(), &["fix", "--only", "mac-malformed"]);
    assert!(said.starts_with("nothing fixed"), "{said}");
    let (said, _) = run(folder.path(), &["fix", "guests/web.nix"]);
    assert!(said.contains("fixed guests/web.nix"), "{said}");
}

#[test]
fn a_rule_that_is_off_by_default_is_fixed_if_it_is_named() {
    let folder = reference();
    let (said, _) = run(folder.path(), &["fix", "--unsafe", "--only", "guest-accepts-ra-on-routed-link"]);
    assert!(said.contains("fixed guests/web.nix: guest-accepts-ra-on-routed-link"), "{said}");
    assert!(read(&folder, "guests/web.nix").contains("IPv6AcceptRA = false;"));
}

#[test]
fn a_text_on_standard_input_comes_back_fixed() {
    let folder = reference();
    let text = format!("# unsaved\n{}", read(&folder, "guests/web.nix"));
    let output = routelint(folder.path(), &["fix", "--stdin-filename", "guests/web.nix"], &text);
    let fixed = String::from_utf8(output.stdout).unwrap();
    assert!(fixed.starts_with("# unsaved\n"), "{fixed}");
    assert_eq!(fixed.matches("GatewayOnLink").count() + 1, text.matches("GatewayOnLink").count());
    assert!(!read(&folder, "guests/web.nix").contains("# unsaved"));
}

#[test]
fn a_file_that_may_not_be_written_stops_everything() {
    let folder = reference();
    let db = folder.path().join("guests/db.nix");
    fs::set_permissions(&db, fs::Permissions::from_mode(0o440)).unwrap();
    let before = read(&folder, "guests/web.nix");
    let output = routelint(folder.path(), &["fix"], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("read-only"), "{output:?}");
    assert_eq!(read(&folder, "guests/web.nix"), before);
    assert_eq!(fs::read_dir(folder.path().join("guests")).unwrap().count(), 2, "nothing is left behind");
}

#[test]
fn a_place_that_is_not_there_is_bad_usage() {
    let folder = reference();
    assert_eq!(routelint(folder.path(), &["fix", "--at", "nowhere.nix:3"], "").status.code(), Some(2));
    assert_eq!(routelint(folder.path(), &["fix", "--only", "no-such-rule"], "").status.code(), Some(2));
}
