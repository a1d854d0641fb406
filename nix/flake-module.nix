# The flake-parts module: `local-remote-execution.settings`, and the script that they make.
#
# It takes `lib` and flake-parts' own functions from the flake that imports it, so this flake needs neither.
{
  lib,
  flake-parts-lib,
  inputs,
  ...
}:
let
  inherit (lib) mkOption types;
in
{
  options.perSystem = flake-parts-lib.mkPerSystemOption (
    {
      config,
      pkgs,
      system,
      ...
    }:
    let
      cfg = config.local-remote-execution;
      installation = import ./mk-installation.nix ({ inherit pkgs; } // cfg.settings);
      own = import ./own-flake.nix { inherit inputs; };
      ownHelper =
        if own != null then
          # A system that `lre` is not built for, such as that of a client that builds remotely only, has none.
          (if own.packages ? ${system} then "${own.packages.${system}.lre}/bin/lre" else null)
        else
          throw ''
            local-remote-execution: the flake that this module is from is no input of this flake: its `lre` is not known

            hint: set `local-remote-execution.settings.helper` to the path of an `lre`, or to `null`'';
    in
    {
      _file = ./flake-module.nix;

      options.local-remote-execution = {
        enable = mkOption {
          type = types.bool;
          default = true;
          description = ''
            Whether there is an installation script. By default there is. Without it, `installationScript` is empty and
            nothing is realised.
          '';
        };
        settings = mkOption {
          type = types.submodule (import ./settings.nix { inherit lib ownHelper; });
          default = { };
          description = "What `lre.bazelrc` says, and where it goes.";
        };
        bazelrc = mkOption {
          type = types.package;
          readOnly = true;
          description = "The file `lre.bazelrc`, a store path. Computed from `settings`.";
        };
        installationScript = mkOption {
          type = types.str;
          readOnly = true;
          description = "The shell snippet for a `shellHook` that installs `lre.bazelrc`. Computed from `settings`.";
        };
      };

      imports = [
        {
          # An error about a second definition shows this place, and so where to say it instead.
          _file = "${toString ./flake-module.nix}, which computes it from `local-remote-execution.settings` alone";
          config.local-remote-execution = {
            inherit (installation) bazelrc;
            installationScript = if cfg.enable then installation.installationScript else "";
          };
        }
      ];
    }
  );
}
