# The rc file of a toolchain and the script that installs it: { pkgs, Env, … } -> { bazelrc; installationScript; }.
{
  # Only `writeText` is used.
  pkgs,
  # [ "KEY=VALUE" ], such as `lre-cc.meta.Env`; an empty list is a warning in the file.
  Env ? [ ],
  # "cc" or "java"; by default Env tells.
  kind ? null,
  prefix ? null,
  # Absolute path of `lre`.
  helper ? null,
  # Cache and executor, see `remote.nix`.
  remote ? { },
  install ? "link",
  workspaces ? [ ],
}:
let
  bazelrc = pkgs.writeText "lre.bazelrc" (
    import ./bazelrc.nix {
      Env = if Env == [ ] then null else Env;
      inherit
        kind
        prefix
        helper
        remote
        ;
    }
  );
in
{
  inherit bazelrc;
  installationScript = import ./installation-script.nix { inherit bazelrc install workspaces; };
}
