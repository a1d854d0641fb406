# A C++ and a Java toolchain, shell tools and a remote-execution worker as store paths, without nixpkgs.
#
# Debian packages are the sources, a static busybox and bash the seed. Folders and versions are found by the scripts.
{
  packages ? ./packages,
}:
let
  mkToolchain = import ../../nix/mk-toolchain.nix;
  system = "x86_64-linux";
  folder =
    name:
    if builtins.pathExists (packages + "/${name}") then
      builtins.path { inherit name; path = packages + "/${name}"; }
    else
      throw "there is no folder `${toString packages}/${name}`: `./fetch.sh packages` makes it";
  seed = folder "seed";

  # A builder script that sees the seed's shell and nothing else.
  build =
    name: script: attributes:
    derivation (
      attributes
      // {
        inherit name system seed;
        builder = seed + "/busybox";
        args = [ "sh" "-euo" "pipefail" script ];
      }
    );

  # A builder script that takes one folder of packages apart.
  fromPackages =
    name: script: packages:
    build name script {
      inherit packages tools;
      unpack = ./unpack.sh;
    };

  # Shell and shell tools: what genrules and tests find in PATH.
  tools = build "lre-tools" ./build-tools.sh { };
  compiler = fromPackages "lre-cc" ./build-compiler.sh (folder "compiler");
  gcc = fromPackages "lre-gcc" ./build-gcc.sh (folder "gcc");
  cross = build "lre-cross" ./build-cross.sh {
    packages = folder "cross";
    unpack = ./unpack.sh;
    inherit compiler tools;
  };
  jdk = fromPackages "lre-java" ./build-jdk.sh (folder "jdk");
  java-tools = fromPackages "lre-java-tools" ./build-java-tools.sh (folder "java-tools");
in
{
  inherit tools java-tools;
  worker = fromPackages "lre-worker" ./build-worker.sh (folder "worker");

  # The toolchain, with the environment from which `lre` derives everything else.
  lre-cc = mkToolchain {
    derivation = compiler;
    path = [
      compiler
      tools
    ];
    cc = "${compiler}/bin/clang";
    shell = "${tools}/bin/bash";
  };

  # The same with GCC, libstdc++ and GNU's linkers.
  lre-gcc = mkToolchain {
    derivation = gcc;
    path = [
      gcc
      tools
    ];
    cc = "${gcc}/bin/gcc";
    shell = "${tools}/bin/bash";
  };

  # A cross compiler: it runs on this system, and what it makes runs on another one.
  lre-cross = mkToolchain {
    derivation = cross;
    path = [
      cross
      compiler
      tools
    ];
    cc = "${cross}/bin/clang";
    shell = "${tools}/bin/bash";
  };

  # Bazel's own Java tools are no part of a JDK: rules_java downloads them unless Env names them.
  lre-java = mkToolchain {
    derivation = jdk;
    path = [
      "${jdk}/lib/openjdk"
      tools
    ];
    shell = "${tools}/bin/bash";
    variables = {
      BAZEL_JAVA_TOOLS = "${java-tools}";
      JAVA_HOME = "${jdk}/lib/openjdk";
    };
  };
}
