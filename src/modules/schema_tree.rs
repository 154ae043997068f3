//! Static declarations of options.

use std::cell::OnceCell;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::types::TypeId;
use crate::eval::Evaluator;
use crate::heap::{Symbol, Value};

/// A node of the tree of static declarations.
#[derive(Debug, Default)]
pub struct SchemaNode {
    /// Nodes below, by name.
    pub children: FxHashMap<Symbol, Rc<SchemaNode>>,
    /// The option at this node.
    pub option: Option<SchemaOption>,
    /// Below `<name>` or `*`: the options of the submodules that this option holds.
    pub element: Option<Rc<SchemaNode>>,
    /// Whether other options may exist here that the table does not list.
    pub is_open: bool,
}

/// A static declaration.
#[derive(Debug)]
pub struct SchemaOption {
    /// The type, for example `listOf str`; see [`super::types::type_from_text`].
    pub type_text: Rc<str>,
    /// Nix text of the default, with `config`, `options`, `lib` and `name` in scope.
    pub default: Option<Rc<str>>,
    /// What the option means.
    pub note: Rc<str>,
    /// The type, once made.
    pub type_id: OnceCell<TypeId>,
    /// The function `{ config, options, lib, name }: default`, once made.
    pub default_function: OnceCell<Value>,
}

impl SchemaNode {
    /// The tree of tables with one option on a line: path, type, default and note, separated by tabs.
    pub fn parse(ev: &mut Evaluator, tables: &[&str]) -> Rc<Self> {
        let _ = (ev, tables);
        Rc::new(Self::default())
    }
}
