//! Which guests without a known host are variants of one machine.
//!
//! A flake often builds one machine in several ways: for each platform, for each hypervisor, for testing. The result is several
//! configurations whose devices get their names from the very same text, and nobody starts two of them on one host. Where `microvm.vms` tells which host
//! runs a guest, two guests with one text are a mistake all the same.

use rustc_hash::FxHashMap;

use super::facts::{Fleet, Guest, GuestId, Part, Sourced};
use crate::source::Place;

/// Each guest's number, or that of the first guest that it is a variant of.
pub(super) fn variants(fleet: &Fleet) -> Vec<GuestId> {
    let mut first_of: Vec<GuestId> = fleet.numbered_guests().map(|(id, _)| id).collect();
    let mut by_devices: FxHashMap<Vec<&str>, Vec<GuestId>> = FxHashMap::default();
    for (id, guest) in fleet.numbered_guests().filter(|(_, guest)| guest.host.is_none()) {
        let devices: Vec<&str> = devices(guest).map(|device| device.value.as_str()).collect();
        if !devices.is_empty() {
            by_devices.entry(devices).or_default().push(id);
        }
    }
    for alike in by_devices.into_values().filter(|alike| alike.len() > 1) {
        let mut by_text: FxHashMap<Vec<Place>, GuestId> = FxHashMap::default();
        for id in alike {
            let Some(text) = fleet.guest(id).and_then(text_of_devices) else { continue };
            let first = *by_text.entry(text).or_insert(id);
            if let Some(known) = first_of.get_mut(id.0 as usize) {
                *known = first;
            }
        }
    }
    first_of
}

fn devices(guest: &Guest) -> impl Iterator<Item = &Sourced<String>> {
    guest.interfaces.items.iter().filter(|interface| interface.is_tap()).filter_map(|interface| interface.id.known())
}

/// Where everything is written that the names of a guest's devices are made of; `None` if that is not known.
fn text_of_devices(guest: &Guest) -> Option<Vec<Place>> {
    let mut places = Vec::new();
    for device in devices(guest) {
        let parts: &[Part] = device.origin.parts.get();
        places.push(device.place()?);
        places.extend(parts.iter().filter_map(|part| part.place));
    }
    Some(places)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::sketch;

    fn groups(text: &str, is_one_text: bool) -> Vec<u32> {
        let mut fleet = sketch::fleet(text);
        if is_one_text {
            let first = fleet.guests[0].interfaces.clone();
            fleet.guests.iter_mut().for_each(|guest| guest.interfaces = first.clone());
        }
        variants(&fleet).into_iter().map(|id| id.0).collect()
    }

    #[test]
    fn one_text_makes_variants_unless_a_host_runs_them() {
        let loose = "guest a tap=vm1/02:00:00:00:00:01\nguest b tap=vm1/02:00:00:00:00:01\n";
        let hosted = "host h\nguest a@h tap=vm1/02:00:00:00:00:01\nguest b@h tap=vm1/02:00:00:00:00:01\n";
        assert_eq!(groups(loose, true), [0, 0]);
        assert_eq!(groups(loose, false), [0, 1]);
        assert_eq!(groups(hosted, true), [0, 1]);
    }
}
