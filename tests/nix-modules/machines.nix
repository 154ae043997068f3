# The machines of a flake as far as the modules of nix/ decide them, evaluated with nixpkgs' `lib` only. Inputs are stand-ins.
{ lib }:

let
  evaluate = { modules, specialArgs ? { }, ... }: lib.evalModules {
    modules = [ ./options.nix ] ++ modules;
    specialArgs = specialArgs // { inherit lib; };
  };

  guestOf = name: vm:
    if vm.flake != null then vm.flake.nixosConfigurations.${name}
    else evaluate {
      modules = [ vm.config { networking.hostName = lib.mkDefault name; } ];
      inherit (vm) specialArgs;
    };

  facts = machine:
    let inherit (machine) config; in {
      assertions = map (assertion: assertion.message) (lib.filter (assertion: !assertion.assertion) config.assertions);
      sysctl = config.boot.kernel.sysctl;
      inherit (config.systemd.network) enable networks;
      inherit (config.networking) hostName useDHCP nat firewall;
      inherit (config.networking.nftables) tables;
      denyInterfaces = config.networking.dhcpcd.denyInterfaces;
      inherit (config.microvm) interfaces autostart;
    };

  inputs = self: {
    inherit self;
    nixpkgs.lib = lib // { nixosSystem = evaluate; };
    microvm.nixosModules = { host = { }; microvm = { }; };
    routelint = {
      nixosModules = { host = ../../nix/host.nix; guest = ../../nix/guest.nix; };
      lib.addressing = import ../../nix/lib.nix { inherit lib; };
    };
  };

  # All machines of the flake in a folder, those of `microvm.vms` too.
  fleet = folder:
    let
      flake = import (folder + "/flake.nix");
      self = flake.outputs (inputs self) // { outPath = folder; };
      systems = self.nixosConfigurations;
      vms = lib.concatMapAttrs (host: system: lib.mapAttrs' (name: vm: lib.nameValuePair "${host}/${name}" (guestOf name vm))
        system.config.microvm.vms) systems;
    in
    lib.mapAttrs (_: facts) (systems // vms);
in
{
  inherit evaluate facts fleet;
}
