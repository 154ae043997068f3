//! The rules: what can be wrong with a routed network, one file and one page each.
//!
//! Purpose: judge the facts of a fleet. A rule looks at [`Fleet`](crate::fleet::Fleet) and gives [`Finding`]s; its page
//! (`<rule>.md` beside it) says what it detects, what breaks and how that is known, and holds examples that the tests run.
//! Rules that are one mechanism share a file of code; each keeps its page.
//!
//! Invariants:
//! - Right or silent: no finding above warning rests on something unknown.
//! - One cause gives one finding ([`causes`]): effects of a cause that another finding names are labels there or nothing at all.
//! - The first label is the culprit, in a file of the user's.
//!
//! The way of a finding: [`check()`] runs the rules over one [`context`], drops effects, merges findings with one culprit;
//! [`apply_allowances`] takes away what comments allow; [`sort`] brings the rest into the order of reports; [`identify`] gives each a
//! fingerprint, by which [`apply_baseline`] knows those that were there before.
//!
//! What it deliberately does not do: parse strings, look at source text, or know output formats.

mod finding;
mod rule;
mod settings;
mod check;
mod allowances;
mod baseline;
mod fingerprint;
pub mod names;
mod registry;

mod additions;
mod causes;
mod context;
mod culprit;
mod draft;
mod duplicates;
mod odd;
mod rewrite;
#[cfg(test)]
mod testing;
mod wording;

mod address_ranges;
mod address_texts;
mod between_guests;
mod bridge_ports;
mod bridge_without_netdev;
mod cards;
mod deployment;
mod device_names;
mod dhcpcd_runs_on_taps;
mod duplicate_contribution;
mod duplicate_guest_address;
mod duplicate_host_route;
mod duplicate_mac;
mod duplicate_machine_identity;
mod duplicate_tap_id;
mod duplicate_vm_index;
mod families;
mod dropped_files;
mod exposure;
mod firewall_backends;
mod file_order;
mod forwarding;
mod forwarding_releases;
mod forwarding_switches;
mod forwarding_sysctl_conflict;
mod gateway_drift;
mod gateway_not_onlink;
mod generators;
mod guest_address_not_host_prefix;
mod guest_address_special_range;
mod guest_cards;
mod guest_default_route_missing;
mod guest_gateway_not_host_address;
mod guest_host_address_disagree;
mod guest_match_mac_mismatch;
mod guest_match_unstable_name;
mod guest_without_address;
mod host_gateway_addresses;
mod host_networks;
mod host_route_missing;
mod host_route_on_wrong_tap;
mod host_route_unused;
mod hosts_file_stale;
mod index_out_of_octet;
mod index_zero;
mod legacy_wrapper;
mod list_cleared;
mod mac_all_zero;
mod mac_equals_host_nic;
mod mac_malformed;
mod mac_multicast;
mod match_patterns;
mod name_index_mismatch;
mod nat_external_ip_not_local;
mod nat_families;
mod nat_names;
mod nat_ranges;
mod nat_reach;
mod network_shadowed;
mod new_prefix;
mod networks_ignored_networkd_off;
mod onlink_without_gateway;
mod port_forwards;
mod remarks;
mod route_shapes;
mod scalar_list_widening;
mod section_keys;
mod section_values;
mod shared_prefixes;
mod shared_source;
mod source_problems;
mod tap_bridged_in_routed_setup;
mod tap_devices;
mod tap_files;
mod tap_flags;
mod tap_id_too_long;
mod tap_listeners;
mod tap_without_network;
mod uplinks;
mod vsock;

pub use allowances::{Allowed, apply_allowances};
pub use baseline::{Compared, apply_baseline, may_be_known, stale_entries};
pub use check::{check, sort};
pub use finding::{Confidence, Edit, Finding, Fix, Label, Safety, Severity, start_of};
pub use fingerprint::{Culprit, identify};
pub use registry::{all, find};
pub use rule::{Activation, FixKind, Group, OptIn, RuleInfo};
pub use settings::{Level, Override, Settings, entry_for, group_names, levels_of};
