#!/usr/bin/env python3
"""Write a sound routed fleet into a folder, to measure routelint on.

  make_fleet.py FOLDER --guests 254                one file a guest, found by the host with readDir
  make_fleet.py FOLDER --guests 10000 --generated  all guests made by one module of the host
"""
import argparse
import pathlib

FLAKE = """{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-25.05";
  inputs.microvm.url = "github:microvm-nix/microvm.nix";
  outputs =
    { nixpkgs, microvm, ... }:
    {
      nixosConfigurations.server = nixpkgs.lib.nixosSystem {
        system = "x86_64-linux";
        modules = [
          microvm.nixosModules.host
          ./host.nix
        ];
      };
    };
}
"""

# Addresses are 10.<n / 65536>.<n / 256>.<n> and fd00::<n>, so that any number up to 2^24 has one.
ADDRESSES = """{ lib }:
rec {
  v4 = n: "10.${toString (lib.mod (n / 65536) 256)}.${toString (lib.mod (n / 256) 256)}.${toString (lib.mod n 256)}";
  v6 = n: "fd00::${lib.toHexString (n / 65536)}:${lib.toHexString (lib.mod n 65536)}";
  two = n: lib.fixedWidthString 2 "0" (lib.toLower (lib.toHexString (lib.mod n 256)));
  mac = n: "02:00:00:${two (n / 65536)}:${two (n / 256)}:${two n}";
}
"""

GUEST = """{ lib, index, ... }:
let
  net = import %s/addresses.nix { inherit lib; };
  mac = net.mac index;
in
{
  microvm.interfaces = [
    {
      id = "vm${toString index}";
      type = "tap";
      inherit mac;
    }
  ];
  networking.useNetworkd = true;
  systemd.network.networks."10-eth" = {
    matchConfig.MACAddress = mac;
    address = [
      "${net.v4 index}/32"
      "${net.v6 index}/128"
    ];
    routes = [
      { Destination = "10.0.0.0/32"; }
      {
        Destination = "0.0.0.0/0";
        Gateway = "10.0.0.0";
        GatewayOnLink = true;
      }
      {
        Destination = "::/0";
        Gateway = "fd00::";
        GatewayOnLink = true;
      }
    ];
    networkConfig.DNS = [ "9.9.9.9" ];
  };
}
"""

HOST = """{ lib, ... }:
let
  net = import ./addresses.nix { inherit lib; };
  count = %d;
in
{
  networking.useNetworkd = true;
  networking.nat = {
    enable = true;
    enableIPv6 = true;
    internalIPs = [ "10.0.0.0/8" ];
    internalIPv6s = [ "fd00::/64" ];
    externalInterface = "enp0s3";
  };
  boot.kernel.sysctl."net.ipv4.ip_forward" = 1;
  boot.kernel.sysctl."net.ipv6.conf.all.forwarding" = true;
  systemd.network.config.networkConfig = {
    IPv4Forwarding = true;
    IPv6Forwarding = true;
  };
  systemd.network.networks = lib.listToAttrs (
    lib.genList (
      i:
      let
        index = i + 1;
      in
      lib.nameValuePair "30-vm${toString index}" {
        matchConfig.Name = "vm${toString index}";
        address = [
          "10.0.0.0/32"
          "fd00::/128"
        ];
        routes = [
          { Destination = "${net.v4 index}/32"; }
          { Destination = "${net.v6 index}/128"; }
        ];
        networkConfig.IPv4Forwarding = true;
      }
    ) count
  );
  microvm.vms = %s;
}
"""

FROM_FILES = """lib.mapAttrs' (file: _: lib.nameValuePair (lib.removeSuffix ".nix" file) { config = ./guests + "/${file}"; }) (
    builtins.readDir ./guests
  )"""

GENERATED = """lib.listToAttrs (
    lib.genList (
      i:
      lib.nameValuePair "guest${toString (i + 1)}" {
        config = {
          imports = [ ./guest.nix ];
          _module.args.index = i + 1;
        };
      }
    ) count
  )"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--guests", type=int, default=254)
    parser.add_argument("--generated", action="store_true", help="all guests in one module instead of one file each")
    arguments = parser.parse_args()
    make(arguments.folder, arguments.guests, arguments.generated)


def make(folder, guests, generated):
    """Write the fleet; the folder may exist."""
    folder.mkdir(parents=True, exist_ok=True)
    write = lambda name, text: (folder / name).write_text(text, encoding="utf-8")
    write("flake.nix", FLAKE)
    write("addresses.nix", ADDRESSES)
    write("host.nix", HOST % (guests, GENERATED if generated else FROM_FILES))
    if generated:
        write("guest.nix", GUEST % ".")
        return
    (folder / "guests").mkdir(exist_ok=True)
    for index in range(1, guests + 1):
        text = GUEST.replace("{ lib, index, ... }:\nlet\n", "{ lib, ... }:\nlet\n  index = %d;\n" % index)
        write("guests/guest%03d.nix" % index, text % "..")


if __name__ == "__main__":
    main()
