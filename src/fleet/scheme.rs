//! How names and addresses follow from numbers, found out from those that a fleet has.
//!
//! A pattern counts if at most a third of the samples is otherwise, and it says something about a number only if every pattern that fits as well says
//! the same: guests 1 to 9 do not tell whether guest 10 ends in `10` or in `0a`.

use std::hash::Hash;

use rustc_hash::FxHashMap;

/// Why nothing follows for a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unclear {
    /// There is nothing to learn from.
    NoSamples,
    /// What there is follows no common pattern.
    NoPattern,
    /// Several patterns fit and say different things.
    Ambiguous,
    /// The number needs more digits than any before.
    TooLarge,
}

impl Unclear {
    /// The reason, as the end of a sentence about `what` ("the MAC addresses").
    pub fn reason(self, what: &str) -> String {
        match self {
            Self::NoSamples => format!("{what} of other guests are not known"),
            Self::NoPattern => format!("{what} of the other guests follow no common pattern"),
            Self::Ambiguous => {
                format!("{what} of the other guests fit several patterns, such as decimal and hexadecimal")
            }
            Self::TooLarge => format!("{what} of the other guests do not tell what becomes of so large a number"),
        }
    }
}

/// A number of a guest with what is to follow from it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample<'a, T> {
    /// The guest's name; empty for a tap that waits for a guest.
    pub guest: &'a str,
    /// The number.
    pub index: i64,
    /// What follows.
    pub value: T,
}

/// How a number stands in digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Digits {
    /// As it is; in addresses that is hexadecimal or, in IPv4, decimal.
    Plain,
    /// Decimal digits in a place for hexadecimal ones.
    Decimal,
}

/// How numbers stand in addresses, as far as the texts show that were computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Written {
    /// In which digits.
    pub(super) digits: Option<Digits>,
    /// How many fields above the number's own are computed from it as higher digits: `index / 256` in the octet before `index mod 256`.
    pub(super) higher: usize,
}

impl Digits {
    fn encode(self, index: i64) -> Option<u128> {
        match self {
            Self::Plain => u128::try_from(index).ok(),
            Self::Decimal => u128::from_str_radix(&u64::try_from(index).ok()?.to_string(), 16).ok(),
        }
    }
}

/// Fields of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Six octets.
    Mac,
    /// Four octets, in decimal.
    V4,
    /// Eight groups of two octets.
    V6,
}

impl Kind {
    pub(super) fn bits(self) -> (u32, usize) {
        match self {
            Self::Mac => (48, 8),
            Self::V4 => (32, 8),
            Self::V6 => (128, 16),
        }
    }

    fn digits(self) -> &'static [Digits] {
        match self {
            Self::V4 => &[Digits::Plain],
            Self::Mac | Self::V6 => &[Digits::Plain, Digits::Decimal],
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Field {
    digits: Digits,
    shift: u32,
    base: u128,
}

impl Field {
    fn value(self, index: i64) -> Option<u128> {
        self.digits.encode(index)?.checked_shl(self.shift)?.checked_add(self.base)
    }

    /// The largest number that still stands in the field and the ones above it that are its own.
    fn most(self, field_bits: usize, higher: usize) -> i64 {
        let hexadecimal = (1_i64 << (field_bits * (higher + 1)).min(62)) - 1;
        match self.digits {
            Digits::Plain => hexadecimal,
            Digits::Decimal => 10_i64.pow(u32::try_from(field_bits / 4).unwrap_or(2)) - 1,
        }
    }
}

/// What addresses have in common.
#[derive(Debug)]
pub(super) struct Numbers {
    kind: Kind,
    fields: Result<Vec<Field>, Unclear>,
    /// The largest number that was learnt from.
    largest: i64,
    /// How many fields above a number's own are known to be its higher digits.
    higher: usize,
}

impl Default for Numbers {
    fn default() -> Self {
        Self { kind: Kind::Mac, fields: Err(Unclear::NoSamples), largest: 0, higher: 0 }
    }
}

impl Numbers {
    /// Learns from samples; `known` tells how numbers are written in them, if that is known otherwise.
    pub(super) fn learn(kind: Kind, samples: &[Sample<'_, u128>], known: Written) -> Self {
        let largest = samples.iter().map(|sample| sample.index).max().unwrap_or(0);
        Self { kind, fields: fields(kind, samples, known.digits), largest, higher: known.higher }
    }

    /// The address that follows for a number.
    ///
    /// # Errors
    /// Why none does.
    pub(super) fn of(&self, index: i64) -> Result<u128, Unclear> {
        let (bits, field_bits) = self.kind.bits();
        let says = |field: &Field| {
            let most = field.most(field_bits, self.higher);
            let is_new_ground = index > most && self.largest <= most;
            let value = field.value(index).filter(|value| bits == 128 || value >> bits == 0);
            value.filter(|_| !is_new_ground).ok_or(Unclear::TooLarge)
        };
        agreed(self.fields.as_ref().map_err(|why| *why)?.iter().map(says))
    }
}

fn fields(kind: Kind, samples: &[Sample<'_, u128>], known: Option<Digits>) -> Result<Vec<Field>, Unclear> {
    let (bits, field_bits) = kind.bits();
    let all_digits =
        move || kind.digits().iter().copied().filter(move |digits| known.is_none_or(|known| known == *digits));
    let mask =
        |encoded: u128| if encoded >> field_bits == 0 { (1 << field_bits) - 1 } else { (1 << (2 * field_bits)) - 1 };
    let in_field = |sample: &Sample<'_, u128>| {
        let fields =
            all_digits().flat_map(move |digits| (0..bits).step_by(field_bits).map(move |shift| (digits, shift)));
        let sample = *sample;
        fields.filter_map(move |(digits, shift)| {
            let encoded = digits.encode(sample.index)?;
            let is_there = (sample.value >> shift) & mask(encoded) == encoded;
            let base = sample.value.checked_sub(encoded.checked_shl(shift)?)?;
            is_there.then_some(Field { digits, shift, base })
        })
    };
    let mut found = best(samples, in_field);
    if found == Err(Unclear::NoPattern) && samples.len() > 1 {
        // Not the number itself, but as far from it everywhere.
        found = best(samples, |sample: &Sample<'_, u128>| {
            let sample = *sample;
            all_digits().filter_map(move |digits| {
                let base = sample.value.checked_sub(digits.encode(sample.index)?)?;
                Some(Field { digits, shift: 0, base })
            })
        });
    }
    found
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Spelling {
    Decimal,
    TwoDigits,
    ThreeDigits,
    Hexadecimal,
    TwoHexadecimal,
    /// The guest's name instead of its number.
    Name,
}

impl Spelling {
    const ALL: [Self; 6] =
        [Self::Decimal, Self::TwoDigits, Self::ThreeDigits, Self::Hexadecimal, Self::TwoHexadecimal, Self::Name];

    fn write(self, index: i64, name: &str) -> String {
        match self {
            Self::Decimal => index.to_string(),
            Self::TwoDigits => format!("{index:02}"),
            Self::ThreeDigits => format!("{index:03}"),
            Self::Hexadecimal => format!("{index:x}"),
            Self::TwoHexadecimal => format!("{index:02x}"),
            Self::Name => name.to_owned(),
        }
    }
}

/// What names have in common: a spelling, what stands before it and what behind.
#[derive(Debug)]
pub(super) struct Names(Result<Vec<(Spelling, String, String)>, Unclear>);

impl Default for Names {
    fn default() -> Self {
        Self(Err(Unclear::NoSamples))
    }
}

impl Names {
    /// Learns from samples; `known` tells how numbers are written in them, if that is known otherwise. Names that show neither count in decimal, as
    /// people do.
    pub(super) fn learn(samples: &[Sample<'_, &str>], known: Option<Digits>) -> Self {
        let is_hexadecimal = |spelling: Spelling| matches!(spelling, Spelling::Hexadecimal | Spelling::TwoHexadecimal);
        Self(spellings(samples).map(|mut patterns| {
            let wants_hexadecimal =
                known == Some(Digits::Plain) || patterns.iter().all(|(spelling, ..)| is_hexadecimal(*spelling));
            patterns
                .retain(|(spelling, ..)| *spelling == Spelling::Name || is_hexadecimal(*spelling) == wants_hexadecimal);
            patterns
        }))
    }

    /// The name that follows for a number and the name of a guest.
    ///
    /// # Errors
    /// Why none does.
    pub(super) fn of(&self, index: i64, guest: &str) -> Result<String, Unclear> {
        let patterns = self.0.as_ref().map_err(|why| *why)?.iter();
        agreed(patterns.map(|(spelling, before, after)| Ok(format!("{before}{}{after}", spelling.write(index, guest)))))
    }
}

fn spellings(samples: &[Sample<'_, &str>]) -> Result<Vec<(Spelling, String, String)>, Unclear> {
    best(samples, |sample: &Sample<'_, &str>| {
        let sample = *sample;
        Spelling::ALL.into_iter().flat_map(move |spelling| {
            let written = spelling.write(sample.index, sample.guest);
            let places: Vec<usize> = if written.is_empty() {
                Vec::new()
            } else {
                sample.value.match_indices(&written).map(|(at, _)| at).collect()
            };
            let length = written.len();
            places.into_iter().filter_map(move |at| {
                let (before, rest) = sample.value.split_at_checked(at)?;
                Some((spelling, before.to_owned(), rest.get(length..)?.to_owned()))
            })
        })
    })
}

/// The patterns that most samples follow.
fn best<S, P: Hash + Eq + Clone, I: Iterator<Item = P>>(
    samples: &[S],
    patterns: impl Fn(&S) -> I,
) -> Result<Vec<P>, Unclear> {
    if samples.is_empty() {
        return Err(Unclear::NoSamples);
    }
    let mut counts: FxHashMap<P, usize> = FxHashMap::default();
    for pattern in samples.iter().flat_map(patterns) {
        *counts.entry(pattern).or_default() += 1;
    }
    let most = counts.values().copied().max().unwrap_or(0);
    let others = samples.len() - most.min(samples.len());
    if most == 0 || others > samples.len() / 3 || (most == 1 && samples.len() > 1) {
        return Err(Unclear::NoPattern);
    }
    Ok(counts.into_iter().filter(|(_, count)| *count == most).map(|(pattern, _)| pattern).collect())
}

/// What all say.
fn agreed<T: PartialEq>(said: impl Iterator<Item = Result<T, Unclear>>) -> Result<T, Unclear> {
    let mut agreed = Err(Unclear::NoPattern);
    for one in said {
        agreed = match (agreed, one) {
            (Err(Unclear::NoPattern), one) => one,
            (Ok(before), Ok(one)) if before == one => Ok(one),
            (Err(Unclear::TooLarge), Err(Unclear::TooLarge)) => return Err(Unclear::TooLarge),
            _ => return Err(Unclear::Ambiguous),
        };
    }
    agreed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v4(text: &str) -> u128 {
        u128::from(u32::from(text.parse::<std::net::Ipv4Addr>().unwrap()))
    }

    fn v6(text: &str) -> u128 {
        u128::from(text.parse::<std::net::Ipv6Addr>().unwrap())
    }

    fn follows(kind: Kind, read: fn(&str) -> u128, pairs: &[(i64, &str)], index: i64) -> Result<u128, Unclear> {
        let samples: Vec<Sample<'_, u128>> =
            pairs.iter().map(|(index, text)| Sample { guest: "", index: *index, value: read(text) }).collect();
        Numbers::learn(kind, &samples, Written::default()).of(index)
    }

    #[test]
    fn an_address_follows_if_all_patterns_agree() {
        let four = |pairs: &[(i64, &str)], index| follows(Kind::V4, v4, pairs, index);
        let six = |pairs: &[(i64, &str)], index| follows(Kind::V6, v6, pairs, index);
        let two = [(1, "10.0.0.1"), (2, "10.0.0.2")];
        assert_eq!(four(&two, 3), Ok(v4("10.0.0.3")));
        assert_eq!(four(&two, 256), Err(Unclear::TooLarge));
        assert_eq!(four(&[(1, "10.0.0.1"), (300, "10.0.1.44")], 301), Ok(v4("10.0.1.45")));
        assert_eq!(four(&[(5, "10.0.5.1"), (6, "10.0.6.1")], 7), Ok(v4("10.0.7.1")));
        assert_eq!(four(&[(1, "10.0.0.11"), (4, "10.0.0.14")], 5), Ok(v4("10.0.0.15")), "an offset");
        assert_eq!(four(&[(1, "10.0.0.7"), (2, "10.0.0.3")], 3), Err(Unclear::NoPattern));
        assert_eq!(four(&[(5, "10.0.5.5")], 6), Err(Unclear::Ambiguous));
        assert_eq!(four(&[], 1), Err(Unclear::NoSamples));
        assert_eq!(six(&[(1, "fd00::1"), (2, "fd00::2")], 9), Ok(v6("fd00::9")));
        assert_eq!(six(&[(1, "fd00::1"), (2, "fd00::2")], 10), Err(Unclear::Ambiguous));
        assert_eq!(six(&[(1, "fd00::1"), (10, "fd00::a")], 11), Ok(v6("fd00::b")));
        assert_eq!(six(&[(1, "fd00::1"), (10, "fd00::10")], 11), Ok(v6("fd00::11")));
        let mac = |text: &str| u128::from_str_radix(&text.replace(':', ""), 16).unwrap();
        let macs = [(9, "02:00:00:00:00:09"), (10, "02:00:00:00:00:0a")];
        assert_eq!(follows(Kind::Mac, mac, &macs, 11), Ok(mac("02:00:00:00:00:0b")));
        let macs = [(1, "02:9f:11:00:00:aa"), (2, "02:31:20:00:00:17")];
        assert_eq!(follows(Kind::Mac, mac, &macs, 3), Err(Unclear::NoPattern), "made from something else");
    }

    #[test]
    fn one_of_many_that_is_otherwise_does_not_count() {
        let pairs = [(1, "10.0.0.1"), (2, "10.0.0.2"), (3, "10.0.0.3"), (4, "10.0.9.77")];
        assert_eq!(follows(Kind::V4, v4, &pairs, 5), Ok(v4("10.0.0.5")));
    }

    #[test]
    fn a_name_follows_from_the_number_or_from_the_guest() {
        let named = |pairs: &[(&'static str, i64, &'static str)], index| {
            let samples: Vec<Sample<'_, &str>> =
                pairs.iter().map(|(guest, index, value)| Sample { guest, index: *index, value: *value }).collect();
            Names::learn(&samples, None).of(index, "new")
        };
        assert_eq!(named(&[("web", 1, "vm1"), ("db", 12, "vm12")], 2).as_deref(), Ok("vm2"));
        assert_eq!(named(&[("web", 1, "vm01"), ("db", 2, "vm02")], 3).as_deref(), Ok("vm03"));
        assert_eq!(named(&[("web", 1, "vm-web"), ("db", 2, "vm-db")], 3).as_deref(), Ok("vm-new"));
        assert_eq!(named(&[("web", 10, "vma-tap"), ("db", 2, "vm2-tap")], 11).as_deref(), Ok("vmb-tap"));
        assert_eq!(named(&[("web", 1, "vm1"), ("db", 2, "vm2")], 10).as_deref(), Ok("vm10"));
        assert_eq!(named(&[("web", 1, "red"), ("db", 2, "blue")], 3), Err(Unclear::NoPattern));
    }
}
