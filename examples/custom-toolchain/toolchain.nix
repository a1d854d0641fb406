# A C++ toolchain, shell tools and a remote-execution worker as store paths, without nixpkgs.
#
# Debian packages are the sources, a static busybox and bash the seed. Folders and versions are found by the scripts.
{
  packages ? ./packages,
}:
let
  system = "x86_64-linux";
  folder = name: builtins.path { inherit name; path = packages + "/${name}"; };
  seed = folder "seed";

  # A builder script that sees the seed's shell and nothing else.
  build =
    name: script: attributes:
    derivation (
      attributes
      // {
        inherit name system seed;
        builder = seed + "/busybox";
        args = [ "sh" "-eu" script ];
      }
    );
  fromPackages =
    name: script:
    build "lre-${name}" script {
      inherit tools;
      unpack = ./unpack.sh;
      packages = folder name;
    };

  # Shell and shell tools: what genrules and tests find in PATH.
  tools = build "lre-tools" ./build-tools.sh { };
  compiler = fromPackages "compiler" ./build-compiler.sh;
in
{
  inherit tools;
  worker = fromPackages "worker" ./build-worker.sh;

  # The toolchain, with the environment from which `lre` derives everything else.
  lre-cc = compiler // {
    meta.Env = [
      "PATH=${compiler}/bin:${tools}/bin"
      "CC=${compiler}/bin/clang"
      "BAZEL_SH=${tools}/bin/bash"
    ];
  };
}
