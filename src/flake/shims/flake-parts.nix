# flake-parts: a flake made of modules. What is per platform (`perSystem`) is packages and stays unknown.
{ lib, unknown, ... }:
let
  inherit (lib) mkOption types;

  base = {
    options = {
      systems = mkOption { type = types.listOf types.str; default = [ ]; };
      perSystem = mkOption { type = types.unspecified; default = { }; };
      debug = mkOption { type = types.bool; default = false; };
      transposition = mkOption { type = types.unspecified; default = { }; };
      flake = mkOption {
        default = { };
        type = types.submodule {
          freeformType = types.lazyAttrsOf types.raw;
          options = {
            nixosConfigurations = mkOption { type = types.lazyAttrsOf types.raw; default = { }; };
            nixosModules = mkOption { type = types.lazyAttrsOf types.deferredModule; default = { }; };
            overlays = mkOption { type = types.lazyAttrsOf types.raw; default = { }; };
            lib = mkOption { type = types.lazyAttrsOf types.raw; default = { }; };
          };
        };
      };
    };
  };

  # `flake.modules.<class>.<name>`: modules of any class, defined in pieces.
  modulesModule = {
    options.flake = mkOption {
      type = types.submodule {
        options.modules = mkOption {
          type = types.lazyAttrsOf (types.lazyAttrsOf types.deferredModule);
          default = { };
        };
      };
    };
  };

  evalFlakeModule = args@{ inputs, specialArgs ? { }, self ? inputs.self or unknown, ... }: module:
    lib.evalModules {
      specialArgs = {
        inherit self inputs;
        flake-parts-lib = flakePartsLib;
        moduleLocation = args.moduleLocation or unknown;
        withSystem = _: _: unknown;
        getSystem = _: unknown;
        moduleWithSystem = f: f { };
      } // specialArgs;
      class = "flake";
      modules = [ base module { _module.check = false; } ];
    };

  flakePartsLib = {
    inherit evalFlakeModule;
    mkFlake = args: module: (evalFlakeModule args module).config.flake;
    mkSubmoduleOptions = options: mkOption { type = types.submoduleWith { modules = [ { inherit options; } ]; }; };
    mkPerSystemOption = module: mkOption { type = types.unspecified; default = { }; };
    mkPerSystemType = _: types.unspecified;
    importApply = file: args: import file args;
    mkTransposedPerSystemModule = _: { };
    deferredModuleWith = _: types.deferredModule;
  };
in
{
  lib = flakePartsLib;
  flakeModules = {
    modules = modulesModule;
    flakeModules = { };
    partitions = { };
    easyOverlay = { };
    bundlers = { };
    touchup = { };
  };
}
