# The text of `lre.bazelrc`: { Env, kind, prefix, helper, remote } -> string. What it cannot carry is an error that says what to do.
arguments:
let
  result = import ./render-bazelrc.nix arguments;
in
result.text or (throw "local-remote-execution: ${result.problem}\n\nhint: ${result.hint}")
