//! What the configuration says about machines that were found: which host runs a guest, and which guests never run together.

use rustc_hash::FxHashMap;

use super::facts::{Fleet, Guest, GuestId, Host};
use super::trouble::Gap;
use crate::config::{Mistake, Placed, Settings, nearest_of};

/// The hosts that the configuration gives guests to, by the guests' names; a name of guests of several hosts is not among them.
pub(super) fn hosts_by_guest(settings: &Settings) -> FxHashMap<&str, &str> {
    let mut given: FxHashMap<&str, Option<&str>> = FxHashMap::default();
    let by_guest = settings.guests.iter().filter_map(|guest| Some((&guest.name.value, &guest.host.as_ref()?.value)));
    let hosts = settings.hosts.iter();
    let by_host = hosts.flat_map(|host| host.guests.iter().map(|guest| (&guest.value, &host.name.value)));
    for (guest, host) in by_guest.chain(by_host) {
        let known = given.entry(guest).or_insert(Some(host));
        *known = known.filter(|known| *known == host);
    }
    given.into_iter().filter_map(|(guest, host)| Some((guest, host?))).collect()
}

/// Notes which guests never run together. Names that nobody has are mistakes, or gaps if machines may be hidden.
pub(super) fn apply(settings: &Settings, fleet: &mut Fleet, is_partial: bool) -> Vec<Mistake> {
    let mut missing = Missing::default();
    let by_name = Names::of(fleet);
    for group in &settings.exclusive {
        let mut guests: Vec<GuestId> = Vec::new();
        for written in &group.guests {
            let found = by_name.guests(&written.value);
            missing.check(written, !found.is_empty(), &by_name);
            guests.extend(found);
        }
        guests.sort_unstable();
        guests.dedup();
        fleet.exclusive.push(guests);
    }
    for guest in &settings.guests {
        let whole = match &guest.host {
            Some(host) if host.place == guest.name.place => format!("{}/{}", host.value, guest.name.value),
            _ => guest.name.value.clone(),
        };
        let named = Placed { value: whole, place: guest.name.place };
        missing.check(&named, guest.source.is_given() || !by_name.guests(&named.value).is_empty(), &by_name);
        if let Some(host) = &guest.host {
            missing.check_host(host, &fleet.hosts);
        }
    }
    for host in settings.hosts.iter() {
        if !host.source.is_given() {
            missing.check_host(&host.name, &fleet.hosts);
        }
        for guest in &host.guests {
            missing.check(guest, !by_name.guests(&guest.value).is_empty(), &by_name);
        }
    }
    if !is_partial {
        return missing.mistakes;
    }
    let gap = |mistake: Mistake| Gap {
        place: Some(mistake.place),
        what: "a machine that the configuration names".to_owned(),
        why: mistake.message,
        machines: Vec::new(),
    };
    fleet.unknowns.extend(missing.mistakes.into_iter().map(gap));
    Vec::new()
}

#[derive(Default)]
struct Missing {
    mistakes: Vec<Mistake>,
}

impl Missing {
    fn check(&mut self, written: &Placed<String>, is_found: bool, names: &Names) {
        if !is_found {
            self.add(written, "guest", names.by_name.keys().map(String::as_str));
        }
    }

    fn check_host(&mut self, written: &Placed<String>, hosts: &[Host]) {
        if !hosts.iter().any(|host| host.name == written.value) {
            self.add(written, "host", hosts.iter().map(|host| host.name.as_str()));
        }
    }

    fn add<'a>(&mut self, written: &Placed<String>, kind: &str, known: impl Iterator<Item = &'a str>) {
        let near = nearest_of(&written.value, known).map(|near| format!("; did you mean `{near}`?"));
        let near = near.unwrap_or_else(|| "; `routelint show` lists all".to_owned());
        let message = format!("no {kind} `{}` was found{near}", written.value);
        self.mistakes.push(Mistake { place: written.place, message });
    }
}

/// Guests by name and by `host/name`.
struct Names {
    by_name: FxHashMap<String, Vec<GuestId>>,
}

impl Names {
    fn of(fleet: &Fleet) -> Self {
        let mut by_name: FxHashMap<String, Vec<GuestId>> = FxHashMap::default();
        for (id, guest) in fleet.numbered_guests() {
            let Guest { name, .. } = guest;
            let host = fleet.host_of(guest);
            by_name.entry(name.clone()).or_default().push(id);
            if let Some(host) = host {
                by_name.entry(format!("{}/{name}", host.name)).or_default().push(id);
            }
        }
        Self { by_name }
    }

    fn guests(&self, name: &str) -> Vec<GuestId> {
        self.by_name.get(name).cloned().unwrap_or_default()
    }
}
