# What the host lets through between its taps, the outside and itself, written for nftables and for iptables. Both say the same:
#
# source   what comes from a tap must bear an address of the guest behind it; advertisements of routers and redirects are dropped
# forward  what is for a guest that does not run goes nowhere, instead of out by the default route; what guests begin goes to their peers or
#          outside; what begins elsewhere comes in by a forwarded port or to a guest that is open
# output   the same for packets of the host itself
#
# A packet that is let through here still has to pass the host's other rules.
{ lib }:

{
  # Guests: `{ tap; addresses4; addresses6; linkLocal; peers (taps); outside; inbound; }`, all of them.
  guests,
  # Interfaces that lead outside.
  outsideInterfaces,
  # Whether the kernel of the host speaks IPv6.
  ipv6,
}:

let
  inherit (lib) concatLines concatMap concatStringsSep filter optional optionalString optionals;

  quoted = name: ''"${name}"'';
  addresses = family: guest: if family == "ipv4" then guest.addresses4 else guest.addresses6;
  pairs = family: concatMap (guest: map (address: "${quoted guest.tap} . ${address}") (addresses family guest));
  sources6 = guest: guest.addresses6 ++ optional (guest.linkLocal != null) guest.linkLocal;

  nftSet = name: type: elements: ''
    set ${name} {
      type ${type}
    ${optionalString (elements != [ ]) "  elements = { ${concatStringsSep ", " elements} }\n"}}
  '';

  # Neighbours ask from no address whether theirs is free, and say so to the listeners of the link.
  unspecified = [ "nd-neighbor-solicit" "nd-router-solicit" "mld2-listener-report" ];

  nftables = concatStringsSep "" [
    (nftSet "taps" "ifname" (map (guest: quoted guest.tap) guests))
    (nftSet "sources4" "ifname . ipv4_addr" (pairs "ipv4" guests))
    (nftSet "sources6" "ifname . ipv6_addr" (concatMap (guest: map (address: "${quoted guest.tap} . ${address}") (sources6 guest)) guests))
    (nftSet "guests4" "ipv4_addr" (concatMap (guest: guest.addresses4) guests))
    (nftSet "guests6" "ipv6_addr" (concatMap (guest: guest.addresses6) guests))
    (nftSet "peers" "ifname . ifname" (concatMap (guest: map (peer: "${quoted guest.tap} . ${quoted peer}") guest.peers) guests))
    (nftSet "outward" "ifname" (map (guest: quoted guest.tap) (filter (guest: guest.outside) guests)))
    (nftSet "outside" "ifname" (map quoted outsideInterfaces))
    (nftSet "inbound4" "ifname . ipv4_addr" (pairs "ipv4" (filter (guest: guest.inbound) guests)))
    (nftSet "inbound6" "ifname . ipv6_addr" (pairs "ipv6" (filter (guest: guest.inbound) guests)))
    ''
      chain source {
        type filter hook prerouting priority raw; policy accept;
        iifname != @taps accept
        icmpv6 type { nd-router-advert, nd-redirect } drop
        icmp type redirect drop
        iifname . ip saddr @sources4 accept
        iifname . ip6 saddr @sources6 accept
        ip6 saddr :: icmpv6 type { ${concatStringsSep ", " unspecified} } accept
        drop
      }

      chain forward {
        type filter hook forward priority filter - 1; policy accept;
        oifname != @taps jump absent
        ct state established,related accept
        iifname . oifname @peers accept
        iifname @outward oifname @outside accept
        iifname @taps reject with icmpx type admin-prohibited
        oifname @taps ct status dnat accept
        iifname @outside oifname . ip daddr @inbound4 accept
        iifname @outside oifname . ip6 daddr @inbound6 accept
        oifname @taps drop
      }

      chain output {
        type filter hook output priority filter - 1; policy accept;
        oifname != @taps jump absent
      }

      chain absent {
        ip daddr @guests4 reject with icmpx type host-unreachable
        ip6 daddr @guests6 reject with icmpx type host-unreachable
      }
    ''
  ];

  # A rule of both families, of one, or none where the kernel speaks no IPv6.
  four = rule: [ "iptables -w ${rule}" ];
  six = rule: optional ipv6 "ip6tables -w ${rule}";
  both = rule: four rule ++ six rule;
  toEach = family: rule: list: concatMap (address: family (rule address)) list;

  hooks = [
    { table = "raw"; hook = "PREROUTING"; chain = "routed-source"; }
    { table = "filter"; hook = "FORWARD"; chain = "routed-forward"; }
    { table = "filter"; hook = "OUTPUT"; chain = "routed-output"; }
  ];

  sourceOf = guest:
    let from = "-t raw -A routed-source -i ${guest.tap}"; in
    concatMap (type: six "${from} -p icmpv6 --icmpv6-type ${type} -j DROP") [ "router-advertisement" "redirect" ]
    ++ four "${from} -p icmp --icmp-type redirect -j DROP"
    ++ toEach four (address: "${from} -s ${address} -j RETURN") guest.addresses4
    ++ toEach six (address: "${from} -s ${address} -j RETURN") (sources6 guest)
    ++ concatMap (type: six "${from} -s :: -p icmpv6 --icmpv6-type ${type} -j RETURN")
      [ "neighbour-solicitation" "router-solicitation" "143" ]
    ++ both "${from} -j DROP";

  unreachable = chain: guest:
    let rule = address: "-A ${chain} -d ${address} ! -o ${guest.tap} -j REJECT --reject-with"; in
    toEach four (address: "${rule address} icmp-host-unreachable") guest.addresses4
    ++ toEach six (address: "${rule address} icmp6-addr-unreachable") guest.addresses6;

  forwardFrom = guest:
    let from = "-A routed-forward -i ${guest.tap}"; in
    concatMap (peer: both "${from} -o ${peer} -j RETURN") guest.peers
    ++ concatMap (interface: optionals guest.outside (both "${from} -o ${interface} -j RETURN")) outsideInterfaces
    ++ four "${from} -j REJECT --reject-with icmp-admin-prohibited"
    ++ six "${from} -j REJECT --reject-with icmp6-adm-prohibited";

  forwardTo = guest:
    let to = "-A routed-forward -o ${guest.tap}"; in
    both "${to} -m conntrack --ctstate DNAT -j RETURN"
    ++ concatMap
      (interface: optionals guest.inbound (
        toEach four (address: "${to} -i ${interface} -d ${address} -j RETURN") guest.addresses4
        ++ toEach six (address: "${to} -i ${interface} -d ${address} -j RETURN") guest.addresses6))
      outsideInterfaces
    ++ both "${to} -j DROP";

  stop = concatMap
    ({ table, hook, chain }: map (command: "ip46tables -t ${table} ${command} 2>/dev/null || true") [
      "-D ${hook} -j ${chain}"
      "-F ${chain}"
      "-X ${chain}"
    ])
    hooks;

  # The firewall's script ends at the first command that fails, so chains are filled before anything leads to them.
  start = stop
    ++ map ({ table, chain, ... }: "ip46tables -t ${table} -N ${chain}") hooks
    ++ concatMap sourceOf guests
    ++ concatMap (unreachable "routed-forward") guests
    ++ both "-A routed-forward -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN"
    ++ concatMap forwardFrom guests
    ++ concatMap forwardTo guests
    ++ concatMap (unreachable "routed-output") guests
    ++ map ({ table, hook, chain }: "ip46tables -t ${table} -I ${hook} -j ${chain}") hooks;
in
{
  inherit nftables;
  iptables = { start = concatLines start; stop = concatLines stop; };
}
