//! Findings: what is wrong with a fleet, where, and what to write instead.

use std::fmt;

use crate::source::{Place, Span};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; never fails a run.
    Note,
    /// Works today, or works only in part.
    Warning,
    /// Broken at run time.
    Error,
}

impl Severity {
    /// The word used in every format.
    pub fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// How sure it is. Only certain findings are errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// It depends on something that could not be known.
    Possible,
    /// It follows from what is written.
    Certain,
}

impl Confidence {
    /// The word used in every format.
    pub fn word(self) -> &'static str {
        match self {
            Self::Possible => "possible",
            Self::Certain => "certain",
        }
    }
}

/// A place with what it has to do with the finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub place: Place,
    /// What to see there, in a few words.
    pub text: String,
}

/// Whether an edit may be applied without asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Safety {
    /// It keeps the meaning of everything else.
    Safe,
    /// It is probably what is meant.
    Unsafe,
    /// Only to be shown.
    Display,
}

impl Safety {
    /// The word used in every format.
    pub fn word(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Unsafe => "unsafe",
            Self::Display => "display",
        }
    }
}

/// A replacement of a span of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced; an empty span inserts.
    pub place: Place,
    /// The new text.
    pub replacement: String,
}

/// Edits that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as an imperative sentence without a full stop.
    pub title: String,
    /// Whether it may be applied without asking.
    pub safety: Safety,
    /// The edits; none of them overlap.
    pub edits: Vec<Edit>,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's name.
    pub rule: &'static str,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// What is wrong and what breaks at run time, in the user's own values; makes sense alone.
    pub message: String,
    /// The end of the message: what breaks, or what it costs where nothing does.
    pub consequence: String,
    /// What to do.
    pub help: String,
    /// Places: the first is the culprit, the line to change.
    pub labels: Vec<Label>,
    /// Edits, the best first.
    pub fixes: Vec<Fix>,
    /// The host and the guests that it is about, by name. Of a mistake that one expression makes in several guests it names no guest: another
    /// guest that is made by it does not make it another mistake.
    pub subject: String,
    /// What stays the same as long as the mistake does; empty before [`identify`](super::identify) has seen all findings.
    pub fingerprint: String,
}

impl Finding {
    /// The culprit's place.
    pub fn primary(&self) -> Option<Place> {
        self.labels.first().map(|label| label.place)
    }

    /// Whether it is about what keeps other findings quiet, and not about the fleet.
    pub fn is_upkeep(&self) -> bool {
        [super::allowances::UNUSED.name, super::baseline::STALE.name].contains(&self.rule)
    }
}

/// The empty place at the start of a file, for findings about a file as a whole.
pub fn start_of(file: crate::source::FileId) -> Place {
    Place { file, span: Span::new(0, 0) }
}
