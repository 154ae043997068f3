//! The linked program: the code of all files of one evaluator in flat arrays.

use std::path::PathBuf;

use crate::heap::{Heap, LambdaId, ShapeId, StrId, Symbol};
use crate::source::{FileId, Place, Span};
use crate::syntax::ir::{
    BinaryOp, Bindings, DynamicEntry, Entry, Expr, ExprId, FileIr, Formal, Lambda, Name, Range, Step,
};

/// One file of the program.
#[derive(Clone, Debug)]
pub struct Linked {
    /// Its first expression.
    pub first: u32,
    /// One past its last expression.
    pub end: u32,
    /// The file.
    pub file: FileId,
    /// The folder that relative paths start from.
    pub folder: PathBuf,
}

/// Code of all linked files. Ids of [`Expr`] index these arrays; names are symbols of the heap; `Expr::Str` holds a heap string; `Expr::Global` holds
/// the number of a global.
#[derive(Debug, Default)]
pub struct Program {
    exprs: Vec<Expr>,
    spans: Vec<Span>,
    lists: Vec<ExprId>,
    levels: Vec<u16>,
    paths: Vec<Range>,
    steps: Vec<Step>,
    lambdas: Vec<Lambda>,
    formals: Vec<Formal>,
    bindings: Vec<Bindings>,
    entries: Vec<Entry>,
    dynamics: Vec<DynamicEntry>,
    /// The shape of the static names of each set, once it is known.
    pub(super) shapes: Vec<Option<ShapeId>>,
    files: Vec<Linked>,
    /// First id that stands for no expression of a file: synthetic origins of built-in tables.
    synthetic: Vec<(String, Option<Place>)>,
}

/// Numbers from here on are synthetic origins, below are expressions.
const SYNTHETIC: u32 = 0xF000_0000;

fn number(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

fn shifted(range: Range, by: u32) -> Range {
    Range { start: range.start + by, len: range.len }
}

struct Offsets {
    exprs: u32,
    lists: u32,
    levels: u32,
    paths: u32,
    steps: u32,
    lambdas: u32,
    formals: u32,
    bindings: u32,
    entries: u32,
    dynamics: u32,
    symbols: Vec<Symbol>,
    strings: Vec<StrId>,
}

impl Offsets {
    fn expr(&self, id: ExprId) -> ExprId {
        if id.is_some() { ExprId(id.0 + self.exprs) } else { id }
    }

    fn name(&self, name: Name) -> Name {
        Name(self.symbols.get(name.0 as usize).map_or(0, |symbol| symbol.0))
    }

    fn string(&self, index: u32) -> u32 {
        self.strings.get(index as usize).map_or(0, |id| id.0)
    }

    fn relocate(&self, expr: Expr, global: impl Fn(Symbol) -> Option<u32>) -> Expr {
        match expr {
            Expr::Int(_) | Expr::Float(_) | Expr::Local { .. } | Expr::CurPos | Expr::Missing => expr,
            Expr::Str(text) => Expr::Str(self.string(text)),
            Expr::Path(text) => Expr::Path(self.string(text)),
            Expr::HomePath(text) => Expr::HomePath(self.string(text)),
            Expr::SearchPath(text) => Expr::SearchPath(self.string(text)),
            Expr::Global(name) => {
                let name = self.name(name);
                global(Symbol(name.0)).map_or(Expr::Undefined(name), |number| Expr::Global(Name(number)))
            }
            Expr::WithVar { name, start, len } => {
                Expr::WithVar { name: self.name(name), start: start + self.levels, len }
            }
            Expr::Undefined(name) => Expr::Undefined(self.name(name)),
            Expr::Select { base, path, default } => {
                Expr::Select { base: self.expr(base), path: path + self.paths, default: self.expr(default) }
            }
            Expr::HasAttr { base, path } => Expr::HasAttr { base: self.expr(base), path: path + self.paths },
            Expr::Apply { function, start, len } => {
                Expr::Apply { function: self.expr(function), start: start + self.lists, len }
            }
            Expr::Lambda(id) => Expr::Lambda(id + self.lambdas),
            Expr::Let { bindings, body } => Expr::Let { bindings: bindings + self.bindings, body: self.expr(body) },
            Expr::Attrs(id) => Expr::Attrs(id + self.bindings),
            Expr::With { namespace, body } => Expr::With { namespace: self.expr(namespace), body: self.expr(body) },
            Expr::If { condition, yes, no } => {
                Expr::If { condition: self.expr(condition), yes: self.expr(yes), no: self.expr(no) }
            }
            Expr::Assert { condition, body } => Expr::Assert { condition: self.expr(condition), body: self.expr(body) },
            Expr::List(range) => Expr::List(shifted(range, self.lists)),
            Expr::Binary { op, left, right } => Expr::Binary { op, left: self.expr(left), right: self.expr(right) },
            Expr::Not(inner) => Expr::Not(self.expr(inner)),
            Expr::Negate(inner) => Expr::Negate(self.expr(inner)),
            Expr::Interpolation(range) => Expr::Interpolation(shifted(range, self.lists)),
            Expr::PathInterpolation(range) => Expr::PathInterpolation(shifted(range, self.lists)),
            Expr::Binder(name) => Expr::Binder(self.name(name)),
        }
    }
}

impl Program {
    /// Adds a file; gives its root expression, or [`ExprId::NONE`] if it has none.
    pub fn link(
        &mut self,
        ir: &FileIr,
        file: FileId,
        folder: PathBuf,
        heap: &mut Heap,
        global: impl Fn(Symbol) -> Option<u32>,
    ) -> ExprId {
        let offsets = Offsets {
            exprs: number(self.exprs.len()),
            lists: number(self.lists.len()),
            levels: number(self.levels.len()),
            paths: number(self.paths.len()),
            steps: number(self.steps.len()),
            lambdas: number(self.lambdas.len()),
            formals: number(self.formals.len()),
            bindings: number(self.bindings.len()),
            entries: number(self.entries.len()),
            dynamics: number(self.dynamics.len()),
            symbols: ir.symbols.iter().map(|name| heap.intern(name)).collect(),
            strings: ir.strings.iter().map(|text| heap.new_string(text.as_bytes())).collect(),
        };
        self.exprs.extend(ir.exprs.iter().map(|expr| offsets.relocate(*expr, &global)));
        self.spans.extend_from_slice(&ir.spans);
        self.lists.extend(ir.exprs_lists.iter().map(|id| offsets.expr(*id)));
        self.levels.extend_from_slice(&ir.levels);
        self.paths.extend(ir.paths.iter().map(|range| shifted(*range, offsets.steps)));
        self.steps.extend(ir.steps.iter().map(|step| match *step {
            Step::Static { name, binder } => Step::Static { name: offsets.name(name), binder: offsets.expr(binder) },
            Step::Dynamic(expr) => Step::Dynamic(offsets.expr(expr)),
        }));
        self.lambdas.extend(ir.lambdas.iter().map(|lambda| Lambda {
            parameter: offsets.expr(lambda.parameter),
            formals: shifted(lambda.formals, offsets.formals),
            body: offsets.expr(lambda.body),
            bound_as: offsets.expr(lambda.bound_as),
            ..*lambda
        }));
        self.formals.extend(ir.formals.iter().map(|formal| Formal {
            name: offsets.name(formal.name),
            binder: offsets.expr(formal.binder),
            default: offsets.expr(formal.default),
        }));
        self.bindings.extend(ir.bindings.iter().map(|bindings| Bindings {
            entries: shifted(bindings.entries, offsets.entries),
            hidden: shifted(bindings.hidden, offsets.lists),
            dynamics: shifted(bindings.dynamics, offsets.dynamics),
            ..*bindings
        }));
        self.shapes.resize(self.bindings.len(), None);
        self.entries.extend(ir.entries.iter().map(|entry| Entry {
            name: offsets.name(entry.name),
            binder: offsets.expr(entry.binder),
            value: offsets.expr(entry.value),
        }));
        self.dynamics.extend(ir.dynamics.iter().map(|entry| DynamicEntry {
            name: offsets.expr(entry.name),
            binder: offsets.expr(entry.binder),
            value: offsets.expr(entry.value),
        }));
        self.files.push(Linked { first: offsets.exprs, end: number(self.exprs.len()), file, folder });
        ir.root.map_or(ExprId::NONE, |root| offsets.expr(root))
    }

    /// An expression.
    #[inline]
    pub fn expr(&self, id: ExprId) -> Expr {
        self.exprs.get(id.0 as usize).copied().unwrap_or(Expr::Missing)
    }

    /// The expression of the binding whose name this is. Looks through all of the program.
    pub fn bound(&self, binder: ExprId) -> Option<ExprId> {
        self.entries.iter().find(|entry| entry.binder == binder).map(|entry| entry.value)
    }

    /// The number that an expression divides by, if it is a division by a literal, or a call of which the first argument is: `lib.mod (n / 256) 256`.
    pub fn divisor(&self, id: ExprId) -> Option<i64> {
        match self.expr(id) {
            Expr::Binary { op: BinaryOp::Divide, right, .. } => match self.expr(right) {
                Expr::Int(number) => Some(number),
                _ => None,
            },
            Expr::Apply { start, .. } => match self.list(Range { start, len: 1 }) {
                [first] if matches!(self.expr(*first), Expr::Binary { .. }) => self.divisor(*first),
                _ => None,
            },
            _ => None,
        }
    }

    /// Expressions of a list of arguments, elements or pieces.
    #[inline]
    pub fn list(&self, range: Range) -> &[ExprId] {
        self.lists.get(range.start as usize..(range.start + range.len) as usize).unwrap_or_default()
    }

    /// One expression of a list.
    #[inline]
    pub fn list_item(&self, index: u32) -> ExprId {
        self.lists.get(index as usize).copied().unwrap_or(ExprId::NONE)
    }

    /// A level of a `with`.
    pub fn level(&self, index: u32) -> u16 {
        self.levels.get(index as usize).copied().unwrap_or(0)
    }

    /// The range of steps of an attribute path.
    #[inline]
    pub fn path(&self, path: u32) -> Range {
        self.paths.get(path as usize).copied().unwrap_or_default()
    }

    /// A step of an attribute path.
    #[inline]
    pub fn step(&self, index: u32) -> Option<Step> {
        self.steps.get(index as usize).copied()
    }

    /// A function.
    #[inline]
    pub fn lambda(&self, id: LambdaId) -> Option<Lambda> {
        self.lambdas.get(id.0 as usize).copied()
    }

    /// The formals of a function.
    pub fn formals(&self, range: Range) -> &[Formal] {
        self.formals.get(range.start as usize..(range.start + range.len) as usize).unwrap_or_default()
    }

    /// One formal.
    #[inline]
    pub fn formal(&self, index: u32) -> Option<Formal> {
        self.formals.get(index as usize).copied()
    }

    /// The content of a set or `let`.
    #[inline]
    pub fn bindings(&self, id: u32) -> Option<Bindings> {
        self.bindings.get(id as usize).copied()
    }

    /// The static entries of a set.
    pub fn entries(&self, range: Range) -> &[Entry] {
        self.entries.get(range.start as usize..(range.start + range.len) as usize).unwrap_or_default()
    }

    /// One static entry.
    #[inline]
    pub fn entry(&self, index: u32) -> Option<Entry> {
        self.entries.get(index as usize).copied()
    }

    /// One dynamic entry.
    pub fn dynamic(&self, index: u32) -> Option<DynamicEntry> {
        self.dynamics.get(index as usize).copied()
    }

    /// The file that an expression stands in.
    pub fn linked(&self, id: ExprId) -> Option<&Linked> {
        let index = self.files.partition_point(|file| file.end <= id.0);
        self.files.get(index).filter(|file| file.first <= id.0)
    }

    /// All linked files, in the order of linking.
    pub fn files(&self) -> &[Linked] {
        &self.files
    }

    /// The place of an expression or binder; `None` for none and for synthetic origins without a place.
    pub fn place(&self, id: ExprId) -> Option<Place> {
        if id.0 >= SYNTHETIC {
            return self.synthetic.get((id.0 - SYNTHETIC) as usize).and_then(|(_, place)| *place);
        }
        let file = self.linked(id)?.file;
        Some(Place { file, span: *self.spans.get(id.0 as usize)? })
    }

    /// An origin for something that no expression of a file produced: a table of routelint's, or a place in a data file.
    pub fn synthetic_origin(&mut self, name: &str, place: Option<Place>) -> ExprId {
        let id = ExprId(SYNTHETIC + number(self.synthetic.len()));
        self.synthetic.push((name.to_owned(), place));
        id
    }

    /// The name of a synthetic origin.
    pub fn synthetic_name(&self, id: ExprId) -> Option<&str> {
        self.synthetic.get(id.0.checked_sub(SYNTHETIC)? as usize).map(|(name, _)| name.as_str())
    }
}
