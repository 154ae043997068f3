//! Static declarations of options.

use std::cell::{Cell, OnceCell, RefCell};
use std::path::Path;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::definition::{Definition, Loc};
use super::evaluation::Evaluation;
use super::options::OptionInfo;
use super::shapes::{placeless, set_of, shape_of};
use super::state::State;
use super::types::{self, TypeId};
use crate::eval::{Evaluator, Stop, UnknownReason};
use crate::heap::{ShapeId, Symbol, UnknownId, Value, View};
use crate::syntax::ExprId;

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
    names: OnceCell<Rc<[Symbol]>>,
    template: OnceCell<Template>,
    shape: Cell<Option<ShapeId>>,
    info: OnceCell<Rc<OptionInfo>>,
    constant: Cell<Option<Constant>>,
    open_reason: Cell<Option<UnknownId>>,
}

/// A static declaration.
#[derive(Debug)]
pub struct SchemaOption {
    /// The type, for example `listOf str`; see [`super::types::type_from_text`].
    pub type_text: Rc<str>,
    /// Nix text of the default, with `config`, `options`, `lib` and `name` in scope.
    pub default: Option<Rc<str>>,
    /// Whether one definition only is allowed.
    pub read_only: bool,
    /// What the option means.
    pub note: Rc<str>,
    type_id: OnceCell<TypeId>,
    default_made: Cell<Option<Made>>,
}

/// The names below a node in the order of [`SchemaNode::names`], with the values of those that have the same for all machines.
type Template = Rc<[(Symbol, Option<Value>)]>;

/// What a node is worth where no module speaks of it.
#[derive(Clone, Copy, Debug)]
enum Constant {
    /// The same for every machine.
    Value(Value),
    /// Something that depends on the machine.
    None,
}

/// A default that has been made ready.
#[derive(Clone, Copy, Debug)]
enum Made {
    /// The same for every machine.
    Constant(Value),
    /// A function of `{ config, options, lib, name }`.
    Function(Value),
}

#[derive(Default)]
struct Builder {
    children: FxHashMap<Symbol, Rc<RefCell<Builder>>>,
    element: Option<Rc<RefCell<Builder>>>,
    is_list: bool,
    option: Option<SchemaOption>,
    is_open: bool,
}

impl Builder {
    fn finish(this: &Rc<RefCell<Self>>) -> Rc<SchemaNode> {
        let mut this = this.borrow_mut();
        let element = this.element.as_ref().map(Self::finish);
        let children = this.children.iter().map(|(name, child)| (*name, Self::finish(child))).collect();
        let mut option = this.option.take();
        if option.is_none() && element.is_some() {
            let text = if this.is_list { "listOf submodule" } else { "attrsOf submodule" };
            let default = if this.is_list { "[ ]" } else { "{ }" };
            option = Some(SchemaOption::new(text, Some(default), ""));
        }
        Rc::new(SchemaNode { children, option, element, is_open: this.is_open, ..SchemaNode::default() })
    }
}

impl SchemaOption {
    fn new(type_text: &str, default: Option<&str>, note: &str) -> Self {
        Self {
            type_text: type_text.into(),
            default: default.map(Into::into),
            read_only: note.split_whitespace().next() == Some("readOnly"),
            note: note.into(),
            type_id: OnceCell::new(),
            default_made: Cell::new(None),
        }
    }

    fn made(&self, ev: &mut Evaluator, text: &str) -> Result<Made, Stop> {
        if let Some(made) = self.default_made.get() {
            return Ok(made);
        }
        let made = ready(ev, text)?;
        self.default_made.set(Some(made));
        Ok(made)
    }
}

impl SchemaNode {
    /// The tree of tables with one option on a line: path, type, default and note, separated by tabs.
    ///
    /// In a path `<name>` stands for the elements of an `attrsOf submodule` and `*` for those of a `listOf submodule`. The type `open`
    /// declares no option but says that the table does not list all options below the path. Empty lines and those that start with `#`
    /// do not count; a default of `-` or nothing means that there is none.
    pub fn parse(ev: &mut Evaluator, tables: &[&str]) -> Rc<Self> {
        let root = Rc::new(RefCell::new(Builder::default()));
        for line in tables.iter().flat_map(|table| table.lines()) {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let mut columns = line.split('\t').map(str::trim);
            let (Some(path), Some(type_text)) = (columns.next(), columns.next()) else { continue };
            let default = columns.next().filter(|text| !text.is_empty() && *text != "-");
            let note = columns.next().unwrap_or_default();
            let mut at = Rc::clone(&root);
            for name in path.split('.').filter(|name| !name.is_empty()) {
                let next = match name {
                    "<name>" | "*" => {
                        let mut node = at.borrow_mut();
                        node.is_list = name == "*";
                        Rc::clone(node.element.get_or_insert_default())
                    }
                    _ => {
                        let name = ev.heap.intern(name);
                        Rc::clone(at.borrow_mut().children.entry(name).or_default())
                    }
                };
                at = next;
            }
            let mut node = at.borrow_mut();
            if type_text == "open" {
                node.is_open = true;
            } else {
                node.option = Some(SchemaOption::new(type_text, default, note));
            }
        }
        Builder::finish(&root)
    }

    /// The names below this node, sorted by symbol.
    pub(super) fn names(&self) -> Rc<[Symbol]> {
        Rc::clone(self.names.get_or_init(|| {
            let mut names: Vec<Symbol> = self.children.keys().copied().collect();
            names.sort_unstable();
            names.into()
        }))
    }

    /// The set of this node, which stands at `loc`, as far as it is the same for all machines.
    pub(super) fn template(&self, ev: &mut Evaluator, loc: &Loc) -> Template {
        if let Some(known) = self.template.get() {
            return Rc::clone(known);
        }
        let names = self.names();
        let constant = |name: &Symbol| {
            let child = self.children.get(name)?;
            child.constant(ev, loc, *name)
        };
        let values: Vec<Option<Value>> = names.iter().map(constant).collect();
        let template = names.iter().copied().zip(values).collect();
        Rc::clone(self.template.get_or_init(|| template))
    }

    /// The shape of that set.
    pub(super) fn shape(&self, ev: &mut Evaluator, loc: &Loc) -> ShapeId {
        if let Some(known) = self.shape.get() {
            return known;
        }
        let open = self.open_reason(ev, loc);
        let shape = shape_of(ev, &placeless(&self.names()), open);
        self.shape.set(Some(shape));
        shape
    }

    /// Why there may be more options below this node, which stands at `loc`: the same for all machines.
    pub(super) fn open_reason(&self, ev: &mut Evaluator, loc: &Loc) -> Option<UnknownId> {
        if self.open_reason.get().is_none() {
            self.open_reason.set(undeclared_below(ev, loc));
        }
        self.open_reason.get()
    }

    /// The option at this node as the tree of options knows it.
    pub(super) fn option_info(&self, ev: &mut Evaluator) -> Rc<OptionInfo> {
        if let Some(known) = self.info.get() {
            return Rc::clone(known);
        }
        let info = Rc::new(OptionInfo::of_type(self.type_of(ev)));
        Rc::clone(self.info.get_or_init(|| info))
    }

    /// The value of this node, called `name` below `above`, in an open evaluation where no module speaks of it, if it is the same for all.
    pub(super) fn constant(&self, ev: &mut Evaluator, above: &Loc, name: Symbol) -> Option<Value> {
        match self.constant.get() {
            Some(Constant::Value(value)) => return Some(value),
            Some(Constant::None) => return None,
            None => {}
        }
        let made = self.make_constant(ev, &above.child(name));
        self.constant.set(Some(made.map_or(Constant::None, Constant::Value)));
        made
    }

    fn make_constant(&self, ev: &mut Evaluator, loc: &Loc) -> Option<Value> {
        if let Some(option) = &self.option {
            let text = option.default.as_ref()?;
            let Made::Constant(value) = option.made(ev, text).ok()? else { return None };
            let value = ev.force(value);
            let is_simple = match value.view() {
                View::List(seq) => seq.len == 0,
                View::Attrs(set) => ev.heap.set_len(set) == 0,
                View::Null | View::Bool(_) | View::Int(_) | View::Float(_) | View::Str(_) => true,
                _ => false,
            };
            let ty = self.type_of(ev);
            let is_whole = types::name(ev, ty) != "submodule";
            if !is_simple || !is_whole {
                return None;
            }
            let definition = Definition::new(value, "the default of the option".into(), ExprId::NONE);
            let merged = super::merge::merge_definitions(ev, loc, ty, vec![definition]).ok()?;
            let merged = ev.force(merged.value);
            return (!merged.is_stop()).then_some(merged);
        }
        if self.children.is_empty() {
            return None;
        }
        let mut values = Vec::with_capacity(self.children.len());
        let names = self.names();
        for name in names.iter() {
            values.push(self.children.get(name)?.constant(ev, loc, *name)?);
        }
        let open = self.open_reason(ev, loc);
        Some(set_of(ev, &placeless(&names), &values, open))
    }

    /// The type of the option at this node.
    pub(super) fn type_of(&self, ev: &mut Evaluator) -> TypeId {
        let Some(option) = &self.option else { return types::type_from_text(ev, "unspecified", None) };
        if let Some(known) = option.type_id.get() {
            return *known;
        }
        let made = types::type_from_text(ev, &option.type_text, self.element.clone());
        *option.type_id.get_or_init(|| made)
    }

    /// Whether the value cannot be read, only its definitions.
    pub(super) fn is_opaque(&self) -> bool {
        self.option.as_ref().is_some_and(|option| option.note.starts_with("opaque"))
    }

    pub(super) fn is_read_only(&self) -> bool {
        self.option.as_ref().is_some_and(|option| option.read_only)
    }

    /// The default of the option at this node in an evaluation, which may be a reference.
    pub(super) fn default_value(&self, ev: &mut Evaluator, found: &Evaluation) -> Result<Option<Value>, Stop> {
        let Some(option) = &self.option else { return Ok(None) };
        let Some(text) = &option.default else { return Ok(None) };
        match option.made(ev, text)? {
            Made::Constant(value) => Ok(Some(value)),
            Made::Function(function) => {
                let arguments = found.base_arguments(ev)?;
                let name = found.request.name.unwrap_or(Value::NULL);
                let value = ev.call(function, &[arguments, name])?;
                Ok(Some(value))
            }
        }
    }
}

/// The unknown for options below `loc` that nobody declares; one for all evaluations, so that their sets can share a shape.
pub(super) fn undeclared_below(ev: &mut Evaluator, loc: &Loc) -> Option<UnknownId> {
    let names = loc.names();
    if let Some(known) = State::of(ev).undeclared.get(names.as_slice()) {
        return Some(*known);
    }
    let below = loc.show(&ev.heap);
    let name = if below.is_empty() { "…".to_owned() } else { format!("{below}.…") };
    let View::Unknown(id) = ev.unknown_at(UnknownReason::UndeclaredOption(name), ExprId::NONE).0.view() else {
        return None;
    };
    State::of(ev).undeclared.insert(names.into(), id);
    Some(id)
}

/// Parses a default; one that speaks of nothing but constants is evaluated once for all machines.
fn ready(ev: &mut Evaluator, text: &str) -> Result<Made, Stop> {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let depends =
        text.split(|letter| !is_word(letter)).any(|word| matches!(word, "config" | "options" | "name" | "lib"));
    if depends {
        let function = format!("{{ config, options, lib, ... }}: name: {text}");
        return ev.eval_text("<default of an option>", &function, Path::new("/")).map(Made::Function);
    }
    ev.eval_text("<default of an option>", text, Path::new("/")).map(Made::Constant)
}

/// The options below `_module`.
pub(super) fn module_schema(ev: &mut Evaluator) -> Rc<SchemaNode> {
    if let Some(known) = &State::of(ev).module_schema {
        return Rc::clone(known);
    }
    let table = "args\tlazyAttrsOf raw\ncheck\tbool\ttrue\nfreeformType\tnullOr optionType\tnull\nspecialArgs\tunspecified\t-\treadOnly";
    let made = SchemaNode::parse(ev, &[table]);
    State::of(ev).module_schema = Some(Rc::clone(&made));
    made
}
