//! Arithmetic, `++`, `//`, comparison operators, and interpolation.

use super::coerce::Coercion;
use super::evaluator::Evaluator;
use super::native::Outcome;
use super::problem::{ErrorKind, Piece, Stop, UnknownReason};
use crate::heap::{Env, Seq, StrId, Value, View};
use crate::syntax::ir::{BinaryOp, Expr, ExprId, Range};

impl Evaluator {
    pub(super) fn binary(&mut self, op: BinaryOp, expr: ExprId, env: Env, left: ExprId, right: ExprId) -> Value {
        // `a > b` is `b < a`, also in the order of evaluation.
        let is_swapped = matches!(op, BinaryOp::More | BinaryOp::LessOrEqual);
        let (first, second) = if is_swapped { (right, left) } else { (left, right) };
        let (first, how) = match self.first_operand(op, expr, env, first) {
            Ok(operand) => operand,
            Err(Stop(error)) => return error,
        };
        if op == BinaryOp::Update
            && let Expr::Attrs(id) = self.program.expr(second)
            && let View::Attrs(set) = first.view()
            && let Some(value) = self.update_by_literal(set, id, env)
        {
            let value = value.with_origin(expr);
            self.note(value, env);
            self.note_update(set, |ev, name| ev.is_bound_in(id, name), value, expr);
            return value;
        }
        let second = self.eval(second, env);
        if second.is_error() {
            return second;
        }
        let (a, b) = if is_swapped { (second, first) } else { (first, second) };
        let outer = std::mem::replace(&mut self.site, expr);
        let result = match op {
            BinaryOp::Equal => self.equal(a, b).map(Value::bool),
            BinaryOp::NotEqual => self.equal(a, b).map(|same| Value::bool(!same)),
            BinaryOp::Update => self.update(a, b),
            BinaryOp::Concat => self.concat_lists(a, b),
            BinaryOp::Less => self.less(a, b).map(Value::bool),
            BinaryOp::More => self.less(b, a).map(Value::bool),
            BinaryOp::LessOrEqual => self.less(b, a).map(|less| Value::bool(!less)),
            BinaryOp::MoreOrEqual => self.less(a, b).map(|less| Value::bool(!less)),
            BinaryOp::Add => self.add(a, b, how, expr, env),
            BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide => self.arithmetic(op, a, b),
            BinaryOp::And | BinaryOp::Or | BinaryOp::Implies => Ok(a),
        };
        self.site = outer;
        match result {
            Ok(value) => {
                let value = value.with_origin(expr);
                self.note(value, env);
                if op == BinaryOp::Update
                    && let (View::Attrs(left), View::Attrs(right)) = (a.view(), b.view())
                {
                    self.note_update(left, |ev, name| ev.heap.attribute(right, name).is_some(), value, expr);
                }
                value
            }
            Err(Stop(value)) => value,
        }
    }

    /// The operand that is evaluated first, checked as far as Nix does before it evaluates the other, and how a text is appended to it.
    fn first_operand(
        &mut self,
        op: BinaryOp,
        expr: ExprId,
        env: Env,
        operand: ExprId,
    ) -> Result<(Value, Coercion), Stop> {
        let value = self.eval(operand, env);
        let how = Coercion::behind(value);
        let is_fit = match (op, value.view()) {
            (_, View::Error(_)) => return Err(Stop(value)),
            (BinaryOp::Update, view) => matches!(view, View::Attrs(_) | View::Unknown(_)),
            (BinaryOp::Add, view) => {
                let is_number = matches!(view, View::Int(_) | View::Float(_));
                is_number || matches!(view, View::Str(_) | View::Path(_) | View::Unknown(_))
            }
            _ => true,
        };
        if is_fit {
            return Ok((value, how));
        }
        let outer = std::mem::replace(&mut self.site, expr);
        let outcome = match op {
            BinaryOp::Update => Err(self.type_error("a set", value)),
            _ => self.coerce(value, how).map(Value::string),
        };
        self.site = outer;
        match outcome {
            Err(Stop(stop)) if stop.is_unknown() => Ok((stop, how)),
            outcome => outcome.map(|value| (value, how)),
        }
    }

    fn first_unknown(a: Value, b: Value) -> Option<Stop> {
        [a, b].into_iter().find(|value| value.is_unknown()).map(Stop)
    }

    /// `a - b`, `a * b` or `a / b`.
    pub fn arithmetic(&mut self, op: BinaryOp, a: Value, b: Value) -> Outcome {
        if let Some(stop) = Self::first_unknown(a, b) {
            return Err(stop);
        }
        match (a.view(), b.view()) {
            (View::Int(x), View::Int(y)) => {
                let result = match op {
                    BinaryOp::Add => x.checked_add(y),
                    BinaryOp::Subtract => x.checked_sub(y),
                    BinaryOp::Multiply => x.checked_mul(y),
                    _ if y == 0 => return Err(self.error(ErrorKind::Arithmetic, "division by zero")),
                    _ => x.checked_div(y),
                };
                result.map(Value::int).ok_or_else(|| {
                    let sign = match op {
                        BinaryOp::Add => "+",
                        BinaryOp::Subtract => "-",
                        BinaryOp::Multiply => "*",
                        _ => "/",
                    };
                    self.error(ErrorKind::Arithmetic, format!("integer overflow in {x} {sign} {y}"))
                })
            }
            _ => {
                // A divisor of zero is found before the type of what is divided.
                let y = if op == BinaryOp::Divide { self.number(b)? } else { 1.0 };
                if y == 0.0 {
                    return Err(self.error(ErrorKind::Arithmetic, "division by zero"));
                }
                let (x, y) = (self.number(a)?, self.number(b)?);
                Ok(Value::float(match op {
                    BinaryOp::Add => x + y,
                    BinaryOp::Subtract => x - y,
                    BinaryOp::Multiply => x * y,
                    _ => x / y,
                }))
            }
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "Nix converts integers to floats the same way")]
    fn number(&mut self, value: Value) -> Result<f64, Stop> {
        match value.view() {
            View::Int(number) => Ok(number as f64),
            View::Float(number) => Ok(number),
            _ => Err(self.type_error("a number", value)),
        }
    }

    /// `+`: numbers, strings and paths.
    fn add(&mut self, a: Value, b: Value, how: Coercion, expr: ExprId, env: Env) -> Outcome {
        match (a.view(), b.view()) {
            (View::Int(_) | View::Float(_), View::Int(_) | View::Float(_)) => self.arithmetic(BinaryOp::Add, a, b),
            (View::Unknown(_), View::Int(_) | View::Float(_) | View::Unknown(_)) => Err(Stop(a)),
            (View::Int(_) | View::Float(_), View::Unknown(_)) => Err(Stop(b)),
            (View::Int(_) | View::Float(_), _) => Err(self.type_error("a number", b)),
            (View::Path(base), _) => {
                let more = match b.view() {
                    View::Path(id) | View::Str(id) => id,
                    View::Unknown(_) => return Err(Stop(b)),
                    _ => self.coerce(b, how)?,
                };
                self.may_extend_path(more)?;
                let text = format!("{}{}", self.heap.text(base), self.heap.text(more));
                Ok(self.path_value(&canonical_path(&text)))
            }
            _ => {
                let pieces = [a, b].map(|value| self.piece(value, how));
                self.join_pieces(pieces, expr, env)
            }
        }
    }

    /// An error if a string that is appended to a path refers to something in the store.
    fn may_extend_path(&mut self, more: StrId) -> Result<(), Stop> {
        if !self.heap.has_context(more) {
            return Ok(());
        }
        let message = "a string that refers to a store path cannot be appended to a path";
        Err(self.error(ErrorKind::Type, message))
    }

    /// The string that one part of an interpolation stands for.
    fn piece(&mut self, value: Value, how: Coercion) -> Result<StrId, Stop> {
        match value.view() {
            View::Str(id) => Ok(id),
            _ => self.coerce(value, how),
        }
    }

    fn join_pieces<const N: usize>(&mut self, pieces: [Result<StrId, Stop>; N], expr: ExprId, env: Env) -> Outcome {
        self.join(pieces.into_iter().collect(), expr, env)
    }

    fn join(&mut self, pieces: Vec<Result<StrId, Stop>>, expr: ExprId, env: Env) -> Outcome {
        let joined = self.join_texts(pieces, expr)?;
        if let View::Str(id) = joined.view() {
            self.heap.set_replay(id, expr, env);
        }
        Ok(joined.with_origin(expr))
    }

    /// The concatenation of texts, as a new string. Unknown pieces give a string with holes, an error is the result; `origin` is
    /// where the concatenation stands.
    pub fn join_texts(&mut self, pieces: Vec<Result<StrId, Stop>>, origin: ExprId) -> Outcome {
        if let Some(Err(stop)) = pieces.iter().find(|piece| matches!(piece, Err(Stop(value)) if value.is_error())) {
            return Err(*stop);
        }
        if pieces.iter().all(Result::is_ok) {
            let known: Vec<StrId> = pieces.into_iter().flatten().collect();
            let length: usize = known.iter().map(|id| self.heap.bytes(*id).len()).sum();
            if length > self.limits.string_bytes {
                return Err(self.limit_error(super::LimitKind::String));
            }
            let joined = self.heap.concat(&known);
            self.heap.join_contexts(joined, &known);
            return Ok(Value::string(joined));
        }
        let mut flat = Vec::with_capacity(pieces.len());
        for piece in pieces {
            match piece {
                Ok(id) => flat.push(Piece::Known(id)),
                Err(Stop(value)) => {
                    if let View::Unknown(id) = value.view() {
                        match self.unknown_info(id).and_then(|info| info.pieces.clone()) {
                            Some(inner) => flat.extend(inner),
                            None => flat.push(Piece::Hole(id)),
                        }
                    }
                }
            }
        }
        Ok(self.partial_string(flat, origin))
    }

    pub(super) fn eval_interpolation(&mut self, expr: ExprId, range: Range, env: Env) -> Value {
        let mut pieces = Vec::with_capacity(range.len as usize);
        for index in range.start..range.start + range.len {
            let part = self.program.list_item(index);
            let piece = match self.program.expr(part) {
                Expr::Str(text) => Ok(StrId(text)),
                _ => {
                    let value = self.eval(part, env);
                    let outer = std::mem::replace(&mut self.site, part);
                    let piece = self.piece(value, Coercion::Strict);
                    self.site = outer;
                    piece
                }
            };
            if let Err(Stop(value)) = piece
                && value.is_error()
            {
                return value;
            }
            pieces.push(piece);
        }
        match self.join(pieces, expr, env) {
            Ok(value) | Err(Stop(value)) => value,
        }
    }

    pub(super) fn eval_path(&mut self, expr: ExprId, text: StrId) -> Value {
        if let Some(known) = self.path_literals.get(&expr) {
            return Value::path(*known).with_origin(expr);
        }
        let text = self.heap.text(text).into_owned();
        let absolute = self.absolute_path(&text, expr);
        let made = self.heap.new_string(absolute.as_bytes());
        self.path_literals.insert(expr, made);
        Value::path(made).with_origin(expr)
    }

    fn absolute_path(&self, text: &str, expr: ExprId) -> String {
        if text.starts_with('/') {
            return canonical_path(text);
        }
        let folder = self.program.linked(expr).map(|linked| linked.folder.to_string_lossy().into_owned());
        canonical_path(&format!("{}/{text}", folder.unwrap_or_default()))
    }

    pub(super) fn eval_path_interpolation(&mut self, expr: ExprId, range: Range, env: Env) -> Value {
        let mut text = String::new();
        let mut pieces = Vec::new();
        for index in range.start..range.start + range.len {
            let part = self.program.list_item(index);
            match self.program.expr(part) {
                // The written beginning is a path of its own, which keeps only a slash at its end.
                Expr::Path(id) if index == range.start => {
                    let beginning = self.heap.text(StrId(id)).into_owned();
                    text = self.absolute_path(&beginning, expr);
                    if beginning.ends_with('/') && text != "/" {
                        text.push('/');
                    }
                }
                Expr::Str(id) => text.push_str(&self.heap.text(StrId(id))),
                Expr::HomePath(_) => {
                    return self.unknown_at(UnknownReason::Impure("the home folder".to_owned()), expr).0;
                }
                _ => {
                    let value = self.eval(part, env);
                    match self.piece(value, Coercion::Path) {
                        Ok(id) => {
                            text.push_str(&self.heap.text(id));
                            pieces.push(id);
                        }
                        Err(Stop(value)) => return value,
                    }
                }
            }
        }
        for piece in pieces {
            if let Err(Stop(value)) = self.may_extend_path(piece) {
                return value;
            }
        }
        let absolute = self.absolute_path(&text, expr);
        self.path_value(&absolute).with_origin(expr)
    }

    pub(super) fn negate(&mut self, expr: ExprId, inner: ExprId, env: Env) -> Value {
        let value = self.eval(inner, env);
        let negated = match value.view() {
            View::Int(number) => match number.checked_neg() {
                Some(number) => Value::int(number).with_origin(expr),
                None => self.error_at(ErrorKind::Arithmetic, "integer overflow in negation", expr).0,
            },
            View::Float(number) => Value::float(0.0 - number).with_origin(expr),
            View::Unknown(_) | View::Error(_) => value,
            _ => {
                let message = format!("cannot negate {}", self.describe(value));
                self.error_at(ErrorKind::Type, message, expr).0
            }
        };
        if !negated.is_stop() {
            self.note(negated, env);
        }
        negated
    }

    /// `a // b`. An unknown side gives an open set; what an unknown right side may replace is unknown.
    pub fn update(&mut self, a: Value, b: Value) -> Outcome {
        match (a.view(), b.view()) {
            (View::Attrs(left), View::Attrs(right)) => {
                self.tick_many(self.heap.update_steps(left, right))?;
                if self.heap.set_len(right) == 0 && self.heap.open_set_reason(right).is_none() {
                    return Ok(a);
                }
                if self.heap.set_len(left) == 0 && self.heap.open_set_reason(left).is_none() {
                    return Ok(b);
                }
                match self.heap.open_set_reason(right) {
                    Some(id) => {
                        let veiled = self.veil(left, id);
                        Ok(self.heap.update(veiled, right))
                    }
                    None => Ok(self.heap.update(left, right)),
                }
            }
            (View::Unknown(id), View::Attrs(right)) => {
                let entries: Vec<_> = self
                    .heap
                    .entries(right)
                    .iter()
                    .map(|(name, slot, at)| (*name, self.heap.share(*slot), *at))
                    .collect();
                Ok(self.heap.new_open_set(&entries, Some(id)))
            }
            (View::Attrs(left), View::Unknown(id)) => {
                let veiled = self.veil(left, id);
                Ok(Value::attrs(veiled))
            }
            (View::Unknown(_), View::Unknown(_)) => Err(Stop(a)),
            (View::Attrs(_) | View::Unknown(_), _) => Err(self.type_error("a set", b)),
            _ => Err(self.type_error("a set", a)),
        }
    }

    /// The set with every value possibly replaced and more names possibly added, for the reason `id`.
    fn veil(&mut self, set: crate::heap::Set, id: crate::heap::UnknownId) -> crate::heap::Set {
        let entries: Vec<_> =
            self.heap.entries(set).iter().map(|(name, _, at)| (*name, Value::unknown(id), *at)).collect();
        match self.heap.new_open_set(&entries, Some(id)).view() {
            View::Attrs(set) => set,
            _ => set,
        }
    }

    /// `a ++ b`. An unknown or open side gives an open list.
    pub fn concat_lists(&mut self, a: Value, b: Value) -> Outcome {
        let (mut values, mut open) = (Vec::new(), None);
        for side in [a, b] {
            match side.view() {
                View::List(seq) => {
                    open = open.or(self.heap.open_reason(seq));
                    if values.len() + seq.len as usize > self.limits.list_elements {
                        return Err(self.limit_error(super::LimitKind::List));
                    }
                    values.extend(seq.slots().map(|slot| self.heap.share(slot)));
                }
                View::Unknown(id) => open = open.or(Some(id)),
                _ => return Err(self.type_error("a list", side)),
            }
        }
        self.tick_many(u64::try_from(values.len()).unwrap_or(0) / 4 + 1)?;
        match (a.view(), b.view()) {
            (View::List(Seq { len: 0, open: false, .. }), View::List(_)) => Ok(b),
            (View::List(_), View::List(Seq { len: 0, open: false, .. })) => Ok(a),
            _ => Ok(match open {
                Some(id) => self.heap.new_open_list(&values, id),
                None => self.heap.new_list(&values),
            }),
        }
    }
}

/// An absolute path without `.`, `..`, empty components and a final slash, as Nix keeps paths.
pub(super) fn canonical_path(text: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}
