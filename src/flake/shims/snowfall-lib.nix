# snowfall-lib: machines, modules and functions from folders of fixed names.
{ lib, knownFlake, unknown, ... }:
let
  plus = (knownFlake "flake-utils-plus").lib;
  formats = [
    "amazon" "azure" "cloudstack" "do" "docker" "gce" "install-iso-hyperv" "hyperv" "install-iso" "iso" "kexec" "kexec-bundle"
    "kubevirt" "proxmox-lxc" "lxc-metadata" "lxc" "openstack" "proxmox" "qcow" "raw-efi" "raw" "sd-aarch64-installer" "sd-aarch64"
    "vagrant-virtualbox" "virtualbox" "vm-bootloader" "vm-nogui" "vmware" "vm"
  ];
  # A kind of image in the name of a platform, as in `x86_64-iso`.
  formatOf = target: lib.findFirst (format: lib.hasInfix format target) "" formats;

  entriesOf = wanted: folder:
    if builtins.pathExists folder then
      map (name: "${folder}/${name}") (lib.attrNames (lib.filterAttrs (_: kind: kind == wanted || kind == "symlink") (builtins.readDir folder)))
    else [ ];
  foldersIn = entriesOf "directory";
  filesIn = entriesOf "regular";
  filesBelow = folder: filesIn folder ++ lib.concatMap filesBelow (foldersIn folder);
  isNix = lib.hasSuffix ".nix";
  isDefault = path: baseNameOf path == "default.nix";

  mkLib = options@{ inputs, src, snowfall ? { }, ... }:
    let
      root = snowfall.root or src;
      namespace = snowfall.namespace or "internal";
      at = path: "${toString root}/${path}";

      fs = {
        get-file = path: "${toString src}/${path}";
        get-snowfall-file = at;
        internal-get-file = at;
        get-directories = foldersIn;
        get-files = filesIn;
        get-files-recursive = filesBelow;
        get-nix-files = folder: lib.filter isNix (filesIn folder);
        get-nix-files-recursive = folder: lib.filter isNix (filesBelow folder);
        get-default-nix-files = folder: lib.filter isDefault (filesIn folder);
        get-default-nix-files-recursive = folder: lib.filter isDefault (filesBelow folder);
        get-non-default-nix-files = folder: lib.filter (path: isNix path && !isDefault path) (filesIn folder);
        get-non-default-nix-files-recursive = folder: lib.filter (path: isNix path && !isDefault path) (filesBelow folder);
      };

      # Functions of the user's own, below `lib`, with `lib` itself as it becomes through them.
      own = lib.fix (own: lib.foldl' lib.recursiveUpdate { } (map (path:
        let
          value = import path;
          arguments = { inherit inputs namespace; snowfall-inputs = unknown; lib = extended own; };
        in
        if lib.isFunction value then value (if lib.functionArgs value == { } then arguments else builtins.intersectAttrs (lib.functionArgs value) arguments)
        else value
      ) (fs.get-default-nix-files-recursive (at "lib"))));

      inputLibs = lib.mapAttrs (_: input: input.lib or { }) (removeAttrs inputs [ "self" ]);
      extended = own: lib // inputLibs // { snowfall = unknown // { inherit fs; }; inherit mkFlake; ${namespace} = own; };
      systemLib = extended own // own;

      moduleArguments = { lib = systemLib; inherit inputs namespace; };

      modulesBelow = folder: given: lib.listToAttrs (map (path: {
        name = lib.removePrefix "/" (lib.removeSuffix "/default.nix" (lib.removePrefix folder path));
        value = args@{ pkgs, ... }:
          let
            module = import path;
            system = args.system or unknown;
            arguments = {
              inherit system;
              target = args.target or system;
              format = "linux";
              virtual = false;
              systems = { };
            } // args // moduleArguments;
          in
          (if lib.isFunction module then module arguments else module) // { _file = path; };
      }) (fs.get-default-nix-files-recursive folder)) // given;

      mkFlake = flake:
        let
          targets = lib.filter (folder: lib.hasInfix "linux" (baseNameOf folder) || formatOf (baseNameOf folder) != "") (foldersIn (at "systems"));
          nixosModules = modulesBelow (at "modules/nixos") (flake.modules.nixos or { });
          system = folder: path:
            let
              name = baseNameOf path;
              target = baseNameOf folder;
              format = formatOf target;
              given = flake.systems.hosts.${name} or { };
            in
            lib.optional (builtins.pathExists "${path}/default.nix") {
              inherit name;
              value = {
                system = if format == "" then target else lib.replaceStrings [ format ] [ "linux" ] target;
                output = if format == "" then "nixosConfigurations" else "${format}Configurations";
                modules = [ "${path}/default.nix" ] ++ lib.attrValues nixosModules ++ (given.modules or [ ]) ++ (flake.systems.modules.nixos or [ ]);
                specialArgs = (given.specialArgs or { }) // moduleArguments // {
                  inherit target;
                  host = name;
                  system = target;
                  systems = hosts;
                  format = if format == "" then "linux" else format;
                  virtual = format != "";
                };
              };
            };
          hosts = lib.listToAttrs (lib.concatMap (folder: lib.concatMap (system folder) (foldersIn folder)) targets);
          rest = removeAttrs flake [
            "systems" "modules" "overlays" "packages" "outputs-builder" "outputsBuilder" "packagesPrefix" "hosts" "homes"
            "channels-config" "templates" "checks" "alias" "snowfall" "src" "extra-exported-overlays" "shells"
          ];
        in
        plus.mkFlake (rest // {
          inherit inputs hosts nixosModules;
          self = inputs.self or unknown;
          lib = own;
          outputsBuilder = flake.outputs-builder or flake.outputsBuilder or (_: { });
        });
    in
    extended own // own;
in
{
  outputs = {
    inherit mkLib;
    mkFlake = options: (mkLib options).mkFlake (removeAttrs options [ "inputs" "src" ]);
    nixosModules = unknown // { user = { }; };
  };
  files."" = unknown;
}
