//! Files of networkd that are written and lost, because another value took the place of all that holds them: `//` joins only the outermost names, and of two
//! entries with one name a generated set keeps the first.

use rustc_hash::FxHashSet;

use super::facts::{Network, Unit};
use super::reader::Reader;
use crate::eval::Dropped;
use crate::heap::{Set, Value, View};
use crate::source::{FileId, Place};

/// The names that lead to the files of networkd.
pub(super) const PATH: [&str; 3] = ["systemd", "network", "networks"];

/// Most files that are looked at.
const MOST: usize = 1_000;

/// A file that was written and lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DroppedUnit {
    /// The file as it is written.
    pub unit: Unit,
    /// What took its place.
    pub by: DroppedBy,
}

/// What took the place of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DroppedBy {
    /// `//`: what stands to its right has the name as well.
    Update {
        /// The name, of `systemd.network.networks`, that both sides have.
        name: &'static str,
        /// Where the right side has it.
        right: Option<Place>,
    },
    /// An entry of the same name that a function was given before it, when it made a set.
    Entry {
        /// Where the names were made.
        name: Option<Place>,
    },
}

impl Reader<'_> {
    /// The files that a machine lost.
    pub(super) fn dropped_units(&mut self, network: &Network) -> Vec<DroppedUnit> {
        let noted = self.ev.dropped();
        if noted.is_empty() || !network.units.is_complete {
            return Vec::new();
        }
        // One evaluator reads many machines, so what is noted must stand in a file of this one.
        let starts = network.module_starts.iter().copied();
        let places = starts.chain(network.units.items.iter().filter_map(|unit| unit.place));
        let files: FxHashSet<FileId> = places.map(|place| place.file).collect();
        let mut units = Vec::new();
        for dropped in noted {
            if units.len() >= MOST {
                break;
            }
            let is_own = |place: Option<Place>| place.is_some_and(|place| files.contains(&place.file));
            if dropped.update.is_some() {
                if is_own(self.place(dropped.update)) {
                    self.dropped_by_update(network, dropped, &mut units);
                }
            } else if is_own(self.place(dropped.kept_name)) {
                self.dropped_by_entry(network, dropped, &mut units);
            }
        }
        units
    }

    fn dropped_by_update(&mut self, network: &Network, dropped: Dropped, units: &mut Vec<DroppedUnit>) {
        let text = self.ev.heap.name(dropped.name).to_owned();
        let Some(depth) = PATH.iter().position(|name| *name == text) else { return };
        let (Some(lost), Some(name)) = (self.set_below(dropped.lost, depth + 1), PATH.get(depth)) else { return };
        let right = self.place(dropped.kept_name);
        for (symbol, _, _) in self.ev.heap.entries(lost) {
            let name_of_file = self.ev.heap.name(symbol).to_owned();
            if network.units.items.iter().any(|unit| unit.name == name_of_file) {
                continue;
            }
            let Some(config) = self.plain_unit(&[lost], symbol) else { continue };
            let unit = self.unit(symbol, config, &[lost]);
            units.push(DroppedUnit { unit, by: DroppedBy::Update { name, right } });
        }
    }

    fn dropped_by_entry(&mut self, network: &Network, dropped: Dropped, units: &mut Vec<DroppedUnit>) {
        let text = self.ev.heap.name(dropped.name).to_owned();
        let name = self.place(dropped.kept_name);
        if !network.units.items.iter().any(|unit| unit.name == text && unit.place == name) {
            return;
        }
        let View::Attrs(alone) = self.ev.heap.new_set(&[(dropped.name, dropped.lost, dropped.lost_name)]).view() else {
            return;
        };
        let Some(config) = self.plain_unit(&[alone], dropped.name) else { return };
        let unit = self.unit(dropped.name, config, &[alone]);
        units.push(DroppedUnit { unit, by: DroppedBy::Entry { name } });
    }

    /// The set at the end of the path to the files, from a name on.
    fn set_below(&mut self, value: Value, from: usize) -> Option<Set> {
        let mut value = value;
        for name in PATH.iter().skip(from) {
            let View::Attrs(set) = self.ev.force(value).view() else { return None };
            let symbol = self.ev.heap.intern(name);
            value = self.ev.attribute(set, symbol)?;
        }
        match self.ev.force(value).view() {
            View::Attrs(set) => Some(set),
            _ => None,
        }
    }
}
