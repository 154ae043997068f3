# nixpkgs: `lib` with `nixosSystem`; package sets are unknown but for their `lib`.
{ lib, nixosSystem, packages, unknown, ... }:
let
  everySystem = value: lib.genAttrs [ "x86_64-linux" "aarch64-linux" "riscv64-linux" "x86_64-darwin" "aarch64-darwin" ]
    (system: value // { inherit system; });
in
{
  lib = lib // {
    inherit nixosSystem;
    nixos = unknown;
  };
  legacyPackages = everySystem packages;
  nixosModules = unknown;
}
