//! Definitions and option paths.

use std::rc::Rc;

use crate::heap::{Heap, Symbol, UnknownId, Value};
use crate::syntax::ExprId;

/// Priority of a definition without `mkOverride`.
pub const DEFAULT_PRIORITY: i64 = 100;
/// Priority of the default that an option declares.
pub const OPTION_DEFAULT_PRIORITY: i64 = 1500;
/// Order of a definition without `mkOrder`.
pub const DEFAULT_ORDER: i64 = 1000;

/// What one module contributes to one option.
#[derive(Clone, Debug)]
pub struct Definition {
    /// The value, evaluated or a reference; properties (`mkIf` and so on) still around it until it is discharged.
    pub value: Value,
    /// Label for messages: the path of the module's file, or `<unknown-file>`.
    pub file: Rc<str>,
    /// The name of the attribute (or the call) that gave it: the place to show.
    pub origin: ExprId,
    /// Priority; the lowest number wins.
    pub priority: i64,
    /// Place in the order of merging.
    pub order: i64,
    /// False below an `mkIf` whose condition cannot be known.
    pub is_certain: bool,
    /// Why it is not certain, if that is known.
    pub doubt: Option<UnknownId>,
    /// Whether `mkOrder` stood around it: then nixpkgs' definition has a field `priority`.
    pub is_ordered: bool,
    /// Whether `mkDefinition` made it: then nixpkgs' definition has a field `_type`.
    pub is_given: bool,
}

impl Definition {
    /// A certain definition of usual priority and order.
    pub fn new(value: Value, file: Rc<str>, origin: ExprId) -> Self {
        Self {
            value,
            file,
            origin,
            priority: DEFAULT_PRIORITY,
            order: DEFAULT_ORDER,
            is_certain: true,
            doubt: None,
            is_ordered: false,
            is_given: false,
        }
    }

    /// The definition of a part of this one's value: everything else is kept.
    #[must_use]
    pub fn with_value(&self, value: Value, origin: ExprId) -> Self {
        let origin = if origin.is_some() { origin } else { self.origin };
        Self { value, origin, file: Rc::clone(&self.file), is_ordered: false, is_given: false, ..*self }
    }

    /// The same definition with what its value was turned into.
    #[must_use]
    pub fn turned_into(&self, value: Value) -> Self {
        Self { value, ..self.clone() }
    }
}

/// The path of an option; cheap to clone and to extend.
#[derive(Clone, Debug, Default)]
pub struct Loc(Option<Rc<LocStep>>);

#[derive(Debug)]
struct LocStep {
    parent: Loc,
    name: Symbol,
}

impl Loc {
    /// The path of the root.
    pub fn root() -> Self {
        Self(None)
    }

    /// The path one name further down.
    #[must_use]
    pub fn child(&self, name: Symbol) -> Self {
        Self(Some(Rc::new(LocStep { parent: self.clone(), name })))
    }

    /// The path of these names.
    pub fn of(names: &[Symbol]) -> Self {
        names.iter().fold(Self::root(), |loc, name| loc.child(*name))
    }

    /// The last name.
    pub fn last(&self) -> Option<Symbol> {
        self.0.as_ref().map(|step| step.name)
    }

    /// The path without its last name.
    pub fn parent(&self) -> Option<&Self> {
        self.0.as_ref().map(|step| &step.parent)
    }

    /// Whether it is the root.
    pub fn is_root(&self) -> bool {
        self.0.is_none()
    }

    /// The names from the root on.
    pub fn names(&self) -> Vec<Symbol> {
        let mut names = Vec::new();
        let mut at = self;
        while let Some(step) = &at.0 {
            names.push(step.name);
            at = &step.parent;
        }
        names.reverse();
        names
    }

    /// The path as messages show it: `a.b."c d"`.
    pub fn show(&self, heap: &Heap) -> String {
        let parts: Vec<String> = self.names().into_iter().map(|name| show_name(heap.name(name))).collect();
        parts.join(".")
    }

    /// The names as a list of strings.
    pub fn value(&self, heap: &mut Heap) -> Value {
        let names: Vec<String> = self.names().into_iter().map(|name| heap.name(name).to_owned()).collect();
        let values: Vec<Value> = names.iter().map(|name| heap.new_str(name)).collect();
        heap.new_list(&values)
    }
}

/// One name of a path as it is written: quoted unless it is an identifier or stands for any name.
pub fn show_name(name: &str) -> String {
    let is_placeholder = name == "*" || (name.starts_with('<') && name.ends_with('>') && name.len() > 1);
    let mut letters = name.chars();
    let is_identifier = letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '\'' | '-'));
    let is_keyword =
        matches!(name, "assert" | "else" | "if" | "in" | "inherit" | "let" | "or" | "rec" | "then" | "with");
    if is_placeholder || (is_identifier && !is_keyword) {
        return name.to_owned();
    }
    let mut shown = String::with_capacity(name.len() + 2);
    shown.push('"');
    for letter in name.chars() {
        match letter {
            '"' => shown.push_str("\\\""),
            '\\' => shown.push_str("\\\\"),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            _ => shown.push(letter),
        }
    }
    shown.push('"');
    shown.replace('$', "\\$")
}
