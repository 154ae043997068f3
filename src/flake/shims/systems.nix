# nix-systems: a list of platforms.
{ ... }:
let systems = [ "aarch64-darwin" "aarch64-linux" "x86_64-darwin" "x86_64-linux" ];
in
{
  outputs = { };
  files."" = systems;
}
