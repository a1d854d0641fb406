# A flake that imports the module, evaluated with the stand-ins: a definition of `local-remote-execution` -> its config.
{
  modules ? [ ../flake-module.nix ],
  inputs ? { },
}:
definition:
let
  system = "x86_64-linux";
  pkgs = import ./stub/pkgs.nix system;
  flake = import ./stub/flake-parts.nix {
    inputs = {
      nixpkgs.legacyPackages.${system} = pkgs;
      local-remote-execution = {
        outPath = toString ../..;
        packages.${system} = import ../packages.nix { inherit pkgs; flake = "path:${toString ../..}"; };
      };
    }
    // inputs;
  };
in
(flake.mkFlake {
  systems = [ system ];
  imports = modules;
  perSystem.local-remote-execution = definition;
}).config.${system}.local-remote-execution
