# digga: hosts, profiles and suites from folders, on top of flake-utils-plus.
{ lib, knownFlake, unknown, unrelated, ... }:
let
  inherit (lib) mkOption types;
  plus = (knownFlake "flake-utils-plus").lib;

  # Nix files and folders with a `default.nix` as paths, other folders as sets.
  rakeLeaves = folder:
    let
      entries = lib.filterAttrs (name: kind: kind == "directory" || kind == "regular" && lib.hasSuffix ".nix" name)
        (builtins.readDir folder);
      leaf = name: kind: lib.nameValuePair (lib.removeSuffix ".nix" name) (
        let path = folder + "/${name}"; in
        if kind == "regular" || builtins.pathExists (path + "/default.nix") then path else rakeLeaves path
      );
    in
    lib.filterAttrs (_: value: value != { }) (lib.mapAttrs' leaf entries);

  flattenTree = tree:
    let
      walk = place: value:
        if builtins.isPath value then [ (lib.nameValuePair (lib.concatStringsSep "." place) value) ]
        else if builtins.isAttrs value then lib.concatLists (lib.mapAttrsToList (name: walk (place ++ [ name ])) value)
        else [ ];
    in
    lib.listToAttrs (walk [ ] tree);

  leaves = folder: lib.attrValues (flattenTree (rakeLeaves folder));

  moduleList = types.coercedTo types.raw (value: lib.flatten [ value ]) (types.listOf types.raw);
  defaultsOptions = {
    system = mkOption { type = types.nullOr types.str; default = null; };
    channelName = mkOption { type = types.nullOr types.str; default = null; };
    modules = mkOption { type = moduleList; default = [ ]; };
    exportedModules = mkOption { type = moduleList; default = [ ]; };
    tests = mkOption { type = types.raw; default = [ ]; };
  };
  imported = type: types.coercedTo types.path import type;

  nixosModule = {
    options = {
      hostDefaults = mkOption { type = types.submoduleWith { modules = [ { options = defaultsOptions; } ]; }; default = { }; };
      hosts = mkOption {
        type = types.lazyAttrsOf (imported (types.submoduleWith { modules = [ { options = defaultsOptions; } ]; }));
        default = { };
      };
      importables = mkOption {
        type = types.lazyAttrsOf types.raw;
        default = { };
        # Suites are sets of lists, however nested they were written.
        apply = given: given // lib.optionalAttrs (given ? suites) {
          suites = lib.mapAttrs (_: suite: lib.flatten [ suite ]) (if builtins.isPath given.suites then import given.suites else given.suites);
        };
      };
    };
  };

  mkFlake = args@{ self, inputs, ... }:
    let
      configuration = (lib.evalModules {
        modules = [
          { options.nixos = mkOption { type = imported (types.submoduleWith { modules = [ nixosModule ]; specialArgs = { inherit self inputs; }; }); default = { }; }; }
          { config = { _module.check = false; nixos = args.nixos or { }; }; }
        ];
      }).config.nixos;
      known = set: lib.filterAttrs (_: value: value != null) (removeAttrs set [ "exportedModules" "tests" ]);
      defaults = configuration.hostDefaults;
    in
    plus.mkFlake ({
      inherit self inputs;
      channels = args.channels or { };
      sharedOverlays = lib.toList (args.sharedOverlays or [ ]);
      hosts = lib.mapAttrs (_: known) configuration.hosts;
      hostDefaults = known defaults // {
        modules = defaults.exportedModules ++ defaults.modules;
        specialArgs = configuration.importables // { inherit self inputs; };
      };
      nixosModules = plus.exportModules (lib.filter builtins.isPath defaults.exportedModules);
    } // removeAttrs args [
      "self" "inputs" "nixos" "darwin" "home" "devshell" "channels" "channelsConfig" "sharedOverlays" "supportedSystems"
      "outputsBuilder"
    ]);
in
{
  outputs.nixosModules = unrelated;
  outputs.lib = {
    inherit mkFlake rakeLeaves flattenTree;
    inherit (plus) defaultSystems eachSystem eachDefaultSystem filterPackages exportModules mergeAny;
    importHosts = folder: { hosts = lib.mapAttrs (_: path: { modules = [ path ]; }) (flattenTree (rakeLeaves folder)); };
    importExportableModules = folder: { exportedModules = leaves folder; };
    importOverlays = _: { };
    mkDeployNodes = _: _: unknown;
    mkHomeConfigurations = _: unknown;
    allProfilesTest = unknown;
    mkTest = unknown;
  };
  files."" = unknown;
}
