//! Which place of a computed value is the one to change, and edits of places.

use super::finding::{Edit, Fix, Safety};
use crate::fleet::{Address, Fact, Origin, Sourced};
use crate::source::{Place, Span};

/// The scalar that gave a byte of a text, else the expression that gave the text.
pub(super) fn at_byte(text: &Sourced<String>, byte: usize) -> Option<Place> {
    let part = text.origin.parts.get().iter().find(|part| part.start as usize <= byte && byte < part.end as usize);
    part.and_then(|part| part.place).or_else(|| text.place())
}

/// The scalar that gave the last byte of a text: the number in `vm5`, the last octet of a MAC.
pub(super) fn at_end(text: &Sourced<String>) -> Option<Place> {
    at_byte(text, text.value.len().saturating_sub(1))
}

/// The scalar that gave the end of an address, its prefix length left aside: the number of the guest.
pub(super) fn in_address(address: &Address) -> Option<Place> {
    in_prefix(&address.text)
}

/// As [`in_address`], for a text that may have a prefix length.
pub(super) fn in_prefix(text: &Sourced<String>) -> Option<Place> {
    let end = text.value.find('/').unwrap_or(text.value.len());
    at_byte(text, end.saturating_sub(1))
}

/// The string literal that is the whole text, if it is one: its quotes included.
pub(super) fn literal(text: &Sourced<String>) -> Option<Place> {
    let [part] = text.origin.parts.get() else { return None };
    let place = part.place.filter(|_| part.is_verbatim && part.start == 0)?;
    let length = text.value.len();
    let covers_all = part.end as usize == length && (place.span.end - place.span.start) as usize == length + 2;
    covers_all.then_some(place)
}

/// An edit that writes another string in place of a literal.
pub(super) fn replace_literal(
    text: &Sourced<String>,
    new: &str,
    title: impl Into<String>,
    safety: Safety,
) -> Option<Fix> {
    let place = literal(text)?;
    Some(Fix { title: title.into(), safety, edits: vec![Edit { place, replacement: format!("\"{new}\"") }] })
}

/// The bytes of a binding `name = value;` from the first of its name to its semicolon, if it is written in one piece.
pub(super) fn binding<T>(fact: &Fact<T>) -> Option<Place> {
    fact.known()?.origin.whole()
}

/// An edit that removes a binding.
pub(super) fn remove_binding<T>(fact: &Fact<T>, title: impl Into<String>) -> Option<Fix> {
    let place = binding(fact)?;
    Some(Fix { title: title.into(), safety: Safety::Safe, edits: vec![Edit { place, replacement: String::new() }] })
}

/// An edit that adds text before a binding of the same set.
pub(super) fn insert_before<T>(fact: &Fact<T>, new: &str, title: impl Into<String>, safety: Safety) -> Option<Fix> {
    insert_at(&fact.known()?.origin, new, title, safety)
}

/// An edit that adds text before the binding that a value comes from.
pub(super) fn insert_at(origin: &Origin, new: &str, title: impl Into<String>, safety: Safety) -> Option<Fix> {
    let place = name_of(origin)?;
    let here = Place { file: place.file, span: Span::new(place.span.start, place.span.start) };
    Some(Fix { title: title.into(), safety, edits: vec![Edit { place: here, replacement: new.to_owned() }] })
}

/// The name of a binding that holds a value, itself or in a call such as `mkDefault` or a list, so that another name can stand there. An inherited
/// value lies elsewhere.
pub(super) fn name_of(origin: &Origin) -> Option<Place> {
    origin.definition.filter(|_| origin.binding.holds_value())
}

/// An edit that gives a binding another name. `old` is the name it has.
pub(super) fn rename(origin: &Origin, old: &str, new: &str, safety: Safety) -> Option<Fix> {
    let place = name_of(origin)?;
    let length = (place.span.end - place.span.start) as usize;
    let is_whole = length == old.len() || length == old.len() + 2;
    is_whole.then(|| Fix {
        title: format!("Rename `{old}` to `{new}`"),
        safety,
        edits: vec![Edit { place, replacement: new.to_owned() }],
    })
}

/// An edit that writes another expression in place of a literal of a known length. It is safe only where the literal stands in the binding itself.
pub(super) fn replace_value(origin: &Origin, length: usize, new: &str) -> Option<Fix> {
    let place = origin.value.filter(|place| (place.span.end - place.span.start) as usize == length)?;
    let safety = if name_of(origin).is_some() { Safety::Safe } else { Safety::Unsafe };
    let title = format!("Write `{new}`");
    Some(Fix { title, safety, edits: vec![Edit { place, replacement: new.to_owned() }] })
}
