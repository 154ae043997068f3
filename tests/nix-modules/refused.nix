# Registries that the modules refuse, each with one mistake, and what they say about it.
{ lib }:

let
  machines = import ./machines.nix { inherit lib; };
  inherit (machines) evaluate facts;

  # A sound fleet, in which each case changes something.
  fleet = guests: { _file = "fleet.nix"; routedGuests = { ipv4.prefix = "10.0.0.0/24"; ipv6.prefix = "fd12:3456:789a::/64"; inherit guests; }; };
  host = {
    _file = "host.nix";
    imports = [ ../../nix/host.nix ];
    networking.hostName = "server";
    networking.useNetworkd = true;
    routedGuests.host.externalInterface = "eno1";
  };
  set = file: settings: { _file = file; } // settings;

  sound = fleet { web.index = 1; db.index = 2; };
  registry = settings: [ host sound (set "more.nix" { routedGuests = settings; }) ];
  guests = settings: [ host (fleet settings) ];
  hostWith = settings: [ host sound (set "more.nix" settings) ];
  guest = name: settings: [ ../../nix/guest.nix sound { networking.hostName = name; } (set "guest.nix" settings) ];

  said = modules: (facts (evaluate { inherit modules; })).assertions;
in
lib.mapAttrs (_: said) {
  nothing = [ host sound ];
  nothing-in-a-guest = guest "web" { };

  index-twice = guests { web.index = 5; db.index = 5; mail.index = 1; };
  index-thrice = guests { a.index = 7; b.index = 7; c.index = 7; };
  index-in-two-files = [ host (fleet { web.index = 5; }) (set "db.nix" { routedGuests.guests.db.index = 5; }) ];
  index-behind-the-prefix = guests { web.index = 255; };
  index-behind-a-small-prefix = registry { ipv4.prefix = lib.mkForce "10.0.0.0/30"; guests.mail.index = 3; };
  index-behind-a-small-ipv6-prefix = registry { ipv6.prefix = lib.mkForce "fd12:3456:789a::/126"; guests.mail.index = 4; };
  index-behind-mac-addresses = registry { ipv4.enable = false; guests.mail.index = 16777216; };

  ipv4-prefix-is-none = registry { ipv4.prefix = lib.mkForce "10.0.0/24"; };
  ipv4-prefix-has-host-bits = registry { ipv4.prefix = lib.mkForce "10.0.0.77/24"; };
  ipv6-prefix-is-none = registry { ipv6.prefix = lib.mkForce "fd12::3456::/64"; };
  ipv6-prefix-has-host-bits = registry { ipv6.prefix = lib.mkForce "fd12:3456:789a::1/64"; };
  ipv6-prefix-is-site-local = registry { ipv6.prefix = lib.mkForce "fec0::/64"; };
  ipv6-prefix-is-link-local = registry { ipv6.prefix = lib.mkForce "fe80::/64"; };
  ipv4-gateway-is-none = registry { ipv4.gateway = "10.0.0.0/32"; };
  ipv4-gateway-is-a-guest = registry { ipv4.gateway = "10.0.0.2"; };
  ipv6-gateway-is-a-guest = registry { ipv6.gateway = "fd12:3456:789a:0::1"; };
  no-family = registry { ipv4.enable = false; ipv6.enable = false; };

  tap-too-long = guests { web = { index = 1; tap = "web-of-the-shop-1"; }; };
  tap-with-a-dot = guests { web = { index = 1; tap = "web.1"; }; };
  tap-of-systemd = registry { tapPrefix = "vt-"; };
  tap-twice = guests { web = { index = 1; tap = "www"; }; db = { index = 2; tap = "www"; }; };
  mac-malformed = guests { web = { index = 1; mac = "02:00:00:00:00:1"; }; };
  mac-of-a-group = guests { web = { index = 1; mac = "01:00:00:00:00:01"; }; };
  mac-zero = guests { web = { index = 1; mac = "00:00:00:00:00:00"; }; };
  mac-twice = guests { web = { index = 1; mac = "02:AB:00:00:00:01"; }; db = { index = 2; mac = "02:ab:00:00:00:01"; }; };
  mac-prefix-malformed = registry { macPrefix = "02:00"; };

  peer-unknown = guests { web = { index = 1; peers = [ "dbs" ]; }; db.index = 2; };
  peer-itself = guests { web = { index = 1; peers = [ "web" ]; }; };
  port-twice = guests { web = { index = 1; forwardPorts = [ { port = 443; } ]; }; proxy = { index = 2; forwardPorts = [ { port = 443; guestPort = 8443; } ]; }; };
  port-without-translation = [ host (fleet { web = { index = 1; forwardPorts = [ { port = 443; } ]; }; }) { routedGuests.host.nat = { ipv4 = false; ipv6 = false; }; } ];
  public-address-is-none = guests { web = { index = 1; publicIPv6 = [ "2001:db8::5/128" ]; }; };
  public-address-is-private = guests { web = { index = 1; publicIPv6 = [ "fd00::5" ]; }; };
  public-address-twice = guests { web = { index = 1; publicIPv6 = [ "2001:db8::5" ]; }; db = { index = 2; publicIPv6 = [ "2001:DB8::0:5" ]; }; };
  public-address-without-ipv6 = registry { ipv6.enable = false; guests.web.publicIPv6 = [ "2001:db8::5" ]; };
  public-address-in-the-prefix = registry { ipv6.prefix = lib.mkForce "2001:db8::/64"; guests.web.publicIPv6 = [ "2001:db8::99" ]; };

  networkd-off = hostWith { networking.useNetworkd = lib.mkForce false; };
  ipv6-off = hostWith { networking.enableIPv6 = false; };
  firewall-off = hostWith { networking.firewall.enable = false; };
  no-external-interface = hostWith { routedGuests.host.externalInterface = lib.mkForce null; };
  slots-behind-the-prefix = hostWith { routedGuests.host.slots = 255; };
  slot-has-the-name-of-a-guest = hostWith { routedGuests.guests.mail = { index = 99; tap = "vm7"; }; routedGuests.host.slots = 8; };
  tap-is-the-uplink = hostWith { routedGuests.guests.mail = { index = 3; tap = "eno1"; }; };
  ipv4-overlaps-a-link = hostWith { systemd.network.networks."10-lan".address = [ "10.0.0.2/16" ]; };
  ipv6-overlaps-an-interface = hostWith { networking.interfaces.eno1.ipv6.addresses = [ { address = "fd12:3456:789a::"; prefixLength = 48; } ]; };

  guest-unknown = guest "wbe" { };
  guest-without-ipv6 = guest "web" { networking.enableIPv6 = false; };
}
