# A routed guest: one network card on a tap of its own, addresses from the registry, the host as the only neighbour.
{ config, lib, ... }:

let
  inherit (lib) attrNames concatMapStringsSep filter literalExpression mkIf mkOption optional optionals types;
  net = import ./lib.nix { inherit lib; };
  cfg = config.routedGuests;
  name = cfg.guest.name;
  isRegistered = cfg.guests ? ${name};
  me = cfg.guests.${name};
  ipv4 = cfg.ipv4.enable;
  ipv6 = cfg.ipv6.enable;

  isIPv6 = text: lib.hasInfix ":" text;
  ports = protocol: map (port: port.guestPort) (filter (port: port.protocol == protocol) me.forwardPorts);

  # The names that are meant most likely, for "did you mean".
  distance = other: lib.strings.levenshtein name other;
  least = lib.foldl' (least: other: lib.min least (distance other)) 3 (attrNames cfg.guests);
  near = filter (other: distance other == least) (attrNames cfg.guests);
  nearest = lib.optionalString (least < 3) "Did you mean ${concatMapStringsSep " or " (other: "`${other}`") near}? ";
  free = toString (net.lowestFree (map (guest: guest.index) (lib.attrValues cfg.guests)));
in
{
  imports = [ ./registry.nix ];

  options.routedGuests.guest = {
    enable = mkOption {
      type = types.bool;
      default = true;
      description = "Whether this machine is a guest.";
    };
    name = mkOption {
      type = types.str;
      default = config.networking.hostName;
      defaultText = literalExpression "config.networking.hostName";
      description = "The name of this guest in {option}`routedGuests.guests`.";
    };
  };

  config = mkIf cfg.guest.enable {
    microvm.interfaces = mkIf isRegistered [ { type = "tap"; id = me.tap; inherit (me) mac; } ];

    networking.useNetworkd = true;
    # Nobody serves DHCP on the tap; a card that no file is for would wait for it.
    networking.useDHCP = false;

    systemd.network.networks = mkIf isRegistered {
      "05-routed" = {
        # Bridges and VLANs above the card inherit its MAC, but not its type.
        matchConfig = { MACAddress = me.mac; Type = "ether"; };
        address = optional ipv4 "${me.ipv4}/32"
          ++ map (address: "${address}/128") (optionals ipv6 ([ me.ipv6 ] ++ map net.ipv6.canonical me.publicIPv6));
        routes = optional ipv4 { Destination = "0.0.0.0/0"; Gateway = cfg.ipv4.gateway; GatewayOnLink = true; }
          ++ optional ipv6 ({ Destination = "::/0"; Gateway = net.ipv6.canonical cfg.ipv6.gateway; }
            // lib.optionalAttrs (!net.ipv6.isLinkLocal cfg.ipv6.gateway) { GatewayOnLink = true; });
        networkConfig = {
          DHCP = "no";
          DNS = filter (server: if isIPv6 server then ipv6 else ipv4) cfg.dns;
          IPv6AcceptRA = false;
          LinkLocalAddressing = if ipv6 then "ipv6" else "no";
        } // lib.optionalAttrs ipv6 {
          # The host listens to this link-local address only.
          IPv6LinkLocalAddressGenerationMode = "eui64";
        };
      };
    };

    networking.firewall = mkIf isRegistered {
      allowedTCPPorts = ports "tcp";
      allowedUDPPorts = ports "udp";
    };

    assertions = [ {
      assertion = isRegistered;
      message = "routedGuests.guest.name: there is no guest `${name}` in routedGuests.guests. ${nearest}"
        + "To register it, give it the lowest free number: `routedGuests.guests.${name}.index = ${free};`.";
    } ] ++ optionals (isRegistered && cfg.ipv6.enable) [ {
      assertion = config.networking.enableIPv6;
      message = "routedGuests.guest: `${name}` is to have IPv6, but `networking.enableIPv6` is off in this guest. "
        + "networkd would switch it on for the card all the same; set `routedGuests.ipv6.enable = false;` in the registry, or leave IPv6 on.";
    } ];
  };
}
