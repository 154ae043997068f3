//! Hostile input: whatever a file holds, routelint ends by itself, with one of its own exit statuses, in bounded time and memory.
//!
//! Each case is checked as a part of a fleet; what is hard to read, rather than hard to evaluate, is evaluated by itself too. A watchdog ends a run that takes too long; the shell's limit on
//! address space (evaluation reserves 1 GiB of stack twice, untouched) ends one that takes too much.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "this is a test, and it prepares its own folders"
)]

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

/// A run that takes longer has hung. A release build answers within two seconds; an unoptimised one on a busy machine needs room.
const PATIENCE: Duration = Duration::from_secs(if cfg!(debug_assertions) { 90 } else { 20 });

/// Address space in KiB: 1 GiB of memory beside the reserved stacks and the parser's.
const ADDRESS_SPACE: u64 = 5 << 20;

/// What a run printed, and its exit status.
struct Outcome {
    status: i32,
    output: String,
    errors: String,
}

fn run(folder: &Path, arguments: &[&str]) -> Outcome {
    let script = format!("ulimit -v {ADDRESS_SPACE}; exec \"$@\"");
    let mut child = Command::new("sh")
        .args(["-c", &script, "sh", env!("CARGO_BIN_EXE_routelint")])
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let (sender, receiver) = channel();
    let reader = std::thread::spawn(move || {
        let (mut output, mut errors) = (Vec::new(), Vec::new());
        stdout.read_to_end(&mut output).unwrap();
        stderr.read_to_end(&mut errors).unwrap();
        sender.send(()).unwrap();
        (String::from_utf8_lossy(&output).into_owned(), String::from_utf8_lossy(&errors).into_owned())
    });
    let hung = receiver.recv_timeout(PATIENCE).is_err();
    if hung {
        child.kill().unwrap();
    }
    let status = child.wait().unwrap();
    let (output, errors) = reader.join().unwrap();
    assert!(!hung, "routelint {arguments:?} did not end");
    let status = status.code().unwrap_or_else(|| panic!("routelint {arguments:?} was killed: {status}\n{errors}"));
    Outcome { status, output, errors }
}

/// A fleet whose host holds `text` in a place that matters.
fn fleet_around(folder: &Path, text: &str) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("hostile.nix"), text).unwrap();
    let host = "{ ... }:\n{\n  networking.nat = { enable = true; internalIPs = import ./hostile.nix; };\n  \
                microvm.vms.web.config = { microvm.interfaces = [ { type = \"tap\"; id = \"vm1\"; mac = import ./hostile.nix; } ]; };\n}\n";
    fs::write(folder.join("host.nix"), host).unwrap();
}

/// Checks a fleet that imports `text`: the run must end with an exit status of routelint's own, and with its JSON.
fn survives(name: &str, text: &str) {
    let folder = tempfile::tempdir().unwrap();
    fleet_around(folder.path(), text);
    let outcome = run(folder.path(), &["check", "--format", "json", "."]);
    assert_own_ending(name, &outcome);
    if outcome.status != 2 {
        serde_json::from_str::<serde_json::Value>(&outcome.output).unwrap();
    }
}

/// The same, and `text` is also evaluated by itself.
fn survives_alone(name: &str, text: &str) {
    survives(name, text);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("hostile.nix"), text).unwrap();
    assert_own_ending(name, &run(folder.path(), &["eval", "--strict", "--json", "hostile.nix"]));
}

fn assert_own_ending(name: &str, outcome: &Outcome) {
    let is_own = (0..=2).contains(&outcome.status) && !outcome.errors.contains("panicked");
    assert!(is_own, "{name}: ended with {}:\n{}", outcome.status, outcome.errors);
}

#[test]
fn deep_nesting() {
    let deep = 100_000;
    for (name, open, middle, close) in [
        ("lists", "[", "1", "]"),
        ("parentheses", "(", "1", ")"),
        ("sets", "{a=", "1", ";}"),
        ("recursive sets", "rec{a=", "1", ";}"),
        ("lets", "let a=", "1", ";in a"),
        ("functions", "x:", "x", ""),
        ("formals", "{a}:", "a", ""),
        ("defaults", "({a ?", "1", "}:a)"),
        ("conditions", "if true then ", "1", " else 2"),
        ("assertions", "assert true;", "1", ""),
        ("scopes", "with {};", "1", ""),
        ("strings", "\"${", "1", "}\""),
        ("indented strings", "''${", "1", "}''"),
        ("negations", "-", "1", ""),
        ("nots", "!", "true", ""),
        ("open lists", "[", "", ""),
        ("open strings", "\"${", "", ""),
        ("closed only", "", "", "]"),
    ] {
        survives_alone(name, &format!("{}{middle}{}", open.repeat(deep), close.repeat(deep)));
    }
}

#[test]
fn long_chains() {
    let long = 100_000;
    for (name, first, repeated) in [
        ("additions", "1", "+1"),
        ("concatenations", "\"a\"", "+\"b\""),
        ("updates", "{}", "//{a=1;}"),
        ("lists", "[]", "++[1]"),
        ("implications", "true", "->true"),
        ("comparisons", "1", "<1"),
        ("selections", "a", ".a"),
        ("defaults", "{}", ".a or {}"),
        ("tests", "{}", "?a"),
        ("calls", "(x:x)", " (x:x)"),
        ("attribute paths", "{a", ".a"),
        ("comments", "1", "/**/"),
        ("elements", "[", " 1"),
    ] {
        survives_alone(name, &format!("{first}{}", repeated.repeat(long)));
    }
}

#[test]
fn endless_evaluation() {
    for text in [
        "let x = x; in x",
        "rec { a = b; b = a; }",
        "let f = x: f x; in f 1",
        "let f = x: 1 + f x; in f 1",
        "let f = x: f (x + 1); in f 0",
        "let s = { a = s; }; in s",
        "let l = [ l ]; in builtins.toJSON l",
        "let s = { __toString = self: toString s; }; in toString s",
        "let s = { __functor = self: self; }; in s 1 2 3",
        "let f = n: { x = f (n + 1); }; in builtins.deepSeq (f 0) 1",
        "let a = { x = a; }; b = { x = b; }; in a == b",
        "let a = [ a ]; b = [ b ]; in a == b",
        "let a = [ a ]; b = [ b ]; in a < b",
        "import ./hostile.nix",
        "builtins.genericClosure { startSet = [ { key = 1; } ]; operator = { key }: [ { key = key + 1; } ]; }",
        "builtins.foldl' (a: b: a) 0 (builtins.genList (x: x) 1000000000)",
    ] {
        survives(text, text);
    }
}

#[test]
fn large_values() {
    for text in [
        "builtins.genList (x: x) 1000000000",
        "builtins.length (builtins.genList (x: x) 9223372036854775807)",
        "builtins.genList (x: x) (-1)",
        "let d = n: if n == 0 then \"aaaaaaaaaaaaaaaa\" else let s = d (n - 1); in s + s; in builtins.stringLength (d 60)",
        "let d = n: if n == 0 then [ 1 ] else let s = d (n - 1); in s ++ s; in builtins.length (d 60)",
        "let d = n: if n == 0 then { a = 1; } else { l = d (n - 1); r = d (n - 1); }; in d 60",
        "let d = n: if n == 0 then 1 else let s = d (n - 1); in [ s s ]; in builtins.toJSON (d 60)",
        "builtins.concatStringsSep \"x\" (builtins.genList (x: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\") 100000000)",
        "builtins.replaceStrings [ \"\" ] [ \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" ] (builtins.concatStringsSep \"\" (builtins.genList (x: \"aaaaaaaaaaaaaaaa\") 1000000))",
        "builtins.match \"(a*)*b\" \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"",
        "builtins.match \"((((a{1,100}){1,100}){1,100}){1,100})\" \"a\"",
        "builtins.split \"(((a|b)*)*)*\" \"abababababababababababababababababab\"",
        "builtins.sort (a: b: true) (builtins.genList (x: x) 100000)",
        "builtins.fromJSON (builtins.concatStringsSep \"\" (builtins.genList (x: \"[\") 1000000))",
        "9223372036854775807 + 1",
        "(-9223372036854775807 - 1) / (-1)",
        "1.0e308 * 10",
    ] {
        survives(text, text);
    }
}

/// Sixteen megabytes of text take one step, so memory must be looked at more often than steps tell.
#[test]
fn many_large_texts() {
    for use_of_text in [
        "builtins.stringLength (toString (builtins.genList (n: text) 400))",
        "map (n: text + toString n) numbers",
        "map (n: builtins.tryEval (throw text)) numbers",
        "builtins.foldl' (a: n: builtins.trace text a) 1 numbers",
        "map (n: builtins.toJSON text) numbers",
        "map (n: { ${text + toString n} = n; }) numbers",
        "map (n: /. + text + toString n) numbers",
        "map (n: (import <nixpkgs/lib>).toUpper text) numbers",
        "let half = n: if n == 0 then \"a${toString builtins.currentTime}\" else let s = half (n - 1); in \"${s}${s}\"; in half 28",
    ] {
        let text = format!(
            "let double = n: if n == 0 then \"aaaaaaaaaaaaaaaa\" else let s = double (n - 1); in s + s; \
             text = double 20; numbers = builtins.genList (n: n) 500; in builtins.deepSeq ({use_of_text}) \"02:00:00:00:00:01\""
        );
        survives(use_of_text, &text);
    }
}

#[test]
fn texts_that_are_no_nix() {
    for (name, text) in [
        ("empty", ""),
        ("blank", " \n\t\r\n"),
        ("null bytes", "{ a = \"\0\"; }\0"),
        ("byte order mark", "\u{feff}{ }"),
        ("escapes", "\u{1b}[2J\u{202e} = "),
        ("merge conflict", "<<<<<<< HEAD\n{ }\n=======\n{ a = 1; }\n>>>>>>> x\n"),
        ("half a string", "{ a = \"x"),
        ("half a comment", "{ } /* "),
        ("old interpolation", "\"$${x}${"),
        ("other language", "fn main() { println!(\"{}\", 1); }"),
    ] {
        survives_alone(name, text);
    }
    survives_alone("many errors", &"}{;=".repeat(50_000));
    survives_alone("one long line", &format!("{{ {} }}", "a = 1; ".repeat(100_000)));
}

#[test]
fn files_that_are_no_files() {
    let folder = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret.nix"), "\"TOPSECRET\"").unwrap();
    let at = |name: &str| folder.path().join(name);

    fs::File::create(at("sparse.nix")).unwrap().set_len(100 << 20).unwrap();
    std::os::unix::fs::symlink(outside.path().join("secret.nix"), at("leads-out.nix")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", at("endless.nix")).unwrap();
    std::os::unix::fs::symlink("loop-b.nix", at("loop-a.nix")).unwrap();
    std::os::unix::fs::symlink("loop-a.nix", at("loop-b.nix")).unwrap();
    std::os::unix::fs::symlink(".", at("self")).unwrap();
    assert!(Command::new("mkfifo").arg(at("pipe.nix")).status().unwrap().success());
    fs::write(at("latin.nix"), b"\"\xe4\xf6\xfc\"").unwrap();
    fs::create_dir_all(at("module/default.nix")).unwrap();
    fs::write(at("empty.nix"), "").unwrap();

    let names = ["sparse", "leads-out", "endless", "loop-a", "pipe", "latin", "empty", "none"];
    let imports: String = names.iter().map(|name| format!("./{name}.nix ")).collect();
    let host = format!(
        "{{ ... }}:\n{{\n  imports = [ {imports} ./module ./self/module /etc/passwd /proc/self/environ ];\n  networking.nat.enable = true;\n  \
         microvm.vms.web.config = {{ microvm.interfaces = [ {{ type = \"tap\"; id = \"vm1\"; \
         mac = builtins.readFile ./leads-out.nix; }} ]; }};\n}}\n"
    );
    fs::write(at("host.nix"), host).unwrap();
    for format in ["json", "human", "concise"] {
        let outcome = run(folder.path(), &["check", "--format", format, "."]);
        assert!((0..=2).contains(&outcome.status), "{format}: {}", outcome.status);
        let text = outcome.output + &outcome.errors;
        assert!(!text.contains("TOPSECRET"), "a file outside the project was read:\n{text}");
        assert!(!text.contains("root:x:"), "a file outside the project was read:\n{text}");
    }
    for name in names {
        let outcome = run(folder.path(), &["check", &format!("{name}.nix")]);
        assert!((0..=2).contains(&outcome.status), "{name}: {}", outcome.status);
    }
}
