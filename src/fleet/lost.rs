//! What does not count: elements of lists that another definition of a stronger priority takes away.

use super::facts::{Fact, Sourced};
use super::reader::Reader;
use crate::heap::View;
use crate::modules::{EvalId, LossReason, OPTION_DEFAULT_PRIORITY, OptionReport};
use crate::schema::networkd::Section;
use crate::source::Place;

/// An element of a list that another definition takes away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The list: `address`, `addresses`, `routes`, `internalIPs` or `internalIPv6s`.
    pub option: &'static str,
    /// The address, destination or range, as written.
    pub text: Sourced<String>,
    /// The binding of the definition that counts instead.
    pub to: Option<Place>,
    /// Whether that one is stronger than an ordinary definition (`mkForce`); else this one is weaker (`mkDefault`).
    pub is_forced: bool,
}

/// The options of a `.network` file whose elements are kept.
const LISTS: [&str; 3] = ["address", "addresses", "routes"];

impl Reader<'_> {
    /// What was written into a file of networkd and is replaced there. Only a file with several definitions has such.
    pub(super) fn lost_of_unit(&mut self, machine: EvalId, name: &str) -> Vec<Lost> {
        let mut lost = Vec::new();
        for option in LISTS {
            let report = self.option(machine, &["systemd", "network", "networks", name, option]);
            lost.extend(self.lost(&report, option));
        }
        lost
    }

    /// The ranges of `networking.nat` that are replaced.
    pub(super) fn lost_ranges(&mut self, machine: EvalId) -> Vec<Lost> {
        let mut lost = Vec::new();
        for option in ["internalIPs", "internalIPv6s"] {
            let report = self.option(machine, &["networking", "nat", option]);
            lost.extend(self.lost(&report, option));
        }
        lost
    }

    /// The elements of a list that are replaced by a stronger definition.
    fn lost(&mut self, report: &OptionReport, option: &'static str) -> Vec<Lost> {
        let Some(winner) = report.definitions.first().filter(|winner| winner.is_certain) else { return Vec::new() };
        let to = self.place(winner.origin);
        let is_forced = winner.priority < crate::modules::DEFAULT_PRIORITY;
        let mut found = Vec::new();
        for (definition, reason) in &report.losing {
            let is_own = definition.priority < OPTION_DEFAULT_PRIORITY && definition.is_certain;
            if *reason != LossReason::Priority || !is_own {
                continue;
            }
            let value = self.ev.force(definition.value);
            let View::List(seq) = value.view() else { continue };
            for element in self.ev.heap.elements(seq) {
                let value = self.ev.force(element);
                let text = match value.view() {
                    View::Attrs(set) if option == "routes" => self.lost_member(set, "Destination", Section::Route),
                    View::Attrs(set) if option == "addresses" => self.lost_member(set, "Address", Section::Address),
                    View::Str(_) => self.text(value, definition.origin),
                    _ => continue,
                };
                if let Fact::Known(text) = text {
                    found.push(Lost { option, text, to, is_forced });
                }
            }
        }
        found
    }

    /// A key of a section, which may stand in the old wrapper.
    fn lost_member(&mut self, set: crate::heap::Set, key: &str, section: Section) -> Fact<String> {
        let wrapper = section.wrapper().map(|wrapper| self.ev.heap.intern(wrapper));
        let inner = wrapper.and_then(|wrapper| self.ev.attribute(set, wrapper));
        let inner = inner.map(|inner| self.ev.force(inner).view());
        match inner {
            Some(View::Attrs(inner)) => self.member_fact(inner, key),
            _ => self.member_fact(set, key),
        }
    }
}
