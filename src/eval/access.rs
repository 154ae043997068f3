//! What built-in functions use: values of an expected type, attributes, texts.

use super::evaluator::Evaluator;
use super::native::Outcome;
use super::problem::{ErrorKind, Stop, UnknownReason};
use crate::heap::{Seq, Set, StrId, Symbol, UnknownId, Value, View};
use crate::syntax::ExprId;

impl Evaluator {
    /// The value, evaluated; an error or unknown as [`Stop`].
    #[inline]
    pub fn want(&mut self, value: Value) -> Outcome {
        let value = self.force(value);
        if value.is_stop() { Err(Stop(value)) } else { Ok(value) }
    }

    /// An integer.
    pub fn want_int(&mut self, value: Value) -> Result<i64, Stop> {
        let value = self.want(value)?;
        match value.view() {
            View::Int(number) => Ok(number),
            _ => Err(self.type_error("an integer", value)),
        }
    }

    /// A boolean.
    pub fn want_bool(&mut self, value: Value) -> Result<bool, Stop> {
        let value = self.want(value)?;
        match value.view() {
            View::Bool(truth) => Ok(truth),
            _ => Err(self.type_error("a Boolean", value)),
        }
    }

    /// A string (nothing is coerced).
    pub fn want_string(&mut self, value: Value) -> Result<StrId, Stop> {
        let value = self.want(value)?;
        match value.view() {
            View::Str(id) => Ok(id),
            _ => Err(self.type_error("a string", value)),
        }
    }

    /// The text of a string (nothing is coerced).
    pub fn want_text(&mut self, value: Value) -> Result<String, Stop> {
        let id = self.want_string(value)?;
        Ok(self.heap.text(id).into_owned())
    }

    /// A string that refers to nothing in the store (nothing is coerced): the name of an attribute, a version, a pattern.
    pub fn want_plain(&mut self, value: Value) -> Result<StrId, Stop> {
        let id = self.want_string(value)?;
        self.without_context(id)?;
        Ok(id)
    }

    /// The text of a string that refers to nothing in the store (nothing is coerced).
    pub fn want_plain_text(&mut self, value: Value) -> Result<String, Stop> {
        let id = self.want_plain(value)?;
        Ok(self.heap.text(id).into_owned())
    }

    /// An error if the string refers to something in the store.
    pub(super) fn without_context(&mut self, id: StrId) -> Result<(), Stop> {
        if !self.heap.has_context(id) {
            return Ok(());
        }
        let message = format!("the string '{}' is not allowed to refer to a store path", self.heap.text(id));
        Err(self.error(ErrorKind::Type, message))
    }

    /// A list, complete or open.
    pub fn want_list(&mut self, value: Value) -> Result<Seq, Stop> {
        let value = self.want(value)?;
        match value.view() {
            View::List(seq) => Ok(seq),
            _ => Err(self.type_error("a list", value)),
        }
    }

    /// A list of which every element is known; an open one gives its unknown.
    pub fn want_whole_list(&mut self, value: Value) -> Result<Seq, Stop> {
        let seq = self.want_list(value)?;
        match self.heap.open_reason(seq) {
            Some(id) => Err(Stop(Value::unknown(id))),
            None => Ok(seq),
        }
    }

    /// A set, complete or open.
    pub fn want_attrs(&mut self, value: Value) -> Result<Set, Stop> {
        let value = self.want(value)?;
        match value.view() {
            View::Attrs(set) => Ok(set),
            _ => Err(self.type_error("a set", value)),
        }
    }

    /// A set of which every name is known; an open one gives its unknown.
    pub fn want_whole_attrs(&mut self, value: Value) -> Result<Set, Stop> {
        let set = self.want_attrs(value)?;
        match self.heap.open_set_reason(set) {
            Some(id) => Err(Stop(Value::unknown(id))),
            None => Ok(set),
        }
    }

    /// Something that can be called: a function or a set with `__functor`.
    pub fn want_function(&mut self, value: Value) -> Outcome {
        let value = self.want(value)?;
        match value.view() {
            View::Lambda(..) | View::Native(_) | View::Partial(_) => Ok(value),
            View::Attrs(set) if self.heap.attribute(set, crate::heap::sym::FUNCTOR).is_some() => Ok(value),
            _ => Err(self.type_error("a function", value)),
        }
    }

    /// An attribute, not forced; `None` if a complete or open set does not have it.
    pub fn attribute(&self, set: Set, name: Symbol) -> Option<Value> {
        self.heap.attribute(set, name).map(|slot| self.heap.share(slot))
    }

    /// An attribute, not forced. Missing from an open set it is unknown, missing from a complete one an error.
    pub fn attribute_or_stop(&mut self, set: Set, name: Symbol) -> Outcome {
        match self.attribute(set, name) {
            Some(value) => Ok(value),
            None => Err(self.missing_attribute(set, name)),
        }
    }

    /// An attribute that may be missing: an open set without it gives its unknown.
    pub fn optional_attribute(&mut self, set: Set, name: Symbol) -> Result<Option<Value>, Stop> {
        match (self.attribute(set, name), self.heap.open_set_reason(set)) {
            (None, Some(id)) => Err(Stop(Value::unknown(self.unknown_of_name(id, name)))),
            (value, _) => Ok(value),
        }
    }

    /// The unknown for one name that an open set does not have: of options that nobody declares it tells which one is meant.
    pub(super) fn unknown_of_name(&mut self, open: UnknownId, name: Symbol) -> UnknownId {
        if let Some(known) = self.undeclared.get(&(open, name)) {
            return *known;
        }
        let Some(UnknownReason::UndeclaredOption(all)) = self.unknown_info(open).map(|info| &info.reason) else {
            return open;
        };
        let Some(above) = all.strip_suffix('…') else { return open };
        let mut option = above.to_owned();
        super::print::print_name(self.heap.name(name), &mut option);
        let View::Unknown(made) = self.unknown_at(UnknownReason::UndeclaredOption(option), ExprId::NONE).0.view()
        else {
            return open;
        };
        self.undeclared.insert((open, name), made);
        made
    }

    /// The stop for an attribute that a set does not have.
    pub fn missing_attribute(&mut self, set: Set, name: Symbol) -> Stop {
        match self.heap.open_set_reason(set) {
            Some(id) => Stop(Value::unknown(self.unknown_of_name(id, name))),
            None => {
                let message = format!("attribute '{}' missing", self.heap.name(name));
                self.error(ErrorKind::MissingAttribute, message)
            }
        }
    }

    /// Calls a function and evaluates what it gives to a boolean.
    pub fn call_bool(&mut self, function: Value, arguments: &[Value]) -> Result<bool, Stop> {
        let answer = self.call(function, arguments)?;
        self.want_bool(answer)
    }

    /// A string value.
    pub fn str(&mut self, text: &str) -> Value {
        self.heap.new_str(text)
    }

    /// A path value; `path` is absolute.
    pub fn path_value(&mut self, path: &str) -> Value {
        Value::path(self.heap.new_string(path.as_bytes()))
    }

    /// A set from names and values (values may be lazy); the attributes have no place in the source.
    pub fn set(&mut self, attributes: &[(&str, Value)]) -> Value {
        let attributes: Vec<(Symbol, Value, ExprId)> =
            attributes.iter().map(|(name, value)| (self.heap.intern(name), *value, ExprId::NONE)).collect();
        self.heap.new_set(&attributes)
    }

    /// A list of values (which may be lazy).
    pub fn list(&mut self, values: &[Value]) -> Value {
        self.heap.new_list(values)
    }

    /// An unknown because routelint does not evaluate `what`.
    pub fn unsupported(&mut self, what: &str) -> Stop {
        self.unknown(UnknownReason::Unsupported(what.to_owned()))
    }

    /// The name of a value's type as `builtins.typeOf` gives it.
    pub fn type_name(&self, value: Value) -> &'static str {
        match value.view() {
            View::Null => "null",
            View::Bool(_) => "bool",
            View::Int(_) => "int",
            View::Float(_) => "float",
            View::Str(_) => "string",
            View::Path(_) => "path",
            View::List(_) => "list",
            View::Attrs(_) => "set",
            View::Lambda(..) | View::Native(_) | View::Partial(_) => "lambda",
            View::Unknown(_) => "unknown",
            View::Error(_) => "error",
            View::Thunk(..) | View::Call(_) | View::Ask(..) | View::Ref(_) | View::Black | View::Link(_) => "thunk",
        }
    }

    /// A value's type with an article, and the value itself if it is a short scalar: for messages.
    pub fn describe(&self, value: Value) -> String {
        match value.view() {
            View::Null => "null".to_owned(),
            View::Bool(truth) => format!("a Boolean: {truth}"),
            View::Int(number) => format!("an integer: {number}"),
            View::Float(number) => format!("a float: {number}"),
            View::Str(id) => {
                let text = self.heap.text(id);
                let short: String = text.chars().take(60).collect();
                format!("a string: {short:?}")
            }
            View::Path(id) => format!("a path: {}", self.heap.text(id)),
            View::List(_) => "a list".to_owned(),
            View::Attrs(_) => "a set".to_owned(),
            View::Lambda(..) => "a function".to_owned(),
            View::Native(_) => "a built-in function".to_owned(),
            View::Partial(_) => "a partially applied built-in function".to_owned(),
            View::Unknown(_) => "something unknown".to_owned(),
            View::Error(_) => "an error".to_owned(),
            View::Thunk(..) | View::Call(_) | View::Ask(..) | View::Ref(_) | View::Black | View::Link(_) => {
                "a thunk".to_owned()
            }
        }
    }
}
