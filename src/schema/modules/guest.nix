# What the guest module of microvm.nix adds (nixos-modules/microvm/optimization.nix).
{ config, lib, ... }:
{
  config = lib.mkMerge [
    { routelint.isGuest = lib.mkIf config.microvm.guest.enable true; }
    (lib.mkIf (config.microvm.guest.enable && config.microvm.optimize.enable) {
      networking.useNetworkd = lib.mkDefault true;
      systemd.network.wait-online.enable = lib.mkDefault false;
    })
  ];
}
