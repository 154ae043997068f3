# A module for flake-parts: `imports = [ inputs.routelint.flakeModules.default ];` adds a check of the fleet to every system.
routelint:

{ lib, self, flake-parts-lib, ... }:

let
  inherit (lib) literalExpression mkEnableOption mkIf mkOption types;
in
{
  options.perSystem = flake-parts-lib.mkPerSystemOption ({ config, pkgs, ... }: {
    options.routelint = {
      enable = mkEnableOption "the check of the fleet's network" // { default = true; };
      package = mkOption {
        type = types.package;
        default = pkgs.callPackage ./package.nix { };
        defaultText = literalExpression "built from this flake's pkgs";
        description = "The program.";
      };
      src = mkOption {
        type = types.path;
        default = self;
        defaultText = literalExpression "self";
        description = "Folder of the fleet.";
      };
      inputs = mkOption {
        type = types.lazyAttrsOf types.raw;
        default = { };
        description = "Inputs of the flake by name that the check may read.";
      };
      strict = mkOption {
        type = types.bool;
        default = false;
        description = "Whether what cannot be understood fails too.";
      };
      arguments = mkOption {
        type = types.listOf types.str;
        default = [ ];
        example = [ "--skip=site-local-prefix" ];
        description = "Further arguments of `routelint check`.";
      };
    };

    config.checks = mkIf config.routelint.enable {
      routelint = routelint.lib.check {
        inherit pkgs;
        inherit (config.routelint) package src inputs strict arguments;
      };
    };
  });
}
