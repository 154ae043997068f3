//! The intermediate representation of one file: flat arrays, `Copy` expressions, resolved variables.
//!
//! All ids are indices into the arrays of the same [`FileIr`]; a program of several files is made by linking
//! (`eval::program`), which adds an offset to each id. One number space serves expressions and positions: every expression and every attribute
//! name has an [`ExprId`], hence a span, and an `ExprId` of the linked program names a place in the whole program.
//!
//! # Frames
//! An environment is a chain of frames. These constructs push one frame:
//! - a lambda: with a plain parameter, variable 0 is the argument; with formals, the formals in the order written are variables
//!   `0..n` and the name bound by `@`, if any, is variable `n`;
//! - `let`, and a recursive set: the bindings in order are variables `0..n`, then one hidden variable for each
//!   `inherit (e) …` clause, holding `e`;
//! - a plain set that has `inherit (e) …` clauses: only the hidden variables;
//! - `with`: variable 0 is the set.
//!
//! [`Expr::Local`] counts `level` frames outwards from the innermost. An `inherit x` inside a frame-pushing construct resolves `x`
//! outside it, so its level is one higher than the construct's own bindings would have.

use crate::source::Span;

/// An expression (or the name of a binding) of a [`FileIr`]; `u32::MAX` means none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExprId(pub u32);

impl ExprId {
    /// No expression.
    pub const NONE: Self = Self(u32::MAX);

    /// Whether there is one.
    pub fn is_some(self) -> bool {
        self != Self::NONE
    }
}

/// A name: an index into [`FileIr::symbols`] before linking, a symbol of the session after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(pub u32);

/// A range of one of the side arrays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// First index.
    pub start: u32,
    /// Number of elements.
    pub len: u32,
}

/// One expression. 16 bytes, `Copy`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Expr {
    /// An integer literal.
    Int(i64),
    /// A float literal.
    Float(f64),
    /// A string without interpolation (`"…"`, `''…''`, a URI literal): an index into [`FileIr::strings`], escapes and indentation resolved.
    Str(u32),
    /// A path literal as written, starting with `/`, `./`, `../` or anything relative with a slash; index into [`FileIr::strings`].
    /// A relative one is resolved against the folder of the file.
    Path(u32),
    /// `~/…`; index into [`FileIr::strings`], with the tilde.
    HomePath(u32),
    /// `<nixpkgs/lib>`; index into [`FileIr::strings`], without the angle brackets.
    SearchPath(u32),
    /// A variable of an enclosing frame.
    Local {
        /// Frames outwards from the innermost.
        level: u16,
        /// Index of the variable in that frame.
        variable: u32,
    },
    /// A name that no frame binds and that is one of [`LowerOptions::globals`](super::LowerOptions).
    Global(Name),
    /// A name that no frame binds, below at least one `with`: looked up in the sets of the `with` frames whose levels stand in
    /// [`FileIr::levels`], innermost first.
    WithVar {
        /// The name.
        name: Name,
        /// Start of the levels in [`FileIr::levels`].
        start: u32,
        /// Number of levels.
        len: u16,
    },
    /// A name that nothing binds. [`FileIr::errors`] has the error too, unless the text has errors of the grammar: then the binding may
    /// have been lost with them.
    Undefined(Name),
    /// `base.path` or `base.path or default`; `path` is an index into [`FileIr::paths`].
    Select {
        /// The set.
        base: ExprId,
        /// The attribute path.
        path: u32,
        /// What `or` gives, or [`ExprId::NONE`].
        default: ExprId,
    },
    /// `base ? path`.
    HasAttr {
        /// The set.
        base: ExprId,
        /// The attribute path, an index into [`FileIr::paths`].
        path: u32,
    },
    /// `f a b c`, flattened: the arguments are [`FileIr::exprs_lists`]`[start..start + len]`.
    Apply {
        /// The function, itself not an application.
        function: ExprId,
        /// Start of the arguments.
        start: u32,
        /// Number of arguments, at least 1.
        len: u16,
    },
    /// A function; index into [`FileIr::lambdas`].
    Lambda(u32),
    /// `let … in body` (and the old `let { …; body = …; }`, which becomes a select of `body` from a recursive set).
    Let {
        /// Index into [`FileIr::bindings`].
        bindings: u32,
        /// The body.
        body: ExprId,
    },
    /// `{ … }` or `rec { … }`; index into [`FileIr::bindings`].
    Attrs(u32),
    /// `with namespace; body`.
    With {
        /// The set.
        namespace: ExprId,
        /// The body, with one more frame.
        body: ExprId,
    },
    /// `if condition then yes else no`.
    If {
        /// The condition.
        condition: ExprId,
        /// The branch if true.
        yes: ExprId,
        /// The branch if false.
        no: ExprId,
    },
    /// `assert condition; body`.
    Assert {
        /// The condition.
        condition: ExprId,
        /// The body.
        body: ExprId,
    },
    /// `[ … ]`; the elements stand in [`FileIr::exprs_lists`].
    List(Range),
    /// A binary operator. Pipes become [`Expr::Apply`].
    Binary {
        /// Which.
        op: BinaryOp,
        /// Left operand.
        left: ExprId,
        /// Right operand.
        right: ExprId,
    },
    /// `!e`.
    Not(ExprId),
    /// `-e`.
    Negate(ExprId),
    /// A string with interpolation: the pieces stand in [`FileIr::exprs_lists`]; literal pieces are [`Expr::Str`] with their own spans, all others
    /// are coerced to a string. A piece that is a literal string keeps being a piece: `"${"a"}"` has one [`Expr::Str`].
    Interpolation(Range),
    /// A path with interpolation; the first piece is an [`Expr::Path`] or [`Expr::HomePath`] as written, the rest like [`Expr::Interpolation`].
    PathInterpolation(Range),
    /// `__curPos`.
    CurPos,
    /// The name of a binding, a formal or a parameter: exists for its span only, is never evaluated.
    Binder(Name),
    /// A hole left by a syntax error.
    Missing,
}

/// A binary operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOp {
    /// `++`
    Concat,
    /// `//`
    Update,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `&&`
    And,
    /// `||`
    Or,
    /// `->`
    Implies,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    More,
    /// `>=`
    MoreOrEqual,
}

/// A function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lambda {
    /// The plain parameter, or the name bound by `@` beside formals; [`ExprId::NONE`] if there is none. It is an [`Expr::Binder`].
    pub parameter: ExprId,
    /// The formals, in the order written; a range of [`FileIr::formals`]. Meaningful when `has_formals`.
    pub formals: Range,
    /// Whether it takes a set apart (`{ … }:`), even with no formals.
    pub has_formals: bool,
    /// Whether other attributes are allowed (`...`).
    pub ellipsis: bool,
    /// The body.
    pub body: ExprId,
    /// The name under which the function was bound, for messages; [`ExprId::NONE`] if there is none. An [`Expr::Binder`].
    pub bound_as: ExprId,
}

/// One formal of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Formal {
    /// Its name.
    pub name: Name,
    /// Where the name stands (an [`Expr::Binder`]).
    pub binder: ExprId,
    /// The default, evaluated in the function's own frame; [`ExprId::NONE`] if there is none.
    pub default: ExprId,
}

/// The content of a set or a `let`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bindings {
    /// Whether the bindings see each other (`rec`, `let`): then they are the first variables of a frame.
    pub recursive: bool,
    /// Whether a frame is pushed: always when `recursive`, else when there are hidden variables.
    pub pushes_frame: bool,
    /// The statically named bindings, in the order written; a range of [`FileIr::entries`]. Attribute paths (`a.b.c = 1; a.d = 2;`) are merged into nested sets already.
    pub entries: Range,
    /// What the `inherit (e) …` clauses inherit from: a range of [`FileIr::exprs_lists`]. Like the values of the entries, they are
    /// evaluated in the set's own frame.
    pub hidden: Range,
    /// The dynamically named bindings; a range of [`FileIr::dynamics`]. Evaluated in the set's own frame, if it has one.
    pub dynamics: Range,
}

/// `name = value;` with a static name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name.
    pub name: Name,
    /// Where the name stands (an [`Expr::Binder`]).
    pub binder: ExprId,
    /// The value, an expression in the scope of the construct's own frame if it pushes one.
    pub value: ExprId,
}

/// `${name} = value;`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DynamicEntry {
    /// The expression for the name; `null` drops the binding.
    pub name: ExprId,
    /// Where all of the name stands, `${` and `}` included (an [`Expr::Binder`] without a name).
    pub binder: ExprId,
    /// The value.
    pub value: ExprId,
}

/// One step of an attribute path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A name known before evaluation.
    Static {
        /// The name.
        name: Name,
        /// Where it stands (an [`Expr::Binder`]).
        binder: ExprId,
    },
    /// `${e}` or a string with interpolation.
    Dynamic(ExprId),
}

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Which kind.
    pub kind: SyntaxErrorKind,
    /// Where.
    pub span: Span,
    /// What, in one sentence without a final full stop, in the user's own names.
    pub message: String,
    /// A second place that explains it (the first of two equal names), with a short text.
    pub related: Option<(Span, String)>,
    /// How far Nix has read when it notices, as a byte offset: Nix reports what it notices first. [`SyntaxError::UNNOTICED`] if it never gets there.
    pub noticed: u32,
}

impl SyntaxError {
    /// The place at which Nix notices what it never gets to, since it stops before.
    pub const UNNOTICED: u32 = u32::MAX;

    /// An error that Nix notices where it stands.
    pub(super) fn new(kind: SyntaxErrorKind, span: Span, message: impl Into<String>) -> Self {
        Self { kind, span, message: message.into(), related: None, noticed: span.start }
    }

    /// The same with a second place that explains it.
    pub(super) fn related_to(self, place: Span, text: impl Into<String>) -> Self {
        Self { related: Some((place, text.into())), ..self }
    }

    /// The same, noticed only when Nix has read this far.
    pub(super) fn noticed_at(self, noticed: u32) -> Self {
        Self { noticed, ..self }
    }
}

/// Kinds of [`SyntaxError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyntaxErrorKind {
    /// The text does not follow the grammar.
    Grammar,
    /// A limit of the guards was reached; nothing of the file was kept.
    TooDeep,
    /// The same attribute twice.
    DuplicateAttribute,
    /// The same formal twice.
    DuplicateFormal,
    /// A name that nothing binds.
    UndefinedVariable,
    /// A literal that cannot be represented.
    BadLiteral,
    /// A dynamic attribute where none is allowed (`let`, `inherit`).
    DynamicAttribute,
}

/// A comment that speaks to routelint (`# routelint: …`), without the `#`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// The whole comment, without white space at its end.
    pub span: Span,
    /// What to delete to be rid of it: its line if it has one to itself, else the comment with the white space around it.
    pub removal: Span,
    /// The text after `routelint:`, trimmed.
    pub text: String,
    /// Whether nothing but white space stands before it on its line.
    pub own_line: bool,
}

/// The IR of one file.
#[derive(Clone, Debug, Default)]
pub struct FileIr {
    /// All expressions and binders.
    pub exprs: Vec<Expr>,
    /// Where each stands, parallel to `exprs`.
    pub spans: Vec<Span>,
    /// Names, in the order of first appearance.
    pub symbols: Vec<Box<str>>,
    /// Literal texts.
    pub strings: Vec<Box<str>>,
    /// Arguments, list elements, pieces of interpolations, hidden variables.
    pub exprs_lists: Vec<ExprId>,
    /// Levels of `with` frames.
    pub levels: Vec<u16>,
    /// Attribute paths: ranges of `steps`.
    pub paths: Vec<Range>,
    /// Steps of attribute paths.
    pub steps: Vec<Step>,
    /// Functions.
    pub lambdas: Vec<Lambda>,
    /// Formals of functions.
    pub formals: Vec<Formal>,
    /// Sets and `let`s.
    pub bindings: Vec<Bindings>,
    /// Static entries.
    pub entries: Vec<Entry>,
    /// Dynamic entries.
    pub dynamics: Vec<DynamicEntry>,
    /// The whole file's expression.
    pub root: Option<ExprId>,
    /// Everything that is wrong with it, in the order of places.
    pub errors: Vec<SyntaxError>,
    /// The error at which Nix stops reading, which need not be the first in the text.
    pub first_error: Option<SyntaxError>,
    /// Comments that speak to routelint.
    pub directives: Vec<Directive>,
}
