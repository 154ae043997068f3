//! Built-in functions.

use super::evaluator::Evaluator;
use super::problem::Stop;
use crate::heap::Value;

/// What a built-in function gives: a value (which may be a reference to something lazy), or an error or unknown.
pub type Outcome = Result<Value, Stop>;

/// The code of a built-in function. The slice has exactly as many values as the function's arity: strict ones evaluated and neither
/// error nor unknown, the others possibly references.
pub type NativeFn = fn(&mut Evaluator, &[Value]) -> Outcome;

/// What an argument must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// An integer.
    Int,
    /// A string.
    Str,
    /// A string that refers to nothing in the store.
    Plain,
    /// A list.
    List,
    /// A set.
    Attrs,
    /// Something that can be called.
    Function,
    /// A string, or something that stands for one: its type is looked at later.
    Any,
}

/// A built-in function.
#[derive(Clone, Copy, Debug)]
pub struct NativeDef {
    /// Full name, unique: `builtins.map`, `lib.strings.toUpper`, or `internal.…` for those that have no name in Nix.
    pub name: &'static str,
    /// Number of arguments, 1 to 8.
    pub arity: u8,
    /// Bit `i` is set if argument `i` is always forced first: it then arrives evaluated, and an error or unknown in it is the result at once.
    pub strict: u8,
    /// Which arguments are forced in front of the others, in this order, and what each must be: where Nix finds one of a wrong type before it
    /// evaluates the next.
    pub looks: &'static [(u8, Wanted)],
    /// The code.
    pub run: NativeFn,
    /// If the first argument is a set that the function takes apart: its names, and whether each may be left out.
    pub formals: &'static [(&'static str, bool)],
}

impl NativeDef {
    /// A function that forces none of its arguments beforehand.
    pub const fn lazy(name: &'static str, arity: u8, run: NativeFn) -> Self {
        Self { name, arity, strict: 0, looks: &[], run, formals: &[] }
    }

    /// A function that forces all of its arguments.
    pub const fn strict(name: &'static str, arity: u8, run: NativeFn) -> Self {
        Self { name, arity, strict: 0xFF, looks: &[], run, formals: &[] }
    }

    /// A function that forces the arguments whose bits are set in `strict`.
    pub const fn with_strict(name: &'static str, arity: u8, strict: u8, run: NativeFn) -> Self {
        Self { name, arity, strict, looks: &[], run, formals: &[] }
    }

    /// The same function, looking at arguments in this order: each is forced, and must be what stands beside it.
    #[must_use]
    pub const fn looking(mut self, looks: &'static [(u8, Wanted)]) -> Self {
        self.looks = looks;
        self
    }

    /// Whether the function is one of Nix's own language elsewhere: all of `lib`, and `derivation`.
    pub(super) fn is_written_in_nix(&self) -> bool {
        !self.name.starts_with("builtins.") || self.name == "builtins.derivation"
    }

    /// Whether an argument is always forced beforehand.
    pub(super) fn is_forced(&self, position: usize) -> bool {
        self.strict & (1 << position) != 0
    }

    /// Positions of all arguments in the order in which they are looked at, with what each must be.
    pub(super) fn order(&self) -> impl Iterator<Item = (usize, Wanted)> {
        let looks = self.looks;
        let is_later = move |position: &u8| !looks.iter().any(|(first, _)| first == position);
        let later = (0..self.arity).filter(is_later).map(|position| (position, Wanted::Any));
        looks.iter().copied().chain(later).map(|(position, wanted)| (usize::from(position), wanted))
    }

    /// The same function, saying which names of a set its first argument takes and whether each may be left out.
    #[must_use]
    pub const fn taking(mut self, formals: &'static [(&'static str, bool)]) -> Self {
        self.formals = formals;
        self
    }
}
