//! The fleet: finding hosts and guests, pairing them, and reading their facts.
//!
//! Purpose: everything between evaluated configurations and rules. What comes out is plain data ([`facts`]): sorted, `Send`, every field with
//! its origin. What a computed text consists of is worked out only when a rule asks ([`Parts`]).
//! Whoever asks for one option of one machine brings the evaluator and gets the machine ([`locate`]).
//!
//! Invariants:
//! - A fact is only [`Fact::Known`] if real NixOS would certainly have that value.
//! - A virtual machine that is seen twice (`microvm.vms.x` and `nixosConfigurations.x`) is one guest.
//! - What networkd would do with the files is decided here once ([`links`]): first matching file by byte order of names, nothing merged.
//! - What is free, and what follows from a number by the fleet's own scheme, is decided here once ([`Free`], [`next`]), for edits and for whoever asks.
//!
//! What it deliberately does not do: judge. It finds no mistakes.

mod analyse;
mod assertions;
mod binding;
mod configured;
mod coverage;
mod discover;
mod dropped;
mod entries;
mod entry;
mod exposure;
pub mod facts;
mod files;
mod filters;
mod free;
mod index;
mod layout;
pub mod links;
mod locate;
mod lost;
mod mac;
mod machines;
mod masquerade;
mod network;
mod next;
mod oddities;
mod origin;
mod pairing;
mod parts;
mod plain;
mod reader;
mod scheme;
mod select;
mod services;
mod session;
mod shares;
#[cfg(test)]
pub(crate) mod sketch;
mod target;
mod trouble;
mod variants;

pub use analyse::{Analysis, analyse};
pub use binding::Binding;
pub use coverage::{Coverage, Reason};
pub use dropped::{DroppedBy, DroppedUnit};
pub use exposure::OpenPorts;
pub use facts::{
    Address, Bridge, Declared, Dhcpcd, Fact, Firewall, Fleet, Guest, GuestId, Host, HostId, HostsEntry, Interface,
    Leaf, Listed, Lost, MacAddress, Matching, Nat, Netdev, Network, Origin, Part, PortForward, Release, Route, Sourced,
    Unit, WaitOnline, Widened,
};
pub use files::{FileLine, NetworkFile};
pub use free::{Free, LONGEST_DEVICE};
pub use links::{Link, Links, Routing};
pub use locate::{Located, NotLocated, locate};
pub use masquerade::Masquerade;
pub use next::{Missing, Next, Scheme, Slot, next};
pub use oddities::{BesideConfig, Found, Odd, Oddity};
pub use parts::Parts;
pub use select::{Choice, LinkMac, LinkProperties, Selector, Verdict, glob_matches, unit_matches};
pub use session::{new_evaluator, tolerant_evaluator};
pub use target::{Failure, Target};
pub use trouble::{EntryMistake, Gap, Problem, ProblemKind};
