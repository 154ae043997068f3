# clan-core: machines from `machines`, from folders of that name and from the inventory; services as far as the user's own modules are in them.
{ lib, nixosSystem, unknown, unrelated, ... }:
let
  inherit (lib) mkOption types;

  filesOf = folder: lib.filter builtins.pathExists
    (map (file: "${folder}/${file}") [ "configuration.nix" "hardware-configuration.nix" ]);

  foldersIn = folder:
    if builtins.pathExists folder then lib.attrNames (lib.filterAttrs (_: kind: kind == "directory") (builtins.readDir folder)) else [ ];

  machineOptions = { ... }: {
    freeformType = types.lazyAttrsOf types.anything;
    options.tags = mkOption { type = types.listOf types.str; default = [ ]; };
    options.machineClass = mkOption { type = types.str; default = "nixos"; };
  };

  roleOptions = { ... }: {
    freeformType = types.lazyAttrsOf types.anything;
    options.machines = mkOption { type = types.lazyAttrsOf types.anything; default = { }; };
    options.tags = mkOption {
      type = types.coercedTo (types.listOf types.str) (names: lib.genAttrs names (_: { })) (types.lazyAttrsOf types.raw);
      default = { };
    };
    options.extraModules = mkOption { type = types.listOf types.raw; default = [ ]; };
    options.settings = mkOption { type = types.raw; default = { }; };
  };

  clanModule = { config, ... }: {
    freeformType = types.lazyAttrsOf types.raw;
    options = {
      self = mkOption { type = types.raw; default = unknown; };
      directory = mkOption { type = types.raw; default = config.self; };
      specialArgs = mkOption { type = types.lazyAttrsOf types.raw; default = { }; };
      pkgsForSystem = mkOption { type = types.raw; default = _: null; };
      meta = mkOption { type = types.lazyAttrsOf types.anything; default = { }; };
      machines = mkOption { type = types.lazyAttrsOf types.deferredModule; default = { }; };
      modules = mkOption { type = types.lazyAttrsOf types.raw; default = { }; };
      inventory = mkOption {
        default = { };
        type = types.submodule {
          freeformType = types.lazyAttrsOf types.anything;
          options = {
            machines = mkOption { type = types.lazyAttrsOf (types.submodule machineOptions); default = { }; };
            modules = mkOption { type = types.lazyAttrsOf types.raw; default = { }; };
            tags = mkOption { type = types.lazyAttrsOf types.raw; default = { }; };
            instances = mkOption {
              default = { };
              type = types.lazyAttrsOf (types.submodule ({ name, ... }: {
                freeformType = types.lazyAttrsOf types.anything;
                options.module.name = mkOption { type = types.str; default = name; };
                options.module.input = mkOption { type = types.nullOr types.str; default = null; };
                options.roles = mkOption { type = types.lazyAttrsOf (types.submodule roleOptions); default = { }; };
              }));
            };
          };
        };
      };
      outputs.moduleForMachine = mkOption { type = types.lazyAttrsOf types.deferredModule; default = { }; };
      nixosConfigurations = mkOption { type = types.raw; default = machines config; };
      nixosModules = mkOption {
        type = types.raw;
        default = lib.mapAttrs' (name: lib.nameValuePair "clan-machine-${name}") config.outputs.moduleForMachine;
      };
      clanInternals = mkOption { type = types.raw; default = unknown; };
    };
    config.outputs.moduleForMachine = moduleForMachine config;
  };

  # What makes each machine, also for those who put it into a machine of their own: a guest, a test.
  moduleForMachine = clan:
    let
      inherit (clan) inventory;
      folder = "${toString (clan.directory.outPath or clan.directory)}/machines";
      names = lib.unique (lib.attrNames clan.machines ++ lib.attrNames inventory.machines ++ foldersIn folder);
      tagsOf = name: [ "all" ] ++ (inventory.machines.${name}.tags or [ ]);
      isIn = name: role: role.machines ? ${name} || lib.any (tag: role.tags ? ${tag}) (tagsOf name);

      # The older inventory: services with lists of machines and tags, which may bring modules.
      olderModules = name:
        let
          isListed = role: lib.elem name (role.machines or [ ]) || lib.any (tag: lib.elem tag (role.tags or [ ])) (tagsOf name);
          ofInstance = instance: lib.concatMap (role: role.extraModules or [ ]) (lib.filter isListed (lib.attrValues (instance.roles or { })));
        in
        lib.concatMap (service: lib.concatMap ofInstance (lib.attrValues service)) (lib.attrValues (inventory.services or { }));

      # A service of the user's own gives a module for each machine of a role; of clan-core's services none speaks of taps.
      serviceModules = name: instanceName: instance:
        let
          service = clan.modules.${instance.module.name} or inventory.modules.${instance.module.name} or null;
          roles = lib.filterAttrs (_: isIn name) instance.roles;
          body = lib.toFunction (if builtins.isPath service then import service else service);
          served = body (unrelated // { inherit lib; });
          ofRole = roleName: role:
            let
              settings = unknown // (lib.recursiveUpdate role.settings (role.machines.${name}.settings or { }));
              arguments = unknown // {
                inherit settings instanceName lib;
                extendSettings = _: settings;
                machine = { inherit name; roles = lib.attrNames roles; };
                roles = instance.roles;
              };
              perInstance = served.roles.${roleName}.perInstance or (_: { });
            in
            role.extraModules ++ lib.optional (service != null) ((lib.toFunction perInstance arguments).nixosModule or { });
          perMachine = lib.toFunction (served.perMachine or (_: { })) (unknown // { inherit lib; machine = { inherit name; roles = lib.attrNames roles; }; });
        in
        lib.concatLists (lib.mapAttrsToList ofRole roles)
        ++ lib.optional (service != null && roles != { }) (perMachine.nixosModule or { });
    in
    lib.genAttrs names (name: {
      imports = filesOf "${folder}/${name}"
        ++ lib.optional (clan.machines ? ${name}) clan.machines.${name}
        ++ lib.concatLists (lib.mapAttrsToList (serviceModules name) inventory.instances)
        ++ olderModules name;
      networking.hostName = lib.mkDefault name;
      clan.core.settings = { inherit (clan) directory; machine = { inherit name; }; };
    });

  machines = clan:
    let isLinux = name: (clan.inventory.machines.${name}.machineClass or "nixos") == "nixos";
    in lib.mapAttrs
      (_: module: nixosSystem {
        specialArgs = { clan-core = unrelated; self = clan.self; } // clan.specialArgs;
        modules = [ module ];
      })
      (lib.filterAttrs (name: _: isLinux name) clan.outputs.moduleForMachine);

  clan = arguments:
    let evaluated = lib.evalModules { modules = [ clanModule arguments { _module.check = false; } ]; specialArgs.self = arguments.self or unknown; };
    in evaluated;

  flakeModule = { key = "routelint:clan-core"; imports = [ flakeModuleBody ]; };
  flakeModuleBody = { config, self, ... }: {
    imports = [ (lib.mkAliasOptionModule [ "clan" ] [ "flake" "clan" ]) ];
    options.flake.clan = mkOption {
      default = { };
      type = types.submoduleWith { modules = [ clanModule { self = lib.mkDefault self; } ]; specialArgs = { inherit self; }; };
    };
    config.flake = {
      inherit (config.flake.clan) nixosConfigurations;
      clanInternals = unknown;
    };
  };
in
{
  outputs = {
    lib = unknown // {
      inherit clan;
      # The older function gives the configuration itself.
      buildClan = arguments: (clan arguments).config // clan arguments;
    };
    clanLib = unknown // { buildClan = arguments: (clan arguments).config; };
    flakeModules = unknown // { default = flakeModule; clan = flakeModule; };
    nixosModules = unrelated;
    clanModules = unrelated;
  };
  files."" = unknown;
}
