//! The schema: which options NixOS and microvm.nix declare, and what their own modules set.
//!
//! Purpose: data about options, readable by someone who knows NixOS but not Rust. Each table under `tables/` names options with type and
//! default (a note that starts with `opaque` says that only the definitions of an option can be read); `modules/` holds what modules of NixOS and microvm.nix would set themselves, as small modules in Nix. Everything that no table lists is open.
//!
//! Invariants:
//! - A table holds facts about NixOS or microvm.nix and names where they stand there.
//! - Nothing here is evaluated before an option that needs it is read.
//!
//! What it deliberately does not do: evaluate, or know networks.

pub mod networkd;
pub mod networkd_files;

use std::path::Path;
use std::rc::Rc;

use crate::eval::{Evaluator, Outcome};
use crate::heap::Value;
use crate::modules::SchemaNode;

const TABLES: &[&str] = &[
    include_str!("tables/systemd_network.tsv"),
    include_str!("tables/networking.tsv"),
    include_str!("tables/system.tsv"),
    include_str!("tables/microvm.tsv"),
];

#[derive(Default)]
struct Known {
    tree: Option<Rc<SchemaNode>>,
    modules: Vec<(&'static str, Value)>,
}

/// The declarations of a NixOS machine, parsed once for each evaluator. The whole is open: undeclared options are no errors.
pub fn nixos(ev: &mut Evaluator) -> Rc<SchemaNode> {
    if let Some(tree) = &ev.extension::<Known>().tree {
        return Rc::clone(tree);
    }
    let tree = SchemaNode::parse(ev, TABLES);
    ev.extension::<Known>().tree = Some(Rc::clone(&tree));
    tree
}

/// What NixOS sets on every machine: a module.
pub fn network_module(ev: &mut Evaluator) -> Outcome {
    own_module(ev, "routelint/network.nix", include_str!("modules/network.nix"))
}

/// The guest module of microvm.nix.
pub fn guest_module(ev: &mut Evaluator) -> Outcome {
    own_module(ev, "routelint/guest.nix", include_str!("modules/guest.nix"))
}

/// The host module of microvm.nix.
pub fn host_module(ev: &mut Evaluator) -> Outcome {
    own_module(ev, "routelint/host.nix", include_str!("modules/host.nix"))
}

fn own_module(ev: &mut Evaluator, name: &'static str, text: &str) -> Outcome {
    let known = ev.extension::<Known>().modules.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    if let Some(value) = known {
        return Ok(value);
    }
    let value = ev.eval_text(name, text, Path::new("/"))?;
    ev.extension::<Known>().modules.push((name, value));
    Ok(value)
}
