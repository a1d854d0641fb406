# The shell for work on this repository: { pkgs, packages } -> derivation.
#
# It installs no `lre.bazelrc`: the published `generated-cc` is another toolchain than this flake's `lre-cc`.
{
  pkgs,
  # This flake's own.
  packages,
}:
pkgs.mkShell {
  packages = [
    pkgs.bazel-buildtools
    pkgs.bazel_7
    pkgs.cargo
    pkgs.clippy
    pkgs.nixfmt
    pkgs.rustc
    pkgs.rustfmt
    pkgs.shellcheck
    packages.generate-toolchains
  ];
}
