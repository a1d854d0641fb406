# The unit tests as a check of the flake: { system } -> derivation. A failure is an evaluation error with the values.
#
# No package is needed, so it builds where nixpkgs cannot be fetched; /bin/sh is in Nix's sandbox by default.
{ system }:
let
  result = import ./run.nix;
in
if result.failed != [ ] then
  throw "unit tests failed: ${builtins.toJSON result.failed}"
else
  derivation {
    name = "lre-unit";
    inherit system;
    builder = "/bin/sh";
    args = [
      "-c"
      "echo ${toString result.passed} passed >$out"
    ];
  }
