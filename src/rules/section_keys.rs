//! Keys that nobody knows: mistyped, in a section where they mean nothing, or below `microvm` where no option has the name.

use super::additions;
use super::context::Context;
use super::culprit;
use super::draft::Draft;
use super::finding::{Edit, Fix, Safety, Severity};
use super::names::nearest_of;
use super::odd::{self, Machine};
use super::rule::{Activation, FixKind, Group, RuleInfo};
use super::wording;
use crate::fleet::{BesideConfig, Found, Matching, Odd, Oddity, Unit};
use crate::schema::networkd::{self, REMOVED_OPTIONS, Section};
use crate::source::{Place, Span};

pub(super) const UNKNOWN: RuleInfo = RuleInfo {
    name: "unknown-section-key",
    severity: Severity::Error,
    group: Group::Schema,
    fix: FixKind::Automatic,
    activation: Activation::Always,
    page: include_str!("unknown_section_key.md"),
    explains: odd::EFFECTS,
    run: |context| odd::judged(context, unknown),
};

pub(super) const WRONG_SECTION: RuleInfo = RuleInfo {
    name: "key-in-wrong-section",
    severity: Severity::Error,
    group: Group::Schema,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("key_in_wrong_section.md"),
    explains: odd::EFFECTS,
    run: |context| odd::judged(context, wrong_section),
};

pub(super) const MATCH: RuleInfo = RuleInfo {
    name: "match-unknown-key",
    severity: Severity::Error,
    group: Group::Networkd,
    fix: FixKind::Automatic,
    activation: Activation::Always,
    page: include_str!("match_unknown_key.md"),
    explains: odd::EFFECTS,
    run: |context| odd::judged(context, in_match),
};

pub(super) const MICROVM: RuleInfo = RuleInfo {
    name: "vms-unknown-option",
    severity: Severity::Error,
    group: Group::Schema,
    fix: FixKind::Automatic,
    activation: Activation::Always,
    page: include_str!("vms_unknown_option.md"),
    explains: &["interface-missing-required-key"],
    run: |context| odd::judged(context, below_microvm),
};

/// What a key that its section does not know may be meant for.
enum Meant {
    /// This key of the same section.
    Key(&'static str),
    /// The same key in these sections.
    Sections(Vec<Section>),
    /// Nobody can tell.
    Nothing,
}

/// Sections of a file, the likeliest first.
const OF_FILES: [Section; 6] =
    [Section::Network, Section::Link, Section::Route, Section::Address, Section::Match, Section::Unit];

fn meant(oddity: &Oddity) -> Meant {
    let same = |name: &&str| name.eq_ignore_ascii_case(&oddity.key);
    if let Some(name) = networkd::names(oddity.section).find(same) {
        return Meant::Key(name);
    }
    let knows = |section: &Section| networkd::key(*section, &oddity.key).is_some();
    let elsewhere: Vec<Section> = OF_FILES.into_iter().filter(knows).collect();
    if !elsewhere.is_empty() {
        return Meant::Sections(elsewhere);
    }
    match nearest_of(&oddity.key, networkd::names(oddity.section)) {
        Some(name) => Meant::Key(name),
        None => Meant::Nothing,
    }
}

/// Whether the section is one of a file or of networkd.conf that NixOS checks.
fn is_checked(oddity: &Oddity) -> bool {
    let is_removed = oddity.section == Section::Unit && REMOVED_OPTIONS.iter().any(|(name, _)| *name == oddity.key);
    !is_removed && !matches!(oddity.section, Section::Match | Section::Interface | Section::Machine)
}

fn unknown<'a>(context: &Context<'a>, machine: Machine<'a>, oddity: &Oddity) -> Option<Draft> {
    if oddity.what != Odd::Key || !is_checked(oddity) {
        return None;
    }
    let name = match meant(oddity) {
        Meant::Key(name) => Some(name),
        Meant::Nothing => None,
        Meant::Sections(_) => return None,
    };
    let wrong = format!("{} of {} is no key that NixOS knows there", odd::key_words(oddity), machine.words());
    let breaks = "the configuration does not build";
    let draft = machine
        .draft(context, oddity, wrong, breaks)
        // A later NixOS may know a key that resembles no other.
        .possible_if(name.is_none() && odd::may_know_more(machine.release()))
        .help(match name {
            Some(name) => format!("write `{name}`"),
            None => format!("remove it, or look up which section of systemd.network(5) has `{}`", oddity.key),
        })
        .label(machine.place(oddity), name.map_or("no such key".to_owned(), |name| format!("did you mean `{name}`?")));
    // Options of a file and keys of its sections take different forms.
    let safety = if oddity.section == Section::Unit { Safety::Unsafe } else { Safety::Safe };
    Some(draft.fix(name.and_then(|name| culprit::rename(&oddity.origin, &oddity.key, name, safety))))
}

fn wrong_section<'a>(context: &Context<'a>, machine: Machine<'a>, oddity: &Oddity) -> Option<Draft> {
    if oddity.what != Odd::Key || !is_checked(oddity) {
        return None;
    }
    let Meant::Sections(sections) = meant(oddity) else { return None };
    let right: Vec<String> = sections.iter().map(|section| odd::option_of(*section).to_owned()).collect();
    let right = right.join(" or ");
    let wrong = format!(
        "{} of {} stands in the wrong section, where NixOS knows no such key",
        odd::key_words(oddity),
        machine.words()
    );
    let breaks = "the configuration does not build";
    let label = format!("belongs to {right}");
    Some(
        machine
            .draft(context, oddity, wrong, breaks)
            .help(format!("move `{}` to {right}", oddity.key))
            .label(machine.place(oddity), label)
            .fix(moved(machine, oddity, &sections)),
    )
}

/// An edit that moves a key with a plain value to the only section that knows it.
fn moved(machine: Machine<'_>, oddity: &Oddity, sections: &[Section]) -> Option<Fix> {
    let unit = machine.unit(&oddity.within)?;
    let old = oddity.origin.whole()?;
    let key = &oddity.key;
    let value = plain_value(oddity)?;
    let added = match sections {
        [Section::Network] => additions::setting(unit, &format!("{key} = {value};")),
        [Section::Link] => additions::option(unit, &format!("linkConfig.{key} = {value};"), Safety::Unsafe),
        [Section::Route] if key == "GatewayOnLink" && value == "true" => {
            return on_its_route(unit, oddity.section, old);
        }
        _ => None,
    };
    let removed = Fix {
        title: String::new(),
        safety: Safety::Unsafe,
        edits: vec![Edit { place: old, replacement: String::new() }],
    };
    let to = sections.first().map_or("", |section| odd::option_of(*section));
    additions::together([added, Some(removed)], format!("Move `{key}` to {to}"), Safety::Unsafe)
}

/// The value as it is written, if it is a literal.
fn plain_value(oddity: &Oddity) -> Option<String> {
    let place = oddity.origin.value?;
    let value = match oddity.found.as_ref()? {
        Found::Text(text) if !text.contains(['"', '\\', '$', '\n']) => format!("\"{text}\""),
        Found::Int(number) => number.to_string(),
        Found::Bool(truth) => truth.to_string(),
        _ => return None,
    };
    ((place.span.end - place.span.start) as usize == value.len()).then_some(value)
}

/// An edit that makes a route of the only gateway of a file and of the flag that stands beside it.
fn on_its_route(unit: &Unit, section: Section, flag: Place) -> Option<Fix> {
    let [gateway] = unit.gateways.items.as_slice() else { return None };
    let route = format!("{{ Gateway = \"{}\"; GatewayOnLink = true; }}", gateway.value);
    let is_literal = culprit::literal(gateway).is_some();
    let old = match section {
        Section::Network => unit.setting("Gateway").and_then(culprit::binding),
        // The option is a list.
        _ => None,
    };
    let mut fix = additions::route(unit, &route, Safety::Unsafe).filter(|_| is_literal)?;
    fix.title = "Write a route with the gateway and its flag".to_owned();
    fix.edits.extend([old?, flag].map(|place| Edit { place, replacement: String::new() }));
    Some(fix)
}

fn in_match<'a>(context: &Context<'a>, machine: Machine<'a>, oddity: &Oddity) -> Option<Draft> {
    if oddity.what != Odd::Key || oddity.section != Section::Match {
        return None;
    }
    let unit = machine.unit(&oddity.within)?;
    let same = |name: &&str| name.eq_ignore_ascii_case(&oddity.key);
    let names = || networkd::names(Section::Match);
    // Files for udev know the name before it was changed; networkd's do not.
    let name = match oddity.key.as_str() {
        "OriginalName" => Some("Name"),
        key => names().find(same).or_else(|| nearest_of(key, names())),
    };
    let consequence = if has_condition(&unit.matching) {
        "the other conditions alone decide, so the file is for more links than was meant"
    } else {
        "no condition is left, so the whole file is ignored"
    };
    let wrong = format!(
        "{} of {} is no condition that networkd knows, and NixOS does not check it",
        odd::key_words(oddity),
        machine.words()
    );
    let breaks = consequence;
    let known: Vec<&str> = vec!["Name", "MACAddress", "Type", "Kind"];
    let fix = name.filter(|name| names().all(|known| known != oddity.key) && !is_set(&unit.matching, name));
    Some(
        machine
            .draft(context, oddity, wrong, breaks)
            .possible_if(name.is_none() && odd::may_know_more(machine.release()))
            .help(match name {
                Some(name) => format!("write `{name}`"),
                None => format!("write one of the conditions of systemd.network(5), such as {}", wording::list(&known)),
            })
            .label(
                machine.place(oddity),
                name.map_or("no such condition".to_owned(), |name| format!("did you mean `{name}`?")),
            )
            .fix(fix.and_then(|name| culprit::rename(&oddity.origin, &oddity.key, name, Safety::Safe))),
    )
}

/// Whether a section has a condition that networkd knows.
fn has_condition(matching: &Matching) -> bool {
    let lists = [&matching.names, &matching.macs, &matching.types, &matching.kinds];
    lists.iter().any(|list| !list.items.is_empty() || !list.is_complete)
        || matching.others.iter().any(|key| networkd::key(Section::Match, &key.value).is_some())
}

fn is_set(matching: &Matching, name: &str) -> bool {
    match name {
        "Name" => !matching.names.items.is_empty(),
        "MACAddress" => !matching.macs.items.is_empty(),
        "Type" => !matching.types.items.is_empty(),
        "Kind" => !matching.kinds.items.is_empty(),
        _ => matching.others.iter().any(|key| key.value == name),
    }
}

/// Options of a guest that are often written beside its `config` instead of inside.
const OF_GUESTS: &[&str] = &[
    "interfaces",
    "hypervisor",
    "vcpu",
    "mem",
    "volumes",
    "shares",
    "devices",
    "forwardPorts",
    "vsock",
    "balloon",
    "kernelParams",
    "graphics",
    "networking",
    "systemd",
    "microvm",
];

fn below_microvm<'a>(context: &Context<'a>, machine: Machine<'a>, oddity: &Oddity) -> Option<Draft> {
    let key = &oddity.key;
    let names = || networkd::names(oddity.section);
    let near = match (oddity.section, key.to_ascii_lowercase().as_str()) {
        (Section::Machine, _) if OF_GUESTS.contains(&key.as_str()) => None,
        (Section::Interface, "macaddress" | "hwaddr" | "hwaddress" | "mac_address") => Some("mac"),
        (Section::Interface, "name" | "ifname" | "tap_name" | "tapname" | "device") => Some("id"),
        (Section::Interface | Section::Machine, _) => nearest_of(key, names()),
        _ => return None,
    };
    let inside = match key.as_str() {
        "networking" | "systemd" | "microvm" => format!("config.{key}"),
        _ => format!("config.microvm.{key}"),
    };
    let is_inside = oddity.section == Section::Machine && OF_GUESTS.contains(&key.as_str());
    let mut options: Vec<&str> = names().collect();
    options.sort_unstable();
    let wrong = format!("{} of {} is no option of microvm.nix", odd::key_words(oddity), machine.words());
    let breaks = "the configuration does not build";
    let label = match near {
        Some(name) => format!("did you mean `{name}`?"),
        None if is_inside => "an option of the guest, which belongs into its `config`".to_owned(),
        None => "no such option".to_owned(),
    };
    let near_is_free = near.is_some_and(|name| !names().any(|known| known == key) && name != "macvtap");
    let fix = near.filter(|_| near_is_free);
    Some(
        machine
            .draft(context, oddity, wrong, breaks)
            // A later microvm.nix may have an option that resembles no other.
            .possible_if(near.is_none() && !is_inside)
            .help(match near {
                Some(name) => format!("write `{name}`"),
                None if is_inside => format!("write `microvm.vms.{}.{inside}`", oddity.within),
                None => format!("remove it; the options there are {}", options.join(", ")),
            })
            .label(machine.place(oddity), label)
            .fix(match is_inside {
                true => into_config(oddity, &inside),
                false => fix.and_then(|name| culprit::rename(&oddity.origin, key, name, Safety::Safe)),
            }),
    )
}

/// An edit that moves an option of a guest into its `config`: by a path, which Nix joins to a set that is written out. Any other `config` becomes one of
/// the `imports` of such a set.
fn into_config(oddity: &Oddity, inside: &str) -> Option<Fix> {
    let mut fix = culprit::rename(&oddity.origin, &oddity.key, inside, Safety::Safe)?;
    fix.title = format!("Write `{inside}`");
    match oddity.beside {
        BesideConfig::Closed => return None,
        BesideConfig::Open => {}
        BesideConfig::Other { binding, value } => {
            let part = |start, end| Place { file: binding.file, span: Span::new(start, end) };
            let (before, after) = (part(binding.span.start, value.span.start), part(value.span.end, binding.span.end));
            fix.edits.push(Edit { place: before, replacement: "config.imports = [ (".to_owned() });
            fix.edits.push(Edit { place: after, replacement: ") ];".to_owned() });
        }
    }
    Some(fix)
}
