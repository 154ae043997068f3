//! Which `.network` file systemd-networkd takes for a link.
//!
//! systemd.network(5): all files are sorted by name, byte by byte; the first whose `[Match]` fits is taken, and nothing of the others. The
//! details (negation, invalid items, empty matches) follow `net_match_config` and `config_parse_match_ifnames` of systemd 257.

use rustc_hash::FxHashMap;

use super::facts::{Fact, Listed, MacAddress, Matching, Network, Sourced, Unit};

/// The file that a link gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice<'a> {
    /// This one.
    Unit(&'a Unit),
    /// `80-vm-vt.network`, which systemd ships for taps whose name starts with `vt-`.
    Stock,
    /// None.
    Nothing,
    /// It depends on something that is not known.
    Undecided,
}

impl<'a> Choice<'a> {
    /// The file of the machine's own configuration, if it is certain.
    pub fn unit(self) -> Option<&'a Unit> {
        match self {
            Self::Unit(unit) => Some(unit),
            Self::Stock | Self::Nothing | Self::Undecided => None,
        }
    }
}

/// What networkd sees of a link.
#[derive(Clone, Copy, Debug)]
pub struct LinkProperties<'a> {
    /// The names that it may have. One is the name; several are guesses, and a pattern counts only if it treats all alike.
    pub names: &'a [&'a str],
    /// The Ethernet address.
    pub mac: LinkMac,
    /// The kind that the kernel reports (`tun` for a tap); none for hardware, which a virtio card is.
    pub kind: Option<&'a str>,
}

/// What is known about the Ethernet address of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkMac {
    /// This one.
    Known(MacAddress),
    /// A random one, as the kernel gives to a tap: no file matches it.
    Random,
    /// Not known.
    Unknown,
}

/// Names that a virtio card may get in a guest: without predictable names or over virtio-mmio, by PCI path, by slot.
const GUEST_NIC_NAMES: &[&str] = &["eth0", "enp0s5", "ens5"];

impl<'a> LinkProperties<'a> {
    /// A tap on the host.
    pub fn tap(name: &'a [&'a str]) -> Self {
        Self { names: name, mac: LinkMac::Random, kind: Some("tun") }
    }

    /// A card in a guest.
    pub fn guest_nic(mac: Option<MacAddress>) -> Self {
        Self { names: GUEST_NIC_NAMES, mac: mac.map_or(LinkMac::Unknown, LinkMac::Known), kind: None }
    }
}

/// Whether something is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Certainly not.
    No,
    /// It cannot be known.
    Maybe,
    /// Certainly.
    Yes,
}

/// The files of one machine, indexed so that ten thousand links find theirs among ten thousand files.
#[derive(Debug)]
pub struct Selector<'a> {
    units: &'a Listed<Unit>,
    /// Files that only match the names listed, by name.
    by_name: FxHashMap<&'a str, Vec<usize>>,
    /// All other files.
    others: Vec<usize>,
}

impl<'a> Selector<'a> {
    /// Indexes the files of a machine.
    pub fn new(network: &'a Network) -> Self {
        let mut by_name: FxHashMap<&str, Vec<usize>> = FxHashMap::default();
        let mut others = Vec::new();
        for (position, unit) in network.units.items.iter().enumerate() {
            match literal_names(&unit.matching) {
                Some(names) => names.for_each(|name| by_name.entry(name).or_default().push(position)),
                None => others.push(position),
            }
        }
        Self { units: &network.units, by_name, others }
    }

    /// The file that a link gets.
    pub fn choose(&self, link: &LinkProperties<'_>) -> Choice<'a> {
        let may_take_stock_file = wants_stock_file(link) && !self.replaces_stock_file();
        for (unit, verdict) in self.candidates(link) {
            if may_take_stock_file && unit.name.as_str() > STOCK_FILE {
                break;
            }
            match verdict {
                Verdict::Yes if self.units.is_complete => return Choice::Unit(unit),
                Verdict::Yes | Verdict::Maybe => return Choice::Undecided,
                Verdict::No => {}
            }
        }
        if !self.units.is_complete {
            Choice::Undecided
        } else if may_take_stock_file {
            Choice::Stock
        } else {
            Choice::Nothing
        }
    }

    /// All files that certainly match a link, in order: the first is the chosen one, the others are never used for it.
    pub fn matching(&self, link: &LinkProperties<'_>) -> Vec<&'a Unit> {
        self.candidates(link).filter(|(_, verdict)| *verdict == Verdict::Yes).map(|(unit, _)| unit).collect()
    }

    fn candidates(&self, link: &LinkProperties<'_>) -> impl Iterator<Item = (&'a Unit, Verdict)> {
        let mut positions = self.others.clone();
        // A name that is only guessed cannot be looked up: each file with literal names may be meant.
        if let [name] = link.names {
            positions.extend(self.by_name.get(name).into_iter().flatten());
        } else {
            positions.extend(self.by_name.values().flatten());
        }
        positions.sort_unstable();
        positions.dedup();
        let units = &self.units.items;
        positions.into_iter().filter_map(|position| units.get(position)).map(|unit| (unit, unit_matches(unit, link)))
    }

    fn replaces_stock_file(&self) -> bool {
        self.units.items.iter().any(|unit| unit.name == STOCK_FILE)
    }
}

/// The stock file for taps named `vt-…` (systemd, `network/80-vm-vt.network`).
const STOCK_FILE: &str = "80-vm-vt";

fn wants_stock_file(link: &LinkProperties<'_>) -> bool {
    link.kind == Some("tun") && matches!(link.names, [name] if name.starts_with("vt-"))
}

/// Whether a file applies to a link, other files left aside.
pub fn unit_matches(unit: &Unit, link: &LinkProperties<'_>) -> Verdict {
    match &unit.is_enabled {
        Fact::Known(enabled) if !enabled.value => Verdict::No,
        Fact::Known(_) | Fact::Absent => section_matches(&unit.matching, link),
        Fact::Unknown => section_matches(&unit.matching, link).min(Verdict::Maybe),
    }
}

fn section_matches(matching: &Matching, link: &LinkProperties<'_>) -> Verdict {
    let names = name_matches(matching, link);
    let macs = key_matches(
        &matching.macs,
        |text| MacAddress::parse_tolerant(text).is_some(),
        |text| match link.mac {
            LinkMac::Known(mac) if MacAddress::parse_tolerant(text) == Some(mac) => Verdict::Yes,
            LinkMac::Known(_) | LinkMac::Random => Verdict::No,
            LinkMac::Unknown => Verdict::Maybe,
        },
    );
    let types = key_matches(&matching.types, |_| true, |pattern| definite(glob_matches(pattern, "ether")));
    let kinds = key_matches(
        &matching.kinds,
        |_| true,
        |pattern| definite(link.kind.is_some_and(|kind| glob_matches(pattern, kind))),
    );
    let others = matching.others.iter().filter_map(|key| other_key_matches(&key.value, link)).min();
    let verdicts = [names, macs, types, kinds, others];
    // A file without a usable condition is ignored; if conditions may be unknown, it may not be one.
    let Some(verdict) = verdicts.into_iter().flatten().min() else {
        return if matching.is_complete { Verdict::No } else { Verdict::Maybe };
    };
    if matching.is_complete { verdict } else { verdict.min(Verdict::Maybe) }
}

/// `Name=`. Of several possible names all must match; that none does is no proof, because a card may be called anything.
fn name_matches(matching: &Matching, link: &LinkProperties<'_>) -> Option<Verdict> {
    let verdict_for =
        |name: &&str| key_matches(&matching.names, is_name_pattern, |pattern| definite(glob_matches(pattern, name)));
    let verdict = link.names.iter().map(verdict_for).min()??;
    Some(if verdict == Verdict::No && link.names.len() > 1 { Verdict::Maybe } else { verdict })
}

/// The other keys that networkd knows; all else is ignored with a remark in its log.
fn other_key_matches(key: &str, link: &LinkProperties<'_>) -> Option<Verdict> {
    match key {
        "PermanentMACAddress" | "Path" | "WLANInterfaceType" | "SSID" | "BSSID" if link.kind.is_some() => {
            Some(Verdict::No)
        }
        "PermanentMACAddress"
        | "Path"
        | "WLANInterfaceType"
        | "SSID"
        | "BSSID"
        | "Driver"
        | "Property"
        | "Host"
        | "Virtualization"
        | "KernelCommandLine"
        | "KernelVersion"
        | "Version"
        | "Credential"
        | "Architecture"
        | "Firmware" => Some(Verdict::Maybe),
        _ => None,
    }
}

/// Whether one key matches; `None` if it has no usable item and is therefore no condition.
fn key_matches(
    list: &Listed<Sourced<String>>,
    is_valid: impl Fn(&str) -> bool,
    pattern_matches: impl Fn(&str) -> Verdict,
) -> Option<Verdict> {
    let items = items_of(list);
    let mut has_positive = false;
    let mut has_any = false;
    let mut positive = Verdict::No;
    let mut negative = Verdict::No;
    for (is_negated, pattern) in items.iter().filter(|(_, pattern)| is_valid(pattern)) {
        has_any = true;
        let verdict = pattern_matches(pattern);
        if *is_negated {
            negative = negative.max(verdict);
        } else {
            has_positive = true;
            positive = positive.max(verdict);
        }
    }
    if !has_any {
        return (!list.is_complete).then_some(Verdict::Maybe);
    }
    let vetoed = match negative {
        Verdict::Yes => Verdict::No,
        Verdict::Maybe => Verdict::Maybe,
        Verdict::No => Verdict::Yes,
    };
    let verdict = if has_positive { positive.min(vetoed) } else { vetoed };
    // A further item could only make a positive list wider, or veto.
    Some(if list.is_complete { verdict } else { Verdict::Maybe })
}

/// The patterns of a key, each with whether it is negated. A `!` at the start of a line negates the whole line.
fn items_of(list: &Listed<Sourced<String>>) -> Vec<(bool, &str)> {
    let mut items = Vec::new();
    let is_negated_list = list.items.first().is_some_and(|item| item.value.trim_start().starts_with('!'));
    for item in &list.items {
        let line = item.value.trim();
        let (is_negated, rest) = match line.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (is_negated_list, line),
        };
        items.extend(rest.split_whitespace().map(|word| (is_negated, word)));
    }
    items
}

/// The names that a file is limited to, if it has nothing but plain names as a condition on the name.
fn literal_names(matching: &Matching) -> Option<impl Iterator<Item = &str>> {
    let items = items_of(&matching.names);
    let is_literal = matching.names.is_complete
        && !items.is_empty()
        && items
            .iter()
            .all(|(is_negated, word)| !is_negated && is_name_pattern(word) && !word.contains(['*', '?', '[']));
    is_literal.then(|| items.into_iter().map(|(_, word)| word))
}

/// Whether networkd keeps an item of `Name=` (`ifname_valid_full`); others are dropped with a remark in its log.
fn is_name_pattern(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 127
        && text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b':' | b'/' | b'%'))
        && !text.bytes().all(|byte| byte.is_ascii_digit())
        && !matches!(text, "." | ".." | "all" | "default")
}

fn definite(is_so: bool) -> Verdict {
    if is_so { Verdict::Yes } else { Verdict::No }
}

/// Shell patterns as fnmatch(3) without flags reads them: `*`, `?`, `[a-z]`, `[!a-z]`, `\` before a literal character.
/// Takes time proportional to the product of the lengths at most.
pub fn glob_matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut position) = (0, 0);
    // Where to resume after the last star: the pattern behind it, and the text that it has not yet swallowed.
    let mut resume: Option<(usize, usize)> = None;
    loop {
        let rest = pattern.get(at..).unwrap_or_default();
        let step = match (rest.first(), text.get(position)) {
            (None, None) => return true,
            (Some('*'), _) => {
                resume = Some((at + 1, position));
                at += 1;
                continue;
            }
            (Some(_), Some(character)) => match_one(rest, *character),
            (None, Some(_)) | (Some(_), None) => None,
        };
        match (step, resume) {
            (Some(length), _) => {
                at += length;
                position += 1;
            }
            (None, Some((behind, swallowed))) if swallowed < text.len() => {
                resume = Some((behind, swallowed + 1));
                (at, position) = (behind, swallowed + 1);
            }
            (None, _) => return false,
        }
    }
}

/// Matches one character against the first element of a pattern; the element's length if it fits.
fn match_one(pattern: &[char], character: char) -> Option<usize> {
    match pattern {
        ['?', ..] => Some(1),
        ['\\', literal, ..] => (*literal == character).then_some(2),
        ['[', rest @ ..] => match bracket(rest, character) {
            Some((length, is_inside)) => is_inside.then_some(length + 1),
            None => (character == '[').then_some(1),
        },
        [literal, ..] => (*literal == character).then_some(1),
        [] => None,
    }
}

/// Reads a bracket expression behind its `[`: its length with the `]`, and whether the character is inside. `None` if it is not closed.
fn bracket(pattern: &[char], character: char) -> Option<(usize, bool)> {
    let is_negated = matches!(pattern.first(), Some('!' | '^'));
    let start = usize::from(is_negated);
    let body = pattern.get(start..)?;
    // A `]` that comes first is an ordinary member.
    let end = body.iter().skip(1).position(|member| *member == ']')? + 1;
    let mut members = body.get(..end)?;
    let mut is_inside = false;
    while let [first, rest @ ..] = members {
        members = match rest {
            ['-', last, rest @ ..] => {
                is_inside |= (*first..=*last).contains(&character);
                rest
            }
            _ => {
                is_inside |= *first == character;
                rest
            }
        };
    }
    Some((start + end + 1, is_inside != is_negated))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::sketch;

    fn chosen(units: &str, link: &LinkProperties<'_>) -> String {
        let fleet = sketch::fleet(&format!("host h\n{units}"));
        match Selector::new(&fleet.hosts[0].network).choose(link) {
            Choice::Unit(unit) => unit.name.clone(),
            Choice::Stock => "stock".to_owned(),
            Choice::Nothing => "nothing".to_owned(),
            Choice::Undecided => "undecided".to_owned(),
        }
    }

    #[test]
    fn the_first_file_in_byte_order_wins_and_nothing_else_counts() {
        let tap = LinkProperties::tap(&["vm1"]);
        let cases = [
            ("unit 10-lan name=vm*\nunit 30-vm1 name=vm1", "10-lan"),
            ("unit 10-x name=vm1\nunit 9-x name=vm1", "10-x"),
            ("unit 10-x name=vm2\nunit 20-y name=vm1,vm3", "20-y"),
            ("unit 10-x name=vm* type=wlan\nunit 20-y name=vm1 type=ether", "20-y"),
            ("unit 05-hw type=ether kind=!*\nunit 30-vm1 name=vm1", "30-vm1"),
            ("unit 05-taps kind=tun\nunit 30-vm1 name=vm1", "05-taps"),
            ("unit 10-uplink name=!vm* type=ether\nunit 30-vm1 name=vm1", "30-vm1"),
            ("unit 10-uplink mac=02:00:00:00:00:01\nunit 30-vm1 name=vm1", "30-vm1"),
            ("unit 10-off name=vm1 disabled\nunit 30-vm1 name=vm1", "30-vm1"),
            ("unit 10-empty\nunit 30-vm1 name=vm1", "30-vm1"),
            ("unit 10-bad name=12\nunit 30-vm1 name=vm1", "30-vm1"),
            ("unit 10-bad name=12 type=ether\nunit 30-vm1 name=vm1", "10-bad"),
            ("unit 10-typo key=MacAddress\nunit 30-vm1 name=vm1", "30-vm1"),
            ("unit 10-cond name=vm1 key=Virtualization\nunit 30-vm1 name=vm1", "undecided"),
            ("unit 10-perm key=PermanentMACAddress\nunit 30-vm1 name=vm1", "30-vm1"),
            ("unit 10-secret name=?\nunit 30-vm1 name=vm1", "30-vm1"),
            ("unit 10-secret name=unknown\nunit 30-vm1 name=vm1", "undecided"),
            ("unit 30-vm1 name=vm1\nunit 40-secret name=unknown", "30-vm1"),
            ("unit 30-vm2 name=vm2", "nothing"),
            ("unit 30-vm1 name=vm1\nopen", "undecided"),
        ];
        for (units, expected) in cases {
            assert_eq!(chosen(units, &tap), expected, "{units}");
        }
    }

    #[test]
    fn a_guest_card_is_matched_by_address_and_never_by_a_guessed_name() {
        let nic = LinkProperties::guest_nic(MacAddress::parse_tolerant("02:00:00:00:00:0a"));
        let cases = [
            ("unit 10-e mac=02-00-00-0-0-A", "10-e"),
            ("unit 10-e mac=02:00:00:00:00:0b", "nothing"),
            ("unit 10-e name=eth0\nunit 20-e type=ether", "undecided"),
            ("unit 10-e name=en*,eth*\nunit 20-e type=ether", "10-e"),
            ("unit 10-e name=e*", "10-e"),
            ("unit 10-e name=!lo", "10-e"),
            ("unit 10-e type=ether kind=!*", "10-e"),
        ];
        for (units, expected) in cases {
            assert_eq!(chosen(units, &nic), expected, "{units}");
        }
        assert_eq!(chosen("unit 10-e mac=02:00:00:00:00:0b", &LinkProperties::guest_nic(None)), "undecided");
    }

    #[test]
    fn the_stock_file_takes_vt_taps_unless_a_file_sorts_before_it() {
        let tap = LinkProperties::tap(&["vt-a"]);
        assert_eq!(chosen("unit 90-vt name=vt-a", &tap), "stock");
        assert_eq!(chosen("unit 30-vt name=vt-a", &tap), "30-vt");
        assert_eq!(chosen("unit 80-vm-vt disabled\nunit 90-vt name=vt-a", &tap), "90-vt");
    }

    #[test]
    fn globs_follow_fnmatch() {
        let cases = [
            ("vm*", "vm12", true),
            ("vm?", "vm12", false),
            ("vm[0-9]", "vm7", true),
            ("vm[!0-9]", "vm7", false),
            ("*-tap", "a-b-tap", true),
            ("[]a]x", "]x", true),
            ("a[", "a[", true),
            ("vm\\*", "vm*", true),
            ("**", "", true),
            ("", "a", false),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(glob_matches(pattern, text), expected, "{pattern} {text}");
        }
        assert!(!glob_matches(&"*a".repeat(200), &"a".repeat(150)));
    }
}
