{
  description = "Checks the network of NixOS MicroVM fleets from the Nix source alone; modules for routed guests";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs = { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      forSystems = lib.genAttrs [ "x86_64-linux" "aarch64-linux" "x86_64-darwin" "aarch64-darwin" ];
      packageFor = pkgs: pkgs.callPackage ./nix/package.nix { };
      # A set, as Nix wants it, around the file, by which NixOS knows a module that is imported twice.
      module = file: { _file = toString file; imports = [ file ]; };
    in
    {
      nixosModules = {
        host = module ./nix/host.nix;
        guest = module ./nix/guest.nix;
        default = module ./nix/host.nix;
      };

      packages = forSystems (system: rec {
        routelint = packageFor nixpkgs.legacyPackages.${system};
        default = routelint;
      });

      apps = forSystems (system: rec {
        routelint = {
          type = "app";
          program = "${self.packages.${system}.routelint}/bin/routelint";
          meta.description = "Check the network of a NixOS MicroVM fleet";
        };
        default = routelint;
      });

      overlays.default = final: _: { routelint = packageFor final; };

      lib = {
        # The addressing as plain functions: nix/lib.nix.
        addressing = import ./nix/lib.nix { inherit lib; };
        # A derivation for `checks`: nix/check.nix.
        check = { pkgs, package ? packageFor pkgs, ... }@arguments: import ./nix/check.nix (arguments // { inherit package; });
        # An entry for git-hooks.nix: nix/git-hook.nix.
        gitHook = import ./nix/git-hook.nix;
      };

      flakeModules.default = import ./nix/flake-module.nix self;

      templates = rec {
        fleet = {
          path = ./templates/fleet;
          description = "A host with two routed guests, their registry, and a check";
        };
        default = fleet;
      };

      checks = forSystems (system: {
        package = self.packages.${system}.routelint;
        template = self.lib.check {
          pkgs = nixpkgs.legacyPackages.${system};
          src = ./templates/fleet;
          inputs.routelint = self;
        };
      });
    };
}
