# flake-utils: outputs per platform turned inside out.
{ lib, unknown, ... }:
let
  defaultSystems = [ "aarch64-darwin" "aarch64-linux" "x86_64-darwin" "x86_64-linux" ];
  system = lib.genAttrs (defaultSystems ++ [ "i686-linux" "riscv64-linux" "armv7l-linux" "armv6l-linux" "powerpc64le-linux" ])
    (name: name);

  # Each attribute that `f` gives for a platform moves below the platform's name.
  eachSystem = systems: f:
    lib.foldl' (all: name:
      let one = f name; in
      all // lib.mapAttrs (output: value: (all.${output} or { }) // { ${name} = value; }) one
    ) { } systems;

  # As above, but what `f` gives stays as it is.
  eachSystemPassThrough = systems: f: lib.foldl' (all: name: all // f name) { } systems;

  outputs = {
    inherit defaultSystems system eachSystem eachSystemPassThrough;
    allSystems = lib.attrValues system;
    eachDefaultSystem = eachSystem defaultSystems;
    eachDefaultSystemPassThrough = eachSystemPassThrough defaultSystems;
    eachSystemMap = systems: f: lib.genAttrs systems f;
    eachDefaultSystemMap = f: lib.genAttrs defaultSystems f;
    mkApp = _: { type = "app"; program = unknown; };
    flattenTree = tree: tree;
    filterPackages = _: packages: packages;
    check-utils = unknown;
    meld = inputs: lib.foldl' (all: file: lib.recursiveUpdate all (import file inputs)) { };
    simpleFlake = _: unknown;
  };
in
{
  outputs.lib = outputs;
  files."" = outputs;
}
