# flake-parts: a flake made of modules.
{ lib, unknown, ... }:
let
  inherit (lib) mkOption types mapAttrs genAttrs;
  raw = types.lazyAttrsOf types.raw;
  outputs = module: types.submoduleWith { modules = [ module ]; };
  perPlatform = [ "apps" "checks" "devShells" "packages" "legacyPackages" ];
  set = type: mkOption { inherit type; default = { }; };

  # What a module may say for each platform. Options that are not known here are let pass.
  platform = top: { config, options, system, specialArgs, ... }: {
    options = genAttrs perPlatform (_: set raw) // {
      formatter = mkOption { type = types.raw; default = unknown; };
      allModuleArgs = mkOption { type = types.raw; };
    };
    config = {
      _module.check = false;
      _module.args = {
        self' = top.config.perInput system top.self;
        inputs' = mapAttrs (_: top.config.perInput system) top.inputs;
        pkgs = lib.mkOptionDefault (top.inputs.nixpkgs.legacyPackages.${system} or unknown);
      };
      allModuleArgs = config._module.args // specialArgs // { inherit config options; };
    };
  };

  perSystemType = module: types.deferredModuleWith { staticModules = [ module ]; };

  base = top@{ config, self, inputs, ... }: {
    options = {
      systems = mkOption { type = types.listOf types.str; default = [ ]; };
      debug = mkOption { type = types.bool; default = false; };
      transposition = set (types.lazyAttrsOf types.unspecified);
      perInput = mkOption { type = types.raw; };
      allSystems = mkOption { type = types.raw; };
      processedFlake = mkOption { type = types.raw; default = config.flake; };
      perSystem = mkOption {
        type = perSystemType (platform top);
        default = { };
        apply = module: system:
          (lib.evalModules {
            modules = [ module ];
            specialArgs = { inherit system; };
            prefix = [ "perSystem" system ];
            class = "perSystem";
          }).config;
      };
      flake = mkOption {
        default = { };
        # A module that is not known may give further outputs: an option that no module declares is unknown then, here and below.
        apply = flake: (config.routelint or { }) // flake;
        type = outputs {
          imports = [ (config.routelint or { }) ];
          freeformType = raw;
          options = genAttrs perPlatform (_: set (types.lazyAttrsOf raw)) // genAttrs [ "formatter" ] (_: set raw) // {
            nixosConfigurations = set raw;
            overlays = set raw;
            nixosModules = mkOption {
              type = types.lazyAttrsOf types.deferredModule;
              default = { };
              apply = mapAttrs (_: module: { _class = "nixos"; imports = [ module ]; });
            };
          };
        };
      };
    };
    config = {
      allSystems = genAttrs config.systems config.perSystem;
      perInput = system: flake:
        unknown // mapAttrs (name: _: flake.${name}.${system} or unknown)
          config.transposition;
      transposition = genAttrs (perPlatform ++ [ "formatter" ]) (_: { });
      flake = mapAttrs (name: _: mapAttrs (_: platform: platform.${name} or unknown) config.allSystems) config.transposition;
      _module.args = rec {
        getSystem = system: config.allSystems.${system} or (config.perSystem system);
        getSystemIgnoreWarning = getSystem;
        withSystem = system: f: f (getSystem system).allModuleArgs;
        partitionStack = [ ];
        # Which platform the machine has is not asked: what depends on it are packages.
        moduleWithSystem = module:
          let platforms = config.systems ++ [ "x86_64-linux" ]; in
          { ... }: { imports = [ (module (getSystem (lib.head platforms)).allModuleArgs) ]; };
      };
    };
  };

  # `flake.modules.<class>.<name>`: modules of any class, defined in pieces.
  modules = {
    key = "routelint:flake-modules";
    options.flake = mkOption {
      type = outputs {
        options.modules = mkOption {
          type = types.lazyAttrsOf (types.lazyAttrsOf types.deferredModule);
          default = { };
          apply = mapAttrs (class: mapAttrs (_: module:
            if class == "generic" then module else { ... }: { _class = class; imports = [ module ]; }));
        };
      };
    };
  };

  # `flake.flakeModules.<name>`: modules for other flakes.
  flakeModules = {
    key = "routelint:flake-flakeModules";
    options.flake = mkOption {
      type = outputs {
        options.flakeModules = set (types.lazyAttrsOf types.deferredModule);
      };
    };
  };

  # Parts of the flake with inputs of their own: outputs for development, which are no machines.
  partitions = {
    key = "routelint:flake-partitions";
    options.partitions = set types.raw;
    options.partitionedAttrs = set types.raw;
  };

  evalFlakeModule = args@{ specialArgs ? { }, ... }:
    let
      inputs = args.inputs or args.self.inputs;
      self = args.self or inputs.self or unknown;
    in
    module: lib.evalModules {
      specialArgs = {
        inherit self inputs;
        flake-parts-lib = flakePartsLib;
        moduleLocation = args.moduleLocation or "${self.outPath or ""}/flake.nix";
      } // specialArgs;
      class = "flake";
      modules = [ base module { _module.check = false; } ];
    };

  withDefinition = file: module: { _file = toString file; imports = [ module ]; };

  flakePartsLib = {
    inherit evalFlakeModule;
    mkFlake = args: module: (evalFlakeModule args module).config.processedFlake;
    defaultModule = flake: if flake._type or null == "flake" then flake.flakeModules.default or flake else flake;
    mkSubmoduleOptions = options: mkOption { type = types.submoduleWith { modules = [ { inherit options; } ]; }; };
    mkPerSystemOption = module: mkOption { type = perSystemType module; };
    mkPerSystemType = perSystemType;
    mkDeferredModuleOption = module: mkOption { type = perSystemType module; };
    mkDeferredModuleType = perSystemType;
    deferredModuleWith = types.deferredModuleWith;
    importApply = file: args: withDefinition file (import file args);
    importAndPublish = name: module: { imports = [ module modules ]; flake.modules.flake.${name} = module; };
    mkTransposedPerSystemModule = { name, option, ... }: {
      options.flake.${name} = set (types.lazyAttrsOf option.type);
      options.perSystem = flakePartsLib.mkPerSystemOption { options.${name} = option; };
      config.transposition.${name} = { };
    };
    memoizeStr = f: f;
  };

  extras = {
    inherit modules flakeModules partitions;
    easyOverlay = { };
    bundlers = { };
    touchup = { };
  };
in
{
  outputs = {
    lib = flakePartsLib;
    flakeModules = extras;
    modules.flake = extras;
  };
  files."" = unknown;
}
