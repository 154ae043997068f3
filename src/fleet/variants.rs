//! Which guests are variants of one machine.
//!
//! A flake often builds one machine in several ways: for each platform, for each hypervisor, for testing. The result is several
//! configurations whose devices get their names from the very same text, and nobody starts two of them on one host. Likewise a configuration that no
//! host names is a variant of the guest that a host names and that is made of the same text. Where hosts name both, two guests with
//! one text are a mistake all the same.

use rustc_hash::FxHashMap;

use super::facts::{Declared, Fleet, Guest, GuestId, HostId, Part, Sourced};
use crate::source::Place;

/// The devices of a guest, on the host that runs it.
type Devices<'a> = (Option<HostId>, Vec<&'a str>);

/// Each guest's number, or that of the first guest that it is a variant of.
pub(super) fn variants(fleet: &Fleet) -> Vec<GuestId> {
    let mut first_of: Vec<GuestId> = fleet.numbered_guests().map(|(id, _)| id).collect();
    let mut by_devices: FxHashMap<Devices<'_>, Vec<(GuestId, &Guest)>> = FxHashMap::default();
    for (id, guest) in fleet.numbered_guests() {
        let devices: Vec<&str> = devices(guest).map(|device| device.value.as_str()).collect();
        if !devices.is_empty() {
            by_devices.entry((guest.host, devices)).or_default().push((id, guest));
        }
    }
    for ((host, _), mut alike) in by_devices.into_iter().filter(|(_, alike)| alike.len() > 1) {
        let is_loose = |guest: &Guest| host.is_none() || is_unnamed(fleet, guest);
        if !alike.iter().any(|(_, guest)| is_loose(guest)) {
            continue;
        }
        // Those that a host names come first, as what the others are variants of.
        alike.sort_by_key(|(_, guest)| is_loose(guest));
        let mut by_text: FxHashMap<Vec<Place>, GuestId> = FxHashMap::default();
        for (id, guest) in alike {
            let Some(text) = text_of_devices(guest) else { continue };
            let first = match host.is_some() && is_loose(guest) {
                true => by_text.get(&text).copied(),
                false => Some(*by_text.entry(text).or_insert(id)),
            };
            if let (Some(first), Some(known)) = (first.filter(|_| is_loose(guest)), first_of.get_mut(id.0 as usize)) {
                *known = first;
            }
        }
    }
    first_of
}

/// Whether a guest is a configuration of the flake that its host does not name: it was given to the only one there is.
fn is_unnamed(fleet: &Fleet, guest: &Guest) -> bool {
    let Some(host) = fleet.host_of(guest).filter(|_| guest.declared == Declared::Configuration) else { return false };
    let mut named = host.vms.items.iter().chain(&host.autostart.items);
    !named.any(|name| name.value == guest.name)
}

fn devices(guest: &Guest) -> impl Iterator<Item = &Sourced<String>> {
    guest.interfaces.items.iter().filter(|interface| interface.is_tap()).filter_map(|interface| interface.id.known())
}

/// Where everything is written that the names of a guest's devices are made of; `None` if that is not known.
fn text_of_devices(guest: &Guest) -> Option<Vec<Place>> {
    let mut places = Vec::new();
    for device in devices(guest) {
        let parts: &[Part] = device.origin.parts.get();
        places.push(device.origin.own_place()?);
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
        let unnamed =
            "host h starts=b\nguest a@h configuration tap=vm1/02:00:00:00:00:01\nguest b@h tap=vm1/02:00:00:00:00:01\n";
        assert_eq!(groups(loose, true), [0, 0]);
        assert_eq!(groups(loose, false), [0, 1]);
        assert_eq!(groups(hosted, true), [0, 1]);
        assert_eq!(groups(unnamed, true), [1, 1]);
        assert_eq!(groups(unnamed, false), [0, 1]);
    }
}
