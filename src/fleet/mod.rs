//! The fleet: finding hosts and guests, pairing them, and reading their facts.
//!
//! Purpose: everything between evaluated configurations and rules. What comes out is plain data ([`facts`]): sorted, `Send`, every field with
//! its origin, no handle into a heap.
//!
//! Invariants:
//! - A fact is only [`Fact::Known`] if real NixOS would certainly have that value.
//! - A virtual machine that is seen twice (`microvm.vms.x` and `nixosConfigurations.x`) is one guest.
//! - What networkd would do with the files is decided here once ([`links`]): first matching file by byte order of names, nothing merged.
//!
//! What it deliberately does not do: judge. It finds no mistakes.

pub mod facts;
pub mod links;
mod select;
#[cfg(test)]
pub(crate) mod sketch;

pub use facts::{
    Address, Declared, Fact, Fleet, Gap, Guest, GuestId, Host, HostId, Interface, Leaf, Listed, MacAddress, Matching,
    Nat, Network, Origin, Part, Problem, ProblemKind, Release, Route, Sourced, Unit,
};
pub use links::{Link, Links, Routing};
pub use select::{Choice, LinkMac, LinkProperties, Selector, Verdict, glob_matches, unit_matches};
