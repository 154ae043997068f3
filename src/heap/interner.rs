//! Names as numbers.

use std::rc::Rc;

use rustc_hash::FxHashMap;

/// An interned name. Numbers follow first use, so they say nothing about order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol(pub u32);

/// The table of names of one evaluator.
#[derive(Debug)]
pub struct Interner {
    names: Vec<Rc<str>>,
    numbers: FxHashMap<Rc<str>, Symbol>,
}

impl Interner {
    /// A table that starts with the names of [`sym`](super::sym).
    pub(super) fn new() -> Self {
        let mut table = Self { names: Vec::with_capacity(2048), numbers: FxHashMap::default() };
        table.numbers.reserve(2048);
        for name in super::sym::ALL {
            table.intern(name);
        }
        table
    }

    /// The symbol of a name.
    pub fn intern(&mut self, name: &str) -> Symbol {
        if let Some(symbol) = self.numbers.get(name) {
            return *symbol;
        }
        let symbol = Symbol(u32::try_from(self.names.len()).unwrap_or(u32::MAX));
        let name: Rc<str> = name.into();
        self.names.push(Rc::clone(&name));
        self.numbers.insert(name, symbol);
        symbol
    }

    /// The symbol of a name that was interned before.
    pub fn find(&self, name: &str) -> Option<Symbol> {
        self.numbers.get(name).copied()
    }

    /// The name of a symbol.
    pub fn name(&self, symbol: Symbol) -> &str {
        self.names.get(symbol.0 as usize).map_or("", |name| name)
    }

    /// The name of a symbol, shared.
    pub fn shared_name(&self, symbol: Symbol) -> Rc<str> {
        self.names.get(symbol.0 as usize).cloned().unwrap_or_else(|| "".into())
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}
