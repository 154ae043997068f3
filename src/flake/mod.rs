//! Flakes: from `flake.nix` and `flake.lock` to the flake's outputs, without network.
//!
//! Purpose: give `outputs` its inputs. An input comes from the command line, from a folder inside the project, from the store path that
//! its lock entry names if that exists, or from routelint's own description of a well-known flake ([`known`], `shims/`); any other is unknown.
//! [`machine`] is what `nixpkgs.lib.nixosSystem` does.
//!
//! Invariants:
//! - Which well-known flake an input is follows from where it is locked, or else from the URL written in `flake.nix`, not from the input's
//!   name; only one called `nixpkgs` that lies elsewhere and is not there is taken by its name. The repository's name decides, whoever
//!   owns it, because forks and mirrors keep it; for names that say little the owner must be right too.
//! - `lib.nixosSystem` of a flake that is not there makes machines as nixpkgs' does, with modules added that nobody knows.
//! - A flake without lock file works: what it would have told is unknown.
//! - Flakes whose modules have nothing to do with networks (`unrelated.txt`) are not read: their modules count as empty.
//! - Files of an atom ([`atom`]), which another loader than `import` reads, get the names that it binds around them.
//! - An input that is not available is an open set that says so; its use stops nothing else.
//!
//! What it deliberately does not do: fetch, or write a lock file.

mod atom;
mod inputs;
mod known;
mod lock;
pub mod machine;

pub use atom::{is_of_atom, loader_scope};
pub use inputs::{FlakeOptions, flake_value, release_of};
pub use known::hive_nodes;
pub use lock::Lock;
pub use machine::{Machine, machine_of, machines_made, nixos_system};

use crate::eval::Evaluator;

/// Makes the built-in functions of this room known.
pub fn install(ev: &mut Evaluator) {
    ev.install(machine::FUNCTIONS);
    ev.install(inputs::FUNCTIONS);
    ev.install(known::FUNCTIONS);
    known::install(ev);
}
