# A derivation that succeeds if a fleet is sound, for the `checks` of a flake. It needs no network, no home and no Nix inside.
{
  pkgs,
  # The program.
  package,
  # The fleet: the folder of a flake, usually `self`.
  src,
  # Inputs of that flake by name (`inherit (inputs) secrets-schema;`), to be read from the store. Without it, only those of the flake's
  # inputs that routelint knows by itself are understood.
  inputs ? { },
  # Whether what cannot be understood fails too.
  strict ? false,
  # Further arguments of `routelint check`.
  arguments ? [ ],
  name ? "routelint",
}:

let
  inherit (pkgs) lib;
  given = lib.mapAttrsToList (input: source: "--input=${input}=${source}") inputs;
  options = given ++ lib.optional strict "--strict" ++ arguments;
in
pkgs.runCommand name { nativeBuildInputs = [ package ]; } ''
  cd ${src}
  routelint check ${lib.escapeShellArgs options}
  touch "$out"
''
