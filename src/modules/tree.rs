//! The tree of options of an evaluation: declarations on one side, definitions on the other, met lazily at each node.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::defined::{ByName, by_name, definitions};
use super::definition::{Definition, Loc};
use super::evaluation::{Evaluation, freeform_type};
use super::merge::{self, Discharged};
use super::options::{self, OptionInfo};
use super::properties::{self, TypeTag, type_tag};
use super::schema_tree::{SchemaNode, undeclared_below};
use super::shapes::set_of;
use super::state::{EvalId, NodeId, State, evaluation, handle, node};
use crate::eval::{ErrorKind, Evaluator, LimitKind, NativeDef, Outcome, Stop};
use crate::heap::{Set, SlotId, Symbol, UnknownId, Value, View, sym};
use crate::syntax::ExprId;

/// Longest path of an option within one evaluation.
const DEEPEST: u32 = 500;
/// Up to so many modules with declarations below a node, each is asked for a name; of more, an index by name is made.
const FEW: usize = 8;

/// What one module declares at a node: an option, or a set of further declarations.
#[derive(Clone, Debug)]
pub(super) struct Declaration {
    pub(super) value: Value,
    pub(super) file: Rc<str>,
    pub(super) origin: ExprId,
}

/// What stands at a node.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// Further nodes.
    Set,
    /// A declared option.
    Option(Rc<OptionInfo>),
    /// A value that nobody declares.
    Undeclared,
}

/// A node of the tree.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) evaluation: EvalId,
    pub(super) parent: Option<NodeId>,
    pub(super) name: Symbol,
    pub(super) loc: Loc,
    declarations: OnceCell<SmallVec<[Declaration; 1]>>,
    pub(super) schema: Option<Rc<SchemaNode>>,
    kind: OnceCell<Kind>,
    inner: OnceCell<Box<Inner>>,
    pub(super) by_name: OnceCell<Rc<ByName>>,
    pub(super) is_busy: Cell<bool>,
    /// Whether all that is declared here is known to be options.
    is_option: Cell<bool>,
    value_slot: Cell<Option<SlotId>>,
    options_slot: Cell<Option<SlotId>>,
    pub(super) discharged: OnceCell<Rc<Discharged>>,
    /// Number of names from the root.
    depth: u32,
    /// The definitions of an option that stands in no tree.
    pub(super) given: Option<Rc<[Definition]>>,
}

/// What a node has that is no leaf.
#[derive(Debug, Default)]
struct Inner {
    children: RefCell<FxHashMap<Symbol, NodeId>>,
    subtrees: OnceCell<SmallVec<[Set; 2]>>,
    /// What the modules declare below the node, by name, once there are many of them.
    index: OnceCell<FxHashMap<Symbol, SmallVec<[Declaration; 1]>>>,
    /// The declared names, sorted by symbol.
    names: OnceCell<Rc<[(Symbol, ExprId)]>>,
}

impl Node {
    fn inner(&self) -> &Inner {
        self.inner.get_or_init(Box::default)
    }

    /// The root of an evaluation.
    pub(super) fn root(evaluation: EvalId, loc: Loc, schema: Option<Rc<SchemaNode>>) -> Self {
        Self {
            evaluation,
            parent: None,
            name: sym::EMPTY,
            loc,
            declarations: OnceCell::new(),
            schema,
            kind: OnceCell::from(Kind::Set),
            inner: OnceCell::new(),
            by_name: OnceCell::new(),
            is_busy: Cell::new(false),
            is_option: Cell::new(false),
            value_slot: Cell::new(None),
            options_slot: Cell::new(None),
            discharged: OnceCell::new(),
            depth: 0,
            given: None,
        }
    }

    /// An option that stands in no tree, with its declarations and definitions.
    pub(super) fn detached(
        evaluation: EvalId,
        loc: Loc,
        declarations: Vec<Declaration>,
        definitions: Vec<Definition>,
    ) -> Self {
        Self {
            kind: OnceCell::new(),
            declarations: OnceCell::from(SmallVec::from_vec(declarations)),
            given: Some(definitions.into()),
            ..Self::root(evaluation, loc, None)
        }
    }
}

/// What the modules declare at a node, in merge order.
pub(super) fn declarations<'a>(ev: &mut Evaluator, node: &'a Node) -> Result<&'a [Declaration], Stop> {
    if let Some(known) = node.declarations.get() {
        return Ok(known);
    }
    let found = evaluation(ev, node.evaluation)?;
    let collected = found.collected(ev)?;
    let all: SmallVec<[Declaration; 1]> = collected
        .modules
        .iter()
        .rev()
        .filter_map(|module| {
            let value = module.options?;
            Some(Declaration { value, file: Rc::clone(&module.file), origin: module.origin })
        })
        .collect();
    Ok(node.declarations.get_or_init(|| all))
}

/// The declarations of a node as sets of further declarations.
fn subtrees<'a>(ev: &mut Evaluator, node: &'a Node) -> Result<&'a [Set], Stop> {
    let inner = node.inner();
    if let Some(known) = inner.subtrees.get() {
        return Ok(known);
    }
    let mut sets = SmallVec::new();
    for declaration in declarations(ev, node)? {
        let value = ev.want(declaration.value)?;
        match value.view() {
            View::Attrs(set) => sets.push(set),
            _ => {
                let (name, what) = (node.loc.show(&ev.heap), ev.describe(value));
                let text = format!(
                    "An option declaration for `{name}' is {what} rather than an attribute set. Did you mean to define this outside of `options'?"
                );
                return Err(ev.error_at(ErrorKind::Module("bad-declaration"), text, declaration.origin));
            }
        }
    }
    Ok(inner.subtrees.get_or_init(|| sets))
}

/// The names below a node that somebody declares, sorted by symbol, with the place of the declaration.
pub(super) fn declared_names(ev: &mut Evaluator, node: &Node) -> Result<Rc<[(Symbol, ExprId)]>, Stop> {
    let inner = node.inner();
    if let Some(known) = inner.names.get() {
        return Ok(Rc::clone(known));
    }
    let names = find_declared_names(ev, node)?;
    Ok(Rc::clone(inner.names.get_or_init(|| names.into())))
}

fn find_declared_names(ev: &mut Evaluator, node: &Node) -> Result<Vec<(Symbol, ExprId)>, Stop> {
    let sets = subtrees(ev, node)?;
    let mut names: Vec<(Symbol, ExprId)> = match &node.schema {
        Some(schema) => schema.names().iter().map(|name| (*name, ExprId::NONE)).collect(),
        None => Vec::new(),
    };
    if sets.is_empty() && node.parent.is_some() {
        return Ok(names);
    }
    for set in sets.iter() {
        names.extend(ev.heap.shape(set.shape).keys().iter().map(|key| (key.name, key.origin)));
    }
    if node.parent.is_none() {
        names.push((sym::MODULE, ExprId::NONE));
    }
    if !names.is_sorted_by_key(|(name, origin)| (*name, *origin == ExprId::NONE)) {
        names.sort_by_key(|(name, origin)| (*name, *origin == ExprId::NONE));
    }
    names.dedup_by_key(|(name, _)| *name);
    Ok(names)
}

/// Whether somebody declares an option or options of this name below a node.
pub(super) fn is_declared(ev: &mut Evaluator, node: &Node, name: Symbol) -> Result<bool, Stop> {
    let in_schema = node.schema.as_ref().is_some_and(|schema| schema.children.contains_key(&name));
    let is_module = node.parent.is_none() && name == sym::MODULE;
    Ok(in_schema || is_module || is_declared_by_modules(ev, node, name)?)
}

/// Whether a module declares an option or options of this name below a node.
fn is_declared_by_modules(ev: &mut Evaluator, node: &Node, name: Symbol) -> Result<bool, Stop> {
    let sets = subtrees(ev, node)?;
    if sets.len() > FEW {
        return Ok(index(ev, node)?.contains_key(&name));
    }
    Ok(sets.iter().any(|set| ev.heap.attribute(*set, name).is_some()))
}

/// What the modules declare by this name below a node, in merge order.
fn declarations_of_child(ev: &mut Evaluator, node: &Node, name: Symbol) -> Result<SmallVec<[Declaration; 1]>, Stop> {
    let sets = subtrees(ev, node)?;
    if sets.len() > FEW {
        return Ok(index(ev, node)?.get(&name).cloned().unwrap_or_default());
    }
    let all = declarations(ev, node)?;
    let mut below = SmallVec::new();
    for (set, declaration) in sets.iter().zip(all.iter()) {
        if let Some(key) = ev.heap.key(*set, name) {
            let value = ev.heap.share(set.slot(&key));
            below.push(Declaration { value, file: Rc::clone(&declaration.file), origin: key.origin });
        }
    }
    Ok(below)
}

/// Everything that the modules declare below a node, by name.
fn index<'a>(ev: &mut Evaluator, node: &'a Node) -> Result<&'a FxHashMap<Symbol, SmallVec<[Declaration; 1]>>, Stop> {
    let inner = node.inner();
    if let Some(known) = inner.index.get() {
        return Ok(known);
    }
    let sets = subtrees(ev, node)?;
    let all = declarations(ev, node)?;
    let mut found: FxHashMap<Symbol, SmallVec<[Declaration; 1]>> = FxHashMap::default();
    for (set, declaration) in sets.iter().zip(all.iter()) {
        let shape = ev.heap.shape(set.shape);
        ev.tick_many(shape.keys().len() as u64)?;
        for key in shape.keys() {
            let value = ev.heap.share(set.slot(key));
            let one = Declaration { value, file: Rc::clone(&declaration.file), origin: key.origin };
            found.entry(key.name).or_default().push(one);
        }
    }
    Ok(inner.index.get_or_init(|| found))
}

/// The node below another one.
pub(super) fn child(ev: &mut Evaluator, parent_id: NodeId, name: Symbol) -> Result<NodeId, Stop> {
    let parent = node(ev, parent_id)?;
    let inner = parent.inner();
    if let Some(known) = inner.children.borrow().get(&name) {
        return Ok(*known);
    }
    if parent.depth >= DEEPEST {
        return Err(ev.limit_error(LimitKind::Depth));
    }
    let below = declarations_of_child(ev, &parent, name)?;
    let schema = if parent.parent.is_none() && name == sym::MODULE {
        Some(super::schema_tree::module_schema(ev))
    } else {
        parent.schema.as_ref().and_then(|schema| schema.children.get(&name).cloned())
    };
    let made = Node {
        parent: Some(parent_id),
        name,
        kind: OnceCell::new(),
        depth: parent.depth + 1,
        declarations: OnceCell::from(below),
        ..Node::root(parent.evaluation, parent.loc.child(name), schema)
    };
    let id = State::of(ev).add_node(made);
    inner.children.borrow_mut().insert(name, id);
    Ok(id)
}

/// What stands at a node.
pub(super) fn kind(ev: &mut Evaluator, id: NodeId) -> Result<Kind, Stop> {
    let this = node(ev, id)?;
    if let Some(known) = this.kind.get() {
        return Ok(known.clone());
    }
    let all = declarations(ev, &this)?;
    let found = if this.given.is_some() {
        Kind::Option(Rc::new(options::merge_declarations(ev, &this, all)?))
    } else if all.is_empty() {
        match &this.schema {
            Some(schema) if schema.option.is_some() => Kind::Option(schema.option_info(ev)),
            Some(_) => Kind::Set,
            None => undeclared_kind(ev, &this)?,
        }
    } else {
        declared_kind(ev, &this, all)?
    };
    Ok(this.kind.get_or_init(|| found).clone())
}

/// Whether a declared node is a set of further nodes. An option's declarations are not merged for this, so a mistake in them does
/// not show before somebody asks for the option.
pub(super) fn is_set(ev: &mut Evaluator, id: NodeId) -> Result<bool, Stop> {
    let this = node(ev, id)?;
    if this.kind.get().is_none() && this.given.is_none() {
        let all = declarations(ev, &this)?;
        if this.is_option.get() || (!all.is_empty() && options_among(ev, &this, all)?.iter().all(|one| *one)) {
            this.is_option.set(true);
            return Ok(false);
        }
    }
    Ok(matches!(kind(ev, id)?, Kind::Set))
}

/// Whether what is declared by a name below a node is options and nothing else; found without making a node for it.
pub(super) fn is_option_below(ev: &mut Evaluator, node: &Node, name: Symbol) -> Result<bool, Stop> {
    let all = declarations_of_child(ev, node, name)?;
    for declaration in &all {
        let value = ev.want(declaration.value)?;
        if type_tag(ev, value)? != TypeTag::Option {
            return Ok(false);
        }
    }
    Ok(!all.is_empty())
}

/// Which of the declarations are options.
fn options_among(ev: &mut Evaluator, this: &Node, all: &[Declaration]) -> Result<SmallVec<[bool; 8]>, Stop> {
    let mut is_option = SmallVec::with_capacity(all.len());
    for declaration in all {
        let value = ev.want(declaration.value)?;
        match type_tag(ev, value)? {
            TypeTag::None => is_option.push(false),
            TypeTag::Option => is_option.push(true),
            TypeTag::Other(tag) => {
                let tag = ev.heap.text(tag).into_owned();
                let path = this.loc.show(&ev.heap);
                let hint = if tag == "option-type" {
                    format!(" Wrap the type in mkOption: {path} = lib.mkOption {{ type = …; }};")
                } else {
                    String::new()
                };
                let text = format!(
                    "In module {}: expected an option declaration at option path `{path}` but got an attribute set with type {tag}.{hint}",
                    declaration.file
                );
                return Err(ev.error_at(ErrorKind::Module("bad-declaration"), text, declaration.origin));
            }
        }
    }
    Ok(is_option)
}

fn declared_kind(ev: &mut Evaluator, this: &Node, all: &[Declaration]) -> Result<Kind, Stop> {
    if this.is_option.get() {
        return Ok(Kind::Option(Rc::new(options::merge_declarations(ev, this, all)?)));
    }
    let is_option = options_among(ev, this, all)?;
    if is_option.iter().all(|one| *one) {
        return Ok(Kind::Option(Rc::new(options::merge_declarations(ev, this, all)?)));
    }
    if !is_option.iter().any(|one| *one) {
        return Ok(match &this.schema {
            Some(schema) if schema.option.is_some() => Kind::Option(schema.option_info(ev)),
            _ => Kind::Set,
        });
    }
    Ok(Kind::Option(Rc::new(options::merge_with_trees(ev, this, all, &is_option)?)))
}

/// A node that nobody declares is a set if everything that is defined there is one.
fn undeclared_kind(ev: &mut Evaluator, this: &Node) -> Result<Kind, Stop> {
    let defs = definitions(ev, this)?;
    let mut is_set = true;
    for definition in defs.iter() {
        for layer in properties::push_down(ev, definition.value)? {
            is_set &= match layer.value.view() {
                View::Attrs(set) => ev.heap.attribute(set, sym::TYPE_TAG).is_none() && !ev.is_derivation(set),
                View::Unknown(_) => true,
                _ => false,
            };
        }
    }
    Ok(if is_set { Kind::Set } else { Kind::Undeclared })
}

/// Whether a module defines or declares anything below `_module`.
pub(super) fn defines_module_args(ev: &mut Evaluator, found: &Evaluation) -> Result<bool, Stop> {
    if found.request.args.is_some() || found.request.check.is_some() {
        return Ok(true);
    }
    let by_name = by_name(ev, found.root)?;
    if by_name.has(sym::MODULE) {
        return Ok(true);
    }
    let root = node(ev, found.root)?;
    let sets = subtrees(ev, &root)?;
    Ok(sets.iter().any(|set| ev.heap.attribute(*set, sym::MODULE).is_some()))
}

/// The value of an option below `_module`, as a reference.
pub(super) fn module_option(ev: &mut Evaluator, found: &Evaluation, name: Symbol) -> Outcome {
    let module = child(ev, found.root, sym::MODULE)?;
    let option = child(ev, module, name)?;
    value_of(ev, option)
}

/// Why more options may exist at a node than are declared or defined, if so.
fn open_reason(ev: &mut Evaluator, this: &Node, unknown: Option<UnknownId>) -> Result<Option<UnknownId>, Stop> {
    if unknown.is_some() {
        return Ok(unknown);
    }
    let found = evaluation(ev, this.evaluation)?;
    if !found.is_open() || this.name == sym::MODULE {
        return Ok(None);
    }
    match &this.schema {
        Some(schema) if !schema.children.is_empty() => Ok(schema.open_reason(ev, &this.loc)),
        _ => match found.missing_modules(ev) {
            Some(missing) => Ok(Some(missing)),
            None => Ok(undeclared_below(ev, &this.loc)),
        },
    }
}

/// The `config` of a node.
pub(super) fn config_of(ev: &mut Evaluator, id: NodeId) -> Outcome {
    let this = node(ev, id)?;
    match kind(ev, id)? {
        Kind::Set => config_set(ev, id, &this, true),
        Kind::Option(info) => options::value(ev, id, &info),
        Kind::Undeclared => {
            let defs = definitions(ev, &this)?;
            let found = merge::discharge(ev, &defs)?;
            merge::merge_undeclared(ev, &this.loc, &found)
        }
    }
}

/// The set of a node's children; at the root with or without `_module`.
pub(super) fn config_set(ev: &mut Evaluator, id: NodeId, this: &Node, with_module: bool) -> Outcome {
    let found = evaluation(ev, this.evaluation)?;
    if found.request.is_open
        && let Some(set) = table_set(ev, id, this)?
    {
        return Ok(set);
    }
    let declared = declared_names(ev, this)?;
    let mut names: Cow<'_, [(Symbol, ExprId)]> = Cow::Borrowed(&declared);
    if !with_module && names.iter().any(|(name, _)| *name == sym::MODULE) {
        names.to_mut().retain(|(name, _)| *name != sym::MODULE);
    }
    let mut unknown = None;
    // A freeform type takes what nobody declares, in an evaluation that misses modules too.
    let is_free = found.is_open() && !found.request.is_open && freeform_type(ev, this.evaluation)?.is_some();
    if found.is_open() && !is_free {
        let by_name = by_name(ev, id)?;
        let count = names.len();
        let names = names.to_mut();
        names.extend(by_name.names().filter(|name| *name != sym::MODULE).map(|name| (name, ExprId::NONE)));
        if names.len() > count {
            names.sort_by_key(|(name, _)| *name);
            names.dedup_by_key(|(name, _)| *name);
        }
        for one in &by_name.unknown {
            if let View::Unknown(reason) = one.definition.value.view() {
                unknown = Some(reason);
            }
        }
    }
    let open = open_reason(ev, this, unknown)?;
    set_of_children(ev, id, &names, "internal.modules.child", open)
}

/// The static declaration of a child that no module declares or defines, in an evaluation that may be incomplete.
pub(super) fn untouched_child(
    ev: &mut Evaluator,
    id: NodeId,
    this: &Node,
    name: Symbol,
) -> Result<Option<Rc<SchemaNode>>, Stop> {
    let Some(child) = this.schema.as_ref().and_then(|schema| schema.children.get(&name)) else { return Ok(None) };
    if !evaluation(ev, this.evaluation)?.request.is_open {
        return Ok(None);
    }
    let by_name = by_name(ev, id)?;
    let is_untouched = by_name.unknown.is_empty() && !by_name.has(name) && !is_declared_by_modules(ev, this, name)?;
    Ok(is_untouched.then(|| Rc::clone(child)))
}

/// The set of the children of a node that only the static tables declare, if no module defines others: most values are the same for
/// all machines, and the names are.
fn table_set(ev: &mut Evaluator, id: NodeId, this: &Node) -> Result<Option<Value>, Stop> {
    let Some(schema) = this.schema.as_ref().filter(|_| this.parent.is_some()) else { return Ok(None) };
    let by_name = by_name(ev, id)?;
    let is_plain = by_name.unknown.is_empty()
        && !schema.children.is_empty()
        && by_name.names().all(|name| schema.children.contains_key(&name))
        && subtrees(ev, this)?.is_empty();
    if !is_plain {
        return Ok(None);
    }
    let template = schema.template(ev, &this.loc);
    let function = ev.native("internal.modules.child");
    ev.tick_many(template.len() as u64)?;
    let values: Vec<Value> = template
        .iter()
        .map(|(name, constant)| match constant {
            Some(value) if !by_name.has(*name) => *value,
            _ => Evaluator::ask(function, id.0, name.0),
        })
        .collect();
    let shape = schema.shape(ev, &this.loc);
    Ok(Some(ev.heap.new_set_of_shape(shape, &values)))
}

/// The `options` of a node.
pub(super) fn options_of(ev: &mut Evaluator, id: NodeId) -> Outcome {
    let this = node(ev, id)?;
    match kind(ev, id)? {
        Kind::Set | Kind::Undeclared => {
            let names = declared_names(ev, &this)?;
            let open = open_reason(ev, &this, None)?;
            set_of_children(ev, id, &names, "internal.modules.childOptions", open)
        }
        Kind::Option(info) => options::option_value(ev, id, &info),
    }
}

fn set_of_children(
    ev: &mut Evaluator,
    id: NodeId,
    names: &[(Symbol, ExprId)],
    native: &str,
    open: Option<UnknownId>,
) -> Outcome {
    let function = ev.native(native);
    ev.tick_many(names.len() as u64)?;
    let calls: Vec<Value> = names.iter().map(|(name, _)| Evaluator::ask(function, id.0, name.0)).collect();
    Ok(set_of(ev, names, &calls, open))
}

/// The `config` of a node as a reference; evaluated once whoever asks.
pub(super) fn value_of(ev: &mut Evaluator, id: NodeId) -> Outcome {
    slot_of(ev, id, |node| &node.value_slot, "internal.modules.node")
}

/// The `options` of a node as a reference.
fn options_value_of(ev: &mut Evaluator, id: NodeId) -> Outcome {
    slot_of(ev, id, |node| &node.options_slot, "internal.modules.nodeOptions")
}

fn slot_of(ev: &mut Evaluator, id: NodeId, place: fn(&Node) -> &Cell<Option<SlotId>>, native: &str) -> Outcome {
    let this = node(ev, id)?;
    if let Some(slot) = place(&this).get() {
        return Ok(ev.heap.share(slot));
    }
    let function = ev.native(native);
    let call = Evaluator::ask(function, id.0, 0);
    let slot = ev.heap.new_slot(call);
    place(&this).set(Some(slot));
    Ok(Value::reference(slot))
}

fn node_native(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [id] = arguments else { return Ok(Value::NULL) };
    let id = NodeId(handle(ev, *id)?);
    config_of(ev, id)
}

fn node_options_native(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [id] = arguments else { return Ok(Value::NULL) };
    let id = NodeId(handle(ev, *id)?);
    options_of(ev, id)
}

fn child_native(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [parent, name] = arguments else { return Ok(Value::NULL) };
    let (parent, name) = (NodeId(handle(ev, *parent)?), Symbol(handle(ev, *name)?));
    let id = child(ev, parent, name)?;
    value_of(ev, id)
}

fn child_options_native(ev: &mut Evaluator, arguments: &[Value]) -> Outcome {
    let [parent, name] = arguments else { return Ok(Value::NULL) };
    let (parent, name) = (NodeId(handle(ev, *parent)?), Symbol(handle(ev, *name)?));
    let id = child(ev, parent, name)?;
    options_value_of(ev, id)
}

pub(super) static FAMILY: &[NativeDef] = &[
    NativeDef::strict("internal.modules.node", 1, node_native),
    NativeDef::strict("internal.modules.nodeOptions", 1, node_options_native),
    NativeDef::strict("internal.modules.child", 2, child_native),
    NativeDef::strict("internal.modules.childOptions", 2, child_options_native),
];
