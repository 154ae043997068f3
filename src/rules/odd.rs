//! What rules about keys and values share: whose it is, where it stands in words, whom it concerns.

use super::context::Context;
use super::culprit;
use super::draft::{Draft, Scope};
use crate::fleet::{Fact, Found, Guest, GuestId, Host, HostId, Network, Oddity, Release, Unit};
use crate::schema::networkd::{NEWEST_KNOWN, Section};
use crate::source::Place;

/// Findings that follow when a file lacks what a key should have given it.
pub(super) const EFFECTS: &[&str] = &[
    "tap-without-network",
    "host-route-missing",
    "gateway-not-onlink",
    "guest-default-route-missing",
    "guest-address-missing",
    "guest-gateway-not-host-address",
    "guest-host-address-disagree",
    "guest-match-mac-mismatch",
    "guest-dhcp-on-routed-link",
    "ipv4-forwarding-missing-on-tap",
    "tap-accepts-router-advertisements",
];

/// A machine of the fleet.
#[derive(Clone, Copy, Debug)]
pub(super) enum Machine<'a> {
    Host(HostId, &'a Host),
    Guest(GuestId, &'a Guest),
}

impl<'a> Machine<'a> {
    /// All hosts, then all guests.
    pub(super) fn all(context: &Context<'a>) -> impl Iterator<Item = Self> {
        let hosts = context.fleet.numbered_hosts().map(|(id, host)| Self::Host(id, host));
        hosts.chain(context.fleet.numbered_guests().map(|(id, guest)| Self::Guest(id, guest)))
    }

    /// `host server`, `guest web`
    pub(super) fn words(self) -> String {
        match self {
            Self::Host(_, host) => format!("host {}", host.name),
            Self::Guest(_, guest) => format!("guest {}", guest.name),
        }
    }

    pub(super) fn network(self) -> &'a Network {
        match self {
            Self::Host(_, host) => &host.network,
            Self::Guest(_, guest) => &guest.network,
        }
    }

    pub(super) fn release(self) -> Option<Release> {
        match self {
            Self::Host(_, host) => host.release,
            Self::Guest(_, guest) => guest.release,
        }
    }

    /// What it says and nothing takes. Where networkd is off, nobody reads its files.
    pub(super) fn oddities(self) -> impl Iterator<Item = &'a Oddity> {
        let oddities = match self {
            Self::Host(_, host) => &host.oddities,
            Self::Guest(_, guest) => &guest.oddities,
        };
        let is_off = self.network().networkd.value() == Some(&false);
        let is_read = move |section| !is_off || matches!(section, Section::Interface | Section::Machine);
        oddities.iter().filter(move |oddity| is_read(oddity.section))
    }

    /// The files that NixOS writes.
    pub(super) fn units(self) -> &'a [Unit] {
        match self.network() {
            network if network.networkd.value() == Some(&false) => &[],
            network => &network.units.items,
        }
    }

    /// A file by its name.
    pub(super) fn unit(self, name: &str) -> Option<&'a Unit> {
        self.network().units.items.iter().find(|unit| unit.name == name)
    }

    /// The guests that a file is for: the guest itself, or those whose taps get it or, as nothing matches them, seem meant by its name or by the
    /// text that a mistyped condition has. Without any, nobody.
    pub(super) fn scope(self, context: &Context<'a>, unit: &str, condition: Option<&str>) -> Scope {
        let host = match self {
            Self::Guest(id, guest) => return Scope::guests(guest.host, [id]),
            Self::Host(id, _) => id,
        };
        let mut guests: Vec<GuestId> = Vec::new();
        if let Some(unit) = self.unit(unit) {
            guests.extend(context.links.with_host_unit(host, unit).map(|link| link.guest_id));
        }
        if guests.is_empty() && condition.is_some() {
            let meant = unit.split_once('-').map_or(unit, |(_, rest)| rest);
            let links = context.links.all.iter().filter(|link| link.host_id == Some(host));
            let links = links.filter(|link| link.tap().is_some_and(|tap| tap == meant || Some(tap) == condition));
            guests.extend(links.map(|link| link.guest_id));
        }
        // A host without guests would stand for all of them.
        if guests.is_empty() { Scope::fleet() } else { Scope::guests(Some(host), guests) }
    }

    /// A finding about an oddity, without labels yet.
    pub(super) fn draft(
        self,
        context: &Context<'a>,
        oddity: &Oddity,
        wrong: String,
        breaks: impl Into<String>,
    ) -> Draft {
        let condition = match (oddity.section, &oddity.found) {
            (Section::Match, Some(Found::Text(text))) => Some(text.as_str()),
            (Section::Match, _) => Some(""),
            _ => None,
        };
        let scope = match oddity.section {
            Section::Global | Section::Machine => Scope::fleet(),
            _ => self.scope(context, &oddity.within, condition),
        };
        Draft::new(scope, wrong, breaks).possible_if(!oddity.is_certain)
    }

    /// The place to show for an oddity: the key's name.
    pub(super) fn place(self, oddity: &Oddity) -> Option<Place> {
        oddity
            .origin
            .definition
            .or(oddity.origin.value)
            .or_else(|| self.unit(&oddity.within).and_then(|unit| unit.place))
    }
}

/// What a judge says about the oddities of all machines.
pub(super) fn judged<'a>(
    context: &Context<'a>,
    judge: impl Fn(&Context<'a>, Machine<'a>, &'a Oddity) -> Option<Draft>,
) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for machine in Machine::all(context) {
        drafts.extend(machine.oddities().filter_map(|oddity| judge(context, machine, oddity)));
    }
    drafts
}

/// Whether a release is older than another, if it is known.
pub(super) fn is_before(release: Option<Release>, year: u16, month: u16) -> bool {
    release.is_some_and(|release| release < Release { year, month })
}

/// Whether a release is another or newer, if it is known.
pub(super) fn is_since(release: Option<Release>, year: u16, month: u16) -> bool {
    release.is_some_and(|release| release >= Release { year, month })
}

/// Whether a release may know keys that the table does not.
pub(super) fn may_know_more(release: Option<Release>) -> bool {
    let (year, month) = NEWEST_KNOWN;
    release.is_none_or(|release| release > Release { year, month })
}

/// Where keys of a section are written: `matchConfig`, an element of `routes`.
pub(super) fn option_of(section: Section) -> &'static str {
    match section {
        Section::Match => "`matchConfig`",
        Section::Link => "`linkConfig`",
        Section::Network => "`networkConfig`",
        Section::Address => "an element of `addresses`",
        Section::Route => "an element of `routes`",
        Section::Global => "`systemd.network.config.networkConfig`",
        Section::Unit => "the file itself, beside `networkConfig`",
        Section::Interface => "an element of `microvm.interfaces`",
        Section::Machine => "`microvm.vms.<name>`",
    }
}

/// An oddity's key with where it stands: `` `Destionation` in a route of 30-vm5 ``.
pub(super) fn key_words(oddity: &Oddity) -> String {
    let (key, within) = (&oddity.key, &oddity.within);
    match oddity.section {
        Section::Match | Section::Link | Section::Network => {
            format!("`{key}` in {} of {within}", option_of(oddity.section))
        }
        Section::Address => format!("`{key}` in `addresses` of {within}"),
        Section::Route => format!("`{key}` in a route of {within}"),
        Section::Global => format!("`{key}` in {}", option_of(Section::Global)),
        Section::Unit => format!("`{key}` in {within}"),
        Section::Interface => format!("`{key}` in `microvm.interfaces`"),
        Section::Machine => format!("`{key}` in `microvm.vms.{within}`"),
    }
}

/// A value as Nix writes it.
pub(super) fn shown(found: &Found) -> String {
    match found {
        Found::Text(text) => format!("the string \"{text}\""),
        Found::Int(number) => format!("the number {number}"),
        Found::Bool(truth) => truth.to_string(),
        Found::List => "a list".to_owned(),
    }
}

/// The place of a known setting: its name, else its value.
pub(super) fn setting_place<T>(fact: &Fact<T>) -> Option<Place> {
    let origin = &fact.known()?.origin;
    culprit::name_of(origin).or(origin.definition).or(origin.value)
}
