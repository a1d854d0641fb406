# A stand-in for a package set: what this flake takes from nixpkgs, as derivations that a shell makes.
#
# They build where /bin has `sh`, `mkdir` and `chmod` in Nix's sandbox, and hold nothing but their names.
system:
let
  lib = import ./lib.nix;
  run =
    name: script: attributes:
    derivation (
      attributes
      // {
        inherit name system;
        PATH = "/bin";
        builder = "/bin/sh";
        args = [
          "-euc"
          script
        ];
      }
    )
    // {
      meta = { };
    };
  empty = name: run name "echo ${name} >$out" { };
  version = "22.1.8";
  llvmPackages = builtins.mapAttrs (_: package: package // { inherit version; }) {
    bintools = empty "bintools";
    bintools-unwrapped = empty "bintools-unwrapped";
    clang-unwrapped = empty "clang-unwrapped";
    compiler-rt = empty "compiler-rt";
    libcxx = empty "libcxx";
    libunwind = empty "libunwind";
  };
  named = builtins.listToAttrs (
    map
      (name: {
        inherit name;
        value = empty name;
      })
      [
        "bash"
        "bazel-buildtools"
        "bazel_7"
        "cargo"
        "clippy"
        "coreutils"
        "diffutils"
        "findutils"
        "gawk"
        "gnugrep"
        "gnused"
        "gnutar"
        "gzip"
        "kind"
        "kubectl"
        "nix"
        "nixfmt"
        "nixfmt-tree"
        "rustc"
        "rustfmt"
        "shellcheck"
        "skopeo"
        "unzip"
        "zip"
      ]
  );
  pkgs = named // {
    inherit lib llvmPackages;
    gcc = empty "gcc" // {
      isGNU = true;
      bintools = empty "binutils";
    };
    jdk_headless = empty "jdk" // {
      home = "${empty "jdk"}/lib/openjdk";
    };
    runtimeShell = "/bin/sh";
    stdenv.hostPlatform = { inherit system; };
    callPackage =
      function: arguments:
      let
        call = import function;
        wanted = builtins.intersectAttrs (builtins.functionArgs call) pkgs;
        make = more: call (wanted // more) // {
          override = changes: make (more // changes);
        };
      in
      make arguments;
    runCommand = run: attributes: script: pkgs.run run script attributes;
    inherit run;
    writeText = name: text: run name ''printf %s "$text" >"$out"'' { inherit text; };
    writeTextFile =
      {
        name,
        text,
        destination ? "",
        executable ? false,
      }:
      run name ''
        file=$out$destination
        if [ -n "$destination" ]; then mkdir -p "''${file%/*}"; fi
        printf %s "$text" >"$file"
        if [ -n "$executable" ]; then chmod +x "$file"; fi
      '' { inherit text destination executable; };
    closureInfo = { rootPaths }: run "closure-info" "echo closure >$out" { rootPaths = toString rootPaths; };
    mkShell =
      attributes:
      run "nix-shell" "echo shell >$out" (attributes // { packages = toString (attributes.packages or [ ]); });
    wrapCCWith = arguments: empty "clang-wrapper" // { inherit arguments; };
    rustPlatform.buildRustPackage = arguments: empty "${arguments.pname}-${arguments.version}" // { inherit arguments; };
  };
in
pkgs
