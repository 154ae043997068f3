//! Turning values into strings.

use super::evaluator::Evaluator;
use super::print::not_finite;
use super::problem::{ErrorKind, Stop, UnknownReason};
use crate::heap::{StrId, Value, View, sym};

/// How far a value is turned into a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coercion {
    /// As in interpolation and `+`: strings, sets with `__toString` or `outPath`; a path is copied to the store.
    Strict,
    /// As in `concatStringsSep` and file functions: like [`Coercion::Strict`], but a path gives its own text.
    Path,
    /// As in `toString`: also numbers, booleans, null and lists; a path gives its own text.
    More,
    /// As in the environment of a derivation: like [`Coercion::More`], but a path is copied to the store.
    Environment,
}

impl Coercion {
    /// How the operands of a `+` become strings, by the first: only to a string a path is appended as that of its copy.
    pub(super) fn behind(first: Value) -> Self {
        if matches!(first.view(), View::Attrs(_) | View::Path(_)) { Self::Path } else { Self::Strict }
    }

    /// Whether a path becomes the path of its copy in the store.
    fn copies(self) -> bool {
        matches!(self, Self::Strict | Self::Environment)
    }

    /// Whether numbers, booleans, null and lists have a text.
    fn is_wide(self) -> bool {
        matches!(self, Self::More | Self::Environment)
    }
}

const DEEPEST: u32 = 1_000;

impl Evaluator {
    /// The value as a string.
    pub fn coerce(&mut self, value: Value, how: Coercion) -> Result<StrId, Stop> {
        self.coerce_within(value, how, 0)
    }

    fn coerce_within(&mut self, value: Value, how: Coercion, depth: u32) -> Result<StrId, Stop> {
        if depth > DEEPEST {
            return Err(self.limit_error(super::LimitKind::Depth));
        }
        let value = self.want(value)?;
        match value.view() {
            View::Str(id) => return Ok(id),
            View::Path(id) if how.copies() => return self.copied_to_store(id, how),
            View::Path(id) => return Ok(id),
            View::Attrs(set) => {
                if let Some(function) = self.attribute(set, sym::TO_STRING) {
                    let text = self.call(function, &[value])?;
                    return self.coerce_within(text, how, depth + 1);
                }
                if let Some(path) = self.attribute(set, sym::OUT_PATH) {
                    return self.coerce_within(path, how, depth + 1);
                }
                if let Some(id) = self.heap.open_set_reason(set) {
                    return Err(Stop(Value::unknown(id)));
                }
            }
            View::Int(number) if how.is_wide() => {
                return Ok(self.heap.new_string(number.to_string().as_bytes()));
            }
            View::Float(number) if how.is_wide() => {
                let text = if number.is_finite() { format!("{number:.6}") } else { not_finite(number).to_owned() };
                return Ok(self.heap.new_string(text.as_bytes()));
            }
            View::Bool(truth) if how.is_wide() => {
                return Ok(self.heap.new_string(if truth { b"1" } else { b"" }));
            }
            View::Null if how.is_wide() => return Ok(self.heap.new_string(b"")),
            View::List(seq) if how.is_wide() => {
                if let Some(id) = self.heap.open_reason(seq) {
                    return Err(Stop(Value::unknown(id)));
                }
                let space = self.heap.new_string(b" ");
                let mut pieces = Vec::with_capacity(seq.count() * 2);
                let last = seq.len.saturating_sub(1);
                let mut length = 0;
                for (slot, index) in seq.slots().zip(0u32..) {
                    self.tick()?;
                    let element = self.force_slot(slot);
                    let is_empty_list = matches!(element.view(), View::List(inner) if inner.len == 0);
                    let piece = self.coerce_within(element, how, depth + 1)?;
                    length += self.heap.bytes(piece).len() + 1;
                    if length > self.limits.string_bytes {
                        return Err(self.limit_error(super::LimitKind::String));
                    }
                    pieces.push(piece);
                    if index != last && !is_empty_list {
                        pieces.push(space);
                    }
                }
                let joined = self.heap.concat(&pieces);
                self.heap.join_contexts(joined, &pieces);
                return Ok(joined);
            }
            _ => {}
        }
        let message = format!("cannot coerce {} to a string", self.describe(value));
        Err(self.error(ErrorKind::Type, message))
    }

    /// The store path of a copy of a path. It follows from the content where the evaluation stands alone. Where a fleet is read, a copy stands for its
    /// source, so that what is below it can be read; what a derivation would get is unknown.
    fn copied_to_store(&mut self, path: StrId, how: Coercion) -> Result<StrId, Stop> {
        match self.store_copy {
            Some(copy) if self.stands_alone => copy(self, path),
            _ if self.is_tolerant && how == Coercion::Strict => Ok(path),
            _ => {
                let name = self.heap.text(path).into_owned();
                Err(self.unknown(UnknownReason::StorePath(name)))
            }
        }
    }

    /// A path argument: a path, or a string with an absolute path. Gives the text.
    pub fn want_path(&mut self, value: Value) -> Result<String, Stop> {
        let (path, _) = self.want_plain_path(value)?;
        match self.source_of_copy(&path) {
            Some(Some(source)) => Ok(source),
            Some(None) => Err(self.unknown(UnknownReason::Outside(path))),
            None => Ok(path),
        }
    }

    /// The path as it is written, canonical, with the string that gave it: a path in the store stays there.
    pub fn want_plain_path(&mut self, value: Value) -> Result<(String, StrId), Stop> {
        let id = match value.view() {
            View::Path(id) => id,
            _ => self.coerce(value, Coercion::Path)?,
        };
        let text = self.heap.text(id).into_owned();
        if !text.starts_with('/') {
            return Err(self.error(ErrorKind::Type, format!("string '{text}' doesn't represent an absolute path")));
        }
        Ok((super::operators::canonical_path(&text), id))
    }

    /// Where a path in the store was copied from, if this evaluation copied it; `Some(None)` if only parts of that may have been copied.
    fn source_of_copy(&self, path: &str) -> Option<Option<String>> {
        if self.copies.is_empty() {
            return None;
        }
        let name_end = path.strip_prefix("/nix/store/")?.find('/').map_or(path.len(), |end| end + "/nix/store/".len());
        let (copy, rest) = path.split_at_checked(name_end)?;
        self.copies.get(copy).map(|source| source.as_ref().map(|source| format!("{source}{rest}")))
    }
}
