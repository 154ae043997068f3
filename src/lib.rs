//! routelint checks the network of NixOS MicroVM fleets from their Nix source alone.
//!
//! The library is a house of rooms; a room uses only rooms that stand above it in this list. `ARCHITECTURE.md` shows the plan.

pub mod builtins;
pub mod cli;
pub mod config;
pub mod eval;
pub mod fix;
pub mod flake;
pub mod fleet;
pub mod heap;
pub mod modules;
pub mod nixlib;
pub mod report;
pub mod rules;
pub mod schema;
pub mod source;
pub mod syntax;
