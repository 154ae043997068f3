//! Types from the text of the static tables: `str`, `listOf str`, `nullOr (enum a b c)`, `attrsOf submodule`.

use std::rc::Rc;

use super::TypeId;
use super::named::named;
use super::table::{Kind, ModuleList, Part, Plain, Submodule, add, attrs_of, either, list_of, null_or, plain};
use crate::eval::Evaluator;
use crate::heap::Value;
use crate::modules::schema_tree::SchemaNode;

/// Deepest nesting of a type's text.
const DEEPEST: u8 = 32;

/// A type from its text in the static tables. `submodule` in it stands for one with the declarations `submodule`; a name that
/// is no type stands for `anything`.
pub fn type_from_text(ev: &mut Evaluator, text: &str, submodule: Option<Rc<SchemaNode>>) -> TypeId {
    let spaced = text.replace('(', " ( ").replace(')', " ) ").replace(['[', ']', '"'], " ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words, submodule };
    reader.read(ev, 0)
}

struct Reader<'a> {
    words: &'a [&'a str],
    submodule: Option<Rc<SchemaNode>>,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<&'a str> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }

    /// The words up to the closing parenthesis of this level.
    fn rest(&mut self) -> Vec<&'a str> {
        let end = self.words.iter().position(|word| *word == ")").unwrap_or(self.words.len());
        let (now, later) = self.words.split_at(end);
        self.words = later;
        now.to_vec()
    }

    fn part(&mut self, ev: &mut Evaluator, depth: u8) -> Part {
        Part::Known(self.read(ev, depth + 1))
    }

    fn read(&mut self, ev: &mut Evaluator, depth: u8) -> TypeId {
        let Some(word) = self.next().filter(|_| depth < DEEPEST) else { return plain(ev, Plain::Anything) };
        match word {
            "(" => {
                let inner = self.read(ev, depth + 1);
                if self.words.first() == Some(&")") {
                    self.next();
                }
                inner
            }
            "listOf" => {
                let element = self.part(ev, depth);
                list_of(ev, element)
            }
            "attrsOf" => {
                let element = self.part(ev, depth);
                attrs_of(ev, element)
            }
            "lazyAttrsOf" => {
                let element = self.part(ev, depth);
                let placeholder = ev.str("name");
                add(ev, Kind::AttrsOf { element, is_lazy: true, placeholder })
            }
            "nullOr" => {
                let inner = self.part(ev, depth);
                null_or(ev, inner)
            }
            "uniq" => {
                let inner = self.part(ev, depth);
                let message = ev.str("");
                add(ev, Kind::Unique { message, inner })
            }
            "functionTo" => {
                let result = self.part(ev, depth);
                add(ev, Kind::FunctionTo(result))
            }
            "either" => {
                let left = self.part(ev, depth);
                let right = self.part(ev, depth);
                either(ev, left, right)
            }
            "oneOf" => {
                let mut ty = self.read(ev, depth + 1);
                while self.words.first().is_some_and(|word| *word != ")") {
                    let next = self.part(ev, depth);
                    ty = either(ev, Part::Known(ty), next);
                }
                ty
            }
            "coercedToList" => {
                let element = self.part(ev, depth);
                let function = ev.native("lib.lists.singleton");
                let list = list_of(ev, element);
                add(ev, Kind::CoercedTo { from: element, function, to: Part::Known(list) })
            }
            "enum" => {
                let mut values = Vec::new();
                for word in self.rest() {
                    values.push(match word {
                        "true" => Value::TRUE,
                        "false" => Value::FALSE,
                        "null" => Value::NULL,
                        _ => match word.parse::<i64>() {
                            Ok(number) => Value::int(number),
                            Err(_) => ev.str(word),
                        },
                    });
                }
                let values = ev.list(&values);
                add(ev, Kind::Enum(values))
            }
            "between" | "ints.between" => {
                let low = self.next().and_then(|word| word.parse().ok()).unwrap_or(i64::MIN);
                let high = self.next().and_then(|word| word.parse().ok()).unwrap_or(i64::MAX);
                super::named::int_between(ev, low, high)
            }
            "separatedString" => {
                let separator = ev.str(self.rest().first().copied().unwrap_or_default());
                add(ev, Kind::Separated(separator))
            }
            "submodule" => {
                let schema = self.submodule.clone();
                add(
                    ev,
                    Kind::Submodule(Submodule {
                        modules: ModuleList::Known(Rc::from([])),
                        special_args: Value::EMPTY_SET,
                        shorthand: Value::TRUE,
                        description: Value::NULL,
                        class: Value::NULL,
                        schema,
                        is_open: true,
                    }),
                )
            }
            name => named(ev, name).unwrap_or_else(|| plain(ev, Plain::Anything)),
        }
    }
}
