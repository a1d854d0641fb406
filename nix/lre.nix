# The program `lre`.
{
  lib,
  rustPlatform,
}:
let
  root = ../.;
  # What Cargo reads. `xtask` is a member of the workspace, without which the manifest is refused.
  names = [
    "Cargo.lock"
    "Cargo.toml"
    "helper"
    "xtask"
  ];
  manifest = builtins.fromTOML (builtins.readFile ../Cargo.toml);
in
rustPlatform.buildRustPackage {
  pname = "lre";
  inherit (manifest.workspace.package) version;
  src = builtins.path {
    name = "lre-source";
    path = root;
    filter = path: _: builtins.elem (builtins.head (builtins.split "/" (lib.removePrefix "${toString root}/" path))) names;
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
