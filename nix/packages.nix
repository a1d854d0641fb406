# This flake's packages: a package set -> { lre; lre-cc; lre-java; generate-toolchains; }.
pkgs:
let
  lre = pkgs.callPackage ./lre.nix { };
  lre-cc = pkgs.callPackage ./lre-cc.nix { };
  lre-java = pkgs.callPackage ./lre-java.nix { jdk = pkgs.jdk_headless; };
in
{
  inherit lre lre-cc lre-java;
  generate-toolchains = pkgs.callPackage ./mk-generate-toolchains.nix {
    inherit lre;
    toolchains = {
      generated-cc = {
        kind = "cc";
        toolchain = lre-cc;
      };
      generated-java = {
        kind = "java";
        toolchain = lre-java;
      };
    };
  };
}
