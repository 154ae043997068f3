//! All rules, in the order of the catalogue.

use super::rule::RuleInfo;
use super::*;

static RULES: &[RuleInfo] = &[
    duplicate_guest_address::IPV4,
    duplicate_guest_address::IPV6,
    duplicate_vm_index::RULE,
    duplicate_tap_id::RULE,
    duplicate_mac::SEGMENT,
    duplicate_mac::ACROSS,
    duplicate_mac::WITHIN,
    vsock::DUPLICATE,
    duplicate_host_route::RULE,
    duplicate_machine_identity::RULE,
    port_forwards::DUPLICATE,
    tap_id_too_long::RULE,
    device_names::CHARACTERS,
    device_names::RESERVED,
    device_names::COLLIDES,
    device_names::NETDEV,
    network_shadowed::STOCK,
    mac_malformed::RULE,
    mac_multicast::RULE,
    mac_all_zero::ZERO,
    mac_all_zero::VENDOR,
    mac_equals_host_nic::RULE,
    name_index_mismatch::RULE,
    vsock::RESERVED,
    index_zero::RULE,
    index_out_of_octet::RULE,
    guest_without_address::MISSING,
    guest_address_not_host_prefix::RULE,
    host_networks::SAME,
    address_ranges::OUTSIDE,
    guest_address_special_range::RULE,
    host_networks::BROADCAST,
    address_ranges::PUBLIC,
    address_texts::UNPARSABLE,
    address_texts::NO_LENGTH,
    guest_match_mac_mismatch::RULE,
    guest_match_unstable_name::RULE,
    guest_cards::SHARED,
    guest_cards::DERIVED,
    guest_without_address::DHCP,
    onlink_without_gateway::RULE,
    gateway_not_onlink::RULE,
    gateway_not_onlink::ORDER,
    gateway_not_onlink::SHORTHAND,
    guest_default_route_missing::RULE,
    guest_default_route_missing::PEER,
    guest_gateway_not_host_address::RULE,
    route_shapes::FAMILIES,
    route_shapes::SELF,
    route_shapes::EMPTY,
    route_shapes::MALFORMED,
    route_shapes::HOST_BITS,
    guest_cards::METRICS,
    gateway_not_onlink::REDUNDANT,
    tap_without_network::WITHOUT_NETWORK,
    tap_without_network::OVER_MAXIMUM,
    generators::NEARLY_FULL,
    generators::OFF_BY_ONE,
    host_route_missing::RULE,
    host_route_on_wrong_tap::RULE,
    shared_prefixes::TOO_WIDE,
    tap_files::GATEWAY,
    host_gateway_addresses::MISSING,
    shared_prefixes::ON_LINK,
    host_gateway_addresses::DIFFERS,
    host_route_unused::RULE,
    tap_files::CARRIER,
    tap_files::ONLINE,
    host_networks::OVERLAPS,
    tap_files::MTU,
    tap_devices::FLAGS,
    tap_devices::ALIOTH,
    tap_devices::VHOST,
    address_texts::SITE_LOCAL,
    address_texts::NOT_RANDOM,
    guest_host_address_disagree::HEX_DECIMAL,
    families::ONE_SIDED,
    families::V6_WITHOUT,
    families::V4_WITHOUT,
    families::RESOLVER,
    families::ACCEPTS_RA,
    families::LINK_LOCAL,
    guest_host_address_disagree::DISAGREE,
    deployment::NOT_DEPLOYED,
    deployment::REFERENCE_MISSING,
    deployment::CONFIG_AND_FLAKE,
    deployment::NO_GUEST,
    cards::UNSUPPORTED,
    cards::INCOMPLETE,
    cards::FORWARDS,
    port_forwards::CLOSED,
    forwarding::IPV4,
    uplinks::FORWARDING,
    forwarding::IPV6,
    forwarding_sysctl_conflict::RULE,
    forwarding_switches::RESET,
    forwarding_releases::REMOVED,
    forwarding_releases::UNKNOWN,
    forwarding_switches::OUTWEIGHED,
    uplinks::ADVERTISEMENTS,
    forwarding_switches::TWICE,
    nat_ranges::NOT_COVERED,
    nat_ranges::TOO_SMALL,
    uplinks::MISMATCH,
    nat_families::MISMATCH,
    nat_families::IGNORED,
    nat_reach::WITHOUT_SCOPE,
    nat_families::IPV6_MISSING,
    nat_external_ip_not_local::RULE,
    nat_names::DIALECT,
    nat_names::UNSET,
    nat_names::PORT,
    nat_reach::INTERFACE,
    port_forwards::FORMAT,
    port_forwards::TARGET,
    nat_reach::HAIRPIN,
    uplinks::COVERS_LAN,
    firewall_backends::OPTION,
    nat_reach::DISABLED,
    tap_bridged_in_routed_setup::RULE,
    exposure::BRIDGE_PORTS,
    tap_listeners::ADVERTISEMENTS,
    tap_listeners::DHCP,
    dhcpcd_runs_on_taps::RULE,
    between_guests::OPEN,
    firewall_backends::FILTER,
    between_guests::BLOCKED,
    exposure::SERVICES,
    nat_names::TRUSTED,
    tap_flags::REVERSE_PATH,
    tap_flags::LOCALNET,
    tap_flags::PROXY,
    tap_listeners::IPV6_UNDONE,
    exposure::NAMES,
    exposure::BRIDGE_HELPER,
    exposure::MACVTAP,
    exposure::ARP,
    network_shadowed::SHADOWED,
    file_order::NEVER_FIRST,
    file_order::GENERATED,
    file_order::NOT_PADDED,
    network_shadowed::UNMANAGED,
    section_keys::MATCH,
    match_patterns::EMPTY,
    match_patterns::NEGATION,
    match_patterns::SPACE,
    networks_ignored_networkd_off::RULE,
    bridge_without_netdev::RULE,
    bridge_ports::RULE,
    remarks::OPAQUE,
    section_keys::UNKNOWN,
    section_keys::WRONG_SECTION,
    legacy_wrapper::WRAPPER,
    legacy_wrapper::MIXED,
    legacy_wrapper::FLAT,
    section_values::MISMATCH,
    section_values::REMOVED,
    section_keys::MICROVM,
    gateway_drift::RULE,
    remarks::PLACEHOLDER,
    hosts_file_stale::RULE,
    source_problems::SYNTAX,
    source_problems::EVALUATION,
    source_problems::CONFLICT,
    dropped_files::COLLISION,
    dropped_files::UPDATE,
    scalar_list_widening::RULE,
    list_cleared::RULE,
    duplicate_contribution::RULE,
    source_problems::MISSING_ARGUMENT,
    source_problems::ASSERTION,
    allowances::UNUSED,
    allowances::UNKNOWN,
    baseline::STALE,
];

/// All rules, in the order of the catalogue.
pub fn all() -> &'static [RuleInfo] {
    RULES
}

/// The rule of a name.
pub fn find(name: &str) -> Option<&'static RuleInfo> {
    all().iter().find(|rule| rule.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_kebab_case_and_unique() {
        let names: BTreeSet<&str> = all().iter().map(|rule| rule.name).collect();
        assert_eq!(names.len(), all().len());
        assert!(
            names.iter().all(|name| name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'))
        );
    }

    #[test]
    fn causes_name_rules_and_never_each_other() {
        for rule in all() {
            for effect in rule.explains {
                let effect =
                    find(effect).unwrap_or_else(|| panic!("{} explains {effect}, which is no rule", rule.name));
                assert!(!reaches(effect, rule.name), "{} and {} explain each other", rule.name, effect.name);
            }
        }
    }

    fn reaches(from: &RuleInfo, name: &str) -> bool {
        from.explains.iter().any(|effect| *effect == name || find(effect).is_some_and(|rule| reaches(rule, name)))
    }
}
