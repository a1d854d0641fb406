{
  description = "A stand-in for NativeLink's flake: the toolchain that it publishes, by name";
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
  outputs = _: {
    packages.x86_64-linux.lre-cc = {
      type = "derivation";
      name = "lre-cc";
      meta.Env = (builtins.fromJSON (builtins.readFile ../../../../generated-cc/lre.json)).env;
    };
  };
}
