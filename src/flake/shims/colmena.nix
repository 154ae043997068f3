# colmena: machines of a hive, a set with `meta`, `defaults` and one module (or a list of them) for each machine.
{ lib, nixosSystem, unknown, ... }:
let
  makeHive = given:
    let
      hive = if lib.isFunction given then given { } else given;
      meta = hive.meta or hive.network or { };
      names = lib.filter (name: !(lib.elem name [ "meta" "network" "defaults" ])) (lib.attrNames hive);
      nodes = lib.genAttrs names (name: nixosSystem {
        modules = [ (hive.defaults or { }) ] ++ lib.toList hive.${name};
        specialArgs = { inherit name nodes; } // (meta.specialArgs or { }) // (meta.nodeSpecialArgs.${name} or { });
      });
    in
    if hive ? __schema then hive else { __schema = "v0.5"; inherit nodes; };
in
{
  outputs = {
    lib.makeHive = makeHive;
    nixosModules = { deploymentOptions = { }; assertionModule = { }; keyChownModule = { }; keyServiceModule = { }; };
  };
  files."" = unknown;
}
