//! Entries of `microvm.vms` that microvm.nix cannot make a guest of (microvm.nix, `nixos-modules/host/default.nix`).

use super::discover::Finder;
use super::entry::attribute;
use super::trouble::{EntryMistake, Problem, ProblemKind};
use crate::heap::{Value, View};
use crate::modules::{self, EvalId};
use crate::source::Place;

/// One entry, and what was found for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    pub(super) host_id: EvalId,
    pub(super) name: &'a str,
    pub(super) place: Option<Place>,
    /// The value of its `flake`.
    pub(super) flake: Value,
    /// The value of its `updateFlake`.
    pub(super) update: Value,
    /// The configuration that was taken.
    pub(super) guest: Option<EvalId>,
}

impl Finder<'_> {
    /// Notes what is wrong with an entry.
    pub(super) fn judge_entry(&mut self, entry: Entry<'_>) {
        let option = |leaf| ["microvm", "vms", entry.name, leaf];
        let given = |value: Value| matches!(value.view(), View::Attrs(_) | View::Path(_) | View::Str(_));
        let (has_flake, has_update) = (given(entry.flake), given(entry.update));
        if !has_flake && !has_update {
            return;
        }
        let leaf = if has_flake { "flake" } else { "updateFlake" };
        let flake = self.reader.option(entry.host_id, &option(leaf)).definitions;
        let flake = flake.first().and_then(|definition| self.reader.place(definition.origin));
        let config = self.reader.option(entry.host_id, &option("config")).definitions;
        if let Some(first) = config.iter().find(|definition| !matches!(definition.value.view(), View::Null)) {
            let config = self.reader.place(first.origin);
            let place = flake.or(config).or(entry.place);
            let related = config.map(|place| (place, "the modules of the guest".to_owned()));
            self.note_entry(
                entry,
                EntryMistake::ConfigAndFlake,
                format!("both `config` and `{leaf}` are set"),
                place,
                related,
            );
        } else if has_flake && self.lacks_configuration(entry) {
            let text = format!("the flake has no `nixosConfigurations.{}`", entry.name);
            let related = flake.map(|place| (place, "the flake that is asked".to_owned()));
            self.note_entry(entry, EntryMistake::NoConfiguration, text, entry.place, related);
        } else if let Some(guest) = entry.guest.filter(|guest| has_flake && self.lacks_guest_module(entry, *guest)) {
            let text =
                format!("`nixosConfigurations.{}` does not import the module `microvm` of microvm.nix", entry.name);
            let first = modules::option_report(self.ev(), guest, &["networking", "hostName"]).definitions;
            let named = first.first().and_then(|definition| self.reader.place(definition.origin));
            let related = named.map(|place| (place, "the configuration".to_owned()));
            self.note_entry(entry, EntryMistake::NoGuestModule, text, entry.place, related);
        }
    }

    fn note_entry(
        &mut self,
        entry: Entry<'_>,
        mistake: EntryMistake,
        message: String,
        place: Option<Place>,
        related: Option<(Place, String)>,
    ) {
        let problem = Problem {
            kind: ProblemKind::Entry(mistake),
            message,
            place,
            related: related.into_iter().collect(),
            machine: Some(format!("guest {}", entry.name)),
            is_certain: place.is_some(),
        };
        if !self.reader.problems.contains(&problem) {
            self.reader.problems.push(problem);
        }
    }

    /// Whether the outputs of the flake are known and have no configuration of the entry's name.
    fn lacks_configuration(&mut self, entry: Entry<'_>) -> bool {
        let View::Attrs(outputs) = entry.flake.view() else { return false };
        let ev = self.ev();
        match attribute(ev, outputs, "nixosConfigurations").map(|value| ev.force(value).view()) {
            Some(View::Attrs(set)) => {
                ev.heap.open_set_reason(set).is_none() && attribute(ev, set, entry.name).is_none()
            }
            Some(_) => false,
            None => ev.heap.open_set_reason(outputs).is_none(),
        }
    }

    /// Whether a configuration certainly lacks the guest module, in a fleet whose microvm.nix is known.
    fn lacks_guest_module(&mut self, entry: Entry<'_>, guest: EvalId) -> bool {
        let mut is_set = |id, path: &[&str]| self.reader.is_set(id, path);
        let knows_microvm = is_set(entry.host_id, &["routelint", "isHost"]);
        let has_module = is_set(guest, &["routelint", "isGuest"]);
        knows_microvm
            && !has_module
            && !self.reader.is_given(guest, &["microvm", "guest", "enable"])
            && !modules::is_incomplete(self.ev(), guest)
    }
}
