# What the host module of microvm.nix adds.
{ routelint.isHost = true; }
