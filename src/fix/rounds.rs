//! Making fixes until nothing is left to do, and proving each of them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::patch::patched;
use super::plan::{Step, Wanted, plan};
use crate::rules::{self, Edit, Finding, Group, Severity};
use crate::source::{FileId, Sources};

/// Most times that a fleet is analysed for one improvement. Every time either makes the fleet better or gives up one fix, so this is
/// only reached by a fleet with very many mistakes.
const MOST_LOOKS: usize = 200;

/// What one analysis found out.
#[derive(Clone, Debug)]
pub struct Look {
    /// The files as they were then.
    pub sources: Arc<Sources>,
    /// What is wrong, edits settled, in the order of reports.
    pub findings: Vec<Finding>,
    /// Number of hosts and guests.
    pub machines: usize,
    /// Number of things that are not known.
    pub unknowns: usize,
}

impl Look {
    /// Errors, warnings, notes, and last what a cure leaves over: allowances and entries of a baseline that are not needed any more.
    fn weight(&self) -> [usize; 4] {
        let fleet = || self.findings.iter().filter(|finding| !finding.is_upkeep());
        let count = |severity| fleet().filter(|finding| finding.severity == severity).count();
        let upkeep = self.findings.len() - fleet().count();
        [count(Severity::Error), count(Severity::Warning), count(Severity::Note), upkeep]
    }

    /// How often the source itself is wrong.
    fn broken(&self) -> usize {
        let is_source = |finding: &&Finding| {
            finding.severity == Severity::Error
                && rules::find(finding.rule).is_some_and(|rule| rule.group == Group::Source)
        };
        self.findings.iter().filter(is_source).count()
    }

    /// What tells findings apart after an edit has moved them.
    fn keys(&self) -> FxHashMap<Key, usize> {
        let mut keys = FxHashMap::default();
        for finding in &self.findings {
            *keys.entry(key(finding)).or_default() += 1;
        }
        keys
    }
}

/// A finding without its places.
type Key = (&'static str, String);

fn key(finding: &Finding) -> Key {
    (finding.rule, finding.message.clone())
}

/// Why a fix was not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The rule of the finding.
    pub rule: &'static str,
    /// What the fix would have done.
    pub title: String,
    /// The reason, as the end of a sentence.
    pub why: &'static str,
}

/// A fleet with fixes made.
#[derive(Clone, Debug)]
pub struct Improved {
    /// New texts of the files that change, by absolute path.
    pub texts: BTreeMap<PathBuf, String>,
    /// The texts of the same files as they were.
    pub originals: BTreeMap<PathBuf, String>,
    /// Findings that were cured by a fix, with the title of the fix and the path of the culprit's file.
    pub cured: Vec<(Finding, String, PathBuf)>,
    /// Fixes that did not help.
    pub refused: Vec<Refusal>,
    /// What is left.
    pub last: Look,
}

/// Makes the wanted fixes of a fleet until there are none left. `look` analyses the fleet with some files replaced; `is_open` says which
/// findings are to be fixed, `may_change` which files.
///
/// # Errors
/// What `look` fails with for the files as they are. An analysis that fails after an edit speaks against the edit only.
pub fn improve<E>(
    wanted: &Wanted,
    mut look: impl FnMut(&BTreeMap<PathBuf, String>) -> Result<Look, E>,
    is_open: impl Fn(&Sources, &Finding) -> bool,
    may_change: impl Fn(&Sources, FileId) -> bool,
) -> Result<Improved, E> {
    let (texts, originals) = (BTreeMap::new(), BTreeMap::new());
    let mut now = Improved { last: look(&texts)?, texts, originals, cured: Vec::new(), refused: Vec::new() };
    let mut given_up: FxHashSet<Key> = FxHashSet::default();
    // How many fixes are made at once. If they do not work out together, fewer are tried, at last one alone.
    let mut most = usize::MAX;
    for _ in 0..MOST_LOOKS {
        let before = now.last.clone();
        let open = |finding: &Finding| !given_up.contains(&key(finding)) && is_open(&before.sources, finding);
        let mut steps = plan(&before.findings, wanted, open, |file| may_change(&before.sources, file));
        steps.truncate(most);
        let Some(first) = steps.first() else { break };
        let tried = attempt(&before, &steps, &now.texts, &mut look);
        match tried {
            Ok((texts, after)) => {
                let path = |finding: &Finding| {
                    let file = finding.primary().and_then(|place| before.sources.file(place.file));
                    file.map(|file| file.path.clone()).unwrap_or_default()
                };
                now.cured.extend(
                    steps.iter().map(|step| (step.finding.clone(), step.fix.title.clone(), path(step.finding))),
                );
                for file in steps
                    .iter()
                    .flat_map(|step| &step.fix.edits)
                    .filter_map(|edit| before.sources.file(edit.place.file))
                {
                    now.originals.entry(file.path.clone()).or_insert_with(|| file.text.to_string());
                }
                now.texts = texts;
                now.last = after;
                most = most.saturating_mul(2);
            }
            Err(why) if steps.len() == 1 => {
                given_up.insert(key(first.finding));
                now.refused.push(Refusal { rule: first.finding.rule, title: first.fix.title.clone(), why });
                most = 8;
            }
            Err(_) => most = steps.len() / 2,
        }
    }
    Ok(now)
}

type Tried = Result<(BTreeMap<PathBuf, String>, Look), &'static str>;

/// The fleet with some fixes made, if it is better for them.
fn attempt<E>(
    before: &Look,
    steps: &[Step<'_>],
    texts: &BTreeMap<PathBuf, String>,
    look: &mut impl FnMut(&BTreeMap<PathBuf, String>) -> Result<Look, E>,
) -> Tried {
    let mut by_file: BTreeMap<FileId, Vec<&Edit>> = BTreeMap::new();
    for edit in steps.iter().flat_map(|step| &step.fix.edits) {
        by_file.entry(edit.place.file).or_default().push(edit);
    }
    let mut new = texts.clone();
    for (id, edits) in by_file {
        let file = before.sources.file(id).ok_or("its file is gone")?;
        let text = patched(&file.text, &edits).ok_or("its edits overlap")?;
        new.insert(file.path.clone(), text);
    }
    let after = look(&new).map_err(|_| "the fleet cannot be analysed afterwards")?;
    match objection(before, &after, steps) {
        Some(why) => Err(why),
        None => Ok((new, after)),
    }
}

/// What speaks against the fixes.
fn objection(before: &Look, after: &Look, steps: &[Step<'_>]) -> Option<&'static str> {
    let (old, new) = (before.keys(), after.keys());
    let is_left = |key: &Key| new.get(key).copied().unwrap_or(0) >= old.get(key).copied().unwrap_or(0);
    if after.broken() > before.broken() {
        Some("the source would not parse or evaluate any more")
    } else if after.machines < before.machines {
        Some("a machine would be gone")
    } else if after.unknowns > before.unknowns {
        Some("less would be known")
    } else if steps.iter().any(|step| is_left(&key(step.finding))) {
        Some("the finding would stay")
    } else if after.weight() >= before.weight() {
        Some("another finding would come in its place")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{Confidence, Fix, Label, Safety};
    use crate::source::{Access, Place, Span};

    const PATH: &str = "/fleet/host.nix";

    /// A world in which every `x` of the text is an error, and every `!` one that the fix of an `x` may bring along.
    fn look_at(text: &str, replacement: &str) -> Look {
        let mut access = Access::below(Vec::new());
        access.overlay.insert(PathBuf::from(PATH), text.to_owned());
        let sources = Arc::new(Sources::new(access));
        let file = sources.read(std::path::Path::new(PATH)).unwrap().id;
        let at = |position: usize| {
            let position = u32::try_from(position).unwrap();
            Place { file, span: Span::new(position, position + 1) }
        };
        let finding = |place, fixes| Finding {
            rule: "index-zero",
            severity: Severity::Error,
            confidence: Confidence::Certain,
            message: format!("number {}", text.get(place_start(place) + 1..place_start(place) + 2).unwrap_or("-")),
            consequence: String::new(),
            help: String::new(),
            labels: vec![Label { place, text: String::new() }],
            fixes,
            subject: String::new(),
            fingerprint: String::new(),
        };
        let edit = |place| Fix {
            title: "Replace".to_owned(),
            safety: Safety::Safe,
            edits: vec![Edit { place, replacement: replacement.to_owned() }],
        };
        let wrong = text.match_indices(['x', '!']).map(|(position, found)| {
            let fixes = if found == "x" { vec![edit(at(position))] } else { Vec::new() };
            finding(at(position), fixes)
        });
        Look { findings: wrong.collect(), machines: 1, unknowns: 0, sources }
    }

    fn place_start(place: Place) -> usize {
        place.span.start as usize
    }

    fn improved(text: &str, replacement: &str) -> (String, usize, Vec<&'static str>) {
        let look = |texts: &BTreeMap<PathBuf, String>| -> Result<Look, ()> {
            Ok(look_at(texts.get(std::path::Path::new(PATH)).map_or(text, String::as_str), replacement))
        };
        let done = improve(&Wanted { safety: Safety::Safe }, look, |_, _| true, |_, _| true).unwrap();
        let new = done.texts.get(std::path::Path::new(PATH)).cloned().unwrap_or_default();
        (new, done.cured.len(), done.refused.iter().map(|refusal| refusal.why).collect())
    }

    #[test]
    fn all_that_helps_is_made_at_once() {
        assert_eq!(improved("x1 x2 x3", "o"), ("o1 o2 o3".to_owned(), 3, vec![]));
    }

    #[test]
    fn what_only_moves_the_mistake_is_given_up() {
        let (text, cured, refused) = improved("x1 x2", "!");
        assert_eq!((text.as_str(), cured), ("", 0));
        assert_eq!(refused, ["the finding would stay"; 2]);
    }
}
