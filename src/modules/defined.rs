//! Definitions on their way down the tree: each node hands to a child what its own definitions say about it.

use std::rc::Rc;

use super::arguments::internal_file;
use super::canonical::{Module, ModuleConfig, is_reserved_in_short_form};
use super::collect::{note_failure, note_unknown};
use super::definition::{Definition, Loc};
use super::evaluation::Evaluation;
use super::properties::{self, Layer, Rest, sets_of};
use super::state::{NodeId, evaluation, node};
use super::tree::Node;
use crate::eval::{ErrorKind, Evaluator, Stop};
use crate::heap::{Set, SlotId, Symbol, Value, View, sym};
use crate::syntax::ExprId;

/// Definitions of the children of a node. They are made for those children only that somebody asks for: most modules speak of many more.
#[derive(Debug, Default)]
pub(super) struct ByName {
    /// What is said of each name, sorted by it; of one name in merge order.
    parts: Vec<Part>,
    sources: Vec<Source>,
    /// Definitions that may be of any child.
    pub(super) unknown: Vec<Rest>,
}

/// One attribute of a source.
#[derive(Clone, Copy, Debug)]
struct Part {
    name: Symbol,
    source: u32,
    slot: SlotId,
    origin: ExprId,
}

/// A set of definitions, and the properties around it.
#[derive(Debug)]
struct Source {
    definition: Definition,
    layer: Layer,
}

impl ByName {
    fn add(
        &mut self,
        ev: &Evaluator,
        definition: Definition,
        set: Set,
        layer: Layer,
        is_part: impl Fn(Symbol) -> bool,
    ) {
        let source = u32::try_from(self.sources.len()).unwrap_or(u32::MAX);
        let shape = ev.heap.shape(set.shape);
        self.parts.reserve(shape.keys().len());
        let keys = shape.keys().iter().filter(|key| is_part(key.name));
        self.parts.extend(keys.map(|key| Part { name: key.name, source, slot: set.slot(key), origin: key.origin }));
        self.sources.push(Source { definition, layer });
    }

    /// Brings everything in its order, once all is there.
    fn sorted(mut self) -> Self {
        if !self.parts.is_sorted_by_key(|part| part.name) {
            self.parts.sort_by_key(|part| part.name);
        }
        self
    }

    fn parts_of(&self, name: Symbol) -> &[Part] {
        let start = self.parts.partition_point(|part| part.name < name);
        let rest = self.parts.get(start..).unwrap_or_default();
        let count = rest.iter().take_while(|part| part.name == name).count();
        rest.get(..count).unwrap_or_default()
    }

    /// Whether nothing is said of any name.
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Whether something is said of a name.
    pub(super) fn has(&self, name: Symbol) -> bool {
        self.parts.binary_search_by_key(&name, |part| part.name).is_ok()
    }

    /// The names of which something is said, sorted by symbol.
    pub(super) fn names(&self) -> impl Iterator<Item = Symbol> {
        self.parts.chunk_by(|a, b| a.name == b.name).filter_map(|parts| parts.first()).map(|part| part.name)
    }

    /// What is said of a name, in merge order, with its properties but for conditions that hold already.
    pub(super) fn of(&self, ev: &mut Evaluator, name: Symbol) -> Vec<Definition> {
        self.definitions_of(ev, name, Layer::wrap_open)
    }

    /// The same with all its properties, for a type that does not look at them and shows them to the user.
    pub(super) fn as_written(&self, ev: &mut Evaluator, name: Symbol) -> Vec<Definition> {
        self.definitions_of(ev, name, Layer::wrap)
    }

    fn definitions_of(
        &self,
        ev: &mut Evaluator,
        name: Symbol,
        wrap: fn(&Layer, &mut Evaluator, Value) -> Value,
    ) -> Vec<Definition> {
        let parts = self.parts_of(name);
        let mut defs = Vec::with_capacity(parts.len());
        for part in parts {
            let Some(source) = self.sources.get(part.source as usize) else { continue };
            let value = ev.heap.share(part.slot);
            let value = wrap(&source.layer, ev, value);
            defs.push(source.definition.with_value(value, part.origin));
        }
        defs
    }
}

/// Definitions of a node, shared with whoever keeps them where that is possible.
pub(super) enum Definitions {
    /// Those of an option that stands in no tree.
    Given(Rc<[Definition]>),
    /// Put together for the occasion.
    Own(Vec<Definition>),
}

impl std::ops::Deref for Definitions {
    type Target = [Definition];

    fn deref(&self) -> &[Definition] {
        match self {
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
        return Ok(Definitions::Own(by_name.of(ev, this.name)));
    }
    let mut defs = Vec::new();
    if is_module {
        let found = evaluation(ev, this.evaluation)?;
        internal_definitions(ev, &found, &mut defs);
    }
    defs.extend(by_name.of(ev, this.name));
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
    let made = Rc::new(outcome?.sorted());
    Ok(Rc::clone(this.by_name.get_or_init(|| made)))
}

fn root_by_name(ev: &mut Evaluator, this: &Node) -> Result<ByName, Stop> {
    let found = evaluation(ev, this.evaluation)?;
    let collected = found.collected(ev)?;
    let sources = Vec::with_capacity(collected.modules.len());
    let mut by_name = ByName { sources, ..ByName::default() };
    for module in collected.modules.iter().rev() {
        // What a module that fails has said so far counts only if the failure is the end of it all.
        if !found.request.is_open {
            add_module(ev, &found, module, &mut by_name)?;
            continue;
        }
        let (parts, sources) = (by_name.parts.len(), by_name.sources.len());
        if let Err(stop) = add_module(ev, &found, module, &mut by_name) {
            by_name.parts.truncate(parts);
            by_name.sources.truncate(sources);
            by_name.unknown.clear();
            note_failure(ev, &found, stop, module.origin, &module.file);
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
            add_sets(ev, &found.request.prefix, &base(value, origin), by_name)?;
            for one in std::mem::take(&mut by_name.unknown) {
                let stop = Stop(ev.force(one.definition.value));
                note_unknown(ev, found, stop, one.definition.origin, &module.file);
            }
        }
        ModuleConfig::Short(set) => {
            let value = Value::attrs(set);
            by_name
                .add(ev, base(value, module.origin), set, Layer::bare(value), |name| !is_reserved_in_short_form(name));
        }
    }
    if let Some((value, origin)) = module.meta {
        add_one(ev, base(value, origin), sym::META, by_name);
    }
    if let Some((value, origin)) = module.freeform {
        let set = ev.heap.new_set(&[(sym::FREEFORM_TYPE, value, origin)]);
        add_one(ev, base(set, origin), sym::MODULE, by_name);
    }
    Ok(())
}

/// Adds a definition of one name that no set of the user's has.
fn add_one(ev: &mut Evaluator, definition: Definition, name: Symbol, by_name: &mut ByName) {
    let whole = ev.heap.new_set(&[(name, definition.value, definition.origin)]);
    if let View::Attrs(set) = whole.view() {
        by_name.add(ev, definition, set, Layer::bare(whole), |_| true);
    }
}

fn inner_by_name(ev: &mut Evaluator, this: &Node) -> Result<ByName, Stop> {
    let found = evaluation(ev, this.evaluation)?;
    let mut by_name = ByName::default();
    for definition in definitions(ev, this)?.iter() {
        match add_sets(ev, &this.loc, definition, &mut by_name) {
            Ok(()) => {}
            Err(stop) if found.request.is_open => note_failure(ev, &found, stop, definition.origin, &definition.file),
            Err(stop) => return Err(stop),
        }
    }
    Ok(by_name)
}

fn add_sets(ev: &mut Evaluator, loc: &Loc, definition: &Definition, by_name: &mut ByName) -> Result<(), Stop> {
    let mut unknown = Vec::new();
    let outcome = sets_of(
        ev,
        definition,
        |ev, set, layer| by_name.add(ev, definition.clone(), set, layer, |_| true),
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
    );
    by_name.unknown.extend(unknown);
    outcome
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
