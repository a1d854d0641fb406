{
  description = "The same toolchain for local and remote Bazel builds";

  # The only input: flake-parts comes from the flake that imports the module.
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  # With `{ self, nixpkgs }:` an input that is not locked would be taken from the registry, over the network.
  outputs =
    inputs:
    let
      # Builtins only: what needs no package fetches no nixpkgs.
      eachSystem =
        make:
        builtins.listToAttrs (
          map
            (system: {
              name = system;
              value = make system;
            })
            [
              "aarch64-linux"
              "x86_64-linux"
            ]
        );
      pkgsOf = system: inputs.nixpkgs.legacyPackages.${system};
      mkPackages =
        pkgs:
        import ./nix/packages.nix {
          inherit pkgs;
          flake = "path:${inputs.self}";
        };
    in
    {
      # Paths: imported twice it counts once, and errors name the file.
      flakeModule = ./nix/flake-module.nix;
      flakeModules.default = ./nix/flake-module.nix;

      lib = import ./nix/lib.nix { ownLre = system: inputs.self.packages.${system}.lre or null; };
      overlays.default = final: _: mkPackages final;

      packages = eachSystem (system: mkPackages (pkgsOf system));
      devShells = eachSystem (system: {
        default = import ./nix/dev-shell.nix {
          pkgs = pkgsOf system;
          packages = inputs.self.packages.${system};
        };
      });
      checks = eachSystem (system: {
        unit = import ./nix/tests/check.nix { inherit system; };
      });
      formatter = eachSystem (system: (pkgsOf system).nixfmt-tree);

      templates.default = {
        path = ./templates/default;
        description = "A Bazel workspace whose local and remote builds share a cache";
      };
    };
}
