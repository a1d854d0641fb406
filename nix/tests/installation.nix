# Installation scripts for the tests that run them: { toolchain } -> { NAME = { bazelrc; installationScript; }; }.
#
# `toolchain` is a store path, as text: the rc files refer to it, and name nothing else.
{ toolchain }:
let
  make =
    settings:
    import ../mk-installation.nix (
      {
        pkgs.writeText = builtins.toFile;
        Env = [ "PATH=${builtins.storePath toolchain}/bin" ];
      }
      // settings
    );
in
builtins.mapAttrs (_: make) {
  first = { };
  second.prefix = "lre";
  copy.install = "copy";
  secondCopy = {
    install = "copy";
    prefix = "lre";
  };
  several.workspaces = [
    "one"
    "two/deep"
    "none"
  ];
}
