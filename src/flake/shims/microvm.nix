# microvm.nix: its two NixOS modules.
{ hostModule, guestModule, unknown, ... }:
{
  nixosModules = unknown // {
    host = hostModule;
    microvm = guestModule;
    microvm-options = guestModule;
  };
}
