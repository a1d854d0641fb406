# The C++ toolchain over nixpkgs: a folder with `env.json`, and `meta.Env`.
#
# `lre-cc.override { llvmPackages = pkgs.llvmPackages_21; }` is another version, `{ compiler = pkgs.gcc; }` another
# compiler.
{
  lib,
  bash,
  callPackage,
  coreutils,
  diffutils,
  findutils,
  gawk,
  gnugrep,
  gnused,
  gnutar,
  gzip,
  llvmPackages,
  writeTextFile,
  # A package with the driver in `bin`, and the binary utilities that belong to it.
  compiler ? callPackage ./lre-clang.nix { inherit llvmPackages; },
  driver ? if compiler.isGNU or false then "gcc" else "clang",
  bintools ? if compiler.isGNU or false then compiler.bintools else llvmPackages.bintools-unwrapped,
  # Found in PATH by genrules and tests, after the tools that are always there.
  extraTools ? [ ],
  # More of Env.
  variables ? { },
}:
import ./mk-env-folder.nix {
  inherit writeTextFile;
  name = "lre-cc";
  path = map lib.getBin (
    [
      compiler
      bintools
      bash
      coreutils
      diffutils
      findutils
      gawk
      gnugrep
      gnused
      gnutar
      gzip
    ]
    ++ extraTools
  );
  cc = "${lib.getBin compiler}/bin/${driver}";
  shell = "${lib.getBin bash}/bin/bash";
  inherit variables;
}
