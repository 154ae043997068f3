//! What a rule hands in: a finding together with what it is about.

use std::fmt;
use std::net::IpAddr;

use super::finding::{Fix, Label, Severity};
use crate::fleet::{GuestId, HostId, Link};
use crate::source::Place;

/// More labels than this help nobody.
const MOST_LABELS: usize = 8;

/// A finding before root causes are sorted out.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    /// Another severity than the rule's own.
    pub(super) severity: Option<Severity>,
    /// Whether it depends on something that is not known; then it is at most a warning.
    pub(super) is_possible: bool,
    /// What is wrong, in the user's own values.
    pub(super) wrong: String,
    /// What breaks at run time or at the build; what it costs, where nothing breaks.
    pub(super) breaks: String,
    pub(super) help: String,
    pub(super) labels: Vec<Label>,
    pub(super) fixes: Vec<Fix>,
    /// Expressions that give the value in question for other guests too, the likeliest culprit first.
    pub(super) templates: Vec<Place>,
    /// What it is about.
    pub(super) scope: Scope,
}

impl Draft {
    /// A finding with the rule's severity and no labels yet.
    pub(super) fn new(scope: Scope, wrong: impl Into<String>, breaks: impl Into<String>) -> Self {
        Self {
            severity: None,
            is_possible: false,
            wrong: wrong.into(),
            breaks: breaks.into(),
            help: String::new(),
            labels: Vec::new(),
            fixes: Vec::new(),
            templates: Vec::new(),
            scope,
        }
    }

    /// What to do.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// Adds a label, unless the place is unknown or has one already. The first is the culprit.
    pub(super) fn label(mut self, place: Option<Place>, text: impl Into<String>) -> Self {
        if let Some(place) = place {
            self.add_label(Label { place, text: text.into() });
        }
        self
    }

    /// Adds a label, unless its place has one already or there are enough.
    pub(super) fn add_label(&mut self, new: Label) {
        if self.labels.len() < MOST_LABELS && !self.labels.iter().any(|label| label.place == new.place) {
            self.labels.push(new);
        }
    }

    /// Names an expression that gives the value in question for other guests too. If several of them have the same mistake, it is the culprit.
    pub(super) fn template(mut self, place: Option<Place>) -> Self {
        self.templates.extend(place);
        self
    }

    /// Adds an edit, if there is one.
    pub(super) fn fix(mut self, fix: Option<Fix>) -> Self {
        self.fixes.extend(fix);
        self
    }

    /// Another severity than the rule's own.
    pub(super) fn severity(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    /// Says whether it depends on something that is not known.
    pub(super) fn possible_if(mut self, is_possible: bool) -> Self {
        self.is_possible |= is_possible;
        self
    }
}

/// What a finding is about: one host, some of its guests, one address family. What is not given is not limited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Scope {
    pub(super) host: Option<HostId>,
    /// Sorted, each once.
    pub(super) guests: Vec<GuestId>,
    pub(super) family: Option<Family>,
}

impl Scope {
    /// Everything: findings about the source itself.
    pub(super) fn fleet() -> Self {
        Self::default()
    }

    /// A host as a whole.
    pub(super) fn host(host: HostId) -> Self {
        Self { host: Some(host), ..Self::default() }
    }

    /// The guest of a link.
    pub(super) fn link(link: &Link<'_>) -> Self {
        Self { host: link.host_id, guests: vec![link.guest_id], family: None }
    }

    /// Guests of a host.
    pub(super) fn guests(host: Option<HostId>, guests: impl IntoIterator<Item = GuestId>) -> Self {
        let mut guests: Vec<GuestId> = guests.into_iter().collect();
        guests.sort_unstable();
        guests.dedup();
        Self { host, guests, family: None }
    }

    /// Limits it to one address family.
    pub(super) fn family(mut self, family: Family) -> Self {
        self.family = Some(family);
        self
    }

    /// Whether everything that `effect` is about lies inside. A scope without guests is about all guests of its host.
    pub(super) fn covers(&self, effect: &Self) -> bool {
        let same_family = self.family.is_none() || self.family == effect.family;
        let same_guests = if self.guests.is_empty() {
            self.host.is_some() && self.host == effect.host
        } else {
            !effect.guests.is_empty() && effect.guests.iter().all(|guest| self.guests.binary_search(guest).is_ok())
        };
        same_family && same_guests
    }
}

/// An address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Family {
    V4,
    V6,
}

impl Family {
    /// Both, in the order of reports.
    pub(super) const BOTH: [Self; 2] = [Self::V4, Self::V6];

    /// The family of an address.
    pub(super) fn of(ip: IpAddr) -> Self {
        if ip.is_ipv4() { Self::V4 } else { Self::V6 }
    }

    /// The prefix length of a single address.
    pub(super) fn host_length(self) -> u8 {
        match self {
            Self::V4 => 32,
            Self::V6 => 128,
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        })
    }
}
