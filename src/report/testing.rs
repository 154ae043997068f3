//! Fleets and findings made by hand, for the tests of the formats.

use std::path::{Path, PathBuf};

use super::{Checked, Paths, RuleUrl};
use crate::fleet::Fleet;
use crate::rules::{Confidence, Finding, Label, Severity};
use crate::source::{Access, Place, Sources, Span};

/// A few files in memory with a fleet.
pub(super) struct Scene {
    pub(super) sources: Sources,
    pub(super) paths: Paths,
    pub(super) fleet: Fleet,
    rule_url: RuleUrl,
}

impl Scene {
    /// Files below `/fleet` by name and text.
    pub(super) fn new(files: &[(&str, &str)]) -> Self {
        let mut access = Access::below(vec![PathBuf::from("/fleet")]);
        for (name, text) in files {
            access.overlay.insert(Path::new("/fleet").join(name), (*text).to_owned());
        }
        let sources = Sources::new(access);
        let fleet = Fleet { files: files.len(), ..Fleet::default() };
        Self { sources, paths: Paths::relative_to("/fleet"), fleet, rule_url: RuleUrl::default() }
    }

    /// The first place in a file where `text` stands.
    pub(super) fn place(&self, name: &str, text: &str) -> Place {
        let file = self.sources.read(&Path::new("/fleet").join(name)).unwrap();
        let start = file.text.find(text).unwrap();
        let span = Span::new(u32::try_from(start).unwrap(), u32::try_from(start + text.len()).unwrap());
        Place { file: file.id, span }
    }

    pub(super) fn label(&self, name: &str, text: &str, says: &str) -> Label {
        Label { place: self.place(name, text), text: says.to_owned() }
    }

    pub(super) fn checked<'a>(&'a self, findings: &'a [Finding]) -> Checked<'a> {
        Checked {
            fleet: &self.fleet,
            findings,
            suppressed: 0,
            baselined: None,
            rules: &[],
            threshold: Severity::Warning,
            rule_url: &self.rule_url,
            sources: &self.sources,
            paths: &self.paths,
        }
    }
}

/// An error with these labels.
pub(super) fn finding(labels: Vec<Label>) -> Finding {
    Finding {
        rule: "duplicate-vm-index",
        severity: Severity::Error,
        confidence: Confidence::Certain,
        message: "guests db and web share index 5, so both claim tap vm5: only one of them starts".to_owned(),
        consequence: "only one of them starts".to_owned(),
        help: "give one of them another index".to_owned(),
        labels,
        fixes: Vec::new(),
        subject: "host server, guest db, guest web".to_owned(),
        fingerprint: "0123456789abcdef0123456789abcdef".to_owned(),
    }
}
