# `lib` of the flake, for flakes without flake-parts: { ownLre } -> functions.
{
  # system -> this flake's package `lre`, or null where it is not built.
  ownLre,
}:
{
  bazelrc = import ./bazelrc.nix;
  createWorker =
    arguments:
    import ./create-worker.nix (
      { lre = ownLre arguments.pkgs.stdenv.hostPlatform.system; } // arguments
    );
  installationScript = import ./installation-script.nix;
  mkGenerateToolchains =
    arguments:
    import ./mk-generate-toolchains.nix (
      {
        inherit (arguments.pkgs) runtimeShell writeTextFile;
        lre = ownLre arguments.pkgs.stdenv.hostPlatform.system;
      }
      // removeAttrs arguments [ "pkgs" ]
    );
  # The same as the flake module, with its default of `helper`.
  mkInstallation =
    arguments:
    let
      lre = ownLre arguments.pkgs.stdenv.hostPlatform.system;
    in
    import ./mk-installation.nix (
      { helper = if lre == null then null else "${lre}/bin/lre"; } // arguments
    );
  mkToolchain = import ./mk-toolchain.nix;
}
