# flake-file: the text of `flake.nix` as options. Nothing of it decides a machine.
{ lib, knownFlake, unknown, ... }:
let
  inherit (lib) mkOption types;
  parts = knownFlake "flake-parts";

  ignored = {
    key = "routelint:flake-file";
    options.flake-file = mkOption {
      default = { };
      type = types.mkOptionType { name = "ignored"; check = _: true; merge = _: _: unknown; };
    };
  };
in
{
  outputs = {
    lib = unknown;
    flakeModules = lib.genAttrs [
      "default" "flake" "flake-options" "allfollow" "nix-auto-follow" "import-tree" "npins" "unflake" "nixlock" "flakeless-parts"
    ] (_: ignored) // {
      dendritic.imports = [
        ignored
        parts.flakeModules.modules
        { systems = lib.mkDefault [ "x86_64-linux" "aarch64-linux" "x86_64-darwin" "aarch64-darwin" ]; }
      ];
    };
  };
  files."" = unknown;
}
