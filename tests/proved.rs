//! The pages of rules say what `tests/kernel` showed on a real kernel, and only that.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "the table is read from the working tree")]

use std::collections::{BTreeMap, BTreeSet};

use routelint::rules::{self, Severity};

const BEGINS: &str = "**Shown**";
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/kernel");

/// For each rule its releases of Linux, each with the versions of systemd, oldest first.
type Proved<'a> = BTreeMap<&'a str, BTreeMap<Vec<u32>, Vec<u32>>>;

#[test]
fn pages_say_where_their_examples_were_shown() {
    let table = table("proved.tsv");
    let proved = proved(&table);
    for rule in rules::all() {
        let told: Vec<&str> = rule.page.lines().filter(|line| line.starts_with(BEGINS)).collect();
        let expected: Vec<String> = proved.get(rule.name).map(paragraph).into_iter().collect();
        assert_eq!(told, expected, "{}: tests/kernel/pages.py writes it anew", rule.name);
        let is_at_its_place = told.iter().all(|line| rule.section("What breaks").ends_with(line));
        assert!(is_at_its_place, "{}", rule.name);
    }
    for rule in proved.keys() {
        assert!(rules::all().iter().any(|known| known.name == *rule), "{rule} is no rule");
    }
}

#[test]
fn a_rule_at_level_error_is_proved_or_a_reason_says_why_not() {
    let (claimed, excused) = (table("pairs.tsv"), table("unproved.tsv"));
    let (claimed, excused) = (names(&claimed), names(&excused));
    for rule in rules::all().iter().filter(|rule| rule.severity == Severity::Error) {
        let places = usize::from(claimed.contains(rule.name)) + usize::from(excused.contains(rule.name));
        assert_eq!(places, 1, "{} belongs in pairs.tsv or in unproved.tsv of tests/kernel", rule.name);
    }
    for name in claimed.union(&excused) {
        assert!(rules::all().iter().any(|rule| rule.name == *name), "{name} is no rule");
    }
}

fn table(name: &str) -> String {
    let text = std::fs::read_to_string(format!("{FOLDER}/{name}")).unwrap();
    text.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect()
}

fn names(table: &str) -> BTreeSet<&str> {
    table.lines().filter_map(|line| line.split('\t').next()).collect()
}

fn proved(table: &str) -> Proved<'_> {
    let mut proved = Proved::new();
    for line in table.lines() {
        let [rule, linux, systemd] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        let release = linux.split('.').map(|part| part.parse().unwrap()).collect();
        let versions = proved.entry(rule).or_default().entry(release).or_default();
        versions.push(systemd.parse().unwrap());
        versions.sort_unstable();
    }
    proved
}

fn paragraph(releases: &BTreeMap<Vec<u32>, Vec<u32>>) -> String {
    let joined = |numbers: &[u32], by: &str| numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(by);
    let places: Vec<String> = releases
        .iter()
        .map(|(linux, systemd)| format!("Linux {}, systemd {}", joined(linux, "."), joined(systemd, " and ")))
        .collect();
    let places = places.join("; ");
    format!(
        "{BEGINS} on {places}: the bad example breaks as told here, the good one works, a guest beside them is not concerned."
    )
}
