# An entry for git-hooks.nix: `hooks.routelint = routelint.lib.gitHook { package = …; };`.
{
  package,
  strict ? false,
}:

{
  enable = true;
  name = "routelint";
  description = "Check the network of a NixOS MicroVM fleet";
  entry = "${package}/bin/routelint check${if strict then " --strict" else ""}";
  files = "(\\.nix|^flake\\.lock|^routelint\\.toml)$";
  # A duplicate shows only when all guests are looked at.
  pass_filenames = false;
  require_serial = true;
}
