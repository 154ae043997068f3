# Whether flake.nix, default.nix and the files that they give out evaluate, with stand-ins for nixpkgs and flake-parts: `true`, or an error that says what is not so.
{ lib }:

let
  platform = {
    buildRustPackage = arguments: {
      type = "derivation";
      outPath = "/package";
      inherit arguments;
    };
  };
  pkgs = {
    inherit lib;
    rustPlatform = platform;
    callPackage = file: given: import file ({ inherit lib; rustPlatform = platform; } // given);
    # What runs and how: tests/nix-modules/check.sh runs it.
    runCommand = name: attributes: script: { inherit name attributes script; };
  };
  nixpkgs = {
    inherit lib;
    legacyPackages = lib.genAttrs [ "x86_64-linux" "aarch64-linux" "x86_64-darwin" "aarch64-darwin" ] (_: pkgs);
  };

  self = (import ../../flake.nix).outputs { inherit nixpkgs; inherit self; } // { outPath = "/self"; };
  plain = import ../../default.nix { inherit pkgs; };
  manifest = lib.importTOML ../../Cargo.toml;

  package = self.packages.x86_64-linux.default.arguments;
  check = self.lib.check { inherit pkgs; src = "/fleet"; inputs.secrets = "/secrets"; strict = true; arguments = [ "--skip=a b" ]; };

  # flake-parts, as far as the module asks it.
  parts = lib.evalModules {
    modules = [
      self.flakeModules.default
      { options.perSystem = lib.mkOption { type = lib.types.deferredModule; }; config.perSystem.routelint.strict = true; }
    ];
    specialArgs = { self = "/fleet"; flake-parts-lib.mkPerSystemOption = module: lib.mkOption { type = lib.types.deferredModuleWith { staticModules = [ module ]; }; }; };
  };
  partsSystem = lib.evalModules {
    modules = [ parts.config.perSystem { options.checks = lib.mkOption { type = lib.types.lazyAttrsOf lib.types.raw; }; } ];
    specialArgs = { inherit pkgs; };
  };

  script = folder: arguments: "cd ${folder}\nroutelint check ${lib.escapeShellArgs arguments}\ntouch \"$out\"\n";
  is = what: expected: found: lib.assertMsg (expected == found) "${what}: ${builtins.toJSON found}, not ${builtins.toJSON expected}";
in
assert is "systems" [ "aarch64-darwin" "aarch64-linux" "x86_64-darwin" "x86_64-linux" ] (lib.attrNames self.packages);
assert is "name of the package" manifest.package.name package.pname;
assert is "version of the package" manifest.package.version package.version;
assert is "lock file" true (lib.pathExists package.cargoLock.lockFile);
assert is "app" "/package/bin/routelint" self.apps.x86_64-linux.default.program;
assert is "overlay" "/package" (self.overlays.default pkgs { }).routelint.outPath;
assert is "modules" [ "default" "guest" "host" ] (lib.attrNames self.nixosModules);
assert is "modules exist" true (lib.all (module: lib.all lib.pathExists module.imports) (lib.attrValues self.nixosModules));
assert is "modules twice" [ ] (lib.attrNames (lib.evalModules {
  modules = [ ./options.nix self.nixosModules.host self.nixosModules.default ../../nix/host.nix ];
}).config.routedGuests.guests);
assert is "addressing" "fd00:1:2::1a" (self.lib.addressing.ipv6.nth "fd00:1:2::/64" 26);
assert is "check" (script "/fleet" [ "--input=secrets=/secrets" "--strict" "--skip=a b" ]) check.script;
assert is "check of the template" (script "${../../templates/fleet}" [ "--input=routelint=/self" ]) self.checks.x86_64-linux.template.script;
assert is "hook" { entry = "/p/bin/routelint check --strict"; pass_filenames = false; require_serial = true; }
  { inherit (self.lib.gitHook { package = "/p"; strict = true; }) entry pass_filenames require_serial; };
assert is "template" true (lib.pathExists (self.templates.default.path + "/flake.nix"));
assert is "flake-parts" (script "/fleet" [ "--strict" ]) partsSystem.config.checks.routelint.script;
assert is "plain package" "/package" plain.routelint.outPath;
assert is "plain check" (script "/fleet" [ ]) (plain.lib.check { src = "/fleet"; }).script;
assert is "plain modules" (lib.mapAttrs (_: module: lib.head module.imports) self.nixosModules) plain.nixosModules;
true
