# flake-utils-plus: machines from a set of hosts with common defaults.
{ lib, knownFlake, nixosSystem, packageSet, unknown, ... }:
let
  utils = (knownFlake "flake-utils").lib;

  # Sets and lists of the right side are joined to those of the left.
  mergeAny = left: right: left // lib.mapAttrs (name: value:
    if builtins.isAttrs value then (left.${name} or { }) // value
    else if builtins.isList value then (left.${name} or [ ]) ++ value
    else value
  ) right;

  mkFlake = args@{ self ? unknown, inputs, hosts ? { }, channels ? { }, hostDefaults ? { },
      supportedSystems ? utils.defaultSystems, outputsBuilder ? _: { }, ... }:
    let
      rest = removeAttrs args [
        "inputs" "hosts" "hostDefaults" "nixosProfiles" "channels" "channelsConfig" "self" "sharedOverlays"
        "supportedSystems" "outputsBuilder"
      ];

      channelsFor = system: unknown // lib.mapAttrs (name: channel:
        packageSet system // { inherit name; input = channel.input or inputs.${name} or unknown; }
      ) ({ nixpkgs = { }; } // channels);

      # Overlays may add to `lib`.
      hasOverlays = (args.sharedOverlays or [ ]) != [ ]
        || lib.any (channel: channel ? overlaysBuilder || channel ? overlays) (lib.attrValues channels);
      machineLib = if hasOverlays then unknown // lib else lib;

      defaults = { system = "x86_64-linux"; modules = [ ]; extraArgs = { }; } // hostDefaults;

      machine = fullName: given:
        let
          host = { output = "nixosConfigurations"; specialArgs = { }; builder = nixosSystem; } // mergeAny defaults given;
          labels = lib.reverseList (lib.splitString "." fullName);
          domain = lib.tail labels;
        in
        {
          ${host.output}.${fullName} = host.builder {
            inherit (host) system;
            lib = machineLib;
            specialArgs = host.specialArgs // { channel = (channelsFor host.system).${host.channelName or "nixpkgs"}; };
            modules = [
              {
                networking.hostName = lib.head labels;
                networking.domain = if domain == [ ] then lib.mkDefault null else lib.concatStringsSep "." domain;
                _module.args = { inherit inputs; } // host.extraArgs;
              }
            ] ++ host.modules;
          };
        };

      perSystem = utils.eachSystem supportedSystems (system: { pkgs = channelsFor system; } // outputsBuilder (channelsFor system));
    in
    lib.foldl' mergeAny rest ([ perSystem ] ++ lib.mapAttrsToList machine hosts);

  moduleName = path: lib.removeSuffix ".nix" (lib.last (lib.splitString "/" (lib.removeSuffix "/default.nix" (toString path))));
in
{
  outputs = {
    lib = utils // {
      inherit mkFlake mergeAny;
      exportModules = paths: lib.listToAttrs (map (path: lib.nameValuePair (moduleName path) path) paths);
      exportOverlays = _: unknown;
      exportPackages = _: _: unknown;
      genPkgOverlay = _: _: _: _: unknown;
      patchChannel = _: channel: _: channel;
    };
    nixosModules = { autoGenFromInputs = { }; saneFlakeDefaults = { }; };
  };
  files."" = unknown;
}
