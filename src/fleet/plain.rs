//! Units and interfaces that one plain definition gives whole: what is written is what the module system would merge it to.
//!
//! Nearly all units of a fleet are of this kind, so reading them as they are written spares an evaluation of a submodule for each.
//! Whatever is not obviously so (several definitions, `mkIf` and the like anywhere inside, an option or type that does not fit)
//! goes through the module system.

use super::reader::Reader;
use crate::heap::{Set, Symbol, Value, View, sym};

/// Options of a unit whose value is a section.
const SECTIONS: &[&str] = &["matchConfig", "networkConfig", "linkConfig"];
/// Options of a unit whose value is a list of texts.
const TEXTS: &[&str] = &["address", "gateway", "dns", "ntp", "bridge"];
/// Options of a unit whose value is a list of sections.
const LISTS: &[&str] = &["routes", "addresses"];
/// Old wrappers around elements of such lists.
const WRAPPERS: &[&str] = &["routeConfig", "addressConfig"];

impl Reader<'_> {
    /// The set that defines a unit, if it is the only definition and plain.
    pub(super) fn plain_unit(&mut self, networks: &[Set], name: Symbol) -> Option<Set> {
        let mut defined = networks.iter().filter_map(|set| self.ev.attribute(*set, name));
        let (Some(only), None) = (defined.next(), defined.next()) else { return None };
        let set = self.plain_set(only)?;
        for (name, slot, _) in self.ev.heap.entries(set) {
            let option = self.ev.heap.name(name).to_owned();
            let value = self.ev.force_slot(slot);
            let is_plain = match option.as_str() {
                section if SECTIONS.contains(&section) => self.is_plain_section(value),
                texts if TEXTS.contains(&texts) => {
                    self.is_plain_list(value, |_, element| matches!(element.view(), View::Str(_)))
                }
                lists if LISTS.contains(&lists) => self.is_plain_list(value, Self::is_plain_element),
                "enable" => matches!(value.view(), View::Bool(_)),
                "name" | "DHCP" => matches!(value.view(), View::Str(_) | View::Null),
                _ => false,
            };
            if !is_plain {
                return None;
            }
        }
        Some(set)
    }

    /// An element of `microvm.interfaces` as it is written, if it is plain and has what it must have.
    pub(super) fn plain_interface(&mut self, element: Value) -> Option<Set> {
        let set = self.plain_set(element)?;
        let mut required = 0;
        for (name, slot, _) in self.ev.heap.entries(set) {
            let option = self.ev.heap.name(name).to_owned();
            let value = self.ev.force_slot(slot);
            required += usize::from(matches!(option.as_str(), "type" | "id" | "mac"));
            let is_plain = match option.as_str() {
                "type" => match value.view() {
                    View::Str(id) => matches!(self.ev.heap.bytes(id), b"user" | b"tap" | b"macvtap" | b"bridge"),
                    _ => false,
                },
                "id" | "mac" | "bridge" => matches!(value.view(), View::Str(_)),
                _ => false,
            };
            if !is_plain {
                return None;
            }
        }
        (required == 3).then_some(set)
    }

    /// A complete set that is no property (`mkIf` and so on).
    fn plain_set(&mut self, value: Value) -> Option<Set> {
        let View::Attrs(set) = self.ev.force(value).view() else { return None };
        let is_plain =
            self.ev.heap.attribute(set, sym::TYPE_TAG).is_none() && self.ev.heap.open_set_reason(set).is_none();
        is_plain.then_some(set)
    }

    /// A set of scalars and lists of scalars.
    fn is_plain_section(&mut self, value: Value) -> bool {
        let Some(set) = self.plain_set(value) else { return false };
        self.ev.heap.entries(set).into_iter().all(|(_, slot, _)| {
            let value = self.ev.force_slot(slot);
            is_scalar(value) || self.is_plain_list(value, |_, element| is_scalar(element))
        })
    }

    /// An element of a list of sections: a section, perhaps in the old wrapper.
    fn is_plain_element(&mut self, value: Value) -> bool {
        let Some(set) = self.plain_set(value) else { return false };
        self.ev.heap.entries(set).into_iter().all(|(name, slot, _)| {
            let value = self.ev.force_slot(slot);
            let is_wrapper = WRAPPERS.contains(&self.ev.heap.name(name));
            is_scalar(value)
                || (is_wrapper && self.is_plain_section(value))
                || self.is_plain_list(value, |_, element| is_scalar(element))
        })
    }

    fn is_plain_list(&mut self, value: Value, is_plain: impl Fn(&mut Self, Value) -> bool) -> bool {
        let View::List(seq) = value.view() else { return false };
        !seq.open
            && seq.slots().all(|slot| {
                let element = self.ev.force_slot(slot);
                is_plain(self, element)
            })
    }
}

fn is_scalar(value: Value) -> bool {
    matches!(value.view(), View::Str(_) | View::Int(_) | View::Bool(_))
}
