{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-25.11";
    microvm.url = "github:microvm-nix/microvm.nix";
    microvm.inputs.nixpkgs.follows = "nixpkgs";
    routelint.url = "git+https://example.org/routelint"; # where you keep it
    routelint.inputs.nixpkgs.follows = "nixpkgs";
  };

  outputs = { self, nixpkgs, routelint, ... }@inputs: {
    nixosConfigurations.server = nixpkgs.lib.nixosSystem {
      system = "x86_64-linux";
      specialArgs = { inherit inputs; };
      modules = [ ./host.nix ];
    };

    checks.x86_64-linux.routelint = routelint.lib.check {
      pkgs = nixpkgs.legacyPackages.x86_64-linux;
      src = self;
      inputs = { inherit routelint; };
    };
  };
}
