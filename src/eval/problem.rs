//! Errors and unknowns.

use super::limits::LimitKind;
use crate::heap::{SlotId, StrId, UnknownId, Value};
use crate::syntax::ExprId;

/// An error or unknown on its way outwards: always a [`Value`] for which [`Value::is_stop`] holds.
#[derive(Clone, Copy, Debug)]
pub struct Stop(pub Value);

/// What kind of error it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// `throw`; `builtins.tryEval` catches it.
    Throw,
    /// A failed `assert`; `builtins.tryEval` catches it.
    Assert,
    /// `abort`.
    Abort,
    /// A value of the wrong type, a wrong argument of a built-in function.
    Type,
    /// A missing attribute.
    MissingAttribute,
    /// A function called without a required argument or with one that it does not take.
    Arguments,
    /// A variable that nothing binds.
    UndefinedVariable,
    /// A value that depends on itself.
    Recursion,
    /// Arithmetic: overflow, division by zero.
    Arithmetic,
    /// A file that does not parse.
    Syntax,
    /// A file that cannot be read.
    File,
    /// A limit was reached.
    Limit(LimitKind),
    /// An error of the module system; the class is one of the fixed words that the module room uses (`conflict`, `type` …).
    /// `builtins.tryEval` catches it.
    Module(&'static str),
}

impl ErrorKind {
    /// Whether `builtins.tryEval` catches it. What the module system reports, nixpkgs' own reports with `throw`.
    pub fn is_catchable(self) -> bool {
        matches!(self, Self::Throw | Self::Assert | Self::Module(_))
    }
}

/// One error.
#[derive(Clone, Debug)]
pub struct ErrorInfo {
    /// Its kind.
    pub kind: ErrorKind,
    /// What is wrong, in one sentence.
    pub message: String,
    /// Where it arose, or [`ExprId::NONE`].
    pub origin: ExprId,
    /// What was being done, innermost first: a place and a sentence.
    pub trace: Vec<(ExprId, String)>,
    /// Whether nothing catches it, whatever its kind: what its message shows fails in a way that nothing catches.
    pub is_fatal: bool,
    /// Of a value that depends on itself, while the error is on its way to that value.
    pub(super) cycle: Option<Cycle>,
}

/// The named things between a value that depends on itself and where it is asked for again, innermost first.
#[derive(Clone, Debug)]
pub(super) struct Cycle {
    pub(super) slot: SlotId,
    pub(super) names: Vec<String>,
}

/// Why something cannot be known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnknownReason {
    /// A flake input (or another source) that is not on the disk.
    MissingInput(String),
    /// Several flake inputs that are not on the disk, of which one may say it.
    MissingInputs(Vec<String>),
    /// A source that is not read because it has nothing to do with networks: its modules count as empty.
    UnrelatedInput(String),
    /// A package or anything else that needs a package set.
    Package(String),
    /// A module argument that nobody passes.
    ModuleArgument(String),
    /// Fetching, building, the clock, the environment: nothing that source alone decides.
    Impure(String),
    /// A function or feature that routelint does not evaluate.
    Unsupported(String),
    /// A path that may not be read.
    Outside(String),
    /// A file that is encrypted, with the tool.
    Encrypted(String, &'static str),
    /// A file that this checkout does not have, with the reason.
    Absent(String, String),
    /// A path in the store whose name depends on content that is not hashed.
    StorePath(String),
    /// Text that could not be parsed.
    Unparsable,
    /// `imports` that depend on `config`.
    ConfigInImports,
    /// An option that routelint has no declaration of.
    UndeclaredOption(String),
    /// A limit was reached.
    Limit(LimitKind),
}

impl UnknownReason {
    /// The reason in words, to follow "because".
    pub fn words(&self) -> String {
        match self {
            Self::MissingInput(name) => format!("input `{name}` is not available"),
            Self::MissingInputs(names) => format!("inputs `{}` are not available", names.join("`, `")),
            Self::UnrelatedInput(name) => format!("`{name}` is not read: it has nothing to do with networks"),
            Self::Package(name) => format!("`{name}` needs the package set"),
            Self::ModuleArgument(name) => format!("module argument `{name}` is not passed"),
            Self::Impure(what) => format!("{what} cannot be known from source"),
            Self::Unsupported(what) => format!("{what} is not evaluated"),
            Self::Outside(path) => format!("{path} lies outside the project"),
            Self::Encrypted(path, tool) => format!("{path} is encrypted with {tool}"),
            Self::Absent(path, why) => format!("{path} {why}"),
            Self::StorePath(what) => format!("the store path of {what} depends on its content"),
            Self::Unparsable => "the text does not parse".to_owned(),
            Self::ConfigInImports => "imports depend on config".to_owned(),
            Self::UndeclaredOption(name) => format!("option `{name}` is not declared here"),
            Self::Limit(kind) => format!("the limit of {} was reached", kind.words()),
        }
    }
}

impl LimitKind {
    /// The limit in words, to follow "the limit of".
    pub fn words(self) -> &'static str {
        match self {
            Self::Steps => "evaluation steps",
            Self::Depth => "nested evaluations",
            Self::Heap => "memory",
            Self::String => "string size",
            Self::List => "list size",
        }
    }
}

/// A piece of a string of which not all is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Known text.
    Known(StrId),
    /// A hole.
    Hole(UnknownId),
}

/// One unknown, with its first cause.
#[derive(Clone, Debug)]
pub struct UnknownInfo {
    /// Why.
    pub reason: UnknownReason,
    /// The expression that first could not be known, or [`ExprId::NONE`].
    pub origin: ExprId,
    /// Its type as `builtins.typeOf` names it, if that is known all the same.
    pub type_name: Option<&'static str>,
    /// If it is a string with holes: its pieces.
    pub pieces: Option<Vec<Piece>>,
}
