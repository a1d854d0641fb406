# The Java toolchain over nixpkgs: a folder with `env.json`, and `meta.Env`.
#
# `lre-java.override { jdk = pkgs.jdk17_headless; }` is another version.
{
  lib,
  bash,
  coreutils,
  findutils,
  gnugrep,
  gnused,
  gnutar,
  # nixpkgs' packages of JDKs say in `home` what JAVA_HOME is.
  jdk,
  unzip,
  writeTextFile,
  zip,
  extraTools ? [ ],
  variables ? { },
}:
import ./mk-env-folder.nix {
  inherit writeTextFile;
  name = "lre-java";
  path = map lib.getBin (
    [
      bash
      coreutils
      findutils
      gnugrep
      gnused
      gnutar
      unzip
      zip
    ]
    ++ extraTools
  );
  shell = "${lib.getBin bash}/bin/bash";
  variables = {
    JAVA_HOME = jdk.home;
  }
  // variables;
}
