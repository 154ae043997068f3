# microvm.nix: its two NixOS modules.
{ lib, hostModule, guestModule, unknown, ... }:
let
  hypervisors = [ "qemu" "cloud-hypervisor" "firecracker" "crosvm" "kvmtool" "stratovirt" "alioth" "vfkit" ];
in
{
  outputs = unknown // {
    nixosModules = unknown // {
      host = hostModule;
      microvm = guestModule;
      microvm-options = guestModule;
    };
    lib = unknown // {
      inherit hypervisors;
      hypervisorsWithNetwork = hypervisors;
    };
  };
  files = {
    "nixos-modules/host" = hostModule;
    "nixos-modules/host/default.nix" = hostModule;
    "nixos-modules/microvm" = guestModule;
    "nixos-modules/microvm/default.nix" = guestModule;
  };
}
