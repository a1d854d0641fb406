# A toolchain of packages: a folder with `env.json` whose closure is all of them, so that building it realises them.
{
  name,
  writeTextFile,
  ...
}@arguments:
let
  mkToolchain = import ./mk-toolchain.nix;
  parts = removeAttrs arguments [
    "name"
    "writeTextFile"
  ];
  withEnv = derivation: mkToolchain (parts // { inherit derivation; });
in
withEnv (writeTextFile {
  inherit name;
  destination = "/env.json";
  text = builtins.toJSON (withEnv { }).meta.Env + "\n";
})
