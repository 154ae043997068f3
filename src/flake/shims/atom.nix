# Atoms: what is bound around each file in a folder, as far as it follows from the files. Names with a capital letter are public, and are asked for without it.
{ lib, unknown }:
let
  small = name: lib.toLower (lib.substring 0 1 name) + lib.substring 1 (-1) name;
  spelled = lib.mapAttrs' (name: lib.nameValuePair (small name));

  heart = folder: folder + "/mod.nix";
  own = folder: lib.optionalAttrs (builtins.pathExists (heart folder)) (import (heart folder));
  public = folder: spelled (lib.filterAttrs (name: _: small name != name) (own folder));

  member = folder: name: kind:
    if kind == "regular" && lib.hasSuffix ".nix" name && name != "mod.nix" then
      { ${lib.removeSuffix ".nix" name} = import (folder + "/${name}"); }
    else
      lib.optionalAttrs (kind == "directory" && builtins.pathExists (heart (folder + "/${name}"))) {
        ${name} = public (folder + "/${name}");
      };

  # A file is meant before what is public under its name, which is mostly that file.
  module = folder:
    unknown // spelled (own folder) // lib.concatMapAttrs (member folder) (builtins.readDir folder);
in
folder: {
  mod = module folder;
  pre = module (dirOf folder);
  atom = unknown;
  cfg = unknown;
  deps = unknown;
  get = unknown;
  std = unknown;
}
