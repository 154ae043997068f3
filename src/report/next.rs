//! `next`: what the next guest takes, for people, as JSON, and as a module to start from.

use serde::Serialize;

use super::style::{Paint, one_line};
use super::{Paths, Style};
use crate::fleet::{Fact, Guest, Next, Route, Slot, Unit};
use crate::source::{Place, Sources};

/// What is free, with what is needed to write it down.
#[derive(Clone, Copy, Debug)]
pub struct Free<'a> {
    /// One for each host.
    pub hosts: &'a [Next<'a>],
    /// The guests of the fleet, from which routes are taken over.
    pub guests: &'a [Guest],
    /// The files that places point into.
    pub sources: &'a Sources,
    /// How paths are written.
    pub paths: &'a Paths,
}

/// A guest to copy, and what to change in the copy.
#[derive(Serialize)]
struct Like {
    guest: String,
    file: String,
    line: u32,
    old: String,
    new: String,
}

impl Free<'_> {
    fn place(&self, place: Place) -> String {
        self.paths.locate(self.sources, place)
    }

    /// What a copy of the model needs: the line with its number, and the line with the new one. `None` if its number is no literal.
    fn like(&self, next: &Next<'_>, slot: &Slot<'_>) -> Option<Like> {
        let model = next.model?;
        let index = model.index.as_ref()?;
        let place = index.place()?;
        let file = self.sources.file(place.file).filter(|file| file.on_disk)?;
        if self.sources.text(place) != index.value.to_string() {
            return None;
        }
        let (start, end) = (place.span.start as usize, place.span.end as usize);
        let before = file.text.get(..start)?.rsplit('\n').next()?.trim_start();
        let after = file.text.get(end..)?.split('\n').next()?.trim_end();
        Some(Like {
            guest: model.name.clone(),
            file: self.paths.of(self.sources, place.file),
            line: self.sources.line_columns(place).0.line,
            old: format!("{before}{}{after}", index.value),
            new: format!("{before}{}{after}", slot.index),
        })
    }
}

/// For people.
pub fn table(free: &Free<'_>, style: Style) -> String {
    let mut text = String::new();
    for next in free.hosts {
        for (position, slot) in next.slots.iter().enumerate() {
            let which = if position == 0 { "is the lowest free index" } else { "is free too" };
            let title = format!("{}: {} {which}", owner(next), slot.index);
            text.push_str(&format!("{}\n", style.paint(Paint::Strong, &one_line(&title))));
            lines(free, next, slot, style, &mut text);
        }
        if next.slots.is_empty() {
            text.push_str(&format!("{}: no index is free\n", one_line(&owner(next))));
        }
        for doubt in &next.doubts {
            text.push_str(&format!("{}\n", style.paint(Paint::Doubtful, &one_line(&format!("not certain: {doubt}")))));
        }
    }
    text
}

fn owner(next: &Next<'_>) -> String {
    next.host.map_or_else(|| "guests without a known host".to_owned(), |host| format!("host {}", host.name))
}

fn lines(free: &Free<'_>, next: &Next<'_>, slot: &Slot<'_>, style: Style, text: &mut String) {
    let mut line = |what: &str, value: &str| text.push_str(&format!("  {what:9} {}\n", one_line(value)));
    if let Some(tap) = &slot.tap {
        line("tap", tap);
    }
    if let Some(mac) = slot.mac {
        line("mac", &mac.to_string());
    }
    for (position, net) in slot.addresses.iter().enumerate() {
        line(if position == 0 { "address" } else { "" }, &net.to_string());
    }
    if let Some(cid) = slot.cid {
        line("vsock", &cid.to_string());
    }
    if let (Some(_), Some(tap)) = (next.host, &slot.tap) {
        match slot.unit {
            Some(unit) => {
                let place = unit.place.map(|place| format!(" ({})", free.place(place))).unwrap_or_default();
                line("prepared", &format!("{}{place}", unit.name));
            }
            None => line("prepared", &format!("no: the host has no file for {tap} alone yet")),
        }
    }
    if let Some(like) = free.like(next, slot) {
        line(
            "copy",
            &format!("guest {}: {}:{}, `{}` instead of `{}`", like.guest, like.file, like.line, like.new, like.old),
        );
    }
    for missing in &slot.missing {
        let other = missing.free.as_ref().map(|free| format!("; {free} is free")).unwrap_or_default();
        let said = one_line(&format!("unknown: {}{other}", missing.why));
        text.push_str(&format!("  {:9} {}\n", missing.part, style.paint(Paint::Doubtful, &said)));
    }
}

#[derive(Serialize)]
struct Document {
    version: u32,
    hosts: Vec<ShownNext>,
}

#[derive(Serialize)]
struct ShownNext {
    host: Option<String>,
    slots: Vec<ShownSlot>,
    doubts: Vec<String>,
}

#[derive(Serialize)]
struct ShownSlot {
    index: i64,
    tap: Option<String>,
    mac: Option<String>,
    addresses: Vec<String>,
    cid: Option<i64>,
    prepared: Option<String>,
    like: Option<Like>,
    missing: Vec<ShownMissing>,
}

#[derive(Serialize)]
struct ShownMissing {
    part: &'static str,
    why: String,
    free: Option<String>,
}

/// As one line of JSON, version 1.
///
/// # Errors
/// Only what serde_json reports, which for these plain structures is nothing.
pub fn json(free: &Free<'_>) -> Result<String, serde_json::Error> {
    let slot = |next: &Next<'_>, slot: &Slot<'_>| ShownSlot {
        index: slot.index,
        tap: slot.tap.clone(),
        mac: slot.mac.map(|mac| mac.to_string()),
        addresses: slot.addresses.iter().map(ToString::to_string).collect(),
        cid: slot.cid,
        prepared: slot.unit.map(|unit| unit.name.clone()),
        like: free.like(next, slot),
        missing: slot
            .missing
            .iter()
            .map(|missing| ShownMissing { part: missing.part, why: missing.why.clone(), free: missing.free.clone() })
            .collect(),
    };
    let hosts = free.hosts.iter().map(|next| ShownNext {
        host: next.host.map(|host| host.name.clone()),
        slots: next.slots.iter().map(|one| slot(next, one)).collect(),
        doubts: next.doubts.clone(),
    });
    serde_json::to_string(&Document { version: 1, hosts: hosts.collect() }).map(|line| line + "\n")
}

/// As a module for each guest.
pub fn nix(free: &Free<'_>) -> String {
    let modules = free.hosts.iter().flat_map(|next| next.slots.iter().map(move |slot| module(free, next, slot)));
    modules.collect::<Vec<_>>().join("\n")
}

fn module(free: &Free<'_>, next: &Next<'_>, slot: &Slot<'_>) -> String {
    let mut text = format!("# {}, index {}\n", one_line(&owner(next)), slot.index);
    for said in &next.doubts {
        text.push_str(&format!("# not certain: {}\n", one_line(said)));
    }
    for missing in &slot.missing {
        let other = missing.free.as_ref().map(|free| format!("; {free} is free")).unwrap_or_default();
        text.push_str(&format!("# {} is to be filled in: {}{other}\n", missing.part, one_line(&missing.why)));
    }
    if let (Some(_), Some(tap), None) = (next.host, &slot.tap, slot.unit) {
        text.push_str(&format!("# the host has no file for {} alone yet\n", one_line(tap)));
    }
    let tap = quoted(slot.tap.as_deref().unwrap_or(""));
    let mac = quoted(&slot.mac.map(|mac| mac.to_string()).unwrap_or_default());
    text.push_str(&format!("{{\n  microvm.interfaces = [ {{ type = \"tap\"; id = {tap}; mac = {mac}; }} ];\n"));
    if let Some(cid) = slot.cid {
        text.push_str(&format!("  microvm.vsock.cid = {cid};\n"));
    }
    let unit = next.model.and_then(own_unit);
    let name = quoted(unit.map_or("10-eth", |unit| unit.name.as_str()));
    let addresses: Vec<String> = slot.addresses.iter().map(|net| quoted(&net.to_string())).collect();
    text.push_str(&format!(
        "  systemd.network.networks.{name} = {{\n    matchConfig.MACAddress = {mac};\n    address = [ {} ];\n",
        addresses.join(" ")
    ));
    if let Some(routes) = common_routes(free, next) {
        text.push_str(&format!("    routes = [\n{routes}    ];\n"));
    }
    text + "  };\n}\n"
}

/// The file of a guest's card with addresses.
fn own_unit(guest: &Guest) -> Option<&Unit> {
    guest.network.units.items.iter().find(|unit| !unit.is_generated && !unit.addresses.items.is_empty())
}

/// The routes that all guests of a host have alike, an element a line.
fn common_routes(free: &Free<'_>, next: &Next<'_>) -> Option<String> {
    let written = |guest: &Guest| -> Option<String> {
        let unit = own_unit(guest)?;
        let routes = unit.routes.items.iter().map(route).collect::<Option<Vec<String>>>()?;
        (unit.routes.is_complete && !routes.is_empty()).then(|| routes.concat())
    };
    let model = next.model?;
    let own = written(model)?;
    let mut siblings = free.guests.iter().filter(|guest| guest.host == model.host && guest.index.is_some());
    siblings.all(|guest| written(guest).as_ref() == Some(&own)).then_some(own)
}

fn route(route: &Route) -> Option<String> {
    if !route.is_complete || !route.others.is_empty() {
        return None;
    }
    let mut keys = Vec::new();
    for (key, fact) in [("Destination", &route.destination), ("Gateway", &route.gateway)] {
        match fact {
            Fact::Known(text) => keys.push(format!("{key} = {};", quoted(&text.value))),
            Fact::Absent => {}
            Fact::Unknown => return None,
        }
    }
    match &route.on_link {
        Fact::Known(flag) => keys.push(format!("GatewayOnLink = {};", flag.value)),
        Fact::Absent => {}
        Fact::Unknown => return None,
    }
    Some(format!("      {{ {} }}\n", keys.join(" ")))
}

/// A text as Nix writes it.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace("${", "\\${"))
}
