//! The page of every rule is executed: the bad example gives a finding of that rule and of no other, the good one gives none, its edits
//! turn the bad one into a sound one, and the rule says nothing about the examples below "When it stays silent".
//!
//! An example is made of `nix` blocks below "Bad:" and "Good:", and of one block for each case of silence. A line `# file: NAME` starts a
//! file; files that an example does not repeat are those of the bad one.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "examples are written to a temporary folder")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use routelint::fleet::{Target, analyse};
use routelint::report::pages::{RuleRow, list_markdown};
use routelint::rules::{self, Finding, RuleInfo, Safety, Settings, Severity};
use routelint::source::{Access, Sources};

type Files = BTreeMap<String, String>;

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
        assert!(rule.page.contains(&format!("**Severity**: {}", rule.severity)), "{}", rule.name);
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

/// The findings above note and those of the rule itself, with the files that a safe edit changes.
fn check(files: &Files, rule: &RuleInfo) -> Result<Vec<(Finding, Files)>, String> {
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
    let settings = Settings::default();
    let findings = rules::check(&analysis.fleet, &settings);
    let line = |place| sources.line_columns(place).0.line;
    let allowed = rules::apply_allowances(findings, &analysis.directives, line, &settings);
    let mut findings = allowed.findings;
    routelint::fix::settle(&mut findings, &sources);
    let loud = findings.into_iter().filter(|finding| finding.severity > Severity::Note || finding.rule == rule.name);
    Ok(loud.map(|finding| (finding.clone(), edited(&finding, files, &sources, &root))).collect())
}

/// The files that a finding's first edit changes, with their new text.
fn edited(finding: &Finding, files: &Files, sources: &Sources, root: &PathBuf) -> Files {
    let mut changed = Files::new();
    let Some(fix) = finding.fixes.iter().find(|fix| fix.safety == Safety::Safe) else { return changed };
    let mut edits = fix.edits.clone();
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.place.span.start));
    for edit in edits {
        let path = sources.file(edit.place.file).unwrap().path.clone();
        let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        let text = changed.entry(name.clone()).or_insert_with(|| files.get(&name).unwrap().clone());
        text.replace_range(edit.place.span.start as usize..edit.place.span.end as usize, &edit.replacement);
    }
    changed
}

/// The files after the edits of all findings, if each of them has one.
fn fixed(files: &Files, found: &[(Finding, Files)]) -> Option<Files> {
    let mut fixed = files.clone();
    for (_, changed) in found {
        if changed.is_empty() {
            return None;
        }
        fixed.extend(changed.clone());
    }
    Some(fixed)
}

fn listed(found: &[(Finding, Files)]) -> String {
    if found.is_empty() {
        return "nothing".to_owned();
    }
    let lines =
        found.iter().map(|(finding, _)| format!("\n  {} {}: {}", finding.severity, finding.rule, finding.message));
    lines.collect()
}
