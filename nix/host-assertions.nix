# What only the host can know: its other networks, its firewall, the slots that it prepares.
{ lib, net, config, guests, nat4, nat6 }:

let
  inherit (lib) attrNames concatMap concatStringsSep filter filterAttrs flatten length mapAttrsToList optional;
  cfg = config.routedGuests;
  host = cfg.host;

  refuseIf = condition: message: optional condition { assertion = false; inherit message; };

  own = map (guest: "05-${guest.tap}") guests;

  # Static addresses of the host elsewhere, with the option that says so.
  elsewhere =
    concatMap (name: map (address: { inherit address; place = "systemd.network.networks.\"${name}\".address"; })
      config.systemd.network.networks.${name}.address)
      (filter (name: !lib.elem name own) (attrNames config.systemd.network.networks))
    ++ flatten (mapAttrsToList
      (name: interface: map
        (family: map (entry: { address = "${entry.address}/${toString entry.prefixLength}"; place = "networking.interfaces.${name}.${family}.addresses"; })
          interface.${family}.addresses)
        [ "ipv4" "ipv6" ])
      config.networking.interfaces);

  overlaps = family: enabled: prefix: filter
    (entry: enabled && family.prefix prefix != null && family.prefix entry.address != null && family.overlap prefix entry.address)
    elsewhere;
  refuseOverlap = option: family: enabled: prefix: concatMap
    (entry: refuseIf true
      ("${option}: ${prefix} overlaps with ${entry.address}, which the host has in ${entry.place}. "
        + "Host routes would take machines of that network away from it. Choose another prefix."))
    (overlaps family enabled prefix);

  # A slot may get the name that a registered guest was given by hand.
  clashes = filter (those: length those > 1) (lib.attrValues (lib.groupBy (guest: guest.tap) guests));
  slotClashes = filter (those: lib.any (guest: guest.name == null) those) clashes;
  registered = filter (guest: guest.name != null) guests;
  forwarding = attrNames (filterAttrs (_: guest: guest.forwardPorts != [ ]) cfg.guests);

  quoted = names: concatStringsSep ", " (map (name: "`${name}`") names);
in
refuseIf (!config.systemd.network.enable)
  ("routedGuests.host: systemd-networkd is off on this host, so no tap would get an address or a route. "
    + "Set `networking.useNetworkd = true;` and move the host's own links to it.")
++ refuseIf (cfg.ipv6.enable && !config.networking.enableIPv6)
  "routedGuests.host: guests are to have IPv6, but `networking.enableIPv6` is off on this host. Set `routedGuests.ipv6.enable = false;`, or switch IPv6 on."
++ refuseIf (!config.networking.nftables.enable && !(config.networking.firewall.enable && (config.networking.firewall.backend or "iptables") == "iptables"))
  ("routedGuests.host: neither nftables nor NixOS' iptables firewall is on, so nothing would keep guests apart. "
    + "Set `networking.nftables.enable = true;`.")
++ refuseIf ((nat4 || nat6) && host.externalInterface == null)
  ("routedGuests.host: addresses are to be translated, but `routedGuests.host.externalInterface` is null. "
    + "Name the interface that leads outside, or set `routedGuests.host.nat.ipv4` and `.ipv6` to false.")
++ refuseIf (forwarding != [ ] && !nat4 && !nat6)
  ("routedGuests.guests: ${quoted forwarding} want ports of the host, but no family is translated. "
    + "Outsiders speak to the guests' own addresses then: remove `forwardPorts` and set `inbound = true;`.")
++ refuseIf (cfg.ipv4.enable && net.ipv4.prefix cfg.ipv4.prefix != null && host.slots > net.ipv4.size cfg.ipv4.prefix - 2)
  ("routedGuests.host.slots: ${toString host.slots} slots do not fit into ${cfg.ipv4.prefix}, which ends with number ${toString (net.ipv4.size cfg.ipv4.prefix - 2)}. "
    + "Prepare fewer, or choose a wider prefix.")
++ concatMap
  (those: refuseIf true
    ("routedGuests.host.slots: the tap `${(lib.head those).tap}` of guest ${quoted (map (guest: guest.name) (filter (guest: guest.name != null) those))} "
      + "has the name of slot ${toString (lib.head (filter (guest: guest.name == null) those)).index}. Choose another `tap`, or fewer slots."))
  slotClashes
++ concatMap
  (guest: refuseIf (lib.elem guest.tap host.outsideInterfaces)
    ("routedGuests.guests: the tap of `${guest.name}` is called `${guest.tap}`, as an interface that leads outside. microvm.nix would delete that one when the guest starts. "
      + "Choose another `tap`."))
  registered
++ concatMap
  (guest: let fault = net.tap.fault guest.tap; in refuseIf (fault != null)
    "routedGuests.host.slots: the tap of slot ${toString guest.index} is to be called `${guest.tap}`, which ${fault}. Choose another `routedGuests.tapPrefix`.")
  (filter (guest: guest.name == null) guests)
++ refuseOverlap "routedGuests.ipv4.prefix" net.ipv4 cfg.ipv4.enable cfg.ipv4.prefix
++ refuseOverlap "routedGuests.ipv6.prefix" net.ipv6 cfg.ipv6.enable cfg.ipv6.prefix
