# nixpkgs: `lib` with `nixosSystem`; package sets are unknown but for their `lib`.
{ lib, nixosSystem, packageSet, unknown, ... }:
let
  everySystem = f: lib.genAttrs
    [ "x86_64-linux" "aarch64-linux" "i686-linux" "armv7l-linux" "riscv64-linux" "x86_64-darwin" "aarch64-darwin" ] f;

  # `lib` of the flake knows machines, also after it was extended.
  flakeLib = lib.extend (final: _: {
    nixosSystem = arguments: nixosSystem ({ lib = final; } // arguments);
    nixos = unknown;
  });

  # nixos/default.nix
  nixos = { configuration ? { }, system ? null, specialArgs ? { }, ... }:
    let machine = nixosSystem { modules = [ configuration ]; inherit specialArgs; };
    in machine // { system = machine.config.system.build.toplevel; };

  # Overlays may add to `lib`.
  instantiated = { system ? localSystem.system or localSystem, localSystem ? unknown, overlays ? [ ], ... }:
    packageSet system // lib.optionalAttrs (overlays != [ ]) { lib = unknown // lib; };
in
{
  outputs = unknown // {
    lib = flakeLib;
    legacyPackages = everySystem packageSet;
    nixosModules = unknown;
  };
  files = {
    "" = instantiated;
    "lib" = lib;
    "lib/default.nix" = lib;
    "nixos" = nixos;
    "nixos/default.nix" = nixos;
    "nixos/lib/eval-config.nix" = nixosSystem;
  };
}
