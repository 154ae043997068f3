//! The page of every rule is executed: the bad example gives a finding of that rule and of no other, the good one gives none, its edits
//! turn the bad one into a sound one, and the rule says nothing about the examples below "When it stays silent", of which there is one at least.
//! What is found says what is wrong, in words of the example, what breaks, and what to do.
//!
//! An example is made of `nix` blocks below "Bad:" and "Good:", and of one block for each case of silence. A line `# file: NAME` starts a
//! file; files that an example does not repeat are those of the bad one.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    reason = "examples are written to a temporary folder"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use routelint::config::read_baseline;
use routelint::fix::patched;
use routelint::fleet::{Target, analyse};
use routelint::report::pages::{RuleRow, list_markdown};
use routelint::rules::{self, Edit, Finding, FixKind, Level, OptIn, RuleInfo, Safety, Settings, Severity};
use routelint::source::{Access, Sources};

/// The file of an example that is a baseline.
const BASELINE: &str = "routelint-baseline.toml";

type Files = BTreeMap<String, String>;

/// Edits by file.
type Edits = BTreeMap<String, Vec<Edit>>;

#[test]
fn examples_say_what_the_rule_says() {
    let wrong: Vec<String> = rules::all().iter().filter_map(|rule| wrong_examples(rule).err()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn pages_have_the_same_parts_in_the_same_order() {
    let parts = [
        "\n**Severity**: ",
        "\n## What it finds\n",
        "\n## What breaks\n",
        "\n## Example\n",
        "\n## Fix\n",
        "\n## When it stays silent\n",
    ];
    for rule in rules::all() {
        assert!(rule.page.starts_with(&format!("# {}\n\n{}\n", rule.name, rule.summary())), "{}", rule.name);
        let group = rule.activation.opt_in().map(OptIn::word).filter(|_| rule.activation.is_on_request());
        let asked = group.map(|group| format!(", in the group `{group}`, which is off by default"));
        let severity = format!("**Severity**: {}{}. ", rule.severity, asked.unwrap_or_default());
        assert!(rule.page.contains(&severity), "{}: {severity}", rule.name);
        let places: Vec<usize> = parts
            .iter()
            .map(|part| rule.page.find(part).unwrap_or_else(|| panic!("{}: {part:?}", rule.name)))
            .collect();
        assert!(places.is_sorted(), "{}", rule.name);
    }
}

#[test]
fn the_readme_lists_all_rules() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let (_, rest) = readme.split_once("<!-- rules: begin -->\n").unwrap();
    let (listed, _) = rest.split_once("<!-- rules: end -->").unwrap();
    let rows: Vec<RuleRow> = rules::all().iter().map(RuleRow::from).collect();
    let is_same = listed.trim() == list_markdown(&rows).trim();
    assert!(is_same, "put what `cargo run -- rules --format markdown` prints between the marks in README.md");
    for link in listed.split("](").skip(1).filter_map(|rest| rest.split_once(')')) {
        assert!(root.join(link.0).is_file(), "{}", link.0);
    }
}

fn wrong_examples(rule: &RuleInfo) -> Result<(), String> {
    let (_, example) = rule.page.split_once("\n## Example\n").ok_or_else(|| format!("{}: no example", rule.name))?;
    let (example, _) =
        example.split_once("\n## ").ok_or_else(|| format!("{}: nothing after the example", rule.name))?;
    let (bad, good) = example.split_once("\nGood").ok_or_else(|| format!("{}: no good example", rule.name))?;
    let bad = files(bad);
    let mut good_files = bad.clone();
    good_files.extend(files(good));
    let found = check(&bad, rule)?;
    if found.is_empty() || found.iter().any(|(finding, _)| finding.rule != rule.name) {
        return Err(format!("{}: the bad example gives {}", rule.name, listed(&found)));
    }
    if let Some((finding, _)) = found.iter().find(|(finding, _)| !says_everything(finding, &bad)) {
        let Finding { message, consequence, help, .. } = finding;
        return Err(format!("{}: {message:?} ends in {consequence:?}, with the help {help:?}", rule.name));
    }
    let has = |safety| found.iter().any(|(finding, _)| finding.fixes.iter().any(|fix| fix.safety == safety));
    let is_promised = match rule.fix {
        FixKind::Automatic => has(Safety::Safe),
        FixKind::Suggested => !has(Safety::Safe),
        FixKind::Manual => !has(Safety::Safe) && !has(Safety::Unsafe),
    };
    if !is_promised {
        return Err(format!("{}: the edits of the bad example are other than {}", rule.name, rule.fix.word()));
    }
    if let Some(fixed) = fixed(&bad, &found) {
        let left = check(&fixed, rule)?;
        if !left.is_empty() {
            return Err(format!("{}: the edit of the bad example leaves {}", rule.name, listed(&left)));
        }
    }
    let found = check(&good_files, rule)?;
    if !found.is_empty() {
        return Err(format!("{}: the good example gives {}", rule.name, listed(&found)));
    }
    if blocks(rule.section("When it stays silent")).next().is_none() {
        return Err(format!("{}: no case of silence beside the good example", rule.name));
    }
    for (number, silent) in blocks(rule.section("When it stays silent")).enumerate() {
        let mut silent_files = bad.clone();
        silent_files.extend(block_files(silent));
        let mut found = check(&silent_files, rule)?;
        found.retain(|(finding, _)| finding.rule == rule.name);
        if silent_files == bad || !found.is_empty() {
            return Err(format!("{}: case of silence {} gives {}", rule.name, number + 1, listed(&found)));
        }
    }
    Ok(())
}

/// Whether a finding says what is wrong in a value or name of the example's own, what breaks, and what to do.
fn says_everything(finding: &Finding, files: &Files) -> bool {
    let consequence = format!(": {}", finding.consequence);
    let Some(wrong) = finding.message.strip_suffix(&consequence) else { return false };
    let is_letter = |letter: char| letter.is_alphanumeric() || "._:/-*+".contains(letter);
    let words = |text: &str| -> BTreeSet<String> {
        let words = text.split(|letter| !is_letter(letter)).map(|word| word.trim_end_matches(['.', ':']));
        words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    // What stands in quotes: names and values. Other words of the source count where the message quotes them.
    let values: BTreeSet<String> =
        files.values().flat_map(|text| text.split('"').skip(1).step_by(2)).flat_map(words).collect();
    let quotes = wrong.split('`').skip(1).step_by(2);
    let is_own = words(wrong).iter().any(|word| values.contains(word))
        || quotes.into_iter().any(|quoted| files.values().any(|text| text.contains(quoted)));
    is_own && finding.consequence.split(' ').count() > 2 && finding.help.split(' ').count() > 1
}

/// The files of the blocks in a text.
fn files(text: &str) -> Files {
    blocks(text).flat_map(block_files).collect()
}

fn blocks(text: &str) -> impl Iterator<Item = &str> {
    text.split("```nix\n").skip(1).filter_map(|rest| rest.split_once("\n```")).map(|(block, _)| block)
}

fn block_files(block: &str) -> impl Iterator<Item = (String, String)> {
    let named = block.split("# file: ").skip(1).filter_map(|file| file.split_once('\n'));
    named.map(|(name, text)| (name.trim().to_owned(), text.to_owned()))
}

/// The findings above note and those of the rule itself, each with the edits of its first fix that may be made.
fn check(files: &Files, rule: &RuleInfo) -> Result<Vec<(Finding, Edits)>, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let root = folder.path().canonicalize().map_err(|error| error.to_string())?;
    for (name, text) in files {
        let path = root.join(name);
        path.parent().map(std::fs::create_dir_all).transpose().map_err(|error| error.to_string())?;
        std::fs::write(path, text).map_err(|error| error.to_string())?;
    }
    let sources = Arc::new(Sources::new(Access::below(vec![root.clone()])));
    let target = Target { paths: vec![root.clone()], ..Target::default() };
    let analysis = analyse(&sources, &target).map_err(|failure| failure.to_string())?;
    let levels = [(rule.name.to_owned(), Level::At(rule.severity))].into();
    let settings = Settings { levels, ..Settings::default() };
    let findings = rules::check(&analysis.fleet, &settings);
    let line = |place| sources.line_columns(place).0.line;
    let allowed = rules::apply_allowances(findings, &analysis.directives, line, &settings);
    let mut findings = allowed.findings;
    if files.contains_key(BASELINE) {
        let file = sources.read(&root.join(BASELINE)).map_err(|error| error.to_string())?;
        let baseline = read_baseline(&file.text, file.id).map_err(|mistakes| format!("{mistakes:?}"))?;
        findings.extend(rules::apply_baseline(Vec::new(), &baseline, &settings, true).stale);
    }
    routelint::fix::settle(&mut findings, &sources);
    let loud = findings.into_iter().filter(|finding| finding.severity > Severity::Note || finding.rule == rule.name);
    Ok(loud.map(|finding| (finding.clone(), edits(&finding, &sources, &root))).collect())
}

fn edits(finding: &Finding, sources: &Sources, root: &PathBuf) -> Edits {
    let mut edits = Edits::new();
    let fix = finding.fixes.iter().find(|fix| fix.safety != Safety::Display);
    for edit in fix.iter().flat_map(|fix| &fix.edits) {
        let path = sources.file(edit.place.file).unwrap().path.clone();
        let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        edits.entry(name).or_default().push(edit.clone());
    }
    edits
}

/// The files after the edits of all findings, if each of them has one.
fn fixed(files: &Files, found: &[(Finding, Edits)]) -> Option<Files> {
    if found.iter().any(|(_, edits)| edits.is_empty()) {
        return None;
    }
    let change = |(name, text): (&String, &String)| {
        let mut all: Vec<Edit> = found.iter().filter_map(|(_, edits)| edits.get(name)).flatten().cloned().collect();
        all.sort_by_key(|edit| edit.place.span);
        all.dedup();
        let text = patched(text, &all.iter().collect::<Vec<_>>()).unwrap_or_else(|| panic!("edits overlap: {all:?}"));
        (name.clone(), text)
    };
    Some(files.iter().map(change).collect())
}

fn listed(found: &[(Finding, Edits)]) -> String {
    if found.is_empty() {
        return "nothing".to_owned();
    }
    let lines =
        found.iter().map(|(finding, _)| format!("\n  {} {}: {}", finding.severity, finding.rule, finding.message));
    lines.collect()
}
