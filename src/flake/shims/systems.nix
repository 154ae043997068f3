# nix-systems: a list of platforms.
{ unknown, ... }: { outPath = unknown; }
