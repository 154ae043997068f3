//! routelint checks the network of NixOS MicroVM fleets from their Nix source alone.
//!
//! The library is a house of rooms; a room uses only rooms that stand above it in this list. `ARCHITECTURE.md` shows the plan.

pub mod source;
pub mod syntax;
pub mod heap;
pub mod eval;
pub mod builtins;
pub mod nixlib;
pub mod modules;
pub mod schema;
pub mod flake;
pub mod fleet;
pub mod rules;
pub mod report;
pub mod cli;
