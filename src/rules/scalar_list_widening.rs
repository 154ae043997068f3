//! A key of `[Match]` that one module gives as a list and another as a single value.

use super::context::Context;
use super::draft::{Draft, Scope};
use super::finding::Severity;
use super::rule::{Activation, FixKind, Group, RuleInfo};
use super::wording;
use crate::fleet::{Network, Unit, Widened};

pub(super) const RULE: RuleInfo = RuleInfo {
    name: "scalar-list-widening",
    severity: Severity::Warning,
    group: Group::Source,
    fix: FixKind::Suggested,
    activation: Activation::Always,
    page: include_str!("scalar_list_widening.md"),
    explains: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Draft> {
    let fleet = context.fleet;
    let hosts =
        fleet.numbered_hosts().map(|(id, host)| (Scope::host(id), format!("host {}", host.name), &host.network));
    let guests = fleet
        .numbered_guests()
        .map(|(id, guest)| (Scope::guests(guest.host, [id]), format!("guest {}", guest.name), &guest.network));
    hosts.chain(guests).flat_map(|(scope, machine, network)| of_machine(&scope, &machine, network)).collect()
}

fn of_machine(scope: &Scope, machine: &str, network: &Network) -> Vec<Draft> {
    let units = network.units.items.iter();
    units
        .flat_map(|unit| unit.matching.widened.iter().map(|widened| draft(scope.clone(), machine, unit, widened)))
        .collect()
}

fn draft(scope: Scope, machine: &str, unit: &Unit, widened: &Widened) -> Draft {
    let key = &widened.key;
    let values = match key.as_str() {
        "Name" => Some(&unit.matching.names),
        "MACAddress" => Some(&unit.matching.macs),
        "Type" => Some(&unit.matching.types),
        "Kind" => Some(&unit.matching.kinds),
        _ => None,
    };
    let values: Vec<&str> =
        values.map(|listed| listed.items.iter().map(|text| text.value.as_str()).collect()).unwrap_or_default();
    let breaks = match values.as_slice() {
        [] => "the file is for more links than either of them says".to_owned(),
        values => format!("the file is for {}", wording::list(values)),
    };
    let mut draft = Draft::new(
        scope,
        format!(
            "{} of {machine} gets `matchConfig.{key}` as a list from one module and as a single value from another, and NixOS joins them without a word",
 unit.name),
 breaks)
    .help("write a list in both if the file is for all of them, or remove one; two single values would have been refused as a conflict");
    for place in &widened.places {
        draft = draft.label(Some(*place), format!("defines {key} too"));
    }
    draft.label(unit.place, "the file")
}
