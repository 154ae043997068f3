{ inputs, config, lib, ... }:

{
  imports = [
    inputs.microvm.nixosModules.host
    inputs.routelint.nixosModules.host
    ./fleet.nix
  ];

  networking.hostName = "server";
  system.stateVersion = "25.11";

  # The host's own link, managed by networkd as the taps are. Change the name to that of yours.
  networking.useNetworkd = true;
  networking.nftables.enable = true;
  systemd.network.networks."10-uplink" = {
    matchConfig.Name = "enp0s3";
    networkConfig = { DHCP = "ipv4"; IPv6AcceptRA = true; };
  };
  routedGuests.host.externalInterface = "enp0s3";

  # Every registered guest is a MicroVM of this host, with a file of its own.
  microvm.vms = lib.mapAttrs (name: _: {
    specialArgs = { inherit inputs; };
    config.imports = [ ./guests/${name}.nix inputs.routelint.nixosModules.guest ./fleet.nix ];
  }) config.routedGuests.guests;

  # What every host needs; replace it with your hardware-configuration.nix.
  boot.loader.grub.enable = false;
  fileSystems."/" = { device = "/dev/disk/by-label/nixos"; fsType = "ext4"; };
}
