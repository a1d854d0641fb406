# clang with lld, libc++, compiler-rt and libunwind: one driver, `clang`, for C, C++ and links.
#
# nixpkgs' `clang` finds libc++ only when it is called `clang++`; Bazel calls one compiler for both languages. `clang`
# takes `-stdlib++-isystem` for C++ alone, so the flag does what others need a wrapper script for.
{
  lib,
  llvmPackages,
  wrapCCWith,
}:
let
  inherit (llvmPackages)
    bintools
    clang-unwrapped
    compiler-rt
    libcxx
    libunwind
    ;
  major = lib.versions.major clang-unwrapped.version;
in
wrapCCWith {
  cc = clang-unwrapped;
  inherit bintools libcxx;
  extraPackages = [
    compiler-rt
    libunwind
  ];
  # Headers come from clang, the runtime's libraries from compiler-rt: together they are one resource directory.
  extraBuildCommands = ''
    mkdir "$out/resource-root"
    ln -s "${lib.getLib clang-unwrapped}/lib/clang/${major}/include" "$out/resource-root/include"
    ln -s "${compiler-rt.out}/lib" "$out/resource-root/lib"
    ln -s "${compiler-rt.out}/share" "$out/resource-root/share"
    echo "-resource-dir=$out/resource-root" >>"$out/nix-support/cc-cflags"
  '';
  nixSupport = {
    cc-cflags = [
      "-stdlib=libc++"
      "-stdlib++-isystem${lib.getDev libcxx}/include/c++/v1"
      "-rtlib=compiler-rt"
      "--unwindlib=libunwind"
      "-B${compiler-rt.out}/lib"
      "-Wno-unused-command-line-argument"
    ];
    cc-ldflags = builtins.concatMap (package: [
      "-L${lib.getLib package}/lib"
      "-rpath"
      "${lib.getLib package}/lib"
    ]) [
      libcxx
      libunwind
    ];
  };
}
