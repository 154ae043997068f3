# The host of routed guests: a tap and a host route for each, and no way from one guest to another that nobody allowed.
{ config, lib, ... }:

let
  inherit (lib) attrValues concatMap filter genAttrs literalExpression mapAttrsToList mkIf mkMerge mkOption optional optionals types unique;
  net = import ./lib.nix { inherit lib; };
  cfg = config.routedGuests;
  host = cfg.host;
  ipv4 = cfg.ipv4.enable;
  ipv6 = cfg.ipv6.enable;

  registered = mapAttrsToList (name: guest: {
    inherit name;
    inherit (guest) index tap outside inbound;
    peers = map (peer: cfg.guests.${peer}.tap) guest.peers;
    addresses4 = optional ipv4 guest.ipv4;
    addresses6 = optionals ipv6 ([ guest.ipv6 ] ++ map net.ipv6.canonical guest.publicIPv6);
    linkLocal = if ipv6 then guest.linkLocal else null;
  }) cfg.guests;

  # A slot is a guest that nobody registered yet: it gets what follows from its number.
  slot = index: {
    name = null;
    inherit index;
    tap = net.tap.nth cfg.tapPrefix index;
    outside = true;
    inbound = false;
    peers = [ ];
    addresses4 = optional ipv4 (net.ipv4.nth cfg.ipv4.prefix index);
    addresses6 = optional ipv6 (net.ipv6.nth cfg.ipv6.prefix index);
    linkLocal = if ipv6 then net.mac.linkLocal (net.mac.nth cfg.macPrefix index) else null;
  };
  taken = map (guest: guest.index) registered;
  free = filter (index: !lib.elem index taken) (lib.range 1 host.slots);
  guests = registered ++ map slot free;
  taps = map (guest: guest.tap) guests;

  # Addresses of the host, the same on every tap: its number 0, and the gateway where that is another.
  addresses4 = optionals ipv4 (unique [ (net.ipv4.nth cfg.ipv4.prefix 0) cfg.ipv4.gateway ]);
  addresses6 = optionals ipv6 (unique [
    "${net.ipv6.nth cfg.ipv6.prefix 0}/128"
    "${net.ipv6.canonical cfg.ipv6.gateway}/${if net.ipv6.isLinkLocal cfg.ipv6.gateway then "64" else "128"}"
  ]);
  # networkd asks the link for some seconds whether somebody else has an address of 169.254.0.0/16; a guest would have no gateway so long, and none at
  # all if it said yes.
  isProbed = lib.hasPrefix "169.254.";

  unit = guest: {
    # Before the files that people usually write, because networkd takes the first that matches.
    name = "05-${guest.tap}";
    value = {
      matchConfig.Name = guest.tap;
      address = map (address: "${address}/32") (filter (address: !isProbed address) addresses4) ++ addresses6;
      addresses = map (address: { Address = "${address}/32"; DuplicateAddressDetection = "none"; }) (filter isProbed addresses4);
      routes = map (address: { Destination = "${address}/32"; }) guest.addresses4
        ++ map (address: { Destination = "${address}/128"; }) guest.addresses6;
      networkConfig = {
        DHCP = "no";
        IPv6AcceptRA = false;
        LinkLocalAddressing = if ipv6 then "ipv6" else "no";
        LLMNR = false;
        MulticastDNS = false;
        IPv4ReversePathFilter = "strict";
      };
      # A tap has a carrier only while its guest runs; the host is online without.
      linkConfig.RequiredForOnline = "no";
    };
  };

  rules = import ./filter.nix { inherit lib; } {
    inherit guests;
    inherit (host) outsideInterfaces;
    ipv6 = config.networking.enableIPv6;
  };
  nftables = config.networking.nftables.enable;

  nat4 = ipv4 && host.nat.ipv4;
  nat6 = ipv6 && host.nat.ipv6;
  forwardPorts = concatMap
    (guest: concatMap
      (port:
        let
          forward = destination: {
            sourcePort = port.port;
            proto = port.protocol;
            destination = "${destination}:${toString port.guestPort}";
          };
        in
        optional nat4 (forward guest.ipv4) ++ optional nat6 (forward "[${guest.ipv6}]"))
      guest.forwardPorts)
    (attrValues cfg.guests);
in
{
  imports = [ ./registry.nix ];

  options.routedGuests.host = {
    enable = mkOption {
      type = types.bool;
      default = true;
      description = "Whether this machine is the host of the guests.";
    };

    externalInterface = mkOption {
      type = types.nullOr types.str;
      example = "enp0s3";
      description = "The interface that leads outside; addresses are translated there. `null` if guests only speak with one another and the host.";
    };

    outsideInterfaces = mkOption {
      type = types.listOf types.str;
      default = optional (host.externalInterface != null) host.externalInterface;
      defaultText = literalExpression "[ externalInterface ]";
      example = [ "enp0s3" "wg0" ];
      description = ''
        The interfaces through which guests reach the outside, and it them. On those that are not
        {option}`routedGuests.host.externalInterface` nothing is translated.
      '';
    };

    slots = mkOption {
      type = types.ints.unsigned;
      default = 0;
      example = 64;
      description = ''
        Taps are prepared for the numbers from 1 to this one, whether or not a guest is registered for them: for guests that come and go without the host.
        Such a guest has its number's tap, MAC and addresses, the outside, and no peers. 0 prepares exactly the registered guests.
      '';
    };

    nat = {
      ipv4 = mkOption {
        type = types.bool;
        default = true;
        description = ''
          Whether IPv4 addresses of guests are translated to the host's on {option}`routedGuests.host.externalInterface`. If not, somebody outside has to
          route {option}`routedGuests.ipv4.prefix` to the host.
        '';
      };
      ipv6 = mkOption {
        type = types.bool;
        default = !net.ipv6.isGlobal (lib.head (lib.splitString "/" cfg.ipv6.prefix));
        defaultText = lib.literalMD "true unless `routedGuests.ipv6.prefix` is public (2000::/3)";
        description = "The same for IPv6. Public addresses of guests (`publicIPv6`) are never translated.";
      };
    };
  };

  config = mkIf (host.enable && guests != [ ]) {
    systemd.network.networks = lib.listToAttrs (map unit guests);

    # Also where networkd runs beside NixOS' own DHCP client, that one must not ask guests for addresses.
    networking.dhcpcd.denyInterfaces = taps;

    boot.kernel.sysctl = mkMerge [
      # One below the priority with which `networking.nat` says the same, so that the two never conflict.
      (genAttrs
        (optionals ipv4 [ "net.ipv4.conf.all.forwarding" "net.ipv4.conf.default.forwarding" ]
          ++ optionals ipv6 [ "net.ipv6.conf.all.forwarding" "net.ipv6.conf.default.forwarding" ])
        (_: lib.mkOverride 98 true))
      # On a tap the host answers for the addresses that it has on that tap, not for those of its other links, and learns of none that is not behind it
      # (networkd before 255 does not know the switch in its file). udev sets both when the tap appears.
      (genAttrs (concatMap (tap: [ "net.ipv4.conf.${tap}.arp_ignore" "net.ipv4.conf.${tap}.rp_filter" ]) taps) (_: 1))
    ];

    networking.nat = mkIf (nat4 || nat6) {
      enable = true;
      enableIPv6 = nat6;
      inherit (host) externalInterface;
      internalIPs = optional nat4 cfg.ipv4.prefix;
      internalIPv6s = optional nat6 cfg.ipv6.prefix;
      inherit forwardPorts;
    };

    networking.nftables.tables = mkIf nftables {
      routed-guests = { family = "inet"; content = rules.nftables; };
    };
    networking.firewall = mkMerge [
      (mkIf (!nftables) { extraCommands = rules.iptables.start; extraStopCommands = rules.iptables.stop; })
      # What may pass is decided in the table above; the host's own filter lets it through.
      (mkIf (nftables && config.networking.firewall.filterForward) {
        extraForwardRules = let list = lib.concatMapStringsSep ", " (tap: ''"${tap}"'') taps; in ''
          iifname { ${list} } accept
          oifname { ${list} } accept
        '';
      })
    ];

    assertions = import ./host-assertions.nix { inherit lib net config guests nat4 nat6; };
  };
}
