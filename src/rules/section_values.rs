//! Values that a key or an option does not take, and options and values that NixOS took away.

use super::context::Context;
use super::culprit;
use super::draft::Draft;
use super::finding::{Fix, Safety, Severity};
use super::odd::{self, Machine};
use super::rule::{Activation, FixKind, Group, RuleInfo};
use crate::fleet::facts::parse_boolean;
use crate::fleet::{Found, Odd, Oddity};
use crate::schema::networkd::{self, REMOVED_DHCP_VALUES, REMOVED_OPTIONS, Section, Takes};

pub(super) const MISMATCH: RuleInfo = RuleInfo {
    name: "value-type-mismatch",
    severity: Severity::Error,
    group: Group::Schema,
    fix: FixKind::Automatic,
    activation: Activation::Always,
    page: include_str!("value_type_mismatch.md"),
    explains: odd::EFFECTS,
    run: |context| odd::judged(context, mismatch),
};

pub(super) const REMOVED: RuleInfo = RuleInfo {
    name: "removed-option",
    severity: Severity::Error,
    group: Group::Schema,
    fix: FixKind::Automatic,
    activation: Activation::Always,
    page: include_str!("removed_option.md"),
    explains: odd::EFFECTS,
    run: |context| odd::judged(context, removed),
};

fn mismatch<'a>(context: &Context<'a>, machine: Machine<'a>, oddity: &Oddity) -> Option<Draft> {
    let found = oddity.found.as_ref().filter(|_| oddity.what == Odd::Value && removed_dhcp(oddity).is_none())?;
    let key = networkd::key(oddity.section, &oddity.key)?;
    let wrong = format!(
        "{} of {} is {}, but NixOS takes {}",
        odd::key_words(oddity),
        machine.words(),
        odd::shown(found),
        alternatives(oddity.section, &key.takes)
    );
    let breaks = "the configuration does not build";
    let instead = instead(found, &key.takes);
    let fix = instead.as_deref().and_then(|new| replacement(oddity, found, new));
    Some(
        machine
            .draft(context, oddity, wrong, breaks)
            .help(match &instead {
                Some(new) => format!("write `{} = {new};`", oddity.key),
                None => format!("write {}", alternatives(oddity.section, &key.takes)),
            })
            .label(oddity.origin.value.or(machine.place(oddity)), format!("{} here", odd::shown(found)))
            .label(machine.place(oddity), format!("takes {}", alternatives(oddity.section, &key.takes)))
            .fix(fix),
    )
}

fn removed<'a>(context: &Context<'a>, machine: Machine<'a>, oddity: &Oddity) -> Option<Draft> {
    let option = REMOVED_OPTIONS.iter().find(|(name, _)| oddity.section == Section::Unit && *name == oddity.key);
    if let (Some((old, new)), Odd::Key) = (option, &oddity.what) {
        let wrong = format!("{} of {} is an option that NixOS removed", odd::key_words(oddity), machine.words());
        let breaks = "what it says reaches no file, and the configuration does not build once something reads it";
        let draft = machine
            .draft(context, oddity, wrong, breaks)
            .help(format!("write `{new}`, and see systemd.network(5) for the names of its keys"))
            .label(machine.place(oddity), format!("`{new}` took its place"));
        return Some(draft.fix(culprit::rename(&oddity.origin, old, new, Safety::Unsafe)));
    }
    let (old, new) = removed_dhcp(oddity).filter(|_| oddity.what == Odd::Value)?;
    let wrong = format!(
        "{} of {} is \"{old}\", which was renamed long ago and which NixOS refuses",
        odd::key_words(oddity),
        machine.words()
    );
    let breaks = "the configuration does not build";
    let found = Found::Text(old.to_owned());
    Some(
        machine
            .draft(context, oddity, wrong, breaks)
            .help(format!("write \"{new}\""))
            .label(oddity.origin.value.or(machine.place(oddity)), format!("is called \"{new}\" now"))
            .fix(replacement(oddity, &found, &format!("\"{new}\""))),
    )
}

fn removed_dhcp(oddity: &Oddity) -> Option<(&'static str, &'static str)> {
    let Some(Found::Text(text)) = &oddity.found else { return None };
    REMOVED_DHCP_VALUES.into_iter().find(|(old, _)| oddity.key == "DHCP" && old == text)
}

/// What a key takes, in words.
fn alternatives(section: Section, takes: &[Takes]) -> String {
    let words_of = |taken: &Takes| match taken {
        Takes::Any => vec!["anything".to_owned()],
        Takes::Bool if section == Section::Unit => vec!["true".to_owned(), "false".to_owned()],
        Takes::Bool => ["true", "false", "\"yes\"", "\"no\""].map(str::to_owned).to_vec(),
        Takes::Int => vec!["an integer".to_owned()],
        Takes::Bytes => vec!["a size such as \"1400\"".to_owned(), "\"64K\"".to_owned()],
        Takes::Mac => vec!["an address of six octets with colons".to_owned()],
        Takes::State => vec!["a state of networkctl(1)".to_owned()],
        Takes::Text => vec!["a string".to_owned()],
        Takes::Texts => vec!["a list of strings".to_owned()],
        Takes::Word(word) => vec![format!("\"{word}\"")],
    };
    let words: Vec<String> = takes.iter().flat_map(words_of).collect();
    match words.split_last() {
        Some((last, rest @ [_, ..])) => format!("{} or {last}", rest.join(", ")),
        _ => words.concat(),
    }
}

/// What is meant, as Nix writes it.
fn instead(found: &Found, takes: &[Takes]) -> Option<String> {
    let truth = match found {
        Found::Bool(truth) => Some(*truth),
        Found::Int(number @ (0 | 1)) => Some(*number == 1),
        Found::Text(text) => parse_boolean(text),
        Found::Int(_) | Found::List => None,
    };
    let word = |word: &str| takes.iter().any(|taken| *taken == Takes::Word(word_of(word)));
    match (found, truth) {
        (_, Some(truth)) if takes.contains(&Takes::Bool) => Some(truth.to_string()),
        (_, Some(truth)) if word("yes") && word("no") => Some(if truth { "\"yes\"" } else { "\"no\"" }.to_owned()),
        (Found::Text(text), _) if takes.contains(&Takes::Int) => text.trim().parse::<i64>().ok().map(|n| n.to_string()),
        (Found::Text(text), _) if takes.contains(&Takes::Texts) => Some(format!("[ \"{text}\" ]")),
        (Found::Int(number), _) if takes.contains(&Takes::Text) => Some(format!("\"{number}\"")),
        _ => None,
    }
}

fn word_of(word: &str) -> &'static str {
    if word == "yes" { "yes" } else { "no" }
}

fn replacement(oddity: &Oddity, found: &Found, new: &str) -> Option<Fix> {
    let length = match found {
        Found::Text(text) => text.len() + 2,
        Found::Int(number) => number.to_string().len(),
        Found::Bool(truth) => truth.to_string().len(),
        Found::List => return None,
    };
    culprit::replace_value(&oddity.origin, length, new)
}
