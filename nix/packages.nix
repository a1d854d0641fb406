# This flake's packages: { pkgs, flake } -> { cluster; lre; lre-cc; lre-java; generate-toolchains; }.
{
  pkgs,
  # This flake, as a reference.
  flake,
}:
{
  cluster = pkgs.callPackage ./cluster.nix { };
  lre = pkgs.callPackage ./lre.nix { };
  lre-cc = pkgs.callPackage ./lre-cc.nix { };
  lre-java = pkgs.callPackage ./lre-java.nix { jdk = pkgs.jdk_headless; };
  generate-toolchains = pkgs.callPackage ./mk-generate-toolchains.nix {
    inherit flake;
    lre = pkgs.callPackage ./lre.nix { };
    toolchains = {
      generated-cc = {
        kind = "cc";
        attribute = "lre-cc";
      };
      generated-java = {
        kind = "java";
        attribute = "lre-java";
      };
    };
  };
}
