# The registry: the one place that says which guest has which number. Host and guests import the same definitions; both modules import this file.
{ config, lib, options, ... }:

let
  inherit (lib) literalExpression literalMD mkOption types;
  net = import ./lib.nix { inherit lib; };
  cfg = config.routedGuests;

  forwardedPort = { config, ... }: {
    options = {
      port = mkOption {
        type = types.port;
        example = 443;
        description = "Port on the host's external interface.";
      };
      guestPort = mkOption {
        type = types.port;
        default = config.port;
        defaultText = literalExpression "port";
        description = "Port of the guest.";
      };
      protocol = mkOption {
        type = types.enum [ "tcp" "udp" ];
        default = "tcp";
        description = "Transport protocol.";
      };
    };
  };

  guest = { config, name, ... }: {
    options = {
      index = mkOption {
        type = types.ints.positive;
        example = 5;
        description = ''
          The guest's number, from which its tap, MAC and addresses follow. No two guests of a host may have the same one;
          the host itself is number 0. A number is best never given to another guest: what knew the old one would speak to the new one.
        '';
      };
      tap = mkOption {
        type = types.str;
        default = net.tap.nth cfg.tapPrefix config.index;
        defaultText = literalExpression ''"''${tapPrefix}''${index}"'';
        example = "web";
        description = "Name of the guest's tap on the host, at most 15 characters.";
      };
      mac = mkOption {
        type = types.str;
        default = net.mac.nth cfg.macPrefix config.index;
        defaultText = literalMD "`macPrefix` and three octets of the index";
        example = "02:00:00:00:00:05";
        description = "MAC address of the guest's network card. The address must not be a group's, and should be locally administered.";
      };
      peers = mkOption {
        type = types.listOf types.str;
        default = [ ];
        example = [ "db" ];
        description = ''
          Guests of the same host to which this guest may open connections. Replies come back without being named. Between guests that are
          not named here nothing passes.
        '';
      };
      outside = mkOption {
        type = types.bool;
        default = true;
        description = "Whether this guest may open connections to the outside, through {option}`routedGuests.host.outsideInterfaces`.";
      };
      inbound = mkOption {
        type = types.bool;
        default = config.publicIPv6 != [ ];
        defaultText = literalExpression "publicIPv6 != [ ]";
        description = ''
          Whether the outside may open connections to this guest's addresses, any port; the guest's own firewall decides then. Forwarded
          ports need no permission of this kind.
        '';
      };
      forwardPorts = mkOption {
        type = types.listOf (types.submodule forwardedPort);
        default = [ ];
        example = [ { port = 443; } { port = 2222; guestPort = 22; } ];
        description = ''
          Ports of the host's external interface that lead to this guest, in each address family that is translated. The guest opens them
          in its firewall.
        '';
      };
      publicIPv6 = mkOption {
        type = types.listOf types.str;
        default = [ ];
        example = [ "2001:db8:77::5" ];
        description = ''
          Further IPv6 addresses of this guest that the world knows, without prefix length. The provider has to route them to the host:
          the host does not answer for them on its external link.
        '';
      };
      ipv4 = mkOption {
        type = types.str;
        readOnly = true;
        default = net.ipv4.nth cfg.ipv4.prefix config.index;
        defaultText = literalMD "the address number `index` of `routedGuests.ipv4.prefix`";
        description = "The guest's IPv4 address, to be used in the configuration of others.";
      };
      ipv6 = mkOption {
        type = types.str;
        readOnly = true;
        default = net.ipv6.nth cfg.ipv6.prefix config.index;
        defaultText = literalMD "the address number `index` of `routedGuests.ipv6.prefix`";
        description = "The guest's IPv6 address, to be used in the configuration of others.";
      };
      linkLocal = mkOption {
        type = types.str;
        readOnly = true;
        default = net.mac.linkLocal config.mac;
        defaultText = literalMD "the link-local address that follows from `mac`";
        description = "The only link-local IPv6 address with which the host listens to the guest.";
      };
    };
  };
in
{
  options.routedGuests = {
    seed = mkOption {
      type = types.str;
      example = "server.example.org";
      description = ''
        A text of your own from which the prefixes follow that are not given: the full name of the host, its machine-id, a random number.
        Other texts give other prefixes, the same text always the same. It has no default, because everybody's default would be everybody's prefix.
      '';
    };

    tapPrefix = mkOption {
      type = types.str;
      default = "vm";
      description = "What names of taps start with; the index follows.";
    };

    macPrefix = mkOption {
      type = types.str;
      default = "02:00:00";
      description = "First three octets of MAC addresses. The first octet must say locally administered and not a group: 02, 06, 0a, 0e, 12 …";
    };

    ipv4 = {
      enable = mkOption {
        type = types.bool;
        default = true;
        description = "Whether guests have IPv4 addresses.";
      };
      prefix = mkOption {
        type = types.str;
        default = net.ipv4.privatePrefix cfg.seed;
        defaultText = literalMD "a /24 in 10.0.0.0/8 that follows from `seed`";
        example = "10.0.0.0/24";
        description = ''
          The range of the guests' addresses. Nobody but the host has a route to it as a whole, so it must not overlap with a network that the host reaches
          otherwise. Number 0 is the host's address; the last number is left unused.
        '';
      };
      gateway = mkOption {
        type = types.str;
        default = net.ipv4.nth cfg.ipv4.prefix 0;
        defaultText = literalMD "the first address of `prefix`";
        example = "169.254.1.1";
        description = "The address of the host that guests send to, the same on every tap. A link-local one (169.254.0.0/16) will do as well.";
      };
    };

    ipv6 = {
      enable = mkOption {
        type = types.bool;
        default = true;
        description = "Whether guests have IPv6 addresses. If not, the host drops all IPv6 packets of guests.";
      };
      prefix = mkOption {
        type = types.str;
        default = net.ipv6.uniqueLocalPrefix cfg.seed;
        defaultText = literalMD "a unique local /64 (RFC 4193) that follows from `seed`";
        example = "fd12:3456:789a::/64";
        description = ''
          The prefix of the guests' addresses: a unique local one, or a public one that is routed to the host. Number 0 is the host's address.
        '';
      };
      gateway = mkOption {
        type = types.str;
        default = "fe80::1";
        example = "fd12:3456:789a::";
        description = "The address of the host that guests send to, the same on every tap. A link-local one needs no further route in the guest.";
      };
    };

    dns = mkOption {
      type = types.listOf types.str;
      default = [ "9.9.9.9" "149.112.112.112" "2620:fe::fe" "2620:fe::9" ];
      description = "Name servers of the guests (Quad9 if nothing is said). Servers of a family that guests do not have are left out.";
    };

    guests = mkOption {
      type = types.attrsOf (types.submodule guest);
      default = { };
      example = literalExpression ''
        {
          web = { index = 1; peers = [ "db" ]; forwardPorts = [ { port = 443; } ]; };
          db = { index = 2; outside = false; };
        }
      '';
      description = "All guests of the host by name.";
    };
  };

  config.assertions = import ./assertions.nix {
    inherit lib net cfg;
    definitions = options.routedGuests.guests.definitionsWithLocations;
  };
}
