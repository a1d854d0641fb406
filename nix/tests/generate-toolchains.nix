# The text of a `generate-toolchains` for tests that run it: { lre, flake } -> string.
#
# `lre` is a folder with `bin/lre`, and the flake has two toolchains, `lre-cc` and `lre-java`;
# the first is written a second time under a name of its own.
{ lre, flake }:
(import ../mk-generate-toolchains.nix {
  inherit (import ./stub/pkgs.nix "x86_64-linux") runtimeShell writeTextFile;
  inherit lre flake;
  toolchains = {
    generated-cc = {
      kind = "cc";
      attribute = "lre-cc";
    };
    generated-named = {
      kind = "cc";
      attribute = "lre-cc";
      name = "named";
    };
    generated-java = {
      kind = "java";
      attribute = "lre-java";
    };
  };
}).text
