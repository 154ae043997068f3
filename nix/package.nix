# The program, built by nixpkgs' Rust platform. It wants Rust 1.88 or newer: NixOS 25.11.
{ lib, rustPlatform }:

let
  manifest = (lib.importTOML ../Cargo.toml).package;
in
rustPlatform.buildRustPackage {
  pname = manifest.name;
  inherit (manifest) version;

  src = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.unions [ ../Cargo.toml ../Cargo.lock ../src ../README.md ../fixtures/repaired ];
  };
  cargoLock.lockFile = ../Cargo.lock;

  # The tests read fixtures, pages and fuzzing inputs, and belong to the repository; here it is enough that the program works.
  doCheck = false;
  doInstallCheck = true;
  installCheckPhase = ''
    runHook preInstallCheck
    $out/bin/routelint check fixtures/repaired
    runHook postInstallCheck
  '';

  meta = {
    inherit (manifest) description;
    license = [ lib.licenses.mit lib.licenses.asl20 ];
    mainProgram = "routelint";
  };
}
