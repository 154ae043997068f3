# What the host module of microvm.nix adds.
{ config, lib, ... }:
{
  routelint.isHost = lib.mkIf config.microvm.host.enable true;
}
