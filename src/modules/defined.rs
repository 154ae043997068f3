//! Definitions on their way down the tree: each node hands to a child what its own definitions say about it.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::arguments::internal_file;
use super::canonical::{Module, ModuleConfig, is_reserved_in_short_form};
use super::collect::{note_failure, note_unknown};
use super::definition::{Definition, Loc};
use super::evaluation::Evaluation;
use super::properties::{self, Rest, attributes_of};
use super::state::{NodeId, evaluation, node};
use super::tree::Node;
use crate::eval::{ErrorKind, Evaluator, Stop};
use crate::heap::{Symbol, Value, sym};
use crate::syntax::ExprId;

/// Definitions of the children of a node.
#[derive(Debug, Default)]
pub(super) struct ByName {
    pub(super) names: FxHashMap<Symbol, Vec<Definition>>,
    /// Definitions that may be of any child.
    pub(super) unknown: Vec<Rest>,
}

/// Definitions of a node, shared with whoever keeps them where that is possible.
pub(super) enum Definitions {
    /// Those that a parent has under a name.
    Named(Rc<ByName>, Symbol),
    /// Those of an option that stands in no tree.
    Given(Rc<[Definition]>),
    /// Put together for the occasion.
    Own(Vec<Definition>),
}

impl std::ops::Deref for Definitions {
    type Target = [Definition];

    fn deref(&self) -> &[Definition] {
        match self {
            Self::Named(by_name, name) => by_name.names.get(name).map(Vec::as_slice).unwrap_or_default(),
            Self::Given(given) => given,
            Self::Own(own) => own,
        }
    }
}

/// The definitions of a node as its parent gives them, properties still around them.
pub(super) fn definitions(ev: &mut Evaluator, this: &Node) -> Result<Definitions, Stop> {
    if let Some(given) = &this.given {
        return Ok(Definitions::Given(Rc::clone(given)));
    }
    let Some(parent_id) = this.parent else { return Ok(Definitions::Own(Vec::new())) };
    let parent = node(ev, parent_id)?;
    let by_name = by_name_of(ev, &parent)?;
    let is_module = parent.parent.is_none() && this.name == sym::MODULE;
    if !is_module && by_name.unknown.is_empty() {
        return Ok(Definitions::Named(by_name, this.name));
    }
    let mut defs = Vec::new();
    if is_module {
        let found = evaluation(ev, this.evaluation)?;
        internal_definitions(ev, &found, &mut defs);
    }
    if let Some(known) = by_name.names.get(&this.name) {
        defs.extend(known.iter().cloned());
    }
    let rests = by_name.unknown.iter().filter(|rest| rest.may_define(ev, this.name));
    defs.extend(rests.map(|rest| rest.definition.clone()));
    Ok(Definitions::Own(defs))
}

/// The definitions of the children of a node.
pub(super) fn by_name(ev: &mut Evaluator, id: NodeId) -> Result<Rc<ByName>, Stop> {
    let this = node(ev, id)?;
    by_name_of(ev, &this)
}

/// [`by_name`] of a node at hand.
pub(super) fn by_name_of(ev: &mut Evaluator, this: &Node) -> Result<Rc<ByName>, Stop> {
    if let Some(known) = this.by_name.get() {
        return Ok(Rc::clone(known));
    }
    if this.is_busy.replace(true) {
        let place = this.loc.show(&ev.heap);
        let at = if place.is_empty() { "`config'".to_owned() } else { format!("`{place}'") };
        let text = format!(
            "infinite recursion encountered: which options are defined below {at} depends on the value of one of them; use `mkIf` instead of `if` or `optionalAttrs`"
        );
        return Err(ev.error(ErrorKind::Recursion, text));
    }
    let outcome = if this.parent.is_none() { root_by_name(ev, this) } else { inner_by_name(ev, this) };
    this.is_busy.set(false);
    let made = Rc::new(outcome?);
    Ok(Rc::clone(this.by_name.get_or_init(|| made)))
}

fn root_by_name(ev: &mut Evaluator, this: &Node) -> Result<ByName, Stop> {
    let found = evaluation(ev, this.evaluation)?;
    let collected = found.collected(ev)?;
    let mut by_name = ByName::default();
    for module in collected.modules.iter().rev() {
        // What a module that fails has said so far counts only if the failure is the end of it all.
        if !found.request.is_open {
            add_module(ev, &found, module, &mut by_name)?;
            continue;
        }
        let mut own = ByName::default();
        match add_module(ev, &found, module, &mut own) {
            Ok(()) => {
                for (name, defs) in own.names {
                    by_name.names.entry(name).or_default().extend(defs);
                }
            }
            Err(stop) => note_failure(ev, &found, stop, module.origin, &module.file),
        }
    }
    Ok(by_name)
}

fn add_module(ev: &mut Evaluator, found: &Evaluation, module: &Module, by_name: &mut ByName) -> Result<(), Stop> {
    let base = |value: Value, origin: ExprId| Definition {
        is_certain: module.is_certain,
        ..Definition::new(value, Rc::clone(&module.file), origin)
    };
    match module.config {
        ModuleConfig::None => {}
        ModuleConfig::Value(value, origin) => {
            let mut unknown = Vec::new();
            add_attributes(ev, &found.request.prefix, &base(value, origin), &mut by_name.names, &mut unknown)?;
            for one in unknown {
                let stop = Stop(ev.force(one.definition.value));
                note_unknown(ev, found, stop, one.definition.origin, &module.file);
            }
        }
        ModuleConfig::Short(set) => {
            for (name, slot, origin) in ev.heap.entries(set) {
                if !is_reserved_in_short_form(name) {
                    let value = ev.heap.share(slot);
                    by_name.names.entry(name).or_default().push(base(value, origin));
                }
            }
        }
    }
    if let Some((value, origin)) = module.meta {
        by_name.names.entry(sym::META).or_default().push(base(value, origin));
    }
    if let Some((value, origin)) = module.freeform {
        let set = ev.heap.new_set(&[(sym::FREEFORM_TYPE, value, origin)]);
        by_name.names.entry(sym::MODULE).or_default().push(base(set, origin));
    }
    Ok(())
}

fn inner_by_name(ev: &mut Evaluator, this: &Node) -> Result<ByName, Stop> {
    let found = evaluation(ev, this.evaluation)?;
    let mut by_name = ByName::default();
    for definition in definitions(ev, this)?.iter() {
        let ByName { names, unknown } = &mut by_name;
        match add_attributes(ev, &this.loc, definition, names, unknown) {
            Ok(()) => {}
            Err(stop) if found.request.is_open => note_failure(ev, &found, stop, definition.origin, &definition.file),
            Err(stop) => return Err(stop),
        }
    }
    Ok(by_name)
}

fn add_attributes(
    ev: &mut Evaluator,
    loc: &Loc,
    definition: &Definition,
    names: &mut FxHashMap<Symbol, Vec<Definition>>,
    unknown: &mut Vec<Rest>,
) -> Result<(), Stop> {
    attributes_of(
        ev,
        definition,
        |name, part| names.entry(name).or_default().push(part),
        |part| unknown.push(part),
        |ev, value| {
            let (place, what) = (loc.show(&ev.heap), ev.describe(value));
            let place = if place.is_empty() { "config".to_owned() } else { place };
            let text = format!(
                "In module `{}', you're trying to define a value of type {what} rather than an attribute set for the option `{place}'! Options below `{place}' are declared, not `{place}' itself.",
                definition.file
            );
            Err(ev.error_at(ErrorKind::Module("bad-definition"), text, definition.origin))
        },
    )
}

/// What the module system itself defines below `_module`.
fn internal_definitions(ev: &mut Evaluator, found: &Evaluation, defs: &mut Vec<Definition>) {
    let file = internal_file();
    let arguments = found.internal_arguments(ev);
    let set = ev.set(&[("args", arguments), ("specialArgs", found.request.special_args)]);
    defs.push(Definition::new(set, Rc::clone(&file), ExprId::NONE));
    if let Some(check) = found.request.check {
        let check = properties::wrap_override(ev, Value::int(1000), Value::bool(check));
        let set = ev.set(&[("check", check)]);
        defs.push(Definition::new(set, Rc::clone(&file), ExprId::NONE));
    }
    if let Some(args) = found.request.args {
        let set = ev.set(&[("args", args)]);
        defs.push(Definition::new(set, file, ExprId::NONE));
    }
}
