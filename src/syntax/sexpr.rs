//! The IR as text, for tests: `(f a b)`, `x@1.0` for variable 0 one frame out, `{a = 1}`.

use super::ir::{BinaryOp, Expr, ExprId, FileIr, Name, Range, Step};

/// The whole file.
pub(super) fn print(ir: &FileIr) -> String {
    let mut printer = Printer { ir, out: String::new() };
    printer.expr(ir.root.unwrap_or(ExprId::NONE));
    printer.out
}

struct Printer<'i> {
    ir: &'i FileIr,
    out: String,
}

impl Printer<'_> {
    fn add(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn name(&self, name: Name) -> String {
        self.ir.symbols[name.0 as usize].to_string()
    }

    fn string(&self, index: u32) -> String {
        self.ir.strings[index as usize].to_string()
    }

    fn items(&self, range: Range) -> Vec<ExprId> {
        let start = range.start as usize;
        self.ir.exprs_lists[start..start + range.len as usize].to_vec()
    }

    fn all(&mut self, open: &str, items: &[ExprId], close: &str) {
        self.add(open);
        for (index, item) in items.iter().enumerate() {
            if index > 0 || !(open.ends_with('(') || open.ends_with('[')) {
                self.add(" ");
            }
            self.expr(*item);
        }
        self.add(close);
    }

    fn path(&mut self, path: u32) {
        let range = self.ir.paths[path as usize];
        for step in self.ir.steps[range.start as usize..(range.start + range.len) as usize].iter().copied() {
            self.add(".");
            match step {
                Step::Static { name, .. } => self.add(&self.name(name)),
                Step::Dynamic(name) => self.all("${(", &[name], ")}"),
            }
        }
    }

    fn bindings(&mut self, index: u32) {
        let bindings = self.ir.bindings[index as usize];
        self.add(match (bindings.recursive, bindings.pushes_frame) {
            (true, _) => "rec {",
            (false, true) => "frame {",
            (false, false) => "{",
        });
        let entries = bindings.entries.start as usize..(bindings.entries.start + bindings.entries.len) as usize;
        let mut separator = "";
        for entry in self.ir.entries[entries].iter().copied() {
            self.add(separator);
            self.add(&self.name(entry.name));
            self.add(" = ");
            self.expr(entry.value);
            separator = "; ";
        }
        for hidden in self.items(bindings.hidden) {
            self.add(separator);
            self.add("from ");
            self.expr(hidden);
            separator = "; ";
        }
        let dynamics = bindings.dynamics.start as usize..(bindings.dynamics.start + bindings.dynamics.len) as usize;
        for entry in self.ir.dynamics[dynamics].iter().copied() {
            self.add(separator);
            self.all("${(", &[entry.name], ")} = ");
            self.expr(entry.value);
            separator = "; ";
        }
        self.add("}");
    }

    fn lambda(&mut self, index: u32) {
        let lambda = self.ir.lambdas[index as usize];
        self.add("(\\");
        if lambda.bound_as.is_some() {
            self.expr(lambda.bound_as);
            self.add("\\");
        }
        if lambda.has_formals {
            self.add("{");
            let formals = lambda.formals.start as usize..(lambda.formals.start + lambda.formals.len) as usize;
            for formal in self.ir.formals[formals].iter().copied() {
                self.add(&self.name(formal.name));
                if formal.default.is_some() {
                    self.add("? ");
                    self.expr(formal.default);
                }
                self.add(",");
            }
            self.add(if lambda.ellipsis { "...}" } else { "}" });
        }
        if lambda.parameter.is_some() {
            self.expr(lambda.parameter);
        }
        self.add(": ");
        self.expr(lambda.body);
        self.add(")");
    }

    fn expr(&mut self, id: ExprId) {
        let Some(expr) = self.ir.exprs.get(id.0 as usize).copied() else { return self.add("none") };
        match expr {
            Expr::Int(value) => self.add(&value.to_string()),
            Expr::Float(value) => self.add(&format!("{value:?}")),
            Expr::Str(text) => self.add(&format!("{:?}", self.string(text))),
            Expr::Path(text) | Expr::HomePath(text) => self.add(&self.string(text)),
            Expr::SearchPath(text) => self.add(&format!("<{}>", self.string(text))),
            Expr::Local { level, variable } => self.add(&format!("@{level}.{variable}")),
            Expr::Global(name) => self.add(&format!("${}", self.name(name))),
            Expr::WithVar { name, start, len } => {
                let levels = &self.ir.levels[start as usize..start as usize + usize::from(len)];
                self.add(&format!("{}?{levels:?}", self.name(name)));
            }
            Expr::Undefined(name) => self.add(&format!("!{}", self.name(name))),
            Expr::Select { base, path, default } => {
                self.expr(base);
                self.path(path);
                if default.is_some() {
                    self.all(" or(", &[default], ")");
                }
            }
            Expr::HasAttr { base, path } => {
                self.expr(base);
                self.add(" ? ");
                self.path(path);
            }
            Expr::Apply { function, start, len } => {
                let mut items = vec![function];
                items.extend(self.items(Range { start, len: u32::from(len) }));
                self.all("(", &items, ")");
            }
            Expr::Lambda(index) => self.lambda(index),
            Expr::Let { bindings, body } => {
                self.add("let ");
                self.bindings(bindings);
                self.all(" in", &[body], "");
            }
            Expr::Attrs(bindings) => self.bindings(bindings),
            Expr::With { namespace, body } => self.all("(with", &[namespace, body], ")"),
            Expr::If { condition, yes, no } => self.all("(if", &[condition, yes, no], ")"),
            Expr::Assert { condition, body } => self.all("(assert", &[condition, body], ")"),
            Expr::List(range) => self.all("[", &self.items(range), "]"),
            Expr::Binary { op, left, right } => self.all(&format!("({}", spelled(op)), &[left, right], ")"),
            Expr::Not(operand) => self.all("(!", &[operand], ")"),
            Expr::Negate(operand) => self.all("(-", &[operand], ")"),
            Expr::Interpolation(range) => self.all("(str", &self.items(range), ")"),
            Expr::PathInterpolation(range) => self.all("(path", &self.items(range), ")"),
            Expr::CurPos => self.add("__curPos"),
            Expr::Binder(name) => self.add(&self.name(name)),
            Expr::Missing => self.add("_"),
        }
    }
}

fn spelled(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Concat => "++",
        BinaryOp::Update => "//",
        BinaryOp::Add => "+",
        BinaryOp::Subtract => "-",
        BinaryOp::Multiply => "*",
        BinaryOp::Divide => "/",
        BinaryOp::And => "&&",
        BinaryOp::Or => "||",
        BinaryOp::Implies => "->",
        BinaryOp::Equal => "==",
        BinaryOp::NotEqual => "!=",
        BinaryOp::Less => "<",
        BinaryOp::LessOrEqual => "<=",
        BinaryOp::More => ">",
        BinaryOp::MoreOrEqual => ">=",
    }
}
