//! What a rule is.

use super::context::Context;
use super::draft::Draft;
use super::finding::Severity;

/// A rule: its place in the catalogue, its page, and the function that looks for the mistake.
#[derive(Debug)]
pub struct RuleInfo {
    /// The name, in kebab-case.
    pub name: &'static str,
    /// How bad a finding is, unless the circumstances make it less.
    pub severity: Severity,
    /// What it is about.
    pub group: Group,
    /// What can be done about it without a person.
    pub fix: FixKind,
    /// Whether it runs without being asked for.
    pub activation: Activation,
    /// The page, in Markdown.
    pub page: &'static str,
    /// Rules whose findings are effects of this mistake when they are about the same guests.
    pub(super) explains: &'static [&'static str],
    /// Looks for the mistake.
    pub(super) run: fn(&Context<'_>) -> Vec<Draft>,
}

impl RuleInfo {
    /// The page's first sentence, without Markdown headings.
    pub fn summary(&self) -> &'static str {
        self.page.lines().skip(1).map(str::trim).find(|line| !line.is_empty()).unwrap_or_default()
    }

    /// The text below a heading of the page; empty if there is none.
    pub fn section(&self, heading: &str) -> &'static str {
        let mut sections = self.page.split("\n## ").skip(1);
        sections.find_map(|section| section.strip_prefix(heading)?.strip_prefix('\n')).unwrap_or_default().trim()
    }
}

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Numbers and names that two guests share.
    Uniqueness,
    /// Spelling of names, MAC addresses and numbers.
    Identity,
    /// Addresses inside guests.
    Addressing,
    /// Routes inside guests.
    Routes,
    /// Taps and host routes.
    Taps,
    /// Forwarding of packets.
    Forwarding,
    /// Translation of addresses.
    Nat,
    /// What guests can do to each other.
    Isolation,
    /// How networkd picks its files.
    Networkd,
    /// Keys, values and forms that NixOS' options or networkd do not take.
    Schema,
    /// Values written twice, of which one was forgotten.
    Drift,
    /// The source itself.
    Source,
}

impl Group {
    /// All, in the order of the catalogue.
    pub const ALL: [Self; 12] = [
        Self::Uniqueness,
        Self::Identity,
        Self::Addressing,
        Self::Routes,
        Self::Taps,
        Self::Forwarding,
        Self::Nat,
        Self::Isolation,
        Self::Networkd,
        Self::Schema,
        Self::Drift,
        Self::Source,
    ];

    /// The word used in every format.
    pub fn word(self) -> &'static str {
        match self {
            Self::Uniqueness => "uniqueness",
            Self::Identity => "identity",
            Self::Addressing => "addressing",
            Self::Routes => "routes",
            Self::Taps => "taps",
            Self::Forwarding => "forwarding",
            Self::Nat => "nat",
            Self::Isolation => "isolation",
            Self::Networkd => "networkd",
            Self::Schema => "schema",
            Self::Drift => "drift",
            Self::Source => "source",
        }
    }
}

/// Whether a rule runs without being asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// It does.
    Always,
    /// It does, and a group that the user asks for makes it louder.
    LouderWith(OptIn),
    /// It runs only if the user gives a level to this group or to the rule itself.
    OnlyWith(OptIn),
}

impl Activation {
    /// The group that a user may ask for.
    pub fn opt_in(self) -> Option<OptIn> {
        match self {
            Self::Always => None,
            Self::LouderWith(group) | Self::OnlyWith(group) => Some(group),
        }
    }

    /// Whether the rule is off unless it is asked for.
    pub fn is_on_request(self) -> bool {
        matches!(self, Self::OnlyWith(_))
    }
}

/// A group of rules that a user may ask for, beside what each is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OptIn {
    /// Guests are not to be trusted: whatever lets one see or reach more than it must.
    StrictIsolation,
    /// What is right today and could be written better.
    Pedantic,
    /// What is prepared or written and that nothing uses.
    Unused,
}

impl OptIn {
    /// All, in the order of documents.
    pub const ALL: [Self; 3] = [Self::StrictIsolation, Self::Pedantic, Self::Unused];

    /// The word used in every format and in the configuration.
    pub fn word(self) -> &'static str {
        match self {
            Self::StrictIsolation => "strict-isolation",
            Self::Pedantic => "pedantic",
            Self::Unused => "unused",
        }
    }
}

/// What can be done about a mistake without a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FixKind {
    /// An edit that is safe, where the source is simple enough to make it.
    Automatic,
    /// An edit or a text that a person should confirm.
    Suggested,
    /// Only a person knows.
    Manual,
}

impl FixKind {
    /// The word used in every format.
    pub fn word(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::Suggested => "suggested",
            Self::Manual => "manual",
        }
    }
}
