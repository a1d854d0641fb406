# The program `lre`.
{
  lib,
  rustPlatform,
}:
let
  root = toString ../.;
  # What Cargo reads to build `lre`. It wants a program in each member of the workspace, used or not; nothing else of
  # `xtask` may change the store path that every `lre.bazelrc` names.
  names = [
    "Cargo.lock"
    "Cargo.toml"
    "helper"
    "xtask/Cargo.toml"
    "xtask/src/main.rs"
  ];
  isNeeded =
    path:
    builtins.any (
      name: path == name || lib.hasPrefix "${name}/" path || lib.hasPrefix "${path}/" name
    ) names;
  manifest = builtins.fromTOML (builtins.readFile ../Cargo.toml);
in
rustPlatform.buildRustPackage {
  pname = "lre";
  inherit (manifest.workspace.package) version;
  src = builtins.path {
    name = "lre-source";
    path = ../.;
    filter = path: _: isNeeded (lib.removePrefix "${root}/" path);
  };
  cargoLock.lockFile = ../Cargo.lock;
  cargoBuildFlags = [
    "--package"
    "lre"
  ];
  # The tests over the binary run in the repository; these need nothing but the crate.
  cargoTestFlags = [
    "--package"
    "lre"
    "--lib"
  ];
  meta = {
    description = "Checks, generates and explains Bazel toolchains under /nix/store";
    license = lib.licenses.asl20;
    mainProgram = "lre";
  };
}
