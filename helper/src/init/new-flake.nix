{
  description = "A Bazel workspace whose local and remote builds share a cache";

  inputs = {
    # The project's nixpkgs is the one that NativeLink uses: the toolchain's store paths follow from it.
    nixpkgs.follows = "nativelink/nixpkgs";
    # The commit that the published toolchain in `@local-remote-execution//generated-cc` is from.
    nativelink.url = "github:TraceMachina/nativelink/64ed20a40964b8c606c7d65f76af840bcfc837fd";
    flake-parts.url = "github:hercules-ci/flake-parts";
    # Its nixpkgs stays its own: `lre` needs a newer Rust than NativeLink's nixpkgs has.
    local-remote-execution.url = "git+file:///path/to/the/checkout";
  };

  outputs =
    inputs:
    inputs.flake-parts.lib.mkFlake { inherit inputs; } {
      systems = [ "x86_64-linux" ];
      imports = [ inputs.local-remote-execution.flakeModule ];
      perSystem =
        {
          config,
          inputs',
          pkgs,
          ...
        }:
        let
          inherit (inputs'.nativelink.packages) lre-cc;
        in
        {
          local-remote-execution.settings = {
            inherit (lre-cc.meta) Env;
            # `bazel build --config=lre` uses the toolchain, `bazel build` does not.
            prefix = "lre";
          };

          devShells.default = pkgs.mkShell {
            packages = [ pkgs.bazel_7 ];
            shellHook = ''
              # Generate lre.bazelrc which configures LRE toolchains when running
              # in the nix environment.
              ${config.local-remote-execution.installationScript}
            '';
          };
        };
    };
}
