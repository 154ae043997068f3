//! The keys of `.network` files and the options of guests' entries: which there are, and which values NixOS takes for them.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

/// A release of NixOS: year and month, as in 25.05.
pub type YearMonth = (u16, u16);

/// The newest release that the table was compared with. A later one may know more keys.
pub const NEWEST_KNOWN: YearMonth = (26, 5);

/// A set of keys that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// `matchConfig`, which NixOS does not check.
    Match,
    /// `linkConfig`
    Link,
    /// `networkConfig`
    Network,
    /// An element of `addresses`.
    Address,
    /// An element of `routes`.
    Route,
    /// `systemd.network.config.networkConfig`
    Global,
    /// The options of a file: `systemd.network.networks.<name>`.
    Unit,
    /// An element of `microvm.interfaces`.
    Interface,
    /// `microvm.vms.<name>`
    Machine,
}

impl Section {
    /// All, in the order of a file.
    pub const ALL: [Self; 9] = [
        Self::Match,
        Self::Link,
        Self::Network,
        Self::Address,
        Self::Route,
        Self::Global,
        Self::Unit,
        Self::Interface,
        Self::Machine,
    ];

    /// The name in the tables.
    fn name(self) -> &'static str {
        match self {
            Self::Match => "Match",
            Self::Link => "Link",
            Self::Network => "Network",
            Self::Address => "Address",
            Self::Route => "Route",
            Self::Global => "Global",
            Self::Unit => "Unit",
            Self::Interface => "Interface",
            Self::Machine => "Machine",
        }
    }

    /// The old wrapper around an element of a list of such sections, which NixOS demanded up to 24.05 and takes with a warning since.
    pub fn wrapper(self) -> Option<&'static str> {
        match self {
            Self::Address => Some("addressConfig"),
            Self::Route => Some("routeConfig"),
            _ => None,
        }
    }
}

/// A key and the values that it takes.
#[derive(Debug, PartialEq, Eq)]
pub struct Key {
    /// The name.
    pub name: &'static str,
    /// What it takes: alternatives, in the words of the table.
    pub takes: Vec<Takes>,
    /// The first release that accepts it, if there is one before which it is an error.
    pub first: Option<YearMonth>,
    /// The last release that accepts it.
    pub last: Option<YearMonth>,
}

/// One of the kinds of values that a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Anything.
    Any,
    /// `true`, `false`, `"yes"` or `"no"`; for an option of NixOS the first two only.
    Bool,
    /// An integer.
    Int,
    /// Digits, perhaps with one of `K`, `M`, `G`, `T`.
    Bytes,
    /// Six octets of two hex digits with colons.
    Mac,
    /// A state of `networkctl`, or two with a colon.
    State,
    /// A string.
    Text,
    /// A list of strings.
    Texts,
    /// This word.
    Word(&'static str),
}

type Keys = FxHashMap<&'static str, Key>;

static KEYS: LazyLock<FxHashMap<Section, Keys>> = LazyLock::new(|| {
    let mut all: FxHashMap<Section, Keys> = FxHashMap::default();
    for line in lines(include_str!("tables/networkd_keys.tsv")) {
        let mut fields = line.split('\t');
        let mut next = || fields.next().unwrap_or_default();
        let (section, name, takes, first, last) = (next(), next(), next(), next(), next());
        let Some(section) = Section::ALL.into_iter().find(|known| known.name() == section) else { continue };
        let takes = takes.split('|').map(taken).collect();
        all.entry(section).or_default().insert(name, Key { name, takes, first: release(first), last: release(last) });
    }
    for (section, prefix) in [(Section::Interface, "microvm.interfaces.*."), (Section::Machine, "microvm.vms.<name>.")]
    {
        for line in lines(include_str!("tables/microvm.tsv")) {
            let option = line.split('\t').next().and_then(|option| option.strip_prefix(prefix));
            if let Some(name) = option.and_then(|option| option.split('.').next()) {
                let key = Key { name, takes: vec![Takes::Any], first: None, last: None };
                all.entry(section).or_default().insert(name, key);
            }
        }
    }
    all
});

fn lines(table: &'static str) -> impl Iterator<Item = &'static str> {
    table.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

fn taken(word: &'static str) -> Takes {
    match word {
        "any" => Takes::Any,
        "bool" => Takes::Bool,
        "int" => Takes::Int,
        "bytes" => Takes::Bytes,
        "mac" => Takes::Mac,
        "state" => Takes::State,
        "text" => Takes::Text,
        "texts" => Takes::Texts,
        word => Takes::Word(word),
    }
}

fn release(text: &str) -> Option<YearMonth> {
    let (year, month) = text.split_once('.')?;
    Some((year.parse().ok()?, month.parse().ok()?))
}

/// The key of a name in a section.
pub fn key(section: Section, name: &str) -> Option<&'static Key> {
    KEYS.get(&section)?.get(name)
}

/// The names of all keys of a section.
pub fn names(section: Section) -> impl Iterator<Item = &'static str> {
    KEYS.get(&section).into_iter().flat_map(|keys| keys.keys().copied())
}

/// Options of a file that NixOS removed, with what took their place.
pub const REMOVED_OPTIONS: [(&str, &str); 3] = [
    ("dhcpConfig", "dhcpV4Config"),
    ("dhcpV6PrefixDelegationConfig", "dhcpPrefixDelegationConfig"),
    ("ipv6PrefixDelegationConfig", "ipv6SendRAConfig"),
];

/// Values of `DHCP` that networkd took in old times, with what took their place.
pub const REMOVED_DHCP_VALUES: [(&str, &str); 4] = [("both", "yes"), ("none", "no"), ("v4", "ipv4"), ("v6", "ipv6")];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_every_section_and_only_known_words() {
        for section in Section::ALL {
            assert!(names(section).count() > 3, "{section:?}");
        }
        for line in lines(include_str!("tables/networkd_keys.tsv")) {
            assert_eq!(line.split('\t').count(), 5, "{line}");
        }
        let forwarding = key(Section::Network, "IPv4Forwarding").unwrap();
        assert_eq!((forwarding.takes.as_slice(), forwarding.first), (&[Takes::Bool][..], Some((24, 11))));
        assert_eq!(key(Section::Network, "IPForward").unwrap().last, Some((24, 5)));
        assert!(key(Section::Link, "IPv4Forwarding").is_none());
        assert!(key(Section::Interface, "macvtap").is_some() && key(Section::Machine, "interfaces").is_none());
    }
}
