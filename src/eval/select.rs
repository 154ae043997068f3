//! Following an attribute path into a value, as `-A` of Nix' tools does.

use super::evaluator::Evaluator;
use super::problem::{ErrorKind, Stop};
use crate::heap::{Value, View};

/// Why a path could not be followed to its end.
#[derive(Clone, Debug)]
pub struct Missed {
    /// The error or unknown.
    pub stop: Stop,
    /// Which name of the path it was, counted from 0.
    pub position: usize,
    /// If that name is missing: the names that stand beside it, sorted.
    pub siblings: Vec<String>,
}

/// The names of an attribute path: dots stand between them, quotes around those that contain dots.
pub fn path_names(path: &str) -> Vec<String> {
    let (mut names, mut name, mut is_quoted) = (Vec::new(), String::new(), false);
    for character in path.chars() {
        match character {
            '"' => is_quoted = !is_quoted,
            '.' if !is_quoted => names.push(std::mem::take(&mut name)),
            _ => name.push(character),
        }
    }
    if !path.is_empty() {
        names.push(name);
    }
    names
}

impl Evaluator {
    /// The value at a path of attribute names; a number selects an element of a list. With `calls_functions`, a function on the way that takes a
    /// set is called with an empty one. The result is evaluated.
    pub fn select_names(&mut self, value: Value, names: &[String], calls_functions: bool) -> Result<Value, Missed> {
        let mut value = value;
        for (position, name) in names.iter().enumerate() {
            let missed = |stop| Missed { stop, position, siblings: Vec::new() };
            value = self.want(value).map_err(missed)?;
            if calls_functions && self.formals_of(value).is_some() {
                let called = self.call(value, &[Value::EMPTY_SET]).map_err(missed)?;
                value = self.want(called).map_err(missed)?;
            }
            value = match (value.view(), name.parse::<u32>()) {
                (View::List(seq), Ok(index)) => match (seq.slot(index), self.heap.open_reason(seq)) {
                    (Some(slot), _) => Value::reference(slot),
                    (None, Some(reason)) => return Err(missed(Stop(Value::unknown(reason)))),
                    (None, None) => {
                        let path = names.join(".");
                        let message = format!("list index {index} in selection path '{path}' is out of range");
                        return Err(missed(self.error(ErrorKind::MissingAttribute, message)));
                    }
                },
                _ => {
                    let set = self.want_attrs(value).map_err(missed)?;
                    let symbol = self.heap.intern(name);
                    match self.attribute_or_stop(set, symbol) {
                        Ok(value) => value,
                        Err(stop) => {
                            let entries = self.heap.entries(set).into_iter();
                            let siblings = entries.map(|(name, ..)| self.heap.name(name).to_owned()).collect();
                            return Err(Missed { stop, position, siblings });
                        }
                    }
                }
            };
        }
        let position = names.len().saturating_sub(1);
        self.want(value).map_err(|stop| Missed { stop, position, siblings: Vec::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::path_names;

    #[test]
    fn a_selection_path_is_split_at_dots_outside_quotes() {
        assert_eq!(path_names("a.\"b.c\".0"), ["a", "b.c", "0"]);
        assert_eq!(path_names(""), [""; 0]);
    }
}
