# A toolchain: a derivation whose `meta.Env` says everything that `lre` and Bazel have to know of it.
#
# { derivation, path, cc, … } -> the derivation, with `meta.Env`. It may be any derivation: nothing here needs nixpkgs.
# What Env names must be in its closure, for that is what a worker's image and a root of garbage collection hold.
{
  derivation,
  # Packages whose `bin` folders are PATH, in this order.
  path ? [ derivation ],
  # Absolute path of the compiler driver, for a C and C++ toolchain.
  cc ? null,
  # Absolute path of bash, for genrules and tests.
  shell ? null,
  # More variables, such as JAVA_HOME or BAZEL_LINKOPTS.
  variables ? { },
}:
let
  entry = name: value: if value == null then [ ] else [ "${name}=${value}" ];
  Env =
    entry "PATH" (if path == [ ] then null else builtins.concatStringsSep ":" (map (package: "${package}/bin") path))
    ++ entry "CC" cc
    ++ entry "BAZEL_SH" shell
    ++ builtins.concatMap (name: entry name variables.${name}) (builtins.attrNames variables);
  result = import ./render-bazelrc.nix {
    inherit Env;
    # A compiler may well have a JDK beside it.
    kind = if cc == null then null else "cc";
  };
  # Without `cc`, `CC` may still be among `variables`: beside a JDK it does not tell which of them is meant.
  isAmbiguous = cc == null && variables ? CC && variables ? JAVA_HOME;
  ccProblem = if cc == null then null else (import ./store-path.nix cc).problem;
in
if isAmbiguous then
  throw "local-remote-execution: `variables` has both `CC` and `JAVA_HOME`\n\nhint: name the compiler with `cc`, or leave one of them out"
else if result ? problem then
  throw "local-remote-execution: ${result.problem}\n\nhint: ${result.hint}"
else if ccProblem != null then
  throw "local-remote-execution: `cc`: ${ccProblem}\n\nhint: name a package's driver: `\${compiler}/bin/clang`"
else
  derivation
  // {
    meta = derivation.meta or { } // {
      inherit Env;
    };
  }
