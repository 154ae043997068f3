# For those without flakes: `nix-build`, or `(import sources.routelint { inherit pkgs; }).nixosModules.host`.
{ pkgs ? import <nixpkgs> { } }:

rec {
  routelint = pkgs.callPackage ./nix/package.nix { };

  nixosModules = {
    host = ./nix/host.nix;
    guest = ./nix/guest.nix;
    default = ./nix/host.nix;
  };

  lib = {
    addressing = import ./nix/lib.nix { inherit (pkgs) lib; };
    check = arguments: import ./nix/check.nix ({ inherit pkgs; package = routelint; } // arguments);
    gitHook = import ./nix/git-hook.nix;
  };
}
